//! `procura answer`: look at a request, give what it asks for, or refuse it.

use super::context::Context;
use super::link::Link;
use super::output::{Answer as Output, Failure};
use super::signing::{find_record, occasion, sign_and_submit};
use super::{describe, time};
use clap::Args;
use procura_client::{CallError, Client, ReadError};
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::kinds::{Asked, Content, Request};
use procura_core::receipt::VerifiedStatus;
use procura_core::{Hash, b64};
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct Answer {
    /// The link that you were given, or the id of a request to you, or the beginning of it
    #[arg(allow_hyphen_values = true)]
    request: String,
    /// Give what is asked for
    #[arg(long, conflicts_with_all = ["no", "block"])]
    yes: bool,
    /// Refuse; who asks does not learn why
    #[arg(long)]
    no: bool,
    /// Refuse, and hear of no more requests of theirs; they do not learn of it
    #[arg(long)]
    block: bool,
    /// With --yes: the last day, included, if earlier than asked for
    #[arg(long, requires = "yes")]
    until: Option<Day>,
}

/// A request, verified, with the link that answers it.
struct Found {
    id: Hash,
    request: Request,
    link: Option<Link>,
    what: String,
    shown: VerifiedStatus,
}

impl Answer {
    pub(super) fn run(&self, context: &Context) -> Result<Output, Failure> {
        let client = context.client()?;
        let found = self.find(context, &client)?;
        if self.yes {
            return self.give(context, &client, &found);
        }
        if !self.no && !self.block {
            let until = found.request.invitation.answer_by.map_or_else(String::new, time::at);
            return Ok(Output::yes()
                .line(format!("{}.", found.what))
                .line(format!("You may answer until {until}: --yes, --no, or --block."))
                .line(describe::ground(found.shown.receipt()))
                .member("id", found.id.to_string())
                .trial(client.is_trial()));
        }
        let refusal = found.answer("renunciation", &client)?;
        sign_and_submit(&client, refusal)?;
        let mut blocked = None;
        if self.block {
            let block = Draft::new("block", &occasion(&client)?)
                .member("party", json!(client.own_party()?))
                .member("blocked", json!(found.request.requester));
            blocked = Some(sign_and_submit(&client, block)?.0);
        }
        Ok(Output::yes()
            .line("You have refused. They see that, and not why; nothing was given.")
            .maybe(blocked.map(|id| {
                format!("You have blocked them; you undo that with: procura revoke {}", context.shown(&id))
            }))
            .member("id", found.id.to_string())
            .member("block", json!(blocked))
            .trial(client.is_trial()))
    }

    fn find(&self, context: &Context, client: &Client) -> Result<Found, Failure> {
        let link = self.request.parse::<Link>().ok().filter(|_| self.request.contains('#'));
        let proven = match &link {
            Some(link) => client.linked(&link.0).map_err(unusable)?,
            None => client.status(&find_record(client, &self.request)?)?,
        };
        let shown = proven.answer().clone();
        let logged = shown.logged();
        let request = logged.opened.as_ref().map(|opened| opened.record.content());
        let (Some(Content::Request(request)), Some(id)) = (request, logged.entry.id()) else {
            let message = "that is no request; procura accept takes what was given to you";
            return Err(Failure::no("not_a_request", message));
        };
        let own = client.own_party()?;
        let what = describe::what(context, logged, Some(&own));
        Ok(Found { id, request: request.clone(), link, what, shown: shown.clone() })
    }

    fn give(&self, context: &Context, client: &Client, found: &Found) -> Result<Output, Failure> {
        let link = found.link.as_ref().map(|link| &link.0);
        let given = client.give_asked((&found.id, &found.request), link, self.until)?;
        let (id, answer) = (given.id, given.proven.answer());
        let what = match &found.request.grant {
            Asked::Mandate => "They may act for you once they have accepted",
            Asked::Consent(_) => "They now see what they asked for, and nothing else",
        };
        Ok(Output::yes()
            .line(format!("{what}, {}.", time::days(&given.validity)))
            .line(format!("You end it with: procura revoke {}", context.shown(&id)))
            .line(describe::ground(answer.receipt()))
            .line(format!("Its id: {id}"))
            .member("id", id.to_string())
            .member("request", found.id.to_string())
            .member("status", answer.status().to_string())
            .trial(client.is_trial()))
    }
}

/// That a link was used, or that nobody made it, is an answer.
fn unusable(error: ReadError) -> Failure {
    match error {
        ReadError::Call(CallError::Refused(problem)) if problem.status == 410 => {
            Failure::no("link_used", problem.detail)
        }
        ReadError::NotFound => {
            Failure::no("not_found", "nobody made this link: see that you copied the whole of it")
        }
        error => error.into(),
    }
}

impl Found {
    fn answer(&self, kind: &str, client: &Client) -> Result<Draft, Failure> {
        let draft = Draft::on(kind, &occasion(client)?, &self.id);
        Ok(match &self.link {
            Some(link) => draft.member("link", json!(b64::encode(&link.0))),
            None => draft,
        })
    }
}
