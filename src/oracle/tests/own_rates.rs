//! Values of tiers that are the payee's own, worked by hand: the first rate and the one above 100 000 are ana's.

use super::*;

fn own(parameters: [&str; 2]) -> Component {
    let own_rates = parameters.iter().enumerate().map(|(tier, name)| OwnRate { tier, parameter: (*name).into() }).collect();
    Component { own_rates, ..component(&[("0", "0"), ("100000", "0")]) }
}

/// A row from a day until another one, with these amounts.
pub(super) fn having(from: &str, to: Option<&str>, parameters: &[(&str, &str)]) -> PayeeRow {
    let parameters = parameters.iter().map(|(name, amount)| (name.to_string(), Amount::parse(amount).unwrap())).collect();
    PayeeRow { parameters, ..row(from, to, None) }
}

/// 60 000, 20 000 and 40 000 in the three months.
pub(super) fn check(component: Component, rows: Vec<PayeeRow>, expected: [&str; 3]) {
    let mut script = Script::with_plan(component);
    script.fact("admin", payee("ana", rows));
    for (id, closed_on, amount) in [("D1", "2026-01-20", "60000"), ("D2", "2026-02-03", "20000"), ("D3", "2026-03-10", "40000")] {
        script.deal(told(id, closed_on, amount));
    }
    script.quota("2026-Q1", Some("100000"), 1, None);
    let totals = script.totals();
    assert_eq!(totals.ignored_facts, []);
    let months = [JANUARY, FEBRUARY, MARCH].map(|month| {
        let of = totals.booked.iter().filter(|(key, _)| key.effective_period == month);
        Minor(of.map(|(_, minor)| minor.0).sum()).text(2)
    });
    assert_eq!(months, expected);
}

const LOW: [(&str, &str); 2] = [("above", "0.09"), ("base", "0.06")];
const HIGH: [(&str, &str); 2] = [("above", "0.12"), ("base", "0.08")];

#[test]
fn each_month_has_those_of_its_first_row() {
    let always = || vec![having("2026-01-01", None, &LOW)];
    check(own(["base", "above"]), always(), ["3600.00", "1200.00", "3000.00"]);
    let raised = || vec![having("2026-01-01", Some("2026-02-15"), &LOW), having("2026-02-15", None, &HIGH)];
    check(own(["base", "above"]), raised(), ["3600.00", "1200.00", "4000.00"]);
    check(own(["base", "base"]), raised(), ["3600.00", "1200.00", "3200.00"]);
    let by_deal = |method| Component { method, ..own(["base", "above"]) };
    check(by_deal(Method::WholeDealAfter), raised(), ["3600.00", "1200.00", "4800.00"]);
    check(by_deal(Method::WholeDealBefore), raised(), ["3600.00", "1200.00", "3200.00"]);
    check(Component { scope: Scope::Deal, ..own(["base", "above"]) }, raised(), ["3600.00", "1200.00", "3200.00"]);
    // 80 000 at 6 % and 120 000 at 12 %, less what 80 000 is worth at 8 %.
    check(by_deal(Method::Retroactive), raised(), ["3600.00", "1200.00", "8000.00"]);
}

#[test]
fn a_month_without_one_of_them_adds_nothing() {
    let without = |month: &[(&str, &str)]| {
        vec![
            having("2026-01-01", Some("2026-02-01"), &LOW),
            having("2026-02-01", Some("2026-03-01"), month),
            having("2026-03-01", None, &LOW),
        ]
    };
    // The tier above is not reached, and waited for all the same.
    check(own(["base", "above"]), without(&LOW[1..]), ["3600.00", "0.00", "3000.00"]);
    check(Component { scope: Scope::Deal, ..own(["base", "above"]) }, without(&LOW[1..]), ["3600.00", "0.00", "2400.00"]);
    // With a quota to date the next month makes up for it.
    let to_date = Component {
        tier_by: TierBy::Attainment,
        quota: QuotaUse::ToDate(vec![]),
        no_quota: Some(NoQuota::Park),
        ..own(["base", "above"])
    };
    let tiers = component(&[("0", "0"), ("1", "0")]).tiers;
    // 33 333.33 at 6 % and the rest at 9 %; all of it at the quarter's end.
    check(Component { tiers, ..to_date }, without(&[]), ["4400.00", "0.00", "3400.00"]);
}

/// The higher rate begins where the payee has it.
fn edged(from: &[usize]) -> Component {
    let own_edges = from.iter().map(|tier| OwnEdge { tier: *tier, parameter: "edge".into() }).collect();
    let plain = component(&[("0", "0.05"), ("0", "0.1")]);
    Component { own_edges, ..plain }
}

