//! What a stretch of work takes: wall time, CPU seconds of this process and of all others, and the peak of memory.
//!
//! Linux only: it reads `/proc`.

use anyhow::Context;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The kernel tells CPU time of other threads and of the machine in this unit, on every platform.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu {
    pub user_s: f64,
    pub system_s: f64,
}

impl Cpu {
    pub fn now() -> anyhow::Result<Cpu> {
        // SAFETY: rusage is plain numbers, for which zeros are valid, and the kernel writes no more than one of it.
        let (result, usage) = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            (libc::getrusage(libc::RUSAGE_SELF, &mut usage), usage)
        };
        anyhow::ensure!(result == 0, "getrusage: {}", std::io::Error::last_os_error());
        Ok(Cpu { user_s: seconds(usage.ru_utime), system_s: seconds(usage.ru_stime) })
    }

    pub fn since(self, start: Cpu) -> Cpu {
        Cpu { user_s: self.user_s - start.user_s, system_s: self.system_s - start.system_s }
    }

    pub fn total_s(self) -> f64 {
        self.user_s + self.system_s
    }
}

fn seconds(time: libc::timeval) -> f64 {
    time.tv_sec as f64 + time.tv_usec as f64 / 1e6
}

/// The start of a stretch of work.
pub struct Start {
    instant: Instant,
    cpu: Cpu,
    machine_s: f64,
    pub memory_bytes: u64,
}

/// What it took.
pub struct Taken {
    pub wall: Duration,
    pub cpu: Cpu,
    /// CPU seconds that all other processes took meanwhile.
    pub others_s: f64,
    /// The most that was resident at any time of the stretch.
    pub peak_memory_bytes: u64,
}

impl Start {
    /// Forgets the peak of memory so far.
    pub fn now() -> anyhow::Result<Start> {
        std::fs::write("/proc/self/clear_refs", "5").context("the peak of memory cannot be reset")?;
        let memory_bytes = status_bytes("VmRSS:")?;
        Ok(Start { machine_s: machine_s()?, memory_bytes, cpu: Cpu::now()?, instant: Instant::now() })
    }

    pub fn taken(&self) -> anyhow::Result<Taken> {
        let (wall, cpu) = (self.instant.elapsed(), Cpu::now()?.since(self.cpu));
        let others_s = (machine_s()? - self.machine_s - cpu.total_s()).max(0.0);
        Ok(Taken { wall, cpu, others_s, peak_memory_bytes: status_bytes("VmHWM:")? })
    }
}

/// CPU seconds by name of the threads that are alive, but for the main one.
pub fn by_thread() -> anyhow::Result<BTreeMap<String, f64>> {
    let mut threads = BTreeMap::new();
    let main = std::process::id().to_string();
    for entry in std::fs::read_dir("/proc/self/task")? {
        let entry = entry?;
        // A thread may end between the two looks.
        let Ok(text) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        if let Some((name, seconds)) = thread(&text).filter(|_| entry.file_name() != main.as_str()) {
            *threads.entry(name).or_default() += seconds;
        }
    }
    Ok(threads)
}

/// The name is in brackets; user and system time are the 12th and 13th field after it.
fn thread(stat: &str) -> Option<(String, f64)> {
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let mut times = after.split_whitespace().skip(11).map(str::parse::<f64>);
    let ticks = times.next()?.ok()? + times.next()?.ok()?;
    Some((name.into(), ticks / TICKS_PER_SECOND))
}

/// CPU seconds of the whole machine: user, nice, system, then after idle and waiting the interrupts.
fn machine_s() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let fields = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let ticks: Vec<f64> = fields.map(|field| field.parse().unwrap_or(0.0)).collect();
    let busy = [0, 1, 2, 5, 6].into_iter().filter_map(|place: usize| ticks.get(place));
    Ok(busy.sum::<f64>() / TICKS_PER_SECOND)
}

fn status_bytes(name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name} in /proc"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1_024)
}
