#!/usr/bin/env bash
# Server and client together stay within 300 third-party crates, with every feature too.
. tests/steps/lib.sh

limit=${CRATE_LIMIT:-300}
for features in --no-default-features --all-features; do
    all=$(crates --package procura-server --package procura-client --edges normal $features)
    count=$(grep -c . <<<"$all" || true)
    echo "$count third-party crates with $features, at most $limit"
    [ "$count" -gt 0 ] || broken "cargo tree listed no crate: this check checks nothing"
    [ "$count" -le "$limit" ] || broken "$count crates are more than $limit: leave one out, or its features"
done
