#!/bin/sh
# The proofs of the build: what mixcore is without a standard library, from its machine code.
#
# 1. Same bits: the golden hashes from a freestanding static program (no std, no alloc, no C
#    library, SSE2 or NEON) and from a hosted one (std, json, the best level of this CPU) equal
#    `mixcore/tests/golden/hashes.csv`, byte for byte.
# 2. No std slips in: no feature `std` or `alloc` in the freestanding tree, and with `std` switched
#    on the program does not compile.
# 3. No panic: each entry of `no_panic`, linked alone, reaches none of core's panic functions.
#    Proven for the release profile (fat LTO) and for what the entry calls, every SIMD level
#    included; constructors are not part of it.
# 4. AVX2 is the cap: no zmm register in either program.
#
# Needs cargo, gcc and binutils. Builds into target/bare.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# A relative folder is one of the caller's.
mkdir -p "${CARGO_TARGET_DIR:-$here/../../../target}/bare"
CARGO_TARGET_DIR=$(cd "${CARGO_TARGET_DIR:-$here/../../../target}/bare" && pwd)
export CARGO_TARGET_DIR
cd "$here"
CARGO=${CARGO:-cargo}
out=$CARGO_TARGET_DIR/proofs
mkdir -p "$out"

fail() {
    echo "prove.sh: $*" >&2
    exit 1
}

build() {
    "$CARGO" build --locked --quiet --release -p "$1"
}

# Prints the panic functions in a program.
panics() {
    nm -C "$1" | grep -E 'core::(panicking|(option|result|slice|str|cell)::.*(fail|panic))|panic_fmt' || true
}

for tool in gcc ld nm objdump; do
    command -v "$tool" > "$out/which" || fail "$tool is missing: install gcc and binutils"
done

# 1 and 2. Each package is built alone, so that no feature of another is unified into it.
tree=$("$CARGO" tree --locked -e features -p bare-freestanding --prefix none)
if echo "$tree" | grep -E 'feature "(std|alloc)"'; then
    fail "a feature of the freestanding program needs a standard library"
fi
if "$CARGO" check --locked --quiet -p bare-freestanding --features std 2> "$out/with_std"; then
    fail "the freestanding program compiles with std: it proves nothing"
fi
grep -q panic_impl "$out/with_std" || fail "std fails for another reason: $(cat "$out/with_std")"

c="gcc -std=c11 -O2 -Wall -Wextra -Werror -ffreestanding -fno-stack-protector"
c="$c -fno-tree-loop-distribute-patterns -fno-pic"
$c -c -o "$out/start.o" start.c
build bare-freestanding
$c -no-pie -nostdlib -nostartfiles -static -Wl,--gc-sections -o "$out/freestanding" \
    "$out/start.o" "$CARGO_TARGET_DIR/release/libbare_freestanding.a"
build bare-hosted
cp "$CARGO_TARGET_DIR/release/bare-hosted" "$out/hosted"
for program in freestanding hosted; do
    "$out/$program" > "$out/$program.csv" || fail "$program ends with status $?"
    diff ../golden/hashes.csv "$out/$program.csv" || fail "$program: other hashes"
done

# 3. The linker keeps what one entry reaches. The canary indexes a slice: it must be caught.
build bare-no-panic
archive=$CARGO_TARGET_DIR/release/libbare_no_panic.a
entries=$(cat no_panic/src/*.rs | sed -n 's/^    \([a-z0-9_]*\)(.*{$/\1/p')
count=0
for entry in $entries; do
    ld --gc-sections -e "$entry" -o "$out/entry" "$out/start.o" "$archive" \
        --defsym golden_csv=0
    nm "$out/entry" | grep -q " T $entry\$" || fail "$entry is not in its own program"
    found=$(panics "$out/entry")
    if [ "$entry" = canary_that_panics ]; then
        [ -n "$found" ] || fail "the canary is not caught: this check proves nothing"
    else
        [ -z "$found" ] || fail "$entry can panic: $found"
        count=$((count + 1))
    fi
done
# The canary is not counted; an entry in a form that the pattern above misses would be.
exported=$(cat no_panic/src/*.rs | grep -cE '^    [a-z0-9_]+\(')
[ "$count" -eq "$((exported - 1))" ] || fail "$count entries of $exported were linked"

# 4. A wider register would be a kernel for AVX-512. That the look finds registers is shown by the
#    narrower ones, which the hosted program must have.
if [ "$(uname -m)" = x86_64 ]; then
    objdump -d "$out/hosted" | grep -q ymm || fail "no AVX2 in the hosted program: this check proves nothing"
fi
for program in freestanding hosted; do
    if objdump -d "$out/$program" | grep -m 1 zmm; then
        fail "$program uses AVX-512, which stays off (rust-lang/rust issue 158622)"
    fi
done

echo "$(($(wc -l < ../golden/hashes.csv) - 1)) hashes equal in both programs, $count entries without panic, no AVX-512"
