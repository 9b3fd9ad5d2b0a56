//! How the service comes into a trial ledger: the root registers its office, the catalogue office publishes its words, and the demo's
//! employer lets its secretariat declare. In earnest each of them does that on a machine of its own.

use crate::Clock;
use crate::connect::{client, client_of, plain, root};
use crate::enrol::{EnrolError, Enrolment, NewParty};
use procura_client::{Client, Identity, PartyFound, ReadError};
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::identifier::Identifier;
use procura_core::kinds::{PartyType, Validity};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The office's identifier, of the demo's scheme for fictional institutions.
const OFFICE: &str = "demo:social-security";
/// How the catalogue's file names it.
const ITSELF: &str = "office";
const DAY_MS: u64 = 24 * 3600 * 1000;

/// Why the service is not prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A record is not in the ledger.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// The ledger does not say who somebody is.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The catalogue's file.
    #[error("{path}: {what}", path = path.display())]
    Catalogue {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The clock stands after the year 9999.
    #[error("this machine's clock stands after the year 9999")]
    Clock,
}

/// What the service is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prepared {
    /// The office's party.
    pub office: Hash,
    /// The catalogue.
    pub catalogue: Hash,
}

impl Prepared {
    /// Reads what an earlier run has kept in a home folder.
    ///
    /// # Errors
    /// [`EnrolError`]; no such file: prepare it first.
    pub fn read(home: &Path) -> Result<Self, EnrolError> {
        let path = home.join("prepared.json");
        let bytes = std::fs::read(&path).map_err(|source| EnrolError::File { path: path.clone(), source })?;
        serde_json::from_slice(&bytes).map_err(|_| EnrolError::Damaged(path))
    }
}

/// Where the office's key lies in a home folder.
#[must_use]
pub fn office_key(home: &Path) -> PathBuf {
    home.join("office.json")
}

/// An office to register.
#[derive(Debug, Clone, Copy)]
pub struct Office<'a> {
    /// Its identifier.
    pub identifier: &'a str,
    /// What it is called.
    pub name: &'a str,
    /// Its level of government.
    pub level: &'a str,
}

/// A trial ledger, its data folder with the keys of all of its demo, and where what a service needs is kept.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    /// The ledger's address.
    pub ledger: &'a str,
    /// The ledger's data folder.
    pub data: &'a Path,
    /// The service's home.
    pub home: &'a Path,
    /// The time.
    pub clock: &'a Clock,
}

/// Prepares the declaration service in the trial ledger at `ledger`, whose keys lie in its data folder. Run again, it does what is left.
///
/// # Errors
/// [`PrepareError`].
pub fn prepare(
    ledger: &str,
    data: &Path,
    home: &Path,
    catalogue: &Path,
    clock: &Clock,
) -> Result<Prepared, PrepareError> {
    let office =
        Office { identifier: OFFICE, name: "Fictional Social Security Office", level: "social-security" };
    let trial = Trial { ledger, data, home, clock };
    let prepared = trial.office(&office, catalogue)?;
    let client = client(ledger, home, clock).map_err(EnrolError::from)?;
    let enrolment = Enrolment::new(&client, &home.join("records"))?;
    let catalogue = prepared.catalogue;
    let (employer, secretariat) = (of_demo(data, "employer")?, of_demo(data, "social-secretariat")?);
    let scopes = ["flexi.declaration".to_owned(), "student.declaration".to_owned()];
    mandate(&enrolment, &client, "demo", (&employer, &secretariat), (&catalogue, &scopes))?;
    Ok(prepared)
}

impl Trial<'_> {
    /// Registers an office, publishes its words, and keeps what both are in the ledger.
    ///
    /// # Errors
    /// [`PrepareError`].
    pub fn office(&self, new: &Office<'_>, catalogue: &Path) -> Result<Prepared, PrepareError> {
        let client = client(self.ledger, self.home, self.clock).map_err(EnrolError::from)?;
        let enrolment = Enrolment::new(&client, &self.home.join("records"))?;
        let root = root(&plain(&self.data.join("keys/root.json")).map_err(EnrolError::from)?);
        let identifier: Identifier = new.identifier.parse().map_err(|_| PrepareError::Catalogue {
            path: self.home.to_owned(),
            what: new.identifier.to_owned(),
        })?;
        let party = NewParty {
            party_type: PartyType::Institution,
            identifier: &identifier,
            name: new.name,
            level: Some(new.level),
        };
        let office = enrolment.party("office", &root, &party, &office_key(self.home))?;
        let prepared = Prepared { office: office.party, catalogue: self.publish(catalogue)? };
        let path = self.home.join("prepared.json");
        std::fs::write(&path, json!(prepared).to_string())
            .map_err(|source| EnrolError::File { path, source })?;
        Ok(prepared)
    }

    /// Has the demo's catalogue office publish the words of a file, in which `office` is the one that was registered here: the catalogue's
    /// id.
    ///
    /// # Errors
    /// [`PrepareError`].
    pub fn publish(&self, catalogue: &Path) -> Result<Hash, PrepareError> {
        let office = client_of(&office_key(self.home), self.ledger, self.home, self.clock);
        let client = office.map_err(EnrolError::from)?;
        let publisher = of_demo(self.data, "catalogue-publisher")?;
        let words = Words::read(catalogue)?;
        let step = format!("catalogue-{}-{}", words.code, words.version);
        let named = words.parties(&client, catalogue)?;
        let enrolment = Enrolment::new(&client, &self.home.join("records"))?;
        Ok(enrolment.once(&step, &publisher, || words.draft(&client, &named))?)
    }
}

