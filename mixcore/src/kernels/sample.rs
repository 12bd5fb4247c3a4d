//! The two sample types, f32 and f64, behind one sealed trait.

use core::fmt::Debug;

use num_traits::float::FloatCore;

/// A sample: `f32` or `f64`. Sealed.
///
/// Built on [`FloatCore`], which has no transcendental function, so generic code cannot call the
/// platform's maths by accident (promise 1 of the crate's documentation).
pub trait Sample:
    FloatCore + Default + Debug + Send + Sync + 'static + super::lanes::Lanes + super::concrete::Kernels
{
    /// The nearest sample value to `x`.
    fn from_f64(x: f64) -> Self;
    /// The exact value as f64.
    fn as_f64(self) -> f64;
}

impl Sample for f32 {
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "rounding to the sample type is the job")]
    fn from_f64(x: f64) -> Self {
        x as Self
    }
    #[inline(always)]
    fn as_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Sample for f64 {
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn as_f64(self) -> f64 {
        self
    }
}
