//! The server as a process of its own: started, looked at from outside, ended.

use crate::http::{Line, get, post};
use procura_core::days::Day;
use procura_core::draft::{Draft, Occasion};
use procura_core::key::SoftKey;
use procura_core::kinds::Validity;
use procura_core::{Hash, b64};
use procura_ledger::{Clock, OsRandom, Random, SystemClock};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server with the demo's directory.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    origin: String,
    catalogue: Hash,
    writer: (Hash, Hash, SoftKey),
    employer: Hash,
}

impl Server {
    /// Starts the program in `data`. Where there are processors enough it gets the first one alone: what asks has the others.
    pub(crate) async fn start(program: &str, data: &Path, settings: &[&str]) -> Self {
        let alone = std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
        let mut command = if alone { Command::new("taskset") } else { Command::new(program) };
        if alone {
            command.args(["-c", "0", program]);
        }
        command.args(["--listen", "127.0.0.1:0", "--demo", "--data"]).arg(data).args(settings);
        let log = std::fs::File::create(data.with_extension("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().expect("the server says where it is").unwrap();
        let url = first.split_whitespace().find_map(|word| word.strip_prefix("http://")).unwrap();
        let address = url.trim_end_matches(':').parse().unwrap();
        // The rest is read away, so that the server never waits for a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let demo = data.join("demo");
        let token = std::fs::read_to_string(demo.join("token")).unwrap().trim().to_owned();
        let mut line = Line::from(1, address).await.unwrap();
        let mut json = async |path: &str| -> Value {
            serde_json::from_slice(&line.ask(&get(path, &token)).await.unwrap().body).unwrap()
        };
        let origin = json("/v1/log").await["origin"].as_str().unwrap().to_owned();
        let catalogue = hash(&json("/v1/catalogues").await["catalogues"][0]);
        let party = |name: &str| -> Value {
            serde_json::from_slice(&std::fs::read(demo.join(name).with_extension("json")).unwrap()).unwrap()
        };
        let son = party("son");
        let signer = SoftKey::from_seed(&b64::decode_array(son["seed"].as_str().unwrap()).unwrap());
        let writer = (hash(&son["party"]), hash(&son["kid"]), signer);
        let employer = hash(&party("employer")["party"]);
        Self { child, address, token, origin, catalogue, writer, employer }
    }

    /// A request that hands in a mandate that nobody has seen.
    pub(crate) fn mandate(&self) -> Vec<u8> {
        let mut nonce = [0; 32];
        OsRandom.fill(&mut nonce).unwrap();
        let now = SystemClock::default().now();
        let occasion = Occasion { origin: &self.origin, nonce, now };
        let validity = Validity::of_days(Day::of(now).unwrap(), None);
        let (party, kid, signer) = &self.writer;
        let scopes = ["pensions".to_owned()];
        let draft = Draft::mandate(&occasion, party, &self.employer, &self.catalogue, &scopes, &validity);
        let record = draft.sign(kid, signer).unwrap().record;
        post("/v1/records", "", "application/jose", &record)
    }

    /// A question whose answer is yes.
    pub(crate) fn question(&self) -> Vec<u8> {
        let asked = r#"{"subject":{"type":"party","id":"niss:75061200192"},"action":{"name":"help"},"resource":{"type":"pensions","id":"niss:48031500292"}}"#;
        post("/access/v1/evaluation", &self.token, "application/json", asked)
    }

    pub(crate) fn resident_bytes(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap();
        text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
    }

    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Tells it to end; whether it did so in order and in time.
    pub(crate) fn end(mut self) -> bool {
        let told = Command::new("kill").arg(self.child.id().to_string()).status();
        let begun = Instant::now();
        while told.as_ref().is_ok_and(|status| status.success()) && begun.elapsed() < Duration::from_secs(30)
        {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn hash(value: &Value) -> Hash {
    value.as_str().unwrap().parse().unwrap()
}
