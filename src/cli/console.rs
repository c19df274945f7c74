//! Where output goes: data to standard output, notices to standard error, prose folded for a terminal 80 wide.
//!
//! Text that came from a record may hold anything: control characters never reach the terminal.

use crate::telemetry::{self, Tone};
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Widest line of prose.
const WIDTH: usize = 80;

/// How this process prints.
#[derive(Clone, Debug)]
pub struct Console {
    pub json: bool,
    /// Standard output is a terminal: it may be drawn on.
    pub screen: bool,
    /// Standard error is a terminal: progress is welcome.
    pub progress: bool,
    pub colour: bool,
}

impl Console {
    pub fn new(json: bool) -> Console {
        let screen = std::io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Console { json, screen: screen && !json, progress: std::io::stderr().is_terminal(), colour: screen && !plain }
    }

    /// A line of data.
    pub fn line(&self, text: &str) -> std::io::Result<()> {
        writeln!(std::io::stdout().lock(), "{}", printable(text))
    }

    /// A JSON object on a line of its own.
    pub fn object<T: Serialize>(&self, value: &T) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        serde_json::to_writer(&mut out, value)?;
        writeln!(out)?;
        Ok(())
    }

    /// Prose on standard error.
    pub fn notice(&self, text: &str) {
        say(Tone::Notice, text);
    }

    /// Asks on standard error; anything but `y` or `yes` is a no. Without a terminal there is nobody to ask.
    pub fn confirm(&self, question: &str) -> anyhow::Result<bool> {
        if !std::io::stdin().is_terminal() {
            return Err(super::exit::usage_error("nobody to ask: standard input is no terminal; add --yes"));
        }
        eprint!("{} [y/N] ", printable(question));
        std::io::stderr().flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "yes"))
    }

    /// Emphasis where colours are welcome.
    pub fn bold(&self, text: &str) -> String {
        if self.colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.into() }
    }
}

/// Prose on standard error, as the log is written there. Nobody can be told when that fails.
pub fn say(tone: Tone, text: &str) {
    if telemetry::is_json() {
        return telemetry::said(tone, text);
    }
    let mut out = std::io::stderr().lock();
    for line in fold(&printable(text)) {
        let _ = writeln!(out, "{line}");
    }
}

/// The text with every control character but the line feed replaced.
pub fn printable(text: &str) -> String {
    text.chars().map(|one| if one.is_control() && one != '\n' { '\u{fffd}' } else { one }).collect()
}

/// Lines of at most [`WIDTH`] characters, broken at spaces; indented lines are kept as they are.
pub fn fold(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        if paragraph.starts_with(' ') {
            lines.push(paragraph.to_string());
            continue;
        }
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_folded_at_spaces_and_keeps_its_lines() {
        let long = "word ".repeat(40);
        assert!(fold(long.trim()).iter().all(|line| line.chars().count() <= WIDTH));
        assert_eq!(fold("one\n  two  three"), ["one", "  two  three"]);
    }

    #[test]
    fn control_characters_of_a_record_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\n");
    }
}
