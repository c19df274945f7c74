//! What a payee's span was told: measured sums per pay period, statements about quotas, what is settled and returned of deals,
//! and manual adjustments. Sums, statements and adjustments add up in any order; of a deal the last word counts.

use crate::domain::adjustment::AdjustmentMade;
use crate::domain::calendar::{Date, Interval};
use crate::domain::clawback::Clawback;
use crate::domain::fact::CreditKind;
use crate::domain::money::{Amount, Measured};
use crate::domain::quota::QuotaChanged;
use crate::domain::reward::OneDeal;
use crate::domain::settlement::settled_part;
use crate::pipeline::packed::Settled;
use compact_str::CompactString;
use ethnum::I256;
use num_rational::BigRational;
use num_traits::Zero;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    pub sums: Vec<Sum>,
    pub statements: Vec<Statement>,
    /// Deals of the measures that are read deal by deal, in the order in which they are folded.
    pub deals: Vec<Listed>,
    /// By deal: those of which something is settled, or nothing has to be.
    pub settled: Vec<(CompactString, Settled)>,
    /// Each id once. Few payees have any: a slice keeps the others' entries small.
    pub adjustments: Box<[AdjustmentMade]>,
    /// What was taken back of deals, in the order of its fields: only of measures for which somebody asks. As few.
    pub returned: Box<[Returned]>,
}

/// What was taken back of a deal's part of a measure on a day, in 10^-12.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    pub measure: CompactString,
    pub closed_on: Date,
    pub sequence: Option<i64>,
    pub deal_id: CompactString,
    pub on: Date,
    /// The place of the close date's period in its span, from 0.
    pub place: u8,
    pub value: i128,
}

/// What one deal gave a measure, in 10^-12. The order of fields is that of the fold: close date, sequence, deal id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub measure: CompactString,
    pub closed_on: Date,
    pub sequence: Option<i64>,
    pub deal_id: CompactString,
    /// The place of the close date's period in its span, from 0.
    pub place: u8,
    pub value: i128,
}

/// Which deal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DealKey<'k> {
    pub closed_on: Date,
    pub sequence: Option<i64>,
    pub deal_id: &'k str,
}

/// A measure's sum in one pay period, by kind of credit, in 10^-12.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    pub measure: CompactString,
    /// The period's place in its span, from 0.
    pub place: u8,
    pub by_kind: ByKind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByKind {
    pub revenue: i128,
    pub overlay: i128,
    pub rolled: i128,
    pub territory: i128,
}

/// One accepted statement about a quota; see [`QuotaChanged`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// How many closes lie before it in its source: those are the ones that did not see it.
    pub epoch: u32,
    pub measure: CompactString,
    pub interval: Interval,
    pub amount: Option<Amount>,
    pub revision: i64,
    pub applies_from: Option<Date>,
    pub author: CompactString,
    pub reason: CompactString,
}

/// A quota in force, and the revision that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    pub amount: Amount,
    pub revision: i64,
}

impl ByKind {
    /// Adds one credit's part; `None` when it does not fit.
    pub fn add(&mut self, kind: CreditKind, value: i128) -> Option<()> {
        let slot = match kind {
            CreditKind::Revenue => &mut self.revenue,
            CreditKind::Overlay => &mut self.overlay,
            CreditKind::Rolled => &mut self.rolled,
            CreditKind::Territory => &mut self.territory,
        };
        *slot = slot.checked_add(value)?;
        Some(())
    }

    pub fn plus(self, other: ByKind) -> Option<ByKind> {
        Some(ByKind {
            revenue: self.revenue.checked_add(other.revenue)?,
            overlay: self.overlay.checked_add(other.overlay)?,
            rolled: self.rolled.checked_add(other.rolled)?,
            territory: self.territory.checked_add(other.territory)?,
        })
    }

