//! The FFT method of a [`super::Resampler`]: overlap-save, with a spectrum of another length on the way
//! back.
//!
//! With the lengths N = M·B of input and N' = L·B of output, which take the same time, and with the
//! hop of M·(B − d) input frames, L·(B − d) output frames: at every hop the newest N input frames of a
//! channel are transformed. The spectrum X\[k\] of them, k bins of rate/N, becomes that of the output,
//!
//! > Y\[k\] = L/M · H(k) · X\[k\], k < K = min(N, N')/2; Y\[k\] = 0 from K on
//!
//! H being the frequency response of a windowed sinc, whose phase is 0 when its middle is at time 0.
//! K is the lower Nyquist frequency, from where on it is as far down as promised: no image and no
//! alias of a bin is left. Of the N' frames that Y gives, those within the low-pass's reach of either
//! end are wrong, for the transform meets its other end there, and d is so large that these are not
//! taken.
//!
//! What the cut of the spectrum at K removes has the level of the stop-band, and an impulse response
//! that goes on beyond the low-pass's ends, falling with 1/t: where a block ends, less than a fortieth
//! of the stop-band's level is left as an error. Such a response that ends on one side alone stands
//! out at K itself, by its sum, 1/(2π)·ln(N/W) of the stop-band's level. So the low-pass is a little
//! longer and deeper than that of the polyphase method, which costs nothing here.
//!
//! Output frames that are computed at a hop are given one by one as the following input frames come,
//! so that ⌈n·L/M⌉ are out after n input frames; that makes the latency: a hop and the reach.
//!
//! Sources: T. G. Stockham, "High-speed convolution and correlation", AFIPS 1966, for overlap-save;
//! G. Bi and S. K. Mitra, "Sampling Rate Conversion in the Frequency Domain", IEEE Signal Processing
//! Magazine 28(3), 2011, for the spectrum of another length.

use super::design::WindowedSinc;
use super::rate_plan::{Quality, Ratio};
use crate::audio::{BlockMut, Sample, move_to_front};
use crate::error::Error;
use crate::kernels::{self, Isa, fft_tables_len, fft_work_len, fill_fft_tables, is_fft_length};
use crate::math;

/// Of a block this share, at most, is not taken, where a longer block is possible.
const OVERLAP_SHARE: usize = 5;
/// L and M have no common factor, so one of them is odd, and lengths of transforms are multiples of 16.
const LEAST_PERIODS: usize = 16;
/// Parts of the memory start at multiples of a cache line, for speed alone: samples of f32.
const LINE: usize = 16;
/// Most taps of a low-pass on one side, the middle included: two for each frame of the lower rate.
const MAX_TAPS: usize = 2 * 96;

/// Plan and place; the samples lie in the resampler's memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpectralRate {
    ratio: Ratio,
    quality: Quality,
    /// Frames of a transform: input, output.
    lengths: [usize; 2],
    /// Frames of a hop: input, output.
    hops: [usize; 2],
    /// Output frames.
    latency: usize,
    /// Input frames since the last transform.
    fresh: usize,
    /// The next output, counted from the first one of the block.
    next: usize,
}

/// The memory that all channels share, in parts.
struct Shared<'m, S> {
    forward: &'m mut [S],
    backward: &'m mut [S],
    weights: &'m mut [S],
    re: &'m mut [S],
    im: &'m mut [S],
    work: &'m mut [S],
}

/// Frames of the lower rate from the middle of the low-pass to either end. For [`Quality::Fast`] as for
/// Standard: a shorter one would save nothing.
fn half_width(quality: Quality) -> u32 {
    match quality {
        Quality::Fast | Quality::Standard => 72,
        Quality::Best => 96,
    }
}

/// The low-pass, in frames of the lower rate: cut-off and β as of the polyphase method, but β larger
/// by 3 and 5 dB of attenuation (Kaiser's formula), for which the greater length leaves room.
fn low_pass(quality: Quality) -> Result<WindowedSinc, Error> {
    let (cutoff, beta) = match quality {
        Quality::Fast | Quality::Standard => (0.475_1, 10.6),
        Quality::Best => (0.473_4, 15.2),
    };
    WindowedSinc::new(cutoff, f64::from(half_width(quality)), beta)
}

