//! Chunks come and go: how many there are, what reads meanwhile see, and what is made of damaged ones.

use super::*;
use crate::store::chunk::{CHUNK_PREFIX, LAST_CHUNK, chunk_key};
use std::sync::atomic::{AtomicBool, Ordering};

/// A packed store with its partition 0, to which deltas are applied one after the other.
struct Fixture {
    directory: tempfile::TempDir,
    store: Store,
    reader: Reader,
    seq: u64,
}

impl Fixture {
    fn new() -> Fixture {
        Fixture::of(Layout::Packed)
    }

    fn of(layout: Layout) -> Fixture {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory, layout);
        let reader = store.open_partition(0, "me", 1).unwrap().reader;
        store.fill(0, Vec::new(), Some(position("me", 0))).unwrap();
        Fixture { directory, store, reader, seq: 0 }
    }

    /// Waits, so that each delta is a write of its own.
    fn write(&mut self, changes: Vec<Change>) {
        self.store.apply(delta(1, self.seq, changes)).unwrap();
        self.seq += 1;
        assert_eq!(acknowledged(&self.store), Acknowledgement::Applied { partition: 0, epoch: 1, seq: self.seq });
    }

    /// With how many states were found.
    fn reopen(self) -> (Fixture, u64) {
        drop((self.store, self.reader));
        let store = store(&self.directory, Layout::Packed);
        let opened = store.open_partition(0, "me", 1).unwrap();
        assert_eq!(opened.wiped, None);
        (Fixture { directory: self.directory, store, reader: opened.reader, seq: self.seq }, opened.digest.live_keys)
    }

    /// Its tree of sled, once the store is closed.
    fn tree(self) -> (tempfile::TempDir, sled::Tree) {
        drop((self.store, self.reader));
        let database = open_when_free(self.directory.path(), &settings(Layout::Packed)).unwrap();
        (self.directory, database.open_tree("partition-0").unwrap())
    }
}

fn chunks(reader: &Reader) -> usize {
    reader.tree.tree.scan_prefix(CHUNK_PREFIX).count()
}

fn name(number: usize) -> String {
    format!("deal-{number:05}")
}

fn states(numbers: impl Iterator<Item = usize>, state: Option<&str>) -> Vec<Change> {
    numbers.map(|number| change(&name(number), state)).collect()
}

#[test]
fn a_commit_is_packed() {
    let mut fixture = Fixture::new();
    fixture.write(states(0..1000, Some("state")));
    assert_eq!(chunks(&fixture.reader), 4);
    let changes = (0..10).map(|number| Change { key: name(number).as_bytes().into(), state: Some(vec![7; 3_000].into()) });
    fixture.write(changes.collect());
    assert_eq!(chunks(&fixture.reader), 4 + 5, "7 KiB take two states of 3,000 bytes");
}

#[test]
fn overwriting_leaves_no_chunks_behind() {
    let mut fixture = Fixture::new();
    fixture.write(states(0..2000, Some("first")));
    let mut most = 0;
    for round in 0..200 {
        // Spread over all keys, so that no chunk empties at once.
        fixture.write(states((0..2000).filter(|number| number % 20 == round * 7 % 20), Some(&round.to_string())));
        most = most.max(chunks(&fixture.reader));
    }
    assert!(most <= 4 * 8 + 8, "{most} chunks for the keys of 8");
    let (fixture, live_keys) = fixture.reopen();
    assert_eq!(live_keys, 2000);
    assert_eq!(fixture.reader.keys_between(b"", None, 3000).unwrap().len(), 2000);
}

#[test]
fn small_commits_share_chunks() {
    let mut fixture = Fixture::new();
    for number in 0..400 {
        fixture.write(states(number..number + 1, Some("state")));
    }
    let chunks = chunks(&fixture.reader);
    assert!(chunks <= 400 / 16 + 1, "{chunks} chunks");
}

