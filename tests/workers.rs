//! Several workers of `accrue run` on a real broker: they share partitions, hand them over when they end and take them over
//! when one dies; killed at every crash point, they end as if nothing had happened.

mod support;

use accrue::worker::crash::POINTS;
use std::collections::BTreeSet;
use std::process::Output;
use std::time::{Duration, Instant};
use support::application::{Application, SESSION_TIMEOUT_MS, check_accrual_chains, held};
use support::story::{PATIENCE, Step, Story, Worker, accrue, error_text, succeeded, totals};

const STAGES: [&str; 2] = ["crediting", "earning"];

/// Whether these workers have all partitions of both stages, each one of them once and none of them none.
fn have_all(workers: &[&Worker], partitions: u32) -> bool {
    STAGES.iter().all(|stage| {
        let of_each: Vec<BTreeSet<u32>> = workers.iter().map(|worker| held(worker, stage)).collect();
        let all: BTreeSet<u32> = of_each.iter().flatten().copied().collect();
        let count: usize = of_each.iter().map(BTreeSet::len).sum();
        of_each.iter().all(|held| !held.is_empty()) && all == (0..partitions).collect() && count == all.len()
    })
}

/// How long it takes until they have.
fn wait_until_all(what: &str, workers: &[&Worker], partitions: u32) -> Duration {
    let began = Instant::now();
    while !have_all(workers, partitions) {
        let said: Vec<String> = workers.iter().map(|worker| worker.said()).collect();
        assert!(began.elapsed() < PATIENCE, "{what}: {}", said.join("\n--\n"));
        std::thread::sleep(Duration::from_millis(10));
    }
    support::tell(&format!("{what}: {} ms", began.elapsed().as_millis()));
    began.elapsed()
}

#[test]
fn workers_share_hand_over_and_take_over() {
    let story = Story::new();
    let expected = story.undisturbed();
    let application = Application::new(&story, "shared", 4);
    let config = application.config(1);
    let log = ["--config", config.as_str()];
    let first = application.run(1, None);
    story.begin(&log);
    wait_until_all("a worker alone", &[&first], 4);
    let second = application.run(2, None);
    wait_until_all("a second worker joins", &[&first, &second], 4);
    let mut steps = story.steps().into_iter();
    let run = |step: Option<Step>| {
        let step = step.unwrap();
        succeeded(&[step.name()], &step.run(&log));
    };
    run(steps.next());
    run(steps.next());
    // Its end includes what it hands back.
    let began = Instant::now();
    first.stop();
    // What has ended has handed back: nobody waits for its session to expire.
    application.check_members(1);
    let handed_over = began.elapsed() + wait_until_all("after the end of the first", &[&second], 4);
    support::tell(&format!("handed over after SIGTERM: {} ms", handed_over.as_millis()));
    run(steps.next());
    let first = application.run(1, None);
    wait_until_all("the first comes back", &[&first, &second], 4);
    second.kill();
    // What the broker takes, and a machine that stands still for a moment.
    let limit = Duration::from_millis(SESSION_TIMEOUT_MS + 20_000) + Duration::from_secs(10);
    let taken_over = wait_until_all("taken over from the killed", &[&first], 4);
    assert!(taken_over < limit, "taken over after {taken_over:?}");
    // Killed with a transaction open, which the next owner has to wait for.
    let mut second = application.run(2, Some("after-offsets"));
    until_at_work(&mut second);
    let close = steps.next();
    // The close ends only when all partitions have done their part, so that it goes on beside the take-over.
    std::thread::scope(|scope| {
        let closing = scope.spawn(|| run(close));
        second.was_killed();
        // What a worker has is told every 100 ms.
        std::thread::sleep(Duration::from_millis(300));
        let taken_over = wait_until_all("taken over from one in a transaction", &[&first], 4);
        assert!(taken_over < limit, "taken over after {taken_over:?}");
        closing.join().unwrap();
    });
    let mut second = application.run(2, None);
    steps.for_each(|step| run(Some(step)));
    let mut first = first;
    application.ends_with(&expected, &mut [&mut first, &mut second]);
    first.stop();
    second.stop();
}

