//! What a cascade and an equaliser share: up to 16 sections on every channel of a stream, run by
//! the pipeline kernel, pair of channels after pair, and alone where one is left.

use crate::audio::{BlockMut, MAX_CHANNELS, PerChannel, Sample};
use crate::error::Error;
use crate::filters::Biquad;
use crate::filters::design::MAX_SECTIONS;
use crate::kernels::{self, Isa, PIPE_BANDS, PipeBand, PipeBands, PipeState, Section};

/// Passes of the kernel that the sections take.
const PASSES: usize = MAX_SECTIONS.div_ceil(PIPE_BANDS);
/// Frames of a call of the kernel; states are looked at where they begin.
pub(super) const CHUNK_FRAMES: usize = 64;

/// A pair's frames.
type Frames = [[f64; 2]; CHUNK_FRAMES];
/// One channel's frames.
type Alone = [f64; CHUNK_FRAMES];

/// Sections in series on every channel.
#[derive(Clone, Debug)]
pub(super) struct Pipes {
    passes: [PipeBands; PASSES],
    /// By pairs of channels, of which there are half as many as channels.
    states: PerChannel<[PipeState; PASSES]>,
    frames: [Frames; PASSES],
}

/// A section as the kernel takes it.
pub(super) fn pipe_band(biquad: &Biquad, dry: f64) -> PipeBand {
    PipeBand { section: Section { b: biquad.b, a: biquad.a }, dry }
}

impl Pipes {
    /// `count` sections (at most [`MAX_SECTIONS`]) that let everything through.
    pub(super) fn new(count: usize, channels: usize) -> Result<Self, Error> {
        let count = count.min(MAX_SECTIONS);
        Ok(Self {
            passes: [
                PipeBands::new(count.min(PIPE_BANDS)),
                PipeBands::new(count.saturating_sub(PIPE_BANDS)),
            ],
            states: PerChannel::new(channels.min(MAX_CHANNELS).div_ceil(2))?,
            frames: [[[0.0; 2]; CHUNK_FRAMES]; PASSES],
        })
    }

    /// Sets a section at the segment's origin and its change per frame.
    pub(super) fn set(&mut self, section: usize, start: &PipeBand, step: &PipeBand) {
        if let Some(pass) = self.passes.get_mut(section / PIPE_BANDS) {
            pass.set(section % PIPE_BANDS, start, step);
        }
    }

    /// A section `position` frames from the segment's origin.
    pub(super) fn at(&self, section: usize, position: usize) -> PipeBand {
        match self.passes.get(section / PIPE_BANDS) {
            Some(pass) => pass.at(section % PIPE_BANDS, position),
            None => PipeBand::OFF,
        }
    }

    /// Forgets what a section has heard.
    pub(super) fn clear(&mut self, section: usize) {
        for state in self.states.iter_mut() {
            if let Some(state) = state.get_mut(section / PIPE_BANDS) {
                state.clear(section % PIPE_BANDS);
            }
        }
    }

    /// Forgets everything that was heard.
    pub(super) fn reset(&mut self) {
        self.states.fill([PipeState::default(); PASSES]);
    }

    /// Runs a block that starts at the absolute frame `now` and `position` frames from the
    /// segment's origin; returns its faults.
    pub(super) fn run<S: Sample>(
        &mut self,
        isa: Isa,
        now: u64,
        position: usize,
        block: &mut BlockMut<'_, S>,
    ) -> u64 {
        let frames = block.frames();
        let (mut done, mut faults) = (0, 0);
        while done < frames {
            let place = (now.wrapping_add(done as u64) % CHUNK_FRAMES as u64) as usize;
            let end = done + (CHUNK_FRAMES - place).min(frames - done);
            let at = Place { isa, settle: place == 0, position: position + done };
            let mut channels = block.channels_mut().map(|channel| channel.get_mut(done..end));
            let mut states = self.states.iter_mut();
            while let (Some(Some(left)), Some(state)) = (channels.next(), states.next()) {
                faults += match channels.next() {
                    Some(Some(right)) => {
                        pair(&self.passes, &at, left, right, &mut self.frames, state)
                    }
                    _ => alone(&self.passes, &at, left, state),
                };
            }
            done = end;
        }
        faults
    }

