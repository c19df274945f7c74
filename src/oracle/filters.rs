//! What a measure takes: which lines of which deals, and what of them; and which measures cannot be.

use super::history::{Content, History, Line, Names, Stated};
use super::rules::{Check, hold};
use crate::domain::money::minor_digits;
use crate::wire::records::{
    CreditKind, DatedBy, DealKind, MAXIMUM_CONDITIONS, Measure, MeasureOf, Missing, Reason, Unit, Wanted,
};
use rustc_hash::FxHashSet;

/// A measure's filter over numbered texts; an empty list matches everything.
pub(super) struct Filter {
    of: MeasureOf,
    pub(super) is_money: bool,
    /// A deal counts with one line alone.
    pub(super) once: bool,
    /// A deal that does not say what is summed waits.
    pub(super) parks: bool,
    pub(super) dated_by: DatedBy,
    pub(super) rate_type: Option<String>,
    /// Where it is stated.
    pub(super) currency: Option<String>,
    credit_kinds: Vec<CreditKind>,
    roles: FxHashSet<u32>,
    products: FxHashSet<u32>,
    geographies: FxHashSet<u32>,
    segments: FxHashSet<u32>,
    customers: FxHashSet<u32>,
    deal_kinds: Vec<DealKind>,
    /// The number of the attribute's name; none where no deal has it.
    attribute: Option<u32>,
    conditions: Vec<Wish>,
}

/// What an attribute has to be.
struct Wish {
    name: Option<u32>,
    texts: FxHashSet<u32>,
    wanted: Wanted,
}

impl Filter {
    pub(super) fn new(measure: &Measure, history: &History) -> Filter {
        let names: &Names = &history.texts;
        let numbers = |texts: &[String]| texts.iter().filter_map(|text| names.find(text)).collect();
        let conditions = measure.filter.iter().map(|condition| Wish {
            name: names.find(&condition.attribute),
            texts: if let Wanted::Text(texts) = &condition.is { numbers(texts) } else { FxHashSet::default() },
            wanted: condition.is.clone(),
        });
        Filter {
            of: measure.of,
            is_money: is_of_money(measure),
            once: [MeasureOf::Count, MeasureOf::Attribute].contains(&measure.of),
            parks: measure.missing == Some(Missing::Park),
            dated_by: measure.dated_by,
            rate_type: measure.rate_type.clone(),
            currency: measure.currency.clone(),
            credit_kinds: measure.credit_kinds.clone(),
            roles: numbers(&measure.roles),
            products: numbers(&measure.products),
            geographies: numbers(&measure.geographies),
            segments: numbers(&measure.segments),
            customers: numbers(&measure.customers),
            deal_kinds: measure.deal_kinds.clone(),
            attribute: measure.attribute.as_deref().and_then(|name| names.find(name)),
            conditions: conditions.collect(),
        }
    }

    /// Whether credit of a kind counts that comes of a split of this role, or of none.
    pub(super) fn takes_credit(&self, kind: CreditKind, role: Option<u32>) -> bool {
        let of_kind = self.credit_kinds.is_empty() || self.credit_kinds.contains(&kind);
        of_kind && (self.roles.is_empty() || role.is_some_and(|role| self.roles.contains(&role)))
    }

    pub(super) fn takes(&self, deal: &Content, line: &Line) -> bool {
        let lists = [
            (&self.products, Some(line.product)),
            (&self.geographies, line.geography),
            (&self.segments, line.segment),
            (&self.customers, deal.customer),
        ];
        let listed = lists.iter().all(|(list, text)| list.is_empty() || text.is_some_and(|text| list.contains(&text)));
        let of_kind = self.deal_kinds.is_empty() || deal.kind.is_some_and(|kind| self.deal_kinds.contains(&kind));
        self.of != MeasureOf::Earned && listed && of_kind && self.conditions.iter().all(|wish| wish.holds(deal))
    }

