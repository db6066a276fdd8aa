//! The state folder: everything that the lab owns on the disk, and the lock that makes it the only lab there.

use crate::disk;
use crate::failure::{Failure, Result};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// The longest path that a Unix socket can have on every system, in bytes.
const SOCKET_PATH_LIMIT: usize = 100;

/// Paths below one folder, `.lab` unless another is asked for.
#[derive(Clone, Debug)]
pub(crate) struct StateFolder {
    root: PathBuf,
}

impl StateFolder {
    /// Makes the folder, for its owner alone; its path becomes absolute, since children run in other folders.
    pub(crate) fn create(root: &Path) -> Result<Self> {
        disk::create_private_folder(root)?;
        Self::existing(root)
    }

    /// The folder of a lab that is there, if one ever was.
    pub(crate) fn open(root: &Path) -> Result<Option<Self>> {
        if root.is_dir() { Self::existing(root).map(Some) } else { Ok(None) }
    }

    fn existing(root: &Path) -> Result<Self> {
        let root = root.canonicalize().map_err(|error| Failure::disk(root, &error))?;
        let state = Self { root };
        let length = state.socket().as_os_str().len();
        if length > SOCKET_PATH_LIMIT {
            let message = format!(
                "the path of the control socket is too long: {length} bytes, {}",
                state.socket().display()
            );
            return Err(Failure::input(
                message,
                "choose a folder with a shorter path: `--state /tmp/lab`",
            ));
        }
        Ok(state)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What a lab behind the terminal would have printed, its result and its errors.
    pub(crate) fn detached_logs(&self) -> [PathBuf; 2] {
        ["lab.log", "lab.errors.log"].map(|name| self.root.join(name))
    }

    /// The lab that runs from this folder listens here.
    pub(crate) fn socket(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    /// What lives as long as one run: Envoy's files.
    pub(crate) fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    pub(crate) fn routes(&self) -> PathBuf {
        self.run().join("routes")
    }

    /// Logs of the last run.
    pub(crate) fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// The access log of a proxy.
    pub(crate) fn access_log(&self, proxy: &str) -> PathBuf {
        self.log(&format!("{proxy}.access"))
    }

    /// The objects that a release has put in force.
    pub(crate) fn release(&self) -> PathBuf {
        self.run().join("release.yaml")
    }

    /// Certificates and keys.
    pub(crate) fn tls(&self) -> PathBuf {
        self.root.join("tls")
    }

    /// The Envoy that the lab installed.
    pub(crate) fn envoy(&self) -> PathBuf {
        self.root.join("envoy")
    }

    /// Takes the folder for one lab; the system frees it when the process ends, however it ends.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = self.root.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| Failure::disk(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                let message = format!("a lab is already running from {}", self.root.display());
                Err(Failure::input(
                    message,
                    "see it with `cargo lab status`, stop it with `cargo lab down`",
                ))
            }
            Err(TryLockError::Error(error)) => Err(Failure::disk(&path, &error)),
        }
    }

    /// Empties what an earlier run left.
    pub(crate) fn clear(&self) -> Result<()> {
        disk::remove(&self.socket())?;
        disk::remove_folder(&self.run())?;
        disk::remove_folder(&self.logs())?;
        disk::create_folder(&self.routes())?;
        disk::create_folder(&self.logs())
    }

    /// Removes what only a running lab needs.
    pub(crate) fn leave(&self) -> Result<()> {
        disk::remove(&self.socket())?;
        disk::remove_folder(&self.run())
    }
}
