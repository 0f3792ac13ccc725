//! The commands, one file each; this one knows their arguments.
//!
//! Exit codes: 0 done, 1 what was asked about is not in order, 2 usage or runtime error.

mod address;
pub mod backup;
pub mod check;
pub mod completions;
pub mod demo;
pub mod export;
pub mod init;
pub mod notify_test;
mod open_files;
mod output;
pub mod replay;
pub mod run;
pub mod salvage;
pub mod schema;
pub mod status;
pub mod test;

use crate::telemetry::LogFormat;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// SLOs, error budgets and burn-rate alerts: scrapes, counts, alerts and shows.
#[derive(Debug, Parser)]
#[command(name = "slowburn", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How log lines are written
    #[arg(long = "log.format", value_enum, default_value_t = Format::Logfmt, global = true)]
    log_format: Format,
    /// What is logged: debug, info, warn, error, or directives like info,slowburn::web=debug [default: info; demo: error]
    #[arg(long = "log.level", global = true)]
    log_level: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Logfmt,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the engine
    Run(run::RunArgs),
    /// Report every mistake in configuration and SLO files
    Check(check::CheckArgs),
    /// Show how the SLOs of a running engine stand
    Status(status::StatusArgs),
    /// Run recorded samples through the same engine on a virtual clock
    Replay(Box<replay::ReplayArgs>),
    /// Run tests of SLOs: what goes in over time, and what must come out
    Test(test::TestArgs),
    /// Write the SLOs in another format
    Export(export::ExportArgs),
    /// Write a first configuration and SLOs for what targets show
    Init(init::InitArgs),
    /// Watch a simulated shop with incidents; everything on loopback, no file needed
    Demo(demo::DemoArgs),
    /// Send one test message through a receiver
    NotifyTest(NotifyTestArgs),
    /// Copy the data of an engine, running or not, into a file
    Backup(backup::BackupArgs),
    /// Put a backup into the data directory of an engine that does not run
    Restore(backup::RestoreArgs),
    /// Save what is sound of a damaged data directory, and name what is lost
    Salvage(salvage::SalvageArgs),
    /// Print the JSON Schema of configuration or SLO files
    Schema(schema::SchemaArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

#[derive(Debug, Args)]
struct NotifyTestArgs {
    /// The main file
    #[arg(long, default_value = "slowburn.yaml")]
    config: PathBuf,
    /// The receiver's name
    #[arg(long)]
    receiver: String,
}

/// The main file and where to listen, as several commands take them.
#[derive(Debug, Args)]
pub struct ListenArgs {
    /// Address of the page and the API; overrides web.listen
    #[arg(long = "web.listen", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
}

/// What a command came to.
pub enum Outcome {
    Done,
    NotInOrder,
}

/// Parses the arguments, runs the command, and maps its outcome to the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let format = match cli.log_format {
        Format::Json => LogFormat::Json,
        Format::Logfmt => LogFormat::Logfmt,
    };
    // The demo tells its story on the terminal; the scrapes that fail in it are part of the play.
    let level =
        cli.log_level.as_deref().unwrap_or(if matches!(cli.command, Command::Demo(_)) { "error" } else { "info" });
    let result = crate::telemetry::init(format, level).map_err(anyhow::Error::from).and_then(|()| execute(cli.command));
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NotInOrder) => ExitCode::from(1),
        Err(error) => {
            eprintln!("slowburn: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn execute(command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Run(args) => run::execute(args),
        Command::Check(args) => check::execute(&args),
        Command::Status(args) => status::execute(&args),
        Command::Replay(args) => replay::execute(&args),
        Command::Test(args) => test::execute(&args),
        Command::Export(args) => export::execute(&args),
        Command::Init(args) => init::execute(&args),
        Command::Backup(args) => backup::back_up(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Salvage(args) => salvage::execute(&args),
        Command::Schema(args) => schema::execute(&args),
        Command::Completions(args) => completions::execute(&args),
        Command::Demo(args) => demo::execute(args),
        Command::NotifyTest(args) => {
            let config = run::load(&args.config)?;
            let code = run::runtime()?.block_on(notify_test::execute(&config, &args.receiver));
            match code {
                0 => Ok(Outcome::Done),
                1 => Ok(Outcome::NotInOrder),
                _ => anyhow::bail!("the test message could not be sent"),
            }
        }
    }
}
