//! Compares what was published with what the oracle says: every accrual chain, then the union of both sides' totals,
//! payouts, runs and attainment.
//!
//! Every difference names what it is about. Leaves out reading the log: the caller feeds records in log order.

use super::runs::payout_id;
use super::totals::{Attained, AttainmentKey, RunTotal, TotalKey, Totals};
use crate::domain::money::{Minor, minor_digits};
use crate::wire::records::{Accrual, Attainment, CurrencyTotal, Payout, PayoutRun};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A booked total; a side that has none has 0.
    Total {
        key: TotalKey,
        expected: Minor,
        got: Minor,
    },
    /// A total in another unit: money has the currency of the payee's plans, points are points.
    Unit {
        key: TotalKey,
        expected: Arc<str>,
        got: Arc<str>,
    },
    /// An accrual that does not continue its chain: what it should have been after the one before, and what it is.
    Chain {
        key: TotalKey,
        partition: u32,
        offset: u64,
        expected: Link,
        got: Link,
    },
    /// A payout that is missing, invented, altered, or published twice.
    Payout {
        payout_id: String,
        expected: Option<Box<Payout>>,
        got: Option<Box<Payout>>,
    },
    PayoutTwice {
        payout_id: String,
    },
    Run {
        run_id: String,
        expected: Option<RunSum>,
        got: Option<RunSum>,
    },
    Attainment {
        key: AttainmentKey,
        expected: Attained,
        got: Attained,
    },
    /// Money that is measured in another currency than the measure's.
    MeasuredIn {
        key: AttainmentKey,
        expected: Arc<str>,
        got: Arc<str>,
    },
}

/// How many payouts a run has, and what they add up to in the company's currency and in others.
pub type RunSum = (u64, Minor, Vec<CurrencyTotal>);

/// What ties an accrual to the one before it in its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub sequence: i64,
    pub previous_total: Minor,
}

/// What was published, as far as it can be checked.
#[derive(Default)]
pub struct Published {
    texts: HashSet<Arc<str>>,
    chains: BTreeMap<TotalKey, Chain>,
    payouts: BTreeMap<String, Payout>,
    runs: BTreeMap<String, RunSum>,
    attainment: BTreeMap<AttainmentKey, Attained>,
    measured_in: BTreeMap<AttainmentKey, Arc<str>>,
    differences: Vec<Difference>,
}

/// Where a chain stands: the sequence, total and unit of its last accrual.
#[derive(Clone, Default)]
struct Chain {
    sequence: i64,
    total: Minor,
    unit: Arc<str>,
}

impl Published {
    pub fn new() -> Published {
        Published::default()
    }

    /// Takes an accrual, in log order of its partition, and checks that it continues its chain.
    pub fn accrual(&mut self, partition: u32, offset: u64, accrual: &Accrual) {
        let key = TotalKey {
            payee_id: self.share(&accrual.payee_id),
            component: self.share(&accrual.component),
            interval: accrual.interval,
            effective_period: accrual.effective_period,
            booking_period: accrual.booking_period,
        };
        let unit = self.share(&accrual.currency);
        let chain = self.chains.entry(key.clone()).or_default();
        let expected = Link { sequence: chain.sequence + 1, previous_total: chain.total };
        let got = Link { sequence: accrual.sequence, previous_total: accrual.previous_total };
        *chain = Chain { sequence: accrual.sequence, total: accrual.new_total, unit };
        if got != expected {
            self.differences.push(Difference::Chain { key, partition, offset, expected, got });
        }
    }

    /// Takes a record of `payout`.
    pub fn payout(&mut self, payout: &Payout) {
        let payout_id = payout_id(payout);
        if self.payouts.insert(payout_id.clone(), payout.clone()).is_some() {
            self.differences.push(Difference::PayoutTwice { payout_id });
        }
    }

    /// Takes a record of `payout-run`.
    pub fn payout_run(&mut self, run: &PayoutRun) {
        self.runs.insert(run.run_id.clone(), (run.records, run.total, run.other_totals.clone()));
    }

    /// Takes a record of `attainment`; the newest of a key counts.
    pub fn attainment(&mut self, attainment: &Attainment) {
        let key = (self.share(&attainment.payee_id), self.share(&attainment.measure), attainment.interval);
        let unit = self.share(&attainment.unit);
        self.measured_in.insert(key.clone(), unit);
        self.attainment.insert(key, Attained { measured: attainment.measured, quota: attainment.quota });
    }

