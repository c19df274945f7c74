//! Columns of text: aligned for people, never wider than they must be, without trailing spaces.

use super::console::printable;

/// Widest cell; a longer one is cut with a mark.
const CELL: usize = 28;

/// Which side of its column a cell stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// A table that is filled row by row.
#[derive(Debug)]
pub struct Table {
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The header names the columns; `>` in front puts a column on the right.
    pub fn new(headers: &[&str]) -> Table {
        let side = |header: &&str| if header.starts_with('>') { Side::Right } else { Side::Left };
        let names = headers.iter().map(|header| header.trim_start_matches('>').to_string()).collect();
        Table { sides: headers.iter().map(side).collect(), rows: vec![names] }
    }

    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|cell| cut(&printable(cell))).collect());
    }

    pub fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    /// The header and the rows as lines.
    pub fn lines(&self) -> Vec<String> {
        let width =
            |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| length(cell)).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.sides.len()).map(width).collect();
        self.rows.iter().map(|row| self.line(row, &widths)).collect()
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cell = |((cell, side), width): ((&String, &Side), &usize)| {
            let gap = " ".repeat(width.saturating_sub(length(cell)));
            if *side == Side::Right { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
        };
        let cells: Vec<String> = row.iter().zip(&self.sides).zip(widths).map(cell).collect();
        cells.join("  ").trim_end().to_string()
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &str) -> String {
    let one_line = text.replace('\n', " ");
    if length(&one_line) <= CELL { one_line } else { one_line.chars().take(CELL - 1).chain(['~']).collect() }
}

/// A number of money or measure with its thousands apart: `1 234 567.50`.
pub fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, part) = rest.split_once('.').map_or((rest, None), |(whole, part)| (whole, Some(part)));
    let mut text = String::from(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    part.map_or(text.clone(), |part| format!("{text}.{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_without_trailing_spaces() {
        let mut table = Table::new(&["name", ">amount"]);
        table.row(["ana".into(), grouped("1234567.5")]);
        table.row(["a name that is much longer than any cell may be".into(), "1".into()]);
        let lines = table.lines();
        assert_eq!(lines[0], "name                               amount");
        assert_eq!(lines[1], "ana                           1 234 567.5");
        assert_eq!(lines[2], "a name that is much longer ~            1");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(["0", "-1000", "999.25", "-1234.5"].map(grouped), ["0", "-1 000", "999.25", "-1 234.5"]);
    }
}
