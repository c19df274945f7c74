//! What the store keeps, refuses, and says that it has wiped.

mod chunks;
mod model;

use super::*;

const LAYOUTS: [Layout; 2] = [Layout::Listed, Layout::Packed];

fn settings(layout: Layout) -> Settings {
    Settings { layout, cache_bytes: 1 << 20, flush_every_ms: 5, queue_deltas: 8 }
}

fn store(directory: &tempfile::TempDir, layout: Layout) -> Store {
    Store::open(directory.path(), &settings(layout), Arc::default()).unwrap().0
}

fn change(key: &str, state: Option<&str>) -> Change {
    Change { key: key.as_bytes().into(), state: state.map(|state| state.as_bytes().into()) }
}

fn delta(epoch: u64, from_seq: u64, changes: Vec<Change>) -> Arc<Delta> {
    Arc::new(Delta { partition: 0, epoch, from_seq, to_seq: from_seq + 1, changelog_hint: 9, changes })
}

fn position(owner: &str, seq: u64) -> StorePosition {
    StorePosition { seq, genesis: [7; 16], changelog_hint: 0, owner: owner.into() }
}

fn acknowledged(store: &Store) -> Acknowledgement {
    store.acknowledged(Duration::from_secs(60)).unwrap().unwrap()
}

#[test]
fn a_delta_is_applied_only_where_it_follows() {
    LAYOUTS.into_iter().for_each(check_following);
}

fn check_following(layout: Layout) {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory, layout);
    let opened = store.open_partition(0, "me", 1).unwrap();
    store.fill(0, Vec::new(), Some(position("me", 0))).unwrap();
    store.apply(delta(1, 0, vec![change("a", Some("1")), change("b", Some("2"))])).unwrap();
    assert_eq!(acknowledged(&store), Acknowledgement::Applied { partition: 0, epoch: 1, seq: 1 });
    for (epoch, from_seq) in [(1, 0), (1, 2), (2, 1)] {
        store.apply(delta(epoch, from_seq, vec![change("a", Some("9"))])).unwrap();
        let reason = format!("commit {} does not follow on the stored 1", from_seq + 1);
        assert_eq!(acknowledged(&store), Acknowledgement::Lost { partition: 0, epoch, reason });
    }
    store.apply(delta(1, 1, vec![change("b", None)])).unwrap();
    acknowledged(&store);
    assert_eq!(opened.reader.get(b"a").unwrap().as_deref(), Some(b"1".as_slice()));
    assert_eq!(opened.reader.keys_between(b"", None, 9).unwrap(), [b"a".to_vec()]);
}

#[test]
fn what_was_applied_is_there_after_a_restart_with_its_digest() {
    LAYOUTS.into_iter().for_each(check_restart);
}

fn check_restart(layout: Layout) {
    let directory = tempfile::tempdir().unwrap();
    let mut digest = Digest::default();
    digest.replace(b"a", None, Some(b"1"));
    digest.replace(b"a", Some(b"1"), Some(b"2"));
    {
        let store = store(&directory, layout);
        store.open_partition(0, "me", 1).unwrap();
        store.fill(0, Vec::new(), Some(position("me", 0))).unwrap();
        store.apply(delta(1, 0, vec![change("a", Some("2"))])).unwrap();
    }
    let opened = store(&directory, layout).open_partition(0, "me", 2).unwrap();
    assert_eq!((opened.digest, opened.wiped), (digest, None));
    assert_eq!(opened.position, Some(StorePosition { seq: 1, changelog_hint: 9, ..position("me", 1) }));
}

#[test]
fn what_is_foreign_or_without_a_position_is_wiped_and_said_so() {
    LAYOUTS.into_iter().for_each(check_foreign);
}

fn check_foreign(layout: Layout) {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory, layout);
    store.open_partition(0, "me", 1).unwrap();
    store.fill(0, vec![change("a", Some("1"))], None).unwrap();
    check_wiped(store.open_partition(0, "me", 2).unwrap(), "damaged: states without a position");
    store.fill(0, vec![change("a", Some("1"))], Some(position("me", 4))).unwrap();
    check_wiped(store.open_partition(0, "you", 3).unwrap(), "written for me, not for you");
}

