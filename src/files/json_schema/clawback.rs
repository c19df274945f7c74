//! The JSON Schema of a component's `clawback`.

use super::{about, choice, list, number, table};
use crate::domain::clawback::{MAXIMUM_AGE, MAXIMUM_ROWS};
use crate::files::modes;
use serde_json::{Value, json};

pub(super) fn clawback() -> Value {
    let keys = [
        ("price", choice(modes::CLAWBACK_PRICE, "At which price a deal is taken back.")),
        ("period", choice(modes::CLAWBACK_PERIOD, "For which period.")),
        ("scale", scale()),
    ];
    about(table(&keys, &["scale"]), "What happens to what a cancelled deal earned.")
}

fn scale() -> Value {
    let months = json!({
        "type": "integer", "minimum": 1, "maximum": MAXIMUM_AGE,
        "description": "Of a deal returned before so many months since its close date have passed.",
    });
    let row = [("within_months", months), ("share", number("The part that is taken back, at most 100 %."))];
    let description = "At the historic rate: how much is taken back by the deal's age, rising; behind the last row nothing.";
    let mut scale = list(table(&row, &[]), description);
    scale["maxItems"] = json!(MAXIMUM_ROWS);
    scale
}
