//! A. Submission over HTTP: distinct citizens' mandates, signed beforehand, handed in to a server over a folder on this disk, and
//! the same bytes handed to a bare handler that parses and verifies them and keeps nothing.

use crate::Outcome;
use crate::figure::{Figure, median, quantile};
use crate::floor::Signatures;
use crate::grown::{Grown, Plan};
use crate::http::{Connection, Load, Requests, pace, saturate};
use crate::people::pair;
use crate::process::{Served, process_us, thread_us};
use crate::sign;
use crate::size::Size;
use procura_core::receipt::{Mode, Policy, verify_status};
use procura_core::record::Record;
use procura_core::submission::Submission;
use procura_ledger::{Ask, Audience, Options};
use procura_server::trial;
use redb::{Database, TableDefinition};
use serde_json::Value;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PART: &str = "submission";
/// A record logged.
const CREATED: u16 = 201;
const OK: u16 = 200;
/// How many connections saturate a server that commits in groups.
const CONNECTIONS: u64 = 256;
/// How many connections share what is handed in at half of saturation.
const PACED: u64 = 64;

/// How long it goes on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    size: Size,
    /// Also at saturation for so many seconds, 600 for ten minutes; needs about 3 KB of disk a submission
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    sustained: u64,
}

/// Measures.
pub(crate) fn run(args: &Args) -> Outcome {
    let size = &args.size;
    let plan = Plan::plain(size.pick(500, 100_000), 0);
    let grown = Grown::get(&size.data, plan, true)?;
    let requests = signed(&grown, "requests", size.pick(8_000, 500_000))?;
    let data = grown.copy("scratch-submission")?;
    let bench = Bench {
        ours: Served::procura(&data)?,
        least: Served::bare("keep", &grown.data)?,
        verify: Served::bare("verify", &grown.data)?,
        echo: Served::bare("echo", &grown.data)?,
        bodies: Arc::new(Requests::Again(bodies(&requests, 10_000)?)),
        requests: Arc::new(requests),
    };
    let (rounds, slice) = size.pick((2, 400), (7, 4_000));
    let mut kept = Vec::new();
    let per_s = saturation(&bench, rounds, Duration::from_millis(slice), &mut kept)?;
    kept.extend(latency(&bench, &data, size.pick(100, 2_000))?.kept);
    kept.extend(half(&bench, per_s / 2.0, Duration::from_millis(size.pick(500, 20_000)))?.kept);
    verify_receipts(&bench.ours, &kept)?;
    let requests = Arc::clone(&bench.requests);
    bench.ours.stop()?;
    in_the_library(&data, &requests, size.pick(500, 10_000))?;
    fs::remove_dir_all(&data)?;
    if args.sustained > 0 {
        sustained(&grown, per_s, args.sustained)?;
    }
    Ok(())
}

/// The servers, and what they are sent.
struct Bench {
    ours: Served,
    /// What no ledger can be faster than.
    least: Served,
    verify: Served,
    echo: Served,
    /// Each taken once: a record handed in again is another case.
    requests: Arc<Requests>,
    /// Some of the same, over and over, for those that keep nothing.
    bodies: Arc<Requests>,
}

/// Records to hand in, as many, in a file of this name.
fn signed(grown: &Grown, name: &str, count: u64) -> Outcome<Requests> {
    let path = grown.data.join(name);
    sign::mandates(grown, &grown.names, &path, 0..count, |n| pair(n, grown.plan.citizens))
}

/// The first requests, for those that may be sent them again.
fn bodies(requests: &Requests, count: u64) -> Outcome<Vec<Vec<u8>>> {
    let Requests::Once { file, length_bytes, .. } = requests else { return Err("no file".into()) };
    let copy = Requests::once(file.try_clone()?, *length_bytes)?;
    let (mut all, mut request) = (Vec::new(), Vec::new());
    while all.len() < usize::try_from(count)? && copy.next(0, &mut request)? {
        all.push(request.clone());
    }
    Ok(all)
}

/// The body of a request.
pub(crate) fn body(request: &[u8]) -> &[u8] {
    let start = request.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
    request.get(start..).unwrap_or_default()
}

