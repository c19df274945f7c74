//! Which components can be. One that cannot makes its plan ignored, with these reasons and no others:
//!
//! - a rate or money per unit with steps or tiers in proportion, an amount with rates, a fraction of a target with tiers
//!   in proportion; a rate of a quantity or money per unit of an amount, where the measure that picks the tier is paid;
//! - a fraction of a target by marginal or retroactive rates other than by attainment, or with `first_tier`, or of no name;
//! - another measure that is paid on where none is, or that is the same, or with marginal tiers, or mirrored;
//! - `no_quota` without anything by attainment, or the reverse; something by attainment finer than a millionth;
//! - tiers that do not rise from 0 (a curve's points: from anywhere not negative), or none; a curve that does not say what
//!   is beyond it, or anything else that does; steps that pay for a sum of zero; tiers in proportion without an end;
//! - deals one by one with another measure, a fraction of a target, a sum before a deal that is alone, or (alone) by
//!   attainment, or (in their order) anything but a carried negative sum; a rounding or cap of deals that are not alone; whole ones
//!   where no number of deals picks the tier;
//! - tranches that are not parts of a whole, or wait for deals that are paid on another measure; parts of all of
//!   what does not wait, or of deals that are taken back by themselves;
//! - a quota to date where nothing is compared with one, of shares that are not one for each pay period or no whole, of
//!   whole deals by attainment, or where a tranche waits for deals;
//! - a formula with tiers, with another measure than the first that it names, of single deals, that does not carry, with
//!   a first tier, or of a quota to date; the method of formulas without one;
//! - a lookup as `lookups` says; a value of the payee's own as `own_rates` says, for a first step or for the end of tiers in
//!   proportion; an edge of the payee's own as it says, which the tiers beside it are not compared with;
//! - an overage from zero on, of another measure, or with a first tier; a floor above the cap, or where
//!   a tranche waits for deals, or deals are taken back by themselves;
//! - a scale by ages as `ages` says; lower that is better as `lower` says;
//! - a number of a modifier that is the payee's own as `own_modifiers` says, which no floor is compared with;
//! - a negative weight, factor, cap, floor or gate; a name that begins as those of manual lines do.

use super::ages;
use super::deals::{settles, takes_back};
use super::formulas::{is_formula, names};
use super::lookups::{self, is_lookup};
use super::lower;
use super::own_modifiers;
use super::own_rates::{self, has_own_edge, is_own};
use super::rules::{Check, hold};
use crate::wire::records::{
    AmountPlace, Attribution, Component, CountSplit, EarningUnit, IntervalKind, Method, Negative, NoQuota, Otherwise, OwnPlace,
    PayTerms, Pays, Plan, QuotaUse, RoundingAt, Scope, Tier, TierBy,
};

pub(super) fn component(component: &Component) -> Check {
    hold(!component.component_id.starts_with("manual:"), "a component that is called like a manual line")?;
    formula(component)?;
    lookups::fits(component)?;
    ages::fits(component)?;
    lower::fit(component)?;
    paid(component)?;
    deals(component)?;
    tranches(component)?;
    quotas(component)?;
    to_date(component)?;
    table(component)?;
    modifiers(component)
}

