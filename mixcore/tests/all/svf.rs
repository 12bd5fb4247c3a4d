//! The state-variable filter: its response, its sweeps, its stability.

use mixcore::filters::design::{Method, Shape, second_order};
use mixcore::filters::{RealFft, Svf, SvfParams, SvfSetup};
use mixcore::{BlockMut, Io, Isa, Layout, Process, Processor, Sample, Stream, math, units};
use proptest::prelude::*;

use crate::click::{CLICK_DBFS, PASSAGE, left_above_5_khz, tone};
use crate::signals::{Noise, noise};

const RATE_HZ: f64 = 48_000.0;

fn mono(shape: Shape, hz: f64, q: f64, gain_db: f64) -> Svf {
    let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    Svf::new(SvfSetup { shape }, SvfParams { hz, q, gain_db }, stream).unwrap()
}

fn run<S: Sample>(svf: &mut Svf, samples: &mut [S]) {
    svf.process(Io::new(BlockMut::mono(samples))).unwrap();
}

/// A number in 0 to 1.
fn unit(pick: &mut Noise) -> f64 {
    pick.below(1_000_001) as f64 * 1e-6
}

/// The trapezoidal rule is the bilinear transform: measured, said and designed are one.
#[test]
fn measured_responses_are_the_bilinear_designs() {
    /// Rounding of an FFT of 65,536 points at levels down to -60 dB.
    const MEASURED_DB: f64 = 1e-6;
    let mut pick = Noise::new(8);
    let mut fft = RealFft::<f64>::new(65_536, Isa::detect()).unwrap();
    for shape in Shape::ALL {
        for _ in 0..4 {
            let hz = 100.0 * math::pow(180.0, unit(&mut pick));
            let (q, gain_db) = (0.3 + 3.0 * unit(&mut pick), 24.0 * unit(&mut pick) - 12.0);
            let mut svf = mono(shape, hz, q, gain_db);
            let mut impulse = vec![0.0; 65_536];
            impulse[0] = 1.0;
            run(&mut svf, &mut impulse);
            let (mut re, mut im) = (vec![0.0; fft.bins()], vec![0.0; fft.bins()]);
            fft.forward(&impulse, &mut re, &mut im).unwrap();
            let design = second_order(Method::Cookbook, shape, hz, q, gain_db, RATE_HZ).unwrap();
            for _ in 0..100 {
                let bin = 1 + pick.below(32_000);
                let at = bin as f64 * RATE_HZ / 65_536.0;
                let (truth, said) = (design.response_db(at, RATE_HZ), svf.response_db(at));
                if truth > -60.0 {
                    let level = units::gain_to_db(math::hypot(re[bin], im[bin]));
                    assert!((level - truth).abs() < MEASURED_DB, "{shape:?} {at}: {level} {truth}");
                    assert!((said - truth).abs() < MEASURED_DB, "{shape:?} {at}: {said} {truth}");
                }
            }
        }
    }
}

/// A cutoff given frame by frame is the field where both say the same.
#[test]
fn a_sweep_that_stands_still_is_the_field() {
    for shape in Shape::ALL {
        let mut samples = noise::<f32>(1, 500, 0.5, 4).remove(0);
        let mut swept = samples.clone();
        run(&mut mono(shape, 440.0, 2.0, 6.0), &mut samples);
        let mut svf = mono(shape, 9000.0, 2.0, 6.0);
        svf.process_swept(BlockMut::mono(&mut swept), &[440.0; 500]).unwrap();
        assert!(samples == swept, "{shape:?}");
        // Out of range and no number at all: held, and the field.
        let cutoffs = [f32::NAN, -1.0, 1e9, f32::INFINITY, f32::NEG_INFINITY];
        svf.process_swept(BlockMut::mono(&mut swept[..5]), &cutoffs).unwrap();
        assert!(swept.iter().all(|x| x.is_finite()));
        assert!(svf.process_swept(BlockMut::mono(&mut swept), &cutoffs).is_err());
    }
}

/// The cutoff jumps anywhere at every frame, at a Q of 40: what is stored never grows.
#[test]
fn it_is_stable_however_fast_it_moves() {
    /// The capacitors' energy only falls without input; with noise of ±0.5 a Q of 40 stores at most
    /// some tens of times that.
    const STORED: f64 = 100.0;
    let mut pick = Noise::new(31);
    for shape in [Shape::LowPass, Shape::HighPass, Shape::BandPassSkirt, Shape::Notch] {
        let mut svf = mono(shape, 1000.0, 40.0, 0.0);
        for round in 0..50 {
            let mut samples = noise::<f64>(1, 1000, 0.5, round).remove(0);
            let cutoffs: Vec<f32> =
                (0..1000).map(|_| (5.0 * math::pow(4000.0, unit(&mut pick))) as f32).collect();
            svf.process_swept(BlockMut::mono(&mut samples), &cutoffs).unwrap();
            assert!(samples.iter().all(|x| x.abs() < STORED), "{shape:?} {round}");
        }
        // Without input everything dies away, the cutoff still jumping.
        for _ in 0..400 {
            let cutoffs: Vec<f32> =
                (0..1000).map(|_| (500.0 * math::pow(40.0, unit(&mut pick))) as f32).collect();
            svf.process_swept(BlockMut::mono(&mut [0.0_f64; 1000]), &cutoffs).unwrap();
        }
        let mut rest = [0.0_f64; 100];
        run(&mut svf, &mut rest);
        assert!(rest.iter().all(|x| x.to_bits() << 1 == 0), "{shape:?}");
    }
}

