//! Who gets what: the newest revision of every deal before a cut, shared out and summed per payee, measure and period.
//!
//! Sums are exact, at 10^-12. Leaves out what they earn (`rewards`).

use super::currencies;
use super::dated::Come;
use super::deals::{by_deals, earns_by_deal};
use super::filters::Filter;
use super::history::{Content, History, Line, NextOffsets, Revision};
use super::later::asks_for_returns;
use super::lookups::{is_lookup, shown};
use super::returns::{Back, backs};
use super::tables::measures_of;
use super::territories;
use super::world::World;
use crate::wire::records::{Component, Counts, CreditKind, Date, DatedBy, LineKey, Period, Reason};
use ethnum::I256;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Which inputs count: all, or per source partition those before a close's next offsets.
#[derive(Clone, Copy)]
pub(super) enum Until<'a> {
    End,
    Close(&'a BTreeMap<u32, NextOffsets>),
}

impl Until<'_> {
    pub(super) fn holds_deal(self, partition: u32, offset: u64) -> bool {
        self.next_offsets(partition).is_none_or(|next| offset < next.deals)
    }

    pub(super) fn holds_quota(self, partition: u32, offset: u64) -> bool {
        self.next_offsets(partition).is_none_or(|next| offset < next.quotas)
    }

    pub(super) fn holds_adjustment(self, partition: u32, offset: u64) -> bool {
        self.next_offsets(partition).is_none_or(|next| offset < next.adjustments)
    }

    pub(super) fn holds_settlement(self, partition: u32, offset: u64) -> bool {
        self.next_offsets(partition).is_none_or(|next| offset < next.settlements)
    }

    fn next_offsets(self, partition: u32) -> Option<NextOffsets> {
        match self {
            Until::End => None,
            Until::Close(partitions) => Some(partitions.get(&partition).copied().unwrap_or_default()),
        }
    }
}

/// The sum of a payee, a measure (its place in the world's order) and a pay period.
#[derive(Clone)]
pub(super) struct Sum {
    pub(super) payee: u32,
    pub(super) measure: u32,
    pub(super) period: Period,
    pub(super) sum: I256,
}

/// What a deal gave a payee in a measure whose deals somebody is paid for one by one.
#[derive(Clone)]
pub(super) struct DealSum {
    pub(super) deal: u32,
    pub(super) payee: u32,
    pub(super) measure: u32,
    pub(super) period: Period,
    /// Its place among the deals of the payee: close date, stated sequence (none first), id.
    pub(super) place: (Date, Option<i64>, String),
    pub(super) sum: I256,
    /// Of what was taken back: since when.
    pub(super) on: Date,
}

/// What a deal's lines total, and what was paid for it, in millionths.
pub(super) struct Paid {
    pub(super) total: i128,
    pub(super) on: Vec<(Date, i128)>,
}

/// What a line shows of itself, and what a measure counts of it in millionths, before anybody's share.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) values: Vec<(LineKey, String)>,
    pub(super) size: i128,
}

/// By payee, measure and pay period: the lines of measures that tables are looked up for, each with the payee's part. What a
/// person credits shows nothing.
pub(super) type Lines = FxHashMap<Key, Vec<(Option<Shown>, I256)>>;

/// A payee, a measure and a pay period.
type Key = (u32, u32, Period);

/// What counts of a line, and the payee's part of it.
type Given = BTreeMap<Key, (i128, I256)>;

/// What a deal gives, and of measures that tables are looked up for line by line.
struct Gave {
    sums: BTreeMap<Key, I256>,
    lines: Vec<(Key, Shown, I256)>,
}

pub(super) struct Sums {
    pub(super) lines: Lines,
    /// In order of payee and place.
    pub(super) deals: Vec<DealSum>,
    /// What was taken back of deals, of the measures for which it is asked.
    pub(super) backs: Vec<DealSum>,
    /// Deals for which something was paid, or that amount to nothing.
    pub(super) paid: FxHashMap<u32, Paid>,
    /// In order.
    pub(super) sums: Vec<Sum>,
    /// Deals that wait for a fact, by number.
    pub(super) parked: Vec<(u32, Reason)>,
}

impl Sums {
    pub(super) fn of(&self, payee: u32) -> &[Sum] {
        let first = self.sums.partition_point(|sum| sum.payee < payee);
        let after = self.sums.partition_point(|sum| sum.payee <= payee);
        &self.sums[first..after]
    }
}

