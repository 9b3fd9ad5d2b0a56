#!/usr/bin/env bash
# The code is laid out by rustfmt.
cargo fmt --all --check
