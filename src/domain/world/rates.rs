//! Facts about currency rates: whether they can be, what they touch, and the rate that a deal or a run of pay finds.

use super::apply::{Reach, invalid};
use super::{DefinedMeasure, RunState, World};
use crate::domain::calendar::{Date, Period};
use crate::domain::conversion::PayRate;
use crate::domain::currency::{CurrencyRates, MAXIMUM_RATES, Money, RateRow};
use crate::domain::deal::check_id;
use crate::domain::money::{CurrencyRate, minor_digits};
use crate::domain::reject::{Reason, Reject};
use std::collections::BTreeMap;
use std::sync::Arc;

impl World {
    pub(super) fn apply_rates(&mut self, stated: &CurrencyRates) -> Result<Reach, Reject> {
        self.check_rates(stated)?;
        let known = self.rates.iter().find(|of| of.is_of_kind(stated)).cloned();
        let from = match &known {
            Some(known) => known.differ_from(stated),
            None => stated.rows.first().map(|row| row.from),
        };
        let Some(from) = from else { return Ok(Reach::default()) };
        let all = Arc::make_mut(&mut self.rates);
        all.retain(|other| known.as_ref().is_none_or(|known| !Arc::ptr_eq(other, known)));
        all.push(Arc::new(stated.clone()));
        let counts = |of: &DefinedMeasure| of.measure.is_money() && self.currency_of(&of.measure) == stated.to_currency;
        if *stated.to_currency != *self.money.currency && !self.measures.iter().any(counts) {
            // Of pay, or of a measure that is none yet: a close looks at it, and what counts in that measure is told then.
            return Ok(Reach::default());
        }
        Ok(Reach { credits_from: Some(from), parked: true, ..Reach::default() })
    }

