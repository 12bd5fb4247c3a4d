//! A suppressor of steady noise: downward expansion in bands below a learnt floor.
//!
//! Hiss, fans and air conditioning are steady; a voice is not. The signal is cut into frames of about
//! 20 ms (a power of two N, every N/4), windowed by w = √Hann, transformed, and its powers are added up
//! in bands of one ERB, at least four bins wide, over all channels. With L the power of a band, at once on
//! its way up and with the time constant `release_ms` on its way down, and T = floor + threshold:
//!
//! > G = max((ratio − 1)·(L − T), −range) dB for L < T, else 0
//!
//! g = 10^(G/20) runs straight over the bins from the middle of a band to the next one's, so broad bands and
//! slow ways down leave no musical noise, and
//!
//! > y\[n\] = x\[n − N\] − r\[n\], r = ½·Σ_frames w·FFT⁻¹((1 − g)·FFT(w·x))
//!
//! so that where nothing is suppressed every bit passes, and r is what was taken out.
//!
//! **Floor.** The learning time is cut into 64 stretches; the smallest of their mean powers is the floor,
//! band by band, from the eighth stretch on; it falls at once and rises by 1 dB/s at the most. The smallest
//! of m means of noise lies below their own mean, on the average at
//!
//! > (1 − v − q_m·√v)³ of it, v = 2/(9ν), ν = 2·bandwidth·time, but not below 1/m
//!
//! with q_m from tables (ν are the degrees of freedom of a mean, the cube root of which is nearly normal; 1/m
//! is the smallest of m powers of one bin); the floor is raised by that. A voice
//! that leaves each band alone for one stretch in the learning time does not raise it. [`NoiseLearning`]
//! learns from a stretch of mere noise instead, or holds.
//!
//! Sources: the smallest of stretches: R. Martin, "Noise power spectral density estimation based on
//! optimal smoothing and minimum statistics", IEEE Trans. SAP 9(5), 2001 (the principle); E. B. Wilson and
//! M. M. Hilferty, "The distribution of chi-square", Proc. Nat. Acad. Sci. 17, 1931 (the cube); ERB: [`crate::analysis::erb_hz`].
//! Cost: two FFTs of N for N/4 frames of each channel. Latency: N. Limits: one gain for all channels,
//! which keeps the image; hum is narrower than a band, take [`super::HumComb`] for it; noise that changes
//! faster than the learning time is taken for signal.

use super::cells::{CHUNK, Cells, DialogueStorage};
use super::gain_trace::{GainTrace, Rows};
use super::noise_floor::{MAX_BANDS, NoiseFloor, NoiseLearning, STRETCHES};
use super::reduction::{ReductionStats, mixed_db};
use super::suppressor_bands::{NoiseBand, decide, lay_out, weigh};
use super::suppressor_params::{SuppressorParams, SuppressorReport, SuppressorSetup};
use super::taken::Taken;
use super::tool::{OnCells, chosen, fields_of, gain_stats, grid, in_pieces, listen};
use super::unit;
use crate::audio::{BlockMut, Sample, Store, check_frames, move_to_front};
use crate::error::Error;
use crate::filters::{DelayLine, RealFft};
use crate::kernels;
use crate::math;
use crate::stream::{Field, Io, Process, Processor, Stream};
use crate::units::power_to_db;

/// Length of a frame that N is nearest to on a scale of octaves, s: speech is taken as steady for 20 ms.
const FRAME_S: f64 = 0.02;
/// Frames over every sample: squares of √Hann add up to a constant from two on; with four of them a
/// gain's step is spread over three hops.
const OVERLAP: usize = 4;

/// N for a rate.
fn frame_length(rate_hz: f64) -> usize {
    let octave = math::round(math::log2(FRAME_S * rate_hz));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "7 to 13: 8 to 384 kHz"
    )]
    {
        1 << (octave as u32)
    }
}

