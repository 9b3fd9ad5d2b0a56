//! How many sockets the system lets the process have: a soft limit, often 1,024, that may be raised up to a hard one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are kept for the ledger, the listener and the runtime, and connections on their way out.
const OTHER_FILES: usize = 512;

/// Raises the limit as far as `connections` at once need; how many of them the system allows.
pub(crate) fn allow(connections: usize) -> usize {
    let count =
        |limit: Option<u64>| limit.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let wanted = connections.saturating_add(OTHER_FILES);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if count(current) >= wanted {
        return connections;
    }
    let possible = wanted.min(count(maximum));
    let raised = Rlimit { current: u64::try_from(possible).ok(), maximum };
    let open_files = if setrlimit(Resource::Nofile, raised).is_ok() { possible } else { count(current) };
    // Where the system is stingy, half is for connections.
    connections.min(open_files.saturating_sub(OTHER_FILES).max(open_files / 2)).max(1)
}

#[cfg(test)]
mod tests {
    //! Goal: what is allowed can be opened. Method: more than the limit has room for is asked, then one more than that.

    use super::*;

    #[test]
    fn no_more_than_the_system_allows() {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        assert_eq!(allow(1), 1);
        let allowed = allow(usize::MAX);
        let Rlimit { current, .. } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
        if let Some(current) = current {
            assert!(allowed < usize::try_from(current).unwrap(), "{allowed} of {current}");
        }
    }
}
