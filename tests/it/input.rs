//! Values and bodies that can't be read: said plainly, and nothing changes.

mod bodies;
mod values;
mod variables;
