//! What the targets share: libFuzzer's bytes as layouts, rates, blocks of samples and JSON.
//!
//! Everything is read from an [`Unstructured`], which gives zeros when its bytes run out, so every
//! input is a whole test case.

mod json;

pub use json::{bytes_after, mutate, preset_or_text};
pub use libfuzzer_sys::arbitrary::{Error as NoMore, Result as Taken, Unstructured};

use mixcore::audio::Sample;
use mixcore::kernels::{Isa, SAMPLE_LIMIT};
use mixcore::{Block, Layout};

/// Most values of a pattern that [`samples`] repeats.
const MAX_PATTERN: usize = 512;

/// Any layout, mostly a small one.
pub fn layout(u: &mut Unstructured<'_>) -> Taken<Layout> {
    const SMALL: [Layout; 3] = [Layout::MONO, Layout::STEREO, Layout::SURROUND_5_1];
    if u.ratio(3_u8, 4_u8)? {
        return u.choose(&SMALL).copied();
    }
    let all: Vec<Layout> = Layout::all().collect();
    u.choose(&all).copied()
}

/// Any SIMD level that this CPU has.
pub fn isa(u: &mut Unstructured<'_>) -> Taken<Isa> {
    let all: Vec<Isa> = Isa::available().collect();
    u.choose(&all).copied()
}

/// A rate that is often one of the trade's and sometimes any f64 at all.
pub fn rate_hz(u: &mut Unstructured<'_>) -> Taken<f64> {
    const COMMON_HZ: [f64; 6] = [8_000.0, 44_100.0, 48_000.0, 96_000.0, 192_000.0, 384_000.0];
    Ok(match u.int_in_range(0_usize..=9)? {
        index @ 0..=5 => COMMON_HZ[index],
        6..=8 => 8_000.0 + f64::from(u.arbitrary::<u32>()?) / 65_536.0,
        _ => u.arbitrary()?,
    })
}

/// One sample: mostly a level around full scale, else 64 arbitrary bits.
pub fn sample<S: Sample>(u: &mut Unstructured<'_>) -> Taken<S> {
    Ok(S::from_f64(match u.arbitrary::<u8>()? {
        0..=199 => f64::from(u.arbitrary::<i16>()?) / 16_384.0,
        200..=229 => f64::from(u.arbitrary::<f32>()?),
        _ => f64::from_bits(u.arbitrary()?),
    }))
}

/// `frames` of every channel: a pattern of samples, repeated, another phase in each channel.
pub fn samples<S: Sample>(
    u: &mut Unstructured<'_>,
    channels: usize,
    frames: usize,
) -> Taken<Vec<Vec<S>>> {
    let length = u.int_in_range(1..=MAX_PATTERN)?;
    let pattern: Vec<S> = (0..length).map(|_| sample(u)).collect::<Taken<_>>()?;
    let stride = u.int_in_range(1_usize..=16)?;
    Ok((0..channels)
        .map(|channel| (0..frames).map(|n| pattern[(n + channel * stride) % length]).collect())
        .collect())
}

/// Lengths of pushes (0 among them) that cover `frames`.
pub fn cuts(u: &mut Unstructured<'_>, frames: usize) -> Taken<Vec<usize>> {
    let mut cuts = Vec::new();
    let mut left = frames;
    while left > 0 && cuts.len() < 64 && !u.is_empty() {
        let length = match u.arbitrary::<u8>()? {
            small @ 0..=127 => usize::from(small),
            _ => usize::from(u.arbitrary::<u16>()?),
        };
        cuts.push(length.min(left));
        left -= length.min(left);
    }
    cuts.push(left);
    Ok(cuts)
}

/// The slices as a block.
pub fn block<S: Sample>(channels: &[Vec<S>]) -> Block<'_, S> {
    Block::new(channels).expect("a layout's channels fit into a block")
}

/// Samples that a processor with memory must take as 0 and count (DESIGN promise 6).
pub fn faults<S: Sample>(audio: &[Vec<S>]) -> u64 {
    let broken = |x: f64| !x.is_finite() || x.abs() > SAMPLE_LIMIT;
    audio.iter().flatten().filter(|x| broken(x.as_f64())).count() as u64
}
