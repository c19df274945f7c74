//! Checks of the organisation: known managers and plans, rows that do not overlap, no one above himself, teams of so many.

use super::codes;
use super::draft::Draft;
use super::people::PayeeDraft;
use super::plan::nearest;
use super::source::{Findings, Located};
use crate::domain::calendar::{Calendar, Date};
use crate::domain::fact::PayeeRow;
use crate::domain::world::MAXIMUM_TEAM;
use std::collections::{BTreeSet, HashMap, HashSet};

/// A payee's rows by date.
type Rows<'d> = Vec<(&'d PayeeDraft, &'d PayeeRow)>;

pub fn check(draft: &Draft, findings: &mut Findings) {
    let Some(payees) = &draft.payees else { return };
    let plans: BTreeSet<&str> = draft.plans.iter().filter_map(|plan| Some(plan.id.as_ref()?.value.as_str())).collect();
    let ids: HashSet<&str> = payees.iter().map(|payee| payee.id.value.as_str()).collect();
    for payee in payees {
        if let Some(manager) = payee.manager.as_ref().filter(|manager| !ids.contains(manager.value.as_str())) {
            unknown_payee(manager, draft, findings);
        }
        for plan in payee.plans.iter().filter(|plan| !draft.plan_missing && !plans.contains(plan.value.as_str())) {
            let hint = nearest(&plan.value, "plan", plans.iter().copied());
            findings.add(plan.place, codes::UNKNOWN_PLAN, format!("no plan is called \"{}\"", plan.value), hint);
        }
    }
    let rows = by_payee(payees);
    for rows in rows.values() {
        check_rows(rows, draft.calendar.as_ref().map(|calendar| &calendar.value), findings);
    }
    check_cycles(&rows, findings);
    check_teams(payees, findings);
}

/// Each payee of a team may have to be told what each of them earns, so a team has so many and no more.
fn check_teams(payees: &[PayeeDraft], findings: &mut Findings) {
    let mut teams: HashMap<&str, HashSet<&str>> = HashMap::new();
    for payee in payees {
        let Some(team) = &payee.team else { continue };
        let known = teams.entry(&team.value).or_default();
        // Said once, where the first one too many is.
        if known.insert(&payee.id.value) && known.len() == MAXIMUM_TEAM + 1 {
            let message = format!("team \"{}\" has {MAXIMUM_TEAM} payees already, those who left it among them", team.value);
            findings.add(team.place, codes::TEAM_TOO_LARGE, message, "let some of them be in another team");
        }
    }
}

/// Every id that has a row; `None` where the file was not readable.
pub fn ids(draft: &Draft) -> Option<HashSet<&str>> {
    draft.payees.as_ref().map(|payees| payees.iter().map(|payee| payee.id.value.as_str()).collect())
}

/// Reports a payee id that has no row.
pub fn check_known(named: &Located<String>, ids: Option<&HashSet<&str>>, draft: &Draft, findings: &mut Findings) {
    if ids.is_some_and(|ids| !ids.contains(named.value.as_str())) {
        unknown_payee(named, draft, findings);
    }
}

fn unknown_payee(named: &Located<String>, draft: &Draft, findings: &mut Findings) {
    let ids: BTreeSet<&str> = draft.payees.iter().flatten().map(|payee| payee.id.value.as_str()).collect();
    let hint = nearest(&named.value, "payee", ids.iter().copied());
    findings.add(named.place, codes::UNKNOWN_PAYEE, format!("no payee has the id \"{}\"", named.value), hint);
}

fn by_payee(payees: &[PayeeDraft]) -> HashMap<&str, Rows<'_>> {
    let mut rows: HashMap<&str, Rows<'_>> = HashMap::new();
    for payee in payees {
        if let Some(row) = &payee.row {
            rows.entry(&payee.id.value).or_default().push((payee, row));
        }
    }
    for rows in rows.values_mut() {
        rows.sort_by_key(|(_, row)| row.from);
    }
    rows
}

