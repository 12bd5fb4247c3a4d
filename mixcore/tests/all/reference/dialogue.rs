//! Dialogue by the letter: the speech voltmeter, the stem's detector and the three loudnesses as
//! their definitions read, with lists, sorting and logarithms.

use mixcore::audio::Block;
use mixcore::loudness::{
    Activity, DialogueDefinition, DialogueSetup, DialogueShare, Gates, ProbabilitySetup,
    SpeechActivity, SpeechLevelMeter, SpeechRegions, SubBlocks, dialogue, dialogue_range, phrases,
    speech_over_background, speech_runs,
};
use mixcore::{Layout, Stream, math};

use crate::signals::{Noise, noise, sine};

/// The same operations in another order: 1e-13 relative, 1e-12 dB and a little.
const TOLERANCE_DB: f64 = 1e-9;

/// ITU-T P.56, method B, a frame and a threshold at a time. (active level in dBov, activity).
fn p56(signal: &[f64], rate_hz: f64) -> Option<(f64, f64)> {
    let hangover = (0.2 * rate_hz).ceil() as usize;
    let g = math::exp(-1.0 / (rate_hz * 0.03));
    let thresholds: Vec<f64> = (-23..=20).map(|e| 2_f64.powi(e)).collect();
    let mut active = vec![0_usize; thresholds.len()];
    let mut left = vec![0_usize; thresholds.len()];
    let (mut p, mut q, mut energy) = (0.0, 0.0, 0.0);
    for x in signal {
        energy += x * x;
        p = g * p + (1.0 - g) * x.abs();
        q = g * q + (1.0 - g) * p;
        for ((&threshold, active), left) in thresholds.iter().zip(&mut active).zip(&mut left) {
            if q >= threshold {
                (*active, *left) = (*active + 1, hangover);
            } else if *left > 0 {
                (*active, *left) = (*active + 1, *left - 1);
            }
        }
    }
    let long_term = 10.0 * (energy / signal.len() as f64).log10();
    let points: Vec<(f64, f64)> = thresholds
        .iter()
        .zip(&active)
        .take_while(|(_, active)| **active > 0)
        .map(|(c, &active)| {
            let level = 10.0 * (energy / active as f64).log10();
            (level, level - 20.0 * c.log10() - 15.9)
        })
        .collect();
    let pair = points.windows(2).find(|pair| pair[1].1 <= 0.0)?;
    let part = pair[0].1 / (pair[0].1 - pair[1].1);
    let level = pair[0].0 + part * (pair[1].0 - pair[0].0);
    Some((level, 10_f64.powf((long_term - level) / 10.0)))
}

fn read(signal: &[f64], rate_hz: f64) -> (f64, f64) {
    let mut meter = SpeechLevelMeter::new(Stream::new(rate_hz, Layout::MONO).unwrap()).unwrap();
    let mut pick = Noise::new(9);
    let mut at = 0;
    while at < signal.len() {
        let end = (at + pick.below(900)).min(signal.len());
        meter.push(Block::mono(&signal[at..end])).unwrap();
        at = end;
    }
    let found = meter.measurement();
    let whole = |signal: &[f64]| {
        let mut meter = SpeechLevelMeter::new(Stream::new(rate_hz, Layout::MONO).unwrap()).unwrap();
        meter.push(Block::mono(signal)).unwrap();
        meter.measurement()
    };
    assert!(whole(signal) == found, "another block split");
    (found.active_dbov.value().unwrap(), found.activity_percent.value().unwrap() / 100.0)
}

/// Words of noise between -60 and 0 dB, 40 to 400 ms long, pauses in between.
fn words(rate_hz: f64, seconds: f64, seed: u32) -> Vec<f64> {
    let frames = (seconds * rate_hz) as usize;
    let (mut pick, mut sound) = (Noise::new(seed), Noise::new(seed + 1));
    let mut signal = Vec::new();
    while signal.len() < frames {
        let length = rate_hz * (0.04 + 0.18 * (pick.next_f64() + 1.0));
        let gain =
            if pick.below(3) == 0 { 0.0 } else { math::exp10(1.5 * (pick.next_f64() - 1.0)) };
        signal.extend((0..length as usize).map(|_| gain * sound.next_f64()));
    }
    signal.truncate(frames);
    signal
}

