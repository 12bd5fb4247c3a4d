//! Any block split, any SIMD level, faults as zeros, a reset that is as good as new; arbitrary
//! recordings and setups.

use mixcore::analysis::{EqMatch, FirPhase, MatchSetup, MatchSpectrumSetup, ThirdOctave};
use mixcore::audio::Sample;
use mixcore::{Block, Isa, Layout, Stream};
use proptest::prelude::*;

use super::{read, spectrum};
use crate::signals::noise;

fn promises<S: Sample>() {
    let frames = 60_000;
    let mut audio = noise::<S>(2, frames, 0.5, 9);
    for (at, fault) in [(0, f64::NAN), (5000, f64::INFINITY), (9000, 2e6), (59_999, -3e9)] {
        audio[at % 2][at] = S::from_f64(fault);
    }
    let run = |isa: Isa, cuts: &[usize], audio: &[Vec<S>]| {
        let stream = Stream::with_isa(16_000.0, Layout::STEREO, isa).unwrap();
        let mut spectrum = spectrum::<S>(MatchSpectrumSetup::default(), stream);
        let block = Block::new(audio).unwrap();
        let mut at = 0;
        for cut in cuts.iter().copied().chain([frames]) {
            spectrum.push(block.range(at, cut)).unwrap();
            at = cut;
        }
        // f64 as text is exact.
        let first = (format!("{:?}", spectrum.measurement()), spectrum.faults());
        spectrum.reset();
        assert_eq!((spectrum.faults(), spectrum.measurement().active_s), (0, 0.0));
        spectrum.push(block).unwrap();
        assert!(first == (format!("{:?}", spectrum.measurement()), spectrum.faults()));
        first
    };
    let whole = run(Isa::detect(), &[], &audio);
    assert_eq!(whole.1, 4);
    for isa in Isa::available() {
        for cuts in [&[1, 1, 4095, 4096, 5120][..], &[4097, 15_000], &[1024, 1025, 59_999]] {
            assert!(run(isa, cuts, &audio) == whole, "{isa:?} {cuts:?}");
        }
    }
    for channel in &mut audio {
        for sample in channel {
            if sample.is_nan() || sample.abs() > S::from_f64(1e6) {
                *sample = S::zero();
            }
        }
    }
    assert!(run(Isa::detect(), &[], &audio).0 == whole.0);
}

#[test]
fn any_split_any_level_and_zeros_for_faults_give_the_same_reading() {
    promises::<f32>();
    promises::<f64>();
}

#[cfg(feature = "alloc")]
#[test]
fn owned_memory_reads_what_lent_memory_reads() {
    let audio = noise::<f32>(1, 200_000, 0.1, 4).remove(0);
    let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
    let mut owned =
        mixcore::analysis::MatchSpectrum::new(MatchSpectrumSetup::default(), stream).unwrap();
    owned.push(Block::mono(&audio)).unwrap();
    assert_eq!(owned.measurement(), read(&audio, 48_000.0));
    let wrong = MatchSpectrumSetup { max_duration_s: f64::INFINITY, ..Default::default() };
    assert!(mixcore::analysis::MatchSpectrum::<f32>::new(wrong, stream).is_err());
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -200.0..200.0]
}

/// A number that a setup may hold, or any.
fn near(low: f64, high: f64) -> impl Strategy<Value = f64> {
    prop_oneof![9 => low..high, 1 => any_number()]
}

/// Any sample, repeated for a while: 5 s of steps.
fn recording() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(
        prop_oneof![4 => -2.0..2.0_f32, 2 => Just(0.0), 1 => any::<u32>().prop_map(f32::from_bits)],
        1..200,
    )
    .prop_map(|steps| steps.iter().cycle().take(40_000).copied().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_setup_and_any_recordings(
        (max_duration_s, gate_db, min_active_s) in
            (near(1.0, 20.0), prop::option::of(near(-40.0, 0.0)), near(0.5, 4.0)),
        (strength_percent, max_boost_db, max_cut_db) in
            (near(0.0, 100.0), near(0.0, 24.0), near(0.0, 48.0)),
        (smoothing_octaves, lowest_hz, highest_hz) in
            (near(0.0, 3.0), near(20.0, 300.0), near(1000.0, 20_000.0)),
        (tone, level, low_cut) in any::<(bool, bool, bool)>(),
        (reference, candidate) in (recording(), recording()),
        (count, tolerance_db) in (0..400_usize, near(0.05, 3.0)),
    ) {
        let stream = Stream::new(8000.0, Layout::MONO).unwrap();
        let setup = MatchSpectrumSetup { max_duration_s, gate_db, min_active_s };
        let need = mixcore::analysis::MatchSpectrum::<f32>::required_len(&setup, &stream);
        if let Ok(need) = need.filter_small() {
            let (mut samples, mut numbers) = (vec![0.0; need.samples], vec![0.0; need.history]);
            let mut meter = mixcore::analysis::MatchSpectrum::new_in(
                setup, stream, &mut samples, &mut numbers,
            ).unwrap();
            // Full or not.
            let _ = meter.push(Block::mono(&reference));
            let found = meter.measurement();
            for third in ThirdOctave::all() {
                prop_assert!(found.level_dbfs(third).value().is_none_or(f64::is_finite));
                prop_assert!(found.noise_dbfs(third).value().is_none_or(f64::is_finite));
            }
        }
        let setup = MatchSetup {
            tone, level, low_cut, strength_percent, max_boost_db, max_cut_db, smoothing_octaves,
            lowest_hz, highest_hz,
        };
        let (reference, candidate) = (read(&reference, 8000.0), read(&candidate, 8000.0));
        match EqMatch::new(&reference, &candidate, setup) {
            Ok(found) => {
                prop_assert!(found.gain_db().value().is_none_or(f64::is_finite));
                for one in found.bands() {
                    prop_assert!(one.correction_db <= max_boost_db && one.correction_db >= -max_cut_db);
                    let left = found.residual_db(one.band, |hz| found.response_db(hz));
                    prop_assert!(left.value().is_none_or(f64::is_finite));
                }
                if let Ok(eq) = found.eq_bands(count % 10, tolerance_db) {
                    for section in eq.sections() {
                        let [a1, a2] = section.a;
                        prop_assert!(a2.abs() < 1.0 && a1.abs() < 1.0 + a2, "unstable: {section:?}");
                        prop_assert!(section.b.iter().all(|b| b.is_finite()));
                    }
                    prop_assert!(eq.largest_error_db().is_finite());
                    prop_assert!(found.gain_with_db(|hz| eq.response_db(hz)).value().is_none_or(f64::is_finite));
                }
                let mut taps = vec![f64::NAN; count];
                let mut work = vec![f64::NAN; EqMatch::fir_work_len(400).unwrap()];
                for phase in [FirPhase::Minimum, FirPhase::Linear] {
                    if found.fir_taps_in(phase, &mut taps, &mut work).is_ok() {
                        prop_assert!(taps.iter().all(|tap| tap.is_finite()));
                    }
                }
            }
            Err(error) => prop_assert!(error.to_string().contains("allowed")),
        }
    }
}

/// Memory that a test may take.
trait FilterSmall: Sized {
    fn filter_small(self) -> Self;
}

impl FilterSmall for Result<mixcore::loudness::MeterStorage, mixcore::Error> {
    fn filter_small(self) -> Self {
        self.and_then(|need| {
            mixcore::Error::check_range("history", need.history as f64, 0.0, 1e7).map(|_| need)
        })
    }
}
