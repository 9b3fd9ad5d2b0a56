//! Ledgers grown to a size: citizens with keys, mandates between them, half of these accepted, and one helper for everybody. Every
//! record is signed, handed in and verified as any other. A ledger is grown once and kept.

use crate::Outcome;
use crate::people::{By, Ids, Names, fixed, has_helper, identifier, is_accepted, key, pair};
use procura_core::key::Signer;
use procura_core::submission::Submission;
use procura_core::{Hash, b64};
use procura_ledger::{Acknowledged, Clock, Ledger, Options, SubmitError, SystemClock};
use procura_server::trial::{self, Trial};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Counts up when ledgers of before are of no use any more.
const VERSION: u32 = 2;
/// How many submissions are under way while a ledger grows.
const IN_FLIGHT: u64 = 8192;
/// The number of the registrar, of the institution that asks; above all citizens.
const REGISTRAR: u64 = 1 << 40;
const ASKER: u64 = REGISTRAR + 1;
/// The number of the citizens' helper: the last that a citizen's identifier can have.
const HELPER: u64 = 9_999_999_999;
/// A record must be handed in within seven days of being signed; ledgers that records are yet to be signed for are made anew after five.
const FRESH_MS: u64 = 5 * 24 * 3600 * 1000;

/// How much is in a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Persons with a key each.
    pub(crate) citizens: u64,
    /// Mandates between them.
    pub(crate) mandates: u64,
    /// The first so many of them gave one helper a mandate too.
    pub(crate) helped: u64,
}

impl Plan {
    /// So many mandates, ten a citizen; and one of each to the helper, who so has a tenth as many.
    pub(crate) fn of(mandates: u64) -> Self {
        let citizens = (mandates / 10).max(200);
        Self { citizens, mandates, helped: citizens }
    }

    /// So many citizens, whom nobody helps, and mandates between them.
    pub(crate) fn plain(citizens: u64, mandates: u64) -> Self {
        Self { citizens, mandates, helped: 0 }
    }
}

/// What is to be grown.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many mandates
    mandates: u64,
    #[command(flatten)]
    size: crate::size::Size,
}

/// Grows a ledger that some part will want, so that no part waits for it.
pub(crate) fn run(args: &Args) -> Outcome {
    Grown::get(&args.size.data, Plan::of(args.mandates), false).map(|_| ())
}

/// A ledger in a folder, no process has it open.
pub(crate) struct Grown {
    /// The server's data folder.
    pub(crate) data: PathBuf,
    /// How much is in it.
    pub(crate) plan: Plan,
    /// What all of it follows from.
    pub(crate) names: Names,
    /// The catalogue.
    pub(crate) catalogue: Hash,
    /// How many entries it had when it was grown.
    pub(crate) entries: u64,
    /// The citizens.
    pub(crate) ids: Arc<Vec<Ids>>,
    /// Who helps them.
    pub(crate) helper: Hash,
    /// The bearer token of an institution.
    pub(crate) token: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    plan: Plan,
    origin: String,
    began: procura_core::Millis,
    catalogue: Hash,
    helper: Hash,
    entries: u64,
}

impl Grown {
    /// The ledger of this plan: kept in `data`, or grown there now. `to_sign`: records are going to be signed for it.
    pub(crate) fn get(data: &Path, plan: Plan, to_sign: bool) -> Outcome<Self> {
        let folder = data.join(format!("ledger-{}-{}", plan.citizens, plan.mandates));
        if let Ok(grown) = Self::kept(&folder, plan) {
            let age_ms = SystemClock::default().now().0.saturating_sub(grown.names.began.0);
            if !to_sign || age_ms < FRESH_MS {
                return Ok(grown);
            }
        }
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        grow(&folder, plan)?;
        Self::kept(&folder, plan)
    }

    fn kept(folder: &Path, plan: Plan) -> Outcome<Self> {
        let kept: Kept = serde_json::from_slice(&fs::read(folder.join("kept.json"))?)?;
        if kept.version != VERSION || kept.plan != plan {
            return Err("a ledger of another version".into());
        }
        let ids = read_ids(&folder.join("citizens"))?;
        let token = fs::read_to_string(folder.join("token"))?.trim().to_owned();
        let names = Names { origin: kept.origin, began: kept.began };
        let (data, ids) = (folder.to_owned(), Arc::new(ids));
        let Kept { catalogue, helper, entries, .. } = kept;
        Ok(Self { data, plan, names, catalogue, entries, ids, helper, token })
    }

