//! The gain computer: levels in decibels, a static curve over them, gains out of decibels. Lane
//! axis: time.
//!
//! > L = c·log2 max(x, floor), c = 20·log10 2 for amplitudes and half of it for powers
//! > g = 2^(G·log2(10)/20)
//!
//! log2 takes the exponent out of the bits, so that the mantissa 1 + f lies in √½ … √2, and adds
//! f·P(f), P of degree 7; exp2 splits off the nearest whole number and takes 1 + f·Q(f), Q of
//! degree 4, for the rest in −½ … ½. P and Q are minimax fits (Lawson's iteration), rounded to f32.
//! What is left is the rounding of f32: `kernels_dynamics.rs` measures at most 2.5e-5 dB for a level
//! of an amplitude between −240 and +120 dBFS, 1.5e-5 dB for a gain between −240 and +120 dB, and
//! 3.5e-5 dB from amplitude to gain through a soft knee. 0 dB is a gain of exactly 1, and an
//! amplitude of 1 is exactly 0 dB.
//!
//! Control signals are f32 (house rule), so these kernels have one sample type.

use fearless_simd::{Simd, f32x16, i32x16, prelude::*};

use super::isa::{Isa, dispatch};
use super::lanes::Lanes;
use super::sample::Sample;
use super::scalar;

/// Decibels per doubling of an amplitude: 20·log10(2).
pub const AMPLITUDE_DB: f32 = 6.020_6;
/// Decibels per doubling of a power: 10·log10(2).
pub const POWER_DB: f32 = 3.010_3;
/// The least amplitude that has a level of its own: 2^-40 (-240.8 dBFS).
pub const AMPLITUDE_FLOOR: f32 = 1.0 / (1_u64 << 40) as f32;
/// The least power that has a level of its own: 2^-80 (-240.8 dBFS).
pub const POWER_FLOOR: f32 = AMPLITUDE_FLOOR * AMPLITUDE_FLOOR;

/// Lanes of f32 control values.
const LANES: usize = 16;

/// Bits of √½ as f32: mantissas are taken from here to √2.
pub(super) const SQRT_HALF_BITS: i32 = 0x3f35_04f3;
/// log2(1 + f)/f for √½ ≤ 1 + f ≤ √2, from the constant up; error times f below 5e-8 (3e-7 dB).
#[rustfmt::skip]
pub(super) const LOG2: [f32; 8] = [
    1.442_694_8, -0.721_357_17, 0.480_939_45, -0.360_087_22,
    0.286_707_46, -0.250_069_05, 0.236_890_33, -0.145_744_37,
];
/// (2^f − 1)/f for |f| ≤ ½, from the constant up; error of 2^f below 1e-7 (8e-7 dB).
#[rustfmt::skip]
#[expect(clippy::approx_constant, reason = "the fit's own constant, not ln 2")]
pub(super) const EXP2: [f32; 5] = [
    0.693_147, 0.240_222_42, 0.055_507_336, 0.009_671_513, 0.001_326_472_7,
];
/// log2(10)/20.
pub(super) const OCTAVES_PER_DB: f32 = 0.166_096_4;
/// Adding 1.5·2^23 rounds to a whole number and leaves it in the low bits.
pub(super) const ROUNDER: f32 = 12_582_912.0;
/// Octaves that an f32 gain can have.
pub(super) const OCTAVES: f32 = 126.0;

/// One bend of a static curve with its own limit, in dB.
///
/// With d = direction·(L − edge), W the knee and over(d, W) = clamp(d + W/2, 0, W)²/(2W) +
/// max(d − W/2, 0): r = slope·over(d, W), then r − over(r − limit, limit knee), times `sign`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CurveSection {
    /// Level of the corner.
    pub edge: f32,
    /// 1 acts above the corner, -1 below it.
    pub direction: f32,
    /// dB of gain change per dB of level.
    pub slope: f32,
    /// 1 raises, -1 reduces.
    pub sign: f32,
    /// The knee round the corner.
    pub knee: Knee,
    /// The most that this section changes.
    pub limit: f32,
    /// The knee round the limit.
    pub limit_knee: Knee,
}

/// The width of a knee and what a kernel needs of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Knee {
    /// W, dB.
    pub width: f32,
    /// 1/(2W); 0 for a hard corner.
    pub inverse: f32,
}

impl Knee {
    /// A knee of a width in dB; below a millionth of a dB it is a hard corner.
    #[must_use]
    pub fn new(width_db: f64) -> Self {
        if width_db > 1e-6 {
            #[expect(clippy::cast_possible_truncation, reason = "a control value")]
            Self { width: width_db as f32, inverse: (0.5 / width_db) as f32 }
        } else {
            Self::default()
        }
    }
}

/// `to[n] = max(to[n], |from[n]|)` in f32: the peak of linked channels (the shorter length counts).
///
/// Runs at the target's baseline, for the reason given at [`super::round_into`].
pub fn raise_to_magnitude<S: Sample>(isa: Isa, from: &[S], to: &mut [f32]) {
    let _ = isa;
    S::raise_to_magnitude(Isa::baseline(), from, to);
}

