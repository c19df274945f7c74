"""Prints the committed records of a topic whose results are JSON, from the first one on, without Avro.

python read_json.py BROKERS TOPIC GROUP
"""

import json
import sys

import consuming

brokers, topic, group = sys.argv[1:]
for message in consuming.committed(brokers, topic, group):
    # Amounts and rates are texts, so that decimal.Decimal(record["amount"]) is exact.
    record = json.loads(message.value())
    print(json.dumps(record, ensure_ascii=False), flush=True)
