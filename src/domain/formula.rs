//! Formulas: what a component pays where no table says it, as an exact calculation on sums, quotas and parameters.
//!
//! A formula is checked and taken apart once per version of a plan (`parse`) and then asked for each pay period. Fractions
//! stay fractions; nothing is rounded but where `round` says so. Where every measure that it reads is zero a formula pays
//! nothing, whatever it says: so nothing is paid for nothing, and a cancelled deal leaves nothing behind. There are no
//! loops, no variables and no results of other components but through measures of earnings, so what a formula costs is bounded by its parts.

mod parse;
#[cfg(test)]
mod tests;

use super::exact::{rounded, scaled};
use super::money::{AMOUNT_DECIMALS, Amount, MEASURED_DECIMALS, Measured, RoundingMode};
use super::rate_table::Part;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// The longest text of a formula.
pub const MAXIMUM_FORMULA_BYTES: usize = 2_000;
/// How deep parts may lie inside each other.
pub const MAXIMUM_FORMULA_DEPTH: usize = 32;
/// How many numbers, names, operations and functions a formula may have.
pub const MAXIMUM_FORMULA_PARTS: usize = 200;

/// A formula that can be asked. Two are equal when their texts are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Formula {
    text: String,
    root: Term,
    measures: Vec<MeasureUse>,
    parameters: Vec<String>,
    choices: Vec<Choice>,
}

/// Where in the text what a choice may give stands: the two of an `if`, each of a `min` or `max`.
#[derive(Clone, Debug)]
struct Choice {
    place: Range<usize>,
    /// The greatest is chosen.
    of_greatest: bool,
}

/// A measure that a formula names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasureUse {
    pub id: String,
    /// Its sum is read, not its quota alone.
    pub summed: bool,
    pub by_quota: bool,
    /// Its sum or its quota is read as a number, not the one as a part of the other alone.
    pub in_units: bool,
}

#[derive(Clone, Debug)]
enum Term {
    Number(BigRational),
    /// Places in the list of measures.
    Measure(usize),
    Quota(usize),
    Attainment(usize),
    /// Places in the list of parameters: as the payee's row states it, and prorated as a target.
    Payee(usize),
    Target(usize),
    Negated(Box<Term>),
    Calculated(Operator, Box<[Term; 2]>),
    Least(Vec<Term>),
    Greatest(Vec<Term>),
    Rounded(Box<Term>, u32),
    /// Two that are compared, and what is given where they compare so and where not.
    If(Comparison, Box<[Term; 4]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Plus,
    Minus,
    Times,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// Why a text is no formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormulaError {
    /// Counted from 1.
    pub character: usize,
    pub message: String,
}

/// What a formula is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Given<'g> {
    /// The sum and the quota of each of its measures.
    pub measures: &'g [(Measured, Option<Amount>)],
    /// What is left of each quota.
    pub quota_part: Part,
    /// What the payee's row states of each of its parameters.
    pub parameters: &'g [Option<Amount>],
    pub target_part: Part,
    /// How `round` rounds.
    pub rounding: RoundingMode,
}

/// Why a formula gives nothing yet: which of its measures has no quota, which parameter is not stated, or a division by
/// zero. Of several the first in reading order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undefined {
    Quota(usize),
    Parameter(usize),
    DividedByZero,
}