/// Lowers steady noise below a learnt floor, band by band.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Latency
/// One frame: 1024 frames at 48 kHz.
///
/// # Real time
/// `process`, `set_params`, `set_learning`, `set_bypass`, `set_listen` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::dynamics::{NoiseLearning, Suppressor, SuppressorParams, SuppressorSetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let params = SuppressorParams::default();
/// let mut suppressor = Suppressor::new(SuppressorSetup::default(), params, stream)?;
/// let mut seed = 1_u32;
/// let mut hiss = |_| {
///     seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///     f64::from(seed >> 8) * 1e-10
/// };
/// suppressor.set_learning(NoiseLearning::Stretch);
/// let mut noise: Vec<f64> = (0..48_000).map(&mut hiss).collect();
/// suppressor.process(Io::new(BlockMut::mono(&mut noise)))?;
/// suppressor.set_learning(NoiseLearning::Held);
/// let mut noise: Vec<f64> = (0..48_000).map(&mut hiss).collect();
/// suppressor.process(Io::new(BlockMut::mono(&mut noise)))?;
/// assert!((suppressor.gain_db(3000.0) + 12.0).abs() < 0.01);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Suppressor<'a, S> {
    stream: Stream,
    setup: SuppressorSetup,
    params: SuppressorParams,
    fft: RealFft<'a, S>,
    /// The window and a frame; then for each channel the last N inputs, the sums of what is taken out,
    /// and a spectrum.
    memory: Store<'a, S>,
    /// Where the last N inputs stand.
    line: DelayLine,
    floor: NoiseFloor<'a>,
    bands: [NoiseBand; MAX_BANDS],
    count: usize,
    freedoms: [f64; MAX_BANDS],
    kept: f64,
    length: usize,
    cells: Cells,
    bypass: bool,
    now: u64,
    frames: u64,
    taken: Taken,
    /// The largest share of any band, of the last frames, newest first.
    deepest: [f64; OVERLAP],
    trace: GainTrace,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> Suppressor<'static, S> {
    /// A suppressor with memory of its own.
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds.
    pub fn new(
        setup: SuppressorSetup,
        params: SuppressorParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        Self::required_len(setup, stream)?;
        let length = frame_length(stream.rate_hz);
        let fft = RealFft::new(length, stream.isa)?;
        let memory = Store::owned(Self::memory_len(length, &stream), S::zero());
        let numbers = Store::owned(NoiseFloor::required_len(), 0.0);
        Self::build(setup, params, stream, fft, memory, numbers)
    }
}

impl<'a, S: Sample> Suppressor<'a, S> {
    /// The memory that [`Suppressor::new_in`] needs.
    ///
    /// # Errors
    /// A setup or rate outside its bounds.
    pub fn required_len(setup: SuppressorSetup, stream: Stream) -> Result<DialogueStorage, Error> {
        setup.validate()?;
        stream.validate()?;
        let length = frame_length(stream.rate_hz);
        let samples = RealFft::<S>::required_len(length)? + Self::memory_len(length, &stream);
        Ok(DialogueStorage { samples, numbers: NoiseFloor::required_len() })
    }

    /// A suppressor in lent memory of at least [`Suppressor::required_len`].
    ///
    /// # Errors
    /// A setup, parameter or rate outside its bounds, or too little memory.
    pub fn new_in(
        setup: SuppressorSetup,
        params: SuppressorParams,
        stream: Stream,
        samples: &'a mut [S],
        numbers: &'a mut [f64],
    ) -> Result<Self, Error> {
        const WHAT: &str = "suppressor sample";
        let need = Self::required_len(setup, stream)?;
        let length = frame_length(stream.rate_hz);
        let (given, required) = (samples.len(), need.samples);
        let memory_len = Self::memory_len(length, &stream);
        let Some((memory, rest)) =
            samples.split_at_mut_checked(memory_len).filter(|_| given >= required)
        else {
            return Err(Error::Storage { what: WHAT, given, required });
        };
        let fft = RealFft::new_in(length, stream.isa, rest)?;
        let memory = Store::lent(WHAT, memory, memory_len, S::zero())?;
        let numbers = Store::lent("suppressor number", numbers, need.numbers, 0.0)?;
        Self::build(setup, params, stream, fft, memory, numbers)
    }

