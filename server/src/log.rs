//! The log's way out: lines are put down in memory, and a thread of its own writes them. So no request waits for a terminal, a
//! pipe or a journal; if that stands still, lines are lost and counted rather than kept without bound.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// The most bytes that wait to be written.
const MAX_WAITING_BYTES: usize = 1 << 20;
/// How long lines gather before they are written together.
const GATHER: Duration = Duration::from_millis(5);

/// Where lines are put down. Clones are the same place.
#[derive(Clone)]
pub struct LogLines(Arc<Shared>);

/// Writes what was put down. When it is dropped, everything has been written.
pub struct LogWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    bell: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    lost: u64,
    is_over: bool,
}

impl Shared {
    /// The lines are whole between any two statements.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is logged. The client that talks to identity providers (and collectors) writes what it sends and gets, which names people.
///
/// # Errors
/// If that is no filter of tracing-subscriber.
pub fn log_filter(wanted: &str) -> Result<EnvFilter, ParseError> {
    let filter = EnvFilter::try_new(wanted)?;
    #[cfg(any(feature = "oidc", feature = "otlp"))]
    let filter = filter.add_directive("ureq=off".parse()?).add_directive("ureq_proto=off".parse()?);
    Ok(filter)
}

/// Begins to write to `out`.
///
/// # Errors
/// If the system has no thread to give.
pub fn log_to(out: impl Write + Send + 'static) -> io::Result<(LogLines, LogWriter)> {
    let shared = Arc::new(Shared::default());
    let for_thread = Arc::clone(&shared);
    let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || write(&for_thread, out))?;
    Ok((LogLines(Arc::clone(&shared)), LogWriter { shared, thread: Some(thread) }))
}

fn write(shared: &Shared, mut out: impl Write) {
    let mut lines = Vec::new();
    loop {
        let mut waiting = shared.lock();
        while waiting.bytes.is_empty() && waiting.lost == 0 && !waiting.is_over {
            waiting = shared.bell.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        if !waiting.is_over {
            drop(waiting);
            std::thread::sleep(GATHER);
            waiting = shared.lock();
        }
        std::mem::swap(&mut waiting.bytes, &mut lines);
        let (lost, is_over) = (std::mem::take(&mut waiting.lost), waiting.is_over);
        drop(waiting);
        // Whoever reads the log is gone: there is nobody to tell.
        drop(out.write_all(&lines));
        lines.clear();
        if lost > 0 {
            drop(writeln!(
                out,
                "{lost} lines of the log were lost: they came faster than they could be written"
            ));
        }
        if is_over {
            drop(out.flush());
            return;
        }
    }
}

impl Write for LogLines {
    /// A line, whole: it is kept or lost as one.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        if waiting.bytes.len() + line.len() > MAX_WAITING_BYTES {
            waiting.lost += 1;
        } else {
            if waiting.bytes.is_empty() {
                self.0.bell.notify_one();
            }
            waiting.bytes.extend_from_slice(line);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.bell.notify_one();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: every line is written in order as long as the way out works; if it stands still nobody waits, and what is lost is
    //! told. Method: a way out into memory that stops when told.

    use super::*;
    use std::sync::mpsc::{Receiver, channel};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Kept {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    #[test]
    fn every_line_in_order() {
        let kept = Kept::default();
        let (mut lines, writer) = log_to(kept.clone()).unwrap();
        let expected: String = (0..2_000).map(|n| format!("line {n}\n")).collect();
        for line in expected.split_inclusive('\n') {
            lines.write_all(line.as_bytes()).unwrap();
        }
        drop(writer);
        assert_eq!(kept.text(), expected);
    }

    struct Stuck(Kept, Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.1.recv();
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_does_not_get_out_is_lost_and_told() {
        let (kept, (go, wait)) = (Kept::default(), channel());
        let (mut lines, writer) = log_to(Stuck(kept.clone(), wait)).unwrap();
        let line = [b'x'; 1024];
        (0..4 * MAX_WAITING_BYTES / line.len()).for_each(|_| lines.write_all(&line).unwrap());
        assert!(lines.0.lock().bytes.len() <= MAX_WAITING_BYTES);
        drop(go);
        drop(writer);
        let text = kept.text();
        assert!(text.contains(" lines of the log were lost") && text.len() < 3 * MAX_WAITING_BYTES);
    }
}
