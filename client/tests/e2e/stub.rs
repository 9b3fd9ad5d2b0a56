//! A server of one thread: what `spec/http.md` says, as far as the client asks it, over a [`World`]; with a place to
//! stand for whoever wants to lie.

use procura_client::client::Identity;
use procura_client::store::MemoryStore;
use procura_client::{CallError, Client};
use procura_core::decide::AuthZen;
use procura_core::hash::show_token;
use procura_core::jws::Jws;
use procura_core::receipt::{Policy, Receipt};
use procura_core::submission::Submission;
use procura_core::tile::{TileKind, TilePath};
use procura_core::{Hash, Index, Millis, Size, b64};
use procura_ledger::{Acknowledged, Ask, Audience, Clock as _, ReadError, SubmitError, View};
use procura_tests::world::{Actor, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// An answer: status and body.
type Reply = (u16, Vec<u8>);
/// What a liar does to the answer to a path.
type Lie = Box<dyn FnMut(&str, Reply) -> Reply + Send>;

/// The server; it serves until the tests end.
#[derive(Clone)]
pub(crate) struct Stub {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    world: Arc<World>,
    /// The state it answers from, if not the current one.
    frozen: Option<View>,
    /// Consistency is proven from the current state all the same.
    is_continued: bool,
    lie: Option<Lie>,
    tokens: BTreeMap<String, Hash>,
    auditors: Vec<Hash>,
    asked: Vec<String>,
    lists_catalogues: bool,
}

impl Stub {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            world: Arc::clone(world),
            frozen: None,
            is_continued: false,
            lie: None,
            tokens: BTreeMap::new(),
            auditors: Vec::new(),
            asked: Vec::new(),
            lists_catalogues: true,
        }));
        let served = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(&stream, &served);
            }
        });
        Self { url, state }
    }

    /// Answers from the state as it is now, whatever comes.
    pub(crate) fn freeze(&self) {
        let mut state = self.state.lock().unwrap();
        state.frozen = Some(state.world.ledger.view());
    }

    /// Answers about records from the state as it is now, and says how later states continue it.
    pub(crate) fn freeze_answers(&self) {
        let mut state = self.state.lock().unwrap();
        state.frozen = Some(state.world.ledger.view());
        state.is_continued = true;
    }

    /// Answers from another ledger.
    pub(crate) fn turn_to(&self, world: &Arc<World>) {
        self.state.lock().unwrap().world = Arc::clone(world);
    }

    /// Lies from now on.
    pub(crate) fn lie(&self, lie: impl FnMut(&str, Reply) -> Reply + Send + 'static) {
        self.state.lock().unwrap().lie = Some(Box::new(lie));
    }

    pub(crate) fn no_catalogue_list(&self) {
        self.state.lock().unwrap().lists_catalogues = false;
    }

    /// The answer to what a client may read, as it is now.
    pub(crate) fn keep(&self, path: &str, client: &Client) -> Vec<u8> {
        let request = ureq::get(format!("{}{path}", self.url));
        let bearer = format!("Bearer {}", client.token().unwrap().as_str());
        request.header("authorization", bearer).call().unwrap().body_mut().read_to_vec().unwrap()
    }

    /// Knows no token of before, as after a restart.
    pub(crate) fn forget_tokens(&self) {
        self.state.lock().unwrap().tokens.clear();
    }

    pub(crate) fn let_audit(&self, actor: &Actor) {
        self.state.lock().unwrap().auditors.push(actor.party);
    }

    /// The paths asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// A client for an actor, with the world's clock.
    pub(crate) fn client(&self, actor: &Actor, store: Arc<MemoryStore>) -> Client {
        let world = Arc::clone(&self.state.lock().unwrap().world);
        let identity = Identity { kid: actor.kid, party: actor.party, signer: actor.key.clone() };
        let clock = Arc::clone(&world.clock);
        Client::new(&self.url, world.policy(), Shared(store))
            .unwrap()
            .with_identity(identity)
            .with_clock(move || clock.now())
    }
}

/// A store that outlives its client.
pub(crate) struct Shared(pub(crate) Arc<MemoryStore>);

impl procura_client::store::Store for Shared {
    fn seen(
        &self,
        origin: &str,
    ) -> Result<Option<procura_client::store::Seen>, procura_client::store::StoreError> {
        self.0.seen(origin)
    }
    fn advance(
        &self,
        origin: &str,
        before: Option<&procura_client::store::Seen>,
        now: &procura_client::store::Seen,
    ) -> Result<bool, procura_client::store::StoreError> {
        self.0.advance(origin, before, now)
    }
    fn keep_evidence(
        &self,
        origin: &str,
        evidence: &procura_client::evidence::Evidence,
    ) -> Result<String, procura_client::store::StoreError> {
        self.0.keep_evidence(origin, evidence)
    }
}

struct Request {
    method: String,
    path: String,
    token: Option<String>,
    /// `Prefer: return=minimal`.
    minimal: bool,
    body: Vec<u8>,
}

