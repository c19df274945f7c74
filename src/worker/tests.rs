//! The step machine on a toy stage: whatever happens on the way, everything is counted exactly once.

mod alarms;
mod faulty;
mod limits;
mod panics;
mod support;
mod toy;
mod troubles;

use super::Stop;
use super::commit_record::{COMMIT_KEY, Sealed};
use super::crash::{CrashError, CrashPoints, POINTS};
use crate::domain::topic::Topic;
use crate::log::{Append, Assigned, Client, LogError, Records};
use crate::store::Layout;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Bench, GROUP, INPUTS, PARTITIONS, STAGE, settle};

#[test]
fn deals_are_counted_and_an_idle_partition_works_facts_off() {
    let mut bench = Bench::new();
    bench.append_many(40);
    let mut machine = bench.run();
    bench.check_exactly_once("deals");
    bench.append_fact();
    settle(&mut machine).unwrap();
    bench.check_exactly_once("fact");
    assert!(bench.totals().values().all(|total| *total > toy::FACT_ADDS), "{:?}", bench.totals());
    let status = bench.status.stage(STAGE);
    assert!(status.idle);
    for partition in 0..PARTITIONS {
        let held = &status.partitions[&partition];
        assert_eq!((held.next(Topic::DealClosed), held.facts_next), (bench.log.end(Topic::DealClosed, partition).unwrap(), 1));
    }
    let ends = |bench: &Bench| (0..PARTITIONS).map(|p| bench.log.end(Topic::CreditingChangelog, p).unwrap()).collect::<Vec<_>>();
    let before = ends(&bench);
    settle(&mut machine).unwrap();
    assert_eq!(ends(&bench), before, "nothing to write commits nothing");
}

#[test]
fn a_crash_at_any_point_loses_and_repeats_nothing() {
    for point in POINTS.into_iter().filter(|point| *point != "mid-rebuild") {
        for time in 1..=3 {
            let what = format!("{point}:{time}");
            let mut bench = Bench::new();
            bench.layout = [Layout::Listed, Layout::Packed][time as usize % 2];
            bench.limits.batch_records = 5;
            bench.limits.work_budget_keys = 2;
            bench.append_many(25);
            bench.run();
            bench.append_many(60);
            (0..4).for_each(|_| bench.append_fact());
            if point == "in-revoke" {
                let all = Assigned { given: (0..PARTITIONS).collect(), taken: Vec::new() };
                bench.faults.lock().unwrap().assignments.push_back((time, all));
            }
            let mut machine = bench.machine(CrashPoints::simulated(&what).unwrap());
            let mut crashed = settle(&mut machine);
            let reached = time == 1 || !matches!(point, "in-revoke" | "mid-round" | "mid-close" | "mid-release");
            // The store's writer, a thread, may come to its point when the machine is idle.
            let patience = Instant::now() + Duration::from_secs(60);
            while reached && crashed.is_ok() && point.ends_with("-store") && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(1));
                crashed = settle(&mut machine);
            }
            assert!(!reached || is_end(&crashed), "{what}: {crashed:?}");
            drop(machine);
            bench.append_many(5);
            bench.run();
            bench.check_exactly_once(&what);
        }
    }
}

/// The machine ended itself, or lost the store's writer that did.
fn is_end(result: &Result<(), Stop>) -> bool {
    matches!(result, Err(Stop::Crashed(_) | Stop::Storage(_)))
}

/// What the log answers, with its text.
type Answer = fn(String) -> LogError;

#[test]
fn what_the_log_answers_is_tried_again_or_restored() {
    let abort: Answer = LogError::Abort;
    let cases: &[(&str, Answer)] = &[
        ("begin", abort),
        ("poll", abort),
        ("send", abort),
        ("drain", abort),
        ("send_offsets", abort),
        ("commit", abort),
        ("commit", LogError::Doubt),
        ("drain", LogError::Doubt),
        ("assigned", LogError::Unavailable),
        ("send", LogError::Unavailable),
        ("send", LogError::TooLarge),
    ];
    for (call, error) in cases {
        for times in [1, 4] {
            let mut bench = Bench::new();
            bench.append_many(40);
            bench.append_fact();
            bench.faults.lock().unwrap().ordered.extend(std::iter::repeat_n((*call, *error), times));
            bench.run();
            bench.check_exactly_once(&format!("{} at {call}, {times} times", error(String::new())));
            assert!(bench.faults.lock().unwrap().ordered.is_empty());
        }
    }
}

