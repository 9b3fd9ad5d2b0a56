#!/usr/bin/env bash
# The benchmarks run at small sizes and find right answers; no time is asserted.
# needs: gzip from gzip
. tests/steps/lib.sh

cargo fmt --manifest-path bench/Cargo.toml --all --check
cargo test -q --locked --manifest-path bench/Cargo.toml --target-dir "$TARGET"
# Unoptimised, as the tests before: what both need is built already.
BENCH_PROFILE=dev bash bench/run --small
