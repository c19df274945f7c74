//! The company of a history: calendar, measures, plan versions and three levels of organisation.

use super::measures::measure;
use super::*;

impl Making {
    pub(super) fn company(&mut self) {
        let (company_id, currency, calendar) = ("acme".into(), "USD".into(), CALENDAR.into());
        let (closer_may_release, pay_rate_type) = (self.random.chance(20), self.abroad.rate_type());
        let company = Company { company_id, currency, calendar, closer_may_release, pay_rate_type };
        self.fact("admin", FactBody::CompanyDefined(company));
        self.calendars();
        self.long = self.random.chance(50);
        self.huge = self.random.chance(6);
        self.points = self.random.chance(25);
        self.rates();
        self.pay_rates();
        self.rates_of_plans();
        for (place, id) in MEASURES.iter().enumerate() {
            let late = place > 0 && self.random.chance(15);
            let mut measure = self.measure(id);
            measure.rate_type = self.rate_type().filter(|_| measure.is_money());
            if measure.rate_type.is_some() && self.random.chance(15) {
                self.later.push(("measure begins to convert", FactBody::MeasureDefined(measure.clone())));
                measure.rate_type = None;
            }
            let body = FactBody::MeasureDefined(measure);
            self.now_or_later("measure later", late, body);
        }
        self.roles_refused();
        self.earned_measures();
        for plan_id in ["ae", "se"] {
            self.plan_versions(plan_id);
        }
        self.organisation();
        self.territories();
    }

    pub(super) fn now_or_later(&mut self, feature: &'static str, late: bool, body: FactBody) {
        if late { self.later.push((feature, body)) } else { self.fact("admin", body) }
    }

    /// Of a pay period; now and then a day inside of one.
    pub(super) fn first_day(&mut self, period: i8) -> Date {
        let inside = self.random.chance(2);
        if inside {
            self.features.count("change inside a period");
        }
        Date(self.calendar.starts[period as usize - 1].0 + i32::from(inside))
    }

    fn calendars(&mut self) {
        if self.random.chance(40) {
            self.features.count("periods of weeks");
            let weeks = *self.random.pick(&[[4, 4, 5], [5, 4, 4]]);
            self.calendar = Calendar::weekly(CALENDAR, JANUARY, Period(JANUARY.0 + 11), day(1, 1), weeks, &[2026]);
        } else {
            self.table_of_periods();
        }
        let all = self.calendar.clone();
        let year = |months: usize| FactBody::CalendarDefined(Calendar { starts: all.starts[..=months].to_vec(), ..all.clone() });
        if self.random.chance(5) {
            self.later.push(("calendar later", year(12)));
        } else if self.random.chance(25) {
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
            let refused = Measure { measure_id: "refused".into(), ..self.refused_measure() };
            self.later.push(("measure refused", FactBody::MeasureDefined(refused)));
        }
    }

    /// Periods that follow no rule. Drawn apart, so that the rest of a history is what it is without.
    fn table_of_periods(&mut self) {
        let mut random = Random(self.random.0 ^ 0x0070_ab1e);
        if random.chance(75) {
            return;
        }
        self.features.count("periods of a table");
        let inner = 1..self.calendar.starts.len() - 1;
        self.calendar.starts[inner].iter_mut().for_each(|start| start.0 += random.below(19) as i32 - 9);
    }

    /// One to three versions of a plan, and at times a correction of one.
    fn plan_versions(&mut self, plan_id: &str) {
        let mut starts = vec![day(1, 1)];
        for month in 2..=5 {
            if self.random.chance(20) {
                starts.push(self.first_day(month));
            }
        }
        self.begin_plan();
        let base = self.components();
        for (place, from) in starts.iter().enumerate() {
            let components = if place == 0 { base.clone() } else { self.changed(&base) };
            let components = self.under_cap(components);
            let components = self.shared_out(components);
            let mut plan = plan(plan_id, *from, starts.get(place + 1).copied(), components);
            plan.prorate = self.prorate();
            plan.mid_interval_change = self.mid_interval_change(&plan.components);
            self.pay_terms(&mut plan);
            self.plan_cap(&mut plan);
            self.with_own_amounts(&mut plan);
            self.ramp(&mut plan);
            self.after_release(&mut plan);
            if place > 0 {
                self.features.count("plan version");
            }
            if self.random.chance(20) {
                let components = self.changed(&plan.components);
                let mid_interval_change = self.mid_interval_change(&components);
                let components = self.other_unit(components);
                let components = self.under_cap(components);
                let components = self.shared_out(components);
                let mut corrected = Plan { components, mid_interval_change, ..plan.clone() };
                self.ramp(&mut corrected);
                self.after_release(&mut corrected);
                let corrected = self.by_the_year(corrected);
                self.later.push(("plan corrected", FactBody::PlanDefined(corrected)));
            }
            let late = self.random.chance(10);
            let plan = self.by_the_year(plan);
            self.now_or_later("plan later", late, FactBody::PlanDefined(plan));
        }
    }

    /// Now and then another unit for what was money or points before: refused.
    fn other_unit(&mut self, mut components: Vec<Component>) -> Vec<Component> {
        if self.random.chance(10) {
            self.features.count("another unit");
            let first = &mut components[0];
            (first.unit, first.pay) = (EarningUnit::Points, Vec::new());
        }
        components
    }

    fn components(&mut self) -> Vec<Component> {
        let count = 1 + self.random.below(3);
        (0..count).map(|place| self.component(["base", "accelerator", "extra"][place])).collect()
    }

