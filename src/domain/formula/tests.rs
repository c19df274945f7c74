//! What formulas give, and what is refused as none.

use super::*;

/// `a` is 120 with a quota of 80, `b` is 0 without one, `c` is -7; `p` is 10 at a half, `q` is not stated.
fn value(text: &str) -> String {
    value_in(text, Part::ALL)
}

/// With a part of the quotas.
fn value_in(text: &str, quota_part: Part) -> String {
    let formula = match Formula::parse(text) {
        Ok(formula) => formula,
        Err(error) => return error.to_string(),
    };
    let measured = |named: &MeasureUse| match named.id.as_str() {
        "a" => (Measured(120 * 10i128.pow(MEASURED_DECIMALS)), Some(Amount(80_000_000))),
        "c" => (Measured(-7 * 10i128.pow(MEASURED_DECIMALS)), Some(Amount(0))),
        _ => (Measured(0), None),
    };
    let measures: Vec<_> = formula.measures().iter().map(measured).collect();
    let stated = |name: &String| (name == "p").then_some(Amount(10_000_000));
    let parameters: Vec<_> = formula.parameters().iter().map(stated).collect();
    let target_part = Part { active: 1, of: 2 };
    let rounding = RoundingMode::HalfEven;
    let given = Given { measures: &measures, quota_part, parameters: &parameters, target_part, rounding };
    formula.value(given).map_or_else(|undefined| format!("{undefined:?}"), |value| value.to_string())
}

#[test]
fn formulas_calculate_exactly() {
    for (text, wanted) in [
        ("measure(\"a\")", "120"),
        ("measure('a') * 6%", "36/5"),
        ("measure(\"a\") + 2 * 3 - 4 / 8", "251/2"),
        ("(measure(\"a\") + 2) * 3", "366"),
        ("measure(\"a\") - 1 - 2", "117"),
        ("measure(\"a\") / 2 / 3", "20"),
        ("--measure(\"a\") * -0.5", "-60"),
        ("- measure(\"a\") + 1", "-119"),
        ("attainment(\"a\")", "3/2"),
        ("quota(\"a\") + 0 * measure(\"a\")", "80"),
        ("measure(\"a\") * payee(\"p\")", "1200"),
        ("measure(\"a\") * target(\"p\")", "600"),
        ("min(measure(\"a\"), 100, 200%)", "2"),
        ("max(measure(\"a\"), 100)", "120"),
        ("round(measure(\"a\") / 7, 2)", "857/50"),
        ("round(measure(\"a\") * 0.0125, 0)", "2"),
        ("round(measure(\"a\") / 48, 0)", "2"),
        ("if(attainment(\"a\") < 150%, 1, 2)", "2"),
        ("if(attainment(\"a\") <= 1.5, 1, 2)", "1"),
        ("if(attainment(\"a\") > 150%, 1, 2)", "2"),
        ("if(attainment(\"a\") >= 150%, 1, 2)", "1"),
        ("if(attainment(\"a\") = 150%, 1, 2)", "1"),
        ("if(attainment(\"a\") != 150%, 1, 2)", "2"),
        // What is not chosen is not asked.
        ("if(measure(\"b\") = 0, measure(\"a\"), measure(\"a\") / measure(\"b\"))", "120"),
        ("if(measure(\"a\") > 0, 1, quota(\"b\"))", "1"),
        // Nothing is paid for nothing.
        ("measure(\"b\") + 500", "0"),
        ("max(500, attainment(\"b\") * 1000)", "0"),
        ("measure(\"b\") + quota(\"a\")", "0"),
        ("measure(\"b\") + measure(\"c\") + 500", "493"),
        // What cannot be said.
        ("measure(\"a\") / measure(\"b\")", "DividedByZero"),
        ("measure(\"a\") / (1 - 1)", "DividedByZero"),
        ("measure(\"a\") * attainment(\"b\")", "Quota(1)"),
        ("measure(\"a\") * quota(\"c\")", "Quota(1)"),
        ("measure(\"a\") * payee(\"q\")", "Parameter(0)"),
        ("quota(\"b\") / (measure(\"a\") - 120)", "Quota(0)"),
        ("0.000000000000000001 * measure(\"a\")", "3/25000000000000000"),
    ] {
        assert_eq!(value(text), wanted, "{text}");
    }
    let half = Part { active: 1, of: 2 };
    assert_eq!([value_in("attainment(\"a\")", half), value_in("quota(\"a\") + 0 * measure(\"a\")", half)], ["3", "40"]);
    assert_eq!(value_in("attainment(\"a\")", Part { active: 0, of: 2 }), "Quota(0)");
}

