#!/usr/bin/env bash
# Built with all its features, the server enrols people through a real OpenID provider, and believes none that lies.
# needs: node from nodejs
# needs: npm from npm
# needs: chromium from chromium fonts-liberation
. tests/steps/lib.sh

[ "$(node --print 'parseInt(process.versions.node)')" -ge 20 ] || stop "node is older than 20, whose WebCrypto the tests need"
# WebCrypto's Ed25519 is experimental there, and says so at each start.
export NODE_NO_WARNINGS=1

# Each by itself too: what one needs must not come with another by chance.
for feature in ${FEATURES//,/ }; do
    cargo check --locked --quiet --workspace --lib --features "$feature"
done
cargo clippy --locked --workspace --features "$FEATURES" --all-targets -- -D warnings
RUSTDOCFLAGS=-Dwarnings cargo doc --locked -q --workspace --features "$FEATURES" --no-deps
cargo test --locked -q --workspace --features "$FEATURES" --lib -- oidc config:: api::enrol api::pages
cargo build --locked --quiet --workspace --features "$FEATURES" --bin procura-server
# Apart from the default build's program, which later steps make anew in its place.
mkdir -p "$TARGET/oidc"
cp "$TARGET/debug/procura-server" "$TARGET/oidc/"

# For this step alone: the provider, the browser's driver and axe, of the versions in the lock file.
lock=$(sha256sum tests/oidc/package-lock.json | cut -c1-16)
tools=$TOOLS/oidc-$lock
if [ ! -d "$tools/node_modules" ]; then
    mkdir -p "$tools"
    cp tests/oidc/package.json tests/oidc/package-lock.json "$tools"
    npm ci --prefix "$tools" --no-audit --no-fund --silent
fi
fresh_logs oidc
PAGES_TOOLS=$tools node --test-force-exit --test-reporter=spec tests/oidc/run.mjs "$TARGET/oidc/procura-server" "$(command -v chromium)" "$TARGET/oidc/shots"
