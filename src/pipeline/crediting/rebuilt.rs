//! What a state of the changelog is to the one that the inputs give, and what becomes of it in a rebuild.
//!
//! A changelog that adds up is what the engine wrote: what it says earning was told was told, and the states keep that, so
//! that a pass over all deals tells the difference. One that does not add up is not believed: what the inputs give was told.

use super::deal_state::DealState;
use super::progress::{Pass, Progress};
use super::{PARKED_END, PARKED_PREFIX};
use crate::domain::calendar::Date;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// How a state of the changelog differs from the one that the inputs give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// The inputs give a state, and the changelog has none.
    Lost,
    /// The changelog has a state that no input gives.
    Unknown,
    Unreadable,
    Revisions,
    Settlements,
    Credits,
    Parked,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Difference::Lost => "is not in the changelog",
            Difference::Unknown => "is in the changelog, and no input gives it",
            Difference::Unreadable => "cannot be read in the changelog",
            Difference::Revisions => "has other revisions",
            Difference::Settlements => "has other settlements",
            Difference::Credits => "is credited otherwise",
            Difference::Parked => "waits for something else, or does not wait",
        })
    }
}

/// Where a partition of crediting stands, as earning hears of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Closes performed.
    pub epoch: u32,
    /// Next number of a packed record, per destination.
    pub links: Vec<u64>,
    /// Deals wait to be credited again.
    pub passing: bool,
}

impl Source {
    /// Of a commit record's stage part.
    pub fn read(meta: &[u8]) -> Result<Source, String> {
        let Progress { epoch, links, pass } =
            Progress::decode(meta).map_err(|error| format!("commit record cannot be read: {error}"))?;
        Ok(Source { epoch, links, passing: pass.is_some() })
    }
}

/// A key that differs, and what its state is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    pub difference: Difference,
    pub state: Option<Arc<[u8]>>,
}

impl Mended {
    fn to(difference: Difference, state: Option<Arc<[u8]>>) -> Option<Mended> {
        Some(Mended { difference, state })
    }
}

/// What the last commit record says about the states, and whether they add up to it.
pub struct Compared {
    believed: bool,
    passing: bool,
    progress: Progress,
}

impl Compared {
    /// Of a commit record's stage part; the text of an error says what to do.
    pub fn new(believed: bool, meta: &[u8]) -> Result<Compared, String> {
        let progress = Progress::decode(meta).map_err(|error| format!("commit record cannot be read: {error}"))?;
        let passing = progress.pass.is_some();
        if passing && !believed {
            return Err("the last commit is in the middle of crediting deals again, and the states do not add up to it: what \
                        earning was told is not known; bring crediting-changelog back from a backup"
                .into());
        }
        Ok(Compared { believed, passing, progress })
    }

    /// Deals wait to be credited again: their credits are as they were before.
    pub fn is_passing(&self) -> bool {
        self.passing
    }

    /// The commit record's part once something was mended: of believed states a pass tells earning what differs.
    pub fn meta(&self) -> Vec<u8> {
        let mut progress = self.progress.clone();
        if self.believed {
            progress.pass = Some(Pass { from: Some(Date(i32::MIN)), after: Vec::new() });
        }
        progress.encode()
    }

    /// `None`: they agree.
    pub fn mend(&self, key: &[u8], stored: Option<&[u8]>, rebuilt: Option<&[u8]>) -> Result<Option<Mended>, String> {
        let is_note = key.starts_with(PARKED_PREFIX) && key < PARKED_END;
        Ok(match (stored, rebuilt) {
            // Notes go with the states that earning was told of.
            _ if is_note && self.believed => None,
            (None, None) => None,
            (None, Some(rebuilt)) => Mended::to(Difference::Lost, Some(self.never_told(is_note, rebuilt)?)),
            (Some(_), None) if self.believed => return Err(unknown(key)),
            (Some(_), None) => Mended::to(Difference::Unknown, None),
            (Some(_), Some(_)) if is_note => None,
            (Some(stored), Some(rebuilt)) => self.both(key, stored, rebuilt)?,
        })
    }

