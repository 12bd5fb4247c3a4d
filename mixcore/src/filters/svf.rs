//! A state-variable filter for what moves fast: sweeps, wobbles, filters that follow an envelope.
//!
//! Two integrators in a loop, discretised by the trapezoidal rule with the delay-free loop solved.
//! Its states are those of the analogue circuit's capacitors, so a jump of the cutoff leaves the
//! stored charge as it is, and any course of g > 0 and k > 0 is stable. With g = tan(π·hz/rate),
//! k = 1/Q and a1 = 1/(1 + g·(g + k)), a2 = g·a1, a3 = g·a2:
//!
//! > v3 = x − c2, v1 = a1·c1 + a2·v3, v2 = c2 + a2·c1 + a3·v3,
//! > c1' = 2·v1 − c1, c2' = 2·v2 − c2, y = m0·x + m1·v1 + m2·v2
//!
//! v2 is the low-pass, v1 the band-pass, and every other shape a mix of both with the input. The
//! response is that of the bilinear designs ([`super::design::Method::Cookbook`]); where it shall
//! follow the analogue prototype near Nyquist, take [`super::Eq`].
//!
//! Source: A. Simper, "Linear Trapezoidal Integrated State Variable Filter With Low Noise
//! Optimisation" (Cytomic, 2013), for the equations and the mixes; V. Zavalishin, "The Art of VA
//! Filter Design", chapter 4, for the topology. Verified against the bilinear designs.
//!
//! Cost: a division a frame for all channels while it moves, and a tangent a frame where the cutoff
//! is given frame by frame. Latency: none.
//! Limits: one shape for life; the same filter on all channels.

use super::design::{MAX_GAIN_DB, Method, Shape, second_order};
use super::pipes::{CHUNK_FRAMES, Pipes, without_overflow};
use crate::audio::{BlockMut, MAX_CHANNELS, PerChannel, Sample};
use crate::error::Error;
use crate::kernels::{self, SvfFrame, SvfState};
use crate::math;
use crate::ramp::{GRID_FRAMES, Glide, ramp_frames};
use crate::stream::{Field, Io, Process, Processor, Stream, params};
use crate::units::gain_to_db;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct SvfSetup {
    /// What the filter does.
    pub shape: Shape,
}

params! {
    /// What may move.
    pub struct SvfParams {
        /// Centre or corner, below Nyquist.
        hz: "Hz", 5.0 => 20_000.0, 1000.0, Log, smoothed;
        /// Quality: the higher, the narrower.
        q: "1", 0.1 => 40.0, 1.0, Log, smoothed;
        /// Gain of a bell, shelf or tilt.
        gain_db: "dB", -36.0 => 36.0, 0.0, Decibel, smoothed;
    }
}

const _: () = assert!(36.0 <= MAX_GAIN_DB);

/// What runs straight between two points of the grid: g, k, m0, m1, m2.
type Coeffs = [f64; 5];

/// Coefficients of a shape.
fn design(shape: Shape, hz: f64, q: f64, gain_db: f64, rate_hz: f64) -> Coeffs {
    // At Nyquist the tangent has no end; a millionth before it is far beyond all sound.
    let g = math::tan(math::PI * (hz / rate_hz).min(0.5 - 1e-6));
    let k = 1.0 / q;
    let a = math::exp10(shape.span_db(gain_db) / 40.0);
    let root = math::sqrt(a);
    match shape {
        Shape::LowPass => [g, k, 0.0, 0.0, 1.0],
        Shape::HighPass => [g, k, 1.0, -k, -1.0],
        Shape::BandPass => [g, k, 0.0, k, 0.0],
        Shape::BandPassSkirt => [g, k, 0.0, 1.0, 0.0],
        Shape::Notch => [g, k, 1.0, -k, 0.0],
        Shape::AllPass => [g, k, 1.0, -2.0 * k, 0.0],
        Shape::Bell => [g, k / a, 1.0, k / a * (a * a - 1.0), 0.0],
        Shape::LowShelf => [g / root, k, 1.0, k * (a - 1.0), a * a - 1.0],
        Shape::HighShelf => [g * root, k, a * a, k * (1.0 - a) * a, 1.0 - a * a],
        Shape::Tilt => [g * root, k, a, k * (1.0 - a), 1.0 / a - a],
    }
}

/// What the kernel takes.
fn frame([g, k, m0, m1, m2]: Coeffs) -> SvfFrame {
    let a1 = 1.0 / (1.0 + g * (g + k));
    let a2 = g * a1;
    [a1, a2, g * a2, m0, m1, m2]
}

