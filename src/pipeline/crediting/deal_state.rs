//! What crediting keeps of a deal: every accepted revision, and the credits that were last emitted.

use crate::domain::credit::Credit;
use crate::domain::deal::DealClosed;
use crate::domain::reject::Reject;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What most deals need, so that their buffer does not grow byte by byte.
const CONTENT_BYTES: usize = 256;
/// First byte of every stored deal.
const VERSION: u8 = 1;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DealState {
    /// By revision number.
    pub revisions: Vec<Revision>,
    pub emitted: Option<Emitted>,
    /// The facts under which the credits were last computed.
    pub facts_next: u64,
    /// What the newest revision waits for.
    pub parked: Option<Reject>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Revision {
    pub number: i64,
    pub occurred_at: i64,
    /// Where it stands in its partition of `deal-closed`.
    pub offset: u64,
    /// The deal with `occurred_at` 0: equal bytes are an equal delivery.
    #[serde(with = "serde_bytes")]
    content: Vec<u8>,
}

/// What earning was told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Emitted {
    pub revision: i64,
    pub credits: Vec<Credit>,
}

/// What a delivery is to the revisions that were accepted before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Newest,
    Older,
    Duplicate,
    Conflict,
}

impl DealState {
    /// Encodes by way of `scratch`, which is used again.
    pub fn encode(&self, scratch: &mut Vec<u8>) -> Result<Arc<[u8]>, postcard::Error> {
        scratch.clear();
        scratch.push(VERSION);
        *scratch = postcard::to_extend(self, std::mem::take(scratch))?;
        Ok(scratch.as_slice().into())
    }

    pub fn decode(bytes: &[u8]) -> Result<DealState, String> {
        match bytes.split_first() {
            Some((&VERSION, body)) => postcard::from_bytes(body).map_err(|error| error.to_string()),
            other => Err(format!("stored deal of version {:?}", other.map(|(version, _)| version))),
        }
    }

    /// Takes a delivery in, unless its revision was there. The deal's own `occurred_at` is 0.
    pub fn accept(&mut self, deal: &DealClosed<'_>, occurred_at: i64, offset: u64) -> Result<Delivery, postcard::Error> {
        let content = postcard::to_extend(deal, Vec::with_capacity(CONTENT_BYTES))?;
        let place = match self.revisions.binary_search_by_key(&deal.revision, |revision| revision.number) {
            Ok(place) if self.revisions[place].content == content => return Ok(Delivery::Duplicate),
            Ok(_) => return Ok(Delivery::Conflict),
            Err(place) => place,
        };
        self.revisions.insert(place, Revision { number: deal.revision, occurred_at, offset, content });
        Ok(if place + 1 == self.revisions.len() { Delivery::Newest } else { Delivery::Older })
    }

    pub fn revision(&self, number: i64) -> Option<&Revision> {
        let place = self.revisions.binary_search_by_key(&number, |revision| revision.number).ok()?;
        self.revisions.get(place)
    }
}

impl Revision {
    pub fn deal(&self) -> Result<DealClosed<'_>, postcard::Error> {
        postcard::from_bytes(&self.content)
    }
}
