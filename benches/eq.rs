//! The equaliser against a naive loop and crates, by criterion: for people who change the code between two runs.

mod by_criterion;

fn main() {
    by_criterion::run("eq", mixcore_benches::eq::cases());
}
