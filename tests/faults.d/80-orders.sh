#!/usr/bin/env bash
# Whatever order the ledger's threads come in, everybody sees one order and is answered once.
# share: 1
. tests/faults.d/lib.sh
bash tests/shuttle/source
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/shuttle/target
suite 100 --manifest-path tests/shuttle/Cargo.toml --test orders
