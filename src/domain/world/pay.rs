//! Which pay terms a payee has in a pay period, and whether a plan's terms can be.

use super::apply::invalid;
use super::organisation::{active_part, overlaps, plans_in};
use super::own_amounts::unreached;
use super::{PlanVersion, World};
use crate::domain::account::{CapNow, DrawNow, RecoveryNow, TermsNow};
use crate::domain::calendar::{Date, Interval, Period};
use crate::domain::exact::{Exact, scaled};
use crate::domain::fact::{Payee, PayeeRow, PeriodReleased};
use crate::domain::money::{AMOUNT_DECIMALS, Amount, Minor, RATE_DECIMALS, Rate, RoundingMode, minor_digits};
use crate::domain::pay_terms::{AtEnd, Draw, Flush, PaymentExcess, Recover, RecoveryFloor};
use crate::domain::plan::{AmountPlace, NegativePay, Plan};
use crate::domain::rate_table::Part;
use crate::domain::reject::{Reason, Reject};
use std::sync::Arc;

impl World {
    /// Whether any plan states a draw: then payees who earn nothing are paid, too.
    pub fn has_draws(&self) -> bool {
        self.plans.values().flatten().any(|version| version.plan.pay.draw.is_some())
    }

    /// Whether any plan pays a component in tranches.
    pub fn has_tranches(&self) -> bool {
        self.plans.values().flatten().flat_map(|version| &version.plan.components).any(|component| !component.pay.is_empty())
    }

    /// Whether the component of a plan version is paid in tranches.
    pub fn pays_in_tranches(&self, plan_id: &str, from: Date, component_id: &str) -> bool {
        let version = self.plans.get(plan_id).into_iter().flatten().find(|version| version.plan.from == from);
        let mut components = version.into_iter().flat_map(|version| &version.plan.components);
        components.any(|component| component.component_id == component_id && !component.pay.is_empty())
    }

    /// Whether a period raises a payee's pay to a draw.
    pub fn draws(&self, payee_id: &str, period: Period) -> bool {
        let Some(payee) = self.organisation.get(payee_id) else { return false };
        self.versions_in(payee, period).iter().any(|version| draw_of(version, period).is_some())
    }

    /// The terms of a payee in a period, with the payee's own amounts; `owes`: there may be something to recover. Refused where
    /// an amount is missing: a close of the period is refused by the same.
    pub fn pay_terms(&self, payee_id: &str, period: Period, owes: bool) -> Result<TermsNow, Reject> {
        let Some(payee) = self.organisation.get(payee_id) else { return Ok(TermsNow::default()) };
        let versions = self.versions_in(payee, period);
        let amount = |version: &PlanVersion, place, stated| {
            let amount = self.amount_of(payee, &version.plan, place, stated, period);
            amount.map(|amount| minor(version, amount, Part::ALL))
        };
        let drawn = versions.iter().find_map(|version| Some((version, draw_of(version, period)?)));
        let draw = drawn.map(|(version, draw)| self.draw_now(payee, version, draw, period)).transpose()?.flatten();
        let (_, end) = self.bounds(period).ok_or_else(|| unreached(period))?;
        let floor = draw.as_ref().map_or(Minor(0), |draw| draw.amount);
        let recover = self.recover(payee, end).filter(|_| owes || draw.is_some());
        let recovery = recover.filter(|recover| recover.from <= period).map(|recover| RecoveryNow {
            share_of_excess: recover.share_of_excess,
            floor: if recover.floor == RecoveryFloor::Draw { floor } else { Minor(0) },
        });
        let forgives = recover.is_some_and(|recover| recover.at_end == AtEnd::Forgiven)
            && !self.versions_on(payee, end).any(|version| recover_of(version).is_some());
        let cap = versions.iter().find_map(|version| Some((version, version.plan.pay.payment_cap.as_ref()?)));
        let cap = cap.map(|(version, cap)| {
            let lost = cap.excess == PaymentExcess::Lost;
            amount(version, AmountPlace::PaymentCap, cap.amount).map(|amount| CapNow { amount, lost })
        });
        let minimum = versions.iter().find_map(|version| Some((version, version.plan.pay.minimum_settlement.as_ref()?)));
        let minimum = minimum.filter(|(version, minimum)| {
            let last = !self.versions_on(payee, end).any(|next| next.plan_id == version.plan_id);
            let year_end = period.0.rem_euclid(12) == 11;
            !last && (minimum.flush == Flush::End || !year_end)
        });
        let minimum = minimum.map(|(version, minimum)| amount(version, AmountPlace::MinimumSettlement, minimum.amount));
        Ok(TermsNow {
            draw,
            recovery,
            forgives,
            cap: cap.transpose()?,
            minimum: minimum.transpose()?,
            receivable: self.receivable(payee, &versions, end),
        })
    }

