//! The delay between channels: copies at any fraction of a frame, the curve by the letter, refusals.

use mixcore::analysis::{ChannelDelay, DelayReadings, DelaySetup, DelayVerdict};
use mixcore::audio::{Block, Sample};
use mixcore::{Error, Layout, Reading, Stream, math};

use super::memory;
use crate::signals::{Noise, noise};

/// What the documentation states, frames.
const TOLERANCE_FRAMES: f64 = 0.01;

fn meter<S: Sample>(setup: DelaySetup, stream: Stream) -> ChannelDelay<'static, S> {
    let need = ChannelDelay::<S>::required_len(&setup, &stream);
    let samples = memory(need.samples, S::from_f64(9.0));
    ChannelDelay::new_in(setup, stream, samples, memory(need.history, 9.0)).unwrap()
}

/// Short programmes: 10 ms of range, windows of 0.5 s.
fn setup() -> DelaySetup {
    DelaySetup { max_delay_ms: 10.0, window_s: 0.5, ..DelaySetup::default() }
}

fn read<S: Sample>(setup: DelaySetup, rate_hz: f64, left: &[S], right: &[S]) -> DelayReadings {
    let mut meter = meter::<S>(setup, Stream::new(rate_hz, Layout::STEREO).unwrap());
    meter.push(Block::stereo(left, right).unwrap()).unwrap();
    meter.finish();
    meter.measurement()
}

/// A signal `frames` later, by a windowed sinc of 129 taps.
fn delayed(signal: &[f64], frames: f64) -> Vec<f64> {
    let whole = frames.floor();
    let taps: Vec<(i64, f64)> = (-64..=64)
        .map(|k| {
            let at = k as f64 - (frames - whole);
            (k + whole as i64, math::sinc(at) * math::kaiser(at / 65.0, 9.0))
        })
        .collect();
    (0..signal.len() as i64)
        .map(|n| {
            let tap = |(k, tap): &(i64, f64)| {
                usize::try_from(n - k).ok().and_then(|at| signal.get(at)).map_or(0.0, |x| x * tap)
            };
            taps.iter().map(tap).sum()
        })
        .collect()
}

/// Noise with the tilt of speech and music, loud and soft in turn.
fn material(frames: usize, seed: u32) -> Vec<f64> {
    let mut low = 0.0;
    noise::<f64>(1, frames, 1.0, seed)
        .remove(0)
        .iter()
        .enumerate()
        .map(|(n, x)| {
            low += 0.2 * (x - low);
            low * (1.2 + math::sin(n as f64 * 0.001))
        })
        .collect()
}

#[test]
fn copies_are_found_to_a_hundredth_of_a_frame() {
    for rate_hz in [16_000.0, 48_000.0] {
        let signal = material(40_000, 51);
        for frames in [0.0, 0.25, -0.5, 7.0, -33.3, 100.75, 159.9] {
            for gain in [1.0, -0.3] {
                let other: Vec<f64> = delayed(&signal, frames).iter().map(|x| gain * x).collect();
                let found = read(setup(), rate_hz, &signal, &other);
                let text = format!("{frames} at {rate_hz}: {found:?}");
                assert_eq!(found.verdict, DelayVerdict::Found, "{text}");
                let delay = found.delay_frames.value().unwrap();
                assert!((delay - frames).abs() < TOLERANCE_FRAMES, "{text}");
                let ms = found.delay_ms.value().unwrap();
                assert!((ms - 1000.0 * delay / rate_hz).abs() < 1e-12, "{text}");
                assert_eq!(found.inverted, gain < 0.0, "{text}");
                let c = found.correlation.value().unwrap();
                // The copy lacks what lies beyond the end.
                assert!(c * gain > 0.0 && c.abs() > 0.99, "{text}");
            }
        }
    }
}

#[test]
fn a_channel_that_leads_is_negative_and_swapping_turns_the_sign() {
    let signal = material(30_000, 52);
    let late = delayed(&signal, 20.0);
    let forth = read(setup(), 48_000.0, &signal, &late).delay_frames.value().unwrap();
    let back = read(setup(), 48_000.0, &late, &signal).delay_frames.value().unwrap();
    assert!((forth - 20.0).abs() < TOLERANCE_FRAMES && (back + 20.0).abs() < TOLERANCE_FRAMES);
}

/// The fixed filter of both channels, from its description: a zero at the Nyquist frequency, and a
/// shelf from 500 Hz to 2 kHz.
fn shelf(input: &[f64], rate_hz: f64) -> Vec<f64> {
    let [zero, pole] =
        [500.0, 2000.0].map(|hz: f64| (-2.0 * std::f64::consts::PI * hz / rate_hz).exp());
    let at = |n: usize| if n > 0 { input[n - 1] } else { 0.0 };
    let sums: Vec<f64> = (0..input.len()).map(|n| input[n] + at(n)).collect();
    let mut last = 0.0;
    (0..input.len())
        .map(|n| {
            last = sums[n] - zero * if n > 0 { sums[n - 1] } else { 0.0 } + pole * last;
            last
        })
        .collect()
}

