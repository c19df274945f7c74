//! What records and events of CRMs become: the line of JSON, or what is said. The cases are in one file for each CRM.

mod hubspot;
mod mapping;
mod salesforce;

use super::mapping::Mapping;
use super::{Crm, Sender, read};

/// The deals as lines of JSON; where something is found, that alone, and what to ask for.
fn told(crm: Crm, mapping: &str, text: &str) -> String {
    told_by(Sender::Admitted, crm, mapping, text)
}

fn told_by(sender: Sender, crm: Crm, mapping: &str, text: &str) -> String {
    let mapping = Mapping::parse(mapping).unwrap();
    let sheet = match read(crm, &mapping, sender, text) {
        Ok(sheet) => sheet,
        Err(message) => return message,
    };
    let deals = sheet.deals.iter().filter(|_| sheet.findings.is_empty()).map(|deal| deal.json.clone());
    let found = sheet.findings.iter().map(|found| format!("{}:{}: {}", found.row, found.column, found.reject));
    let ask = Some(sheet.ask.clone()).filter(|ask| !ask.is_empty());
    deals.chain(found).chain(ask).collect::<Vec<_>>().join("\n")
}

/// `text` with the one place of `old` replaced.
fn with(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "{old} in {text}");
    text.replacen(old, new, 1)
}
