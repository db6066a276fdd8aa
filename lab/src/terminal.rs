//! Lines for the person at the terminal: coloured where it is one, plain where it is a pipe.

use std::io::Write;

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const DIM: &str = "\u{1b}[2m";
const BOLD: &str = "\u{1b}[1m";
const RESET: &str = "\u{1b}[0m";

/// Prints a line of the result on standard output.
pub(crate) fn line(text: &str) {
    // A reader that has seen enough and gone is no error.
    writeln!(anstream::stdout(), "{text}").ok();
}

/// The columns of the terminal that the result is printed on; none for a pipe or a file.
pub(crate) fn columns() -> Option<usize> {
    comfy_table::Table::new().width().map(usize::from)
}

/// Prints what went wrong on standard error.
pub(crate) fn error(text: &str) {
    writeln!(anstream::stderr(), "{text}").ok();
}

pub(crate) fn heading(text: &str) {
    line(&format!("\n{BOLD}{text}{RESET}"));
}

/// A step that is done, with what it took.
pub(crate) fn done(text: &str, took: std::time::Duration) {
    line(&format!("  {GREEN}✓{RESET} {text} {DIM}({} ms){RESET}", took.as_millis()));
}

pub(crate) fn good(text: &str) -> String {
    format!("{GREEN}{text}{RESET}")
}

pub(crate) fn bad(text: &str) -> String {
    format!("{RED}{text}{RESET}")
}

pub(crate) fn dim(text: &str) -> String {
    format!("{DIM}{text}{RESET}")
}

/// Prints a value as JSON, for programs.
pub(crate) fn json(value: &impl serde::Serialize) -> crate::failure::Result<()> {
    let text = serde_json::to_string_pretty(value);
    line(&text.map_err(|error| {
        crate::failure::Failure::lab(format!("not JSON: {error}"), "use `--output text`")
    })?);
    Ok(())
}
