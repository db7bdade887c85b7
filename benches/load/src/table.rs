//! The table: medians of turns, and how the service stands to the others turn by turn.

use std::fmt;
use std::time::Duration;

use crate::data::Operation;

/// One turn's figures.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    per_second: f64,
    p50: f64,
    p99: f64,
    /// Milliseconds of processor a request: the server's, and the database's.
    server: f64,
    database: f64,
}

impl Cell {
    /// Of a turn.
    pub fn of(mut took: Vec<Duration>, lasted: Duration, server: Duration, database: Duration) -> Self {
        took.sort();
        let count = took.len().max(1);
        let at = |share: f64| took.get((count as f64 * share) as usize).or(took.last()).map_or(0.0, |d| d.as_secs_f64() * 1e3);
        let each = |all: Duration| all.as_secs_f64() * 1e3 / count as f64;
        Self {
            per_second: took.len() as f64 / lasted.as_secs_f64(),
            p50: at(0.5),
            p99: at(0.99),
            server: each(server),
            database: each(database),
        }
    }
}

/// Turns by operation and server, in the order they came.
#[derive(Default)]
pub struct Table(Vec<(Operation, &'static str, Vec<Cell>)>);

impl Table {
    /// Adds a turn.
    pub fn add(&mut self, operation: Operation, name: &'static str, cell: Cell) {
        match self.0.iter_mut().find(|(o, n, _)| *o == operation && *n == name) {
            Some((.., cells)) => cells.push(cell),
            None => self.0.push((operation, name, vec![cell])),
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n| | requests/s | p50 ms | p99 ms | server CPU ms | database CPU ms | service / this |\n|---|---|---|---|---|---|---|"
        )?;
        for (operation, name, cells) in &self.0 {
            let of = |read: fn(&Cell) -> f64| median(cells.iter().map(read));
            let service = self.0.iter().find(|(o, n, _)| o == operation && *n == "service").map(|(.., cells)| cells);
            let ratio = service.map_or(f64::NAN, |s| median(s.iter().zip(cells).map(|(s, c)| s.per_second / c.per_second)));
            writeln!(
                f,
                "| {operation:?} {name} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {ratio:.2} |",
                of(|c| c.per_second),
                of(|c| c.p50),
                of(|c| c.p99),
                of(|c| c.server),
                of(|c| c.database)
            )?;
        }
        Ok(())
    }
}
