//! What came out of a case as the text of its expectations, for a person to review.

use super::Case;
use super::compare::Got;
use crate::domain::calendar::{Interval, Period};
use crate::domain::money::{Minor, minor_digits};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// `[expect]` as TOML. Zeros are left out, and so is attainment that nobody was measured by.
pub fn expectations(case: &Case, got: &Got) -> String {
    let mut text = String::from("\n[expect]\n");
    section(&mut text, "attainment", attainment(got));
    section(&mut text, "accrual", accruals(case, got));
    section(&mut text, "payout", payouts(case, got));
    section(&mut text, "balance", balances(case, got));
    let rejects = got
        .rejects
        .iter()
        .map(|reject| format!("about = {:?}, kind = {:?}, reason = {:?}", reject.about, reject.kind.name(), reject.reason));
    section(&mut text, "rejects", rejects.collect());
    text
}

fn section(text: &mut String, name: &str, rows: Vec<String>) {
    if rows.is_empty() {
        return;
    }
    // Writing into a string does not fail.
    let _ = writeln!(text, "{name} = [");
    for row in rows {
        let _ = writeln!(text, "  {{ {row} }},");
    }
    text.push_str("]\n");
}

fn attainment(got: &Got) -> Vec<String> {
    let rows = got.attainment.iter().map(|((payee, measure, interval), attained)| {
        let quota = attained.quota.map_or("none".into(), |quota| quota.to_string());
        let measured = attained.measured;
        format!(
            "payee = {payee:?}, measure = {measure:?}, interval = \"{interval}\", measured = \"{measured}\", quota = \"{quota}\""
        )
    });
    rows.collect()
}

/// A total, and its parts by booking period.
type Booked = (i64, BTreeMap<Period, i64>);

fn accruals(case: &Case, got: &Got) -> Vec<String> {
    let mut totals: BTreeMap<(&str, &str, Interval), Booked> = BTreeMap::new();
    for ((payee, component, interval, _, booked), amount) in &got.accruals {
        let total = totals.entry((payee, component, *interval)).or_default();
        total.0 += amount.0;
        *total.1.entry(*booked).or_default() += amount.0;
    }
    let rows = totals.into_iter().map(|((payee, component, interval), (total, booked))| {
        let digits = earned_digits(case, payee);
        let booked = booked.iter().filter(|(_, amount)| **amount != 0);
        let booked: Vec<String> = booked.map(|(period, amount)| format!("{period} = {}", money(*amount, digits))).collect();
        let (total, booked) = (money(total, digits), booked.join(", "));
        format!(
            "payee = {payee:?}, component = {component:?}, interval = \"{interval}\", total = {total}, booked = {{ {booked} }}"
        )
    });
    rows.collect()
}

fn earned_digits(case: &Case, payee: &str) -> u32 {
    minor_digits(case.earned_in(payee)).unwrap_or(2)
}

/// The currency is there where it is not the company's.
fn payouts(case: &Case, got: &Got) -> Vec<String> {
    let runs: BTreeSet<(&str, Period)> = got.payouts.keys().map(|(payee, period, _)| (payee.as_str(), *period)).collect();
    let rows = runs.into_iter().map(|(payee, period)| {
        let of = got.payouts.iter().filter(|((of, run, _), _)| of == payee && *run == period);
        let codes: Vec<(&str, i64)> = of.map(|((_, _, code), amount)| (code.as_str(), amount.0)).collect();
        let own = case.company.company.value.currency.as_str();
        let currency = got.currencies.get(&(payee.to_string(), period)).map_or(own, String::as_str);
        let digits = minor_digits(currency).unwrap_or(2);
        let net = codes.iter().map(|(_, amount)| amount).sum();
        let codes: String = codes.iter().map(|(code, amount)| format!("{code} = {}, ", money(*amount, digits))).collect();
        let paid_in = if currency == own { String::new() } else { format!("currency = {currency:?}, ") };
        format!("payee = {payee:?}, period = \"{period}\", {paid_in}{codes}net = {}", money(net, digits))
    });
    rows.collect()
}

fn balances(case: &Case, got: &Got) -> Vec<String> {
    let rows = got.balances.iter().map(|((payee, after), left)| {
        let digits = earned_digits(case, payee);
        let [carried, draw, held] = [left.carried, left.draw, left.held].map(|amount| money(amount.0, digits));
        format!("payee = {payee:?}, after = \"{after}\", carried = {carried}, draw = {draw}, held = {held}")
    });
    rows.collect()
}

/// In quotes.
fn money(minor: i64, digits: u32) -> String {
    format!("\"{}\"", Minor(minor).text(digits))
}
