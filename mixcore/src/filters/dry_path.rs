//! The dry path of a processor: the input in step with the output, and a click-free mix of both.
//!
//! A parallel compressor, a reverb at 30 %, a bypass that does not jump in time: what a processor with
//! latency D gives is mixed with its input D frames late,
//!
//! > out\[n\] = dry + (wet − dry)·w, dry = x\[n − D\]
//!
//! where w runs straight over 20 ms after a change. The change travels with the signal: it is asked for
//! at an input frame and is heard when that frame comes out. At w = 0 the output is the delayed
//! (cleaned) input bit for bit, at w = 1 what the processor gives bit for bit.
//!
//! # Who mixes how
//! All of the library's dry signals but the limiters' come out of one kind of delay line
//! (`delay_line.rs`), and a mix of two signals is one kernel ([`kernels::blend`]). What differs is what
//! a processor has to mix:
//! - Its output is another signal than its input ([`super::Convolver`]): this dry path.
//! - Its output is its delayed input times a gain (compressor, gate, transient shaper, ducker,
//!   leveller): the line that the gain is applied to is the dry signal, and the mix is a gain too,
//!   m·g + 1 − m. A second line would cost a copy and the memory once more, and give the same.
//! - It applies such gains in the bands of a crossover (multiband compressor, a de-esser that splits):
//!   the dry signal is the bands without their gain, an all-pass of the input. The input's own bits
//!   beside bands that have turned in phase would comb at every mix but 0 and 100 %.
//! - Its output is its delayed input and something that is added or taken out (the duckers in bands,
//!   click tamer, plosive tamer, suppressor; de-esser and dynamic equaliser with their moving bands;
//!   the soft clipper's excess): the share is one of what is added.
//!
//! In all but the bands of a crossover the output at 0 % and behind a bypass is the delayed input, bit
//! for bit but for the sign of a zero (`tests/all/dry_signal.rs`). Two kinds have no line of this type:
//! - The limiter, alone and in bands, has lines of its own (`dynamics/line.rs`): its detector reads each
//!   chunk with its neighbours from one plain slice, at every stage, which the end of a ring would
//!   cut. The first of these lines holds the undisturbed signal, which a bypass mixes in by the same
//!   kernel.
//! - What has no latency (fader, equaliser, filters, hum comb) has nothing to delay.
//!
//! Cost: two copies and a clean a sample; a multiplication while neither 0 nor 1. Latency: none of its
//! own. Limits: w is linear in amplitude, which is right for signals that are alike.

use core::ops::Range;

use crate::audio::{BlockMut, Sample, Store};
use crate::error::Error;
use crate::filters::DelayLine;
use crate::filters::delay::MAX_DELAY_S;
use crate::kernels;
use crate::math;
use crate::ramp::{Glide, ramp_frames};
use crate::stream::Stream;

/// Frames that go through a dry path in one go.
pub const DRY_PATH_FRAMES: usize = 64;

/// Memory that [`DryPath::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DryPathStorage {
    /// Samples: the delayed input.
    pub samples: usize,
    /// Control values: the shares of the delayed frames.
    pub control: usize,
}

