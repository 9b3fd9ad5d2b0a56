//! Several questions in one request, decided on one state for one instant.
//!
//! spec: http.md#evaluations

use super::{Context, Evaluation, Failure, Refused, decide};
use crate::api::auth::{Bearer, Caller};
use crate::api::body::{MAX_REQUEST_BYTES, MediaType, open_object, read};
use crate::api::problem::Problem;
use crate::app::App;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use procura_core::Millis;
use procura_core::decide::AuthZen;
use procura_core::json::{Borrowed, Field, MemberError, Members};
use procura_ledger::View;
use serde::Serialize;
use serde_json::{Map, Value};

/// The most questions in one request.
const MAX_EVALUATIONS: usize = 100;
/// What the questions have in common unless they say otherwise.
const DEFAULTS: [&str; 4] = ["subject", "action", "resource", "context"];

/// When no further question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Semantic {
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

const SEMANTICS: [(&str, Semantic); 3] = [
    ("execute_all", Semantic::ExecuteAll),
    ("deny_on_first_deny", Semantic::DenyOnFirstDeny),
    ("permit_on_first_permit", Semantic::PermitOnFirstPermit),
];

impl Semantic {
    /// Whether a decision is the last.
    const fn ends_with(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }
}

/// What is asked.
#[derive(Debug)]
enum Asked {
    /// No `evaluations`, or none in it: the request is one question itself.
    One(Map<String, Value>),
    Several {
        questions: Vec<Value>,
        defaults: Map<String, Value>,
        semantic: Semantic,
    },
}

/// The answers in the order of the questions, as far as these were asked.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::api) enum Evaluations {
    One(Evaluation),
    Several { evaluations: Vec<Evaluation> },
}

/// Several questions at once. What is wrong with one of them is its denial, with an `error` in its context.
#[utoipa::path(
    post,
    path = "/access/v1/evaluations",
    tag = "access",
    security(("bearer" = [])),
    params(("X-Request-ID" = Option<String>, Header, description = "Echoed")),
    request_body(content = crate::api::docs::EvaluationsRequest),
    responses(
        (status = 200, description = "The decisions in the order asked; without `evaluations` in the request one decision", body = crate::api::docs::Evaluations),
        (status = 400, description = "What all have in common is mistyped, or they are more than 100; the message", body = String, content_type = "text/plain"),
        (status = 401, description = "No token in force; the message", body = String, content_type = "text/plain"),
        (status = 500, description = "The ledger could not be read; the message", body = String, content_type = "text/plain"),
        (status = 503, description = "Ask again; the message", body = String, content_type = "text/plain"),
    )
)]
pub(in crate::api) async fn evaluations(
    State(app): State<App>,
    bearer: Bearer,
    media_type: MediaType,
    body: Body,
) -> Result<Json<Evaluations>, Refused> {
    let body = read(&app, body, MAX_REQUEST_BYTES).await?;
    let at = app.now();
    let answer = app.ask_long(bearer, move |view, caller| {
        media_type.expect(MediaType::Json)?;
        match Asked::read(open_object(&body.bytes)?)? {
            Asked::One(object) => Ok(Evaluations::One(one(view, caller, object, at)?)),
            Asked::Several { questions, defaults, semantic } => {
                let mut evaluations = Vec::with_capacity(questions.len());
                for question in questions {
                    let evaluation = or_failed(one(view, caller, whole(question, &defaults), at))?;
                    let is_last = semantic.ends_with(evaluation.decision);
                    evaluations.push(evaluation);
                    if is_last {
                        break;
                    }
                }
                Ok(Evaluations::Several { evaluations })
            }
        }
    });
    Ok(Json(answer.await?))
}

fn one(view: &View, caller: &Caller, object: Map<String, Value>, at: Millis) -> Result<Evaluation, Problem> {
    let request = AuthZen::read(object).map_err(|error| error.0)?;
    Ok(decide(view, caller, request, at)?)
}

/// What is wrong with one question is no, and says why; what is wrong with the ledger is no answer at all.
fn or_failed(evaluation: Result<Evaluation, Problem>) -> Result<Evaluation, Problem> {
    match evaluation {
        Err(problem) if !problem.status().is_server_error() => {
            let error =
                Failure { status: StatusCode::BAD_REQUEST.as_u16(), message: problem.detail().to_owned() };
            Ok(Evaluation { decision: false, context: Context::Failed { error } })
        }
        answer => answer,
    }
}

