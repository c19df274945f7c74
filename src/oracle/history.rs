//! What the oracle keeps of the inputs: every accepted revision, settlement, quota statement,
//! adjustment, fact and close note, compactly.
//!
//! A million deals must fit beside a running engine, so ids and texts are interned, and what deals say lies packed in one vector. Leaves
//! out everything that no rule reads; whether two deliveries have one content is told by a hash.

pub(super) use super::content::{Content, Line, Share, Stated};

use crate::wire::records::{
    AdjustmentMade, Attribute, Change, CloseNote, Date, DealClosed, DealSettled, DealStatus, Fact, FactBody, Interval,
    MAXIMUM_SETTLEMENTS, Plan, Position, QuotaChanged, SettlementKind, Split,
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
    /// It is a return or a cancellation, if it is not the first one.
    pub(super) takes_back: bool,
    pub(super) effective_on: Option<Date>,
    hash: u64,
    /// The deal's revision that was accepted before this one.
    pub(super) earlier: Option<u32>,
    /// Where its [`Content`] starts; `None` for a revision that credits nothing.
    content: Option<usize>,
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
    hash: u64,
}

/// One settlement of a deal.
pub(super) struct Settlement {
    id: String,
    pub(super) partition: u32,
    pub(super) offset: u64,
    pub(super) currency: u32,
    pub(super) on: Date,
    /// In millionths: what came in, less than nothing for what went back, nothing for an invoice.
    pub(super) amount: i128,
    /// Of an invoice.
    pub(super) invoiced: i128,
    hash: u64,
}

/// One adjustment.
pub(super) struct Adjustment {
    pub(super) partition: u32,
    pub(super) offset: u64,
    pub(super) made: AdjustmentMade,
    /// The component, or the name of the manual line, whose books it changes.
    pub(super) books: Option<u32>,
    pub(super) hash: u64,
}

/// The next offsets of a source partition's inputs at a close.
#[derive(Clone, Copy, Default)]
pub(super) struct NextOffsets {
    pub(super) deals: u64,
    pub(super) quotas: u64,
    pub(super) settlements: u64,
    pub(super) adjustments: u64,
}

/// What became of a record that was fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Counted,
    /// The same revision with the same content was there.
    Duplicate,
    /// The same revision with another content was there: the first one counts.
    Conflict,
    /// There are as many as there may be.
    TooMany,
}

/// Everything that was put in, in log order per topic and partition. Records that do not decode are not fed.
#[derive(Default)]
pub struct History {
    pub(super) partitions: u32,
    pub(super) deals: Names,
    pub(super) payees: Names,
    pub(super) texts: Names,
    pub(super) revisions: Vec<Revision>,
    pub(super) last_of_deal: Vec<Option<u32>>,
    /// Of every revision that credits something, one after the other.
    contents: Vec<u8>,
    pub(super) quotas: FxHashMap<QuotaKey, Vec<Statement>>,
    /// By deal.
    pub(super) settlements: FxHashMap<u32, Vec<Settlement>>,
    /// By payee.
    pub(super) adjustments: BTreeMap<u32, Vec<Adjustment>>,
    pub(super) facts: Vec<(u64, Fact)>,
    /// By close, then by source partition.
    pub(super) closed: BTreeMap<String, BTreeMap<u32, NextOffsets>>,
}

impl History {
    /// Whether anything was sold or adjusted that can be paid for.
    pub fn has_inputs(&self) -> bool {
        self.deals.len() > 0 || !self.adjustments.is_empty()
    }

    /// An empty history of a log whose inputs have this many partitions.
    pub fn new(partitions: u32) -> History {
        History { partitions, ..History::default() }
    }

    /// Takes a deal's revision that decoded and passed its own checks.
    pub fn deal(&mut self, position: Position, deal: &DealClosed<'_>) -> Taken {
        let hash = hash_of(&DealClosed { occurred_at: 0, ..deal.clone() });
        let number = self.deal_number(deal.deal_id);
        let earlier = self.last_of_deal[number as usize];
        if let Some(twin) = self.revision_of(earlier, deal.revision) {
            return if twin.hash == hash { Taken::Duplicate } else { Taken::Conflict };
        }
        self.last_of_deal[number as usize] = Some(self.revisions.len() as u32);
        let content = (deal.status == DealStatus::Closed).then(|| self.keep(deal));
        let Position { partition, offset, .. } = position;
        let (takes_back, effective_on) = (deal.change != Change::Correction, deal.effective_on);
        let deal = deal.revision;
        self.revisions.push(Revision {
            deal: number,
            partition,
            offset,
            number: deal,
            takes_back,
            effective_on,
            hash,
            earlier,
            content,
        });
        Taken::Counted
    }

    fn deal_number(&mut self, deal_id: &str) -> u32 {
        let number = self.deals.intern(deal_id);
        if number as usize == self.last_of_deal.len() {
            self.last_of_deal.push(None);
        }
        number
    }