    /// Frames until everything that was heard has died away: the last section's states lie below
    /// the floor and are 0.
    pub(super) fn tail_frames(sections: impl Iterator<Item = Biquad>) -> usize {
        sections.map(|section| decay_frames(&section) + CHUNK_FRAMES).sum()
    }
}

/// Where a call of the kernel lies.
struct Place {
    isa: Isa,
    settle: bool,
    position: usize,
}

/// At most [`CHUNK_FRAMES`] of two channels; returns their faults.
fn pair<S: Sample>(
    passes: &[PipeBands; PASSES],
    at: &Place,
    left: &mut [S],
    right: &mut [S],
    [a, b]: &mut [Frames; PASSES],
    [state, rest]: &mut [PipeState; PASSES],
) -> u64 {
    let (a, b) = (a.get_mut(..left.len()), b.get_mut(..left.len()));
    let (Some(a), Some(b)) = (a, b) else { return 0 };
    let &Place { isa, settle, position } = at;
    let [first, second] = passes;
    let faults = kernels::pair_in(isa, left, right, a) as u64;
    kernels::pipeline(isa, first, settle, position, a, b, state);
    let out = if second.is_empty() {
        b
    } else {
        kernels::pipeline(isa, second, settle, position, b, a, rest);
        a
    };
    let overflows = without_overflow(out.as_flattened_mut(), 2);
    kernels::pair_out(isa, out, left, right);
    faults + overflows
}

/// At most [`CHUNK_FRAMES`] of a channel that has no other beside it; returns its faults.
fn alone<S: Sample>(
    passes: &[PipeBands; PASSES],
    at: &Place,
    samples: &mut [S],
    [state, rest]: &mut [PipeState; PASSES],
) -> u64 {
    let [mut a, mut b]: [Alone; 2] = [[0.0; CHUNK_FRAMES]; 2];
    let (a, b) = (a.get_mut(..samples.len()), b.get_mut(..samples.len()));
    let (Some(a), Some(b)) = (a, b) else { return 0 };
    let &Place { isa, settle, position } = at;
    let [first, second] = passes;
    let faults = kernels::channel_in(isa, samples, a) as u64;
    kernels::pipeline_one(isa, first, settle, position, a, b, state);
    let out = if second.is_empty() {
        b
    } else {
        kernels::pipeline_one(isa, second, settle, position, b, a, rest);
        a
    };
    let overflows = without_overflow(out, 1);
    kernels::channel_out(isa, out, samples);
    faults + overflows
}

/// What sections have given of `channels` interleaved channels, with 0 where it is not a finite number;
/// returns how many numbers were not.
///
/// Coefficients far beyond all sound can make a state run over. From then on all that the section
/// gives is not finite, to the next multiple of 64 frames, where its states come to rest; so the last
/// frame tells of the ones before.
pub(super) fn without_overflow(numbers: &mut [f64], channels: usize) -> u64 {
    if numbers.iter().rev().take(channels).all(|x| x.is_finite()) {
        return 0;
    }
    let mut count = 0;
    for x in numbers.iter_mut().filter(|x| !x.is_finite()) {
        *x = 0.0;
        count += 1;
    }
    count
}

/// Frames in which a section forgets: from the loudest sample at the highest gains (10^12) to below
/// 1e-30, with a decade of room for states that start above the sample.
fn decay_frames(section: &Biquad) -> usize {
    use crate::math;
    const DECADES: f64 = 12.0 + 30.0 + 2.0;
    /// At most ten minutes at 384 kHz: a pole at the very edge of the circle.
    const LONGEST: f64 = 600.0 * 384_000.0;
    let [a1, a2] = section.a;
    let square = a1 * a1 - 4.0 * a2;
    let radius = if square > 0.0 { (a1.abs() + math::sqrt(square)) / 2.0 } else { math::sqrt(a2) };
    if radius <= 0.0 {
        return 2;
    }
    let per_frame = -math::log10(radius);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "cut to a number of frames"
    )]
    {
        (DECADES / per_frame.max(DECADES / LONGEST)).min(LONGEST) as usize + 2
    }
}
