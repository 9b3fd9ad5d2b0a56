#!/usr/bin/env bash
# The ledger's threads have one order that everybody sees, whatever order they come in (by shuttle, a few orders of each story).
. tests/steps/lib.sh

bash tests/shuttle/source
PROCURA_ORDERS=40 CARGO_TARGET_DIR=$TARGET/shuttle/target \
    cargo test --locked --manifest-path tests/shuttle/Cargo.toml --test orders
