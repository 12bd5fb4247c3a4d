//! Samples into and out of the frames of f64 that the filters' kernels run on. Lane axis: time.

use fearless_simd::{Simd, SimdMask, f64x8, prelude::*};

use super::isa::Isa;
use super::lanes::Lanes;
use super::reduce::SAMPLE_LIMIT;
use super::sample::Sample;

/// Interleaves two channels as f64, with samples that are not finite or beyond [`SAMPLE_LIMIT`]
/// replaced by 0, and returns how many were (the shortest of the slices counts).
pub fn pair_in<S: Sample>(isa: Isa, left: &[S], right: &[S], out: &mut [[f64; 2]]) -> usize {
    S::pair_in(isa, left, right, out)
}

#[inline(always)]
pub(super) fn pair_in_lanes<I: Simd, S: Sample>(
    simd: I,
    left: &[S],
    right: &[S],
    out: &mut [[f64; 2]],
) -> usize {
    let (zero, limit) = (f64x8::splat(simd, 0.0), f64x8::splat(simd, SAMPLE_LIMIT));
    let (mut faults, mut done) = (0, 0);
    let channels = left.as_chunks::<8>().0.iter().zip(right.as_chunks::<8>().0);
    for ((l, r), out) in channels.zip(out.as_chunks_mut::<8>().0) {
        let (x, y) = (<S as Lanes>::load_f64(simd, l), <S as Lanes>::load_f64(simd, r));
        let (good_x, good_y) = (x.abs().simd_le(limit), y.abs().simd_le(limit));
        if !(good_x & good_y).all_true() {
            faults += l.iter().chain(r).filter(|&&x| super::scalar::is_fault(x)).count();
        }
        let (low, high) = simd.interleave_f64x8(good_x.select(x, zero), good_y.select(y, zero));
        if let ([first, second], _) = out.as_flattened_mut().as_chunks_mut::<8>() {
            low.store_array(first);
            high.store_array(second);
        }
        done += 8;
    }
    faults
        + super::scalar::pair_in(
            left.get(done..).unwrap_or_default(),
            right.get(done..).unwrap_or_default(),
            out.get_mut(done..).unwrap_or_default(),
        )
}

/// The way back: each f64 rounded to a sample, and held at the largest finite one (the shortest of
/// the slices counts).
pub fn pair_out<S: Sample>(isa: Isa, frames: &[[f64; 2]], left: &mut [S], right: &mut [S]) {
    S::pair_out(isa, frames, left, right);
}

#[inline(always)]
pub(super) fn pair_out_lanes<I: Simd, S: Sample>(
    simd: I,
    frames: &[[f64; 2]],
    left: &mut [S],
    right: &mut [S],
) {
    let top = f64x8::splat(simd, S::max_value().as_f64());
    let bottom = f64x8::splat(simd, -S::max_value().as_f64());
    let mut done = 0;
    let eights = frames.as_chunks::<8>().0.iter();
    let channels = left.as_chunks_mut::<8>().0.iter_mut().zip(right.as_chunks_mut::<8>().0);
    for (frames, (l, r)) in eights.zip(channels) {
        if let ([first, second], _) = frames.as_flattened().as_chunks::<8>() {
            let a = f64x8::load_array_ref(simd, first);
            let b = f64x8::load_array_ref(simd, second);
            let a = a.simd_gt(top).select(top, a.simd_lt(bottom).select(bottom, a));
            let b = b.simd_gt(top).select(top, b.simd_lt(bottom).select(bottom, b));
            S::store_f64(simd, simd.unzip_low_f64x8(a, b), l);
            S::store_f64(simd, simd.unzip_high_f64x8(a, b), r);
        }
        done += 8;
    }
    super::scalar::pair_out(
        frames.get(done..).unwrap_or_default(),
        left.get_mut(done..).unwrap_or_default(),
        right.get_mut(done..).unwrap_or_default(),
    );
}

/// One channel as f64, cleaned and counted as in [`pair_in`] (the shorter of the slices counts).
pub fn channel_in<S: Sample>(isa: Isa, samples: &[S], out: &mut [f64]) -> usize {
    S::channel_in(isa, samples, out)
}

#[inline(always)]
pub(super) fn channel_in_lanes<I: Simd, S: Sample>(
    simd: I,
    samples: &[S],
    out: &mut [f64],
) -> usize {
    let (zero, limit) = (f64x8::splat(simd, 0.0), f64x8::splat(simd, SAMPLE_LIMIT));
    let (mut faults, mut done) = (0, 0);
    for (samples, out) in samples.as_chunks::<8>().0.iter().zip(out.as_chunks_mut::<8>().0) {
        let x = <S as Lanes>::load_f64(simd, samples);
        let good = x.abs().simd_le(limit);
        if !good.all_true() {
            faults += samples.iter().filter(|&&x| super::scalar::is_fault(x)).count();
        }
        good.select(x, zero).store_array(out);
        done += 8;
    }
    let (samples, out) = (samples.get(done..), out.get_mut(done..));
    faults + super::scalar::channel_in(samples.unwrap_or_default(), out.unwrap_or_default())
}

/// The way back, rounded and held as in [`pair_out`] (the shorter of the slices counts).
pub fn channel_out<S: Sample>(isa: Isa, frames: &[f64], samples: &mut [S]) {
    S::channel_out(isa, frames, samples);
}

#[inline(always)]
pub(super) fn channel_out_lanes<I: Simd, S: Sample>(simd: I, frames: &[f64], samples: &mut [S]) {
    let top = f64x8::splat(simd, S::max_value().as_f64());
    let bottom = f64x8::splat(simd, -S::max_value().as_f64());
    let mut done = 0;
    for (frames, out) in frames.as_chunks::<8>().0.iter().zip(samples.as_chunks_mut::<8>().0) {
        let y = f64x8::load_array_ref(simd, frames);
        let y = y.simd_gt(top).select(top, y.simd_lt(bottom).select(bottom, y));
        S::store_f64(simd, y, out);
        done += 8;
    }
    let (frames, samples) = (frames.get(done..), samples.get_mut(done..));
    super::scalar::channel_out(frames.unwrap_or_default(), samples.unwrap_or_default());
}
