#!/usr/bin/env bash
# The examples run as the README says, and say what they should.
# needs: python3 from python3
. tests/steps/lib.sh

programs
out=$("$BIN/examples/quickstart")
echo "$out"
[ "$(grep -c ': yes (mandate); the mandate is entry' <<<"$out")" = 4 ] || broken "four institutions must say yes"
grep -q 'asks again: no' <<<"$out" || broken "after the end the answer must be no"
out=$("$BIN/examples/embed")
echo "$out"
grep -q 'pension? true (mandate)' <<<"$out" || broken "the embedded ledger must say yes"
