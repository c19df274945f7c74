//! What is refused about territories, with its exact words, and who wins a line.

use super::*;
use crate::domain::deal::tests::deal;
use crate::domain::deal::{Attribute, DealClosed, Line};
use crate::domain::fact::{Fact, FactBody};
use crate::domain::world::{Reach, TerritoryMap, World};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn node(node: &str, parent: &str, from: &str, to: Option<&str>) -> Node {
    let parent = (!parent.is_empty()).then(|| parent.into());
    Node { dimension: Dimension::Geography, node: node.into(), parent, from: day(from), to: to.map(day) }
}

/// Nodes with `!` before them are excluded.
fn on(dimension: Dimension, nodes: &[&str]) -> Condition {
    let (excluded, included): (Vec<&str>, Vec<&str>) = nodes.iter().partition(|node| node.starts_with('!'));
    let texts = |nodes: Vec<&str>| nodes.into_iter().map(|node| node.trim_start_matches('!').into()).collect();
    Condition { dimension, included: texts(included), excluded: texts(excluded) }
}

fn territory(territory_id: &str, layer: u32, rank: u32, conditions: Vec<Condition>) -> Territory {
    Territory { territory_id: territory_id.into(), layer, rank, conditions, from: day("2026-01-01"), to: None }
}

fn assignment(territory_id: &str, payee_id: &str, share: u32) -> Assignment {
    let (territory_id, payee_id) = (territory_id.into(), payee_id.into());
    Assignment { territory_id, payee_id, share: Share(share), from: day("2026-01-01"), to: None }
}

/// Berlin in DE in EMEA; until March FR in EMEA, then in AMER.
fn good() -> Territories {
    let geography = |nodes: &[&str]| on(Dimension::Geography, nodes);
    let industry = |nodes: &[&str]| on(Dimension::Attribute("industry".into()), nodes);
    Territories {
        crediting: vec![Crediting {
            from: day("2026-01-01"),
            to: None,
            when: When::Unnamed,
            uncovered: None,
            winners: 1,
            roll_up: vec![],
        }],
        nodes: vec![
            node("EMEA", "", "2026-01-01", None),
            node("DE", "EMEA", "2026-01-01", None),
            node("Berlin", "DE", "2026-01-01", None),
            node("FR", "EMEA", "2026-01-01", Some("2026-03-01")),
            node("FR", "AMER", "2026-03-01", None),
        ],
        territories: vec![
            territory("rest", 2, 1, vec![]),
            territory("emea", 1, 1, vec![geography(&["EMEA"])]),
            territory("de", 1, 2, vec![geography(&["DE", "!Berlin"])]),
            territory("suite-emea", 1, 3, vec![geography(&["EMEA"]), on(Dimension::Product, &["suite"])]),
            territory("no-banks", 1, 4, vec![industry(&["!bank"]), on(Dimension::Segment, &["smb"])]),
        ],
        assignments: vec![assignment("rest", "ana", 1_000_000), assignment("emea", "ben", 500_000)],
    }
}

type Break = fn(&mut Territories);

#[test]
fn what_cannot_be_is_refused_with_its_row() {
    let table: [(Break, &str); 15] = [
        (|all| all.crediting[0].winners = 0, "crediting[0]: 0 winners, not 1 to 100"),
        (|all| all.crediting[0].winners = 101, "crediting[0]: 101 winners, not 1 to 100"),
        (|all| all.crediting[0].when = When::Always, "crediting[0]: `uncovered` does not fit `when`"),
        (|all| all.crediting[0].uncovered = Some(Uncovered::Park), "crediting[0]: `uncovered` does not fit `when`"),
        (
            |all| all.crediting[0].roll_up = vec![CreditKind::Revenue],
            "crediting[0]: `roll_up` takes OVERLAY and TERRITORY, each once",
        ),
        (
            |all| all.nodes[4].from = day("2026-02-28"),
            "nodes[4]: the row of geography \"FR\" from 2026-01-01 is still in force on 2026-02-28",
        ),
        (
            |all| all.nodes[0].parent = Some("Berlin".into()),
            "nodes[0]: a cycle on 2026-01-01: geography EMEA -> Berlin -> DE -> EMEA",
        ),
        (|all| all.nodes[1].node = String::new(), "nodes[1]: node: empty"),
        (|all| all.territories[2].rank = 1, "territories[2]: \"de\" and \"emea\" both have rank 1 in layer 1 on 2026-01-01"),
        (
            |all| all.territories[0].to = Some(day("2026-01-01")),
            "territories[0]: `to` 2026-01-01 does not come after `from` 2026-01-01",
        ),
        (
            |all| all.territories[1].conditions.push(on(Dimension::Geography, &["DE"])),
            "territories[1]: two conditions on geography",
        ),
        (
            |all| all.territories[1].conditions[0].excluded.push("EMEA".into()),
            "territories[1]: geography \"EMEA\" is named twice",
        ),
        (|all| all.assignments[0].share = Share(1_000_001), "assignments[0]: a share of 1.000001 is not above 0 and at most 1"),
        (|all| all.assignments[1].territory_id = "nowhere".into(), "assignments[1]: no territory is called \"nowhere\""),
        (
            |all| all.assignments[1] = all.assignments[0].clone(),
            "assignments[1]: the row of \"ana\" in territory \"rest\" from 2026-01-01 is still in force on 2026-01-01",
        ),
    ];
    for (change, expected) in table {
        let mut stated = good();
        change(&mut stated);
        assert_eq!(applied(stated), Err(format!("{expected} [invalid_fact]")));
    }
    assert_eq!(applied(good()), Ok(()));
    let mut most = good();
    most.crediting[0].winners = MAXIMUM_WINNERS;
    assert_eq!(applied(most), Ok(()));
}

