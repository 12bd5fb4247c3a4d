//! A delay between the frames, which may move: time alignment, loudspeaker distances, Doppler.
//!
//! > y\[n\] = x(n − L − d), x(t) = Σ_k x\[k\]·h(t − k), h(u) = sinc(u)·kaiser(u/24, β = 12)
//!
//! Windowed sinc of 48 taps; filters are tabulated for 512 places between two frames and run straight
//! in between. With the fraction f of d and a signal up to 0.4167 of the rate (20 kHz at 48 kHz) the
//! magnitude is flat within 1e-4 dB and the phase right within 1e-5 rad (4e-6 frames at that frequency).
//! Above that it falls off, for half a frame the most: less than 0.05 dB at 0.44 of the rate, 0.7 dB at
//! 0.46, 4.2 dB at 0.48, 9.5 dB at 0.49. All are tested.
//!
//! **At rest on a whole frame every bit passes.** A delay within 1e-6 of a whole frame is whole.
//!
//! **A change is limited in slew**: the delay runs straight to its new value, by at most a given share
//! of a frame per frame, and so long the pitch is off by that share: 0.01 is 1 % or 17 cents. The way of
//! 1 ms takes 100 ms then. Nothing jumps, so nothing clicks. The delay at every frame depends on
//! absolute frames alone.
//!
//! Sources: T. I. Laakso et al., "Splitting the Unit Delay", IEEE Signal Processing Magazine 13(1),
//! 1996, for windowed-sinc delays; J. F. Kaiser, IEEE ISCAS 1974, for the window; the figures are
//! measured.
//!
//! Cost: 48 products a sample at rest (none on whole frames), about four times that on the move. Latency:
//! L = 23 frames, which the filter needs of what comes after. Limits: one delay for all channels.

use crate::audio::{BlockMut, Sample, Store};
use crate::error::Error;
use crate::filters::DelayTime;
use crate::kernels::{self, FRACTIONAL_TAPS, FractionalPlace};
use crate::math;
use crate::ramp::Glide;
use crate::stream::{Field, Io, Process, Processor, Stream, params};

/// Longest delay, ms.
pub const MAX_FRACTIONAL_DELAY_MS: f64 = 1000.0;

/// Half of the filter.
const HALF: usize = FRACTIONAL_TAPS / 2;
/// Frames of the future that the filter needs.
const LATENCY: usize = HALF - 1;
/// Tabulated places between two frames.
const PHASES: usize = 512;
/// Kaiser's β of the window: of those that keep the pass band to 20 kHz at 48 kHz, the one with the
/// least ripple.
const BETA: f64 = 12.0;
/// Frames that are processed in one go.
const CHUNK: usize = 64;
/// Frames at the start of a ring that are repeated behind its end, so that every window lies together.
const MARGIN: usize = FRACTIONAL_TAPS + CHUNK;
/// Nearer to a whole frame than this, a delay is whole: an error in phase below 3e-6 rad.
const WHOLE_FRAMES: f64 = 1e-6;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct FractionalDelaySetup {
    /// Longest delay that can be asked for, ms: 0 to 1000. It decides how much memory is needed.
    pub max_delay_ms: f64,
    /// Frames by which the delay may move in a frame, 0.0001 to 0.5: the largest share by which the
    /// pitch is off during a move.
    pub max_slew: f64,
}

impl Default for FractionalDelaySetup {
    fn default() -> Self {
        Self { max_delay_ms: MAX_FRACTIONAL_DELAY_MS, max_slew: 0.01 }
    }
}

impl FractionalDelaySetup {
    /// Checks both.
    ///
    /// # Errors
    /// A value outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("max_delay_ms", self.max_delay_ms, 0.0, MAX_FRACTIONAL_DELAY_MS)?;
        Error::check_range("max_slew", self.max_slew, 1e-4, 0.5).map(|_| ())
    }

    /// Places of a ring: the longest delay, the filter and a chunk.
    fn ring(&self, stream: &Stream) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most a second"
        )]
        let longest = math::ceil(self.max_delay_ms * stream.rate_hz / 1000.0) as usize;
        longest + FRACTIONAL_TAPS + 2 * CHUNK
    }
}

