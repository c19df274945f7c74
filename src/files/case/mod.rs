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
use super::currencies::PlanCurrencies;
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
        let stated = self.payee(payee_id).and_then(Payee::pay_currency);
        stated.unwrap_or_else(|| self.earned_in(payee_id))
    }

    /// The currency of a payee's plans.
    pub fn earned_in(&self, payee_id: &str) -> &str {
        let plans = PlanCurrencies::of(self.company.plans.iter().map(|plan| &plan.value));
        let known = self.payee(payee_id).and_then(|payee| plans.of_payee(payee));
        known.unwrap_or(&self.company.company.value.currency)
    }

    fn payee(&self, payee_id: &str) -> Option<&Payee> {
        let stated = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Payee(payee) => Some(payee),
            _ => None,
        });
        let all = self.company.payees.iter().map(|payee| &payee.value).chain(stated);
        all.rev().find(|payee| payee.payee_id == payee_id)
    }
}
