//! The services as processes with the ledger's own clock, put ahead like it: the program `procura-flexi-jobs` has no other than
//! the system's.

use crate::ledger::{DATA, PORT, ahead_clock};
use procura_flexi_jobs::connect::client_of;
use procura_flexi_jobs::counters::Counters;
use procura_flexi_jobs::prepare::{Prepared, office_key};
use procura_flexi_jobs::service::Service;
use procura_flexi_jobs::tariff::{self, Tariff};
use std::path::PathBuf;

/// Names the ledger's address.
pub(crate) const LEDGER: &str = "FLEXI_TEST_LEDGER_URL";

/// Names the declaration service's address.
pub(crate) const SOURCE: &str = "FLEXI_TEST_SOURCE_URL";

/// The declaration service. Asked for by nobody else than [`crate::processes`].
#[test]
#[ignore = "it is a process of the other tests"]
fn service_process() {
    let Some(data) = std::env::var_os(DATA).map(PathBuf::from) else { return };
    let port: u16 = std::env::var(PORT).unwrap().parse().unwrap();
    let (home, clock) = (data.join("flexi"), ahead_clock(&data.join("ahead")));
    let client = client_of(&office_key(&home), &std::env::var(LEDGER).unwrap(), &home, &clock).unwrap();
    let counters = Counters::read(&data.join("counters")).unwrap();
    let catalogue = Prepared::read(&home).unwrap().catalogue;
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let (book, origin) = (home.join("book.redb"), format!("http://127.0.0.1:{port}"));
        let service = Service::start(&book, client, counters, catalogue, clock, &origin).unwrap();
        service.serve(listener, std::future::pending()).await.unwrap();
    });
}

/// The tariff service.
#[test]
#[ignore = "it is a process of the other tests"]
fn tariff_process() {
    let Some(data) = std::env::var_os(DATA).map(PathBuf::from) else { return };
    let port: u16 = std::env::var(PORT).unwrap().parse().unwrap();
    let (home, clock) = (data.join("tariff"), ahead_clock(&data.join("ahead")));
    let client = client_of(&office_key(&home), &std::env::var(LEDGER).unwrap(), &home, &clock).unwrap();
    let (prepared, source) = (Prepared::read(&home).unwrap(), std::env::var(SOURCE).unwrap());
    let tariff = Tariff::read(&home.join("tariff.toml")).unwrap();
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let (book, origin) = (home.join("rights.redb"), format!("http://127.0.0.1:{port}"));
        let at = (&*book, &*source);
        let service = tariff::service::Service::start(at, client, tariff, prepared, clock, &origin).unwrap();
        service.serve(listener, std::future::pending()).await.unwrap();
    });
}
