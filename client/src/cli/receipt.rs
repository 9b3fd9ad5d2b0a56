//! `procura receipt`: get a record's receipt; verify one with no network.

use super::context::Context;
use super::in_hand::Withdrawals;
use super::output::{Answer, Failure};
use super::signing::find_record;
use super::{describe, renew, time};
use clap::{Args, Subcommand};
use procura_client::client::is_trial;
use procura_client::store::Store as _;
use procura_client::{Client, Shown};
use procura_core::kinds::Content;
use procura_core::receipt::{
    AsOf, Mode, Point, Policy, Question, Receipt as Wire, VerifyError, verify_access, verify_authority,
    verify_complete, verify_existence, verify_status,
};
use procura_core::record::Record;
use procura_core::source::Logged;
use procura_core::tlog_proof::TlogProof;
use procura_core::{Hash, Millis, Size};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug, Subcommand)]
pub(super) enum Receipt {
    /// Get the receipt of a record; it is verified before it is kept
    Get(Get),
    /// Verify a receipt with no network: 0 it holds and says yes, 1 it says no or does not hold, 2 could not tell
    Verify(Verify),
    /// Renew a receipt that was presented to you, at a mirror: whether it still holds, without asking the ledger
    Renew(renew::Renew),
    /// Find out what a ledger that came back from a backup no longer has, by the receipts that you kept
    Lost(Lost),
}

#[derive(Debug, Args)]
pub(super) struct Lost {
    /// The receipts
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// A file to write the missing records into, a line of JSON each
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Get {
    /// The record's id, or the beginning of it; or the address by which somebody shows it
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// As it was at this size of the log
    #[arg(long)]
    as_of: Option<u64>,
    /// The file to keep it in [default: print it]
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The receipt
    file: PathBuf,
    /// The answer must be fresh, within the policy's age; else it is about its own time
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    withdrawals: Withdrawals,
}

impl Receipt {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Get(get) => get.run(context),
            Self::Verify(verify) => verify.run(context),
            Self::Renew(renew) => renew.run(context),
            Self::Lost(lost) => lost.run(context),
        }
    }
}

/// Keeps bytes in a file, if one is named.
pub(super) fn keep(path: Option<&Path>, bytes: &[u8]) -> Result<Option<String>, Failure> {
    let Some(path) = path else { return Ok(None) };
    std::fs::write(path, bytes).map_err(|error| {
        Failure::unknown("file", format!("{} cannot be written: {error}", path.display()))
    })?;
    Ok(Some(format!("Kept in {}.", path.display())))
}

impl Get {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        if let Some(shown) = Shown::parse(&self.id) {
            return self.shown(context, &shown);
        }
        let client = context.client_with_key_if_any()?;
        let id = find_record(&client, &self.id)?;
        let answer = client.record_receipt(&id, self.as_of.map(Size))?;
        self.told(context, &client, answer.receipt(), &id, answer.logged())
    }

    /// What somebody shows, as it stands now; nobody's key is needed.
    fn shown(&self, context: &Context, shown: &Shown) -> Result<Answer, Failure> {
        if self.as_of.is_some() {
            return Err(Failure::unknown("as_of", "what is shown by an address is shown as it stands now"));
        }
        let client = context.client_with_key_if_any()?;
        let proven = client.shown(shown)?;
        self.told(context, &client, proven.receipt(), &shown.id, proven.answer().logged())
    }

    fn told(
        &self,
        context: &Context,
        client: &Client,
        bytes: &[u8],
        id: &Hash,
        logged: &Logged,
    ) -> Result<Answer, Failure> {
        let kept = keep(self.out.as_deref(), bytes)?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        let receipt: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
        let what = format!(
            "{}: {}",
            describe::kind(logged),
            describe::what(context, logged, client.own_party().ok().as_ref())
        );
        let shown = match kept {
            Some(kept) => Answer::yes().line(what).line(kept).trial(client.is_trial()),
            // The receipt alone, so that it can be sent on: its origin says whether it is a trial's.
            None => Answer::yes().line(text),
        };
        Ok(shown.member("id", id.to_string()).member("receipt", receipt))
    }
}

impl Verify {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let (answer, compared, wire) = verified(context, &self.file, self.fresh)?;
        if let Ok(proof) = TlogProof::parse(wire.proof.as_bytes()) {
            let policy = context.policy_of(proof.checkpoint.unverified().origin())?;
            self.withdrawals.hold_against(context, &[wire.to_json().as_bytes()], &policy, now())?;
        }
        let compared_line = if compared {
            "It is of one history with what was seen of this ledger here."
        } else {
            "It was not compared with what was seen of this ledger here: that needs the network."
        };
        Ok(answer.line(compared_line).member("compared_with_seen", compared))
    }
}

