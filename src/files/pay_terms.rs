//! What a plan's file says of pay itself, `[draw]`, `payment_cap` and `minimum_settlement`, and of all that it earns: `cap`.

use super::codes;
use super::fields::Fields;
use super::modes;
use super::own_amounts::Amounts;
use super::source::{Findings, Located, Place};
use crate::domain::calendar::Period;
use crate::domain::money::{Amount, NumberError, RATE_DECIMALS, Rate};
use crate::domain::pay_terms::{Draw, MinimumSettlement, PayTerms, PaymentCap, Recover};
use crate::domain::plan::{AmountPlace, PlanCap};

/// `None` where something was refused.
pub fn pay_terms(plan: &mut Fields<'_>, amounts: &mut Amounts, findings: &mut Findings) -> Option<PayTerms> {
    let before = findings.errors();
    let draw = plan.node("draw").is_some().then(|| draw(plan, amounts, findings));
    let payment_cap = plan.node("payment_cap").is_some().then(|| payment_cap(plan, amounts, findings));
    let minimum_settlement = plan.node("minimum_settlement").is_some().then(|| minimum_settlement(plan, amounts, findings));
    let terms = (findings.errors() == before).then(|| PayTerms {
        draw: draw.flatten(),
        payment_cap: payment_cap.flatten(),
        minimum_settlement: minimum_settlement.flatten(),
    });
    let terms = terms?;
    let small = terms.payment_cap.as_ref().zip(terms.draw.as_ref()).filter(|(cap, draw)| cap.amount.0 < draw.amount.0);
    // Of amounts of the payee's own nobody knows yet which is greater.
    let known = !amounts.is_own(AmountPlace::Draw) && !amounts.is_own(AmountPlace::PaymentCap);
    if small.is_some() && known {
        let message = "the payment cap is below the draw";
        findings.add(plan.place, codes::BAD_RANGE, message, "raise `payment_cap.amount`, or lower `draw.amount`");
        return None;
    }
    Some(terms)
}

/// At most all.
pub(super) fn share(text: &str) -> Result<Rate, NumberError> {
    let rate = Rate::parse(text)?;
    let fits = (0..=10i64.pow(RATE_DECIMALS)).contains(&rate.0);
    if fits { Ok(rate) } else { Err(NumberError::OutOfRange(text.into())) }
}

fn draw(plan: &mut Fields<'_>, amounts: &mut Amounts, findings: &mut Findings) -> Option<Draw> {
    let mut fields = plan.table("draw", "{ kind = \"recoverable\", ... }", findings)?;
    let recoverable = fields.choice("kind", modes::DRAW_KIND, findings);
    let amount = amounts.required(&mut fields, "amount", AmountPlace::Draw, findings);
    let first = period(&mut fields, "first", findings);
    let last = period(&mut fields, "last", findings);
    let recover = match (recoverable.as_ref().map(|kind| kind.value), fields.has("recover")) {
        (Some(false), true) => {
            let place = fields.node("recover").map_or(fields.place, |node| node.place);
            let message = "`recover` has no effect: a guarantee is not paid back";
            findings.add(place, codes::NO_EFFECT, message, "remove it, or write kind = \"recoverable\"");
            None
        }
        (Some(false), false) | (None, false) => Some(None),
        (Some(true), _) | (None, true) => recover(&mut fields, amounts, findings).map(Some),
    };
    fields.finish(&[], findings);
    let (amount, first, last) = (amount?, first?, last?);
    if amount.value == Amount(0) && !amounts.is_own(AmountPlace::Draw) {
        findings.add(amount.place, codes::BAD_RANGE, "a draw of nothing", "remove [draw], or state an amount");
    }
    if !amount.value.is_payable() {
        let message = "no payout holds a draw of more than 1000000000000";
        findings.add(amount.place, codes::BAD_RANGE, message, "lower `amount`");
    }
    ordered(&first, &last, "last", findings);
    let recover = recover?;
    if let Some((recover, place)) = &recover {
        ordered(&first, &Located::new(recover.from, *place), "recover.from", findings);
    }
    recoverable?;
    Some(Draw { amount: amount.value, first: first.value, last: last.value, recover: recover.map(|(recover, _)| recover) })
}

