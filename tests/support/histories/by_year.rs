//! Components of a history whose months and quarters are priced by the year: what they lack goes into the next interval, or their plans
//! have a cap of a half-year or year; what falls below zero for them, and rises later; and now and then one that cannot be.

use super::*;

#[path = "by_year/sums.rs"]
mod sums;

const IDS: [&str; 3] = ["base", "accelerator", "extra"];

/// Drawn apart, so that the rest of a history is what it is without.
pub struct ByYear {
    random: Random,
    /// The components whose months and quarters are priced by the year, in all plans.
    ids: Vec<&'static str>,
    /// Plans have caps of half-years and years over them.
    capped: bool,
    /// What they measure that credits count in.
    read: Vec<&'static str>,
}

impl ByYear {
    /// A third of the companies. What is earned nobody counts where it is cut, but for who is refused.
    pub fn new(seed: u64) -> ByYear {
        let mut random = Random(seed ^ 0x0bee_7ea2);
        let stated = random.chance(36);
        let capped = random.chance(if Earns::new(seed).is_measured() { 4 } else { 60 });
        let mut ids: Vec<&str> = IDS.into_iter().filter(|_| random.chance(55) || capped).collect();
        if ids.is_empty() {
            ids.push(IDS[0]);
        }
        ids.retain(|_| stated);
        ByYear { random, ids, capped, read: vec![] }
    }

    fn takes(&self, component: &Component) -> bool {
        self.ids.iter().any(|id| component.component_id == *id)
    }

    fn tiers(&mut self, tier_by: TierBy) -> Vec<Tier> {
        let count = 1 + self.random.below(3) as i128;
        let from = |place: i128| place * 2_000_000 * Making::step(tier_by);
        (0..count).map(|place| Tier { from: from(place), rate: Rate(self.random.below(40_000_000) as i64) }).collect()
    }

    /// What can lack something: a table of sums, the same or another one.
    fn of_sums(&mut self, component: Component) -> Component {
        let component = Component { negative: Negative::Zero, clawback: Clawback::default(), ..component };
        let mut component = if is_of_sums(&component) { component } else { self.plain_again(component) };
        if component.settles() {
            component.pay.clear();
        }
        if component.pay.is_empty() {
            component.attribution = Attribution::Slice;
        }
        Component { deficit: Deficit::NextIntervalOfYear, ..component }
    }

    fn plain_again(&mut self, component: Component) -> Component {
        let tier_by = rewards::plain_axis(&component.measure);
        let tiers = self.tiers(tier_by);
        let mut plain = Component {
            tier_by,
            pays: if tier_by == TierBy::Amount { Pays::RateOf } else { Pays::PerUnit },
            method: *self.random.pick(&[Method::Marginal, Method::Retroactive]),
            scope: Scope::Running,
            direction: Direction::Higher,
            paid_measure: None,
            lookup: None,
            beyond: None,
            own_rates: Vec::new(),
            own_edges: Vec::new(),
            count_split: CountSplit::Share,
            rounding_at: RoundingAt::Cumulative,
            pool: None,
            tiers,
            ..component
        };
        plain.modifiers.deal_cap = None;
        plain.own_modifiers.retain(|own| own.place != OwnPlace::DealCap);
        if !plain.reads_quota() {
            (plain.no_quota, plain.quota) = (None, QuotaUse::Interval);
        }
        plain
    }
}

fn is_of_sums(component: &Component) -> bool {
    let by_deal = component.scope == Scope::Deal || component.method.is_whole_deal();
    let other = component.formula().is_some() || component.lookup.is_some() || component.paid_measure.is_some();
    !(by_deal || other || component.is_lower() || component.pool.is_some())
}

fn is_short(component: &Component) -> bool {
    !component.interval.is_yearly()
}

/// What a cap cuts is earned and paid at once.
fn at_once(component: &mut Component) {
    component.pay.clear();
    component.attribution = Attribution::Slice;
    component.clawback.period = ClawbackPeriod::Original;
}

impl Making {
    /// A version of a plan as it is told.
    pub(super) fn by_the_year(&mut self, mut plan: Plan) -> Plan {
        if self.by_year.ids.is_empty() {
            return plan;
        }
        let capped = self.capped_by_the_year(&mut plan);
        for component in &mut plan.components {
            self.brings_in(component, capped);
        }
        if !plan.components.iter().any(|of| of.reads_quota()) {
            plan.ramp.clear();
            plan.quota_after_release = QuotaAfterRelease::Adjust;
        }
        if plan.components.iter().any(|of| of.deficit == Deficit::NextIntervalOfYear) {
            plan.mid_interval_change = MidIntervalChange::Carry;
            if self.by_year.random.chance(3) {
                return self.as_it_cannot_be(plan);
            }
        }
        self.count_by_the_year(&plan, capped);
        plan
    }