/// The receipt in a file, nothing of it believed, and its checkpoint.
pub(super) fn read(path: &Path) -> Result<(Vec<u8>, Wire, TlogProof), Failure> {
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::unknown("file", format!("{} cannot be read: {error}", path.display())))?;
    let wire = Wire::parse(&bytes).map_err(|error| does_not_hold(&error.into()))?;
    let proof =
        TlogProof::parse(wire.proof.as_bytes()).map_err(|error| does_not_hold(&VerifyError::Proof(error)))?;
    Ok((bytes, wire, proof))
}

/// The receipt in a file, verified offline: what it says, whether it could be compared with what was seen, and itself.
pub(super) fn verified(
    context: &Context,
    path: &Path,
    is_fresh: bool,
) -> Result<(Answer, bool, Wire), Failure> {
    let (bytes, wire, proof) = read(path)?;
    let stated = proof.checkpoint.unverified();
    let policy = context.policy_of(stated.origin())?;
    let (policy, compared) = pinned(context, policy, &wire, stated.size())?;
    // A receipt about the past says of when; what is told names that point.
    let mode = match (is_fresh, wire.question.as_of()) {
        (true, _) => Mode::Fresh(now()),
        (false, None) => Mode::Historic,
        (false, Some(AsOf { time: Some(time), .. })) => Mode::AsOf(Point::Time(time)),
        (false, Some(AsOf { size, time: None })) => Mode::AsOf(Point::Size(size)),
    };
    let answer =
        told(context, &bytes, &wire.question, &policy, mode).map_err(|error| does_not_hold(&error))?;
    Ok((answer.trial(is_trial(&policy.origin)), compared, wire))
}

impl Lost {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.public_client()?;
        let mut receipts = Vec::new();
        for path in &self.files {
            let (_, _, receipt) = verified(context, path, false)?;
            let stated = TlogProof::parse(receipt.proof.as_bytes()).map(|proof| proof.checkpoint);
            if stated.is_ok_and(|stated| stated.unverified().origin() != client.policy().origin) {
                let message = format!("{} is a receipt of another ledger", path.display());
                return Err(Failure::unknown("other_ledger", message));
            }
            receipts.push(receipt);
        }
        let lost = client.lost(&receipts)?;
        let mut answer = Answer::of(lost.missing.is_empty() && lost.replaced.is_empty()).line(format!(
            "The ledger has {} entries. Of the records in these receipts it has {}, and {} are missing.",
            lost.root.size,
            lost.held,
            lost.missing.len()
        ));
        let mut lines = String::new();
        for (index, entry) in &lost.missing {
            let record = entry.sealed.as_ref().and_then(|sealed| Record::parse(&sealed.body).ok());
            let Some((record, sealed)) = record.zip(entry.sealed.as_ref()) else { continue };
            let (name, id) = (record.row().name, record.id());
            let shown = if name.is_empty() { "another kind" } else { name };
            answer = answer
                .line(format!("  missing: {shown} {id}, signed {}", time::at(record.common().signed_at)));
            let line = json!({
                "index": index, "id": id, "kind": shown, "record": sealed.body, "disclosures": sealed.disclosures,
            });
            lines.push_str(&format!("{line}\n"));
        }
        for index in lost.replaced.keys() {
            answer = answer.line(format!(
                "  replaced: something else stands at {index}. The receipt and the ledger's checkpoint convict whoever signed both: \
                 show them to an auditor"
            ));
        }
        let kept = match &self.out {
            Some(path) => keep(Some(path), lines.as_bytes())?,
            None => None,
        };
        Ok(answer
            .maybe(kept)
            .member("size", json!(lost.root.size))
            .member("held", json!(lost.held))
            .member("missing", json!(lost.missing.keys().collect::<Vec<_>>()))
            .member("replaced", json!(lost.replaced.keys().collect::<Vec<_>>()))
            .trial(client.is_trial()))
    }
}

pub(super) fn does_not_hold(error: &VerifyError) -> Failure {
    Failure::no(error.name(), format!("the receipt does not hold: {error}"))
}

/// The policy with what was seen as its pin, as far as the receipt can be compared with it offline.
fn pinned(context: &Context, policy: Policy, wire: &Wire, size: Size) -> Result<(Policy, bool), Failure> {
    let Some(seen) = context.store().seen(&policy.origin)? else { return Ok((policy, false)) };
    let pinned = seen.root().size;
    let connects = wire.consistency.as_ref().is_some_and(|proof| proof.from == pinned.min(size));
    // A proof that starts at the receipt's own size leads to one pin only; which, the file does not say.
    let is_comparable = pinned == size || (pinned < size && connects);
    Ok(if is_comparable { (policy.with_pin(Some(seen.pin())), true) } else { (policy, false) })
}

