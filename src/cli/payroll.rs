//! `accrue payroll`: what payroll has made of the payouts that were published to it.

use super::console::Console;
use super::exit::Exit;
use super::session::{LogOptions, Session};
use super::statement::amounts;
use super::table::{Table, grouped};
use crate::domain::calendar::Period;
use crate::domain::money::{AMOUNT_DECIMALS, format_scaled, minor_digits};
use crate::read::payroll::{Payroll as Read, Row, State, Word};
use crate::read::totals::money;
use clap::Args;
use serde_json::json;

const STATES: [State; 6] = [State::Paid, State::Accepted, State::Unpaid, State::PaidUnlike, State::Rejected, State::Returned];

#[derive(Debug, Args)]
pub struct Payroll {
    /// Only what the run of this pay period pays, like 2026-01
    period: Option<Period>,
    #[command(flatten)]
    log: LogOptions,
    /// What is paid as published, too
    #[arg(long)]
    all: bool,
}

impl Payroll {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let session = Session::open(&self.log, console)?;
        let payroll = Read::read(session.client(), session.codec(), self.period)?;
        session.finish()?;
        let shown: Vec<&Row> = payroll.rows.iter().filter(|row| self.all || row.state != State::Paid).collect();
        if console.json {
            shown.iter().try_for_each(|row| console.object(&row_json(row)))?;
        } else if !shown.is_empty() {
            table(&shown).lines().iter().try_for_each(|line| console.line(line))?;
        }
        for (position, about, reject) in &payroll.stray {
            let place = format!("{} {}:{}", position.topic.name(), position.partition, position.offset);
            if console.json {
                let (partition, offset, reason) = (position.partition, position.offset, reject.reason.code());
                console.object(&json!({
                    "state": "stray", "payout_id": about, "partition": partition, "offset": offset, "field": reject.field,
                    "reason": reason, "message": reject.message,
                }))?;
            } else {
                console.line(&format!("stray  {place}  {about}\n    {reject}"))?;
            }
        }
        if !console.json {
            summary(&payroll).iter().try_for_each(|line| console.line(line))?;
        }
        let wrong = payroll.rows.iter().any(|row| row.state.is_wrong()) || !payroll.stray.is_empty();
        Ok(if wrong { Exit::Found } else { Exit::Done })
    }
}

fn table(rows: &[&Row]) -> Table {
    let mut table = Table::new(&["payee", "period", "code", ">published", ">paid", "state", "why"]);
    // Of one currency the summary says it.
    let several = rows.iter().any(|row| row.payout.currency != rows[0].payout.currency);
    for Row { payout, word, state } in rows {
        let word = word.as_ref();
        let currency = if several { format!(" {}", payout.currency) } else { String::new() };
        let paid = word.and_then(|word| paid_text(word, &payout.currency)).map_or("-".into(), |amount| grouped(&amount));
        let why = word.and_then(|word| word.reason.clone().or_else(|| word.reference.clone()));
        table.row([
            payout.payee_id.clone(),
            payout.period.to_string(),
            payout.earning_code.clone(),
            format!("{}{currency}", grouped(&money(payout.amount, &payout.currency))),
            paid,
            state.name().into(),
            why.unwrap_or_default().chars().take(20).collect(),
        ]);
    }
    table
}

/// As payroll stated it, with the currency's decimals.
fn paid_text(word: &Word, currency: &str) -> Option<String> {
    word.amount.map(|amount| format_scaled(amount.0, AMOUNT_DECIMALS, minor_digits(currency).unwrap_or(2)))
}

/// A line for each state that there is.
fn summary(payroll: &Read) -> Vec<String> {
    let of_state = |state: State| {
        let totals = payroll.total(state);
        let count: usize = totals.values().map(|(count, _)| count).sum();
        (count > 0).then(|| format!("{count} {}, {}", state.name(), amounts(totals)))
    };
    let mut lines: Vec<String> = STATES.into_iter().filter_map(of_state).collect();
    if !payroll.stray.is_empty() {
        lines.push(format!("{} stray acknowledgements", payroll.stray.len()));
    }
    if lines.is_empty() {
        lines.push("nothing is released yet; `accrue release` publishes payouts".into());
    }
    lines
}

fn row_json(Row { payout, word, state }: &Row) -> serde_json::Value {
    let word = word.as_ref();
    json!({
        "state": state.name(), "payout_id": payout.payout_id(), "payee_id": payout.payee_id, "run_id": payout.run_id,
        "period": payout.period.to_string(), "earning_code": payout.earning_code, "currency": payout.currency,
        "published": money(payout.amount, &payout.currency), "status": word.map(|word| word.status.name()),
        "paid": word.and_then(|word| paid_text(word, &payout.currency)),
        "reference": word.and_then(|word| word.reference.clone()), "reason": word.and_then(|word| word.reason.clone()),
    })
}
