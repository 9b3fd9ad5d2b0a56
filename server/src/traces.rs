//! Traces: of each request a span, sent to a collector by OTLP over HTTP, within the trace of who asks (W3C Trace Context).
//!
//! A span says what the log's line says, and names nobody: method, the route's template, status, the problem's name, the request's
//! id. Of a client's headers only `traceparent` is read, which holds nothing but numbers.

use async_trait::async_trait;
use axum::http::{HeaderMap, Method};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer};
use opentelemetry::{KeyValue, global};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::time::Duration;
use ureq::Agent;

const NAME: &str = "procura";
const TRACEPARENT: &str = "traceparent";
/// How long a collector may take. While one does not answer, at most 2,048 spans wait, and those beyond are lost.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What is sent; when it is dropped, what waited was sent, or the collector did not answer.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    pub(crate) fn start(url: &str) -> Result<Self, ExporterBuildError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new())
            .with_endpoint(url)
            .with_timeout(TIMEOUT)
            .build()?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder_empty().with_service_name(NAME).with_attribute(version).build();
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        global::set_tracer_provider(provider.clone());
        Ok(Self(provider))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(TIMEOUT) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// A request's span.
pub(crate) struct Span(global::BoxedSpan);

impl Span {
    pub(crate) fn begin(headers: &HeaderMap, method: &Method, route: Option<&str>, id: &str) -> Self {
        let parent = TraceContextPropagator::new().extract(&Parent(headers));
        let route = route.unwrap_or("-").to_owned();
        // A method that is none of HTTP's is a client's own text.
        let method = if is_known(method) { method.as_str() } else { "_OTHER" }.to_owned();
        let tracer = global::tracer(NAME);
        let span = tracer.span_builder(format!("{method} {route}")).with_kind(SpanKind::Server);
        let span = span.with_attributes([
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route),
            KeyValue::new("procura.request_id", id.to_owned()),
        ]);
        Self(tracer.build_with_context(span, &parent))
    }

    pub(crate) fn end(mut self, status: u16, problem: Option<&'static str>) {
        self.0.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if let Some(name) = problem {
            self.0.set_attribute(KeyValue::new("error.type", name));
        }
        if status >= 500 {
            self.0.set_status(Status::error(problem.unwrap_or_default()));
        }
        self.0.end();
    }
}

fn is_known(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        .contains(method)
}

/// The one header that is read.
struct Parent<'a>(&'a HeaderMap);

impl Extractor for Parent<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        (name == TRACEPARENT).then(|| self.0.get(TRACEPARENT)?.to_str().ok()).flatten()
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

/// The way to the collector. Blocks: spans are sent by a thread of their own.
#[derive(Debug)]
struct Client(Agent);

impl Client {
    fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .user_agent(concat!("procura-server/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(config.new_agent())
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let mut answer = self.0.run(Request::from_parts(head, body.as_ref()))?;
        let body = answer.body_mut().with_config().limit(64 * 1024).read_to_vec()?;
        let (head, _) = answer.into_parts();
        Ok(Response::from_parts(head, body.into()))
    }
}
