//! Producers from outside: deals as CRMs send them, brought onto full revisions.
//!
//! A CRM's *full record* becomes a revision by a mapping file (`mapping`); the revision is the time of the last change to
//! it or to a record under it, so that the same record sent again is a duplicate and an older one has no effect. A *deletion* says all
//! that there is to say and becomes a cancelled revision. Every other *change event* says a part: merged onto what is known
//! it would depend on the order of arrival, so it is refused, with the records to ask the CRM for. `salesforce` and
//! `hubspot` know the shapes, `signature` who sent a webhook. Leaves out what a field may hold (`wire::json`), how deals are
//! appended, and asking a CRM for anything: accrue has no token to one.

pub mod hubspot;
pub mod mapping;
mod record;
mod salesforce;
pub mod signature;
mod twice;

use crate::domain::reject::{Reason, Reject};
use crate::files::deal_fields::{Cells, DealSheet, Finding, SheetDeal};
use crate::wire::json;
use jiff::Timestamp;
use mapping::Mapping;
use record::Record;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// Most records of a file or a request, so that a request stays one bounded piece of work.
const MAXIMUM_RECORDS: usize = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Crm {
    Salesforce,
    Hubspot,
}

/// Who sends a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Who may append anyway.
    Admitted,
    /// The CRM, by its signature alone: it signs for everybody who has installed the app.
    Signed,
}

/// What a CRM says about one deal.
enum Said<'j> {
    Full(Record<'j>),
    Deleted {
        id: String,
        at: Timestamp,
    },
    /// It has to be sent in full: why.
    Part {
        id: String,
        why: String,
    },
    Wrong(Reject),
}

impl Said<'_> {
    fn wrong(field: &str, message: impl Into<String>) -> Self {
        Said::Wrong(Reject::field(field, message.into()))
    }
}

/// Deals of a text: documents one after the other, each a record, a list or a page of records, or of events. `Err`: it is not that.
pub fn read(crm: Crm, mapping: &Mapping, sender: Sender, text: &str) -> Result<DealSheet, String> {
    let mut sheet = DealSheet { word: "record", ..DealSheet::default() };
    let id_field = match crm {
        Crm::Salesforce => salesforce::ID,
        Crm::Hubspot => hubspot::ID,
    };
    let portal_id = mapping.webhook.as_ref().and_then(|webhook| webhook.portal_id);
    let mut lacking = BTreeSet::new();
    for item in items(crm, text)? {
        sheet.rows += 1;
        let row = sheet.rows;
        let said = match (twice::said_twice(item), crm) {
            (Some(twice), _) => vec![Said::Wrong(twice)],
            (None, Crm::Salesforce) => salesforce::said(item),
            (None, Crm::Hubspot) => hubspot::said(item, portal_id, sender),
        };
        for said in said {
            match said {
                Said::Full(record) => match mapping.deal(row, &record) {
                    Ok(deal) => sheet.deals.push(deal),
                    Err(no_deal) if record.is_event && no_deal.lacks => {
                        let field = no_deal.findings.first().map(|finding| finding.column.clone()).unwrap_or_default();
                        part(&mut sheet, &mut lacking, record.id, &format!("the event has no {field}, which the mapping names"));
                    }
                    Err(no_deal) => sheet.findings.extend(no_deal.findings),
                },
                Said::Deleted { id, at } => match mapping.deletion(&id, id_field, at) {
                    Ok(json) => sheet.deals.push(SheetDeal { row, json, cells: Cells::new() }),
                    Err(reject) => sheet.findings.push(Finding { row, column: String::new(), reject }),
                },
                Said::Part { id, why } => part(&mut sheet, &mut lacking, id, &why),
                Said::Wrong(reject) => sheet.findings.push(Finding { row, column: String::new(), reject }),
            }
        }
    }
    check(&mut sheet);
    if !lacking.is_empty() {
        sheet.ask = match crm {
            Crm::Salesforce => salesforce::ask(mapping, &lacking),
            Crm::Hubspot => hubspot::ask(mapping, &lacking),
        };
    }
    Ok(sheet)
}

fn part(sheet: &mut DealSheet, lacking: &mut BTreeSet<String>, id: String, why: &str) {
    let message = format!("{why}: send deal {id} in full");
    let reject = Reject::new(Reason::NotSupported, "", message);
    sheet.findings.push(Finding { row: sheet.rows, column: String::new(), reject });
    lacking.insert(id);
}

/// As lines of JSON are checked.
fn check(sheet: &mut DealSheet) {
    let checked = |json: &str| json::deal_from_line(json).and_then(|deal| deal.as_deal().check());
    let found = sheet.deals.iter().filter_map(|deal| Some(deal.finding(checked(&deal.json).err()?)));
    let found: Vec<Finding> = found.collect();
    sheet.findings.extend(found);
    sheet.findings.sort_by(|one, other| (one.row, &one.column).cmp(&(other.row, &other.column)));
}

/// The records or events of a text, out of lists and of the pages in which a CRM answers. A page that is not all of an answer
/// would be taken for it.
fn items(crm: Crm, text: &str) -> Result<Vec<&RawValue>, String> {
    let page = match crm {
        Crm::Salesforce => "records",
        Crm::Hubspot => "results",
    };
    let mut items = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let document = document.map_err(|error| format!("not JSON: {error}"))?;
        match list_of(document, page) {
            Some(list) => {
                whole(document)?;
                items.extend(list);
            }
            None => items.push(document),
        }
    }
    match items.len() {
        0 => Err("no record: send one as a JSON object, or several in a list".into()),
        1..=MAXIMUM_RECORDS => Ok(items),
        _ => Err(format!("{} records, more than {MAXIMUM_RECORDS}: send them in parts", items.len())),
    }
}

/// Refuses a page that is a part of the answer.
fn whole(document: &RawValue) -> Result<(), String> {
    // A list has no fields.
    let Some(page) = fields_of(document) else { return Ok(()) };
    if let Some(name) = twice::twice_in(document) {
        return Err(format!("the page has {name} twice"));
    }
    let is_none = |raw: &&RawValue| matches!(raw.get(), "null" | "0") || list_of(raw, "").is_some_and(|list| list.is_empty());
    if let Some(name) = ["errors", "numErrors"].into_iter().find(|name| page.get(*name).is_some_and(|raw| !is_none(raw))) {
        return Err(format!("the answer has {name}: see which records the CRM left out, correct it, and ask again"));
    }
    if goes_on(&page) {
        return Err("the page goes on elsewhere: ask for all pages, and send the records of all of them as one list".into());
    }
    Ok(())
}

/// Whether there are more than those of a page.
fn goes_on(page: &BTreeMap<String, &RawValue>) -> bool {
    let says = |name: &str| page.get(name).is_some_and(|raw| raw.get() != "null");
    page.get("done").is_some_and(|done| done.get() == "false") || says("nextRecordsUrl") || says("paging")
}

/// What is in a list, or in a page that has one.
fn list_of<'j>(raw: &'j RawValue, page: &str) -> Option<Vec<&'j RawValue>> {
    if raw.get().starts_with('[') {
        return serde_json::from_str(raw.get()).ok();
    }
    let fields = fields_of(raw)?;
    let list = fields.get(page).filter(|list| list.get().starts_with('['))?;
    serde_json::from_str(list.get()).ok()
}

/// The fields of an object.
fn fields_of(raw: &RawValue) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

/// A value as text, if it is a text.
fn text_of(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

#[cfg(test)]
mod tests;