#[test]
fn what_is_no_formula_is_refused_where_it_is_wrong() {
    let names = "use measure, quota, attainment, payee, target, min, max, round or if";
    for (text, wanted) in [
        ("", "character 1: the formula ends where a number, a function or \"(\" is needed"),
        ("measure(\"a\") *", "character 15: the formula ends where a number, a function or \"(\" is needed"),
        ("measure(\"a\") 2", "character 14: \"2\" where an operator or the end is needed"),
        ("measure(\"é\") )", "character 14: \")\" where an operator or the end is needed"),
        ("(measure(\"a\")", "character 14: the end where \")\" is needed"),
        ("sum(\"a\")", &format!("character 1: \"sum\" is no function: {names}")),
        ("measure(a)", "character 9: a name in quotes is needed: measure(\"sales\")"),
        ("measure(\"a)", "character 10: the quotes are not closed"),
        ("measure(\"\")", "character 10: the name is empty"),
        ("result(\"base\")", "character 1: results of other components are read through a measure of earnings"),
        ("1 + 2", "character 1: no measure is read, so it would pay nothing: use measure(\"...\") or attainment(\"...\")"),
        ("quota(\"a\")", "character 1: no measure is read, so it would pay nothing: use measure(\"...\") or attainment(\"...\")"),
        ("measure(\"a\") * 1e3", "character 17: \"e\" behind a number: write plain decimals, \"0.06\" or \"6%\""),
        ("measure(\"a\") * 1_000", "character 17: \"_\" behind a number: write plain decimals, \"0.06\" or \"6%\""),
        ("measure(\"a\") * 1.", "character 18: digits are missing behind the point"),
        ("measure(\"a\") * .5", "character 16: \".\" where a number, a function or \"(\" is needed"),
        ("1234567890123456789", "character 1: a number has at most 18 digits before and behind its point"),
        ("0.1234567890123456789", "character 1: a number has at most 18 digits before and behind its point"),
        ("min(measure(\"a\"))", "character 17: one value is no choice: separate two or more by \",\""),
        ("round(measure(\"a\"), 7)", "character 21: round(x, n) takes n from 0 to 6"),
        ("round(measure(\"a\"))", "character 19: \")\" where \",\" is needed"),
        ("if(measure(\"a\"), 1, 2)", "character 16: if(a < b, x, y) compares two values: <, <=, >, >=, = or !="),
        ("if(measure(\"a\") == 1, 1, 2)", "character 18: \"=\" where a number, a function or \"(\" is needed"),
        ("if(measure(\"a\") > 1, 1)", "character 23: \")\" where \",\" is needed"),
    ] {
        assert_eq!(value(text), wanted, "{text}");
    }
}

#[test]
fn a_formula_is_as_long_and_as_deep_as_is_allowed() {
    let deep = |depth: usize| format!("{}measure(\"a\"){}", "(".repeat(depth - 1), ")".repeat(depth - 1));
    assert_eq!(value(&deep(MAXIMUM_FORMULA_DEPTH)), "120");
    assert_eq!(value(&deep(33)), "character 33: parts lie more than 32 deep inside each other");
    // Beside each other they are not deep.
    assert_eq!(value(&format!("measure(\"a\"){}", "+(1)".repeat(40))), "160");
    assert_eq!(
        value("measure(\"a\") * 0.000000000000000005 + 999999999999999999"),
        "4999999999999999995000000000000003/5000000000000000"
    );
    assert_eq!(value(&"(".repeat(2_000)), "character 33: parts lie more than 32 deep inside each other");
    // Each addition is two parts: the number and the sum.
    let long = |parts: usize| format!("{}measure(\"a\"){}", "-".repeat(1 - parts % 2), "+1".repeat((parts - 1) / 2));
    assert_eq!(value(&long(MAXIMUM_FORMULA_PARTS)), "-21");
    assert_eq!(value(&long(201)), "character 213: the formula has more than 200 parts");
    let wide = |bytes: usize| format!("measure(\"a\"){}", " ".repeat(bytes - 12));
    assert_eq!(value(&wide(MAXIMUM_FORMULA_BYTES)), "120");
    assert_eq!(value(&wide(2_001)), "character 1: the formula has 2001 bytes, at most 2000 are allowed");
}

#[test]
fn a_formula_says_what_it_reads_and_what_it_chooses() {
    let text = "min( quota(\"b\") , if(attainment('a') > 1, payee(\"p\"), measure(\"c\")) ) + target('p')";
    let formula = Formula::parse(text).unwrap();
    let named: Vec<_> =
        formula.measures().iter().map(|named| (named.id.as_str(), named.summed, named.by_quota, named.in_units)).collect();
    assert_eq!(named, [("b", false, true, true), ("a", true, true, false), ("c", true, false, true)]);
    let both = Formula::parse("attainment('a') * measure('a')").unwrap();
    assert!(both.measures()[0].in_units);
    assert_eq!(formula.parameters(), ["p"]);
    let variants: Vec<_> = formula.variants().map(|(choice, changed)| (choice.to_owned(), changed.text().len())).collect();
    let longer = text.len() + "()+777777".len();
    let wanted = ["quota(\"b\")", "payee(\"p\")", "measure(\"c\")", "if(attainment('a') > 1, payee(\"p\"), measure(\"c\"))"];
    assert_eq!(variants, wanted.map(|choice| (choice.to_owned(), longer)));
    // One that is as long as is allowed has them, too; and what `max` does not choose is not chosen for being changed.
    let longest = format!("if(measure('a') > 5, 1, 2){}", "+1".repeat(97));
    assert_eq!(Formula::parse(&longest).unwrap().variants().count(), 2);
    let within = |text: &str| format!("{text}{}", " ".repeat(MAXIMUM_FORMULA_BYTES - text.len()));
    assert_eq!(Formula::parse(&within("max(0, measure('a'))")).unwrap().variants().count(), 2);
    let (open, closed) = ("(".repeat(MAXIMUM_FORMULA_DEPTH - 2), ")".repeat(MAXIMUM_FORMULA_DEPTH - 2));
    assert_eq!(Formula::parse(&format!("{open}max(0, measure('a')){closed}")).unwrap().variants().count(), 2);
    let greatest = Formula::parse("max(0, measure('a'))").unwrap();
    let texts: Vec<_> = greatest.variants().map(|(_, changed)| changed.text().to_owned()).collect();
    assert_eq!(texts, ["max((0)-777777, measure('a'))", "max(0, (measure('a'))-777777)"]);
    let written: Formula = serde_json::from_str(&serde_json::to_string(&formula).unwrap()).unwrap();
    assert_eq!(written, formula);
    assert_ne!(greatest, formula);
    assert!(serde_json::from_str::<Formula>("\"1 + 1\"").is_err());
}
