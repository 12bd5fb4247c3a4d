//! The limiter on three materials in both modes, and its look-ahead window against a deque.
//!
//! No Rust crate limits true peaks, so the limiter has goals in nanoseconds; DESIGN section 10
//! quotes 91 ns a stereo frame for x42's, and 7.3 for ffmpeg's of sample peaks. Before a case is timed: quiet material comes out bit for
//! bit, loud material stays below the ceiling with a gain that is never at rest.

use std::collections::VecDeque;
use std::hint::black_box;

use mixcore::dynamics::{Limiter, LimiterMode, LimiterParams, LimiterSetup};
use mixcore::kernels::{self, Isa};
use mixcore::units::db_to_gain;
use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};

use crate::{BLOCKS, Case, Goal, Limit, RATE_HZ, Rival, Run, signals};

/// Length of the material, s.
const SECONDS: f64 = 5.0;
/// DESIGN's window: 5 ms at 48 kHz.
const WINDOW: usize = 240;

/// How hard the limiter works.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Work {
    /// Peaks 7 dB below the ceiling.
    Quiet,
    /// A programme whose loudest second is 6 dB over the ceiling.
    Programme,
    /// Noise 12 dB over the ceiling, all the time.
    EveryFrame,
}

impl Work {
    const ALL: [Self; 3] = [Self::Quiet, Self::Programme, Self::EveryFrame];

    fn audio(self, channels: usize) -> Vec<Vec<f32>> {
        let ceiling = LimiterParams::default().ceiling_dbtp;
        match self {
            Self::Quiet => signals::programme(channels, SECONDS, ceiling - 7.0),
            Self::Programme => signals::programme(channels, SECONDS, ceiling + 6.0),
            Self::EveryFrame => {
                signals::noise(channels, (SECONDS * RATE_HZ) as usize, ceiling + 12.0)
            }
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet programme",
            Self::Programme => "programme, peaks 6 dB over",
            Self::EveryFrame => "every frame limiting",
        }
    }
}