    /// A state that was lost. Of a changelog that adds up it never was there, and earning was told nothing of it.
    fn never_told(&self, is_note: bool, rebuilt: &[u8]) -> Result<Arc<[u8]>, String> {
        if is_note || !self.believed {
            return Ok(rebuilt.into());
        }
        let mut state = DealState::decode(rebuilt)?;
        (state.emitted, state.parked, state.settled_told, state.facts_next) = (None, None, false, 0);
        state.returned.clear();
        state.dated = None;
        encode(&state)
    }

    fn both(&self, key: &[u8], stored: &[u8], rebuilt: &[u8]) -> Result<Option<Mended>, String> {
        let new = DealState::decode(rebuilt)?;
        let mut old = match DealState::decode(stored) {
            Ok(old) => old,
            Err(error) if self.believed => {
                return Err(format!("{} {error}; start the version of accrue that wrote it", shown(key)));
            }
            Err(_) => return Ok(Mended::to(Difference::Unreadable, Some(rebuilt.into()))),
        };
        let Some(difference) = self.difference(&old, &new) else { return Ok(None) };
        if !self.believed {
            return Ok(Mended::to(difference, Some(rebuilt.into())));
        }
        let told = old.emitted.as_ref().filter(|told| !told.credited.credits.is_empty());
        if told.is_some_and(|told| new.revision(told.revision).is_none()) {
            return Err(unknown(key));
        }
        (old.revisions, old.settlements) = (new.revisions, new.settlements);
        Ok(Mended::to(difference, Some(encode(&old)?)))
    }

    /// When credits were last computed may differ: it follows the cuts of transactions.
    fn difference(&self, old: &DealState, new: &DealState) -> Option<Difference> {
        let told = |state: &DealState| state.emitted.as_ref().map(|told| (told.revision, told.credited.clone()));
        if old.revisions != new.revisions {
            Some(Difference::Revisions)
        } else if old.settlements != new.settlements {
            Some(Difference::Settlements)
        } else if self.passing {
            None
        } else if told(old) != told(new) || (&old.returned, &old.dated) != (&new.returned, &new.dated) {
            Some(Difference::Credits)
        } else if old.parked != new.parked {
            Some(Difference::Parked)
        } else {
            None
        }
    }
}

fn encode(state: &DealState) -> Result<Arc<[u8]>, String> {
    state.encode(&mut Vec::new()).map_err(|error| error.to_string())
}

/// A state's key as people name it.
pub fn shown(key: &[u8]) -> String {
    match key.strip_prefix(PARKED_PREFIX) {
        Some(deal_id) => format!("the note that deal \"{}\" waits", String::from_utf8_lossy(deal_id)),
        None => format!("deal \"{}\"", String::from_utf8_lossy(key)),
    }
}

fn unknown(key: &[u8]) -> String {
    format!(
        "{} was credited, and the inputs do not hold what it was credited by: bring deal-closed back from a backup",
        shown(key)
    )
}

#[cfg(test)]
mod tests {
    use super::super::deal_state::Emitted;
    use super::*;
    use crate::domain::credit::Credited;
    use crate::domain::reject::{Reason, Reject};

    fn meta(pass: bool) -> Vec<u8> {
        let mut progress = Progress::new(2);
        progress.pass = pass.then(|| Pass { from: None, after: vec![1] });
        progress.encode()
    }

    fn state(revisions: &[i64], parked: bool, facts_next: u64) -> DealState {
        let revision = |number: &i64| -> super::super::deal_state::Revision {
            postcard::from_bytes(&postcard::to_stdvec(&(*number, 0i64, 7u64, serde_bytes::Bytes::new(b"c"))).unwrap()).unwrap()
        };
        let waits = Reject::new(Reason::UnknownPayee, "", "nobody".into());
        let newest = revisions.last().copied();
        DealState {
            returned: vec![],
            dated: None,
            revisions: revisions.iter().map(revision).collect(),
            emitted: newest.map(|revision| Emitted { revision, credited: Credited::default() }),
            facts_next,
            parked: parked.then_some(waits),
            settlements: Vec::new(),
            settled_told: false,
        }
    }

