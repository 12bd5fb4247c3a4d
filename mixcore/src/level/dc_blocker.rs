//! Takes a constant offset out of a recording and leaves the bass alone.
//!
//! An offset costs headroom, makes a click at every cut and moves the detectors of what follows. It
//! comes from converters, cheap recorders and asymmetric distortion; a high-pass filter of first order
//! far below the music removes it:
//!
//! > y\[n\] = x\[n\] − x\[n−1\] + R·y\[n−1\], H(z) = (1 − z⁻¹) / (1 − R·z⁻¹)
//!
//! R follows from the frequency f at which the power is exactly halved (−3.0103 dB). With
//! w = 2πf/rate, |H(w)|² = (2 − 2 cos w) / (1 + R² − 2R cos w) = ½ gives
//!
//! > R = cos w − √((1 − cos w)(3 − cos w)) = 1 − 2s² − 2s·√(1 + s²), s = sin(w/2)
//!
//! The usual R = 1 − w is its first order: at 3 Hz and 48 kHz it puts the corner at 2.9994 Hz, at 20 Hz
//! and 8 kHz at 19.84 Hz. Through the sine the form on the right loses no digits where cos w ≈ 1.
//!
//! What it does, at the default 3 Hz and 48 kHz (closed forms, asserted in `tests/all/dc_blocker.rs`):
//!
//! * 0 Hz is gone exactly: after a step of height 1 the output is R^n. It falls by 60 dB within
//!   6.91/(2πf) = 1.10 s/f: 0.37 s; by 96 dB within 0.59 s.
//! * 20 Hz −0.095 dB (2 Hz: −0.042, 5 Hz: −0.261), 40 Hz −0.023 dB; half the rate +20 log10(2/(1 + R)) =
//!   +0.0017 dB.
//! * The first sample passes whole: an offset that is there from the first frame on begins with a step,
//!   as it would in the recording.
//!
//! Sources: J. O. Smith, "Introduction to Digital Filters with Audio Applications", DC blocker (the
//! structure and R ≈ 1 − w \[edition unverified\]); the exact R is solved above.
//! Cost: two additions, a multiplication and a clean per sample, four channels side by side. Latency: none.
//! Limits: first order; for rumble take a steeper high-pass filter.

use crate::audio::{BlockMut, PerChannel, Sample};
use crate::error::Error;
use crate::kernels;
use crate::math;
use crate::stream::{Field, Io, Process, Processor, Stream, params};
use crate::units::power_to_db;

/// The grid of the absolute frame counter on which tiny states become 0.
const GRID: usize = 64;
/// Channels that run side by side: a recursion alone waits for itself.
const LANES: usize = 4;

params! {
    /// What may move.
    ///
    /// A change of the frequency takes place at once: its state is the output itself, so the output
    /// does not jump, only the rate changes at which the offset dies away.
    pub struct DcBlockerParams {
        /// Frequency at which the power is halved.
        cutoff_hz: "Hz", 1.0 => 20.0, 3.0, Log, fixed;
    }
}

/// The pole R that halves the power at `cutoff_hz` (see the module's formula).
fn pole(params: &DcBlockerParams, rate_hz: f64) -> f64 {
    let s = math::sin(math::PI * params.cutoff_hz / rate_hz);
    1.0 - 2.0 * s * (s + math::sqrt(1.0 + s * s))
}

/// A high-pass filter of first order that removes a constant offset from every channel.
///
/// # Latency
/// None.
///
/// # Real time
/// `process`, `set_params` and `reset` neither allocate nor wait.
///
/// # Example
/// ```
/// use mixcore::level::{DcBlocker, DcBlockerParams};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let mut blocker = DcBlocker::new(DcBlockerParams::default(), stream)?;
/// let mut audio = [0.5_f64; 17_600]; // 0.37 s of nothing but an offset
/// blocker.process(Io::new(BlockMut::mono(&mut audio)))?;
/// assert_eq!(audio[0], 0.5);
/// assert!(audio[17_599] < 0.5e-3); // 60 dB down
/// assert!((blocker.response_db(20.0) + 0.095).abs() < 0.001);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DcBlocker {
    params: DcBlockerParams,
    stream: Stream,
    pole: f64,
    /// The last input and the last output of each channel.
    states: PerChannel<[f64; 2]>,
    /// Frames since the start.
    frame: u64,
    faults: u64,
}

