//! States of version 1, as they were before draws, deals one by one and credit by territory, and entries of version 2,
//! before settlements, of version 3, before adjustments, of version 4, before returns and earnings that components read, and of
//! version 5, before it was kept which closes saw a statement about a quota: there every close is taken to have seen all of them,
//! until a rebuild. Ledgers of versions 2 to 4, before other currencies of pay. Read, never written.

use super::super::inputs::{self, ByKind, Listed, Returned, Statement};
use super::{Attained, Book, Booking, Standing, Told, Unreleased, Waiting};
use crate::domain::account::Account;
use crate::domain::adjustment::AdjustmentMade;
use crate::domain::calendar::{Date, Interval, Period};
use crate::domain::conversion::SideBySide;
use crate::domain::money::{Amount, Minor};
use crate::domain::pay::Brought;
use crate::pipeline::packed::Settled;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Entry {
    inputs: Inputs,
    later: Vec<(u32, Inputs)>,
    books: Vec<BookBefore>,
    attained: Vec<AttainedBefore>,
    waiting: Vec<Waiting>,
    as_of: i64,
}

#[derive(Serialize, Deserialize)]
struct Inputs {
    sums: Vec<Sum>,
    statements: Vec<StatementBefore>,
}

/// Sums are of revenue, overlay and rolled credit.
#[derive(Serialize, Deserialize)]
struct Sum {
    measure: CompactString,
    place: u8,
    by_kind: (i128, i128, i128),
}

#[derive(Serialize, Deserialize)]
struct AttainedBefore {
    measure: CompactString,
    interval: Interval,
    sequence: i64,
    by_kind: (i128, i128, i128),
    quota: Option<Amount>,
    quota_revision: Option<i64>,
    last: bool,
}

#[derive(Serialize, Deserialize)]
struct BookBefore {
    component: CompactString,
    interval: Interval,
    effective: Period,
    bookings: Vec<Booking>,
}

impl BookBefore {
    fn book(self) -> super::Book {
        let BookBefore { component, interval, effective, bookings } = self;
        super::Book { component, interval, effective, bookings, paid: Vec::new() }
    }
}

impl Entry {
    pub fn entry(self) -> super::Entry {
        super::Entry {
            inputs: self.inputs.inputs(),
            later: self.later.into_iter().map(|(epoch, inputs)| (epoch, inputs.inputs())).collect(),
            books: self.books.into_iter().map(BookBefore::book).collect(),
            attained: self.attained.into_iter().map(AttainedBefore::attained).collect(),
            waiting: self.waiting,
            as_of: self.as_of,
            told: Box::default(),
        }
    }
}

impl Inputs {
    fn inputs(self) -> inputs::Inputs {
        let sum = |Sum { measure, place, by_kind: (revenue, overlay, rolled) }| {
            let by_kind = ByKind { revenue, overlay, rolled, territory: 0 };
            inputs::Sum { measure, place, by_kind }
        };
        let sums = self.sums.into_iter().map(sum).collect();
        inputs::Inputs { sums, statements: seen(self.statements), ..inputs::Inputs::default() }
    }
}

#[derive(Serialize, Deserialize)]
struct StatementBefore {
    measure: CompactString,
    interval: Interval,
    amount: Option<Amount>,
    revision: i64,
    applies_from: Option<Date>,
    author: CompactString,
    reason: CompactString,
}

fn seen(statements: Vec<StatementBefore>) -> Vec<Statement> {
    let statement = |of: StatementBefore| {
        let StatementBefore { measure, interval, amount, revision, applies_from, author, reason } = of;
        Statement { epoch: 0, measure, interval, amount, revision, applies_from, author, reason }
    };
    statements.into_iter().map(statement).collect()
}

#[derive(Serialize, Deserialize)]
pub struct FifthEntry {
    inputs: FifthInputs,
    later: Vec<(u32, FifthInputs)>,
    books: Vec<Book>,
    attained: Vec<Attained>,
    waiting: Vec<Waiting>,
    as_of: i64,
    told: Box<[Told]>,
}

