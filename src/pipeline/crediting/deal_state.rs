//! What crediting keeps of a deal: every accepted revision and settlement, and what earning was told.

use crate::domain::calendar::Date;
use crate::domain::credit::{Credit, Credited};
use crate::domain::deal::DealClosed;
use crate::domain::money::Amount;
use crate::domain::reject::{Reason, Reject};
use crate::domain::settlement::{Dated, SettlementKind};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What most deals need, so that their buffer does not grow byte by byte.
const CONTENT_BYTES: usize = 256;
/// First byte of every stored deal. Version 2 tells credits without rates, version 1 ends with `parked`, too.
const VERSION: u8 = 3;
/// The same of one of which returns were told: they stand behind the rest.
const WITH_RETURNS: u8 = 4;
/// The same where days were told: they stand behind the returns.
const WITH_DAYS: u8 = 5;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DealState {
    /// By revision number.
    pub revisions: Vec<Revision>,
    pub emitted: Option<Emitted>,
    /// The facts under which the credits were last computed.
    pub facts_next: u64,
    /// What the newest revision waits for.
    pub parked: Option<Reject>,
    /// By id. They may come before the deal.
    pub settlements: Vec<Settlement>,
    /// Earning was told of them: what changes is told, too.
    pub settled_told: bool,
    /// What earning was told of returns, by day.
    #[serde(skip)]
    pub returned: Vec<ToldReturn>,
    /// The days that earning was told with `emitted`, where a measure is dated by settlements.
    #[serde(skip)]
    pub dated: Option<Dated>,
}

/// What earning was told of what was returned on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldReturn {
    pub on: Date,
    /// By line: the day since which it is no part of the deal any more.
    pub gone: Vec<Option<Date>>,
    /// The deal with what was returned of each line.
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
    pub credited: Credited,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    pub id: String,
    pub kind: SettlementKind,
    pub amount: Amount,
    pub currency: String,
    pub on: Date,
    /// Where it stands in its partition of `deal-settled`.
    pub offset: u64,
    /// Why it does not count, as it was last said.
    pub waits: Option<Reason>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub credited: Credited,
}

/// Up to version 2.
#[derive(Deserialize)]
struct WithoutRates {
    revision: i64,
    credits: Vec<Credit>,
}

impl From<WithoutRates> for Emitted {
    fn from(told: WithoutRates) -> Emitted {
        Emitted { revision: told.revision, credited: Credited { credits: told.credits, rates: Vec::new() } }
    }
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
        let version = match (&self.dated, self.returned.is_empty()) {
            (Some(_), _) => WITH_DAYS,
            (None, false) => WITH_RETURNS,
            (None, true) => VERSION,
        };
        scratch.push(version);
        *scratch = postcard::to_extend(self, std::mem::take(scratch))?;
        if version >= WITH_RETURNS {
            *scratch = postcard::to_extend(&self.returned, std::mem::take(scratch))?;
        }
        if let Some(dated) = &self.dated {
            *scratch = postcard::to_extend(dated, std::mem::take(scratch))?;
        }
        Ok(scratch.as_slice().into())
    }

    pub fn decode(bytes: &[u8]) -> Result<DealState, String> {
        match bytes.split_first() {
            Some((&VERSION, body)) => postcard::from_bytes(body).map_err(|error| error.to_string()),
            Some((version @ (&WITH_RETURNS | &WITH_DAYS), body)) => {
                DealState::with_more(*version, body).map_err(|error| error.to_string())
            }
            Some((version @ (1 | 2), body)) => DealState::of_version(*version, body).map_err(|error| error.to_string()),
            other => Err(format!("stored deal of version {:?}", other.map(|(version, _)| version))),
        }
    }

    fn with_more(version: u8, body: &[u8]) -> Result<DealState, postcard::Error> {
        let (state, rest): (DealState, &[u8]) = postcard::take_from_bytes(body)?;
        let (returned, rest) = postcard::take_from_bytes(rest)?;
        let dated = if version == WITH_DAYS { Some(postcard::from_bytes(rest)?) } else { None };
        Ok(DealState { returned, dated, ..state })
    }

    /// What version 1 or 2 stored.
    fn of_version(version: u8, body: &[u8]) -> Result<DealState, postcard::Error> {
        let (head, rest) = postcard::take_from_bytes::<(_, Option<WithoutRates>, _, _)>(body)?;
        let (revisions, emitted, facts_next, parked) = head;
        let (settlements, settled_told) = if version == 1 { Default::default() } else { postcard::from_bytes(rest)? };
        let emitted = emitted.map(Emitted::from);
        let (returned, dated) = (Vec::new(), None);
        Ok(DealState { revisions, emitted, facts_next, parked, settlements, settled_told, returned, dated })
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

impl ToldReturn {
    pub fn deal(&self) -> Result<DealClosed<'_>, postcard::Error> {
        postcard::from_bytes(&self.content)
    }
}

impl Revision {
    pub fn deal(&self) -> Result<DealClosed<'_>, postcard::Error> {
        postcard::from_bytes(&self.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deals_of_earlier_versions_are_read() {
        let revision = Revision { number: 3, occurred_at: 5, offset: 7, content: vec![1, 2] };
        let parked = Reject::new(Reason::UnknownPayee, "splits[0].payee_id", "nobody".into());
        let emitted: (i64, Vec<Credit>) = (3, Vec::new());
        let before = (vec![revision], Some(emitted), 9u64, Some(parked.clone()));
        let read = DealState::decode(&postcard::to_extend(&before, vec![1]).unwrap()).unwrap();
        assert_eq!((read.revisions[0].number, read.facts_next, read.parked.as_ref()), (3, 9, Some(&parked)));
        assert!(read.settlements.is_empty() && !read.settled_told);
        let again = DealState::decode(&read.encode(&mut Vec::new()).unwrap()).unwrap();
        assert_eq!((again.revisions.len(), again.emitted.map(|emitted| emitted.revision)), (1, Some(3)));
        let settlement = Settlement {
            id: "S1".into(),
            kind: SettlementKind::Collected,
            amount: Amount(5),
            currency: "USD".into(),
            on: Date(1),
            offset: 2,
            waits: None,
        };
        let with_settlements = (before.clone(), vec![settlement.clone()], true);
        let read = DealState::decode(&postcard::to_extend(&with_settlements, vec![2]).unwrap()).unwrap();
        assert_eq!((read.facts_next, read.settled_told, &read.settlements), (9, true, &vec![settlement]));
        assert!(read.emitted.unwrap().credited.rates.is_empty());
        let told = ToldReturn { on: Date(7), gone: vec![Some(Date(7))], content: vec![4], credited: Credited::default() };
        let with_returns = DealState { returned: vec![told], facts_next: 9, ..DealState::default() };
        let bytes = with_returns.encode(&mut Vec::new()).unwrap();
        let read = DealState::decode(&bytes).unwrap();
        assert_eq!((bytes[0], read.facts_next, read.returned), (4, 9, with_returns.returned.clone()));
        let with_days = DealState { dated: Some(Dated::nothing(Date(8))), ..with_returns };
        let bytes = with_days.encode(&mut Vec::new()).unwrap();
        let read = DealState::decode(&bytes).unwrap();
        assert_eq!((bytes[0], read.returned, read.dated), (5, with_days.returned, with_days.dated));
        assert_eq!(DealState::decode(&[9]).unwrap_err(), "stored deal of version Some(9)");
    }
}
