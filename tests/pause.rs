//! `accrue pause` and `resume`, and the signals that say the same: what comes meanwhile waits in the log, and nothing is lost.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;
use support::application::{Application, held};
use support::story::{Story, Worker, accrue, command, error_text, succeeded, totals};

const PAYEES: usize = 700;
/// Long enough for what is not paused to be folded.
const WHILE_PAUSED: Duration = Duration::from_secs(2);

fn address(worker: &mut Worker) -> String {
    let said = |worker: &Worker| {
        let said = worker.said().replace('\n', " ");
        said.split_once("metrics at http://").and_then(|(_, rest)| Some(rest.split_once("/metrics")?.0.to_owned()))
    };
    worker.wait_until("it says where", |worker| said(worker).is_some());
    said(worker).unwrap()
}

/// Whether it is ready, and how many stages are paused.
fn readiness(address: &str) -> (bool, usize) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.contains("\"ready\":true"), answer.matches("\"paused\":true").count())
}

#[test]
fn up_pauses_between_transactions_and_goes_on() {
    let story = Story::of(PAYEES);
    let expected = story.undisturbed();
    let data = story.text("test-paused");
    let log = ["--data", data.as_str()];
    story.begin(&log);
    let nobody = accrue(&["pause", "--data", &data]);
    assert_eq!(nobody.status.code(), Some(69), "{}", error_text(&nobody));
    assert!(error_text(&nobody).replace('\n', " ").contains("pauses at the signal USR1"), "{}", error_text(&nobody));
    let worker = accrue(&["resume", "--config", "kafka.toml"]);
    assert_eq!(worker.status.code(), Some(2), "{}", error_text(&worker));
    assert!(error_text(&worker).replace('\n', " ").contains("kubectl exec POD -- kill -USR2 1"), "{}", error_text(&worker));
    let mut up = Worker::start(&["up", "--data", &data, "--listen", "127.0.0.1:0"], None, story.path("up.log"));
    let address = address(&mut up);
    up.wait_until("it is ready", |_| readiness(&address) == (true, 0));
    succeeded(&["pause"], &accrue(&["pause", "--data", &data]));
    assert_eq!(readiness(&address), (false, 2));
    let mut steps = story.steps().into_iter();
    let first = story.text("deals.jsonl");
    steps.next();
    let mut ingest = command(&["ingest", &first, log[0], log[1]]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(WHILE_PAUSED);
    assert!(ingest.try_wait().unwrap().is_none(), "what was ingested is folded");
    succeeded(&["resume"], &accrue(&["resume", "--data", &data]));
    assert!(ingest.wait().unwrap().success());
    up.wait_until("it is ready again", |_| readiness(&address) == (true, 0));
    for step in steps {
        succeeded(&[step.name()], &step.run(&log));
    }
    assert_eq!(totals(&log), expected);
    up.stop();
}

#[test]
fn a_paused_worker_keeps_its_place_and_what_it_is_given_waits() {
    let story = Story::of(PAYEES);
    let expected = story.undisturbed();
    let application = Application::new(&story, "paused", 2);
    let config = application.config(1);
    let log = ["--config", config.as_str()];
    let mut worker = application.run(1, None);
    let other = application.run(2, None);
    story.begin(&log);
    let has = |worker: &Worker, count: usize| ["crediting", "earning"].iter().all(|stage| held(worker, stage).len() == count);
    worker.wait_until("they share", |worker| has(worker, 1));
    worker.signal(libc::SIGUSR1);
    worker.wait_until("it is paused", |worker| worker.said().matches("paused: nothing is folded").count() == 2);
    other.stop();
    worker.wait_until("it has what the other had", |worker| has(worker, 2));
    let before = totals(&log);
    for step in story.steps().into_iter().take(3) {
        succeeded(&[step.name()], &step.run(&log));
    }
    std::thread::sleep(WHILE_PAUSED);
    assert_eq!(totals(&log), before);
    assert!(!worker.has_ended(), "{}", worker.said());
    worker.signal(libc::SIGUSR2);
    for step in story.steps().into_iter().skip(3) {
        succeeded(&[step.name()], &step.run(&log));
    }
    application.ends_with(&expected, &mut [&mut worker]);
    worker.stop();
}
