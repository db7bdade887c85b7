//! `digiknow`. All it does is the library's, which is made once: whatever stood here would be made of all it uses again.

/// A quarter of what a dashboard cost went into allocating; benches/README.md says what this saves, and what it takes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// For how many milliseconds the allocator keeps what is free, where nobody has said so; it would ten. It asks before anything of ours runs.
const KEEPS: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "1");

fn main() -> anyhow::Result<()> {
    if std::env::var_os(KEEPS.0).is_none() {
        // Where that can't be, it goes on as it is.
        process::start_over(&[KEEPS]);
    }
    api::command::run()
}
