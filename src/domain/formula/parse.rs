//! The text of a formula, taken apart: numbers, names and signs, by the usual precedence.
//!
//! Says what is wrong and at which character. What a formula names is looked up elsewhere.

use super::{
    Choice, Comparison, Formula, FormulaError, MAXIMUM_FORMULA_BYTES, MAXIMUM_FORMULA_DEPTH, MAXIMUM_FORMULA_PARTS, MeasureUse,
    Operator, Term,
};
use crate::domain::exact::scaled;

/// Digits of a number before and behind its point.
const DIGITS: usize = 18;
/// The most places that `round` rounds to.
const PLACES: u32 = 6;
const FUNCTIONS: &str = "measure, quota, attainment, payee, target, min, max, round or if";

type Parsed<T> = Result<T, FormulaError>;

pub fn formula(text: &str) -> Parsed<Formula> {
    limited(text, 0)
}

/// What of a formula is changed a little may be a little longer and deeper than a formula.
pub fn variant(text: &str) -> Parsed<Formula> {
    limited(text, 16)
}

fn limited(text: &str, more: usize) -> Parsed<Formula> {
    if text.len() > MAXIMUM_FORMULA_BYTES + more {
        let message = format!("the formula has {} bytes, at most {MAXIMUM_FORMULA_BYTES} are allowed", text.len());
        return Err(FormulaError { character: 1, message });
    }
    let mut reader = Reader { text, at: 0, more, depth: 0, parts: 0, measures: vec![], parameters: vec![], choices: vec![] };
    let root = reader.sum()?;
    if let Some(next) = reader.peek() {
        return Err(reader.here(format!("\"{next}\" where an operator or the end is needed")));
    }
    let Reader { measures, parameters, choices, .. } = reader;
    if !measures.iter().any(|named| named.summed) {
        let message = "no measure is read, so it would pay nothing: use measure(\"...\") or attainment(\"...\")";
        return Err(FormulaError { character: 1, message: message.into() });
    }
    Ok(Formula { text: text.into(), root, measures, parameters, choices })
}

struct Reader<'t> {
    text: &'t str,
    /// In bytes.
    at: usize,
    /// Added to every limit.
    more: usize,
    depth: usize,
    parts: usize,
    measures: Vec<MeasureUse>,
    parameters: Vec<String>,
    choices: Vec<Choice>,
}

/// What of a measure a function reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    Sum,
    Quota,
    Both,
}

impl<'t> Reader<'t> {
    fn error_at(&self, at: usize, message: impl Into<String>) -> FormulaError {
        let before = self.text.get(..at).map_or(0, |before| before.chars().count());
        FormulaError { character: before + 1, message: message.into() }
    }

    fn here(&self, message: impl Into<String>) -> FormulaError {
        self.error_at(self.at, message)
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.rest().chars().next()
    }

    /// Takes a sign where it is the next.
    fn takes(&mut self, sign: &str) -> bool {
        self.peek();
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    fn need(&mut self, sign: &str) -> Parsed<()> {
        if self.takes(sign) {
            return Ok(());
        }
        let found = self.peek().map_or("the end".into(), |next| format!("\"{next}\""));
        Err(self.here(format!("{found} where \"{sign}\" is needed")))
    }

    fn count(&mut self, term: Term) -> Parsed<Term> {
        self.parts += 1;
        if self.parts > MAXIMUM_FORMULA_PARTS + self.more {
            return Err(self.here(format!("the formula has more than {MAXIMUM_FORMULA_PARTS} parts")));
        }
        Ok(term)
    }

    fn sum(&mut self) -> Parsed<Term> {
        self.depth += 1;
        if self.depth > MAXIMUM_FORMULA_DEPTH + self.more {
            return Err(self.here(format!("parts lie more than {MAXIMUM_FORMULA_DEPTH} deep inside each other")));
        }
        let signs = [("+", Operator::Plus), ("-", Operator::Minus)];
        let sum = self.chain(&signs, Self::product)?;
        self.depth -= 1;
        Ok(sum)
    }

    fn product(&mut self) -> Parsed<Term> {
        self.chain(&[("*", Operator::Times), ("/", Operator::Over)], Self::factor)
    }

    /// Operands with operators of one precedence between them, from left to right.
    fn chain(&mut self, signs: &[(&str, Operator)], operand: impl Fn(&mut Self) -> Parsed<Term>) -> Parsed<Term> {
        let mut left = operand(self)?;
        while let Some((_, operator)) = signs.iter().find(|(sign, _)| self.takes(sign)) {
            let right = operand(self)?;
            left = self.count(Term::Calculated(*operator, Box::new([left, right])))?;
        }
        Ok(left)
    }

    fn factor(&mut self) -> Parsed<Term> {
        let mut negations = 0;
        while self.takes("-") {
            negations += 1;
        }
        let term = match self.peek() {
            Some('(') => {
                self.need("(")?;
                let inner = self.sum()?;
                self.need(")")?;
                inner
            }
            Some('0'..='9') => self.number()?,
            Some(letter) if letter.is_ascii_alphabetic() => self.function()?,
            Some(other) => return Err(self.here(format!("\"{other}\" where a number, a function or \"(\" is needed"))),
            None => return Err(self.here("the formula ends where a number, a function or \"(\" is needed")),
        };
        if negations % 2 == 0 { Ok(term) } else { self.count(Term::Negated(Box::new(term))) }
    }

    /// A plain decimal, a hundredth of it with a percent sign.
    fn number(&mut self) -> Parsed<Term> {
        let start = self.at;
        let whole = self.digits();
        let places = if self.rest().starts_with('.') {
            self.at += 1;
            let places = self.digits();
            if places.is_empty() {
                return Err(self.here("digits are missing behind the point"));
            }
            places
        } else {
            ""
        };
        if whole.len() > DIGITS || places.len() > DIGITS {
            return Err(self.error_at(start, format!("a number has at most {DIGITS} digits before and behind its point")));
        }
        if let Some(next) = self.rest().chars().next().filter(|next| next.is_ascii_alphanumeric() || *next == '_') {
            return Err(self.here(format!("\"{next}\" behind a number: write plain decimals, \"0.06\" or \"6%\"")));
        }
        let percent = if self.rest().starts_with('%') { 2 } else { 0 };
        self.at += percent / 2;
        // At most 36 digits.
        let digits: i128 = format!("{whole}{places}").parse().unwrap_or_default();
        self.count(Term::Number(scaled(digits, (places.len() + percent) as u32)))
    }

    fn digits(&mut self) -> &'t str {
        self.word(|byte| byte.is_ascii_digit())
    }

