//! `[registrar]`: whoever binds keys here for people whom an identity provider has identified, and those providers. In the file only.

use super::ConfigError;
use procura_core::identifier::Identifier;
use procura_core::kinds::Assurance;
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

/// Begins the addresses of enrolment.
const PREFIX: &str = "/enrol/";
/// Addresses behind it that are taken.
const TAKEN: [&str; 5] = ["enrolments", "keys", "logins", "providers", "recoveries"];

/// A registrar and the providers whose word it takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrarSettings {
    /// The key file of a party of this ledger that has the role `registrar`, with its `party` and `kid`.
    pub key: PathBuf,
    /// Providers of OpenID Connect.
    #[serde(default)]
    pub oidc: Vec<ProviderSettings>,
}

/// A provider of OpenID Connect, and what its words mean here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSettings {
    /// What it is called in addresses: letters, digits and `-`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Its issuer URL, behind which its configuration is found.
    pub issuer: String,
    /// As what this ledger is registered there.
    pub client_id: String,
    /// The file that holds the secret, on a line of its own.
    pub client_secret_file: PathBuf,
    /// How the secret is sent.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// Where it sends people back: a path behind `/enrol/` [default: /enrol/ and the name].
    pub redirect: Option<String>,
    /// Scopes that are asked for besides `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The claim that holds the person's identifier.
    pub claim: String,
    /// The scheme of that identifier, such as `niss`.
    pub scheme: String,
    /// The claim that holds the person's name, if it is to be registered.
    pub name_claim: Option<String>,
    /// Whether these claims are fetched from the provider's userinfo, where the ID token doesn't have them.
    #[serde(default)]
    pub userinfo: bool,
    /// Whether these claims are asked for one by one, by the parameter `claims`.
    #[serde(default)]
    pub request_claims: bool,
    /// The claim that says how sure the provider is.
    #[serde(default = "acr")]
    pub assurance_claim: String,
    /// What its values mean. Whoever comes with another one is refused.
    #[serde(deserialize_with = "levels")]
    pub assurance: BTreeMap<String, Assurance>,
}

/// How a client's secret is sent: RFC 6749 section 2.3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuth {
    /// `client_secret_basic`: in a header.
    #[default]
    Basic,
    /// `client_secret_post`: in the body.
    Post,
}

fn acr() -> String {
    "acr".to_owned()
}

fn levels<'de, D: Deserializer<'de>>(reader: D) -> Result<BTreeMap<String, Assurance>, D::Error> {
    let written = BTreeMap::<String, String>::deserialize(reader)?;
    let level = |(value, name): (String, String)| {
        let known = Assurance::ALL.into_iter().find(|one| one.name() == name);
        let known =
            known.ok_or_else(|| serde::de::Error::unknown_variant(&name, &["low", "substantial", "high"]));
        Ok((value, known?))
    };
    written.into_iter().map(level).collect()
}

impl RegistrarSettings {
    /// That each setting can mean something. Whether the provider is there, and the key a registrar's, only a start can tell.
    pub(super) fn check(&self, says: &mut dyn FnMut(&str, ConfigError)) {
        if !cfg!(feature = "oidc") {
            return says("registrar", ConfigError::Feature("registrar", "oidc"));
        }
        if self.oidc.is_empty() {
            let wanted = "at least one provider: [[registrar.oidc]]";
            says("registrar", ConfigError::Provider("registrar", wanted));
        }
        for (at, provider) in self.oidc.iter().enumerate() {
            provider.check(&mut |name, error| says(&format!("registrar.oidc.{at}.{name}"), error));
        }
        let names: BTreeSet<_> = self.oidc.iter().map(|one| &one.name).collect();
        let paths: BTreeSet<_> = self.oidc.iter().map(ProviderSettings::redirect).collect();
        if names.len() < self.oidc.len() || paths.len() < self.oidc.len() {
            let wanted = "another name and redirect for each provider";
            says("registrar.oidc", ConfigError::Provider("name", wanted));
        }
    }
}

impl ProviderSettings {
    /// The path that the provider sends people back to.
    #[must_use]
    pub fn redirect(&self) -> String {
        self.redirect.clone().unwrap_or_else(|| format!("{PREFIX}{}", self.name))
    }

