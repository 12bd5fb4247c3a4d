//! Words of fewer bits: on the grid, with a noise that is what theory says and nothing else.
//!
//! Every statistical bound is five standard deviations of its estimate for independent errors: what
//! is right fails once in a million tests, and never again with the same seed.

use mixcore::filters::RealFft;
use mixcore::level::{Dither, DitherKind, DitherSetup, MAX_DITHER_BITS, MIN_DITHER_BITS};
use mixcore::{BlockMut, Io, Isa, Layout, Process, Processor, Sample, Stream};
use proptest::prelude::*;

use crate::signals::{noise, sine};

const RATE_HZ: f64 = 48_000.0;
const KINDS: [DitherKind; 4] =
    [DitherKind::Round, DitherKind::Tpdf, DitherKind::Lipshitz5, DitherKind::Wannamaker9];
/// Samples of a statistic.
const COUNT: usize = 1 << 20;
/// Standard deviations of the bounds.
const SIGMAS: f64 = 5.0;

fn dither(setup: DitherSetup, layout: Layout) -> Dither {
    Dither::new(setup, Stream::new(RATE_HZ, layout).unwrap()).unwrap()
}

fn of(bits: u32, kind: DitherKind, seed: u64) -> DitherSetup {
    DitherSetup { bits, kind, seed, ..DitherSetup::default() }
}

fn run<S: Sample>(setup: DitherSetup, input: &[S]) -> Vec<S> {
    let mut output = input.to_vec();
    dither(setup, Layout::MONO).process(Io::new(BlockMut::mono(&mut output))).unwrap();
    output
}

/// Total error in steps.
fn errors(setup: DitherSetup, input: &[f64]) -> Vec<f64> {
    let output = run(setup, input);
    output.iter().zip(input).map(|(y, x)| (y - x) / setup.step()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn power(values: &[f64]) -> f64 {
    values.iter().map(|e| e * e).sum::<f64>() / values.len() as f64
}

/// Normalised product of two signals without their means.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        aa += a * a;
        bb += b * b;
        ab += a * b;
    }
    ab / (aa * bb).sqrt()
}

/// Power per bin of 1024, mean over half-overlapping Hann windows, scaled so that a white noise of
/// power p has p in every bin.
fn spectrum(signal: &[f64]) -> Vec<f64> {
    const LENGTH: usize = 1024;
    let mut fft = RealFft::new(LENGTH, Isa::detect()).unwrap();
    let window: Vec<f64> = (0..LENGTH)
        .map(|n| 0.5 - 0.5 * (2.0 * std::f64::consts::PI * n as f64 / LENGTH as f64).cos())
        .collect();
    let scale: f64 = window.iter().map(|w| w * w).sum();
    let (mut re, mut im) = (vec![0.0; LENGTH / 2 + 1], vec![0.0; LENGTH / 2 + 1]);
    let mut sum = vec![0.0; LENGTH / 2 + 1];
    let mut count = 0.0;
    for start in (0..signal.len() - LENGTH).step_by(LENGTH / 2) {
        let part: Vec<f64> =
            signal[start..start + LENGTH].iter().zip(&window).map(|(x, w)| x * w).collect();
        fft.forward(&part, &mut re, &mut im).unwrap();
        for (sum, (re, im)) in sum.iter_mut().zip(re.iter().zip(&im)) {
            *sum += (re * re + im * im) / scale;
        }
        count += 1.0;
    }
    sum.iter().map(|sum| sum / count).collect()
}

fn on_the_grid<S: Sample>() {
    let input = noise::<S>(1, 5000, 1.02, 9).remove(0);
    for bits in [8, 13, 16, 20, 24] {
        for kind in KINDS {
            let words = f64::from(1_u32 << (bits - 1));
            let output = run(of(bits, kind, 1), &input);
            for y in output {
                let word = y.as_f64() * words;
                assert_eq!(word, word.trunc(), "{bits} bits, {kind:?}");
                assert!((-words..words).contains(&word) && y.as_f64().to_bits() != 1 << 63);
            }
        }
    }
}

#[test]
fn every_output_is_a_word() {
    on_the_grid::<f32>();
    on_the_grid::<f64>();
}

#[test]
fn words_of_a_file_pass_rounding_unchanged() {
    // What is on the grid already is no work: 24-bit words stay, and so do 16-bit ones in 24 bits.
    let words: Vec<f64> = (-500..500).map(|k| f64::from(k * 16_777) / 8_388_608.0).collect();
    assert_eq!(run(of(24, DitherKind::Round, 0), &words), words);
}

