//! Whoever may not read a thing gets the answer of a thing that does not exist. Goal: for each address that answers about a person or a
//! record, what nobody has and what is not for this reader differ in nothing: status, headers, bytes, and how much of the store and
//! the index was read. Method: the server over storage that counts, opened anew for each question, so that nothing is held in
//! memory; a table of pairs.
use procura_core::draft::Draft;
use procura_core::kinds::PartyType;
use procura_core::{Hash, b64};
use procura_ledger::store::memory::MemoryStore;
use procura_ledger::{Ledger, OsRandom, Storage};
use procura_server::{App, Limits, Settings, serve};
use procura_tests::counting::CountingIndex;
use procura_tests::meddler::Meddler;
use procura_tests::world::{Actor, ORIGIN, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// The stranger's, whom somebody registered; and of nobody's.
const STRANGER: &str = "niss:85073003328";
const NOBODY: &str = "niss:88422999979";
const CURIOUS: &str = "niss:75061200192";
/// The same for all: an answer says it, and nothing else may differ.
const REQUEST: &str = "01234567-89ab-4def-8123-456789abcdef";
const TOKEN: &str = "a-token-of-the-curious-0123456789abcdef";

/// What a request got, and what it cost.
#[derive(Debug, PartialEq, Eq)]
struct Got {
    /// Status line, headers but those that name the request and the time, body.
    answer: String,
    /// Index rows by table.
    index: BTreeMap<String, u64>,
    /// Entries, tree hashes, vault rows, commits.
    store: [u64; 4],
}

struct Town {
    store: Meddler,
    index: CountingIndex,
    world: World,
    curious: Actor,
    stranger: Actor,
    /// Between the stranger and somebody else: a mandate, its acceptance, a note.
    records: [Hash; 3],
}

impl Town {
    fn new() -> Self {
        let (store, index) = (Meddler::new(MemoryStore::new()), CountingIndex::default());
        let world = World::over(storage(&store, &index));
        let (curious, stranger) = (world.person(&CURIOUS[5..]), world.person(&STRANGER[5..]));
        let other = world.person("48031500292");
        let mandate = world.append(world.mandate(&stranger, &other.party, &["tax"])).id;
        let accepted = world.append(world.transition("acceptance", &other, &mandate)).id;
        let note = Draft::new("note", &world.occasion());
        let note = world.append(note.sign(&stranger.kid, stranger.key.as_ref()).unwrap()).id;
        // More who gave the stranger something than a page of a search looks at.
        let authority = world.institution("kbo:0202239951", &["authority"]);
        for n in 0..70 {
            let draft = world.party_draft(PartyType::Person, &format!("eidas:PL/BE/{n}"), world.fresh());
            let party =
                world.append(draft.sign(&world.registrar.kid, world.registrar.key.as_ref()).unwrap()).id;
            let draft = world.mandate_draft(&world.registrar, &stranger.party, &["tax"]);
            let draft = draft.member("mandators", json!([party])).member("ground", json!("statutory"));
            world.append(draft.sign(&authority.kid, authority.key.as_ref()).unwrap());
        }
        // The rows lie in the file, not in memory.
        world.ledger.close();
        Self { store, index, world, curious, stranger, records: [mandate, accepted, note] }
    }

    /// Asks once, of a ledger that was just opened.
    fn ask(&mut self, asked: &Asked) -> Got {
        let (key, options) = (self.world.log_key.clone(), self.world.options());
        self.world.ledger =
            Ledger::open_over(storage(&self.store, &self.index), ORIGIN, key, options).unwrap();
        self.world.ledger.set_provisional(self.world.registrar_of_provisionals());
        let server = Server::over(&self.world, self.curious.party);
        // Who asks is looked up before.
        assert!(server.send(&Asked::get("/v1/catalogues".to_owned())).starts_with("HTTP/1.1 200"));
        self.index.take();
        self.store.reads.take();
        let answer = server.send(asked);
        let got = Got { answer, index: self.index.take(), store: self.store.reads.take() };
        drop(server);
        self.world.ledger.close();
        got
    }
}

fn storage(store: &Meddler, index: &CountingIndex) -> Storage {
    Storage { store: Arc::new(store.clone()), index: Arc::new(index.clone()), side: None }
}

/// A request.
struct Asked {
    method: &'static str,
    path: String,
    body: Option<Value>,
}

impl Asked {
    fn get(path: String) -> Self {
        Self { method: "GET", path, body: None }
    }

    fn post(path: &str, body: Value) -> Self {
        Self { method: "POST", path: path.to_owned(), body: Some(body) }
    }
}

struct Server {
    address: String,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<Runtime>,
}

impl Server {
    fn over(world: &World, curious: Hash) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let settings = Settings {
            public_url: "http://ledger.example".to_owned(),
            public_entries: false,
            max_age_s: 300,
            witness_wait: None,
            limits: Limits::default(),
            metrics: Arc::default(),
            static_tokens: vec![(TOKEN.to_owned(), curious)],
            clock: world.clock.clone(),
            random: Arc::new(OsRandom),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let app = App::new(world.ledger.clone(), settings);
        runtime.spawn(serve(listener, app, async { drop(stopped.await) }));
        Self { address, stop: Some(stop), runtime: Some(runtime) }
    }

    fn send(&self, Asked { method, path, body }: &Asked) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let body = body.as_ref().map(Value::to_string).unwrap_or_default();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: ledger.example\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\nx-request-id: {REQUEST}\r\n\r\n"
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let head: Vec<&str> = head.split("\r\n").filter(|line| !line.starts_with("date:")).collect();
        format!("{}\n\n{body}", head.join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(std::time::Duration::from_secs(2));
        }
    }
}