    /// A copy to be written to, in a folder of that name beside it.
    pub(crate) fn copy(&self, name: &str) -> Outcome<PathBuf> {
        let to = self.data.with_file_name(name);
        if to.exists() {
            fs::remove_dir_all(&to)?;
        }
        copy(&self.data, &to)?;
        // The configuration names the token's file.
        let config = fs::read_to_string(to.join("server.toml"))?;
        fs::write(to.join("server.toml"), config.replace(&text(&self.data)?, &text(&to)?))?;
        Ok(to)
    }

    /// Opens it in this process.
    pub(crate) fn open(&self, options: Options) -> Outcome<Trial> {
        Ok(trial::start(&self.data, options)?)
    }

    /// The institution whose token it is.
    pub(crate) fn asker(&self) -> Outcome<Hash> {
        let config = fs::read_to_string(self.data.join("server.toml"))?;
        let named = config.lines().find_map(|line| line.strip_prefix("party = \"")?.strip_suffix('"'));
        Ok(named.ok_or("the configuration names no party")?.parse()?)
    }

    /// A citizen's ids.
    pub(crate) fn citizen(&self, n: u64) -> Outcome<&Ids> {
        Ok(self.ids.get(usize::try_from(n)?).ok_or("there are not so many citizens")?)
    }
}

/// The citizens' ids, as a ledger's folder keeps them.
pub(crate) fn read_ids(path: &Path) -> Outcome<Vec<Ids>> {
    let bytes = fs::read(path)?;
    let hash = |bytes: &[u8]| bytes.try_into().map(Hash);
    let each = bytes.chunks_exact(64).map(|ids| ids.split_at(32));
    each.map(|(party, kid)| Ok(Ids { party: hash(party)?, kid: hash(kid)? })).collect()
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (path, place) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        // Signed for whatever copy; there are many.
        if place.file_name().is_some_and(|name| name.to_string_lossy().starts_with("requests")) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &place)?;
        } else {
            fs::copy(&path, &place)?;
        }
    }
    Ok(())
}

fn text(path: &Path) -> Outcome<String> {
    Ok(path.canonicalize()?.to_str().ok_or("a path that is no text")?.to_owned())
}

fn grow(folder: &Path, plan: Plan) -> Outcome {
    let started = Instant::now();
    let options = Options { queue: IN_FLIGHT as usize * 2, ..Options::default() };
    let trial = trial::start(folder, options)?;
    let ledger = &trial.ledger;
    let names = Names { origin: ledger.origin().to_owned(), began: SystemClock::default().now() };
    let root = By { kid: trial.root.public_key().thumbprint(), key: trial.root };
    let registrar = institution(&names, ledger, &root, REGISTRAR, &["registrar"])?;
    let asker = institution(&names, ledger, &root, ASKER, &[])?;
    let catalogue = ledger.append(root.sign(names.catalogue())?)?.id;
    let by = By { kid: registrar.kid, key: key(REGISTRAR) };

    let sink = Sink::new(ledger.clone());
    let ids = halves(plan.citizens, |n| enrol(&names, &sink, &by, n, &identifier(n), None))?;
    let helper = enrol(&names, &sink, &by, HELPER, &identifier(HELPER), None)?;
    sink.wait()?;
    let at = |n: u64| usize::try_from(n).ok().and_then(|n| ids.get(n)).ok_or("no such citizen");
    let validity = names.a_year()?;
    halves(plan.mandates, |n| {
        let (from, to) = pair(n, plan.citizens);
        let (mandator, mandatee) = (at(from)?, at(to)?);
        let draft = names.mandate(n, [mandator, mandatee], &catalogue, &validity);
        let id = draft.id();
        sink.submit(By { kid: mandator.kid, key: key(from) }.sign(draft)?)?;
        if is_accepted(n, plan.citizens) {
            sink.submit(By { kid: mandatee.kid, key: key(to) }.sign(names.acceptance(n, &id))?)?;
        }
        Ok(())
    })?;
    halves(plan.helped, |from| {
        // Numbered behind those between citizens.
        let (n, mandator) = (plan.mandates + from, at(from)?);
        let draft = names.mandate(n, [mandator, &helper], &catalogue, &validity);
        let id = draft.id();
        sink.submit(By { kid: mandator.kid, key: key(from) }.sign(draft)?)?;
        if has_helper(from) {
            sink.submit(By { kid: helper.kid, key: key(HELPER) }.sign(names.acceptance(n, &id))?)?;
        }
        Ok(())
    })?;
    sink.wait()?;
    ledger.close();
    let entries = ledger.view().size().0;
    crate::tell(&format!(
        "grown to {entries} entries ({} citizens, {} mandates) in {:.0} s",
        plan.citizens,
        plan.mandates + plan.helped,
        started.elapsed().as_secs_f64()
    ));
    let citizens: Vec<u8> = ids.iter().flat_map(|ids| [ids.party.0, ids.kid.0].concat()).collect();
    fs::write(folder.join("citizens"), citizens)?;
    let token = b64::encode(&fixed::<32>("token", 0));
    let private =
        |name: &str| fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(name));
    private("token")?.write_all(token.as_bytes())?;
    let file = text(&folder.join("token"))?;
    let config = format!("[[static_tokens]]\nparty = \"{}\"\nfile = \"{file}\"\n", asker.party);
    fs::write(folder.join("server.toml"), config)?;
    let (origin, began, helper) = (names.origin, names.began, helper.party);
    let kept = Kept { version: VERSION, plan, origin, began, catalogue, helper, entries };
    // Last: a ledger without it is one that was not finished.
    Ok(fs::write(folder.join("kept.json"), serde_json::to_vec(&kept)?)?)
}

