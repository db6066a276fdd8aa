//! Certificates, made at run time: an authority of the lab's own, and one certificate for each credential of a Gateway.

use crate::clock;
use crate::disk::{self, Access};
use crate::envoy::KeyPair;
use crate::failure::{Failure, Result};
use crate::state::StateFolder;
use crate::topology::Topology;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair as PrivateKey, KeyUsagePurpose,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long certificates are valid, and for how long they are used before they are made anew.
const VALIDITY: Duration = DAY.saturating_mul(90);
const USE: Duration = DAY.saturating_mul(60);
const DAY: Duration = Duration::from_hours(24);

/// The certificates of a lab.
#[derive(Clone, Debug)]
pub(crate) struct Certificates {
    /// The file that clients trust.
    pub(crate) authority: PathBuf,
    /// By `credentialName`.
    pub(crate) credentials: BTreeMap<String, KeyPair>,
    /// The hosts that each credential is good for.
    hosts: BTreeMap<String, BTreeSet<String>>,
}

impl Certificates {
    /// Checks that the certificates are good for other Gateways too.
    pub(crate) fn cover(&self, topology: &Topology) -> Result<()> {
        for (name, wanted) in hosts(topology) {
            let known = self.hosts.get(&name).cloned().unwrap_or_default();
            if let Some(host) = wanted.difference(&known).next() {
                let message =
                    format!("the certificate `{name}` of the running lab is not good for {host}");
                return Err(Failure::input(
                    message,
                    "stop the lab and start it with this layer: `cargo lab up --with LAYER`",
                ));
            }
        }
        Ok(())
    }
}

/// The certificates of the lab's Gateways: those of an earlier start if they are still good for these hosts, else new ones.
pub(crate) fn certificates(state: &StateFolder, topology: &Topology) -> Result<Certificates> {
    let hosts = hosts(topology);
    let folder = state.tls();
    let certificates = Certificates {
        authority: folder.join("ca.crt"),
        credentials: hosts.keys().map(|name| (name.clone(), pair(&folder.join(name)))).collect(),
        hosts,
    };
    let good_for = folder.join("good-for.json");
    if !is_good(&good_for, &certificates) {
        disk::remove_folder(&folder)?;
        make(&folder, &certificates)?;
        let until = clock::unix_seconds() + USE.as_secs();
        let content = serde_json::json!({"until": until, "hosts": certificates.hosts}).to_string();
        disk::replace(&good_for, content.as_bytes(), Access::Everyone)?;
    }
    Ok(certificates)
}

fn pair(folder: &Path) -> KeyPair {
    KeyPair { certificate: folder.join("tls.crt"), key: folder.join("tls.key") }
}

/// The host names that each credential must be good for.
fn hosts(topology: &Topology) -> BTreeMap<String, BTreeSet<String>> {
    let mut hosts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, server) in topology.servers(443) {
        if let Some(name) = server.tls.as_ref().and_then(|tls| tls.credential_name.clone()) {
            hosts.entry(name).or_default().extend(server.hosts.iter().cloned());
        }
    }
    hosts
}

fn is_good(good_for: &Path, certificates: &Certificates) -> bool {
    let Some(known) = std::fs::read(good_for)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
    else {
        return false;
    };
    let pairs = certificates.credentials.values();
    let mut files =
        pairs.flat_map(|pair| [&pair.certificate, &pair.key]).chain([&certificates.authority]);
    known["hosts"] == serde_json::json!(certificates.hosts)
        && known["until"].as_u64().is_some_and(|until| clock::unix_seconds() < until)
        && files.all(|file| file.is_file())
}

fn make(folder: &Path, certificates: &Certificates) -> Result<()> {
    disk::create_folder(folder)?;
    let key = PrivateKey::generate().map_err(|error| failed(&error))?;
    let authority = authority();
    let certificate = authority.self_signed(&key).map_err(|error| failed(&error))?;
    disk::replace(&certificates.authority, certificate.pem().as_bytes(), Access::Everyone)?;
    // The authority's key is used here and then forgotten: nobody can make another certificate with it.
    let issuer = Issuer::new(authority, key);
    for (name, pair) in &certificates.credentials {
        disk::create_folder(&folder.join(name))?;
        let key = PrivateKey::generate().map_err(|error| failed(&error))?;
        let certificate = leaf(&certificates.hosts[name])?
            .signed_by(&key, &issuer)
            .map_err(|error| failed(&error))?;
        disk::replace(&pair.certificate, certificate.pem().as_bytes(), Access::Everyone)?;
        disk::replace(&pair.key, key.serialize_pem().as_bytes(), Access::Owner)?;
    }
    Ok(())
}

fn authority() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, "istio-lab authority");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    bound(&mut parameters);
    parameters
}

fn leaf(hosts: &BTreeSet<String>) -> Result<CertificateParams> {
    let names: Vec<String> = hosts.iter().cloned().collect();
    let mut parameters = CertificateParams::new(names.clone()).map_err(|error| failed(&error))?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::CommonName, names.first().map_or("istio-lab", String::as_str));
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    bound(&mut parameters);
    Ok(parameters)
}

fn bound(parameters: &mut CertificateParams) {
    let now = clock::now();
    // An hour back: the clock of a client may be a little behind.
    parameters.not_before = (now - Duration::from_hours(1)).into();
    parameters.not_after = (now + VALIDITY).into();
}

fn failed(error: &rcgen::Error) -> Failure {
    Failure::lab(
        format!("a certificate could not be made: {error}"),
        "check that the Gateway's hosts are host names",
    )
}
