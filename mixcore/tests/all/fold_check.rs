//! Fold-down safety: analytic cases, causes and fixes that are known because they were planted, and the
//! shipped cue.

use mixcore::spatial::{
    CancelCause, CheckedStem, DownmixMatrix, FixScope, FoldCheckSetup, FoldFix, FoldReport,
    FoldTarget, FoldVerdict, check_fold_downs, downmix_matrix,
};
use mixcore::{Block, Layout, Stream};

use crate::signals::{noise, sine};

/// Lower than usual: shorter transforms, the same arithmetic.
pub const RATE_HZ: f64 = 16_000.0;
/// Two seconds.
pub const FRAMES: usize = 32_000;
/// Ratios of sums of thousands of roundings.
const ROUNDING_DB: f64 = 1e-9;
/// The fine meter's own error on a tone, dB.
const METER_DB: f64 = 0.01;

pub fn stream(layout: Layout) -> Stream {
    Stream::new(RATE_HZ, layout).unwrap()
}

fn check(layout: Layout, mix: &[Vec<f64>], stems: &[CheckedStem<'_, f64>]) -> FoldReport {
    let targets = FoldTarget::usual(layout).unwrap();
    let mix = Block::new(mix).unwrap();
    check_fold_downs(mix, stems, &targets, &FoldCheckSetup::default(), stream(layout)).unwrap()
}

fn named<'r>(report: &'r FoldReport, name: &str) -> &'r mixcore::spatial::TargetReport {
    report.targets.iter().find(|target| target.name == name).unwrap()
}

fn scaled(audio: &[f64], gain: f64) -> Vec<f64> {
    audio.iter().map(|x| x * gain).collect()
}

/// Silence in 5.1, but for some channels.
pub fn five_one(channels: &[(usize, &[f64])]) -> Vec<Vec<f64>> {
    let mut mix = vec![vec![0.0; FRAMES]; 6];
    for (channel, audio) in channels {
        mix[*channel].copy_from_slice(audio);
    }
    mix
}

#[test]
fn left_against_right_is_gone_in_mono() {
    let left = noise::<f64>(1, FRAMES, 0.2, 1).remove(0);
    let report = check(Layout::STEREO, &[left.clone(), scaled(&left, -1.0)], &[]);
    let mono = named(&report, "mono");
    assert_eq!(mono.verdict, FoldVerdict::Fail);
    assert_eq!(mono.index_db.value(), Some(-100.0), "the floor of the reading: all of it");
    assert!(mono.true_peak_dbtp.value().is_none());
    // White noise has little below 100 Hz: what counts there is apart.
    let place = &mono.cancellations[0];
    assert_eq!((place.start_frame, place.end_frame), (0, FRAMES as u64));
    assert!(place.low_hz < 300.0 && place.high_hz > 6_000.0, "{} {}", place.low_hz, place.high_hz);
    assert_eq!((place.stem, place.channels), (None, Some([0, 1])));
    assert!(place.correlation < -0.999 && place.cause == Some(CancelCause::Polarity));
    let fix = place.fix.as_ref().unwrap();
    assert_eq!((fix.fix, fix.scope), (FoldFix::Invert { channel: 1 }, FixScope::Mix));
    assert!(fix.solved && (fix.index_db - 10.0 * 2_f64.log10()).abs() <= ROUNDING_DB);
    assert_eq!(fix.mix_index_db, fix.index_db);
}

#[test]
fn equal_channels_build_up_by_3_db_and_unrelated_ones_by_nothing() {
    let audio = noise::<f64>(2, FRAMES, 0.2, 2);
    let equal = check(Layout::STEREO, &[audio[0].clone(), audio[0].clone()], &[]);
    let mono = named(&equal, "mono");
    assert_eq!(mono.verdict, FoldVerdict::Pass);
    assert!((mono.index_db.value().unwrap() - 10.0 * 2_f64.log10()).abs() <= ROUNDING_DB);
    // Mono by two loudspeakers keeps what is equal on both sides; the meter's own rounding.
    assert!(mono.shift_lu.value().unwrap().abs() <= 1e-6);
    let unrelated = check(Layout::STEREO, &audio, &[]);
    let mono = named(&unrelated, "mono");
    // 32,000 products of unrelated numbers leave a correlation of some 1/√32000.
    assert!(mono.index_db.value().unwrap().abs() < 0.1);
    assert_eq!(unrelated.verdict(), FoldVerdict::Pass);
}

