//! The territories of a history: hierarchies, rules and who has them, stated once or again with other contents.

use super::*;
use accrue::domain::territory::*;

const PAYEES: [&str; 6] = ["rep-1", "rep-2", "rep-3", "rep-4", "rep-5", "lead-1"];

impl Making {
    pub(super) fn territories(&mut self) {
        if self.random.chance(35) {
            return;
        }
        let first = self.stated();
        let late = self.random.chance(25);
        self.now_or_later("territories later", late, FactBody::TerritoriesDefined(first.clone()));
        for _ in 0..self.random.below(3) {
            let changed = if self.random.chance(60) { self.changed_territories(first.clone()) } else { self.stated() };
            self.later.push(("territories changed", FactBody::TerritoriesDefined(changed)));
        }
        if self.random.chance(40) {
            let refused = self.refused(first);
            self.later.push(("territories refused", FactBody::TerritoriesDefined(refused)));
        }
    }

    fn stated(&mut self) -> Territories {
        let territories = self.rules();
        Territories {
            crediting: self.crediting(),
            nodes: self.nodes(),
            assignments: territories.iter().flat_map(|territory| self.assigned(&territory.territory_id)).collect(),
            territories,
        }
    }

    /// One way of crediting for the year, or another one from a day on, or none before it.
    fn crediting(&mut self) -> Vec<Crediting> {
        let turn = day(2, 1 + self.random.below(28) as i8);
        let (first, second) = (self.crediting_row(day(1, 1), None), self.crediting_row(turn, None));
        match self.random.below(5) {
            0 => {
                self.features.count("territory crediting changes");
                vec![Crediting { to: Some(turn), ..first }, second]
            }
            1 => {
                self.features.count("territory crediting starts");
                vec![second]
            }
            _ => vec![first],
        }
    }

    fn crediting_row(&mut self, from: Date, to: Option<Date>) -> Crediting {
        let always = self.random.chance(50);
        let uncovered = *self.random.pick(&[Uncovered::Park, Uncovered::Nothing, Uncovered::Nothing]);
        let (when, uncovered) = if always { (When::Always, Some(uncovered)) } else { (When::Unnamed, None) };
        self.features.count(if always { "territory always" } else { "territory unnamed" });
        let winners = 1 + self.random.below(3) as u32;
        if winners > 1 {
            self.features.count("territory winners");
        }
        let mut roll_up = vec![];
        for kind in [CreditKind::Territory, CreditKind::Overlay] {
            if self.random.chance(40) {
                roll_up.push(kind);
                self.features.count(if kind == CreditKind::Overlay { "overlay rolls up" } else { "territory rolls up" });
            }
        }
        Crediting { from, to, when, uncovered, winners, roll_up }
    }

    /// Berlin lies in de, and at times moves elsewhere inside February.
    fn nodes(&mut self) -> Vec<Node> {
        if self.random.chance(25) {
            return vec![];
        }
        self.features.count("territory hierarchy");
        let node = |dimension: &Dimension, node: &str, parent: &str, from, to| Node {
            dimension: dimension.clone(),
            node: node.into(),
            parent: Some(parent.into()),
            from,
            to,
        };
        let (geography, start) = (Dimension::Geography, day(1, 1));
        let mut nodes =
            vec![node(&geography, "de", "emea", start, None), node(&Dimension::Product, "addon", "suite", start, None)];
        if self.random.chance(30) {
            let moved = day(2, 1 + self.random.below(28) as i8);
            self.features.count("territory node moves");
            nodes.push(node(&geography, "berlin", "de", start, Some(moved)));
            nodes.push(node(&geography, "berlin", "amer", moved, None));
        } else {
            nodes.push(node(&geography, "berlin", "de", start, None));
        }
        nodes
    }

    fn rules(&mut self) -> Vec<Territory> {
        let count = 2 + self.random.below(4);
        let mut territories: Vec<Territory> = (0..count).map(|place| self.rule(place)).collect();
        if self.random.chance(70) {
            territories[0].conditions.clear();
        }
        territories
    }

