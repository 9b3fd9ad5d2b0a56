#!/usr/bin/env bash
# What the servers logged in the steps before, at trace level, names nobody: no identifier, no name, no id.
. tests/steps/lib.sh

programs
"$BIN/silence" "$LOGS" http pages oidc story handbook readme
