//! The worked cases load, and a comparison says exactly what differs.

use super::super::case::{Case, EventKind, Got, GotAttainment, GotBalance, GotReject, case, case_from_texts, report};
use super::{brief, config, shown};
use crate::domain::deal::DealStatus;
use crate::domain::money::{Amount, Measured, Minor};
use crate::domain::output::RejectKind;

fn worked_case(name: &str) -> Case {
    case(&config().join("cases").join(name)).unwrap_or_else(|found| panic!("{}", shown(&found)))
}

#[test]
fn every_worked_case_loads() {
    let entries = std::fs::read_dir(config().join("cases")).expect("config/cases is there");
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let case = worked_case(&name);
        assert!(!case.events.is_empty(), "{name}");
        assert!(!case.expect.accrual.is_empty() || !case.expect.payout.is_empty(), "{name}");
    }
}

#[test]
fn a_later_event_of_a_deal_is_its_next_revision() {
    let case = worked_case("cancellation-recomputes.toml");
    let deals: Vec<_> = case
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Deal(deal) => Some((deal.deal_id.as_str(), deal.revision, deal.status, deal.lines[0].amount)),
            _ => None,
        })
        .collect();
    let amount = Amount(60_000_000_000);
    assert_eq!(
        deals,
        [("D1", 1, DealStatus::Closed, amount), ("D2", 1, DealStatus::Closed, amount), ("D1", 2, DealStatus::Cancelled, amount)]
    );
    assert!(case.events.iter().all(|event| match &event.kind {
        EventKind::Deal(deal) => deal.as_deal(0).check().is_ok(),
        _ => true,
    }));
}

