//! JSON Schemas of the TOML files, for editors: which keys there are, what each takes, and what it is for.
//!
//! Choices come from `modes`, so that an editor offers exactly what `check` takes. What depends on more than one key (a
//! `no_quota` without attainment, tiers in order) is `check`'s alone.

mod plan;

use super::fields::Choices;
use super::modes;
use serde_json::{Map, Value, json};

mod clawback;

/// The kinds of files that have one.
pub const KINDS: [&str; 4] = ["plan", "measures", "calendar", "company"];

/// The schema of a kind of file; `None` for a kind that there is not.
pub fn json_schema(kind: &str) -> Option<Value> {
    let (title, body) = match kind {
        "plan" => ("A version of a compensation plan", plan::plan()),
        "measures" => ("What is counted", table(&[("measure", list(measure(), "One measure each."))], &[])),
        "calendar" => ("When pay periods begin", calendar()),
        "company" => ("The company", company()),
        _ => return None,
    };
    let mut schema = body;
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!(title);
    Some(schema)
}

/// A table with exactly these keys.
fn table(properties: &[(&str, Value)], optional: &[&str]) -> Value {
    let required: Vec<&str> = properties.iter().map(|(key, _)| *key).filter(|key| !optional.contains(key)).collect();
    let properties: Map<String, Value> = properties.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties, "required": required})
}

fn about(mut value: Value, description: &str) -> Value {
    value["description"] = json!(description);
    value
}

fn list(items: Value, description: &str) -> Value {
    json!({"type": "array", "minItems": 1, "items": items, "description": description})
}

/// The choices that this version does.
fn choice<T>(choices: &Choices<T>, description: &str) -> Value {
    json!({"enum": names(choices), "description": description})
}

fn choices<T>(choices: &Choices<T>, description: &str) -> Value {
    json!({"type": "array", "uniqueItems": true, "items": {"enum": names(choices)}, "description": description})
}

fn names<T>(choices: &Choices<T>) -> Vec<&'static str> {
    choices.iter().filter(|(_, built)| built.is_some()).map(|(name, _)| *name).collect()
}

fn text(description: &str) -> Value {
    json!({"type": "string", "minLength": 1, "description": description})
}

fn texts(description: &str) -> Value {
    json!({"type": "array", "items": {"type": "string", "minLength": 1}, "description": description})
}

/// A plain decimal, or a percentage, as text: a float is not exact.
fn number(description: &str) -> Value {
    json!({"type": ["string", "integer"], "pattern": "^-?[0-9]+(\\.[0-9]+)?%?$", "description": description})
}

/// Editors hand a TOML date on as text.
fn date(description: &str) -> Value {
    json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": description})
}

fn period(description: &str) -> Value {
    json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$", "description": description})
}

fn currency() -> Value {
    json!({"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 code."})
}

fn flag(description: &str) -> Value {
    json!({"type": "boolean", "description": description})
}

fn company() -> Value {
    let keys = [
        ("company_id", text("Names the company on the log; it never changes.")),
        ("currency", currency()),
        ("calendar", text("The id in calendar.toml.")),
        ("closer_may_release", flag("Whether who closed a period may release it, too.")),
        ("pay_rate_type", text("The type of rate in rates.csv at which pay in another currency is converted.")),
    ];
    table(&keys, &["pay_rate_type"])
}

fn calendar() -> Value {
    let row = table(&[("period", period("By its fiscal year.")), ("from", date("Its first day."))], &[]);
    let kinds = "Months, the weeks of a quarter's three pay periods, or a table of first days.";
    let keys = [
        ("id", text("What plans and quotas call it.")),
        ("kind", choice(modes::CALENDAR_KIND, kinds)),
        ("from", period("Not of a table: the first pay period, by its fiscal year; of weeks the first of a year.")),
        ("to", period("Not of a table: the last pay period, included.")),
        ("starts", date("First day of `from`; months without one are civil months.")),
        ("years_of_53_weeks", texts("Fiscal years whose last pay period has a week more.")),
        ("periods", list(row, "Of a table: one pay period after the other, with its first day.")),
        ("end", date("Of a table: the day after its last pay period.")),
    ];
    let mut schema = table(&keys, &["from", "to", "starts", "years_of_53_weeks", "periods", "end"]);
    schema["if"] = json!({"properties": {"kind": {"const": "table"}}});
    schema["then"] = json!({"required": ["periods", "end"]});
    schema["else"] = json!({"required": ["from", "to"]});
    schema
}

