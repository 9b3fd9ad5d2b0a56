#!/usr/bin/env bash
# Asked ten times more than it can do, or slowly, or by ten thousand who ask nothing, the server sheds, stays within bounds and recovers.
# $1: about how many seconds; less than a minute is a minute.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/steps/lib.sh

cargo build --locked --release -p procura-server -p procura-tests --bin procura-server --bin overload
bin=$PWD/$TARGET/release
case $TARGET in /*) bin=$TARGET/release ;; esac
# Each of the two has a socket for each of 10,000 connections.
ulimit -n "$(ulimit -Hn)"
"$bin/overload" "$bin/procura-server" "${1:-60}"
