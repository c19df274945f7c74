//! Formulas, calculated while their text is read: a sum of products of factors, from left to right.
//!
//! A branch that is not taken is read all the same, to find its end, but nothing in it is calculated. The text was
//! checked when the plan was published; what cannot be read gives nothing.

use super::numbers::{decimal, to_places};
use super::tables::{Case, Point};
use super::world::periods_of;
use crate::wire::records::{Component, NoQuota, Pays, Period};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fails {
    NoQuota,
    NoParameter,
    ByZero,
    /// It is no formula.
    Text,
}

type Value = Result<BigRational, Fails>;

pub(super) fn is_formula(component: &Component) -> bool {
    matches!(component.pays, Pays::Formula(_))
}

/// The names in the parentheses of these functions, each once, in their order.
pub(super) fn names<'t>(text: &'t str, functions: &[&str]) -> Vec<&'t str> {
    let mut found: Vec<&str> = Vec::new();
    // Names stand in quotes, so every second piece is one, and the piece before it ends with its function.
    let mut rest = text;
    while let Some(open) = rest.find(['"', '\'']) {
        let quote = &rest[open..=open];
        let Some((name, after)) = rest[open + 1..].split_once(quote) else { break };
        let before = rest[..open].trim_end().trim_end_matches('(').trim_end();
        if functions.iter().any(|function| before.ends_with(function)) && !found.contains(&name) {
            found.push(name);
        }
        rest = after;
    }
    found
}

/// Every measure that a component's formula names.
pub(super) fn measures(component: &Component) -> Vec<&str> {
    match &component.pays {
        Pays::Formula(formula) => names(formula.text(), &["measure", "quota", "attainment"]),
        _ => Vec::new(),
    }
}

/// What a formula adds in the last of a version's periods: what it gives up to its end, less what it gave where the one
/// before ended; behind periods that divided by zero, where the last one before those ended.
pub(super) fn added(cases: &[Case<'_, '_>]) -> Value {
    let Some((now, earlier)) = cases.split_last() else { return Ok(BigRational::zero()) };
    let mut start = Period(now.period.0 - 1);
    let mut passed = earlier;
    while let Some(before) = passed.last() {
        if before.period != start || added(passed) != Err(Fails::ByZero) {
            break;
        }
        start = Period(start.0 - 1);
        passed = &passed[..passed.len() - 1];
    }
    let at = |last| Point { case: *now, last, against: now.period }.formula();
    let end = at(now.period)?;
    Ok(end - if periods_of(now.interval).contains(&start) { at(start)? } else { BigRational::zero() })
}

/// The same, where what lacks a quota may be nothing.
pub(super) fn counted(cases: &[Case<'_, '_>]) -> Value {
    let nothing = cases.last().is_some_and(|now| now.component.no_quota == Some(NoQuota::Nothing));
    match added(cases) {
        Err(Fails::NoQuota) if nothing => Ok(BigRational::zero()),
        added => added,
    }
}

impl Point<'_, '_> {
    /// What the formula gives for the sums here; nothing where all of them are zero.
    fn formula(&self) -> Value {
        let Pays::Formula(formula) = &self.case.component.pays else { return Err(Fails::Text) };
        let text = formula.text();
        if names(text, &["measure", "attainment"]).iter().all(|name| self.sum(name).is_zero()) {
            return Ok(BigRational::zero());
        }
        let mut reading = Reading { point: self, rest: text };
        reading.sum(true)
    }
}

struct Reading<'p, 't> {
    point: &'p Point<'p, 'p>,
    rest: &'t str,
}

