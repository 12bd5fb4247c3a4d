//! The dialogue tools against loops one would write first, by criterion: for people who change the code
//! between two runs.

mod by_criterion;

fn main() {
    by_criterion::run("dialogue", mixcore_benches::dialogue::cases());
}
