//! `accrue release`: makes a closed period's payouts public, by another person than the one who closed it.

use super::append;
use super::close::wait_for;
use super::console::Console;
use super::exit::{Exit, found_error};
use super::session::{Author, LogOptions, Session};
use crate::domain::calendar::Period;
use crate::domain::fact::{FactBody, PeriodReleased};
use crate::domain::money::{Minor, minor_digits};
use crate::domain::output::{CloseNote, CurrencyTotal};
use crate::domain::pay::digest_text;
use crate::domain::topic::Topic;
use crate::read::facts::{Close, CloseState, Periods};
use crate::read::{scan, totals};
use crate::wire::read_close_note;
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Debug, Args)]
pub struct Release {
    /// The closed pay period, like 2026-01
    period: Period,
    #[command(flatten)]
    log: LogOptions,
    #[command(flatten)]
    author: Author,
}

/// A run as the earning partitions have computed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunSum {
    /// In all currencies.
    pub records: u64,
    /// Of what is paid in the company's currency.
    pub total: i64,
    pub digest: u128,
    /// Of what is paid in other currencies.
    pub other_totals: Vec<CurrencyTotal>,
}

impl RunSum {
    fn add(mut self, part: RunSum) -> RunSum {
        part.other_totals.iter().for_each(|of| CurrencyTotal::add(&mut self.other_totals, of));
        RunSum {
            records: self.records + part.records,
            total: self.total.saturating_add(part.total),
            digest: self.digest.wrapping_add(part.digest),
            other_totals: self.other_totals,
        }
    }

    /// One amount for each currency; the company's is left out where nothing is paid in it, and something in another.
    pub fn totals(&self, currency: &str) -> Vec<(String, String)> {
        let others = self.other_totals.iter();
        let own = self.total != 0 || self.other_totals.is_empty();
        let own = own.then(|| (totals::money(Minor(self.total), currency), currency.to_string()));
        own.into_iter().chain(others.map(|of| (totals::money(of.total, &of.currency), of.currency.clone()))).collect()
    }

    /// What no record of a run holds: it would be refused.
    fn over(&self, currency: &str) -> Option<(String, String)> {
        let others = self.other_totals.iter().map(|of| (of.currency.as_str(), of.total));
        let mut all = std::iter::once((currency, Minor(self.total))).chain(others);
        let over = all.find(|(currency, total)| !total.fits_record(minor_digits(currency).unwrap_or(2)));
        over.map(|(currency, total)| (totals::money(total, currency), currency.to_owned()))
    }

    /// The same in words.
    pub fn words(&self, currency: &str) -> String {
        let words = self.totals(currency).into_iter().map(|(total, currency)| format!("{total} {currency}"));
        words.collect::<Vec<_>>().join(", ")
    }
}

impl Release {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let author = self.author.name()?;
        let session = Session::open(&self.log, console)?;
        let periods = Periods::read(session.client(), session.codec())?;
        let close = releasable(&periods, self.period, &author)?;
        let sum = sum_of(&session, &close.closed.close_id)?;
        let currency = periods.company.as_ref().map_or("", |company| company.currency.as_str());
        if let Some((total, currency)) = sum.over(currency) {
            return Err(found_error(format!(
                "{} pays {total} {currency}, more than the record of a run holds: accrue reopen {}, correct the rates, and close it again",
                self.period, self.period
            )));
        }
        let total = totals::money(Minor(sum.total), currency);
        let (records, words, digest) = (sum.records, sum.words(currency), digest_text(sum.digest));
        let other = |of: &CurrencyTotal| json!({"currency": of.currency, "records": of.records, "total": totals::money(of.total, &of.currency)});
        let other_totals: Vec<_> = sum.other_totals.iter().map(other).collect();
        console.notice(&format!("run {}: {records} payouts, {words} in all", close.closed.close_id));
        release(&session, &close.closed.close_id, sum, &author)?;
        session.finish()?;
        if console.json {
            console.object(&json!({"run_id": close.closed.close_id, "period": self.period.to_string(), "records": records,
                "total": total, "currency": currency, "other_totals": other_totals, "digest": digest, "author": author}))?;
        } else {
            console.line(&format!("released {}: {records} payouts, {words}", self.period))?;
        }
        console.notice(&format!("next: accrue payouts --period {}", self.period));
        Ok(Exit::Done)
    }
}

/// The close that may be released now by this author.
fn releasable<'p>(periods: &'p Periods, period: Period, author: &str) -> anyhow::Result<&'p Close> {
    let close = periods.close_of(period);
    let close = close.ok_or_else(|| found_error(format!("{period} is not closed; first: accrue close {period}")))?;
    if close.state == CloseState::Released {
        return Err(found_error(format!("{period} is released already, as {}; accrue payouts shows it", close.closed.close_id)));
    }
    if let Some(first) = periods.first_unreleased().filter(|first| first.closed.period < period) {
        return Err(found_error(format!("releases go in order: {} is next", first.closed.period)));
    }
    let anyone = periods.company.as_ref().is_some_and(|company| company.closer_may_release);
    if close.author == author && !anyone {
        return Err(found_error(format!(
            "{author} closed {period} and may not release it, too; another person must (--author), or company.toml permits it"
        )));
    }
    Ok(close)
}

/// States the release with what the partitions have computed, and waits until all of it is public.
pub fn release(session: &Session, close_id: &str, sum: RunSum, author: &str) -> anyhow::Result<()> {
    let RunSum { records, total: total_minor, digest, other_totals } = sum;
    let digest = digest_text(digest);
    let released = PeriodReleased { close_id: close_id.into(), records, total_minor, digest, other_totals };
    append::state(session, format!("{close_id}-released"), author, "reviewed", FactBody::PeriodReleased(released))?;
    let says = |note| match note {
        CloseNote::RunReleased { close_id, partition } => Some((close_id, partition)),
        _ => None,
    };
    wait_for(session, &format!("publish run {close_id}"), says, close_id)?;
    session.catch_up()
}

/// What the partitions' drafts of a run add up to, once all of them have computed theirs.
pub fn sum_of(session: &Session, close_id: &str) -> anyhow::Result<RunSum> {
    super::close::wait_computed(session, close_id)?;
    let client = session.client();
    let mut parts: BTreeMap<u32, RunSum> = BTreeMap::new();
    scan::all(client, Topic::Closes, |batch, row| {
        let note = batch.value(row).map(read_close_note).transpose()?;
        if let Some(CloseNote::RunComputed { close_id: of, partition, records, total, digest, other_totals }) = note
            && of == close_id
        {
            parts.insert(partition, RunSum { records, total: total.0, digest, other_totals });
        }
        Ok(())
    })?;
    Ok(parts.into_values().fold(RunSum::default(), RunSum::add))
}