    /// What a line counts, in millionths of what it is; none where the deal does not say it.
    pub(super) fn worth(&self, deal: &Content, line: &Line) -> Option<i128> {
        match self.of {
            MeasureOf::Amount => Some(line.amount),
            MeasureOf::Margin => Some(line.amount - line.cost?),
            MeasureOf::Quantity => Some(i128::from(line.quantity) * 100),
            MeasureOf::Count => Some(1_000_000),
            MeasureOf::Earned => Some(0),
            MeasureOf::Attribute => match find(deal, self.attribute?)? {
                Stated::Number(number) => Some(*number),
                Stated::Text(_) | Stated::Date(_) => None,
            },
        }
    }

    /// What a deal waits for that does not say it.
    pub(super) fn lacks(&self) -> Reason {
        if self.of == MeasureOf::Margin { Reason::MissingCost } else { Reason::MissingAttribute }
    }
}

fn find(deal: &Content, name: u32) -> Option<&Stated> {
    deal.attributes.iter().find(|(of, _)| *of == name).map(|(_, value)| value)
}

impl Wish {
    fn holds(&self, deal: &Content) -> bool {
        let Some(value) = self.name.and_then(|name| find(deal, name)) else { return false };
        match (value, &self.wanted) {
            (Stated::Text(text), Wanted::Text(_)) => self.texts.contains(text),
            (Stated::Number(number), Wanted::Number { at_least, below }) => {
                let too_small = at_least.is_some_and(|least| *number < least.0);
                !too_small && !below.is_some_and(|below| *number >= below.0)
            }
            (Stated::Date(date), Wanted::Date { from, to }) => {
                !from.is_some_and(|from| *date < from) && !to.is_some_and(|to| *date >= to)
            }
            _ => false,
        }
    }
}

/// Whether a measure counts amounts of money that deals state.
pub(super) fn is_of_money(measure: &Measure) -> bool {
    match measure.of {
        MeasureOf::Amount | MeasureOf::Margin => true,
        MeasureOf::Attribute => measure.unit == Some(Unit::Money),
        MeasureOf::Quantity | MeasureOf::Count | MeasureOf::Earned => false,
    }
}

/// Whether a measure can be.
pub(super) fn fits(measure: &Measure) -> Check {
    let (of_attribute, of_margin) = (measure.of == MeasureOf::Attribute, measure.of == MeasureOf::Margin);
    hold(measure.attribute.is_some() == of_attribute, "an attribute that nothing sums, or none")?;
    hold(measure.unit.is_some() == of_attribute, "a unit of no attribute, or none")?;
    hold(measure.missing.is_some() == (of_attribute || of_margin), "`missing` where nothing can be, or none")?;
    let money = measure.of == MeasureOf::Amount || of_margin || measure.unit == Some(Unit::Money);
    hold(measure.rate_type.is_none() || money, "a rate for what is no money")?;
    let currency = measure.currency.as_deref();
    hold(currency.is_none() || money || measure.of == MeasureOf::Earned, "a currency of what is no money")?;
    hold(currency.is_none_or(|code| minor_digits(code).is_some()), "a measure in no currency")?;
    let of_splits = [CreditKind::Revenue, CreditKind::Overlay];
    let named = measure.credit_kinds.iter().all(|kind| of_splits.contains(kind));
    hold(named || measure.roles.is_empty(), "roles of what no split names")?;
    hold(measure.filter.len() <= MAXIMUM_CONDITIONS, "too many conditions")?;
    let name = |name: &str| !name.is_empty() && name.len() <= 200 && !name.chars().any(char::is_control);
    hold(measure.attribute.as_deref().is_none_or(name), "an attribute without a name")?;
    hold(measure.roles.iter().all(|role| name(role)), "a role without a name")?;
    for condition in &measure.filter {
        hold(name(&condition.attribute), "an attribute without a name")?;
        let possible = match &condition.is {
            Wanted::Text(texts) => !texts.is_empty(),
            Wanted::Number { at_least, below } => ends(at_least.map(|of| of.0), below.map(|of| of.0)),
            Wanted::Date { from, to } => ends(from.map(|day| day.0), to.map(|day| day.0)),
        };
        hold(possible, "a condition that nothing holds")?;
    }
    Ok(())
}

fn ends<T: PartialOrd>(first: Option<T>, after: Option<T>) -> bool {
    match (first, after) {
        (None, None) => false,
        (Some(first), Some(after)) => first < after,
        _ => true,
    }
}
