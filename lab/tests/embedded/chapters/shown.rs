//! What a chapter shows as output → whether a command printed that, but for what is another at each run.

use regex::Regex;

/// Each with what stands for it in both texts, in this order. Ids, times, ports and the widths that depend on them.
const VARYING: [(&str, &str); 8] = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "ID"),
    (r"\b([0-9a-f]{32}|[0-9a-f]{16}|[0-9a-f]{8})\b", "ID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "DATE"),
    (r"\b\d+(\.\d+)? ?(ns|us|µs|ms|s)\b", "TIME"),
    (r"([:_])\d{4,5}\b", "${1}PORT"),
    (r"│[█ ]+│", "BAR"),
    (r"(\S)[ ─]+", "$1 "),
    (r"\n +", "\n "),
];

/// A number that a draw decides.
const NUMBER: &str = r"\b(\d+\.\d+|[1-9]\d*)\b";

/// A block of output in a chapter.
#[derive(Debug)]
pub(super) struct Shown {
    text: String,
    pattern: Regex,
    numbers: Numbers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    Exact,
    Drawn,
}

impl Shown {
    /// Numbers are what they are.
    pub(super) fn exactly(text: &str) -> Self {
        Self::new(text, Numbers::Exact)
    }

    /// Numbers are others at each run, but 0 is 0.
    pub(super) fn drawn(text: &str) -> Self {
        Self::new(text, Numbers::Drawn)
    }

    fn new(text: &str, numbers: Numbers) -> Self {
        let text = normal(text, numbers);
        // A line of dots is any number of lines, dots within a line are anything within it.
        let lines = text.lines().map(|line| match line.trim() {
            "…" => "(?:.*\n)*?".to_owned(),
            _ => format!("{}\n", regex::escape(line).replace('…', ".*")),
        });
        let pattern = Regex::new(&format!("^{}$", lines.collect::<String>())).unwrap();
        Self { text, pattern, numbers }
    }

    /// An error, when something else was printed: both texts without what varies, and the output as it is.
    pub(super) fn compare(&self, commands: &str, output: &str) -> Result<(), String> {
        let printed = normal(output, self.numbers);
        if self.pattern.is_match(&printed) {
            return Ok(());
        }
        let shown = &self.text;
        Err(format!(
            "{commands}\n--- the chapter shows\n{shown}\n--- it printed\n{printed}\n--- which is\n{output}"
        ))
    }
}

fn normal(text: &str, numbers: Numbers) -> String {
    let lines = text.lines().map(|line| format!("{}\n", line.trim_end()));
    let text = format!("\n{}", lines.collect::<String>());
    let drawn = [(NUMBER, "NUMBER")];
    let drawn = drawn.iter().filter(|_| numbers == Numbers::Drawn);
    VARYING.iter().chain(drawn).fold(text, |text, (pattern, name)| {
        Regex::new(pattern).unwrap().replace_all(&text, *name).into_owned()
    })
}