fn institution(names: &Names, ledger: &Ledger, root: &By, n: u64, roles: &[&str]) -> Outcome<Ids> {
    let sink = Sink::new(ledger.clone());
    let ids = enrol(names, &sink, root, n, &identifier(n), Some(roles))?;
    sink.wait()?;
    Ok(ids)
}

/// Registers a party and binds its key.
fn enrol(
    names: &Names,
    sink: &Sink,
    by: &By,
    n: u64,
    identifier: &str,
    roles: Option<&[&str]>,
) -> Outcome<Ids> {
    let draft = names.party(n, identifier, roles)?;
    let party = draft.id();
    sink.submit(by.sign(draft)?)?;
    let draft = names.key_record(n, &party, &key(n))?;
    let kid = draft.id();
    sink.submit(by.sign(draft)?)?;
    Ok(Ids { party, kid })
}

/// Does `work` for 0 to `count` − 1 on two threads, one half each.
fn halves<T: Send>(count: u64, work: impl Fn(u64) -> Outcome<T> + Sync) -> Outcome<Vec<T>> {
    let do_range = |range: std::ops::Range<u64>| range.map(&work).collect::<Outcome<Vec<T>>>();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| do_range(0..count / 2));
        let second = do_range(count / 2..count)?;
        let mut all = first.join().map_err(|_| "a thread broke off")??;
        all.extend(second);
        Ok(all)
    })
}

/// Hands records in without waiting for each, a bounded number at a time.
struct Sink {
    ledger: Ledger,
    state: Arc<(Mutex<Flight>, Condvar)>,
}

#[derive(Default)]
struct Flight {
    under_way: u64,
    failed: Option<String>,
}

impl Sink {
    fn new(ledger: Ledger) -> Self {
        Self { ledger, state: Arc::default() }
    }

    fn submit(&self, submission: Submission) -> Outcome {
        self.until(|flight| flight.under_way < IN_FLIGHT, |flight| flight.under_way += 1)?;
        let state = Arc::clone(&self.state);
        self.ledger.submit(submission, move |outcome: Result<Acknowledged, SubmitError>| {
            let mut flight = state.0.lock().unwrap_or_else(PoisonError::into_inner);
            flight.under_way -= 1;
            match outcome {
                Ok(acknowledged) if acknowledged.is_new => {}
                Ok(_) => flight.failed = Some("a record was there already".to_owned()),
                Err(error) => flight.failed = Some(error.to_string()),
            }
            state.1.notify_all();
        });
        Ok(())
    }

    fn wait(&self) -> Outcome {
        self.until(|flight| flight.under_way == 0, |_| {})
    }

    fn until(&self, is_ready: impl Fn(&Flight) -> bool, then: impl FnOnce(&mut Flight)) -> Outcome {
        let mut flight = self.state.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(error) = &flight.failed {
                return Err(error.clone().into());
            }
            if is_ready(&flight) {
                then(&mut flight);
                return Ok(());
            }
            flight = self.state.1.wait(flight).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
