//! A script that feeds a history as a log would, for the tests beside it.

mod after_release;
mod closes;
mod currencies;
mod deficits;
mod formulas;
mod lower;
mod organisation;
mod own_amounts;
mod own_modifiers;
mod own_rates;
mod plan_currencies;
mod pools;
mod published;
mod ramps;
mod returns;
mod rules;
mod territories;
mod to_date;
mod vectors;

use super::{History, Taken, Totals};
use crate::domain::money::{Amount, Minor, Quantity, Rate, RoundingMode, Share};
use crate::wire::records::*;

const JANUARY: Period = Period(2026 * 12);
const FEBRUARY: Period = Period(2026 * 12 + 1);
const MARCH: Period = Period(2026 * 12 + 2);

/// A log with one partition of each input.
struct Script {
    history: History,
    deals: u64,
    quotas: u64,
    settlements: u64,
    adjustments: u64,
    facts: u64,
}

/// A deal of one line, before it is told.
#[derive(Clone, Copy)]
struct Told<'a> {
    id: &'a str,
    revision: i64,
    status: DealStatus,
    change: Change,
    effective_on: Option<&'a str>,
    closed_on: &'a str,
    amount: &'a str,
    currency: &'a str,
    splits: Splits<'a>,
}

/// Splits as (payee, counts, share).
type Splits<'a> = &'a [(&'a str, Counts, &'a str)];

const ANA: Splits<'_> = &[("ana", Counts::Revenue, "100%")];

fn told<'a>(id: &'a str, closed_on: &'a str, amount: &'a str) -> Told<'a> {
    let (status, change) = (DealStatus::Closed, Change::Correction);
    Told { id, revision: 1, status, change, effective_on: None, closed_on, amount, currency: "USD", splits: ANA }
}

impl Script {
    /// The company, a calendar of 2026, the measure "sales" of all amounts, and ana on the plan "ae".
    fn new() -> Script {
        let mut script = Script { history: History::new(1), deals: 0, quotas: 0, settlements: 0, adjustments: 0, facts: 0 };
        script.fact("admin", FactBody::CompanyDefined(company()));
        script.fact("admin", FactBody::CalendarDefined(Calendar::monthly("fiscal", JANUARY, Period(JANUARY.0 + 11))));
        script.fact("admin", FactBody::MeasureDefined(measure("sales")));
        script.fact("admin", payee("ana", vec![row("2026-01-01", None, None)]));
        script
    }

    fn with_plan(component: Component) -> Script {
        let mut script = Script::new();
        script.fact("admin", FactBody::PlanDefined(plan("2026-01-01", None, vec![component])));
        script
    }

    fn fact(&mut self, author: &str, body: FactBody) {
        let (fact_id, reason) = (format!("f{}", self.facts), "test".into());
        let fact = Fact { fact_id, author: author.into(), reason, approver: None, occurred_at: 0, body };
        self.history.fact(self.facts, &fact);
        self.facts += 1;
    }

    fn deal(&mut self, told: Told<'_>) -> Taken {
        self.deal_of(None, told)
    }

    fn deal_in(&mut self, geography: &str, told: Told<'_>) -> Taken {
        self.deal_of(Some(geography), told)
    }

    fn deal_of(&mut self, geography: Option<&str>, told: Told<'_>) -> Taken {
        let splits = told.splits.iter().map(|(payee_id, counts, share)| Split {
            payee_id,
            role: "AE",
            counts: *counts,
            share: Share::parse(share).unwrap(),
        });
        let line = Line {
            line_id: "1",
            product: "suite",
            geography,
            segment: None,
            amount: Amount::parse(told.amount).unwrap(),
            quantity: Quantity(10_000),
            cost: None,
            splits: vec![],
        };
        let deal = DealClosed {
            deal_id: told.id,
            revision: told.revision,
            status: told.status,
            change: told.change,
            effective_on: told.effective_on.map(date),
            closed_on: date(told.closed_on),
            sequence: None,
            currency: told.currency,
            customer: None,
            related_deal: None,
            kind: None,
            contract_start: None,
            term_months: None,
            stage: None,
            probability: None,
            lines: vec![line],
            splits: splits.collect(),
            attributes: vec![],
            occurred_at: self.deals as i64,
        };
        self.any_deal(&deal)
    }

    fn any_deal(&mut self, deal: &DealClosed<'_>) -> Taken {
        deal.check().unwrap();
        self.deals += 1;
        self.history.deal(Position { topic: Topic::DealClosed, partition: 0, offset: self.deals - 1 }, deal)
    }

    fn quota(&mut self, interval: &str, amount: Option<&str>, revision: i64, applies_from: Option<&str>) -> Taken {
        let quota = QuotaChanged {
            payee_id: "ana",
            measure: "sales",
            calendar: "fiscal",
            interval: interval.parse().unwrap(),
            amount: amount.map(|amount| Amount::parse(amount).unwrap()),
            revision,
            applies_from: applies_from.map(date),
            author: "admin",
            reason: "test",
            occurred_at: self.quotas as i64,
        };
        self.quotas += 1;
        self.history.quota(Position { topic: Topic::QuotaChanged, partition: 0, offset: self.quotas - 1 }, &quota)
    }

    /// States a close, and performs it at once.
    fn close(&mut self, close_id: &str, period: Period) {
        self.close_fact(close_id, period);
        let (deal_closed, quota_changed, deal_settled) = (self.deals, self.quotas, self.settlements);
        let close_id = close_id.into();
        let adjustment_made = self.adjustments;
        let note = CloseNote::SourceClosed { close_id, partition: 0, deal_closed, quota_changed, deal_settled, adjustment_made };
        self.history.close_note(&note);
    }

