//! Who is connected, how long each keeps the server waiting, and who has to make room.
//!
//! A connection is always in one phase, and each phase ends by itself: what a client owes the server (a request's first
//! byte, the rest of its headers, taking its answer) has a time limit here; what the server owes it (the answer) has one
//! where it is made. So a client that vanished, or one that is slow on purpose, costs a bounded time. When all connections that are
//! served at once are taken, those that have kept the server waiting longest make room for new ones.
//!
//! spec: http.md#overload

use crate::config::Limits;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// How often the phases are looked at.
pub(crate) const TICK: Duration = Duration::from_millis(100);
/// How fast an answer must be taken at least, over each time limit, in bytes a second.
const SLOWEST_READER: u64 = 16 * 1024;
/// The most bytes of large answers that are made and not taken yet; beyond, the slowest readers are cut off.
const MAX_OWED_BYTES: u64 = 256 << 20;
/// From what size on an answer counts as large.
const LARGE_BYTES: u64 = 64 * 1024;
/// When room is needed, one connection of so many makes it: looking for them is work for all of them.
const MAKES_ROOM: usize = 64;

/// What a connection is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A request's first byte.
    Idle,
    /// The rest of a request's headers.
    Head,
    /// The answer, which is ours to give.
    Work,
    /// Somebody to take the answer.
    Answer,
    /// Nothing: it was ended.
    Over,
}

/// A phase and when it began, in one word so that both change at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    phase: Phase,
    since_ms: u64,
}

impl State {
    const fn pack(self) -> u64 {
        self.since_ms << 3 | self.phase as u64
    }

    const fn unpack(word: u64) -> Self {
        let phase = match word & 7 {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Work,
            3 => Phase::Answer,
            _ => Phase::Over,
        };
        Self { phase, since_ms: word >> 3 }
    }
}

/// All connections.
pub(crate) struct Connections {
    limits: Limits,
    begun: Instant,
    /// When the last tick was.
    ticked_ms: AtomicU64,
    /// The time that clients are held to, as of the last tick: it does not run while nobody looks, so that nobody pays for
    /// a server that stood still.
    now_ms: AtomicU64,
    lines: Mutex<Lines>,
    /// Bytes of large answers that nobody took yet.
    owed: AtomicU64,
}

#[derive(Default)]
struct Lines {
    next: u64,
    open: HashMap<u64, Arc<Line>>,
}

/// One connection.
pub(crate) struct Line {
    number: u64,
    state: AtomicU64,
    /// Bytes taken of the answer since `state` says.
    taken: AtomicU64,
    /// The answer's size, if it is large.
    owed: AtomicU64,
    task: OnceLock<AbortHandle>,
}

impl Connections {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            begun: Instant::now(),
            ticked_ms: AtomicU64::new(0),
            now_ms: AtomicU64::new(0),
            lines: Mutex::default(),
            owed: AtomicU64::new(0),
        })
    }

    /// A new connection; `None` if there is no room and nobody who could make any.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Watched> {
        let mut lines = self.lock();
        if lines.open.len() >= self.limits.max_connections && lines.make_room() == 0 {
            return None;
        }
        let number = lines.next;
        lines.next += 1;
        let state = State { phase: Phase::Idle, since_ms: self.now_ms.load(Ordering::Relaxed) };
        let line = Arc::new(Line {
            number,
            state: AtomicU64::new(state.pack()),
            taken: AtomicU64::new(0),
            owed: AtomicU64::new(0),
            task: OnceLock::new(),
        });
        lines.open.insert(number, Arc::clone(&line));
        Some(Watched { all: Arc::clone(self), line })
    }

    /// Ends those that have kept the server waiting longest; how many.
    pub(crate) fn make_room(&self) -> usize {
        self.lock().make_room()
    }

    /// Ends all that are waited for with nothing begun.
    pub(crate) fn end_idle(&self) {
        self.lock().open.retain(|_, line| {
            let state = line.state();
            !(state.phase == Phase::Idle && line.end(state))
        });
    }

    /// Looks at every connection: to be called every [`TICK`].
    pub(crate) fn tick(&self) {
        let at_ms = milliseconds(self.begun.elapsed());
        let since_ms = at_ms.saturating_sub(self.ticked_ms.swap(at_ms, Ordering::Relaxed));
        let since_ms = since_ms.min(2 * milliseconds(TICK));
        let now_ms = self.now_ms.fetch_add(since_ms, Ordering::Relaxed) + since_ms;
        let mut lines = self.lock();
        lines.open.retain(|_, line| !line.ends_by_time(now_ms, &self.limits));
        let mut owed = self.owed.load(Ordering::Relaxed);
        if owed <= MAX_OWED_BYTES {
            return;
        }
        let mut debtors: Vec<_> =
            lines.open.values().filter(|line| line.owed.load(Ordering::Relaxed) > 0).cloned().collect();
        debtors.sort_by_key(|line| line.state().since_ms);
        for line in debtors {
            let state = line.state();
            if owed > MAX_OWED_BYTES && state.phase == Phase::Answer && line.end(state) {
                owed = owed.saturating_sub(line.owed.load(Ordering::Relaxed));
                lines.open.remove(&line.number);
            }
        }
    }

    /// The table is whole between any two statements.
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn make_room(&mut self) -> usize {
        let is_waited_for = |state: &State| matches!(state.phase, Phase::Idle | Phase::Head);
        let mut waited: Vec<_> = self
            .open
            .values()
            .map(|line| (line.state(), line.number))
            .filter(|(state, _)| is_waited_for(state))
            .collect();
        let wanted = (self.open.len() / MAKES_ROOM).max(1).min(waited.len());
        if wanted == 0 {
            return 0;
        }
        waited.select_nth_unstable_by_key(wanted - 1, |(state, _)| state.since_ms);
        let mut ended = 0;
        for (state, number) in waited.into_iter().take(wanted) {
            // One that has just begun a request stays.
            if self.open.get(&number).is_some_and(|line| line.end(state)) {
                self.open.remove(&number);
                ended += 1;
            }
        }
        ended
    }
}

