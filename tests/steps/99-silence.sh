#!/usr/bin/env bash
# What the servers logged in the steps before, at trace level, what they counted and what they traced, names nobody: no identifier, no name, no id.
. tests/steps/lib.sh

# What each step leaves: logs by its own name, and what else it gathers. Each must have something, or nothing was shown.
sources='
test:     http http-metrics
pages:    pages
oidc:     oidc
otlp:     otlp
story:    story story-metrics
install:  install
handbook: handbook
exchange: exchange
readme:   readme
'
# A step that begins to log, or to gather, must be in this list.
for file in $(grep -lE '^ *fresh_logs ' tests/steps/*.sh); do
    step=$(sed 's|.*/[0-9]*-||; s|\.sh$||' <<<"$file")
    grep -q "^$step:" <<<"$sources" || broken "the step $step leaves logs that nobody looks at"
done

programs
# shellcheck disable=SC2046 # sources are words
"$BIN/silence" "$LOGS" $(sed 's/^[a-z]*://' <<<"$sources")
