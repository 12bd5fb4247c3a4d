//! The DC blocker against its closed forms.

use mixcore::level::{DcBlocker, DcBlockerParams};
use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream, math};
use proptest::prelude::*;

use crate::signals::sine;

fn mono(cutoff_hz: f64, rate_hz: f64) -> DcBlocker {
    let stream = Stream::new(rate_hz, Layout::MONO).unwrap();
    DcBlocker::new(DcBlockerParams { cutoff_hz }, stream).unwrap()
}

fn process<S: mixcore::Sample>(blocker: &mut DcBlocker, samples: &mut [S]) {
    blocker.process(Io::new(BlockMut::mono(samples))).unwrap();
}

/// The pole, as the exact formula has it, written plainly; for cos w near 1 it loses half the digits.
fn plain_pole(cutoff_hz: f64, rate_hz: f64) -> f64 {
    let c = (2.0 * std::f64::consts::PI * cutoff_hz / rate_hz).cos();
    c - ((1.0 - c) * (3.0 - c)).sqrt()
}

/// Gain at `hz` from an impulse response, dB.
fn measured_db(impulse: &[f64], hz: f64, rate_hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, h) in impulse.iter().enumerate() {
        let phase = 2.0 * math::PI * hz * n as f64 / rate_hz;
        re += h * math::cos(phase);
        im += h * math::sin(phase);
    }
    10.0 * (re * re + im * im).log10()
}

#[test]
fn the_power_is_halved_exactly_at_the_stated_frequency() {
    /// Rounding of 1 − R, which is 1e-5 at the least: eleven digits remain.
    const EXACT_DB: f64 = 1e-9;
    /// What the plain formula loses.
    const PLAIN: f64 = 1e-11;
    for rate_hz in [8000.0, 44_100.0, 48_000.0, 96_000.0, 384_000.0] {
        for cutoff_hz in [1.0, 2.0, 3.0, 5.0, 20.0] {
            let mut blocker = mono(cutoff_hz, rate_hz);
            let half = 10.0 * 0.5_f64.log10();
            assert!((blocker.response_db(cutoff_hz) - half).abs() < EXACT_DB);
            let mut step = [1.0_f64; 2];
            process(&mut blocker, &mut step);
            assert!((step[1] - plain_pole(cutoff_hz, rate_hz)).abs() < PLAIN);
        }
    }
}

#[test]
fn the_usual_approximation_misses_by_what_the_documentation_says() {
    // |H|² = ½ at cos w = (3 − R²)/(4 − 2R), with R = 1 − w of the wanted frequency.
    for (cutoff_hz, rate_hz, real_hz) in [(3.0, 48_000.0, 2.9994), (20.0, 8000.0, 19.84)] {
        let r = 1.0 - 2.0 * std::f64::consts::PI * cutoff_hz / rate_hz;
        let w = ((3.0 - r * r) / (4.0 - 2.0 * r)).acos();
        let hz = w * rate_hz / (2.0 * std::f64::consts::PI);
        assert!((hz / real_hz - 1.0).abs() < 5e-4, "{hz}");
    }
}

#[test]
fn the_response_is_that_of_the_impulse_response() {
    /// What the impulse response has after 3 s, relative to its tail's sum: e^-56.
    const MEASURED_DB: f64 = 1e-7;
    for (cutoff_hz, at_20_hz) in [(2.0, -0.042), (3.0, -0.095), (5.0, -0.261)] {
        let mut blocker = mono(cutoff_hz, 48_000.0);
        let mut impulse = vec![0.0_f64; 3 * 48_000];
        impulse[0] = 1.0;
        process(&mut blocker, &mut impulse);
        for hz in [1.0, 3.0, 20.0, 40.0, 1000.0, 24_000.0] {
            let (stated, real) = (blocker.response_db(hz), measured_db(&impulse, hz, 48_000.0));
            assert!((stated - real).abs() < MEASURED_DB, "{cutoff_hz} at {hz}: {stated} {real}");
        }
        assert!((blocker.response_db(20.0) - at_20_hz).abs() < 5e-4);
        assert_eq!(blocker.response_db(0.0), f64::NEG_INFINITY);
    }
    let blocker = mono(3.0, 48_000.0);
    assert!((blocker.response_db(40.0) + 0.023).abs() < 5e-4);
    assert!((blocker.response_db(24_000.0) - 0.0017).abs() < 5e-5);
}

