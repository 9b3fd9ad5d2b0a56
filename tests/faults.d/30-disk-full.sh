#!/usr/bin/env bash
# The server's disk fills up and is emptied: the whole folder's, the main store's, the index's; and one that takes nothing at all.
# needs: mount from mount
# Argument: how many seconds it may take. It takes about 40 on two cores, and is never left out.
set -euo pipefail
cargo test --locked -q -p procura-ledger -p procura-server --test store --test faults --no-run
out=$(mktemp)
trap 'rm -f "$out"' EXIT
{
    cargo test --locked -q -p procura-ledger --test store -- failing:: || true
    cargo test --locked -q -p procura-server --test faults -- disk:: --nocapture || true
} 2>&1 | tee "$out"
sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed;.*/\1 \2/p' "$out" | awk '
    { runs += $1 + $2; failures += $2 }
    END { printf "disk-full: %d runs, %d failures\n", runs, failures; exit !(NR == 2 && runs && !failures) }'
