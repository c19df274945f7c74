"""Writes one line of pay that a person adds, as an HR system would. The same id with the same content counts once.

python adjust.py BROKERS TOPIC SCHEMA.avsc SCHEMA_ID ADJUSTMENT PAYEE PERIOD EARNING_CODE AMOUNT REASON
"""

import datetime
import decimal
import sys

from confluent_kafka import Producer

import records

brokers, topic, schema_file, schema_id, adjustment, payee, period, earning_code, amount, reason = sys.argv[1:]
record = {
    "adjustment_id": adjustment,
    "payee_id": payee,
    "target": "PAY",
    "earning_code": earning_code,
    "calendar": "fiscal",
    "effective_period": period,
    "amount": decimal.Decimal(amount),
    "author": "hr-system",
    "reason": reason,
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
producer.produce(topic, key=payee, value=value, on_delivery=lambda error, _: error and failures.append(error))
if producer.flush(30) or failures:
    sys.exit(f"the adjustment was not written: {failures or 'no answer within 30 s'}")
