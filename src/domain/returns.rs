//! What of a deal was returned, and when: what all of its accepted revisions say, folded in their order.
//!
//! A CORRECTION says that it had always been so: it restates what is left, and of what was returned it takes back only what
//! it states again. A RETURN or CANCELLATION takes back what is between it and the revision before it, from a day on.

use super::calendar::Date;
use super::deal::{Change, DealClosed, Line};
use super::money::{Amount, Quantity};
use std::collections::BTreeSet;

/// What was taken back on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned<'d> {
    pub on: Date,
    /// The deal with every line that was ever sold, and of each what was taken back.
    pub deal: DealClosed<'d>,
    /// By line: the day since which it is no part of the deal any more.
    pub gone: Vec<Option<Date>>,
}

/// A line that was sold, as the last revision with it states it.
struct Sold<'d> {
    line: Line<'d>,
    /// It is a part of the deal now.
    standing: bool,
    parts: Vec<Part>,
}

/// What a revision took back; without a day as the deal was closed.
struct Part {
    on: Option<Date>,
    amount: i128,
    quantity: i64,
    cost: i128,
}

/// By day, in order. The revisions are in their order; the first one takes nothing back, whatever it says.
pub fn returns<'d>(revisions: &[DealClosed<'d>]) -> Vec<Returned<'d>> {
    let mut sold: Vec<Sold<'d>> = Vec::new();
    for (place, deal) in revisions.iter().enumerate() {
        fold(&mut sold, deal, place > 0 && deal.change != Change::Correction);
    }
    let Some(newest) = revisions.iter().rev().find(|deal| deal.credits_anything()) else { return Vec::new() };
    let day = |part: &Part| part.on.map_or(newest.closed_on, |on| on.max(newest.closed_on));
    let days: BTreeSet<Date> = sold.iter().flat_map(|of| &of.parts).map(day).collect();
    let gone: Vec<Option<Date>> = sold.iter().map(|of| of.parts.last().filter(|_| !of.standing).map(day)).collect();
    let on_day = |on: Date| {
        let line = |of: &Sold<'d>| {
            let parts = || of.parts.iter().filter(|part| day(part) == on);
            let amount = parts().fold(0i128, |all, part| all.saturating_add(part.amount));
            let quantity = parts().fold(0i64, |all, part| all.saturating_add(part.quantity));
            let cost = parts().fold(0i128, |all, part| all.saturating_add(part.cost));
            let cost = of.line.cost.map(|_| Amount(cost));
            Line { amount: Amount(amount), quantity: Quantity(quantity), cost, ..of.line.clone() }
        };
        let lines = sold.iter().map(line).collect();
        // What differs between revisions that take back the same is left out.
        let deal = DealClosed { revision: 0, change: Change::Correction, effective_on: None, lines, ..newest.clone() };
        Returned { on, deal, gone: gone.clone() }
    };
    days.into_iter().map(on_day).collect()
}

