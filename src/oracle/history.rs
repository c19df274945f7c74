//! What the oracle keeps of the inputs: every accepted revision, quota statement, fact and close note, compactly.
//!
//! A million deals must fit beside a running engine, so ids and texts are interned and lines lie in one vector. Leaves
//! out everything that no rule reads; whether two deliveries have one content is told by a hash.

use crate::wire::records::{
    CloseNote, Counts, Date, DealClosed, DealKind, DealStatus, Fact, FactBody, Interval, Position, QuotaChanged, Split,
};
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Texts by number.
#[derive(Default)]
pub(super) struct Names {
    numbers: FxHashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Names {
    pub(super) fn intern(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let (number, shared) = (self.texts.len() as u32, Arc::<str>::from(text));
        self.texts.push(shared.clone());
        self.numbers.insert(shared, number);
        number
    }

    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    pub(super) fn text(&self, number: u32) -> &Arc<str> {
        &self.texts[number as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }
}

/// One accepted revision of a deal.
pub(super) struct Revision {
    pub(super) deal: u32,
    pub(super) partition: u32,
    pub(super) offset: u64,
    pub(super) number: i64,
    content: u128,
    /// The deal's revision that was accepted before this one.
    earlier: Option<u32>,
    pub(super) closed: bool,
    pub(super) closed_on: Date,
    pub(super) currency: u32,
    pub(super) kind: Option<DealKind>,
    first_line: u32,
    line_count: u32,
}

pub(super) struct Line {
    pub(super) amount: i128,
    pub(super) quantity: i64,
    pub(super) product: u32,
    pub(super) geography: Option<u32>,
    pub(super) segment: Option<u32>,
    first_split: u32,
    split_count: u32,
}

pub(super) struct Share {
    pub(super) payee: u32,
    pub(super) millionths: u32,
    pub(super) counts: Counts,
}

/// A quota statement's subject; the calendar's id stays with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct QuotaKey {
    pub(super) payee: u32,
    pub(super) measure: u32,
    pub(super) calendar: u32,
    pub(super) interval: Interval,
}

pub(super) struct Statement {
    pub(super) partition: u32,
    pub(super) offset: u64,
    pub(super) revision: i64,
    pub(super) amount: Option<i128>,
    pub(super) applies_from: Option<Date>,
    content: u128,
}

/// What became of a record that was fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Counted,
    /// The same revision with the same content was there.
    Duplicate,
    /// The same revision with another content was there: the first one counts.
    Conflict,
    /// A quota that applies from a day on which no pay period of its interval starts.
    Invalid,
}

/// Everything that was put in, in log order per topic and partition. Records that do not decode are not fed.
#[derive(Default)]
pub struct History {
    pub(super) partitions: u32,
    pub(super) deals: Names,
    pub(super) payees: Names,
    pub(super) texts: Names,
    pub(super) revisions: Vec<Revision>,
    last_of_deal: Vec<Option<u32>>,
    lines: Vec<Line>,
    shares: Vec<Share>,
    pub(super) quotas: FxHashMap<QuotaKey, Vec<Statement>>,
    pub(super) facts: Vec<(u64, Fact)>,
    /// By close, then by source partition: the next offsets of `deal-closed` and `quota-changed`.
    pub(super) closed: BTreeMap<String, BTreeMap<u32, (u64, u64)>>,
}

impl History {
    /// An empty history of a log whose inputs have this many partitions.
    pub fn new(partitions: u32) -> History {
        History { partitions, ..History::default() }
    }

    /// Takes a deal's revision that decoded and passed its own checks.
    pub fn deal(&mut self, position: Position, deal: &DealClosed<'_>) -> Taken {
        let content = content_of(&DealClosed { occurred_at: 0, ..deal.clone() });
        let number = self.deals.intern(deal.deal_id);
        if number as usize == self.last_of_deal.len() {
            self.last_of_deal.push(None);
        }
        let earlier = self.last_of_deal[number as usize];
        if let Some(twin) = self.revision_of(earlier, deal.revision) {
            return if twin.content == content { Taken::Duplicate } else { Taken::Conflict };
        }
        self.last_of_deal[number as usize] = Some(self.revisions.len() as u32);
        let (first_line, line_count) = self.keep_lines(deal);
        self.revisions.push(Revision {
            deal: number,
            partition: position.partition,
            offset: position.offset,
            number: deal.revision,
            content,
            earlier,
            closed: deal.status == DealStatus::Closed,
            closed_on: deal.closed_on,
            currency: self.texts.intern(deal.currency),
            kind: deal.kind,
            first_line,
            line_count,
        });
        Taken::Counted
    }

    fn revision_of(&self, mut at: Option<u32>, number: i64) -> Option<&Revision> {
        while let Some(place) = at {
            let revision = &self.revisions[place as usize];
            if revision.number == number {
                return Some(revision);
            }
            at = revision.earlier;
        }
        None
    }

