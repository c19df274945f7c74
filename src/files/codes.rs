//! Every code that a diagnostic can carry, in one table. Names are stable: scripts rely on them.

use super::diagnostic::Severity;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    pub name: &'static str,
    pub severity: Severity,
    /// What it means and why it matters.
    pub meaning: &'static str,
}

const fn error(name: &'static str, meaning: &'static str) -> Code {
    Code { name, severity: Severity::Error, meaning }
}

const fn warning(name: &'static str, meaning: &'static str) -> Code {
    Code { name, severity: Severity::Warning, meaning }
}

pub const SYNTAX: Code = error("syntax", "the file is not well-formed TOML, JSON or CSV");
pub const MISSING_FILE: Code = error("missing-file", "a company needs this file");
pub const UNREADABLE_FILE: Code = error("unreadable-file", "the file cannot be read, or is not UTF-8 text");
pub const FILE_NAME: Code = error("file-name", "a plan's file is called after its name and first day: plans/NAME.DATE.toml");
pub const UNKNOWN_KEY: Code = error("unknown-key", "a key or column that has no meaning: nothing is silently ignored");
pub const MISSING_KEY: Code =
    error("missing-key", "a required key or column is not there; a choice between meanings has no default");
pub const WRONG_TYPE: Code = error("wrong-type", "the value is of another type than the key takes");
pub const FLOAT: Code = error("float", "a binary float is not exact: money, rates and shares are written as strings");
pub const UNKNOWN_VALUE: Code = error("unknown-value", "the key takes one of a list of names, and this is none of them");
pub const NOT_SUPPORTED: Code =
    error("not-supported", "the format knows it, this version does not do it: refused, never half done");
pub const NO_EFFECT: Code = error("no-effect", "the key would change nothing here: refused, so that nobody relies on it");
pub const BAD_NUMBER: Code = error("bad-number", "not a plain decimal, out of range, or with too many decimals");
pub const BAD_DATE: Code = error("bad-date", "not a date, pay period or interval");
pub const BAD_ID: Code = error("bad-id", "an id is not empty, at most 200 bytes, without control characters");
pub const BAD_ROW: Code = error("bad-row", "the row has another number of fields than the header");
pub const BAD_RANGE: Code = error("bad-range", "`to` is the day after the last, so it comes after `from`");
pub const DUPLICATE: Code = error("duplicate", "the same thing is stated twice");
pub const OVERLAP: Code = error("overlap", "two rows or versions are in force on the same day");
pub const UNKNOWN_CURRENCY: Code = error("unknown-currency", "not an ISO 4217 currency code");
pub const OTHER_CURRENCY: Code = error(
    "other-currency",
    "the plans of a payee are in one currency, and pay on measures in it; in another one a measure is only compared with a quota",
);
pub const UNKNOWN_CALENDAR: Code = error("unknown-calendar", "no calendar of this name is defined");
pub const UNKNOWN_MEASURE: Code = error("unknown-measure", "no measure of this name is defined");
pub const UNKNOWN_PLAN: Code = error("unknown-plan", "no plan of this name is defined");
pub const UNKNOWN_PAYEE: Code = error("unknown-payee", "no payee of this id has a row");
pub const UNKNOWN_COMPONENT: Code = error("unknown-component", "no plan has a component of this id");
pub const MANAGER_CYCLE: Code = error("manager-cycle", "a payee would be above himself: credit would roll up for ever");
pub const TEAM_TOO_LARGE: Code =
    error("team-too-large", "each payee of a team may have to be told what each of them earns, so a team has 200 at most");
pub const NOT_A_PERIOD_START: Code = error("not-a-period-start", "plans and quotas change on the first day of a pay period");
pub const OUTSIDE_CALENDAR: Code = error("outside-calendar", "the calendar does not reach this date or interval");
pub const WRONG_UNIT: Code = error("wrong-unit", "an amount is asked of a measure that counts quantity, or the reverse");
pub const TIER_START: Code = error(
    "tier-start",
    "the first tier starts at 0: below it nothing would be paid without a word; that of an overage where it begins to pay",
);
pub const TIER_ORDER: Code = error("tier-order", "tiers ascend");
pub const TIER_GAP: Code = error("tier-gap", "between two tiers, or above the last, nothing would be paid without a word");
pub const TIER_OVERLAP: Code = error("tier-overlap", "two tiers claim the same sums");
pub const TIER_NEVER_REACHED: Code = error("tier-never-reached", "the next tier starts where this one does");
pub const CANNOT_CHANGE: Code =
    error("cannot-change", "what is published of this kind never changes; calendars only extend, measures only begin to convert");
pub const REVISION_CONFLICT: Code = error("revision-conflict", "the same revision is published with another content");
pub const BAD_DEAL: Code = error("bad-deal", "the record would be rejected, and the case does not expect that");
pub const BAD_ADJUSTMENT: Code =
    error("bad-adjustment", "an adjustment is about one thing, is not 0, says why, and never changes");
