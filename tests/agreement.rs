//! The incremental engine against the slow one, over random companies and histories: any order of arrival, any batching,
//! dropped batches, restarts and partitions that move between workers end in the totals, payouts and attainments that a computation from scratch gives.

mod support;

use accrue::domain::fact::FactBody;
use accrue::domain::output::{Payout, PayoutKind};
use support::histories::{Event, Features, History};
use support::memory::{Manner, Memory};

const HISTORIES: u64 = 10_000;

/// What a run of all histories must have held at least `LEAST` times, so that it means something.
const FEATURES: &[&str] = &[
    "adjusted by parts of a cent",
    "adjustment conflict",
    "adjustment duplicate",
    "adjustment id in another quarter",
    "adjustment reversed",
    "amendment",
    "begins anew",
    "boundary date",
    "cap",
    "cap of a deal",
    "draw",
    "priced by deal",
    "rounded by deal",
    "sequence",
    "whole deals",
    "draw forgiven at the end",
    "guarantee",
    "minimum settlement",
    "payment cap",
    "receivable",
    "paid in tranches",
    "paid when settled",
    "settlement",
    "settlement before its deal",
    "settlement conflict",
    "settlement duplicate",
    "refund",
    "paid: carried",
    "paid: draw",
    "paid: guarantee",
    "paid: less than nothing",
    "paid: recovery",
    "paid: set off against a prior period",
    "curve",
    "deals counted",
    "earnings measured later",
    "earnings of a second phase read",
    "earnings of reports read",
    "earnings read",
    "quota of earnings",
    "formula",
    "formula with if",
    "formula that divides",
    "fraction of a target",
    "gate",
    "gate at the end",
    "half-year or year",
    "interpolated",
    "lump",
    "multiplier",
    "paid on another measure",
    "parameter missing",
    "prorated",
    "spread",
    "to_date",
    "weight",
    "calendar extended",
    "calendar later",
    "change inside a period",
    "comes back to a plan",
    "periods of weeks",
    "cancellation",
    "close",
    "conflict",
    "credit by hand",
    "earning by hand",
    "pay by hand",
    "paid: manual",
    "duplicate",
    "line splits",
    "manager later",
    "measure begins to convert",
    "measure later",
    "move inside a month",
    "move to another plan",
    "moved deal",
    "negative line",
    "older revision late",
    "organisation changed",
    "overlay",
    "payee later",
    "plan corrected",
    "plan later",
    "plan version",
    "quota applies from",
    "quota change",
    "quota of a half-year or year",
    "quota withdrawn",
    "quota zero",
    "release",
    "release by the closer",
    "reopen",
    "return",
    "split changed",
    "nobody named",
    "more than can be paid",
    "pay in another currency",
    "pay currency changes",
    "pay currency stated again",
    "pay rates changed",
    "pay rates later",
    "paid in another currency",
    "paid: taken back at what was paid",
    "other currency",
    "currency stated again",
    "currency without a rate",
    "rates changed",
    "rates later",
    "overlay rolls up",
    "territories changed",
    "territories later",
    "territories refused",
    "territory always",
    "territory changes hands",
    "territory crediting changes",
    "territory crediting starts",
    "territory ends",
    "territory exclusion",
    "territory hierarchy",
    "territory layer",
    "territory node moves",
    "territory of an unknown payee",
    "territory ranks swapped",
    "territory rolls up",
    "territory shared",
    "territory unnamed",
    "territory vacant at first",
    "territory winners",
    "unknown manager",
    "unknown payee",
    "vacant seat",
];
const LEAST: usize = 200;

