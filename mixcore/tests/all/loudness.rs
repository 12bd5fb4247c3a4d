//! Loudness: channel weights, dialogue, and what arbitrary arguments and blocks do.

use mixcore::audio::Block;
use mixcore::kernels;
use mixcore::loudness::{
    Activity, KWeighting, Meter, MeterSetup, StemActivity, SubBlocks, TruePeakMeter,
    TruePeakMethod, channel_weight, separation,
};
use mixcore::units::{Reading, gain_to_db};
use mixcore::{Error, Layout, Stream};
use proptest::prelude::*;

use crate::signals::{noise, sine};

/// BS.1770-5, Annex 3, Tables 4 and 5: the labels that weigh 1.41. All others weigh 1, LFEs nothing.
const SIDE_LABELS: [&str; 6] = ["M+060", "M-060", "M+090", "M-090", "M+110", "M-110"];

#[test]
fn the_weights_of_every_layout_are_those_of_annex_3() {
    let mut sides = 0;
    for layout in Layout::all() {
        for speaker in layout.speakers() {
            let expected = match speaker.label {
                label if label.starts_with("LFE") => 0.0,
                label if SIDE_LABELS.contains(&label) => 1.41,
                _ => 1.0,
            };
            assert_eq!(channel_weight(speaker), expected, "{} in {layout}", speaker.label);
            sides += usize::from(expected == 1.41);
        }
    }
    assert!(sides >= 2 * 10, "most layouts have a pair at the sides, {sides} found");
}

fn mono(rate_hz: f64) -> Stream {
    Stream::new(rate_hz, Layout::MONO).unwrap()
}

const SETUP: MeterSetup = {
    let max_duration_s = 30.0;
    let (dual_mono, every_channel) = (false, false);
    MeterSetup { true_peak: TruePeakMethod::Fine, dual_mono, max_duration_s, every_channel }
};

#[test]
fn dual_mono_reads_3_lu_more_and_leaves_peaks_and_stereo_alone() {
    let tone = sine::<f32>(997.0, 48e3, 48_000, 0.1);
    let read = |dual_mono, layout: Layout| {
        let setup = MeterSetup { dual_mono, ..SETUP };
        let mut meter = Meter::new(setup, Stream::new(48e3, layout).unwrap()).unwrap();
        let channels = [&tone[..], &tone[..]];
        meter.push(Block::new(&channels[..layout.channel_count()]).unwrap()).unwrap();
        meter.measurement()
    };
    let (one, two) = (read(false, Layout::MONO), read(true, Layout::MONO));
    let step = two.integrated_lufs.zip(one.integrated_lufs, |a, b| a - b).value().unwrap();
    // 10 log10 2 = 3.0103, rounding only.
    assert!((step - 3.010_299_956_639_812).abs() < 1e-9, "{step}");
    assert_eq!(one.true_peak_dbtp, two.true_peak_dbtp);
    assert_eq!(read(true, Layout::STEREO), read(false, Layout::STEREO));
    // A 0 dBFS sine of 997 Hz in one channel reads -3.01 (BS.1770-5, Annex 1), so 0.1 reads -23.01.
    // The printed constant has three decimals.
    let tone_lufs = one.integrated_lufs.value().unwrap();
    assert!((tone_lufs + 23.01).abs() < 0.005, "{tone_lufs}");
}

#[test]
fn a_full_history_records_nothing_of_the_block() {
    let setup = MeterSetup { max_duration_s: 0.5, ..SETUP };
    let mut meter = Meter::<f32>::new(setup, mono(48e3)).unwrap();
    meter.push(Block::mono(&[0.1; 24_000])).unwrap();
    let before = meter.measurement();
    // 479 frames do not complete a sub-block, one more would be the 51st.
    assert_eq!(
        meter.push(Block::mono(&[0.9; 480])).unwrap_err(),
        Error::HistoryFull { max_duration_s: 0.5 }
    );
    assert_eq!(meter.measurement(), before);
    meter.push(Block::mono(&[0.9; 479])).unwrap();
    assert!(meter.measurement().sample_peak_dbfs.value() > before.sample_peak_dbfs.value());
    meter.reset();
    meter.push(Block::mono(&[0.1; 24_000])).unwrap();
    assert_eq!(meter.measurement(), before);
}

