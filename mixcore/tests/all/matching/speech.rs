//! The shipped dialogue through known filters, matched back to itself. The curve is made from the first
//! two lines; what is measured are the other three, which it has never seen.
//!
//! The lines were 16 kHz once, so of the 8 kHz band the lower half is there.

use mixcore::analysis::{
    BandVerdict, EqMatch, FirPhase, MAX_MATCH_BANDS, MatchSetup, ThirdOctave, VoiceSpectrum,
    taps_response_db,
};
use mixcore::filters::{Convolver, ConvolverParams, ConvolverSetup, Eq, EqSetup};
use mixcore::loudness::{Meter, MeterSetup};
use mixcore::{Block, BlockMut, Io, Layout, Process, Stream, stream};

use super::{band, read, value};
use crate::cue::decode;
use crate::signals::Noise;

const RATE_HZ: f64 = 48_000.0;
/// What the task asks for: a third octave of the speech range that is off by 1 dB is at the edge of what
/// is heard in a comparison.
const RESIDUAL_DB: f64 = 1.0;
/// Level: a tenth of a dB is nothing in a mix.
const LEVEL_DB: f64 = 0.1;
/// What the predicted residual may be off: half of what is allowed.
const PREDICTION_DB: f64 = 0.5;
/// Skirts reach into the bands beside: what of a boost of up to 7 dB at 8 kHz may be left in the noise
/// above it (1.9 dB measured), where taps leave none.
const NOISE_BOOST_DB: f64 = 2.5;
/// Between the second and the third line, s.
const CUT_S: f64 = 11.7;

fn split(audio: &[f32]) -> (&[f32], &[f32]) {
    audio.split_at((CUT_S * RATE_HZ) as usize)
}

/// 125 Hz to 8 kHz.
fn speech_range() -> impl Iterator<Item = ThirdOctave> {
    ThirdOctave::all().filter(|band| (125.0..=8000.0).contains(&band.nominal_hz()))
}

/// A filter as an engineer would write it down, by the Audio EQ Cookbook (R. Bristow-Johnson).
#[derive(Clone, Copy, Debug)]
pub enum Known {
    Bell { hz: f64, db: f64, q: f64 },
    LowShelf { hz: f64, db: f64, q: f64 },
    HighShelf { hz: f64, db: f64, q: f64 },
}
use Known::{Bell, HighShelf, LowShelf};

impl Known {
    fn run(self, audio: &mut [f32]) {
        let (hz, db, q) = match self {
            Bell { hz, db, q } | LowShelf { hz, db, q } | HighShelf { hz, db, q } => (hz, db, q),
        };
        let a = 10_f64.powf(db / 40.0);
        let w = 2.0 * std::f64::consts::PI * hz / RATE_HZ;
        let (cos, alpha) = (w.cos(), w.sin() / (2.0 * q));
        let root = 2.0 * a.sqrt() * alpha;
        let shelf = |cos: f64| {
            (
                [
                    a * ((a + 1.0) - (a - 1.0) * cos + root),
                    2.0 * a * ((a - 1.0) - (a + 1.0) * cos),
                    a * ((a + 1.0) - (a - 1.0) * cos - root),
                ],
                [
                    (a + 1.0) + (a - 1.0) * cos + root,
                    -2.0 * ((a - 1.0) + (a + 1.0) * cos),
                    (a + 1.0) + (a - 1.0) * cos - root,
                ],
            )
        };
        let (b, c) = match self {
            Bell { .. } => (
                [1.0 + alpha * a, -2.0 * cos, 1.0 - alpha * a],
                [1.0 + alpha / a, -2.0 * cos, 1.0 - alpha / a],
            ),
            LowShelf { .. } => shelf(cos),
            // The mirror image: z becomes −z.
            HighShelf { .. } => {
                let (b, c) = shelf(-cos);
                ([b[0], -b[1], b[2]], [c[0], -c[1], c[2]])
            }
        };
        let (mut s1, mut s2) = (0.0, 0.0);
        for sample in audio {
            let x = f64::from(*sample);
            let y = (b[0] * x + s1) / c[0];
            s1 = b[1] * x - c[1] * y + s2;
            s2 = b[2] * x - c[2] * y;
            *sample = y as f32;
        }
    }
}

