//! What came out against what a case expects, and how the difference is shown.

use super::Case;
use super::expect::{ExpectedAccrual, ExpectedAttainment, ExpectedBalance, ExpectedPayout, ExpectedReject};
use crate::domain::calendar::{Interval, Period};
use crate::domain::money::{Amount, Measured, Minor, minor_digits};
use crate::domain::output::RejectKind;
use std::collections::{BTreeMap, BTreeSet};

/// What came out of a run, as it stands at the end.
#[derive(Clone, Debug, Default)]
pub struct Got {
    /// By payee, measure, interval.
    pub attainment: BTreeMap<(String, String, Interval), GotAttainment>,
    /// Totals by payee, component, interval, effective period, booking period.
    pub accruals: BTreeMap<(String, String, Interval, Period, Period), Minor>,
    /// Released amounts by payee, period of the run, earning code.
    pub payouts: BTreeMap<(String, Period, String), Minor>,
    /// What they are in, by payee and period of the run.
    pub currencies: BTreeMap<(String, Period), String>,
    /// What the run of a period leaves to the next, by payee and period; absent is nothing.
    pub balances: BTreeMap<(String, Period), GotBalance>,
    /// In the order of the log.
    pub rejects: Vec<GotReject>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GotAttainment {
    pub measured: Measured,
    pub quota: Option<Amount>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GotBalance {
    pub carried: Minor,
    pub draw: Minor,
    pub held: Minor,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GotReject {
    /// The deal, or the payee of a quota or a component.
    pub about: String,
    pub kind: RejectKind,
    pub reason: String,
}

/// One expectation that was not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Line of the expectation in the case's file.
    pub line: usize,
    /// What it is about: "accrual of ana, new-business".
    pub what: String,
    pub expected: String,
    pub got: String,
}

impl Case {
    /// Every expectation that is not met, in the order of the file's sections.
    pub fn compare(&self, got: &Got) -> Vec<Difference> {
        let compare = Comparison { case: self, got };
        let expect = &self.expect;
        let mut found: Vec<Difference> = expect.attainment.iter().flat_map(|row| compare.attainment(row)).collect();
        found.extend(expect.accrual.iter().flat_map(|row| compare.accrual(row)));
        found.extend(expect.payout.iter().flat_map(|row| compare.payout(row)));
        found.extend(expect.balance.iter().flat_map(|row| compare.balance(row)));
        found.extend(expect.rejects.as_ref().and_then(|rows| compare.rejects(rows)));
        found
    }
}

struct Comparison<'g> {
    case: &'g Case,
    got: &'g Got,
}

impl Comparison<'_> {
    /// In the currency of a payee's plans.
    fn money(&self, payee: &str, amount: Minor) -> String {
        amount.text(minor_digits(self.case.earned_in(payee)).unwrap_or(2))
    }

    fn attainment(&self, row: &ExpectedAttainment) -> Vec<Difference> {
        let key = (row.payee.clone(), row.measure.clone(), row.interval);
        let got = self.got.attainment.get(&key).copied().unwrap_or(GotAttainment { measured: Measured(0), quota: None });
        let what = format!("attainment of {}, {} in {}", row.payee, row.measure, row.interval);
        let quota = |quota: Option<Amount>| quota.map_or("quota none".into(), |quota| format!("quota {quota}"));
        let measured = row.measured.map(|measured| (format!("measured {measured}"), format!("measured {}", got.measured)));
        let quotas = row.quota.map(|expected| (quota(expected), quota(got.quota)));
        [measured, quotas].into_iter().flatten().filter_map(|pair| difference(row.line, &what, pair)).collect()
    }

    fn accrual(&self, row: &ExpectedAccrual) -> Vec<Difference> {
        let (mut total, mut booked, mut earned) = (0i64, BTreeMap::new(), BTreeMap::new());
        for ((payee, component, interval, effective, booking), amount) in &self.got.accruals {
            let asked = *payee == row.payee && *component == row.component && row.interval.is_none_or(|asked| asked == *interval);
            if asked {
                total += amount.0;
                *booked.entry(*booking).or_insert(0) += amount.0;
                *earned.entry(*effective).or_insert(0) += amount.0;
            }
        }
        let mut pairs = Vec::new();
        if let Some(expected) = row.total {
            pairs.push((
                format!("total {}", self.money(&row.payee, expected)),
                format!("total {}", self.money(&row.payee, Minor(total))),
            ));
        }
        for (name, expected, got) in [("booked in", &row.booked, &booked), ("earned for", &row.earned, &earned)] {
            pairs.extend(expected.iter().flat_map(|expected| self.periods((&row.payee, name), expected, got)));
        }
        let interval = row.interval.map(|interval| format!(" in {interval}")).unwrap_or_default();
        let what = format!("accrual of {}, {}{interval}", row.payee, row.component);
        pairs.into_iter().filter_map(|pair| difference(row.line, &what, pair)).collect()
    }

