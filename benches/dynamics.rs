//! Gate, de-esser, multiband units, dynamic equaliser, transient shaper and soft clipper, by criterion:
//! for people who change the code between two runs.

mod by_criterion;

fn main() {
    by_criterion::run("dynamics", mixcore_benches::dynamics::cases());
}
