//! Plans of a history in another currency than the company's: with measures of money of their own in it, rates into it, payees who
//! earn in it and are paid in any, quotas and adjustments in it; and now and then what none of that may be.
//!
//! A measure of such a plan is the company's measure under another name. Everything is changed as it is told, so that the rest
//! of a history is drawn as it is without.

use super::rates::RATE_TYPES;
use super::*;
use std::collections::BTreeSet;

/// A plan that payees are on before it is stated.
const COMING: &str = "coming";

/// Drawn apart, as everything here.
pub struct PlanCurrencies {
    random: Random,
    /// That of these plans; none where all are in the company's.
    currency: Option<&'static str>,
    plans: &'static [&'static str],
    /// Their components have names of their own.
    renamed: bool,
    /// Measures of the company's money say so.
    states_own: bool,
    /// The plan that each payee stays on, and who waits for a plan that comes, in the company's currency or in this one.
    homes: BTreeMap<String, String>,
    waiting: BTreeSet<String>,
    coming: Option<&'static str>,
    pay: BTreeMap<String, Option<String>>,
    /// The plans that are told, the measures in their currency, and what those of the company's convert at.
    told: BTreeSet<String>,
    measures: BTreeMap<String, Measure>,
    rate_types: BTreeMap<String, String>,
}

impl PlanCurrencies {
    /// Three of ten companies have such plans. Where they measure earnings, most components are of one currency alone.
    pub fn new(seed: u64) -> PlanCurrencies {
        let mut random = Random(seed ^ 0x00c0_41e5);
        let stated = random.chance(30);
        let currency = *random.pick(&["EUR", "EUR", "EUR", "JPY", "JPY", "KWD"]);
        let plans = *random.pick(&[&["se"][..], &["se"], &["ae"], &["ae", "se"]]);
        let apart = if Earns::new(seed).is_measured() { 95 } else { 50 };
        let renamed = currency != "EUR" || random.chance(apart);
        let coming = *random.pick(&[None, Some(currency)]);
        PlanCurrencies {
            currency: stated.then_some(currency),
            plans,
            renamed,
            states_own: random.chance(20),
            random,
            homes: BTreeMap::new(),
            waiting: BTreeSet::new(),
            coming,
            pay: BTreeMap::new(),
            told: BTreeSet::new(),
            measures: BTreeMap::new(),
            rate_types: BTreeMap::new(),
        }
    }

    pub fn are_stated(&self) -> bool {
        self.currency.is_some()
    }

    fn of_plan(&self, plan_id: &str) -> Option<&'static str> {
        if plan_id == COMING {
            return self.coming;
        }
        self.currency.filter(|_| self.plans.contains(&plan_id))
    }

    fn of_payee(&self, payee_id: &str) -> Option<&'static str> {
        self.of_plan(self.homes.get(payee_id)?)
    }

    /// The name of a component, or of a measure, in the plans' currency.
    fn named(id: &str) -> String {
        format!("abroad-{id}")
    }

    fn has_twin(id: &str) -> bool {
        let of_credits = MEASURES.contains(&id) && measures::measure(id).is_money();
        of_credits || earnings::EARNED.iter().any(|of| of.0 == id)
    }

    /// Whether somebody who waits for a plan earns in another currency.
    fn is_late(&self, plan_id: &str, own: Option<&'static str>) -> bool {
        let waits = |id: &String, home: &String| (plan_id == COMING && self.waiting.contains(id)) || home == plan_id;
        let earns_in = |home: &String| self.of_plan(home).filter(|_| self.told.contains(home) && home != plan_id);
        self.homes.iter().any(|(id, home)| waits(id, home) && earns_in(home) != own)
    }

    fn row(&mut self, from: Date, rate: i128) -> RateRow {
        let rest = if self.random.chance(50) { self.random.below(1_000_000) as i128 } else { 0 };
        let max_age_days = *self.random.pick(&[31, 120, 400, 400, 400, 400]);
        RateRow { from, rate: CurrencyRate(rate * (50 + self.random.below(200) as i128) / 100 + rest), max_age_days }
    }

    /// Around one; between yen and anything else around what they are worth, where it is of pay.
    fn rates(&mut self, rate_type: &str, from: &str, into: &str) -> CurrencyRates {
        let near = match (rate_type, from, into) {
            ("pay", "JPY", _) => 100_000_000,
            ("pay", _, "JPY") => 1_500_000_000_000,
            _ => 10_000_000_000,
        };
        let mut start = if self.random.chance(94) { day(1, 1) } else { day(1, 12) };
        let mut rows = vec![];
        for _ in 0..1 + self.random.below(4) {
            rows.push(self.row(start, near));
            start = Date(start.0 + 1 + self.random.below(45) as i32);
        }
        if let Some(last) = rows.last_mut() {
            last.max_age_days = 400;
        }
        CurrencyRates { rate_type: rate_type.into(), from_currency: from.into(), to_currency: into.into(), rows }
    }
}

