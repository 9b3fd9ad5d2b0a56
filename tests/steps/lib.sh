# What tests/run and its steps share: messages, Debian packages, the place for tools, the crates of a tree.
# Sourced, from the repository's root.

export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}
TARGET=${CARGO_TARGET_DIR:-target}
# Tools are kept outside the clone, so that a fresh clone doesn't build them again.
TOOLS=${PROCURA_TOOLS:-${XDG_CACHE_HOME:-${HOME:-$PWD/$TARGET}/.cache}/procura-tools}

# Where the servers of the steps log, all there is to log; the step silence reads it.
LOGS=$TARGET/logs
case $LOGS in /*) ;; *) LOGS=$PWD/$LOGS ;; esac
export PROCURA_TEST_LOGS=$LOGS
mkdir -p "$LOGS"

# A server of a step of this name: its log goes to LOGS, where that of the last run makes way. Of TLS the trace holds the random
# numbers of its handshakes: as long as ids, and nobody's.
logged() { # step, command…
    local step=$1
    shift
    PROCURA_LOG=trace,rustls=info exec "$@" 2>>"$LOGS/$step-server.log"
}
fresh_logs() { rm -f "$LOGS/$1"-*.log; }

# The programs that steps run, always all of them: with other packages chosen, cargo would choose other features for what they
# have in common, and build that anew. BIN is where they are.
programs() { cargo build --locked --quiet --workspace --bins --examples; }
# What a server can be built with besides, all of it: one build more, for all the steps that need any of it.
FEATURES=procura-server/oidc,procura-server/otlp,procura-server/pkcs11
BIN=$TARGET/debug
case $BIN in /*) ;; *) BIN=$PWD/$BIN ;; esac

heading() { printf '\n=== %s\n' "$*"; }

# The machine lacks something: say what, and end with 2. A step ends with a code that tests/run tells from those of
# the commands that steps run.
STEP_LACKS=69
stop() {
    printf 'tests/run: %s\n' "$*" >&2
    exit "${STOP_CODE:-2}"
}

# A rule is broken: say which, and end with 1.
broken() {
    printf 'tests/run: %s\n' "$*" >&2
    exit 1
}

# Installs Debian packages as root; otherwise says how and ends with 2.
debian_install() {
    local line="apt-get install -y --no-install-recommends $*"
    command -v apt-get >/dev/null || stop "missing: what Debian's packages $* bring (this machine has no apt-get)"
    [ "$(id -u)" -eq 0 ] || stop "Debian packages are missing. As root: apt-get update && $line"
    echo "installing Debian packages: $*"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $line -qq >/dev/null || stop "could not run: $line"
}

# A component of the Rust toolchain (name, its command): added through rustup where there is one.
rust_component() {
    cargo "${2#cargo-}" --version >/dev/null 2>&1 && return
    command -v rustup >/dev/null && rustup component add "$1" && return
    stop "the Rust toolchain has no $1: install it (rustup component add $1, or Debian's package of that name)"
}

# The third-party crates in the tree of the arguments (options of cargo tree), `name version` a line, each once.
crates() {
    cargo tree --locked --prefix none --no-dedupe --format '{p}' "$@" |
        awk 'NF && $1 !~ /^\[/ && $1 !~ /^procura-/ { print $1, $2 }' | sort -u
}
