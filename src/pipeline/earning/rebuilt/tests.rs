//! What becomes of a state in a rebuild, by what is stored, given and published of it.

use super::super::progress::{Exchange, Pass, Peer, Progress, Source};
use super::*;
use crate::domain::exact::Exact;
use crate::domain::money::Minor;
use crate::domain::output::Causes;
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::Topic;
use crate::pipeline::crediting::rebuilt::Source as CreditingSource;

const PERIOD: Period = Period(2026 * 12);
const AT: Position = Position { topic: Topic::QuotaChanged, partition: 0, offset: 3 };

fn accrual(booking: i32, sequence: i64, total: i64) -> Accrual {
    Accrual {
        payee_id: "ana".into(),
        plan_id: "ae".into(),
        plan_from: crate::domain::calendar::Date(0),
        component: "new".into(),
        earning_code: "COMM".into(),
        calendar: "fiscal".into(),
        interval: Interval::Month(PERIOD),
        effective_period: PERIOD,
        booking_period: Period(PERIOD.0 + booking),
        sequence,
        previous_total: Minor(0),
        new_total: Minor(total),
        exact: Exact::ZERO,
        currency: "USD".into(),
        in_tranches: false,
        causes: Causes { first: AT, last: AT, count: 1 },
        as_of: 0,
    }
}

fn word(kind: RejectKind, message: &str) -> RejectRecord {
    RejectRecord {
        kind,
        position: AT,
        key: b"ana".to_vec(),
        reject: Reject::new(Reason::MissingQuota, "", message.into()),
        original: Vec::new(),
        original_bytes: 0,
        original_hash: String::new(),
    }
}

fn waiting(message: &str) -> Waiting {
    Waiting { reason: Reason::MissingQuota, message: message.into() }
}

/// What the inputs give of ana's first quarter: this total, and what waits.
fn given(total: i64, waits: &[&str]) -> Entry {
    let mut published = Published::default();
    published.accrual(&accrual(0, 1, total));
    let books = published.books.into_values().next().unwrap_or_default();
    Entry { books, waiting: waits.iter().map(|of| waiting(of)).collect(), as_of: 7, ..Entry::default() }
}

fn bytes(entry: &Entry) -> Arc<[u8]> {
    entry::encode(ENTRY_VERSION, entry, &mut Vec::new()).unwrap()
}

#[test]
fn what_was_said_stays_said_and_the_rest_is_what_the_inputs_give() {
    let key = entry_key("ana", "fiscal", Span::Quarter(PERIOD.quarter()));
    let mut published = Published::default();
    [accrual(0, 1, 70), accrual(0, 2, 50), accrual(1, 1, 20)].iter().for_each(|of| published.accrual(of));
    for (kind, message) in [(RejectKind::Parked, "a"), (RejectKind::Parked, "b"), (RejectKind::Parked, "c")] {
        published.word(&word(kind, message));
    }
    published.word(&word(RejectKind::Resumed, "c"));
    published.word(&word(RejectKind::Rejected, "d"));
    assert!(published.has_refused(AT) && !published.has_refused(Position { offset: 4, ..AT }));
    assert_eq!(published.keys(b"", None).collect::<Vec<_>>(), [&key]);
    assert_eq!(published.keys(&key, None).count() + published.keys(b"", Some(b"an")).count(), 0);
    let mut compared = Compared::new(published);
    let inputs = bytes(&given(50, &["b", "e"]));
    compared.note(&key, &inputs).unwrap();
    let mut mend = |stored: Option<&[u8]>, rebuilt: Option<&[u8]>, whole: bool| {
        compared.begin();
        compared.mend(&key, stored, rebuilt, whole).unwrap()
    };
    let mended = mend(None, Some(&inputs), true);
    let state = entry::decode(mended.state.as_deref()).unwrap();
    let booked: Vec<_> = state.books[0].bookings.iter().map(|of| (of.sequence, of.total.0)).collect();
    assert_eq!((state.books.len(), booked, state.as_of), (1, vec![(2, 50), (1, 20)], 7));
    // What goes on is said by the next pricing, and so is what begins to wait.
    assert_eq!(state.waiting, [waiting("a"), waiting("b")]);
    let told = mended.state.unwrap();
    let other = bytes(&Entry { books: Vec::new(), ..state });
    for (stored, rebuilt, whole, expected) in [
        (None, Some(&*inputs), true, Some(Difference::Lost)),
        (None, Some(&*inputs), false, None),
        (Some(&b"\x09"[..]), Some(&*inputs), false, Some(Difference::Unreadable)),
        (Some(&*other), Some(&*inputs), false, Some(Difference::Booked)),
        (Some(&*told), Some(&*inputs), false, None),
        // The inputs give nothing for what is booked into the second period.
        (Some(&*told), Some(&*inputs), true, Some(Difference::Earned)),
        (Some(&*told), None, false, None),
    ] {
        assert_eq!(mend(stored, rebuilt, whole).difference, expected, "{stored:?} {whole}");
    }
    let of_nobody = compared.mend(b"ben\0fiscal\x002026-Q1", Some(&told), None, true).unwrap();
    assert_eq!(of_nobody, Mended { difference: Some(Difference::Unknown), state: None });
}

