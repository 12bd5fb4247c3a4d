//! Eight bands of equaliser on stereo, against the loop one would write first and two crates.
//!
//! All sides run the same bilinear bells with states in f64 on f32 samples, copied block by block.
//! The naive loop and crate `biquad` must agree within one rounding of f32, `fundsp` (a
//! state-variable filter of the same response, ticked frame by frame, which is its faster way)
//! within [`FORM_SHARE`]. DESIGN section 10 quotes pedalboard and ffmpeg, which run elsewhere.

use std::hint::black_box;

use biquad::{Biquad as _, Coefficients, DirectForm2Transposed, ToHertz, Type};
use fundsp::prelude64::bell_hz;
use mixcore::filters::design::{Method, Shape, second_order};
use mixcore::filters::{Biquad, Cascade, Eq, EqBand, EqParams, EqSetup};
use mixcore::units::db_to_gain;
use mixcore::{BlockMut, Io, Isa, Layout, Process, Stream};

use crate::mix::levels;
use crate::{BLOCKS, Case, Goal, Limit, RATE_HZ, Rival, Run, signals};

/// Another form of the same filters rounds elsewhere: relative to full scale.
pub const FORM_SHARE: f64 = 1e-5;
/// Bands of every case.
const BANDS: usize = 8;
/// Frequency, gain and Q of each band: boosts and cuts over the whole range.
const BELLS: [(f64, f64, f64); BANDS] = [
    (60.0, 3.0, 1.0),
    (150.0, -4.0, 1.4),
    (400.0, 2.0, 0.7),
    (1000.0, -3.0, 2.0),
    (2500.0, 4.0, 1.0),
    (5000.0, -2.0, 3.0),
    (9000.0, 3.0, 0.7),
    (14_000.0, -5.0, 1.0),
];

fn equaliser(isa: Isa, layout: Layout) -> Eq {
    let stream = Stream::with_isa(RATE_HZ, layout, isa).expect("48 kHz is in range");
    let bands = BELLS.map(|(hz, gain_db, q)| EqBand::new(Shape::Bell, hz, gain_db, q));
    let setup = EqSetup { bands: BANDS, method: Method::Cookbook };
    Eq::new(setup, EqParams::new(&bands), stream).expect("bands in range")
}

/// Band after band, frame after frame, channel after channel.
struct Naive {
    sections: [Biquad; BANDS],
    states: Vec<[[f64; 2]; BANDS]>,
}

impl Naive {
    fn new(channels: usize) -> Self {
        let design = |(hz, gain_db, q)| {
            second_order(Method::Cookbook, Shape::Bell, hz, q, gain_db, RATE_HZ).expect("in range")
        };
        Self { sections: BELLS.map(design), states: vec![[[0.0; 2]; BANDS]; channels] }
    }

    fn run(&mut self, audio: &mut [Vec<f32>]) {
        for (channel, states) in audio.iter_mut().zip(&mut self.states) {
            for sample in channel {
                let mut x = f64::from(*sample);
                for (section, [s1, s2]) in self.sections.iter().zip(states.iter_mut()) {
                    let y = section.b[0] * x + *s1;
                    *s1 = section.b[1] * x - section.a[0] * y + *s2;
                    *s2 = section.b[2] * x - section.a[1] * y;
                    x = y;
                }
                *sample = x as f32;
            }
        }
    }
}

/// Crate `biquad`: one section and channel after the other, as its documentation shows it.
fn biquads(channels: usize) -> impl FnMut(&mut [Vec<f32>]) {
    let section = |(hz, gain_db, q): (f64, f64, f64)| {
        let kind = Type::PeakingEQ(gain_db);
        let made = Coefficients::<f64>::from_params(kind, RATE_HZ.hz(), hz.hz(), q);
        DirectForm2Transposed::<f64>::new(made.expect("in range"))
    };
    let mut chains = vec![BELLS.map(section); channels];
    move |audio| {
        for (channel, chain) in audio.iter_mut().zip(&mut chains) {
            for sample in channel {
                let x = chain.iter_mut().fold(f64::from(*sample), |x, section| section.run(x));
                *sample = x as f32;
            }
        }
    }
}

/// Crate `fundsp`: eight bells in a chain for each channel.
fn graph(channels: usize) -> impl FnMut(&mut [Vec<f32>]) {
    let bell = |band: usize| {
        let (hz, gain_db, q) = BELLS[band];
        bell_hz(hz as f32, q as f32, db_to_gain(gain_db) as f32)
    };
    let chain = || {
        let low = bell(0) >> bell(1) >> bell(2) >> bell(3);
        let mut chain = low >> bell(4) >> bell(5) >> bell(6) >> bell(7);
        chain.set_sample_rate(RATE_HZ);
        chain
    };
    let mut chains: Vec<_> = (0..channels).map(|_| chain()).collect();
    move |audio| {
        for (channel, chain) in audio.iter_mut().zip(&mut chains) {
            for sample in channel {
                *sample = chain.filter_mono(*sample);
            }
        }
    }
}

fn copy(from: &[Vec<f32>], to: &mut [Vec<f32>]) {
    for (to, from) in to.iter_mut().zip(from) {
        to.copy_from_slice(from);
    }
}

fn process(processor: &mut impl Process<f32>, audio: &mut [Vec<f32>]) {
    processor.process(Io::new(BlockMut::new(audio).expect("channels"))).expect("the stream's");
}

