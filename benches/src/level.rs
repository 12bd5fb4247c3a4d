//! Automation: a gain that follows a ride, against the loops one would write first.
//!
//! The naive side reads the ride frame by frame: the level on the straight line in dB between two
//! points, `powf`, one multiplication a channel. Ours runs along chords of 32 frames, so the two agree
//! within [`CHORD_DB`]. A standing gain is timed as the kernel that it is, beside the fader of `mix`.

use std::hint::black_box;

use mixcore::kernels::{self, Isa};
use mixcore::level::{
    AutomatedGain, Automation, AutomationLane, Breakpoint, BusInput, EdgeGain, SegmentShape,
    sum_bus,
};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{Block, BlockMut, Io, Layout, Process, Stream};

use crate::mix::levels;
use crate::{BLOCKS, Case, Goal, RATE_HZ, Rival, Run, signals};

/// The rides move by at most 12 dB in 2400 frames: 0.16 dB between two points of the grid bend by
/// (0.16·ln 10/20)²/8 of the gain.
pub const CHORD_DB: f64 = 0.001;
/// Frames between two points of a ride.
const POINT_FRAMES: u64 = 2400;
/// Sources of the automated bus.
const BUS_SOURCES: usize = 8;
/// Where the timed block lies: off every grid.
const START: u64 = 1234;

fn goal(isa: Isa) -> Goal {
    if isa == Isa::detect() { Goal::None } else { Goal::NotSlower }
}

fn case(name: String, units: usize, ours: Run, rival: Rival) -> Case {
    Case { name, units: units as u64, unit: "sample", ours, rivals: vec![rival], limit: None }
}

/// A ride that never stands.
fn ride(shape: SegmentShape) -> Vec<Breakpoint> {
    (0..8)
        .map(|n| {
            let gain_db = if n % 2 == 0 { -2.0 } else { -14.0 + n as f64 };
            Breakpoint::new(n * POINT_FRAMES, gain_db, shape)
        })
        .collect()
}

/// The level at a frame of a dB-linear ride, found anew for every frame.
fn naive_db(points: &[Breakpoint], frame: u64) -> f64 {
    let at = points.iter().position(|point| point.frame > frame).unwrap_or(points.len() - 1);
    let (a, b) = (&points[at - 1], &points[at]);
    let t = (frame - a.frame) as f64 / (b.frame - a.frame) as f64;
    a.gain_db + (b.gain_db - a.gain_db) * t
}

fn naive_ride(points: &[Breakpoint], audio: &mut [Vec<f32>]) {
    for n in 0..audio[0].len() {
        let gain = 10.0_f64.powf(naive_db(points, START + n as u64) / 20.0) as f32;
        for channel in audio.iter_mut() {
            channel[n] *= gain;
        }
    }
}

fn copy(from: &[Vec<f32>], to: &mut [Vec<f32>]) {
    for (to, from) in to.iter_mut().zip(from) {
        to.copy_from_slice(from);
    }
}

/// # Panics
/// If ours differs from the naive loop by more than the chords.
fn assert_close(ours: &[Vec<f32>], naive: &[Vec<f32>]) {
    for (ours, naive) in ours.iter().flatten().zip(naive.iter().flatten()) {
        let apart = gain_to_db(f64::from(*ours) / f64::from(*naive)).abs();
        assert!(*naive == 0.0 || apart < CHORD_DB, "{ours} {naive}: {apart} dB");
    }
}

/// A ride on stereo against `powf` per frame; both sides copy the block in first.
fn automated(isa: Isa, block: usize) -> Case {
    let points = ride(SegmentShape::DbLinear);
    let stream = Stream::with_isa(RATE_HZ, Layout::STEREO, isa).expect("48 kHz is in range");
    let lane = AutomationLane::new(&points).expect("a good ride");
    let mut gain = AutomatedGain::new(lane, stream).expect("a good stream");
    let input = signals::noise(2, block, 0.0);
    let mut ours = input.clone();
    let mut run = move |audio: &mut [Vec<f32>]| {
        gain.seek(START);
        let whole = BlockMut::new(audio).expect("two channels");
        gain.process(Io::new(whole)).expect("stereo");
    };
    run(&mut ours);
    let mut naive = input.clone();
    naive_ride(&points, &mut naive);
    assert_close(&ours, &naive);
    let theirs = input.clone();
    case(
        format!("automated gain, dB-linear, stereo, {:?}, blocks of {block}", isa.level()),
        2 * block,
        Box::new(move || {
            copy(&input, &mut ours);
            run(black_box(&mut ours));
        }),
        Rival::new(
            "naive powf",
            move || {
                copy(&theirs, &mut naive);
                naive_ride(black_box(&points), black_box(&mut naive));
            },
            goal(isa),
        ),
    )
}

