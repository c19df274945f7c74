//! One component of a plan: its rate table, what modifies what the table pays, and what it reads.

use super::lookup::Lookup;
use super::own_modifiers::{OwnModifier, OwnPlace};
use super::{
    AtZero, Attribution, Beyond, Boundary, Clawback, ClawbackPeriod, ClawbackPrice, CountSplit, Deficit, Direction, EarningUnit,
    Method, Negative, NoQuota, Pays, PoolShare, QuotaUse, RoundingAt, Scope, TierBy,
};
use crate::domain::calendar::IntervalKind;
use crate::domain::formula::Formula;
use crate::domain::money::{AMOUNT_DECIMALS, Amount, MEASURED_DECIMALS, Rate, RoundingMode};
use crate::domain::tranche::{Due, Tranche};
use serde::{Deserialize, Serialize};

/// A tier starts at `from` (in 10^-12 of the measure's unit, or of the quota when tiered by attainment).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub from: i128,
    /// A rate, a fraction or money, by `pays` and the method; 0 where it is the payee's own.
    pub rate: Rate,
}

/// A tier, or a row of a lookup, whose value is a parameter of the payee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRate {
    /// The tier's place, or the row's; `otherwise` of a lookup stands behind its last row.
    pub tier: usize,
    pub parameter: String,
}

/// A tier that starts at a parameter of the payee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnEdge {
    /// The tier's place.
    pub tier: usize,
    pub parameter: String,
}

impl OwnEdge {
    /// A payee's amount as a tier's `from`: 1 is an attainment of 100 %.
    pub fn from(amount: Amount) -> i128 {
        amount.0.saturating_mul(10i128.pow(MEASURED_DECIMALS - AMOUNT_DECIMALS))
    }
}

/// One component of a plan: turns sums into earnings under one earning code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    pub component_id: String,
    pub earning_code: String,
    pub unit: EarningUnit,
    /// What is earned is a team's, and this is the payee's part of it.
    pub pool: Option<PoolShare>,
    pub interval: IntervalKind,
    pub scope: Scope,
    /// Picks the tier; the first that a formula names; of a lookup what its rates are of.
    pub measure: String,
    /// Of a formula: by attainment where it reads the quota of that measure, else by amount; of a lookup by amount.
    pub tier_by: TierBy,
    pub pays: Pays,
    /// Of a rate or of money per unit: what is paid on, where it is another measure than the one that picks the tier.
    pub paid_measure: Option<String>,
    pub method: Method,
    /// By share, except of whole deals that are counted.
    pub count_split: CountSplit,
    /// Present exactly with a curve.
    pub beyond: Option<Beyond>,
    pub boundary: Boundary,
    pub direction: Direction,
    /// Carried where lower is better: a sum below zero is in the last tier.
    pub negative: Negative,
    pub deficit: Deficit,
    /// To date only where something is compared with a quota.
    pub quota: QuotaUse,
    /// Present exactly where something is compared with a quota.
    pub no_quota: Option<NoQuota>,
    pub clawback: Clawback,
    pub rounding: RoundingMode,
    pub rounding_at: RoundingAt,
    /// In order, the first from 0 (a curve's first point is anywhere, an overage's first tier above 0), or falling where lower
    /// is better; none of a formula or a lookup.
    pub tiers: Vec<Tier>,
    /// Values of tiers, or of a lookup's rows, that each payee has of their own, by their place.
    pub own_rates: Vec<OwnRate>,
    /// Tiers that start where each payee has it of their own, by their place; the plan states 0 there.
    pub own_edges: Vec<OwnEdge>,
    /// Present exactly with a lookup.
    pub lookup: Option<Lookup>,
    pub modifiers: Modifiers,
    /// Numbers of the modifiers that each payee has of their own, in the order of their places.
    pub own_modifiers: Vec<OwnModifier>,
    /// When parts of it are paid; empty: all of it when it is booked.
    pub pay: Vec<Tranche>,
    /// What of it waits with which deals.
    pub attribution: Attribution,
}