/// The equations as they are printed, one sample at a time.
#[test]
fn the_error_is_that_of_one_rounding() {
    let input = noise::<f32>(1, 5000, 0.5, 15).remove(0);
    let mut out = input.clone();
    run(&mut mono(Shape::LowShelf, 20.0, 0.7, 9.0), &mut out);
    let a = math::exp10(9.0 / 40.0);
    let (g, k) = (math::tan(math::PI * 20.0 / RATE_HZ) / math::sqrt(a), 1.0 / 0.7);
    let a1 = 1.0 / (1.0 + g * (g + k));
    let (a2, a3) = (g * a1, g * (g * a1));
    let (m1, m2) = (k * (a - 1.0), a * a - 1.0);
    let (mut c1, mut c2) = (0.0, 0.0);
    for (n, (x, y)) in input.iter().zip(&out).enumerate() {
        let x = f64::from(*x);
        let v3 = x - c2;
        let v1 = a1 * c1 + a2 * v3;
        let v2 = c2 + (a2 * c1 + a3 * v3);
        (c1, c2) = (2.0 * v1 - c1, 2.0 * v2 - c2);
        assert_eq!((((x + m1 * v1) + m2 * v2) as f32).to_bits(), y.to_bits(), "{n}");
    }
}

#[test]
fn a_move_ends_on_time_and_is_straight_in_its_own_scale() {
    let mut svf = mono(Shape::Bell, 100.0, 1.0, 0.0);
    svf.set_params(SvfParams { hz: 1600.0, q: 4.0, gain_db: 12.0 }).unwrap();
    let mut silence = [0.0_f32; 480];
    run(&mut svf, &mut silence);
    let half = mono(Shape::Bell, 400.0, 2.0, 6.0);
    assert!((svf.response_db(300.0) - half.response_db(300.0)).abs() < 1e-9);
    run(&mut svf, &mut silence);
    let there = mono(Shape::Bell, 1600.0, 4.0, 12.0);
    assert_eq!(svf.response_db(1500.0).to_bits(), there.response_db(1500.0).to_bits());
    svf.set_field("hz", 50.0).unwrap();
    svf.reset();
    assert!((svf.response_db(50.0) - 12.0).abs() < 1e-9);
}

/// A full-scale 100 Hz sine through a low-pass that opens and closes: nothing above 5 kHz.
#[test]
fn a_moved_cutoff_leaves_no_click() {
    for (from, to) in [(200.0, 2000.0), (2000.0, 200.0), (100.0, 400.0)] {
        let mut svf = mono(Shape::LowPass, from, 0.71, 0.0);
        let mut samples = tone(24_000 + PASSAGE);
        run(&mut svf, &mut samples[..25_801]);
        svf.set_field("hz", to).unwrap();
        run(&mut svf, &mut samples[25_801..]);
        let (left, _) = left_above_5_khz(&samples[24_000..], 20.0);
        assert!(left < CLICK_DBFS, "{from} to {to} Hz: {left:.1} dBFS");
    }
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -40.0..40.0]
}

proptest! {
    /// Any arguments and samples: an error, or a filter that gives finite samples.
    #[test]
    fn any_arguments_give_an_error_or_a_filter(
        shape in prop::sample::select(Shape::ALL.to_vec()),
        hz in prop_oneof![any_number(), 5.0..20e3],
        q in prop_oneof![any_number(), 0.1..40.0],
        gain_db in any_number(),
        rate_hz in prop_oneof![any_number(), 8e3..384e3, Just(48e3)],
        audio in prop::collection::vec((prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], any::<f32>()), 0..300),
    ) {
        let stream = Stream { rate_hz, ..Stream::new(48e3, Layout::MONO).unwrap() };
        let params = SvfParams { hz, q, gain_db };
        let good = (8e3..=384e3).contains(&rate_hz)
            && (5.0..=20e3).contains(&hz)
            && hz < rate_hz / 2.0
            && (0.1..=40.0).contains(&q)
            && (-36.0..=36.0).contains(&gain_db);
        let svf = Svf::new(SvfSetup { shape }, params, stream);
        prop_assert_eq!(svf.is_ok(), good);
        let mut svf = svf.unwrap_or_else(|_| mono(shape, 1000.0, 1.0, 3.0));
        let (samples, cutoffs): (Vec<f32>, Vec<f32>) = audio.into_iter().unzip();
        let mut out = samples.clone();
        svf.process_swept(BlockMut::mono(&mut out), &cutoffs).unwrap();
        prop_assert!(out.iter().all(|x| x.is_finite()));
        run(&mut svf, &mut out);
        prop_assert!(out.iter().all(|x| x.is_finite()));
        prop_assert!(!svf.response_db(100.0).is_nan() && svf.tail_frames() > 0);
        prop_assert_eq!(svf.set_field("hz", hz).is_ok(), (5.0..=20e3).contains(&hz) && hz < svf_nyquist(&stream, good));
    }
}

fn svf_nyquist(stream: &Stream, good: bool) -> f64 {
    if good { stream.rate_hz / 2.0 } else { RATE_HZ / 2.0 }
}
