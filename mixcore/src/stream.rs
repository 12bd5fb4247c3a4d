//! The contract of a processor: what it is built for, how it is fed, which numbers may move.
//!
//! [`Process`] keeps the layout and works in place; [`Convert`] changes it. Both are object-safe.
//! Blocks may have any length from 0 up, and every split of a signal into blocks gives the same
//! bits. A timed change is made by splitting the block at its frame and calling `set_params`.

use core::fmt;

use crate::audio::{Block, BlockMut, Layout, MAX_CHANNELS, Sample};
use crate::error::{Error, Text};
use crate::kernels::Isa;

/// Lowest sample rate, Hz.
pub const MIN_RATE_HZ: f64 = 8_000.0;
/// Highest sample rate, Hz.
pub const MAX_RATE_HZ: f64 = 384_000.0;

/// What a processor is built for. A new rate or layout is a new object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stream {
    /// Sample rate, Hz: 8 kHz to 384 kHz, whole or not.
    pub rate_hz: f64,
    /// The channels and their meaning.
    pub layout: Layout,
    /// The SIMD level; all give the same bits.
    pub isa: Isa,
}

impl Stream {
    /// A stream at the best SIMD level of this CPU.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    pub fn new(rate_hz: f64, layout: Layout) -> Result<Self, Error> {
        Self::with_isa(rate_hz, layout, Isa::detect())
    }

    /// A stream at a chosen SIMD level.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    pub fn with_isa(rate_hz: f64, layout: Layout, isa: Isa) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        Ok(Self { rate_hz, layout, isa })
    }

    /// Checks the rate of a stream that was put together by hand.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("rate_hz", self.rate_hz, MIN_RATE_HZ, MAX_RATE_HZ).map(|_| ())
    }

    /// Channels of the layout.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        self.layout.channel_count()
    }

    /// Milliseconds as the nearest whole number of frames.
    #[must_use]
    pub fn frames_of_ms(&self, ms: f64) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates; a negative duration is no frames"
        )]
        {
            crate::math::round(ms * 1e-3 * self.rate_hz) as usize
        }
    }
}

/// How a field moves, and how a fader for it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scale {
    /// The number itself.
    Linear,
    /// Decibels; below -100 dB the movement is linear in amplitude, so that zero is reached.
    Decibel,
    /// A positive number on a logarithmic scale (hertz, milliseconds, Q).
    Log,
}

/// One parameter of a processor: the single source of its bounds, its name in session files,
/// automation, stubs and headers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Name with unit suffix, as in the `Params` struct.
    pub name: &'static str,
    /// Unit as it is printed.
    pub unit: &'static str,
    /// Smallest allowed value.
    pub min: f64,
    /// Largest allowed value.
    pub max: f64,
    /// Value of `Params::default()`.
    pub default: f64,
    /// How it moves.
    pub scale: Scale,
    /// Moves over 20 ms after a change (else it jumps).
    pub smoothed: bool,
    /// One line for people.
    pub doc: &'static str,
}

impl Field {
    /// Checks a value against the bounds.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] with the field's name.
    pub fn check(&self, value: f64) -> Result<f64, Error> {
        Error::check_range(self.name, value, self.min, self.max)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{} to {} {}]", self.name, self.min, self.max, self.unit)
    }
}

/// The error for a field name that a processor does not have.
#[must_use]
pub fn unknown_field(name: &str) -> Error {
    Error::UnknownName {
        what: "field",
        given: Text::new(name),
        allowed: "the names in this processor's fields()",
    }
}

