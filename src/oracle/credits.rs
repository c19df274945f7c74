//! Who gets what: the newest revision of every deal before a cut, shared out and summed per payee, measure and period.
//!
//! Sums are exact, at 10^-12. Leaves out what they earn (`rewards`).

use super::history::{History, Line, Revision, Share};
use super::world::World;
use crate::wire::records::{Counts, CreditKind, DealKind, Measure, MeasureOf, Period, Reason};
use ethnum::I256;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// Which inputs count: all, or per source partition those before a close's next offsets (deals, quotas).
#[derive(Clone, Copy)]
pub(super) enum Until<'a> {
    End,
    Close(&'a BTreeMap<u32, (u64, u64)>),
}

impl Until<'_> {
    pub(super) fn holds_deal(self, partition: u32, offset: u64) -> bool {
        self.next_offsets(partition).is_none_or(|(deals, _)| offset < deals)
    }

    pub(super) fn holds_quota(self, partition: u32, offset: u64) -> bool {
        self.next_offsets(partition).is_none_or(|(_, quotas)| offset < quotas)
    }

    fn next_offsets(self, partition: u32) -> Option<(u64, u64)> {
        match self {
            Until::End => None,
            Until::Close(partitions) => Some(partitions.get(&partition).copied().unwrap_or((0, 0))),
        }
    }
}

/// The sums of one payee, by measure (its place in the world's order) and pay period.
pub(super) type PayeeSums = BTreeMap<(u32, Period), I256>;

#[derive(Default)]
pub(super) struct Sums {
    pub(super) by_payee: BTreeMap<u32, PayeeSums>,
    /// Deals that wait for a fact, by number.
    pub(super) parked: Vec<(u32, Reason)>,
}

/// Shares out every deal and sums what the measures count.
pub(super) fn measure(history: &History, world: &World<'_>, until: Until<'_>) -> Sums {
    let mut counting = Counting {
        history,
        world,
        measures: world.measures.values().map(|measure| Filter::new(measure, history)).collect(),
        sums: FxHashMap::default(),
    };
    let mut parked = Vec::new();
    for revision in newest_revisions(history, until).filter(|revision| revision.closed) {
        if let Err(reason) = counting.deal(revision) {
            parked.push((revision.deal, reason));
        }
    }
    let mut by_payee: BTreeMap<u32, PayeeSums> = BTreeMap::new();
    for ((payee, measure, period), sum) in counting.sums {
        by_payee.entry(payee).or_default().insert((measure, period), sum);
    }
    Sums { by_payee, parked }
}

/// Of every deal the accepted revision with the highest number before the cut.
fn newest_revisions<'h>(history: &'h History, until: Until<'_>) -> impl Iterator<Item = &'h Revision> {
    let mut newest: Vec<Option<u32>> = vec![None; history.deals.len()];
    for (place, revision) in history.revisions.iter().enumerate() {
        let best = &mut newest[revision.deal as usize];
        let higher = best.is_none_or(|best| history.revisions[best as usize].number < revision.number);
        if higher && until.holds_deal(revision.partition, revision.offset) {
            *best = Some(place as u32);
        }
    }
    newest.into_iter().flatten().map(|place| &history.revisions[place as usize])
}

struct Counting<'a> {
    history: &'a History,
    world: &'a World<'a>,
    measures: Vec<Filter>,
    sums: FxHashMap<(u32, u32, Period), I256>,
}

/// A payee's share of a line.
struct Credit {
    payee: u32,
    kind: CreditKind,
    millionths: u32,
}