fn paid(component: &Component) -> Check {
    let by = component.tier_by;
    let own = component.paid_measure.is_none();
    let whole = [Method::WholeDealBefore, Method::WholeDealAfter].contains(&component.method);
    let over = component.method == Method::Overage;
    let rates = whole || over || [Method::Marginal, Method::Retroactive].contains(&component.method);
    hold(!over || component.no_quota != Some(NoQuota::FirstTier), "an overage without a quota")?;
    match &component.pays {
        Pays::RateOf | Pays::PerUnit if is_lookup(component) => {}
        _ if is_lookup(component) => return Err("a lookup that pays no rates".into()),
        Pays::RateOf | Pays::PerUnit => {
            hold(rates || component.method == Method::Curve, "a rate where an amount is needed")?;
            let money = matches!(by, TierBy::Amount | TierBy::Attainment);
            let fits = if component.pays == Pays::RateOf { money } else { by != TierBy::Amount };
            hold(!own || fits, "pay that does not fit its tiers")?;
        }
        Pays::Formula(_) => {}
        Pays::Lump => hold(!rates, "an amount where a rate is needed")?,
        Pays::FractionOf(name) => {
            hold(component.method != Method::Interpolated, "a fraction where an amount is needed")?;
            hold(!rates || by == TierBy::Attainment, "parts of a quota without attainment")?;
            hold(!rates || component.no_quota != Some(NoQuota::FirstTier), "parts of a quota that is not there")?;
            hold(!name.is_empty(), "a target without a name")?;
        }
    }
    let Some(other) = &component.paid_measure else { return Ok(()) };
    hold(matches!(component.pays, Pays::RateOf | Pays::PerUnit), "a measure that nothing is paid on")?;
    hold(*other != component.measure, "another measure that is the same")?;
    hold(component.method != Method::Marginal && !over, "marginal tiers of another measure")?;
    hold(component.negative != Negative::Mirror, "a mirror of another measure")
}

/// A formula instead of a table, and nothing that only tables have.
fn formula(component: &Component) -> Check {
    let Pays::Formula(formula) = &component.pays else {
        return hold(component.method != Method::Formula, "a formula that is not there");
    };
    let all = names(formula.text(), &["measure", "quota", "attainment"]);
    let by_quota = names(formula.text(), &["quota", "attainment"]).contains(&component.measure.as_str());
    hold(all.first().is_some_and(|first| *first == component.measure), "another measure than its formula's first")?;
    let by = if by_quota { TierBy::Attainment } else { TierBy::Amount };
    hold(component.method == Method::Formula && component.tier_by == by, "a formula that is a table")?;
    hold(component.tiers.is_empty() && component.paid_measure.is_none(), "a formula with a table")?;
    hold(component.scope == Scope::Running && !settles(component), "a formula of single deals")?;
    hold(component.negative == Negative::Carry, "a formula that does not carry")?;
    hold(component.no_quota != Some(NoQuota::FirstTier), "a formula with a first tier")?;
    hold(component.quota == QuotaUse::Interval, "a formula of a quota to date")
}

/// Parts that are above nothing and add up to all; not too many.
fn tranches(component: &Component) -> Check {
    let shares: Vec<i64> = component.pay.iter().map(|tranche| tranche.share.0).collect();
    let total = shares.iter().try_fold(0i64, |all, share| all.checked_add(*share));
    let whole = shares.len() <= 24 && shares.iter().all(|share| *share > 0) && total == Some(100_000_000);
    hold(shares.is_empty() || whole, "tranches that are not whole")?;
    hold(shares.is_empty() || component.unit == EarningUnit::Money, "tranches of points")?;
    hold(!settles(component) || component.paid_measure.is_none(), "a settled deal that is paid on another measure")?;
    let all = component.attribution == Attribution::ProRata;
    hold(!all || !(shares.is_empty() || takes_back(component)), "parts of all of what does not wait, or is taken back by deal")
}

/// Deals one by one: a measure of their own, rates or amounts, and a table that one deal can be asked about.
fn deals(component: &Component) -> Check {
    let whole = [Method::WholeDealBefore, Method::WholeDealAfter].contains(&component.method);
    let alone = component.scope == Scope::Deal;
    hold(alone || component.rounding_at != RoundingAt::Deal, "a rounding of deals that are not priced")?;
    hold(alone || component.modifiers.deal_cap.is_none(), "a cap of deals that are not priced")?;
    let numbered = whole && component.tier_by == TierBy::Count;
    hold(numbered || component.count_split == CountSplit::Share, "whole deals of what is no number of deals")?;
    if !alone && !whole {
        return Ok(());
    }
    hold(!(alone && whole), "a sum before a deal that is alone")?;
    hold(component.paid_measure.is_none(), "a deal that is paid on another measure")?;
    hold(!matches!(component.pays, Pays::FractionOf(_)), "a fraction of a target for a deal")?;
    hold(!(alone && component.tier_by == TierBy::Attainment), "a deal that is a part of a quota")?;
    hold(alone || component.negative == Negative::Carry, "whole deals that do not carry")
}

