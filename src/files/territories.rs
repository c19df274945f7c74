//! `territories.toml`, `territories.csv`, `assignments.csv` and `nodes.csv`: who is credited by rule.
//!
//! A cell of a dimension holds nodes, separated by `;`; one with `!` before it is excluded. A case states the same rows
//! as tables. Leaves out what can be wrong with rows together (`territory_check`).

use super::codes;
use super::fields::{Fields, checked_id, parsed_text};
use super::modes;
use super::node::{Node as Document, Value};
use super::people::names;
use super::sheet::{Columns, Row, Sheet};
use super::source::{Findings, Located, Place};
use crate::domain::calendar::Date;
use crate::domain::money::Share;
use crate::domain::territory::{Assignment, Condition, Crediting, Dimension, Node, Territories, Territory, When};
use std::collections::BTreeMap;

const TERRITORIES: Columns = Columns {
    required: &["territory", "layer", "rank", "from", "to"],
    optional: &["product", "geography", "segment", "customer", "attributes"],
    not_built: &["parent", "deal_kind", "amount"],
    named: "",
};
const ASSIGNMENTS: Columns = Columns {
    required: &["territory", "payee", "share", "from", "to"],
    optional: &[],
    not_built: &["role", "counts"],
    named: "",
};
const NODES: Columns =
    Columns { required: &["dimension", "node", "parent", "from", "to"], optional: &[], not_built: &[], named: "" };

/// A row with the places that findings point at.
#[derive(Clone, Debug)]
pub struct Stated<T> {
    pub row: T,
    pub id: Place,
    pub from: Place,
    pub to: Place,
    /// The rank, share, parent or number of winners.
    pub number: Place,
    /// Nodes and payees that the row names.
    pub nodes: Vec<(Dimension, Located<String>)>,
    pub payee: Option<Located<String>>,
}

/// All rows of a company's files, or of a table in a case.
#[derive(Clone, Debug, Default)]
pub struct TerritoriesDraft {
    pub crediting: Vec<Stated<Crediting>>,
    pub nodes: Vec<Stated<Node>>,
    pub territories: Vec<Stated<Territory>>,
    pub assignments: Vec<Stated<Assignment>>,
    /// A row was refused: what it names is not known.
    pub broken: bool,
}

impl TerritoriesDraft {
    pub fn rows(&self) -> Territories {
        Territories {
            crediting: self.crediting.iter().map(|stated| stated.row.clone()).collect(),
            nodes: self.nodes.iter().map(|stated| stated.row.clone()).collect(),
            territories: self.territories.iter().map(|stated| stated.row.clone()).collect(),
            assignments: self.assignments.iter().map(|stated| stated.row.clone()).collect(),
        }
    }

    /// The first row that is stated.
    pub fn place(&self) -> Option<Place> {
        let rules = self.territories.first().map(|row| row.id).or(self.assignments.first().map(|row| row.id));
        rules.or(self.nodes.first().map(|row| row.id)).or(self.crediting.first().map(|row| row.id))
    }

    /// `territories.toml`: a list `[[crediting]]`.
    pub fn settings(&mut self, document: &Document, findings: &mut Findings) {
        let Some(mut fields) = Fields::of(document, findings) else { return };
        let items = fields.list("crediting", findings);
        fields.finish(&[], findings);
        items.iter().for_each(|item| push(&mut self.crediting, crediting(item, findings), &mut self.broken));
    }

    /// One of the CSV files, by name.
    pub fn sheet(&mut self, name: &str, file: usize, findings: &mut Findings) {
        let columns = match name {
            "territories.csv" => &TERRITORIES,
            "assignments.csv" => &ASSIGNMENTS,
            _ => &NODES,
        };
        let Some(sheet) = Sheet::read(file, columns, findings) else {
            self.broken = true;
            return;
        };
        for row in sheet.rows() {
            self.row(columns, row.is_whole().then(|| Cells::of_row(columns, row)), findings);
        }
    }

    /// The same rows in a case: `{ crediting = [...], nodes = [...], rules = [...], assignments = [...] }`.
    pub fn table(&mut self, document: &Document, findings: &mut Findings) {
        let Some(mut fields) = Fields::of(document, findings) else { return };
        for item in fields.list("crediting", findings) {
            push(&mut self.crediting, crediting(item, findings), &mut self.broken);
        }
        for (key, columns) in [("nodes", &NODES), ("rules", &TERRITORIES), ("assignments", &ASSIGNMENTS)] {
            for item in fields.list(key, findings) {
                self.row(columns, Cells::of_table(columns, item, findings), findings);
            }
        }
        fields.finish(&[], findings);
    }

    fn row(&mut self, columns: &Columns, cells: Option<Cells>, findings: &mut Findings) {
        let Some(cells) = cells else {
            self.broken = true;
            return;
        };
        if std::ptr::eq(columns, &TERRITORIES) {
            push(&mut self.territories, territory(&cells, findings), &mut self.broken);
        } else if std::ptr::eq(columns, &ASSIGNMENTS) {
            push(&mut self.assignments, assignment(&cells, findings), &mut self.broken);
        } else {
            push(&mut self.nodes, node(&cells, findings), &mut self.broken);
        }
    }
}

