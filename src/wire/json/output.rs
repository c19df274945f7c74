//! Outputs as JSON, field for field as their Avro records: decimals, dates and intervals as text, times in microseconds.

use crate::domain::fact::Fact;
use crate::domain::money::{Minor, minor_digits};
use crate::domain::output::{Accrual, Attainment, CurrencyTotal, PayeeName, Payout, PayoutRun, RejectRecord};
use crate::domain::topic::Position;
use crate::wire::keys;
use crate::wire::output::ratio;
use serde_json::{Value, json};

/// What has a form in JSON.
pub trait ToJson {
    fn to_json(&self) -> Value;
}

/// A record as a JSON object.
pub fn to_json<T: ToJson>(record: &T) -> Value {
    record.to_json()
}

/// Money as text with the currency's decimals.
fn money(minor: Minor, currency: &str) -> String {
    minor.text(minor_digits(currency).unwrap_or(2))
}

impl ToJson for Attainment {
    fn to_json(&self) -> Value {
        let ratio = ratio(self);
        json!({
            "payee_id": *self.payee_id,
            "measure": *self.measure,
            "calendar": *self.calendar,
            "interval": self.interval.to_string(),
            "from": self.from.to_string(),
            "to": self.to.to_string(),
            "measured": self.measured.to_string(),
            "quota": self.quota.map(|quota| quota.to_string()),
            "quota_revision": self.quota_revision,
            "ratio_numerator": ratio.map(|(numerator, _)| numerator.to_string()),
            "ratio_denominator": ratio.map(|(_, denominator)| denominator.to_string()),
            "prorated": false,
            "revenue": self.revenue.to_string(),
            "overlay": self.overlay.to_string(),
            "rolled": self.rolled.to_string(),
            "territory": self.territory.to_string(),
            "unit": *self.unit,
            "state": if self.last { "FINAL" } else { "ESTIMATED" },
            "sequence": self.sequence,
            "as_of": self.as_of,
        })
    }
}

impl ToJson for Accrual {
    fn to_json(&self) -> Value {
        let delta = Minor(self.new_total.0.saturating_sub(self.previous_total.0));
        let (numerator, denominator) = self.exact.parts();
        let mut value = json!({
            "accrual_id": self.accrual_id(),
            "sequence": self.sequence,
            "payee_id": *self.payee_id,
            "plan_id": *self.plan_id,
            "plan_from": self.plan_from.to_string(),
            "component": *self.component,
            "earning_code": *self.earning_code,
            "calendar": *self.calendar,
            "interval": self.interval.to_string(),
            "effective_period": self.effective_period.to_string(),
            "booking_period": self.booking_period.to_string(),
            "previous_total": money(self.previous_total, &self.currency),
            "new_total": money(self.new_total, &self.currency),
            "delta": money(delta, &self.currency),
            "exact_numerator": numerator,
            "exact_denominator": denominator,
            "unit": self.unit(),
            "currency": *self.currency,
            "state": if self.in_tranches { "EARNED" } else { "PAYABLE" },
            "reverses": null,
            "causes": self.causes.count,
            "as_of": self.as_of,
        });
        add_cause(&mut value, "first_cause", self.causes.first);
        add_cause(&mut value, "last_cause", self.causes.last);
        value
    }
}

fn add_cause(value: &mut Value, name: &str, position: Position) {
    value[format!("{name}_topic")] = position.topic.name().into();
    value[format!("{name}_partition")] = position.partition.into();
    value[format!("{name}_offset")] = position.offset.into();
}

impl ToJson for Payout {
    fn to_json(&self) -> Value {
        let rate = self.converted.as_ref().and_then(|from| from.rate);
        json!({
            "payout_id": self.payout_id(),
            "run_id": self.run_id,
            "pay_group": self.pay_group,
            "period": self.period.to_string(),
            "payee_id": self.payee_id,
            "employee_ref": self.employee_ref,
            "earning_code": self.earning_code,
            "kind": self.kind,
            "effective_period": self.effective_period.to_string(),
            "amount": money(self.amount, &self.currency),
            "currency": self.currency,
            "adjusts": null,
            "balance_after": money(self.balance_after, self.plan_currency()),
            "plan_amount": money(self.plan_amount(), self.plan_currency()),
            "plan_currency": self.plan_currency(),
            "rate": rate.map(|(rate, _)| rate.to_string()),
            "rate_date": rate.map(|(_, date)| date.to_string()),
        })
    }
}

impl ToJson for PayoutRun {
    fn to_json(&self) -> Value {
        json!({
            "run_id": self.run_id,
            "calendar": self.calendar,
            "pay_group": self.pay_group,
            "period": self.period.to_string(),
            "records": self.records,
            "total": money(self.total, &self.currency),
            "currency": self.currency,
            "digest": self.digest,
            "closed_by": self.closed_by,
            "released_by": self.released_by,
            "other_totals": self.other_totals.iter().map(total_json).collect::<Vec<_>>(),
        })
    }
}

fn total_json(of: &CurrencyTotal) -> Value {
    json!({ "currency": of.currency, "records": of.records, "total": money(of.total, &of.currency) })
}

impl ToJson for PayeeName {
    fn to_json(&self) -> Value {
        json!({
            "payee_id": self.payee_id,
            "name": self.name,
            "team": self.team,
            "manager": self.manager,
            "active": self.active,
        })
    }
}

impl ToJson for RejectRecord {
    fn to_json(&self) -> Value {
        json!({
            "kind": self.kind.name(),
            "topic": self.position.topic.name(),
            "partition": self.position.partition,
            "offset": self.position.offset,
            "key": String::from_utf8_lossy(&self.key),
            "reason": self.reject.reason.code(),
            "field": self.reject.field,
            "message": self.reject.message,
            "bytes": self.original_bytes,
            "blake3": self.original_hash,
        })
    }
}

/// What the fact is and who stated it; its body is in the log.
impl ToJson for Fact {
    fn to_json(&self) -> Value {
        json!({
            "fact_id": self.fact_id,
            "key": keys::fact(self),
            "author": self.author,
            "reason": self.reason,
            "approver": self.approver,
            "occurred_at": self.occurred_at,
        })
    }
}
