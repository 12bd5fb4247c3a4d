//! The log of places over a limit against the printed convolution, frame by frame.

use mixcore::audio::Block;
use mixcore::loudness::{
    ExcursionLog, ExcursionSetup, Meter, MeterSetup, PeakExcursion, TruePeakMeter, TruePeakMethod,
};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{Layout, Stream};

use crate::reference::annex2;
use crate::signals::Noise;
use crate::true_peak::METHODS;

const RATE_HZ: f64 = 48_000.0;
const LIMIT_DBTP: f64 = -3.0;
/// Both sides compute in f64, in another order.
const SAME_DB: f64 = 1e-9;

/// First frame, last frame, peak, its frame, its channel.
type Place = (u64, u64, f64, u64, usize);

/// The frames over the limit, joined where at most `gap` frames lie between, by the definition.
fn literal(channels: &[Vec<f64>], gap: u64) -> Vec<Place> {
    let peaks: Vec<Vec<f64>> = channels.iter().map(|signal| annex2::frame_peaks(signal)).collect();
    let mut places: Vec<Place> = Vec::new();
    for frame in 0..peaks[0].len() {
        for (channel, peaks) in peaks.iter().enumerate() {
            let (peak, frame) = (peaks[frame], frame as u64);
            if peak <= db_to_gain(LIMIT_DBTP) {
                continue;
            }
            match places.last_mut() {
                Some(last) if frame - last.1 <= gap + 1 => {
                    last.1 = frame;
                    if peak > last.2 {
                        (last.2, last.3, last.4) = (peak, frame, channel);
                    }
                }
                _ => places.push((frame, frame, peak, frame, channel)),
            }
        }
    }
    places
}

/// Quiet noise with loud stretches of 1 to 300 frames, other ones in every channel; the last one
/// runs into the end.
fn bursts(channels: usize, frames: usize) -> Vec<Vec<f64>> {
    (0..channels)
        .map(|channel| {
            let mut noise = Noise::new(50 + channel as u32);
            let mut signal: Vec<f64> = (0..frames).map(|_| 0.3 * noise.next_f64()).collect();
            for start in (0..frames).step_by(500) {
                let at = start + noise.below(200);
                for x in signal.iter_mut().skip(at).take(1 + noise.below(300)) {
                    *x *= 3.0;
                }
            }
            signal[frames - 2..].fill(0.7);
            signal
        })
        .collect()
}

fn setup(gap: u64) -> ExcursionSetup {
    let gap_ms = gap as f64 / RATE_HZ * 1e3;
    ExcursionSetup { limit_dbtp: LIMIT_DBTP, gap_ms, per_channel: 4000 }
}

fn logged<'a>(
    method: TruePeakMethod,
    log: ExcursionLog<'a>,
    channels: &[Vec<f64>],
    block: usize,
) -> TruePeakMeter<'a, f64> {
    let stream = stream(channels.len());
    let mut meter = TruePeakMeter::new(method, stream).unwrap().with_log(log).unwrap();
    push(&mut meter, channels, block);
    meter
}

fn stream(channels: usize) -> Stream {
    let layout = [Layout::MONO, Layout::STEREO, Layout::named("3.0").unwrap()][channels - 1];
    Stream::new(RATE_HZ, layout).unwrap()
}

fn push(meter: &mut TruePeakMeter<'_, f64>, channels: &[Vec<f64>], block: usize) {
    let whole = Block::new(channels).unwrap();
    for at in (0..whole.frames()).step_by(block) {
        meter.push(whole.range(at, at + block)).unwrap();
    }
}

fn assert_same(found: impl Iterator<Item = PeakExcursion>, expected: &[Place], what: &str) {
    let found: Vec<PeakExcursion> = found.collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, &(first, last, peak, frame, channel)) in found.iter().zip(expected) {
        assert_eq!((found.first_frame, found.last_frame), (first, last), "{what}");
        assert_eq!((found.peak_frame, found.channel), (frame, channel), "{what}");
        assert!((found.peak_dbtp - gain_to_db(peak)).abs() < SAME_DB, "{what}");
    }
}

