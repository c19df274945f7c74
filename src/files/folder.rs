//! A company's directory: which files it has, and what each is read as.

use super::check::check;
use super::codes;
use super::diagnostic::Diagnostic;
use super::draft::{CompanyFiles, Draft};
use super::node::{Node, from_toml};
use super::source::{Findings, Place};
use super::{adjustments, calendar, definitions, measures, people, plan, quotas, rates};
use std::path::Path;

const REQUIRED: [&str; 4] = ["company.toml", "calendar.toml", "measures.toml", "payees.csv"];
const OPTIONAL: [&str; 8] = [
    "directory.csv",
    "rates.csv",
    "quotas.csv",
    "adjustments.csv",
    "territories.toml",
    "territories.csv",
    "assignments.csv",
    "nodes.csv",
];

/// Reads and checks a company's directory. All findings come at once, sorted; warnings alone are no failure.
pub fn company(directory: &Path) -> Result<CompanyFiles, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let texts = read_directory(directory, &mut findings);
    let prefix = directory.display().to_string();
    assemble(&prefix, &texts, findings)
}

/// The same of texts that are there already, named as in a directory: `company.toml`, `plans/ae.2026-01-01.toml` ...
pub fn company_from_texts(texts: &[(&str, &str)]) -> Result<CompanyFiles, Vec<Diagnostic>> {
    let texts: Vec<(String, String)> = texts.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    assemble("", &texts, Findings::default())
}

/// The texts of the directory's files by name, in the order of names.
fn read_directory(directory: &Path, findings: &mut Findings) -> Vec<(String, String)> {
    let mut names: Vec<String> = REQUIRED.iter().chain(&OPTIONAL).map(|name| name.to_string()).collect();
    if let Ok(entries) = std::fs::read_dir(directory.join("plans")) {
        let files = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut plans: Vec<String> = files.filter(|name| name.ends_with(".toml")).map(|name| format!("plans/{name}")).collect();
        plans.sort();
        names.append(&mut plans);
    }
    let mut texts = Vec::new();
    for name in names {
        let path = directory.join(&name);
        match std::fs::read_to_string(&path) {
            Ok(text) => texts.push((name, text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let shown = path.display().to_string();
                findings.add_file(&shown, codes::UNREADABLE_FILE, error.to_string(), "a file is UTF-8 text");
            }
        }
    }
    texts
}

fn assemble(prefix: &str, texts: &[(String, String)], mut findings: Findings) -> Result<CompanyFiles, Vec<Diagnostic>> {
    let mut draft = Draft::default();
    for (name, text) in texts {
        let file = findings.open(&shown(prefix, name), text);
        read_file(name, file, &mut draft, &mut findings);
    }
    let has = |wanted: &str| texts.iter().any(|(name, _)| name == wanted);
    let unreadable = findings.file_names();
    for name in REQUIRED.iter().filter(|name| !has(name) && !unreadable.contains(&shown(prefix, name))) {
        let message = format!("{name} is missing");
        findings.add_file(&shown(prefix, name), codes::MISSING_FILE, message, "the worked company in config/ shows how it looks");
    }
    check(&draft, &mut findings);
    draft.finish(findings)
}

fn shown(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_string() } else { Path::new(prefix).join(name).display().to_string() }
}

/// Reads a text as the file of that name in a company's directory.
pub fn read_file(name: &str, file: usize, draft: &mut Draft, findings: &mut Findings) {
    match name {
        "payees.csv" => draft.payees = people::payees(file, findings),
        "directory.csv" => draft.people = people::directory(file, findings).unwrap_or_default(),
        "rates.csv" => draft.rates = rates::rates(file, findings).unwrap_or_default(),
        "quotas.csv" => draft.quotas = quotas::quotas(file, findings).unwrap_or_default(),
        "adjustments.csv" => draft.adjustments = adjustments::adjustments(file, findings).unwrap_or_default(),
        "territories.csv" | "assignments.csv" | "nodes.csv" => draft.territories.sheet(name, file, findings),
        _ => match from_toml(file, findings) {
            Some(node) => read_document(name, &node, file, draft, findings),
            None => draft.plan_missing |= name.starts_with("plans/"),
        },
    }
}

fn read_document(name: &str, node: &Node, file: usize, draft: &mut Draft, findings: &mut Findings) {
    match name {
        "company.toml" => draft.company = definitions::company(node, findings),
        "calendar.toml" => draft.calendar = calendar::calendar(node, findings),
        "territories.toml" => draft.territories.settings(node, findings),
        "measures.toml" => draft.measures.get_or_insert_default().extend(measures::measures(node, findings)),
        _ => {
            let Some(plan) = plan::plan(node, findings) else { return };
            draft.plan_missing |= plan.id.is_none();
            if let Some(stem) = name.strip_prefix("plans/").and_then(|name| name.strip_suffix(".toml")) {
                plan::check_file_name(stem, Place { file, start: 0, length: 0 }, &plan, findings);
            }
            draft.plans.push(plan);
        }
    }
}