/// Eight sources under a ride each into one bus, against `powf` per source and frame.
fn automated_bus(isa: Isa, block: usize) -> Case {
    let points = ride(SegmentShape::DbLinear);
    let input = signals::noise(BUS_SOURCES, block, 0.0);
    let theirs_points = points.clone();
    let run = move |input: &[Vec<f32>], out: &mut [f32]| {
        let ride = Automation::new(&points).expect("a good ride");
        let gain = EdgeGain::automated(ride);
        let inputs: [BusInput<'_, f32>; BUS_SOURCES] =
            core::array::from_fn(|n| BusInput { audio: Block::mono(&input[n]), gain });
        sum_bus(isa, START, &inputs, BlockMut::mono(out)).expect("equal lengths");
    };
    let naive_run = move |input: &[Vec<f32>], out: &mut [f32]| {
        for (n, out) in out.iter_mut().enumerate() {
            let mut sum = 0.0;
            for source in input {
                let gain = 10.0_f64.powf(naive_db(&theirs_points, START + n as u64) / 20.0);
                sum += f64::from(source[n]) * gain;
            }
            *out = sum as f32;
        }
    };
    let mut ours = vec![0.0; block];
    let mut naive = vec![0.0; block];
    run(&input, &mut ours);
    naive_run(&input, &mut naive);
    // A sum near zero has no decibels: compared against the size of what is summed.
    for (ours, naive) in ours.iter().zip(&naive) {
        let apart = f64::from((ours - naive).abs()) / BUS_SOURCES as f64;
        assert!(apart < db_to_gain(CHORD_DB) - 1.0, "{ours} {naive}");
    }
    let theirs = input.clone();
    case(
        format!("bus of {BUS_SOURCES}, automated, {:?}, blocks of {block}", isa.level()),
        BUS_SOURCES * block,
        Box::new(move || run(black_box(&input), black_box(&mut ours))),
        Rival::new(
            "naive powf",
            move || naive_run(black_box(&theirs), black_box(&mut naive)),
            goal(isa),
        ),
    )
}

/// The kernel of a standing gain alone: what the fader's constant case has without views and calls.
fn standing(isa: Isa, block: usize) -> Case {
    const GAIN: f32 = 0.999_99;
    let input = signals::noise(1, block, 0.0).remove(0);
    let (mut ours, mut naive) = (input.clone(), input);
    let loop_over = |audio: &mut [f32], gain: f32| {
        for x in audio {
            *x *= gain;
        }
    };
    kernels::gain(isa, &mut ours, GAIN);
    loop_over(&mut naive, GAIN);
    assert!(ours == naive, "the kernel differs from the naive loop");
    case(
        format!("gain kernel, {:?}, blocks of {block}", isa.level()),
        block,
        // In place over and over: a little louder and a little softer in turn, so that it stays.
        Box::new(alternating(move |gain| kernels::gain(isa, black_box(&mut ours), gain))),
        Rival::new(
            "naive loop",
            alternating(move |gain| loop_over(black_box(&mut naive), gain)),
            goal(isa),
        ),
    )
}

/// Calls with a gain a little below and a little above 1 in turn.
fn alternating(mut work: impl FnMut(f32)) -> impl FnMut() {
    let mut up = false;
    move || {
        up = !up;
        work(black_box(if up { 1.000_01 } else { 0.999_99 }));
    }
}

/// The cases, each compared with its naive loop before it is returned.
///
/// # Panics
/// If a result differs from the naive loop's.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for isa in levels() {
        for block in BLOCKS {
            cases.push(standing(isa, block));
            cases.push(automated(isa, block));
            cases.push(automated_bus(isa, block));
        }
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_agrees_with_its_rival() {
        for mut case in cases() {
            (case.ours)();
            for rival in &mut case.rivals {
                (rival.run)();
            }
        }
    }
}
