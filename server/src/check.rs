//! `check-config`: everything that is wrong with the settings, before a start finds it one by one. It reads, and changes nothing.
//!
//! What only a start can tell it leaves: whether a port is free, whether the ledger opens, whether a provider answers.

use crate::config::{Args, Config, ConfigErrors, Place, Places};
use crate::hooks;
use crate::log::log_filter;
use crate::private;
use crate::start;
use crate::tls::Tls;
use crate::witnesses::WitnessSettings;
use rustix::fs::{Access, access};
use std::fmt;
use std::io;
use std::path::Path;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Where it stands, if it stands in the file.
    pub place: Option<Place>,
    /// The error's stable name.
    pub name: &'static str,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(out, "{place}: {}", self.what),
            None => write!(out, "{}", self.what),
        }
    }
}

/// Everything that is wrong, in the order of the file.
#[must_use]
pub fn check(args: Args) -> Vec<Complaint> {
    let (config, places, ConfigErrors(wrong)) = Config::look(args);
    let said = wrong.into_iter().map(|(place, error)| Complaint {
        place,
        name: error.name(),
        what: error.to_string(),
    });
    let mut checking = Checking { places, complaints: said.collect() };
    checking.all(&config);
    let mut complaints = checking.complaints;
    complaints.sort_by_key(|complaint| complaint.place.as_ref().map_or(0, |place| place.line));
    complaints
}

struct Checking {
    places: Places,
    complaints: Vec<Complaint>,
}

impl Checking {
    fn hold<T, E: fmt::Display>(&mut self, setting: &str, name: fn(&E) -> &'static str, found: Result<T, E>) {
        if let Err(error) = found {
            let (place, name) = (self.places.of(setting), name(&error));
            // What is no setting is not looked for besides.
            if place.is_some() && self.complaints.iter().any(|complaint| complaint.place == place) {
                return;
            }
            self.complaints.push(Complaint { place, name, what: format!("{setting}: {error}") });
        }
    }

    fn all(&mut self, config: &Config) {
        for (setting, address) in start::addresses(config) {
            self.hold(setting, |error| error.name(), start::may_listen(config, address));
        }
        if let Some(files) = &config.tls {
            self.hold("tls_certificate", |error| error.name(), Tls::read(files.clone()));
        }
        self.hold("webhooks.ca", |error| error.name(), hooks::client_config(config.webhooks.ca.as_ref()));
        if let Some(path) = &config.witnesses {
            let read = WitnessSettings::read(path, &config.data, None);
            self.hold("witnesses", |error| error.name(), read);
        }
        for (at, token) in config.static_tokens.iter().enumerate() {
            let setting = format!("static_tokens.{at}.file");
            self.hold(&setting, |error| error.name(), start::static_token(token));
        }
        #[cfg(feature = "oidc")]
        if let Some(registrar) = &config.registrar {
            self.hold("registrar.key", |error| error.name(), private::enrolled(&registrar.key));
            for (at, provider) in registrar.oidc.iter().enumerate() {
                let setting = format!("registrar.oidc.{at}.client_secret_file");
                self.hold(&setting, |error| error.name(), private::secret(&provider.client_secret_file));
            }
        }
        self.hold("log", |_| "log", log_filter(&config.log));
        self.hold("data", |_| "folder", may_write(&config.data));
        if let Some(backup) = &config.backup {
            self.hold("backup_to", |_| "folder", may_write(&backup.to));
        }
        for key in std::fs::read_dir(config.data.join("keys")).into_iter().flatten().flatten() {
            if key.path().extension().is_some_and(|ending| ending == "json") {
                self.hold("data", |error| error.name(), private::read(&key.path()));
            }
        }
    }
}

/// Whether we may make this folder, or write in it.
fn may_write(folder: &Path) -> Result<(), String> {
    let there =
        folder.ancestors().map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path });
    let there = there.into_iter().find(|path| path.exists()).unwrap_or(folder);
    let says = |error: io::Error| format!("{}: {error}", there.display());
    if !there.is_dir() {
        return Err(says(io::ErrorKind::NotADirectory.into()));
    }
    access(there, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| says(error.into()))
}
