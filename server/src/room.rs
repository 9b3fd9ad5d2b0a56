//! Where a request's work is done, and how long it waits for that.
//!
//! Short work (a signature, a decision, a receipt) takes fractions of a millisecond: the thread that serves the connection
//! does it at once, since handing it to another would cost about as much. But any read may have to wait for a page of the
//! disk, and disks can be slow. So one of these threads never does such work and goes on serving connections; while all others are
//! at it, the next work waits for its turn. Long work (pages of a list) is for threads that may block, a few at once.
//!
//! spec: http.md#overload

use crate::api::problem::Problem;
use crate::api::request;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// How long a read waits for its turn at most; then it is refused. So what is served has waited no longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where work is done.
pub(crate) struct Room {
    /// Turns on the threads that serve connections: how many depends on the runtime that this is first used in.
    short: OnceLock<Turns>,
    /// Turns on the threads that may block.
    long: Arc<Semaphore>,
}

/// Turns for short work.
///
/// Nobody waits for a turn in a line that it is handed along: who is next runs only when its task comes up, and among thousands
/// of tasks, most of which are to be refused, each turn would lie idle that long. A turn that is given back is anybody's who
/// runs; one of each who wait is woken to try.
struct Turns {
    free: Semaphore,
    reads: Notify,
    submissions: Notify,
}

/// How often a read finds that another was faster, before the next turn is kept for it: it waits behind few submissions, however
/// many wait.
const TRIES: usize = 2;

/// A turn, until it is dropped.
struct Turn<'a> {
    permit: Option<SemaphorePermit<'a>>,
    turns: &'a Turns,
}

/// Wakes who waits, when it is dropped.
struct Bells<'a>(&'a Turns);

impl Turns {
    fn new(count: usize) -> Self {
        Self { free: Semaphore::new(count), reads: Notify::new(), submissions: Notify::new() }
    }

    fn free(&self) -> Option<Turn<'_>> {
        self.free.try_acquire().ok().map(|permit| self.turn(Some(permit)))
    }

    fn turn<'a>(&'a self, permit: Option<SemaphorePermit<'a>>) -> Turn<'a> {
        Turn { permit, turns: self }
    }

    /// A turn that is free, or was so after `bell` rang.
    async fn next(&self, bell: &Notify) -> Option<Turn<'_>> {
        let mut rings = pin!(bell.notified());
        // A turn that is given back from here on is not missed.
        rings.as_mut().enable();
        if let Some(turn) = self.free() {
            return Some(turn);
        }
        rings.await;
        self.free()
    }

    async fn for_a_read(&self) -> Turn<'_> {
        for _ in 0..TRIES {
            if let Some(turn) = self.next(&self.reads).await {
                return turn;
            }
        }
        // A turn that was kept for a read which waits no longer is given back too.
        let _bells = Bells(self);
        // The semaphore is never closed.
        self.turn(self.free.acquire().await.ok())
    }

    async fn for_a_submission(&self) -> Turn<'_> {
        loop {
            if let Some(turn) = self.next(&self.submissions).await {
                return turn;
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        drop(self.permit.take());
        drop(Bells(self.turns));
    }
}

impl Drop for Bells<'_> {
    fn drop(&mut self) {
        self.0.submissions.notify_one();
        self.0.reads.notify_one();
    }
}

impl Room {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        // More at once than this would only wait for each other, and each may hold an answer of megabytes.
        Self { short: OnceLock::new(), long: Arc::new(Semaphore::new(cores * 4)) }
    }

    fn short(&self) -> &Turns {
        self.short.get_or_init(|| {
            let turns = Handle::current().metrics().num_workers().saturating_sub(1).max(1);
            Turns::new(turns)
        })
    }

    /// Reads what is short.
    pub(crate) async fn read<T>(&self, work: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
        let turns = self.short();
        let _turn = match turns.free() {
            Some(turn) => turn,
            None => in_time(turns.for_a_read()).await?,
        };
        unbroken(work)
    }

    /// Goes on with a submission that was taken on already: it waits as long as it must.
    pub(crate) async fn go_on<T>(&self, work: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
        let turns = self.short();
        let _turn = turns.for_a_submission().await;
        unbroken(work)
    }

    /// Reads what may take long. Where it is not waited for any longer, it still runs to its end.
    pub(crate) async fn read_long<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        // The semaphore is never closed.
        let turn: Option<OwnedSemaphorePermit> = in_time(Arc::clone(&self.long).acquire_owned()).await?.ok();
        let done = tokio::task::spawn_blocking(request::carry(move || {
            // Held by the work itself, so that work nobody waits for any longer still counts.
            let _turn = turn;
            unbroken(work)
        }));
        done.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a request's work was not done");
            Err(broken_off())
        })
    }
}

