//! The real FFT against `realfft`, the real transform over RustFFT, which uses AVX and fused
//! multiply-add where the CPU has them.
//!
//! Both sides copy their input first, because the rival destroys it; by multiplication with 1, because
//! the C library's copy takes up to 1.5 ns a sample on a Zen 3 at some addresses, which would be most
//! of the figure.

use std::hint::black_box;

use mixcore::filters::RealFft;
use mixcore::kernels::Isa;
use realfft::RealFftPlanner;

use crate::mix::levels;
use crate::{Case, Goal, Rival, signals};

/// Lengths that are timed.
const LENGTHS: [usize; 3] = [256, 1024, 4096];
/// Both round to f32 in every pass; measured 2e-7.
pub const SHARE: f64 = 1e-6;
/// At most one and a half times the rival's time.
const MUST: f64 = 0.67;

fn copy(from: &[f32], to: &mut [f32]) {
    let one = black_box(1.0);
    for (to, from) in to.iter_mut().zip(from) {
        *to = from * one;
    }
}

/// Root-mean-square of the difference over that of the rival's values.
fn apart(ours: &[f32], theirs: &[f32]) -> f64 {
    let square = |x: f64| x * x;
    let difference: f64 = ours.iter().zip(theirs).map(|(a, b)| square(f64::from(a - b))).sum();
    let power: f64 = theirs.iter().map(|b| square(f64::from(*b))).sum();
    (difference / power).sqrt()
}

fn goal(isa: Isa) -> Goal {
    if isa == Isa::detect() { Goal::Ratio(MUST, 1.0) } else { Goal::None }
}

fn forward(isa: Isa, length: usize) -> Case {
    let input = signals::noise(1, length, 0.0).remove(0);
    let bins = length / 2 + 1;
    let mut ours = RealFft::new(length, isa).expect("a power of two");
    let (mut time, mut re, mut im) = (input.clone(), vec![0.0; bins], vec![0.0; bins]);
    ours.forward(&time, &mut re, &mut im).expect("lengths that fit");

    let rival = RealFftPlanner::<f32>::new().plan_fft_forward(length);
    let (mut rival_time, mut spectrum) = (input.clone(), rival.make_output_vec());
    let mut scratch = rival.make_scratch_vec();
    rival.process_with_scratch(&mut rival_time, &mut spectrum, &mut scratch).expect("fits");
    let both: Vec<f32> = re.iter().chain(&im).copied().collect();
    let theirs: Vec<f32> =
        spectrum.iter().map(|x| x.re).chain(spectrum.iter().map(|x| x.im)).collect();
    assert!(apart(&both, &theirs) < SHARE, "the spectra differ");

    let theirs = input.clone();
    Case {
        name: format!("FFT of {length}, f32, {:?}", isa.level()),
        units: length as u64,
        unit: "sample",
        ours: Box::new(move || {
            copy(&input, &mut time);
            ours.forward(black_box(&time), &mut re, &mut im).expect("fits");
            black_box((&re, &im));
        }),
        rivals: vec![Rival::new(
            "realfft",
            move || {
                copy(&theirs, &mut rival_time);
                rival
                    .process_with_scratch(black_box(&mut rival_time), &mut spectrum, &mut scratch)
                    .expect("fits");
                black_box(&spectrum);
            },
            goal(isa),
        )],
        limit: None,
    }
}

fn inverse(isa: Isa, length: usize) -> Case {
    let input = signals::noise(1, length, 0.0).remove(0);
    let bins = length / 2 + 1;
    let mut ours = RealFft::new(length, isa).expect("a power of two");
    let (mut re, mut im) = (vec![0.0; bins], vec![0.0; bins]);
    ours.forward(&input, &mut re, &mut im).expect("lengths that fit");
    let (re, im) = (re, im);
    let mut time = vec![0.0; length];
    ours.inverse(&re, &im, &mut time).expect("lengths that fit");
    assert!(apart(&time, &input) < SHARE, "the inverse does not give back the signal");

    let rival = RealFftPlanner::<f32>::new().plan_fft_inverse(length);
    let mut spectrum = rival.make_input_vec();
    for (bin, (re, im)) in spectrum.iter_mut().zip(re.iter().zip(&im)) {
        (bin.re, bin.im) = (*re, *im);
    }
    let source = spectrum.clone();
    let (mut rival_time, mut scratch) = (rival.make_output_vec(), rival.make_scratch_vec());
    let (mut ours_re, mut ours_im) = (re.clone(), im.clone());
    Case {
        name: format!("inverse FFT of {length}, f32, {:?}", isa.level()),
        units: length as u64,
        unit: "sample",
        ours: Box::new(move || {
            copy(&re, &mut ours_re);
            copy(&im, &mut ours_im);
            ours.inverse(black_box(&ours_re), black_box(&ours_im), &mut time).expect("fits");
            black_box(&time);
        }),
        rivals: vec![Rival::new(
            "realfft",
            move || {
                let one = black_box(1.0);
                for (to, from) in spectrum.iter_mut().zip(&source) {
                    *to = from * one;
                }
                rival
                    .process_with_scratch(black_box(&mut spectrum), &mut rival_time, &mut scratch)
                    .expect("fits");
                black_box(&rival_time);
            },
            goal(isa),
        )],
        limit: None,
    }
}

/// The cases, each compared with the rival's result before it is returned.
///
/// # Panics
/// If a result differs from the rival's.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for isa in levels() {
        for length in LENGTHS {
            cases.push(forward(isa, length));
            cases.push(inverse(isa, length));
        }
    }
    cases
}