#[test]
fn full_scale_in_phase_reaches_the_bound_and_the_frames_are_named() {
    let mut tone = sine::<f64>(997.0, RATE_HZ, FRAMES, 1.0);
    tone[..8_000].fill(0.0);
    tone[16_000..].fill(0.0);
    let report = check(Layout::SURROUND_5_1, &vec![tone; 6], &[]);
    let lo_ro = named(&report, "Lo/Ro");
    let peak_db = lo_ro.true_peak_dbtp.value().unwrap();
    // The edges of the burst ring a little in the interpolation.
    assert!((peak_db - 7.66).abs() <= 0.05, "{peak_db}");
    assert!((lo_ro.peak_bound_db - 7.66).abs() <= 0.005);
    assert!((lo_ro.power_bound_db - 3.01).abs() <= 0.005);
    assert_eq!((lo_ro.verdict, lo_ro.overs.len(), lo_ro.overs_missed), (FoldVerdict::Fail, 2, 0));
    for (output, over) in lo_ro.overs.iter().enumerate() {
        assert_eq!(over.output, output);
        assert!((7_990..=8_010).contains(&over.first_frame), "{over:?}");
        assert!((15_990..=16_010).contains(&over.last_frame), "{over:?}");
        assert!(over.peak_dbtp <= peak_db);
    }
    // The shift takes 23 ms: the frames are those of the mix.
    let lt_rt = named(&report, "Lt/Rt");
    assert!(lt_rt.overs.iter().all(|over| (7_500..8_010).contains(&over.first_frame)));
}

#[test]
fn the_centre_alone_is_3_db_down_on_every_way() {
    let tone = sine::<f64>(997.0, RATE_HZ, FRAMES, 1.0);
    let report = check(Layout::SURROUND_5_1, &five_one(&[(2, &tone)]), &[]);
    for target in &report.targets {
        let peak_db = target.true_peak_dbtp.value().unwrap();
        assert!((peak_db + 3.01).abs() <= METER_DB, "{}: {peak_db}", target.name);
    }
    // In both loudspeakers it has the power it had in one.
    let lo_ro = named(&report, "Lo/Ro");
    assert!(lo_ro.shift_lu.value().unwrap().abs() <= 1e-6);
}

#[test]
fn a_surround_weighs_more_in_its_own_layout_than_in_stereo() {
    let tone = sine::<f64>(997.0, RATE_HZ, FRAMES, 0.5);
    let report = check(Layout::SURROUND_5_1, &five_one(&[(4, &tone)]), &[]);
    // BS.1770 weighs it with 1.41; Lo gets half of its power with 1.
    let expected = 10.0 * (0.5_f64 / 1.41).log10();
    let shift = named(&report, "Lo/Ro").shift_lu.value().unwrap();
    assert!((shift - expected).abs() <= 1e-6, "{shift}");
}

#[test]
fn a_surround_that_mirrors_the_front_is_gone_in_lo_ro_and_not_in_lt_rt() {
    let left = noise::<f64>(1, FRAMES, 0.2, 5).remove(0);
    let against = scaled(&left, -2_f64.sqrt());
    let report = check(Layout::SURROUND_5_1, &five_one(&[(0, &left), (4, &against)]), &[]);
    let lo_ro = named(&report, "Lo/Ro");
    assert_eq!(lo_ro.index_db.value(), Some(-100.0));
    let place = &lo_ro.cancellations[0];
    assert_eq!((place.output, place.channels), (0, Some([0, 4])));
    assert_eq!(place.fix.as_ref().unwrap().fix, FoldFix::Invert { channel: 4 });
    // At a right angle both are heard: as unrelated sounds, C is 0.
    let lt_rt = named(&report, "Lt/Rt");
    assert!(lt_rt.index_db.value().unwrap().abs() <= ROUNDING_DB);
    assert!(lt_rt.cancellations.is_empty());
}

