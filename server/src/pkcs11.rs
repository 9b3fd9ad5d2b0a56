//! A key that a token or an HSM holds, by PKCS #11: it signs there and never leaves it.
//!
//! Ed25519 is `CKM_EDDSA` of PKCS #11 3.0 over a key of the type `CKK_EC_EDWARDS`.

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use procura_core::key::{PublicKey, SignError, Signer};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// Where a key is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The library of the token's maker.
    pub(crate) module: PathBuf,
    /// The token's label.
    pub(crate) token: String,
    /// The key's label, of its public and its private half.
    pub(crate) label: String,
}

/// Why there is no such key for us.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The library, or the token, says no.
    #[error("the token does not work: {0}")]
    Token(#[from] Error),
    /// No token with this label.
    #[error("there is no token {0:?}")]
    NoToken(String),
    /// No such key, or several.
    #[error("the token has not exactly one Ed25519 key {0:?}")]
    NoKey(String),
    /// The public half is no key.
    #[error("the public key {0:?} is none of Ed25519")]
    Key(String),
}

/// A key on a token.
pub(crate) struct TokenKey {
    module: Pkcs11,
    place: Place,
    pin: Zeroizing<String>,
    public_key: PublicKey,
    session: Mutex<Option<(Session, ObjectHandle)>>,
}

impl TokenKey {
    /// Opens the token and finds the key.
    pub(crate) fn open(place: Place, pin: Zeroizing<String>) -> Result<Self, TokenError> {
        let module = Pkcs11::new(&place.module)?;
        match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Another key of this process is on the same module.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(error.into()),
        }
        let session = log_in(&module, &place, &pin)?;
        let public = one(&session, &place, ObjectClass::PUBLIC_KEY)?;
        let not_one = || TokenError::Key(place.label.clone());
        let point = session.get_attributes(public, &[AttributeType::EcPoint])?;
        let Some(Attribute::EcPoint(point)) = point.into_iter().next() else { return Err(not_one()) };
        // A DER octet string of the 32 bytes, as PKCS #11 2.x has it; some modules leave the 32 bytes bare.
        let bytes = match point.as_slice() {
            [0x04, 32, bytes @ ..] => bytes,
            bytes => bytes,
        };
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| not_one())?;
        let public_key = PublicKey::from_bytes(bytes).map_err(|_| not_one())?;
        let private = one(&session, &place, ObjectClass::PRIVATE_KEY)?;
        let session = Mutex::new(Some((session, private)));
        Ok(Self { module, place, pin, public_key, session })
    }

    fn sign_once(
        &self,
        session: &mut Option<(Session, ObjectHandle)>,
        message: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        if session.is_none() {
            let fresh = log_in(&self.module, &self.place, &self.pin)?;
            let private = one(&fresh, &self.place, ObjectClass::PRIVATE_KEY)?;
            *session = Some((fresh, private));
        }
        let (open, private) = session.as_ref().ok_or_else(|| TokenError::NoKey(self.place.label.clone()))?;
        let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519));
        Ok(open.sign(&mechanism, *private, message)?)
    }
}

impl Signer for TokenKey {
    fn public_key(&self) -> PublicKey {
        self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let mut signed = self.sign_once(&mut session, message);
        if signed.is_err() {
            // A token that was away: once more, from the start.
            *session = None;
            signed = self.sign_once(&mut session, message);
        }
        let signed = signed.map_err(|error| SignError(error.to_string()))?;
        let wrong = || SignError("the token's signature is none of its key's".to_owned());
        let signature: [u8; 64] = signed.try_into().map_err(|_| wrong())?;
        // What leaves under the log's name was looked at: a token that errs shows here, not at the first verifier.
        self.public_key.verify(message, &signature).map_err(|_| wrong())?;
        Ok(signature)
    }
}

fn log_in(module: &Pkcs11, place: &Place, pin: &str) -> Result<Session, TokenError> {
    let mut found = None;
    for slot in module.get_slots_with_token()? {
        if module.get_token_info(slot)?.label().trim_end() == place.token {
            found = Some(slot);
        }
    }
    let slot = found.ok_or_else(|| TokenError::NoToken(place.token.clone()))?;
    let session = module.open_ro_session(slot)?;
    match session.login(UserType::User, Some(&AuthPin::from(pin.to_owned()))) {
        // The login is the process's, not the session's.
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
        Err(error) => Err(error.into()),
    }
}

fn one(session: &Session, place: &Place, class: ObjectClass) -> Result<ObjectHandle, TokenError> {
    let label = Attribute::Label(place.label.as_bytes().to_vec());
    let found =
        session.find_objects(&[Attribute::Class(class), Attribute::KeyType(KeyType::EC_EDWARDS), label])?;
    match found.as_slice() {
        [object] => Ok(*object),
        _ => Err(TokenError::NoKey(place.label.clone())),
    }
}
