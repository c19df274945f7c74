//! Which event comes when, and writing all of them to the log.

use super::workload::{PAYEES, QUARTERS, Random, Workload};
use accrue::domain::deal::{DealClosed, DealStatus};
use accrue::domain::fact::{Fact, FactBody};
use accrue::domain::quota::QuotaChanged;
use accrue::domain::topic::{Topic, partition_of};
use accrue::log::batch::Outbox;
use accrue::log::{Append, Client};
use accrue::wire::{Codec, keys};

/// Records of one append.
const CHUNK: usize = 20_000;
/// 1 % of the payees get another quota, spread over the deals.
const QUOTA_CHANGES: u64 = PAYEES as u64 / 100;
/// Of a thousand deal events.
const CANCELLED: u64 = 20;
const AMENDED: u64 = 50;
/// In place of the newest revision of a deal that is cancelled, and not changed any more.
const GONE: u32 = 0;

/// Writes facts, quotas and deals.
pub fn write(workload: &Workload, client: &dyn Client, codec: &Codec) -> anyhow::Result<()> {
    let partitions = client.partitions(Topic::DealClosed)?;
    let mut writer = Writer { client, codec, partitions, outbox: Outbox::default(), scratch: Vec::new(), waiting: 0 };
    for (number, body) in workload.facts().enumerate() {
        writer.fact(number, body)?;
    }
    writer.flush()?;
    for place in 0..PAYEES * QUARTERS {
        writer.quota(&workload.quota(place / QUARTERS, place % QUARTERS, 1))?;
    }
    writer.flush()?;
    deals(workload, &mut writer)?;
    writer.flush()
}

fn deals(workload: &Workload, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    let mut newest = Vec::new();
    let mut changes = 0;
    for event in 0..workload.deals {
        let (number, revision, status) = next(workload, event, &mut newest);
        let deal_id = format!("D-{number:08}");
        writer.deal(&workload.deal(&deal_id, number, revision, status))?;
        while changes < QUOTA_CHANGES * (event + 1) / workload.deals {
            changes += 1;
            let mut random = Random::of(workload.seed, 5, changes);
            let (payee, quarter) = (random.below(PAYEES as u64) as usize, random.below(QUARTERS as u64) as usize);
            writer.quota(&workload.quota(payee, quarter, changes as i64 + 1))?;
        }
    }
    Ok(())
}

/// Deal, revision and status of an event; `newest` holds every deal's newest revision.
fn next(workload: &Workload, event: u64, newest: &mut Vec<u32>) -> (u64, i64, DealStatus) {
    let mut random = Random::of(workload.seed, 4, event);
    let roll = random.below(1_000);
    let changed = if roll < CANCELLED + AMENDED { live(newest, &mut random) } else { None };
    let Some(number) = changed else {
        newest.push(1);
        return (newest.len() as u64 - 1, 1, DealStatus::Closed);
    };
    let revision = newest[number] + 1;
    let status = if roll < CANCELLED { DealStatus::Cancelled } else { DealStatus::Closed };
    newest[number] = if status == DealStatus::Cancelled { GONE } else { revision };
    (number as u64, i64::from(revision), status)
}

/// A deal that is not cancelled: the first one from a random place on.
fn live(newest: &[u32], random: &mut Random) -> Option<usize> {
    let start = random.below(newest.len() as u64) as usize;
    (start..newest.len()).chain(0..start).find(|number| newest[*number] != GONE)
}

struct Writer<'w> {
    client: &'w dyn Client,
    codec: &'w Codec,
    partitions: u32,
    outbox: Outbox,
    scratch: Vec<u8>,
    waiting: usize,
}

impl Writer<'_> {
    fn fact(&mut self, number: usize, body: FactBody) -> anyhow::Result<()> {
        let (fact_id, author) = (format!("w1-{number}"), "sales-operations".into());
        let fact = Fact { fact_id, author, reason: String::new(), approver: None, occurred_at: 0, body };
        self.scratch.clear();
        self.codec.write_fact(&fact, &mut self.scratch)?;
        self.push(Topic::Facts, 0, keys::fact(&fact).as_bytes())
    }

    fn quota(&mut self, quota: &QuotaChanged<'_>) -> anyhow::Result<()> {
        self.scratch.clear();
        self.codec.write_quota(quota, &mut self.scratch)?;
        let key = quota.payee_id.as_bytes();
        self.push(Topic::QuotaChanged, partition_of(key, self.partitions), key)
    }

    fn deal(&mut self, deal: &DealClosed<'_>) -> anyhow::Result<()> {
        self.scratch.clear();
        self.codec.write_deal(deal, &mut self.scratch)?;
        let key = deal.deal_id.as_bytes();
        self.push(Topic::DealClosed, partition_of(key, self.partitions), key)
    }

    fn push(&mut self, topic: Topic, partition: u32, key: &[u8]) -> anyhow::Result<()> {
        self.outbox.to(topic, partition).push(Some(key), Some(&self.scratch));
        self.waiting += 1;
        if self.waiting >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        let append = |(topic, partition, records)| Append { topic, partition, records };
        let appends: Vec<Append<'_>> = self.outbox.iter().map(append).collect();
        self.client.append(&appends)?;
        drop(appends);
        self.outbox.clear();
        self.waiting = 0;
        Ok(())
    }
}