/// What a component's earnings are told of, all of it in one epoch or some in the next.
fn telling(until: i128, since: i128) -> Entry {
    let sum = Sum { payee_id: "bea".into(), measure: "sourced".into(), period: PERIOD, yearly: false };
    Entry { told: [Told::of(sum, until, since)].into(), ..given(50, &[]) }
}

#[test]
fn what_was_told_to_others_is_all_of_it_whichever_epoch_it_is_of() {
    for (old, new, expected) in [
        (telling(30, 20), telling(50, 0), None),
        (telling(30, -30), given(50, &[]), None),
        (telling(30, 20), telling(30, 0), Some(Difference::Told)),
        (given(50, &[]), telling(0, 1), Some(Difference::Told)),
    ] {
        assert_eq!(difference(&old, &new, true), expected, "{old:?}");
        assert_eq!(difference(&old, &new, false), None, "{old:?}");
    }
}

#[test]
fn behind_a_rebuild_partitions_go_on_from_the_numbers_that_they_have_come_to() {
    let stood = |change: fn(&mut Progress)| {
        let mut progress = Progress::new(2);
        progress.exchange.open(2);
        change(&mut progress);
        Stood::read(&progress.encode()).unwrap()
    };
    let one = stood(|of| (of.exchange.links, of.exchange.rounds) = (vec![7, 4], 1));
    let other = stood(|of| (of.exchange.links, of.exchange.after) = (vec![5, 9], Some(vec![1])));
    let again = stood(|of| {
        of.exchange.links = vec![1, 2];
        of.exchange.peers[1] = Peer { epoch: 1, round: 2, next_link_seq: 3 };
    });
    assert!(!one.is_at_rest() && !other.is_at_rest() && again.is_at_rest());
    assert_eq!(again.expected(), [(0, 0), (0, 0), (0, 0), (3, 0)]);
    let sources = [CreditingSource { epoch: 2, links: vec![11, 12], passing: false }];
    let progress = Progress::decode(&one.behind(0, &sources, &[&one, &other], &again)).unwrap();
    let peer = |epoch, round, next_link_seq| Peer { epoch, round, next_link_seq };
    let exchange = Exchange { links: vec![7, 4], peers: vec![peer(0, 0, 7), peer(1, 2, 5)], rounds: 0, after: None };
    assert_eq!((progress.exchange, progress.sources), (exchange, vec![Source { next_link_seq: 11, epoch: 2 }]));
    assert_eq!(progress.pass, Some(Pass { payees: None, after: Vec::new() }));
    let alone = Progress::decode(&one.behind(1, &sources, &[], &again)).unwrap();
    assert_eq!((alone.exchange, alone.sources[0].next_link_seq), (Exchange::default(), 12));
}