impl Making {
    /// Into the plans' currency for deals, and out of it for deals and for pay.
    pub(super) fn rates_of_plans(&mut self) {
        let Some(own) = self.plan_currencies.currency else { return };
        let mut pairs = vec![];
        for rate_type in RATE_TYPES {
            pairs.extend(["USD", "EUR", "GBP"].map(|from| (rate_type, from, own)));
            pairs.push((rate_type, own, "USD"));
        }
        if self.abroad.rate_type().is_some() {
            pairs.extend(["USD", "GBP", "JPY", "KWD"].map(|into| ("pay", own, into)));
        }
        for (rate_type, from, into) in pairs.into_iter().filter(|(_, from, into)| from != into) {
            let random = &mut self.plan_currencies.random;
            if rate_type != "pay" && random.chance(2) {
                self.features.count("rate of a plan's currency missing");
                continue;
            }
            let late = random.chance(if rate_type == "pay" { 2 } else { 5 });
            let stated = self.plan_currencies.rates(rate_type, from, into);
            self.now_or_later("rates of a plan's currency later", late, FactBody::RatesDefined(stated.clone()));
            if self.plan_currencies.random.chance(30) {
                let mut changed = stated;
                let place = self.plan_currencies.random.below(changed.rows.len());
                let CurrencyRate(before) = changed.rows[place].rate;
                changed.rows[place] = self.plan_currencies.row(changed.rows[place].from, before);
                self.later.push(("rates of a plan's currency changed", FactBody::RatesDefined(changed)));
            }
        }
        let components = vec![self.plain(COMING)];
        let coming = company::plan(COMING, day(1, 1), None, components);
        self.later.push(("plan that payees wait for", FactBody::PlanDefined(coming)));
        if self.earns.is_measured() && self.plan_currencies.random.chance(30) {
            let earnings = Some(Earnings { components: vec!["base".into(), PlanCurrencies::named("base")], by: EarnedBy::Own });
            let both = Measure { of: MeasureOf::Earned, credit_kinds: vec![], earnings, ..measures::measure("both-base") };
            self.later.push(("earnings of two currencies measured", FactBody::MeasureDefined(both)));
        }
    }

    /// A fact as it is where some plans are in another currency, with those that come with it.
    pub(super) fn in_currencies(&mut self, body: FactBody) -> Vec<FactBody> {
        if !self.plan_currencies.are_stated() {
            return vec![body];
        }
        match body {
            FactBody::MeasureDefined(measure) if PlanCurrencies::has_twin(&measure.measure_id) => self.with_twin(measure),
            FactBody::PlanDefined(plan) => self.in_currency(plan),
            FactBody::PayeeDefined(payee) => vec![FactBody::PayeeDefined(self.stays(payee))],
            other => vec![other],
        }
    }

    /// The company's measure, and the same in the plans' currency; now and then one that converts nothing, for a while or for ever.
    fn with_twin(&mut self, mut measure: Measure) -> Vec<FactBody> {
        let own = &mut self.plan_currencies;
        let id = PlanCurrencies::named(&measure.measure_id);
        let mut twin = match own.measures.get(&id) {
            Some(known) => known.clone(),
            None => Measure { measure_id: id.clone(), rate_type: None, ..measure.clone() },
        };
        twin.currency = own.currency.map(String::from);
        if twin.is_money() && twin.rate_type.is_none() {
            let converts = own.measures.contains_key(&id) || own.random.chance(97);
            twin.rate_type = converts.then(|| (*own.random.pick(&RATE_TYPES)).into());
            self.features.count(if converts { "measure in another currency" } else { "measure in another currency alone" });
        }
        if let (Some(earnings), true) = (&mut twin.earnings, own.renamed && !own.measures.contains_key(&id)) {
            self.features.count("earnings measured in another currency");
            earnings.components.iter_mut().for_each(|id| *id = PlanCurrencies::named(id));
        }
        own.measures.insert(id, twin.clone());
        self.converts_early(&mut measure);
        let own = &mut self.plan_currencies;
        if own.states_own {
            self.features.count("measure in the company's currency by name");
            measure.currency = Some("USD".into());
        }
        vec![FactBody::MeasureDefined(measure), FactBody::MeasureDefined(twin)]
    }

