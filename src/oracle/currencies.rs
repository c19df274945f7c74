//! Currencies: what a deal in another one than a measure's counts as, which one a payee's plans are in, and which measures
//! a plan may read as money.
//!
//! Every measure of money that counts one of a deal's credits, by id, must have a type of rate, and that type a rate which is
//! the newest of the close date or before and not older than it may be, and at which no line outgrows `decimal(24,6)`. A
//! line's amount times the rate is rounded to a millionth, half to even, and shared out exactly. Leaves out what is paid in
//! another currency than the plans' (`conversion`).

use super::filters::{Filter, is_of_money};
use super::formulas;
use super::history::{Content, History};
use super::rules::{Check, hold};
use super::totals::Totals;
use super::world::World;
use crate::domain::money::minor_digits;
use crate::wire::records::{Company, Component, Measure, MeasureOf, PayeeRow, Pays, Plan, Reason, TierBy};
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

impl<'h> World<'h> {
    pub(super) fn own_currency(&self) -> Option<&'h str> {
        self.company.map(|company| company.currency.as_str())
    }

    /// What the plans are in that rows name: the first one that is known says it, and where none is, the company.
    pub(super) fn named_in(&self, rows: &[PayeeRow]) -> Option<&'h str> {
        let mut named = rows.iter().flat_map(|row| &row.plans);
        let known = named.find_map(|plan_id| self.plans.get(plan_id.as_str())?.first());
        known.map(|plan| plan.currency.as_str()).or(self.own_currency())
    }

    /// What a payee earns in.
    pub(super) fn earned_in(&self, payee: u32) -> Option<&'h str> {
        let rows = self.known(payee).map(|seat| seat.payee.rows.as_slice());
        self.named_in(rows.unwrap_or_default())
    }

    /// The decimals of what a payee earns.
    pub(super) fn digits_of(&self, payee: u32) -> u32 {
        self.earned_in(payee).and_then(minor_digits).unwrap_or(0)
    }
}

impl Totals {
    /// Of payees who do not earn in the company's currency, and of measures of money.
    pub(super) fn name_currencies(&mut self, history: &History, world: &World<'_>) {
        let own = world.own_currency().unwrap_or_default();
        self.currency = own.into();
        self.minor_digits = minor_digits(own).unwrap_or(0);
        let earning = world.everyone().filter_map(|payee| Some((payee, world.earned_in(payee)?)));
        let abroad = earning.filter(|(_, currency)| *currency != own);
        let name = |payee| history.payees.text(payee).clone();
        self.earned_in = abroad.map(|(payee, currency)| (name(payee), currency.into())).collect();
        let of_money = world.measures.values().filter(|of| is_of_money(of) || of.of == MeasureOf::Earned);
        let stated = |of: &Measure| of.currency.as_deref().unwrap_or(own).into();
        self.measured_in = of_money.map(|of| (of.measure_id.as_str().into(), stated(of))).collect();
    }
}

/// What an amount of a line counts as in a measure, in millionths of the measure's currency, else what it waits for.
pub(super) fn counted(world: &World<'_>, deal: &Content, currency: &str, filter: &Filter, amount: i128) -> Result<i128, Reason> {
    let into = filter.currency.as_deref().or(world.own_currency()).unwrap_or_default();
    if into == currency {
        return Ok(amount);
    }
    let rate_type = filter.rate_type.as_deref().ok_or(Reason::OtherCurrency)?;
    let stated = world.rates.get(&(rate_type, currency, into)).ok_or(Reason::MissingRate)?;
    let newest = stated.rows.iter().rev().find(|row| row.from <= deal.closed_on).ok_or(Reason::MissingRate)?;
    let last_day = i64::from(newest.from.0) + i64::from(newest.max_age_days);
    if i64::from(deal.closed_on.0) > last_day {
        return Err(Reason::MissingRate);
    }
    let product = BigInt::from(amount) * newest.rate.0;
    rounded(&product).filter(|millionths| millionths.abs() < 10i128.pow(24)).ok_or(Reason::MissingRate)
}

/// A product in 10^-16 as millionths.
fn rounded(product: &BigInt) -> Option<i128> {
    let unit = BigInt::from(10).pow(10);
    let (whole, rest) = (product / &unit, product % &unit);
    let twice = rest.abs() * 2;
    let away = twice > unit || (twice == unit && &whole % 2 != BigInt::from(0));
    let step = if away { product.signum() } else { BigInt::from(0) };
    (whole + step).to_i128()
}

/// Whether each plan reads money in its own currency alone, other than as a part of a quota, and nobody counts what it earns
/// in another one.
pub(super) fn fit(company: &Company, measures: &[&Measure], plans: &[&Plan]) -> Check {
    let elsewhere = |measure: &Measure, plan: &Plan| *measure.currency.as_ref().unwrap_or(&company.currency) != plan.currency;
    for plan in plans {
        let elsewhere: Vec<&Measure> = measures.iter().copied().filter(|measure| elsewhere(measure, plan)).collect();
        for component in &plan.components {
            let read = read_as_sums(component);
            let money = elsewhere.iter().filter(|measure| is_of_money(measure) || measure.of == MeasureOf::Earned);
            let reads = money.into_iter().any(|measure| read.contains(&measure.measure_id.as_str()));
            hold(!reads, "a component of a measure in another currency")?;
            let mut earnings = elsewhere.iter().filter_map(|measure| measure.earnings.as_ref());
            let counted = earnings.any(|of| of.components.contains(&component.component_id));
            hold(!counted, "a measure of what is earned in another currency")?;
        }
    }
    Ok(())
}

/// The measures that a component reads, or whose quotas it reads, other than as the one's part of the other, or pays on.
fn read_as_sums(component: &Component) -> Vec<&str> {
    let sum = |tier_by: TierBy| tier_by != TierBy::Attainment;
    let pays_on_sums = matches!(component.pays, Pays::RateOf | Pays::PerUnit);
    let (multiplier, gate) = (&component.modifiers.multiplier, &component.modifiers.gate);
    let picks = sum(component.tier_by) || (pays_on_sums && component.paid_measure.is_none());
    let mut read: Vec<&str> = picks.then_some(component.measure.as_str()).into_iter().collect();
    read.extend(component.paid_measure.as_deref());
    read.extend(multiplier.iter().filter(|of| sum(of.tier_by)).map(|of| of.measure.as_str()));
    read.extend(gate.iter().filter(|of| sum(of.tier_by)).map(|of| of.measure.as_str()));
    if let Pays::Formula(formula) = &component.pays {
        read.extend(formulas::names(formula.text(), &["measure", "quota"]));
    }
    read
}
