//! `adjustments.csv`: what people add to credit, earnings and pay. A row never changes: another one takes it back.

use super::changes::{Change, ChangeKind, Record};
use super::check::{check_calendar, outside, unknown_measure};
use super::codes;
use super::currencies::PlanCurrencies;
use super::draft::Draft;
use super::fields::{checked_id, chosen, parsed_text};
use super::modes;
use super::organisation;
use super::plan::nearest;
use super::sheet::{Columns, Row, Sheet};
use super::source::{Findings, Located, Place};
use crate::domain::adjustment::{AdjustmentMade, Target, TargetFields};
use crate::domain::calendar::{Calendar, Period};
use crate::domain::money::{Amount, minor_digits};
use crate::domain::reject::Reject;
use std::collections::{HashMap, HashSet};

const ADJUSTMENTS: Columns = Columns {
    required: &["adjustment", "payee", "calendar", "period", "amount", "reason", "author"],
    optional: &["measure", "credit_kind", "component", "earning_code", "reverses", "approver"],
    not_built: &["currency", "attachment"],
    named: "",
};

/// A row with the places that other files are compared with.
#[derive(Clone, Debug)]
pub struct AdjustmentDraft {
    pub payee: Located<String>,
    calendar: Located<String>,
    period: Located<Period>,
    amount: Place,
    /// Where its target is stated.
    target: Place,
    reverses: Option<Place>,
    pub made: AdjustmentMade,
}

pub fn adjustments(file: usize, findings: &mut Findings) -> Option<Vec<AdjustmentDraft>> {
    let sheet = Sheet::read(file, &ADJUSTMENTS, findings)?;
    Some(sheet.rows().filter_map(|row| adjustment(row, findings)).collect())
}

fn adjustment(row: Row<'_>, findings: &mut Findings) -> Option<AdjustmentDraft> {
    let mut id = |column| row.required(column, findings).and_then(|id| checked_id(column, id, findings));
    let [adjustment, payee, calendar, author] = ["adjustment", "payee", "calendar", "author"].map(&mut id);
    let period = row.required("period", findings).and_then(|text| parsed_text(text, codes::BAD_DATE, str::parse, findings));
    let amount = row.required("amount", findings).and_then(|text| parsed_text(text, codes::BAD_NUMBER, Amount::parse, findings));
    let reason = row.required("reason", findings);
    let kind = row.cell("credit_kind").and_then(|text| chosen(&text, "credit_kind", modes::CREDIT_KINDS, findings));
    let cell = |column: &str| row.cell(column).map(|cell| cell.value);
    let fields = TargetFields {
        measure: cell("measure"),
        credit_kind: kind.map(|kind| kind.value),
        component: cell("component"),
        earning_code: cell("earning_code"),
    };
    let (adjustment, payee, calendar, author) = (adjustment?, payee?, calendar?, author?);
    let stated = ["measure", "component", "earning_code"].into_iter().find_map(|column| row.cell(column));
    let target = stated.map_or(adjustment.place, |cell| cell.place);
    let (period, amount): (Located<Period>, Located<Amount>) = (period?, amount?);
    let made = AdjustmentMade {
        adjustment_id: adjustment.value,
        payee_id: payee.value.clone(),
        target: inferred(target, fields, findings)?,
        calendar: calendar.value.clone(),
        effective_period: period.value,
        amount: amount.value,
        reverses: cell("reverses"),
        author: author.value,
        reason: reason?.value,
        approver: cell("approver"),
        occurred_at: 0,
    };
    let made = accepted(adjustment.place, made, findings)?;
    let reverses = row.cell("reverses").map(|cell| cell.place);
    Some(AdjustmentDraft { payee, calendar, period, amount: amount.place, target, reverses, made })
}

/// The target that the stated fields say.
pub fn inferred(place: Place, fields: TargetFields, findings: &mut Findings) -> Option<Target> {
    let hint = "a measure with its credit_kind is CREDIT, a component EARNING, an earning_code PAY";
    let reported = |Reject { message, .. }| findings.add(place, codes::BAD_ADJUSTMENT, message, hint);
    fields.inferred().map_err(reported).ok()
}

/// An adjustment that would not be rejected.
pub fn accepted(place: Place, made: AdjustmentMade, findings: &mut Findings) -> Option<AdjustmentMade> {
    let Err(Reject { field, message, .. }) = made.check() else { return Some(made) };
    findings.add(place, codes::BAD_ADJUSTMENT, format!("{field}: {message}"), "correct it: it would be rejected");
    None
}

/// Compares rows with the other files.
pub fn check(draft: &Draft, findings: &mut Findings) {
    let ids = organisation::ids(draft);
    let mut seen = HashSet::new();
    for row in &draft.adjustments {
        organisation::check_known(&row.payee, ids.as_ref(), draft, findings);
        if let Some(calendar) = &draft.calendar {
            check_calendar(&row.calendar, calendar, findings);
            check_period(row, &calendar.value, findings);
        }
        check_target(row, draft, findings);
        check_amount(row, draft, findings);
        if !seen.insert((&row.made.payee_id, &row.made.adjustment_id)) {
            let message = format!("adjustment \"{}\" of \"{}\" is there twice", row.made.adjustment_id, row.payee.value);
            findings.add(row.payee.place, codes::DUPLICATE, message, "give one of them another id");
        }
    }
    check_reversals(&draft.adjustments, findings);
}

