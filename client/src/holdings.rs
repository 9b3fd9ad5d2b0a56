//! Who says that they hold somebody's data.
//!
//! spec: http.md#ours

use crate::client::Client;
use crate::error::ReadError;
use crate::http::{Send, unexpected};
use procura_core::Hash;
use procura_core::days::Day;
use serde_json::{Value, json};

/// A holding: a source says that it has these data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The holding's id. Its receipt proves it.
    pub id: Hash,
    /// Who holds them.
    pub source: Hash,
    /// Whether the catalogue names them as the authentic source.
    pub authentic: bool,
    /// Which categories.
    pub scopes: Vec<String>,
    /// Since when.
    pub since: Day,
}

impl Client {
    /// Who says that they hold data of `subject` in `category`, a code, the newest first: so that nobody is asked for what an
    /// institution has already. The server's word, as far as what it leaves out goes; each is proven by its receipt. For
    /// institutions, and the subject.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn holdings_unverified(&self, subject: &Hash, category: &str) -> Result<Vec<Held>, ReadError> {
        const PATH: &str = "/v1/holdings";
        let body = json!({ "subject": format!("party:{subject}"), "category": category }).to_string();
        let answer =
            self.private(|token| self.server.post(PATH, Send::Json(&body), Some(token))?.json(PATH))?;
        let rows = answer.get("holdings").and_then(Value::as_array);
        let held: Option<Vec<Held>> = rows.and_then(|rows| rows.iter().map(read).collect());
        Ok(held.ok_or_else(|| unexpected(PATH, "it has no holdings, or one that is none"))?)
    }
}

fn read(row: &Value) -> Option<Held> {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let scopes = row.get("scopes")?.as_array()?.iter();
    Some(Held {
        id: text("id")?.parse().ok()?,
        source: text("source")?.parse().ok()?,
        authentic: row.get("authentic")?.as_bool()?,
        scopes: scopes.map(|scope| scope.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        since: text("since")?.parse().ok()?,
    })
}
