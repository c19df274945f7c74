//! A CRM's report as commands take it: read with its mapping, checked, and what is wrong in it told.

use super::console::Console;
use super::exit::{files_error, io_error};
use crate::files::deal_sheet::{DealSheet, Finding, Mapping};
use crate::wire::json;
use std::io::BufRead;
use std::path::Path;

/// Reads a report and checks its deals as lines of JSON are checked.
pub fn read(mapping: &Path, file: &Path, reader: &mut dyn BufRead) -> anyhow::Result<DealSheet> {
    let shown = mapping.display();
    let text = std::fs::read_to_string(mapping).map_err(|error| io_error(format!("{shown}: {error}; name a mapping file")))?;
    let mapping = Mapping::parse(&text).map_err(|message| files_error(format!("{shown}: {message}")))?;
    let mut sheet = mapping.read(reader).map_err(|message| files_error(format!("{}: {message}", file.display())))?;
    if sheet.findings.is_empty() {
        let checked = |json: &str| json::deal_from_line(json).and_then(|deal| deal.as_deal().check());
        sheet.findings = sheet.deals.iter().filter_map(|deal| Some(deal.finding(checked(&deal.json).err()?))).collect();
    }
    sheet.findings.sort_by(|one, other| (one.row, &one.column).cmp(&(other.row, &other.column)));
    Ok(sheet)
}

/// Says what is wrong in a report.
pub fn tell(console: &Console, findings: &[Finding]) -> anyhow::Result<()> {
    for Finding { row, column, reject } in findings {
        if console.json {
            let (field, reason, message) = (&reject.field, reject.reason.code(), &reject.message);
            console.object(&serde_json::json!({
                "row": row, "column": column, "became": "refused", "field": field, "reason": reason, "message": message,
            }))?;
        } else {
            let column = if column.is_empty() { String::new() } else { format!(":{column}") };
            console.line(&format!("row {row}{column}: refused: {reject}"))?;
        }
    }
    Ok(())
}
