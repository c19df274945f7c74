//! What differs between two versions of a plan, in the words of its file.

use super::fields::Choices;
use super::modes;
use crate::domain::calendar::IntervalKind;
use crate::domain::money::{AMOUNT_DECIMALS, Amount, MEASURED_DECIMALS, RATE_DECIMALS, Rate, format_scaled};
use crate::domain::pay_terms::Draw;
use crate::domain::plan::{
    AmountPlace, Bound, Clawback, Component, Deficit, Direction, Gate, Method, Otherwise, OwnPlace, Pays, Plan, Prorate,
    QuotaUse, ScaleRow, Tested, Tier, TierBy,
};

/// A name and what it is set to.
type Words = Vec<(String, String)>;

/// One line for each thing that is another, new or gone.
pub fn differences(before: &Plan, after: &Plan) -> Vec<String> {
    let mut lines = compared(&plan_words(before), &plan_words(after));
    for component in &after.components {
        let id = &component.component_id;
        match before.components.iter().find(|known| known.component_id == *id) {
            None => lines.push(format!("{id}: the component is new")),
            Some(known) => {
                let differing = compared(&component_words(known), &component_words(component));
                lines.extend(differing.into_iter().map(|line| format!("{id}, {line}")));
            }
        }
    }
    let gone = before.components.iter().filter(|known| !after.components.iter().any(|of| of.component_id == known.component_id));
    lines.extend(gone.map(|component| format!("{}: the component is gone", component.component_id)));
    lines
}

fn compared(before: &Words, after: &Words) -> Vec<String> {
    let find = |words: &Words, name: &str| words.iter().find(|(of, _)| of == name).map(|(_, text)| text.clone());
    let mut lines = Vec::new();
    for (name, now) in after {
        match find(before, name) {
            None => lines.push(format!("{name}: new, {now}")),
            Some(then) if then != *now => lines.push(format!("{name}: {then} becomes {now}")),
            Some(_) => {}
        }
    }
    let gone = before.iter().filter(|(name, _)| find(after, name).is_none());
    lines.extend(gone.map(|(name, then)| format!("{name}: gone, was {then}")));
    lines
}

fn plan_words(plan: &Plan) -> Words {
    let mut words = Words::new();
    let mut say = |name: &str, text: String| words.push((name.into(), text));
    say("to", plan.to.map_or("open".into(), |to| to.to_string()));
    say("currency", plan.currency.clone());
    say("calendar", plan.calendar.clone());
    say("prorate", prorate(&plan.prorate));
    if !plan.ramp.is_empty() {
        let parts: Vec<String> = plan.ramp.iter().map(|part| percent(*part)).collect();
        say("ramp", parts.join(", "));
    }
    say("mid_interval_change", mode(modes::MID_INTERVAL_CHANGE, plan.mid_interval_change));
    say("negative_pay", mode(modes::NEGATIVE_PAY, plan.negative_pay));
    say("after_release, quota", mode(modes::QUOTA_AFTER_RELEASE, plan.quota_after_release));
    let amount = |place: AmountPlace, stated: Amount| match plan.own_amount(place) {
        Some(parameter) => format!("payee.{parameter}"),
        None => money(stated),
    };
    if let Some(draw) = &plan.pay.draw {
        draw_words(draw, &amount, &mut say);
    }
    if let Some(cap) = &plan.pay.payment_cap {
        say(
            "payment_cap",
            format!(
                "{}, what is above: {}",
                amount(AmountPlace::PaymentCap, cap.amount),
                mode(modes::PAYMENT_EXCESS, cap.excess)
            ),
        );
    }
    if let Some(cap) = &plan.cap {
        let per = modes::INTERVAL.iter().find(|(_, kind)| *kind == Some(cap.per));
        say("cap", format!("{} per {}", amount(AmountPlace::PlanCap, cap.amount), per.map_or("interval", |(name, _)| name)));
    }
    if let Some(minimum) = &plan.pay.minimum_settlement {
        let least = amount(AmountPlace::MinimumSettlement, minimum.amount);
        say("minimum_settlement", format!("{least}, flush {}", mode(modes::FLUSH, minimum.flush)));
    }
    words
}

fn prorate(prorate: &Prorate) -> String {
    let parts = [
        ("quota", prorate.quota),
        ("target", prorate.target),
        ("cap", prorate.cap),
        ("draw", prorate.draw),
        ("floor", prorate.floor),
    ];
    let named: Vec<&str> = parts.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
    if named.is_empty() { "nothing".into() } else { format!("{} by {}", named.join(", "), mode(modes::PRORATE_BY, prorate.by)) }
}

