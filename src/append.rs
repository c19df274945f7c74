//! Appends inputs: encodes records, routes them by key, and writes them together. For commands and for HTTP.

use crate::domain::acknowledgement::PayoutAcknowledged;
use crate::domain::adjustment::AdjustmentMade;
use crate::domain::deal::DealClosed;
use crate::domain::fact::Fact;
use crate::domain::output::PayeeName;
use crate::domain::quota::QuotaChanged;
use crate::domain::reject::{Reason, Reject};
use crate::domain::settlement::DealSettled;
use crate::domain::topic::{Topic, partition_of};
use crate::log::batch::Outbox;
use crate::log::{Append, Client, LogError};
use crate::wire::envelope::Headers;
use crate::wire::{Codec, keys};

/// Where appended records lie: `count` of them from `first` on, in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    pub topic: Topic,
    pub partition: u32,
    pub first: u64,
    pub count: u64,
}

/// Collects records until they are flushed.
pub struct Appender<'s> {
    client: &'s dyn Client,
    codec: &'s Codec,
    partitions: u32,
    outbox: Outbox,
    scratch: Vec<u8>,
    maximum_record_bytes: usize,
    waiting: usize,
    facts: u64,
    /// Of every input that is added.
    headers: Headers,
}

impl<'s> Appender<'s> {
    /// `maximum_record_bytes`: the engine would reject a larger record.
    pub fn new(client: &'s dyn Client, codec: &'s Codec, maximum_record_bytes: usize) -> Result<Appender<'s>, LogError> {
        let partitions = client.partitions(Topic::DealClosed)?;
        let (outbox, scratch, headers) = (Outbox::default(), Vec::new(), Headers::new());
        Ok(Appender { client, codec, partitions, outbox, scratch, maximum_record_bytes, waiting: 0, facts: 0, headers })
    }

    /// Gives every input these headers.
    pub fn carrying(self, headers: Headers) -> Self {
        Appender { headers, ..self }
    }

    /// Records that wait for the next flush.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Facts added so far.
    pub fn facts(&self) -> u64 {
        self.facts
    }

    /// Adds a deal; returns its partition. One that is too large is a [`Reject`] as the error.
    pub fn deal(&mut self, deal: &DealClosed<'_>) -> anyhow::Result<u32> {
        self.scratch.clear();
        self.codec.write_deal(deal, &mut self.scratch)?;
        self.check_size()?;
        Ok(self.add(Topic::DealClosed, deal.deal_id.as_bytes()))
    }

    /// Adds a quota; returns its partition. One that is too large is a [`Reject`] as the error.
    pub fn quota(&mut self, quota: &QuotaChanged<'_>) -> anyhow::Result<u32> {
        self.scratch.clear();
        self.codec.write_quota(quota, &mut self.scratch)?;
        self.check_size()?;
        Ok(self.add(Topic::QuotaChanged, quota.payee_id.as_bytes()))
    }

    /// Adds a settlement; returns its partition. One that is too large is a [`Reject`] as the error.
    pub fn settlement(&mut self, settled: &DealSettled<'_>) -> anyhow::Result<u32> {
        self.scratch.clear();
        self.codec.write_settlement(settled, &mut self.scratch)?;
        self.check_size()?;
        Ok(self.add(Topic::DealSettled, settled.deal_id.as_bytes()))
    }

    /// Adds an adjustment; returns its partition. One that is too large is a [`Reject`] as the error.
    pub fn adjustment(&mut self, of: &AdjustmentMade) -> anyhow::Result<u32> {
        self.scratch.clear();
        self.codec.write_adjustment(of, &mut self.scratch)?;
        self.check_size()?;
        Ok(self.add(Topic::AdjustmentMade, of.payee_id.as_bytes()))
    }

    /// Adds what payroll says; returns its partition. One that is too large is a [`Reject`] as the error.
    pub fn acknowledgement(&mut self, of: &PayoutAcknowledged<'_>) -> anyhow::Result<u32> {
        self.scratch.clear();
        self.codec.write_acknowledgement(of, &mut self.scratch)?;
        self.check_size()?;
        Ok(self.add(Topic::PayoutAcknowledged, of.payee_id.as_bytes()))
    }

    /// The engine would reject a larger record.
    fn check_size(&self) -> Result<(), Reject> {
        let (bytes, limit) = (self.scratch.len(), self.maximum_record_bytes);
        if bytes <= limit {
            return Ok(());
        }
        Err(Reject::new(Reason::RecordTooLarge, "", format!("{bytes} bytes as a record, more than {limit}")))
    }

    pub fn name(&mut self, name: &PayeeName) -> anyhow::Result<()> {
        self.scratch.clear();
        self.codec.write_payee_name(name, &mut self.scratch)?;
        self.add(Topic::Payee, name.payee_id.as_bytes());
        Ok(())
    }

    pub fn fact(&mut self, fact: &Fact) -> anyhow::Result<()> {
        self.scratch.clear();
        self.codec.write_fact(fact, &mut self.scratch)?;
        self.outbox.to(Topic::Facts, 0).push(Some(keys::fact(fact).as_bytes()), Some(&self.scratch));
        self.waiting += 1;
        self.facts += 1;
        Ok(())
    }

    fn add(&mut self, topic: Topic, key: &[u8]) -> u32 {
        let partition = partition_of(key, self.partitions);
        self.outbox.to(topic, partition).push_with_headers(Some(key), Some(&self.scratch), self.headers.clone());
        self.waiting += 1;
        partition
    }

    /// Appends what was collected, all or nothing.
    pub fn flush(&mut self) -> Result<Vec<Appended>, LogError> {
        let append = |(topic, partition, records)| Append { topic, partition, records };
        let appends: Vec<Append<'_>> = self.outbox.iter().map(append).collect();
        let firsts = self.client.append(&appends)?;
        let place = |(append, first): (&Append<'_>, u64)| Appended {
            topic: append.topic,
            partition: append.partition,
            first,
            count: append.records.len() as u64,
        };
        let appended = appends.iter().zip(firsts).map(place).collect();
        self.outbox.clear();
        self.waiting = 0;
        Ok(appended)
    }
}
