//! `procura present`: ask for a mandate to be shown, show one, verify what is shown.

use super::context::Context;
use super::in_hand::Withdrawals;
use super::output::{Answer, Failure};
use super::receipt::keep;
use super::signing::{find_record, fresh};
use super::{describe, qr};
use clap::{Args, Subcommand};
use procura_client::Shown;
use procura_client::client::is_trial;
use procura_client::present::{NotTaken, PresentError, Which};
use procura_core::presentation::{
    Asked, Audience, Challenge, Presentation, Showable, VerifiedPresentation, verify_presentation,
};
use procura_core::{Hash, Millis};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug, Subcommand)]
pub(super) enum Present {
    /// Ask for a mandate or a consent to be shown to you: a challenge, which is answered once
    Ask(Ask),
    /// Show one of yours for somebody's challenge; without --yes, see who asks and what they would learn
    Make(Make),
    /// Verify what was shown for a challenge of yours, with no network: 0 it holds, 1 it doesn't, 2 could not tell
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(super) struct Ask {
    /// Who you are to whoever shows it: an origin such as `https://example.org`, or procura:party: and an id [default: your key's party]
    #[arg(long = "as", value_name = "WHO")]
    audience: Option<Audience>,
    /// What you need of what may be withheld: identifier, name, reference; may be given several times
    #[arg(long)]
    show: Vec<Showable>,
    /// May they use data of this category …
    #[arg(long, requires = "purpose")]
    category: Option<String>,
    /// … for this purpose, now?
    #[arg(long, requires = "category")]
    purpose: Option<String>,
    /// Write the challenge into this file
    #[arg(long)]
    out: Option<PathBuf>,
    /// Write its address as a QR code into this file, an SVG
    #[arg(long, value_name = "FILE")]
    qr: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Make {
    /// The challenge: its file, or its address
    challenge: String,
    /// The mandate's or consent's id, or the beginning of it; or the address by which somebody shows it
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// Sign it
    #[arg(long)]
    yes: bool,
    /// Write what is to be handed over into this file [default: print it]
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// What was shown
    file: PathBuf,
    #[command(flatten)]
    withdrawals: Withdrawals,
}

impl Present {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Ask(ask) => ask.run(context),
            Self::Make(make) => make.run(context),
            Self::Verify(verify) => verify.run(context),
        }
    }
}

impl Ask {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client_with_key_if_any()?;
        let aud = match (&self.audience, client.own_party()) {
            (Some(audience), _) => audience.clone(),
            (None, Ok(party)) => Audience::party(&party),
            (None, Err(_)) => {
                let message =
                    "say who you are to whoever shows it, with --as https://… or --as procura:party:…";
                return Err(Failure::unknown("no_audience", message));
            }
        };
        let question = self.category.clone().zip(self.purpose.clone());
        let challenge = Challenge {
            origin: client.policy().origin.clone(),
            aud,
            nonce: Hash(fresh()?),
            show: self.show.iter().copied().collect(),
            question: question.map(|(category, purpose)| Asked { category, purpose }),
        };
        context.challenges().open(&challenge)?;
        let address = challenge.address(client.server());
        let kept = keep(self.out.as_deref(), challenge.to_json().as_bytes())?;
        let drawn = self.qr.as_deref().map(|path| qr::draw(path, &address)).transpose()?;
        Ok(Answer::yes()
            .line(format!("Whoever shows you something opens this address, or gets the file:\n  {address}"))
            .line("It is answered once, within a day: procura present verify FILE")
            .maybe(kept)
            .maybe(drawn)
            .member("address", address)
            .member("challenge", json_of(&challenge))
            .trial(client.is_trial()))
    }
}

impl Make {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let challenge = read_challenge(&self.challenge)?;
        let client = context.client()?;
        if client.policy().origin != challenge.origin {
            let message = format!("they ask for something of another ledger: {}", challenge.origin);
            return Err(Failure::no("wrong_origin", message));
        }
        if !self.yes {
            return Ok(Answer::yes()
                .line(format!("It goes to {}, and counts for nobody else.", who(&challenge.aud)))
                .line(learns(&challenge))
                .line("You show it with --yes.")
                .member("challenge", json_of(&challenge))
                .trial(client.is_trial()));
        }
        let which = match Shown::parse(&self.id) {
            Some(shown) => Which::Address(shown),
            None => Which::Record(find_record(&client, &self.id)?),
        };
        let shown = client.present(&which, &challenge)?;
        let text = shown.presentation.to_json();
        let kept = keep(self.out.as_deref(), text.as_bytes())?;
        let member: Value = serde_json::from_str(&text).unwrap_or_default();
        Ok(match kept {
            Some(kept) => Answer::yes()
                .line(told(context, &shown.found))
                .line(kept)
                .line(format!(
                    "Give it to {} within five minutes; it counts for nobody else.",
                    who(&challenge.aud)
                ))
                .trial(client.is_trial()),
            // That alone, so that it can be sent on.
            None => Answer::yes().line(text),
        }
        .member("side", shown.found.side().name())
        .member("presentation", member))
    }
}

