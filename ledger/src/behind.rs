//! Threads whose work nobody waits for: they run behind those that answer, where the system can tell threads apart.

/// How much nicer such a thread is than the others: while all are wanted it gets about a third of what another gets. With less,
/// memory for fresh rows would be used up before they are on disk, and that holds everybody up.
#[cfg(target_os = "linux")]
const NICER: i32 = 5;

/// Puts the thread that calls behind the others of the process, for as long as it lives.
pub(crate) fn step_back() {
    // Elsewhere this would be the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICER) {
        tracing::debug!(%error, "a thread in the background runs as those that answer do");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// One thread steps back, the one that started it stays where it is.
    #[test]
    fn a_thread_steps_back_alone() {
        let niceness = || rustix::process::nice(0).unwrap();
        let before = niceness();
        let behind = std::thread::spawn(move || {
            step_back();
            niceness()
        });
        assert_eq!(behind.join().unwrap(), (before + NICER).min(19));
        assert_eq!(niceness(), before);
    }
}
