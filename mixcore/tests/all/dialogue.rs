//! Dialogue on sound: the demo's voice in noise, noise alone, rooms that change, breaths; and what
//! holds without `alloc`.

use mixcore::audio::Block;
use mixcore::loudness::{
    DETECTOR_STATEMENT, DialogueSetup, LICENSED_STATEMENT, NarrowSections, Phrase,
    ProbabilitySetup, Region, SeparationWindow, SpeechActivity, SpeechLevelMeter, SpeechRegions,
    StemActivity, SubBlocks, dialogue, dialogue_range, narrow_range, phrases, separation_curve,
    speech_over_background, wide_range,
};
use mixcore::units::Reading;
use mixcore::{Layout, Stream, math};

use crate::signals::{Noise, noise};

const RATE_HZ: f64 = 48_000.0;

fn mono() -> Stream {
    Stream::new(RATE_HZ, Layout::MONO).unwrap()
}

/// Phrases of a stem in milliseconds, found in lent memory by pushes of uneven length.
fn found(stem: &[f32]) -> Vec<(i64, i64)> {
    let duration_s = stem.len() as f64 / RATE_HZ + 0.5;
    let need = StemActivity::<f32>::required_len(duration_s, &mono());
    let (mut samples, mut history) = (vec![0.0; need.samples], vec![0.0; need.history]);
    let mut activity =
        StemActivity::new_in(duration_s, mono(), &mut samples, &mut history).unwrap();
    for block in stem.chunks(4093) {
        activity.push(Block::mono(block)).unwrap();
    }
    let ms = |sub_block: usize| 10 * sub_block as i64;
    activity.activity().phrases().map(|phrase| (ms(phrase.start), ms(phrase.end))).collect()
}

/// A kind of noise at a mean power of 1.
#[derive(Clone, Copy, Debug)]
enum Kind {
    White,
    /// -3 dB an octave, by the filter of P. Kellet's "economy" method.
    Pink,
    /// -6 dB an octave above 150 Hz: rumble.
    Low,
}

fn of_kind(kind: Kind, frames: usize, seed: u32) -> Vec<f64> {
    let mut white = Noise::new(seed);
    let (mut a, mut b, mut c) = (0.0, 0.0, 0.0);
    let signal: Vec<f64> = (0..frames)
        .map(|_| {
            let x = white.next_f64();
            match kind {
                Kind::White => x,
                Kind::Pink => {
                    a = 0.997_65 * a + 0.099_046 * x;
                    b = 0.963 * b + 0.296_516_4 * x;
                    c = 0.57 * c + 1.052_691_3 * x;
                    a + b + c + 0.1848 * x
                }
                Kind::Low => {
                    a = 0.98 * a + 0.02 * x;
                    a
                }
            }
        })
        .collect();
    let power = signal.iter().map(|x| x * x).sum::<f64>() / frames as f64;
    signal.into_iter().map(|x| x / power.sqrt()).collect()
}

/// A signal with noise of a power added.
fn with_noise(signal: &[f32], kind: Kind, power: f64, seed: u32) -> Vec<f32> {
    let noise = of_kind(kind, signal.len(), seed);
    let add = |(x, n): (&f32, f64)| (f64::from(*x) + power.sqrt() * n) as f32;
    signal.iter().zip(noise).map(add).collect()
}

#[test]
fn noise_alone_is_no_speech() {
    let second = 48_000;
    for kind in [Kind::White, Kind::Pink, Kind::Low] {
        for (seed, seconds) in [(1, 60), (2, 20), (3, 5), (4, 3)] {
            let silent = vec![0.0; seconds * second];
            // -50 dBFS.
            let room = with_noise(&silent, kind, 1e-5, seed);
            assert_eq!(found(&room), [], "{kind:?}, {seconds} s");
        }
        let mut reel = vec![0.0; 90_000];
        reel.extend(with_noise(&vec![0.0; 30 * second], kind, 1e-4, 5));
        reel.extend(vec![0.0; 60_000]);
        assert_eq!(found(&reel), [], "{kind:?} between silences");
    }
    // Hum of 50 Hz: the same power in every sub-block, twice the half wave.
    let hum: Vec<f32> =
        (0..10 * second).map(|n| (0.01 * math::sin(math::PI * n as f64 / 480.0)) as f32).collect();
    assert_eq!(found(&hum), []);
}

