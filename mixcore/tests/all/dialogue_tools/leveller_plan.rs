//! The leveller's plan: every phrase has its gain, the ways lie in the pauses, limits are named, and it is
//! at least as even as the live one with no more movement.

use mixcore::Reading;
use mixcore::audio::Block;
use mixcore::dynamics::{
    LevelOutcome, LevelledPhrase, Leveller, LevellerParams, LevellerPlan, LevellerSetup,
};
use mixcore::level::AutomatedGain;
use mixcore::loudness::{Meter, MeterSetup, SubBlocks};
use mixcore::units::Lufs;
use proptest::prelude::*;

use super::{RATE_HZ, Voice, correlation, frames, hiss, loudness_lufs, mono, run};

/// Gains of a plan have no more error than the sums of a phrase.
const EXACT_DB: f64 = 1e-9;

/// Sub-blocks of a loudness.
fn energy(lufs: f64) -> f64 {
    480.0 * Lufs::new(lufs).power().value()
}

/// Phrases of (loudness, s), each behind a pause of so many s, and a second of silence.
fn energies(phrases: &[(f64, f64)], pause_s: f64) -> Vec<f64> {
    let blocks = |s: f64| (s * 100.0).round() as usize;
    let mut all = Vec::new();
    for (lufs, s) in phrases {
        all.extend(vec![0.0; blocks(pause_s)]);
        all.extend(vec![energy(*lufs); blocks(*s)]);
    }
    all.extend(vec![0.0; 100]);
    all
}

fn plan_of(energies: &[f64], params: LevellerParams) -> LevellerPlan<'static> {
    let voice = SubBlocks::new(energies, RATE_HZ).unwrap();
    LevellerPlan::new(voice, LevellerSetup::default(), params).unwrap()
}

fn value(reading: Reading) -> f64 {
    reading.value().unwrap()
}

/// The curve, point by point.
fn curve(plan: &LevellerPlan<'_>, energies: &[f64]) -> Vec<f64> {
    (0..=energies.len()).map(|k| plan.gain_db(k)).collect()
}

fn slews_hold(curve: &[f64], params: &LevellerParams) {
    let (up, down) = (params.up_db_per_s / 100.0, params.down_db_per_s / 100.0);
    for (k, pair) in curve.windows(2).enumerate() {
        let step = pair[1] - pair[0];
        assert!(step <= up + EXACT_DB && step >= -down - EXACT_DB, "{k}: {step}");
    }
}

#[test]
fn every_phrase_has_the_gain_of_the_law_from_its_first_word_to_its_last() {
    let levels = [(-35.0, 3.0), (-23.5, 2.0), (-17.0, 3.0), (-29.0, 1.0), (-45.0, 4.0)];
    let energies = energies(&levels, 4.0);
    let params = LevellerParams { gate_lu: 40.0, ..LevellerParams::default() };
    let plan = plan_of(&energies, params);
    assert_eq!(plan.phrases().len(), levels.len());
    for (found, (lufs, _)) in plan.phrases().iter().zip(levels) {
        let expected = params.static_gain_db(Lufs::new(lufs));
        assert!((value(found.before_lufs) - lufs).abs() < EXACT_DB, "{found:?}");
        assert!((found.asked_db - expected).abs() < EXACT_DB, "{found:?}");
        for k in found.phrase.start..=found.phrase.end {
            assert!((plan.gain_db(k) - expected).abs() < EXACT_DB, "{found:?}");
        }
        assert!((value(found.after_lufs) - lufs - expected).abs() < EXACT_DB, "{found:?}");
        let outcome = if lufs == -23.5 {
            LevelOutcome::NoneNeeded
        } else if lufs == -45.0 {
            LevelOutcome::UpCap
        } else {
            LevelOutcome::Met
        };
        assert_eq!(found.outcome, outcome, "{found:?}");
    }
    assert_eq!(plan.held_back().count(), 1);
    slews_hold(&curve(&plan, &energies), &params);
    // One way from phrase to phrase, and none besides.
    let gains: Vec<f64> = plan.phrases().iter().map(|found| found.gain_db).collect();
    let ways: f64 = gains.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
    let report = plan.report();
    assert!((report.travel_db - ways).abs() < EXACT_DB, "{report:?} {ways}");
    assert!((report.phrases_percent - 100.0 * 13.0 / 34.0).abs() < EXACT_DB, "{report:?}");
    assert!((report.highest_gain_db - 10.0).abs() < EXACT_DB, "{report:?}");
}

