//! The Cartesian (allocentric) panner of ITU-R BS.2127: a place in the room, not a direction.
//!
//! The room is a cube from -1 to 1: x to the right, y to the front, z up; the loudspeakers stand on
//! its walls. Between the two layers that enclose z, in each of them between the two rows that enclose
//! y, in each of these between the two loudspeakers that enclose x, gains run as cos(aπ/2), sin(aπ/2)
//! with a the share of the way; they multiply, so the power is 1 everywhere. Outside of what a layout
//! has, the nearest layer, row or loudspeaker takes it.
//!
//! Sources: ITU-R BS.2127-1, clause 7.3.10, "allocentric panner", with the table of positions of its
//! clause 11.2, as the EBU ADM Renderer 2.1.0 (BSD-3-Clause-Clear) holds it; gains of that program in
//! the ten layouts of BS.2051 are the test.
//! Cost: at most seven sines and cosines. Latency: none (a pure function).
//! Limits: places are those of the labels; only screen loudspeakers (M±SC) have theirs from where they
//! really stand ([`super::RealLayout`]), on the front wall up to 30° and on the side wall beyond. Layouts
//! that BS.2051 does not name use the places that it gives to the same labels.

use super::geometry::Vector;
use super::real_layout::is_screen;
use super::room::to_cartesian;
use super::{PanGains, RealLayout};
use crate::audio::{Layout, MAX_LAYOUT_CHANNELS};
use crate::error::Error;
use crate::math;

/// The allocentric panner of a layout.
///
/// Points move continuously. Sizes jump at some places, because BS.2127's formula does
/// ([`Allocentric::sized_gains`] says where and by how much).
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::spatial::Allocentric;
/// let room = Allocentric::new(Layout::SURROUND_5_1);
/// // Half-way between the left wall's front and back: L and Ls, 3.01 dB down each.
/// let gains = room.gains([-1.0, 0.0, 0.0])?;
/// assert!((gains[0] - 0.5_f64.sqrt()).abs() < 1e-15 && (gains[4] - 0.5_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Allocentric {
    layout: Layout,
    /// Places of the loudspeakers; NaN for LFEs, which compares with nothing.
    places: [Vector; MAX_LAYOUT_CHANNELS],
}

impl Allocentric {
    /// The panner for a layout, at its nominal or its real directions ([`RealLayout`]).
    #[must_use]
    pub fn new(layout: impl Into<RealLayout>) -> Self {
        let placed: RealLayout = layout.into();
        let layout = placed.layout();
        let mut places = [[f64::NAN; 3]; MAX_LAYOUT_CHANNELS];
        let speakers = layout.speakers().iter().zip(placed.directions());
        for (place, (speaker, real)) in places.iter_mut().zip(speakers) {
            if is_screen(speaker) {
                *place = screen_place(real.azimuth_deg);
            } else if !speaker.lfe {
                *place = place_of(speaker.label);
            }
        }
        Self { layout, places }
    }

    /// The layout that is panned into.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Where a loudspeaker stands in the room; `None` for an LFE or a channel that there is not.
    #[must_use]
    pub fn place(&self, channel: usize) -> Option<[f64; 3]> {
        self.places.get(channel).copied().filter(|place| !place[0].is_nan())
    }

    /// The same room without some loudspeakers (bits of their channels).
    pub(super) fn without(&self, excluded: u32) -> Self {
        let mut room = *self;
        for (channel, place) in room.places.iter_mut().enumerate() {
            if excluded >> channel & 1 == 1 {
                *place = [f64::NAN; 3];
            }
        }
        room
    }

    /// The gains of a place: one per channel, LFEs at 0, power 1.
    ///
    /// # Units and range
    /// x to the right, y to the front, z up; beyond ±1 it is the wall (BS.2127).
    ///
    /// # Errors
    /// A coordinate beyond ±1e6 or not finite.
    pub fn gains(&self, place: [f64; 3]) -> Result<PanGains, Error> {
        for coordinate in place {
            Error::check_range("place", coordinate, -1e6, 1e6)?;
        }
        let [x, y, z] = place.map(|coordinate| coordinate.clamp(-1.0, 1.0));
        let mut gains = PanGains::silent(self.layout.channel_count());
        for (layer, layer_gain) in between(self.places.iter().map(|p| p[2]), z) {
            let in_layer = |p: &&Vector| p[2] == layer;
            let rows = between(self.places.iter().filter(in_layer).map(|p| p[1]), y);
            for (row, row_gain) in rows {
                let in_row = |p: &&Vector| p[2] == layer && p[1] == row;
                for (at, gain) in between(self.places.iter().filter(in_row).map(|p| p[0]), x) {
                    let found = self.places.iter().position(|&p| p == [at, row, layer]);
                    if let Some(slot) = found.and_then(|index| gains.gains.get_mut(index)) {
                        *slot += layer_gain * row_gain * gain;
                    }
                }
            }
        }
        Ok(gains)
    }
}

