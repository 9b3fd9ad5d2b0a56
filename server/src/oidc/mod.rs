//! Enrolment by an identity provider: somebody signs in there, comes back, and the key that their browser makes is bound by the
//! registrar to who the provider says that they are.
//!
//! Three steps, each good once and for the browser that began: sent, come back, bound. Nothing is written before the last two,
//! and what goes wrong before changes nothing.
//!
//! spec: http.md#enrolment

mod claims;
mod http;
mod once;
mod provider;
mod token;

use crate::config::RegistrarSettings;
use crate::private::{self, PrivateError};
use crate::registrar::{Begun, Bound, NewKey, Registrar, RegistrarError};
use crate::trial::Opened;
use claims::{ClaimsError, Person};
use once::Once;
use procura_core::kinds::{Assurance, Role};
use procura_core::status::Status;
use procura_core::{Hash, b64};
use procura_ledger::{Clock, Random, ReadError};
use provider::{Provider, ProviderError, Sent};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How long somebody may take at the provider: 10 minutes in ms.
const AWAY_MS: u64 = 10 * 60 * 1000;
/// How long a browser may take to make its key: 5 minutes in ms.
const MAKING_MS: u64 = 5 * 60 * 1000;
/// So many may be talking to providers at once.
const MOST_TALKING: usize = 16;

/// Why nobody can enrol here.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// A file.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The key is nobody's who may register people.
    #[error("{path} holds no key in force of a registrar of this ledger", path = .0.display())]
    NoRegistrar(PathBuf),
}

impl OidcError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Private(error) => error.name(),
            Self::Read(_) => "oidc_read",
            Self::NoRegistrar(_) => "oidc_registrar",
        }
    }
}

/// Why somebody's enrolment went no further. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginError {
    /// No login of this browser's, or one that was used, or that took too long.
    #[error("no login of this browser's is under way")]
    Over,
    /// There is no such provider.
    #[error("there is no such provider")]
    NoProvider,
    /// Whoever was there said no, or the provider did.
    #[error("the provider sent them back without a login")]
    Declined,
    /// Too many are talking to providers.
    #[error("too many are talking to providers")]
    Busy,
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    #[error(transparent)]
    Registrar(#[from] RegistrarError),
}

impl LoginError {
    /// What the page says of it: behind `#login=` in its address.
    pub(crate) const fn page_name(&self) -> &'static str {
        match self {
            Self::Over | Self::NoProvider => "over",
            Self::Declined => "declined",
            Self::Busy | Self::Provider(ProviderError::Unreached(_)) | Self::Registrar(_) => "unreached",
            Self::Provider(ProviderError::Unproven(_)) => "unproven",
            Self::Claims(ClaimsError::Weak) => "weak",
            Self::Claims(ClaimsError::Nobody) => "nobody",
        }
    }
}

/// What a provider sends somebody back with.
#[derive(Debug, Default)]
pub(crate) struct Returned {
    pub(crate) code: Option<String>,
    pub(crate) state: Option<String>,
    /// RFC 9207: who sends them.
    pub(crate) iss: Option<String>,
    pub(crate) has_error: bool,
}

/// Somebody who came back, and their enrolment, once it has begun.
struct Known {
    person: Person,
    begun: Option<Begun>,
}

/// Providers, the registrar that takes their word, and who is under way.
pub struct Enrolment {
    providers: Vec<Provider>,
    registrar: Registrar,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    sent: Once<(String, Sent)>,
    known: Once<Known>,
    talking: Semaphore,
}

impl Enrolment {
    /// Enrolment as configured, for clients who reach this server at `public_url`.
    ///
    /// # Errors
    /// [`OidcError`].
    pub fn new(opened: &Opened, settings: &RegistrarSettings, public_url: &str) -> Result<Self, OidcError> {
        let mut providers = Vec::new();
        for provider in &settings.oidc {
            let secret = private::secret(&provider.client_secret_file)?;
            let redirect = format!("{public_url}{}", provider.redirect());
            providers.push(Provider::new(provider.clone(), secret, redirect));
        }
        let (clock, random) = (Arc::clone(&opened.clock), Arc::clone(&opened.random));
        Ok(Self {
            providers,
            registrar: registrar(opened, &settings.key)?,
            clock,
            random,
            sent: Once::new(AWAY_MS),
            known: Once::new(MAKING_MS),
            talking: Semaphore::new(MOST_TALKING),
        })
    }

    /// Of each provider its name in addresses, what people call it, and the path that it sends them back to.
    pub(crate) fn providers(&self) -> impl Iterator<Item = (&str, &str, String)> {
        let all = self.providers.iter().map(|one| &one.settings);
        all.map(|one| (one.name.as_str(), one.title.as_str(), one.redirect()))
    }

    fn provider(&self, name: &str) -> Result<&Provider, LoginError> {
        self.providers.iter().find(|one| one.settings.name == name).ok_or(LoginError::NoProvider)
    }

