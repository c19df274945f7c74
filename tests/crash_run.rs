//! `accrue run` on a real broker: every command's story told there, and told again with a worker that is killed in the
//! middle of its transactions. Nothing is lost, nothing is counted twice.

mod support;

use support::application::Application;
use support::story::{Story, accrue, succeeded, text, totals};

#[test]
fn killed_in_the_middle_run_ends_as_if_nothing_had_happened() {
    let story = Story::new();
    let expected = story.undisturbed();
    for (number, point) in ["after-send:20", "after-offsets:20", "after-commit:20"].into_iter().enumerate() {
        let application = Application::new(&story, &format!("killed{number}"), 2);
        let config = application.config(1);
        let log = ["--config", config.as_str()];
        let mut worker = application.run(1, Some(point));
        story.begin(&log);
        let mut steps = story.steps().into_iter();
        let ingest = steps.next().unwrap();
        succeeded(&[ingest.name()], &ingest.run(&log));
        worker.was_killed();
        let mut worker = application.run(1, None);
        succeeded(&[ingest.name()], &ingest.run(&log));
        for step in steps {
            succeeded(&[step.name()], &step.run(&log));
        }
        application.ends_with(&expected, &mut [&mut worker]);
        worker.stop();
    }
}

#[test]
fn every_command_works_on_a_broker() {
    let story = Story::new();
    let expected = story.undisturbed();
    let application = Application::new(&story, "story", 2);
    let config = application.config(1);
    let log = ["--config", config.as_str()];
    let mut worker = application.run(1, None);
    story.begin(&log);
    for step in story.steps() {
        let output = step.run(&log);
        succeeded(&[step.name()], &output);
        if step.name() == "ingest" {
            assert_eq!(text(&output), "600 lines appended, 0 refused before that\n");
        }
    }
    application.ends_with(&expected, &mut [&mut worker]);
    for (arguments, says) in [
        (&["board"][..], "p00"),
        (&["attainment", "--payee", "p001"], "new-arr"),
        (&["statement", "p001"], "COMM"),
        (&["payouts", "--period", "2026-01"], "COMM"),
        (&["export", "payouts", "2026-01"], ",COMM,REGULAR,"),
        (&["payroll", "2026-01"], "unpaid"),
        (&["rejects", "list"], ""),
        (&["topics"], "deal-closed"),
    ] {
        let output = accrue(&[arguments, &log].concat());
        succeeded(arguments, &output);
        assert!(text(&output).contains(says), "{arguments:?}: {}", text(&output));
    }
    worker.stop();
    application.run(1, None).stop();
    assert_eq!(totals(&log), expected);
}
