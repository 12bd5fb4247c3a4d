//! The duckers, by criterion: for people who change the code between two runs.

mod by_criterion;

fn main() {
    by_criterion::run("duck", mixcore_benches::duck::cases());
}
