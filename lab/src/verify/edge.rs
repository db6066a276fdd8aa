//! The claims about the edge: plain HTTP is sent to HTTPS, and nothing but the published host is served.

use super::{Evidence, PATIENCE, Report, causes, client, expect};
use crate::failure::Result;
use crate::target::{Protocol, Target};
use std::io::ErrorKind;

/// A name that no Gateway publishes.
const FOREIGN: &str = "foreign.example.com";

pub(super) async fn check(report: &mut Report, target: &Target) -> Result<()> {
    let known = client(target, Protocol::Http1)?;
    let foreign = target.client(Protocol::Http1, FOREIGN)?;
    report.claim("redirect", "plain HTTP answers 301 to HTTPS", redirect(&known, target)).await;
    let url = format!("https://{FOREIGN}:{}/", target.https.port());
    report
        .claim("wrong-sni", "TLS for another host name (SNI) is reset", reset(&foreign, url))
        .await;
    let url = format!("https://{}/", target.https);
    report.claim("no-sni", "TLS without a host name (SNI) is reset", reset(&known, url)).await;
    report
        .claim(
            "foreign-host",
            "the right SNI with a foreign Host answers 404",
            foreign_host(&known, target),
        )
        .await;
    Ok(())
}

async fn redirect(client: &reqwest::Client, target: &Target) -> Evidence {
    // To the address, with the published name in the Host header: no name service knows it.
    let url = format!("http://{}/hello/rust?a=b", target.http);
    let request = client.get(url).header("host", &target.host).timeout(PATIENCE);
    let answer = request.send().await.map_err(|error| causes(&error))?;
    let location =
        answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let evidence = format!("{}, location {location}", answer.status());
    let url = reqwest::Url::parse(location).map_err(|error| format!("{evidence}: {error}"))?;
    let seen = (
        answer.status().as_u16(),
        url.scheme(),
        url.host_str().unwrap_or_default(),
        url.path(),
        url.query(),
    );
    expect(&seen, &(301, "https", target.host.as_str(), "/hello/rust", Some("a=b")), evidence)
}

/// The gateway must end the connection before it shows a certificate.
async fn reset(client: &reqwest::Client, url: String) -> Evidence {
    match client.get(url).timeout(PATIENCE).send().await {
        Ok(answer) => Err(format!("answered {}", answer.status())),
        Err(error) => match io_kind(&error) {
            Some(ErrorKind::ConnectionReset) => Ok("connection reset".into()),
            Some(ErrorKind::UnexpectedEof | ErrorKind::ConnectionAborted) => {
                Ok("connection closed".into())
            }
            _ => Err(causes(&error)),
        },
    }
}

/// What the operating system said, however deep the layers of the client have wrapped it.
fn io_kind(error: &(dyn std::error::Error + 'static)) -> Option<ErrorKind> {
    let io_error = error.downcast_ref::<std::io::Error>();
    let inner = io_error
        .and_then(|error| error.get_ref())
        .map(|error| error as &(dyn std::error::Error + 'static));
    inner.or(error.source()).and_then(io_kind).or_else(|| io_error.map(std::io::Error::kind))
}

async fn foreign_host(client: &reqwest::Client, target: &Target) -> Evidence {
    let host = format!("{FOREIGN}:{}", target.https.port());
    let request = client.get(target.url("/healthz")).header("host", host).timeout(PATIENCE);
    let answer = request.send().await.map_err(|error| causes(&error))?;
    expect(&answer.status().as_u16(), &404, answer.status().to_string())
}
