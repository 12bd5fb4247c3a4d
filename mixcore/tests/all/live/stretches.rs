//! Pause, resume, restart, reset and merge: the programme is what was measured, spliced.

use mixcore::audio::Block;
use mixcore::loudness::{
    BinWidth, ExcursionLog, ExcursionSetup, LiveLoudness, LiveMeter, PeakReadings, TruePeakMeter,
    TruePeakMethod,
};
use mixcore::units::Reading;
use mixcore::{Layout, Stream};

use super::{Letter, WIDTHS, agrees, exact, live, programme, value, within};
use crate::signals::Noise;

/// A rate at which sub-blocks differ in length: 80 and 81 frames.
const RATE_HZ: f64 = 8050.0;

fn stereo() -> Stream {
    Stream::new(RATE_HZ, Layout::STEREO).unwrap()
}

fn peaks(audio: &[Vec<f32>], start: usize, end: usize) -> PeakReadings {
    let mut meter = TruePeakMeter::new(TruePeakMethod::Fine, stereo()).unwrap();
    meter.push(Block::new(audio).unwrap().range(start, end)).unwrap();
    meter.measurement()
}

#[test]
fn a_pause_leaves_out_what_it_covers_and_nothing_else() {
    let frames = 60 * 8050;
    let audio = programme::<f32>(2, frames, RATE_HZ, 8);
    let whole = Block::new(&audio).unwrap();
    // Frames at which the meter stands by, and measures again: on and off the grid of sub-blocks.
    for cuts in [
        vec![],
        vec![(161_000, 241_500)],
        vec![(100_001, 100_002), (200_333, 290_111), (400_000, 400_000)],
        vec![(0, 50_007), (300_000, 420_003)],
        vec![(400_017, frames)],
    ] {
        for bins in WIDTHS {
            let mut live = live::<f32>(bins, stereo());
            let mut meter = exact::<f32>(stereo());
            let mut noise = Noise::new(3);
            let (mut at, mut stretches, mut start) = (0, Vec::new(), 0);
            for &(pause, resume) in cuts.iter().chain([&(frames, frames)]) {
                let mut push_to = |live: &mut LiveMeter<'_, f32>, end| {
                    while at < end {
                        let next = (at + noise.below(5000)).min(end);
                        live.push(whole.range(at, next)).unwrap();
                        at = next;
                    }
                };
                push_to(&mut live, pause);
                meter.push(whole.range(start, pause)).unwrap();
                live.pause();
                meter.pause();
                let standing = live.measurement();
                stretches.push((start, pause));
                push_to(&mut live, resume);
                meter.push(whole.range(pause, resume)).unwrap();
                assert_eq!(live.measurement(), standing);
                live.resume();
                meter.resume();
                start = resume;
            }
            agrees(&live, &meter);
            within(live.loudness(), &Letter::of(&[meter.sub_blocks()]));
            let readings = live.measurement();
            let measured: usize = stretches.iter().map(|(start, end)| end - start).sum();
            assert_eq!(readings.duration_s, measured as f64 / RATE_HZ);
            // Peaks: the highest of the stretches, each with silence around.
            let (mut true_peak, mut sample_peak) = ((f64::MIN, 0), (f64::MIN, 0));
            for &(start, end) in stretches.iter().filter(|(start, end)| start < end) {
                let found = peaks(&audio, start, end);
                for (best, reading, frame) in [
                    (&mut true_peak, found.true_peak_dbtp, found.true_peak_frame),
                    (&mut sample_peak, found.sample_peak_dbfs, found.sample_peak_frame),
                ] {
                    if value(reading) > best.0 {
                        *best = (value(reading), frame + start as u64);
                    }
                }
            }
            let found = (value(readings.true_peak_dbtp), readings.true_peak_frame);
            assert_eq!(found, true_peak);
            let found = (value(readings.sample_peak_dbfs), readings.sample_peak_frame);
            assert_eq!(found, sample_peak);
        }
    }
}