#[test]
fn a_peak_in_the_last_frames_counts() {
    for method in [TruePeakMethod::Annex2, TruePeakMethod::Fine] {
        let mut meter = TruePeakMeter::<f64>::new(method, mono(48e3)).unwrap();
        // Two equal samples at the very end: the waveform swings above them.
        meter.push(Block::mono(&[0.0, 0.0, 0.5, 0.5])).unwrap();
        let peaks = meter.measurement();
        let over = peaks.true_peak_dbtp.value().unwrap() - peaks.sample_peak_dbfs.value().unwrap();
        assert!(over > 1.0, "{method:?}: {over}");
        assert_eq!((peaks.sample_peak_frame, peaks.true_peak_frame), (2, 2));
        assert_eq!(meter.measurement(), peaks);
    }
}

#[test]
fn the_loudest_channel_is_named_and_lfe_peaks_count() {
    let stream = Stream::new(48e3, Layout::SURROUND_5_1).unwrap();
    let mut meter = Meter::<f32>::new(SETUP, stream).unwrap();
    let mut channels = noise::<f32>(6, 4800, 0.1, 1);
    channels[3][1234] = 0.8;
    meter.push(Block::new(&channels).unwrap()).unwrap();
    let peaks = meter.true_peak().measurement();
    assert_eq!((peaks.sample_peak_channel, peaks.sample_peak_frame), (3, 1234));
    assert_eq!(peaks.true_peak_channel, 3);
    assert!(meter.true_peak().channel_measurement(0).sample_peak_dbfs.value().unwrap() <= -20.0);
}

#[test]
fn phrases_merge_short_pauses_and_leave_silence_out() {
    let rate_hz = 48e3;
    let voice = |ms: usize| noise::<f32>(1, 48 * ms, 0.2, 3).remove(0);
    let silence = |ms: usize| vec![0.0_f32; 48 * ms];
    let stem: Vec<f32> = [
        silence(500),
        voice(600),
        silence(390),
        voice(500),
        silence(400),
        voice(700),
        silence(900),
    ]
    .concat();
    let mut activity = StemActivity::new(10.0, mono(rate_hz)).unwrap();
    activity.push(Block::mono(&stem)).unwrap();
    let activity = activity.activity();
    let phrases: Vec<_> = activity.phrases().map(|p| (p.start, p.end)).collect();
    assert_eq!(phrases, [(50, 199), (239, 309)]);

    let mut programme = Meter::new(SETUP, mono(rate_hz)).unwrap();
    programme.push(Block::mono(&stem)).unwrap();
    let dialogue = activity.dialogue(programme.sub_blocks()).unwrap();
    assert_eq!(dialogue.dialogue_percent, Reading::Value(100.0 * 219.0 / 399.0));
    assert!((dialogue.dialogue_s - 2.19).abs() < 1e-12);
    let mut quieter = Meter::new(SETUP, mono(rate_hz)).unwrap();
    let half: Vec<f32> = stem.iter().map(|x| x * 0.5).collect();
    quieter.push(Block::mono(&half)).unwrap();
    for phrase in activity.phrases() {
        let lu = separation(programme.sub_blocks(), quieter.sub_blocks(), &phrase);
        // A factor of 2 is exact in f32 and f64.
        assert!((lu.value().unwrap() - 6.020_599_913_279_624).abs() < 1e-9, "{lu}");
    }
    let other_rate = SubBlocks::new(&[1.0; 50], 44_100.0).unwrap();
    assert!(matches!(activity.dialogue(other_rate), Err(Error::OutOfRange { .. })));
}

#[test]
fn a_silent_stem_has_no_phrase_and_no_nan() {
    for powers in [&[][..], &[0.0; 500], &[1e-8; 500]] {
        let activity = Activity::new(powers, 48e3).unwrap();
        assert_eq!(activity.phrases().count(), 0);
        assert_eq!(activity.threshold_dbfs(), Reading::BelowGate);
        let energies = vec![1.0; powers.len()];
        let programme = SubBlocks::new(&energies, 48e3).unwrap();
        let dialogue = activity.dialogue(programme).unwrap();
        assert_eq!(dialogue.dialogue_lufs, Reading::BelowGate);
        assert_eq!(dialogue.dialogue_percent.value(), (!powers.is_empty()).then_some(0.0));
    }
}

/// Quiet and loud stretches, ever louder, so that there are pieces to skip and pieces to compute.
fn uneven(frames: usize) -> Vec<f32> {
    let mut audio = noise::<f32>(1, frames, 1.0, 9).remove(0);
    for (n, x) in audio.iter_mut().enumerate() {
        *x *= if (n / 1500) % 3 == 0 { 0.2 + n as f32 / frames as f32 } else { 0.05 };
    }
    audio
}

