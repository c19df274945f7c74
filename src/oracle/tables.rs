//! What a component with a table or modifiers beyond the plain ones earns up to a point of an interval.
//!
//! Written with fractions throughout, from the position on the table's axis (a sum, or a sum divided by its quota) to
//! the money, so that it shares neither scales nor shortcuts with the engine. Days of a payee on a plan are counted one
//! by one. Plain tables (`rewards`) stay with integers, because most components are plain.

use super::credits::{DealSum, Sum, Until};
use super::deals::{by_deals, takes_back};
use super::formulas::{self, is_formula};
use super::lookups::is_lookup;
use super::lower;
use super::numbers::{decimal, whole_number};
use super::own_rates::starts;
use super::quotas::looks_back;
use super::rewards::Pricing;
use super::to_date::{is_to_date, made_up, so_far};
use super::world::periods_of;
use crate::domain::money::{AMOUNT_DECIMALS, MEASURED_DECIMALS, RATE_DECIMALS};
use crate::wire::records::{
    Beyond, Boundary, Component, Date, Interval, Method, MidIntervalChange, Negative, NoQuota, OwnPlace, PayeeRow, Pays, Period,
    Plan, Tier, TierBy,
};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

/// Whether integers price it: one measure, one rate table that multiplies, nothing else.
pub(super) fn is_plain(plan: &Plan, component: &Component) -> bool {
    let of_measure = matches!(component.pays, Pays::RateOf | Pays::PerUnit) && component.paid_measure.is_none();
    let multiplies = matches!(component.method, Method::Marginal | Method::Retroactive);
    let prorated = (plan.prorate.quota || !plan.ramp.is_empty()) && component.tier_by == TierBy::Attainment;
    let anew = plan.mid_interval_change != MidIntervalChange::Carry;
    let multiplies = multiplies && !looks_back(plan, component);
    let plain = multiplies && !by_deals(component) && !takes_back(component) && !prorated && !anew && !is_to_date(component);
    of_measure
        && plain
        && !lower::is_lower(component)
        && component.own_rates.is_empty()
        && component.own_edges.is_empty()
        && component.modifiers == Default::default()
}

/// Every measure that a component looks at.
pub(super) fn measures_of(component: &Component) -> Vec<&str> {
    let modifiers = &component.modifiers;
    let mut measures = vec![component.measure.as_str()];
    measures.extend(component.paid_measure.as_deref());
    measures.extend(modifiers.multiplier.as_ref().map(|of| of.measure.as_str()));
    measures.extend(modifiers.gate.as_ref().map(|of| of.measure.as_str()));
    measures.extend(formulas::measures(component));
    measures
}

/// A component of a payee as it prices one pay period of an interval.
#[derive(Clone, Copy)]
pub(super) struct Case<'c, 'h> {
    pub(super) pricing: &'c Pricing<'c, 'h>,
    pub(super) payee: u32,
    pub(super) sums: &'c [Sum],
    pub(super) plan: &'h Plan,
    pub(super) component: &'h Component,
    pub(super) interval: Interval,
    pub(super) period: Period,
    /// The close by whose statements about quotas it is priced; by all where there is none.
    pub(super) seen_by: Option<Until<'c>>,
}

/// It waits for a fact: it earns nothing.
pub(super) struct Waits;

/// What one version of a component earned after its pay periods `cases` of an interval, behind `before` of earlier
/// versions. A period that waits, or has no quota to be measured by, leaves it as it was, and is not priced later, unless
/// the quota is to date.
pub(super) fn earned(cases: &[Case<'_, '_>], before: &BigRational) -> BigRational {
    let Some((last, earlier)) = cases.split_last() else { return BigRational::zero() };
    if !counts(cases, before) {
        return earned(earlier, before);
    }
    let counted = (1..=cases.len()).filter(|count| counts(&cases[..*count], before));
    let priced = counted.filter_map(|count| given(&cases[..count], before).ok()).fold(BigRational::zero(), |all, one| all + one);
    last.modified(priced, before).ok().flatten().unwrap_or_else(|| earned(earlier, before))
}

/// What the table gives for the last of the cases, which counts.
fn given(cases: &[Case<'_, '_>], before: &BigRational) -> Result<BigRational, Waits> {
    let last = &cases[cases.len() - 1];
    match last.component {
        component if is_formula(component) => formulas::counted(cases).map_err(|_| Waits),
        component if is_to_date(component) => made_up(cases, before),
        _ => last.priced(),
    }
}

