//! When measures that are dated by invoices or receipts count a deal: in the pay periods in which something of it came.

use super::credits::Counting;
use super::deals::{by_deals, earns_by_deal};
use super::history::Content;
use super::later::is_later;
use super::rules::{Check, hold};
use crate::wire::records::{Component, DatedBy, Measure, Period};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};
use std::collections::BTreeMap;

/// What of a deal had come with the ends of pay periods.
pub(super) struct Come {
    by_deal: Vec<(Period, BigRational)>,
    by_invoice: Vec<(Period, BigRational)>,
    by_receipt: Vec<(Period, BigRational)>,
}

impl Come {
    /// `period` is that of the close date.
    pub(super) fn new(counting: &Counting<'_>, number: u32, deal: &Content, period: Period) -> Come {
        let by_deal = vec![(period, BigRational::one())];
        let [by_invoice, by_receipt] = [true, false].map(|invoices| counting.come(number, deal, invoices));
        Come { by_deal, by_invoice, by_receipt }
    }

    /// What of a line came in each of them: of the lines up to and with it less of those `above` it, each the part up to then,
    /// half to even, less what came before.
    pub(super) fn parts(&self, dated_by: DatedBy, above: i128, line: i128) -> Vec<(Period, i128)> {
        let come = match dated_by {
            DatedBy::Deal => &self.by_deal,
            DatedBy::Invoice => &self.by_invoice,
            DatedBy::Receipt => &self.by_receipt,
        };
        let mut before = 0;
        let part = |(period, part): &(Period, BigRational)| {
            let of = |amount: i128| half_even(&(part * BigInt::from(amount)));
            let now = of(above + line) - of(above);
            (*period, now - std::mem::replace(&mut before, now))
        };
        come.iter().map(part).collect()
    }
}

fn half_even(value: &BigRational) -> i128 {
    let (floor, half) = (value.floor(), BigRational::new(1.into(), 2.into()));
    let rest = value - &floor;
    let odd = floor.to_integer() % 2 != BigInt::zero();
    let up = rest > half || (rest == half && odd);
    (floor.to_integer() + i32::from(up)).to_i128().unwrap_or_default()
}

impl Counting<'_> {
    /// The pay periods in which something came of a deal, by invoices or else by payments, each with what of it had come
    /// with its end. What came before the close date came on it; what comes behind the calendar has not come.
    fn come(&self, number: u32, deal: &Content, invoices: bool) -> Vec<(Period, BigRational)> {
        let total: i128 = deal.lines.iter().map(|line| line.amount).sum();
        let on_close = self.world.period_of(deal.closed_on);
        if total == 0 {
            return on_close.into_iter().map(|period| (period, BigRational::one())).collect();
        }
        let settlements = self.history.settlements.get(&number).into_iter().flatten();
        let known = settlements.filter(|of| self.until.holds_settlement(of.partition, of.offset) && of.currency == deal.currency);
        let mut by_period: BTreeMap<Period, i128> = BTreeMap::new();
        for of in known {
            let Some(period) = self.world.period_of(of.on.max(deal.closed_on)) else { continue };
            let amount = if invoices { of.invoiced * total.signum() } else { of.amount };
            *by_period.entry(period).or_default() += amount;
        }
        let mut all = 0;
        let part = |(period, amount): (Period, i128)| {
            all += amount;
            let part = BigRational::new(all.into(), total.into());
            (period, part.max(BigRational::zero()).min(BigRational::one()))
        };
        by_period.into_iter().map(part).collect()
    }
}

/// A measure that counts deals in parts has no single deal that a component could price, and what is refunded is taken back as
/// it is refunded.
pub(super) fn fits(component: &Component, measure: &Measure) -> Check {
    let picks = component.measure == measure.measure_id;
    let pays = component.paid_measure.as_ref() == Some(&measure.measure_id);
    let one_by_one = picks && (by_deals(component) || earns_by_deal(component));
    let later = (picks || pays) && is_later(component);
    hold(measure.dated_by == DatedBy::Deal || !(one_by_one || later), "deals that count in parts, one by one or later")
}