fn mono() -> Stream {
    Stream::new(RATE_HZ, Layout::MONO).unwrap()
}

/// Taps and gain as a convolver runs them. A linear phase comes out later, which no spectrum sees.
fn convolve(audio: &[f32], taps: &[f64], gain_db: f64) -> Vec<f32> {
    let gain = 10_f64.powf(gain_db / 20.0);
    let taps: Vec<f32> = taps.iter().map(|tap| (tap * gain) as f32).collect();
    let (setup, params) = (ConvolverSetup::default(), ConvolverParams::default());
    let mut convolver = Convolver::new(setup, params, Block::mono(&taps), mono()).unwrap();
    let mut result = audio.to_vec();
    stream::render(&mut convolver, BlockMut::mono(&mut result)).unwrap();
    result
}

fn filtered(audio: &[f32], filters: &[Known], gain_db: f64) -> Vec<f32> {
    let mut result = audio.to_vec();
    for filter in filters {
        filter.run(&mut result);
    }
    let gain = 10_f64.powf(gain_db / 20.0) as f32;
    result.iter_mut().for_each(|sample| *sample *= gain);
    result
}

/// Random filters whose corrections lie within the limits of the default setup: two octaves apart, up to
/// 5 dB.
fn random_filters(seed: u32) -> Vec<Known> {
    let mut source = Noise::new(seed);
    let mut within = |low: f64, high: f64| low + (high - low) * 0.5 * (source.next_f64() + 1.0);
    [150.0, 600.0, 2400.0]
        .map(|hz| Bell { hz: within(hz, 1.5 * hz), db: within(-5.0, 5.0), q: within(0.5, 2.0) })
        .into_iter()
        .chain([HighShelf { hz: 5000.0, db: within(-5.0, 5.0), q: 0.7 }])
        .collect()
}

fn cases() -> Vec<(&'static str, Vec<Known>)> {
    let mut cases = vec![
        ("nothing", vec![]),
        ("presence, a bell of +6 dB at 3 kHz", vec![Bell { hz: 3000.0, db: 6.0, q: 1.0 }]),
        ("a narrow bell of +6 dB at 3 kHz", vec![Bell { hz: 3000.0, db: 6.0, q: 3.0 }]),
        (
            "telephone-like, tilted off to both sides",
            vec![
                LowShelf { hz: 400.0, db: -5.5, q: 0.6 },
                HighShelf { hz: 2500.0, db: -5.5, q: 0.6 },
            ],
        ),
        (
            "lavalier under a shirt: chest, and no treble",
            vec![
                Bell { hz: 250.0, db: 6.0, q: 1.2 },
                Bell { hz: 700.0, db: 3.0, q: 1.0 },
                HighShelf { hz: 4000.0, db: -6.0, q: 0.7 },
            ],
        ),
    ];
    cases.extend((1..=4).map(|seed| ("random", random_filters(seed))));
    cases
}

/// Largest residual of the speech range, dB, and the band in which it is.
fn worst(reference: &VoiceSpectrum, corrected: &VoiceSpectrum) -> (f64, ThirdOctave) {
    speech_range()
        .map(|band| (value(reference.level_dbfs(band)) - value(corrected.level_dbfs(band)), band))
        .max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
        .unwrap()
}

fn integrated_lufs(audio: &[f32]) -> f64 {
    let setup = MeterSetup { max_duration_s: 60.0, ..MeterSetup::default() };
    let mut meter = Meter::new(setup, mono()).unwrap();
    meter.push(Block::mono(audio)).unwrap();
    value(meter.measurement().integrated_lufs)
}

