//! The run of a close for one payee: its lines, what tranches make due, and the payouts.

use super::credits::Sum;
use super::pay::{Line, Lines, Run};
use super::rewards::{Pricing, Slot};
use super::rules::Close;
use super::totals::Account;
use super::world::World;
use crate::domain::money::Minor;
use crate::wire::records::{Date, Payout, PayoutKind, Period};
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
        let lines = self.lines(pricing, payee, first, sums, period);
        let before = self.purse.carried;
        let run = Run { world, payee, period, minor_digits: pricing.minor_digits };
        let added = run.settle(&lines, &mut self.purse);
        let carried = before - self.purse.carried;
        let net = carried + lines.values().sum::<i64>() + added.iter().map(|(_, _, minor)| minor).sum::<i64>();
        if net == 0 {
            return Vec::new();
        }
        let kind_of = |line: &Line<'_>| match line {
            Line { by_hand: true, .. } => PayoutKind::Manual,
            Line { effective, .. } if *effective == period => PayoutKind::Regular,
            _ => PayoutKind::PriorPeriod,
        };
        let lines = lines.into_iter().map(|(line, amount)| (line.code, kind_of(&line), line.effective, amount));
        let added = added.into_iter().map(|(kind, effective, amount)| (code_of(kind), kind, effective, amount));
        let lines = lines.chain(added).chain([("CARRIED", PayoutKind::Carried, period, carried)]);
        let balance_after = Minor(self.purse.carried - self.purse.owed());
        let payout = |(earning_code, kind, effective_period, amount): (&str, PayoutKind, Period, i64)| Payout {
            run_id: close.closed.close_id.clone(),
            pay_group: close.closed.pay_group.clone(),
            period,
            payee_id: pricing.history.payees.text(payee).to_string(),
            // By the world of the release.
            employee_ref: None,
            earning_code: earning_code.into(),
            kind,
            effective_period,
            amount: Minor(amount),
            currency: world.company.map(|company| company.currency.clone()).unwrap_or_default(),
            balance_after,
        };
        lines.filter(|(_, _, _, amount)| *amount != 0).map(payout).collect()
    }

    /// What was booked from `first` on; of what is paid in tranches what is due by the run and was not paid.
    fn lines(&mut self, pricing: &Pricing<'_, 'h>, payee: u32, first: usize, sums: &[Sum], run: Period) -> Lines<'h> {
        let due = pricing.due(payee, sums, run);
        self.in_tranches.extend(due.keys().filter(|slot| slot.effective <= run));
        let mut lines = Lines::new();
        let mut pay = |slot: Slot, code: &'h str, minor: i64, paid: &mut BTreeMap<Slot, i64>| {
            let by_hand = pricing.history.texts.text(slot.component).starts_with("manual:");
            *lines.entry(Line { code, effective: slot.effective, by_hand }).or_default() += minor;
            *paid.entry(slot).or_default() += minor;
        };
        for booking in self.bookings[first..].iter().filter(|booking| !self.in_tranches.contains(&booking.slot)) {
            pay(booking.slot, booking.earning_code, booking.minor, &mut self.paid);
        }
        for slot in &self.in_tranches {
            let of_slot = || self.bookings.iter().filter(|booking| booking.slot == *slot);
            let due = due.get(slot).copied().unwrap_or_else(|| of_slot().map(|booking| booking.minor).sum());
            let minor = due - self.paid.get(slot).copied().unwrap_or_default();
            let last = of_slot().next_back().map(|booking| booking.earning_code).unwrap_or_default();
            pay(*slot, pricing.earning_code(slot).unwrap_or(last), minor, &mut self.paid);
        }
        lines
    }

    /// Booked and not due.
    pub(super) fn held(&self) -> i64 {
        let waits = self.bookings.iter().filter(|booking| self.in_tranches.contains(&booking.slot));
        let booked: i64 = waits.map(|booking| booking.minor).sum();
        booked - self.in_tranches.iter().filter_map(|slot| self.paid.get(slot)).sum::<i64>()
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

fn code_of(kind: PayoutKind) -> &'static str {
    match kind {
        PayoutKind::Draw => "DRAW",
        PayoutKind::Guarantee => "GUARANTEE",
        _ => "RECOVERY",
    }
}

/// What payroll calls a payee: by the row of the period's last day.
pub(super) fn employee_ref(world: &World<'_>, payee: u32, period: Period) -> Option<String> {
    let (_, after) = world.bounds(period)?;
    world.known(payee)?.row_on(Date(after.0 - 1))?.employee_ref.clone()
}
