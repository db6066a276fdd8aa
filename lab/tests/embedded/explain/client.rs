//! Requests to a real gateway, byte for byte as they are written: no client of ours tidies paths or hosts up.

use super::random::Sent;
use crate::harness::Lab;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use httpserver::answer::Answer;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// What a client can see of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// None where the gateway ended the connection before it showed a certificate.
    pub(crate) status: Option<u16>,
    pub(crate) location: Option<String>,
    /// What the first server says of itself.
    pub(crate) version: Option<String>,
    /// `service/version` of each that answered, where the answer is a tree.
    pub(crate) chain: Option<Vec<String>>,
}

/// How the end of a connection looks, by how much of it was under way.
const ENDED: [ErrorKind; 3] =
    [ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted, ErrorKind::UnexpectedEof];

/// Where the gateway of a lab is.
#[derive(Clone)]
pub(crate) struct Entrance {
    pub(crate) https: u16,
    pub(crate) http: u16,
    pub(crate) authority: PathBuf,
}

/// One connection for each name, kept for the next request.
pub(crate) struct Client {
    entrance: Entrance,
    protocol: Protocol,
    tls: TlsConnector,
    connections: HashMap<(&'static str, &'static str), Connection>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

enum Connection {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

impl Entrance {
    pub(crate) fn of(lab: &Lab) -> Self {
        let status = lab.status();
        let port = |name: &str| u16::try_from(status[name].as_u64().unwrap()).unwrap();
        let authority = status["authority"].as_str().unwrap().into();
        Self { https: port("https_port"), http: port("http_port"), authority }
    }

    pub(crate) fn port(&self, sent: &Sent) -> u16 {
        if sent.scheme == "https" { self.https } else { self.http }
    }
}

impl Client {
    pub(crate) fn new(entrance: &Entrance, protocol: Protocol) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(&entrance.authority).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
        let mut config =
            ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = match protocol {
            Protocol::Http1 => vec![b"http/1.1".to_vec()],
            Protocol::Http2 => vec![b"h2".to_vec()],
        };
        let (entrance, tls) = (entrance.clone(), TlsConnector::from(Arc::new(config)));
        Self { entrance, protocol, tls, connections: HashMap::new() }
    }

    pub(crate) async fn send(&mut self, sent: &Sent) -> Seen {
        let key = (sent.scheme, sent.name);
        // The gateway may be ending a connection that it has answered on; then the next one takes the request.
        if let Some(connection) = self.connections.get_mut(&key)
            && let Ok(answer) = connection.ask(&self.entrance, sent).await
        {
            return seen(answer).await;
        }
        let Some(mut connection) = self.connect(sent).await else { return Seen::default() };
        let answer = connection.ask(&self.entrance, sent).await;
        self.connections.insert(key, connection);
        seen(answer.unwrap_or_else(|error| panic!("{error:?}: {sent:?}"))).await
    }

    async fn connect(&self, sent: &Sent) -> Option<Connection> {
        let port = self.entrance.port(sent);
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        if sent.scheme == "http" {
            return Some(Connection::Http1(first(TokioIo::new(stream)).await));
        }
        let name = ServerName::try_from(sent.name).unwrap();
        let stream = match self.tls.connect(name, stream).await {
            Ok(stream) => TokioIo::new(stream),
            Err(error) if ENDED.contains(&error.kind()) => return None,
            Err(error) => panic!("{error:?}: {sent:?}"),
        };
        if self.protocol == Protocol::Http1 {
            return Some(Connection::Http1(first(stream).await));
        }
        let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        Some(Connection::Http2(sender))
    }
}

impl Connection {
    async fn ask(
        &mut self,
        entrance: &Entrance,
        sent: &Sent,
    ) -> hyper::Result<Response<hyper::body::Incoming>> {
        match self {
            Self::Http1(connection) => {
                connection.ready().await?;
                connection.send_request(entrance.request(sent, Protocol::Http1)).await
            }
            Self::Http2(connection) => {
                connection.ready().await?;
                connection.send_request(entrance.request(sent, Protocol::Http2)).await
            }
        }
    }
}

async fn first<S>(stream: S) -> http1::SendRequest<Empty<Bytes>>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    sender
}

impl Entrance {
    fn request(&self, sent: &Sent, protocol: Protocol) -> Request<Empty<Bytes>> {
        let host = sent.host.replace("PORT", &self.port(sent).to_string());
        let path = sent.path.split('#').next().unwrap();
        let mut request = match protocol {
            Protocol::Http1 => Request::builder().uri(path).header("host", host),
            Protocol::Http2 => Request::builder().uri(format!("https://{host}{path}")),
        };
        for (name, value) in &sent.headers {
            request = request.header(*name, *value);
        }
        let request = request.method(sent.method).body(Empty::new());
        request.unwrap_or_else(|error| panic!("{error}: {sent:?}"))
    }
}

async fn seen(answer: Response<hyper::body::Incoming>) -> Seen {
    let header = |name: &str| {
        let values: Vec<_> = answer.headers().get_all(name).iter().collect();
        values.first().map(|value| value.to_str().unwrap().to_owned())
    };
    let (status, location) = (Some(answer.status().as_u16()), header("location"));
    let version = header("version");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let tree: Option<Answer> = serde_json::from_slice(&body).ok();
    let chain = tree.as_ref().map(|tree| {
        let hops = crate::request::flat(tree).into_iter();
        let named =
            hops.filter_map(|hop| Some(format!("{}/{}", hop.service, hop.version.as_ref()?)));
        named.collect()
    });
    Seen { status, location, version, chain }
}
