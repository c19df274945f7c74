//! The incremental engine against the slow one, over random companies and histories: any order of arrival, any batching,
//! dropped batches, restarts and partitions that move between workers end in the totals, payouts and attainments that a computation from scratch gives.

mod support;

use accrue::domain::calendar::{Half, Interval, IntervalKind, Period, Quarter};
use accrue::domain::fact::FactBody;
use accrue::domain::money::Measured;
use accrue::domain::output::{Payout, PayoutKind};
use accrue::domain::plan::{Deficit, Plan};
use std::collections::BTreeSet;
use support::features::{FEATURES, LEAST};
use support::histories::{Event, Features, History};
use support::memory::{Manner, Memory};
use support::pairs::PAIRS;

const HISTORIES: u64 = 10_000;

fn manner(seed: u64) -> Manner {
    let batch = [1, 3, 10, 1_000][(seed % 4) as usize];
    let partitions = [1, 2, 3, 5][(seed / 4 % 4) as usize];
    let workers = [1, 2, 3][(seed / 16 % 3) as usize];
    Manner {
        partitions,
        batch,
        budget: 1 + (seed % 7) as usize * 5,
        seed,
        workers,
        drop_one_in: 6,
        restart_one_in: 9 * workers as u64,
    }
}

/// Feeds an event; cuts and release sums are filled in here, because they depend on the engine. What is done `at_once` is
/// not in the batch of what follows a close or a release.
fn happen(memory: &mut Memory, event: &Event, at_once: bool) {
    match event {
        Event::Deal(deal) => {
            memory.deal(&deal.as_deal());
        }
        Event::Quota(quota) => {
            memory.quota(&quota.as_quota());
        }
        Event::Settlement(settled) => {
            memory.settlement(&settled.as_settlement());
        }
        Event::Adjustment(made) => {
            memory.adjustment(made);
        }
        Event::Fact(fact) => match &fact.body {
            FactBody::PeriodClosed(closed) => {
                memory.close(&closed.close_id, &closed.calendar, closed.period, &fact.author);
                if at_once {
                    memory.run();
                }
            }
            FactBody::PeriodReleased(released) => {
                memory.release(&released.close_id, &fact.author);
                memory.run();
            }
            _ => memory.fact(fact.as_ref().clone()),
        },
    }
}

fn check(seed: u64) -> Features {
    let history = History::generate(seed);
    let events = if seed.is_multiple_of(3) { history.events.clone() } else { history.shuffled(seed) };
    let mut memory = Memory::new(manner(seed));
    let at_once = seed.is_multiple_of(2);
    for (at, event) in events.iter().enumerate() {
        happen(&mut memory, event, at_once);
        if (at as u64 + seed).is_multiple_of(if at_once { 5 } else { 25 }) {
            memory.run();
        }
    }
    memory.run();
    let report = memory.verify();
    assert!(report.differences.is_empty(), "history {seed}: {} differ\n{report}", report.differences.len());
    let mut features = history.features;
    memory.payouts.iter().for_each(|payout| count_paid(payout, &mut features));
    count_deficits(&memory, &events, &mut features);
    features
}

/// Sums below zero of what brings them in, before an interval of the year that has a sum of its own.
fn count_deficits(memory: &Memory, events: &[Event], features: &mut Features) {
    let plans = events.iter().filter_map(|event| match event {
        Event::Fact(fact) => match &fact.body {
            FactBody::PlanDefined(plan) => Some(plan),
            _ => None,
        },
        _ => None,
    });
    let components = plans.flat_map(|plan: &Plan| &plan.components).filter(|of| of.deficit == Deficit::NextIntervalOfYear);
    let read: BTreeSet<(IntervalKind, &str)> = components.map(|of| (of.interval, of.measure.as_str())).collect();
    for ((payee, measure, interval), lacking) in memory.measured.iter().filter(|(_, measured)| measured.0 < 0) {
        let (kind, next) = match *interval {
            Interval::Month(month) if month.0 % 12 < 11 => (IntervalKind::Month, Interval::Month(Period(month.0 + 1))),
            Interval::Quarter(of) if of.0 % 4 < 3 => (IntervalKind::Quarter, Interval::Quarter(Quarter(of.0 + 1))),
            Interval::Half(half) if half.0 % 2 < 1 => (IntervalKind::HalfYear, Interval::Half(Half(half.0 + 1))),
            _ => continue,
        };
        let follows = memory.measured.get(&(payee.clone(), measure.clone(), next)).copied().unwrap_or_default();
        if !read.contains(&(kind, &**measure)) || follows == Measured(0) {
            continue;
        }
        features.count("deficit brought forward");
        if follows.0 + lacking.0 > 0 {
            features.count("deficit made up for");
        }
    }
}

