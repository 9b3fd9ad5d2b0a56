//! `procura key`: make a key, show one, prove that one holds it, tie it to its registration, add another device's.

use super::context::Context;
use super::output::{Answer, Failure};
use super::pair::{Add, Invite, Join};
use super::passphrase;
use clap::{Args, Subcommand};
use procura_client::keyfile::{KeyFile, Protection};
use procura_core::json::{Members, parse_strict};
use procura_core::key::{PublicKey, Signer as _};
use procura_core::kinds::{Content, proof_of_possession_message};
use procura_core::{Hash, b64};

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Make a new key and keep it in the key file, encrypted with a passphrase
    New(New),
    /// Show the public key and what it is registered as
    Show,
    /// Prove to a registrar that you hold the key
    Possession(Possession),
    /// Note what the key was registered as; the ledger must prove it
    Bind(Bind),
    /// Invite another device of yours: this key then signs for that one's
    Invite(Invite),
    /// Answer the invitation of a device of yours, with a new key
    Join(Join),
    /// Add the device that answered; without --yes, see which it is
    Add(Add),
}

#[derive(Debug, Args)]
pub(super) struct New {
    /// What you call the key
    #[arg(long)]
    name: Option<String>,
    /// Keep the key without a passphrase, readable by whoever reads your files
    #[arg(long)]
    plain: bool,
}

#[derive(Debug, Args)]
pub(super) struct Possession {
    /// The party that the registrar binds the key to
    #[arg(long, allow_hyphen_values = true)]
    party: Hash,
    /// The nonce that the registrar gave, 32 bytes in base64url
    #[arg(long, allow_hyphen_values = true)]
    nonce: Hash,
}

#[derive(Debug, Args)]
pub(super) struct Bind {
    /// The party
    #[arg(long, allow_hyphen_values = true)]
    party: Hash,
    /// The id of the key's record
    #[arg(long, allow_hyphen_values = true)]
    kid: Hash,
}

impl Key {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::New(new) => new.run(context),
            Self::Show => show(context),
            Self::Possession(possession) => possession.run(context),
            Self::Bind(bind) => bind.run(context),
            Self::Invite(invite) => invite.run(context),
            Self::Join(join) => join.run(context),
            Self::Add(add) => add.run(context),
        }
    }
}

impl New {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let path = context.key_path();
        if path.exists() {
            // Before a passphrase is asked for in vain.
            return Err(procura_client::keyfile::KeyFileError::Exists(path).into());
        }
        let protection =
            if self.plain { Protection::Plain } else { Protection::Passphrase(passphrase::choose()?) };
        let mut key = KeyFile::generate()?;
        key.registration.name.clone_from(&self.name);
        key.save_new(&path, &protection)?;
        let kept =
            if self.plain { "It is not encrypted: keep the file to yourself." } else { "It is encrypted." };
        let next = "Give the public key to a registrar, who registers it for you:";
        Ok(public(Answer::yes(), &key)
            .line(format!("A new key is in {}. {kept}", path.display()))
            .line(next)
            .line(format!("  {}", key.public_key().jwk()))
            .member("file", path.display().to_string())
            .member("encrypted", !self.plain))
    }
}

fn show(context: &Context) -> Result<Answer, Failure> {
    let (key, protection) = context.key()?;
    let encrypted = matches!(protection, Protection::Passphrase(_));
    let registration = &key.registration;
    let registered = match (&registration.kid, &registration.party, &registration.origin) {
        (Some(_), Some(party), Some(origin)) => {
            format!("It is registered in {origin} for party {}.", context.shown(party))
        }
        (Some(_), Some(party), None) => format!("It is registered for party {}.", context.shown(party)),
        _ => "It is not registered yet.".to_owned(),
    };
    let name = registration.name.as_ref().map(|name| format!("The key is called {name}."));
    let verbose = context.global.verbose.then(|| format!("Thumbprint: {}", key.public_key().thumbprint()));
    Ok(public(Answer::yes(), &key)
        .maybe(name)
        .line(format!(
            "The key is in {}{}.",
            context.key_path().display(),
            if encrypted { ", encrypted" } else { "" }
        ))
        .line(registered)
        .line(format!("Public key: {}", key.public_key().jwk()))
        .maybe(verbose)
        .member("encrypted", encrypted)
        .member("kid", serde_json::json!(registration.kid))
        .member("party", serde_json::json!(registration.party))
        .member("origin", serde_json::json!(registration.origin))
        .trial(registration.origin.as_deref().is_some_and(procura_client::client::is_trial)))
}

fn public(answer: Answer, key: &KeyFile) -> Answer {
    let public = key.public_key();
    answer.member("jwk", public.jwk()).member("thumbprint", public.thumbprint().to_string())
}

impl Possession {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.public_client()?;
        let (key, _) = context.key()?;
        let origin = &client.policy().origin;
        let message = proof_of_possession_message(origin, &self.party, &key.public_key(), &self.nonce.0);
        let proof =
            key.signer().sign(&message).map_err(|error| Failure::unknown(error.name(), error.to_string()))?;
        let proof = b64::encode(&proof);
        Ok(Answer::yes()
            .line("Give this to the registrar, who puts it into the key's record as pop:")
            .line(format!("  {proof}"))
            .member("pop", proof)
            .trial(client.is_trial()))
    }
}

impl Bind {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.public_client()?;
        let (mut key, protection) = context.key()?;
        key.registration.kid = Some(self.kid);
        key.registration.party = Some(self.party);
        key.registration.origin = Some(client.policy().origin.clone());
        let origin_is_trial = client.is_trial();
        let identity = key
            .identity()
            .ok_or_else(|| Failure::unknown("key_not_registered", "the key has no registration"))?;
        // Only the key's own party reads its record: so the key must work, and the record must say the same.
        let client = client.with_identity(identity);
        let proven = client.status(&self.kid)?;
        let status = proven.answer().status();
        let is_this = proven.answer().logged().opened.as_ref().is_some_and(|opened| {
            matches!(opened.record.content(), Content::Key(registered)
                if registered.party == self.party && registered.public_key == key.public_key())
        });
        if !is_this {
            return Err(Failure::no("other_key", "that record is not about this key and party"));
        }
        key.save(&context.key_path(), &protection)?;
        Ok(Answer::of(status.permits())
            .line(format!("The key is registered; its status is {status}."))
            .member("status", status.to_string())
            .trial(origin_is_trial))
    }
}

/// A public key as it is typed: its 32 bytes in base64url or a JWK.
pub(super) fn public_key(text: &str) -> Result<PublicKey, Failure> {
    let not_one = || {
        Failure::unknown(
            "public_key",
            format!("{text} is no public key: give the x of what `procura key show` prints"),
        )
    };
    if let Ok(members) = parse_strict(text.as_bytes(), 4096) {
        return PublicKey::from_jwk(Members::new(members)).map_err(|_| not_one());
    }
    let bytes = b64::decode_array(text).map_err(|_| not_one())?;
    PublicKey::from_bytes(&bytes).map_err(|_| not_one())
}
