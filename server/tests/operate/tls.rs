//! Goal: the server shows its certificate, another one as soon as it is told to or finds it, to new connections only; a broken one
//! changes nothing and is told. Method: certificates of two authorities, each trusted by one client: who is answered has seen the one meant.

use crate::process::{PATIENCE, Server, run};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// A certificate for this machine, and who trusts it.
struct Shown {
    certificate: String,
    key: String,
    client: Arc<ClientConfig>,
}

impl Shown {
    fn new() -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(authority.der().to_vec())).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let client = client.with_root_certificates(roots).with_no_client_auth();
        Self { certificate: certificate.pem(), key: key.serialize_pem(), client: Arc::new(client) }
    }

    fn write(&self, files: &Files) {
        files.write(&self.certificate, &self.key);
    }
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn write(&self, certificate: &str, key: &str) {
        std::fs::write(&self.certificate, certificate).unwrap();
        std::fs::write(&self.key, key).unwrap();
        std::fs::set_permissions(&self.key, PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn flags(&self) -> [&str; 4] {
        ["--tls-certificate", self.certificate.to_str().unwrap(), "--tls-key", self.key.to_str().unwrap()]
    }
}

fn files(folder: &Path) -> Files {
    Files { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
}

/// A connection that stays.
struct Open(BufReader<StreamOwned<ClientConnection, TcpStream>>);

impl Open {
    fn new(server: &Server, shown: &Shown) -> io::Result<Self> {
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let session = ClientConnection::new(Arc::clone(&shown.client), name).unwrap();
        let socket = TcpStream::connect(server.address())?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut open = Self(BufReader::new(StreamOwned::new(session, socket)));
        open.get("/healthz")?;
        Ok(open)
    }

    /// The body of what is answered.
    fn get(&mut self, path: &str) -> io::Result<String> {
        write!(self.0.get_mut(), "GET {path} HTTP/1.1\r\nHost: ledger\r\n\r\n")?;
        let (mut line, mut length) = (String::new(), 0);
        self.0.read_line(&mut line)?;
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        while line != "\r\n" {
            line.clear();
            self.0.read_line(&mut line)?;
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(String::from_utf8(body).unwrap())
    }
}

#[test]
fn a_new_certificate_is_shown_without_a_restart_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let (first, second, third) = (Shown::new(), Shown::new(), Shown::new());
    first.write(&files);
    let mut server = Server::start(&folder.path().join("data"), &files.flags(), &[]);
    assert!(server.url.starts_with("https://"), "{}", server.url);

    // Only who trusts its authority is answered, and nobody without TLS.
    let mut open = Open::new(&server, &first).unwrap();
    assert!(Open::new(&server, &second).is_err());
    let mut plain = TcpStream::connect(server.address()).unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: ledger\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    drop(plain.read_to_end(&mut answer));
    assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    assert!(open.get("/.well-known/authzen-configuration").unwrap().contains(&server.url));

    // Told to: new connections are shown the second, the open one goes on.
    second.write(&files);
    server.signal("HUP");
    server.said("the certificate was read again", 1);
    assert!(Open::new(&server, &second).is_ok() && Open::new(&server, &first).is_err());
    open.get("/healthz").unwrap();

    // Broken ones, each told for its own reason, and the second is shown on.
    let garbled = third.certificate.replacen("MII", "MIX", 1);
    for (at, (certificate, key, why)) in [
        (third.certificate.as_str(), second.key.as_str(), "can't be shown with the key"),
        (&garbled, &third.key, ""),
        ("", &third.key, "no certificate could be read"),
        (&third.certificate, "", "private key in PEM"),
    ]
    .into_iter()
    .enumerate()
    {
        files.write(certificate, key);
        server.signal("HUP");
        server.said("the new certificate is broken: the one from before is shown on", at + 1);
        assert!(server.says(why) >= 1, "{why}");
        assert!(Open::new(&server, &second).is_ok() && Open::new(&server, &third).is_err());
    }
    // A key that others may read is none.
    third.write(&files);
    std::fs::set_permissions(&files.key, PermissionsExt::from_mode(0o644)).unwrap();
    server.signal("HUP");
    server.said("may be read by others", 1);
    assert!(Open::new(&server, &second).is_ok());

    // Not told to: it is found.
    third.write(&files);
    let start = Instant::now();
    while Open::new(&server, &third).is_err() {
        assert!(start.elapsed() < PATIENCE, "the new certificate is not found");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    open.get("/healthz").unwrap();
    server.end();
}

#[test]
fn a_start_with_a_broken_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let (one, other) = (Shown::new(), Shown::new());
    files.write(&one.certificate, &other.key);
    let data = folder.path().join("data");
    let flags = [&["--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"][..], &files.flags()].concat();
    let (code, said) = run(&flags, &[]);
    assert!(code == 1 && said.contains("can't be shown with the key"), "{said}");
    let (code, said) = run(&[&["check-config"][..], &flags].concat(), &[]);
    assert!(code == 1 && said.contains("can't be shown with the key"), "{said}");
    assert!(!data.exists());
}

/// At a terminal the signal says that the terminal is gone; a service it does not end, with or without a certificate.
#[test]
fn a_hangup_does_not_end_a_service() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(&folder.path().join("data"), &[], &[]);
    server.signal("HUP");
    server.said("there is no certificate to read again", 1);
    assert!(server.runs());
}