impl Counting<'_> {
    /// Adds a deal's credits, or none of them when it lacks a fact.
    fn deal(&mut self, revision: &Revision) -> Result<(), Reason> {
        let period = self.period_of(revision)?;
        let lines = self.history.lines_of(revision);
        let shared: Result<Vec<_>, Reason> = lines.iter().map(|line| self.credits(revision, line)).collect();
        for (line, credits) in lines.iter().zip(shared?) {
            self.count(period, revision.kind, line, &credits);
        }
        Ok(())
    }

    /// The pay period of the close date; what is missing for it is asked in the order of the reasons to park.
    fn period_of(&self, revision: &Revision) -> Result<Period, Reason> {
        let company = self.world.company.ok_or(Reason::UnknownCalendar)?;
        if **self.history.texts.text(revision.currency) != *company.currency {
            return Err(Reason::OtherCurrency);
        }
        self.world.calendar.ok_or(Reason::UnknownCalendar)?;
        self.world.period_of(revision.closed_on).ok_or(Reason::NoSuchPeriod)
    }

    fn credits(&self, revision: &Revision, line: &Line) -> Result<Vec<Credit>, Reason> {
        let mut credits = Vec::new();
        let mut rolled: BTreeMap<u32, u32> = BTreeMap::new();
        for share in self.history.shares_of(line) {
            if !self.world.seated(share.payee, revision.closed_on) {
                return Err(Reason::UnknownPayee);
            }
            let kind = if share.counts == Counts::Revenue { CreditKind::Revenue } else { CreditKind::Overlay };
            credits.push(Credit { payee: share.payee, kind, millionths: share.millionths });
            if kind == CreditKind::Revenue {
                self.roll(share, revision, &mut rolled)?;
            }
        }
        let rolled = rolled.into_iter().map(|(payee, millionths)| Credit { payee, kind: CreditKind::Rolled, millionths });
        credits.extend(rolled);
        Ok(credits)
    }

    /// Adds a direct share to everyone above its payee who holds a seat.
    fn roll(&self, share: &Share, revision: &Revision, rolled: &mut BTreeMap<u32, u32>) -> Result<(), Reason> {
        let above = self.world.ancestors(share.payee, revision.closed_on).map_err(|_| Reason::UnknownPayee)?;
        for ancestor in above.into_iter().filter(|ancestor| ancestor.seated) {
            *rolled.entry(ancestor.payee).or_default() += share.millionths;
        }
        Ok(())
    }

    fn count(&mut self, period: Period, deal_kind: Option<DealKind>, line: &Line, credits: &[Credit]) {
        for (place, filter) in self.measures.iter().enumerate().filter(|(_, filter)| filter.takes(deal_kind, line)) {
            for credit in credits.iter().filter(|credit| filter.takes_kind(credit.kind)) {
                let part = match filter.of {
                    MeasureOf::Amount => line.amount * i128::from(credit.millionths),
                    MeasureOf::Quantity => i128::from(line.quantity) * i128::from(credit.millionths) * 100,
                };
                *self.sums.entry((credit.payee, place as u32, period)).or_insert(I256::ZERO) += I256::from(part);
            }
        }
    }
}

/// A measure's filter over numbered texts; an empty list matches everything.
struct Filter {
    of: MeasureOf,
    credit_kinds: Vec<CreditKind>,
    products: FxHashSet<u32>,
    geographies: FxHashSet<u32>,
    segments: FxHashSet<u32>,
    deal_kinds: Vec<DealKind>,
}

impl Filter {
    fn new(measure: &Measure, history: &History) -> Filter {
        let numbers = |texts: &[String]| texts.iter().filter_map(|text| history.texts.find(text)).collect();
        Filter {
            of: measure.of,
            credit_kinds: measure.credit_kinds.clone(),
            products: numbers(&measure.products),
            geographies: numbers(&measure.geographies),
            segments: numbers(&measure.segments),
            deal_kinds: measure.deal_kinds.clone(),
        }
    }

    fn takes_kind(&self, kind: CreditKind) -> bool {
        self.credit_kinds.is_empty() || self.credit_kinds.contains(&kind)
    }

    fn takes(&self, deal_kind: Option<DealKind>, line: &Line) -> bool {
        let lists = [(&self.products, Some(line.product)), (&self.geographies, line.geography), (&self.segments, line.segment)];
        let attributes = lists.iter().all(|(list, text)| list.is_empty() || text.is_some_and(|text| list.contains(&text)));
        attributes && (self.deal_kinds.is_empty() || deal_kind.is_some_and(|kind| self.deal_kinds.contains(&kind)))
    }
}
