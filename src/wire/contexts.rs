//! What headers of the inputs of a transaction say beside their values: the trace that a record is part of, and which event
//! it is. By the place of the record, so that an output finds what its last cause said.
//!
//! The stages know nothing of it. What passes from crediting to earning is a header of `credits` ([`TOLD`]) with the traces
//! of the records that the packed one stands for. All of it is bounded, and what does not fit is left out: a trace that
//! ends is no fault.

use super::cloud_event::Event;
use super::trace::Trace;
use crate::domain::topic::{Position, Topic};
use crate::pipeline::packed::{CauseTopic, PackedCredits};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Traces by place, of a record of `credits`.
pub const TOLD: &str = "accrue.traces";
/// First byte of what it holds.
const TOLD_VERSION: u8 = 1;
/// What it holds at most: about so many bytes. The newest records are told.
const MAXIMUM_TOLD_BYTES: usize = 16 << 10;
/// What a transaction remembers at most.
const MAXIMUM_BYTES: usize = 4 << 20;
/// What a place costs beside its texts, about.
const PLACE_BYTES: usize = 32;

/// What the headers of a record say.
#[derive(Debug, Default)]
struct Context {
    trace: Option<Trace>,
    event: Option<Event>,
}

/// Nothing where no record has such headers.
#[derive(Debug, Default)]
pub struct Contexts {
    places: BTreeMap<Position, Context>,
    bytes: usize,
}

/// What `TOLD` holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Told {
    traces: Vec<Trace>,
    places: Vec<Place>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Place {
    topic: CauseTopic,
    partition: u32,
    offset: u64,
    trace: u32,
}

impl Contexts {
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Remembers what the headers of a record say.
    pub fn note(&mut self, position: Position, headers: &[(String, Vec<u8>)]) {
        if position.topic != Topic::Credits {
            return self.keep(position, Context { trace: Trace::of(headers), event: Event::of(headers) });
        }
        let told = headers.iter().find(|(name, _)| name == TOLD).and_then(|(_, bytes)| read(bytes));
        for (position, trace) in told.into_iter().flatten() {
            self.keep(position, Context { trace: Some(trace), event: None });
        }
    }

    fn keep(&mut self, position: Position, context: Context) {
        let texts = context.trace.as_ref().map_or(0, Trace::bytes) + context.event.as_ref().map_or(0, Event::bytes);
        if texts > 0 && self.bytes + texts + PLACE_BYTES <= MAXIMUM_BYTES {
            self.bytes += texts + PLACE_BYTES;
            self.places.insert(position, context);
        }
    }

    pub(super) fn trace(&self, position: Position) -> Option<&Trace> {
        self.places.get(&position)?.trace.as_ref()
    }

    pub(super) fn event(&self, position: Position) -> Option<&Event> {
        self.places.get(&position)?.event.as_ref()
    }

    /// The traces of the records that a packed one stands for, as its header has them; `None` where there is none.
    pub(super) fn told(&self, packed: &[u8]) -> Option<Vec<u8>> {
        let packed = PackedCredits::decode(packed).ok()?;
        let (mut told, mut numbers, mut seen, mut bytes) = (Told::default(), BTreeMap::new(), BTreeSet::new(), 0);
        for position in packed.causes().rev() {
            let Some(trace) = self.trace(position) else { continue };
            let Some(topic) = CauseTopic::of(position.topic).filter(|_| seen.insert(position)) else { continue };
            bytes += PLACE_BYTES + if numbers.contains_key(trace) { 0 } else { trace.bytes() };
            if bytes > MAXIMUM_TOLD_BYTES {
                break;
            }
            let number = *numbers.entry(trace).or_insert_with(|| {
                told.traces.push(trace.clone());
                told.traces.len() as u32 - 1
            });
            told.places.push(Place { topic, partition: position.partition, offset: position.offset, trace: number });
        }
        if told.places.is_empty() { None } else { postcard::to_extend(&told, vec![TOLD_VERSION]).ok() }
    }
}

/// What is not what this version writes is nothing.
fn read(bytes: &[u8]) -> Option<Vec<(Position, Trace)>> {
    let body = bytes.strip_prefix(&[TOLD_VERSION])?;
    let (told, rest): (Told, &[u8]) = postcard::take_from_bytes(body).ok()?;
    let traces: Vec<Option<Trace>> = told.traces.into_iter().map(Trace::checked).collect();
    let place = |of: Place| {
        let trace = traces.get(of.trace as usize)?.clone()?;
        Some((Position { topic: of.topic.topic(), partition: of.partition, offset: of.offset }, trace))
    };
    rest.is_empty().then(|| told.places.into_iter().filter_map(place).collect())
}
