//! Which SIMD instructions the kernels use: our own type over the SIMD crate's.

use core::fmt;

use fearless_simd::Level;

/// A level of SIMD instructions, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum IsaLevel {
    /// No SIMD: plain scalar code. On x86 it exists with the feature `scalar`.
    Scalar,
    /// 128-bit SIMD of a 32-bit WebAssembly engine.
    WasmSimd128,
    /// 128-bit NEON of AArch64.
    Neon,
    /// 128-bit SSE2, the baseline of x86-64.
    Sse2,
    /// 128-bit SSE4.2 (x86-64-v2).
    Sse42,
    /// 256-bit AVX2 (x86-64-v3).
    Avx2,
}

/// The SIMD level that an object uses, chosen when it is built.
///
/// All levels give the same bits; a lower one is for tests and for reproducing a report.
#[derive(Clone, Copy)]
pub struct Isa(Level);

impl Isa {
    /// The best level of this CPU, capped at AVX2.
    ///
    /// AVX-512 stays off: rustc 1.95 miscompiles it when dq and vl are both enabled
    /// (rust-lang/rust issue 158622). Without `std` this is what the target guarantees.
    #[must_use]
    pub fn detect() -> Self {
        Self::cap(Level::try_detect().unwrap_or(Level::baseline()))
    }

    /// What the compilation target guarantees.
    #[must_use]
    pub fn baseline() -> Self {
        Self::cap(Level::baseline())
    }

    /// The best available level that is not above `cap`; the baseline if there is none.
    #[must_use]
    pub fn at_most(cap: IsaLevel) -> Self {
        let mut best = None;
        for isa in Self::available() {
            if isa.level() <= cap {
                best = Some(isa);
            }
        }
        best.unwrap_or(Self::baseline())
    }

    /// Every level this CPU can run, lowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        let level = Level::try_detect().unwrap_or(Level::baseline());
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        let found = [
            Self::scalar(),
            level.as_sse2().map(|token| Self(Level::Sse2(token))),
            level.as_sse4_2().map(|token| Self(Level::Sse4_2(token))),
            level.as_avx2().map(|token| Self(Level::Avx2(token))),
        ];
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        let found = [
            // Where the target has no SIMD, its own level is the scalar one.
            Self::scalar().filter(|_| Self(level).level() != IsaLevel::Scalar),
            Some(Self(level)),
        ];
        found.into_iter().flatten()
    }

    /// The level's name.
    #[must_use]
    pub fn level(self) -> IsaLevel {
        match self.0 {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Level::Sse2(_) => IsaLevel::Sse2,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Level::Sse4_2(_) => IsaLevel::Sse42,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Level::Avx2(_) => IsaLevel::Avx2,
            #[cfg(target_arch = "aarch64")]
            Level::Neon(_) => IsaLevel::Neon,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Level::WasmSimd128(_) => IsaLevel::WasmSimd128,
            _ => IsaLevel::Scalar,
        }
    }

    /// What the dispatch of a kernel matches on.
    #[inline(always)]
    pub(super) fn token(self) -> Level {
        self.0
    }

    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    fn cap(level: Level) -> Self {
        match level {
            Level::Avx512(_) => {
                level.as_avx2().map_or(Self(level), |token| Self(Level::Avx2(token)))
            }
            other => Self(other),
        }
    }

    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    fn cap(level: Level) -> Self {
        Self(level)
    }

    #[cfg(feature = "scalar")]
    fn scalar() -> Option<Self> {
        Some(Self(Level::fallback()))
    }

    #[cfg(not(feature = "scalar"))]
    fn scalar() -> Option<Self> {
        None
    }
}

impl fmt::Debug for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Isa({:?})", self.level())
    }
}

impl PartialEq for Isa {
    fn eq(&self, other: &Self) -> bool {
        self.level() == other.level()
    }
}

impl Eq for Isa {}

impl Default for Isa {
    fn default() -> Self {
        Self::detect()
    }
}
