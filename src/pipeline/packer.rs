//! Builds packed records: groups of credits are written straight into one buffer per destination partition.

use crate::domain::adjustment::AdjustmentMade;
use crate::domain::calendar::Date;
use crate::domain::credit::Credit;
use crate::domain::currency::StatedRate;
use crate::domain::deal::{Attribute, DealClosed};
use crate::domain::quota::QuotaChanged;
use crate::domain::settlement::Dated;
use crate::domain::topic::partition_of;
use crate::domain::world::World;
use crate::pipeline::packed::{
    Allocation, Cause, CreditGroup, CreditLine, Details, Earned, Entry, PACKED_VERSION, Settled, SettledDeal,
};
use crate::pipeline::{Effects, Output};
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::sync::Arc;

/// Entries of a record are split at this size.
pub const PACKED_BYTES: usize = 512 * 1024;

/// Ids that entries point into.
#[derive(Debug, Default)]
struct Dictionary {
    places: FxHashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Dictionary {
    fn place(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let (shared, place): (Arc<str>, u32) = (text.into(), self.texts.len() as u32);
        self.texts.push(shared.clone());
        self.places.insert(shared, place);
        place
    }

    fn clear(&mut self) {
        self.places.clear();
        self.texts.clear();
    }
}

/// The open packed record of one (source, destination).
#[derive(Debug, Default)]
struct Open {
    payees: Dictionary,
    texts: Dictionary,
    entries: Vec<u8>,
    count: usize,
    /// Used again for every group.
    lines: Vec<CreditLine>,
    allocations: Vec<Allocation>,
}

/// What every record of a source says in front of its entries.
#[derive(Clone, Copy, Debug)]
pub struct Heading {
    pub source: u32,
    pub epoch: u32,
    pub facts_next: u64,
}

/// Same field order as `PackedCredits`, whose last field is the sequence of entries.
#[derive(Serialize)]
struct Head<'a> {
    source: u32,
    link_seq: u64,
    epoch: u32,
    facts_next: u64,
    payees: &'a [Arc<str>],
    texts: &'a [Arc<str>],
    count: usize,
}

/// One source partition's open records.
#[derive(Debug)]
pub struct Packer {
    open: Vec<Open>,
}

impl Packer {
    pub fn new(partitions: u32) -> Packer {
        Packer { open: (0..partitions).map(|_| Open::default()).collect() }
    }

    fn destination(&self, payee_id: &str) -> usize {
        partition_of(payee_id.as_bytes(), self.open.len() as u32) as usize
    }

    /// Adds the credits of a deal, one group per destination.
    pub fn credits(&mut self, deal: &DealClosed<'_>, credits: &[&Credit], how: GroupKind<'_>) -> Result<(), postcard::Error> {
        let destinations: Vec<usize> = credits.iter().map(|credit| self.destination(&credit.payee_id)).collect();
        for place in 0..credits.len() {
            let destination = destinations[place];
            if destinations[..place].contains(&destination) {
                continue;
            }
            let here = credits.iter().zip(&destinations).filter(|(_, at)| **at == destination).map(|(credit, _)| *credit);
            self.open[destination].group(deal, here, how)?;
        }
        Ok(())
    }

    /// Adds what is settled of a deal, once per destination of its credits.
    pub fn settled(
        &mut self,
        (deal_id, closed_on): (&str, Date),
        credits: &[&Credit],
        settled: &Settled,
        cause: Cause,
    ) -> Result<(), postcard::Error> {
        let mut payees: Vec<(usize, &str)> =
            credits.iter().map(|credit| (self.destination(&credit.payee_id), &*credit.payee_id)).collect();
        payees.sort_unstable();
        payees.dedup();
        for here in payees.chunk_by(|one, other| one.0 == other.0) {
            let open = &mut self.open[here[0].0];
            let payees = here.iter().map(|(_, payee_id)| open.payees.place(payee_id)).collect();
            let settled = settled.clone();
            open.entry(&Entry::Settled(SettledDeal { cause, deal_id, closed_on, payees, settled }))?;
        }
        Ok(())
    }