#[test]
fn tiers_begin_where_the_payee_has_it() {
    let rows = |edges: [&'static str; 2]| {
        let having = |from, to, edge: &str| having(from, to, &[("edge", edge)]);
        vec![having("2026-01-01", Some("2026-02-01"), edges[0]), having("2026-02-01", None, edges[1])]
    };
    // 40 000 at 5 % and 20 000 at 10 %; then all of it at 10 %.
    check(edged(&[1]), rows(["40000", "40000"]), ["4000.00", "2000.00", "4000.00"]);
    // From 60 000 to 80 000 below 90 000, and from 80 000 to 120 000 above for the most part.
    check(edged(&[1]), rows(["40000", "90000"]), ["4000.00", "1000.00", "3500.00"]);
    let by = |method| Component { method, ..edged(&[1]) };
    check(by(Method::Retroactive), rows(["70000", "70000"]), ["3000.00", "5000.00", "4000.00"]);
    check(by(Method::WholeDealBefore), rows(["70000", "70000"]), ["3000.00", "1000.00", "4000.00"]);
    check(Component { scope: Scope::Deal, ..edged(&[1]) }, rows(["50000", "50000"]), ["3500.00", "1000.00", "2000.00"]);
    // Nothing rises to 0, and who lacks one waits.
    check(edged(&[1]), rows(["40000", "0"]), ["4000.00", "0.00", "0.00"]);
    let lacking = vec![having("2026-01-01", Some("2026-02-01"), &[("edge", "40000")]), having("2026-02-01", None, &[])];
    check(edged(&[1]), lacking, ["4000.00", "0.00", "0.00"]);
    // What is above the first edge, at the rate that is reached: the other edge is the same and does not rise.
    let overage = |own: &[usize]| Component { method: Method::Overage, ..edged(own) };
    check(overage(&[0, 1]), rows(["40000", "40000"]), ["0.00"; 3]);
    let one = Component { tiers: component(&[("0", "0.05")]).tiers, ..overage(&[0]) };
    check(one, rows(["40000", "70000"]), ["1000.00", "500.00", "2000.00"]);
}

/// Lines of a product have the rate of its row; all lines are of the suite.
pub(super) fn lines_of(product: &str, own: [Option<&str>; 2]) -> Component {
    let listed = Listed { by: LineKey::Product, values: vec![product.into()] };
    let row = LookupRow { takes: Takes { conditions: vec![listed], band: None }, rate: Rate(0) };
    let parameters = own.iter().enumerate();
    Component {
        method: Method::Lookup,
        lookup: Some(Lookup { rows: vec![row], otherwise: own[1].map(|_| Rate(0)) }),
        tiers: vec![],
        own_rates: parameters.filter_map(|(tier, name)| Some(OwnRate { tier, parameter: (*name)?.into() })).collect(),
        ..component(&[("0", "0")])
    }
}

#[test]
fn lines_have_the_rates_of_the_payee() {
    let raised = || vec![having("2026-01-01", Some("2026-02-15"), &LOW), having("2026-02-15", None, &HIGH)];
    check(lines_of("suite", [Some("base"), None]), raised(), ["3600.00", "1200.00", "3200.00"]);
    check(lines_of("suite", [Some("base"), Some("above")]), raised(), ["3600.00", "1200.00", "3200.00"]);
    check(lines_of("addon", [None, Some("above")]), raised(), ["5400.00", "1800.00", "4800.00"]);
    check(lines_of("addon", [Some("base"), None]), raised(), ["0.00"; 3]);
    // The row takes no line, and its rate is waited for all the same.
    let without = vec![
        having("2026-01-01", Some("2026-02-01"), &LOW),
        having("2026-02-01", Some("2026-03-01"), &LOW[..1]),
        having("2026-03-01", None, &LOW),
    ];
    check(lines_of("addon", [Some("base"), Some("above")]), without, ["5400.00", "0.00", "3600.00"]);
    let large = || vec![having("2026-01-01", None, &[("above", "10000000000"), ("base", "0.06")])];
    check(lines_of("suite", [Some("base"), Some("above")]), large(), ["0.00"; 3]);
}

#[test]
fn one_that_is_too_large_for_a_rate_leaves_the_interval_at_nothing() {
    let rows = |amount: &'static str| {
        vec![having("2026-01-01", Some("2026-03-01"), &LOW), having("2026-03-01", None, &[("above", amount), ("base", "0.06")])]
    };
    check(own(["base", "above"]), rows("10000000000"), ["0.00"; 3]);
    check(own(["base", "above"]), rows("9999999.5"), ["3600.00", "1200.00", "199999991200.00"]);
}
