//! A fact about territories that reaches back: what it touches is told to earning, and nothing else.

use super::*;
use crate::domain::calendar::{Calendar, Period};
use crate::domain::deal::{Change, DealStatus, Line};
use crate::domain::fact::{Company, FactBody, Payee, PayeeRow};
use crate::domain::money::{Quantity, Share, WHOLE};
use crate::domain::territory::{Assignment, Crediting as CreditingRow, Territories, Territory, When};
use crate::pipeline::packed::Entry;

/// Keeps what a batch changed.
#[derive(Default)]
struct Kept(BTreeMap<Vec<u8>, Arc<[u8]>>);

impl States for Kept {
    fn get(&mut self, _: u32, key: &[u8]) -> Result<Option<Arc<[u8]>>, StageError> {
        Ok(self.0.get(key).cloned())
    }

    fn keys_between(&mut self, _: u32, after: &[u8], until: Option<&[u8]>, _: usize) -> Result<Vec<Vec<u8>>, StageError> {
        let between = |key: &&Vec<u8>| key.as_slice() > after && until.is_none_or(|until| key.as_slice() < until);
        Ok(self.0.keys().filter(between).cloned().collect())
    }
}

struct Played {
    crediting: Crediting,
    states: Kept,
    facts: u64,
    deals: u64,
}

impl Played {
    fn new() -> Played {
        let mut crediting = Crediting::new(1, 100);
        crediting.assign(0, None).unwrap();
        Played { crediting, states: Kept::default(), facts: 0, deals: 0 }
    }

    fn fact(&mut self, body: FactBody) {
        let position = Position { topic: Topic::Facts, partition: 0, offset: self.facts };
        let (fact_id, author, reason) = (self.facts.to_string(), "ops".into(), "test".into());
        let fact = Fact { fact_id, author, reason, approver: None, occurred_at: 0, body };
        self.crediting.offer(Origin { position, key: b"", value: b"" }, Ok(fact));
        self.facts += 1;
    }

    fn deal(&mut self, deal_id: &str, closed_on: &str) {
        let line = Line {
            line_id: "1",
            product: "suite",
            geography: None,
            segment: None,
            amount: Amount(1_000_000),
            quantity: Quantity(10_000),
            cost: None,
            splits: vec![],
        };
        let deal = DealClosed {
            deal_id,
            revision: 1,
            status: DealStatus::Closed,
            change: Change::Correction,
            effective_on: None,
            closed_on: closed_on.parse().unwrap(),
            sequence: None,
            currency: "USD",
            customer: None,
            related_deal: None,
            kind: None,
            contract_start: None,
            term_months: None,
            stage: None,
            probability: None,
            lines: vec![line],
            splits: vec![],
            attributes: vec![],
            occurred_at: 0,
        };
        let position = Position { topic: Topic::DealClosed, partition: 0, offset: self.deals };
        let origin = Origin { position, key: deal_id.as_bytes(), value: b"" };
        let mut effects = Effects::default();
        self.crediting.begin();
        self.crediting.fold(origin, Ok(Input::Deal(deal)), &mut self.states, &mut effects).unwrap();
        self.commit(effects);
        self.deals += 1;
    }

    /// Works facts off; what earning is told, as `+` or `-`, deal, payee and share in millionths.
    fn work(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let mut effects = Effects::default();
            self.crediting.begin();
            let more = self.crediting.work(&|_, _| 0, 100, &mut self.states, &mut effects).unwrap();
            told.extend(self.commit(effects));
            if !more {
                return told;
            }
        }
    }

    fn commit(&mut self, mut effects: Effects) -> Vec<String> {
        self.crediting.finish(&mut self.states, &mut effects).unwrap();
        self.crediting.committed();
        for Changed { key, state, .. } in effects.changed {
            match state {
                Some(state) => drop(self.states.0.insert(key.to_vec(), state)),
                None => drop(self.states.0.remove(key.as_ref())),
            }
        }
        effects.outputs.iter().flat_map(lines).collect()
    }
}