#[test]
fn beyond_the_largest_word_nothing_wraps_and_all_is_counted() {
    let largest = 1.0 - 2_f64.powi(-15);
    let mut audio = [0.0, 1.0, 1.5, -1.0, -1.0 - 2_f64.powi(-15), largest, 1e5];
    let mut rounding = dither(of(16, DitherKind::Round, 0), Layout::MONO);
    rounding.process(Io::new(BlockMut::mono(&mut audio))).unwrap();
    assert_eq!(audio, [0.0, largest, largest, -1.0, -1.0, largest, largest]);
    assert_eq!((rounding.clipped(), rounding.faults()), (4, 0));
    rounding.reset();
    assert_eq!(rounding.clipped(), 0);
    // Shaped, what clips is not paid back: the errors stay those of the rounding.
    let mut shaped = dither(of(16, DitherKind::Wannamaker9, 3), Layout::MONO);
    let mut loud = vec![1.2_f64; 1000];
    shaped.process(Io::new(BlockMut::mono(&mut loud))).unwrap();
    assert_eq!(shaped.clipped(), 1000);
    let mut after = vec![0.25_f64; 1000];
    shaped.process(Io::new(BlockMut::mono(&mut after))).unwrap();
    // Σ|c| = 21.4 past errors of at most 1.5 steps, and one more.
    assert!(after.iter().all(|y| (y - 0.25).abs() * 32_768.0 < 1.5 * 22.4));
}

#[test]
fn the_noise_floor_of_tpdf() {
    /// Standard deviation of the mean of e², relative: √((E e⁴/(E e²)² − 1)/n), where the fourth moment
    /// of triangular dither and rounding is below 3 squared powers.
    const POWER_DB: f64 = SIGMAS * 4.343 * 1.42 / 1024.0;
    for (bits, dbfs) in [(16, -96.33), (20, -120.41), (24, -144.49)] {
        let setup = of(bits, DitherKind::Tpdf, 11);
        // Amplitude 1.0 is the reference.
        assert!((setup.noise_dbfs() - dbfs).abs() < 0.005, "{}", setup.noise_dbfs());
        // Off every grid: the noise alone is in steps of 2^-23.
        let input = noise::<f64>(1, COUNT, 0.479_123_456, 4).remove(0);
        let floor = power(&errors(setup, &input)) * setup.step() * setup.step();
        let found = 10.0 * floor.log10();
        assert!((found - setup.noise_dbfs()).abs() < POWER_DB, "{bits} bits: {found}");
        // Plain rounding of a busy signal: Δ²/12.
        let setup = of(bits, DitherKind::Round, 0);
        let found = 10.0 * power(&errors(setup, &input)).log10();
        assert!((found - 10.0 * (1.0_f64 / 12.0).log10()).abs() < POWER_DB, "{bits}: {found}");
        assert!((setup.noise_dbfs() - dbfs + 4.77).abs() < 0.01);
    }
}

#[test]
fn mean_and_power_of_the_error_do_not_know_the_offset() {
    /// Of an error of power ¼, in steps.
    const MEAN: f64 = SIGMAS * 0.5 / 1024.0;
    const POWER: f64 = SIGMAS * 0.25 * 1.42 / 1024.0;
    let rounding = of(16, DitherKind::Round, 0);
    for offset in [0.0, 0.1, 0.25, 1.0 / 3.0, 0.5, 0.77, 1234.9] {
        let setup = of(16, DitherKind::Tpdf, 12);
        let input = vec![offset * setup.step(); COUNT];
        let e = errors(setup, &input);
        assert!(mean(&e).abs() < MEAN, "{offset}: mean {}", mean(&e));
        assert!((power(&e) - 0.25).abs() < POWER, "{offset}: power {}", power(&e));
        // Rounding alone: the error is the offset itself.
        let e = errors(rounding, &input[..10]);
        assert!((mean(&e).abs() - (offset - offset.round()).abs()).abs() < 1e-9);
    }
}

#[test]
fn the_error_does_not_know_the_signal() {
    const CORRELATION: f64 = SIGMAS / 1024.0;
    // A tone below one step: rounding alone gives silence or a square wave.
    for amplitude in [0.4, 0.9, 3.3] {
        for kind in [DitherKind::Tpdf, DitherKind::Lipshitz5] {
            let setup = of(16, kind, 13);
            let tone = sine::<f64>(997.0, RATE_HZ, COUNT, amplitude * setup.step());
            let e = errors(setup, &tone);
            let squares = |x: &[f64]| x.iter().map(|x| x * x).collect::<Vec<_>>();
            let first = correlation(&e, &tone);
            let second = correlation(&squares(&e), &squares(&tone));
            assert!(first.abs() < CORRELATION, "{kind:?} {amplitude}: {first}");
            assert!(second.abs() < 2.0 * CORRELATION, "{kind:?} {amplitude}: {second}");
        }
        let rounding = of(16, DitherKind::Round, 0);
        let tone = sine::<f64>(997.0, RATE_HZ, COUNT, amplitude * rounding.step());
        assert!(correlation(&errors(rounding, &tone), &tone).abs() > 20.0 * CORRELATION);
    }
}

