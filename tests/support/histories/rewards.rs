//! The components of a history that are more than a plain rate table, and what they read of a payee and a plan.

use super::*;

const MULTIPLES: [i128; 3] = [250_000, 500_000, 1_000_000];

/// What the sums of a measure are, other than part of a quota.
pub(super) fn plain_axis(measure: &str) -> TierBy {
    match measure {
        "units" | "points" => TierBy::Quantity,
        "deals" => TierBy::Count,
        _ => TierBy::Amount,
    }
}

impl Making {
    pub(super) fn prorate(&mut self) -> Prorate {
        if self.random.chance(60) {
            return Prorate::NOTHING;
        }
        self.features.count("prorated");
        let by = *self.random.pick(&[ProrateBy::ActiveDays, ProrateBy::Months]);
        let [quota, target, cap, floor] = [0; 4].map(|_| self.random.chance(60));
        Prorate { by, quota, target, cap, draw: false, floor }
    }

    /// What has a quota to date cannot begin anew.
    pub(super) fn mid_interval_change(&mut self, components: &[Component]) -> MidIntervalChange {
        if self.random.chance(65) || components.iter().any(|component| component.quota.is_to_date()) {
            return MidIntervalChange::Carry;
        }
        self.features.count("begins anew");
        MidIntervalChange::Restart
    }

    pub(super) fn parameters(&mut self) -> Vec<(String, Amount)> {
        if self.random.chance(20) {
            self.features.count("parameter missing");
            return vec![];
        }
        let mut stated = vec![("target_incentive".into(), Amount(1_000_000 * (1 + self.random.below(20_000) as i128)))];
        if self.random.chance(70) {
            stated.insert(0, ("bonus_target".into(), Amount(1_500_000 * (1 + self.random.below(9_000) as i128))));
        }
        if self.random.chance(80) {
            let mut rate = Amount(self.random.below(400_000) as i128);
            if self.random.chance(2) {
                self.features.count("own rate too large");
                rate = Amount(10i128.pow(16) + rate.0);
            }
            stated.insert(stated.len() - 1, ("own_rate".into(), rate));
        }
        stated
    }

    /// Some of the tiers at a value of the payee's own, but for what has to pay nothing.
    pub(super) fn with_own_rates(&mut self, mut component: Component) -> Component {
        if component.pool.is_some() || component.tiers.is_empty() || self.random.chance(80) {
            return component;
        }
        let steps = component.method == Method::Lump || (component.method == Method::Curve && component.paid().is_none());
        let lump = component.pays == Pays::Lump;
        let end = component.tiers.len() - usize::from(component.method == Method::Interpolated);
        for (place, tier) in component.tiers[..end].iter_mut().enumerate() {
            if (steps && tier.from == 0) || self.random.chance(30) {
                continue;
            }
            self.features.count(if lump { "own rates of amounts" } else { "own rate" });
            tier.rate = Rate(0);
            let parameter = if lump { "bonus_target" } else { "own_rate" };
            component.own_rates.push(OwnRate { tier: place, parameter: parameter.into() });
        }
        component
    }

    /// Another table, or the same, with or without modifiers.
    pub(super) fn shaped(&mut self, plain: Component) -> Component {
        let mut component = match self.random.below(11) {
            10 => self.overage(plain),
            9 => self.looked_up(plain),
            8 => self.formula(plain),
            6 => self.alone(plain),
            7 => self.whole_deals(plain),
            0 => self.paid_on_another(plain),
            1 => self.lump(plain),
            2 => self.interpolated(plain),
            3 => self.curve(plain),
            4 => self.of_target(plain),
            _ => plain,
        };
        if self.random.chance(60) {
            self.modify(&mut component);
        }
        let component = self.settle_quota(component);
        let component = self.use_quota(component);
        let by_sums = component.formula().is_some() || component.lookup.is_some();
        let of_sums = component.paid_measure.is_some() || component.quota.is_to_date() || by_sums;
        let of_sums = of_sums || component.modifiers.floor.is_some() || !self.is_priced_by_deal(&component.measure);
        let pay = self.tranches(!of_sums);
        let clawback = self.clawback(!of_sums, &component);
        Component { pay, clawback, ..component }
    }