#[inline(always)]
pub(super) fn raise_to_magnitude_lanes<I: Simd, S: Sample>(simd: I, from: &[S], to: &mut [f32]) {
    let frames = from.len().min(to.len());
    let whole = frames - frames % S::LANES;
    let (from, from_tail) = from[..frames].split_at(whole);
    let (to, to_tail) = to[..frames].split_at_mut(whole);
    for (from, to) in from.chunks_exact(S::LANES).zip(to.chunks_exact_mut(S::LANES)) {
        let magnitude = S::V::<I>::from_slice(simd, from).abs();
        <S as Lanes>::raise_f32(simd, magnitude, to);
    }
    scalar::raise_to_magnitude(from_tail, to_tail);
}

/// `io[n] = db_per_octave · log2(max(io[n], floor))`: amplitudes or powers become levels in dB.
///
/// `floor` is positive and normal; the values are finite and not negative.
pub fn levels_db(isa: Isa, io: &mut [f32], db_per_octave: f32, floor: f32) {
    dispatch!(isa, simd => levels_db_lanes(simd, io, db_per_octave, floor));
}

#[inline(always)]
fn levels_db_lanes<I: Simd>(simd: I, io: &mut [f32], db_per_octave: f32, floor: f32) {
    let floors = f32x16::splat(simd, floor);
    let (chunks, tail) = io.as_chunks_mut::<LANES>();
    for chunk in chunks {
        let x = f32x16::load_array_ref(simd, chunk).max_precise(floors);
        let bits: i32x16<I> = x.bitcast();
        let exponent = (bits - SQRT_HALF_BITS) >> 23_u32;
        let mantissa: f32x16<I> = (bits - (exponent << 23_u32)).bitcast();
        let f = mantissa - 1.0;
        let mut p = f32x16::splat(simd, LOG2[7]);
        p = p * f + LOG2[6];
        p = p * f + LOG2[5];
        p = p * f + LOG2[4];
        p = p * f + LOG2[3];
        p = p * f + LOG2[2];
        p = p * f + LOG2[1];
        p = p * f + LOG2[0];
        let whole: f32x16<I> = f32x16::float_from(exponent);
        ((p * f + whole) * db_per_octave).store_slice(chunk);
    }
    scalar::levels_db(tail, db_per_octave, floor);
}

/// `io[n] = 10^(io[n]/20)`: decibels become gains; 0 dB is exactly 1. Gains stay between 2^-126 and
/// 2^126 (±758 dB).
pub fn gains_of_db(isa: Isa, io: &mut [f32]) {
    dispatch!(isa, simd => gains_of_db_lanes(simd, io));
}

#[inline(always)]
fn gains_of_db_lanes<I: Simd>(simd: I, io: &mut [f32]) {
    let (low, high) = (f32x16::splat(simd, -OCTAVES), f32x16::splat(simd, OCTAVES));
    let (chunks, tail) = io.as_chunks_mut::<LANES>();
    for chunk in chunks {
        let t = (f32x16::load_array_ref(simd, chunk) * OCTAVES_PER_DB)
            .max_precise(low)
            .min_precise(high);
        let shifted = t + ROUNDER;
        let f = t - (shifted - ROUNDER);
        let mut p = f32x16::splat(simd, EXP2[4]);
        p = p * f + EXP2[3];
        p = p * f + EXP2[2];
        p = p * f + EXP2[1];
        p = p * f + EXP2[0];
        p = p * f + 1.0;
        let mantissa: i32x16<I> = p.bitcast();
        let whole: i32x16<I> = shifted.bitcast();
        let gain: f32x16<I> = (mantissa + (whole << 23_u32)).bitcast();
        gain.store_slice(chunk);
    }
    scalar::gains_of_db(tail);
}

/// The gain change in dB at each level, all sections added (the shorter of both lengths counts).
pub fn gain_curve(isa: Isa, sections: &[CurveSection], levels: &[f32], gains: &mut [f32]) {
    dispatch!(isa, simd => gain_curve_lanes(simd, sections, levels, gains));
}

#[inline(always)]
fn gain_curve_lanes<I: Simd>(
    simd: I,
    sections: &[CurveSection],
    levels: &[f32],
    gains: &mut [f32],
) {
    let frames = levels.len().min(gains.len());
    let (from, from_tail) = levels[..frames].as_chunks::<LANES>();
    let (to, to_tail) = gains[..frames].as_chunks_mut::<LANES>();
    for (from, to) in from.iter().zip(to) {
        let level = f32x16::load_array_ref(simd, from);
        let mut gain = f32x16::splat(simd, 0.0);
        for section in sections {
            let d = (level - section.edge) * section.direction;
            let r = over(simd, d, section.knee) * section.slope;
            let r = r - over(simd, r - section.limit, section.limit_knee);
            gain += r * section.sign;
        }
        gain.store_slice(to);
    }
    scalar::gain_curve(sections, from_tail, to_tail);
}

/// How far `d` lies above 0, with a knee.
#[inline(always)]
fn over<I: Simd>(simd: I, d: f32x16<I>, knee: Knee) -> f32x16<I> {
    let zero = f32x16::splat(simd, 0.0);
    let half = knee.width * 0.5;
    let u = (d + half).max_precise(zero).min_precise(f32x16::splat(simd, knee.width));
    u * u * knee.inverse + (d - half).max_precise(zero)
}