fn measure() -> Value {
    let keys = [
        ("id", text("What plans and quotas call it; another definition takes another id.")),
        ("of", choice(modes::MEASURE_OF, "What is summed.")),
        ("credit_kinds", choices(modes::CREDIT_KINDS, "Which credits count.")),
        ("roles", texts("Only credit of splits with one of these roles; none listed: every credit.")),
        ("products", texts("Only these; none listed: every product.")),
        ("geographies", texts("Only these; none listed: every geography.")),
        ("segments", texts("Only these; none listed: every segment.")),
        ("deal_kinds", choices(modes::DEAL_KIND, "Only these; none listed: every deal.")),
        ("currency", currency()),
        ("rate_type", text("Of money: the rates of rates.csv that convert deals in another currency.")),
        ("attribute", text("Of an attribute: which number of the deal.")),
        ("unit", choice(modes::UNIT, "Of an attribute: whether it is in the deal's currency.")),
        ("missing", choice(modes::MISSING, "Of margins and attributes: what becomes of a deal that does not state it.")),
        ("customers", texts("Only these; none listed: every customer.")),
        (
            "dated_by",
            choice(modes::DATED_BY, "The close date where it is left out, or the days of invoices or receipts, in parts."),
        ),
        ("filter", list(condition(), "What attributes of the deal have to be, all of them.")),
        ("components", texts("With of = \"earned\": the components whose earnings count.")),
        ("earned_by", choice(modes::EARNED_BY, "With of = \"earned\": whose earnings count.")),
    ];
    let optional: Vec<&str> = keys.iter().map(|(key, _)| *key).skip(2).collect();
    table(&keys, &optional)
}

fn condition() -> Value {
    let keys = [
        ("attribute", text("Its name.")),
        ("is", texts("One of these texts.")),
        ("at_least", number("A number of at least this.")),
        ("below", number("A number below this.")),
        ("from", date("A date on this day or later.")),
        ("to", date("A date before this day.")),
    ];
    table(&keys, &["is", "at_least", "below", "from", "to"])
}

