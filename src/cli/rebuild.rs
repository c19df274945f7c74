//! `accrue rebuild`: a partition's states built again from its inputs, compared with the changelog, and put in their place.

use super::console::Console;
use super::engine::Place;
use super::exit::{Exit, files_error};
use super::session::{LogOptions, expect_log, open_embedded};
use super::{engine, kafka};
use crate::config::Config;
use crate::log::socket::SocketLog;
use crate::log::{Client, StageLog};
use crate::pipeline::{crediting, earning};
use crate::wire::Codec;
use crate::worker::engine::group;
use crate::worker::rebuild::{EarningRebuilt, Rebuild, Rebuilt};
use crate::worker::status::{CREDITING, EARNING};
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::json;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

/// Keys that are shown.
const SHOWN: usize = 20;

const USAGE: &str = "accrue rebuild [OPTIONS] --partition <N>
           <--data <DIR>|--config <FILE>>";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StageName {
    Crediting,
    Earning,
}

impl StageName {
    fn name(self) -> &'static str {
        match self {
            StageName::Crediting => CREDITING,
            StageName::Earning => EARNING,
        }
    }
}

#[derive(Debug, Args)]
#[command(override_usage = USAGE)]
pub struct RebuildPartition {
    /// Of this stage alone
    #[arg(long, value_enum)]
    stage: Option<StageName>,
    /// Of which partition
    #[arg(long, value_name = "N")]
    partition: u32,
    #[command(flatten)]
    log: LogOptions,
    /// Only compare; workers may go on
    #[arg(long)]
    dry_run: bool,
}

/// A log, and places among its workers where something is to be written: that of the stage itself first.
struct Opened {
    client: Arc<dyn Client>,
    rebuild: Rebuild,
    holds: Vec<Box<dyn StageLog>>,
}

