//! The soft clipper's shapes over rows, for settings that stand still: the bits of
//! [`super::soft_clip_step::Voice`], but without a branch a sample, so that they run in vectors, and
//! P of a sample is reckoned once where two lines meet.

use super::clip_shape::{CLOSE, Clip, ClipShape};
use super::soft_clip_params::PIECE;
use super::soft_clip_step::{DRIVEN_LIMIT, Voice};
use crate::audio::Sample;
use crate::kernels::{self, Isa};

/// A shape: what it takes away from a sample, with its sign, and P.
trait Law: Copy {
    fn excess(self, x: f64) -> f64;
    fn primitive(self, x: f64) -> f64;
}

/// A corner.
#[derive(Clone, Copy)]
struct Corner {
    begins: f64,
}

impl Law for Corner {
    #[inline(always)]
    fn excess(self, x: f64) -> f64 {
        let over = x.abs() - self.begins;
        let taken = if x < 0.0 { -over } else { over };
        if over <= 0.0 { 0.0 } else { taken }
    }

    #[inline(always)]
    fn primitive(self, x: f64) -> f64 {
        let over = x.abs() - self.begins;
        let half = 0.5 * over * over;
        if over <= 0.0 { 0.0 } else { half }
    }
}

/// The cubic, with room to bend in.
#[derive(Clone, Copy)]
struct Cubic {
    threshold: f64,
    room: f64,
}

impl Law for Cubic {
    #[inline(always)]
    fn excess(self, x: f64) -> f64 {
        let over = x.abs() - self.threshold;
        let u = over / self.room;
        let (bent, straight) = (4.0 / 27.0 * u * u * u, u - 1.0);
        let taken = self.room * if u < 1.5 { bent } else { straight };
        let signed = if x < 0.0 { -taken } else { taken };
        if over <= 0.0 { 0.0 } else { signed }
    }

    #[inline(always)]
    fn primitive(self, x: f64) -> f64 {
        let over = x.abs() - self.threshold;
        let u = over / self.room;
        let (bent, straight) = ((u * u) * (u * u) / 27.0, 0.5 * u * u - u + 0.5625);
        let area = self.room * self.room * if u < 1.5 { bent } else { straight };
        if over <= 0.0 { 0.0 } else { area }
    }
}

/// Runs a function with the law of a clip; `rare` is for the shapes with roots and exponentials, which
/// are better not reckoned where nothing bends.
macro_rules! by_law {
    ($clip:expr, $run:ident($($argument:expr),*), rare $rare:expr) => {
        match ($clip.shape, $clip.room()) {
            (ClipShape::Cubic, room) if room > 0.0 => {
                $run(Cubic { threshold: $clip.threshold, room }, $($argument),*)
            }
            (ClipShape::Algebraic | ClipShape::Tanh, room) if room > 0.0 => $rare,
            (ClipShape::Cubic | ClipShape::Algebraic | ClipShape::Tanh | ClipShape::Hard, _) => {
                $run(Corner { begins: $clip.begins() }, $($argument),*)
            }
        }
    };
}

/// Drives a row into another one, and raises `most` to how many times too large its samples are.
pub(super) fn drive_row<S: Sample>(
    isa: Isa,
    (drive, clip): (f64, Clip),
    io: &[S],
    driven: &mut [S],
    most: &mut [f32],
) {
    let mut row = [0.0; PIECE];
    for ((x, y), driven) in io.iter().zip(&mut row).zip(driven) {
        *y = (x.as_f64() * drive).clamp(-DRIVEN_LIMIT, DRIVEN_LIMIT);
        *driven = S::from_f64(*y);
    }
    let row = row.get(..io.len()).unwrap_or_default();
    if kernels::peak(isa, row) > clip.begins() {
        by_law!(clip, raise(row, most), rare raise_by(|y| clip.excess(y), row, most));
    }
}

#[inline(always)]
fn raise<L: Law>(law: L, row: &[f64], most: &mut [f32]) {
    raise_by(|y| law.excess(y), row, most);
}

#[inline(always)]
fn raise_by(excess: impl Fn(f64) -> f64, row: &[f64], most: &mut [f32]) {
    for (&y, most) in row.iter().zip(most) {
        // 1 where nothing is taken, and not a number where there is nothing: neither is larger.
        #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
        let times = (y / (y - excess(y))) as f32;
        *most = if times > *most { times } else { *most };
    }
}

/// A row of samples becomes what is taken away from each, a sample later.
pub(super) fn taken_row<S: Sample>(isa: Isa, clip: Clip, voice: &mut Voice, io: &mut [S]) {
    for part in io.chunks_mut(PIECE) {
        let begins = clip.begins();
        let last = part.last().map_or(voice.before, |x| x.as_f64());
        let below = voice.before.abs() <= begins && kernels::peak(isa, &*part).as_f64() <= begins;
        if below && voice.excess == 0.0 {
            part.fill(S::zero());
            voice.before = last;
        } else {
            by_law!(clip, means(begins, voice, part), rare for x in part {
                *x = S::from_f64(voice.step(&clip, x.as_f64()));
            });
        }
    }
}

