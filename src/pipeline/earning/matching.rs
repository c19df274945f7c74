//! What a group of credits counts, as it was told: in which measures, of which lines, and at which rates.
//!
//! Leaves out into which sums it goes (`counting`).

use super::dating::Part;
use super::inputs::{DealKey, Inputs};
use super::looking_up::matched_rows;
use crate::domain::calendar::Date;
use crate::domain::currency::{converted, is_rate_into};
use crate::domain::fact::CreditKind;
use crate::domain::measure::{DatedBy, DealView, LineView, Measure};
use crate::domain::money::{Amount, CurrencyRate};
use crate::domain::settlement::Dated;
use crate::domain::world::{DefinedMeasure, Lookups};
use crate::pipeline::packed::{Allocation, CreditGroup, CreditLine, Details, PackedCredits};

/// A group of credits as it was told.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) group: &'a CreditGroup<'a>,
    /// Of the splits of its allocations, in the record's texts. `None`: no measure reads any.
    pub(super) roles: Option<&'a [Option<u32>]>,
    pub(super) sequence: Option<i64>,
    /// The company's currency.
    pub(super) company: &'a str,
    /// By name, in the record's texts. `None`: its amounts are in the company's currency.
    pub(super) rates: Option<&'a [(u32, CurrencyRate)]>,
    /// `None`: no measure reads any.
    pub(super) details: Option<&'a Details<'a>>,
    /// Of what was taken back of the deal: the day, and by line the one since which it is gone.
    pub(super) returned: Option<(Date, &'a [Option<Date>])>,
    /// `None`: no measure is dated by settlements.
    pub(super) dated: Option<&'a Dated>,
}

impl<'a> Told<'a> {
    /// What is given, each with the role of its split.
    pub(super) fn allocations(self, packed: &'a PackedCredits<'_>) -> impl Iterator<Item = (&'a Allocation, Option<&'a str>)> {
        let text = move |place: u32| packed.texts.get(place as usize).copied();
        let role = move |at: usize| self.roles?.get(at).copied().flatten().and_then(text);
        self.group.allocations.iter().enumerate().map(move |(at, allocation)| (allocation, role(at)))
    }

    /// How a measure of money counts its amounts: as they are, or at a rate. `None`: it was told before the measure came.
    fn rate_for(&self, measure: &Measure, packed: &PackedCredits<'_>) -> Option<Option<CurrencyRate>> {
        let into = measure.currency.as_deref().filter(|currency| *currency != self.company);
        let Some(rates) = self.rates else { return into.is_none().then_some(None) };
        let text = |place: u32| packed.texts.get(place as usize).copied().unwrap_or_default();
        let stated =
            |rate_type: &str, into: Option<&str>| rates.iter().find(|(name, _)| is_rate_into(text(*name), rate_type, into));
        if stated("", Some(into.unwrap_or(self.company))).is_some() {
            return Some(None);
        }
        stated(measure.rate_type.as_deref()?, into).map(|(_, rate)| Some(*rate))
    }

    /// What was given before a fact counts by itself in nothing that the fact began.
    pub(super) fn counts(&self, packed: &PackedCredits<'_>, began: u64) -> bool {
        began < packed.facts_next && self.group.backfill_from.is_none_or(|from| began >= from)
    }
}

/// What a measure, or a row of a table, takes of a group, before the share: of each line and of all; nothing and `None` when it
/// does not fit.
pub(super) struct Matched<'w> {
    pub(super) measure: &'w Measure,
    /// What the sum is kept under.
    pub(super) key: &'w str,
    /// It counts in the measure's sum, in its list of deals, or in both.
    pub(super) summed: bool,
    pub(super) listed: bool,
    /// It counts in what was returned on this day, and nowhere else.
    pub(super) returned: Option<Date>,
    pub(super) lines: Vec<i128>,
    pub(super) whole: Option<i128>,
}

impl Matched<'_> {
    pub(super) fn add(&self, inputs: &mut Inputs, place: u8, deal: DealKey<'_>, kind: CreditKind, value: i128) -> Option<()> {
        if let Some(on) = self.returned {
            return inputs.add_returned(self.key, place, deal, on, value);
        }
        if self.summed {
            inputs.sum_mut(self.key, place).add(kind, value)?;
        }
        if self.listed { inputs.add_deal(self.key, place, deal, value) } else { Some(()) }
    }
}

