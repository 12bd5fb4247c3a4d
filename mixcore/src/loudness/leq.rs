//! Equivalent level: what trailers, commercials and sound level meters are judged by.
//!
//! > Leq = 10 log10( Σ_c 10^(L_c/10) · z_c / z_ref ), z_c = mean of the squares of the weighted
//! > channel c over the whole time
//!
//! L_c is the level that the reference level has in channel c ([`Calibration`]), z_ref its mean
//! square. No gate, no window: what is pushed is what counts, so tones, clock and 2-pop stay out. All
//! channels are added as power, LFE included.
//!
//! Leq(M) of ISO 21727 is the M-weighting with the cinema's calibration. Its reference level is a
//! steady TONE at −20 dBFS, so a full-scale sine is 0 dBFS ([`RmsConvention::Aes17`], the default
//! here). In the centre channel this reads:
//!
//! | signal at −20 dBFS | Leq(M) | Leq(A) | Leq(Z) |
//! |---|---|---|---|
//! | sine, 2 kHz | 85.01 | 86.20 | 85.00 |
//! | sine, 1 kHz | 79.38 | 85.00 | 85.00 |
//! | pink noise 20 Hz to 20 kHz, mean square 0.005 (−20 dBFS by AES17) | 84.05 | 82.14 | 85.00 |
//! | the same, mean square 0.01 (−20 dB below a square) | 87.06 | 85.15 | 88.01 |
//! | the same, set like the tone with an average-responding meter (ISO 21727, 3.2) | 85.10 | 83.19 | 86.05 |
//!
//! NOTE: leqm-nrt adds 108.01 dB to the mean square, the same convention, but divides the sum by frames
//! and channels: it reads 10 log10(channels) lower than ISO's sum (by its documentation; not run here).
//!
//! Order of sums: a channel's squares serially in time within a sub-block of 10 ms, sub-blocks in
//! order, channels in order. So no split into blocks changes a bit.
//!
//! Sources: ISO 21727:2016 (see [`Calibration::cinema`]), IEC 61672-1:2013 (Leq).
//! Cost: see [`crate::kernels::cascade_energy`]; four channels cost as much as one.
//! Limits: plain f64 sums of sub-blocks; a hundred hours (3.6e7 of them) are right to 2e-8 dB.

use super::calibration::Calibration;
use super::sub_block_rows::SubBlockRows;
use super::weighting::{Weighting, WeightingFilter};
use crate::audio::{Block, MAX_LAYOUT_CHANNELS, Sample, Store};
use crate::error::Error;
use crate::kernels::{CASCADE_LANES, CASCADE_SECTIONS, CascadeState, Isa, Section, cascade_energy};
use crate::stream::Stream;
use crate::units::{Reading, db_to_power, power_to_db};

/// Groups of channels that are filtered side by side.
const GROUPS: usize = MAX_LAYOUT_CHANNELS.div_ceil(CASCADE_LANES);

/// What an equivalent level is of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeqSetup {
    /// The frequency weighting.
    pub weighting: Weighting,
    /// The levels that the channels are played at.
    pub calibration: Calibration,
}

/// An equivalent level.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LeqReadings {
    /// Equivalent level of all channels, dB (re 20 µPa for a room's calibration).
    pub leq_db: Reading,
    /// Duration pushed so far, s.
    pub duration_s: f64,
    /// Samples that were not finite or beyond 1e6 and were taken as 0.
    pub faults: u64,
}

/// Filter states and sums of all channels.
#[derive(Clone, Copy, Debug)]
struct Sums {
    states: [CascadeState; GROUPS],
    energies: [f64; MAX_LAYOUT_CHANNELS],
}

impl Sums {
    const EMPTY: Self = Self {
        states: [[[0.0; CASCADE_LANES]; 2 * CASCADE_SECTIONS]; GROUPS],
        energies: [0.0; MAX_LAYOUT_CHANNELS],
    };

    /// Adds a stretch of every channel.
    fn add<'s, S: Sample>(
        &mut self,
        isa: Isa,
        sections: &[Section; CASCADE_SECTIONS],
        mut rows: impl Iterator<Item = &'s [S]>,
    ) {
        let groups = self.energies.as_chunks_mut::<CASCADE_LANES>().0;
        for (sums, state) in groups.iter_mut().zip(&mut self.states) {
            let mut group: [&[S]; CASCADE_LANES] = [&[]; CASCADE_LANES];
            let mut count = 0;
            for (slot, row) in group.iter_mut().zip(&mut rows) {
                *slot = row;
                count += 1;
            }
            if count == 0 {
                return;
            }
            let energies = cascade_energy(isa, sections, &group[..count], state);
            for (sum, energy) in sums.iter_mut().zip(energies).take(count) {
                *sum += energy;
            }
        }
    }
}

