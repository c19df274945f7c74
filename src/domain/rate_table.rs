//! A rate table as a function of exact sums: which tier is reached, and what all of a sum earns.
//!
//! Edges of attainment tiers scale with the quota by multiplication, so tables that only multiply stay integers; those
//! that divide (by a quota, by the width of a tier) give fractions. Where lower is better a table is asked as one that rises, with
//! its sum and its edges on the other side of zero. What modifies the result is `reward`.

use super::exact::{Exact, big, scaled};
use super::money::{AMOUNT_DECIMALS, Amount, MEASURED_DECIMALS, Measured, RATE_DECIMALS, Rate};
use super::plan::{AtZero, Beyond, Boundary, Component, Direction, Method, Negative, Pays, Tier, TierBy};
use ethnum::I256;
use num_rational::BigRational;
use num_traits::Zero;

/// A part of a whole: active days of all days, pay periods so far of all of them. `(1, 1)` where nothing is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub active: u64,
    pub of: u64,
}

impl Part {
    pub const ALL: Part = Part { active: 1, of: 1 };

    /// This part of the other one, as small as it is written: the integers of an axis hold two parts of any kind here.
    pub fn times(self, other: Part) -> Part {
        let (one, other) = (self.reduced(), other.reduced());
        Part { active: one.active * other.active, of: one.of * other.of }.reduced()
    }

    fn reduced(self) -> Part {
        let (mut divisor, mut rest) = (self.of, self.active);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        Part { active: self.active / divisor.max(1), of: self.of / divisor.max(1) }
    }

    pub fn fraction(self) -> BigRational {
        BigRational::new(self.active.into(), self.of.into())
    }
}

/// The parts of an interval that its quotas, its target and its cap are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    pub quota: Part,
    pub target: Part,
    pub cap: Part,
    pub floor: Part,
}

impl Parts {
    pub const ALL: Parts = Parts { quota: Part::ALL, target: Part::ALL, cap: Part::ALL, floor: Part::ALL };
}

/// A sum on the axis of a table: against an edge of a tier both are scaled so that they are integers.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// In 10^-12 of the unit, times `over`.
    sum: I256,
    /// What an edge is multiplied by.
    unit: I256,
    /// What an edge is divided by first, without a rest: edges of attainment have at most 6 decimals.
    fine: i128,
    over: I256,
}

impl Axis {
    /// `None` for attainment without a quota (or with none left of it).
    pub fn new(by: TierBy, sum: Measured, quota: Option<Amount>, part: Part) -> Option<Axis> {
        let sum = I256::from(sum.0);
        if by != TierBy::Attainment {
            return Some(Axis { sum, unit: I256::ONE, fine: 1, over: I256::ONE });
        }
        let quota = quota.filter(|quota| quota.0 > 0 && part.active > 0)?;
        let (active, of) = (I256::from(part.active), I256::from(part.of));
        Some(Axis { sum: sum * of, unit: I256::from(quota.0) * active, fine: 1_000_000, over: of })
    }

    fn edge(&self, from: i128) -> I256 {
        I256::from(from / self.fine) * self.unit
    }

    /// Whether the sum is in what starts at `from`.
    pub fn reaches(&self, from: i128, boundary: Boundary) -> bool {
        let edge = self.edge(from);
        self.sum > edge || (self.sum == edge && boundary == Boundary::Upper)
    }

    /// The place of the tier that the sum is in; the first one also holds what is below it.
    pub fn place(&self, tiers: &[Tier], boundary: Boundary) -> usize {
        (1..tiers.len()).take_while(|place| self.reaches(tiers[*place].from, boundary)).last().unwrap_or(0)
    }

    fn mirrored(self) -> Axis {
        Axis { sum: -self.sum, ..self }
    }

    /// The sum and all edges on the other side of zero: what falls rises there.
    pub fn turned(self) -> Axis {
        Axis { sum: -self.sum, unit: -self.unit, ..self }
    }
}

