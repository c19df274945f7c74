//! Tables that are looked up by line: each line is kept with what it shows, and asks every row.
//!
//! Of the rows that take a line the one that says most gives its rate. Which tables cannot be is here, too, by the words of
//! `plans`.

use super::credits::Shown;
use super::history::{Content, History, Line, Stated};
use super::later::asks_for_returns;
use super::numbers::{decimal, whole_number};
use super::rules::{Check, hold};
use super::tables::{Case, Waits};
use crate::domain::money::{MEASURED_DECIMALS, RATE_DECIMALS};
use crate::wire::records::{Boundary, Component, DealKind, LineKey, LookupRow, Method, Negative, QuotaUse, Scope, Takes, TierBy};
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use std::collections::BTreeSet;

const ROWS: usize = 200;
const VALUES: usize = 100;

pub(super) fn is_lookup(component: &Component) -> bool {
    component.method == Method::Lookup
}

/// What a line shows to tables, of which `size` millionths count before anybody's share.
pub(super) fn shown(history: &History, deal: &Content, line: &Line, size: i128) -> Shown {
    let text = |number: u32| history.texts.text(number).to_string();
    let kind = deal.kind.map(|kind| match kind {
        DealKind::New => "NEW",
        DealKind::Renewal => "RENEWAL",
        DealKind::Expansion => "EXPANSION",
    });
    let named = [
        (LineKey::Product, Some(text(line.product))),
        (LineKey::Geography, line.geography.map(text)),
        (LineKey::Segment, line.segment.map(text)),
        (LineKey::Kind, kind.map(String::from)),
    ];
    let mut values: Vec<(LineKey, String)> = named.into_iter().filter_map(|(by, value)| Some((by, value?))).collect();
    for (name, stated) in &deal.attributes {
        if let Stated::Text(value) = stated {
            values.push((LineKey::Attribute(text(*name)), text(*value)));
        }
    }
    Shown { values, size }
}

impl Case<'_, '_> {
    /// What the lines of the period earn. Whoever lacks a rate of their own waits, and be it of a row that takes no line.
    pub(super) fn looked_up(&self) -> Result<BigRational, Waits> {
        for own in &self.component.own_rates {
            self.parameter(&own.parameter).ok_or(Waits)?;
        }
        let Some(measure) = self.pricing.place_of(&self.component.measure) else { return Ok(BigRational::zero()) };
        let lines = self.pricing.lines.get(&(self.payee, measure, self.period));
        Ok(lines.into_iter().flatten().fold(BigRational::zero(), |all, (shown, sum)| {
            all + self.rate_of(shown.as_ref()) * decimal(whole_number(&sum.to_string()), MEASURED_DECIMALS)
        }))
    }

    /// What a person credits shows nothing of itself.
    fn rate_of(&self, shown: Option<&Shown>) -> BigRational {
        let Some(lookup) = &self.component.lookup else { return BigRational::zero() };
        let mut best: Option<(usize, &LookupRow)> = None;
        for (place, row) in lookup.rows.iter().enumerate() {
            let takes_it = shown.is_some_and(|shown| takes(&row.takes, shown, self.component.boundary));
            if takes_it && best.is_none_or(|(_, best)| says(&best.takes) < says(&row.takes)) {
                best = Some((place, row));
            }
        }
        let place = best.map_or(lookup.rows.len(), |(place, _)| place);
        let own = self.component.own_rates.iter().find(|own| own.tier == place);
        if let Some(own) = own.and_then(|own| self.parameter(&own.parameter)) {
            return own;
        }
        let rate = best.map(|(_, row)| row.rate).or(lookup.otherwise);
        rate.map_or_else(BigRational::zero, |rate| decimal(rate.0, RATE_DECIMALS))
    }
}

fn says(takes: &Takes) -> usize {
    takes.conditions.len() + takes.band.iter().count()
}

fn takes(takes: &Takes, shown: &Shown, boundary: Boundary) -> bool {
    let listed = takes.conditions.iter().all(|condition| {
        let mut values = shown.values.iter().filter(|(by, _)| *by == condition.by);
        values.next().is_some_and(|(_, value)| condition.values.contains(value))
    });
    let Some(band) = takes.band.filter(|_| listed) else { return listed };
    let size = decimal(shown.size, 6).abs();
    let (from, to) = (decimal(band.from, MEASURED_DECIMALS), band.to.map(|to| decimal(to, MEASURED_DECIMALS)));
    match boundary {
        Boundary::Upper => size >= from && to.is_none_or(|to| size < to),
        Boundary::Lower => (size > from || from.is_zero()) && to.is_none_or(|to| size <= to),
    }
}

