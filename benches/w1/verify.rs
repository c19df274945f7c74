//! Replays the log through the oracle and compares all that was published, and counts what the log holds.

use accrue::domain::topic::Topic;
use accrue::log::Client;
use accrue::oracle::Report;
use accrue::read::{replay, scan};
use accrue::wire::Codec;

/// What a topic holds.
pub struct Held {
    pub topic: &'static str,
    pub records: u64,
    pub bytes: u64,
}

/// Records and bytes of keys and values, by topic; topics without any are left out.
pub fn held(client: &dyn Client) -> anyhow::Result<Vec<Held>> {
    let mut all = Vec::new();
    for topic in Topic::ALL {
        let mut held = Held { topic: topic.name(), records: 0, bytes: 0 };
        scan::all(client, topic, |batch, row| {
            held.records += 1;
            let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len) as u64;
            held.bytes += length(batch.key(row)) + length(batch.value(row));
            Ok(())
        })?;
        if held.records > 0 {
            all.push(held);
        }
    }
    Ok(all)
}

pub fn verify(client: &dyn Client, codec: &Codec, maximum_record_bytes: usize) -> anyhow::Result<Report> {
    let mut refused = None;
    let history = replay::history(client, codec, maximum_record_bytes, |reject| {
        refused = refused.take().or(reject.cloned());
    })?;
    anyhow::ensure!(refused.is_none(), "a record of the load is refused: {refused:?}");
    let totals = history.totals();
    anyhow::ensure!(totals.ignored_facts.is_empty(), "facts of the load do not count: {:?}", totals.ignored_facts.first());
    anyhow::ensure!(totals.parked.is_empty(), "{} deals of the load are parked", totals.parked.len());
    Ok(replay::published(client, codec)?.compare(&totals))
}
