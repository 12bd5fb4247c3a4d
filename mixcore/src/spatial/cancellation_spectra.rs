//! The transforms below the cancellation index: what the rows of a fold-down add up to, band by band and
//! 400 ms at a time ([`super::cancellation`] has the formula).

use alloc::vec;
use alloc::vec::Vec;

use crate::analysis::ThirdOctave;
use crate::audio::{Block, Sample};
use crate::error::Error;
use crate::filters::RealFft;
use crate::math;
use crate::stream::Stream;
use crate::units::{DB_FLOOR, power_to_db};

/// Steps of 100 ms in a window of 400 ms.
pub(super) const WINDOW_STEPS: usize = 4;
/// Steps in a second.
pub(super) const STEPS_PER_S: f64 = 10.0;
/// Transforms in a step.
pub(super) const PER_STEP: usize = 2;

/// One source channel in a row of a fold-down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Term {
    pub(super) channel: usize,
    pub(super) gain: f64,
    /// Turned by +90°.
    pub(super) quadrature: bool,
}

/// One output channel of a fold-down.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) output: usize,
    pub(super) terms: Vec<Term>,
}

/// Numerator and denominator of C.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Powers {
    pub(super) sum: f64,
    pub(super) parts: f64,
}

impl Powers {
    pub(super) fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.parts += other.parts;
    }

    /// C, or nothing for silence; what cancels altogether is at the floor of all such readings.
    pub(super) fn index_db(self) -> Option<f64> {
        (self.parts > 0.0).then(|| power_to_db(self.sum / self.parts).max(DB_FLOOR))
    }
}

/// The steps of a stream, and the bins of every band.
pub(super) struct Grid {
    /// Frames of a step.
    step: f64,
    length: usize,
    pub(super) bands: Vec<(ThirdOctave, usize, usize)>,
    window: Vec<f64>,
    /// Σ w² · N / 2: |X|² of a mean square of 1.
    norm: f64,
}

impl Grid {
    pub(super) fn new(stream: &Stream) -> Self {
        let step = stream.rate_hz / STEPS_PER_S;
        let mut length = 16;
        #[expect(clippy::cast_precision_loss, reason = "powers of two to 65,536")]
        while 2.0 * length as f64 <= step && length < 65_536 {
            length *= 2;
        }
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        let bin_hz = stream.rate_hz / length as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bins below half of the length"
        )]
        let bin = |hz: f64| math::ceil(hz / bin_hz) as usize;
        let bands = ThirdOctave::at_rate(stream.rate_hz)
            .map(|band| (band, bin(band.lower_hz()), bin(band.upper_hz())))
            .filter(|(_, low, high)| high > low)
            .collect();
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        let window: Vec<f64> = (0..length)
            .map(|n| 0.5 - 0.5 * math::cos(2.0 * math::PI * (n as f64 + 0.5) / length as f64))
            .collect();
        let energy: f64 = window.iter().map(|w| w * w).sum();
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        let norm = 0.5 * energy * length as f64;
        Self { step, length, bands, window, norm }
    }

    /// Whole steps in a clip.
    pub(super) fn steps(&self, frames: usize) -> usize {
        self.in_steps(frames as u64, math::floor)
    }

    /// The step whose beginning is next to a frame.
    pub(super) fn step_at(&self, frame: u64) -> usize {
        self.in_steps(frame, math::round)
    }

    fn in_steps(&self, frames: u64, whole: fn(f64) -> f64) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "frames of a programme in memory"
        )]
        {
            whole(frames as f64 / self.step) as usize
        }
    }

    /// Seconds of a stretch.
    pub(super) fn seconds(&self, frames: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "frames of a programme in memory")]
        {
            frames as f64 / (self.step * STEPS_PER_S)
        }
    }

    /// What the sum of |X|² over a window's transforms is for a mean square of 1.
    pub(super) const fn window_norm(&self) -> f64 {
        self.norm * (PER_STEP * WINDOW_STEPS) as f64
    }

    /// The frame at which a step begins.
    pub(super) fn frame(&self, step: usize) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "frames of a programme in memory"
        )]
        {
            math::round(step as f64 * self.step) as u64
        }
    }

    /// Where a transform begins; before the start there is silence.
    pub(super) fn begin(&self, step: usize, part: usize) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "frames of a programme in memory"
        )]
        {
            let middle = (step as f64 + (part as f64 + 0.5) / PER_STEP as f64) * self.step;
            math::round(middle) as i64 - self.length as i64 / 2
        }
    }
}

