//! What comes between two batches of a close, what a year that prices months is told when, and how far back a fact reaches: who is
//! closed once, which quotas are waited for, what an accrual says it was caused by.

mod support;

use accrue::domain::calendar::{Interval, IntervalKind};
use accrue::domain::currency::{CurrencyRates, RateRow};
use accrue::domain::deal::{Change, DealClosed};
use accrue::domain::fact::{EarnedBy, Earnings, FactBody, Measure};
use accrue::domain::measure::MeasureOf;
use accrue::domain::money::{Amount, CURRENCY_RATE_DECIMALS, CurrencyRate, Rate};
use accrue::domain::output::RejectKind;
use accrue::domain::pay_terms::{AtEnd, Draw, Recover, RecoveryFloor};
use accrue::domain::plan::{Clawback, ClawbackPrice, Component, Deficit, Method, Negative, NoQuota, ScaleRow, TierBy};
use accrue::domain::reject::Reason;
use support::company::*;
use support::memory::{Manner, Memory};

/// More than a batch of a close takes at once, with a state each and a ledger.
const PAYEES: usize = 200;

fn memory(seed: u64, budget: usize, bodies: Vec<FactBody>) -> Memory {
    let (drop_one_in, restart_one_in) = (0, 0);
    let mut memory = Memory::new(Manner { partitions: 1, batch: 1_000, budget, seed, workers: 1, drop_one_in, restart_one_in });
    [company(), calendar("2026-12"), bookings()].into_iter().chain(bodies).for_each(|body| memory.state("ops", body));
    memory
}

fn with_draw(plan: FactBody) -> FactBody {
    let FactBody::PlanDefined(mut plan) = plan else { unreachable!() };
    let [first, last] = ["2026-01", "2026-06"].map(period);
    let recover = Recover {
        from: last,
        share_of_excess: Rate(100_000_000),
        floor: RecoveryFloor::Draw,
        maximum_balance: None,
        at_end: AtEnd::Owed,
    };
    plan.pay.draw = Some(Draw { amount: Amount::parse("200").unwrap(), first, last, recover: Some(recover) });
    FactBody::PlanDefined(plan)
}

#[test]
fn a_payee_is_closed_once_whatever_comes_meanwhile() {
    let ids: Vec<[String; 3]> =
        (0..PAYEES).map(|number| [format!("p{number:03}"), format!("first-{number}"), format!("next-{number}")]).collect();
    let plan = with_draw(plan("2026-01-01", None, component(TierBy::Amount, Method::Marginal, &[("0", "5%")])));
    for seed in 0..6 {
        let payees = ids.iter().map(|[id, ..]| payee(id, &[("2026-01-01", None)]));
        let mut memory = memory(seed, 16, [plan.clone()].into_iter().chain(payees).collect());
        for [id, first, _] in &ids {
            memory.deal(&deal(first, 1, "2026-01-10", "1000", id));
        }
        memory.run();
        // What comes behind the close is of a quarter that nobody has a state of yet.
        memory.close("c1", "fiscal", period("2026-01"), "ann");
        for [id, _, next] in &ids {
            memory.deal(&deal(next, 1, "2026-04-10", "1000", id));
        }
        memory.release("c1", "bob");
        memory.run();
        assert_eq!(memory.verify().differences, vec![], "{seed}");
        // 50 are earned, and 150 are drawn.
        let paid = memory.payouts.iter().map(|payout| payout.amount.0).sum::<i64>();
        assert_eq!(paid, PAYEES as i64 * 20_000, "{seed}");
    }
}