params! {
    /// What may move.
    pub struct FractionalDelayParams {
        /// Delay; moves by at most the setup's `max_slew` frames a frame, not within 20 ms.
        delay_ms: "ms", 0.0 => MAX_FRACTIONAL_DELAY_MS, 0.0, Linear, smoothed;
    }
}

impl FractionalDelayParams {
    /// A delay in any unit.
    ///
    /// # Errors
    /// A negative delay, or one of more than 1000 ms.
    pub fn of(time: DelayTime, stream: &Stream) -> Result<Self, Error> {
        let params = Self { delay_ms: time.ms(stream)? };
        params.validate()?;
        Ok(params)
    }

    /// In frames; whole where it nearly is.
    fn frames(&self, stream: &Stream) -> f64 {
        let frames = self.delay_ms * stream.rate_hz / 1000.0;
        let whole = math::round(frames);
        if (frames - whole).abs() < WHOLE_FRAMES { whole } else { frames }
    }
}

/// A delay of frames and parts of a frame on all channels of a stream.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Latency
/// 23 frames beside the delay itself: what goes in at frame n comes out at n + 23 + delay.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::filters::{DelayTime, FractionalDelay, FractionalDelayParams, FractionalDelaySetup};
/// use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream};
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let params = FractionalDelayParams::of(DelayTime::Frames(2.0), &stream)?;
/// let mut delay = FractionalDelay::new(FractionalDelaySetup::default(), params, stream)?;
/// assert_eq!(delay.latency_frames(), 23);
/// let mut audio = [0.0_f32; 30];
/// audio[0] = 0.7;
/// delay.process(Io::new(BlockMut::mono(&mut audio)))?;
/// assert_eq!(audio[25], 0.7); // a whole delay keeps every bit
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct FractionalDelay<'a, S> {
    setup: FractionalDelaySetup,
    params: FractionalDelayParams,
    stream: Stream,
    /// The filters of 0 to [`PHASES`] parts of a frame, from the oldest sample on.
    table: Store<'a, S>,
    /// For each channel a ring, and its start again.
    rings: Store<'a, S>,
    /// Places of a ring.
    ring: usize,
    /// Place of the next frame.
    at: usize,
    /// In frames.
    travel: Glide<f64>,
    /// Absolute frame of the next input.
    now: u64,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> FractionalDelay<'static, S> {
    /// A delay in memory of its own.
    ///
    /// # Errors
    /// As [`FractionalDelay::new_in`], but for the memory.
    pub fn new(
        setup: FractionalDelaySetup,
        params: FractionalDelayParams,
        stream: Stream,
    ) -> Result<Self, Error> {
        let len = Self::required_len(&setup, &stream)?;
        let table = Store::owned(TABLE_LEN, S::zero());
        let rings = Store::owned(len - TABLE_LEN, S::zero());
        Self::over(setup, params, stream, table, rings)
    }
}

/// Numbers of the table.
const TABLE_LEN: usize = (PHASES + 1) * FRACTIONAL_TAPS;

impl<'a, S: Sample> FractionalDelay<'a, S> {
    /// A delay in lent memory of [`FractionalDelay::required_len`] samples or more.
    ///
    /// # Errors
    /// A setup or stream out of range; a delay that is negative or longer than the setup's longest; too
    /// little memory.
    pub fn new_in(
        setup: FractionalDelaySetup,
        params: FractionalDelayParams,
        stream: Stream,
        memory: &'a mut [S],
    ) -> Result<Self, Error> {
        let (what, zero) = ("fractional delay", S::zero());
        let (given, required) = (memory.len(), Self::required_len(&setup, &stream)?);
        match memory.get_mut(..required).and_then(|all| all.split_at_mut_checked(TABLE_LEN)) {
            Some((table, rings)) => {
                let table = Store::lent(what, table, TABLE_LEN, zero)?;
                let rings = Store::lent(what, rings, required - TABLE_LEN, zero)?;
                Self::over(setup, params, stream, table, rings)
            }
            None => Err(Error::Storage { what, given, required }),
        }
    }

