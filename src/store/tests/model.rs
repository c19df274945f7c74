//! Both layouts against a plain map: random deltas, some written at once, with the store opened anew in between.

use super::*;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// Keys that a case uses: more than one chunk takes.
const KEYS: usize = 400;

/// A key's number with the length of its new state; `None` removes.
type Writes = BTreeMap<usize, Option<usize>>;

#[derive(Clone, Debug)]
struct Step {
    deltas: Vec<Writes>,
    reopen: bool,
    bounds: [Index; 2],
    limit: usize,
}

fn key(number: usize) -> Vec<u8> {
    match number % 5 {
        0 => format!("\x01parked\x01{number}").into_bytes(),
        _ => format!("deal-{number}").into_bytes(),
    }
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = prop_oneof![20 => 0..40usize, 1 => 8_000..30_000usize, 1 => Just(80_000usize)];
    let write = prop_oneof![3 => bytes.prop_map(Some), 1 => Just(None)];
    let writes = prop_oneof![
        prop::collection::btree_map(0..KEYS, write.clone(), 0..4),
        prop::collection::btree_map(0..KEYS, prop_oneof![9 => (0..40usize).prop_map(Some), 1 => Just(None)], 200..KEYS),
    ];
    let deltas = prop::collection::vec(writes, 1..4);
    (deltas, prop::bool::weighted(0.3), any::<[Index; 2]>(), 0..KEYS).prop_map(|(deltas, reopen, bounds, limit)| Step {
        deltas,
        reopen,
        bounds,
        limit,
    })
}

#[test]
fn both_layouts_keep_what_a_map_keeps() {
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..12))| {
        LAYOUTS.into_iter().for_each(|layout| check(layout, &steps));
    });
}

fn check(layout: Layout, steps: &[Step]) {
    let directory = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let mut opened_store = store(&directory, layout);
    let mut opened = opened_store.open_partition(0, "me", 1).unwrap();
    opened_store.fill(0, Vec::new(), Some(position("me", 0))).unwrap();
    let mut seq = 0;
    for step in steps {
        seq = apply(&opened_store, &mut model, &step.deltas, seq);
        if step.reopen {
            drop((opened_store, opened));
            opened_store = store(&directory, layout);
            opened = opened_store.open_partition(0, "me", 1).unwrap();
            assert_eq!((opened.wiped.as_ref(), opened.digest), (None, digest(&model)));
            assert_eq!(opened.position.as_ref().map(|position| position.seq), Some(seq));
        }
        check_reads(&opened.reader, &model, step);
    }
}

/// Hands all deltas over before it waits, so that the writer may take them at once.
fn apply(store: &Store, model: &mut Model, deltas: &[Writes], mut seq: u64) -> u64 {
    for writes in deltas {
        let states = writes.iter().map(|(number, bytes)| (key(*number), bytes.map(|bytes| vec![seq as u8; bytes])));
        let states: BTreeMap<Vec<u8>, Option<Vec<u8>>> = states.collect();
        let change = |(key, state): (&Vec<u8>, &Option<Vec<u8>>)| Change {
            key: key.as_slice().into(),
            state: state.as_deref().map(Arc::from),
        };
        store.apply(delta(1, seq, states.iter().map(change).collect())).unwrap();
        for (key, state) in states {
            match state {
                Some(state) => model.insert(key, state),
                None => model.remove(&key),
            };
        }
        seq += 1;
    }
    while acknowledged(store) != (Acknowledgement::Applied { partition: 0, epoch: 1, seq }) {}
    seq
}

fn digest(model: &Model) -> Digest {
    let mut digest = Digest::default();
    model.iter().for_each(|(key, state)| digest.replace(key, None, Some(state)));
    digest
}

fn check_reads(reader: &Reader, model: &Model, step: &Step) {
    for number in 0..KEYS {
        assert_eq!(reader.get(&key(number)).unwrap(), model.get(&key(number)).cloned(), "{number}");
    }
    let mut all: Vec<Vec<u8>> = (0..KEYS).map(key).chain([Vec::new(), b"\x01parked\x02".to_vec(), b"z".to_vec()]).collect();
    all.sort();
    let [after, until] = step.bounds.map(|bound| all[bound.index(all.len())].as_slice());
    for (after, until) in [(after, Some(until)), (after, None), (b"", None)] {
        let in_range = model.keys().filter(|key| key.as_slice() > after && until.is_none_or(|until| key.as_slice() < until));
        let wanted: Vec<Vec<u8>> = in_range.take(step.limit).cloned().collect();
        assert_eq!(reader.keys_between(after, until, step.limit).unwrap(), wanted, "{after:?} {until:?} {}", step.limit);
    }
}
