//! Distance based amplitude panning: gains from distances, for rigs without a centre.
//!
//! A source at p gives to loudspeaker i, at distance d_i: g_i = k·w_i/d_i^a, with d_i² = |p − l_i|² +
//! r², where r is the blur and w_i the weight of a loudspeaker. With a = R/(20·log10 2) a doubled
//! distance is R dB less (6 dB in the open, 3 to 5 dB in a room); k makes the power 1.
//!
//! Nobody needs to sit in the middle: foyers, installations, fly-over effects along a wall. The whole
//! rig always sounds a little; a larger blur makes sources wider and jumps at a loudspeaker smaller.
//!
//! Source: T. Lossius, P. Baltazar, T. de la Hogue, "DBAP – Distance-Based Amplitude Panning",
//! International Computer Music Conference 2009.
//! Cost: a root and a power per loudspeaker. Latency: none (a pure function).
//! Limits: no convex hull: a source outside of the rig is heard from its near side, without getting
//! softer.

use super::{MAX_RIG, RigGains};
use crate::error::Error;
use crate::math;

/// Farthest place, m. Ours: beyond any rig; a larger number is a wrong unit.
const MAX_PLACE_M: f64 = 1000.0;

/// How gains fall with distance.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct DbapParams {
    /// Loss per doubling of the distance, dB, 0.5 to 24.
    pub rolloff_db: f64,
    /// Least distance, m, 0.001 to 100: a tenth of the spacing is a good start.
    pub blur_m: f64,
}

impl Default for DbapParams {
    /// The open field, 20 cm of blur.
    fn default() -> Self {
        Self { rolloff_db: 6.0, blur_m: 0.2 }
    }
}

impl DbapParams {
    /// Checks both.
    ///
    /// # Errors
    /// The first one that is out of range or not finite.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("rolloff_db", self.rolloff_db, 0.5, 24.0)?;
        Error::check_range("blur_m", self.blur_m, 0.001, 100.0)?;
        Ok(())
    }
}

/// A loudspeaker in a room.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(deny_unknown_fields))]
pub struct Placed {
    /// x, y and z, m, within ±1000.
    pub place_m: [f64; 3],
    /// How much of every source it may have, 0 to 1; 0 switches it off.
    pub weight: f64,
}

/// The panner of loudspeakers at places.
///
/// # Example
/// ```
/// use mixcore::spatial::{Dbap, DbapParams, Placed};
/// let at = |x, y| Placed { place_m: [x, y, 0.0], weight: 1.0 };
/// let wall = Dbap::new(&[at(0.0, 0.0), at(4.0, 0.0)])?;
/// let between = wall.gains([2.0, 1.0, 0.0], DbapParams::default())?;
/// assert!((between[0] - 0.5_f64.sqrt()).abs() < 1e-12 && between[0] == between[1]);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dbap {
    loudspeakers: [Placed; MAX_RIG],
    count: usize,
}

impl Dbap {
    /// A panner for loudspeakers at these places.
    ///
    /// # Errors
    /// None or more than 48 loudspeakers; the first one whose place or weight is out of range, by its
    /// index; or no weight of 0.001 or more.
    pub fn new(rig: &[Placed]) -> Result<Self, Error> {
        #[expect(clippy::cast_precision_loss, reason = "exact far above 48")]
        Error::check_range("loudspeakers of the rig", rig.len() as f64, 1.0, MAX_RIG as f64)?;
        let mut loudspeakers = [Placed { place_m: [0.0; 3], weight: 0.0 }; MAX_RIG];
        let mut heaviest = 0.0_f64;
        for (index, (slot, placed)) in loudspeakers.iter_mut().zip(rig).enumerate() {
            let item = ("loudspeaker", index);
            for coordinate in placed.place_m {
                Error::check_item(item, "place_m", coordinate, -MAX_PLACE_M, MAX_PLACE_M)?;
            }
            heaviest = heaviest.max(Error::check_item(item, "weight", placed.weight, 0.0, 1.0)?);
            *slot = *placed;
        }
        Error::check_range("largest weight", heaviest, 1e-3, 1.0)?;
        Ok(Self { loudspeakers, count: rig.len() })
    }

    /// The gains of a source: one per loudspeaker, at power 1.
    ///
    /// # Units and range
    /// m, within ±1000.
    ///
    /// # Errors
    /// A number out of range or not finite.
    pub fn gains(&self, place_m: [f64; 3], params: DbapParams) -> Result<RigGains, Error> {
        check_place(place_m)?;
        params.validate()?;
        let blur = params.blur_m * params.blur_m;
        // Of the squared distance: half of R/(20·log10 2).
        let exponent = -params.rolloff_db / (40.0 * core::f64::consts::LOG10_2);
        let square = |placed: &Placed| {
            let mut sum = blur;
            for (a, b) in placed.place_m.iter().zip(place_m) {
                sum += (a - b) * (a - b);
            }
            sum
        };
        // Relative to the nearest one that sounds, so that no power runs out of range.
        let sounding = |placed: &&Placed| placed.weight > 0.0;
        let rig = self.loudspeakers.get(..self.count).unwrap_or(&[]);
        let nearest = rig.iter().filter(sounding).map(square).fold(f64::INFINITY, f64::min);
        let mut gains = RigGains::silent(self.count);
        for (index, placed) in rig.iter().enumerate().filter(|(_, placed)| placed.weight > 0.0) {
            let ratio = square(placed) / nearest;
            gains.add(index, placed.weight * math::pow(ratio, exponent));
        }
        gains.normalise(2.0);
        Ok(gains)
    }
}

fn check_place(place_m: [f64; 3]) -> Result<(), Error> {
    for coordinate in place_m {
        Error::check_range("place_m", coordinate, -MAX_PLACE_M, MAX_PLACE_M)?;
    }
    Ok(())
}
