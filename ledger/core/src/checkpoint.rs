//! Checkpoints: a log's name, size and root as a signed note (C2SP tlog-checkpoint), without extension lines.
//!
//! spec: log.md#checkpoints

use crate::hash;
use crate::note::{
    KeyType, NoteError, NoteSignature, NoteVerifier, Signed, SignedNote, decimal, decode_hash, encode_base64,
    is_name,
};
use crate::tree::Root;
use crate::{Hash, Size};
use std::fmt;

/// The most bytes that an origin may have: ML-DSA cosignatures state its length in one byte.
pub const MAX_ORIGIN_BYTES: usize = 255;

/// A checkpoint was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Fewer than three lines.
    #[error("the checkpoint does not have the three lines origin, size and root")]
    Lines,
    /// A fourth line: nobody audits what stands there.
    #[error("the checkpoint has an extension line, which is not accepted here")]
    ExtensionLine,
    /// Empty, over 255 bytes, or with a space, a plus or a control character.
    #[error("{origin:?} cannot name a log")]
    Origin {
        /// The first line.
        origin: String,
    },
    /// The size is no plain decimal below 2^64.
    #[error("{line:?} is no tree size")]
    SizeLine {
        /// The second line.
        line: String,
    },
    /// The root is not 32 bytes of base64.
    #[error("{line:?} is no root hash")]
    RootLine {
        /// The third line.
        line: String,
    },
    /// Size 0 with another root than `H("")`.
    #[error("a checkpoint of size 0 has the root {root}, which is not the empty tree's")]
    EmptyRoot {
        /// The root stated.
        root: Hash,
    },
    /// The checkpoint is another log's.
    #[error("the checkpoint is of {found}, not of {wanted}")]
    OtherOrigin {
        /// The origin asked for.
        wanted: String,
        /// The origin found.
        found: String,
    },
    /// A log's key is named otherwise than the log: the caller's fault.
    #[error("the key {key_name} does not have the name of the log {origin}")]
    KeyName {
        /// The key's name.
        key_name: String,
        /// The log's origin.
        origin: String,
    },
}

impl CheckpointError {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Note(error) => error.name(),
            Self::Lines => "checkpoint_lines",
            Self::ExtensionLine => "extension_line",
            Self::Origin { .. } => "origin",
            Self::SizeLine { .. } => "size_line",
            Self::RootLine { .. } => "root_line",
            Self::EmptyRoot { .. } => "empty_root",
            Self::OtherOrigin { .. } => "other_origin",
            Self::KeyName { .. } => "log_key_name",
        }
    }
}

/// What a checkpoint says, believed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    root: Root,
}

impl Checkpoint {
    /// What the log `origin` would say of a tree.
    ///
    /// # Errors
    /// [`CheckpointError`]: `Origin`, `EmptyRoot`.
    pub fn new(origin: &str, root: Root) -> Result<Self, CheckpointError> {
        if !is_name(origin) || origin.len() > MAX_ORIGIN_BYTES {
            return Err(CheckpointError::Origin { origin: origin.to_owned() });
        }
        if root.size.0 == 0 && root.hash != hash::empty() {
            return Err(CheckpointError::EmptyRoot { root: root.hash });
        }
        Ok(Self { origin: origin.to_owned(), root })
    }

    /// Reads a checkpoint's text, which [`fmt::Display`] writes back: three lines, each with its newline.
    ///
    /// # Errors
    /// [`CheckpointError`]: `Lines`, `ExtensionLine`, `SizeLine`, `RootLine`, `Origin`, `EmptyRoot`, in this
    /// order.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Lines);
        };
        if lines.next().is_some() {
            return Err(CheckpointError::ExtensionLine);
        }
        let size =
            decimal(size).map(Size).ok_or_else(|| CheckpointError::SizeLine { line: size.to_owned() })?;
        let hash = decode_hash(root).ok_or_else(|| CheckpointError::RootLine { line: root.to_owned() })?;
        Self::new(origin, Root { size, hash })
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries the log has.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.root.size
    }

    /// Size and root hash.
    #[must_use]
    pub const fn root(&self) -> Root {
        self.root
    }

    /// This checkpoint signed by the log: `key` is the log's, of type 0x01 and named like the origin, and
    /// `sign` holds its private key.
    ///
    /// # Errors
    /// [`CheckpointError`]: `KeyName`, or `Note` with [`NoteError::KeyType`].
    pub fn sign(
        self,
        key: &NoteVerifier,
        sign: &dyn Fn(&[u8]) -> [u8; 64],
    ) -> Result<SignedCheckpoint, CheckpointError> {
        expect_log_key(key, &self.origin)?;
        let text = self.to_string();
        let signature = NoteSignature::sign(key, &text, sign)?;
        Ok(SignedCheckpoint { note: SignedNote::new(text, vec![signature])?, checkpoint: self })
    }
}

