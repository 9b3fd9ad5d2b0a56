#!/usr/bin/env bash
# The handbook's commands run as they stand there, in their order, and print what it says.
# needs: curl from curl
# needs: openssl from openssl
# needs: python3 from python3
. tests/steps/lib.sh

# Two commands are not run as they stand, for the tests have built the same programs already, without optimisation: of the block
# `sh server` it is `cargo run --release --`, of `sh build` it is `cargo build --release`. The README's step builds by such a line.

# The fenced blocks of a page that are marked `sh`, or `sh NAME`, one after the other.
blocks() { awk -v mark="\`\`\`sh${2:+ $2}" '$0 == mark { on = 1; next } /^```/ { on = 0 } on' "$1"; }

programs
bin=$BIN
work=
server=
# The server writes until it has ended: its folder goes after it.
end() {
    [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
    server=
    rm -rf "$work"
}
trap end EXIT
fresh_logs handbook

# One page, with a server and a folder of its own. As the page says, but what the tests have built already, and on a free port.
run_page() { # page
    local page=$PWD/$1 command url= script
    command=$(blocks "$page" server)
    case $command in 'cargo run --release -- '*) ;; *) broken "$1 starts no server, or another than this step does" ;; esac
    work=$(mktemp -d)
    # What a page takes from the clone.
    mkdir "$work/target" && ln -s "$bin" "$work/target/release" && ln -s "$PWD/server" "$work/server"
    # shellcheck disable=SC2086 # flags are words
    (cd "$work" && logged handbook "$bin/procura-server" ${command#cargo run --release -- } --listen 127.0.0.1:0 --data procura-data) >"$work/log" &
    server=$!
    for _ in $(seq 150); do
        url=$(grep -o 'http://127.0.0.1:[0-9]*' "$work/log" | head -n 1 || true)
        [ -n "$url" ] && grep -q '^The demo' "$work/log" && break
        kill -0 "$server" 2>/dev/null || { tail "$LOGS/handbook-server.log"; broken "the server ended"; }
        sleep 0.2
    done
    # Each line that says what is printed becomes a check.
    script=$work/script
    {
        echo 'set -euo pipefail'
        # What is printed comes in the page's order: each line is looked for behind the one before.
        cat <<'HEAD'
LC_ALL=C
seen=0
must() {
    local rest
    rest=$(tail -c +$((seen + 1)) out)
    [[ $rest == *"$1"* ]] || { echo "the page says: $1" >&2 && exit 1; }
    rest=${rest%%"$1"*}
    seen=$((seen + ${#rest} + ${#1}))
}
HEAD
        echo 'exec >out 2>&1'
        # The page's own line makes the programs' place known.
        cat <<'BUILD'
cargo() {
    case $* in
    'build --release' | 'build --release -p procura-client') ;;
    *) echo "another build than this step knows: cargo $*" >&2 && exit 1 ;;
    esac
}
BUILD
        blocks "$page" build
        echo 'unset -f cargo'
        blocks "$page" | while IFS= read -r line; do
            case $line in
            '#> '*) printf 'must %q\n' "${line#'#> '}" ;;
            *) printf '%s\n' "${line//http:\/\/127.0.0.1:8080/$url}" ;;
            esac
        done
    } >"$script"
    (cd "$work" && PROCURA_HOME=$work/home bash script) ||
        { echo '--- printed:'; cat "$work/out"; broken "$1 does not do what it says"; }
    echo "  $1: $(grep -c '^must ' "$script") lines are printed as it says"
    sed -n 's/^measured: /    /p' "$work/out"
    end
}

# Pages without commands are read by people only.
for page in $(grep -l '^```sh' server/handbook/*.md); do
    run_page "$page"
done
