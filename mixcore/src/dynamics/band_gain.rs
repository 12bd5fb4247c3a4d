//! Moving gains in the ear's bands, on a delayed signal: what the masking-aware duckers act with.
//!
//! Frame k begins at s_k, the start of sub-block k, and is W = 40 ms long. With w the square root of a
//! von Hann window and G_k the gain, straight in amplitude from one band's centre to the next on the ERB
//! scale:
//!
//! > y\[n\] = x\[n − L\] + Σ_k ½·w·IFFT((G_k − 1)·FFT(w·x))
//!
//! Squares of the window add up to 2, so a gain that is the same everywhere and stands still is exactly
//! that gain. A frame whose gains are all 1 adds nothing: at rest every bit passes.
//!
//! Latency: L = (A − 1) hops + W for a look-ahead of A frames: the frame that leaves has A − 1 frames
//! after it.
//! Limits: at rates that are no multiple of 100 Hz hops differ by a frame, so a gain that stands still
//! ripples by up to a hundredth of its change. Lines of a 40 ms window are 50 Hz wide: below 300 Hz
//! neighbouring bands share them.
//! Cost: two FFTs per hop and channel while a gain moves.

use super::ducker_setup::DuckedAreas;
use crate::analysis::{ERB_BANDS, erb_rate};
use crate::audio::{BlockMut, Sample, Speaker, Store};
use crate::error::Error;
use crate::filters::{DelayLine, RealFft};
use crate::kernels;
use crate::loudness::sub_block_start;
use crate::math;
use crate::ramp::Glide;
use crate::stream::Stream;
use crate::units::db_to_gain;

/// Length of a frame, ms, that of [`crate::analysis::Masking`].
const FRAME_MS: f64 = 40.0;
/// Frames that a caller may push at a time.
pub(super) const PUSH_FRAMES: usize = 64;

/// The lengths of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BandPlan {
    pub(super) window: usize,
    fft: usize,
    pub(super) latency: usize,
    channels: usize,
    /// Ring of what is added to the delayed signal, per channel.
    wet: usize,
    fft_memory: usize,
}

impl BandPlan {
    /// For a look-ahead of `frames` ≥ 1 hops.
    pub(super) fn new(frames: usize, stream: &Stream) -> Result<Self, Error> {
        let window = stream.frames_of_ms(FRAME_MS);
        let fft = window.next_power_of_two();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "up to 500 hops of up to 3840 frames"
        )]
        let ahead = math::ceil(frames.saturating_sub(1) as f64 * 0.01 * stream.rate_hz) as usize;
        let latency = ahead + window;
        Ok(Self {
            window,
            fft,
            latency,
            channels: stream.channel_count(),
            wet: 2 * window,
            fft_memory: RealFft::<f32>::required_len(fft)?,
        })
    }

    /// Samples: FFT, window, time and spectrum, gains, rings.
    fn parts(&self) -> [usize; 4] {
        let bins = self.fft / 2 + 1;
        let scratch = self.window + self.fft + 3 * bins;
        [self.fft_memory, scratch, self.channels * self.latency, self.channels * self.wet]
    }

    pub(super) fn samples_len(&self) -> usize {
        self.parts().iter().sum()
    }
}

/// Applies gains in bands.
#[derive(Debug)]
pub(super) struct BandGain<'a, S> {
    plan: BandPlan,
    stream: Stream,
    fft: RealFft<'a, S>,
    scratch: Store<'a, S>,
    line: DelayLine,
    dry: Store<'a, S>,
    wet: Store<'a, S>,
    /// Absolute frame of the next input.
    now: u64,
    faults: u64,
}

