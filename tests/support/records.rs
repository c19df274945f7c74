//! Records as text: `key=value` with spaces between.

use accrue::domain::topic::Topic;
use accrue::log::batch::Records;
use accrue::log::{Append, Batch, Client, Limit, Row, StageLog};
use std::time::{Duration, Instant};

pub fn records(text: &str) -> Records {
    let mut records = Records::default();
    for pair in text.split_whitespace() {
        let (key, value) = pair.split_once('=').expect("key=value");
        records.push(Some(key.as_bytes()), Some(value.as_bytes()));
    }
    records
}

/// Appends and returns the first offset.
pub fn append(client: &dyn Client, topic: Topic, partition: u32, text: &str) -> u64 {
    client.append(&[Append { topic, partition, records: &records(text) }]).expect("appended")[0]
}

/// Everything committed in a partition, read in small steps to the read-committed end.
pub fn contents(client: &dyn Client, topic: Topic, partition: u32) -> String {
    let end = client.end(topic, partition).expect("the end");
    let (mut batch, mut from) = (Batch::default(), client.start(topic, partition).expect("the start"));
    while from < end {
        from = client.read(topic, partition, from, 10, &mut batch).expect("read");
    }
    text(&batch, batch.rows().iter().collect())
}

/// Polls until `count` records are there, and returns them by topic, partition and offset.
pub fn take(stage: &mut dyn StageLog, count: usize) -> String {
    let (mut batch, deadline) = (Batch::default(), Instant::now() + Duration::from_secs(20));
    while batch.len() < count && Instant::now() < deadline {
        stage.poll(&mut batch, Limit::records(count), Duration::from_millis(100)).expect("polled");
    }
    let mut rows: Vec<&Row> = batch.rows().iter().collect();
    rows.sort_by_key(|row| (row.position.partition, row.position));
    text(&batch, rows)
}

fn text(batch: &Batch, rows: Vec<&Row>) -> String {
    let part = |part: Option<&[u8]>| String::from_utf8_lossy(part.unwrap_or(b"-")).into_owned();
    let pairs: Vec<String> = rows.into_iter().map(|row| format!("{}={}", part(batch.key(row)), part(batch.value(row)))).collect();
    pairs.join(" ")
}