pub const EQUAL_RANKS: Code = error("equal-ranks", "two territories of one layer and rank: chance would say who wins a line");
pub const UNKNOWN_TERRITORY: Code = error("unknown-territory", "no territory of this name has a row");
pub const UNKNOWN_NODE: Code = error("unknown-node", "nodes.csv states the dimension's nodes, and this is none of them");
pub const NODE_CYCLE: Code = error("node-cycle", "a node would lie below itself");
pub const PAID_FOR_NOTHING: Code = error("paid-for-nothing", "a table that pays steps has to pay nothing for a sum of zero");
pub const BAD_FORMULA: Code =
    error("bad-formula", "no formula of sums, quotas and parameters, or one that is too long or too deep");
pub const BAD_EARNINGS: Code = error(
    "bad-earnings",
    "a component reads what it earns itself, reads earnings more than four phases deep, asks for single deals of them, earns points where money is counted, or is a pool of what no team has together",
);
pub const EQUAL_ROWS: Code = error("equal-rows", "two rows of a lookup say equally much: chance would say which rate a line has");
pub const PAY_CONFLICT: Code = error("pay-conflict", "two plans of a payee state the same term of pay");
pub const RATE_TOO_BIG: Code = warning("rate-too-big", "more than 100 % of the amount: a percentage may lack its sign");
pub const CLIFF: Code = warning("cliff", "one more unit of the measure lowers pay");
pub const NO_QUOTA: Code = warning("no-quota", "the plan pays by attainment, and the payee has no quota for the measure");
pub const NO_EARNINGS: Code = warning("no-earnings", "no plan has a component that a measure counts: it counts nothing of it");

pub const VACANT_TERRITORY: Code = warning("vacant-territory", "nobody has the territory on some day: deals that it wins wait");
pub const UNCOUNTED_TERRITORY: Code = warning("uncounted-territory", "no measure counts what territories credit");
pub const UNCOVERED_NODE: Code = warning("uncovered-node", "no territory takes a node: deals there wait for one");
pub const UNKNOWN_PARAMETER: Code =
    warning("unknown-parameter", "no payee states the amount that a plan reads: what depends on it waits for one");
pub const NO_OWN_AMOUNT: Code =
    warning("no-own-amount", "a payee lacks an amount that a term of pay is: no period that needs it is closed");
pub const NO_PAY_RATE: Code =
    warning("no-pay-rate", "nothing converts pay into a payee's currency: no period is closed until a rate is published");
pub const NO_RATE_TYPE: Code =
    warning("no-rate-type", "the measure converts nothing: a deal in another currency that it counts waits, for every measure");
pub const UNKNOWN_RATE_TYPE: Code =
    warning("unknown-rate-type", "no rate of this type is stated: deals in other currencies wait");

/// All of them, in the order of this file.
pub const ALL: [Code; 60] = [
    SYNTAX,
    MISSING_FILE,
    UNREADABLE_FILE,
    FILE_NAME,
    UNKNOWN_KEY,
    MISSING_KEY,
    WRONG_TYPE,
    FLOAT,
    UNKNOWN_VALUE,
    NOT_SUPPORTED,
    NO_EFFECT,
    BAD_NUMBER,
    BAD_DATE,
    BAD_ID,
    BAD_ROW,
    BAD_RANGE,
    DUPLICATE,
    OVERLAP,
    UNKNOWN_CURRENCY,
    OTHER_CURRENCY,
    UNKNOWN_CALENDAR,
    UNKNOWN_MEASURE,
    UNKNOWN_PLAN,
    UNKNOWN_PAYEE,
    UNKNOWN_COMPONENT,
    MANAGER_CYCLE,
    TEAM_TOO_LARGE,
    NOT_A_PERIOD_START,
    OUTSIDE_CALENDAR,
    WRONG_UNIT,
    TIER_START,
    TIER_ORDER,
    TIER_GAP,
    TIER_OVERLAP,
    TIER_NEVER_REACHED,
    CANNOT_CHANGE,
    REVISION_CONFLICT,
    BAD_DEAL,
    BAD_ADJUSTMENT,
    EQUAL_RANKS,
    UNKNOWN_TERRITORY,
    UNKNOWN_NODE,
    NODE_CYCLE,
    PAID_FOR_NOTHING,
    BAD_FORMULA,
    BAD_EARNINGS,
    EQUAL_ROWS,
    PAY_CONFLICT,
    RATE_TOO_BIG,
    CLIFF,
    NO_QUOTA,
    NO_EARNINGS,
    VACANT_TERRITORY,
    UNCOUNTED_TERRITORY,
    UNCOVERED_NODE,
    UNKNOWN_PARAMETER,
    NO_OWN_AMOUNT,
    NO_PAY_RATE,
    NO_RATE_TYPE,
    UNKNOWN_RATE_TYPE,
];
