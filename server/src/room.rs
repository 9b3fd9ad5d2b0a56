//! Where a request's work is done, and how much of it waits.
//!
//! Short work (a signature, a decision, a receipt) takes fractions of a millisecond: the thread that serves the connection
//! does it at once, since handing it to another would cost about as much. But any read may have to wait for a page of the
//! disk, and disks can be slow. So one thread is left that never does such work and goes on serving connections. While all others
//! are at it, and for long work (pages of a list), there are threads that may block: a few at once, the rest waits for its
//! turn, within a bound of number and of time.
//!
//! spec: http.md#overload

use crate::api::problem::Problem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// How long work waits for its turn at most; then it is refused. What is served has waited no longer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How much may wait for its turn.
const MAX_WAITING: usize = 1024;

/// Where work is done.
pub(crate) struct Room {
    /// How many threads that serve connections do short work now.
    at_it: AtomicUsize,
    /// How many may, which depends on the runtime that it is done in.
    at_it_most: OnceLock<usize>,
    /// Turns on the threads that may block.
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Room {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            at_it: AtomicUsize::new(0),
            at_it_most: OnceLock::new(),
            // More at once than this would only wait for each other, and each may hold an answer of megabytes.
            turns: Arc::new(Semaphore::new(cores * 4)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Does short work: here, if there is room, else as long work.
    pub(crate) async fn short<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let most =
            *self.at_it_most.get_or_init(|| Handle::current().metrics().num_workers().saturating_sub(1));
        match Counted::within(&self.at_it, most) {
            // A panic is answered as it is in `long`, and the connection stays.
            Some(_here) => catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(broken_off())),
            None => self.long(work).await,
        }
    }

    /// Does what may take long. Where it is not waited for any longer, it still runs to its end.
    pub(crate) async fn long<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = self.turn().await.ok_or_else(|| Problem::busy(PATIENCE.as_secs()))?;
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work itself, so that work nobody waits for any longer still counts.
            let _turn = turn;
            work()
        });
        done.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a request's work broke off");
            Err(broken_off())
        })
    }

    /// A turn, first come, first served; `None`: too many wait, or it took too long.
    async fn turn(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        if let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() {
            return Some(turn);
        }
        let _waiting = Counted::within(&self.waiting, MAX_WAITING)?;
        // The semaphore is never closed.
        tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await.ok()?.ok()
    }
}

fn broken_off() -> Problem {
    Problem::new("internal", "The request broke off. The operator finds the reason in the log.")
}

/// One of a bounded number, counted until it is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn within(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        let counted = Self(count);
        // Counted first and looked at then: two at once are both counted.
        if count.fetch_add(1, Ordering::Relaxed) < most { Some(counted) } else { None }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    //! Goal: work is done wherever it lands, a panic ends one request, and no number of slow reads keeps a thread from serving
    //! connections. Method: work that waits until it is told, more of it than there are threads.

    use super::*;
    use std::sync::mpsc;
    use std::thread::ThreadId;

    async fn where_it_is_done(room: &Arc<Room>) -> (ThreadId, ThreadId) {
        let room = Arc::clone(room);
        let task = async move {
            let here = std::thread::current().id();
            (here, room.short(|| Ok(std::thread::current().id())).await.unwrap())
        };
        tokio::spawn(task).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn short_work_is_done_here_while_there_is_room() {
        let room = Arc::new(Room::new());
        let (here, there) = where_it_is_done(&room).await;
        assert_eq!(here, there);

        let (hold, held) = mpsc::channel::<()>();
        let (tell, told) = tokio::sync::oneshot::channel();
        let slow = Arc::clone(&room);
        let slow = tokio::spawn(async move {
            slow.short(move || {
                tell.send(()).unwrap();
                let _ = held.recv();
                Ok(())
            })
            .await
        });
        told.await.unwrap();
        let (here, there) = where_it_is_done(&room).await;
        assert_ne!(here, there);
        drop(hold);
        slow.await.unwrap().unwrap();
        assert_eq!(room.at_it.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_panic_ends_one_request() {
        let room = Arc::new(Room::new());
        for _ in 0..8 {
            let done: Result<(), _> = room.short(|| panic!("in a test")).await;
            assert_eq!(done.unwrap_err().name(), "internal");
            let done: Result<(), _> = room.long(|| panic!("in a test")).await;
            assert_eq!(done.unwrap_err().name(), "internal");
        }
        assert_eq!(room.short(|| Ok(1)).await, Ok(1));
        assert_eq!(room.at_it.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_waits_too_long_is_refused_and_the_rest_is_served() {
        let room = Arc::new(Room::new());
        let most = room.turns.available_permits();
        let (hold, held) = mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let slow: Vec<_> = (0..most)
            .map(|_| {
                let (room, held) = (Arc::clone(&room), Arc::clone(&held));
                let wait = move || held.lock().unwrap().recv().map_or(Ok(()), Ok);
                tokio::spawn(async move { room.long(wait).await })
            })
            .collect();
        while room.turns.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = room.long(|| Ok(())).await.unwrap_err();
        assert_eq!((refused.name(), refused.retry_after_s()), ("busy", Some(1)));
        // What was refused takes no room any more.
        assert_eq!(room.waiting.load(Ordering::Relaxed), 0);
        drop(hold);
        for slow in slow {
            slow.await.unwrap().unwrap();
        }
        assert_eq!(room.long(|| Ok(1)).await, Ok(1));
    }
}