#[test]
fn an_abort_that_fails_is_restored() {
    for error in [LogError::Abort, LogError::Doubt] as [fn(String) -> LogError; 2] {
        let mut bench = Bench::new();
        bench.append_many(40);
        bench.faults.lock().unwrap().ordered.extend([("send", LogError::Abort as fn(String) -> LogError), ("abort", error)]);
        bench.run();
        bench.check_exactly_once("abort");
    }
}

#[test]
fn a_commit_whose_answer_is_lost_is_not_repeated() {
    let mut bench = Bench::new();
    bench.append_many(40);
    bench.faults.lock().unwrap().lost_answers = 2;
    bench.run();
    bench.check_exactly_once("lost answer");
}

#[test]
fn a_fenced_or_failed_log_ends_the_stage() {
    let cases: [(Answer, u8, &str); 3] = [
        (LogError::Fenced, 75, "fenced: ordered fault of commit"),
        (LogError::Storage, 74, "ordered fault of commit"),
        (LogError::Settings, 78, "ordered fault of commit"),
    ];
    for (error, code, text) in cases {
        let mut bench = Bench::new();
        bench.append_many(3);
        bench.faults.lock().unwrap().ordered.push_back(("commit", error));
        let stop = settle(&mut bench.machine(CrashPoints::default())).unwrap_err();
        assert_eq!((stop.exit_code(), stop.to_string().as_str()), (code, text));
    }
}

#[test]
fn partitions_that_go_and_come_back_are_counted_once() {
    for calls in [3, 5, 8] {
        let mut bench = Bench::new();
        (bench.limits.batch_records, bench.limits.work_budget_keys) = (5, 2);
        bench.append_many(60);
        bench.append_fact();
        let moves = [(vec![], vec![1]), (vec![], vec![0, 2]), (vec![2], vec![]), (vec![0, 1], vec![2]), (vec![2], vec![])];
        let moves = moves.map(|(given, taken)| (calls, Assigned { given, taken }));
        bench.faults.lock().unwrap().assignments.extend(moves);
        let mut machine = bench.machine(CrashPoints::default());
        while !bench.faults.lock().unwrap().assignments.is_empty() {
            machine.step(Instant::now()).unwrap();
            bench.append_fact();
        }
        bench.append_many(20);
        settle(&mut machine).unwrap();
        bench.check_exactly_once(&format!("moved every {calls} steps"));
        assert_eq!(bench.status.stage(STAGE).partitions.len(), PARTITIONS as usize);
    }
}

#[test]
fn a_second_worker_fences_the_first() {
    let mut bench = Bench::new();
    let mut first = bench.run();
    bench.append_many(3);
    let taken_over = bench.log.stage(GROUP, &[Topic::DealClosed, Topic::QuotaChanged]).unwrap();
    let stop = settle(&mut first).unwrap_err();
    assert_eq!(stop.exit_code(), 75);
    drop(taken_over);
    drop(first);
    bench.run();
    bench.check_exactly_once("fenced");
}

