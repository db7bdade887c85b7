//! Plans rotas.
mod bound;
mod check;
mod eligible;
mod engine;
mod geometry;
mod graph;
mod grid;
mod improve;
mod instance;
mod lower;
mod mend;
mod order;
mod polish;
mod price;
mod raise;
mod rng;
mod schedule;
mod schedule_table;
mod schedule_week;
mod search;
mod solve;
mod state;

pub use check::Malformed;
pub use eligible::Blocker;
pub use instance::{Assignment, Champion, Instance, Role, Session, Weights};
pub use price::{Broken, Score, price};
pub use solve::{Options, Progress, Solution, solve};