    fn check_rates(&self, stated: &CurrencyRates) -> Result<(), Reject> {
        check_id("rate_type", &stated.rate_type).map_err(|reject| invalid(&reject.field, reject.message))?;
        if self.company.is_none() {
            return Err(invalid("to_currency", "the company, whose rates these are, is not published yet".into()));
        }
        for (field, currency) in [("from_currency", &stated.from_currency), ("to_currency", &stated.to_currency)] {
            if minor_digits(currency).is_none() {
                return Err(invalid(field, format!("\"{currency}\" is not an ISO 4217 currency code")));
            }
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

    fn rates_of(&self, rate_type: &str, from_currency: &str, into: &str) -> Option<&Arc<CurrencyRates>> {
        let same = |rates: &&Arc<CurrencyRates>| {
            rates.rate_type == rate_type && rates.from_currency == from_currency && rates.to_currency == into
        };
        self.rates.iter().find(same)
    }

    /// The rate of a type from a currency into another one that is in force on a day.
    pub fn rate_on(&self, rate_type: &str, from_currency: &str, into: &str, on: Date) -> Result<CurrencyRate, Reject> {
        self.rate_row(rate_type, from_currency, into, on).map(|row| row.rate)
    }

    fn rate_row(&self, rate_type: &str, from_currency: &str, into: &str, on: Date) -> Result<RateRow, Reject> {
        let missing = |message: String| Reject::new(Reason::MissingRate, "currency", message);
        let newest = self.rates_of(rate_type, from_currency, into).and_then(|rates| rates.newest(on)).ok_or_else(|| {
            missing(format!("no \"{rate_type}\" rate from {from_currency} to {into} is stated for {on} or before"))
        })?;
        if !newest.is_in_force(on) {
            let (from, days) = (newest.from, newest.max_age_days);
            let last = format!("the last \"{rate_type}\" rate from {from_currency} to {into} is of {from}");
            return Err(missing(format!("{last} and holds {days} days behind it, not until {on}")));
        }
        Ok(*newest)
    }

    /// The currency of a payee's pay, where it is another than that of the plans.
    pub fn paid_in(&self, payee_id: &str) -> Option<&str> {
        let own = &self.money_of(payee_id).currency;
        self.organisation.get(payee_id)?.pay_currency().filter(|currency| **currency != **own)
    }

    /// Whether a close that stands came after a payee was known: it may have paid him.
    pub fn may_be_paid(&self, payee_id: &str) -> bool {
        let since = self.organisation.runs_before(payee_id).and_then(|before| self.runs.get(before..));
        since.is_some_and(|runs| runs.iter().any(|run| run.state != RunState::Reopened))
    }

    /// At which rate the run of a period pays what plans of some money earn in a currency: the one in force on the period's last
    /// day.
    pub fn pay_rate<'w>(&'w self, earned: &Money, currency: &'w str, period: Period) -> Result<PayRate<'w>, Reject> {
        let rate_type = self.company.as_ref().and_then(|company| company.pay_rate_type.as_deref()).ok_or_else(|| {
            let message = format!("no type of rate converts pay into {currency}: the company states no `pay_rate_type`");
            Reject::new(Reason::MissingRate, "pay_rate_type", message)
        })?;
        let (_, after) = self.bounds(period).ok_or_else(|| invalid("period", format!("no calendar reaches {period}")))?;
        let row = self.rate_row(rate_type, &earned.currency, currency, Date(after.0 - 1))?;
        let unknown = || invalid("pay_currency", format!("\"{currency}\" is not an ISO 4217 currency code"));
        let minor_digits = minor_digits(currency).ok_or_else(unknown)?;
        Ok(PayRate { currency, minor_digits, plan_digits: earned.minor_digits, row })
    }

    /// Whoever is paid in a currency that a period's run has no rate for, by the plans' currency and that one, with the reason.
    pub fn without_pay_rate(&self, period: Period) -> BTreeMap<(&str, &str), (Vec<&str>, Reject)> {
        let mut paid: BTreeMap<(&str, &str), (&Money, Vec<&str>)> = BTreeMap::new();
        for payee in self.organisation.payees() {
            if let Some(currency) = self.paid_in(&payee.payee_id) {
                let earned = self.money_of(&payee.payee_id);
                paid.entry((&earned.currency, currency)).or_insert((earned, Vec::new())).1.push(&payee.payee_id);
            }
        }
        let mut without = BTreeMap::new();
        for (pair, (earned, mut payees)) in paid {
            if let Err(reject) = self.pay_rate(earned, pair.1, period) {
                payees.sort_unstable();
                without.insert(pair, (payees, reject));
            }
        }
        without
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::currency::RateRow;
    use crate::domain::fact::{Company, CreditKind, Fact, FactBody};
    use crate::domain::measure::{Measure, MeasureOf};

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
        let company = Company { company_id, currency, calendar, closer_may_release: false, pay_rate_type: None };
        apply(&mut world, FactBody::CompanyDefined(company)).unwrap();
        world
    }

    #[test]
    fn rates_that_are_none_are_refused() {
        let row = |from, rate| RateRow { from: Date(from), rate: CurrencyRate(rate), max_age_days: 1 };
        let many: Vec<RateRow> = (0..=MAXIMUM_RATES as i32).map(|day| row(day, 1)).collect();
        let most = many[..MAXIMUM_RATES].to_vec();
        apply(&mut world(), FactBody::RatesDefined(CurrencyRates { rows: most, ..stated() })).unwrap();
        let out_of_range = "rows: a rate is above zero and below 10000000000 [invalid_fact]";
        let out_of_order = "rows: rates are in order of their first days, one for each [invalid_fact]";
        let cases = [
            (CurrencyRates { rate_type: "".into(), ..stated() }, "rate_type: empty [invalid_fact]"),
            (
                CurrencyRates { from_currency: "USD".into(), to_currency: "euro".into(), ..stated() },
                "to_currency: \"euro\" is not an ISO 4217 currency code [invalid_fact]",
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
        assert_eq!(early, "to_currency: the company, whose rates these are, is not published yet [invalid_fact]");
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
        // Those of pay touch no credit, and are others.
        let pay = CurrencyRates { from_currency: "USD".into(), to_currency: "GBP".into(), ..stated() };
        assert_eq!(apply(&mut world, FactBody::RatesDefined(pay.clone())).unwrap(), Reach::default());
        assert_eq!(world.rates.len(), 2);
        // But in a measure's currency they are of deals.
        let with = |unit: MeasureOf, currency: &str| {
            let (measure_id, credit_kinds) = (format!("{unit:?}{currency}"), vec![CreditKind::Revenue]);
            let currency = (unit == MeasureOf::Amount).then(|| currency.into());
            FactBody::MeasureDefined(Measure { measure_id, of: unit, credit_kinds, currency, ..Measure::default() })
        };
        let row = RateRow { from: Date(30), rate: CurrencyRate(3), max_age_days: 5 };
        for (measure, expected) in [
            (with(MeasureOf::Count, "GBP"), None),
            (with(MeasureOf::Amount, "EUR"), None),
            (with(MeasureOf::Amount, "GBP"), Some(Date(10))),
        ] {
            apply(&mut world, measure).unwrap();
            let other = CurrencyRates { rows: vec![row], ..pay.clone() };
            for stated in [other, pay.clone()] {
                let reach = apply(&mut world, FactBody::RatesDefined(stated)).unwrap();
                assert_eq!((reach.credits_from, reach.parked), (expected, expected.is_some()));
            }
        }
    }
}
