//! Changes of the sample rate against rubato, by criterion: for people who change the code between two
//! runs.

mod by_criterion;

fn main() {
    by_criterion::run("resample", mixcore_benches::resample::cases());
}
