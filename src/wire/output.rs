//! How outputs stand in records: the fields of `schemas/{attainment,accrual,payee}.avsc`.
//!
//! What a record adds to the domain's struct (ids, ratio, delta) is computed here and not read back. What runs pay is
//! `payout`'s.

use super::decimal::{AmountDecimal, MeasuredDecimal, MoneyDecimal, Unscaled, minor, money};
use crate::domain::calendar::Date;
use crate::domain::exact::Exact;
use crate::domain::money::{AMOUNT_DECIMALS, Amount, MEASURED_DECIMALS, Measured, Minor};
use crate::domain::output::{Accrual, Attainment, Causes, PayeeName};
use crate::domain::topic::{Position, Topic};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::str::FromStr;

/// What is wrong with an output: the field and why, in words.
pub(super) type Wrong = String;

pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(field: &str, text: &str) -> Result<T, Wrong> {
    text.parse().map_err(|error| format!("{field}: {error}"))
}

pub(super) fn money_of(field: &str, value: Minor, currency: &str) -> Result<MoneyDecimal, Wrong> {
    money(value.0, currency).ok_or_else(|| format!("{field}: \"{currency}\" is not an ISO 4217 currency code"))
}

pub(super) fn minor_of(field: &str, value: MoneyDecimal, currency: &str) -> Result<Minor, Wrong> {
    minor(value, currency).map(Minor).ok_or_else(|| format!("{field}: not an amount in minor units of \"{currency}\""))
}

/// Attainment as two integers: measured over quota, both in 10^-12; `None` without a quota above zero.
pub(super) fn ratio(attainment: &Attainment) -> Option<(i128, i128)> {
    let quota = attainment.quota.filter(|quota| quota.0 > 0)?;
    Some((attainment.measured.0, quota.0.checked_mul(10i128.pow(MEASURED_DECIMALS - AMOUNT_DECIMALS))?))
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum AttainmentState {
    Estimated,
    Final,
}

#[derive(Serialize, Deserialize)]
pub(super) struct AttainmentRecord<'a> {
    payee_id: &'a str,
    measure: &'a str,
    calendar: &'a str,
    #[serde(borrow)]
    interval: Cow<'a, str>,
    from: Date,
    to: Date,
    measured: MeasuredDecimal,
    quota: Option<AmountDecimal>,
    quota_revision: Option<i64>,
    ratio_numerator: Option<Cow<'a, str>>,
    ratio_denominator: Option<Cow<'a, str>>,
    prorated: bool,
    revenue: MeasuredDecimal,
    overlay: MeasuredDecimal,
    rolled: MeasuredDecimal,
    #[serde(default)]
    territory: MeasuredDecimal,
    unit: &'a str,
    state: AttainmentState,
    sequence: i64,
    as_of: i64,
}

