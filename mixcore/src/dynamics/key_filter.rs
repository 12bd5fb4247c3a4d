//! What the key passes before it is listened to: second-order sections in f64.
//!
//! > y = b0·x + s1, s1' = (b1·x + s2) − a1·y, s2' = b2·x − a2·y, section after section
//!
//! The usual key filters are a high-pass, so that plosives and rumble do not move the gain, and a
//! bell or band-pass where one band is to move it. They are bands as an equaliser has them
//! ([`EqBand`], which a session can store), or any sections ([`Biquad`]), such as those of
//! [`crate::filters::design::butterworth`] for steeper slopes.
//!
//! Cost: about 3 ns a sample, however many sections: their recursions overlap. Latency: none.

use crate::error::Error;
use crate::filters::design::{Method, second_order};
use crate::filters::{Biquad, EqBand};
use crate::kernels::{self, Isa, PAIR_LANES, PairState, Section, settled};

/// Most sections of a key filter: a high-pass and a low-pass of 24 dB/oct each.
pub const MAX_KEY_SECTIONS: usize = 4;

/// Largest coefficient of a numerator: 120 dB, as far above any key filter as a fault (1e6) is above
/// full scale, so that no product of both overflows.
const MAX_NUMERATOR: f64 = 1e6;

/// Up to [`MAX_KEY_SECTIONS`] second-order sections in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyFilter {
    sections: [Biquad; MAX_KEY_SECTIONS],
    count: usize,
}

impl KeyFilter {
    /// The key as it is.
    pub const NONE: Self = Self {
        sections: [Biquad { b: [1.0, 0.0, 0.0], a: [0.0, 0.0] }; MAX_KEY_SECTIONS],
        count: 0,
    };

    /// Sections in the order in which the key passes them.
    ///
    /// # Errors
    /// More than [`MAX_KEY_SECTIONS`], numerators beyond ±1e6, or a section that does not decay
    /// (poles on or outside the unit circle).
    ///
    /// # Example
    /// ```
    /// use mixcore::dynamics::KeyFilter;
    /// use mixcore::filters::Biquad;
    /// // A one-pole high-pass at about 80 Hz for 48 kHz.
    /// let high_pass = Biquad { b: [0.994_79, -0.994_79, 0.0], a: [-0.989_58, 0.0] };
    /// assert!((high_pass.response_db(80.0, 48_000.0) + 3.0).abs() < 0.1);
    /// let filter = KeyFilter::new(&[high_pass])?;
    /// assert_eq!(filter.sections(), &[high_pass]);
    /// assert!(KeyFilter::new(&[Biquad { a: [0.0, 1.0], ..high_pass }]).is_err());
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn new(sections: &[Biquad]) -> Result<Self, Error> {
        if sections.len() > MAX_KEY_SECTIONS {
            #[expect(clippy::cast_precision_loss, reason = "for a message")]
            return Err(Error::OutOfRange {
                field: "key_filter_sections",
                given: sections.len() as f64,
                min: 0.0,
                max: MAX_KEY_SECTIONS as f64,
            });
        }
        let mut filter = Self { count: sections.len(), ..Self::NONE };
        for (slot, section) in filter.sections.iter_mut().zip(sections) {
            for b in section.b {
                Error::check_range("b", b, -MAX_NUMERATOR, MAX_NUMERATOR)?;
            }
            let [a1, a2] = section.a;
            // The stability triangle of a second-order section; NaN is outside.
            if !(a2.abs() < 1.0 && a1.abs() < 1.0 + a2) {
                return Err(Error::Unsupported {
                    what: "a key filter that does not decay",
                    hint: "keep |a2| < 1 and |a1| < 1 + a2",
                });
            }
            *slot = *section;
        }
        Ok(filter)
    }

