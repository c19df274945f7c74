//! Every kind of fact that does not count, with its reason.

use super::*;
use crate::domain::money::CurrencyRate;

fn check(prepare: impl Fn(&mut Script), expected: &str) {
    let mut script = Script::with_plan(component(FIVE_TEN));
    prepare(&mut script);
    let ignored: Vec<_> = script.totals().ignored_facts.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(ignored, [expected]);
}

#[test]
fn organisation_facts() {
    let rows = |rows: Vec<PayeeRow>| move |script: &mut Script| script.fact("admin", payee("bob", rows.clone()));
    let from = |from| row(from, None, None);
    let until = |from, to| row(from, Some(to), None);
    let plans = |row: PayeeRow| PayeeRow { plans: vec!["other".into()], ..row };
    check(rows(vec![until("2026-02-01", "2026-02-01")]), "a row that ends before it starts");
    check(rows(vec![PayeeRow { pay_group: "weekly".into(), ..from("2026-01-01") }]), "a pay group other than default");
    check(rows(vec![until("2026-01-01", "2026-02-02"), from("2026-02-01")]), "rows that overlap or are out of order");
    check(rows(vec![from("2026-01-01"), from("2026-02-01")]), "rows that overlap or are out of order");
    let inside = vec![until("2026-01-01", "2026-02-10"), plans(from("2026-02-20"))];
    check(rows(inside), "a change of plans inside a pay period");
    check(rows(vec![row("2026-01-01", None, Some("bob"))]), "a manager cycle");
    let cycle = |script: &mut Script| {
        script.fact("admin", payee("ana", vec![row("2026-01-01", Some("2026-03-01"), Some("bob"))]));
        script.fact("admin", payee("bob", vec![until("2026-01-01", "2026-02-01"), row("2026-02-01", None, Some("ana"))]));
    };
    check(cycle, "a manager cycle");
    let mut changes = Script::with_plan(component(FIVE_TEN));
    changes.fact("admin", payee("bob", vec![until("2026-01-01", "2026-02-01"), plans(from("2026-02-01"))]));
    assert_eq!(changes.totals().ignored_facts, []);
}

#[test]
fn company_calendar_and_measure_facts() {
    let fact = |body: FactBody| move |script: &mut Script| script.fact("admin", body.clone());
    let calendar = |id, first, last| FactBody::CalendarDefined(Calendar::monthly(id, first, last));
    check(fact(calendar("other", JANUARY, MARCH)), "a second calendar");
    check(fact(calendar("fiscal", JANUARY, MARCH)), "a calendar that does not extend the one before");
    check(fact(calendar("fiscal", Period(JANUARY.0 - 1), MARCH)), "a calendar that does not extend the one before");
    let weeks =
        Calendar { starts: vec![date("2026-01-29"), date("2026-01-01")], ..Calendar::monthly("fiscal", JANUARY, JANUARY) };
    check(fact(FactBody::CalendarDefined(weeks)), "pay periods that do not follow each other");
    check(fact(FactBody::CompanyDefined(Company { currency: "EUR".into(), ..company() })), "a second currency");
    check(fact(FactBody::CompanyDefined(Company { calendar: "other".into(), ..company() })), "a second calendar");
    let changed = Measure { of: MeasureOf::Quantity, ..measure("sales") };
    check(fact(FactBody::MeasureDefined(changed)), "a measure that changes");
    let by_role = |credit_kinds: &[CreditKind], role: &str| {
        let credit_kinds = credit_kinds.to_vec();
        FactBody::MeasureDefined(Measure { credit_kinds, roles: vec![role.into()], ..measure("by-role") })
    };
    check(fact(by_role(&[CreditKind::Revenue, CreditKind::Rolled], "AE")), "roles of what no split names");
    check(fact(by_role(&[CreditKind::Territory], "AE")), "roles of what no split names");
    check(fact(by_role(&[CreditKind::Overlay], "")), "a role without a name");
    let mut fine = Script::new();
    fine.fact("admin", by_role(&[CreditKind::Overlay], "AE"));
    assert_eq!(fine.totals().ignored_facts, []);
}

