//! Formulas, worked by hand: 150 000 in January, 10 000 more in February, 20 000 in March, against a quota of 100 000.

use super::*;

const SALES: &str = "measure(\"sales\")";

/// A component that a text pays, with its measure as the text names it.
fn paid(text: &str) -> Component {
    let by_quota = text.contains("quota") || text.contains("attainment");
    Component {
        pays: Pays::Formula(Formula::parse(text).unwrap()),
        method: Method::Formula,
        tier_by: if by_quota { TierBy::Attainment } else { TierBy::Amount },
        no_quota: by_quota.then_some(NoQuota::Park),
        tiers: vec![],
        ..component(&[("0", "1%")])
    }
}

fn months(script: &Script) -> [String; 3] {
    let totals = script.totals();
    [JANUARY, FEBRUARY, MARCH].map(|month| {
        let of = totals.booked.iter().filter(|(key, _)| key.effective_period == month);
        Minor(of.map(|(_, minor)| minor.0).sum()).text(2)
    })
}

fn earned(text: &str) -> [String; 3] {
    let mut script = Script::with_plan(paid(text));
    for (id, closed_on, amount) in [("D1", "2026-01-20", "150000"), ("D2", "2026-02-03", "10000"), ("D3", "2026-03-10", "20000")]
    {
        script.deal(told(id, closed_on, amount));
    }
    script.quota("2026-Q1", Some("100000"), 1, None);
    assert_eq!(script.totals().ignored_facts, [], "{text}");
    months(&script)
}

#[test]
fn each_month_adds_what_the_formula_gives_more() {
    let table = [
        ("measure(\"sales\") * 6%", ["9000.00", "600.00", "1200.00"]),
        ("measure('sales') * 0.06", ["9000.00", "600.00", "1200.00"]),
        ("measure(\"sales\") / 7", ["21428.57", "1428.57", "2857.15"]),
        ("-(measure(\"sales\") - 2 * quota(\"sales\")) + 0 - 3 - 4", ["49993.00", "-10000.00", "-20000.00"]),
        ("attainment(\"sales\") * attainment(\"sales\") * 100", ["225.00", "31.00", "68.00"]),
        ("min(155000, measure(\"sales\"), 200000)", ["150000.00", "5000.00", "0.00"]),
        ("max(155000, measure(\"sales\"))", ["155000.00", "5000.00", "20000.00"]),
        ("round(measure(\"sales\") / 100000, 0)", ["2.00", "0.00", "0.00"]),
        ("round(measure(\"sales\") / 30000, 1)", ["5.00", "0.30", "0.70"]),
        ("if(attainment(\"sales\") <= 1.5, 1, 2)", ["1.00", "1.00", "0.00"]),
        (
            "if(measure(\"sales\") >= 160000, 10, if(measure(\"sales\") = 150000, 5, measure(\"sales\") / 0))",
            ["5.00", "5.00", "0.00"],
        ),
        // What waits: February and March have nothing to divide by, either.
        ("10 / (measure(\"sales\") - 160000) + 1", ["1.00", "0.00", "0.00"]),
        ("10000 / (measure(\"sales\") - 150000)", ["0.00", "1.00", "-0.67"]),
        ("payee(\"nothing\") + measure(\"sales\")", ["0.00", "0.00", "0.00"]),
    ];
    for (text, expected) in table {
        assert_eq!(earned(text), expected, "{text}");
    }
}

#[test]
fn a_plan_whose_formula_does_not_fit_is_ignored() {
    let right = || paid("attainment(\"sales\") * 100");
    let other = component(&[("0", "1%")]);
    let to_date = QuotaUse::ToDate(vec![]);
    let table = [
        Component { measure: "renewals".into(), ..right() },
        Component { tier_by: TierBy::Amount, ..right() },
        Component { tiers: other.tiers.clone(), ..right() },
        Component { scope: Scope::Deal, ..right() },
        Component { negative: Negative::Zero, ..right() },
        Component { no_quota: Some(NoQuota::FirstTier), ..right() },
        Component { no_quota: None, ..right() },
        Component { quota: to_date, ..right() },
        Component { method: Method::Marginal, ..right() },
        Component { paid_measure: Some("seats".into()), ..right() },
        Component { beyond: Some(Beyond::Flat), ..right() },
        Component { pay: vec![Tranche { share: Rate(100_000_000), when: Due::Settled }], ..right() },
        Component { method: Method::Formula, ..other },
    ];
    assert_eq!(Script::with_plan(right()).totals().ignored_facts, []);
    for component in table {
        assert_eq!(Script::with_plan(component.clone()).totals().ignored_facts.len(), 1, "{component:?}");
    }
    assert_eq!(earned(SALES), ["150000.00", "10000.00", "20000.00"]);
}