#[test]
fn m_and_s_go_on_while_the_meter_stands_by() {
    let audio = programme::<f32>(2, 80_500, RATE_HZ, 9);
    let whole = Block::new(&audio).unwrap();
    let mut never = live::<f32>(BinWidth::OneTenth, stereo());
    let mut paused = live::<f32>(BinWidth::OneTenth, stereo());
    paused.pause();
    let mut bad = audio.clone();
    bad[1][50_000] = f32::NAN;
    bad[1][50_001] = f32::INFINITY;
    for (start, end) in [(0, 30_001), (30_001, 80_500)] {
        never.push(Block::new(&bad).unwrap().range(start, end)).unwrap();
        paused.push(Block::new(&bad).unwrap().range(start, end)).unwrap();
        assert_eq!(paused.momentary_lufs(), never.momentary_lufs());
        assert_eq!(paused.short_term_lufs(), never.short_term_lufs());
        assert_eq!(paused.take_interval_peak(), never.take_interval_peak());
    }
    let readings = paused.measurement();
    assert!(matches!(readings.integrated_lufs, Reading::TooShort { have_s: 0.0, .. }));
    assert!(matches!(readings.short_term_max_lufs, Reading::TooShort { have_s: 0.0, .. }));
    assert!(matches!(readings.true_peak_dbtp, Reading::BelowGate | Reading::TooShort { .. }));
    assert_eq!((readings.duration_s, readings.faults, paused.frames()), (0.0, 2, 80_500));
    // After a reset everything is as it was in the first place, and it runs.
    paused.reset();
    never.reset();
    paused.push(whole).unwrap();
    never.push(whole).unwrap();
    assert_eq!(paused.measurement(), never.measurement());
    assert!(paused.is_running());
}

#[test]
fn a_restart_begins_the_measurement_anew_and_leaves_m_and_s_alone() {
    let audio = programme::<f32>(2, 40 * 8050, RATE_HZ, 10);
    let whole = Block::new(&audio).unwrap();
    let mut meter = exact::<f32>(stereo());
    meter.push(whole).unwrap();
    for (standing_by, at) in [(false, 80_500), (true, 80_500), (false, 80_461)] {
        let mut live = live::<f32>(BinWidth::OneHundredth, stereo());
        live.push(whole.range(0, at)).unwrap();
        let momentary = live.momentary_lufs();
        if standing_by {
            live.pause();
        }
        live.restart();
        assert_eq!(live.is_running(), !standing_by);
        assert_eq!(live.momentary_lufs(), momentary);
        let fresh = live.measurement();
        assert!(matches!(fresh.integrated_lufs, Reading::TooShort { .. }));
        assert!(matches!(fresh.true_peak_dbtp, Reading::TooShort { .. }));
        assert_eq!((fresh.faults, fresh.duration_s), (0, 0.0));
        live.resume();
        live.push(whole.range(at, audio[0].len())).unwrap();
        let part = meter.sub_blocks().range(1000, 4000);
        within(live.loudness(), &Letter::of(&[part]));
        let readings = live.measurement();
        let largest = (40..=3000).map(|end| value(part.momentary_lufs(end))).fold(-1e9, f64::max);
        assert_eq!(value(readings.momentary_max_lufs), largest);
        let found = peaks(&audio, at, audio[0].len());
        assert_eq!(readings.true_peak_dbtp, found.true_peak_dbtp);
        assert_eq!(readings.true_peak_frame, found.true_peak_frame + at as u64);
        assert_eq!(live.short_term_lufs(), meter.short_term_lufs());
        assert_eq!(live.frames(), meter.frames());
    }
}

