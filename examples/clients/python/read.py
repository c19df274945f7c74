"""Prints the committed records of a topic as lines of JSON, from the first one on.

python read.py BROKERS TOPIC GROUP SCHEMA.avsc SCHEMA_ID
"""

import sys

import consuming
import records

brokers, topic, group, schema_file, schema_id = sys.argv[1:]
schema = records.schema_of(schema_file)
for message in consuming.committed(brokers, topic, group):
    print(records.line(records.decode(message.value(), schema, int(schema_id))), flush=True)
