//! What processes cost, as Linux counts it.

use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::Connection;

/// A server that was started, and ends with this.
pub struct Server {
    child: Child,
    pub at: SocketAddr,
    /// From its start to its first good answer.
    pub ready_in: Duration,
}

impl Server {
    /// Starts a program and waits until `probe` is answered with 200.
    pub async fn start(program: &str, arguments: &[&str], at: SocketAddr, probe: &[u8]) -> Result<Self> {
        let began = Instant::now();
        let child = Command::new(program).args(arguments).env("RUST_LOG", "warn").spawn().with_context(|| program.to_owned())?;
        let mut server = Self { child, at, ready_in: Duration::ZERO };
        while began.elapsed() < Duration::from_secs(600) {
            if let Ok(mut connection) = Connection::open(at).await
                && let Ok((200, _)) = connection.send(probe).await
            {
                server.ready_in = began.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                bail!("{program} ended: {status}");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        bail!("{program} does not answer")
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of a process so far, and of the children it has waited for.
fn spent(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // utime, stime, cutime and cstime are the 14th to 17th; the second may hold blanks.
    let ticks: u64 =
        stat.rsplit_once(')').map_or(0, |(_, rest)| rest.split_whitespace().skip(11).take(4).filter_map(|n| n.parse::<u64>().ok()).sum());
    // Linux tells processes of a hundredth of a second (USER_HZ).
    Duration::from_millis(ticks * 10)
}

/// Processor time of a server.
pub fn of_server(id: u32) -> Duration {
    spent(id)
}

/// Processor time of PostgreSQL: its first process and everything under it.
pub fn of_database(first: Option<u32>) -> Duration {
    let Some(first) = first else { return Duration::ZERO };
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| *id == first || parent(*id) == Some(first)).map(spent).sum()
}

/// The process that started this one.
pub fn parent(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Memory that is in use now and was at most, in MB.
pub fn memory(id: u32) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()? / 1024)
    };
    (of("VmRSS:").unwrap_or_default(), of("VmHWM:").unwrap_or_default())
}
