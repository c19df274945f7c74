//! Deficits that the next interval of the year starts from, and caps of a year over months and quarters, worked by hand.

use super::*;
use std::collections::BTreeMap;

const UNIT: i128 = 1_000_000_000_000;

/// 10 % of each month, of nothing below zero; what is missing goes on.
fn monthly() -> Component {
    of_tiers(IntervalKind::Month, &[("0", "10%")])
}

fn of_tiers(interval: IntervalKind, tiers: &[(&str, &str)]) -> Component {
    Component { interval, negative: Negative::Zero, deficit: Deficit::NextIntervalOfYear, ..component(tiers) }
}

/// Only the most of a year lets a component of quarters say something else than before.
fn lost(component: Component) -> Component {
    Component { deficit: Deficit::Lost, ..component }
}

fn capped(plan: Plan, per: IntervalKind, amount: &str) -> Plan {
    Plan { cap: Some(PlanCap { per, amount: Amount::parse(amount).unwrap() }), ..plan }
}

/// Of ana's deals of these days, with these versions of the plan.
fn script(plans: Vec<Plan>, deals: &[(&str, &str)]) -> Script {
    let mut script = Script::new();
    script.fact("admin", FactBody::CalendarDefined(Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 23))));
    plans.into_iter().for_each(|plan| script.fact("admin", FactBody::PlanDefined(plan)));
    sell(&mut script, deals);
    script
}

fn sell(script: &mut Script, deals: &[(&str, &str)]) {
    for (closed_on, amount) in deals {
        let id = format!("D{}", script.deals);
        script.deal(told(&id, closed_on, amount));
    }
}

