//! W3C trace context, level 1, in headers: `traceparent` and `tracestate` of whoever wrote a record, kept as they came.
//!
//! What breaks the standard is no trace, and never a fault of the record. No span is made up here: accrue passes on the one
//! that caused an output.

use serde::{Deserialize, Serialize};

pub const PARENT: &str = "traceparent";
pub const STATE: &str = "tracestate";
/// A longer `tracestate` is dropped, and the trace goes on without it.
const MAXIMUM_STATE_BYTES: usize = 512;
/// Of a `traceparent` of version 00.
const PARENT_BYTES: usize = 55;

/// A trace as it is passed on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Trace {
    /// `00-TRACE-SPAN-FLAGS`.
    parent: String,
    /// Empty: none.
    state: String,
}

impl Trace {
    /// What headers say; two of `traceparent` say nothing.
    pub fn of(headers: &[(String, Vec<u8>)]) -> Option<Trace> {
        let named = |of: &'static str| headers.iter().filter(move |(name, _)| name == of).map(|(_, value)| value.as_slice());
        let (mut parents, states) = (named(PARENT), named(STATE).collect::<Vec<_>>());
        let parent = parents.next().filter(|_| parents.next().is_none())?;
        Some(Trace { parent: parent_of(parent)?, state: state_of(&states.join(&b',')) })
    }

    /// One that came over the log and may be anything.
    pub(super) fn checked(self) -> Option<Trace> {
        Some(Trace { parent: parent_of(self.parent.as_bytes())?, state: state_of(self.state.as_bytes()) })
    }

    pub fn headers(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let state = (!self.state.is_empty()).then_some((STATE, &self.state));
        [(PARENT, &self.parent)].into_iter().chain(state).map(|(name, value)| (name.to_owned(), value.clone().into_bytes()))
    }

    pub(super) fn bytes(&self) -> usize {
        self.parent.len() + self.state.len()
    }
}

/// A `traceparent` as version 00 writes it. Of a later version the standard reads what version 00 has, and of its flags only
/// whether the trace is sampled.
fn parent_of(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let (known, rest) = text.split_at_checked(PARENT_BYTES)?;
    let parts: Vec<&str> = known.split('-').collect();
    let [version, trace, span, flags] = parts[..] else { return None };
    let hex =
        |part: &str, digits: usize| part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let id = |part: &str, digits: usize| hex(part, digits) && part.bytes().any(|byte| byte != b'0');
    if !hex(version, 2) || !id(trace, 32) || !id(span, 16) || !hex(flags, 2) {
        return None;
    }
    match (version, rest) {
        ("00", "") => Some(known.to_owned()),
        ("00" | "ff", _) => None,
        (_, rest) if rest.is_empty() || rest.starts_with('-') => {
            let sampled = u8::from_str_radix(flags, 16).ok()? & 1;
            Some(format!("00-{trace}-{span}-{sampled:02x}"))
        }
        _ => None,
    }
}

fn state_of(value: &[u8]) -> String {
    let fits = value.len() <= MAXIMUM_STATE_BYTES && value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if fits { String::from_utf8_lossy(value).trim().to_owned() } else { String::new() }
}