/// The spectra of all channels of one moment.
pub(super) struct Spectra {
    fft: RealFft<'static, f64>,
    time: Vec<f64>,
    re: Vec<Vec<f64>>,
    im: Vec<Vec<f64>>,
}

impl Spectra {
    pub(super) fn new(grid: &Grid, channels: usize, stream: &Stream) -> Result<Self, Error> {
        let fft = RealFft::new(grid.length, stream.isa)?;
        let bins = fft.bins();
        Ok(Self {
            fft,
            time: vec![0.0; grid.length],
            re: vec![vec![0.0; bins]; channels],
            im: vec![vec![0.0; bins]; channels],
        })
    }

    pub(super) fn read<S: Sample>(
        &mut self,
        grid: &Grid,
        audio: &Block<'_, S>,
        begin: i64,
    ) -> Result<(), Error> {
        for ((samples, re), im) in audio.channels().zip(&mut self.re).zip(&mut self.im) {
            for (n, (slot, w)) in self.time.iter_mut().zip(&grid.window).enumerate() {
                let at = usize::try_from(begin + n as i64).ok();
                let x = at.and_then(|at| samples.get(at)).map_or(0.0, |x| x.as_f64());
                // What is not finite counts as silence, as in anything that has memory.
                *slot = if x.abs() <= crate::kernels::SAMPLE_LIMIT { x * w } else { 0.0 };
            }
            self.fft.forward(&self.time, re, im)?;
        }
        Ok(())
    }

    /// Both powers of a row over the bins of a band.
    pub(super) fn powers(&self, terms: &[Term], low: usize, high: usize) -> Powers {
        let mut powers = Powers::default();
        for bin in low..high {
            let (mut re, mut im) = (0.0, 0.0);
            for term in terms {
                let at = |rows: &[Vec<f64>]| {
                    rows.get(term.channel).and_then(|row| row.get(bin)).copied().unwrap_or(0.0)
                };
                let (mut x, mut y) = (term.gain * at(&self.re), term.gain * at(&self.im));
                powers.parts += x * x + y * y;
                if term.quadrature {
                    (x, y) = (-y, x);
                }
                re += x;
                im += y;
            }
            powers.sum += re * re + im * im;
        }
        powers
    }
}

/// Reads `audio` through the rows of a fold-down and hands on, every 100 ms, what each band of each row held
/// in the last 400 ms: `each(step, row, powers by band)`, from the fourth step on. Returns what each row held
/// over all bands and the whole time.
pub(super) fn scan<S: Sample>(
    grid: &Grid,
    audio: &Block<'_, S>,
    rows: &[Row],
    stream: &Stream,
    mut each: impl FnMut(usize, usize, &[Powers]),
) -> Result<Vec<Powers>, Error> {
    let mut spectra = Spectra::new(grid, audio.channel_count(), stream)?;
    let bands = grid.bands.len();
    let mut recent = vec![vec![[Powers::default(); WINDOW_STEPS]; bands]; rows.len()];
    let mut windows = vec![Powers::default(); bands];
    let mut whole = vec![Powers::default(); rows.len()];
    for step in 0..grid.steps(audio.frames()) {
        let slot = step % WINDOW_STEPS;
        for recent in recent.iter_mut().flatten() {
            if let Some(slot) = recent.get_mut(slot) {
                *slot = Powers::default();
            }
        }
        for part in 0..PER_STEP {
            spectra.read(grid, audio, grid.begin(step, part))?;
            for ((row, recent), whole) in rows.iter().zip(&mut recent).zip(&mut whole) {
                for ((_, low, high), recent) in grid.bands.iter().zip(recent) {
                    let powers = spectra.powers(&row.terms, *low, *high);
                    whole.add(powers);
                    if let Some(slot) = recent.get_mut(slot) {
                        slot.add(powers);
                    }
                }
            }
        }
        if step + 1 < WINDOW_STEPS {
            continue;
        }
        for (row, recent) in recent.iter().enumerate() {
            for (window, steps) in windows.iter_mut().zip(recent) {
                *window = Powers::default();
                steps.iter().for_each(|step| window.add(*step));
            }
            each(step, row, &windows);
        }
    }
    Ok(whole)
}
