//! Reward: what one component earned for each pay period of one interval.
//!
//! `E(up to P)` carries: each period is priced from its starting position on the curve in force in it. What the table
//! gives in the periods of one version of the component is then weighted, multiplied, gated, raised to a floor and capped, in this order: a
//! gate that opens lets through what its own version priced, never what another one has paid. What is earned for P is
//! the difference of two rounded cumulative amounts, so nothing drifts.
//!
//! With a quota to date a period starts where the one before ended, against the quota of then: so it makes up for what the
//! sums before it earn less, or more, now that the quota has grown. Where lower is better, amounts of a table count from the
//! first period that is measured: before it nothing was earned, be zero the best of all. What a formula gives is in `formula`;
//! what periods read is in `period`, how the table is asked in `pricing`, what is taken back of single deals in `taken_back`.

use super::calendar::{Date, Period};
use super::exact::Exact;
use super::money::{Measured, Minor};
use super::plan::Component;
use num_rational::BigRational;
use num_traits::{One, Zero};
use pricing::{Point, Pricing};

mod formula;
mod modifiers;
mod period;
mod pricing;
mod taken_back;
#[cfg(test)]
pub(super) mod tests;

pub use modifiers::own_modifiers;
pub use period::{Earned, Lacks, OneDeal, PeriodInput, Reading, Slice, number_of};

/// Prices the periods of one interval in order, `in_parts` with slices; `None` when an amount does not fit.
pub fn earned<'w>(periods: &[PeriodInput<'w>], minor_digits: u32, in_parts: bool) -> Option<Vec<Earned<'w>>> {
    let (mut total, mut rounded, mut begun) = (Exact::ZERO, Minor(0), false);
    let mut result = Vec::with_capacity(periods.len());
    let mut segment = Segment::default();
    let sliced = in_parts && periods.iter().any(|period| period.component.is_some_and(|component| !component.pay.is_empty()));
    let mut earlier: Vec<Slice<'w>> = Vec::new();
    for (place, period) in periods.iter().enumerate() {
        let (mut minor, mut exact, mut lacks) = (Minor(0), Exact::ZERO, None);
        if let Some(component) = period.component {
            if segment.version != Some((period.version, period.anew)) {
                earlier.extend(segment.slices());
                let before = &segment.before + &segment.earned;
                let begun = begun && period.anew.is_none();
                segment = Segment { version: Some((period.version, period.anew)), before, begun, ..Segment::default() };
            }
            let at = At { place, of: periods.len(), minor_digits, sliced };
            match segment.advance_at_best(component, period, at) {
                Ok(added) => exact = added,
                Err(missing) => lacks = Some(missing),
            }
            begun |= segment.begun;
            total = &total + &exact;
            let before = std::mem::replace(&mut rounded, total.round(minor_digits, component.rounding)?);
            minor = Minor(rounded.0.checked_sub(before.0)?);
        } else {
            segment.leave();
        }
        let slices = if sliced { earlier.iter().cloned().chain(segment.slices()).collect() } else { Vec::new() };
        result.push(Earned { minor, exact, lacks, slices });
    }
    Some(result)
}

/// Which period of an interval is priced, and how.
#[derive(Clone, Copy)]
struct At {
    place: usize,
    /// Periods of the interval.
    of: usize,
    minor_digits: u32,
    sliced: bool,
}

/// What the table gave for a period, or for a deal of it, and what of that is left where the deal was returned.
#[derive(Clone)]
struct Piece<'w> {
    place: usize,
    deal_id: Option<&'w str>,
    priced: Exact,
    kept: Exact,
}

/// The periods of an interval that one version of the component prices; of one that begins anew those without a gap.
#[derive(Clone, Default)]
struct Segment<'w> {
    version: Option<(Date, Option<Period>)>,
    /// What earlier versions earned in the interval.
    before: Exact,
    /// What the table gave, and what of it was earned.
    priced: Exact,
    earned: Exact,
    /// What the table gave, in parts.
    parts: Vec<Piece<'w>>,
    /// What is paid of what was earned: what its deals earned is taken back with them.
    kept: Exact,
    /// The quota is to date, a formula pays, lower is better, or there is a floor: a period's part is what it earned itself.
    own_parts: bool,
    /// What each part was paid on stands in the place of what the table gave for it.
    shared_out: bool,
    /// Where lower is better: a period was measured.
    begun: bool,
    /// With a quota to date: where the next period starts, and what deals of passed periods gave.
    start: Option<Point>,
    passed: Exact,
    /// What the modifiers leave of each unit of next to nothing, where single deals are taken back.
    of_little: Option<BigRational>,
    /// With a formula that divided by zero: the sums from which the next period makes up for it.
    undivided: Option<Vec<Measured>>,
}