fn lines(output: &Output) -> Vec<String> {
    let Output::Credits { bytes, .. } = output else { return vec![] };
    let packed = PackedCredits::decode(bytes).unwrap();
    let groups = packed.entries.iter().filter_map(|entry| match entry {
        Entry::Credits(group) => Some(group),
        _ => None,
    });
    let of_group = groups.flat_map(|group| group.allocations.iter().map(move |allocation| (group, allocation)));
    of_group
        .map(|(group, allocation)| {
            let (sign, payee) = (if group.retract { '-' } else { '+' }, packed.payees[allocation.payee as usize]);
            format!("{sign} {} {payee} {}", group.deal_id, allocation.share.0)
        })
        .collect()
}

fn payee(payee_id: &str) -> FactBody {
    let row = PayeeRow {
        from: day("2026-01-01"),
        to: None,
        title: "AE".into(),
        manager: None,
        pay_group: "default".into(),
        plans: vec![],
        employee_ref: None,
        parameters: vec![],
        pay_currency: None,
        team: None,
    };
    FactBody::PayeeDefined(Payee { payee_id: payee_id.into(), rows: vec![row] })
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// One territory that takes everything; assignments are (payee, share, from, to).
fn territories(assignments: &[(&str, u32, &str, Option<&str>)]) -> FactBody {
    let from = day("2026-01-01");
    let assignment = |(payee_id, share, from, to): &(&str, u32, &str, Option<&str>)| Assignment {
        territory_id: "all".into(),
        payee_id: (*payee_id).into(),
        share: Share(*share),
        from: day(from),
        to: to.map(day),
    };
    FactBody::TerritoriesDefined(Territories {
        crediting: vec![CreditingRow { from, to: None, when: When::Unnamed, uncovered: None, winners: 1, roll_up: vec![] }],
        nodes: vec![],
        territories: vec![Territory { territory_id: "all".into(), layer: 1, rank: 1, conditions: vec![], from, to: None }],
        assignments: assignments.iter().map(assignment).collect(),
    })
}

#[test]
fn what_a_territory_touches_is_told_and_nothing_else() {
    let mut played = Played::new();
    let (company_id, currency, calendar) = ("acme".into(), "USD".into(), "fiscal".into());
    played.fact(FactBody::CompanyDefined(Company {
        company_id,
        currency,
        calendar,
        closer_may_release: false,
        pay_rate_type: None,
    }));
    played.fact(FactBody::CalendarDefined(Calendar::monthly("fiscal", Period(2026 * 12), Period(2026 * 12 + 11))));
    played.fact(payee("ana"));
    played.fact(payee("ben"));
    assert!(played.work().is_empty());
    for (deal_id, closed_on) in [("D1", "2026-01-31"), ("D2", "2026-02-01"), ("D3", "2026-02-15")] {
        played.deal(deal_id, closed_on);
    }
    let whole = WHOLE.0;
    let open = territories(&[("ana", whole, "2026-02-01", None)]);
    let moved = territories(&[("ana", whole, "2026-02-01", Some("2026-02-15")), ("ben", 400_000, "2026-02-15", None)]);
    let table: [(FactBody, &[&str]); 5] = [
        (open.clone(), &["+ D2 ana 1000000", "+ D3 ana 1000000"]),
        (open, &[]),
        (moved.clone(), &["- D3 ana 1000000", "+ D3 ben 400000"]),
        (
            territories(&[("ana", whole, "2026-01-31", Some("2026-02-15")), ("ben", 400_000, "2026-02-15", None)]),
            &["+ D1 ana 1000000"],
        ),
        (moved, &["- D1 ana 1000000"]),
    ];
    for (body, told) in table {
        played.fact(body);
        assert_eq!(played.work(), told);
    }
}