/// What was really paid: a rule that is stated and never pays shows nothing.
fn count_paid(payout: &Payout, features: &mut Features) {
    if let Some(from) = &payout.converted {
        features.count("paid in another currency");
        if from.rate.is_none() && payout.kind != PayoutKind::Carried {
            features.count("paid: taken back at what was paid");
        }
        if from.plan_currency != "USD" {
            features.count("paid: out of a plan's currency");
        }
    } else if payout.currency != "USD" {
        features.count("paid: in a plan's currency");
    }
    let late = payout.effective_period != payout.period;
    match payout.kind {
        PayoutKind::Manual => features.count("paid: manual"),
        PayoutKind::Carried if payout.earning_code == "CAPPED" => features.count("paid: capped"),
        PayoutKind::Carried => features.count("paid: carried"),
        PayoutKind::Draw => features.count("paid: draw"),
        PayoutKind::Recovery | PayoutKind::Guarantee if late => features.count("paid: set off against a prior period"),
        PayoutKind::Guarantee => features.count("paid: guarantee"),
        PayoutKind::Recovery => features.count("paid: recovery"),
        _ if payout.amount.0 < 0 => features.count("paid: less than nothing"),
        _ => {}
    }
}

/// What many histories held: how often each feature, and how many of them each pair.
struct Held {
    features: Features,
    pairs: Vec<usize>,
}

impl Held {
    fn nothing() -> Held {
        Held { features: Features::default(), pairs: vec![0; PAIRS.len()] }
    }

    fn add(&mut self, features: &Features) {
        self.features.add(features);
        for ((one, other), held) in PAIRS.iter().zip(&mut self.pairs) {
            *held += usize::from(features.of(one) > 0 && features.of(other) > 0);
        }
    }

    fn join(mut self, other: &Held) -> Held {
        self.features.add(&other.features);
        self.pairs.iter_mut().zip(&other.pairs).for_each(|(held, more)| *held += more);
        self
    }

    /// Everything with how often it was held.
    fn counts(&self) -> impl Iterator<Item = (String, usize)> {
        let features = FEATURES.iter().map(|feature| (feature.to_string(), self.features.of(feature)));
        let pairs = PAIRS.iter().zip(&self.pairs).map(|((one, other), held)| (format!("{one} x {other}"), *held));
        features.chain(pairs)
    }
}

/// Every seed is checked by one of the threads.
fn check_all(seeds: std::ops::Range<u64>) -> Held {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = |thread: usize| {
        let seeds = seeds.clone().skip(thread).step_by(threads);
        seeds.fold(Held::nothing(), |mut held, seed| {
            held.add(&check(seed));
            held
        })
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|thread| scope.spawn(move || part(thread))).collect();
        parts.into_iter().fold(Held::nothing(), |all, one| all.join(&one.join().expect("every history agrees")))
    })
}

#[test]
fn incremental_equals_from_scratch() {
    if let Ok(seed) = std::env::var("ACCRUE_TEST_SEED") {
        check(seed.parse().unwrap());
        return;
    }
    // Fewer of them hold too little of a feature to say anything about it, and still have to agree.
    if let Ok(histories) = std::env::var("ACCRUE_TEST_HISTORIES") {
        check_all(0..histories.parse().unwrap()).counts().for_each(|(what, count)| support::tell(&format!("{what}: {count}")));
        return;
    }
    let held = check_all(0..HISTORIES);
    held.counts().for_each(|(what, count)| support::tell(&format!("{what}: {count}")));
    for (what, count) in held.counts() {
        assert!(count >= LEAST, "{what}: {count} held, {LEAST} wanted");
    }
}