    #[test]
    fn what_differs_is_named_and_what_was_told_is_kept_where_it_is_believed() {
        let bytes = |state: &DealState| encode(state).unwrap();
        let (one, two) = (bytes(&state(&[1], false, 3)), bytes(&state(&[1, 2], false, 3)));
        let waiting = bytes(&state(&[1], true, 3));
        let note = [PARKED_PREFIX, b"d"].concat();
        type State<'s> = Option<&'s [u8]>;
        /// What it is, its key, what is stored and rebuilt of it, and the difference when nothing or all is believed.
        type Case<'s> = (&'s str, &'s [u8], State<'s>, State<'s>, [Option<Difference>; 2]);
        let cases: [Case<'_>; 9] = [
            ("same", b"d", Some(&one), Some(&one), [None, None]),
            ("computed later", b"d", Some(&bytes(&state(&[1], false, 9))), Some(&one), [None, None]),
            ("lost", b"d", None, Some(&one), [Some(Difference::Lost), Some(Difference::Lost)]),
            ("a revision", b"d", Some(&one), Some(&two), [Some(Difference::Revisions), Some(Difference::Revisions)]),
            ("waits", b"d", Some(&one), Some(&waiting), [Some(Difference::Parked), Some(Difference::Parked)]),
            ("no note", &note, None, Some(b""), [Some(Difference::Lost), None]),
            ("a note too many", &note, Some(b""), None, [Some(Difference::Unknown), None]),
            ("the same note", &note, Some(b""), Some(b""), [None, None]),
            ("nothing", b"d", None, None, [None, None]),
        ];
        for (what, key, stored, rebuilt, expected) in cases {
            for (believed, expected) in [false, true].into_iter().zip(expected) {
                let compared = Compared::new(believed, &meta(false)).unwrap();
                let mended = compared.mend(key, stored, rebuilt).unwrap();
                assert_eq!(mended.as_ref().map(|mended| mended.difference.clone()), expected, "{what} {believed}");
                let Some(state) = mended.and_then(|mended| mended.state).filter(|_| key == b"d") else { continue };
                let (state, new) = (DealState::decode(&state).unwrap(), DealState::decode(rebuilt.unwrap()).unwrap());
                assert_eq!(state.revisions, new.revisions, "{what}");
                let told = stored.filter(|_| believed).map(|stored| DealState::decode(stored).unwrap().emitted.unwrap().revision);
                let told = if believed { told } else { new.emitted.map(|told| told.revision) };
                assert_eq!(state.emitted.map(|told| told.revision), told, "{what} {believed}");
            }
        }
    }

    #[test]
    fn what_cannot_be_known_is_refused() {
        let one = encode(&state(&[1], false, 3)).unwrap();
        assert!(Compared::new(false, &meta(true)).err().unwrap().contains("in the middle of crediting deals again"));
        let believed = Compared::new(true, &meta(true)).unwrap();
        assert!(believed.is_passing() && Progress::decode(&believed.meta()).unwrap().pass.unwrap().from.is_some());
        assert!(believed.mend(b"d", Some(&one), None).unwrap_err().contains("bring deal-closed back from a backup"));
        assert!(believed.mend(b"d", Some(&[9]), Some(&one)).unwrap_err().contains("start the version of accrue that wrote it"));
        let unbelieved = Compared::new(false, &meta(false)).unwrap();
        let mended = unbelieved.mend(b"d", Some(&[9]), Some(&one)).unwrap().unwrap();
        assert_eq!(mended, Mended { difference: Difference::Unreadable, state: Some(one) });
        assert!(Progress::decode(&unbelieved.meta()).unwrap().pass.is_none());
    }
}
