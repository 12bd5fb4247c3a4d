//! Second-order sections in series, with fixed coefficients: the plain way to run a designed filter.
//!
//! > y = b0·x + s1, s1' = (b1·x + s2) − a1·y, s2' = b2·x − a2·y, section after section
//!
//! Transposed direct form II with coefficients and states in f64, so that a high-pass at 20 Hz and
//! 192 kHz has the noise of f64 and not of the samples; each channel is rounded once, at the end.
//! First-order sections are biquads whose z⁻² coefficients are 0.
//!
//! Source: A. V. Oppenheim, R. W. Schafer, "Discrete-Time Signal Processing", section 6.3 (transposed
//! direct form II).
//!
//! Cost: the sections of two channels run side by side ([`crate::kernels::pipeline`]), those of one
//! that is left in half the lanes; 8 sections cost little more than one. Latency: none.
//! Limits: 1 to 16 sections, the same on every channel; coefficients that move belong to
//! [`super::Eq`] and [`super::Svf`].

use super::design::MAX_SECTIONS;
use super::pipes::{Pipes, pipe_band};
use crate::audio::Sample;
use crate::error::Error;
use crate::filters::Biquad;
use crate::kernels::PipeBand;
use crate::stream::{Field, Io, Process, Processor, Stream, unknown_field};
use crate::units::gain_to_db;

/// Biquads in series on every channel of a stream.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and
/// are counted. Sections may amplify by far more than all sound (16 numerators of 10^9); where what they
/// give outgrows f64, it is 0 and counted too, and at the next multiple of 64 frames they start anew.
///
/// # Example
/// ```
/// use mixcore::filters::Cascade;
/// use mixcore::filters::design::{Method, Shape, second_order};
/// use mixcore::{BlockMut, Io, Layout, Process, Stream};
/// let stream = Stream::new(48_000.0, Layout::MONO)?;
/// let section = second_order(Method::Matched, Shape::HighPass, 80.0, 0.71, 0.0, 48_000.0)?;
/// let mut rumble = Cascade::new(&[section, section], stream)?;
/// let mut audio = [1.0_f32; 4800];
/// rumble.process(Io::new(BlockMut::mono(&mut audio)))?;
/// assert!(audio[4799].abs() < 1e-6); // a constant is gone
/// assert!((rumble.response_db(1000.0)).abs() < 0.001);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cascade {
    pipes: Pipes,
    sections: [Biquad; MAX_SECTIONS],
    count: usize,
    stream: Stream,
    /// Absolute frame of the next input.
    now: u64,
    faults: u64,
}

impl Cascade {
    /// Sections in series, first to last.
    ///
    /// # Errors
    /// No section or more than 16, a numerator beyond 10^9 or not finite, poles on or outside the unit
    /// circle, or a stream out of range.
    pub fn new(sections: &[Biquad], stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        #[expect(clippy::cast_precision_loss, reason = "only compared with a small bound")]
        Error::check_range("sections", sections.len() as f64, 1.0, MAX_SECTIONS as f64)?;
        let mut pipes = Pipes::new(sections.len(), stream.channel_count())?;
        let mut kept = [Biquad { b: [1.0, 0.0, 0.0], a: [0.0, 0.0] }; MAX_SECTIONS];
        for (index, (section, kept)) in sections.iter().zip(&mut kept).enumerate() {
            check(index, section)?;
            *kept = *section;
            pipes.set(index, &pipe_band(section, 0.0), &PipeBand::STILL);
        }
        Ok(Self { pipes, sections: kept, count: sections.len(), stream, now: 0, faults: 0 })
    }

    /// The sections, first to last.
    #[must_use]
    pub fn sections(&self) -> &[Biquad] {
        self.sections.get(..self.count).unwrap_or_default()
    }

    /// Gain at `hz`, dB; -inf at a zero on the unit circle.
    #[must_use]
    pub fn response_db(&self, hz: f64) -> f64 {
        let rate_hz = self.stream.rate_hz;
        gain_to_db(self.sections().iter().fold(1.0, |gain, s| gain * s.gain_at(hz, rate_hz)))
    }
}

/// Largest coefficient of a numerator: 120 dB, and what a resonance of the design adds.
const MAX_B: f64 = 1e9;

/// Coefficients that make sound: numerators to 10^9, poles inside the unit circle.
fn check(index: usize, section: &Biquad) -> Result<(), Error> {
    let place = ("section", index);
    for b in section.b {
        Error::check_item(place, "b", b, -MAX_B, MAX_B)?;
    }
    let [a1, a2] = section.a;
    let edge = 1.0_f64.next_down();
    Error::check_item(place, "a2", a2, -edge, edge)?;
    let edge = (1.0 + a2).next_down();
    Error::check_item(place, "a1", a1, -edge, edge).map(|_| ())
}

impl Processor for Cascade {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        Pipes::tail_frames(self.sections().iter().copied())
    }

    fn reset(&mut self) {
        self.pipes.reset();
        self.now = 0;
        self.faults = 0;
    }

    fn fields(&self) -> &'static [Field] {
        &[]
    }

    fn field(&self, _name: &str) -> Option<f64> {
        None
    }

    fn set_field(&mut self, name: &str, _value: f64) -> Result<(), Error> {
        Err(unknown_field(name))
    }

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> Process<S> for Cascade {
    fn process(&mut self, mut io: Io<'_, S>) -> Result<(), Error> {
        let main = io.main_without_key()?;
        main.check_channels("block", self.stream.channel_count())?;
        let frames = main.frames() as u64;
        self.faults += self.pipes.run(self.stream.isa, self.now, 0, main);
        self.now += frames;
        Ok(())
    }
}
