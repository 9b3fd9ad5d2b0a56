//! The ledger inside another program: no HTTP, no runtime, one folder.
//!
//! `cargo run --release -p procura-examples --example embed`

use procura_core::days::Day;
use procura_core::decide::AuthZen;
use procura_core::draft::Draft;
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::{PartyType, Validity, proof_of_possession_message};
use procura_core::receipt::{Mode, Policy, verify_authority};
use procura_core::vrf::Secret;
use procura_examples::{Outcome, Party, fresh, now, occasion};
use procura_ledger::{Ask, Audience, Ledger, Options, Setup};
use serde_json::json;
use std::io::Write;
use std::sync::Arc;

const ORIGIN: &str = "trial/embedded";

fn main() -> Outcome {
    let mut out = std::io::stdout();
    let folder = tempfile::tempdir()?;

    // 1. A ledger starts with its root record, entry 0, and two keys: one signs its checkpoints, with the other it computes of each
    //    identifier the one name under which a party can have it.
    let root = Party::root()?;
    let vrf = Arc::new(Secret::from_seed(&fresh()?));
    let record = Draft::new("root", &occasion(ORIGIN)?)
        .member("keys", json!([root.key.public_key().jwk()]))
        .member("quorum", json!(1))
        .member("key_delay", json!(72 * 3600 * 1000))
        .member("trial", json!(true))
        .vrf_key(vrf.public_key())
        .sign(&root.kid, &root.key)?;
    let log_key = Arc::new(SoftKey::from_seed(&fresh()?));
    let setup = Setup { origin: ORIGIN.to_owned(), root: record, log_key };
    let ledger = Ledger::init(folder.path(), setup, Options { vrf: Some(vrf), ..Options::default() })?;
    writeln!(out, "a ledger of {} entries, signed by {}", ledger.view().size(), ledger.log_key())?;

    // 2. A catalogue says what there is to grant, and under what identifiers people are registered.
    let title = json!({"de": "Pension", "en": "Pension", "fr": "Pension", "nl": "Pensioen"});
    let catalogue = Draft::new("catalogue", &occasion(ORIGIN)?)
        .member("code", json!("example"))
        .member("version", json!(1))
        .member("categories", json!([{"code": "pension", "title": title}]))
        .member("purposes", json!([{"code": "read", "title": title}]))
        .member("bases", json!([]))
        .member(
            "schemes",
            json!([{
                "code": "niss", "title": title, "party_types": ["person"],
                "form": {"characters": ["digits"], "min": 11, "max": 11, "check": "niss"},
            }]),
        )
        .sign(&root.kid, &root.key)?;
    let catalogue = ledger.append(catalogue)?.id;

    // 3. The root registers the parties here; in a real ledger, registrars do.
    let anna = register(&ledger, &root, "niss:48031500292", "Anna")?;
    let bram = register(&ledger, &root, "niss:75061200192", "Bram")?;

    // 4. Anna lets Bram act for her; he accepts.
    let today = Day::of(now()?).ok_or("a clock beyond the year 9999")?;
    let scopes = ["pension".to_owned()];
    let validity = Validity::of_days(today, None);
    let mandate =
        Draft::mandate(&occasion(ORIGIN)?, &anna.party, &bram.party, &catalogue, &scopes, &validity)
            .sign(&anna.kid, &anna.key)?;
    let mandate = ledger.append(mandate)?.id;
    let acceptance = Draft::on("acceptance", &occasion(ORIGIN)?, &mandate).sign(&bram.kid, &bram.key)?;
    ledger.append(acceptance)?;

    // 5. Somebody asks, and verifies the answer against nothing but the policy.
    let request = AuthZen::read(
        json!({
            "subject": {"type": "party", "id": bram.identifier},
            "action": {"name": "read"},
            "resource": {"type": "pension", "id": anna.identifier},
        })
        .as_object()
        .cloned()
        .unwrap_or_default(),
    )?;
    let receipt = ledger.view().check(&request, now()?, &Ask::now(Audience::Anyone))?.to_json();
    let policy = Policy::plain(ORIGIN, ledger.log_key(), ledger.entry0(), 300).to_string();
    let policy = Policy::parse(policy.as_bytes())?;
    let answer = verify_authority(receipt.as_bytes(), &request, &policy, Mode::Fresh(now()?))?;
    let decision = answer.decision();
    writeln!(out, "may Bram read Anna's pension? {} ({})", decision.permit, decision.reason.name())?;
    writeln!(out, "the receipt has {} bytes", receipt.len())?;
    ledger.close();
    Ok(())
}

/// A person and their first key, both signed by the root.
fn register(ledger: &Ledger, root: &Party, identifier: &str, name: &str) -> Outcome<Party> {
    let salts = [fresh()?, fresh()?];
    let party = Draft::party(
        &occasion(ORIGIN)?,
        PartyType::Person,
        fresh()?,
        &identifier.parse()?,
        Some(name),
        &salts,
    )?;
    let party = ledger.append(party.sign(&root.kid, &root.key)?)?.id;
    let key = SoftKey::from_seed(&fresh()?);
    let occasion = occasion(ORIGIN)?;
    let public = key.public_key();
    let possession = key.sign(&proof_of_possession_message(ORIGIN, &party, &public, &occasion.nonce))?;
    let record = Draft::key(&occasion, &party, &public, &possession, "first", "low");
    let kid = ledger.append(record.sign(&root.kid, &root.key)?)?.id;
    Ok(Party { party, kid, key, identifier: identifier.to_owned() })
}
