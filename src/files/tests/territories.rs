//! Territories in files: what loads, every refusal with its exact message, the gaps that are warned of, and publishing.

use super::super::{ChangeKind, CompanyFiles, Current, Record, changes, company_from_texts};
use super::{CALENDAR, COMPANY, PAYEES, PLAN, PLAN_FILE, QUOTAS, brief, shown};
use crate::domain::fact::FactBody;
use crate::domain::territory::{Dimension, Territories};

const MEASURES_WITH: &str = "\
[[measure]]
id = \"sales\"
of = \"amount\"
credit_kinds = [\"REVENUE\", \"TERRITORY\"]
";
const SETTINGS: &str = "\
[[crediting]]
from = 2026-01-01
when = \"unnamed\"
winners = 1
roll_up = [\"TERRITORY\"]
";
const TERRITORIES: &str = "\
territory,layer,rank,product,geography,attributes,from,to
emea,1,20,,EMEA;!FR,,2026-01-01,
banks,1,10,suite,FR;Berlin,industry=bank;industry=!state;tier=gold,2026-01-01,
rest,2,1,,,,2026-01-01,
";
const ASSIGNMENTS: &str = "\
territory,payee,share,from,to
emea,ana,100%,2026-01-01,
banks,ana,60%,2026-01-01,
rest,mia,0.5,2026-01-01,
";
const NODES: &str = "\
dimension,node,parent,from,to
geography,EMEA,,2026-01-01,
geography,DE,EMEA,2026-01-01,
geography,FR,EMEA,2026-01-01,
geography,Berlin,DE,2026-01-01,
";

/// The small company with territories, one text of one file replaced.
fn company(file: &str, from: &str, to: &str) -> Result<CompanyFiles, Vec<super::Diagnostic>> {
    let texts = [
        ("company.toml", COMPANY),
        ("calendar.toml", CALENDAR),
        ("measures.toml", MEASURES_WITH),
        (PLAN_FILE, PLAN),
        ("payees.csv", PAYEES),
        ("quotas.csv", QUOTAS),
        ("territories.toml", SETTINGS),
        ("territories.csv", TERRITORIES),
        ("assignments.csv", ASSIGNMENTS),
        ("nodes.csv", NODES),
    ];
    let replaced = texts.map(|(name, text)| {
        assert!(name != file || text.contains(from), "{file} has no {from}");
        (name, if name == file { text.replacen(from, to, 1) } else { text.into() })
    });
    let texts: Vec<(&str, &str)> = replaced.iter().map(|(name, text)| (*name, text.as_str())).collect();
    company_from_texts(&texts)
}

fn good(file: &str, from: &str, to: &str) -> CompanyFiles {
    company(file, from, to).unwrap_or_else(|found| panic!("{}", shown(&found)))
}

#[test]
fn rows_become_one_fact() {
    let files = good("nodes.csv", "", "");
    assert_eq!(shown(&files.warnings), "");
    let Some(FactBody::TerritoriesDefined(stated)) = files.facts().pop() else { panic!("no territories") };
    assert_eq!((stated.crediting.len(), stated.nodes.len(), stated.territories.len(), stated.assignments.len()), (1, 4, 3, 3));
    let banks = &stated.territories[1];
    let conditions: Vec<(String, String, String)> =
        banks.conditions.iter().map(|on| (on.dimension.to_string(), on.included.join(" "), on.excluded.join(" "))).collect();
    let wanted = [
        ("product", "suite", ""),
        ("geography", "FR Berlin", ""),
        ("attribute:industry", "bank", "state"),
        ("attribute:tier", "gold", ""),
    ];
    assert_eq!(conditions, wanted.map(|(on, with, without)| (on.into(), with.into(), without.into())));
    assert_eq!(stated.nodes[3].dimension, Dimension::Geography);
}

#[test]
fn refusals() {
    let table = [
        ("territories.toml", "winners = 1\n", "", "1:1: missing-key: `winners` is missing"),
        ("territories.toml", "winners = 1", "winners = 0", "4:11: bad-number: 0 winners, not 1 to 100"),
        ("territories.toml", "roll_up = [\"TERRITORY\"]\n", "", "1:1: missing-key: `roll_up` is missing"),
        ("territories.toml", "\"TERRITORY\"", "\"REVENUE\"", "5:12: unknown-value: \"REVENUE\" is not a value of `roll_up`"),
        ("territories.toml", "\"unnamed\"", "\"always\"", "1:1: missing-key: `uncovered` is missing"),
        (
            "territories.toml",
            "winners",
            "uncovered = \"park\"\nwinners",
            "4:13: no-effect: `uncovered` has no effect with when = \"unnamed\"",
        ),
        ("territories.toml", "winners", "splits = 1\nwinners", "4:1: not-supported: `splits` is not supported by this version"),
        (
            "territories.toml",
            "[[crediting]]",
            "[[crediting]]\nfrom = 2026-01-01\nwhen = \"unnamed\"\nwinners = 1\nroll_up = []\n[[crediting]]",
            "7:8: overlap: the row of territory crediting from 2026-01-01 is still in force on 2026-01-01",
        ),
        (
            "territories.csv",
            "banks,1,10",
            "banks,1,20",
            "3:9: equal-ranks: \"banks\" and \"emea\" both have rank 20 in layer 1 on 2026-01-01",
        ),
        ("territories.csv", "banks,1,10", "banks,-1,10", "3:7: bad-number: \"-1\" is not a whole number from 0 to 2147483647"),
        ("territories.csv", "EMEA;!FR", "EMEA;!FX", "2:17: unknown-node: no geography of nodes.csv is called \"FX\""),
        ("territories.csv", "EMEA;!FR", "EMEA;!EMEA", "2:1: duplicate: geography \"EMEA\" is named twice"),
        ("territories.csv", "tier=gold", "tier", "3:58: wrong-type: \"tier\" is not an attribute and its value"),
        (
            "territories.csv",
            "rest,2,1,,,,2026-01-01,",
            "rest,2,1,,,,2026-01-01,2026-01-01",
            "4:24: bad-range: `to` 2026-01-01 does not come after `from` 2026-01-01",
        ),
        (
            "territories.csv",
            "rest,2,1,,,,2026-01-01,",
            "rest,2,1,,,,2026-01-01,\nrest,2,2,,,,2026-05-01,",
            "5:13: overlap: the row of territory \"rest\" from 2026-01-01 is still in force on 2026-05-01",
        ),
        ("assignments.csv", "emea,ana", "emae,ana", "2:1: unknown-territory: no territory is called \"emae\""),
        ("assignments.csv", "emea,ana", "emea,anna", "2:6: unknown-payee: no payee has the id \"anna\""),
        ("assignments.csv", "0.5", "0", "4:10: bad-number: a share of 0 is not above 0 and at most 1"),
        (
            "assignments.csv",
            "banks,ana,60%",
            "emea,ana,60%",
            "3:14: overlap: the row of \"ana\" in territory \"emea\" from 2026-01-01 is still in force on 2026-01-01",
        ),
        (
            "nodes.csv",
            "geography,EMEA,,",
            "geography,EMEA,Berlin,",
            "2:16: node-cycle: a cycle on 2026-01-01: geography EMEA -> Berlin -> DE -> EMEA",
        ),
        (
            "nodes.csv",
            "geography,DE",
            "region,DE",
            "3:1: unknown-value: \"region\" is not a dimension: product, geography, segment, customer or attribute:NAME",
        ),
    ];
    for (file, from, to, wanted) in table {
        let text = brief(&company(file, from, to).err().unwrap_or_default());
        assert_eq!(text, format!("{file}:{wanted}\n"), "{to}");
    }
    let column = brief(&company("territories.csv", "attributes", "parent").err().unwrap_or_default());
    assert_eq!(column, "territories.csv:1:40: not-supported: column `parent` is not supported by this version\n");
    let nothing = brief(&company("territories.toml", SETTINGS, "").err().unwrap_or_default());
    assert_eq!(nothing, "territories.csv:2:1: missing-key: territories are stated, and nothing says when they credit\n");
}

#[test]
fn the_nearest_name_is_offered() {
    let text = shown(&company("assignments.csv", "emea,ana", "emae,ana").err().unwrap_or_default());
    assert!(text.ends_with("  hint: did you mean \"emea\"?\n"), "{text}");
    let text = shown(&company("territories.csv", "EMEA;!FR", "EMEA;!FX").err().unwrap_or_default());
    assert!(text.ends_with("  hint: did you mean \"FR\"?\n"), "{text}");
}

#[test]
fn gaps_are_named() {
    let table = [
        ("measures.toml", ", \"TERRITORY\"", "", "territories.toml:2:8: uncounted-territory: no measure counts TERRITORY\n"),
        (
            "assignments.csv",
            "emea,ana,100%,2026-01-01,",
            "emea,ana,100%,2026-01-01,2026-03-01",
            "territories.csv:2:1: vacant-territory: nobody has territory \"emea\" on 2026-03-01\n",
        ),
        ("territories.csv", "rest,2,1,,,,2026-01-01,\n", "rest,2,1,,DE,,2026-01-01,\n", ""),
        (
            "territories.csv",
            "emea,1,20,,EMEA;!FR,,2026-01-01,\nbanks,1,10,suite,FR;Berlin,industry=bank;industry=!state;tier=gold,2026-01-01,\nrest,2,1,,,,2026-01-01,\n",
            "emea,1,20,,EMEA;!FR,,2026-01-01,\nbanks,1,10,suite,Berlin,,2026-01-01,\nrest,2,1,,DE,,2026-01-01,\n",
            "nodes.csv:4:11: uncovered-node: no territory takes geography \"FR\" on 2026-01-01\n",
        ),
    ];
    for (file, from, to, wanted) in table {
        assert_eq!(brief(&good(file, from, to).warnings), wanted, "{to}");
    }
}

/// What is published of the company as it is.
fn published() -> Current {
    let mut current = Current::default();
    for change in changes(&good("nodes.csv", "", ""), &current).unwrap() {
        match change.record {
            Record::Fact(FactBody::TerritoriesDefined(stated)) => current.territories = Some(stated),
            Record::Fact(FactBody::CompanyDefined(company)) => current.company = Some(company),
            Record::Fact(FactBody::CalendarDefined(calendar)) => current.calendar = Some(calendar),
            Record::Fact(FactBody::MeasureDefined(measure)) => drop(current.measures.insert(measure.measure_id.clone(), measure)),
            Record::Fact(FactBody::PlanDefined(plan)) => drop(current.plans.insert((plan.plan_id.clone(), plan.from), plan)),
            Record::Fact(FactBody::PayeeDefined(payee)) => drop(current.payees.insert(payee.payee_id.clone(), payee)),
            Record::Quota(quota) => current.quotas.push(quota),
            other => panic!("{other:?}"),
        }
    }
    current
}

#[test]
fn publishing_appends_what_differs_and_keeps_missing_rows() {
    let before = published();
    assert_eq!(changes(&good("nodes.csv", "", ""), &before), Ok(vec![]));
    let fewer = good("assignments.csv", "rest,mia,0.5,2026-01-01,\n", "");
    assert_eq!(changes(&fewer, &before), Ok(vec![]));
    let swapped = good("territories.csv", "emea,1,20", "emea,1,30");
    let list = changes(&swapped, &before).unwrap();
    assert_eq!((list.len(), list[0].kind), (1, ChangeKind::Changed));
    assert_eq!(list[0].description, "territories: emea from 2026-01-01");
    let rows = |record: &Record| match record {
        Record::Fact(FactBody::TerritoriesDefined(stated)) => stated.clone(),
        _ => Territories::default(),
    };
    assert_eq!(rows(&list[0].record).assignments.len(), 3);
    let moved = good("assignments.csv", "rest,mia,0.5,2026-01-01,", "rest,mia,0.5,2026-03-01,");
    let found = changes(&moved, &before).unwrap_err();
    let wanted = "territories.csv:2:1: overlap: with what is published: the row of \"mia\" in territory \"rest\" from \
                  2026-01-01 is still in force on 2026-03-01\n";
    let errors: Vec<_> = found.into_iter().filter(super::Diagnostic::is_error).collect();
    assert_eq!(brief(&errors), wanted);
}
