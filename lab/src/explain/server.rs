//! A pod → what the server in it does with a request; a request → what it sends to the next hop.

use super::message::Message;
use super::story::Chained;
use crate::failure::{Failure, Result};
use crate::topology::Pod;
use clap::Args;
use httpserver::{Dropped, Route, Service, ServiceUrl};
use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderValue};
use std::fmt::Display;
use std::str::FromStr;

/// The server of a pod, as its environment and arguments set it up.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) app: String,
    pub(super) version: String,
    second: ServiceUrl,
    third: ServiceUrl,
    dropped: Dropped,
}

/// What it does with a request.
pub(super) enum Response {
    Answers { service: Option<&'static str>, status: u16, what: &'static str, chained: Chained },
    Calls { service: &'static str, url: Url },
}

impl Server {
    pub(super) fn of(pod: &Pod) -> Result<Self> {
        Ok(Self {
            app: pod.label("app").to_owned(),
            version: setting(pod, "pod_version"),
            second: parsed(pod, "service2_url")?,
            third: parsed(pod, "service3_url")?,
            dropped: parsed(pod, "drop_headers")?,
        })
    }

    pub(super) fn response(&self, message: &Message) -> Response {
        let answers =
            |service, status, what, chained| Response::Answers { service, status, what, chained };
        match Route::of(message.path_alone()) {
            Route::Hop(service) => match (service.next(), service) {
                (Some(next), service) => Response::Calls {
                    service: service.name(),
                    url: self.url(next).join(next.path()),
                },
                (None, last) => {
                    let what = "with the headers that it received";
                    answers(Some(last.name()), 200, what, Chained::Yes)
                }
            },
            Route::Golang | Route::Rust => answers(None, 200, "with a greeting", Chained::No),
            Route::Health | Route::Readiness => answers(None, 200, "that it is well", Chained::No),
            Route::Metrics => answers(None, 200, "with its metrics", Chained::No),
            Route::Unmatched => answers(None, 404, "to paths that it does not know", Chained::No),
        }
    }

    /// The request that a server sends to the next hop: always a GET, with the fields that travel.
    pub(super) fn next(&self, message: &Message, url: &Url) -> Message {
        let host = url.host_str().unwrap_or_default();
        let mut headers = self.dropped.out_of(httpserver::end_to_end(&message.headers));
        // The client that it uses says this where nothing else is said.
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        Message {
            method: "GET".into(),
            scheme: url.scheme().to_owned(),
            authority: url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            path: url.path().to_owned(),
            headers,
        }
    }

    fn url(&self, service: Service) -> &ServiceUrl {
        if service == Service::Two { &self.second } else { &self.third }
    }
}

/// A setting that may be one that the server refuses.
fn parsed<T: FromStr<Err: Display>>(pod: &Pod, id: &str) -> Result<T> {
    let text = setting(pod, id);
    text.parse().map_err(|error: T::Err| {
        let message = format!("pod {} does not start: {text}: {error}", pod.name);
        Failure::input(message, "mend the environment of its Deployment")
    })
}

/// The value of a setting of the server: of its last flag, else of its environment, else its default.
fn setting(pod: &Pod, id: &str) -> String {
    let command = httpserver::Config::augment_args(clap::Command::new("server"));
    let Some(argument) = command.get_arguments().find(|argument| argument.get_id() == id) else {
        return String::new();
    };
    let flag = format!("--{}", argument.get_long().unwrap_or_default());
    let flagged = pod.args.iter().enumerate().rev().find_map(|(index, word)| {
        let rest = word.strip_prefix(&flag)?;
        if rest.is_empty() {
            pod.args.get(index + 1).cloned()
        } else {
            rest.strip_prefix('=').map(ToOwned::to_owned)
        }
    });
    let variable = argument.get_env().and_then(|name| {
        let mut variables = pod.env.iter().rev();
        variables.find(|(known, _)| *name == **known).map(|(_, value)| value.clone())
    });
    let default = || argument.get_default_values().first()?.to_str().map(ToOwned::to_owned);
    flagged.or(variable).or_else(default).unwrap_or_default()
}
