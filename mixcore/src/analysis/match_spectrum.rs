//! Takes the long-term spectrum of a voice as matching needs it: per third octave, without the pauses,
//! and with the noise that stands in the pauses.
//!
//! Two recordings are alike in tone if their voices are: rooms, pauses and hum must not pull the
//! curve. So the third octaves of every window of [`LongTermSpectrum`] are kept by themselves, and
//! [`MatchSpectrum::measurement`] decides afterwards, over the whole recording, which of them count:
//!
//! > L = 10 log10 Σ_b P_b·K_b (K-weighted power of a window)
//! > active: L above −70 LUFS, and above the mean of those by [`MatchSpectrumSetup::gate_db`]
//! > noise: the quietest twentieth of all windows, at least 4, digital silence and its edges left out
//!
//! P_b is the power in a third octave, K_b the K-weighting at its centre. A window is the shortest power
//! of two that reads the 80 Hz band (8192 samples at 48 kHz, 0.17 s), each a quarter after the other.
//!
//! The gate at −16 dB is that of speech voltmeters: in a recording that is all speech only gaps
//! between words fall below it, and soft consonants, which carry what there is above 4 kHz, stay in.
//! The −10 LU of programme loudness would leave some of them out.
//!
//! Sources: ITU-R BS.1770-5, Annex 1 (K-weighting, −70 LUFS); ITU-T P.56 (12/2011), clause 8.3, as
//! [`crate::loudness::SpeechLevelMeter`] cites it (15.9 dB); IEC 61260-1:2014 (bands).
//! Cost: that of the spectrum; at 48 kHz 6 kB for each second. Latency: readings follow the last whole
//! window.
//! Limits: bands below 80 Hz are not read at 48 kHz, and up to 160 Hz a strong hum reaches into the
//! bands beside it (they are 3 to 6 bins wide). The noise is what the quietest windows hold: in a
//! recording without any pause that is the softest speech, so its level is an upper bound, and a steady
//! sound is nothing but noise.

use super::bands::{Band, BinRange};
use super::spectrum::{LEAST_BINS, LongTermSpectrum, OVERLAP, SpectrumSetup};
use super::third_octave::{THIRD_OCTAVES, ThirdOctave};
use super::voice_spectrum::{Gate, ROW, VoiceSpectrum};
use crate::audio::{Block, Sample, Store};
use crate::error::Error;
use crate::loudness::{KWeighting, MeterStorage};
use crate::math;
use crate::stream::Stream;
use crate::units::db_to_power;

/// Lowest band that is read.
const LOWEST_BAND_HZ: f64 = 80.0;
/// Longest recording: a day, s.
const MAX_DURATION_S: f64 = 86_400.0;

/// What counts, and how much is needed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatchSpectrumSetup {
    /// Recording that the list of windows holds, s: 1 to 86,400.
    pub max_duration_s: f64,
    /// A window counts if it lies above the mean level by this, dB: −40 to 0; `None` lets all count.
    pub gate_db: Option<f64>,
    /// Active time without which there is no reading, s: 0.5 to 600.
    pub min_active_s: f64,
}

impl Default for MatchSpectrumSetup {
    /// Two minutes, −16 dB, 3 s (a line of ADR; a minute is better, see [`super::EqMatch`]).
    fn default() -> Self {
        Self { max_duration_s: 120.0, gate_db: Some(-16.0), min_active_s: 3.0 }
    }
}

impl MatchSpectrumSetup {
    fn validate(&self) -> Result<(), Error> {
        Error::check_range("max_duration_s", self.max_duration_s, 1.0, MAX_DURATION_S)?;
        Error::check_range("gate_db", self.gate_db.unwrap_or(0.0), -40.0, 0.0)?;
        Error::check_range("min_active_s", self.min_active_s, 0.5, 600.0).map(|_| ())
    }

    /// Windows of the longest recording.
    fn windows(&self, stream: &Stream) -> usize {
        let hop = (window_frames(stream.rate_hz) / OVERLAP).max(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "clamped; NaN becomes 0 and is refused by the constructor"
        )]
        {
            let duration_s = self.max_duration_s.clamp(0.0, MAX_DURATION_S);
            math::ceil(duration_s * stream.rate_hz / hop as f64) as usize
        }
    }
}

