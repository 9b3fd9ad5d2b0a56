//! The Procura ledger over HTTP.
//!
//! ```no_run
//! use procura_server::{Config, Args, run};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! run(Config::load(Args::default())?, std::future::pending()).await?;
//! # Ok(()) }
//! ```
//!
//! A program with a ledger of its own serves it with [`App`] and [`serve`]; [`trial::start`] makes one to try things out.
//!
//! spec: http.md

mod admin;
mod api;
mod app;
mod backups;
mod check;
mod config;
mod connections;
pub mod demo;
pub mod enrol;
mod event;
pub mod founded;
mod gate;
mod hooks;
mod log;
pub mod log_keys;
mod log_line;
mod metrics;
#[cfg(feature = "oidc")]
mod oidc;
mod open_files;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
mod private;
pub mod registrar;
mod room;
mod serve;
mod start;
mod status;
mod tls;
#[cfg(feature = "otlp")]
mod traces;
pub mod trial;
pub mod vrf_key;
mod watched;
mod witnesses;

pub use api::{Problem, assets, openapi_json, status};
pub use app::{App, Settings};
pub use check::{Complaint, check};
pub use config::{
    Args, BackupPlan, ClientAuth, Config, ConfigError, ConfigErrors, Given, Limits, Place, Places,
    ProviderSettings, RegistrarSettings, StaticToken, TlsFiles, Verb, Webhooks,
};
pub use hooks::{HookError, HookSettings, Hooks};
pub use log::{LogLines, LogWriter, log_filter, log_to};
pub use log_line::LogLine;
pub use metrics::Metrics;
#[cfg(feature = "oidc")]
pub use oidc::{Enrolment, OidcError};
pub use private::PrivateError;
pub use serve::serve;
pub use start::{AddressError, RunError, Started, prepare, run};
pub use status::{Status, StatusError};
pub use tls::{Tls, TlsError};
pub use witnesses::{WitnessError, WitnessSettings, Witnesses};