#[test]
fn of_two_workers_with_one_instance_id_one_ends_and_says_so() {
    let story = Story::new();
    let application = Application::new(&story, "same", 2);
    let mut older = application.run(1, None);
    wait_until_all("the older", &[&older], 2);
    // The same config once more: it cannot have the stores, and must not take the place of what works.
    let again = accrue(&["run", "--config", &application.config(1), "--listen", "none"]);
    assert_eq!(again.status.code(), Some(75));
    assert!(error_text(&again).replace('\n', " ").contains("is in use by another process"), "{}", error_text(&again));
    assert!(!older.has_ended(), "{}", older.said());
    let config = std::fs::read_to_string(application.config(1)).unwrap();
    let elsewhere = config.replace("-1-state", "-elsewhere-state");
    let elsewhere = story.write("elsewhere.toml", &elsewhere);
    let newer = Worker::start(&["run", "--config", &elsewhere], None, story.path("newer.log"));
    let said = |worker: &Worker| worker.said().replace('\n', " ");
    older.wait_until("it is fenced", Worker::has_ended);
    let told = said(&older);
    assert!(told.contains("fenced: ") && told.contains("another worker has taken over"), "{told}");
    assert!(told.contains("give each worker its own kafka.instance_id"), "{told}");
    assert_eq!(older.exit_code(), Some(75));
    wait_until_all("the newer", &[&newer], 2);
    newer.stop();
}

/// What happens while a worker waits to be killed.
#[derive(Clone, Copy)]
enum Event {
    Deals,
    /// A manager changes in the past.
    Move,
    Close(&'static str),
    Release,
    /// The other workers end, and this one is given what they had.
    Leave,
    /// Another worker is killed, too.
    TakeOver,
}

/// Every crash point of a worker, and what passes by it.
const ROUNDS: [(&str, Event); 15] = [
    ("before-begin:2", Event::Deals),
    ("after-fold", Event::Deals),
    ("mid-send", Event::Deals),
    ("after-send", Event::Deals),
    ("after-drain:2", Event::Deals),
    ("after-offsets", Event::Deals),
    ("after-commit", Event::Deals),
    ("mid-store", Event::Deals),
    ("after-store", Event::Deals),
    ("mid-recredit", Event::Move),
    ("in-revoke", Event::Leave),
    ("mid-round", Event::Close("2026-01")),
    ("mid-close", Event::Close("2026-02")),
    ("mid-release", Event::Release),
    ("mid-restore", Event::TakeOver),
];
const WORKERS: usize = 3;
const PARTITIONS: u32 = 5;
/// More than a close works off at a time, in each partition.
const PAYEES: usize = 1_500;

/// The commands of the rounds: told to the workers, and again on one machine.
struct Told<'s> {
    story: &'s Story,
    commands: Vec<Vec<String>>,
}

