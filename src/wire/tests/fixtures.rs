//! Records that the tests are about.

use crate::domain::calendar::{Calendar, Date, Interval, Period, Quarter};
use crate::domain::deal::{Attribute, Change, Counts, DealClosed, DealKind, DealStatus, Line, Split};
use crate::domain::fact::{
    Company, CreditKind, Cut, Fact, FactBody, Payee, PayeeRow, PeriodClosed, PeriodReleased, PeriodReopened,
};
use crate::domain::money::{Amount, CurrencyRate, Measured, Minor, Quantity, Share};
use crate::domain::output::{
    Accrual, Attainment, Causes, ConvertedFrom, CurrencyTotal, PayeeName, Payout, PayoutKind, PayoutRun, RunBalance,
};
use crate::domain::quota::QuotaChanged;
use crate::domain::settlement::{DealSettled, SettlementKind};
use crate::domain::territory::{Assignment, Condition, Crediting, Dimension, Node, Territories, Territory, Uncovered, When};
use crate::domain::topic::{Position, Topic};

mod plan;

pub use plan::plan;

/// 2026-02-03.
pub const DAY: Date = Date(20_487);

pub fn split(payee_id: &str, counts: Counts, millionths: u32) -> Split<'_> {
    Split { payee_id, role: "AE", counts, share: Share(millionths) }
}

/// Every field is set.
pub fn deal() -> DealClosed<'static> {
    DealClosed {
        deal_id: "D-1",
        revision: 2,
        status: DealStatus::Closed,
        change: Change::Correction,
        effective_on: Some(DAY),
        closed_on: DAY,
        sequence: Some(7),
        currency: "USD",
        customer: Some("Initech"),
        related_deal: Some("D-0"),
        kind: Some(DealKind::Expansion),
        contract_start: Some(DAY),
        term_months: Some(12),
        stage: Some("won"),
        probability: Some(Share(1_000_000)),
        lines: vec![
            Line {
                line_id: "1",
                product: "platform",
                geography: Some("EMEA"),
                segment: Some("enterprise"),
                amount: Amount(125_000_500_000),
                quantity: Quantity(25_000),
                cost: Some(Amount(-1)),
                splits: vec![split("ana", Counts::Revenue, 1_000_000)],
            },
            bare_line("2"),
        ],
        splits: vec![
            split("ana", Counts::Revenue, 700_000),
            split("ben", Counts::Revenue, 300_000),
            split("cy", Counts::Overlay, 500_000),
        ],
        attributes: vec![
            ("region", Attribute::Text("north")),
            ("score", Attribute::Number(-1_500_000)),
            ("since", Attribute::Date(DAY)),
        ],
        occurred_at: 1_770_000_000_000_000,
    }
}

pub fn bare_line(line_id: &str) -> Line<'_> {
    Line {
        line_id,
        product: "support",
        geography: None,
        segment: None,
        amount: Amount(0),
        quantity: Quantity(-10_000),
        cost: None,
        splits: Vec::new(),
    }
}

pub fn quota() -> QuotaChanged<'static> {
    QuotaChanged {
        payee_id: "ana",
        measure: "new-arr",
        calendar: "fiscal",
        interval: Interval::Quarter(Quarter(2026 * 4)),
        amount: Some(Amount(100_000_000_000)),
        revision: 3,
        // 2026-02-01, the first day of a pay period.
        applies_from: Some(Date(DAY.0 - 2)),
        author: "eva",
        reason: "new territory",
        occurred_at: 1_770_000_000_000_000,
    }
}

pub fn settlement() -> DealSettled<'static> {
    DealSettled {
        settlement_id: "INV-7/1",
        deal_id: "D-1",
        kind: SettlementKind::Collected,
        amount: Amount(60_000_500_000),
        currency: "USD",
        on: DAY,
        occurred_at: 1_770_000_000_000_000,
    }
}

