//! What the service asks the system about its own process: to start it over, and to let go of pages that only starting needed
//! (docs/decisions/0030, 0031). The one place where `unsafe` may stand.

use std::io;
#[cfg(target_os = "linux")]
use std::{ops::Range, path::Path};

/// Starts the program once more in this one's place, with the same arguments, open files and process id, and with these variables set.
/// Returns only if that can't be.
#[cfg(unix)]
pub fn start_over(variables: &[(&str, &str)]) -> io::Error {
    use std::os::unix::process::CommandExt;

    let mut words = std::env::args_os();
    let Some(name) = words.next() else { return io::ErrorKind::NotFound.into() };
    match std::env::current_exe() {
        Ok(program) => std::process::Command::new(program).arg0(name).args(words).envs(variables.iter().copied()).exec(),
        Err(error) => error,
    }
}

/// No other system can put a program in another's place.
#[cfg(not(unix))]
pub fn start_over(_: &[(&str, &str)]) -> io::Error {
    io::ErrorKind::Unsupported.into()
}

/// Lets go of the pages of the program's file that are in memory, code and constants, and says how many bytes they could be. What is
/// needed again is found again where it was, mostly in the system's cache of files.
#[cfg(target_os = "linux")]
pub fn forget_program() -> io::Result<usize> {
    let (program, maps) = (std::env::current_exe()?, std::fs::read_to_string("/proc/self/smaps")?);
    let mut bytes = 0;
    for part in maps.split("VmFlags:").filter_map(|entry| unwritten(entry, &program)) {
        let start = std::ptr::with_exposed_provenance_mut(part.start);
        // SAFETY: `part` is the whole of a mapping of this program's file that nobody may write to and nobody has, so what is read
        // there afterwards is what was there: the file's (madvise(2), MADV_DONTNEED).
        #[expect(unsafe_code, reason = "no safe function asks for this")]
        let answer = unsafe { libc::madvise(start, part.len(), libc::MADV_DONTNEED) };
        if answer != 0 {
            return Err(io::Error::last_os_error());
        }
        bytes += part.len();
    }
    Ok(bytes)
}

/// Other systems take back what isn't used by themselves, or can't be asked.
#[cfg(not(target_os = "linux"))]
pub fn forget_program() -> io::Result<usize> {
    Ok(0)
}

/// Has the C library give back what is free: what SQLite let go of stays its own as long as anything above is in use (malloc_trim(3)).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn give_back_free() {
    // SAFETY: it may be called at any time, by any thread, and changes no block that is in use.
    #[expect(unsafe_code, reason = "no safe function asks for this")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other C libraries can't be asked.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back_free() {}

/// The addresses of an entry of `/proc/PID/smaps` (proc(5)), if it is a part of this program that is as it is in the file: a page that
/// was written to, like a constant whose address was filled in before it became constant, would be anonymous or swapped out.
#[cfg(target_os = "linux")]
fn unwritten(entry: &str, program: &Path) -> Option<Range<usize>> {
    let part = entry.lines().find_map(|line| of_program(line, program))?;
    let has_none = |field| entry.lines().filter_map(|line| line.strip_prefix(field)).any(|size: &str| size.trim() == "0 kB");
    (has_none("Anonymous:") && has_none("Swap:")).then_some(part)
}

