//! Gains of the panners, by criterion: for people who change the code between two runs.

mod by_criterion;

fn main() {
    by_criterion::run("spatial", mixcore_benches::spatial::cases());
}
