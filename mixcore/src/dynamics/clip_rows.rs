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

    /// Noise (numbers of Knuth's MMIX) up to full scale, then held pairs, which are close, then noise below
    /// every threshold, silence, and noise four times as loud, past where the cubic ends; a prime number of
    /// samples each, so that they do not change with the pieces.
    fn noise() -> Vec<f64> {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            f64::from((state >> 32) as u32) / f64::from(u32::MAX) * 2.0 - 1.0
        };
        let mut x: Vec<f64> = (0..509).map(|_| next()).collect();
        for _ in 0..127 {
            x.extend([1.0, 1.0 + 1e-9].map(|step| step * x[x.len() - 400]));
        }
        x.extend((0..251).map(|_| 0.25 * next()));
        x.extend([0.0; 251]);
        x.extend((0..509).map(|_| 4.0 * next()));
        x
    }

    fn taken_as_by_frame<S: Sample>() {
        let input: Vec<S> = noise().into_iter().map(S::from_f64).collect();
        for clip in CLIPS {
            let mut voice = Voice::default();
            let by_frame: Vec<u64> = input
                .iter()
                .map(|x| S::from_f64(voice.step(&clip, x.as_f64())).as_f64().to_bits())
                .collect();
            assert!(by_frame.iter().filter(|bits| f64::from_bits(**bits) != 0.0).count() > 400);
            for isa in Isa::available() {
                for len in [1, 61, PIECE, 1000, input.len()] {
                    let mut rows = Voice::default();
                    let mut audio = input.clone();
                    audio.chunks_mut(len).for_each(|io| taken_row(isa, clip, &mut rows, io));
                    let found = audio.iter().map(|x| x.as_f64().to_bits());
                    assert!(found.eq(by_frame.iter().copied()), "{clip:?} {isa:?} {len}");
                    assert_eq!(rows.before.to_bits(), voice.before.to_bits());
                    assert_eq!(rows.excess.to_bits(), voice.excess.to_bits());
                }
            }
        }
    }

    #[test]
    fn rows_take_what_the_voice_takes_frame_by_frame() {
        taken_as_by_frame::<f32>();
        taken_as_by_frame::<f64>();
    }

    fn driven_as_by_frame<S: Sample>() {
        let input: Vec<S> = noise().into_iter().map(S::from_f64).collect();
        for (drive, clip) in [0.5, 1.7, 1e9].into_iter().flat_map(|d| CLIPS.map(|clip| (d, clip))) {
            for isa in Isa::available() {
                for len in [1, 61, PIECE] {
                    // What another channel has left there: here and there more than this one's.
                    let mut most: Vec<f32> = (0..input.len()).map(|n| [1.0, 1.5][n % 2]).collect();
                    let mut by_frame = most.clone();
                    let mut driven = vec![S::zero(); input.len()];
                    for ((io, driven), most) in
                        input.chunks(len).zip(driven.chunks_mut(len)).zip(most.chunks_mut(len))
                    {
                        drive_row(isa, (drive, clip), io, driven, most);
                    }
                    for ((x, driven), most) in input.iter().zip(&driven).zip(&mut by_frame) {
                        let y = (x.as_f64() * drive).clamp(-DRIVEN_LIMIT, DRIVEN_LIMIT);
                        let same = S::from_f64(y).as_f64().to_bits() == driven.as_f64().to_bits();
                        assert!(same, "{clip:?} {isa:?}");
                        if y.abs() > clip.begins() {
                            *most = most.max((y / (y - clip.excess(y))) as f32);
                        }
                    }
                    let bits = |row: &[f32]| row.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                    assert_eq!(bits(&most), bits(&by_frame), "{drive} {clip:?} {isa:?} {len}");
                }
            }
        }
    }

    #[test]
    fn rows_are_driven_as_frames_are() {
        driven_as_by_frame::<f32>();
        driven_as_by_frame::<f64>();
    }
}