#[test]
fn a_pause_keeps_the_lower_of_its_neighbours_gains() {
    let energies = energies(&[(-29.0, 2.0), (-19.0, 2.0), (-29.0, 2.0)], 5.0);
    let params = LevellerParams { gate_lu: 20.0, ..LevellerParams::default() };
    let plan = plan_of(&energies, params);
    // 0.7·5 up, 0.7·3 down: 5.6 dB, at once down at 6 dB/s, at last up at 3 dB/s.
    let (high, low) = (3.5, -2.1);
    let at = |s: f64| plan.gain_db((s * 100.0).round() as usize);
    for (s, db) in [(0.0, high), (7.0, high), (7.94, low), (12.0, low), (14.0, low), (17.12, low)] {
        assert!((at(s) - db).abs() < EXACT_DB, "{s}: {}", at(s));
    }
    assert!((at(19.0) - high).abs() < EXACT_DB, "{}", at(19.0));
}

#[test]
fn the_reason_is_named_where_a_limit_holds_a_phrase() {
    let params = LevellerParams {
        max_down_db: 3.0,
        dead_zone_lu: 0.0,
        strength_percent: 100.0,
        gate_lu: 30.0,
        ..LevellerParams::default()
    };
    // 0.1 s of speech are no phrase; −3 dB are all there is.
    let list = energies(&[(-15.0, 2.0), (-23.0, 0.1), (-23.0, 2.0)], 5.0);
    let plan = plan_of(&list, params);
    let outcomes: Vec<LevelOutcome> = plan.phrases().iter().map(|found| found.outcome).collect();
    assert_eq!(outcomes, [LevelOutcome::DownCap, LevelOutcome::TooShort, LevelOutcome::NoneNeeded]);
    assert!((plan.phrases()[0].gain_db + 3.0).abs() < EXACT_DB);
    // Two of 2 s with 0.5 s between them, 10 dB apart: from middle to middle 3 dB/s allow 7.5 dB, so each
    // gives way by 1.25 dB, and 1 s of the way lies in either.
    let params = LevellerParams { max_down_db: 10.0, ..params };
    let list = energies(&[(-23.0, 2.0), (-33.0, 2.0)], 0.5);
    let plan = plan_of(&list, params);
    assert!(plan.phrases().iter().all(|found| found.outcome == LevelOutcome::SlewLimit));
    let [a, b] = plan.phrases() else { panic!() };
    assert!((a.gain_db - 1.25).abs() < EXACT_DB, "{a:?}");
    assert!((b.gain_db - 8.75).abs() < EXACT_DB, "{b:?}");
    let in_the_middle = plan.gain_db((a.phrase.end + b.phrase.start) / 2);
    assert!((in_the_middle - 5.0).abs() < EXACT_DB, "{in_the_middle}");
    slews_hold(&curve(&plan, &list), &params);
    // With a word of 0.4 s between two lines of 4 s not even its middle can have its gain.
    let list = energies(&[(-23.0, 4.0), (-33.0, 0.4), (-23.0, 4.0)], 0.5);
    let plan = plan_of(&list, params);
    let [a, word, b] = plan.phrases() else { panic!() };
    slews_hold(&curve(&plan, &list), &params);
    assert!(word.outcome == LevelOutcome::SlewLimit && word.gain_db < 10.0, "{word:?}");
    // Longer ones stay nearer to what they ask for.
    let off = |found: &LevelledPhrase| (found.gain_db - found.asked_db).abs();
    assert!(off(a) < 0.2 * off(word) && off(b) < 0.2 * off(word), "{a:?} {word:?} {b:?}");
}

fn meter(audio: &[f32]) -> Meter<'static, f32> {
    let setup = MeterSetup { max_duration_s: 60.0, ..MeterSetup::default() };
    let mut meter = Meter::new(setup, mono()).unwrap();
    meter.push(Block::mono(audio)).unwrap();
    meter
}

fn plan(audio: &[f32], params: LevellerParams) -> LevellerPlan<'static> {
    LevellerPlan::new(meter(audio).sub_blocks(), LevellerSetup::default(), params).unwrap()
}

/// The lines as a careless recording has them.
fn uneven(voice: &Voice) -> Vec<f32> {
    let mut uneven = voice.audio.clone();
    for ((start, end), db) in voice.lines.iter().zip([0.0, -8.0, 6.0, -6.0, 8.0]) {
        let gain = 10_f64.powf(db / 20.0) as f32;
        let end = (frames(*end) + 4800).min(uneven.len());
        for x in &mut uneven[frames(*start) - 4800..end] {
            *x *= gain;
        }
    }
    uneven
}