    fn clawback(&mut self, of_deals: bool, component: &Component) -> Clawback {
        let mut clawback = Clawback::default();
        if of_deals && self.random.chance(40) {
            self.features.count("historic rate");
            clawback.price = ClawbackPrice::HistoricRate;
            clawback.scale = self.scale();
        }
        let paid = component.paid_measure.clone().unwrap_or_else(|| component.measure.clone());
        if self.random.chance(25) && self.is_priced_by_deal(&component.measure) && self.is_priced_by_deal(&paid) {
            self.features.count("taken back later");
            clawback.period = ClawbackPeriod::Current;
        }
        clawback
    }

    /// Most are paid at once.
    fn tranches(&mut self, of_deals: bool) -> Vec<Tranche> {
        if self.random.chance(70) {
            return vec![];
        }
        self.features.count("paid in tranches");
        let mut rest = 100_000_000;
        let mut tranches = vec![];
        while rest > 0 {
            let last = tranches.len() == 3 || self.random.chance(30);
            let share = if last { rest } else { *self.random.pick(&[rest / 2, rest / 3, rest / 7]) };
            rest -= share;
            let mut when =
                *self.random.pick(&[Due::Booked, Due::AfterMonths(1), Due::AfterMonths(2), Due::IntervalEnd, Due::YearEnd]);
            if of_deals && self.random.chance(40) {
                self.features.count("paid when settled");
                when = Due::Settled;
            }
            tranches.push(Tranche { share: Rate(share), when });
        }
        tranches
    }

    /// `no_quota` is stated exactly where something is by attainment, and not as a first tier of parts of a target.
    fn settle_quota(&mut self, component: Component) -> Component {
        let proportional = component.method.is_proportional();
        let of_target = proportional && matches!(component.pays, Pays::FractionOf(_));
        let modes = [NoQuota::Park, NoQuota::Nothing, NoQuota::FirstTier];
        let no_first = of_target || component.formula().is_some() || component.method == Method::Overage;
        let mode = *self.random.pick(&modes[..if no_first { 2 } else { 3 }]);
        Component { no_quota: component.reads_quota().then_some(mode), ..component }
    }

    /// The whole quota, or what falls to the pay periods so far; not of whole deals by attainment.
    fn use_quota(&mut self, component: Component) -> Component {
        let whole = component.method.is_whole_deal() && component.tier_by == TierBy::Attainment;
        if whole
            || component.formula().is_some()
            || component.lookup.is_some()
            || !component.reads_quota()
            || self.random.chance(50)
        {
            return component;
        }
        self.features.count("to_date");
        let periods = component.interval.count();
        let mut shares = vec![];
        if self.random.chance(60) {
            self.features.count("spread");
            shares = (1..periods).map(|_| Rate(100_000_000 / periods as i64 * self.random.below(2) as i64)).collect();
            shares.push(Rate(100_000_000 - shares.iter().map(|share| share.0).sum::<i64>()));
        }
        Component { quota: QuotaUse::ToDate(shares), ..component }
    }

    /// A measure, and what it is compared as.
    fn axis(&mut self) -> (String, TierBy) {
        let measure = self.read_measure();
        let plain = plain_axis(measure);
        (measure.into(), if self.random.chance(60) { TierBy::Attainment } else { plain })
    }

    pub(super) fn step(tier_by: TierBy) -> i128 {
        match tier_by {
            TierBy::Attainment => 250_000,
            TierBy::Quantity => 5_000_000,
            TierBy::Count => 500_000,
            TierBy::Amount => 1_000_000_000,
        }
    }

    fn paid_on_another(&mut self, plain: Component) -> Component {
        let (measure, tier_by) = self.axis();
        if measure == plain.measure {
            return plain;
        }
        self.features.count("paid on another measure");
        let negative = *self.random.pick(&[Negative::Carry, Negative::Zero]);
        let tiers = self.tiers(Self::step(tier_by));
        let paid_measure = Some(plain.measure);
        Component { measure, tier_by, paid_measure, method: Method::Retroactive, negative, tiers, ..plain }
    }

