//! `clawback` of a component: what is taken back of what a returned or cancelled deal earned.

use super::fields::Fields;
use super::modes;
use super::source::{Findings, Located, Place};
use crate::domain::clawback::{Clawback, ClawbackPeriod, ClawbackPrice};

/// A returned deal is as if it had never been.
pub const RECOMPUTED: Clawback = Clawback { price: ClawbackPrice::Recompute, period: ClawbackPeriod::Original };

/// `None` where something was refused.
pub fn clawback(component: &mut Fields<'_>, findings: &mut Findings) -> Option<Located<Clawback>> {
    let example = "{ price = \"recompute\", period = \"original\" }";
    let mut fields = component.table("clawback", example, findings)?;
    let price = fields.choice("price", modes::CLAWBACK_PRICE, findings);
    let period = fields.choice("period", modes::CLAWBACK_PERIOD, findings);
    fields.finish(&["scale"], findings);
    let (price, period) = price.zip(period)?;
    Some(Located::new(Clawback { price: price.value, period: period.value }, price.place))
}

/// Where it says that deals are taken back by themselves.
pub fn by_deal(clawback: Option<&Located<Clawback>>) -> Option<Place> {
    clawback.filter(|of| of.value.price == ClawbackPrice::HistoricRate).map(|of| of.place)
}