#[test]
fn reels_are_merged_without_windows_across_the_cut() {
    let audio = programme::<f32>(2, 60 * 8050, RATE_HZ, 11);
    let reels = [(0, 170_003), (170_003, 200_000), (200_000, 60 * 8050)];
    for bins in WIDTHS {
        let read: Vec<_> = reels
            .iter()
            .map(|&(start, end)| {
                let block = Block::new(&audio).unwrap().range(start, end);
                let (mut live, mut exact) = (live::<f32>(bins, stereo()), exact::<f32>(stereo()));
                live.push(block).unwrap();
                exact.push(block).unwrap();
                (live, exact)
            })
            .collect();
        let parts: Vec<_> = read.iter().map(|(_, exact)| exact.sub_blocks()).collect();
        let mut all = live::<f32>(bins, stereo());
        for (reel, _) in &read {
            all.merge_from(reel).unwrap();
        }
        within(all.loudness(), &Letter::of(&parts));
        // Maxima and peaks stay the meter's own.
        assert!(matches!(all.measurement().momentary_max_lufs, Reading::TooShort { .. }));
        let other = if bins == BinWidth::OneTenth { WIDTHS[0] } else { BinWidth::OneTenth };
        let before = all.measurement();
        assert!(all.merge_from(&live::<f64>(other, stereo())).is_err());
        assert_eq!(all.measurement(), before);
    }
}

#[test]
fn interleaved_input_and_a_peak_log_are_those_of_the_exact_meter() {
    let audio = programme::<f32>(2, 8 * 8050, RATE_HZ, 12);
    let whole = Block::new(&audio).unwrap();
    let log = || {
        let setup = ExcursionSetup { limit_dbtp: -1.0, gap_ms: 0.0, per_channel: 5000 };
        ExcursionLog::new(setup, &stereo()).unwrap()
    };
    let mut meter = exact::<f32>(stereo()).with_peak_log(log()).unwrap();
    let mut planar = live::<f32>(WIDTHS[0], stereo()).with_peak_log(log()).unwrap();
    let mut interleaved = live::<f32>(WIDTHS[0], stereo()).with_peak_log(log()).unwrap();
    for (n, start) in (0..audio[0].len()).step_by(4001).enumerate() {
        let part = whole.range(start, start + 4001);
        let frames = part.frames();
        let mixed: Vec<f32> =
            (start..start + frames).flat_map(|n| [audio[0][n], audio[1][n]]).collect();
        meter.push(part).unwrap();
        planar.push(part).unwrap();
        interleaved.push_interleaved(&mixed).unwrap();
        if n % 3 == 1 {
            meter.pause();
            planar.pause();
            interleaved.pause();
        } else {
            meter.resume();
            planar.resume();
            interleaved.resume();
        }
    }
    assert_eq!(interleaved.measurement(), planar.measurement());
    agrees(&planar, &meter);
    for channel in 0..2 {
        let places: Vec<_> = meter.true_peak().excursions(channel).collect();
        assert!(places.len() > 10, "{}", places.len());
        assert!(planar.true_peak().excursions(channel).eq(places.iter().copied()));
        assert!(interleaved.true_peak().excursions(channel).eq(places.iter().copied()));
    }
    assert!(interleaved.push_interleaved(&[0.0; 3]).is_err());
    assert_eq!(interleaved.frames(), planar.frames());
    // A restart forgets the places too.
    planar.restart();
    assert_eq!(planar.true_peak().excursions(0).count(), 0);
}

#[test]
fn a_pause_between_energies_counts_whole_ones() {
    let mut live = LiveLoudness::new(BinWidth::OneTenth, 48_000.0).unwrap();
    let tone = 4.8;
    (0..60).for_each(|_| live.push(tone));
    live.pause();
    (0..60).for_each(|_| live.push(480.0));
    live.resume();
    live.resume();
    // Windows of the programme, which is 60 quiet sub-blocks and then louder ones.
    (0..39).for_each(|_| live.push(48.0));
    assert!((live.measured_s() - 0.99).abs() < 1e-12);
    let lufs = |power: f64| -0.691 + 10.0 * power.log10();
    let spliced = lufs((0.01 + 39.0 * 0.1) / 40.0);
    assert!((value(live.momentary_max_lufs()) - spliced).abs() < 1e-9);
    assert_eq!(live.momentary_max_frame(), 159 * 480);
    // What is heard now is no splice: 39 of these, and the last one of the pause.
    let heard = lufs((1.0 + 39.0 * 0.1) / 40.0);
    assert!((value(live.momentary_lufs()) - heard).abs() < 1e-9);
    live.push(48.0);
    assert!((value(live.momentary_max_lufs()) + 10.691).abs() < 1e-9);
    assert_eq!(live.momentary_max_frame(), 160 * 480);
}
