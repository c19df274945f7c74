//! Measures: named sums over credits. What of a deal a measure takes, and what a line counts in it before it is shared.
//!
//! Leaves out conversion (`currency`) and who is credited (`credit`).

use super::calendar::Date;
use super::deal::{Attribute, DealClosed, DealKind, Line, check_id};
use super::fact::CreditKind;
use super::money::{Amount, Quantity, minor_digits};
use serde::{Deserialize, Serialize};

/// More conditions in one measure's filter are refused.
pub const MAXIMUM_CONDITIONS: usize = 20;
/// A quantity has 4 decimals; what a line counts has 6.
const QUANTITY_SCALE: i128 = 100;
/// One deal.
const ONE_DEAL: i128 = 1_000_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureOf {
    #[default]
    Amount,
    Quantity,
    /// Deals: each counts once, by the shares of its first line that the filter takes.
    Count,
    /// A line's amount less its cost.
    Margin,
    /// A number among the deal's attributes: once a deal, as a count.
    Attribute,
    /// What components earned, in the measure's currency: no credit counts.
    Earned,
}

/// Whose earnings a measure adds up for a payee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarnedBy {
    /// His own.
    #[serde(rename = "self")]
    Own,
    /// Those of everybody strictly below in the organisation, on the last day of the pay period.
    Reports,
    /// Those of everybody of the team that he is in on that day, himself among them.
    Team,
}

/// Which earnings a measure adds up: of components by id, in whichever plan and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earnings {
    pub components: Vec<String>,
    pub by: EarnedBy,
}

/// What a number among the attributes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// In the deal's currency: it is converted as amounts are.
    Money,
    Number,
}

/// On which days a credit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatedBy {
    #[default]
    Deal,
    /// As far as the deal was invoiced, in the part that was on a day.
    Invoice,
    /// As far as it was collected less refunded.
    Receipt,
}

/// What becomes of a line without a cost, or a deal without the attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The deal waits until a revision states it.
    Park,
    /// It counts nothing in the measure.
    Nothing,
}

/// A condition on one attribute; a deal that lacks it, or has it as another type, does not hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeCondition {
    pub attribute: String,
    pub is: Wanted,
}

/// What an attribute has to be. Ranges are half-open; at least one end is stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// One of these texts.
    Text(Vec<String>),
    Number {
        at_least: Option<Amount>,
        below: Option<Amount>,
    },
    Date {
        from: Option<Date>,
        to: Option<Date>,
    },
}

/// A named sum over matching credits. A filter list that is empty matches everything; a line without the attribute
/// matches only an empty list. A published measure never changes but by a `rate_type` where it had none: another
/// definition takes another id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    pub measure_id: String,
    pub of: MeasureOf,
    pub credit_kinds: Vec<CreditKind>,
    pub products: Vec<String>,
    pub geographies: Vec<String>,
    pub segments: Vec<String>,
    pub deal_kinds: Vec<DealKind>,
    /// What it counts in, of money and of earnings. `None`: the company's currency.
    pub currency: Option<String>,
    /// Of money: deals in another currency count in the measure's at this type of rate. `None`: they wait.
    pub rate_type: Option<String>,
    /// Of an attribute: which, and what it is.
    pub attribute: Option<String>,
    pub unit: Option<Unit>,
    /// Of margin and of an attribute.
    pub missing: Option<Missing>,
    pub customers: Vec<String>,
    /// All of them hold.
    pub filter: Vec<AttributeCondition>,
    /// Present exactly where earnings are counted.
    pub earnings: Option<Earnings>,
    pub dated_by: DatedBy,
    /// Of the splits that credit comes of, as deals name them.
    pub roles: Vec<String>,
}

/// What a measure looks at in a deal, besides its lines.
#[derive(Clone, Copy, Debug)]
pub struct DealView<'d, 'a> {
    pub kind: Option<DealKind>,
    pub customer: Option<&'a str>,
    /// In order of names.
    pub attributes: &'d [(&'a str, Attribute<'a>)],
}

