//! The worked cases of `config/cases`, `tests/printed` and `tests/vendor` hold: what they expect is what the oracle computes from their events.
//!
//! The oracle keeps no letters about what is rejected or parked, and only the last run's balances: the rest of each
//! case is compared.

use accrue::domain::fact::{Cut, Fact, FactBody, PeriodClosed, PeriodReleased, PeriodReopened};
use accrue::domain::output::CloseNote;
use accrue::domain::topic::{Position, Topic};
use accrue::files::Case;
use accrue::files::case::{Event, EventKind, Got, GotAttainment, GotBalance, case, report};
use accrue::oracle::{History, Totals};
use std::path::Path;

/// A log of one partition that a case is played into.
struct Player {
    history: History,
    deals: u64,
    quotas: u64,
    settlements: u64,
    adjustments: u64,
    facts: u64,
    closes: Vec<String>,
}

impl Player {
    fn fact(&mut self, author: &str, body: FactBody) {
        let fact = Fact {
            fact_id: format!("fact-{}", self.facts),
            author: author.into(),
            reason: "case".into(),
            approver: None,
            occurred_at: 0,
            body,
        };
        self.history.fact(self.facts, &fact);
        self.facts += 1;
    }

    fn quota(&mut self, quota: &accrue::files::Quota) {
        let position = Position { topic: Topic::QuotaChanged, partition: 0, offset: self.quotas };
        self.history.quota(position, &quota.as_quota_changed("case", "", 0));
        self.quotas += 1;
    }

    fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Deal(deal) => {
                let deal = deal.as_deal(0);
                if deal.check().is_ok() {
                    let position = Position { topic: Topic::DealClosed, partition: 0, offset: self.deals };
                    self.history.deal(position, &deal);
                }
                self.deals += 1;
            }
            EventKind::Settlement(settled) => {
                let position = Position { topic: Topic::DealSettled, partition: 0, offset: self.settlements };
                self.history.settlement(position, &settled.as_settlement(0));
                self.settlements += 1;
            }
            EventKind::Adjustment(made) => {
                let position = Position { topic: Topic::AdjustmentMade, partition: 0, offset: self.adjustments };
                self.history.adjustment(position, made);
                self.adjustments += 1;
            }
            EventKind::Quota(quota) => self.quota(quota),
            EventKind::Payee(payee) => self.fact("case", FactBody::PayeeDefined(payee.clone())),
            EventKind::Territories(stated) => self.fact("case", FactBody::TerritoriesDefined(stated.clone())),
            EventKind::Rates(stated) => self.fact("case", FactBody::RatesDefined(stated.clone())),
            EventKind::Close { period, by } => {
                let close_id = format!("close-{}", self.closes.len());
                let cut = Cut {
                    deal_closed: vec![self.deals],
                    quota_changed: vec![self.quotas],
                    deal_settled: vec![self.settlements],
                    adjustment_made: vec![self.adjustments],
                };
                let (calendar, pay_group) = ("fiscal".into(), "default".into());
                let closed = PeriodClosed { close_id: close_id.clone(), calendar, pay_group, period: *period, cut };
                self.fact(by, FactBody::PeriodClosed(closed));
                self.history.close_note(&CloseNote::SourceClosed {
                    close_id: close_id.clone(),
                    partition: 0,
                    deal_closed: self.deals,
                    quota_changed: self.quotas,
                    deal_settled: self.settlements,
                    adjustment_made: self.adjustments,
                });
                self.closes.push(close_id);
            }
            EventKind::Reopen { by, .. } => {
                let close_id = self.last_close();
                self.fact(by, FactBody::PeriodReopened(PeriodReopened { close_id }));
            }
            EventKind::Release { by, .. } => {
                let close_id = self.last_close();
                let released = PeriodReleased { close_id, records: 0, total_minor: 0, digest: "0".into(), other_totals: vec![] };
                self.fact(by, FactBody::PeriodReleased(released));
            }
        }
    }

    fn last_close(&self) -> String {
        self.closes.last().cloned().expect("a period is closed before it is reopened or released")
    }
}

fn played(case: &Case) -> Totals {
    let mut player =
        Player { history: History::new(1), deals: 0, quotas: 0, settlements: 0, adjustments: 0, facts: 0, closes: Vec::new() };
    for body in case.company.facts() {
        player.fact("case", body);
    }
    for quota in &case.company.quotas {
        player.quota(&quota.value);
    }
    for event in &case.events {
        player.event(event);
    }
    let totals = player.history.totals();
    assert!(totals.ignored_facts.is_empty() && totals.pending.is_empty(), "{}: {:?}", case.file, totals.ignored_facts);
    totals
}

fn got(totals: &Totals) -> Got {
    let mut got = Got::default();
    for ((payee, measure, interval), attained) in &totals.attainment {
        let value = GotAttainment { measured: attained.measured, quota: attained.quota };
        got.attainment.insert((payee.to_string(), measure.to_string(), *interval), value);
    }
    for (key, amount) in &totals.booked {
        let component =
            (key.payee_id.to_string(), key.component.to_string(), key.interval, key.effective_period, key.booking_period);
        got.accruals.insert(component, *amount);
    }
    for payout in totals.payouts.values() {
        let key = (payout.payee_id.clone(), payout.period, payout.earning_code.clone());
        got.payouts.entry(key).or_default().0 += payout.amount.0;
        got.currencies.insert((payout.payee_id.clone(), payout.period), payout.currency.clone());
    }
    for run in &totals.runs {
        let left = totals.left.iter().filter(|((run_id, _), _)| *run_id == run.run_id);
        let left = left.map(|((_, payee), [carried, draw, held, _])| {
            ((payee.clone(), run.period), GotBalance { carried: *carried, draw: *draw, held: *held })
        });
        got.balances.extend(left);
    }
    got
}

/// The company's cases, those that have what a plan file and a case look like in full, and what vendors publish.
#[test]
fn every_worked_case_holds() {
    let mut failed = String::new();
    for directory in ["config/cases", "tests/printed/cases", "tests/vendor"] {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        for entry in std::fs::read_dir(directory).expect("the directory is there") {
            let path = entry.expect("its entries can be read").path();
            let mut case = case(&path).unwrap_or_else(|found| panic!("{found:?}"));
            let totals = played(&case);
            case.expect.rejects = None;
            failed.push_str(&report(&case, &case.compare(&got(&totals))));
        }
    }
    assert!(failed.is_empty(), "\n{failed}");
}
