//! `rota_solve INSTANCE.json [--seconds N] [--seed N] [--out SOLUTION.json]`: one JSON line of figures. See benches/rota.md.
use rules::rota::{Instance, Options, price, solve};
use std::error::Error;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|a| a != name).nth(1)
}

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which instance?")?;
    let read = Instant::now();
    let instance: Instance = serde_json::from_reader(std::io::BufReader::new(std::fs::File::open(path)?))?;
    instance.check().map_err(|e| format!("{e:?}"))?;
    let read = read.elapsed();
    let seconds = option("--seconds").map_or(Ok(3600.0), |s| s.parse())?;
    let options = Options { seed: option("--seed").map_or(Ok(1), |s| s.parse())?, ..Options::default() };
    let (from, limit) = (Instant::now(), Duration::from_secs_f64(seconds));
    let trace = std::env::args().any(|a| a == "--trace");
    let solution = solve(&instance, &options, &mut |p| {
        if trace {
            println!("{:?} {p:?}", from.elapsed());
        }
        if from.elapsed() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
    .map_err(|e| format!("{e:?}"))?;
    let took = from.elapsed();
    let checked = price(&instance, &solution.assign).map_err(|e| format!("{e:?}"))?;
    let (objective, bound) = (checked.objective(), solution.bound);
    let gap = (objective - bound) as f64 / (objective.abs().max(1)) as f64;
    println!(
        "{{\"objective\": {objective}, \"bound\": {bound}, \"gap\": {gap:.6}, \"read_s\": {:.3}, \"solve_s\": {:.3}, \"work\": {}, \"score\": \"{:?}\"}}",
        read.as_secs_f64(),
        took.as_secs_f64(),
        solution.work,
        solution.score
    );
    if let Some(out) = option("--out") {
        std::fs::write(out, serde_json::json!({ "assign": solution.assign }).to_string())?;
    }
    Ok(())
}
