//! `accrue rebuild` of the earning stage: what its changelog has lost, and what stands in its way in `credits`, is built again
//! from the inputs and from what was published, behind closes, releases, draws, tranches, adjustments and settlements; what
//! is said next follows on what was said.

mod support;

use accrue::domain::topic::Topic;
use accrue::log::embedded::{Embedded, EmbeddedSettings};
use accrue::log::{Append, Batch, Client, Records};
use accrue::worker::commit_record::COMMIT_KEY;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use support::application::{Application, held};
use support::story::{Step, Story, Worker, accrue, command, deals, error_text, succeeded, text, totals};

const STATES: Topic = Topic::EarningChangelog;
const PAYEES: usize = 700;
const ALARM: &str = "end the workers and run `accrue rebuild --stage earning --partition 0`";

fn embedded(data: &str) -> Embedded {
    Embedded::open(Path::new(data), EmbeddedSettings::default()).unwrap()
}

/// The story without what is paid on what others earn: no directors, and no share in what a team earns.
fn without_earnings_of_others() -> Story {
    let story = Story::of(PAYEES);
    for company in ["company", "moved"] {
        let read = |name: &str| std::fs::read_to_string(story.path(&format!("{company}/{name}"))).unwrap();
        let measures = read("measures.toml");
        let credits = measures.split("[[measure]]").filter(|of| !of.contains("\nof = \"earned\""));
        story.write(&format!("{company}/measures.toml"), &credits.collect::<Vec<_>>().join("[[measure]]"));
        story.write(&format!("{company}/payees.csv"), &read("payees.csv").replace(",director,", ",manager,"));
        std::fs::remove_file(story.path(&format!("{company}/plans/director.2026-01-01.toml"))).unwrap();
        for (plan_id, measure) in [("development", "team-sourced"), ("enterprise", "team-expansion")] {
            let name = format!("plans/{plan_id}.2026-01-01.toml");
            let plan = read(&name);
            let own = plan.split("[[component]]").filter(|of| !of.contains(measure));
            story.write(&format!("{company}/{name}"), &own.collect::<Vec<_>>().join("[[component]]"));
        }
    }
    story
}

/// The newest state of each key of a partition.
fn stored(log: &dyn Client, partition: u32) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let (mut batch, mut next) = (Batch::default(), log.start(STATES, partition).unwrap());
    while next < log.end(STATES, partition).unwrap() {
        next = log.read(STATES, partition, next, 1 << 20, &mut batch).unwrap();
    }
    let mut states = BTreeMap::new();
    for row in batch.rows().iter().filter(|row| batch.key(row) != Some(COMMIT_KEY)) {
        match batch.value(row) {
            Some(state) => drop(states.insert(batch.key(row).unwrap().to_vec(), state.to_vec())),
            None => drop(states.remove(batch.key(row).unwrap())),
        }
    }
    states
}

fn append(log: &dyn Client, (topic, partition): (Topic, u32), records: &Records) {
    log.append(&[Append { topic, partition, records }]).unwrap();
}

/// Of every ten states one is lost and one is none; and one is nobody's.
fn damage(log: &dyn Client, partition: u32) -> usize {
    let mut records = Records::default();
    for (at, key) in stored(log, partition).keys().enumerate().filter(|(at, _)| at % 10 < 2) {
        records.push(Some(key), Some(b"\x09".as_slice()).filter(|_| at % 10 == 1));
    }
    records.push(Some(b"of-nobody\0fiscal\x002026-Q1"), Some(b"?"));
    append(log, (STATES, partition), &records);
    records.len()
}

/// A record of `credits` that is none.
fn obstruct(log: &dyn Client) {
    let mut records = Records::default();
    records.push(None, Some(b"no credits"));
    append(log, (Topic::Credits, 0), &records);
}

fn rebuild(log: &[&str], options: &[&str], code: i32, told: &[&str]) {
    rebuild_of("0", log, options, code, told);
}

