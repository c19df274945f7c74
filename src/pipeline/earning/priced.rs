//! What pricing an entry results in: what each component and manual line earned for each period, and what waits.

use super::entry::Waiting;
use crate::domain::calendar::{Date, Interval, Period};
use crate::domain::exact::Exact;
use crate::domain::money::Minor;
use crate::domain::world::PlanVersion;
use compact_str::CompactString;
use std::sync::Arc;

/// (component, interval, effective period).
pub type BookKey = (CompactString, Interval, Period);

/// Where an earning comes from.
#[derive(Clone, Debug)]
pub enum Source<'w> {
    /// A plan version, and the component's code in it.
    Plan { version: &'w PlanVersion, earning_code: &'w Arc<str> },
    /// A manual line; `from` is the first day of its period.
    Hand { from: Date, earning_code: CompactString },
}

/// What a component earned for a period, and what says so.
#[derive(Clone, Debug)]
pub struct Priced<'w> {
    pub minor: Minor,
    /// What of it is due in the run that was asked for, where the interval is paid in tranches.
    pub due: Option<Minor>,
    pub exact: Exact,
    pub source: Source<'w>,
}

impl Source<'_> {
    pub fn earning_code(&self) -> CompactString {
        match self {
            Source::Plan { earning_code, .. } => earning_code.as_ref().into(),
            Source::Hand { earning_code, .. } => earning_code.clone(),
        }
    }
}

#[derive(Debug, Default)]
pub struct Pricing<'w> {
    /// One for each key; few enough to look through.
    pub earned: Vec<(BookKey, Priced<'w>)>,
    pub waiting: Vec<Waiting>,
}

impl<'w> Pricing<'w> {
    pub fn get(&self, key: &BookKey) -> Option<&Priced<'w>> {
        self.earned.iter().find(|(of, _)| of == key).map(|(_, priced)| priced)
    }

    /// Adds an amount that is due at once to what is there.
    pub fn raise(&mut self, key: &BookKey, minor: Minor, exact: Exact) {
        let Some((_, priced)) = self.earned.iter_mut().find(|(of, _)| of == key) else { return };
        let raised = |sum: Minor| Minor(sum.0.saturating_add(minor.0));
        (priced.minor, priced.due) = (raised(priced.minor), priced.due.map(raised));
        priced.exact = &priced.exact + &exact;
    }

    /// Two plans of a payee may hold a component of the same id: they add up.
    pub fn add(&mut self, key: BookKey, new: Priced<'w>) {
        match self.earned.iter_mut().find(|(of, _)| *of == key) {
            Some((_, sum)) => {
                if sum.due.is_some() || new.due.is_some() {
                    let [one, other] = [sum.due.unwrap_or(sum.minor), new.due.unwrap_or(new.minor)];
                    sum.due = Some(Minor(one.0.saturating_add(other.0)));
                }
                sum.minor = Minor(sum.minor.0.saturating_add(new.minor.0));
                sum.exact = &sum.exact + &new.exact;
            }
            None => self.earned.push((key, new)),
        }
    }
}
