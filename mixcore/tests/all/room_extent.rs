//! Where the size of a source in the room jumps: BS.2127's formula, its conditions in a literal form,
//! and that nothing else jumps.
//!
//! The formula of clause 7.3.11 has three conditions that change a gain at once. Everything is
//! followed in steps of 0.01 of place or size, or of a degree; where a condition changes its answer
//! within a step, the place is found and the jump measured; where none does, the step shrinks with its
//! way.

use std::f64::consts::PI;

use mixcore::Layout;
use mixcore::spatial::{Allocentric, Divergence, Extent, ObjectPlace};

/// Largest jumps of a gain, as the docs of `Allocentric::sized_gains` say them: at the border of µ, at
/// the floor of 10^-6.5, and between no size and the least one.
const JUMPS: [f64; 3] = [0.146, 0.311, 0.082];
/// Largest step of a gain without a jump, for 0.01 of place or size.
const STEEPEST: f64 = 0.434;
/// Likewise for a degree round the listener.
const PER_DEGREE: f64 = 0.182;

/// A place and a size.
type Source = ([f64; 3], [f64; 3]);

/// BS.2127's formula as far as its conditions go, transcribed.
struct Room {
    room: Allocentric,
    /// What each loudspeaker has of the virtual sources along x, y and z, weighted along z.
    shares: Vec<[Vec<f64>; 3]>,
    /// Lowest virtual source, and how many there are along z.
    low: f64,
    count: usize,
    /// Axes along which loudspeakers differ: how many, and the last one of them.
    dimensions: usize,
    span: usize,
}

/// Answers: no size at all; µ near or far for x, y and z; floors of every channel.
#[derive(Clone, Debug, PartialEq)]
struct Answers {
    point: bool,
    far: [bool; 3],
    floors: Vec<u8>,
}

/// Virtual sources along an axis.
fn sources(axis: usize, low: f64, count: usize) -> impl Iterator<Item = f64> {
    let (low, count) = if axis == 2 { (low, count) } else { (-1.0, 40) };
    (0..count).map(move |n| low + (1.0 - low) * n as f64 / (count - 1) as f64)
}

/// The share of a coordinate that a loudspeaker has among its neighbours.
fn share(at: f64, all: impl Iterator<Item = f64> + Clone, value: f64) -> f64 {
    let (lowest, highest) = (all.clone().fold(9.0, f64::min), all.clone().fold(-9.0, f64::max));
    let value = value.clamp(lowest, highest);
    let low = all.clone().filter(|&c| c <= value).fold(-9.0, f64::max);
    let high = all.filter(|&c| c >= value).fold(9.0, f64::min);
    if at != low && at != high {
        return 0.0;
    }
    if low == high {
        return 1.0;
    }
    let angle = (value - low) / (high - low) * PI * 0.5;
    if at == low { angle.cos() } else { angle.sin() }
}

fn scaled(size: f64) -> f64 {
    let points = [(0.0, 0.0), (0.2, 0.3), (0.5, 1.0), (0.75, 1.8), (1.0, 2.8)];
    let pair = points.windows(2).find(|pair| size <= pair[1].0);
    pair.map_or(2.8, |pair| {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        y0 + (y1 - y0) * ((size - x0) / (x1 - x0))
    })
}

impl Room {
    fn new(layout: Layout) -> Self {
        let room = Allocentric::new(layout);
        let channels = 0..layout.channel_count();
        let places: Vec<[f64; 3]> = channels.filter_map(|channel| room.place(channel)).collect();
        let differ = [0, 1, 2].map(|axis| places.iter().any(|p| p[axis] != places[0][axis]));
        let mut layers: Vec<f64> = places.iter().map(|place| place[2]).collect();
        layers.sort_by(f64::total_cmp);
        layers.dedup();
        let (low, count) = if layers.len() >= 3 { (-1.0, 40) } else { (0.0, 20) };
        let dimensions = differ.iter().filter(|differs| **differs).count().max(1);
        let span = differ.iter().rposition(|differs| *differs).unwrap_or(0);
        let mut shares = Vec::new();
        for mine in &places {
            shares.push(core::array::from_fn(|axis| {
                let row = |other: &&[f64; 3]| {
                    (axis == 2 || other[2] == mine[2]) && (axis != 0 || other[1] == mine[1])
                };
                let all = places.iter().filter(row).map(|other| other[axis]);
                let at = sources(axis, low, count);
                let z = |at: f64| if axis == 2 { (at * PI * 3.0 / 7.0).cos() } else { 1.0 };
                at.map(|at| share(mine[axis], all.clone(), at) * z(at)).collect()
            }));
        }
        Self { room, shares, low, count, dimensions, span }
    }

    fn gains(&self, (place, size): Source) -> Vec<f64> {
        self.room.sized_gains(place, size).unwrap().to_vec()
    }

