//! A manual adjustment: an amount that a person adds to a payee's measured sum, to what a component earned, or to pay.
//!
//! Here is what one says, and which of a payee's quarter fit each other. What it does to sums and books is earning's.

use super::calendar::{Interval, Period};
use super::deal::check_id;
use super::fact::CreditKind;
use super::money::{AMOUNT_DECIMALS, Amount, Minor};
use super::pay::{MANUAL, RESERVED};
use super::reject::{Reason, Reject};
use serde::{Deserialize, Serialize};

/// What books of manual lines are called in front of their earning code; no component's id begins like this.
pub const BY_HAND: &str = "manual:";

/// Of a payee's quarter: its state stays a record of the log.
pub const MAXIMUM_ADJUSTMENTS: usize = 200;

/// In whole units of the currency: all of a quarter's together leave room for what rules earn.
pub const MAXIMUM_AMOUNT: i128 = 100_000_000_000;

/// One adjustment. Its id is unique among those of a payee's quarter; it never changes, but another can reverse it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustmentMade {
    pub adjustment_id: String,
    pub payee_id: String,
    pub target: Target,
    pub calendar: String,
    pub effective_period: Period,
    /// In the unit of what it adjusts: the measure's, or the currency of the payee's plans. Never zero; negative takes away.
    pub amount: Amount,
    /// The adjustment that this one takes back whole.
    pub reverses: Option<String>,
    pub author: String,
    pub reason: String,
    pub approver: Option<String>,
    /// Microseconds since 1970; the only field in which two deliveries of one adjustment may differ.
    pub occurred_at: i64,
}

