//! The laws that a [`super::Panner`] can follow, and sources that are divided among three places.
//!
//! Each engine turns a direction (and what it knows of sizes) into gains of power 1:
//! - polar: ITU-R BS.2127's point source and extent, [`super::PolarExtent`];
//! - room: the place in BS.2127's cube that the angles stand for, [`super::Allocentric`];
//! - VBAP: [`super::Vbap`], for any rig and for real positions;
//! - pairs: the sine/cosine law between neighbours of the middle layer, [`super::pan_gains`];
//! - a pan law between L and R: [`super::PanLaw`].
//!
//! The place and the size in the room are those of BS.2127's conversion ([`super::ObjectPlace`]).
//!
//! Source: ITU-R BS.2127-1, "conversion" of polar and Cartesian metadata, as the EBU ADM Renderer 2.1.0
//! (BSD-3-Clause-Clear) holds it.
//! Cost: that of the engine; three times with divergence. Latency: none (pure functions).

use super::extent::seen;
use super::geometry::{direction, length, position_angles, times};
use super::pan::law;
use super::room::{size_in_room, to_cartesian};
use super::{
    Allocentric, Direction, Divergence, Extent, PanForm, PanGains, PanLaw, PointSource,
    PolarExtent, Vbap, VbapParams, VbapShape,
};
use crate::audio::{Layout, MAX_LAYOUT_CHANNELS};
use crate::error::Error;

/// Where L and R stand: ITU-R BS.775-3, figure 1; BS.2051-3, system A.
pub(super) const FRONT_DEG: f64 = 30.0;

/// The law that a panner follows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case", deny_unknown_fields))]
#[non_exhaustive]
pub enum PanEngine {
    /// ITU-R BS.2127's point source and extent.
    #[default]
    Polar,
    /// BS.2127's Cartesian panner, at the place in the room that the angles stand for. A divergence is the
    /// polar one, on the great circle, each part of it at its own place: BS.2127 has no conversion of it.
    Room,
    /// Vector base amplitude panning. A size is a circle of the larger of width and height, 180° at
    /// most; distance and depth are left aside.
    Vbap,
    /// The sine/cosine law between the two neighbours of the middle layer; elevation, rotation, distance
    /// and sizes are left aside.
    Pairs,
    /// A pan law between L and R of a stereo layout: 30° is a side, and what is behind is folded to the
    /// front. Elevation, rotation, distance and sizes are left aside.
    StereoLaw {
        /// The law.
        law: PanLaw,
        /// Its form.
        form: PanForm,
    },
}

impl PanEngine {
    /// Whether a field of [`super::PannerParams`] can change what the engine gives (`spread_deg` and
    /// `rotation_deg`: of a stereo source).
    #[must_use]
    pub fn uses(self, field: &str) -> bool {
        match (self, field) {
            (Self::Polar | Self::Room, _) => true,
            (Self::Vbap, field) => !matches!(field, "distance" | "depth"),
            (_, field) => !matches!(
                field,
                "elevation_deg"
                    | "rotation_deg"
                    | "distance"
                    | "width_deg"
                    | "height_deg"
                    | "depth"
            ),
        }
    }
}

/// Where a source is and how large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PanPlace {
    pub(super) azimuth_deg: f64,
    pub(super) elevation_deg: f64,
    pub(super) distance: f64,
    pub(super) extent: Extent,
    pub(super) divergence: Divergence,
}

/// An engine, built for a layout.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one for life; without alloc there is no box")]
pub(super) enum Engine<'a> {
    Polar(PolarExtent<'a>),
    Room(Allocentric),
    /// The channel of each loudspeaker.
    Vbap(Vbap, [u8; MAX_LAYOUT_CHANNELS]),
    Pairs(Layout),
    StereoLaw(PanLaw, PanForm),
}

