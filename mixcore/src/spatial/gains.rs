//! Gains of a source in a layout: what every panner gives.

use core::ops::Deref;

use crate::audio::MAX_LAYOUT_CHANNELS;
use crate::math;

/// One linear gain per channel of a layout, LFEs included: at 0 but for what is an LFE itself
/// ([`super::DirectSpeakers`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PanGains {
    pub(super) gains: [f64; MAX_LAYOUT_CHANNELS],
    pub(super) count: usize,
}

impl PanGains {
    /// The gains times a factor.
    #[must_use]
    pub fn scaled(mut self, by: f64) -> Self {
        self.scale(by);
        self
    }

    /// No gain anywhere.
    #[inline]
    pub(super) fn silent(count: usize) -> Self {
        Self { gains: [0.0; MAX_LAYOUT_CHANNELS], count }
    }

    /// Sum of the squares, in four lanes.
    #[inline]
    pub(super) fn power(&self) -> f64 {
        let mut lanes = [0.0; 4];
        for four in self.gains.as_chunks::<4>().0 {
            for (lane, gain) in lanes.iter_mut().zip(four) {
                *lane += gain * gain;
            }
        }
        let [a, b, c, d] = lanes;
        (a + b) + (c + d)
    }

    /// Adds a share of another source's powers; [`PanGains::root`] makes gains of the sum.
    pub(super) fn add_power(&mut self, other: &Self, share: f64) {
        for (sum, gain) in self.gains.iter_mut().zip(other.gains) {
            *sum += share * gain * gain;
        }
    }

    /// Powers become gains.
    pub(super) fn root(&mut self) {
        for gain in &mut self.gains {
            *gain = math::sqrt(*gain);
        }
    }

    /// All gains times a number.
    #[inline]
    pub(super) fn scale(&mut self, by: f64) {
        for gain in &mut self.gains {
            *gain *= by;
        }
    }
}

impl Deref for PanGains {
    type Target = [f64];
    fn deref(&self) -> &[f64] {
        self.gains.get(..self.count).unwrap_or(&[])
    }
}

/// Most loudspeakers of a rig.
pub const MAX_RIG: usize = 48;

/// One linear gain per loudspeaker of a rig that no layout names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RigGains {
    pub(super) gains: [f64; MAX_RIG],
    pub(super) count: usize,
}

impl RigGains {
    /// No gain anywhere.
    pub(super) fn silent(count: usize) -> Self {
        Self { gains: [0.0; MAX_RIG], count }
    }

    /// All gains of one loudspeaker.
    pub(super) fn add(&mut self, loudspeaker: usize, gain: f64) {
        if let Some(slot) = self.gains.get_mut(loudspeaker) {
            *slot += gain;
        }
    }

    /// All gains of another source, scaled.
    pub(super) fn add_all(&mut self, other: &Self, by: f64) {
        for (slot, gain) in self.gains.iter_mut().zip(other.gains).take(other.count) {
            *slot += gain * by;
        }
    }

    /// Scales to (Σ gᵖ)^(1/p) = 1.
    pub(super) fn normalise(&mut self, exponent: f64) {
        let gains = self.gains.get_mut(..self.count).unwrap_or_default();
        let sum: f64 = if exponent == 2.0 {
            gains.iter().map(|gain| gain * gain).sum()
        } else {
            let loud = gains.iter().filter(|gain| **gain > 0.0);
            loud.map(|gain| math::pow(*gain, exponent)).sum()
        };
        let norm = if exponent == 2.0 { math::sqrt(sum) } else { math::pow(sum, 1.0 / exponent) };
        for gain in gains {
            *gain /= norm;
        }
    }
}

impl Deref for RigGains {
    type Target = [f64];
    fn deref(&self) -> &[f64] {
        self.gains.get(..self.count).unwrap_or(&[])
    }
}