/// A row that takes back another one of the file is its opposite. What it takes back may be published and not be here.
fn check_reversals(rows: &[AdjustmentDraft], findings: &mut Findings) {
    let mut by_payee: HashMap<&str, Vec<AdjustmentMade>> = HashMap::new();
    for row in rows {
        by_payee.entry(&row.payee.value).or_default().push(row.made.clone());
    }
    for row in rows {
        let (Some(id), Some(place)) = (&row.made.reverses, row.reverses) else { continue };
        let own = by_payee.get(row.payee.value.as_str()).map(Vec::as_slice).unwrap_or_default();
        let here = own.iter().any(|other| other.adjustment_id == *id);
        if let Some(message) = row.made.misfit(own).filter(|_| here) {
            let hint = "state the same target and a period of the same quarter, and the opposite amount";
            findings.add(place, codes::BAD_ADJUSTMENT, message, hint);
        }
    }
}

fn check_period(row: &AdjustmentDraft, calendar: &Calendar, findings: &mut Findings) {
    if calendar.bounds(row.period.value).is_none() {
        outside(row.period.place, &row.period.value.to_string(), calendar, findings);
    }
}

fn check_target(row: &AdjustmentDraft, draft: &Draft, findings: &mut Findings) {
    match &row.made.target {
        Target::Credit { measure, kind } => {
            let Some(measures) = &draft.measures else { return };
            let Some(known) = measures.iter().find(|known| known.id.value == *measure) else {
                unknown_measure(&Located::new(measure.clone(), row.target), draft, findings);
                return;
            };
            let Some(known) = &known.measure else { return };
            if !known.credit_kinds.contains(kind) {
                let message = format!("measure \"{measure}\" does not count this kind of credit");
                findings.add(row.target, codes::BAD_ADJUSTMENT, message, "see its credit_kinds in measures.toml");
            } else if !known.counts_credit(*kind, None) {
                let message = format!("measure \"{measure}\" counts by role, and credit by hand has none");
                findings.add(row.target, codes::BAD_ADJUSTMENT, message, "credit another measure, without `roles`");
            }
        }
        Target::Earning { component } => {
            let names = || draft.plans.iter().flat_map(|plan| &plan.components).filter_map(|part| part.id.as_ref());
            if !draft.plan_missing && !names().any(|name| name.value == *component) {
                let hint = nearest(component, "component", names().map(|name| name.value.as_str()));
                findings.add(row.target, codes::UNKNOWN_COMPONENT, format!("no component is called \"{component}\""), hint);
            }
        }
        Target::Pay { .. } => {}
    }
}

fn check_amount(row: &AdjustmentDraft, draft: &Draft, findings: &mut Findings) {
    let Some(company) = &draft.company else { return };
    let money = !matches!(row.made.target, Target::Credit { .. });
    let rows = draft.payees.iter().flatten().filter(|payee| payee.id.value == row.made.payee_id);
    let plans = rows.flat_map(|payee| &payee.plans).map(|plan| &plan.value);
    let currency = PlanCurrencies::of_draft(draft).first(plans).unwrap_or(&company.company.currency);
    let digits = minor_digits(currency).filter(|_| money);
    if digits.is_some_and(|digits| row.made.minor(digits).is_none()) {
        let message = format!("{} is not in whole minor units of {currency}", row.made.amount);
        findings.add(row.amount, codes::BAD_NUMBER, message, "round it: what is paid is whole");
    }
}

/// The adjustments to append: those that are not published. One that is published stays as it is.
pub fn adjustment_changes(
    stated: &[Located<AdjustmentMade>],
    published: &[AdjustmentMade],
    findings: &mut Findings,
) -> Vec<Change> {
    let key = |of: &AdjustmentMade| (of.payee_id.clone(), of.adjustment_id.clone());
    // The first of an id is the one that counts.
    let known: HashMap<_, &AdjustmentMade> = published.iter().rev().map(|of| (key(of), of)).collect();
    let mut changes = Vec::new();
    for Located { value: made, place } in stated {
        match known.get(&key(made)) {
            Some(same) if same.says_the_same(made) => {}
            Some(_) => {
                let message = format!("adjustment \"{}\" is published with another content", made.adjustment_id);
                let hint = "leave the row as it is; take it back with a row that reverses it";
                findings.add(*place, codes::CANNOT_CHANGE, message, hint);
            }
            None => changes.push(Change {
                kind: ChangeKind::Added,
                description: format!(
                    "adjustment {} of {}: {} for {}",
                    made.adjustment_id, made.payee_id, made.amount, made.effective_period
                ),
                record: Record::Adjustment(made.clone()),
            }),
        }
    }
    changes
}
