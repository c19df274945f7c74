//! `accrue export`: data for other programs, the same bytes for the same events.

use super::console::Console;
use super::exit::Exit;
use super::session::{LogOptions, Session};
use crate::read::totals;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Export {
    /// Booked totals that are not zero, and payouts, as sorted CSV
    Totals(LogOptions),
}

impl Export {
    pub fn run(self, console: &Console) -> anyhow::Result<Exit> {
        let Export::Totals(options) = self;
        let session = Session::open(&options, console)?;
        let rows = totals::export(session.client(), session.codec())?;
        session.finish()?;
        if console.json {
            return rows.iter().try_for_each(|row| json_row(console, row)).map(|()| Exit::Done);
        }
        let mut writer = csv::Writer::from_writer(std::io::stdout().lock());
        writer.write_record(totals::EXPORT_HEADER)?;
        for row in rows {
            writer.write_record(row)?;
        }
        writer.flush()?;
        Ok(Exit::Done)
    }
}

fn json_row(console: &Console, row: &totals::ExportRow) -> anyhow::Result<()> {
    let fields = totals::EXPORT_HEADER.iter().zip(row).map(|(name, value)| (name.to_string(), value.clone().into()));
    console.object(&serde_json::Map::<String, serde_json::Value>::from_iter(fields))
}
