//! What publishing appends: the difference, once.

use super::super::plan_words::differences;
use super::super::{Change, ChangeKind, CompanyFiles, Current, Quota, Record, changes};
use super::{PLAN, PLAN_FILE, brief, shown, small_company, worked_company};
use crate::domain::fact::FactBody;

/// What is published after these changes.
fn publish(current: &mut Current, list: &[Change]) {
    for change in list {
        match change.record.clone() {
            Record::Quota(quota) => current.quotas.push(quota),
            Record::Adjustment(made) => current.adjustments.push(made),
            Record::Name(name) => drop(current.names.insert(name.payee_id.clone(), name)),
            Record::Fact(FactBody::CompanyDefined(company)) => current.company = Some(company),
            Record::Fact(FactBody::CalendarDefined(calendar)) => current.calendar = Some(calendar),
            Record::Fact(FactBody::MeasureDefined(measure)) => {
                current.measures.insert(measure.measure_id.clone(), measure);
            }
            Record::Fact(FactBody::PlanDefined(plan)) => drop(current.plans.insert((plan.plan_id.clone(), plan.from), plan)),
            Record::Fact(FactBody::PayeeDefined(payee)) => drop(current.payees.insert(payee.payee_id.clone(), payee)),
            Record::Fact(FactBody::TerritoriesDefined(stated)) => current.territories = Some(stated),
            Record::Fact(FactBody::RatesDefined(stated)) => {
                current.rates.retain(|of| !of.is_of_kind(&stated));
                current.rates.push(stated);
            }
            Record::Fact(other) => panic!("{other:?} is not published"),
        }
    }
}

fn small(file: &str, from: &str, to: &str) -> CompanyFiles {
    small_company(file, from, to).unwrap_or_else(|found| panic!("{}", shown(&found)))
}

/// What the small company publishes, and what is published then.
fn published() -> Current {
    let mut current = Current::default();
    let list = changes(&small(PLAN_FILE, "", ""), &current).unwrap();
    publish(&mut current, &list);
    current
}

fn described(list: &[Change]) -> Vec<(ChangeKind, &str)> {
    list.iter().map(|change| (change.kind, change.description.as_str())).collect()
}

#[test]
fn publishing_twice_appends_once() {
    for files in [worked_company(), small(PLAN_FILE, "", "")] {
        let mut current = Current::default();
        let first = changes(&files, &current).unwrap();
        assert!(first.iter().all(|change| change.kind == ChangeKind::Added), "{first:?}");
        publish(&mut current, &first);
        assert_eq!(changes(&files, &current), Ok(vec![]));
    }
}

#[test]
fn managers_come_before_those_below_them() {
    let first = changes(&worked_company(), &Current::default()).unwrap();
    let payees: Vec<&str> = first
        .iter()
        .filter_map(|change| match &change.record {
            Record::Fact(FactBody::PayeeDefined(payee)) => Some(payee.payee_id.as_str()),
            _ => None,
        })
        .collect();
    let at = |id: &str| payees.iter().position(|payee| *payee == id);
    assert!(at("dana") < at("noor") && at("noor") < at("ana") && at("piet") < at("cleo"), "{payees:?}");
    assert_eq!(first[0].description, "company harbour, USD");
}

