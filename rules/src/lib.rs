//! DigiKnow's decisions: facts in, verdict out.
//!
//! Nothing here waits, reads a clock, draws a random number or knows a table. A rule takes small facts and the instant or
//! date it is asked about, and answers with a typed verdict that carries its reasons; the service loads the facts, and
//! saves what was decided. A "clear" is a clear *for a session on its date*, and what is unknown never counts as clear.

pub mod acceptance;
pub mod assignment;
pub mod attendance;
pub mod audit;
pub mod availability;
pub mod bundle;
pub mod calendar;
pub mod champion;
pub mod clearance;
pub mod client;
pub mod cohort;
pub mod coverage;
pub mod dbs;
pub mod directory;
pub mod duplicate;
pub mod exemption;
pub mod feed;
pub mod geo;
pub mod holiday;
pub mod ical;
pub mod id;
pub mod input;
pub mod life;
pub mod limit;
pub mod matching;
pub mod offer;
pub mod onboarding;
pub mod outcome;
pub mod policy;
pub mod proposal;
pub mod provider;
pub mod reason;
pub mod reference;
pub mod renewal;
pub mod request;
pub mod requirement;
pub mod rng;
pub mod rota;
pub mod series;
pub mod session;
pub mod sheet;
pub mod sign_in;
pub mod sign_up;
pub mod staffing;
pub mod stage;
pub mod stand_in;
pub mod swap;
pub mod training;
pub mod travel;
mod vocabulary;
pub mod wave;
