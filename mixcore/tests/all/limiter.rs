//! The limiter as an engineer would check it: curve, transparency, link, ceiling moves, bypass.

use mixcore::audio::Sample;
use mixcore::dynamics::{Limiter, LimiterParams, LimiterSetup, Link};
use mixcore::units::db_to_gain;
use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};

use crate::reference::judge::Judge;
use crate::signals::{noise, sine};

/// Upper edge of DESIGN promise 3: the ceiling holds.
pub const ABOVE_DB: f64 = 0.01;
/// Lower edge of DESIGN promise 3: the ceiling is used.
pub const BELOW_DB: f64 = 0.1;
/// The default ceiling.
pub const CEILING_DBTP: f64 = -1.0;

/// Runs a limiter over channels and flushes it: input frames + latency of output.
pub fn flushed<S: Sample>(limiter: &mut Limiter<'_, S>, input: &[Vec<S>]) -> Vec<Vec<S>> {
    let mut audio = input.to_vec();
    for channel in &mut audio {
        channel.resize(channel.len() + limiter.tail_frames(), S::zero());
    }
    limiter.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
    audio
}

/// A limiter at the defaults.
pub fn limiter<S: Sample>(rate_hz: f64, layout: Layout) -> Limiter<'static, S> {
    let stream = Stream::new(rate_hz, layout).unwrap();
    Limiter::new(LimiterSetup::default(), LimiterParams::default(), stream).unwrap()
}

fn assert_used_and_held(read: f64, what: &str) {
    let excess = read - CEILING_DBTP;
    assert!(excess <= ABOVE_DB && excess >= -BELOW_DB, "{what}: {excess:+.4} dB");
}

/// Chords with a beat, a bass and noise bursts: an image of music with a crest factor.
fn music<S: Sample>(rate_hz: f64, frames: usize) -> Vec<Vec<S>> {
    let hiss = noise::<f64>(2, frames, 1.0, 77);
    (0..2)
        .map(|side| {
            (0..frames)
                .map(|n| {
                    let t = n as f64 / rate_hz;
                    let tone = |hz: f64| mixcore::math::sin(2.0 * mixcore::math::PI * hz * t);
                    let beat = mixcore::math::exp(-(t * 4.0 % 1.0) * 6.0);
                    let chord = tone(220.0) + tone(277.2) + tone(329.6 + side as f64) + tone(880.0);
                    let drums = hiss[side][n] * beat * beat;
                    S::from_f64(0.2 * chord * (0.4 + 0.6 * beat) + 0.3 * tone(55.0) + 0.5 * drums)
                })
                .collect()
        })
        .collect()
}

fn scaled<S: Sample>(channels: &[Vec<S>], gain: f64) -> Vec<Vec<S>> {
    channels
        .iter()
        .map(|channel| channel.iter().map(|x| S::from_f64(x.as_f64() * gain)).collect())
        .collect()
}

/// What is below the ceiling passes bit for bit; what is 6 dB above uses it.
fn programme<S: Sample>(rate_hz: f64) {
    let judge = Judge::new();
    let frames = (rate_hz * 0.7) as usize;
    let tone = vec![sine::<S>(997.0, rate_hz, frames, 1.0); 2];
    for (what, source) in [("tone", tone), ("music", music(rate_hz, frames))] {
        let level = judge.dbtp(&source);
        // The margin of DESIGN promise 3, with 0.001 dB for the rounding of the samples.
        let quiet = scaled(&source, db_to_gain(CEILING_DBTP - BELOW_DB - 0.001 - level));
        let mut limiter = limiter::<S>(rate_hz, Layout::STEREO);
        let out = flushed(&mut limiter, &quiet);
        let latency = limiter.latency_frames();
        for (out, quiet) in out.iter().zip(&quiet) {
            assert!(out[..latency].iter().all(|x| x.as_f64().to_bits() == 0));
            assert!(out[latency..] == quiet[..], "{what}");
        }
        assert_eq!(limiter.max_gain_reduction_db(), 0.0);

        limiter.reset();
        let loud = scaled(&source, db_to_gain(CEILING_DBTP + 6.0 - level));
        let read = judge.dbtp(&flushed(&mut limiter, &loud));
        println!("{what} 6 dB too loud at {rate_hz} Hz: {:+.4} dB", read - CEILING_DBTP);
        assert_used_and_held(read, what);
    }
}

#[test]
fn the_ceiling_is_used_and_what_is_below_passes_bit_for_bit() {
    for rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        programme::<f32>(rate_hz);
    }
    programme::<f64>(48_000.0);
}
