//! The size of a source in the Cartesian room of ITU-R BS.2127.
//!
//! The room is filled with 40 x 40 x 20 virtual sources (40 layers where there are loudspeakers below
//! the listener). Each has a weight that falls with the fourth power of its distance, in sizes, from
//! the source: 10^−min((1.5·Δ/2s)⁴, 6.5) along x and y, 10^−min((1.5·Δ/s)⁴, 6.5)·cos(3πz/7) along z.
//! A loudspeaker gets (Σ (g·w)^p)^(1/p), where p falls from 6 to 2 as sources grow; walls that the
//! source touches count for themselves. Because gains and weights are products over the axes, the
//! triple sum is a product of three sums. Sources below 0.2 blend with the point.
//!
//! NOTE: BS.2127's gains jump where a condition of its formula changes its answer, and these with them:
//! a renderer that smoothed them would be another one. Each of them is asserted, and that there is no
//! other of 0.02 or more on the ways of the test (`tests/all/room_extent.rs`; every layout in the long set).
//! The largest steps of a gain that were found:
//! - 0.146, where µ, what the inside of the room counts beside its walls (clause 7.3.11.5), changes its
//!   law: the distance to the nearest wall passes the larger of 0.4 and 2s, and µ grows at once by the
//!   factor 1/s for each such axis, s being its scaled size, up to ½;
//! - 0.311 (in 4+5+1, which has three layers), where the sum of a loudspeaker along an axis falls below
//!   10^−6.5 and counts as 0: its sixth root, 0.083, is not little beside 1;
//! - 0.082, from no size, which is the point, to the least one, 2/39 of the room or 2/19 of its height.
//!
//! Elsewhere gains are continuous, though steep: at a wall they rise with the root of the way from it.
//! 0.01 of place or size moves a gain by up to 0.434; a degree round the listener, jumps and all, by up to
//! 0.182 with a size of 30° or 90°. In time
//! [`super::ObjectMixer`] and [`super::Panner`] go from gains to gains on ramps, so no jump is a click.
//!
//! Sources: ITU-R BS.2127-1, clause 7.3.11, "allocentric extent panner", as the EBU ADM Renderer 2.1.0
//! (BSD-3-Clause-Clear) holds it; gains of that program in the ten layouts of BS.2051, on both sides of
//! µ's border too, are the test. Clauses as libspatialaudio's sources cite them.
//! Cost: up to 100 powers per loudspeaker. Latency: none (a pure function).
//! Limits: as those of the point.

use super::PanGains;
use super::allocentric::{Allocentric, Spot};
use super::geometry::Vector;
use crate::error::Error;
use crate::math;

/// BS.2127: virtual sources along an axis.
const SOURCES: usize = 40;
/// BS.2127: -130 dB as an exponent.
const FLOOR: f64 = 6.5;
/// BS.2127: size below which the point is blended in.
const FADE: f64 = 0.2;

/// BS.2127's scale of sizes, at 0, 0.2, 0.5, 0.75 and 1.
fn scaled(size: f64) -> f64 {
    const POINTS: [(f64, f64); 5] = [(0.0, 0.0), (0.2, 0.3), (0.5, 1.0), (0.75, 1.8), (1.0, 2.8)];
    let size = size.min(1.0);
    for pair in POINTS.windows(2) {
        if let &[(x0, y0), (x1, y1)] = pair
            && size <= x1
        {
            return y0 + (y1 - y0) * ((size - x0) / (x1 - x0));
        }
    }
    2.8
}

/// One axis of the room: its virtual sources and their weights.
struct Axis {
    at: [f64; SOURCES],
    weight: [f64; SOURCES],
    count: usize,
}

