//! Progress of long work: a line on a terminal that rewrites itself, silence in a pipe.

use super::console::Console;
use std::io::Write;
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_millis(200);

/// A running count towards a known total, or without one.
pub struct Progress {
    shown: bool,
    label: &'static str,
    total: Option<u64>,
    started: Instant,
    drawn: Option<Instant>,
}

impl Progress {
    pub fn new(console: &Console, label: &'static str, total: Option<u64>) -> Progress {
        Progress { shown: console.progress, label, total, started: Instant::now(), drawn: None }
    }

    /// Draws at most five times a second.
    pub fn at(&mut self, done: u64) {
        if !self.shown || self.drawn.is_some_and(|drawn| drawn.elapsed() < EVERY) {
            return;
        }
        self.drawn = Some(Instant::now());
        let rate = (done as f64 / self.started.elapsed().as_secs_f64().max(0.001)) as u64;
        let remaining = self.total.map(|total| total.saturating_sub(done) / rate.max(1));
        let text = match (self.total, remaining) {
            (Some(total), Some(seconds)) => format!("{} {done} of {total}, {rate} a second, {seconds} s left", self.label),
            _ => format!("{} {done}, {rate} a second", self.label),
        };
        eprint!("\r{text:<79}");
        let _ = std::io::stderr().flush();
    }

    /// Wipes the line.
    pub fn end(&self) {
        if self.drawn.is_some() {
            eprint!("\r{:<79}\r", "");
            let _ = std::io::stderr().flush();
        }
    }
}
