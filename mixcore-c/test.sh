#!/bin/sh
# Installs the library into a folder, and uses it from there as C and C++ programs would.
#
#   mixcore-c/test.sh TOOLS TARGET      environment with cmake and ninja; folder for the results
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tools=$(cd "$1" && pwd)
mkdir -p "$2"
target=$(cd "$2" && pwd)
prefix="$target/installed"
# The workspace's own folder, so that what the Python wheel has compiled is not compiled again.
cargo="$here/../target"
PATH="$tools/bin:$PATH"
rm -rf "$prefix" "$target/programs"
mkdir -p "$target/programs"
cd "$target/programs"

echo "== install"
sh "$here/install.sh" "$prefix" "$cargo"
cp "$prefix/lib/pkgconfig/mixcore.pc" first.pc
echo "== again, where nothing is to be built: the same files, with rustc's list of libraries"
sh "$here/install.sh" "$prefix" "$cargo"
cmp first.pc "$prefix/lib/pkgconfig/mixcore.pc"
grep -q -- '-lmixcore .*-lpthread' first.pc
archive="$prefix/lib/libmixcore.a"
ls -l "$cargo/shipped/libmixcore_c.a" "$archive" | awk '{print $5, $9}'

echo "== its global symbols are the functions of the header"
nm --defined-only --extern-only "$archive" | awk 'NF == 3 {print $3}' | sort > symbols
sort "$cargo/mixcore-c/functions" | diff - symbols

echo "== it holds machine code alone: bitcode stops the tools of an older LLVM"
if objdump -h "$archive" | grep -F .llvmbc; then exit 1; fi

echo "== headers, as C99, C++17 and C++20 see them"
strict="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
for header in mixcore.h mixcore.hpp; do printf '#include <%s>\n' $header > "$header.cpp"; done
gcc -std=c99 $strict -I"$prefix/include" -fsyntax-only -x c mixcore.h.cpp
for standard in c++17 c++20; do
    for header in mixcore.h mixcore.hpp; do
        g++ -std=$standard $strict -I"$prefix/include" -fsyntax-only "$header.cpp"
    done
done

libs=$(sed -n 's/^Libs: .*-lmixcore //p' "$prefix/lib/pkgconfig/mixcore.pc")
flags="$strict -O1 -g -I$prefix/include"
gcc -std=c99 $flags "$here/tests/golden.c" "$archive" $libs -o golden
gcc -std=c99 $flags "$here/tests/bad_input.c" "$archive" $libs -o bad_input
g++ -std=c++17 $flags "$here/tests/consumer.cpp" "$archive" $libs -o consumer17
g++ -std=c++20 $flags "$here/tests/consumer.cpp" "$archive" $libs -o consumer20
sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all"
gcc -std=c99 $flags $sanitize "$here/tests/bad_input.c" "$archive" $libs -o bad_input_sanitized
g++ -std=c++17 $flags $sanitize "$here/tests/consumer.cpp" "$archive" $libs -o consumer_sanitized

echo "== golden hashes"
for name in limiter/f32 limiter/f64 meter/f32 meter/f64; do
    hash=$(./golden "${name%/*}" "${name#*/}" | sha256sum | cut -d' ' -f1)
    grep -qx "$name,$hash" "$here/../mixcore/tests/golden/hashes.csv" || {
        echo "$name: $hash is not the golden hash"
        exit 1
    }
done

for program in bad_input consumer17 consumer20 bad_input_sanitized consumer_sanitized; do
    echo "== $program"
    ./$program
done
if command -v valgrind > /dev/null; then
    for program in bad_input consumer17; do
        echo "== $program under valgrind"
        valgrind --quiet --leak-check=full --errors-for-leak-kinds=all --error-exitcode=9 ./$program
    done
fi

echo "== no allocation in push and process"
g++ -std=c++17 $flags "$here/tests/realtime.cpp" "$archive" $libs -o realtime
./realtime

echo "== beside a second Rust library"
rustc --edition 2024 --crate-type staticlib -O "$here/tests/neighbour/neighbour.rs" -o libneighbour.a
gcc -std=c99 $flags "$here/tests/neighbour/main.c" "$archive" libneighbour.a $libs -o neighbour
./neighbour

echo "== CMake package"
cmake -S "$here/examples/cmake-consumer" -B cmake -G Ninja -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror" > cmake.log || { cat cmake.log; exit 1; }
cmake --build cmake > cmake.log || { cat cmake.log; exit 1; }
./cmake/consumer > consumer.txt
head -n 1 consumer.txt
grep -q -- '-1.0[0-9] dBTP' consumer.txt

if command -v pkg-config > /dev/null; then
    echo "== pkg-config"
    export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
    test "$(pkg-config --modversion mixcore)" = "$(sed -n 's/^Version: //p' "$prefix/lib/pkgconfig/mixcore.pc")"
    g++ -std=c++17 "$here/examples/cmake-consumer/main.cpp" $(pkg-config --cflags --libs mixcore) -o by_pkg_config
    ./by_pkg_config > /dev/null
fi

echo "== the README's example"
awk '/^## In C\+\+/ {on = 1} on && /^```$/ {exit} on && code {print} /^```cpp$/ {code = on}' \
    "$here/../README.md" > readme.cpp
test -s readme.cpp && test "$(wc -l < readme.cpp)" -le 12
g++ -std=c++17 $strict -I"$prefix/include" readme.cpp "$archive" $libs -o readme
./readme | tee readme.txt
grep -q -- '^-1.0[0-9] dBTP' readme.txt