/// A party of the demo, with its key.
///
/// # Errors
/// [`EnrolError`].
pub fn of_demo(data: &Path, name: &str) -> Result<Identity, EnrolError> {
    let path = data.join("demo").join(format!("{name}.json"));
    plain(&path)?.identity().ok_or(EnrolError::Damaged(path))
}

/// A mandate for a year from today, accepted.
///
/// # Errors
/// [`PrepareError`].
pub fn mandate(
    enrolment: &Enrolment<'_>,
    client: &Client,
    step: &str,
    (from, to): (&Identity, &Identity),
    (catalogue, scopes): (&Hash, &[String]),
) -> Result<Hash, PrepareError> {
    let now = client.now();
    let day = |days: u64| {
        Day::of(procura_core::Millis(now.0.saturating_add(days * DAY_MS))).ok_or(PrepareError::Clock)
    };
    let validity = Validity::of_days(day(0)?, Some(day(365)?));
    let id = enrolment.once(&format!("{step}-mandate"), from, || {
        Ok(Draft::mandate(&client.occasion()?, &from.party, &to.party, catalogue, scopes, &validity))
    })?;
    enrolment
        .once(&format!("{step}-acceptance"), to, || Ok(Draft::on("acceptance", &client.occasion()?, &id)))?;
    Ok(id)
}

/// A catalogue's words, as their file has them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    code: String,
    version: u64,
    category: Vec<Category>,
    purpose: Vec<Purpose>,
    #[serde(default)]
    basis: Vec<Basis>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Category {
    code: String,
    parent: Option<String>,
    /// Its authentic source.
    source: Option<String>,
    /// With what mandates on it begin and end.
    period: Option<String>,
    title: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Purpose {
    code: String,
    title: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Basis {
    code: String,
    title: Value,
    categories: Vec<String>,
    purposes: Vec<String>,
    recipients: Vec<String>,
}

impl Words {
    fn read(path: &Path) -> Result<Self, PrepareError> {
        let wrong = |what: String| PrepareError::Catalogue { path: path.to_owned(), what };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        toml::from_str(&text).map_err(|error| wrong(error.to_string()))
    }

    /// The parties that the words name, by their identifiers.
    fn parties(&self, asking: &Client, path: &Path) -> Result<BTreeMap<String, Hash>, PrepareError> {
        let wrong = |what: String| PrepareError::Catalogue { path: path.to_owned(), what };
        let find = |name: &String| {
            if name == ITSELF {
                return asking.own_party().map_err(|error| ReadError::from(error).into());
            }
            let who: Identifier =
                name.parse().map_err(|_| wrong("a party that it names has no identifier".to_owned()))?;
            match asking.find_party(&who)? {
                PartyFound::Registered(party) => Ok(party),
                PartyFound::Prepared(_) => Err(wrong(format!("nobody is registered as {name}"))),
            }
        };
        let named = self.category.iter().filter_map(|category| category.source.as_ref());
        let named = named.chain(self.basis.iter().flat_map(|basis| &basis.recipients));
        named.map(|name| Ok((name.clone(), find(name)?))).collect()
    }

    fn draft(&self, client: &Client, named: &BTreeMap<String, Hash>) -> Result<Draft, EnrolError> {
        let categories = self.category.iter().map(|category| {
            let mut row = json!({"code": category.code, "title": category.title});
            let source = category.source.as_ref().and_then(|name| named.get(name));
            let more = [
                ("parent", category.parent.as_ref().map(|code| json!(code))),
                ("period", category.period.as_ref().map(|code| json!(code))),
                ("source", source.map(|party| json!(party))),
            ];
            if let Some(row) = row.as_object_mut() {
                row.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
            }
            row
        });
        let purposes = self.purpose.iter().map(|row| json!({"code": row.code, "title": row.title}));
        let bases = self.basis.iter().map(|row| {
            let mut recipients: Vec<&Hash> =
                row.recipients.iter().filter_map(|name| named.get(name)).collect();
            recipients.sort_unstable();
            json!({
                "code": row.code, "title": row.title, "categories": row.categories, "purposes": row.purposes,
                "recipients": recipients,
            })
        });
        Ok(Draft::new("catalogue", &client.occasion()?)
            .member("code", json!(self.code))
            .member("version", json!(self.version))
            .member("categories", categories.collect())
            .member("purposes", purposes.collect())
            .member("bases", bases.collect()))
    }
}