#[test]
fn a_late_copy_combs_and_is_brought_into_step() {
    let early = noise::<f64>(1, FRAMES, 0.2, 6).remove(0);
    let mut late = vec![0.0; 16];
    late.extend_from_slice(&early[..FRAMES - 16]);
    let report = check(Layout::STEREO, &[early, late], &[]);
    let mono = named(&report, "mono");
    assert_eq!(mono.verdict, FoldVerdict::Fail);
    let place = mono.cancellations.iter().find(|place| place.cause.is_some()).unwrap();
    let Some(CancelCause::Delay { delay_frames, inverted, notches_hz }) = &place.cause else {
        panic!("{:?}", place.cause)
    };
    // The delay meter's own bound.
    assert!((delay_frames - 16.0).abs() < 0.01 && !inverted);
    // A millisecond: 500 Hz, 1500 Hz …
    for (n, hz) in notches_hz.iter().enumerate() {
        assert!((hz - (500.0 + 1_000.0 * n as f64)).abs() < 1.0, "{hz}");
        // The first notch is the place that was found.
    }
    assert!(place.low_hz < 1_500.0 && place.high_hz > 450.0);
    let fix = place.fix.as_ref().unwrap();
    assert_eq!(fix.fix, FoldFix::Delay { channel: 0, frames: 16 });
    assert!(fix.solved && fix.index_db > 3.0, "{fix:?}");
}

#[test]
fn channels_that_only_lean_are_turned_to_a_right_angle() {
    let audio = noise::<f64>(2, FRAMES, 0.2, 7);
    // r = −0.8: the sum is 10·log10(1 − 0.8) = −7 dB.
    let right: Vec<f64> = audio[0].iter().zip(&audio[1]).map(|(x, y)| 0.6 * y - 0.8 * x).collect();
    let report = check(Layout::STEREO, &[audio[0].clone(), right], &[]);
    let mono = named(&report, "mono");
    assert!((mono.index_db.value().unwrap() + 7.0).abs() < 0.3);
    let place = &mono.cancellations[0];
    assert_eq!(place.cause, Some(CancelCause::Decorrelation));
    assert!((place.correlation + 0.8).abs() < 0.05);
    let fix = place.fix.as_ref().unwrap();
    assert_eq!(fix.fix, FoldFix::QuarterTurn { channel: 1 });
    assert!(fix.solved && fix.index_db.abs() < 0.5, "{fix:?}");
}

#[test]
fn a_fix_that_would_harm_its_neighbour_stays_in_its_stem() {
    let wind = noise::<f64>(1, FRAMES, 0.2, 8).remove(0);
    let ambience = [wind.clone(), scaled(&wind, -1.0)];
    let mut boom = noise::<f64>(1, FRAMES, 0.02, 9).remove(0);
    boom[..16_000].fill(0.0);
    let explosion = [boom.clone(), boom];
    let mix: Vec<Vec<f64>> = (0..2)
        .map(|c| ambience[c].iter().zip(&explosion[c]).map(|(a, b)| a + b).collect())
        .collect();
    let stems = |source| {
        let stem =
            |name, audio, source| CheckedStem { name, audio: Block::new(audio).unwrap(), source };
        [stem("AMB", &ambience[..], 0), stem("FX", &explosion[..], source)]
    };
    for (source, scope, harmed) in [(0, FixScope::Stem, 1), (1, FixScope::Source, 0)] {
        let report = check(Layout::STEREO, &mix, &stems(source));
        let mono = named(&report, "mono");
        assert_eq!(mono.verdict, FoldVerdict::Fail);
        let in_mix: Vec<_> = mono.cancellations.iter().filter(|p| p.stem.is_none()).collect();
        assert!(!in_mix.is_empty() && in_mix.iter().all(|place| place.culprit == Some(0)));
        let place = mono.cancellations.iter().find(|place| place.stem == Some(0)).unwrap();
        assert_eq!(place.cause, Some(CancelCause::Polarity));
        let fix = place.fix.as_ref().unwrap();
        assert_eq!((fix.fix, fix.scope), (FoldFix::Invert { channel: 1 }, scope));
        assert!(fix.solved && fix.mix_index_db > 2.0, "{fix:?}");
        assert_eq!(fix.harm.len(), harmed);
        // In the file it would be the end of the explosion.
        assert!(fix.harm.iter().all(|harm| harm.stem == 1 && harm.change_db == -100.0));
        assert!(!mono.cancellations.iter().any(|place| place.stem == Some(1)));
    }
}

