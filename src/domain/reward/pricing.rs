//! How a component's table prices one pay period: at which sums it is asked, and against which part of which quota.

use super::{Lacks, OneDeal, PeriodInput, Reading};
use crate::domain::deals::{of_deal, whole_deal};
use crate::domain::exact::{Exact, scaled};
use crate::domain::money::{AMOUNT_DECIMALS, Amount, MEASURED_DECIMALS, Measured, Rate};
use crate::domain::plan::{Component, Method, NoQuota, OwnEdge, Pays, Scope, Tier, TierBy};
use crate::domain::rate_table::{Axis, Part, Question, times_rate, value, without_quota};
use num_rational::BigRational;
use std::borrow::Cow;

/// Where a table is asked: at sums, and against which part of which quota.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub(super) tier: Measured,
    pub(super) paid: Measured,
    pub(super) quota: Option<Amount>,
    pub(super) so_far: Part,
}

/// A component as it prices one period.
pub(super) struct Pricing<'p, 'w> {
    pub(super) component: &'w Component,
    pub(super) period: &'p PeriodInput<'w>,
    /// The part of a quota that its sums are compared with.
    pub(super) so_far: Part,
}

impl<'w> Pricing<'_, 'w> {
    /// Where the period ends.
    pub(super) fn point(&self) -> Point {
        let Reading { quota, to, .. } = self.period.tier;
        Point { tier: to, paid: self.period.paid.to, quota, so_far: self.so_far }
    }

    /// Where the period before ended, as this version shares the quota out.
    pub(super) fn before(&self, so_far: Part) -> Point {
        let Reading { quota_before, from, .. } = self.period.tier;
        Point { tier: from, paid: self.period.paid.from, quota: quota_before, so_far }
    }

    /// A start without a quota of its own has the one that the period is measured by: nothing is paid for what lies before
    /// it. Where the first tier applies without a quota, that is what it has.
    pub(super) fn measurable(&self, start: Point) -> Point {
        if self.is_measured(start) || self.component.no_quota == Some(NoQuota::FirstTier) {
            return start;
        }
        Point { quota: self.period.tier.quota, so_far: self.so_far, ..start }
    }

    /// Whether there is a quota for what is compared with one.
    pub(super) fn is_measured(&self, at: Point) -> bool {
        self.on_axis(self.component.tier_by, at.tier, at.quota, at.so_far).is_some()
    }

    /// `None` where nothing is earned for want of a quota.
    pub(super) fn table(&self, at: Point) -> Result<Option<Exact>, Lacks<'w>> {
        let component = self.component;
        let (target, tiers) = (self.target()?, self.tiers()?);
        let paid = if component.paid_measure.is_some() { at.paid } else { at.tier };
        let axis = self.axis_at(component.tier_by, &component.measure, at.tier, at.quota, at.so_far)?;
        Ok(axis.map(|axis| match axis {
            Some(axis) => value(component, Question { tiers: &tiers, axis, paid, target: target.as_ref() }),
            None => without_quota(component, &tiers, at.tier, paid),
        }))
    }

    /// What the lines of the period earn: each row's at its rate, and what no row takes. Of the payee's own rates all have to
    /// be there, whichever lines came.
    pub(super) fn looked_up(&self) -> Result<Exact, Lacks<'w>> {
        let Some(lookup) = &self.component.lookup else { return Ok(Exact::ZERO) };
        let mut rates: Vec<Rate> = lookup.rows.iter().map(|row| row.rate).chain(lookup.otherwise).collect();
        for (own, stated) in self.component.own_rates.iter().zip(&self.period.own_rates) {
            let rate = stated.ok_or(Lacks::Parameter(&own.parameter))?;
            rates.get_mut(own.tier).into_iter().for_each(|of| *of = rate);
        }
        let added = |reading: &Reading| Measured(reading.to.0.saturating_sub(reading.from.0));
        let taken = rates.iter().zip(&self.period.named);
        let mut rest = added(&self.period.tier);
        let rows = taken.fold(Exact::ZERO, |all, (rate, reading)| {
            rest = Measured(rest.0.saturating_sub(added(reading).0));
            &all + &times_rate(added(reading), *rate)
        });
        Ok(rates.get(lookup.rows.len()).map_or(rows.clone(), |rate| &rows + &times_rate(rest, *rate)))
    }

    /// What each deal of the period adds: by itself, at the sum that it finds, or by how far it moves the sum.
    pub(super) fn by_deal(&self, minor_digits: u32) -> Result<Vec<Exact>, Lacks<'w>> {
        let (component, period) = (self.component, self.period);
        let (tiers, modifiers) = (self.tiers()?, self.modifiers()?);
        let mut each = Vec::with_capacity(period.deals.len());
        let counted = component.counts_whole();
        let mut position = if counted { whole(period.deals_before) } else { period.tier.from };
        let table_at = |tier| Ok(self.table(Point { tier, ..self.point() })?.unwrap_or_default());
        let mut table = if component.reads_deals() { Exact::ZERO } else { table_at(position)? };
        if component.method.is_whole_deal() {
            // A quota that is missing is missing in a period without deals, too.
            self.axis(component.tier_by, &component.measure, &period.tier)?;
        }
        for deal in &period.deals {
            let OneDeal { measured, .. } = deal;
            let before = position;
            let moved = if counted { whole(deal.whole()) } else { *measured };
            position = Measured(before.0.saturating_add(moved.0));
            let one = match (component.scope, component.method.is_whole_deal()) {
                (Scope::Deal, _) => of_deal(component, &tiers, modifiers.deal_cap, *measured, minor_digits),
                (_, true) => {
                    let at = if component.method == Method::WholeDealBefore { before } else { position };
                    let axis = self.axis_at(component.tier_by, &component.measure, at, period.tier.quota, self.so_far)?;
                    axis.map_or(Exact::ZERO, |axis| whole_deal(component, &tiers, axis, *measured))
                }
                (_, false) => {
                    let now = table_at(position)?;
                    let before = std::mem::replace(&mut table, now);
                    &table - &before
                }
            };
            each.push(one);
        }
        Ok(each)
    }

    /// The component's tiers with the payee's own values and edges; all of them have to be there, whichever is reached.
    fn tiers(&self) -> Result<Cow<'w, [Tier]>, Lacks<'w>> {
        let component = self.component;
        if component.own_rates.is_empty() && component.own_edges.is_empty() {
            return Ok(Cow::Borrowed(&component.tiers));
        }
        let mut tiers = component.tiers.clone();
        for (own, stated) in component.own_rates.iter().zip(&self.period.own_rates) {
            let rate = stated.ok_or(Lacks::Parameter(&own.parameter))?;
            tiers.get_mut(own.tier).into_iter().for_each(|tier| tier.rate = rate);
        }
        for (own, stated) in component.own_edges.iter().zip(&self.period.own_edges) {
            let amount = stated.ok_or(Lacks::Parameter(&own.parameter))?;
            tiers.get_mut(own.tier).into_iter().for_each(|tier| tier.from = OwnEdge::from(amount));
        }
        if component.is_in_order(&tiers) { Ok(Cow::Owned(tiers)) } else { Err(Lacks::Order) }
    }

    fn target(&self) -> Result<Option<BigRational>, Lacks<'w>> {
        let Pays::FractionOf(parameter) = &self.component.pays else { return Ok(None) };
        let target = self.period.target.ok_or(Lacks::Parameter(parameter))?;
        Ok(Some(scaled(target.0, AMOUNT_DECIMALS) * self.period.parts.target.fraction()))
    }

    /// Where a measure stands; `Some(None)` without a quota where the first tier applies, `None` where nothing is earned.
    pub(super) fn axis(&self, by: TierBy, measure: &'w str, reading: &Reading) -> Result<Option<Option<Axis>>, Lacks<'w>> {
        self.axis_at(by, measure, reading.to, reading.quota, self.so_far)
    }

    fn axis_at(
        &self,
        by: TierBy,
        measure: &'w str,
        sum: Measured,
        quota: Option<Amount>,
        so_far: Part,
    ) -> Result<Option<Option<Axis>>, Lacks<'w>> {
        match (self.on_axis(by, sum, quota, so_far), self.component.no_quota) {
            (Some(axis), _) => Ok(Some(Some(axis))),
            (None, Some(NoQuota::FirstTier)) => Ok(Some(None)),
            (None, Some(NoQuota::Nothing)) => Ok(None),
            // Nothing of a quota that is stated falls to the periods so far: there is nothing to wait for but the next.
            (None, Some(NoQuota::Park)) if so_far.active == 0 && quota.is_some_and(|quota| quota.0 != 0) => Ok(None),
            (None, Some(NoQuota::Park) | None) => Err(Lacks::Quota(measure)),
        }
    }

    fn on_axis(&self, by: TierBy, sum: Measured, quota: Option<Amount>, so_far: Part) -> Option<Axis> {
        Axis::new(by, sum, quota, self.period.parts.quota.times(so_far))
    }
}

/// So many deals, on the axis of a table.
fn whole(deals: i128) -> Measured {
    Measured(deals * 10i128.pow(MEASURED_DECIMALS))
}
