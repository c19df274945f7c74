//! Deals of large states on a broker, and a worker of `accrue run` that drains them: how much memory it takes at most.

use super::{company, engine};
use accrue::domain::deal::Attribute;
use accrue::domain::topic::{Topic, partition_of};
use accrue::log::batch::Outbox;
use accrue::log::kafka::{Kafka, KafkaSettings};
use accrue::log::{Append, Batch, Client};
use accrue::wire::Codec;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PARTITIONS: u32 = engine::PARTITIONS;
/// Of a deal's content, about.
const DEAL_BYTES: usize = 4_000;
/// Deals of one append.
const AT_ONCE: usize = 2_000;
/// Of deals that are amended one after the other; a prime.
const APART: usize = 7_919;

/// A log of its own, and where a worker of it lies.
pub struct Heavy {
    pub log: Kafka,
    settings: KafkaSettings,
    scratch: PathBuf,
    deals: usize,
}

impl Heavy {
    pub fn new(settings: KafkaSettings, scratch: &Path) -> Heavy {
        let log = Kafka::connect(settings.clone()).unwrap();
        log.create_topics(PARTITIONS).unwrap();
        engine::append_company(&log, &Codec::new().unwrap());
        Heavy { log, settings, scratch: scratch.into(), deals: 0 }
    }

    /// Appends deals of so many bytes in all; no two are alike.
    pub fn append(&mut self, bytes: usize) {
        let before = self.deals;
        self.deals += bytes / DEAL_BYTES;
        self.write(before..self.deals, 1);
    }

    /// Appends another revision of one in eight deals, here and there among all of them: each has its state read.
    pub fn amend(&self) {
        let all = self.deals;
        self.write((0..all / 8).map(|number| number * APART % all), 2);
    }

    fn write(&self, numbers: impl Iterator<Item = usize>, revision: i64) {
        let (codec, numbers) = (Codec::new().unwrap(), numbers.collect::<Vec<_>>());
        for some in numbers.chunks(AT_ONCE) {
            let mut outbox = Outbox::default();
            for number in some {
                let (id, notes, mut record) = (format!("deal-{number}"), notes(*number), Vec::new());
                let mut deal = company::deal(&id, revision, "2026-01-10", "100", ["ana", "ben"][number % 2]);
                deal.attributes = vec![("notes", Attribute::Text(&notes))];
                codec.write_deal(&deal, &mut record).unwrap();
                outbox.to(Topic::DealClosed, partition_of(id.as_bytes(), PARTITIONS)).push(Some(id.as_bytes()), Some(&record));
            }
            let appends: Vec<_> = outbox.iter().map(|(topic, partition, records)| Append { topic, partition, records }).collect();
            self.log.append(&appends).unwrap();
        }
    }

    /// A worker with these limits, as lines of its config.
    pub fn start(&self, limits: &str) -> Draining<'_> {
        let KafkaSettings { brokers, topic_prefix, .. } = &self.settings;
        let state = self.scratch.join("state");
        let text = format!(
            "partitions = {PARTITIONS}\n[limits]\n{limits}\n[kafka]\nbrokers = \"{brokers}\"\ntopic_prefix = \"{topic_prefix}\"\n\
             application_id = \"{topic_prefix}\"\nreplication = 1\nstate_directory = \"{}\"\n",
            state.display()
        );
        let config = self.scratch.join("accrue.toml");
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_accrue"));
        command.args(["run", "--listen", "none", "--config"]).arg(config).env_remove("ACCRUE_CRASH_AT");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        Draining { heavy: self, child }
    }

    /// What a worker has stored is lost.
    pub fn wipe(&self) {
        std::fs::remove_dir_all(self.scratch.join("state")).unwrap();
    }

    /// Bytes of keys and values in the changelog of crediting.
    pub fn changelog_bytes(&self) -> u64 {
        let mut bytes = 0;
        for partition in 0..PARTITIONS {
            let (mut batch, mut next) = (Batch::default(), 0);
            while next < self.log.end(Topic::CreditingChangelog, partition).unwrap() {
                batch.clear();
                next = self.log.read(Topic::CreditingChangelog, partition, next, 4 << 20, &mut batch).unwrap();
                bytes += batch.bytes() as u64;
            }
        }
        bytes
    }

    fn is_drained(&self) -> bool {
        let group = format!("{}.crediting", self.settings.topic_prefix);
        (0..PARTITIONS).all(|partition| {
            // A broker that is busy answers the next time.
            let at = self.log.committed(&group, Topic::DealClosed, partition).ok().flatten().unwrap_or(0);
            let mut behind = Batch::default();
            at > 0 && self.log.read(Topic::DealClosed, partition, at, 1, &mut behind).is_ok() && behind.is_empty()
        })
    }
}

/// Text that does not compress, from the deal's number.
fn notes(number: usize) -> String {
    let mut text = String::with_capacity(DEAL_BYTES);
    let mut dice = number as u64;
    while text.len() < DEAL_BYTES {
        dice = dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        text.push_str(&format!("{:016x}", z ^ (z >> 31)));
    }
    text
}

/// A worker at work; killed at the latest when this is dropped.
pub struct Draining<'h> {
    heavy: &'h Heavy,
    child: Child,
}

impl Draining<'_> {
    /// Until it has folded every deal that is there.
    pub fn until_drained(&mut self, limit: Duration) {
        let began = Instant::now();
        while !self.heavy.is_drained() {
            assert!(self.child.try_wait().unwrap().is_none(), "the worker has ended");
            assert!(began.elapsed() < limit, "not drained in time");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Its resident memory, at most so far.
    pub fn peak_bytes(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// Resident memory now.
    pub fn memory_bytes(&self) -> u64 {
        self.status("VmRSS:")
    }

    fn status(&self, name: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    pub fn stop(mut self) {
        // SAFETY: kill takes no memory of ours, and the child was not waited for, so that its id is its own.
        unsafe { libc::kill(self.child.id() as i32, libc::SIGTERM) };
        self.child.wait().unwrap();
    }
}

impl Drop for Draining<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
