#!/usr/bin/env bash
# All tests of the workspace pass, the examples in the documentation among them.
cargo test --locked --workspace --no-fail-fast
