//! What a submission and a check cost in instructions, for callgrind: a machine that others use can't blur them. Each phase is a
//! function of its own name, which `bench/count` has callgrind look into.

use crate::Outcome;
use crate::check;
use crate::floor::Signatures;
use crate::grown::{Grown, Plan};
use crate::people::pair;
use crate::receipts;
use crate::sign;
use crate::submission::body;
use procura_bench_verify::Verifier;
use procura_core::decide::AuthZen;
use procura_core::receipt::Receipt;
use procura_core::submission::Submission;
use procura_ledger::{Acknowledged, Ask, Audience, Clock, Ledger, Options, SubmitError, SystemClock, View};
use procura_server::trial;
use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};

/// How many records are signed beforehand.
const SIGNED: u64 = 5_000;

/// What is counted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where ledgers are kept
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// How many citizens there are; of checks also how many mandates
    #[arg(long, default_value_t = 30_000)]
    citizens: u64,
    /// How many submissions or checks
    #[arg(long, default_value_t = 400)]
    count: u64,
    /// Checks, not submissions
    #[arg(long)]
    checks: bool,
    /// The verification of receipts of this kind, not submissions
    #[arg(long, value_name = "KIND")]
    receipts: Option<String>,
    /// Only make what is needed, not under callgrind
    #[arg(long)]
    prepare: bool,
}

/// Goes through the phases once, as often as asked, over records that were not read before.
pub(crate) fn run(args: &Args) -> Outcome {
    match &args.receipts {
        Some(kind) => verifications(args, kind),
        None if args.checks => checks(args),
        None => submissions(args),
    }
}

fn checks(args: &Args) -> Outcome {
    let plan = Plan::plain(args.citizens, args.citizens);
    let grown = Grown::get(&args.data, plan, false)?;
    if args.prepare {
        return Ok(());
    }
    let ledger = grown.open(Options::default())?.ledger;
    phase_check(&ledger.view(), &check::asked(plan, args.count)?)?;
    ledger.close();
    Ok(())
}

fn verifications(args: &Args, kind: &str) -> Outcome {
    let grown = Grown::get(&args.data, Plan::plain(args.citizens, args.citizens), false)?;
    let ledger = grown.open(Options::default())?.ledger;
    let (policy, kinds) = (receipts::policy(&ledger), receipts::kinds(&grown, &ledger, args.count)?);
    ledger.close();
    let kind = kinds.into_iter().find(|known| known.name == kind).ok_or("no such kind")?;
    let mut strict = 0;
    let mut verifiers = Vec::new();
    for receipt in kind.receipts.iter().cycle().take(usize::try_from(args.count)?) {
        strict += receipts::checks(&Receipt::parse(receipt)?, false)?;
        verifiers.push((Verifier::new(policy.as_bytes(), receipt).ok_or("no receipt")?, receipt));
    }
    phase_verify(&verifiers)?;
    phase_strict(&Signatures::make(200)?, strict)
}

fn submissions(args: &Args) -> Outcome {
    let plan = Plan::plain(args.citizens, 0);
    let grown = Grown::get(&args.data, plan, true)?;
    // Far from each other, so that hardly two have a page in common.
    let pair_of = |n: u64| pair(n * 5 % plan.citizens, plan.citizens);
    let path = grown.data.join("requests-count");
    let requests = sign::mandates(&grown, &grown.names, &path, 0..SIGNED, pair_of)?;
    if args.prepare {
        return Ok(());
    }
    let data = grown.copy(&format!("scratch-count-{}", std::process::id()))?;
    let options = Options { queue: usize::try_from(args.count)?, ..Options::default() };
    let ledger = trial::start(&data, options)?.ledger;
    let (mut bodies, mut request) = (Vec::new(), Vec::new());
    for _ in 0..args.count {
        if !requests.next(0, &mut request)? {
            return Err(format!("at most {SIGNED} were signed").into());
        }
        bodies.push(body(&request).to_vec());
    }
    let (tell, told) = channel();
    phase_read(&ledger, &bodies, &tell)?;
    let logged = told.iter().take(bodies.len()).collect::<Result<Vec<_>, _>>()?;
    phase_promise(&logged)?;
    phase_prove(&logged)?;
    ledger.close();
    Ok(fs::remove_dir_all(&data)?)
}

/// Parse, read, verify, as the threads that serve connections do. (The sequencer's is `commit_batch`.)
#[inline(never)]
fn phase_read(
    ledger: &Ledger,
    bodies: &[Vec<u8>],
    tell: &Sender<Result<Acknowledged, SubmitError>>,
) -> Outcome {
    for body in bodies {
        let tell = tell.clone();
        ledger.submit(Submission::parse(body)?, move |outcome| drop(tell.send(outcome)));
    }
    Ok(())
}

/// What `Prefer: return=minimal` gets.
#[inline(never)]
fn phase_promise(logged: &[Acknowledged]) -> Outcome {
    for Acknowledged { index, view, .. } in logged {
        std::hint::black_box((view.entry(*index)?, view.inclusion(*index)?));
    }
    Ok(())
}

/// The receipt, written as JSON.
#[inline(never)]
fn phase_prove(logged: &[Acknowledged]) -> Outcome {
    let ask = Ask::now(Audience::Anyone);
    for logged in logged {
        std::hint::black_box(logged.view.receipt(&logged.id, &ask)?.ok_or("no receipt")?.to_json());
    }
    Ok(())
}

#[inline(never)]
fn phase_check(view: &View, asked: &[(AuthZen, bool)]) -> Outcome {
    let now = SystemClock::default().now();
    for (request, permit) in asked {
        if view.evaluate(request, now)?.permit != *permit {
            return Err("a wrong decision".into());
        }
    }
    Ok(())
}

#[inline(never)]
fn phase_verify(verifiers: &[(Verifier, &Vec<u8>)]) -> Outcome {
    let all = verifiers.iter().all(|(verifier, receipt)| verifier.verifies(receipt));
    if all { Ok(()) } else { Err("a receipt does not verify".into()) }
}

/// As many `verify_strict` as are in the receipts, and nothing else.
#[inline(never)]
fn phase_strict(signatures: &Signatures, count: u64) -> Outcome {
    signatures.verify(count)
}
