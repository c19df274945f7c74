//! `accrue explain`: what a code means, of the findings in files and of the reasons that a record is rejected or parked.

use super::console::Console;
use super::exit::{Exit, found_error};
use crate::domain::reject::Reason;
use crate::files::codes;
use crate::files::{Severity, nearest_name};
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub struct Explain {
    /// A code, like tier-gap or missing_quota; without one, all of them
    code: Option<String>,
}

struct Explained {
    code: &'static str,
    /// "error", "warning", "rejected" or "parked".
    kind: &'static str,
    meaning: &'static str,
}

impl Explain {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let all = all();
        let asked: Vec<&Explained> = match &self.code {
            None => all.iter().collect(),
            Some(code) => all.iter().filter(|explained| explained.code == code).collect(),
        };
        if let (Some(code), true) = (&self.code, asked.is_empty()) {
            let hint = nearest_name(code, all.iter().map(|explained| explained.code));
            let hint = hint.unwrap_or_else(|| "`accrue explain` lists all".into());
            return Err(found_error(format!("no code is called \"{code}\": {hint}")));
        }
        for Explained { code, kind, meaning } in asked {
            if console.json {
                console.object(&json!({"code": code, "kind": kind, "meaning": meaning}))?;
            } else {
                super::console::fold(&format!("{code} ({kind}): {meaning}")).iter().try_for_each(|line| console.line(line))?;
            }
        }
        Ok(Exit::Done)
    }
}

fn all() -> Vec<Explained> {
    let findings = codes::ALL.iter().map(|code| {
        let kind = if code.severity == Severity::Error { "error" } else { "warning" };
        Explained { code: code.name, kind, meaning: code.meaning }
    });
    let reasons = Reason::ALL.into_iter().map(|reason| {
        let kind = match (reason.parks(), reason.also_parks()) {
            (true, _) => "parked",
            (false, true) => "rejected or parked",
            (false, false) => "rejected",
        };
        Explained { code: reason.code(), kind, meaning: reason.meaning() }
    });
    findings.chain(reasons).collect()
}
