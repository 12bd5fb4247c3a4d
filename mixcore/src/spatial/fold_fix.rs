//! Why two channels cancel in a fold-down, and what was tried against it.
//!
//! - **Delay**: one channel is a late copy of the other ([`crate::analysis::ChannelDelay`] finds one peak,
//!   half a frame off or more). The sum is a comb with notches at (2n + 1)/(2τ), at n/τ if the copy is
//!   inverted too. Tried: delaying the early one.
//! - **Polarity**: no delay, and the contributions have a correlation below −0.9. Tried: inverting
//!   one; turning it by 90°.
//! - **Decorrelation**: neither; a widener or a spaced pair that leans to the negative. Tried:
//!   turning one by 90°, which makes the contributions independent; 6 dB less of it.
//!
//! The channel that is treated is the one further from the front, the right one of a pair. A fix is
//! judged by doing it and checking every fold-down again, and its harm by the level that every other
//! stem of the same source has in that fold-down before and after: what helps the ambience may be the
//! end of the explosion that shares its file.

use alloc::vec;
use alloc::vec::Vec;

use super::cancellation::{Pairing, Place};
use super::cancellation_spectra::Row;
use super::quadrature;
use crate::analysis::{ChannelDelay, ChannelPair, DelaySetup, DelayVerdict};
use crate::audio::{Block, BlockMut, Buffer, Layout, Sample};
use crate::error::Error;
use crate::filters::{Convolver, ConvolverLatency, ConvolverParams, ConvolverSetup};
use crate::kernels;
use crate::math;
use crate::stream::{Io, Process, Stream};
use crate::units::db_to_gain;

/// Correlation of contributions that are each other's negative, but for a tenth of their power: equal
/// ones leave C = 10·log10(1 − 0.9) = −10 dB. Ours, as no document draws the line; with −0.9 inverting
/// is a cure, for it brings C to +2.8 dB.
const FLIPPED: f64 = -0.9;
/// Shortest delay that is one, frames: less is none when rounded, and delays are mended by whole frames.
const LEAST_DELAY_FRAMES: f64 = 0.5;
/// Longest delay that is looked for, ms: 7 m of air. Ours: the first notch of a longer one is below
/// 25 Hz, so that its comb is finer than any band and heard as an echo instead.
const MAX_DELAY_MS: f64 = 20.0;
/// How much less of a channel is tried, dB: half of its amplitude. Ours: more would take the channel
/// out of the mix.
const TRIM_DB: f64 = -6.0;
/// Notches that are listed: enough to recognise the comb by its spacing. Ours.
const NOTCHES: usize = 4;

/// Why a fold-down cancels.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case", tag = "kind"))]
#[non_exhaustive]
pub enum CancelCause {
    /// One channel is the other's negative.
    Polarity,
    /// One channel is a late copy of the other.
    Delay {
        /// How far the second channel lags behind the first, frames; negative where it leads.
        delay_frames: f64,
        /// It is inverted too.
        inverted: bool,
        /// The lowest notches of the comb, Hz.
        notches_hz: Vec<f64>,
    },
    /// The channels lean to the negative without being copies.
    Decorrelation,
}

/// What can be done to one channel.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case", tag = "kind"))]
#[non_exhaustive]
pub enum FoldFix {
    /// Polarity inverted.
    Invert {
        /// The channel.
        channel: usize,
    },
    /// Delayed by whole frames.
    Delay {
        /// The channel.
        channel: usize,
        /// Frames.
        frames: usize,
    },
    /// Turned by 90° at all frequencies.
    QuarterTurn {
        /// The channel.
        channel: usize,
    },
    /// Lowered.
    Trim {
        /// The channel.
        channel: usize,
        /// Gain, dB.
        gain_db: f64,
    },
}

impl FoldFix {
    /// The channel that is treated.
    #[must_use]
    pub const fn channel(self) -> usize {
        match self {
            Self::Invert { channel }
            | Self::Delay { channel, .. }
            | Self::QuarterTurn { channel }
            | Self::Trim { channel, .. } => channel,
        }
    }

    /// The audio with the fix in it.
    pub(super) fn applied<S: Sample>(
        self,
        audio: &Block<'_, S>,
        stream: &Stream,
    ) -> Result<Buffer<S>, Error> {
        let mut fixed = Buffer::from_block(audio);
        let Some(from) = audio.channels().nth(self.channel()) else { return Ok(fixed) };
        let mut block = fixed.block_mut();
        let Some(to) = block.channels_mut().nth(self.channel()) else { return Ok(fixed) };
        match self {
            Self::Invert { .. } => kernels::gain(stream.isa, to, -S::one()),
            Self::Trim { gain_db, .. } => {
                kernels::gain(stream.isa, to, S::from_f64(db_to_gain(gain_db)));
            }
            Self::Delay { frames, .. } => {
                let late = frames.min(to.len());
                let (silence, rest) = to.split_at_mut(late);
                silence.fill(S::zero());
                for (to, from) in rest.iter_mut().zip(from) {
                    *to = *from;
                }
            }
            Self::QuarterTurn { .. } => turn(to, stream)?,
        }
        Ok(fixed)
    }
}

