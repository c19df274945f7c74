//! Small random companies and what happens to them, from a seed: facts, deals, quotas, closes, in order of arrival.
//!
//! For property tests of either engine. Everything decodes and passes its own checks; some facts are refused by their
//! rules and some deals park, on purpose. Cuts of closes and totals of releases are the driver's to fill in.
//! Include it with `#[path = "support/histories.rs"] mod histories;`.

use accrue::domain::calendar::{Calendar, Date, Interval, IntervalKind, Period, Quarter};
use accrue::domain::deal::{Change, Counts, DealClosed, DealKind, DealStatus, Line, Split};
use accrue::domain::fact::*;
use accrue::domain::money::{Amount, Quantity, Rate, RoundingMode, Share};
use accrue::domain::quota::QuotaChanged;
use std::collections::BTreeMap;

/// A small fast generator (splitmix64): the same seed gives the same history everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.below(place + 1));
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedSplit {
    pub payee_id: String,
    pub counts: Counts,
    pub share: Share,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedLine {
    pub line_id: String,
    pub product: String,
    pub geography: Option<String>,
    pub segment: Option<String>,
    pub amount: Amount,
    pub quantity: Quantity,
    pub splits: Vec<OwnedSplit>,
}

/// A deal's revision that owns its texts; what no rule reads is filled in by [`OwnedDeal::as_deal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedDeal {
    pub deal_id: String,
    pub revision: i64,
    pub status: DealStatus,
    pub change: Change,
    pub closed_on: Date,
    pub currency: String,
    pub kind: Option<DealKind>,
    pub lines: Vec<OwnedLine>,
    pub splits: Vec<OwnedSplit>,
    pub occurred_at: i64,
}

impl OwnedSplit {
    fn as_split(&self) -> Split<'_> {
        Split { payee_id: &self.payee_id, role: "AE", counts: self.counts, share: self.share }
    }
}

impl OwnedLine {
    fn as_line(&self) -> Line<'_> {
        Line {
            line_id: &self.line_id,
            product: &self.product,
            geography: self.geography.as_deref(),
            segment: self.segment.as_deref(),
            amount: self.amount,
            quantity: self.quantity,
            cost: None,
            splits: self.splits.iter().map(OwnedSplit::as_split).collect(),
        }
    }
}

impl OwnedDeal {
    pub fn as_deal(&self) -> DealClosed<'_> {
        DealClosed {
            deal_id: &self.deal_id,
            revision: self.revision,
            status: self.status,
            change: self.change,
            effective_on: None,
            closed_on: self.closed_on,
            sequence: None,
            currency: &self.currency,
            customer: Some("customer"),
            related_deal: None,
            kind: self.kind,
            contract_start: None,
            term_months: None,
            stage: None,
            probability: None,
            lines: self.lines.iter().map(OwnedLine::as_line).collect(),
            splits: self.splits.iter().map(OwnedSplit::as_split).collect(),
            attributes: vec![],
            occurred_at: self.occurred_at,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedQuota {
    pub payee_id: String,
    pub measure: String,
    pub interval: Interval,
    pub amount: Option<Amount>,
    pub revision: i64,
    pub applies_from: Option<Date>,
    pub occurred_at: i64,
}

impl OwnedQuota {
    pub fn as_quota(&self) -> QuotaChanged<'_> {
        QuotaChanged {
            payee_id: &self.payee_id,
            measure: &self.measure,
            calendar: CALENDAR,
            interval: self.interval,
            amount: self.amount,
            revision: self.revision,
            applies_from: self.applies_from,
            author: "hr",
            reason: "plan year",
            occurred_at: self.occurred_at,
        }
    }
}

/// One thing that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Fact(Box<Fact>),
    Deal(OwnedDeal),
    Quota(OwnedQuota),
}

impl Event {
    /// Closes, reopenings and releases: no arrival is moved across them.
    pub fn is_barrier(&self) -> bool {
        let Event::Fact(fact) = self else { return false };
        matches!(fact.body, FactBody::PeriodClosed(_) | FactBody::PeriodReopened(_) | FactBody::PeriodReleased(_))
    }

