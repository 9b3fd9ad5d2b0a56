//! A line of the log: time, level, where it comes from, what, and of which request, if it is of one. One is written for every request, so it is made as plainly as
//! it reads; and since part of it may be a client's doing, it stays one line, without control characters.

use crate::api::request;
use jiff::Timestamp;
use std::cell::RefCell;
use std::fmt::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// What the id of a request is called.
const REQUEST_ID: &str = "request_id";

/// The format.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogLine;

impl<S, N> FormatEvent<S, N> for LogLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write_time(&mut writer, SystemTime::now())?;
        writer.write_char(' ')?;
        writer.write_str(event.metadata().level().as_str())?;
        writer.write_char(' ')?;
        writer.write_str(event.metadata().target())?;
        writer.write_char(':')?;
        let mut fields = Fields { out: OneLine(&mut writer), has_id: false, result: Ok(()) };
        event.record(&mut fields);
        let has_id = fields.has_id;
        fields.result?;
        if let Some(id) = request::id().filter(|_| !has_id) {
            write!(writer, " {REQUEST_ID}={id}")?;
        }
        writer.write_char('\n')
    }
}

thread_local! {
    /// The last second that this thread wrote, and how that is written.
    static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
}

/// `2026-11-26T12:00:00.000Z`.
fn write_time(out: &mut impl Write, at: SystemTime) -> fmt::Result {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let second = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    SECOND.with_borrow_mut(|(known, text)| {
        if *known != second {
            text.clear();
            let time = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
            write!(text, "{time}")?;
            // What is left is without the Z.
            text.pop();
            *known = second;
        }
        out.write_str(text)
    })?;
    let ms = since.subsec_millis();
    out.write_char('.')?;
    for unit in [100, 10, 1] {
        out.write_char(char::from_digit(ms / unit % 10, 10).unwrap_or('0'))?;
    }
    out.write_char('Z')
}

/// Writes ` name=value`, and the message without its name.
struct Fields<'a, W: Write> {
    out: OneLine<'a, W>,
    /// The event says itself of which request it is.
    has_id: bool,
    result: fmt::Result,
}

impl<W: Write> Fields<'_, W> {
    fn write(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if self.result.is_ok() {
            self.result = self.name(field).and_then(|()| match value.as_str() {
                Some(text) => self.out.write_str(text),
                None => self.out.write_fmt(value),
            });
        }
    }

    fn name(&mut self, field: &Field) -> fmt::Result {
        self.out.write_str(" ")?;
        if field.name() == "message" {
            return Ok(());
        }
        self.has_id |= field.name() == REQUEST_ID;
        self.out.write_str(field.name())?;
        self.out.write_str("=")
    }
}

impl<W: Write> Visit for Fields<'_, W> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if self.result.is_ok() {
            self.result = self.name(field).and_then(|()| self.out.write_str(value));
        }
    }
}

/// Lets nothing through that would end the line or steer a terminal.
struct OneLine<'a, W: Write>(&'a mut W);

impl<W: Write> Write for OneLine<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return self.0.write_str(text);
        }
        for c in text.chars() {
            if c.is_control() { write!(self.0, "{}", c.escape_default())? } else { self.0.write_char(c)? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a line says when, how grave, where and what, and stays a line. Method: one of each kind of value.

    use super::*;
    use crate::log_to;
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line() {
        let kept = Kept::default();
        let (lines, writer) = log_to(kept.clone()).unwrap();
        let subscriber =
            tracing_subscriber::fmt().event_format(LogLine).with_writer(move || lines.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let error = io::Error::other("a\nb\u{1b}[31mc\u{9b}é");
            tracing::warn!(%error, count = 3_u64, is = true, route = "/v1/records/{id}", "what {}", "happened");
        });
        drop(writer);
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let (time, rest) = text.split_once(' ').unwrap();
        assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
        assert_eq!(
            rest,
            "WARN procura_server::log_line::tests: what happened error=a\\nb\\u{1b}[31mc\\u{9b}é count=3 is=true route=/v1/records/{id}\n"
        );
    }

    #[test]
    fn a_line_says_of_which_request_it_is_once() {
        let kept = Kept::default();
        let (lines, writer) = log_to(kept.clone()).unwrap();
        let subscriber =
            tracing_subscriber::fmt().event_format(LogLine).with_writer(move || lines.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("of none");
            let carried = request::ID.sync_scope("one".into(), || {
                tracing::info!("here");
                tracing::info!(request_id = "one", "by itself");
                request::carry(|| tracing::info!("elsewhere"))
            });
            tracing::info!("of none again");
            carried();
        });
        drop(writer);
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let said: Vec<_> = text.lines().map(|line| line.split_once("tests: ").unwrap().1).collect();
        let expected = [
            "of none",
            "here request_id=one",
            "by itself request_id=one",
            "of none again",
            "elsewhere request_id=one",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn times_have_milliseconds() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (7, "1970-01-01T00:00:00.007Z"),
            (1_795_431_600_999, "2026-11-23T11:00:00.999Z"),
            (1_795_431_601_000, "2026-11-23T11:00:01.000Z"),
        ] {
            let mut text = String::new();
            write_time(&mut text, UNIX_EPOCH + Duration::from_millis(ms)).unwrap();
            assert_eq!(text, expected);
        }
    }
}