#[test]
fn every_lag_has_the_energies_of_its_own_frames() {
    // Loud right at the edges of the windows, so that a frame too many or too few shows.
    let rate_hz = 8000.0;
    let mut audio = noise::<f64>(2, 9000, 0.1, 53);
    for (n, x) in audio[0].iter_mut().enumerate() {
        *x *= if (n + 30) % 4000 < 60 { 20.0 } else { 1.0 };
    }
    let copy = delayed(&audio[0], 5.0);
    for (y, x) in audio[1].iter_mut().zip(copy) {
        *y = 0.5 * *y + x;
    }
    let setup = DelaySetup { min_correlation: 0.0, max_rival: 1.0, ..setup() };
    let [a, b] = [0, 1].map(|c: usize| shelf(&audio[c], rate_hz));
    // 10 ms; windows of 4000 frames, and a last one of 1000 that counts for the whole.
    let reach = 80_i64;
    let sums = |start: usize, end: usize, lag: i64| -> (f64, f64, f64) {
        (start..end).fold((0.0, 0.0, 0.0), |(ab, aa, bb), n| {
            let at = usize::try_from(n as i64 + lag).ok().and_then(|at| b.get(at));
            let y = at.copied().unwrap_or(0.0);
            (ab + a[n] * y, aa + a[n] * a[n], bb + y * y)
        })
    };
    let curve = |start: usize, end: usize| -> Vec<f64> {
        (-reach..=reach)
            .map(|lag| {
                let (ab, aa, bb) = sums(start, end, lag);
                ab / (aa * bb).sqrt()
            })
            .collect()
    };
    let rival = |curve: &[f64]| {
        // Outside the lobe around lag 5.
        let best = (5 + reach) as usize;
        let (mut low, mut high) = (best, best);
        while curve[low - 1] > 0.0 && curve[low - 1] <= curve[low] {
            low -= 1;
        }
        while curve[high + 1] > 0.0 && curve[high + 1] <= curve[high] {
            high += 1;
        }
        curve[..low].iter().chain(&curve[high + 1..]).fold(0.0_f64, |m, c| m.max(c.abs()))
    };
    let mut meter = meter::<f64>(setup, Stream::new(rate_hz, Layout::STEREO).unwrap());
    let block = Block::new(&audio).unwrap();
    let agrees = |found: DelayReadings, curve: &[f64]| {
        let (c, expected) = (found.correlation.value().unwrap(), curve[(5 + reach) as usize]);
        // Between the lags the crest may be a little higher.
        assert!(c >= expected - 1e-9 && c < expected + 0.01, "{c} and {expected}");
        assert!((found.rival.value().unwrap() - rival(curve)).abs() < 1e-9, "{found:?}");
    };
    // The window ends at frame 4000; its last lag needs 112 frames more, in chunks of 256.
    meter.push(block.range(0, 4352)).unwrap();
    agrees(meter.window_measurement(), &curve(0, 4000));
    meter.push(block.range(4352, 9000)).unwrap();
    meter.finish();
    agrees(meter.window_measurement(), &curve(4000, 8000));
    agrees(meter.measurement(), &curve(0, 9000));
}

#[test]
fn a_copy_under_other_sounds_is_found_with_less_confidence() {
    let signal = material(60_000, 54);
    let (under, over) = (material(60_000, 55), material(60_000, 56));
    let copy = delayed(&signal, 41.5);
    let mix =
        |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a + 0.7 * b).collect() };
    let clean = read(setup(), 48_000.0, &signal, &copy);
    let found = read(setup(), 48_000.0, &mix(&signal, &under), &mix(&copy, &over));
    assert_eq!(found.verdict, DelayVerdict::Found);
    assert!((found.delay_frames.value().unwrap() - 41.5).abs() < 0.1, "{found:?}");
    // r = 1 / (1 + 0.49)
    assert!((found.correlation.value().unwrap() - 0.671).abs() < 0.02, "{found:?}");
    assert!(found.confidence.value().unwrap() < clean.confidence.value().unwrap() - 0.2);
}