fn component() -> Value {
    let keys = [
        ("id", text("Its name on boards and statements.")),
        ("earning_code", text("What payroll books it under.")),
        ("unit", choice(modes::EARNING_UNIT, "What it earns: money where it is left out; points are not paid.")),
        ("pool", pool()),
        ("interval", choice(modes::INTERVAL, "What its sums and quotas run over.")),
        ("scope", choice(modes::SCOPE, "Whether the table is asked about the sum or about each deal.")),
        ("quota", choice(modes::QUOTA, "All of the interval's quota, or what falls to the pay periods so far.")),
        ("spread", list(number("A pay period's share."), "Of a quota to date, one each; equal where it is left out.")),
        ("no_quota", choice(modes::NO_QUOTA, "What is earned where the quota is absent or zero.")),
        ("tier_by", measured("What picks the tier.")),
        ("pays", pays()),
        ("method", choice(modes::METHOD, "What a tier does.")),
        ("late", choice(modes::LATE, "Where a late deal goes, with the whole_deal methods.")),
        ("count_split", choice(modes::COUNT_SPLIT, "How a split deal counts, with the whole_deal methods.")),
        ("beyond", choice(modes::BEYOND, "What a curve does behind its last point.")),
        ("tiers", list(tier(), "In order, the first from 0; falling where lower is better.")),
        ("points", list(tier(), "Of a curve, in order.")),
        ("rates", list(rate_of_line(), "Of a lookup: a line has the rate of the row that says most about it.")),
        ("otherwise", number_or_nothing("Of a lookup: the rate of a line that no row takes, or \"nothing\".")),
        ("weight", number_or_own("Times this.")),
        ("multiplier", multiplier()),
        ("gate", gate()),
        ("floor", floor()),
        ("cap", caps()),
        ("boundary", choice(modes::BOUNDARY, "Which tier owns an exact hit.")),
        ("negative", choice(modes::NEGATIVE, "What a negative sum earns.")),
        ("direction", choice(modes::DIRECTION, "Whether more is better, as where it is left out, or less.")),
        ("at_zero", choice(modes::AT_ZERO, "Where lower is better: what a sum of exactly zero earns.")),
        ("deficit", choice(modes::DEFICIT, "What becomes of what is missing at an interval's end; lost where it is left out.")),
        ("clawback", clawback::clawback()),
        ("rounding", rounding()),
        ("attribution", choice(modes::ATTRIBUTION, "Which earning a deal has, with tranches and a historic rate.")),
        ("pay", list(tranche(), "When parts of it are paid; all of it when booked where it is left out.")),
    ];
    let required = ["id", "earning_code", "interval", "scope", "pays", "method", "clawback", "rounding"];
    let optional: Vec<&str> = keys.iter().map(|(key, _)| *key).filter(|key| !required.contains(key)).collect();
    let mut component = table(&keys, &optional);
    component["if"] = json!({"properties": {"method": {"enum": ["formula", "lookup"]}}});
    let by_line = json!({"if": {"properties": {"method": {"const": "lookup"}}}, "then": {"required": ["rates", "otherwise"]}});
    component["allOf"] = json!([by_line]);
    let lower = json!({"properties": {"direction": {"const": "lower"}}, "required": ["direction"]});
    component["else"] = json!({
        "required": ["tier_by", "boundary"],
        "if": lower, "then": {"required": ["at_zero"]}, "else": {"required": ["negative"]},
    });
    component
}

fn pool() -> Value {
    let keys = [
        ("of", choice(modes::POOL_OF, "With whom it is shared: those of the payee's team who are on the plan.")),
        (
            "share",
            json!({"type": "string", "pattern": "^(equal|payee\\..+)$", "description": "In equal parts, or in proportion to this number of each, payee.target_incentive or a column parameter.NAME of payees.csv."}),
        ),
    ];
    about(table(&keys, &[]), "What it earns is a team's, and each has a part of it.")
}

fn measured(description: &str) -> Value {
    let keys = [("measure", text("A measure of measures.toml.")), ("as", choice(modes::TIER_BY, "What it is compared as."))];
    about(table(&keys, &[]), description)
}

fn pays() -> Value {
    let one = |key: &str, value: Value| table(&[(key, value)], &[]);
    let ways = [
        one("rate_of", text("A rate of this measure's amount.")),
        one("per_unit", text("Money per unit or deal of this measure.")),
        one(
            "fraction_of",
            json!({"type": "string", "pattern": "^payee\\..+$", "description": "A fraction of this amount of the payee, payee.target_incentive or a column parameter.NAME of payees.csv."}),
        ),
        one("lump", json!({"const": true, "description": "Amounts."})),
        one("formula", text("What a formula of sums, quotas and parameters gives, without tiers.")),
    ];
    json!({"oneOf": ways, "description": "What the value of a tier is paid on."})
}

fn tier() -> Value {
    let keys = [
        ("from", number_or_own("Where it starts; with a % sign of the quota.")),
        ("at", number_or_own("Where a curve's point is.")),
        ("to", number_or_own("Where it ends; only the last of interpolated tiers needs one.")),
        ("rate", number_or_own("A rate or money per unit.")),
        ("fraction", number_or_own("Of the target.")),
        ("amount", number_or_own("Money.")),
    ];
    table(&keys, &["from", "at", "to", "rate", "fraction", "amount"])
}

/// A number of the plan, or one that each payee has of their own.
fn number_or_own(description: &str) -> Value {
    let own = json!({"type": "string", "pattern": "^payee\\..+$"});
    let description = format!("{description} Or payee.NAME, of a column parameter.NAME of payees.csv.");
    json!({"anyOf": [number("A number."), own], "description": description})
}

