//! Identity: promises I1 to I8, and partner clients.

mod client;
mod door;
mod limit;
mod link;
mod mailbox;
mod password;
mod refresh;
mod token;
