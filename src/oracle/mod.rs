//! The slow, obvious second engine behind `accrue verify`: it reads the whole log and computes every total from scratch.
//!
//! It keeps no incremental state and shares no calculation with the engine that it checks: of this crate it knows the
//! records (through `wire`) and the scaled numbers of `money`; calendar, tables and rounding are its own. Feed a
//! [`History`] in log order, ask it for its [`Totals`], feed what was published to a [`Published`], and compare.
//!
//! Reading order: `history` (what is kept of the inputs), `rules` (which facts count), `world` (what they add up to),
//! `territories`, `currencies`, `credits` (who gets what), `rewards`, `formulas`, `lookups` (what it earns), `earnings` (what of it is
//! read again), `totals` (closes, bookings and runs), `verify`.

mod adjustments;
mod ages;
mod caps;
mod content;
mod conversion;
mod credits;
mod currencies;
mod dated;
mod deals;
mod deficits;
mod earnings;
mod filters;
mod formulas;
mod gates;
mod history;
mod intervals;
mod later;
mod lookups;
mod lower;
mod numbers;
mod own_amounts;
mod own_modifiers;
mod own_rates;
mod pay;
mod plans;
mod pools;
mod quotas;
mod ramps;
mod returns;
mod rewards;
mod rules;
mod runs;
mod segments;
mod tables;
mod territories;
mod to_date;
mod totals;
mod tranches;
mod verify;
mod world;

#[cfg(test)]
mod tests;

pub use history::{History, Taken};
pub use totals::{Attained, AttainmentKey, EarnedKey, Pending, RunTotal, TotalKey, Totals};
pub use verify::{Difference, Link, Published, Report};
