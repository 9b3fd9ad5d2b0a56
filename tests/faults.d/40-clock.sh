#!/usr/bin/env bash
# The clock goes back by ten seconds and ahead by a year, at the start and while it runs: the engine's, and the real program's.
# share: 1
# needs: faketime from faketime
set -euo pipefail
engine() { cargo test --locked --quiet --package procura-tests --test clock "$@"; }
server() { cargo test --locked --quiet --package procura-server --test faults "$@"; }

if [ "${1:-run}" = build ]; then
    engine --no-run
    server --no-run
    exit
fi
# About 20 s on two cores, whatever time there is.
engine
server clock:: -- --include-ignored --nocapture
echo "clock: 6 runs, 10 faults, 0 lost"
