//! Where the pay periods stand: closes, reopenings and releases of the topic `facts`, as far as they are in order.
//!
//! What the engine refuses with a reject, like a close out of order or without a rate of pay, has no effect here either.

use super::ReadError;
use super::scan;
use crate::domain::calendar::{Calendar, Period};
use crate::domain::fact::{Company, FactBody, PeriodClosed};
use crate::domain::topic::Topic;
use crate::domain::world::World;
use crate::log::Client;
use crate::wire::Codec;
use std::collections::{BTreeMap, BTreeSet};

/// How far a close has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseState {
    Closed,
    Reopened,
    Released,
}

/// A close in the order of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    pub closed: PeriodClosed,
    pub author: String,
    pub state: CloseState,
}

/// What the facts say about the company and its periods.
#[derive(Debug, Default)]
pub struct Periods {
    pub company: Option<Company>,
    pub calendars: BTreeMap<String, Calendar>,
    pub payees: BTreeSet<String>,
    pub closes: Vec<Close>,
    /// What the facts add up to.
    pub world: Option<World>,
}

impl Periods {
    pub fn read(client: &dyn Client, codec: &Codec) -> Result<Periods, ReadError> {
        let mut periods = Periods::default();
        let mut world = World::new(client.partitions(Topic::DealClosed)?);
        scan::all(client, Topic::Facts, |batch, row| {
            let fact = batch.value(row).map(|value| codec.read_fact(value)).transpose()?.flatten();
            if let Some(fact) = fact.filter(|fact| world.apply(row.position.offset, fact).is_ok()) {
                periods.apply(fact.body, fact.author);
            }
            Ok(())
        })?;
        periods.world = Some(world);
        Ok(periods)
    }

    fn apply(&mut self, body: FactBody, author: String) {
        match body {
            FactBody::CompanyDefined(company) => self.company = Some(company),
            FactBody::CalendarDefined(calendar) => {
                self.calendars.insert(calendar.calendar_id.clone(), calendar);
            }
            FactBody::PayeeDefined(payee) => {
                self.payees.insert(payee.payee_id);
            }
            FactBody::PeriodClosed(closed) => self.close(closed, author),
            FactBody::PeriodReopened(reopened) => {
                let last = self.closes.iter_mut().rfind(|close| close.state != CloseState::Reopened);
                if let Some(close) = last.filter(|close| close.closed.close_id == reopened.close_id)
                    && close.state == CloseState::Closed
                {
                    close.state = CloseState::Reopened;
                }
            }
            FactBody::PeriodReleased(released) => self.release(&released.close_id, &author),
            FactBody::MeasureDefined(_)
            | FactBody::PlanDefined(_)
            | FactBody::TerritoriesDefined(_)
            | FactBody::RatesDefined(_) => {}
        }
    }

    fn close(&mut self, closed: PeriodClosed, author: String) {
        let in_order = self.last_closed().is_none_or(|last| closed.period == last.closed.period.next());
        if in_order && self.closes.iter().all(|close| close.closed.close_id != closed.close_id) {
            self.closes.push(Close { closed, author, state: CloseState::Closed });
        }
    }

    fn release(&mut self, close_id: &str, author: &str) {
        let anyone = self.company.as_ref().is_some_and(|company| company.closer_may_release);
        let first = self.closes.iter_mut().find(|close| close.state == CloseState::Closed);
        if let Some(close) = first.filter(|close| close.closed.close_id == close_id && (anyone || close.author != author)) {
            close.state = CloseState::Released;
        }
    }

    /// The newest close that stands, released or not.
    pub fn last_closed(&self) -> Option<&Close> {
        self.closes.iter().rfind(|close| close.state != CloseState::Reopened)
    }

    /// The close of a period that stands.
    pub fn close_of(&self, period: Period) -> Option<&Close> {
        self.closes.iter().rfind(|close| close.closed.period == period && close.state != CloseState::Reopened)
    }

    /// The close that the next release must be of.
    pub fn first_unreleased(&self) -> Option<&Close> {
        self.closes.iter().find(|close| close.state == CloseState::Closed)
    }

    /// The run that was released last.
    pub fn last_released(&self) -> Option<&str> {
        let released = self.closes.iter().rfind(|close| close.state == CloseState::Released);
        released.map(|close| close.closed.close_id.as_str())
    }

    /// The id of the next close of a period: a pure function of what was closed before.
    pub fn next_close_id(&self, calendar: &str, period: Period) -> String {
        let earlier = self.closes.iter().filter(|close| close.closed.period == period).count();
        format!("{calendar}-{period}-{}", earlier + 1)
    }
}