    fn answers(&self, (place, size): Source) -> Answers {
        let at = [place[0], place[1], place[2].max(self.low)];
        let counts = [40, 40, self.count];
        let sizes: [f64; 3] =
            core::array::from_fn(|axis| scaled(size[axis]).max(2.0 / (counts[axis] - 1) as f64));
        let mut sorted = sizes;
        sorted[..=self.span].sort_by(f64::total_cmp);
        let effective = match self.span {
            0 => sizes[0],
            1 => 0.75 * sorted[1] + 0.25 * sorted[0],
            _ => (6.0 * sorted[2] + 2.0 * sorted[1] + sorted[0]) / 9.0,
        };
        let p = if effective <= 0.5 { 6.0 } else { 6.0 - 4.0 * (effective - 0.5) / 2.3 };
        let walls = at.iter().take(self.dimensions).map(|c| (c + 1.0).min(1.0 - c));
        let wall = walls.fold(f64::INFINITY, f64::min);
        let far = core::array::from_fn(|axis| {
            axis < self.dimensions && wall >= 0.4 && wall >= 2.0 * sizes[axis]
        });
        // 10^(−p·min((1.5·Δ/reach)⁴, 6.5)) of every virtual source.
        let falls: [Vec<f64>; 3] = core::array::from_fn(|axis| {
            let reach = if axis == 2 { sizes[2] } else { 2.0 * sizes[axis] };
            let fall = |source: f64| (1.5 * (source - at[axis]) / reach).powi(4).min(6.5);
            let sources = sources(axis, self.low, self.count);
            sources.map(|source| 10_f64.powf(-p * fall(source))).collect()
        });
        let power = |share: f64| if p == 6.0 { share.powi(6) } else { share.max(0.0).powf(p) };
        let floor = |(share, falls): (&Vec<f64>, &Vec<f64>)| {
            let sum: f64 = share.iter().zip(falls).map(|(share, fall)| power(*share) * fall).sum();
            sum < 10_f64.powf(-6.5)
        };
        let floors = self.shares.iter().map(|shares| {
            let floors = shares.iter().zip(&falls).map(floor);
            floors.zip(0..).map(|(floor, axis)| u8::from(floor) << axis).sum()
        });
        Answers { point: size == [0.0; 3], far, floors: floors.collect() }
    }
}

