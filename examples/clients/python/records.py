"""Records of accrue's topics for Python: Confluent's framing and Avro, with exact decimals."""

import datetime
import decimal
import io
import json
import struct

import fastavro

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def schema_of(path):
    """A schema as schemas/*.avsc has it."""
    return fastavro.parse_schema(json.load(open(path, encoding="utf-8")))


def decode(value, schema, schema_id):
    """A record's value as a dictionary."""
    magic, found = struct.unpack(">bI", value[:5])
    if magic != 0 or found != schema_id:
        raise ValueError(f"schema id {found} with magic byte {magic} is not {schema_id}, which schemas/ids.toml names")
    return fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)


def encode(record, schema, schema_id):
    """The bytes of a record's value."""
    out = io.BytesIO(struct.pack(">bI", 0, schema_id))
    out.seek(5)
    fastavro.schemaless_writer(out, schema, record)
    return out.getvalue()


def line(record):
    """A record as a line of JSON: decimals and dates as text, times as microseconds."""
    return json.dumps({name: plain(value) for name, value in record.items()}, ensure_ascii=False)


def plain(value):
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(microseconds=1)
    return value.isoformat() if isinstance(value, datetime.date) else value