impl<'w> Segment<'w> {
    /// What the version earned, in parts: in proportion to what the table gave. What a quota to date makes up for, what a
    /// formula gives, and what is earned where lower is better, is of both signs, and in proportion to it one part would take
    /// back more than was earned: there each is what its period earned.
    fn slices(&self) -> Vec<Slice<'w>> {
        let Some(factor) = self.factor() else { return self.unattributed() };
        let slice = |part: &Piece<'w>| Slice { place: part.place, deal_id: part.deal_id, amount: part.kept.fraction() * &factor };
        self.parts.iter().map(slice).collect()
    }

    /// Where the sum that is paid is nothing no deal has a part of it, and none is waited for.
    fn unattributed(&self) -> Vec<Slice<'w>> {
        let last = self.parts.last().filter(|_| self.shared_out);
        last.map(|part| Slice { place: part.place, deal_id: None, amount: self.earned.fraction() }).into_iter().collect()
    }

    /// What is earned for each unit that the table gave, or that was paid on.
    fn factor(&self) -> Option<BigRational> {
        if self.shared_out {
            let whole = self.parts.iter().fold(Exact::ZERO, |all, part| &all + &part.priced).fraction();
            return (!whole.is_zero()).then(|| self.earned.fraction() / whole);
        }
        let priced = self.priced.fraction();
        match self.own_parts {
            true => Some(BigRational::one()),
            // What modifiers leave of nothing is nothing, and so is what is left of parts that make up for each other, unless
            // one of them is taken back.
            false if priced.is_zero() => self.of_little.clone(),
            false => Some(self.earned.fraction() / priced),
        }
    }

    /// What the table gave where a period starts.
    fn at_start(&self, end: &Pricing<'_, 'w>, start: Point) -> Result<Exact, Lacks<'w>> {
        if end.component.begins_with_nothing() && !self.begun {
            return Ok(Exact::ZERO);
        }
        Ok(end.table(start)?.unwrap_or_default())
    }

    /// The component is not in force in a period: the position moves on, and nothing is made up for.
    fn leave(&mut self) {
        (self.start, self.passed, self.undivided) = (None, Exact::ZERO, None);
    }

    /// The same, and by the reading with which it adds most, of several the first: those of closes come before that of now. What
    /// follows goes on from there.
    fn advance_at_best(&mut self, component: &'w Component, period: &PeriodInput<'w>, at: At) -> Result<Exact, Lacks<'w>> {
        if period.released.is_empty() {
            return self.advance(component, period, at);
        }
        let by = |reading: &PeriodInput<'w>| {
            let mut segment = self.clone();
            let added = segment.advance(component, reading, at);
            let amount = added.as_ref().map_or_else(|_| BigRational::zero(), Exact::fraction);
            (amount, segment, added)
        };
        let (amount, segment, added) = by(period);
        // What a close lacked is not waited for any more.
        let nothing = added.as_ref().map(|_| Exact::ZERO).map_err(|lacks| *lacks);
        // Where lower is better the period was measured if it was by any of them.
        let mut begun = segment.begun;
        let mut best = (amount, segment, added);
        for reading in period.released.iter().rev() {
            let (amount, segment, added) = by(reading);
            begun |= segment.begun;
            if amount >= best.0 {
                best = (amount, segment, added.or(nothing.clone()));
            }
        }
        let (_, segment, added) = best;
        *self = Segment { begun, ..segment };
        added
    }

    /// Prices one more period: what it adds to what is earned. A period that lacks something adds nothing; with a quota to
    /// date the next one makes up for it.
    fn advance(&mut self, component: &'w Component, period: &PeriodInput<'w>, at: At) -> Result<Exact, Lacks<'w>> {
        let end = Pricing { component, period, so_far: component.quota.part(at.place + 1, at.of) };
        self.shared_out = component.shares_out();
        let in_deals = component.takes_back() || (at.sliced && component.settles() && !self.shared_out);
        let by_deal = if component.reads_deals() || in_deals { end.by_deal(at.minor_digits)? } else { Vec::new() };
        let added = match (component.reads_deals(), component.quota.is_to_date()) {
            _ if component.formula().is_some() => self.of_formula(&end)?,
            _ if component.lookup.is_some() => end.looked_up()?,
            (true, to_date) => {
                let added = by_deal.iter().fold(std::mem::take(&mut self.passed), |all, one| &all + one);
                self.passed = if to_date { added.clone() } else { Exact::ZERO };
                added
            }
            (false, true) => {
                let before = component.quota.part(at.place, at.of);
                let start = *self.start.get_or_insert_with(|| end.before(before));
                let Some(now) = end.table(end.point())? else { return Ok(Exact::ZERO) };
                &now - &self.at_start(&end, end.measurable(start))?
            }
            (false, false) => {
                let start = Point { tier: period.tier.from, paid: period.paid.from, ..end.point() };
                &end.table(end.point())?.unwrap_or_default() - &self.at_start(&end, start)?
            }
        };
        let priced = &self.priced + &added;
        let Some(earned) = end.modified(&priced, &self.before)? else { return Ok(Exact::ZERO) };
        (self.priced, self.start, self.passed) = (priced, Some(end.point()), Exact::ZERO);
        // Rates, too, have measured the payee: an amount of a version behind them is not the first.
        self.begun |= component.is_lower() && !component.reads_deals() && end.is_measured(end.point());
        let before = std::mem::replace(&mut self.earned, earned);
        if in_deals {
            let deals = by_deal.into_iter().zip(&period.deals);
            self.parts.extend(deals.map(|(priced, deal)| end.piece(at, deal, priced)));
        } else if at.sliced && self.shared_out {
            self.parts.extend(end.paid_on(at));
        } else if at.sliced {
            self.own_parts = component.earns_of_both_signs() || component.modifiers.floor.is_some();
            let priced = if self.own_parts { &self.earned - &before } else { added };
            self.parts.push(Piece { place: at.place, deal_id: None, kept: priced.clone(), priced });
        }
        if component.takes_back() {
            self.of_little = end.of_little(&self.before)?;
        }
        let kept = &self.earned - &self.taken_back();
        let before = std::mem::replace(&mut self.kept, kept);
        Ok(&self.kept - &before)
    }
}
