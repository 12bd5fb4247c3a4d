//! However a programme is cut into pushes, planar or interleaved, at every SIMD level and in lent
//! memory: one reading. However a meter is paused: the live meter says what the exact one says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mixcore::audio::Sample;
use mixcore::loudness::{
    LiveMeter, LiveMeterSetup, LoudnessReadings, Meter, MeterSetup, TruePeakMethod,
};
use mixcore::stream::{MAX_RATE_HZ, MIN_RATE_HZ};
use mixcore::{Error, Reading, Stream};
use mixcore_fuzz::{Taken, Unstructured, block, cuts, faults, isa, layout, rate_hz, samples};

/// Frames at most: 75 sub-blocks at 8 kHz, so that gating has something to do.
const MAX_FRAMES: usize = 6_000;
/// Bounds of [`MeterSetup::max_duration_s`] as documented.
const DURATION_S: std::ops::RangeInclusive<f64> = 0.4..=360_000.0;

fuzz_target!(|data: &[u8]| {
    let mut u = Unstructured::new(data);
    let run = if u.arbitrary().unwrap_or(false) { run::<f64> } else { run::<f32> };
    // Unstructured gives zeros at its end; what is left to fail is no case.
    let _ = run(&mut u);
});

fn run<S: Sample>(u: &mut Unstructured<'_>) -> Taken<()> {
    let (layout, rate_hz) = (layout(u)?, rate_hz(u)?);
    let setup = MeterSetup {
        true_peak: *u.choose(&[
            TruePeakMethod::Fine,
            TruePeakMethod::Annex2,
            TruePeakMethod::Sinc49,
            TruePeakMethod::Off,
        ])?,
        dual_mono: u.arbitrary()?,
        every_channel: u.arbitrary()?,
        max_duration_s: match u.int_in_range(0_u8..=7)? {
            0 => u.arbitrary::<f64>()?.min(1e3),
            1 => 0.4,
            _ => 1.0,
        },
    };
    let Ok(stream) = Stream::new(rate_hz, layout) else {
        assert!(!(MIN_RATE_HZ..=MAX_RATE_HZ).contains(&rate_hz), "{rate_hz} Hz was refused");
        return Ok(());
    };
    let Ok(mut whole) = Meter::<S>::new(setup, stream) else {
        assert!(!DURATION_S.contains(&setup.max_duration_s), "{setup:?} was refused");
        return Ok(());
    };
    let frames = u.int_in_range(0..=MAX_FRAMES)?;
    let channels = layout.channel_count();
    let audio = samples::<S>(u, channels, frames)?;
    let cuts = cuts(u, frames)?;
    let pushed = whole.push(block(&audio));
    assert!(whole.push(block(&vec![vec![S::zero()]; channels + 1])).is_err());

    let stream = Stream { isa: isa(u)?, ..stream };
    let need = Meter::<S>::required_len(&setup, &stream);
    let mut memory = (vec![S::one(); need.samples], vec![7.0; need.history]);
    let mut meter = Meter::new_in(setup, stream, &mut memory.0, &mut memory.1)
        .expect("lent memory of the length that was asked for");
    let mut at = 0;
    let mut result = Ok(());
    for &length in &cuts {
        result = if u.arbitrary()? {
            meter.push_interleaved(&interleaved(&audio, at, length))
        } else {
            meter.push(block(&audio).range(at, at + length))
        };
        if result.is_err() {
            break;
        }
        at += length;
    }
    assert_eq!(result, pushed, "one push and many differ in being refused");
    if pushed.is_ok() {
        assert_eq!(says(&meter), says(&whole), "{stream:?}, {cuts:?}");
    }

    stand_by(u, setup, stream, &audio, &cuts)?;

    match pushed {
        Ok(()) => {
            assert_eq!((whole.frames(), whole.faults()), (frames as u64, faults(&audio)));
            assert_finite(&whole.measurement());
        }
        Err(error) => {
            assert!(matches!(error, Error::HistoryFull { .. }), "{error}");
            assert_eq!((whole.frames(), whole.faults()), (0, 0), "a refused push left a trace");
        }
    }
    Ok(())
}

fn interleaved<S: Sample>(audio: &[Vec<S>], at: usize, length: usize) -> Vec<S> {
    (at..at + length).flat_map(|frame| audio.iter().map(move |channel| channel[frame])).collect()
}

/// An exact and a live meter with the same pauses; the live one in the same form of input.
fn stand_by<S: Sample>(
    u: &mut Unstructured<'_>,
    setup: MeterSetup,
    stream: Stream,
    audio: &[Vec<S>],
    cuts: &[usize],
) -> Taken<()> {
    let (mut exact, live) = (
        Meter::<S>::new(setup, stream).expect("made before"),
        LiveMeterSetup {
            true_peak: setup.true_peak,
            dual_mono: setup.dual_mono,
            ..LiveMeterSetup::default()
        },
    );
    let mut live = LiveMeter::<S>::new(live, stream).expect("a stream that has a meter");
    let mut at = 0;
    for &length in cuts {
        match u.int_in_range(0_u8..=5)? {
            0 => (exact.pause(), live.pause()),
            1 => (exact.resume(), live.resume()),
            2 if at == 0 => (exact.reset(), live.reset()),
            _ => ((), ()),
        };
        let part = block(audio).range(at, at + length);
        if exact.push(part).is_err() {
            return Ok(());
        }
        if u.arbitrary()? {
            live.push_interleaved(&interleaved(audio, at, length)).expect("whole frames");
        } else {
            live.push(part).expect("no history to be full");
        }
        at += length;
    }
    let (a, b) = (exact.measurement(), live.measurement());
    assert_eq!(a.true_peak_dbtp, b.true_peak_dbtp);
    assert_eq!((a.true_peak_frame, a.sample_peak_frame), (b.true_peak_frame, b.sample_peak_frame));
    assert_eq!(a.sample_peak_dbfs, b.sample_peak_dbfs);
    assert_eq!(a.momentary_max_lufs, b.momentary_max_lufs);
    assert_eq!(a.short_term_max_lufs, b.short_term_max_lufs);
    assert_eq!((a.duration_s, a.faults, a.clipped), (b.duration_s, b.faults, b.clipped));
    assert_eq!(exact.momentary_lufs(), live.momentary_lufs());
    Ok(())
}

/// Everything a meter says, every bit of it.
fn says<S: Sample>(meter: &Meter<'_, S>) -> String {
    format!("{:?} {:?}", meter.measurement(), meter.sub_blocks().energies())
}

fn assert_finite(readings: &LoudnessReadings) {
    for reading in [
        readings.integrated_lufs,
        readings.momentary_max_lufs,
        readings.short_term_max_lufs,
        readings.loudness_range_lu,
        readings.true_peak_dbtp,
        readings.sample_peak_dbfs,
    ] {
        if let Reading::Value(value) = reading {
            assert!(value.is_finite(), "{readings:?}");
        }
    }
}