/// Samples of a window at a rate: the shortest power of two whose bins read the lowest band.
fn window_frames(rate_hz: f64) -> usize {
    let widest_hz = ThirdOctave::containing(LOWEST_BAND_HZ)
        .map_or(f64::MAX, |band| (band.upper_hz() - band.lower_hz()) / LEAST_BINS);
    let mut length = 1024_usize;
    #[expect(clippy::cast_precision_loss, reason = "at most 65,536")]
    while length < 65_536 && rate_hz > widest_hz * length as f64 {
        length *= 2;
    }
    length
}

/// The third-octave spectrum of a voice, and of the noise behind it.
///
/// # Example
/// ```
/// use mixcore::analysis::{MatchSpectrum, MatchSpectrumSetup, ThirdOctave};
/// use mixcore::{Block, Layout, Stream, math};
///
/// // A tone that stands for a voice, half of the time; in the pauses hum of 100 Hz at −60 dBFS.
/// let audio: Vec<f32> = (0..480_000)
///     .map(|n| {
///         let turns = |hz: f64| math::sin(2.0 * math::PI * hz * f64::from(n) / 48_000.0);
///         let voice = if n / 48_000 % 2 == 0 { 0.1 * turns(1000.0) } else { 0.0 };
///         (voice + 0.001 * turns(100.0)) as f32
///     })
///     .collect();
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut spectrum = MatchSpectrum::<f32>::new(MatchSpectrumSetup::default(), stream)?;
/// spectrum.push(Block::mono(&audio))?;
/// let voice = spectrum.measurement();
/// let band = |hz| ThirdOctave::containing(hz).unwrap();
/// // −23 dBFS while it is there (edges of 0.17 s count in part), and far above its noise.
/// assert!((voice.level_dbfs(band(1000.0)).value().unwrap() + 23.01).abs() < 0.5);
/// assert!(voice.stands_clear(band(1000.0)) && !voice.stands_clear(band(100.0)));
/// assert!((voice.noise_dbfs(band(100.0)).value().unwrap() + 63.01).abs() < 0.01);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct MatchSpectrum<'a, S> {
    setup: MatchSpectrumSetup,
    spectrum: LongTermSpectrum<'a, S>,
    /// Rows of [`ROW`] numbers: the bands, then the K-weighted power.
    rows: Store<'a, f64>,
    used: usize,
    /// Bins of each band, and its K-weighting; what cannot be read has none.
    bands: [Option<(BinRange, f64)>; THIRD_OCTAVES],
}

#[cfg(feature = "alloc")]
impl<S: Sample> MatchSpectrum<'static, S> {
    /// A spectrum with memory of its own.
    ///
    /// # Errors
    /// A setup out of range, or a rate outside 8 to 384 kHz.
    pub fn new(setup: MatchSpectrumSetup, stream: Stream) -> Result<Self, Error> {
        setup.validate()?;
        stream.validate()?;
        let rows = setup.windows(&stream) * ROW;
        let spectrum = LongTermSpectrum::new(Self::spectrum_setup(&stream), stream)?;
        Self::over(setup, spectrum, Store::owned(rows, 0.0))
    }
}

impl<'a, S: Sample> MatchSpectrum<'a, S> {
    fn spectrum_setup(stream: &Stream) -> SpectrumSetup {
        SpectrumSetup { fft_length: window_frames(stream.rate_hz) }
    }

    /// Memory that [`MatchSpectrum::new_in`] needs: at 48 kHz 23 rows of 32 numbers for each second.
    ///
    /// # Errors
    /// A setup out of range, or a rate outside 8 to 384 kHz.
    pub fn required_len(
        setup: &MatchSpectrumSetup,
        stream: &Stream,
    ) -> Result<MeterStorage, Error> {
        setup.validate()?;
        stream.validate()?;
        let parts = LongTermSpectrum::<S>::required_len(&Self::spectrum_setup(stream), stream)?;
        Ok(MeterStorage {
            samples: parts.samples,
            history: parts.numbers + setup.windows(stream) * ROW,
        })
    }

