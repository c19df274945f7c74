//! Amounts of a plan's terms of pay that are each payee's own: what a payee has of them, and which closes wait for one.
//!
//! A run is of the end of its pay period, and so are these: they are of the last row of the period in which the payee is on
//! the plan. Leaves out what becomes of an amount (`pay`).

use super::World;
use super::apply::invalid;
use super::organisation::overlaps;
use crate::domain::calendar::Period;
use crate::domain::fact::Payee;
use crate::domain::money::Amount;
use crate::domain::plan::{AmountPlace, Plan};
use crate::domain::reject::{Reason, Reject};

impl World {
    /// The amount that a payee has in a place: the plan's, or their own.
    pub(super) fn amount_of(
        &self,
        payee: &Payee,
        plan: &Plan,
        place: AmountPlace,
        stated: Amount,
        period: Period,
    ) -> Result<Amount, Reject> {
        let Some(name) = plan.own_amount(place) else { return Ok(stated) };
        let (from, to) = self.bounds(period).ok_or_else(|| unreached(period))?;
        let on_plan = payee.rows.iter().rev().find(|row| overlaps(row, from, to) && row.plans.contains(&plan.plan_id));
        let own = on_plan.and_then(|row| row.parameters.iter().find(|(of, _)| of == name));
        let plan_id = &plan.plan_id;
        match own {
            None => {
                let message = format!("plan \"{plan_id}\" needs the payee's {name} in {period}");
                Err(Reject::new(Reason::MissingParameter, place.field(), message))
            }
            Some((_, amount)) if place == AmountPlace::Draw && !amount.is_payable() => {
                let message =
                    format!("the payee's {name} of plan \"{plan_id}\": no payout holds a draw of more than 1000000000000");
                Err(Reject::new(Reason::AmountOutOfRange, place.field(), message))
            }
            Some((_, amount)) => Ok(*amount),
        }
    }

    /// Whoever lacks an amount that the run of a period reads, in the order of their ids, with the reason.
    pub fn without_own_amounts(&self, period: Period) -> Vec<(&str, Reject)> {
        if self.plans.values().flatten().all(|version| version.plan.own_amounts.is_empty()) {
            return Vec::new();
        }
        let ids = self.organisation.payees().map(|payee| payee.payee_id.as_str());
        let mut without: Vec<(&str, Reject)> =
            ids.filter_map(|payee_id| Some((payee_id, self.pay_terms(payee_id, period, true).err()?))).collect();
        without.sort_unstable_by_key(|(payee_id, _)| *payee_id);
        without
    }

    /// A close that would pay without a rate, or without an amount that somebody has of their own, is none.
    pub(super) fn check_payable(&self, period: Period) -> Result<(), Reject> {
        let refused = |payees: &[&str], reject: &Reject| {
            let others = if payees.len() > 1 { format!(" and {} more", payees.len() - 1) } else { String::new() };
            let message = format!("pay of \"{}\"{others}: {}", payees[0], reject.message);
            Err(Reject::new(reject.reason, &reject.field, message))
        };
        if let Some((payees, reject)) = self.without_pay_rate(period).into_values().next() {
            return refused(&payees, &reject);
        }
        let without = self.without_own_amounts(period);
        let payees: Vec<&str> = without.iter().map(|(payee_id, _)| *payee_id).collect();
        without.first().map_or(Ok(()), |(_, reject)| refused(&payees, reject))
    }
}

pub(super) fn unreached(period: Period) -> Reject {
    invalid("period", format!("no calendar reaches {period}"))
}

/// An amount is stated by the plan, or it is a parameter of the payee.
pub(super) fn check_own_amounts(plan: &Plan) -> Result<(), Reject> {
    let refused = |message: &str| Err(invalid("own_amounts", message.into()));
    for own in &plan.own_amounts {
        if plan.stated_amount(own.place) != Some(Amount(0)) {
            return refused("a term has an amount, or the payee's own");
        }
        if own.parameter.is_empty() {
            return refused("an amount of the payee's own without a name");
        }
    }
    match plan.own_amounts.windows(2).all(|pair| pair[0].place < pair[1].place) {
        true => Ok(()),
        false => refused("a term has one amount of the payee's own"),
    }
}
