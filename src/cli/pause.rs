//! `accrue pause` and `accrue resume`: a running `accrue up` stops folding between transactions, and goes on.
//!
//! A worker of `accrue run` is told by signals, which `up` understands, too: see [`obey_signals`].

use super::console::Console;
use super::exit::{Exit, Failure};
use crate::log::socket::SocketLog;
use crate::worker::status::Status;
use clap::Args;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Args)]
pub struct Pause {
    /// Directory of the log that `up` is at work on
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl Pause {
    pub fn run(self, paused: bool, console: &Console) -> anyhow::Result<Exit> {
        let place = self.data.display();
        let Some(up) = SocketLog::connect(&self.data)? else {
            let message = format!(
                "no `accrue up` is at work in {place}; a worker of `accrue run` pauses at the signal USR1 and resumes at USR2"
            );
            return Err(Failure::of(Exit::Broker, message));
        };
        up.pause(paused)?;
        console.notice(match paused {
            true => "paused: what comes waits in the log; `accrue resume` goes on",
            false => "resumed",
        });
        Ok(Exit::Done)
    }
}

/// Pauses at SIGUSR1, resumes at SIGUSR2. Never ends.
pub async fn obey_signals(status: &Status, console: &Console, command: &str) -> anyhow::Result<()> {
    let (mut pause, mut resume) = (signal(SignalKind::user_defined1())?, signal(SignalKind::user_defined2())?);
    loop {
        let paused = tokio::select! {
            _ = pause.recv() => true,
            _ = resume.recv() => false,
        };
        status.pause(paused);
        console.notice(&match paused {
            true => format!("{command}: pauses behind the transaction that is open; the signal USR2 resumes"),
            false => format!("{command}: resumes"),
        });
    }
}
