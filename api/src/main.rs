//! `digiknow`. All it does is the library's, which is made once: whatever stood here would be made of all it uses again.

/// A quarter of what a dashboard cost went into allocating; benches/README.md says what this saves, and what it takes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    api::command::run()
}
