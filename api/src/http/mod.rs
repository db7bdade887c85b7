//! The HTTP adapter.

pub mod graphql;
