//! The run of a close for one payee: its lines, what tranches make due, and the payouts.

use super::conversion::{Conversion, Entry};
use super::credits::Sum;
use super::pay::{Line, Lines, Parts, Run};
use super::rewards::{Pricing, Slot};
use super::rules::Close;
use super::totals::{Account, Booking};
use super::world::World;
use crate::domain::money::Minor;
use crate::wire::records::{ConvertedFrom, Date, Payout, PayoutKind, Period};
use std::collections::BTreeMap;

impl<'h> Account<'h> {
    /// Settles what was booked from `first` on, or is due now; pays what is not brought forward.
    pub(super) fn run(
        &mut self,
        close: &Close<'h>,
        pricing: &Pricing<'_, 'h>,
        payee: u32,
        first: usize,
        sums: &[Sum],
    ) -> Vec<Payout> {
        let (period, world) = (close.closed.period, pricing.world);
        let parts = self.parts(pricing, payee, first, sums, period);
        let mut lines = Lines::new();
        parts.iter().for_each(|((_, _, line), minor)| *lines.entry(*line).or_default() += minor);
        let before = self.purse.carried;
        let run = Run { world, payee, period };
        let added = run.settle(&lines, &mut self.purse);
        let carried = before - self.purse.carried;
        let currency = world.earned_in(payee).unwrap_or_default();
        let record = Record { close, payee_id: pricing.history.payees.text(payee), currency };
        if let Some(conversion) = Conversion::of(world, payee, period) {
            let mut entries = conversion.lines(&parts, period, &mut self.heaps);
            entries.extend(conversion.added(&added));
            return self.converted(&conversion, &record, entries, carried, run.receivable());
        }
        let net = carried + lines.values().sum::<i64>() + added.iter().map(|(_, _, minor)| minor).sum::<i64>();
        if net == 0 {
            return Vec::new();
        }
        let lines = lines.into_iter().map(|(line, amount)| (line.code, line.kind(period), line.effective, amount));
        let added = added.into_iter().map(|(kind, effective, amount)| (code_of(kind), kind, effective, amount));
        let lines = lines.chain(added).chain([("CARRIED", PayoutKind::Carried, period, carried)]);
        let balance_after = Minor(self.purse.carried - self.purse.owed());
        let payout = |(code, kind, effective, amount)| Payout {
            amount: Minor(amount),
            ..record.payout(code, kind, effective, balance_after)
        };
        lines.filter(|(_, _, _, amount)| *amount != 0).map(payout).collect()
    }

