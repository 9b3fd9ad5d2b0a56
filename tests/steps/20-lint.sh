#!/usr/bin/env bash
# Clippy and the compiler have no warning about any target.
cargo clippy --locked --workspace --all-targets -- -D warnings