#[test]
fn the_speech_voltmeter_agrees_with_p56_by_the_letter() {
    for (rate_hz, gain, seed) in
        [(48e3, 1.0, 1), (44.1e3, 0.01, 2), (8e3, 100.0, 3), (11_025.0, 3e-5, 4), (16e3, 0.3, 5)]
    {
        let signal: Vec<f64> = words(rate_hz, 12.0, seed).into_iter().map(|x| gain * x).collect();
        let (level, activity) = p56(&signal, rate_hz).unwrap();
        let found = read(&signal, rate_hz);
        assert!((found.0 - level).abs() < TOLERANCE_DB, "{rate_hz} Hz: {} for {level}", found.0);
        assert!((found.1 - activity.min(1.0)).abs() < 1e-9, "{rate_hz} Hz");
    }
}

#[test]
fn a_steady_tone_reads_its_level_and_a_tone_of_half_the_time_is_active_a_little_longer() {
    // 0.1 is -20 dBFS, -23.01 dBov. The envelope needs 0.02 s to rise.
    let tone: Vec<f64> = sine(1000.0, 48e3, 48_000 * 30, 0.1);
    let (level, activity) = read(&tone, 48e3);
    assert!((level + 23.0103).abs() < 0.005, "{level}");
    assert!(activity > 0.999, "{activity}");
    // 2 s on, 2 s off. The envelope of |sin| is 2/pi of the amplitude; the threshold lies 15.9 dB
    // below the level, 18.9 dB below the amplitude for a level of the whole tone. It takes
    // t with (1 + t/T) e^(-t/T) = 0.1135 pi/2: t = 3.4 T = 0.10 s to fall there, and 0.2 s hang over;
    // 0.02 s are lost at the start.
    let half: Vec<f64> =
        tone.iter().enumerate().map(|(n, x)| if n / 96_000 % 2 == 0 { *x } else { 0.0 }).collect();
    let (level, activity) = read(&half[..96_000 * 14], 48e3);
    let expected = (2.0 + 0.10 + 0.2 - 0.02) / 4.0;
    // Two thresholds 6 dB apart bracket it: the time to fall is between 0.08 and 0.12 s.
    assert!((activity - expected).abs() < 0.01, "{activity} for {expected}");
    let long_term = -23.0103 - 3.0103;
    assert!((level - (long_term - 10.0 * activity.log10())).abs() < 1e-3, "{level}");
}

/// The detector's levels: eighths of an octave of power.
fn level(power: f64) -> i64 {
    (8.0 * power.log2()).floor() as i64
}

fn silent(power: f64) -> bool {
    power <= 1e-9
}

