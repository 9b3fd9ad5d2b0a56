//! `procura relay`: for institutions that take what people want logged, and for whoever finds that it was kept out.

use super::context::Context;
use super::in_hand::load;
use super::output::{Answer, Failure};
use super::receipt::keep;
use super::time;
use clap::{Args, Subcommand};
use procura_client::client::is_trial;
use procura_client::evidence::{Evidence, Suppressed};
use procura_client::store::Store as _;
use procura_core::record::Record;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum Relay {
    /// Sign that you have a record in hand, and pass it on to the ledger (for institutions)
    Take(Take),
    /// Keep the receipt of your key for a day on which the ledger gives none (for relays, and for who signs)
    Ready(Ready),
    /// Make evidence of a withdrawal that relays had and that the ledger, ten minutes later, lacks
    Accuse(Accuse),
}

#[derive(Debug, Args)]
pub(super) struct Take {
    /// What somebody brings: a signed record (`procura revoke ID --out FILE`), or what another relay gave back
    file: PathBuf,
    /// Where what is given back goes: the record with your note
    #[arg(long)]
    out: PathBuf,
    /// A receipt of your own key from before, if the ledger gives none now
    #[arg(long, value_name = "FILE")]
    own_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Ready {
    /// Where it goes
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Accuse {
    /// What the relays gave back
    file: PathBuf,
    /// The status receipt of what it withdraws (`procura receipt get ID --out FILE`), from over ten minutes later
    receipt: PathBuf,
}

impl Relay {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Take(take) => take.run(context),
            Self::Ready(ready) => ready.run(context),
            Self::Accuse(accuse) => accuse.run(context),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::unknown("file", format!("{} cannot be read: {error}", path.display())))
}

impl Take {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let mut in_hand = load(&self.file)?;
        let own_key = self.own_key.as_deref().map(read).transpose()?;
        let own_key = own_key.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let (said, passed_on) = client
            .relay(&mut in_hand, own_key)
            .map_err(|error| Failure::no(error.name(), format!("nothing was signed: {error}")))?;
        let kept = keep(Some(&self.out), in_hand.to_json().to_string().as_bytes())?;
        let told = match &passed_on {
            Ok(_) => "It was passed on, and the ledger has logged it.".to_owned(),
            Err(error) => format!(
                "It was passed on, and is not known to be logged: {error}. Your note stands all the same"
            ),
        };
        Ok(Answer::yes()
            .line(format!("You have signed that you had this record at {}.", time::at(said.time())))
            .line(&told)
            .maybe(kept)
            .member("time", json!(said.time()))
            .member("relay", json!(said.relay()))
            .member("notes", json!(in_hand.notes.len()))
            .member("logged", passed_on.is_ok())
            .member("refused", json!(passed_on.as_ref().err().map(|error| error.name().to_owned())))
            .trial(client.is_trial()))
    }
}

impl Ready {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let receipt = client.key_receipt(&super::signing::identity(&client)?.kid)?;
        let kept = keep(Some(&self.out), receipt.as_bytes())?;
        Ok(Answer::yes()
            .line("Your key is active, and this receipt shows it.")
            .maybe(kept)
            .trial(client.is_trial()))
    }
}

impl Accuse {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let evidence = Suppressed { in_hand: load(&self.file)?, receipt: read(&self.receipt)? };
        let record = Record::parse(&evidence.in_hand.record)
            .map_err(|error| Failure::no(error.name(), format!("this is no record: {error}")))?;
        let origin = record.common().origin.clone();
        let policy = context.policy_of(&origin)?;
        let evidence = Evidence::Suppressed(evidence);
        evidence
            .check(&origin, &policy)
            .map_err(|error| Failure::no(error.name(), format!("this shows no fault: {error}")))?;
        let relays =
            evidence.relays(&policy).map_err(|error| Failure::no(error.name(), error.to_string()))?;
        let path = context.store().keep_evidence(&origin, &evidence)?;
        Ok(Answer::yes()
            .line("The ledger, or every one of the relays, says what is not so.")
            .line(format!("The evidence is kept in {path}."))
            .member("evidence", path)
            .member("relays", json!(relays))
            .trial(is_trial(&origin)))
    }
}
