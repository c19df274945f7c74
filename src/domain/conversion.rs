//! The last step of a run: pay in another currency than the plans'.
//!
//! A run is settled in the plans' currency (`account`). What a component has paid for an interval is kept in both
//! currencies side by side: what a run adds is worth the rate of the run, what it takes back is worth what was paid for
//! it on average. So what returns to zero in one currency returns to zero in both. What is brought forward is kept in
//! both, too. Leaves out which rate a run has (`world`).

use super::calendar::{Interval, Period};
use super::currency::RateRow;
use super::money::{CURRENCY_RATE_DECIMALS, Minor, RECORD_DIGITS};
use super::output::{ConvertedFrom, Payout, PayoutKind};
use super::pay::{Brought, CARRIED, Line, RunOf};
use compact_str::CompactString;
use ethnum::I256;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a run pays of one component's interval in one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub component: CompactString,
    pub interval: Interval,
    pub line: Line,
}

/// Booked amounts of one payee in one period, in minor units of the plans' currency.
pub type Parts = BTreeMap<Part, i128>;

/// What a payee's runs have paid, in both currencies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideBySide {
    /// What is brought forward, in minor units of the currency of pay; it may be more than any record holds.
    pub balance: i128,
    /// In order, without those that are zero.
    totals: Vec<Total>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Total {
    component: CompactString,
    interval: Interval,
    /// In minor units of the plans' currency.
    plan: i128,
    /// In the currency of pay: 10^-10 of a unit whose size is that of the plans' minor unit.
    pay: i128,
}

/// At which rate a run pays.
#[derive(Clone, Copy, Debug)]
pub struct PayRate<'r> {
    pub currency: &'r str,
    pub minor_digits: u32,
    /// Of the plans' currency.
    pub plan_digits: u32,
    pub row: RateRow,
}

/// A run of one payee after its conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertedRun {
    pub payouts: Vec<Payout>,
    /// With all of the run brought forward, where it cannot be paid.
    pub brought: Brought,
    pub after: SideBySide,
}

/// What a record pays, in minor units of both currencies.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    plan: i128,
    pay: i128,
    /// Part of it is not at the run's rate.
    otherwise: bool,
}

/// The pay of each minor unit that a total moved by: `numerator / denominator`.
struct Worth {
    numerator: i128,
    denominator: i128,
    at_rate: bool,
}

impl SideBySide {
    pub fn is_empty(&self) -> bool {
        *self == SideBySide::default()
    }

    fn total(&mut self, component: &CompactString, interval: Interval) -> &mut Total {
        let place = self.totals.binary_search_by(|total| (&total.component, total.interval).cmp(&(component, interval)));
        let place = place.unwrap_or_else(|place| {
            self.totals.insert(place, Total { component: component.clone(), interval, plan: 0, pay: 0 });
            place
        });
        &mut self.totals[place]
    }
}

impl Total {
    /// Moves both totals on; what each unit of the move is worth.
    fn advance(&mut self, moved: i128, rate: i128) -> Option<Worth> {
        let (plan, pay) = (self.plan, self.pay);
        let now = plan.checked_add(moved)?;
        let grows = plan == 0 || (moved != 0 && (moved < 0) == (plan < 0));
        let turns = now != 0 && (now < 0) != (plan < 0);
        (self.plan, self.pay) = (now, pay_of(now, rate)?);
        if grows {
            self.pay = pay.checked_add(pay_of(moved, rate)?)?;
            return Some(Worth { numerator: rate, denominator: 1, at_rate: true });
        }
        if turns {
            return Some(Worth { numerator: self.pay.checked_sub(pay)?, denominator: moved, at_rate: false });
        }
        self.pay = nearest(I256::from(pay) * I256::from(now), plan)?;
        Some(Worth { numerator: pay, denominator: plan, at_rate: false })
    }
}

fn pay_of(plan: i128, rate: i128) -> Option<i128> {
    plan.checked_mul(rate)
}

/// The nearest whole quotient, half to even; `None` where it does not fit.
fn nearest(of: I256, by: i128) -> Option<i128> {
    let (of, by) = if by < 0 { (-of, -I256::from(by)) } else { (of, I256::from(by)) };
    let (whole, rest) = (of.div_euclid(by), of.rem_euclid(by));
    let up = rest > by - rest || (rest == by - rest && whole % 2 != 0);
    i128::try_from(whole + I256::from(u8::from(up))).ok()
}

impl PayRate<'_> {
    /// What a minor unit of pay is in the units that totals are kept in.
    fn scale(&self) -> i128 {
        10i128.pow(self.plan_digits + CURRENCY_RATE_DECIMALS - self.minor_digits)
    }

    /// Minor units of what is not kept as a total.
    fn minor(&self, plan: i128) -> Option<i128> {
        nearest(I256::from(pay_of(plan, self.row.rate.0)?), self.scale())
    }

    /// Moves a total on by the amounts of its lines; what each of them is in minor units of pay.
    fn advance(&self, total: &mut Total, amounts: &[i128]) -> Option<(Vec<i128>, bool)> {
        let moved = amounts.iter().try_fold(0i128, |sum, amount| sum.checked_add(*amount))?;
        let paid_before = nearest(I256::from(total.pay), self.scale())?;
        let worth = total.advance(moved, self.row.rate.0)?;
        let paid = nearest(I256::from(total.pay), self.scale())? - paid_before;
        Some((share_out(paid, amounts, &worth, self.scale())?, worth.at_rate))
    }

    /// Whether a record holds it.
    fn holds(&self, pair: &Pair) -> bool {
        pair.pay.unsigned_abs() < 10u128.pow(RECORD_DIGITS + self.minor_digits)
    }
}

