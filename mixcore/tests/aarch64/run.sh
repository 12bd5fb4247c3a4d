#!/bin/sh
# The core's tests and the golden hashes on AArch64 (NEON), under emulation.
#
# Debian has a Rust compiler with a standard library for arm64, a cross linker and an emulator. They
# are downloaded with their dependencies and unpacked into target/aarch64; nothing is installed, and
# apt's own lists stay as they are. The compiler is not the one of `make test`: this is a check of
# portability. Optional: `make test-aarch64`.
#
# Needs cargo, apt-get and dpkg of Debian 12 on amd64, about 1.5 GB and a network.
set -eu
cd "$(dirname "$0")/../../.."
CARGO=${CARGO:-cargo}
home=$PWD/target/aarch64
root=$home/root

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

for tool in apt-get dpkg; do
    command -v "$tool" > /dev/null || fail "$tool is missing: this check needs Debian 12 on amd64"
done
[ "$(dpkg --print-architecture)" = amd64 ] || fail "this check cross-compiles from amd64 only"

# apt with lists, cache and an empty register of installed packages of its own.
apt() {
    apt-get --quiet --yes \
        -o Dir::State="$home/apt/state" -o Dir::State::status="$home/apt/state/status" \
        -o Dir::Cache="$home/apt/cache" -o APT::Sandbox::User=root -o Debug::NoLocking=1 \
        -o APT::Architecture=amd64 -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 "$@"
}

if [ ! -e "$home/unpacked" ]; then
    mkdir -p "$home/apt/state/lists/partial" "$home/apt/cache/archives/partial" "$root"
    : > "$home/apt/state/status"
    apt update || fail "apt cannot read its package lists"
    apt install --download-only --no-install-recommends -o APT::Keep-Downloaded-Packages=1 \
        rustc-web libstd-rust-web-dev libstd-rust-web-dev:arm64 gcc-aarch64-linux-gnu \
        libc6-dev-arm64-cross qemu-user-static ||
        fail "Debian's rustc-web, gcc-aarch64-linux-gnu or qemu-user-static are not to be had"
    for package in "$home"/apt/cache/archives/*.deb; do
        dpkg -x "$package" "$root"
    done
    touch "$home/unpacked"
fi

# Both must be Debian's: the documentation tests are compiled by rustdoc.
export RUSTC="$root/usr/bin/rustc" RUSTDOC="$root/usr/bin/rustdoc"
export LD_LIBRARY_PATH="$root/usr/lib/x86_64-linux-gnu"
export CARGO_TARGET_DIR="$home/build"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER="$root/usr/bin/aarch64-linux-gnu-gcc"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C link-arg=--sysroot=$root"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$root/usr/bin/qemu-aarch64-static -L $root/usr/aarch64-linux-gnu"
"$RUSTC" --version
"$CARGO" test --locked -p mixcore --target aarch64-unknown-linux-gnu "$@"