#[test]
fn plan_facts() {
    let fact = |plan: Plan| move |script: &mut Script| script.fact("admin", FactBody::PlanDefined(plan.clone()));
    let flat = || component(&[("0", "5%")]);
    check(fact(plan("2026-02-15", None, vec![flat()])), "a plan that starts or ends inside a pay period");
    check(fact(plan("2026-02-01", Some("2026-02-01"), vec![flat()])), "a plan that ends before it starts");
    check(fact(plan("2026-02-01", None, vec![flat()])), "a plan version that overlaps another one");
    check(
        fact(Plan { currency: "EUR".into(), ..plan("2026-01-01", None, vec![flat()]) }),
        "a plan in another currency than before",
    );
    check(fact(plan("2026-01-01", None, vec![flat(), flat()])), "a component twice");
    check(fact(plan("2026-01-01", None, vec![component(&[("1", "5%")])])), "tiers that do not start at 0");
    check(fact(plan("2026-01-01", None, vec![component(&[("0", "5%"), ("0", "6%")])])), "tiers that do not rise");
    let by_attainment = Component { tier_by: TierBy::Attainment, ..flat() };
    check(fact(plan("2026-01-01", None, vec![by_attainment])), "no_quota is for attainment, and attainment needs it");
}

#[test]
fn scales_by_the_age_of_deals() {
    let of = |price: ClawbackPrice, rows: &[(i32, i64)]| {
        let row = |(within_months, share): &(i32, i64)| ScaleRow { within_months: *within_months, share: Rate(*share) };
        let clawback = Clawback { price, scale: rows.iter().map(row).collect(), ..Clawback::default() };
        let plan = plan("2026-01-01", None, vec![Component { clawback, ..component(FIVE_TEN) }]);
        move |script: &mut Script| script.fact("admin", FactBody::PlanDefined(plan.clone()))
    };
    let historic = |rows: &[(i32, i64)]| of(ClawbackPrice::HistoricRate, rows);
    check(of(ClawbackPrice::Recompute, &[(1, 5)]), "a scale of what is recomputed");
    let rows: Vec<(i32, i64)> = (1..=13).map(|months| (months, 1)).collect();
    check(historic(&rows), "a scale that is too long");
    for rows in [&[(0, 1)][..], &[(-3, 1)], &[(121, 1)], &[(3, 1), (3, 1)], &[(6, 1), (3, 1)]] {
        check(historic(rows), "a scale of ages that do not rise");
    }
    for share in [-1, 100_000_001] {
        check(historic(&[(3, share)]), "a scale of more than everything");
    }
    let mut fine = Script::with_plan(component(FIVE_TEN));
    historic(&rows[..12])(&mut fine);
    historic(&[(1, 100_000_000), (120, 0)])(&mut fine);
    assert_eq!(fine.totals().ignored_facts, []);
}