pub fn attainment() -> Attainment {
    Attainment {
        payee_id: "ana".into(),
        measure: "new-arr".into(),
        calendar: "fiscal".into(),
        interval: Interval::Quarter(Quarter(2026 * 4)),
        from: Date(20_454),
        to: Date(20_544),
        measured: Measured(130_000_000_000_000_000),
        quota: Some(Amount(100_000_000_000)),
        quota_revision: Some(3),
        revenue: Measured(100_000_000_000_000_000),
        overlay: Measured(-5_000_000_000_000_000),
        rolled: Measured(35_000_000_000_000_000),
        territory: Measured(1_000_000_000_000),
        unit: "USD".into(),
        last: true,
        sequence: 4,
        as_of: 1_770_000_000_000_000,
    }
}

pub fn accrual() -> Accrual {
    let first = Position { topic: Topic::DealClosed, partition: 1, offset: 10 };
    Accrual {
        payee_id: "ana".into(),
        plan_id: "ae".into(),
        plan_from: Date(20_454),
        component: "new-business".into(),
        earning_code: "COMM".into(),
        calendar: "fiscal".into(),
        interval: Interval::Quarter(Quarter(2026 * 4)),
        effective_period: Period(2026 * 12),
        booking_period: Period(2026 * 12 + 1),
        sequence: 2,
        previous_total: Minor(380_000),
        new_total: Minor(379_999),
        exact: crate::domain::exact::Exact::Fixed(ethnum::I256::from(379_999) * ethnum::I256::from(10i128.pow(18))),
        currency: "USD".into(),
        in_tranches: false,
        causes: Causes { first, last: Position { offset: 12, ..first }, count: 3 },
        as_of: 1_770_000_000_000_000,
    }
}

pub fn payout() -> Payout {
    Payout {
        run_id: "2026-02-run".into(),
        pay_group: "default".into(),
        period: Period(2026 * 12 + 1),
        payee_id: "ana".into(),
        employee_ref: Some("E-17".into()),
        earning_code: "COMM".into(),
        kind: PayoutKind::PriorPeriod,
        effective_period: Period(2026 * 12),
        amount: Minor(-72_000),
        currency: "USD".into(),
        balance_after: Minor(0),
        converted: None,
    }
}

/// The same, paid in yen.
pub fn converted() -> Payout {
    let rate = Some((CurrencyRate(1_505_050_000_001), DAY));
    let converted = Some(ConvertedFrom { plan_amount: Minor(-72_000), plan_currency: "USD".into(), rate });
    Payout { amount: Minor(-108_364), currency: "JPY".into(), balance_after: Minor(-72_001), converted, ..payout() }
}

pub fn other_totals() -> Vec<CurrencyTotal> {
    let total = |currency: &str, records, minor| CurrencyTotal { currency: currency.into(), records, total: Minor(minor) };
    vec![total("GBP", 3, -12_345), total("JPY", 1, 108_364)]
}

pub fn payout_run() -> PayoutRun {
    PayoutRun {
        run_id: "2026-02-run".into(),
        calendar: "fiscal".into(),
        pay_group: "default".into(),
        period: Period(2026 * 12 + 1),
        records: 12,
        total: Minor(1_234_567),
        currency: "USD".into(),
        other_totals: other_totals(),
        digest: "00ff".into(),
        closed_by: "eva".into(),
        released_by: "finn".into(),
    }
}

pub fn payee_name() -> PayeeName {
    PayeeName {
        payee_id: "ana".into(),
        name: "Ana Müller".into(),
        team: "north".into(),
        manager: Some("mia".into()),
        active: true,
    }
}