fn push<T>(rows: &mut Vec<T>, row: Option<T>, broken: &mut bool) {
    *broken |= row.is_none();
    rows.extend(row);
}

/// The cells of one row, of a file or of a case's table.
struct Cells {
    filled: BTreeMap<&'static str, Located<String>>,
    /// Where a cell is, also an empty one.
    places: BTreeMap<&'static str, Place>,
    start: Place,
}

impl Cells {
    fn of_row(columns: &Columns, row: Row<'_>) -> Cells {
        let names = || columns.required.iter().chain(columns.optional).copied();
        Cells {
            filled: names().filter_map(|name| Some((name, row.cell(name)?))).collect(),
            places: names().map(|name| (name, row.place_of(name))).collect(),
            start: row.place_of(columns.required[0]),
        }
    }

    fn of_table(columns: &Columns, document: &Document, findings: &mut Findings) -> Option<Cells> {
        let mut fields = Fields::of(document, findings)?;
        let start = fields.place;
        let mut filled = BTreeMap::new();
        for name in columns.required.iter().chain(columns.optional).copied() {
            let Some(node) = fields.node(name) else { continue };
            match &node.value {
                Value::Text(text) | Value::Integer(text) | Value::Date(text) => {
                    filled.insert(name, Located::new(text.clone(), node.place));
                }
                other => {
                    let message = format!("`{name}` is {}, not a string", other.kind());
                    findings.add(node.place, codes::WRONG_TYPE, message, "put it in quotes");
                    return None;
                }
            }
        }
        fields.finish(columns.not_built, findings);
        let places = filled.iter().map(|(name, cell)| (*name, cell.place)).collect();
        Some(Cells { filled, places, start })
    }

    fn cell(&self, column: &str) -> Option<Located<String>> {
        self.filled.get(column).cloned()
    }

    fn place(&self, column: &str) -> Place {
        self.places.get(column).copied().unwrap_or(self.start)
    }

    fn required(&self, column: &str, findings: &mut Findings) -> Option<Located<String>> {
        let cell = self.cell(column);
        if cell.is_none() {
            findings.add(self.place(column), codes::MISSING_KEY, format!("`{column}` is empty"), "fill it in");
        }
        cell
    }

    fn id(&self, column: &'static str, findings: &mut Findings) -> Option<Located<String>> {
        self.required(column, findings).and_then(|id| checked_id(column, id, findings))
    }

    fn whole_number(&self, column: &str, findings: &mut Findings) -> Option<u32> {
        let cell = self.required(column, findings)?;
        let number = |text: &str| {
            let number = text.parse::<u32>().ok().filter(|number| *number <= i32::MAX as u32);
            number.ok_or_else(|| format!("\"{text}\" is not a whole number from 0 to {}", i32::MAX))
        };
        parsed_text(cell, codes::BAD_NUMBER, number, findings).map(|number| number.value)
    }

    /// `from` and `to`; `None` where one cannot be read.
    fn span(&self, findings: &mut Findings) -> Option<(Date, Option<Date>)> {
        let date = |cell: Located<String>, findings: &mut Findings| {
            parsed_text(cell, codes::BAD_DATE, str::parse::<Date>, findings).map(|date| date.value)
        };
        let from = self.required("from", findings).and_then(|cell| date(cell, findings));
        let to = match self.cell("to") {
            None => Some(None),
            Some(cell) => date(cell, findings).map(Some),
        };
        Some((from?, to?))
    }

    fn stated<T>(&self, row: T, id: &'static str, number: &'static str) -> Stated<T> {
        let (from, to) = (self.place("from"), self.place("to"));
        Stated { row, id: self.place(id), from, to, number: self.place(number), nodes: Vec::new(), payee: None }
    }
}

fn crediting(document: &Document, findings: &mut Findings) -> Option<Stated<Crediting>> {
    let mut fields = Fields::of(document, findings)?;
    let before = findings.errors();
    let (from, to) = (fields.date("from", findings), fields.optional_date("to", findings));
    let when = fields.choice("when", modes::TERRITORY_WHEN, findings);
    let always = when.as_ref().is_some_and(|when| when.value == When::Always);
    let uncovered = if always {
        fields.choice("uncovered", modes::UNCOVERED, findings).map(|uncovered| uncovered.value)
    } else {
        if let Some(stated) = fields.node("uncovered").filter(|_| when.is_some()) {
            let hint = "remove it: a line that names nobody and has no territory parks its deal";
            findings.add(stated.place, codes::NO_EFFECT, "`uncovered` has no effect with when = \"unnamed\"", hint);
        }
        None
    };
    fields.required("winners", "say how many territories win a line: winners = 1", findings);
    let winners = fields.optional_integer("winners", findings);
    fields.required("roll_up", "name what rolls up beside REVENUE: roll_up = [] or [\"TERRITORY\"]", findings);
    let roll_up = fields.choices("roll_up", modes::ROLL_UP, findings);
    fields.finish(&["share", "dated_by", "splits"], findings);
    let (from, when, winners) = (from?, when?, winners?);
    let number = u32::try_from(winners.value.clamp(0, i64::from(i32::MAX))).unwrap_or_default();
    let to_place = to.as_ref().map_or(from.place, |to| to.place);
    let row = Crediting { from: from.value, to: to.map(|to| to.value), when: when.value, uncovered, winners: number, roll_up };
    let (id, nodes) = (from.place, Vec::new());
    let stated = Stated { row, id, from: from.place, to: to_place, number: winners.place, nodes, payee: None };
    (findings.errors() == before).then_some(stated)
}

