//! A plan as an editor sees it, but for its components: dates, what shrinks, and terms of pay.

use super::{about, choice, component, currency, date, flag, list, number, number_or_own, period, table, text};
use crate::domain::world::MAXIMUM_RAMP;
use crate::files::modes;
use serde_json::{Value, json};

pub(super) fn plan() -> Value {
    let keys = [
        ("plan", text("The plan's id; versions of it differ in `from`.")),
        ("from", date("First day in force, the first of a pay period.")),
        ("to", date("The day after the last; open where it is left out.")),
        ("currency", currency()),
        ("calendar", text("The id in calendar.toml; its periods are the pay periods.")),
        ("prorate", prorate()),
        ("mid_interval_change", choice(modes::MID_INTERVAL_CHANGE, "What another version inside an interval goes on from.")),
        ("negative_pay", choice(modes::NEGATIVE_PAY, "What becomes of a negative net.")),
        ("after_release", after_release()),
        ("draw", draw()),
        ("payment_cap", payment_cap()),
        ("minimum_settlement", minimum_settlement()),
        ("cap", plan_cap()),
        ("ramp", ramp()),
        ("component", list(component(), "What is earned under one earning code, each.")),
    ];
    table(&keys, &["to", "draw", "payment_cap", "minimum_settlement", "cap", "ramp"])
}

fn ramp() -> Value {
    let mut ramp = list(number("A part of the quota."), "What is expected of a new payee, one part for each first pay period.");
    ramp["maxItems"] = json!(MAXIMUM_RAMP);
    ramp
}

fn prorate() -> Value {
    let keys = [
        ("by", choice(modes::PRORATE_BY, "How the active part of an interval is counted.")),
        ("quota", flag("Whether quotas shrink.")),
        ("target", flag("Whether targets shrink.")),
        ("cap", flag("Whether the caps of an interval shrink.")),
        ("draw", flag("Whether draws and guarantees shrink.")),
        ("floor", flag("Whether the floors of components shrink; stated where one has a floor.")),
    ];
    about(table(&keys, &["floor"]), "What shrinks with the part of an interval in which somebody is on the plan.")
}

fn after_release() -> Value {
    let keys = [
        ("quota", choice(modes::QUOTA_AFTER_RELEASE, "A statement about a quota.")),
        ("other", choice(modes::AFTER_RELEASE, "Any other fact.")),
    ];
    let of_all = choice(modes::AFTER_RELEASE, "Any fact.");
    about(json!({ "anyOf": [of_all, table(&keys, &[])] }), "What a fact does to pay periods that were closed before it came.")
}

fn draw() -> Value {
    let recover = [
        ("from", period("The first pay period that takes back.")),
        ("share_of_excess", number("The part of what is above the floor that goes to the draw.")),
        ("floor", choice(modes::RECOVERY_FLOOR, "What recovery leaves.")),
        ("max_balance", number_or_own("The most that may be owed.")),
        ("at_end", choice(modes::AT_END, "What becomes of the rest when somebody leaves the plan.")),
    ];
    let keys = [
        ("kind", choice(modes::DRAW_KIND, "Whether it is paid back.")),
        ("amount", number_or_own("What a pay period pays at least.")),
        ("first", period("First pay period.")),
        ("last", period("Last pay period.")),
        ("recover", about(table(&recover, &["max_balance"]), "How a recoverable draw is paid back.")),
    ];
    about(table(&keys, &["recover"]), "A draw or guarantee.")
}

fn payment_cap() -> Value {
    let keys =
        [("amount", number_or_own("The most that a run pays.")), ("excess", choice(modes::PAYMENT_EXCESS, "What is above it."))];
    about(table(&keys, &[]), "The most that a run pays.")
}

fn plan_cap() -> Value {
    let keys = [
        ("per", choice(modes::INTERVAL, "In which interval.")),
        ("amount", number_or_own("The most.")),
        ("excess", choice(modes::CAP_EXCESS, "What is above it.")),
    ];
    about(table(&keys, &[]), "The most that all components earn together.")
}

fn minimum_settlement() -> Value {
    let keys =
        [("amount", number_or_own("A smaller net waits.")), ("flush", choice(modes::FLUSH, "When it is paid in any case."))];
    about(table(&keys, &[]), "The least that a run pays.")
}