/// Samples up to 0.4 in L and against it in Ls: turned right, mono has 0.4 and Lo 0.8. Between samples
/// white noise rises by some dB more.
#[test]
fn a_cure_that_puts_another_target_over_the_limit_solves_nothing() {
    for (amplitude, over) in [(0.4, true), (0.2, false)] {
        let left = noise::<f64>(1, FRAMES, amplitude, 14).remove(0);
        let against = scaled(&left, -2_f64.sqrt());
        let report = check(Layout::SURROUND_5_1, &five_one(&[(0, &left), (4, &against)]), &[]);
        let index = |name| report.targets.iter().position(|target| target.name == name).unwrap();
        let (lo_ro, mono) = (index("Lo/Ro"), index("mono"));
        for own in [mono, lo_ro] {
            let place = &report.targets[own].cancellations[0];
            assert_eq!(place.cause, Some(CancelCause::Polarity));
            let fix = place.fix.as_ref().unwrap();
            assert_eq!(fix.targets.len(), report.targets.len());
            assert_eq!(fix.true_peak_dbtp, fix.targets[own].true_peak_dbtp);
            assert_eq!(fix.shift_lu, fix.targets[own].shift_lu);
            assert_eq!(fix.targets[lo_ro].newly_over, over, "{fix:?}");
            assert!(!fix.targets[mono].newly_over, "{fix:?}");
            assert!(fix.targets.iter().all(|target| !target.newly_cancels), "{fix:?}");
            assert_eq!(fix.solved, !over, "{fix:?}");
        }
        // The cure itself works: the index rises to that of two equal ones, in both cases.
        let fix = report.targets[mono].cancellations[0].fix.as_ref().unwrap();
        assert_eq!(fix.fix, FoldFix::Invert { channel: 4 });
        assert!((fix.index_db - 10.0 * 2_f64.log10()).abs() <= ROUNDING_DB, "{fix:?}");
        // Lo is 2·L, mono L: 6.02 dB apart, but for the meter.
        let peak = |index: usize| fix.targets[index].true_peak_dbtp.value().unwrap();
        assert!((peak(lo_ro) - peak(mono) - 20.0 * 2_f64.log10()).abs() <= METER_DB);
    }
}

/// Inverted, what cancels in (L + R)/2 cancels in (L − R)/2; at a right angle it is heard in both.
#[test]
fn a_cure_that_lets_another_target_cancel_solves_nothing() {
    let left = noise::<f64>(1, FRAMES, 0.1, 15).remove(0);
    let mix = [left.clone(), scaled(&left, -1.0)];
    let side = DownmixMatrix::new(Layout::STEREO, Layout::MONO, &[0.5, -0.5], "S").unwrap();
    let mut targets = FoldTarget::usual(Layout::STEREO).unwrap();
    targets.push(FoldTarget::matrix("S", side));
    let setup = FoldCheckSetup::default();
    let block = Block::new(&mix).unwrap();
    let report = check_fold_downs(block, &[], &targets, &setup, stream(Layout::STEREO)).unwrap();
    assert_eq!(report.targets[1].verdict, FoldVerdict::Pass);
    let fix = report.targets[0].cancellations[0].fix.as_ref().unwrap();
    assert_eq!(fix.fix, FoldFix::QuarterTurn { channel: 1 });
    assert!(fix.solved && !fix.targets[1].newly_cancels, "{fix:?}");
}

#[test]
fn mono_is_measured_alike_on_both_sides() {
    let tone = vec![sine::<f64>(997.0, RATE_HZ, FRAMES, 0.1)];
    let to = |layout, gains: &[f64]| {
        FoldTarget::matrix("to", DownmixMatrix::new(Layout::MONO, layout, gains, "unit").unwrap())
    };
    let targets = [to(Layout::MONO, &[1.0]), to(Layout::STEREO, &[1.0, 1.0])];
    let (setup, mix) = (FoldCheckSetup::default(), Block::new(&tone).unwrap());
    let stems = [CheckedStem { name: "DX", audio: mix, source: 0 }];
    let report = check_fold_downs(mix, &stems, &targets, &setup, stream(Layout::MONO)).unwrap();
    for target in &report.targets {
        assert!(target.shift_lu.value().unwrap().abs() <= 1e-6, "{:?}", target.shift_lu);
        // The only stem is the mix.
        let [stem] = &target.stems[..] else { panic!("{:?}", target.stems) };
        assert_eq!(stem.true_peak_dbtp, target.true_peak_dbtp);
        assert_eq!(stem.integrated_lufs, target.integrated_lufs);
        assert_eq!(stem.shift_lu, target.shift_lu);
    }
}

