//! What an event costs does not depend on how many deals are behind it: counted in states that are read, not in time.

mod support;

use accrue::domain::fact::{CreditKind, EarnedBy, Earnings, FactBody, Measure, MeasureOf};
use accrue::domain::plan::{Bound, Component, Gate, Method, Otherwise, Tested, TierBy};
use support::company::*;
use support::memory::{Manner, Memory, Work};

/// Of the classes 1 to 3: a rate on the sum, tiers of the quota, and a gate by the quota of another measure.
fn components() -> Vec<Component> {
    let additive = component(TierBy::Amount, Method::Marginal, &[("0", "5%")]);
    let own_sum = component(TierBy::Attainment, Method::Retroactive, &[("0%", "5%"), ("100%", "10%")]);
    let mut across = component(TierBy::Attainment, Method::Marginal, &[("0%", "1%"), ("50%", "2%")]);
    across.modifiers.gate = Some(Gate {
        measure: "bookings".into(),
        tier_by: TierBy::Attainment,
        bound: Bound::AtLeast(500_000_000_000),
        tested: Tested::Running,
        otherwise: Otherwise::Zero,
    });
    let named = [("additive", additive), ("own-sum", own_sum), ("across", across)];
    named.into_iter().map(|(id, of)| Component { component_id: id.into(), ..of }).collect()
}

const MANNER: Manner =
    Manner { partitions: 2, batch: 1_000, budget: 1_000, seed: 7, workers: 1, drop_one_in: 0, restart_one_in: 0 };

/// A company of one payee with a quota and so many deals, all of them folded.
fn behind(deals: usize) -> Memory {
    let mut memory = Memory::new(MANNER);
    let FactBody::PlanDefined(plan) = plan("2026-01-01", None, components().remove(0)) else { unreachable!() };
    let plan = FactBody::PlanDefined(accrue::domain::plan::Plan { components: components(), ..plan });
    for body in [company(), calendar("2026-12"), bookings(), payee("ana", &[("2026-01-01", None)]), plan] {
        memory.state("ops", body);
    }
    memory.quota(&quota("ana", "2026-Q1", 1, "100000"));
    for number in 0..deals {
        let deal_id = format!("D{number}");
        memory.deal(&deal(&deal_id, 1, "2026-02-10", "1.00", "ana"));
    }
    memory.run();
    assert_eq!(memory.verify().differences, vec![]);
    memory.take_work();
    memory
}

/// States that crediting and earning read for an event, and records that they folded, with few and with many deals behind.
fn check(event: impl Fn(&mut Memory), expected: [(usize, usize); 2]) {
    for deals in [10, 100_000] {
        let mut memory = behind(deals);
        let published = memory.accruals.len();
        event(&mut memory);
        memory.run();
        let work = memory.take_work();
        assert_eq!(work.map(|of| (of.states_read, of.records_folded)), expected, "{deals} deals");
        let small = |of: &Work| of.bytes_read < 1_000;
        assert!(work.iter().all(small), "a state that is read does not grow with the deals: {work:?}");
        assert!(memory.accruals.len() > published, "the event has to change something");
        assert_eq!(memory.verify().differences, vec![]);
    }
}

#[test]
fn a_quota_change_reads_one_entry_and_no_deal() {
    let change = |memory: &mut Memory| {
        memory.quota(&quota("ana", "2026-Q1", 2, "9"));
    };
    check(change, [(0, 1), (1, 1)]);
}

#[test]
fn an_adjustment_reads_one_entry_and_no_deal() {
    let adjust = |memory: &mut Memory| {
        memory.adjustment(&line_of_pay("ana", "2026-01", "10.00"));
    };
    check(adjust, [(0, 1), (1, 1)]);
}

#[test]
fn an_amendment_reads_its_own_deal_and_one_entry() {
    let amend = |memory: &mut Memory| {
        memory.deal(&deal("D3", 2, "2026-02-10", "5.00", "ana"));
    };
    check(amend, [(1, 1), (1, 1)]);
}

#[test]
fn an_override_reads_one_entry_of_each_manager_and_no_deal() {
    let mut memory = Memory::new(MANNER);
    let mut over = component(TierBy::Amount, Method::Marginal, &[("0", "10%")]);
    (over.component_id, over.measure) = ("override".into(), "commissions".into());
    let plan = |components| {
        let FactBody::PlanDefined(plan) = plan("2026-01-01", None, component(TierBy::Amount, Method::Marginal, &[("0", "5%")]))
        else {
            unreachable!()
        };
        FactBody::PlanDefined(accrue::domain::plan::Plan { components, ..plan })
    };
    let own = component(TierBy::Amount, Method::Marginal, &[("0", "5%")]);
    let FactBody::MeasureDefined(direct) = bookings() else { unreachable!() };
    let direct = Measure { credit_kinds: vec![CreditKind::Revenue], ..direct };
    let earnings = Some(Earnings { components: vec!["commission".into()], by: EarnedBy::Reports });
    let (measure_id, credit_kinds) = ("commissions".into(), vec![]);
    let commissions = Measure { measure_id, of: MeasureOf::Earned, credit_kinds, earnings, ..direct.clone() };
    let rows = |manager| [("2026-01-01", manager)];
    for body in [
        company(),
        calendar("2026-12"),
        FactBody::MeasureDefined(direct),
        FactBody::MeasureDefined(commissions),
        plan(vec![own, over]),
        payee("dana", &rows(None)),
        payee("noor", &rows(Some("dana"))),
        payee("ana", &rows(Some("noor"))),
    ] {
        memory.state("ops", body);
    }
    for number in 0..1_000 {
        memory.deal(&deal(&format!("D{number}"), 1, "2026-02-10", "100.00", "ana"));
    }
    memory.run();
    memory.take_work();
    memory.deal(&deal("D3", 2, "2026-02-10", "5000.00", "ana"));
    memory.run();
    let work = memory.take_work();
    // Crediting reads the deal. Earning reads the payee's entry and those of the two above: for rolled credit, and once more
    // when they are told what was earned.
    assert_eq!((work[0].states_read, work[1].states_read), (1, 5));
    assert!(work[1].records_folded <= 4, "{work:?}");
    assert_eq!(memory.verify().differences, vec![]);
}
