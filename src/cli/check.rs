//! `accrue check`: every error in a company's files at once, with its place, reason and fix.

use super::console::Console;
use super::exit::{Exit, files_error};
use crate::files::{CompanyFiles, Diagnostic, company};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct Check {
    /// The company's directory
    path: PathBuf,
}

impl Check {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let files = checked(&self.path, console)?;
        let (plans, payees) = (files.plans.len(), files.payees.len());
        console.notice(&format!("no errors: {plans} plan versions, {payees} payees, {} quotas", files.quotas.len()));
        Ok(if files.warnings.is_empty() { Exit::Done } else { Exit::Found })
    }
}

/// The company of a directory. Findings are printed; one error is enough to refuse it.
pub fn checked(directory: &Path, console: &Console) -> anyhow::Result<CompanyFiles> {
    match company(directory) {
        Ok(files) => {
            files.warnings.iter().try_for_each(|finding| print(console, finding))?;
            Ok(files)
        }
        Err(findings) => {
            findings.iter().try_for_each(|finding| print(console, finding))?;
            let errors = findings.iter().filter(|finding| finding.is_error()).count();
            let plural = if errors == 1 { "" } else { "s" };
            Err(files_error(format!("{errors} error{plural} in {}; nothing was appended", directory.display())))
        }
    }
}

/// A finding is the data of `check`.
pub fn print(console: &Console, finding: &Diagnostic) -> anyhow::Result<()> {
    if !console.json {
        return Ok(console.line(&finding.to_string())?);
    }
    console.object(&json!({
        "file": finding.file, "line": finding.line, "column": finding.column, "code": finding.code,
        "severity": if finding.is_error() { "error" } else { "warning" },
        "message": finding.message, "hint": finding.hint,
    }))
}
