//! A small company for scenarios, and short forms of its records.

use accrue::domain::adjustment::{AdjustmentMade, Target};
use accrue::domain::calendar::{Calendar, Date, IntervalKind, Period};
use accrue::domain::deal::{Change, Counts, DealClosed, DealStatus, Line, Split};
use accrue::domain::fact::{Company, CreditKind, FactBody, Measure, MeasureOf, Payee, PayeeRow};
use accrue::domain::money::{Amount, Quantity, Rate, RoundingMode, Share};
use accrue::domain::pay_terms::PayTerms;
use accrue::domain::plan::*;
use accrue::domain::quota::QuotaChanged;

pub fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn period(text: &str) -> Period {
    text.parse().unwrap()
}

pub fn company() -> FactBody {
    FactBody::CompanyDefined(Company {
        company_id: "acme".into(),
        currency: "USD".into(),
        calendar: "fiscal".into(),
        closer_may_release: false,
        pay_rate_type: None,
    })
}

pub fn calendar(last: &str) -> FactBody {
    FactBody::CalendarDefined(Calendar::monthly("fiscal", period("2026-01"), period(last)))
}

pub fn bookings() -> FactBody {
    FactBody::MeasureDefined(Measure {
        measure_id: "bookings".into(),
        of: MeasureOf::Amount,
        credit_kinds: vec![CreditKind::Revenue, CreditKind::Overlay, CreditKind::Rolled],
        deal_kinds: vec![],
        rate_type: None,
        ..Measure::default()
    })
}

/// A quarterly component on bookings; `tiers` are (from, rate), from in money or in % of quota.
pub fn component(tier_by: TierBy, method: Method, tiers: &[(&str, &str)]) -> Component {
    let edge = |from: &str| match from.strip_suffix('%') {
        Some(percent) => Amount::parse(percent).unwrap().0 * 10_000,
        None => Amount::parse(from).unwrap().0 * 1_000_000,
    };
    Component {
        component_id: "commission".into(),
        earning_code: "COMM".into(),
        interval: IntervalKind::Quarter,
        scope: Scope::Running,
        measure: "bookings".into(),
        tier_by,
        pays: Pays::RateOf,
        method,
        boundary: Boundary::Upper,
        negative: Negative::Carry,
        quota: QuotaUse::Interval,
        no_quota: (tier_by == TierBy::Attainment).then_some(NoQuota::Park),
        paid_measure: None,
        lookup: None,
        beyond: None,
        own_rates: Vec::new(),
        own_edges: Vec::new(),
        direction: Direction::Higher,
        deficit: Deficit::Lost,
        attribution: Attribution::Slice,
        count_split: CountSplit::Share,
        own_modifiers: Vec::new(),
        modifiers: Modifiers::default(),
        pay: Vec::new(),
        clawback: Clawback::default(),
        unit: EarningUnit::Money,
        pool: None,
        rounding: RoundingMode::HalfEven,
        rounding_at: RoundingAt::Cumulative,
        tiers: tiers.iter().map(|(from, rate)| Tier { from: edge(from), rate: Rate::parse(rate).unwrap() }).collect(),
    }
}

pub fn plan(from: &str, to: Option<&str>, component: Component) -> FactBody {
    FactBody::PlanDefined(Plan {
        plan_id: "ae".into(),
        from: date(from),
        to: to.map(date),
        currency: "USD".into(),
        calendar: "fiscal".into(),
        prorate: Prorate::NOTHING,
        mid_interval_change: MidIntervalChange::Carry,
        negative_pay: NegativePay::Carry,
        after_release: AfterRelease::Adjust,
        quota_after_release: QuotaAfterRelease::Adjust,
        cap: None,
        own_amounts: Vec::new(),
        ramp: Vec::new(),
        pay: PayTerms::default(),
        components: vec![component],
    })
}

/// Rows are (from, manager); each ends where the next starts.
pub fn payee(payee_id: &str, rows: &[(&str, Option<&str>)]) -> FactBody {
    let ends = rows.iter().skip(1).map(|row| Some(date(row.0))).chain([None]);
    let row = |((from, manager), to): (&(&str, Option<&str>), Option<Date>)| PayeeRow {
        from: date(from),
        to,
        title: "AE".into(),
        manager: manager.map(str::to_owned),
        pay_group: "default".into(),
        plans: vec!["ae".into()],
        employee_ref: None,
        parameters: vec![],
        pay_currency: None,
        team: None,
    };
    FactBody::PayeeDefined(Payee { payee_id: payee_id.into(), rows: rows.iter().zip(ends).map(row).collect() })
}

/// A deal of one line, all of it one payee's.
pub fn deal<'a>(deal_id: &'a str, revision: i64, closed_on: &str, amount: &str, payee_id: &'a str) -> DealClosed<'a> {
    DealClosed {
        deal_id,
        revision,
        status: DealStatus::Closed,
        change: Change::Correction,
        effective_on: None,
        closed_on: date(closed_on),
        sequence: None,
        currency: "USD",
        customer: None,
        related_deal: None,
        kind: None,
        contract_start: None,
        term_months: None,
        stage: None,
        probability: None,
        lines: vec![Line {
            line_id: "1",
            product: "platform",
            geography: None,
            segment: None,
            amount: Amount::parse(amount).unwrap(),
            quantity: Quantity(10_000),
            cost: None,
            splits: vec![],
        }],
        splits: vec![Split { payee_id, role: "rep", counts: Counts::Revenue, share: Share(1_000_000) }],
        attributes: vec![],
        occurred_at: 0,
    }
}

pub fn cancelled<'a>(mut deal: DealClosed<'a>, revision: i64) -> DealClosed<'a> {
    deal.revision = revision;
    deal.status = DealStatus::Cancelled;
    deal
}

pub fn quota<'a>(payee_id: &'a str, interval: &str, revision: i64, amount: &str) -> QuotaChanged<'a> {
    QuotaChanged {
        payee_id,
        measure: "bookings",
        calendar: "fiscal",
        interval: interval.parse().unwrap(),
        amount: Some(Amount::parse(amount).unwrap()),
        revision,
        applies_from: None,
        author: "ops",
        reason: "plan",
        occurred_at: 0,
    }
}

pub fn line_of_pay(payee_id: &str, effective_period: &str, amount: &str) -> AdjustmentMade {
    AdjustmentMade {
        adjustment_id: "line".into(),
        payee_id: payee_id.into(),
        target: Target::Pay { earning_code: "CONTEST".into() },
        calendar: "fiscal".into(),
        effective_period: period(effective_period),
        amount: Amount::parse(amount).unwrap(),
        reverses: None,
        author: "hr".into(),
        reason: "contest".into(),
        approver: None,
        occurred_at: 0,
    }
}
