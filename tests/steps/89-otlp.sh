#!/usr/bin/env bash
# Built with the feature otlp, the server sends a collector a span of each request, and no names.
. tests/steps/lib.sh

# Both features at once: what the step oidc has built serves here too.
cargo clippy --locked -p procura-server --features oidc,otlp --all-targets -- -D warnings
cargo test --locked -q -p procura-server --features oidc,otlp --test operate