/// The floor of one window as (close, open), by sorting its levels.
fn floor(window: &[f64], stem: &[f64]) -> Option<(f64, f64, f64)> {
    let mut levels: Vec<i64> = window.iter().filter(|p| !silent(**p)).map(|p| level(*p)).collect();
    levels.sort_unstable();
    let count = levels.len();
    if count < 100 {
        return None;
    }
    let percentile =
        |percent: usize, of: usize| levels[(percent * of).div_ceil(100).saturating_sub(1)];
    let mut all: Vec<f64> = stem.iter().copied().filter(|p| !silent(*p)).collect();
    all.sort_by(f64::total_cmp);
    let second = 100.min(stem.len() / 10).max(1);
    let loudest = level(all[all.len().saturating_sub(second)]);
    let (mut run, mut longest) = (0, 0);
    for &power in window {
        run = if silent(power) { 0 } else { run + 1 };
        longest = longest.max(run);
    }
    let need = if stem.len() >= 1000 { 600 } else { stem.len().max(300) };
    let steady = percentile(98, count) - percentile(2, count) <= 32 && longest >= need;
    let in_heap = |at: i64| levels.iter().filter(|l| (at..at + 4).contains(*l)).count();
    let densest = |from: i64, to: i64| {
        (from..=to).rev().max_by_key(|&at| in_heap(at)).unwrap() // the lowest of equals
    };
    let mut at = densest(level(1e-9) - 4, percentile(10, count));
    let mut found = None;
    loop {
        let below = levels.iter().filter(|l| **l < at).count() + in_heap(at) / 2;
        let median = percentile(100, below);
        let sigma = (median - percentile(32, below)) as f64 + 0.5;
        if sigma > 8.0 || (!steady && median > loudest - 27) {
            break;
        }
        let db = |octaves: f64| 10.0 * 2_f64.log10() * octaves;
        let above = |least: f64, sigmas: f64| least.max(sigmas * db(sigma / 8.0));
        let middle = db((median as f64 + 0.5) / 8.0);
        let power = |over: f64| 10_f64.powf((middle + over) / 10.0);
        found = (below * 50 >= count)
            .then(|| (power(0.0), power(above(2.0, 2.0)), power(above(3.0, 4.0))));
        let next = densest(at + 1, at + 8);
        if in_heap(next) <= in_heap(at) {
            break;
        }
        at = next;
    }
    found
}

/// The runs of a stem by the definition in the detector's documentation.
fn detect(powers: &[f64]) -> Vec<(usize, usize)> {
    let windows = powers.len().saturating_sub(1000).div_ceil(200);
    let thresholds: Vec<(f64, f64)> = (0..powers.len())
        .map(|k| {
            let around = [4, 2, 0].map(|back| (k / 200_usize).saturating_sub(back).min(windows));
            let found = around.into_iter().filter_map(|window| {
                let start = (window * 200).min(powers.len().saturating_sub(1000));
                floor(&powers[start..(start + 1000).min(powers.len())], powers)
            });
            let highest = found.reduce(|a, b| if b.0 > a.0 { b } else { a });
            highest.map_or((0.0, 0.0), |(_, close, open)| (close, open))
        })
        .collect();
    let mut threshold = 1e-7_f64;
    loop {
        let active: Vec<f64> = powers
            .iter()
            .zip(&thresholds)
            .filter(|(power, (_, open))| **power > threshold.max(*open))
            .map(|(power, _)| *power)
            .collect();
        let next = 1e-3 * active.iter().sum::<f64>() / active.len().max(1) as f64;
        if next <= threshold {
            break;
        }
        threshold = next;
    }
    let mut runs = Vec::new();
    let mut start = 0;
    while start < powers.len() {
        let excess = |k: usize| powers[k] - threshold.max(thresholds[k].0);
        let end = (start..powers.len()).find(|&k| excess(k) <= 0.0).unwrap_or(powers.len());
        let energy: f64 = (start..end).map(excess).sum();
        let need = (start..end).map(|k| thresholds[k].1 - thresholds[k].0).fold(0.0, f64::max);
        if end > start && energy >= 15.0 * need {
            runs.push((start, end));
        }
        start = end + 1;
    }
    runs
}

#[test]
fn the_stem_detector_does_what_its_documentation_says() {
    for seed in 0..8 {
        let mut pick = Noise::new(seed);
        // Words over a floor that jumps, with silence cut in; some stems are short.
        let length = [2600, 1450, 900, 320][seed as usize % 4];
        let speech: Vec<f64> = words(8e3, length as f64 / 100.0, seed + 40);
        let mut room = 1e-7;
        let powers: Vec<f64> = speech
            .chunks(80)
            .enumerate()
            .map(|(k, chunk)| {
                if k % 700 == 0 {
                    room = math::exp10(-2.5 + 1.5 * pick.next_f64());
                }
                let voice = chunk.iter().map(|x| x * x).sum::<f64>() / 80.0;
                let tone = room * math::exp10(0.1 * pick.next_f64());
                let cut = seed % 2 == 1 && k % 500 > 430;
                if cut { 0.0 } else { voice + tone }
            })
            .collect();
        let activity = Activity::new(&powers, 48e3).unwrap();
        let found: Vec<_> = speech_runs(&activity).map(|run| (run.start, run.end)).collect();
        assert_eq!(found, detect(&powers), "seed {seed}");
        assert!(!found.is_empty());
        // The phrases of the trait and those of the stem's own pass are the same.
        let merged: Vec<_> = phrases(&activity).collect();
        assert_eq!(merged, activity.phrases().collect::<Vec<_>>());
        assert_eq!(merged, phrases(&SpeechRegions::of(&activity)).collect::<Vec<_>>());
    }
}