impl Axis {
    fn new(low: f64, count: usize, weight: impl Fn(f64) -> f64) -> Self {
        let mut axis = Self { at: [0.0; SOURCES], weight: [0.0; SOURCES], count };
        for (n, (at, w)) in axis.at.iter_mut().zip(&mut axis.weight).take(count).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "40 at most")]
            let share = n as f64 / (count - 1) as f64;
            *at = if n + 1 == count { 1.0 } else { low + (1.0 - low) * share };
            *w = weight(*at);
        }
        axis
    }

    /// The sum over the axis, and what its first and its last source are of it.
    fn sums(&self, exponent: f64, gain: impl Fn(f64) -> f64) -> [f64; 3] {
        let mut sums = [0.0; 3];
        for (n, (&at, &weight)) in self.at.iter().zip(&self.weight).take(self.count).enumerate() {
            let gain = gain(at) * weight;
            if gain > 0.0 {
                let part = math::pow(gain, exponent);
                sums[0] += part;
                if n == 0 {
                    sums[1] = part;
                }
                if n + 1 == self.count {
                    sums[2] = part;
                }
            }
        }
        if sums[0] < math::exp10(-FLOOR) {
            sums[0] = 0.0;
        }
        sums
    }
}

impl Allocentric {
    /// The gains of a source of some size: one per channel, LFEs at 0, power 1.
    ///
    /// # Units and range
    /// Place as in [`Allocentric::gains`]; sizes along x, y and z, 0 to 2 (the room); from 1 on nothing
    /// grows. NOTE: the EBU ADM Renderer
    /// takes a block's width, height and depth for x, y and z, in this order.
    ///
    /// NOTE: as BS.2127 has it (clause 7.3.11), a gain jumps by up to 0.146 where the nearest wall is 0.4 or
    /// twice a scaled size away, by up to 0.311 where a loudspeaker begins to take part, and by up to 0.082
    /// between no size and the least one; for a source that moves smoothly by itself use
    /// [`super::PolarExtent`].
    ///
    /// # Errors
    /// A place beyond ±1e6, a size out of range, or a number that is not finite.
    pub fn sized_gains(&self, place: [f64; 3], size: [f64; 3]) -> Result<PanGains, Error> {
        for size in size {
            Error::check_range("size", size, 0.0, 2.0)?;
        }
        let point = self.gains(place)?;
        if size == [0.0; 3] {
            return Ok(point);
        }
        let [xo, yo, mut zo] = place.map(|coordinate| coordinate.clamp(-1.0, 1.0));
        let (layers, dimensions, span) = self.shape();
        let (low, count) = if layers >= 3 { (-1.0, SOURCES) } else { (0.0, SOURCES / 2) };
        zo = zo.max(low);
        #[expect(clippy::cast_precision_loss, reason = "40 at most")]
        let step = |count: usize| 2.0 / (count - 1) as f64;
        let sizes = [
            scaled(size[0]).max(step(SOURCES)),
            scaled(size[1]).max(step(SOURCES)),
            scaled(size[2]).max(step(count)),
        ];
        let effective = effective(sizes, span);
        let exponent = if effective <= 0.5 { 6.0 } else { 6.0 - 4.0 * ((effective - 0.5) / 2.3) };
        let fall = |way: f64, size: f64| math::exp10(-math::powi(1.5 * way / size, 4).min(FLOOR));
        let x = Axis::new(-1.0, SOURCES, |at| fall(at - xo, 2.0 * sizes[0]));
        let y = Axis::new(-1.0, SOURCES, |at| fall(at - yo, 2.0 * sizes[1]));
        let z = Axis::new(low, count, |at| {
            fall(at - zo, sizes[2]) * math::cos(at * math::PI * (3.0 / 7.0))
        });
        let channels = self.layout().channel_count();
        let (mut inside, mut walls) = (PanGains::silent(channels), PanGains::silent(channels));
        let mut centre = PanGains::silent(channels);
        for channel in 0..channels {
            let Some(spot) = self.spot(channel) else { continue };
            let [fx, left, right] = x.sums(exponent, |at| spot.x(self, at));
            let [fy, front, back] = y.sums(exponent, |at| spot.y(self, at));
            let [fz, floor, ceiling] = z.sums(exponent, |at| spot.z(self, at));
            let put = |gains: &mut PanGains, gain: f64| {
                if let Some(slot) = gains.gains.get_mut(channel) {
                    *slot = gain;
                }
            };
            put(&mut inside, fx * fy * fz);
            let bound = left * fy * fz
                + right * fy * fz
                + fx * front * fz
                + fx * back * fz
                + fx * fy * ceiling
                + fx * fy * floor;
            put(&mut walls, bound);
            put(&mut centre, spot.x(self, xo) * spot.y(self, yo) * spot.z(self, zo));
        }
        normalise(&mut inside);
        let share = share_inside(sizes, [xo, yo, zo], dimensions);
        let mut sized = PanGains::silent(channels);
        for ((to, wall), inside) in sized.gains.iter_mut().zip(walls.gains).zip(inside.gains) {
            let sum = wall + share * inside;
            *to = if sum > 0.0 { math::pow(sum, 1.0 / exponent) } else { 0.0 };
        }
        normalise(&mut sized);
        let (alpha, beta) = if effective < FADE {
            let angle = effective * math::PI / (FADE * 2.0);
            (math::cos(angle), math::sin(angle))
        } else {
            (0.0, 1.0)
        };
        for (to, point) in sized.gains.iter_mut().zip(centre.gains) {
            *to = alpha * point + beta * *to;
        }
        normalise(&mut sized);
        Ok(sized)
    }

