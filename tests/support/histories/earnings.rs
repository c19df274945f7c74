//! Measures of earnings of a history, and which components read them: phase by phase, now and then in a circle.

use super::*;

/// Measures by the components that they count and whose, and the components that may read them.
pub(super) const EARNED: [(&str, &[&str], EarnedBy, &[&str]); 5] = [
    ("own-base", &["base"], EarnedBy::Own, &["accelerator", "extra"]),
    ("team-base", &["base"], EarnedBy::Reports, &["accelerator", "extra"]),
    ("own-accelerator", &["accelerator"], EarnedBy::Own, &["extra"]),
    ("team-all", &["base", "accelerator"], EarnedBy::Reports, &["extra"]),
    ("squad-base", &["base"], EarnedBy::Team, &["accelerator", "extra"]),
];

/// Drawn apart, so that the rest of a history is what it is without.
pub struct Earns {
    random: Random,
    measured: bool,
    /// Which of them the component that is drawn may read.
    readable: Vec<&'static str>,
}

impl Earns {
    /// Two of five companies measure earnings.
    pub fn new(seed: u64) -> Earns {
        let mut random = Random(seed ^ 0x000e_a45d);
        let measured = random.chance(40);
        Earns { random, measured, readable: vec![] }
    }

    pub fn is_measured(&self) -> bool {
        self.measured
    }
}

impl Making {
    pub(super) fn earned_measures(&mut self) {
        if !self.earns.measured {
            return;
        }
        for (id, components, by, _) in EARNED {
            let components = components.iter().map(|id| id.to_string()).collect();
            let earnings = Some(Earnings { components, by });
            let measure = Measure { of: MeasureOf::Earned, credit_kinds: vec![], earnings, ..measures::measure(id) };
            let late = self.earns.random.chance(15);
            self.now_or_later("earnings measured later", late, FactBody::MeasureDefined(measure));
        }
        if self.earns.random.chance(10) {
            let earnings = Some(Earnings { components: vec![], by: EarnedBy::Own });
            let none = Measure { of: MeasureOf::Earned, credit_kinds: vec![], earnings, ..measures::measure("nothing") };
            self.later.push(("fact refused", FactBody::MeasureDefined(none)));
        }
    }

    pub(super) fn begin_component(&mut self, id: &str) {
        let circle = self.earns.random.chance(2);
        let may = |readers: &[&str]| circle || readers.contains(&id);
        self.earns.readable = EARNED.iter().filter(|of| may(of.3)).map(|of| of.0).collect();
        if !self.earns.measured {
            self.earns.readable.clear();
        }
    }

    /// A measure that the component reads.
    pub(super) fn read_measure(&mut self) -> &'static str {
        let of_credits = *self.random.pick(&MEASURES);
        if self.earns.readable.is_empty() || self.earns.random.chance(45) {
            return of_credits;
        }
        let readable = self.earns.readable.clone();
        let read = *self.earns.random.pick(&readable);
        self.features.count("earnings read");
        if read.starts_with("team") {
            self.features.count("earnings of reports read");
        }
        if read.starts_with("squad") {
            self.features.count("earnings of a team read");
        }
        if ["own-accelerator", "team-all"].contains(&read) {
            self.features.count("earnings of a second phase read");
        }
        read
    }

    /// Single deals and lines are of credits; now and then somebody asks for them all the same.
    pub(super) fn end_component(&mut self, component: Component) -> Component {
        let earned = EARNED.iter().any(|of| of.0 == component.measure);
        if !earned || !(component.lists_deals() || component.lookup.is_some()) || self.earns.random.chance(5) {
            return component;
        }
        Component { measure: MEASURES[0].into(), ..component }
    }

    /// What a team has together.
    pub(super) fn pooled(&mut self, component: Component) -> Component {
        if !self.earns.readable.contains(&"squad-base") || self.earns.random.chance(65) {
            return component;
        }
        self.features.count("team pool");
        self.features.count("earnings of a team read");
        let cap = self.earns.random.chance(30).then_some(Amount(900_000_000));
        let weight = self.earns.random.chance(30).then_some(Rate(33_333_333));
        let paid = self.earns.random.chance(50);
        let share = self.pool_share();
        Component {
            pool: Some(share),
            interval: IntervalKind::Month,
            scope: Scope::Running,
            measure: "squad-base".into(),
            tier_by: TierBy::Amount,
            pays: if paid { Pays::RateOf } else { Pays::Lump },
            method: if paid { Method::Retroactive } else { Method::Interpolated },
            paid_measure: None,
            beyond: None,
            own_rates: Vec::new(),
            own_edges: Vec::new(),
            direction: Direction::Higher,
            deficit: Deficit::Lost,
            attribution: Attribution::Slice,
            count_split: CountSplit::Share,
            own_modifiers: Vec::new(),
            quota: QuotaUse::Interval,
            no_quota: None,
            lookup: None,
            modifiers: Modifiers { cap, weight, ..Modifiers::default() },
            pay: Vec::new(),
            clawback: Clawback::default(),
            rounding_at: RoundingAt::Cumulative,
            tiers: vec![
                Tier { from: 0, rate: Rate(if paid { 7_777_777 } else { 12_300_000_000 }) },
                Tier { from: 70_000_000_000_000, rate: Rate(if paid { 11_000_000 } else { 0 }) },
            ],
            ..component
        }
    }

    /// Half of the pools are divided by a number of each. Drawn apart, so that the rest of a history is what it is without.
    fn pool_share(&mut self) -> PoolShare {
        let mut random = Random(self.earns.random.0 ^ 0x0005_4a7e);
        if random.chance(50) {
            return PoolShare::Equal;
        }
        self.features.count("team pool by numbers");
        PoolShare::ByParameter((*random.pick(&["target_incentive", "bonus_target", "own_part"])).into())
    }

    /// In a team or none, each row of its own.
    pub(super) fn in_teams(&mut self, rows: &mut [PayeeRow]) {
        if !self.earns.measured {
            return;
        }
        for (place, row) in rows.iter_mut().enumerate() {
            row.team = self.earns.random.pick(&[Some("red"), Some("red"), Some("blue"), None]).map(String::from);
            if place > 0 {
                self.features.count("another team");
            }
        }
    }

    /// A measure that has a quota.
    pub(super) fn quota_measure(&mut self) -> &'static str {
        let of_credits = *self.random.pick(&MEASURES);
        if !self.earns.measured || self.earns.random.chance(70) {
            return of_credits;
        }
        self.features.count("quota of earnings");
        self.earns.random.pick(&EARNED).0
    }
}