fn lufs(power: f64) -> f64 {
    -0.691 + 10.0 * power.log10()
}

fn mean(powers: &[f64]) -> f64 {
    powers.iter().sum::<f64>() / powers.len() as f64
}

/// Both gates on blocks.
fn gate(mut blocks: Vec<f64>, gates: Gates) -> Option<f64> {
    blocks.retain(|&power| lufs(power) > gates.absolute_lufs);
    let relative = lufs(mean(&blocks)) + gates.relative_lu;
    blocks.retain(|&power| lufs(power) > relative);
    (!blocks.is_empty()).then(|| lufs(mean(&blocks)))
}

#[test]
fn dialogue_is_read_as_it_is_defined() {
    // 11,025 Hz: sub-blocks of 110 and 111 frames.
    let rate_hz = 11_025.0;
    let start = |k: usize| (k as f64 * rate_hz / 100.0).round();
    for seed in 0..6 {
        let mut pick = Noise::new(seed);
        let mut level = 0.0;
        let mut energies = |lowest: f64| -> Vec<f64> {
            (0..4000)
                .map(|k| {
                    if k % 37 == 0 {
                        level = math::exp10(0.5 * lowest * (1.0 + pick.next_f64()));
                    }
                    level * (1.1 + pick.next_f64())
                })
                .collect()
        };
        let (programme_energies, music_energies) = (energies(-9.0), energies(-3.0));
        let programme = SubBlocks::new(&programme_energies, rate_hz).unwrap();
        let music = SubBlocks::new(&music_energies, rate_hz).unwrap();
        let values: Vec<f32> = (0..500).map(|_| 0.5 + 0.5 * pick.next_f64() as f32).collect();
        let setup = ProbabilitySetup { hop_frames: 900, ..ProbabilitySetup::new(900) };
        let speech = SpeechRegions::from_probability(&values, setup, rate_hz).unwrap();
        let spoken: Vec<usize> = phrases(&speech).flat_map(|p| p.start..p.end.min(4000)).collect();
        let inside: Vec<bool> = (0..4000).map(|k| spoken.contains(&k)).collect();
        assert!(spoken.len() > 1000 && spoken.len() < 3999, "{}", spoken.len());

        let power = |list: &[usize]| {
            let frames: f64 = list.iter().map(|&k| start(k + 1) - start(k)).sum();
            list.iter().map(|&k| programme_energies[k]).sum::<f64>() / frames
        };
        let joined = |length: usize| -> Vec<f64> {
            (0..)
                .map(|n| 10 * n)
                .take_while(|from| from + length <= spoken.len())
                .map(|from| power(&spoken[from..from + length]))
                .collect()
        };
        let selected: Vec<f64> = (0..=4000 - 40)
            .step_by(10)
            // Wholly inside one phrase: phrases are never adjacent.
            .filter(|&from| inside[from..from + 40].iter().all(|&inside| inside))
            .map(|from| power(&(from..from + 40).collect::<Vec<_>>()))
            .collect();
        let own = Gates { absolute_lufs: -60.0, relative_lu: -8.0 };
        let normal = Gates::default();
        let absolute = Gates { relative_lu: f64::NEG_INFINITY, ..normal };
        let none = Gates { absolute_lufs: f64::NEG_INFINITY, relative_lu: f64::NEG_INFINITY };
        for (definition, expected) in [
            (DialogueDefinition::SpeechGated, Some(lufs(power(&spoken)))),
            (DialogueDefinition::A85, gate(selected.clone(), absolute)),
            (DialogueDefinition::SELECTION, gate(selected.clone(), none)),
            (DialogueDefinition::SelectionAsGate(own), gate(selected, own)),
            (DialogueDefinition::R128_S4, gate(joined(40), normal)),
            (DialogueDefinition::GatedRegions(own), gate(joined(40), own)),
        ] {
            let setup = DialogueSetup { definition, share_of: DialogueShare::AboveAbsoluteGate };
            let found = dialogue(programme, &speech, setup).unwrap();
            let error = found.dialogue_lufs.value().unwrap() - expected.unwrap();
            assert!(error.abs() < TOLERANCE_DB, "{definition:?}: {error:e}");
            let all = programme.integrated_lufs().value().unwrap();
            assert!((found.ldr_lu.value().unwrap() - (all - expected.unwrap())).abs() < 1e-9);
            assert_eq!(found.detector, speech.detector());
            let heard = |k: &&usize| lufs(power(&[**k])) > -70.0;
            let duration = |list: &[usize]| {
                list.iter().filter(heard).map(|&k| start(k + 1) - start(k)).sum::<f64>()
            };
            let every: Vec<usize> = (0..4000).collect();
            let share = 100.0 * duration(&spoken) / duration(&every);
            assert!((found.dialogue_percent.value().unwrap() - share).abs() < 1e-9);
        }

        let mut windows: Vec<f64> = joined(300);
        windows.retain(|&power| lufs(power) >= -70.0);
        let relative = lufs(mean(&windows)) - 20.0;
        windows.retain(|&power| lufs(power) >= relative);
        windows.sort_by(f64::total_cmp);
        let at = |percent: f64| {
            lufs(windows[((windows.len() as f64 - 1.0) * percent / 100.0).round() as usize])
        };
        let range = dialogue_range(programme, &speech).unwrap().range;
        assert_eq!(range.windows, windows.len());
        let error = range.range_lu.value().unwrap() - (at(95.0) - at(10.0));
        assert!(error.abs() < TOLERANCE_DB, "{error:e}");

        for phrase in phrases(&speech) {
            let runs: Vec<usize> = speech_runs(&speech)
                .filter(|run| run.start >= phrase.start && run.end <= phrase.end)
                .flat_map(|run| run.start..run.end.min(4000))
                .collect();
            let sum = |energies: &[f64]| runs.iter().map(|&k| energies[k]).sum::<f64>();
            let expected = 10.0 * (sum(&programme_energies) / sum(&music_energies)).log10();
            let found = speech_over_background(programme, music, &speech, &phrase).unwrap();
            assert!((found.over_lu.value().unwrap() - expected).abs() < TOLERANCE_DB);
        }
    }
}

#[test]
fn a_stereo_voice_reads_twice_its_power_and_an_lfe_nothing() {
    let voice = noise::<f64>(1, 48_000 * 4, 0.1, 3).remove(0);
    let (mono, _) = read(&voice, 48e3);
    let mut stereo = SpeechLevelMeter::new(Stream::new(48e3, Layout::STEREO).unwrap()).unwrap();
    stereo.push(Block::stereo(&voice, &voice).unwrap()).unwrap();
    let step = stereo.measurement().active_dbov.value().unwrap() - mono;
    // The threshold moves with the level; between two of them the onset differs by a few ms of 4 s.
    assert!((step - 3.0103).abs() < 0.02, "{step}");
    let zero = vec![0.0; voice.len()];
    let channels = [&zero, &zero, &voice, &voice, &zero, &zero].map(|channel| &channel[..]);
    let mut surround =
        SpeechLevelMeter::new(Stream::new(48e3, Layout::SURROUND_5_1).unwrap()).unwrap();
    surround.push(Block::new(&channels).unwrap()).unwrap();
    assert_eq!(surround.measurement().active_dbov.value(), Some(mono));
}
