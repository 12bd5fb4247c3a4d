//! Real FFT: lengths, tables and entries. Lane axis: see the passes.
//!
//! N real samples are taken as M = N/2 complex ones, z\[n\] = x\[2n\] + i·x\[2n+1\]. Their DFT Z is
//! made by passes that need no reordering (Stockham's form): radix 8, then radix 3, 5, 7 and 4 as
//! often as M asks; of powers of two the last has radix 2, 4 or 8. Then
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

/// Whether there is a transform of so many samples: 16·2^a·3^b·5^c·7^d from [`FFT_MIN`] to [`FFT_MAX`].
#[must_use]
pub const fn is_fft_length(length: usize) -> bool {
    if !length.is_multiple_of(16) || length < FFT_MIN || length > FFT_MAX {
        return false;
    }
    let mut rest = length / 16;
    while rest.is_multiple_of(3) {
        rest /= 3;
    }
    while rest.is_multiple_of(5) {
        rest /= 5;
    }
    while rest.is_multiple_of(7) {
        rest /= 7;
    }
    rest.is_power_of_two()
}

/// Samples of work space of a transform of `length`.
#[must_use]
pub const fn fft_work_len(length: usize) -> usize {
    2 * length + 2
}

/// Samples of the tables of a transform of `length`.
#[must_use]
pub const fn fft_tables_len(length: usize) -> usize {
    let mut total = first_table_len(length / 2) + length / 2;
    let mut part = length / 16;
    while part > 1 {
        let radix = radix(part);
        if part > radix {
            total += 2 * (radix - 1) * (part / radix);
        }
        part /= radix;
    }
    total
}

/// Samples of the first pass's table: whole groups of columns.
pub(super) const fn first_table_len(half: usize) -> usize {
    let columns = half / 8;
    2 * FIRST_FACTORS * if columns > GROUP { columns.next_multiple_of(GROUP) } else { columns }
}

/// First column of a group of the first pass. Where the last group is not whole, it takes columns of
/// the one before once more.
fn first_column(group: usize, columns: usize) -> usize {
    (GROUP * group).min(columns.saturating_sub(GROUP))
}

/// The radix of the next pass where `part` values are left of a column: 3, 5 and 7 while they divide
/// it, then 4 until 2, 4 or 8 are left. The last pass is the one of the radix `part`.
pub(super) const fn radix(part: usize) -> usize {
    if part == 2 || part == 8 {
        part
    } else if part.is_power_of_two() {
        4
    } else if part.is_multiple_of(3) {
        3
    } else if part.is_multiple_of(5) {
        5
    } else if part.is_multiple_of(7) {
        7
    } else {
        4
    }
}

/// Passes between the first one and the last.
pub(super) const fn middle_count(half: usize) -> usize {
    let (mut part, mut count) = (half / 8, 0);
    while part > radix(part) {
        part /= radix(part);
        count += 1;
    }
    count
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
/// for each pass but the last, the factors of every column; then the factors of the last step,
/// halved, real parts before imaginary parts. All are computed in f64 and rounded once.
pub fn fill_fft_tables<S: Sample>(length: usize, tables: &mut [S]) {
    if !is_fft_length(length) || tables.len() != fft_tables_len(length) {
        return;
    }
    let half = length / 2;
    let columns = half / 8;
    let width = GROUP.min(columns);
    let (first, mut rest) = tables.split_at_mut(first_table_len(half));
    for (group, table) in first.chunks_exact_mut(2 * FIRST_FACTORS * width).enumerate() {
        let column = first_column(group, columns);
        for (k, rows) in table.chunks_exact_mut(2 * width).enumerate() {
            let (re, im) = rows.split_at_mut(width);
            for (lane, (re, im)) in re.iter_mut().zip(im).enumerate() {
                [*re, *im] = unit_root((k + 1) * (column + lane), half).map(S::from_f64);
            }
        }
    }
    let (mut part, mut stride) = (columns, 8);
    while part > 1 {
        let radix = radix(part);
        if part > radix {
            let factors = 2 * (radix - 1);
            let (table, behind) = rest.split_at_mut(factors * (part / radix));
            for (column, factors) in table.chunks_exact_mut(factors).enumerate() {
                for (k, factor) in factors.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                    // e^(−2πi·(k + 1)·column/part), part being half/stride.
                    *factor = unit_root((k + 1) * column * stride, half).map(S::from_f64);
                }
            }
            rest = behind;
        }
        part /= radix;
        stride *= radix;
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
