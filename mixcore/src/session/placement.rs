//! From a place in words to gains: which source channel reaches which loudspeaker, how loud.

use alloc::vec;
use alloc::vec::Vec;

use super::session::Place;
use crate::audio::Layout;
use crate::error::Error;
use crate::spatial::{downmix_matrix, pan_gains};

/// Azimuth of the surround pair, degrees (ITU-R BS.775-3, figure 1; BS.2051-3 system B).
const SURROUND_AZIMUTH_DEG: f64 = 110.0;

/// Gains from the channels of a source to the channels of a version.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placement {
    /// Row-major: version channel, then source channel.
    gains: Vec<f64>,
    inputs: usize,
}

impl Placement {
    /// Resolves a place for a source layout in a version layout.
    pub(super) fn resolve(place: Place, source: Layout, version: Layout) -> Result<Self, Error> {
        if version == Layout::MONO {
            let stereo = Self::resolve(place, source, Layout::STEREO)?;
            return stereo.folded(Layout::STEREO, Layout::MONO);
        }
        let (inputs, outputs) = (source.channel_count(), version.channel_count());
        let mut placed = Self { gains: vec![0.0; inputs * outputs], inputs };
        match place {
            Place::Direct if source == Layout::MONO => {
                for label in ["M+030", "M-030"] {
                    let row = version.index_of(label).ok_or(Error::Unsupported {
                        what: "direct placement in a layout without left and right",
                        hint: "place the strip by azimuth",
                    })?;
                    placed.gains[row] = 1.0;
                }
            }
            Place::Front if source == Layout::MONO => placed.pan(0, version, 0.0)?,
            Place::Direct | Place::Front => return Self::channel_to_channel(source, version),
            Place::Surround => match inputs {
                1 => {
                    let half_power = crate::math::sqrt(0.5);
                    for side in [SURROUND_AZIMUTH_DEG, -SURROUND_AZIMUTH_DEG] {
                        placed.pan_scaled(0, version, side, half_power)?;
                    }
                }
                2 => {
                    placed.pan(0, version, SURROUND_AZIMUTH_DEG)?;
                    placed.pan(1, version, -SURROUND_AZIMUTH_DEG)?;
                }
                _ => {
                    return Err(Error::Unsupported {
                        what: "surround placement of a source with more than two channels",
                        hint: "place it front or direct: its own surround channels stay where they are",
                    });
                }
            },
            Place::Pan { azimuth_deg } => {
                if inputs != 1 {
                    return Err(Error::Unsupported {
                        what: "panning a source with more than one channel",
                        hint: "use a mono source, or place it front, surround or direct",
                    });
                }
                placed.pan(0, version, azimuth_deg)?;
            }
        }
        Ok(placed)
    }

    /// Every channel to the loudspeaker of its own label; a wider source is folded down.
    fn channel_to_channel(source: Layout, version: Layout) -> Result<Self, Error> {
        let rows: Option<Vec<usize>> =
            source.speakers().iter().map(|speaker| version.index_of(speaker.label)).collect();
        let Some(rows) = rows else {
            return Self::identity(source).folded(source, version);
        };
        let inputs = source.channel_count();
        let mut placed = Self { gains: vec![0.0; inputs * version.channel_count()], inputs };
        for (input, row) in rows.into_iter().enumerate() {
            placed.gains[row * inputs + input] = 1.0;
        }
        Ok(placed)
    }

    fn identity(layout: Layout) -> Self {
        let inputs = layout.channel_count();
        let gains = (0..inputs * inputs)
            .map(|at| if at / inputs == at % inputs { 1.0 } else { 0.0 })
            .collect();
        Self { gains, inputs }
    }

    /// This placement followed by the fold-down of one layout to another.
    fn folded(&self, from: Layout, to: Layout) -> Result<Self, Error> {
        let fold = downmix_matrix(from, to)?;
        let mut gains = vec![0.0; to.channel_count() * self.inputs];
        for (row, gains) in gains.chunks_exact_mut(self.inputs).enumerate() {
            for (input, gain) in gains.iter_mut().enumerate() {
                for middle in 0..from.channel_count() {
                    *gain += fold.gain(row, middle).unwrap_or(0.0)
                        * self.gains[middle * self.inputs + input];
                }
            }
        }
        Ok(Self { gains, inputs: self.inputs })
    }

    fn pan(&mut self, input: usize, version: Layout, azimuth_deg: f64) -> Result<(), Error> {
        self.pan_scaled(input, version, azimuth_deg, 1.0)
    }

    fn pan_scaled(
        &mut self,
        input: usize,
        version: Layout,
        azimuth_deg: f64,
        scale: f64,
    ) -> Result<(), Error> {
        let panned = pan_gains(version, azimuth_deg)?;
        for (row, gain) in panned.iter().enumerate() {
            self.gains[row * self.inputs + input] += gain * scale;
        }
        Ok(())
    }

    /// The connections that carry anything: (version channel, source channel, gain), by rows.
    pub(super) fn connections(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        self.gains
            .iter()
            .enumerate()
            .filter(|(_, gain)| **gain != 0.0)
            .map(|(at, &gain)| (at / self.inputs, at % self.inputs, gain))
    }
}
