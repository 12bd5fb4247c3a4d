//! Meters against their rivals, by criterion: for people who change the code between two runs.

mod by_criterion;

fn main() {
    by_criterion::run(
        "loudness",
        mixcore_benches::loudness::cases(mixcore_benches::loudness::Set::Chosen, ""),
    );
}
