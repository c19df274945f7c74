//! The broker itself goes away under workers at work, and comes back on the same port with its data: they wait and try
//! again, and in the end everything is counted once. It is this program's own broker.

mod support;

use accrue::domain::topic::Topic;
use accrue::log::Client;
use accrue::log::kafka::Kafka;
use std::time::{Duration, Instant};
use support::application::{Application, check_accrual_chains};
use support::broker::{self, Broker};
use support::story::{PATIENCE, Step, Story, Worker, error_text, succeeded};

const PARTITIONS: u32 = 2;
/// How long the broker stays away.
const AWAY: Duration = Duration::from_secs(3);

/// Whether a stage has sent states that are not committed yet.
fn is_open(log: &Kafka) -> bool {
    let places = [Topic::CreditingChangelog, Topic::EarningChangelog].into_iter();
    let mut places = places.flat_map(|topic| (0..PARTITIONS).map(move |partition| (topic, partition)));
    places.any(|(topic, at)| match (log.high_watermark(topic, at), log.end(topic, at)) {
        (Ok(sent), Ok(committed)) => sent > committed,
        // The client has yet to find the broker that came back.
        _ => false,
    })
}

/// Stops the workers in the middle of a transaction.
fn stop_in_transaction(log: &Kafka, workers: &[&mut Worker]) {
    let signal = |signal: i32| workers.iter().for_each(|worker| worker.signal(signal));
    let deadline = Instant::now() + PATIENCE;
    loop {
        signal(libc::SIGSTOP);
        if is_open(log) {
            return;
        }
        signal(libc::SIGCONT);
        assert!(Instant::now() < deadline, "no transaction is met");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Kills the broker while a transaction of a worker is open, and brings it back.
fn restart(broker: &Broker, log: &Kafka, workers: &mut [&mut Worker]) {
    stop_in_transaction(log, workers);
    broker.kill();
    workers.iter().for_each(|worker| worker.signal(libc::SIGCONT));
    std::thread::sleep(AWAY);
    for worker in workers.iter_mut() {
        assert!(!worker.has_ended(), "{}", worker.said());
    }
    let began = Instant::now();
    broker.start();
    println!("the broker is back after {} ms", began.elapsed().as_millis());
}

/// A command may have ended with the broker; it is told again until it has nothing to do.
fn repeated(step: &Step, log: &[&str]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let output = step.run(log);
        let said = error_text(&output);
        if output.status.success() || said.contains("already") {
            return;
        }
        assert!(Instant::now() < deadline, "{}: {said}", step.name());
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_broker_that_is_killed_under_workers_and_comes_back_changes_nothing() {
    let broker = broker::own();
    let story = Story::new();
    let expected = story.undisturbed();
    let application = Application::on(broker.address.clone(), &story, "restart", PARTITIONS);
    let config = application.config(1);
    let log = ["--config", config.as_str()];
    let [mut first, mut second] = [1, 2].map(|number| application.run(number, None));
    story.begin(&log);
    let client = application.client();
    let [deals, settlements, moved, close, release]: [Step; 5] = story.steps().try_into().ok().unwrap();

    // While deals are credited.
    std::thread::scope(|scope| {
        let told = scope.spawn(|| succeeded(&[deals.name()], &deals.run(&log)));
        stop_in_transaction(&client, &[&mut first, &mut second]);
        told.join().unwrap();
    });
    restart(broker, &client, &mut [&mut first, &mut second]);

    // Behind one that died in a transaction, which nobody else ends.
    second.stop();
    let mut second = application.start(2, Some("after-offsets"));
    succeeded(&[settlements.name()], &settlements.run(&log));
    second.was_killed();
    broker.kill();
    std::thread::sleep(AWAY);
    assert!(!first.has_ended(), "{}", first.said());
    broker.start();
    let mut second = application.run(2, None);

    // While credits are told anew, and while the period is closed.
    for step in [&moved, &close] {
        std::thread::scope(|scope| {
            let told = scope.spawn(|| step.run(&log));
            restart(broker, &client, &mut [&mut first, &mut second]);
            let told = told.join().unwrap();
            println!("{}: {:?} {}", step.name(), told.status.code(), error_text(&told));
        });
        repeated(step, &log);
    }
    repeated(&release, &log);
    application.ends_with(&expected, &mut [&mut first, &mut second]);
    check_accrual_chains(&client, PARTITIONS);
    for worker in [first, second] {
        let said = worker.said();
        assert!(said.contains("tried again"), "{said}");
        worker.stop();
    }
}
