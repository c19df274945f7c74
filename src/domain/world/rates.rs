//! Facts about currency rates: whether they can be, what they touch, and the rate that a deal finds.

use super::World;
use super::apply::{Reach, invalid, not_supported};
use crate::domain::calendar::Date;
use crate::domain::currency::{CurrencyRates, MAXIMUM_RATES};
use crate::domain::deal::check_id;
use crate::domain::fact::{Measure, MeasureOf};
use crate::domain::money::{CurrencyRate, minor_digits};
use crate::domain::reject::{Reason, Reject};
use std::sync::Arc;

impl World {
    pub(super) fn apply_rates(&mut self, stated: &CurrencyRates) -> Result<Reach, Reject> {
        self.check_rates(stated)?;
        let known = self.rates_of(&stated.rate_type, &stated.from_currency).cloned();
        let from = match &known {
            Some(known) => known.differ_from(stated),
            None => stated.rows.first().map(|row| row.from),
        };
        let Some(from) = from else { return Ok(Reach::default()) };
        let all = Arc::make_mut(&mut self.rates);
        all.retain(|other| known.as_ref().is_none_or(|known| !Arc::ptr_eq(other, known)));
        all.push(Arc::new(stated.clone()));
        Ok(Reach { credits_from: Some(from), parked: true, ..Reach::default() })
    }

    fn check_rates(&self, stated: &CurrencyRates) -> Result<(), Reject> {
        check_id("rate_type", &stated.rate_type).map_err(|reject| invalid(&reject.field, reject.message))?;
        let Some(company) = &self.company else {
            return Err(invalid("to_currency", "the company, into whose currency rates convert, is not published yet".into()));
        };
        if minor_digits(&stated.from_currency).is_none() {
            return Err(invalid("from_currency", format!("\"{}\" is not an ISO 4217 currency code", stated.from_currency)));
        }
        if stated.to_currency != company.currency {
            return Err(not_supported("to_currency", "a rate into another currency than the company's"));
        }
        if stated.from_currency == stated.to_currency {
            return Err(invalid("from_currency", "a currency is worth itself".into()));
        }
        if stated.rows.is_empty() || stated.rows.len() > MAXIMUM_RATES {
            return Err(invalid("rows", format!("{} rates: there are from 1 to {MAXIMUM_RATES}", stated.rows.len())));
        }
        if stated.rows.windows(2).any(|pair| pair[0].from >= pair[1].from) {
            return Err(invalid("rows", "rates are in order of their first days, one for each".into()));
        }
        if stated.rows.iter().any(|row| !row.rate.is_possible()) {
            return Err(invalid("rows", "a rate is above zero and below 10000000000".into()));
        }
        Ok(())
    }

    fn rates_of(&self, rate_type: &str, from_currency: &str) -> Option<&Arc<CurrencyRates>> {
        self.rates.iter().find(|rates| rates.rate_type == rate_type && rates.from_currency == from_currency)
    }

    /// The rate of a type from a currency into the company's that is in force on a day.
    pub fn rate_on(&self, rate_type: &str, from_currency: &str, on: Date) -> Result<CurrencyRate, Reject> {
        let missing = |message: String| Reject::new(Reason::MissingRate, "currency", message);
        let into = &self.currency;
        let newest = self.rates_of(rate_type, from_currency).and_then(|rates| rates.newest(on)).ok_or_else(|| {
            missing(format!("no \"{rate_type}\" rate from {from_currency} to {into} is stated for {on} or before"))
        })?;
        if !newest.is_in_force(on) {
            let (from, days) = (newest.from, newest.max_age_days);
            let last = format!("the last \"{rate_type}\" rate from {from_currency} to {into} is of {from}");
            return Err(missing(format!("{last} and holds {days} days behind it, not until {on}")));
        }
        Ok(newest.rate)
    }
}

