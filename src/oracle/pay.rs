//! What a run pays: prior periods set off, a payment cap, what is brought forward, draw or guarantee, recovery and a
//! minimum settlement, in this order.
//!
//! Terms are found by going over the days of a payee one by one. Leaves out what is booked (`totals`).

use super::numbers::decimal;
use super::world::World;
use crate::domain::money::{AMOUNT_DECIMALS, Amount, RATE_DECIMALS};
use crate::wire::records::{
    AmountPlace, AtEnd, Date, Draw, Flush, Interval, MinimumSettlement, NegativePay, PaymentExcess, PayoutKind, Period, Plan,
    ProrateBy, Recover, RecoveryFloor,
};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::collections::BTreeMap;

/// What is booked for a run.
pub(super) type Lines<'l> = BTreeMap<Line<'l>, i64>;

/// The same by component and interval.
pub(super) type Parts<'l> = BTreeMap<(u32, Interval, Line<'l>), i64>;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line<'l> {
    pub(super) code: &'l str,
    pub(super) effective: Period,
    /// A person added it.
    pub(super) by_hand: bool,
}

impl Line<'_> {
    pub(super) fn kind(&self, run: Period) -> PayoutKind {
        match self {
            Line { by_hand: true, .. } => PayoutKind::Manual,
            Line { effective, .. } if *effective == run => PayoutKind::Regular,
            _ => PayoutKind::PriorPeriod,
        }
    }
}

/// What runs have left of one payee.
#[derive(Clone, Default)]
pub(super) struct Purse {
    /// Less than nothing: to be set off. More: to be paid.
    pub(super) carried: i64,
    /// What a period was raised by and nothing has made up for yet.
    raised: BTreeMap<Period, Raised>,
}

#[derive(Clone, Copy)]
struct Raised {
    minor: i64,
    guarantee: bool,
    /// A draw that is to be recovered.
    owed: bool,
}

/// One run of one payee.
pub(super) struct Run<'r, 'h> {
    pub(super) world: &'r World<'h>,
    pub(super) payee: u32,
    pub(super) period: Period,
}

/// A draw as it is for the payee in the period.
struct Drawn {
    guarantee: bool,
    least: i64,
    /// What may be owed.
    most: Option<i64>,
}

impl Drawn {
    fn raise(&self, to_pay: i64, purse: &Purse) -> i64 {
        let wanted = (self.least - to_pay).max(0);
        self.most.map_or(wanted, |most| wanted.min((most - purse.owed()).max(0)))
    }
}

/// Lines of pay that no component earned.
pub(super) type Added = Vec<(PayoutKind, Period, i64)>;

impl Purse {
    pub(super) fn owed(&self) -> i64 {
        self.raised.values().filter(|raised| raised.owed).map(|raised| raised.minor).sum()
    }
}

