//! Dynamics as one writes them down first: frame by frame, in f64, with log10 and powf, from the same
//! definitions as ours, so that results can be compared before anything is timed.

use mixcore::dynamics::{
    DeEsserParams, DynamicEqBand, GateParams, MultibandBand, TransientShaperParams,
};
use mixcore::filters::design::{
    CrossoverSlope, LinkwitzRiley, Method, Shape, linkwitz_riley, second_order,
};

use crate::RATE_HZ;
use crate::crossover::{Section, Tree};

/// What all have in common: a piece of some channels, in place.
pub(crate) type Side = Box<dyn FnMut(&mut [Vec<f32>], usize)>;

fn pole(ms: f64) -> f64 {
    (-1000.0 / (ms * RATE_HZ)).exp()
}

fn level_db(amplitude: f64) -> f64 {
    20.0 * amplitude.max(1e-12).log10()
}

fn gain(db: f64) -> f64 {
    10.0_f64.powf(db / 20.0)
}

fn peak(io: &[Vec<f32>], n: usize) -> f64 {
    io.iter().fold(0.0, |peak, channel| f64::max(peak, f64::from(channel[n].abs())))
}

/// How far `d` lies above 0, with a knee.
fn over(d: f64, knee: f64) -> f64 {
    if 2.0 * d < -knee {
        0.0
    } else if 2.0 * d <= knee && knee > 0.0 {
        (d + knee / 2.0).powi(2) / (2.0 * knee)
    } else {
        d.max(0.0)
    }
}

/// A reduction that grows from the threshold on, up to a range with a knee of its own.
fn reduction(d: f64, [ratio, knee, range]: [f64; 3]) -> f64 {
    let slope = 1.0 - 1.0 / ratio;
    let r = slope * over(d, knee);
    r - over(r - range, (slope * knee).min(2.0 * range))
}

/// A branching follower of a reduction.
struct Follower {
    attack: f64,
    release: f64,
    y: f64,
}

impl Follower {
    fn new(attack_ms: f64, release_ms: f64) -> Self {
        Self { attack: pole(attack_ms), release: pole(release_ms), y: 0.0 }
    }

    fn step(&mut self, wanted: f64) -> f64 {
        let pole = if wanted > self.y { self.attack } else { self.release };
        self.y = pole * self.y + (1.0 - pole) * wanted;
        self.y
    }
}

/// The mean square of a window, with a running sum (which drifts; ours does not).
struct Window {
    ring: Vec<f64>,
    at: usize,
    sum: f64,
}

impl Window {
    fn new(ms: f64) -> Self {
        Self { ring: vec![0.0; (ms * 1e-3 * RATE_HZ) as usize], at: 0, sum: 0.0 }
    }

    fn step(&mut self, x: f64) -> f64 {
        self.sum += x * x - self.ring[self.at];
        self.ring[self.at] = x * x;
        self.at = (self.at + 1) % self.ring.len();
        self.sum.max(0.0) / self.ring.len() as f64
    }
}

/// A gate with hysteresis and hold, its channels linked, without a knee.
pub(crate) fn gate(params: GateParams) -> Side {
    assert!(params.knee_db == 0.0, "the textbook has no knee");
    // A reduction that rises closes.
    let mut follower = Follower::new(params.release_ms, params.attack_ms);
    let hold = (params.hold_ms * 1e-3 * RATE_HZ) as usize;
    let (mut open, mut held) = (false, 0);
    Box::new(move |io, frames| {
        for n in 0..frames {
            let level = level_db(peak(io, n));
            let closes = params.threshold_dbfs - params.hysteresis_db;
            if level > params.threshold_dbfs || (open && level >= closes) {
                (open, held) = (true, hold);
            } else if held > 0 {
                held -= 1;
            } else {
                open = false;
            }
            let below = (params.threshold_dbfs - level).max(0.0) * (params.ratio - 1.0);
            let wanted = if open { 0.0 } else { below.min(params.range_db) };
            let gain = gain(-follower.step(wanted)) as f32;
            io.iter_mut().for_each(|channel| channel[n] *= gain);
        }
    })
}