    /// One copy of a text for all records that hold it.
    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(shared) = self.texts.get(text) {
            return shared.clone();
        }
        let shared: Arc<str> = text.into();
        self.texts.insert(shared.clone());
        shared
    }

    /// Compares all that was fed with what the oracle says.
    pub fn compare(&self, totals: &Totals) -> Report {
        let mut differences = self.differences.clone();
        differences.extend(self.booked(totals));
        differences.extend(self.paid(totals));
        differences.extend(self.runs(totals));
        differences.extend(self.attained(totals));
        Report {
            totals_checked: totals.earned.len() + totals.payouts.len(),
            totals_differing: differences.len(),
            payouts_checked: totals.payouts.len(),
            currency: totals.currency.clone(),
            minor_digits: totals.minor_digits,
            earned_in: totals.earned_in.clone(),
            differences,
        }
    }

    fn booked(&self, totals: &Totals) -> Vec<Difference> {
        let keys: BTreeSet<&TotalKey> = totals.booked.keys().chain(self.chains.keys()).collect();
        let differs = |key: &TotalKey| {
            let expected = totals.booked.get(key).copied().unwrap_or_default();
            let got = self.chains.get(key).map_or(Minor(0), |chain| chain.total);
            (expected != got).then(|| Difference::Total { key: key.clone(), expected, got })
        };
        keys.into_iter().filter_map(differs).chain(self.units(totals)).collect()
    }

    fn units(&self, totals: &Totals) -> impl Iterator<Item = Difference> {
        let [own, points]: [Arc<str>; 2] = [totals.currency.as_str().into(), "points".into()];
        self.chains.iter().filter_map(move |(key, chain)| {
            let money = totals.earned_in.get(&key.payee_id).unwrap_or(&own);
            let expected = if totals.points.contains(&key.component) { &points } else { money };
            let differs = *expected != chain.unit;
            differs.then(|| Difference::Unit { key: key.clone(), expected: expected.clone(), got: chain.unit.clone() })
        })
    }

    fn paid(&self, totals: &Totals) -> Vec<Difference> {
        let ids: BTreeSet<&String> = totals.payouts.keys().chain(self.payouts.keys()).collect();
        let differs = |payout_id: &String| {
            let (expected, got) = (totals.payouts.get(payout_id), self.payouts.get(payout_id));
            let boxed = |payout: Option<&Payout>| payout.cloned().map(Box::new);
            let payout_id = payout_id.clone();
            (expected != got).then(|| Difference::Payout { payout_id, expected: boxed(expected), got: boxed(got) })
        };
        ids.into_iter().filter_map(differs).collect()
    }

    fn runs(&self, totals: &Totals) -> Vec<Difference> {
        let released = totals.runs.iter().filter(|run| run.released_by.is_some());
        let sum = |run: &RunTotal| (run.records, run.total, run.other_totals.clone());
        let released: BTreeMap<&str, RunSum> = released.map(|run| (run.run_id.as_str(), sum(run))).collect();
        let ids: BTreeSet<&str> = released.keys().copied().chain(self.runs.keys().map(String::as_str)).collect();
        let differs = |run_id: &str| {
            let (expected, got) = (released.get(run_id).cloned(), self.runs.get(run_id).cloned());
            (expected != got).then(|| Difference::Run { run_id: run_id.into(), expected, got })
        };
        ids.into_iter().filter_map(differs).collect()
    }

    fn attained(&self, totals: &Totals) -> Vec<Difference> {
        let keys: BTreeSet<&AttainmentKey> = totals.attainment.keys().chain(self.attainment.keys()).collect();
        let differs = |key: &AttainmentKey| {
            let expected =
                totals.attainment.get(key).or_else(|| totals.unneeded_attainment.get(key)).copied().unwrap_or_default();
            let got = self.attainment.get(key).copied().unwrap_or_default();
            (expected != got).then(|| Difference::Attainment { key: key.clone(), expected, got })
        };
        keys.into_iter().filter_map(differs).chain(self.measured_in(totals)).collect()
    }

    fn measured_in(&self, totals: &Totals) -> impl Iterator<Item = Difference> {
        self.measured_in.iter().filter_map(|(key, got)| {
            let expected = totals.measured_in.get(&key.1).filter(|expected| *expected != got)?;
            Some(Difference::MeasuredIn { key: key.clone(), expected: expected.clone(), got: got.clone() })
        })
    }
}

