//! What a publication would do to what is earned: told before anybody is asked, with those who lose for periods that are closed.

use super::console::Console;
use super::session::Session;
use super::table::{Table, grouped};
use super::verify::history;
use crate::domain::adjustment::AdjustmentMade;
use crate::domain::fact::Fact;
use crate::domain::money::Minor;
use crate::domain::topic::Topic;
use crate::files::{Change, Record};
use crate::read::effects::{Coming, Effect, effects};
use crate::read::totals;
use serde_json::json;

/// Rows of people that are shown; JSON has all of them.
const SHOWN: usize = 20;

/// Computes and shows what changes would do; `facts` are those among them.
pub fn show(session: &Session, changes: &[Change], facts: &[Fact], console: &Console) -> anyhow::Result<()> {
    let mut history = history(session, console)?;
    let quotas = changes.iter().filter_map(|change| match &change.record {
        Record::Quota(quota) => Some(quota.as_quota_changed("", "", 0)),
        _ => None,
    });
    let adjustments = changes.iter().filter_map(|change| match &change.record {
        Record::Adjustment(made) => Some(made.clone()),
        _ => None,
    });
    let (quotas, adjustments): (Vec<_>, Vec<AdjustmentMade>) = (quotas.collect(), adjustments.collect());
    let coming = Coming { facts, quotas: &quotas, adjustments: &adjustments };
    if !history.has_inputs() && adjustments.is_empty() {
        // Nothing was sold yet.
        return Ok(());
    }
    let before = history.totals();
    coming.join(&mut history, session.client().partitions(Topic::DealClosed)?);
    let mut effects = effects(&before, &history.totals());
    // The largest losses first.
    effects.sort_by_key(|of| (-of.less.0, of.after.0 - of.before.0));
    if console.json {
        return effects.iter().try_for_each(|effect| object(effect, console));
    }
    table(&effects, console);
    losers(&effects, console);
    Ok(())
}

fn object(of: &Effect, console: &Console) -> anyhow::Result<()> {
    let money = |minor: i64| totals::money(Minor(minor), &of.currency);
    console.object(&json!({
        "kind": "pay", "payee": *of.payee_id, "currency": *of.currency, "before": money(of.before.0), "after": money(of.after.0),
        "difference": money(of.after.0 - of.before.0), "in_closed_periods": money(of.in_closed.0),
        "less_in": of.less_in.iter().map(ToString::to_string).collect::<Vec<_>>(),
    }))
}

fn table(effects: &[Effect], console: &Console) {
    if effects.is_empty() {
        console.notice("nobody earns more or less money by it");
        return;
    }
    let mut table = Table::new(&["payee", ">earned now", ">then", ">difference", ">of it closed", "currency"]);
    for of in effects.iter().take(SHOWN) {
        let money = |minor: i64| grouped(&totals::money(Minor(minor), &of.currency));
        let [before, after, difference, closed] = [of.before.0, of.after.0, of.after.0 - of.before.0, of.in_closed.0].map(money);
        table.row([of.payee_id.to_string(), before, after, difference, closed, of.currency.to_string()]);
    }
    table.lines().iter().for_each(|line| console.notice(line));
    if effects.len() > SHOWN {
        console.notice(&format!("and {} more: --json has all of them", effects.len() - SHOWN));
    }
}

/// Whoever would lose what may have been paid.
fn losers(effects: &[Effect], console: &Console) {
    let losers: Vec<&str> = effects.iter().filter(|of| !of.less_in.is_empty()).map(|of| &*of.payee_id).collect();
    if losers.is_empty() {
        return;
    }
    let more = if losers.len() > SHOWN { format!(" and {} more", losers.len() - SHOWN) } else { String::new() };
    let named = losers[..losers.len().min(SHOWN)].join(", ");
    let text = format!("less is earned for periods that are closed, which may not be lawful everywhere, by {named}{more}");
    super::console::fold(&text).iter().for_each(|line| console.notice(line));
}