/// Declares a `Params` struct with its `FIELDS` table, `Default`, `validate`, `get` and `with`.
///
/// ```text
/// params! {
///     /// What may move.
///     pub struct FaderParams {
///         /// Level.
///         gain_db: "dB", -144.0 => 24.0, 0.0, Decibel, smoothed;
///     }
/// }
/// ```
macro_rules! params {
    (
        $(#[$outer:meta])*
        pub struct $name:ident {
            $(
                #[doc = $doc:literal]
                $field:ident: $unit:literal, $min:expr => $max:expr, $default:expr, $scale:ident, $smooth:ident;
            )*
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
        pub struct $name {
            $(
                #[doc = $doc]
                pub $field: f64,
            )*
        }

        impl $name {
            /// Name, unit, bounds, default and scale of every field.
            pub const FIELDS: &'static [$crate::stream::Field] = &[
                $(
                    $crate::stream::Field {
                        name: stringify!($field),
                        unit: $unit,
                        min: $min,
                        max: $max,
                        default: $default,
                        scale: $crate::stream::Scale::$scale,
                        smoothed: $crate::stream::params!(@smooth $smooth),
                        doc: $doc.trim_ascii(),
                    },
                )*
            ];

            /// Checks every field against its bounds.
            ///
            /// # Errors
            /// The first field that is outside, with its bounds.
            pub fn validate(&self) -> Result<(), $crate::error::Error> {
                for field in Self::FIELDS {
                    match self.get(field.name) {
                        Some(value) => {
                            field.check(value)?;
                        }
                        None => return Err($crate::stream::unknown_field(field.name)),
                    }
                }
                Ok(())
            }

            /// The value of a field by name.
            #[must_use]
            pub fn get(&self, name: &str) -> Option<f64> {
                match name {
                    $(stringify!($field) => Some(self.$field),)*
                    _ => None,
                }
            }

            /// A copy with one field changed; its bounds are checked.
            ///
            /// # Errors
            /// An unknown name, or a value outside the bounds.
            pub fn with(mut self, name: &str, value: f64) -> Result<Self, $crate::error::Error> {
                let field = Self::FIELDS
                    .iter()
                    .find(|field| field.name == name)
                    .ok_or_else(|| $crate::stream::unknown_field(name))?;
                field.check(value)?;
                match name {
                    $(stringify!($field) => self.$field = value,)*
                    _ => {}
                }
                Ok(self)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
    (@smooth smoothed) => { true };
    (@smooth fixed) => { false };
}
pub(crate) use params;

/// What every processor answers.
pub trait Processor: Send {
    /// Frames by which the output lags the input; constant for life.
    fn latency_frames(&self) -> usize;

    /// Frames of output that follow the last input frame, latency included: feed this many zeros
    /// to get everything out.
    fn tail_frames(&self) -> usize;

    /// Clears the state: the object is as new, with its current parameters and no ramp running.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    fn reset(&mut self);

    /// The parameters that may move.
    fn fields(&self) -> &'static [Field];

    /// The target value of a field.
    fn field(&self, name: &str) -> Option<f64>;

    /// Sets a field by name, smoothed like `set_params`.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    ///
    /// # Errors
    /// An unknown name, or a value outside the bounds; nothing changes then.
    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error>;

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0.
    fn faults(&self) -> u64 {
        0
    }
}

/// Nothing that a caller passes is left aside silently.
const KEY_NOT_TAKEN: Error = Error::Unsupported {
    what: "a key for this processor",
    hint: "it listens to its own signal only, so pass no key",
};

/// One call's audio: the block that is processed in place, and the key where there is one.
#[derive(Debug)]
pub struct Io<'a, S> {
    /// Input and output.
    pub main: BlockMut<'a, S>,
    /// An external key of the same length.
    pub key: Option<Block<'a, S>>,
}

impl<'a, S> Io<'a, S> {
    /// Audio without a key.
    #[must_use]
    pub fn new(main: BlockMut<'a, S>) -> Self {
        Self { main, key: None }
    }

    /// Audio with a key.
    #[must_use]
    pub fn with_key(main: BlockMut<'a, S>, key: Block<'a, S>) -> Self {
        Self { main, key: Some(key) }
    }

    /// The block to process where it lies, for a processor that listens to its own signal only.
    ///
    /// A view is moved by copying its 192 bytes: for a gain on a short block that counts.
    ///
    /// # Errors
    /// As [`Io::without_key`].
    pub(crate) fn main_without_key(&mut self) -> Result<&mut BlockMut<'a, S>, Error> {
        if self.key.is_some() {
            return Err(KEY_NOT_TAKEN);
        }
        Ok(&mut self.main)
    }

    /// The block to process, for a processor that listens to its own signal only.
    ///
    /// # Errors
    /// There is a key: nothing that a caller passes is left aside silently.
    pub(crate) fn without_key(self) -> Result<BlockMut<'a, S>, Error> {
        match self.key {
            None => Ok(self.main),
            Some(_) => Err(KEY_NOT_TAKEN),
        }
    }
}

/// A processor that keeps the layout and works in place.
pub trait Process<S: Sample>: Processor {
    /// Processes one block of any length.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    ///
    /// # Errors
    /// Another number of channels than the stream's, a key that does not fit, or a key for a
    /// processor that takes none; the block is untouched then.
    fn process(&mut self, io: Io<'_, S>) -> Result<(), Error>;
}

/// Frames that [`render`] feeds at a time while it lets a processor run out.
const FLUSH_FRAMES: usize = 64;

/// Renders a whole clip in place: from a reset processor, with its latency removed, so that every
/// frame stays where it was and the length is the same.
///
/// What the processor would still give after the clip's end (an echo, a release) is left out, and
/// it is reset again afterwards.
///
/// # Real time
/// Does not allocate; takes as long as the clip is.
///
/// # Errors
/// As [`Process::process`]; the clip is untouched then.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::filters::Delay;
/// use mixcore::{BlockMut, Layout, Stream, stream};
/// let mut delay = Delay::<f32>::new(3, Stream::new(48_000.0, Layout::MONO)?)?;
/// let mut clip = [1.0, 2.0, 3.0, 4.0];
/// stream::render(&mut delay, BlockMut::mono(&mut clip))?;
/// assert_eq!(clip, [1.0, 2.0, 3.0, 4.0]); // a pure delay has nothing but latency
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn render<S: Sample>(
    processor: &mut dyn Process<S>,
    mut clip: BlockMut<'_, S>,
) -> Result<(), Error> {
    let (frames, channels) = (clip.frames(), clip.channel_count());
    let latency = processor.latency_frames();
    processor.reset();
    processor.process(Io::new(clip.reborrow()))?;
    let kept = frames.saturating_sub(latency);
    for channel in clip.channels_mut() {
        channel.copy_within(frames - kept.., 0);
    }
    // Frame n of the clip comes out at n + latency: after the clip itself come `latency` zeros.
    let mut rows = [[S::zero(); FLUSH_FRAMES]; MAX_CHANNELS];
    let mut fed = frames;
    while fed < frames + latency {
        let take = FLUSH_FRAMES.min(frames + latency - fed);
        for row in &mut rows[..channels] {
            row.fill(S::zero());
        }
        processor.process(Io::new(BlockMut::new(&mut rows[..channels])?.range(0, take)))?;
        for (channel, row) in clip.channels_mut().zip(&rows) {
            for (n, sample) in row[..take].iter().enumerate() {
                if fed + n >= latency {
                    channel[fed + n - latency] = *sample;
                }
            }
        }
        fed += take;
    }
    processor.reset();
    Ok(())
}

/// A processor that changes the layout: panner, fold-down, crossover.
pub trait Convert<S: Sample>: Processor {
    /// Channels that `convert` expects.
    fn input_channels(&self) -> usize;

    /// Channels that `convert` writes.
    fn output_channels(&self) -> usize;

    /// Converts one block of any length; the output is overwritten.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    ///
    /// # Errors
    /// Channel or frame counts that do not fit; the output is untouched then.
    fn convert(&mut self, input: Block<'_, S>, output: BlockMut<'_, S>) -> Result<(), Error>;
}

#[cfg(test)]
mod tests {
    #![allow(unreachable_pub, reason = "the macro makes public parameters")]

    use super::*;

    params! {
        /// A test's parameters.
        pub struct ProbeParams {
            /// Level.
            gain_db: "dB", -144.0 => 24.0, 0.0, Decibel, smoothed;
            /// Time.
            release_ms: "ms", 1.0 => 5000.0, 100.0, Log, fixed;
        }
    }

    #[test]
    fn a_params_struct_knows_its_fields() {
        let params = ProbeParams::default().with("gain_db", -6.0).unwrap();
        assert_eq!((params.gain_db, params.release_ms), (-6.0, 100.0));
        assert_eq!(ProbeParams::FIELDS[0].doc, "Level.");
        assert!(ProbeParams::FIELDS[0].smoothed && !ProbeParams::FIELDS[1].smoothed);
        assert!(params.with("gain_db", f64::NAN).is_err());
        assert!(params.with("gain", 0.0).is_err());
        assert!(ProbeParams { release_ms: 0.0, ..params }.validate().is_err());
    }

    #[test]
    fn rates_outside_the_range_are_refused() {
        for rate in [0.0, 7999.0, 384_001.0, f64::NAN, f64::INFINITY, -48_000.0] {
            assert!(Stream::new(rate, Layout::STEREO).is_err());
        }
        assert_eq!(Stream::new(44_100.0, Layout::MONO).unwrap().frames_of_ms(10.0), 441);
    }
}