#[test]
fn skipping_pieces_that_cannot_raise_the_peak_changes_no_bit() {
    let audio = uneven(48_000);
    for method in [TruePeakMethod::Annex2, TruePeakMethod::Fine] {
        let mut whole = TruePeakMeter::new(method, mono(48e3)).unwrap();
        whole.push(Block::mono(&audio)).unwrap();
        // A meter that forgets its peak every 50 frames can skip nothing.
        let mut forgetful = TruePeakMeter::new(method, mono(48e3)).unwrap();
        let mut peak = 0.0_f64;
        for piece in audio.chunks(50) {
            forgetful.push(Block::mono(piece)).unwrap();
            peak = peak.max(forgetful.take_interval_peak());
        }
        let reading = whole.measurement().true_peak_dbtp.value().unwrap();
        assert_eq!(reading, gain_to_db(peak), "{method:?}");
    }
}

/// Finite where there is a value.
fn sound(reading: Reading) -> bool {
    reading.value().is_none_or(f64::is_finite)
}

fn any_rate() -> impl Strategy<Value = f64> {
    prop_oneof![
        8_000.0..384_000.0_f64,
        prop::sample::select(vec![44_100.0, 48_000.0, 8_000.0, 384_000.0, 22_050.0]),
        any::<f64>(),
    ]
}

fn any_layout() -> impl Strategy<Value = Layout> {
    (0..Layout::all().count()).prop_map(|index| Layout::all().nth(index).unwrap())
}