#[test]
fn questions_without_an_answer_get_a_reason() {
    let x = material(48_000, 57);
    let tone = |hz: f64, phase: f64| -> Vec<f64> {
        (0..48_000)
            .map(|n| 0.3 * math::sin(2.0 * math::PI * hz * f64::from(n) / 48_000.0 + phase))
            .collect()
    };
    let rumble = |seed: u32| -> Vec<f64> {
        let (mut y, mut z) = (0.0, 0.0);
        let mut noise = Noise::new(seed);
        (0..48_000)
            .map(|_| {
                y += 0.005 * (noise.next_f64() - y);
                z += 0.005 * (y - z);
                10.0 * z
            })
            .collect()
    };
    let silence = vec![0.0; 48_000];
    for (name, left, right, verdict) in [
        ("two noises", x.clone(), material(48_000, 58), DelayVerdict::Unrelated),
        ("two rumbles", rumble(1), rumble(2), DelayVerdict::Unrelated),
        ("a tone of 1 kHz", tone(1000.0, 0.0), tone(1000.0, -0.4), DelayVerdict::Ambiguous),
        ("a tone of 9.7 kHz", tone(9700.0, 0.0), tone(9700.0, -0.4), DelayVerdict::Ambiguous),
        ("a low tone", tone(80.0, 0.0), tone(80.0, -0.4), DelayVerdict::Ambiguous),
        ("one channel", x.clone(), silence.clone(), DelayVerdict::Silent),
        ("the other", silence.clone(), x.clone(), DelayVerdict::Silent),
        ("nothing", silence.clone(), silence, DelayVerdict::Silent),
    ] {
        let found = read(setup(), 48_000.0, &left, &right);
        assert_eq!(found.verdict, verdict, "{name}: {found:?}");
        assert_eq!(found.delay_frames.value(), None, "{name}");
        assert!(!found.inverted && !verdict.text().is_empty());
    }
    // The end of the range: a low, broad peak at 12 ms seen from 10 ms.
    let broad = rumble(3);
    let late = delayed(&broad, 483.0);
    assert_eq!(read(setup(), 48_000.0, &broad, &late).verdict, DelayVerdict::OutOfRange);
    let few = read(setup(), 48_000.0, &x[..700], &x[..700]);
    assert_eq!(few.verdict, DelayVerdict::TooShort);
    assert!(matches!(few.delay_frames, Reading::TooShort { .. }));
}

#[test]
fn setups_out_of_range_are_errors() {
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let good = setup();
    for (bad, field) in [
        (DelaySetup { max_delay_ms: 0.0, ..good }, "max_delay_ms"),
        (DelaySetup { max_delay_ms: 101.0, ..good }, "max_delay_ms"),
        (DelaySetup { max_delay_ms: 100.0, window_s: 0.3, ..good }, "window_s"),
        (DelaySetup { window_s: f64::NAN, ..good }, "window_s"),
        (DelaySetup { min_correlation: 1.5, ..good }, "min_correlation"),
        (DelaySetup { max_rival: -0.1, ..good }, "max_rival"),
        (DelaySetup { floor_dbfs: f64::NEG_INFINITY, ..good }, "floor_dbfs"),
    ] {
        let made = ChannelDelay::<f32>::new_in(bad, stream, memory(512, 0.0), memory(60_000, 0.0));
        match made {
            Err(Error::OutOfRange { field: found, .. }) => assert_eq!(found, field),
            other => panic!("{bad:?}: {other:?}"),
        }
    }
    let little = ChannelDelay::<f32>::new_in(good, stream, memory(512, 0.0), memory(100, 0.0));
    assert!(matches!(little, Err(Error::Storage { .. })));
}

#[cfg(feature = "json")]
#[test]
fn the_shipped_stems() {
    let [dialogue, music, ambience] = ["dx.flac", "mx.flac", "amb.flac"].map(crate::cue::decode);
    let seconds = |x: &[f32]| -> Vec<f64> { x[..12 * 48_000].iter().map(|&x| x.into()).collect() };
    let setup = DelaySetup::default();
    // The river of the ambience: opposite polarity, no delay. The correlation alone could not tell.
    let [left, right] = [0, 1].map(|c: usize| seconds(&ambience[c]));
    let amb = read(setup, 48_000.0, &left, &right);
    assert_eq!((amb.verdict, amb.inverted), (DelayVerdict::Found, true), "{amb:?}");
    assert!(amb.delay_frames.value().unwrap().abs() < TOLERANCE_FRAMES);
    // Speech and music, copied late; the music's own channels are not copies of each other.
    for stem in [&dialogue[0], &music[0]] {
        let stem = seconds(stem);
        let found = read(setup, 48_000.0, &stem, &delayed(&stem, 312.4));
        assert!((found.delay_frames.value().unwrap() - 312.4).abs() < TOLERANCE_FRAMES);
    }
    let [left, right] = [0, 1].map(|c: usize| seconds(&music[c]));
    assert_eq!(read(setup, 48_000.0, &left, &right).verdict, DelayVerdict::Unrelated);
    let beyond = read(setup, 48_000.0, &left, &delayed(&left, 1200.0));
    assert_ne!(beyond.verdict, DelayVerdict::Found, "{beyond:?}");
}
