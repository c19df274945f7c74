//! What was taken back of deals: every line followed through all revisions, one line at a time.
//!
//! A correction says that it had always been so; a return or cancellation takes back from its day on what the revision before
//! it still had. Leaves out who is credited (`credits`).

use super::history::{Content, History, Line, Revision};
use crate::wire::records::Date;
use std::collections::BTreeSet;

/// What of a deal was taken back on a day: its lines with what of each was.
pub(super) struct Back {
    pub(super) on: Date,
    pub(super) content: Content,
    /// By line: the day since which the deal is without it.
    pub(super) without: Vec<Option<Date>>,
}

/// A line on its way through the revisions.
struct Way<'c> {
    /// The revision, and its place in there, that it came with.
    born: (usize, usize),
    line: &'c Line,
    here: bool,
    taken: Vec<Taken>,
}

struct Taken {
    on: Option<Date>,
    amount: i128,
    quantity: i64,
    cost: i128,
}

impl Taken {
    /// What a line still had, less what it has now.
    fn between(on: Option<Date>, before: Option<&Line>, now: Option<&Line>) -> Taken {
        let of = |line: Option<&Line>| line.map_or((0, 0, 0), |line| (line.amount, line.quantity, line.cost.unwrap_or(0)));
        let (before, now) = (of(before), of(now));
        Taken { on, amount: before.0 - now.0, quantity: before.1.saturating_sub(now.1), cost: before.2 - now.2 }
    }
}

impl History {
    /// All accepted revisions of a deal.
    pub(super) fn revisions_of(&self, deal: u32) -> impl Iterator<Item = &Revision> {
        let last = self.last_of_deal.get(deal as usize).copied().flatten();
        std::iter::successors(last, |place| self.revisions[*place as usize].earlier).map(|place| &self.revisions[place as usize])
    }
}

/// What was taken back of a deal, day by day, by those of its revisions that are known.
pub(super) fn backs(history: &History, mut known: Vec<&Revision>) -> Vec<Back> {
    known.sort_by_key(|revision| revision.number);
    let told: Vec<(Option<Content>, bool, Option<Date>)> =
        known.iter().map(|of| (history.content(of), of.takes_back, of.effective_on)).collect();
    let Some(newest) = known.iter().rev().find_map(|revision| history.content(revision)) else { return Vec::new() };
    let lines = || told.iter().filter_map(|(content, ..)| content.as_ref()).flat_map(|content| &content.lines);
    let ids: BTreeSet<u32> = lines().map(|line| line.id).collect();
    let mut ways: Vec<Way<'_>> = ids.into_iter().filter_map(|id| way_of(id, &told)).collect();
    ways.sort_by_key(|way| way.born);
    let day = |taken: &Taken| newest.closed_on.max(taken.on.unwrap_or(newest.closed_on));
    let days: BTreeSet<Date> = ways.iter().flat_map(|way| way.taken.iter().map(day)).collect();
    let without = || ways.iter().map(|way| if way.here { None } else { way.taken.last().map(day) }).collect();
    let back = |on: Date| {
        let part = |way: &Way<'_>| {
            let mut line = Line { amount: 0, quantity: 0, cost: way.line.cost.map(|_| 0), ..way.line.clone() };
            for taken in way.taken.iter().filter(|taken| day(taken) == on) {
                line.amount = line.amount.saturating_add(taken.amount);
                line.quantity = line.quantity.saturating_add(taken.quantity);
                line.cost = line.cost.map(|cost| cost.saturating_add(taken.cost));
            }
            line
        };
        let content = Content { lines: ways.iter().map(part).collect(), ..newest.clone() };
        Back { on, content, without: without() }
    };
    days.into_iter().map(back).collect()
}

/// `None` where it was never sold, as it turned out.
fn way_of(id: u32, told: &[(Option<Content>, bool, Option<Date>)]) -> Option<Way<'_>> {
    let mut way: Option<Way<'_>> = None;
    for (place, (content, takes_back, on)) in told.iter().enumerate() {
        let lines = content.as_ref().map_or(&[][..], |content| &content.lines);
        let stated = lines.iter().enumerate().find(|(_, line)| line.id == id);
        way = match (way, stated) {
            (None, None) => None,
            (None, Some((at, line))) => Some(Way { born: (place, at), line, here: true, taken: vec![] }),
            (Some(way), None) if !way.here => Some(way),
            (Some(_), None) if !takes_back => None,
            (Some(mut way), None) => {
                way.taken.push(Taken::between(*on, Some(way.line), None));
                Some(Way { here: false, ..way })
            }
            (Some(mut way), Some((_, line))) => {
                if *takes_back {
                    way.taken.push(Taken::between(*on, Some(way.line).filter(|_| way.here), Some(line)));
                } else if !way.here {
                    way.taken.pop();
                }
                Some(Way { line, here: true, ..way })
            }
        };
    }
    way
}
