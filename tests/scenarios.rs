//! Scenarios in the words of the policy: what is earned for which period, booked into which, and paid.

mod support;

use accrue::domain::adjustment::{AdjustmentMade, MAXIMUM_ADJUSTMENTS};
use accrue::domain::deal::DealClosed;
use accrue::domain::fact::FactBody;
use accrue::domain::money::Amount;
use accrue::domain::pay_terms::Draw;
use accrue::domain::plan::{Method, TierBy};
use accrue::domain::quota::QuotaChanged;
use accrue::domain::settlement::{DealSettled, MAXIMUM_SETTLEMENTS, SettlementKind};
use std::collections::BTreeMap;
use support::company::*;
use support::memory::{Manner, Memory};

/// Something that happens.
#[derive(Clone)]
enum Event {
    Deal(DealClosed<'static>),
    Quota(QuotaChanged<'static>),
    Adjust(AdjustmentMade),
    Fact(FactBody),
    Close(&'static str, &'static str),
    Reopen(&'static str),
    Release(&'static str),
}
use Event::*;

const FIVE_TEN: &[(&str, &str)] = &[("0", "5%"), ("100000", "10%")];
const SIX_TWELVE: &[(&str, &str)] = &[("0", "6%"), ("100000", "12%")];
const ATTAINED: &[(&str, &str)] = &[("0%", "5%"), ("100%", "10%")];

fn amount_plan(tiers: &[(&str, &str)], method: Method) -> Event {
    Fact(plan("2026-01-01", None, component(TierBy::Amount, method, tiers)))
}

fn manner(seed: u64) -> Manner {
    let batch = [1, 2, 3, 7, 100][(seed % 5) as usize];
    let partitions = [1, 2, 4][(seed % 3) as usize];
    Manner {
        partitions,
        batch,
        budget: 2 + (seed % 9) as usize,
        seed,
        workers: 1 + (seed / 3 % 3) as usize,
        drop_one_in: 5,
        restart_one_in: 7,
    }
}

fn happen(memory: &mut Memory, event: &Event) {
    match event {
        Deal(deal) => {
            memory.deal(deal);
        }
        Quota(quota) => {
            memory.quota(quota);
        }
        Adjust(made) => {
            memory.adjustment(made);
        }
        Fact(body) => memory.state("ops", body.clone()),
        Close(close_id, of) => {
            memory.close(close_id, "fiscal", period(of), "ann");
            memory.run();
        }
        Reopen(close_id) => {
            memory.reopen(close_id, "ann");
            memory.run();
        }
        Release(close_id) => {
            memory.release(close_id, "bob");
            memory.run();
        }
    }
}

/// Booked totals as "payee effective@booked" -> minor units, without zeros.
fn booked(memory: &Memory) -> BTreeMap<String, i64> {
    let newest: BTreeMap<String, i64> = memory
        .accruals
        .iter()
        .map(|a| (format!("{} {}@{}", a.payee_id, a.effective_period, a.booking_period), a.new_total.0))
        .collect();
    newest.into_iter().filter(|(_, total)| *total != 0).collect()
}

fn paid(memory: &Memory) -> BTreeMap<String, i64> {
    let name = |p: &accrue::domain::output::Payout| format!("{} {} {:?} {}", p.run_id, p.payee_id, p.kind, p.effective_period);
    memory.payouts.iter().map(|payout| (name(payout), payout.amount.0)).collect()
}

fn expect(rows: &[(&str, i64)]) -> BTreeMap<String, i64> {
    rows.iter().map(|(name, amount)| (name.to_string(), *amount)).collect()
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Shuffles what lies between closes, reopens and releases; facts that define what later ones name stay in front.
fn shuffled(events: &[Event], seed: u64) -> Vec<Event> {
    let mut state = seed;
    let mut result: Vec<Event> = Vec::new();
    let mut open: Vec<Event> = Vec::new();
    for event in events.iter().cloned() {
        if matches!(event, Deal(_) | Quota(_) | Adjust(_) | Fact(FactBody::PayeeDefined(_))) {
            open.push(event);
            continue;
        }
        result.extend(mixed(std::mem::take(&mut open), &mut state));
        result.push(event);
    }
    result.extend(mixed(open, &mut state));
    result
}

fn mixed(mut events: Vec<Event>, state: &mut u64) -> Vec<Event> {
    for at in (1..events.len()).rev() {
        events.swap(at, (splitmix(state) % (at as u64 + 1)) as usize);
    }
    events
}

/// Runs the events in 100 orders of arrival, batch sizes and partition counts; the end is the same every time.
fn check(events: &[Event], expected_booked: &[(&str, i64)], expected_paid: &[(&str, i64)]) {
    for seed in 0..100 {
        let mut memory = Memory::new(manner(seed));
        for event in shuffled(events, seed) {
            happen(&mut memory, &event);
            if splitmix(&mut seed.clone()).is_multiple_of(3) {
                memory.run();
            }
        }
        memory.run();
        assert_eq!(booked(&memory), expect(expected_booked), "booked, seed {seed}");
        assert_eq!(paid(&memory), expect(expected_paid), "paid, seed {seed}");
        let report = memory.verify();
        assert_eq!(report.differences, vec![], "seed {seed}\n{report}");
        assert!(report.totals_checked > 0);
    }
}

fn base() -> Vec<Event> {
    vec![Fact(company()), Fact(calendar("2026-12")), Fact(bookings()), Fact(payee("ana", &[("2026-01-01", None)]))]
}

fn with(events: Vec<Event>) -> Vec<Event> {
    base().into_iter().chain(events).collect()
}

#[test]
fn a_february_deal_before_the_january_close_is_february_s_money() {
    let events = with(vec![
        amount_plan(FIVE_TEN, Method::Marginal),
        Deal(deal("D1", 1, "2026-01-20", "90000", "ana")),
        Deal(deal("D2", 1, "2026-02-03", "60000", "ana")),
        Close("c1", "2026-01"),
    ]);
    check(&events, &[("ana 2026-01@2026-01", 450_000), ("ana 2026-02@2026-02", 550_000)], &[]);
}

#[test]
fn a_correction_and_a_cancellation_recompute() {
    let start = vec![
        amount_plan(FIVE_TEN, Method::Marginal),
        Deal(deal("D1", 1, "2026-01-10", "60000", "ana")),
        Deal(deal("D2", 1, "2026-01-11", "60000", "ana")),
    ];
    check(&with(start.clone()), &[("ana 2026-01@2026-01", 700_000)], &[]);
    let corrected = [start.clone(), vec![Deal(deal("D1", 2, "2026-01-10", "6000", "ana"))]].concat();
    check(&with(corrected), &[("ana 2026-01@2026-01", 330_000)], &[]);
    let gone = [start, vec![Deal(cancelled(deal("D1", 1, "2026-01-10", "60000", "ana"), 2))]].concat();
    check(&with(gone), &[("ana 2026-01@2026-01", 300_000)], &[]);
}

#[test]
fn a_plan_that_changes_inside_the_quarter_carries_the_position() {
    let events = with(vec![
        Fact(plan("2026-01-01", Some("2026-02-01"), component(TierBy::Amount, Method::Marginal, FIVE_TEN))),
        Fact(plan("2026-02-01", None, component(TierBy::Amount, Method::Marginal, SIX_TWELVE))),
        Deal(deal("D1", 1, "2026-01-20", "90000", "ana")),
        Deal(deal("D2", 1, "2026-02-03", "60000", "ana")),
    ]);
    check(&events, &[("ana 2026-01@2026-01", 450_000), ("ana 2026-02@2026-02", 660_000)], &[]);
}

#[test]
fn oracle_s_running_totals() {
    let table = &[("0", "1%"), ("1000", "2%"), ("3000", "3%"), ("8000", "5%")];
    let deals = [
        ("D1", "2026-01-05", "200"),
        ("D2", "2026-01-06", "300"),
        ("D3", "2026-01-07", "1500"),
        ("D4", "2026-02-05", "1200"),
        ("D5", "2026-02-06", "2000"),
        ("D6", "2026-03-05", "4500"),
    ];
    let deals: Vec<Event> = deals.into_iter().map(|(id, on, amount)| Deal(deal(id, 1, on, amount, "ana"))).collect();
    let total = |method| [vec![amount_plan(table, method)], deals.clone()].concat();
    let months = [("ana 2026-01@2026-01", 3_000), ("ana 2026-02@2026-02", 8_600), ("ana 2026-03@2026-03", 16_900)];
    check(&with(total(Method::Marginal)), &months, &[]);
    let months = [("ana 2026-01@2026-01", 4_000), ("ana 2026-02@2026-02", 11_600), ("ana 2026-03@2026-03", 32_900)];
    check(&with(total(Method::Retroactive)), &months, &[]);
}

/// What comes after a close is booked in the next period, for the period that it was earned in.
#[test]
fn late_deals_cancellations_quota_and_organisation_changes_after_a_close() {
    let events = vec![
        Fact(company()),
        Fact(calendar("2026-12")),
        Fact(bookings()),
        Fact(plan("2026-01-01", None, component(TierBy::Attainment, Method::Marginal, ATTAINED))),
        Fact(payee("mia", &[("2026-01-01", None)])),
        Fact(payee("ana", &[("2026-01-01", Some("mia"))])),
        Quota(quota("ana", "2026-Q1", 1, "100000")),
        Quota(quota("mia", "2026-Q1", 1, "1000000")),
        Deal(deal("D1", 1, "2026-01-20", "90000", "ana")),
        Deal(deal("D2", 1, "2026-02-03", "60000", "ana")),
        Deal(deal("D3", 1, "2026-01-30", "10000", "ana")),
        // January closes: ana 100 000 at 5 % = 5 000, mia 5 000. It is reopened, and closed with one deal more.
        Close("c1", "2026-01"),
        Reopen("c1"),
        Deal(deal("D4", 1, "2026-01-31", "20000", "ana")),
        // ana 100 000 at 5 % + 20 000 at 10 % = 7 000; mia 6 000.
        Close("c1b", "2026-01"),
        Release("c1b"),
        // Late: 10 000 more for January, D3 cancelled (nets to nothing), ana's quota to 200 000, mia gone since January.
        Deal(deal("D5", 1, "2026-01-15", "10000", "ana")),
        Deal(cancelled(deal("D3", 1, "2026-01-30", "10000", "ana"), 2)),
        Quota(quota("ana", "2026-Q1", 2, "200000")),
        Fact(payee("ana", &[("2026-01-01", None)])),
        Close("c2", "2026-02"),
        Release("c2"),
    ];
    let booked = [
        ("ana 2026-01@2026-01", 700_000),
        // January is 120 000 at 5 % = 6 000 now, and February 60 000 at 5 % = 3 000.
        ("ana 2026-01@2026-02", -100_000),
        ("ana 2026-02@2026-02", 300_000),
        ("mia 2026-01@2026-01", 600_000),
        ("mia 2026-01@2026-02", -600_000),
    ];
    let paid = [
        ("c1b ana Regular 2026-01", 700_000),
        ("c1b mia Regular 2026-01", 600_000),
        ("c2 ana PriorPeriod 2026-01", -100_000),
        ("c2 ana Regular 2026-02", 300_000),
    ];
    check(&events, &booked, &paid);
}

/// A negative net is carried until there is something to set it off against.
#[test]
fn a_negative_net_goes_forward() {
    let events = with(vec![
        amount_plan(FIVE_TEN, Method::Marginal),
        Deal(deal("D1", 1, "2026-01-10", "60000", "ana")),
        Close("c1", "2026-01"),
        Release("c1"),
        Deal(cancelled(deal("D1", 1, "2026-01-10", "60000", "ana"), 2)),
        Deal(deal("D2", 1, "2026-02-10", "20000", "ana")),
        Close("c2", "2026-02"),
        Release("c2"),
        Deal(deal("D3", 1, "2026-03-10", "80000", "ana")),
        Close("c3", "2026-03"),
        Release("c3"),
    ]);
    let booked = [
        ("ana 2026-01@2026-01", 300_000),
        ("ana 2026-01@2026-02", -300_000),
        ("ana 2026-02@2026-02", 100_000),
        ("ana 2026-03@2026-03", 400_000),
    ];
    let paid = [("c1 ana Regular 2026-01", 300_000), ("c3 ana Carried 2026-03", -200_000), ("c3 ana Regular 2026-03", 400_000)];
    check(&events, &booked, &paid);
}

/// Deals wait for payees, calendars and measures, and count as if these had been there.
#[test]
fn facts_that_come_last_end_in_the_same() {
    let events = [
        vec![Deal(deal("D1", 1, "2026-01-10", "60000", "ana")), Deal(deal("D2", 1, "2026-01-11", "60000", "ana"))],
        base(),
        vec![amount_plan(FIVE_TEN, Method::Marginal)],
    ];
    check(&events.concat(), &[("ana 2026-01@2026-01", 700_000)], &[]);
}

fn planless(payee_id: &str) -> Event {
    let FactBody::PayeeDefined(mut payee) = payee(payee_id, &[("2026-01-01", None)]) else { unreachable!() };
    payee.rows.iter_mut().for_each(|row| row.plans.clear());
    Fact(FactBody::PayeeDefined(payee))
}

#[test]
fn a_line_for_one_without_a_plan_is_paid_and_one_for_nobody_waits() {
    check(
        &[
            Fact(company()),
            Fact(calendar("2026-12")),
            planless("max"),
            planless("zoe"),
            Adjust(line_of_pay("max", "2026-01", "10.00")),
            Adjust(line_of_pay("nobody", "2026-01", "99.00")),
            Adjust(line_of_pay("zoe", "2026-01", "20.50")),
            Close("c1", "2026-01"),
            Release("c1"),
        ],
        &[("max 2026-01@2026-01", 1_000), ("zoe 2026-01@2026-01", 2_050)],
        &[("c1 max Manual 2026-01", 1_000), ("c1 zoe Manual 2026-01", 2_050)],
    );
}

/// One more than there may be is rejected and changes nothing; the one before it counts, and so does what comes in another quarter.
#[test]
fn what_is_one_too_many_is_rejected() {
    let mut memory = Memory::new(manner(3));
    with(vec![amount_plan(FIVE_TEN, Method::Marginal), Deal(deal("D1", 1, "2026-01-10", "60000", "ana"))])
        .iter()
        .for_each(|event| happen(&mut memory, event));
    for number in 0..=MAXIMUM_ADJUSTMENTS {
        let adjustment_id = format!("A{number}");
        memory.adjustment(&AdjustmentMade { adjustment_id, ..line_of_pay("ana", "2026-02", "1.00") });
    }
    memory.adjustment(&AdjustmentMade { adjustment_id: "next".into(), ..line_of_pay("ana", "2026-04", "7.00") });
    for number in 0..=MAXIMUM_SETTLEMENTS {
        memory.settlement(&DealSettled {
            settlement_id: &format!("S{number}"),
            deal_id: "D1",
            kind: SettlementKind::Collected,
            amount: Amount::parse("1.00").unwrap(),
            currency: "USD",
            on: "2026-01-20".parse().unwrap(),
            occurred_at: 0,
        });
    }
    memory.run();
    let mut said: Vec<String> = memory.rejected.iter().map(|rejected| rejected.reject.to_string()).collect();
    said.sort();
    let expected = [
        "adjustment_id: \"ana\" has 200 adjustments in the quarter of 2026-02 already [invalid_field]",
        "settlement_id: deal \"D1\" has 1000 settlements already [invalid_field]",
    ];
    assert_eq!(said, expected);
    let paid = [("ana 2026-01@2026-01", 300_000), ("ana 2026-02@2026-02", 20_000), ("ana 2026-04@2026-04", 700)];
    assert_eq!(booked(&memory), expect(&paid));
    assert_eq!(memory.verify().differences, vec![]);
}

/// What no accrual could hold earns nothing and waits with a word; everybody else is paid.
#[test]
fn an_earning_out_of_range_waits_and_the_rest_goes_on() {
    let mut memory = Memory::new(manner(4));
    with(vec![
        Fact(payee("bob", &[("2026-01-01", None)])),
        amount_plan(FIVE_TEN, Method::Marginal),
        Deal(deal("D1", 1, "2026-01-10", "9999999999999999", "ana")),
        Deal(deal("D2", 1, "2026-01-10", "1000", "bob")),
    ])
    .iter()
    .for_each(|event| happen(&mut memory, event));
    memory.run();
    assert_eq!(booked(&memory), expect(&[("bob 2026-01@2026-01", 5_000)]));
    let said: Vec<String> = memory.rejected.iter().map(|rejected| rejected.reject.to_string()).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].ends_with("an amount is out of range, it earns nothing [amount_out_of_range]"), "{said:?}");
    assert_eq!(memory.verify().differences, vec![], "both engines say nothing for it");
    happen(&mut memory, &Deal(deal("D1", 2, "2026-01-10", "2000", "ana")));
    memory.run();
    assert_eq!(booked(&memory), expect(&[("ana 2026-01@2026-01", 10_000), ("bob 2026-01@2026-01", 5_000)]));
    assert_eq!(memory.verify().differences, vec![]);
}

/// The most that a draw may be is paid; a plan with more is refused, and pays nothing.
#[test]
fn a_draw_that_no_payout_holds_is_refused() {
    let paid = |amount: &str, expected_paid: &[(&str, i64)]| {
        let plan = plan("2026-01-01", None, component(TierBy::Amount, Method::Marginal, FIVE_TEN));
        let FactBody::PlanDefined(mut plan) = plan else { unreachable!() };
        let [first, last] = ["2026-01", "2026-06"].map(period);
        plan.pay.draw = Some(Draw { amount: Amount::parse(amount).unwrap(), first, last, recover: None });
        let by_hand = [planless("max"), Adjust(line_of_pay("max", "2026-01", "10.00"))];
        let closed = [Fact(FactBody::PlanDefined(plan)), Close("c1", "2026-01"), Release("c1")];
        check(&with([by_hand.to_vec(), closed.to_vec()].concat()), &[("max 2026-01@2026-01", 1_000)], expected_paid);
    };
    let by_hand = ("c1 max Manual 2026-01", 1_000);
    paid("1000000000000", &[("c1 ana Guarantee 2026-01", 100_000_000_000_000), by_hand]);
    paid("1000000000000.01", &[by_hand]);
}