    fn rule(&mut self, place: usize) -> Territory {
        let mut conditions = vec![];
        let values: [(Dimension, &[&str]); 5] = [
            (Dimension::Geography, &["emea", "de", "berlin", "amer"]),
            (Dimension::Product, &["suite", "addon", "service"]),
            (Dimension::Segment, &["smb", "enterprise"]),
            (Dimension::Customer, &CUSTOMERS),
            (Dimension::Attribute("industry".into()), &INDUSTRIES),
        ];
        for (dimension, values) in values {
            if self.random.chance(if dimension == Dimension::Geography { 60 } else { 20 }) {
                conditions.push(self.condition(dimension, values));
            }
        }
        let layer = 1 + self.random.below(2) as u32;
        if layer > 1 {
            self.features.count("territory layer");
        }
        let mut territory = Territory {
            territory_id: format!("T{place}"),
            layer,
            rank: 10 - place as u32,
            conditions,
            from: day(1, 1),
            to: None,
        };
        if self.random.chance(15) {
            territory.to = Some(day(2, 1 + self.random.below(28) as i8));
            self.features.count("territory ends");
        }
        territory
    }

    fn condition(&mut self, dimension: Dimension, values: &[&str]) -> Condition {
        let mut values: Vec<String> = values.iter().map(|value| (*value).into()).collect();
        self.random.shuffle(&mut values);
        let excludes = self.random.chance(35);
        let excluded = if excludes { vec![values.remove(0)] } else { vec![] };
        if excludes {
            self.features.count("territory exclusion");
        }
        let included = if excludes && self.random.chance(40) { 0 } else { 1 + self.random.below(2) };
        values.truncate(included);
        Condition { dimension, included: values, excluded }
    }

    /// One or two payees, at times from a day inside a month on, nobody, or somebody who comes later.
    fn assigned(&mut self, territory_id: &str) -> Vec<Assignment> {
        let mut payees = PAYEES.to_vec();
        self.random.shuffle(&mut payees);
        if self.random.chance(7) {
            self.features.count("territory of an unknown payee");
            payees[0] = LATE_PAYEE;
        }
        let mut row = |payee_id: &str, from, to| Assignment {
            territory_id: territory_id.into(),
            payee_id: payee_id.into(),
            share: *self.random.pick(&[Share(1_000_000), Share(1_000_000), Share(600_000), Share(333_333)]),
            from,
            to,
        };
        let (start, turn) = (day(1, 1), day(2, 14));
        let rows = match payees[5] {
            "rep-1" => vec![row(payees[0], start, Some(turn)), row(payees[1], turn, None)],
            "rep-2" | "rep-3" => vec![row(payees[0], start, None), row(payees[1], start, None)],
            "rep-4" => vec![row(payees[0], turn, None)],
            _ => vec![row(payees[0], start, None)],
        };
        match payees[5] {
            "rep-1" => self.features.count("territory changes hands"),
            "rep-4" => self.features.count("territory vacant at first"),
            "rep-2" | "rep-3" => self.features.count("territory shared"),
            _ => {}
        }
        rows
    }

    /// The same with another assignment, rank or end.
    fn changed_territories(&mut self, mut stated: Territories) -> Territories {
        match self.random.below(6) {
            0 => {
                let place = self.random.below(stated.assignments.len());
                stated.assignments[place].payee_id = (*self.random.pick(&PAYEES)).into();
                let twins = |one: &Assignment, other: &Assignment| {
                    (one.territory_id.as_str(), one.payee_id.as_str()) == (&other.territory_id, &other.payee_id)
                };
                let changed = stated.assignments[place].clone();
                stated.assignments.retain(|row| !twins(row, &changed) || *row == changed);
                stated.assignments.dedup();
            }
            1 => stated.territories.swap(0, 1),
            2..=4 => {
                let ranks = [stated.territories[0].rank, stated.territories[1].rank];
                (stated.territories[0].rank, stated.territories[1].rank) = (ranks[1], ranks[0]);
                self.features.count("territory ranks swapped");
            }
            _ => stated.territories[0].to = Some(day(3, 1 + self.random.below(31) as i8)),
        }
        stated
    }

    /// What cannot be: equal ranks, a hierarchy that comes back, an assignment to nothing, or two rows on one day.
    fn refused(&mut self, mut stated: Territories) -> Territories {
        match self.random.below(4) {
            0 => {
                let twin = Territory { territory_id: "twin".into(), ..stated.territories[0].clone() };
                stated.territories.push(twin);
            }
            1 => {
                let node = |node: &str, parent: &str| Node {
                    dimension: Dimension::Segment,
                    node: node.into(),
                    parent: Some(parent.into()),
                    from: day(1, 1),
                    to: None,
                };
                stated.nodes.extend([node("smb", "enterprise"), node("enterprise", "smb")]);
            }
            2 => stated.assignments[0].territory_id = "nowhere".into(),
            _ => {
                let again = Assignment { from: day(12, 1), to: None, ..stated.assignments[0].clone() };
                stated.assignments[0].to = None;
                stated.assignments.push(again);
            }
        }
        stated
    }
}
