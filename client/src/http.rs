//! Requests to one server: limits, timeouts, and what an answer must look like.

use crate::error::{CallError, Problem};
use procura_core::receipt;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::mem;
use std::time::Duration;
use ureq::{Agent, Body, http};

/// How long one request may take in all. A receipt of many megabytes over a slow line fits.
const TIMEOUT: Duration = Duration::from_secs(120);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How many connections are kept for the next request.
const MAX_CONNECTIONS: usize = 64;
/// What a client says whose policy asks for witnesses: it waits for the point at which their quorum stands.
const WITNESSED: (&str, &str) = ("prefer", "witnessed, wait=10");
/// The largest answer: a receipt.
const MAX_BYTES: u64 = receipt::MAX_BYTES as u64;

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Send<'a> {
    Json(&'a str),
    /// JSON, for the least that is worth having back. spec: http.md#prefer
    Minimal(&'a str),
    Form(&'a [(&'a str, &'a str)]),
}

/// A server's answer with a status below 300.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) body: Vec<u8>,
}

/// One server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    agent: Agent,
    base: String,
    /// Answers are wanted where the quorum of witnesses stands. spec: http.md#prefer
    is_witnessed: bool,
}

/// Whether tokens and records may be sent to this address: over TLS, or to this machine.
fn is_private_way(base: &str) -> bool {
    // `http://localhost@elsewhere` is elsewhere.
    if base.contains('@') {
        return false;
    }
    let host = |rest: &str| rest.split(['/', '?']).next().unwrap_or_default().to_owned();
    match base.split_once("://") {
        Some(("https", rest)) => !host(rest).is_empty(),
        Some(("http", rest)) => {
            let host = host(rest);
            let name = match host.strip_prefix('[') {
                Some(rest) => rest.split(']').next().unwrap_or_default().to_owned(),
                None => host.split(':').next().unwrap_or_default().to_owned(),
            };
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        _ => false,
    }
}

impl Server {
    /// The server at `base`, such as `https://ledger.example`; `None` for an address that is neither `https` nor of
    /// this machine.
    pub(crate) fn new(base: &str) -> Option<Self> {
        let base = base.trim_end_matches('/').to_owned();
        if !is_private_way(&base) {
            return None;
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would take a token or a record elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            // Who sends over several connections at once keeps them all.
            .max_idle_connections(MAX_CONNECTIONS)
            .max_idle_connections_per_host(MAX_CONNECTIONS)
            .user_agent(concat!("procura/", env!("CARGO_PKG_VERSION")))
            .build();
        Some(Self { agent: config.new_agent(), base, is_witnessed: false })
    }

    /// The same server, asked for answers that its witnesses cosigned, or not.
    pub(crate) fn witnessed(mut self, is_witnessed: bool) -> Self {
        self.is_witnessed = is_witnessed;
        self
    }

    /// The address, without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> Result<Reply, CallError> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if self.is_witnessed {
            request = request.header(WITNESSED.0, WITNESSED.1);
        }
        self.read(path, request.call())
    }

    /// An answer that comes bit by bit, for at most so long.
    pub(crate) fn stream(
        &self,
        path: &str,
        token: &str,
        lasts: Duration,
    ) -> Result<impl BufRead + use<>, CallError> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.config().timeout_recv_body(Some(lasts)).build();
        let mut answer = request.call().map_err(|error| self.unreachable(&error))?;
        if answer.status() == 200 {
            let body = mem::replace(answer.body_mut(), Body::builder().data(""));
            return Ok(BufReader::new(body.into_with_config().limit(MAX_BYTES).reader()));
        }
        // Anything else is read as ever, and is no stream.
        self.read(path, Ok(answer))?;
        Err(unexpected(path, "it is no stream"))
    }

    pub(crate) fn post(&self, path: &str, send: Send<'_>, token: Option<&str>) -> Result<Reply, CallError> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if self.is_witnessed {
            request = request.header(WITNESSED.0, WITNESSED.1);
        }
        let answer = match send {
            Send::Json(text) => request.header("content-type", "application/json").send(text),
            Send::Minimal(text) => request
                .header("content-type", "application/json")
                .header("prefer", "return=minimal")
                .send(text),
            Send::Form(pairs) => request.send_form(pairs.iter().copied()),
        };
        self.read(path, answer)
    }

    fn read(
        &self,
        path: &str,
        answer: Result<http::Response<Body>, ureq::Error>,
    ) -> Result<Reply, CallError> {
        let mut answer = answer.map_err(|error| self.unreachable(&error))?;
        let status = answer.status().as_u16();
        let retry_after_s = answer
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse().ok());
        let body = match answer.body_mut().with_config().limit(MAX_BYTES).read_to_vec() {
            Ok(body) => body,
            Err(ureq::Error::BodyExceedsLimit(limit)) => {
                return Err(unexpected(path, &format!("it has over {limit} bytes")));
            }
            Err(error) => return Err(self.unreachable(&error)),
        };
        match status {
            200..300 => Ok(Reply { body }),
            300..400 => Err(unexpected(path, "it points elsewhere; give the server's own address")),
            _ => Err(CallError::Refused(Problem::read(status, &body, retry_after_s))),
        }
    }

    fn unreachable(&self, error: &ureq::Error) -> CallError {
        CallError::Unreachable { server: self.base.clone(), cause: error.to_string() }
    }
}

impl Reply {
    /// The answer as JSON.
    pub(crate) fn json(&self, path: &str) -> Result<Value, CallError> {
        serde_json::from_slice(&self.body).map_err(|_| unexpected(path, "it is no JSON"))
    }

    /// The answer as text.
    pub(crate) fn text(self, path: &str) -> Result<String, CallError> {
        String::from_utf8(self.body).map_err(|_| unexpected(path, "it is no UTF-8 text"))
    }
}

pub(crate) fn unexpected(path: &str, what: &str) -> CallError {
    CallError::Unexpected { path: path.to_owned(), what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_over_tls_or_to_this_machine_only() {
        for good in [
            "https://ledger.example",
            "http://127.0.0.1:8080",
            "http://localhost:1/",
            "http://[::1]:8080",
            "http://127.9.9.9",
        ] {
            assert!(Server::new(good).is_some(), "{good}");
        }
        for bad in [
            "http://ledger.example",
            "ledger.example",
            "ftp://localhost",
            "https://",
            "http://127.0.0.1.example",
            "http://localhost@ledger.example",
            "http://localhost:80@ledger.example",
        ] {
            assert!(Server::new(bad).is_none(), "{bad}");
        }
    }
}
