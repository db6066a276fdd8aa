//! Every flag: what it accepts by default, what it refuses, and how it says so.

use clap::{Arg, Args, Command};
use httpserver::Config;

use crate::child::program;

/// A flag, values that it must not accept, and how the accepted form is told.
const REFUSED: &[(&str, &[&str], &str)] = &[
    ("--listen", &["", "8080", "localhost:8080", "1.2.3.4", "1.2.3.4:65536"], "ADDRESS:PORT"),
    ("--admin-listen", &["", "on", "127.0.0.1"], "ADDRESS:PORT"),
    ("--service2-url", &["", "https://a", "service2", "http://a?b"], "http://HOST[:PORT][/PATH]"),
    ("--service3-url", &["", "https://a", "service3", "http://a#b"], "http://HOST[:PORT][/PATH]"),
    ("--hop-timeout-ms", &["", "0", "-1", "1s", "1.5"], "a whole number of milliseconds from 1 on"),
    (
        "--drop-headers",
        &["x lane", "x-lane,", ",", "x-lane;y", "泳道"],
        "names of headers with commas",
    ),
    ("--pod-version", &["v 1", "a\nb", "版本"], "visible ASCII characters"),
    ("--lane", &["v 1", "a\nb", "泳道"], "visible ASCII characters"),
    ("--pod-name", &["a b", "\u{7f}"], "visible ASCII characters"),
    ("--delay-ms", &["", "9..1", "1..", "5s", "p50=1", "p50=2,p90=1,p99=3"], "MIN..MAX"),
    ("--error-rate", &["", "1.1", "-0.1", "nan", "20%"], "a number from 0 to 1"),
    ("--error-status", &["", "200", "399", "600", "bad"], "a status from 400 to 599"),
    ("--sick", &["yes", "1"], "true or false"),
    ("--unready", &["no", "0"], "true or false"),
    ("--seed", &["", "-1", "x"], "a whole number from 0 on"),
    ("--lame-duck-ms", &["", "-1", "5s"], "a whole number of milliseconds"),
    ("--drain-timeout-ms", &["", "-1", "5s"], "a whole number of milliseconds"),
    ("--max-connections", &["", "0", "many"], "a whole number from 1 on"),
    ("--max-head-bytes", &["", "8191", "64k"], "a whole number of bytes from 8192 on"),
    ("--max-body-bytes", &["", "-1", "1M"], "a whole number of bytes"),
    ("--head-timeout-ms", &["", "0", "10s"], "a whole number of milliseconds from 1 on"),
    ("--transfer-timeout-ms", &["", "0", "10s"], "a whole number of milliseconds from 1 on"),
    ("--idle-timeout-ms", &["", "0", "1h"], "a whole number of milliseconds from 1 on"),
    ("--log-format", &["", "xml", "JSON"], "text or json"),
    ("--log-filter", &["", "loud", "info,access", "access=loud"], "off, error, warn, info"),
];

fn flags() -> Vec<Arg> {
    let command = Config::augment_args(Command::new("httpserver"));
    command.get_arguments().cloned().collect()
}

#[track_caller]
fn check_refused(error: &[u8], code: Option<i32>, name: &str, value: &str, form: &str) {
    let error = str::from_utf8(error).unwrap();
    assert_eq!((code, error.lines().count()), (Some(2), 1), "{name} {value:?}: {error}");
    assert!(error.contains(name), "{error}");
    let told = error.rsplit_once(": write ").unwrap_or_else(|| panic!("no form in: {error}")).1;
    assert!(told.contains(form), "{error}");
}

#[test]
fn every_flag_refuses_a_bad_value_in_one_line_with_the_accepted_form() {
    for (flag, values, form) in REFUSED {
        for value in *values {
            let output = program(&[&format!("{flag}={value}")]).output().unwrap();
            check_refused(&output.stderr, output.status.code(), flag, value, form);
        }
    }
}

#[test]
fn every_variable_refuses_a_bad_value_like_its_flag() {
    for (flag, values, form) in REFUSED {
        let found = flags().into_iter().find(|arg| arg.get_long() == Some(&flag[2..])).unwrap();
        let variable = found.get_env().unwrap().to_owned();
        let output = program(&[]).env(variable, values[values.len() - 1]).output().unwrap();
        check_refused(&output.stderr, output.status.code(), flag, values[values.len() - 1], form);
    }
}

#[test]
fn the_table_of_refused_values_has_every_flag() {
    let in_table: Vec<&str> = REFUSED.iter().map(|(flag, ..)| &flag[2..]).collect();
    for flag in flags() {
        let name = flag.get_long().expect("every argument is a flag");
        assert!(in_table.contains(&name), "--{name} is not in the table");
    }
}

#[test]
fn help_explains_every_flag_and_names_its_variable_and_default() {
    let output = program(&["--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for flag in flags() {
        let name = format!("--{}", flag.get_long().unwrap());
        let lines: Vec<&str> = help.lines().collect();
        let at = lines.iter().position(|line| line.trim_start().starts_with(&name)).expect(&name);
        assert!(!lines[at + 1].trim().is_empty(), "{name} is explained");
        let variable = name[2..].to_uppercase().replace('-', "_");
        let variable = if variable == "POD_VERSION" { "VERSION" } else { &variable };
        let told = lines[at + 1..].iter().find(|line| line.contains("[env:")).expect(&name);
        assert!(told.contains(&format!("[env: {variable}=]")), "{told}");
        // A seed has no default: it is drawn.
        assert_eq!(told.contains("[default: "), name != "--seed", "{told}");
    }
}

#[test]
fn the_readme_names_flags_that_exist() {
    let readme = include_str!("../../README.md");
    let words =
        readme.split(|character: char| character.is_whitespace() || "`()".contains(character));
    let named: Vec<&str> = words.filter_map(|word| word.strip_prefix("--")).collect();
    // Those of other programs.
    let others = ["", "bench", "open", "help"];
    let flags: Vec<String> =
        flags().iter().filter_map(|flag| flag.get_long().map(str::to_owned)).collect();
    assert!(named.len() > 10, "{named:?}");
    for name in named {
        let name = name.trim_end_matches([':', ',', ';', '.']);
        assert!(others.contains(&name) || flags.contains(&name.to_owned()), "--{name}");
    }
}