#[test]
fn values_of_the_payees_own() {
    let fact = |component: Component| {
        let plan = plan("2026-01-01", None, vec![component]);
        move |script: &mut Script| script.fact("admin", FactBody::PlanDefined(plan.clone()))
    };
    let own = |places: &[usize], name: &str| -> Vec<OwnRate> {
        places.iter().map(|tier| OwnRate { tier: *tier, parameter: name.into() }).collect()
    };
    let two = |rates: [&str; 2], own_rates| Component { own_rates, ..component(&[("0", rates[0]), ("5", rates[1])]) };
    check(fact(two(["0", "5%"], own(&[1], "own"))), "a value of the plan's and of the payee's own");
    check(fact(two(["0", "0"], own(&[2], "own"))), "a value of the plan's and of the payee's own");
    check(fact(two(["0", "0"], own(&[0], ""))), "a value of the payee's own without a name");
    check(fact(two(["0", "0"], own(&[0, 0], "own"))), "two values of the payee's own for a tier");
    let edged = |froms: [&str; 2], places: &[usize], name: &str| {
        let own_edges = places.iter().map(|tier| OwnEdge { tier: *tier, parameter: name.into() }).collect();
        Component { own_edges, ..component(&[(froms[0], "5%"), (froms[1], "6%")]) }
    };
    check(fact(edged(["0", "5"], &[1], "own")), "an edge of the plan's and of the payee's own");
    check(fact(edged(["0", "0"], &[2], "own")), "an edge of the plan's and of the payee's own");
    check(fact(edged(["0", "0"], &[1], "")), "an edge of the payee's own without a name");
    check(fact(edged(["0", "0"], &[1, 1], "own")), "two edges of the payee's own for a tier");
    check(fact(edged(["0", "5"], &[0], "own")), "tiers that do not start at 0");
    let lines = |rates: [Option<&str>; 2], places: &[usize]| {
        let mut looked_up = super::own_rates::lines_of("suite", [None, rates[1]]);
        looked_up.own_rates = own(places, "own");
        let stated = |text: &str| component(&[("0", text)]).tiers[0].rate;
        looked_up.lookup.iter_mut().for_each(|lookup| {
            lookup.rows[0].rate = stated(rates[0].unwrap());
            lookup.otherwise = rates[1].map(stated);
        });
        looked_up
    };
    check(fact(lines([Some("5%"), None], &[0])), "a value of the plan's and of the payee's own");
    check(fact(lines([Some("0"), None], &[1])), "a value of the plan's and of the payee's own");
    check(fact(lines([Some("0"), Some("5%")], &[1])), "a value of the plan's and of the payee's own");
    check(fact(lines([Some("0"), Some("0")], &[2])), "a value of the plan's and of the payee's own");
    let steps = |method, places: &[usize]| Component { pays: Pays::Lump, method, ..two(["0", "0"], own(places, "own")) };
    check(fact(steps(Method::Lump, &[0])), "pay for a sum of zero");
    check(fact(steps(Method::Interpolated, &[1])), "tiers in proportion without an end");
    let pool = Component { pool: Some(PoolShare::Equal), interval: IntervalKind::Month, ..two(["0", "0"], own(&[0], "own")) };
    check(fact(pool), "a pool of what is one payee's");
}

#[test]
fn numbers_of_modifiers_of_the_payees_own() {
    let fact = |component: Component| {
        let plan = plan("2026-01-01", None, vec![component]);
        move |script: &mut Script| script.fact("admin", FactBody::PlanDefined(plan.clone()))
    };
    let own = |modifiers: Modifiers, places: &[OwnPlace], name: &str| {
        let own_modifiers = places.iter().map(|place| OwnModifier { place: *place, parameter: name.into() }).collect();
        Component { modifiers, own_modifiers, ..component(&[("0", "5%")]) }
    };
    let capped = |cap| Modifiers { cap: Some(Amount(cap)), weight: Some(Rate(0)), ..Modifiers::default() };
    let both = "a number of the plan's and of the payee's own";
    check(fact(own(capped(5), &[OwnPlace::Cap], "own")), both);
    check(fact(own(capped(0), &[OwnPlace::Floor], "own")), both);
    check(fact(own(capped(0), &[OwnPlace::Factor(0)], "own")), both);
    check(fact(own(capped(0), &[OwnPlace::Cap], "")), "a number of the payee's own without a name");
    let twice = "two numbers of the payee's own for a modifier";
    check(fact(own(capped(0), &[OwnPlace::Cap, OwnPlace::Cap], "own")), twice);
    check(fact(own(capped(0), &[OwnPlace::Cap, OwnPlace::Weight], "own")), twice);
    let of = own(capped(0), &[OwnPlace::Cap], "own");
    check(fact(Component { pool: Some(PoolShare::Equal), interval: IntervalKind::Month, ..of }), "a pool of what is one payee's");
    let floored = |places: &[OwnPlace]| own(Modifiers { floor: Some(Amount(5)), ..capped(0) }, places, "own");
    check(fact(floored(&[])), "a floor below zero or above the cap");
}