/// What a comparison found. Displayed as one line for each difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Non-zero earned totals per payee, component, interval and pay period, plus payouts: what the oracle counts.
    pub totals_checked: usize,
    /// As many as there are differences.
    pub totals_differing: usize,
    pub payouts_checked: usize,
    /// The company's.
    pub currency: String,
    pub minor_digits: u32,
    /// Of payees whose plans are in another one.
    pub earned_in: BTreeMap<Arc<str>, Arc<str>>,
    pub differences: Vec<Difference>,
}

impl Report {
    /// An amount of a payee, in the currency of the plans.
    fn money(&self, payee_id: &str, minor: Minor) -> String {
        self.earned_in.get(payee_id).map_or_else(|| self.own_money(minor), |currency| text(minor, currency))
    }

    fn own_money(&self, minor: Minor) -> String {
        format!("{} {}", minor.text(self.minor_digits), self.currency)
    }

    fn total(&self, key: &TotalKey) -> String {
        let TotalKey { payee_id, component, interval, effective_period, booking_period } = key;
        format!("{payee_id}, {component}, {interval}, earned in {effective_period}, booked in {booking_period}")
    }

    fn line(&self, difference: &Difference) -> String {
        match difference {
            Difference::Total { key, expected, got } => {
                let [expected, got] = [expected, got].map(|minor| self.money(&key.payee_id, *minor));
                format!("total of {}: expected {expected}, got {got}", self.total(key))
            }
            Difference::Unit { key, expected, got } => {
                format!("total of {}: expected it in {expected}, got it in {got}", self.total(key))
            }
            Difference::Chain { key, partition, offset, expected, got } => {
                let before = |link: &Link| self.money(&key.payee_id, link.previous_total);
                let link = |link: &Link| format!("sequence {} after {}", link.sequence, before(link));
                let (expected, got) = (link(expected), link(got));
                format!("accrual at {partition}:{offset} of {}: expected {expected}, got {got}", self.total(key))
            }
            Difference::Payout { payout_id, expected, got } => {
                let amount = |payout: &Option<Box<Payout>>| match payout {
                    Some(payout) => self.payout(payout),
                    None => "none".into(),
                };
                format!("payout {payout_id}: expected {}, got {}", amount(expected), amount(got))
            }
            Difference::PayoutTwice { payout_id } => format!("payout {payout_id}: published twice"),
            Difference::Run { run_id, expected, got } => {
                let other = |of: &CurrencyTotal| format!(" and {} of {}", of.records, text(of.total, &of.currency));
                let run = |run: &Option<RunSum>| match run {
                    Some((records, total, others)) => {
                        let others: String = others.iter().map(other).collect();
                        format!("{records} payouts of {}{others}", self.own_money(*total))
                    }
                    None => "none".into(),
                };
                format!("run {run_id}: expected {}, got {}", run(expected), run(got))
            }
            Difference::Attainment { key: (payee_id, measure, interval), expected, got } => {
                let (expected, got) = (attained(expected), attained(got));
                format!("attainment of {payee_id}, {measure}, {interval}: expected {expected}, got {got}")
            }
            Difference::MeasuredIn { key: (payee_id, measure, interval), expected, got } => {
                format!("attainment of {payee_id}, {measure}, {interval}: expected it in {expected}, got it in {got}")
            }
        }
    }

    /// A payout's fields that are not in its id.
    fn payout(&self, payout: &Payout) -> String {
        let employee = payout.employee_ref.as_deref().unwrap_or("no employee_ref");
        let balance = self.money(&payout.payee_id, payout.balance_after);
        let from = payout.converted.as_ref().map_or_else(String::new, |from| {
            let rate = from.rate.map_or("what was paid".into(), |(rate, of)| format!("{rate} of {of}"));
            format!(", {} at {rate},", text(from.plan_amount, &from.plan_currency))
        });
        let amount = text(payout.amount, &payout.currency) + &from;
        format!("{amount} in {} to {employee} with balance {balance}", payout.period)
    }
}

fn text(minor: Minor, currency: &str) -> String {
    format!("{} {currency}", minor.text(minor_digits(currency).unwrap_or(0)))
}

fn attained(attained: &Attained) -> String {
    let quota = attained.quota.map_or_else(|| "no quota".into(), |quota| format!("quota {quota}"));
    format!("{} with {quota}", attained.measured)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.differences.iter().try_for_each(|difference| writeln!(f, "{}", self.line(difference)))
    }
}
