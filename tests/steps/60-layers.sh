#!/usr/bin/env bash
# server → ledger → core ← client: core touches no outside world, and nothing depends on the server.
. tests/steps/lib.sh

# What the core may not reach, over any number of crates: a runtime, a server, a store, a socket, randomness.
outside='axum|getrandom|hyper|mio|rand|redb|socket2|tokio|ureq'

# Each room and the rooms that it may depend on.
rooms='
procura-core:
procura-ledger: procura-core
procura-client: procura-core procura-ledger
procura-flexi-jobs: procura-client procura-core
'

# The rooms that a room depends on directly.
rooms_below() {
    cargo tree --locked --package "$1" --all-features --target all --edges normal,build --depth 1 --prefix none \
        --format '{p}' | awk -v self="$1" 'NF && $1 ~ /^procura-/ && $1 != self { print $1 }' | sort -u
}

below=$(crates --package procura-core --all-features --target all --edges normal,no-proc-macro)
[ -n "$below" ] || broken "cargo tree listed nothing below procura-core: this check checks nothing"
found=$(awk '{ print $1 }' <<<"$below" | grep -Ex "$outside" || true)
[ -z "$found" ] || broken "procura-core depends on ${found//$'\n'/, } (cargo tree -p procura-core -i CRATE)"

while IFS=: read -r room allowed; do
    [ -n "$room" ] || continue
    others=$(rooms_below "$room")
    for other in $others; do
        case " $allowed " in
        *" $other "*) ;;
        *) broken "$room depends on $other; it may depend on:${allowed:- no room}" ;;
        esac
    done
done <<<"$rooms"

# The engine is the affair of the client's service mirror alone: the library without it knows no engine.
lean=$(cargo tree --locked --package procura-client --no-default-features --features witness --target all \
    --edges normal,build --prefix none --format '{p}' | awk 'NF { print $1 }' | sort -u)
grep -qx procura-core <<<"$lean" || broken "cargo tree listed nothing below procura-client: this check checks nothing"
! grep -qx procura-ledger <<<"$lean" || broken "procura-client without its feature mirror depends on procura-ledger"

above=$(cargo tree --locked --workspace --all-features --target all --edges normal,build,dev --depth 1 \
    --invert procura-server --prefix none --format '{p}' | awk 'NF { print $1 }' | sort -u)
grep -qx procura-server <<<"$above" || broken "cargo tree did not list procura-server: this check checks nothing"
for other in $above; do
    case $other in
    procura-server | procura-tests | procura-examples | procura-flexi-jobs) ;;
    *) broken "$other depends on procura-server; only tests and examples may" ;;
    esac
done
echo "the layers hold"
