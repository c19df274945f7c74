"""Keeps a table of PostgreSQL as the topic attainment is: the newest standing per payee, measure, calendar and interval.

python sink_postgres.py BROKERS TOPIC GROUP SCHEMA.avsc SCHEMA_ID POSTGRES

The table is ../postgresql/attainment.sql. Offsets are committed after the rows are, so that a sink that dies writes some
rows again; `sequence` keeps an older record from replacing a newer one.
"""

import sys

import psycopg
from confluent_kafka import Consumer
from psycopg import sql

import consuming
import records

KEY = ["payee_id", "measure", "calendar", "interval"]


def upsert(schema):
    names = [field["name"] for field in schema["fields"]]
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    key = sql.SQL(", ").join(map(sql.Identifier, KEY))
    changes = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in names if name not in KEY]
    return sql.SQL(
        "insert into attainment ({}) values ({}) on conflict ({}) do update set {} "
        "where excluded.sequence > attainment.sequence"
    ).format(columns, sql.SQL(", ").join(map(sql.Placeholder, names)), key, sql.SQL(", ").join(changes))


brokers, topic, group, schema_file, schema_id, postgres = sys.argv[1:]
schema = records.schema_of(schema_file)
statement = upsert(schema)
consumer = Consumer({
    "bootstrap.servers": brokers,
    "group.id": group,
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",
    "enable.auto.commit": False,
})
consumer.subscribe([topic])
with psycopg.connect(postgres, autocommit=True) as connection:
    for message in consuming.follow(consumer):
        connection.execute(statement, records.decode(message.value(), schema, int(schema_id)))
        consumer.commit(message, asynchronous=True)
