//! The plain twins of the gain computer.

use super::gain_computer::{
    CurveSection, EXP2, Knee, LOG2, OCTAVES, OCTAVES_PER_DB, ROUNDER, SQRT_HALF_BITS,
};
use super::sample::Sample;

/// The larger of two values that are not NaN.
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The smaller of two values that are not NaN.
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// Twin of [`super::raise_to_magnitude`].
pub fn raise_to_magnitude<S: Sample>(from: &[S], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
        let magnitude = from.abs().as_f64() as f32;
        *to = larger(magnitude, *to);
    }
}

/// Twin of [`super::levels_db`].
pub fn levels_db(io: &mut [f32], db_per_octave: f32, floor: f32) {
    for x in io {
        let bits = larger(*x, floor).to_bits().cast_signed();
        let exponent = bits.wrapping_sub(SQRT_HALF_BITS) >> 23;
        let f = f32::from_bits(bits.wrapping_sub(exponent << 23).cast_unsigned()) - 1.0;
        let p = LOG2.iter().rev().skip(1).fold(LOG2[7], |p, c| p * f + c);
        #[expect(clippy::cast_precision_loss, reason = "at most 8 bits")]
        let whole = exponent as f32;
        *x = (p * f + whole) * db_per_octave;
    }
}

/// Twin of [`super::gains_of_db`].
pub fn gains_of_db(io: &mut [f32]) {
    for x in io {
        let t = smaller(larger(*x * OCTAVES_PER_DB, -OCTAVES), OCTAVES);
        let shifted = t + ROUNDER;
        let f = t - (shifted - ROUNDER);
        let p = EXP2.iter().rev().skip(1).fold(EXP2[4], |p, c| p * f + c);
        let mantissa = (p * f + 1.0).to_bits();
        *x = f32::from_bits(mantissa.wrapping_add(shifted.to_bits() << 23));
    }
}

/// Twin of [`super::gain_curve`].
pub fn gain_curve(sections: &[CurveSection], levels: &[f32], gains: &mut [f32]) {
    for (gain, level) in gains.iter_mut().zip(levels) {
        *gain = 0.0;
        for section in sections {
            let d = (level - section.edge) * section.direction;
            let r = over(d, section.knee) * section.slope;
            let r = r - over(r - section.limit, section.limit_knee);
            *gain += r * section.sign;
        }
    }
}

/// How far `d` lies above 0, with a knee.
fn over(d: f32, knee: Knee) -> f32 {
    let half = knee.width * 0.5;
    let u = smaller(larger(d + half, 0.0), knee.width);
    u * u * knee.inverse + larger(d - half, 0.0)
}