/// One fact of every kind.
pub fn facts() -> Vec<Fact> {
    let offsets = [[10, 0, 12], [0, 1, 2], [4, 0, 5], [0, 3, 1]];
    let [deal_closed, quota_changed, deal_settled, adjustment_made] = offsets.map(Vec::from);
    let bodies = vec![
        FactBody::CompanyDefined(Company {
            company_id: "initech".into(),
            currency: "USD".into(),
            calendar: "fiscal".into(),
            closer_may_release: true,
            pay_rate_type: Some("month".into()),
        }),
        FactBody::CalendarDefined(Calendar::monthly("fiscal", Period(2026 * 12), Period(2026 * 12 + 11))),
        FactBody::MeasureDefined(super::rates::measure()),
        FactBody::PlanDefined(plan()),
        FactBody::PayeeDefined(payee()),
        FactBody::PeriodClosed(PeriodClosed {
            close_id: "2026-01".into(),
            calendar: "fiscal".into(),
            pay_group: "default".into(),
            period: Period(2026 * 12),
            cut: Cut { deal_closed, quota_changed, deal_settled, adjustment_made },
        }),
        FactBody::PeriodReopened(PeriodReopened { close_id: "2026-01".into() }),
        FactBody::PeriodReleased(PeriodReleased {
            close_id: "2026-01".into(),
            records: 12,
            total_minor: -5,
            digest: "00ff".into(),
            other_totals: other_totals(),
        }),
        FactBody::TerritoriesDefined(territories()),
        FactBody::RatesDefined(super::rates::stated()),
        FactBody::MeasureDefined(super::rates::detailed_measure()),
        FactBody::MeasureDefined(super::rates::earned()),
    ];
    let fact = |(place, body): (usize, FactBody)| Fact {
        fact_id: format!("f-{place}"),
        author: "eva".into(),
        reason: "new year".into(),
        approver: (place == 3).then(|| "finn".into()),
        occurred_at: 1_770_000_000_000_000,
        body,
    };
    bodies.into_iter().enumerate().map(fact).collect()
}

pub fn territories() -> Territories {
    let (from, to) = (Date(20_454), Some(Date(20_484)));
    let condition = |dimension, included: &[&str], excluded: &[&str]| {
        let texts = |nodes: &[&str]| nodes.iter().map(|node| (*node).into()).collect();
        Condition { dimension, included: texts(included), excluded: texts(excluded) }
    };
    let industry = Dimension::Attribute("industry".into());
    Territories {
        crediting: vec![
            Crediting { from, to, when: When::Unnamed, uncovered: None, winners: 1, roll_up: vec![] },
            Crediting {
                from: Date(20_484),
                to: None,
                when: When::Always,
                uncovered: Some(Uncovered::Nothing),
                winners: 2,
                roll_up: vec![CreditKind::Overlay, CreditKind::Territory],
            },
        ],
        nodes: vec![
            Node { dimension: Dimension::Geography, node: "de".into(), parent: Some("emea".into()), from, to },
            Node { dimension: industry.clone(), node: "bank".into(), parent: None, from, to: None },
        ],
        territories: vec![Territory {
            territory_id: "dach".into(),
            layer: 1,
            rank: 20,
            conditions: vec![condition(Dimension::Geography, &["emea"], &["de"]), condition(industry, &[], &["bank"])],
            from,
            to,
        }],
        assignments: vec![Assignment {
            territory_id: "dach".into(),
            payee_id: "ana".into(),
            share: Share(333_333),
            from,
            to: None,
        }],
    }
}

pub fn run_balance() -> RunBalance {
    let carried_in = Some(("JPY".into(), Minor(-7)));
    let (run_id, payee_id) = ("2026-02-run".into(), "ana".into());
    RunBalance { run_id, payee_id, carried: Minor(-5), owed: Minor(72_000), held: Minor(9), carried_in }
}

pub fn payee() -> Payee {
    let row = PayeeRow {
        from: Date(20_454),
        to: Some(DAY),
        title: "AE".into(),
        manager: Some("mia".into()),
        pay_group: "default".into(),
        plans: vec!["ae".into()],
        employee_ref: Some("E-17".into()),
        parameters: vec![("target_incentive".into(), Amount(12_000_500_000))],
        pay_currency: Some("JPY".into()),
        team: Some("north".into()),
    };
    let next = PayeeRow { from: DAY, to: None, manager: None, employee_ref: None, ..row.clone() };
    Payee { payee_id: "ana".into(), rows: vec![row, next] }
}