#[test]
fn speech_through_a_known_filter_is_matched_to_1_db_in_every_band_by_taps() {
    let voice = decode("dx.flac").remove(0);
    let (first, rest) = split(&voice);
    let reference = read(first, RATE_HZ);
    let unseen = read(rest, RATE_HZ);
    for (name, filters) in cases() {
        let altered = filtered(&voice, &filters, -8.0);
        let (altered_first, altered_rest) = split(&altered);
        let candidate = read(altered_first, RATE_HZ);
        let found = EqMatch::new(&reference, &candidate, MatchSetup::default()).unwrap();
        for (phase, count) in [(FirPhase::Minimum, 2048), (FirPhase::Linear, 2047)] {
            let taps = found.fir_taps(phase, count).unwrap();
            let response = |hz| taps_response_db(&taps, RATE_HZ, hz);
            let gain_db = value(found.gain_with_db(response));
            let corrected = convolve(altered_rest, &taps, gain_db);
            let (left, band) = worst(&unseen, &read(&corrected, RATE_HZ));
            println!("{name}, {phase:?}: {left:+.2} dB at {band}");
            assert!(left.abs() <= RESIDUAL_DB, "{name}, {phase:?}: {left} dB at {band}");
            // What it said beforehand; the voice is not even within the bands, as that takes it to be.
            let after = read(&corrected, RATE_HZ);
            for band in speech_range() {
                let left = value(unseen.level_dbfs(band)) - value(after.level_dbfs(band));
                let predicted = value(found.residual_db(band, response));
                assert!(
                    (left - predicted).abs() < PREDICTION_DB,
                    "{name} {band}: {predicted} {left}"
                );
            }
            // Before, the tone was further off, by its level too.
            assert!(worst(&unseen, &read(altered_rest, RATE_HZ)).0.abs() > 6.0);
            let level = integrated_lufs(&corrected) - integrated_lufs(rest);
            assert!(level.abs() < LEVEL_DB, "{name}, {phase:?}: level {level}");
        }
        // Nothing was beyond the limits of the default setup.
        assert!(
            speech_range().all(|band| found.band(band).verdict == BandVerdict::Matched),
            "{name}"
        );
        // What is above 8 kHz is the noise of 16 bits, in both.
        for hz in [10_000.0, 12_500.0] {
            assert_eq!(found.band(band(hz)).verdict, BandVerdict::BothNoise, "{name}");
            assert!(found.band(band(hz)).correction_db <= 0.0);
        }
    }
}

/// The same by the bands of an equaliser.
#[test]
fn speech_through_a_known_filter_is_matched_to_1_db_in_every_band_by_bells_and_shelves() {
    let voice = decode("dx.flac").remove(0);
    let (first, rest) = split(&voice);
    let (reference, unseen) = (read(first, RATE_HZ), read(rest, RATE_HZ));
    for (name, filters) in cases() {
        let altered = filtered(&voice, &filters, -8.0);
        let (altered_first, altered_rest) = split(&altered);
        let candidate = read(altered_first, RATE_HZ);
        let found = EqMatch::new(&reference, &candidate, MatchSetup::default()).unwrap();
        let eq = found.eq_bands(8, 0.3).unwrap();
        let gain_db = value(found.gain_with_db(|hz| eq.response_db(hz)));
        let mut corrected = filtered(altered_rest, &[], gain_db);
        let setup = EqSetup { bands: MAX_MATCH_BANDS, ..EqSetup::default() };
        let mut processor = Eq::new(setup, eq.params(), mono()).unwrap();
        processor.process(Io::new(BlockMut::mono(&mut corrected))).unwrap();
        let (left, band) = worst(&unseen, &read(&corrected, RATE_HZ));
        let count = eq.bands().len();
        println!("{name}: {left:+.2} dB at {band} with {count} bands");
        // A mixer's list, not a curve drawn with many: what was done takes about as many to be undone.
        // But where the treble is lost under noise, some hold down what must not be boosted.
        if name.starts_with("lavalier") {
            assert!((filters.len()..=8).contains(&count), "{name}: {:?}", eq.bands());
        } else {
            assert!(count <= filters.len() + 2, "{name}: {:?}", eq.bands());
        }
        for hz in [10_000.0, 12_500.0, 16_000.0] {
            let boost = eq.response_db(hz) + gain_db - value(found.gain_db());
            assert!(boost < NOISE_BOOST_DB, "{name}, {hz} Hz: {boost}");
        }
        assert!(left.abs() <= RESIDUAL_DB, "{name}: {left} dB at {band}");
        let level = integrated_lufs(&corrected) - integrated_lufs(rest);
        assert!(level.abs() < LEVEL_DB, "{name}: level {level}");
    }
}

