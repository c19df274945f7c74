//! `accrue up` is killed at each named crash point, started again, and fed the same file again: in the end nothing is
//! lost, and nothing is counted twice.

mod support;

use std::path::Path;
use support::story::{DEALS, Step, Story, Worker, accrue, components, error_text, succeeded, text, totals};

/// A point, armed so that it is passed in the middle, and the step in which `up` dies there.
const POINTS: [(&str, &str); 14] = [
    ("before-begin:20", "ingest"),
    ("after-fold:20", "ingest"),
    ("mid-send:50", "ingest"),
    ("after-send:20", "ingest"),
    ("after-drain:20", "ingest"),
    ("after-offsets:20", "ingest"),
    ("after-commit:20", "ingest"),
    ("mid-store:20", "ingest"),
    ("after-store:20", "ingest"),
    ("mid-recredit:3", "publish"),
    ("mid-round", "close"),
    ("mid-close", "close"),
    ("mid-release", "release"),
    ("mid-restore:2", "start"),
];

#[test]
fn killed_at_any_point_up_ends_as_if_nothing_had_happened() {
    let story = Story::new();
    story.begin(&["--data", &story.text("test-base")]);
    let expected = told(&story, "test-undisturbed", None);
    for component in components() {
        assert!(expected.contains(&format!(",{component},")), "{component} earns nothing");
    }
    for (point, step) in POINTS {
        let ended = told(&story, &format!("test-{}", point.replace(':', "-")), Some((point, step)));
        assert!(ended == expected, "{point}: the totals differ:\n{ended}\nnot\n{expected}");
    }
}

/// As `docs/operations/backup.md` says: the log's file alone, in an empty directory.
#[test]
fn a_copy_of_the_log_is_a_backup() {
    let story = Story::new();
    story.begin(&["--data", &story.text("test-base")]);
    let (log, data) = (["--data", &story.text("test-base")], story.text("test-restored"));
    for step in story.steps() {
        succeeded(&[step.name()], &step.run(&log));
    }
    std::fs::create_dir(&data).unwrap();
    std::fs::copy(story.path("test-base").join("log.redb"), Path::new(&data).join("log.redb")).unwrap();
    let up = start(&story, "test-restored", None);
    let restored = ["--data", data.as_str()];
    assert_eq!(totals(&restored), totals(&log));
    every_line_is_counted(&story, &restored);
    up.stop();
    let verified = accrue(&[&["verify"], &restored[..]].concat());
    assert!(text(&verified).ends_with(" totals, 0 differ\n"), "{}", error_text(&verified));
}

/// Tells the story on a copy of its beginning, and returns the totals.
fn told(story: &Story, name: &str, crash: Option<(&str, &str)>) -> String {
    copy(&story.path("test-base"), &story.path(name));
    let data = story.text(name);
    let log = ["--data", data.as_str()];
    let mut up = start(story, name, crash.map(|(point, _)| point));
    let mut died_in = None;
    settle(&log, &mut up);
    if up.has_ended() {
        died_in = Some("start".to_owned());
        up = again(story, name, up);
    }
    for step in story.steps() {
        if !ran(&step, &log, &mut up) {
            assert_eq!(died_in.replace(step.name().to_owned()), None, "{name} died twice");
            up = again(story, name, up);
            step.repeat(&log);
        }
    }
    assert_eq!(died_in.as_deref(), crash.map(|(_, step)| step), "{name}: {}", up.said());
    every_line_is_counted(story, &log);
    up.stop();
    let verified = accrue(&[&["verify"], &log[..]].concat());
    assert!(text(&verified).ends_with(" totals, 0 differ\n"), "{name}: {}{}", text(&verified), error_text(&verified));
    totals(&log)
}

fn start(story: &Story, name: &str, crash_at: Option<&str>) -> Worker {
    let says = story.path(&format!("{name}.log"));
    Worker::start(&["up", "--data", &story.text(name), "--batch", "10"], crash_at, says)
}

/// Only a kill is an end that the story goes on after.
fn again(story: &Story, name: &str, mut dead: Worker) -> Worker {
    dead.was_killed();
    let up = start(story, name, None);
    assert!(up.said().contains("up: "), "{name}: {}", up.said());
    up
}

/// Whether `up` has lived through the step and all that follows from it.
fn ran(step: &Step, log: &[&str], up: &mut Worker) -> bool {
    let output = step.run(log);
    if !output.status.success() {
        let said = error_text(&output);
        up.wait_until(&format!("it dies, which alone excuses that {} failed: {said}", step.name()), Worker::has_ended);
    }
    settle(log, up);
    !up.has_ended()
}

/// Until everything is folded, which a command that reads waits for, or `up` has died.
fn settle(log: &[&str], up: &mut Worker) {
    let output = accrue(&[&["rejects", "list"], log].concat());
    if !output.status.success() {
        let said = error_text(&output);
        up.wait_until(&format!("it dies, which alone excuses {said}"), Worker::has_ended);
    }
}

/// The whole file once more: every line is known.
fn every_line_is_counted(story: &Story, log: &[&str]) {
    let file = story.text("deals.jsonl");
    let arguments = [&["ingest", &file, "--json"], log].concat();
    let ingested = accrue(&arguments);
    succeeded(&arguments, &ingested);
    let summary: serde_json::Value = serde_json::from_str(text(&ingested).lines().last().unwrap()).unwrap();
    assert_eq!((&summary["duplicate"], &summary["counted"]), (&DEALS.into(), &0.into()), "{summary}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
