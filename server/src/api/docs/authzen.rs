//! The shapes of AuthZEN's requests and answers.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// An AuthZEN evaluation request. Other members are ignored.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct EvaluationRequest {
    /// Who wants to act.
    subject: Entity,
    /// `name`: the purpose.
    action: Action,
    /// `type`: the category; `id`: whose data it is.
    resource: Entity,
    /// `on_behalf_of`: for whom. Other members are properties.
    context: Option<Context>,
}

/// A type and an id: `niss:…`, `kbo:…`, or `party:` and an id; or a value in the scheme that the type names.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Entity {
    /// `party` or a scheme; of a resource its category.
    r#type: String,
    /// Who.
    id: String,
    /// What conditions are held against.
    #[schema(value_type = Object, required = false)]
    properties: Value,
}

/// What is done.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Action {
    /// A purpose code.
    name: String,
    /// What conditions are held against.
    #[schema(value_type = Object, required = false)]
    properties: Value,
}

/// Of what it is done.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Context {
    /// For whom the subject acts.
    on_behalf_of: Option<String>,
    /// Who acts along with it, at most 7.
    #[schema(max_items = 7)]
    together_with: Option<Vec<String>>,
    /// What would be if it were an emergency. Only an access that says so, and why, lets data go on that.
    emergency: Option<bool>,
}

/// A decision.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Evaluation {
    /// Yes or no.
    decision: bool,
    /// Why.
    context: Reason,
}

/// Why.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Reason {
    /// spec/decisions.md names them.
    #[schema(example = "mandate")]
    reason: String,
    /// The permit was right by what was known then; something had happened that nobody had recorded yet.
    good_faith: Option<bool>,
    /// What would turn the denial into a permit: one member.
    hint: Option<Hint>,
}

/// What would turn a denial into a permit.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Hint {
    /// So many must act together.
    together: Option<u64>,
    /// The grant must be given anew with a key bound this surely: `substantial` or `high`.
    assurance: Option<String>,
    /// A condition looks at this property of the request, which was not sent.
    property: Option<String>,
    /// `true`: the law permits an access in an emergency that says so, and why.
    emergency: Option<bool>,
}

/// Several questions. What all have in common stands beside them; each replaces what it has itself, whole. Without `evaluations`
/// it is one question.
///
/// A member is only read as part of a question that needs it, and what is wrong with one question is that question's answer: so
/// the shapes of `EvaluationRequest` are what a question should have, and no condition on the request.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct EvaluationsRequest {
    /// Who wants to act, unless a question says otherwise.
    #[schema(value_type = Option<Object>)]
    subject: Option<Entity>,
    /// The purpose, unless a question says otherwise.
    #[schema(value_type = Option<Object>)]
    action: Option<Action>,
    /// The category and whose data it is, unless a question says otherwise.
    #[schema(value_type = Option<Object>)]
    resource: Option<Entity>,
    /// The circumstances, unless a question says otherwise.
    #[schema(value_type = Option<Object>)]
    context: Option<Context>,
    /// The questions: what each has besides what all have in common.
    #[schema(max_items = 100)]
    evaluations: Option<Vec<Value>>,
    /// How they are asked.
    options: Option<EvaluationsOptions>,
}

/// How several questions are asked.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct EvaluationsOptions {
    /// `execute_all`, which is what goes without saying, `deny_on_first_deny` or `permit_on_first_permit`.
    #[schema(pattern = "^(execute_all|deny_on_first_deny|permit_on_first_permit)$")]
    evaluations_semantic: Option<String>,
}

/// The decisions, or the one.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Evaluations {
    /// In the order of the questions, as far as these were asked.
    evaluations: Option<Vec<EvaluationOrError>>,
    /// If the request was one question.
    decision: Option<bool>,
    /// Why.
    context: Option<Reason>,
}

/// The decision of one of several questions.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct EvaluationOrError {
    /// Yes or no.
    decision: bool,
    /// Why, or what is wrong with the question.
    context: ReasonOrError,
}

/// Why, or what is wrong with the question.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct ReasonOrError {
    /// spec/decisions.md names them.
    #[schema(example = "mandate")]
    reason: Option<String>,
    /// As of one question.
    good_faith: Option<bool>,
    /// As of one question.
    hint: Option<Hint>,
    /// The question could not be decided.
    error: Option<EvaluationError>,
}

/// Why a question could not be decided.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct EvaluationError {
    /// What it would be answered with alone: 400.
    status: u16,
    /// What is wrong.
    message: String,
}

/// Who may? An AuthZEN subject search.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct SubjectSearch {
    /// `type`: `party`, or a scheme of identifiers. An `id` is passed over.
    subject: Sought,
    /// The purpose.
    action: Action,
    /// The category and whose data it is.
    resource: Entity,
    /// The circumstances.
    context: Option<Context>,
    /// Which page.
    page: Option<PageRequest>,
}

/// With whose data? An AuthZEN resource search.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct ResourceSearch {
    /// Who wants to act.
    subject: Entity,
    /// The purpose.
    action: Action,
    /// `type`: the category. An `id` is passed over.
    resource: Sought,
    /// The circumstances.
    context: Option<Context>,
    /// Which page.
    page: Option<PageRequest>,
}

/// For which purposes? An AuthZEN action search.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct ActionSearch {
    /// Who wants to act.
    subject: Entity,
    /// The category and whose data it is.
    resource: Entity,
    /// The circumstances.
    context: Option<Context>,
    /// Which page.
    page: Option<PageRequest>,
}

/// What is looked for: by its type only.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Sought {
    /// Its type.
    r#type: String,
    /// What conditions are held against.
    #[schema(value_type = Object, required = false)]
    properties: Value,
}

/// Which page of what is found.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct PageRequest {
    /// The `next_token` of the page before.
    token: Option<String>,
    /// How many at most; 50, and never more.
    limit: Option<u64>,
}

/// What follows.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Page {
    /// For the next page; empty if this is the last.
    next_token: String,
    /// How many results this page has.
    count: u64,
}

/// Those who may.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Subjects {
    /// If there is more, or a page was asked for.
    page: Option<Page>,
    /// Of the type asked for.
    results: Vec<FoundParty>,
}

/// Those whose data it is.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Resources {
    /// If there is more, or a page was asked for.
    page: Option<Page>,
    /// Of the category asked for.
    results: Vec<FoundParty>,
}

/// A party.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct FoundParty {
    /// As it was asked for.
    r#type: String,
    /// `party:` and an id, or its identifier's value in the scheme that `type` names.
    id: String,
}

/// Purposes.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Actions {
    /// If there is more, or a page was asked for.
    page: Option<Page>,
    /// By code.
    results: Vec<FoundAction>,
}

/// A purpose.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct FoundAction {
    /// Its code.
    #[schema(example = "read")]
    name: String,
}

/// AuthZEN metadata.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct AuthZenConfiguration {
    /// The server.
    policy_decision_point: String,
    /// Where to ask.
    access_evaluation_endpoint: String,
    /// Where to ask several questions at once.
    access_evaluations_endpoint: String,
    /// Where to search for who may.
    search_subject_endpoint: String,
    /// Where to search for whose data.
    search_resource_endpoint: String,
    /// Where to search for purposes.
    search_action_endpoint: String,
}
