//! `accrue test --init`: what comes out of a case is appended to its file as what it expects.

use super::super::check::print;
use super::super::console::Console;
use super::super::exit::{Exit, files_error};
use super::{errors_of, run};
use crate::files::case::{case_to_fill, expectations};
use std::io::Write;
use std::path::PathBuf;

/// Fills cases that state no expectations; nothing is written when one of them has an error.
pub fn fill(files: &[PathBuf], console: &Console) -> anyhow::Result<Exit> {
    let mut errors = 0;
    let mut cases = Vec::new();
    for file in files {
        if file.extension().is_some_and(|extension| extension == "json") {
            let message = format!("{}: --init writes TOML; write the case as a .toml file", file.display());
            return Err(files_error(message));
        }
        match case_to_fill(file) {
            Ok(case) => cases.push((file, case)),
            Err(findings) => {
                errors += findings.iter().filter(|finding| finding.is_error()).count();
                findings.iter().try_for_each(|finding| print(console, finding))?;
            }
        }
    }
    if errors > 0 {
        return Err(errors_of(errors));
    }
    for (file, case) in cases {
        let (got, _) = run(&case)?;
        let mut out = std::fs::OpenOptions::new().append(true).open(file)?;
        out.write_all(expectations(&case, &got).as_bytes())?;
        console.line(&format!("{}: expectations written; read them before you rely on them", file.display()))?;
    }
    Ok(Exit::Done)
}