/// Syllables of noise at `gain`, 0.15 s long, 0.1 s apart, from each start for 2 s.
fn voice(seconds: usize, starts: &[f64], gain: f64) -> Vec<f32> {
    let source = noise::<f32>(1, seconds * 48_000, 1.0, 77).remove(0);
    let mut stem = vec![0.0; source.len()];
    for &start in starts {
        for syllable in 0..8 {
            let from = ((start + 0.25 * f64::from(syllable)) * RATE_HZ) as usize;
            for n in 0..7200 {
                // A half sine: it rises and falls like a syllable.
                let shape = math::sin(math::PI * n as f64 / 7200.0);
                stem[from + n] = (gain * shape) as f32 * source[from + n];
            }
        }
    }
    stem
}

#[test]
fn a_cut_from_a_quiet_room_to_a_noisy_one_moves_the_threshold_with_it() {
    // 20 s each: -60 dBFS of room, then -30 dBFS, then -60 again; the voice stands at -12.6 dBFS.
    let starts: Vec<f64> = (0..9).map(|n| 2.0 + 6.5 * f64::from(n)).collect();
    let mut stem = voice(60, &starts, 0.5);
    for (part, power) in stem.chunks_mut(20 * 48_000).zip([1e-6, 1e-3, 1e-6]) {
        let noisy = with_noise(part, Kind::Pink, power, 6);
        part.copy_from_slice(&noisy);
    }
    let phrases = found(&stem);
    assert_eq!(phrases.len(), starts.len(), "{phrases:?}");
    for ((start, end), expected) in phrases.iter().zip(&starts) {
        // The half sine is 20 dB down after 5 ms; 1.9 s long.
        let (from, to) = ((expected * 1000.0) as i64, (expected * 1000.0) as i64 + 1900);
        assert!((start - from).abs() <= 30 && (end - to).abs() <= 30, "{start} to {end} at {from}");
    }
}

#[test]
fn room_tone_around_clips_that_are_cut_to_silence_is_no_speech() {
    let stem = voice(30, &[2.0, 9.0, 16.0, 23.0], 0.3);
    let mut clips = with_noise(&stem, Kind::White, 1e-4 * 0.3, 8);
    // Each clip has a second of handles; between the clips there is nothing.
    for (n, sample) in clips.iter_mut().enumerate() {
        if !(1.0..5.0).contains(&((n as f64 / RATE_HZ) % 7.0)) {
            *sample = 0.0;
        }
    }
    let phrases = found(&clips);
    assert_eq!(phrases.len(), 4, "{phrases:?}");
    for ((start, end), from) in phrases.iter().zip([2000, 9000, 16_000, 23_000]) {
        assert!((start - from).abs() <= 30 && (end - from - 1900).abs() <= 30, "{start} to {end}");
    }
}

/// A breath of 0.5 s that swells and ebbs, at a mean power.
fn breath(power: f64) -> Vec<f32> {
    let noise = of_kind(Kind::Pink, 24_000, 9);
    // The mean of a squared half sine is 1/2.
    let shape = |n: usize| (2.0 * power).sqrt() * math::sin(math::PI * n as f64 / 24_000.0);
    noise.into_iter().enumerate().map(|(n, x)| (shape(n) * x) as f32).collect()
}