/// A state-variable filter, the same on every channel of a stream.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and
/// are counted.
///
/// # Real time
/// `process`, `process_swept`, `set_params` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// use mixcore::filters::design::Shape;
/// use mixcore::filters::{Svf, SvfParams, SvfSetup};
/// use mixcore::{BlockMut, Layout, Stream};
/// let params = SvfParams { q: 4.0, ..SvfParams::default() };
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut wah = Svf::new(SvfSetup { shape: Shape::BandPass }, params, stream)?;
/// assert!(wah.response_db(1000.0).abs() < 1e-9);
/// let mut audio = [0.5_f32; 256];
/// let sweep: [f32; 256] = core::array::from_fn(|n| 500.0 + 4.0 * n as f32);
/// wah.process_swept(BlockMut::mono(&mut audio), &sweep)?;
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Svf {
    setup: SvfSetup,
    params: SvfParams,
    stream: Stream,
    log_hz: Glide<f64>,
    log_q: Glide<f64>,
    gain_db: Glide<f64>,
    /// Coefficients at the origin of the segment and at its end.
    from: Coeffs,
    to: Coeffs,
    origin: u64,
    end: u64,
    /// By pairs of channels.
    states: PerChannel<SvfState>,
    /// Absolute frame of the next input.
    now: u64,
    faults: u64,
}

