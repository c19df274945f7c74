//! `payees.csv` and `directory.csv`: who can earn, and what they are called.

use super::codes;
use super::definitions::currency_code;
use super::draft::Draft;
use super::fields::{checked_id, parsed_text};
use super::modes;
use super::plan::{check_range, nearest};
use super::sheet::{Columns, Row, Sheet};
use super::source::{Findings, Located, Place};
use crate::domain::fact::PayeeRow;
use crate::domain::money::{AMOUNT_DECIMALS, Amount, NumberError, parse_scaled};
use crate::domain::plan::Pays;
use std::collections::{BTreeMap, BTreeSet};

/// The parameter that has a name of its own in files.
pub const TARGET: &str = "target_incentive";

/// What the payee is paid in.
const PAY_CURRENCY: &str = "pay_currency";
/// With whom the payee is measured, and shares, together.
const TEAM: &str = "team";
/// A column of one of the payee's parameters begins so; `target_incentive` has a column without.
const PARAMETER: &str = "parameter.";
const PAYEES: Columns = Columns {
    required: &["id", "title", "manager", "pay_group", "plans", "from", "to"],
    optional: &["employee_ref", TARGET, PAY_CURRENCY, TEAM],
    not_built: modes::PAYEE_COLUMNS_NOT_BUILT,
    named: PARAMETER,
};
const DIRECTORY: Columns = Columns { required: &["id", "name", "team"], optional: &[], not_built: &[], named: "" };

/// One row of a payee with the places that other files are compared with; the id is known even where the rest was refused.
#[derive(Clone, Debug)]
pub struct PayeeDraft {
    pub id: Located<String>,
    pub manager: Option<Located<String>>,
    pub plans: Vec<Located<String>>,
    pub from_place: Place,
    pub pay_currency: Option<Located<String>>,
    pub team: Option<Located<String>>,
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
    let target = row.cell(TARGET).map(|target| (Located::new(TARGET.to_string(), row.place_of(TARGET)), target));
    let parameters = parameters(target.into_iter().chain(row.named(PARAMETER)), findings);
    let pay_currency = row.cell(PAY_CURRENCY).and_then(|text| currency(text, findings));
    let team = row.cell(TEAM).and_then(|team| checked_id(TEAM, team, findings));
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
        pay_currency: pay_currency.as_ref().map(|currency| currency.value.clone()),
        team: team.as_ref().map(|team| team.value.clone()),
    });
    Some(PayeeDraft { id: id?, manager, plans, from_place: row.place_of("from"), pay_currency, team, row: payee_row })
}

/// Amounts by the names under which plans read them (`fraction_of = "payee.target_incentive"`), in order, each once.
pub fn parameters(
    stated: impl Iterator<Item = (Located<String>, Located<String>)>,
    findings: &mut Findings,
) -> Vec<(String, Amount)> {
    let mut all: BTreeMap<String, Amount> = BTreeMap::new();
    for (name, text) in stated {
        let Some(name) = checked_id("parameter", name, findings) else { continue };
        let Some(amount) = parsed_text(text, codes::BAD_NUMBER, |text| parameter(&name.value, text), findings) else { continue };
        if all.insert(name.value.clone(), amount.value).is_some() {
            let message = format!("parameter \"{}\" is stated twice", name.value);
            findings.add(name.place, codes::DUPLICATE, message, "keep one of them");
        }
    }
    all.into_iter().collect()
}

/// An amount, or a rate: a part of 100 % may be written so.
fn parameter(name: &str, text: &str) -> Result<Amount, NumberError> {
    let percent = text.strip_suffix('%').filter(|percent| name != TARGET && percent.ends_with(|of: char| of.is_ascii_digit()));
    let parsed = match percent {
        Some(percent) => parse_scaled(percent, AMOUNT_DECIMALS - 2, 22).map(Amount),
        None => Amount::parse(text),
    };
    parsed.and_then(|amount| if amount.0 < 0 { Err(NumberError::OutOfRange(text.into())) } else { Ok(amount) })
}

/// Parameters that plans name and nobody has.
pub fn warn_unknown(draft: &Draft, findings: &mut Findings) {
    let rows = || draft.payees.iter().flatten().filter_map(|payee| payee.row.as_ref());
    let names: BTreeSet<&str> = rows().flat_map(|row| row.parameters.iter().map(|(name, _)| name.as_str())).collect();
    let mut warn = |name: &str, place| {
        if rows().next().is_some() && !names.contains(name) {
            let hint = nearest(name, "parameter", names.iter().copied());
            findings.add(place, codes::UNKNOWN_PARAMETER, format!("no payee has a parameter \"{name}\""), hint);
        }
    };
    draft.plans.iter().flat_map(|plan| &plan.own).for_each(|own| warn(&own.value, own.place));
    for component in draft.plans.iter().flat_map(|plan| &plan.components) {
        let of_pays = component.pays.iter().flat_map(|pays| match &pays.value {
            Pays::FractionOf(name) => vec![(name, pays.place)],
            Pays::Formula(formula) => formula.parameters().iter().map(|name| (name, pays.place)).collect(),
            Pays::RateOf | Pays::PerUnit | Pays::Lump => Vec::new(),
        });
        let read = of_pays.chain(component.own.iter().map(|own| (&own.value, own.place)));
        read.for_each(|(name, place)| warn(name, place));
    }
}

/// What somebody is paid in.
pub fn currency(text: Located<String>, findings: &mut Findings) -> Option<Located<String>> {
    parsed_text(text, codes::UNKNOWN_CURRENCY, currency_code, findings)
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
