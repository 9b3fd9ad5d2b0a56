//! Writing records: for clients, registrars, and the ledger's own records. Randomness, clock and keys are brought by
//! the caller.
//!
//! spec: records.md

use crate::conditions::Conditions;
use crate::disclosure::{Disclosure, DisclosureError, digests};
use crate::hash::{handle_commitment, record_id};
use crate::identifier::Identifier;
use crate::json::canonical;
use crate::jws::Jws;
use crate::key::{PublicKey, SignError, Signer};
use crate::kinds::{Asked, PartyType, Request, Validity};
use crate::record::{MAX_SUBMIT_MS, TYP};
use crate::submission::Submission;
use crate::{Hash, Millis, b64};
use serde_json::{Map, Value, json};

/// What every record of a signer needs, fresh for each.
#[derive(Debug, Clone)]
pub struct Occasion<'a> {
    /// The ledger's origin.
    pub origin: &'a str,
    /// 32 fresh random bytes.
    pub nonce: [u8; 32],
    /// Now.
    pub now: Millis,
}

/// A record being written.
#[derive(Debug, Clone)]
pub struct Draft {
    members: Map<String, Value>,
    disclosures: Vec<Disclosure>,
    handle: Option<[u8; 32]>,
}

impl Draft {
    /// A record of `kind`, to be logged within seven days.
    #[must_use]
    pub fn new(kind: &str, occasion: &Occasion<'_>) -> Self {
        let mut members = Map::new();
        members.insert("v".to_owned(), json!(1));
        members.insert("kind".to_owned(), json!(kind));
        members.insert("origin".to_owned(), json!(occasion.origin));
        members.insert("nonce".to_owned(), json!(b64::encode(&occasion.nonce)));
        members.insert("iat".to_owned(), json!(occasion.now));
        members.insert("submit_by".to_owned(), json!(occasion.now.0.saturating_add(MAX_SUBMIT_MS)));
        Self { members, disclosures: Vec::new(), handle: None }
    }

    /// A transition of `kind` on `target`.
    #[must_use]
    pub fn on(kind: &str, occasion: &Occasion<'_>, target: &Hash) -> Self {
        Self::new(kind, occasion).member("target", json!(target))
    }

    /// A `party` record of somebody with an identifier; `salts` are fresh.
    ///
    /// # Errors
    /// [`DisclosureError`] if the name is too large.
    pub fn party(
        occasion: &Occasion<'_>,
        party_type: PartyType,
        handle: [u8; 32],
        identifier: &Identifier,
        name: Option<&str>,
        salts: &[[u8; 16]; 2],
    ) -> Result<Self, DisclosureError> {
        let [identifier_salt, name_salt] = salts;
        let draft = Self::new("party", occasion)
            .member("party_type", json!(party_type.name()))
            .handle(handle)
            .withheld("identifier", &json!(identifier.text()), identifier_salt)?;
        match name {
            Some(name) => draft.withheld("name", &json!(name), name_salt),
            None => Ok(draft),
        }
    }

    /// A `party` record of a role under an organisation or institution.
    #[must_use]
    pub fn role(occasion: &Occasion<'_>, under: &Hash, handle: [u8; 32]) -> Self {
        Self::new("party", occasion)
            .member("party_type", json!(PartyType::Role.name()))
            .member("under", json!(under))
            .handle(handle)
    }

    /// A `key` record; `basis` and `assurance` as the kinds table names them. `possession` is the new key's signature over
    /// [`crate::kinds::proof_of_possession_message`] with the occasion's nonce.
    #[must_use]
    pub fn key(
        occasion: &Occasion<'_>,
        party: &Hash,
        key: &PublicKey,
        possession: &[u8; 64],
        basis: &str,
        assurance: &str,
    ) -> Self {
        Self::new("key", occasion)
            .member("party", json!(party))
            .member("jwk", key.jwk())
            .member("pop", json!(b64::encode(possession)))
            .member("basis", json!(basis))
            .member("assurance", json!(assurance))
    }

    /// A `mandate` from one party to another for `scopes` of a catalogue; more of either, and the rest, by [`Draft::member`].
    #[must_use]
    pub fn mandate(
        occasion: &Occasion<'_>,
        mandator: &Hash,
        mandatee: &Hash,
        catalogue: &Hash,
        scopes: &[String],
        validity: &Validity,
    ) -> Self {
        Self::new("mandate", occasion)
            .member("mandators", json!([mandator]))
            .member("mandatees", json!([mandatee]))
            .member("catalogue", json!(catalogue))
            .set("scopes", scopes)
            .validity(validity)
    }

    /// A `consent` for `scopes` and `purposes` of a catalogue.
    #[must_use]
    pub fn consent(
        occasion: &Occasion<'_>,
        subject: &Hash,
        recipient: &Hash,
        catalogue: &Hash,
        scopes: &[String],
        purposes: &[String],
        validity: &Validity,
    ) -> Self {
        Self::new("consent", occasion)
            .member("subject", json!(subject))
            .member("recipient", json!(recipient))
            .member("catalogue", json!(catalogue))
            .set("scopes", scopes)
            .set("purposes", purposes)
            .validity(validity)
    }

