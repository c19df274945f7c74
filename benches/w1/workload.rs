//! W1 as a pure function of seed and size: 100 000 payees in three levels and 100 overlay specialists, their quotas,
//! and the deals. Leaves out which event comes when (see `backlog`).

use accrue::domain::calendar::{Calendar, Date, Interval, IntervalKind, Period, Quarter};
use accrue::domain::deal::{Change, Counts, DealClosed, DealKind, DealStatus, Line, Split};
use accrue::domain::fact::*;
use accrue::domain::money::{Amount, Quantity, Rate, RoundingMode, Share, WHOLE};
use accrue::domain::pay_terms::PayTerms;
use accrue::domain::plan::*;
use accrue::domain::quota::QuotaChanged;

pub const PAYEES: usize = 100_000;
pub const QUARTERS: usize = 2;
/// Reps come first, then managers, directors, and the overlay specialists.
const REPS: usize = 90_000;
const MANAGERS: usize = 9_000;
const DIRECTORS: usize = 900;
const SPECIALISTS: usize = 100;
const FIRST_DIRECTOR: usize = REPS + MANAGERS;
const FIRST_SPECIALIST: usize = FIRST_DIRECTOR + DIRECTORS;
const SPAN: usize = 10;

const YEAR: i32 = 2026;
const FIRST_DAY: Date = Date(20_454);
const DAYS: u64 = 181;
const CURRENCY: &str = "USD";
const CALENDAR: &str = "fiscal";
const MEASURE: &str = "bookings";
const PLAN: &str = "sales";
/// Two lines of 20 250 on average; quotas are set by it.
const AVERAGE_DEAL: u128 = 40_500;
const WHOLE_UNIT: u128 = 1_000_000;
/// A tier's edge at 1 % of the quota.
const PERCENT_OF_QUOTA: i128 = 10_000_000_000;

/// splitmix64: a seed and a place determine the numbers.
pub struct Random(u64);

impl Random {
    pub fn of(seed: u64, purpose: u64, index: u64) -> Random {
        let mut random = Random(seed ^ purpose << 56);
        random.0 = random.next() ^ index;
        Random(random.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// Both included.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len() as u64) as usize]
    }
}

pub struct Workload {
    pub seed: u64,
    /// Deal events.
    pub deals: u64,
    ids: Vec<String>,
}

impl Workload {
    pub fn new(seed: u64, deals: u64) -> Workload {
        Workload { seed, deals, ids: (0..PAYEES).map(|payee| format!("P-{payee:06}")).collect() }
    }

    /// Everything that is stated before the first quota.
    pub fn facts(&self) -> impl Iterator<Item = FactBody> {
        rules().into_iter().chain((0..PAYEES).map(|payee| FactBody::PayeeDefined(self.payee(payee))))
    }

    fn payee(&self, payee: usize) -> Payee {
        let row = PayeeRow {
            from: FIRST_DAY,
            to: None,
            title: "Sales".into(),
            manager: manager(payee).map(|manager| self.ids[manager].clone()),
            pay_group: "default".into(),
            plans: vec![PLAN.into()],
            employee_ref: None,
            parameters: vec![],
            pay_currency: None,
            team: None,
        };
        Payee { payee_id: self.ids[payee].clone(), rows: vec![row] }
    }

    /// A quota: 0.6 to 2.4 times what this level can expect to sell in a quarter.
    pub fn quota(&self, payee: usize, quarter: usize, revision: i64) -> QuotaChanged<'_> {
        let place = (payee * QUARTERS + quarter) as u64;
        let mut random = Random::of(self.seed, 1, place ^ ((revision as u64) << 32));
        let thousandths = u128::from(random.between(600, 2_400));
        let amount = self.expected(payee) * WHOLE_UNIT / 1_000 * thousandths;
        QuotaChanged {
            payee_id: &self.ids[payee],
            measure: MEASURE,
            calendar: CALENDAR,
            interval: Interval::Quarter(Quarter(YEAR * 4 + quarter as i32)),
            amount: Some(Amount(amount as i128)),
            revision,
            applies_from: None,
            author: "sales-operations",
            reason: "",
            occurred_at: occurred_at(0),
        }
    }

    /// In whole units. 3 % of what is sold is overlay credit: a tenth of the deals, 30 % on average.
    fn expected(&self, payee: usize) -> u128 {
        let sold = u128::from(self.deals) * 93 / 100 * AVERAGE_DEAL / QUARTERS as u128;
        let share = match payee {
            _ if payee < REPS => sold / REPS as u128,
            _ if payee < FIRST_DIRECTOR => sold / MANAGERS as u128,
            _ if payee < FIRST_SPECIALIST => sold / DIRECTORS as u128,
            _ => sold * 3 / 100 / SPECIALISTS as u128,
        };
        share.max(1)
    }