/// A loudspeaker as its row and layer see it: its share of a coordinate.
pub(super) struct Spot(pub(super) Vector);

impl Spot {
    fn share(at: f64, pair: [(f64, f64); 2]) -> f64 {
        pair.iter().find(|(coordinate, _)| *coordinate == at).map_or(0.0, |(_, gain)| *gain)
    }

    pub(super) fn x(&self, room: &Allocentric, x: f64) -> f64 {
        let in_row = |p: &&Vector| p[2] == self.0[2] && p[1] == self.0[1];
        Self::share(self.0[0], between(room.places.iter().filter(in_row).map(|p| p[0]), x))
    }

    pub(super) fn y(&self, room: &Allocentric, y: f64) -> f64 {
        let in_layer = |p: &&Vector| p[2] == self.0[2];
        Self::share(self.0[1], between(room.places.iter().filter(in_layer).map(|p| p[1]), y))
    }

    pub(super) fn z(&self, room: &Allocentric, z: f64) -> f64 {
        Self::share(self.0[2], between(room.places.iter().map(|p| p[2]), z))
    }
}

/// The two coordinates that enclose a value, with their gains; twice the same, one of them at 0,
/// where there is only one.
fn between(coordinates: impl Iterator<Item = f64>, value: f64) -> [(f64, f64); 2] {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
    for coordinate in coordinates.filter(|coordinate| !coordinate.is_nan()) {
        lowest = lowest.min(coordinate);
        highest = highest.max(coordinate);
        if coordinate <= value {
            low = low.max(coordinate);
        }
        if coordinate >= value {
            high = high.min(coordinate);
        }
    }
    let (low, high) = (low.max(lowest), high.min(highest));
    if low >= high {
        return [(low.min(high), 1.0), (high, 0.0)];
    }
    let angle = (value - low) / (high - low) * (math::PI * 0.5);
    [(low, math::cos(angle)), (high, math::sin(angle))]
}

/// BS.2127's place of a screen loudspeaker: where its azimuth meets the wall, exactly on it, so that
/// it stands in one row with its neighbours.
fn screen_place(azimuth_deg: f64) -> Vector {
    let [x, y, _] = to_cartesian(azimuth_deg.abs(), 0.0, 1.0);
    let side = if azimuth_deg < 0.0 { 1.0 } else { -1.0 };
    if azimuth_deg.abs() <= 30.0 { [side * x.abs(), 1.0, 0.0] } else { [side, y, 0.0] }
}

/// BS.2127's place of a label in every layout that has it.
fn place_of(label: &str) -> Vector {
    match label {
        "M+030" => [-1.0, 1.0, 0.0],
        "M-030" => [1.0, 1.0, 0.0],
        "M+060" => [-1.0, 0.414_214, 0.0],
        "M-060" => [1.0, 0.414_214, 0.0],
        "M+090" => [-1.0, 0.0, 0.0],
        "M-090" => [1.0, 0.0, 0.0],
        "M+110" | "M+135" => [-1.0, -1.0, 0.0],
        "M-110" | "M-135" => [1.0, -1.0, 0.0],
        "M+180" => [0.0, -1.0, 0.0],
        "U+000" => [0.0, 1.0, 1.0],
        "U+030" | "U+045" => [-1.0, 1.0, 1.0],
        "U-030" | "U-045" => [1.0, 1.0, 1.0],
        "U+090" => [-1.0, 0.0, 1.0],
        "U-090" => [1.0, 0.0, 1.0],
        "U+110" | "U+135" => [-1.0, -1.0, 1.0],
        "U-110" | "U-135" => [1.0, -1.0, 1.0],
        "U+180" | "UH+180" => [0.0, -1.0, 1.0],
        "T+000" => [0.0, 0.0, 1.0],
        "B+000" => [0.0, 1.0, -1.0],
        "B+045" => [-1.0, 1.0, -1.0],
        "B-045" => [1.0, 1.0, -1.0],
        // M+000, and what a later layout may add: the front centre.
        _ => [0.0, 1.0, 0.0],
    }
}