/// How far the lines' loudnesses lie apart, LU: their standard deviation.
fn spread(voice: &Voice, audio: &[f32]) -> f64 {
    let loud: Vec<f64> =
        voice.lines.iter().map(|(a, b)| loudness_lufs(&audio[frames(*a)..frames(*b)])).collect();
    let mean = loud.iter().sum::<f64>() / loud.len() as f64;
    (loud.iter().map(|lufs| (lufs - mean).powi(2)).sum::<f64>() / loud.len() as f64).sqrt()
}

#[test]
fn real_speech_comes_out_as_even_as_live_with_no_more_movement() {
    /// Knowledge of the trade's "not flattened" report: contours inside phrases must stay above this.
    const CONTOUR: f64 = 0.95;
    let whole = LevellerParams {
        strength_percent: 100.0,
        up_db_per_s: 6.0,
        down_db_per_s: 12.0,
        ..LevellerParams::default()
    };
    for voice in Voice::both() {
        for params in [whole, LevellerParams::default()] {
            let input = uneven(&voice);
            let plan = plan(&input, params);
            let mut planned = input.clone();
            let mut gain = AutomatedGain::new(plan.lane().unwrap(), mono()).unwrap();
            run(&mut gain, &mut planned);
            let mut live = Leveller::new(LevellerSetup::default(), params, mono()).unwrap();
            let mut ridden = input.clone();
            ridden.extend(vec![0.0; frames(1.5)]);
            run(&mut live, &mut ridden);
            let ridden = &ridden[frames(1.5)..];
            let spreads = [&input[..], &planned, ridden].map(|audio| spread(&voice, audio));
            let [before, offline, online] = spreads;
            let travels = [plan.report().travel_db, live.report().travel_db];
            println!("{}: {spreads:.3?} LU, {travels:.2?} dB", voice.name);
            assert!(offline <= online && offline < before, "{}: {spreads:?}", voice.name);
            assert!(travels[0] <= travels[1], "{}: {travels:?}", voice.name);
            for line in &voice.lines {
                let contour = |audio: &[f32]| Voice::contour(audio, *line, -70.0);
                let kept = correlation(&contour(&input), &contour(&planned));
                assert!(kept > CONTOUR, "{} {line:?}: {kept}", voice.name);
            }
            // What the plan says of its phrases is what the meter reads.
            let after = meter(&planned);
            for found in plan.phrases() {
                let part = after.sub_blocks().range(found.phrase.start, found.phrase.end);
                let before = meter(&input);
                let first = before.sub_blocks().range(found.phrase.start, found.phrase.end);
                let sum = |blocks: &SubBlocks<'_>| blocks.energies().iter().sum::<f64>();
                let moved = 10.0 * (sum(&part) / sum(&first)).log10();
                let said = value(found.after_lufs) - value(found.before_lufs);
                // Sub-blocks that are not strong, and the filter's memory across a way.
                assert!((moved - said).abs() < 0.1, "{found:?}: {moved} {said}");
            }
        }
    }
}

#[test]
fn no_breath_is_measured_or_raised() {
    for voice in Voice::both() {
        let params = LevellerParams::default();
        let input = uneven(&voice);
        let alone = plan(&input, params);
        let mut breathing = input.clone();
        // 0.25 s of noise in each place, 22 dB below the cue's −24 LUFS; places 0.2 s apart give one breath of
        // 0.45 s. (Two at once would stand less than the gate below the speech, and be speech.)
        let noise = hiss(input.len(), -46.0, 8);
        for (n, (x, noise)) in breathing.iter_mut().zip(noise).enumerate() {
            if voice.pauses.iter().any(|s| (frames(*s)..frames(s + 0.25)).contains(&n)) {
                *x += noise;
            }
        }
        let with = plan(&breathing, params);
        assert_eq!(with.phrases().len(), alone.phrases().len(), "{}", voice.name);
        for (a, b) in with.phrases().iter().zip(alone.phrases()) {
            assert!((a.gain_db - b.gain_db).abs() < 0.01, "{}: {a:?} {b:?}", voice.name);
        }
        // A breath has the gain of a neighbour at the most; beyond it nothing is raised.
        let most = alone.phrases().iter().map(|found| found.gain_db).fold(0.0, f64::max);
        assert!(with.report().highest_gain_db <= most + 0.01);
    }
}