/// What is done to what the table pays, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modifiers {
    /// At most this for one deal, and at most this taken back by a negative one.
    pub deal_cap: Option<Amount>,
    /// Times this.
    pub weight: Option<Rate>,
    /// Times the factor of the tier that a measure reaches.
    pub multiplier: Option<Multiplier>,
    pub gate: Option<Gate>,
    /// At least this in an interval in which anything is measured.
    pub floor: Option<Amount>,
    /// At most this in an interval; what is above is lost.
    pub cap: Option<Amount>,
}

/// A factor that is looked up by a measure of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Multiplier {
    pub measure: String,
    pub tier_by: TierBy,
    /// As a component's, the rates being factors.
    pub tiers: Vec<Tier>,
}

/// A threshold of a measure on whose other side a component pays less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    pub measure: String,
    pub tier_by: TierBy,
    pub bound: Bound,
    pub tested: Tested,
    pub otherwise: Otherwise,
}

/// Where a gate is met, as a tier's `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bound {
    AtLeast(i128),
    AtMost(i128),
}

impl Bound {
    pub fn edge(self) -> i128 {
        let (Bound::AtLeast(edge) | Bound::AtMost(edge)) = self;
        edge
    }

    /// The same side of another edge.
    pub fn at(self, edge: i128) -> Bound {
        match self {
            Bound::AtLeast(_) => Bound::AtLeast(edge),
            Bound::AtMost(_) => Bound::AtMost(edge),
        }
    }
}

/// When a gate is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tested {
    /// With each pay period, at the sums up to then.
    Running,
    /// With the interval's last pay period; until then it counts as met.
    AtEndPaidUntilThen,
    /// With the interval's last pay period; until then nothing is earned.
    AtEndHeldUntilThen,
}

/// What a component earns whose gate is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Otherwise {
    Zero,
    Factor(Rate),
    Cap(Amount),
}

impl Component {
    /// Whether its deals are looked at one by one, not their sum alone.
    pub fn reads_deals(&self) -> bool {
        self.scope == Scope::Deal || self.method.is_whole_deal()
    }

    /// Whether a deal has its part of all that was earned, not what it earned itself.
    pub fn shares_out(&self) -> bool {
        self.attribution == Attribution::ProRata
    }

    /// Whether its deals find a number of whole deals before them.
    pub fn counts_whole(&self) -> bool {
        self.count_split == CountSplit::Whole
    }

    /// Whether a part of what a deal earns waits until the deal is settled.
    pub fn settles(&self) -> bool {
        self.pay.iter().any(|tranche| tranche.when == Due::Settled)
    }

    /// Whether returned deals count in its sums, and it takes back what they earned themselves.
    pub fn takes_back(&self) -> bool {
        self.clawback.price == ClawbackPrice::HistoricRate
    }

    /// Whether what was returned is taken back in the pay period of its return.
    pub fn takes_back_later(&self) -> bool {
        self.clawback.period == ClawbackPeriod::Current
    }

    /// Whether it needs to know what was returned.
    pub fn reads_returns(&self) -> bool {
        self.takes_back() || self.takes_back_later()
    }

    /// Whether what it earns is told deal by deal.
    pub fn earns_by_deal(&self) -> bool {
        self.settles() || self.takes_back()
    }

    /// Whether it needs the deals of its measure one by one.
    pub fn lists_deals(&self) -> bool {
        self.reads_deals() || self.earns_by_deal()
    }

    pub fn is_lower(&self) -> bool {
        self.direction != Direction::Higher
    }

    /// Whether a payee with a quota and without any entry is measured, at zero.
    pub fn measures_at_zero(&self) -> bool {
        self.direction == Direction::Lower(AtZero::Best)
    }

    /// Whether lower is better and its table gives amounts of its own: none of them is earned before anything was measured.
    pub fn begins_with_nothing(&self) -> bool {
        self.is_lower() && !self.method.is_proportional() && self.paid().is_none()
    }

