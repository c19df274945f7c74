//! The demo's pace: as fast as it goes, or spread over a minute with the board drawn in between.

use super::super::console::Console;
use super::super::progress::Progress;
use super::super::session::Session;
use super::screen::Screen;
use std::time::{Duration, Instant};

/// How long the deals take at normal speed.
const MINUTE: Duration = Duration::from_secs(52);
/// The board is looked at this often.
const LOOK: Duration = Duration::from_millis(50);

/// When to append what.
pub struct Pace<'p> {
    console: &'p Console,
    deals: u64,
    /// `None`: as fast as it goes.
    started: Option<Instant>,
    screen: Option<Screen>,
    progress: Progress,
    caption: &'static str,
}

impl<'p> Pace<'p> {
    /// As fast as it goes.
    pub fn fast(console: &'p Console, deals: u64) -> Pace<'p> {
        let progress = Progress::new(console, "deals", Some(deals));
        Pace { console, deals, started: None, screen: None, progress, caption: "" }
    }

    /// Over about a minute, with a screen.
    pub fn slow(console: &'p Console, deals: u64, screen: Screen) -> Pace<'p> {
        let fast = Pace::fast(console, deals);
        Pace { started: Some(Instant::now()), screen: Some(screen), ..fast }
    }

    pub fn caption(&mut self, caption: &'static str) {
        self.caption = caption;
    }

    /// Whether what was collected must go out now: deal `k` ends a slice of time.
    pub fn due(&mut self, k: u64) -> bool {
        if self.started.is_none() {
            self.progress.at(k);
            return false;
        }
        slice(k, self.deals) != slice(k + 1, self.deals)
    }

    /// Until it is time for deal `k`; the board moves meanwhile.
    pub fn wait(&mut self, session: &Session, k: u64) -> anyhow::Result<()> {
        let Some(started) = self.started else { return Ok(()) };
        let due = MINUTE.mul_f64(k as f64 / self.deals.max(1) as f64);
        let caption = format!("{k} of {} deals: {}", self.deals, self.caption);
        loop {
            if let Some(screen) = &mut self.screen {
                screen.refresh(session.client(), session.codec(), self.console, &caption)?;
            }
            let left = due.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(LOOK));
        }
    }

    pub fn end(&self) {
        self.progress.end();
    }
}

/// Ten slices a second.
fn slice(k: u64, deals: u64) -> u64 {
    k * MINUTE.as_secs() * 10 / deals.max(1)
}