#[test]
fn a_year_that_prices_months_has_their_quotas_and_waits_for_no_others() {
    let commission = Component {
        interval: IntervalKind::Month,
        negative: Negative::Zero,
        deficit: Deficit::NextIntervalOfYear,
        no_quota: Some(NoQuota::Park),
        ..component(TierBy::Attainment, Method::Marginal, &[("0%", "5%"), ("100%", "10%")])
    };
    let by_the_year = || plan("2026-01-01", None, commission.clone());
    for (seed, late) in (0..8).map(|seed| (seed, seed % 2 == 0)) {
        let plans = if late { vec![] } else { vec![by_the_year()] };
        let payees = [payee("ana", &[("2026-01-01", None)])];
        let mut memory = memory(seed, 16, plans.into_iter().chain(payees).collect());
        memory.deal(&deal("d1", 1, "2026-01-10", "1000", "ana"));
        memory.run();
        let first = memory.quota(&quota("ana", "2026-01", 1, "1000"));
        memory.run();
        if late {
            memory.state("ops", by_the_year());
            memory.run();
        }
        let priced = memory.accruals.last().unwrap();
        assert_eq!((priced.new_total.0, late || priced.causes.last == first), (5_000, true), "{seed} {:?}", priced.causes);
        memory.quota(&quota("ana", "2026-02", 1, "1000"));
        memory.close("c1", "fiscal", period("2026-01"), "ann");
        memory.reopen("c1", "ann");
        memory.run();
        assert_eq!((memory.accruals.len(), memory.verify().differences), (1, vec![]), "{seed}");
        // Of quarters of which nothing was told nothing is said.
        let first_quarter = |interval: Interval| interval.first_and_last().1 <= period("2026-03");
        assert!(memory.measured.keys().all(|(_, _, interval)| first_quarter(*interval)), "{:?}", memory.measured);
        let of_quotas = memory.rejected.iter().filter(|record| record.reject.reason == Reason::MissingQuota);
        let parked: Vec<&str> =
            of_quotas.filter(|record| record.kind == RejectKind::Parked).map(|record| &*record.reject.message).collect();
        let told = ["2026-01", "2026-02", "2026-03"]
            .map(|month| format!("component \"commission\" needs a quota of \"bookings\" for {month}"));
        let expected: Vec<&str> = told.iter().skip(usize::from(late)).map(String::as_str).collect();
        assert_eq!(parked, expected, "{seed}");
    }
}

#[test]
fn a_rate_reaches_a_returned_deal_that_states_an_earlier_day() {
    let FactBody::MeasureDefined(bookings) = bookings() else { unreachable!() };
    let bookings = Measure { rate_type: Some("spot".into()), ..bookings };
    let scale = vec![ScaleRow { within_months: 3, share: Rate(100_000_000) }];
    let commission = Component {
        clawback: Clawback { price: ClawbackPrice::HistoricRate, scale, ..Clawback::default() },
        ..component(TierBy::Amount, Method::Marginal, &[("0", "10%")])
    };
    let rates = |rows: &[(&str, i128)]| {
        let row = |(from, percent): &(&str, i128)| RateRow {
            from: date(from),
            rate: CurrencyRate(percent * 10i128.pow(CURRENCY_RATE_DECIMALS - 2)),
            max_age_days: 365,
        };
        let [rate_type, from_currency, to_currency] = ["spot", "EUR", "USD"].map(String::from);
        FactBody::RatesDefined(CurrencyRates { rate_type, from_currency, to_currency, rows: rows.iter().map(row).collect() })
    };
    let sold = DealClosed { currency: "EUR", ..deal("d1", 1, "2026-03-10", "1000", "ana") };
    // More than three months later nothing of it is taken back. It says another day now than when it was sold.
    let returned = DealClosed {
        change: Change::Cancellation,
        closed_on: date("2026-01-05"),
        effective_on: Some(date("2026-06-20")),
        ..cancelled(sold.clone(), 2)
    };
    for (seed, first) in (0..8).map(|seed| (seed, seed % 2 == 0)) {
        let [before, after] = [rates(&[("2026-01-01", 110)]), rates(&[("2026-01-01", 110), ("2026-03-01", 120)])];
        let plan = plan("2026-01-01", None, commission.clone());
        let bodies = vec![FactBody::MeasureDefined(bookings.clone()), plan, payee("ana", &[("2026-01-01", None)]), before];
        let mut memory = memory(seed, 16, bodies);
        if first {
            memory.state("ops", after.clone());
        }
        for told in [&sold, &returned] {
            memory.deal(told);
            memory.run();
        }
        if !first {
            memory.state("ops", after);
            memory.run();
        }
        let earned = memory.accruals.last().map(|accrual| accrual.new_total.0);
        assert_eq!((earned, memory.verify().differences), (Some(12_000), vec![]), "{seed}");
    }
}