impl Svf {
    /// A filter that stands at `params`.
    ///
    /// # Errors
    /// A field or a rate outside its bounds; a frequency at or above Nyquist.
    pub fn new(setup: SvfSetup, params: SvfParams, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        check(&params, &stream)?;
        let frames = ramp_frames(stream.rate_hz);
        let coeffs = design(setup.shape, params.hz, params.q, params.gain_db, stream.rate_hz);
        Ok(Self {
            setup,
            params,
            stream,
            log_hz: Glide::new(math::log(params.hz), frames),
            log_q: Glide::new(math::log(params.q), frames),
            gain_db: Glide::new(params.gain_db, frames),
            from: coeffs,
            to: coeffs,
            origin: 0,
            end: u64::MAX,
            states: PerChannel::new(stream.channel_count().min(MAX_CHANNELS).div_ceil(2))?,
            now: 0,
            faults: 0,
        })
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> SvfSetup {
        self.setup
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> SvfParams {
        self.params
    }

    /// Moves to other parameters over 20 ms from the next frame: frequency and Q in their
    /// logarithms, the gain in decibels.
    ///
    /// # Errors
    /// A field outside its bounds, or a frequency at or above Nyquist; nothing changes then.
    pub fn set_params(&mut self, params: SvfParams) -> Result<(), Error> {
        check(&params, &self.stream)?;
        if params != self.params {
            self.from = self.at(self.now);
            self.log_hz.move_to(math::log(params.hz), self.now);
            self.log_q.move_to(math::log(params.q), self.now);
            self.gain_db.move_to(params.gain_db, self.now);
            self.params = params;
            (self.to, self.end) = (self.from, self.now);
        }
        Ok(())
    }

    /// Gain at `hz` of the coefficients that the next frame meets, dB; -inf where nothing passes.
    #[must_use]
    pub fn response_db(&self, hz: f64) -> f64 {
        let [g, k, m0, m1, m2] = self.at(self.now);
        let s = math::tan(math::PI * (hz / self.stream.rate_hz).min(0.5 - 1e-9)) / g;
        let (re, im) = (1.0 - s * s, k * s);
        gain_to_db(math::hypot(m0 * re + m2, m0 * im + m1 * s) / math::hypot(re, im))
    }

    /// Filters a block whose cutoff is given frame by frame, in Hz, in place of the field `hz`.
    ///
    /// Cutoffs below 5 Hz count as 5 Hz, those above 20 kHz or 0.49 of the rate as that, and NaN as
    /// the field's frequency. The next call of `process` goes on with the field.
    ///
    /// # Shape
    /// `cutoff_hz` has as many values as the block has frames.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    ///
    /// # Errors
    /// Another number of channels than the stream's, or of cutoffs than frames; the block is
    /// untouched then.
    pub fn process_swept<S: Sample>(
        &mut self,
        mut block: BlockMut<'_, S>,
        cutoff_hz: &[f32],
    ) -> Result<(), Error> {
        block.check_channels("block", self.stream.channel_count())?;
        if cutoff_hz.len() != block.frames() {
            let (given, expected) = (cutoff_hz.len(), block.frames());
            return Err(Error::FrameCount { what: "cutoff_hz", given, expected });
        }
        self.run(&mut block, Some(cutoff_hz));
        Ok(())
    }

    /// Coefficients at an absolute frame of the segment.
    fn at(&self, frame: u64) -> Coeffs {
        if self.end == u64::MAX || self.end <= self.origin {
            return self.to;
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 32 frames")]
        let (position, frames) = ((frame - self.origin) as f64, (self.end - self.origin) as f64);
        let mut found = self.from;
        for (found, to) in found.iter_mut().zip(self.to) {
            *found += (to - *found) / frames * position;
        }
        found
    }

    /// Begins a segment at the next frame, where the last one ended.
    fn plan(&mut self) {
        let now = self.now;
        (self.from, self.origin) = (self.to, now);
        let end = (now - now % GRID_FRAMES).saturating_add(GRID_FRAMES);
        let target = self.designed(end, None);
        let settled = [&self.log_hz, &self.log_q, &self.gain_db].iter().all(|g| g.is_settled(end));
        self.end = if settled && target == self.to { u64::MAX } else { end };
        self.to = target;
    }

    /// The design for an absolute frame, at another frequency where one is given.
    fn designed(&self, frame: u64, hz: Option<f64>) -> Coeffs {
        let number = |glide: &Glide<f64>, target: f64| {
            if glide.is_settled(frame) { target } else { math::exp(glide.at(frame)) }
        };
        let hz = hz.unwrap_or_else(|| number(&self.log_hz, self.params.hz));
        let q = number(&self.log_q, self.params.q);
        design(self.setup.shape, hz, q, self.gain_db.at(frame), self.stream.rate_hz)
    }

    fn run<S: Sample>(&mut self, block: &mut BlockMut<'_, S>, cutoff_hz: Option<&[f32]>) {
        let (isa, top) = (self.stream.isa, (0.49 * self.stream.rate_hz).min(20_000.0));
        let frames = block.frames();
        let mut coefficients = [[0.0; 6]; CHUNK_FRAMES];
        let mut pair = [[0.0; 2]; CHUNK_FRAMES];
        let mut done = 0;
        while done < frames {
            if self.now >= self.end {
                self.plan();
            }
            let place = (self.now % CHUNK_FRAMES as u64) as usize;
            let most = (CHUNK_FRAMES - place).min(frames - done);
            #[expect(clippy::cast_possible_truncation, reason = "cut to a chunk")]
            let count = ((self.end - self.now).min(most as u64)) as usize;
            let cutoffs = cutoff_hz.map(|all| all.get(done..done + count).unwrap_or_default());
            let still = frame(self.at(self.now));
            for (n, to) in coefficients.iter_mut().take(count).enumerate() {
                let now = self.now + n as u64;
                *to = match cutoffs.and_then(|all| all.get(n)) {
                    Some(hz) if !hz.is_nan() => {
                        frame(self.designed(now, Some(f64::from(*hz).max(5.0).min(top))))
                    }
                    _ if self.end == u64::MAX => still,
                    _ => frame(self.at(now)),
                };
            }
            let mut part = block.range(done, done + count);
            let mut channels = part.channels_mut();
            let mut states = self.states.iter_mut();
            while let (Some(left), Some(state)) = (channels.next(), states.next()) {
                let Some(pair) = pair.get_mut(..left.len()) else { break };
                let mut silence = [S::zero(); CHUNK_FRAMES];
                let right = channels.next().unwrap_or(&mut silence);
                self.faults += kernels::pair_in(isa, left, right, pair) as u64;
                kernels::svf(isa, &coefficients, place == 0, pair, state);
                self.faults += without_overflow(pair.as_flattened_mut(), 2);
                kernels::pair_out(isa, pair, left, right);
            }
            done += count;
            self.now += count as u64;
        }
    }
}

/// The bounds of the fields, and Nyquist.
fn check(params: &SvfParams, stream: &Stream) -> Result<(), Error> {
    params.validate()?;
    let below_nyquist = (stream.rate_hz / 2.0).next_down().min(20_000.0);
    Error::check_range("hz", params.hz, 5.0, below_nyquist).map(|_| ())
}

impl Processor for Svf {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        // The slower of where it stands and where it goes to; both have the bilinear design's poles.
        let SvfParams { hz, q, gain_db } = self.params;
        let (shape, rate_hz) = (self.setup.shape, self.stream.rate_hz);
        let stands = |glide: &Glide<f64>| math::exp(glide.at(self.now));
        let places = [
            (hz, q, gain_db),
            (stands(&self.log_hz), stands(&self.log_q), self.gain_db.at(self.now)),
        ];
        let tails = places.map(|(hz, q, gain_db)| {
            let found = second_order(Method::Cookbook, shape, hz, q, gain_db, rate_hz).ok();
            Pipes::tail_frames(found.into_iter())
        });
        tails[0].max(tails[1])
    }

    fn reset(&mut self) {
        for glide in [&mut self.log_hz, &mut self.log_q, &mut self.gain_db] {
            glide.settle();
        }
        self.to = self.designed(0, None);
        (self.from, self.origin, self.end) = (self.to, 0, u64::MAX);
        self.states.fill(SvfState::default());
        self.now = 0;
        self.faults = 0;
    }

    fn fields(&self) -> &'static [Field] {
        SvfParams::FIELDS
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

impl<S: Sample> Process<S> for Svf {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let mut main = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        self.run(&mut main, None);
        Ok(())
    }
}