    /// Layers of loudspeakers, how many axes they extend along, and what they span: 1 is a line from
    /// left to right, 2 a plane on one level, 3 anything else.
    fn shape(&self) -> (usize, usize, usize) {
        let mut first: Option<Vector> = None;
        let (mut differ, mut layers, mut count) = ([false; 3], [0.0; 3], 0);
        for place in (0..self.layout().channel_count()).filter_map(|channel| self.place(channel)) {
            let first = *first.get_or_insert(place);
            for (differ, (a, b)) in differ.iter_mut().zip(place.iter().zip(first)) {
                *differ |= *a != b;
            }
            if count < 3 && !layers[..count].contains(&place[2]) {
                layers[count] = place[2];
                count += 1;
            }
        }
        let span = match differ {
            [_, false, false] => 1,
            [_, true, false] => 2,
            [_, _, true] => 3,
        };
        (count, differ.iter().filter(|differ| **differ).count(), span)
    }

    /// The loudspeaker of a channel with its row and layer.
    fn spot(&self, channel: usize) -> Option<Spot> {
        self.place(channel).map(Spot)
    }
}

/// At power 1; silence stays silence.
fn normalise(gains: &mut PanGains) {
    let length = math::sqrt(gains.power());
    gains.scale(if length > 1e-16 { 1.0 / length } else { 0.0 });
}

/// BS.2127: one size for all axes, the largest one counting most.
fn effective(sizes: [f64; 3], span: usize) -> f64 {
    let [x, y, z] = sizes;
    let (high, low) = (x.max(y), x.min(y));
    match span {
        1 => x,
        2 => 0.75 * high + 0.25 * low,
        _ => {
            let (largest, smallest) = (high.max(z), low.min(z));
            let middle = x + y + z - largest - smallest;
            (6.0 * largest + 2.0 * middle + smallest) / 9.0
        }
    }
}

/// BS.2127, clause 7.3.11.5: µ, how much the inside of the room counts beside its walls. It jumps where
/// the wall is as far as a cube's law asks.
fn share_inside(sizes: [f64; 3], at: Vector, dimensions: usize) -> f64 {
    let mut wall = f64::INFINITY;
    for coordinate in at.iter().take(dimensions.max(1)) {
        wall = wall.min(coordinate + 1.0).min(1.0 - coordinate);
    }
    let cube = |size: f64| {
        if wall >= 2.0 * size && wall >= 0.4 {
            let n = (2.0 * size).max(0.4);
            n * n * n / (0.32 * size)
        } else {
            let near = wall / 0.4;
            wall * 0.5 * near * near
        }
    };
    let root = |value: f64| math::pow(value.max(0.0), 1.0 / 3.0);
    match dimensions {
        0 | 1 => cube(sizes[0]),
        2 => math::pow(root(cube(sizes[0])) * root(cube(sizes[1])), 1.5),
        _ => root(cube(sizes[0])) * root(cube(sizes[1])) * root(cube(sizes[2])),
    }
}