/// What a table is asked about: the sum that picks the tier, the sum that is paid on, and the payee's target.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The component's, with what of them is the payee's own.
    pub tiers: &'q [Tier],
    pub axis: Axis,
    pub paid: Measured,
    /// In the currency's unit, where a fraction of it is paid.
    pub target: Option<&'q BigRational>,
}

/// The earning of the whole sum under a component's table.
pub fn value(component: &Component, question: Question<'_>) -> Exact {
    if let Direction::Lower(at_zero) = component.direction {
        return lower(component, at_zero, question);
    }
    if question.axis.sum >= I256::ZERO {
        return reached(component, question);
    }
    match component.negative {
        Negative::Carry => below(component, question),
        Negative::Zero => Exact::ZERO,
        Negative::Mirror => {
            let paid = Measured(question.paid.0.saturating_neg());
            let mirrored = reached(component, Question { axis: question.axis.mirrored(), paid, ..question });
            &Exact::ZERO - &mirrored
        }
    }
}

/// A sum below zero is in the last tier, and so is one of zero, unless it says that nothing was measured.
fn lower(component: &Component, at_zero: AtZero, question: Question<'_>) -> Exact {
    if question.axis.sum == I256::ZERO && at_zero == AtZero::Nothing {
        return Exact::ZERO;
    }
    reached(component, Question { axis: question.axis.turned(), ..question })
}

/// What there is of a table without a quota: the first tier's line for the whole of what is paid on. `sum` is of the
/// measure that would pick the tier.
pub fn without_quota(component: &Component, tiers: &[Tier], sum: Measured, paid: Measured) -> Exact {
    let unmeasured = component.is_lower() && sum.0 == 0;
    let nothing = unmeasured || (component.negative == Negative::Zero && sum.0 < 0);
    if nothing { Exact::ZERO } else { first_tier(component, tiers, paid) }
}

fn first_tier(component: &Component, tiers: &[Tier], paid: Measured) -> Exact {
    match (&component.pays, component.method) {
        (Pays::RateOf | Pays::PerUnit, Method::Marginal | Method::Retroactive) => times_rate(paid, first_rate(tiers)),
        _ => Exact::ZERO,
    }
}

fn first_rate(tiers: &[Tier]) -> Rate {
    tiers.first().map_or(Rate(0), |tier| tier.rate)
}

pub fn times_rate(paid: Measured, rate: Rate) -> Exact {
    Exact::Fixed(I256::from(paid.0) * I256::from(rate.0))
}

/// The first segment's line below zero.
fn below(component: &Component, question: Question<'_>) -> Exact {
    let Question { tiers, axis, target, .. } = question;
    match (&component.pays, component.method) {
        (Pays::FractionOf(_), Method::Marginal | Method::Retroactive) => {
            of_target(axis, axis.sum * I256::from(first_rate(tiers).0), target)
        }
        (_, Method::Interpolated) => Exact::of(first_slope(tiers, axis)),
        _ => first_tier(component, tiers, question.paid),
    }
}

fn first_slope(tiers: &[Tier], axis: Axis) -> BigRational {
    match tiers {
        [first, second, ..] => ratio(axis.sum, axis.edge(second.from)) * money(first.rate),
        _ => BigRational::zero(),
    }
}

/// What is earned where the sum is not on the wrong side of the table.
fn reached(component: &Component, question: Question<'_>) -> Exact {
    let Question { tiers, axis, paid, target } = question;
    let boundary = component.boundary;
    match (&component.pays, component.method) {
        (Pays::RateOf | Pays::PerUnit, Method::Marginal) => divided(marginal(tiers, boundary, axis), axis.over),
        (Pays::RateOf | Pays::PerUnit, Method::Retroactive) => times_rate(paid, tiers[axis.place(tiers, boundary)].rate),
        (Pays::RateOf | Pays::PerUnit, Method::Overage) => divided(overage(tiers, boundary, axis), axis.over),
        (Pays::RateOf | Pays::PerUnit, _) => Exact::of(curve(component, tiers, axis) * scaled(paid.0, MEASURED_DECIMALS)),
        (Pays::FractionOf(_), Method::Overage) => of_target(axis, overage(tiers, boundary, axis), target),
        (Pays::FractionOf(_), Method::Marginal) => of_target(axis, marginal(tiers, boundary, axis), target),
        (Pays::FractionOf(_), Method::Retroactive) => {
            of_target(axis, axis.sum * I256::from(tiers[axis.place(tiers, boundary)].rate.0), target)
        }
        (pays, method) => {
            let fraction = match method {
                Method::Interpolated => interpolated(tiers, axis),
                Method::Curve => curve(component, tiers, axis),
                _ => money(tiers[axis.place(tiers, boundary)].rate),
            };
            Exact::of(if *pays == Pays::Lump { fraction } else { fraction_of(fraction, target) })
        }
    }
}