/// Reps report to managers, and those to directors, who earn on what the others do.
#[test]
fn what_is_earned_on_a_component_that_is_gone_is_final_before_the_close() {
    let on = |id: &str, measure: &str, rate: &str| Component {
        component_id: id.into(),
        measure: measure.into(),
        ..component(TierBy::Amount, Method::Marginal, &[("0", rate)])
    };
    let earned = |id: &str, component: &str| {
        let earnings = Some(Earnings { components: vec![component.into()], by: EarnedBy::Reports });
        FactBody::MeasureDefined(Measure { measure_id: id.into(), of: MeasureOf::Earned, earnings, ..Measure::default() })
    };
    let with = |first: &str| {
        let FactBody::PlanDefined(mut plan) = plan("2026-01-01", None, on(first, "bookings", "5%")) else { unreachable!() };
        plan.components.push(on("override", "of-spiff", "10%"));
        plan.components.push(on("bonus-of-directors", "of-override", "10%"));
        FactBody::PlanDefined(plan)
    };
    let payees = [("dir", None), ("mgr", Some("dir")), ("rep", Some("mgr"))];
    for seed in 0..12 {
        let bodies = [earned("of-spiff", "spiff"), earned("of-override", "override"), with("spiff")];
        let payees = payees.map(|(id, manager)| payee(id, &[("2026-01-01", manager)]));
        let mut memory = memory(seed, 16, bodies.into_iter().chain(payees).collect());
        memory.deal(&deal("d", 1, "2026-01-10", "1000", "rep"));
        memory.run();
        // Nobody earns anything on it any more.
        memory.state("ops", with("bonus"));
        memory.close("c1", "fiscal", period("2026-01"), "ann");
        memory.release("c1", "bob");
        memory.run();
        assert_eq!(memory.verify().differences, vec![], "{seed}");
        // Of the deal, which rolls up; of each other nothing.
        let paid: Vec<_> = memory.payouts.iter().map(|payout| (&*payout.payee_id, payout.amount.0)).collect();
        assert_eq!(paid, [("dir", 5_000), ("mgr", 5_000), ("rep", 5_000)], "{seed}");
    }
}

#[test]
fn a_payee_with_more_states_than_a_batch_takes_is_closed_once() {
    let of_years: Vec<String> = (1955..2030).flat_map(|year| (1..=4).map(move |quarter| format!("{year}-Q{quarter}"))).collect();
    let plan = with_draw(plan("2026-01-01", None, component(TierBy::Amount, Method::Marginal, &[("0", "5%")])));
    let payees = ["ana", "zed"].map(|id| payee(id, &[("2026-01-01", None)]));
    let mut memory = memory(1, 16, [plan].into_iter().chain(payees).collect());
    for interval in &of_years {
        memory.quota(&quota("zed", interval, 1, "1000"));
    }
    memory.run();
    memory.close("c1", "fiscal", period("2026-01"), "ann");
    memory.release("c1", "bob");
    memory.run();
    assert_eq!(memory.verify().differences, vec![]);
    let paid: Vec<_> = memory.payouts.iter().map(|payout| (&*payout.payee_id, payout.amount.0)).collect();
    assert_eq!(paid, [("ana", 20_000), ("zed", 20_000)]);
}
