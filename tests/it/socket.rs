//! GraphQL over WebSocket: the protocol, who may, and what changes arrive.

mod changes;
mod protocol;
mod rota;
mod welcome;