/// A transient shaper, its channels linked.
pub(crate) fn transient_shaper(params: TransientShaperParams) -> Side {
    let floor = gain(params.floor_dbfs);
    let piece = (10e-3 * RATE_HZ) as usize;
    let times = [(1.0, 20.0), (params.attack_ms, 20.0), (1.0, params.sustain_ms)];
    let poles = times.map(|(attack, release)| (pole(attack), pole(release)));
    let (mut followers, mut before, mut now, mut at) = ([floor; 3], 0.0_f64, 0.0_f64, 0);
    Box::new(move |io, frames| {
        for n in 0..frames {
            if at % piece == 0 {
                (before, now) = (now, 0.0);
            }
            at += 1;
            now = now.max(peak(io, n).max(floor));
            let e = now.max(before);
            for (y, (attack, release)) in followers.iter_mut().zip(poles) {
                let pole = if e > *y { attack } else { release };
                *y = e + (*y - e) * pole;
            }
            let [quick, slow, tail] = followers.map(level_db);
            let onset = params.attack_percent * 1e-2 * (quick - slow).max(0.0);
            let sustain = params.sustain_percent * 1e-2 * (tail - quick).max(0.0);
            let moved = (onset + sustain).clamp(-params.range_db, params.range_db);
            let gain = gain(moved) as f32;
            io.iter_mut().for_each(|channel| channel[n] *= gain);
        }
    })
}

/// A hard clipper with first-order antiderivative anti-aliasing of what it takes away, a frame late.
pub(crate) fn hard_clipper(drive_db: f64, ceiling: f64, channels: usize) -> Side {
    let drive = gain(drive_db);
    let mut states = vec![(0.0_f64, 0.0_f64); channels];
    Box::new(move |io, frames| {
        for (channel, (before, excess)) in io.iter_mut().zip(&mut states) {
            for x in &mut channel[..frames] {
                let y = f64::from(*x) * drive;
                let beyond = |x: f64| (x.abs() - ceiling).max(0.0);
                let step = y - *before;
                let mean = if step.abs() < 1e-6 {
                    let middle = 0.5 * (y + *before);
                    beyond(middle).copysign(middle)
                } else {
                    0.5 * (beyond(y).powi(2) - beyond(*before).powi(2)) / step
                };
                let taken = 0.5 * (*excess + mean);
                *x = (*before - taken) as f32;
                (*before, *excess) = (y, mean);
            }
        }
    })
}

fn crossing(hz: f64) -> LinkwitzRiley {
    linkwitz_riley(CrossoverSlope::Db24, hz, RATE_HZ).expect("in range")
}

/// A compressor of three bands, each with its channels linked.
pub(crate) fn multiband(band: MultibandBand, crossings_hz: [f64; 2], channels: usize) -> Side {
    let crossings = crossings_hz.map(crossing);
    let mut trees = vec![Tree::new(&crossings); channels];
    let mut followers = [0; 3].map(|_| Follower::new(band.attack_ms, band.release_ms));
    let mut bands = vec![[0.0; 3]; channels];
    Box::new(move |io, frames| {
        for n in 0..frames {
            for ((bands, tree), channel) in bands.iter_mut().zip(&mut trees).zip(io.iter()) {
                *bands = tree.split(f64::from(channel[n]));
            }
            let gains: [f64; 3] = std::array::from_fn(|index| {
                let peak = bands.iter().fold(0.0, |peak, bands| f64::max(peak, bands[index].abs()));
                let over = level_db(peak) - band.threshold_dbfs;
                let wanted = reduction(over, [band.ratio, band.knee_db, band.range_db]);
                gain(-followers[index].step(wanted))
            });
            for (channel, bands) in io.iter_mut().zip(&bands) {
                channel[n] = bands.iter().zip(gains).map(|(x, gain)| x * gain).sum::<f64>() as f32;
            }
        }
    })
}

