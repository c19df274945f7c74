//! A finding in a file that people write, and how it is shown: `file:line:column: code: message`, the line, a caret, a hint.
//!
//! Leaves out colour; that is the command's.

use std::fmt;

/// Widest line that is printed.
const COLUMNS: usize = 80;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Error,
    Warning,
}

/// One finding. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub severity: Severity,
    pub code: &'static str,
    pub message: String,
    pub hint: String,
    /// The line that it is about; empty when it is about the whole file.
    pub source_line: String,
    /// Characters that the caret underlines.
    pub span_length: usize,
}

impl Diagnostic {
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_error() { "" } else { "warning: " };
        let head = format!("{}:{}:{}: {kind}{}: {}", self.file, self.line, self.column, self.code, self.message);
        f.write_str(&wrapped(&head, "    "))?;
        if !self.source_line.is_empty() {
            let (line, column) = window(&self.source_line, self.column - 1);
            let room = COLUMNS.saturating_sub(2 + column).max(1);
            write!(f, "\n  {line}\n  {}{}", " ".repeat(column), "^".repeat(self.span_length.clamp(1, room)))?;
        }
        if !self.hint.is_empty() {
            write!(f, "\n{}", wrapped(&format!("  hint: {}", self.hint), "        "))?;
        }
        Ok(())
    }
}

/// Breaks at spaces so that lines fit; what has no space stays whole.
fn wrapped(text: &str, indent: &str) -> String {
    let start = text.len() - text.trim_start().len();
    let mut lines = vec![text[..start].to_string()];
    for word in text[start..].split(' ') {
        let line = lines.last().map_or(0, |line| line.chars().count());
        let fresh = lines.last().is_none_or(|line| line.trim().is_empty());
        if !fresh && line + 1 + word.chars().count() > COLUMNS {
            lines.push(format!("{indent}{word}"));
        } else if let Some(last) = lines.last_mut() {
            last.push_str(if fresh { "" } else { " " });
            last.push_str(word);
        }
    }
    lines.join("\n")
}

/// The part of a line around a column that fits, and where the column lies in it. Tabs become single spaces.
fn window(line: &str, column: usize) -> (String, usize) {
    let characters: Vec<char> = line.trim_end().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let room = COLUMNS - 2;
    if characters.len() <= room {
        return (characters.into_iter().collect(), column);
    }
    let start = column.saturating_sub(room / 2).min(characters.len() - room);
    let mut shown: Vec<char> = characters[start..start + room].to_vec();
    if start > 0 {
        shown[0] = '…';
    }
    if start + room < characters.len() {
        shown[room - 1] = '…';
    }
    (shown.into_iter().collect(), column.saturating_sub(start))
}