#[test]
fn a_breath_counts_where_a_word_of_its_level_would() {
    let words = voice(12, &[1.0, 7.0], 0.5);
    let energy: f64 = words[..4 * 48_000].iter().map(|x| f64::from(x * x)).sum();
    // The mean over the 0.15 s of each syllable.
    let level = energy / (8.0 * 7200.0);
    for (below_db, clean, noisy) in [(15.0, true, true), (25.0, true, false), (40.0, false, false)]
    {
        let mut stem = words.clone();
        stem[4 * 48_000..4 * 48_000 + 24_000]
            .copy_from_slice(&breath(level * math::exp10(-below_db / 10.0)));
        let found_clean = found(&stem);
        assert_eq!(found_clean.len() == 3, clean, "{below_db} dB: {found_clean:?}");
        // In a room 18 dB below the words.
        let found_noisy = found(&with_noise(&stem, Kind::White, level * 1.6e-2, 10));
        assert_eq!(found_noisy.len() == 3, noisy, "{below_db} dB in noise: {found_noisy:?}");
        assert!(found_clean.len() >= 2 && found_noisy.len() >= 2);
    }
}

#[test]
fn every_result_names_its_detector_and_says_whether_it_is_the_licensed_one() {
    let energies = vec![1.0; 9500];
    let programme = SubBlocks::new(&energies, RATE_HZ).unwrap();
    let mut lists = [[Region { start_frame: 480_000, end_frame: 720_000 }]; 2];
    let [first, second] = &mut lists;
    let regions = SpeechRegions::new_in(first, RATE_HZ).unwrap();
    let licensed_regions = SpeechRegions::new_in(second, RATE_HZ).unwrap().of_licensed_gate();
    let mut values = [0.0; 95];
    values[10..15].fill(0.9);
    let mut memories = [[Region { start_frame: 0, end_frame: 0 }; 48]; 2];
    let [probability, licensed_probability] = memories.each_mut().map(|memory| {
        let setup = ProbabilitySetup::new(48_000);
        SpeechRegions::from_probability_in(&values, setup, RATE_HZ, memory).unwrap()
    });
    let licensed_probability = licensed_probability.of_licensed_gate();
    let mut powers = vec![0.0; 9500];
    powers[1000..1500].fill(0.1);
    let stem = mixcore::loudness::Activity::new(&powers, RATE_HZ).unwrap();
    let detectors: [(&dyn SpeechActivity, &str, bool); 5] = [
        (&stem, "stem", false),
        (&regions, "caller", false),
        (&licensed_regions, "caller", true),
        (&probability, "probability", false),
        (&licensed_probability, "probability", true),
    ];
    for (speech, word, licensed) in detectors {
        let phrase = phrases(speech).next().unwrap();
        let curve = separation_curve(programme, programme, speech, SeparationWindow::ShortTerm);
        let named = [
            dialogue(programme, speech, DialogueSetup::default()).unwrap().detector,
            dialogue_range(programme, speech).unwrap().detector,
            wide_range(programme, speech).unwrap().detector,
            narrow_range(programme, speech, NarrowSections::MostSpeech).unwrap().detector.unwrap(),
            speech_over_background(programme, programme, speech, &phrase).unwrap().detector,
            curve.unwrap().next().unwrap().detector,
        ];
        for detector in named {
            assert!(detector.name.contains(word), "{detector}");
            assert_eq!(detector.is_licensed, licensed, "{detector}");
            let says = if licensed { LICENSED_STATEMENT } else { DETECTOR_STATEMENT };
            assert_eq!(detector.to_string(), format!("{}: {says}", detector.name));
        }
    }
    assert!(DETECTOR_STATEMENT.starts_with("not the licensed"));
    assert!(DETECTOR_STATEMENT.contains("Dolby Dialogue Intelligence"));
}