/// The checkpoint's text.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.root.size, encode_base64(&self.root.hash.0))
    }
}

/// A note that has the form of a checkpoint. Its signatures are not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: SignedNote,
    checkpoint: Checkpoint,
}

impl SignedCheckpoint {
    /// Reads a checkpoint with its signatures; [`fmt::Display`] writes the same bytes back.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(bytes)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { note, checkpoint })
    }

    /// What it says, not to be believed yet.
    #[must_use]
    pub const fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }

    /// The same checkpoint with one more signature, such as a cosignature got later.
    ///
    /// # Errors
    /// [`CheckpointError::Note`] with [`NoteError::TooManySignatures`].
    pub fn with(self, signature: NoteSignature) -> Result<Self, CheckpointError> {
        Ok(Self { note: self.note.with(signature)?, checkpoint: self.checkpoint })
    }

    /// Believes the checkpoint if it is of `origin` and one of `log_keys` signed it. Every log key has type
    /// 0x01 and the origin as its name.
    ///
    /// # Errors
    /// [`CheckpointError`]: `OtherOrigin`, `KeyName`, or `Note` with [`NoteError`] `KeyType`, `BadSignature`,
    /// `NoKnownSignature`.
    pub fn verify(
        &self,
        origin: &str,
        log_keys: &[NoteVerifier],
    ) -> Result<VerifiedCheckpoint, CheckpointError> {
        if self.checkpoint.origin != origin {
            return Err(CheckpointError::OtherOrigin {
                wanted: origin.to_owned(),
                found: self.checkpoint.origin.clone(),
            });
        }
        log_keys.iter().try_for_each(|key| expect_log_key(key, origin))?;
        let signers = self.note.verify(log_keys)?.into_iter().map(|signed| signed.key.clone()).collect();
        Ok(VerifiedCheckpoint { signed: self.clone(), signers })
    }
}

/// The checkpoint with its signatures.
impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

/// A checkpoint that one of the log's keys signed. [`SignedCheckpoint::verify`] is the one way to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    signed: SignedCheckpoint,
    signers: Vec<NoteVerifier>,
}

impl VerifiedCheckpoint {
    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.signed.checkpoint.origin()
    }

    /// How many entries the log has.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.signed.checkpoint.size()
    }

    /// Size and root hash.
    #[must_use]
    pub const fn root(&self) -> Root {
        self.signed.checkpoint.root()
    }

    /// The log's keys that signed: at least one.
    #[must_use]
    pub fn signers(&self) -> &[NoteVerifier] {
        &self.signers
    }

    /// The checkpoint with all its signatures, as it came.
    #[must_use]
    pub const fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// Those of `cosigners` (keys of type 0x04) that cosigned, each once with its newest time; perhaps none.
    ///
    /// # Errors
    /// [`NoteError::KeyType`], or [`NoteError::BadSignature`] if one cosignature fails.
    pub fn cosignatures<'k>(&self, cosigners: &'k [NoteVerifier]) -> Result<Vec<Signed<'k>>, NoteError> {
        cosigners.iter().try_for_each(|key| key.expect_type(KeyType::CosignatureV1))?;
        self.signed.note.verify_any(cosigners)
    }
}

fn expect_log_key(key: &NoteVerifier, origin: &str) -> Result<(), CheckpointError> {
    key.expect_type(KeyType::Ed25519)?;
    if key.name() != origin {
        return Err(CheckpointError::KeyName { key_name: key.name().to_owned(), origin: origin.to_owned() });
    }
    Ok(())
}
