"""Writes one deal as a CloudEvent: its attributes are headers, its data is the line of JSON that `accrue ingest` takes.

python produce_event.py BROKERS TOPIC SOURCE DEAL PAYEE AMOUNT CLOSED_ON TRACEPARENT
"""

import datetime
import sys

from cloudevents.core.bindings.kafka import to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Producer

brokers, topic, source, deal, payee, amount, closed_on, traceparent = sys.argv[1:]
attributes = {
    "specversion": "1.0",
    "id": f"{deal}/1",
    "source": source,
    "type": "deal.closed",
    "subject": deal,
    "time": datetime.datetime.now(datetime.timezone.utc),
    "datacontenttype": "application/json",
}
data = {
    "deal_id": deal,
    "revision": 1,
    "closed_on": closed_on,
    "currency": "USD",
    "kind": "NEW",
    "lines": [{"line_id": "1", "product": "analytics", "amount": amount, "quantity": "1"}],
    "splits": [{"payee_id": payee, "role": "AE", "counts": "REVENUE", "share": "1"}],
    "occurred_at": datetime.datetime.now(datetime.timezone.utc).isoformat(),
}
message = to_binary(CloudEvent(attributes, data), JSONFormat(), lambda event: event.get_subject())
failures = []
producer = Producer({
    "bootstrap.servers": brokers,
    "enable.idempotence": True,
    # librdkafka's default partitioner is another one than Java's; accrue rejects what lies in another partition.
    "partitioner": "murmur2_random",
})
# Where OpenTelemetry instruments the producer, it writes this header.
headers = [*message.headers.items(), ("traceparent", traceparent.encode())]
producer.produce(
    topic, key=message.key, value=message.value, headers=headers, on_delivery=lambda error, _: error and failures.append(error)
)
if producer.flush(30) or failures:
    sys.exit(f"the deal was not written: {failures or 'no answer within 30 s'}")