#[test]
fn speech_is_measured_where_it_is_and_the_curve_follows_it() {
    // Music at half the voice's energy under the first phrase, at a fiftieth under the second.
    let dialogue: Vec<f64> = (0..1000).map(|k| if k % 500 < 300 { 1.0 } else { 0.0 }).collect();
    let music: Vec<f64> = (0..1000).map(|k| if k < 500 { 0.5 } else { 0.02 }).collect();
    let (voice, music) =
        (SubBlocks::new(&dialogue, RATE_HZ).unwrap(), SubBlocks::new(&music, RATE_HZ).unwrap());
    let activity = mixcore::loudness::Activity::new(&dialogue, RATE_HZ).unwrap();
    let spoken: Vec<Phrase> = phrases(&activity).collect();
    assert_eq!(spoken.iter().map(|p| (p.start, p.end)).collect::<Vec<_>>(), [(0, 300), (500, 800)]);
    let curve: Vec<_> =
        separation_curve(voice, music, &activity, SeparationWindow::Momentary).unwrap().collect();
    assert_eq!(curve.len(), 100);
    let at = |tenth: usize| curve[tenth - 1].over_lu;
    let close = |reading: Reading, lu: f64| (reading.value().unwrap() - lu).abs() < 1e-3;
    assert!(close(at(20), 3.0103) && close(at(70), 16.9897));
    assert_eq!(at(45), Reading::NotApplicable);
}

#[test]
fn the_speech_voltmeter_keeps_its_promises() {
    let stream = Stream::new(44_100.0, Layout::STEREO).unwrap();
    let mut audio = noise::<f32>(2, 60_000, 0.3, 12);
    for channel in &mut audio {
        channel[20_000..40_000].fill(0.0);
    }
    let read = |size: usize, audio: &[Vec<f32>]| {
        let mut meter = SpeechLevelMeter::new(stream).unwrap();
        let block = Block::new(audio).unwrap();
        for pass in 0..2 {
            if pass == 1 {
                meter.reset();
            }
            for start in (0..60_000).step_by(size) {
                meter.push(block.range(start, (start + size).min(60_000))).unwrap();
            }
        }
        (meter.measurement(), meter.faults())
    };
    let whole = read(60_000, &audio);
    for size in [1, 7, 64, 65, 480, 4096] {
        assert!(read(size, &audio) == whole, "blocks of {size}");
    }
    let mut zeroed = audio.clone();
    for (n, fault) in [f32::NAN, f32::INFINITY, -2e6].into_iter().enumerate() {
        (audio[1][n * 17_000 + 5], zeroed[1][n * 17_000 + 5]) = (fault, 0.0);
    }
    let (dirty, clean) = (read(480, &audio), read(480, &zeroed));
    assert!(dirty.0 == clean.0 && dirty.1 == 3 && clean.1 == 0);
}

#[cfg(feature = "json")]
mod cue {
    use mixcore::loudness::{Activity, SpeechLevelMeter};

    use super::*;
    use crate::cue::decode;

    /// What the phrases of the demo's voice move by in white and pink noise, ms: at least 40, 35, 30,
    /// 25, 20 and 15 dB below the mean active power. Words and word endings that are quieter than the
    /// noise are lost: the longest is the end of line 5, 0.3 s at -20 to -27 dB.
    const MOVES_MS: [(f64, i64); 6] =
        [(40.0, 110), (35.0, 220), (30.0, 310), (25.0, 360), (20.0, 400), (15.0, 500)];

    fn clean() -> (Vec<f32>, Vec<(i64, i64)>, f64) {
        let voice = decode("dx.flac").remove(0);
        let powers: Vec<f64> = voice
            .chunks_exact(480)
            .map(|part| part.iter().map(|x| f64::from(x * x)).sum::<f64>() / 480.0)
            .collect();
        let threshold = Activity::new(&powers, RATE_HZ).unwrap().threshold_dbfs();
        // 30 dB below the mean active power.
        let active = math::exp10((threshold.value().unwrap() + 30.0) / 10.0);
        let phrases = found(&voice);
        (voice, phrases, active)
    }

