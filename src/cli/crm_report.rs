//! A CRM's report or records as commands take them: read with a mapping, checked, and what is wrong in them told.

use super::console::Console;
use super::exit::{files_error, io_error};
use crate::crm::{self, Crm, Sender};
use crate::files::deal_fields::{DealSheet, Finding};
use crate::files::deal_sheet::Mapping;
use crate::wire::json;
use std::io::BufRead;
use std::path::Path;

/// Reads records of a CRM, or else a report, and checks the deals as lines of JSON are checked.
pub fn read(from: Option<Crm>, mapping: &Path, file: &Path, reader: &mut dyn BufRead) -> anyhow::Result<DealSheet> {
    match from {
        Some(crm) => records(crm, mapping, file, reader),
        None => report(mapping, file, reader),
    }
}

/// The mapping of a CRM's records.
pub fn crm_mapping(path: &Path) -> anyhow::Result<crm::mapping::Mapping> {
    crm::mapping::Mapping::parse(&text(path)?).map_err(|message| files_error(format!("{}: {message}", path.display())))
}

fn text(mapping: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(mapping).map_err(|error| io_error(format!("{}: {error}; name a mapping file", mapping.display())))
}

fn records(crm: Crm, mapping: &Path, file: &Path, reader: &mut dyn BufRead) -> anyhow::Result<DealSheet> {
    let mapping = crm_mapping(mapping)?;
    let failed = |message: String| files_error(format!("{}: {message}", file.display()));
    let mut text = String::new();
    reader.read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
    crm::read(crm, &mapping, Sender::Admitted, &text).map_err(failed)
}

fn report(mapping: &Path, file: &Path, reader: &mut dyn BufRead) -> anyhow::Result<DealSheet> {
    let (shown, text) = (mapping.display(), text(mapping)?);
    let mapping = Mapping::parse(&text).map_err(|message| files_error(format!("{shown}: {message}")))?;
    let mut sheet = mapping.read(reader).map_err(|message| files_error(format!("{}: {message}", file.display())))?;
    if sheet.findings.is_empty() {
        let checked = |json: &str| json::deal_from_line(json).and_then(|deal| deal.as_deal().check());
        sheet.findings = sheet.deals.iter().filter_map(|deal| Some(deal.finding(checked(&deal.json).err()?))).collect();
    }
    sheet.findings.sort_by(|one, other| (one.row, &one.column).cmp(&(other.row, &other.column)));
    Ok(sheet)
}

/// Says what is wrong in it, and what to ask the CRM for.
pub fn tell(console: &Console, sheet: &DealSheet) -> anyhow::Result<()> {
    for Finding { row, column, reject } in &sheet.findings {
        if console.json {
            let (field, reason, message) = (&reject.field, reject.reason.code(), &reject.message);
            console.object(&serde_json::json!({
                "row": row, "column": column, "became": "refused", "field": field, "reason": reason, "message": message,
            }))?;
        } else {
            let column = if column.is_empty() { String::new() } else { format!(":{column}") };
            console.line(&format!("{} {row}{column}: refused: {reject}", sheet.word))?;
        }
    }
    match (sheet.ask.is_empty(), console.json) {
        (true, _) => Ok(()),
        (false, true) => console.object(&serde_json::json!({ "ask": sheet.ask })),
        (false, false) => Ok(console.line(&format!("to have them in full, ask the CRM: {}", sheet.ask))?),
    }
}