#[test]
fn a_store_that_is_gone_damaged_or_wrong_comes_back_from_the_changelog() {
    let remove: fn(&Bench) = |bench| std::fs::remove_dir_all(bench.store_path()).unwrap();
    let damage: fn(&Bench) = |bench| {
        for file in ["conf", "db"] {
            std::fs::write(bench.store_path().join(file), b"no longer what it was").unwrap();
        }
    };
    let wrong_state: fn(&Bench) = |bench| change_store(bench, "test/crediting", |bytes| bytes.push(b'7'));
    let ways = [("removed", remove), ("damaged", damage), ("wrong state", wrong_state)];
    let layouts = [Layout::Listed, Layout::Packed];
    for ((what, spoil), layout) in ways.into_iter().flat_map(|way| layouts.map(|layout| (way, layout))) {
        let mut bench = Bench::new();
        bench.layout = layout;
        // What stands behind the store's position is read again anyway: that must not be all.
        bench.limits.batch_records = 5;
        bench.append_many(40);
        drop(bench.run());
        spoil(&bench);
        bench.append_many(20);
        drop(bench.run());
        bench.check_exactly_once(what);
        let once = |labels: String| if what == "wrong state" { vec![labels + " 1"] } else { vec![] };
        let wiped = once(format!("{{reason=\"digest_mismatch\",stage=\"{STAGE}\"}}"));
        assert_eq!(bench.counted("accrue_store_wiped_total"), wiped, "{what}");
        assert_eq!(
            bench.counted("accrue_hash_mismatches_total"),
            once(format!("{{stage=\"{STAGE}\",what=\"store\"}}")),
            "{what}"
        );
        // The state is whole again: nothing is wiped any more.
        let crash = Arc::new(CrashPoints::default());
        let opened = bench.store(&crash).open_partition(0, "test/crediting", 1).unwrap();
        assert!(opened.wiped.is_none() && opened.digest.live_keys > 0, "{what}");
    }
}

/// Changes one state behind the engine's back.
fn change_store(bench: &Bench, owner: &str, change: fn(&mut Vec<u8>)) {
    let store = bench.store(&Arc::new(CrashPoints::default()));
    let opened = store.open_partition(0, owner, 1).unwrap();
    let key = opened.reader.keys_between(b"", None, 1).unwrap().remove(0);
    let mut state = opened.reader.get(&key).unwrap().unwrap();
    change(&mut state);
    let change = crate::store::Change { key: key.into(), state: Some(state.into()) };
    store.fill(0, vec![change], None).unwrap();
}

#[test]
fn a_store_ahead_of_the_log_is_wiped() {
    let mut bench = Bench::new();
    bench.append_many(40);
    drop(bench.run());
    // The same store under another, shorter log.
    let mut other = Bench::new();
    std::mem::swap(&mut bench.directory, &mut other.directory);
    other.append_many(10);
    drop(other.run());
    other.check_exactly_once("another log");
}

#[test]
fn a_changelog_that_does_not_add_up_is_an_alarm_of_its_partition_only() {
    let mut bench = Bench::new();
    bench.append_many(40);
    drop(bench.run());
    let mut records = Records::default();
    records.push(Some(b"deal-of-nobody"), Some(b"5"));
    bench.log.append(&[Append { topic: Topic::CreditingChangelog, partition: 1, records: &records }]).unwrap();
    drop(bench.run());
    check_alarm(
        &bench,
        1,
        "crediting-changelog holds states that do not add up to its last commit record; end the workers and run \
         `accrue rebuild --stage crediting --partition 1`",
    );
    assert!(bench.status.stage(STAGE).partitions[&0].alarm.is_none());
    // What is stored goes with the changelog for the same reason, before that is read alone.
    let both = ["changelog", "store"].map(|what| format!("{{stage=\"{STAGE}\",what=\"{what}\"}} 1"));
    assert_eq!(bench.counted("accrue_hash_mismatches_total"), both);
}

fn check_alarm(bench: &Bench, partition: u32, message: &str) {
    let alarm = bench.status.stage(STAGE).partitions[&partition].alarm.clone();
    assert_eq!(alarm.map(|stuck| stuck.reason).as_deref(), Some(message));
}

#[test]
fn a_group_that_stands_elsewhere_is_an_alarm() {
    let mut bench = Bench::new();
    bench.append_many(40);
    drop(bench.run());
    let next = bench.log.end(Topic::DealClosed, 2).unwrap();
    commit_offset(&bench, (Topic::DealClosed, 2, 1));
    drop(bench.run());
    let message = format!(
        "group test.crediting stands at 1 of deal-closed, the commit record at {next}; set the group's offset back to {next}"
    );
    check_alarm(&bench, 2, &message);
    commit_offset(&bench, (Topic::DealClosed, 2, next));
    bench.append_many(20);
    drop(bench.run());
    bench.check_exactly_once("set back");
}

#[test]
fn a_group_without_a_commit_record_is_an_alarm() {
    let bench = Bench::new();
    commit_offset(&bench, (Topic::QuotaChanged, 0, 0));
    drop(bench.run());
    let message = "group test.crediting stands at 0 of quota-changed, but crediting-changelog holds no commit record; \
                   bring crediting-changelog back from a backup";
    check_alarm(&bench, 0, message);
}