/// What a measure looks at in a line.
#[derive(Clone, Copy, Debug)]
pub struct LineView<'a> {
    pub product: Option<&'a str>,
    pub geography: Option<&'a str>,
    pub segment: Option<&'a str>,
    pub amount: Amount,
    pub quantity: Quantity,
    pub cost: Option<Amount>,
}

impl<'d, 'a> DealView<'d, 'a> {
    pub fn of(deal: &'d DealClosed<'a>) -> DealView<'d, 'a> {
        DealView { kind: deal.kind, customer: deal.customer, attributes: &deal.attributes }
    }

    fn number(&self, name: &str) -> Option<i128> {
        match self.attribute(name)? {
            Attribute::Number(number) => Some(*number),
            Attribute::Text(_) | Attribute::Date(_) => None,
        }
    }

    fn attribute(&self, name: &str) -> Option<&Attribute<'_>> {
        self.attributes.iter().find(|(of, _)| *of == name).map(|(_, value)| value)
    }
}

impl<'a> LineView<'a> {
    pub fn of(line: &Line<'a>) -> LineView<'a> {
        let Line { product, geography, segment, amount, quantity, cost, .. } = *line;
        LineView { product: Some(product), geography, segment, amount, quantity, cost }
    }
}

impl Wanted {
    /// Whether it can be said at all.
    pub fn is_possible(&self) -> bool {
        fn range<T: PartialOrd>(from: &Option<T>, to: &Option<T>) -> bool {
            match (from, to) {
                (Some(from), Some(to)) => from < to,
                (from, to) => from.is_some() || to.is_some(),
            }
        }
        match self {
            Wanted::Text(texts) => !texts.is_empty(),
            Wanted::Number { at_least, below } => range(at_least, below),
            Wanted::Date { from, to } => range(from, to),
        }
    }

    fn holds(&self, value: &Attribute<'_>) -> bool {
        match (self, value) {
            (Wanted::Text(texts), Attribute::Text(text)) => texts.iter().any(|wanted| wanted == text),
            (Wanted::Number { at_least, below }, Attribute::Number(number)) => {
                at_least.is_none_or(|at_least| at_least.0 <= *number) && below.is_none_or(|below| *number < below.0)
            }
            (Wanted::Date { from, to }, Attribute::Date(date)) => {
                from.is_none_or(|from| from <= *date) && to.is_none_or(|to| *date < to)
            }
            _ => false,
        }
    }
}

impl Measure {
    /// Whether another definition says the same and, what this one does not, at which rates deals in other currencies count:
    /// the one change of a published measure.
    pub fn begins_to_convert(&self, other: &Measure) -> bool {
        self.rate_type.is_none()
            && other.rate_type.is_some()
            && Measure { rate_type: other.rate_type.clone(), ..self.clone() } == *other
    }

    /// Whether it counts what a component earns.
    pub fn counts_earnings_of(&self, component_id: &str) -> bool {
        self.earnings.as_ref().is_some_and(|of| of.components.iter().any(|id| id == component_id))
    }

