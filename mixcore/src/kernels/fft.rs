//! Real FFT: lengths, tables and entries. Lane axis: see the passes.
//!
//! N real samples are taken as M = N/2 complex ones, z\[n\] = x\[2n\] + i·x\[2n+1\]. Their DFT Z is
//! made by passes that need no reordering (Stockham's form): radix 8, then radix 4 as often as M
//! asks, then one of radix 2, 4 or 8. Then
//!
//! > X\[k\] = ½(Z\[k\] + Z*\[M−k\]) − ½i·e^(−2πik/N)·(Z\[k\] − Z*\[M−k\])
//!
//! The inverse undoes the last step and runs the same passes with real and imaginary parts swapped.
//! Real and imaginary parts lie in separate slices. Every value comes from one fixed sequence of
//! sums and products, so the bits do not depend on the level.
//!
//! Sources: W. T. Cochran et al., "What is the Fast Fourier Transform?", Proc. IEEE 55(10), 1967,
//! for Stockham's form; H. V. Sorensen et al., "Real-Valued Fast Fourier Transform Algorithms",
//! IEEE Trans. ASSP 35(6), 1987, for the pairs.

use super::isa::Isa;
use super::sample::Sample;
use super::scalar;
use crate::math;

/// Shortest transform.
pub const FFT_MIN: usize = 16;
/// Longest transform.
pub const FFT_MAX: usize = 65_536;

/// √½: real part of the first eighth root of unity, in magnitude.
pub(super) const HALF_ROOT: f64 = core::f64::consts::FRAC_1_SQRT_2;
/// Values that the passes take together: what the vectors of all levels divide.
pub(super) const GROUP: usize = 8;
/// Factors of a column of the first pass.
pub(super) const FIRST_FACTORS: usize = 7;
/// Below this length the first pass has no whole group, and the plain twin does the work.
const VECTOR_MIN: usize = 16 * GROUP;

/// Whether there is a transform of so many samples: powers of two from [`FFT_MIN`] to [`FFT_MAX`].
#[must_use]
pub const fn is_fft_length(length: usize) -> bool {
    length.is_power_of_two() && length >= FFT_MIN && length <= FFT_MAX
}

/// Samples of work space of a transform of `length`.
#[must_use]
pub const fn fft_work_len(length: usize) -> usize {
    2 * length + 2
}

/// Samples of the tables of a transform of `length`.
#[must_use]
pub const fn fft_tables_len(length: usize) -> usize {
    let mut total = 2 * FIRST_FACTORS * (length / 16) + length / 2;
    let mut part = length / 16;
    while part > 8 {
        total += 6 * (part / 4);
        part /= 4;
    }
    total
}

/// Passes of radix 4 between the first one and the last, and the radix of the last (1: none).
pub(super) const fn plan(half: usize) -> (usize, usize) {
    match (half / 8).trailing_zeros() as usize {
        0 => (0, 1),
        1 => (0, 2),
        log2 if log2 % 2 == 0 => (log2 / 2 - 1, 4),
        log2 => (log2 / 2 - 1, 8),
    }
}

/// e^(−2πi·index/length), `length` a multiple of 4: each coordinate to 1 ulp, and roots that mirror
/// each other do so exactly.
fn unit_root(index: usize, length: usize) -> [f64; 2] {
    let quarter = length / 4;
    let (quadrant, rest) = (index % length / quarter, index % quarter);
    #[expect(clippy::cast_precision_loss, reason = "both are below 2^53")]
    let angle = |part: usize| 2.0 * math::PI * part as f64 / length as f64;
    let (c, s) = if 2 * rest > quarter {
        let angle = angle(quarter - rest);
        (math::sin(angle), math::cos(angle))
    } else {
        let angle = angle(rest);
        (math::cos(angle), math::sin(angle))
    };
    match quadrant {
        0 => [c, -s],
        1 => [-s, -c],
        2 => [-c, s],
        _ => [s, c],
    }
}

/// Fills tables of [`fft_tables_len`].
///
/// For the first pass, by groups of columns, seven factors each, real parts before imaginary parts;
/// for each pass of radix 4 but the last, three factors of every column; then the factors of the
/// last step, halved, real parts before imaginary parts. All are computed in f64 and rounded once.
pub fn fill_fft_tables<S: Sample>(length: usize, tables: &mut [S]) {
    if !is_fft_length(length) || tables.len() != fft_tables_len(length) {
        return;
    }
    let half = length / 2;
    let width = GROUP.min(half / 8);
    let (first, mut rest) = tables.split_at_mut(2 * FIRST_FACTORS * (half / 8));
    for (group, table) in first.chunks_exact_mut(2 * FIRST_FACTORS * width).enumerate() {
        for (k, rows) in table.chunks_exact_mut(2 * width).enumerate() {
            let (re, im) = rows.split_at_mut(width);
            for (lane, (re, im)) in re.iter_mut().zip(im).enumerate() {
                [*re, *im] = unit_root((k + 1) * (group * width + lane), half).map(S::from_f64);
            }
        }
    }
    let mut part = half / 8;
    while part > 8 {
        let (table, behind) = rest.split_at_mut(6 * (part / 4));
        for (column, factors) in table.as_chunks_mut::<6>().0.iter_mut().enumerate() {
            for (k, factor) in factors.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                *factor = unit_root((k + 1) * column, part).map(S::from_f64);
            }
        }
        rest = behind;
        part /= 4;
    }
    let (re, im) = rest.split_at_mut(half / 2);
    for (k, (re, im)) in re.iter_mut().zip(im).enumerate() {
        [*re, *im] = unit_root(k, length).map(|x| S::from_f64(0.5 * x));
    }
}

/// Whether slices have the lengths of a transform of `length`.
pub(super) fn fits(length: usize, tables: usize, work: usize, re: usize, im: usize) -> bool {
    let bins = length / 2 + 1;
    is_fft_length(length)
        && tables == fft_tables_len(length)
        && work >= fft_work_len(length)
        && re == bins
        && im == bins
}

/// The spectrum of `time`: `re[k] + i·im[k] = Σ_n time[n]·e^(−2πi·kn/N)` for k = 0 to N/2.
///
/// `tables` are those of N = `time.len()`, `work` has [`fft_work_len`] or more, `re` and `im` N/2 + 1.
/// Where these do not fit together, nothing is done.
pub fn rfft<S: Sample>(
    isa: Isa,
    tables: &[S],
    time: &[S],
    work: &mut [S],
    re: &mut [S],
    im: &mut [S],
) {
    let length = time.len();
    if length < VECTOR_MIN {
        scalar::rfft(tables, time, work, re, im);
    } else if fits(length, tables.len(), work.len(), re.len(), im.len()) {
        // Lengths that fit together leave nothing undone.
        let _done = S::rfft(isa, tables, time, work, re, im);
    }
}

/// The signal of a spectrum: `time[n] = 1/N · Σ_k (re[k] + i·im[k])·e^(2πi·kn/N)` over all N values of
/// k, of which those beyond N/2 are the conjugates of those given. `im[0]` and `im[N/2]` count as 0.
///
/// Lengths as for [`rfft`].
pub fn irfft<S: Sample>(
    isa: Isa,
    tables: &[S],
    re: &[S],
    im: &[S],
    work: &mut [S],
    time: &mut [S],
) {
    let length = time.len();
    if length < VECTOR_MIN {
        scalar::irfft(tables, re, im, work, time);
    } else if fits(length, tables.len(), work.len(), re.len(), im.len()) {
        let _done = S::irfft(isa, tables, re, im, work, time);
    }
}