/// What is adjusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// A measured sum: it counts for attainment and in every component that reads the measure, as a deal of its own that
    /// closed on the period's last day and is settled. It does not roll up.
    Credit { measure: String, kind: CreditKind },
    /// What a component earned for the period, behind everything that the component does.
    Earning { component: String },
    /// A line of pay that no component earned.
    Pay { earning_code: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TargetKind {
    Credit,
    Earning,
    Pay,
}

/// What a target is about: each field where its kind has it, and nowhere else.
#[derive(Clone, Debug, Default)]
pub struct TargetFields {
    pub measure: Option<String>,
    pub credit_kind: Option<CreditKind>,
    pub component: Option<String>,
    pub earning_code: Option<String>,
}

impl TargetFields {
    /// The kind and the fields of a target.
    pub fn of(target: &Target) -> (TargetKind, TargetFields) {
        let none = TargetFields::default();
        match target.clone() {
            Target::Credit { measure, kind } => {
                (TargetKind::Credit, TargetFields { measure: Some(measure), credit_kind: Some(kind), ..none })
            }
            Target::Earning { component } => (TargetKind::Earning, TargetFields { component: Some(component), ..none }),
            Target::Pay { earning_code } => (TargetKind::Pay, TargetFields { earning_code: Some(earning_code), ..none }),
        }
    }

    /// The target of a kind, where exactly its fields are there.
    pub fn target(self, kind: TargetKind) -> Result<Target, Reject> {
        let TargetFields { measure, credit_kind, component, earning_code } = self;
        let (here, target) = match (kind, measure, credit_kind, component, earning_code) {
            (TargetKind::Credit, measure, credit_kind, None, None) => {
                ("measure and credit_kind", measure.zip(credit_kind).map(|(measure, kind)| Target::Credit { measure, kind }))
            }
            (TargetKind::Earning, None, None, component, None) => {
                ("component", component.map(|component| Target::Earning { component }))
            }
            (TargetKind::Pay, None, None, None, earning_code) => {
                ("earning_code", earning_code.map(|earning_code| Target::Pay { earning_code }))
            }
            (TargetKind::Credit, ..) => ("measure and credit_kind", None),
            (TargetKind::Earning, ..) => ("component", None),
            (TargetKind::Pay, ..) => ("earning_code", None),
        };
        target.ok_or_else(|| Reject::field("target", format!("with this one {here} is stated, and nothing of the others")))
    }

    /// The target that the one field says which is there.
    pub fn inferred(self) -> Result<Target, Reject> {
        match (&self.measure, &self.component, &self.earning_code) {
            (Some(_), None, None) => self.target(TargetKind::Credit),
            (None, Some(_), None) => self.target(TargetKind::Earning),
            (None, None, Some(_)) => self.target(TargetKind::Pay),
            _ => Err(Reject::field("target", "it is about one of measure, component and earning_code".into())),
        }
    }
}

impl AdjustmentMade {
    /// What every word that it waits begins with.
    pub fn label(&self) -> String {
        // An id is one within a quarter.
        format!("adjustment \"{}\" of {}: ", self.adjustment_id, Interval::Quarter(self.effective_period.quarter()))
    }

    /// What is wrong in the record itself.
    pub fn check(&self) -> Result<(), Reject> {
        check_id("adjustment_id", &self.adjustment_id)?;
        check_id("payee_id", &self.payee_id)?;
        check_id("calendar", &self.calendar)?;
        match &self.target {
            Target::Credit { measure, .. } => check_id("measure", measure)?,
            Target::Earning { component } => check_id("component", component)?,
            Target::Pay { earning_code } => {
                check_id("earning_code", earning_code)?;
                if earning_code != MANUAL && RESERVED.contains(&earning_code.as_str()) {
                    return Err(Reject::field("earning_code", format!("\"{earning_code}\" is what a run adds itself")));
                }
            }
        }
        if self.amount.0 == 0 {
            return Err(Reject::field("amount", "0 adjusts nothing".into()));
        }
        if self.amount.0.unsigned_abs() > (MAXIMUM_AMOUNT * 10i128.pow(AMOUNT_DECIMALS)).unsigned_abs() {
            let message = format!("{} is more than {MAXIMUM_AMOUNT}", self.amount);
            return Err(Reject::new(Reason::AmountOutOfRange, "amount", message));
        }
        check_id("author", &self.author)?;
        if self.reason.trim().is_empty() {
            return Err(Reject::field("reason", "an adjustment says why".into()));
        }
        if self.approver.as_ref() == Some(&self.author) {
            return Err(Reject::field("approver", format!("\"{}\" is the author: another person approves", self.author)));
        }
        if self.reverses.as_ref() == Some(&self.adjustment_id) {
            return Err(Reject::field("reverses", "it cannot reverse itself".into()));
        }
        self.reverses.as_deref().map_or(Ok(()), |reverses| check_id("reverses", reverses))
    }

    /// Whether it says the same, whenever it was delivered.
    pub fn says_the_same(&self, other: &AdjustmentMade) -> bool {
        AdjustmentMade { occurred_at: other.occurred_at, ..self.clone() } == *other
    }

    /// Its amount in minor units; `None` where it is no whole number of them.
    pub fn minor(&self, minor_digits: u32) -> Option<Minor> {
        let unit = 10i128.pow(AMOUNT_DECIMALS - minor_digits);
        let whole = (self.amount.0 % unit == 0).then_some(self.amount.0 / unit)?;
        i64::try_from(whole).ok().map(Minor)
    }

    /// Why it does not take back what it says it does, among the adjustments of its payee's quarter; `None`: it does, or
    /// it reverses nothing.
    pub fn misfit(&self, all: &[AdjustmentMade]) -> Option<String> {
        let reverses = self.reverses.as_deref()?;
        let quarter = self.effective_period.quarter();
        let named = |other: &&AdjustmentMade| other.adjustment_id == reverses && other.effective_period.quarter() == quarter;
        let Some(original) = all.iter().find(named) else {
            return Some(format!("\"{reverses}\", which it reverses, is not there for this payee and quarter"));
        };
        if original.reverses.is_some() {
            return Some(format!("\"{reverses}\" is itself a reversal; state a new adjustment instead"));
        }
        if !self.takes_back(original) {
            return Some(format!("\"{reverses}\" is not the same with the opposite amount"));
        }
        // Of several the first by id counts, in whatever order they come.
        let rivals = all.iter().filter(|other| other.reverses.as_deref() == Some(reverses) && other.takes_back(original));
        let first = rivals.min_by_key(|other| &other.adjustment_id).filter(|first| first.adjustment_id != self.adjustment_id)?;
        Some(format!("\"{reverses}\" is reversed by \"{}\" already", first.adjustment_id))
    }

    /// Whether another one takes it back: then neither of them is anything any more.
    pub fn is_taken_back(&self, all: &[AdjustmentMade]) -> bool {
        let takes_back = |other: &&AdjustmentMade| other.reverses.as_ref() == Some(&self.adjustment_id) && other.takes_back(self);
        all.iter().any(|other| takes_back(&other))
    }

    fn takes_back(&self, original: &AdjustmentMade) -> bool {
        let same = original.target == self.target && original.effective_period == self.effective_period;
        same && original.reverses.is_none() && original.amount.0.checked_neg() == Some(self.amount.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(id: &str, amount: i128, reverses: Option<&str>) -> AdjustmentMade {
        AdjustmentMade {
            adjustment_id: id.into(),
            payee_id: "ana".into(),
            target: Target::Pay { earning_code: "SPIFF".into() },
            calendar: "fiscal".into(),
            effective_period: Period(24_312),
            amount: Amount(amount),
            reverses: reverses.map(str::to_owned),
            author: "eva".into(),
            reason: "contest".into(),
            approver: None,
            occurred_at: 0,
        }
    }

    #[test]
    fn an_amount_has_a_limit_both_ways() {
        let most = MAXIMUM_AMOUNT * 10i128.pow(AMOUNT_DECIMALS);
        let check = |amount, expected: Result<(), &str>| {
            let checked = made("A", amount, None).check().map_err(|reject| reject.to_string());
            assert_eq!(checked, expected.map_err(str::to_owned), "{amount}");
        };
        check(most, Ok(()));
        check(-most, Ok(()));
        check(most + 1, Err("amount: 100000000000.000001 is more than 100000000000 [amount_out_of_range]"));
        check(-most - 1, Err("amount: -100000000000.000001 is more than 100000000000 [amount_out_of_range]"));
        check(
            i128::MIN,
            Err("amount: -170141183460469231731687303715884.105728 is more than 100000000000 [amount_out_of_range]"),
        );
    }

    #[test]
    fn a_target_has_exactly_its_fields() {
        let credit = Target::Credit { measure: "sales".into(), kind: crate::domain::fact::CreditKind::Revenue };
        let earning = Target::Earning { component: "base".into() };
        let pay = Target::Pay { earning_code: "SPIFF".into() };
        for target in [credit, earning, pay] {
            let (kind, fields) = TargetFields::of(&target);
            assert_eq!(fields.target(kind), Ok(target));
        }
    }

    #[test]
    fn a_second_delivery_says_the_same() {
        let again = AdjustmentMade { occurred_at: 7, ..made("A", 1, None) };
        assert!(made("A", 1, None).says_the_same(&again) && !made("A", 2, None).says_the_same(&again));
    }

    #[test]
    fn an_adjustment_is_known_by_its_quarter() {
        assert_eq!(made("A", 1, None).label(), "adjustment \"A\" of 2026-Q1: ");
    }

    #[test]
    fn only_whole_minor_units_are_paid() {
        let check = |amount, digits, expected: Option<i64>| {
            assert_eq!(made("A", amount, None).minor(digits), expected.map(Minor), "{amount} {digits}");
        };
        check(1_500_000, 2, Some(150));
        check(-1_500_000, 2, Some(-150));
        check(1_505_000, 2, None);
        check(1_505_000, 3, Some(1_505));
        check(1_500_000, 0, None);
        check(2_000_000, 0, Some(2));
        check(i128::MAX, 2, None);
    }

    #[test]
    fn a_reversal_takes_one_adjustment_back_once() {
        let check = |all: &[AdjustmentMade], expected: &[Option<&str>]| {
            let misfits: Vec<Option<String>> = all.iter().map(|of| of.misfit(all)).collect();
            assert_eq!(misfits.iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{all:?}");
            let taken_back = all.iter().any(|of| of.adjustment_id == "A" && of.is_taken_back(all));
            let fits = all.iter().any(|of| of.reverses.as_deref() == Some("A") && of.misfit(all).is_none());
            assert_eq!(taken_back, fits, "{all:?}");
        };
        let (original, back) = (made("A", 5, None), made("B", -5, Some("A")));
        check(&[original.clone(), back.clone()], &[None, None]);
        check(std::slice::from_ref(&back), &[Some("\"A\", which it reverses, is not there for this payee and quarter")]);
        let more = made("B", -6, Some("A"));
        check(&[more.clone(), original.clone()], &[Some("\"A\" is not the same with the opposite amount"), None]);
        let again = made("C", -5, Some("A"));
        let twice = Some("\"A\" is reversed by \"B\" already");
        check(&[again.clone(), back.clone(), original.clone()], &[twice, None, None]);
        // One that does not fit is in nobody's way.
        check(&[again, more, original.clone()], &[None, Some("\"A\" is not the same with the opposite amount"), None]);
        let back_again = made("D", 5, Some("B"));
        check(&[original, back, back_again], &[None, None, Some("\"B\" is itself a reversal; state a new adjustment instead")]);
    }
}
