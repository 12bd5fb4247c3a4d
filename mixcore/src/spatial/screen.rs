//! Screens: objects that keep their place on the picture when it has another size.
//!
//! A position that refers to the screen of the mix is moved so that this screen's edges come to those
//! of the screen in the room: azimuth between −180°, the right edge, the left edge and 180°, elevation
//! between −90°, the lower edge, the upper edge and 90°, straight in between. A locked edge puts a
//! source on the edge itself. With Cartesian positions both happen in polar coordinates
//! ([`super::room`]), and where a layout's heights stand at ±45° the azimuth is bent so that what rises
//! in the room rises straight.
//!
//! Sources: ITU-R BS.2127-1, "screen scaling" and "screen edge lock"; ITU-R BS.2076-2 for the default
//! screen: 58° wide, 1.78:1, straight ahead.

use super::geometry::{Vector, add, axes, direction, position_angles, radians, sub, times};
use crate::audio::Layout;
use crate::error::Error;
use crate::math;

/// Where a screen is and how large.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum Screen {
    /// By angles, as seen from the listener.
    Polar {
        /// Width over height, 0.1 to 10.
        aspect_ratio: f64,
        /// Direction of its centre, degrees, -180 to 180, positive to the left.
        azimuth_deg: f64,
        /// Direction of its centre, degrees, -90 to 90.
        elevation_deg: f64,
        /// Distance of its centre, 0.001 to 1000; 1 is where the loudspeakers stand.
        distance: f64,
        /// Angle of its width, degrees, 0.001 to 179.
        width_deg: f64,
    },
    /// By places in the room: x to the right, y to the front, z up.
    Cartesian {
        /// Width over height, 0.1 to 10.
        aspect_ratio: f64,
        /// Its centre, within ±10.
        centre: [f64; 3],
        /// Its width along x, 0.001 to 4: up to twice that of the room.
        width: f64,
    },
}

impl Default for Screen {
    /// BS.2076: 58° wide, 1.78:1, straight ahead.
    fn default() -> Self {
        Self::Polar {
            aspect_ratio: 1.78,
            azimuth_deg: 0.0,
            elevation_deg: 0.0,
            distance: 1.0,
            width_deg: 58.0,
        }
    }
}

/// An edge to the left or to the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum HorizontalEdge {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

/// An edge above or below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum VerticalEdge {
    /// The upper one.
    Top,
    /// The lower one.
    Bottom,
}

/// Edges that a source stands on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct ScreenEdgeLock {
    /// To the side, if locked.
    pub horizontal: Option<HorizontalEdge>,
    /// In height, if locked.
    pub vertical: Option<VerticalEdge>,
}

impl ScreenEdgeLock {
    fn is_none(self) -> bool {
        self.horizontal.is_none() && self.vertical.is_none()
    }
}

/// Directions of a screen's edges, degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edges {
    left: f64,
    right: f64,
    bottom: f64,
    top: f64,
}

impl Screen {
    /// Checks every number, and that the screen lies before the listener.
    ///
    /// # Errors
    /// A number out of range or not finite; a screen that reaches round behind the listener or over
    /// the pole.
    pub fn validate(&self) -> Result<(), Error> {
        self.edges().map(|_| ())
    }

    pub(super) fn edges(&self) -> Result<Edges, Error> {
        let (centre, across, up) = match *self {
            Self::Polar { aspect_ratio, azimuth_deg, elevation_deg, distance, width_deg } => {
                check_ratio(aspect_ratio)?;
                super::geometry::check_direction(azimuth_deg, elevation_deg)?;
                Error::check_range("distance", distance, 1e-3, 1e3)?;
                Error::check_range("width_deg", width_deg, 1e-3, 179.0)?;
                let half = distance * math::tan(radians(width_deg) * 0.5);
                let [right, _, up] = axes(azimuth_deg, elevation_deg);
                let centre = times(direction(azimuth_deg, elevation_deg), distance);
                (centre, times(right, half), times(up, half / aspect_ratio))
            }
            Self::Cartesian { aspect_ratio, centre, width } => {
                check_ratio(aspect_ratio)?;
                for coordinate in centre {
                    Error::check_range("centre", coordinate, -10.0, 10.0)?;
                }
                Error::check_range("width", width, 1e-3, 4.0)?;
                (centre, [width * 0.5, 0.0, 0.0], [0.0, 0.0, width * 0.5 / aspect_ratio])
            }
        };
        let (left, right) =
            (position_angles(sub(centre, across)).0, position_angles(add(centre, across)).0);
        let (bottom, top) = (position_angles(sub(centre, up)), position_angles(add(centre, up)));
        // BS.2127's tolerance for a screen that goes over the pole, where its azimuth turns round.
        if right > left || bottom.0 - top.0 > 1e-3 {
            return Err(Error::Unsupported {
                what: "a screen that reaches behind the listener or over the pole",
                hint: "place it in front and make it smaller",
            });
        }
        Ok(Edges { left, right, bottom: bottom.1, top: top.1 })
    }
}

