//! The chapters in `docs/`: their commands are run in order, in one shell, and print what the chapters show.

mod shell;
mod shown;

use crate::harness::eventually;
use shell::Shell;
use shown::Shown;

/// Commands that look at spans or at the gateway's log, which come in a moment after the answers: asked again until they
/// show it.
const LATE: [&str; 3] = ["cargo lab traces", "cargo lab diagram", "cargo lab canary status"];

/// Commands whose numbers are drawn at random: any other number than none at all will do, but none at all is none at all.
const DRAWN: [&str; 5] =
    ["grep -c", "uniq -c", "cargo lab load", "cargo lab canary auto", "cargo lab canary status"];

#[test]
fn the_chapter_on_tracing_is_true() {
    check(include_str!("../../../docs/tracing.md"));
}

#[test]
fn the_chapter_on_the_canary_is_true() {
    check(include_str!("../../../docs/canary.md"));
}

/// Runs every block of commands; one that is followed by a block of output must print that, any other must succeed.
fn check(chapter: &str) {
    let mut shell = Shell::new();
    let mut blocks = blocks(chapter).peekable();
    let mut compared = 0;
    while let Some((language, commands)) = blocks.next() {
        if language != "sh" {
            continue;
        }
        let shown = blocks.next_if(|(language, _)| *language == "text").map(|(_, text)| text);
        let Some(shown) = shown else {
            let ran = shell.run(commands);
            assert!(
                ran.failed.is_empty(),
                "`{}` failed in\n{commands}\n{}",
                ran.failed,
                ran.output
            );
            continue;
        };
        let is_drawn = DRAWN.iter().any(|drawn| commands.contains(drawn));
        let shown = if is_drawn { Shown::drawn(shown) } else { Shown::exactly(shown) };
        let mut attempt = || shown.compare(commands, &shell.run(commands).output);
        if LATE.iter().any(|late| commands.starts_with(late)) {
            eventually(attempt);
        } else {
            attempt().unwrap_or_else(|difference| panic!("{difference}"));
        }
        compared += 1;
    }
    assert!(compared >= 8, "only {compared} blocks of output were found");
}

/// The blocks of a chapter, each with its language.
fn blocks(chapter: &str) -> impl Iterator<Item = (&str, &str)> {
    let fenced = chapter.split("\n```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap())
}

#[test]
fn an_output_is_compared_as_the_text_says() {
    let is = |shown: &Shown, output: &str| shown.compare("", output).is_ok();
    let text = "v1 v1\n…\n  7 spans in 43.74 ms at 127.0.0.1:8443, trace 0123456789abcdef …\n";
    let shown = Shown::exactly(text);
    let other = "v1 v1\nleft out\n\n 7 spans in 1.2 s at 127.0.0.1:18080, trace fedcba9876543210 and so on\n";
    assert!(is(&shown, text) && is(&shown, other));
    for (old, new) in
        [("v1 v1", "v1 v2"), ("7 spans", "5 spans"), ("0.1:", "0.2:"), ("so on", "so on\nmore")]
    {
        assert!(!is(&shown, &other.replace(old, new)), "{new}");
    }
    let drawn = Shown::drawn("12 failed, 0 leaked\n");
    assert!(is(&drawn, "345 failed, 0 leaked\n"));
    assert!(!is(&drawn, "345 failed, 1 leaked\n"));
    assert!(!is(&drawn, "0 failed, 0 leaked\n"));
}