/// What a side makes of the input, from its start.
fn once(input: &[Vec<f32>], mut side: impl FnMut(&mut [Vec<f32>])) -> Vec<Vec<f32>> {
    let mut audio = input.to_vec();
    side(&mut audio);
    audio
}

fn agree(what: &str, ours: &[Vec<f32>], theirs: &[Vec<f32>], share: f64) {
    for (ours, theirs) in ours.iter().flatten().zip(theirs.iter().flatten()) {
        let apart = f64::from((ours - theirs).abs());
        assert!(apart <= share, "{what} differs: {ours} {theirs}");
    }
}

/// A run that copies the input and lets a side work on it.
fn timed(input: &[Vec<f32>], mut side: impl FnMut(&mut [Vec<f32>]) + 'static) -> Run {
    let (input, mut work) = (input.to_vec(), input.to_vec());
    Box::new(move || {
        copy(&input, &mut work);
        side(black_box(&mut work));
    })
}

fn standing(isa: Isa, layout: Layout, block: usize) -> Case {
    let channels = layout.channel_count();
    let input = signals::noise(channels, block, -12.0);
    let mut eq = equaliser(isa, layout);
    let mut naive = Naive::new(channels);
    let (mut biquads_of, mut graph_of) = (biquads(channels), graph(channels));
    let ours = once(&input, |audio| process(&mut eq, audio));
    let rounding = f64::from(f32::EPSILON);
    agree("the naive loop", &ours, &once(&input, |audio| naive.run(audio)), rounding);
    agree("biquad", &ours, &once(&input, &mut biquads_of), rounding);
    agree("fundsp", &ours, &once(&input, &mut graph_of), FORM_SHARE);

    let limit = Limit { must_ns: 8.0, stretch_ns: 6.0, quoted: "pedalboard 42, ffmpeg 28" };
    let best = isa == Isa::detect();
    Case {
        name: format!("equaliser, 8 bands, {layout}, {:?}, blocks of {block}", isa.level()),
        units: block as u64,
        unit: "frame",
        ours: timed(&input, move |audio| process(&mut eq, audio)),
        rivals: vec![
            Rival::new("naive loop", timed(&input, move |audio| naive.run(audio)), Goal::NotSlower),
            Rival::new("biquad", timed(&input, biquads_of), Goal::None),
            Rival::new("fundsp", timed(&input, graph_of), Goal::None),
        ],
        limit: (best && layout == Layout::STEREO).then_some(limit),
    }
}

/// One band that never rests: every block is the first half of a new move.
fn moving(isa: Isa) -> Case {
    const BLOCK: usize = 480;
    let input = signals::noise(2, BLOCK, -12.0);
    let mut eq = equaliser(isa, Layout::STEREO);
    let mut high = false;
    Case {
        name: format!("equaliser, one of 8 bands moving, stereo, {:?}", isa.level()),
        units: BLOCK as u64,
        unit: "frame",
        ours: timed(&input, move |audio| {
            high = !high;
            let hz = if high { 4000.0 } else { 500.0 };
            eq.set_band(3, EqBand::new(Shape::Bell, hz, -3.0, 2.0)).expect("in range");
            process(&mut eq, audio);
        }),
        rivals: Vec::new(),
        limit: None,
    }
}

/// A short cascade, as in a key filter or a crossover.
fn cascade(isa: Isa, block: usize) -> Case {
    let stream = Stream::with_isa(RATE_HZ, Layout::STEREO, isa).expect("48 kHz is in range");
    let sections = [Naive::new(2).sections[2], Naive::new(2).sections[3]];
    let mut cascade = Cascade::new(&sections, stream).expect("stable sections");
    let input = signals::noise(2, block, -12.0);
    let mut states = [[[0.0_f64; 2]; 2]; 2];
    let mut naive = move |audio: &mut [Vec<f32>]| {
        for (channel, states) in audio.iter_mut().zip(&mut states) {
            for sample in channel {
                let mut x = f64::from(*sample);
                for (section, [s1, s2]) in sections.iter().zip(states.iter_mut()) {
                    let y = section.b[0] * x + *s1;
                    *s1 = section.b[1] * x - section.a[0] * y + *s2;
                    *s2 = section.b[2] * x - section.a[1] * y;
                    x = y;
                }
                *sample = x as f32;
            }
        }
    };
    let ours = once(&input, |audio| process(&mut cascade, audio));
    agree("the naive loop", &ours, &once(&input, &mut naive), f64::from(f32::EPSILON));
    Case {
        name: format!("cascade of 2 sections, stereo, {:?}, blocks of {block}", isa.level()),
        units: block as u64,
        unit: "frame",
        ours: timed(&input, move |audio| process(&mut cascade, audio)),
        rivals: vec![Rival::new("naive loop", timed(&input, naive), Goal::NotSlower)],
        limit: None,
    }
}

/// The cases, each compared with its rivals before it is returned.
///
/// # Panics
/// If a result differs from a rival's.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for isa in levels() {
        for block in [64, BLOCKS[0], BLOCKS[1]] {
            cases.push(standing(isa, Layout::STEREO, block));
        }
        for layout in [Layout::MONO, Layout::SURROUND_5_1] {
            cases.push(standing(isa, layout, BLOCKS[0]));
        }
        cases.push(moving(isa));
        cases.push(cascade(isa, BLOCKS[0]));
    }
    cases
}
