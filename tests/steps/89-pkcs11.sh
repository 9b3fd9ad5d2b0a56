#!/usr/bin/env bash
# Built with the feature pkcs11, the server signs its log by a key that never leaves its token (SoftHSM), and by no other.
# needs: softhsm2-util from softhsm2
. tests/steps/lib.sh

module=
for place in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
    [ -e "$place" ] && module=$place && break
done
[ -n "$module" ] || stop "softhsm2 is here without its library"
tokens=$(mktemp -d)
trap 'rm -rf "$tokens"' EXIT
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$tokens" >"$tokens/softhsm2.conf"
export SOFTHSM2_CONF=$tokens/softhsm2.conf PROCURA_TEST_PKCS11=$module

cargo test --locked -q --workspace --features "$FEATURES" --test pkcs11