/// Turns a channel by +90°, in step with the others.
fn turn<S: Sample>(samples: &mut [S], stream: &Stream) -> Result<(), Error> {
    let half = quadrature::half_length(stream.rate_hz);
    let mut taps = vec![S::zero(); 2 * half + 1];
    quadrature::fill(&mut taps, half);
    let setup = ConvolverSetup { partition_frames: 512, latency: ConvolverLatency::Zero };
    let mono = Stream { layout: Layout::MONO, ..*stream };
    let mut shift = Convolver::new(setup, ConvolverParams::default(), Block::mono(&taps), mono)?;
    let mut line = samples.to_vec();
    line.resize(samples.len() + half, S::zero());
    shift.process(Io::new(BlockMut::mono(&mut line)))?;
    for (to, from) in samples.iter_mut().zip(line.iter().skip(half)) {
        *to = *from;
    }
    Ok(())
}

/// The cause at a place, its two channels (the one in front first), and what is worth trying.
pub(super) struct Diagnosis {
    pub(super) channels: [usize; 2],
    pub(super) correlation: f64,
    pub(super) cause: CancelCause,
    pub(super) fixes: Vec<FoldFix>,
}

/// How far a loudspeaker is from the front; the right one of a pair counts as further.
fn away(layout: Layout, channel: usize) -> f64 {
    layout.speakers().get(channel).map_or(0.0, |speaker| {
        let right = if speaker.azimuth_deg < 0.0 { 0.5 } else { 0.0 };
        speaker.azimuth_deg.abs() + speaker.elevation_deg.abs() + right
    })
}

pub(super) fn diagnosed<S: Sample>(
    audio: &Block<'_, S>,
    row: &Row,
    place: &Place,
    pairing: &Pairing,
    stream: &Stream,
) -> Result<Option<Diagnosis>, Error> {
    let terms = pairing.terms.map(|index| row.terms.get(index).copied());
    let [Some(a), Some(b)] = terms else { return Ok(None) };
    let mut channels = [a.channel, b.channel];
    if a.channel == b.channel {
        return Ok(None);
    }
    if away(stream.layout, a.channel) > away(stream.layout, b.channel) {
        channels.swap(0, 1);
    }
    let [first, second] = channels;
    let opposed = (a.gain < 0.0) != (b.gain < 0.0);
    let setup = DelaySetup {
        pair: Some(ChannelPair { first, second }),
        max_delay_ms: MAX_DELAY_MS,
        window_s: 0.4,
        ..DelaySetup::default()
    };
    let mut meter = ChannelDelay::new(setup, *stream)?;
    let frame = |frame: u64| usize::try_from(frame).unwrap_or(usize::MAX);
    meter.push(audio.range(frame(place.start_frame), frame(place.end_frame)))?;
    meter.finish();
    let delay = meter.measurement();
    let late = (delay.verdict == DelayVerdict::Found)
        .then(|| delay.delay_frames.value())
        .flatten()
        .filter(|frames| frames.abs() >= LEAST_DELAY_FRAMES);
    let correlation = pairing.correlation;
    let (cause, fixes) = if let Some(delay_frames) = late {
        let inverted = delay.inverted != opposed;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 20 ms"
        )]
        let frames = math::round(delay_frames.abs()) as usize;
        let early = if delay_frames > 0.0 { first } else { second };
        let tau = delay_frames.abs() / stream.rate_hz;
        let notches_hz = (0..NOTCHES)
            .map(|n| {
                #[expect(clippy::cast_precision_loss, reason = "a few")]
                let n = n as f64;
                if inverted { n / tau } else { (n + 0.5) / tau }
            })
            .collect();
        let align = FoldFix::Delay { channel: early, frames };
        let mut fixes = vec![align, FoldFix::Trim { channel: second, gain_db: TRIM_DB }];
        if inverted {
            fixes.insert(0, FoldFix::Invert { channel: second });
        }
        (CancelCause::Delay { delay_frames, inverted, notches_hz }, fixes)
    } else if correlation < FLIPPED {
        let channel = second;
        (CancelCause::Polarity, vec![FoldFix::Invert { channel }, FoldFix::QuarterTurn { channel }])
    } else {
        let channel = second;
        let trim = FoldFix::Trim { channel, gain_db: TRIM_DB };
        (CancelCause::Decorrelation, vec![FoldFix::QuarterTurn { channel }, trim])
    };
    Ok(Some(Diagnosis { channels, correlation, cause, fixes }))
}
