//! Pools that are divided by a number of each, worked by hand: ana sells, and a tenth of what she earns is the team's.

use super::own_rates::having;
use super::*;

/// What each gets of the pool in January; `numbers` are those of ana, bob and cid.
fn check(amount: &str, numbers: [Option<&str>; 3], expected: [&str; 3]) {
    let mut script = Script::new();
    let earnings = Some(Earnings { components: vec!["commission".into()], by: EarnedBy::Team });
    let team = Measure { of: MeasureOf::Earned, credit_kinds: vec![], earnings, ..measure("team") };
    script.fact("admin", FactBody::MeasureDefined(team));
    let payees = ["ana", "bob", "cid"];
    for (payee_id, number) in payees.into_iter().zip(numbers) {
        let stated: Vec<(&str, &str)> = number.map(|number| ("weight", number)).into_iter().collect();
        // The number of the day on which it is said who shares the pool, not of the month's first day.
        let rows = [having("2026-01-01", Some("2026-01-15"), &[("weight", "7")]), having("2026-01-15", None, &stated)];
        let rows = rows.map(|row| PayeeRow { team: Some("red".into()), ..row });
        script.fact("admin", payee(payee_id, rows.to_vec()));
    }
    let pool = Component {
        component_id: "together".into(),
        interval: IntervalKind::Month,
        measure: "team".into(),
        pool: Some(PoolShare::ByParameter("weight".into())),
        ..component(&[("0", "10%")])
    };
    script.fact("admin", FactBody::PlanDefined(plan("2026-01-01", None, vec![component(&[("0", "10%")]), pool])));
    script.deal(told("D1", "2026-01-10", amount));
    let totals = script.totals();
    assert_eq!(totals.ignored_facts, []);
    let parts = payees.map(|payee_id| {
        let of = totals.earned.iter().filter(|(key, _)| *key.payee_id == *payee_id && *key.component == *"together");
        Minor(of.map(|(_, minor)| minor.0).sum()).text(2)
    });
    assert_eq!(parts, expected, "{amount} by {numbers:?}");
}

#[test]
fn a_pool_is_divided_by_largest_remainder() {
    check("1000", [Some("1"), Some("2"), Some("1")], ["2.50", "5.00", "2.50"]);
    check("1000", [Some("1"), Some("1"), Some("1")], ["3.34", "3.33", "3.33"]);
    check("1000", [Some("2"), Some("1"), Some("3")], ["3.33", "1.67", "5.00"]);
    check("-1000", [Some("2"), Some("1"), Some("3")], ["-3.33", "-1.67", "-5.00"]);
    check("1000", [Some("0"), Some("0.5"), Some("0.25")], ["0.00", "6.67", "3.33"]);
}

#[test]
fn a_pool_waits_for_every_number() {
    check("1000", [Some("1"), None, Some("1")], ["0.00"; 3]);
    check("1000", [Some("0"), Some("0"), Some("0")], ["0.00"; 3]);
}
