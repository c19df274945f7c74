//! Amounts of terms of pay that are the payee's own, worked by hand: 5 % of what is sold in each of three months.

use super::own_rates::having;
use super::*;

/// The plan with a draw that is paid back, a cap and a smallest payment; these amounts are the payee's own.
fn with(own: &[(AmountPlace, &str)], pay: PayTerms) -> Plan {
    let own_amounts = own.iter().map(|(place, name)| OwnAmount { place: *place, parameter: (*name).into() }).collect();
    Plan { pay, own_amounts, ..plan("2026-01-01", None, vec![component(&[("0", "5%")])]) }
}

fn draw(recover: Option<Recover>) -> PayTerms {
    PayTerms { draw: Some(Draw { amount: Amount(0), first: JANUARY, last: FEBRUARY, recover }), ..PayTerms::default() }
}

fn recover(maximum_balance: Option<Amount>) -> Recover {
    let (share_of_excess, floor, at_end) = (Rate(100_000_000), RecoveryFloor::Draw, AtEnd::Owed);
    Recover { from: JANUARY, share_of_excess, floor, maximum_balance, at_end }
}

/// Sells for 20 000, 40 000 and 100 000; the three months are closed one after the other and released.
fn runs(plan: Plan, rows: Vec<PayeeRow>) -> Script {
    let mut script = Script::new();
    script.fact("admin", FactBody::PlanDefined(plan));
    script.fact("admin", payee("ana", rows));
    for (id, closed_on, amount) in [("D1", "2026-01-20", "20000"), ("D2", "2026-02-03", "40000"), ("D3", "2026-03-10", "100000")]
    {
        script.deal(told(id, closed_on, amount));
    }
    for (close_id, period) in [("c1", JANUARY), ("c2", FEBRUARY), ("c3", MARCH)] {
        script.close(close_id, period);
        script.release("rita", close_id);
    }
    script
}

fn check(plan: Plan, rows: Vec<PayeeRow>, expected: &[&str]) {
    let script = runs(plan, rows);
    assert_eq!(script.totals().ignored_facts, []);
    let short = |line: String| line.replace("/ana/", " ").replace("/USD/", " ");
    assert_eq!(script.payouts().into_iter().map(short).collect::<Vec<_>>(), expected);
}

/// Another amount from the middle of January on, and from March.
fn rows(own: [&str; 3]) -> Vec<PayeeRow> {
    let row = |from, to, own| having(from, to, &[("own", own)]);
    vec![
        row("2026-01-01", Some("2026-01-15"), own[0]),
        row("2026-01-15", Some("2026-03-01"), own[1]),
        row("2026-03-01", None, own[2]),
    ]
}

#[test]
fn a_run_reads_the_last_row_of_its_month() {
    let own = [(AmountPlace::Draw, "own")];
    let expected = [
        "c1 COMM/regular 2026-01: 1000.00",
        "c1 GUARANTEE/guarantee 2026-01: 2000.00",
        "c2 COMM/regular 2026-02: 2000.00",
        "c2 GUARANTEE/guarantee 2026-02: 1000.00",
        "c3 COMM/regular 2026-03: 5000.00",
    ];
    check(with(&own, draw(None)), rows(["9", "3000", "7"]), &expected);
    let capped =
        PayTerms { payment_cap: Some(PaymentCap { amount: Amount(0), excess: PaymentExcess::Lost }), ..PayTerms::default() };
    let expected = [
        "c1 CAPPED/carried 2026-01: -500.00",
        "c1 COMM/regular 2026-01: 1000.00",
        "c2 CAPPED/carried 2026-02: -1500.00",
        "c2 COMM/regular 2026-02: 2000.00",
        "c3 CAPPED/carried 2026-03: -1000.00",
        "c3 COMM/regular 2026-03: 5000.00",
    ];
    check(with(&[(AmountPlace::PaymentCap, "own")], capped), rows(["9", "500", "4000"]), &expected);
    let least =
        PayTerms { minimum_settlement: Some(MinimumSettlement { amount: Amount(0), flush: Flush::End }), ..PayTerms::default() };
    let expected =
        ["c2 CARRIED/carried 2026-02: 1000.00", "c2 COMM/regular 2026-02: 2000.00", "c3 COMM/regular 2026-03: 5000.00"];
    check(with(&[(AmountPlace::MinimumSettlement, "own")], least), rows(["9", "1000.01", "0"]), &expected);
}