#[test]
fn flat_dither_is_flat() {
    /// 2048 half-overlapping windows are worth 1024 or more, and 32 bins 16: 1/√16384 a band.
    const BAND_DB: f64 = SIGMAS * 4.343 / 128.0;
    let setup = of(16, DitherKind::Tpdf, 14);
    let spectrum = spectrum(&errors(setup, &vec![0.3 * setup.step(); COUNT]));
    for (index, band) in spectrum[1..512].chunks(32).enumerate() {
        let db = 10.0 * (mean(band) / 0.25).log10();
        assert!(db.abs() < BAND_DB, "band {index}: {db}");
    }
    assert_eq!(setup.kind.shaping_db(1000.0, RATE_HZ), 0.0);
}

#[test]
fn shaped_noise_has_the_stated_shape_and_power() {
    /// As above for one bin: 1/√1024.
    const BIN_DB: f64 = SIGMAS * 4.343 / 32.0;
    /// Means over 64 bins.
    const MEAN_DB: f64 = 0.1;
    // Total, mean from 2 to 5 kHz, worst there, 1 kHz, half the rate, at 48 kHz.
    for (kind, stated) in [
        (DitherKind::Lipshitz5, [12.19, -18.56, -15.48, -15.99, 19.43]),
        (DitherKind::Wannamaker9, [18.40, -22.06, -16.99, -13.18, 27.00]),
    ] {
        let setup = of(16, kind, 15);
        let input = noise::<f64>(1, COUNT, 0.5, 5).remove(0);
        let e = errors(setup, &input);
        let flat: Vec<f64> = spectrum(&e).iter().map(|p| p / 0.25).collect();
        let total_db = 10.0 * (power(&e) / 0.25).log10();
        assert!((total_db - kind.noise_gain_db()).abs() < MEAN_DB, "{kind:?}: {total_db}");
        assert!((setup.noise_dbfs() + 96.33 - kind.noise_gain_db()).abs() < 0.005);
        let hz = |bin: usize| bin as f64 * RATE_HZ / 1024.0;
        let law = |hz: f64| kind.shaping_db(hz, RATE_HZ);
        let law_power = |bin: usize| 10_f64.powf(0.1 * law(hz(bin)));
        for (bin, power) in flat.iter().enumerate().take(512).skip(2) {
            // A Hann window sees two thirds of a bin's own power and a sixth of each neighbour's.
            let seen = (4.0 * law_power(bin) + law_power(bin - 1) + law_power(bin + 1)) / 6.0;
            let db = 10.0 * (power / seen).log10();
            assert!(db.abs() < BIN_DB, "{kind:?} {} Hz: {db}", hz(bin));
        }
        let keen: Vec<f64> = (0..513)
            .filter(|&bin| (2000.0..=5000.0).contains(&hz(bin)))
            .map(|bin| flat[bin])
            .collect();
        let keen_db = 10.0 * mean(&keen).log10();
        assert!((keen_db - stated[1]).abs() < MEAN_DB, "{kind:?}: {keen_db}");
        let worst = (2000..=5000).map(|hz| law(f64::from(hz))).fold(f64::NEG_INFINITY, f64::max);
        let exact = [kind.noise_gain_db(), worst, law(1000.0), law(24_000.0)];
        for (exact, stated) in exact.iter().zip([stated[0], stated[2], stated[3], stated[4]]) {
            assert!((exact - stated).abs() < 0.0051, "{kind:?}: {exact} for {stated}");
        }
        // Gerzon and Craven: no noise is lost, the mean of the logarithms is 0.
        let points: Vec<f64> = (0..20_000).map(|n| law(1.2 * (f64::from(n) + 0.5))).collect();
        assert!(mean(&points).abs() < 0.002, "{}", mean(&points));
    }
}

#[test]
fn the_noise_floor_of_shaped_dither() {
    /// As in the test above: the power of a coloured noise scatters more than that of a flat one.
    const POWER_DB: f64 = 0.1;
    for (bits, flat_dbfs) in [(16, -96.33), (20, -120.41), (24, -144.49)] {
        for (kind, gain_db) in [(DitherKind::Lipshitz5, 12.19), (DitherKind::Wannamaker9, 18.40)] {
            let setup = of(bits, kind, 21);
            let stated = setup.noise_dbfs();
            // Both are rounded to hundredths.
            assert!((stated - flat_dbfs - gain_db).abs() < 0.0101, "{kind:?}, {bits}: {stated}");
            let input = noise::<f64>(1, COUNT, 0.479_123_456, 6).remove(0);
            let floor = power(&errors(setup, &input)) * setup.step() * setup.step();
            let found = 10.0 * floor.log10();
            assert!((found - stated).abs() < POWER_DB, "{kind:?}, {bits}: {found} {stated}");
        }
    }
}

