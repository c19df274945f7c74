//! How what runs pay stands in records: the fields of `schemas/{payout,payout-run}.avsc`.
//!
//! A payout in the plans' currency states its amount as the plans', too, so that no reader need know of others.

use super::decimal::{MoneyDecimal, Unscaled};
use super::output::{Wrong, int, minor_of, money_of, parsed};
use crate::domain::calendar::Date;
use crate::domain::money::CurrencyRate;
use crate::domain::output::{ConvertedFrom, CurrencyTotal, Payout, PayoutKind, PayoutRun};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Serialize, Deserialize)]
pub(super) struct PayoutRecord<'a> {
    #[serde(borrow)]
    payout_id: Cow<'a, str>,
    run_id: &'a str,
    pay_group: &'a str,
    period: Cow<'a, str>,
    payee_id: &'a str,
    employee_ref: Option<&'a str>,
    earning_code: &'a str,
    kind: PayoutKind,
    effective_period: Cow<'a, str>,
    amount: MoneyDecimal,
    currency: &'a str,
    adjusts: Option<&'a str>,
    balance_after: MoneyDecimal,
    #[serde(default)]
    plan_amount: Option<MoneyDecimal>,
    #[serde(default)]
    plan_currency: Option<&'a str>,
    #[serde(default)]
    rate: Option<Unscaled<20>>,
    #[serde(default)]
    rate_date: Option<Date>,
}

impl<'a> PayoutRecord<'a> {
    pub(super) fn new(payout: &'a Payout) -> Result<PayoutRecord<'a>, Wrong> {
        let plan_currency = payout.plan_currency();
        let rate = payout.converted.as_ref().and_then(|from| from.rate);
        Ok(PayoutRecord {
            payout_id: payout.payout_id().into(),
            run_id: &payout.run_id,
            pay_group: &payout.pay_group,
            period: payout.period.to_string().into(),
            payee_id: &payout.payee_id,
            employee_ref: payout.employee_ref.as_deref(),
            earning_code: &payout.earning_code,
            kind: payout.kind,
            effective_period: payout.effective_period.to_string().into(),
            amount: money_of("amount", payout.amount, &payout.currency)?,
            currency: &payout.currency,
            adjusts: None,
            balance_after: money_of("balance_after", payout.balance_after, plan_currency)?,
            plan_amount: Some(money_of("plan_amount", payout.plan_amount(), plan_currency)?),
            plan_currency: Some(plan_currency),
            rate: rate.map(|(rate, _)| Unscaled(rate.0)),
            rate_date: rate.map(|(_, date)| date),
        })
    }

    pub(super) fn payout(self) -> Result<Payout, Wrong> {
        let plan_currency = self.plan_currency.unwrap_or(self.currency);
        let converted = match self.plan_amount.filter(|_| plan_currency != self.currency) {
            Some(plan_amount) => Some(ConvertedFrom {
                plan_amount: minor_of("plan_amount", plan_amount, plan_currency)?,
                plan_currency: plan_currency.into(),
                rate: self.rate.zip(self.rate_date).map(|(rate, date)| (CurrencyRate(rate.0), date)),
            }),
            None => None,
        };
        Ok(Payout {
            run_id: self.run_id.into(),
            pay_group: self.pay_group.into(),
            period: parsed("period", &self.period)?,
            payee_id: self.payee_id.into(),
            employee_ref: self.employee_ref.map(Into::into),
            earning_code: self.earning_code.into(),
            kind: self.kind,
            effective_period: parsed("effective_period", &self.effective_period)?,
            amount: minor_of("amount", self.amount, self.currency)?,
            currency: self.currency.into(),
            balance_after: minor_of("balance_after", self.balance_after, plan_currency)?,
            converted,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct PayoutRunRecord<'a> {
    run_id: &'a str,
    calendar: &'a str,
    pay_group: &'a str,
    #[serde(borrow)]
    period: Cow<'a, str>,
    records: i64,
    total: MoneyDecimal,
    currency: &'a str,
    digest: &'a str,
    closed_by: &'a str,
    released_by: &'a str,
    #[serde(default)]
    other_totals: Vec<TotalRecord<'a>>,
}

#[derive(Serialize, Deserialize)]
struct TotalRecord<'a> {
    currency: &'a str,
    records: i64,
    total: MoneyDecimal,
}

impl<'a> TotalRecord<'a> {
    fn new(of: &'a CurrencyTotal) -> Result<TotalRecord<'a>, Wrong> {
        let (currency, total) = (of.currency.as_str(), money_of("other_totals", of.total, &of.currency)?);
        Ok(TotalRecord { currency, records: int("other_totals", of.records)?, total })
    }

    fn total(self) -> Result<CurrencyTotal, Wrong> {
        let total = minor_of("other_totals", self.total, self.currency)?;
        Ok(CurrencyTotal { currency: self.currency.into(), records: int("other_totals", self.records)?, total })
    }
}

impl<'a> PayoutRunRecord<'a> {
    pub(super) fn new(run: &'a PayoutRun) -> Result<PayoutRunRecord<'a>, Wrong> {
        Ok(PayoutRunRecord {
            run_id: &run.run_id,
            calendar: &run.calendar,
            pay_group: &run.pay_group,
            period: run.period.to_string().into(),
            records: int("records", run.records)?,
            total: money_of("total", run.total, &run.currency)?,
            currency: &run.currency,
            digest: &run.digest,
            closed_by: &run.closed_by,
            released_by: &run.released_by,
            other_totals: run.other_totals.iter().map(TotalRecord::new).collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn payout_run(self) -> Result<PayoutRun, Wrong> {
        Ok(PayoutRun {
            run_id: self.run_id.into(),
            calendar: self.calendar.into(),
            pay_group: self.pay_group.into(),
            period: parsed("period", &self.period)?,
            records: int("records", self.records)?,
            total: minor_of("total", self.total, self.currency)?,
            currency: self.currency.into(),
            digest: self.digest.into(),
            closed_by: self.closed_by.into(),
            released_by: self.released_by.into(),
            other_totals: self.other_totals.into_iter().map(TotalRecord::total).collect::<Result<_, _>>()?,
        })
    }
}