#[test]
fn an_input_that_comes_with_a_version_begins_at_its_start() {
    let mut bench = Bench::new();
    bench.inputs = &INPUTS[..1];
    bench.append_many(20);
    drop(bench.run());
    bench.append_quota();
    bench.inputs = &INPUTS;
    bench.append_many(20);
    bench.append_quota();
    for what in ["with another input", "once more"] {
        drop(bench.run());
        assert_eq!(bench.status.stage(STAGE).partitions.values().filter(|of| of.alarm.is_some()).count(), 0, "{what}");
        bench.check_exactly_once(what);
    }
}

#[test]
fn a_commit_record_that_lacks_an_input_of_the_group_is_an_alarm() {
    let mut bench = Bench::new();
    bench.inputs = &INPUTS[..1];
    bench.append_many(20);
    drop(bench.run());
    commit_offset(&bench, (Topic::QuotaChanged, 0, 0));
    bench.inputs = &INPUTS;
    drop(bench.run());
    check_alarm(&bench, 0, "the commit record does not name quota-changed; start the engine version that wrote it");
}

fn commit_offset(bench: &Bench, offset: (Topic, u32, u64)) {
    use crate::log::StageLog;
    let mut stage = bench.log.stage(GROUP, &[Topic::DealClosed, Topic::QuotaChanged]).unwrap();
    stage.begin().unwrap();
    stage.send_offsets(&[offset]).unwrap();
    stage.commit().unwrap();
}

#[test]
fn what_lacks_facts_waits_while_other_partitions_go_on() {
    let mut bench = Bench::new();
    bench.append(&["later-1"]);
    bench.append_many(20);
    let mut machine = bench.run();
    assert!(!bench.totals().contains_key("later-1"));
    assert!(!bench.totals().is_empty());
    assert!(!bench.status.stage(STAGE).idle);
    bench.append_fact();
    bench.append_fact();
    settle(&mut machine).unwrap();
    bench.check_exactly_once("later");
}

#[test]
fn commit_records_chain_without_gaps() {
    let mut bench = Bench::new();
    bench.limits.batch_records = 5;
    for _ in 0..3 {
        bench.append_many(20);
        drop(bench.run());
    }
    let batch = bench.read(Topic::CreditingChangelog, 0);
    let commits: Vec<Sealed> = batch
        .rows()
        .iter()
        .filter(|row| batch.key(row) == Some(COMMIT_KEY))
        .map(|row| Sealed::read(batch.value(row).unwrap()).unwrap())
        .collect();
    assert!(commits.windows(2).all(|pair| pair[0].leads_to(&pair[1])));
    assert!(commits.last().unwrap().record.epoch >= 1);
}

#[test]
fn outcomes_wait_for_their_commit() {
    let mut bench = Bench::new();
    bench.run();
    assert_eq!(bench.tap.outcomes(Topic::DealClosed, 0, 0..1, Duration::from_millis(5)), None);
    bench.append_many(40);
    bench.run();
    // The second machine started at 0, so that its ring reaches back to it.
    assert_eq!(bench.tap.outcomes(Topic::DealClosed, 0, 0..1, Duration::ZERO), Some(Vec::new()));
}

#[test]
fn crash_points_are_for_tests_only() {
    let refused = |text, place| CrashPoints::from_text(Some(text), place).unwrap_err();
    assert_eq!(refused("mid-send", "/var/lib/accrue"), CrashError::NotATest);
    assert_eq!(
        refused("mid-send", "/var/lib/accrue").to_string(),
        "ACCRUE_CRASH_AT is refused: neither the data directory nor the application id contains \"test\""
    );
    assert!(
        refused("mid-air", "test")
            .to_string()
            .starts_with("ACCRUE_CRASH_AT: no crash point \"mid-air\"; the points are before-begin, after-fold")
    );
    assert!(matches!(refused("mid-send:0", "test"), CrashError::Unknown(_)));
    assert!(CrashPoints::from_text(None, "/var/lib/accrue").is_ok());
    assert!(CrashPoints::from_text(Some("mid-send:3"), "a-test").is_ok());
}