fn serve(stream: &TcpStream, state: &Mutex<State>) {
    let Some(request) = read(stream) else { return };
    let (status, body) = {
        let mut state = state.lock().unwrap();
        state.asked.push(request.path.clone());
        let reply = state.answer(&request).unwrap_or_else(|| problem(404, "not_found"));
        match state.lie.take() {
            None => reply,
            Some(mut lie) => {
                let reply = lie(&request.path, reply);
                state.lie = Some(lie);
                reply
            }
        }
    };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let mut stream = stream;
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)));
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut parts = line.split(' ');
    let (method, path) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let (mut token, mut minimal, mut length) = (None, false, 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "authorization" => token = value.strip_prefix("Bearer ").map(str::to_owned),
            "prefer" => minimal = value == "return=minimal",
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, token, minimal, body })
}

pub(crate) fn problem(status: u16, name: &str) -> Reply {
    let body = json!({"type": format!("urn:procura:problem:{name}"), "detail": format!("It is {name}.")});
    (status, body.to_string().into_bytes())
}

fn text(body: impl Into<String>) -> Option<Reply> {
    Some((200, body.into().into_bytes()))
}

impl State {
    fn view(&self) -> View {
        self.frozen.clone().unwrap_or_else(|| self.world.ledger.view())
    }

