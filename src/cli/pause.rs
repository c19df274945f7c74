//! `accrue pause` and `accrue resume`: a running `accrue up` stops folding between transactions, and goes on.
//!
//! A worker of `accrue run` is told by signals, which `up` understands, too: see [`obey_signals`].

use super::console::Console;
use super::exit::{Exit, Failure, usage_error};
use super::session::LogOptions;
use crate::log::socket::SocketLog;
use crate::worker::status::Status;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

#[derive(Debug, Args)]
pub struct Pause {
    #[command(flatten)]
    log: LogOptions,
}

impl Pause {
    pub fn run(self, paused: bool, console: &Console) -> anyhow::Result<Exit> {
        let (command, signal) = if paused { ("pause", "USR1") } else { ("resume", "USR2") };
        let Some(directory) = self.log.directory() else {
            return Err(usage_error(format!(
                "`accrue {command}` speaks to an `accrue up` alone; send {signal} to each worker of `accrue run`: kill -{signal} PID, or \
                 kubectl exec POD -- kill -{signal} 1"
            )));
        };
        let Some(up) = SocketLog::connect(directory)? else {
            let place = directory.display();
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

/// SIGUSR1 and SIGUSR2, which end a process that has not asked for them.
pub struct PauseSignals {
    pause: Signal,
    resume: Signal,
}

impl PauseSignals {
    pub fn take() -> std::io::Result<PauseSignals> {
        Ok(PauseSignals { pause: signal(SignalKind::user_defined1())?, resume: signal(SignalKind::user_defined2())? })
    }
}

/// Pauses at SIGUSR1, resumes at SIGUSR2. Never ends.
pub async fn obey_signals(mut signals: PauseSignals, status: &Status, console: &Console, command: &str) -> anyhow::Result<()> {
    loop {
        let paused = tokio::select! {
            _ = signals.pause.recv() => true,
            _ = signals.resume.recv() => false,
        };
        status.pause(paused);
        console.notice(&match paused {
            true => format!("{command}: pauses behind the transaction that is open; the signal USR2 resumes"),
            false => format!("{command}: resumes"),
        });
    }
}
