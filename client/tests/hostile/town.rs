//! A town under a ledger whose operator may lie, and the readers who ask it by the command `procura`.

use procura_client::Client;
use procura_client::client::Identity;
use procura_client::store::MemoryStore;
use procura_core::key::SoftKey;
use procura_core::receipt::Policy;
use procura_core::{Hash, b64};
use procura_ledger::Clock as _;
use procura_tests::hostile::LyingServer;
use procura_tests::world::{Actor, ORIGIN, START, World};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

thread_local! {
    /// This machine's time when the test began: its worlds stand there, so that the command finds their answers fresh, and the ledger its
    /// assertions in force, however long the tests before took.
    static NOW: u64 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
}

/// The world, its people, and the server at the address that everybody knows.
pub(crate) struct Town {
    pub(crate) world: World,
    pub(crate) mother: Actor,
    pub(crate) son: Actor,
    pub(crate) auditor: Actor,
    pub(crate) court: Actor,
    /// The mother's mandate for her pension, which her son accepted.
    pub(crate) mandate: Hash,
    pub(crate) server: LyingServer,
    pub(crate) folder: tempfile::TempDir,
}

impl Town {
    /// Always the same, to the byte: two of them are one history.
    pub(crate) fn new() -> Self {
        Self::over(World::in_memory(), |world| world)
    }

    /// The same, so many milliseconds before this machine's time.
    pub(crate) fn earlier(ms: u64) -> Self {
        let world = World::in_memory();
        world.clock.pass(NOW.with(|now| now - START.0 - ms));
        Self::of(world, |world| world)
    }

    /// The same over a world, to which something happens before it is served.
    pub(crate) fn over(world: World, before: impl FnOnce(World) -> World) -> Self {
        world.clock.pass(NOW.with(|now| now - START.0));
        Self::of(world, before)
    }

    fn of(world: World, before: impl FnOnce(World) -> World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let known = |actor: Actor, seed: u8| {
            // The seeds of the world's keys are not told: a second key, known here.
            let key = SoftKey::from_seed(&[seed; 32]);
            let kid = world.append(world.key_record(&actor, &actor.party, &key, "cosigned")).id;
            Actor { kid, key: std::sync::Arc::new(key), ..actor }
        };
        let mother = known(world.person("48031500292"), 0x5E);
        let son = world.person("75061200192");
        let auditor = known(world.institution("kbo:0308357159", &["auditor"]), 0x5F);
        let court = known(world.institution("kbo:0202239951", &[]), 0x60);
        let mandate = world.append(world.mandate(&mother, &son.party, &["pension"])).id;
        world.append(world.transition("acceptance", &son, &mandate));
        let policy = Policy::plain(ORIGIN, world.ledger.log_key(), world.ledger.entry0(), 300);
        std::fs::write(folder.path().join("policy"), policy.to_string()).unwrap();
        for (name, actor, seed) in
            [("mother", &mother, 0x5E_u8), ("auditor", &auditor, 0x5F), ("court", &court, 0x60)]
        {
            let seed = b64::encode(&[seed; 32]);
            let text = json!({"name": name, "party": actor.party, "kid": actor.kid, "seed": seed});
            std::fs::write(folder.path().join(format!("{name}.key")), text.to_string()).unwrap();
        }
        let world = before(world);
        let server = LyingServer::over(&world);
        Self { world, mother, son, auditor, court, mandate, server, folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Something that concerns mother and son.
    pub(crate) fn happens(&self) -> Hash {
        self.world.append(self.world.mandate(&self.mother, &self.son.party, &["tax"])).id
    }

    pub(crate) fn happen(&self, times: usize) {
        for _ in 0..times {
            self.happens();
        }
    }

    pub(crate) fn revoke(&self) -> Hash {
        self.world.append(self.world.transition("revocation", &self.mother, &self.mandate)).id
    }

    /// What somebody types who keeps what they see in a folder of that name; with the key that is called so, if there is one.
    pub(crate) fn types(&self, who: &str, words: &[&str]) -> Said {
        let key = self.path(&format!("{who}.key"));
        let key = if key.exists() { vec!["--key", key.to_str().unwrap()] } else { Vec::new() };
        self.run(&self.server.url, who, &[words, &key].concat())
    }

    /// A third person, with the policy, what they were given, and no network.
    pub(crate) fn third(&self, words: &[&str]) -> Said {
        self.run("http://127.0.0.1:1", "third", words)
    }

    fn run(&self, server: &str, home: &str, words: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_procura"))
            .args(words)
            .args(["--json", "--policy"])
            .arg(self.path("policy"))
            .env_clear()
            .env("PROCURA_SERVER", server)
            .env("PROCURA_HOME", self.path(home))
            .output()
            .unwrap();
        let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{words:?}: {output:?}"));
        Said { code: output.status.code().unwrap(), json }
    }

    /// The file of evidence that a reader has, and no other.
    pub(crate) fn evidence_of(&self, who: &str) -> Option<PathBuf> {
        let ledgers = std::fs::read_dir(self.path(who).join("ledgers")).ok()?;
        let names = ledgers.map(|entry| entry.unwrap().path());
        let mut found: Vec<PathBuf> = names.filter(|path| is_evidence(path)).collect();
        assert!(found.len() < 2, "{found:?}");
        found.pop()
    }

    /// Hands a reader's evidence to a third person; what they find.
    pub(crate) fn convicts(&self, who: &str) -> Said {
        let file = self.evidence_of(who).unwrap();
        self.third(&["evidence", file.to_str().unwrap()])
    }

    /// The client library, with the world's clock.
    pub(crate) fn client(&self, actor: &Actor) -> Client {
        let identity = Identity { kid: actor.kid, party: actor.party, signer: actor.key.clone() };
        let clock = self.world.clock.clone();
        Client::new(&self.server.url, self.world.policy(), MemoryStore::new())
            .unwrap()
            .with_identity(identity)
            .with_clock(move || clock.now())
    }
}

fn is_evidence(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str::<Value>(&text).is_ok_and(|file| file.get("fault").is_some())
}

/// What the command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) json: Value,
}

impl Said {
    /// It is so.
    pub(crate) fn is_yes(&self) -> &Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// It ended with a code and an error's name.
    pub(crate) fn is(&self, code: i32, name: &str) {
        assert_eq!((self.code, &self.json["error"]), (code, &json!(name)), "{self:?}");
    }

    /// The evidence convicts by itself, of this fault.
    pub(crate) fn is_proven(&self, fault: &str) -> &Self {
        assert_eq!((&self.json["fault"], &self.json["proven"]), (&json!(fault), &json!(true)), "{self:?}");
        self.is_yes()
    }
}
