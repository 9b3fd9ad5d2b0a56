//! `procura decision replay`: what was decided then, decided again.
//!
//! spec: decisions.md#replay

use super::check::decided;
use super::context::{Context, Who};
use super::output::{Answer, Failure};
use super::property::{self, Sent};
use super::receipt::keep;
use super::time::Instant;
use super::{describe, time};
use clap::{Args, Subcommand};
use procura_client::Client;
use procura_core::conditions::Properties;
use procura_core::decide::{AuthZen, Decision};
use procura_core::receipt::{
    AsOf, Mode, Point, Question, Receipt, VerifyError, verify_access, verify_authority,
};
use procura_core::{Millis, Size};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum Decide {
    /// Decide again what was decided: from a receipt, or for a size of the log and a time
    Replay(Box<Replay>),
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The receipt of the decision; it is verified first, and compared
    receipt: Option<PathBuf>,
    /// Who wanted to act: niss:…, kbo:…, party:… or me
    #[arg(long, default_value = "me", conflicts_with = "receipt")]
    actor: Who,
    /// Whose data it is
    #[arg(long, required_unless_present = "receipt", conflicts_with = "receipt")]
    subject: Option<Who>,
    /// The category of data
    #[arg(long, required_unless_present = "receipt", conflicts_with = "receipt")]
    category: Option<String>,
    /// The purpose
    #[arg(long, required_unless_present = "receipt", conflicts_with = "receipt")]
    purpose: Option<String>,
    /// For whom the actor acts, if not for itself
    #[arg(long, conflicts_with = "receipt")]
    on_behalf_of: Option<Who>,
    /// Who acts along with the actor; may be given several times
    #[arg(long, conflicts_with = "receipt")]
    together_with: Vec<Who>,
    /// What a condition looks at, such as context.case=A7; may be repeated
    #[arg(long, conflicts_with = "receipt")]
    property: Vec<Sent>,
    /// As in an emergency
    #[arg(long, conflicts_with = "receipt")]
    emergency: bool,
    /// By what the log held when it had this size [default: the receipt's]
    #[arg(long, required_unless_present = "receipt")]
    as_of: Option<u64>,
    /// At this time: YYYY-MM-DD HH:MM:SS, Brussels time, or milliseconds since 1970 [default: the receipt's]
    #[arg(long, required_unless_present = "receipt")]
    at: Option<Instant>,
    /// Keep the receipt of the replay in a file
    #[arg(long)]
    out: Option<PathBuf>,
}

/// A decision as a receipt tells it.
struct Kept {
    request: AuthZen,
    size: Size,
    at: Millis,
    decision: Decision,
}

impl Decide {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Replay(replay) => replay.run(context),
        }
    }
}

impl Replay {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let kept = self.receipt.as_deref().map(|path| Kept::read(&client, path)).transpose()?;
        let request = match &kept {
            Some(kept) => kept.request.clone(),
            None => self.request(&client)?,
        };
        let size = self.as_of.map(Size).or(kept.as_ref().map(|kept| kept.size));
        let at = self.at.map(|at| at.0).or(kept.as_ref().map(|kept| kept.at));
        let (Some(size), Some(at)) = (size, at) else {
            return Err(Failure::unknown("no_point", "say as of which size, and at what time"));
        };
        let replayed = client.replay(&request, size, at).map_err(|error| match &kept {
            Some(kept) if error.name() == "evidence_erased" => {
                let said = if kept.decision.permit { "yes" } else { "no" };
                let message = format!("{error} The receipt holds by itself: it says {said}.");
                Failure::unknown("evidence_erased", message)
            }
            _ => error.into(),
        })?;
        let written = keep(self.out.as_deref(), replayed.receipt())?;
        let (answer, decision) = (replayed.answer(), replayed.answer().decision());
        // Of another point another decision is no surprise.
        let kept = kept.filter(|kept| kept.size == size && kept.at == at);
        let same = kept.map(|kept| kept.decision == *decision);
        let compared = same.map(|same| match same {
            true => "It is the decision of the receipt.",
            false => "The receipt says otherwise: a key was found to be compromised since, which counts in a replay.",
        });
        let told = decided(context, decision)
            .line(format!("So it was at {}, by what {size} entries say.", time::at(at)))
            .maybe(compared.map(str::to_owned))
            .line(describe::ground(answer.receipt()))
            .maybe(written)
            .member("request", request.write())
            .member("as_of", json!(size))
            .member("at", json!(at))
            .member("checkpoint", describe::ground_json(answer.receipt()))
            .trial(client.is_trial());
        Ok(match same {
            Some(same) => told.member("same", same),
            None => told,
        })
    }

    fn request(&self, client: &Client) -> Result<AuthZen, Failure> {
        let missing = || Failure::unknown("no_request", "say whose data, which category and which purpose");
        let reference = |who: &Who| who.reference(client);
        let request = AuthZen {
            actor: self.actor.reference(client)?,
            subject: self.subject.as_ref().ok_or_else(missing)?.reference(client)?,
            on_behalf_of: self.on_behalf_of.as_ref().map(reference).transpose()?,
            together_with: self.together_with.iter().map(reference).collect::<Result<_, _>>()?,
            category: self.category.clone().ok_or_else(missing)?,
            purpose: self.purpose.clone().ok_or_else(missing)?,
            properties: Properties::default(),
            emergency: self.emergency,
        };
        property::with(&request, &self.property)
    }
}

impl Kept {
    fn read(client: &Client, path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| {
            Failure::unknown("file", format!("{} cannot be read: {error}", path.display()))
        })?;
        let no = |name: &str, what: String| Failure::no(name, format!("the receipt does not hold: {what}"));
        let receipt = Receipt::parse(&bytes).map_err(|error| no(error.name(), error.to_string()))?;
        let Question::Authority(asked) = receipt.question else {
            return Err(Failure::unknown("other_question", "it is not the receipt of a decision"));
        };
        let mode = match asked.as_of {
            None => Mode::Historic,
            Some(AsOf { time: Some(time), .. }) => Mode::AsOf(Point::Time(time)),
            Some(AsOf { size, time: None }) => Mode::AsOf(Point::Size(size)),
        };
        let refused = |error: VerifyError| no(error.name(), error.to_string());
        let (size, decision) = match asked.access {
            None => {
                let verified =
                    verify_authority(&bytes, &asked.request, client.policy(), mode).map_err(refused)?;
                let size =
                    asked.as_of.map_or_else(|| verified.receipt().checkpoint().size(), |as_of| as_of.size);
                (size, verified.decision().clone())
            }
            // An access was decided on by what stood before it.
            Some(id) => {
                let verified = verify_access(&bytes, &id, client.policy(), mode).map_err(refused)?;
                (Size(verified.logged().index.0), verified.decision().clone())
            }
        };
        Ok(Self { size, at: asked.at, decision, request: asked.request })
    }
}
