#!/usr/bin/env bash
# procura-core builds for wasm32-unknown-unknown.
# The target's standard library comes from the toolchain; if it isn't there, from rustup; if rustup gets none,
# Debian's rustc-web is unpacked (not installed) and builds it from source. WASM_STD=toolchain|rustup|debian takes
# that one way only.
. tests/steps/lib.sh

triple=wasm32-unknown-unknown
# Unoptimised and without debug information: that it builds is all we ask.
build=(build --locked --package procura-core --target $triple
    --config 'profile.dev.package."*".opt-level=0' --config profile.dev.debug=false)

main() {
    local way
    for way in ${WASM_STD:-toolchain rustup debian}; do
        if "has_$way"; then
            echo "standard library of $triple: from $way"
            "build_$way"
            return
        fi
    done
    broken "no way to a standard library of $triple: neither the toolchain, nor rustup, nor Debian's rustc-web"
}

has_toolchain() {
    local lib
    lib=$(rustc --print target-libdir --target $triple) && compgen -G "$lib/libcore-*.rlib" >/dev/null
}
build_toolchain() { cargo "${build[@]}" --target-dir "$TARGET/wasm"; }

has_rustup() { command -v rustup >/dev/null && timeout 120 rustup target add $triple; }
build_rustup() { build_toolchain; }

# Debian's compiler is a newer one than ours may be, and brings no wasm32 library but the library's source.
has_debian() { command -v apt-get >/dev/null; }
build_debian() {
    local web=$TOOLS/rustc-web
    [ -e "$web/complete" ] || unpack_debian "$web"
    export LD_LIBRARY_PATH
    LD_LIBRARY_PATH=$(dirname "$(compgen -G "$web/usr/lib/*/librustc_driver-*.so")")
    RUSTC=$web/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
        cargo -Zbuild-std=core,alloc,std,panic_abort "${build[@]}" --target-dir "$TARGET/wasm-debian"
}

# Unpacks compiler and library source of one version into folder $1. The compiler's own LLVM is installed.
unpack_debian() {
    local web=$1 std llvm debs
    rm -rf "$web"
    mkdir -p "$web/debs"
    [ "$(id -u)" -ne 0 ] || apt-get update -qq
    std=$(depends libstd-rust-web-dev 'libstd-rust-web-[0-9.]*')
    [ -n "$std" ] || stop "Debian's package lists name no rustc-web. As root: apt-get update"
    llvm=$(depends "$std" 'libllvm[0-9]*')
    dpkg -s "$llvm" >/dev/null 2>&1 || debian_install "$llvm"
    (cd "$web/debs" && apt-get download -qq rustc-web libstd-rust-web-dev "$std" rust-web-src 2>/dev/null) ||
        broken "could not download rustc-web from Debian"
    for debs in "$web"/debs/{rustc-web,libstd-rust-web}*.deb; do dpkg-deb -x "$debs" "$web"; done
    # Of the source, the library is needed, not the compiler: 40 MB instead of 340.
    dpkg-deb --fsys-tarfile "$web"/debs/rust-web-src*.deb |
        tar -x -C "$web" --wildcards './usr/src/rustc-*/library' './usr/lib/rustlib/src/*'
    rm -r "$web/debs"
    touch "$web/complete"
}

# The package that $1 depends on and whose name matches $2.
depends() { apt-cache depends "$1" 2>/dev/null | sed -n "s/^ *Depends: \($2\)$/\1/p" | head -1; }

main