    /// Where the browser is to go, and the secret that it comes back with. Blocks.
    pub(crate) fn send(&self, provider: &str, language: &str) -> Result<(String, String), LoginError> {
        let found = self.provider(provider)?;
        let _turn = self.talking.try_acquire().map_err(|_| LoginError::Busy)?;
        let (url, sent) = found.ask(language, &*self.random).inspect_err(|error| told(provider, error))?;
        let secret = self.secret()?;
        self.sent.put(&secret, (provider.to_owned(), sent), self.clock.now());
        Ok((url, secret))
    }

    /// Takes the provider's word for who came back to its path; the secret with which that browser's key is bound. Blocks.
    pub(crate) fn returned(
        &self,
        provider: &str,
        secret: &str,
        came: &Returned,
    ) -> Result<String, LoginError> {
        let (name, sent) = self.sent.take(secret, self.clock.now()).ok_or(LoginError::Over)?;
        let found = self.provider(&name)?;
        // Sent by another provider than the one that was asked: RFC 9700 section 4.4.
        let is_from = came.iss.as_ref().is_none_or(|iss| *iss == found.settings.issuer);
        if name != provider || !is_from || !came.state.as_deref().is_some_and(|state| sent.is_state(state)) {
            return Err(LoginError::Over);
        }
        let code = came.code.as_deref().filter(|_| !came.has_error).ok_or(LoginError::Declined)?;
        let _turn = self.talking.try_acquire().map_err(|_| LoginError::Busy)?;
        let claims = found.redeem(code, &sent).inspect_err(|error| told(provider, error))?;
        let person = claims::person(&claims, &found.settings).inspect_err(|error| told(provider, error))?;
        // Another secret than before: who knew that one knows nothing now.
        let secret = self.secret()?;
        self.known.put(&secret, Known { person, begun: None }, self.clock.now());
        Ok(secret)
    }

    /// Registers or finds whoever came back, for the key that their browser makes now; and what they are called. Blocks.
    pub(crate) fn begin(&self, secret: &str) -> Result<(Begun, Option<String>), LoginError> {
        let mut known = self.known.take(secret, self.clock.now()).ok_or(LoginError::Over)?;
        let name = known.person.name.clone();
        let party = self.registrar.person(&known.person.identifier, name.as_deref())?;
        let begun = self.registrar.begin(party)?;
        known.begun = Some(begun);
        self.known.put(secret, known, self.clock.now());
        Ok((begun, name))
    }

    /// Binds the key, as sure as the provider was. Blocks.
    pub(crate) fn bind(&self, secret: &str, new: &NewKey) -> Result<(Bound, Assurance), LoginError> {
        let known = self.known.take(secret, self.clock.now()).ok_or(LoginError::Over)?;
        let begun = known.begun.ok_or(LoginError::Over)?;
        Ok((self.registrar.bind(&begun, new, known.person.sure)?, known.person.sure))
    }

    /// Accepts a recovery key of whoever came back, once its delay is over: that they came back is the second look. Blocks.
    pub(crate) fn recover(&self, secret: &str, kid: &Hash) -> Result<(), LoginError> {
        let known = self.known.take(secret, self.clock.now()).ok_or(LoginError::Over)?;
        let view = self.registrar.ledger().view();
        let party = view.party_of(&known.person.identifier).map_err(RegistrarError::from)?;
        let key = view.key(kid).map_err(RegistrarError::from)?.ok_or(RegistrarError::Nobody)?;
        if party != Some(key.party) {
            return Err(RegistrarError::Nobody.into());
        }
        Ok(self.registrar.recover(kid)?)
    }

    fn secret(&self) -> Result<String, RegistrarError> {
        Ok(b64::encode(&private::fresh::<32>(&*self.random)?))
    }
}

/// The operator reads what went wrong, and of nobody with whom.
fn told(provider: &str, error: &dyn std::error::Error) {
    tracing::warn!(provider, %error, "a login came to nothing");
}

/// The registrar of a key file, if it is one of this ledger.
fn registrar(opened: &Opened, path: &std::path::Path) -> Result<Registrar, OidcError> {
    let me = private::enrolled(path)?;
    let view = opened.ledger.view();
    let key = view.key(&me.kid)?.filter(|key| {
        let is_its = key.party == me.party && key.public_key == me.signer.public_key();
        is_its && key.status == Status::ACTIVE && !key.compromised
    });
    let party = view
        .party(&me.party)?
        .filter(|party| party.status == Status::ACTIVE && party.content.roles.contains(&Role::Registrar));
    if key.is_none() || party.is_none() {
        return Err(OidcError::NoRegistrar(path.to_owned()));
    }
    let (clock, random) = (Arc::clone(&opened.clock), Arc::clone(&opened.random));
    Ok(Registrar::new(opened.ledger.clone(), clock, random, me))
}
