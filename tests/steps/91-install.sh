#!/usr/bin/env bash
# The service and the container are what the handbook says: the unit is valid, as closed as it says, and allows every call that the server makes; what is copied is there and starts.
# needs: curl from curl
# needs: openssl from openssl
# needs: strace from strace
# needs: systemd-analyze from systemd
. tests/steps/lib.sh

page=server/handbook/install.md
programs
work=$(mktemp -d)
server=
end() {
    [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
    server=
    rm -rf "$work"
}
trap end EXIT
fresh_logs install

# A release, of the programs that the tests have, put where the page puts it.
DIST_PROGRAMS=$BIN bash dist/build "$work/release"
root=$work/root
as_the_page_says() { # block
    local block
    block=$(awk -v mark="\`\`\`sh $1" '$0 == mark { on = 1; next } /^```/ { on = 0 } on' $page)
    [ -n "$block" ] || broken "$page has no block named $1"
    (cd "$work/release" && ROOT=$root bash -euo pipefail -c "$block")
}
as_the_page_says root
chmod 755 "$work"

# The unit.
unit=$root/etc/systemd/system/procura.service
sed "s|/usr/bin/procura-server|$root/usr/bin/procura-server|" "$unit" >"$work/procura.service"
# What it does not understand it tells of, and calls valid.
valid() { # units…
    local told
    told=$(systemd-analyze verify --man=no "$@" 2>&1) && [ -z "$told" ] || broken "a unit is not valid: $told"
}
valid "$work/procura.service"
as_closed_as() { # what the page says before the score
    local said score
    said=$(sed -n "s/.*$1 \*\*\([0-9.]*\)\*\* of 10.*/\1/p" $page)
    score=$(systemd-analyze security --offline=true "$work/procura.service" | sed -n 's/.*exposure level for procura.service: \([0-9.]*\) .*/\1/p')
    echo "  systemd-analyze security: $score, the page says $said"
    awk -v score="$score" -v said="$said" 'BEGIN { exit !(score != "" && said != "" && score == said) }' || broken "the unit is not as closed as $page says"
}
is_closed() { systemd-analyze security --offline=true "$work/procura.service" | grep ' IPAddressDeny= .*with only localhost entries' >/dev/null; }
as_closed_as 'gives it'
is_closed || broken "the unit lets others in"
# The same for a ledger that is asked from elsewhere: with the drop-in nothing but its addresses is open.
as_the_page_says public
cp -r "$unit.d" "$work/procura.service.d"
valid "$work/procura.service"
as_closed_as 'then gives'
! is_closed || broken "with procura-public.conf the unit lets nobody in"
# An authority's timer.
sed "s|/usr/bin/procura |$root/usr/bin/procura |" "$work/release/procura-terms.service" >"$work/procura-terms.service"
cp "$work/release/procura-terms.timer" "$work/"
valid "$work/procura-terms.service" "$work/procura-terms.timer"
systemd-sysusers --root="$root" 2>/dev/null || broken "procura.sysusers is not valid"
grep -q '^procura:' "$root/etc/passwd" || broken "procura.sysusers makes no user procura"

# Starts what the container starts: its entry point and command on its settings, in a data folder of its own.
start() { # what it runs under…
    rm -rf "$work/data" "$work/out"
    mkdir -m 777 "$work/data"
    : >"$work/out"
    local entry command
    entry=$(sed -n 's/^ENTRYPOINT \["\(.*\)"\]/\1/p' dist/Containerfile)
    command=$(sed -n 's/^CMD \[\(.*\)\]/\1/p' dist/Containerfile | tr -d '",')
    # shellcheck disable=SC2086 # words
    PROCURA_DATA=$work/data/ledger PROCURA_LISTEN=127.0.0.1:0 logged install "$@" "$root$entry" ${command// \// $root/} >"$work/out" &
    server=$!
    for _ in $(seq 150); do
        url=$(grep -o 'https\{0,1\}://127.0.0.1:[0-9]*' "$work/out" | head -n 1 || true)
        [ -z "$url" ] || return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    tail "$LOGS/install-server.log"
    broken "the server did not start"
}

# Every call that it makes, while it makes a ledger, speaks TLS, backs up, reads its certificate again and ends.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ledger -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
chmod 600 "$work/key.pem"
export PROCURA_TLS_CERTIFICATE=$work/certificate.pem PROCURA_TLS_KEY=$work/key.pem PROCURA_BACKUP_TO=$work/data/backups PROCURA_BACKUP_EVERY_S=1 PROCURA_DEMO=true
if start strace -f -qq -o "$work/calls"; then
    curl -s --cacert "$work/certificate.pem" "$url/readyz" | grep -q ok || broken "no answer over TLS"
    child=$(pgrep -P "$server")
    kill -HUP "$child"
    sleep 1.5
    kill "$child" && wait "$server" || true
    server=
fi
unset PROCURA_TLS_CERTIFICATE PROCURA_TLS_KEY PROCURA_BACKUP_TO PROCURA_BACKUP_EVERY_S PROCURA_DEMO
names() { # a call, or a filter set with the sets in it
    case $1 in
    @*) systemd-analyze syscall-filter "$1" | sed -n 's/^    \([-@a-z_0-9]*\)$/\1/p' | while read -r name; do names "$name"; done ;;
    *) echo "$1" ;;
    esac
}
# Line after line, as systemd takes them.
: >"$work/allowed"
sed -n 's/^SystemCallFilter=//p' "$unit" | while read -r line; do
    for set in ${line#\~}; do names "$set"; done | sort -u >"$work/of-line"
    case $line in
    \~*) comm -23 "$work/allowed" "$work/of-line" >"$work/next" ;;
    *) sort -u "$work/allowed" "$work/of-line" >"$work/next" ;;
    esac
    mv "$work/next" "$work/allowed"