fn fold<'d>(sold: &mut Vec<Sold<'d>>, deal: &DealClosed<'d>, takes_back: bool) {
    let lines: &[Line<'d>] = if deal.credits_anything() { &deal.lines } else { &[] };
    let stated = |id: &str| lines.iter().find(|line| line.line_id == id);
    // What a correction leaves out was never sold; what was returned before stays returned.
    sold.retain(|of| takes_back || !of.standing || stated(of.line.line_id).is_some());
    for of in sold.iter_mut() {
        let now = stated(of.line.line_id);
        if takes_back && (of.standing || now.is_some()) {
            let stated = |line: &Line<'_>| (line.amount.0, line.quantity.0, line.cost.map_or(0, |cost| cost.0));
            let (amount, quantity, cost) = Some(&of.line).filter(|_| of.standing).map_or((0, 0, 0), stated);
            let left = now.map_or((0, 0, 0), stated);
            let quantity = quantity.saturating_sub(left.1);
            of.parts.push(Part { on: deal.effective_on, amount: amount - left.0, quantity, cost: cost - left.2 });
        } else if now.is_some() && !of.standing {
            // It had never gone.
            of.parts.pop();
        }
        of.standing = now.is_some();
        if let Some(line) = now {
            of.line = line.clone();
        }
    }
    for line in lines {
        if sold.iter().all(|of| of.line.line_id != line.line_id) {
            sold.push(Sold { line: line.clone(), standing: true, parts: Vec::new() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deal::DealStatus;

    const CLOSED_ON: Date = Date(100);

    /// A revision with lines of these amounts; none: cancelled.
    fn deal(change: Change, on: Option<i32>, lines: &[(&'static str, i128)]) -> DealClosed<'static> {
        let line = |(line_id, amount): &(&'static str, i128)| Line {
            line_id,
            amount: Amount(*amount),
            quantity: Quantity(*amount as i64),
            cost: Some(Amount(*amount / 2)),
            ..crate::domain::deal::tests::deal().lines.remove(0)
        };
        DealClosed {
            status: if lines.is_empty() { DealStatus::Cancelled } else { DealStatus::Closed },
            change,
            effective_on: on.map(Date),
            closed_on: CLOSED_ON,
            lines: lines.iter().map(line).collect(),
            ..crate::domain::deal::tests::deal()
        }
    }

    /// A day, and of each line its id, what was returned and the day since which it is gone.
    type Day<'d> = (i32, &'d [(&'d str, i128, Option<i32>)]);

    fn check(revisions: &[DealClosed<'static>], expected: &[Day<'_>]) {
        let shown = returns(revisions);
        let line = |(line, gone): (&Line<'static>, &Option<Date>)| {
            assert_eq!((line.quantity.0, line.cost), (line.amount.0 as i64, Some(Amount(line.amount.0 / 2))));
            (line.line_id, line.amount.0, gone.map(|gone| gone.0))
        };
        let by_day = shown.iter().map(|of| (of.on.0, of.deal.lines.iter().zip(&of.gone).map(line).collect::<Vec<_>>()));
        let expected: Vec<_> = expected.iter().map(|(on, lines)| (*on, lines.to_vec())).collect();
        assert_eq!(by_day.collect::<Vec<_>>(), expected);
        // Whatever revision took it back, and when that says so.
        let alike = |of: &Returned<'_>| (of.deal.revision, of.deal.change, of.deal.effective_on);
        assert!(shown.iter().all(|of| alike(of) == (0, Change::Correction, None)), "{shown:?}");
    }

    #[test]
    fn what_revisions_take_back() {
        use Change::*;
        let sold = deal(Return, Some(120), &[("a", 60), ("b", 40)]);
        check(&[], &[]);
        check(&[deal(Cancellation, Some(120), &[])], &[]);
        check(std::slice::from_ref(&sold), &[]);
        check(&[sold.clone(), deal(Correction, Some(120), &[])], &[]);
        let gone = deal(Cancellation, Some(130), &[]);
        let all: &[_] = &[("a", 60, Some(130)), ("b", 40, Some(130))];
        check(&[sold.clone(), gone.clone()], &[(130, all)]);
        // A day before the close date, or none, is the close date.
        let all: &[_] = &[("a", 60, Some(100)), ("b", 40, Some(100))];
        check(&[sold.clone(), deal(Cancellation, None, &[])], &[(100, all)]);
        check(&[sold.clone(), deal(Cancellation, Some(90), &[])], &[(100, all)]);
        // One line is returned in part, the other in whole; what a return adds was sold.
        let part = deal(Return, Some(120), &[("a", 20), ("c", 10)]);
        let of_part: &[_] = &[("a", 40, None), ("b", 40, Some(120)), ("c", 0, None)];
        check(&[sold.clone(), part.clone()], &[(120, of_part)]);
        let then: &[_] = &[("a", 20, Some(130)), ("b", 0, Some(120)), ("c", 10, Some(130))];
        let first: &[_] = &[("a", 40, Some(130)), ("b", 40, Some(120)), ("c", 0, Some(130))];
        check(&[sold.clone(), part.clone(), gone.clone()], &[(120, first), (130, then)]);
        // A correction: what is gone stays gone, what it leaves out was never sold, what it brings back had not gone.
        let without: &[_] = &[("a", 40, None), ("b", 40, Some(120))];
        check(&[sold.clone(), part.clone(), deal(Correction, None, &[("a", 30)])], &[(120, without)]);
        let back: &[_] = &[("a", 40, None), ("b", 0, None), ("c", 0, None)];
        check(&[sold.clone(), part, deal(Correction, None, &[("a", 30), ("b", 40), ("c", 10)])], &[(120, back)]);
        let again = DealClosed { change: Correction, ..sold.clone() };
        check(&[sold.clone(), gone.clone(), again], &[]);
        let still = DealClosed { change: Correction, ..gone.clone() };
        let all: &[_] = &[("a", 60, Some(130)), ("b", 40, Some(130))];
        check(&[sold, gone, still], &[(130, all)]);
    }
}