impl Line {
    fn state(&self) -> State {
        State::unpack(self.state.load(Ordering::Relaxed))
    }

    /// Whether nothing happened meanwhile: then it is so now.
    fn change(&self, from: State, to: State) -> bool {
        self.state.compare_exchange(from.pack(), to.pack(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Ends the connection if it is still as it was seen. A request that came first is answered.
    fn end(&self, seen: State) -> bool {
        // One whose task is not known yet has only just come.
        let Some(task) = self.task.get() else { return false };
        let ends = self.change(seen, State { phase: Phase::Over, ..seen });
        if ends {
            task.abort();
        }
        ends
    }

    fn ends_by_time(&self, now_ms: u64, limits: &Limits) -> bool {
        let state = self.state();
        let limit = match state.phase {
            Phase::Idle => limits.idle_timeout,
            Phase::Head => limits.header_timeout,
            Phase::Answer => limits.answer_timeout,
            Phase::Work | Phase::Over => return false,
        };
        let limit_ms = milliseconds(limit);
        if now_ms.saturating_sub(state.since_ms) < limit_ms {
            return false;
        }
        if state.phase == Phase::Answer
            && self.taken.load(Ordering::Relaxed) >= (SLOWEST_READER.saturating_mul(limit_ms) / 1000).max(1)
        {
            // It reads, and not too slowly: it gets the same time again.
            if self.change(state, State { since_ms: now_ms, ..state }) {
                self.taken.store(0, Ordering::Relaxed);
            }
            return false;
        }
        self.end(state)
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// One connection as its own task tells of it. It is over when this is dropped.
pub(crate) struct Watched {
    all: Arc<Connections>,
    line: Arc<Line>,
}

impl Watched {
    /// The task that serves the connection.
    pub(crate) fn served_by(line: &Line, task: AbortHandle) {
        // It is set once, right after the task began.
        drop(line.task.set(task));
    }

    pub(crate) fn line(&self) -> Arc<Line> {
        Arc::clone(&self.line)
    }

    fn to(&self, from: State, phase: Phase) -> bool {
        self.line.change(from, State { phase, since_ms: self.all.now_ms.load(Ordering::Relaxed) })
    }

    /// Bytes came; `false`: too late, the connection was ended.
    pub(crate) fn heard(&self) -> bool {
        let state = self.line.state();
        match state.phase {
            Phase::Idle => self.to(state, Phase::Head),
            Phase::Over => false,
            Phase::Head | Phase::Work | Phase::Answer => true,
        }
    }

    /// A request's headers are there.
    pub(crate) fn works(&self) {
        let state = self.line.state();
        if state.phase != Phase::Over {
            self.to(state, Phase::Work);
        }
    }

    /// An answer is there.
    pub(crate) fn answers(&self, size_bytes: u64) {
        let state = self.line.state();
        if state.phase == Phase::Work {
            self.line.taken.store(0, Ordering::Relaxed);
            if size_bytes >= LARGE_BYTES {
                self.line.owed.store(size_bytes, Ordering::Relaxed);
                self.all.owed.fetch_add(size_bytes, Ordering::Relaxed);
            }
            self.to(state, Phase::Answer);
        }
    }

    /// So many bytes were taken.
    pub(crate) fn wrote(&self, bytes: usize) {
        self.line.taken.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// All was taken that was there to take.
    pub(crate) fn wrote_all(&self) {
        let state = self.line.state();
        if state.phase == Phase::Answer {
            self.settle();
            self.to(state, Phase::Idle);
        }
    }

    fn settle(&self) {
        let owed = self.line.owed.swap(0, Ordering::Relaxed);
        if owed > 0 {
            self.all.owed.fetch_sub(owed, Ordering::Relaxed);
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.settle();
        self.all.lock().open.remove(&self.line.number);
    }
}

#[cfg(test)]
mod tests {
    //! Goal: each phase ends in its time and no other does, who begins a request is not ended, and those that kept the server
    //! waiting longest go first. Method: lines taken from phase to phase by hand, under a clock set by hand.

    use super::*;
    use std::future::pending;

    const LIMITS: fn() -> Limits = || Limits {
        idle_timeout: Duration::from_millis(1_000),
        header_timeout: Duration::from_millis(100),
        answer_timeout: Duration::from_millis(500),
        max_connections: 4,
        ..Limits::default()
    };

    fn open(all: &Arc<Connections>) -> Watched {
        let watched = all.enter().unwrap();
        Watched::served_by(&watched.line(), tokio::spawn(pending::<()>()).abort_handle());
        watched
    }

    impl Watched {
        fn is_over(&self) -> bool {
            self.line.state().phase == Phase::Over
        }
    }

    #[tokio::test]
    async fn each_phase_has_its_time() {
        let (all, limits) = (Connections::new(LIMITS()), LIMITS());
        for (steps, limit_ms) in
            [(0, Some(1_000)), (1, Some(100)), (2, None), (3, Some(500)), (4, Some(1_000))]
        {
            let watched = open(&all);
            let way: [&dyn Fn(&Watched); 4] =
                [&|w| assert!(w.heard()), &Watched::works, &|w| w.answers(10), &|w| {
                    (w.wrote(10), w.wrote_all()).1
                }];
            way.iter().take(steps).for_each(|step| step(&watched));
            let (before, at) = match limit_ms {
                Some(limit) => (limit - 1, limit),
                None => (1 << 40, 1 << 40),
            };
            assert!(!watched.line.ends_by_time(before, &limits), "{steps}");
            assert_eq!(watched.line.ends_by_time(at, &limits), limit_ms.is_some(), "{steps}");
            assert_eq!(watched.is_over(), limit_ms.is_some(), "{steps}");
        }
    }

    #[tokio::test]
    async fn who_reads_fast_enough_gets_more_time() {
        let (all, limits) = (Connections::new(LIMITS()), LIMITS());
        let watched = open(&all);
        watched.works();
        watched.answers(1 << 20);
        assert_eq!(all.owed.load(Ordering::Relaxed), 1 << 20);
        watched.wrote(8 * 1024);
        assert!(!watched.line.ends_by_time(500, &limits) && !watched.line.ends_by_time(999, &limits));
        watched.wrote(8 * 1024 - 1);
        assert!(watched.line.ends_by_time(1_000, &limits));
        drop(watched);
        assert_eq!(all.owed.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn who_waits_longest_makes_room_and_who_is_served_does_not() {
        let all = Connections::new(LIMITS());
        let lines: Vec<_> = (0..4)
            .map(|n| {
                all.now_ms.store(n, Ordering::Relaxed);
                open(&all)
            })
            .collect();
        lines[0].works();
        all.now_ms.store(2, Ordering::Relaxed);
        lines[2].heard();
        all.now_ms.store(4, Ordering::Relaxed);
        let fifth = open(&all);
        assert_eq!(lines.iter().map(Watched::is_over).collect::<Vec<_>>(), [false, true, false, false]);
        let sixth = open(&all);
        assert_eq!(lines.iter().map(Watched::is_over).collect::<Vec<_>>(), [false, true, true, false]);
        [&lines[3], &fifth, &sixth].into_iter().for_each(Watched::works);
        assert!(all.enter().is_none());
        // One that was ended hears nothing any more and begins nothing.
        assert!(!lines[1].heard());
        lines[1].works();
        assert!(lines[1].is_over());
        drop(lines);
        assert_eq!(all.lock().open.len(), 2);
        assert!(all.enter().is_some());
    }

    #[tokio::test]
    async fn the_slowest_readers_of_too_much_are_cut_off() {
        let all = Connections::new(Limits { answer_timeout: Duration::from_secs(3600), ..LIMITS() });
        let lines: Vec<_> = (0..3)
            .map(|n| {
                all.now_ms.store(n, Ordering::Relaxed);
                let watched = open(&all);
                watched.works();
                watched.answers(MAX_OWED_BYTES / 2);
                watched
            })
            .collect();
        all.tick();
        assert_eq!(lines.iter().map(Watched::is_over).collect::<Vec<_>>(), [true, false, false]);
    }

    #[tokio::test]
    async fn nobody_pays_for_a_server_that_stood_still() {
        let all = Connections::new(LIMITS());
        let watched = open(&all);
        watched.heard();
        // Longer than a client may take for its headers.
        std::thread::sleep(Duration::from_millis(400));
        all.tick();
        assert_eq!(all.now_ms.load(Ordering::Relaxed), 2 * milliseconds(TICK));
        let later = open(&all);
        later.heard();
        std::thread::sleep(Duration::from_millis(20));
        all.tick();
        assert!(!later.is_over());
        assert!(watched.is_over());
    }

    #[test]
    fn a_state_is_one_word() {
        for phase in [Phase::Idle, Phase::Head, Phase::Work, Phase::Answer, Phase::Over] {
            let state = State { phase, since_ms: 123_456_789_012 };
            assert_eq!(State::unpack(state.pack()), state);
        }
    }
}
