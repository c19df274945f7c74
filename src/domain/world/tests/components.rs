//! What the choices of a component may not be together, in the words of its reject.

use super::super::component::check_component;
use super::component;
use crate::domain::formula::Formula;
use crate::domain::money::{RATE_DECIMALS, Rate};
use crate::domain::plan::lookup::{LineKey, Listed, Lookup, Row, Takes};
use crate::domain::plan::*;
use crate::domain::tranche::{Due, Tranche};

#[track_caller]
fn check(component: Component, field: &str, expected: &str) {
    let found = check_component(&component).map_err(|reject| reject.to_string());
    let refused = format!("{field}: component \"new\": {expected} [invalid_fact]");
    assert_eq!(found, if expected.is_empty() { Ok(()) } else { Err(refused) }, "{component:?}");
}

#[track_caller]
fn fits(component: Component) {
    check(component, "", "");
}

fn tiers(stated: &[(i128, i64)]) -> Vec<Tier> {
    stated.iter().map(|(from, rate)| Tier { from: *from, rate: Rate(*rate) }).collect()
}

/// By amount: one rate for all.
fn by_amount() -> Component {
    Component { tier_by: TierBy::Amount, no_quota: None, ..component(QuotaUse::Interval) }
}

fn attained() -> Component {
    component(QuotaUse::Interval)
}

fn fraction(method: Method) -> Component {
    Component { pays: Pays::FractionOf("bonus".into()), method, ..attained() }
}

fn on(paid: &str, method: Method) -> Component {
    Component { paid_measure: Some(paid.into()), method, ..by_amount() }
}

#[test]
fn whole_deals_are_counted_where_one_finds_a_number_of_them() {
    let counted = |tier_by, method| {
        let count_split = CountSplit::Whole;
        Component { count_split, tier_by, method, pays: Pays::PerUnit, ..by_amount() }
    };
    for method in [Method::WholeDealBefore, Method::WholeDealAfter] {
        fits(counted(TierBy::Count, method));
        let expected = "deals count whole only where a deal finds a number of deals";
        check(counted(TierBy::Quantity, method), "scope", expected);
    }
    check(counted(TierBy::Count, Method::Retroactive), "scope", "deals count whole only where a deal finds a number of deals");
}

#[test]
fn all_is_shared_out_where_some_of_it_waits() {
    let shared = |pay: Vec<Tranche>| Component { attribution: Attribution::ProRata, pay, ..attained() };
    for when in [Due::Settled, Due::YearEnd] {
        let pay = vec![Tranche { share: Rate(10i64.pow(RATE_DECIMALS)), when }];
        fits(shared(pay.clone()));
        let clawback = Clawback { price: ClawbackPrice::HistoricRate, ..Clawback::default() };
        let expected = "a historic rate takes back what a deal earned itself";
        check(Component { clawback, ..shared(pay) }, "attribution", expected);
    }
    check(shared(vec![]), "attribution", "nothing waits that could be shared out");
}

#[test]
fn a_method_pays_what_fits_it() {
    let check = |component| check(component, "pays", "what it pays does not fit what its tiers are of");
    for method in [Method::Lump, Method::Interpolated, Method::Formula] {
        check(Component { method, ..by_amount() });
    }
    for tier_by in [TierBy::Quantity, TierBy::Count] {
        check(Component { tier_by, ..by_amount() });
        fits(Component { tier_by, pays: Pays::PerUnit, ..by_amount() });
        fits(Component { tier_by, method: Method::Retroactive, ..on("other", Method::Retroactive) });
    }
    check(Component { pays: Pays::PerUnit, ..by_amount() });
    check(Component { pays: Pays::Lump, ..by_amount() });
    check(fraction(Method::Interpolated));
    let by_amount_fraction = |method| Component { tier_by: TierBy::Amount, no_quota: None, ..fraction(method) };
    check(by_amount_fraction(Method::Marginal));
    fits(Component { tiers: tiers(&[(5, 1)]), beyond: Some(Beyond::Flat), ..by_amount_fraction(Method::Curve) });
    fits(fraction(Method::Marginal));
}

#[test]
fn a_fraction_is_of_something_that_has_a_part() {
    check(
        Component { pays: Pays::FractionOf(String::new()), ..fraction(Method::Marginal) },
        "pays",
        "it pays a fraction of nothing",
    );
    let first = |component| Component { no_quota: Some(NoQuota::FirstTier), ..component };
    let undefined = "without a quota there is no part of it to pay a fraction for";
    check(first(fraction(Method::Marginal)), "pays", undefined);
    fits(first(attained()));
    let above = Component { tiers: tiers(&[(1_000_000, 1)]), method: Method::Overage, ..attained() };
    fits(above.clone());
    check(first(above), "pays", "without a quota nothing says what is above it");
}