    pub fn quota(&mut self, quota: &QuotaChanged<'_>, cause: Cause) -> Result<(), postcard::Error> {
        let destination = self.destination(quota.payee_id);
        self.open[destination].entry(&Entry::Quota { cause, quota: quota.clone() })
    }

    pub fn adjustment(&mut self, adjustment: AdjustmentMade, cause: Cause) -> Result<(), postcard::Error> {
        let destination = self.destination(&adjustment.payee_id);
        self.open[destination].entry(&Entry::Adjustment { cause, adjustment })
    }

    /// Adds what somebody earned, for a payee and a measure that counts it; `of` points to neither yet.
    pub fn earned(&mut self, payee_id: &str, measure: &str, of: Earned) -> Result<(), postcard::Error> {
        let destination = self.destination(payee_id);
        let open = &mut self.open[destination];
        let (payee, measure) = (open.payees.place(payee_id), open.texts.place(measure));
        open.entry(&Entry::Earned(Earned { payee, measure, ..of }))
    }

    /// A round's end to every destination.
    pub fn round(&mut self, epoch: u32, round: u32) -> Result<(), postcard::Error> {
        self.open.iter_mut().try_for_each(|open| open.entry(&Entry::Round { epoch, round }))
    }

    /// A marker to every destination: the last entry of its epoch.
    pub fn marker(&mut self, close_id: &str) -> Result<(), postcard::Error> {
        self.open.iter_mut().try_for_each(|open| open.entry(&Entry::Marker { close_id }))
    }

    /// Closes records above `least_bytes` (0: all that have an entry) and counts their links on.
    pub fn close(
        &mut self,
        heading: Heading,
        links: &mut [u64],
        least_bytes: usize,
        effects: &mut Effects,
    ) -> Result<(), postcard::Error> {
        for (destination, open) in self.open.iter_mut().enumerate() {
            if open.count > 0 && open.entries.len() >= least_bytes {
                let bytes = open.take(heading, links[destination])?;
                links[destination] += 1;
                effects.outputs.push(Output::Credits { partition: destination as u32, bytes });
            }
        }
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.open.iter().all(|open| open.count == 0)
    }

    pub fn clear(&mut self) {
        self.open.iter_mut().for_each(Open::clear);
    }
}

/// How a group counts.
#[derive(Clone, Copy, Debug)]
pub struct GroupKind<'r> {
    pub cause: Cause,
    pub retract: bool,
    pub backfill_from: Option<u64>,
    /// Where any measure counts the deal at a rate, or it is not in the company's currency.
    pub rates: Option<&'r [StatedRate]>,
    /// Of what was returned of a deal: the day, and by line the one since which it is gone.
    pub returned: Option<(Date, &'r [Option<Date>])>,
    /// What the world's measures and tables may read of deals beyond amounts and quantities.
    pub read: &'r Read,
    /// Where some measure is dated by settlements.
    pub dated: Option<&'r Dated>,
}

/// Which details of deals any measure or table reads.
#[derive(Debug, Default)]
pub struct Read {
    any: bool,
    attributes: Vec<String>,
    /// Of splits.
    roles: bool,
}

impl Read {
    pub fn of(world: &World) -> Read {
        let attributes = world.lookups.attributes.clone();
        let roles = world.measures.iter().any(|defined| !defined.measure.roles.is_empty());
        let mut read = Read { any: !attributes.is_empty(), attributes, roles };
        for measure in world.measures.iter().map(|defined| &defined.measure).filter(|measure| measure.reads_details()) {
            read.any = true;
            let named = measure.attribute.iter().chain(measure.filter.iter().map(|condition| &condition.attribute));
            read.attributes.extend(named.cloned());
        }
        read
    }

