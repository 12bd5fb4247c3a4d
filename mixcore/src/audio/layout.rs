//! Named loudspeaker layouts: which channel is which, and where it stands.

use core::fmt;

use super::{Speaker, layout_tables};
use crate::error::{Error, Text};

/// Most channels of a layout: 22.2.
pub(crate) const MAX_LAYOUT_CHANNELS: usize = 24;

/// One row of the layout tables.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) bs2051: Option<&'static str>,
    pub(super) system: Option<char>,
    pub(super) speakers: &'static [Speaker],
}

/// A named layout: its loudspeakers in channel order.
///
/// The order of channels is BS.2051's, which for 5.1 and 7.1 is the SMPTE order
/// (L R C LFE Ls Rs). Files in another order are permuted when they are read.
#[derive(Clone, Copy)]
pub struct Layout(&'static Table);

impl Layout {
    /// One channel in front.
    pub const MONO: Self = Self(&layout_tables::MONO);
    /// Two channels at ±30° (BS.2051 system A, 0+2+0).
    pub const STEREO: Self = Self(&layout_tables::STEREO);
    /// L R C (BS.775 3/0).
    pub const FRONT_3_0: Self = Self(&layout_tables::FRONT_3_0);
    /// L R Ls Rs (BS.775 2/2).
    pub const QUAD: Self = Self(&layout_tables::QUAD);
    /// L R C Ls Rs (BS.775 3/2).
    pub const SURROUND_5_0: Self = Self(&layout_tables::SURROUND_5_0);
    /// L R C LFE Ls Rs (BS.2051 system B, 0+5+0).
    pub const SURROUND_5_1: Self = Self(&layout_tables::SURROUND_5_1);
    /// 5.1 with one front height pair (BS.2051 system C, 2+5+0).
    pub const SURROUND_5_1_2: Self = Self(&layout_tables::SURROUND_5_1_2);
    /// 5.1 with two height pairs (BS.2051 system D, 4+5+0).
    pub const SURROUND_5_1_4: Self = Self(&layout_tables::SURROUND_5_1_4);
    /// BS.2051 system E, 4+5+1.
    pub const SYSTEM_E: Self = Self(&layout_tables::SYSTEM_E);
    /// BS.2051 system F, 3+7+0.
    pub const SYSTEM_F: Self = Self(&layout_tables::SYSTEM_F);
    /// BS.2051 system G, 4+9+0.
    pub const SYSTEM_G: Self = Self(&layout_tables::SYSTEM_G);
    /// L R C LFE Lss Rss Lrs Rrs (BS.2051 system I, 0+7+0).
    pub const SURROUND_7_1: Self = Self(&layout_tables::SURROUND_7_1);
    /// L R C LFE and one front height pair (IAMF's 3.1.2).
    pub const SURROUND_3_1_2: Self = Self(&layout_tables::SURROUND_3_1_2);
    /// 7.1 with one pair of top side loudspeakers (convention).
    pub const SURROUND_7_1_2: Self = Self(&layout_tables::SURROUND_7_1_2);
    /// 7.1 with two height pairs (BS.2051 system J, 4+7+0).
    pub const SURROUND_7_1_4: Self = Self(&layout_tables::SURROUND_7_1_4);
    /// 7.1 with wides and three height pairs (convention).
    pub const SURROUND_9_1_6: Self = Self(&layout_tables::SURROUND_9_1_6);
    /// 22.2 (BS.2051 system H, 9+10+3).
    pub const SURROUND_22_2: Self = Self(&layout_tables::SURROUND_22_2);

    /// The layout of that name: a trade name ("5.1", "stereo", "2.0"), a BS.2051 name ("0+5+0").
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the names that exist.
    pub fn named(name: &str) -> Result<Self, Error> {
        let name = match name {
            "2.0" => "stereo",
            "1.0" => "mono",
            other => other,
        };
        Self::all().find(|layout| layout.name() == name || layout.bs2051() == Some(name)).ok_or(
            Error::UnknownName {
                what: "layout",
                given: Text::new(name),
                allowed: "mono, stereo, 3.0, quad, 5.0, 5.1, 7.1, 3.1.2, 5.1.2, 5.1.4, 7.1.2, 7.1.4, 9.1.6, 22.2, or BS.2051's 0+2+0, 0+5+0, 2+5+0, 4+5+0, 4+5+1, 3+7+0, 4+9+0, 9+10+3, 0+7+0, 4+7+0",
            },
        )
    }

    /// Every layout there is.
    pub fn all() -> impl Iterator<Item = Self> {
        layout_tables::ALL.iter().map(|table| Self(table))
    }

    /// Trade name, or the BS.2051 name where the trade has none.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// BS.2051 name ("0+5+0"), if it is one of its ten systems.
    #[must_use]
    pub fn bs2051(self) -> Option<&'static str> {
        self.0.bs2051
    }

    /// Letter of the BS.2051 system, 'A' to 'J'.
    #[must_use]
    pub fn system(self) -> Option<char> {
        self.0.system
    }

    /// The loudspeakers in channel order.
    #[must_use]
    pub fn speakers(self) -> &'static [Speaker] {
        self.0.speakers
    }

    /// Number of channels, LFEs included.
    #[must_use]
    pub fn channel_count(self) -> usize {
        self.0.speakers.len()
    }

    /// Channel index of a BS.2051 label.
    #[must_use]
    pub fn index_of(self, label: &str) -> Option<usize> {
        self.0.speakers.iter().position(|speaker| speaker.label == label)
    }
}

impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Layout {}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layout({})", self.name())
    }
}

#[cfg(feature = "json")]
impl serde::Serialize for Layout {
    fn serialize<Z: serde::Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(feature = "json")]
impl<'de> serde::Deserialize<'de> for Layout {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::named(&name).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_kinds_lead_to_the_same_layout() {
        assert_eq!(Layout::named("5.1").unwrap(), Layout::named("0+5+0").unwrap());
        assert_eq!(Layout::named("2.0").unwrap(), Layout::STEREO);
        assert_eq!(Layout::all().count(), 17);
        assert_eq!(Layout::all().map(Layout::channel_count).max(), Some(MAX_LAYOUT_CHANNELS));
        assert!(Layout::named("6.1").is_err());
    }

    #[test]
    fn five_one_has_the_smpte_order() {
        let names: [&str; 6] =
            core::array::from_fn(|i| Layout::SURROUND_5_1.speakers()[i].short_name());
        assert_eq!(names, ["L", "R", "C", "LFE", "Ls", "Rs"]);
        assert!(Layout::SURROUND_5_1.speakers()[3].lfe);
        assert_eq!(Layout::SURROUND_5_1.index_of("M-110"), Some(5));
    }
}
