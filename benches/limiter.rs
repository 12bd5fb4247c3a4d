//! The limiter and its window, by criterion: for people who change the code between two runs.

mod by_criterion;

fn main() {
    by_criterion::run("limiter", mixcore_benches::limiter::cases());
}
