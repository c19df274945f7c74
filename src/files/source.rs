//! Texts of the files read, places in them, and the list of findings that every reader adds to.

use super::codes::Code;
use super::diagnostic::Diagnostic;

/// A stretch of bytes of one of the [`Findings`]' files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: usize,
    pub start: usize,
    pub length: usize,
}

/// A value and where it was written.
#[derive(Clone, Debug)]
pub struct Located<T> {
    pub value: T,
    pub place: Place,
}

impl<T> Located<T> {
    pub fn new(value: T, place: Place) -> Located<T> {
        Located { value, place }
    }
}

#[derive(Clone, Debug)]
struct Source {
    name: String,
    text: String,
}

/// The files read so far and what was found in them.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    sources: Vec<Source>,
    list: Vec<Diagnostic>,
}

impl Findings {
    /// Takes a file's text on; the number goes into its places.
    pub fn open(&mut self, name: &str, text: &str) -> usize {
        self.sources.push(Source { name: name.into(), text: text.into() });
        self.sources.len() - 1
    }

    pub fn text(&self, file: usize) -> String {
        self.sources.get(file).map(|source| source.text.clone()).unwrap_or_default()
    }

    /// Adds a finding about a stretch of a file.
    pub fn add(&mut self, place: Place, code: Code, message: impl Into<String>, hint: impl Into<String>) {
        let found = self.diagnostic(place, code, message.into(), hint.into());
        self.list.push(found);
    }

    /// Adds a finding about a file as a whole, one that is not there for example.
    pub fn add_file(&mut self, name: &str, code: Code, message: impl Into<String>, hint: impl Into<String>) {
        let (message, hint) = (message.into(), hint.into());
        let file = name.into();
        let (severity, code) = (code.severity, code.name);
        let source_line = String::new();
        self.list.push(Diagnostic { file, line: 1, column: 1, severity, code, message, hint, source_line, span_length: 1 });
    }

    fn diagnostic(&self, place: Place, code: Code, message: String, hint: String) -> Diagnostic {
        let source = self.sources.get(place.file);
        let (file, text) = source.map_or(("", ""), |source| (source.name.as_str(), source.text.as_str()));
        let start = floor(text, place.start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let source_line = text[line_start..].lines().next().unwrap_or("");
        let end = floor(text, place.start + place.length).min(line_start + source_line.len()).max(start);
        Diagnostic {
            file: file.into(),
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            severity: code.severity,
            code: code.name,
            message,
            hint,
            source_line: source_line.into(),
            span_length: text[start..end].chars().count().max(1),
        }
    }

    /// How many errors there are so far.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|found| found.is_error()).count()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The line of a place, from 1.
    pub fn line(&self, place: Place) -> usize {
        self.diagnostic(place, super::codes::SYNTAX, String::new(), String::new()).line
    }

    /// What is written at a place, in one line.
    pub fn excerpt(&self, place: Place) -> String {
        let text = self.sources.get(place.file).and_then(|source| source.text.get(place.start..place.start + place.length));
        text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Files that something was found in.
    pub fn file_names(&self) -> Vec<String> {
        self.list.iter().map(|found| found.file.clone()).collect()
    }

    /// Takes the findings out, sorted by file and position, each once.
    pub fn take(&mut self) -> Vec<Diagnostic> {
        let mut list = std::mem::take(&mut self.list);
        list.sort();
        list.dedup();
        list
    }
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, byte: usize) -> usize {
    let mut at = byte.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
