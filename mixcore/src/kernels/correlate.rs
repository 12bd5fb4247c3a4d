//! Sums of products of two signals. Lane axis: time in [`dot3`], lags in [`lag_products`].

use fearless_simd::{Simd, f64x8, prelude::*};

use super::isa::{Isa, dispatch};
use super::lanes::Lanes;
use super::reduce::{fold_sum, padded};
use super::sample::Sample;

/// Lags whose sums stay in registers together.
const LAG_TILE: usize = 32;

/// Sums of the products of a pair of channels, left and right.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairSums {
    /// Σ l².
    pub left: f64,
    /// Σ r².
    pub right: f64,
    /// Σ l·r.
    pub product: f64,
}

/// Σ l², Σ r² and Σ l·r in one read (the shorter of both channels counts).
///
/// The sums run in eight lanes, index modulo 8, in f64, and the fixed tree of [`super::sum`].
#[must_use]
pub fn dot3<S: Sample>(isa: Isa, left: &[S], right: &[S]) -> PairSums {
    S::dot3(isa, left, right)
}

#[inline(always)]
pub(super) fn dot3_lanes<I: Simd, S: Sample>(simd: I, left: &[S], right: &[S]) -> PairSums {
    let frames = left.len().min(right.len());
    let zero = f64x8::splat(simd, 0.0);
    let (mut ll, mut rr, mut lr) = (zero, zero, zero);
    let (left, left_tail) = left[..frames].as_chunks();
    let (right, right_tail) = right[..frames].as_chunks();
    for (l, r) in left.iter().zip(right) {
        let (l, r) = (<S as Lanes>::load_f64(simd, l), <S as Lanes>::load_f64(simd, r));
        ll += l * l;
        rr += r * r;
        lr += l * r;
    }
    if !left_tail.is_empty() {
        let l = <S as Lanes>::load_f64(simd, &padded(left_tail));
        let r = <S as Lanes>::load_f64(simd, &padded(right_tail));
        ll += l * l;
        rr += r * r;
        lr += l * r;
    }
    PairSums {
        left: fold_sum(ll.as_slice()),
        right: fold_sum(rr.as_slice()),
        product: fold_sum(lr.as_slice()),
    }
}

/// `sums[k] += Σ_n a[n] · b[n + k]`, serially in time, for the n whose every lag `b` reaches.
///
/// So `b` holds `a.len() + sums.len() − 1` values; with fewer, the last of `a` do not count.
pub fn lag_products(isa: Isa, a: &[f64], b: &[f64], sums: &mut [f64]) {
    dispatch!(isa, simd => lag_products_lanes(simd, a, b, sums));
}

#[inline(always)]
fn lag_products_lanes<I: Simd>(simd: I, a: &[f64], b: &[f64], sums: &mut [f64]) {
    let frames = super::scalar::reach(b.len(), sums.len().max(1), a.len());
    let a = a.get(..frames).unwrap_or_default();
    let mut lag = 0;
    let (tiles, rest) = sums.as_chunks_mut::<LAG_TILE>();
    for tile in tiles {
        let (eights, _) = tile.as_chunks_mut::<8>();
        let mut sum: [f64x8<I>; LAG_TILE / 8] =
            core::array::from_fn(|i| f64x8::load_array_ref(simd, &eights[i]));
        for (x, window) in a.iter().zip(b.get(lag..).unwrap_or_default().windows(LAG_TILE)) {
            let (window, _) = window.as_chunks::<8>();
            for (sum, y) in sum.iter_mut().zip(window) {
                *sum += f64x8::load_array_ref(simd, y) * *x;
            }
        }
        for (sum, eight) in sum.iter().zip(eights) {
            sum.store_array(eight);
        }
        lag += LAG_TILE;
    }
    let (eights, rest) = rest.as_chunks_mut::<8>();
    for eight in eights {
        let mut sum = f64x8::load_array_ref(simd, eight);
        for (x, window) in a.iter().zip(b.get(lag..).unwrap_or_default().windows(8)) {
            if let Some(y) = window.first_chunk() {
                sum += f64x8::load_array_ref(simd, y) * *x;
            }
        }
        sum.store_array(eight);
        lag += 8;
    }
    for sum in rest {
        for (x, y) in a.iter().zip(b.get(lag..).unwrap_or_default()) {
            *sum += y * x;
        }
        lag += 1;
    }
}
