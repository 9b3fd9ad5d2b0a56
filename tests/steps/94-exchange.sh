#!/usr/bin/env bash
# Notes, checkpoints, tiles, proofs and cosignatures are exchanged with Go's checksum database libraries, both ways.
# needs: go from golang-go golang-golang-x-mod-dev
. tests/steps/lib.sh

[ -d /usr/share/gocode/src/golang.org/x/mod/sumdb ] || debian_install golang-golang-x-mod-dev
programs
work=$(mktemp -d)
server= witness=
stop_both() { for pid in $server $witness; do kill "$pid" 2>/dev/null && wait "$pid" || true; done; }
trap 'stop_both; rm -rf "$work"' EXIT
GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= GOCACHE=$TOOLS/go-cache \
    go build -o "$work/exchange" tests/exchange/exchange.go

line_of() { # file pattern pid
    for _ in $(seq 100); do
        grep -om1 "$2" "$1" && return
        kill -0 "$3" 2>/dev/null || broken "a program ended: $(cat "$1")"
        sleep 0.2
    done
    broken "a program did not come up: $(cat "$1")"
}

fresh_logs exchange
fresh_logs witness
logged exchange "$BIN/procura-server" --data "$work/data" --listen 127.0.0.1:0 --demo >"$work/server.log" &
server=$!
line_of "$work/server.log" '^The demo' "$server" >/dev/null
url=$(line_of "$work/server.log" 'http://127.0.0.1:[0-9]*' "$server")
"$BIN/procura" --home "$work/home" --server "$url" --trust-first --json log show >"$work/log.json"
vkey=$(sed -n '/"log_keys"/,/\]/s/^ *"\(.*+.*\)",\{0,1\}$/\1/p' "$work/log.json")
# More than a tile holds, so that full tiles, and those above them, are exchanged too.
(echo 'mandatee,scopes,reference'; printf 'niss:75061200192,taxes,%s\n' {1..300}) >"$work/many.csv"
"$BIN/procura" --home "$work/home" --server "$url" --key "$work/data/demo/mother.json" \
    import "$work/many.csv" --format csv --yes >"$work/imported"
"$work/exchange" read "$url" "$vkey"

for size in 2 3 8 9 256 257 600; do
    "$work/exchange" write $size | "$BIN/exchange" || broken "a log of $size that Go made was not believed"
done
echo "written: logs of up to 600 leaves, their tiles and cosignatures"

printf 'log %s\nquorum none\n' "$("$work/exchange" vkey)" >"$work/logs"
# No source of the step silence: a witness's log tells roots of trees, which are as long as ids, and it is never told of anybody.
logged witness "$BIN/procura" --json witness run --logs "$work/logs" --name w.example/1 --plain \
    --data "$work/witness" --listen 127.0.0.1:0 >"$work/witness.log" &
witness=$!
told=$(line_of "$work/witness.log" '{.*}' "$witness")
url=$(grep -o 'http://127.0.0.1:[0-9]*' <<<"$told")
vkey=$(sed 's/.*"vkey":"\([^"]*\)".*/\1/' <<<"$told")
"$work/exchange" witness "$url" "$vkey" 21
