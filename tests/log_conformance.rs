//! One suite for every implementation of the log's seam: the embedded log, and Kafka on a real broker. The cases that
//! only Kafka can have are in `tests/log_kafka.rs`.

mod support;

use accrue::domain::topic::Topic;
use accrue::log::embedded::{Embedded, EmbeddedSettings};
use accrue::log::kafka::{Kafka, KafkaSettings};
use accrue::log::{Client, LogError, StageLog};
use std::time::{Duration, Instant};
use support::records::{append, contents, records, take};

const DEALS: Topic = Topic::DealClosed;
const QUOTAS: Topic = Topic::QuotaChanged;
const INPUTS: [Topic; 2] = [DEALS, QUOTAS];

/// One opening of a log.
struct Log {
    client: Box<dyn Client>,
    stage: Box<dyn Fn() -> Result<Box<dyn StageLog>, LogError>>,
    /// Until an owner that does not move is given up.
    stall: Duration,
}

impl Log {
    /// The stage with all partitions started at their committed positions.
    fn owner(&self) -> Box<dyn StageLog> {
        let mut stage = (self.stage)().unwrap();
        let (mut assigned, deadline) = (Vec::new(), Instant::now() + Duration::from_secs(60));
        while assigned.len() < 2 {
            assert!(Instant::now() < deadline, "given {assigned:?}");
            assigned.extend(stage.assigned(Duration::from_secs(1)).unwrap().given);
        }
        for partition in assigned {
            let positions = INPUTS.map(|topic| (topic, self.committed(topic, partition).unwrap_or(0)));
            stage.start(partition, &positions).unwrap();
        }
        stage
    }

    fn committed(&self, topic: Topic, partition: u32) -> Option<u64> {
        self.client.committed(&group(), topic, partition).unwrap()
    }

    fn contents(&self, topic: Topic) -> String {
        contents(self.client.as_ref(), topic, 0)
    }

    /// A commit is decided a moment before it can be read.
    #[track_caller]
    fn check(&self, topic: Topic, expected: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.contents(topic) != expected && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(self.contents(topic), expected);
    }
}

