//! The made-up company: three levels of organisation, three plans, quotas, all from one seed.
//!
//! Heads lead managers, managers lead reps and overlay specialists. Everything is a pure function of seed and size.

use super::random::Random;
use crate::domain::calendar::{Calendar, Date, Interval, IntervalKind, Period, Quarter};
use crate::domain::deal::DealKind;
use crate::domain::fact::*;
use crate::domain::money::{Amount, Rate, RoundingMode};
use crate::domain::output::PayeeName;
use crate::domain::pay_terms::PayTerms;
use crate::domain::plan::*;
use crate::domain::quota::QuotaChanged;

/// The demo plays in the first quarter of this year.
pub const YEAR: i32 = 2026;
pub const CURRENCY: &str = "USD";
pub const CALENDAR: &str = "fiscal";
/// The company's average deal, in whole units of money: quotas are set by it.
const AVERAGE_DEAL: u64 = 31_000;
const WHOLE_UNIT: i128 = 1_000_000;
/// A tier's edge at 100 % of the quota.
const ALL_OF_QUOTA: i128 = 1_000_000_000_000;

const FIRST_NAMES: [&str; 24] = [
    "Ada", "Ben", "Cleo", "Dev", "Ela", "Finn", "Gia", "Hugo", "Ines", "Jon", "Kira", "Liam", "Mara", "Nico", "Olga", "Pia",
    "Quin", "Rosa", "Sami", "Tara", "Uma", "Vito", "Wren", "Yara",
];
const LAST_NAMES: [&str; 24] = [
    "Abbot", "Berg", "Costa", "Diaz", "Evans", "Fuchs", "Garcia", "Hale", "Ito", "Jensen", "Khan", "Lopez", "Meyer", "Novak",
    "Okoye", "Patel", "Quist", "Rossi", "Silva", "Tanaka", "Urban", "Vogel", "Weber", "Young",
];
const TEAMS: [&str; 8] = ["North", "South", "East", "West", "Coast", "Lakes", "Hills", "Plains"];

/// What a payee does, and by that which plan they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Head,
    Manager,
    Rep,
    Specialist,
}

impl Role {
    fn title(self) -> &'static str {
        match self {
            Role::Head => "Head of Sales",
            Role::Manager => "Sales Manager",
            Role::Rep => "Account Executive",
            Role::Specialist => "Overlay Specialist",
        }
    }

    fn plan(self) -> &'static str {
        match self {
            Role::Head | Role::Manager => "leader",
            Role::Rep => "rep",
            Role::Specialist => "specialist",
        }
    }

    pub fn measure(self) -> &'static str {
        match self {
            Role::Head | Role::Manager => "team-bookings",
            Role::Rep => "bookings",
            Role::Specialist => "overlay-bookings",
        }
    }
}

/// The company of a seed and a size.
pub struct MadeUp {
    pub seed: u64,
    pub deals: u64,
    ids: Vec<String>,
    heads: usize,
    managers: usize,
}

impl MadeUp {
    /// At least one head, one manager, and ten others.
    pub fn new(seed: u64, deals: u64, payees: u32) -> MadeUp {
        let payees = payees.max(12) as usize;
        let ids = (0..payees).map(|index| format!("p{:05}", index + 1)).collect();
        MadeUp { seed, deals, ids, heads: (payees / 110).max(1), managers: (payees / 11).max(1) }
    }

    pub fn payees(&self) -> usize {
        self.ids.len()
    }

    pub fn payee_id(&self, index: usize) -> &str {
        self.ids.get(index).map_or("", String::as_str)
    }

    fn first_seller(&self) -> usize {
        self.heads + self.managers
    }

    pub fn role(&self, index: usize) -> Role {
        match index {
            _ if index < self.heads => Role::Head,
            _ if index < self.first_seller() => Role::Manager,
            _ if (index - self.first_seller()) % 10 == 9 => Role::Specialist,
            _ => Role::Rep,
        }
    }

    /// A rep or specialist, by chance.
    pub fn seller(&self, random: &mut Random, role: Role) -> usize {
        let sellers = self.ids.len() - self.first_seller();
        let chosen = random.below(sellers as u64) as usize;
        let tens = chosen - chosen % 10;
        let place = match role {
            Role::Specialist if tens + 9 < sellers => tens + 9,
            Role::Specialist => 9,
            _ if chosen % 10 == 9 => chosen - 1,
            _ => chosen,
        };
        self.first_seller() + place
    }

    fn manager(&self, index: usize) -> Option<usize> {
        match self.role(index) {
            Role::Head => None,
            Role::Manager => Some((index - self.heads) % self.heads),
            Role::Rep | Role::Specialist => Some(self.heads + (index - self.first_seller()) % self.managers),
        }
    }

    /// Company, calendar, measures and plans.
    pub fn rules(&self) -> Vec<FactBody> {
        let company = Company {
            company_id: "demo".into(),
            currency: CURRENCY.into(),
            calendar: CALENDAR.into(),
            closer_may_release: false,
            pay_rate_type: None,
        };
        let calendar = Calendar::monthly(CALENDAR, Period(YEAR * 12), Period(YEAR * 12 + 11));
        let mut facts = vec![FactBody::CompanyDefined(company), FactBody::CalendarDefined(calendar)];
        facts.extend(measures().map(FactBody::MeasureDefined));
        facts.extend(plans().map(FactBody::PlanDefined));
        facts
    }

    /// A payee as hired: one open row.
    pub fn payee(&self, index: usize) -> Payee {
        Payee { payee_id: self.payee_id(index).into(), rows: vec![self.row(index, first_day(0), self.manager(index))] }
    }

