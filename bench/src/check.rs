//! B. Check: may this citizen act for that one? Random pairs, half of them yes, asked over HTTP with a token, and of the library.

use crate::Outcome;
use crate::figure::{Figure, median};
use crate::grown::{Grown, Plan};
use crate::http::{Load, Requests, post, saturate};
use crate::people::{CATEGORY, PURPOSE, fixed, identifier, is_accepted, pair};
use crate::process::{Served, thread_us};
use crate::size::Size;
use procura_core::decide::AuthZen;
use procura_ledger::{Clock, Options, SystemClock, View};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const PART: &str = "check";
const OK: u16 = 200;
const CONNECTIONS: u64 = 64;

/// A question and its answer.
struct Question {
    actor: u64,
    subject: u64,
    permit: bool,
}

/// Measures.
pub(crate) fn run(size: &Size) -> Outcome {
    let get = |mandates| Grown::get(&size.data, Plan::of(mandates), false);
    let all = size.ledgers().into_iter().map(get).collect::<Outcome<Vec<_>>>()?;
    let largest = all.last().ok_or("no ledger")?;
    over_http(size, largest)?;
    in_the_library(size, &all)
}

/// Random questions about a ledger, half of them with the answer yes; of the others half about mandates not accepted yet.
fn questions(plan: Plan, count: u64) -> Vec<Question> {
    let mut turn = 0;
    let mut random = |below: u64| {
        turn += 1;
        u64::from_be_bytes(fixed("question", turn)) % below
    };
    let rounds = plan.mandates / plan.citizens;
    let mandate = |wanted: bool, random: &mut dyn FnMut(u64) -> u64| loop {
        let n = random(plan.mandates);
        if is_accepted(n, plan.citizens) == wanted {
            return pair(n, plan.citizens);
        }
    };
    (0..count)
        .map(|n| {
            let (subject, actor) = match n % 4 {
                0 | 2 => mandate(true, &mut random),
                1 => mandate(false, &mut random),
                // Further apart than anybody gave a mandate.
                _ => {
                    let from = random(plan.citizens);
                    (from, (from + rounds + 2 + random(plan.citizens - rounds - 3)) % plan.citizens)
                }
            };
            Question { actor, subject, permit: n % 2 == 0 }
        })
        .collect()
}

fn body(question: &Question) -> Value {
    json!({
        "subject": {"type": "party", "id": identifier(question.actor)},
        "action": {"name": PURPOSE},
        "resource": {"type": CATEGORY, "id": identifier(question.subject)},
    })
}

/// Random questions about a ledger, as requests.
pub(crate) fn requests(grown: &Grown, count: u64) -> Requests {
    let ask = |question| post("/access/v1/evaluation", Some(&grown.token), &body(question).to_string());
    Requests::Again(questions(grown.plan, count).iter().map(ask).collect())
}

fn over_http(size: &Size, grown: &Grown) -> Outcome {
    let count = size.pick(2_000, 200_000);
    let (questions, requests) = (questions(grown.plan, count), Arc::new(requests(grown, count)));
    let (ours, echo) = (Served::procura(&grown.data)?, Served::bare("echo", &grown.data)?);
    let (rounds, slice_ms) = size.pick((2, 400), (7, 4_000));
    let slice = |served: &Served| -> Outcome<(Load, f64)> {
        let before_s = served.cpu_s()?;
        let time = Duration::from_millis(slice_ms);
        let load = saturate(served.address, &requests, CONNECTIONS, time, OK)?.check("under load")?;
        let cpu_us = (served.cpu_s()? - before_s) * 1e6 / load.took_us.len() as f64;
        Ok((load, cpu_us))
    };
    let mut rows: Vec<[f64; 5]> = Vec::new();
    let mut answers = 0;
    for round in 0..=rounds {
        let (load, ours_us) = slice(&ours)?;
        let (bare, echo_us) = slice(&echo)?;
        let row = [load.per_s(), bare.per_s(), ours_us, echo_us, load.us_at(0.99)];
        crate::tell(&format!(
            "{:.0}/s, echo {:.0}/s; {:.1}, {:.1} µs; p99 {:.0} µs",
            row[0], row[1], row[2], row[3], row[4]
        ));
        answers += right(&questions, &requests, &load)?;
        if round > 0 {
            rows.push(row);
        }
    }
    let of = |at: fn(&[f64; 5]) -> f64| median(&rows.iter().map(at).collect::<Vec<_>>());
    let figure = |what: String| Figure::new(PART, what);
    let mandates = grown.plan.mandates;
    figure(format!("evaluations over HTTP, {mandates} mandates"))
        .is(of(|row| row[0]), "/s")
        .ratio(of(|row| row[0] / row[1]), "JSON echo")
        .at_least(0.80)
        .print()?;
    figure("of which a JSON echo".to_owned()).is(of(|row| row[1]), "/s").print()?;
    figure("server CPU an evaluation".to_owned())
        .is(of(|row| row[2]), "µs")
        .ratio(of(|row| row[2] / row[3]), "JSON echo's")
        .print()?;
    figure(format!("answer at saturation, {CONNECTIONS} connections, 99 of 100"))
        .is(of(|row| row[4]) / 1000.0, "ms")
        .print()?;
    figure("answers of a sample looked at, all right".to_owned()).is(answers as f64, "").print()?;
    ours.stop()
}