#[test]
fn removals_survive_a_restart_and_do_not_pile_up() {
    let mut fixture = Fixture::new();
    fixture.write(states(0..300, Some("stays")));
    let mut most = 0;
    for round in 1..80 {
        let numbers = || round * 1000..round * 1000 + 100;
        fixture.write(states(numbers(), Some("goes")));
        fixture.write(states(numbers(), Some("goes later")));
        fixture.write(states(numbers(), None));
        most = most.max(chunks(&fixture.reader));
    }
    assert!(most <= 12, "{most} chunks for the keys of 2");
    let (mut fixture, live_keys) = fixture.reopen();
    assert_eq!(live_keys, 300);
    assert_eq!(fixture.reader.get(name(1000).as_bytes()).unwrap(), None);
    fixture.write(states(0..300, None));
    assert_eq!(fixture.reopen().1, 0);
}

#[test]
fn reads_go_on_while_chunks_are_replaced() {
    let mut fixture = Fixture::new();
    fixture.write(states(0..600, Some("0")));
    let (reader, done) = (fixture.reader.clone(), AtomicBool::new(false));
    let stays = Change { key: b"\x01parked\x01a"[..].into(), state: Some(b""[..].into()) };
    fixture.write(vec![stays]);
    std::thread::scope(|scope| {
        let reads = scope.spawn(|| read_until(&reader, &done));
        for round in 1..150 {
            fixture.write(states((0..600).filter(|number| number % 7 != round % 7), Some(&round.to_string())));
        }
        done.store(true, Ordering::Release);
        reads.join().unwrap();
    });
}

/// Every key is there at any time, and never older than it was seen before.
fn read_until(reader: &Reader, done: &AtomicBool) {
    let mut seen = [0; 600];
    while !done.load(Ordering::Acquire) {
        for (number, seen) in seen.iter_mut().enumerate() {
            let state = reader.get(name(number).as_bytes()).unwrap().unwrap();
            let round: usize = String::from_utf8(state).unwrap().parse().unwrap();
            assert!(round >= *seen);
            *seen = round;
        }
        assert_eq!(reader.keys_between(b"\x01parked\x02", None, 1000).unwrap().len(), 600);
        assert_eq!(reader.keys_between(name(99).as_bytes(), None, 50).unwrap()[0], name(100).into_bytes());
    }
}

#[test]
fn a_damaged_chunk_and_used_up_numbers_are_wiped() {
    let (packed, listed) = (Layout::Packed, Layout::Listed);
    let cases = [
        (packed, chunk_key(1), "damaged: store is damaged: a chunk ends within an entry"),
        (packed, chunk_key(LAST_CHUNK), "damaged: store is damaged: the numbers of chunks are used up"),
        (packed, b"\0chunk".to_vec(), "damaged: store is damaged: a chunk without a number"),
        (packed, b"deal".to_vec(), "damaged: store is damaged: a state outside the chunks"),
        (listed, b"deal".to_vec(), "damaged: store is damaged: a state outside the chunks"),
    ];
    for (layout, key, message) in cases {
        check_damaged(layout, message, |tree| drop(tree.insert(key, b"\x09short").unwrap()));
    }
    check_damaged(listed, "damaged: store is damaged: a key is listed that has no state", |tree| {
        drop(tree.insert(b"deal", b"").unwrap());
    });
    check_damaged(listed, "damaged: store is damaged: 19 keys are listed of 20", |tree| {
        drop(tree.remove(name(3)).unwrap());
    });
}

fn check_damaged(layout: Layout, message: &str, damage: impl FnOnce(&sled::Tree)) {
    let mut fixture = Fixture::of(layout);
    fixture.write(states(0..20, Some("state")));
    let (directory, tree) = fixture.tree();
    damage(&tree);
    drop(tree);
    let opened = store(&directory, layout).open_partition(0, "me", 2).unwrap();
    check_wiped(opened, message);
}

#[test]
fn a_missing_chunk_is_an_error_and_not_an_unknown_key() {
    let mut fixture = Fixture::new();
    fixture.write(states(0..20, Some("state")));
    fixture.reader.tree.tree.remove(chunk_key(1)).unwrap();
    let error = fixture.reader.get(name(3).as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "store is damaged: chunk 1 is missing");
    assert_eq!(fixture.reader.get(b"unknown").unwrap(), None);
}
