//! One run of one payee, step by step: what it adds, and what it leaves behind.

use super::*;

const RUN: Period = Period(10);
const BEFORE: Period = Period(9);

fn line(effective: Period, by_hand: bool) -> Line {
    Line { earning_code: "COMM".into(), effective, by_hand }
}

/// What is booked for the run's own period.
fn booked(amount: i128) -> Lines {
    Lines::from([(line(RUN, false), amount)])
}

fn advance(period: Period, kind: AdvanceKind, amount: i64) -> Advance {
    Advance { period, amount: Minor(amount), kind }
}

fn account(balance: i64, advances: &[Advance]) -> Account {
    Account { balance: Minor(balance), advances: advances.to_vec() }
}

fn draw(amount: i64, recoverable: bool, maximum_balance: Option<i64>) -> TermsNow {
    let draw = DrawNow { amount: Minor(amount), recoverable, maximum_balance: maximum_balance.map(Minor) };
    TermsNow { draw: Some(draw), ..TermsNow::default() }
}

/// Half of what is above the floor pays back.
fn recovery(floor: i64) -> TermsNow {
    let half = Rate(10i64.pow(RATE_DECIMALS) / 2);
    TermsNow { recovery: Some(RecoveryNow { share_of_excess: half, floor: Minor(floor) }), ..TermsNow::default() }
}

fn cap(amount: i64, lost: bool) -> TermsNow {
    TermsNow { cap: Some(CapNow { amount: Minor(amount), lost }), ..TermsNow::default() }
}

fn minimum(amount: i64) -> TermsNow {
    TermsNow { minimum: Some(Minor(amount)), ..TermsNow::default() }
}

type Added<'a> = &'a [(PayoutKind, Period, i64)];

#[track_caller]
fn check(lines: &Lines, before: &Account, terms: &TermsNow, added: Added<'_>, after: &Account) {
    let run = settle(RUN, lines, before, terms).expect("amounts that fit");
    let extra: Vec<_> = run.extra.iter().map(|extra| (extra.kind, extra.effective, extra.amount.0)).collect();
    assert_eq!((extra.as_slice(), &run.after), (added, after));
}

#[test]
fn draws_alone_are_owed_and_an_account_is_empty_without_a_balance_and_advances() {
    let kinds = [AdvanceKind::Draw, AdvanceKind::Forgiven, AdvanceKind::Draw, AdvanceKind::Guarantee];
    let advances: Vec<_> =
        kinds.into_iter().zip(1..).map(|(kind, amount)| advance(Period(amount), kind, amount.into())).collect();
    assert_eq!(account(0, &advances).owed(), Minor(1 + 3));
    assert!(account(0, &[]).is_empty() && !account(1, &[]).is_empty() && !account(0, &advances[..1]).is_empty());
}

#[test]
fn a_balance_is_set_off_or_paid_and_what_is_below_nothing_goes_on() {
    let nothing = TermsNow::default();
    check(&booked(500), &account(0, &[]), &nothing, &[], &account(0, &[]));
    check(&booked(500), &account(-200, &[]), &nothing, &[], &account(0, &[]));
    check(&booked(500), &account(-800, &[]), &nothing, &[], &account(-300, &[]));
    check(&booked(500), &account(300, &[]), &nothing, &[], &account(0, &[]));
    check(&booked(-500), &account(0, &[]), &nothing, &[], &account(-500, &[]));
    let receivable = TermsNow { receivable: true, ..TermsNow::default() };
    check(&booked(-500), &account(-100, &[]), &receivable, &[], &account(0, &[]));
}

#[test]
fn a_cap_carries_or_loses_what_is_above_it() {
    check(&booked(1_000), &account(0, &[]), &cap(1_000, false), &[], &account(0, &[]));
    check(&booked(1_001), &account(0, &[]), &cap(1_000, false), &[], &account(1, &[]));
    // What was brought forward is below the cap, too; what is owed is set off behind it.
    check(&booked(900), &account(300, &[]), &cap(1_000, false), &[], &account(200, &[]));
    check(&booked(1_500), &account(-200, &[]), &cap(1_000, false), &[], &account(500, &[]));
    check(&booked(1_000), &account(0, &[]), &cap(1_000, true), &[], &account(0, &[]));
    check(&booked(900), &account(300, &[]), &cap(1_000, true), &[(PayoutKind::Carried, RUN, -200)], &account(0, &[]));
}

