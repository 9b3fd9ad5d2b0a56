//! The other side of the service: somebody who declares, tells, or asks. Each time an access is logged with the ledger first, and its
//! receipt is what the service wants to see.

use crate::book::Files;
use crate::declaration::{self, PROPERTY, digest};
use crate::status;
use procura_client::{AccessError, Asking, Client, PartyFound, ReadError};
use procura_core::Hash;
use procura_core::identifier::Identifier;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;

/// How long the service may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The largest answer.
const MOST_BYTES: u64 = 16 << 20;

/// Why there is no answer of the service.
#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    /// The access is not known to be logged.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The ledger does not say who somebody is.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Nobody is registered under an identifier.
    #[error("nobody is registered under this identifier")]
    Nobody,
    /// No catalogue in force has a source for a category.
    #[error("no catalogue in force says who is the source of {0}")]
    NoSource(String),
    /// The service did not answer. Sending the same again is safe.
    #[error("the service did not answer: {0}. Sending the same again is safe")]
    Away(String),
    /// The service refuses.
    #[error("the service refuses: {detail} ({name})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's name.
        name: String,
        /// A sentence.
        detail: String,
        /// Where, in what was sent.
        pointer: Option<String>,
    },
}

impl CallerError {
    /// The name of the service's refusal, or of what went wrong before.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Access(error) => error.name(),
            Self::Read(error) => error.name(),
            Self::Nobody => "nobody",
            Self::NoSource(_) => "no_source",
            Self::Away(_) => "away",
            Self::Refused { name, .. } => name,
        }
    }
}

/// Somebody who calls the service.
pub struct Caller {
    client: Arc<Client>,
    service: String,
    agent: Agent,
}

impl Caller {
    /// The party of this client, at the service of this address.
    #[must_use]
    pub fn new(client: impl Into<Arc<Client>>, service: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT));
        Self {
            client: client.into(),
            service: service.trim_end_matches('/').to_owned(),
            agent: config.build().new_agent(),
        }
    }

    /// The client of the ledger.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Who is registered under an identifier, proven.
    ///
    /// # Errors
    /// [`CallerError::Nobody`], [`CallerError::Read`].
    pub fn party(&self, who: &Identifier) -> Result<Hash, CallerError> {
        match self.client.find_party(who)? {
            PartyFound::Registered(party) => Ok(party),
            PartyFound::Prepared(_) => Err(CallerError::Nobody),
        }
    }

    /// The authentic source of a category, by the catalogue in force that names one.
    ///
    /// # Errors
    /// [`CallerError`].
    pub fn source_of(&self, category: &str) -> Result<Hash, CallerError> {
        let all = self.client.catalogues()?;
        let source = all.iter().find_map(|found| found.catalogue.source_of(category));
        source.ok_or_else(|| CallerError::NoSource(category.to_owned()))
    }

    /// Declares, for oneself or for an employer whose mandate one has.
    ///
    /// # Errors
    /// [`CallerError`]: the same declaration may be sent again after any of them.
    pub fn declare(
        &self,
        declaration: &Value,
        (employer, source): (Hash, Hash),
        category: &str,
    ) -> Result<Value, CallerError> {
        let receipt = self.bound(declaration, (employer, source), (category, declaration::PURPOSE), true)?;
        self.post("/declarations", &json!({"declaration": declaration, "receipt": receipt}))
    }

    /// Tells a status of somebody.
    ///
    /// # Errors
    /// [`CallerError`].
    pub fn tell(
        &self,
        status: &Value,
        (person, source): (Hash, Hash),
        category: &str,
    ) -> Result<Value, CallerError> {
        let receipt = self.bound(status, (person, source), (category, status::PURPOSE), false)?;
        self.post("/statuses", &json!({"status": status, "receipt": receipt}))
    }

    /// The receipt of an access that is bound to a document.
    fn bound(
        &self,
        document: &Value,
        (subject, source): (Hash, Hash),
        (category, purpose): (&str, &str),
        for_the_subject: bool,
    ) -> Result<Value, CallerError> {
        let own = self.client.own_party().map_err(ReadError::from)?;
        let properties = json!({"resource": {PROPERTY: digest(document)}});
        self.receipt(&Asking {
            on_behalf_of: (for_the_subject && own != subject).then_some(subject),
            subject,
            source,
            category,
            purpose,
            properties: Some(properties),
        })
    }

    /// Asks what the service knows, as much as the category of the access allows.
    ///
    /// # Errors
    /// [`CallerError`].
    pub fn ask(&self, asking: &Asking<'_>) -> Result<Value, CallerError> {
        let receipt = self.receipt(asking)?;
        self.answer(&receipt)
    }

    /// Shows a receipt to the service.
    ///
    /// # Errors
    /// [`CallerError`].
    pub fn answer(&self, receipt: &Value) -> Result<Value, CallerError> {
        self.post("/answers", &json!({"receipt": receipt}))
    }

    /// Logs an access and gives the receipt, whatever was decided.
    ///
    /// # Errors
    /// [`CallerError`].
    pub fn receipt(&self, asking: &Asking<'_>) -> Result<Value, CallerError> {
        let proven = self.client.access(asking)?;
        Ok(serde_json::from_slice(proven.receipt()).unwrap_or_default())
    }

    /// How many files the service has.
    ///
    /// # Errors
    /// [`CallerError`].
    pub fn health(&self) -> Result<Files, CallerError> {
        let sent = self.agent.get(format!("{}/health", self.service)).call();
        let answer = read(sent)?;
        let number = |name: &str| answer.get(name).and_then(Value::as_u64);
        match (number("files"), number("to_register"), number("refused")) {
            (Some(files), Some(to_register), Some(refused)) => Ok(Files { files, to_register, refused }),
            _ => Err(CallerError::Away("it does not say how many files it has".to_owned())),
        }
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, CallerError> {
        let request = self.agent.post(format!("{}{path}", self.service));
        read(request.header("content-type", "application/json").send(body.to_string()))
    }
}

fn read(sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, CallerError> {
    let away = |error: ureq::Error| CallerError::Away(error.to_string());
    let mut answer = sent.map_err(away)?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(MOST_BYTES).read_to_vec().map_err(away)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if status < 300 {
        return Ok(body);
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    Err(CallerError::Refused {
        status,
        name: text("title").unwrap_or_else(|| "unknown".to_owned()),
        detail: text("detail").unwrap_or_default(),
        pointer: text("pointer"),
    })
}