impl<'a, S: Sample> BandGain<'a, S> {
    #[cfg(feature = "alloc")]
    pub(super) fn new(plan: BandPlan, stream: Stream) -> Result<BandGain<'static, S>, Error> {
        let [_, scratch, dry, wet] = plan.parts();
        let fft = RealFft::new(plan.fft, stream.isa)?;
        let [scratch, dry, wet] = [scratch, dry, wet].map(|len| Store::owned(len, S::zero()));
        Ok(BandGain::over(plan, stream, fft, [scratch, dry, wet]))
    }

    /// In lent memory of [`BandPlan::samples_len`].
    pub(super) fn new_in(
        plan: BandPlan,
        stream: Stream,
        samples: &'a mut [S],
    ) -> Result<Self, Error> {
        const WHAT: &str = "ducker sample";
        let (given, required) = (samples.len(), plan.samples_len());
        if given < required {
            return Err(Error::Storage { what: WHAT, given, required });
        }
        let [fft, scratch, dry, wet] = plan.parts();
        let (fft_memory, rest) = samples.split_at_mut(fft);
        let (scratch_memory, rest) = rest.split_at_mut(scratch);
        let (dry_memory, wet_memory) = rest.split_at_mut(dry);
        let fft = RealFft::new_in(plan.fft, stream.isa, fft_memory)?;
        let stores = [
            Store::lent(WHAT, scratch_memory, scratch, S::zero())?,
            Store::lent(WHAT, dry_memory, dry, S::zero())?,
            Store::lent(WHAT, wet_memory, wet, S::zero())?,
        ];
        Ok(Self::over(plan, stream, fft, stores))
    }

    fn over(
        plan: BandPlan,
        stream: Stream,
        fft: RealFft<'a, S>,
        [mut scratch, dry, wet]: [Store<'a, S>; 3],
    ) -> Self {
        for (n, weight) in scratch.iter_mut().take(plan.window).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a window is short")]
            let turn = n as f64 / plan.window as f64;
            // √(½ − ½·cos 2πt) = sin πt.
            *weight = S::from_f64(math::sin(math::PI * turn));
        }
        let line = DelayLine::new(plan.latency);
        Self { plan, stream, fft, scratch, line, dry, wet, now: 0, faults: 0 }
    }

    pub(super) fn reset(&mut self) {
        self.dry.fill(S::zero());
        self.wet.fill(S::zero());
        self.line.reset();
        self.now = 0;
        self.faults = 0;
    }

    pub(super) fn faults(&self) -> u64 {
        self.faults
    }

    /// Exchanges up to [`PUSH_FRAMES`] frames from the absolute frame `now` on for those of one latency
    /// ago; what lowers them counts by the product of the shares.
    pub(super) fn exchange(
        &mut self,
        block: &mut BlockMut<'_, S>,
        now: u64,
        [mix, wet]: [&Glide<f32>; 2],
    ) {
        let whole = [mix, wet].iter().all(|share| share.is_settled(now) && share.target() == 1.0);
        let share = |n: usize| {
            let frame = now + n as u64;
            if whole { S::one() } else { S::from_f64(f64::from(mix.at(frame) * wet.at(frame))) }
        };
        let (latency, wet_len) = (self.plan.latency as u64, self.plan.wet.max(1));
        // Nothing is added before one latency has passed.
        let silent = usize::try_from(latency.saturating_sub(now)).unwrap_or(usize::MAX);
        let wet = self.wet.chunks_exact_mut(wet_len);
        for ((channel, io), wet) in block.channels_mut().enumerate().zip(wet) {
            let mut clean = [S::zero(); PUSH_FRAMES];
            let Some(clean) = clean.get_mut(..io.len()) else { continue };
            self.faults += kernels::clean(self.stream.isa, io, clean) as u64;
            self.line.exchange(self.line.ring(&mut self.dry, channel), io, clean);
            let mut at = place(now.saturating_sub(latency), wet_len);
            for (n, io) in io.iter_mut().enumerate().skip(silent) {
                if let Some(slot) = wet.get_mut(at) {
                    *io += core::mem::take(slot) * share(n);
                }
                at = next(at, wet_len);
            }
        }
        self.line.pass();
        self.now = now + block.frames() as u64;
    }

    /// Works on frame `index`, all samples of which have come and none of which has left: lowers every
    /// band by its reduction in dB. Channels outside the areas, and LFEs, stay as they are.
    pub(super) fn lower(
        &mut self,
        index: usize,
        reductions: &[f64; ERB_BANDS],
        areas: &DuckedAreas,
    ) {
        if reductions.iter().all(|&reduction| reduction == 0.0) {
            return;
        }
        let start = sub_block_start(index, self.stream.rate_hz);
        let BandPlan { window, fft, .. } = self.plan;
        let Some([window, time, re, im, gains]) = scratch_parts(&mut self.scratch, window, fft)
        else {
            return;
        };
        fill_gains(gains, reductions, self.stream.rate_hz, self.plan.fft);

        let wet_len = self.plan.wet.max(1);
        let back = usize::try_from(self.now.saturating_sub(start)).unwrap_or(usize::MAX);
        let dry = self.dry.chunks_exact(self.plan.latency.max(1));
        let wet = self.wet.chunks_exact_mut(wet_len);
        let speakers = self.stream.layout.speakers().iter();
        let goes = |speaker: &Speaker| !speaker.lfe && areas.holds(speaker);
        for (_, (dry, wet)) in speakers.zip(dry.zip(wet)).filter(|(speaker, _)| goes(speaker)) {
            time.fill(S::zero());
            let [older, newer] = self.line.past(dry, back, window.len());
            for ((time, weight), dry) in
                time.iter_mut().zip(&*window).zip(older.iter().chain(newer))
            {
                *time = *dry * *weight;
            }
            if self.fft.forward(time, re, im).is_err() {
                continue;
            }
            for ((re, im), gain) in re.iter_mut().zip(im.iter_mut()).zip(&*gains) {
                *re *= *gain;
                *im *= *gain;
            }
            if self.fft.inverse(re, im, time).is_err() {
                continue;
            }
            let mut at = place(start, wet_len);
            for (time, weight) in time.iter().zip(&*window) {
                if let Some(slot) = wet.get_mut(at) {
                    *slot += *time * *weight;
                }
                at = next(at, wet_len);
            }
        }
    }
}

