//! What is read of a voice: levels, gate, noise, and when there is no reading.

use mixcore::analysis::{LongTermSpectrum, MatchSpectrumSetup, SpectrumSetup, ThirdOctave};
use mixcore::units::Reading;
use mixcore::{Block, Error, Layout, Stream, math};

use super::{band, comb, read, spectrum, value};
use crate::signals::{Noise, noise};

/// Half of the windows at a phrase's ends lie in the pause: 4 of 14 that count have 10 to 90 % of the
/// power. The mean is 0.5 dB low; a gate at −16 dB lets in one more with 2.5 %.
const EDGES_DB: f64 = 1.2;

fn setup(gate_db: Option<f64>) -> MatchSpectrumSetup {
    MatchSpectrumSetup { gate_db, max_duration_s: 20.0, ..MatchSpectrumSetup::default() }
}

/// Without a gate it is the long-term spectrum.
#[test]
fn without_a_gate_bands_are_those_of_the_long_term_spectrum() {
    for (rate_hz, fft_length) in
        [(16_000.0, 4096), (44_100.0, 8192), (48_000.0, 8192), (96_000.0, 16_384)]
    {
        let stream = Stream::new(rate_hz, Layout::STEREO).unwrap();
        let audio = noise::<f32>(2, (4.0 * rate_hz) as usize, 0.3, 5);
        let mut whole = spectrum::<f32>(setup(None), stream);
        whole.push(Block::new(&audio).unwrap()).unwrap();
        let whole = whole.measurement();

        let plain = SpectrumSetup { fft_length };
        let need = LongTermSpectrum::<f32>::required_len(&plain, &stream).unwrap();
        let (mut samples, mut numbers) = (vec![0.0; need.samples], vec![0.0; need.numbers]);
        let mut average =
            LongTermSpectrum::new_in(plain, stream, &mut samples, &mut numbers).unwrap();
        average.push(Block::new(&audio).unwrap()).unwrap();
        let mut found = 0;
        for third in ThirdOctave::at_rate(rate_hz) {
            match (whole.level_dbfs(third), average.third_octave_dbfs(third)) {
                (Reading::Value(here), Reading::Value(there)) => {
                    // Sums of the same powers in another order.
                    assert!((here - there).abs() < 1e-10, "{rate_hz} {third}: {here} {there}");
                    found += 1;
                }
                (here, there) => assert_eq!(here, there, "{rate_hz} {third}"),
            }
        }
        // From 80 Hz on at least.
        assert!(found >= ThirdOctave::count_at(rate_hz) - 6, "{rate_hz}: {found}");
        assert!(value(whole.level_dbfs(band(80.0))).is_finite());
        // 4 s less the first three quarters of a window.
        assert!((whole.active_s - 4.0).abs() < 0.3);
    }
}

/// Pauses of any length do not change what is read of the phrases, and the noise is read from them.
#[test]
fn pauses_do_not_count_and_their_noise_is_read() {
    let voice = |hz: f64| if hz < 2000.0 { -40.0 } else { -50.0 };
    let hum = |hz: f64| if hz == 100.0 { -70.0 } else { -85.0 };
    let found = read(&comb(48_000.0, voice, hum), 48_000.0);
    for hz in [80.0, 100.0, 500.0, 1600.0, 2000.0, 8000.0, 16_000.0] {
        let level = value(found.level_dbfs(band(hz)));
        assert!(level < voice(hz) + 0.01 && level > voice(hz) - EDGES_DB, "{hz}: {level}");
        // The quietest windows lie in the pauses as a whole; 80 Hz is 3 bins wide and gets a little of
        // the hum beside it.
        let noise = value(found.noise_dbfs(band(hz)));
        assert!((noise - hum(hz)).abs() < 0.1, "{hz}: {noise}");
        assert!(found.stands_clear(band(hz)));
    }
    // Half of the time, and what of the edges passes.
    assert!((5.0..7.5).contains(&found.active_s), "{}", found.active_s);

    let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
    let mut ungated = spectrum::<f64>(setup(None), stream);
    ungated.push(Block::mono(&comb(48_000.0, voice, hum))).unwrap();
    let ungated = ungated.measurement();
    // Of each second 0.4 s in full and 0.2 s of raised cosines, whose mean square is 3/8: −3.23 dB. The
    // ends of 10 s count less than the rest.
    let less = voice(500.0) - value(ungated.level_dbfs(band(500.0)));
    assert!((less - 3.23).abs() < 0.1, "{less}");
}