/// Breaths that overlap, touch, or follow each other within the pause of a phrase are breaths all the same:
/// what decides is the level of a sub-block, not how many there are.
#[test]
fn breaths_that_overlap_are_no_phrase_together() {
    let params = LevellerParams::default();
    let alone = {
        let mut list = energies(&[(-29.0, 2.0)], 1.0);
        list.extend(vec![0.0; 200]);
        list
    };
    let expected = plan_of(&alone, params);
    // Two of 0.25 s, 20 LU below the line, so many sub-blocks apart; the line ends at 300.
    for apart in [0, 5, 10, 24, 25, 26, 40, 60] {
        let mut list = alone.clone();
        for start in [350, 350 + apart] {
            for slot in &mut list[start..start + 25] {
                *slot += energy(-49.0);
            }
        }
        let plan = plan_of(&list, params);
        assert_eq!(plan.phrases(), expected.phrases(), "{apart}");
        assert!(curve(&plan, &list) == curve(&expected, &alone), "{apart}");
    }
    // So much of both at once that it stands above the gate is listed, and given no gain of its own.
    let mut list = alone.clone();
    for start in [350, 370] {
        for slot in &mut list[start..start + 25] {
            *slot += energy(-45.5);
        }
    }
    let plan = plan_of(&list, params);
    let found = plan.phrases();
    assert_eq!((found.len(), found[1].outcome), (2, LevelOutcome::TooShort), "{found:?}");
    assert!(curve(&plan, &list) == curve(&expected, &alone));
    // Above the gate they are speech, once as two words of one phrase and once as one word.
    for (apart, lengths) in [(10, 35), (30, 55)] {
        let mut list = alone.clone();
        for start in [350, 350 + apart] {
            list[start..start + 25].fill(energy(-35.0));
        }
        let plan = plan_of(&list, params);
        assert_eq!(plan.phrases().len(), 2, "{apart}");
        let found = plan.phrases()[1];
        assert_eq!((found.phrase.start, found.phrase.end), (350, 350 + lengths), "{apart}");
        assert!((value(found.before_lufs) + 35.0).abs() < EXACT_DB, "{found:?}");
    }
}

#[test]
fn lent_memory_gives_the_same_plan_and_too_little_is_an_error() {
    let list = energies(&[(-35.0, 2.0), (-20.0, 1.0), (-30.0, 2.0)], 1.0);
    let voice = SubBlocks::new(&list, 44_100.0).unwrap();
    let (setup, params) = (LevellerSetup::default(), LevellerParams::default());
    let owned = LevellerPlan::new(voice, setup, params).unwrap();
    let need = LevellerPlan::required_len(voice, &params);
    let mut numbers = vec![7.0; need.numbers];
    let mut phrases = vec![LevelledPhrase::default(); need.phrases];
    let lent = LevellerPlan::new_in(voice, setup, params, &mut numbers, &mut phrases).unwrap();
    assert_eq!(lent.phrases(), owned.phrases());
    assert!((0..list.len() + 5).all(|k| lent.gain_db(k) == owned.gain_db(k)));
    assert!(lent.breakpoints().eq(owned.breakpoints()));
    let mut few = vec![LevelledPhrase::default(); need.phrases - 1];
    assert!(LevellerPlan::new_in(voice, setup, params, &mut numbers, &mut few).is_err());
    assert!(LevellerPlan::new_in(voice, setup, params, &mut numbers[1..], &mut phrases).is_err());
    let bad = LevellerParams { gate_lu: -1.0, ..params };
    assert!(LevellerPlan::new(voice, setup, bad).is_err());
    let bad = LevellerSetup { min_phrase_ms: f64::NAN, ..setup };
    assert!(LevellerPlan::new(voice, bad, params).is_err());
    // Nothing, and silence.
    for list in [&[][..], &[0.0; 300]] {
        let plan = plan_of(list, params);
        assert!(plan.phrases().is_empty() && plan.gain_db(0) == 0.0);
        assert_eq!(plan.breakpoints().count(), 1);
        assert_eq!(plan.report().travel_db, 0.0);
    }
}

proptest! {
    #[test]
    fn any_energies_and_parameters_give_a_plan_within_its_bounds(
        list in prop::collection::vec(
            prop_oneof![3 => 0.0..1e3_f64, 2 => Just(0.0), 1 => any::<f64>()],
            0..400,
        ),
        numbers in prop::array::uniform4(prop_oneof![any::<f64>(), 0.1..60.0]),
    ) {
        let voice = SubBlocks::new(&list, RATE_HZ).unwrap();
        let [up_db_per_s, down_db_per_s, pause_ms, gate_lu] = numbers;
        let params = LevellerParams {
            up_db_per_s,
            down_db_per_s,
            pause_ms: pause_ms.abs() * 20.0,
            gate_lu,
            ..LevellerParams::default()
        };
        if let Ok(plan) = LevellerPlan::new(voice, LevellerSetup::default(), params) {
            let gains = curve(&plan, &list);
            prop_assert!(gains.iter().all(|gain| gain.abs() <= 10.0 + EXACT_DB));
            slews_hold(&gains, &params);
            prop_assert!(plan.phrases().iter().all(|found| found.gain_db.is_finite()));
        }
    }
}