/// Whether the last of the cases adds anything: its table and everything that modifies it can be measured.
pub(super) fn counts(cases: &[Case<'_, '_>], before: &BigRational) -> bool {
    let last = &cases[cases.len() - 1];
    let end = Point { case: *last, last: last.period, against: last.period };
    let sums = is_to_date(last.component) && !by_deals(last.component);
    let measured = match sums {
        true => matches!(end.table(), Ok(Some(_))),
        false if is_formula(last.component) => given(cases, before).is_ok(),
        false => last.priced().is_ok(),
    };
    measured && matches!(last.modified(BigRational::zero(), before), Ok(Some(_)))
}

impl Case<'_, '_> {
    /// What the table gives for the period: all up to its end less all before it.
    pub(super) fn priced(&self) -> Result<BigRational, Waits> {
        if is_lookup(self.component) {
            return self.looked_up();
        }
        if by_deals(self.component) {
            return Ok(self.each_deal()?.into_iter().fold(BigRational::zero(), |all, one| all + one.money));
        }
        let at = |last| Point { case: *self, last, against: self.period }.table().map(Option::unwrap_or_default);
        let earlier = if self.starts_from_nothing() { BigRational::zero() } else { at(Period(self.period.0 - 1))? };
        Ok(at(self.period)? - earlier)
    }

    /// `None` where a modifier has no quota to be measured by.
    pub(super) fn modified(&self, mut money: BigRational, before: &BigRational) -> Result<Option<BigRational>, Waits> {
        let point = Point { case: *self, last: self.period, against: self.period };
        let modifiers = &self.component.modifiers;
        self.has_its_numbers()?;
        money *= self.number(OwnPlace::Weight).unwrap_or_else(BigRational::one);
        if let Some(multiplier) = &modifiers.multiplier {
            let tier = match point.stands(multiplier.tier_by, &multiplier.measure)? {
                Stands::Nothing => return Ok(None),
                Stands::Unmeasured => 0,
                Stands::At(x) => self.tier_at(&starts(&multiplier.tiers), &x),
            };
            money *= self.number(OwnPlace::Factor(tier)).unwrap_or_default();
        }
        if let Some(gate) = &modifiers.gate {
            match point.behind_gate(gate, money)? {
                Some(through) => money = through,
                None => return Ok(None),
            }
        }
        if let Some(floor) = self.number(OwnPlace::Floor).filter(|_| point.hears_anything()) {
            let part = if self.plan.prorate.floor { self.active_part() } else { BigRational::one() };
            let least = floor * part - before;
            money = money.max(least);
        }
        if let Some(cap) = self.number(OwnPlace::Cap) {
            let part = if self.plan.prorate.cap { self.active_part() } else { BigRational::one() };
            let cap = cap * part;
            money = if before + &money > cap { (cap - before).max(BigRational::zero()).min(money) } else { money };
        }
        Ok(Some(money))
    }

    /// The last tier that `x` has passed, or hit where the boundary says so; the first one takes what is below.
    pub(super) fn tier_at(self, starts: &[BigRational], x: &BigRational) -> usize {
        let mut found = 0;
        for (place, from) in starts.iter().enumerate() {
            if self.passes(x, from) {
                found = place;
            }
        }
        found
    }

    pub(super) fn passes(self, x: &BigRational, from: &BigRational) -> bool {
        if self.component.boundary == Boundary::Upper { x >= from } else { x > from }
    }

    /// The amount that the payee's first row in the period states.
    pub(super) fn parameter(self, name: &str) -> Option<BigRational> {
        let world = self.pricing.world;
        let (first, after) = world.bounds(self.period)?;
        let mut rows = world.known(self.payee)?.payee.rows.iter();
        let row = rows.find(|row| (first.0..after.0).any(|day| covers(row, day)))?;
        let (_, amount) = row.parameters.iter().find(|(of, _)| of == name)?;
        Some(decimal(amount.0, AMOUNT_DECIMALS))
    }
}

pub(super) fn covers(row: &PayeeRow, day: i32) -> bool {
    row.from <= Date(day) && row.to.is_none_or(|to| Date(day) < to)
}

pub(super) fn rate(tier: &Tier) -> BigRational {
    decimal(tier.rate.0, RATE_DECIMALS)
}

/// Where a measure stands.
pub(super) enum Stands {
    /// On the axis of tiers: a sum, or a part of the quota.
    At(BigRational),
    /// There is no quota, and the first tier applies.
    Unmeasured,
    /// There is no quota, and nothing is earned.
    Nothing,
}

/// A component after the pay periods up to `last`, against the quota of the pay period `against`.
pub(super) struct Point<'c, 'h> {
    pub(super) case: Case<'c, 'h>,
    pub(super) last: Period,
    pub(super) against: Period,
}

