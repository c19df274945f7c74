//! Splits, rolled credit, vacant seats, parked deals and filters.

use super::*;

/// ana under bob (until March) and then cid, both under vp.
fn organisation(script: &mut Script) {
    script.fact("admin", payee("vp", vec![row("2026-01-01", None, None)]));
    script.fact("admin", payee("bob", vec![row("2026-01-01", Some("2026-03-01"), Some("vp"))]));
    script.fact("admin", payee("cid", vec![row("2026-02-15", None, Some("vp"))]));
    script.fact("admin", payee("ana", vec![row("2026-01-01", None, Some("bob"))]));
}

fn measured(script: &Script) -> Vec<String> {
    let totals = script.totals();
    totals.attainment.iter().map(|((payee, _, _), at)| format!("{payee} {}", at.measured)).collect()
}

#[test]
fn revenue_rolls_up_once_for_each_distinct_payee_below_and_overlay_does_not() {
    use Counts::*;
    let cases: &[(Splits<'_>, &str, &[&str])] = &[
        (&[("ana", Revenue, "100%")], "2026-01-10", &["ana 100", "bob 100", "vp 100"]),
        (&[("ana", Revenue, "60%"), ("bob", Revenue, "40%")], "2026-01-10", &["ana 60", "bob 100", "vp 100"]),
        (&[("ana", Revenue, "60%"), ("vp", Revenue, "40%")], "2026-01-10", &["ana 60", "bob 60", "vp 100"]),
        (&[("ana", Revenue, "100%"), ("cid", Overlay, "50%")], "2026-02-20", &["ana 100", "bob 100", "cid 50", "vp 100"]),
        // bob's seat is vacant from March on: the walk goes on with his last manager
        (&[("ana", Revenue, "100%")], "2026-03-10", &["ana 100", "vp 100"]),
        (&[("ana", Revenue, "33.3333%"), ("cid", Revenue, "66.6667%")], "2026-03-10", &["ana 33.3333", "cid 66.6667", "vp 100"]),
    ];
    for (splits, closed_on, expected) in cases {
        let mut script = Script::new();
        organisation(&mut script);
        script.deal(Told { splits, ..told("D1", closed_on, "100") });
        assert_eq!(measured(&script), *expected, "{splits:?} {closed_on}");
    }
}

#[test]
fn what_lacks_a_fact_is_parked_in_the_order_of_reasons() {
    let known = told("D1", "2026-01-10", "100");
    let nobody: Splits<'_> = &[("nobody", Counts::Revenue, "100%")];
    let mut empty = Script { history: History::new(1), deals: 0, quotas: 0, settlements: 0, adjustments: 0, facts: 0 };
    empty.deal(known);
    let mut other = Script::new();
    other.fact("admin", payee("ana", vec![row("2026-01-01", None, Some("ghost"))]));
    other.deal(known);
    let mut dated = Script::new();
    dated.deal(Told { splits: nobody, ..told("D1", "2027-01-01", "100") });
    let mut unknown = Script::new();
    unknown.deal(Told { splits: nobody, ..known });
    unknown.deal(Told { id: "D2", status: DealStatus::Open, splits: nobody, ..known });
    let cases = [
        (&empty, Reason::UnknownCalendar),
        (&other, Reason::UnknownPayee),
        (&dated, Reason::NoSuchPeriod),
        (&unknown, Reason::UnknownPayee),
    ];
    for (script, reason) in cases {
        let parked = script.totals().parked;
        assert_eq!(parked.into_iter().collect::<Vec<_>>(), [("D1".into(), reason)]);
        assert_eq!(measured(script), [""; 0]);
    }
    unknown.fact("admin", payee("nobody", vec![row("2026-01-01", None, None)]));
    assert!(unknown.totals().parked.is_empty());
    assert_eq!(measured(&unknown), ["nobody 100"]);
}

#[test]
fn a_measure_counts_the_roles_that_it_lists() {
    let check = |roles: &[&str], expected: &[&str]| {
        let mut script = Script::new();
        let roles = roles.iter().map(|role| role.to_string()).collect();
        let credit_kinds = vec![CreditKind::Revenue, CreditKind::Overlay];
        script.fact("admin", payee("bob", vec![row("2026-01-01", None, Some("ana"))]));
        script.fact("admin", FactBody::MeasureDefined(Measure { roles, credit_kinds, ..measure("by-role") }));
        // ana is an AE as everybody is here, and so is bob, of whom she has all as his manager.
        script.deal(Told {
            splits: &[("ana", Counts::Overlay, "50%"), ("bob", Counts::Revenue, "100%")],
            ..told("D1", "2026-01-31", "100")
        });
        assert_eq!(measured(&script), expected);
    };
    let all = ["ana 50", "ana 150", "bob 100", "bob 100"];
    check(&[], &all);
    check(&["SE", "AE"], &all);
    check(&["SE"], &["ana 150", "bob 100"]);
}

#[test]
fn a_measure_counts_what_its_filter_matches() {
    let mut script = Script::new();
    let filtered =
        Measure { of: MeasureOf::Quantity, products: vec!["suite".into()], segments: vec!["smb".into()], ..measure("units") };
    script.fact("admin", FactBody::MeasureDefined(filtered));
    let line = |line_id, product, segment| Line {
        line_id,
        product,
        geography: None,
        segment,
        amount: Amount::parse("100").unwrap(),
        quantity: Quantity::parse("2.5").unwrap(),
        cost: None,
        splits: vec![],
    };
    let lines = vec![line("1", "suite", Some("smb")), line("2", "suite", None), line("3", "other", Some("smb"))];
    let splits = vec![Split { payee_id: "ana", role: "AE", counts: Counts::Revenue, share: Share::parse("100%").unwrap() }];
    let (deal_id, customer) = ("D1", None);
    let deal = DealClosed {
        deal_id,
        revision: 1,
        status: DealStatus::Closed,
        change: Change::Correction,
        effective_on: None,
        closed_on: date("2026-01-31"),
        sequence: None,
        currency: "USD",
        customer,
        related_deal: None,
        kind: None,
        contract_start: None,
        term_months: None,
        stage: None,
        probability: None,
        lines,
        splits,
        attributes: vec![],
        occurred_at: 0,
    };
    script.any_deal(&deal);
    assert_eq!(measured(&script), ["ana 300", "ana 2.5"]);
}
