"""Prints the committed records of a topic as lines of JSON, from the first one on.

python read.py BROKERS TOPIC GROUP SCHEMA.avsc SCHEMA_ID
"""

import sys

from confluent_kafka import Consumer

import records

brokers, topic, group, schema_file, schema_id = sys.argv[1:]
schema = records.schema_of(schema_file)
consumer = Consumer({
    "bootstrap.servers": brokers,
    "group.id": group,
    "auto.offset.reset": "earliest",
    # Without it a consumer sees what was rolled back.
    "isolation.level": "read_committed",
})
consumer.subscribe([topic])
for message in records.follow(consumer):
    print(records.line(records.decode(message.value(), schema, int(schema_id))), flush=True)
