//! The speech voltmeter of ITU-T P.56, method B: how strong speech is while it is there.
//!
//! The level of a voice without its pauses, in an unweighted signal that needs no gate and no
//! minimum length: for clips too short for loudness, for levels as telephony and speech corpora state
//! them.
//!
//! > p_n = g·p_(n−1) + (1 − g)·|x_n|,  q_n = g·q_(n−1) + (1 − g)·p_n,  g = e^(−1/(f·T)), T = 0.03 s
//! > a_j = frames with q_n ≥ c_j, and the 0.2 s after them (hangover); c_j = 2^−23 … 2^20
//! > A_j = 10 log10(Σ x² / a_j),  C_j = 20 log10 c_j
//! > active level A = A_j where A_j − C_j = M, M = 15.9 dB, between two thresholds straight in dB
//! > activity = 10^((L − A)/10), L = 10 log10(Σ x² / frames), the long-term level
//!
//! So the threshold lies 15.9 dB below the level that it defines. Of several channels |x| is the root
//! of the sum of their squares (LFE left out): two channels with the same voice read 3.01 dB more.
//!
//! dBov is relative to the overload point: a square wave at full scale is 0 dBov, a sine −3.01 dBov.
//! dBFS (AES17) calls that sine 0 dBFS, so dBFS = dBov + 3.01.
//!
//! Sources: ITU-T P.56 (12/2011), clause 8. We read neither that text nor copied code: T, hangover, M,
//! the two-pole envelope, the doubling thresholds and the start without hangover are the same in six
//! public implementations (asl_P56 of the PESQ toolbox by Loizou and Hu, and its ports; asl_meter by
//! Lu Huo, Kiel), and Kabal's report "Measuring Speech Activity" describes interpolation in dB. The
//! hangover is rounded up to whole frames, as most of them do. P.56 has as many thresholds as the
//! code has bits, from one step to half the maximum; here they reach from a 24-bit step to 2^20,
//! because samples over full scale are no overload. Where several thresholds fit, the lowest counts.
//! Cost: two multiplications and a comparison of exponents per frame. Latency: none.
//! Limits: the input filter of P.56 (for narrow-band telephony) is not applied. Meant for speech 20 dB
//! above its noise; louder noise counts as activity.

use crate::audio::{Block, Sample, Speaker};
use crate::error::Error;
use crate::kernels::scalar::is_fault;
use crate::kernels::settled_each;
use crate::math;
use crate::stream::Stream;
use crate::units::{Reading, power_to_db};

/// Time constant of each pole of the envelope, s (P.56, clause 8.3).
const TIME_CONSTANT_S: f64 = 0.03;
/// Hangover, s (P.56, clause 8.3).
const HANGOVER_S: f64 = 0.2;
/// Distance of the active level to its threshold, dB (P.56, clause 8.3).
const MARGIN_DB: f64 = 15.9;
/// Exponent of the lowest threshold: one step of 24 bits.
const LOWEST_EXPONENT: i64 = -23;
/// Thresholds; the highest is 2^20, above the largest sample (1e6).
const THRESHOLDS: usize = 44;
/// A full-scale sine in dBov: 10 log10(1/2).
const SINE_DBOV: f64 = -3.010_299_956_639_812;
/// Frames after which the envelope's states may come to rest.
const GRID: u64 = 64;

/// What a [`SpeechLevelMeter`] reads.
///
/// [`Reading::TooShort`] before any frame, [`Reading::BelowGate`] for silence, and where the envelope
/// never rises to a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SpeechLevel {
    /// Level of the speech while it is active, dBov.
    pub active_dbov: Reading,
    /// The same in dB relative to a full-scale sine (AES17).
    pub active_dbfs: Reading,
    /// Share of the time in which speech is active, percent.
    pub activity_percent: Reading,
    /// Level of everything, pauses included, dBov.
    pub long_term_dbov: Reading,
    /// Level of the threshold, 15.9 dB below the active level, dBov.
    pub threshold_dbov: Reading,
}

/// The active time of one threshold, as stretches from a rise to the end of the hangover.
#[derive(Clone, Copy, Debug, Default)]
struct Active {
    /// Frames of the stretches before the last one.
    before: u64,
    /// The last one: its first frame, and the frame after its last (the largest number while the
    /// envelope stays above).
    start: u64,
    end: u64,
}