impl Verify {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let bytes = read(&self.file)?;
        let challenges = context.challenges();
        let challenge = challenges.asked(&bytes)?;
        let policy = context.policy_of(&challenge.origin)?;
        // What is in hand is looked at first: what is refused leaves its challenge open.
        verify_presentation(&bytes, &challenge, &policy, now()).map_err(NotTaken::from)?;
        let receipts = receipts(&bytes)?;
        let receipts: Vec<&[u8]> = receipts.iter().map(String::as_bytes).collect();
        self.withdrawals.hold_against(context, &receipts, &policy, now())?;
        let found = challenges.take(&bytes, &policy, now())?;
        let disclosed: Vec<String> = found
            .disclosed()
            .values()
            .flatten()
            .map(|(name, value)| format!("  {name}: {}", value.as_str().unwrap_or_default()))
            .collect();
        let question = challenge
            .question
            .as_ref()
            .map(|asked| format!("They may use {} for {} now, under it.", asked.category, asked.purpose));
        Ok(Answer::yes()
            .line(told(context, &found))
            .maybe((!disclosed.is_empty()).then(|| disclosed.join("\n")))
            .maybe(question)
            .line(describe::ground(found.mandate().receipt()))
            .member("side", found.side().name())
            .member("party", found.party().to_string())
            .member("by", found.by().to_string())
            .member("record", describe::json(found.mandate().logged()))
            .member("disclosed", json!(found.disclosed()))
            .member("checkpoint", describe::ground_json(found.mandate().receipt()))
            .trial(is_trial(&challenge.origin)))
    }
}

/// The receipts of a presentation: its answer rests on each.
fn receipts(bytes: &[u8]) -> Result<Vec<String>, Failure> {
    let parts = Presentation::parse(bytes).map_err(NotTaken::from)?.parts;
    let others = [parts.key, parts.party, parts.authority].into_iter().flatten();
    Ok(std::iter::once(parts.mandate).chain(others).map(|receipt| receipt.to_json()).collect())
}

/// What a presentation proves, in a sentence or two.
fn told(context: &Context, found: &VerifiedPresentation) -> String {
    let what = describe::what(context, found.mandate().logged(), None);
    let role = if found.by() == found.party() { "" } else { ", by a role under it" };
    format!(
        "{}: {what}. It is in force, and was shown by its {}, {}{role}.",
        describe::kind(found.mandate().logged()),
        found.side().name(),
        context.shown(found.party()),
    )
}

/// Who asks, as far as their own word goes.
fn who(audience: &Audience) -> String {
    match audience.as_party() {
        Some(id) => format!("the party {id}"),
        None => audience.to_string(),
    }
}

/// What the verifier learns.
fn learns(challenge: &Challenge) -> String {
    let shown: Vec<&str> = challenge.show.iter().map(|one| one.name()).collect();
    let shown = if shown.is_empty() {
        "Everything that may be withheld is.".to_owned()
    } else {
        format!("They see: {}.", shown.join(", "))
    };
    let asked = challenge.question.as_ref().map_or_else(String::new, |asked| {
        format!(" They ask whether {} may be used for {}.", asked.category, asked.purpose)
    });
    format!("They learn what it says, that it is in force, and that you are a party of it. {shown}{asked}")
}

fn json_of(challenge: &Challenge) -> Value {
    serde_json::from_str(&challenge.to_json()).unwrap_or_default()
}

/// A challenge from its address, or from its file.
fn read_challenge(typed: &str) -> Result<Challenge, Failure> {
    let parsed = match typed.contains('#').then(|| Challenge::from_address(typed)).flatten() {
        Some(parsed) => parsed,
        None => Challenge::parse(&read(Path::new(typed))?),
    };
    parsed.map_err(|error| Failure::no(error.name(), format!("that is no challenge: {error}")))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::unknown("file", format!("{} cannot be read: {error}", path.display())))
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl From<NotTaken> for Failure {
    fn from(error: NotTaken) -> Self {
        match error {
            NotTaken::Folder { .. } => Self::unknown(error.name(), error.to_string()),
            NotTaken::Refused(_) | NotTaken::NotOpen => Self::no(error.name(), error.to_string()),
        }
    }
}

impl From<PresentError> for Failure {
    fn from(error: PresentError) -> Self {
        match error {
            PresentError::Read(error) => error.into(),
            PresentError::Sign(_) => Self::unknown(error.name(), error.to_string()),
            PresentError::Refused(_) => Self::no(error.name(), error.to_string()),
        }
    }
}
