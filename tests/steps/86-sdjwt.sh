#!/usr/bin/env bash
# What stands in a presentation is an SD-JWT with key binding to a library of somebody else's too.
# needs: node from nodejs
# needs: npm from npm
. tests/steps/lib.sh

# For this step alone: the library, of the version in the lock file.
lock=$(sha256sum tests/sdjwt/package-lock.json | cut -c1-16)
tools=$TOOLS/sdjwt-$lock
if [ ! -d "$tools/node_modules" ]; then
    mkdir -p "$tools"
    cp tests/sdjwt/package.json tests/sdjwt/package-lock.json "$tools"
    npm ci --prefix "$tools" --no-audit --no-fund --silent
fi
node tests/sdjwt/run.mjs "$tools"
