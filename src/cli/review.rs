//! What a person looks at before a period is closed: what is parked or rejected, who has no plan or quota, whose
//! balance is negative, and who gained most.

use super::console::Console;
use super::session::Session;
use super::table::{Table, grouped};
use crate::domain::calendar::Period;
use crate::domain::money::Minor;
use crate::domain::output::RejectKind;
use crate::domain::reject::Reason;
use crate::domain::topic::Topic;
use crate::read::rejects::Rejects;
use crate::read::scan;
use crate::read::totals::{self, Totals};
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
    movers(console, &totals, period);
    Ok(())
}

fn waiting(console: &Console, rejects: &Rejects) {
    let parked = |without: &[Reason]| {
        let of = rejects.of(Some(RejectKind::Parked));
        of.filter(|record| without.contains(&record.reject.reason)).count()
    };
    let (plan, quota) = (parked(&[Reason::MissingPlan]), parked(&[Reason::MissingQuota]));
    let uncovered = parked(&[Reason::UnknownTerritory]);
    let deals = rejects.count(RejectKind::Parked) - plan - quota - uncovered;
    let rejected = rejects.count(RejectKind::Rejected);
    let line = |count: usize, what: &str| console.notice(&format!("  {count:>6}  {what}"));
    line(deals, "inputs wait for a fact (parked)");
    line(uncovered, "deals have a line without a territory, or one that nobody has (parked)");
    gaps(console, rejects);
    line(rejected, "inputs were rejected");
    line(plan, "payees and intervals without a plan");
    line(quota, "components and intervals without a quota");
    if deals + uncovered + rejected + plan + quota > 0 {
        console.notice("  see: accrue rejects list");
    }
}

/// The first deals that lack a territory, by name.
fn gaps(console: &Console, rejects: &Rejects) {
    let parked = rejects.of(Some(RejectKind::Parked));
    for record in parked.filter(|record| record.reject.reason == Reason::UnknownTerritory).take(SHOWN) {
        let deal = String::from_utf8_lossy(&record.key);
        console.notice(&format!("            {deal}: {}: {}", record.reject.field, record.reject.message));
    }
}

/// What this period books, by payee: negative nets, and the largest sums.
fn movers(console: &Console, totals: &Totals, period: Period) {
    let mut nets: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
    for (key, booked) in totals.0.iter().filter(|(key, _)| key.booking_period == period) {
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
