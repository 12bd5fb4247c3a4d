//! The windowed sinc against the response that it was asked for.

use mixcore::filters::design::{WindowedSinc, fir_gain_at, kaiser_beta};

use proptest::prelude::*;

use crate::reference::fir::{magnitudes, windowed_sinc};

#[test]
fn pass_band_and_stop_band_are_as_designed() {
    const BINS: usize = 1 << 16;
    let mut worst = f64::INFINITY;
    for attenuation_db in (21..=180).step_by(3).map(f64::from) {
        for (pass_hz, stop_hz, rate_hz) in [
            (20e3, 22.05e3, 44.1e3),
            (18e3, 22e3, 48e3),
            (1e3, 3e3, 48e3),
            (100.0, 500.0, 16e3),
            (0.0, 24e3, 96e3),
            (20e3, 68.2e3, 176.4e3),
            (15e3, 16e3, 44.1e3),
            (6e3, 7e3, 16e3),
            (5e3, 15e3, 48e3),
        ] {
            let low_pass = WindowedSinc::design(pass_hz, stop_hz, attenuation_db, rate_hz).unwrap();
            let mut taps = vec![0.0; low_pass.len()];
            low_pass.fill(&mut taps);
            assert!((taps.iter().sum::<f64>() - 1.0).abs() < 1e-14);
            assert!(taps.iter().eq(taps.iter().rev()), "linear phase");
            let ripple = 10_f64.powf(-attenuation_db / 20.0);
            let spectrum = magnitudes(&taps, BINS);
            let mut over: f64 = 0.0;
            for (k, gain) in spectrum.iter().enumerate() {
                let hz = k as f64 * rate_hz / BINS as f64;
                if hz <= pass_hz {
                    over = over.max((gain - 1.0).abs());
                }
                if hz >= stop_hz {
                    over = over.max(*gain);
                }
            }
            let spare_db = -20.0 * (over / ripple).log10();
            worst = worst.min(spare_db);
            assert!(spare_db >= 0.0, "{attenuation_db} dB, {pass_hz}: {spare_db} dB");
            // The gain at a frequency is that of the transform.
            let hz = stop_hz * 0.5;
            let bin = hz * BINS as f64 / rate_hz;
            if bin == bin.floor() {
                let gain = fir_gain_at(taps.iter().copied(), hz, rate_hz);
                assert!((gain - spectrum[bin as usize]).abs() < 1e-13);
            }
        }
    }
    if std::env::var_os("MIXCORE_LONG").is_some() {
        println!("windowed sinc: {worst:.2} dB or more to spare");
    }
}

#[test]
fn the_response_is_that_of_the_definition() {
    let low_pass = WindowedSinc::new(0.21, 17.5, kaiser_beta(90.0)).unwrap();
    for n in -800..=800 {
        let t = f64::from(n) * 0.025;
        let expected = windowed_sinc(t, 0.21, 17.5, kaiser_beta(90.0));
        if t.abs() < 17.5 {
            assert!((low_pass.at(t) - expected).abs() < 1e-15, "{t}");
        } else if t.abs() > 17.5 {
            assert_eq!(low_pass.at(t), 0.0);
        }
    }
}

proptest! {
    #[test]
    fn any_numbers_give_an_error_or_a_low_pass(
        pass_hz in prop_oneof![any::<f64>(), 0.0..24e3],
        stop_hz in prop_oneof![any::<f64>(), 0.0..24e3],
        attenuation_db in prop_oneof![any::<f64>(), 10.0..190.0],
        rate_hz in prop_oneof![any::<f64>(), Just(48e3)],
        ratio in prop_oneof![any::<f64>(), 0.5..8.0],
        t in any::<f64>(),
        len in 0..40_usize,
    ) {
        let made = WindowedSinc::design(pass_hz, stop_hz, attenuation_db, rate_hz);
        if let Ok(low_pass) = made {
            prop_assert!(pass_hz < stop_hz && stop_hz <= rate_hz / 2.0);
            let mut taps = vec![f64::NAN; len];
            low_pass.fill(&mut taps);
            prop_assert!(taps.iter().all(|tap| tap.is_finite()));
            prop_assert!(t.is_nan() || low_pass.at(t).is_finite());
            if let Ok(other) = low_pass.stretched(ratio) {
                prop_assert!(other.len() % 2 == 1);
            }
        } else {
            prop_assert!(!made.unwrap_err().to_string().is_empty());
        }
        std::hint::black_box(kaiser_beta(attenuation_db));
    }
}
