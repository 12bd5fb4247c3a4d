#!/bin/sh
# Instructions a sample, by callgrind's sister cachegrind: ours and crate ebur128's, as Markdown.
#
#   benches/count.sh                     prints the table
#   benches/count.sh record              writes it between the markers `counts` of the README
#
# Every side runs a programme once and three times; what the two runs differ by is two programmes,
# without start and preparation. valgrind has no AVX-512, so the level is AVX2 at most.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --release --locked -p mixcore-benches --bin ratios
bin=${CARGO_TARGET_DIR:-target}/release/ratios

# Instructions of `ratios count INDEX SIDE REPEATS`.
instructions() {
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null \
        "$bin" count "$1" "$2" "$3" 2>&1 >/dev/null |
        awk '/ I +refs:/ { gsub(",", "", $NF); print $NF; found = 1 } END { exit !found }'
}

table() {
    "$bin" machine | sed 's/$/./'
    echo
    echo "| what | ours, instructions a sample | ebur128 0.1.11 | ratio |"
    echo "|---|---:|---:|---:|"
    "$bin" count | while IFS='	' read -r index samples name; do
        for side in mixcore ebur128; do
            once=$(instructions "$index" $side 1)
            thrice=$(instructions "$index" $side 3)
            echo "$once $thrice $samples"
        done | awk -v name="$name" '
            { each[NR] = ($2 - $1) / 2 / $3 }
            END {
                if (NR != 2) exit 1
                printf "| %s | %.1f | %.1f | %.2fx |\n", name, each[1], each[2], each[2] / each[1]
            }'
    done
}

if [ "${1:-}" = record ]; then
    counted=$(table)
    printf '%s\n' "$counted" | "$bin" put counts
else
    table
fi
