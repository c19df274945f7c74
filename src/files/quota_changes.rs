//! The quotas to append. A row with a revision is that statement; a row without one is compared with what is in force.
//!
//! Among the statements that reach a pay period the highest revision wins. So a row that changes, and every later step
//! of the same quota, is stated again with the next revisions: an older step never hides behind a newer, earlier one.

use super::changes::{Change, ChangeKind, Record};
use super::codes;
use super::quotas::Quota;
use super::source::{Findings, Located};
use crate::domain::calendar::{Date, Interval};
use crate::domain::money::Amount;
use std::collections::{BTreeMap, HashMap};

type Key<'q> = (&'q str, &'q str, &'q str, Interval);

/// Amounts by the day from which they apply.
type Steps = BTreeMap<Option<Date>, Option<Amount>>;

pub fn quota_changes(stated: &[Located<Quota>], published: &[Quota], findings: &mut Findings) -> Vec<Change> {
    let mut known: HashMap<Key<'_>, Vec<&Quota>> = HashMap::new();
    for quota in published {
        known.entry(key(quota)).or_default().push(quota);
    }
    let mut order: Vec<Key<'_>> = Vec::new();
    let mut rows: HashMap<Key<'_>, Vec<&Located<Quota>>> = HashMap::new();
    for located in stated {
        let of_key = rows.entry(key(&located.value)).or_default();
        if of_key.is_empty() {
            order.push(key(&located.value));
        }
        of_key.push(located);
    }
    let nothing = Vec::new();
    order.iter().flat_map(|key| of_key(&rows[key], known.get(key).unwrap_or(&nothing), findings)).collect()
}

fn key(quota: &Quota) -> Key<'_> {
    (&quota.payee_id, &quota.measure, &quota.calendar, quota.interval)
}

fn of_key(rows: &[&Located<Quota>], published: &[&Quota], findings: &mut Findings) -> Vec<Change> {
    let (numbered, plain): (Vec<&Located<Quota>>, Vec<&Located<Quota>>) =
        rows.iter().copied().partition(|row| row.value.revision.is_some());
    let mut added: Vec<Quota> = numbered.into_iter().filter_map(|row| with_revision(row, published, findings)).collect();
    let mut all: Vec<&Quota> = published.to_vec();
    all.extend(added.iter());
    let restated = restated(&plain, &all);
    added.extend(restated);
    added.into_iter().map(|quota| change(quota, published)).collect()
}

/// A numbered row: new, or the same as published, or a conflict.
fn with_revision(row: &Located<Quota>, published: &[&Quota], findings: &mut Findings) -> Option<Quota> {
    let quota = &row.value;
    match published.iter().find(|other| other.revision == quota.revision) {
        None => Some(quota.clone()),
        Some(same) if *same == quota => None,
        Some(other) => {
            let revision = quota.revision.unwrap_or_default();
            let amount = other.amount.map_or("withdrawn".into(), |amount| amount.to_string());
            let message = format!("revision {revision} of this quota is published as {amount}");
            findings.add(row.place, codes::REVISION_CONFLICT, message, "give the row a higher revision, or leave it empty");
            None
        }
    }
}

/// Rows without revision, from the first that differs from what is in force on.
fn restated(plain: &[&Located<Quota>], known: &[&Quota]) -> Vec<Quota> {
    let Some(model) = plain.first().map(|row| &row.value) else { return Vec::new() };
    let in_force = steps_in_force(known);
    let mut wanted = in_force.clone();
    wanted.extend(plain.iter().map(|row| (row.value.applies_from, row.value.amount)));
    let Some(first) = wanted.iter().find(|(from, amount)| amount_at(&in_force, **from) != **amount).map(|(from, _)| *from) else {
        return Vec::new();
    };
    let newest = known.iter().filter_map(|quota| quota.revision).max().unwrap_or(0);
    let later = wanted.range(first..);
    let statement = |(revision, (applies_from, amount)): (i64, (&Option<Date>, &Option<Amount>))| Quota {
        amount: *amount,
        applies_from: *applies_from,
        revision: Some(revision),
        ..model.clone()
    };
    (newest + 1..).zip(later).map(statement).collect()
}

/// Where the amount in force changes: a statement counts from its day on, unless a higher revision starts no later.
fn steps_in_force(known: &[&Quota]) -> Steps {
    let mut statements: Vec<&&Quota> = known.iter().collect();
    statements.sort_by_key(|quota| quota.revision);
    let mut steps = Steps::new();
    for quota in statements {
        steps.retain(|from, _| *from < quota.applies_from);
        steps.insert(quota.applies_from, quota.amount);
    }
    steps
}

/// The amount in force on a day (`None`: from the interval's start); no statement and a withdrawal are the same.
fn amount_at(steps: &Steps, day: Option<Date>) -> Option<Amount> {
    steps.range(..=day).next_back().and_then(|(_, amount)| *amount)
}

fn change(quota: Quota, published: &[&Quota]) -> Change {
    let name = format!("quota of {} for {} in {}", quota.payee_id, quota.measure, quota.interval);
    let from = quota.applies_from.map(|from| format!(" from {from}")).unwrap_or_default();
    let before: Vec<&Quota> = published.to_vec();
    let before = amount_at(&steps_in_force(&before), quota.applies_from);
    let (kind, description) = match (before, quota.amount) {
        (_, None) => (ChangeKind::Ended, format!("{name}{from} is withdrawn")),
        (None, Some(amount)) => (ChangeKind::Added, format!("{name}{from}: {amount}")),
        (Some(before), Some(amount)) => (ChangeKind::Changed, format!("{name}{from}: {before} becomes {amount}")),
    };
    Change { kind, description, record: Record::Quota(quota) }
}
