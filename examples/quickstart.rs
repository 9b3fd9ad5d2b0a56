//! The story, end to end and over HTTP: a server on a free port with its fictional directory, and clients that believe
//! nothing which is not proven.
//!
//! `cargo run --release -p procura-examples --example quickstart`

use procura_client::store::MemoryStore;
use procura_client::{Client, Identity, LogInfo, Proven};
use procura_core::days::Day;
use procura_core::decide::AuthZen;
use procura_core::draft::Draft;
use procura_core::kinds::Validity;
use procura_core::receipt::{VerifiedAuthority, VerifiedReceipt};
use procura_core::{Hash, Millis};
use procura_examples::{Outcome, now, occasion};
use procura_server::demo::{Demo, MOTHER, SON};
use procura_server::{Args, Config, Started, prepare};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::oneshot;

/// One institution for each level of government.
const INSTITUTIONS: [(&str, &str); 4] = [
    ("federal", "tax-office"),
    ("regional", "region"),
    ("municipal", "municipality"),
    ("social security", "pension-office"),
];
const MOTHERS_NUMBER: &str = "niss:48031500292";
const SONS_NUMBER: &str = "niss:75061200192";

#[tokio::main]
async fn main() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut config = Config::load(Args::default())?;
    config.data = folder.path().to_owned();
    config.listen = ([127, 0, 0, 1], 0).into();
    config.demo = true;
    let mut started = prepare(config).await?;
    let (url, demo) = (started.public_url.clone(), started.demo.take().ok_or("the demo was asked for")?);
    say(&format!(
        "1. A trial ledger serves {url}; its directory is registered, every name in it is invented."
    ))?;

    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(started, stopped));
    // The client blocks, as most programs that call it do; so it has a thread of its own.
    tokio::task::spawn_blocking(move || story(&url, &demo).map_err(|error| error.to_string())).await??;
    drop(stop);
    server.await??;
    Ok(())
}

async fn serve(started: Started, stopped: oneshot::Receiver<()>) -> Result<(), procura_server::RunError> {
    started.run(async { drop(stopped.await) }).await
}

fn story(url: &str, demo: &Demo) -> Outcome {
    // Trust on first use, for once; a real client is given the policy by somebody it trusts.
    let policy = LogInfo::unverified(url)?.policy;
    let as_party = |name: &'static str| -> Outcome<Client> {
        let party = demo.party(name)?;
        let signer = Arc::clone(&party.signer);
        let identity = Identity { kid: party.kid, party: party.party, signer };
        Ok(Client::new(url, policy.clone(), MemoryStore::new())?.with_identity(identity))
    };
    let (mother, son) = (as_party(MOTHER)?, as_party(SON)?);

    say("2. She lets her son handle her taxes this year. She signs; the ledger answers with a receipt:")?;
    let mandate = grant(&mother, &son, demo)?;
    say("3. He accepts:")?;
    sign(&son, "acceptance", &mandate)?;

    say("4. Four institutions ask, each for itself, and verify the answer offline:")?;
    let request = may_he_act()?;
    for (level, name) in INSTITUTIONS {
        let client = as_party(name)?;
        let proven = client.check(&request)?;
        let index = place(&mother, &mandate)?;
        let inclusion = client.inclusion(index)?;
        let (decision, hashes) = (proven.answer().decision(), inclusion.path().len());
        say(&format!(
            "   {level:>15}: {} ({}); the mandate is entry {index} of {}, by {hashes} hashes computed from public tiles",
            if decision.permit { "yes" } else { "no" },
            decision.reason.name(),
            inclusion.checkpoint().size(),
        ))?;
    }

    say("5. She ends it, in one step:")?;
    sign(&mother, "revocation", &mandate)?;
    let no = as_party("municipality")?.check(&request)?;
    say(&format!("6. The municipality asks again: {}", told(&no)))?;

    let list = mother.records(&demo.party(MOTHER)?.party, &|_| {})?;
    say(&format!(
        "7. Her list is complete: {} records concern her, and none was left out.",
        list.records().len()
    ))
}

/// A mandate for this year's taxes.
fn grant(mother: &Client, son: &Client, demo: &Demo) -> Outcome<Hash> {
    let policy = mother.policy();
    let (from, to) = (party(mother)?, party(son)?);
    let today = Day::of(now()?).ok_or("a clock beyond the year 9999")?;
    let until = Day::new(today.year(), 12, 31)?;
    let validity = Validity::of_days(today, Some(until));
    let scopes = ["taxes".to_owned()];
    let draft = Draft::mandate(&occasion(&policy.origin)?, &from, &to, &demo.catalogue, &scopes, &validity);
    let id = draft.id();
    let signer = mother.identity().ok_or("she has a key")?;
    let submitted = mother.submit(&draft.sign(&signer.kid, signer.signer.as_ref())?)?;
    let status = submitted.status().ok_or("a mandate has a status")?;
    say(&format!(
        "   {}, {}",
        status.answer().status(),
        rests(status.answer().receipt(), submitted.receipt())
    ))?;
    Ok(id)
}

/// A transition on the mandate, and what it led to.
fn sign(client: &Client, kind: &str, target: &Hash) -> Outcome {
    let signer = client.identity().ok_or("a party has a key")?;
    let draft = Draft::on(kind, &occasion(&client.policy().origin)?, target);
    let submitted = client.submit(&draft.sign(&signer.kid, signer.signer.as_ref())?)?;
    let status = submitted.status().ok_or("a mandate has a status")?;
    say(&format!(
        "   {}, {}",
        status.answer().status(),
        rests(status.answer().receipt(), submitted.receipt())
    ))
}

/// Where a record stands, proven.
fn place(client: &Client, id: &Hash) -> Outcome<procura_core::Index> {
    Ok(client.record_receipt(id, None)?.logged().index)
}

/// Whether the son may handle his mother's taxes.
fn may_he_act() -> Outcome<AuthZen> {
    let request = json!({
        "subject": {"type": "party", "id": SONS_NUMBER},
        "action": {"name": "help"},
        "resource": {"type": "taxes", "id": MOTHERS_NUMBER},
    });
    Ok(AuthZen::read(request.as_object().cloned().unwrap_or_default())?)
}

fn party(client: &Client) -> Outcome<Hash> {
    Ok(client.identity().ok_or("a party has a key")?.party)
}

fn told(proven: &Proven<VerifiedAuthority>) -> String {
    let answer = proven.answer();
    let word = if answer.decision().permit { "yes" } else { "no" };
    format!("{word} ({}), {}", answer.decision().reason.name(), rests(answer.receipt(), proven.receipt()))
}

fn rests(verified: &VerifiedReceipt, receipt: &[u8]) -> String {
    let (size, Millis(at)) = (verified.checkpoint().size(), verified.time());
    format!("proven by {} bytes under the checkpoint of {size} entries at {at} ms", receipt.len())
}

fn say(line: &str) -> Outcome {
    use std::io::Write;
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
