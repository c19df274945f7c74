//! Booked totals and payouts as sorted rows: the same for the same events, however they were partitioned and batched.
//!
//! Leaves out whatever depends on the way there: offsets, sequences, causes, and totals that returned to zero.

use super::ReadError;
use super::scan;
use crate::domain::calendar::{Interval, Period};
use crate::domain::money::{Minor, minor_digits};
use crate::domain::output::{Accrual, Payout, PayoutKind};
use crate::domain::topic::Topic;
use crate::log::Client;
use crate::wire::Codec;
use compact_str::CompactString;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a booked total is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BookedKey {
    pub payee_id: Arc<str>,
    pub plan_id: CompactString,
    pub component: CompactString,
    pub interval: Interval,
    pub effective_period: Period,
    pub booking_period: Period,
}

/// A total as its newest accrual left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booked {
    pub earning_code: CompactString,
    pub currency: Arc<str>,
    pub sequence: i64,
    pub total: Minor,
}

/// Booked totals by key.
#[derive(Debug, Default)]
pub struct Totals(pub BTreeMap<BookedKey, Booked>);

impl Totals {
    /// Takes an accrual in; a later sequence replaces an earlier one.
    pub fn add(&mut self, accrual: Accrual) {
        let key = BookedKey {
            payee_id: accrual.payee_id,
            plan_id: accrual.plan_id,
            component: accrual.component,
            interval: accrual.interval,
            effective_period: accrual.effective_period,
            booking_period: accrual.booking_period,
        };
        let booked = Booked {
            earning_code: accrual.earning_code,
            currency: accrual.currency,
            sequence: accrual.sequence,
            total: accrual.new_total,
        };
        let slot = self.0.entry(key).or_insert_with(|| booked.clone());
        if slot.sequence < booked.sequence {
            *slot = booked;
        }
    }

    fn rows(&self) -> impl Iterator<Item = ExportRow> {
        self.0.iter().filter(|(_, booked)| booked.total != Minor(0)).map(|(key, booked)| {
            [
                "total".into(),
                key.payee_id.to_string(),
                format!("{}/{}", key.plan_id, key.component),
                key.interval.to_string(),
                key.effective_period.to_string(),
                key.booking_period.to_string(),
                money(booked.total, &booked.currency),
                booked.currency.to_string(),
            ]
        })
    }
}

/// One row of the export, under [`EXPORT_HEADER`].
pub type ExportRow = [String; 8];

/// A payout's row names its run and earning code where a total's names plan, component and interval.
pub const EXPORT_HEADER: [&str; 8] =
    ["record", "payee", "of", "interval_or_run", "effective_period", "booking_period", "amount", "currency"];

/// Money with its currency's decimals.
pub fn money(amount: Minor, currency: &str) -> String {
    amount.text(minor_digits(currency).unwrap_or(2))
}

/// The rows of `accrue export totals`, in order.
pub fn export(client: &dyn Client, codec: &Codec) -> Result<Vec<ExportRow>, ReadError> {
    let mut totals = Totals::default();
    scan::all(client, Topic::Accrual, |batch, row| {
        if let Some(value) = batch.value(row) {
            totals.add(codec.read_accrual(value)?);
        }
        Ok(())
    })?;
    let mut payouts = Vec::new();
    scan::all(client, Topic::Payout, |batch, row| {
        if let Some(value) = batch.value(row) {
            payouts.push(payout_row(&codec.read_payout(value)?));
        }
        Ok(())
    })?;
    payouts.sort_unstable();
    Ok(totals.rows().chain(payouts).collect())
}

fn payout_row(payout: &Payout) -> ExportRow {
    [
        "payout".into(),
        payout.payee_id.clone(),
        format!("{}/{}", payout.earning_code, kind_text(payout.kind)),
        payout.run_id.clone(),
        payout.effective_period.to_string(),
        payout.period.to_string(),
        money(payout.amount, &payout.currency),
        payout.currency.clone(),
    ]
}

/// What payouts are in each of their currencies, in order of them.
pub fn by_currency<'p>(payouts: impl IntoIterator<Item = &'p Payout>) -> BTreeMap<&'p str, (usize, Minor)> {
    let mut totals: BTreeMap<&str, (usize, Minor)> = BTreeMap::new();
    for payout in payouts {
        let (count, total) = totals.entry(&payout.currency).or_default();
        (*count, total.0) = (*count + 1, total.0.saturating_add(payout.amount.0));
    }
    totals
}

/// The kind as records have it.
pub fn kind_text(kind: PayoutKind) -> &'static str {
    match kind {
        PayoutKind::Regular => "REGULAR",
        PayoutKind::PriorPeriod => "PRIOR_PERIOD",
        PayoutKind::Carried => "CARRIED",
        PayoutKind::Draw => "DRAW",
        PayoutKind::Guarantee => "GUARANTEE",
        PayoutKind::Recovery => "RECOVERY",
        PayoutKind::Manual => "MANUAL",
    }
}