#[test]
fn channels_seeds_and_frames_are_independent() {
    const CORRELATION: f64 = SIGMAS / 1024.0;
    for kind in [DitherKind::Tpdf, DitherKind::Wannamaker9] {
        let setup = of(16, kind, 16);
        let value = 0.3 * setup.step();
        let mut audio = vec![vec![value; COUNT]; 6];
        let mut six = dither(setup, Layout::SURROUND_5_1);
        six.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
        // A shaped noise is coloured: its estimates scatter more, by Σ r² of the lags.
        let wide = if kind == DitherKind::Tpdf { 1.0 } else { 2.5 };
        for first in 0..6 {
            for second in first + 1..6 {
                for lag in 0..3 {
                    let c = correlation(&audio[first][lag..], &audio[second]);
                    assert!(c.abs() < wide * CORRELATION, "{kind:?} {first} {second} {lag}: {c}");
                }
            }
        }
        let other = run(of(16, kind, 17), &vec![value; COUNT]);
        assert!(correlation(&other, &audio[0]).abs() < wide * CORRELATION);
        assert!(run(setup, &vec![value; COUNT]) == audio[0], "another run is the same run");
    }
    let e = errors(of(16, DitherKind::Tpdf, 18), &vec![0.0; COUNT]);
    for lag in 1..9 {
        let c = correlation(&e[lag..], &e);
        assert!(c.abs() < CORRELATION, "lag {lag}: {c}");
    }
}

#[test]
fn auto_blank_ends_the_noise_and_only_when_asked() {
    for kind in [DitherKind::Tpdf, DitherKind::Wannamaker9] {
        let mut input = vec![0.0_f32; 30_000];
        input[9_999] = 1e-9;
        let setup = DitherSetup { auto_blank: true, ..of(16, kind, 19) };
        let output = run(setup, &input);
        // Silence before the first sound; then 100 ms, 4800 frames, of noise, and silence again.
        let noisy = |range: std::ops::Range<usize>| output[range].iter().any(|y| *y != 0.0);
        let blank = |range: std::ops::Range<usize>| output[range].iter().all(|y| y.to_bits() == 0);
        assert!(blank(0..9_999), "{kind:?}");
        assert!(noisy(9_999..10_100) && noisy(14_700..14_800) && blank(14_800..30_000), "{kind:?}");
        let output = run(of(16, kind, 19), &input);
        assert!(output[..100].iter().any(|y| *y != 0.0));
        assert!(output[25_000..].iter().any(|y| *y != 0.0));
    }
}

#[test]
fn shaping_is_refused_where_its_curves_do_not_fit() {
    for rate_hz in [8000.0, 32_000.0, 88_200.0, 96_000.0] {
        let stream = Stream::new(rate_hz, Layout::STEREO).unwrap();
        let error = Dither::new(of(16, DitherKind::Lipshitz5, 0), stream).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("rate_hz is {rate_hz}, allowed is 40000 to 50000")),
            "{text}"
        );
        assert!(text.ends_with("take DitherKind::Tpdf"), "{text}");
        Dither::new(of(16, DitherKind::Tpdf, 0), stream).unwrap();
    }
    for rate_hz in [44_056.0, 44_100.0, 47_952.0, 48_000.0, 48_048.0] {
        let stream = Stream::new(rate_hz, Layout::STEREO).unwrap();
        Dither::new(of(16, DitherKind::Wannamaker9, 0), stream).unwrap();
    }
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_words(
        bits in prop_oneof![any::<u32>(), 0..40_u32],
        kind in 0..4_usize,
        seed: u64,
        auto_blank: bool,
        rate_hz in prop_oneof![any::<f64>(), 1e3..5e5, Just(48e3)],
        layout in 0..17_usize,
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 0..200),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let kind = KINDS[kind];
        let setup = DitherSetup { bits, kind, seed, auto_blank };
        prop_assert!(setup.step() > 0.0 && !setup.noise_dbfs().is_nan());
        let made = Dither::new(setup, stream);
        let shaped = !kind.coefficients().is_empty();
        let good = (8e3..=384e3).contains(&rate_hz)
            && (MIN_DITHER_BITS..=MAX_DITHER_BITS).contains(&bits)
            && (!shaped || (40e3..=50e3).contains(&rate_hz));
        prop_assert_eq!(made.is_ok(), good);
        let Ok(mut dither) = made else { return Ok(()) };
        let mut channels = vec![audio; layout.channel_count()];
        dither.process(Io::new(BlockMut::new(&mut channels).unwrap())).unwrap();
        let words = f64::from(1_u32 << (bits - 1));
        for y in channels.iter().flatten() {
            let word = f64::from(*y) * words;
            prop_assert!(word == word.trunc() && (-words..words).contains(&word));
        }
    }
}