    /// Whether periods take back what those before them earned, without anything being taken back.
    pub fn earns_of_both_signs(&self) -> bool {
        self.quota.is_to_date() || self.formula().is_some() || self.is_lower()
    }

    /// The measure that is paid on, where one is.
    pub fn paid(&self) -> Option<&str> {
        match self.pays {
            Pays::RateOf | Pays::PerUnit => Some(self.paid_measure.as_deref().unwrap_or(&self.measure)),
            Pays::FractionOf(_) | Pays::Lump | Pays::Formula(_) => None,
        }
    }

    /// Every measure that it reads, and whether it is compared with a quota; the first is the one that picks the tier.
    pub fn measures(&self) -> impl Iterator<Item = (&str, bool)> {
        let by_quota = |by: TierBy| by == TierBy::Attainment;
        let own = [Some((self.measure.as_str(), by_quota(self.tier_by))), self.paid_measure.as_deref().map(|id| (id, false))];
        let multiplier = self.modifiers.multiplier.as_ref().map(|of| (of.measure.as_str(), by_quota(of.tier_by)));
        let gate = self.modifiers.gate.as_ref().map(|of| (of.measure.as_str(), by_quota(of.tier_by)));
        let others = self.formula().into_iter().flat_map(|formula| formula.measures()).skip(1);
        let others = others.map(|named| (named.id.as_str(), named.by_quota));
        own.into_iter().chain([multiplier, gate]).flatten().chain(others)
    }

    /// Whether it reads any parameter of the payee.
    pub fn reads_parameters(&self) -> bool {
        let of_formula = self.formula().is_some_and(|formula| !formula.parameters().is_empty());
        let own = !self.own_rates.is_empty() || !self.own_edges.is_empty() || !self.own_modifiers.is_empty();
        matches!(self.pays, Pays::FractionOf(_)) || of_formula || own
    }

    /// The payee's parameter that is the number at a place of the modifiers.
    pub fn own_modifier(&self, place: OwnPlace) -> Option<&str> {
        self.own_modifiers.iter().find(|own| own.place == place).map(|own| own.parameter.as_str())
    }

    /// What the plan states for a place of the table, where it has it.
    pub fn stated_rate(&self, place: usize) -> Option<Rate> {
        match &self.lookup {
            None => self.tiers.get(place).map(|tier| tier.rate),
            Some(lookup) if place == lookup.rows.len() => lookup.otherwise,
            Some(lookup) => lookup.rows.get(place).map(|row| row.rate),
        }
    }

    /// Whether a tier starts where the payee has it.
    pub fn is_own_edge(&self, tier: usize) -> bool {
        self.own_edge(tier).is_some()
    }

    /// The parameter of the payee where a tier starts.
    pub fn own_edge(&self, tier: usize) -> Option<&str> {
        self.own_edges.iter().find(|own| own.tier == tier).map(|own| own.parameter.as_str())
    }

    /// The tiers that start where the plan says it.
    pub fn stated_tiers(&self) -> Vec<Tier> {
        (0..).zip(&self.tiers).filter(|(tier, _)| !self.is_own_edge(*tier)).map(|(_, of)| *of).collect()
    }

    /// Whether its tiers rise (or fall, where lower is better) with a payee's edges in their places, all of which are above 0.
    pub fn is_in_order(&self, tiers: &[Tier]) -> bool {
        let own = self.own_edges.iter().filter_map(|own| tiers.get(own.tier));
        let ordered = |pair: &[Tier]| if self.is_lower() { pair[0].from > pair[1].from } else { pair[0].from < pair[1].from };
        own.into_iter().all(|tier| tier.from > 0) && tiers.windows(2).all(ordered)
    }

    /// What it pays where no table says it.
    pub fn formula(&self) -> Option<&Formula> {
        match &self.pays {
            Pays::Formula(formula) => Some(formula),
            _ => None,
        }
    }

    /// Whether any quota has a say.
    pub fn reads_quota(&self) -> bool {
        self.measures().any(|(_, by_quota)| by_quota)
    }
}
