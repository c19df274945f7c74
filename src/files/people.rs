//! `payees.csv` and `directory.csv`: who can earn, and what they are called.

use super::codes;
use super::fields::{checked_id, parsed_text};
use super::modes;
use super::plan::check_range;
use super::sheet::{Columns, Row, Sheet};
use super::source::{Findings, Located, Place};
use crate::domain::fact::PayeeRow;
use crate::domain::money::{Amount, NumberError};

const PAYEES: Columns = Columns {
    required: &["id", "title", "manager", "pay_group", "plans", "from", "to"],
    optional: &["employee_ref", "target_incentive"],
    not_built: modes::PAYEE_COLUMNS_NOT_BUILT,
};
const DIRECTORY: Columns = Columns { required: &["id", "name", "team"], optional: &[], not_built: &[] };

/// One row of a payee with the places that other files are compared with; the id is known even where the rest was refused.
#[derive(Clone, Debug)]
pub struct PayeeDraft {
    pub id: Located<String>,
    pub manager: Option<Located<String>>,
    pub plans: Vec<Located<String>>,
    pub from_place: Place,
    pub row: Option<PayeeRow>,
}

/// A person of `directory.csv`.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: Located<String>,
    pub name: String,
    pub team: String,
}

pub fn payees(file: usize, findings: &mut Findings) -> Option<Vec<PayeeDraft>> {
    let sheet = Sheet::read(file, &PAYEES, findings)?;
    Some(sheet.rows().filter_map(|row| payee(row, findings)).collect())
}

fn payee(row: Row<'_>, findings: &mut Findings) -> Option<PayeeDraft> {
    let id = row.required("id", findings).and_then(|id| checked_id("id", id, findings));
    let manager = row.cell("manager").and_then(|manager| checked_id("manager", manager, findings));
    let pay_group = pay_group(row.cell("pay_group"), findings);
    let from = row.required("from", findings).and_then(|from| parsed_text(from, codes::BAD_DATE, str::parse, findings));
    let to_cell = row.cell("to");
    let to = to_cell.clone().and_then(|to| parsed_text(to, codes::BAD_DATE, str::parse, findings));
    check_range(&from, &to, findings);
    let plans = row.cell("plans").map(|plans| names(&plans)).unwrap_or_default();
    let target = row.cell("target_incentive");
    let parameters = target.map(|target| target_incentive(target, findings)).unwrap_or_default();
    let broken = to_cell.is_some() && to.is_none();
    let payee_row = from.as_ref().filter(|_| !broken).map(|from| PayeeRow {
        from: from.value,
        to: to.map(|to| to.value),
        title: row.cell("title").map(|title| title.value).unwrap_or_default(),
        manager: manager.as_ref().map(|manager| manager.value.clone()),
        pay_group,
        plans: plans.iter().map(|plan| plan.value.clone()).collect(),
        employee_ref: row.cell("employee_ref").map(|reference| reference.value),
        parameters,
    });
    Some(PayeeDraft { id: id?, manager, plans, from_place: row.place_of("from"), row: payee_row })
}

/// The amount that `fraction_of = "payee.target_incentive"` reads.
pub fn target_incentive(text: Located<String>, findings: &mut Findings) -> Vec<(String, Amount)> {
    let amount = |text: &str| match Amount::parse(text)? {
        Amount(negative) if negative < 0 => Err(NumberError::OutOfRange(text.into())),
        amount => Ok(amount),
    };
    let amount = parsed_text(text, codes::BAD_NUMBER, amount, findings);
    amount.map(|amount| ("target_incentive".to_string(), amount.value)).into_iter().collect()
}

/// Only "default" is built; an empty cell means it.
pub fn pay_group(group: Option<Located<String>>, findings: &mut Findings) -> String {
    if let Some(group) = group.filter(|group| group.value != "default") {
        let message = format!("pay group \"{}\" is not supported by this version", group.value);
        findings.add(group.place, codes::NOT_SUPPORTED, message, "write default, or leave it empty");
    }
    "default".into()
}

/// The names in a cell, separated by `;`.
pub fn names(cell: &Located<String>) -> Vec<Located<String>> {
    let mut start = cell.place.start;
    let mut found = Vec::new();
    for part in cell.value.split(';') {
        let place = Place { start: start + part.len() - part.trim_start().len(), length: part.trim().len(), ..cell.place };
        if !part.trim().is_empty() {
            found.push(Located::new(part.trim().to_string(), place));
        }
        start += part.len() + 1;
    }
    found
}

pub fn directory(file: usize, findings: &mut Findings) -> Option<Vec<Person>> {
    let sheet = Sheet::read(file, &DIRECTORY, findings)?;
    Some(sheet.rows().filter_map(|row| person(row, findings)).collect())
}

fn person(row: Row<'_>, findings: &mut Findings) -> Option<Person> {
    let id = row.required("id", findings).and_then(|id| checked_id("id", id, findings));
    let name = row.required("name", findings);
    let team = row.cell("team").map(|team| team.value).unwrap_or_default();
    Some(Person { id: id?, name: name?.value, team })
}