fn evaluation(actor: &str, subject: &str) -> Value {
    json!({
        "subject": {"type": "party", "id": actor},
        "action": {"name": "read"},
        "resource": {"type": "tax", "id": subject},
    })
}

/// The same question about what is not for who asks, and about what is not there: what is asked, and the start of the answer.
fn table(town: &Town) -> Vec<(String, &'static str, Asked, Asked)> {
    let mut rows = Vec::new();
    let stranger = format!("party:{}", town.stranger.party);
    let nobody = format!("party:{}", Hash([0x5a; 32]));
    for (kind, id) in ["a mandate", "an acceptance", "a note"].into_iter().zip(town.records) {
        // Ids before, among and behind all there are.
        for unknown in [Hash([0; 32]), Hash([0x5a; 32]), Hash([0xff; 32])] {
            for (path, end) in [("records", ""), ("records", "/receipt"), ("accesses", "")] {
                let of = |id| Asked::get(format!("/v1/{path}/{id}{end}"));
                rows.push((format!("{kind} at {path}{end}, {unknown}"), "404", of(id), of(unknown)));
            }
        }
    }
    let list = |id: &str| Asked::get(format!("/v1/parties/{id}/records"));
    rows.push(("a list".to_owned(), "404", list(&stranger[6..]), list(&nobody[6..])));
    let link = |byte| Asked::post("/v1/links", json!({ "link": b64::encode(&[byte; 32]) }));
    rows.push(("a link".to_owned(), "404", link(1), link(2)));
    // Shown with a token that is not its own.
    let shown = |id: Hash| Asked::post("/v1/receipts", json!({ "id": id, "token": Hash([1; 32]) }));
    rows.push(("what is shown".to_owned(), "404", shown(town.records[0]), shown(Hash([0x5a; 32]))));
    for (registered, unknown) in [(STRANGER, NOBODY), (&stranger, &nobody)] {
        let mut row = |name: &str, status, asked: &dyn Fn(&str) -> Asked| {
            rows.push((format!("{name} of {registered}"), status, asked(registered), asked(unknown)));
        };
        row("holdings", "404", &|id| Asked::post("/v1/holdings", json!({"subject": id, "category": "tax"})));
        row("a check", "404", &|id| Asked::post("/v1/checks", evaluation(id, "niss:48031500292")));
        row("a check of data", "404", &|id| Asked::post("/v1/checks", evaluation("niss:48031500292", id)));
        let evaluate = |body| Asked::post("/access/v1/evaluation", body);
        row("an evaluation", "200", &|id| evaluate(evaluation(id, "niss:48031500292")));
        row("an evaluation of data", "200", &|id| evaluate(evaluation("niss:48031500292", id)));
        row("several", "200", &|id| {
            let one = evaluation("niss:48031500292", id);
            Asked::post("/access/v1/evaluations", json!({ "evaluations": [one, evaluation(id, NOBODY)] }))
        });
        let search = |what: &str, body| Asked::post(&format!("/access/v1/search/{what}"), body);
        for what in ["subject", "resource", "action"] {
            row(&format!("a search for a {what}"), "200", &|id| search(what, evaluation(id, id)));
        }
        row("a search on somebody's behalf", "200", &|id| {
            let mut body = evaluation(CURIOUS, NOBODY);
            body["context"] = json!({ "on_behalf_of": id });
            search("resource", body)
        });
    }
    let resolve = |identifier| Asked::post("/v1/parties/resolve", json!({ "identifier": identifier }));
    rows.push(("an identifier".to_owned(), "200", resolve(STRANGER), resolve(NOBODY)));
    rows
}

