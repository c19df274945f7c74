//! Replays the log through the oracle and compares all that was published, and counts what the log holds.

use accrue::domain::topic::Topic;
use accrue::log::{Batch, Client, Row};
use accrue::oracle::{History, Published, Report};
use accrue::pipeline::Input;
use accrue::read::scan;
use accrue::wire::Codec;
use anyhow::Context;

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
    let totals = history(client, codec, maximum_record_bytes)?.totals().context("the oracle cannot add up this log")?;
    anyhow::ensure!(totals.ignored_facts.is_empty(), "facts of the load do not count: {:?}", totals.ignored_facts.first());
    anyhow::ensure!(totals.parked.is_empty(), "{} deals of the load are parked", totals.parked.len());
    Ok(published(client, codec)?.compare(&totals))
}

/// Everything that went in.
fn history(client: &dyn Client, codec: &Codec, maximum_record_bytes: usize) -> anyhow::Result<History> {
    let partitions = client.partitions(Topic::DealClosed)?;
    let mut history = History::new(partitions);
    let mut refused = None;
    for topic in [Topic::DealClosed, Topic::QuotaChanged] {
        scan::all(client, topic, |batch, row| {
            let (key, value) = (batch.key(row), batch.value(row));
            match codec.input(row.position, partitions, key, value, maximum_record_bytes) {
                Ok(Input::Deal(deal)) => drop(history.deal(row.position, &deal)),
                Ok(Input::Quota(quota)) => drop(history.quota(row.position, &quota)),
                Ok(Input::Credits(_)) => {}
                Err(reject) => refused = Some(reject),
            }
            Ok(())
        })?;
    }
    anyhow::ensure!(refused.is_none(), "a record of the load is refused: {refused:?}");
    facts(client, codec, &mut history)?;
    Ok(history)
}

fn facts(client: &dyn Client, codec: &Codec, history: &mut History) -> anyhow::Result<()> {
    scan::all(client, Topic::Facts, |batch, row| {
        if let Ok(fact) = codec.fact(value(batch, row)) {
            history.fact(row.position.offset, &fact);
        }
        Ok(())
    })?;
    Ok(())
}

/// Everything that came out: W1 closes no period, so nothing is paid.
fn published(client: &dyn Client, codec: &Codec) -> anyhow::Result<Published> {
    let mut published = Published::new();
    scan::all(client, Topic::Accrual, |batch, row| {
        let accrual = codec.read_accrual(value(batch, row))?;
        published.accrual(row.position.partition, row.position.offset, &accrual);
        Ok(())
    })?;
    scan::all(client, Topic::Attainment, |batch, row| {
        published.attainment(&codec.read_attainment(value(batch, row))?);
        Ok(())
    })?;
    Ok(published)
}

/// A record without a value does not decode: that is an error for the topics that are read here.
fn value<'b>(batch: &'b Batch, row: &Row) -> &'b [u8] {
    batch.value(row).unwrap_or_default()
}