    /// Whether it can be: the field that is wrong, and how.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let hold = |condition: bool, field, otherwise| if condition { Ok(()) } else { Err((field, otherwise)) };
        let of_attribute = self.of == MeasureOf::Attribute;
        let of_credits = self.of != MeasureOf::Earned;
        hold(!self.credit_kinds.is_empty() || !of_credits, "credit_kinds", "a measure needs at least one kind of credit")?;
        hold(self.attribute.is_some() == of_attribute, "attribute", "stated exactly where a measure sums an attribute")?;
        hold(self.unit.is_some() == of_attribute, "unit", "stated exactly where a measure sums an attribute")?;
        let may_lack = of_attribute || self.of == MeasureOf::Margin;
        hold(self.missing.is_some() == may_lack, "missing", "stated exactly where a measure sums margins or an attribute")?;
        hold(self.rate_type.is_none() || self.is_money(), "rate_type", "only a measure of money converts currencies")?;
        hold(
            self.currency.is_none() || self.has_currency(),
            "currency",
            "only a measure of money or of earnings is in a currency",
        )?;
        let known = self.currency.as_deref().is_none_or(|currency| minor_digits(currency).is_some());
        hold(known, "currency", "not an ISO 4217 currency code")?;
        let of_splits = |kind: &CreditKind| matches!(kind, CreditKind::Revenue | CreditKind::Overlay);
        let by_role = self.roles.is_empty() || self.credit_kinds.iter().all(of_splits);
        hold(by_role, "roles", "splits alone have a role: credit_kinds are REVENUE and OVERLAY")?;
        hold(self.roles.iter().all(|role| check_id("", role).is_ok()), "roles", "a role without a name")?;
        hold(self.filter.len() <= MAXIMUM_CONDITIONS, "filter", "more than 20 conditions")?;
        let named = self.attribute.iter().chain(self.filter.iter().map(|condition| &condition.attribute));
        hold(named.map(|name| check_id("", name)).all(|named| named.is_ok()), "filter", "an attribute without a name")?;
        let possible = self.filter.iter().all(|condition| condition.is.is_possible());
        hold(possible, "filter", "a condition lists texts, or has an end of a range, the first below the last")
    }

    /// Whether it sums money of deals, which is in a currency.
    pub fn is_money(&self) -> bool {
        match self.of {
            MeasureOf::Amount | MeasureOf::Margin => true,
            MeasureOf::Quantity | MeasureOf::Count | MeasureOf::Earned => false,
            MeasureOf::Attribute => self.unit == Some(Unit::Money),
        }
    }

    /// Whether what it counts is in a currency.
    pub fn has_currency(&self) -> bool {
        self.is_money() || self.of == MeasureOf::Earned
    }

    /// Whether a deal counts with the first line that the filter takes alone.
    pub fn counts_once(&self) -> bool {
        matches!(self.of, MeasureOf::Count | MeasureOf::Attribute)
    }

    /// Whether it reads more of deals than kind, amounts and quantities.
    pub fn reads_details(&self) -> bool {
        matches!(self.of, MeasureOf::Margin | MeasureOf::Attribute) || !self.customers.is_empty() || !self.filter.is_empty()
    }

    /// Whether it counts a credit of this kind. What comes of no split has no role.
    pub fn counts_credit(&self, kind: CreditKind, role: Option<&str>) -> bool {
        self.credit_kinds.contains(&kind) && listed(&self.roles, role)
    }

    /// Whether its filter takes a deal.
    pub fn takes_deal(&self, deal: DealView<'_, '_>) -> bool {
        let holds = |of: &AttributeCondition| deal.attribute(&of.attribute).is_some_and(|value| of.is.holds(value));
        (self.deal_kinds.is_empty() || deal.kind.is_some_and(|kind| self.deal_kinds.contains(&kind)))
            && listed(&self.customers, deal.customer)
            && self.filter.iter().all(holds)
    }

    /// Whether its filter takes a line.
    pub fn takes_line(&self, line: LineView<'_>) -> bool {
        listed(&self.products, line.product) && listed(&self.geographies, line.geography) && listed(&self.segments, line.segment)
    }

    /// What a line counts, in millionths and before it is converted and shared; `None`: the deal does not say it.
    pub fn value(&self, deal: DealView<'_, '_>, line: LineView<'_>) -> Option<i128> {
        match self.of {
            MeasureOf::Amount => Some(line.amount.0),
            MeasureOf::Quantity => Some(i128::from(line.quantity.0) * QUANTITY_SCALE),
            MeasureOf::Count => Some(ONE_DEAL),
            MeasureOf::Margin => line.cost.map(|cost| line.amount.0 - cost.0),
            MeasureOf::Attribute => deal.number(self.attribute.as_deref()?),
            MeasureOf::Earned => Some(0),
        }
    }
}

fn listed(list: &[String], text: Option<&str>) -> bool {
    list.is_empty() || text.is_some_and(|text| list.iter().any(|item| item == text))
}

#[cfg(test)]
mod tests;
