#!/usr/bin/env bash
# Every page works in a real browser against a real server, is accessible in four languages, and shows no lie as true.
# needs: node from nodejs
# needs: npm from npm
# needs: chromium from chromium fonts-liberation
. tests/steps/lib.sh

[ "$(node --print 'parseInt(process.versions.node)')" -ge 20 ] || stop "node is older than 20, whose WebCrypto the tests need"
# WebCrypto's Ed25519 is experimental there, and says so at each start.
export NODE_NO_WARNINGS=1

programs

# For this step alone: the browser's driver and axe, of the versions in the lock file.
lock=$(sha256sum tests/pages/package-lock.json | cut -c1-16)
tools=$TOOLS/pages-$lock
if [ ! -d "$tools/node_modules" ]; then
    mkdir -p "$tools"
    cp tests/pages/package.json tests/pages/package-lock.json "$tools"
    npm ci --prefix "$tools" --no-audit --no-fund --silent
fi
fresh_logs pages
# A program that a failed test leaves behind must not hold up the run for ever.
PAGES_TOOLS=$tools timeout 1800 node --test-reporter=spec tests/pages/run.mjs "$BIN/procura-server" "$(command -v chromium)" "$TARGET/pages" "$BIN/procura-flexi-jobs" "$BIN/procura"
