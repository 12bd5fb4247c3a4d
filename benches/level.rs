//! Automation and standing gains against naive loops, by criterion: for people who change the code between two runs.

mod by_criterion;

fn main() {
    by_criterion::run("level", mixcore_benches::level::cases());
}