#[test]
fn units() {
    let plan = |from, unit, pay| {
        let component = Component { unit, pay, ..component(&[("0", "5%")]) };
        FactBody::PlanDefined(plan(from, None, vec![component]))
    };
    let paid = vec![Tranche { share: Rate(100_000_000), when: Due::Booked }];
    let (body, other) = (plan("2026-01-01", EarningUnit::Points, paid), plan("2026-01-01", EarningUnit::Points, vec![]));
    check(move |script: &mut Script| script.fact("admin", body.clone()), "tranches of points");
    check(move |script: &mut Script| script.fact("admin", other.clone()), "a component that earned something else");
}

#[test]
fn ramps() {
    let fact = |percents: &[i64], component: Component| {
        let ramp = percents.iter().map(|percent| Rate(percent * 1_000_000)).collect();
        let plan = Plan { ramp, ..plan("2026-01-01", None, vec![component]) };
        move |script: &mut Script| script.fact("admin", FactBody::PlanDefined(plan.clone()))
    };
    let attained =
        |quota| Component { tier_by: TierBy::Attainment, no_quota: Some(NoQuota::Park), quota, ..component(&[("0", "5%")]) };
    check(fact(&[50; 37], attained(QuotaUse::Interval)), "a ramp of more than 36 pay periods");
    check(fact(&[50, 101], attained(QuotaUse::Interval)), "a part of a ramp that is none");
    check(fact(&[-1], attained(QuotaUse::Interval)), "a part of a ramp that is none");
    check(fact(&[50], component(&[("0", "5%")])), "a ramp without a quota");
    check(fact(&[50], attained(QuotaUse::ToDate(vec![]))), "a ramp of a quota to date");
}

#[test]
fn quotas_to_date() {
    let fact = |component: Component| {
        let plan = plan("2026-01-01", None, vec![component]);
        move |script: &mut Script| script.fact("admin", FactBody::PlanDefined(plan.clone()))
    };
    let flat = |quota| Component { quota, ..component(&[("0", "5%")]) };
    let shares = |shares: &[i64]| QuotaUse::ToDate(shares.iter().map(|share| Rate(*share)).collect());
    let attained = |quota| Component { tier_by: TierBy::Attainment, no_quota: Some(NoQuota::Park), ..flat(quota) };
    check(fact(flat(shares(&[]))), "a quota to date that nothing is compared with");
    let not_whole: [&[i64]; 5] = [
        &[100_000_000],
        &[50_000_000, 50_000_000],
        &[50_000_000, 25_000_000, 25_000_001],
        &[-1, 50_000_001, 50_000_000],
        &[25_000_000; 4],
    ];
    for not_whole in not_whole {
        check(fact(attained(shares(not_whole))), "shares of a quota that are no whole");
    }
    for method in [Method::WholeDealBefore, Method::WholeDealAfter] {
        check(fact(Component { method, ..attained(shares(&[])) }), "whole deals on a quota to date");
    }
    let pay = vec![Tranche { share: Rate(100_000_000), when: Due::Settled }];
    check(fact(Component { pay, ..attained(shares(&[])) }), "a settled deal on a quota to date");
}

#[test]
fn close_facts() {
    let reopen = |script: &mut Script, id: &str| {
        script.fact("carl", FactBody::PeriodReopened(PeriodReopened { close_id: id.into() }));
    };
    let twice = |script: &mut Script| {
        script.close("c1", JANUARY);
        script.close("c1", FEBRUARY);
    };
    let skipping = |script: &mut Script| {
        script.close("c1", JANUARY);
        script.close("c3", MARCH);
    };
    let by_closer = |script: &mut Script| {
        script.close("c1", JANUARY);
        script.release("carl", "c1");
    };
    let out_of_order = |script: &mut Script| {
        script.close("c1", JANUARY);
        script.close("c2", FEBRUARY);
        script.release("rita", "c2");
    };
    let released = |script: &mut Script| {
        script.close("c1", JANUARY);
        script.release("rita", "c1");
        reopen(script, "c1");
    };
    let not_last = |script: &mut Script| {
        script.close("c1", JANUARY);
        script.close("c2", FEBRUARY);
        reopen(script, "c1");
    };
    check(twice, "a close_id that was used before");
    check(skipping, "a close out of order");
    check(|script| script.close("c1", Period(JANUARY.0 + 12)), "a period that the calendar does not reach");
    check(by_closer, "a release by the closer");
    check(out_of_order, "not the first unreleased close");
    check(released, "not the last unreleased close");
    check(not_last, "not the last unreleased close");
}

