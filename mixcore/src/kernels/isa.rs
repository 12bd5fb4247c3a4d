//! Which SIMD instructions the kernels use: our own type over the SIMD crate's.

use core::fmt;

#[cfg(target_arch = "aarch64")]
use fearless_simd::aarch64::Neon;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use fearless_simd::wasm32::WasmSimd128;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
use fearless_simd::x86::{Avx2, Sse2, Sse4_2};
use fearless_simd::{Fallback, Level};

/// A level of SIMD instructions, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum IsaLevel {
    /// No SIMD: plain scalar code.
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

/// The SIMD crate's proof that this CPU has a level.
///
/// AVX-512 is not among them, so no kernel is compiled for it: rustc 1.95 miscompiles it when dq
/// and vl are both enabled (rust-lang/rust issue 158622).
#[derive(Clone, Copy)]
pub(super) enum Token {
    Scalar(Fallback),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    WasmSimd128(WasmSimd128),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Sse2(Sse2),
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Sse42(Sse4_2),
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Avx2(Avx2),
}

/// `dispatch!(isa, simd => kernel(simd, …))` runs a kernel's body compiled for the level of `isa`.
///
/// There is an arm for every token, so that nothing is left that could panic.
macro_rules! dispatch {
    ($isa:expr, $simd:ident => $body:expr) => {
        match $isa.token() {
            $crate::kernels::isa::Token::Scalar($simd) => fearless_simd::Simd::vectorize(
                $simd,
                #[inline(always)]
                || $body,
            ),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            $crate::kernels::isa::Token::WasmSimd128($simd) => fearless_simd::Simd::vectorize(
                $simd,
                #[inline(always)]
                || $body,
            ),
            #[cfg(target_arch = "aarch64")]
            $crate::kernels::isa::Token::Neon($simd) => fearless_simd::Simd::vectorize(
                $simd,
                #[inline(always)]
                || $body,
            ),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            $crate::kernels::isa::Token::Sse2($simd) => fearless_simd::Simd::vectorize(
                $simd,
                #[inline(always)]
                || $body,
            ),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            $crate::kernels::isa::Token::Sse42($simd) => fearless_simd::Simd::vectorize(
                $simd,
                #[inline(always)]
                || $body,
            ),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            $crate::kernels::isa::Token::Avx2($simd) => fearless_simd::Simd::vectorize(
                $simd,
                #[inline(always)]
                || $body,
            ),
        }
    };
}
pub(super) use dispatch;

/// The SIMD level that an object uses, chosen when it is built.
///
/// All levels give the same bits; a lower one is for tests and for reproducing a report.
#[derive(Clone, Copy)]
pub struct Isa(Token);

impl Isa {
    /// The best level of this CPU, at most AVX2. Without `std` it is what the target guarantees.
    #[must_use]
    pub fn detect() -> Self {
        Self::best(Self::available())
    }

    /// What the compilation target guarantees, at most AVX2.
    #[must_use]
    pub fn baseline() -> Self {
        Self::best(Self::levels(Level::baseline()))
    }

    /// The best available level that is not above `cap`; scalar code if there is none.
    #[must_use]
    pub fn at_most(cap: IsaLevel) -> Self {
        Self::best(Self::available().filter(|isa| isa.level() <= cap))
    }

    /// Every level this CPU can run, lowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::levels(Level::try_detect().unwrap_or(Level::baseline()))
    }

    /// The level's name.
    #[must_use]
    pub fn level(self) -> IsaLevel {
        match self.0 {
            Token::Scalar(_) => IsaLevel::Scalar,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Token::WasmSimd128(_) => IsaLevel::WasmSimd128,
            #[cfg(target_arch = "aarch64")]
            Token::Neon(_) => IsaLevel::Neon,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Token::Sse2(_) => IsaLevel::Sse2,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Token::Sse42(_) => IsaLevel::Sse42,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Token::Avx2(_) => IsaLevel::Avx2,
        }
    }

    /// What the dispatch of a kernel matches on.
    #[inline(always)]
    pub(super) fn token(self) -> Token {
        self.0
    }

    /// The levels that are in `proven`, lowest first.
    fn levels(proven: Level) -> impl Iterator<Item = Self> {
        let found = [
            Some(Token::Scalar(Fallback::new())),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            proven.as_wasm_simd128().map(Token::WasmSimd128),
            #[cfg(target_arch = "aarch64")]
            proven.as_neon().map(Token::Neon),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            proven.as_sse2().map(Token::Sse2),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            proven.as_sse4_2().map(Token::Sse42),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            proven.as_avx2().map(Token::Avx2),
        ];
        found.into_iter().flatten().map(Self)
    }

    fn best(levels: impl Iterator<Item = Self>) -> Self {
        levels.last().unwrap_or(Self(Token::Scalar(Fallback::new())))
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
