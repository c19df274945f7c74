"""Prints the CloudEvents of a topic as lines of JSON: their attributes, the trace that they are part of, and how many bytes
their data has.

python read_events.py BROKERS TOPIC GROUP
"""

import json
import sys

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from confluent_kafka import Consumer

import records

brokers, topic, group = sys.argv[1:]
consumer = Consumer({
    "bootstrap.servers": brokers,
    "group.id": group,
    "auto.offset.reset": "earliest",
    # Without it a consumer sees what was rolled back.
    "isolation.level": "read_committed",
})
consumer.subscribe([topic])
for message in records.follow(consumer):
    headers = dict(message.headers() or [])
    event = from_binary(KafkaMessage(headers, message.key(), message.value()), JSONFormat())
    shown = {name: str(value) for name, value in event.get_attributes().items()}
    shown["traceparent"] = headers.get("traceparent", b"").decode()
    shown["bytes"] = len(message.value())
    print(json.dumps(shown, ensure_ascii=False), flush=True)