    pub fn total(self) -> Option<i128> {
        self.revenue.checked_add(self.overlay)?.checked_add(self.rolled)?.checked_add(self.territory)
    }
}

impl Statement {
    pub fn of(epoch: u32, quota: &QuotaChanged<'_>) -> Statement {
        Statement {
            epoch,
            measure: quota.measure.into(),
            interval: quota.interval,
            amount: quota.amount,
            revision: quota.revision,
            applies_from: quota.applies_from,
            author: quota.author.into(),
            reason: quota.reason.into(),
        }
    }

    /// Whether it is another delivery of the same statement.
    pub fn says_the_same(&self, other: &Statement) -> bool {
        Statement { epoch: self.epoch, ..other.clone() } == *self
    }

    fn same_key(&self, other: &Statement) -> bool {
        self.revision == other.revision && self.interval == other.interval && self.measure == other.measure
    }
}

impl Returned {
    fn key(&self) -> (&str, DealKey<'_>) {
        let deal = DealKey { closed_on: self.closed_on, sequence: self.sequence, deal_id: &self.deal_id };
        (&self.measure, deal)
    }
}

impl Listed {
    fn key(&self) -> (&str, DealKey<'_>) {
        let deal = DealKey { closed_on: self.closed_on, sequence: self.sequence, deal_id: &self.deal_id };
        (&self.measure, deal)
    }
}

impl Inputs {
    /// The slot of a measure's period.
    pub fn sum_mut(&mut self, measure: &str, place: u8) -> &mut ByKind {
        let found = self.sums.iter().position(|sum| sum.place == place && sum.measure == measure);
        let at = found.unwrap_or_else(|| {
            self.sums.push(Sum { measure: measure.into(), place, by_kind: ByKind::default() });
            self.sums.len() - 1
        });
        &mut self.sums[at].by_kind
    }

    pub fn by_kind(&self, measure: &str, place: usize) -> ByKind {
        let found = self.sums.iter().find(|sum| usize::from(sum.place) == place && sum.measure == measure);
        found.map_or(ByKind::default(), |sum| sum.by_kind)
    }

    /// Adds to what a deal gave; one that gives nothing is not kept. `None` when it does not fit.
    pub fn add_deal(&mut self, measure: &str, place: u8, deal: DealKey<'_>, value: i128) -> Option<()> {
        let found = self.deals.binary_search_by(|listed| listed.key().cmp(&(measure, deal)));
        match found {
            Ok(at) => {
                self.deals[at].value = self.deals[at].value.checked_add(value)?;
                if self.deals[at].value == 0 {
                    self.deals.remove(at);
                }
            }
            Err(_) if value == 0 => {}
            Err(at) => {
                let DealKey { closed_on, sequence, deal_id } = deal;
                let listed = Listed { measure: measure.into(), closed_on, sequence, deal_id: deal_id.into(), place, value };
                self.deals.insert(at, listed);
            }
        }
        Some(())
    }

    /// What the deals of a period gave a measure, in order.
    pub fn deals_of(&self, measure: &str, place: usize) -> impl Iterator<Item = &Listed> {
        self.deals.iter().filter(move |listed| usize::from(listed.place) == place && listed.measure == measure)
    }

    /// Adds to what was taken back of a deal on a day; where that is nothing it is not kept. `None` when it does not fit.
    pub fn add_returned(&mut self, measure: &str, place: u8, deal: DealKey<'_>, on: Date, value: i128) -> Option<()> {
        let mut all = std::mem::take(&mut self.returned).into_vec();
        let found = all.binary_search_by(|of| (of.key(), of.on).cmp(&((measure, deal), on)));
        let fits = match found {
            Ok(at) => all[at].value.checked_add(value).map(|sum| all[at].value = sum),
            Err(at) => {
                let DealKey { closed_on, sequence, deal_id } = deal;
                let (measure, deal_id) = (measure.into(), deal_id.into());
                all.insert(at, Returned { measure, closed_on, sequence, deal_id, on, place, value });
                Some(())
            }
        };
        all.retain(|of| of.value != 0);
        self.returned = all.into_boxed_slice();
        fits
    }

