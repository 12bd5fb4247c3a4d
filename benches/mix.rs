//! Fader, fold-down, matrix and bus against naive loops, by criterion: for people who change the code between two runs.

mod by_criterion;

fn main() {
    by_criterion::run("mix", mixcore_benches::mix::cases());
}
