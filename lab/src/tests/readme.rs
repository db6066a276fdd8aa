//! What the READMEs and the chapters tell people to type is what the program takes, in both languages.

use crate::cli::Arguments;
use clap::Parser;
use std::path::Path;

/// The texts in `docs/`.
fn docs() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    texts.map(|path| format!("docs/{}", path.file_name().unwrap().display())).collect()
}

fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    std::fs::read_to_string(path).unwrap()
}

/// The commands to the lab in a text, each split into words.
fn commands(file: &str) -> Vec<Vec<String>> {
    let text = text(file);
    // In blocks, and between backticks within the text.
    let lines = text.lines().flat_map(|line| line.split('`'));
    // Not only at the beginning of a line: they also stand in loops and in front of pipes.
    let commands = lines.flat_map(|line| line.split("cargo lab ").skip(1));
    let words = commands.map(|command| command.split(END_OF_COMMAND).next().unwrap_or_default());
    words.map(arguments).collect()
}

/// What ends a command: a comment, a pipe, a list, a redirection, a substitution.
const END_OF_COMMAND: [char; 6] = ['#', '|', ';', '>', ')', '&'];

/// A command as words; what stands between quotes is one of them, and a share is any number.
fn arguments(command: &str) -> Vec<String> {
    let command = command.replace("$percent", "10");
    let quoted = command.split('\'').enumerate();
    let words = quoted.flat_map(|(index, part)| match index % 2 {
        0 => part.split_whitespace().map(ToOwned::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

#[test]
fn every_command_of_the_readmes_and_the_chapters_is_one() {
    let readmes = ["README.md", "README.zh.md"].map(ToOwned::to_owned);
    for file in readmes.into_iter().chain(docs()) {
        let commands = commands(&file);
        let least = if file == "docs/tutorial.md" { 1 } else { 8 };
        assert!(commands.len() >= least, "{file}: {commands:?}");
        for words in commands {
            let parsed =
                Arguments::try_parse_from(["lab".to_owned()].into_iter().chain(words.clone()));
            assert!(parsed.is_ok(), "{file}: cargo lab {}: {parsed:?}", words.join(" "));
        }
    }
}

/// The fenced blocks of a text, each with its language.
fn blocks(file: &str) -> Vec<String> {
    let text = text(file);
    text.split("\n```").skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

#[test]
fn a_chapter_in_chinese_has_the_blocks_of_the_english_one() {
    let docs = docs();
    for chapter in ["docs/tracing.md", "docs/canary.md"] {
        assert!(docs.contains(&chapter.replace(".md", ".zh.md")), "{chapter} in Chinese: {docs:?}");
    }
    for chinese in docs.iter().filter(|file| file.ends_with(".zh.md")) {
        let english = blocks(&chinese.replace(".zh.md", ".md"));
        assert!(english.len() >= 8, "{chinese}: {english:?}");
        assert_eq!(blocks(chinese), english, "{chinese}");
    }
}
