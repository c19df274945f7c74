"""Writes one deal, as a CRM would.

python produce.py BROKERS TOPIC SCHEMA.avsc SCHEMA_ID DEAL PAYEE AMOUNT CLOSED_ON
"""

import datetime
import decimal
import sys

from confluent_kafka import Producer

import records

brokers, topic, schema_file, schema_id, deal, payee, amount, closed_on = sys.argv[1:]
record = {
    "deal_id": deal,
    "revision": 1,
    "status": "CLOSED",
    "change": "CORRECTION",
    "closed_on": datetime.date.fromisoformat(closed_on),
    "currency": "USD",
    "kind": "NEW",
    "lines": [{
        "line_id": "1",
        "product": "analytics",
        "amount": decimal.Decimal(amount),
        "quantity": decimal.Decimal(1),
    }],
    "splits": [{"payee_id": payee, "role": "AE", "counts": "REVENUE", "share": decimal.Decimal(1)}],
    "occurred_at": datetime.datetime.now(datetime.timezone.utc),
}
failures = []
producer = Producer({
    "bootstrap.servers": brokers,
    "enable.idempotence": True,
    # librdkafka's default partitioner is another one than Java's; accrue rejects what lies in another partition.
    "partitioner": "murmur2_random",
})
value = records.encode(record, records.schema_of(schema_file), int(schema_id))
producer.produce(topic, key=deal, value=value, on_delivery=lambda error, _: error and failures.append(error))
if producer.flush(30) or failures:
    sys.exit(f"the deal was not written: {failures or 'no answer within 30 s'}")