    fn details<'a>(&self, deal: &DealClosed<'a>) -> Option<Details<'a>> {
        let read = |(name, _): &&(&str, Attribute<'_>)| self.attributes.iter().any(|of| of == name);
        let stated = deal.lines.iter().any(|line| line.cost.is_some());
        self.any.then(|| Details {
            customer: deal.customer,
            attributes: deal.attributes.iter().filter(read).cloned().collect(),
            costs: deal.lines.iter().filter(|_| stated).map(|line| line.cost).collect(),
        })
    }
}

impl Open {
    fn group<'c>(
        &mut self,
        deal: &DealClosed<'_>,
        credits: impl Iterator<Item = &'c Credit>,
        how: GroupKind<'_>,
    ) -> Result<(), postcard::Error> {
        self.lines.extend(deal.lines.iter().map(|line| CreditLine {
            product: self.texts.place(line.product),
            geography: line.geography.map(|text| self.texts.place(text)),
            segment: line.segment.map(|text| self.texts.place(text)),
            amount: line.amount,
            quantity: line.quantity,
        }));
        let mut roles = how.read.roles.then(Vec::new);
        self.allocations.extend(credits.map(|credit| {
            if let Some(roles) = &mut roles {
                roles.push(credit.role_in(deal).map(|role| self.texts.place(role)));
            }
            let payee = self.payees.place(&credit.payee_id);
            Allocation { payee, kind: credit.kind, line: credit.line, share: credit.share }
        }));
        let group = CreditGroup {
            cause: how.cause,
            deal_id: deal.deal_id,
            retract: how.retract,
            closed_on: deal.closed_on,
            kind: deal.kind,
            backfill_from: how.backfill_from,
            lines: std::mem::take(&mut self.lines),
            allocations: std::mem::take(&mut self.allocations),
        };
        let mut at = |stated: &StatedRate| (self.texts.place(&stated.name), stated.rate);
        let rates = how.rates.map(|rates| rates.iter().map(&mut at).collect::<Vec<_>>());
        let (sequence, details) = (deal.sequence, how.read.details(deal));
        let entry = match (how.returned, how.dated, details, rates, sequence) {
            (Some((on, gone)), _, details, rates, _) => {
                Entry::Returned { on, gone: gone.to_vec(), sequence, rates, details, group }
            }
            (None, Some(dated), details, rates, _) => {
                let dated = dated.clone();
                Entry::Dated { dated, sequence, rates, details, group }
            }
            (None, None, Some(details), rates, _) => Entry::Detailed { sequence, rates, details, group },
            (None, None, None, Some(rates), _) => Entry::Converted { sequence, rates, group },
            (None, None, None, None, Some(sequence)) => Entry::SequencedCredits { sequence, group },
            (None, None, None, None, None) => Entry::Credits(group),
        };
        let entry = match roles {
            Some(roles) => Entry::Roles { roles, entry: Box::new(entry) },
            None => entry,
        };
        let written = self.entry(&entry);
        if let Some(CreditGroup { lines, allocations, .. }) = entry.into_group() {
            (self.lines, self.allocations) = (lines, allocations);
            self.lines.clear();
            self.allocations.clear();
        }
        written
    }

    fn entry(&mut self, entry: &Entry<'_>) -> Result<(), postcard::Error> {
        self.entries = postcard::to_extend(entry, std::mem::take(&mut self.entries))?;
        self.count += 1;
        Ok(())
    }

    fn take(&mut self, heading: Heading, link_seq: u64) -> Result<Vec<u8>, postcard::Error> {
        let head = Head {
            source: heading.source,
            link_seq,
            epoch: heading.epoch,
            facts_next: heading.facts_next,
            payees: &self.payees.texts,
            texts: &self.texts.texts,
            count: self.count,
        };
        let mut bytes = postcard::to_extend(&head, vec![PACKED_VERSION])?;
        bytes.extend_from_slice(&self.entries);
        self.clear();
        Ok(bytes)
    }

    fn clear(&mut self) {
        self.payees.clear();
        self.texts.clear();
        self.entries.clear();
        self.lines.clear();
        self.allocations.clear();
        self.count = 0;
    }
}
