//! One error type for the whole core: `Copy`, free of allocation, safe on the audio thread.
//!
//! Every variant carries what was given and what is allowed; its text ends with the way out.

#[cfg(feature = "json")]
mod fields;
#[cfg(feature = "alloc")]
mod problems;

use core::fmt;

#[cfg(feature = "json")]
pub(crate) use fields::Fields;
#[cfg(feature = "alloc")]
pub use problems::{Problem, Problems};

/// The first 32 bytes of a text, kept so that an error can show it without allocation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text {
    bytes: [u8; 32],
    len: u8,
    cut: bool,
}

impl Text {
    /// Keeps as many whole characters of `text` as fit into 32 bytes.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut len = text.len().min(32);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(text.bytes().take(len)) {
            *to = from;
        }
        #[expect(clippy::cast_possible_truncation, reason = "len is at most 32")]
        Self { bytes, len: len as u8, cut: len < text.len() }
    }

    /// The kept text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or("")
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}{}\"", self.as_str().escape_debug(), if self.cut { "…" } else { "" })
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a call could not do what it was asked to do.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A number lies outside its range or is not finite.
    OutOfRange {
        /// Name of the parameter, with its unit suffix.
        field: &'static str,
        /// What was given.
        given: f64,
        /// Smallest allowed value.
        min: f64,
        /// Largest allowed value.
        max: f64,
    },
    /// A number of one item of a list lies outside its range or is not finite.
    ItemOutOfRange {
        /// What the list is made of ("breakpoint", "send").
        item: &'static str,
        /// Which one, counted from 0.
        index: usize,
        /// Name of its field, with its unit suffix.
        field: &'static str,
        /// What was given.
        given: f64,
        /// Smallest allowed value.
        min: f64,
        /// Largest allowed value; below `min` where nothing is allowed (an index of an empty list).
        max: f64,
    },
    /// A loudspeaker that does not stand where its layout lets it stand.
    Misplaced {
        /// Its label of BS.2051 ("M+110").
        loudspeaker: &'static str,
        /// Name of the angle, with its unit suffix.
        field: &'static str,
        /// What was given.
        given: f64,
        /// Smallest allowed value; of an azimuth the first one, anticlockwise.
        min: f64,
        /// Largest allowed value.
        max: f64,
    },
    /// A number of which certain values are allowed, which is not one of them.
    NotAllowed {
        /// Name of the parameter, with its unit suffix.
        field: &'static str,
        /// What was given.
        given: f64,
        /// The values that are allowed.
        allowed: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// Something leads back to itself.
    Cycle {
        /// What the list is made of ("VCA", "bus").
        item: &'static str,
        /// One of those in the circle, counted from 0.
        index: usize,
    },
    /// A name that no table holds.
    UnknownName {
        /// What kind of thing was named ("layout", "field", "spec").
        what: &'static str,
        /// The name as given.
        given: Text,
        /// The names that exist, or where to find them.
        allowed: &'static str,
    },
    /// A block or list has another number of channels than the stream it is for.
    ChannelCount {
        /// Which block ("input", "output", "key", "block").
        what: &'static str,
        /// Channels given.
        given: usize,
        /// Channels expected.
        expected: usize,
    },
    /// Two things that must have the same length do not.
    FrameCount {
        /// Which block or channel.
        what: &'static str,
        /// Frames given.
        given: usize,
        /// Frames expected.
        expected: usize,
    },
    /// More channels than a block can hold, or none.
    BlockChannels {
        /// Channels given.
        given: usize,
        /// Most channels of a block.
        max: usize,
    },
    /// Lent storage is too small.
    Storage {
        /// Which storage.
        what: &'static str,
        /// Elements given.
        given: usize,
        /// Elements needed (`required_len`).
        required: usize,
    },
    /// A meter has recorded as much as it was built for.
    HistoryFull {
        /// The duration that the meter was built for.
        max_duration_s: f64,
    },
    /// Two things that cannot be combined; a number that is none of those allowed is
    /// [`Error::NotAllowed`].
    Unsupported {
        /// What was asked for.
        what: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// The caller's `Sources` or `Plant` could not deliver.
    Source {
        /// Which strip or source (its index in the session).
        index: usize,
        /// The caller's own code.
        code: i32,
    },
}

impl Error {
    /// Checks `min ≤ given ≤ max`; NaN and infinities fail.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] with the given value and the bounds.
    pub fn check_range(field: &'static str, given: f64, min: f64, max: f64) -> Result<f64, Self> {
        if given >= min && given <= max && given.is_finite() {
            Ok(given)
        } else {
            Err(Self::OutOfRange { field, given, min, max })
        }
    }

    /// Checks `min ≤ given ≤ max` for a field of one item of a list; NaN and infinities fail.
    ///
    /// # Errors
    /// [`Error::ItemOutOfRange`] with the item, its index, the given value and the bounds.
    pub fn check_item(
        (item, index): (&'static str, usize),
        field: &'static str,
        given: f64,
        min: f64,
        max: f64,
    ) -> Result<f64, Self> {
        Self::check_range(field, given, min, max).map_err(|_| Self::ItemOutOfRange {
            item,
            index,
            field,
            given,
            min,
            max,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OutOfRange { field, given, min, max } => {
                write!(f, "{field} is {given}, allowed is {min} to {max}: set it inside that range")
            }
            // An index of an empty list.
            Self::ItemOutOfRange { item, index, field, given, min, max } if max < min => {
                write!(f, "{item} {index}: {field} is {given}, but there are none: leave it out")
            }
            Self::ItemOutOfRange { item, index, field, given, min, max } => write!(
                f,
                "{item} {index}: {field} is {given}, allowed is {min} to {max}: set it inside that range"
            ),
            Self::Misplaced { loudspeaker, field, given, min, max } => write!(
                f,
                "loudspeaker {loudspeaker}: {field} is {given}, allowed is {min} to {max}: place it there, or pan this rig with Vbap"
            ),
            Self::NotAllowed { field, given, allowed, hint } => {
                write!(f, "{field} is {given}, allowed is {allowed}: {hint}")
            }
            Self::Cycle { item, index } => {
                write!(f, "{item} {index} leads back to itself: let the chain end somewhere")
            }
            Self::UnknownName { what, given, allowed } => {
                write!(f, "unknown {what} {given}, allowed: {allowed}")
            }
            Self::ChannelCount { what, given, expected } => write!(
                f,
                "{what} has {given} channel(s), {expected} expected: pass one slice per channel of the layout, or build this object for the other layout"
            ),
            Self::FrameCount { what, given, expected } => write!(
                f,
                "{what} has {given} frame(s), {expected} expected: all channels and blocks of one call have the same length"
            ),
            Self::BlockChannels { given, max } => write!(
                f,
                "a block of {given} channel(s), allowed is 1 to {max}: split it into several blocks"
            ),
            Self::Storage { what, given, required } => write!(
                f,
                "{what} storage holds {given} element(s), {required} needed: ask required_len() and lend that much"
            ),
            Self::HistoryFull { max_duration_s } => write!(
                f,
                "the meter was built for {max_duration_s} s and is full: raise max_duration_s in its setup, or reset it"
            ),
            Self::Unsupported { what, hint } => write!(f, "{what} is not supported: {hint}"),
            Self::Source { index, code } => {
                write!(f, "source {index} could not be read (the caller's code {code})")
            }
        }
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_character() {
        assert_eq!(Text::new("5.1").as_str(), "5.1");
        let long = Text::new("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaäb");
        assert_eq!(long.as_str().len(), 31);
    }

    #[test]
    fn a_range_error_says_given_and_allowed() {
        let error = Error::check_range("rate_hz", f64::NAN, 8000.0, 384_000.0).unwrap_err();
        extern crate alloc;
        let text = alloc::format!("{error}");
        assert!(text.contains("NaN") && text.contains("8000") && text.contains("384000"));
    }

    #[test]
    fn a_number_that_is_not_allowed_is_told_with_those_that_are_and_the_way_out() {
        extern crate alloc;
        let error = Error::NotAllowed {
            field: "factor",
            given: 3.0,
            allowed: "2, 4, 8 and 16",
            hint: "take the next one above",
        };
        let text = alloc::format!("{error}");
        assert_eq!(text, "factor is 3, allowed is 2, 4, 8 and 16: take the next one above");
    }
}