/// Shares out every deal and sums what the measures count.
pub(super) fn measure(history: &History, world: &World<'_>, until: Until<'_>) -> Sums {
    let mut counting = Counting {
        history,
        world,
        measures: world.measures.values().map(|measure| Filter::new(measure, history)).collect(),
        by_deal: places_of(world, |component, id| component.measure == id && (by_deals(component) || earns_by_deal(component))),
        by_line: places_of(world, |component, id| component.measure == id && is_lookup(component)),
        asked_back: places_of(world, |component, id| {
            // What counts in parts is taken back as it is refunded.
            let by_deal = world.measures.get(id).is_some_and(|measure| measure.dated_by == DatedBy::Deal);
            by_deal && asks_for_returns(component) && measures_of(component).contains(&id)
        }),
        until,
        sums: FxHashMap::default(),
        lines: Lines::default(),
        deals: Vec::new(),
        backs: Vec::new(),
    };
    let (mut parked, mut paid) = (Vec::new(), FxHashMap::default());
    for revision in newest_revisions(history, until) {
        let content = history.content(revision);
        let known = history.revisions_of(revision.deal).filter(|of| until.holds_deal(of.partition, of.offset));
        let backs = if counting.asked_back.is_empty() { Vec::new() } else { backs(history, known.collect()) };
        if let Err(reason) = counting.deal(revision.deal, content.as_ref(), &backs) {
            parked.push((revision.deal, reason));
        }
        let of_deal = match content {
            Some(content) => paid_for(history, revision.deal, &content, until),
            // Of a deal of which nothing is left there is nothing to be paid for.
            None => Some(Paid { total: 0, on: Vec::new() }).filter(|_| !backs.is_empty()),
        };
        paid.extend(of_deal.map(|of_deal| (revision.deal, of_deal)));
    }
    counting.by_hand(until, &mut paid);
    let summed = counting.sums.into_iter().map(|((payee, measure, period), sum)| Sum { payee, measure, period, sum });
    let mut sums: Vec<Sum> = summed.collect();
    sums.sort_unstable_by_key(|sum| (sum.payee, sum.measure, sum.period));
    let mut deals = counting.deals;
    deals.sort_by(|one, other| (one.payee, &one.place).cmp(&(other.payee, &other.place)));
    Sums { lines: counting.lines, deals, backs: counting.backs, paid, sums, parked }
}

/// What was paid for a deal in its own currency.
fn paid_for(history: &History, deal: u32, content: &Content, until: Until<'_>) -> Option<Paid> {
    let total = content.lines.iter().map(|line| line.amount).sum();
    let settlements = history.settlements.get(&deal);
    let known = settlements.into_iter().flatten().filter(|of| until.holds_settlement(of.partition, of.offset));
    let on: Vec<(Date, i128)> = known.filter(|of| of.currency == content.currency).map(|of| (of.on, of.amount)).collect();
    (total == 0 || !on.is_empty()).then_some(Paid { total, on })
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

/// The places of measures that any component looks at in such a way.
fn places_of(world: &World<'_>, looks: impl Fn(&Component, &str) -> bool) -> Vec<u32> {
    let components = || world.plans.values().flatten().flat_map(|plan| &plan.components);
    let places = world.measures.keys().enumerate().filter(|(_, id)| components().any(|component| looks(component, id)));
    places.map(|(place, _)| place as u32).collect()
}

pub(super) struct Counting<'a> {
    pub(super) history: &'a History,
    pub(super) world: &'a World<'a>,
    pub(super) until: Until<'a>,
    measures: Vec<Filter>,
    /// Places of the measures that a component reads deal by deal.
    pub(super) by_deal: Vec<u32>,
    /// Places of the measures that a component looks up by line.
    pub(super) by_line: Vec<u32>,
    pub(super) lines: Lines,
    /// Places of the measures of which it is asked what was taken back.
    asked_back: Vec<u32>,
    pub(super) sums: FxHashMap<(u32, u32, Period), I256>,
    pub(super) deals: Vec<DealSum>,
    backs: Vec<DealSum>,
}

/// A payee's share of a line.
struct Credit {
    payee: u32,
    kind: CreditKind,
    millionths: u32,
    /// Of the split that names the payee.
    role: Option<u32>,
}

