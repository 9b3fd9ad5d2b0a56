#!/usr/bin/env bash
# The README's commands do what it says: the server starts, one request is permitted, one is not; and the flexi example's one command does.
# needs: curl from curl
# needs: python3 from python3
. tests/steps/lib.sh

# The fenced blocks of the README that are marked `sh NAME`.
block() { awk -v mark="\`\`\`sh $1" '$0 == mark { on = 1; next } /^```/ { on = 0 } on' README.md; }

work=$(mktemp -d)
server=
flexi=
# The servers write until they have ended: their folder goes after them.
end() { for process in $server $flexi; do kill "$process" && wait "$process" || true; done; rm -rf "$work"; }
trap end EXIT
command=$(block demo)
[ -n "$command" ] || broken "the README has no block named demo"
# The command as it stands there, without what makes its build take minutes; in a folder of its own, so that nobody runs the result.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_TARGET_DIR=${LOGS%/logs}/readme
cargo build --locked --release # what the README's first command does, so that the wait below is for the server alone
# As the README says, but on a free port and with the data in a temporary folder.
fresh_logs readme
logged readme bash -c "exec $command --listen 127.0.0.1:0 --data '$work/procura-data'" >"$work/log" &
server=$!
for _ in $(seq 150); do
    url=$(grep -o 'http://127.0.0.1:[0-9]*' "$work/log" | head -n 1 || true)
    [ -n "$url" ] && grep -q '^The demo' "$work/log" && break
    kill -0 "$server" 2>/dev/null || { tail "$LOGS/readme-server.log"; broken "the README's command ended"; }
    sleep 0.2
done

try() { # block, expected
    local command answer
    command=$(block "$1")
    [ -n "$command" ] || broken "the README has no block named $1"
    answer=$(cd "$work" && bash -c "${command//http:\/\/127.0.0.1:8080/$url}")
    printf '  %s: %s\n' "$1" "$answer"
    [[ $answer == *"$2"* ]] || broken "the README's $1 gave something else than $2"
}
try permit '"decision":true'
try deny '"decision":false'

# A service built on the ledger starts by its one command, and what it says to try next works.
read -r ledger_port service_port tariff_port form_port < <(python3 -c 'import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
print(*(one.getsockname()[1] for one in sockets))')
CARGO_TARGET_DIR=$TARGET programs # its own build, for the sake of speed, would be one more of everything in CI
FLEXI_PROGRAMS=$BIN FLEXI_DATA=$work/flexi FLEXI_LEDGER_PORT=$ledger_port FLEXI_SERVICE_PORT=$service_port \
    FLEXI_TARIFF_PORT=$tariff_port FLEXI_FORM_PORT=$form_port bash examples/flexi-jobs/start >"$work/flexi.log" 2>&1 &
flexi=$!
until [ "$(grep -c '^The [a-z]* service on' "$work/flexi.log")" = 3 ] && grep -q '"state":"filled"' "$work/flexi.log"; do
    kill -0 "$flexi" 2>/dev/null || { cat "$work/flexi.log"; broken "examples/flexi-jobs/start ended"; }
    sleep 0.2
done
answer=$(sed -n "/^The pages/,\$s/^  //p" "$work/flexi.log" | bash -euo pipefail)
printf '  flexi-jobs: %s\n' "$(grep -oE '"(new|total|room|granted|state)":[^,}]*' <<<"$answer" | tr -d ' ' | tr '\n' ' ')"
[[ $answer == *'"new": 1'*'"total": 84550'*'"granted": true'*'"state":"filled"'* ]] || broken "what examples/flexi-jobs/start says to try gave something else: $answer"
