//! Goal: who registered a hook is told there all that is filed in its list behind it, in order, signed, and nobody else's; and the server
//! never talks to its own network. Method: the demo's people, and a receiver with a certificate of its own on the loopback, which is
//! allowed where it is to be reached.

use crate::receiver::{Answer, Message, PATIENCE, Receiver};
use crate::world::World;
use procura_client::webhook;
use procura_core::draft::Draft;
use procura_core::{Hash, Millis};
use procura_ledger::Clock;
use procura_server::demo::{EMPLOYER, MUNICIPALITY, SON, WORKER};
use procura_server::{HookSettings, Hooks};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server that sends webhooks, and somebody who gets them.
struct Desk {
    world: World,
    receiver: Receiver,
    folder: TempDir,
    hooks: Option<Hooks>,
}

/// Long enough for what must not come to come.
const QUIET: Duration = Duration::from_secs(2);

impl Desk {
    fn new() -> Self {
        let mut desk = Self::silent();
        desk.start(vec![desk.receiver.address]);
        desk
    }

    /// Nothing is sent yet.
    fn silent() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let receiver = Receiver::start(folder.path());
        Self { world: World::new(), receiver, folder, hooks: None }
    }

    fn cursors(&self) -> PathBuf {
        self.folder.path().join("webhooks.json")
    }

    fn start(&mut self, allow: Vec<SocketAddr>) {
        let key = &self.world.trial.webhooks;
        let settings = HookSettings {
            signer: key.signer.clone(),
            note: key.note.clone(),
            cursors: self.cursors(),
            allow,
            ca: Some(self.receiver.ca.clone()),
        };
        let app = self.world.app.clone();
        self.hooks = Some(self.world.within(async { Hooks::start(app, settings) }).unwrap());
    }

    fn stop(&mut self) {
        let hooks = self.hooks.take().unwrap();
        self.world.within(hooks.stop());
    }

    fn submit(
        &self,
        by: &'static str,
        draft: impl FnOnce(&procura_core::draft::Occasion<'_>) -> Draft,
    ) -> (Hash, u64) {
        let record = self.world.sign(self.world.party(by), draft);
        let answer = self.world.submit(&record);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let id = answer.header("location").unwrap().rsplit('/').next().unwrap().parse().unwrap();
        let index = self.world.trial.ledger.view().record(&id).unwrap().unwrap().logged.index.0;
        (id, index)
    }

    fn hook(&self, by: &'static str, number: u64, url: &str) -> (Hash, u64) {
        let party = self.world.party(by).party;
        self.submit(by, |occasion| {
            Draft::new("hook", occasion)
                .member("party", json!(party))
                .member("number", json!(number))
                .member("url", json!(url))
        })
    }

    fn note(&self, by: &'static str) -> u64 {
        self.submit(by, |occasion| Draft::new("note", occasion)).1
    }

    fn revoke(&self, by: &'static str, id: &Hash) -> u64 {
        self.submit(by, |occasion| Draft::on("revocation", occasion, id)).1
    }

    fn url(&self) -> String {
        self.receiver.url("127.0.0.1")
    }

    /// What the server says of somebody's hooks.
    fn shown(&self, token: &str) -> serde_json::Value {
        self.world.get("/v1/hooks", Some(token)).json()["hooks"].clone()
    }

    /// Waits until the server says this of the first hook.
    fn shows(&self, token: &str, member: &str, expected: &serde_json::Value) {
        let start = Instant::now();
        while self.shown(token)[0].get(member).unwrap_or(&json!(null)) != expected {
            assert!(start.elapsed() < PATIENCE, "{} and not {expected}", self.shown(token));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn verifier(&self, url: &str) -> webhook::Receiver {
        let note = self.world.get("/v1/log", None).json()["webhook_key"].as_str().unwrap().to_owned();
        webhook::Receiver::new(url, &note, &self.world.policy()).unwrap()
    }
}

fn indexes(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(Message::index).collect()
}

#[test]
fn an_institution_knows_of_a_revocation_at_once() {
    let desk = Desk::new();
    desk.hook(EMPLOYER, 1, &desk.url());
    let consent = desk.world.grant("flexi-of-worker");
    let began = Instant::now();
    let index = desk.revoke(WORKER, &consent);
    let got = desk.receiver.wait("the revocation", |got| !got.is_empty());
    println!(
        "the revocation was handed in, logged and told within {} ms",
        got[0].at.duration_since(began).as_millis()
    );
    assert_eq!(got[0].request, "POST /procura HTTP/1.1");
    let event = desk.verifier(&desk.url()).verify(&got[0].received(), desk.world.clock.now()).unwrap();
    assert_eq!((event.index.0, event.kind.as_str(), event.subject), (index, "revocation", consent));
    assert_eq!(event.status.as_deref(), Some("ended"));
    // What a stream of events says, and no more: no number, no name.
    let text = String::from_utf8(got[0].body.clone()).unwrap();
    assert!(!text.contains("niss") && !text.contains("kbo") && !text.contains("@"), "{text}");
}

#[test]
fn a_changed_message_does_not_verify() {
    let desk = Desk::new();
    desk.hook(EMPLOYER, 1, &desk.url());
    desk.note(EMPLOYER);
    let got = desk.receiver.wait("a note", |got| !got.is_empty());
    let (message, now) = (&got[0], desk.world.clock.now());
    let verifier = desk.verifier(&desk.url());
    assert!(verifier.verify(&message.received(), now).is_ok());
    let name = |verifier: &webhook::Receiver, message: &Message, now| {
        verifier.verify(&message.received(), now).unwrap_err().name()
    };

    let mut changed = message.clone();
    *changed.body.last_mut().unwrap() ^= 1;
    assert_eq!(name(&verifier, &changed, now), "webhook_digest");
    let mut changed = message.clone();
    let input = changed.headers.get_mut("signature-input").unwrap();
    *input = input.replace(&format!("created={}", now.0 / 1000), &format!("created={}", now.0 / 1000 + 1));
    assert_eq!(name(&verifier, &changed, now), "webhook_signature");
    assert_eq!(name(&verifier, message, Millis(now.0 + 301_000)), "webhook_time");
    let elsewhere = desk.verifier("https://other.example/procura");
    assert_eq!(name(&elsewhere, message, now), "webhook_signature");
    // The other ledger has keys of its own.
    let other = World::new();
    let note = &desk.world.trial.webhooks.note;
    assert_eq!(
        webhook::Receiver::new(&desk.url(), note, &other.policy()).unwrap_err().name(),
        "webhook_key_note"
    );
}

#[test]
fn everything_in_order_and_only_ones_own() {
    let desk = Desk::new();
    let (_, first) = desk.hook(EMPLOYER, 1, &desk.url());
    let mut own = Vec::new();
    for round in 0..20 {
        own.push(desk.note(EMPLOYER));
        desk.note(if round % 2 == 0 { SON } else { MUNICIPALITY });
    }
    own.push(desk.revoke(WORKER, &desk.world.grant("flexi-of-worker")));
    let got = desk.receiver.wait("all", |got| got.len() >= own.len());
    assert_eq!(indexes(&got), own, "from behind the hook at {first} on");
    std::thread::sleep(QUIET);
    assert_eq!(desk.receiver.got().len(), own.len(), "nothing of others', nothing twice");
}

#[test]
fn what_a_receiver_missed_comes_once_it_is_there() {
    let desk = Desk::new();
    desk.hook(EMPLOYER, 1, &desk.url());
    desk.receiver.answers(Answer::Status(503, None));
    let own: Vec<u64> = (0..5).map(|_| desk.note(EMPLOYER)).collect();
    desk.receiver.wait("attempts", |got| got.len() >= 2);
    // Nothing comes behind one that was not received.
    assert!(indexes(&desk.receiver.got()).iter().all(|index| *index == own[0]));
    desk.receiver.answers(Answer::OK);
    desk.receiver.wait("all", |got| got.iter().filter(|message| message.taken).count() >= own.len());
    assert_eq!(desk.receiver.taken(), own);
}

#[test]
fn an_overloaded_receiver_is_left_alone_for_as_long_as_it_asks() {
    let desk = Desk::new();
    desk.hook(EMPLOYER, 1, &desk.url());
    // Unasked, the second attempt would come within a second.
    for status in [503, 429] {
        let before = desk.receiver.got().len();
        desk.receiver.answers(Answer::Status(status, Some(("Retry-After", "3".to_owned()))));
        desk.note(EMPLOYER);
        desk.receiver.wait("an attempt", |got| got.len() > before);
        desk.receiver.answers(Answer::OK);
        let got = desk.receiver.wait("the next one", |got| got.len() >= before + 2);
        let wait = got[before + 1].at.duration_since(got[before].at);
        assert!(wait >= Duration::from_secs(3), "{status}: {wait:?}");
    }
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let mut desk = Desk::new();
    desk.hook(EMPLOYER, 1, &desk.url());
    let mut own = vec![desk.note(EMPLOYER), desk.note(EMPLOYER)];
    desk.receiver.wait("two", |got| got.len() >= 2);
    desk.stop();
    own.extend([desk.note(EMPLOYER), desk.note(EMPLOYER)]);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(desk.receiver.got().len(), 2, "nothing is sent any more");
    desk.start(vec![desk.receiver.address]);
    let got = desk.receiver.wait("the rest", |got| got.len() >= 4);
    assert_eq!(indexes(&got), own, "nothing twice either");
    // Without what it wrote it begins at the hook.
    desk.stop();
    std::fs::remove_file(desk.cursors()).unwrap();
    desk.start(vec![desk.receiver.address]);
    let got = desk.receiver.wait("all again", |got| got.len() >= 8);
    assert_eq!(indexes(&got[4..]), own);
}

#[test]
fn an_ended_hook_gets_nothing_more() {
    let desk = Desk::new();
    let (id, _) = desk.hook(EMPLOYER, 1, &desk.url());
    desk.note(EMPLOYER);
    desk.receiver.wait("a note", |got| got.len() == 1);
    let ended = desk.revoke(EMPLOYER, &id);
    desk.note(EMPLOYER);
    std::thread::sleep(QUIET);
    assert_eq!(desk.receiver.got().len(), 1, "not even its end, at {ended}");
    // One that fails is ended too.
    let (id, _) = desk.hook(EMPLOYER, 1, &desk.url());
    desk.receiver.answers(Answer::Status(500, None));
    desk.note(EMPLOYER);
    desk.receiver.wait("an attempt", |got| got.len() == 2);
    desk.revoke(EMPLOYER, &id);
    desk.receiver.answers(Answer::OK);
    std::thread::sleep(QUIET);
    assert!(desk.receiver.taken().len() == 1, "{:?}", indexes(&desk.receiver.got()));
}

#[test]
fn a_party_sees_how_it_goes_with_its_own() {
    let desk = Desk::new();
    assert_eq!(desk.world.get("/v1/hooks", None).problem(), (401, "token".to_owned()));
    let token = desk.world.token(EMPLOYER);
    assert_eq!(desk.world.get("/v1/hooks?of=1", Some(&token)).problem(), (400, "query".to_owned()));
    assert_eq!(desk.shown(&token), json!([]));
    let (id, _) = desk.hook(EMPLOYER, 2, &desk.url());
    assert_eq!(desk.shown(&token), json!([{"id": id, "number": 2, "url": desk.url()}]));
    let first = desk.note(EMPLOYER);
    desk.shows(&token, "told", &json!(first));
    desk.receiver.answers(Answer::Status(503, None));
    let second = desk.note(EMPLOYER);
    desk.shows(&token, "failure", &json!("status"));
    assert_eq!(desk.shown(&token)[0]["told"], first);
    desk.receiver.answers(Answer::OK);
    desk.shows(&token, "told", &json!(second));
    desk.shows(&token, "failure", &json!(null));
    // One that leads inside says so; others see nothing of it.
    desk.hook(EMPLOYER, 1, "https://localhost/procura");
    desk.note(EMPLOYER);
    desk.shows(&token, "failure", &json!("refused"));
    assert_eq!(desk.shown(&desk.world.token(MUNICIPALITY)), json!([]));
    desk.revoke(EMPLOYER, &id);
    assert_eq!(desk.shown(&token).as_array().unwrap().len(), 1);
}

/// A thief may have registered it.
#[test]
fn a_hook_that_a_compromised_key_signed_is_told_nothing_more() {
    let desk = Desk::new();
    desk.hook(EMPLOYER, 1, &desk.url());
    desk.note(EMPLOYER);
    desk.receiver.wait("a note", |got| got.len() == 1);
    let (kid, since) = (desk.world.party(EMPLOYER).kid, desk.world.clock.now().0);
    desk.submit(EMPLOYER, |occasion| {
        let draft = Draft::on("key-end", occasion, &kid).member("reason", json!("compromised"));
        draft.member("compromised_since", json!(since - 1000))
    });
    desk.revoke(WORKER, &desk.world.grant("flexi-of-worker"));
    std::thread::sleep(QUIET);
    assert_eq!(desk.receiver.got().len(), 1);
}

#[test]
fn inner_addresses_are_not_reached_whatever_they_are_called() {
    for host in ["127.0.0.1", "localhost", "127.1"] {
        let mut desk = Desk::silent();
        desk.start(Vec::new());
        desk.hook(EMPLOYER, 1, &desk.receiver.url(host));
        desk.note(EMPLOYER);
        std::thread::sleep(QUIET);
        assert_eq!((desk.receiver.connections(), desk.receiver.got().len()), (0, 0), "{host}");
        // Allowed, it is told what waits; another port of the same machine would not do.
        desk.stop();
        desk.start(vec![SocketAddr::new(desk.receiver.address.ip(), desk.receiver.address.port() ^ 1)]);
        std::thread::sleep(QUIET);
        assert_eq!(desk.receiver.connections(), 0, "{host}");
        desk.stop();
        desk.start(vec![desk.receiver.address]);
        if host == "127.1" {
            // No certificate is good for this spelling: nothing is said to it either.
            std::thread::sleep(QUIET);
            assert!(desk.receiver.got().is_empty());
        } else {
            desk.receiver.wait("what waited", |got| got.len() == 1);
        }
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let desk = Desk::new();
    let other = Desk::silent();
    desk.hook(EMPLOYER, 1, &desk.url());
    for status in [301, 302, 303, 307, 308] {
        desk.receiver.answers(Answer::Status(status, Some(("Location", other.url()))));
        let before = desk.receiver.got().len();
        desk.note(EMPLOYER);
        desk.receiver.wait("an attempt", |got| got.len() > before);
    }
    std::thread::sleep(QUIET);
    assert_eq!((other.receiver.connections(), desk.receiver.taken().len()), (0, 0));
    desk.receiver.answers(Answer::OK);
    desk.receiver.wait("the first", |got| got.iter().any(|message| message.taken));
}

/// A certificate of an authority that nobody named is worth nothing.
#[test]
fn a_receiver_must_be_the_one_of_its_name() {
    let desk = Desk::new();
    let stranger = Desk::silent();
    // Allowed by its address, but its authority is another one.
    let mut desk = desk;
    desk.stop();
    desk.start(vec![stranger.receiver.address]);
    desk.hook(EMPLOYER, 1, &stranger.url());
    desk.note(EMPLOYER);
    let start = Instant::now();
    while stranger.receiver.connections() == 0 {
        assert!(start.elapsed() < PATIENCE, "nobody came");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(QUIET);
    assert!(stranger.receiver.got().is_empty());
}

#[test]
fn a_receiver_that_stands_still_holds_up_nobody() {
    for stuck in [Answer::Silence, Answer::Flood] {
        let mut desk = Desk::silent();
        let other = Desk::silent();
        desk.start(vec![desk.receiver.address]);
        desk.receiver.answers(stuck.clone());
        desk.hook(EMPLOYER, 1, &desk.url());
        desk.note(EMPLOYER);
        desk.receiver.wait("the attempt", |got| !got.is_empty());
        // The ledger goes on, and so does who is told besides.
        let began = Instant::now();
        desk.hook(MUNICIPALITY, 1, &desk.url());
        desk.note(MUNICIPALITY);
        desk.receiver.wait("the other's", |got| got.iter().any(|message| message.index() != got[0].index()));
        println!("{stuck:?}: another was told after {} ms", began.elapsed().as_millis());
        drop(other);
    }
}

#[test]
fn two_hooks_of_one_party_are_told_each_for_itself() {
    let mut desk = Desk::silent();
    let second = Receiver::start(tempfile::tempdir().unwrap().path());
    desk.start(vec![desk.receiver.address, second.address]);
    desk.hook(EMPLOYER, 1, &desk.url());
    let (_, after) = desk.hook(EMPLOYER, 2, &second.url("127.0.0.1"));
    let note = desk.note(EMPLOYER);
    // The first is told of the second; the second has a certificate that nobody trusts, and holds nobody up.
    let got = desk.receiver.wait("both", |got| got.len() >= 2);
    assert_eq!(indexes(&got), [after, note]);
    assert!(second.got().is_empty());
}
