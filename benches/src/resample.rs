//! Changes of the sample rate against `rubato`, and oversampling against the loops one would write
//! first.
//!
//! `rubato` is set to the figures of ours, or to the next better ones that it has, as measured by the
//! Fourier transform of its impulse responses in f64 (pass-band within 0.01 dB as a share of the lower
//! Nyquist frequency, aliases from there on):
//!
//! | quality | ours | `Fft`, window and input frames of a transform | figures at 44.1 to 48 kHz |
//! |---|---|---|---|
//! | Fast | 0.907, −100 dB in the pass-band | Blackman-Harris, 147 to 294 | 0.904, −105 dB |
//! | Standard | 0.907, −100 dB | the same | 0.904, −105 dB |
//! | Best | 0.907, −140 dB | squared Blackman-Harris, 294 to 588 | 0.923, −143 dB |
//!
//! Our FFT method waits for blocks as `Fft` does and is compared with that; its Fast is its Standard.
//! Our polyphase method has a latency of 0.7 to 2 ms at 44.1 kHz, as the sinc type has, and is compared
//! with that; the figure of `Fft` stands beside it for what waiting saves.
//!
//! The sinc type interpolates between points of a table by cubics; with 152 taps of Blackman-Harris
//! (Best: 256 of the squared window), longer where the rate falls, it reaches about the same. Before
//! anything is timed both sides resample a tone in the pass-band and, downwards, one above the new
//! Nyquist frequency: the first must come out as that tone at 0 dB, the second not at all.

use std::hint::black_box;

use audioadapter_buffers::direct::SequentialSliceOfVecs;
use mixcore::audio::Sample;
use mixcore::filters::design::WindowedSinc;
use mixcore::filters::{
    Oversampler, OversamplerSetup, Quality, Resampler, ResamplerMethod, ResamplerSetup,
};
use mixcore::kernels::Isa;
use mixcore::{Block, BlockMut, Layout, Stream, math};
use rubato::{Async, Fft, FixedAsync, FixedSync, SincInterpolationParameters, WindowFunction};

use crate::mix::levels;
use crate::{Case, Goal, RATE_HZ, Rival, Run, signals};

/// Rates that are timed.
const PAIRS: [(usize, usize); 3] = [(44_100, 48_000), (48_000, 44_100), (96_000, 48_000)];
/// Transforms, of `rubato`, in a block of input.
const TRANSFORMS: usize = 4;
/// Doublings of the timed oversampler: J, half width, β, as its documentation states them.
const HALF_BANDS: [(usize, f64, f64); 2] = [(36, 71.4, 10.4), (7, 14.8, 11.95)];
/// The naive loop sums in another order, in f32.
const OVERSAMPLED: f32 = 1e-5;

/// What takes a block and gives frames at another rate.
type Converter<S> = Box<dyn FnMut(&[Vec<S>], &mut [Vec<S>]) -> usize>;

/// What a pair of rates is done with.
#[derive(Clone, Copy)]
struct Way {
    from: usize,
    to: usize,
    channels: usize,
    quality: Quality,
    method: ResamplerMethod,
}

impl Way {
    /// Input frames of a transform of `rubato`, in which a whole number of output frames passes.
    fn transform(self) -> usize {
        let unit = match (self.from, self.to) {
            (44_100, _) => 147,
            (_, 44_100) => 160,
            _ => 294,
        };
        if self.quality == Quality::Best { 2 * unit } else { unit }
    }

    fn block(self) -> usize {
        TRANSFORMS * self.transform()
    }

    fn ours<S: Sample>(self, isa: Isa) -> Converter<S> {
        let layout = if self.channels == 1 { Layout::MONO } else { Layout::STEREO };
        let stream = Stream::with_isa(self.from as f64, layout, isa).expect("in range");
        let setup = ResamplerSetup {
            output_rate_hz: self.to as f64,
            quality: self.quality,
            method: self.method,
        };
        let mut resampler = Resampler::<S>::new(setup, stream).expect("a simple ratio");
        Box::new(move |input, output| {
            let input = Block::new(input).expect("channels");
            resampler.push(input, BlockMut::new(output).expect("channels")).expect("room")
        })
    }

    fn fft<S: Sample + rubato::Sample>(self) -> Converter<S> {
        let window = match self.quality {
            Quality::Best => WindowFunction::BlackmanHarris2,
            _ => WindowFunction::BlackmanHarris,
        };
        let fft = Fft::<S>::new_custom(
            self.from,
            self.to,
            self.block(),
            TRANSFORMS,
            self.channels,
            window,
            FixedSync::Input,
        );
        theirs(fft.expect("good rates"), self.channels)
    }

