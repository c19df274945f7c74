//! A case: a plan's test. Plans and organisation, events in order of arrival, and what must come out.
//!
//! Reading and comparing only: whoever runs a case offers its events to the engine and fills [`Got`]. Reading order:
//! `read` (the file), `deals`, `settled`, `adjusted` and `events` (what happens), `expect` (what must come out), `compare`, `write`.

mod adjusted;
mod compare;
mod deals;
mod events;
mod expect;
mod read;
mod settled;
mod write;

pub use compare::{Difference, Got, GotAttainment, GotBalance, GotReject, report};
pub use deals::{CaseDeal, CaseLine, CaseSplit};
pub use events::{Event, EventKind};
pub use expect::{Expect, ExpectedAccrual, ExpectedAttainment, ExpectedBalance, ExpectedPayout, ExpectedReject};
pub use read::{case, case_from_texts, case_to_fill};
pub use settled::CaseSettlement;
pub use write::expectations;

use super::CompanyFiles;
use crate::domain::fact::Payee;

/// A case, ready to run: publish `company`, state its quotas, then offer the events one after the other.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    /// The file, as it was named.
    pub file: String,
    pub company: CompanyFiles,
    pub events: Vec<Event>,
    pub expect: Expect,
}

impl Case {
    /// The currency of a payee's pay, as it is at the end.
    pub fn paid_in(&self, payee_id: &str) -> &str {
        let stated = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Payee(payee) => Some(payee),
            _ => None,
        });
        let all = self.company.payees.iter().map(|payee| &payee.value).chain(stated);
        let last = all.rev().find(|payee| payee.payee_id == payee_id);
        last.and_then(Payee::pay_currency).unwrap_or(&self.company.company.value.currency)
    }
}
