//! The crossover of three bands against the tree that one would write first: a struct for each biquad,
//! channel by channel, sample by sample, in f64.

use std::hint::black_box;

use mixcore::filters::design::{LinkwitzRiley, linkwitz_riley};
use mixcore::filters::{Biquad, Crossover, CrossoverParams, CrossoverSetup};
use mixcore::kernels::Isa;
use mixcore::{Block, BlockMut, Convert, Layout, Stream};

use crate::mix::levels;
use crate::{BLOCKS, Case, Goal, Limit, RATE_HZ, Rival, signals};

/// Both round each band to f32 once; in f64 they differ by the order of a sum.
pub const APART: f32 = 1e-7;
/// Where the bands meet, Hz.
const CROSSINGS_HZ: [f64; 2] = [200.0, 2_000.0];
/// Bands.
const BANDS: usize = 3;

/// A biquad with its state, transposed direct form II.
#[derive(Clone)]
pub(crate) struct Section {
    coefficients: Biquad,
    s: [f64; 2],
}

impl Section {
    pub(crate) fn new(coefficients: Biquad) -> Self {
        Self { coefficients, s: [0.0; 2] }
    }

    pub(crate) fn step(&mut self, x: f64) -> f64 {
        let ([b0, b1, b2], [a1, a2]) = (self.coefficients.b, self.coefficients.a);
        let y = b0 * x + self.s[0];
        self.s = [b1 * x - a1 * y + self.s[1], b2 * x - a2 * y];
        y
    }
}

/// One channel: low and high of both crossings, and the all-pass of the lowest band.
#[derive(Clone)]
pub(crate) struct Tree {
    low: [Vec<Section>; 2],
    high: [Vec<Section>; 2],
    all_pass: Vec<Section>,
}

impl Tree {
    pub(crate) fn new(crossings: &[LinkwitzRiley; 2]) -> Self {
        let sections = |list: &[Biquad]| -> Vec<Section> {
            list.iter().map(|&coefficients| Section::new(coefficients)).collect()
        };
        let [one, two] = crossings;
        Self {
            low: [sections(&one.low), sections(&two.low)],
            high: [sections(&one.high), sections(&two.high)],
            all_pass: sections(&two.all_pass),
        }
    }

    /// Low, mid and high of the next sample.
    pub(crate) fn split(&mut self, x: f64) -> [f64; 3] {
        let through = |list: &mut [Section], x: f64| list.iter_mut().fold(x, |x, s| s.step(x));
        let upper = through(&mut self.high[0], x);
        let lower = through(&mut self.low[0], x);
        [
            through(&mut self.all_pass, lower),
            through(&mut self.low[1], upper),
            through(&mut self.high[1], upper),
        ]
    }

    fn run(&mut self, input: &[f32], low: &mut [f32], mid: &mut [f32], high: &mut [f32]) {
        for (n, &x) in input.iter().enumerate() {
            [low[n], mid[n], high[n]] = self.split(f64::from(x)).map(|x| x as f32);
        }
    }
}

fn naive(trees: &mut [Tree], input: &[Vec<f32>], bands: &mut [Vec<f32>]) {
    let channels = trees.len();
    let (low, rest) = bands.split_at_mut(channels);
    let (mid, high) = rest.split_at_mut(channels);
    for (c, (tree, input)) in trees.iter_mut().zip(input).enumerate() {
        tree.run(input, &mut low[c], &mut mid[c], &mut high[c]);
    }
}

fn crossover_case(isa: Isa, title: &str, layout: Layout, block: usize) -> Case {
    let stream = Stream::with_isa(RATE_HZ, layout, isa).expect("48 kHz is in range");
    let (setup, channels) = (CrossoverSetup::default(), layout.channel_count());
    let params = CrossoverParams::new(&CROSSINGS_HZ).expect("two crossings");
    let mut ours = Crossover::new(setup, params, stream).expect("crossings in order");
    let crossings =
        CROSSINGS_HZ.map(|hz| linkwitz_riley(setup.slope, hz, RATE_HZ).expect("in range"));
    let mut trees = vec![Tree::new(&crossings); channels];

    let input = signals::noise(channels, block, -6.0);
    let mut bands = vec![vec![0.0; block]; BANDS * channels];
    let mut theirs = bands.clone();
    let from = Block::new(&input).expect("a layout's channels");
    ours.convert(from, BlockMut::new(&mut bands).expect("three bands")).expect("the shapes");
    naive(&mut trees, &input, &mut theirs);
    for (ours, theirs) in bands.iter().flatten().zip(theirs.iter().flatten()) {
        assert!((ours - theirs).abs() <= APART, "the bands differ: {ours} {theirs}");
    }
    let their_input = input.clone();
    let limit = Limit { must_ns: 40.6, stretch_ns: 20.0, quoted: "ffmpeg 40.6 with the sum" };
    Case {
        name: format!(
            "crossover, 3 bands, 24 dB/oct, {title}, {:?}, blocks of {block}",
            isa.level()
        ),
        units: block as u64,
        unit: "frame",
        ours: Box::new(move || {
            let from = Block::new(black_box(&input)).expect("a layout's channels");
            let to = BlockMut::new(&mut bands).expect("three bands");
            ours.convert(from, to).expect("the shapes");
            black_box(&bands);
        }),
        rivals: vec![Rival::new(
            "naive tree",
            move || {
                naive(&mut trees, black_box(&their_input), &mut theirs);
                black_box(&theirs);
            },
            Goal::NotSlower,
        )],
        limit: (layout == Layout::STEREO && isa == Isa::detect()).then_some(limit),
    }
}

/// The cases, each compared with the naive tree before it is returned.
///
/// # Panics
/// If a band differs.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for isa in levels() {
        for (title, layout) in [("stereo", Layout::STEREO), ("5.1", Layout::SURROUND_5_1)] {
            cases.extend(BLOCKS.map(|block| crossover_case(isa, title, layout, block)));
        }
    }
    cases
}