    fn answer(&mut self, request: &Request) -> Option<Reply> {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let number = |name: &str| {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok())
        };
        let view = self.view();
        let caller = self.caller(request);
        let is_auditor = caller.is_some_and(|caller| self.auditors.contains(&caller));
        let ask = |caller: Hash| Ask {
            as_of: None,
            from: None,
            reader: if is_auditor { Audience::Auditor } else { Audience::Party(caller) },
        };
        match (request.method.as_str(), path) {
            ("POST", "/oauth/token") => self.token(&request.body),
            ("GET", "/v1/log") => {
                let ledger = &self.world.ledger;
                let policy = Policy::plain(ledger.origin(), ledger.log_key(), ledger.entry0(), 300);
                text(json!({"size": view.size(), "time": view.time(), "policy": policy}).to_string())
            }
            ("GET", "/checkpoint") => text(view.checkpoint()),
            ("GET", "/v1/proofs/consistency") => {
                let (from, to) = (Size(number("from")?), Size(number("to")?));
                let current = self.world.ledger.view();
                let hashes = if self.is_continued { current } else { view }.consistency(from, to).ok()??;
                text(json!({"from": from, "to": to, "hashes": hashes}).to_string())
            }
            ("GET", tile) if tile.starts_with("/tile/") => {
                let path = TilePath::parse(&tile[1..]).ok()?;
                if path.kind() == TileKind::Entries && !is_auditor {
                    return Some(problem(if caller.is_some() { 404 } else { 401 }, "not_found"));
                }
                Some((200, view.tile(&path).unwrap()?))
            }
            ("POST", "/v1/accesses") => {
                let submission = Submission::parse(&request.body).unwrap();
                match self.world.ledger.append(submission) {
                    Ok(done) => receipt(done.view.access(&done.id, None, Audience::Anyone).unwrap()),
                    Err(SubmitError::Refused(refusal)) => Some(problem(422, refusal.name())),
                    Err(_) => Some(problem(503, "busy")),
                }
            }
            ("POST", "/v1/records") => {
                let submission = Submission::parse(&request.body).unwrap();
                match self.world.ledger.append(submission) {
                    Ok(done) if request.minimal => text(promise(&done)),
                    Ok(done) => receipt(done.view.receipt(&done.id, &Ask::now(Audience::Anyone)).unwrap()),
                    Err(SubmitError::Refused(refusal)) => Some(problem(422, refusal.name())),
                    Err(_) => Some(problem(503, "busy")),
                }
            }
            ("POST", "/v1/receipts") => {
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                let id = body["id"].as_str()?.parse().ok()?;
                let logged = view.record(&id).unwrap()?.logged;
                let token = show_token(&logged.opened.as_ref()?.r);
                let shown =
                    (body["token"] == json!(token)).then(|| view.receipt(&id, &Ask::now(Audience::Anyone)));
                receipt(shown?.unwrap())
            }
            _ => {
                let Some(caller) = caller else { return Some(problem(401, "token")) };
                self.private(request, path, &number, &view, &ask(caller))
            }
        }
    }

    fn private(
        &self,
        request: &Request,
        path: &str,
        number: &dyn Fn(&str) -> Option<u64>,
        view: &View,
        ask: &Ask,
    ) -> Option<Reply> {
        let (from, as_of) = (number("from"), number("as_of"));
        let as_of = as_of.map(|size| procura_core::receipt::AsOf { size: Size(size), time: None });
        let body = || serde_json::from_slice::<Value>(&request.body).unwrap();
        let asked = || AuthZen::read(body().as_object().unwrap().clone()).unwrap();
        let now = self.world.clock.now();
        if path == "/v1/catalogues" {
            let listed = self.lists_catalogues.then(|| view.catalogues().unwrap())?;
            return text(json!({ "catalogues": listed }).to_string());
        }
        if path == "/v1/parties/resolve" {
            let identifier = body()["identifier"].as_str().unwrap().parse().unwrap();
            return match self.world.ledger.resolve(&identifier) {
                Ok(party) => text(json!({ "party": party }).to_string()),
                Err(error) => Some(problem(422, error.name())),
            };
        }
        if path == "/v1/checks" {
            let (at, ask) = (number("at").map_or(now, Millis), Ask { as_of, ..ask.clone() });
            return receipt(Some(view.check(&asked(), at, &ask).unwrap()));
        }
        if path == "/access/v1/evaluation" {
            let decision = view.evaluate(&asked(), now).unwrap();
            let context = json!({"reason": decision.reason.name()});
            return text(json!({"decision": decision.permit, "context": context}).to_string());
        }
        if path == "/v1/events" {
            let (caller, after) = (self.caller(request)?, Index(number("after")?));
            let news = view.news(&caller, after, 256).unwrap();
            let told = news.iter().map(|logged| format!("id: {}\ndata: {{}}\n\n", logged.index));
            return text(std::iter::once("retry: 500\n\n".to_owned()).chain(told).collect::<String>());
        }
        let rest = path.strip_prefix("/v1/")?;
        if let Some(id) = rest.strip_prefix("records/").and_then(|rest| rest.strip_suffix("/receipt")) {
            let ask = Ask { as_of, from: from.map(Size), ..ask.clone() };
            return match view.receipt(&id.parse().ok()?, &ask) {
                Err(ReadError::Erased(_)) => Some(problem(409, "erased")),
                found => receipt(found.unwrap()),
            };
        }
        if let Some(id) = rest.strip_prefix("accesses/") {
            return receipt(view.access(&id.parse().ok()?, from.map(Size), ask.reader).unwrap());
        }
        let id = rest.strip_prefix("parties/")?.strip_suffix("/records")?;
        receipt(view.complete(&id.parse().ok()?, from.unwrap_or(0), ask).unwrap())
    }

    fn caller(&self, request: &Request) -> Option<Hash> {
        request.token.as_ref().and_then(|token| self.tokens.get(token)).copied()
    }

    fn token(&mut self, body: &[u8]) -> Option<Reply> {
        let form = String::from_utf8(body.to_vec()).unwrap();
        let assertion = form.split('&').find_map(|pair| pair.strip_prefix("client_assertion="))?;
        let jws = Jws::parse(assertion, "JWT").ok()?;
        let key = self.world.ledger.view().key(jws.kid()).unwrap();
        let Some(key) = key.filter(|key| key.status.permits() && jws.verify(&key.public_key).is_ok()) else {
            return Some((401, br#"{"error":"invalid_client"}"#.to_vec()));
        };
        let token = format!("token-{}", self.tokens.len());
        self.tokens.insert(token.clone(), key.party);
        text(json!({"access_token": token, "token_type": "Bearer", "expires_in": 600}).to_string())
    }
}

fn promise(done: &Acknowledged) -> String {
    let entry = done.view.entry(done.index).unwrap().unwrap();
    let proof = done.view.inclusion(done.index).unwrap();
    json!({"id": done.id, "index": done.index, "entry": b64::encode(&entry), "proof": proof}).to_string()
}

fn receipt(receipt: Option<Receipt>) -> Option<Reply> {
    text(receipt?.to_json())
}

/// A world with a mother, her son and a mandate for pensions that he accepted.
pub(crate) struct Family {
    pub(crate) world: Arc<World>,
    pub(crate) mother: Actor,
    pub(crate) son: Actor,
    pub(crate) mandate: Hash,
    pub(crate) acceptance: Hash,
    pub(crate) stub: Stub,
}

impl Family {
    /// Always the same, to the byte.
    pub(crate) fn new() -> Self {
        Self::at(0)
    }

    /// The same, so many milliseconds after the world's begin.
    pub(crate) fn at(ms: u64) -> Self {
        let world = Arc::new(World::in_memory());
        world.clock.pass(ms);
        let mother = world.person("48031500292");
        let son = world.person("75061200192");
        let mandate = world.append(world.mandate(&mother, &son.party, &["pension"])).id;
        let acceptance = world.append(world.transition("acceptance", &son, &mandate)).id;
        let stub = Stub::new(&world);
        Self { world, mother, son, mandate, acceptance, stub }
    }

    /// A client for the mother that has seen nothing.
    pub(crate) fn client(&self) -> (Client, Arc<MemoryStore>) {
        let store = Arc::new(MemoryStore::new());
        (self.stub.client(&self.mother, Arc::clone(&store)), store)
    }
}

/// Where an entry stands.
pub(crate) fn index_of(world: &World, id: &Hash) -> Index {
    world.ledger.view().record(id).unwrap().unwrap().logged.index
}

/// The refusal of a call.
pub(crate) fn name_of(error: &CallError) -> &str {
    error.name()
}
