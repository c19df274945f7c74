//! `clawback` of a component: what is taken back of what a returned or cancelled deal earned, and by a scale how much of it.

use super::codes;
use super::fields::Fields;
use super::modes;
use super::node::{Node, Value};
use super::source::{Findings, Located, Place};
use crate::domain::clawback::{Clawback, ClawbackPeriod, ClawbackPrice, MAXIMUM_AGE, MAXIMUM_ROWS, ScaleRow};
use crate::domain::money::{NumberError, RATE_DECIMALS, Rate};

/// A returned deal is as if it had never been.
pub const RECOMPUTED: Clawback =
    Clawback { price: ClawbackPrice::Recompute, period: ClawbackPeriod::Original, scale: Vec::new() };

/// `None` where something was refused; and where it says that deals are taken back by themselves, be the rest refused.
pub fn clawback(component: &mut Fields<'_>, findings: &mut Findings) -> (Option<Located<Clawback>>, Option<Place>) {
    let example = "{ price = \"recompute\", period = \"original\" }";
    let Some(mut fields) = component.table("clawback", example, findings) else { return (None, None) };
    let price = fields.choice("price", modes::CLAWBACK_PRICE, findings);
    let period = fields.choice("period", modes::CLAWBACK_PERIOD, findings);
    let scale = scale(&mut fields, price.as_ref().map(|price| price.value), findings);
    fields.finish(&[], findings);
    let by_deal = price.as_ref().filter(|price| price.value == ClawbackPrice::HistoricRate).map(|price| price.place);
    let whole = price
        .zip(period)
        .zip(scale)
        .map(|((price, period), scale)| Located::new(Clawback { price: price.value, period: period.value, scale }, price.place));
    (whole, by_deal)
}

/// None is an empty one; `None` where something was refused.
fn scale(clawback: &mut Fields<'_>, price: Option<ClawbackPrice>, findings: &mut Findings) -> Option<Vec<ScaleRow>> {
    let Some(Node { value, place }) = clawback.node("scale") else { return Some(Vec::new()) };
    let before = findings.errors();
    let Value::List(rows) = value else {
        findings.add(*place, codes::WRONG_TYPE, format!("`scale` is {}", value.kind()), "write a list: [...]");
        return None;
    };
    if price == Some(ClawbackPrice::Recompute) {
        let message = "`scale` has no effect: where everything is recomputed, nothing is taken back of single deals";
        findings.add(*place, codes::NO_EFFECT, message, "write price = \"historic_rate\", or remove `scale`");
    }
    if rows.is_empty() && findings.errors() == before {
        let hint = "write scale = [{ within_months = 12, share = \"100%\" }], or remove `scale`";
        findings.add(*place, codes::BAD_RANGE, "a scale without a row would take nothing back", hint);
    }
    if rows.len() > MAXIMUM_ROWS {
        let message = format!("more than {MAXIMUM_ROWS} rows of a scale");
        findings.add(*place, codes::BAD_RANGE, message, "state fewer, larger steps");
    }
    let (mut scale, mut oldest) = (Vec::new(), 0);
    for row in rows {
        let Some((months, share)) = row_of(row, findings) else { continue };
        if months.value <= oldest {
            let message = format!("within {} months comes after within {oldest}", months.value);
            findings.add(months.place, codes::BAD_RANGE, message, "let the months rise from row to row");
        }
        oldest = months.value;
        scale.push(ScaleRow { within_months: months.value, share });
    }
    (findings.errors() == before).then_some(scale)
}

fn row_of(node: &Node, findings: &mut Findings) -> Option<(Located<i32>, Rate)> {
    let mut fields = Fields::of(node, findings)?;
    let months = months(&mut fields, findings);
    let share = fields.number("share", share, findings);
    fields.finish(&[], findings);
    Some((months?, share?.value))
}

fn months(row: &mut Fields<'_>, findings: &mut Findings) -> Option<Located<i32>> {
    let stated = row.integer("within_months", findings)?;
    let months = i32::try_from(stated.value).ok().filter(|months| (1..=MAXIMUM_AGE).contains(months));
    if months.is_none() {
        let message = format!("`within_months` is {}: a scale is of 1 to {MAXIMUM_AGE} months", stated.value);
        findings.add(stated.place, codes::BAD_NUMBER, message, "write whole months from the close date on");
    }
    months.map(|months| Located::new(months, stated.place))
}

fn share(text: &str) -> Result<Rate, NumberError> {
    let rate = Rate::parse(text)?;
    let fits = (0..=10i64.pow(RATE_DECIMALS)).contains(&rate.0);
    if fits { Ok(rate) } else { Err(NumberError::OutOfRange(text.into())) }
}