impl<'a> Engine<'a> {
    /// Builds an engine; `table` makes the one of sizes.
    pub(super) fn new(
        engine: PanEngine,
        layout: Layout,
        table: impl FnOnce(PointSource) -> Result<PolarExtent<'a>, Error>,
    ) -> Result<Self, Error> {
        Ok(match engine {
            PanEngine::Polar => Self::Polar(table(PointSource::new(layout)?)?),
            PanEngine::Room => Self::Room(Allocentric::new(layout)),
            PanEngine::Vbap => {
                let mut rig =
                    [Direction { azimuth_deg: 0.0, elevation_deg: 0.0 }; MAX_LAYOUT_CHANNELS];
                for (real, speaker) in rig.iter_mut().zip(layout.speakers()) {
                    *real = Direction::nominal(speaker);
                }
                Self::of_rig(layout, rig.get(..layout.channel_count()).unwrap_or(&[]))?
            }
            PanEngine::Pairs => Self::Pairs(layout),
            PanEngine::StereoLaw { law, form } if layout == Layout::STEREO => {
                Self::StereoLaw(law, form)
            }
            PanEngine::StereoLaw { .. } => {
                return Err(Error::Unsupported {
                    what: "a pan law between L and R in a layout that is not stereo",
                    hint: "use PanEngine::Pairs, which pans between neighbours of any layout",
                });
            }
        })
    }

    /// VBAP over the loudspeakers at these directions, one per channel of the layout.
    pub(super) fn of_rig(layout: Layout, rig: &[Direction]) -> Result<Self, Error> {
        if rig.len() != layout.channel_count() {
            return Err(Error::ChannelCount {
                what: "list of directions",
                given: rig.len(),
                expected: layout.channel_count(),
            });
        }
        let mut channels = [0; MAX_LAYOUT_CHANNELS];
        let mut heard = [Direction { azimuth_deg: 0.0, elevation_deg: 0.0 }; MAX_LAYOUT_CHANNELS];
        let mut count = 0;
        let all = rig.iter().zip(layout.speakers()).zip(0_u8..);
        for ((direction, _), channel) in all.filter(|((_, speaker), _)| !speaker.lfe) {
            if let (Some(to), Some(place)) = (channels.get_mut(count), heard.get_mut(count)) {
                (*to, *place) = (channel, *direction);
                count += 1;
            }
        }
        let vbap = Vbap::new(heard.get(..count).unwrap_or(&[]), VbapShape::Sphere)?;
        Ok(Self::Vbap(vbap, channels))
    }

    /// Loudspeakers of the middle layer only.
    pub(super) fn is_flat(&self) -> bool {
        matches!(self, Self::Pairs(_) | Self::StereoLaw(..))
    }

    /// How far the edges of a source lie beyond its position at most, degrees.
    pub(super) fn beyond_deg(&self, place: &PanPlace) -> f64 {
        let Extent { width_deg, height_deg, depth } = place.extent;
        let size_deg = match self {
            Self::Polar(_) => {
                seen(width_deg.max(height_deg), (place.distance - depth * 0.5).max(0.0))
            }
            Self::Room(_) => width_deg.max(height_deg),
            Self::Vbap(..) => width_deg.max(height_deg).min(180.0),
            Self::Pairs(_) | Self::StereoLaw(..) => 0.0,
        };
        let divided = place.divergence.value > 0.0;
        size_deg * 0.5 + if divided { place.divergence.azimuth_range_deg } else { 0.0 }
    }

    /// The gains of a source: one per channel, LFEs at 0.
    pub(super) fn gains(&self, layout: Layout, place: &PanPlace) -> PanGains {
        let PanPlace { azimuth_deg, distance, extent, .. } = *place;
        let elevation_deg = if self.is_flat() { 0.0 } else { place.elevation_deg };
        if place.divergence.value == 0.0 {
            return self.part(layout, azimuth_deg, elevation_deg, distance, extent);
        }
        // As BS.2127 does it: seen from the position, which straight up has no azimuth.
        let polar = matches!(self, Self::Polar(_));
        let position =
            times(direction(azimuth_deg, elevation_deg), if polar { distance } else { 1.0 });
        let (azimuth_deg, elevation_deg) = position_angles(position);
        let mut sum = PanGains::silent(layout.channel_count());
        if let Ok([left, middle, right]) = place.divergence.parts(azimuth_deg, elevation_deg) {
            let away = length(position);
            let at = [times(left.1, away), position, times(right.1, away)];
            for ((share, _), at) in [left, middle, right].into_iter().zip(at) {
                if share > 0.0 {
                    let gains = if let Self::Polar(panner) = self {
                        panner.law_of(at, extent)
                    } else {
                        let (azimuth_deg, elevation_deg) = position_angles(at);
                        self.part(layout, azimuth_deg, elevation_deg, distance, extent)
                    };
                    sum.add_power(&gains, share);
                }
            }
        }
        sum.root();
        sum
    }

