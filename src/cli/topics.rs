//! `accrue topics`: the topics with what is in them; with `--create` those that are missing are made; with `--acls` what Kafka
//! must allow is told instead.

use super::acls::Acls;
use super::console::Console;
use super::exit::Exit;
use super::session::{LogOptions, Session};
use super::table::Table;
use crate::domain::topic::Topic;
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub struct Topics {
    #[command(flatten)]
    log: LogOptions,
    /// Create the topics that are missing and check the others
    #[arg(long)]
    create: bool,
    /// Partitions of new topics; default: the config's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    partitions: Option<u32>,
    #[command(flatten)]
    acls: Acls,
}

impl Topics {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        if self.acls.are_asked_for() {
            return self.acls.print(&self.log.config("ACLs")?, console);
        }
        let partitions = self.partitions.map_or_else(|| self.log.partitions(), Ok)?;
        let session = Session::without_engine(&self.log, self.create.then_some(partitions), console)?;
        if self.create {
            session.client().create_topics(partitions)?;
            console.notice("all topics are there with the right settings");
        }
        let mut table = Table::new(&["topic", ">partitions", ">records", "kept"]);
        for topic in Topic::ALL {
            let (partitions, records) = size(&session, topic)?;
            let kept = kept(topic);
            if console.json {
                let name = topic.name();
                console.object(&json!({"topic": name, "partitions": partitions, "records": records, "kept": kept}))?;
            }
            table.row([topic.name().into(), partitions.to_string(), records.to_string(), kept.into()]);
        }
        if !console.json {
            table.lines().iter().try_for_each(|line| console.line(line))?;
        }
        session.finish()?;
        Ok(Exit::Done)
    }
}

fn kept(topic: Topic) -> &'static str {
    match topic {
        Topic::Credits => "until earned",
        topic if topic.compacted() => "compacted",
        _ => "for ever",
    }
}

/// Partitions, and about how many records: control records and aborted ones count, too.
fn size(session: &Session, topic: Topic) -> anyhow::Result<(u32, u64)> {
    let client = session.client();
    let partitions = client.partitions(topic)?;
    let mut records = 0;
    for partition in 0..partitions {
        records += client.end(topic, partition)?.saturating_sub(client.start(topic, partition)?);
    }
    Ok((partitions, records))
}
