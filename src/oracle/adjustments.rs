//! What people add by hand: credit to a payee's sums, money to what a component earned, lines of pay.
//!
//! Which adjustments count is asked anew of everything before the cut, whatever came first.

use super::credits::{Counting, DealSum, Paid, Sum, Until};
use super::history::{Adjustment, History, Taken, hash_of};
use super::numbers::decimal;
use super::rewards::{Earned, Pricing, Slot, kind_of};
use super::world::World;
use crate::domain::money::AMOUNT_DECIMALS;
use crate::wire::records::{AdjustmentMade, Date, Half, Interval, MAXIMUM_ADJUSTMENTS, Position, Target, Year};
use ethnum::I256;
use num_rational::BigRational;
use num_traits::ToPrimitive;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Money that a person adds to a slot.
struct ByHand<'h> {
    slot: Slot,
    minor: i64,
    earning_code: &'h str,
}

impl History {
    /// Takes an adjustment that decoded and passed its own checks.
    pub fn adjustment(&mut self, position: Position, made: &AdjustmentMade) -> Taken {
        let hash = hash_of(&AdjustmentMade { occurred_at: 0, ..made.clone() });
        let payee = self.payees.intern(&made.payee_id);
        let books = match &made.target {
            Target::Credit { .. } => None,
            Target::Earning { component } => Some(self.texts.intern(component)),
            Target::Pay { earning_code } => Some(self.texts.intern(&format!("manual:{earning_code}"))),
        };
        let known = self.adjustments.entry(payee).or_default();
        let quarter = |of: &AdjustmentMade| (of.calendar.clone(), of.effective_period.quarter());
        let mut near = known.iter().filter(|other| quarter(&other.made) == quarter(made));
        if let Some(twin) = near.clone().find(|other| other.made.adjustment_id == made.adjustment_id) {
            return if twin.hash == hash { Taken::Duplicate } else { Taken::Conflict };
        }
        if near.nth(MAXIMUM_ADJUSTMENTS - 1).is_some() {
            return Taken::TooMany;
        }
        let (partition, offset) = (position.partition, position.offset);
        known.push(Adjustment { partition, offset, made: made.clone(), books, hash });
        Taken::Counted
    }

    /// Those of a payee before the cut whose period is there: none that takes another back, and none that is taken back.
    fn counting<'h>(&'h self, payee: u32, world: &World<'_>, until: Until<'_>) -> Vec<&'h Adjustment> {
        let Some(calendar) = world.calendar.filter(|_| world.known(payee).is_some()) else { return Vec::new() };
        let before = self.adjustments.get(&payee).into_iter().flatten();
        let before: Vec<&Adjustment> = before
            .filter(|of| of.made.calendar == calendar.calendar_id && until.holds_adjustment(of.partition, of.offset))
            .collect();
        let takes_back = |back: &AdjustmentMade, of: &AdjustmentMade| {
            let opposite = back.amount.0 + of.amount.0 == 0 && of.reverses.is_none();
            let same = back.target == of.target && back.effective_period == of.effective_period;
            back.reverses.as_ref() == Some(&of.adjustment_id) && opposite && same
        };
        let counts =
            |of: &&&Adjustment| of.made.reverses.is_none() && !before.iter().any(|other| takes_back(&other.made, &of.made));
        let reached = |of: &&&Adjustment| world.bounds(of.made.effective_period).is_some();
        before.iter().filter(reached).filter(counts).copied().collect()
    }
}

impl Counting<'_> {
    /// Adds the credit that people gave, each as a deal of the period's last day that is paid for.
    pub(super) fn by_hand(&mut self, until: Until<'_>, paid: &mut FxHashMap<u32, Paid>) {
        let mut number = self.history.deals.len() as u32;
        for payee in self.history.adjustments.keys().copied() {
            for of in self.history.counting(payee, self.world, until) {
                let Target::Credit { measure, kind } = &of.made.target else { continue };
                let place = self.world.measures.iter().position(|(id, _)| id == measure);
                // What a person gives has no role.
                let counted = self.world.measures.get(measure.as_str());
                let counted = counted.is_some_and(|of| of.credit_kinds.contains(kind) && of.roles.is_empty());
                let (Some(place), true) = (place, counted) else { continue };
                let (measure, period) = (place as u32, of.made.effective_period);
                let sum = I256::from(of.made.amount.0) * I256::from(1_000_000);
                *self.sums.entry((payee, measure, period)).or_insert(I256::ZERO) += sum;
                if self.by_line.contains(&measure) {
                    self.lines.entry((payee, measure, period)).or_default().push((None, sum));
                }
                if self.by_deal.contains(&measure) {
                    let last = self.world.bounds(period).map_or(Date(0), |(_, after)| Date(after.0 - 1));
                    let place = (last, None, format!("adjustment\u{1}{}", of.made.adjustment_id));
                    self.deals.push(DealSum { deal: number, payee, measure, period, place, sum, on: last });
                    paid.insert(number, Paid { total: 0, on: Vec::new() });
                    number += 1;
                }
            }
        }
    }
}

impl<'h> Pricing<'_, 'h> {
    /// What a payee earned by rules and by hand. Where nothing was stated and there is no sum nothing is earned.
    pub(super) fn earned(&self, payee: u32, sums: &[Sum]) -> BTreeMap<Slot, Earned<'h>> {
        let mut earned = self.by_rules(payee, sums);
        for ByHand { slot, minor, earning_code } in self.by_hand(payee) {
            earned.entry(slot).or_insert(Earned { minor: 0, earning_code }).minor += minor;
        }
        earned
    }

    /// What a person adds to what is paid in parts is due at once.
    pub(super) fn raise_due(&self, payee: u32, due: &mut BTreeMap<Slot, i64>) {
        for ByHand { slot, minor, .. } in self.by_hand(payee) {
            due.entry(slot).and_modify(|due| *due += minor);
        }
    }

    fn by_hand(&self, payee: u32) -> Vec<ByHand<'h>> {
        let counting = self.history.counting(payee, self.world, self.until);
        counting.into_iter().filter_map(|of| self.booked(payee, of)).collect()
    }

    /// The slot of an adjustment of money; `None` for one of credit, in parts of a minor unit, or of nothing in force.
    fn booked(&self, payee: u32, of: &'h Adjustment) -> Option<ByHand<'h>> {
        let unit = BigRational::from_integer(10i64.pow(self.world.digits_of(payee)).into());
        let minor = decimal(of.made.amount.0, AMOUNT_DECIMALS) * unit;
        let minor = minor.is_integer().then(|| minor.to_integer().to_i64()).flatten()?;
        let (component, effective) = (of.books?, of.made.effective_period);
        let slot = |interval| Slot { payee, component, interval, effective };
        if let Target::Pay { earning_code } = &of.made.target {
            return Some(ByHand { slot: slot(Interval::Month(effective)), minor, earning_code });
        }
        let id = self.history.texts.text(component);
        let components = self.components(payee, effective);
        let in_force = |interval: &Interval| {
            let kind = kind_of(*interval);
            components.iter().any(|(_, part)| part.component_id == **id && part.interval == kind)
        };
        let year = effective.0.div_euclid(12);
        let half = Interval::Half(Half(effective.0.div_euclid(6)));
        let intervals = [Interval::Month(effective), Interval::Quarter(effective.quarter()), half, Interval::Year(Year(year))];
        let interval = intervals.into_iter().find(in_force)?;
        let slot = slot(interval);
        Some(ByHand { slot, minor, earning_code: self.earning_code(&slot)? })
    }
}
