//! Territories: every statement that does not count, with its reason, and who is credited.

use super::*;

fn node(node: &str, parent: &str, from: &str, to: Option<&str>) -> Node {
    let (node, parent) = (node.into(), Some(parent.into()));
    Node { dimension: Dimension::Geography, node, parent, from: date(from), to: to.map(date) }
}

fn territory(territory_id: &str, rank: u32, included: &[&str], excluded: &[&str]) -> Territory {
    let texts = |nodes: &[&str]| nodes.iter().map(|node| (*node).into()).collect();
    let condition = Condition { dimension: Dimension::Geography, included: texts(included), excluded: texts(excluded) };
    let conditions = vec![condition];
    Territory { territory_id: territory_id.into(), layer: 1, rank, conditions, from: date("2026-01-01"), to: None }
}

fn assignment(territory_id: &str, payee_id: &str, millionths: u32) -> Assignment {
    let (territory_id, payee_id) = (territory_id.into(), payee_id.into());
    Assignment { territory_id, payee_id, share: Share(millionths), from: date("2026-01-01"), to: None }
}

fn good() -> Territories {
    let (from, when, uncovered) = (date("2026-01-01"), When::Always, Some(Uncovered::Nothing));
    let roll_up = vec![CreditKind::Territory];
    Territories {
        crediting: vec![Crediting { from, to: None, when, uncovered, winners: 2, roll_up }],
        nodes: vec![node("de", "emea", "2026-01-01", None), node("berlin", "de", "2026-01-01", None)],
        territories: vec![territory("emea", 1, &["emea"], &[]), territory("de", 2, &["de"], &["berlin"])],
        assignments: vec![assignment("emea", "ana", 700_000), assignment("de", "ana", 700_000)],
    }
}

#[test]
fn statements_that_do_not_count() {
    type Break = fn(&mut Territories);
    let table: [(Break, &str); 13] = [
        (|all| all.crediting[0].winners = 0, "winners out of range"),
        (|all| all.crediting[0].uncovered = None, "`uncovered` that does not fit `when`"),
        (|all| all.crediting[0].roll_up.push(CreditKind::Rolled), "a roll-up that cannot be"),
        (|all| all.crediting[0].roll_up.push(CreditKind::Territory), "a roll-up that cannot be"),
        (|all| all.crediting[0].to = Some(date("2026-01-01")), "a row that ends before it starts"),
        (|all| all.nodes.push(node("de", "amer", "2026-03-01", None)), "two rows on one day"),
        (|all| all.nodes.push(node("emea", "berlin", "2026-03-01", None)), "a hierarchy that is too deep or comes back"),
        (|all| all.territories[0].rank = 2, "equal ranks"),
        (|all| all.territories[0].conditions[0].excluded.push("emea".into()), "a node twice"),
        (
            |all| {
                all.territories[0].conditions = [territory("x", 1, &[], &[]), territory("y", 1, &[], &[])]
                    .into_iter()
                    .flat_map(|row| row.conditions)
                    .collect()
            },
            "a dimension twice",
        ),
        (|all| all.assignments[0].share.0 = 0, "a share out of range"),
        (|all| all.assignments[0].territory_id = "nowhere".into(), "an unknown territory"),
        (|all| all.assignments[0].payee_id = String::new(), "an id that cannot be"),
    ];
    for (change, expected) in table {
        let (mut script, mut stated) = (Script::new(), good());
        change(&mut stated);
        script.fact("admin", FactBody::TerritoriesDefined(stated));
        let ignored: Vec<_> = script.totals().ignored_facts.into_iter().map(|(_, reason)| reason).collect();
        assert_eq!(ignored, [expected]);
    }
}

#[test]
fn a_line_is_credited_and_rolled_up_by_territory() {
    let table = [
        // both territories at 70 %: all of the line, and beside ben's REVENUE once for vp
        ("de", vec!["ana 100", "ben 100", "vp 100"]),
        // berlin is left to emea
        ("berlin", vec!["ana 70", "ben 100", "vp 70"]),
        ("amer", vec!["ben 100"]),
    ];
    for (geography, expected) in table {
        let mut script = Script::new();
        let summed =
            Measure { credit_kinds: vec![CreditKind::Revenue, CreditKind::Territory, CreditKind::Rolled], ..measure("all") };
        script.fact("admin", FactBody::MeasureDefined(summed));
        script.fact("admin", payee("vp", vec![row("2026-01-01", None, None)]));
        script.fact("admin", payee("ana", vec![row("2026-01-01", None, Some("vp"))]));
        script.fact("admin", payee("ben", vec![row("2026-01-01", None, None)]));
        script.fact("admin", FactBody::TerritoriesDefined(good()));
        script.deal_in(geography, Told { splits: &[("ben", Counts::Revenue, "100%")], ..told("D1", "2026-01-10", "100") });
        let totals = script.totals();
        assert_eq!(totals.parked.len(), 0);
        let of_all = totals.attainment.iter().filter(|((_, measure, _), _)| &**measure == "all");
        let measured: Vec<String> = of_all.map(|((payee, _, _), at)| format!("{payee} {}", at.measured)).collect();
        assert_eq!(measured, expected, "{geography}");
    }
}