impl Formula {
    pub fn parse(text: &str) -> Result<Formula, FormulaError> {
        parse::formula(text)
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// In the order in which they are first named; at least one of them is summed.
    pub fn measures(&self) -> &[MeasureUse] {
        &self.measures
    }

    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// The texts of what its choices may give, and the whole formula with each of them another by 777 777: not so that it is
    /// chosen for that.
    pub fn variants(&self) -> impl Iterator<Item = (&str, Formula)> {
        self.choices.iter().filter_map(|Choice { place, of_greatest }| {
            let (before, choice, after) = (&self.text[..place.start], &self.text[place.clone()], &self.text[place.end..]);
            let sign = if *of_greatest { "-" } else { "+" };
            Some((choice, parse::variant(&format!("{before}({choice}){sign}777777{after}")).ok()?))
        })
    }

    /// What it gives, in the currency's unit.
    pub fn value(&self, given: Given<'_>) -> Result<BigRational, Undefined> {
        let mut sums = self.measures.iter().zip(given.measures).filter(|(named, _)| named.summed);
        if sums.all(|(_, (sum, _))| sum.0 == 0) {
            return Ok(BigRational::zero());
        }
        given.value(&self.root)
    }
}

impl Given<'_> {
    fn value(&self, term: &Term) -> Result<BigRational, Undefined> {
        match term {
            Term::Number(number) => Ok(number.clone()),
            Term::Measure(place) => Ok(scaled(self.measures[*place].0.0, MEASURED_DECIMALS)),
            Term::Quota(place) => self.quota(*place),
            Term::Attainment(place) => Ok(scaled(self.measures[*place].0.0, MEASURED_DECIMALS) / self.quota(*place)?),
            Term::Payee(place) => self.parameter(*place),
            Term::Target(place) => Ok(self.parameter(*place)? * self.target_part.fraction()),
            Term::Negated(term) => Ok(-self.value(term)?),
            Term::Calculated(operator, terms) => self.calculated(*operator, terms),
            Term::Least(terms) => self.extreme(terms, BigRational::min),
            Term::Greatest(terms) => self.extreme(terms, BigRational::max),
            Term::Rounded(term, decimals) => Ok(rounded(&self.value(term)?, *decimals, self.rounding)),
            Term::If(comparison, terms) => {
                let [left, right, met, otherwise] = &**terms;
                let holds = comparison.holds(&self.value(left)?, &self.value(right)?);
                // What is not chosen is not asked: it may divide by zero or lack something.
                self.value(if holds { met } else { otherwise })
            }
        }
    }

    /// A quota of which nothing is left is none.
    fn quota(&self, place: usize) -> Result<BigRational, Undefined> {
        let stated = self.measures[place].1.ok_or(Undefined::Quota(place))?;
        let quota = scaled(stated.0, AMOUNT_DECIMALS) * self.quota_part.fraction();
        if quota.is_positive() { Ok(quota) } else { Err(Undefined::Quota(place)) }
    }

    fn parameter(&self, place: usize) -> Result<BigRational, Undefined> {
        let stated = self.parameters[place].ok_or(Undefined::Parameter(place))?;
        Ok(scaled(stated.0, AMOUNT_DECIMALS))
    }

    fn calculated(&self, operator: Operator, [left, right]: &[Term; 2]) -> Result<BigRational, Undefined> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        match operator {
            Operator::Plus => Ok(left + right),
            Operator::Minus => Ok(left - right),
            Operator::Times => Ok(left * right),
            Operator::Over if right.is_zero() => Err(Undefined::DividedByZero),
            Operator::Over => Ok(left / right),
        }
    }

    fn extreme(
        &self,
        terms: &[Term],
        choose: impl Fn(BigRational, BigRational) -> BigRational,
    ) -> Result<BigRational, Undefined> {
        let mut values = terms.iter().map(|term| self.value(term));
        let first = values.next().unwrap_or_else(|| Ok(BigRational::zero()))?;
        values.try_fold(first, |chosen, value| Ok(choose(chosen, value?)))
    }
}

impl Comparison {
    fn holds(self, left: &BigRational, right: &BigRational) -> bool {
        match self {
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
        }
    }
}

impl PartialEq for Formula {
    fn eq(&self, other: &Formula) -> bool {
        self.text == other.text
    }
}

impl Eq for Formula {}

impl TryFrom<String> for Formula {
    type Error = FormulaError;

    fn try_from(text: String) -> Result<Formula, FormulaError> {
        Formula::parse(&text)
    }
}

impl From<Formula> for String {
    fn from(formula: Formula) -> String {
        formula.text
    }
}

impl fmt::Display for FormulaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: {}", self.character, self.message)
    }
}

impl std::error::Error for FormulaError {}
