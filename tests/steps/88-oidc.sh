#!/usr/bin/env bash
# Built with the feature oidc, the server enrols people through a real OpenID provider, and believes none that lies.
# needs: node from nodejs
# needs: npm from npm
# needs: chromium from chromium fonts-liberation
. tests/steps/lib.sh

[ "$(node --print 'parseInt(process.versions.node)')" -ge 20 ] || stop "node is older than 20, whose WebCrypto the tests need"
# WebCrypto's Ed25519 is experimental there, and says so at each start.
export NODE_NO_WARNINGS=1

cargo clippy --locked -p procura-server --features oidc --all-targets -- -D warnings
RUSTDOCFLAGS=-Dwarnings cargo doc --locked -q -p procura-server --features oidc --no-deps
cargo test --locked -q -p procura-server --features oidc --lib -- oidc config:: api::enrol api::pages
cargo build --locked --quiet -p procura-server --features oidc
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