    /// The one change of organisation: on 1 February a rep goes to the next manager.
    pub fn moved(&self) -> Payee {
        let index = self.first_seller();
        let next = self.manager(index).map(|manager| self.heads + (manager + 1 - self.heads) % self.managers);
        let mut before = self.row(index, first_day(0), self.manager(index));
        before.to = Some(first_day(1));
        Payee { payee_id: self.payee_id(index).into(), rows: vec![before, self.row(index, first_day(1), next)] }
    }

    fn row(&self, index: usize, from: Date, manager: Option<usize>) -> PayeeRow {
        let role = self.role(index);
        PayeeRow {
            from,
            to: None,
            title: role.title().into(),
            manager: manager.map(|manager| self.payee_id(manager).into()),
            pay_group: "default".into(),
            plans: vec![role.plan().into()],
            employee_ref: Some(format!("E{:06}", index + 1)),
            parameters: vec![],
            pay_currency: None,
            team: None,
        }
    }

    pub fn name(&self, index: usize) -> PayeeName {
        let place = index * 7;
        let (first, last) = (FIRST_NAMES[place % 24], LAST_NAMES[(place / 24 + index) % 24]);
        let again = index / 576;
        let number = if again == 0 { String::new() } else { format!(" {}", again + 1) };
        let lead = if self.role(index) == Role::Manager { Some(index) } else { self.manager(index) };
        PayeeName {
            payee_id: self.payee_id(index).into(),
            name: format!("{first} {last}{number}"),
            team: lead.map_or("Company".into(), |lead| team(lead.saturating_sub(self.heads))),
            manager: self.manager(index).map(|manager| self.payee_id(manager).into()),
            active: true,
        }
    }

    /// The quota of a payee for the quarter; a later revision is a changed one.
    pub fn quota(&self, index: usize, revision: i64) -> QuotaChanged<'_> {
        let mut random = Random::of(self.seed, 1, index as u64 ^ ((revision as u64) << 40));
        let sold = self.deals * AVERAGE_DEAL;
        let sellers = (self.ids.len() - self.first_seller()) as u64;
        let share = match self.role(index) {
            Role::Rep => sold / sellers,
            Role::Specialist => sold / sellers,
            Role::Manager => sold / self.managers as u64,
            Role::Head => sold / self.heads as u64,
        };
        let thousands = (share * (70 + random.below(61)) / 100_000).max(1);
        QuotaChanged {
            payee_id: self.payee_id(index),
            measure: self.role(index).measure(),
            calendar: CALENDAR,
            interval: Interval::Quarter(Quarter(YEAR * 4)),
            amount: Some(Amount(i128::from(thousands) * 1_000 * WHOLE_UNIT)),
            revision,
            applies_from: None,
            author: "sales-operations",
            reason: if revision == 1 { "quarterly plan" } else { "mid-quarter review" },
            occurred_at: 0,
        }
    }
}

fn team(manager: usize) -> String {
    let name = TEAMS[manager % TEAMS.len()];
    let number = manager / TEAMS.len();
    if number == 0 { name.into() } else { format!("{name} {}", number + 1) }
}

/// The first day of a month of the demo's year, counted from 0.
pub fn first_day(month: i32) -> Date {
    Date::from_civil(YEAR as i16, month as i8 + 1, 1).unwrap_or(Date(0))
}

fn measures() -> impl Iterator<Item = Measure> {
    let measure = |id: &str, kind: CreditKind, deal_kinds: Vec<DealKind>| Measure {
        measure_id: id.into(),
        of: MeasureOf::Amount,
        credit_kinds: vec![kind],
        deal_kinds,
        rate_type: None,
        ..Measure::default()
    };
    [
        measure("bookings", CreditKind::Revenue, Vec::new()),
        measure("renewals", CreditKind::Revenue, vec![DealKind::Renewal]),
        measure("team-bookings", CreditKind::Rolled, Vec::new()),
        measure("overlay-bookings", CreditKind::Overlay, Vec::new()),
    ]
    .into_iter()
}

fn plans() -> impl Iterator<Item = Plan> {
    let plan = |id: &str, components: Vec<Component>| Plan {
        plan_id: id.into(),
        from: first_day(0),
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
        components,
    };
    [
        plan("rep", vec![by_attainment("new-business", "COMM", "bookings", &[(0, 3), (50, 7), (100, 12)]), renewal_bonus()]),
        plan("leader", vec![by_attainment("team", "OVERRIDE", "team-bookings", &[(0, 1), (100, 2)])]),
        plan("specialist", vec![by_attainment("overlay", "OVERLAY", "overlay-bookings", &[(0, 2), (100, 4)])]),
    ]
    .into_iter()
}

/// Marginal tiers, each from a percentage of the quota at a percentage of the measure.
fn by_attainment(id: &str, earning_code: &str, measure: &str, tiers: &[(i128, i64)]) -> Component {
    let tier = |(from, rate): &(i128, i64)| Tier { from: from * ALL_OF_QUOTA / 100, rate: Rate(rate * 1_000_000) };
    Component {
        component_id: id.into(),
        earning_code: earning_code.into(),
        interval: IntervalKind::Quarter,
        scope: Scope::Running,
        measure: measure.into(),
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
        tiers: tiers.iter().map(tier).collect(),
    }
}

/// Monthly, by amount: 1 %, and 1.5 % of everything once 100 000 are renewed.
fn renewal_bonus() -> Component {
    let edge = 100_000 * ALL_OF_QUOTA;
    Component {
        interval: IntervalKind::Month,
        scope: Scope::Running,
        tier_by: TierBy::Amount,
        method: Method::Retroactive,
        no_quota: None,
        tiers: vec![Tier { from: 0, rate: Rate(1_000_000) }, Tier { from: edge, rate: Rate(1_500_000) }],
        ..by_attainment("renewal-bonus", "BONUS", "renewals", &[])
    }
}