done
sed -n 's/^[0-9]* *\([a-z_0-9]*\)(.*/\1/p' "$work/calls" | sort -u >"$work/made"
count=$(grep -c . "$work/made")
[ "$count" -gt 30 ] || broken "strace saw $count calls: this check checks nothing"
others=$(comm -23 "$work/made" "$work/allowed")
[ -z "$others" ] || broken "the server makes calls that the unit does not allow: $others"
families=$(grep -o ' socket(AF_[A-Z0-9]*' "$work/calls" | sed 's/.*(//' | sort -u)
for family in $families; do
    grep -q "^RestrictAddressFamilies=.*\b$family\b" "$unit" || broken "the server opens a socket of $family, which the unit does not allow"
done
echo "  $count system calls are made, all of them allowed, on sockets of" $families

# The container: all that it copies is there, and it starts, as nobody if we may choose.
sed -n 's/^COPY --from=build \(.*\) [^ ]*$/\1/p' dist/Containerfile | tr ' ' '\n' | sed 's|^/out/||' >"$work/copied"
[ -s "$work/copied" ] || broken "dist/Containerfile copies nothing"
while read -r name; do
    [ -f "$work/release/$name" ] || broken "dist/Containerfile copies $name, which dist/build does not make"
done <"$work/copied"
nobody=()
[ "$(id -u)" -ne 0 ] || nobody=(setpriv --reuid=65532 --regid=65532 --clear-groups --no-new-privs)
start "${nobody[@]}"
curl -s "$url/readyz" | grep -q '"ok"' || broken "what the container starts does not answer"
[ "$(id -u)" -ne 0 ] || [ "$(stat -c %u "$work/data/ledger")" = 65532 ] || broken "it ran as somebody else"
echo "  what the container starts answers"

# What it sends is what the release says that it sends, each file by its hash.
while read -r hash address; do
    [ "$(curl -s "$url$address" | sha256sum | cut -d' ' -f1)" = "$hash" ] || broken "$address is not what the release's pages.sha256 says"
done <"$work/release/pages.sha256"
[ "$(wc -l <"$work/release/pages.sha256")" -gt 20 ] || broken "pages.sha256 says next to nothing"
(cd "$work/release" && sha256sum --quiet -c SHA256SUMS) || broken "SHA256SUMS is not of what is there"
echo "  its $(wc -l <"$work/release/pages.sha256") pages and files are those of the release"