#[test]
fn of_two_stems_that_cancel_the_stronger_is_the_culprit() {
    let wind = noise::<f64>(2, FRAMES, 0.2, 16);
    let soft = scaled(&wind[1], 0.1);
    let weak = [soft.clone(), scaled(&soft, -1.0)];
    let strong = [wind[0].clone(), scaled(&wind[0], -1.0)];
    let mix: Vec<Vec<f64>> =
        (0..2).map(|c| weak[c].iter().zip(&strong[c]).map(|(a, b)| a + b).collect()).collect();
    let stem = |audio, source| CheckedStem { name: "", audio: Block::new(audio).unwrap(), source };
    for (stems, culprit) in
        [([stem(&weak, 0), stem(&strong, 1)], 1), ([stem(&strong, 0), stem(&weak, 1)], 0)]
    {
        let report = check(Layout::STEREO, &mix, &stems);
        let mono = named(&report, "mono");
        let in_mix: Vec<_> = mono.cancellations.iter().filter(|p| p.stem.is_none()).collect();
        assert!(!in_mix.is_empty());
        assert!(in_mix.iter().all(|place| place.culprit == Some(culprit)), "{in_mix:?}");
        // Each stem by itself is gone.
        assert!(mono.stems.iter().all(|stem| stem.true_peak_dbtp.value().is_none()));
    }
}

#[test]
fn a_stem_that_cancels_under_others_is_a_warning() {
    let quiet = noise::<f64>(1, FRAMES, 0.01, 10).remove(0);
    let loud = noise::<f64>(2, FRAMES, 0.2, 11);
    let stem = [quiet.clone(), scaled(&quiet, -1.0)];
    let mix: Vec<Vec<f64>> =
        (0..2).map(|c| stem[c].iter().zip(&loud[c]).map(|(a, b)| a + b).collect()).collect();
    let stems = [CheckedStem { name: "DX", audio: Block::new(&stem).unwrap(), source: 0 }];
    let report = check(Layout::STEREO, &mix, &stems);
    assert_eq!(report.verdict(), FoldVerdict::Warn);
    assert!(named(&report, "mono").cancellations.iter().all(|place| place.stem == Some(0)));
}

#[test]
fn a_place_shorter_than_asked_for_or_silent_does_not_count() {
    let mut left = noise::<f64>(1, FRAMES, 0.2, 12).remove(0);
    let mut right = scaled(&left, -1.0);
    let with = |left: &[f64], right: &[f64], setup: FoldCheckSetup| {
        let targets = FoldTarget::usual(Layout::STEREO).unwrap();
        let mix = Block::stereo(left, right).unwrap();
        check_fold_downs(mix, &[], &targets, &setup, stream(Layout::STEREO)).unwrap()
    };
    let long = FoldCheckSetup { duration_s: 3.0, ..FoldCheckSetup::default() };
    assert!(with(&left, &right, long).targets[0].cancellations.is_empty());
    let deaf = FoldCheckSetup { floor_dbfs: 0.0, ..FoldCheckSetup::default() };
    assert!(with(&left, &right, deaf).targets[0].cancellations.is_empty());
    // Half a second in the middle: the windows of 400 ms that lie inside, and no more.
    for (n, (l, r)) in left.iter_mut().zip(&mut right).enumerate() {
        if !(12_000..24_000).contains(&n) {
            *r = *l;
        }
    }
    let found = with(&left, &right, FoldCheckSetup::default());
    let place = &found.targets[0].cancellations[0];
    // Steps of 100 ms, a window that may hold a quarter of what does not cancel.
    assert!(place.start_frame.abs_diff(12_000) <= 3_200, "{}", place.start_frame);
    assert!(place.end_frame.abs_diff(24_000) <= 3_200, "{}", place.end_frame);
    left.fill(0.0);
    right.fill(0.0);
    let silent = with(&left, &right, FoldCheckSetup::default());
    assert_eq!(silent.verdict(), FoldVerdict::Pass);
    assert!(silent.targets[0].shift_lu.value().is_none());
}