/// What a component compares with its tiers, its multiplier's and its gate, or with what its formula says.
fn axes(component: &Component) -> Vec<(TierBy, Vec<i128>)> {
    let edges = |tiers: &[Tier]| tiers.iter().map(|tier| tier.from).collect();
    let modifiers = &component.modifiers;
    let mut axes = vec![(component.tier_by, edges(&component.tiers))];
    axes.extend(modifiers.multiplier.iter().map(|of| (of.tier_by, edges(&of.tiers))));
    axes.extend(modifiers.gate.iter().map(|of| (of.tier_by, vec![of.bound.edge()])));
    if let Pays::Formula(formula) = &component.pays {
        let quotas = names(formula.text(), &["quota", "attainment"]);
        axes.extend(quotas.iter().map(|_| (TierBy::Attainment, Vec::new())));
    }
    axes
}

fn quotas(component: &Component) -> Check {
    let axes = axes(component);
    let by_attainment = axes.iter().any(|(by, _)| *by == TierBy::Attainment);
    hold(component.no_quota.is_some() == by_attainment, "no_quota is for attainment, and attainment needs it")?;
    let attained = axes.iter().filter(|(by, _)| *by == TierBy::Attainment);
    let fine = attained.flat_map(|(_, edges)| edges).any(|edge| edge % 1_000_000 != 0);
    hold(!fine, "something by attainment finer than a millionth")
}

/// Shares of nothing less than the whole, and sums that can be made up for.
fn to_date(component: &Component) -> Check {
    let QuotaUse::ToDate(shares) = &component.quota else { return Ok(()) };
    hold(component.no_quota.is_some(), "a quota to date that nothing is compared with")?;
    let periods = match component.interval {
        IntervalKind::Month => 1,
        IntervalKind::Quarter => 3,
        IntervalKind::HalfYear => 6,
        IntervalKind::Year => 12,
    };
    let total: i128 = shares.iter().map(|share| i128::from(share.0)).sum();
    let whole = shares.len() == periods && shares.iter().all(|share| share.0 >= 0) && total == 100_000_000;
    hold(shares.is_empty() || whole, "shares of a quota that are no whole")?;
    let whole_deals = [Method::WholeDealBefore, Method::WholeDealAfter].contains(&component.method);
    hold(!(whole_deals && component.tier_by == TierBy::Attainment), "whole deals on a quota to date")?;
    hold(!settles(component), "a settled deal on a quota to date")
}

fn rising(tiers: &[Tier]) -> Check {
    hold(!tiers.is_empty(), "no tiers")?;
    hold(tiers.windows(2).all(|pair| pair[0].from < pair[1].from), "tiers that do not rise")
}

fn table(component: &Component) -> Check {
    own_rates::fit(component)?;
    own_rates::edges_fit(component)?;
    let (tiers, method) = (&component.tiers, component.method);
    if is_formula(component) || is_lookup(component) {
        return hold(component.beyond.is_none(), "a curve says what is beyond it, and only a curve");
    }
    if lower::is_lower(component) {
        return hold(component.beyond.is_some() == (method == Method::Curve), "a curve says what is beyond it, and only a curve");
    }
    hold(!tiers.is_empty(), "no tiers")?;
    let stated = own_rates::stated(component);
    hold(stated.is_empty() || rising(&stated).is_ok(), "tiers that do not rise")?;
    let (first, last) = (&tiers[0], &tiers[tiers.len() - 1]);
    let curve = method == Method::Curve;
    let own_first = has_own_edge(component, 0);
    hold(method != Method::Overage || first.from > 0 || own_first, "an overage from zero on")?;
    hold(if curve { first.from >= 0 } else { first.from == 0 || method == Method::Overage }, "tiers that do not start at 0")?;
    hold(component.beyond.is_some() == curve, "a curve says what is beyond it, and only a curve")?;
    let on_sum = matches!(component.pays, Pays::RateOf | Pays::PerUnit);
    let steps = method == Method::Lump || (curve && !on_sum);
    let nothing = own_first || (first.rate.0 == 0 && !is_own(component, 0));
    hold(!(steps && first.from == 0 && !nothing), "pay for a sum of zero")?;
    let ends = tiers.len() >= 2 && last.rate.0 == 0 && !is_own(component, tiers.len() - 1);
    hold(method != Method::Interpolated || ends, "tiers in proportion without an end")
}