impl Point<'_, '_> {
    pub(super) fn sum(&self, measure: &str) -> BigRational {
        let Some(place) = self.case.pricing.place_of(measure) else { return BigRational::zero() };
        let since = self.case.segment().into_iter().min();
        let inside = periods_of(self.case.interval).into_iter().filter(|period| *period <= self.last && Some(*period) >= since);
        let of = |period| self.case.sums.iter().filter(move |sum| sum.measure == place && sum.period == period);
        let sums = inside.flat_map(of).map(|sum| sum.sum.to_string());
        let mut whole = sums.map(|text| whole_number(&text)).fold(BigInt::zero(), |all, sum| all + sum);
        if takes_back(self.case.component) {
            // What was returned goes on counting.
            let inside = |of: Period| periods_of(self.case.interval).contains(&of) && of <= self.last && Some(of) >= since;
            let own = |of: &&DealSum| of.payee == self.case.payee && of.measure == place && inside(of.period);
            whole += self.case.pricing.backs.iter().filter(own).map(|of| whole_number(&of.sum.to_string())).sum::<BigInt>();
        }
        decimal(whole, MEASURED_DECIMALS)
    }

    /// Whether anything that the component is paid for by its table is there.
    fn hears_anything(&self) -> bool {
        let component = self.case.component;
        let of_table = [Some(component.measure.as_str()), component.paid_measure.as_deref()];
        let at_zero = lower::is_best_at_zero(component) && self.quota(&component.measure).is_some();
        at_zero || of_table.into_iter().flatten().chain(formulas::measures(component)).any(|measure| !self.sum(measure).is_zero())
    }

    /// The quota that the table sees: prorated, of a new payee, to date, and none when nothing is left of it.
    pub(super) fn quota(&self, measure: &str) -> Option<BigRational> {
        let case = self.case;
        let stated = case.stated(measure, self.against)?;
        let part = case.part(case.plan.prorate.quota) * case.expected() * so_far(case.component, case.interval, self.against);
        Some(decimal(stated, AMOUNT_DECIMALS) * part).filter(|quota| quota.is_positive())
    }

    pub(super) fn stands(&self, tier_by: TierBy, measure: &str) -> Result<Stands, Waits> {
        self.stands_at(tier_by, measure, self.sum(measure))
    }

    pub(super) fn stands_at(&self, tier_by: TierBy, measure: &str, sum: BigRational) -> Result<Stands, Waits> {
        if tier_by != TierBy::Attainment {
            return Ok(Stands::At(sum));
        }
        match (self.quota(measure), self.case.component.no_quota) {
            (Some(quota), _) => Ok(Stands::At(sum / quota)),
            (None, Some(NoQuota::FirstTier)) => Ok(Stands::Unmeasured),
            (None, Some(NoQuota::Nothing)) => Ok(Stands::Nothing),
            (None, Some(NoQuota::Park) | None) => Err(Waits),
        }
    }

    /// What the table pays; `None` where that is nothing for want of a quota.
    pub(super) fn table(&self) -> Result<Option<BigRational>, Waits> {
        let whole = self.paid_on()?;
        self.table_of(self.position(), whole)
    }

    /// The table of a component that is paid on the measure that picks its tier, at another sum of it.
    pub(super) fn table_at(&self, sum: &BigRational) -> Result<BigRational, Waits> {
        let of_sum = matches!(self.case.component.pays, Pays::RateOf | Pays::PerUnit);
        let whole = if of_sum { sum.clone() } else { self.paid_on()? };
        Ok(self.table_of(sum.clone(), whole)?.unwrap_or_default())
    }

    fn table_of(&self, sum: BigRational, whole: BigRational) -> Result<Option<BigRational>, Waits> {
        let component = self.case.component;
        let rates = self.case.rates()?;
        let nothing = (component.negative == Negative::Zero && sum.is_negative()) || lower::is_nothing_at(component, &sum);
        let proportional = matches!(component.method, Method::Marginal | Method::Retroactive);
        let x = match self.stands_at(component.tier_by, &component.measure, sum)? {
            Stands::Nothing => return Ok(None),
            Stands::Unmeasured if nothing => return Ok(Some(BigRational::zero())),
            Stands::Unmeasured if proportional => return Ok(Some(&rates[0] * whole)),
            Stands::Unmeasured => return Ok(Some(BigRational::zero())),
            Stands::At(x) => x,
        };
        Ok(Some(self.at(&x, &whole, &rates)))
    }

