//! `accrue test`: cases through the real engine, compared with what they expect.
//!
//! `run` plays a case, `init` writes expectations, `coverage` names what no case reaches.

mod coverage;
mod init;
mod run;

use super::check::print;
use super::console::Console;
use super::exit::{Exit, files_error};
use crate::files::case::{Case, Difference, case, report};
use clap::Args;
use coverage::Coverage;
use run::run;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Test {
    /// Case files, or directories of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Write what comes out into cases without [expect], for review
    #[arg(long, conflicts_with = "coverage")]
    init: bool,
    /// Name the tiers, gates, caps and pay terms that no case reaches
    #[arg(long)]
    coverage: bool,
}

impl Test {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let files = files(&self.paths)?;
        if self.init {
            return init::fill(&files, console);
        }
        let cases = read(&files, console)?;
        let mut failed = 0;
        let mut coverage = self.coverage.then(|| Coverage::of(&self.paths, &cases)).transpose()?;
        for case in &cases {
            let (got, history) = run(case)?;
            let differences = case.compare(&got);
            failed += usize::from(!differences.is_empty());
            show(console, case, &differences)?;
            if let Some(coverage) = &mut coverage {
                coverage.add(history)?;
            }
        }
        if !console.json {
            console.line(&format!("{} cases, {failed} failed", cases.len()))?;
        }
        let reached = coverage.map_or(Ok(true), |coverage| coverage.report(console))?;
        Ok(if failed == 0 && reached { Exit::Done } else { Exit::Found })
    }
}

/// The files, and those that lie in the directories (of a company's: in its `cases`), in order of name.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        let company = path.join("company.toml").exists();
        let directory = if company { path.join("cases") } else { path.clone() };
        for entry in std::fs::read_dir(directory)? {
            inside.push(entry?.path());
        }
        inside.retain(|file| file.extension().is_some_and(|extension| extension == "toml" || extension == "json"));
        inside.sort();
        found.append(&mut inside);
    }
    if found.is_empty() {
        return Err(files_error("no cases there; name a case file or a directory of them"));
    }
    Ok(found)
}

/// Reads all cases; errors of all of them come at once.
fn read(files: &[PathBuf], console: &Console) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut errors = 0;
    for file in files {
        match case(file) {
            Ok(case) => cases.push(case),
            Err(findings) => {
                errors += findings.iter().filter(|finding| finding.is_error()).count();
                findings.iter().try_for_each(|finding| print(console, finding))?;
            }
        }
    }
    if errors > 0 { Err(errors_of(errors)) } else { Ok(cases) }
}

fn show(console: &Console, case: &Case, differences: &[Difference]) -> anyhow::Result<()> {
    if !console.json {
        let text = report(case, differences);
        let line = if text.is_empty() { format!("ok  {}", case.name) } else { text.trim_end().to_owned() };
        return Ok(console.line(&line)?);
    }
    let shown =
        |found: &Difference| json!({"line": found.line, "what": found.what, "expected": found.expected, "got": found.got});
    let shown: Vec<_> = differences.iter().map(shown).collect();
    console.object(&json!({"file": case.file, "name": case.name, "ok": shown.is_empty(), "differences": shown}))
}

fn errors_of(errors: usize) -> anyhow::Error {
    files_error(format!("{errors} errors in the cases; none was run"))
}
