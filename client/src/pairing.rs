//! A further device: what one that signs already and a new one tell each other, and both show. Together the two texts are the new
//! key's record, so that the new device knows its id before anybody signs.
//!
//! spec: http.md#a-further-device

use procura_core::disclosure::DisclosureError;
use procura_core::draft::{Draft, Occasion};
use procura_core::key::{KeyError, PublicKey, SignError, Signer};
use procura_core::kinds::{Assurance, proof_of_possession_message};
use procura_core::{Hash, Millis, b64, hash};
use serde_json::json;

/// An invitation is good for so long, in ms.
pub const GOOD_MS: u64 = 3_600_000;
/// Of an answer without its label: mark, key, proof of possession, `iat`, salt.
const FIXED: usize = 8 + 32 + 64 + 8 + 16;
/// In characters.
const MOST_LABEL: usize = 100;

/// Why a text of another device is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PairingError {
    /// No invitation.
    #[error("that is no invitation: take the whole address that the device shows")]
    Invitation,
    /// No answer.
    #[error("that is no device's answer: take the whole address that it shows")]
    Answer,
    /// To another invitation.
    #[error(
        "it answers another invitation, an older one or another person's: show the last one to the other device"
    )]
    OtherInvitation,
    /// Too old, or one of two clocks is wrong.
    #[error("it is over an hour old, or a clock is wrong: begin again")]
    Late,
    /// The key is none.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Changed on its way.
    #[error("the proof in it does not fit: it was changed on its way")]
    Possession,
    /// A label of no or of too many characters, or one that does not fit.
    #[error("a label has 1 to {MOST_LABEL} characters")]
    Label,
    /// The new key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl PairingError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Answer => "answer",
            Self::OtherInvitation => "other_invitation",
            Self::Late => "late",
            Self::Key(error) => error.name(),
            Self::Possession => "possession",
            Self::Label => "label",
            Self::Sign(error) => error.name(),
        }
    }
}

impl From<DisclosureError> for PairingError {
    fn from(_: DisclosureError) -> Self {
        Self::Label
    }
}

/// What the device that signs already shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invitation {
    /// Whose devices they are.
    pub party: Hash,
    /// The new key record's: 32 fresh bytes for each invitation.
    pub nonce: [u8; 32],
    /// How sure the inviting device's own key is.
    pub assurance: Assurance,
}

impl Invitation {
    /// Where the other device opens it.
    #[must_use]
    pub fn address(&self, server: &str) -> String {
        format!("{}/device#join={}", server.trim_end_matches('/'), b64::encode(&self.bytes()))
    }

    /// Out of an address, or of what stands behind its `#join=`.
    ///
    /// # Errors
    /// [`PairingError::Invitation`].
    pub fn read(text: &str) -> Result<Self, PairingError> {
        let bytes: [u8; 65] =
            b64::decode_array(behind(text, "#join=")).map_err(|_| PairingError::Invitation)?;
        let read = || {
            let (party, rest) = bytes.split_first_chunk()?;
            let (nonce, level) = rest.split_first_chunk()?;
            let assurance = Assurance::ALL.get(usize::from(*level.first()?))?;
            Some(Self { party: Hash(*party), nonce: *nonce, assurance: *assurance })
        };
        read().ok_or(PairingError::Invitation)
    }

    fn bytes(&self) -> Vec<u8> {
        let level = match self.assurance {
            Assurance::Low => 0,
            Assurance::Substantial => 1,
            Assurance::High => 2,
        };
        [&self.party.0[..], &self.nonce, &[level]].concat()
    }

    /// Which invitation an answer is to.
    fn mark(&self) -> [u8; 8] {
        let mut mark = [0; 8];
        mark.iter_mut().zip(hash::sha256(&[&self.bytes()]).0).for_each(|(to, byte)| *to = byte);
        mark
    }
}

/// What the new device shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    mark: [u8; 8],
    key: PublicKey,
    possession: [u8; 64],
    iat: Millis,
    salt: [u8; 16],
    label: String,
}

