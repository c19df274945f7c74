//! What payroll has made of the payouts of released runs: published, acknowledged, and where the two differ.

use super::ReadError;
use super::payouts::released;
use super::scan;
use super::totals::by_currency;
use crate::domain::acknowledgement::PayoutStatus;
use crate::domain::calendar::Period;
use crate::domain::money::{AMOUNT_DECIMALS, Amount, Minor, minor_digits};
use crate::domain::output::Payout;
use crate::domain::reject::{Reason, Reject};
use crate::domain::topic::{Position, Topic};
use crate::log::Client;
use crate::wire::{Codec, Raw, WireError};
use std::collections::BTreeMap;

/// What became of a payout, by the last word about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Payroll has said nothing.
    Unpaid,
    Accepted,
    Paid,
    /// Paid with another amount than was published.
    PaidUnlike,
    Rejected,
    Returned,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Unpaid => "unpaid",
            State::Accepted => "accepted",
            State::Paid => "paid",
            State::PaidUnlike => "paid unlike published",
            State::Rejected => "rejected",
            State::Returned => "returned",
        }
    }

    /// Somebody has to look at it.
    pub fn is_wrong(self) -> bool {
        self >= State::PaidUnlike
    }
}

/// What payroll said last about a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub status: PayoutStatus,
    pub amount: Option<Amount>,
    pub reference: Option<String>,
    pub reason: Option<String>,
}

/// A published payout and the last word about it.
#[derive(Clone, Debug)]
pub struct Row {
    pub payout: Payout,
    pub word: Option<Word>,
    pub state: State,
}

/// Published payouts in order of period and id, and what of payroll's words is about none of them.
#[derive(Debug, Default)]
pub struct Payroll {
    pub rows: Vec<Row>,
    /// Where it stands, what it is about, and why it counts for nothing.
    pub stray: Vec<(Position, String, Reject)>,
}

impl Payroll {
    /// `period`: only what its run pays; words about other runs are no strays then.
    pub fn read(client: &dyn Client, codec: &Codec, period: Option<Period>) -> Result<Payroll, ReadError> {
        let partitions = client.partitions(Topic::PayoutAcknowledged)?;
        let (mut words, mut stray) = (BTreeMap::new(), Vec::new());
        scan::all(client, Topic::PayoutAcknowledged, |batch, row| -> Result<(), WireError> {
            let mut scratch = Vec::new();
            let value = codec.own(Raw::of(batch, row), &mut scratch);
            let value = match value {
                Ok(value) => Ok(value),
                Err(unread) => Err(unread.reject()?),
            };
            match value.and_then(|value| codec.acknowledgement(row.position, partitions, batch.key(row), value)) {
                Ok(of) => {
                    let word = Word {
                        status: of.status,
                        amount: of.amount,
                        reference: of.reference.map(String::from),
                        reason: of.reason.map(String::from),
                    };
                    // Of another payee it says nothing about the payout, whenever it came.
                    words.insert((of.payout_id.to_owned(), of.payee_id.to_owned()), (row.position, word));
                }
                Err(reject) => stray.push((row.position, String::new(), reject)),
            }
            Ok(())
        })?;
        let mut rows = Vec::new();
        for payout in released(client, codec)?.into_values().flat_map(|run| run.payouts) {
            let word = words.remove(&(payout.payout_id(), payout.payee_id.clone())).map(|(_, word)| word);
            if period.is_none_or(|period| period == payout.period) {
                let state = state_of(&payout, word.as_ref());
                rows.push(Row { payout, word, state });
            }
        }
        for ((id, payee_id), (position, _)) in words {
            let message = format!("no released run has such a payout of \"{payee_id}\"");
            stray.push((position, id, Reject::new(Reason::InvalidField, "payout_id", message)));
        }
        stray.sort_by_key(|(position, _, _)| *position);
        Ok(Payroll { rows, stray })
    }

    /// How many payouts are in a state, and what they amount to in each currency.
    pub fn total(&self, state: State) -> BTreeMap<&str, (usize, Minor)> {
        by_currency(self.rows.iter().filter(|row| row.state == state).map(|row| &row.payout))
    }
}

fn state_of(payout: &Payout, word: Option<&Word>) -> State {
    let Some(word) = word else { return State::Unpaid };
    match word.status {
        PayoutStatus::Accepted => State::Accepted,
        PayoutStatus::Rejected => State::Rejected,
        PayoutStatus::Returned => State::Returned,
        PayoutStatus::Paid if word.amount == Some(amount_of(payout)) => State::Paid,
        PayoutStatus::Paid => State::PaidUnlike,
    }
}

/// What was published, as an amount.
fn amount_of(payout: &Payout) -> Amount {
    let digits = minor_digits(&payout.currency).unwrap_or(2);
    Amount(i128::from(payout.amount.0) * 10i128.pow(AMOUNT_DECIMALS - digits))
}
