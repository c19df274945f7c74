//! `accrue run` on a real broker: every command's story told there, and told again with a worker that is killed in the
//! middle of its transactions. Nothing is lost, nothing is counted twice, and only one worker works.

mod support;

use std::time::Instant;
use support::broker;
use support::story::{PATIENCE, Story, Worker, accrue, error_text, succeeded, text, totals};

/// Totals of the story on one machine: what every broker must end with.
fn undisturbed(story: &Story) -> String {
    let data = story.text("test-base");
    let log = ["--data", data.as_str()];
    story.begin(&log);
    for step in story.steps() {
        succeeded(&[step.name()], &step.run(&log));
    }
    totals(&log)
}

/// A config of an application of its own, on topics of its own.
fn config(story: &Story, name: &str) -> String {
    let prefix = broker::settings(name).topic_prefix;
    let (brokers, state) = (broker::brokers(), story.text(&format!("{name}-state")));
    let text = format!(
        "partitions = 2\n[limits]\nbatch_records = 10\n[kafka]\nbrokers = \"{brokers}\"\ntopic_prefix = \"{prefix}\"\n\
         application_id = \"test-{prefix}\"\nsession_timeout_ms = 6000\nreplication = 1\nstate_directory = \"{state}\"\n"
    );
    story.write(&format!("{name}.toml"), &text)
}

fn run(story: &Story, name: &str, config: &str, crash_at: Option<&str>) -> Worker {
    Worker::start(&["run", "--config", config], crash_at, story.path(&format!("{name}.log")))
}

fn at_work(worker: &Worker) {
    assert!(worker.said().contains("run: at work on "), "{}", worker.said());
}

/// Commands do not wait for the workers on Kafka; totals and verification come to be right.
fn ends_with(log: &[&str], expected: &str, worker: &mut Worker) {
    let deadline = Instant::now() + PATIENCE;
    while totals(log) != expected {
        assert!(!worker.has_ended(), "{}", worker.said());
        assert!(Instant::now() < deadline, "{}\nnot\n{expected}\n{}", totals(log), worker.said());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let verified = accrue(&[&["verify"], log].concat());
    assert!(text(&verified).ends_with(" totals, 0 differ\n"), "{}{}", text(&verified), error_text(&verified));
}

#[test]
fn killed_in_the_middle_run_ends_as_if_nothing_had_happened() {
    let story = Story::new();
    let expected = undisturbed(&story);
    for (number, point) in ["after-send:20", "after-offsets:20", "after-commit:20"].into_iter().enumerate() {
        let name = format!("killed{number}");
        let config = config(&story, &name);
        let log = ["--config", config.as_str()];
        let mut worker = run(&story, &name, &config, Some(point));
        at_work(&worker);
        story.begin(&log);
        let mut steps = story.steps().into_iter();
        let ingest = steps.next().unwrap();
        succeeded(&[ingest.name()], &ingest.run(&log));
        worker.was_killed();
        let mut worker = run(&story, &format!("{name}-again"), &config, None);
        at_work(&worker);
        succeeded(&[ingest.name()], &ingest.run(&log));
        for step in steps {
            succeeded(&[step.name()], &step.run(&log));
        }
        ends_with(&log, &expected, &mut worker);
        worker.stop();
    }
}

#[test]
fn every_command_works_on_a_broker_and_a_second_worker_is_refused() {
    let story = Story::new();
    let expected = undisturbed(&story);
    let config = config(&story, "story");
    let log = ["--config", config.as_str()];
    let mut worker = run(&story, "story", &config, None);
    at_work(&worker);
    story.begin(&log);
    for step in story.steps() {
        let output = step.run(&log);
        succeeded(&[step.name()], &output);
        if step.name() == "ingest" {
            assert_eq!(text(&output), "600 lines appended, 0 refused before that\n");
        }
    }
    ends_with(&log, &expected, &mut worker);
    for (arguments, says) in [
        (&["board"][..], "p00"),
        (&["attainment", "--payee", "p001"], "new-arr"),
        (&["statement", "p001"], "COMM"),
        (&["payouts", "--period", "2026-01"], "COMM"),
        (&["rejects", "list"], ""),
        (&["topics"], "deal-closed"),
    ] {
        let output = accrue(&[arguments, &log].concat());
        succeeded(arguments, &output);
        assert!(text(&output).contains(says), "{arguments:?}: {}", text(&output));
    }
    let second = accrue(&["run", "--config", &config]);
    let said = error_text(&second).replace('\n', " ");
    assert_eq!(second.status.code(), Some(75), "{said}");
    assert!(said.contains("already has a worker: "), "{said}");
    assert!(said.contains("one worker a group, stop that one first"), "{said}");
    assert!(!worker.has_ended(), "{}", worker.said());
    worker.stop();
    let again = run(&story, "again", &config, None);
    at_work(&again);
    again.stop();
    assert_eq!(totals(&log), expected);
}
