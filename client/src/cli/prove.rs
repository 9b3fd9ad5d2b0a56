//! `procura prove`: proofs computed here from public tiles alone.

use super::context::Context;
use super::output::{Answer, Failure};
use super::receipt::keep;
use super::signing::find_record;
use clap::{Args, Subcommand};
use procura_client::Client;
use procura_core::entry::Entry;
use procura_core::hash::leaf;
use procura_core::receipt::{Question, Receipt};
use procura_core::{Hash, Index, Size};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum Prove {
    /// Prove that a record stands in the log
    Inclusion(Inclusion),
    /// Prove that the log still begins as it did
    Consistency(Consistency),
}

#[derive(Debug, Args)]
pub(super) struct Inclusion {
    /// The record's id, or the beginning of it
    #[arg(allow_hyphen_values = true, required_unless_present_any = ["index", "receipt"], conflicts_with_all = ["index", "receipt"])]
    id: Option<String>,
    /// The place in the log instead of an id; no key is needed
    #[arg(long, conflicts_with = "receipt")]
    index: Option<u64>,
    /// The receipt of the record instead of an id; no key is needed
    #[arg(long)]
    receipt: Option<PathBuf>,
    /// Keep the proof, a C2SP tlog-proof, in a file
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Consistency {
    /// The earlier size [default: the last one seen]
    #[arg(long)]
    from: Option<u64>,
}

impl Prove {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Inclusion(inclusion) => inclusion.run(context),
            Self::Consistency(consistency) => consistency.run(context),
        }
    }
}

/// An entry to be proven; without a leaf hash whatever stands there.
struct Wanted {
    index: Index,
    leaf: Option<Hash>,
}

impl Inclusion {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let (client, wanted) = self.wanted(context)?;
        let inclusion = client.inclusion(wanted.index)?;
        if wanted.leaf.is_some_and(|leaf| leaf != inclusion.leaf().hash) {
            return Err(Failure::no("other_entry", "another entry stands in the log at the record's place"));
        }
        let (proof, size) = (inclusion.to_tlog_proof(), inclusion.checkpoint().size());
        let kept = keep(self.out.as_deref(), proof.as_bytes())?;
        let what = if wanted.leaf.is_some() { "The record" } else { "An entry" };
        let shown = context.global.verbose.then(|| proof.clone());
        Ok(Answer::yes()
            .line(format!(
                "{what} stands at place {} of {size} entries, computed here from public tiles ({} hashes).",
                wanted.index,
                inclusion.path().len()
            ))
            .maybe(kept)
            .maybe(shown)
            .member("index", json!(wanted.index))
            .member("leaf", inclusion.leaf().hash.to_string())
            .member("size", json!(size))
            .member("proof", proof)
            .trial(client.is_trial()))
    }

    /// A client and the entry. With an id the record's receipt is got and verified first, which needs the key.
    fn wanted(&self, context: &Context) -> Result<(Client, Wanted), Failure> {
        if let Some(index) = self.index {
            return Ok((context.public_client()?, Wanted { index: Index(index), leaf: None }));
        }
        if let Some(path) = &self.receipt {
            return Ok((context.public_client()?, wanted_of(path)?));
        }
        let client = context.client()?;
        let id = find_record(&client, self.id.as_deref().unwrap_or_default())?;
        let answer = client.record_receipt(&id, None)?;
        let wanted = Wanted { index: answer.logged().index, leaf: Some(answer.logged().leaf) };
        Ok((client, wanted))
    }
}

/// The entry that a receipt is about. What it proves beyond that is not asked here: the tiles prove the place.
fn wanted_of(path: &Path) -> Result<Wanted, Failure> {
    let failed =
        |what: String| Failure::unknown("receipt_file", format!("{} cannot be used: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let receipt = Receipt::parse(&bytes).map_err(|error| failed(error.to_string()))?;
    let id = match receipt.question {
        Question::Existence { id } | Question::Status { id, through: None, .. } => id,
        Question::Status { through: Some(through), .. } => through,
        _ => return Err(failed("it is not about one record".to_owned())),
    };
    let part = receipt
        .entries
        .iter()
        .find(|part| Entry::decode(&part.entry).is_ok_and(|entry| entry.id() == Some(id)))
        .ok_or_else(|| failed("it does not hold the record's entry".to_owned()))?;
    Ok(Wanted { index: part.index, leaf: Some(leaf(&part.entry)) })
}

impl Consistency {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.public_client()?;
        let seen = client.seen()?.map(|seen| seen.root());
        let (from, known) = match (self.from, seen) {
            (Some(from), Some(seen)) if seen.size.0 == from => (seen.size, Some(seen.hash)),
            (Some(from), _) => (Size(from), None),
            (None, Some(seen)) => (seen.size, Some(seen.hash)),
            (None, None) => {
                let message = "this ledger was not seen before; say from which size with --from";
                return Err(Failure::unknown("nothing_seen", message));
            }
        };
        let proven = client.consistency(from, known)?;
        let size = proven.checkpoint().size();
        let remembered = match known {
            Some(_) => "They are those that were seen here before.",
            None => "What they were then was not seen here: only that they are in one tree is proven.",
        };
        let hashes: Vec<String> = proven.hashes().iter().map(ToString::to_string).collect();
        let shown = context.global.verbose.then(|| hashes.join("\n"));
        Ok(Answer::yes()
            .line(format!(
                "The log of {size} entries begins with the {from} entries it had, computed here from public tiles \
                 ({} hashes).",
                hashes.len()
            ))
            .line(remembered)
            .maybe(shown)
            .member("from", json!(from))
            .member("from_root", proven.old().hash.to_string())
            .member("from_seen_before", known.is_some())
            .member("size", json!(size))
            .member("root", proven.checkpoint().root().hash.to_string())
            .member("hashes", hashes)
            .trial(client.is_trial()))
    }
}
