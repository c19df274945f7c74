//! `adjustments.csv`: what a row may say, what is wrong with one, and that a published row never changes.

use super::super::{Current, Record, changes};
use super::{brief, found, shown, small_company, small_texts};
use crate::domain::adjustment::{AdjustmentMade, Target};
use crate::domain::fact::CreditKind;
use crate::domain::money::Amount;

const FILE: &str = "adjustments.csv";
const HEADER: &str = "adjustment,payee,calendar,period,amount,measure,credit_kind,component,earning_code,reverses,reason,author";

fn sheet(rows: &str) -> String {
    format!("{HEADER}\n{rows}\n")
}

fn made(rows: &str) -> Vec<AdjustmentMade> {
    let files = small_company(FILE, "", &sheet(rows)).unwrap_or_else(|found| panic!("{}", shown(&found)));
    files.adjustments.into_iter().map(|located| located.value).collect()
}

#[test]
fn a_row_is_about_one_thing() {
    let rows = "A1,ana,fiscal,2026-01,500.00,,,,CONTEST,,contest,hr\nA2,ana,fiscal,2026-01,-10,,,new,,,agreed,hr\n\
                A3,ana,fiscal,2026-02,2500.5,sales,REVENUE,,,,moved,hr\nA4,ana,fiscal,2026-01,-500,,,,CONTEST,A1,lost,hr";
    let made = made(rows);
    let targets: Vec<&Target> = made.iter().map(|of| &of.target).collect();
    let pay = Target::Pay { earning_code: "CONTEST".into() };
    let credit = Target::Credit { measure: "sales".into(), kind: CreditKind::Revenue };
    assert_eq!(targets, [&pay, &Target::Earning { component: "new".into() }, &credit, &pay]);
    assert_eq!((made[2].amount, made[3].reverses.as_deref()), (Amount(2_500_500_000), Some("A1")));
    assert!(made[3].misfit(&made).is_none() && made[0].is_taken_back(&made));
}

#[test]
fn rows_that_are_refused() {
    let check = |row: &str, expected: &str| {
        assert_eq!(brief(&found(FILE, "", &sheet(row))), format!("{FILE}:2:{expected}\n"), "{row}");
    };
    let both = "bad-adjustment: it is about one of measure, component and earning_code";
    check("A,ana,fiscal,2026-01,5,,,new,CONTEST,,r,hr", &format!("26: {both}"));
    check("A,ana,fiscal,2026-01,5,,,,,,r,hr", &format!("1: {both}"));
    check(
        "A,ana,fiscal,2026-01,5,sales,,,,,r,hr",
        "24: bad-adjustment: with this one measure and credit_kind is stated, and nothing of the others",
    );
    check(
        "A,ana,fiscal,2026-01,5,sales,OVERLAY,,,,r,hr",
        "24: bad-adjustment: measure \"sales\" does not count this kind of credit",
    );
    let row = sheet("A,ana,fiscal,2026-01,5,seats,REVENUE,,,,r,hr");
    let by_role = [("measures.toml", "of = \"quantity\"", "of = \"quantity\"\nroles = [\"AE\"]"), (FILE, "", &row)];
    assert_eq!(
        brief(&small_texts(&by_role).unwrap_err()),
        format!("{FILE}:2:24: bad-adjustment: measure \"seats\" counts by role, and credit by hand has none\n")
    );
    check("A,ana,fiscal,2026-01,5,sale,REVENUE,,,,r,hr", "24: unknown-measure: no measure is called \"sale\"");
    check("A,ana,fiscal,2026-01,5,,,now,,,r,hr", "26: unknown-component: no component is called \"now\"");
    check("A,anna,fiscal,2026-01,5,,,new,,,r,hr", "3: unknown-payee: no payee has the id \"anna\"");
    check("A,ana,yearly,2026-01,5,,,new,,,r,hr", "7: unknown-calendar: no calendar is called \"yearly\"");
    check("A,ana,fiscal,2027-01,5,,,new,,,r,hr", "14: outside-calendar: calendar \"fiscal\" does not reach 2027-01");
    check("A,ana,fiscal,2026-01,5.005,,,new,,,r,hr", "22: bad-number: 5.005 is not in whole minor units of USD");
    check("A,ana,fiscal,2026-01,0,,,new,,,r,hr", "1: bad-adjustment: amount: 0 adjusts nothing");
    check("A,ana,fiscal,2026-01,5,,,,DRAW,,r,hr", "1: bad-adjustment: earning_code: \"DRAW\" is what a run adds itself");
    let reversed = |second: &str, expected: &str| {
        let rows = format!("A,ana,fiscal,2026-01,5,,,new,,,r,hr\n{second}");
        let expected = if expected.is_empty() { String::new() } else { format!("{FILE}:3:{expected}\n") };
        assert_eq!(brief(&found(FILE, "", &sheet(&rows))), expected, "{second}");
    };
    reversed("B,ana,fiscal,2026-01,-5,,,new,,A,r,hr", "");
    reversed("B,ana,fiscal,2026-01,-5,,,new,,published,r,hr", "");
    let other = "bad-adjustment: \"A\" is not the same with the opposite amount";
    reversed("B,ana,fiscal,2026-01,-4,,,new,,A,r,hr", &format!("32: {other}"));
    reversed("B,ana,fiscal,2026-01,-5,,,,CONTEST,A,r,hr", &format!("36: {other}"));
    let twice = "A,ana,fiscal,2026-01,5,,,new,,,r,hr\nA,ana,fiscal,2026-02,5,,,new,,,r,hr";
    assert_eq!(
        brief(&found(FILE, "", &sheet(twice))),
        format!("{FILE}:3:3: duplicate: adjustment \"A\" of \"ana\" is there twice\n")
    );
}

#[test]
fn a_published_row_is_not_published_again_and_never_changes() {
    let row = "A1,ana,fiscal,2026-01,500.00,,,,CONTEST,,contest,hr";
    let published = Current { adjustments: made(row), ..Current::default() };
    let stated = |rows: &str| {
        let files = small_company(FILE, "", &sheet(rows)).unwrap_or_else(|found| panic!("{}", shown(&found)));
        let listed = changes(&files, &published).map_err(|found| brief(&found))?;
        let adjustments = listed.iter().filter(|change| matches!(change.record, Record::Adjustment(_)));
        Ok::<_, String>(adjustments.map(|change| change.description.clone()).collect::<Vec<_>>())
    };
    assert_eq!(stated(row), Ok(vec![]));
    let more = format!("{row}\nA2,ana,fiscal,2026-01,-500,,,,CONTEST,A1,lost,hr");
    assert_eq!(stated(&more), Ok(vec!["adjustment A2 of ana: -500 for 2026-01".to_string()]));
    let other = row.replace("500.00", "600.00");
    let expected = format!("{FILE}:2:4: cannot-change: adjustment \"A1\" is published with another content\n");
    assert_eq!(stated(&other), Err(expected));
}
