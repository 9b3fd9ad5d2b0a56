//! Work behind the requests: a thread that does what is to be done part by part, sleeps while there is nothing, and is woken when there
//! may be something.

use std::fmt::Display;
use std::io::Write as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Wakes the thread, which ends when this is dropped.
pub struct Wake {
    sender: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Wake {
    /// Does parts from now on: `part` says whether there was anything, or why nothing could be done now. After nothing, or after an error,
    /// it is left alone for `pause`, unless it is woken.
    pub fn start<E: Display>(
        what: &'static str,
        pause: Duration,
        part: impl Fn() -> Result<bool, E> + Send + 'static,
    ) -> Self {
        let (sender, woken) = channel();
        let thread = std::thread::spawn(move || run(what, pause, part, &woken));
        Self { sender: Some(sender), thread: Some(thread) }
    }

    /// There may be something to do.
    pub fn wake(&self) {
        if let Some(sender) = &self.sender {
            // It ends only with this value.
            sender.send(()).unwrap_or_default();
        }
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        drop(self.sender.take());
        self.thread.take().map(JoinHandle::join);
    }
}

fn run<E: Display>(what: &str, pause: Duration, part: impl Fn() -> Result<bool, E>, woken: &Receiver<()>) {
    loop {
        let did = part();
        if let Err(error) = &did {
            drop(writeln!(std::io::stderr(), "{what}: not now: {error}"));
        }
        let is_over = match did {
            Ok(true) => woken.try_recv() == Err(TryRecvError::Disconnected),
            Ok(false) | Err(_) => woken.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected),
        };
        if is_over {
            return;
        }
    }
}