impl Active {
    fn rise(&mut self, now: u64) {
        // A rise within the hangover goes on with the stretch.
        if now > self.end {
            self.before += self.end - self.start;
            self.start = now;
        }
        self.end = u64::MAX;
    }

    fn fall(&mut self, now: u64, hangover: u64) {
        self.end = now + hangover;
    }

    /// Active frames up to `now`.
    fn up_to(&self, now: u64) -> u64 {
        self.before + self.end.min(now) - self.start
    }
}

/// Measures the active speech level of a stream.
///
/// # Example
/// ```
/// use mixcore::audio::Block;
/// use mixcore::loudness::SpeechLevelMeter;
/// use mixcore::{Layout, Stream, math};
///
/// // A full-scale sine of 1 kHz for 20 s: 0 dBFS, -3.01 dBov, active all the time.
/// let tone: Vec<f64> =
///     (0..960_000).map(|n| math::sin(math::PI * f64::from(n) / 24.0)).collect();
/// let mut meter = SpeechLevelMeter::new(Stream::new(48_000.0, Layout::MONO)?)?;
/// meter.push(Block::mono(&tone))?;
/// let found = meter.measurement();
/// assert!(found.active_dbfs.value().unwrap().abs() < 0.01);
/// assert!((found.active_dbov.value().unwrap() + 3.01).abs() < 0.01);
/// assert!(found.activity_percent.value().unwrap() > 99.8);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SpeechLevelMeter {
    stream: Stream,
    /// The pole, and the hangover in frames.
    pole: f64,
    hangover: u64,
    first: f64,
    envelope: f64,
    energy: f64,
    /// Thresholds that the envelope reached in the last frame.
    reached: usize,
    thresholds: [Active; THRESHOLDS],
    frames: u64,
    faults: u64,
}

fn counts(speaker: &Speaker) -> bool {
    !speaker.lfe
}

/// Thresholds at or below an envelope value: they are powers of two, so its exponent tells.
fn reached(envelope: f64) -> usize {
    let exponent = i64::from((envelope.to_bits() >> 52) as u32 & 0x7ff) - 1023;
    usize::try_from(exponent - LOWEST_EXPONENT + 1).unwrap_or(0).min(THRESHOLDS)
}