fn step(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn middle((a, b): (Source, Source)) -> Source {
    let mean = |a: [f64; 3], b: [f64; 3]| core::array::from_fn(|n| (a[n] + b[n]) * 0.5);
    (mean(a.0, b.0), mean(a.1, b.1))
}

/// The largest of what was found, with where.
#[derive(Debug, Default)]
struct Found {
    jumps: [(f64, Source); 3],
    counts: [usize; 3],
    steepest: (f64, Source),
}

impl Found {
    /// The larger of both.
    fn take(&mut self, other: Self) {
        for (mine, other) in self.jumps.iter_mut().zip(other.jumps) {
            if other.0 > mine.0 {
                *mine = other;
            }
        }
        for (mine, other) in self.counts.iter_mut().zip(other.counts) {
            *mine += other;
        }
        if other.steepest.0 > self.steepest.0 {
            self.steepest = other.steepest;
        }
    }

    /// Goes along a way and measures what happens between neighbours.
    fn follow(&mut self, room: &Room, way: impl Iterator<Item = Source>) {
        let mut before: Option<(Source, Vec<f64>, Answers)> = None;
        for here in way {
            let (gains, answers) = (room.gains(here), room.answers(here));
            if let Some((last, old, was)) = &before {
                if *was == answers {
                    self.smooth(room, (*last, here), step(old, &gains));
                } else {
                    self.jump(room, (*last, here), was);
                }
            }
            before = Some((here, gains, answers));
        }
    }

    /// No condition changed: what is left of a large step must shrink with its way.
    fn smooth(&mut self, room: &Room, (mut a, mut b): (Source, Source), whole: f64) {
        /// Of a step of 0.01 after 26 halvings, 1.5e-10: at a wall gains rise with the root of the way
        /// from it (µ is its cube, of which the p-th root is taken, p being up to 6), at some 3·√way.
        const LEFT: f64 = 1e-4;
        if whole > self.steepest.0 {
            self.steepest = (whole, a);
        }
        if whole < 0.02 {
            return;
        }
        let from = a;
        for _ in 0..26 {
            let here = middle((a, b));
            let [one, mid, two] = [a, here, b].map(|source| room.gains(source));
            if step(&one, &mid) > step(&mid, &two) { b = here } else { a = here }
        }
        let left = step(&room.gains(a), &room.gains(b));
        let same = room.answers(a) == room.answers(b);
        assert!(!same || left <= LEFT, "a jump of {left} where no condition changes: {from:?}");
    }

    /// Finds where a condition changes, and how far the gains jump there.
    fn jump(&mut self, room: &Room, (mut a, mut b): (Source, Source), was: &Answers) {
        for _ in 0..30 {
            let here = middle((a, b));
            if room.answers(here) == *was { a = here } else { b = here }
        }
        let (one, two) = (room.answers(a), room.answers(b));
        let kind = match () {
            () if one.point != two.point => 2,
            () if one.far != two.far => 0,
            () => 1,
        };
        let jump = step(&room.gains(a), &room.gains(b));
        self.counts[kind] += 1;
        if jump > self.jumps[kind].0 {
            self.jumps[kind] = (jump, a);
        }
    }
}

fn long() -> bool {
    std::env::var_os("MIXCORE_LONG").is_some()
}

/// Places in the room that a way leads through, and the size on it. The first five are where a search
/// of some 30,000 random ways found the largest jumps and steps.
type Way = (fn(f64) -> [f64; 3], [f64; 3]);
const WAYS: [Way; 13] = [
    (|t| [1.0, -1.0, t], [0.2207, 0.0, 0.0]),
    (|t| [t, -t, -1.0], [0.0, 0.0627, 1.0]),
    (|t| [t, t, 1.0], [0.0, 0.0348, 1.0]),
    (|t| [t, -t, t], [0.3, 0.1, 0.0]),
    (|t| [0.55, t, 0.1], [1.0, 0.0, 0.0]),
    (|t| [t, -0.9, 0.8], [0.2; 3]),
    (|t| [t, 0.3, 1.0], [0.0, 0.3, 0.6]),
    (|t| [0.0, t, 0.0], [0.05; 3]),
    (|t| [-0.9, 0.8, t], [0.5; 3]),
    (|t| [t, -t, t], [1.0; 3]),
    (|t| [t, 0.1, 0.3], [0.1, 0.4, 0.1]),
    (|t| [0.0, 0.0, t], [0.4, 0.4, 0.2]),
    (|t| [0.2, t, -1.0], [0.01, 0.0, 0.0]),
];

/// A place at which a source grows, and its size at the end.
const GROWING: [([f64; 3], [f64; 3]); 4] = [
    ([1.0, 1.0, 0.883], [0.0, 0.0, 1.0]),
    ([-0.3, 0.1, 0.9], [1.0, 0.5, 0.2]),
    ([-0.59, 0.3, 0.2], [1.0, 1.0, 1.0]),
    ([0.0, 0.0, 0.0], [1.0, 0.0, 0.0]),
];

#[test]
fn a_size_in_the_room_jumps_at_three_conditions_of_bs_2127_and_nowhere_else() {
    let mut all = Found::default();
    let (ways, growing) = if long() { (13, 4) } else { (5, 2) };
    // A line, a plane, and rooms of two and three layers; with MIXCORE_LONG every layout.
    let some = ["3.0", "5.1", "3.1.2", "7.1.4", "4+5+1"];
    for layout in Layout::all().filter(|layout| long() || some.contains(&layout.name())) {
        let room = Room::new(layout);
        let mut found = Found::default();
        for (way, size) in WAYS.iter().take(ways) {
            let ticks = (0..=200).map(|n| f64::from(n) * 0.01 - 1.0);
            found.follow(&room, ticks.map(|t| (way(t), *size)));
        }
        for (place, end) in GROWING.iter().take(growing) {
            let sizes = (0..=100).map(|n| end.map(|end| end * f64::from(n) * 0.01));
            found.follow(&room, sizes.map(|size| (*place, size)));
        }
        println!("{layout}: {found:?}");
        all.take(found);
    }
    println!("all: {all:?}");
    // What the docs say is no more than what there is, and there is no more.
    for (found, said) in all.jumps.iter().zip(JUMPS) {
        assert!((found.0 - said).abs() <= 0.005, "{found:?}, said {said}");
    }
    assert!((all.steepest.0 - STEEPEST).abs() <= 0.005, "{:?}, said {STEEPEST}", all.steepest);
}

#[test]
fn a_sized_source_round_the_listener_is_no_steeper_than_said() {
    let mut worst = 0.0_f64;
    for layout in Layout::all() {
        let room = Room::new(layout);
        for (elevation_deg, size_deg) in [(0.0, 30.0), (20.0, 90.0), (45.0, 30.0)] {
            let mut before: Option<Vec<f64>> = None;
            for azimuth in -180_i16..=180 {
                let polar = ObjectPlace::Polar {
                    azimuth_deg: f64::from(azimuth),
                    elevation_deg,
                    distance: 1.0,
                    extent: Extent { width_deg: size_deg, height_deg: size_deg, depth: 0.0 },
                    divergence: Divergence::default(),
                };
                let ObjectPlace::Cartesian { place, size, .. } = polar.to_cartesian().unwrap()
                else {
                    unreachable!("in the room")
                };
                let gains = room.gains((place, size));
                if let Some(before) = &before {
                    worst = worst.max(step(before, &gains));
                }
                before = Some(gains);
            }
        }
    }
    println!("largest step for a degree: {worst}");
    assert!((worst - PER_DEGREE).abs() <= 0.005, "{worst}, said {PER_DEGREE}");
}
