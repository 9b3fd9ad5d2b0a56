#!/usr/bin/env bash
# Dependencies have allowed licences, come from the registry, and none is banned (deny.toml).
# Advisories are not checked: their database is fetched from the network, and a new one must not break an old commit.
. tests/steps/lib.sh

version=0.20.2
deny=cargo-deny
if [ "$($deny --version 2>/dev/null)" != "cargo-deny $version" ]; then
    deny=$TOOLS/cargo-deny-$version/bin/cargo-deny
fi
if ! command -v "$deny" >/dev/null; then
    echo "building cargo-deny $version into $TOOLS (once; some minutes)"
    # Without optimisation: it builds in half the time and checks in a second or two all the same.
    cargo install --quiet --locked --debug --no-default-features \
        --config profile.dev.debug=false --config profile.dev.incremental=false \
        --root "$TOOLS/cargo-deny-$version" --target-dir "$TARGET/tools" \
        --version "=$version" cargo-deny
    rm -rf "${TARGET:?}/tools"
fi
"$deny" --locked --all-features check --hide-inclusion-graph bans licenses sources