impl SpectralRate {
    pub(super) fn new(ratio: Ratio, quality: Quality) -> Result<Self, Error> {
        let reach = ratio.reach(half_width(quality) as usize);
        let overlap = (2 * reach).div_ceil(ratio.up);
        let fits =
            |periods: usize| [ratio.up, ratio.down].iter().all(|&n| is_fft_length(n * periods));
        let mut periods = LEAST_PERIODS;
        while overlap * OVERLAP_SHARE > periods && fits(2 * periods) {
            periods *= 2;
        }
        if !fits(periods) || overlap >= periods {
            let mut terms = [ratio.up, ratio.down].into_iter();
            let term = terms.find(|&n| !is_fft_length(n * LEAST_PERIODS));
            #[expect(clippy::cast_precision_loss, reason = "a rate's digits")]
            return Err(Error::NotAllowed {
                field: "a term of output_rate_hz / rate_hz",
                given: term.unwrap_or(ratio.up.max(ratio.down)) as f64,
                allowed: "2^a·3^b·5^c·7^d up to 4096 with ResamplerMethod::Fft",
                hint: "take ResamplerMethod::Polyphase, which takes any",
            });
        }
        let frames = |periods: usize| [ratio.down * periods, ratio.up * periods];
        let (lengths, hops) = (frames(periods), frames(periods - overlap));
        Ok(Self { ratio, quality, lengths, hops, latency: hops[1] + reach, fresh: 0, next: 0 })
    }

    fn bins(&self) -> usize {
        self.lengths[0].max(self.lengths[1]) / 2 + 1
    }

    /// Samples of each of the shared parts.
    fn shared_lens(&self) -> [usize; 6] {
        let [input, output] = self.lengths;
        [
            fft_tables_len(input),
            fft_tables_len(output),
            input.min(output) / 2 + 1,
            self.bins(),
            self.bins(),
            fft_work_len(input.max(output)),
        ]
    }

    /// Samples that all channels share.
    pub(super) fn shared_len(&self) -> usize {
        self.shared_lens().iter().map(|len| len.next_multiple_of(LINE)).sum()
    }

    /// Samples of a channel: the newest input, and the block of output.
    pub(super) fn channel_len(&self) -> usize {
        self.lengths[0] + self.lengths[1]
    }

    pub(super) fn latency(&self) -> usize {
        self.latency
    }

    /// The last transform that meets an input frame starts with it, and gives a hop after its end.
    pub(super) fn tail(&self) -> usize {
        self.lengths[1] + self.hops[1]
    }

