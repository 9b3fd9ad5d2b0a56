#!/usr/bin/env bash
# Built with the feature otlp, the server sends a collector a span of each request, and no names.
. tests/steps/lib.sh

fresh_logs otlp
cargo test --locked -q --workspace --features "$FEATURES" --test operate