/// The latency-matched dry path of a processor, and the mix of dry and wet.
///
/// A processor calls [`DryPath::take`] with up to [`DRY_PATH_FRAMES`] frames of its input, puts its
/// output in their place, and calls [`DryPath::blend`] with the same frames.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::filters::DryPath;
/// use mixcore::{BlockMut, Layout, Stream};
/// let mut path = DryPath::new(2, 25.0, Stream::new(48_000.0, Layout::MONO)?)?;
/// let mut audio = [1.0_f64, 2.0, 3.0, 4.0];
/// let mut block = BlockMut::mono(&mut audio);
/// path.take(&mut block, 0..4)?;
/// block.fill(8.0); // a processor with a latency of two frames
/// path.blend(&mut block, 0..4)?;
/// assert_eq!(audio, [2.0, 2.0, 2.75, 3.5]); // 25 % of 8, and 75 % of nothing, nothing, 1, 2
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct DryPath<'a, S> {
    /// Where the rings of the samples stand, and the ring of the frames' shares, in step.
    line: DelayLine,
    /// A ring for each channel, then what has left them: up to [`DRY_PATH_FRAMES`] frames of each.
    samples: Store<'a, S>,
    /// The ring of the shares, then those that have left it.
    shares: Store<'a, f32>,
    stream: Stream,
    share: Glide<f32>,
    mix_percent: f64,
    bypass: bool,
    /// Absolute frame of the next input.
    now: u64,
    /// Frames that were taken last.
    taken: usize,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> DryPath<'static, S> {
    /// A dry path for a processor of this latency, in memory of its own.
    ///
    /// # Errors
    /// As [`DryPath::new_in`], but for the memory.
    pub fn new(latency_frames: usize, mix_percent: f64, stream: Stream) -> Result<Self, Error> {
        let need = Self::required_len(latency_frames, &stream)?;
        let (samples, shares) =
            (Store::owned(need.samples, S::zero()), Store::owned(need.control, 0.0));
        Self::over(samples, shares, latency_frames, mix_percent, stream)
    }
}

impl<'a, S: Sample> DryPath<'a, S> {
    /// A dry path for a processor of this latency in lent memory of [`DryPath::required_len`]. The
    /// mix is 0 (dry) to 100 (wet) percent.
    ///
    /// # Errors
    /// A latency of more than 60 s, a mix outside its bounds, a stream out of range, or too little
    /// memory.
    pub fn new_in(
        latency_frames: usize,
        mix_percent: f64,
        stream: Stream,
        samples: &'a mut [S],
        control: &'a mut [f32],
    ) -> Result<Self, Error> {
        let need = Self::required_len(latency_frames, &stream)?;
        let samples = Store::lent("dry path sample", samples, need.samples, S::zero())?;
        let shares = Store::lent("dry path control", control, need.control, 0.0)?;
        Self::over(samples, shares, latency_frames, mix_percent, stream)
    }

    /// Memory that a dry path of this latency needs.
    ///
    /// # Errors
    /// A latency of more than 60 s, or a stream out of range.
    pub fn required_len(latency_frames: usize, stream: &Stream) -> Result<DryPathStorage, Error> {
        stream.validate()?;
        let max = math::floor(MAX_DELAY_S * stream.rate_hz);
        #[expect(clippy::cast_precision_loss, reason = "only compared with a bound below 2^25")]
        Error::check_range("latency_frames", latency_frames as f64, 0.0, max)?;
        let control = latency_frames + DRY_PATH_FRAMES;
        Ok(DryPathStorage { samples: control * stream.channel_count(), control })
    }

    fn over(
        samples: Store<'a, S>,
        shares: Store<'a, f32>,
        latency: usize,
        mix_percent: f64,
        stream: Stream,
    ) -> Result<Self, Error> {
        let share = Glide::new(share_of(mix_percent)?, ramp_frames(stream.rate_hz));
        let mut path = Self {
            line: DelayLine::new(latency),
            samples,
            shares,
            stream,
            share,
            mix_percent,
            bypass: false,
            now: 0,
            taken: 0,
            faults: 0,
        };
        path.reset();
        Ok(path)
    }