    /// The gains of an undivided source.
    fn part(
        &self,
        layout: Layout,
        azimuth_deg: f64,
        elevation_deg: f64,
        distance: f64,
        extent: Extent,
    ) -> PanGains {
        match self {
            Self::Polar(panner) => {
                panner.law_of(times(direction(azimuth_deg, elevation_deg), distance), extent)
            }
            Self::Room(room) => {
                let place = to_cartesian(azimuth_deg, elevation_deg, distance);
                let size = size_in_room(azimuth_deg, elevation_deg, &extent);
                let silent = PanGains::silent(layout.channel_count());
                room.sized_gains(place, size).unwrap_or(silent)
            }
            Self::Vbap(vbap, channels) => {
                let spread_deg = extent.width_deg.max(extent.height_deg).min(180.0);
                let params = VbapParams { spread_deg, ..VbapParams::default() };
                let mut gains = PanGains::silent(layout.channel_count());
                if let Ok(rig) = vbap.gains(azimuth_deg, elevation_deg, params) {
                    for (gain, channel) in rig.iter().zip(channels) {
                        if let Some(to) = gains.gains.get_mut(usize::from(*channel)) {
                            *to = *gain;
                        }
                    }
                }
                gains
            }
            Self::Pairs(layout) => law(*layout, azimuth_deg),
            Self::StereoLaw(law, form) => {
                let mut gains = PanGains::silent(2);
                if let Ok([left, right]) = law.gains(*form, stereo_position(azimuth_deg)) {
                    let [to_left, to_right, ..] = &mut gains.gains;
                    (*to_left, *to_right) = (left, right);
                }
                gains
            }
        }
    }
}

/// The position of a pan law: -1 is L at 30°, 1 is R; what is behind is folded to the front.
fn stereo_position(azimuth_deg: f64) -> f64 {
    let side_deg = azimuth_deg.abs();
    let position = side_deg.min(180.0 - side_deg).clamp(0.0, FRONT_DEG) / FRONT_DEG;
    if azimuth_deg > 0.0 { 0.0 - position } else { position }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BS.2127's table of the conversion, and its way between.
    #[test]
    fn angles_become_places_on_the_walls() {
        /// Rounding of tangents and arc tangents near 1.
        const ROUNDING: f64 = 1e-14;
        let rows = [
            ((0.0, 0.0), [0.0, 1.0, 0.0]),
            ((30.0, 0.0), [-1.0, 1.0, 0.0]),
            ((-30.0, 0.0), [1.0, 1.0, 0.0]),
            ((110.0, 30.0), [-1.0, -1.0, 1.0]),
            ((-110.0, -30.0), [1.0, -1.0, -1.0]),
            ((180.0, 0.0), [0.0, -1.0, 0.0]),
            ((-70.0, 0.0), [1.0, 0.0, 0.0]),
            ((15.0, 0.0), [-0.5, 1.0, 0.0]),
            ((77.0, 90.0), [0.0, 0.0, 1.0]),
        ];
        for ((azimuth_deg, elevation_deg), expected) in rows {
            let place = to_cartesian(azimuth_deg, elevation_deg, 1.0);
            for (ours, theirs) in place.iter().zip(expected) {
                assert!(
                    (ours - theirs).abs() < ROUNDING,
                    "{azimuth_deg} {elevation_deg}: {place:?}"
                );
            }
        }
    }

    #[test]
    fn a_pan_law_stands_at_l_and_r_and_folds_what_is_behind() {
        for (azimuth_deg, position) in
            [(0.0, 0.0), (30.0, -1.0), (-15.0, 0.5), (90.0, -1.0), (165.0, -0.5), (-180.0, 0.0)]
        {
            assert_eq!(stereo_position(azimuth_deg), position, "{azimuth_deg}");
        }
    }
}
