//! Counts a packed record: credits into the sums of the measures that they match, what is settled, markers. What people
//! state about a payee is `stating`.

use super::dating::Part;
use super::entry::{Entry, write_entry_key};
use super::inputs::{DealKey, Inputs};
use super::looking_up::matched_rows;
use super::{Earning, State, alarm};
use crate::domain::calendar::{Date, Period, Span};
use crate::domain::currency::{converted, is_rate_into};
use crate::domain::fact::CreditKind;
use crate::domain::measure::{DatedBy, DealView, LineView, Measure};
use crate::domain::money::{Amount, CurrencyRate};
use crate::domain::output::Causes;
use crate::domain::settlement::Dated;
use crate::domain::world::{DefinedMeasure, Lookups};
use crate::pipeline::packed::{
    Allocation, Cause, CreditGroup, CreditLine, Details, Entry as PackedEntry, PackedCredits, SettledDeal,
};
use crate::pipeline::{Effects, Origin, StageError, States};

impl Earning {
    pub(super) fn count(
        &mut self,
        origin: Origin<'_>,
        packed: &PackedCredits<'_>,
        states: &mut dyn States,
        effects: &mut Effects,
    ) -> Result<(), StageError> {
        let number = origin.position.partition;
        self.check_link(number, packed)?;
        self.recent.clear();
        self.recent.resize(packed.payees.len(), [None; 2]);
        let world = self.world.clone();
        for entry in &packed.entries {
            let (entry, roles) = match entry {
                PackedEntry::Roles { roles, entry } => (&**entry, Some(roles.as_slice())),
                entry => (entry, None),
            };
            let told = |group, sequence, rates, details| {
                let (returned, dated, company) = (None, None, &*world.money.currency);
                Told { group, roles, sequence, company, rates, details, returned, dated }
            };
            match entry {
                PackedEntry::Credits(group) => {
                    self.count_group(number, packed, told(group, None, None, None), states)?;
                }
                PackedEntry::SequencedCredits { sequence, group } => {
                    self.count_group(number, packed, told(group, Some(*sequence), None, None), states)?;
                }
                PackedEntry::Converted { sequence, rates, group } => {
                    self.count_group(number, packed, told(group, *sequence, Some(rates), None), states)?;
                }
                PackedEntry::Detailed { sequence, rates, details, group } => {
                    self.count_group(number, packed, told(group, *sequence, rates.as_deref(), Some(details)), states)?;
                }
                PackedEntry::Returned { on, gone, sequence, rates, details, group } => {
                    let told = told(group, *sequence, rates.as_deref(), details.as_ref());
                    self.count_group(number, packed, Told { returned: Some((*on, gone)), ..told }, states)?;
                }
                PackedEntry::Dated { dated, sequence, rates, details, group } => {
                    let told = told(group, *sequence, rates.as_deref(), details.as_ref());
                    self.count_group(number, packed, Told { dated: Some(dated), ..told }, states)?;
                }
                PackedEntry::Quota { cause, quota } => self.count_quota(number, packed, *cause, quota, states, effects)?,
                PackedEntry::Settled(settled) => self.count_settled(number, packed, settled, states)?,
                PackedEntry::Adjustment { cause, adjustment } => {
                    self.count_adjustment(number, packed, *cause, adjustment, states, effects)?;
                }
                PackedEntry::Earned(of) => self.count_earned(number, packed, of, states)?,
                PackedEntry::Round { epoch, round } => self.count_round(number, packed.source, *epoch, *round)?,
                PackedEntry::Marker { .. } => self.partition(number)?.progress.sources[packed.source as usize].epoch += 1,
                PackedEntry::Roles { .. } => return Err(alarm(number, "roles of what has its roles")),
            }
        }
        Ok(())
    }

    /// Records of a source come without a gap and in their epoch.
    fn check_link(&mut self, number: u32, packed: &PackedCredits<'_>) -> Result<(), StageError> {
        if packed.source >= self.world.partitions {
            return self.check_peer(number, packed);
        }
        let partition = self.partition(number)?;
        let Some(source) = partition.progress.sources.get_mut(packed.source as usize) else {
            return Err(alarm(number, format!("credits of unknown source partition {}", packed.source)));
        };
        if packed.link_seq != source.next_link_seq || packed.epoch != source.epoch {
            let message = format!(
                "credits of source {} have link {} in epoch {}, expected link {} in epoch {}",
                packed.source, packed.link_seq, packed.epoch, source.next_link_seq, source.epoch
            );
            return Err(alarm(number, message));
        }
        source.next_link_seq += 1;
        Ok(())
    }

    fn count_group(
        &mut self,
        number: u32,
        packed: &PackedCredits<'_>,
        told: Told<'_>,
        states: &mut dyn States,
    ) -> Result<(), StageError> {
        let Told { group, sequence, .. } = told;
        let period = self.period_of(number, group.closed_on)?;
        let (measures, lookups) = (self.world.measures.clone(), self.world.lookups.clone());
        let sign = if group.retract { -1 } else { 1 };
        let deal = DealKey { closed_on: group.closed_on, sequence, deal_id: group.deal_id };
        for (span, since) in self.spans_of(period) {
            let matched = matched((&measures, &lookups), packed, told, (since, None));
            for (allocation, role) in told.allocations(packed) {
                let place = self.place_of(number, packed, allocation.payee, span, states)?;
                self.note_cause(place, packed.source, group.cause);
                self.add_credit(place, packed.epoch, (span.place(period), deal), (allocation, role), &matched, sign)?;
            }
        }
        self.count_dated(number, packed, told, states)
    }