/// What the receipt says, verified.
pub(super) fn told(
    context: &Context,
    bytes: &[u8],
    question: &Question,
    policy: &Policy,
    mode: Mode,
) -> Result<Answer, VerifyError> {
    Ok(match question {
        Question::Existence { id } => {
            let verified = verify_existence(bytes, id, policy, mode)?;
            let logged = verified.logged();
            let what = describe::what(context, logged, None);
            Answer::yes()
                .line(format!("It was logged on {}: {what}.", time::at(logged.entry.time())))
                .line(describe::ground(verified.receipt()))
                .member("question", "existence")
                .member("record", describe::json(logged))
                .member("checkpoint", describe::ground_json(verified.receipt()))
        }
        Question::Status { id, through, as_of } => {
            let verified = verify_status(bytes, id, through.as_ref(), policy, mode)?;
            let (logged, status) = (verified.logged(), verified.status());
            let what = describe::what(context, logged, None);
            let then = as_of_words(*as_of);
            let by = verified.through().as_ref().map(|through| {
                format!(
                    "The last step shown: {}, on {}.",
                    describe::kind(through),
                    time::at(through.entry.time())
                )
            });
            let at = match mode {
                Mode::Fresh(now) => now.max(verified.receipt().time()),
                _ => verified.receipt().time(),
            };
            let content = logged.opened.as_ref().map(|opened| opened.record.content());
            let is_over = matches!(content, Some(Content::Party(party)) if party.is_over(at));
            let has_ended = is_over || verified.ends().is_some_and(|ends| ends <= at);
            let notice = verified.ends().map(|ends| format!("A notice ends it: {}.", time::at(ends)));
            Answer::of(status.permits() && !has_ended)
                .line(format!("{}: {what}.", describe::kind(logged)))
                .line(format!("Its status{then}: {status}."))
                .maybe(notice)
                .maybe(is_over.then(|| "The role is over.".to_owned()))
                .maybe(by)
                .line(describe::ground(verified.receipt()))
                .member("question", "status")
                .member("status", status.to_string())
                .member("record", describe::json(logged))
                .member("checkpoint", describe::ground_json(verified.receipt()))
        }
        Question::Complete { party, from, to } => {
            let verified = verify_complete(bytes, party, *from, policy, mode)?;
            let count: usize = verified.answer().segments.iter().map(|(_, entries)| entries.len()).sum();
            let end = if to.is_some() { "There is more on the next page." } else { "Nothing follows." };
            Answer::yes()
                .line(format!(
                    "All {count} records of party {} from segment {from} on. {end}",
                    context.shown(party)
                ))
                .line(describe::ground(verified.receipt()))
                .member("question", "complete")
                .member("records", json!(count))
                .member("to_the_end", to.is_none())
                .member("checkpoint", describe::ground_json(verified.receipt()))
        }
        Question::Authority(asked) => {
            let (ground, decision) = match &asked.access {
                None => {
                    let verified = verify_authority(bytes, &asked.request, policy, mode)?;
                    (verified.receipt().clone(), verified.decision().clone())
                }
                Some(id) => {
                    let verified = verify_access(bytes, id, policy, mode)?;
                    (verified.receipt().clone(), verified.decision().clone())
                }
            };
            let request = &asked.request;
            let logged = asked.access.map(|_| "It was asked by an access, which was logged.".to_owned());
            let word = if decision.permit { "Yes." } else { "No." };
            let then = as_of_words(asked.as_of);
            let principal = request
                .on_behalf_of
                .as_ref()
                .map_or_else(String::new, |principal| format!(" on behalf of {principal}"));
            Answer::of(decision.permit)
                .line(format!(
                    "Asked: may {}{principal} use {} of {} for {}?",
                    request.actor, request.category, request.subject, request.purpose
                ))
                .line(format!("{word} {} At {}{then}.", describe::decision(&decision), time::at(asked.at)))
                .maybe(describe::more(&decision))
                .maybe(logged)
                .line(describe::ground(&ground))
                .member("question", "authority")
                .member("request", request.write())
                .member("at", json!(asked.at))
                .member("access", json!(asked.access))
                .member("decision", json!(decision))
                .member("checkpoint", describe::ground_json(&ground))
        }
    })
}

/// The point of the past that an answer is about, if it is about one.
fn as_of_words(as_of: Option<AsOf>) -> String {
    match as_of {
        None => String::new(),
        Some(AsOf { time: Some(time), size }) => format!(" as of {} ({size} entries)", time::at(time)),
        Some(AsOf { time: None, size }) => format!(" as of {size} entries"),
    }
}

pub(super) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