/// The addresses of a mapping of this program that may not be written to, by its first line.
#[cfg(target_os = "linux")]
fn of_program(line: &str, program: &Path) -> Option<Range<usize>> {
    // Address, rights, offset, device, inode, and the name with whatever spaces it has.
    let mut rest = line;
    let mut word = || {
        let (word, after) = rest.split_once(' ')?;
        rest = after.trim_start();
        Some(word)
    };
    let (addresses, rights) = (word()?, word()?);
    for _ in 0..3 {
        word()?;
    }
    let (start, end) = addresses.split_once('-')?;
    let at = |address| usize::from_str_radix(address, 16).ok();
    let ours = matches!(rights, "r-xp" | "r--p") && rest.as_bytes() == program.as_os_str().as_encoded_bytes();
    ours.then_some(at(start)?..at(end)?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    const PROGRAM: &str = "/opt/digi know";

    fn entry(head: &str, anonymous: u32, swap: u32) -> String {
        let sizes = format!("Size: 64 kB\nRss: 8 kB\nAnonymous:        {anonymous} kB\nSwap:             {swap} kB\nSwapPss: 0 kB\n");
        format!(" rd ex mr mw me sd \n{head}\n{sizes}")
    }

    #[test]
    fn only_parts_of_the_program_that_nobody_has_written_to_are_let_go_of() {
        let of = |head: &str, anonymous, swap| unwritten(&entry(head, anonymous, swap), Path::new(PROGRAM));
        for rights in ["r-xp", "r--p"] {
            let head = format!("562c4a1be000-562c4e046000 {rights} 00f4a000 fe:00 1234                       {PROGRAM}");
            assert_eq!(of(&head, 0, 0), Some(0x562c4a1be000..0x562c4e046000));
            assert_eq!(of(&head, 4, 0), None, "written to");
            assert_eq!(of(&head, 0, 4), None, "written to, and swapped out");
            assert_eq!(unwritten(&head, Path::new(PROGRAM)), None, "not told");
        }
        for head in [
            "562c4a1be000-562c4e046000 r-xp 00f4a000 fe:00 1234                       /opt/digi",
            "562c4a1be000-562c4e046000 r-xp 00f4a000 fe:00 1234                       /usr/lib/libc.so.6",
            "562c4a1be000-562c4e046000 rw-p 00f4a000 fe:00 1234                       /opt/digi know",
            "562c4a1be000-562c4e046000 rwxp 00f4a000 fe:00 1234                       /opt/digi know",
            "562c4a1be000-562c4e046000 r-xs 00f4a000 fe:00 1234                       /opt/digi know",
            "7ffd0c5f2000-7ffd0c5f4000 r-xp 00000000 00:00 0                          [vdso]",
            "7ffd0c5f2000-7ffd0c5f4000 r-xp 00000000 00:00 0 ",
            "",
        ] {
            assert_eq!(of(head, 0, 0), None, "{head}");
        }
    }

    /// Kilobytes of this program's file that are in memory.
    fn resident() -> usize {
        let program = std::env::current_exe().expect("a program");
        let maps = std::fs::read_to_string("/proc/self/smaps").expect("proc");
        let parts = maps.split("VmFlags:").filter(|entry| unwritten(entry, &program).is_some());
        let told = parts.flat_map(str::lines).filter_map(|line| line.strip_prefix("Rss:"));
        told.map(|size| size.trim().trim_end_matches(" kB").parse::<usize>().expect("a number")).sum()
    }

    #[cfg(target_env = "gnu")]
    #[test]
    fn what_is_free_below_what_is_in_use_is_given_back() {
        let resident = || {
            let status = std::fs::read_to_string("/proc/self/status").expect("proc");
            let told = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a size");
            told.trim().trim_end_matches(" kB").parse::<usize>().expect("a number")
        };
        // This program's allocator is the C library's.
        let mut blocks: Vec<Vec<u8>> = (0..20_000).map(|_| vec![1; 1_000]).collect();
        let above = blocks.split_off(19_999);
        drop(blocks);
        let before = resident();
        give_back_free();
        let after = resident();
        assert!(above[0][0] == 1 && after + 15_000 < before, "{before} kB in memory, then {after}");
    }

    #[test]
    fn what_was_let_go_of_is_there_again() {
        let before = resident();
        let bytes = forget_program().expect("let go");
        let after = resident();
        assert!(bytes > 0 && after < before, "{bytes} bytes, {before} kB in memory, then {after}");
    }
}