    /// The versions that price a payee's period, in the order of plan ids.
    fn versions_in(&self, payee: &Payee, period: Period) -> Vec<&Arc<PlanVersion>> {
        let Some(calendar) = &self.calendar else { return Vec::new() };
        let plans = plans_in(payee, calendar, period);
        let mut versions: Vec<_> = plans.iter().filter_map(|plan_id| self.plan_version(plan_id, period)).collect();
        versions.sort_by(|one, other| one.plan_id.cmp(&other.plan_id));
        versions
    }

    /// The versions that a payee's row names on a day.
    fn versions_on<'w>(&'w self, payee: &'w Payee, day: Date) -> impl Iterator<Item = &'w Arc<PlanVersion>> {
        let rows = payee.rows.iter().filter(move |row| row.from <= day && row.to.is_none_or(|to| day < to));
        let versions = rows.flat_map(|row| &row.plans).filter_map(|plan_id| self.plans.get(plan_id)).flatten();
        versions.filter(move |version| version.plan.from <= day && version.plan.to.is_none_or(|to| day < to))
    }

    /// Every version that a payee was on before a day, with the day, that one at most, from which they were not any more.
    fn versions_before<'w>(&'w self, payee: &'w Payee, day: Date) -> impl Iterator<Item = (Date, &'w Arc<PlanVersion>)> {
        payee.rows.iter().flat_map(move |row| {
            let versions = row.plans.iter().filter_map(|plan_id| self.plans.get(plan_id)).flatten();
            let met = versions.filter(move |version| {
                let Plan { from, to, .. } = &version.plan;
                overlaps(row, *from, to.unwrap_or(Date(i32::MAX))) && row.from.max(*from) < day
            });
            met.map(move |version| {
                let ends = [row.to, version.plan.to].into_iter().flatten().min().unwrap_or(day);
                (ends.min(day), version)
            })
        })
    }

    /// The terms of recovery that a payee was under last before a day.
    fn recover<'w>(&'w self, payee: &'w Payee, day: Date) -> Option<&'w Recover> {
        let with_recovery = self.versions_before(payee, day).filter(|(_, version)| recover_of(version).is_some());
        newest(with_recovery.collect()).first().and_then(|version| recover_of(version))
    }

    /// `None` where the amount is the payee's own, and nothing.
    fn draw_now(&self, payee: &Payee, version: &PlanVersion, draw: &Draw, period: Period) -> Result<Option<DrawNow>, Reject> {
        let plan = &version.plan;
        let part = match (plan.prorate.draw, self.calendar.as_deref()) {
            (true, Some(calendar)) => active_part(payee, plan, calendar, Interval::Month(period), (period, period)),
            (true, None) => None,
            (false, _) => Some(Part::ALL),
        };
        let part = part.ok_or_else(|| unreached(period))?;
        let amount = self.amount_of(payee, plan, AmountPlace::Draw, draw.amount, period)?;
        let most = draw.recover.as_ref().and_then(|recover| recover.maximum_balance);
        let most = most.map(|most| self.amount_of(payee, plan, AmountPlace::MaximumBalance, most, period)).transpose()?;
        Ok((amount.0 > 0).then(|| DrawNow {
            amount: minor(version, amount, part),
            recoverable: draw.recover.is_some(),
            maximum_balance: most.map(|most| minor(version, most, Part::ALL)),
        }))
    }

    /// A negative net is paid back outside of pay where every plan of the payee says so, of the period or the last one.
    fn receivable(&self, payee: &Payee, versions: &[&Arc<PlanVersion>], end: Date) -> bool {
        let receivable = |version: &PlanVersion| version.plan.negative_pay == NegativePay::Receivable;
        let last = if versions.is_empty() { newest(self.versions_before(payee, end).collect()) } else { versions.to_vec() };
        !last.is_empty() && last.iter().all(|version| receivable(version))
    }
}

/// More than can be counted is more than any run pays.
fn minor(version: &PlanVersion, amount: Amount, part: Part) -> Minor {
    let exact = Exact::of(scaled(amount.0, AMOUNT_DECIMALS) * part.fraction());
    exact.round(version.money.minor_digits, RoundingMode::HalfEven).unwrap_or(Minor(i64::MAX))
}

/// Those of the latest day, in the order of plan ids.
fn newest(versions: Vec<(Date, &Arc<PlanVersion>)>) -> Vec<&Arc<PlanVersion>> {
    let latest = versions.iter().map(|(day, _)| *day).max();
    let mut newest: Vec<_> = versions.into_iter().filter(|(day, _)| Some(*day) == latest).map(|(_, version)| version).collect();
    newest.sort_by(|one, other| one.plan_id.cmp(&other.plan_id));
    newest
}