impl Told<'_> {
    fn arguments(&self, event: Event, round: usize) -> Option<Vec<String>> {
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
        match event {
            Event::Deals | Event::TakeOver => {
                let file = self.story.write(&format!("round-{round}.jsonl"), &support::story::deals(&format!("r{round}"), 60));
                words(&["ingest", &file])
            }
            Event::Move => words(&["publish", &self.story.text("moved"), "--yes", "--author", "hr"]),
            Event::Close(period) => words(&["close", period, "--wait", "--yes", "--author", "ann"]),
            Event::Release => words(&["release", "2026-01", "--author", "lee"]),
            Event::Leave => None,
        }
    }

    /// Runs a command beside what else happens.
    fn tell(&mut self, arguments: Vec<String>, config: &str) -> std::thread::JoinHandle<Output> {
        let all: Vec<String> = [arguments.as_slice(), &["--config".into(), config.into()]].concat();
        self.commands.push(arguments);
        std::thread::spawn(move || accrue(&all.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    fn undisturbed(&self) -> String {
        let data = self.story.text("test-rounds");
        let log = ["--data", data.as_str()];
        self.story.begin(&log);
        for arguments in &self.commands {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            succeeded(&arguments, &accrue(&[&arguments, &log[..]].concat()));
        }
        totals(&log)
    }
}

#[test]
fn workers_that_are_killed_at_every_crash_point_end_as_if_nothing_had_happened() {
    let story = Story::of(PAYEES);
    let application = Application::new(&story, "rounds", PARTITIONS);
    kill_rounds(&story, &application, |_, _| {}, |round| round % 2 == 1);
}

/// Each victim loses its disk, and comes back from changelogs that the broker has compacted; in the end all of them do.
#[test]
fn killed_workers_without_a_disk_come_back_from_compacted_changelogs() {
    let story = Story::of(PAYEES);
    let application = Application::new(&story, "compacted", PARTITIONS);
    application.create_compacted_changelogs();
    let log = application.client();
    let compact = |told: &mut Told<'_>, config: &str| {
        let began = Instant::now();
        for number in 0.. {
            let file = story.write(&format!("warm-{number}.jsonl"), &support::story::deals(&format!("warm-{number}"), 60));
            let output = told.tell(vec!["ingest".into(), file], config).join().unwrap();
            assert!(output.status.success(), "{}", error_text(&output));
            std::thread::sleep(Duration::from_millis(600));
            if application.is_compacted(&log) {
                support::tell(&format!("compacted after {} ms", began.elapsed().as_millis()));
                return;
            }
            assert!(began.elapsed() < PATIENCE, "the broker compacts nothing");
        }
    };
    kill_rounds(&story, &application, compact, |_| true);
}

fn until_at_work(victim: &mut Worker) {
    victim.wait_until("it has partitions, or has ended", |victim| {
        victim.has_ended() || STAGES.iter().all(|stage| !held(victim, stage).is_empty())
    });
}

/// Kills a worker at each point, beside others at work; `before` comes before the rounds, and victims of some rounds lose
/// their disk. In the end every worker does, totals are right, and so is every chain of accruals.
fn kill_rounds(
    story: &Story,
    application: &Application<'_>,
    before: impl FnOnce(&mut Told<'_>, &str),
    loses_disk: impl Fn(usize) -> bool,
) {
    // A rebuild is no work of a worker's, and is killed where it is tried.
    let of_workers = POINTS.into_iter().filter(|point| *point != "mid-rebuild");
    let covered: BTreeSet<&str> = ROUNDS.iter().filter_map(|(point, _)| point.split(':').next()).collect();
    assert_eq!(covered, of_workers.collect());
    let config = application.config(1);
    let mut workers: Vec<Option<Worker>> = (1..=WORKERS).map(|number| Some(application.run(number, None))).collect();
    story.begin(&["--config", &config]);
    let mut told = Told { story, commands: Vec::new() };
    before(&mut told, &config);
    for (round, (point, event)) in ROUNDS.into_iter().enumerate() {
        let all: Vec<&Worker> = workers.iter().flatten().collect();
        wait_until_all(&format!("before {point}"), &all, PARTITIONS);
        let (armed, other) = (round % WORKERS, (round + 1) % WORKERS);
        workers[armed].take().unwrap().stop();
        if matches!(event, Event::TakeOver) {
            workers[other].take().unwrap().kill();
        }
        let mut victim = application.start(armed + 1, Some(point));
        until_at_work(&mut victim);
        let command = told.arguments(event, round).map(|arguments| told.tell(arguments, &config));
        if matches!(event, Event::Leave) {
            workers.iter_mut().filter_map(Option::take).for_each(Worker::stop);
        }
        victim.was_killed();
        if loses_disk(round) {
            application.wipe(armed + 1);
        }
        for (number, worker) in workers.iter_mut().enumerate().filter(|(_, worker)| worker.is_none()) {
            *worker = Some(application.run(number + 1, None));
        }
        if let Some(command) = command {
            let output = command.join().unwrap();
            assert!(output.status.success(), "{point}: {}", error_text(&output));
        }
    }
    let expected = told.undisturbed();
    let mut workers: Vec<Worker> = workers.into_iter().flatten().collect();
    application.ends_with(&expected, &mut workers.iter_mut().collect::<Vec<_>>());
    workers.into_iter().for_each(Worker::kill);
    (1..=WORKERS).for_each(|number| application.wipe(number));
    let mut workers: Vec<Worker> = (1..=WORKERS).map(|number| application.run(number, None)).collect();
    wait_until_all("without any disk", &workers.iter().collect::<Vec<_>>(), PARTITIONS);
    application.ends_with(&expected, &mut workers.iter_mut().collect::<Vec<_>>());
    check_accrual_chains(&application.client(), PARTITIONS);
    workers.into_iter().for_each(Worker::stop);
}