/// Copies the input block by block and limits it in place; `each` sees every block.
fn limit(
    limiter: &mut Limiter<'_, f32>,
    input: &[Vec<f32>],
    block: usize,
    work: &mut [Vec<f32>],
    mut each: impl FnMut(&Limiter<'_, f32>, &[Vec<f32>], usize),
) {
    limiter.reset();
    let frames = input[0].len();
    for at in (0..frames).step_by(block) {
        let length = block.min(frames - at);
        for (work, input) in work.iter_mut().zip(input) {
            work[..length].copy_from_slice(&input[at..at + length]);
        }
        let mut whole = BlockMut::new(work).expect("a layout's channels");
        limiter.process(Io::new(whole.range(0, length))).expect("the stream's channels");
        each(limiter, work, length);
    }
}

fn check(what: Work, input: &[Vec<f32>], limiter: &mut Limiter<'_, f32>, block: usize) {
    let mut work = vec![vec![0.0; block]; input.len()];
    let mut output = vec![Vec::new(); input.len()];
    let mut resting = 0;
    limit(limiter, input, block, &mut work, |limiter, work, length| {
        for (output, work) in output.iter_mut().zip(work) {
            output.extend_from_slice(&work[..length]);
        }
        resting += usize::from(limiter.gain_reduction_db() == 0.0);
    });
    let latency = limiter.latency_frames();
    let ceiling = db_to_gain(limiter.params().ceiling_dbtp) as f32;
    for (output, input) in output.iter().zip(input) {
        assert!(output.iter().all(|x| x.abs() <= ceiling), "{what:?}: over the ceiling");
        let same = output[latency..] == input[..input.len() - latency];
        assert_eq!(same, what == Work::Quiet, "{what:?}: bit for bit");
    }
    // The look-ahead is filled first.
    let filling = latency.div_ceil(block) + 1;
    assert!(what != Work::EveryFrame || resting <= filling, "the gain rested {resting} blocks");
}

fn limiter_case(mode: LimiterMode, what: Work, title: &str, layout: Layout, block: usize) -> Case {
    let stream = Stream::new(RATE_HZ, layout).expect("48 kHz is in range");
    let setup = LimiterSetup { mode, ..LimiterSetup::default() };
    let mut limiter = Limiter::new(setup, LimiterParams::default(), stream).expect("defaults");
    let input = what.audio(layout.channel_count());
    check(what, &input, &mut limiter, block);
    let units = input[0].len() as u64;
    let mut work = vec![vec![0.0; block]; input.len()];
    let ours: Run = Box::new(move || {
        limit(&mut limiter, &input, block, &mut work, |_, work, _| {
            black_box(work);
        });
    });
    let (peaks, must_ns, stretch_ns, quoted) = match (mode, what) {
        (LimiterMode::SamplePeak, _) => ("sample", 6.0, 5.0, "ffmpeg 7.3"),
        (_, Work::EveryFrame) => ("true", 40.0, 25.0, "x42 91"),
        _ => ("true", 15.0, 10.0, "x42 91"),
    };
    let limit = Limit { must_ns, stretch_ns, quoted };
    Case {
        name: format!("{peaks}-peak limiter, {}, {title}, blocks of {block}", what.name()),
        units,
        unit: "frame",
        ours,
        rivals: Vec::new(),
        limit: (layout == Layout::STEREO).then_some(limit),
    }
}

/// Largest of the last [`WINDOW`] values, by the textbook's monotonic deque.
fn deque(input: &[f32], out: &mut [f32], kept: &mut VecDeque<(usize, f32)>) {
    kept.clear();
    for (n, &x) in input.iter().enumerate() {
        while kept.back().is_some_and(|&(_, last)| last <= x) {
            kept.pop_back();
        }
        kept.push_back((n, x));
        if kept.front().is_some_and(|&(at, _)| at + WINDOW <= n) {
            kept.pop_front();
        }
        if n + 1 >= WINDOW {
            out[n + 1 - WINDOW] = kept.front().map_or(0.0, |&(_, most)| most);
        }
    }
}

fn window_case(isa: Isa, block: usize) -> Case {
    let outputs = block;
    let input: Vec<f32> =
        signals::noise(1, outputs + WINDOW - 1, 0.0)[0].iter().map(|x| x.abs()).collect();
    let mut expected = vec![0.0; outputs];
    let mut kept = VecDeque::with_capacity(WINDOW + 1);
    deque(&input, &mut expected, &mut kept);
    let mut work = input.clone();
    kernels::window_max(isa, &mut work, WINDOW);
    assert!(work[..outputs] == expected[..], "the window's maxima differ");

    let theirs = input.clone();
    let rival = move || {
        deque(&theirs, &mut expected, &mut kept);
        black_box(&expected);
    };
    let goal = if isa == Isa::detect() { Goal::Ratio(5.0, 7.0) } else { Goal::NotSlower };
    Case {
        name: format!("look-ahead window of {WINDOW}, {:?}, {block} at a time", isa.level()),
        units: outputs as u64,
        unit: "sample",
        ours: Box::new(move || {
            work.copy_from_slice(&input);
            kernels::window_max(isa, &mut work, WINDOW);
            black_box(&work);
        }),
        rivals: vec![Rival::new("monotonic deque", rival, goal)],
        limit: None,
    }
}

/// The cases, each checked before it is returned.
///
/// # Panics
/// If an output is not what the material asks for.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let layouts = [
        ("stereo", Layout::STEREO),
        ("5.1", Layout::SURROUND_5_1),
        ("7.1.4", Layout::SURROUND_7_1_4),
    ];
    for (title, layout) in layouts {
        for block in BLOCKS {
            for mode in [LimiterMode::TruePeak, LimiterMode::SamplePeak] {
                let case = |what| limiter_case(mode, what, title, layout, block);
                cases.extend(Work::ALL.map(case));
            }
        }
    }
    for block in BLOCKS {
        cases.extend(crate::mix::levels().map(|isa| window_case(isa, block)));
    }
    cases
}