    /// What was taken back of the deals of a period.
    pub fn returned_of(&self, measure: &str, place: usize) -> impl Iterator<Item = &Returned> {
        self.returned.iter().filter(move |of| usize::from(of.place) == place && of.measure == measure)
    }

    /// Whether sums that cancelled each other are all that there is. What is settled of a deal is told anew where it comes back.
    pub fn are_nothing(&self) -> bool {
        let Inputs { sums, statements, deals, settled: _, adjustments, returned } = self;
        deals.is_empty()
            && returned.is_empty()
            && statements.is_empty()
            && adjustments.is_empty()
            && sums.iter().all(|sum| sum.by_kind == ByKind::default())
    }

    /// What was told but for what was returned on or after a day of deals of some places, as if it had not been; `None` when a sum
    /// does not fit.
    pub fn without_returns_since(&self, day: Date, places: &RangeInclusive<usize>) -> Option<Inputs> {
        let mut inputs = self.clone();
        let is_later = |of: &Returned| of.on >= day && places.contains(&of.place.into());
        let (since, before) = std::mem::take(&mut inputs.returned).into_vec().into_iter().partition(is_later);
        let since: Vec<Returned> = since;
        inputs.returned = Vec::into_boxed_slice(before);
        for of in &since {
            let (measure, deal) = of.key();
            inputs.sum_mut(measure, of.place).add(CreditKind::Revenue, of.value)?;
            inputs.add_deal(measure, of.place, deal, of.value)?;
        }
        Some(inputs)
    }

