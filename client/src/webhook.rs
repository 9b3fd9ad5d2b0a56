//! For those who are told: a message that came in at a hook is the ledger's, and for this receiver, or it is refused.
//!
//! ```no_run
//! use procura_client::LogInfo;
//! use procura_client::webhook::{Received, Receiver};
//!
//! # fn example(received: &Received<'_>, now: procura_core::Millis, policy: &procura_core::receipt::Policy) -> Result<(), Box<dyn std::error::Error>> {
//! // Once, and again whenever `webhook_input` says that the key may be new.
//! let note = LogInfo::unverified("https://ledger.example")?.webhook_key.ok_or("it sends no webhooks")?;
//! let receiver = Receiver::new("https://office.example/procura", &note, policy)?;
//! // For each message. What is known already, by its index, is answered with 2xx and passed over.
//! let event = receiver.verify(received, now)?;
//! println!("{} happened to {}", event.kind, event.subject);
//! # Ok(()) }
//! ```
//!
//! An event says that something is there, not what: that is read, and proven, as a record.
//!
//! spec: http.md#webhooks

pub use procura_core::webhook::{KeyError, Received, WebhookError};

use procura_core::json::{Members, parse_strict};
use procura_core::key::PublicKey;
use procura_core::note::NoteVerifier;
use procura_core::receipt::Policy;
use procura_core::{Hash, Index, Millis, webhook};

/// The largest message in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// What a receiver knows beforehand.
#[derive(Debug, Clone)]
pub struct Receiver {
    url: String,
    origin: String,
    key: PublicKey,
}

/// Something that happened to the receiver's party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where it stands in the log: with the origin, what tells it from all others.
    pub index: Index,
    /// The record's kind; `erased` if its body was.
    pub kind: String,
    /// The record's id; an erased one may have none.
    pub id: Option<Hash>,
    /// The record that it happened to: the one that a transition moves, else the record itself.
    pub subject: Hash,
    /// When it was logged.
    pub time: Millis,
    /// The status that followed, in words.
    pub status: Option<String>,
}

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedMessage {
    /// It is not signed by the ledger, for this receiver, now.
    #[error(transparent)]
    Signature(#[from] WebhookError),
    /// Signed, but no event as the ledger makes them.
    #[error("the body is no event of this version; a newer client may read it")]
    Event,
    /// An event of another ledger.
    #[error("the event is another ledger's")]
    Origin,
}

impl RefusedMessage {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Signature(error) => error.name(),
            Self::Event => "webhook_event",
            Self::Origin => "webhook_origin",
        }
    }
}

impl Receiver {
    /// A receiver at `url`, as it stands in the hook; `note` is what the ledger says of its key (`webhook_key` in `/v1/log`). A log key that is
    /// retired vouches for nothing.
    ///
    /// # Errors
    /// [`KeyError`] if no key of the policy's vouches for it.
    pub fn new(url: &str, note: &str, policy: &Policy) -> Result<Self, KeyError> {
        let in_use = policy.log_keys.iter().filter(|log| log.retired_at.is_none());
        let known: Vec<NoteVerifier> = in_use.map(|log| log.key.clone()).collect();
        let key = webhook::vouched(note, &policy.origin, &known)?;
        Ok(Self { url: url.to_owned(), origin: policy.origin.clone(), key })
    }

    /// The event, if the message is the ledger's, came in at this receiver's address, and was signed within 5 minutes of `now`.
    ///
    /// # Errors
    /// [`RefusedMessage`]: answer with 400, and nothing happened. The ledger sends it again.
    pub fn verify(&self, message: &Received<'_>, now: Millis) -> Result<Event, RefusedMessage> {
        webhook::check(message, &self.url, &self.key, now)?;
        let (source, id, event) = read(message.body).ok_or(RefusedMessage::Event)?;
        if source != self.origin {
            return Err(RefusedMessage::Origin);
        }
        if id != event.index.0.to_string() {
            return Err(RefusedMessage::Event);
        }
        Ok(event)
    }
}

/// `source`, `id` and the event. What a later version adds is passed over.
fn read(body: &[u8]) -> Option<(String, String, Event)> {
    let mut members = Members::new(parse_strict(body, MAX_BYTES).ok()?);
    let (source, id) = (members.take_str("source").ok()?, members.take_str("id").ok()?);
    let subject = members.take_hash("subject").ok()?;
    let mut data = members.take_object("data").ok()?;
    let event = Event {
        index: Index(data.take_u64("index").ok()?),
        kind: data.take_str("kind").ok()?,
        id: data.take_opt("id", procura_core::json::Field::hash).ok()?,
        subject,
        time: data.take_millis("time").ok()?,
        status: data.take_opt("status", procura_core::json::Field::str).ok()?,
    };
    Some((source, id, event))
}

