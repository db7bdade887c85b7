//! Identity: promises I1 to I8, and partner clients.

mod limit;
