#!/usr/bin/env bash
# The bills of materials name every crate that is built; no code of ours is unsafe, and whose is stands in a list that grows on purpose only.
# needs: python3 from python3
. tests/steps/lib.sh
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
host=$(rustc -vV | sed -n 's/^host: //p')

bash dist/sbom "$work"
for package in server client; do
    python3 -c 'import json, sys
for one in json.load(open(sys.argv[1]))["components"]:
    if not one["name"].startswith("procura-"): print(one["name"], "v" + one["version"])' "$work/procura-$package.cdx.json" | sort -u >"$work/named"
    crates --package "procura-$package" --edges normal --target "$host" | sort -u >"$work/built"
    [ -s "$work/built" ] || broken "cargo tree listed no crate: this check checks nothing"
    missing=$(comm -13 "$work/named" "$work/built")
    [ -z "$missing" ] || broken "the bill of materials of procura-$package lacks what is built: $missing"
    # cargo tells its tool of features that only tests ask for: what they bring is named too.
    echo "  procura-$package: all $(wc -l <"$work/built") crates, and $(comm -23 "$work/named" "$work/built" | wc -l) that only tests' features bring"
done
grep -l "$PWD" "$work"/*.json && broken "a bill of materials names a folder of this machine"

# Ours: the compiler forbids it in every crate. What is no member of the workspace forbids it itself, but for libFuzzer's entry point.
for manifest in $(git ls-files '*Cargo.toml'); do
    grep -qE '^unsafe_code = "forbid"|^workspace = true' "$manifest" || case $manifest in
    tests/fuzzing/Cargo.toml | tests/shuttle/Cargo.toml | bench/wasm/Cargo.toml) ;; # not part of what is run
    *) broken "$manifest does not forbid unsafe code" ;;
    esac
done

# Others': each crate with an unsafe block, function, trait or impl.
registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
crates --package procura-server --package procura-client --edges normal --target "$host" >"$work/built"
while read -r name version; do
    folder=$(find "$registry" -mindepth 2 -maxdepth 2 -type d -name "$name-${version#v}" | head -n 1)
    [ -n "$folder" ] || broken "the source of $name $version is not there"
    # Build scripts, tests and examples are not in the program.
    if grep -rqE '^[^/]*\bunsafe (fn|impl|trait|extern|\{)' --include=*.rs --exclude-dir={tests,benches,examples} "$folder"; then echo "$name"; fi
done <"$work/built" | sort -u >"$work/unsafe"
[ -s "$work/unsafe" ] || broken "no crate is unsafe: this check checks nothing"
diff dist/unsafe.txt "$work/unsafe" || broken "crates with unsafe code are others than dist/unsafe.txt says (<): look at what came (>), then add it there"
echo "  $(wc -l <"$work/unsafe") of $(wc -l <"$work/built") crates hold unsafe code, as dist/unsafe.txt says"
