//! `accrue statement` and `accrue payouts`: what a payee has earned, and what payroll pays.

use super::console::Console;
use super::exit::{Exit, found_error};
use super::session::{LogOptions, Session};
use super::table::{Table, grouped};
use crate::domain::calendar::Period;
use crate::domain::money::{Minor, POINTS};
use crate::domain::output::Payout;
use crate::read::facts::Periods;
use crate::read::payouts::{self, Run, Runs};
use crate::read::statement::Statement as Read;
use crate::read::{percent, totals};
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Debug, Args)]
pub struct Statement {
    /// The payee's id
    payee: String,
    #[command(flatten)]
    log: LogOptions,
}

impl Statement {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let session = Session::open(&self.log, console)?;
        let statement = Read::read(session.client(), session.codec(), &self.payee)?;
        session.finish()?;
        if statement.is_empty() {
            return Err(found_error(format!("nothing is known of payee \"{}\"; `accrue attainment` lists payees", self.payee)));
        }
        if console.json {
            console.object(&statement_json(&statement))?;
        } else {
            lines(&statement).iter().try_for_each(|line| console.line(line))?;
        }
        Ok(Exit::Done)
    }
}

/// The statement as text.
pub fn lines(statement: &Read) -> Vec<String> {
    let name = statement.name.as_ref().map_or_else(String::new, |name| format!(" {}, {}", name.name, name.team));
    let mut lines = vec![format!("statement of {}{name}", statement.payee_id), String::new()];
    section(&mut lines, attainment(statement));
    section(&mut lines, earned(statement));
    section(&mut lines, paid("paid in", statement.payouts.iter().map(|payout| (payout, payout.period.to_string())).collect()));
    if statement.carried != Minor(0) || statement.carried_in.is_some() {
        let paid_in = statement.carried_in.as_ref().map_or_else(String::new, |(currency, minor)| {
            format!(", which is {} {currency}", grouped(&totals::money(*minor, currency)))
        });
        let carried = grouped(&totals::money(statement.carried, currency(statement)));
        lines.push(format!("carried into the next run: {carried}{paid_in}"));
    }
    if statement.held != Minor(0) {
        lines.push(format!("earned and not due yet: {}", grouped(&totals::money(statement.held, currency(statement)))));
    }
    if statement.owed != Minor(0) {
        lines.push(format!("draws to recover: {}", grouped(&totals::money(statement.owed, currency(statement)))));
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

fn section(lines: &mut Vec<String>, table: Table) {
    if !table.is_empty() {
        lines.extend(table.lines());
        lines.push(String::new());
    }
}

fn currency(statement: &Read) -> &str {
    let booked = statement.totals.0.values().find(|booked| *booked.currency != *POINTS).map(|booked| &*booked.currency);
    booked.or(statement.payouts.first().map(Payout::plan_currency)).unwrap_or_default()
}

fn attainment(statement: &Read) -> Table {
    let mut table = Table::new(&["interval", "measure", ">measured", ">quota", ">attained"]);
    for one in statement.attainment.values() {
        table.row([
            one.interval.to_string(),
            one.measure.to_string(),
            grouped(&one.measured.to_string()),
            one.quota.map_or("-".into(), |quota| grouped(&quota.to_string())),
            percent::attainment(one.measured, one.quota).unwrap_or("-".into()),
        ]);
    }
    table
}

fn earned(statement: &Read) -> Table {
    let mut table = Table::new(&["interval", "component", "code", "earned in", "booked in", ">amount", "currency"]);
    for (key, booked) in statement.booked() {
        table.row([
            key.interval.to_string(),
            key.component.to_string(),
            booked.earning_code.to_string(),
            key.effective_period.to_string(),
            key.booking_period.to_string(),
            grouped(&totals::money(booked.total, &booked.currency)),
            booked.currency.to_string(),
        ]);
    }
    table
}

/// Payouts with what their first column says; what they are in the plans' currency only where it is another.
fn paid(first: &str, payouts: Vec<(&Payout, String)>) -> Table {
    let mut headers = vec![first, "code", "kind", "earned in", ">amount", "currency"];
    let converted = payouts.iter().any(|(payout, _)| payout.converted.is_some());
    if converted {
        headers.extend([">of plan", "plan in", ">rate", "of"]);
    }
    let mut table = Table::new(&headers);
    for (payout, first) in payouts {
        let cells = [
            first,
            payout.earning_code.clone(),
            totals::kind_text(payout.kind).into(),
            payout.effective_period.to_string(),
            grouped(&totals::money(payout.amount, &payout.currency)),
            payout.currency.clone(),
        ];
        if !converted {
            table.row(cells);
            continue;
        }
        let rate = payout.converted.as_ref().and_then(|from| from.rate);
        let (rate, of) = rate.map_or(("-".into(), "-".into()), |(rate, of)| (rate.to_string(), of.to_string()));
        let [a, b, c, d, e, f] = cells;
        let plan = grouped(&totals::money(payout.plan_amount(), payout.plan_currency()));
        table.row([a, b, c, d, e, f, plan, payout.plan_currency().into(), rate, of]);
    }
    table
}

/// Amounts of several currencies in words.
pub fn amounts(totals: BTreeMap<&str, (usize, Minor)>) -> String {
    let words =
        totals.into_iter().map(|(currency, (_, total))| format!("{} {currency}", grouped(&totals::money(total, currency))));
    words.collect::<Vec<_>>().join(", ")
}

fn statement_json(statement: &Read) -> serde_json::Value {
    let earned = |(key, booked): (&totals::BookedKey, &totals::Booked)| {
        json!({
            "interval": key.interval.to_string(), "plan": *key.plan_id, "component": *key.component,
            "earning_code": *booked.earning_code, "effective_period": key.effective_period.to_string(),
            "booking_period": key.booking_period.to_string(), "amount": totals::money(booked.total, &booked.currency),
            "currency": *booked.currency,
        })
    };
    json!({
        "payee_id": statement.payee_id, "name": statement.name.as_ref().map(|name| name.name.clone()),
        "attainment": statement.attainment.values().map(crate::wire::json::to_json).collect::<Vec<_>>(),
        "earned": statement.booked().map(earned).collect::<Vec<_>>(),
        "payouts": statement.payouts.iter().map(crate::wire::json::to_json).collect::<Vec<_>>(),
        "carried": totals::money(statement.carried, currency(statement)),
        "carried_in": statement.carried_in.as_ref().map(|(currency, minor)| {
            json!({"currency": currency, "amount": totals::money(*minor, currency)})
        }),
        "held": totals::money(statement.held, currency(statement)),
        "draws_owed": totals::money(statement.owed, currency(statement)),
    })
}

#[derive(Debug, Args)]
pub struct Payouts {
    #[command(flatten)]
    log: LogOptions,
    /// Only this pay period, like 2026-01
    #[arg(long)]
    period: Option<Period>,
    /// Closed periods that wait for their release, too
    #[arg(long)]
    draft: bool,
}

impl Payouts {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let session = Session::open(&self.log, console)?;
        let mut runs = payouts::released(session.client(), session.codec())?;
        if self.draft {
            let periods = Periods::read(session.client(), session.codec())?;
            runs.extend(payouts::drafts(session.client(), &periods)?);
        }
        session.finish()?;
        runs.retain(|(period, _), _| self.period.is_none_or(|wanted| wanted == *period));
        if console.json {
            return json_lines(console, &runs).map(|()| Exit::Done);
        }
        if runs.is_empty() {
            console.notice("no payouts yet; a period pays once it is closed and released");
        }
        for ((period, run_id), run) in &runs {
            run_lines(*period, run_id, run, usize::MAX).iter().try_for_each(|line| console.line(line))?;
        }
        Ok(Exit::Done)
    }
}

/// A run as text, at most `shown` payouts of it.
pub fn run_lines(period: Period, run_id: &str, run: &Run, shown: usize) -> Vec<String> {
    let state = match &run.run {
        Some(run) => format!("closed by {}, released by {}", run.closed_by, run.released_by),
        None => "draft, waits for its release".into(),
    };
    let mut lines = vec![format!("run {run_id} of {period}"), format!("  {state}")];
    let payouts = run.payouts.iter().take(shown).map(|payout| (payout, payout.payee_id.clone()));
    lines.extend(paid("payee", payouts.collect()).lines());
    if run.payouts.len() > shown {
        lines.push(format!("... {} more", run.payouts.len() - shown));
    }
    let total = amounts(totals::by_currency(&run.payouts));
    lines.push(format!("{} payouts, {total} in all", run.payouts.len()));
    lines
}

fn json_lines(console: &Console, runs: &Runs) -> anyhow::Result<()> {
    for run in runs.values() {
        for payout in &run.payouts {
            let mut object = crate::wire::json::to_json(payout);
            if run.run.is_none() {
                object["draft"] = true.into();
            }
            console.object(&object)?;
        }
    }
    Ok(())
}