    /// A spectrum in lent memory of at least [`MatchSpectrum::required_len`].
    ///
    /// # Errors
    /// As [`MatchSpectrum::required_len`], or too little memory.
    pub fn new_in(
        setup: MatchSpectrumSetup,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        const WHAT: &str = "match spectrum number";
        let (given, required) = (numbers.len(), Self::required_len(&setup, &stream)?.history);
        let len = setup.windows(&stream) * ROW;
        let Some((rows, rest)) = numbers.split_at_mut_checked(len).filter(|_| given >= required)
        else {
            return Err(Error::Storage { what: WHAT, given, required });
        };
        let spectrum =
            LongTermSpectrum::new_in(Self::spectrum_setup(&stream), stream, samples, rest)?;
        Self::over(setup, spectrum, Store::lent(WHAT, rows, len, 0.0)?)
    }

    fn over(
        setup: MatchSpectrumSetup,
        spectrum: LongTermSpectrum<'a, S>,
        rows: Store<'a, f64>,
    ) -> Result<Self, Error> {
        let rate_hz = spectrum.stream().rate_hz;
        let weighting = KWeighting::design(rate_hz)?;
        let mut bands = [None; THIRD_OCTAVES];
        for third in ThirdOctave::at_rate(rate_hz) {
            let Band { low_hz, centre_hz, high_hz } = third.band();
            if high_hz - low_hz >= LEAST_BINS * spectrum.bin_hz() {
                let range = BinRange::new(low_hz, high_hz, spectrum.bin_hz());
                bands[third.index()] = Some((range, db_to_power(weighting.response_db(centre_hz))));
            }
        }
        Ok(Self { setup, spectrum, rows, used: 0, bands })
    }

    /// Adds one block of any length; every split gives the same bits.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's (nothing is recorded then), or
    /// [`Error::HistoryFull`] for a window beyond the longest duration: the recording is kept up to
    /// there, and what is pushed after that is not read.
    pub fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.spectrum.stream().channel_count())?;
        let mut at = 0;
        while at < block.frames() {
            if self.used * ROW >= self.rows.len() {
                return Err(Error::HistoryFull { max_duration_s: self.setup.max_duration_s });
            }
            #[expect(clippy::cast_possible_truncation, reason = "at most a window")]
            let take = (block.frames() - at).min(self.spectrum.to_next_window() as usize);
            let before = self.spectrum.windows();
            self.spectrum.push(block.range(at, at + take))?;
            at += take;
            if self.spectrum.windows() > before {
                self.note();
            }
        }
        Ok(())
    }

    /// Keeps the bands of the last window.
    fn note(&mut self) {
        let powers = self.spectrum.last_window();
        let mut weighted = 0.0;
        let row = self.rows.get_mut(self.used * ROW..).unwrap_or_default();
        let Some(row) = row.first_chunk_mut::<ROW>() else {
            return;
        };
        for (slot, band) in row.iter_mut().zip(&self.bands) {
            if let Some((range, k)) = band {
                *slot = range.power(powers);
                weighted += *slot * k;
            }
        }
        row[THIRD_OCTAVES] = weighted;
        self.used += 1;
    }

    /// Says that what follows does not continue what was: no window reaches over the cut.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn start_segment(&mut self) {
        self.spectrum.start_segment();
    }

    /// Starts anew.
    pub fn reset(&mut self) {
        self.spectrum.reset();
        self.used = 0;
    }

    /// The stream it listens to.
    #[must_use]
    pub fn stream(&self) -> Stream {
        self.spectrum.stream()
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0 (LFE left out).
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.spectrum.faults()
    }

    /// What was read so far.
    #[must_use]
    pub fn measurement(&self) -> VoiceSpectrum {
        #[expect(clippy::cast_precision_loss, reason = "a window is shorter than 2^53")]
        let hop_s = (window_frames(self.stream().rate_hz) / OVERLAP) as f64 / self.stream().rate_hz;
        let gate = Gate {
            gate_db: self.setup.gate_db,
            min_active_s: self.setup.min_active_s,
            hop_s,
            rate_hz: self.stream().rate_hz,
        };
        let read = core::array::from_fn(|index| self.bands[index].is_some());
        VoiceSpectrum::new(self.rows.get(..self.used * ROW).unwrap_or_default(), &read, &gate)
    }
}