impl<'h> Run<'_, 'h> {
    /// Moves the purse on; what the run adds to its booked lines. Everything booked, added and brought forward before, less
    /// what is brought forward now, is paid.
    pub(super) fn settle(&self, lines: &Lines<'_>, purse: &mut Purse) -> Added {
        let mut added = self.set_off(lines, purse);
        let set_off: i64 = added.iter().map(|(_, _, minor)| minor).sum();
        let mut to_pay = lines.values().sum::<i64>() + set_off + purse.carried.max(0);
        let cap = self.first_of(|plan| plan.pay.payment_cap.as_ref());
        let most = cap.map(|(plan, cap)| self.whole(plan, AmountPlace::PaymentCap, cap.amount));
        let over_cap = most.map_or(0, |most| (to_pay - most).max(0));
        let lost = cap.is_some_and(|(_, cap)| cap.excess == PaymentExcess::Lost);
        to_pay = to_pay - over_cap + purse.carried.min(0);
        let draw = self.draw();
        let raise = draw.as_ref().map_or(0, |draw| draw.raise(to_pay, purse));
        if raise > 0 {
            let guarantee = draw.is_some_and(|draw| draw.guarantee);
            let kind = if guarantee { PayoutKind::Guarantee } else { PayoutKind::Draw };
            purse.raised.insert(self.period, Raised { minor: raise, guarantee, owed: !guarantee });
            added.push((kind, self.period, raise));
        } else if let Some(back) = self.recovered(draw.map_or(0, |draw| draw.least), to_pay, purse) {
            added.push((PayoutKind::Recovery, self.period, -back));
            to_pay -= back;
        }
        to_pay += raise;
        if self.forgives() {
            purse.raised.values_mut().for_each(|raised| raised.owed = false);
        }
        let kept = (to_pay < 0 && !self.receivable()) || (to_pay > 0 && to_pay < self.least_payment());
        purse.carried = if kept { to_pay } else { 0 };
        match lost {
            true => added.extend((over_cap > 0).then_some((PayoutKind::Carried, self.period, -over_cap))),
            false => purse.carried += over_cap,
        }
        added
    }

    /// What comes late for a period that was raised would have raised it by less.
    fn set_off(&self, lines: &Lines<'_>, purse: &mut Purse) -> Added {
        let mut added = Added::new();
        for (period, raised) in purse.raised.iter_mut().filter(|(period, _)| **period < self.period) {
            let late = lines.iter().filter(|(line, _)| line.effective == *period && !line.by_hand);
            let late: i64 = late.map(|(_, minor)| minor).sum();
            let back = late.clamp(0, raised.minor);
            if back > 0 {
                raised.minor -= back;
                let kind = if raised.guarantee { PayoutKind::Guarantee } else { PayoutKind::Recovery };
                added.push((kind, *period, -back));
            }
        }
        purse.raised.retain(|_, raised| raised.minor != 0);
        added
    }

    /// Takes back what is owed, from the oldest period on, never more than a share of what is above the floor.
    fn recovered(&self, least: i64, to_pay: i64, purse: &mut Purse) -> Option<i64> {
        let recover = self.recover().filter(|recover| recover.from <= self.period)?;
        let floor = if recover.floor == RecoveryFloor::Draw { least } else { 0 };
        let above = BigRational::from_integer(BigInt::from((to_pay - floor).max(0)));
        let share = decimal(recover.share_of_excess.0, RATE_DECIMALS);
        let mut left = (above * share).to_integer().to_i64()?.min(purse.owed());
        let back = left;
        for raised in purse.raised.values_mut().filter(|raised| raised.owed) {
            let part = left.min(raised.minor);
            raised.minor -= part;
            left -= part;
        }
        purse.raised.retain(|_, raised| raised.minor != 0);
        Some(back).filter(|back| *back > 0)
    }

    /// The plans of the period, in the order of their ids.
    fn plans(&self) -> impl Iterator<Item = &'h Plan> {
        let plans = self.world.plans_of(self.payee, self.period).into_iter();
        plans.filter_map(|plan| self.world.version_of(plan, self.period))
    }

    pub(super) fn first_of<T>(&self, part: impl Fn(&'h Plan) -> Option<T>) -> Option<(&'h Plan, T)> {
        self.plans().find_map(|plan| Some((plan, part(plan)?)))
    }

    /// The draw of the period, as the plan states it.
    pub(super) fn stated_draw(&self) -> Option<(&'h Plan, &'h Draw)> {
        let runs = |draw: &&Draw| (draw.first..=draw.last).contains(&self.period);
        self.first_of(|plan| plan.pay.draw.as_ref().filter(runs))
    }

    /// The same for the payee; nobody has one of nothing.
    fn draw(&self) -> Option<Drawn> {
        let (plan, draw) = self.stated_draw()?;
        let amount = self.amount(plan, AmountPlace::Draw, draw.amount)?;
        let part = if plan.prorate.draw { self.active_part(plan) } else { BigRational::one() };
        let most = draw.recover.as_ref().and_then(|recover| recover.maximum_balance);
        (amount.0 != 0).then(|| Drawn {
            guarantee: draw.recover.is_none(),
            least: self.minor(amount, part),
            most: most.map(|most| self.whole(plan, AmountPlace::MaximumBalance, most)),
        })
    }

    fn active_part(&self, plan: &Plan) -> BigRational {
        let Some((first, after)) = self.world.bounds(self.period) else { return BigRational::one() };
        let on_plan = |day: &i32| self.named_on(Date(*day)).contains(&plan.plan_id.as_str());
        let days = (first.0..after.0).filter(on_plan).count();
        match plan.prorate.by {
            ProrateBy::ActiveDays => BigRational::new(days.into(), (after.0 - first.0).into()),
            ProrateBy::Months => BigRational::from_integer(BigInt::from(i32::from(days > 0))),
        }
    }

    /// Plans that a row in force on a day names.
    pub(super) fn named_on(&self, day: Date) -> Vec<&'h str> {
        let rows = self.world.known(self.payee).map(|seat| seat.payee.rows.as_slice()).unwrap_or_default();
        let row = rows.iter().find(|row| row.from <= day && row.to.is_none_or(|to| day < to));
        let mut plans: Vec<&str> = row.into_iter().flat_map(|row| row.plans.iter().map(String::as_str)).collect();
        plans.sort_unstable();
        plans
    }

    /// Versions in force on a day for the payee.
    fn versions_on(&self, day: Date) -> Vec<&'h Plan> {
        let in_force = |plan: &&Plan| plan.from <= day && plan.to.is_none_or(|to| day < to);
        let versions = |plan: &str| self.world.plans.get(plan).and_then(|versions| versions.iter().copied().find(in_force));
        self.named_on(day).into_iter().filter_map(versions).collect()
    }

    /// The day after the period.
    fn after(&self) -> Option<Date> {
        self.world.bounds(self.period).map(|(_, after)| after)
    }

    /// Versions on the last day up to the period's end on which there is one of this kind.
    fn last_versions(&self, of_kind: impl Fn(&Plan) -> bool) -> Vec<&'h Plan> {
        let rows = self.world.known(self.payee).map(|seat| seat.payee.rows.as_slice()).unwrap_or_default();
        let (Some(first), Some(after)) = (rows.first(), self.after()) else { return Vec::new() };
        for day in (first.from.0..after.0).rev() {
            let versions: Vec<_> = self.versions_on(Date(day)).into_iter().filter(|plan| of_kind(plan)).collect();
            if !versions.is_empty() {
                return versions;
            }
        }
        Vec::new()
    }

    fn recover(&self) -> Option<&'h Recover> {
        self.last_versions(|plan| recover_of(plan).is_some()).into_iter().next().and_then(recover_of)
    }

    /// Nothing of the kind goes on behind the period, and the terms forgive the rest.
    fn forgives(&self) -> bool {
        let goes_on = self.after().is_some_and(|day| self.versions_on(day).iter().any(|plan| recover_of(plan).is_some()));
        !goes_on && self.recover().is_some_and(|recover| recover.at_end == AtEnd::Forgiven)
    }

    pub(super) fn receivable(&self) -> bool {
        let mut plans: Vec<&Plan> = self.plans().collect();
        if plans.is_empty() {
            plans = self.last_versions(|_| true);
        }
        !plans.is_empty() && plans.iter().all(|plan| plan.negative_pay == NegativePay::Receivable)
    }

    /// What says that a smaller net is not paid yet, where something does.
    pub(super) fn stated_minimum(&self) -> Option<(&'h Plan, &'h MinimumSettlement)> {
        let (plan, minimum) = self.first_of(|plan| plan.pay.minimum_settlement.as_ref())?;
        let stays = self.after().is_some_and(|day| self.versions_on(day).iter().any(|next| next.plan_id == plan.plan_id));
        let december = self.period.to_string().ends_with("-12");
        (stays && !(december && minimum.flush == Flush::YearEnd)).then_some((plan, minimum))
    }

    fn least_payment(&self) -> i64 {
        let minimum = self.stated_minimum();
        minimum.map_or(0, |(plan, minimum)| self.whole(plan, AmountPlace::MinimumSettlement, minimum.amount))
    }

    /// An amount of the payee in minor units.
    fn whole(&self, plan: &Plan, place: AmountPlace, stated: Amount) -> i64 {
        self.amount(plan, place, stated).map_or(0, |amount| self.minor(amount, BigRational::one()))
    }

    /// A part of an amount in minor units, half to even.
    fn minor(&self, amount: Amount, part: BigRational) -> i64 {
        let unit = BigRational::from_integer(BigInt::from(10).pow(self.world.digits_of(self.payee)));
        let exact = decimal(amount.0, AMOUNT_DECIMALS) * part * unit;
        let (down, two) = (exact.floor(), BigInt::from(2));
        let twice = (&exact - &down) * BigRational::from_integer(two.clone());
        let odd = !(down.to_integer() % two).is_zero();
        let up = (&twice - BigRational::one()).is_positive() || (twice.is_one() && odd);
        (down.to_integer() + BigInt::from(u8::from(up))).to_i64().unwrap_or(i64::MAX)
    }
}

fn recover_of(plan: &Plan) -> Option<&Recover> {
    plan.pay.draw.as_ref()?.recover.as_ref()
}