    /// What must keep its order of arrival among its like: facts, and contents under one revision (the first wins).
    fn ordered_by(&self) -> String {
        match self {
            Event::Fact(_) => "facts".into(),
            Event::Deal(deal) => format!("deal {} {}", deal.deal_id, deal.revision),
            Event::Quota(quota) => format!("quota {} {} {} {}", quota.payee_id, quota.measure, quota.interval, quota.revision),
        }
    }
}

/// How often each feature is held, by name, so that a test can assert that it is held often enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features(pub BTreeMap<&'static str, usize>);

impl Features {
    pub fn count(&mut self, feature: &'static str) {
        *self.0.entry(feature).or_default() += 1;
    }

    pub fn of(&self, feature: &str) -> usize {
        self.0.get(feature).copied().unwrap_or(0)
    }

    pub fn add(&mut self, other: &Features) {
        for (feature, count) in &other.0 {
            *self.0.entry(feature).or_default() += count;
        }
    }
}

pub struct History {
    pub seed: u64,
    pub events: Vec<Event>,
    pub features: Features,
}

impl History {
    pub fn generate(seed: u64) -> History {
        let mut making = Making::new(seed);
        making.company();
        making.year();
        History { seed, events: making.events, features: making.features }
    }

    /// The same events in another order of arrival between closes, reopenings and releases.
    pub fn shuffled(&self, seed: u64) -> Vec<Event> {
        let mut random = Random(seed);
        let mut events = Vec::with_capacity(self.events.len());
        for part in self.events.split_inclusive(Event::is_barrier) {
            let (barrier, rest) = match part.split_last() {
                Some((last, rest)) if last.is_barrier() => (Some(last), rest),
                _ => (None, part),
            };
            events.extend(shuffled_part(rest, &mut random));
            events.extend(barrier.cloned());
        }
        events
    }
}

/// Shuffles, then puts what must keep its order back in order on the places that it got.
fn shuffled_part(part: &[Event], random: &mut Random) -> Vec<Event> {
    let mut order: Vec<usize> = (0..part.len()).collect();
    random.shuffle(&mut order);
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, origin) in order.iter().enumerate() {
        places.entry(part[*origin].ordered_by()).or_default().push(place);
    }
    for places in places.values() {
        let mut origins: Vec<usize> = places.iter().map(|place| order[*place]).collect();
        origins.sort_unstable();
        for (place, origin) in places.iter().zip(origins) {
            order[*place] = origin;
        }
    }
    order.into_iter().map(|origin| part[origin].clone()).collect()
}

pub const CALENDAR: &str = "fiscal";
pub const JANUARY: Period = Period(2026 * 12);
const REPS: [&str; 5] = ["rep-1", "rep-2", "rep-3", "rep-4", "rep-5"];
const MANAGERS: [&str; 3] = ["lead-1", "lead-2", "head"];
const LATE_PAYEE: &str = "late-rep";
const LATE_MANAGER: &str = "late-lead";
const MEASURES: [&str; 5] = ["bookings", "new-business", "suite", "units", "overlay"];
const CLOSER: &str = "carl";
const RELEASER: &str = "rita";

/// A date of 2026 and the days around it.
fn day(month: i8, day: i8) -> Date {
    Date::from_civil(2026, month, day).expect("a day of 2026")
}

struct Making {
    random: Random,
    events: Vec<Event>,
    features: Features,
    deals: Vec<OwnedDeal>,
    quotas: Vec<OwnedQuota>,
    /// Closes that stand: id, and whether it is released.
    closes: Vec<(String, bool)>,
    closed_before: usize,
    /// Facts that come during the year.
    later: Vec<(&'static str, FactBody)>,
}

impl Making {
    fn new(seed: u64) -> Making {
        Making {
            random: Random(seed),
            events: vec![],
            features: Features::default(),
            deals: vec![],
            quotas: vec![],
            closes: vec![],
            closed_before: 0,
            later: vec![],
        }
    }