/// Each rate on the part of the sum inside its tier, in 10^-20 times the axis' `over`.
fn marginal(tiers: &[Tier], boundary: Boundary, axis: Axis) -> I256 {
    let last = axis.place(tiers, boundary);
    let rate = |place: usize| I256::from(tiers[place].rate.0);
    let full = (0..last).map(|place| (axis.edge(tiers[place + 1].from) - axis.edge(tiers[place].from)) * rate(place));
    full.fold((axis.sum - axis.edge(tiers[last].from)) * rate(last), |total, part| total + part)
}

/// The reached rate on what is above the first tier's start, scaled as above.
fn overage(tiers: &[Tier], boundary: Boundary, axis: Axis) -> I256 {
    let threshold = tiers.first().map_or(I256::ZERO, |tier| axis.edge(tier.from));
    (axis.sum - threshold).max(I256::ZERO) * I256::from(tiers[axis.place(tiers, boundary)].rate.0)
}

fn divided(value: I256, over: I256) -> Exact {
    if over == I256::ONE {
        return Exact::Fixed(value);
    }
    Exact::of(BigRational::new(big(value), big(over) * num_bigint::BigInt::from(10).pow(MEASURED_DECIMALS + RATE_DECIMALS)))
}

/// A measured amount times a rate, as part of the quota, of the target.
fn of_target(axis: Axis, value: I256, target: Option<&BigRational>) -> Exact {
    let quota = scaled(big(axis.unit), AMOUNT_DECIMALS);
    Exact::of(fraction_of(scaled(big(value), MEASURED_DECIMALS + RATE_DECIMALS) / quota, target))
}

fn fraction_of(fraction: BigRational, target: Option<&BigRational>) -> BigRational {
    target.map_or_else(BigRational::zero, |target| fraction * target)
}

fn money(rate: Rate) -> BigRational {
    scaled(rate.0, RATE_DECIMALS)
}

fn ratio(numerator: I256, denominator: I256) -> BigRational {
    BigRational::new(big(numerator), big(denominator))
}

/// Each tier's value times the part of it that the sum covers; the last tier is where the table ends.
fn interpolated(tiers: &[Tier], axis: Axis) -> BigRational {
    tiers.windows(2).fold(BigRational::zero(), |total, pair| {
        let (from, to) = (axis.edge(pair[0].from), axis.edge(pair[1].from));
        let covered = (axis.sum.min(to) - from).max(I256::ZERO);
        total + ratio(covered, to - from) * money(pair[0].rate)
    })
}

/// The value on the line through the points.
fn curve(component: &Component, points: &[Tier], axis: Axis) -> BigRational {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return BigRational::zero() };
    if !axis.reaches(first.from, component.boundary) {
        return BigRational::zero();
    }
    let behind = points.iter().position(|point| axis.sum < axis.edge(point.from));
    match (behind, component.beyond, points) {
        (Some(next), ..) => between(&points[next - 1], &points[next], axis),
        (None, Some(Beyond::Extend), [.., before, last]) => between(before, last, axis),
        _ => money(last.rate),
    }
}

fn between(one: &Tier, other: &Tier, axis: Axis) -> BigRational {
    let (from, to) = (axis.edge(one.from), axis.edge(other.from));
    money(one.rate) + ratio(axis.sum - from, to - from) * (money(other.rate) - money(one.rate))
}

#[cfg(test)]
mod tests;