impl<'a> AttainmentRecord<'a> {
    pub(super) fn new(attainment: &'a Attainment) -> AttainmentRecord<'a> {
        let ratio = ratio(attainment);
        AttainmentRecord {
            payee_id: &attainment.payee_id,
            measure: &attainment.measure,
            calendar: &attainment.calendar,
            interval: attainment.interval.to_string().into(),
            from: attainment.from,
            to: attainment.to,
            measured: Unscaled(attainment.measured.0),
            quota: attainment.quota.map(|quota| Unscaled(quota.0)),
            quota_revision: attainment.quota_revision,
            ratio_numerator: ratio.map(|(numerator, _)| numerator.to_string().into()),
            ratio_denominator: ratio.map(|(_, denominator)| denominator.to_string().into()),
            prorated: false,
            revenue: Unscaled(attainment.revenue.0),
            overlay: Unscaled(attainment.overlay.0),
            rolled: Unscaled(attainment.rolled.0),
            territory: Unscaled(attainment.territory.0),
            unit: &attainment.unit,
            state: if attainment.last { AttainmentState::Final } else { AttainmentState::Estimated },
            sequence: attainment.sequence,
            as_of: attainment.as_of,
        }
    }

    pub(super) fn attainment(self) -> Result<Attainment, Wrong> {
        Ok(Attainment {
            payee_id: self.payee_id.into(),
            measure: self.measure.into(),
            calendar: self.calendar.into(),
            interval: parsed("interval", &self.interval)?,
            from: self.from,
            to: self.to,
            measured: Measured(self.measured.0),
            quota: self.quota.map(|quota| Amount(quota.0)),
            quota_revision: self.quota_revision,
            revenue: Measured(self.revenue.0),
            overlay: Measured(self.overlay.0),
            rolled: Measured(self.rolled.0),
            territory: Measured(self.territory.0),
            unit: self.unit.into(),
            last: matches!(self.state, AttainmentState::Final),
            sequence: self.sequence,
            as_of: self.as_of,
        })
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum AccrualState {
    Earned,
    Held,
    Payable,
}

#[derive(Serialize, Deserialize)]
pub(super) struct AccrualRecord<'a> {
    #[serde(borrow)]
    accrual_id: Cow<'a, str>,
    sequence: i64,
    payee_id: &'a str,
    plan_id: &'a str,
    plan_from: Date,
    component: &'a str,
    earning_code: &'a str,
    calendar: &'a str,
    interval: Cow<'a, str>,
    effective_period: Cow<'a, str>,
    booking_period: Cow<'a, str>,
    previous_total: MoneyDecimal,
    new_total: MoneyDecimal,
    delta: MoneyDecimal,
    exact_numerator: Cow<'a, str>,
    exact_denominator: Cow<'a, str>,
    unit: &'a str,
    currency: &'a str,
    state: AccrualState,
    reverses: Option<&'a str>,
    first_cause_topic: &'a str,
    first_cause_partition: i32,
    first_cause_offset: i64,
    last_cause_topic: &'a str,
    last_cause_partition: i32,
    last_cause_offset: i64,
    causes: i64,
    as_of: i64,
}

impl<'a> AccrualRecord<'a> {
    pub(super) fn new(accrual: &'a Accrual) -> Result<AccrualRecord<'a>, Wrong> {
        let (first, last) = (accrual.causes.first, accrual.causes.last);
        let (previous, new) = (accrual.previous_total, accrual.new_total);
        let delta = new.0.checked_sub(previous.0).ok_or("delta: out of range")?;
        let (numerator, denominator) = accrual.exact.parts();
        Ok(AccrualRecord {
            accrual_id: accrual.accrual_id().into(),
            sequence: accrual.sequence,
            payee_id: &accrual.payee_id,
            plan_id: &accrual.plan_id,
            plan_from: accrual.plan_from,
            component: &accrual.component,
            earning_code: &accrual.earning_code,
            calendar: &accrual.calendar,
            interval: accrual.interval.to_string().into(),
            effective_period: accrual.effective_period.to_string().into(),
            booking_period: accrual.booking_period.to_string().into(),
            previous_total: money_of("previous_total", previous, &accrual.currency)?,
            new_total: money_of("new_total", new, &accrual.currency)?,
            delta: money_of("delta", Minor(delta), &accrual.currency)?,
            exact_numerator: numerator.into(),
            exact_denominator: denominator.into(),
            unit: accrual.unit(),
            currency: &accrual.currency,
            state: if accrual.in_tranches { AccrualState::Earned } else { AccrualState::Payable },
            reverses: None,
            first_cause_topic: first.topic.name(),
            first_cause_partition: int("first_cause_partition", first.partition)?,
            first_cause_offset: int("first_cause_offset", first.offset)?,
            last_cause_topic: last.topic.name(),
            last_cause_partition: int("last_cause_partition", last.partition)?,
            last_cause_offset: int("last_cause_offset", last.offset)?,
            causes: accrual.causes.count,
            as_of: accrual.as_of,
        })
    }

    pub(super) fn accrual(self) -> Result<Accrual, Wrong> {
        let first = position("first_cause", self.first_cause_topic, self.first_cause_partition, self.first_cause_offset)?;
        let last = position("last_cause", self.last_cause_topic, self.last_cause_partition, self.last_cause_offset)?;
        Ok(Accrual {
            payee_id: self.payee_id.into(),
            plan_id: self.plan_id.into(),
            plan_from: self.plan_from,
            component: self.component.into(),
            earning_code: self.earning_code.into(),
            calendar: self.calendar.into(),
            interval: parsed("interval", &self.interval)?,
            effective_period: parsed("effective_period", &self.effective_period)?,
            booking_period: parsed("booking_period", &self.booking_period)?,
            sequence: self.sequence,
            previous_total: minor_of("previous_total", self.previous_total, self.currency)?,
            new_total: minor_of("new_total", self.new_total, self.currency)?,
            exact: Exact::from_parts(&self.exact_numerator, &self.exact_denominator)
                .ok_or("exact_numerator: not a fraction with exact_denominator")?,
            currency: self.currency.into(),
            in_tranches: !matches!(self.state, AccrualState::Payable),
            causes: Causes { first, last, count: self.causes },
            as_of: self.as_of,
        })
    }
}

pub(super) fn int<F, T: TryFrom<F>>(field: &str, value: F) -> Result<T, Wrong> {
    T::try_from(value).map_err(|_| format!("{field}: out of range"))
}

fn position(field: &str, topic: &str, partition: i32, offset: i64) -> Result<Position, Wrong> {
    let topic = Topic::from_name(topic).ok_or_else(|| format!("{field}_topic: \"{topic}\" is not a topic"))?;
    Ok(Position { topic, partition: int(field, partition)?, offset: int(field, offset)? })
}

#[derive(Serialize, Deserialize)]
pub(super) struct PayeeNameRecord<'a> {
    payee_id: &'a str,
    name: &'a str,
    team: &'a str,
    #[serde(borrow)]
    manager: Option<&'a str>,
    active: bool,
}

impl<'a> PayeeNameRecord<'a> {
    pub(super) fn new(name: &'a PayeeName) -> PayeeNameRecord<'a> {
        PayeeNameRecord {
            payee_id: &name.payee_id,
            name: &name.name,
            team: &name.team,
            manager: name.manager.as_deref(),
            active: name.active,
        }
    }

    pub(super) fn payee_name(self) -> PayeeName {
        PayeeName {
            payee_id: self.payee_id.into(),
            name: self.name.into(),
            team: self.team.into(),
            manager: self.manager.map(Into::into),
            active: self.active,
        }
    }
}
