#!/usr/bin/env bash
# The clock goes back by ten seconds and ahead by a year, at the start and while it runs: the engine's, and the real program's.
# needs: faketime from faketime
# Argument: how many seconds it may take. It takes about 20 on two cores, and is never left out.
set -euo pipefail
cargo test --locked -q -p procura-server -p procura-tests --test faults --test clock --no-run
out=$(mktemp)
trap 'rm -f "$out"' EXIT
{
    cargo test --locked -q -p procura-tests --test clock || true
    cargo test --locked -q -p procura-server --test faults -- clock:: --include-ignored --nocapture || true
} 2>&1 | tee "$out"
sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed;.*/\1 \2/p' "$out" | awk '
    { runs += $1 + $2; failures += $2 }
    END { printf "clock: %d runs, %d failures\n", runs, failures; exit !(NR == 2 && runs && !failures) }'