    /// A plain rate table at times, and at times one of the others.
    fn component(&mut self, id: &str) -> Component {
        self.begin_component(id);
        let plain = self.plain(id);
        let component = if self.random.chance(50) { plain } else { self.shaped(plain) };
        let component = self.end_component(component);
        let component = self.pooled(component);
        let component = self.with_own_rates(component);
        let component = self.with_own_rates_of_lines(component);
        let component = self.with_own_modifiers(component);
        let component = self.turned(component);
        let component = self.counted_whole(component);
        let component = self.with_own_edges(component);
        if !(self.points && id == "extra") {
            return component;
        }
        self.features.count("points");
        Component { unit: EarningUnit::Points, pay: Vec::new(), ..component }
    }

    /// Half of the companies have components over more than a quarter.
    fn interval_kind(&mut self) -> IntervalKind {
        if self.long && self.random.chance(40) {
            self.features.count("half-year or year");
            return *self.random.pick(&[IntervalKind::HalfYear, IntervalKind::Year]);
        }
        *self.random.pick(&[IntervalKind::Month, IntervalKind::Quarter, IntervalKind::Quarter])
    }

    pub(super) fn plain(&mut self, id: &str) -> Component {
        let measure = self.read_measure();
        let plain = rewards::plain_axis(measure);
        self.used(measure);
        let quantity = plain != TierBy::Amount;
        if plain == TierBy::Count {
            self.features.count("deals counted");
        }
        let by_attainment = self.random.chance(45);
        Component {
            component_id: id.into(),
            earning_code: (*self.random.pick(&["COMM", "BONUS"])).into(),
            interval: self.interval_kind(),
            scope: Scope::Running,
            measure: measure.into(),
            tier_by: if by_attainment { TierBy::Attainment } else { plain },
            pays: if quantity { Pays::PerUnit } else { Pays::RateOf },
            method: *self.random.pick(&[Method::Marginal, Method::Retroactive]),
            boundary: *self.random.pick(&[Boundary::Upper, Boundary::Lower]),
            negative: *self.random.pick(&[Negative::Carry, Negative::Zero, Negative::Mirror]),
            quota: QuotaUse::Interval,
            no_quota: by_attainment.then(|| *self.random.pick(&[NoQuota::Park, NoQuota::Nothing, NoQuota::FirstTier])),
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
            rounding: *self.random.pick(&[RoundingMode::HalfEven, RoundingMode::HalfUp, RoundingMode::Down]),
            rounding_at: RoundingAt::Cumulative,
            tiers: self.tiers(Self::step(if by_attainment { TierBy::Attainment } else { plain })),
        }
    }

    /// One to four tiers on multiples of a step (in millionths), so that round sums hit their edges exactly.
    pub(super) fn tiers(&mut self, step: i128) -> Vec<Tier> {
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
            let interval = if self.long && self.random.chance(10) { other.interval } else { component.interval };
            let interval = if other.pool.is_some() { other.interval } else { interval };
            *component = Component { rounding: component.rounding, interval, ..other };
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
            let rows = self.own_amounts(rows);
            let rows = self.paid(id, rows);
            self.fact("admin", payee(id, rows));
        }
        for id in REPS {
            let rows = self.rep_rows();
            let rows = self.paid(id, rows);
            self.fact("admin", payee(id, rows));
            if self.random.chance(30) {
                let rows = self.rep_rows();
                let rows = self.paid(id, rows);
                self.later.push(("organisation changed", payee(id, rows)));
            }
        }
        let rows = self.rep_rows();
        let rows = self.paid(LATE_PAYEE, rows);
        self.later.push(("payee later", payee(LATE_PAYEE, rows)));
        let rows = self.own_amounts(vec![row(day(1, 1), None, Some("head"), "ae")]);
        self.later.push(("manager later", payee(LATE_MANAGER, rows)));
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
        let mut rows = match self.random.below(4) {
            0 => {
                let moved = day(2, 1 + self.random.below(28) as i8);
                self.features.count("move inside a month");
                vec![row(first, Some(moved), managers[0], one), row(moved, None, managers[1], one)]
            }
            1 => {
                let moved = 2 + self.random.below(2) as i8;
                let moved = self.first_day(moved);
                self.features.count("move to another plan");
                let back = self.first_day(4);
                let back = Some(back).filter(|back| *back > moved && self.random.chance(40));
                let mut rows = vec![row(first, Some(moved), managers[0], one), row(moved, back, managers[1], two)];
                if let Some(back) = back {
                    self.features.count("comes back to a plan");
                    rows.push(row(back, None, managers[0], one));
                }
                rows
            }
            2 => vec![row(first, Some(day(12, 1)), managers[0], one)],
            _ => vec![row(first, None, managers[0], one)],
        };
        for row in &mut rows {
            row.parameters = self.parameters();
            row.employee_ref = self.random.pick(&[Some("E1"), Some("E2"), None]).map(String::from);
        }
        self.own_numbers(&mut rows);
        let mut rows = self.own_amounts(rows);
        self.in_teams(&mut rows);
        self.begun(&mut rows);
        rows
    }

    fn manager(&mut self) -> Option<&'static str> {
        if self.random.chance(5) {
            self.features.count("unknown manager");
            return Some(LATE_MANAGER);
        }
        if self.random.chance(5) { None } else { Some(*self.random.pick(&MANAGERS)) }
    }
}

pub(super) fn plan(plan_id: &str, from: Date, to: Option<Date>, components: Vec<Component>) -> Plan {
    Plan {
        plan_id: plan_id.into(),
        from,
        to,
        currency: "USD".into(),
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
        parameters: vec![],
        pay_currency: None,
        team: None,
    }
}

fn payee(payee_id: &str, rows: Vec<PayeeRow>) -> FactBody {
    FactBody::PayeeDefined(Payee { payee_id: payee_id.into(), rows })
}
