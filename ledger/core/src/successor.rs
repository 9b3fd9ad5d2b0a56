//! Which ledger goes on where one was lost: the word of the lost one's root, so that nobody is led astray by a name.
//!
//! A signed note, since the lost ledger can log nothing any more.
//!
//! spec: log.md#after-a-loss

use crate::Size;
use crate::checkpoint::Checkpoint;
use crate::hash::sha256;
use crate::json::{canonical, parse_strict};
use crate::key::{SignError, Signer};
use crate::kinds::Root;
use crate::note::{KeyType, NoteError, NoteSignature, NoteVerifier, SignedNote};
use crate::receipt::{Policy, PolicyError};
use crate::tree::Root as Tree;
use crate::{Hash, json::JsonError};
use serde_json::Value;

/// Begins the note.
pub const HEAD: &str = "procura/v1/successor";
/// The largest such note in bytes.
const MAX_BYTES: usize = 1 << 20;

/// What the root of a lost ledger says. Whether it does say so, [`Successor::verify`] tells.
#[derive(Debug, Clone)]
pub struct Successor {
    lost: Checkpoint,
    policy: Policy,
    policy_json: Value,
    note: SignedNote,
}

/// Why a text says nothing of a successor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuccessorError {
    /// No note, or one of another form.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is none of ours.
    #[error("the note says nothing of a successor")]
    Text,
    /// The policy in it.
    #[error("its policy is none: {0}")]
    Policy(#[from] PolicyError),
    /// The policy in it is no JSON.
    #[error("its policy is no JSON: {0}")]
    Json(#[from] JsonError),
    /// A ledger does not follow itself.
    #[error("a ledger that goes on has another origin")]
    SameOrigin,
    /// A root key signed it already.
    #[error("this root key has signed already")]
    Twice,
    /// The key is none of the root's.
    #[error("the key is none of the lost ledger's root's")]
    NotRoot,
    /// Too few of the root's keys signed it.
    #[error("{signed} of the lost ledger's root keys signed it, and {quorum} must")]
    Quorum {
        /// How many did.
        signed: usize,
        /// How many must.
        quorum: u64,
    },
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl SuccessorError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Note(error) => error.name(),
            Self::Text | Self::Json(_) => "successor_text",
            Self::Policy(_) => "policy",
            Self::SameOrigin => "same_origin",
            Self::Twice => "signed_twice",
            Self::NotRoot => "not_yours",
            Self::Quorum { .. } => "quorum",
            Self::Sign(error) => error.name(),
        }
    }
}

impl Successor {
    /// The first holder of a root key signs: the ledger of `policy` goes on where the lost one was at a checkpoint.
    ///
    /// # Errors
    /// [`SuccessorError`].
    pub fn begin(
        lost: &Checkpoint,
        policy: &Value,
        root: &Root,
        holder: &dyn Signer,
    ) -> Result<Self, SuccessorError> {
        let policy = String::from_utf8(canonical(policy)).map_err(|_| SuccessorError::Text)?;
        let hash = crate::b64::encode(&lost.root().hash.0);
        let text = format!("{HEAD}\n{}\n{} {hash}\n{policy}\n", lost.origin(), lost.size());
        let line = signature(lost.origin(), &text, root, holder)?;
        Self::parse(SignedNote::new(text, vec![line])?.to_string().as_bytes())
    }

    /// A further holder signs.
    ///
    /// # Errors
    /// [`SuccessorError`].
    pub fn sign(self, root: &Root, holder: &dyn Signer) -> Result<Self, SuccessorError> {
        let line = signature(self.lost.origin(), self.note.text(), root, holder)?;
        if self.note.signatures().iter().any(|before| before.id() == line.id()) {
            return Err(SuccessorError::Twice);
        }
        Ok(Self { note: self.note.with(line)?, ..self })
    }

    /// Reads a note. No signature is looked at.
    ///
    /// # Errors
    /// [`SuccessorError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SuccessorError> {
        if bytes.len() > MAX_BYTES {
            return Err(SuccessorError::Text);
        }
        let note = SignedNote::parse(bytes)?;
        let lines: Vec<&str> = note.text().lines().collect();
        let [HEAD, origin, tree, policy] = lines.as_slice() else { return Err(SuccessorError::Text) };
        let (size, hash) = tree.split_once(' ').ok_or(SuccessorError::Text)?;
        let size = size.parse().ok().filter(|n: &u64| n.to_string() == size).ok_or(SuccessorError::Text)?;
        let hash: Hash = hash.parse().map_err(|_| SuccessorError::Text)?;
        let lost = Checkpoint::new(origin, Tree { size: Size(size), hash });
        let lost = lost.map_err(|_| SuccessorError::Text)?;
        let policy_json = Value::Object(parse_strict(policy.as_bytes(), MAX_BYTES)?);
        if canonical(&policy_json) != policy.as_bytes() {
            return Err(SuccessorError::Text);
        }
        let policy = Policy::parse(policy.as_bytes())?;
        if policy.origin == lost.origin() {
            return Err(SuccessorError::SameOrigin);
        }
        Ok(Self { lost, policy, policy_json, note })
    }

    /// Whether the lost ledger's root says so: a quorum of its keys.
    ///
    /// # Errors
    /// [`SuccessorError`].
    pub fn verify(&self, root: &Root) -> Result<(), SuccessorError> {
        let keys = root.keys.iter().map(|key| verifier(self.lost.origin(), key.public_key.as_bytes()));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let signed = match self.note.verify(&keys) {
            Err(NoteError::NoKnownSignature) => 0,
            signed => signed?.len(),
        };
        let quorum = root.quorum;
        if signed as u64 >= quorum { Ok(()) } else { Err(SuccessorError::Quorum { signed, quorum }) }
    }

    /// The lost ledger's last checkpoint that is known.
    #[must_use]
    pub const fn lost(&self) -> &Checkpoint {
        &self.lost
    }

    /// Whom to trust from here on.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The same as JSON.
    #[must_use]
    pub const fn policy_json(&self) -> &Value {
        &self.policy_json
    }

    /// What is compared before signing: the hash of all that is signed.
    #[must_use]
    pub fn id(&self) -> Hash {
        sha256(&[self.note.text().as_bytes()])
    }

    /// The note.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }
}

