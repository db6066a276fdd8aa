//! The claims about the path: HTTPS in both versions of HTTP, the three hops, the pages of the tutorial.

use super::{Evidence, Report, ask, client, expect, shown, text};
use crate::failure::Result;
use crate::target::{Protocol, Target};

pub(super) async fn check(report: &mut Report, target: &Target) -> Result<()> {
    for (protocol, version, claim) in [
        (Protocol::Http1, reqwest::Version::HTTP_11, "https-http1"),
        (Protocol::Http2, reqwest::Version::HTTP_2, "https-http2"),
    ] {
        let client = client(target, protocol)?;
        let sentence =
            format!("HTTPS with {version:?} reaches all services, and the certificate is trusted");
        report.claim(claim, &sentence, chain(&client, target, version)).await;
    }
    let client = client(target, Protocol::Http1)?;
    report
        .claim(
            "hello-rust",
            "/hello/rust and /hello/golang answer with a greeting",
            greetings(&client, target),
        )
        .await;
    report
        .claim(
            "health",
            "/healthz answers `Status OK!`",
            page(&client, target, "/healthz", "Status OK!"),
        )
        .await;
    report.claim("not-found", "an unknown path answers 404", not_found(&client, target)).await;
    report
        .claim(
            "echo",
            "request headers come back in the answer, with VERSION",
            echo(&client, target),
        )
        .await;
    Ok(())
}

async fn chain(client: &reqwest::Client, target: &Target, version: reqwest::Version) -> Evidence {
    let seen = ask(client, target, "").await?;
    expect(&seen.version, &version, format!("{:?}", seen.version))?;
    let services: Vec<String> = seen.hops().into_iter().map(|(service, _)| service).collect();
    let wanted: Vec<String> = target.expected("").into_iter().map(|(service, _)| service).collect();
    expect(&services, &wanted, shown(&seen.hops()))
}

async fn greetings(client: &reqwest::Client, target: &Target) -> Evidence {
    page(client, target, "/hello/rust", "Hello, Rust!").await?;
    page(client, target, "/hello/golang", "Hello, Golang!").await
}

async fn page(client: &reqwest::Client, target: &Target, path: &str, wanted: &str) -> Evidence {
    let (status, body) = text(client, target.url(path)).await?;
    expect(&(status.as_u16(), body.as_str()), &(200, wanted), format!("{status}, `{body}`"))
}

async fn not_found(client: &reqwest::Client, target: &Target) -> Evidence {
    let (status, _) = text(client, target.url("/no/such/path")).await?;
    expect(&status.as_u16(), &404, status.to_string())
}

async fn echo(client: &reqwest::Client, target: &Target) -> Evidence {
    let request = client.get(target.url("/healthz")).timeout(super::PATIENCE);
    // With the tickets that no draw brings into a lane, so that the version is known.
    let request = request.header("x-verify", "echoed").header("cookie", target.last_tickets());
    let answer = request.send().await.map_err(|error| super::causes(&error))?;
    let header = |name: &str| {
        answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let (echoed, version) = (header("x-verify"), header("version"));
    let wanted =
        target.expected("").first().map(|(_, version)| version.clone()).unwrap_or_default();
    expect(
        &(echoed, version),
        &("echoed", wanted.as_str()),
        format!("x-verify: {echoed}, version: {version}"),
    )
}
