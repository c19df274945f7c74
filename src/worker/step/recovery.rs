//! What becomes of trouble, decided in one place. Nothing that the log says ever turns a good record into a reject.

use super::{Machine, Progress};
use crate::log::LogError;
use crate::pipeline::StageError;
use crate::telemetry;
use crate::worker::batch::Folded;
use crate::worker::restore::remedy;
use crate::worker::status::Stuck;
use crate::worker::{Stop, Trouble};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Consecutive losses of the state after which the storage counts as failed.
const LOSSES_LIMIT: u32 = 5;

impl Machine {
    /// What becomes of trouble: try again, with fewer records, from the log, or not at all.
    pub(super) fn recover(&mut self, trouble: Trouble, now: Instant) -> Result<Progress, Stop> {
        if let Trouble::Stage(StageError::Alarm { partition, message }) = trouble {
            self.stand_still(partition, message)?;
            return Ok(Progress::Worked);
        }
        let text = trouble.to_string();
        self.setup.status.update(self.setup.name, |stage| {
            (stage.idle, stage.settled) = (false, false);
            match &mut stage.trouble {
                Some(trouble) => trouble.reason.clone_from(&text),
                None => stage.trouble = Some(Stuck::now(text.clone())),
            }
        });
        let poisoned = matches!(trouble, Trouble::Poisoned);
        let outcome = match trouble {
            Trouble::Stop(stop) => Err(stop),
            Trouble::Store(error) => Err(error.into()),
            Trouble::Stage(error) => self.lose_state(&error),
            Trouble::Poisoned => self.roll_back(),
            Trouble::Panicked(_) | Trouble::Log(LogError::TooLarge(_)) => self.shrink(&text),
            Trouble::Log(LogError::Abort(_) | LogError::Unavailable(_)) if self.failures < 2 => self.roll_back(),
            Trouble::Log(LogError::Abort(_) | LogError::Unavailable(_)) => self.shrink(&text),
            Trouble::Log(LogError::Doubt(_)) => {
                telemetry::state_dropped(self.setup.name, &text);
                self.drop_state()
            }
            Trouble::Log(error) => Err(error.into()),
        };
        outcome?;
        if !poisoned {
            self.back_off(now, &text);
        }
        Ok(Progress::Worked)
    }

    /// What is stored of a partition contradicts itself: it is let go, with its state, and stands still until somebody acts.
    /// The others go on from their last commit.
    fn stand_still(&mut self, partition: u32, message: String) -> Result<(), Stop> {
        let held = self.held.contains_key(&partition) || self.waiting.contains(&partition);
        let message = format!("{message}; {}", remedy(self.setup.name, partition));
        if !held {
            return Err(Stop::Alarm(format!("partition {partition}, which is not held: {message}")));
        }
        self.roll_back()?;
        self.let_go(partition);
        self.log.stop(partition)?;
        telemetry::alarm(self.setup.name, partition, &message);
        self.setup.status.update(self.setup.name, |stage| {
            (stage.idle, stage.settled) = (false, false);
            stage.trouble = None;
            stage.partitions.entry(partition).or_default().alarm = Some(Stuck::now(message));
        });
        match self.make_stage_of_held() {
            // What was taken on before is read again.
            Err(Trouble::Stage(StageError::Alarm { partition, message })) => self.stand_still(partition, message),
            Err(trouble) => Err(Stop::Alarm(trouble.to_string())),
            Ok(()) => Ok(()),
        }
    }

    fn back_off(&mut self, now: Instant, text: &str) {
        self.failures += 1;
        let factor = 1 << self.failures.min(10);
        let longest = Duration::from_millis(self.setup.limits.retry_limit_ms);
        let back_off = (Duration::from_millis(self.setup.limits.retry_ms) * factor / 2).min(longest);
        self.setup.metrics.aborted(self.setup.name);
        telemetry::retried(self.setup.name, self.failures, back_off, &text);
        self.retry_at = Some(now + back_off);
    }

    /// Nothing of the batch has happened: the inputs are read again from where the last commit left them.
    pub(super) fn roll_back(&mut self) -> Result<(), Stop> {
        let aborted = if std::mem::take(&mut self.begun) { self.log.abort() } else { Ok(()) };
        match aborted {
            Err(error @ (LogError::Fenced(_) | LogError::Storage(_) | LogError::Settings(_))) => return Err(error.into()),
            Err(LogError::Doubt(_)) => return self.drop_state(),
            Err(_) | Ok(()) => {}
        }
        if std::mem::take(&mut self.folding) {
            self.stage.abandon();
        }
        match self.seek_back() {
            Err(error @ (LogError::Fenced(_) | LogError::Storage(_))) => Err(error.into()),
            // What cannot be sought is started anew.
            Err(_) => self.drop_state(),
            Ok(()) => Ok(()),
        }
    }

    fn seek_back(&mut self) -> Result<(), LogError> {
        let folded = std::mem::take(&mut self.folded);
        let polled = self.polled.rows().iter().map(|row| (row.position.topic, row.position.partition));
        let places: BTreeSet<_> = polled.chain(folded.reached.into_keys()).chain(folded.held_back).collect();
        self.polled.clear();
        for place in places {
            if let Some(next) = self.committed.get(&place) {
                self.log.seek(place.0, place.1, *next)?;
            }
        }
        Ok(())
    }

    fn shrink(&mut self, why: &str) -> Result<(), Stop> {
        let tried = self.folded.polled.max(2).min(self.records_limit.max(2));
        self.roll_back()?;
        self.records_limit = (tried / 2).max(1);
        telemetry::shrunk(self.setup.name, self.records_limit, &why);
        Ok(())
    }

    fn lose_state(&mut self, error: &StageError) -> Result<(), Stop> {
        self.losses += 1;
        if self.losses > LOSSES_LIMIT {
            return Err(Stop::Storage(format!("{error}, again and again; check the disk")));
        }
        telemetry::state_dropped(self.setup.name, error);
        self.drop_state()
    }

    /// Forgets everything local; the next step restores it from the log, which knows what happened.
    pub(super) fn drop_state(&mut self) -> Result<(), Stop> {
        if std::mem::take(&mut self.begun) {
            // Any other failure: the transaction is gone with its producer, or there was none any more.
            if let Err(error @ (LogError::Fenced(_) | LogError::Storage(_) | LogError::Settings(_))) = self.log.abort() {
                return Err(error.into());
            }
        }
        self.folding = false;
        self.polled.clear();
        self.folded = Folded::default();
        self.states.clear();
        self.committed.clear();
        self.waiting.extend(std::mem::take(&mut self.held).into_keys());
        self.make_stage();
        Ok(())
    }

    /// A stage without partitions, which wants all facts from the first on.
    pub(super) fn make_stage(&mut self) {
        self.stage = (self.setup.make_stage)();
        (self.facts_due, self.facts_next, self.facts_floor, self.more) = (None, 0, 0, false);
    }
}
