#!/usr/bin/env bash
# Each file-system call of each operation fails in turn, in each way that a kernel may let it fail.
# needs: strace from strace
# Argument: how many seconds it may take, to build not counted. If that is not enough for all, it does a sample; PROCURA_FAULT_SEED draws another.
set -euo pipefail
seconds=${1:-900}
run() { cargo test --locked -q -p procura-tests --test syscalls "$@"; }

run --no-run
out=$(mktemp)
trap 'rm -f "$out"' EXIT
began=$SECONDS
# That the library which fails the calls sees all of them: the kernel's own trace of the same runs.
run -- --ignored --nocapture
left=$((seconds - (SECONDS - began)))
failed=0
PROCURA_FAULT_SECONDS=$((left > 5 ? left : 5)) run -- --nocapture | tee "$out" || failed=1
grep '^syscalls: ' "$out"
exit $failed
