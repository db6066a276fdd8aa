//! What the READMEs tell people to type is what the program takes.

use crate::cli::Arguments;
use clap::Parser;
use std::path::Path;

/// The commands to the lab in a README, each split into words.
fn commands(file: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    // In blocks, and between backticks within the text.
    let lines = text.lines().flat_map(|line| line.split('`'));
    let commands = lines.filter_map(|line| line.trim().strip_prefix("cargo lab "));
    let words = commands.map(|command| command.split('#').next().unwrap_or_default());
    words.map(|words| words.split_whitespace().map(ToOwned::to_owned).collect()).collect()
}

#[test]
fn every_command_of_the_readmes_is_one() {
    for file in ["README.md", "README.zh.md"] {
        let commands = commands(file);
        assert!(commands.len() >= 8, "{file}: {commands:?}");
        for words in commands {
            let parsed =
                Arguments::try_parse_from(["lab".to_owned()].into_iter().chain(words.clone()));
            assert!(parsed.is_ok(), "{file}: cargo lab {}: {parsed:?}", words.join(" "));
        }
    }
}