#[test]
fn a_draw_raises_a_net_as_far_as_its_balance_may_grow() {
    let owed = |amount| advance(RUN, AdvanceKind::Draw, amount);
    check(&booked(400), &account(0, &[]), &draw(1_000, true, None), &[(PayoutKind::Draw, RUN, 600)], &account(0, &[owed(600)]));
    check(&booked(1_000), &account(0, &[]), &draw(1_000, true, None), &[], &account(0, &[]));
    check(&booked(1_400), &account(0, &[]), &draw(1_000, true, None), &[], &account(0, &[]));
    // 500 are owed, so of 600 that are missing 300 are added below a balance of 800, and nothing when it is full.
    let before = account(0, &[advance(BEFORE, AdvanceKind::Draw, 500)]);
    let after = account(0, &[advance(BEFORE, AdvanceKind::Draw, 500), owed(300)]);
    check(&booked(400), &before, &draw(1_000, true, Some(800)), &[(PayoutKind::Draw, RUN, 300)], &after);
    check(&booked(400), &before, &draw(1_000, true, Some(500)), &[], &before);
    check(&booked(400), &before, &draw(1_000, true, Some(400)), &[], &before);
    // A guarantee knows no balance, and what is forgiven or guaranteed is not owed.
    let others = [advance(BEFORE, AdvanceKind::Guarantee, 700), advance(Period(8), AdvanceKind::Forgiven, 700)];
    let after = account(0, &[others.as_slice(), &[advance(RUN, AdvanceKind::Guarantee, 600)]].concat());
    check(&booked(400), &account(0, &others), &draw(1_000, false, Some(0)), &[(PayoutKind::Guarantee, RUN, 600)], &after);
    let after = account(0, &[others.as_slice(), &[owed(600)]].concat());
    check(&booked(400), &account(0, &others), &draw(1_000, true, Some(800)), &[(PayoutKind::Draw, RUN, 600)], &after);
    // What is below nothing is raised, too.
    check(
        &booked(-100),
        &account(0, &[]),
        &draw(1_000, true, None),
        &[(PayoutKind::Draw, RUN, 1_100)],
        &account(0, &[owed(1_100)]),
    );
}

#[test]
fn recovery_takes_a_share_of_what_is_above_its_floor_oldest_first() {
    let before = account(0, &[advance(Period(8), AdvanceKind::Draw, 100), advance(BEFORE, AdvanceKind::Draw, 200)]);
    let taken = |amount: i64| [(PayoutKind::Recovery, RUN, -amount)];
    let left = |amount| account(0, &[advance(BEFORE, AdvanceKind::Draw, amount)]);
    check(&booked(1_300), &before, &recovery(1_000), &taken(150), &left(150));
    // Exactly the oldest: it is gone, and not kept as one of zero.
    check(&booked(1_200), &before, &recovery(1_000), &taken(100), &left(200));
    check(&booked(9_000), &before, &recovery(1_000), &taken(300), &account(0, &[]));
    check(&booked(1_000), &before, &recovery(1_000), &[], &before);
    check(&booked(800), &before, &recovery(1_000), &[], &before);
    // Guarantees and what is forgiven are no debts.
    let others = account(0, &[advance(BEFORE, AdvanceKind::Guarantee, 100), advance(Period(8), AdvanceKind::Forgiven, 100)]);
    check(&booked(9_000), &others, &recovery(1_000), &[], &others);
    // A period whose draw adds something pays nothing back, whatever it asks; one whose draw adds nothing does.
    let both = TermsNow { draw: draw(1_000, true, None).draw, ..recovery(0) };
    let after = account(0, &[before.advances.as_slice(), &[advance(RUN, AdvanceKind::Draw, 1)]].concat());
    check(&booked(999), &before, &both, &[(PayoutKind::Draw, RUN, 1)], &after);
    check(&booked(1_000), &before, &both, &taken(300), &account(0, &[]));
}

#[test]
fn what_is_recovered_is_no_part_of_the_net() {
    // 300 less 150 recovered are 150: below a minimum of 200, and brought forward.
    let owed = account(0, &[advance(BEFORE, AdvanceKind::Draw, 400)]);
    let terms = TermsNow { minimum: Some(Minor(200)), ..recovery(0) };
    let after = account(150, &[advance(BEFORE, AdvanceKind::Draw, 250)]);
    check(&booked(300), &owed, &terms, &[(PayoutKind::Recovery, RUN, -150)], &after);
    // Raised to 1 000 by a draw it is above one of 900.
    let terms = TermsNow { minimum: Some(Minor(900)), ..draw(1_000, true, None) };
    let after = account(0, &[advance(RUN, AdvanceKind::Draw, 700)]);
    check(&booked(300), &account(0, &[]), &terms, &[(PayoutKind::Draw, RUN, 700)], &after);
}

