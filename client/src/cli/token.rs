//! `procura token`: an access token, for programs that speak HTTP themselves.

use super::context::Context;
use super::output::{Answer, Failure};
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Token {}

impl Token {
    /// The token alone, so that it can stand in another command. It is no stranger's: whoever has it reads as this party.
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let token = client.token()?;
        // What stands beside it on the screen would be taken for a part of it: so not even that the ledger is a trial.
        Ok(Answer::yes().line(token.as_str()).member("access_token", token.as_str()))
    }
}