    /// The records of a run in another currency; without any, all of it is brought forward in both.
    fn converted(
        &mut self,
        conversion: &Conversion<'_>,
        record: &Record<'_, 'h>,
        mut entries: Vec<Entry<'_>>,
        carried: i64,
        receivable: bool,
    ) -> Vec<Payout> {
        let (kept, period) = (conversion.at_rate(self.purse.carried), record.close.closed.period);
        let other = self.heaps.carried - kept;
        let (code, kind) = ("CARRIED", PayoutKind::Carried);
        entries.push(Entry { code, kind, effective: period, own: carried, other, at_rate: false });
        let own: i64 = entries.iter().map(|entry| entry.own).sum();
        let net: i128 = entries.iter().map(|entry| entry.other).sum();
        let settled = own != 0 || self.purse.carried == 0;
        let wanted = if receivable { net != 0 } else { net > 0 };
        if !(settled && wanted && entries.iter().all(|entry| conversion.holds(entry.other))) {
            self.purse.carried += own;
            self.heaps.carried = kept + net;
            return Vec::new();
        }
        self.heaps.carried = kept;
        let balance_after = Minor(self.purse.carried - self.purse.owed());
        let payout = |entry: Entry<'_>| {
            let plain = record.payout(entry.code, entry.kind, entry.effective, balance_after);
            let rate = entry.at_rate.then_some((conversion.row.rate, conversion.row.from));
            let from = ConvertedFrom { plan_amount: Minor(entry.own), plan_currency: plain.currency, rate };
            Payout { amount: Minor(entry.other as i64), currency: conversion.currency.into(), converted: Some(from), ..plain }
        };
        entries.into_iter().filter(|entry| entry.other != 0).map(payout).collect()
    }

    /// What was booked from `first` on; of what is paid in tranches what is due by the run and was not paid.
    fn parts(&mut self, pricing: &Pricing<'_, 'h>, payee: u32, first: usize, sums: &[Sum], run: Period) -> Parts<'h> {
        let due = pricing.due(payee, sums, run);
        self.in_tranches.extend(due.keys().filter(|slot| slot.effective <= run));
        let mut parts = Parts::new();
        let mut pay = |slot: Slot, code: &'h str, minor: i64, paid: &mut BTreeMap<Slot, i64>| {
            let by_hand = pricing.history.texts.text(slot.component).starts_with("manual:");
            let line = Line { code, effective: slot.effective, by_hand };
            *parts.entry((slot.component, slot.interval, line)).or_default() += minor;
            *paid.entry(slot).or_default() += minor;
        };
        // Points are nobody's pay.
        let paid = |of: &Slot| !pricing.world.points.contains(&**pricing.history.texts.text(of.component));
        let at_once = |booking: &&Booking<'_>| !self.in_tranches.contains(&booking.slot) && paid(&booking.slot);
        for booking in self.bookings[first..].iter().filter(at_once) {
            pay(booking.slot, booking.earning_code, booking.minor, &mut self.paid);
        }
        for slot in &self.in_tranches {
            let of_slot = || self.bookings.iter().filter(|booking| booking.slot == *slot);
            let due = due.get(slot).copied().unwrap_or_else(|| of_slot().map(|booking| booking.minor).sum());
            let minor = due - self.paid.get(slot).copied().unwrap_or_default();
            let last = of_slot().next_back().map(|booking| booking.earning_code).unwrap_or_default();
            pay(*slot, pricing.earning_code(slot).unwrap_or(last), minor, &mut self.paid);
        }
        parts
    }

    /// Booked and not due.
    pub(super) fn held(&self) -> i64 {
        let waits = self.bookings.iter().filter(|booking| self.in_tranches.contains(&booking.slot));
        let booked: i64 = waits.map(|booking| booking.minor).sum();
        booked - self.in_tranches.iter().filter_map(|slot| self.paid.get(slot)).sum::<i64>()
    }
}

/// Whose run it is.
struct Record<'r, 'h> {
    close: &'r Close<'h>,
    payee_id: &'r str,
    /// Of the payee's plans.
    currency: &'r str,
}

impl Record<'_, '_> {
    /// A payout of nothing, in the currency of the payee's plans.
    fn payout(&self, code: &str, kind: PayoutKind, effective_period: Period, balance_after: Minor) -> Payout {
        Payout {
            run_id: self.close.closed.close_id.clone(),
            pay_group: self.close.closed.pay_group.clone(),
            period: self.close.closed.period,
            payee_id: self.payee_id.into(),
            // By the world of the release.
            employee_ref: None,
            earning_code: code.into(),
            kind,
            effective_period,
            amount: Minor(0),
            currency: self.currency.into(),
            balance_after,
            converted: None,
        }
    }
}

/// `payout_id` is a pure function of run, payee, earning code, kind, currency and effective period.
pub(super) fn payout_id(payout: &Payout) -> String {
    let kind = match payout.kind {
        PayoutKind::Regular => "regular",
        PayoutKind::PriorPeriod => "prior-period",
        PayoutKind::Carried => "carried",
        PayoutKind::Draw => "draw",
        PayoutKind::Guarantee => "guarantee",
        PayoutKind::Recovery => "recovery",
        PayoutKind::Manual => "manual",
    };
    let Payout { run_id, payee_id, earning_code, currency, effective_period, .. } = payout;
    format!("{run_id}/{payee_id}/{earning_code}/{kind}/{currency}/{effective_period}")
}

pub(super) fn code_of(kind: PayoutKind) -> &'static str {
    match kind {
        PayoutKind::Draw => "DRAW",
        PayoutKind::Guarantee => "GUARANTEE",
        // Above a cap, and lost.
        PayoutKind::Carried => "CAPPED",
        _ => "RECOVERY",
    }
}

/// What payroll calls a payee: by the row of the period's last day.
pub(super) fn employee_ref(world: &World<'_>, payee: u32, period: Period) -> Option<String> {
    let (_, after) = world.bounds(period)?;
    world.known(payee)?.row_on(Date(after.0 - 1))?.employee_ref.clone()
}
