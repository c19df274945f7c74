//! Caps of a history's plans: of months and quarters, or of half-years and years, as all of a plan's components are; now and then
//! one that the plan cannot have.

use super::*;

/// Drawn apart, so that the rest of a history is what it is without.
pub struct Caps {
    random: Random,
    /// Of the plan that is drawn, and whether its components are made to fit.
    stated: bool,
    fit: bool,
    /// Over half-years and years.
    long: bool,
}

impl Caps {
    pub fn new(seed: u64) -> Caps {
        Caps { random: Random(seed ^ 0x00ca_b1e5), stated: false, fit: true, long: false }
    }
}

impl Making {
    pub(super) fn begin_plan(&mut self) {
        let Caps { random, stated, fit, long } = &mut self.caps;
        // What is earned somebody counts in most companies that measure earnings.
        *stated = random.chance(if self.earns.is_measured() { 4 } else { 35 });
        (*fit, *long) = (random.chance(94), self.long && random.chance(40));
    }

    /// As components have to be beside a cap.
    pub(super) fn under_cap(&mut self, mut components: Vec<Component>) -> Vec<Component> {
        let Caps { stated: true, fit: true, long, .. } = self.caps else { return components };
        for component in &mut components {
            component.pay.clear();
            component.clawback.period = ClawbackPeriod::Original;
            if component.interval.is_yearly() != long && component.pool.is_none() {
                component.interval = if long { IntervalKind::HalfYear } else { IntervalKind::Quarter };
                if component.quota.is_to_date() {
                    component.quota = QuotaUse::ToDate(vec![]);
                }
            }
        }
        components
    }

    /// Most versions of the plan state it, each its own.
    pub(super) fn plan_cap(&mut self, plan: &mut Plan) {
        let Caps { random, stated, fit, long } = &mut self.caps;
        if !*stated || random.chance(20) {
            return;
        }
        let (short_kinds, long_kinds) =
            ([IntervalKind::Month, IntervalKind::Quarter], [IntervalKind::HalfYear, IntervalKind::Year]);
        let per = *random.pick(if *long { &long_kinds } else { &short_kinds });
        let amount = Amount(random.below(60) as i128 * 17_770_000);
        plan.cap = Some(PlanCap { per, amount });
        self.features.count(if *fit && !self.earns.is_measured() { "cap of a plan" } else { "cap of a plan that may not fit" });
    }
}
