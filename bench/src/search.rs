//! H. Searches: with whose data may this helper do this? One who has a tenth of all mandates, page by page to the last, over HTTP
//! with a token; each page against one evaluation, and counted in the library.

use crate::Outcome;
use crate::figure::{Figure, median};
use crate::grown::{Grown, Plan};
use crate::http::{Connection, post};
use crate::people::{CATEGORY, PURPOSE, has_helper};
use crate::process::Served;
use crate::size::Size;
use procura_core::Hash;
use procura_core::decide::{Search, Sought};
use procura_ledger::{Clock, Options, SystemClock, Wanted};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Instant;

const PART: &str = "search";
/// Results of a page.
const RESULTS: usize = 50;
/// What a page of 50 may cost.
const EVALUATIONS: f64 = 60.0;

/// Measures.
pub(crate) fn run(size: &Size) -> Outcome {
    for mandates in size.ledgers() {
        let grown = Grown::get(&size.data, Plan::of(mandates), false)?;
        over_http(size, &grown)?;
        counted(&grown)?;
    }
    Ok(())
}

/// Pages and evaluations over one connection, one at a time.
struct Asked<'a> {
    grown: &'a Grown,
    connection: Connection,
}

/// A page, and how to ask for the next one.
struct Page {
    us: f64,
    found: Vec<String>,
    next: Option<String>,
}

impl Asked<'_> {
    fn ask(&mut self, address: &str, body: &Value) -> Outcome<(f64, Value)> {
        let request = post(address, Some(&self.grown.token), &body.to_string());
        let began = Instant::now();
        let (status, answer) = self.connection.ask(&request)?;
        let us = began.elapsed().as_secs_f64() * 1e6;
        if status != 200 {
            return Err(format!("{address}: {status}").into());
        }
        Ok((us, serde_json::from_slice(answer)?))
    }

    fn page(&mut self, token: Option<&str>) -> Outcome<Page> {
        let mut body = question(&self.grown.helper, None);
        let page = token.map_or_else(|| json!({"limit": RESULTS}), |token| json!({ "token": token }));
        body.as_object_mut().ok_or("no object")?.insert("page".to_owned(), page);
        let (us, answer) = self.ask("/access/v1/search/resource", &body)?;
        let found = answer.get("results").and_then(Value::as_array).ok_or("no results")?;
        let id = |result: &Value| Some(result.get("id")?.as_str()?.to_owned());
        let found = found.iter().map(id).collect::<Option<Vec<_>>>().ok_or("a result without id")?;
        let next = answer.pointer("/page/next_token").and_then(Value::as_str).ok_or("no next_token")?;
        Ok(Page { us, found, next: Some(next.to_owned()).filter(|next| !next.is_empty()) })
    }

    /// One evaluation of what a page said.
    fn evaluation(&mut self, found: &str) -> Outcome<f64> {
        let (us, answer) = self.ask("/access/v1/evaluation", &question(&self.grown.helper, Some(found)))?;
        if answer.get("decision") != Some(&Value::Bool(true)) {
            return Err(format!("listed, and not permitted: {answer}").into());
        }
        Ok(us)
    }
}

/// What is asked, about somebody or about all.
fn question(helper: &Hash, about: Option<&str>) -> Value {
    let mut resource = json!({"type": CATEGORY});
    if let (Some(about), Some(members)) = (about, resource.as_object_mut()) {
        members.insert("id".to_owned(), json!(about));
    }
    json!({
        "subject": {"type": "party", "id": format!("party:{helper}")},
        "action": {"name": PURPOSE},
        "resource": resource,
    })
}

fn over_http(size: &Size, grown: &Grown) -> Outcome {
    let server = Served::procura(&grown.data)?;
    let mut asked = Asked { grown, connection: Connection::open(server.address)? };
    let (mut tokens, mut pages_us, mut evaluations_us) = (vec![None], Vec::new(), Vec::new());
    let mut found = BTreeSet::new();
    // Each page is read before anybody asked about those on it; then, of some of them, an evaluation.
    while let Some(token) = tokens.last().cloned() {
        let page = asked.page(token.as_deref())?;
        pages_us.push(page.us);
        for id in &page.found {
            if !found.insert(id.clone()) {
                return Err(format!("listed twice: {id}").into());
            }
        }
        if let Some(id) = page.found.first() {
            evaluations_us.push(asked.evaluation(id)?);
        }
        let Some(next) = page.next else { break };
        tokens.push(Some(next));
    }
    let ids = |n: u64| Ok(format!("party:{}", grown.citizen(n)?.party));
    let wanted: BTreeSet<String> =
        (0..grown.plan.helped).filter(|n| has_helper(*n)).map(ids).collect::<Outcome<_>>()?;
    if found != wanted {
        return Err(format!("{} found, not the {} who gave a mandate", found.len(), wanted.len()).into());
    }
    let (mut first_us, mut last_us, mut one_us) = (Vec::new(), Vec::new(), Vec::new());
    let last = tokens.last().cloned().flatten();
    let near: Vec<String> = asked.page(None)?.found;
    for turn in 0..size.pick(20, 400) {
        first_us.push(asked.page(None)?.us);
        last_us.push(asked.page(last.as_deref())?.us);
        if let Some(id) = near.get(turn % near.len().max(1)) {
            one_us.push(asked.evaluation(id)?);
        }
    }
    let mandates = grown.plan.mandates + grown.plan.helped;
    let figure =
        |what: &str| Figure::new(PART, format!("{what}, {} of {mandates} mandates", grown.plan.helped));
    let (one, once) = (median(&one_us), median(&evaluations_us));
    figure("pages of 50, over HTTP").is(tokens.len() as f64, "").print()?;
    figure("an evaluation, again and again").is(one, "µs").print()?;
    let again = "an evaluation, again and again";
    figure("the first page, again and again")
        .is(median(&first_us), "µs")
        .against(one, again)
        .at_most(EVALUATIONS)
        .print()?;
    figure("the last page, again and again")
        .is(median(&last_us), "µs")
        .against(one, again)
        .at_most(EVALUATIONS)
        .print()?;
    figure("every page once")
        .is(median(&pages_us), "µs")
        .against(once, "an evaluation from it, once")
        .at_most(EVALUATIONS)
        .print()?;
    server.stop()
}

/// The evaluations that each page takes, told by the library.
fn counted(grown: &Grown) -> Outcome {
    let trial = grown.open(Options::default())?;
    let (view, at) = (trial.ledger.view(), SystemClock::default().now());
    let request = question(&grown.helper, None);
    let search = Search::read(Sought::Subjects, request.as_object().cloned().unwrap_or_default())?;
    let (mut after, mut most) = (None, 0);
    loop {
        let page = view.permitted_parties(&search, at, Wanted { after, most: RESULTS }, &|_| true)?;
        most = most.max(page.evaluations);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Figure::new(PART, format!("evaluations of a page at most, {} mandates of one", grown.plan.helped))
        .is(most as f64, "")
        .at_most(EVALUATIONS)
        .print()?;
    trial.ledger.close();
    Ok(())
}
