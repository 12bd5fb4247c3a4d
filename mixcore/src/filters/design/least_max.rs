//! Shelves with a resonance: N and D of a matched design whose largest error is as small as it can be made.
//!
//! Level and slope at four places, as [`super::matched`] has them, leave no place for the second resonance's
//! flanks. Here the level is asked for at many places and missed evenly: with M the prototype's |H|²,
//!
//! > Σ w·(N − M·D)²/(M·D')² → least, w → w·|error in dB|
//!
//! D' is the D of the round before (at first the prototype's own denominator), so that what is least is the
//! relative error of N/D; each round the weights grow where the error is large, until it is as large
//! everywhere. The level at 0 Hz is exact.
//!
//! Sources: C. K. Sanathanan, J. Koerner, "Transfer Function Synthesis as a Ratio of Two Complex Polynomials",
//! IEEE Transactions on Automatic Control 8 (1963), the denominator of the round before as a weight;
//! C. L. Lawson, "Contributions to the Theory of Linear Least Maximum Approximations" (1961), the weights.

use super::matched::{CHECKS, Match, Row, TOP, solve};
use crate::filters::Biquad;
use crate::math;
use crate::units::power_to_db;

/// Rounds: a scan of 17 corners, 10 widths to a Q of 40 and 12 gains finds the same largest errors after six as
/// after eight, to 0.01 dB; after four that of a Q of 5 is 1.35 instead of 0.98 dB.
const ROUNDS: usize = 6;
/// Places about a resonance, in bandwidths from it (at half of one the power has halved).
const BESIDE: [f64; 9] = [-1.0, -0.5, -0.25, -0.125, 0.0, 0.125, 0.25, 0.5, 1.0];
/// Frequencies that are fitted.
pub(super) const PLACES: usize = CHECKS.len() + 2 * BESIDE.len();
/// Smallest weight, of the largest: what is exact once would have none for good.
const LEAST_WEIGHT: f64 = 1e-4;

/// The frequencies at which a shelf with its resonances at two shares of Nyquist is fitted and judged, none
/// above `top`.
pub(super) fn places(resonances: [f64; 2], q: f64, top: f64) -> [f64; PLACES] {
    let beside = resonances.into_iter().flat_map(|r| BESIDE.map(|part| r * (1.0 + part / q)));
    let mut all = [0.0; PLACES];
    for (place, share) in all.iter_mut().zip(CHECKS.into_iter().chain(beside)) {
        *place = share.min(top);
    }
    all
}

/// Up to where a shelf may be fitted as well: beyond a resonance above the top, or to Nyquist, where it leans
/// on the band from above.
pub(super) fn reach([_, high]: [f64; 2]) -> Option<f64> {
    (high > TOP - 0.02).then_some((high + 0.02).min(1.0))
}

impl Match<'_> {
    /// The best biquad of all rounds, or nothing where none has one.
    pub(super) fn least_max(&self, places: &[f64; PLACES]) -> Option<Biquad> {
        let zero = self.at_zero();
        let points = places.map(|share| self.point(share));
        let mut below = places.map(|share| self.denominator(share));
        let mut weights = [1.0; PLACES];
        let (mut best, mut least) = (None, f64::INFINITY);
        for _ in 0..ROUNDS {
            let mut rows: [Row<4>; 4] = [([0.0; 4], 0.0); 4];
            for ((&(t, m), &weight), &below) in points.iter().zip(&weights).zip(&below) {
                let weight = weight / (m * below * (m * below));
                let factors = [t, t * t, -m * t, -m * t * t];
                for ((to, right), factor) in rows.iter_mut().zip(factors) {
                    let share = weight * factor;
                    to.iter_mut().zip(factors).for_each(|(to, other)| *to += share * other);
                    *right += share * (m - zero);
                }
            }
            let Some([n1, n2, d1, d2]) = solved(rows) else { break };
            let (n, d) = ([zero, n1, n2], [1.0, d1, d2]);
            below = points.map(|(t, _)| value(d, t));
            let mut errors = points;
            let (mut most, mut positive) = (0.0_f64, true);
            for (error, below) in errors.iter_mut().zip(&below) {
                let (t, m) = *error;
                let above = value(n, t);
                positive &= above > 0.0 && *below > 0.0;
                error.0 = power_to_db(above / (*below * m)).abs();
                most = most.max(error.0);
            }
            if !positive {
                // Weighted as if it were: any D above 0 will do, and this keeps the weights of two places
                // within a factor of 10^6.
                let largest = below.iter().fold(0.0, |most: f64, d| most.max(d.abs()));
                below = below.map(|d| d.abs() + 1e-3 * largest);
                continue;
            }
            if let Some(found) = self.factors(n, d).filter(|_| most < least) {
                (best, least) = (Some(found), most);
            }
            let mut largest = 0.0_f64;
            for (weight, (error, _)) in weights.iter_mut().zip(&errors) {
                *weight *= error / most;
                largest = largest.max(*weight);
            }
            weights = weights.map(|weight| weight.max(LEAST_WEIGHT * largest));
        }
        best
    }
}

fn value(c: [f64; 3], t: f64) -> f64 {
    c[0] + t * (c[1] + t * c[2])
}

/// Normal equations, the unknowns brought to one size first.
fn solved(mut rows: [Row<4>; 4]) -> Option<[f64; 4]> {
    let mut sizes = [0.0; 4];
    for (index, (size, (factors, _))) in sizes.iter_mut().zip(&rows).enumerate() {
        *size = 1.0 / math::sqrt(*factors.get(index)?);
    }
    for ((factors, right), size) in rows.iter_mut().zip(sizes) {
        factors.iter_mut().zip(sizes).for_each(|(factor, other)| *factor *= size * other);
        *right *= size;
    }
    let mut found = solve(rows)?;
    found.iter_mut().zip(sizes).for_each(|(found, size)| *found *= size);
    Some(found)
}