fn any_sample() -> impl Strategy<Value = f32> {
    prop_oneof![8 => -1.0..1.0_f32, 1 => any::<f32>(), 1 => Just(0.0)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_setups_and_blocks_give_errors_and_no_panics(
        rate_hz in any_rate(),
        layout in any_layout(),
        dual_mono: bool,
        every_channel: bool,
        annex2: bool,
        max_duration_s in prop_oneof![4 => 0.3..2.0_f64, 1 => Just(f64::NAN), 1 => Just(-1.0), 1 => Just(1e300)],
        lengths in prop::collection::vec(0..3000_usize, 0..6),
        samples in prop::collection::vec(any_sample(), 64..200),
        channels in 1..26_usize,
    ) {
        let true_peak = if annex2 { TruePeakMethod::Annex2 } else { TruePeakMethod::Fine };
        let setup = MeterSetup { true_peak, dual_mono, max_duration_s, every_channel };
        // Put together by hand, so that nothing was checked before.
        let stream = Stream { rate_hz, layout, ..mono(48e3) };
        let valid = (8e3..=384e3).contains(&rate_hz) && (0.4..=360e3).contains(&max_duration_s);
        prop_assert_eq!(KWeighting::design(rate_hz).is_ok(), (8e3..=384e3).contains(&rate_hz));
        let meter = Meter::<f32>::new(setup, stream);
        prop_assert_eq!(meter.is_ok(), valid);
        prop_assert_eq!(StemActivity::<f32>::new(max_duration_s, stream).is_ok(), valid);
        if let Ok(mut meter) = meter {
            let mut stem = StemActivity::<f32>::new(max_duration_s, stream).unwrap();
            let (mut frames, mut faults) = (0_u64, 0_u64);
            for length in lengths {
                let channel: Vec<f32> = samples.iter().copied().cycle().take(length).collect();
                let list = vec![&channel[..]; channels];
                let block = Block::new(&list).unwrap();
                let pushed = meter.push(block);
                prop_assert_eq!(stem.push(block).is_ok(), pushed.is_ok());
                if pushed.is_ok() {
                    let bad = channel.iter().filter(|&&x| kernels::scalar::is_fault(x)).count();
                    frames += length as u64;
                    faults += (bad * channels) as u64;
                } else {
                    prop_assert!(channels != layout.channel_count() || meter.frames() + length as u64
                        > (max_duration_s * rate_hz) as u64);
                }
            }
            let r = meter.measurement();
            prop_assert_eq!((meter.frames(), r.faults), (frames, faults));
            for reading in [
                r.integrated_lufs, r.momentary_max_lufs, r.short_term_max_lufs, r.loudness_range_lu,
                r.true_peak_dbtp, r.sample_peak_dbfs, meter.momentary_lufs(), meter.short_term_lufs(),
            ] {
                prop_assert!(sound(reading), "{:?}", r);
            }
            if let (Some(peak), Some(sample)) = (r.true_peak_dbtp.value(), r.sample_peak_dbfs.value()) {
                prop_assert!(peak >= sample);
            }
            let dialogue = stem.activity().dialogue(meter.sub_blocks()).unwrap();
            prop_assert!(sound(dialogue.dialogue_lufs) && sound(dialogue.dialogue_percent));
        }
    }

    #[test]
    fn lent_memory_gives_the_same_bits_and_too_little_is_an_error(
        layout in any_layout(),
        rate_hz in 8_000.0..96_000.0_f64,
        missing in 0..3_usize,
        seed: u32,
    ) {
        let stream = Stream::new(rate_hz, layout).unwrap();
        let setup = MeterSetup { max_duration_s: 1.0, ..SETUP };
        let need = Meter::<f32>::required_len(&setup, &stream);
        // Used memory, as a caller would lend it.
        let mut samples = vec![0.7_f32; need.samples - usize::from(missing == 1)];
        let mut history = vec![0.7_f64; need.history - usize::from(missing == 2)];
        let lent = Meter::new_in(setup, stream, &mut samples, &mut history);
        prop_assert_eq!(lent.is_ok(), missing == 0);
        if let Ok(mut lent) = lent {
            let audio = noise::<f32>(layout.channel_count(), (0.9 * rate_hz) as usize, 0.5, seed);
            let mut owned = Meter::new(setup, stream).unwrap();
            lent.push(Block::new(&audio).unwrap()).unwrap();
            owned.push(Block::new(&audio).unwrap()).unwrap();
            prop_assert_eq!(lent.measurement(), owned.measurement());
            prop_assert_eq!(lent.sub_blocks().energies(), owned.sub_blocks().energies());
        }
    }

    #[test]
    fn arbitrary_energies_and_powers_never_panic(
        values in prop::collection::vec(prop_oneof![3 => 0.0..1e6_f64, 1 => any::<f64>()], 0..700),
        rate_hz in any_rate(),
        (start, end) in (0..800_usize, 0..800_usize),
    ) {
        if let Ok(blocks) = SubBlocks::new(&values, rate_hz) {
            let part = blocks.range(start, end);
            let range = part.loudness_range();
            for reading in [
                part.integrated_lufs(), part.ungated_lufs(), part.momentary_lufs(end),
                part.short_term_lufs(end), range.range_lu, range.low_lufs, range.high_lufs,
            ] {
                prop_assert!(sound(reading));
            }
            let activity = Activity::new(&values, rate_hz).unwrap();
            let mut last = 0;
            for phrase in activity.phrases() {
                prop_assert!(phrase.start >= last && phrase.end > phrase.start);
                last = phrase.end;
                prop_assert!(sound(separation(blocks, part, &phrase)));
            }
            prop_assert!(sound(activity.dialogue(part).unwrap().dialogue_lufs));
        }
    }
}

/// Rounding of 12 products in f64, of a signal of order 1: far below the 0.1 dB between methods.
const LITERAL_DB: f64 = 1e-9;

#[test]
fn the_49_tap_form_is_the_windowed_sinc_that_other_meters_use() {
    use std::f64::consts::PI;
    let tap = |j: usize| {
        let x = PI * (j as f64 - 24.0) / 4.0;
        let sinc = if j == 24 { 1.0 } else { x.sin() / x };
        sinc * 0.5 * (1.0 - (2.0 * PI * j as f64 / 48.0).cos())
    };
    let signal = noise::<f64>(1, 3000, 0.9, 41).remove(0);
    let mut peak = 0.0_f64;
    for n in 0..signal.len() + 12 {
        for phase in 0..4 {
            let sum: f64 = (0..=12)
                .filter(|i| phase + 4 * i <= 48)
                .filter_map(|i| Some(tap(phase + 4 * i) * signal.get(n.checked_sub(i)?)?))
                .sum();
            peak = peak.max(sum.abs());
        }
    }
    let mut meter = TruePeakMeter::new(TruePeakMethod::Sinc49, mono(48_000.0)).unwrap();
    meter.push(Block::mono(&signal)).unwrap();
    let read = meter.measurement().true_peak_dbtp.value().unwrap();
    assert!((read - gain_to_db(peak)).abs() < LITERAL_DB, "{read} {}", gain_to_db(peak));
}