fn draw_of(version: &PlanVersion, period: Period) -> Option<&Draw> {
    version.plan.pay.draw.as_ref().filter(|draw| draw.first <= period && period <= draw.last)
}

fn recover_of(version: &PlanVersion) -> Option<&Recover> {
    version.plan.pay.draw.as_ref()?.recover.as_ref()
}

impl World {
    /// What a run has paid in one currency cannot be taken back in another.
    pub(super) fn check_pay_currency(&self, payee: &Payee) -> Result<(), Reject> {
        let stated = payee.pay_currency();
        // What is not stated is what the plans pay in.
        let own = self.plan_currency(payee);
        let other = |row: &PayeeRow| row.pay_currency.as_deref().unwrap_or(own) != stated.unwrap_or(own);
        if payee.rows.iter().any(other) {
            let message = format!("payee \"{}\": a pay currency that changes", payee.payee_id);
            return Err(Reject::new(Reason::NotSupported, "pay_currency", message));
        }
        let mut named = payee.rows.iter().filter_map(|row| row.pay_currency.as_deref());
        if let Some(unknown) = named.find(|currency| minor_digits(currency).is_none()) {
            return Err(invalid("pay_currency", format!("\"{unknown}\" is not an ISO 4217 currency code")));
        }
        let Some(known) = self.organisation.get(&payee.payee_id) else { return Ok(()) };
        let (before, now) = (known.pay_currency().unwrap_or(own), stated.unwrap_or(own));
        if before != now && self.may_be_paid(&payee.payee_id) {
            let message = format!("payee \"{}\": pay in {now} after a close that pays in {before}", payee.payee_id);
            return Err(Reject::new(Reason::NotSupported, "pay_currency", message));
        }
        Ok(())
    }
}

/// A run whose totals no record holds is not released; its period can be reopened.
pub(super) fn check_totals(released: &PeriodReleased, currency: &str) -> Result<(), Reject> {
    let other = released.other_totals.iter().map(|total| (total.currency.as_str(), total.total));
    let mut totals = std::iter::once((currency, Minor(released.total_minor))).chain(other);
    let over = totals.find(|(currency, total)| !total.fits_record(minor_digits(currency).unwrap_or(2)));
    let Some((currency, _)) = over else { return Ok(()) };
    Err(invalid("total_minor", format!("more is paid in {currency} than the record of a run holds: reopen the period")))
}

/// What is each payee's own is compared with nothing.
pub(super) fn check_pay_terms(plan: &Plan) -> Result<(), Reject> {
    let terms = &plan.pay;
    let own = |place: AmountPlace| plan.own_amount(place).is_some();
    let hold = |condition: bool, field: &str, otherwise: &str| {
        if condition { Ok(()) } else { Err(invalid(field, otherwise.into())) }
    };
    let positive = |amount: &Amount| amount.0 > 0;
    if let Some(draw) = &terms.draw {
        hold(own(AmountPlace::Draw) || positive(&draw.amount), "draw.amount", "a draw is above zero")?;
        hold(draw.amount.is_payable(), "draw.amount", "no payout holds a draw of more than 1000000000000")?;
        hold(draw.first <= draw.last, "draw.last", "a draw ends before it starts")?;
        let above = terms.payment_cap.as_ref().is_none_or(|cap| cap.amount >= draw.amount);
        let compared = !own(AmountPlace::Draw) && !own(AmountPlace::PaymentCap);
        hold(above || !compared, "payment_cap.amount", "a payment cap is not below the draw")?;
    }
    if let Some(recover) = terms.draw.as_ref().and_then(|draw| draw.recover.as_ref()) {
        let Rate(share) = recover.share_of_excess;
        let share = (0..=10i64.pow(RATE_DECIMALS)).contains(&share);
        hold(share, "draw.recover.share_of_excess", "a share is from 0 to 100 %")?;
        let most = recover.maximum_balance.is_none_or(|most| most.0 >= 0);
        hold(most, "draw.recover.maximum_balance", "a balance is not negative")?;
    }
    let cap = terms.payment_cap.as_ref().is_none_or(|cap| cap.amount.0 >= 0);
    hold(cap, "payment_cap.amount", "a payment cap is not negative")?;
    let minimum = terms.minimum_settlement.as_ref().is_none_or(|minimum| minimum.amount.0 >= 0);
    hold(minimum, "minimum_settlement.amount", "a smallest payment is not negative")
}
