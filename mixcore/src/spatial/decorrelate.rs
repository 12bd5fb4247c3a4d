//! Decorrelators: what spreads a diffuse share over loudspeakers without a place of its own.
//!
//! Each channel has an FIR of 512 taps whose magnitude is 1 at every bin and whose phase is random:
//! with u_k from a Mersenne twister,
//!
//! > h\[n\] = (1 + 2·Σ cos(2πkn/512 + 2πu_k) + cos πn)/512, k = 1 … 255
//!
//! The seed is the place of the channel's label in the layout's sorted list of labels, so every run of
//! every renderer has the same filters. The direct share waits 255 frames beside them.
//!
//! Sources: ITU-R BS.2127-1, "decorrelation filters"; M. Matsumoto and T. Nishimura, "Mersenne
//! Twister", ACM Transactions on Modeling and Computer Simulation 8 (1998), MT19937 with its published
//! initialisation.

use super::geometry::sin_cos_deg;
use crate::audio::Layout;
use crate::error::Error;

/// Taps of a decorrelator.
pub const DECORRELATION_TAPS: usize = 512;
/// Frames by which the direct share waits for the middle of the filters.
pub const DECORRELATION_DELAY: usize = (DECORRELATION_TAPS - 1) / 2;

/// Words of the generator's state.
const WORDS: usize = 624;
/// How far the word stands from which a new one is made.
const AHEAD: usize = 397;

/// The first numbers of MT19937, which its first renewal gives.
fn twisted(seed: u32) -> [u32; DECORRELATION_TAPS / 2 - 1] {
    let mut state = [0_u32; WORDS];
    let mut word = seed;
    for (index, slot) in (0_u32..).zip(&mut state) {
        if index > 0 {
            word = 1_812_433_253_u32.wrapping_mul(word ^ (word >> 30)).wrapping_add(index);
        }
        *slot = word;
    }
    let word = |state: &[u32; WORDS], index: usize| state.get(index % WORDS).copied().unwrap_or(0);
    for n in 0..WORDS {
        let bits = (word(&state, n) & 0x8000_0000) | (word(&state, n + 1) & 0x7fff_ffff);
        let odd = if bits & 1 == 1 { 0x9908_b0df } else { 0 };
        let new = word(&state, n + AHEAD) ^ (bits >> 1) ^ odd;
        if let Some(slot) = state.get_mut(n) {
            *slot = new;
        }
    }
    let mut numbers = [0; DECORRELATION_TAPS / 2 - 1];
    for (number, word) in numbers.iter_mut().zip(state) {
        let mut y = word;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        *number = y ^ (y >> 18);
    }
    numbers
}

/// The filter of a seed.
///
/// # Example
/// ```
/// use mixcore::spatial::decorrelation_filter;
/// let taps = decorrelation_filter(3);
/// // All-pass at every bin: the energy is that of one tap of 1.
/// let energy: f64 = taps.iter().map(|tap| tap * tap).sum();
/// assert!((energy - 1.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn decorrelation_filter(seed: u32) -> [f64; DECORRELATION_TAPS] {
    /// Degrees of a step of the angle 2πkn/512.
    const STEP_DEG: f64 = 360.0 / DECORRELATION_TAPS as f64;
    /// 2³² numbers in a turn.
    const TURN_DEG: f64 = 360.0 / 4_294_967_296.0;
    let mut bins = [(0.0, 0.0); DECORRELATION_TAPS / 2 - 1];
    for (bin, number) in bins.iter_mut().zip(twisted(seed)) {
        *bin = sin_cos_deg(f64::from(number) * TURN_DEG);
    }
    let mut turns = [(0.0, 0.0); DECORRELATION_TAPS];
    for (index, turn) in (0_u16..).zip(&mut turns) {
        *turn = sin_cos_deg(f64::from(index) * STEP_DEG);
    }
    core::array::from_fn(|n| {
        let mut sum = if n % 2 == 0 { 2.0 } else { 0.0 };
        for (k, (sin, cos)) in (1..).zip(bins) {
            let turn = turns.get(k * n % DECORRELATION_TAPS).copied().unwrap_or_default();
            // cos(a + b).
            sum += 2.0 * (turn.1 * cos - turn.0 * sin);
        }
        sum / DECORRELATION_TAPS as f64
    })
}

/// The filters of a layout, channel after channel, as [`crate::filters::FirSetup::per_channel`] takes
/// them.
///
/// # Shape
/// `taps` has [`DECORRELATION_TAPS`] numbers for every channel.
///
/// # Errors
/// A list of another length.
pub fn decorrelation_taps(layout: Layout, taps: &mut [f64]) -> Result<(), Error> {
    let expected = layout.channel_count() * DECORRELATION_TAPS;
    if taps.len() != expected {
        return Err(Error::FrameCount { what: "list of taps", given: taps.len(), expected });
    }
    let rows = taps.as_chunks_mut::<DECORRELATION_TAPS>().0;
    for (channel, row) in rows.iter_mut().enumerate() {
        *row = decorrelation_filter_of(layout, channel);
    }
    Ok(())
}

/// The filter of a channel of a layout.
pub(super) fn decorrelation_filter_of(layout: Layout, channel: usize) -> [f64; DECORRELATION_TAPS] {
    let label = layout.speakers().get(channel).map_or("", |speaker| speaker.label);
    let before = |other: &&crate::audio::Speaker| other.label < label;
    #[expect(clippy::cast_possible_truncation, reason = "at most 24 channels")]
    let seed = layout.speakers().iter().filter(before).count() as u32;
    decorrelation_filter(seed)
}
