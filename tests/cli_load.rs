//! Commands on a running `accrue up` that others feed all the time: each waits for what was there, and ends.

#[path = "support/command.rs"]
mod command;
#[allow(dead_code, reason = "shared with tests of the engine, which use other parts")]
#[path = "support/company.rs"]
mod company;

use accrue::domain::topic::{Topic, partition_of};
use accrue::log::batch::Outbox;
use accrue::log::socket::SocketLog;
use accrue::log::{Append, Client};
use accrue::wire::Codec;
use command::{Scratch, accrue, code, err, out};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config");
const WAIT: Duration = Duration::from_secs(300);

/// A running `accrue up`, until it is dropped.
struct Up(Child);

impl Up {
    fn start(data: &str) -> Up {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accrue"));
        command.args(["up", "--data", data, "--listen", "none"]).stderr(Stdio::null());
        let up = Up(command.spawn().unwrap());
        let deadline = Instant::now() + WAIT;
        while !matches!(SocketLog::connect(Path::new(data)), Ok(Some(_))) {
            assert!(Instant::now() < deadline, "it is not up");
            std::thread::sleep(Duration::from_millis(20));
        }
        up
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Appends deals of ben without a pause until it is told to end, and counts them.
fn feed(data: &str, ending: &AtomicBool, fed: &AtomicU64) {
    let (log, codec) = (SocketLog::connect(Path::new(data)).unwrap().unwrap(), Codec::new().unwrap());
    let partitions = log.partitions(Topic::DealClosed).unwrap();
    let (mut outbox, mut bytes) = (Outbox::default(), Vec::new());
    while !ending.load(Ordering::Acquire) {
        let from = fed.load(Ordering::Acquire);
        outbox.clear();
        for number in from..from + 20 {
            let id = format!("fed-{number}");
            bytes.clear();
            codec.write_deal(&company::deal(&id, 1, "2026-02-10", "100", "ben"), &mut bytes).unwrap();
            outbox.to(Topic::DealClosed, partition_of(id.as_bytes(), partitions)).push(Some(id.as_bytes()), Some(&bytes));
        }
        let appends: Vec<_> = outbox.iter().map(|(topic, partition, records)| Append { topic, partition, records }).collect();
        log.append(&appends).unwrap();
        fed.store(from + 20, Ordering::Release);
        // A pace that a machine with a slow disk can hold, too.
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_command_waits_for_what_was_there_when_it_was_asked() {
    let scratch = Scratch::new();
    let data = scratch.data();
    let published = accrue(&["publish", CONFIG, "--yes", "--author", "kim", "--data", &data]);
    assert_eq!(code(&published), 0, "{}", err(&published));
    let _up = Up::start(&data);
    let (ending, fed) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|threads| {
        threads.spawn(|| feed(&data, &ending, &fed));
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| commands(&scratch, &data, &fed)));
        ending.store(true, Ordering::Release);
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    let verified = accrue(&["verify", "--data", &data]);
    assert!(code(&verified) == 0 && out(&verified).contains(" 0 differ"), "{}", out(&verified));
}

/// Waits until deals came after the first `before`: a command may end between two appends of the feed, but not stop it.
fn more_than(before: u64, fed: &AtomicU64) {
    let deadline = Instant::now() + WAIT;
    while fed.load(Ordering::Acquire) <= before {
        assert!(Instant::now() < deadline, "nothing more came after {before} deals");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Each sees what came before it, while more comes.
fn commands(scratch: &Scratch, data: &str, fed: &AtomicU64) {
    more_than(0, fed);
    let run = |arguments: &[&str], expected: i32, says: &str| {
        let (before, began) = (fed.load(Ordering::Acquire), Instant::now());
        let output = accrue(&[arguments, &["--data", data]].concat());
        let said = out(&output) + &err(&output);
        assert!(code(&output) == expected && said.contains(says), "{arguments:?}: {said}");
        assert!(began.elapsed() < WAIT, "{arguments:?}");
        more_than(before, fed);
    };
    let deal = r#"{"deal_id":"D-1","revision":1,"closed_on":"2026-01-20","currency":"USD","kind":"NEW","lines":[{"line_id":"1","product":"core","amount":"60000.00","quantity":"1"}],"splits":[{"payee_id":"ana","role":"AE","counts":"REVENUE","share":"100%"}]}"#;
    let adjustments = [r#""adjustment_id":"A1","amount":"5""#, r#""adjustment_id":"A2","amount":"0.005""#].map(|content| {
        format!(
            r#"{{"payee_id":"ana","calendar":"fiscal","effective_period":"2026-01","target":"PAY","earning_code":"X","author":"hr","reason":"test",{content}}}"#
        )
    });
    let deal = scratch.write("deal.jsonl", deal);
    let adjustments = scratch.write("adjustments.jsonl", &adjustments.join("\n"));
    run(&["ingest", &deal], 0, "1 counted, 0 duplicate, 0 parked, 0 rejected; 1 lines appended");
    run(&["attainment", "--payee", "ana", "--measure", "new-arr"], 0, "     60 000  ");
    run(&["ingest", &deal], 0, "0 counted, 1 duplicate");
    // Earning's word about them is there, too.
    run(&["ingest", &adjustments, "--topic", "adjustment-made"], 1, "1 counted, 0 duplicate, 1 parked");
    let more = ["adjust", "ana", "2026-01", "0.005", "--pay", "Y", "--reason", "test", "--author", "eva"];
    run(&more, 1, "0.005 is not in whole minor units of USD");
    run(&["publish", CONFIG, "--yes", "--author", "kim"], 0, "");
    run(&["close", "2026-01", "--yes", "--wait", "--author", "kim"], 0, "closed");
    run(&["release", "2026-01", "--author", "lee"], 0, "");
    run(&["payouts"], 0, "ana");
}