#[test]
fn what_is_not_for_the_reader_is_answered_as_what_is_not_there() {
    let mut town = Town::new();
    let mut differing = Vec::new();
    for (name, status, forbidden, unknown) in table(&town) {
        let (mut forbidden, mut unknown) = (town.ask(&forbidden), town.ask(&unknown));
        for got in [&mut forbidden, &mut unknown] {
            assert!(got.answer.starts_with(&format!("HTTP/1.1 {status}")), "{name}: {}", got.answer);
            if name == "an identifier" {
                // An id either way, of one length.
                let at = got.answer.find("{\"party\":\"").unwrap();
                let id = &got.answer[at + 10..got.answer.len() - 2];
                assert!(id.parse::<Hash>().is_ok(), "{id}");
                got.answer.truncate(at);
            }
        }
        if forbidden != unknown {
            differing.push(format!("{name}:\n  {forbidden:?}\n  {unknown:?}"));
        }
    }
    assert!(differing.is_empty(), "{} rows:\n{}", differing.len(), differing.join("\n"));
}

/// The counters see what they are there for: of a record that may not be read its entry and its body.
#[test]
fn what_is_read_is_counted() {
    let mut town = Town::new();
    let own = town.curious.party;
    let own = town.ask(&Asked::get(format!("/v1/records/{own}")));
    let others = town.ask(&Asked::get(format!("/v1/records/{}", town.records[0])));
    assert!(own.answer.starts_with("HTTP/1.1 200") && others.answer.starts_with("HTTP/1.1 404"));
    assert!(others.store[0] == 1 && others.store[2] == 1 && others.index["s"] == 2, "{others:?}");
    assert!(own.index["s"] >= 2, "{own:?}");
}

/// What was answered to an access of the curious about whom an id names.
struct Taken {
    /// Status line and headers, but for the record's address and the length.
    head: String,
    body: Value,
    /// The tree's growth.
    grown_by: u64,
}

/// An access of the curious about `subject`, in a ledger that was just opened.
fn hand_in(subject: impl FnOnce(&Server) -> Hash) -> Taken {
    let mut town = Town::new();
    let (key, options) = (town.world.log_key.clone(), town.world.options());
    town.world.ledger = Ledger::open_over(storage(&town.store, &town.index), ORIGIN, key, options).unwrap();
    town.world.ledger.set_provisional(town.world.registrar_of_provisionals());
    let server = Server::over(&town.world, town.curious.party);
    let access = Draft::new("access", &town.world.occasion())
        .member("actor", json!(town.curious.party))
        .member("subject", json!(subject(&server)))
        .member("source", json!(town.world.registrar.party))
        .member("category", json!("tax"))
        .member("purpose", json!("read"));
    let access = access.sign(&town.curious.kid, town.curious.key.as_ref()).unwrap().to_json();
    let before = town.world.ledger.view().size().0;
    let answer = server.send(&Asked::post("/v1/accesses", serde_json::from_str(&access).unwrap()));
    let grown_by = town.world.ledger.view().size().0 - before;
    drop(server);
    town.world.ledger.close();
    let (head, body) = answer.split_once("\n\n").unwrap();
    let of_this_one = |line: &&str| !line.starts_with("location: ") && !line.starts_with("content-length: ");
    let head: Vec<&str> = head.lines().filter(of_this_one).collect();
    Taken { head: head.join("\n"), body: serde_json::from_str(body).unwrap(), grown_by }
}

fn resolved(server: &Server, identifier: &str) -> Hash {
    let answer = server.send(&Asked::post("/v1/parties/resolve", json!({ "identifier": identifier })));
    let (_, body) = answer.split_once("\n\n").unwrap();
    serde_json::from_str::<Value>(body).unwrap()["party"].as_str().unwrap().parse().unwrap()
}

/// An access is taken and decided alike about whoever may be looked up: somebody registered without a mandate for it, and nobody. What the
/// receipt proves of whom it names may differ. Only an id that came of no look-up is refused.
#[test]
fn an_access_is_taken_alike_whether_somebody_is_registered_or_not() {
    let [stranger, nobody] = [STRANGER, NOBODY].map(|who| hand_in(|server| resolved(server, who)));
    assert!(stranger.head.starts_with("HTTP/1.1 201"), "{}", stranger.head);
    assert_eq!(stranger.head, nobody.head);
    let (one, other) = (&stranger.body["question"], &nobody.body["question"]);
    assert_eq!(
        one["decision"],
        json!({"permit": false, "reason": "no_authority", "evidence": one["catalogues"]})
    );
    for same in ["decision", "grants", "catalogues", "at"] {
        assert_eq!(one[same], other[same], "{same}");
    }
    assert_eq!(one.to_string().len(), other.to_string().len());
    // Nobody is put into the register by it, before it: the person whom the number is of finds the attempt once they are there.
    let commit = 1;
    assert_eq!((stranger.grown_by, nobody.grown_by), (1 + commit, 2 + commit));

    let unknown = hand_in(|_| Hash([0x5a; 32]));
    assert!(unknown.head.starts_with("HTTP/1.1 422"), "{}", unknown.head);
    assert_eq!((&unknown.body["type"], unknown.grown_by), (&json!("urn:procura:problem:unknown_party"), 0));
}
