//! Rotas: who goes to which session over the coming weeks.
//!
//! [`solve`] plans a whole horizon, [`Repairer`] closes one hole after another, [`repair`] a single one, [`price`] checks and prices any rota, [`explain`] says why places
//! are empty. All are pure: no clock, no thread, no randomness but the seed. Metres, minutes and the objective are integers;
//! lower is better.
//!
//! **How.** Every role of a session is a *post* with a price: what the session pays for one place. A champion takes the schedule
//! worth most at today's prices less travel and fairness; a session leaves a place empty once its price passes what the hole
//! costs, and closes if that is dearer for lead and helpers together. Posts are filled one by one along the shortest chain of
//! replacements (successive shortest paths, `raise`); prices rise by the lengths found, so that everyone stays content and the
//! rota best for what is filled so far. A closed session frees its helpers the same way downwards (`lower`). Two things such
//! chains cannot see: a session whose helpers are worth its lead, and a champion for whom two places replace one. `improve`
//! tries those, each attempt carried out, repaired and kept only if it pays; `mend` puts the prices right; `ruin` empties and
//! refills neighbourhoods where prices and rota still disagree.
//!
//! **The bound.** At any prices, each champion's best schedule (`schedule`, exact) and each session's best choice (`bound`) together cost
//! no more than any rota can: a Lagrangian bound, at least as strong as the linear relaxation once prices are best. `polish`
//! moves prices towards that. Integers throughout: no rounding lifts the bound above the optimum.
//!
//! **Cost.** Pairs come from a grid by weekday, so building is near linear in champions times sessions within reach. A chain looks
//! at some thousand pairs where towns are apart, and at more in one dense town, where ends a little longer than the shortest
//! are accepted to keep pace. Memory: 16 bytes a pair and some hundred a champion and a post.
//!
//! **What bites.** An instance must pass [`Instance::check`] first. `work` is what makes answers repeatable; time, through the callback,
//! only cuts short, and a rota cut before every post was tried is topped up plainly, so its bound is far: one dense town of
//! 20,000 champions takes minutes, fifty towns of 400 take seconds. A small gap may be the bound's fault alone: the link between
//! lead and helpers and places that clash are convex only by and large. A pinned helper may stay without a lead, which [`price`]
//! then reports. Distances over the format's 12 km are allowed here, though the shared checker does not look that far.
mod bound;
mod chain;
mod check;
mod eligible;
mod engine;
mod explain;
mod fairness;
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
mod repair;
mod ruin;
mod schedule;
mod schedule_table;
mod schedule_week;
mod search;
mod shadow;
mod solve;
mod state;

pub use check::Malformed;
pub use eligible::Blocker;
pub use explain::{Remedy, Unfilled, explain};
pub use fairness::Fairness;
#[cfg(test)]
pub(crate) use geometry::Slot;
pub use instance::{Assignment, Champion, Instance, Role, Session, Weights};
pub(crate) use price::slot;
pub use price::{Broken, Score, price};
pub use repair::{Repair, Repairer, repair};
pub use shadow::Shadow;
pub use solve::{Options, Progress, Solution, solve};