impl SpeechLevelMeter {
    /// A meter at rest.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    pub fn new(stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0.2 s of at most 384 kHz"
        )]
        let hangover = math::ceil(HANGOVER_S * stream.rate_hz) as u64;
        Ok(Self {
            pole: math::exp(-1.0 / (stream.rate_hz * TIME_CONSTANT_S)),
            stream,
            hangover,
            first: 0.0,
            envelope: 0.0,
            energy: 0.0,
            reached: 0,
            thresholds: [Active::default(); THRESHOLDS],
            frames: 0,
            faults: 0,
        })
    }

    /// Measures one block of any length.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's; nothing is measured then.
    pub fn push<S: Sample>(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < block.frames() {
            #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
            let left = (GRID - self.frames % GRID) as usize;
            let part = block.range(at, (at + left).min(block.frames()));
            self.push_part(&part);
            at += part.frames();
        }
        Ok(())
    }

    /// Measures frames up to the next point of the grid.
    fn push_part<S: Sample>(&mut self, part: &Block<'_, S>) {
        let mut powers = [0.0; GRID as usize];
        let speakers = self.stream.layout.speakers().iter().zip(part.channels());
        for (_, channel) in speakers.filter(|(speaker, _)| counts(speaker)) {
            for (power, &sample) in powers.iter_mut().zip(channel) {
                if is_fault(sample) {
                    self.faults += 1;
                } else {
                    *power += sample.as_f64() * sample.as_f64();
                }
            }
        }
        for power in powers.into_iter().take(part.frames()) {
            self.energy += power;
            self.first = self.pole * self.first + (1.0 - self.pole) * math::sqrt(power);
            self.envelope = self.pole * self.envelope + (1.0 - self.pole) * self.first;
            let reached = reached(self.envelope);
            if reached != self.reached {
                self.cross(reached);
            }
            self.frames += 1;
        }
        if self.frames.is_multiple_of(GRID) {
            [self.first, self.envelope] = settled_each([self.first, self.envelope]);
        }
    }

    /// The envelope has risen or fallen through thresholds at the frame at hand.
    fn cross(&mut self, reached: usize) {
        let (low, high) = (reached.min(self.reached), reached.max(self.reached));
        for active in self.thresholds.iter_mut().take(high).skip(low) {
            if reached > self.reached {
                active.rise(self.frames);
            } else {
                active.fall(self.frames, self.hangover);
            }
        }
        self.reached = reached;
    }

    /// Starts anew.
    pub fn reset(&mut self) {
        (self.first, self.envelope, self.energy) = (0.0, 0.0, 0.0);
        self.thresholds = [Active::default(); THRESHOLDS];
        (self.reached, self.frames, self.faults) = (0, 0, 0);
    }

    /// Frames pushed so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0 (LFE left out).
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// Everything that was read so far.
    #[must_use]
    pub fn measurement(&self) -> SpeechLevel {
        let all = |reading| SpeechLevel {
            active_dbov: reading,
            active_dbfs: reading,
            activity_percent: reading,
            long_term_dbov: reading,
            threshold_dbov: reading,
        };
        if self.frames == 0 {
            return all(Reading::TooShort { have_s: 0.0, need_s: 1.0 / self.stream.rate_hz });
        }
        let level = |frames: u64| {
            #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
            power_to_db(self.energy / frames as f64)
        };
        let long_term = level(self.frames);
        let Some(active) = self.active_level(level) else {
            let long_term_dbov = Reading::from_level(long_term);
            return SpeechLevel { long_term_dbov, ..all(Reading::BelowGate) };
        };
        let activity = math::exp10((long_term - active) / 10.0);
        SpeechLevel {
            active_dbov: Reading::from_level(active),
            active_dbfs: Reading::from_level(active - SINE_DBOV),
            // Between two thresholds the level may come out a hair below the long-term level.
            activity_percent: Reading::Value(100.0 * activity.min(1.0)),
            long_term_dbov: Reading::from_level(long_term),
            threshold_dbov: Reading::from_level(active - MARGIN_DB),
        }
    }

    /// The level whose threshold lies the margin below it.
    fn active_level(&self, level: impl Fn(u64) -> f64) -> Option<f64> {
        let mut below: Option<(f64, f64)> = None;
        for (index, threshold) in self.thresholds.iter().enumerate() {
            let active = threshold.up_to(self.frames);
            if active == 0 {
                break;
            }
            #[expect(clippy::cast_precision_loss, reason = "an exponent")]
            let threshold_db = power_to_db(4.0) * (LOWEST_EXPONENT + index as i64) as f64;
            let level_db = level(active);
            let over = level_db - threshold_db - MARGIN_DB;
            if over <= 0.0 {
                let (lower_db, lower_over) = below?;
                let part = lower_over / (lower_over - over);
                return Some(lower_db + part * (level_db - lower_db));
            }
            below = Some((level_db, over));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Layout;

    #[test]
    fn thresholds_are_powers_of_two() {
        assert_eq!(reached(0.0), 0);
        assert_eq!(reached(math::exp2(-23.0) * 0.999_999), 0);
        assert_eq!(reached(math::exp2(-23.0)), 1);
        assert_eq!(reached(0.5), 23);
        assert_eq!(reached(math::exp2(20.0)), THRESHOLDS);
        assert_eq!(reached(1e300), THRESHOLDS);
    }

    #[test]
    fn no_frame_and_silence_have_no_level() {
        let mut meter = SpeechLevelMeter::new(Stream::new(48e3, Layout::MONO).unwrap()).unwrap();
        assert!(matches!(meter.measurement().active_dbov, Reading::TooShort { .. }));
        meter.push(Block::mono(&[0.0_f32; 4800])).unwrap();
        let silent = meter.measurement();
        assert_eq!(
            (silent.active_dbov, silent.long_term_dbov),
            (Reading::BelowGate, Reading::BelowGate)
        );
        // An impulse does not lift the envelope 15.9 dB under its own level.
        meter.push(Block::mono(&[f32::NAN, 1e-6])).unwrap();
        assert_eq!(meter.faults(), 1);
        assert_eq!(meter.measurement().active_dbov, Reading::BelowGate);
        assert!(meter.push(Block::stereo(&[0.0_f32], &[0.0]).unwrap()).is_err());
    }
}
