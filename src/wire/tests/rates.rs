//! Currency rates in a fact: what a record holds, and what of it is refused.

use super::fixtures;
use crate::domain::calendar::Date;
use crate::domain::currency::{CurrencyRates, RateRow};
use crate::domain::deal::DealKind;
use crate::domain::fact::{CreditKind, Fact, FactBody, Measure, MeasureOf};
use crate::domain::measure::{AttributeCondition, DatedBy, EarnedBy, Earnings, Missing, Unit, Wanted};
use crate::domain::money::{Amount, CurrencyRate};
use crate::wire::Codec;

pub(super) fn stated() -> CurrencyRates {
    let row = |from, rate, max_age_days| RateRow { from: Date(from), rate: CurrencyRate(rate), max_age_days };
    CurrencyRates {
        rate_type: "month".into(),
        from_currency: "GBP".into(),
        to_currency: "USD".into(),
        rows: vec![row(20_454, 12_200_000_000, 31), row(20_485, 99_999_999_999_999_999_999, 0)],
    }
}

/// A measure that converts at them.
pub(super) fn measure() -> Measure {
    Measure {
        measure_id: "new-arr".into(),
        of: MeasureOf::Amount,
        credit_kinds: vec![CreditKind::Revenue, CreditKind::Rolled],
        products: vec!["platform".into()],
        segments: vec!["enterprise".into(), "public".into()],
        deal_kinds: vec![DealKind::New],
        rate_type: Some("month".into()),
        ..Measure::default()
    }
}

/// One that sums an attribute, under conditions of each type.
pub(super) fn detailed_measure() -> Measure {
    let wish = |attribute: &str, is| AttributeCondition { attribute: attribute.into(), is };
    Measure {
        measure_id: "users".into(),
        of: MeasureOf::Attribute,
        attribute: Some("users".into()),
        unit: Some(Unit::Number),
        missing: Some(Missing::Park),
        customers: vec!["globex".into()],
        filter: vec![
            wish("industry", Wanted::Text(vec!["bank".into(), "insurer".into()])),
            wish("users", Wanted::Number { at_least: Some(Amount(-1_500_000)), below: None }),
            wish("signed", Wanted::Date { from: None, to: Some(Date(20_000)) }),
        ],
        rate_type: None,
        dated_by: DatedBy::Receipt,
        roles: vec!["AE".into(), "SE".into()],
        ..measure()
    }
}

/// A measure of what others earn.
pub(super) fn earned() -> Measure {
    let earnings = Some(Earnings { components: vec!["base".into(), "accelerator".into()], by: EarnedBy::Reports });
    let (products, segments, deal_kinds) = (Vec::new(), Vec::new(), Vec::new());
    let measure_id = "team-commission".into();
    let credits = Measure { credit_kinds: Vec::new(), products, segments, deal_kinds, rate_type: None, ..measure() };
    Measure { measure_id, of: MeasureOf::Earned, earnings, ..credits }
}

#[test]
fn what_is_no_rate_is_refused_with_its_field() {
    let codec = Codec::new().unwrap();
    let with = |rate: i128, max_age_days: u32| {
        let mut rates = stated();
        rates.rows[1] = RateRow { rate: CurrencyRate(rate), max_age_days, ..rates.rows[1] };
        let fact = Fact { body: FactBody::RatesDefined(rates), ..fixtures::facts().remove(0) };
        let mut bytes = Vec::new();
        codec.write_fact(&fact, &mut bytes).map(|()| codec.fact(&bytes).unwrap() == fact).map_err(|error| error.to_string())
    };
    assert_eq!(with(1, i32::MAX as u32), Ok(true));
    assert!(with(100_000_000_000_000_000_000, 1).unwrap_err().contains("a decimal of more than 20 digits"));
    assert!(with(1, u32::MAX).unwrap_err().contains("max_age_days: out of range"));
}
