//! A log key that never leaves its token.
//!
//! Goal: a ledger signs by a token, its signatures are Ed25519 as every verifier of ours takes it, and a wrong PIN, a key that is not there
//! and another key are each refused by name, with nothing signed. Method: SoftHSM, whose module and configuration the step names in the
//! environment; the keys are made in the token.

// A test may panic; the lints know only functions marked as tests, not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use procura_core::checkpoint::SignedCheckpoint;
use procura_ledger::Options;
use procura_server::trial::{self, TrialError};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const PIN: &str = "123456";

fn module() -> String {
    std::env::var("PROCURA_TEST_PKCS11").expect("the step names the token's library")
}

/// A token with two keys.
fn token() {
    let module = Pkcs11::new(module()).unwrap();
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slot = module.get_slots_with_token().unwrap()[0];
    let officer = AuthPin::from("654321".to_owned());
    module.init_token(slot, &officer, "procura").unwrap();
    // SoftHSM gives the token another slot.
    let slots = module.get_slots_with_token().unwrap();
    let is_ours = |slot: &&_| module.get_token_info(**slot).unwrap().label() == "procura";
    let slot = *slots.iter().find(is_ours).unwrap();
    let session = module.open_rw_session(slot).unwrap();
    session.login(UserType::So, Some(&officer)).unwrap();
    session.init_pin(&AuthPin::from(PIN.to_owned())).unwrap();
    session.logout().unwrap();
    session.login(UserType::User, Some(&AuthPin::from(PIN.to_owned()))).unwrap();
    for label in ["log", "other"] {
        // The curve's name as a DER PrintableString.
        let curve = [&[0x13, 12], b"edwards25519".as_slice()].concat();
        let name = Attribute::Label(label.as_bytes().to_vec());
        let public = [Attribute::Token(true), Attribute::EcParams(curve), name.clone()];
        let private =
            [Attribute::Token(true), Attribute::Private(true), Attribute::Sensitive(true), name.clone()];
        session.generate_key_pair(&Mechanism::EccEdwardsKeyPairGen, &public, &private).unwrap();
    }
    session.logout().unwrap();
}

/// Says which key of the token is the log's.
fn name_key(data: &Path, key: &str, pin: &str) {
    let keys = data.join("keys");
    fs::create_dir_all(&keys).unwrap();
    let token = json!({"module": module(), "label": "procura", "key": key, "pin_file": "pin"});
    for (name, text) in [("log.json", json!({"v": 1, "token": token}).to_string()), ("pin", pin.to_owned())] {
        fs::write(keys.join(name), text).unwrap();
        fs::set_permissions(keys.join(name), PermissionsExt::from_mode(0o600)).unwrap();
    }
}

fn start(data: &Path) -> Result<trial::Trial, TrialError> {
    trial::start(data, Options::default())
}

#[test]
fn a_token_signs_and_nothing_else_does() {
    token();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    name_key(data, "log", PIN);
    for _ in 0..2 {
        let trial = start(data).unwrap();
        let (ledger, key) = (&trial.ledger, trial.ledger.log_key().clone());
        let checkpoint = ledger.view().checkpoint().to_owned();
        let signed = SignedCheckpoint::parse(checkpoint.as_bytes()).unwrap();
        assert_eq!(signed.verify(ledger.origin(), std::slice::from_ref(&key)).unwrap().signers(), [key]);
        assert!(ledger.audit(&mut |_, _| {}).unwrap().is_clean());
        ledger.close();
    }
    let size = fs::metadata(data.join("ledger").join("side")).unwrap().len();
    let refused = |key: &str, pin: &str| {
        name_key(data, key, pin);
        start(data).err().unwrap().to_string()
    };
    let wrong = refused("log", "000000");
    assert!(wrong.contains("the token does not work"), "{wrong}");
    assert!(refused("nobody's", PIN).contains("not exactly one Ed25519 key"));
    let other = refused("other", PIN);
    assert!(other.contains("another log") || other.contains("does not open"), "{other}");
    assert_eq!(fs::metadata(data.join("ledger").join("side")).unwrap().len(), size);

    let folder = tempfile::tempdir().unwrap();
    name_key(folder.path(), "log", PIN);
    let path = folder.path().join("keys").join("log.json");
    fs::write(&path, json!({"v": 1, "token": {"module": "/nowhere.so"}}).to_string()).unwrap();
    assert_eq!(start(folder.path()).err().unwrap().name(), "private_malformed");
    fs::write(&path, json!({"v": 2, "token": {}}).to_string()).unwrap();
    assert_eq!(start(folder.path()).err().unwrap().name(), "private_malformed");
    assert!(!folder.path().join("ledger").exists());
}