#[derive(Serialize, Deserialize)]
struct FifthInputs {
    sums: Vec<inputs::Sum>,
    statements: Vec<StatementBefore>,
    deals: Vec<Listed>,
    settled: Vec<(CompactString, Settled)>,
    adjustments: Box<[AdjustmentMade]>,
    returned: Box<[Returned]>,
}

impl FifthEntry {
    pub fn entry(self) -> super::Entry {
        let FifthEntry { inputs, later, books, attained, waiting, as_of, told } = self;
        let later = later.into_iter().map(|(epoch, inputs)| (epoch, inputs.inputs())).collect();
        super::Entry { inputs: inputs.inputs(), later, books, attained, waiting, as_of, told }
    }
}

impl FifthInputs {
    fn inputs(self) -> inputs::Inputs {
        let FifthInputs { sums, statements, deals, settled, adjustments, returned } = self;
        inputs::Inputs { sums, statements: seen(statements), deals, settled, adjustments, returned }
    }
}

/// Of versions 2 to 4, which differ in their inputs.
#[derive(Serialize, Deserialize)]
pub struct SecondEntry<I> {
    inputs: I,
    later: Vec<(u32, I)>,
    books: Vec<Book>,
    attained: Vec<Attained>,
    waiting: Vec<Waiting>,
    as_of: i64,
}

#[derive(Serialize, Deserialize)]
pub struct SecondInputs {
    sums: Vec<inputs::Sum>,
    statements: Vec<StatementBefore>,
    deals: Vec<Listed>,
}

#[derive(Serialize, Deserialize)]
pub struct ThirdInputs {
    sums: Vec<inputs::Sum>,
    statements: Vec<StatementBefore>,
    deals: Vec<Listed>,
    settled: Vec<(CompactString, Settled)>,
}

#[derive(Serialize, Deserialize)]
pub struct FourthInputs {
    sums: Vec<inputs::Sum>,
    statements: Vec<StatementBefore>,
    deals: Vec<Listed>,
    settled: Vec<(CompactString, Settled)>,
    adjustments: Box<[AdjustmentMade]>,
}

impl<I: Into<inputs::Inputs>> SecondEntry<I> {
    pub fn entry(self) -> super::Entry {
        let SecondEntry { inputs, later, books, attained, waiting, as_of } = self;
        let later = later.into_iter().map(|(epoch, inputs)| (epoch, inputs.into())).collect();
        super::Entry { inputs: inputs.into(), later, books, attained, waiting, as_of, told: Box::default() }
    }
}

impl From<SecondInputs> for inputs::Inputs {
    fn from(of: SecondInputs) -> inputs::Inputs {
        let SecondInputs { sums, statements, deals } = of;
        inputs::Inputs { sums, statements: seen(statements), deals, ..inputs::Inputs::default() }
    }
}

impl From<ThirdInputs> for inputs::Inputs {
    fn from(of: ThirdInputs) -> inputs::Inputs {
        let ThirdInputs { sums, statements, deals, settled } = of;
        inputs::Inputs { sums, statements: seen(statements), deals, settled, ..inputs::Inputs::default() }
    }
}

impl From<FourthInputs> for inputs::Inputs {
    fn from(of: FourthInputs) -> inputs::Inputs {
        let FourthInputs { sums, statements, deals, settled, adjustments } = of;
        inputs::Inputs { sums, statements: seen(statements), deals, settled, adjustments, ..inputs::Inputs::default() }
    }
}

impl AttainedBefore {
    fn attained(self) -> Attained {
        let (revenue, overlay, rolled) = self.by_kind;
        let AttainedBefore { measure, interval, sequence, quota, quota_revision, last, .. } = self;
        let standing = Standing { revenue, overlay, rolled, territory: 0, quota, quota_revision, last };
        Attained { measure, interval, sequence, standing }
    }
}

