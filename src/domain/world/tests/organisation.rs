//! Who is above whom on a day, who would be above himself, and who is in a team.

use super::super::organisation::MAXIMUM_LEVELS;
use super::super::{Organisation, Seat, plans_in};
use super::payee_row;
use crate::domain::calendar::{Calendar, Date, Period};
use crate::domain::fact::{Payee, PayeeRow};

/// Rows by their first days and managers; each ends where the next begins.
fn payee(payee_id: &str, rows: &[(i32, Option<&str>)]) -> Payee {
    let ends = rows.iter().skip(1).map(|(from, _)| Some(Date(*from))).chain([None]);
    let row = |((from, manager), to): (&(i32, Option<&str>), Option<Date>)| PayeeRow {
        manager: manager.map(String::from),
        ..payee_row(Date(*from), to, None)
    };
    Payee { payee_id: payee_id.into(), rows: rows.iter().zip(ends).map(row).collect() }
}

fn organisation(payees: &[Payee]) -> Organisation {
    let mut organisation = Organisation::default();
    payees.iter().for_each(|payee| organisation.insert(payee.clone(), 0));
    organisation
}

fn above(organisation: &Organisation, payee_id: &str, on: i32) -> Vec<String> {
    organisation.above(payee_id, Date(on)).iter().map(|id| id.to_string()).collect()
}

#[test]
fn a_chain_goes_on_over_vacant_seats_and_ends_at_somebody_unknown() {
    let left = Payee {
        rows: vec![PayeeRow { to: Some(Date(5)), ..payee("bo", &[(0, Some("cy"))]).rows.remove(0) }],
        ..payee("bo", &[])
    };
    let known = organisation(&[payee("ana", &[(0, Some("bo")), (9, Some("dan"))]), left, payee("cy", &[(0, None)])]);
    assert_eq!(above(&known, "ana", 4), ["bo", "cy"]);
    assert_eq!(above(&known, "ana", 5), ["cy"]);
    // Before the first row it is the first that answers.
    assert_eq!(above(&known, "ana", -1), Vec::<String>::new());
    assert_eq!(above(&known, "ana", 9), Vec::<String>::new());
    assert_eq!(above(&known, "eve", 9), Vec::<String>::new());
    // Whoever has heard enough is told no more.
    let (_, ana) = known.in_force("ana", Date(4)).unwrap();
    let mut told = Vec::new();
    known.walk_up(ana, Date(4), |seat| {
        told.push(seat);
        false
    });
    assert_eq!(told, [Seat::Taken("bo".into())]);
}

#[test]
fn a_row_is_of_a_period_that_it_meets() {
    let calendar = Calendar::monthly("fiscal", Period(0), Period(2));
    let [january, february] = [0, 1].map(|place: usize| calendar.starts[place]);
    let rows = |from: Date, to: Option<Date>| Payee { payee_id: "ana".into(), rows: vec![payee_row(from, to, None)] };
    let plans = |payee: &Payee| [0, 1].map(|period| plans_in(payee, &calendar, Period(period)).len());
    assert_eq!(plans(&rows(january, Some(february))), [1, 0]);
    assert_eq!(plans(&rows(february, None)), [0, 1]);
    assert_eq!(plans(&rows(Date(february.0 - 1), Some(Date(february.0 + 1)))), [1, 1]);
}

#[test]
fn nobody_is_above_himself() {
    let known = organisation(&[
        payee("ana", &[(10, Some("bo"))]),
        payee("bo", &[(10, Some("cy")), (20, None)]),
        payee("cy", &[(10, None)]),
        payee("dan", &[(10, Some("dan2"))]),
    ]);
    let check = |payee: Payee, cycle: bool| assert_eq!(known.makes_cycle(&payee), cycle, "{payee:?}");
    check(payee("cy", &[(10, Some("cy"))]), true);
    check(payee("cy", &[(10, Some("ana"))]), true);
    check(payee("cy", &[(10, Some("bo"))]), true);
    // Bo leaves cy on day 20: from then on cy may be below ana.
    check(payee("cy", &[(10, None), (20, Some("ana"))]), false);
    check(payee("cy", &[(10, None), (19, Some("ana"))]), true);
    // On the days before all rows the first ones answer, though they end before the others begin.
    check(payee("cy", &[(5, Some("ana")), (6, None)]), true);
    check(payee("eve", &[(10, Some("ana"))]), false);
    check(payee("eve", &[(10, Some("nobody"))]), false);
    check(payee("dan2", &[(10, Some("dan"))]), true);
}

#[test]
fn a_chain_is_walked_as_far_as_is_allowed() {
    let chain = |levels: usize| {
        let manager = |place: usize| (place < levels).then(|| (place + 1).to_string());
        let payees: Vec<_> = (0..=levels).map(|place| payee(&place.to_string(), &[(0, manager(place).as_deref())])).collect();
        organisation(&payees)
    };
    assert_eq!(above(&chain(MAXIMUM_LEVELS), "0", 0).len(), MAXIMUM_LEVELS);
    assert_eq!(above(&chain(MAXIMUM_LEVELS + 1), "0", 0).len(), MAXIMUM_LEVELS);
    // What is not walked to its end is no chain.
    let longer = |levels: usize| chain(levels).makes_cycle(&payee("new", &[(0, Some("0"))]));
    assert_eq!([longer(MAXIMUM_LEVELS - 1), longer(MAXIMUM_LEVELS)], [false, true]);
}

#[test]
fn a_team_is_those_who_are_in_it_on_the_day() {
    let member = |payee_id: &str, from: i32, to: Option<i32>, team: &str| Payee {
        payee_id: payee_id.into(),
        rows: vec![payee_row(Date(from), to.map(Date), Some(team))],
    };
    let all = [
        member("bo", 0, Some(9), "red"),
        member("ana", 0, None, "red"),
        member("cy", 9, None, "red"),
        member("dan", 0, None, "blue"),
    ];
    let known = organisation(&all);
    let check = |payee_id: &str, on: i32, expected: &[&str]| {
        let found: Vec<_> = known.team_of(payee_id, Date(on)).iter().map(|payee| payee.payee_id.as_str()).collect();
        assert_eq!(found, expected, "{payee_id} {on}");
    };
    check("ana", 8, &["ana", "bo"]);
    check("ana", 9, &["ana", "cy"]);
    // Who has left is told what his last team is.
    check("bo", 9, &["ana", "cy"]);
    check("dan", 0, &["dan"]);
    check("eve", 0, &[]);
    assert_eq!(known.others_in("red", "ana"), 2);
}