thread_local! {
    static GROUP: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

fn group() -> String {
    GROUP.with_borrow(Clone::clone)
}

/// Runs a case on both logs; it opens them as often as it likes, one at a time.
fn on_both(name: &str, case: impl Fn(&dyn Fn() -> Log)) {
    let directory = tempfile::tempdir().unwrap();
    GROUP.set("group".into());
    case(&|| {
        // As large as that of Kafka's settings.
        let settings = EmbeddedSettings { maximum_record_bytes: 1 << 20, ..EmbeddedSettings::default() };
        let log = Embedded::open(directory.path(), settings).unwrap();
        log.create_topics(2).unwrap();
        let client = log.clone();
        let stage = move || Ok(Box::new(log.stage("group", &INPUTS)?) as Box<dyn StageLog>);
        Log { client: Box::new(client), stage: Box::new(stage), stall: Duration::ZERO }
    });
    let mut settings = support::broker::settings(name);
    (settings.maximum_poll_interval_ms, settings.session_timeout_ms) = (8_000, 4_000);
    GROUP.set(format!("{}group", settings.topic_prefix));
    case(&|| kafka(settings.clone()));
}

fn kafka(settings: KafkaSettings) -> Log {
    let log = Kafka::connect(settings).unwrap();
    log.create_topics(2).unwrap();
    let (client, group) = (log.clone(), group());
    let stage = move || Ok(Box::new(log.stage(&group, &INPUTS)?) as Box<dyn StageLog>);
    Log { client: Box::new(client), stage: Box::new(stage), stall: Duration::from_secs(13) }
}

fn transact(stage: &mut dyn StageLog, outputs: &[(Topic, &str)], offsets: &[(Topic, u32, u64)]) -> Result<(), LogError> {
    stage.begin()?;
    for (topic, text) in outputs {
        stage.send(*topic, 0, &records(text))?;
    }
    stage.drain()?;
    stage.send_offsets(offsets)?;
    stage.commit()
}

#[test]
fn a_transaction_is_atomic_over_topics() {
    on_both("atomic", |open| {
        let log = open();
        let mut stage = log.owner();
        stage.begin().unwrap();
        stage.send(Topic::Accrual, 0, &records("a=1")).unwrap();
        stage.send(Topic::Attainment, 0, &records("a=1")).unwrap();
        stage.drain().unwrap();
        stage.send_offsets(&[(DEALS, 0, 0)]).unwrap();
        stage.abort().unwrap();
        assert_eq!((log.contents(Topic::Accrual), log.contents(Topic::Attainment)), (String::new(), String::new()));
        assert_eq!(log.committed(DEALS, 0), None);

        transact(stage.as_mut(), &[(Topic::Accrual, "a=2 b=3"), (Topic::Attainment, "a=2")], &[(DEALS, 0, 0)]).unwrap();
        log.check(Topic::Accrual, "a=2 b=3");
        log.check(Topic::Attainment, "a=2");
        assert_eq!(log.committed(DEALS, 0), Some(0));
    });
}

#[test]
fn positions_are_committed_with_the_outputs_and_survive_a_restart() {
    on_both("positions", |open| {
        let log = open();
        append(log.client.as_ref(), DEALS, 0, "a=1 b=2 c=3");
        append(log.client.as_ref(), QUOTAS, 0, "q=1");
        append(log.client.as_ref(), DEALS, 1, "z=1");
        assert_eq!(log.committed(DEALS, 0), None);
        let mut stage = log.owner();
        assert_eq!(take(stage.as_mut(), 5), "a=1 b=2 c=3 q=1 z=1");
        transact(stage.as_mut(), &[(Topic::Accrual, "x=1")], &[(DEALS, 0, 2), (QUOTAS, 0, 1), (DEALS, 1, 0), (QUOTAS, 1, 0)])
            .unwrap();
        let committed =
            |log: &Log| [(DEALS, 0), (QUOTAS, 0), (DEALS, 1), (QUOTAS, 1)].map(|(topic, at)| log.committed(topic, at));
        assert_eq!(committed(&log), [Some(2), Some(1), Some(0), Some(0)]);
        drop((stage, log));

        let log = open();
        assert_eq!(committed(&log), [Some(2), Some(1), Some(0), Some(0)]);
        log.check(DEALS, "a=1 b=2 c=3");
        log.check(Topic::Accrual, "x=1");
        let mut stage = log.owner();
        assert_eq!(take(stage.as_mut(), 2), "c=3 z=1");
        stage.seek(DEALS, 0, 1).unwrap();
        assert_eq!(take(stage.as_mut(), 2), "b=2 c=3");
        append(log.client.as_ref(), DEALS, 0, "d=4");
        assert_eq!(take(stage.as_mut(), 1), "d=4");
    });
}

#[test]
fn an_append_is_durable_and_says_where_it_begins() {
    on_both("append", |open| {
        let log = open();
        append(log.client.as_ref(), Topic::Facts, 0, "a=1 b=2");
        drop(log);
        let log = open();
        let end = log.client.end(Topic::Facts, 0).unwrap();
        assert_eq!(append(log.client.as_ref(), Topic::Facts, 0, "c=3"), end);
        assert_eq!(log.contents(Topic::Facts), "a=1 b=2 c=3");
        assert_eq!(log.client.start(Topic::Facts, 0).unwrap(), 0);
        assert_eq!((log.client.partitions(Topic::Facts).unwrap(), log.client.partitions(DEALS).unwrap()), (1, 2));
        log.client.trim(Topic::Facts, 0, 1).unwrap();
        assert_eq!((log.client.start(Topic::Facts, 0).unwrap(), log.contents(Topic::Facts)), (1, "b=2 c=3".into()));
    });
}

#[test]
fn tombstones_headers_and_records_without_a_key_come_back() {
    on_both("shapes", |open| {
        let log = open();
        let mut written = accrue::log::batch::Records::default();
        written.push(Some(b"k"), None);
        written.push(None, Some(b"v"));
        written.push_with_headers(Some(b"k"), Some(b""), vec![("why".into(), b"because".to_vec()), ("none".into(), Vec::new())]);
        log.client.append(&[accrue::log::Append { topic: Topic::Rejected, partition: 0, records: &written }]).unwrap();
        let mut batch = accrue::log::Batch::default();
        while batch.len() < 3 {
            let from = batch.rows().last().map_or(0, |row| row.position.offset + 1);
            log.client.read(Topic::Rejected, 0, from, 1, &mut batch).unwrap();
        }
        for (row, record) in batch.rows().iter().zip(written.iter()) {
            assert_eq!((batch.key(row), batch.value(row), row.headers.as_slice()), (record.key, record.value, record.headers));
            assert!(row.timestamp_ms > 1_700_000_000_000, "stamped by the log");
        }
    });
}

#[test]
fn an_oversized_record_is_refused_and_nothing_else() {
    on_both("oversized", |open| {
        let log = open();
        let mut large = records("a=1");
        large.push(Some(b"b"), Some(&vec![b'x'; 1 << 20]));
        let append = log.client.append(&[accrue::log::Append { topic: DEALS, partition: 0, records: &large }]);
        let refused = append.unwrap_err();
        assert!(matches!(refused, LogError::TooLarge(_)), "{refused:?}");
        assert!(refused.to_string().ends_with(
            "deal-closed is larger than the log takes (1048576 bytes); raise maximum_record_bytes or make the record smaller"
        ));
        let mut stage = log.owner();
        stage.begin().unwrap();
        assert!(matches!(stage.send(Topic::Accrual, 0, &large), Err(LogError::TooLarge(_))));
        stage.abort().unwrap();
        let mut fitting = records("a=1");
        fitting.push(Some(b"b"), Some(&vec![b'x'; 999_999]));
        stage.begin().unwrap();
        stage.send(Topic::Accrual, 0, &fitting).unwrap();
        stage.drain().unwrap();
        stage.send_offsets(&[(DEALS, 0, 0)]).unwrap();
        stage.commit().unwrap();
        log.check(Topic::Accrual, &format!("a=1 b={}", "x".repeat(999_999)));
        assert_eq!(log.contents(DEALS), "");
    });
}

#[test]
fn a_reader_never_sees_what_is_not_committed() {
    on_both("invisible", |open| {
        let log = open();
        let mut stage = log.owner();
        transact(stage.as_mut(), &[(Topic::Accrual, "a=1")], &[(DEALS, 0, 0)]).unwrap();
        log.check(Topic::Accrual, "a=1");
        let end = log.client.end(Topic::Accrual, 0).unwrap();
        stage.begin().unwrap();
        stage.send(Topic::Accrual, 0, &records("b=2")).unwrap();
        stage.drain().unwrap();
        assert_eq!((log.client.end(Topic::Accrual, 0).unwrap(), log.contents(Topic::Accrual)), (end, "a=1".into()));
        stage.send_offsets(&[(DEALS, 0, 0)]).unwrap();
        assert_eq!((log.client.end(Topic::Accrual, 0).unwrap(), log.contents(Topic::Accrual)), (end, "a=1".into()));
        stage.commit().unwrap();
        log.check(Topic::Accrual, "a=1 b=2");
    });
}

#[test]
fn an_older_owner_is_refused() {
    on_both("older", |open| {
        let log = open();
        let mut older = log.owner();
        older.begin().unwrap();
        older.send(Topic::Accrual, 0, &records("old=1")).unwrap();
        older.drain().unwrap();
        older.send_offsets(&[(DEALS, 0, 7)]).unwrap();
        std::thread::sleep(log.stall);
        let mut newer = log.owner();
        transact(newer.as_mut(), &[(Topic::Accrual, "new=1")], &[(DEALS, 0, 1)]).unwrap();
        let refused = older.commit().unwrap_err();
        assert!(matches!(refused, LogError::Fenced(_)), "{refused:?}");
        transact(newer.as_mut(), &[(Topic::Accrual, "new=2")], &[(DEALS, 0, 2)]).unwrap();
        log.check(Topic::Accrual, "new=1 new=2");
        assert_eq!(log.committed(DEALS, 0), Some(2));
    });
}

#[test]
fn a_transaction_without_offsets_is_refused() {
    on_both("trap", |open| {
        let log = open();
        let mut stage = log.owner();
        let refused = transact(stage.as_mut(), &[(Topic::Accrual, "a=1")], &[]).unwrap_err();
        assert!(matches!(refused, LogError::Abort(_)));
        assert_eq!(
            refused.to_string(),
            "a transaction without offsets is fenced by nothing; send the offset of every input partition first"
        );
        stage.abort().unwrap();
        transact(stage.as_mut(), &[(Topic::Accrual, "a=2")], &[(DEALS, 0, 0)]).unwrap();
        log.check(Topic::Accrual, "a=2");
    });
}
