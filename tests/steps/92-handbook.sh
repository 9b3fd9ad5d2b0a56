#!/usr/bin/env bash
# The handbook's commands run as they stand there, in their order, and print what it says.
# needs: curl from curl
. tests/steps/lib.sh

# The fenced blocks of a page that are marked `sh`, or `sh NAME`, one after the other.
blocks() { awk -v mark="\`\`\`sh${2:+ $2}" '$0 == mark { on = 1; next } /^```/ { on = 0 } on' "$1"; }

page=server/handbook/integrate.md
cargo build --locked -p procura-server -p procura-client
bin=$PWD/$TARGET/debug
case $TARGET in /*) bin=$TARGET/debug ;; esac
work=$(mktemp -d)
server=
# The server writes until it has ended: its folder goes after it.
trap '[ -z "$server" ] || { kill "$server" && wait "$server" || true; }; rm -rf "$work"' EXIT

# As the page says, but what the tests have built already, on a free port and in a temporary folder.
command=$(blocks $page server)
[ "$command" = 'cargo run --release -- --demo' ] || broken "$page starts another server than this step does"
cd "$work"
fresh_logs handbook
logged handbook "$bin/procura-server" --demo --listen 127.0.0.1:0 --data procura-data >log &
server=$!
for _ in $(seq 150); do
    url=$(grep -o 'http://127.0.0.1:[0-9]*' log | head -n 1 || true)
    [ -n "$url" ] && grep -q '^The demo' log && break
    kill -0 "$server" 2>/dev/null || { tail "$LOGS/handbook-server.log"; broken "the server ended"; }
    sleep 0.2
done

# Each line that says what is printed becomes a check.
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
    (cd - >/dev/null && blocks $page) | while IFS= read -r line; do
        case $line in
        '#> '*) printf 'must %q\n' "${line#'#> '}" ;;
        *) printf '%s\n' "${line//http:\/\/127.0.0.1:8080/$url}" ;;
        esac
    done
} >script
PATH=$bin:$PATH PROCURA_HOME=$work/home bash script || { echo '--- printed:'; cat out; broken "$page does not do what it says"; }
echo "  $page: $(grep -c '^must ' script) lines are printed as it says"