fn modifiers(component: &Component) -> Check {
    let modifiers = &component.modifiers;
    own_modifiers::fit(component)?;
    let positive = "a negative weight, factor, cap or gate";
    hold(modifiers.weight.is_none_or(|weight| weight.0 >= 0), positive)?;
    hold(modifiers.cap.is_none_or(|cap| cap.0 >= 0), positive)?;
    hold(modifiers.deal_cap.is_none_or(|cap| cap.0 >= 0), positive)?;
    if let Some(floor) = modifiers.floor {
        let own_cap = component.own_modifiers.iter().any(|own| own.place == OwnPlace::Cap);
        let above = modifiers.cap.is_some_and(|cap| floor.0 > cap.0) && !own_cap;
        hold(floor.0 >= 0 && !above, "a floor below zero or above the cap")?;
        hold(!settles(component), "a floor of settled deals")?;
        hold(!takes_back(component), "a floor of deals that are taken back")?;
    }
    if let Some(multiplier) = &modifiers.multiplier {
        rising(&multiplier.tiers)?;
        hold(multiplier.tiers[0].from == 0, "tiers that do not start at 0")?;
        hold(multiplier.tiers.iter().all(|tier| tier.rate.0 >= 0), positive)?;
    }
    let Some(gate) = &modifiers.gate else { return Ok(()) };
    let number = match gate.otherwise {
        Otherwise::Zero => 0,
        Otherwise::Factor(factor) => i128::from(factor.0),
        Otherwise::Cap(cap) => cap.0,
    };
    hold(gate.bound.edge() >= 0 && number >= 0, positive)
}

/// Draws are above zero and end after they start; shares are parts; a cap lets a draw through.
pub(super) fn pay_terms(plan: &Plan) -> Check {
    let PayTerms { draw, payment_cap, minimum_settlement } = &plan.pay;
    let amounts = [payment_cap.as_ref().map(|cap| cap.amount), minimum_settlement.as_ref().map(|minimum| minimum.amount)];
    super::own_amounts::fit(plan)?;
    hold(amounts.iter().flatten().all(|amount| amount.0 >= 0), "a negative cap or smallest payment")?;
    let Some(draw) = draw else { return Ok(()) };
    let own = |place: AmountPlace| plan.own_amounts.iter().any(|own| own.place == place);
    hold(draw.amount.0 > 0 || own(AmountPlace::Draw), "a draw of nothing")?;
    hold(draw.amount.is_payable(), "a draw that no payout holds")?;
    hold(draw.last >= draw.first, "a draw that ends before it starts")?;
    let unknown = own(AmountPlace::Draw) || own(AmountPlace::PaymentCap);
    hold(unknown || amounts[0].is_none_or(|cap| draw.amount.0 <= cap.0), "a draw above the payment cap")?;
    let Some(recover) = &draw.recover else { return Ok(()) };
    hold(recover.share_of_excess.0 >= 0 && recover.share_of_excess.0 <= 100_000_000, "a share that is not a part")?;
    hold(recover.maximum_balance.is_none_or(|most| most.0 >= 0), "a negative balance of draws")
}
