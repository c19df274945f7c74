//! The figures of a run, as a table for people and as one JSON object for programs.

use super::measure::{Cpu, Taken};
use super::verify::Held;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Differences that are printed.
const SHOWN: usize = 10;

pub struct Figures {
    pub log: &'static str,
    pub deals: u64,
    pub seed: u64,
    pub partitions: u32,
    pub batch_records: usize,
    /// From the engine's start until it has caught up.
    pub taken: Taken,
    pub memory_at_start_bytes: u64,
    /// What the engine takes to end afterwards: the stores' last writing.
    pub stop_cpu: Cpu,
    pub threads: BTreeMap<String, f64>,
    pub held: Vec<Held>,
    pub log_file_bytes: Option<u64>,
    pub report: accrue::oracle::Report,
}

impl Figures {
    fn per_second(&self) -> f64 {
        self.deals as f64 / self.taken.wall.as_secs_f64().max(1e-9)
    }

    fn cpu_per_million(&self) -> f64 {
        self.taken.cpu.total_s() * 1e6 / self.deals as f64
    }

    fn log_bytes(&self) -> u64 {
        self.held.iter().map(|held| held.bytes).sum()
    }

    pub fn table(&self) -> String {
        let cpu = self.taken.cpu;
        let per_million = |seconds: f64| format!("{:.2} s", seconds * 1e6 / self.deals as f64);
        let mut rows = vec![
            ("workload".into(), format!("W1, {} deals, seed {}", self.deals, self.seed)),
            ("log".into(), format!("{}, {} partitions, batches of {}", self.log, self.partitions, self.batch_records)),
            ("caught up after".into(), format!("{:.2} s", self.taken.wall.as_secs_f64())),
            ("deals per second".into(), format!("{:.0}", self.per_second())),
            ("CPU seconds per million deals".into(), per_million(cpu.total_s())),
            ("  user, system".into(), format!("{}, {}", per_million(cpu.user_s), per_million(cpu.system_s))),
        ];
        let busy = self.threads.iter().filter(|(_, seconds)| **seconds > 0.0);
        rows.extend(busy.map(|(name, seconds)| (format!("  thread {name}"), per_million(*seconds))));
        rows.extend([
            ("CPU seconds to end afterwards".into(), format!("{:.2}", self.stop_cpu.total_s())),
            ("CPU seconds of other processes".into(), format!("{:.2}", self.taken.others_s)),
            ("peak memory".into(), megabytes(self.taken.peak_memory_bytes)),
            ("  before the engine started".into(), megabytes(self.memory_at_start_bytes)),
            ("bytes in the log".into(), megabytes(self.log_bytes())),
        ]);
        let held = |held: &Held| (format!("  {}", held.topic), format!("{} in {} records", megabytes(held.bytes), held.records));
        rows.extend(self.held.iter().map(held));
        rows.extend(self.log_file_bytes.map(|bytes| ("size of the log's file".into(), megabytes(bytes))));
        let line = |(name, value): (String, String)| format!("{name:32}{value}\n");
        rows.into_iter().map(line).chain(self.differences()).chain([self.verified()]).collect()
    }

    fn differences(&self) -> Vec<String> {
        self.report.to_string().lines().take(SHOWN).map(|line| format!("{line}\n")).collect()
    }

    fn verified(&self) -> String {
        format!("verified: {} totals, {} differ", self.report.totals_checked, self.report.totals_differing)
    }

    pub fn json(&self) -> Value {
        let held = |held: &Held| (held.topic.into(), json!({"records": held.records, "bytes": held.bytes}));
        json!({
            "workload": "w1",
            "log": self.log,
            "deals": self.deals,
            "seed": self.seed,
            "partitions": self.partitions,
            "batch_records": self.batch_records,
            "elapsed_s": self.taken.wall.as_secs_f64(),
            "deals_per_second": self.per_second(),
            "cpu_s_per_million_deals": self.cpu_per_million(),
            "cpu_user_s": self.taken.cpu.user_s,
            "cpu_system_s": self.taken.cpu.system_s,
            "cpu_s_by_thread": self.threads,
            "cpu_s_to_end": self.stop_cpu.total_s(),
            "cpu_s_of_others": self.taken.others_s,
            "peak_memory_bytes": self.taken.peak_memory_bytes,
            "memory_at_start_bytes": self.memory_at_start_bytes,
            "log_bytes": self.log_bytes(),
            "log_by_topic": self.held.iter().map(held).collect::<Map<String, Value>>(),
            "log_file_bytes": self.log_file_bytes,
            "totals_checked": self.report.totals_checked,
            "totals_differing": self.report.totals_differing,
        })
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
