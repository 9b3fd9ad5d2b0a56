#!/usr/bin/env bash
# The server's disk fills up and is emptied: the whole folder's, the main store's, the index's; and one that takes nothing at all.
# needs: mount from mount
# Argument: how many seconds it may take. It takes about 40 on two cores, and is never left out.
set -euo pipefail
cargo test --locked -q -p procura-server --test faults --no-run
out=$(mktemp)
trap 'rm -f "$out"' EXIT
failed=0
cargo test --locked -q -p procura-server --test faults -- disk:: --nocapture 2>&1 | tee "$out" || failed=1
sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed;.*/\1 \2/p' "$out" | {
    read -r passed failures
    echo "disk-full: $((passed + failures)) runs, $failures failures"
}
exit $failed