    /// Samples of memory that a delay needs.
    ///
    /// # Errors
    /// A setup or stream out of range.
    pub fn required_len(setup: &FractionalDelaySetup, stream: &Stream) -> Result<usize, Error> {
        setup.validate()?;
        stream.validate()?;
        Ok(TABLE_LEN + stream.channel_count() * (setup.ring(stream) + MARGIN))
    }

    fn over(
        setup: FractionalDelaySetup,
        params: FractionalDelayParams,
        stream: Stream,
        mut table: Store<'a, S>,
        rings: Store<'a, S>,
    ) -> Result<Self, Error> {
        check(&setup, &params)?;
        fill_table(&mut table);
        let to = params.frames(&stream);
        let travel = Glide::new(to, 0);
        let ring = setup.ring(&stream);
        let (at, now, faults) = (0, 0, 0);
        Ok(Self { setup, params, stream, table, rings, ring, at, travel, now, faults })
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> FractionalDelaySetup {
        self.setup
    }

    /// The delay it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> FractionalDelayParams {
        self.params
    }

    /// The delay at the next frame, frames, without the latency.
    #[must_use]
    pub fn delay_frames_now(&self) -> f64 {
        self.travel.at(self.now)
    }

    /// Moves to another delay from the next frame on, by at most `max_slew` frames a frame.
    ///
    /// # Errors
    /// A delay outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: FractionalDelayParams) -> Result<(), Error> {
        check(&self.setup, &params)?;
        if params != self.params {
            self.params = params;
            let to = params.frames(&self.stream);
            let way = (to - self.delay_frames_now()).abs();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "at most 384,000 frames over 0.0001"
            )]
            let frames = math::ceil(way / self.setup.max_slew) as u64;
            self.travel.move_to_within(to, self.now, frames);
        }
        Ok(())
    }

    /// Where the frame `ahead` of the next one is read at a delay: the first sample of its window, and
    /// the fraction.
    fn place(&self, ahead: usize, delay: f64) -> (usize, f64) {
        let whole = math::floor(delay);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to the length of a ring"
        )]
        let back = LATENCY + HALF + whole as usize;
        let mut at = (self.at + ahead + self.ring).saturating_sub(back);
        while at >= self.ring.max(1) {
            at -= self.ring.max(1);
        }
        (at, delay - whole)
    }

    /// The filter's place in the table, and the share of the next one.
    fn filter(fraction: f64) -> (usize, f64) {
        #[expect(clippy::cast_precision_loss, reason = "512")]
        let phase = fraction * PHASES as f64;
        let row = math::floor(phase);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 512: a fraction may round up to 1"
        )]
        let index = (row as usize).min(PHASES - 1);
        #[expect(clippy::cast_precision_loss, reason = "at most 512")]
        (index, phase - index as f64)
    }

    /// `frames` frames from `start` on; the delay rests or moves for all of them.
    fn run(&mut self, main: &mut BlockMut<'_, S>, start: usize, frames: usize) -> Option<()> {
        let (isa, ring) = (self.stream.isa, self.ring);
        let rests = self.travel.is_settled(self.now);
        let (at, fraction) = self.place(0, self.travel.at(self.now));
        let (row, share) = Self::filter(fraction);
        let mut places = [FractionalPlace::default(); CHUNK];
        let mut taps = [S::zero(); FRACTIONAL_TAPS];
        if !rests {
            for (ahead, place) in places.iter_mut().enumerate().take(frames) {
                let delay = self.travel.at(self.now + ahead as u64);
                let (at, fraction) = self.place(ahead, delay);
                let (row, share) = Self::filter(fraction);
                *place = FractionalPlace { at, row, share };
            }
        } else if fraction != 0.0 {
            let rows = self.table.as_chunks::<FRACTIONAL_TAPS>().0;
            let [a, b] = rows.get(row..)?.first_chunk::<2>()?;
            let share = S::from_f64(share);
            for (tap, (&a, &b)) in taps.iter_mut().zip(a.iter().zip(b)) {
                *tap = a + (b - a) * share;
            }
        }
        for (io, line) in
            main.channels_mut().zip(self.rings.chunks_exact_mut(ring.saturating_add(MARGIN)))
        {
            let io = io.get_mut(start..start + frames)?;
            let mut clean = [S::zero(); CHUNK];
            let clean = clean.get_mut(..frames)?;
            self.faults += kernels::clean(isa, io, clean) as u64;
            write(line, ring, self.at, clean)?;
            if !rests {
                kernels::fractional(isa, &self.table, line, places.get(..frames)?, io);
            } else if fraction == 0.0 {
                // The sample that the filter is centred on.
                put(line.get(at + HALF..)?, io);
            } else {
                kernels::direct(isa, line.get(at..)?, &taps, io);
            }
        }
        self.at = if self.at + frames >= ring { self.at + frames - ring } else { self.at + frames };
        self.now += frames as u64;
        Some(())
    }
}

