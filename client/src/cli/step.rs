//! What the verbs have in common that move a record which is there already.

use super::context::Context;
use super::describe;
use super::output::{Answer, Failure};
use super::signing::{find_record, occasion, sign_and_submit};
use procura_client::Client;
use procura_core::Hash;
use procura_core::draft::Draft;
use procura_core::receipt::VerifiedStatus;
use procura_core::status::Status;

/// A transition that was logged, and what it moved.
pub(super) struct Step {
    id: Hash,
    target: Hash,
    moved: VerifiedStatus,
    what: String,
    is_trial: bool,
}

impl Step {
    /// Signs a transition of `kind` on the record typed, completed by `complete`, and hands it in.
    pub(super) fn take(
        context: &Context,
        client: &Client,
        kind: &str,
        typed: &str,
        complete: impl FnOnce(Draft) -> Result<Draft, Failure>,
    ) -> Result<Self, Failure> {
        let target = find_record(client, typed)?;
        let own = client.own_party()?;
        let draft = complete(Draft::on(kind, &occasion(client)?, &target))?;
        let (id, submitted) = sign_and_submit(client, draft)?;
        let moved = submitted
            .status()
            .ok_or_else(|| Failure::unknown("no_status", "the ledger proved no status"))?
            .answer()
            .clone();
        let what = describe::what(context, moved.logged(), Some(&own));
        Ok(Self { id, target, moved, what, is_trial: client.is_trial() })
    }

    /// The record that was moved, in words.
    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// Its status now.
    pub(super) const fn status(&self) -> Status {
        *self.moved.status()
    }

    /// The answer: `done` in a sentence, then the status and what it rests on.
    pub(super) fn answer(&self, done: &str) -> Answer {
        Answer::yes()
            .line(done)
            .line(format!("It is now {}.", self.status()))
            .line(describe::ground(self.moved.receipt()))
            .member("id", self.id.to_string())
            .member("target", self.target.to_string())
            .member("status", self.status().to_string())
            .trial(self.is_trial)
    }
}