    fn memory_len(length: usize, stream: &Stream) -> usize {
        2 * length + (3 * length + 2) * stream.channel_count()
    }

    fn build(
        setup: SuppressorSetup,
        params: SuppressorParams,
        stream: Stream,
        fft: RealFft<'a, S>,
        mut memory: Store<'a, S>,
        numbers: Store<'a, f64>,
    ) -> Result<Self, Error> {
        params.validate()?;
        let length = fft.length();
        let hop = length / OVERLAP;
        #[expect(clippy::cast_precision_loss, reason = "frames of 128 to 8192, hops")]
        let (frame, hop_s) = (length as f64, hop as f64 / stream.rate_hz);
        for (n, weight) in (0..).zip(memory.iter_mut().take(length)) {
            // The root of a Hann window of the period N is half a sine.
            *weight = S::from_f64(math::sin(math::PI * f64::from(n) / frame));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "1 to some thousand hops"
        )]
        let hops = math::round(setup.learning_s / STRETCHES as f64 / hop_s).max(1.0) as usize;
        #[expect(clippy::cast_precision_loss, reason = "some thousand hops")]
        let time_s = hops as f64 * hop_s;
        let (bands, freedoms, count) = lay_out(length, stream.rate_hz / frame, time_s);
        let mut suppressor = Self {
            stream,
            setup,
            params,
            fft,
            memory,
            line: DelayLine::new(length),
            floor: NoiseFloor::new(numbers, count, hops, time_s),
            bands,
            count,
            freedoms,
            kept: 0.0,
            length,
            cells: Cells::new(hop),
            bypass: false,
            now: 0,
            frames: 0,
            taken: Taken::new(params.amount_percent, stream.rate_hz),
            deepest: [0.0; OVERLAP],
            trace: GainTrace::new(),
            faults: 0,
        };
        suppressor.design();
        Ok(suppressor)
    }

    fn design(&mut self) {
        let hop_s = self.cells.length() / self.stream.rate_hz;
        self.kept = math::exp(-hop_s / (self.params.release_ms * 1e-3));
    }

    chosen!(SuppressorSetup, SuppressorParams);

    /// Takes other parameters from the next frame on.
    ///
    /// # Errors
    /// A value outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: SuppressorParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        self.taken.set_amount(params.amount_percent, self.now);
        self.design();
        Ok(())
    }

    /// How it learns.
    #[must_use]
    pub fn learning(&self) -> NoiseLearning {
        self.floor.learning()
    }

    /// Learns in another way. A change begins anew, with the floor that is known until there is another.
    pub fn set_learning(&mut self, learning: NoiseLearning) {
        self.floor.set_learning(learning);
    }

    /// Whether it suppresses nothing.
    #[must_use]
    pub fn bypass(&self) -> bool {
        self.bypass
    }

    /// Suppresses nothing from the next frame on, or again; it goes on learning. The window of a frame
    /// makes the change smooth.
    pub fn set_bypass(&mut self, bypass: bool) {
        self.bypass = bypass;
    }

    listen!();

    fn band(&self, hz: f64) -> Option<(usize, &NoiseBand)> {
        #[expect(clippy::cast_precision_loss, reason = "a frame's length")]
        let bin = hz / self.stream.rate_hz * self.length as f64;
        #[expect(clippy::cast_precision_loss, reason = "bins")]
        let within = |(_, band): &(usize, &NoiseBand)| bin < band.end as f64 - 0.5;
        self.bands.iter().take(self.count).enumerate().find(within)
    }

    /// Gain of the band at `hz` in the newest frame, dB ≤ 0; 0 above half of the rate.
    #[must_use]
    pub fn gain_db(&self, hz: f64) -> f64 {
        self.band(hz).map_or(0.0, |(_, band)| band.gain_db)
    }

    /// Learnt floor of the band at `hz`: the mean square of all channels in it, dBFS; -inf where nothing
    /// is known.
    #[must_use]
    pub fn floor_dbfs(&self, hz: f64) -> f64 {
        let index = self.band(hz).map(|(index, _)| index);
        let floor = index.and_then(|index| self.floor.floors().get(index));
        power_to_db(floor.copied().unwrap_or(0.0))
    }

    /// Reduction of the newest frame of output in the band that is reduced most, dB ≥ 0, without the amount.
    #[must_use]
    pub fn gain_reduction_db(&self) -> f64 {
        self.trace.last_db()
    }

    gain_stats! {
        /// Reduction since the last reset, dB, of the band that is reduced most, without the amount; none
        /// before the first frame.
    }

    /// Level of a band above its floor, dB, that one comes to which stands steadily at `above_floor_db`,
    /// with the amount.
    #[must_use]
    pub fn static_curve_db(&self, above_floor_db: f64) -> f64 {
        let gain_db = self.params.static_gain_db(above_floor_db);
        above_floor_db + mixed_db(gain_db, self.params.amount_percent / 100.0)
    }

    unit::traced! {
        /// [`Process::process`], and the reduction of every frame of the block, dB ≥ 0, of the band that is
        /// reduced most, without the amount: the windows of the frames that overlap there, each with its
        /// deepest band.
    }

    fn run(&mut self, io: Io<'_, S>, trace: Option<&mut [f32]>) -> Result<(), Error> {
        in_pieces(self, io, trace)
    }

    /// The read-outs of a piece.
    fn look(&mut self, frames: usize, row: &mut [f32]) {
        if self.deepest == [0.0; OVERLAP] {
            return self.trace.hold(1.0, frames, row);
        }
        let mut gains = [1.0_f32; CHUNK];
        let gains = gains.get_mut(..frames).unwrap_or_default();
        let window = self.memory.get(..self.length).unwrap_or_default();
        let mut start = self.cells.place();
        for share in self.deepest {
            for (gain, weight) in gains.iter_mut().zip(window.get(start..).unwrap_or_default()) {
                let weight = weight.as_f64();
                #[expect(clippy::cast_possible_truncation, reason = "a read-out")]
                {
                    *gain -= (0.5 * share * weight * weight) as f32;
                }
            }
            start = start.saturating_add(self.cells.frames());
        }
        self.trace.take_gains(self.stream.isa, gains, row);
    }

    /// What it did since the last reset.
    #[must_use]
    pub fn report(&self) -> SuppressorReport {
        let total: f64 = self.bands.iter().take(self.count).map(|band| band.total_db).sum();
        #[expect(clippy::cast_precision_loss, reason = "a mean")]
        let cells = (self.frames * self.count as u64).max(1) as f64;
        SuppressorReport {
            mean_reduction_db: 0.0 - total / cells,
            removed_dbfs: self.taken.level_dbfs(self.now),
        }
    }

    /// A hop is complete: a frame of every channel is looked at and what is to be taken out is added up.
    fn hop(&mut self) -> Option<()> {
        let (length, hop) = (self.length, self.cells.frames());
        let bins = length / 2 + 1;
        let (window, rest) = self.memory.split_at_mut_checked(length)?;
        let (time, lines) = rest.split_at_mut_checked(length)?;
        let mut powers = [0.0; MAX_BANDS];
        for line in lines.chunks_exact_mut((3 * length + 2).max(1)) {
            let (ring, _) = line.split_at_checked(length)?;
            let [older, newer] = self.line.past(ring, length, length);
            let oldest_first = older.iter().chain(newer);
            for ((to, from), weight) in time.iter_mut().zip(oldest_first).zip(window.iter()) {
                *to = *from * *weight;
            }
            let spectrum = line.get_mut(2 * length..)?;
            let (re, im) = spectrum.split_at_mut_checked(bins)?;
            self.fft.forward(time, re, im).ok()?;
            for (power, band) in powers.iter_mut().zip(&self.bands).take(self.count) {
                let parts = re.get(band.first..band.end)?.iter().zip(im.get(band.first..band.end)?);
                for (re, im) in parts {
                    let (re, im) = (re.as_f64(), im.as_f64());
                    *power += re * re + im * im;
                }
            }
        }
        // A bin and its mirror: 2/(N·Σ w²) with Σ w² = N/2 makes of it a mean square.
        #[expect(clippy::cast_precision_loss, reason = "a frame's length")]
        let scale = 4.0 / (length as f64 * length as f64);
        powers.iter_mut().for_each(|power| *power *= scale);
        self.floor.push(powers.get(..self.count)?, self.freedoms.get(..self.count)?);
        let bands = self.bands.get_mut(..self.count)?;
        let of =
            |above_db: f64| if self.bypass { 0.0 } else { self.params.static_gain_db(above_db) };
        let all_pass = decide(bands, &powers, self.floor.floors(), self.kept, of);
        self.frames += 1;
        self.deepest.rotate_right(1);
        if let Some(newest) = self.deepest.first_mut() {
            *newest = bands.iter().fold(0.0, |most, band| most.max(band.share));
        }
        for line in lines.chunks_exact_mut((3 * length + 2).max(1)) {
            let (sums, spectrum) = line.get_mut(length..)?.split_at_mut_checked(length)?;
            // What the hop before has taken out is gone.
            move_to_front(sums, hop);
            sums.get_mut(length - hop..)?.fill(S::zero());
            if all_pass {
                continue;
            }
            let (re, im) = spectrum.split_at_mut_checked(bins)?;
            weigh(self.bands.get(..self.count)?, re);
            weigh(self.bands.get(..self.count)?, im);
            self.fft.inverse(re, im, time).ok()?;
            let half = S::from_f64(2.0 / f64::from(u32::try_from(OVERLAP).ok()?));
            for ((sum, taken), weight) in sums.iter_mut().zip(time.iter()).zip(window.iter()) {
                *sum += *taken * *weight * half;
            }
        }
        Some(())
    }
}