/// Measures an equivalent level.
///
/// # Example
/// ```
/// use mixcore::loudness::{Calibration, LeqMeter, LeqSetup, Weighting};
/// use mixcore::{Block, Layout, Stream, math};
/// // ISO 21727's reference tone, but at 2 kHz, where the M-weighting is 0 dB: 85 dB in a cinema.
/// let tone: Vec<f32> = (0..48_000)
///     .map(|n| (0.1 * math::sin(math::PI * f64::from(n) / 12.0)) as f32)
///     .collect();
/// let layout = Layout::MONO;
/// let calibration = Calibration::cinema(layout)?;
/// let setup = LeqSetup { weighting: Weighting::M, calibration };
/// let mut meter = LeqMeter::new(setup, Stream::new(48_000.0, layout)?)?;
/// meter.push(Block::mono(&tone))?;
/// assert!((meter.measurement().leq_db.value().unwrap() - 85.0).abs() < 0.02);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct LeqMeter<'a, S> {
    setup: LeqSetup,
    stream: Stream,
    sections: [Section; CASCADE_SECTIONS],
    rows: SubBlockRows<'a, S>,
    sums: Sums,
}

impl<S: Sample> LeqMeter<'static, S> {
    /// A meter with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or a calibration for another layout.
    #[cfg(feature = "alloc")]
    pub fn new(setup: LeqSetup, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        let rows = Store::owned(Self::required_len(&stream), S::zero());
        Self::with_rows(setup, stream, rows)
    }
}

impl<'a, S: Sample> LeqMeter<'a, S> {
    /// Samples that [`LeqMeter::new_in`] needs: one sub-block of every channel.
    #[must_use]
    pub fn required_len(stream: &Stream) -> usize {
        SubBlockRows::<S>::required_len(stream)
    }

    /// A meter in lent memory of at least [`LeqMeter::required_len`].
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, a calibration for another layout, or too little memory.
    pub fn new_in(setup: LeqSetup, stream: Stream, memory: &'a mut [S]) -> Result<Self, Error> {
        stream.validate()?;
        let required = Self::required_len(&stream);
        let rows = Store::lent("equivalent-level", memory, required, S::zero())?;
        Self::with_rows(setup, stream, rows)
    }

    fn with_rows(setup: LeqSetup, stream: Stream, rows: Store<'a, S>) -> Result<Self, Error> {
        if setup.calibration.layout() != stream.layout {
            return Err(Error::Unsupported {
                what: "a calibration for another layout",
                hint: "make the calibration for the stream's own layout",
            });
        }
        let sections = WeightingFilter::design(setup.weighting, stream.rate_hz)?.kernel();
        let rows = SubBlockRows::new(stream, rows);
        Ok(Self { setup, stream, sections, rows, sums: Sums::EMPTY })
    }

    /// Measures one block of any length.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's.
    pub fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < block.frames() {
            let (taken, complete) = self.rows.take(&block, at);
            if complete {
                self.sums.add(self.stream.isa, &self.sections, self.rows.rows());
                self.rows.advance();
            }
            at += taken;
        }
        Ok(())
    }

    /// Starts anew.
    pub fn reset(&mut self) {
        self.rows.reset();
        self.sums = Sums::EMPTY;
    }

    /// What it was made for.
    #[must_use]
    pub fn setup(&self) -> LeqSetup {
        self.setup
    }

    /// The stream it measures.
    #[must_use]
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// Frames pushed so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.rows.frames()
    }

    /// The level of everything pushed so far, to the last frame. The meter itself does not change.
    #[must_use]
    pub fn measurement(&self) -> LeqReadings {
        let sums = self.finished();
        let total = (0..self.stream.channel_count()).map(|c| self.power(&sums, c)).sum();
        LeqReadings {
            leq_db: self.level(total),
            duration_s: self.rows.duration_s(),
            faults: self.rows.faults(),
        }
    }

    /// The level that one channel alone makes, dB.
    ///
    /// # Panics
    /// If `channel` is not below the stream's channel count.
    #[must_use]
    pub fn channel_leq_db(&self, channel: usize) -> Reading {
        self.level(self.power(&self.finished(), channel))
    }

    /// The sums with the incomplete sub-block at the end.
    fn finished(&self) -> Sums {
        let mut sums = self.sums;
        sums.add(self.stream.isa, &self.sections, self.rows.rows());
        sums
    }

    /// Energy of a channel over that of a frame of the reference level, at its replay level.
    fn power(&self, sums: &Sums, channel: usize) -> f64 {
        let calibration = &self.setup.calibration;
        let gain = db_to_power(calibration.levels_db()[channel]);
        gain * sums.energies[channel] / calibration.reference_power()
    }

    fn level(&self, power: f64) -> Reading {
        if self.frames() == 0 {
            return Reading::TooShort { have_s: 0.0, need_s: 1.0 / self.stream.rate_hz };
        }
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        Reading::from_level(power_to_db(power / self.frames() as f64))
    }
}