#[test]
fn closer_and_releaser_are_two_people_unless_named() {
    let case = worked_case("reopen.toml");
    let people: Vec<&str> = case
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Close { by, .. } | EventKind::Reopen { by, .. } | EventKind::Release { by, .. } => Some(by.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(people, ["closer", "closer", "closer", "releaser"]);
}

/// What the case about negative pay should give.
fn negative_net() -> Got {
    let mut got = Got::default();
    let (jan, feb, mar) = ("2026-01".parse().unwrap(), "2026-02".parse().unwrap(), "2026-03".parse().unwrap());
    let quarter = "2026-Q1".parse().unwrap();
    let mut accrue = |effective, booking, amount| {
        got.accruals.insert(("ana".into(), "commission".into(), quarter, effective, booking), Minor(amount));
    };
    accrue(jan, jan, 50_000);
    accrue(jan, feb, -50_000);
    accrue(mar, mar, 150_000);
    for (period, code, amount) in [(jan, "COMM", 50_000), (mar, "COMM", 150_000), (mar, "CARRIED", -50_000)] {
        got.payouts.insert(("ana".into(), period, code.into()), Minor(amount));
    }
    got.balances.insert(("ana".into(), feb), GotBalance { carried: Minor(-50_000), draw: Minor(0), held: Minor(0) });
    got
}

#[test]
fn what_came_out_as_expected_is_no_difference() {
    let case = worked_case("negative-net-is-carried.toml");
    assert_eq!(case.compare(&negative_net()), []);
    assert_eq!(report(&case, &[]), "");
}

#[test]
fn differences_are_shown_with_what_was_given() {
    let case = worked_case("negative-net-is-carried.toml");
    let mut got = negative_net();
    let (feb, quarter) = ("2026-02".parse().unwrap(), "2026-Q1".parse().unwrap());
    got.accruals.insert(("ana".into(), "commission".into(), quarter, feb, feb), Minor(1));
    got.payouts.insert(("ana".into(), feb, "COMM".into()), Minor(-49_999));
    got.balances.clear();
    let text = report(&case, &case.compare(&got)).replace(&case.file, "case.toml");
    let expected = "\
case.toml: what a run cannot take back is set off against the next
GIVEN
     5  { deal = \"D1\", closed_on = 2026-01-10, amount = \"10000\", credit = { ana = \"100%\" } }
     6  { close = \"2026-01\" }
     7  { release = \"2026-01\" }
     8  { deal = \"D1\", cancelled = true }
     9  { close = \"2026-02\" }
    10  { release = \"2026-02\" }
    11  { deal = \"D2\", closed_on = 2026-03-10, amount = \"30000\", credit = { ana = \"100%\" } }
    12  { close = \"2026-03\" }
    13  { release = \"2026-03\" }
GOT
  accrual of ana, commission (case.toml:18)
    - total 1500.00
    + total 1500.01
    - booked in 2026-02 -500.00
    + booked in 2026-02 -499.99
  payout of ana, 2026-02 (case.toml:22)
    - COMM 0.00
    + COMM -499.99
    - net 0.00
    + net -499.99
  balance of ana after 2026-02 (case.toml:26)
    - carried -500.00
    + carried 0.00
";
    assert_eq!(text, expected);
}

#[test]
fn attainment_and_rejects_are_compared() {
    let case = worked_case("unknown-payee-parks.toml");
    let mut got = Got::default();
    let quarter: crate::domain::calendar::Interval = "2026-Q1".parse().unwrap();
    for payee in ["ana", "zoe"] {
        let measured = GotAttainment { measured: Measured(5_000_000_000_000_000), quota: None };
        got.attainment.insert((payee.into(), "sales".into(), quarter), measured);
        let jan = "2026-01".parse().unwrap();
        got.accruals.insert((payee.into(), "commission".into(), quarter, jan, jan), Minor(25_000));
    }
    let entry = |kind| GotReject { about: "D1".into(), kind, reason: "unknown_payee".into() };
    got.rejects = vec![entry(RejectKind::Parked)];
    let differences = case.compare(&got);
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0].expected, "D1 parked unknown_payee, D1 resumed unknown_payee");
    assert_eq!(differences[0].got, "D1 parked unknown_payee");
    got.rejects.push(entry(RejectKind::Resumed));
    assert_eq!(case.compare(&got), []);
}

/// A case around one event and one expectation.
fn found(event: &str, expect: &str) -> String {
    let text = format!(
        "name = \"n\"\nuse = [\"../calendar.toml\", \"../measures.toml\", \"../plans/ae.2026-01-01.toml\"]\n\
         payees = [{{ id = \"ana\", plans = [\"ae\"], from = 2026-01-01 }}]\n\
         quotas = [{{ payee = \"ana\", interval = \"2026-Q1\", sales = \"100\" }}]\n\
         events = [{event}]\n[expect]\n{expect}\n"
    );
    let texts = [
        ("cases/c.toml", text.as_str()),
        ("calendar.toml", super::CALENDAR),
        ("measures.toml", super::MEASURES),
        (super::PLAN_FILE, super::PLAN),
    ];
    match case_from_texts(&texts) {
        Ok(case) => brief(&case.company.warnings),
        Err(found) => brief(&found),
    }
}

#[test]
fn what_a_case_gets_wrong_is_refused_by_name() {
    let deal = "{ deal = \"D1\", closed_on = 2026-01-10, amount = \"1\", credit = { ana = \"100%\" } }";
    let short = "{ deal = \"D1\", closed_on = 2026-01-10, amount = \"1\", credit = { ana = \"90%\" } }";
    let table = [
        (deal, "", ""),
        ("{ settled = \"D1\", on = 2026-02-15, amount = \"60000\" }", "", ""),
        ("{ settled = \"D1\", amount = \"60000\" }", "", "missing-key: `on` is missing"),
        ("{ settled = \"D1\", on = 2026-02-15, amount = \"-1\" }", "", "bad-range: -1 is not more than 0"),
        ("{ settled = \"D1\", on = 2026-02-15, amount = \"1\", kind = \"PAID\" }", "", "unknown-value: \"PAID\" is not"),
        ("{ adjust = \"ana\", earning_code = \"X\", period = \"2026-01\", amount = \"-5\" }", "", ""),
        (
            "{ adjust = \"ana\", earning_code = \"X\", component = \"new\", period = \"2026-01\", amount = \"5\" }",
            "",
            "bad-adjustment: it is about one of measure, component and earning_code",
        ),
        (
            "{ adjust = \"ana\", measure = \"sales\", period = \"2026-01\", amount = \"5\" }",
            "",
            "missing-key: `credit_kind` is missing",
        ),
        (
            "{ adjust = \"ana\", earning_code = \"X\", period = \"2026-01\", amount = \"0\" }",
            "",
            "bad-adjustment: amount: 0 adjusts nothing",
        ),
        ("{ acknowledged = \"A1\" }", "", "not-supported: the event `acknowledged` is not supported by this version"),
        ("{ dael = \"D1\" }", "", "unknown-key: the event does not say what it is"),
        (short, "", "bad-deal: deal \"D1\" would be rejected: lines[0]: REVENUE shares total 90 %"),
        (deal, "payout = [{ payee = \"ana\", period = \"2026-01\", CLAWBACK = \"1.00\" }]", "not-supported: `CLAWBACK` is not"),
        (
            deal,
            "payout = [{ payee = \"ana\", period = \"2026-01\", COM = \"1.00\" }]",
            "unknown-key: no earning code is called \"COM\"",
        ),
        (
            deal,
            "balance = [{ payee = \"ana\", after = \"2026-01\", carried = \"0\", receivable = \"1\" }]",
            "not-supported: `receivable` is not",
        ),
        (deal, "accrual = [{ payee = \"anna\", component = \"new\" }]", "unknown-payee: no payee is called \"anna\""),
        (deal, "accrual = [{ payee = \"ana\", component = \"now\" }]", "unknown-component: no component is called \"now\""),
        (
            deal,
            "accrual = [{ payee = \"ana\", component = \"new\", total = 1.5 }]",
            "float: `total` is a float, which is not exact",
        ),
        ("{ close = \"2026-13\" }", "", "bad-date: \"2026-13\" is not a pay period like 2026-01"),
    ];
    for (event, expect, wanted) in table {
        let text = found(event, expect);
        if wanted.is_empty() {
            assert_eq!(text, "");
        } else {
            assert!(text.contains(wanted), "{event} {expect}\n{text}");
        }
    }
}
