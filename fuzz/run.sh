#!/bin/sh
# Builds the targets on stable Rust with coverage feedback, and runs each.
#
#   fuzz/run.sh                    every target, 20,000 runs
#   fuzz/run.sh 100000             every target, that many runs
#   fuzz/run.sh 60s                every target, that many seconds
#   fuzz/run.sh 60s limiter        one target (or several)
#
# What is found on the way stays in fuzz/target/corpus; fuzz/corpus holds the seeds and is not
# written to. A failing input is left in fuzz/target/found.
set -eu
cd "$(dirname "$0")"

effort=${1:-20000}
[ $# -gt 0 ] && shift
targets=${*:-meter_pushes spec_json session_json limiter}
case $effort in
    *s) limit="-max_total_time=${effort%s}" ;;
    # A number of runs is a test: the same inputs every time.
    *) limit="-runs=$effort -seed=1" ;;
esac

# SanitizerCoverage as cargo-fuzz switches it on, by flags that stable has too. A target triple is
# named so that build scripts stay without it: they are not linked with libFuzzer. Overflow is
# checked, as in a debug build; debug assertions are not switched on, mixcore has none of its own
# and those of the slice methods make the SIMD kernels many times slower.
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -C passes=sancov-module \
-C llvm-args=-sanitizer-coverage-level=4 \
-C llvm-args=-sanitizer-coverage-inline-8bit-counters \
-C llvm-args=-sanitizer-coverage-pc-table \
-C llvm-args=-sanitizer-coverage-trace-compares \
-C overflow-checks -C codegen-units=1"
cargo build --locked --release --target "$host" --target-dir target

mkdir -p target/found
for target in $targets; do
    mkdir -p "target/corpus/$target"
    echo "== $target"
    "target/$host/release/$target" "target/corpus/$target" "corpus/$target" \
        -max_len=4096 -len_control=0 -verbosity=0 -timeout=600 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="target/found/$target-" $limit
done