#[test]
fn a_draw_stops_where_the_payees_own_much_is_owed() {
    let own = [(AmountPlace::Draw, "own"), (AmountPlace::MaximumBalance, "own")];
    let expected = [
        "c1 COMM/regular 2026-01: 1000.00",
        "c1 DRAW/draw 2026-01: 1500.00",
        "c2 COMM/regular 2026-02: 2000.00",
        "c2 DRAW/draw 2026-02: 500.00",
        "c3 COMM/regular 2026-03: 5000.00",
        "c3 RECOVERY/recovery 2026-03: -2000.00",
    ];
    let terms = || draw(Some(recover(Some(Amount(0)))));
    let two = |least, most| vec![having("2026-01-01", None, &[("least", least), ("most", most)])];
    let own_of_two = [(AmountPlace::Draw, "least"), (AmountPlace::MaximumBalance, "most")];
    check(with(&own_of_two, terms()), two("2500", "2000"), &expected);
    // Nobody has a draw of nothing.
    let expected = ["c1 COMM/regular 2026-01: 1000.00", "c2 COMM/regular 2026-02: 2000.00", "c3 COMM/regular 2026-03: 5000.00"];
    check(with(&own, terms()), rows(["9", "0", "0"]), &expected);
}

#[test]
fn a_close_without_one_is_none() {
    let check = |plan: Plan, rows: Vec<PayeeRow>, expected: &[&str]| {
        let ignored = runs(plan, rows).totals().ignored_facts;
        let reasons: Vec<_> =
            ignored.iter().map(|(_, reason)| reason.as_str()).filter(|why| why.starts_with("a close")).collect();
        assert_eq!(reasons, expected);
    };
    let lacks = "a close without an amount that somebody has of their own";
    let own = [(AmountPlace::Draw, "own")];
    check(with(&own, draw(None)), vec![having("2026-01-01", None, &[])], &[lacks, lacks]);
    let later = vec![having("2026-01-01", Some("2026-02-01"), &[("own", "5")]), having("2026-02-01", None, &[])];
    check(with(&own, draw(None)), later, &[lacks, "a close out of order"]);
    let large = vec![having("2026-01-01", None, &[("own", "1000000000001")])];
    check(with(&own, draw(None)), large, &["a close with a draw that no payout holds"; 2]);
}

#[test]
fn plans_that_do_not_count() {
    let check = |plan: Plan, expected: &str| {
        let mut script = Script::new();
        script.fact("admin", FactBody::PlanDefined(plan));
        let ignored: Vec<_> = script.totals().ignored_facts.into_iter().map(|(_, reason)| reason).collect();
        assert_eq!(ignored, [expected]);
    };
    use AmountPlace::{Draw, MaximumBalance, MinimumSettlement, PaymentCap};
    for place in [MaximumBalance, PaymentCap, MinimumSettlement] {
        check(with(&[(Draw, "own"), (place, "own")], draw(None)), "an amount of the plan's and of the payee's own");
    }
    let mut stated = with(&[(Draw, "own")], draw(None));
    stated.pay.draw.as_mut().unwrap().amount = Amount(1);
    check(stated, "an amount of the plan's and of the payee's own");
    check(with(&[(Draw, "")], draw(None)), "an amount of the payee's own without a name");
    check(with(&[(Draw, "own"), (Draw, "other")], draw(None)), "two amounts of the payee's own for a term");
    check(with(&[], draw(None)), "a draw of nothing");
}

/// What the months of the quarter keep of 1 000, 2 000 and 5 000 under a cap that is ana's own.
#[test]
fn the_cap_of_a_plan_is_that_of_the_first_month_of_its_interval() {
    let check = |rows: Vec<PayeeRow>, expected: [&str; 3]| {
        let cap = PlanCap { per: IntervalKind::Quarter, amount: Amount(0) };
        let plan = Plan { cap: Some(cap), ..with(&[(AmountPlace::PlanCap, "own")], PayTerms::default()) };
        let totals = runs(plan, rows).totals();
        assert_eq!(totals.ignored_facts, []);
        let months = [JANUARY, FEBRUARY, MARCH].map(|month| {
            let of = totals.booked.iter().filter(|(key, _)| key.effective_period == month);
            Minor(of.map(|(_, minor)| minor.0).sum()).text(2)
        });
        assert_eq!(months, expected);
    };
    check(rows(["2500", "9", "9000"]), ["1000.00", "1500.00", "0.00"]);
    check(vec![having("2026-01-01", Some("2026-02-01"), &[]), having("2026-02-01", None, &[("own", "2500")])], ["0.00"; 3]);
    let joins = vec![having("2026-02-02", Some("2026-03-01"), &[("own", "4500")]), having("2026-03-01", None, &[])];
    check(joins, ["0.00", "2000.00", "2500.00"]);
}