    /// The company's measures convert from the start, most of them.
    fn converts_early(&mut self, measure: &mut Measure) {
        let PlanCurrencies { random, rate_types, .. } = &mut self.plan_currencies;
        if !measure.is_money() {
            return;
        }
        let drawn = measure.rate_type.clone();
        let early = drawn.clone().or_else(|| random.chance(80).then(|| (*random.pick(&RATE_TYPES)).into()));
        measure.rate_type = rate_types.get(&measure.measure_id).cloned().or(early);
        rate_types.extend(measure.rate_type.clone().map(|rate_type| (measure.measure_id.clone(), rate_type)));
    }

    /// A version of a plan; now and then the same in a third currency, too.
    fn in_currency(&mut self, mut plan: Plan) -> Vec<FactBody> {
        let own = self.plan_currencies.of_plan(&plan.plan_id);
        for component in &mut plan.components {
            self.reads_in(own, component);
        }
        if self.plan_currencies.told.insert(plan.plan_id.clone()) && self.plan_currencies.is_late(&plan.plan_id, own) {
            self.features.count("plan in another currency than its payees");
        }
        let Some(currency) = own else { return vec![FactBody::PlanDefined(plan)] };
        plan.currency = currency.into();
        self.features.count("plan in another currency");
        if plan.pay.draw.is_some() {
            self.features.count("draw in another currency");
        }
        if currency != "EUR" {
            self.features.count("plan of other decimals");
        }
        if self.plan_currencies.plans.len() > 1 {
            self.features.count("all plans in another currency");
        }
        let mut told = vec![FactBody::PlanDefined(plan.clone())];
        if self.plan_currencies.random.chance(5) {
            self.features.count("plan version in a third currency");
            let third = *self.plan_currencies.random.pick(&["USD", "GBP", "pound"]);
            told.push(FactBody::PlanDefined(Plan { currency: third.into(), ..plan }));
        }
        told
    }

    /// Money that a component sums or pays on is its plan's; what it compares with a quota may be anybody's.
    fn reads_in(&mut self, own: Option<&'static str>, component: &mut Component) {
        let PlanCurrencies { random, renamed, .. } = &mut self.plan_currencies;
        let summed: BTreeSet<String> = component
            .measures()
            .filter(|(_, by_quota)| !by_quota)
            .map(|(id, _)| id)
            .chain(component.paid())
            .chain(component.formula().into_iter().flat_map(|of| of.measures()).filter(|of| of.in_units).map(|of| of.id.as_str()))
            .map(String::from)
            .collect();
        let read: BTreeSet<String> = component.measures().map(|(id, _)| id.into()).collect();
        let wrong = random.chance(2);
        let gate = component.modifiers.gate.as_ref().map(|gate| gate.measure.clone());
        for id in read.iter().filter(|id| PlanCurrencies::has_twin(id)) {
            let sum = summed.contains(id);
            let elsewhere = if sum { wrong } else { random.chance(30) };
            if elsewhere {
                self.features.count(if sum { "money read in another currency" } else { "attainment in another currency" });
            }
            if elsewhere && !sum && gate.as_ref() == Some(id) {
                self.features.count("gate by attainment in another currency");
            }
            if elsewhere != own.is_some() {
                read_instead(component, id, &PlanCurrencies::named(id));
            }
        }
        let Some(currency) = own else { return };
        if *renamed {
            component.component_id = PlanCurrencies::named(&component.component_id);
        }
        if currency != "EUR" && !random.chance(3) {
            component.unit = EarningUnit::Money;
        }
        if component.unit == EarningUnit::Money && component.method == Method::Retroactive {
            self.features.count("retroactive in another currency");
        }
        if component.modifiers.cap.is_some() {
            self.features.count("cap in another currency");
        }
    }