#[test]
fn territories_that_change_credit_deals_anew() {
    let mut world = World::new(1);
    let mut state = |stated: Territories| {
        let (fact_id, author, reason) = ("f".into(), "ops".into(), "test".into());
        let body = FactBody::TerritoriesDefined(stated);
        world.apply(0, &Fact { fact_id, author, reason, approver: None, occurred_at: 0, body }).unwrap()
    };
    let all = Reach { credits_from: Some(day("2026-01-01")), parked: true, ..Reach::default() };
    assert_eq!(state(good()), all);
    assert_eq!(state(good()), Reach::default());
    let mut changed = good();
    changed.assignments.pop();
    assert_eq!(state(changed), all);
}

fn applied(stated: Territories) -> Result<(), String> {
    let mut world = World::new(1);
    let (fact_id, author, reason) = ("f".into(), "ops".into(), "test".into());
    let body = FactBody::TerritoriesDefined(stated);
    let fact = Fact { fact_id, author, reason, approver: None, occurred_at: 0, body };
    world.apply(0, &fact).map(drop).map_err(|reject| reject.to_string())
}

#[test]
fn a_hierarchy_has_64_levels_and_may_turn_around_when_days_do_not_meet() {
    let chain = |levels: usize| {
        let row = |level: usize| node(&format!("n{level}"), &format!("n{}", level + 1), "2026-01-01", None);
        Territories { nodes: (1..levels).map(row).collect(), ..Territories::default() }
    };
    assert_eq!(applied(chain(64)), Ok(()));
    let deep = "nodes[0]: geography \"n1\" lies more than 64 levels deep on 2026-01-01 [invalid_fact]";
    assert_eq!(applied(chain(65)), Err(deep.into()));
    let turned = |day: &str| Territories {
        nodes: vec![node("a", "b", "2026-01-01", Some("2026-02-01")), node("b", "a", day, None)],
        ..Territories::default()
    };
    assert_eq!(applied(turned("2026-02-01")), Ok(()));
    let cycle = "nodes[0]: a cycle on 2026-01-31: geography a -> b -> a [invalid_fact]";
    assert_eq!(applied(turned("2026-01-31")), Err(cycle.into()));
}

#[test]
fn equal_ranks_are_fine_one_after_the_other() {
    let mut stated = good();
    stated.territories[1].to = Some(day("2026-02-01"));
    stated.territories[2] = Territory { rank: 1, from: day("2026-02-01"), ..stated.territories[2].clone() };
    assert_eq!(applied(stated.clone()), Ok(()));
    stated.territories[2].from = day("2026-01-31");
    assert!(applied(stated).is_err());
}

/// A line's product, geography, segment, and the deal's industry.
type Shown = (&'static str, Option<&'static str>, Option<&'static str>, Option<&'static str>);

fn winners((product, geography, segment, industry): Shown, closed_on: &str) -> Vec<String> {
    let line = Line { product, geography, segment, ..deal().lines.remove(0) };
    // An attribute that no territory names comes first.
    let attributes = industry.map(|text| [("country", Attribute::Text("bank")), ("industry", Attribute::Text(text))]);
    let deal = DealClosed {
        closed_on: day(closed_on),
        lines: vec![line.clone()],
        splits: vec![],
        attributes: attributes.into_iter().flatten().collect(),
        ..deal()
    };
    let map = TerritoryMap::new(&good()).unwrap();
    map.winners(&deal, &line, 9).iter().map(|territory| territory.territory_id.clone()).collect()
}

#[test]
fn layer_then_depth_then_rank() {
    let table: [(Shown, &str, &[&str]); 9] = [
        // EMEA at 1 and the product at 1 are deeper than EMEA alone; DE at 2 leaves Berlin out.
        (("suite", Some("Berlin"), None, None), "2026-01-01", &["suite-emea", "emea", "rest"]),
        // Depth 2 twice: rank 2 comes before rank 3.
        (("suite", Some("DE"), None, None), "2026-01-01", &["de", "suite-emea", "emea", "rest"]),
        (("addon", Some("FR"), None, None), "2026-02-28", &["emea", "rest"]),
        (("addon", Some("FR"), None, None), "2026-03-01", &["rest"]),
        (("suite", None, None, None), "2026-01-01", &["rest"]),
        // What has no value is in no excluded node; an exclusion alone has no depth.
        (("addon", Some("EMEA"), Some("smb"), None), "2026-01-01", &["emea", "no-banks", "rest"]),
        (("addon", None, Some("smb"), Some("bank")), "2026-01-01", &["rest"]),
        (("addon", None, Some("smb"), Some("retail")), "2025-12-31", &[]),
        (("addon", None, Some("smb"), Some("retail")), "2026-01-01", &["no-banks", "rest"]),
    ];
    for (line, closed_on, expected) in table {
        assert_eq!(winners(line, closed_on), expected, "{line:?} {closed_on}");
    }
}

#[test]
fn a_dimension_reads_as_it_is_written() {
    let named = Dimension::Attribute("industry".into());
    for dimension in [Dimension::Product, Dimension::Geography, Dimension::Segment, Dimension::Customer, named] {
        assert_eq!(dimension.to_string().parse(), Ok(dimension));
    }
    for text in ["", "attribute:", "attribute", "products"] {
        let wrong = format!("\"{text}\" is not a dimension: product, geography, segment, customer or attribute:NAME");
        assert_eq!(text.parse::<Dimension>(), Err(wrong));
    }
}
