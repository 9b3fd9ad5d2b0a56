#!/usr/bin/env bash
# The story by the command procura against a running server, over a restart, offline, and on a copied data folder.
# needs: python3 from python3
. tests/steps/lib.sh

programs
bin=$BIN
work=$(mktemp -d)
server=
stop_server() { [ -z "$server" ] || { kill "$server" && wait "$server" || true; server=; }; }
# What the server counts goes to the logs too: the step silence reads it.
admin=127.0.0.1:$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
scrape() { python3 -c 'import sys, urllib.request as ask; print(ask.urlopen(sys.argv[1]).read().decode())' "http://$admin/metrics" >>"$LOGS/story-metrics-scrape.log"; }
trap 'stop_server; rm -rf "$work"' EXIT
data=$work/data

start_server() { # folder
    logged story "$bin/procura-server" --data "$1" --listen 127.0.0.1:0 --admin-listen "$admin" --demo >"$work/server.log" &
    server=$!
    for _ in $(seq 100); do
        url=$(grep -o 'http://127.0.0.1:[0-9]*' "$work/server.log" | head -n 1 || true)
        [ -n "$url" ] && grep -q '^The demo' "$work/server.log" && return
        kill -0 "$server" 2>/dev/null || { tail "$LOGS/story-server.log"; broken "the server ended"; }
        sleep 0.2
    done
    broken "the server did not come up"
}

# Runs procura as a party of the demo and expects an exit code: says CODE PARTY ARGUMENTS…
says() {
    local expected=$1 party=$2 code=0
    shift 2
    "$bin/procura" --server "$url" --home "$work/home" --key "$data/demo/$party.json" --trust-first "$@" \
        >"$work/out" 2>"$work/err" || code=$?
    printf '  %-12s %s -> %s\n' "$party" "$1" "$code"
    [ "$code" = "$expected" ] || { cat "$work/out" "$work/err"; broken "procura $* gave $code, not $expected"; }
}
id_of() { python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])' <"$work/out"; }
check() { says "$1" municipality check --actor niss:75061200192 --subject niss:48031500292 --category taxes --purpose help; }

fresh_logs story
start_server "$data"
says 0 mother log show
says 0 mother --json grant --to niss:75061200192 --scope taxes --reference 'file 7'
mandate=$(id_of)
check 1
says 0 son accept "$mandate"
check 0

echo '  the server is stopped and started again'
stop_server
start_server "$data"
check 0
says 0 mother receipt get "$mandate" --out "$work/receipt.json"
echo '  shown by an address, anybody sees how it stands, and that it ended'
says 0 son --json show "$mandate" --qr "$work/shown.svg"
grep -q '<svg' "$work/shown.svg" || broken "the address must be drawn"
shown=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["address"])' <"$work/out")
says 0 hospital receipt get "$shown" --out "$work/shown.json"
says 0 hospital receipt verify "$work/shown.json" --fresh
says 0 mother revoke "$mandate"
says 0 hospital receipt get "$shown" --out "$work/shown.json"
says 1 hospital receipt verify "$work/shown.json" --fresh
says 2 hospital receipt get "${shown%?}$([ "${shown: -1}" = A ] && echo Q || echo A)"
check 1
says 1 mother revoke "$mandate"
says 0 mother records

echo '  an employer asks by a link; it works once'
flexi() { says "$1" employer check --actor me --subject niss:48031500292 --category flexi.eligibility --purpose hiring; }
ask() {
    says 0 employer --json request --scope flexi.eligibility --purpose hiring --days 2 --qr "$work/link.svg"
    grep -q '<svg' "$work/link.svg" || broken "the link must be drawn"
    link=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["link"])' <"$work/out")
}
flexi 1
ask
says 0 mother answer "$link"
flexi 1
says 0 mother answer "$link" --yes
flexi 0
says 1 son answer "$link" --yes
ask
says 0 son --json answer "$link" --block
block=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["block"])' <"$work/out")
says 1 mother answer "$link" --yes

