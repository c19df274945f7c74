//! Ranges over the store and what it does not have yet, against a plain map.

use super::*;
use crate::store::{Change, Layout, Settings, Store, StorePosition};
use proptest::prelude::*;

/// A key's number, and whether it is live afterwards.
type Writes = BTreeMap<u8, bool>;

fn key(number: u8) -> Vec<u8> {
    if number.is_multiple_of(3) { format!("\x01parked\x01{number}").into_bytes() } else { format!("deal-{number}").into_bytes() }
}

fn delta(seq: u64, writes: &Writes) -> Arc<Delta> {
    let changes: BTreeMap<Vec<u8>, bool> = writes.iter().map(|(number, live)| (key(*number), *live)).collect();
    let change = |(key, live): (Vec<u8>, bool)| Change { key: key.into(), state: live.then(|| b"state"[..].into()) };
    let changes = changes.into_iter().map(change).collect();
    Arc::new(Delta { partition: 0, epoch: 1, from_seq: seq, to_seq: seq + 1, changelog_hint: 0, changes })
}

/// Deltas of which the store has some and has acknowledged fewer.
#[derive(Clone, Debug)]
struct Case {
    deltas: Vec<Writes>,
    stored: prop::sample::Index,
    acknowledged: prop::sample::Index,
    after: Option<u8>,
    until: Option<u8>,
    limit: usize,
}

fn case() -> impl Strategy<Value = Case> {
    let deltas = prop::collection::vec(prop::collection::btree_map(0..30u8, any::<bool>(), 0..12), 0..8);
    let bound = || prop::option::of(0..30u8);
    (deltas, any::<prop::sample::Index>(), any::<prop::sample::Index>(), bound(), bound(), 0..9usize).prop_map(
        |(deltas, stored, acknowledged, after, until, limit)| Case { deltas, stored, acknowledged, after, until, limit },
    )
}

#[test]
fn ranges_are_those_of_a_map() {
    let directory = tempfile::tempdir().unwrap();
    for layout in [Layout::Listed, Layout::Packed] {
        let settings = Settings { layout, cache_bytes: 1 << 20, flush_every_ms: 50, queue_deltas: 64 };
        let store = Store::open(&directory.path().join(format!("{layout:?}")), &settings, Arc::default()).unwrap().0;
        let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
        proptest!(config, |(case in case())| check(&store, &case));
    }
}

fn check(store: &Store, case: &Case) {
    store.open_partition(0, "me", 1).unwrap();
    store.wipe(0).unwrap();
    let reader = store.open_partition(0, "me", 1).unwrap().reader;
    let stored = case.stored.index(case.deltas.len() + 1);
    let mut set = WorkingSet::new(1 << 20, 1 << 20);
    set.open(0, reader, 0);
    let mut model = BTreeMap::new();
    for (seq, writes) in case.deltas.iter().enumerate() {
        let delta = delta(seq as u64, writes);
        if seq < stored {
            let position = StorePosition { seq: delta.to_seq, genesis: [0; 16], changelog_hint: 0, owner: "me".into() };
            store.fill(0, delta.changes.clone(), Some(position)).unwrap();
        }
        set.publish(&delta);
        model.extend(writes.iter().map(|(number, live)| (key(*number), *live)));
    }
    set.acknowledge(0, case.acknowledged.index(stored + 1) as u64);
    let (after, until) = (case.after.map(key).unwrap_or_default(), case.until.map(key));
    let in_range = |key: &Vec<u8>| *key > after && until.as_ref().is_none_or(|until| key < until);
    let live = model.into_iter().filter(|(key, live)| *live && in_range(key)).map(|(key, _)| key);
    let wanted: Vec<Vec<u8>> = live.take(case.limit).collect();
    assert_eq!(set.keys_between(0, &after, until.as_deref(), case.limit).unwrap(), wanted);
}