/// What is waited for so long, or no more.
async fn in_time<T>(turn: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::time::timeout(PATIENCE, turn).await.map_err(|_| Problem::busy(PATIENCE.as_secs()))
}

/// A panic ends one request, and the connection stays.
fn unbroken<T>(work: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    // What work shares with others is behind locks that a panic leaves whole.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(broken_off()))
}

fn broken_off() -> Problem {
    Problem::new("internal", "The request broke off. The operator finds the reason in the log.")
}

#[cfg(test)]
mod tests {
    //! Goal: short work is done where it is asked for and never by all threads at once, a panic ends one request, and a read
    //! waits so long and no longer. Method: work that waits until it is told, more of it than there are turns.

    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use tokio::task::JoinHandle;

    /// Takes every turn for short work, until the sender is dropped.
    async fn take_all(room: &Arc<Room>) -> (Sender<()>, Vec<JoinHandle<Result<(), Problem>>>) {
        let (hold, held) = channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let wait = |held: Arc<Mutex<Receiver<()>>>| move || held.lock().unwrap().recv().map_or(Ok(()), Ok);
        let taken = (0..room.short().free.available_permits())
            .map(|_| {
                let (room, wait) = (Arc::clone(room), wait(Arc::clone(&held)));
                tokio::spawn(async move { room.read(wait).await })
            })
            .collect();
        while room.short().free.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        (hold, taken)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 3)]
    async fn short_work_is_done_here() {
        let room = Arc::new(Room::new());
        let task = async move {
            let here = std::thread::current().id();
            assert_eq!(room.read(|| Ok(std::thread::current().id())).await.unwrap(), here);
            assert_ne!(room.read_long(|| Ok(std::thread::current().id())).await.unwrap(), here);
        };
        tokio::spawn(task).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 3)]
    async fn one_thread_goes_on_serving_connections() {
        let room = Arc::new(Room::new());
        let (hold, taken) = take_all(&room).await;
        assert_eq!(taken.len(), 2);
        // Somebody is served who asks for no such work, on threads of the runtime.
        assert_eq!(tokio::spawn(async { 1 }).await.unwrap(), 1);
        let refused = room.read(|| Ok(())).await.unwrap_err();
        assert_eq!((refused.name(), refused.retry_after_s()), ("busy", Some(1)));
        // What was taken on before is not refused.
        let later = tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.go_on(|| Ok(2)).await }
        });
        tokio::time::sleep(PATIENCE + Duration::from_millis(200)).await;
        assert!(!later.is_finished());
        drop(hold);
        assert_eq!(later.await.unwrap(), Ok(2));
        for taken in taken {
            assert_eq!(taken.await.unwrap(), Ok(()));
        }
        assert_eq!(room.read(|| Ok(3)).await, Ok(3));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_read_waits_behind_few_submissions() {
        let room = Arc::new(Room::new());
        let (hold, taken) = take_all(&room).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let note = |what: u32| {
            let order = Arc::clone(&order);
            move || {
                // Long enough for whoever was woken to try.
                std::thread::sleep(Duration::from_millis(10));
                order.lock().unwrap().push(what);
                Ok(())
            }
        };
        let mut waiting = Vec::new();
        for n in 0..20 {
            let (room, note) = (Arc::clone(&room), note(n));
            waiting.push(tokio::spawn(async move { room.go_on(note).await }));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let read = tokio::spawn({
            let (room, note) = (Arc::clone(&room), note(99));
            async move { room.read(note).await }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(hold);
        for waiting in waiting.into_iter().chain([read]).chain(taken) {
            waiting.await.unwrap().unwrap();
        }
        let order = order.lock().unwrap();
        let before = order.iter().position(|what| *what == 99).unwrap();
        assert!(order.len() == 21 && before <= TRIES + 1, "{order:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_panic_ends_one_request() {
        let room = Room::new();
        for _ in 0..8 {
            let done: Result<(), _> = room.read(|| panic!("in a test")).await;
            assert_eq!(done.unwrap_err().name(), "internal");
            let done: Result<(), _> = room.go_on(|| panic!("in a test")).await;
            assert_eq!(done.unwrap_err().name(), "internal");
            let done: Result<(), _> = room.read_long(|| panic!("in a test")).await;
            assert_eq!(done.unwrap_err().name(), "internal");
        }
        assert_eq!(room.read(|| Ok(1)).await, Ok(1));
    }
}