#[cfg(test)]
mod tests {
    //! Goal: an event of this ledger's for this address is taken, and nothing else. Method: messages signed here, and their twins from another
    //! ledger, at another address, under another key.

    use super::*;
    use procura_core::key::{Signer, SoftKey};
    use procura_core::log_keys::LogKey;
    use procura_core::note::KeyType;
    use serde_json::{Value, json};

    const URL: &str = "https://office.example/procura";
    const ORIGIN: &str = "example.org/ledger";
    const NOW: Millis = Millis(1_795_431_600_000);

    fn event() -> Value {
        json!({
            "specversion": "1.0", "id": "7", "source": ORIGIN, "type": "procura.record.revocation",
            "subject": Hash([2; 32]), "data": {
                "id": Hash([1; 32]), "index": 7, "time": 1, "kind": "revocation", "target": Hash([2; 32]), "status": "ended",
            },
        })
    }

    fn receiver(log_seed: u8, retired_at: Option<Millis>) -> Result<Receiver, KeyError> {
        let verifier = |seed| {
            let key = SoftKey::from_seed(&[seed; 32]).public_key();
            NoteVerifier::new(ORIGIN, KeyType::Ed25519, key.as_bytes()).unwrap()
        };
        let log = SoftKey::from_seed(&[9; 32]);
        let note =
            webhook::vouch(&[(verifier(9), &log)], &SoftKey::from_seed(&[7; 32]).public_key()).unwrap();
        let policy = Policy {
            origin: ORIGIN.to_owned(),
            log_keys: vec![LogKey { key: verifier(log_seed), retired_at }],
            entry0: Hash([0; 32]),
            max_age_s: 300,
            witnesses: None,
            map_checkers: Vec::new(),
            pin: None,
        };
        Receiver::new(URL, &note, &policy)
    }

    fn told(event: &Value, url: &str, seed: u8) -> Result<Event, RefusedMessage> {
        let body = event.to_string();
        let signed =
            webhook::sign(&SoftKey::from_seed(&[seed; 32]), url, body.as_bytes(), NOW.0 / 1000).unwrap();
        let message = Received {
            content_type: webhook::MEDIA_TYPE,
            content_digest: &signed.content_digest,
            signature_input: &signed.signature_input,
            signature: &signed.signature,
            body: body.as_bytes(),
        };
        receiver(9, None).unwrap().verify(&message, NOW)
    }

    #[test]
    fn an_event_for_this_receiver_is_taken() {
        let event = told(&event(), URL, 7).unwrap();
        assert_eq!(
            (event.index, event.kind.as_str(), event.subject),
            (Index(7), "revocation", Hash([2; 32]))
        );
        assert_eq!((event.id, event.status.as_deref()), (Some(Hash([1; 32])), Some("ended")));
    }

    #[test]
    fn another_ledgers_or_somebody_elses_is_refused() {
        let name = |event: &Value, url, seed| told(event, url, seed).unwrap_err().name();
        assert_eq!(name(&event(), "https://other.example/procura", 7), "webhook_signature");
        assert_eq!(name(&event(), URL, 8), "webhook_input");
        let with = |pointer: &str, value: Value| {
            let mut event = event();
            *event.pointer_mut(pointer).unwrap() = value;
            event
        };
        assert_eq!(name(&with("/source", json!("example.org/other")), URL, 7), "webhook_origin");
        assert_eq!(name(&with("/id", json!("8")), URL, 7), "webhook_event");
        for pointer in ["/source", "/id", "/subject", "/data", "/data/index", "/data/kind", "/data/time"] {
            assert_eq!(name(&with(pointer, json!(null)), URL, 7), "webhook_event", "{pointer}");
        }
        assert_eq!(name(&json!([]), URL, 7), "webhook_event");
    }

    #[test]
    fn only_a_log_key_in_use_vouches() {
        assert!(receiver(9, None).is_ok());
        for (seed, retired_at) in [(9, Some(Millis(1))), (8, None)] {
            assert_eq!(receiver(seed, retired_at).unwrap_err().name(), "webhook_key_note");
        }
    }
}
