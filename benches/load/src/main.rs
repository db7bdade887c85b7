//! Load on the service beside plain handlers of the same answers, turn by turn: benches/README.md says how.
//!
//! `load run` starts the service and the plain handlers on one generated database, sends the three operations that matter most to
//! each in turn, and prints a table. `load plain` is what it starts.
#![allow(clippy::print_stdout, reason = "the table")]
#![allow(clippy::disallowed_methods, reason = "what is measured goes by the real clock")]

use anyhow::Result;
use clap::{Parser, Subcommand};

mod client;
mod data;
mod process;
mod round;
mod table;
mod yardstick;

#[derive(Parser)]
#[command(about = "Load on the service, and plain handlers beside it")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure
    Run(round::Run),
    /// Serve the plain handlers
    Plain(yardstick::Plain),
}

#[tokio::main]
async fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Run(run) => round::run(run).await,
        Command::Plain(plain) => yardstick::serve(plain).await,
    }
}