/// At most [`PIECE`] samples.
#[inline(always)]
fn means<L: Law, S: Sample>(law: L, begins: f64, voice: &mut Voice, io: &mut [S]) {
    let mut x = [voice.before; PIECE + 1];
    let mut areas = [0.0; PIECE + 1];
    let mut means = [voice.excess; PIECE + 1];
    let frames = io.len();
    for (x, io) in x.iter_mut().skip(1).zip(&*io) {
        *x = io.as_f64();
    }
    for (area, x) in areas.iter_mut().zip(&x) {
        *area = law.primitive(*x);
    }
    let [_, now @ ..] = &x;
    let [_, area @ ..] = &areas;
    let [_, after @ ..] = &mut means;
    let lines = x.iter().zip(now).zip(areas.iter().zip(area));
    for (mean, ((&x0, &x1), (p0, p1))) in after.iter_mut().zip(lines).take(frames) {
        let step = x1 - x0;
        let (middle, slope) = (law.excess(0.5 * (x0 + x1)), (p1 - p0) / step);
        let close = step.abs() <= CLOSE * (x0.abs() + x1.abs());
        let mean_excess = if close { middle } else { slope };
        let idle = x0.abs() <= begins && x1.abs() <= begins;
        *mean = if idle { 0.0 } else { mean_excess };
    }
    let [_, after @ ..] = &means;
    for ((io, before), after) in io.iter_mut().zip(&means).zip(after) {
        *io = S::from_f64(0.5 * (before + after));
    }
    if let (Some(&before), Some(&excess)) = (x.get(frames), means.get(frames)) {
        (voice.before, voice.excess) = (before, excess);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The laws of rows, and the corner that a cubic without room is.
    const CLIPS: [Clip; 3] = [
        Clip { shape: ClipShape::Hard, threshold: 0.3, ceiling: 0.8 },
        Clip { shape: ClipShape::Cubic, threshold: 0.3, ceiling: 0.8 },
        Clip { shape: ClipShape::Cubic, threshold: 0.8, ceiling: 0.8 },
    ];

    /// Frames of the test, not a whole number of pieces.
    const FRAMES: usize = 1901;
    /// Its lengths of rows.
    const LENGTHS: [usize; 3] = [1, 61, PIECE];

    /// Noise (numbers of Knuth's MMIX) up to full scale, then held pairs, which are close, then noise below
    /// every threshold, silence, and noise four times as loud, past where the cubic ends.
    fn noise<S: Sample>() -> [S; FRAMES] {
        let mut state = 1_u64;
        let mut held = 0.0;
        core::array::from_fn(|n| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(LCG_STEP);
            let x = f64::from((state >> 32) as u32) / f64::from(u32::MAX) * 2.0 - 1.0;
            let x = match n {
                500..750 if n % 2 == 1 => held * (1.0 + 1e-7),
                0..750 => x,
                750..1000 => 0.25 * x,
                1000..1250 => 0.0,
                _ => 4.0 * x,
            };
            held = x;
            S::from_f64(x)
        })
    }

    const LCG_STEP: u64 = 1_442_695_040_888_963_407;

    fn taken_as_by_frame<S: Sample>() {
        let input = noise::<S>();
        for clip in CLIPS {
            let mut voice = Voice::default();
            let by_frame = input.map(|x| S::from_f64(voice.step(&clip, x.as_f64())));
            assert!(by_frame.iter().filter(|x| x.as_f64() != 0.0).count() > FRAMES / 4);
            for (isa, len) in Isa::available().flat_map(|isa| [1, 61, 1000].map(|len| (isa, len))) {
                let mut rows = Voice::default();
                let mut audio = input;
                audio.chunks_mut(len).for_each(|io| taken_row(isa, clip, &mut rows, io));
                for (found, expected) in audio.iter().zip(&by_frame) {
                    let [found, expected] = [found, expected].map(|x| x.as_f64().to_bits());
                    assert_eq!(found, expected, "{clip:?} {isa:?} {len}");
                }
                assert_eq!(rows.before.to_bits(), voice.before.to_bits());
                assert_eq!(rows.excess.to_bits(), voice.excess.to_bits());
            }
        }
    }

    #[test]
    fn rows_take_what_the_voice_takes_frame_by_frame() {
        taken_as_by_frame::<f32>();
        taken_as_by_frame::<f64>();
    }

    fn driven_as_by_frame<S: Sample>(drive: f64, clip: Clip) {
        let input = noise::<S>();
        for (isa, len) in Isa::available().flat_map(|isa| LENGTHS.map(|len| (isa, len))) {
            // What another channel has left there: here and there more than this one's.
            let mut most: [f32; FRAMES] = core::array::from_fn(|n| [1.0, 1.5][n % 2]);
            let mut by_frame = most;
            let mut driven = [S::zero(); FRAMES];
            let rows = input.chunks(len).zip(driven.chunks_mut(len)).zip(most.chunks_mut(len));
            for ((io, driven), most) in rows {
                drive_row(isa, (drive, clip), io, driven, most);
            }
            for ((x, driven), most) in input.iter().zip(&driven).zip(&mut by_frame) {
                let y = (x.as_f64() * drive).clamp(-DRIVEN_LIMIT, DRIVEN_LIMIT);
                assert_eq!(S::from_f64(y).as_f64().to_bits(), driven.as_f64().to_bits());
                if y.abs() > clip.begins() {
                    *most = most.max((y / (y - clip.excess(y))) as f32);
                }
            }
            let same = most.map(f32::to_bits) == by_frame.map(f32::to_bits);
            assert!(same, "{drive} {clip:?} {isa:?} {len}");
        }
    }

    #[test]
    fn rows_are_driven_as_frames_are() {
        for (drive, clip) in [0.5, 1.7, 1e9].into_iter().flat_map(|d| CLIPS.map(|clip| (d, clip))) {
            driven_as_by_frame::<f32>(drive, clip);
            driven_as_by_frame::<f64>(drive, clip);
        }
    }
}