impl Answer {
    /// The answer of a device with a key of its own; `salt` is fresh, `label` what its holder calls it.
    ///
    /// # Errors
    /// [`PairingError::Label`], [`PairingError::Sign`].
    pub fn to(
        invitation: &Invitation,
        origin: &str,
        key: (&PublicKey, &dyn Signer),
        (iat, salt, label): (Millis, [u8; 16], &str),
    ) -> Result<Self, PairingError> {
        if label.is_empty() || label.chars().count() > MOST_LABEL {
            return Err(PairingError::Label);
        }
        let (public, signer) = key;
        let message = proof_of_possession_message(origin, &invitation.party, public, &invitation.nonce);
        let possession = signer.sign(&message)?;
        Ok(Self { mark: invitation.mark(), key: *public, possession, iat, salt, label: label.to_owned() })
    }

    /// Where the first device opens it.
    #[must_use]
    pub fn address(&self, server: &str) -> String {
        let iat = self.iat.0.to_be_bytes();
        let parts =
            [&self.mark[..], self.key.as_bytes(), &self.possession, &iat, &self.salt, self.label.as_bytes()];
        format!("{}/device#add={}", server.trim_end_matches('/'), b64::encode(&parts.concat()))
    }

    /// Out of an address, or of what stands behind its `#add=`.
    ///
    /// # Errors
    /// [`PairingError::Answer`], [`PairingError::Key`].
    pub fn read(text: &str) -> Result<Self, PairingError> {
        let bytes = b64::decode(behind(text, "#add=")).map_err(|_| PairingError::Answer)?;
        let (fixed, label) = bytes.split_first_chunk::<FIXED>().ok_or(PairingError::Answer)?;
        let label = std::str::from_utf8(label).map_err(|_| PairingError::Answer)?;
        if label.is_empty() || label.chars().count() > MOST_LABEL {
            return Err(PairingError::Answer);
        }
        let mut rest = &fixed[..];
        let (mark, key) = (take(&mut rest)?, PublicKey::from_bytes(&take(&mut rest)?)?);
        let (possession, iat, salt) =
            (take(&mut rest)?, u64::from_be_bytes(take(&mut rest)?), take(&mut rest)?);
        Ok(Self { mark, key, possession, iat: Millis(iat), salt, label: label.to_owned() })
    }

    /// What its holder calls the new device.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The new key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Holds it against the invitation that it should answer, at `now`.
    ///
    /// # Errors
    /// [`PairingError::OtherInvitation`], [`PairingError::Late`], [`PairingError::Possession`].
    pub fn check(&self, invitation: &Invitation, origin: &str, now: Millis) -> Result<(), PairingError> {
        if self.mark != invitation.mark() {
            return Err(PairingError::OtherInvitation);
        }
        if now.0.abs_diff(self.iat.0) > GOOD_MS {
            return Err(PairingError::Late);
        }
        let message = proof_of_possession_message(origin, &invitation.party, &self.key, &invitation.nonce);
        self.key.verify(&message, &self.possession).map_err(|_| PairingError::Possession)
    }

    /// The key's record, as the first device signs it.
    ///
    /// # Errors
    /// [`PairingError::Label`] if the label does not fit.
    pub fn draft(&self, invitation: &Invitation, origin: &str) -> Result<Draft, PairingError> {
        let occasion = Occasion { origin, nonce: invitation.nonce, now: self.iat };
        let level = invitation.assurance.name();
        let draft = Draft::key(&occasion, &invitation.party, &self.key, &self.possession, "cosigned", level);
        Ok(draft.withheld("label", &json!(self.label), &self.salt)?)
    }
}

/// What both devices show of the record, to be compared: 20 digits in groups of four.
#[must_use]
pub fn digits(kid: &Hash) -> String {
    let number = kid.0.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let all = format!("{:020}", number % 10_u128.pow(20));
    let groups: Vec<&str> = (0..5).filter_map(|at| all.get(at * 4..at * 4 + 4)).collect();
    groups.join(" ")
}

/// What stands behind the mark of an address, or all of it.
fn behind<'a>(text: &'a str, mark: &str) -> &'a str {
    let text = text.trim();
    text.split_once(mark).map_or(text, |(_, behind)| behind)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], PairingError> {
    let (first, after) = rest.split_first_chunk().ok_or(PairingError::Answer)?;
    *rest = after;
    Ok(*first)
}

#[cfg(test)]
mod tests {
    //! Goal: the texts are those of the specification, and what was changed is told. Method: its example, read out of the page; each
    //! byte that is held against something is flipped.

