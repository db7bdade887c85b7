//! The GraphQL adapter.

pub mod code;
pub mod document;
