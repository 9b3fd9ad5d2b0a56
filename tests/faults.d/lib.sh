# What the suites share. Sourced, from the repository's root, with the suite's arguments.

# Runs a test again and again, each time from the next seed on, until the suite's time is up.
#   again CHUNK ARGUMENTS-OF-CARGO-TEST…   CHUNK: how many seeds, kills or orders at a time
again() {
    local chunk=$1 first=${FAULT_FIRST_SEED:-0} until=$((SECONDS + ${FAULT_SECONDS:-0}))
    shift
    while :; do
        PROCURA_FIRST_SEED=$first PROCURA_SEEDS=$chunk PROCURA_CRASHES=$chunk PROCURA_ORDERS=$chunk \
            cargo test --locked --quiet "$@" -- --nocapture
        first=$((first + chunk))
        [ $SECONDS -lt $until ] || break
    done
}

# With `build` as its argument a suite builds that test, and does nothing else.
#   suite CHUNK ARGUMENTS-OF-CARGO-TEST…
suite() {
    if [ "$MODE" = build ]; then
        shift
        cargo test --locked --quiet --no-run "$@"
    else
        again "$@"
    fi
}

MODE=${1:-run}