    /// Bands in the order in which the key passes them, designed for a rate as an equaliser designs
    /// them; those that are off are left out.
    ///
    /// # Errors
    /// More than [`MAX_KEY_SECTIONS`] bands that are on, a field of theirs outside its range
    /// ([`second_order`]).
    ///
    /// # Example
    /// ```
    /// use mixcore::dynamics::KeyFilter;
    /// use mixcore::filters::EqBand;
    /// use mixcore::filters::design::Shape;
    /// // Deaf to plosives, keen on sibilants.
    /// let bands = [
    ///     EqBand::new(Shape::HighPass, 120.0, 0.0, 0.707),
    ///     EqBand::new(Shape::Bell, 6000.0, 6.0, 1.0),
    /// ];
    /// let filter = KeyFilter::of_bands(&bands, 48_000.0)?;
    /// assert!((filter.response_db(6000.0, 48_000.0) - 6.0).abs() < 0.01);
    /// assert!(filter.response_db(30.0, 48_000.0) < -23.0);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn of_bands(bands: &[EqBand], rate_hz: f64) -> Result<Self, Error> {
        let mut sections = [Self::NONE.sections[0]; MAX_KEY_SECTIONS + 1];
        let mut count = 0;
        // One slot more than there may be, so that one band too many is seen.
        for (slot, band) in sections.iter_mut().zip(bands.iter().filter(|band| band.on)) {
            let EqBand { shape, hz, q, gain_db, .. } = *band;
            *slot = second_order(Method::Matched, shape, hz, q, gain_db, rate_hz)?;
            count += 1;
        }
        Self::new(sections.get(..count).unwrap_or_default())
    }

    /// What it does to a sine of `hz` at the rate `rate_hz`, dB.
    #[must_use]
    pub fn response_db(&self, hz: f64, rate_hz: f64) -> f64 {
        self.sections().iter().map(|section| section.response_db(hz, rate_hz)).sum()
    }

    /// The sections.
    #[must_use]
    pub fn sections(&self) -> &[Biquad] {
        self.sections.get(..self.count).unwrap_or_default()
    }

    /// Whether the key stays as it is.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.count == 0
    }

    /// Filters one channel in place.
    pub(super) fn run(&self, state: &mut KeyState, samples: &mut [f64]) {
        match self.count {
            0 => {}
            1 => self.run_sections::<1>(state, samples),
            2 => self.run_sections::<2>(state, samples),
            3 => self.run_sections::<3>(state, samples),
            _ => self.run_sections::<MAX_KEY_SECTIONS>(state, samples),
        }
    }

    /// Filters two pairs of channels in place, with the bits of [`KeyFilter::run`].
    pub(super) fn run_pairs(
        &self,
        isa: Isa,
        states: &mut [PairState; MAX_KEY_SECTIONS],
        pairs: [&mut [[f64; 2]]; 2],
    ) {
        let sections = self.sections.map(|section| [Section { b: section.b, a: section.a }; 2]);
        let sections = sections.get(..self.count).unwrap_or_default();
        kernels::pair_cascade(isa, sections, None, pairs, states);
    }

    /// Frame by frame through the first `N` sections, so that their recursions overlap.
    fn run_sections<const N: usize>(&self, state: &mut KeyState, samples: &mut [f64]) {
        let (Some(sections), Some(states)) =
            (self.sections.first_chunk::<N>(), state.0.first_chunk_mut::<N>())
        else {
            return;
        };
        let mut now = *states;
        for sample in samples {
            let mut x = *sample;
            for (section, [s1, s2]) in sections.iter().zip(&mut now) {
                let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
                let y = b0 * x + *s1;
                *s1 = (b1 * x + *s2) - a1 * y;
                *s2 = b2 * x - a2 * y;
                x = y;
            }
            *sample = x;
        }
        *states = now;
    }
}

impl Default for KeyFilter {
    fn default() -> Self {
        Self::NONE
    }
}

/// The states of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct KeyState([[f64; 2]; MAX_KEY_SECTIONS]);

impl KeyState {
    /// Forgets what the sections remember that a filter does not use: should they come back, they
    /// start from rest.
    pub(super) fn keep(&mut self, filter: &KeyFilter) {
        for state in self.0.iter_mut().skip(filter.count) {
            *state = [0.0; 2];
        }
    }

    /// The states of up to four channels side by side; zeros where there is none.
    pub(super) fn side_by_side(
        channels: [Option<&Self>; PAIR_LANES],
    ) -> [PairState; MAX_KEY_SECTIONS] {
        let mut all = [PairState::default(); MAX_KEY_SECTIONS];
        for (lane, states) in channels.into_iter().enumerate() {
            for (to, from) in all.iter_mut().zip(states.iter().flat_map(|states| &states.0)) {
                for (to, from) in to.iter_mut().zip(from) {
                    if let Some(to) = to.get_mut(lane) {
                        *to = *from;
                    }
                }
            }
        }
        all
    }

    /// The states of one of them.
    pub(super) fn of_lane(all: &[PairState; MAX_KEY_SECTIONS], lane: usize) -> Self {
        Self(all.map(|state| state.map(|lanes| lanes.get(lane).copied().unwrap_or_default())))
    }

    /// Sections whose states are tiny come to rest (`kernels/settle.rs`); called at multiples of 256
    /// frames.
    pub(super) fn settle(&mut self) {
        for [s1, s2] in &mut self.0 {
            [*s1, *s2] = settled([*s1, *s2]);
        }
    }
}