    /// Takes a settlement that decoded and passed its own checks.
    pub fn settlement(&mut self, position: Position, settled: &DealSettled<'_>) -> Taken {
        let hash = hash_of(&DealSettled { occurred_at: 0, ..settled.clone() });
        let currency = self.texts.intern(settled.currency);
        let number = self.deal_number(settled.deal_id);
        let known = self.settlements.entry(number).or_default();
        if let Some(twin) = known.iter().find(|other| other.id == settled.settlement_id) {
            return if twin.hash == hash { Taken::Duplicate } else { Taken::Conflict };
        }
        if known.len() >= MAXIMUM_SETTLEMENTS {
            return Taken::TooMany;
        }
        known.push(Settlement {
            id: settled.settlement_id.into(),
            partition: position.partition,
            offset: position.offset,
            currency,
            on: settled.on,
            amount: match settled.kind {
                SettlementKind::Invoiced => 0,
                SettlementKind::Collected => settled.amount.0,
                SettlementKind::Refunded => -settled.amount.0,
            },
            invoiced: if settled.kind == SettlementKind::Invoiced { settled.amount.0 } else { 0 },
            hash,
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

    /// Keeps what a deal says and returns where.
    fn keep(&mut self, deal: &DealClosed<'_>) -> usize {
        let lines = deal.lines.iter().map(|line| Line {
            id: self.texts.intern(line.line_id),
            amount: line.amount.0,
            cost: line.cost.map(|cost| cost.0),
            quantity: line.quantity.0,
            product: self.texts.intern(line.product),
            geography: line.geography.map(|text| self.texts.intern(text)),
            segment: line.segment.map(|text| self.texts.intern(text)),
            shares: shares((&mut self.payees, &mut self.texts), &line.splits),
        });
        let lines = lines.collect();
        let customer = deal.customer.map(|text| self.texts.intern(text));
        let stated = deal.attributes.iter().map(|(name, value)| {
            let value = match value {
                Attribute::Text(text) => Stated::Text(self.texts.intern(text)),
                Attribute::Number(number) => Stated::Number(*number),
                Attribute::Date(date) => Stated::Date(*date),
            };
            (self.texts.intern(name), value)
        });
        let attributes = stated.collect();
        let currency = self.texts.intern(deal.currency);
        let shares = shares((&mut self.payees, &mut self.texts), &deal.splits);
        let DealClosed { closed_on, sequence, kind, .. } = *deal;
        let content = Content { closed_on, sequence, currency, kind, customer, attributes, lines, shares };
        let start = self.contents.len();
        self.contents.extend(bytes_of(&content));
        start
    }

    /// What a revision says, when it credits something.
    pub(super) fn content(&self, revision: &Revision) -> Option<Content> {
        let bytes = &self.contents[revision.content?..];
        postcard::take_from_bytes(bytes).ok().map(|(content, _)| content)
    }

    /// Takes a quota statement that decoded and passed its own checks.
    pub fn quota(&mut self, position: Position, quota: &QuotaChanged<'_>) -> Taken {
        let key = QuotaKey {
            payee: self.payees.intern(quota.payee_id),
            measure: self.texts.intern(quota.measure),
            calendar: self.texts.intern(quota.calendar),
            interval: quota.interval,
        };
        let hash = hash_of(&QuotaChanged { occurred_at: 0, ..quota.clone() });
        let statements = self.quotas.entry(key).or_insert_with(|| Vec::with_capacity(1));
        if let Some(twin) = statements.iter().find(|other| other.revision == quota.revision) {
            return if twin.hash == hash { Taken::Duplicate } else { Taken::Conflict };
        }
        statements.push(Statement {
            partition: position.partition,
            offset: position.offset,
            revision: quota.revision,
            amount: quota.amount.map(|amount| amount.0),
            applies_from: quota.applies_from,
            hash,
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
            FactBody::TerritoriesDefined(territories) => {
                for assignment in &territories.assignments {
                    self.payees.intern(&assignment.payee_id);
                }
            }
            FactBody::MeasureDefined(measure) => {
                self.texts.intern(&measure.measure_id);
                let filters = [&measure.products, &measure.geographies, &measure.segments, &measure.customers, &measure.roles];
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

    /// Puts another plan where exactly this one was stated; false where it was not.
    pub fn replace_plan(&mut self, from: &Plan, to: &Plan) -> bool {
        let mut found = false;
        for (_, fact) in &mut self.facts {
            if let FactBody::PlanDefined(plan) = &mut fact.body
                && plan == from
            {
                plan.clone_from(to);
                found = true;
            }
        }
        found
    }

    /// Takes a note of `closes`. Only what the source partitions say matters: a run is recomputed, not believed.
    pub fn close_note(&mut self, note: &CloseNote) {
        if let CloseNote::SourceClosed { close_id, partition, deal_closed, quota_changed, deal_settled, adjustment_made } = note {
            let next = NextOffsets {
                deals: *deal_closed,
                quotas: *quota_changed,
                settlements: *deal_settled,
                adjustments: *adjustment_made,
            };
            self.closed.entry(close_id.clone()).or_default().entry(*partition).or_insert(next);
        }
    }
}

fn shares((payees, texts): (&mut Names, &mut Names), splits: &[Split<'_>]) -> Vec<Share> {
    let share = |split: &Split<'_>| {
        let (payee, role) = (payees.intern(split.payee_id), texts.intern(split.role));
        Share { payee, role, millionths: split.share.0, counts: split.counts }
    };
    splits.iter().map(share).collect()
}

/// 64 bits of a hash: it is compared only with what came under the same revision.
pub(super) fn hash_of<T: Serialize>(record: &T) -> u64 {
    let hash = blake3::hash(&bytes_of(record));
    hash.as_bytes()[..8].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

/// Plain records in memory: writing them cannot fail.
fn bytes_of<T: Serialize>(record: &T) -> Vec<u8> {
    postcard::to_stdvec(record).unwrap_or_default()
}