fn check_rows(rows: &Rows<'_>, calendar: Option<&Calendar>, findings: &mut Findings) {
    for pair in rows.windows(2) {
        let ((_, row), (next_draft, next)) = (pair[0], pair[1]);
        if row.to.is_none_or(|to| to > next.from) {
            let message = format!("the row of \"{}\" from {} is still in force on {}", next_draft.id.value, row.from, next.from);
            findings.add(next_draft.from_place, codes::OVERLAP, message, format!("end the earlier row: to = {}", next.from));
        } else if let Some(calendar) = calendar.filter(|calendar| shares_period(row, next, calendar))
            && names(row) != names(next)
        {
            let start = calendar.period_of(next.from).and_then(|period| calendar.bounds(period));
            let hint = start.map(|(start, end)| format!("let the plans change on {start} or {end}")).unwrap_or_default();
            let message = "a change of plans inside a pay period is not supported by this version";
            findings.add(next_draft.from_place, codes::NOT_SUPPORTED, message, hint);
        }
    }
}

/// Whether the last day of a row and the first of the next lie in one pay period.
fn shares_period(row: &PayeeRow, next: &PayeeRow, calendar: &Calendar) -> bool {
    let last = row.to.map(|to| Date(to.0 - 1)).and_then(|last| calendar.period_of(last));
    last.is_some() && last == calendar.period_of(next.from)
}

fn names(row: &PayeeRow) -> BTreeSet<&str> {
    row.plans.iter().map(String::as_str).collect()
}

/// Looks for cycles on every day on which a row begins.
fn check_cycles(rows: &HashMap<&str, Rows<'_>>, findings: &mut Findings) {
    let days: BTreeSet<Date> = rows.values().flatten().map(|(_, row)| row.from).collect();
    let mut reported: HashSet<BTreeSet<&str>> = HashSet::new();
    for day in days {
        let mut clear: HashSet<&str> = HashSet::new();
        let ids: BTreeSet<&str> = rows.keys().copied().collect();
        for id in ids {
            if let Some(cycle) = walk(id, day, rows, &mut clear)
                && reported.insert(cycle.iter().copied().collect())
            {
                report_cycle(&cycle, day, rows, findings);
            }
        }
    }
}

/// Follows managers upwards; the cycle that it runs into, when it does. `clear` collects who is known to reach an end.
fn walk<'d>(from: &'d str, day: Date, rows: &HashMap<&'d str, Rows<'d>>, clear: &mut HashSet<&'d str>) -> Option<Vec<&'d str>> {
    let mut path: Vec<&str> = Vec::new();
    let mut next = Some(from);
    while let Some(id) = next {
        if let Some(start) = path.iter().position(|seen| *seen == id) {
            let cycle = path[start..].to_vec();
            clear.extend(path);
            return Some(cycle);
        }
        if clear.contains(id) {
            break;
        }
        path.push(id);
        next = row_at(rows.get(id), day).and_then(|(_, row)| row.manager.as_deref());
    }
    clear.extend(path);
    None
}

/// The row whose manager a walk follows on a day: the last one begun, else the first.
fn row_at<'d>(rows: Option<&Rows<'d>>, day: Date) -> Option<(&'d PayeeDraft, &'d PayeeRow)> {
    let rows = rows?;
    rows.iter().rev().find(|(_, row)| row.from <= day).or(rows.first()).copied()
}

fn report_cycle(cycle: &[&str], day: Date, rows: &HashMap<&str, Rows<'_>>, findings: &mut Findings) {
    let manager = row_at(cycle.first().and_then(|id| rows.get(id)), day).and_then(|(draft, _)| draft.manager.as_ref());
    if let (Some(manager), Some(first)) = (manager, cycle.first()) {
        let message = format!("a manager cycle on {day}: {} -> {first}", cycle.join(" -> "));
        findings.add(manager.place, codes::MANAGER_CYCLE, message, "the head of the company has no manager");
    }
}
