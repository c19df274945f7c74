//! W3C trace context: what is a trace, and how traces pass from crediting to earning in a header that may be anything.

use super::headers::headers;
use super::records::codec;
use crate::domain::calendar::{Date, Period};
use crate::domain::topic::{Position, Topic};
use crate::log::batch::Outbox;
use crate::pipeline::Output;
use crate::pipeline::packed::{Cause, CauseTopic, Earned, Entry, PackedCredits, Settled, SettledDeal};
use crate::wire::Contexts;
use crate::wire::contexts::TOLD;
use crate::wire::trace::Trace;
use proptest::prelude::*;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// What is passed on, as text; empty where it is no trace.
fn passed(said: &[(&str, &str)]) -> String {
    let trace = Trace::of(&headers(said));
    let text = |(name, value): (String, Vec<u8>)| format!("{name}={}", String::from_utf8(value).unwrap());
    trace.iter().flat_map(Trace::headers).map(text).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_breaks_the_standard_is_no_trace() {
    let zeros = "0000000000000000";
    let none = [
        String::new(),
        "00".into(),
        format!("00-{TRACE}-{SPAN}"),
        format!("00-{TRACE}-{SPAN}-1"),
        format!("00-{TRACE}-{SPAN}-01-"),
        format!("00-{TRACE}-{SPAN}-01-more"),
        format!("00-{TRACE}-{SPAN}-0g"),
        format!("00-{TRACE}-{SPAN}-+1"),
        format!(" 00-{TRACE}-{SPAN}-01"),
        format!("00-{TRACE}-{SPAN}-01 "),
        format!("00_{TRACE}-{SPAN}-01"),
        format!("0-{TRACE}-{SPAN}-001"),
        format!("ff-{TRACE}-{SPAN}-01"),
        format!("FF-{TRACE}-{SPAN}-01"),
        format!("01-{TRACE}-{SPAN}-01more"),
        format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
        format!("00-{zeros}{zeros}-{SPAN}-01"),
        format!("00-{TRACE}-{zeros}-01"),
        format!("00-{TRACE}x-{}-01", &SPAN[1..]),
        format!("00-{}é-{SPAN}-01", &TRACE[2..]),
        "é".repeat(28),
    ];
    for parent in &none {
        assert_eq!(passed(&[("traceparent", parent), ("tracestate", "a=1")]), "", "{parent}");
    }
    assert_eq!(passed(&[("tracestate", "a=1")]), "");
    let parent = format!("00-{TRACE}-{SPAN}-01");
    assert_eq!(passed(&[("traceparent", &parent), ("traceparent", &parent)]), "");
    assert_eq!(passed(&[("Traceparent", &parent)]), "");
    assert!(Trace::of(&[("traceparent".into(), vec![0xff; 55])]).is_none());
}

#[test]
fn a_trace_is_passed_on_as_it_came() {
    let parent = format!("00-{TRACE}-{SPAN}-01");
    for (version, passed_as) in [("00", "01"), ("01", "01")] {
        let found = passed(&[("traceparent", &format!("{version}-{TRACE}-{SPAN}-01"))]);
        assert_eq!(found, format!("traceparent=00-{TRACE}-{SPAN}-{passed_as}"));
    }
    assert_eq!(
        passed(&[("traceparent", &format!("cc-{TRACE}-{SPAN}-06-what-is-to-come"))]),
        format!("traceparent=00-{TRACE}-{SPAN}-00")
    );
    let (longest, long) = ("a=".to_owned() + &"x".repeat(510), "a=".to_owned() + &"x".repeat(511));
    let cases: &[(&[&str], &str)] = &[
        (&["a=1"], "a=1"),
        (&["a=1", "b=2,c=3"], "a=1,b=2,c=3"),
        (&[&longest], &longest),
        (&[&long], ""),
        (&[&longest, "b"], ""),
        (&[""], ""),
        (&["a=\u{7f}"], ""),
        (&["a=é"], ""),
    ];
    for (states, expected) in cases {
        let said: Vec<(&str, &str)> =
            [("traceparent", parent.as_str())].into_iter().chain(states.iter().map(|state| ("tracestate", *state))).collect();
        let state = if expected.is_empty() { String::new() } else { format!(" tracestate={expected}") };
        assert_eq!(passed(&said), format!("traceparent={parent}{state}"));
    }
}

fn place(offset: u64) -> Position {
    Position { topic: Topic::DealSettled, partition: 1, offset }
}

/// Credits that were caused by settlements of partition 1 at these offsets, and told by partition 5 because of one of
/// partition 2 at offset 7.
fn packed(offsets: impl Iterator<Item = u64>) -> Vec<u8> {
    let cause = |offset| Cause { topic: CauseTopic::DealSettled, offset, occurred_at: 9 };
    let deal = |offset| {
        let (payees, settled) = (vec![0], Settled::default());
        Entry::Settled(SettledDeal { cause: cause(offset), deal_id: "D", closed_on: Date(1), payees, settled })
    };
    let earned =
        Earned { cause: cause(7), partition: 2, epoch: 0, payee: 0, measure: 0, period: Period(1), yearly: false, minor: 1 };
    let marked = [Entry::Earned(earned), Entry::Round { epoch: 0, round: 1 }, Entry::Marker { close_id: "c" }];
    let entries = offsets.map(deal).chain(marked).collect();
    PackedCredits { source: 1, link_seq: 2, epoch: 3, facts_next: 4, payees: vec!["ana"], texts: vec![], entries }
        .encode()
        .unwrap()
}

/// The header of packed credits as it is written.
fn told(contexts: &Contexts, bytes: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut outbox = Outbox::default();
    codec().output(&Output::Credits { partition: 0, bytes }, contexts, 4, &mut outbox).unwrap();
    outbox.iter().flat_map(|(_, _, records)| records.iter().flat_map(|record| record.headers.to_vec())).collect()
}

fn parent(number: u64) -> String {
    format!("00-{TRACE}-{:016x}-01", number + 1)
}

fn traced(count: u64, state: &str) -> Contexts {
    let mut contexts = Contexts::default();
    for offset in 0..count {
        contexts.note(place(offset), &headers(&[("traceparent", &parent(offset)), ("tracestate", state)]));
    }
    contexts
}

fn read(headers: &[(String, Vec<u8>)]) -> Contexts {
    let mut contexts = Contexts::default();
    contexts.note(Position { topic: Topic::Credits, partition: 0, offset: 0 }, headers);
    contexts
}

#[test]
fn traces_pass_from_crediting_to_earning() {
    let mut contexts = traced(20, "a=1");
    let other = Position { partition: 2, ..place(7) };
    contexts.note(other, &headers(&[("traceparent", &parent(99))]));
    let header = told(&contexts, packed([3, 4, 3, 30].into_iter()));
    assert_eq!(header.len(), 1);
    assert!(header[0].0 == TOLD && header[0].1.len() < 400, "{}", header[0].1.len());
    let found = read(&header);
    for offset in 0..40 {
        assert_eq!(found.trace(place(offset)), contexts.trace(place(offset)).filter(|_| [3, 4].contains(&offset)), "{offset}");
    }
    assert!(found.trace(other).is_some() && found.trace(Position { topic: Topic::DealClosed, ..place(3) }).is_none());
    // Nothing where no record has one.
    assert_eq!(told(&Contexts::default(), packed(0..3)), []);
    assert_eq!(told(&traced(20, ""), packed(30..32)), []);
    assert_eq!(told(&contexts, vec![9]), []);
}

#[test]
fn what_is_told_and_remembered_is_bounded_and_the_newest_goes_first() {
    let contexts = traced(2_000, &"x".repeat(500));
    let header = told(&contexts, packed(0..2_000));
    assert!(header[0].1.len() <= 16 << 10 && header[0].1.len() > 14 << 10, "{}", header[0].1.len());
    let found = read(&header);
    assert!(found.trace(place(1_999)).is_some() && found.trace(place(1_980)).is_some() && found.trace(place(1_900)).is_none());
    // What all of them share is told once.
    let mut shared = Contexts::default();
    (0..400).for_each(|offset| shared.note(place(offset), &headers(&[("traceparent", &parent(1))])));
    let found = read(&told(&shared, packed(0..400)));
    assert!((0..400).all(|offset| found.trace(place(offset)).is_some()));
    let many = traced(20_000, &"x".repeat(500));
    assert!(many.trace(place(7_000)).is_some() && many.trace(place(7_200)).is_none());
}

#[test]
fn a_header_of_traces_that_is_cut_or_changed_is_nothing_or_traces() {
    let good = told(&traced(20, "a=1"), packed(0..20))[0].1.clone();
    let of = |bytes: &[u8]| read(&[(TOLD.to_owned(), bytes.to_vec())]);
    assert!(!of(&good).is_empty());
    for length in 0..good.len() {
        assert!(of(&good[..length]).is_empty(), "{length}");
    }
    assert!(of(&[good.as_slice(), &[0]].concat()).is_empty());
    assert!(of(&[1, 0, 1, 3, 1, 7, 0]).is_empty(), "a place of a trace that is not there");
    let config = ProptestConfig { cases: 12_000, failure_persistence: None, ..ProptestConfig::default() };
    let flips = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    proptest!(config, |(bytes in prop::collection::vec(any::<u8>(), 0..200), flips in flips)| {
        of(&bytes);
        of(&[&[1], bytes.as_slice()].concat());
        let mut flipped = good.clone();
        flips.into_iter().for_each(|(place, byte)| flipped[place.index(good.len())] = byte);
        let found = of(&flipped);
        for offset in 0..20 {
            for (name, value) in found.trace(place(offset)).into_iter().flat_map(Trace::headers) {
                let said = String::from_utf8(value).unwrap();
                let again = ("traceparent", parent(0));
                let is_trace = if name == "traceparent" { !passed(&[(&name, &said)]).is_empty() } else { said.len() <= 512 && passed(&[(again.0, &again.1), (&name, &said)]).ends_with(&said) };
                prop_assert!(is_trace, "{name} {said}");
            }
        }
    });
}