/// A balance, and what was brought forward into each unreleased run.
#[derive(Serialize, Deserialize)]
pub struct Ledger {
    balance: Minor,
    unreleased: Vec<(Period, Minor)>,
}

impl Ledger {
    pub fn ledger(self) -> super::Ledger {
        let account = |balance| Account { balance, advances: Vec::new() };
        let mut ledger = super::Ledger { account: account(self.balance), ..super::Ledger::default() };
        // What a run brought forward is what the next one began with.
        let mut after = self.balance;
        for (period, before) in self.unreleased.into_iter().rev() {
            let brought = Brought { balance_before: before, balance_after: after, ..Brought::default() };
            ledger.unreleased.insert(0, Unreleased { period, before: account(before), brought, converted: None });
            after = before;
        }
        ledger
    }
}

/// Of versions 2 to 4.
#[derive(Serialize, Deserialize)]
pub struct SecondLedger {
    account: Account,
    unreleased: Vec<SecondUnreleased>,
}

#[derive(Serialize, Deserialize)]
struct SecondUnreleased {
    period: Period,
    before: Account,
    brought: Brought,
}

impl SecondLedger {
    pub fn ledger(self) -> super::Ledger {
        let unreleased = |SecondUnreleased { period, before, brought }| Unreleased { period, before, brought, converted: None };
        let unreleased = self.unreleased.into_iter().map(unreleased).collect();
        super::Ledger { account: self.account, unreleased, side_by_side: SideBySide::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Entry as EntryNow, decode, decode_ledger};
    use super::*;

    fn stored<T: Serialize>(state: &T) -> Vec<u8> {
        postcard::to_extend(state, vec![1]).unwrap()
    }

    #[test]
    fn an_entry_is_read_with_nothing_of_what_came_since() {
        let sums = vec![Sum { measure: "sales".into(), place: 1, by_kind: (7, -8, 9) }];
        let attained = AttainedBefore {
            measure: "sales".into(),
            interval: "2026-Q1".parse().unwrap(),
            sequence: 3,
            by_kind: (1, 2, 3),
            quota: Some(Amount(5)),
            quota_revision: None,
            last: true,
        };
        let inputs = || Inputs { sums: vec![], statements: vec![] };
        let entry = Entry {
            inputs: Inputs { sums, statements: vec![] },
            later: vec![(4, inputs())],
            books: vec![],
            attained: vec![attained],
            waiting: vec![],
            as_of: 11,
        };
        let read = decode(Some(&stored(&entry))).unwrap();
        let by_kind = ByKind { revenue: 7, overlay: -8, rolled: 9, territory: 0 };
        assert_eq!(read.inputs.by_kind("sales", 1), by_kind);
        assert_eq!((read.later.len(), read.later[0].0, read.as_of), (1, 4, 11));
        let (standing, quota) = (read.attained[0].standing, Some(Amount(5)));
        let expected = Standing { revenue: 1, overlay: 2, rolled: 3, territory: 0, quota, quota_revision: None, last: true };
        assert_eq!((read.attained[0].sequence, standing), (3, expected));
        assert_eq!(decode(None).unwrap(), EntryNow::default());
        assert!(decode(Some(&[9])).unwrap_err().contains("version Some(9)"));
    }

    #[test]
    fn every_close_has_seen_the_statements_of_version_5() {
        let statement = StatementBefore {
            measure: "sales".into(),
            interval: "2026-Q1".parse().unwrap(),
            amount: Some(Amount(5)),
            revision: 2,
            applies_from: None,
            author: "eva".into(),
            reason: "".into(),
        };
        let inputs = |statements| FifthInputs {
            sums: vec![],
            statements,
            deals: vec![],
            settled: vec![],
            adjustments: Box::default(),
            returned: Box::default(),
        };
        let (books, attained, waiting, told) = (vec![], vec![], vec![], Box::default());
        let (inputs, later) = (inputs(vec![statement]), vec![(4, inputs(vec![]))]);
        let entry = FifthEntry { inputs, later, books, attained, waiting, as_of: 11, told };
        let read = decode(Some(&postcard::to_extend(&entry, vec![5]).unwrap())).unwrap();
        let statement = &read.inputs.statements[0];
        assert_eq!((statement.epoch, statement.revision, statement.amount), (0, 2, Some(Amount(5))));
        assert_eq!((read.later[0].0, read.as_of), (4, 11));
    }

    #[test]
    fn an_entry_of_version_2_is_read_without_settlements() {
        let inputs = || SecondInputs { sums: vec![], statements: vec![], deals: vec![] };
        let (books, attained, waiting) = (vec![], vec![], vec![]);
        let entry = SecondEntry { inputs: inputs(), later: vec![(4, inputs())], books, attained, waiting, as_of: 11 };
        let read = decode(Some(&postcard::to_extend(&entry, vec![2]).unwrap())).unwrap();
        assert_eq!((read.later[0].0, read.as_of, read.inputs.settled.len()), (4, 11, 0));
    }

    #[test]
    fn an_entry_of_version_3_is_read_without_adjustments() {
        let settled = || vec![("D-1".into(), Settled::default())];
        let inputs = || ThirdInputs { sums: vec![], statements: vec![], deals: vec![], settled: settled() };
        let (books, attained, waiting) = (vec![], vec![], vec![]);
        let entry = SecondEntry { inputs: inputs(), later: vec![(4, inputs())], books, attained, waiting, as_of: 11 };
        let read = decode(Some(&postcard::to_extend(&entry, vec![3]).unwrap())).unwrap();
        assert_eq!((read.later[0].0, read.as_of, &read.inputs.settled), (4, 11, &settled()));
        assert!(read.inputs.adjustments.is_empty());
    }

    #[test]
    fn an_entry_of_version_4_is_read_without_returns_and_has_told_nothing() {
        let inputs = || {
            let (sums, statements, deals, adjustments) = (vec![], vec![], vec![], Box::default());
            FourthInputs { sums, statements, deals, settled: vec![("D-1".into(), Settled::default())], adjustments }
        };
        let (books, attained, waiting) = (vec![], vec![], vec![]);
        let entry = SecondEntry { inputs: inputs(), later: vec![(4, inputs())], books, attained, waiting, as_of: 11 };
        let read = decode(Some(&postcard::to_extend(&entry, vec![4]).unwrap())).unwrap();
        assert_eq!((read.later[0].0, read.as_of, read.told.len()), (4, 11, 0));
        assert_eq!((read.inputs.returned.len(), read.inputs.settled.len()), (0, 1));
    }

    #[test]
    fn a_ledger_of_version_4_is_read_with_nothing_converted() {
        let (account, brought) = (Account { balance: Minor(7), advances: vec![] }, Brought::default());
        let run = SecondUnreleased { period: Period(24_312), before: account.clone(), brought };
        let ledger = SecondLedger { account: account.clone(), unreleased: vec![run] };
        let read = decode_ledger(Some(&postcard::to_extend(&ledger, vec![4]).unwrap())).unwrap();
        assert_eq!((read.account, read.unreleased.len(), read.side_by_side.is_empty()), (account, 1, true));
        assert_eq!((read.unreleased[0].before.balance, &read.unreleased[0].converted), (Minor(7), &None));
    }

    #[test]
    fn a_ledger_is_read_with_what_each_run_brought_forward() {
        let (jan, feb) = (Period(24_312), Period(24_313));
        let ledger = Ledger { balance: Minor(-30), unreleased: vec![(jan, Minor(0)), (feb, Minor(-50))] };
        let read = decode_ledger(Some(&stored(&ledger))).unwrap();
        let brought: Vec<(Period, i64, i64)> =
            read.unreleased.iter().map(|run| (run.period, run.brought.balance_before.0, run.brought.balance_after.0)).collect();
        assert_eq!(brought, [(jan, 0, -50), (feb, -50, -30)]);
        assert_eq!(read.account.balance, Minor(-30));
    }
}
