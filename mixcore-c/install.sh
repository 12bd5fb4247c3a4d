#!/bin/sh
# Builds the static library and installs it with headers, CMake package and pkg-config file.
#
#   mixcore-c/install.sh PREFIX [TARGET]     TARGET: cargo's folder, "target" by default
#
# The archive holds one object, linked beforehand, whose only global symbols are the functions of
# mixcore.h: it can stand beside any other Rust library in one program.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
mkdir -p "${2:-target}"
target=$(cd "${2:-target}" && pwd)

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml" | head -n 1)
work="$target/mixcore-c"
rm -rf "$work"
mkdir -p "$work"
cargo rustc --locked --color never --manifest-path "$here/Cargo.toml" --target-dir "$target" \
    --profile shipped --crate-type staticlib -- --print native-static-libs 2> "$work/build" ||
    { cat "$work/build" >&2; exit 1; }
# What Rust's standard library needs, as the compiler itself says it. Cargo repeats the compiler's
# notes where there was nothing to build.
libs=$(sed -n 's/^note: native-static-libs: //p' "$work/build")
test -n "$libs" || { cat "$work/build" >&2; echo "rustc named no native libraries" >&2; exit 1; }
raw="$target/shipped/libmixcore_c.a"

functions=$(sed -n 's/.*\(mixcore_[a-z0-9_]*\)(.*/\1/p' "$here/include/mixcore.h" | sort -u)
for name in $functions; do
    printf -- '-u\n%s\n' "$name" >> "$work/undefined"
    printf '%s\n' "$name" >> "$work/functions"
done
# Section groups are dissolved: the linker would keep one of two personality routines, and it is
# local here.
ld -r --force-group-allocation --gc-sections @"$work/undefined" -o "$work/all.o" "$raw"
# The standard library's objects carry LLVM bitcode. Binutils with the plugin of an older LLVM die of
# it ("Invalid encoding"), in every program that links the archive.
objcopy --strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd \
    --keep-global-symbols="$work/functions" "$work/all.o" "$work/mixcore.o"

mkdir -p "$prefix/lib/cmake/mixcore" "$prefix/lib/pkgconfig" "$prefix/include"
rm -f "$prefix/lib/libmixcore.a"
ar rcs "$prefix/lib/libmixcore.a" "$work/mixcore.o"
cp "$here/include/mixcore.h" "$here/include/mixcore.hpp" "$prefix/include/"
for file in lib/cmake/mixcore/mixcoreConfig.cmake lib/cmake/mixcore/mixcoreConfigVersion.cmake \
    lib/pkgconfig/mixcore.pc; do
    sed -e "s|@VERSION@|$version|g" -e "s|@LIBS@|$libs|g" \
        "$here/cmake/$(basename "$file").in" > "$prefix/$file"
done
