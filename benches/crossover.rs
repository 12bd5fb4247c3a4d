//! The crossover against a naive tree, by criterion: for people who change the code between two runs.

mod by_criterion;

fn main() {
    by_criterion::run("crossover", mixcore_benches::crossover::cases());
}