    /// Keeps the lines of a deal that credits something; those of another are never read.
    fn keep_lines(&mut self, deal: &DealClosed<'_>) -> (u32, u32) {
        let first_line = self.lines.len() as u32;
        if deal.status != DealStatus::Closed {
            return (first_line, 0);
        }
        let of_deal = self.keep_shares(&deal.splits);
        for line in &deal.lines {
            let (first_split, split_count) = if line.splits.is_empty() { of_deal } else { self.keep_shares(&line.splits) };
            let kept = Line {
                amount: line.amount.0,
                quantity: line.quantity.0,
                product: self.texts.intern(line.product),
                geography: line.geography.map(|text| self.texts.intern(text)),
                segment: line.segment.map(|text| self.texts.intern(text)),
                first_split,
                split_count,
            };
            self.lines.push(kept);
        }
        (first_line, deal.lines.len() as u32)
    }

    fn keep_shares(&mut self, splits: &[Split<'_>]) -> (u32, u32) {
        let first = self.shares.len() as u32;
        for split in splits {
            let payee = self.payees.intern(split.payee_id);
            self.shares.push(Share { payee, millionths: split.share.0, counts: split.counts });
        }
        (first, splits.len() as u32)
    }

    /// Takes a quota statement that decoded and passed its own checks.
    pub fn quota(&mut self, position: Position, quota: &QuotaChanged<'_>) -> Taken {
        if !applies_from_fits(quota.applies_from, quota.interval) {
            return Taken::Invalid;
        }
        let key = QuotaKey {
            payee: self.payees.intern(quota.payee_id),
            measure: self.texts.intern(quota.measure),
            calendar: self.texts.intern(quota.calendar),
            interval: quota.interval,
        };
        let content = content_of(&QuotaChanged { occurred_at: 0, ..quota.clone() });
        let statements = self.quotas.entry(key).or_default();
        if let Some(twin) = statements.iter().find(|other| other.revision == quota.revision) {
            return if twin.content == content { Taken::Duplicate } else { Taken::Conflict };
        }
        statements.push(Statement {
            partition: position.partition,
            offset: position.offset,
            revision: quota.revision,
            amount: quota.amount.map(|amount| amount.0),
            applies_from: quota.applies_from,
            content,
        });
        Taken::Counted
    }

    /// Takes a fact that decoded; whether it counts is decided by `rules` when totals are asked for.
    pub fn fact(&mut self, offset: u64, fact: &Fact) {
        match &fact.body {
            FactBody::PayeeDefined(payee) => {
                self.payees.intern(&payee.payee_id);
                for manager in payee.rows.iter().filter_map(|row| row.manager.as_deref()) {
                    self.payees.intern(manager);
                }
            }
            FactBody::MeasureDefined(measure) => {
                self.texts.intern(&measure.measure_id);
                let filters = [&measure.products, &measure.geographies, &measure.segments];
                for text in filters.into_iter().flatten() {
                    self.texts.intern(text);
                }
            }
            FactBody::PlanDefined(plan) => {
                self.texts.intern(&plan.plan_id);
                for component in &plan.components {
                    self.texts.intern(&component.component_id);
                }
            }
            _ => {}
        }
        self.facts.push((offset, fact.clone()));
    }

    /// Takes a note of `closes`. Only what the source partitions say matters: a run is recomputed, not believed.
    pub fn close_note(&mut self, note: &CloseNote) {
        if let CloseNote::SourceClosed { close_id, partition, deal_closed, quota_changed } = note {
            let partitions = self.closed.entry(close_id.clone()).or_default();
            partitions.entry(*partition).or_insert((*deal_closed, *quota_changed));
        }
    }

    pub(super) fn lines_of(&self, revision: &Revision) -> &[Line] {
        &self.lines[revision.first_line as usize..(revision.first_line + revision.line_count) as usize]
    }

    pub(super) fn shares_of(&self, line: &Line) -> &[Share] {
        &self.shares[line.first_split as usize..(line.first_split + line.split_count) as usize]
    }
}

/// 128 bits of a hash of a record's content.
fn content_of<T: Serialize + std::fmt::Debug>(record: &T) -> u128 {
    let bytes = postcard::to_stdvec(record).unwrap_or_else(|_| format!("{record:?}").into_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..16]);
    u128::from_le_bytes(half)
}

/// Whether a quota applies from the first day of a month of its interval (pay periods are civil months).
fn applies_from_fits(applies_from: Option<Date>, interval: Interval) -> bool {
    let Some(date) = applies_from else { return true };
    super::world::month_starting_on(date).is_some_and(|period| super::world::periods_of(interval).contains(&period))
}