    fn sinc<S: Sample + rubato::Sample>(self) -> Converter<S> {
        let ratio = self.to as f64 / self.from as f64;
        let (taps, window) = match self.quality {
            Quality::Best => (256.0, WindowFunction::BlackmanHarris2),
            _ => (152.0, WindowFunction::BlackmanHarris),
        };
        let taps = (taps * (1.0 / ratio).max(1.0)).ceil() as usize;
        let setup = SincInterpolationParameters::new(taps, window).oversampling_factor(256);
        let sinc = Async::<S>::new_sinc(
            ratio,
            1.0,
            &setup,
            self.block(),
            self.channels,
            FixedAsync::Input,
        );
        theirs(sinc.expect("good rates"), self.channels)
    }
}

fn theirs<S: rubato::Sample + 'static>(
    mut resampler: impl rubato::Resampler<S> + 'static,
    channels: usize,
) -> Converter<S> {
    Box::new(move |input, output| {
        let frames = input[0].len();
        let room = output[0].len();
        let input = SequentialSliceOfVecs::new(input, channels, frames).expect("channels");
        let mut output = SequentialSliceOfVecs::new_mut(output, channels, room).expect("channels");
        resampler.process_into_buffer(&input, &mut output, None).expect("a whole block").1
    })
}

/// Level of what comes out of a tone of amplitude 1 that is the tone, and of what is not, dB.
fn tone<S: Sample>(way: Way, mut converter: Converter<S>, hz: f64) -> (f64, f64) {
    let (block, blocks) = (way.block(), 24_000 / way.block() + 4);
    let mut out: Vec<f64> = Vec::new();
    let mut output = vec![vec![S::zero(); 2 * block + 16]; way.channels];
    for index in 0..blocks {
        let input: Vec<S> = (index * block..(index + 1) * block)
            .map(|n| {
                S::from_f64(math::sin(math::PI * (2.0 * hz * n as f64 / way.from as f64 + 0.3)))
            })
            .collect();
        let frames = converter(&vec![input; way.channels], &mut output);
        out.extend(output[way.channels - 1][..frames].iter().map(|x| x.as_f64()));
    }
    // From where all of them have their start behind them.
    let steady = &out[4000..];
    let angle = |n: usize| 2.0 * math::PI * hz * n as f64 / way.to as f64;
    // Least squares for a·sin + b·cos.
    let (mut ss, mut sc, mut cc, mut sx, mut cx) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, x) in steady.iter().enumerate() {
        let (s, c) = (math::sin(angle(n)), math::cos(angle(n)));
        (ss, sc, cc, sx, cx) = (ss + s * s, sc + s * c, cc + c * c, sx + s * x, cx + c * x);
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((sx * cc - cx * sc) / determinant, (cx * ss - sx * sc) / determinant);
    let rest = steady
        .iter()
        .enumerate()
        .map(|(n, x)| x - a * math::sin(angle(n)) - b * math::cos(angle(n)))
        .fold(0.0, |peak: f64, x| peak.max(x.abs()));
    (20.0 * math::log10(math::hypot(a, b)), 20.0 * math::log10(rest.max(1e-30)))
}

/// Panics if a converter does not do what is stated for it.
fn check<S: Sample>(what: &str, way: Way, exact: bool, converter: impl Fn() -> Converter<S>) {
    /// The pass-band's ripple.
    const RIPPLE_DB: f64 = 0.011;
    /// What is left beside a tone: aliases, and f32's rounding. The interpolation of the sinc type, which
    /// is not `exact`, adds its own.
    const REST_DB: f64 = -98.0;
    /// As far as the least squares for the tone tell.
    const FIT_DB: f64 = 2.0;
    let rest_bound_db =
        if exact && size_of::<S>() == 8 { FIT_DB - way.quality.rejection_db() } else { REST_DB };
    for hz in [997.0, 0.45 * way.from.min(way.to) as f64 - 500.0] {
        let (level_db, rest_db) = tone(way, converter(), hz);
        assert!(level_db.abs() < RIPPLE_DB, "{what}: {hz} Hz at {level_db} dB");
        assert!(rest_db < rest_bound_db, "{what}: {rest_db} dB beside {hz} Hz");
    }
    if way.from > way.to {
        // 1.1 of the new Nyquist frequency: in the stop-band of every quality.
        let hz = 0.55 * way.to as f64;
        if 2.0 * hz < way.from as f64 {
            let (_, rest_db) = tone(way, converter(), hz);
            assert!(rest_db < rest_bound_db, "{what}: {hz} Hz leaves {rest_db} dB");
        }
    }
}