impl RebuildPartition {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let stages = self.stage.map_or_else(|| vec![StageName::Crediting, StageName::Earning], |stage| vec![stage]);
        let mut differs = false;
        for stage in stages {
            differs |= self.run_stage(stage, console)?;
        }
        Ok(if self.dry_run && differs { Exit::Found } else { Exit::Done })
    }

    /// Whether anything differs.
    fn run_stage(&self, stage: StageName, console: &Console) -> anyhow::Result<bool> {
        let Opened { client, rebuild, mut holds } = self.open(stage)?;
        match stage {
            StageName::Crediting => {
                let made = engine::crediting(client.as_ref(), &rebuild.limits)?;
                let rebuilt = rebuild.run(made, holds.pop())?;
                self.tell(&rebuilt, console)?;
                Ok(!rebuilt.adds_up || !rebuilt.differences.is_empty())
            }
            StageName::Earning => {
                let rebuilt = rebuild.run_earning(&engine::earning_stages(), holds)?;
                self.tell_earning(&rebuilt, console)?;
                Ok(rebuilt.is_to_be_written())
            }
        }
    }

    fn open(&self, stage: StageName) -> anyhow::Result<Opened> {
        expect_log(&self.log)?;
        match self.log.directory() {
            Some(directory) => self.open_embedded(stage, directory),
            None => self.open_kafka(stage),
        }
    }

    /// Earning is built from what crediting has sent: nobody may send more meanwhile.
    fn held(stage: StageName) -> &'static [StageName] {
        match stage {
            StageName::Crediting => &[StageName::Crediting],
            StageName::Earning => &[StageName::Earning, StageName::Crediting],
        }
    }

    fn open_embedded(&self, stage: StageName, directory: &Path) -> anyhow::Result<Opened> {
        let (limits, codec) = (Config::defaults()?.limits, Arc::new(Codec::new()?));
        let rebuild = |client: &Arc<dyn Client>, stage: StageName| -> anyhow::Result<Rebuild> {
            self.check_partition(client.as_ref())?;
            let (of, crash_place) = ((stage.name(), self.partition), directory.to_string_lossy());
            let place = Place { application_id: engine::APPLICATION, store_directory: directory, crash_place: &crash_place };
            engine::rebuild(client.clone(), codec.clone(), limits.clone(), of, &place)
        };
        if let Some(log) = SocketLog::connect(directory)? {
            if !self.dry_run {
                let place = directory.display();
                return Err(files_error(format!("`accrue up` is at work in {place}; end it, or compare with --dry-run")));
            }
            let client: Arc<dyn Client> = Arc::new(log);
            return Ok(Opened { rebuild: rebuild(&client, stage)?, client, holds: Vec::new() });
        }
        let log = open_embedded(directory, 1, &limits)?;
        let client: Arc<dyn Client> = Arc::new(log.clone());
        let mut holds: Vec<Box<dyn StageLog>> = Vec::new();
        for of in Self::held(stage).iter().filter(|_| !self.dry_run) {
            holds.push(Box::new(log.stage(&group(engine::APPLICATION, of.name()), rebuild(&client, *of)?.inputs)?));
        }
        Ok(Opened { rebuild: rebuild(&client, stage)?, client, holds })
    }

    fn open_kafka(&self, stage: StageName) -> anyhow::Result<Opened> {
        let config = self.log.config("workers")?;
        let client: Arc<dyn Client> = Arc::new(kafka::connect(&config)?);
        self.check_partition(client.as_ref())?;
        let application_id = config.kafka.application_id.as_str();
        let store_directory = Path::new(&config.kafka.state_directory);
        let place = Place { application_id, store_directory, crash_place: application_id };
        let codec = kafka::codec(&config)?;
        let rebuild = |of: StageName| {
            let of = (of.name(), self.partition);
            engine::rebuild(client.clone(), codec.clone(), config.limits.clone(), of, &place)
        };
        let mut holds = Vec::new();
        for of in Self::held(stage).iter().filter(|_| !self.dry_run) {
            holds.push(kafka::only_worker(&config, of.name(), rebuild(*of)?.inputs)?);
        }
        Ok(Opened { rebuild: rebuild(stage)?, client: client.clone(), holds })
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
            console.object(&json!({
                "stage": CREDITING, "partition": self.partition, "states": states, "adds_up": adds_up,
                "credits_compared": !passing, "differences": listed(differences), "commits": commits,
            }))?;
            return Ok(());
        }
        self.tell_differences((CREDITING, *states), differences, crediting::rebuilt::shown, console)?;
        if !adds_up {
            console.line("the changelog does not add up to its last commit record")?;
        }
        if *passing {
            console.line("deals are being credited again: what they are credited was not compared")?;
        }
        let behind = match adds_up {
            true => "a worker tells earning what differs when it starts",
            false => "earning is told nothing",
        };
        self.tell_written(*commits, behind, console)
    }

    fn tell_earning(&self, rebuilt: &EarningRebuilt, console: &Console) -> anyhow::Result<()> {
        let EarningRebuilt { states, adds_up, broken, behind, differences, partitions, others, commits } = rebuilt;
        if console.json {
            console.object(&json!({
                "stage": EARNING, "partition": self.partition, "states": states, "adds_up": adds_up, "broken": broken,
                "earnings_compared": !behind, "differences": listed(differences), "partitions": partitions, "others": others,
                "commits": commits,
            }))?;
            return Ok(());
        }
        self.tell_differences((EARNING, *states), differences, earning::rebuilt::shown, console)?;
        if !adds_up {
            console.line("the changelog does not add up to its last commit record")?;
        }
        if let Some(broken) = broken {
            console.line(&format!("it cannot go on: {broken}"))?;
        }
        if *behind {
            console.line("it has yet to take in what was sent: what it counts and earns was not compared")?;
        }
        if *partitions > 1 && rebuilt.is_to_be_written() {
            console.line("payees earn for each other: all partitions of earning are rebuilt together")?;
        }
        for other in others {
            console.line(&format!("partition {other} stands still, too"))?;
        }
        self.tell_written(*commits, "a worker prices everything again when it starts", console)
    }

    fn tell_differences<D: Display>(
        &self,
        (stage, states): (&str, u64),
        differences: &[(Vec<u8>, D)],
        shown: fn(&[u8]) -> String,
        console: &Console,
    ) -> anyhow::Result<()> {
        let partition = self.partition;
        console.line(&format!("{stage} partition {partition}: the inputs give {states} states, {} differ", differences.len()))?;
        for (key, difference) in differences.iter().take(SHOWN) {
            console.line(&format!("  {} {difference}", shown(key)))?;
        }
        if differences.len() > SHOWN {
            console.line(&format!("  and {} more; --json has all", differences.len() - SHOWN))?;
        }
        Ok(())
    }

    fn tell_written(&self, commits: u32, behind: &str, console: &Console) -> anyhow::Result<()> {
        console.line(&match (commits, self.dry_run) {
            (0, true) => "nothing was written".to_owned(),
            (0, false) => "nothing was to be written".to_owned(),
            (_, _) => format!("written in {commits} transactions; {behind}"),
        })?;
        Ok(())
    }
}

fn listed<D: Serialize>(differences: &[(Vec<u8>, D)]) -> Vec<serde_json::Value> {
    let difference = |(key, difference): &(Vec<u8>, D)| json!({"key": String::from_utf8_lossy(key), "difference": difference});
    differences.iter().map(difference).collect()
}
