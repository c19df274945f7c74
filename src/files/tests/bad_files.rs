//! Bad files, and exactly what is printed about each.

use super::{PLAN_FILE, brief, found, shown};

#[test]
fn a_finding_is_shown_with_its_line_a_caret_and_a_hint() {
    let table = [
        (
            PLAN_FILE,
            "boundary = \"upper\"",
            "boundary = \"uper\"",
            "\
plans/ae.2026-01-01.toml:20:12: unknown-value: \"uper\" is not a value of
    `boundary`
  boundary = \"uper\"
             ^^^^^^
  hint: did you mean \"upper\"?
",
        ),
        (
            PLAN_FILE,
            "boundary = \"upper\"\n",
            "",
            "\
plans/ae.2026-01-01.toml:10:1: missing-key: `boundary` is missing
  [[component]]
  ^^^^^^^^^^^^^
  hint: choose \"upper\" or \"lower\"
",
        ),
        (
            PLAN_FILE,
            "rate = \"6%\"",
            "rate = 0.06",
            "\
plans/ae.2026-01-01.toml:24:32: float: `rate` is a float, which is not exact
  tiers = [{ from = \"0%\", rate = 0.06 }, { from = \"100%\", rate = \"12%\" }]
                                 ^^^^
  hint: write it as a string: \"0.06\"
",
        ),
        (
            PLAN_FILE,
            "rate = \"12%\"",
            "rate = \"12\"",
            "\
plans/ae.2026-01-01.toml:24:64: warning: rate-too-big: a rate of 1200% pays more
    than the amount itself
  tiers = [{ from = \"0%\", rate = \"6%\" }, { from = \"100%\", rate = \"12\" }]
                                                                 ^^^^
  hint: percentages carry their sign: \"6%\" or \"0.06\"
",
        ),
        (
            "payees.csv",
            "ana,Rep,mia",
            "ana,Rep,mai",
            "\
payees.csv:3:9: unknown-payee: no payee has the id \"mai\"
  ana,Rep,mai,default,ae,2026-01-01,
          ^^^
  hint: did you mean \"mia\"?
",
        ),
        (
            "company.toml",
            "currency = \"USD\"",
            "curency = \"USD\"",
            "\
company.toml:1:1: missing-key: `currency` is missing
  company_id = \"small\"
  ^^^^^^^^^^
  hint: add currency = \"...\"
company.toml:2:1: unknown-key: `curency` is not a key of this table
  curency = \"USD\"
  ^^^^^^^
  hint: did you mean \"currency\"?
",
        ),
    ];
    for (file, from, to, wanted) in table {
        assert_eq!(shown(&found(file, from, to)), wanted);
    }
}

#[test]
fn a_long_line_is_shown_around_the_caret() {
    let text = shown(&found("payees.csv", "ana,Rep", &format!("ana,{}", "Senior Representative ".repeat(5))));
    assert_eq!(text, "");
    let long = format!("ana,{},mai", "Senior Representative ".repeat(5));
    let text = shown(&found("payees.csv", "ana,Rep,mia", &long));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("…") && text.contains("^^^"), "{text}");
}

#[test]
fn every_error_comes_at_once_in_order() {
    let plan = "mid_interval_change = \"carry\"\nnegative_pay = \"carry\"\nafter_release = \"adjust\"";
    let broken = "mid_interval_change = \"cary\"\nafter_release = 3\nbonus = \"x\"";
    let wanted = "\
plans/ae.2026-01-01.toml:1:1: missing-key: `negative_pay` is missing
plans/ae.2026-01-01.toml:7:23: unknown-value: \"cary\" is not a value of `mid_interval_change`
plans/ae.2026-01-01.toml:8:17: wrong-type: `after_release` is an integer, not a string
plans/ae.2026-01-01.toml:9:1: unknown-key: `bonus` is not a key of this table
";
    assert_eq!(brief(&found(PLAN_FILE, plan, broken)), wanted);
}

fn check(file: &str, table: &[(&str, &str, &str)]) {
    for (from, to, wanted) in table {
        let text = brief(&found(file, from, to));
        assert_eq!(text, format!("{file}:{wanted}\n"), "{to}");
    }
}

#[test]
fn plans() {
    let tiers = "[{ from = \"0%\", rate = \"6%\" }, { from = \"100%\", rate = \"12%\" }]";
    let table = [
        (tiers, "[{ from = \"10%\", rate = \"6%\" }]", "24:19: tier-start: the first tier starts at 10%, not at 0%"),
        (
            "from = \"100%\"",
            "from = \"0%\"",
            "24:19: tier-never-reached: the tier from 0% is never reached: the next one starts there, too",
        ),
        (
            tiers,
            "[{ from = \"0%\", rate = \"1%\" }, { from = \"90%\", rate = \"2%\" }, { from = \"50%\", rate = \"3%\" }]",
            "24:80: tier-order: the tier from 50% comes after the one from 90%",
        ),
        ("from = \"0%\",", "from = \"0%\", to = \"80%\",", "24:30: tier-gap: a gap between 80% and 100%"),
        ("from = \"0%\",", "from = \"0%\", to = \"120%\",", "24:30: tier-overlap: an overlap between 100% and 120%"),
        (
            "from = \"100%\",",
            "from = \"100%\", to = \"200%\",",
            "24:62: tier-gap: nothing is said about sums above the last tier",
        ),
        ("from = \"100%\"", "from = \"100\"", "24:49: bad-number: \"100\" is not a plain decimal number"),
        ("rate = \"6%\"", "rate = \"-6%\"", "24:32: bad-number: \"-6%\" is out of range"),
        ("rate = \"6%\"", "rate = \"6e2\"", "24:32: bad-number: \"6e2\" is not a plain decimal number"),
        (
            "plan = \"ae\"",
            "plan = \"se\"",
            "1:1: file-name: the file of plan \"se\" from 2026-01-01 is called \"ae.2026-01-01.toml\"",
        ),
        ("to = 2027-01-01", "to = 2026-07-15", "3:6: not-a-period-start: 2026-07-15 is not the first day of a pay period"),
        ("to = 2027-01-01", "to = 2027-02-01", "3:6: outside-calendar: calendar \"fiscal\" does not reach 2027-02-01"),
        ("to = 2027-01-01", "to = 2026-01-01", "3:6: bad-range: `to` 2026-01-01 does not come after `from` 2026-01-01"),
        ("currency = \"USD\"", "currency = \"usd\"", "4:12: unknown-currency: \"usd\" is not an ISO 4217 currency code"),
        ("calendar = \"fiscal\"", "calendar = \"fisc\"", "5:12: unknown-calendar: no calendar is called \"fisc\""),
        ("earning_code = \"COMM\"", "earning_code = \"CARRIED\"", "12:16: bad-id: earning code \"CARRIED\" is reserved"),
        ("as = \"attainment\"", "as = \"attain\"", "17:37: unknown-value: \"attain\" is not a value of `as`"),
        ("id = \"new\"", "id = \"\"", "11:6: bad-id: `id`: empty"),
        ("id = \"new\"", "id = \"manual:x\"", "11:6: bad-id: \"manual:x\": \"manual:\" begins the names of manual lines"),
    ];
    for (from, to, wanted) in table {
        let text = brief(&found(PLAN_FILE, from, to));
        assert!(text.contains(&format!("{PLAN_FILE}:{wanted}\n")), "{to}\n{text}");
    }
}

#[test]
fn measures_that_do_not_fit() {
    let plan = "tier_by = { measure = \"sales\", as = \"attainment\" }\npays = { rate_of = \"sales\" }";
    let renamed = "tier_by = { measure = \"sale\", as = \"attainment\" }\npays = { rate_of = \"sale\" }";
    let counted = "tier_by = { measure = \"seats\", as = \"attainment\" }\npays = { rate_of = \"seats\" }";
    let unknown = brief(&found(PLAN_FILE, plan, renamed));
    assert!(unknown.contains("17:23: unknown-measure: no measure is called \"sale\""), "{unknown}");
    let unit = brief(&found(PLAN_FILE, plan, counted));
    assert!(unit.contains("18:20: wrong-unit: rate_of does not fit: measure \"seats\" counts quantity"), "{unit}");
    let modes = "quota = \"interval\"\nno_quota = \"park\"\ntier_by = { measure = \"sales\", as = \"attainment\" }";
    let amount = "quota = \"interval\"\ntier_by = { measure = \"sales\", as = \"amount\" }";
    let effect = brief(&found(PLAN_FILE, modes, amount));
    assert!(effect.contains("15:9: no-effect: `quota` has no effect: the tiers are not in percent of a quota"), "{effect}");
    check("measures.toml", &[("\"seats\"", "\"sales\"", "6:6: duplicate: measure \"sales\" is defined twice")]);
}

#[test]
fn organisation() {
    let ana = "ana,Rep,mia,default,ae,2026-01-01,";
    check(
        "payees.csv",
        &[
            ("ae,2026", "ea,2026", "3:21: unknown-plan: no plan is called \"ea\""),
            ("Manager,,", "Manager,ana,", "3:9: manager-cycle: a manager cycle on 2026-01-01: ana -> mia -> ana"),
            (ana, "ana,Rep,mia,default,ae,2026-1-1,", "3:24: bad-date: \"2026-1-1\" is not a date like 2026-01-31"),
            (ana, "ana,Rep,mia,default,ae,2026-01-01", "3:24: bad-row: the row has 6 fields, the header has 7"),
            (
                ana,
                "ana,Rep,mia,default,ae,2026-03-01,2026-03-01",
                "3:35: bad-range: `to` 2026-03-01 does not come after `from` 2026-03-01",
            ),
            (
                ana,
                &format!("{ana}\n{}", "ana,Rep,,,ae,2026-05-01,"),
                "4:14: overlap: the row of \"ana\" from 2026-01-01 is still in force on 2026-05-01",
            ),
            (ana, "ana,\"Rep,mia,default,ae,2026-01-01,", "3:5: syntax: the quote is never closed"),
        ],
    );
}

#[test]
fn syntax_and_headers() {
    let toml = found(PLAN_FILE, "boundary = \"upper\"", "boundary = \"upper");
    assert_eq!((toml[0].line, toml[0].code), (20, "syntax"), "{}", brief(&toml));
    let wanted = "\
payees.csv:1:1: missing-key: column `to` is missing
payees.csv:1:39: unknown-key: `till` is not a column of this file
";
    assert_eq!(brief(&found("payees.csv", ",from,to", ",from,till")), wanted);
}

#[test]
fn quotas_and_names() {
    let row = "ana,sales,fiscal,2026-Q1,100000.00,";
    check(
        "quotas.csv",
        &[
            ("100000.00", "-1", "2:26: bad-number: a quota of -1 is negative"),
            ("100000.00", "1.5e3", "2:26: bad-number: \"1.5e3\" is not a plain decimal number"),
            ("2026-Q1", "2026-Q5", "2:18: bad-date: \"2026-Q5\" is not an interval like 2026-01, 2026-Q1, 2026-H1 or 2026"),
            ("2026-Q1", "2027-Q1", "2:18: outside-calendar: calendar \"fiscal\" does not reach 2027-Q1"),
            ("ana,sales", "ann,sales", "2:1: unknown-payee: no payee has the id \"ann\""),
            ("sales", "sale", "2:5: unknown-measure: no measure is called \"sale\""),
            ("fiscal", "civil", "2:11: unknown-calendar: no calendar is called \"civil\""),
            (row, &format!("{row}2026-02-15"), "2:36: not-a-period-start: 2026-02-15 is not the first day of a pay period"),
            (row, &format!("{row}2026-04-01"), "2:36: bad-range: 2026-04-01 is not in 2026-Q1"),
            (row, &format!("{row}\n{row}"), "3:1: duplicate: a quota of \"ana\" for \"sales\" and 2026-Q1 is there twice"),
            (",applies_from", ",aplies_from", "1:40: unknown-key: `aplies_from` is not a column of this file"),
        ],
    );
    check("directory.csv", &[("", "id,name,team\nanna,Ana,\n", "2:1: unknown-payee: no payee has the id \"anna\"")]);
    check("directory.csv", &[("", "id,name,team\nana,,\n", "2:5: missing-key: `name` is empty")]);
    let none = brief(&found("quotas.csv", row, ""));
    assert_eq!(none, "payees.csv:3:1: no-quota: \"ana\" is paid by attainment of \"sales\" and has no quota for it\n");
}

#[test]
fn a_missing_or_unreadable_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("company.toml"), super::COMPANY).unwrap();
    std::fs::write(directory.path().join("calendar.toml"), [0xff, 0xfe]).unwrap();
    let found = super::super::company(directory.path()).unwrap_err();
    let text = brief(&found).replace(&directory.path().display().to_string(), "DIR");
    let wanted = "\
DIR/calendar.toml:1:1: unreadable-file: stream did not contain valid UTF-8
DIR/measures.toml:1:1: missing-file: measures.toml is missing
DIR/payees.csv:1:1: missing-file: payees.csv is missing
";
    assert_eq!(text, wanted);
}