/// A slice: what came of it, and the server's processor time for one request in microseconds.
fn slice(served: &Served, requests: &Arc<Requests>, time: Duration, wanted: u16) -> Outcome<(Load, f64)> {
    let before_s = served.cpu_s()?;
    let load = saturate(served.address, requests, CONNECTIONS, time, wanted)?.check("under load")?;
    let cpu_us = (served.cpu_s()? - before_s) * 1e6 / load.took_us.len() as f64;
    Ok((load, cpu_us))
}

/// One slice of each: answers a second, and the server's processor time for one in microseconds.
struct Round {
    ours: (f64, f64),
    least: (f64, f64),
    verify: (f64, f64),
    echo: (f64, f64),
    /// Of one `verify_strict` in this process.
    strict_us: f64,
    /// How long our answers took in the median.
    half_us: f64,
}

impl Round {
    /// What the processor time is held against.
    fn floor_us(&self) -> f64 {
        self.echo.1 + self.strict_us
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, (per_s, cpu_us)) in
            [("ours", self.ours), ("least", self.least), ("bare", self.verify), ("echo", self.echo)]
        {
            write!(f, "{what} {per_s:.0}/s {cpu_us:.0} µs, ")?;
        }
        write!(f, "verify_strict {:.1} µs", self.strict_us)
    }
}

fn saturation(
    bench: &Bench,
    rounds: usize,
    time: Duration,
    kept: &mut Vec<(Vec<u8>, Vec<u8>)>,
) -> Outcome<f64> {
    let signatures = Signatures::make(1_000)?;
    let mut rows: Vec<Round> = Vec::new();
    for round in 0..=rounds {
        let (load, ours_us) = slice(&bench.ours, &bench.requests, time, CREATED)?;
        let ours = (load.per_s(), ours_us);
        let bare = |served, wanted| {
            slice(served, &bench.bodies, time, wanted).map(|(load, cpu_us)| (load.per_s(), cpu_us))
        };
        let (least, verify, echo) =
            (bare(&bench.least, CREATED)?, bare(&bench.verify, OK)?, bare(&bench.echo, OK)?);
        let row =
            Round { ours, least, verify, echo, strict_us: signatures.verify_us()?, half_us: load.us_at(0.5) };
        crate::tell(&row.to_string());
        kept.extend(load.kept);
        // The first warms up.
        if round > 0 {
            rows.push(row);
        }
    }
    let of = |at: fn(&Round) -> f64| median(&rows.iter().map(at).collect::<Vec<_>>());
    let per_s = of(|row| row.ours.0);
    let figure = |what: &str| Figure::new(PART, what);
    let bare = "bare handler: parse, verify_strict";
    figure(&format!("at saturation, {CONNECTIONS} connections"))
        .is(per_s, "/s")
        .ratio(of(|row| row.ours.0 / row.verify.0), bare)
        .at_least(0.80)
        .print()?;
    figure("of which the bare handler").is(of(|row| row.verify.0), "/s").print()?;
    figure("of which a JSON echo of the same body").is(of(|row| row.echo.0), "/s").print()?;
    figure("the least that a ledger can do")
        .is(of(|row| row.least.0), "/s")
        .ratio(of(|row| row.least.0 / row.verify.0), bare)
        .print()?;
    let floor = "JSON echo's + one verify_strict";
    figure("server CPU a submission")
        .is(of(|row| row.ours.1), "µs")
        .ratio(of(|row| row.ours.1 / row.floor_us()), floor)
        .at_most(1.3)
        .print()?;
    figure("of which the bare handler's").is(of(|row| row.verify.1), "µs").print()?;
    figure("of which the JSON echo's").is(of(|row| row.echo.1), "µs").print()?;
    figure("of which one verify_strict, in process").is(of(|row| row.strict_us), "µs").print()?;
    figure("server CPU, the least that a ledger can do")
        .is(of(|row| row.least.1), "µs")
        .ratio(of(|row| row.least.1 / row.floor_us()), floor)
        .print()?;
    figure("answer at saturation, median").is(of(|row| row.half_us) / 1000.0, "ms").print()?;
    Ok(per_s)
}