fn check_ratio(aspect_ratio: f64) -> Result<f64, Error> {
    Error::check_range("aspect_ratio", aspect_ratio, 0.1, 10.0)
}

/// Straight lines through points with rising x, which hold `x`.
fn between<const N: usize>(x: f64, points: [(f64, f64); N]) -> f64 {
    for pair in points.windows(2) {
        if let &[(x0, y0), (x1, y1)] = pair
            && x <= x1
        {
            return if x1 > x0 { y0 + (y1 - y0) * ((x - x0) / (x1 - x0)) } else { y1 };
        }
    }
    points.last().map_or(x, |point| point.1)
}

/// What a room does with positions that refer to a screen.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScreenRoom {
    /// Of the screen in the room, if there is one.
    edges: Option<Edges>,
    /// Heights stand at ±45°.
    wide_heights: bool,
}

impl ScreenRoom {
    pub(super) fn new(screen: Option<Screen>, layout: Layout) -> Result<Self, Error> {
        let edges = screen.map(|screen| screen.edges()).transpose()?;
        Ok(Self { edges, wide_heights: layout.index_of("U+045").is_some() })
    }

    /// Scales a position from the screen of the mix, and puts it on locked edges.
    pub(super) fn handle(
        &self,
        position: Vector,
        cartesian: bool,
        reference: Option<&Screen>,
        lock: ScreenEdgeLock,
    ) -> Result<Vector, Error> {
        let Some(edges) = self.edges else { return Ok(position) };
        let mut position = position;
        if let Some(reference) = reference {
            let from = reference.edges()?;
            position = self.moved(position, cartesian, |azimuth_deg, elevation_deg| {
                let side = [
                    (-180.0, -180.0),
                    (from.right, edges.right),
                    (from.left, edges.left),
                    (180.0, 180.0),
                ];
                let height = [
                    (-90.0, -90.0),
                    (from.bottom, edges.bottom),
                    (from.top, edges.top),
                    (90.0, 90.0),
                ];
                (between(azimuth_deg, side), between(elevation_deg, height))
            });
        }
        if !lock.is_none() {
            position = self.moved(position, cartesian, |azimuth_deg, elevation_deg| {
                self.locked(azimuth_deg, elevation_deg, lock)
            });
        }
        Ok(position)
    }

    /// Azimuth and elevation on locked edges.
    pub(super) fn locked(
        &self,
        azimuth_deg: f64,
        elevation_deg: f64,
        lock: ScreenEdgeLock,
    ) -> (f64, f64) {
        let Some(edges) = self.edges else { return (azimuth_deg, elevation_deg) };
        let azimuth_deg = match lock.horizontal {
            Some(HorizontalEdge::Left) => edges.left,
            Some(HorizontalEdge::Right) => edges.right,
            None => azimuth_deg,
        };
        let elevation_deg = match lock.vertical {
            Some(VerticalEdge::Top) => edges.top,
            Some(VerticalEdge::Bottom) => edges.bottom,
            None => elevation_deg,
        };
        (azimuth_deg, elevation_deg)
    }

    /// Turns a position; its distance stays.
    fn moved(
        &self,
        position: Vector,
        cartesian: bool,
        turn: impl Fn(f64, f64) -> (f64, f64),
    ) -> Vector {
        if cartesian {
            let (azimuth_deg, elevation_deg, distance) = super::room::to_polar(position);
            let (azimuth_deg, elevation_deg) = turn(azimuth_deg, elevation_deg);
            let azimuth_deg = self.straight(azimuth_deg, elevation_deg);
            super::room::to_cartesian(azimuth_deg, elevation_deg, distance)
        } else {
            let (azimuth_deg, elevation_deg) = position_angles(position);
            let (azimuth_deg, elevation_deg) = turn(azimuth_deg, elevation_deg);
            times(direction(azimuth_deg, elevation_deg), super::geometry::length(position))
        }
    }

    /// BS.2127: where heights stand at ±45°, what rises in the room would lean outwards.
    fn straight(&self, azimuth_deg: f64, elevation_deg: f64) -> f64 {
        if !self.wide_heights {
            return azimuth_deg;
        }
        let front_deg = between(
            elevation_deg.max(0.0),
            [(0.0, 30.0), (30.0, 30.0 * (30.0 / 45.0)), (90.0, 30.0)],
        );
        between(
            azimuth_deg,
            [(-180.0, -180.0), (-30.0, -front_deg), (30.0, front_deg), (180.0, 180.0)],
        )
    }
}