#[test]
fn another_measure_is_paid_on_where_one_is_and_whole() {
    fits(on("other", Method::Retroactive));
    let nowhere = "another measure is paid on only where one is";
    check(on("sales", Method::Retroactive), "pays", nowhere);
    let lump = Component { pays: Pays::Lump, tiers: tiers(&[(0, 0), (5, 1)]), ..on("other", Method::Lump) };
    check(lump, "pays", nowhere);
    let parts = "parts of one measure have no place in the tiers of another";
    check(on("other", Method::Marginal), "pays", parts);
    check(Component { tiers: tiers(&[(5, 1)]), ..on("other", Method::Overage) }, "pays", parts);
    let mirror = Component { negative: Negative::Mirror, ..on("other", Method::Retroactive) };
    check(mirror, "pays", "nothing mirrors a sum that another measure picks the tier of");
    let settled = vec![Tranche { share: Rate(10i64.pow(RATE_DECIMALS)), when: Due::Settled }];
    let whole = "what is paid on another measure is of no single deal that could be settled";
    check(Component { pay: settled.clone(), ..on("other", Method::Retroactive) }, "pay", whole);
    fits(Component { pay: settled, ..by_amount() });
}

#[test]
fn tiers_ascend_from_zero_and_end_as_their_method_needs() {
    let of = |stated: &[(i128, i64)]| Component { tiers: tiers(stated), ..by_amount() };
    let ascend = "tiers start at 0 and ascend";
    for wrong in [&[][..], &[(1, 1)], &[(-1, 1)], &[(0, 1), (0, 2)], &[(0, 1), (5, 2), (5, 3)], &[(0, 1), (5, 2), (4, 3)]] {
        check(of(wrong), "tiers", ascend);
    }
    fits(of(&[(0, 1), (5, 2), (6, 3)]));
    // A curve begins anywhere but below zero, an overage above it.
    let curve = |stated: &[(i128, i64)]| Component { method: Method::Curve, beyond: Some(Beyond::Flat), ..of(stated) };
    fits(curve(&[(5, 1), (6, 2)]));
    check(curve(&[(-5, 1), (6, 2)]), "tiers", ascend);
    check(Component { beyond: None, ..curve(&[(5, 1)]) }, "tiers", "a curve says what is beyond it, and nothing else does");
    check(
        Component { method: Method::Marginal, ..curve(&[(0, 1)]) },
        "tiers",
        "a curve says what is beyond it, and nothing else does",
    );
    let overage = |stated: &[(i128, i64)]| Component { method: Method::Overage, ..of(stated) };
    fits(overage(&[(1, 1)]));
    check(overage(&[(0, 1)]), "tiers", "an overage begins above zero");
    // Steps would pay who has sold nothing.
    let lump = |stated: &[(i128, i64)]| Component { method: Method::Lump, pays: Pays::Lump, ..of(stated) };
    fits(lump(&[(0, 0), (5, 1)]));
    check(lump(&[(0, 1), (5, 2)]), "tiers", "a sum of zero would be paid");
    let steps = |stated: &[(i128, i64)]| Component { pays: Pays::Lump, ..curve(stated) };
    fits(steps(&[(0, 0), (5, 1)]));
    fits(steps(&[(1, 1), (5, 1)]));
    check(steps(&[(0, 1), (5, 1)]), "tiers", "a sum of zero would be paid");
    fits(curve(&[(0, 1), (5, 1)]));
    let interpolated = |stated: &[(i128, i64)]| Component { method: Method::Interpolated, ..lump(stated) };
    fits(interpolated(&[(0, 1), (5, 0)]));
    let ends = "tiers that pay in proportion end with one that pays nothing";
    check(interpolated(&[(0, 1), (5, 2)]), "tiers", ends);
    check(interpolated(&[(0, 0)]), "tiers", ends);
    let own = |tier: usize| vec![OwnRate { tier, parameter: "rate".into() }];
    check(Component { own_rates: own(1), ..interpolated(&[(0, 1), (5, 0)]) }, "tiers", ends);
    check(Component { own_rates: own(0), ..lump(&[(0, 0), (5, 1)]) }, "tiers", "a sum of zero would be paid");
}

#[test]
fn an_edge_of_attainment_has_four_decimals_of_a_percent() {
    let of = |edge: i128, component| Component { tiers: tiers(&[(0, 1), (edge, 2)]), ..component };
    fits(of(1_000_000, attained()));
    check(of(1_500_000, attained()), "tiers", "a tier of attainment has at most 4 decimals of a percent");
    fits(of(1_500_000, by_amount()));
}

#[test]
fn single_deals_are_priced_by_themselves_alone() {
    let deal = || Component { scope: Scope::Deal, ..by_amount() };
    fits(deal());
    fits(Component { rounding_at: RoundingAt::Deal, ..deal() });
    check(Component { rounding_at: RoundingAt::Deal, ..by_amount() }, "scope", "only what is priced by deal is rounded by deal");
    let modifiers = || Modifiers { deal_cap: Some(crate::domain::money::Amount(1)), ..Modifiers::default() };
    fits(Component { modifiers: modifiers(), ..deal() });
    let capped = "a deal is capped only where it is priced by itself";
    check(Component { modifiers: modifiers(), ..by_amount() }, "scope", capped);
    for method in [Method::WholeDealBefore, Method::WholeDealAfter] {
        check(Component { method, ..deal() }, "scope", "a deal by itself finds no sum before it");
        for negative in [Negative::Zero, Negative::Mirror] {
            check(Component { method, negative, ..by_amount() }, "scope", "whole deals carry a negative sum");
        }
        fits(Component { method, ..by_amount() });
    }
    check(Component { scope: Scope::Deal, ..attained() }, "scope", "a deal by itself is no part of a quota");
    let paid = Component { scope: Scope::Deal, ..on("other", Method::Retroactive) };
    check(paid, "scope", "a deal is paid on the measure that picks its tier");
}