    /// Amounts of up to 4 000 for each step, nothing for the first.
    fn steps(&mut self, tier_by: TierBy) -> Vec<Tier> {
        let mut tiers = self.tiers(Self::step(tier_by));
        for (place, tier) in tiers.iter_mut().enumerate() {
            tier.rate = Rate(if place == 0 { 0 } else { tier.rate.0 * 10_000 });
        }
        tiers
    }

    fn lump(&mut self, plain: Component) -> Component {
        self.features.count("lump");
        let tiers = self.steps(plain.tier_by);
        Component { pays: Pays::Lump, method: Method::Lump, tiers, ..plain }
    }

    fn interpolated(&mut self, plain: Component) -> Component {
        self.features.count("interpolated");
        let mut tiers = self.tiers(Self::step(plain.tier_by));
        tiers.iter_mut().for_each(|tier| tier.rate.0 *= 10_000);
        let last = tiers[tiers.len() - 1].from;
        tiers.push(Tier { from: last + 1_000_000 * Self::step(plain.tier_by) * 3, rate: Rate(0) });
        Component { pays: Pays::Lump, method: Method::Interpolated, tiers, ..plain }
    }

    fn curve(&mut self, plain: Component) -> Component {
        self.features.count("curve");
        let beyond = Some(*self.random.pick(&[Beyond::Flat, Beyond::Extend]));
        let lump = self.random.chance(50);
        let mut tiers = if lump { self.steps(plain.tier_by) } else { plain.tiers.clone() };
        if self.random.chance(50) {
            let later = 1_000_000 * Self::step(plain.tier_by);
            tiers.iter_mut().for_each(|tier| tier.from += later);
        }
        let pays = if lump { Pays::Lump } else { plain.pays.clone() };
        Component { pays, method: Method::Curve, beyond, tiers, ..plain }
    }

    /// What is above a threshold; without a quota nothing is.
    fn overage(&mut self, plain: Component) -> Component {
        self.features.count("overage");
        let later = 1_000_000 * Self::step(plain.tier_by) * (1 + self.random.below(2) as i128);
        let tiers = plain.tiers.iter().map(|tier| Tier { from: tier.from + later, ..*tier }).collect();
        Component { method: Method::Overage, tiers, ..plain }
    }

    /// A table that each deal is asked about by itself.
    fn alone(&mut self, plain: Component) -> Component {
        if !self.is_priced_by_deal(&plain.measure) {
            return plain;
        }
        self.features.count("priced by deal");
        let tier_by = plain_axis(&plain.measure);
        let plain = Component { tier_by, tiers: self.tiers(Self::step(tier_by)), scope: Scope::Deal, ..plain };
        let mut alone = match self.random.below(4) {
            0 => self.lump(plain),
            1 => self.interpolated(plain),
            2 => self.curve(plain),
            _ => plain,
        };
        if self.random.chance(40) {
            self.features.count("rounded by deal");
            alone.rounding_at = RoundingAt::Deal;
        }
        if self.random.chance(40) {
            self.features.count("cap of a deal");
            alone.modifiers.deal_cap = Some(Amount(5_000_000 * (1 + self.random.below(60) as i128)));
        }
        alone
    }

    /// Each deal at the rate of the tier that it finds, or that it reaches.
    fn whole_deals(&mut self, plain: Component) -> Component {
        if !self.is_priced_by_deal(&plain.measure) {
            return plain;
        }
        self.features.count("whole deals");
        let method = *self.random.pick(&[Method::WholeDealBefore, Method::WholeDealAfter]);
        Component { method, negative: Negative::Carry, ..plain }
    }

    fn of_target(&mut self, plain: Component) -> Component {
        self.features.count("fraction of a target");
        let pays = Pays::FractionOf((*self.random.pick(&["target_incentive", "bonus_target"])).into());
        let tier_by = TierBy::Attainment;
        if self.random.chance(50) {
            let tiers = self.tiers(Self::step(tier_by));
            return Component { pays, tier_by, tiers, ..plain };
        }
        let mut tiers = self.steps(tier_by);
        tiers.iter_mut().for_each(|tier| tier.rate.0 /= 1_000);
        Component { pays, tier_by, method: Method::Lump, tiers, ..plain }
    }

