//! C. Access: citizens ask for the data of those who gave them a mandate, half of it rightly; each is checked, logged and answered
//! with its receipt. In between mandates are handed in to the same server, as in part A. Then, on a copy, only accesses: what each
//! takes on disk.

use crate::Outcome;
use crate::figure::{Figure, median};
use crate::grown::{Grown, Plan};
use crate::http::{Load, Requests, post, saturate};
use crate::people::{By, CATEGORY, PURPOSE, is_accepted, key, pair};
use crate::process::Served;
use crate::sign;
use crate::size::Size;
use crate::space::occupied;
use crate::submission::body;
use procura_core::Hash;
use procura_core::draft::Draft;
use procura_core::receipt::{Mode, Policy, verify_access};
use procura_core::record::Record;
use procura_core::submission::Submission;
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

const PART: &str = "access";
const CREATED: u16 = 201;
const CONNECTIONS: u64 = 256;
/// From here on mandates are numbered that are handed in beside the accesses: the ledger has none of them.
const MORE: u64 = 1 << 40;

/// Measures.
pub(crate) fn run(size: &Size) -> Outcome {
    let grown = Grown::get(&size.data, Plan::of(size.pick(500, 100_000)), true)?;
    let (rounds, slice_ms, count) = size.pick((2, 400, 8_000), (7, 4_000, 250_000));
    let (plan, source) = (grown.plan, grown.asker()?);
    let accesses = sign::requests(&grown.data.join("requests-accesses"), 0..count, |n| {
        let (from, to) = pair(n % plan.mandates, plan.citizens);
        let (subject, actor) = (grown.citizen(from)?, grown.citizen(to)?);
        let draft = Draft::new("access", &grown.names.occasion("access", n))
            .member("actor", json!(actor.party))
            .member("subject", json!(subject.party))
            .member("source", json!(source))
            .member("category", json!(CATEGORY))
            .member("purpose", json!(PURPOSE));
        let record = By { kid: actor.kid, key: key(to) }.sign(draft)?;
        Ok(post("/v1/accesses", None, &record.to_json()))
    })?;
    let path = grown.data.join("requests-beside");
    let numbers = MORE..MORE + count;
    let mandates = sign::mandates(&grown, &grown.names, &path, numbers, |n| pair(n - MORE, plan.citizens))?;
    let (accesses, mandates) = (Arc::new(accesses), Arc::new(mandates));

    let data = grown.copy("scratch-access")?;
    let ours = Served::procura(&data)?;
    let slice = |requests: &Arc<Requests>| -> Outcome<(Load, f64)> {
        let before_s = ours.cpu_s()?;
        let time = Duration::from_millis(slice_ms);
        let load = saturate(ours.address, requests, CONNECTIONS, time, CREATED)?.check("under load")?;
        let cpu_us = (ours.cpu_s()? - before_s) * 1e6 / load.took_us.len() as f64;
        Ok((load, cpu_us))
    };
    let (mut rows, mut kept): (Vec<[f64; 4]>, Vec<_>) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let ((load, access_us), (beside, mandate_us)) = (slice(&accesses)?, slice(&mandates)?);
        let row = [load.per_s(), beside.per_s(), access_us, mandate_us];
        crate::tell(&format!("{:.0}/s, mandates {:.0}/s; {:.0}, {:.0} µs", row[0], row[1], row[2], row[3]));
        kept.extend(load.kept);
        // The first warms up.
        if round > 0 {
            rows.push(row);
        }
    }
    let verified = verify(&grown, &ours, &kept)?;
    ours.stop()?;
    fs::remove_dir_all(&data)?;
    let [main_bytes, index_bytes] = space(&grown, &accesses)?;

    let of = |at: fn(&[f64; 4]) -> f64| median(&rows.iter().map(at).collect::<Vec<_>>());
    let figure = |what: &str| Figure::new(PART, what);
    figure(&format!("at saturation, {CONNECTIONS} connections"))
        .is(of(|row| row[0]), "/s")
        .ratio(of(|row| row[0] / row[1]), "submissions of mandates to the same server, in between")
        .at_least(1.0)
        .print()?;
    figure("of which the mandates").is(of(|row| row[1]), "/s").print()?;
    figure("server CPU an access")
        .is(of(|row| row[2]), "µs")
        .ratio(of(|row| row[2] / row[3]), "a mandate's")
        .print()?;
    figure("on disk an access, main store").is(main_bytes, "bytes").print()?;
    figure("on disk an access, index").is(index_bytes, "bytes").print()?;
    figure("receipts of a sample verified, each with the decision that is right")
        .is(verified as f64, "")
        .print()
}

/// Bytes on disk for each access, of main store and index: what a copy grows by while all accesses that are left are logged.
fn space(grown: &Grown, accesses: &Arc<Requests>) -> Outcome<[f64; 2]> {
    let data = grown.copy("scratch-access-space")?;
    let config = data.join("server.toml");
    // Little of the index is left in memory at the end.
    fs::write(&config, format!("flush_bytes = 4000000\n{}", fs::read_to_string(&config)?))?;
    let sizes = || -> Outcome<[u64; 2]> {
        let ledger = data.join("ledger");
        Ok([occupied(&ledger.join("main"))?, occupied(&ledger.join("index"))?])
    };
    let before = sizes()?;
    let ours = Served::procura(&data)?;
    let load = saturate(ours.address, accesses, CONNECTIONS, Duration::from_secs(600), CREATED)?
        .check("for space")?;
    ours.stop()?;
    let [main, index] = sizes()?;
    fs::remove_dir_all(&data)?;
    let each = |now: u64, then: u64| now.saturating_sub(then) as f64 / load.took_us.len() as f64;
    Ok([each(main, before[0]), each(index, before[1])])
}

/// Each receipt is the access's own, and says yes exactly where the mandate was accepted.
fn verify(grown: &Grown, server: &Served, kept: &[(Vec<u8>, Vec<u8>)]) -> Outcome<usize> {
    let mut connection = crate::http::Connection::open(server.address)?;
    let (_, answer) = connection.ask(b"GET /v1/log HTTP/1.1\r\nhost: bench\r\n\r\n")?;
    let log: Value = serde_json::from_slice(answer)?;
    let policy = Policy::parse(log.get("policy").ok_or("no policy")?.to_string().as_bytes())?;
    let at = |party: &Hash| grown.ids.iter().position(|ids| ids.party == *party).ok_or("nobody's");
    for (request, receipt) in kept {
        let record = Record::parse(&Submission::parse(body(request))?.record)?;
        let answer = verify_access(receipt, &record.id(), &policy, Mode::Historic)?;
        let procura_core::kinds::Content::Access(access) = record.content() else {
            return Err("no access".into());
        };
        let (from, to) = (at(&access.subject)? as u64, at(&access.actor)? as u64);
        let citizens = grown.plan.citizens;
        let round = (to + citizens - from - 1) % citizens;
        if answer.decision().permit != is_accepted(round * citizens + from, citizens) {
            return Err("a wrong decision".into());
        }
    }
    if kept.is_empty() { Err("no receipt was kept to be verified".into()) } else { Ok(kept.len()) }
}
