//! Products of spectra, summed: what partitioned convolution spends its time with. Lane axis: bin.

use fearless_simd::{Simd, prelude::*};

use super::isa::Isa;
use super::sample::Sample;

/// Adds the products of the spectra of `x`, last to first, with those of `h`, first to last:
///
/// > sum\[k\] = (…(sum\[k\] + x_last\[k\]·h_0\[k\]) + x_(last−1)\[k\]·h_1\[k\]) + …
///
/// A spectrum is its real parts, then its imaginary parts. `sum` is one spectrum, `x` and `h` are
/// several, of which the fewer count.
pub fn spectrum_mac<S: Sample>(isa: Isa, x: &[S], h: &[S], sum: &mut [S]) {
    S::spectrum_mac(isa, x, h, sum);
}

#[inline(always)]
pub(super) fn spectrum_mac_lanes<I: Simd, S: Sample>(simd: I, x: &[S], h: &[S], sum: &mut [S]) {
    let row = sum.len();
    if row < 2 {
        return;
    }
    let (sum_re, sum_im) = sum.split_at_mut(row / 2);
    let (mut xs, mut hs) = (x, h);
    while let Some(before) = xs.len().checked_sub(row) {
        let (Some((x_before, x)), Some((h, h_behind))) =
            (xs.split_at_checked(before), hs.split_at_checked(row))
        else {
            return;
        };
        (xs, hs) = (x_before, h_behind);
        let (x_re, x_im) = x.split_at(row / 2);
        let (h_re, h_im) = h.split_at(row / 2);
        let x_lanes = x_re.chunks_exact(S::LANES).zip(x_im.chunks_exact(S::LANES));
        let h_lanes = h_re.chunks_exact(S::LANES).zip(h_im.chunks_exact(S::LANES));
        let sums = sum_re.chunks_exact_mut(S::LANES).zip(sum_im.chunks_exact_mut(S::LANES));
        for (((x_re, x_im), (h_re, h_im)), (sum_re, sum_im)) in x_lanes.zip(h_lanes).zip(sums) {
            let a = S::V::<I>::from_slice(simd, x_re);
            let b = S::V::<I>::from_slice(simd, x_im);
            let c = S::V::<I>::from_slice(simd, h_re);
            let d = S::V::<I>::from_slice(simd, h_im);
            (S::V::<I>::from_slice(simd, sum_re) + (a * c - b * d)).store_slice(sum_re);
            (S::V::<I>::from_slice(simd, sum_im) + (a * d + b * c)).store_slice(sum_im);
        }
        let done = row / 2 - row / 2 % S::LANES;
        let x_tail = x_re.iter().zip(x_im).skip(done);
        let h_tail = h_re.iter().zip(h_im).skip(done);
        let sums = sum_re.iter_mut().zip(&mut *sum_im).skip(done);
        for (((&a, &b), (&c, &d)), (sum_re, sum_im)) in x_tail.zip(h_tail).zip(sums) {
            *sum_re += a * c - b * d;
            *sum_im += a * d + b * c;
        }
    }
}
