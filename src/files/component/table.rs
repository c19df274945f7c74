//! The tiers of a component, or the points of its curve.

use crate::domain::plan::lookup::Lookup;
use crate::domain::plan::{Beyond, Method};
use crate::files::codes;
use crate::files::fields::Fields;
use crate::files::modes;
use crate::files::node::Node;
use crate::files::source::{Findings, Located};
use crate::files::tiers::{Shape, Tiers, tiers};

#[derive(Default)]
pub(super) struct Table {
    pub(super) tiers: Tiers,
    pub(super) beyond: Option<Beyond>,
    pub(super) lookup: Option<Lookup>,
}

impl Table {
    /// The parameters of the payee that are values of tiers or rows, or edges of tiers.
    pub(super) fn own(&self) -> Vec<Located<String>> {
        let values = self.tiers.own_rates.iter().map(|own| &own.parameter).zip(&self.tiers.own_places);
        let edges = self.tiers.own_edges.iter().map(|own| &own.parameter).zip(&self.tiers.edge_places);
        values.chain(edges).map(|(parameter, place)| Located::new(parameter.clone(), *place)).collect()
    }
}

/// The tiers, or the points of a curve.
pub(super) fn table(fields: &mut Fields<'_>, shape: Option<Shape>, findings: &mut Findings) -> Option<Table> {
    let curve = shape.as_ref().is_some_and(|shape| shape.method == Method::Curve);
    let (key, other) = if curve { ("points", "tiers") } else { ("tiers", "points") };
    let items = fields.node(key);
    if let Some(node) = fields.node(other) {
        let message = format!("`{other}` has no effect: this method reads `{key}`");
        findings.add(node.place, codes::NO_EFFECT, message, format!("write `{key}`"));
        return None;
    }
    let beyond = match (curve, fields.node("beyond")) {
        (true, _) => Some(fields.choice("beyond", modes::BEYOND, findings)?.value),
        (false, None) => None,
        (false, Some(node)) => {
            findings.add(node.place, codes::NO_EFFECT, "`beyond` has no effect: only a curve ends", "remove `beyond`");
            return None;
        }
    };
    let hint = if curve { "add points = [{ at = \"50%\", ... }]" } else { "add tiers = [{ from = \"0%\", rate = \"6%\" }]" };
    let Some(Node { place, .. }) = items else {
        fields.required(key, hint, findings)?;
        return None;
    };
    let before = findings.len();
    let items = fields.list(key, findings);
    if findings.len() > before {
        return None;
    }
    Some(Table { tiers: tiers(items, *place, &shape?, findings)?, beyond, lookup: None })
}