/// One submission at a time on an idle server, and in between one bare commit of the same bytes to the same disk.
fn latency(bench: &Bench, data: &Path, count: usize) -> Outcome<Load> {
    const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("bytes");
    let path = data.with_file_name("scratch-commits.redb");
    drop(fs::remove_file(&path));
    let database = Database::create(&path)?;
    let (mut connection, mut least) =
        (Connection::open(bench.ours.address)?, Connection::open(bench.least.address)?);
    let (mut load, mut commits_us, mut least_us, mut request) =
        (Load::default(), Vec::new(), Vec::new(), Vec::new());
    for n in 0..count {
        if !bench.requests.next(0, &mut request)? {
            return Err("not enough records were signed".into());
        }
        let began = Instant::now();
        let (status, answer) = connection.ask(&request)?;
        load.took_us.push(began.elapsed().as_secs_f64() * 1e6);
        load.note(0, status == CREATED, &request, answer);
        let began = Instant::now();
        least.ask(&request)?;
        least_us.push(began.elapsed().as_secs_f64() * 1e6);
        let began = Instant::now();
        let write = database.begin_write()?;
        write.open_table(TABLE)?.insert(n as u64, body(&request))?;
        write.commit()?;
        commits_us.push(began.elapsed().as_secs_f64() * 1e6);
    }
    drop(database);
    fs::remove_file(&path)?;
    let load = load.check("one at a time")?;
    let commit_us = median(&commits_us);
    Figure::new(PART, "one connection, idle server, median")
        .is(load.us_at(0.5) / 1000.0, "ms")
        .against(commit_us / 1000.0, "one bare redb commit of the same bytes")
        .at_most(2.0)
        .print()?;
    Figure::new(PART, "one connection, the least that a ledger can do, median")
        .is(median(&least_us) / 1000.0, "ms")
        .against(commit_us / 1000.0, "one bare redb commit of the same bytes")
        .print()?;
    Figure::new(PART, "one connection, idle server, 99 of 100")
        .is(load.us_at(0.99) / 1000.0, "ms")
        .against(quantile(&commits_us, 0.99) / 1000.0, "the same of the bare commits")
        .print()?;
    Ok(load)
}

/// Where the processor time of a submission goes, HTTP apart: what reads and verifies it, what logs it, what proves it.
fn in_the_library(data: &Path, requests: &Requests, count: u64) -> Outcome {
    let ledger = trial::start(data, Options { queue: usize::try_from(count)?, ..Options::default() })?.ledger;
    let (tell, told) = std::sync::mpsc::channel();
    let mut request = Vec::new();
    let (all_us, mine_us) = (process_us(), thread_us());
    for _ in 0..count {
        if !requests.next(0, &mut request)? {
            return Err("not enough records were signed".into());
        }
        let tell = tell.clone();
        ledger.submit(Submission::parse(body(&request))?, move |outcome| drop(tell.send(outcome)));
    }
    let read_us = thread_us() - mine_us;
    let logged = told.iter().take(usize::try_from(count)?).collect::<Result<Vec<_>, _>>()?;
    let log_us = process_us() - all_us - (thread_us() - mine_us);
    let (before_us, ask) = (thread_us(), Ask::now(Audience::Anyone));
    for logged in &logged {
        // As of the commit that it came with, as the server does.
        std::hint::black_box(logged.view.receipt(&logged.id, &ask)?.ok_or("no receipt")?.to_json());
    }
    let prove_us = thread_us() - before_us;
    let last = logged.last().ok_or("nothing was logged")?;
    let receipt = last.view.receipt(&last.id, &ask)?.ok_or("no receipt")?;
    let before_us = thread_us();
    for _ in 0..count {
        std::hint::black_box(receipt.to_json());
    }
    let write_us = thread_us() - before_us;
    for (what, us) in [
        ("parse, read, verify", read_us),
        ("the sequencer and the index's flushes", log_us),
        ("make its receipt and write it as JSON", prove_us),
        ("of this, write it as JSON", write_us),
    ] {
        Figure::new(PART, format!("in the library: {what}")).is(us / count as f64, "µs").print()?;
    }
    ledger.close();
    Ok(())
}

