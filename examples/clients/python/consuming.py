"""Committed records of accrue's topics, however they are written."""

from confluent_kafka import Consumer


def committed(brokers, topic, group):
    """The committed messages of a topic from the first one on, as follow() has them."""
    consumer = Consumer({
        "bootstrap.servers": brokers,
        "group.id": group,
        "auto.offset.reset": "earliest",
        # Without it a consumer sees what was rolled back.
        "isolation.level": "read_committed",
    })
    consumer.subscribe([topic])
    return follow(consumer)


def follow(consumer):
    """Messages as they come, until somebody ends this."""
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise RuntimeError(message.error())
        if message.value() is not None:
            yield message