fn rebuild_of(partition: &str, log: &[&str], options: &[&str], code: i32, told: &[&str]) {
    let output = accrue(&[&["rebuild", "--partition", partition], options, log].concat());
    let said = text(&output) + &error_text(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for told in told {
        assert!(said.replace('\n', " ").contains(told), "{told}: {said}");
    }
}

const EARNING: [&str; 2] = ["--stage", "earning"];
const COMPARED: [&str; 3] = ["--stage", "earning", "--dry-run"];

fn ingest(log: &[&str], file: &str) -> std::process::Output {
    accrue(&[&["ingest", file], log].concat())
}

/// The commands that close and release a period.
fn pay(log: &[&str], period: &str) {
    let close = ["close", period, "--wait", "--yes", "--author", "ann"];
    let release = ["release", period, "--author", "lee"];
    for arguments in [&close[..], &release] {
        succeeded(arguments, &accrue(&[arguments, log].concat()));
    }
}

fn stands_still(log: &[&str], file: &str) {
    let refused = ingest(log, file);
    let said = error_text(&refused).replace('\n', " ");
    assert_eq!(refused.status.code(), Some(74), "{said}");
    assert!(said.contains(ALARM), "{said}");
}

fn is_verified(log: &[&str]) -> bool {
    text(&accrue(&[&["verify"], log].concat())).ends_with(" totals, 0 differ\n")
}

#[test]
fn earning_comes_back_from_the_inputs_and_from_what_was_published() {
    comes_back(&without_earnings_of_others());
}

/// All partitions of earning together.
#[test]
fn what_payees_earn_for_each_other_comes_back_too() {
    comes_back(&Story::of(PAYEES));
}

fn comes_back(story: &Story) {
    let more = story.write("more.jsonl", &deals("more", 80));
    let last = story.write("last.jsonl", &deals("last", 40));
    let play = |log: &[&str], disturbed: bool| {
        story.begin(log);
        if disturbed {
            rebuild(log, &COMPARED, 0, &[", 0 differ", "nothing was written"]);
        }
        for step in story.steps() {
            succeeded(&[step.name()], &step.run(log));
        }
        if disturbed {
            rebuild(log, &["--dry-run"], 0, &["crediting partition 0", "earning partition 0", ", 0 differ"]);
            let before = stored(&embedded(log[1]), 0);
            let told = format!(", {} differ", damage(&embedded(log[1]), 0));
            rebuild(log, &COMPARED, 1, &[&told, "is not in the changelog", "cannot be read", "does not add up"]);
            rebuild(log, &EARNING, 0, &[&told, "everything again when it starts"]);
            assert_eq!(stored(&embedded(log[1]), 0).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
            rebuild(log, &COMPARED, 0, &["what it counts and earns was not compared", ", 0 differ"]);
            // Behind what the others go on with.
            damage(&embedded(log[1]), 0);
            stands_still(log, &more);
            rebuild(log, &["--dry-run"], 1, &["crediting partition 0", "does not add up"]);
            rebuild(log, &[], 0, &["nothing was to be written", "everything again when it starts"]);
        }
        succeeded(&["ingest"], &ingest(log, &more));
        if disturbed {
            assert!(is_verified(log));
            rebuild(log, &COMPARED, 0, &[", 0 differ"]);
            obstruct(&embedded(log[1]));
            stands_still(log, &last);
            rebuild(log, &COMPARED, 1, &["it cannot go on: credits, partition 0, offset"]);
            // Broken off it is begun again.
            let broken_off = [&["rebuild", "--partition", "0"], log].concat();
            let output = command(&broken_off).env("ACCRUE_CRASH_AT", "mid-rebuild").output().unwrap();
            assert_eq!(output.status.signal(), Some(libc::SIGKILL), "{}", error_text(&output));
            stands_still(log, &last);
            rebuild(log, &COMPARED, 1, &["does not add up"]);
            rebuild(log, &EARNING, 0, &["it cannot go on", "everything again when it starts"]);
        }
        succeeded(&["ingest"], &ingest(log, &last));
        pay(log, "2026-02");
        totals(log)
    };
    let data = story.text("test-base");
    let expected = play(&["--data", &data], false);
    let data = story.text("test-rebuilt");
    let log = ["--data", data.as_str()];
    assert_eq!(play(&log, true), expected);
    assert!(is_verified(&log));
    rebuild(&log, &["--dry-run"], 0, &[", 0 differ"]);
}

/// The log alone, as another directory's.
fn copied(story: &Story, from: &str, name: &str) -> [String; 2] {
    std::fs::create_dir(story.path(name)).unwrap();
    std::fs::copy(Path::new(from).join("log.redb"), story.path(name).join("log.redb")).unwrap();
    ["--data".into(), story.text(name)]
}

/// `up` dies at a point of the close, if it comes by.
fn dies_in_the_close(story: &Story, name: &str, point: &str) -> bool {
    let says = story.path(&format!("{name}.log"));
    let mut up = Worker::start(&["up", "--data", &story.text(name), "--batch", "10"], Some(point), says);
    let close = story.steps().into_iter().find(|step| step.name() == "close").unwrap();
    if close.run(&["--data", &story.text(name)]).status.success() {
        up.stop();
        return false;
    }
    up.wait_until("it dies, which alone excuses that close failed", Worker::has_ended);
    up.was_killed();
    true
}

fn closes(step: &Step) -> bool {
    ["close", "release"].contains(&step.name())
}

#[test]
fn in_the_middle_of_a_close_earning_comes_back_unless_the_partition_has_paid_some() {
    let story = Story::of(PAYEES);
    let base = story.text("test-before-the-close");
    let log = ["--data", base.as_str()];
    story.begin(&log);
    for step in story.steps().iter().filter(|step| !closes(step)) {
        succeeded(&[step.name()], &step.run(&log));
    }
    let expected = story.undisturbed();
    let dies = |name: &str, point: &str, damaged: &[u32]| {
        let [option, data] = copied(&story, &base, name);
        assert!(dies_in_the_close(&story, name, point), "{point}");
        for partition in damaged {
            damage(&embedded(&data), *partition);
        }
        [option, data]
    };
    // The first partition is in its first round, then the second one; then the first one has paid some, or all, and the
    // second one nothing.
    let paid = "end the workers and run `accrue rebuild --stage earning --partition 1`";
    for (name, point, damaged, alarm) in [
        ("test-round", "mid-round", &[0, 1][..], None),
        ("test-second-round", "mid-round:2", &[1], None),
        ("test-paid", "mid-close", &[1], Some(paid)),
    ] {
        let log = dies(name, point, damaged);
        let log = [log[0].as_str(), log[1].as_str()];
        if let Some(alarm) = alarm {
            let told = "earning partition 0 is in the middle of a close, a reopening or a release; start the workers";
            rebuild_of("1", &log, &EARNING, 78, &[told]);
            let mut up = Worker::start(&["up", "--data", log[1], "--batch", "10"], None, story.path("test-paid.up"));
            up.wait_until("it has an alarm", |up| up.said().replace('\n', " ").contains(alarm));
            let arguments = [&["rebuild", "--partition", "1"], &COMPARED[..], &log].concat();
            up.wait_until("the other one is through", |_| !error_text(&accrue(&arguments)).contains("start the workers"));
            up.stop();
        }
        // Whichever is named.
        let other = format!("partition {} stands still, too", damaged[damaged.len() - 1]);
        let told = "payees earn for each other: all partitions of earning are rebuilt together";
        rebuild_of("0", &log, &EARNING, 0, &[told, &other, "everything again when it starts"]);
        story.steps().iter().filter(|step| closes(step)).for_each(|step| step.repeat(&log));
        assert!(totals(&log) == expected, "{point}: the totals differ");
        assert!(is_verified(&log), "{point}");
    }
    let log = dies("test-paying", "mid-close", &[0]);
    let told = "earning partition 0 is in the middle of a close, a reopening or a release, and which payees are through";
    rebuild(&[&log[0], &log[1]], &EARNING, 78, &[told]);
}

#[test]
fn on_kafka_earning_is_rebuilt_beside_no_worker() {
    let story = Story::of(PAYEES);
    let expected = story.undisturbed();
    let application = Application::new(&story, "rebuilt-earning", 2);
    let config = application.config(1);
    let log = ["--config", config.as_str()];
    let mut worker = application.run(1, None);
    story.begin(&log);
    let client = application.client();
    worker.wait_until("it has folded them", |_| stored(&client, 0).len() > 30 && is_verified(&log));
    worker.stop();
    let told = format!(", {} differ", damage(&client, 0));
    let mut worker = application.run(1, None);
    worker.wait_until("it has an alarm", |worker: &mut Worker| worker.said().replace('\n', " ").contains(ALARM));
    worker.wait_until("it has the other partition", |worker| held(worker, "earning").contains(&1));
    assert!(!worker.has_ended() && !held(&worker, "earning").contains(&0), "{}", worker.said());
    rebuild(&log, &COMPARED, 1, &[&told, "nothing was written"]);
    rebuild(&log, &EARNING, 78, &["end all of them"]);
    worker.stop();
    rebuild(&log, &[], 0, &["nothing was to be written", &told, "everything again when it starts"]);
    let mut worker = application.run(1, None);
    for step in story.steps() {
        succeeded(&[step.name()], &step.run(&log));
    }
    application.ends_with(&expected, &mut [&mut worker]);
    worker.stop();
}
