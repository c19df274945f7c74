"""Prints the CloudEvents of a topic as lines of JSON: their attributes, the trace that they are part of, and how many bytes
their data has.

python read_events.py BROKERS TOPIC GROUP
"""

import json
import sys

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

import consuming

brokers, topic, group = sys.argv[1:]
for message in consuming.committed(brokers, topic, group):
    headers = dict(message.headers() or [])
    event = from_binary(KafkaMessage(headers, message.key(), message.value()), JSONFormat())
    shown = {name: str(value) for name, value in event.get_attributes().items()}
    shown["traceparent"] = headers.get("traceparent", b"").decode()
    shown["bytes"] = len(message.value())
    print(json.dumps(shown, ensure_ascii=False), flush=True)