    fn close_fact(&mut self, close_id: &str, period: Period) {
        let (close_id, calendar, pay_group) = (close_id.into(), "fiscal".into(), "default".into());
        let (deal_closed, quota_changed, deal_settled) = (vec![self.deals], vec![self.quotas], vec![self.settlements]);
        let cut = Cut { deal_closed, quota_changed, deal_settled, adjustment_made: vec![self.adjustments] };
        self.fact("carl", FactBody::PeriodClosed(PeriodClosed { close_id, calendar, pay_group, period, cut }));
    }

    fn release(&mut self, author: &str, close_id: &str) {
        let (close_id, digest) = (close_id.into(), String::new());
        self.fact(
            author,
            FactBody::PeriodReleased(PeriodReleased { close_id, records: 0, total_minor: 0, digest, other_totals: vec![] }),
        );
    }

    fn totals(&self) -> Totals {
        self.history.totals()
    }

    /// What was earned for the three months of the first quarter, in units.
    fn quarter(&self) -> [String; 3] {
        let totals = self.totals();
        assert_eq!(totals.ignored_facts, []);
        [JANUARY, FEBRUARY, MARCH].map(|month| {
            let of = totals.booked.iter().filter(|(key, _)| key.effective_period == month);
            Minor(of.map(|(_, minor)| minor.0).sum()).text(2)
        })
    }

    /// Booked totals of ana, "effective > booking: amount" each.
    fn booked(&self) -> Vec<String> {
        let totals = self.totals();
        let line = |(key, minor): (&super::TotalKey, &Minor)| {
            format!("{} {} > {}: {}", key.payee_id, key.effective_period, key.booking_period, minor.text(2))
        };
        totals.booked.iter().map(line).collect()
    }

    fn payouts(&self) -> Vec<String> {
        let totals = self.totals();
        totals.payouts.iter().map(|(id, payout)| format!("{id}: {}", payout.amount.text(2))).collect()
    }

    /// What ana earned in all.
    fn earned(&self) -> String {
        let all = self.totals().earned.values().map(|minor| minor.0).sum();
        Minor(all).text(2)
    }
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn company() -> Company {
    let (company_id, currency, calendar) = ("acme".into(), "USD".into(), "fiscal".into());
    Company { company_id, currency, calendar, closer_may_release: false, pay_rate_type: None }
}

fn measure(id: &str) -> Measure {
    Measure {
        measure_id: id.into(),
        of: MeasureOf::Amount,
        credit_kinds: vec![CreditKind::Revenue, CreditKind::Overlay, CreditKind::Rolled],
        deal_kinds: vec![],
        rate_type: None,
        ..Measure::default()
    }
}

fn row(from: &str, to: Option<&str>, manager: Option<&str>) -> PayeeRow {
    PayeeRow {
        from: date(from),
        to: to.map(date),
        title: "AE".into(),
        manager: manager.map(String::from),
        pay_group: "default".into(),
        plans: vec!["ae".into()],
        employee_ref: Some("E1".into()),
        parameters: vec![],
        pay_currency: None,
        team: None,
    }
}

fn payee(payee_id: &str, rows: Vec<PayeeRow>) -> FactBody {
    FactBody::PayeeDefined(Payee { payee_id: payee_id.into(), rows })
}

fn plan(from: &str, to: Option<&str>, components: Vec<Component>) -> Plan {
    Plan {
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
        components,
    }
}

/// A quarterly component on "sales", marginal, tiered by amount; tiers as (from, rate).
fn component(tiers: &[(&str, &str)]) -> Component {
    let tier = |(from, rate): &(&str, &str)| Tier {
        from: crate::domain::money::parse_scaled(from, 12, 28).unwrap(),
        rate: Rate::parse(rate).unwrap(),
    };
    Component {
        component_id: "commission".into(),
        earning_code: "COMM".into(),
        interval: IntervalKind::Quarter,
        scope: Scope::Running,
        measure: "sales".into(),
        tier_by: TierBy::Amount,
        pays: Pays::RateOf,
        method: Method::Marginal,
        boundary: Boundary::Upper,
        negative: Negative::Carry,
        quota: QuotaUse::Interval,
        no_quota: None,
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
        tiers: tiers.iter().map(tier).collect(),
    }
}

const ORACLE_TIERS: &[(&str, &str)] = &[("0", "1%"), ("1000", "2%"), ("3000", "3%"), ("8000", "5%")];
const FIVE_TEN: &[(&str, &str)] = &[("0", "5%"), ("100000", "10%")];
const SIX_TWELVE: &[(&str, &str)] = &[("0", "6%"), ("100000", "12%")];

/// The oracle knows the records and the numbers of this crate, and nothing else.
#[test]
fn the_oracle_imports_wire_and_money_alone() {
    let directory = format!("{}/src/oracle", env!("CARGO_MANIFEST_DIR"));
    let paths = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    for path in paths.filter(|path| path.is_file() && !path.ends_with("tests.rs")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let path = path.display();
        for (place, line) in text.lines().enumerate() {
            let ours = line.split("crate::").skip(1);
            let allowed = |rest: &str| rest.starts_with("wire::records::") || rest.starts_with("domain::money::");
            assert!(ours.into_iter().all(allowed), "{path}:{}: {line}", place + 1);
        }
    }
}
