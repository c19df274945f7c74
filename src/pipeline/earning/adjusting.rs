//! What manual adjustments do to a payee's span: credit is added to its sums before anything is priced, earnings and
//! lines of pay to what was priced. And which quotas do not count, because the calendar has no such first day.
//!
//! Which of them count is a function of all that the span was told, so that it does not depend on their order. One
//! that fits nothing waits, and goes on by itself.

use super::entry::Waiting;
use super::inputs::{DealKey, Inputs, Statement};
use super::priced::{Priced, Pricing, Source};
use super::pricing::{Terms, no_period};
use crate::domain::adjustment::{AdjustmentMade, BY_HAND, Target};
use crate::domain::calendar::{Calendar, Date, Interval, Span};
use crate::domain::exact::{Exact, scaled};
use crate::domain::fact::CreditKind;
use crate::domain::money::{AMOUNT_DECIMALS, MEASURED_DECIMALS};
use crate::domain::quota::label;
use crate::domain::reject::Reason;
use crate::domain::world::World;
use crate::pipeline::packed::Settled;
use std::borrow::Cow;

/// A span's inputs with the credit that was adjusted, and what is still to be added behind them.
pub struct Adjusted<'i> {
    pub inputs: Cow<'i, Inputs>,
    /// Of earnings and pay.
    by_hand: Vec<&'i AdjustmentMade>,
    waiting: Vec<Waiting>,
    span: Span,
}

/// Applies what a payee's span was told by hand. `known`: the payee has a row.
pub fn adjusted<'i>(inputs: &'i Inputs, known: bool, span: Span, world: &World) -> Adjusted<'i> {
    let mut adjusted = Adjusted { inputs: Cow::Borrowed(inputs), by_hand: Vec::new(), waiting: Vec::new(), span };
    if let Some(calendar) = world.calendar.as_deref() {
        adjusted.set_quotas_aside(calendar);
    }
    for of in &inputs.adjustments {
        if let Err(waiting) = adjusted.apply(of, known, world) {
            adjusted.tell(waiting);
        }
    }
    adjusted
}

impl<'i> Adjusted<'i> {
    /// The year of an adjustment has it, too: its quarter alone says that it waits.
    fn tell(&mut self, waiting: Waiting) {
        if !self.span.is_year() {
            self.waiting.push(waiting);
        }
    }

    fn apply(&mut self, of: &'i AdjustmentMade, known: bool, world: &World) -> Result<(), Waiting> {
        if let Some(why) = of.misfit(&self.inputs.adjustments) {
            return Err(unmatched(of, &why));
        }
        if of.reverses.is_some() || of.is_taken_back(&self.inputs.adjustments) {
            return Ok(());
        }
        if !known {
            return Err(unmatched(of, &format!("payee \"{}\" is not published", of.payee_id)));
        }
        let Some((_, after)) = world.bounds(of.effective_period) else {
            let message = format!("{}no calendar reaches {}", of.label(), of.effective_period);
            return Err(Waiting { reason: Reason::NoSuchInterval, message });
        };
        match &of.target {
            Target::Credit { measure, kind } => self.credit(of, measure, *kind, after, world),
            Target::Earning { .. } | Target::Pay { .. } => {
                self.by_hand.push(of);
                Ok(())
            }
        }
    }

    /// Quotas that apply from a day on which no pay period of their interval begins.
    fn set_quotas_aside(&mut self, calendar: &Calendar) {
        let reached = |of: &Statement| calendar.bounds(of.interval.first_and_last().1).is_some();
        let misfit = |of: &Statement| of.applies_from.filter(|from| !calendar.starts_in(*from, of.interval));
        let told = |(of, from): (&Statement, Date)| match reached(of) {
            true => not_a_first_day(of, from),
            false => no_period(of),
        };
        let all: Vec<(&Statement, Date)> = self.inputs.statements.iter().filter_map(|of| Some((of, misfit(of)?))).collect();
        if all.is_empty() {
            return;
        }
        // A year that prices months has their quotas, too: their quarter alone says that one waits.
        let own = all.into_iter().filter(|(of, _)| Span::of(of.interval) == self.span);
        self.waiting.extend(own.map(told).collect::<Vec<_>>());
        self.inputs.to_mut().statements.retain(|of| misfit(of).is_none());
    }