    fn fact(&mut self, author: &str, body: FactBody) {
        let (fact_id, occurred_at) = (format!("fact-{}", self.events.len()), self.events.len() as i64);
        let fact = Fact { fact_id, author: author.into(), reason: "generated".into(), approver: None, occurred_at, body };
        self.events.push(Event::Fact(Box::new(fact)));
    }

    // --- the company ---

    fn company(&mut self) {
        let (company_id, currency, calendar) = ("acme".into(), "USD".into(), CALENDAR.into());
        let company = Company { company_id, currency, calendar, closer_may_release: self.random.chance(20) };
        self.fact("admin", FactBody::CompanyDefined(company));
        self.calendars();
        for (place, id) in MEASURES.iter().enumerate() {
            let late = place > 0 && self.random.chance(15);
            let body = FactBody::MeasureDefined(measure(id));
            self.now_or_later("measure later", late, body);
        }
        for plan_id in ["ae", "se"] {
            self.plan_versions(plan_id);
        }
        self.organisation();
    }

    fn now_or_later(&mut self, feature: &'static str, late: bool, body: FactBody) {
        if late { self.later.push((feature, body)) } else { self.fact("admin", body) }
    }

    fn calendars(&mut self) {
        let year = |months: i32| FactBody::CalendarDefined(Calendar::monthly(CALENDAR, JANUARY, Period(JANUARY.0 + months - 1)));
        if self.random.chance(25) {
            self.fact("admin", year(3));
            self.later.push(("calendar extended", year(12)));
        } else {
            self.fact("admin", year(12));
        }
        if self.random.chance(20) {
            let other = Calendar::monthly("other", JANUARY, Period(JANUARY.0 + 2));
            self.later.push(("fact refused", FactBody::CalendarDefined(other)));
        }
        if self.random.chance(20) {
            let changed = Measure { of: MeasureOf::Quantity, ..measure(MEASURES[0]) };
            self.later.push(("fact refused", FactBody::MeasureDefined(changed)));
        }
    }

    /// One to three versions of a plan, and at times a correction of one.
    fn plan_versions(&mut self, plan_id: &str) {
        let mut starts = vec![day(1, 1)];
        for month in 2..=5 {
            if self.random.chance(20) {
                starts.push(day(month, 1));
            }
        }
        let base = self.components();
        for (place, from) in starts.iter().enumerate() {
            let components = if place == 0 { base.clone() } else { self.changed(&base) };
            let plan = plan(plan_id, *from, starts.get(place + 1).copied(), components);
            if place > 0 {
                self.features.count("plan version");
            }
            if self.random.chance(20) {
                let corrected = Plan { components: self.changed(&plan.components), ..plan.clone() };
                self.later.push(("plan corrected", FactBody::PlanDefined(corrected)));
            }
            let late = self.random.chance(10);
            self.now_or_later("plan later", late, FactBody::PlanDefined(plan));
        }
    }

    fn components(&mut self) -> Vec<Component> {
        let count = 1 + self.random.below(3);
        (0..count).map(|place| self.component(["base", "accelerator", "extra"][place])).collect()
    }

    fn component(&mut self, id: &str) -> Component {
        let measure = *self.random.pick(&MEASURES);
        let quantity = measure == "units";
        let by_attainment = self.random.chance(45);
        let plain = if quantity { TierBy::Quantity } else { TierBy::Amount };
        Component {
            component_id: id.into(),
            earning_code: (*self.random.pick(&["COMM", "BONUS"])).into(),
            interval: *self.random.pick(&[IntervalKind::Month, IntervalKind::Quarter, IntervalKind::Quarter]),
            measure: measure.into(),
            tier_by: if by_attainment { TierBy::Attainment } else { plain },
            pays: if quantity { Pays::PerUnit } else { Pays::RateOf },
            method: *self.random.pick(&[Method::Marginal, Method::Retroactive]),
            boundary: *self.random.pick(&[Boundary::Upper, Boundary::Lower]),
            negative: *self.random.pick(&[Negative::Carry, Negative::Zero, Negative::Mirror]),
            no_quota: by_attainment.then(|| *self.random.pick(&[NoQuota::Park, NoQuota::Nothing, NoQuota::FirstTier])),
            rounding: *self.random.pick(&[RoundingMode::HalfEven, RoundingMode::HalfUp, RoundingMode::Down]),
            tiers: self.tiers(if by_attainment {
                250_000
            } else if quantity {
                5_000_000
            } else {
                1_000_000_000
            }),
        }
    }