impl DcBlocker {
    /// A filter at rest.
    ///
    /// # Errors
    /// A frequency outside 1 to 20 Hz, or a stream out of range.
    pub fn new(params: DcBlockerParams, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        params.validate()?;
        Ok(Self {
            params,
            stream,
            pole: pole(&params, stream.rate_hz),
            states: PerChannel::new(stream.channel_count())?,
            frame: 0,
            faults: 0,
        })
    }

    /// Takes other parameters from the next frame on.
    ///
    /// # Errors
    /// A frequency outside its bounds; nothing changes then.
    pub fn set_params(&mut self, params: DcBlockerParams) -> Result<(), Error> {
        params.validate()?;
        self.params = params;
        self.pole = pole(&params, self.stream.rate_hz);
        Ok(())
    }

    /// The parameters in use.
    #[must_use]
    pub fn params(&self) -> DcBlockerParams {
        self.params
    }

    /// Gain at `hz`, dB; -inf at 0 Hz.
    #[must_use]
    pub fn response_db(&self, hz: f64) -> f64 {
        let s = math::sin(math::PI * hz / self.stream.rate_hz);
        let (step, gap) = (4.0 * s * s, 1.0 - self.pole);
        power_to_db(step / (gap * gap + self.pole * step))
    }

    /// Filters a piece that ends at the grid at the latest.
    fn piece<S: Sample>(&mut self, part: &mut BlockMut<'_, S>) {
        let frames = part.frames();
        let ends = (self.frame + frames as u64).is_multiple_of(GRID as u64);
        let mut channels = part.channels_mut();
        for states in self.states.chunks_mut(LANES) {
            let mut group: [&mut [S]; LANES] =
                core::array::from_fn(|_| channels.next().unwrap_or_default());
            let mut rows = [[0.0; LANES]; GRID];
            for (lane, samples) in group.iter().enumerate() {
                let mut fresh = [S::zero(); GRID];
                self.faults += kernels::clean(self.stream.isa, samples, &mut fresh) as u64;
                put(&mut rows, lane, &fresh);
            }
            let mut last: [[f64; LANES]; 2] = core::array::from_fn(|part| {
                core::array::from_fn(|lane| {
                    states.get(lane).and_then(|state| state.get(part)).copied().unwrap_or_default()
                })
            });
            let [x1, y1] = &mut last;
            for row in rows.iter_mut().take(frames) {
                for ((x, x1), y1) in row.iter_mut().zip(&mut *x1).zip(&mut *y1) {
                    let y = (*x - *x1) + self.pole * *y1;
                    *x1 = *x;
                    *y1 = y;
                    *x = y;
                }
            }
            for ((state, x), y) in states.iter_mut().zip(*x1).zip(*y1) {
                let [at_rest] = kernels::settled([y]);
                *state = [x, if ends { at_rest } else { y }];
            }
            for (lane, samples) in group.iter_mut().enumerate() {
                for (sample, row) in samples.iter_mut().zip(&rows) {
                    *sample = S::from_f64(row.get(lane).copied().unwrap_or_default());
                }
            }
        }
        self.frame += frames as u64;
    }
}

/// Writes one lane of the rows.
fn put<S: Sample>(rows: &mut [[f64; LANES]; GRID], lane: usize, samples: &[S; GRID]) {
    for (row, x) in rows.iter_mut().zip(samples) {
        if let Some(place) = row.get_mut(lane) {
            *place = x.as_f64();
        }
    }
}

impl Processor for DcBlocker {
    fn latency_frames(&self) -> usize {
        0
    }

    /// The frames in which what the largest signal leaves (twice 1e6, a step from one end to the other)
    /// falls below 1e-30 and becomes 0: 13.4 s/f.
    fn tail_frames(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and below 2^24: 84 / (2π · 1 Hz) seconds at 384 kHz"
        )]
        let frames =
            math::ceil(math::log(kernels::STATE_FLOOR / 2e6) / math::log(self.pole)) as usize;
        frames + GRID
    }

    fn reset(&mut self) {
        self.states.fill([0.0; 2]);
        self.frame = 0;
        self.faults = 0;
    }

    fn fields(&self) -> &'static [Field] {
        DcBlockerParams::FIELDS
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

impl<S: Sample> Process<S> for DcBlocker {
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error> {
        let mut main = io.without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < main.frames() {
            let place = (self.frame % GRID as u64) as usize;
            let frames = (GRID - place).min(main.frames() - at);
            self.piece(&mut main.range(at, at + frames));
            at += frames;
        }
        Ok(())
    }
}
