//! Properties of the oracle over random histories: whatever the order of arrival, what is booked stays the same.

mod support;
use support::histories;

use accrue::domain::fact::{Cut, FactBody};
use accrue::domain::money::Minor;
use accrue::domain::output::CloseNote;
use accrue::domain::pay_terms::PaymentExcess;
use accrue::domain::plan::EarningUnit;
use accrue::domain::topic::{Position, Topic, partition_of};
use accrue::oracle::{EarnedKey, History, RunTotal, Totals};
use histories::{Event, Features};
use std::collections::BTreeMap;

const PARTITIONS: u32 = 3;

/// Feeds events as a log of three partitions would; every close is performed at once.
fn totals(events: &[Event]) -> Totals {
    let mut history = History::new(PARTITIONS);
    let [mut deals, mut quotas, mut settlements, mut adjustments] = [[0; PARTITIONS as usize]; 4];
    let mut facts = 0;
    for event in events {
        match event {
            Event::Deal(deal) => {
                history.deal(next(Topic::DealClosed, &deal.deal_id, &mut deals), &deal.as_deal());
            }
            Event::Quota(quota) => {
                history.quota(next(Topic::QuotaChanged, &quota.payee_id, &mut quotas), &quota.as_quota());
            }
            Event::Settlement(settled) => {
                history.settlement(next(Topic::DealSettled, &settled.deal_id, &mut settlements), &settled.as_settlement());
            }
            Event::Adjustment(made) => {
                history.adjustment(next(Topic::AdjustmentMade, &made.payee_id, &mut adjustments), made);
            }
            Event::Fact(fact) => {
                let mut fact = fact.as_ref().clone();
                if let FactBody::PeriodClosed(closed) = &mut fact.body {
                    let ends = [deals, quotas, settlements, adjustments].map(|next| next.to_vec());
                    let [deal_closed, quota_changed, deal_settled, adjustment_made] = ends;
                    closed.cut = Cut { deal_closed, quota_changed, deal_settled, adjustment_made };
                }
                history.fact(facts, &fact);
                facts += 1;
                if let FactBody::PeriodClosed(closed) = &fact.body {
                    for partition in 0..PARTITIONS {
                        let next = [deals, quotas, settlements, adjustments].map(|next| next[partition as usize]);
                        let [deal_closed, quota_changed, deal_settled, adjustment_made] = next;
                        history.close_note(&CloseNote::SourceClosed {
                            close_id: closed.close_id.clone(),
                            partition,
                            deal_closed,
                            quota_changed,
                            deal_settled,
                            adjustment_made,
                        });
                    }
                }
            }
        }
    }
    history.totals()
}

fn next(topic: Topic, key: &str, offsets: &mut [u64; PARTITIONS as usize]) -> Position {
    let partition = partition_of(key.as_bytes(), PARTITIONS);
    let offset = offsets[partition as usize];
    offsets[partition as usize] += 1;
    Position { topic, partition, offset }
}

#[test]
fn any_order_between_closes_gives_the_same_totals() {
    for seed in 0..200 {
        let history = histories::History::generate(seed);
        let expected = totals(&history.events);
        for shuffle in 0..3 {
            assert_eq!(totals(&history.shuffled(shuffle)), expected, "seed {seed}, shuffle {shuffle}");
        }
    }
}

