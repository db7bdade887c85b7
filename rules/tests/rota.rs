//! The rota planner against an exhaustive solver, a slow checker and thousands of random boroughs.
#[path = "rota/boroughs.rs"]
mod boroughs;
#[path = "rota/exact.rs"]
mod exact;
#[path = "rota/repair.rs"]
mod repair;
#[path = "rota/shape.rs"]
mod shape;
#[path = "rota/slow.rs"]
mod slow;
#[path = "rota/solve.rs"]
mod solve;