#[test]
fn a_table_that_is_turned_is_told_in_its_words() {
    let (head, rest) = PLAN.split_once("method = ").unwrap();
    let turned = rest.replace("\"marginal\"", "\"retroactive\"").replace("\"0%\"", "\"50%\"");
    let turned = turned.replace("negative = \"carry\"", "direction = \"lower\"\nat_zero = \"nothing\"");
    let tiers = "[{ from = \"50%\", rate = \"6%\" }, { from = \"100%\", rate = \"12%\" }]";
    assert!(turned.contains(tiers));
    let turned = turned.replace(tiers, "[{ from = \"100%\", rate = \"6%\" }, { from = \"50%\", rate = \"12%\" }]");
    let now =
        small_company(PLAN_FILE, PLAN, &format!("{head}method = {turned}")).unwrap_or_else(|found| panic!("{}", shown(&found)));
    let before = small_company(PLAN_FILE, PLAN, PLAN).unwrap_or_else(|found| panic!("{}", shown(&found)));
    let lines = differences(&before.plans[0].value, &now.plans[0].value);
    let expected = [
        "new, method: marginal becomes retroactive",
        "new, direction: new, lower",
        "new, at_zero: new, nothing",
        "new, tier from 100%: 12% becomes 6%",
        "new, tier from 50%: new, 12%",
        "new, negative: gone, was carry",
        "new, tier from 0%: gone, was 6%",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn only_what_differs_is_appended() {
    use ChangeKind::{Added, Changed, Ended};
    let table = [
        ("company.toml", "false", "true", Changed, "company small: the closer may release"),
        ("calendar.toml", "2026-12", "2027-12", Changed, "calendar fiscal reaches 2027-12"),
        (
            "measures.toml",
            "[[measure]]",
            "[[measure]]\nid = \"new\"\nof = \"amount\"\ncredit_kinds = [\"ROLLED\"]\n[[measure]]",
            Added,
            "measure new",
        ),
        (PLAN_FILE, "\"12%\"", "\"13%\"", Changed, "plan ae from 2026-01-01\n    new, tier from 100%: 12% becomes 13%"),
        (
            PLAN_FILE,
            "\"12%\"",
            "\"payee.above\"",
            Changed,
            "plan ae from 2026-01-01\n    new, tier from 100%: 12% becomes payee.above",
        ),
        (
            PLAN_FILE,
            "method = ",
            "weight = \"payee.part\"\ncap = { per = \"interval\", amount = \"payee.most\", excess = \"lost\" }\nmethod = ",
            Changed,
            "plan ae from 2026-01-01\n    new, weight: new, payee.part\n    new, cap of the interval: new, payee.most",
        ),
        (
            PLAN_FILE,
            "[[component]]",
            "payment_cap = { amount = \"payee.most\", excess = \"lost\" }\n\
             minimum_settlement = { amount = \"payee.least\", flush = \"end\" }\n\
             cap = { per = \"quarter\", amount = \"payee.top\", excess = \"lost\" }\n[[component]]",
            Changed,
            "plan ae from 2026-01-01\n    payment_cap: new, payee.most, what is above: lost\n    cap: new, payee.top per quarter\n    minimum_settlement: new, payee.least, flush end",
        ),
        (
            PLAN_FILE,
            "tiers = ",
            "attribution = \"pro_rata\"\npay = [{ share = \"100%\", when = \"settled\" }]\n\
             gate = { measure = \"sales\", as = \"attainment\", at_most = \"80%\", tested = \"running\", else = \"zero\" }\ntiers = ",
            Changed,
            "plan ae from 2026-01-01\n    new, gate: new, sales as attainment\n    new, gate, at most: new, 80%\n    \
             new, gate, tested: new, running\n    new, gate, else: new, nothing\n    new, attribution: new, pro_rata\n    \
             new, pay: 100% booked becomes 100% settled",
        ),
        (
            PLAN_FILE,
            "quota = \"interval\"",
            "quota = \"to_date\"",
            Changed,
            "plan ae from 2026-01-01\n    new, quota: interval becomes to_date in equal parts",
        ),
        (
            PLAN_FILE,
            "quota = \"interval\"",
            "quota = \"to_date\"\nspread = [\"0%\", \"33.5%\", \"66.5%\"]",
            Changed,
            "plan ae from 2026-01-01\n    new, quota: interval becomes to_date as 0%, 33.5%, 66.5%",
        ),
        (
            PLAN_FILE,
            "earning_code",
            "unit = \"points\"\nearning_code",
            Changed,
            "plan ae from 2026-01-01\n    new, unit: money becomes points",
        ),
        (
            PLAN_FILE,
            "period = \"original\"",
            "period = \"current\"",
            Changed,
            "plan ae from 2026-01-01\n    new, clawback: recompute in the original period becomes recompute in the current period",
        ),
        (
            PLAN_FILE,
            "clawback = { price = \"recompute\", period = \"original\" }",
            "attribution = \"slice\"\nclawback = { price = \"historic_rate\", period = \"original\", scale = [{ within_months = 3, share = \"100%\" }, { within_months = 6, share = \"12.5%\" }] }",
            Changed,
            "plan ae from 2026-01-01\n    new, clawback: recompute in the original period becomes historic_rate in the original period, 100% within 3 months, 12.5% within 6 months",
        ),
        (
            PLAN_FILE,
            "[[component]]",
            "cap = { per = \"quarter\", amount = \"5000\", excess = \"lost\" }\npayment_cap = { amount = \"9\", excess = \"lost\" }\n[[component]]",
            Changed,
            "plan ae from 2026-01-01\n    payment_cap: new, 9.00, what is above: lost\n    cap: new, 5000.00 per quarter",
        ),
        (PLAN_FILE, "to = 2027-01-01", "to = 2026-07-01", Ended, "plan ae from 2026-01-01 ends before 2026-07-01"),
        ("payees.csv", "ae,2026-01-01,", "ae,2026-01-01,2026-07-01", Ended, "payee ana ends before 2026-07-01"),
        ("payees.csv", "Manager,", "Director,", Changed, "payee mia: row from 2026-01-01"),
        ("payees.csv", "ana,", "leo,Rep,mia,default,,2026-01-01,\nana,", Added, "payee leo from 2026-01-01"),
        ("quotas.csv", "100000.00", "120000", Changed, "quota of ana for sales in 2026-Q1: 100000 becomes 120000"),
        ("quotas.csv", "100000.00", "", Ended, "quota of ana for sales in 2026-Q1 is withdrawn"),
        (
            "quotas.csv",
            "100000.00,\n",
            "100000.00,\nana,sales,fiscal,2026-Q2,5,\n",
            Added,
            "quota of ana for sales in 2026-Q2: 5",
        ),
        ("directory.csv", "", "id,name,team\nana,Ana,North\n", Added, "name of ana"),
    ];
    for (file, from, to, kind, description) in table {
        let list = changes(&small(file, from, to), &published()).unwrap();
        assert_eq!(described(&list), [(kind, description)]);
    }
}

#[test]
fn a_missing_row_changes_nothing_and_rows_merge_by_their_first_day() {
    let mut current = published();
    let moved = small("payees.csv", "ae,2026-01-01,", "ae,2026-01-01,2026-04-01\nana,Rep,,default,ae,2026-04-01,");
    let list = changes(&moved, &current).unwrap();
    publish(&mut current, &list);
    assert_eq!(current.payees["ana"].rows.len(), 2);
    let only_last = small("payees.csv", "ae,2026-01-01,", "ae,2026-04-01,");
    let list = changes(&only_last, &current).unwrap();
    assert_eq!(described(&list), [(ChangeKind::Changed, "payee ana: row from 2026-04-01")]);
    publish(&mut current, &list);
    assert_eq!(current.payees["ana"].rows.len(), 2);
    assert_eq!(changes(&small("quotas.csv", "ana,sales,fiscal,2026-Q1,100000.00,\n", ""), &published()), Ok(vec![]));
}

#[test]
fn what_never_changes_is_refused() {
    let table = [
        (
            "company.toml",
            "\"small\"",
            "\"other\"",
            "company.toml:1:14: cannot-change: `company_id` is published as \"small\" and cannot become \"other\"\n",
        ),
        (
            "calendar.toml",
            "\"2026-01\"",
            "\"2025-01\"",
            "calendar.toml:1:6: cannot-change: calendar \"fiscal\" is published from 2026-01 to 2026-12\n",
        ),
        (
            "measures.toml",
            "[\"REVENUE\"]",
            "[\"OVERLAY\"]",
            "measures.toml:2:6: cannot-change: measure \"sales\" is published with another definition\n",
        ),
        (
            "payees.csv",
            "ae,2026-01-01,",
            "ae,2026-02-01,",
            "payees.csv:3:1: overlap: with what is published, \"ana\" has two rows in force on 2026-02-01\n",
        ),
        (
            "quotas.csv",
            "applies_from\nana,sales,fiscal,2026-Q1,100000.00,",
            "applies_from,revision\nana,sales,fiscal,2026-Q1,5,,1",
            "quotas.csv:2:1: revision-conflict: revision 1 of this quota is published as 100000\n",
        ),
    ];
    for (file, from, to, wanted) in table {
        assert_eq!(changes(&small(file, from, to), &published()).map_err(|found| brief(&found)), Err(wanted.into()));
    }
}

fn quota_records(list: &[Change]) -> Vec<(i64, Option<String>, Option<String>)> {
    let text = |quota: &Quota| {
        (quota.revision.unwrap(), quota.applies_from.map(|from| from.to_string()), quota.amount.map(|amount| amount.to_string()))
    };
    list.iter()
        .map(|change| match &change.record {
            Record::Quota(quota) => text(quota),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_changed_quota_states_its_later_steps_again() {
    let row = "ana,sales,fiscal,2026-Q1,100000.00,\n";
    let stepped = format!("{row}ana,sales,fiscal,2026-Q1,120000,2026-02-01\n");
    let mut current = published();
    let list = changes(&small("quotas.csv", row, &stepped), &current).unwrap();
    assert_eq!(quota_records(&list), [(2, Some("2026-02-01".into()), Some("120000".into()))]);
    publish(&mut current, &list);
    let list = changes(&small("quotas.csv", "100000.00", "90000"), &current).unwrap();
    let february = (4, Some("2026-02-01".into()), Some("120000".into()));
    assert_eq!(quota_records(&list), [(3, None, Some("90000".into())), february]);
    publish(&mut current, &list);
    assert_eq!(changes(&small("quotas.csv", "100000.00", "90000"), &current), Ok(vec![]));
}
