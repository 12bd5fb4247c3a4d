//! Second-order sections in series, as numbers: a list of fixed room, so that designs need no
//! memory of their own.

use core::fmt;
use core::ops::Deref;

use crate::filters::Biquad;
use crate::units::gain_to_db;

/// Most sections of a list.
pub const MAX_SECTIONS: usize = 16;

/// Up to [`MAX_SECTIONS`] sections in series; it reads as a slice of [`Biquad`]s.
///
/// A first-order section is a biquad whose last coefficients are 0.
#[derive(Clone, Copy, PartialEq)]
pub struct Sections {
    list: [Biquad; MAX_SECTIONS],
    len: usize,
}

impl Sections {
    /// No section: the signal itself.
    pub(crate) const EMPTY: Self =
        Self { list: [Biquad { b: [1.0, 0.0, 0.0], a: [0.0; 2] }; MAX_SECTIONS], len: 0 };

    /// Appends a section; beyond [`MAX_SECTIONS`] there is no room, and nothing happens.
    pub(crate) fn push(&mut self, section: Biquad) {
        if let Some(place) = self.list.get_mut(self.len) {
            *place = section;
            self.len += 1;
        }
    }

    /// The sections to be changed.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [Biquad] {
        self.list.get_mut(..self.len).unwrap_or_default()
    }

    /// Gain of all sections at `hz` for the sample rate `rate_hz`, linear.
    #[must_use]
    pub fn gain_at(&self, hz: f64, rate_hz: f64) -> f64 {
        self.iter().fold(1.0, |gain, section| gain * section.gain_at(hz, rate_hz))
    }

    /// Gain of all sections at `hz` for the sample rate `rate_hz`, dB; -inf at a zero.
    #[must_use]
    pub fn response_db(&self, hz: f64, rate_hz: f64) -> f64 {
        gain_to_db(self.gain_at(hz, rate_hz))
    }
}

impl Deref for Sections {
    type Target = [Biquad];
    fn deref(&self) -> &[Biquad] {
        self.list.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Debug for Sections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
