//! The style and the arrows of the source, held by the machine: who may use whom, and what no file may contain.
//!
//! Looks at text line by line, comments left out where they are not the subject. Formatting is rustfmt's and lints are
//! clippy's.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines that a file may have.
const MAXIMUM_LINES: usize = 400;

struct Source {
    /// From the root of the repository, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// Lines of code with their numbers: comments are left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(place, line)| (place + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The same without the file's tests, which are at its end.
    fn code_without_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let of_tests = self.path.ends_with("/tests.rs") || self.path.contains("/tests/");
        self.code().take_while(move |(_, line)| !of_tests && *line != "mod tests {")
    }

    fn is_under(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }
}

/// Every Rust file of a folder of the repository, in order.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = rust_files(&root.join(folder));
    paths.sort();
    let named = paths.into_iter().map(|path| {
        let text = fs::read_to_string(&path).expect("a readable file");
        let path = path.strip_prefix(root).expect("a file of the repository").to_string_lossy().replace('\\', "/");
        Source { path, text }
    });
    named.collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a readable folder").map(|entry| entry.expect("an entry").path());
    let found = entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

fn all() -> Vec<Source> {
    ["src", "tests", "benches"].into_iter().flat_map(sources).collect()
}

/// Names in the last column of a row of ARCHITECTURE.md that is about tests.
fn tests_named() -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let mut named = Vec::new();
    let mut about_tests = false;
    for line in text.lines() {
        about_tests = line.starts_with('|') && (about_tests || line.ends_with("| tested by |"));
        let last = line.trim_end_matches('|').rsplit('|').next().filter(|_| about_tests);
        named.extend(last.unwrap_or_default().split('`').skip(1).step_by(2).map(str::to_owned));
    }
    named
}

/// Fails with every finding at once.
fn none(rule: &str, findings: Vec<String>) {
    assert!(findings.is_empty(), "{rule}:\n{}", findings.join("\n"));
}

/// Lines of code in files for which `word` stands as a word, as `path:line: text`.
fn naming(files: &[Source], word: &str) -> Vec<String> {
    let lines = files.iter().flat_map(|file| file.code().map(move |(number, line)| (file, number, line)));
    let hits = lines.filter(|(_, _, line)| has_word(line, word));
    hits.map(|(file, number, line)| format!("{}:{number}: {}", file.path, line.trim())).collect()
}

fn has_word(line: &str, word: &str) -> bool {
    let part_of_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
    })
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = all().into_iter().filter(|file| !file.text.starts_with("//! "));
    none("files that do not open with //!", silent.map(|file| file.path).collect());
}

#[test]
fn files_are_short() {
    let lines = |file: &Source| file.text.lines().count();
    let long = all().into_iter().filter(|file| lines(file) > MAXIMUM_LINES);
    none("files that are too long", long.map(|file| format!("{}: {} lines", file.path, lines(&file))).collect());
}

#[test]
fn a_dependency_with_a_seam_is_named_behind_it_only() {
    let check = |crate_name: &str, places: &[&str]| {
        let outside: Vec<Source> = sources("src").into_iter().filter(|file| !file.is_under(places)).collect();
        none(&format!("{crate_name} outside {places:?}"), naming(&outside, crate_name));
    };
    check("rdkafka", &["src/log/kafka.rs", "src/log/kafka/"]);
    check("redb", &["src/log/embedded.rs", "src/log/embedded/"]);
    check("sled", &["src/store.rs", "src/store/"]);
    check("ureq", &["src/registry.rs", "src/registry/", "src/token_endpoint.rs"]);
}

#[test]
fn arrows_between_modules_point_one_way() {
    let check = |module: &str, may_use: &[&str]| {
        let mut findings = Vec::new();
        for file in sources(&format!("src/{module}")) {
            for (number, line) in file.code() {
                let uses = line.split("crate::").skip(1);
                let strange = uses.filter(|path| !may_use.iter().any(|allowed| path.starts_with(allowed)));
                findings.extend(strange.map(|path| format!("{}:{number}: crate::{path}", file.path)));
            }
        }
        none(&format!("{module} uses more of this crate than {may_use:?}"), findings);
    };
    check("domain", &["domain::"]);
    check("pipeline", &["domain::", "pipeline::"]);
    check("oracle", &["oracle::", "wire::", "domain::money::", "\")"]);
}

#[test]
fn the_stages_are_pure() {
    let pure: Vec<Source> = ["src/domain", "src/pipeline"].into_iter().flat_map(sources).collect();
    let worldly = ["std::fs", "std::net", "std::time", "std::thread", "std::env", "std::process", "std::io", "tokio", "HashMap"];
    none("clocks, disks, sockets or random order", worldly.iter().flat_map(|word| naming(&pure, word)).collect());
}

#[test]
fn no_binary_float_is_near_money() {
    let folders = ["src/domain", "src/pipeline", "src/wire", "src/oracle"];
    let near: Vec<Source> = folders.into_iter().flat_map(sources).collect();
    none("floats", ["f32", "f64"].iter().flat_map(|word| naming(&near, word)).collect());
}

#[test]
fn nothing_is_left_open() {
    let files: Vec<Source> = all().into_iter().filter(|file| file.path != "tests/tidy.rs").collect();
    let mut findings = Vec::new();
    for file in &files {
        for (number, line) in file.code() {
            let open = ["todo!", "unimplemented!", "dbg!", "#[ignore"].into_iter().filter(|mark| line.contains(mark));
            findings.extend(open.map(|mark| format!("{}:{number}: {mark}", file.path)));
        }
    }
    none("unfinished code", findings);
}

#[test]
fn errors_are_values_outside_tests() {
    let mut findings = Vec::new();
    for file in &sources("src") {
        for (number, line) in file.code_without_tests() {
            let panicking = [".unwrap()", ".expect(", "panic!(", "unreachable!("].into_iter().filter(|call| line.contains(call));
            findings.extend(panicking.map(|call| format!("{}:{number}: {call}", file.path)));
        }
    }
    none("what may panic", findings);
}

#[test]
fn a_test_that_the_architecture_names_is_there() {
    let named = tests_named();
    assert!(named.len() > 15, "{named:?}");
    let files = all();
    let there = |name: &str| files.iter().any(|file| file.text.contains(&format!("fn {name}()")));
    none("tests that are named in ARCHITECTURE.md and are not there", named.into_iter().filter(|name| !there(name)).collect());
}