    /// One revision of a deal. All but amounts, quantities and status come from its number alone.
    pub fn deal<'d>(&'d self, deal_id: &'d str, number: u64, revision: i64, status: DealStatus) -> DealClosed<'d> {
        let mut random = Random::of(self.seed, 2, number);
        let lines = random.between(1, 3) as usize;
        let splits = self.splits(&mut random);
        let mut amounts = Random::of(self.seed, 3, number ^ ((revision as u64) << 40));
        DealClosed {
            deal_id,
            revision,
            status,
            change: if status == DealStatus::Cancelled { Change::Cancellation } else { Change::Correction },
            effective_on: None,
            closed_on: Date(FIRST_DAY.0 + (DAYS * number / self.deals) as i32),
            sequence: None,
            currency: CURRENCY,
            customer: None,
            related_deal: None,
            kind: Some(DealKind::New),
            contract_start: None,
            term_months: None,
            stage: None,
            probability: None,
            lines: lines_of(lines, &mut random, &mut amounts),
            splits,
            attributes: Vec::new(),
            occurred_at: occurred_at(number),
        }
    }

    /// One rep, or two in 30 % of deals, and an overlay specialist in 10 %.
    fn splits(&self, random: &mut Random) -> Vec<Split<'_>> {
        let split = |payee: usize, role, counts, share| Split { payee_id: &self.ids[payee], role, counts, share: Share(share) };
        let rep = random.below(REPS as u64) as usize;
        let first = if random.below(100) < 30 { shared(random) } else { WHOLE.0 };
        let mut splits = vec![split(rep, "AE", Counts::Revenue, first)];
        if first < WHOLE.0 {
            let other = (rep + random.between(1, REPS as u64 - 1) as usize) % REPS;
            splits.push(split(other, "AE", Counts::Revenue, WHOLE.0 - first));
        }
        if random.below(100) < 10 {
            let specialist = FIRST_SPECIALIST + random.below(SPECIALISTS as u64) as usize;
            splits.push(split(specialist, "SE", Counts::Overlay, random.between(100_000, 500_000) as u32));
        }
        splits
    }
}

/// The first share of a two-way split: a half, a third, or anything from 10 % to 90 %.
fn shared(random: &mut Random) -> u32 {
    match random.below(3) {
        0 => 500_000,
        1 => 333_333,
        _ => random.between(100_000, 900_000) as u32,
    }
}

fn lines_of(count: usize, random: &mut Random, amounts: &mut Random) -> Vec<Line<'static>> {
    let geography = random.pick(&["AMER", "EMEA", "APAC", "LATAM"]);
    let segment = random.pick(&["enterprise", "mid-market", "smb"]);
    let mut line = |line_id| Line {
        line_id,
        product: random.pick(&["platform", "analytics", "support", "services"]),
        geography: Some(geography),
        segment: Some(segment),
        // 500.0000 to 40 000.0000
        amount: Amount(i128::from(amounts.between(5_000_000, 400_000_000)) * 100),
        quantity: Quantity(amounts.between(1, 500) as i64 * 10_000),
        cost: None,
        splits: Vec::new(),
    };
    ["1", "2", "3"].into_iter().take(count).map(&mut line).collect()
}

fn manager(payee: usize) -> Option<usize> {
    match payee {
        _ if payee < REPS => Some(REPS + payee / SPAN),
        _ if payee < FIRST_DIRECTOR => Some(FIRST_DIRECTOR + (payee - REPS) / SPAN),
        _ => None,
    }
}

/// A millisecond from event to event.
fn occurred_at(number: u64) -> i64 {
    i64::from(FIRST_DAY.0) * 86_400_000_000 + number as i64 * 1_000
}

fn rules() -> Vec<FactBody> {
    let company = Company {
        company_id: "w1".into(),
        currency: CURRENCY.into(),
        calendar: CALENDAR.into(),
        closer_may_release: false,
        pay_rate_type: None,
    };
    let measure = Measure {
        measure_id: MEASURE.into(),
        of: MeasureOf::Amount,
        credit_kinds: vec![CreditKind::Revenue, CreditKind::Overlay, CreditKind::Rolled],
        deal_kinds: Vec::new(),
        rate_type: None,
        ..Measure::default()
    };
    let calendar = Calendar::monthly(CALENDAR, Period(YEAR * 12), Period(YEAR * 12 + 11));
    vec![
        FactBody::CompanyDefined(company),
        FactBody::CalendarDefined(calendar),
        FactBody::MeasureDefined(measure),
        FactBody::PlanDefined(plan()),
    ]
}

fn plan() -> Plan {
    let tier = |(percent, rate): (i128, i64)| Tier { from: percent * PERCENT_OF_QUOTA, rate: Rate(rate * 1_000_000) };
    let component = Component {
        component_id: "commission".into(),
        earning_code: "COMM".into(),
        interval: IntervalKind::Quarter,
        scope: Scope::Running,
        measure: MEASURE.into(),
        tier_by: TierBy::Attainment,
        pays: Pays::RateOf,
        method: Method::Marginal,
        boundary: Boundary::Upper,
        negative: Negative::Carry,
        quota: QuotaUse::Interval,
        no_quota: Some(NoQuota::Park),
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
        tiers: [(0, 3), (50, 7), (100, 12)].map(tier).into(),
    };
    Plan {
        plan_id: PLAN.into(),
        from: FIRST_DAY,
        to: None,
        currency: CURRENCY.into(),
        calendar: CALENDAR.into(),
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
    }
}
