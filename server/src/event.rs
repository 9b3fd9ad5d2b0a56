//! An entry as it is told to whom it concerns: a CloudEvent, in streams and in webhooks.
//!
//! spec: http.md#events

use crate::api::problem::Problem;
use procura_core::entry::Entry;
use procura_core::json::parse_canonical;
use procura_core::source::Logged;
use procura_ledger::View;
use serde_json::{Value, json};

/// The event. It says that something is there, not what.
pub(crate) fn event(view: &View, logged: &Logged) -> Result<Value, Problem> {
    let opened = logged.opened.as_ref();
    let payload = opened.map(|opened| parse_canonical(opened.record.jws().payload())).transpose()?;
    let member = |name: &str| payload.as_ref().and_then(|payload| payload.get(name)).cloned();
    let kind = member("kind").unwrap_or_else(|| json!("erased"));
    let time = logged.entry.time();
    let written = i64::try_from(time.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let status = match &logged.entry {
        Entry::Transition { status, .. } => Some(status.to_string()),
        entry => entry.status().map(|status| status.to_string()),
    };
    let event = json!({
        "specversion": "1.0",
        "id": logged.index.0.to_string(),
        "source": view.origin(),
        "type": format!("procura.record.{}", kind.as_str().unwrap_or_default()),
        "time": written.map(|time| time.to_string()),
        "subject": member("target").unwrap_or_else(|| json!(logged.entry.id())),
        "datacontenttype": "application/json",
        "data": {
            "id": logged.entry.id(), "index": logged.index, "time": time, "kind": kind,
            "target": member("target"), "status": status,
        },
    });
    Ok(without_nulls(event))
}

/// A member that says nothing is not there.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        other => other,
    }
}