fn verifier(origin: &str, public_key: &[u8; 32]) -> Result<NoteVerifier, SuccessorError> {
    NoteVerifier::new(origin, KeyType::Ed25519, public_key).map_err(|_| SuccessorError::NotRoot)
}

fn signature(
    origin: &str,
    text: &str,
    root: &Root,
    holder: &dyn Signer,
) -> Result<NoteSignature, SuccessorError> {
    let public_key = holder.public_key();
    if root.key(&public_key.thumbprint()).is_none() {
        return Err(SuccessorError::NotRoot);
    }
    let line = holder.sign(text.as_bytes())?.to_vec();
    Ok(NoteSignature::new(&verifier(origin, public_key.as_bytes())?, line))
}

#[cfg(test)]
mod tests {
    //! Goal: a successor is one that a quorum of the lost ledger's root names, and no other. Method: three holders of whom two must
    //! sign; then too few, strangers, and a text that was changed.

    use super::*;
    use crate::Millis;
    use crate::draft::{Draft, Occasion};
    use crate::key::SoftKey;
    use crate::kinds::Content;
    use crate::record::Record;
    use serde_json::json;

    fn holder(seed: u8) -> SoftKey {
        SoftKey::from_seed(&[seed; 32])
    }

    fn root() -> Root {
        let keys: Vec<Value> = (1..=3).map(|seed| holder(seed).public_key().jwk()).collect();
        let draft = Draft::new("root", &Occasion { origin: "old.example", nonce: [1; 32], now: Millis(1) })
            .member("keys", json!(keys))
            .member("quorum", json!(2))
            .member("key_delay", json!(1))
            .member("trial", json!(false))
            .vrf_key(&holder(7).public_key());
        let signed = draft.sign(&holder(1).public_key().thumbprint(), &holder(1)).unwrap();
        match Record::parse(&signed.record).unwrap().content() {
            Content::Root(root) => root.clone(),
            _ => panic!("a root"),
        }
    }

    fn policy(origin: &str) -> Value {
        let key = NoteVerifier::new(origin, KeyType::Ed25519, holder(9).public_key().as_bytes()).unwrap();
        Policy::plain(origin, &key, Hash([3; 32]), 300)
    }

    fn lost() -> Checkpoint {
        Checkpoint::new("old.example", Tree { size: Size(7), hash: Hash([4; 32]) }).unwrap()
    }

    #[test]
    fn a_quorum_names_it() {
        let root = root();
        let one = Successor::begin(&lost(), &policy("new.example"), &root, &holder(1)).unwrap();
        assert_eq!(one.verify(&root), Err(SuccessorError::Quorum { signed: 1, quorum: 2 }));
        assert_eq!(one.clone().sign(&root, &holder(1)).unwrap_err(), SuccessorError::Twice);
        assert_eq!(one.clone().sign(&root, &holder(8)).unwrap_err(), SuccessorError::NotRoot);
        let both = one.sign(&root, &holder(3)).unwrap();
        let read = Successor::parse(both.note().to_string().as_bytes()).unwrap();
        assert_eq!(read.verify(&root), Ok(()));
        assert_eq!((read.policy().origin.as_str(), read.lost().size()), ("new.example", Size(7)));
        assert_eq!(read.id(), both.id());

        let other = read.note().to_string().replace("new.example", "fake.example");
        let error = Successor::parse(other.as_bytes());
        assert!(error.is_err() || error.unwrap().verify(&root).is_err());
        let other = read.note().to_string().replace("\n7 ", "\n8 ");
        assert!(matches!(
            Successor::parse(other.as_bytes()).unwrap().verify(&root),
            Err(SuccessorError::Note(NoteError::BadSignature { .. }))
        ));
    }

    #[test]
    fn strangers_and_other_texts_name_nothing() {
        let root = root();
        let begin = |origin| Successor::begin(&lost(), &policy(origin), &root, &holder(1));
        assert_eq!(begin("old.example").unwrap_err(), SuccessorError::SameOrigin);
        let text = begin("new.example").unwrap().note().text().to_owned();
        for wrong in [
            text.replace(HEAD, "procura/v2/successor"),
            text.replace("\n7 ", "\n07 "),
            text.replace("{\"", "{ \""),
            format!("{text}more\n"),
        ] {
            let line = signature("old.example", &wrong, &root, &holder(1)).unwrap();
            let note = SignedNote::new(wrong, vec![line]).unwrap().to_string();
            assert_eq!(Successor::parse(note.as_bytes()).unwrap_err(), SuccessorError::Text);
        }
    }
}