    /// A random calculation on sums, quotas and parameters.
    fn formula(&mut self, plain: Component) -> Component {
        self.features.count("formula");
        let text = format!("measure(\"{}\") * {}% + {}", plain.measure, self.random.below(20), self.calculation(3));
        let Ok(formula) = Formula::parse(&text) else { return plain };
        let by_quota = formula.measures()[0].by_quota;
        let tier_by = if by_quota { TierBy::Attainment } else { TierBy::Amount };
        let (method, pays, negative) = (Method::Formula, Pays::Formula(formula), Negative::Carry);
        Component { tier_by, method, pays, negative, tiers: vec![], ..plain }
    }

    fn calculation(&mut self, depth: u64) -> String {
        let named = |function: &str, name: &str| format!("{function}(\"{name}\")");
        let measure = self.read_measure();
        if depth == 0 || self.random.chance(20) {
            return match self.random.below(8) {
                0 => named("quota", measure),
                1 | 2 => named("attainment", measure) + " * 1000",
                3 => named("payee", "target_incentive") + " / 10",
                4 => named("target", "bonus_target"),
                5 => format!("{}.{}", self.random.below(2_000), self.random.below(100)),
                _ => named("measure", measure) + " * 0.05",
            };
        }
        let (one, other) = (self.calculation(depth - 1), self.calculation(depth - 1));
        match self.random.below(9) {
            0 => format!("min({one}, {other})"),
            1 => format!("max({one}, {other}, 100)"),
            2 => format!("round({one}, {})", self.random.below(4)),
            3 | 4 => {
                self.features.count("formula with if");
                let sign = *self.random.pick(&["<", "<=", ">", ">=", "=", "!="]);
                let left = named(if self.random.chance(50) { "measure" } else { "attainment" }, measure);
                format!("if({left} {sign} {}, {one}, {other})", self.random.below(3))
            }
            5 => {
                self.features.count("formula that divides");
                format!("({one}) / {}", named("measure", measure))
            }
            6 => format!("-({one} - {other})"),
            _ => format!("({one} + {other})"),
        }
    }

    fn modify(&mut self, component: &mut Component) {
        let modifiers = &mut component.modifiers;
        if self.random.chance(40) {
            self.features.count("weight");
            modifiers.weight = Some(Rate(1_000_000 * (1 + self.random.below(150) as i64)));
        }
        if self.random.chance(40) {
            self.features.count("multiplier");
            let (measure, tier_by) = self.axis();
            let mut tiers = self.tiers(Self::step(tier_by));
            tiers.iter_mut().for_each(|tier| tier.rate.0 *= 4);
            modifiers.multiplier = Some(Multiplier { measure, tier_by, tiers });
        }
        if self.random.chance(50) {
            modifiers.gate = Some(self.gate());
        }
        if self.random.chance(40) {
            self.features.count("cap");
            modifiers.cap = Some(Amount(10_000_000 * (1 + self.random.below(60) as i128)));
        }
        if self.random.chance(25) {
            self.features.count("floor");
            let floor = 5_000_000 * (1 + self.random.below(40) as i128);
            modifiers.floor = Some(Amount(modifiers.cap.map_or(floor, |cap| floor.min(cap.0))));
        }
    }

    fn gate(&mut self) -> Gate {
        let (measure, tier_by) = self.axis();
        let bound = Bound::AtLeast(4 * Self::step(tier_by) * *self.random.pick(&MULTIPLES));
        let tested = *self.random.pick(&[Tested::Running, Tested::AtEndPaidUntilThen, Tested::AtEndHeldUntilThen]);
        self.features.count(if tested == Tested::Running { "gate" } else { "gate at the end" });
        let factor = Rate(10_000_000 * self.random.below(11) as i64);
        let cap = Amount(10_000_000 * self.random.below(20) as i128);
        let otherwise = *self.random.pick(&[Otherwise::Zero, Otherwise::Factor(factor), Otherwise::Cap(cap)]);
        Gate { measure, tier_by, bound, tested, otherwise }
    }
}