    /// One to four tiers on multiples of a step (in millionths), so that round sums hit their edges exactly.
    fn tiers(&mut self, step: i128) -> Vec<Tier> {
        let mut from = 0;
        let mut tiers = vec![];
        for _ in 0..1 + self.random.below(4) {
            tiers.push(Tier { from: from * step * 1_000_000, rate: Rate(self.random.below(40_000_000) as i64) });
            from += 1 + self.random.below(3) as i128;
        }
        tiers
    }

    /// Another version: other tiers, at times a component more or less; rounding stays.
    fn changed(&mut self, components: &[Component]) -> Vec<Component> {
        let mut changed = components.to_vec();
        for component in &mut changed {
            let other = self.component(&component.component_id);
            *component = Component { rounding: component.rounding, interval: component.interval, ..other };
        }
        if changed.len() > 1 && self.random.chance(20) {
            changed.pop();
        }
        changed
    }

    /// Three levels: reps under leads under a head, with moves, vacant seats and leavers.
    fn organisation(&mut self) {
        for (id, manager) in [("head", None), ("lead-1", Some("head")), ("lead-2", Some("head"))] {
            let rows = self.manager_rows(manager);
            self.fact("admin", payee(id, rows));
        }
        for id in REPS {
            let rows = self.rep_rows();
            self.fact("admin", payee(id, rows));
            if self.random.chance(30) {
                let rows = self.rep_rows();
                self.later.push(("organisation changed", payee(id, rows)));
            }
        }
        let rows = self.rep_rows();
        self.later.push(("payee later", payee(LATE_PAYEE, rows)));
        self.later.push(("manager later", payee(LATE_MANAGER, vec![row(day(1, 1), None, Some("head"), "ae")])));
        if self.random.chance(25) {
            let cycle = payee("head", vec![row(day(1, 1), None, Some("lead-1"), "ae")]);
            self.later.push(("fact refused", cycle));
        }
    }

    /// A manager's seat, vacant for a while at times.
    fn manager_rows(&mut self, manager: Option<&str>) -> Vec<PayeeRow> {
        if self.random.chance(60) {
            return vec![row(day(1, 1), None, manager, "ae")];
        }
        self.features.count("vacant seat");
        let (left, back) = (day(1, 10 + self.random.below(20) as i8), day(2, 1 + self.random.below(20) as i8));
        vec![row(day(1, 1), Some(left), manager, "ae"), row(back, None, manager, "ae")]
    }

    /// A rep's seats: another manager inside a month, another plan from a month's first day, a late start or an end.
    fn rep_rows(&mut self) -> Vec<PayeeRow> {
        let first = if self.random.chance(85) { day(1, 1) } else { day(1, 15) };
        let plans = |random: &mut Random| *random.pick(&["ae", "se"]);
        let (one, two) = (plans(&mut self.random), plans(&mut self.random));
        let managers = [self.manager(), self.manager()];
        match self.random.below(4) {
            0 => {
                let moved = day(2, 1 + self.random.below(28) as i8);
                self.features.count("move inside a month");
                vec![row(first, Some(moved), managers[0], one), row(moved, None, managers[1], one)]
            }
            1 => {
                let moved = day(2 + self.random.below(2) as i8, 1);
                self.features.count("move to another plan");
                vec![row(first, Some(moved), managers[0], one), row(moved, None, managers[1], two)]
            }
            2 => vec![row(first, Some(day(12, 1)), managers[0], one)],
            _ => vec![row(first, None, managers[0], one)],
        }
    }

    fn manager(&mut self) -> Option<&'static str> {
        if self.random.chance(5) {
            self.features.count("unknown manager");
            return Some(LATE_MANAGER);
        }
        if self.random.chance(5) { None } else { Some(*self.random.pick(&MANAGERS)) }
    }