impl<'t> Reading<'_, 't> {
    fn eat(&mut self, text: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn need(&mut self, text: &str) -> Result<(), Fails> {
        if self.eat(text) { Ok(()) } else { Err(Fails::Text) }
    }

    /// Terms added and taken away. Where it is not `live` its value means nothing.
    fn sum(&mut self, live: bool) -> Value {
        let mut all = self.product(live)?;
        loop {
            if self.eat("+") {
                all += self.product(live)?;
            } else if self.eat("-") {
                all -= self.product(live)?;
            } else {
                return Ok(all);
            }
        }
    }

    fn product(&mut self, live: bool) -> Value {
        let mut all = self.signed(live)?;
        loop {
            if self.eat("*") {
                all *= self.signed(live)?;
            } else if self.eat("/") {
                let by = self.signed(live)?;
                match (live, by.is_zero()) {
                    (true, true) => return Err(Fails::ByZero),
                    (true, false) => all /= by,
                    (false, _) => {}
                }
            } else {
                return Ok(all);
            }
        }
    }

    fn signed(&mut self, live: bool) -> Value {
        if self.eat("-") { Ok(-self.signed(live)?) } else { self.operand(live) }
    }

    fn operand(&mut self, live: bool) -> Value {
        if self.eat("(") {
            let inner = self.sum(live)?;
            self.need(")")?;
            return Ok(inner);
        }
        let end = self.rest.find(|of: char| !of.is_ascii_alphanumeric() && of != '.' && of != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "if" => self.either(live),
            "min" | "max" => self.extreme(word == "min", live),
            "round" => self.round(live),
            "measure" | "quota" | "attainment" | "payee" | "target" => {
                let name = self.name()?;
                if live { self.look_up(word, name) } else { Ok(BigRational::zero()) }
            }
            number => {
                let number = number_of(number)?;
                Ok(if self.rest.starts_with('%') && self.eat("%") { number / decimal(100, 0) } else { number })
            }
        }
    }

    fn name(&mut self) -> Result<&'t str, Fails> {
        self.need("(")?;
        let quote = if self.eat("\"") { "\"" } else { "'" };
        if quote == "'" {
            self.need("'")?;
        }
        let (name, rest) = self.rest.split_once(quote).ok_or(Fails::Text)?;
        self.rest = rest;
        self.need(")")?;
        Ok(name)
    }

    fn look_up(&self, function: &str, name: &str) -> Value {
        let quota = || self.point.quota(name).ok_or(Fails::NoQuota);
        let parameter = || self.point.case.parameter(name).ok_or(Fails::NoParameter);
        match function {
            "measure" => Ok(self.point.sum(name)),
            "quota" => quota(),
            "attainment" => Ok(self.point.sum(name) / quota()?),
            "payee" => parameter(),
            _ => {
                let case = self.point.case;
                Ok(parameter()? * case.part(case.plan.prorate.target))
            }
        }
    }

    fn extreme(&mut self, least: bool, live: bool) -> Value {
        self.need("(")?;
        let mut chosen = self.sum(live)?;
        while self.eat(",") {
            let next = self.sum(live)?;
            chosen = if (next < chosen) == least { next } else { chosen };
        }
        self.need(")")?;
        Ok(chosen)
    }

    fn round(&mut self, live: bool) -> Value {
        self.need("(")?;
        let value = self.sum(live)?;
        self.need(",")?;
        let places = self.sum(false)?;
        self.need(")")?;
        let places = u32::try_from(places.to_integer()).map_err(|_| Fails::Text)?;
        Ok(to_places(&value, places, self.point.case.component.rounding))
    }

    fn either(&mut self, live: bool) -> Value {
        self.need("(")?;
        let left = self.sum(live)?;
        let sign = ["<=", ">=", "!=", "<", ">", "="].into_iter().find(|sign| self.eat(sign)).ok_or(Fails::Text)?;
        let right = self.sum(live)?;
        let holds = match sign {
            "<=" => left <= right,
            ">=" => left >= right,
            "!=" => left != right,
            "<" => left < right,
            ">" => left > right,
            _ => left == right,
        };
        self.need(",")?;
        let met = self.sum(live && holds)?;
        self.need(",")?;
        let otherwise = self.sum(live && !holds)?;
        self.need(")")?;
        Ok(if holds { met } else { otherwise })
    }
}

fn number_of(text: &str) -> Value {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let digits: BigInt = format!("{whole}{places}").parse().map_err(|_| Fails::Text)?;
    Ok(decimal(digits, places.len() as u32))
}