impl Counting<'_> {
    /// Adds a deal's credits and what was taken back of them, or nothing when it lacks a fact.
    fn deal(&mut self, number: u32, deal: Option<&Content>, backs: &[Back]) -> Result<(), Reason> {
        let now = deal.map(|deal| self.given(number, deal, None)).transpose()?;
        let taken = backs.iter().map(|back| self.given(number, &back.content, Some(back))).collect::<Result<Vec<_>, Reason>>()?;
        let deal_id = self.history.deals.text(number).to_string();
        let deal_sum = |deal: &Content, (payee, measure, period): Key, sum, on| {
            let place = (deal.closed_on, deal.sequence, deal_id.clone());
            DealSum { deal: number, payee, measure, period, place, sum, on }
        };
        for (deal, Gave { sums, lines }) in deal.into_iter().zip(now) {
            for (key, shown, sum) in lines {
                self.lines.entry(key).or_default().push((Some(shown), sum));
            }
            for (key, sum) in sums {
                *self.sums.entry(key).or_insert(I256::ZERO) += sum;
                // A deal that gives nothing is none: it waits for no quota.
                if self.by_deal.contains(&key.1) && sum != I256::ZERO {
                    self.deals.push(deal_sum(deal, key, sum, deal.closed_on));
                }
            }
        }
        for (back, Gave { sums, .. }) in backs.iter().zip(taken) {
            for (key, sum) in sums.into_iter().filter(|((_, measure, _), _)| self.asked_back.contains(measure)) {
                // Where nothing is left, something is looked at all the same.
                self.sums.entry(key).or_insert(I256::ZERO);
                if sum != I256::ZERO {
                    self.backs.push(deal_sum(&back.content, key, sum, back.on));
                }
            }
        }
        Ok(())
    }

    /// What a deal, or what was taken back of it on a day, gives.
    fn given(&self, number: u32, deal: &Content, back: Option<&Back>) -> Result<Gave, Reason> {
        let period = self.period_of(deal)?;
        let shared: Result<Vec<_>, Reason> = deal.lines.iter().map(|line| self.credits(deal, line)).collect();
        let shared = shared?;
        self.convertible(deal, &shared)?;
        self.is_stated(deal, &shared)?;
        let come = Come::new(self, number, deal, period);
        let (mut sums, mut lines) = (BTreeMap::new(), Vec::new());
        for (place, credits) in shared.iter().enumerate() {
            let mut of_line = Given::new();
            self.count(deal, place, credits, (back, &come), &mut of_line);
            for (key, (size, sum)) in of_line {
                *sums.entry(key).or_insert(I256::ZERO) += sum;
                if self.by_line.contains(&key.1) {
                    lines.push((key, shown(self.history, deal, &deal.lines[place], size), sum));
                }
            }
        }
        Ok(Gave { sums, lines })
    }

    /// The pay period of the close date; what is missing for it is asked in the order of the reasons to park.
    fn period_of(&self, deal: &Content) -> Result<Period, Reason> {
        self.world.company.ok_or(Reason::UnknownCalendar)?;
        self.world.calendar.ok_or(Reason::UnknownCalendar)?;
        self.world.period_of(deal.closed_on).ok_or(Reason::NoSuchPeriod)
    }

    /// Every line with a measure, by id, that counts a credit of it.
    fn counting<'c>(&'c self, deal: &'c Content, shared: &'c [Vec<Credit>]) -> impl Iterator<Item = (&'c Filter, &'c Line)> {
        let lines = move |filter: &'c Filter| {
            let counts = |credits: &[Credit]| credits.iter().any(|credit| filter.takes_credit(credit.kind, credit.role));
            let of = deal.lines.iter().zip(shared).filter(move |(line, credits)| filter.takes(deal, line) && counts(credits));
            of.map(move |(line, _)| (filter, line))
        };
        self.measures.iter().flat_map(lines)
    }

    /// Whether every measure of money can count the deal in its own currency.
    fn convertible(&self, deal: &Content, shared: &[Vec<Credit>]) -> Result<(), Reason> {
        let currency = self.history.texts.text(deal.currency);
        for (filter, line) in self.counting(deal, shared).filter(|(filter, _)| filter.is_money) {
            currencies::counted(self.world, deal, currency, filter, filter.worth(deal, line).unwrap_or(0))?;
        }
        Ok(())
    }

    /// Whether the deal says what measures sum that let it wait.
    fn is_stated(&self, deal: &Content, shared: &[Vec<Credit>]) -> Result<(), Reason> {
        let mut lacking = self.counting(deal, shared).filter(|(filter, _)| filter.parks);
        match lacking.find(|(filter, line)| filter.worth(deal, line).is_none()) {
            Some((filter, _)) => Err(filter.lacks()),
            None => Ok(()),
        }
    }

    fn credits(&self, deal: &Content, line: &Line) -> Result<Vec<Credit>, Reason> {
        let crediting = territories::crediting(self.world.territories, deal.closed_on);
        let rolls = |kind: CreditKind| crediting.is_some_and(|row| row.roll_up.contains(&kind));
        let mut credits = Vec::new();
        let mut rolled: BTreeMap<u32, u32> = BTreeMap::new();
        for share in deal.shares_of(line) {
            if !self.world.seated(share.payee, deal.closed_on) {
                return Err(Reason::UnknownPayee);
            }
            let kind = if share.counts == Counts::Revenue { CreditKind::Revenue } else { CreditKind::Overlay };
            credits.push(Credit { payee: share.payee, kind, millionths: share.millionths, role: Some(share.role) });
            if kind == CreditKind::Revenue || rolls(kind) {
                self.roll(share.payee, share.millionths, deal.closed_on, &mut rolled)?;
            }
        }
        for (payee, millionths) in self.by_territory(deal, line)? {
            credits.push(Credit { payee, kind: CreditKind::Territory, millionths, role: None });
            if rolls(CreditKind::Territory) {
                self.roll(payee, millionths, deal.closed_on, &mut rolled)?;
            }
        }
        let above = |(payee, millionths)| Credit { payee, kind: CreditKind::Rolled, millionths, role: None };
        credits.extend(rolled.into_iter().map(above));
        Ok(credits)
    }

    /// What territories give of a line. One that names nobody waits where they give nothing.
    fn by_territory(&self, deal: &Content, line: &Line) -> Result<BTreeMap<u32, u32>, Reason> {
        let asked = self.world.territories.filter(|stated| territories::crediting(Some(stated), deal.closed_on).is_some());
        match asked {
            Some(stated) => {
                let seated = |payee| self.world.seated(payee, deal.closed_on);
                territories::shares(self.history, stated, deal, line, seated)
            }
            None if deal.shares_of(line).is_empty() => Err(Reason::UnknownTerritory),
            None => Ok(BTreeMap::new()),
        }
    }

    /// Adds a direct share to everyone above its payee who holds a seat; nobody gets more than the line.
    fn roll(&self, payee: u32, millionths: u32, date: Date, rolled: &mut BTreeMap<u32, u32>) -> Result<(), Reason> {
        let above = self.world.ancestors(payee, date).map_err(|_| Reason::UnknownPayee)?;
        for ancestor in above.into_iter().filter(|ancestor| ancestor.seated) {
            let sum = rolled.entry(ancestor.payee).or_default();
            *sum = 1_000_000.min(*sum + millionths);
        }
        Ok(())
    }

    /// Adds what a line gives by payee, measure and pay period, with what counts of it before anybody's share.
    fn count(&self, deal: &Content, at: usize, credits: &[Credit], (back, come): (Option<&Back>, &Come), given: &mut Given) {
        let (currency, line) = (self.history.texts.text(deal.currency), &deal.lines[at]);
        for (place, filter) in self.measures.iter().enumerate().filter(|(_, filter)| filter.takes(deal, line)) {
            // A deal counts with the first line that counts anything, and is taken back as one on the day since which none of
            // them is left.
            let counts =
                |other: &usize| filter.takes(deal, &deal.lines[*other]) && filter.worth(deal, &deal.lines[*other]).is_some();
            let mut counting = (0..deal.lines.len()).filter(counts);
            let gone = |back: &Back| {
                let days: Option<Vec<Date>> = (0..deal.lines.len()).filter(counts).map(|other| back.without[other]).collect();
                days.is_some_and(|days| days.into_iter().max() == Some(back.on))
            };
            if filter.once && (counting.next() != Some(at) || !back.is_none_or(gone)) {
                continue;
            }
            let worth = |line: &Line| {
                let own = filter.worth(deal, line).unwrap_or(0);
                let converted = || currencies::counted(self.world, deal, currency, filter, own).unwrap_or(0);
                if filter.is_money { converted() } else { own }
            };
            let whole = worth(line);
            let others = deal.lines[..at].iter().filter(|other| !filter.once && filter.takes(deal, other));
            let parts = come.parts(filter.dated_by, others.map(worth).sum(), whole);
            for credit in credits.iter().filter(|credit| filter.takes_credit(credit.kind, credit.role)) {
                for (period, part) in &parts {
                    let (size, sum) = given.entry((credit.payee, place as u32, *period)).or_insert((0, I256::ZERO));
                    *size = whole;
                    *sum += I256::from(*part) * I256::from(credit.millionths);
                }
            }
        }
    }
}