fn half(bench: &Bench, per_s: f64, time: Duration) -> Outcome<Load> {
    let load = pace(bench.ours.address, &bench.requests, PACED, per_s, time, CREATED)?.check("at half")?;
    let (p50, p99) = (load.us_at(0.5) / 1000.0, load.us_at(0.99) / 1000.0);
    let figure = |what: &str| Figure::new(PART, format!("at half of saturation, {what}"));
    figure("median, from the time due").is(p50, "ms").print()?;
    figure("99 of 100").is(p99, "ms").against(p50, "the median").at_most(10.0).print()?;
    figure("999 of 1,000").is(load.us_at(0.999) / 1000.0, "ms").print()?;
    Ok(load)
}

/// The receipts are what the core's verifier takes, each for its own record and no other, and not if a byte of it is another.
fn verify_receipts(server: &Served, kept: &[(Vec<u8>, Vec<u8>)]) -> Outcome {
    let mut connection = Connection::open(server.address)?;
    let (_, answer) = connection.ask(b"GET /v1/log HTTP/1.1\r\nhost: bench\r\n\r\n")?;
    let log: Value = serde_json::from_slice(answer)?;
    let policy = Policy::parse(log.get("policy").ok_or("no policy")?.to_string().as_bytes())?;
    for (request, receipt) in kept {
        let id = Record::parse(&Submission::parse(body(request))?.record)?.id();
        verify_status(receipt, &id, None, &policy, Mode::Historic)?;
        let mut other = receipt.clone();
        let at = other.len() / 2;
        other
            .get_mut(at)
            .map(|byte| *byte = if *byte == b'A' { b'B' } else { b'A' })
            .ok_or("an empty receipt")?;
        if verify_status(&other, &id, None, &policy, Mode::Historic).is_ok() {
            return Err("a receipt with another byte verified".into());
        }
    }
    if kept.is_empty() {
        return Err("no receipt was kept to be verified".into());
    }
    crate::tell(&format!("{} receipts verified", kept.len()));
    Figure::new(PART, "receipts of a sample verified").is(kept.len() as f64, "").print()
}

/// At saturation for long, flushing included; the bare handler every 20 s in between, for the machine may change meanwhile.
fn sustained(grown: &Grown, per_s: f64, seconds: u64) -> Outcome {
    const SLICE_S: u64 = 20;
    // As many as this machine needs: not kept.
    let name = "requests-sustained";
    drop(fs::remove_file(grown.data.join(name).with_extension("length")));
    let requests = Arc::new(signed(grown, name, (per_s * seconds as f64 * 1.3) as u64)?);
    let bodies = Arc::new(Requests::Again(bodies(&requests, 10_000)?));
    let data = grown.copy("scratch-sustained")?;
    let (ours, verify) = (Served::procura(&data)?, Served::bare("verify", &grown.data)?);
    let (mut rates, mut ratios, mut count) = (Vec::new(), Vec::new(), 0);
    for _ in 0..seconds.div_ceil(SLICE_S) {
        let (load, cpu_us) = slice(&ours, &requests, Duration::from_secs(SLICE_S), CREATED)?;
        let (bare, _) = slice(&verify, &bodies, Duration::from_secs(3), OK)?;
        crate::tell(&format!("{:.0}/s, bare {:.0}/s, {cpu_us:.0} µs", load.per_s(), bare.per_s()));
        rates.push(load.per_s());
        ratios.push(load.per_s() / bare.per_s());
        count += load.took_us.len();
    }
    if requests.left() == 0 {
        return Err("not enough records were signed".into());
    }
    Figure::new(PART, format!("sustained for {seconds} s, {count} records"))
        .is(median(&rates), "/s")
        .ratio(median(&ratios), "bare handler, in between")
        .at_least(0.80)
        .print()?;
    let worst = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    Figure::new(PART, format!("sustained, the worst {SLICE_S} s"))
        .is(worst(&rates), "/s")
        .ratio(worst(&ratios), "bare handler, right after")
        .print()?;
    let (_, most) = ours.memory_bytes()?;
    Figure::new(PART, "sustained, the server's memory at most").is(most / 1048576.0, "MiB").print()?;
    ours.stop()?;
    fs::remove_file(grown.data.join(name))?;
    Ok(fs::remove_dir_all(&data)?)
}