    use super::*;
    use procura_core::key::SoftKey;

    const ORIGIN: &str = "example.org/ledger";
    const NOW: Millis = Millis(1_795_431_600_000);

    /// The lines of the example.
    fn example() -> Vec<String> {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/http.md")).unwrap();
        let (_, section) = page.split_once("### A further device").unwrap();
        let (example, _) = section.split_once("```text\n").unwrap().1.split_once("```").unwrap();
        example.lines().map(str::to_owned).collect()
    }

    fn made() -> (Invitation, Answer) {
        let invitation =
            Invitation { party: Hash([2; 32]), nonce: [3; 32], assurance: Assurance::Substantial };
        let key = SoftKey::from_seed(&std::array::from_fn(|at| u8::try_from(at).unwrap()));
        let own = (NOW, [4; 16], "Phone");
        let answer = Answer::to(&invitation, ORIGIN, (&key.public_key(), &key), own).unwrap();
        (invitation, answer)
    }

    #[test]
    fn the_texts_are_those_of_the_specification() {
        let (example, (invitation, answer)) = (example(), made());
        let kid = answer.draft(&invitation, ORIGIN).unwrap().id();
        let expected = [
            invitation.address("https://example.org").replace("https://example.org/device", ""),
            answer.address("https://example.org/").replace("https://example.org/device", ""),
            format!("id    {kid}"),
            digits(&kid),
        ];
        assert_eq!(example, expected);
        assert_eq!(Invitation::read(&example[0]).unwrap(), invitation);
        assert_eq!(Answer::read(&format!(" https://example.org/device{}\n", example[1])).unwrap(), answer);
        answer.check(&invitation, ORIGIN, NOW).unwrap();
    }

    #[test]
    fn what_was_changed_is_refused() {
        let (invitation, answer) = made();
        let text = answer.address("").replace("/device#add=", "");
        let flipped = |at: usize| {
            let mut bytes = b64::decode(&text).unwrap();
            bytes[at] ^= 1;
            Answer::read(&b64::encode(&bytes)).unwrap().check(&invitation, ORIGIN, NOW)
        };
        for at in 0..8 {
            assert!(matches!(flipped(at), Err(PairingError::OtherInvitation)), "{at}");
        }
        for at in 40..104 {
            assert!(matches!(flipped(at), Err(PairingError::Possession)), "{at}");
        }
        assert!(matches!(flipped(107), Err(PairingError::Late)));
        // Salt and label are in no proof: they change the digits.
        flipped(FIXED).unwrap();
        let relabelled = Answer { label: "phone".to_owned(), ..answer.clone() };
        let kid = |answer: &Answer| answer.draft(&invitation, ORIGIN).unwrap().id();
        assert_ne!(digits(&kid(&relabelled)), digits(&kid(&answer)));
        // Another ledger, another party, an hour later.
        let other = Invitation { party: Hash([9; 32]), ..invitation };
        assert!(matches!(answer.check(&other, ORIGIN, NOW), Err(PairingError::OtherInvitation)));
        assert!(matches!(answer.check(&invitation, "example.org/other", NOW), Err(PairingError::Possession)));
        let (on_time, late) = (Millis(NOW.0 + GOOD_MS), Millis(NOW.0 + GOOD_MS + 1));
        answer.check(&invitation, ORIGIN, on_time).unwrap();
        assert!(matches!(answer.check(&invitation, ORIGIN, late), Err(PairingError::Late)));
    }

    #[test]
    fn what_is_none_is_not_read() {
        let (invitation, answer) = made();
        let (join, add) = (invitation.address(""), answer.address(""));
        for text in ["", "x", &join[..join.len() - 1], &format!("{join}AA"), &join.replace("wE", "wM"), &add]
        {
            assert!(matches!(Invitation::read(text), Err(PairingError::Invitation)), "{text}");
        }
        let labelled = |label: &str| Answer { label: label.to_owned(), ..answer.clone() }.address("");
        for text in ["", "!", &join, &labelled(""), &labelled(&"x".repeat(101))] {
            assert!(matches!(Answer::read(text), Err(PairingError::Answer)), "{text}");
        }
        assert_eq!(Answer::read(&labelled(&"é".repeat(100))).unwrap().label().chars().count(), 100);
    }
}
