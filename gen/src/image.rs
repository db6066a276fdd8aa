//! A reference of a container image, as it is written on a command line.

use regex::Regex;

/// Takes `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]` with a tag or a digest.
///
/// Source: the grammar in `reference.go` of the distribution project.
///
/// # Errors
/// What is wrong, as a sentence that goes after the value.
pub(crate) fn reference(text: &str) -> Result<String, String> {
    // Without a dot or a port it would be the first folder of the repository, and that has no capitals.
    const REGISTRY: &str =
        r"(?:(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::[0-9]+)?/|[A-Za-z0-9-]+:[0-9]+/)?";
    const COMPONENT: &str = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*";
    const TAG: &str = r"(?P<tag>:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?";
    const DIGEST: &str = r"(?P<digest>@sha256:[0-9a-f]{64})?";
    let grammar = format!("^{REGISTRY}{COMPONENT}(?:/{COMPONENT})*{TAG}{DIGEST}$");
    let grammar = Regex::new(&grammar).map_err(|error| error.to_string())?;
    let parts =
        grammar.captures(text).ok_or("is not `[REGISTRY/]REPOSITORY[:TAG][@sha256:DIGEST]`")?;
    match (parts.name("tag"), parts.name("digest")) {
        (None, None) => {
            Err("has neither a tag nor a digest: it may be another image tomorrow".into())
        }
        _ => Ok(text.to_owned()),
    }
}