    /// The deals of a period as they were sold, in order, each with what is taken back of it; `None` when a sum does not fit.
    pub fn sold_in(&self, measure: &str, place: usize, clawback: &Clawback) -> Option<Vec<OneDeal<'_>>> {
        let mut sold: BTreeMap<DealKey<'_>, (i128, I256)> = BTreeMap::new();
        for listed in self.deals_of(measure, place) {
            sold.insert(listed.key().1, (listed.value, I256::ZERO));
        }
        for returned in self.returned_of(measure, place) {
            let (sum, back) = sold.entry(returned.key().1).or_default();
            *sum = sum.checked_add(returned.value)?;
            *back += I256::from(returned.value) * I256::from(clawback.share(returned.closed_on, returned.on).0);
        }
        let sold = sold.into_iter();
        Some(sold.map(|(deal, (sum, back))| OneDeal { deal_id: deal.deal_id, measured: Measured(sum), back }).collect())
    }

    /// Replaces what was told of a deal before.
    pub fn settle(&mut self, deal_id: &str, settled: Settled) {
        match self.settled.binary_search_by(|(of, _)| of.as_str().cmp(deal_id)) {
            Ok(at) => self.settled[at].1 = settled,
            Err(at) => self.settled.insert(at, (deal_id.into(), settled)),
        }
    }

    /// The part of a deal that is settled before a day.
    pub fn settled_part(&self, deal_id: &str, before: Date) -> BigRational {
        match self.settled.binary_search_by(|(of, _)| of.as_str().cmp(deal_id)) {
            Ok(at) => settled_part(self.settled[at].1.total, &self.settled[at].1.passed, before),
            Err(_) => BigRational::zero(),
        }
    }

    pub fn adjust(&mut self, made: AdjustmentMade) {
        let mut all = std::mem::take(&mut self.adjustments).into_vec();
        all.push(made);
        self.adjustments = all.into_boxed_slice();
    }

    /// A statement of the same quota and revision.
    pub fn statement_like(&self, statement: &Statement) -> Option<&Statement> {
        self.statements.iter().find(|known| known.same_key(statement))
    }

    /// What the statement of the highest revision that applies to a period starting on `first_day` says.
    pub fn quota(&self, measure: &str, interval: Interval, first_day: Date) -> Option<InForce> {
        self.quota_up_to(u32::MAX, measure, interval, first_day)
    }

    /// The same of what came in epochs up to one.
    pub fn quota_up_to(&self, epoch: u32, measure: &str, interval: Interval, first_day: Date) -> Option<InForce> {
        let applies = |statement: &&Statement| {
            statement.epoch <= epoch
                && statement.interval == interval
                && statement.measure == measure
                && statement.applies_from.is_none_or(|from| from <= first_day)
        };
        let newest = self.statements.iter().filter(applies).max_by_key(|statement| statement.revision)?;
        newest.amount.map(|amount| InForce { amount, revision: newest.revision })
    }

    /// Adds what a later part was told; `None` when a sum does not fit.
    pub fn merge(&mut self, other: &Inputs) -> Option<()> {
        for sum in &other.sums {
            let slot = self.sum_mut(&sum.measure, sum.place);
            *slot = slot.plus(sum.by_kind)?;
        }
        self.statements.extend(other.statements.iter().cloned());
        for listed in &other.deals {
            let (measure, deal) = listed.key();
            self.add_deal(measure, listed.place, deal, listed.value)?;
        }
        for of in &other.returned {
            let (measure, deal) = of.key();
            self.add_returned(measure, of.place, deal, of.on, of.value)?;
        }
        other.settled.iter().for_each(|(deal_id, settled)| self.settle(deal_id, settled.clone()));
        other.adjustments.iter().for_each(|made| self.adjust(made.clone()));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clawback::{ClawbackPrice, ScaleRow};
    use crate::domain::money::Rate;

    /// What is left of 60, of which this was returned on these days, in whatever order that is told: taken back in 10^-20.
    fn check(scale: &[(i32, i64)], returned: &[(&str, i128)], back: i128) {
        let row =
            |(within_months, percent): &(i32, i64)| ScaleRow { within_months: *within_months, share: Rate(percent * 1_000_000) };
        let scale = scale.iter().map(row).collect();
        let clawback = Clawback { price: ClawbackPrice::HistoricRate, scale, ..Clawback::default() };
        let closed_on = "2026-01-10".parse().unwrap();
        let deal = DealKey { closed_on, sequence: None, deal_id: "D" };
        for order in [returned.to_vec(), returned.iter().rev().copied().collect()] {
            let mut inputs = Inputs::default();
            let left = 60 - returned.iter().map(|(_, value)| value).sum::<i128>();
            inputs.add_deal("sales", 0, deal, left).unwrap();
            for (on, value) in order {
                inputs.add_returned("sales", 0, deal, on.parse().unwrap(), value).unwrap();
            }
            let sold = inputs.sold_in("sales", 0, &clawback).unwrap();
            let found: Vec<_> = sold.iter().map(|deal| (deal.deal_id, deal.measured.0, deal.back)).collect();
            assert_eq!(found, [("D", 60, I256::from(back * 1_000_000))], "{returned:?}");
        }
    }

    #[test]
    fn each_day_of_a_return_has_its_own_share() {
        let scale: &[_] = &[(3, 100), (6, 50)];
        check(scale, &[], 0);
        // In whole within the first row at 100 % is as without a scale.
        check(scale, &[("2026-04-09", 60)], 6_000);
        check(&[], &[("2026-04-09", 60)], 6_000);
        check(scale, &[("2026-04-10", 60)], 3_000);
        check(scale, &[("2026-07-10", 60)], 0);
        check(scale, &[("2026-02-10", 20), ("2026-05-10", 20), ("2026-08-10", 20)], 3_000);
        check(&[], &[("2026-02-10", 20), ("2026-05-10", 20), ("2026-08-10", 20)], 6_000);
        // What a later return leaves more of takes back less.
        check(scale, &[("2026-02-10", 40), ("2026-05-10", -10)], 3_500);
    }
}