    // --- what happens ---

    fn year(&mut self) {
        let later: Vec<_> = self.later.drain(..).collect();
        let steps = 60 + self.random.below(60);
        let mut due: Vec<(usize, (&'static str, FactBody))> = vec![];
        for fact in later {
            due.push((self.random.below(steps), fact));
        }
        for step in 0..steps {
            for (_, (feature, body)) in due.extract_if(.., |(at, _)| *at == step) {
                self.features.count(feature);
                self.fact("admin", body);
            }
            match self.random.below(100) {
                0..45 => self.new_deal(),
                45..65 => self.new_revision(),
                65..72 => self.same_revision(),
                72..94 => self.quota(),
                _ => self.period_step(),
            }
        }
    }

    fn new_deal(&mut self) {
        let deal_id = format!("D{}", self.deals.len());
        let mut deal = OwnedDeal {
            deal_id,
            revision: 1 + self.random.below(3) as i64,
            status: DealStatus::Closed,
            change: Change::Correction,
            closed_on: self.close_date(),
            currency: "USD".into(),
            kind: *self.random.pick(&[None, Some(DealKind::New), Some(DealKind::New), Some(DealKind::Renewal)]),
            lines: vec![],
            splits: self.splits(),
            occurred_at: self.events.len() as i64,
        };
        deal.lines = (0..1 + self.random.below(3)).map(|place| self.line(place)).collect();
        if self.random.chance(3) {
            deal.currency = "EUR".into();
            self.features.count("other currency");
        }
        if self.random.chance(4) {
            deal.status = *self.random.pick(&[DealStatus::Open, DealStatus::Lost]);
            self.features.count("open or lost");
        }
        self.features.count("deal");
        self.deals.push(deal.clone());
        self.tell(deal);
    }

    fn tell(&mut self, deal: OwnedDeal) {
        debug_assert!(deal.as_deal().check().is_ok());
        self.events.push(Event::Deal(deal));
    }

    fn close_date(&mut self) -> Date {
        if self.random.chance(3) {
            self.features.count("outside the calendar");
            return *self.random.pick(&[Date(day(1, 1).0 - 1), Date(day(12, 31).0 + 1)]);
        }
        if self.random.chance(30) {
            self.features.count("boundary date");
            let firsts = [day(1, 1), day(2, 1), day(3, 1), day(4, 1)];
            return Date(self.random.pick(&firsts).0 - self.random.below(2) as i32).max(day(1, 1));
        }
        Date(day(1, 1).0 + self.random.below(110) as i32)
    }

    fn line(&mut self, place: usize) -> OwnedLine {
        let mut amount = (1 + self.random.below(12)) as i128 * 500_000_000;
        if self.random.chance(30) {
            amount += self.random.below(1_000_000_000) as i128;
        }
        if self.random.chance(10) {
            self.features.count("negative line");
            amount = -amount;
        }
        let own = self.random.chance(15);
        if own {
            self.features.count("line splits");
        }
        OwnedLine {
            line_id: format!("{place}"),
            product: (*self.random.pick(&["suite", "addon", "service"])).into(),
            geography: self.random.chance(70).then(|| (*self.random.pick(&["emea", "amer"])).into()),
            segment: self.random.chance(70).then(|| (*self.random.pick(&["smb", "enterprise"])).into()),
            amount: Amount(amount),
            quantity: Quantity((self.random.below(40) as i64 - 3) * 5_000),
            splits: if own { self.splits() } else { vec![] },
        }
    }

    /// One to three REVENUE payees that share everything, and at times an overlay payee.
    fn splits(&mut self) -> Vec<OwnedSplit> {
        let mut payees: Vec<&str> = REPS.into_iter().chain(["lead-1"]).collect();
        if self.random.chance(8) {
            self.features.count("unknown payee");
            payees = vec![LATE_PAYEE, REPS[0], REPS[1]];
        } else {
            self.random.shuffle(&mut payees);
        }
        let mut rest = 1_000_000;
        let mut splits = vec![];
        let count = 1 + self.random.below(3);
        for (place, payee_id) in payees.iter().take(count).enumerate() {
            let last = place + 1 == count;
            let share = if last { rest } else { *self.random.pick(&[rest / 2, rest / 3, rest / 10]) };
            rest -= share;
            splits.push(OwnedSplit { payee_id: (*payee_id).into(), counts: Counts::Revenue, share: Share(share) });
        }
        if self.random.chance(20) {
            self.features.count("overlay");
            let share = *self.random.pick(&[Share(1_000_000), Share(500_000), Share(333_333)]);
            let payee_id = (*self.random.pick(&REPS)).into();
            splits.push(OwnedSplit { payee_id, counts: Counts::Overlay, share });
        }
        splits
    }

    /// An amendment, a cancellation, or a revision that is older than what was told.
    fn new_revision(&mut self) {
        if self.deals.is_empty() {
            return self.new_deal();
        }
        let place = self.random.below(self.deals.len());
        let mut deal = self.deals[place].clone();
        let newest = deal.revision;
        deal.occurred_at = self.events.len() as i64;
        deal.revision = newest + 1 + self.random.below(4) as i64;
        match self.random.below(6) {
            0 => {
                (deal.status, deal.change) = (DealStatus::Cancelled, Change::Cancellation);
                self.features.count("cancellation");
            }
            1 => {
                deal.closed_on = self.close_date();
                self.features.count("moved deal");
            }
            2 => {
                deal.splits = self.splits();
                self.features.count("split changed");
            }
            3 => {
                deal.status = DealStatus::Closed;
                deal.lines = vec![self.line(0)];
                deal.change = Change::Return;
                self.features.count("return");
            }
            4 => {
                deal.revision = -(self.events.len() as i64);
                deal.lines = vec![self.line(0)];
                self.features.count("older revision late");
            }
            _ => {
                deal.status = DealStatus::Closed;
                deal.lines = (0..1 + self.random.below(3)).map(|place| self.line(place)).collect();
                self.features.count("amendment");
            }
        }
        if deal.revision > newest {
            self.deals[place] = deal.clone();
        }
        self.tell(deal);
    }

    /// A second delivery of a revision, with the same or with another content.
    fn same_revision(&mut self) {
        if self.deals.is_empty() {
            return self.new_deal();
        }
        let mut deal = self.random.pick(&self.deals).clone();
        deal.occurred_at = self.events.len() as i64;
        if self.random.chance(35) {
            deal.lines = vec![self.line(7)];
            self.features.count("conflict");
        } else {
            self.features.count("duplicate");
        }
        self.tell(deal);
    }

    fn quota(&mut self) {
        let again = !self.quotas.is_empty() && self.random.chance(40);
        let mut quota = if again { self.random.pick(&self.quotas).clone() } else { self.new_quota() };
        quota.occurred_at = self.events.len() as i64;
        if again && self.random.chance(85) {
            quota.revision += self.random.below(5) as i64 - 1;
            quota.amount = self.quota_amount();
            quota.applies_from = self.applies_from(quota.interval);
            self.features.count("quota change");
        }
        self.quotas.push(quota.clone());
        self.events.push(Event::Quota(quota));
    }

    fn new_quota(&mut self) -> OwnedQuota {
        self.features.count("quota");
        let month = Interval::Month(Period(JANUARY.0 + self.random.below(4) as i32));
        let quarter = Interval::Quarter(Quarter(2026 * 4 + self.random.below(2) as i32));
        let interval = if self.random.chance(35) { month } else { quarter };
        let payees = [&REPS[..], &MANAGERS[..]].concat();
        OwnedQuota {
            payee_id: (*self.random.pick(&payees)).into(),
            measure: (*self.random.pick(&MEASURES)).into(),
            interval,
            amount: self.quota_amount(),
            revision: 1,
            applies_from: None,
            occurred_at: 0,
        }
    }

    fn quota_amount(&mut self) -> Option<Amount> {
        if self.random.chance(8) {
            self.features.count("quota withdrawn");
            return None;
        }
        if self.random.chance(8) {
            self.features.count("quota zero");
            return Some(Amount(0));
        }
        Some(Amount((1 + self.random.below(20)) as i128 * 1_000_000_000))
    }

    fn applies_from(&mut self, interval: Interval) -> Option<Date> {
        let Interval::Quarter(quarter) = interval else { return None };
        if self.random.chance(50) {
            return None;
        }
        self.features.count("quota applies from");
        let month = quarter.0.rem_euclid(4) * 3 + self.random.below(3) as i32 + 1;
        Some(day(month as i8, 1))
    }

    /// The next close, or the reopening or release of one; now and then one that is refused.
    fn period_step(&mut self) {
        let unreleased = self.closes.iter().position(|(_, released)| !released);
        match (unreleased, self.random.below(4)) {
            (Some(_), 0) if self.closes.last().is_some_and(|(_, released)| !released) => {
                let Some((close_id, _)) = self.closes.pop() else { return };
                self.features.count("reopen");
                self.fact(CLOSER, FactBody::PeriodReopened(PeriodReopened { close_id }));
            }
            (Some(first), 1 | 2) => {
                let by_closer = self.random.chance(20);
                let author = if by_closer { CLOSER } else { RELEASER };
                self.features.count(if by_closer { "release by the closer" } else { "release" });
                if !by_closer {
                    self.closes[first].1 = true;
                }
                let released =
                    PeriodReleased { close_id: self.closes[first].0.clone(), records: 0, total_minor: 0, digest: String::new() };
                self.fact(author, FactBody::PeriodReleased(released));
            }
            _ => self.close(),
        }
    }

    fn close(&mut self) {
        let period = Period(JANUARY.0 + self.closes.len() as i32);
        if self.closes.len() >= 3 {
            return;
        }
        self.closed_before += 1;
        let close_id = format!("close-{}", self.closed_before);
        self.closes.push((close_id.clone(), false));
        self.features.count("close");
        let (calendar, pay_group) = (CALENDAR.into(), "default".into());
        let closed = PeriodClosed { close_id, calendar, pay_group, period, cut: Cut::default() };
        self.fact(CLOSER, FactBody::PeriodClosed(closed));
    }
}

fn measure(id: &str) -> Measure {
    use CreditKind::*;
    let all = Measure {
        measure_id: id.into(),
        of: MeasureOf::Amount,
        credit_kinds: vec![Revenue, Rolled],
        products: vec![],
        geographies: vec![],
        segments: vec![],
        deal_kinds: vec![],
    };
    match id {
        "new-business" => Measure { deal_kinds: vec![DealKind::New], ..all },
        "suite" => Measure {
            credit_kinds: vec![Revenue, Overlay, Rolled],
            products: vec!["suite".into(), "addon".into()],
            segments: vec!["smb".into()],
            ..all
        },
        "units" => Measure { of: MeasureOf::Quantity, geographies: vec!["emea".into()], ..all },
        "overlay" => Measure { credit_kinds: vec![Overlay], ..all },
        _ => all,
    }
}

fn plan(plan_id: &str, from: Date, to: Option<Date>, components: Vec<Component>) -> Plan {
    Plan {
        plan_id: plan_id.into(),
        from,
        to,
        currency: "USD".into(),
        calendar: CALENDAR.into(),
        mid_interval_change: MidIntervalChange::Carry,
        negative_pay: NegativePay::Carry,
        after_release: AfterRelease::Adjust,
        components,
    }
}

fn row(from: Date, to: Option<Date>, manager: Option<&str>, plan: &str) -> PayeeRow {
    PayeeRow {
        from,
        to,
        title: "AE".into(),
        manager: manager.map(String::from),
        pay_group: "default".into(),
        plans: vec![plan.into()],
        employee_ref: Some("E1".into()),
    }
}

fn payee(payee_id: &str, rows: Vec<PayeeRow>) -> FactBody {
    FactBody::PayeeDefined(Payee { payee_id: payee_id.into(), rows })
}