    /// The entries that a period's credits belong to, each with the fact since which it is told of them.
    pub(super) fn spans_of(&self, period: Period) -> impl Iterator<Item = (Span, u64)> + use<> {
        let year = self.world.yearly.map(|since| (Span::Year(period.year()), since));
        [(Span::Quarter(period.quarter()), 0)].into_iter().chain(year)
    }

    /// Where the entry of a record's payee is loaded. A record names a payee again and again, mostly for one quarter
    /// and year.
    pub(super) fn place_of(
        &mut self,
        number: u32,
        packed: &PackedCredits<'_>,
        payee: u32,
        span: Span,
        states: &mut dyn States,
    ) -> Result<usize, StageError> {
        let nobody = || alarm(number, "a credit names no payee");
        let at = payee as usize;
        let recent = self.recent.get(at).ok_or_else(nobody)?[usize::from(span.is_year())];
        if let Some((_, place)) = recent.filter(|(of, _)| *of == span) {
            return Ok(place);
        }
        let payee_id = packed.payees.get(at).ok_or_else(nobody)?;
        let mut key = std::mem::take(&mut self.key);
        write_entry_key(payee_id, &self.world.calendar_id, span, &mut key);
        let place = self.load(number, &key, states)?;
        self.key = key;
        self.recent[at][usize::from(span.is_year())] = Some((span, place));
        Ok(place)
    }

    pub(super) fn add_credit(
        &mut self,
        place: usize,
        epoch: u32,
        (at, deal): (usize, DealKey<'_>),
        (allocation, role): (&Allocation, Option<&str>),
        matched: &[Matched<'_>],
        sign: i128,
    ) -> Result<(), StageError> {
        let number = self.loaded[place].partition;
        let inputs = self.inputs_mut(place, epoch).ok_or_else(|| alarm(number, "a sum does not fit"))?;
        for of in matched.iter().filter(|of| of.measure.counts_credit(allocation.kind, role)) {
            let whole = match allocation.line {
                Some(line) => of.lines.get(line as usize).copied(),
                None => of.whole,
            };
            let value = whole.and_then(|whole| whole.checked_mul(sign * i128::from(allocation.share.0)));
            let added = value.and_then(|value| of.add(inputs, at as u8, deal, allocation.kind, value));
            added.ok_or_else(|| alarm(number, "a measured sum does not fit"))?;
        }
        Ok(())
    }

    /// Where an epoch's credits of an entry go: together with all before, or apart behind a close to come.
    pub(super) fn inputs_mut(&mut self, place: usize, epoch: u32) -> Option<&mut Inputs> {
        let loaded = &mut self.loaded[place];
        let closes = self.partitions.get(&loaded.partition)?.progress.closes_for(&loaded.key, &self.world);
        let State::Entry { entry, .. } = &mut loaded.state else { return None };
        loaded.touched = true;
        loaded.changed = true;
        merge_later(entry, closes)?;
        if epoch <= closes {
            return Some(&mut entry.inputs);
        }
        let at = match entry.later.binary_search_by_key(&epoch, |(of, _)| *of) {
            Ok(at) => at,
            Err(at) => {
                entry.later.insert(at, (epoch, Inputs::default()));
                at
            }
        };
        Some(&mut entry.later[at].1)
    }

    fn count_settled(
        &mut self,
        number: u32,
        packed: &PackedCredits<'_>,
        of: &SettledDeal<'_>,
        states: &mut dyn States,
    ) -> Result<(), StageError> {
        let period = self.period_of(number, of.closed_on)?;
        for (span, _) in self.spans_of(period) {
            for payee in &of.payees {
                let place = self.place_of(number, packed, *payee, span, states)?;
                self.note_cause(place, packed.source, of.cause);
                let inputs = self.inputs_mut(place, packed.epoch).ok_or_else(|| alarm(number, "a sum does not fit"))?;
                inputs.settle(of.deal_id, of.settled.clone());
            }
        }
        Ok(())
    }

    pub(super) fn period_of(&self, number: u32, closed_on: Date) -> Result<Period, StageError> {
        let period = self.world.calendar.as_ref().and_then(|calendar| calendar.period_of(closed_on));
        period.ok_or_else(|| alarm(number, format!("a credit of {closed_on} has no period")))
    }

    pub(super) fn note_cause(&mut self, place: usize, source: u32, cause: Cause) {
        let position = cause.position(source);
        let loaded = &mut self.loaded[place];
        let first = loaded.causes.map_or(position, |causes| causes.first);
        let again = loaded.causes.is_some_and(|causes| causes.last == position);
        let count = loaded.causes.map_or(0, |causes| causes.count) + i64::from(!again);
        loaded.causes = Some(Causes { first, last: position, count });
        if let State::Entry { entry, .. } = &mut loaded.state {
            entry.as_of = entry.as_of.max(cause.occurred_at);
        }
    }
}

/// Epochs that no close to come divides from the first ones.
pub fn merge_later(entry: &mut Entry, closes: u32) -> Option<()> {
    while entry.later.first().is_some_and(|(epoch, _)| *epoch <= closes) {
        let (_, inputs) = entry.later.remove(0);
        entry.inputs.merge(&inputs)?;
    }
    Some(())
}

/// A group of credits as it was told.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) group: &'a CreditGroup<'a>,
    /// Of the splits of its allocations, in the record's texts. `None`: no measure reads any.
    roles: Option<&'a [Option<u32>]>,
    pub(super) sequence: Option<i64>,
    /// The company's currency.
    company: &'a str,
    /// By name, in the record's texts. `None`: its amounts are in the company's currency.
    rates: Option<&'a [(u32, CurrencyRate)]>,
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
    fn add(&self, inputs: &mut Inputs, place: u8, deal: DealKey<'_>, kind: CreditKind, value: i128) -> Option<()> {
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
