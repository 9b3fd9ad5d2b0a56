#!/usr/bin/env bash
# The bills of materials name every crate that is built; no code of ours is unsafe, and whose is stands in a list that grows on purpose only.
# needs: python3 from python3
. tests/steps/lib.sh
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
host=$(rustc -vV | sed -n 's/^host: //p')

bash dist/sbom "$work"
# Those of a server with all its features are none of the default build's, and may not have been fetched yet.
cargo fetch --locked --quiet --target "$host"
# Each bill by its name, with the package and the features that it is of.
while read -r bill package features; do
    python3 -c 'import json, sys
for one in json.load(open(sys.argv[1]))["components"]:
    if not one["name"].startswith("procura-"): print(one["name"], "v" + one["version"])' "$work/$bill.cdx.json" | sort -u >"$work/named"
    crates --package "$package" ${features:+--features "$features"} --edges normal --target "$host" | sort -u >"$work/built"
    [ -s "$work/built" ] || broken "cargo tree listed no crate: this check checks nothing"
    missing=$(comm -13 "$work/named" "$work/built")
    [ -z "$missing" ] || broken "the bill of materials $bill lacks what is built: $missing"
    # cargo tells its tool of features that only tests ask for: what they bring is named too.
    echo "  $bill: all $(wc -l <"$work/built") crates, and $(comm -23 "$work/named" "$work/built" | wc -l) that only tests' features bring"
done <<BILLS
procura-server procura-server
procura-client procura-client
procura-server-features procura-server $FEATURES
BILLS
# A feature brings crates, or it needs no bill.
[ "$(grep -c '"bom-ref"' "$work/procura-server-features.cdx.json")" -gt "$(grep -c '"bom-ref"' "$work/procura-server.cdx.json")" ] ||
    broken "the bill of materials of all features names no more than the other"
for feature in $(sed -n '/^\[features\]/,/^$/s/^\([a-z0-9]*\) = .*/\1/p' server/Cargo.toml); do
    [[ ,$FEATURES, == *,procura-server/$feature,* ]] || broken "the feature $feature is in no bill of materials"
done
grep -l "$PWD" "$work"/*.json && broken "a bill of materials names a folder of this machine"

# Ours: the compiler forbids it in every crate. What is no member of the workspace forbids it itself, but for libFuzzer's entry point.
for manifest in $(git ls-files '*Cargo.toml'); do
    grep -qE '^unsafe_code = "forbid"|^workspace = true' "$manifest" || case $manifest in
    tests/fuzzing/Cargo.toml | tests/shuttle/Cargo.toml | bench/wasm/Cargo.toml) ;; # not part of what is run
    *) broken "$manifest does not forbid unsafe code" ;;
    esac
done

# Others': each crate with an unsafe block, function, trait or impl, and whether it comes with a feature alone.
registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
crates --package procura-server --package procura-client --edges normal --target "$host" >"$work/default"
crates --package procura-server --package procura-client --features "$FEATURES" --edges normal --target "$host" >"$work/built"
while read -r name version; do
    folder=$(find "$registry" -mindepth 2 -maxdepth 2 -type d -name "$name-${version#v}" | head -n 1)
    [ -n "$folder" ] || broken "the source of $name $version is not there"
    # Build scripts, tests and examples are not in the program.
    if grep -rqE '^[^/]*\bunsafe (fn|impl|trait|extern|\{)' --include=*.rs --exclude-dir={tests,benches,examples} "$folder"; then
        if grep -q "^$name " "$work/default"; then echo "$name"; else echo "$name, with features"; fi
    fi
done <"$work/built" | sort -u >"$work/unsafe"
[ -s "$work/unsafe" ] || broken "no crate is unsafe: this check checks nothing"
diff dist/unsafe.txt "$work/unsafe" || broken "crates with unsafe code are others than dist/unsafe.txt says (<): look at what came (>), then add it there"
echo "  $(wc -l <"$work/unsafe") of $(wc -l <"$work/built") crates hold unsafe code, as dist/unsafe.txt says"