fn draw_words(draw: &Draw, shown: &dyn Fn(AmountPlace, Amount) -> String, say: &mut dyn FnMut(&str, String)) {
    let Draw { amount, first, last, recover } = draw;
    say("draw", if recover.is_some() { "recoverable".into() } else { "guarantee".into() });
    say("draw, amount", shown(AmountPlace::Draw, *amount));
    say("draw, periods", format!("{first} to {last}"));
    let Some(recover) = recover else { return };
    say("draw, recovered from", recover.from.to_string());
    say("draw, share of the excess", percent(recover.share_of_excess));
    say("draw, floor", mode(modes::RECOVERY_FLOOR, recover.floor));
    if let Some(most) = recover.maximum_balance {
        say("draw, most that is owed", shown(AmountPlace::MaximumBalance, most));
    }
    say("draw, at the end", mode(modes::AT_END, recover.at_end));
}

fn component_words(component: &Component) -> Words {
    let mut words = Words::new();
    let mut say = |name: &str, text: String| words.push((name.into(), text));
    say("earning_code", component.earning_code.clone());
    say("unit", mode(modes::EARNING_UNIT, component.unit));
    if let Some(share) = &component.pool {
        let how = share.parameter().map_or_else(|| "equal".into(), |name| format!("by payee.{name}"));
        say("pool", format!("of the team, {how}"));
    }
    let interval = modes::INTERVAL.iter().find(|(_, kind)| *kind == Some(component.interval));
    say("interval", interval.map_or_else(String::new, |(name, _): &(&str, Option<IntervalKind>)| (*name).into()));
    say("scope", mode(modes::SCOPE, component.scope));
    let by_tiers = component.formula().is_none() && component.lookup.is_none();
    if by_tiers {
        say("tier_by", looked_at(&component.measure, component.tier_by));
    }
    say("pays", pays(component));
    say("method", mode(modes::METHOD, component.method));
    if component.method.is_whole_deal() {
        say("count_split", mode(modes::COUNT_SPLIT, component.count_split));
    }
    if let Some(beyond) = component.beyond {
        say("beyond", mode(modes::BEYOND, beyond));
    }
    match component.direction {
        Direction::Lower(at_zero) => {
            say("direction", mode(modes::DIRECTION, true));
            say("at_zero", mode(modes::AT_ZERO, at_zero));
        }
        Direction::Higher if by_tiers => {
            say("negative", mode(modes::NEGATIVE, component.negative));
            if component.deficit != Deficit::Lost {
                say("deficit", mode(modes::DEFICIT, component.deficit));
            }
        }
        Direction::Higher => {}
    }
    say("boundary", mode(modes::BOUNDARY, component.boundary));
    if component.reads_quota() {
        say("quota", quota(&component.quota));
    }
    if let Some(no_quota) = component.no_quota {
        say("no_quota", mode(modes::NO_QUOTA, no_quota));
    }
    say("clawback", clawback(&component.clawback));
    let rounding = (mode(modes::ROUNDING_MODE, component.rounding), mode(modes::ROUNDING_AT, component.rounding_at));
    say("rounding", format!("{} at {}", rounding.0, rounding.1));
    let own = |place: usize| {
        let own = component.own_rates.iter().find(|own| own.tier == place)?;
        Some(format!("payee.{}", own.parameter))
    };
    for (place, tier) in component.tiers.iter().enumerate() {
        let own_edge = component.own_edge(place).map(|own| format!("payee.{own}"));
        let from = own_edge.unwrap_or_else(|| edge(tier.from, component.tier_by));
        say(&format!("tier from {from}"), own(place).unwrap_or_else(|| value(component, tier)));
    }
    if let Some(lookup) = &component.lookup {
        let shown = |rate: Rate| match component.pays {
            Pays::PerUnit => format_scaled(i128::from(rate.0), RATE_DECIMALS, 2),
            _ => percent(rate),
        };
        for (place, row) in lookup.rows.iter().enumerate() {
            say(&format!("rate of {}", row.takes), own(place).unwrap_or_else(|| shown(row.rate)));
        }
        let otherwise = || lookup.otherwise.map_or_else(|| "nothing".into(), shown);
        say("otherwise", own(lookup.rows.len()).unwrap_or_else(otherwise));
    }
    modifiers(component, &mut say);
    let pay: Vec<String> = component.pay.iter().map(|part| format!("{} {}", percent(part.share), part.when.text())).collect();
    if !pay.is_empty() {
        say("attribution", mode(modes::ATTRIBUTION, component.attribution));
    }
    say("pay", if pay.is_empty() { "100% booked".into() } else { pay.join(", ") });
    words
}

fn clawback(clawback: &Clawback) -> String {
    let (price, period) = (mode(modes::CLAWBACK_PRICE, clawback.price), mode(modes::CLAWBACK_PERIOD, clawback.period));
    let row = |row: &ScaleRow| format!(", {} within {} months", percent(row.share), row.within_months);
    let scale: String = clawback.scale.iter().map(row).collect();
    format!("{price} in the {period} period{scale}")
}

