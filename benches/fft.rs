//! The real FFT against realfft, by criterion: for people who change the code between two runs.

mod by_criterion;

fn main() {
    by_criterion::run("fft", mixcore_benches::fft::cases());
}