/// A table by line where the method says so, and nothing that is of tiers, single deals or quotas to date.
pub(super) fn fits(component: &Component) -> Check {
    hold(component.lookup.is_some() == is_lookup(component), "a table of lines where none belongs, or none")?;
    let Some(lookup) = &component.lookup else { return Ok(()) };
    hold((1..=ROWS).contains(&lookup.rows.len()), "a table of lines that is empty or too long")?;
    let rates = lookup.rows.iter().map(|row| row.rate).chain(lookup.otherwise);
    hold(rates.into_iter().all(|rate| rate.0 >= 0), "a line that is paid less than nothing")?;
    for (place, row) in lookup.rows.iter().enumerate() {
        row_fits(&row.takes)?;
        for other in &lookup.rows[..place] {
            hold(!are_tied(&row.takes, &other.takes, &lookup.rows), "two rows that say equally much of a line")?;
        }
    }
    hold(component.tiers.is_empty() && component.tier_by == TierBy::Amount, "a lookup with tiers")?;
    hold(component.paid_measure.is_none(), "a lookup of two measures")?;
    let settles = super::deals::settles(component);
    hold(component.scope == Scope::Running && !settles, "a lookup of single deals")?;
    hold(component.negative == Negative::Carry, "a lookup that does not carry")?;
    hold(!asks_for_returns(component), "a lookup that asks what was returned")?;
    hold(component.quota == QuotaUse::Interval, "a lookup of a quota to date")
}

fn row_fits(takes: &Takes) -> Check {
    hold(says(takes) > 0, "a row of everything")?;
    let keys: BTreeSet<_> = takes.conditions.iter().map(|condition| &condition.by).collect();
    hold(keys.len() == takes.conditions.len(), "a row that says something twice")?;
    for condition in &takes.conditions {
        let values: BTreeSet<&str> = condition.values.iter().map(String::as_str).collect();
        hold(values.len() == condition.values.len() && (1..=VALUES).contains(&values.len()), "values twice, none, or too many")?;
        let id = |value: &&str| !value.is_empty() && value.len() <= 200 && !value.chars().any(char::is_control);
        hold(values.iter().all(id), "a value that is no id")?;
        let kinds = ["NEW", "RENEWAL", "EXPANSION"];
        hold(condition.by != LineKey::Kind || values.iter().all(|value| kinds.contains(value)), "a kind that is none")?;
    }
    hold(takes.band.is_none_or(|band| band.from >= 0 && band.to.is_none_or(|to| to > band.from)), "an empty band")
}

/// Whether a line could find both of two rows that say equally much, and no row that says more wherever it does.
fn are_tied(one: &Takes, other: &Takes, rows: &[LookupRow]) -> bool {
    let values = |takes: &Takes, by: &LineKey| {
        let found = takes.conditions.iter().find(|condition| condition.by == *by);
        found.map(|condition| condition.values.iter().cloned().collect::<BTreeSet<String>>())
    };
    let common = |by: &LineKey| match (values(one, by), values(other, by)) {
        (Some(one), Some(other)) => Some(one.intersection(&other).cloned().collect::<BTreeSet<String>>()),
        (one, other) => one.or(other),
    };
    let keys = || one.conditions.iter().chain(&other.conditions).map(|condition| &condition.by);
    // From where and to where both bands reach; without an end they are open.
    let ends = [one.band, other.band].into_iter().flatten();
    let (from, to) = ends.fold((0, None), |(from, to): (i128, Option<i128>), band| {
        (from.max(band.from), [to, band.to].into_iter().flatten().min())
    });
    let meet = says(one) == says(other) && keys().all(|by| common(by).is_some_and(|values| !values.is_empty()));
    if !meet || to.is_some_and(|to| to <= from) {
        return false;
    }
    let bounded = one.band.is_some() || other.band.is_some();
    let decides = |row: &&LookupRow| {
        let within = |condition: &crate::wire::records::Listed| {
            let own: BTreeSet<String> = condition.values.iter().cloned().collect();
            common(&condition.by).is_some_and(|values| values.is_subset(&own))
        };
        let band = row
            .takes
            .band
            .is_none_or(|band| bounded && band.from <= from && band.to.is_none_or(|end| to.is_some_and(|to| to <= end)));
        says(&row.takes) > says(one) && band && row.takes.conditions.iter().all(within)
    };
    !rows.iter().any(|row| decides(&row))
}
