//! Pay is per payee, so two plans of one payee cannot both state the same term of it.

use super::codes;
use super::draft::Draft;
use super::people::PayeeDraft;
use super::source::Findings;
use crate::domain::calendar::Date;
use crate::domain::fact::PayeeRow;
use crate::domain::plan::Plan;
use std::collections::BTreeSet;

pub fn check(draft: &Draft, findings: &mut Findings) {
    let stating: Vec<&Plan> = draft.plans.iter().filter_map(|plan| plan.plan.as_ref()).collect();
    for payee in draft.payees.iter().flatten() {
        let Some(row) = &payee.row else { continue };
        let plans: Vec<&Plan> = stating.iter().copied().filter(|plan| row.plans.contains(&plan.plan_id)).collect();
        let mut said = BTreeSet::new();
        for (place, one) in plans.iter().enumerate() {
            for other in plans[place + 1..].iter().filter(|other| meet(row, one, other)) {
                for what in conflicts(one, other) {
                    if said.insert((&one.plan_id, &other.plan_id, what)) {
                        report(payee, one, other, what, findings);
                    }
                }
            }
        }
    }
}

/// Whether versions of two plans are in force for the row on one day.
fn meet(row: &PayeeRow, one: &Plan, other: &Plan) -> bool {
    let from = row.from.max(one.from).max(other.from);
    let ends = [row.to, one.to, other.to].into_iter().flatten().min().unwrap_or(Date(i32::MAX));
    one.plan_id != other.plan_id && from < ends
}

fn conflicts(one: &Plan, other: &Plan) -> Vec<&'static str> {
    let (a, b) = (&one.pay, &other.pay);
    let mut found = Vec::new();
    found.extend((a.draw.is_some() && b.draw.is_some()).then_some("both state a draw"));
    found.extend((a.payment_cap.is_some() && b.payment_cap.is_some()).then_some("both state a payment_cap"));
    let minimum = a.minimum_settlement.is_some() && b.minimum_settlement.is_some();
    found.extend(minimum.then_some("both state a minimum_settlement"));
    found.extend((one.negative_pay != other.negative_pay).then_some("they differ in negative_pay"));
    found
}

fn report(payee: &PayeeDraft, one: &Plan, other: &Plan, what: &str, findings: &mut Findings) {
    let place = payee.plans.iter().find(|plan| plan.value == other.plan_id).map_or(payee.id.place, |plan| plan.place);
    let message = format!("\"{}\" is on plans \"{}\" and \"{}\", and {what}", payee.id.value, one.plan_id, other.plan_id);
    findings.add(place, codes::PAY_CONFLICT, message, "state it in one of them: pay is settled once for a payee");
}