/// A row of a lookup.
fn rate_of_line() -> Value {
    let one_or_more = |description: &str| {
        let list = json!({"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string", "minLength": 1}});
        json!({"oneOf": [{"type": "string", "minLength": 1}, list], "description": description})
    };
    let band = [("from", number("Where it starts.")), ("to", number("Where it ends; open without it."))];
    let attribute = json!({
        "type": "object", "minProperties": 1, "additionalProperties": one_or_more("One of these texts."),
        "description": "Attributes of the deal by name.",
    });
    let keys = [
        ("product", one_or_more("The line's product is one of these.")),
        ("geography", one_or_more("The line's geography is one of these.")),
        ("segment", one_or_more("The line's segment is one of these.")),
        ("kind", one_or_more("The deal is NEW, RENEWAL or EXPANSION.")),
        ("attribute", attribute),
        ("band", about(table(&band, &["to"]), "How large the whole line is, without its sign.")),
        ("rate", number_or_own("A rate or money per unit.")),
    ];
    let optional: Vec<&str> = keys.iter().map(|(key, _)| *key).filter(|key| *key != "rate").collect();
    table(&keys, &optional)
}

fn number_or_nothing(description: &str) -> Value {
    json!({"oneOf": [{"const": "nothing"}, number_or_own("A rate or money per unit.")], "description": description})
}

fn multiplier() -> Value {
    let factor =
        [("from", number("Where it starts.")), ("to", number("Where it ends.")), ("factor", number_or_own("Times this."))];
    let keys = [
        ("measure", text("A measure of measures.toml.")),
        ("as", choice(modes::TIER_BY, "What it is compared as.")),
        ("tiers", list(table(&factor, &["to"]), "In order, the first from 0.")),
    ];
    about(table(&keys, &[]), "Times the factor of the tier that a measure reaches.")
}

fn gate() -> Value {
    let otherwise = [
        json!({"const": "zero", "description": "Nothing."}),
        table(&[("factor", number_or_own("Times this."))], &[]),
        table(&[("cap", number_or_own("At most this."))], &[]),
    ];
    let keys = [
        ("measure", text("A measure of measures.toml.")),
        ("as", choice(modes::TIER_BY, "What it is compared as.")),
        ("at_least", number_or_own("The least at which it is met.")),
        ("at_most", number_or_own("The most at which it is met, in the place of at_least.")),
        ("tested", choice(modes::TESTED, "All the time, or at the interval's end.")),
        ("until_then", json!({"enum": ["pay", "hold"], "description": "What is done before it is tested at the end."})),
        ("else", json!({"oneOf": otherwise, "description": "What is earned where it is not met."})),
    ];
    let mut gate = table(&keys, &["until_then", "at_least", "at_most"]);
    gate["oneOf"] = json!([{"required": ["at_least"]}, {"required": ["at_most"]}]);
    about(gate, "A threshold on whose other side the component pays less.")
}

fn floor() -> Value {
    let keys = [("per", choice(modes::FLOOR_PER, "What it is the least of.")), ("amount", number_or_own("The least."))];
    about(table(&keys, &[]), "The least that is earned where anything is measured.")
}

fn caps() -> Value {
    let keys = [
        ("per", choice(modes::CAP_PER, "What it caps.")),
        ("amount", number_or_own("The most.")),
        ("excess", choice(modes::CAP_EXCESS, "What is above it.")),
    ];
    let cap = table(&keys, &[]);
    json!({"oneOf": [cap.clone(), list(cap, "One per interval and one per deal.")], "description": "The most that is earned."})
}

fn rounding() -> Value {
    let keys = [
        ("to", number("The currency's minor unit.")),
        ("mode", choice(modes::ROUNDING_MODE, "Which way a half goes.")),
        ("at", choice(modes::ROUNDING_AT, "The running total, or each deal.")),
    ];
    about(table(&keys, &[]), "The one rounding.")
}

fn tranche() -> Value {
    let when = json!({
        "type": "string", "pattern": "^(booked|settled|interval_end|year_end|\\+[0-9]+ months?)$",
        "description": "booked, settled, +N months, interval_end or year_end.",
    });
    table(&[("share", number("The part; all of them add up to 100 %.")), ("when", when)], &[])
}
