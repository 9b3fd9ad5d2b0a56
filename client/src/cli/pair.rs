//! `procura key invite`, `join` and `add`: a device that signs adds another.

use super::context::Context;
use super::output::{Answer, Failure};
use super::qr;
use super::signing::{fresh, identity, sign_and_submit};
use clap::Args;
use procura_client::Client;
use procura_client::pairing::{self, GOOD_MS, Invitation, PairingError, digits};
use procura_core::Hash;
use procura_core::kinds::{Content, Key};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// What a device that is to be added is called if nobody says.
const UNNAMED: &str = "procura";

#[derive(Debug, Args)]
pub(super) struct Invite {
    /// Write the address as a QR code into this file, an SVG
    #[arg(long, value_name = "FILE")]
    qr: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Join {
    /// The address that your other device shows
    invitation: String,
    /// What you call this device [default: the key's name]
    #[arg(long)]
    label: Option<String>,
    /// Write the answer's address as a QR code into this file, an SVG
    #[arg(long, value_name = "FILE")]
    qr: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The address that the new device shows
    answer: String,
    /// Sign it: the new device shows the same digits
    #[arg(long)]
    yes: bool,
}

impl Invite {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let keys = own_keys(&client)?;
        let own = identity(&client)?;
        let assurance = keys.iter().find(|(kid, _)| *kid == own.kid).map(|(_, key)| key.assurance);
        let assurance =
            assurance.ok_or_else(|| Failure::no("unknown_key", "the list of your party has no such key"))?;
        let invitation = Invitation { party: own.party, nonce: fresh()?, assurance };
        let address = invitation.address(client.server());
        let kept = json!({"origin": client.policy().origin, "invitation": address, "at": client.now()});
        write(&context.invitation_path(), &kept)?;
        let drawn = self.qr.as_deref().map(|path| qr::draw(path, &address)).transpose()?;
        Ok(Answer::yes()
            .line(format!(
                "Your other device opens this address, or takes it with `procura key join`:\n  {address}"
            ))
            .line("It is good for an hour and for one device. Then: procura key add ANSWER")
            .maybe(drawn)
            .member("address", address)
            .trial(client.is_trial()))
    }
}

impl Join {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let invitation = Invitation::read(&self.invitation)?;
        let client = context.public_client()?;
        let (key, _) = context.key()?;
        if key.registration.kid.is_some() {
            return Err(Failure::no("key_registered", "this key is registered already: make another one"));
        }
        let label = self.label.as_deref().or(key.registration.name.as_deref()).unwrap_or(UNNAMED);
        let origin = &client.policy().origin;
        let own = (client.now(), fresh()?, label);
        let answer = pairing::Answer::to(&invitation, origin, (&key.public_key(), &key.signer()), own)?;
        let kid = answer.draft(&invitation, origin)?.id();
        let (address, digits, party) = (answer.address(client.server()), digits(&kid), invitation.party);
        let drawn = self.qr.as_deref().map(|path| qr::draw(path, &address)).transpose()?;
        Ok(Answer::yes()
            .line(format!(
                "Your first device opens this address, or takes it with `procura key add`:\n  {address}"
            ))
            .line(format!("It must show these digits: {digits}"))
            .line(format!("Once it has signed: procura key bind --party {party} --kid {kid}"))
            .maybe(drawn)
            .member("address", address)
            .member("digits", digits)
            .member("party", party.to_string())
            .member("kid", kid.to_string())
            .trial(client.is_trial()))
    }
}

impl Add {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let answer = pairing::Answer::read(&self.answer)?;
        let client = context.client()?;
        let (origin, own) = (&client.policy().origin, identity(&client)?);
        if own_keys(&client)?.iter().any(|(_, key)| key.public_key == *answer.key()) {
            return Err(Failure::no("known_key", "that key is in your list already"));
        }
        let invitation = invited(context, &client, &own.party)?;
        answer.check(&invitation, origin, client.now())?;
        let draft = answer.draft(&invitation, origin)?;
        let (kid, label) = (draft.id(), answer.label());
        let shown = digits(&kid);
        let said = if self.yes {
            let (_, submitted) = sign_and_submit(&client, draft)?;
            let counts = submitted.status().is_some_and(|proven| proven.answer().status().permits());
            // It is good for one device.
            fs::remove_file(context.invitation_path()).map_err(unkept)?;
            Answer::of(counts).line(format!("{label} signs for you from now on."))
        } else {
            Answer::yes()
                .line(format!("{label} would sign for you in everything, as this key does."))
                .line(format!("If it shows the digits {shown}, add it with --yes. Else add nothing."))
        };
        Ok(said.member("kid", kid.to_string()).member("digits", shown).trial(client.is_trial()))
    }
}

/// The keys of this client's party, out of its whole list.
fn own_keys(client: &Client) -> Result<Vec<(Hash, Key)>, Failure> {
    let all = client.records(&client.own_party()?, &|_| ())?;
    let keys = all.records().iter().filter_map(|filed| {
        let opened = filed.logged.opened.as_ref()?;
        match opened.record.content() {
            Content::Key(key) => Some((filed.logged.entry.id()?, key.clone())),
            _ => None,
        }
    });
    Ok(keys.collect())
}

/// The last invitation, while it is good.
fn invited(context: &Context, client: &Client, party: &Hash) -> Result<Invitation, Failure> {
    let none = || Failure::no("no_invitation", "there is no invitation to answer: procura key invite");
    let text = fs::read(context.invitation_path()).map_err(|_| none())?;
    let kept: Value = serde_json::from_slice(&text).map_err(|_| none())?;
    let member = |name: &str| kept.get(name).and_then(Value::as_str);
    let at = kept.get("at").and_then(Value::as_u64).ok_or_else(none)?;
    let invitation = Invitation::read(member("invitation").ok_or_else(none)?)?;
    if member("origin") != Some(client.policy().origin.as_str()) || invitation.party != *party {
        return Err(none());
    }
    if client.now().0.abs_diff(at) > GOOD_MS {
        return Err(PairingError::Late.into());
    }
    Ok(invitation)
}

fn write(path: &std::path::Path, kept: &Value) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(unkept)?;
    }
    fs::write(path, kept.to_string()).map_err(unkept)
}

fn unkept(error: std::io::Error) -> Failure {
    Failure::unknown("invitation_file", format!("the invitation can't be kept: {error}"))
}