/// How many answers were looked at; an error at the first that is wrong.
fn right(questions: &[Question], requests: &Requests, load: &Load) -> Outcome<usize> {
    let Requests::Again(all) = requests else { return Err("no requests".into()) };
    let expected: std::collections::HashMap<&[u8], bool> =
        all.iter().map(Vec::as_slice).zip(questions.iter().map(|question| question.permit)).collect();
    for (request, answer) in &load.kept {
        let answer: Value = serde_json::from_slice(answer)?;
        let decision = answer.get("decision").and_then(Value::as_bool);
        if decision.is_none() || decision != expected.get(request.as_slice()).copied() {
            return Err(format!("a wrong decision: {answer}").into());
        }
    }
    if load.kept.is_empty() { Err("no answer was kept".into()) } else { Ok(load.kept.len()) }
}

/// What a decision costs on one thread, as ledgers grow; and what rules cost elsewhere.
fn in_the_library(size: &Size, all: &[Grown]) -> Outcome {
    let count = size.pick(1_000, 20_000);
    let mut open = Vec::new();
    for grown in all {
        let trial = grown.open(Options::default())?;
        open.push((grown.plan.mandates, trial.ledger, asked(grown.plan, count)?, Vec::new()));
    }
    for round in 0..=size.pick(2, 7) {
        for (_, ledger, asked, took_us) in &mut open {
            let us = evaluate_us(&ledger.view(), asked)?;
            if round > 0 {
                took_us.push(us);
            }
        }
    }
    let smallest_us = open.first().map_or(f64::NAN, |(.., us)| median(us));
    for (n, (mandates, ledger, _, took_us)) in open.into_iter().enumerate() {
        let figure =
            Figure::new(PART, format!("View::evaluate, {mandates} mandates")).is(median(&took_us), "µs");
        let figure = if n == 0 { figure } else { figure.against(smallest_us, "the smallest's").at_most(1.5) };
        figure.print()?;
        ledger.close();
    }
    #[cfg(feature = "peers")]
    crate::cedar::run(PART)?;
    Ok(())
}

fn evaluate_us(view: &View, asked: &[(AuthZen, bool)]) -> Outcome<f64> {
    let now = SystemClock::default().now();
    let before_us = thread_us();
    for (request, permit) in asked {
        if view.evaluate(request, now)?.permit != *permit {
            return Err("a wrong decision".into());
        }
    }
    Ok((thread_us() - before_us) / asked.len() as f64)
}

/// Random questions about a ledger, with their answers.
pub(crate) fn asked(plan: Plan, count: u64) -> Outcome<Vec<(AuthZen, bool)>> {
    questions(plan, count)
        .iter()
        .map(|question| {
            let request = AuthZen::read(body(question).as_object().cloned().unwrap_or_default())?;
            Ok((request, question.permit))
        })
        .collect()
}