#[test]
fn every_place_over_the_limit_for_any_block_split() {
    let audio = bursts(3, 20_000);
    for gap in [0, 5, 100, 5000] {
        for block in [1, 7, 64, 480, 20_000] {
            let log = ExcursionLog::new(setup(gap), &stream(3)).unwrap();
            assert_eq!(log.gap_frames(), gap);
            let mut meter = logged(TruePeakMethod::Annex2, log, &audio, block);
            let what = format!("gap {gap}, blocks of {block}");
            for channel in 0..3 {
                let mut expected = literal(&audio[channel..=channel], gap);
                expected.iter_mut().for_each(|place| place.4 = channel);
                assert!(gap > 100 || expected.len() > 20, "the test has nothing to find");
                assert_same(meter.excursions(channel), &expected, &what);
                assert_eq!(meter.missed_excursions(channel), 0);
            }
            assert_same(meter.joint_excursions().unwrap(), &literal(&audio, gap), &what);
            // The readings do not know of the log.
            let mut plain = TruePeakMeter::new(TruePeakMethod::Annex2, stream(3)).unwrap();
            push(&mut plain, &audio, block);
            assert_eq!(meter.measurement(), plain.measurement());
            // Silence in fact changes nothing of what silence was taken to follow.
            let before: Vec<_> = meter.joint_excursions().unwrap().collect();
            push(&mut meter, &vec![vec![0.0; 100]; 3], block);
            let after: Vec<_> = meter.joint_excursions().unwrap().collect();
            assert_eq!(before, after, "{what}");
            meter.reset();
            assert_eq!(meter.joint_excursions().unwrap().count(), 0);
            push(&mut meter, &audio, 480);
            assert_same(meter.joint_excursions().unwrap(), &literal(&audio, gap), &what);
        }
    }
}

#[test]
fn a_full_list_keeps_the_first_places_and_counts_the_others() {
    let audio = bursts(2, 20_000);
    for per_channel in [0, 1, 3, 4000] {
        let setup = ExcursionSetup { per_channel, ..setup(0) };
        let mut memory = vec![PeakExcursion::default(); 2 * per_channel];
        let log = ExcursionLog::new_in(setup, &stream(2), &mut memory).unwrap();
        let meter = logged(TruePeakMethod::Annex2, log, &audio, 480);
        for channel in 0..2 {
            let mut all = literal(&audio[channel..=channel], 0);
            all.iter_mut().for_each(|place| place.4 = channel);
            let kept = per_channel.min(all.len());
            assert_same(meter.excursions(channel), &all[..kept], "the first ones");
            assert_eq!(meter.missed_excursions(channel), (all.len() - kept) as u64);
        }
    }
    let mut memory = [PeakExcursion::default(); 7];
    let setup = ExcursionSetup { per_channel: 4, ..setup(0) };
    assert!(ExcursionLog::new_in(setup, &stream(2), &mut memory).is_err());
}

/// Every method logs what it reads itself: the highest place is the reading, and the samples are
/// among the places.
#[test]
fn works_with_every_method() {
    let audio = bursts(1, 20_000);
    let over = |x: &f64| x.abs() > db_to_gain(LIMIT_DBTP);
    for method in METHODS.into_iter().chain([TruePeakMethod::Off]) {
        let log = ExcursionLog::new(setup(0), &stream(1)).unwrap();
        let meter = logged(method, log, &audio, 480);
        let peaks = meter.measurement();
        let highest = meter.excursions(0).map(|place| place.peak_dbtp).fold(-100.0, f64::max);
        let off = method == TruePeakMethod::Off;
        let reading = if off { peaks.sample_peak_dbfs } else { peaks.true_peak_dbtp };
        assert_eq!(Some(highest), reading.value(), "{method:?}");
        let inside = |frame: u64| {
            meter.excursions(0).any(|place| (place.first_frame..=place.last_frame).contains(&frame))
        };
        for (frame, x) in audio[0].iter().enumerate() {
            assert!(!over(x) || inside(frame as u64), "{method:?}, {frame}");
            // Without points in between the places are the samples over the limit and no others.
            assert!(!off || over(x) == inside(frame as u64), "{frame}");
        }
    }
}

#[test]
fn a_meter_takes_a_log_of_its_own_channels() {
    let log = || ExcursionLog::new(setup(0), &stream(2)).unwrap();
    let alone = TruePeakMeter::<f32>::new(TruePeakMethod::Fine, stream(1)).unwrap();
    assert!(alone.with_log(log()).is_err());
    let whole = Meter::<f64>::new(MeterSetup::default(), stream(2)).unwrap();
    let mut whole = whole.with_peak_log(log()).unwrap();
    let audio = bursts(2, 5000);
    whole.push(Block::new(&audio).unwrap()).unwrap();
    let found = whole.true_peak().joint_excursions().unwrap().count();
    let log = logged(TruePeakMethod::Fine, log(), &audio, 64);
    assert_eq!(found, log.joint_excursions().unwrap().count());
    assert!(found > 3);
    for bad in [
        ExcursionSetup { limit_dbtp: f64::NAN, ..setup(0) },
        ExcursionSetup { limit_dbtp: 101.0, ..setup(0) },
        ExcursionSetup { gap_ms: -1.0, ..setup(0) },
    ] {
        assert!(ExcursionLog::new(bad, &stream(1)).is_err());
    }
}