#[test]
fn a_band_that_is_as_strong_in_the_pauses_is_noise() {
    // 7 dB over the noise is not clear, 9 dB is: the limit is 8 dB. Edges take up to 1.2 dB.
    for (above_db, clear) in [(0.0, false), (7.0, false), (9.5, true)] {
        let audio = comb(
            48_000.0,
            |hz| if hz == 125.0 { -60.0 } else { -40.0 },
            |hz| if hz == 125.0 { -60.0 - above_db } else { -80.0 },
        );
        let found = read(&audio, 48_000.0);
        assert_eq!(found.stands_clear(band(125.0)), clear, "{above_db}");
        assert!(found.stands_clear(band(160.0)));
    }
}

/// An edited track: digital silence between the clips is no room, nor are the windows at its edges.
#[test]
fn digital_silence_is_not_taken_for_a_quiet_room() {
    let mut audio = comb(48_000.0, |_| -40.0, |_| -85.0);
    for start in [1.5, 3.5, 5.5, 7.5] {
        let start = (start * 48_000.0) as usize;
        audio[start..start + 24_000].fill(0.0);
    }
    let found = read(&audio, 48_000.0);
    for hz in [100.0, 1000.0, 8000.0] {
        let noise = value(found.noise_dbfs(band(hz)));
        assert!((noise + 85.0).abs() < 0.05, "{hz}: {noise}");
        assert!(found.stands_clear(band(hz)));
    }
}

#[test]
fn steady_noise_is_nothing_but_noise() {
    let mut source = Noise::new(3);
    let audio: Vec<f32> = (0..480_000).map(|_| (0.01 * source.next_f64()) as f32).collect();
    let found = read(&audio, 48_000.0);
    assert!(found.loudness_lufs.value().is_some());
    for third in ThirdOctave::all() {
        assert!(!found.stands_clear(third), "{third}");
    }
}

#[test]
fn silence_and_clips_that_are_too_short_have_no_reading() {
    let silence = read(&[0.0_f32; 480_000], 48_000.0);
    assert_eq!(silence.loudness_lufs, Reading::BelowGate);
    assert_eq!(silence.level_dbfs(band(1000.0)), Reading::BelowGate);
    assert_eq!(silence.level_dbfs(band(25.0)), Reading::NotApplicable);
    assert_eq!(silence.active_s, 0.0);

    let tone: Vec<f64> = comb(48_000.0, |_| -30.0, |_| -30.0);
    for (frames, have_s) in [(0, 0.0), (8191, 0.0), (96_000, 1.8347)] {
        let short = read(&tone[..frames], 48_000.0);
        let Reading::TooShort { have_s: have, need_s: 3.0 } = short.loudness_lufs else {
            panic!("{frames}: {:?}", short.loudness_lufs);
        };
        // A window stands for a quarter of its length: 43 of them in 2 s.
        assert!((have - have_s).abs() < 0.001, "{frames}: {have}");
        assert_eq!(short.level_dbfs(band(1000.0)), short.loudness_lufs);
        assert!(!short.stands_clear(band(1000.0)));
    }
    // 10 s with 1 s of voice is too short as well.
    let mut rare = vec![0.0; 480_000];
    rare[..48_000].copy_from_slice(&tone[..48_000]);
    assert!(matches!(read(&rare, 48_000.0).loudness_lufs, Reading::TooShort { .. }));
}

