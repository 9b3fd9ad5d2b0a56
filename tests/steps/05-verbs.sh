#!/usr/bin/env bash
# The justfile has exactly one verb for each step.
. tests/steps/lib.sh

steps=$(find tests/steps -name '[0-9][0-9]-*.sh' | sed 's|.*/[0-9][0-9]-||; s|\.sh$||' | sort)
verbs=$(sed -n 's/^\([a-z][a-z0-9-]*\)\( [^:]*\)\{0,1\}:\([^=].*\)\{0,1\}$/\1/p' justfile | grep -vx all | sort)
diff <(echo "$steps") <(echo "$verbs") || broken "steps (<) and verbs of the justfile (>) differ"