    fn check(&self, says: &mut dyn FnMut(&str, ConfigError)) {
        let filled = [&self.title, &self.client_id, &self.claim, &self.assurance_claim];
        let is_scheme = match Identifier::new(&self.scheme, "0") {
            Ok(_) => true,
            Err(error) => !error.name().starts_with("identifier_scheme"),
        };
        let is_named = is_path(&self.name);
        // One that follows from a wrong name is not told of besides.
        let is_redirected = is_redirect(&self.redirect()) || (self.redirect.is_none() && !is_named);
        for (name, is_right, wanted) in [
            ("name", is_named, "small letters, digits and -"),
            ("redirect", is_redirected, "a path of its own behind /enrol/"),
            ("issuer", is_issuer(&self.issuer), "an https URL without query, or an http one of this machine"),
            ("scheme", is_scheme, "a scheme of identifiers, such as niss"),
            ("assurance", !self.assurance.is_empty(), "what at least one value of the claim means"),
            (
                "title, client_id, claim, assurance_claim",
                filled.iter().all(|text| !text.is_empty()),
                "a text",
            ),
        ] {
            if !is_right {
                says(name, ConfigError::Provider(name, wanted));
            }
        }
    }
}

fn is_path(part: &str) -> bool {
    (1..=32).contains(&part.len())
        && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_redirect(path: &str) -> bool {
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.split('/').all(is_path) && !TAKEN.contains(&rest))
}

fn is_issuer(issuer: &str) -> bool {
    !issuer.contains('?') && is_private_way(issuer)
}

/// Whether secrets may be sent to this address: over TLS, or to this machine.
pub(crate) fn is_private_way(url: &str) -> bool {
    // `http://localhost@elsewhere` is elsewhere.
    let is_plain = url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'#' | b'@' | b'"' | b'\\'));
    let host = |rest: &str| rest.split(['/', '?']).next().unwrap_or_default().to_owned();
    is_plain
        && match url.split_once("://") {
            Some(("https", rest)) => !host(rest).is_empty(),
            Some(("http", rest)) => is_here(&host(rest)),
            _ => false,
        }
}

/// Whether `host`, perhaps with a port, is this machine.
fn is_here(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    //! Goal: a provider that can't be meant is refused at the start. Method: a whole one, then one setting wrong at a time.

    use super::*;

    const WHOLE: &str = r#"
        key = "registrar.json"
        [[oidc]]
        name = "itsme"
        title = "itsme"
        issuer = "https://idp.example/v2"
        client_id = "procura"
        client_secret_file = "secret"
        scopes = ["profile"]
        claim = "number"
        scheme = "niss"
        [oidc.assurance]
        strong = "high"
        weak = "substantial"
    "#;

    fn read(text: &str) -> RegistrarSettings {
        toml::from_str(text).unwrap()
    }

    fn wrong(settings: &RegistrarSettings) -> Vec<&'static str> {
        let mut found = Vec::new();
        settings.check(&mut |_, error| found.push(error.name()));
        found
    }

    #[test]
    fn a_whole_one() {
        let settings = read(WHOLE);
        let [provider] = &settings.oidc[..] else { panic!("{settings:?}") };
        assert_eq!(provider.redirect(), "/enrol/itsme");
        assert_eq!((provider.client_auth, provider.assurance_claim.as_str()), (ClientAuth::Basic, "acr"));
        assert_eq!(provider.assurance["strong"], Assurance::High);
        assert_eq!(wrong(&settings).is_empty(), cfg!(feature = "oidc"));
    }

    #[test]
    fn without_the_feature_it_is_refused_and_not_passed_over() {
        if !cfg!(feature = "oidc") {
            assert_eq!(wrong(&read(WHOLE)), ["config_feature"]);
        }
    }

    #[test]
    fn a_level_that_is_none_is_refused() {
        assert!(toml::from_str::<RegistrarSettings>(&WHOLE.replace("\"high\"", "\"higher\"")).is_err());
    }

    #[cfg(feature = "oidc")]
    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (right, wrong) in [
            ("name = \"itsme\"", "name = \"its me\""),
            ("name = \"itsme\"", "name = \"keys\""),
            ("title = \"itsme\"", "title = \"\""),
            ("https://idp.example/v2", "http://idp.example/v2"),
            ("https://idp.example/v2", "http://localhost@idp.example"),
            ("https://idp.example/v2", "https://idp.example?x"),
            ("scheme = \"niss\"", "scheme = \"NISS\""),
            ("scheme = \"niss\"", "scheme = \"niss\"\nredirect = \"/me\""),
            ("scheme = \"niss\"", "scheme = \"niss\"\nredirect = \"/enrol/{x}\""),
            ("strong = \"high\"\n        weak = \"substantial\"", ""),
        ] {
            assert!(WHOLE.contains(right), "{right}");
            let settings = read(&WHOLE.replace(right, wrong));
            assert_eq!(super::tests::wrong(&settings), ["config_provider"], "{wrong}");
        }
        let twice = format!("{WHOLE}{}", WHOLE.split_once("registrar.json\"").unwrap().1);
        assert_eq!(wrong(&read(&twice)), ["config_provider"]);
        let here = WHOLE.replace("https://idp.example/v2", "http://127.0.0.1:9000");
        assert!(wrong(&read(&here)).is_empty());
    }
}
