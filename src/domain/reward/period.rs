//! What a component reads of each pay period of an interval, and what comes of it.

use crate::domain::calendar::{Date, Period};
use crate::domain::exact::Exact;
use crate::domain::money::{Amount, Measured, Minor, Rate};
use crate::domain::plan::{Component, Modifiers};
use crate::domain::rate_table::Parts;
use ethnum::I256;
use num_rational::BigRational;

/// A measure of an interval as a pay period sees it: the quota in force, and the cumulative sums before and after.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    pub quota: Option<Amount>,
    /// The quota in force in the period before.
    pub quota_before: Option<Amount>,
    pub from: Measured,
    pub to: Measured,
}

impl Reading {
    /// The same sums, starting from what is missing; `None` where they do not fit.
    pub fn behind(self, deficit: Measured) -> Option<Reading> {
        let moved = |sum: Measured| sum.0.checked_add(deficit.0).map(Measured);
        Some(Reading { from: moved(self.from)?, to: moved(self.to)?, ..self })
    }
}

/// One pay period of the interval: the component's version in force (if any) and what it reads.
#[derive(Clone, Debug)]
pub struct PeriodInput<'w> {
    pub component: Option<&'w Component>,
    /// First day of that version.
    pub version: Date,
    /// Where the version begins anew: the first period of what it prices by itself.
    pub anew: Option<Period>,
    pub parts: Parts,
    /// The payee's parameter that the component pays a fraction of.
    pub target: Option<Amount>,
    /// The payee's own values of tiers, as the component names them.
    pub own_rates: Vec<Option<Rate>>,
    /// Where tiers of theirs start, as the component names them.
    pub own_edges: Vec<Option<Amount>>,
    /// The component's modifiers with the payee's own numbers; `None` where all are the plan's.
    pub own_modifiers: Option<Result<Modifiers, Lacks<'w>>>,
    /// What the sums of the measure that picks the tier start from: at most zero.
    pub deficit: Measured,
    /// The measures that pick the tier, are paid on, pick the multiplier and are tested by the gate.
    pub tier: Reading,
    pub paid: Reading,
    pub multiplier: Reading,
    pub gate: Reading,
    /// Of a formula: its measures, and its parameters as the payee's row states them. Of a lookup: its rows.
    pub named: Vec<Reading>,
    pub parameters: Vec<Option<Amount>>,
    /// Of a component that needs deals one by one: those of the period, in order.
    pub deals: Vec<OneDeal<'w>>,
    /// Where deals count whole: how many there were in the interval before the period.
    pub deals_before: i128,
    /// The interval ends with this period.
    pub last: bool,
    /// What it read at closes that it must not earn less than by, the first of them first.
    pub released: Vec<PeriodInput<'w>>,
}

/// What one deal gave the measure that picks the tier.
#[derive(Clone, Copy, Debug)]
pub struct OneDeal<'w> {
    pub deal_id: &'w str,
    /// As it was sold, where what it earned is taken back by itself.
    pub measured: Measured,
    /// What of that is taken back: what was returned times the share that its age leaves, in 10^-20.
    pub back: I256,
}

/// How many deals these are: one for each, and one less for each of less than nothing.
pub fn number_of(deals: &[OneDeal<'_>]) -> i128 {
    deals.iter().map(OneDeal::whole).sum()
}

impl OneDeal<'_> {
    /// What it counts whole, whoever else has a share of it.
    pub(super) fn whole(&self) -> i128 {
        self.measured.0.signum()
    }
}

/// A part of what an interval earned, and what it came with: the sums of the period at a place, or one deal of it where
/// a part of its earning waits for the deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<'w> {
    pub place: usize,
    pub deal_id: Option<&'w str>,
    pub amount: BigRational,
}

/// What a component waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacks<'w> {
    /// The quota of a measure.
    Quota(&'w str),
    /// A parameter of the payee.
    Parameter(&'w str),
    /// Tiers that are in order: where they start the payee says, too.
    Order,
    /// Anything but zero to divide by, in a formula.
    Divisor,
}

/// What was earned for one pay period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earned<'w> {
    pub minor: Minor,
    /// Unrounded.
    pub exact: Exact,
    pub lacks: Option<Lacks<'w>>,
    /// All that the interval earned up to this period, in parts; only where that is asked for and some version of the component pays in tranches.
    pub slices: Vec<Slice<'w>>,
}