    /// What the table gives at a position, `negative` included, with these values of its tiers.
    pub(super) fn at(&self, x: &BigRational, whole: &BigRational, rates: &[BigRational]) -> BigRational {
        if lower::is_lower(self.case.component) {
            return lower::pays(self.case.component, x, whole, rates, &self.case.edges());
        }
        if !x.is_negative() {
            return self.pays(x, whole, rates);
        }
        match self.case.component.negative {
            Negative::Zero => BigRational::zero(),
            Negative::Mirror => -self.pays(&-x, &whole.abs(), rates),
            Negative::Carry => self.below_zero(x, whole, rates),
        }
    }

    /// What a rate is a rate of: a sum, the target, or one unit of money.
    fn paid_on(&self) -> Result<BigRational, Waits> {
        let component = self.case.component;
        match &component.pays {
            Pays::RateOf | Pays::PerUnit => {
                Ok(component.paid_measure.as_ref().map_or_else(|| self.position(), |id| self.sum(id)))
            }
            Pays::Lump | Pays::Formula(_) => Ok(BigRational::one()),
            Pays::FractionOf(name) => {
                let stated = self.case.parameter(name).ok_or(Waits)?;
                Ok(stated * self.case.part(self.case.plan.prorate.target))
            }
        }
    }

    /// For a position that is not negative.
    fn pays(&self, x: &BigRational, whole: &BigRational, rates: &[BigRational]) -> BigRational {
        let component = self.case.component;
        let edges = &self.case.edges();
        let reached = || &rates[self.case.tier_at(edges, x)];
        let of_target = matches!(component.pays, Pays::FractionOf(_));
        match component.method {
            // Of a sum the parts of the axis are parts of the sum; of a target they are parts of the quota.
            Method::Marginal if of_target => marginal(edges, rates, x) * whole,
            Method::Marginal if x.is_zero() => BigRational::zero(),
            Method::Marginal => marginal(edges, rates, x) * whole / x,
            Method::Retroactive if of_target => reached() * x * whole,
            Method::Retroactive => reached() * whole,
            Method::Overage => {
                let over = x - &edges[0];
                match (over.is_positive(), of_target) {
                    (false, _) => BigRational::zero(),
                    (true, true) => reached() * over * whole,
                    (true, false) => reached() * over * whole / x,
                }
            }
            Method::Lump => reached() * whole,
            Method::Interpolated => in_proportion(edges, rates, x) * whole,
            Method::Curve => self.on_curve(x, rates) * whole,
            // Those are priced deal by deal or line by line, or are no table.
            Method::WholeDealBefore | Method::WholeDealAfter | Method::Formula | Method::Lookup => BigRational::zero(),
        }
    }

    fn below_zero(&self, x: &BigRational, whole: &BigRational, rates: &[BigRational]) -> BigRational {
        let component = self.case.component;
        match component.method {
            Method::Curve | Method::Lump | Method::Overage => BigRational::zero(),
            Method::Interpolated => &rates[0] * x / &self.case.edges()[1],
            _ if matches!(component.pays, Pays::FractionOf(_)) => &rates[0] * x * whole,
            _ => &rates[0] * whole,
        }
    }

    fn on_curve(&self, x: &BigRational, rates: &[BigRational]) -> BigRational {
        let points = self.case.edges();
        let at = |place: usize| points[place].clone();
        if !self.case.passes(x, &points[0]) {
            return BigRational::zero();
        }
        let line = |from: usize, to: usize| {
            let slope = (&rates[to] - &rates[from]) / (at(to) - at(from));
            &rates[from] + slope * (x - at(from))
        };
        let last = points.len() - 1;
        for place in 0..last {
            if *x < at(place + 1) {
                return line(place, place + 1);
            }
        }
        if self.case.component.beyond == Some(Beyond::Extend) && last > 0 { line(last - 1, last) } else { rates[last].clone() }
    }
}

/// Each rate on the part of `x` that lies in its tier.
fn marginal(edges: &[BigRational], rates: &[BigRational], x: &BigRational) -> BigRational {
    edges.iter().enumerate().fold(BigRational::zero(), |all, (place, from)| {
        let end = edges.get(place + 1).unwrap_or(x).min(x);
        if end > from { all + &rates[place] * (end - from) } else { all }
    })
}

/// Each tier's amount by how much of the tier `x` covers; the last one only says where the table ends.
fn in_proportion(edges: &[BigRational], rates: &[BigRational], x: &BigRational) -> BigRational {
    let mut all = BigRational::zero();
    for (pair, rate) in edges.windows(2).zip(rates) {
        let (from, to) = (&pair[0], &pair[1]);
        if x >= to {
            all += rate;
        } else if x > from {
            all += rate * (x - from) / (to - from);
        }
    }
    all
}
