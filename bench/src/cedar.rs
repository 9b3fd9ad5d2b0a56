//! What a decision costs where it is made over rules: cedar-policy, of whose rules there is one for each pair that may.

use crate::Outcome;
use crate::figure::{Figure, median};
use crate::process::thread_us;
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use std::fmt::Write;

/// How many rules.
const RULES: [usize; 3] = [10, 100, 1_000];
/// How many decisions are timed at a time.
const TURNS: usize = 200;

/// Measures; half of what is asked is permitted.
pub(crate) fn run(part: &str) -> Outcome {
    let mut smallest_us = None;
    for rules in RULES {
        let mut text = String::new();
        for n in 0..rules {
            writeln!(
                text,
                "permit(principal == Party::\"{n}\", action == Action::\"read\", resource == Person::\"{n}\");"
            )?;
        }
        let (policies, entities, authorizer) =
            (text.parse::<PolicySet>()?, Entities::empty(), Authorizer::new());
        let uid = |kind: &str, id: usize| -> Outcome<EntityUid> { Ok(format!("{kind}::\"{id}\"").parse()?) };
        let ask = |turn: usize| -> Outcome<Request> {
            let (actor, subject) = (turn % rules, (turn + turn % 2) % rules);
            let action = "Action::\"read\"".parse()?;
            Ok(Request::new(uid("Party", actor)?, action, uid("Person", subject)?, Context::empty(), None)?)
        };
        let requests = (0..TURNS).map(ask).collect::<Outcome<Vec<_>>>()?;
        let mut took_us = Vec::new();
        for round in 0..8 {
            let before_us = thread_us();
            for (turn, request) in requests.iter().enumerate() {
                let decision = authorizer.is_authorized(request, &policies, &entities).decision();
                if (decision == Decision::Allow) != (turn % 2 == 0) {
                    return Err("cedar decides otherwise".into());
                }
            }
            if round > 0 {
                took_us.push((thread_us() - before_us) / TURNS as f64);
            }
        }
        let us = median(&took_us);
        let figure = Figure::new(part, format!("cedar-policy's is_authorized, {rules} rules")).is(us, "µs");
        let smallest = *smallest_us.get_or_insert(us);
        let figure = if us > smallest { figure.against(smallest, "the smallest's") } else { figure };
        figure.print()?;
    }
    Ok(())
}
