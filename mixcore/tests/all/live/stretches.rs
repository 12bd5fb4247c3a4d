//! Pause, resume, restart, reset and merge: stretches that are measured are files of their own.

use mixcore::audio::Block;
use mixcore::loudness::{
    BinWidth, LiveLoudness, PeakReadings, SubBlocks, TruePeakMeter, TruePeakMethod,
};
use mixcore::units::Reading;
use mixcore::{Layout, Stream};

use super::{Letter, WIDTHS, exact, live, programme, value, within};
use crate::signals::Noise;

/// A rate at which sub-blocks differ in length: 80 and 81 frames.
const RATE_HZ: f64 = 8050.0;

fn stereo() -> Stream {
    Stream::new(RATE_HZ, Layout::STEREO).unwrap()
}

/// Largest loudness of windows of `length` over all parts, and the frame at which the first of them
/// ends.
fn largest(parts: &[SubBlocks<'_>], length: usize) -> (f64, u64) {
    let mut best = (f64::NEG_INFINITY, 0);
    for part in parts {
        for end in length..=part.len() {
            let reading = match length {
                40 => part.momentary_lufs(end),
                _ => part.short_term_lufs(end),
            };
            if value(reading) > best.0 {
                best = (value(reading), part.start_frame(end));
            }
        }
    }
    best
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
    let mut meter = exact::<f32>(stereo());
    meter.push(whole).unwrap();
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
            let mut noise = Noise::new(3);
            let mut at = 0;
            let push_to =
                |live: &mut mixcore::loudness::LiveMeter<'_, f32>, at: &mut usize, end| {
                    while *at < end {
                        let next = (*at + noise.below(5000)).min(end);
                        live.push(whole.range(*at, next)).unwrap();
                        *at = next;
                    }
                };
            let mut push_to = push_to;
            let (mut parts, mut stretches, mut start) = (Vec::new(), Vec::new(), 0);
            for &(pause, resume) in cuts.iter().chain([&(frames, frames)]) {
                push_to(&mut live, &mut at, pause);
                live.pause();
                let standing = live.measurement();
                stretches.push((start, pause));
                // Whole sub-blocks of the stretch.
                let index = |frame: usize| (frame as f64 * 100.0 / RATE_HZ) as usize;
                let blocks = meter.sub_blocks();
                let first = (index(start)..).find(|&k| blocks.start_frame(k) >= start as u64);
                let last = (0..=index(pause) + 1)
                    .rev()
                    .find(|&k| k <= blocks.len() && blocks.start_frame(k) <= pause as u64);
                parts.push(blocks.range(first.unwrap(), last.unwrap()));
                push_to(&mut live, &mut at, resume);
                assert_eq!(live.measurement(), standing);
                live.resume();
                start = resume;
            }
            let readings = live.measurement();
            within(live.loudness(), &Letter::of(&parts));
            assert_eq!(
                (value(readings.momentary_max_lufs), readings.momentary_max_frame),
                largest(&parts, 40)
            );
            assert_eq!(
                (value(readings.short_term_max_lufs), readings.short_term_max_frame),
                largest(&parts, 300)
            );
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
        let part = [meter.sub_blocks().range(1000, 4000)];
        within(live.loudness(), &Letter::of(&part));
        let readings = live.measurement();
        assert_eq!(value(readings.momentary_max_lufs), largest(&part, 40).0);
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
fn a_pause_between_energies_counts_whole_ones() {
    let mut live = LiveLoudness::new(BinWidth::OneTenth, 48_000.0).unwrap();
    let tone = 4.8;
    (0..60).for_each(|_| live.push(tone));
    live.pause();
    (0..60).for_each(|_| live.push(480.0));
    live.resume();
    live.resume();
    // 39 sub-blocks are no gating block, and none lies across the pause.
    (0..39).for_each(|_| live.push(48.0));
    assert!((value(live.integrated_lufs()) + 20.691).abs() < 1e-9);
    assert!((value(live.momentary_max_lufs()) + 20.691).abs() < 1e-9);
    assert_eq!(live.momentary_max_frame(), 40 * 480);
    assert!((live.measured_s() - 0.99).abs() < 1e-12);
    live.push(48.0);
    assert!((value(live.momentary_max_lufs()) + 10.691).abs() < 1e-9);
    assert_eq!(live.momentary_max_frame(), 160 * 480);
}
