//! What is the embedded log's own: packing, the disk that fails or loses power, the lock, compaction and trimming. The
//! behaviour that it shares with Kafka is in `tests/log_conformance.rs`.

use super::block::{Damaged, Entries, Packer};
use super::*;
use crate::log::{Limit, StageLog};
use std::io::{Error as IoError, ErrorKind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const TOPIC: Topic = Topic::DealClosed;

fn records(pairs: &[(&str, &str)]) -> Records {
    let mut records = Records::default();
    pairs.iter().for_each(|(key, value)| records.push(Some(key.as_bytes()), Some(value.as_bytes())));
    records
}

fn append(log: &Embedded, topic: Topic, pairs: &[(&str, &str)]) -> Result<Vec<u64>, LogError> {
    log.append(&[Append { topic, partition: 0, records: &records(pairs) }])
}

/// Offsets, keys and values of a partition as text.
fn contents(log: &Embedded, topic: Topic) -> String {
    let mut batch = Batch::default();
    let start = log.start(topic, 0).unwrap();
    log.read(topic, 0, start, usize::MAX / 2, &mut batch).unwrap();
    let text = |part: Option<&[u8]>| part.map_or("-".to_owned(), |part| String::from_utf8_lossy(part).into_owned());
    let row = |row| format!("{}:{}={}", row_offset(row), text(batch.key(row)), text(batch.value(row)));
    batch.rows().iter().map(row).collect::<Vec<_>>().join(" ")
}

fn row_offset(row: &crate::log::Row) -> u64 {
    row.position.offset
}

fn created(log: Embedded) -> Embedded {
    log.create_topics(2).unwrap();
    log
}

#[test]
fn records_come_back_from_blocks_as_they_went_in() {
    let header = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
    let long = vec![7; 200_000];
    let mut written = Records::default();
    written.push(Some(b"key"), Some(b"value"));
    written.push(None, Some(&long));
    written.push(Some(b""), None);
    written.push_with_headers(Some(&long), Some(b""), vec![header("a", b"1"), header("", b"")]);
    let stamped = [(5, 100), (6, 100), (900, 101), (901, -1)];
    let mut packer = Packer::default();
    written.iter().zip(stamped).for_each(|(record, (offset, timestamp_ms))| packer.push(offset, timestamp_ms, record));

    assert_eq!(packer.blocks().len(), 2, "the third record does not begin a block, the fourth does");
    let entries = packer.blocks().iter().flat_map(|block| Entries::new(block.first, &block.bytes));
    for ((entry, record), (offset, timestamp_ms)) in entries.zip(written.iter()).zip(stamped) {
        let entry = entry.unwrap();
        assert_eq!((entry.offset, entry.timestamp_ms), (offset, timestamp_ms));
        assert_eq!((entry.key, entry.value, entry.headers.as_slice()), (record.key, record.value, record.headers));
    }
    let whole = &packer.blocks()[0].bytes;
    let cut = Entries::new(5, &whole[..whole.len() - 1]).last().map(|entry| entry.map(|entry| entry.offset));
    assert_eq!(cut, Some(Err(Damaged)), "a cut block is damage, never fewer records");
}

/// Bytes that outlive the log which writes them; writes fail after a number of them, and only what was synced lasts.
#[derive(Clone, Debug, Default)]
struct Disk {
    now: Arc<Mutex<Vec<u8>>>,
    synced: Arc<Mutex<Vec<u8>>>,
    syncs: Arc<AtomicUsize>,
    writes_left: Arc<AtomicUsize>,
}

impl Disk {
    fn with_writes(writes: usize, bytes: Vec<u8>) -> Self {
        let disk = Disk { now: Arc::new(Mutex::new(bytes)), ..Disk::default() };
        disk.writes_left.store(writes, Ordering::SeqCst);
        disk
    }

    fn endless(bytes: Vec<u8>) -> Self {
        Disk::with_writes(usize::MAX / 2, bytes)
    }

    fn after_power_cut(&self) -> Vec<u8> {
        self.synced.lock().unwrap().clone()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, IoError> {
        Ok(self.now.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), IoError> {
        let (from, now) = (offset as usize, self.now.lock().unwrap());
        out.copy_from_slice(&now[from..from + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), IoError> {
        self.now.lock().unwrap().resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), IoError> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        *self.synced.lock().unwrap() = self.now.lock().unwrap().clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), IoError> {
        if self.writes_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
            return Err(IoError::from(ErrorKind::StorageFull));
        }
        let from = offset as usize;
        self.now.lock().unwrap()[from..from + data.len()].copy_from_slice(data);
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let small = EmbeddedSettings { cache_bytes: 1 << 20, ..EmbeddedSettings::default() };
    for writes in [0, 1, 2, 3, 5] {
        let disk = Disk::endless(Vec::new());
        let log = created(Embedded::with_backend(disk.clone(), small).unwrap());
        append(&log, TOPIC, &[("a", "1")]).unwrap();
        disk.writes_left.store(writes, Ordering::SeqCst);
        let error = (0..50).find_map(|_| append(&log, TOPIC, &[("b", "2")]).err()).unwrap();
        assert_eq!(
            error.to_string(),
            "the log in memory cannot be used: I/O error: no storage space; free space on its disk and start again: \
             everything that was acknowledged is kept"
        );
        assert!(matches!(append(&log, TOPIC, &[("c", "3")]), Err(LogError::Storage(_))), "nothing goes on after it");
        let acknowledged = contents_end(&log);
        drop(log);
        let bytes = disk.now.lock().unwrap().clone();
        let reopened = Embedded::with_backend(Disk::endless(bytes), small).unwrap();
        assert!(contents(&reopened, TOPIC).starts_with("0:a=1"), "after {writes} writes");
        if let Some(end) = acknowledged {
            assert!(reopened.end(TOPIC, 0).unwrap() >= end);
        }
        append(&reopened, TOPIC, &[("d", "4")]).unwrap();
    }
}

/// The end as the failed log still tells it, when it does.
fn contents_end(log: &Embedded) -> Option<u64> {
    log.end(TOPIC, 0).ok()
}

#[test]
fn a_power_cut_keeps_exactly_what_was_acknowledged() {
    let disk = Disk::endless(Vec::new());
    let log = created(Embedded::with_backend(disk.clone(), EmbeddedSettings::default()).unwrap());
    for number in 1..=20_u64 {
        append(&log, TOPIC, &[("k", &number.to_string())]).unwrap();
        let after = Embedded::with_backend(Disk::endless(disk.after_power_cut()), EmbeddedSettings::default()).unwrap();
        assert_eq!(after.end(TOPIC, 0).unwrap(), number);
    }
}

#[test]
fn a_second_process_is_told_who_holds_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().display().to_string();
    let _held = Embedded::open(directory.path(), EmbeddedSettings::default()).unwrap();
    let refused = Embedded::open(directory.path(), EmbeddedSettings::default()).err().unwrap();
    assert!(matches!(refused, LogError::Fenced(_)));
    assert_eq!(
        refused.to_string(),
        format!("another accrue holds {place}; stop it first, or let it answer: commands reach it through {place}/control.sock")
    );
}

#[test]
fn settings_that_do_not_fit_are_refused_with_the_fix() {
    let log = Embedded::in_memory().unwrap();
    let check = |refused: Result<(), LogError>, message: &str| {
        let error = refused.unwrap_err();
        assert!(matches!(error, LogError::Settings(_)), "{error:?}");
        assert_eq!(error.to_string(), message);
    };
    check(
        append(&log, TOPIC, &[]).map(drop),
        "the log in memory has no topic deal-closed; start `accrue up` there, which creates it",
    );
    log.create_topics(2).unwrap();
    log.create_topics(2).unwrap();
    check(
        log.create_topics(3),
        "deal-closed in memory has 2 partitions, not 3; set partitions = 2, or start with an empty directory",
    );
    check(log.end(TOPIC, 2).map(drop), "deal-closed has 2 partitions and no partition 2; write to one of those");
    check(
        log.read(TOPIC, 0, 1, 1, &mut Batch::default()).map(drop),
        "offset 1 of deal-closed, partition 0, is beyond the end, which is 0; use the log that it was read from",
    );
    append(&log, Topic::Credits, &[("a", "1"), ("b", "2")]).unwrap();
    log.trim(Topic::Credits, 0, 1).unwrap();
    check(
        log.read(Topic::Credits, 0, 0, 1, &mut Batch::default()).map(drop),
        "offset 0 of credits, partition 0, was trimmed; the first one there is 1; use the log that it was read from",
    );
}

#[test]
fn trimming_hides_what_lies_before() {
    let log = created(Embedded::in_memory().unwrap());
    append(&log, Topic::Credits, &[("a", "1"), ("b", "2")]).unwrap();
    append(&log, Topic::Credits, &[("c", "3"), ("d", "4")]).unwrap();
    for (offset, left) in [(0, "0:a=1 1:b=2 2:c=3 3:d=4"), (1, "1:b=2 2:c=3 3:d=4"), (2, "2:c=3 3:d=4"), (3, "3:d=4"), (9, "")] {
        log.trim(Topic::Credits, 0, offset).unwrap();
        assert_eq!(contents(&log, Topic::Credits), left, "after trimming before {offset}");
    }
    assert_eq!((log.start(Topic::Credits, 0).unwrap(), log.end(Topic::Credits, 0).unwrap()), (4, 4));
    assert_eq!(append(&log, Topic::Credits, &[("e", "5")]).unwrap(), [4]);
}

#[test]
fn compaction_keeps_the_newest_record_of_each_key_at_its_offset() {
    let log = created(Embedded::in_memory().unwrap());
    append(&log, Topic::Attainment, &[("a", "1"), ("b", "1"), ("a", "2")]).unwrap();
    let mut tombstone = Records::default();
    tombstone.push(Some(b"b"), None);
    log.append(&[Append { topic: Topic::Attainment, partition: 0, records: &tombstone }]).unwrap();
    log.compact().unwrap();
    assert_eq!(contents(&log, Topic::Attainment), "2:a=2 3:b=-");
    append(&log, Topic::Attainment, &[("a", "3")]).unwrap();
    assert_eq!(contents(&log, Topic::Attainment), "2:a=2 3:b=- 4:a=3");
    log.compact().unwrap();
    assert_eq!(contents(&log, Topic::Attainment), "3:b=- 4:a=3");
}

#[test]
fn a_changelog_that_has_grown_fourfold_is_rewritten_by_the_next_append() {
    let log = created(Embedded::in_memory().unwrap());
    let names: Vec<String> = (0..45_000).map(|number| format!("key {number}")).collect();
    let round: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
    let mut counts = Vec::new();
    for _ in 0..6 {
        append(&log, Topic::EarningChangelog, &round).unwrap();
        counts.push(contents(&log, Topic::EarningChangelog).split(' ').filter(|part| part.ends_with("=v")).count());
    }
    assert_eq!(counts, [45_000, 45_000, 90_000, 135_000, 180_000, 45_000]);
    assert_eq!(log.end(Topic::EarningChangelog, 0).unwrap(), 270_000);
}

#[test]
fn a_changelog_of_ever_new_keys_is_left_as_it_is() {
    let log = created(Embedded::in_memory().unwrap());
    let names: Vec<String> = (0..60_000).map(|number| format!("key {number}")).collect();
    let records: Vec<(&str, &str)> = names.iter().chain(&names[..19_998]).map(|name| (name.as_str(), "v")).collect();
    append(&log, Topic::CreditingChangelog, &records).unwrap();
    assert_eq!(contents(&log, Topic::CreditingChangelog).matches("=v").count(), 79_998, "less than a quarter would go");
    append(&log, Topic::EarningChangelog, &records).unwrap();
    append(&log, Topic::EarningChangelog, &records[..3]).unwrap();
    log.compact().unwrap();
    assert_eq!(contents(&log, Topic::EarningChangelog).matches("=v").count(), 60_000);
}

#[test]
fn a_waiting_reader_wakes_up_when_something_is_committed() {
    let log = created(Embedded::in_memory().unwrap());
    let mut stage = log.stage("group", &[TOPIC]).unwrap();
    assert_eq!(stage.assigned(Duration::ZERO).unwrap().given, [0, 1]);
    stage.start(0, &[(TOPIC, 0)]).unwrap();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        append(&log, TOPIC, &[("a", "1")]).map(drop)
    });
    let (mut batch, began) = (Batch::default(), Instant::now());
    stage.poll(&mut batch, Limit::records(10), Duration::from_secs(30)).unwrap();
    assert_eq!(batch.len(), 1);
    assert!(began.elapsed() < Duration::from_secs(10));
    writer.join().unwrap().unwrap();
}

#[test]
fn transactions_are_refused_out_of_order() {
    let log = created(Embedded::in_memory().unwrap());
    let mut stage = log.stage("group", &[TOPIC]).unwrap();
    let check = |refused: Result<(), LogError>, message: &str| assert_eq!(refused.unwrap_err().to_string(), message);
    check(stage.commit(), "no transaction is open; begin one first");
    check(stage.seek(TOPIC, 0, 0), "deal-closed, partition 0, was not started; start it before a seek");
    stage.begin().unwrap();
    check(stage.commit(), "a transaction without offsets is fenced by nothing; send the offset of every input partition first");
    stage.send_offsets(&[(TOPIC, 0, 0)]).unwrap();
    check(stage.begin(), "a transaction is open already; commit or abort it first");
    let _newer = log.stage("group", &[TOPIC]).unwrap();
    check(stage.commit(), "another worker of this process has taken group over; let that one go on");
}

#[test]
fn a_record_over_the_limit_is_refused_by_its_size() {
    let settings = EmbeddedSettings { maximum_record_bytes: 10, ..EmbeddedSettings::default() };
    let log = created(Embedded::with_backend(InMemoryBackend::new(), settings).unwrap());
    append(&log, TOPIC, &[("12345", "67890")]).unwrap();
    let error = append(&log, TOPIC, &[("a", "1"), ("12345", "678901")]).unwrap_err();
    assert!(matches!(error, LogError::TooLarge(_)));
    assert_eq!(
        error.to_string(),
        "a record of 11 bytes for deal-closed is larger than the log takes (10 bytes); raise maximum_record_bytes or make \
         the record smaller"
    );
    assert_eq!(log.end(TOPIC, 0).unwrap(), 1);
}