#[test]
fn wrong_arguments_are_errors() {
    let audio = noise::<f64>(2, 1_000, 0.2, 13);
    let mix = Block::new(&audio).unwrap();
    let targets = FoldTarget::usual(Layout::STEREO).unwrap();
    let go = |setup: FoldCheckSetup, layout, stems: &[CheckedStem<'_, f64>]| {
        check_fold_downs(mix, stems, &targets, &setup, stream(layout))
    };
    let usual = FoldCheckSetup::default();
    assert!(go(usual, Layout::STEREO, &[]).is_ok(), "shorter than a window: nothing is found");
    assert!(go(FoldCheckSetup { index_db: 1.0, ..usual }, Layout::STEREO, &[]).is_err());
    assert!(go(FoldCheckSetup { limit_dbtp: f64::NAN, ..usual }, Layout::STEREO, &[]).is_err());
    assert!(go(usual, Layout::MONO, &[]).is_err());
    let stem = CheckedStem { name: "DX", audio: mix.range(0, 999), source: 0 };
    assert!(go(usual, Layout::STEREO, &[stem]).is_err());
    let matrix = downmix_matrix(Layout::SURROUND_5_1, Layout::STEREO).unwrap();
    let other = [FoldTarget::matrix("other", matrix)];
    assert!(check_fold_downs(mix, &[], &other, &usual, stream(Layout::STEREO)).is_err());
}

#[cfg(feature = "json")]
#[test]
fn the_cues_ambience_is_found_with_cause_stem_band_and_time() {
    use crate::cue::decode;
    /// Ten seconds of it, the explosion at 20 s included.
    const PART: std::ops::Range<usize> = 14 * 48_000..24 * 48_000;
    let part = |audio: Vec<Vec<f32>>| -> Vec<Vec<f32>> {
        audio.iter().map(|channel| channel[PART].to_vec()).collect()
    };
    let voice = part(decode("dx.flac")).remove(0);
    let stems = [
        ("DX", vec![voice.clone(), voice]),
        ("MX", part(decode("mx.flac"))),
        ("AMB", part(decode("amb.flac"))),
        ("FX", part(decode("fx.flac"))),
    ];
    let mix: Vec<Vec<f32>> = (0..2)
        .map(|c| (0..PART.len()).map(|n| stems.iter().map(|(_, s)| s[c][n]).sum()).collect())
        .collect();
    // Ambience and effects come from one file.
    let checked: Vec<_> = stems
        .iter()
        .zip([0, 1, 2, 2])
        .map(|((name, audio), source)| CheckedStem {
            name,
            audio: Block::new(audio).unwrap(),
            source,
        })
        .collect();
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let targets = FoldTarget::usual(Layout::STEREO).unwrap();
    let setup = FoldCheckSetup::default();
    let mix = Block::new(&mix).unwrap();
    let report = check_fold_downs(mix, &checked, &targets, &setup, stream).unwrap();
    let mono = named(&report, "mono");
    let place = mono.cancellations.iter().find(|place| place.stem == Some(2)).unwrap();
    assert_eq!(place.cause, Some(CancelCause::Polarity), "{place:?}");
    // The river runs all the time.
    assert!(place.start_frame == 0 && place.end_frame >= 9 * 48_000, "{place:?}");
    assert!(place.low_hz < 500.0 && place.high_hz > 1_000.0, "{place:?}");
    let fix = place.fix.as_ref().unwrap();
    assert!(fix.solved && fix.fix == FoldFix::Invert { channel: 1 }, "{fix:?}");
    // In the file the explosion would suffer, so the fix stays in the stem.
    let [harm] = &fix.harm[..] else { panic!("{fix:?}") };
    assert!(harm.stem == 3 && harm.change_db < -1.0 && fix.scope == FixScope::Stem, "{fix:?}");
    assert!(!mono.cancellations.iter().any(|place| place.stem == Some(0)), "the voice is mono");
}