fn quota(used: &QuotaUse) -> String {
    match used {
        QuotaUse::Interval => mode(modes::QUOTA, false),
        QuotaUse::ToDate(shares) if shares.is_empty() => format!("{} in equal parts", mode(modes::QUOTA, true)),
        QuotaUse::ToDate(shares) => {
            let shares: Vec<String> = shares.iter().map(|share| percent(*share)).collect();
            format!("{} as {}", mode(modes::QUOTA, true), shares.join(", "))
        }
    }
}

fn modifiers(component: &Component, say: &mut dyn FnMut(&str, String)) {
    let modifiers = &component.modifiers;
    let own = |place: OwnPlace, stated: String| match component.own_modifier(place) {
        Some(parameter) => format!("payee.{parameter}"),
        None => stated,
    };
    if let Some(weight) = modifiers.weight {
        say("weight", own(OwnPlace::Weight, percent(weight)));
    }
    if let Some(of) = &modifiers.multiplier {
        say("multiplier", looked_at(&of.measure, of.tier_by));
        for (place, tier) in of.tiers.iter().enumerate() {
            let factor = own(OwnPlace::Factor(place), percent(tier.rate));
            say(&format!("multiplier from {}", edge(tier.from, of.tier_by)), factor);
        }
    }
    if let Some(gate) = &modifiers.gate {
        let otherwise = match gate.otherwise {
            Otherwise::Zero => "nothing".into(),
            Otherwise::Factor(factor) => own(OwnPlace::GateElse, percent(factor)),
            Otherwise::Cap(cap) => format!("at most {}", own(OwnPlace::GateElse, money(cap))),
        };
        let threshold = own(OwnPlace::GateAtLeast, edge(gate.bound.edge(), gate.tier_by));
        gate_words(gate, threshold, otherwise, say);
    }
    if let Some(floor) = modifiers.floor {
        say("floor of the interval", own(OwnPlace::Floor, money(floor)));
    }
    if let Some(cap) = modifiers.cap {
        say("cap of the interval", own(OwnPlace::Cap, money(cap)));
    }
    if let Some(cap) = modifiers.deal_cap {
        say("cap of a deal", own(OwnPlace::DealCap, money(cap)));
    }
}

fn gate_words(gate: &Gate, threshold: String, otherwise: String, say: &mut dyn FnMut(&str, String)) {
    say("gate", looked_at(&gate.measure, gate.tier_by));
    let side = match gate.bound {
        Bound::AtLeast(_) => "gate, at least",
        Bound::AtMost(_) => "gate, at most",
    };
    say(side, threshold);
    let tested = match gate.tested {
        Tested::Running => "running",
        Tested::AtEndPaidUntilThen => "at the interval's end, paid until then",
        Tested::AtEndHeldUntilThen => "at the interval's end, held until then",
    };
    say("gate, tested", tested.into());
    say("gate, else", otherwise);
}

fn pays(component: &Component) -> String {
    let paid = component.paid_measure.as_deref().unwrap_or(&component.measure);
    match &component.pays {
        Pays::RateOf => format!("rate_of {paid}"),
        Pays::PerUnit => format!("per_unit {paid}"),
        Pays::FractionOf(parameter) => format!("fraction_of payee.{parameter}"),
        Pays::Lump => "lump".into(),
        Pays::Formula(formula) => format!("formula {}", formula.text()),
    }
}

/// A tier's rate or fraction as a part, its money as it is.
fn value(component: &Component, tier: &Tier) -> String {
    let is_money = matches!(component.pays, Pays::Lump | Pays::PerUnit) || component.method == Method::Interpolated;
    if is_money { format_scaled(i128::from(tier.rate.0), RATE_DECIMALS, 2) } else { percent(tier.rate) }
}

fn looked_at(measure: &str, by: TierBy) -> String {
    format!("{measure} as {}", mode(modes::TIER_BY, by))
}

fn edge(from: i128, by: TierBy) -> String {
    match by {
        TierBy::Attainment => format!("{}%", format_scaled(from * 100, MEASURED_DECIMALS, 0)),
        _ => format_scaled(from, MEASURED_DECIMALS, 0),
    }
}

fn percent(rate: Rate) -> String {
    format!("{}%", format_scaled(i128::from(rate.0) * 100, RATE_DECIMALS, 0))
}

fn money(amount: Amount) -> String {
    format_scaled(amount.0, AMOUNT_DECIMALS, 2)
}

/// A mode by the name that plans have for it.
fn mode<T: Copy + PartialEq>(choices: &Choices<T>, value: T) -> String {
    let found = choices.iter().find(|(_, of)| *of == Some(value));
    found.map_or_else(String::new, |(name, _)| (*name).to_owned())
}