fn check(setup: &FractionalDelaySetup, params: &FractionalDelayParams) -> Result<(), Error> {
    Error::check_range("delay_ms", params.delay_ms, 0.0, setup.max_delay_ms).map(|_| ())
}

/// Writes a chunk to a ring from `at` on, and to the copy of its start.
fn write<S: Copy>(line: &mut [S], ring: usize, at: usize, samples: &[S]) -> Option<()> {
    let (before, after) = samples.split_at_checked(samples.len().min(ring.checked_sub(at)?))?;
    let (body, margin) = line.split_at_mut_checked(ring)?;
    for places in [body, margin] {
        put(before, places.get_mut(at..).unwrap_or_default());
        put(after, places);
    }
    Some(())
}

fn put<S: Copy>(from: &[S], to: &mut [S]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// h(p − f) for the fractions f = row/[`PHASES`], from the oldest sample (p = 24) to the newest (−23).
fn fill_table<S: Sample>(table: &mut [S]) {
    #[expect(clippy::cast_precision_loss, reason = "numbers below 1000")]
    for (row, taps) in table.as_chunks_mut::<FRACTIONAL_TAPS>().0.iter_mut().enumerate() {
        let fraction = row as f64 / PHASES as f64;
        for (k, tap) in taps.iter_mut().enumerate() {
            let u = HALF as f64 - k as f64 - fraction;
            // At whole frames exactly 1 and 0.
            *tap = S::from_f64(if u == math::round(u) {
                if u == 0.0 { 1.0 } else { 0.0 }
            } else {
                math::sinc(u) * math::kaiser(u / HALF as f64, BETA)
            });
        }
    }
}

impl<S: Sample> Processor for FractionalDelay<'_, S> {
    fn latency_frames(&self) -> usize {
        LATENCY
    }

    /// The longest delay and the filter.
    fn tail_frames(&self) -> usize {
        self.ring - 2 * CHUNK
    }

    fn reset(&mut self) {
        self.rings.fill(S::zero());
        self.travel.settle();
        (self.at, self.now, self.faults) = (0, 0, 0);
    }

    fn fields(&self) -> &'static [Field] {
        FractionalDelayParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> Process<S> for FractionalDelay<'_, S> {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let mut main = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < main.frames() {
            let mut frames = CHUNK.min(main.frames() - at);
            if !self.travel.is_settled(self.now) {
                let left = self.travel.end() - self.now;
                frames = frames.min(usize::try_from(left).unwrap_or(frames));
            }
            // The memory is as long as was asked for, so nothing is left undone.
            let _done = self.run(&mut main, at, frames);
            at += frames;
        }
        Ok(())
    }
}