#[test]
fn bookings_add_up_to_what_was_earned_and_payouts_to_what_was_booked() {
    for seed in 0..200 {
        let mut events = histories::History::generate(seed).events;
        events.iter_mut().for_each(paid_as_booked);
        events.iter_mut().for_each(paid_at_home);
        events.iter_mut().for_each(earned_in_money);
        let totals = totals(&events);
        let mut sums: BTreeMap<EarnedKey, Minor> = BTreeMap::new();
        for (key, minor) in &totals.booked {
            let (payee_id, component) = (key.payee_id.clone(), key.component.clone());
            let key = EarnedKey { payee_id, component, interval: key.interval, pay_period: key.effective_period };
            sums.entry(key).or_default().0 += minor.0;
        }
        sums.retain(|_, minor| minor.0 != 0);
        assert_eq!(sums, totals.earned, "seed {seed}");
        let last = totals.runs.iter().map(|run| run.period).max();
        let closed = totals.booked.iter().filter(|(key, _)| Some(key.booking_period) <= last);
        let booked: i64 = closed.map(|(_, minor)| minor.0).sum();
        // Everybody in the currency of the plans, each of which adds up by itself.
        let abroad = |run: &RunTotal| run.other_totals.iter().map(|other| other.total.0).sum::<i64>();
        let paid: i64 = totals.runs.iter().map(|run| run.total.0 + abroad(run)).sum();
        let carried: i64 = totals.balances.values().map(|balance| balance.0).sum();
        let last_run = totals.runs.iter().max_by_key(|run| run.period).map(|run| run.run_id.as_str());
        let left = totals.left.iter().filter(|((run_id, _), _)| Some(run_id.as_str()) == last_run);
        let held: i64 = left.map(|(_, [_, _, held, _])| held.0).sum();
        assert_eq!(paid + carried + held, booked, "seed {seed}");
        let released = totals.runs.iter().filter(|run| run.released_by.is_some());
        let released: u64 = released.map(|run| run.records).sum();
        assert_eq!(released, totals.payouts.len() as u64, "seed {seed}");
    }
}

/// A draw or guarantee pays what nobody has earned, and a cap may take what somebody has.
fn paid_as_booked(event: &mut Event) {
    if let Event::Fact(fact) = event
        && let FactBody::PlanDefined(plan) = &mut fact.body
    {
        plan.pay.draw = None;
        plan.pay.payment_cap.iter_mut().for_each(|cap| cap.excess = PaymentExcess::Carry);
    }
}

/// Points are booked and never paid.
fn earned_in_money(event: &mut Event) {
    if let Event::Fact(fact) = event
        && let FactBody::PlanDefined(plan) = &mut fact.body
    {
        plan.components.iter_mut().for_each(|component| component.unit = EarningUnit::Money);
    }
}

/// Amounts of several currencies do not add up, and a close refuses another currency than it has paid in.
fn paid_at_home(event: &mut Event) {
    if let Event::Fact(fact) = event
        && let FactBody::PayeeDefined(payee) = &mut fact.body
    {
        payee.rows.iter_mut().for_each(|row| row.pay_currency = None);
    }
}

/// Without closes not even the order of closes matters: the end alone decides what is earned.
#[test]
fn closes_move_bookings_but_never_what_is_earned() {
    for seed in 0..100 {
        let mut history = histories::History::generate(seed);
        history.events.iter_mut().for_each(paid_at_home);
        let open: Vec<Event> = history.events.iter().filter(|event| !event.is_barrier()).cloned().collect();
        assert_eq!(totals(&open).earned, totals(&history.events).earned, "seed {seed}");
    }
}

#[test]
fn histories_hold_every_feature_often_enough() {
    let mut features = Features::default();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..200 {
        let history = histories::History::generate(seed);
        features.add(&history.features);
        let totals = totals(&history.events);
        for (name, found) in [
            ("earned", !totals.earned.is_empty()),
            ("payouts", !totals.payouts.is_empty()),
            ("balances", !totals.balances.is_empty()),
            ("parked", !totals.parked.is_empty()),
            ("ignored facts", !totals.ignored_facts.is_empty()),
        ] {
            *kinds.entry(name).or_default() += usize::from(found);
        }
    }
    println!("{features:#?}\n{kinds:#?}");
    let every = [
        "deal",
        "amendment",
        "cancellation",
        "return",
        "moved deal",
        "split changed",
        "older revision late",
        "duplicate",
        "conflict",
        "overlay",
        "line splits",
        "negative line",
        "boundary date",
        "outside the calendar",
        "other currency",
        "open or lost",
        "unknown payee",
        "unknown manager",
        "payee later",
        "manager later",
        "vacant seat",
        "move inside a month",
        "move to another plan",
        "organisation changed",
        "plan version",
        "plan corrected",
        "plan later",
        "measure later",
        "calendar extended",
        "fact refused",
        "quota",
        "quota change",
        "quota withdrawn",
        "quota zero",
        "quota applies from",
        "close",
        "reopen",
        "release",
        "release by the closer",
    ];
    for feature in every {
        assert!(features.of(feature) >= 20, "{feature}: {}", features.of(feature));
    }
    for (name, count) in kinds {
        assert!(count >= 20, "{name}: {count}");
    }
}