#[test]
fn a_formula_says_everything_itself() {
    let formula = || Component {
        pays: Pays::Formula(Formula::parse("measure('sales') * 5%").unwrap()),
        method: Method::Formula,
        tiers: vec![],
        ..by_amount()
    };
    let check = |component, expected: &str| check(component, "pays", expected);
    fits(formula());
    let first = "its measure is not the first that its formula names";
    check(Component { measure: "other".into(), ..formula() }, first);
    check(Component { tier_by: TierBy::Attainment, no_quota: Some(NoQuota::Park), ..formula() }, first);
    let no_tiers = "a formula has no tiers, and says what it pays on";
    check(Component { tiers: tiers(&[(0, 1)]), ..formula() }, no_tiers);
    check(Component { paid_measure: Some("other".into()), ..formula() }, no_tiers);
    let sums = "a formula is of sums, not of single deals";
    check(Component { scope: Scope::Deal, ..formula() }, sums);
    let settled = || vec![Tranche { share: Rate(10i64.pow(RATE_DECIMALS)), when: Due::Settled }];
    check(Component { pay: settled(), ..formula() }, sums);
    check(Component { negative: Negative::Zero, ..formula() }, "a formula says itself what a negative sum earns");
    let attained = Component {
        pays: Pays::Formula(Formula::parse("attainment('sales') * 5").unwrap()),
        tier_by: TierBy::Attainment,
        no_quota: Some(NoQuota::Park),
        ..formula()
    };
    fits(attained.clone());
    check(Component { quota: QuotaUse::ToDate(vec![]), ..attained.clone() }, "a formula reads the interval's quota");
    check(Component { no_quota: Some(NoQuota::FirstTier), ..attained }, "a formula has no first tier");
}

#[test]
fn a_lookup_is_of_lines() {
    let takes = Takes { conditions: vec![Listed { by: LineKey::Product, values: vec!["crm".into()] }], band: None };
    let table = |rate| Lookup { rows: vec![Row { takes: takes.clone(), rate: Rate(1) }], otherwise: rate };
    let lookup = || Component { method: Method::Lookup, lookup: Some(table(None)), tiers: vec![], ..by_amount() };
    let check = |component, expected: &str| check(component, "lookup", expected);
    fits(lookup());
    fits(Component { lookup: Some(table(Some(Rate(0)))), ..lookup() });
    check(Component { lookup: Some(table(Some(Rate(-1)))), ..lookup() }, "a rate below zero");
    let nothing_else = "a lookup has a table of lines, and nothing else does";
    check(Component { lookup: None, ..lookup() }, nothing_else);
    check(Component { method: Method::Marginal, ..lookup() }, nothing_else);
    let no_rows = Lookup { rows: vec![], otherwise: None };
    check(Component { lookup: Some(no_rows), ..lookup() }, "row 0: 0 rows, not 1 to 200");
    let no_tiers = "a lookup has no tiers";
    check(Component { tiers: tiers(&[(0, 1)]), ..lookup() }, no_tiers);
    check(Component { tier_by: TierBy::Quantity, pays: Pays::PerUnit, ..lookup() }, no_tiers);
    check(Component { paid_measure: Some("other".into()), ..lookup() }, "a lookup is of the measure that it pays on");
    let lines = "a lookup is of lines, not of single deals";
    check(Component { scope: Scope::Deal, ..lookup() }, lines);
    let settled = vec![Tranche { share: Rate(10i64.pow(RATE_DECIMALS)), when: Due::Settled }];
    check(Component { pay: settled, ..lookup() }, lines);
    check(Component { negative: Negative::Zero, ..lookup() }, "a line takes back what such a line earns");
    check(Component { quota: QuotaUse::ToDate(vec![]), ..lookup() }, "a lookup reads no quota that grows");
}

#[test]
fn what_reads_a_number_of_the_payee() {
    let formula = |text: &str| Component { pays: Pays::Formula(Formula::parse(text).unwrap()), ..by_amount() };
    let own_rates = vec![OwnRate { tier: 0, parameter: "rate".into() }];
    let own_modifiers = vec![OwnModifier { place: OwnPlace::Weight, parameter: "rate".into() }];
    for (component, reads) in [
        (by_amount(), false),
        (fraction(Method::Marginal), true),
        (formula("measure('sales')"), false),
        (formula("measure('sales') * payee('rate')"), true),
        (Component { own_rates, ..by_amount() }, true),
        (Component { own_modifiers, ..by_amount() }, true),
    ] {
        assert_eq!(component.reads_parameters(), reads, "{component:?}");
    }
}