    fn split<'m, S>(&self, shared: &'m mut [S]) -> Option<Shared<'m, S>> {
        let mut rest = shared;
        let mut parts: [&mut [S]; 6] = Default::default();
        for (part, len) in parts.iter_mut().zip(self.shared_lens()) {
            let (whole, behind) = rest.split_at_mut_checked(len.next_multiple_of(LINE))?;
            *part = whole.get_mut(..len)?;
            rest = behind;
        }
        let [forward, backward, weights, re, im, work] = parts;
        Some(Shared { forward, backward, weights, re, im, work })
    }

    /// Writes the tables and the low-pass's frequency response, L/M at 0 Hz.
    ///
    /// The response is the sum over the low-pass at twice the lower rate, at which it repeats itself
    /// only beyond where it is far down; the cosines turn on by a complex product, whose error grows
    /// to less than 1e-13.
    #[expect(clippy::cast_precision_loss, reason = "products far below 2^53")]
    pub(super) fn fill<S: Sample>(&self, shared: &mut [S]) -> Result<(), Error> {
        let low_pass = low_pass(self.quality)?;
        let mut taps = [0.0; MAX_TAPS];
        let reach = 2 * half_width(self.quality) as usize;
        for (n, tap) in taps.iter_mut().enumerate().take(reach) {
            *tap = low_pass.at(n as f64 / 2.0) * if n == 0 { 0.5 } else { 1.0 };
        }
        let taps = taps.get(..reach).unwrap_or_default();
        let sum: f64 = taps.iter().sum();
        let gain = self.ratio.up as f64 / self.ratio.down as f64 / sum;
        let Some(shared) = self.split(shared) else { return Ok(()) };
        fill_fft_tables(self.lengths[0], shared.forward);
        fill_fft_tables(self.lengths[1], shared.backward);
        let last = shared.weights.len().saturating_sub(1);
        for (k, weight) in shared.weights.iter_mut().enumerate() {
            let angle = 0.5 * math::PI * k as f64 / last as f64;
            let (c, s) = (math::cos(angle), math::sin(angle));
            let (mut re, mut im, mut response) = (1.0, 0.0, 0.0);
            for tap in taps {
                response += tap * re;
                (re, im) = (re * c - im * s, re * s + im * c);
            }
            *weight = S::from_f64(if k < last { response * gain } else { 0.0 });
        }
        Ok(())
    }

    /// The channels' samples and the upper end of the spectrum have to be 0.
    pub(super) fn reset<S: Sample>(&mut self, shared: &mut [S]) {
        (self.fresh, self.next) = (0, 0);
        if let Some(shared) = self.split(shared) {
            shared.re.fill(S::zero());
            shared.im.fill(S::zero());
        }
    }

    pub(super) fn skip(&mut self, outputs: usize) {
        self.next = self.next.saturating_add(outputs);
    }

    pub(super) fn output_frames(&self, input_frames: usize) -> usize {
        self.ratio.outputs(self.fresh.saturating_add(input_frames)).saturating_sub(self.next)
    }

    pub(super) fn missing(&self, outputs: usize) -> usize {
        let last = self.next.saturating_add(outputs.saturating_sub(1));
        self.ratio.frame_of(last).saturating_add(1).saturating_sub(self.fresh)
    }

    /// Frames in every line: those before the last transform that the next one meets, and new ones.
    pub(super) fn filled(&self) -> usize {
        self.lengths[0] - self.hops[0] + self.fresh
    }

    pub(super) fn advance(&mut self, frames: usize) {
        self.fresh = self.fresh.saturating_add(frames);
    }

    /// Input frames until the next hop. If it is due, and all of the block is given, it is done.
    pub(super) fn room<'a, S: Sample>(
        &mut self,
        isa: Isa,
        shared: &mut [S],
        channels: impl Iterator<Item = &'a mut [S]>,
    ) -> usize {
        if self.fresh >= self.hops[0] && self.next >= self.hops[1] {
            if let Some(mut shared) = self.split(shared) {
                for channel in channels {
                    let _done = self.transform(isa, &mut shared, channel);
                }
            }
            self.fresh -= self.hops[0];
            self.next -= self.hops[1];
        }
        self.hops[0].saturating_sub(self.fresh)
    }

    /// The next block of a channel.
    fn transform<S: Sample>(
        &self,
        isa: Isa,
        shared: &mut Shared<'_, S>,
        channel: &mut [S],
    ) -> Option<()> {
        let [input, output] = self.lengths.map(|length| length / 2 + 1);
        let (line, block) = channel.split_at_mut_checked(self.lengths[0])?;
        let (re, im) = (shared.re.get_mut(..input)?, shared.im.get_mut(..input)?);
        kernels::rfft(isa, shared.forward, line, shared.work, re, im);
        move_to_front(line, self.hops[0]);
        kernels::weigh(isa, re, shared.weights);
        kernels::weigh(isa, im, shared.weights);
        let (re, im) = (shared.re.get(..output)?, shared.im.get(..output)?);
        kernels::irfft(isa, shared.backward, re, im, shared.work, block);
        Some(())
    }

    pub(super) fn give<'a, S: Sample>(
        &self,
        channels: impl Iterator<Item = &'a [S]>,
        part: &mut BlockMut<'_, S>,
    ) {
        let start = self.lengths[0] + self.lengths[1] - self.latency + self.next;
        for (channel, out) in channels.zip(part.channels_mut()) {
            let block = channel.get(start..).unwrap_or_default();
            for (out, sample) in out.iter_mut().zip(block) {
                *out = *sample;
            }
        }
    }

    pub(super) fn given(&mut self, outputs: usize) {
        self.next = self.next.saturating_add(outputs);
    }
}