/// Window, time, spectrum and gains.
fn scratch_parts<S>(scratch: &mut [S], window: usize, fft: usize) -> Option<[&mut [S]; 5]> {
    let bins = fft / 2 + 1;
    let (window, rest) = scratch.split_at_mut_checked(window)?;
    let (time, rest) = rest.split_at_mut_checked(fft)?;
    let (re, rest) = rest.split_at_mut_checked(bins)?;
    let (im, gains) = rest.split_at_mut_checked(bins)?;
    Some([window, time, re, im, gains])
}

/// Place of an absolute frame in a ring.
fn place(frame: u64, len: usize) -> usize {
    usize::try_from(frame % len.max(1) as u64).unwrap_or(0)
}

fn next(at: usize, len: usize) -> usize {
    if at + 1 >= len { 0 } else { at + 1 }
}

/// ½·(G − 1) of every bin: straight in amplitude between the bands' centres.
fn fill_gains<S: Sample>(
    gains: &mut [S],
    reductions: &[f64; ERB_BANDS],
    rate_hz: f64,
    length: usize,
) {
    let bands = reductions.map(|reduction| 0.5 * (db_to_gain(-reduction) - 1.0));
    let at = |band: usize| bands.get(band.min(ERB_BANDS - 1)).copied().unwrap_or(0.0);
    for (bin, gain) in gains.iter_mut().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "an FFT's length is exact")]
        let hz = bin as f64 * rate_hz / length as f64;
        // Band b lies around b + 1.5 Cams.
        let cams = (erb_rate(hz) - 1.5).max(0.0);
        let below = math::floor(cams);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 45 Cams")]
        let band = below as usize;
        let share = cams - below;
        *gain = S::from_f64(at(band) * (1.0 - share) + at(band + 1) * share);
    }
}
