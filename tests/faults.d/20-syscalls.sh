#!/usr/bin/env bash
# Each file-system call of each operation fails in turn, in each way that a kernel may let it fail.
# share: 10
# needs: strace from strace
set -euo pipefail
run() { cargo test --locked --quiet --package procura-tests --test syscalls "$@"; }

if [ "${1:-run}" = build ]; then
    run --no-run
    exit
fi
# All of them take about a quarter of an hour on two idle cores; in less time it is a sample.
seconds=${FAULT_SECONDS:-900}
began=$SECONDS
# That the library which fails the calls sees all of them: the kernel's own trace of the same runs.
run -- --ignored --nocapture
left=$((seconds - (SECONDS - began)))
PROCURA_FAULT_SECONDS=$((left > 5 ? left : 5)) PROCURA_FAULT_SEED=${FAULT_FIRST_SEED:-1} run -- --nocapture
