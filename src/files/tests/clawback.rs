//! What a component takes back at the historic rate, and how much of it by the deal's age: what goes together with it.

use super::*;

/// What is found in a component that takes back so: where, what, and how to mend it.
fn scaled(price: &str, scale: &str) -> String {
    let from = "clawback = { price = \"recompute\", period = \"original\" }";
    let to = format!("attribution = \"slice\"\nclawback = {{ price = \"{price}\", period = \"current\", scale = {scale} }}");
    let found = found(PLAN_FILE, from, &to);
    // Without the historic rate nothing needs an attribution.
    let of = |of: &&Diagnostic| price == "historic_rate" || of.line == 23;
    let line = |of: &Diagnostic| {
        let span: String = of.source_line.chars().skip(of.column - 1).take(of.span_length).collect();
        format!("{span}: {}: {}; {}\n", of.code, of.message, of.hint)
    };
    found.iter().filter(of).map(line).collect()
}

#[test]
fn a_scale_by_the_age_of_deals() {
    let row = |months: i64, share: &str| format!("{{ within_months = {months}, share = \"{share}\" }}");
    let rows =
        |rows: &[(i64, &str)]| format!("[{}]", rows.iter().map(|(of, share)| row(*of, share)).collect::<Vec<_>>().join(", "));
    let many = |count: i64| rows(&(1..=count).map(|months| (months, "50%")).collect::<Vec<_>>());
    let mend = "write scale = [{ within_months = 12, share = \"100%\" }], or remove `scale`";
    let months = "write whole months from the close date on";
    let table = [
        ("historic_rate", rows(&[(3, "100%"), (6, "33.333333%"), (120, "0")]), String::new()),
        ("historic_rate", many(12), String::new()),
        (
            "recompute",
            rows(&[(3, "100%")]),
            format!(
                "{}: no-effect: `scale` has no effect: where everything is recomputed, nothing is taken back of single deals; \
                 write price = \"historic_rate\", or remove `scale`\n",
                rows(&[(3, "100%")])
            ),
        ),
        ("historic_rate", "[]".into(), format!("[]: bad-range: a scale without a row would take nothing back; {mend}\n")),
        ("historic_rate", "3".into(), "3: wrong-type: `scale` is an integer; write a list: [...]\n".into()),
        (
            "historic_rate",
            many(13),
            format!("{}: bad-range: more than 12 rows of a scale; state fewer, larger steps\n", many(13)),
        ),
        (
            "historic_rate",
            rows(&[(0, "100%")]),
            format!("0: bad-number: `within_months` is 0: a scale is of 1 to 120 months; {months}\n"),
        ),
        (
            "historic_rate",
            rows(&[(121, "100%")]),
            format!("121: bad-number: `within_months` is 121: a scale is of 1 to 120 months; {months}\n"),
        ),
        (
            "historic_rate",
            rows(&[(3, "100%"), (3, "50%")]),
            "3: bad-range: within 3 months comes after within 3; let the months rise from row to row\n".into(),
        ),
        (
            "historic_rate",
            rows(&[(6, "100%"), (3, "50%"), (4, "20%")]),
            "3: bad-range: within 3 months comes after within 6; let the months rise from row to row\n".into(),
        ),
        ("historic_rate", rows(&[(3, "100.000001%")]), "\"100.000001%\": bad-number: \"100.000001%\" is out of range; \n".into()),
        ("historic_rate", rows(&[(3, "-1%")]), "\"-1%\": bad-number: \"-1%\" is out of range; \n".into()),
        (
            "historic_rate",
            "[{ within_months = \"3\", share = \"1%\" }]".into(),
            "\"3\": wrong-type: `within_months` is not an integer; write a whole number without quotes\n".into(),
        ),
        (
            "historic_rate",
            "[{ within_month = 3, share = \"1%\" }]".into(),
            "{ within_month = 3, share = \"1%\" }: missing-key: `within_months` is missing; add within_months = 3\n\
             within_month: unknown-key: `within_month` is not a key of this table; did you mean \"within_months\"?\n"
                .into(),
        ),
        (
            "historic_rate",
            "[{ within_months = 3, share = \"1%\", rate = 1 }]".into(),
            "rate: unknown-key: `rate` is not a key of this table; known: within_months, share\n".into(),
        ),
    ];
    for (price, scale, wanted) in table {
        assert_eq!(scaled(price, &scale), wanted, "{price} {scale}");
    }
}

#[test]
fn a_historic_rate_is_of_single_deals() {
    let from = PLAN.split_once("scope = ").map(|(_, rest)| format!("scope = {rest}")).unwrap();
    let table = "boundary = \"upper\"\nnegative = \"carry\"\ntiers = [{ from = \"0%\", rate = \"6%\" }]\n";
    let component = |pays: &str, table: &str, more: &str| {
        let to = format!(
            "scope = \"running\"\npays = {{ {pays} }}\n{table}{more}clawback = {{ price = \"historic_rate\", period = \"original\" }}\n\
             rounding = {{ to = \"0.01\", mode = \"half_even\", at = \"cumulative\" }}\n"
        );
        let found = brief(&found(PLAN_FILE, &from, &to));
        found.lines().map(|line| line.splitn(4, ':').nth(3).unwrap_or(line).trim().to_string()).collect::<Vec<_>>().join("\n")
    };
    let slice = "attribution = \"slice\"\n";
    let tiers = |quota: &str| {
        format!(
            "quota = \"{quota}\"\nno_quota = \"park\"\nmethod = \"marginal\"\ntier_by = {{ measure = \"sales\", as = \"attainment\" }}\n{table}"
        )
    };
    let formula = "method = \"formula\"\n";
    for (pays, table, more, wanted) in [
        ("rate_of = \"sales\"", tiers("interval"), "", "missing-key: `attribution` is missing"),
        (
            "rate_of = \"sales\"",
            tiers("to_date"),
            slice,
            "wrong-unit: what is made up for as the quota grows is of no single deal to be taken back",
        ),
        (
            "formula = 'measure(\"sales\") * 5%'",
            formula.into(),
            slice,
            "wrong-unit: what a formula pays is of no single deal to be taken back",
        ),
        ("rate_of = \"sales\"", tiers("interval"), slice, ""),
    ] {
        assert_eq!(component(pays, &table, more), wanted, "{pays} {table}");
    }
}