    /// As a deal of its own that closed on the period's last day.
    fn credit(
        &mut self,
        of: &AdjustmentMade,
        measure_id: &str,
        kind: CreditKind,
        after: Date,
        world: &World,
    ) -> Result<(), Waiting> {
        let Some(defined) = world.measure(measure_id) else {
            let message = format!("{}measure \"{measure_id}\" is not published", of.label());
            return Err(Waiting { reason: Reason::UnknownMeasure, message });
        };
        if !defined.measure.credit_kinds.contains(&kind) {
            return Err(unmatched(of, &format!("measure \"{measure_id}\" does not count this kind of credit")));
        }
        if !defined.measure.counts_credit(kind, None) {
            return Err(unmatched(of, &format!("measure \"{measure_id}\" counts by role, and credit by hand has none")));
        }
        let overflow = || unmatched(of, "the sum is out of range");
        let place = self.span.place(of.effective_period) as u8;
        let value = of.amount.0.checked_mul(10i128.pow(MEASURED_DECIMALS - AMOUNT_DECIMALS)).ok_or_else(overflow)?;
        // No deal's id has such a character.
        let deal_id = format!("adjustment\u{1}{}", of.adjustment_id);
        let deal = DealKey { closed_on: Date(after.0 - 1), sequence: None, deal_id: &deal_id };
        let inputs = self.inputs.to_mut();
        inputs.sum_mut(measure_id, place).add(kind, value).ok_or_else(overflow)?;
        if defined.listed.is_some() {
            inputs.add_deal(measure_id, place, deal, value).ok_or_else(overflow)?;
            // Nothing of it has to be paid by a customer.
            inputs.settle(&deal_id, Settled::default());
        }
        Ok(())
    }

    /// Adds earnings and lines of pay to what was priced, and what waits.
    pub fn book(mut self, pricing: &mut Pricing<'_>, terms: &Terms<'_>) {
        let world = terms.world;
        for of in std::mem::take(&mut self.by_hand) {
            let period = of.effective_period;
            let Some(minor) = of.minor(terms.money.minor_digits) else {
                let why = format!("{} is not in whole minor units of {}", of.amount, terms.money.currency);
                self.tell(unmatched(of, &why));
                continue;
            };
            match &of.target {
                Target::Pay { earning_code } => {
                    let from = world.bounds(period).map_or(Date(0), |(first, _)| first);
                    let source = Source::Hand { from, earning_code: earning_code.as_str().into() };
                    let key = (format!("{BY_HAND}{earning_code}").into(), Interval::Month(period), period);
                    pricing.add(key, Priced { minor, due: None, exact: exact(of), source });
                }
                Target::Earning { component } => match terms.shortest_kind(component, period) {
                    // Where the interval belongs to the other span, that one has it.
                    Some(kind) => {
                        let key = (component.as_str().into(), Interval::of(kind, period), period);
                        pricing.raise(&key, minor, exact(of));
                    }
                    None => self.tell(unmatched(of, &format!("component \"{component}\" is not in force in {period}"))),
                },
                Target::Credit { .. } => {}
            }
        }
        pricing.waiting.extend(self.waiting);
    }
}

fn exact(of: &AdjustmentMade) -> Exact {
    Exact::of(scaled(of.amount.0, AMOUNT_DECIMALS))
}

fn not_a_first_day(of: &Statement, from: Date) -> Waiting {
    let message = format!("{}{from} is not the first day of one of its pay periods", label(&of.measure, of.interval));
    Waiting { reason: Reason::NoSuchInterval, message }
}

fn unmatched(of: &AdjustmentMade, why: &str) -> Waiting {
    Waiting { reason: Reason::UnmatchedAdjustment, message: of.label() + why }
}
