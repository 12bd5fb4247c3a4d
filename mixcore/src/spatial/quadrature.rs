//! The wideband phase shift of +90° for Lt/Rt: a windowed Hilbert transformer, turned.
//!
//! > h\[k\] = −2/(πk) · kaiser(k/(M + 1)) for odd k, 0 for even k, −M ≤ k ≤ M
//!
//! The taps are antisymmetric, so the phase is exactly +90° against a delay of M frames at every
//! frequency; only the magnitude is approximate. It steps from −j to +j at 0 Hz, so a window of 60 dB
//! leaves 2·10^(−60/20), 0.017 dB, outside a transition that is centred on 0 Hz. M is as long as puts
//! the upper edge of the transition at 40 Hz: below the 100 Hz where a decoder's surround begins.
//!
//! Sources: A. V. Oppenheim and R. W. Schafer, "Discrete-Time Signal Processing", chapter 12.4
//! (Kaiser-windowed Hilbert transformers); the window as in [`crate::filters::design`].

use crate::audio::Sample;
use crate::filters::design::{kaiser_beta, kaiser_order};
use crate::math;

/// Where the transition ends, Hz.
pub(super) const EDGE_HZ: f64 = 40.0;
/// Attenuation of the window, dB.
const ATTENUATION_DB: f64 = 60.0;

/// M: frames of delay, odd, so that the outermost taps are not zeros.
pub(super) fn half_length(rate_hz: f64) -> usize {
    let taps = kaiser_order(ATTENUATION_DB, 2.0 * EDGE_HZ / rate_hz);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 8700 at the highest rate"
    )]
    let half = math::ceil(taps / 2.0) as usize;
    half | 1
}

/// Tap at `k` frames from the middle.
pub(super) fn tap(k: isize, half: usize) -> f64 {
    if k % 2 == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 8700")]
    let (k, reach) = (k as f64, (half + 1) as f64);
    -2.0 / (math::PI * k) * math::kaiser(k / reach, kaiser_beta(ATTENUATION_DB))
}

/// Fills 2·`half` + 1 taps in time order.
pub(super) fn fill<S: Sample>(taps: &mut [S], half: usize) {
    for (n, slot) in taps.iter_mut().enumerate() {
        *slot = S::from_f64(tap(n as isize - half as isize, half));
    }
}

/// Σ|h|: how far a peak can grow.
pub(super) fn bound(half: usize) -> f64 {
    2.0 * (1..=half).map(|k| tap(k as isize, half).abs()).sum::<f64>()
}