fn run<S: Sample>(mut converter: Converter<S>, input: &[Vec<S>]) -> Run {
    let input = input.to_vec();
    let mut output = vec![vec![S::zero(); 2 * input[0].len() + 16]; input.len()];
    Box::new(move || {
        black_box(converter(black_box(&input), &mut output));
        black_box(&output);
    })
}

/// The method that waits for a block against the rival's, the one that does not against its sinc
/// type.
fn rate<S: Sample + rubato::Sample>(way: Way, isa: Isa) -> Case {
    let best = isa == Isa::detect();
    let fft = way.method == ResamplerMethod::Fft;
    check("ours", way, true, || way.ours::<S>(isa));
    if best {
        check("rubato Fft", way, true, || way.fft::<S>());
        check("rubato sinc", way, false, || way.sinc::<S>());
    }
    let block = way.block();
    let input: Vec<Vec<S>> = signals::noise(way.channels, block, 0.0)
        .iter()
        .map(|channel| channel.iter().map(|&x| <S as Sample>::from_f64(f64::from(x))).collect())
        .collect();
    let goal = |meant: bool| if best && meant { Goal::Ratio(1.0, 2.0) } else { Goal::None };
    let mut rivals = vec![Rival::new("rubato 5 Fft", run(way.fft::<S>(), &input), goal(fft))];
    if best && !fft {
        rivals.push(Rival::new("rubato 5 sinc", run(way.sinc::<S>(), &input), goal(true)));
    }
    Case {
        name: format!(
            "{} to {} Hz, {:?}, {:?}, {}, f{}, {:?}, blocks of {block}",
            way.from,
            way.to,
            way.method,
            way.quality,
            if way.channels == 1 { "mono" } else { "stereo" },
            8 * size_of::<S>(),
            isa.level()
        ),
        units: (block * way.to / way.from * way.channels) as u64,
        unit: "sample of output",
        ours: run(way.ours::<S>(isa), &input),
        rivals,
        limit: None,
    }
}

/// A half-band filter's taps, the outermost first, and the samples before a block.
struct Naive {
    taps: Vec<f32>,
    up: Vec<f32>,
    down: Vec<f32>,
}

impl Naive {
    fn new((half, half_width, beta): (usize, f64, f64)) -> Self {
        let low_pass = WindowedSinc::new(0.25, half_width, beta).expect("a low-pass");
        let odd: Vec<f64> = (0..half).rev().map(|k| low_pass.at((2 * k + 1) as f64)).collect();
        let sum: f64 = odd.iter().sum();
        let taps = odd.iter().map(|tap| (0.5 * tap / sum) as f32).collect();
        Self { taps, up: vec![0.0; 2 * half - 1], down: vec![0.0; 4 * half - 1] }
    }

    fn double(&mut self, input: &[f32], output: &mut Vec<f32>) {
        let half = self.taps.len();
        self.up.extend_from_slice(input);
        output.clear();
        for window in self.up.windows(2 * half) {
            let mut sum = 0.0;
            for (k, tap) in self.taps.iter().enumerate() {
                sum += (window[k] + window[2 * half - 1 - k]) * tap;
            }
            output.extend([sum, window[half]]);
        }
        self.up.drain(..input.len());
    }

    /// `second`: the centre is the second of a pair.
    fn halve(&mut self, input: &[f32], second: bool, output: &mut Vec<f32>) {
        let half = self.taps.len();
        self.down.extend_from_slice(input);
        output.clear();
        // Windows of 2J pairs; one sample more stands before the first.
        for pairs in self.down[1..].windows(4 * half).step_by(2) {
            let mut sum = 0.0;
            for (k, tap) in self.taps.iter().enumerate() {
                let (a, b) = (2 * k, 2 * (2 * half - 1 - k));
                let place = usize::from(!second);
                sum += (pairs[a + place] + pairs[b + place]) * tap;
            }
            let centre = if second { pairs[2 * half - 1] } else { pairs[2 * half] };
            output.push(0.5 * (sum + centre));
        }
        self.down.drain(..input.len());
    }
}