/// The terms, and where `from` stands.
fn recover(draw: &mut Fields<'_>, amounts: &mut Amounts, findings: &mut Findings) -> Option<(Recover, Place)> {
    let example = "{ from = \"2026-02\", share_of_excess = \"100%\", floor = \"draw\", at_end = \"owed\" }";
    let mut fields = draw.table("recover", example, findings)?;
    let from = period(&mut fields, "from", findings);
    let share_of_excess = fields.number("share_of_excess", share, findings);
    let floor = fields.choice("floor", modes::RECOVERY_FLOOR, findings);
    let maximum_balance = amounts.optional(&mut fields, "max_balance", AmountPlace::MaximumBalance, findings);
    let at_end = fields.choice("at_end", modes::AT_END, findings);
    fields.finish(&[], findings);
    let (from, share_of_excess, floor, at_end) = (from?, share_of_excess?.value, floor?.value, at_end?.value);
    let maximum_balance = maximum_balance.map(|most| most.value);
    Some((Recover { from: from.value, share_of_excess, floor, maximum_balance, at_end }, from.place))
}

fn payment_cap(plan: &mut Fields<'_>, amounts: &mut Amounts, findings: &mut Findings) -> Option<PaymentCap> {
    let mut fields = plan.table("payment_cap", "{ amount = \"20000.00\", excess = \"carry\" }", findings)?;
    let amount = amounts.required(&mut fields, "amount", AmountPlace::PaymentCap, findings);
    let excess = fields.choice("excess", modes::PAYMENT_EXCESS, findings);
    fields.finish(&[], findings);
    Some(PaymentCap { amount: amount?.value, excess: excess?.value })
}

/// The most that all components earn together.
pub fn plan_cap(plan: &mut Fields<'_>, amounts: &mut Amounts, findings: &mut Findings) -> Option<Located<PlanCap>> {
    plan.node("cap")?;
    let mut fields = plan.table("cap", "{ per = \"quarter\", amount = \"50000.00\", excess = \"lost\" }", findings)?;
    let per = fields.choice("per", modes::INTERVAL, findings);
    let amount = amounts.required(&mut fields, "amount", AmountPlace::PlanCap, findings);
    let excess = fields.choice("excess", modes::CAP_EXCESS, findings);
    fields.finish(&[], findings);
    let (per, amount, _) = (per?, amount?, excess?);
    Some(Located::new(PlanCap { per: per.value, amount: amount.value }, per.place))
}

fn minimum_settlement(plan: &mut Fields<'_>, amounts: &mut Amounts, findings: &mut Findings) -> Option<MinimumSettlement> {
    let mut fields = plan.table("minimum_settlement", "{ amount = \"25.00\", flush = \"end\" }", findings)?;
    let amount = amounts.required(&mut fields, "amount", AmountPlace::MinimumSettlement, findings);
    let flush = fields.choice("flush", modes::FLUSH, findings);
    fields.finish(&[], findings);
    Some(MinimumSettlement { amount: amount?.value, flush: flush?.value })
}

fn period(fields: &mut Fields<'_>, key: &'static str, findings: &mut Findings) -> Option<Located<Period>> {
    fields.parsed(key, codes::BAD_DATE, str::parse::<Period>, findings)
}

fn ordered(first: &Located<Period>, later: &Located<Period>, what: &str, findings: &mut Findings) {
    if later.value < first.value {
        let message = format!("`{what}` {} is before `first` {}", later.value, first.value);
        findings.add(later.place, codes::BAD_RANGE, message, "pay periods run from `first` on");
    }
}