    /// A `request` for a consent on `scopes` and `purposes`, or for a mandate where there are no purposes. Whom it asks is set by
    /// [`Draft::member`]: `subject`, or `link` ([`crate::hash::link_commitment`]), or both.
    #[must_use]
    pub fn request(
        occasion: &Occasion<'_>,
        requester: &Hash,
        catalogue: &Hash,
        (scopes, purposes): (&[String], &[String]),
        validity: &Validity,
        answer_by: Millis,
    ) -> Self {
        let draft = Self::new("request", occasion)
            .member("requester", json!(requester))
            .member("grant", json!(if purposes.is_empty() { "mandate" } else { "consent" }))
            .member("catalogue", json!(catalogue))
            .set("scopes", scopes)
            .validity(validity)
            .member("answer_by", json!(answer_by));
        if purposes.is_empty() { draft } else { draft.set("purposes", purposes) }
    }

    /// What a request asks for, as a mandate or consent of `giver`, all of it, from `validity` within the time asked for. The
    /// acceptance of the request names its [`Draft::id`], so nothing may be set after that.
    #[must_use]
    pub fn asked_for(
        occasion: &Occasion<'_>,
        (id, request): (&Hash, &Request),
        giver: &Hash,
        validity: &Validity,
    ) -> Self {
        let (to, catalogue, scopes) = (&request.requester, &request.catalogue, &request.scopes);
        let draft = match &request.grant {
            Asked::Mandate => Self::mandate(occasion, giver, to, catalogue, scopes, validity),
            Asked::Consent(purposes) => {
                Self::consent(occasion, giver, to, catalogue, scopes, purposes, validity)
            }
        };
        draft.conditions(&request.conditions).member("request", json!(id))
    }

    /// Sets a member.
    #[must_use]
    pub fn member(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// Sets the handle of a party, 32 fresh bytes: the record commits to it, the submission brings it along.
    #[must_use]
    pub fn handle(mut self, handle: [u8; 32]) -> Self {
        self.handle = Some(handle);
        self.member("handle", json!(handle_commitment(&handle)))
    }

    /// Takes a member away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.members.remove(name);
        self
    }

    /// Sets a member to codes, sorted, each once.
    #[must_use]
    pub fn set(self, name: &str, codes: &[String]) -> Self {
        let mut codes = codes.to_vec();
        codes.sort_unstable();
        codes.dedup();
        self.member(name, json!(codes))
    }

    /// Sets the VRF key of a `root` record.
    #[must_use]
    pub fn vrf_key(self, key: &PublicKey) -> Self {
        self.member("vrf_key", json!(b64::encode(key.as_bytes())))
    }

    /// Sets the members of a validity.
    #[must_use]
    pub fn validity(self, validity: &Validity) -> Self {
        let draft = self
            .member("valid_from", json!(validity.valid_from.to_string()))
            .member("not_before", json!(validity.not_before));
        match (validity.valid_until, validity.not_after) {
            (Some(day), Some(instant)) => {
                draft.member("valid_until", json!(day.to_string())).member("not_after", json!(instant))
            }
            _ => draft,
        }
    }

    /// Sets the conditions of a mandate or a consent; there is no such member if there are none.
    #[must_use]
    pub fn conditions(self, conditions: &Conditions) -> Self {
        if conditions.is_empty() { self } else { self.member("conditions", conditions.to_json()) }
    }

    /// Sets a member that a presentation may leave out; the salt is fresh.
    ///
    /// # Errors
    /// [`DisclosureError`] if the value is too large or not of our JSON.
    pub fn withheld(mut self, name: &str, value: &Value, salt: &[u8; 16]) -> Result<Self, DisclosureError> {
        self.disclosures.push(Disclosure::new(salt, name, value)?);
        Ok(self)
    }

    /// The payload in its one form.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        let mut members = self.members.clone();
        if !self.disclosures.is_empty() {
            members.insert("_sd".to_owned(), json!(digests(&self.disclosures)));
        }
        canonical(&Value::Object(members))
    }

    /// The id that the record will have.
    #[must_use]
    pub fn id(&self) -> Hash {
        record_id(&self.payload())
    }

    /// Signs the record with the key that `kid` names.
    ///
    /// # Errors
    /// [`SignError`] from the signer.
    pub fn sign(self, kid: &Hash, signer: &dyn Signer) -> Result<Submission, SignError> {
        let record = Jws::sign(kid, TYP, &self.payload(), signer)?;
        let disclosures = self.disclosures.iter().map(|disclosure| disclosure.text().to_owned()).collect();
        Ok(Submission { record, disclosures, handle: self.handle })
    }
}