/// What is earned for each month for which that is anything.
fn check(script: &Script, expected: &[&str]) {
    let totals = script.totals();
    assert_eq!(totals.ignored_facts, []);
    let mut by_month: BTreeMap<Period, i64> = BTreeMap::new();
    totals.earned.iter().for_each(|(key, minor)| *by_month.entry(key.pay_period).or_default() += minor.0);
    let lines = by_month.iter().map(|(month, minor)| format!("{month} {}", Minor(*minor).text(2)));
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

fn priced(component: Component, deals: &[(&str, &str)], expected: &[&str]) {
    check(&script(vec![plan("2026-01-01", None, vec![component])], deals), expected);
}

const DOWN_UP_UP: [(&str, &str); 3] = [("2026-01-10", "-100"), ("2026-02-10", "60"), ("2026-03-10", "90")];

#[test]
fn what_is_missing_is_made_up_for_first() {
    priced(lost(monthly()), &DOWN_UP_UP, &["2026-02 6.00", "2026-03 9.00"]);
    // 40 are missing after February.
    priced(monthly(), &DOWN_UP_UP, &["2026-03 5.00"]);
    // A month with nothing hands on what it was handed; one that is above zero hands on nothing.
    priced(monthly(), &[("2026-01-10", "-100"), ("2026-04-10", "150"), ("2026-05-10", "10")], &["2026-04 5.00", "2026-05 1.00"]);
    // What is earned stays with the interval: only what is missing goes on.
    priced(monthly(), &[("2026-01-10", "100"), ("2026-02-10", "-60"), ("2026-03-10", "90")], &["2026-01 10.00", "2026-03 3.00"]);
    // 70 of the quarter are missing; then 80, 20 and 5.
    let deals = [("2026-01-10", "30"), ("2026-03-10", "-100"), ("2026-04-10", "80"), ("2026-05-10", "-60"), ("2026-06-10", "65")];
    let quarters = of_tiers(IntervalKind::Quarter, &[("0", "10%")]);
    let expected = ["2026-01 3.00", "2026-03 -3.00", "2026-04 1.00", "2026-05 -1.00", "2026-06 1.50"];
    priced(quarters, &deals, &expected);
    // All of it lies in one half.
    let halves = of_tiers(IntervalKind::HalfYear, &[("0", "10%")]);
    priced(halves, &[("2026-03-10", "-100"), ("2026-07-10", "130"), ("2026-08-10", "20")], &["2026-07 3.00", "2026-08 2.00"]);
}

#[test]
fn a_year_starts_from_zero() {
    let deals = [("2026-11-10", "-100"), ("2026-12-10", "60"), ("2027-01-10", "90")];
    priced(monthly(), &deals, &["2027-01 9.00"]);
    priced(of_tiers(IntervalKind::Quarter, &[("0", "10%")]), &deals, &["2027-01 9.00"]);
    priced(of_tiers(IntervalKind::HalfYear, &[("0", "10%")]), &deals, &["2027-01 9.00"]);
}

#[test]
fn it_picks_the_tier_and_is_paid_on() {
    let deals = [("2026-01-10", "-100"), ("2026-02-10", "250"), ("2026-03-10", "250")];
    let tiers = [("0", "10%"), ("100", "20%")];
    // 150 and 250.
    priced(of_tiers(IntervalKind::Month, &tiers), &deals, &["2026-02 20.00", "2026-03 40.00"]);
    let retroactive = Component { method: Method::Retroactive, ..of_tiers(IntervalKind::Month, &[("0", "10%"), ("200", "20%")]) };
    priced(retroactive.clone(), &deals, &["2026-02 15.00", "2026-03 50.00"]);
    // The same by fractions: a weight of one.
    let modifiers = Modifiers { weight: Some(Rate(100_000_000)), ..Modifiers::default() };
    priced(Component { modifiers, ..retroactive }, &deals, &["2026-02 15.00", "2026-03 50.00"]);
    let steps = of_tiers(IntervalKind::Month, &[("0", "0"), ("200", "70")]);
    priced(Component { pays: Pays::Lump, method: Method::Lump, ..steps }, &deals, &["2026-03 70.00"]);
    let over = Component { method: Method::Overage, ..of_tiers(IntervalKind::Month, &[("100", "20%")]) };
    priced(over, &deals, &["2026-02 10.00", "2026-03 30.00"]);
    let points = Component { unit: EarningUnit::Points, ..of_tiers(IntervalKind::Month, &tiers) };
    priced(points, &deals, &["2026-02 20.00", "2026-03 40.00"]);
}

fn attained(interval: IntervalKind, quota: QuotaUse, no_quota: NoQuota) -> Component {
    let tiers = of_tiers(interval, &[("0", "5%"), ("1", "10%")]);
    Component { tier_by: TierBy::Attainment, quota, no_quota: Some(no_quota), ..tiers }
}

#[test]
fn attainment_is_of_what_is_left_and_published_without() {
    let deals = [("2026-01-10", "-100"), ("2026-02-10", "250")];
    let by = |no_quota| {
        let component = attained(IntervalKind::Month, QuotaUse::Interval, no_quota);
        script(vec![plan("2026-01-01", None, vec![component])], &deals)
    };
    let mut measured = by(NoQuota::Park);
    check(&measured, &[]);
    measured.quota("2026-02", Some("100"), 1, None);
    // 150 of 100.
    check(&measured, &["2026-02 10.00"]);
    let totals = measured.totals();
    let february = totals.attainment.iter().find(|((_, _, interval), _)| *interval == Interval::Month(FEBRUARY));
    assert_eq!(february.map(|(_, attained)| attained.measured.0), Some(250 * UNIT));
    check(&by(NoQuota::FirstTier), &["2026-02 7.50"]);
}

#[test]
fn a_quota_to_date_is_compared_with_what_is_left() {
    let component = attained(IntervalKind::Quarter, QuotaUse::ToDate(vec![]), NoQuota::Park);
    let deals = [("2026-01-10", "-30000"), ("2026-04-10", "150000"), ("2026-05-10", "10000"), ("2026-06-10", "20000")];
    let mut script = script(vec![plan("2026-01-01", None, vec![component])], &deals);
    script.quota("2026-Q2", Some("300000"), 1, None);
    // 120 000 of 100 000: 5 000 + 2 000. 130 000 of 200 000: 6 500. 150 000 of 300 000: 7 500.
    check(&script, &["2026-04 7000.00", "2026-05 -500.00", "2026-06 1000.00"]);
}

#[test]
fn gates_and_multipliers_read_the_measure_itself() {
    let deals = [("2026-01-10", "-100"), ("2026-02-10", "150")];
    let (measure, tier_by) = ("sales".to_string(), TierBy::Amount);
    let bound = Bound::AtLeast(120 * UNIT);
    let gate = Some(Gate { measure: measure.clone(), tier_by, bound, tested: Tested::Running, otherwise: Otherwise::Zero });
    let multiplier = Some(Multiplier { measure, tier_by, tiers: component(&[("0", "1"), ("120", "3")]).tiers });
    let modifiers = Modifiers { gate, multiplier, ..Modifiers::default() };
    priced(Component { modifiers, ..monthly() }, &deals, &["2026-02 15.00"]);
    let (floor, cap) = (Some(Amount(4_000_000)), Some(Amount(6_000_000)));
    let deals = [("2026-01-10", "-100"), ("2026-02-10", "50"), ("2026-03-10", "150")];
    // A floor is of who has a sum, whatever is missing of it.
    let modifiers = Modifiers { floor, cap, ..Modifiers::default() };
    priced(Component { modifiers, ..monthly() }, &deals, &["2026-01 4.00", "2026-02 4.00", "2026-03 6.00"]);
}

/// Three versions: until the second date, until the third, and then.
fn versions(dates: [&str; 2], [first, second, third]: [Component; 3]) -> Vec<Plan> {
    let most = |plan| capped(plan, IntervalKind::Year, "1000000");
    vec![
        most(plan("2026-01-01", Some(dates[0]), vec![first])),
        most(plan(dates[0], Some(dates[1]), vec![second])),
        most(plan(dates[1], None, vec![third])),
    ]
}

#[test]
fn each_version_says_whether_it_is_asked_with_what_is_missing() {
    let quarters = || of_tiers(IntervalKind::Quarter, &[("0", "10%"), ("100", "20%")]);
    let deals = [("2026-01-10", "-100"), ("2026-04-10", "150"), ("2026-05-10", "60"), ("2026-06-10", "10")];
    let all = |dates, components| script(versions(dates, components), &deals);
    // 150; from 150 to 210; from 210 - 100 to 220 - 100.
    let between = all(["2026-04-01", "2026-06-01"], [quarters(), lost(quarters()), quarters()]);
    check(&between, &["2026-04 20.00", "2026-05 12.00", "2026-06 2.00"]);
    // 150; from 150 - 100 to 210 - 100; 2.
    let first = all(["2026-04-01", "2026-05-01"], [quarters(), lost(quarters()), quarters()]);
    check(&first, &["2026-04 20.00", "2026-05 7.00", "2026-06 2.00"]);
    // What the last month of the quarter says counts.
    let last = all(["2026-03-01", "2026-04-01"], [quarters(), lost(quarters()), quarters()]);
    check(&last, &["2026-04 20.00", "2026-05 12.00", "2026-06 2.00"]);
    let first = all(["2026-02-01", "2026-03-01"], [lost(quarters()), lost(quarters()), quarters()]);
    check(&first, &["2026-04 5.00", "2026-05 7.00", "2026-06 2.00"]);
}

#[test]
fn only_the_same_component_on_the_same_measure_hands_on() {
    let first = || plan("2026-01-01", Some("2026-02-01"), vec![monthly()]);
    let of = |second: Component, deals: &[(&str, &str)]| script(vec![first(), plan("2026-02-01", None, vec![second])], deals);
    check(&of(monthly(), &DOWN_UP_UP), &["2026-03 5.00"]);
    let other = Component { component_id: "other".into(), ..monthly() };
    check(&of(other, &DOWN_UP_UP), &["2026-02 6.00", "2026-03 9.00"]);
    let mut measured = of(Component { measure: "more".into(), ..monthly() }, &DOWN_UP_UP);
    measured.fact("admin", FactBody::MeasureDefined(measure("more")));
    check(&measured, &["2026-02 6.00", "2026-03 9.00"]);
    // The first quarter lacks 100; months before it was one lack nothing of it.
    let quarters = of_tiers(IntervalKind::Quarter, &[("0", "10%")]);
    let deals = [("2026-01-10", "-100"), ("2026-02-10", "60"), ("2026-04-10", "90")];
    check(&of(quarters.clone(), &deals), &["2026-04 5.00"]);
    // A version that ends in the quarter hands on nothing, and one that begins in it all of the quarter.
    let ends = vec![plan("2026-01-01", Some("2026-03-01"), vec![quarters.clone()]), plan("2026-04-01", None, vec![quarters])];
    check(&script(ends, &deals), &["2026-04 9.00"]);
}

#[test]
fn who_leaves_the_plan_starts_from_zero() {
    let off = |from, to| PayeeRow { plans: vec![], ..row(from, Some(to), None) };
    let away = |component| {
        let mut script = script(vec![plan("2026-01-01", None, vec![component])], &DOWN_UP_UP);
        let rows =
            vec![row("2026-01-01", Some("2026-02-01"), None), off("2026-02-01", "2026-03-01"), row("2026-03-01", None, None)];
        script.fact("admin", payee("ana", rows));
        sell(&mut script, &[("2026-04-10", "10")]);
        script
    };
    check(&away(monthly()), &["2026-03 9.00", "2026-04 1.00"]);
    // Back in the quarter's last month.
    check(&away(of_tiers(IntervalKind::Quarter, &[("0", "10%")])), &["2026-03 5.00", "2026-04 1.00"]);
}

#[test]
fn late_deals_change_what_later_months_start_from() {
    let mut script = script(vec![plan("2026-01-01", None, vec![monthly()])], &DOWN_UP_UP);
    for (close_id, period) in [("c1", JANUARY), ("c2", FEBRUARY), ("c3", MARCH)] {
        script.close(close_id, period);
    }
    script.deal(told("L", "2026-01-20", "70"));
    let expected = ["ana 2026-02 > 2026-04: 3.00", "ana 2026-03 > 2026-03: 5.00", "ana 2026-03 > 2026-04: 4.00"];
    assert_eq!(script.booked(), expected);
    let told = Told { status: DealStatus::Cancelled, change: Change::Cancellation, revision: 2, ..told("L", "2026-01-20", "70") };
    script.deal(told);
    check(&script, &["2026-03 5.00"]);
}

#[test]
fn a_cap_of_a_year_is_used_up_month_by_month() {
    let months = Component { interval: IntervalKind::Month, ..component(&[("0", "10%")]) };
    let of = |per, components: Vec<Component>, deals: &[(&str, &str)]| {
        script(vec![capped(plan("2026-01-01", None, components), per, "100")], deals)
    };
    let deals =
        [("2026-01-10", "600"), ("2026-02-10", "600"), ("2026-03-10", "600"), ("2026-07-10", "300"), ("2027-01-10", "900")];
    let mut capped = of(IntervalKind::Year, vec![months.clone()], &deals);
    check(&capped, &["2026-01 60.00", "2026-02 40.00", "2027-01 90.00"]);
    sell(&mut capped, &[("2026-01-20", "300")]);
    check(&capped, &["2026-01 90.00", "2026-02 10.00", "2027-01 90.00"]);
    let halves = of(IntervalKind::HalfYear, vec![months.clone()], &deals);
    check(&halves, &["2026-01 60.00", "2026-02 40.00", "2026-07 30.00", "2027-01 90.00"]);
    let down = [("2026-01-10", "600"), ("2026-02-10", "-200"), ("2026-03-10", "700"), ("2026-04-10", "700")];
    check(&of(IntervalKind::Year, vec![months.clone()], &down), &["2026-01 60.00", "2026-02 -20.00", "2026-03 60.00"]);
    // 5 % of the quarter and of the year with it: 120 in January, of which 100 stay.
    let long = |id: &str, interval| Component { component_id: id.into(), interval, ..component(&[("0", "5%")]) };
    let mixed = vec![months.clone(), long("quarter", IntervalKind::Quarter), long("year", IntervalKind::Year)];
    check(&of(IntervalKind::Year, mixed, &deals[..3]), &["2026-01 100.00"]);
    // A deficit of 100, and 110 that a cap cuts.
    let deals = [("2026-01-10", "-100"), ("2026-02-10", "700"), ("2026-03-10", "500")];
    check(&of(IntervalKind::Year, vec![monthly()], &deals), &["2026-02 60.00", "2026-03 40.00"]);
}

fn refused(plans: Vec<Plan>, expected: &[&str]) {
    let ignored = script(plans, &[]).totals().ignored_facts;
    assert_eq!(ignored.into_iter().map(|(_, reason)| reason).collect::<Vec<_>>(), expected);
}

#[test]
fn what_cannot_lack_anything_is_ignored() {
    let one = |component: Component, reason: &str| refused(vec![plan("2026-01-01", None, vec![component])], &[reason]);
    for negative in [Negative::Carry, Negative::Mirror] {
        one(Component { negative, ..monthly() }, "a deficit of what earns less than nothing");
    }
    one(Component { scope: Scope::Deal, ..monthly() }, "a deficit of single deals");
    let other = Component { paid_measure: Some("other".into()), method: Method::Retroactive, ..monthly() };
    one(other, "a deficit that is paid on another measure");
    let back = "a deficit of what is taken back by itself or later";
    let clawback = Clawback { price: ClawbackPrice::HistoricRate, ..Clawback::default() };
    one(Component { clawback, ..monthly() }, back);
    let clawback = Clawback { period: ClawbackPeriod::Current, ..Clawback::default() };
    one(Component { clawback, ..monthly() }, back);
    let pay = vec![Tranche { share: Rate(100_000_000), when: Due::Settled }];
    one(Component { pay, ..monthly() }, "a deficit of settled deals");
    one(Component { interval: IntervalKind::Year, ..monthly() }, "a deficit of a year");
    let anew = Plan { mid_interval_change: MidIntervalChange::Restart, ..plan("2026-01-01", None, vec![monthly()]) };
    refused(vec![anew], &["a deficit that begins anew"]);
}

#[test]
fn what_is_priced_by_the_year_is_for_ever() {
    let reason = "a component that was priced by the year, or was not";
    let at = |from, to, component| plan(from, to, vec![component]);
    let year = |plan| capped(plan, IntervalKind::Year, "100");
    let second = |plan_id: &str, component| Plan { plan_id: plan_id.into(), ..at("2026-02-01", None, component) };
    let first = |component| at("2026-01-01", Some("2026-02-01"), component);
    for plan_id in ["ae", "se"] {
        refused(vec![first(monthly()), second(plan_id, lost(monthly()))], &[reason]);
        refused(vec![first(lost(monthly())), second(plan_id, monthly())], &[reason]);
        refused(vec![first(monthly()), year(second(plan_id, lost(monthly())))], &[]);
        refused(vec![year(first(lost(monthly()))), second(plan_id, lost(monthly()))], &[reason]);
        refused(vec![first(lost(monthly())), year(second(plan_id, lost(monthly())))], &[reason]);
        let half = Component { interval: IntervalKind::HalfYear, ..lost(monthly()) };
        refused(vec![first(half.clone()), second(plan_id, lost(monthly()))], &[]);
        refused(vec![first(monthly()), second(plan_id, half)], &[]);
    }
    // What is corrected was so all the same; what was ignored was nothing.
    refused(vec![first(monthly()), first(lost(monthly()))], &[reason]);
    let ignored = Component { negative: Negative::Carry, ..monthly() };
    refused(vec![first(ignored), first(lost(monthly()))], &["a deficit of what earns less than nothing"]);
}

#[test]
fn caps_of_months_are_over_nothing_that_is_priced_by_the_year() {
    let month = |component| capped(plan("2026-01-01", None, vec![component]), IntervalKind::Month, "100");
    refused(vec![month(monthly())], &["a cap of months where deficits are brought in"]);
    let half = Component { interval: IntervalKind::HalfYear, ..lost(monthly()) };
    refused(vec![month(half.clone())], &["a cap over months and years"]);
    let first = Plan { to: Some(date("2026-02-01")), ..month(lost(monthly())) };
    let second = |component| plan("2026-02-01", None, vec![Component { component_id: "other".into(), ..component }]);
    refused(vec![first.clone(), second(half)], &["a cap over months and years"]);
    refused(vec![first.clone(), second(monthly())], &["a cap of months where deficits are brought in"]);
    let year = capped(second(lost(monthly())), IntervalKind::Year, "100");
    refused(vec![first, year.clone()], &["a cap over months and years"]);
    let uncapped = plan("2026-01-01", Some("2026-02-01"), vec![lost(monthly())]);
    refused(vec![uncapped, year], &["a cap of a year over what another version prices by the quarter"]);
}
