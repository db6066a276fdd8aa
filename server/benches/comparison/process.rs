//! A program and its arguments go in; a server pinned to one core, and what it cost, come out.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use procfs::process::Process;
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::load;

/// The servers have this core for themselves, the load comes from the other.
pub(crate) const SERVER_CORE: usize = 0;
pub(crate) const LOAD_CORE: usize = 1;

/// Killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// What a process has used since it started.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// The most memory it has had at a time, in bytes.
    pub(crate) peak: u64,
}

impl Server {
    /// Started, and answering.
    pub(crate) fn start(program: &Path, arguments: &[String]) -> Result<Self> {
        let address = free_address()?;
        pin(SERVER_CORE)?;
        let child = command(program)
            .arg(format!("--listen={address}"))
            .args(arguments)
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        pin(LOAD_CORE)?;
        let child = child.with_context(|| format!("{} does not start", program.display()))?;
        let server = Self { child, address };
        let deadline = Instant::now() + Duration::from_secs(10);
        while load::get(address, "/healthz").is_err() {
            ensure!(Instant::now() < deadline, "{} does not answer", program.display());
            std::thread::yield_now();
        }
        Ok(server)
    }

    pub(crate) fn usage(&self) -> Result<Usage> {
        let process = Process::new(self.child.id().cast_signed())?;
        let stat = process.stat()?;
        let ticks = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
        let peak = process.status()?.vmhwm.context("no VmHWM")? * 1024;
        Ok(Usage { cpu: Duration::from_secs_f64(ticks), peak })
    }

    /// Memory in use now, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        Ok(Process::new(self.child.id().cast_signed())?.status()?.vmrss.context("no VmRSS")? * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Has the calling thread, and the processes that it starts, run on one core.
pub(crate) fn pin(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

#[expect(clippy::disallowed_methods, reason = "the bench's only place that starts programs")]
pub(crate) fn command(program: &Path) -> Command {
    Command::new(program)
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
