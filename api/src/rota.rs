//! `digiknow rota`: the planner of `rules::rota` on instances in its file format (`docs/rota-format.md`).

use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use rules::rota::{Assignment, Instance, Options, price, solve};
use serde::Deserialize;
use serde_json::{Value, json};

/// What to do with an instance.
#[derive(Subcommand, Debug)]
pub enum RotaCommand {
    /// Plan a rota: prints one line of figures as JSON
    Solve(SolveArgs),
    /// Verify and price a rota
    Check {
        /// The instance
        instance: PathBuf,
        /// The rota: {"assign": [[champion, session, role index], …]}
        solution: PathBuf,
    },
}

/// How to plan.
#[derive(Args, Debug)]
pub struct SolveArgs {
    /// The instance
    instance: PathBuf,
    /// Stop after this many seconds; the answer is the best found
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// Same seed, same instance, same budget of work: same rota
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Stop after looking at this many pairs
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
    work: u64,
    /// Where to write the rota
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Solution {
    assign: Vec<Assignment>,
}

/// Runs a command; answers the line to print.
pub fn run(command: &RotaCommand) -> Result<Value> {
    match command {
        RotaCommand::Solve(args) => plan(args),
        RotaCommand::Check { instance, solution } => {
            let solution: Solution = read(solution)?;
            let score =
                price(&instance_at(instance)?, &solution.assign).map_err(|broken| anyhow!("this rota breaks a rule: {broken:?}"))?;
            Ok(json!({ "objective": score.objective(), "score": format!("{score:?}") }))
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let file = File::open(path).with_context(|| format!("{} can't be read", path.display()))?;
    serde_json::from_reader(BufReader::new(file)).with_context(|| format!("{} is not in the format", path.display()))
}

fn instance_at(path: &Path) -> Result<Instance> {
    let instance: Instance = read(path)?;
    instance.check().map_err(|malformed| anyhow!("{} is malformed: {malformed:?}", path.display()))?;
    Ok(instance)
}

#[allow(clippy::disallowed_methods, reason = "a limit in seconds is measured by the machine's clock")]
fn plan(args: &SolveArgs) -> Result<Value> {
    let instance = instance_at(&args.instance)?;
    let limit = Duration::try_from_secs_f64(args.seconds).context("--seconds is a positive number")?;
    let options = Options { seed: args.seed, work: args.work, ..Options::default() };
    let start = Instant::now();
    let solution =
        solve(&instance, &options, &mut |_| if start.elapsed() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            .map_err(|broken| anyhow!("the pins break a rule: {broken:?}"))?;
    let seconds = start.elapsed().as_secs_f64();
    if let Some(out) = &args.out {
        std::fs::write(out, json!({ "assign": solution.assign }).to_string())
            .with_context(|| format!("{} can't be written", out.display()))?;
    }
    Ok(json!({
        "objective": solution.score.objective(), "bound": solution.bound, "gap": solution.gap(), "seconds": seconds, "work": solution.work,
        "filled": solution.assign.len(), "unfilled": solution.unfilled.iter().map(|u| u.missing).sum::<i64>(),
    }))
}