/// The level is the K-weighted loudness of what is active: steady tones, so every meter agrees.
#[test]
fn the_level_is_the_k_weighted_one() {
    // 1 kHz alone at −20 dBFS (mean square): −0.691 + K-weighting's 0.691 dB at 997 Hz.
    let rate_hz = 48_000.0;
    let tone: Vec<f64> = (0..240_000)
        .map(|n| math::sqrt(2.0) * 0.1 * math::sin(2.0 * math::PI * 1000.0 * n as f64 / rate_hz))
        .collect();
    let found = value(read(&tone, rate_hz).loudness_lufs);
    assert!((found + 20.0).abs() < 0.01, "{found}");
}

#[test]
fn segments_leave_out_what_is_between_them() {
    let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
    let audio = comb(48_000.0, |_| -30.0, |_| -30.0);
    let mut whole = spectrum::<f64>(setup(Some(-16.0)), stream);
    whole.push(Block::mono(&audio[..200_000])).unwrap();
    let mut parts = spectrum::<f64>(setup(Some(-16.0)), stream);
    parts.push(Block::mono(&audio[..200_000])).unwrap();
    parts.start_segment();
    // Too short for a window: nothing is read of it, and it is not joined to what follows.
    parts.push(Block::mono(&[0.9; 8000])).unwrap();
    parts.start_segment();
    parts.push(Block::mono(&audio[..200_000])).unwrap();
    let (whole, parts) = (whole.measurement(), parts.measurement());
    assert!((parts.active_s - 2.0 * whole.active_s).abs() < 1e-9);
    for hz in [80.0, 1000.0, 8000.0] {
        let apart = value(whole.level_dbfs(band(hz))) - value(parts.level_dbfs(band(hz)));
        assert!(apart.abs() < 1e-10, "{hz}: {apart}");
    }
}

#[test]
fn wrong_setups_and_blocks_are_refused() {
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let good = MatchSpectrumSetup::default();
    for (setup, field) in [
        (MatchSpectrumSetup { max_duration_s: 0.5, ..good }, "max_duration_s"),
        (MatchSpectrumSetup { max_duration_s: f64::NAN, ..good }, "max_duration_s"),
        (MatchSpectrumSetup { gate_db: Some(1.0), ..good }, "gate_db"),
        (MatchSpectrumSetup { gate_db: Some(f64::NEG_INFINITY), ..good }, "gate_db"),
        (MatchSpectrumSetup { min_active_s: 0.0, ..good }, "min_active_s"),
    ] {
        let error = mixcore::analysis::MatchSpectrum::<f32>::required_len(&setup, &stream);
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with(field) && text.contains("allowed"), "{text}");
    }
    let setup = MatchSpectrumSetup { max_duration_s: 1.0, ..good };
    let need = mixcore::analysis::MatchSpectrum::<f32>::required_len(&setup, &stream).unwrap();
    for (samples, numbers) in [(need.samples - 1, need.history), (need.samples, need.history - 1)] {
        let (mut samples, mut numbers) = (vec![0.0_f32; samples], vec![0.0; numbers]);
        let made =
            mixcore::analysis::MatchSpectrum::new_in(setup, stream, &mut samples, &mut numbers);
        assert!(matches!(made, Err(Error::Storage { .. })));
    }
    let mut meter = spectrum::<f32>(setup, stream);
    assert!(meter.push(Block::mono(&[0.0; 10])).is_err());
    assert!(meter.push(Block::stereo(&[], &[]).unwrap()).is_ok());
    // The list is full: an error that says how long it is, and what was read stays.
    let second = vec![0.1_f32; 48_000];
    meter.push(Block::stereo(&second, &second).unwrap()).unwrap();
    let before = meter.measurement();
    let full = meter.push(Block::stereo(&second, &second).unwrap());
    assert!(matches!(full, Err(Error::HistoryFull { max_duration_s: 1.0 })));
    assert!(meter.measurement().active_s >= before.active_s);
}