/// Features that have a say about each other: how many histories hold both.
const PAIRS: [(&str, &str); 120] = [
    ("half-year or year", "release"),
    ("half-year or year", "plan corrected"),
    ("half-year or year", "credit by hand"),
    ("half-year or year", "paid when settled"),
    ("periods of weeks", "close"),
    ("periods of weeks", "prorated"),
    ("periods of weeks", "paid when settled"),
    ("close", "amendment"),
    ("close", "cancellation"),
    ("release", "quota change"),
    ("release", "moved deal"),
    ("release", "plan corrected"),
    ("reopen", "amendment"),
    ("reopen", "pay by hand"),
    ("draw", "cancellation"),
    ("draw", "pay by hand"),
    ("draw forgiven at the end", "close"),
    ("guarantee", "moved deal"),
    ("payment cap", "minimum settlement"),
    ("gate", "moved deal"),
    ("gate at the end", "quota change"),
    ("multiplier", "quota change"),
    ("cap", "plan version"),
    ("cap of a deal", "amendment"),
    ("weight", "plan version"),
    ("prorated", "move to another plan"),
    ("fraction of a target", "organisation changed"),
    ("whole deals", "sequence"),
    ("whole deals", "credit by hand"),
    ("paid when settled", "cancellation"),
    ("paid when settled", "refund"),
    ("paid when settled", "earning by hand"),
    ("paid in tranches", "plan version"),
    ("adjustment reversed", "release"),
    ("credit by hand", "quota change"),
    ("paid in another currency", "adjustment reversed"),
    ("paid in another currency", "amendment"),
    ("paid in another currency", "cancellation"),
    ("paid in another currency", "draw"),
    ("paid in another currency", "guarantee"),
    ("paid in another currency", "half-year or year"),
    ("paid in another currency", "minimum settlement"),
    ("paid in another currency", "moved deal"),
    ("paid in another currency", "other currency"),
    ("paid in another currency", "paid in tranches"),
    ("paid in another currency", "paid: carried"),
    ("paid in another currency", "pay by hand"),
    ("paid in another currency", "payment cap"),
    ("paid in another currency", "receivable"),
    ("paid in another currency", "reopen"),
    ("paid in another currency", "pay rates changed"),
    ("pay currency stated again", "close"),
    ("other currency", "release"),
    ("other currency", "paid when settled"),
    ("currency stated again", "release"),
    ("rates changed", "close"),
    ("rates later", "measure later"),
    ("measure begins to convert", "release"),
    ("more than can be paid", "other currency"),
    ("territory changes hands", "close"),
    ("territory rolls up", "organisation changed"),
    ("to_date", "close"),
    ("to_date", "cap"),
    ("to_date", "gate"),
    ("to_date", "half-year or year"),
    ("to_date", "multiplier"),
    ("to_date", "paid in tranches"),
    ("to_date", "plan corrected"),
    ("to_date", "plan version"),
    ("to_date", "quota applies from"),
    ("begins anew", "comes back to a plan"),
    ("begins anew", "half-year or year"),
    ("begins anew", "quota applies from"),
    ("begins anew", "plan version"),
    ("begins anew", "plan corrected"),
    ("begins anew", "move to another plan"),
    ("begins anew", "organisation changed"),
    ("begins anew", "prorated"),
    ("begins anew", "formula"),
    ("begins anew", "whole deals"),
    ("begins anew", "paid in tranches"),
    ("begins anew", "fraction of a target"),
    ("begins anew", "gate"),
    ("formula", "amendment"),
    ("formula", "cancellation"),
    ("formula", "close"),
    ("formula", "credit by hand"),
    ("formula", "half-year or year"),
    ("formula", "organisation changed"),
    ("formula", "paid in tranches"),
    ("formula", "plan corrected"),
    ("formula", "plan version"),
    ("formula", "prorated"),
    ("formula", "quota applies from"),
    ("formula that divides", "moved deal"),
    ("spread", "move to another plan"),
    ("spread", "prorated"),
    ("earnings read", "cancellation"),
    ("earnings read", "close"),
    ("earnings read", "credit by hand"),
    ("earnings read", "earning by hand"),
    ("earnings read", "half-year or year"),
    ("earnings read", "paid in another currency"),
    ("earnings read", "plan corrected"),
    ("earnings read", "plan later"),
    ("earnings read", "reopen"),
    ("earnings of reports read", "amendment"),
    ("earnings of reports read", "close"),
    ("earnings of reports read", "move inside a month"),
    ("earnings of reports read", "organisation changed"),
    ("earnings of reports read", "release"),
    ("earnings of reports read", "reopen"),
    ("earnings of reports read", "unknown manager"),
    ("earnings of reports read", "vacant seat"),
    ("earnings of a second phase read", "cancellation"),
    ("earnings of a second phase read", "close"),
    ("earnings of a second phase read", "organisation changed"),
    ("earnings of a second phase read", "reopen"),
    ("earnings measured later", "close"),
    ("quota of earnings", "earnings read"),
];

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
    features
}

/// What was really paid: a rule that is stated and never pays shows nothing.
fn count_paid(payout: &Payout, features: &mut Features) {
    if let Some(from) = &payout.converted {
        features.count("paid in another currency");
        if from.rate.is_none() && payout.kind != PayoutKind::Carried {
            features.count("paid: taken back at what was paid");
        }
    }
    let late = payout.effective_period != payout.period;
    match payout.kind {
        PayoutKind::Manual => features.count("paid: manual"),
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
    pairs: [usize; PAIRS.len()],
}

impl Held {
    fn nothing() -> Held {
        Held { features: Features::default(), pairs: [0; PAIRS.len()] }
    }

    fn add(&mut self, features: &Features) {
        self.features.add(features);
        for ((one, other), held) in PAIRS.iter().zip(&mut self.pairs) {
            *held += usize::from(features.of(one) > 0 && features.of(other) > 0);
        }
    }

    fn join(mut self, other: &Held) -> Held {
        self.features.add(&other.features);
        self.pairs.iter_mut().zip(other.pairs).for_each(|(held, more)| *held += more);
        self
    }

    /// Everything with how often it was held.
    fn counts(&self) -> impl Iterator<Item = (String, usize)> {
        let features = FEATURES.iter().map(|feature| (feature.to_string(), self.features.of(feature)));
        let pairs = PAIRS.iter().zip(self.pairs).map(|((one, other), held)| (format!("{one} x {other}"), held));
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
        check_all(0..histories.parse().unwrap());
        return;
    }
    let held = check_all(0..HISTORIES);
    held.counts().for_each(|(what, count)| println!("{what}: {count}"));
    for (what, count) in held.counts() {
        assert!(count >= LEAST, "{what}: {count} held, {LEAST} wanted");
    }
}
