//! The convolver against fft-convolver, by criterion: for people who change the code between two runs.

mod by_criterion;

fn main() {
    by_criterion::run("convolve", mixcore_benches::convolve::cases());
}
