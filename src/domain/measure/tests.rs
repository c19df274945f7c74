//! Which deals and credit a measure counts, and what of a line.

use super::*;

const LINE: LineView<'static> = LineView {
    product: Some("suite"),
    geography: None,
    segment: None,
    amount: Amount(100),
    quantity: Quantity(3),
    cost: Some(Amount(130)),
};

fn view<'d>(attributes: &'d [(&'static str, Attribute<'static>)]) -> DealView<'d, 'static> {
    DealView { kind: None, customer: Some("globex"), attributes }
}

#[test]
fn a_condition_holds_for_its_own_type_and_range_alone() {
    let number =
        |at_least: Option<i128>, below: Option<i128>| Wanted::Number { at_least: at_least.map(Amount), below: below.map(Amount) };
    let date = |from: Option<i32>, to: Option<i32>| Wanted::Date { from: from.map(Date), to: to.map(Date) };
    let text = || Wanted::Text(vec!["bank".into(), "5".into()]);
    let check = |is: Wanted, value: Option<Attribute<'static>>, expected: bool| {
        let measure = Measure { filter: vec![AttributeCondition { attribute: "a".into(), is }], ..Measure::default() };
        let attributes: Vec<_> = value.into_iter().map(|value| ("a", value)).collect();
        assert_eq!(measure.takes_deal(view(&attributes)), expected, "{:?} of {attributes:?}", measure.filter);
    };
    check(text(), None, false);
    check(text(), Some(Attribute::Number(5)), false);
    check(text(), Some(Attribute::Text("bank")), true);
    check(text(), Some(Attribute::Text("banks")), false);
    check(number(Some(5), Some(9)), Some(Attribute::Number(4)), false);
    check(number(Some(5), Some(9)), Some(Attribute::Number(5)), true);
    check(number(Some(5), Some(9)), Some(Attribute::Number(9)), false);
    check(number(None, Some(9)), Some(Attribute::Date(Date(5))), false);
    check(number(None, Some(9)), Some(Attribute::Number(-7)), true);
    check(number(None, Some(9)), Some(Attribute::Number(9)), false);
    check(date(Some(5), None), Some(Attribute::Date(Date(5))), true);
    check(date(Some(5), Some(6)), Some(Attribute::Date(Date(6))), false);
    check(date(Some(5), Some(6)), Some(Attribute::Date(Date(5))), true);
    for (is, possible) in [
        (Wanted::Text(vec![]), false),
        (number(None, None), false),
        (number(Some(5), Some(5)), false),
        (number(Some(5), Some(6)), true),
        (date(Some(5), Some(4)), false),
        (date(None, Some(4)), true),
    ] {
        assert_eq!(is.is_possible(), possible, "{is:?}");
    }
}

#[test]
fn a_measure_begins_to_convert_and_changes_nothing_else() {
    let with = |rate_type: Option<&str>, of| Measure { rate_type: rate_type.map(String::from), of, ..Measure::default() };
    let check = |one: &Measure, other: &Measure, begins| assert_eq!(one.begins_to_convert(other), begins, "{one:?} {other:?}");
    let plain = with(None, MeasureOf::Amount);
    check(&plain, &with(Some("spot"), MeasureOf::Amount), true);
    check(&plain, &with(Some("spot"), MeasureOf::Margin), false);
    check(&plain, &plain, false);
    check(&with(Some("spot"), MeasureOf::Amount), &with(Some("month"), MeasureOf::Amount), false);
    check(&with(Some("spot"), MeasureOf::Amount), &plain, false);
}

#[test]
fn margins_attributes_customers_and_conditions_are_details() {
    let of = |of| Measure { of, ..Measure::default() };
    let condition = AttributeCondition { attribute: "a".into(), is: Wanted::Text(vec!["x".into()]) };
    for (measure, details) in [
        (of(MeasureOf::Amount), false),
        (of(MeasureOf::Quantity), false),
        (of(MeasureOf::Margin), true),
        (of(MeasureOf::Attribute), true),
        (Measure { customers: vec!["globex".into()], ..of(MeasureOf::Amount) }, true),
        (Measure { filter: vec![condition], ..of(MeasureOf::Amount) }, true),
    ] {
        assert_eq!(measure.reads_details(), details, "{measure:?}");
    }
}

#[test]
fn credit_counts_by_its_kind_and_the_role_of_its_split() {
    use CreditKind::*;
    let measure = |kinds: &[CreditKind], roles: &[&str]| Measure {
        credit_kinds: kinds.to_vec(),
        roles: roles.iter().map(|role| role.to_string()).collect(),
        ..Measure::default()
    };
    let all = measure(&[Revenue, Territory], &[]);
    let some = measure(&[Revenue, Overlay], &["AE", "SE"]);
    for (measure, kind, role, expected) in [
        (&all, Revenue, Some("CSM"), true),
        (&all, Territory, None, true),
        (&some, Revenue, Some("AE"), true),
        (&some, Overlay, Some("SE"), true),
        (&some, Overlay, Some("CSM"), false),
        (&some, Revenue, None, false),
        (&some, Rolled, Some("AE"), false),
    ] {
        assert_eq!(measure.counts_credit(kind, role), expected, "{measure:?} {kind:?} {role:?}");
    }
    let of_splits = Err(("roles", "splits alone have a role: credit_kinds are REVENUE and OVERLAY"));
    assert_eq!(some.check(), Ok(()));
    assert_eq!(measure(&[Revenue, Rolled], &["AE"]).check(), of_splits);
    assert_eq!(measure(&[Revenue], &["AE", ""]).check(), Err(("roles", "a role without a name")));
}

#[test]
fn what_a_line_counts_is_said_or_it_is_missing() {
    let attributes = [("acv", Attribute::Number(70)), ("industry", Attribute::Text("bank"))];
    let check = |of: MeasureOf, attribute: &str, line: LineView<'_>, expected: Option<i128>| {
        let measure = Measure { of, attribute: Some(attribute.into()), ..Measure::default() };
        assert_eq!(measure.value(view(&attributes), line), expected, "{of:?} {attribute}");
    };
    check(MeasureOf::Margin, "", LINE, Some(-30));
    check(MeasureOf::Margin, "", LineView { cost: None, ..LINE }, None);
    check(MeasureOf::Attribute, "acv", LINE, Some(70));
    check(MeasureOf::Attribute, "industry", LINE, None);
    check(MeasureOf::Attribute, "seats", LINE, None);
    check(MeasureOf::Quantity, "", LINE, Some(300));
    check(MeasureOf::Count, "", LINE, Some(1_000_000));
}
