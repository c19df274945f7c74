//! Counts a packed record: credits into the sums of the measures that they match, what is settled, markers. What people
//! state about a payee is `stating`.

use super::entry::{Entry, write_entry_key};
use super::inputs::{DealKey, Inputs};
use super::matching::{Matched, Told, matched};
use super::{Earning, State, alarm};
use crate::domain::calendar::{Date, Period, Span};
use crate::domain::output::Causes;
use crate::pipeline::packed::{Allocation, Cause, Entry as PackedEntry, PackedCredits, SettledDeal};
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