/// A split de-esser without look-ahead, its channels linked.
pub(crate) fn deesser(params: DeEsserParams, window_ms: f64, channels: usize) -> Side {
    let halves = crossing(params.hz);
    let sections = |list: &[_]| list.iter().map(|&c| Section::new(c)).collect::<Vec<_>>();
    let mut filters: Vec<_> =
        (0..channels).map(|_| [&halves.high[..], &halves.low].map(sections)).collect();
    let mut windows: Vec<_> =
        (0..channels).map(|_| [Window::new(window_ms), Window::new(window_ms)]).collect();
    let mut follower = Follower::new(params.attack_ms, params.release_ms);
    let mut halves = vec![[0.0; 2]; channels];
    let through = |list: &mut [Section], x: f64| list.iter_mut().fold(x, |x, s| s.step(x));
    Box::new(move |io, frames| {
        for n in 0..frames {
            let mut most = [0.0_f64; 2];
            for (((halves, filters), windows), channel) in
                halves.iter_mut().zip(&mut filters).zip(&mut windows).zip(io.iter())
            {
                let x = f64::from(channel[n]);
                let [high, low] = filters;
                *halves = [through(high, x), through(low, x)];
                let [sibilants, whole] = windows;
                most[0] = most[0].max(sibilants.step(halves[0]));
                most[1] = most[1].max(whole.step(x));
            }
            let [sibilants, whole] = most.map(|power| 10.0 * power.max(1e-20).log10());
            let d = (sibilants - whole - params.threshold_db).min(sibilants - params.floor_dbfs);
            let wanted = reduction(d, [params.ratio, params.knee_db, params.range_db]);
            let gain = gain(-follower.step(wanted));
            for (channel, [high, low]) in io.iter_mut().zip(&halves) {
                channel[n] = (low + gain * high) as f32;
            }
        }
    })
}

/// A dynamic bell that turns down, its channels linked: a state-variable filter designed at every frame.
pub(crate) fn dynamic_bell(band: DynamicEqBand, window_ms: f64, channels: usize) -> Side {
    let pass = second_order(Method::Cookbook, Shape::BandPass, band.hz, band.q, 0.0, RATE_HZ);
    let pass = pass.expect("in range");
    let mut filters: Vec<_> = (0..channels).map(|_| Section::new(pass)).collect();
    let mut windows: Vec<_> = (0..channels).map(|_| Window::new(window_ms)).collect();
    let mut states = vec![[0.0_f64; 2]; channels];
    let mut follower = Follower::new(band.attack_ms, band.release_ms);
    let g = (std::f64::consts::PI * band.hz / RATE_HZ).tan();
    Box::new(move |io, frames| {
        for n in 0..frames {
            let mut most = 0.0_f64;
            for ((filter, window), channel) in filters.iter_mut().zip(&mut windows).zip(io.iter()) {
                most = most.max(window.step(filter.step(f64::from(channel[n]))));
            }
            let d = 10.0 * most.max(1e-20).log10() - band.threshold_dbfs;
            let wanted = reduction(d, [band.ratio, band.knee_db, -band.range_db]);
            let a = 10.0_f64.powf(-follower.step(wanted) / 40.0);
            let k = 1.0 / (band.q * a);
            let a1 = 1.0 / (1.0 + g * (g + k));
            let m1 = k * (a * a - 1.0);
            for (channel, [s1, s2]) in io.iter_mut().zip(&mut states) {
                let x = f64::from(channel[n]);
                let v3 = x - *s2;
                let v1 = a1 * (*s1 + g * v3);
                let v2 = *s2 + g * v1;
                (*s1, *s2) = (2.0 * v1 - *s1, 2.0 * v2 - *s2);
                channel[n] = (x + m1 * v1) as f32;
            }
        }
    })
}
