//! What people type: the commands of the `accrue` binary, one file per command or small group.
//!
//! Data goes to standard output, notices go to standard error. Leaves out how anything is computed or stored.
//! Reading order: `exit`, `console`, `session` (a log to work on), then the commands.

mod acls;
mod adjust;
mod append;
mod asyncapi;
mod check;
mod close;
mod console;
mod control;
mod crm_report;
mod demo;
mod diff;
mod effects;
mod engine;
mod exit;
mod explain;
mod export;
mod ingest;
mod kafka;
mod pause;
mod payroll;
mod progress;
mod publish;
mod rebuild;
mod reconcile;
mod refused;
mod release;
mod review;
mod schemas;
mod session;
mod standings;
mod statement;
mod table;
mod tap;
mod test;
mod topics;
mod up;
mod verify;

use clap::{Parser, Subcommand};
use console::Console;
use exit::Exit;
use std::process::ExitCode;

/// Deals and quotas in; attainment, accruals and payouts out, exactly once.
#[derive(Debug, Parser)]
#[command(name = "accrue", version, arg_required_else_help = true, disable_help_subcommand = true)]
struct Arguments {
    /// Print data as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A made-up company plays on an embedded log
    Demo(demo::Demo),
    /// One process with a durable embedded log and both stages
    Up(up::Up),
    /// The same work on Kafka
    Run(up::Run),
    /// Let a running `up` fold nothing until it is resumed
    Pause(pause::Pause),
    /// Let a paused `up` go on
    Resume(pause::Pause),
    /// Check a company's files and append what differs
    Publish(publish::Publish),
    /// Append records from JSON lines, or deals from a CRM
    Ingest(ingest::Ingest),
    /// Add to a payee's credit, earning or pay by hand
    Adjust(adjust::Adjust),
    /// Which deals of a CRM's report are not on the log
    Reconcile(reconcile::Reconcile),
    /// Review a pay period and close it
    Close(close::Close),
    /// Take the last close back before its release
    Reopen(close::Reopen),
    /// Publish the payouts of a closed period
    Release(release::Release),
    /// Who stands where, by attainment or measured amount
    Board(standings::Board),
    /// Measured sums against quotas
    Attainment(standings::Attainment),
    /// What a payee has earned and was paid
    Statement(statement::Statement),
    /// Payouts by run
    Payouts(statement::Payouts),
    /// What payroll has made of the payouts
    Payroll(payroll::Payroll),
    /// What was refused and what waits for a fact
    #[command(subcommand)]
    Rejects(standings::Rejects),
    /// Every error in a company's files at once
    Check(check::Check),
    /// What another version of a company's files changes
    Diff(diff::Diff),
    /// What a code of a finding or a reject means
    Explain(explain::Explain),
    /// Run cases through the engine
    Test(test::Test),
    /// Recompute everything with the second engine and compare
    Verify(verify::Verify),
    /// Build a partition's states again from its inputs
    Rebuild(rebuild::RebuildPartition),
    /// The records of a topic as lines of JSON
    Tap(tap::Tap),
    /// Print the topics with their settings, or create them
    Topics(topics::Topics),
    /// Compare the topics' schemas, or register them
    #[command(subcommand)]
    Schemas(schemas::Schemas),
    /// Write data for other programs
    #[command(subcommand)]
    Export(export::Export),
    #[command(external_subcommand)]
    Other(Vec<String>),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    let console = Console::new(arguments.json);
    let outcome = crate::telemetry::start()
        .map_err(|error| exit::usage_error(error.to_string()))
        .and_then(|()| dispatch(arguments.command, &console));
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => exit::report(&error),
    }
}

fn dispatch(command: Command, console: &Console) -> anyhow::Result<Exit> {
    match command {
        Command::Demo(command) => command.run(console),
        Command::Up(command) => command.run(console),
        Command::Run(command) => command.run(console),
        Command::Pause(command) => command.run(true, console),
        Command::Resume(command) => command.run(false, console),
        Command::Publish(command) => command.run(console),
        Command::Ingest(command) => command.run(console),
        Command::Adjust(command) => command.run(console),
        Command::Reconcile(command) => command.run(console),
        Command::Close(command) => command.run(console),
        Command::Reopen(command) => command.run(console),
        Command::Release(command) => command.run(console),
        Command::Board(command) => command.run(console),
        Command::Attainment(command) => command.run(console),
        Command::Statement(command) => command.run(console),
        Command::Payouts(command) => command.run(console),
        Command::Payroll(command) => command.run(console),
        Command::Rejects(command) => command.run(console),
        Command::Check(command) => command.run(console),
        Command::Diff(command) => command.run(console),
        Command::Explain(command) => command.run(console),
        Command::Test(command) => command.run(console),
        Command::Verify(command) => command.run(console),
        Command::Rebuild(command) => command.run(console),
        Command::Tap(command) => command.run(console),
        Command::Topics(command) => command.run(console),
        Command::Schemas(command) => command.run(console),
        Command::Export(command) => command.run(console),
        Command::Other(words) => refused::command(&words),
    }
}

#[cfg(test)]
mod tests;