/// Only amounts are in a currency.
pub(super) fn check_rate_type(measure: &Measure) -> Result<(), Reject> {
    let Some(rate_type) = &measure.rate_type else { return Ok(()) };
    check_id("rate_type", rate_type).map_err(|reject| invalid(&reject.field, reject.message))?;
    if measure.of != MeasureOf::Amount {
        return Err(invalid("rate_type", "only a measure of amounts converts currencies".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::currency::RateRow;
    use crate::domain::fact::{Company, Fact, FactBody};

    fn stated() -> CurrencyRates {
        let row = RateRow { from: Date(10), rate: CurrencyRate::ONE, max_age_days: 5 };
        let (rate_type, from_currency, to_currency) = ("spot".into(), "GBP".into(), "USD".into());
        CurrencyRates { rate_type, from_currency, to_currency, rows: vec![row] }
    }

    fn apply(world: &mut World, body: FactBody) -> Result<Reach, String> {
        let (fact_id, author, reason) = ("f".into(), "kim".into(), "".into());
        let fact = Fact { fact_id, author, reason, approver: None, occurred_at: 0, body };
        world.apply(world.facts_next, &fact).map_err(|reject| reject.to_string())
    }

    fn world() -> World {
        let mut world = World::new(1);
        let (company_id, currency, calendar) = ("acme".into(), "USD".into(), "fiscal".into());
        let company = Company { company_id, currency, calendar, closer_may_release: false };
        apply(&mut world, FactBody::CompanyDefined(company)).unwrap();
        world
    }

    #[test]
    fn rates_that_are_none_are_refused() {
        let row = |from, rate| RateRow { from: Date(from), rate: CurrencyRate(rate), max_age_days: 1 };
        let many = (0..=MAXIMUM_RATES as i32).map(|day| row(day, 1)).collect();
        let out_of_range = "rows: a rate is above zero and below 10000000000 [invalid_fact]";
        let out_of_order = "rows: rates are in order of their first days, one for each [invalid_fact]";
        let cases = [
            (CurrencyRates { rate_type: "".into(), ..stated() }, "rate_type: empty [invalid_fact]"),
            (
                CurrencyRates { to_currency: "EUR".into(), ..stated() },
                "to_currency: a rate into another currency than the company's [not_supported]",
            ),
            (
                CurrencyRates { from_currency: "USD".into(), ..stated() },
                "from_currency: a currency is worth itself [invalid_fact]",
            ),
            (
                CurrencyRates { from_currency: "pound".into(), ..stated() },
                "from_currency: \"pound\" is not an ISO 4217 currency code [invalid_fact]",
            ),
            (CurrencyRates { rows: vec![], ..stated() }, "rows: 0 rates: there are from 1 to 10000 [invalid_fact]"),
            (CurrencyRates { rows: many, ..stated() }, "rows: 10001 rates: there are from 1 to 10000 [invalid_fact]"),
            (CurrencyRates { rows: vec![row(2, 1), row(2, 2)], ..stated() }, out_of_order),
            (CurrencyRates { rows: vec![row(3, 1), row(2, 2)], ..stated() }, out_of_order),
            (CurrencyRates { rows: vec![row(2, 0)], ..stated() }, out_of_range),
            (CurrencyRates { rows: vec![row(2, 10i128.pow(20))], ..stated() }, out_of_range),
        ];
        for (rates, expected) in cases {
            assert_eq!(apply(&mut world(), FactBody::RatesDefined(rates)).unwrap_err(), expected);
        }
        let early = apply(&mut World::new(1), FactBody::RatesDefined(stated())).unwrap_err();
        assert_eq!(early, "to_currency: the company, into whose currency rates convert, is not published yet [invalid_fact]");
    }

    #[test]
    fn rates_reach_back_to_the_first_day_that_differs() {
        let mut world = world();
        let mut check = |rates: &CurrencyRates, expected: Option<i32>| {
            let reach = apply(&mut world, FactBody::RatesDefined(rates.clone())).unwrap();
            assert_eq!((reach.credits_from, reach.parked), (expected.map(Date), expected.is_some()));
            assert_eq!(world.rates.len(), 1);
        };
        let mut rates = stated();
        check(&rates, Some(10));
        check(&rates, None);
        rates.rows.push(RateRow { from: Date(20), rate: CurrencyRate(7), max_age_days: 5 });
        check(&rates, Some(20));
        rates.rows[1].max_age_days = 6;
        check(&rates, Some(20));
        rates.rows.remove(0);
        check(&rates, Some(10));
    }
}
