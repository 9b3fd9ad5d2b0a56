//! The vectors of `spec/vectors/`: one case a file, one reason a case.
//!
//! Each area writes its cases (`cases`) and runs one case against the core (`run`). The files are the same
//! byte for byte on every run: keys, nonces and times are fixed.

pub mod condition;
pub mod decision;
pub mod encoding;
pub mod index;
pub mod log;
pub mod presentation;
pub mod receipt;
pub mod record;
pub mod renewal;
pub mod vrf;

use serde_json::Value;

/// One vector: `spec/vectors/<area>/<name>.json`.
#[derive(Debug, Clone)]
pub struct Case {
    /// File name without `.json`: lower case words joined by `-`, unique in its area.
    pub name: String,
    /// An object with `reason` (one sentence), `expect` (`"accept"` or the stable name of the one error) and
    /// the area's own members.
    pub body: Value,
}

impl Case {
    /// A case whose `members` object is completed with `reason` and `expect`.
    #[must_use]
    pub fn new(name: &str, reason: &str, expect: &str, members: Value) -> Self {
        let mut body = serde_json::json!({ "reason": reason, "expect": expect });
        if let (Some(body), Value::Object(members)) = (body.as_object_mut(), members) {
            body.extend(members);
        }
        Self { name: name.to_owned(), body }
    }

    /// The case with its members changed.
    #[must_use]
    pub fn change(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.body);
        self
    }
}

/// A folder of `spec/vectors/`.
pub struct Area {
    /// The folder's name.
    pub name: &'static str,
    /// Writes every case.
    pub cases: fn() -> Vec<Case>,
    /// Runs one case's body against the core: `"accept"` or the stable name of the error it met.
    pub run: fn(&Value) -> String,
}

/// Every area.
pub const AREAS: &[Area] = &[
    Area { name: "condition", cases: condition::cases, run: condition::run },
    Area { name: "decision", cases: decision::cases, run: decision::run },
    Area { name: "encoding", cases: encoding::cases, run: encoding::run },
    Area { name: "index", cases: index::cases, run: index::run },
    Area { name: "log", cases: log::cases, run: log::run },
    Area { name: "presentation", cases: presentation::cases, run: presentation::run },
    Area { name: "receipt", cases: receipt::cases, run: receipt::run },
    Area { name: "record", cases: record::cases, run: record::run },
    Area { name: "renewal", cases: renewal::cases, run: renewal::run },
    Area { name: "vrf", cases: vrf::cases, run: vrf::run },
];