/// The small company with a type of rate for pay, and bob, who is paid in pounds from the first fact about him.
fn paid_in_pounds(script: &mut Script) {
    script.fact("admin", FactBody::CompanyDefined(Company { pay_rate_type: Some("pay".into()), ..company() }));
    script.fact("admin", payee("bob", vec![PayeeRow { pay_currency: Some("GBP".into()), ..row("2026-01-01", None, None) }]));
}

fn pay_rates(from: &str, max_age_days: u32) -> FactBody {
    let row = RateRow { from: date(from), rate: CurrencyRate::ONE, max_age_days };
    let (rate_type, from_currency, to_currency) = ("pay".into(), "USD".into(), "GBP".into());
    FactBody::RatesDefined(CurrencyRates { rate_type, from_currency, to_currency, rows: vec![row] })
}

#[test]
fn pay_in_another_currency() {
    let pounds = |row: PayeeRow| PayeeRow { pay_currency: Some("GBP".into()), ..row };
    let two = [row("2026-01-01", Some("2026-02-01"), None), row("2026-02-01", None, None)];
    let changes = vec![two[0].clone(), pounds(two[1].clone())];
    check(|script| script.fact("admin", payee("bob", changes.clone())), "a pay currency that changes");
    let none = PayeeRow { pay_currency: Some("pound".into()), ..row("2026-01-01", None, None) };
    check(|script| script.fact("admin", payee("bob", vec![none.clone()])), "pay in no currency");
    let own = |row: PayeeRow| PayeeRow { pay_currency: Some("USD".into()), ..row };
    let mut stated = Script::new();
    stated.fact("admin", payee("bob", vec![two[0].clone(), own(two[1].clone())]));
    assert_eq!(stated.totals().ignored_facts, []);
    let closes = |prepare: &dyn Fn(&mut Script), expected: &[&str]| {
        let mut script = Script::new();
        paid_in_pounds(&mut script);
        prepare(&mut script);
        script.close("c1", JANUARY);
        let ignored: Vec<_> = script.totals().ignored_facts.into_iter().map(|(_, reason)| reason).collect();
        assert_eq!(ignored, expected);
    };
    closes(&|_| (), &["no rate of pay"]);
    closes(&|script| script.fact("admin", pay_rates("2026-02-01", 99)), &["no rate of pay yet"]);
    closes(&|script| script.fact("admin", pay_rates("2026-01-01", 29)), &["a rate of pay that is too old"]);
    closes(&|script| script.fact("admin", pay_rates("2026-01-01", 30)), &[]);
    closes(&|script| script.fact("admin", FactBody::CompanyDefined(company())), &["no type of rate for pay"]);
}

#[test]
fn a_close_that_stands_fixes_the_currency_of_pay() {
    let mut script = Script::new();
    paid_in_pounds(&mut script);
    script.fact("admin", pay_rates("2026-01-01", 99));
    let home = || payee("bob", vec![row("2026-01-01", None, None)]);
    let ignored = |script: &mut Script, body: FactBody, expected: Option<&str>| {
        let before = script.totals().ignored_facts.len();
        script.fact("admin", body);
        let all = script.totals().ignored_facts;
        assert_eq!(all.get(before).map(|(_, reason)| reason.as_str()), expected);
    };
    ignored(&mut script, home(), None);
    paid_in_pounds(&mut script);
    script.close("c1", JANUARY);
    ignored(&mut script, home(), Some("pay in another currency after a close"));
    // Whom the close did not know, or where it is taken back, it has not paid.
    ignored(&mut script, payee("cy", vec![row("2026-01-01", None, None)]), None);
    let pounds = PayeeRow { pay_currency: Some("GBP".into()), ..row("2026-01-01", None, None) };
    ignored(&mut script, payee("cy", vec![pounds]), None);
    script.fact("carl", FactBody::PeriodReopened(PeriodReopened { close_id: "c1".into() }));
    ignored(&mut script, home(), None);
}
