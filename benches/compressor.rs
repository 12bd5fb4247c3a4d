//! The compressor and its gain computer, by criterion: for people who change the code between two
//! runs.

mod by_criterion;

fn main() {
    by_criterion::run("compressor", mixcore_benches::compressor::cases());
}
