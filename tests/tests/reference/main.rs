//! Goal: what the ledger takes, refuses and answers is what the pages of `spec/` say, whatever happened before. Method: random
//! histories, each handed in to a ledger and to a slow model that was written from the pages alone; after each deed the same
//! questions are asked of both, and now and then the answer is proven.
//!
//! `PROCURA_SEEDS=1000 cargo test -p procura-tests --test reference` tries more.

mod cast;
mod deeds;
mod giving;
mod questions;
mod stage;

use procura_tests::dice::seeds;
use stage::Stage;
use std::collections::BTreeMap;

/// Deeds in a history, besides those that bring its people in.
const DEEDS: usize = 120;

/// What the histories come by.
const MET: [&str; 46] = [
    "accepted",
    "ahead",
    "beyond",
    "consent",
    "disputed",
    "ended",
    "expired",
    "good faith",
    "key_compromised",
    "key_not_active",
    "lapsed",
    "legal_basis",
    "mandate",
    "move",
    "no_authority",
    "not_accepted",
    "not_earlier",
    "not_first",
    "not_yet_valid",
    "not_yours",
    "out_of_scope",
    "party_exists",
    "party_not_active",
    "period",
    "possession",
    "protected",
    "proven",
    "quorum",
    "retroactive",
    "same_party",
    "self",
    "signature",
    "signature_void",
    "signed_twice",
    "suspended",
    "together",
    "too_early",
    "too_far_back",
    "too_late",
    "under",
    "under_ended",
    "unknown_catalogue",
    "unknown_category",
    "unknown_party",
    "unknown_scope",
    "validity_mismatch",
];

fn history(seed: u64) -> BTreeMap<String, usize> {
    let mut stage = Stage::new(seed);
    stage.cast();
    for n in 0..DEEDS {
        stage.deed();
        for _ in 0..3 {
            stage.ask(false);
        }
        if n % 12 == 0 {
            stage.ask(true);
        }
    }
    stage.met
}

#[test]
fn the_ledger_does_what_the_pages_say() {
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    let mut failed = Vec::new();
    for seed in seeds(32) {
        match std::panic::catch_unwind(|| history(seed)) {
            Ok(one) => one.into_iter().for_each(|(what, count)| *met.entry(what).or_default() += count),
            Err(_) => failed.push(seed),
        }
    }
    assert!(failed.is_empty(), "PROCURA_FIRST_SEED=seed PROCURA_SEEDS=1 repeats each of {failed:?}");
    // The dice reach these; what they don't (conditions, assurance) has its vectors.
    let missed: Vec<_> = MET.iter().filter(|what| !met.contains_key(**what)).collect();
    assert!(
        missed.is_empty() || std::env::var_os("PROCURA_SEEDS").is_some(),
        "never met: {missed:?} of {met:?}"
    );
}
