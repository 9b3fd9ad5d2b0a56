#!/usr/bin/env bash
# All tests of the workspace pass, the examples in the documentation among them.
. tests/steps/lib.sh

fresh_logs http
cargo test --locked --workspace --no-fail-fast