    fn word(&mut self, belongs: impl Fn(&u8) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.bytes().take_while(belongs).count();
        self.at += length;
        &rest[..length]
    }

    fn function(&mut self) -> Parsed<Term> {
        let start = self.at;
        let name = self.word(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        match name {
            "measure" => self.measure(Reads::Sum, Term::Measure),
            "quota" => self.measure(Reads::Quota, Term::Quota),
            "attainment" => self.measure(Reads::Both, Term::Attainment),
            "payee" => self.parameter(Term::Payee),
            "target" => self.parameter(Term::Target),
            "min" => self.list(Term::Least, false),
            "max" => self.list(Term::Greatest, true),
            "round" => self.round(),
            "if" => self.choice(),
            "result" => Err(self.error_at(start, "results of other components are read through a measure of earnings")),
            _ => Err(self.error_at(start, format!("\"{name}\" is no function: use {FUNCTIONS}"))),
        }
    }

    /// A name in quotes of either kind, in parentheses.
    fn name(&mut self) -> Parsed<String> {
        self.need("(")?;
        let quote = self.peek().filter(|next| ['"', '\''].contains(next));
        let Some(quote) = quote else { return Err(self.here("a name in quotes is needed: measure(\"sales\")")) };
        self.at += 1;
        let Some((name, _)) = self.rest().split_once(quote) else { return Err(self.here("the quotes are not closed")) };
        if name.is_empty() {
            return Err(self.here("the name is empty"));
        }
        self.at += name.len() + 1;
        self.need(")")?;
        Ok(name.into())
    }

    fn measure(&mut self, reads: Reads, term: fn(usize) -> Term) -> Parsed<Term> {
        let id = self.name()?;
        let place = self.measures.iter().position(|named| named.id == id).unwrap_or_else(|| {
            self.measures.push(MeasureUse { id, summed: false, by_quota: false, in_units: false });
            self.measures.len() - 1
        });
        let named = &mut self.measures[place];
        named.summed |= reads != Reads::Quota;
        named.by_quota |= reads != Reads::Sum;
        named.in_units |= reads != Reads::Both;
        self.count(term(place))
    }

    fn parameter(&mut self, term: fn(usize) -> Term) -> Parsed<Term> {
        let name = self.name()?;
        let place = self.parameters.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.parameters.push(name);
            self.parameters.len() - 1
        });
        self.count(term(place))
    }

    fn list(&mut self, term: fn(Vec<Term>) -> Term, of_greatest: bool) -> Parsed<Term> {
        self.need("(")?;
        let mut terms = vec![self.chosen(of_greatest)?];
        while self.takes(",") {
            terms.push(self.chosen(of_greatest)?);
        }
        if terms.len() < 2 {
            return Err(self.here("one value is no choice: separate two or more by \",\""));
        }
        self.need(")")?;
        self.count(term(terms))
    }

    /// One that may be chosen: its place in the text is kept.
    fn chosen(&mut self, of_greatest: bool) -> Parsed<Term> {
        self.peek();
        let start = self.at;
        let term = self.sum()?;
        let place = start..start + self.text[start..self.at].trim_end().len();
        self.choices.push(Choice { place, of_greatest });
        Ok(term)
    }

    fn round(&mut self) -> Parsed<Term> {
        self.need("(")?;
        let term = self.sum()?;
        self.need(",")?;
        self.peek();
        let start = self.at;
        let places = self.digits().parse().ok().filter(|places| *places <= PLACES);
        let Some(places) = places else {
            return Err(self.error_at(start, format!("round(x, n) takes n from 0 to {PLACES}")));
        };
        self.need(")")?;
        self.count(Term::Rounded(Box::new(term), places))
    }

    fn choice(&mut self) -> Parsed<Term> {
        self.need("(")?;
        let left = self.sum()?;
        let comparison = self.comparison()?;
        let right = self.sum()?;
        self.need(",")?;
        let met = self.chosen(false)?;
        self.need(",")?;
        let otherwise = self.chosen(false)?;
        self.need(")")?;
        self.count(Term::If(comparison, Box::new([left, right, met, otherwise])))
    }

    fn comparison(&mut self) -> Parsed<Comparison> {
        // The longer ones first.
        let signs = [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("!=", Comparison::NotEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
            ("=", Comparison::Equal),
        ];
        let found = signs.into_iter().find(|(sign, _)| self.takes(sign));
        found
            .map(|(_, comparison)| comparison)
            .ok_or_else(|| self.here("if(a < b, x, y) compares two values: <, <=, >, >=, = or !="))
    }
}