/// The measures, dated by the deal or as a part of it is, and rows of tables of such, that a group counts in, of what is told
/// since a fact.
pub(super) fn matched<'w>(
    (measures, lookups): (&'w [DefinedMeasure], &'w Lookups),
    packed: &PackedCredits<'_>,
    told: Told<'_>,
    (since, part): (u64, Option<Part>),
) -> Vec<Matched<'w>> {
    let counts = |began: u64| told.counts(packed, began.max(since));
    let of = |defined: &'w DefinedMeasure| {
        if defined.measure.earnings.is_some() {
            return None;
        }
        let began = |began: Option<u64>| began.is_some_and(counts);
        let (summed, listed) = match told.returned {
            Some(_) => (false, false),
            None => (counts(defined.offset), began(defined.listed)),
        };
        let returned = told.returned.map(|(on, _)| on).filter(|_| began(defined.returned));
        if !summed && !listed && returned.is_none() {
            return None;
        }
        let taken = taken(&defined.measure, packed, told);
        if taken.iter().all(|value| *value == 0) {
            return None;
        }
        let lines = came(part, taken);
        let whole = whole_of(lines.as_deref());
        let (measure, lines) = (&defined.measure, lines.unwrap_or_default());
        Some(Matched { measure, key: &measure.measure_id, summed, listed, returned, lines, whole })
    };
    let dated_by = part.map_or(DatedBy::Deal, |part| part.by);
    let dated = |defined: &&DefinedMeasure| defined.measure.dated_by == dated_by;
    let sums = measures.iter().filter(dated).filter_map(of);
    let rows = lookups.tables.iter().flat_map(|table| {
        let defined = measures.iter().filter(dated).find(|defined| defined.measure.measure_id == table.measure_id);
        defined.map(|defined| matched_rows((table, defined), packed, told, (since, part))).unwrap_or_default()
    });
    sums.chain(rows).collect()
}

/// What counts of lines: all of them, or what came of each; `None` where it does not fit.
pub(super) fn came(part: Option<Part>, lines: Vec<i128>) -> Option<Vec<i128>> {
    match part {
        Some(part) => part.of(&lines),
        None => Some(lines),
    }
}

pub(super) fn whole_of(lines: Option<&[i128]>) -> Option<i128> {
    lines?.iter().try_fold(0i128, |sum, line| sum.checked_add(*line))
}

/// What a measure takes of each line, before the share: 0 where its filter does not match, or the deal does not say it.
pub(super) fn taken(measure: &Measure, packed: &PackedCredits<'_>, told: Told<'_>) -> Vec<i128> {
    let Told { group, details, returned, .. } = told;
    let text = |place: u32| packed.texts.get(place as usize).copied();
    let (customer, attributes) = details.map_or((None, &[][..]), |of| (of.customer, &of.attributes));
    let deal = DealView { kind: group.kind, customer, attributes };
    if !measure.takes_deal(deal) {
        return vec![0; group.lines.len()];
    }
    let rate = if measure.is_money() { told.rate_for(measure, packed) } else { Some(None) };
    let line_value = |(place, line): (usize, &CreditLine)| {
        let view = LineView {
            product: text(line.product),
            geography: line.geography.and_then(text),
            segment: line.segment.and_then(text),
            amount: line.amount,
            quantity: line.quantity,
            cost: details.and_then(|details| details.costs.get(place).copied().flatten()),
        };
        let value = measure.value(deal, view).filter(|_| measure.takes_line(view)).unwrap_or(0);
        match rate {
            Some(None) => value,
            // Crediting gives nothing of a deal that does not fit. What it gave before is told to a later measure once and
            // taken back once: nothing either.
            Some(Some(rate)) => converted(Amount(value), rate).map_or(0, |amount| amount.0),
            // A measure that came behind the deal has no rate among these: what is told next has.
            None => 0,
        }
    };
    let mut taken: Vec<i128> = group.lines.iter().enumerate().map(line_value).collect();
    if measure.counts_once() {
        // The deal counts with the first of them, and is returned on the day since which none of them is left.
        let counted = |(place, value): (usize, &i128)| (*value != 0).then_some(place);
        let gone = |(on, gone): (Date, &[Option<Date>])| {
            let days = taken.iter().enumerate().filter_map(counted).map(|place| gone.get(place).copied().flatten());
            days.collect::<Option<Vec<Date>>>().and_then(|days| days.into_iter().max()) == Some(on)
        };
        let first = taken.iter().position(|value| *value != 0).filter(|_| returned.is_none_or(gone));
        taken.iter_mut().enumerate().filter(|(place, _)| Some(*place) != first).for_each(|(_, value)| *value = 0);
    }
    taken
}
