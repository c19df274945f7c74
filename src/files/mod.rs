//! The files that people write: a company's directory, read with positions, checked as a whole, turned into facts.
//!
//! Every error is reported at once, with file, line, column and a stable code. Nothing is ignored: an unknown key, a
//! mode that this version does not do, a number that is not exact are refused by name. Leaves out how records are
//! appended and how findings are coloured. Reading order: `source`, `diagnostic`, `codes` (findings); `node`, `fields`,
//! `sheet` (documents); `modes`, `tiers`, `plan`, `definitions`, `calendar`, `people`, `quotas`,
//! `adjustments`, `territories` (one file each); `draft`, `check`, `earnings`,
//! `organisation`, `territory_check`, `currencies`, `pay_currencies` (the whole); `changes` and `plan_words` (what publishing would append); `case` (tests of plans); `deal_fields`, `deal_sheet` (another system's
//! report), `json_schema` (for editors), `payroll_file` (what payroll takes).

mod adjustments;
mod after_release;
mod calendar;
pub mod case;
mod changes;
mod check;
mod clawback;
pub mod codes;
mod component;
mod currencies;
pub mod deal_fields;
mod deal_rules;
pub mod deal_sheet;
mod definitions;
mod diagnostic;
mod draft;
mod earnings;
mod fields;
mod folder;
mod formula;
mod json;
mod json_schema;
mod measures;
mod modes;
mod modifiers;
mod node;
mod organisation;
mod own;
mod own_amounts;
mod pay_conflicts;
mod pay_currencies;
mod pay_terms;
pub mod payroll_file;
mod people;
mod plan;
mod plan_words;
mod quota_changes;
mod quota_use;
mod quotas;
mod ramp;
mod rates;
mod sheet;
mod source;
mod territories;
mod territory_changes;
mod territory_check;
mod tiers;
mod tranches;
mod unit;

pub use case::{Case, case};
pub use changes::{Change, ChangeKind, Current, Record, changes};
pub use diagnostic::{Diagnostic, Severity};
pub use draft::CompanyFiles;
pub use fields::did_you_mean as nearest_name;
pub use folder::{company, company_from_texts};
pub use json_schema::{KINDS as SCHEMA_KINDS, json_schema};
pub use quotas::Quota;
pub use source::{Located, Place};

#[cfg(test)]
mod tests;
