//! A CSV file with a header row, every cell with its place: a finding points at the cell, not at the record.

use super::codes;
use super::fields::did_you_mean;
use super::source::{Findings, Located, Place};

/// The columns that a file may have.
pub struct Columns {
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
    pub not_built: &'static [&'static str],
    /// Any column may be there whose name begins so; empty: none.
    pub named: &'static str,
}

impl Columns {
    fn is_named(&self, column: &str) -> bool {
        !self.named.is_empty() && column.strip_prefix(self.named).is_some_and(|name| !name.is_empty())
    }
}

#[derive(Debug)]
pub struct Sheet {
    header: Vec<Located<String>>,
    rows: Vec<Vec<Located<String>>>,
}

/// One row of a sheet.
#[derive(Clone, Copy)]
pub struct Row<'s> {
    header: &'s [Located<String>],
    cells: &'s [Located<String>],
}

impl Sheet {
    /// Reads a file and checks header and row lengths; of a row of another length only the first cell stays.
    pub fn read(file: usize, columns: &Columns, findings: &mut Findings) -> Option<Sheet> {
        let mut rows = cells(file, findings)?.into_iter();
        let Some(header) = rows.next() else {
            let place = Place { file, start: 0, length: 0 };
            let hint = format!("begin with the line {}", columns.required.join(","));
            findings.add(place, codes::MISSING_KEY, "the file has no header", hint);
            return None;
        };
        check_header(&header, columns, findings);
        let width = header.len();
        let rows = rows.map(|row| checked(row, width, findings)).collect();
        Some(Sheet { header, rows })
    }

    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { header: &self.header, cells })
    }
}

impl Row<'_> {
    /// A cell that is not empty.
    pub fn cell(&self, column: &str) -> Option<Located<String>> {
        let at = self.header.iter().position(|name| name.value == column)?;
        self.cells.get(at).filter(|cell| !cell.value.is_empty()).cloned()
    }

    /// The cells that are not empty of columns whose names begin so, with the rest of the name.
    pub fn named(&self, prefix: &str) -> impl Iterator<Item = (Located<String>, Located<String>)> {
        let cells = self.header.iter().zip(self.cells).filter(|(_, cell)| !cell.value.is_empty());
        cells.filter_map(move |(name, cell)| {
            let rest = name.value.strip_prefix(prefix).filter(|rest| !rest.is_empty())?;
            Some((Located::new(rest.to_string(), name.place), cell.clone()))
        })
    }

    /// Whether it has a cell for every column.
    pub fn is_whole(&self) -> bool {
        self.cells.len() == self.header.len()
    }

    /// A cell that must not be empty.
    pub fn required(&self, column: &str, findings: &mut Findings) -> Option<Located<String>> {
        let cell = self.cell(column);
        if cell.is_none() && self.cells.len() == self.header.len() && self.header.iter().any(|name| name.value == column) {
            findings.add(self.place_of(column), codes::MISSING_KEY, format!("`{column}` is empty"), "fill it in");
        }
        cell
    }

    /// Where a cell is, also an empty one.
    pub fn place_of(&self, column: &str) -> Place {
        let at = self.header.iter().position(|name| name.value == column).unwrap_or(0);
        self.cells.get(at).map(|cell| cell.place).unwrap_or_default()
    }
}

fn check_header(header: &[Located<String>], columns: &Columns, findings: &mut Findings) {
    let known = || columns.required.iter().chain(columns.optional).copied();
    for (place, name) in header.iter().enumerate() {
        if header[..place].iter().any(|other| other.value == name.value) {
            findings.add(name.place, codes::DUPLICATE, format!("column `{}` is there twice", name.value), "remove one of them");
        } else if columns.not_built.contains(&name.value.as_str()) {
            let message = format!("column `{}` is not supported by this version", name.value);
            findings.add(name.place, codes::NOT_SUPPORTED, message, "remove the column");
        } else if !known().any(|column| column == name.value) && !columns.is_named(&name.value) {
            let named = Some(format!("{}NAME", columns.named)).filter(|_| !columns.named.is_empty());
            let all = || known().chain(named.as_deref()).collect::<Vec<_>>().join(",");
            let hint = did_you_mean(&name.value, known()).unwrap_or_else(|| format!("known: {}", all()));
            findings.add(name.place, codes::UNKNOWN_KEY, format!("`{}` is not a column of this file", name.value), hint);
        }
    }
    for column in columns.required.iter().filter(|column| !header.iter().any(|name| name.value == **column)) {
        let place = header.first().map(|name| name.place).unwrap_or_default();
        findings.add(place, codes::MISSING_KEY, format!("column `{column}` is missing"), "add it to the header");
    }
}

/// A row of another width is reported; its first cell stays, so that the name in it is known.
fn checked(mut row: Vec<Located<String>>, width: usize, findings: &mut Findings) -> Vec<Located<String>> {
    if row.len() != width {
        let place = row.get(width).or(row.last()).map(|cell| cell.place).unwrap_or_default();
        let message = format!("the row has {} fields, the header has {width}", row.len());
        findings.add(place, codes::BAD_ROW, message, "a field with a comma in it needs double quotes around it");
        row.truncate(1);
    }
    row
}

/// Splits a file into rows of trimmed cells. Blank lines are left out; a quoted cell may hold commas and `""`.
fn cells(file: usize, findings: &mut Findings) -> Option<Vec<Vec<Located<String>>>> {
    let text = findings.text(file);
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while at < text.len() {
        let cell = match one_cell(&text, at) {
            Ok(cell) => cell,
            Err(message) => {
                findings.add(Place { file, start: at, length: 1 }, codes::SYNTAX, message, "write \"\" for a quote in quotes");
                return None;
            }
        };
        let written = text[at..cell.end].trim();
        let start = at + text[at..cell.end].len() - text[at..cell.end].trim_start().len();
        row.push(Located::new(cell.value, Place { file, start, length: written.len() }));
        at = cell.end + 1;
        if cell.last {
            let full = std::mem::take(&mut row);
            rows.push(full);
        }
    }
    if !row.is_empty() {
        row.push(Located::new(String::new(), Place { file, start: text.len(), length: 0 }));
        rows.push(row);
    }
    rows.retain(|row| row.len() > 1 || row.iter().any(|cell| !cell.value.is_empty()));
    Some(rows)
}

struct Cell {
    value: String,
    /// Where its comma, line end or the file's end is.
    end: usize,
    last: bool,
}

fn one_cell(text: &str, start: usize) -> Result<Cell, &'static str> {
    let rest = &text[start..];
    let quoted = rest.trim_start_matches([' ', '\t']).starts_with('"');
    if !quoted {
        let length = rest.find([',', '\n']).unwrap_or(rest.len());
        return Ok(Cell { value: rest[..length].trim().into(), end: start + length, last: !rest[length..].starts_with(',') });
    }
    let open = rest.find('"').unwrap_or(0);
    let mut value = String::new();
    let mut characters = rest[open + 1..].char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character != '"' {
            value.push(character);
        } else if characters.next_if(|(_, next)| *next == '"').is_some() {
            value.push('"');
        } else {
            return after_quote(text, start + open + 1 + at + 1, value);
        }
    }
    Err("the quote is never closed")
}

fn after_quote(text: &str, at: usize, value: String) -> Result<Cell, &'static str> {
    let rest = &text[at..];
    let length = rest.find([',', '\n']).unwrap_or(rest.len());
    if !rest[..length].trim().is_empty() {
        return Err("there is text after the closing quote");
    }
    Ok(Cell { value, end: at + length, last: !rest[length..].starts_with(',') })
}
