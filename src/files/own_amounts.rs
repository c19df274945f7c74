//! Amounts of a plan's terms that are each payee's own: read in the place of the plan's, and whoever lacks one.

use super::codes;
use super::draft::Draft;
use super::fields::Fields;
use super::own::number_or_own;
use super::people::PayeeDraft;
use super::source::{Findings, Located};
use crate::domain::calendar::{Calendar, Date};
use crate::domain::fact::PayeeRow;
use crate::domain::money::{AMOUNT_DECIMALS, Amount, NumberError, parse_scaled};
use crate::domain::pay_terms::Draw;
use crate::domain::plan::{AmountPlace, OwnAmount, Plan};
use std::collections::BTreeSet;

/// The amounts of one plan.
pub struct Amounts {
    /// Of the plan's currency, where it is known.
    minor_digits: Option<u32>,
    own: Vec<(AmountPlace, Located<String>)>,
}

impl Amounts {
    pub fn new(minor_digits: Option<u32>) -> Amounts {
        Amounts { minor_digits, own: Vec::new() }
    }

    /// Money that is not negative, in the currency's decimals; 0 where it is the payee's own.
    pub fn optional(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
        at: AmountPlace,
        findings: &mut Findings,
    ) -> Option<Located<Amount>> {
        let node = fields.node(key)?;
        let number = number_or_own(node, key, Amount(0), money(self.minor_digits), findings)?;
        let (amount, own) = number.value;
        self.own.extend(own.map(|name| (at, Located::new(name, number.place))));
        Some(Located::new(amount, number.place))
    }

    pub fn required(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
        at: AmountPlace,
        findings: &mut Findings,
    ) -> Option<Located<Amount>> {
        fields.required(key, &format!("add {key} = \"...\""), findings)?;
        self.optional(fields, key, at, findings)
    }

    pub fn is_own(&self, at: AmountPlace) -> bool {
        self.own.iter().any(|(place, _)| *place == at)
    }

    /// In the order of their places.
    pub fn own_amounts(&self) -> Vec<OwnAmount> {
        let own = self.own.iter().map(|(place, name)| OwnAmount { place: *place, parameter: name.value.clone() });
        let mut own: Vec<OwnAmount> = own.collect();
        own.sort_by_key(|own| own.place);
        own
    }

    /// The parameters that it names.
    pub fn parameters(self) -> Vec<Located<String>> {
        self.own.into_iter().map(|(_, name)| name).collect()
    }
}

fn money(minor_digits: Option<u32>) -> impl Fn(&str) -> Result<Amount, NumberError> {
    move |text| {
        let amount = parse_scaled(text, minor_digits.unwrap_or(AMOUNT_DECIMALS), 24)?;
        let scale = 10i128.pow(AMOUNT_DECIMALS - minor_digits.unwrap_or(AMOUNT_DECIMALS));
        let amount = amount.checked_mul(scale).filter(|amount| *amount >= 0);
        amount.map(Amount).ok_or_else(|| NumberError::OutOfRange(text.into()))
    }
}

/// Payees without an amount of pay of their own that somebody else has: no period closes on such a day.
pub fn warn_missing(draft: &Draft, findings: &mut Findings) {
    let Some(calendar) = &draft.calendar else { return };
    let rows = || draft.payees.iter().flatten().filter_map(|payee| Some((payee, payee.row.as_ref()?)));
    let known: BTreeSet<&String> = rows().flat_map(|(_, row)| row.parameters.iter().map(|(name, _)| name)).collect();
    let mut said = BTreeSet::new();
    for plan in draft.plans.iter().filter_map(|plan| plan.plan.as_ref()) {
        let of_pay = plan.own_amounts.iter().filter(|own| own.place != AmountPlace::PlanCap);
        for own in of_pay.filter(|own| known.contains(&own.parameter)) {
            let lacks = |row: &PayeeRow| !row.parameters.iter().any(|(name, _)| *name == own.parameter);
            for (payee, _) in rows().filter(|(_, row)| lacks(row) && reads(plan, own.place, row, &calendar.value)) {
                if said.insert((&payee.id.value, &plan.plan_id, &own.parameter)) {
                    report(payee, plan, own, findings);
                }
            }
        }
    }
}

/// Whether the plan asks for its amount on a day of the row.
fn reads(plan: &Plan, place: AmountPlace, row: &PayeeRow, calendar: &Calendar) -> bool {
    let draw = plan.pay.draw.as_ref().filter(|_| matches!(place, AmountPlace::Draw | AmountPlace::MaximumBalance));
    let open = Date(i32::MAX);
    let bounds = |draw: &Draw| {
        let (first, last) = (calendar.bounds(draw.first), calendar.bounds(draw.last));
        (first.map_or(plan.from, |(first, _)| first), last.map_or(open, |(_, after)| after))
    };
    let (first, after) = draw.map_or((plan.from, open), bounds);
    let from = row.from.max(plan.from).max(first);
    let to = row.to.unwrap_or(open).min(plan.to.unwrap_or(open)).min(after);
    row.plans.contains(&plan.plan_id) && from < to
}

fn report(payee: &PayeeDraft, plan: &Plan, own: &OwnAmount, findings: &mut Findings) {
    let (id, name) = (&payee.id.value, &own.parameter);
    let message =
        format!("\"{id}\" is on plan \"{}\", whose {} is payee.{name}, and states none", plan.plan_id, own.place.field());
    findings.add(payee.id.place, codes::NO_OWN_AMOUNT, message, format!("fill parameter.{name}; 0 is an amount, too"));
}