echo '  whoever blocked somebody finds that in their own list, and ends it'
blocked() { # expected status
    says 0 son records --kind block
    grep -q "^.* block  *$1 .* you wants no more requests of party" "$work/out" || { cat "$work/out"; broken "the list must name a block that is $1"; }
}
blocked active
says 1 mother revoke "$block"
blocked active
says 0 son revoke "$block"
blocked ended

echo '  at the counter a citizen signs a paper: an officer records it, and the citizen ends it'
helps() { says "$1" municipality check --actor niss:75061200192 --subject niss:88422999979 --category household --purpose help; }
echo 'I let Tom see to my household file.' >"$work/paper"
says 1 son --json grant --of niss:88422999979 --to niss:75061200192 --scope household --paper "$work/paper"
says 0 municipality --json grant --of niss:88422999979 --to niss:75061200192 --scope household --paper "$work/paper"
mandate=$(id_of)
hashed=$(python3 -c 'import base64, hashlib, sys; print(base64.urlsafe_b64encode(hashlib.sha256(open(sys.argv[1], "rb").read()).digest()).rstrip(b"=").decode())' "$work/paper")
says 0 neighbour --json records
grep -q "\"document\": \"$hashed\"" "$work/out" || broken "the paper's hash must be recorded"
helps 1
says 0 son accept "$mandate"
helps 0
says 0 neighbour revoke "$mandate"
helps 1

echo '  a hospital looks in an emergency, and says why; the person reads it'
look() { says "$1" hospital access --subject niss:48031500292 --source kbo:1000000021 --category health.summary --purpose care "${@:2}"; }
look 1
look 0 --emergency 'Brought in unconscious'
says 0 mother records
grep -q 'in an emergency (Brought in unconscious)' "$work/out" || broken "the person must read why"
says 0 mother export "$work/looks.csv" --kind access --decisions
grep -q "Brought in unconscious,yes,emergency," "$work/looks.csv" || broken "the export must tell the emergency"
says 2 mother export "$work/looks.csv"

echo '  an employer imports a file; the same file again gives nothing'
printf '%s\n' '75061200192;tom@example.org;;NL;file 1;20990101;' '88222999936;;;FR;file 2;20990101;20991231' >"$work/bulk.csv"
bulk() { says "$1" employer --json import "$work/bulk.csv" --format csam --scope flexi "${@:2}"; }
counted() { # given given-before
    python3 -c 'import json, sys; a = json.load(sys.stdin); print(a["given"], a["already"], a["refused"], a["not_sent"])' <"$work/out" |
        grep -qx "$1 $2 0 0" || { cat "$work/out"; broken "the import did not give $1, with $2 given before"; }
}
bulk 2 </dev/null
bulk 0 --yes
counted 2 0
bulk 0
counted 0 2
record=$(awk -F, '$1 == 1 && $2 == "already" { print $3 }' "$work/bulk.csv.report.csv")
says 0 son accept "$record"
sed -i 's/75061200192/75061200193/' "$work/bulk.csv"
bulk 1 --yes

says 0 auditor log audit
says 2 municipality log audit
says 0 auditor monitor --once --entries
says 0 son --json monitor --once
grep -q '"kind": *"mandate"' "$work/out" || broken 'the watch did not tell the son of his mandates'
says 0 son --json monitor --once
grep -q '"new": *\[\]' "$work/out" || broken 'the watch told the son twice'
says 0 municipality prove inclusion --index 3
says 0 municipality prove consistency
scrape
grep -q '^procura_http_requests_total{route="/v1/records/{id}/receipt",' "$LOGS/story-metrics-scrape.log" || broken "the metrics tell of no request for a record"
stop_server

echo '  no server: the receipt verifies, a changed one does not'
url=http://127.0.0.1:9
says 0 neighbour receipt verify "$work/receipt.json"
says 2 son monitor --once
sed 's/"entries":\[{"index":0,"entry":"AQ/"entries":[{"index":0,"entry":"AR/' "$work/receipt.json" >"$work/changed.json"
cmp -s "$work/receipt.json" "$work/changed.json" && broken "the receipt was not changed"
says 1 neighbour receipt verify "$work/changed.json"

echo '  another process opens a copy of the data folder'
cp -r "$data" "$work/copy"
start_server "$work/copy"
check 1
says 0 auditor log audit