    #[test]
    fn noise_moves_the_phrases_of_the_voice_by_no_more_than_is_stated() {
        let (voice, clean, active) = clean();
        assert_eq!(clean.len(), 5);
        let gains: &[f32] = if std::env::var_os("MIXCORE_LONG").is_some() {
            // Below 0.17 the threshold of the voice itself would lie under -70 dBFS.
            &[0.25, 0.5, 1.0, 2.0, 8.0]
        } else {
            &[0.25]
        };
        for &gain in gains {
            for kind in [Kind::White, Kind::Pink] {
                for (n, (below_db, moves_ms)) in MOVES_MS.into_iter().enumerate() {
                    let power = active * math::exp10(-below_db / 10.0);
                    let noisy: Vec<f32> = with_noise(&voice, kind, power, 20 + n as u32)
                        .into_iter()
                        .map(|x| gain * x)
                        .collect();
                    let found = found(&noisy);
                    let what = format!("{kind:?} noise {below_db} dB below, gain {gain}");
                    assert_eq!(found.len(), clean.len(), "{what}: {found:?}");
                    for (found, clean) in found.iter().zip(&clean) {
                        let moved = (found.0 - clean.0).abs().max((found.1 - clean.1).abs());
                        assert!(moved <= moves_ms, "{what}: {found:?} for {clean:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_floor_that_is_found_is_the_noise_that_was_added() {
        let (voice, _, active) = clean();
        for (kind, tolerance_db) in [(Kind::White, 0.5), (Kind::Pink, 1.5), (Kind::Low, 2.0)] {
            let noisy = with_noise(&voice, kind, active * 1e-2, 3);
            let powers: Vec<f64> = noisy
                .chunks_exact(480)
                .map(|part| part.iter().map(|x| f64::from(x * x)).sum::<f64>() / 480.0)
                .collect();
            let activity = Activity::new(&powers, RATE_HZ).unwrap();
            for second in 0..28 {
                let floor = activity.noise_floor_dbfs(100 * second).value().unwrap();
                let error = floor - (10.0 * active.log10() - 20.0);
                // The median of a noise lies below its mean power, the more the fewer its bands.
                assert!(error.abs() < tolerance_db, "{kind:?} at {second} s: {error}");
            }
        }
        // The clean stem has none: its own threshold stays.
        let mut stem = StemActivity::new(60.0, mono()).unwrap();
        stem.push(Block::mono(&voice)).unwrap();
        for second in 0..28 {
            assert_eq!(stem.activity().noise_floor_dbfs(100 * second), Reading::BelowGate);
        }
    }

    #[test]
    fn the_active_speech_level_of_the_voice_hardly_minds_noise_and_silence() {
        let (voice, clean, _) = clean();
        let read = |signal: &[f32]| {
            let mut meter = SpeechLevelMeter::new(mono()).unwrap();
            meter.push(Block::mono(signal)).unwrap();
            meter.measurement()
        };
        let alone = read(&voice);
        // 24.71 s of phrases in 28 s; P.56 bridges 0.2 s of pause, the phrases 0.4 s.
        let phrases: i64 = clean.iter().map(|(start, end)| end - start).sum();
        let activity = alone.activity_percent.value().unwrap();
        assert!(activity < phrases as f64 / 280.0 && activity > 80.0, "{activity}");
        let level = alone.active_dbov.value().unwrap();
        let mut padded = voice.clone();
        padded.resize(2 * voice.len(), 0.0);
        let padded = read(&padded);
        // The hangover at the end is all that is new: 0.2 s of 24.
        assert!((padded.active_dbov.value().unwrap() - level).abs() < 0.05);
        let ratio = padded.activity_percent.value().unwrap() / activity;
        assert!((ratio - 0.5).abs() < 0.01, "{ratio}");
        // Noise 20 dB below, the worst that P.56 is meant for.
        let power = math::exp10(level / 10.0 - 2.0);
        let noisy = read(&with_noise(&voice, Kind::White, power, 4)).active_dbov.value().unwrap();
        assert!((noisy - level).abs() < 0.5, "{noisy} for {level}");
    }
}
