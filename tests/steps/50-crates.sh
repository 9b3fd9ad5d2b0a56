#!/usr/bin/env bash
# Server and client together stay within 300 third-party crates.
. tests/steps/lib.sh

limit=${CRATE_LIMIT:-300}
all=$(crates --package procura-server --package procura-client --edges normal)
count=$(grep -c . <<<"$all" || true)
echo "$count third-party crates, at most $limit"
[ "$count" -gt 0 ] || broken "cargo tree listed no crate: this check checks nothing"
[ "$count" -le "$limit" ] || broken "$count crates are more than $limit: leave one out, or its features"