    /// A payee stays on plans of one currency, but for those who are refused, and is paid in that or in another one.
    fn stays(&mut self, mut payee: Payee) -> Payee {
        let own = &mut self.plan_currencies;
        let first = payee.rows.first().and_then(|row| row.plans.first()).cloned().unwrap_or_default();
        let home = own.homes.entry(payee.payee_id.clone()).or_insert(first).clone();
        let leaves = own.plans.len() == 1 && payee.rows.iter().any(|row| row.plans != [home.clone()]);
        if leaves && own.random.chance(10) {
            self.features.count("payee between plans of two currencies");
        } else if leaves {
            payee.rows.iter_mut().for_each(|row| row.plans = vec![home.clone()]);
        }
        if own.waiting.contains(&payee.payee_id) || own.random.chance(12) {
            own.waiting.insert(payee.payee_id.clone());
            payee.rows.iter_mut().for_each(|row| row.plans.push(COMING.into()));
        }
        let drawn = payee.rows.first().and_then(|row| row.pay_currency.clone());
        let one = payee.rows.iter().all(|row| row.pay_currency == drawn);
        let Some(currency) = own.of_plan(&home).filter(|_| one) else { return payee };
        let converts = self.abroad.rate_type().is_some();
        let new = match own.random.below(20) {
            0..6 => None,
            6..9 => Some(currency.into()),
            9..14 if converts => Some("USD".into()),
            _ => drawn.filter(|_| converts),
        };
        let changes = own.random.chance(8);
        let paid_in = own.pay.get(&payee.payee_id).cloned().filter(|_| !changes).unwrap_or(new);
        let home = paid_in.as_deref().is_none_or(|paid_in| paid_in == currency);
        self.features.count(if home { "pay in the plan's currency" } else { "pay in another currency than the plan's" });
        own.pay.insert(payee.payee_id.clone(), paid_in.clone());
        payee.rows.iter_mut().for_each(|row| row.pay_currency = paid_in.clone());
        payee
    }

    /// A third of the deals are in the currency of such plans.
    pub(super) fn currency_of_deal(&mut self, drawn: String) -> String {
        let PlanCurrencies { random, currency: Some(currency), .. } = &mut self.plan_currencies else { return drawn };
        if !random.chance(35) {
            return drawn;
        }
        self.features.count("deal in a plan's currency");
        (*currency).into()
    }

    /// A measure of which a payee has a quota, or credit by hand.
    pub(super) fn measure_of(&mut self, payee_id: &str, drawn: String, feature: &'static str) -> String {
        let own = &mut self.plan_currencies;
        let percent = if own.of_payee(payee_id).is_some() { 65 } else { 15 };
        if !own.are_stated() || !PlanCurrencies::has_twin(&drawn) || !own.random.chance(percent) {
            return drawn;
        }
        self.features.count(feature);
        PlanCurrencies::named(&drawn)
    }

    /// In the measures, components and minor units of the payee's plans, most of them.
    pub(super) fn adjusted_in_currency(&mut self, made: &mut AdjustmentMade) {
        let Some(currency) = self.plan_currencies.of_payee(&made.payee_id) else { return };
        let renamed = self.plan_currencies.renamed;
        match &mut made.target {
            Target::Credit { measure, .. } => {
                let drawn = std::mem::take(measure);
                *measure = self.measure_of(&made.payee_id, drawn, "credit by hand in a plan's currency");
                return;
            }
            Target::Earning { component } if renamed => *component = PlanCurrencies::named(component),
            Target::Earning { .. } | Target::Pay { .. } => {}
        }
        self.features.count("money by hand in a plan's currency");
        if currency != "JPY" || self.plan_currencies.random.chance(10) {
            return;
        }
        let whole = made.amount.0 / 1_000_000 * 1_000_000;
        made.amount = Amount(if whole == 0 { 7_000_000 } else { whole });
    }
}

/// Puts another measure wherever a component reads one.
fn read_instead(component: &mut Component, from: &str, to: &str) {
    let modifiers = &mut component.modifiers;
    let places = [
        Some(&mut component.measure),
        component.paid_measure.as_mut(),
        modifiers.multiplier.as_mut().map(|of| &mut of.measure),
        modifiers.gate.as_mut().map(|of| &mut of.measure),
    ];
    places.into_iter().flatten().filter(|id| *id == from).for_each(|id| *id = to.into());
    if let Pays::Formula(formula) = &mut component.pays {
        let text = formula.text().replace(&format!("(\"{from}\")"), &format!("(\"{to}\")"));
        *formula = Formula::parse(&text).expect("another name is as good");
    }
}
