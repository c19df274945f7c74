//! `accrue rebuild`: a partition's states built again from its inputs, compared with the changelog, and put in their place.

use super::console::Console;
use super::exit::{Exit, files_error};
use super::refused::not_in_this_version;
use super::session::{LogOptions, expect_log, open_embedded};
use super::{engine, kafka};
use crate::config::Config;
use crate::log::socket::SocketLog;
use crate::log::{Client, StageLog};
use crate::pipeline::crediting::rebuilt::shown;
use crate::wire::Codec;
use crate::worker::engine::group;
use crate::worker::rebuild::{Rebuild, Rebuilt};
use crate::worker::status::CREDITING;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// Keys that are shown.
const SHOWN: usize = 20;

const USAGE: &str = "accrue rebuild [OPTIONS] --stage <STAGE> --partition <N>
           <--data <DIR>|--config <FILE>>";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StageName {
    Crediting,
    Earning,
}

#[derive(Debug, Args)]
#[command(override_usage = USAGE)]
pub struct RebuildPartition {
    /// Whose states
    #[arg(long, value_enum)]
    stage: StageName,
    /// Of which partition
    #[arg(long, value_name = "N")]
    partition: u32,
    #[command(flatten)]
    log: LogOptions,
    /// Only compare; workers may go on
    #[arg(long)]
    dry_run: bool,
}

/// A log, and a place among its workers where something is to be written.
struct Opened {
    client: Arc<dyn Client>,
    rebuild: Rebuild,
    hold: Option<Box<dyn StageLog>>,
}

impl RebuildPartition {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        if self.stage == StageName::Earning {
            return Err(not_in_this_version(
                "`accrue rebuild --stage earning` (`credits` is trimmed behind it, and the sequences of its accruals and what it has \
                 booked follow the cuts of its transactions, which no input tells: bring earning-changelog back from a backup)",
            ));
        }
        let Opened { client, rebuild, hold } = self.open()?;
        let crediting = engine::crediting(client.as_ref(), &rebuild.limits)?;
        let rebuilt = rebuild.run(crediting, hold)?;
        self.tell(&rebuilt, console)?;
        let differs = !rebuilt.adds_up || !rebuilt.differences.is_empty();
        Ok(if self.dry_run && differs { Exit::Found } else { Exit::Done })
    }

    fn open(&self) -> anyhow::Result<Opened> {
        expect_log(&self.log)?;
        match self.log.directory() {
            Some(directory) => self.open_embedded(directory),
            None => self.open_kafka(),
        }
    }

    fn open_embedded(&self, directory: &Path) -> anyhow::Result<Opened> {
        let (limits, codec) = (Config::defaults()?.limits, Arc::new(Codec::new()?));
        let rebuild = |client: &Arc<dyn Client>| -> anyhow::Result<Rebuild> {
            self.check_partition(client.as_ref())?;
            Ok(engine::rebuild(client.clone(), codec.clone(), limits.clone(), self.partition, directory))
        };
        if let Some(log) = SocketLog::connect(directory)? {
            if !self.dry_run {
                let place = directory.display();
                return Err(files_error(format!("`accrue up` is at work in {place}; end it, or compare with --dry-run")));
            }
            let client: Arc<dyn Client> = Arc::new(log);
            return Ok(Opened { rebuild: rebuild(&client)?, client, hold: None });
        }
        let log = open_embedded(directory, 1, &limits)?;
        let client: Arc<dyn Client> = Arc::new(log.clone());
        let rebuild = rebuild(&client)?;
        let hold: Option<Box<dyn StageLog>> = match self.dry_run {
            true => None,
            false => Some(Box::new(log.stage(&group(engine::APPLICATION, CREDITING), rebuild.inputs)?)),
        };
        Ok(Opened { client, rebuild, hold })
    }

    fn open_kafka(&self) -> anyhow::Result<Opened> {
        let config = self.log.config("workers")?;
        let client: Arc<dyn Client> = Arc::new(kafka::connect(&config)?);
        self.check_partition(client.as_ref())?;
        let directory = Path::new(&config.kafka.state_directory);
        let codec = kafka::codec(&config)?;
        let rebuild = engine::rebuild(client.clone(), codec, config.limits.clone(), self.partition, directory);
        let hold = if self.dry_run { None } else { Some(kafka::only_worker(&config, CREDITING, rebuild.inputs)?) };
        Ok(Opened { client, rebuild, hold })
    }

    fn check_partition(&self, client: &dyn Client) -> anyhow::Result<()> {
        let count = client.partitions(crate::domain::topic::Topic::DealClosed)?;
        if self.partition < count {
            return Ok(());
        }
        Err(files_error(format!("there is no partition {}; the log has {count}, from 0 on", self.partition)))
    }

    fn tell(&self, rebuilt: &Rebuilt, console: &Console) -> anyhow::Result<()> {
        let Rebuilt { states, adds_up, passing, differences, commits } = rebuilt;
        if console.json {
            let difference =
                |(key, difference): &(Vec<u8>, _)| json!({"key": String::from_utf8_lossy(key), "difference": difference});
            let differences: Vec<_> = differences.iter().map(difference).collect();
            console.object(&json!({
                "stage": CREDITING, "partition": self.partition, "states": states, "adds_up": adds_up,
                "credits_compared": !passing, "differences": differences, "commits": commits,
            }))?;
            return Ok(());
        }
        let partition = self.partition;
        console
            .line(&format!("{CREDITING} partition {partition}: the inputs give {states} states, {} differ", differences.len()))?;
        for (key, difference) in differences.iter().take(SHOWN) {
            console.line(&format!("  {} {difference}", shown(key)))?;
        }
        if differences.len() > SHOWN {
            console.line(&format!("  and {} more; --json has all", differences.len() - SHOWN))?;
        }
        if !adds_up {
            console.line("the changelog does not add up to its last commit record")?;
        }
        if *passing {
            console.line("deals are being credited again: what they are credited was not compared")?;
        }
        console.line(&match (commits, self.dry_run) {
            (0, true) => "nothing was written".to_owned(),
            (0, false) => "nothing was to be written".to_owned(),
            (_, _) if *adds_up => {
                format!("written in {commits} transactions; a worker tells earning what differs when it starts")
            }
            (_, _) => format!("written in {commits} transactions; earning is told nothing"),
        })?;
        Ok(())
    }
}