/// Up by four and down again, nothing in between.
fn oversampler(isa: Isa, block: usize) -> Case {
    let stream = Stream::with_isa(RATE_HZ, Layout::MONO, isa).expect("in range");
    let setup = OversamplerSetup::new(4, block);
    let mut over = Oversampler::<f32>::new(setup, stream).expect("four times");
    let input = signals::noise(1, block, 0.0).remove(0);
    let mut stages = HALF_BANDS.map(Naive::new);
    let mut work = [Vec::new(), Vec::new()];
    let mut naive = move |input: &[f32], output: &mut Vec<f32>| {
        let [first, second] = &mut stages;
        let [a, b] = &mut work;
        first.double(input, a);
        second.double(a, b);
        second.halve(b, true, a);
        first.halve(a, false, output);
    };

    let mut ours = vec![0.0; block];
    let mut loops = Vec::new();
    for _ in 0..2 {
        over.up(Block::mono(&input)).expect("a block");
        over.down(BlockMut::mono(&mut ours)).expect("the same");
        naive(&input, &mut loops);
        let apart = ours.iter().zip(&loops).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(ours.len() == loops.len() && apart < OVERSAMPLED, "the loops differ by {apart}");
    }
    let theirs = input.clone();
    let goal = if isa == Isa::detect() { Goal::None } else { Goal::NotSlower };
    let mut fft_up = rubato_ways(block, isa);
    let mut rivals = vec![Rival::new(
        "naive loop",
        move || {
            naive(black_box(&theirs), &mut loops);
            black_box(&loops);
        },
        goal,
    )];
    rivals.extend(fft_up.take().map(|run| Rival::new("rubato 5 Fft", run, Goal::None)));
    Case {
        name: format!("up by 4 and down, mono, f32, {:?}, blocks of {block}", isa.level()),
        units: block as u64,
        unit: "sample of input",
        ours: Box::new(move || {
            over.up(black_box(Block::mono(&input))).expect("a block");
            over.down(BlockMut::mono(&mut ours)).expect("the same");
            black_box(&ours);
        }),
        rivals,
        limit: None,
    }
}

/// Up by four and down again by `rubato`, whose filters are steeper: they let nothing fold. At the
/// best level only, because it takes what the CPU has.
fn rubato_ways(block: usize, isa: Isa) -> Option<Run> {
    if isa != Isa::detect() {
        return None;
    }
    let rate = RATE_HZ as usize;
    let window = WindowFunction::BlackmanHarris;
    // Transforms whose number in a block is whole.
    let sub_blocks = block / if block.is_multiple_of(160) { 160 } else { 128 };
    let make = |from, to, chunk| {
        Fft::<f32>::new_custom(from, to, chunk, sub_blocks, 1, window, FixedSync::Input)
            .expect("good rates")
    };
    let mut up = theirs(make(rate, 4 * rate, block), 1);
    let mut down = theirs(make(4 * rate, rate, 4 * block), 1);
    let input = signals::noise(1, block, 0.0);
    let mut high = vec![vec![0.0; 4 * block]];
    let mut low = vec![vec![0.0; block + 160]];
    Some(Box::new(move || {
        up(black_box(&input), &mut high);
        down(&high, &mut low);
        black_box(&low);
    }))
}

/// Every case, one after the other: each is checked when its turn comes.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for isa in levels() {
        for (from, to) in PAIRS {
            for channels in [2, 1] {
                for (method, quality) in [
                    (ResamplerMethod::Fft, Quality::Standard),
                    (ResamplerMethod::Fft, Quality::Best),
                    (ResamplerMethod::Polyphase, Quality::Fast),
                    (ResamplerMethod::Polyphase, Quality::Standard),
                    (ResamplerMethod::Polyphase, Quality::Best),
                ] {
                    let way = Way { from, to, channels, quality, method };
                    cases.push(rate::<f32>(way, isa));
                    if isa == Isa::detect() {
                        cases.push(rate::<f64>(way, isa));
                    }
                }
            }
        }
        for block in [480, 4096] {
            cases.push(oversampler(isa, block));
        }
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loops_agree_with_the_oversampler_and_the_rates_with_the_rival() {
        oversampler(Isa::detect(), 480);
        for method in [ResamplerMethod::Polyphase, ResamplerMethod::Fft] {
            let quality = Quality::Standard;
            let way = Way { from: 44_100, to: 48_000, channels: 1, quality, method };
            rate::<f32>(way, Isa::detect());
        }
    }
}
