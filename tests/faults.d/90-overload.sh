#!/usr/bin/env bash
# Asked ten times more than it can do, or slowly, or by ten thousand who ask nothing, the server sheds, stays within bounds and recovers.
# share: 2
. tests/steps/lib.sh

cargo build --locked --release --quiet -p procura-server -p procura-tests --bin procura-server --bin overload
if [ "${1:-run}" = build ]; then
    exit
fi
# Each of the two has a socket for each of 10,000 connections.
ulimit -n "$(ulimit -Hn)"
"$TARGET/release/overload" "$TARGET/release/procura-server" "${FAULT_SECONDS:-60}"
