//! DigiKnow's decisions: facts in, verdict out.
//!
//! Nothing here waits, reads a clock, draws a random number or knows a table. A rule takes small facts and the instant or
//! date it is asked about, and answers with a typed verdict that carries its reasons; the service loads the facts, and
//! saves what was decided. A "clear" is a clear *for a session on its date*, and what is unknown never counts as clear.

pub mod assignment;
pub mod audit;
pub mod availability;
pub mod calendar;
pub mod champion;
pub mod clearance;
pub mod client;
pub mod dbs;
pub mod directory;
pub mod exemption;
pub mod geo;
pub mod id;
pub mod input;
pub mod life;
pub mod limit;
pub mod matching;
pub mod offer;
pub mod onboarding;
pub mod policy;
pub mod proposal;
pub mod provider;
pub mod reason;
pub mod request;
pub mod requirement;
pub mod rota;
pub mod session;
pub mod sign_in;
pub mod stand_in;
pub mod swap;
pub mod training;
mod vocabulary;
pub mod wave;
