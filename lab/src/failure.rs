//! What went wrong, for the person at the terminal: a message, what explains it, a hint, and whose mistake it is.

use crate::disk;
use manifests::violation::Violation;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;

/// An error that ends a command.
#[derive(Debug)]
pub struct Failure {
    pub(crate) message: String,
    /// Lines that explain the failure: the end of a log, another program's words.
    pub(crate) evidence: String,
    /// What the user can do about it; a command where there is one.
    pub(crate) hint: String,
    pub(crate) fault: Fault,
}

/// Whose mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The input is wrong: exit code 1.
    Input,
    /// The lab or its machine failed: exit code 2.
    Lab,
}

/// How many lines of a log explain a failure.
const EVIDENCE: usize = 12;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn input(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            evidence: String::new(),
            hint: hint.into(),
            fault: Fault::Input,
        }
    }

    pub(crate) fn lab(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { fault: Fault::Lab, ..Self::input(message, hint) }
    }

    pub(crate) fn with_evidence(self, evidence: impl Into<String>) -> Self {
        Self { evidence: evidence.into(), ..self }
    }

    /// With the end of a log, which holds the words of the program that failed.
    pub(crate) fn with_log(self, log: &Path) -> Self {
        self.with_evidence(disk::tail(log, EVIDENCE))
    }

    /// A file or folder of the lab that could not be used.
    pub(crate) fn disk(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("{}: {error}", path.display());
        Self::lab(message, "check the path, its permissions and the space on the disk")
    }

    pub(crate) fn violations(violations: &[Violation]) -> Self {
        let lines: Vec<String> =
            violations.iter().map(|violation| format!("error: {violation}")).collect();
        let noun = if violations.len() == 1 { "finding" } else { "findings" };
        let message = format!("the manifests cannot be applied: {} {noun}", violations.len());
        Self::input(message, "nothing was changed; mend the findings and run the command again")
            .with_evidence(lines.join("\n"))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        self.fault.into()
    }
}

impl From<Fault> for ExitCode {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Input => Self::from(1),
            Fault::Lab => Self::from(2),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.evidence.is_empty() {
            writeln!(formatter, "{}", self.evidence.trim_end())?;
        }
        write!(formatter, "error: {}\n  hint: {}", self.message, self.hint)
    }
}