    /// Whether a cap of a half-year or year is over the plan's components; one of months cannot be.
    fn capped_by_the_year(&mut self, plan: &mut Plan) -> bool {
        let ByYear { random, capped, .. } = &mut self.by_year;
        if !*capped || random.chance(20) {
            plan.cap = None;
            plan.own_amounts.retain(|own| own.place != AmountPlace::PlanCap);
            return false;
        }
        let mut own = plan.own_amounts.iter().any(|own| own.place == AmountPlace::PlanCap);
        if !own && random.chance(25) {
            own = true;
            plan.own_amounts.push(OwnAmount { place: AmountPlace::PlanCap, parameter: "earn_at_most".into() });
            self.features.count("own cap of a plan");
        }
        let per = *random.pick(&[IntervalKind::HalfYear, IntervalKind::Year, IntervalKind::Year]);
        let amount = random.below(60) as i128 * 177_700_000;
        plan.cap = Some(PlanCap { per, amount: Amount(if own { 0 } else { amount }) });
        plan.components.iter_mut().for_each(at_once);
        true
    }

    /// A component of months or quarters has to, but under a cap of the year; one of half-years may.
    fn brings_in(&mut self, component: &mut Component, capped: bool) {
        let by_year = &mut self.by_year;
        if !by_year.takes(component) || component.interval == IntervalKind::Year {
            return;
        }
        let has_to = is_short(component) && !capped;
        if has_to || (is_of_sums(component) && by_year.random.chance(55)) {
            *component = by_year.of_sums(component.clone());
        }
    }

    fn count_by_the_year(&mut self, plan: &Plan, capped: bool) {
        let features = &mut self.features;
        if capped && plan.components.iter().any(is_short) {
            features.count("cap of a year over months");
        }
        if capped && plan.components.iter().any(is_short) && !plan.components.iter().all(is_short) {
            features.count("cap of a year over months and years");
        }
        for component in plan.components.iter().filter(|of| of.deficit == Deficit::NextIntervalOfYear) {
            let modifiers = &component.modifiers;
            let said = [
                (true, "deficit"),
                (capped, "deficit under a cap of a year"),
                (component.tier_by == TierBy::Attainment, "deficit by attainment"),
                (component.quota.is_to_date(), "deficit to date"),
                (modifiers.gate.is_some(), "deficit behind a gate"),
                (modifiers.multiplier.is_some(), "deficit with a multiplier"),
                (modifiers.cap.is_some(), "deficit with a cap"),
                (modifiers.floor.is_some(), "deficit with a floor"),
                (!component.pay.is_empty(), "deficit paid in tranches"),
                (component.interval == IntervalKind::HalfYear, "deficit of a half-year"),
                (component.unit == EarningUnit::Points, "deficit of points"),
                (!MEASURES.contains(&component.measure.as_str()), "deficit of earnings"),
            ];
            said.iter().filter(|(said, _)| *said).for_each(|(_, feature)| features.count(feature));
            self.by_year.read.extend(MEASURES.iter().filter(|id| **id == component.measure));
        }
    }

    /// The first component that brings something in is one that cannot, or the plan one in which none can.
    fn as_it_cannot_be(&mut self, mut plan: Plan) -> Plan {
        self.features.count("deficit that cannot be");
        let random = &mut self.by_year.random;
        let Some(first) = plan.components.iter_mut().find(|of| of.deficit == Deficit::NextIntervalOfYear) else { return plan };
        match random.below(7) {
            0 => first.negative = *random.pick(&[Negative::Carry, Negative::Mirror]),
            1 => (first.interval, first.quota) = (IntervalKind::Year, QuotaUse::Interval),
            2 => first.clawback.period = ClawbackPeriod::Current,
            3 => first.pay = vec![Tranche { share: Rate(100_000_000), when: Due::Settled }],
            4 => plan.cap = Some(PlanCap { per: IntervalKind::Month, amount: Amount(5_000_000_000) }),
            5 => first.deficit = Deficit::Lost,
            _ => plan.mid_interval_change = MidIntervalChange::Restart,
        }
        plan
    }
}
