#!/usr/bin/env bash
# The browser verifier says what every vector says, is fooled by no changed receipt, and its types hold.
# needs: node from nodejs
# needs: npm from npm
. tests/steps/lib.sh

TYPESCRIPT=5.9.3

[ "$(node --print 'parseInt(process.versions.node)')" -ge 20 ] || stop "node is older than 20, whose WebCrypto the verifier needs"
# WebCrypto's Ed25519 is experimental there, and says so at each start.
export NODE_NO_WARNINGS=1

node tests/verifier/vectors.mjs
# Bits to flip in each receipt, and a seed.
node tests/verifier/mutations.mjs 60 1

# For this step alone; the module itself needs no package and no build.
tools=$TOOLS/typescript-$TYPESCRIPT
[ -x "$tools/node_modules/.bin/tsc" ] || npm install --prefix "$tools" --no-audit --no-fund --silent "typescript@$TYPESCRIPT"
"$tools/node_modules/.bin/tsc" --project server/web/verifier
echo "  types hold"

# Nothing but its own files and what every browser has.
imported=$(sed -n "s/^import .* from '\(.*\)';$/\1/p; s/^export .* from '\(.*\)';$/\1/p" server/web/verifier/*.js | sort -u | grep -v '^\./[a-z0-9]*\.js$' || true)
[ -z "$imported" ] || broken "the browser verifier imports $imported"
