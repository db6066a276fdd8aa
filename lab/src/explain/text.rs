//! The story of a request → a tree for people.

use super::outcome::{Answered, Outcome};
use super::story::{Action, Branch, Group, Hop, Judged, Reached, Served, Then};
use super::{Explanation, Request};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Explanation {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Request { method, url, headers, .. } = &self.request;
        write!(formatter, "{method} {url}")?;
        if !headers.is_empty() {
            let headers: Vec<String> =
                headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            write!(formatter, "  ({})", headers.join(", "))?;
        }
        writeln!(formatter)?;
        let mut tree = Tree { text: String::new(), depth: 0 };
        tree.hop(&self.gateway)?;
        formatter.write_str(&tree.text)?;
        let lines: Vec<String> = self.outcomes.iter().map(seen).collect();
        write!(formatter, "seen: {}", lines.join("\n      "))
    }
}

struct Tree {
    text: String,
    depth: usize,
}

impl Tree {
    fn line(&mut self, text: &str) -> fmt::Result {
        writeln!(self.text, "{}{text}", "  ".repeat(self.depth))
    }

    fn field(&mut self, name: &str, value: &str) -> fmt::Result {
        self.line(&format!("{name:13} {value}"))
    }

    /// What `inner` writes stands further to the right.
    fn inside(&mut self, inner: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        self.depth += 1;
        let written = inner(self);
        self.depth -= 1;
        written
    }

    fn hop(&mut self, hop: &Hop) -> fmt::Result {
        self.line(&hop.proxy)?;
        self.inside(|tree| {
            if let Some(listener) = &hop.listener {
                let chain = hop.filter_chain.as_ref();
                let chain =
                    chain.map_or(String::new(), |name| format!(", filter chain for {name}"));
                tree.field("listener", &format!("{listener}{chain}"))?;
            }
            if let (Some(name), Some(domain)) = (&hop.virtual_host, &hop.domain) {
                let plain = name.rsplit_once(':').is_some_and(|(name, _)| name == domain);
                let domain = if plain { String::new() } else { format!(", domain {domain}") };
                tree.field("virtual host", &format!("{name}{domain}"))?;
            }
            for route in &hop.passed {
                tree.field("not", &judged(route))?;
            }
            if let Some(route) = &hop.route {
                tree.field("route", &judged(route))?;
            }
            match &hop.then {
                Then::End(end) => {
                    let status = end.status.map_or(String::new(), |status| format!("{status} "));
                    tree.field("end", &format!("{status}{}", end.reason))
                }
                Then::Clusters(branches) => {
                    branches.iter().try_for_each(|branch| tree.branch(branch))
                }
            }
        })
    }

    fn branch(&mut self, branch: &Branch) -> fmt::Result {
        let share =
            if branch.share < 1.0 { format!("{} ", percent(branch.share)) } else { String::new() };
        let leads_to = match &branch.reached {
            Reached::End(end) => {
                format!("{} {}", end.status.unwrap_or_default(), end.reason)
            }
            Reached::Server(served) => served.app.clone(),
            Reached::Pods(groups) => groups.iter().map(pods).collect::<Vec<_>>().join(", "),
        };
        self.field("cluster", &format!("{share}{} → {leads_to}", branch.cluster))?;
        if !branch.changes.is_empty() {
            self.field("headers", &branch.changes.join(", "))?;
        }
        match &branch.reached {
            Reached::End(_) => Ok(()),
            Reached::Server(served) => self.server(served),
            Reached::Pods(groups) => groups.iter().try_for_each(|group| self.group(group)),
        }
    }

    /// The inbound side of a sidecar has little to say: it is one line unless something is odd about it.
    fn group(&mut self, group: &Group) -> fmt::Result {
        if group.share < 1.0 {
            self.field("of these", &format!("{} {}", percent(group.share), pods(group)))?;
        }
        let hop = &group.inbound;
        let inbound = match (&hop.then, &hop.virtual_host, &hop.route) {
            (Then::Clusters(branches), Some(virtual_host), Some(route)) => {
                match branches.as_slice() {
                    [Branch { cluster, reached: Reached::Server(served), .. }] => {
                        Some((virtual_host, route, cluster, served))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        let Some((virtual_host, route, cluster, served)) = inbound else {
            return self.inside(|tree| tree.hop(hop));
        };
        self.field("inbound", &format!("{virtual_host}, route {} → {cluster}", route.name))?;
        self.server(served)
    }

    fn server(&mut self, served: &Served) -> fmt::Result {
        let version = Some(&served.version).filter(|version| !version.is_empty());
        let version = version.map_or(String::new(), |version| format!(", version {version}"));
        let name = format!("{}{version}", served.app);
        match &served.action {
            Action::Answers { status, what, .. } => {
                self.line(&format!("{name}, answers {status} {what}"))
            }
            Action::Calls { url, next, .. } => {
                self.line(&format!("{name}, calls {url}"))?;
                self.inside(|tree| tree.hop(next))
            }
        }
    }
}

fn judged(Judged { name, because }: &Judged) -> String {
    let name = if name.is_empty() { "(no name)" } else { name };
    format!("{name}: {because}")
}

fn pods(group: &Group) -> String {
    format!("{} ({})", group.deployment, crate::embedded::count(group.pods.len(), "pod"))
}

/// `90%`, `33.3%`.
fn percent(share: f64) -> String {
    let rounded = (share * 1000.0).round() / 10.0;
    format!("{rounded}%")
}

/// `service1/v1 → service2/v1`, with what went wrong behind it.
fn seen(outcome: &Outcome) -> String {
    let name = |Answered { service, version }: &Answered| {
        if version.is_empty() { service.clone() } else { format!("{service}/{version}") }
    };
    let mut parts: Vec<String> = outcome.answered.iter().map(name).collect();
    parts.extend(outcome.end.clone());
    let share =
        if outcome.share < 1.0 { format!("{} ", percent(outcome.share)) } else { String::new() };
    let status = outcome.status.filter(|status| *status != 200);
    let status = status.map_or(String::new(), |status| format!("  ({status})"));
    format!("{share}{}{status}", parts.join(" → "))
}
