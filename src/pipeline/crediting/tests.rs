//! Tests of crediting: the ranges of keys that its passes ask for, and the size of its records. What it computes is tested
//! on whole histories.

mod territories;

use super::progress::Pass;
use super::*;
use crate::domain::calendar::{Date, Interval, Quarter};
use crate::domain::money::Amount;
use crate::pipeline::Output;
use crate::pipeline::packed::PackedCredits;

/// Holds nothing and notes the ranges.
#[derive(Default)]
struct Asked(Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl States for Asked {
    fn get(&mut self, _: u32, _: &[u8]) -> Result<Option<Arc<[u8]>>, StageError> {
        Ok(None)
    }

    fn keys_between(&mut self, _: u32, after: &[u8], until: Option<&[u8]>, _: usize) -> Result<Vec<Vec<u8>>, StageError> {
        self.0.push((after.to_vec(), until.map(<[u8]>::to_vec)));
        Ok(Vec::new())
    }
}

/// The range that a pass over deals from a day on, or over what is parked, asks for at its cursor.
fn asked(from: Option<Date>, cursor: &[u8]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let pass = Pass { from, after: cursor.to_vec() };
    let meta = Progress { pass: Some(pass), ..Progress::new(1) }.encode();
    let mut crediting = Crediting::new(1, 100);
    crediting.assign(0, Some((&meta, 0))).unwrap();
    crediting.begin();
    let mut asked = Asked::default();
    crediting.work(&|_, _| 0, 10, &mut asked, &mut Effects::default()).unwrap();
    asked.0
}

#[test]
fn a_pass_lists_parked_keys_or_deals_only() {
    let until = || Some(PARKED_END.to_vec());
    assert_eq!(asked(None, PARKED_PREFIX), [(PARKED_PREFIX.to_vec(), until())]);
    assert_eq!(asked(None, b"\x01parked\x01d5"), [(b"\x01parked\x01d5".to_vec(), until())]);
    assert_eq!(asked(Some(Date(0)), b""), [(PARKED_END.to_vec(), None)]);
    assert_eq!(asked(Some(Date(0)), b"d5"), [(b"d5".to_vec(), None)]);
}

#[test]
fn quotas_of_a_large_batch_are_split_into_records() {
    const QUOTAS: u64 = 20_000;
    let mut crediting = Crediting::new(1, 100);
    crediting.assign(0, None).unwrap();
    crediting.begin();
    let (mut states, mut effects) = (Asked::default(), Effects::default());
    for offset in 0..QUOTAS {
        let payee_id = format!("payee-{offset}");
        let quota = QuotaChanged {
            payee_id: &payee_id,
            measure: "bookings",
            calendar: "fiscal",
            interval: Interval::Quarter(Quarter(2026 * 4)),
            amount: Some(Amount(1_000_000)),
            revision: 1,
            applies_from: None,
            author: "sales-operations",
            reason: "the plan of the year",
            occurred_at: 0,
        };
        let origin = Origin { position: Position { topic: Topic::QuotaChanged, partition: 0, offset }, key: b"", value: b"" };
        crediting.fold(origin, Ok(Input::Quota(quota)), &mut states, &mut effects).unwrap();
    }
    crediting.finish(&mut states, &mut effects).unwrap();
    let mut entries = 0;
    for (link_seq, output) in (0..).zip(&effects.outputs) {
        let Output::Credits { bytes, .. } = output else { panic!("{output:?}") };
        assert!(bytes.len() < PACKED_BYTES + 200, "{}", bytes.len());
        let packed = PackedCredits::decode(bytes).unwrap();
        assert_eq!(packed.link_seq, link_seq);
        entries += packed.entries.len() as u64;
    }
    assert_eq!(entries, QUOTAS);
    assert!(effects.outputs.len() > 1);
}