    /// The delay of the dry signal.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.line.frames()
    }

    /// The mix it stands at or moves to, bypass aside.
    #[must_use]
    pub fn mix_percent(&self) -> f64 {
        self.mix_percent
    }

    /// Moves to another mix over 20 ms from the next input frame.
    ///
    /// # Errors
    /// A mix outside 0 to 100 percent; nothing changes then.
    pub fn set_mix_percent(&mut self, mix_percent: f64) -> Result<(), Error> {
        share_of(mix_percent)?;
        self.mix_percent = mix_percent;
        self.turn();
        Ok(())
    }

    /// Whether only the dry signal is let through.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.bypass
    }

    /// Lets only the dry signal through, or the mix again, over 20 ms from the next input frame.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
        self.turn();
    }

    fn turn(&mut self) {
        let share = if self.bypass { 0.0 } else { share_of(self.mix_percent).unwrap_or(1.0) };
        self.share.move_to(share, self.now);
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// Clears the delayed signal and ends a running change.
    pub fn reset(&mut self) {
        self.share.settle();
        self.samples.fill(S::zero());
        self.shares.fill(self.share.target());
        self.line.reset();
        self.now = 0;
        self.taken = 0;
        self.faults = 0;
    }

    /// Takes the frames `part` of a processor's input; cleans them in place.
    ///
    /// # Errors
    /// Another number of channels than the stream's, more than [`DRY_PATH_FRAMES`] frames, a part that
    /// ends before it starts, or frames that the block does not have; nothing is taken then.
    pub fn take(&mut self, io: &mut BlockMut<'_, S>, part: Range<usize>) -> Result<(), Error> {
        self.check(io, &part)?;
        let Self { line, samples, shares, share, stream, now, .. } = self;
        let rings = line.frames() * stream.channel_count();
        let (rings, held) = samples.split_at_mut_checked(rings).unwrap_or_default();
        let held = held.chunks_exact_mut(DRY_PATH_FRAMES);
        for ((channel, samples), held) in io.channels_mut().enumerate().zip(held) {
            let Some(samples) = samples.get_mut(part.clone()) else { continue };
            self.faults += kernels::clean_in_place(stream.isa, samples) as u64;
            let held = held.get_mut(..samples.len()).unwrap_or_default();
            line.exchange(line.ring(rings, channel), held, samples);
        }
        let mut fresh = [0.0; DRY_PATH_FRAMES];
        let fresh = fresh.get_mut(..part.len()).unwrap_or_default();
        share.fill(*now, fresh);
        let (ring, held) = shares.split_at_mut_checked(line.frames()).unwrap_or_default();
        line.exchange(ring, held.get_mut(..part.len()).unwrap_or_default(), fresh);
        line.pass();
        *now += part.len() as u64;
        self.taken = part.len();
        Ok(())
    }

    /// Mixes the processor's output, which stands in the frames `part` that were taken last, with the
    /// dry signal.
    ///
    /// # Errors
    /// As [`DryPath::take`], or a part of another length than the one that was taken last; the block is
    /// untouched then.
    pub fn blend(&self, io: &mut BlockMut<'_, S>, part: Range<usize>) -> Result<(), Error> {
        self.check(io, &part)?;
        if part.len() != self.taken {
            return Err(Error::FrameCount {
                what: "the part of a block to blend",
                given: part.len(),
                expected: self.taken,
            });
        }
        let latency = self.line.frames();
        let shares = self.shares.get(latency..).unwrap_or_default();
        let shares = shares.get(..part.len()).unwrap_or_default();
        if shares.iter().all(|&share| share == 1.0) {
            return Ok(());
        }
        let held = self.samples.get(latency * self.stream.channel_count()..).unwrap_or_default();
        for (samples, dry) in io.channels_mut().zip(held.chunks_exact(DRY_PATH_FRAMES)) {
            let wet = samples.get_mut(part.clone()).unwrap_or_default();
            kernels::blend(self.stream.isa, wet, dry, shares);
        }
        Ok(())
    }

    fn check(&self, io: &BlockMut<'_, S>, part: &Range<usize>) -> Result<(), Error> {
        io.check_channels("block", self.stream.channel_count())?;
        let most = part.start.saturating_add(DRY_PATH_FRAMES).min(io.frames());
        #[expect(
            clippy::cast_precision_loss,
            reason = "beyond 2^53 it only has to be out of range"
        )]
        let [start, end, most, frames] =
            [part.start, part.end, most, io.frames()].map(|n| n as f64);
        Error::check_range("part.start", start, 0.0, frames)?;
        Error::check_range("part.end", end, start, most).map(|_| ())
    }
}

/// A mix as a share of the wet signal.
fn share_of(mix_percent: f64) -> Result<f32, Error> {
    let percent = Error::check_range("mix_percent", mix_percent, 0.0, 100.0)?;
    #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
    Ok((percent / 100.0) as f32)
}