/// A question with the members that it does not have itself; each is replaced whole.
fn whole(question: Value, defaults: &Map<String, Value>) -> Map<String, Value> {
    // No object says nothing, and gets no default: it fails for what it lacks.
    let Value::Object(mut question) = question else { return Map::new() };
    for (name, value) in defaults {
        question.entry(name.as_str()).or_insert_with(|| value.clone());
    }
    question
}

impl Asked {
    fn read(mut object: Map<String, Value>) -> Result<Self, Problem> {
        let mut members = Members::new(
            ["evaluations", "options"]
                .into_iter()
                .filter_map(|name| object.remove(name).map(|value| (name.to_owned(), value)))
                .collect(),
        );
        let questions = members.take_opt("evaluations", |field| field.array_of(Field::value))?;
        let semantic = match members.take_opt("options", Field::object)? {
            Some(mut options) => {
                options.take_opt("evaluations_semantic", |field| field.one_of(&SEMANTICS))?
            }
            None => None,
        };
        let questions = match questions {
            Some(questions) if !questions.is_empty() => questions,
            _ => return Ok(Self::One(object)),
        };
        if questions.len() > MAX_EVALUATIONS {
            let detail = format!("A request has at most {MAX_EVALUATIONS} evaluations; send more requests.");
            return Err(Problem::new("oversized", detail));
        }
        let mut defaults = Map::new();
        let mut members = Members::new(object);
        for name in DEFAULTS {
            if let Some(value) = members.take_opt(name, an_object)? {
                defaults.insert(name.to_owned(), value);
            }
        }
        Ok(Self::Several { questions, defaults, semantic: semantic.unwrap_or(Semantic::ExecuteAll) })
    }
}

fn an_object(field: Field) -> Result<Value, MemberError> {
    if matches!(field.peek(), Borrowed::Object(_)) { field.value() } else { Err(field.mistyped("an object")) }
}

#[cfg(test)]
mod tests {
    //! Goal: defaults are taken and replaced whole, and what concerns all questions is refused for all. Method: one request for
    //! each.

    use super::*;
    use serde_json::json;

    fn asked(request: &Value) -> Result<Asked, Problem> {
        Asked::read(request.as_object().unwrap().clone())
    }

    #[test]
    fn a_member_is_replaced_whole() {
        let defaults =
            json!({"subject": {"type": "party", "properties": {"role": "clerk"}}, "action": {"name": "a"}});
        let Ok(Asked::Several { questions, defaults, .. }) = asked(&json!({
            "subject": defaults["subject"], "action": defaults["action"], "other": 1,
            "evaluations": [{}, {"subject": {"type": "kbo"}}, {"action": null}, 7],
        })) else {
            panic!("one question")
        };
        let whole: Vec<Value> = questions.into_iter().map(|one| whole(one, &defaults).into()).collect();
        assert_eq!(whole[0], json!(defaults));
        assert_eq!(whole[1], json!({"subject": {"type": "kbo"}, "action": {"name": "a"}}));
        assert_eq!(whole[2]["action"], Value::Null);
        assert_eq!(whole[3], json!({}));
    }

    #[test]
    fn one_question_or_several() {
        let one = json!({"subject": 1});
        for request in [one.clone(), json!({"subject": 1, "evaluations": []})] {
            assert!(matches!(asked(&request), Ok(Asked::One(object)) if Value::from(object.clone()) == one));
        }
        let of = |n: usize| asked(&json!({"evaluations": vec![json!({}); n]}));
        assert!(of(MAX_EVALUATIONS).is_ok());
        assert_eq!(of(MAX_EVALUATIONS + 1).unwrap_err().name(), "oversized");
    }

    #[test]
    fn what_concerns_all_is_refused_for_all() {
        for request in [
            json!({"evaluations": {}}),
            json!({"evaluations": null}),
            json!({"evaluations": [{}], "options": []}),
            json!({"evaluations": [{}], "options": {"evaluations_semantic": "first"}}),
            json!({"evaluations": [{}], "options": {"evaluations_semantic": null}}),
            json!({"evaluations": [{}], "subject": "alice"}),
            json!({"evaluations": [{}], "context": []}),
        ] {
            assert_eq!(asked(&request).unwrap_err().name(), "member_mistyped", "{request}");
        }
        let known = json!({"evaluations": [{}], "options": {"another": 1}});
        assert!(matches!(asked(&known), Ok(Asked::Several { semantic: Semantic::ExecuteAll, .. })));
    }
}