/// Shares minor units out: each line gets the whole ones of what it is worth, those that are left go one by one to the lines
/// with the largest remainders, of equal ones to the first.
fn share_out(paid: i128, amounts: &[i128], worth: &Worth, scale: i128) -> Option<Vec<i128>> {
    let unit = I256::from(worth.denominator).checked_mul(I256::from(scale))?;
    let (unit, sign) = if unit < 0 { (-unit, -1) } else { (unit, 1) };
    let exact = |amount: &i128| Some(I256::from(*amount).checked_mul(I256::from(worth.numerator))? * I256::from(sign));
    let exact: Vec<I256> = amounts.iter().map(exact).collect::<Option<_>>()?;
    let whole = |exact: &I256| i128::try_from(exact.div_euclid(unit)).ok();
    let mut shares: Vec<i128> = exact.iter().map(whole).collect::<Option<_>>()?;
    let (left, lines) = (paid - shares.iter().sum::<i128>(), amounts.len() as i128);
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(exact[*place].rem_euclid(unit)));
    shares.iter_mut().for_each(|share| *share += left.div_euclid(lines));
    order.into_iter().take(left.rem_euclid(lines) as usize).for_each(|place| shares[place] += 1);
    Some(shares)
}

/// Converts a settled run; `None` when an amount does not fit. What is not above zero in the currency of pay is brought
/// forward whole, unless it is `receivable`, and so is what no record holds.
pub fn convert(
    run: &RunOf<'_>,
    parts: &Parts,
    brought: &Brought,
    receivable: bool,
    rate: &PayRate<'_>,
    before: &SideBySide,
) -> Option<ConvertedRun> {
    let mut after = before.clone();
    let mut pairs = lines(parts, run.period, rate, &mut after)?;
    for extra in &brought.extra {
        let plan = i128::from(extra.amount.0);
        pairs.push((extra.code(), extra.kind, extra.effective, Pair { plan, pay: rate.minor(plan)?, otherwise: false }));
    }
    let (left, stays) = (i128::from(brought.balance_after.0), rate.minor(i128::from(brought.balance_after.0))?);
    let carried =
        Pair { plan: i128::from(brought.balance_before.0) - left, pay: before.balance.checked_sub(stays)?, otherwise: true };
    pairs.push((CARRIED.into(), PayoutKind::Carried, run.period, carried));
    let sum = |of: fn(&Pair) -> i128| pairs.iter().try_fold(0i128, |sum, (_, _, _, pair)| sum.checked_add(of(pair)));
    let (net, paid) = (sum(|pair| pair.plan)?, sum(|pair| pair.pay)?);
    // What is even in the plans' currency may not be so in the other one.
    let due = net != 0 || left == 0;
    let positive = paid > 0 || (receivable && paid != 0);
    let pays = due && positive && pairs.iter().all(|(_, _, _, pair)| rate.holds(pair));
    let mut brought = brought.clone();
    if !pays {
        brought.balance_after = Minor(i64::try_from(left.checked_add(net)?).ok()?);
        after.balance = stays.checked_add(paid)?;
        return Some(ConvertedRun { payouts: Vec::new(), brought, after });
    }
    after.balance = stays;
    let balance_after = Minor(brought.balance_after.0.checked_sub(brought.owed_after.0)?);
    let payouts = pairs.into_iter().filter(|(_, _, _, pair)| pair.pay != 0);
    let payouts = payouts.map(|(earning_code, kind, effective_period, pair)| {
        Some(Payout {
            run_id: run.run_id.into(),
            pay_group: run.pay_group.into(),
            period: run.period,
            payee_id: run.payee_id.into(),
            employee_ref: run.employee_ref.map(str::to_owned),
            earning_code,
            kind,
            effective_period,
            amount: Minor(i64::try_from(pair.pay).ok()?),
            currency: rate.currency.into(),
            balance_after,
            converted: Some(ConvertedFrom {
                plan_amount: Minor(i64::try_from(pair.plan).ok()?),
                plan_currency: run.currency.into(),
                rate: (!pair.otherwise).then_some((rate.row.rate, rate.row.from)),
            }),
        })
    });
    Some(ConvertedRun { payouts: payouts.collect::<Option<_>>()?, brought, after })
}

type Record = (String, PayoutKind, Period, Pair);

/// What a run pays of each line, with the totals moved on.
fn lines(parts: &Parts, run: Period, rate: &PayRate<'_>, after: &mut SideBySide) -> Option<Vec<Record>> {
    let mut pairs: BTreeMap<&Line, Pair> = BTreeMap::new();
    let parts: Vec<(&Part, i128)> = parts.iter().filter(|(_, amount)| **amount != 0).map(|(part, of)| (part, *of)).collect();
    let of_one =
        |(one, _): &(&Part, i128), (next, _): &(&Part, i128)| (&one.component, one.interval) == (&next.component, next.interval);
    for lines in parts.chunk_by(of_one) {
        let amounts: Vec<i128> = lines.iter().map(|(_, amount)| *amount).collect();
        let Some((Part { component, interval, .. }, _)) = lines.first() else { continue };
        let (shares, at_rate) = rate.advance(after.total(component, *interval), &amounts)?;
        for ((part, plan), pay) in lines.iter().zip(shares) {
            let pair = pairs.entry(&part.line).or_default();
            pair.plan = pair.plan.checked_add(*plan)?;
            pair.pay = pair.pay.checked_add(pay)?;
            pair.otherwise |= !at_rate;
        }
    }
    after.totals.retain(|total| total.plan != 0);
    let record = |(line, pair): (&Line, Pair)| (line.earning_code.clone(), line.kind(run), line.effective, pair);
    Some(pairs.into_iter().map(record).collect())
}

#[cfg(test)]
mod tests;
