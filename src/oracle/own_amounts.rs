//! The amounts of a plan's pay terms as a payee has them in a run: the plan's, or parameters of the payee as they are on the last
//! day of the pay period that finds the payee on the plan.
//!
//! Leaves out what a term does with its amount (`pay`).

use super::pay::Run;
use super::rules::{Check, hold};
use crate::domain::money::Amount;
use crate::wire::records::{AmountPlace, Date, OwnAmount, Plan};

impl Run<'_, '_> {
    /// `None` where the payee lacks it.
    pub(super) fn amount(&self, plan: &Plan, place: AmountPlace, stated: Amount) -> Option<Amount> {
        match plan.own_amounts.iter().find(|own| own.place == place) {
            Some(OwnAmount { parameter, .. }) => self.parameter(plan, parameter),
            None => Some(stated),
        }
    }

    fn parameter(&self, plan: &Plan, name: &str) -> Option<Amount> {
        let (first, after) = self.world.bounds(self.period)?;
        let mut days = (first.0..after.0).rev().map(Date);
        let last = days.find(|day| self.named_on(*day).contains(&plan.plan_id.as_str()))?;
        let row = self.world.known(self.payee)?.row_on(last)?;
        row.parameters.iter().find(|(of, _)| of == name).map(|(_, amount)| *amount)
    }

    /// Everything that the run reads of the payee is there, and no draw is more than can be paid.
    pub(super) fn has_its_amounts(&self) -> Check {
        let there = |plan: &Plan, place, stated| {
            let amount = self.amount(plan, place, stated).ok_or("a close without an amount that somebody has of their own")?;
            hold(place != AmountPlace::Draw || amount.is_payable(), "a close with a draw that no payout holds")
        };
        if let Some((plan, draw)) = self.stated_draw() {
            there(plan, AmountPlace::Draw, draw.amount)?;
            let most = draw.recover.as_ref().and_then(|recover| recover.maximum_balance);
            most.map_or(Ok(()), |most| there(plan, AmountPlace::MaximumBalance, most))?;
        }
        if let Some((plan, cap)) = self.first_of(|plan| plan.pay.payment_cap.as_ref()) {
            there(plan, AmountPlace::PaymentCap, cap.amount)?;
        }
        let minimum = self.stated_minimum();
        minimum.map_or(Ok(()), |(plan, minimum)| there(plan, AmountPlace::MinimumSettlement, minimum.amount))
    }
}

/// Each in a place of its own, in order, where the plan has a term and no amount.
pub(super) fn fit(plan: &Plan) -> Check {
    let places: Vec<AmountPlace> = plan.own_amounts.iter().map(|own| own.place).collect();
    hold(places.is_sorted_by(|one, next| one < next), "two amounts of the payee's own for a term")?;
    for OwnAmount { place, parameter } in &plan.own_amounts {
        let draw = plan.pay.draw.as_ref();
        let stated = match place {
            AmountPlace::Draw => draw.map(|draw| draw.amount),
            AmountPlace::MaximumBalance => draw.and_then(|draw| draw.recover.as_ref()?.maximum_balance),
            AmountPlace::PaymentCap => plan.pay.payment_cap.as_ref().map(|cap| cap.amount),
            AmountPlace::MinimumSettlement => plan.pay.minimum_settlement.as_ref().map(|minimum| minimum.amount),
            AmountPlace::PlanCap => plan.cap.map(|cap| cap.amount),
        };
        hold(stated == Some(Amount(0)), "an amount of the plan's and of the payee's own")?;
        hold(!parameter.is_empty(), "an amount of the payee's own without a name")?;
    }
    Ok(())
}
