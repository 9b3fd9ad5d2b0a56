#!/usr/bin/env bash
# The documentation builds without a warning, and every link in it resolves.
RUSTDOCFLAGS=-Dwarnings cargo doc --locked --workspace --no-deps