#[test]
fn an_offset_dies_away_as_a_power_of_the_pole() {
    /// One rounding a frame, which the recursion itself lets die away: 1/(1 − R) of them.
    const POWER: f64 = 1e-12;
    let mut blocker = mono(3.0, 48_000.0);
    let mut offset = vec![1.0_f64; 48_000];
    process(&mut blocker, &mut offset);
    let pole = offset[1];
    assert_eq!(offset[0], 1.0, "the first sample passes whole");
    for (n, y) in offset.iter().enumerate() {
        assert!((y - pole.powi(n as i32)).abs() < POWER, "{n}");
    }
    // 60 dB in 1.10 s/f, 96 dB in 0.59 s at 3 Hz; and not much sooner.
    let within = |s: f64, db: f64| offset[(s * 48_000.0) as usize].abs() < 10_f64.powf(-db / 20.0);
    assert!(within(1.10 / 3.0, 60.0) && !within(1.09 / 3.0, 60.0));
    assert!(within(0.59, 96.0) && !within(0.58, 96.0));
}

#[test]
fn a_tone_with_an_offset_loses_the_offset_only() {
    /// The offset of 0.25 after a second: R^48000 = e^-18.8.
    const OFFSET: f64 = 0.25 * 7e-9;
    let mut blocker = mono(3.0, 48_000.0);
    let mut tone = sine::<f64>(100.0, 48_000.0, 96_000, 0.5);
    for x in &mut tone {
        *x += 0.25;
    }
    process(&mut blocker, &mut tone);
    let whole_periods = &tone[48_000..];
    let mean = whole_periods.iter().sum::<f64>() / 48_000.0;
    assert!(mean.abs() < OFFSET, "{mean}");
    let power = whole_periods.iter().map(|y| y * y).sum::<f64>() / 48_000.0;
    let level_db = 10.0 * (power / 0.125).log10();
    assert!((level_db - blocker.response_db(100.0)).abs() < 1e-6, "{level_db}");
}

#[test]
fn a_change_of_the_frequency_does_not_click() {
    // The largest move there is, while an offset dies away: the output goes on from where it is, and
    // falls by at most 1 − R(20 Hz) = 0.26 % a frame.
    let mut blocker = mono(1.0, 48_000.0);
    let mut offset = vec![1.0_f64; 2000];
    process(&mut blocker, &mut offset[..1000]);
    blocker.set_field("cutoff_hz", 20.0).unwrap();
    process(&mut blocker, &mut offset[1000..]);
    let largest = offset.windows(2).map(|y| y[0] - y[1]).fold(0.0, f64::max);
    assert!(largest < 0.002_615 && largest > 0.002, "{largest}");
    assert!(blocker.set_field("cutoff_hz", 0.5).is_err());
    assert_eq!(blocker.params().cutoff_hz, 20.0);
}

#[test]
fn a_reset_forgets_the_offset() {
    let mut blocker = mono(5.0, 44_100.0);
    process(&mut blocker, &mut [0.7_f32; 333]);
    blocker.reset();
    let mut silence = [0.0_f32; 100];
    process(&mut blocker, &mut silence);
    assert!(silence.iter().all(|y| y.to_bits() == 0));
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_blocker(
        cutoff_hz in prop_oneof![any::<f64>(), 0.5..25.0],
        rate_hz in prop_oneof![any::<f64>(), 1e3..5e5],
        layout in 0..17_usize,
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 0..200),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let blocker = DcBlocker::new(DcBlockerParams { cutoff_hz }, stream);
        let good = (8e3..=384e3).contains(&rate_hz) && (1.0..=20.0).contains(&cutoff_hz);
        prop_assert_eq!(blocker.is_ok(), good);
        let Ok(mut blocker) = blocker else { return Ok(()) };
        let mut channels = vec![audio; layout.channel_count()];
        blocker.process(Io::new(BlockMut::new(&mut channels).unwrap())).unwrap();
        prop_assert!(channels.iter().flatten().all(|y| y.is_finite()));
        prop_assert!(blocker.response_db(cutoff_hz) < -3.0);
        prop_assert!(blocker.tail_frames() > 0);
    }
}