#[test]
fn a_net_below_the_minimum_waits() {
    check(&booked(99), &account(0, &[]), &minimum(100), &[], &account(99, &[]));
    check(&booked(100), &account(0, &[]), &minimum(100), &[], &account(0, &[]));
    check(&booked(0), &account(0, &[]), &minimum(100), &[], &account(0, &[]));
    check(&booked(-99), &account(0, &[]), &TermsNow { receivable: true, ..minimum(100) }, &[], &account(0, &[]));
    // What a cap carries is beside it.
    check(&booked(80), &account(0, &[]), &TermsNow { minimum: Some(Minor(60)), ..cap(50, false) }, &[], &account(80, &[]));
}

#[test]
fn what_is_owed_at_the_end_is_forgiven_and_guarantees_are_not() {
    let before = [advance(Period(8), AdvanceKind::Guarantee, 50), advance(BEFORE, AdvanceKind::Draw, 100)];
    let after = [before[0].clone(), advance(BEFORE, AdvanceKind::Forgiven, 100)];
    let terms = TermsNow { forgives: true, ..TermsNow::default() };
    check(&booked(500), &account(0, &before), &terms, &[], &account(0, &after));
}

#[test]
fn what_comes_late_is_first_set_off_against_its_own_period() {
    let advances = [
        advance(Period(8), AdvanceKind::Guarantee, 100),
        advance(BEFORE, AdvanceKind::Draw, 200),
        advance(RUN, AdvanceKind::Draw, 400),
    ];
    let before = account(0, &advances);
    let mut lines = booked(1_000);
    lines.insert(line(BEFORE, false), 150);
    lines.insert(line(Period(8), false), 300);
    let after = account(0, &[advance(BEFORE, AdvanceKind::Draw, 50), advances[2].clone()]);
    let added = [(PayoutKind::Guarantee, Period(8), -100), (PayoutKind::Recovery, BEFORE, -150)];
    check(&lines, &before, &TermsNow::default(), &added, &after);
    // What was forgiven is set off, too: that period was paid it.
    let forgiven = account(0, &[advance(BEFORE, AdvanceKind::Forgiven, 200)]);
    let rest = account(0, &[advance(BEFORE, AdvanceKind::Forgiven, 50)]);
    check(
        &Lines::from([(line(BEFORE, false), 150)]),
        &forgiven,
        &TermsNow::default(),
        &[(PayoutKind::Recovery, BEFORE, -150)],
        &rest,
    );
    // A manual line is paid as it is stated, one that takes back sets nothing off, and neither does another period's.
    for (line, amount) in [(line(BEFORE, true), 150), (line(BEFORE, false), -150), (line(Period(7), false), 150)] {
        let after = account(amount.min(0) as i64, &forgiven.advances);
        check(&Lines::from([(line, amount)]), &forgiven, &TermsNow::default(), &[], &after);
    }
    // The set-off is no part of what a cap and a draw look at.
    let lines = Lines::from([(line(BEFORE, false), 150), (line(RUN, false), 900)]);
    let after = account(0, &[advance(BEFORE, AdvanceKind::Draw, 50), advances[2].clone(), advance(RUN, AdvanceKind::Draw, 100)]);
    let added = [(PayoutKind::Recovery, BEFORE, -150), (PayoutKind::Draw, RUN, 100)];
    check(&lines, &account(0, &advances[1..]), &draw(1_000, true, None), &added, &after);
}

#[test]
fn amounts_that_do_not_fit_are_none() {
    let most = i128::from(i64::MAX);
    let none = TermsNow::default();
    for (lines, before, terms) in [
        (Lines::from([(line(RUN, false), i128::MAX), (line(BEFORE, false), 1)]), account(0, &[]), none.clone()),
        (booked(-most - 2), account(0, &[]), none),
        (booked(most + 1), account(0, &[]), cap(0, false)),
        (booked(most + 2), account(0, &[]), cap(0, true)),
        (booked(-most - 1), account(0, &[]), draw(1, true, None)),
        (booked(i128::MAX), account(0, &[]), recovery(0)),
    ] {
        assert_eq!(settle(RUN, &lines, &before, &terms), None, "{lines:?}");
    }
}