    fn periods(
        &self,
        (payee, name): (&str, &str),
        expected: &BTreeMap<Period, Minor>,
        got: &BTreeMap<Period, i64>,
    ) -> Vec<(String, String)> {
        let periods: BTreeSet<Period> = expected.keys().chain(got.keys()).copied().collect();
        let show =
            |period: Period, amount: Option<i64>| format!("{name} {period} {}", self.money(payee, Minor(amount.unwrap_or(0))));
        let pair = |period: Period| {
            (show(period, expected.get(&period).map(|amount| amount.0)), show(period, got.get(&period).copied()))
        };
        periods.into_iter().map(pair).collect()
    }

    fn payout(&self, row: &ExpectedPayout) -> Vec<Difference> {
        let paid = |(payee, period, _): &&(String, Period, String)| *payee == row.payee && *period == row.period;
        let got: BTreeMap<&str, Minor> =
            self.got.payouts.iter().filter(|(key, _)| paid(key)).map(|(key, amount)| (key.2.as_str(), *amount)).collect();
        let codes: BTreeSet<&str> = row.amounts.keys().map(String::as_str).chain(got.keys().copied()).collect();
        let paid_in = self.got.currencies.get(&(row.payee.clone(), row.period));
        let paid_in = paid_in.map_or(self.case.paid_in(&row.payee), String::as_str);
        let digits = minor_digits(paid_in).unwrap_or(2);
        let show = |name: &str, amount: Option<Minor>| format!("{name} {}", amount.unwrap_or_default().text(digits));
        let mut pairs: Vec<(String, String)> = codes
            .into_iter()
            .map(|code| (show(code, row.amounts.get(code).copied()), show(code, got.get(code).copied())))
            .collect();
        if let Some(net) = row.net {
            let sum = got.values().map(|amount| amount.0).sum();
            pairs.push((show("net", Some(net)), show("net", Some(Minor(sum)))));
        }
        pairs.extend(row.currency.as_ref().map(|currency| (format!("currency {currency}"), format!("currency {paid_in}"))));
        let what = format!("payout of {}, {}", row.payee, row.period);
        pairs.into_iter().filter_map(|pair| difference(row.line, &what, pair)).collect()
    }

    fn balance(&self, row: &ExpectedBalance) -> Vec<Difference> {
        let got = self.got.balances.get(&(row.payee.clone(), row.after)).copied().unwrap_or_default();
        let what = format!("balance of {} after {}", row.payee, row.after);
        let pair = |name: &str, expected: Option<Minor>, got: Minor| {
            let expected = format!("{name} {}", self.money(&row.payee, expected?));
            difference(row.line, &what, (expected, format!("{name} {}", self.money(&row.payee, got))))
        };
        let pairs = [("carried", row.carried, got.carried), ("draw", row.draw, got.draw), ("held", row.held, got.held)];
        pairs.into_iter().filter_map(|(name, expected, got)| pair(name, expected, got)).collect()
    }

    /// Rejects are compared as a whole: their order is part of what happened.
    fn rejects(&self, rows: &[ExpectedReject]) -> Option<Difference> {
        let expected: Vec<String> = rows.iter().map(|row| shown(row.kind, &row.about, &row.reason)).collect();
        let got: Vec<String> = self.got.rejects.iter().map(|row| shown(row.kind, &row.about, &row.reason)).collect();
        let list = |items: Vec<String>| if items.is_empty() { "none".into() } else { items.join(", ") };
        difference(rows.first().map_or(0, |row| row.line), "rejects", (list(expected), list(got)))
    }
}

fn shown(kind: RejectKind, about: &str, reason: &str) -> String {
    format!("{about} {} {reason}", kind.name())
}

fn difference(line: usize, what: &str, (expected, got): (String, String)) -> Option<Difference> {
    (expected != got).then(|| Difference { line, what: what.into(), expected, got })
}

/// What was given and what differs: `-` as expected, `+` as it came out. Empty when nothing differs.
pub fn report(case: &Case, differences: &[Difference]) -> String {
    if differences.is_empty() {
        return String::new();
    }
    let mut text = format!("{}: {}\nGIVEN\n", case.file, case.name);
    for event in &case.events {
        text.push_str(&format!("  {:>4}  {}\n", event.line, event.given));
    }
    text.push_str("GOT\n");
    let mut last = "";
    for found in differences {
        if found.what != last {
            text.push_str(&format!("  {} ({}:{})\n", found.what, case.file, found.line));
            last = &found.what;
        }
        text.push_str(&format!("    - {}\n    + {}\n", found.expected, found.got));
    }
    text
}