/// The candidate hisses: what lies under the hiss is not raised, and the rest is matched all the same.
#[test]
fn hiss_is_not_raised_with_the_treble() {
    let voice = decode("dx.flac").remove(0);
    let (_, mut lavalier) = cases().swap_remove(4);
    lavalier.push(HighShelf { hz: 6000.0, db: -3.0, q: 0.7 });
    let mut source = Noise::new(11);
    // Noise of −53 dBFS, so of −65 dBFS in the 6.3 kHz band: above what is left of the voice there.
    let hissing: Vec<f32> = filtered(&voice, &lavalier, 0.0)
        .iter()
        .map(|sample| sample + (0.004 * source.next_f64()) as f32)
        .collect();
    let (reference, candidate) = (read(&voice, RATE_HZ), read(&hissing, RATE_HZ));
    let found = EqMatch::new(&reference, &candidate, MatchSetup::default()).unwrap();
    for hz in [6300.0, 8000.0] {
        let one = found.band(band(hz));
        assert_eq!(one.verdict, BandVerdict::CandidateNoise, "{hz}");
        assert!(one.correction_db <= 0.0, "{one:?}");
    }
    let taps = found.fir_taps(FirPhase::Minimum, 2048).unwrap();
    let gain_db = value(found.gain_with_db(|hz| taps_response_db(&taps, RATE_HZ, hz)));
    let corrected = read(&convolve(&hissing, &taps, gain_db), RATE_HZ);
    for band in speech_range().filter(|band| band.nominal_hz() < 4000.0) {
        let left = value(reference.level_dbfs(band)) - value(corrected.level_dbfs(band));
        assert!(left.abs() <= RESIDUAL_DB, "{band}: {left}");
    }
    // The gain alone moves the hiss.
    for hz in [8000.0, 12_500.0] {
        let raised =
            value(corrected.noise_dbfs(band(hz))) - value(candidate.noise_dbfs(band(hz))) - gain_db;
        assert!(raised < 0.1, "{hz}: {raised}");
    }
}

/// Root mean square of the deviations from their mean: tone without level.
fn spread(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count).sqrt()
}

/// Other words of the same reader, as in ADR: they differ without any filter, and that goes into the
/// curve. 7 s against 9 s; lines 2 and 3 have a planted boom and stay out.
#[test]
fn other_words_differ_by_themselves_and_smoothing_halves_that() {
    let voice = decode("dx.flac").remove(0);
    let part = |from: f64, to: f64| &voice[(from * RATE_HZ) as usize..(to * RATE_HZ) as usize];
    let (line_1, others) = (part(0.6, 7.7), part(17.95, 28.0));
    let (_, lavalier) = cases().swap_remove(4);
    let (reference, plain) = (read(line_1, RATE_HZ), read(others, RATE_HZ));
    let altered = read(&filtered(others, &lavalier, -8.0), RATE_HZ);
    // What the filter did, and has to be undone.
    let wanted: Vec<f64> = speech_range()
        .map(|band| value(plain.level_dbfs(band)) - value(altered.level_dbfs(band)))
        .collect();
    assert!(spread(&wanted) > 3.0);
    // Measured: 2.32 and 1.07 dB of nature; the filter is found but for 2.05 and 1.20 dB.
    for (smoothing_octaves, natural_db, off_db) in [(1.0 / 3.0, 2.5, 2.2), (1.0, 1.25, 1.3)] {
        let setup = MatchSetup { smoothing_octaves, ..MatchSetup::default() };
        let curve = |candidate: &VoiceSpectrum| -> Vec<f64> {
            let found = EqMatch::new(&reference, candidate, setup).unwrap();
            speech_range().map(|band| found.band(band).correction_db).collect()
        };
        let natural = spread(&curve(&plain));
        // 8 bands do not follow the third octaves of other words (1.14 dB); the smooth curve they do.
        let eq = EqMatch::new(&reference, &altered, setup).unwrap().eq_bands(8, 0.3).unwrap();
        assert!(eq.largest_error_db() < if smoothing_octaves < 1.0 { 1.5 } else { 0.3 });
        let off: Vec<f64> = curve(&altered).iter().zip(&wanted).map(|(c, w)| c - w).collect();
        println!(
            "{smoothing_octaves:.2} octaves: {natural:.2} dB by nature, off by {:.2} dB",
            spread(&off)
        );
        assert!(natural < natural_db && spread(&off) < off_db, "{natural} {}", spread(&off));
        assert!(natural > 0.5 * natural_db, "the words do not differ: {natural}");
    }
}