impl<S: Sample> Processor for Suppressor<'_, S> {
    fn latency_frames(&self) -> usize {
        self.length
    }

    /// The latency, and a frame that what is taken out reaches further.
    fn tail_frames(&self) -> usize {
        2 * self.length
    }

    /// The way of learning is kept, the floor is not.
    fn reset(&mut self) {
        let lines = self.memory.get_mut(2 * self.length..).unwrap_or_default();
        lines.fill(S::zero());
        self.floor.reset();
        for band in &mut self.bands {
            *band = NoiseBand { first: band.first, end: band.end, ..NoiseBand::default() };
        }
        self.line.reset();
        self.cells.reset();
        self.taken.reset();
        (self.deepest, self.trace) = ([0.0; OVERLAP], GainTrace::new());
        (self.now, self.frames, self.faults) = (0, 0, 0);
    }

    fields_of!(SuppressorParams);

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> OnCells<S> for Suppressor<'_, S> {
    grid!();

    fn piece(&mut self, mut part: BlockMut<'_, S>, rows: &mut Rows<'_>) -> Result<(), Error> {
        let frames = part.frames();
        let length = self.length;
        let place = self.cells.place();
        let shares = self.taken.shares(self.now);
        let lines = self.memory.get_mut(2 * length..).unwrap_or_default();
        for (channel, line) in
            part.channels_mut().zip(lines.chunks_exact_mut((3 * length + 2).max(1)))
        {
            self.faults += kernels::clean_in_place(self.stream.isa, channel) as u64;
            let Some((ring, sums)) = line.split_at_mut_checked(length) else { continue };
            let sums = sums.get(place..).unwrap_or_default();
            let mut sums = sums.iter();
            self.line.swap(ring, channel);
            self.taken.leave(&shares, channel, |_| sums.next().map_or(0.0, |sum| sum.as_f64()));
        }
        self.line.pass();
        self.look(frames, rows.row(0));
        self.now += frames as u64;
        if self.cells.pass(frames) {
            // The slices fit: they were made for it.
            let _done = self.hop();
        }
        Ok(())
    }
}

impl<S: Sample> Process<S> for Suppressor<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        self.run(io, None)
    }
}