#[test]
fn one_layout_is_not_taken_for_the_other() {
    for (before, after) in [(Layout::Listed, Layout::Packed), (Layout::Packed, Layout::Listed)] {
        let directory = tempfile::tempdir().unwrap();
        {
            let store = store(&directory, before);
            store.open_partition(0, "me", 1).unwrap();
            store.fill(0, vec![change("a", Some("1"))], Some(position("me", 4))).unwrap();
        }
        let store = store(&directory, after);
        check_wiped(store.open_partition(0, "me", 2).unwrap(), "in another layout");
        assert_eq!(store.open_partition(0, "me", 3).unwrap().wiped, None);
    }
}

fn check_wiped(opened: Opened, message: &str) {
    assert_eq!(opened.wiped.map(|wiped| wiped.to_string()).as_deref(), Some(message));
    assert_eq!((opened.position, opened.digest), (None, Digest::default()));
}

#[test]
fn a_damaged_directory_is_made_anew_and_a_locked_one_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let settings = settings(Layout::Packed);
    let first = store(&directory, Layout::Packed);
    let locked = Store::open(directory.path(), &settings, Arc::default()).err().unwrap();
    let path = directory.path().display();
    assert_eq!(
        locked.to_string(),
        format!("store {path} is in use by another process; end that one, or use a directory of its own")
    );
    drop(first);
    std::fs::write(directory.path().join("conf"), b"no longer what it was").unwrap();
    let (_, wiped) = Store::open(directory.path(), &settings, Arc::default()).unwrap();
    assert!(matches!(wiped, Some(Wiped::Damaged(_))), "{wiped:?}");
}

/// What a writer answers to deltas that all wait already: sequence numbers from and to, with the size of their state.
fn answers(crash: CrashPoints, deltas: &[(u64, u64, usize)]) -> Vec<Acknowledgement> {
    let directory = tempfile::tempdir().unwrap();
    let database = open_when_free(directory.path(), &settings(Layout::Packed)).unwrap();
    let ((commands, inbox), (outbox, answers)) = (sync_channel(deltas.len() + 2), channel());
    let (reply, _) = channel();
    commands.send(Command::Open { partition: 0, owner: "me".into(), epoch: 1, reply }).unwrap();
    let (reply, _) = channel();
    commands.send(Command::Fill { partition: 0, changes: Vec::new(), position: Some(position("me", 0)), reply }).unwrap();
    for (from_seq, to_seq, bytes) in deltas.iter().copied() {
        let changes = vec![Change { key: b"a"[..].into(), state: Some(vec![to_seq as u8; bytes].into()) }];
        let delta = Delta { partition: 0, epoch: 1, from_seq, to_seq, changelog_hint: 9, changes };
        commands.send(Command::Apply(Arc::new(delta))).unwrap();
    }
    drop(commands);
    writer::Writer::new(database, Layout::Packed, outbox, Arc::new(crash)).run(&inbox);
    answers.into_iter().collect()
}

#[test]
fn what_waits_is_written_at_once_as_far_as_it_follows() {
    let applied = |seq| Acknowledgement::Applied { partition: 0, epoch: 1, seq };
    let lost = |reason: &str| Acknowledgement::Lost { partition: 0, epoch: 1, reason: reason.into() };
    let none = CrashPoints::default;
    assert_eq!(answers(none(), &[(0, 1, 9), (1, 2, 9), (2, 3, 9)]), [applied(3)]);
    let large = 3 << 20;
    assert_eq!(answers(none(), &[(0, 1, large), (1, 2, large), (2, 3, large)]), [applied(2), applied(3)]);
    let broken = answers(none(), &[(0, 1, 9), (1, 2, 9), (5, 6, 9), (2, 3, 9)]);
    assert_eq!(broken, [applied(2), lost("commit 6 does not follow on the stored 2"), applied(3)]);
    for (point, until) in [("mid-store:2", &[][..]), ("after-store:3", &[applied(2)]), ("mid-store:4", &broken[..2])] {
        let crash = CrashPoints::simulated(point).unwrap();
        assert_eq!(answers(crash, &[(0, 1, 9), (1, 2, 9), (5, 6, 9), (2, 3, 9)]), until, "{point}");
    }
}
