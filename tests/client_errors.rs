//! What the Kafka client answers to calls that fail, met on a real broker, and what becomes of it: the rows of the table
//! in ARCHITECTURE.md that no other test meets. Topics that are set to lose data are refused before that.

mod support;

use accrue::domain::topic::Topic;
use accrue::log::kafka::{Kafka, KafkaSettings, KafkaStage};
use accrue::log::{Append, Batch, Client, Limit, LogError, Records, StageLog};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use support::application::Application;
use support::broker;
use support::proxy::Fault;
use support::records::{append, records, take};
use support::stage::{DEALS, INPUTS, OUT, QUOTAS, begin, check, filled, group, opened, owner, proxied, start_assigned, transact};
use support::story::{PATIENCE, Story, accrue, error_text, succeeded};

/// The proxy is one for the whole program.
static PROXY: Mutex<()> = Mutex::new(());

#[track_caller]
fn refused<T>(answer: Result<T, LogError>) -> String {
    match answer.err() {
        Some(LogError::Settings(text)) => text,
        other => panic!("not refused as a setting: {other:?}"),
    }
}

/// Aborts and transacts as a worker does: what was dropped may be told of the next transaction, too, and after an abort that
/// fails everything is started anew.
#[track_caller]
fn do_again(log: &Kafka, settings: &KafkaSettings, stage: &mut KafkaStage, text: &str, next: u64) {
    for _ in 0..4 {
        if stage.abort().is_err() {
            start_assigned(log, settings, stage);
        }
        match transact(stage, text, next) {
            Ok(()) => return,
            Err(LogError::Abort(why)) => println!("again: {why}"),
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("aborted again and again");
}

/// What makes settings wrong.
type Change<'c> = &'c dyn Fn(&mut KafkaSettings);

#[test]
fn topics_that_do_not_fit_are_refused_with_the_fix() {
    let (log, settings) = opened("refused");
    let prefix = &settings.topic_prefix;
    assert_eq!(
        refused(log.create_topics(3)),
        format!(
            "topic {prefix}deal-closed has 2 partitions, not 3; set partitions = 2 if all inputs have as many, or use another \
             topic prefix"
        ),
    );
    let replicated = Kafka::connect(KafkaSettings { replication: 2, ..settings.clone() }).unwrap();
    assert_eq!(
        refused(replicated.create_topics(2)),
        format!(
            "topic {prefix}deal-closed has 1 replicas, fewer than 2; add replicas with kafka-reassign-partitions, or lower \
             replication"
        ),
    );
    assert_eq!(
        refused(log.stage("unequal", &[DEALS, Topic::Facts])),
        format!(
            "{prefix}deal-closed has 2 partitions and {prefix}facts has 1; inputs need as many: create the topics anew with one \
             count"
        ),
    );
    let loses = "which would lose data";
    let cases = [
        (DEALS, "retention.ms", "1000", "-1", loses),
        (DEALS, "retention.bytes", "1000000", "-1", loses),
        (DEALS, "cleanup.policy", "compact", "delete", loses),
        (DEALS, "cleanup.policy", "compact,delete", "delete", loses),
        (DEALS, "unclean.leader.election.enable", "true", "false", loses),
        (DEALS, "max.message.bytes", "900000", "1114112", "too little for a record of maximum_record_bytes"),
        (Topic::CreditingChangelog, "cleanup.policy", "delete", "compact", loses),
        (Topic::EarningChangelog, "cleanup.policy", "compact,delete", "compact", loses),
        (Topic::Facts, "retention.ms", "604800000", "-1", loses),
    ];
    for (number, (topic, key, value, wanted, wrong)) in cases.into_iter().enumerate() {
        let prefix = format!("{prefix}{number}-");
        let name = format!("{prefix}{}", topic.name());
        // By itself the broker forgets after a week.
        let right = if topic.compacted() { ("cleanup.policy", "compact") } else { ("retention.ms", "-1") };
        let config = [right, (key, value)];
        let config = if right.0 == key { &config[1..] } else { &config };
        broker::create_topic(&settings.brokers, &name, topic.partitions(2) as i32, config);
        let log = Kafka::connect(KafkaSettings { topic_prefix: prefix, ..settings.clone() }).unwrap();
        println!("{topic:?} {key} = {value}");
        assert_eq!(
            refused(log.create_topics(2)),
            format!(
                "topic {name} has {key} = {value}, {wrong}; set {key} = {wanted}: kafka-configs --alter --entity-type topics \
                 --entity-name {name} --add-config {key}={wanted}"
            )
        );
    }
}

#[test]
fn a_worker_does_not_start_on_topics_that_would_lose_data() {
    let story = Story::of(20);
    let application = Application::new(&story, "forgetful", 2);
    let name = application.topic("deal-closed");
    broker::create_topic(&broker::brokers(), &name, 2, &[("retention.ms", "86400000")]);
    let run = accrue(&["run", "--listen", "none", "--config", &application.config(1)]);
    let said = error_text(&run).replace('\n', " ");
    assert_eq!(run.status.code(), Some(78), "{said}");
    assert!(said.contains(&format!("topic {name} has retention.ms = 86400000, which would lose data; ")), "{said}");
    assert!(said.contains(&format!("--entity-name {name} --add-config retention.ms=-1")), "{said}");
}

/// Starts and polls until the stage says what is wrong.
fn until_refused(log: &Kafka, settings: &KafkaSettings, stage: &mut KafkaStage) -> LogError {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        assert!(Instant::now() < deadline, "nothing is wrong");
        for partition in stage.assigned(Duration::from_millis(100)).unwrap().given {
            let at = |topic| log.committed(&group(settings), topic, partition).unwrap().unwrap_or(0);
            stage.start(partition, &INPUTS.map(|topic| (topic, at(topic)))).unwrap();
        }
        if let Err(error) = stage.poll(&mut Batch::default(), Limit::records(10), Duration::from_millis(50)) {
            return error;
        }
    }
}

#[test]
fn a_position_that_was_deleted_is_named_with_what_is_left() {
    let (log, settings) = filled("deleted");
    let mut stage = owner(&log, &settings);
    transact(&mut stage, "a=1", 2).unwrap();
    drop(stage);
    log.trim(DEALS, 0, 5).unwrap();
    let mut stage = log.stage(&group(&settings), &INPUTS).unwrap();
    let expected = format!(
        "{}deal-closed, partition 0, is to be read from 2 on, but begins at 5: 3 records were deleted before they were read; bring \
         the topic back from a backup or a mirror, and look who deletes records of it",
        settings.topic_prefix
    );
    assert_eq!(refused(Err::<(), _>(until_refused(&log, &settings, &mut stage))), expected);
    // A plain read, as that of the facts.
    assert_eq!(refused(log.read(DEALS, 0, 2, 100, &mut Batch::default())), expected);
}

#[test]
fn a_worker_whose_input_was_deleted_ends_and_says_which() {
    let story = Story::of(20);
    let application = Application::new(&story, "gone", 2);
    let config = application.config(1);
    let log = ["--config", config.as_str()];
    let worker = application.run(1, None);
    story.begin(&log);
    let (client, group) = (application.client(), application.group("crediting"));
    let (end, deadline) = (client.end(DEALS, 0).unwrap(), Instant::now() + PATIENCE);
    // The last offset is that of the marker of the commit.
    let stands = end - 1;
    while client.committed(&group, DEALS, 0).unwrap() != Some(stands) {
        assert!(Instant::now() < deadline, "{}", worker.said());
        std::thread::sleep(Duration::from_millis(50));
    }
    worker.stop();
    let more = ["ingest", &story.text("deals.jsonl")];
    succeeded(&more, &accrue(&[&more[..], &log].concat()));
    let deleted = client.end(DEALS, 0).unwrap() - 1;
    client.trim(DEALS, 0, deleted).unwrap();
    let worker = application.start(1, None);
    let says = application.topic("deal-closed");
    let says =
        format!("{says}, partition 0, is to be read from {stands} on, but begins at {deleted}: {} records", deleted - stands);
    let mut worker = worker;
    worker.wait_until("it has ended", support::story::Worker::has_ended);
    let said = worker.said().replace('\n', " ");
    assert!(said.contains(&says), "{said}\nnot: {says}");
    assert_eq!(worker.exit_code(), Some(78));
}

#[test]
fn a_record_that_only_the_broker_finds_too_large_is_told_so() {
    let settings = broker::settings("small");
    for (topic, config) in [(DEALS, &[][..]), (QUOTAS, &[]), (OUT, &[("max.message.bytes", "2000")])] {
        broker::create_topic(&settings.brokers, &format!("{}{}", settings.topic_prefix, topic.name()), 2, config);
    }
    let log = Kafka::connect(settings.clone()).unwrap();
    // It must not become small on its way.
    let mut noise = vec![0; 5_000];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    let mut large = records("a=1");
    large.push(Some(b"b"), Some(&noise));
    let check_said = |error: LogError| {
        assert!(matches!(error, LogError::TooLarge(_)), "{error:?}");
        let said = error.to_string();
        assert!(said.contains("raise maximum_record_bytes and the topic's max.message.bytes"), "{said}");
    };
    let mut stage = owner(&log, &settings);
    stage.begin().unwrap();
    stage.send(OUT, 0, &large).unwrap();
    check_said(stage.drain().unwrap_err());
    check_said(log.append(&[Append { topic: OUT, partition: 0, records: &large }]).unwrap_err());
    do_again(&log, &settings, &mut stage, "c=3", 0);
    check(&log, "c=3");
}

#[test]
fn topics_that_are_not_there_or_cannot_be_are_settings() {
    let settings = broker::settings("absent");
    let prefix = settings.topic_prefix.clone();
    let log = Kafka::connect(settings.clone()).unwrap();
    let said = refused(log.end(OUT, 0));
    assert!(said.starts_with(&format!("look up the end of {prefix}accrual: ")), "{said}");
    assert!(said.contains("correct the topics or the permissions at "), "{said}");
    let (there, _) = opened("present");
    assert!(refused(there.end(DEALS, 7)).starts_with("look up the end of present-"), "a partition that is not there");
    let said = refused(log.read(Topic::Facts, 0, 0, 100, &mut Batch::default()));
    assert!(said.starts_with(&format!("look up the end of {prefix}facts: ")), "{said}");
    let cases: [(&str, Change<'_>, u32); 4] = [
        ("InvalidReplicationFactor", &|settings| settings.replication = 2, 2),
        ("InvalidConfig", &|settings| settings.maximum_record_bytes = 3_000_000_000, 2),
        ("InvalidTopic", &|settings| settings.topic_prefix = "no topic".into(), 2),
        // The broker's own limit of a request.
        ("PolicyViolation", &|_| {}, 9_000),
    ];
    for (code, change, partitions) in cases {
        let mut settings = settings.clone();
        change(&mut settings);
        let said = refused(Kafka::connect(settings.clone()).unwrap().create_topics(partitions));
        println!("{code}: {said}");
        assert!(said.starts_with(&format!("topic {}", settings.topic_prefix)), "{code}: {said}");
        assert!(said.ends_with("take the topic's settings, and correct replication"), "{code}: {said}");
    }
    assert!(refused(log.partitions(DEALS)).starts_with(&format!("there is no topic {prefix}deal-closed at ")), "nothing is made");
}

#[test]
fn a_broker_that_stops_answering_aborts_and_the_transaction_is_done_again() {
    let _alone = PROXY.lock().unwrap_or_else(PoisonError::into_inner);
    let proxy = &broker::own().proxy;
    let (log, _, settings) = proxied("silent");
    let settings = KafkaSettings { transaction_timeout_ms: 3_000, session_timeout_ms: 20_000, ..settings };
    // The client gives records up before the transaction's time is over, or this does.
    let early = [("message.timeout.ms".to_owned(), "1000".to_owned())].into();
    let early = KafkaSettings { properties: early, transaction_timeout_ms: 10_000, ..settings.clone() };
    let mut written = Vec::new();
    for (settings, says) in [(early, "MessageTimedOut"), (settings, "did not take the transaction in time")] {
        let through = Kafka::connect(settings.clone()).unwrap();
        let mut stage = owner(&through, &settings);
        let next = written.len() as u64 + 1;
        written.push(format!("{says}=1").replace(' ', "-"));
        transact(&mut stage, written.last().unwrap(), next).unwrap();
        stage.begin().unwrap();
        proxy.set(Fault::Silent);
        stage.send(OUT, 0, &records("lost=1")).unwrap();
        let timed_out = stage.drain();
        proxy.set(Fault::None);
        let timed_out = timed_out.unwrap_err();
        assert!(matches!(&timed_out, LogError::Abort(text) if text.contains(says)), "{timed_out:?}");
        written.push("again=1".into());
        do_again(&log, &settings, &mut stage, "again=1", next + 1);
        check(&log, &written.join(" "));
        assert_eq!(log.committed(&group(&settings), DEALS, 0).unwrap(), Some(next + 1));
    }
}

#[test]
fn connections_that_break_are_made_anew_while_a_stage_polls() {
    let _alone = PROXY.lock().unwrap_or_else(PoisonError::into_inner);
    let proxy = &broker::own().proxy;
    let (log, _, settings) = proxied("broken");
    let settings = KafkaSettings { session_timeout_ms: 20_000, ..settings };
    let through = Kafka::connect(settings.clone()).unwrap();
    let mut stage = owner(&through, &settings);
    assert_eq!(take(&mut stage, 5), "1=1 2=2 3=3 4=4 5=5");
    proxy.set(Fault::Cut);
    let lifted = std::thread::spawn(|| {
        std::thread::sleep(Duration::from_millis(700));
        broker::own().proxy.set(Fault::None);
    });
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1_500) {
        stage.poll(&mut Batch::default(), Limit::records(0), Duration::from_millis(20)).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    lifted.join().unwrap();
    append(&log, DEALS, 0, "6=6 7=7");
    assert_eq!(take(&mut stage, 2), "6=6 7=7");
}

#[test]
fn a_queue_that_is_full_is_waited_for() {
    let (_, settings) = filled("full");
    let log = Kafka::connect(KafkaSettings { producer_queue_records: 3, ..settings.clone() }).unwrap();
    let mut stage = owner(&log, &settings);
    let many: Vec<String> = (0..100).map(|number| format!("{number}={number}")).collect();
    transact(&mut stage, &many.join(" "), 1).unwrap();
    let mut with_headers = Records::default();
    for number in 0..20 {
        with_headers.push_with_headers(
            Some(b"h"),
            Some(number.to_string().as_bytes()),
            vec![("why".into(), b"because".to_vec())],
        );
    }
    stage.begin().unwrap();
    stage.send(OUT, 0, &with_headers).unwrap();
    stage.drain().unwrap();
    stage.send_offsets(&[(DEALS, 0, 2)]).unwrap();
    stage.commit().unwrap();
    let headed: Vec<String> = (0..20).map(|number| format!("h={number}")).collect();
    check(&log, &[many, headed].concat().join(" "));
}

#[test]
fn what_the_broker_does_not_take_spoils_its_transaction_alone() {
    let (log, settings) = filled("keyless");
    let mut stage = owner(&log, &settings);
    begin(&mut stage, "x=1").unwrap();
    // A compacted topic takes no record without a key: an error of delivery that is in no row.
    let mut keyless = Records::default();
    keyless.push(None, Some(b"v"));
    stage.send(Topic::Attainment, 0, &keyless).unwrap();
    let spoilt = stage.drain().unwrap_err();
    assert!(matches!(spoilt, LogError::Abort(_)), "{spoilt:?}");
    stage.abort().unwrap();
    transact(&mut stage, "a=1", 1).unwrap();
    check(&log, "a=1");
}
