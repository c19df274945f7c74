//! What a person looks at before a period is closed: what is parked or rejected, who has no plan or quota, what is paid by
//! hand, whose balance is negative, and who gained most.

use super::console::Console;
use super::session::Session;
use super::table::{Table, grouped};
use crate::domain::adjustment::BY_HAND;
use crate::domain::calendar::Period;
use crate::domain::money::{Minor, POINTS};
use crate::domain::output::RejectKind;
use crate::domain::reject::Reason;
use crate::domain::topic::Topic;
use crate::read::rejects::Rejects;
use crate::read::scan;
use crate::read::totals::{self, Booked, BookedKey, Totals};
use std::collections::BTreeMap;

/// Lines of each list.
const SHOWN: usize = 5;

/// Prints the review to standard error: it is no data of the command.
pub fn before_close(session: &Session, console: &Console, period: Period) -> anyhow::Result<()> {
    let (client, codec) = (session.client(), session.codec());
    let rejects = Rejects::read(client)?;
    console.notice(&format!("review of {period}"));
    waiting(console, &rejects);
    let mut totals = Totals::default();
    scan::all(client, Topic::Accrual, |batch, row| {
        batch.value(row).map_or(Ok(()), |value| codec.read_accrual(value).map(|accrual| totals.add(accrual)))
    })?;
    by_hand(console, &totals, period);
    movers(console, &totals, period);
    Ok(())
}

/// What waits for something of its own, by reason.
const NAMED: [(Reason, &str); 7] = [
    (Reason::UnknownTerritory, "deals have a line without a territory, or one that nobody has (parked)"),
    (Reason::MissingRate, "deals are in a currency without a rate on their close date (parked)"),
    (Reason::MissingCost, "deals state no cost that a measure waits for (parked)"),
    (Reason::MissingAttribute, "deals state no number that a measure waits for (parked)"),
    (Reason::OtherCurrency, "deals or settlements are in a currency that nothing converts (parked)"),
    (Reason::AmountOutOfRange, "components would earn more than can be paid (parked)"),
    (Reason::UnmatchedAdjustment, "adjustments fit nothing (parked)"),
];

fn waiting(console: &Console, rejects: &Rejects) {
    let parked = |reason: Reason| rejects.of(Some(RejectKind::Parked)).filter(|record| record.reject.reason == reason).count();
    let (plan, quota) = (parked(Reason::MissingPlan), parked(Reason::MissingQuota));
    let named: usize = NAMED.iter().map(|(reason, _)| parked(*reason)).sum();
    let others = rejects.count(RejectKind::Parked) - plan - quota - named;
    let rejected = rejects.count(RejectKind::Rejected);
    let line = |count: usize, what: &str| console.notice(&format!("  {count:>6}  {what}"));
    line(others, "inputs wait for a fact (parked)");
    for (reason, what) in NAMED {
        line(parked(reason), what);
        self::named(console, rejects, reason);
    }
    line(rejected, "inputs were rejected");
    line(plan, "payees and intervals without a plan");
    line(quota, "components and intervals without a quota");
    if others + named + rejected + plan + quota > 0 {
        console.notice("  see: accrue rejects list");
    }
}

/// The first that wait for one reason, by deal or payee.
fn named(console: &Console, rejects: &Rejects, reason: Reason) {
    let parked = rejects.of(Some(RejectKind::Parked));
    for record in parked.filter(|record| record.reject.reason == reason).take(SHOWN) {
        let about = String::from_utf8_lossy(&record.key);
        let field = Some(&record.reject.field).filter(|field| !field.is_empty()).map(|field| format!("{field}: "));
        console.notice(&format!("            {about}: {}{}", field.unwrap_or_default(), record.reject.message));
    }
}

/// What a person looks at twice: lines of pay that no component earned.
fn by_hand(console: &Console, totals: &Totals, period: Period) {
    let booked = || totals.0.iter().filter(|(key, _)| key.booking_period == period && key.component.starts_with(BY_HAND));
    let lines = booked().filter(|(_, booked)| booked.total.0 != 0).count();
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    booked().for_each(|(_, booked)| *sums.entry(&booked.currency).or_default() += booked.total.0);
    let sum = |(currency, sum): (&str, i64)| format!("{} {currency}", grouped(&totals::money(Minor(sum), currency)));
    let sums: Vec<String> = sums.into_iter().map(sum).collect();
    let sums = if lines > 0 { format!(", {} in all", sums.join(" and ")) } else { String::new() };
    console.notice(&format!("  {lines:>6}  lines of pay by hand{sums}"));
}

/// What of money this period books, by payee: negative nets, and the largest sums.
fn movers(console: &Console, totals: &Totals, period: Period) {
    let mut nets: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
    let of_money = |(key, booked): &(&BookedKey, &Booked)| key.booking_period == period && *booked.currency != *POINTS;
    for (key, booked) in totals.0.iter().filter(of_money) {
        let net = nets.entry(&key.payee_id).or_insert((0, &booked.currency));
        net.0 += booked.total.0;
    }
    let negative = nets.values().filter(|(net, _)| *net < 0).count();
    console.notice(&format!("  {negative:>6}  payees with a negative net"));
    let mut sorted: Vec<_> = nets.into_iter().collect();
    sorted.sort_by_key(|(payee, (net, _))| (std::cmp::Reverse(net.abs()), *payee));
    let mut table = Table::new(&["  largest", ">booked", "currency"]);
    for (payee, (net, currency)) in sorted.into_iter().take(SHOWN) {
        table.row([format!("  {payee}"), grouped(&totals::money(Minor(net), currency)), currency.into()]);
    }
    if !table.is_empty() {
        table.lines().iter().for_each(|line| console.notice(line));
    }
}