fn node(cells: &Cells, findings: &mut Findings) -> Option<Stated<Node>> {
    let dimension = cells.required("dimension", findings);
    let dimension = dimension.and_then(|cell| parsed_text(cell, codes::UNKNOWN_VALUE, str::parse::<Dimension>, findings));
    let node = cells.id("node", findings);
    let parent = cells.cell("parent").map(|parent| parent.value);
    let span = cells.span(findings);
    let ((from, to), dimension) = (span?, dimension?.value);
    Some(cells.stated(Node { dimension, node: node?.value, parent, from, to }, "node", "parent"))
}

fn territory(cells: &Cells, findings: &mut Findings) -> Option<Stated<Territory>> {
    let before = findings.errors();
    let id = cells.id("territory", findings);
    let (layer, rank) = (cells.whole_number("layer", findings), cells.whole_number("rank", findings));
    let span = cells.span(findings);
    let plain = [
        ("product", Dimension::Product),
        ("geography", Dimension::Geography),
        ("segment", Dimension::Segment),
        ("customer", Dimension::Customer),
    ];
    let mut named: Vec<(Dimension, Located<String>, bool)> = Vec::new();
    for (column, dimension) in plain {
        let parts = cells.cell(column).map(|cell| names(&cell)).unwrap_or_default();
        named.extend(parts.into_iter().map(|part| with_sign(dimension.clone(), part)));
    }
    for part in cells.cell("attributes").map(|cell| names(&cell)).unwrap_or_default() {
        named.extend(attribute(part, findings));
    }
    let (from, to) = span?;
    let row = Territory { territory_id: id?.value, layer: layer?, rank: rank?, conditions: conditions(&named), from, to };
    let nodes = named.into_iter().map(|(dimension, node, _)| (dimension, node)).collect();
    (findings.errors() == before).then(|| Stated { nodes, ..cells.stated(row, "territory", "rank") })
}

/// A node without its `!`, and whether it has one.
fn with_sign(dimension: Dimension, part: Located<String>) -> (Dimension, Located<String>, bool) {
    match part.value.strip_prefix('!') {
        Some(node) => (dimension, Located::new(node.trim().into(), part.place), true),
        None => (dimension, part, false),
    }
}

/// `industry=bank` or `industry=!bank`.
fn attribute(part: Located<String>, findings: &mut Findings) -> Option<(Dimension, Located<String>, bool)> {
    let split = part.value.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
    let Some((name, value)) = split.filter(|(name, value)| !name.is_empty() && !value.is_empty()) else {
        let message = format!("\"{}\" is not an attribute and its value", part.value);
        findings.add(part.place, codes::WRONG_TYPE, message, "write industry=bank, or industry=!bank to leave it out");
        return None;
    };
    Some(with_sign(Dimension::Attribute(name.into()), Located::new(value.into(), part.place)))
}

fn conditions(named: &[(Dimension, Located<String>, bool)]) -> Vec<Condition> {
    let mut conditions: BTreeMap<&Dimension, Condition> = BTreeMap::new();
    for (dimension, node, excluded) in named {
        let empty = || Condition { dimension: dimension.clone(), included: Vec::new(), excluded: Vec::new() };
        let condition = conditions.entry(dimension).or_insert_with(empty);
        let list = if *excluded { &mut condition.excluded } else { &mut condition.included };
        list.push(node.value.clone());
    }
    conditions.into_values().collect()
}

fn assignment(cells: &Cells, findings: &mut Findings) -> Option<Stated<Assignment>> {
    let (territory, payee) = (cells.id("territory", findings), cells.id("payee", findings));
    let share = cells.required("share", findings);
    let share = share.and_then(|share| parsed_text(share, codes::BAD_NUMBER, Share::parse, findings));
    let span = cells.span(findings);
    let ((from, to), payee, share) = (span?, payee?, share?.value);
    let row = Assignment { territory_id: territory?.value, payee_id: payee.value.clone(), share, from, to };
    Some(Stated { payee: Some(payee), ..cells.stated(row, "territory", "share") })
}
