//! `digiknow`. All it does is the library's, which is made once: whatever stood here would be made of all it uses again.

/// A quarter of what a dashboard cost went into allocating; benches/README.md says what this saves, and what it takes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// For how many milliseconds the allocator keeps what is free, where nobody has said so; it would ten. It asks before anything of ours runs.
const KEEPS: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "1");

fn main() -> anyhow::Result<()> {
    start_over();
    api::command::run()
}

/// Starts the program once more in this one's place, so that the allocator finds its answer. Where that can't be, it goes on as it is.
#[cfg(unix)]
fn start_over() {
    use std::os::unix::process::CommandExt;

    let mut words = std::env::args_os();
    if let (None, Ok(program), Some(name)) = (std::env::var_os(KEEPS.0), std::env::current_exe(), words.next()) {
        // It returns only if it failed.
        let _ = std::process::Command::new(program).arg0(name).args(words).env(KEEPS.0, KEEPS.1).exec();
    }
}

#[cfg(not(unix))]
fn start_over() {}
