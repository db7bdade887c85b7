//! Identity: promises I1 to I8, and partner clients.

mod client;
mod door;
mod fake;
mod limit;
mod link;
mod mailbox;
mod password;
mod provider;
mod refresh;
mod token;
