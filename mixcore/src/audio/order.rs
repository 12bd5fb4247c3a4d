//! Channel orders of files: which channel of a file is which loudspeaker of a layout.
//!
//! The same loudspeakers travel in several orders. A file that is read in the wrong one puts the
//! dialogue into a surround; so an order is either known for a layout, or asking for it is an error.
//!
//! # Source
//! - WAVE: the bits of `dwChannelMask`, least significant first: Microsoft, \[MS-RDPEAI\] 2.2.2.3.1,
//!   and the DirectX 8 SDK, `WAVEFORMATEXTENSIBLE`; 7.1 as `KSAUDIO_SPEAKER_7POINT1_SURROUND`
//!   (0x63F): rears before sides. The pair at ±110° is `SIDE` or `BACK` (0x60F or 0x3F in
//!   `ksmedia.h`), which comes to the same place.
//! - Film: Avid, Pro Tools Reference Guide ("Track layout of 5.1 formats", "Default Track Layout
//!   for 7.1 Format") and `AAX_Enums.h` (`AAX_EStemFormat`, comments); JUCE, `juce_AAX_Wrapper.cpp`,
//!   agrees. Pro Tools' 5.1.2 has its heights at the sides: our 5.1.2 (in front) is left out.
//! - ITU: ITU-R BS.775-3 (L R C LFE LS RS) for 5.1 and its subsets, with Avid's "SMPTE/ITU" row;
//!   BS.2051-3 system I and Apple's `kAudioChannelLayoutTag_ITU_3_4_1` for 7.1.
//! - AAC: Apple, `CoreAudioBaseTypes.h`: `AAC_3_0`, `AAC_5_0` and `AAC_5_1` (= `MPEG_5_1_D`,
//!   C L R Ls Rs LFE); JUCE, `juce_CoreAudioLayouts.h`, agrees. 7.1 is left out: MPEG's
//!   configuration 12 has its first pair at ±110°, which is another layout than ours.

use super::{Layout, MAX_LAYOUT_CHANNELS};
use crate::error::{Error, Text};

/// A convention for the order of channels in a file or on a cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum ChannelOrder {
    /// The order of ITU-R BS.2051-3: what [`Layout`] itself uses for the ten systems A to J.
    Bs2051,
    /// The bits of a WAVE file's channel mask: L R C LFE Ls Rs; in 7.1 the rears before the sides.
    Wave,
    /// The order of film mixing and of Pro Tools: L C R Ls Rs LFE.
    Film,
    /// The order of ITU-R BS.775, also called SMPTE's: L R C LFE Ls Rs.
    Itu,
    /// The order of an AAC stream: C L R Ls Rs LFE.
    Aac,
}

/// Film order by label; a layout skips what it does not have.
const FILM: &[&str] = &[
    "M+030", "M+000", "M-030", "M+060", "M-060", "M+110", "M-110", "M+090", "M-090", "M+135",
    "M-135", "LFE1", "U+030", "U-030", "U+045", "U-045", "U+090", "U-090", "U+110", "U-110",
    "U+135", "U-135",
];
/// ITU order by label, likewise.
const ITU: &[&str] =
    &["M+030", "M-030", "M+000", "LFE1", "M+110", "M-110", "M+090", "M-090", "M+135", "M-135"];
/// AAC order by label, likewise.
const AAC: &[&str] = &["M+000", "M+030", "M-030", "M+110", "M-110", "LFE1"];

impl ChannelOrder {
    /// Layouts (by name) whose order this convention defines.
    const fn layouts(self) -> &'static str {
        match self {
            Self::Bs2051 => "stereo, 5.1, 5.1.2, 5.1.4, 4+5+1, 3+7+0, 4+9+0, 22.2, 7.1, 7.1.4",
            Self::Wave => "mono, stereo, 3.0, quad, 5.0, 5.1, 7.1, 5.1.2, 5.1.4, 7.1.4",
            Self::Film => "mono, stereo, 3.0, quad, 5.0, 5.1, 7.1, 5.1.4, 7.1.2, 7.1.4, 9.1.6",
            Self::Itu => "mono, stereo, 3.0, quad, 5.0, 5.1, 7.1",
            Self::Aac => "mono, stereo, 3.0, 5.0, 5.1",
        }
    }

    /// Name for an error's text.
    const fn what(self) -> &'static str {
        match self {
            Self::Bs2051 => "layout in BS.2051 order",
            Self::Wave => "layout in WAVE order",
            Self::Film => "layout in Film order",
            Self::Itu => "layout in ITU order",
            Self::Aac => "layout in AAC order",
        }
    }

    /// Place of a loudspeaker in this order, as a number to sort by; `index` is its channel in
    /// the layout.
    fn place(self, label: &str, index: usize) -> Option<usize> {
        let listed = |list: &[&str]| list.iter().position(|&entry| entry == label);
        match self {
            Self::Bs2051 => Some(index),
            Self::Wave => mask_bit(label),
            Self::Film => listed(FILM),
            Self::Itu => listed(ITU),
            Self::Aac => listed(AAC),
        }
    }
}

/// Bit of a loudspeaker in `dwChannelMask`; screen edges, wides, top sides and the second LFE
/// have none.
const fn mask_bit(label: &str) -> Option<usize> {
    Some(match label.as_bytes() {
        b"M+030" => 0,
        b"M-030" => 1,
        b"M+000" => 2,
        b"LFE1" => 3,
        b"M+135" => 4,
        b"M-135" => 5,
        b"M+090" | b"M+110" => 9,
        b"M-090" | b"M-110" => 10,
        b"U+030" | b"U+045" => 12,
        b"U-030" | b"U-045" => 14,
        b"U+110" | b"U+135" => 15,
        b"U-110" | b"U-135" => 17,
        _ => return None,
    })
}

/// Which channel of a file is which channel of a layout: a permutation and its inverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelMap {
    layout_of_file: [u8; MAX_LAYOUT_CHANNELS],
    file_of_layout: [u8; MAX_LAYOUT_CHANNELS],
    count: usize,
}

impl ChannelMap {
    /// Channels of the file and of the layout.
    #[must_use]
    pub const fn channel_count(&self) -> usize {
        self.count
    }

    /// The layout's channel that the file's channel `file` carries.
    #[must_use]
    pub fn layout_channel(&self, file: usize) -> Option<usize> {
        self.layout_of_file[..self.count].get(file).copied().map(usize::from)
    }

    /// The file's channel that carries the layout's channel `layout`.
    #[must_use]
    pub fn file_channel(&self, layout: usize) -> Option<usize> {
        self.file_of_layout[..self.count].get(layout).copied().map(usize::from)
    }

    /// The layout's channels in the order of the file.
    pub fn layout_channels(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.layout_of_file[..self.count].iter().copied().map(usize::from)
    }

    /// The map in the other direction.
    #[must_use]
    pub const fn inverse(self) -> Self {
        Self {
            layout_of_file: self.file_of_layout,
            file_of_layout: self.layout_of_file,
            count: self.count,
        }
    }

    /// The file has the layout's own order.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.layout_channels().enumerate().all(|(file, layout)| file == layout)
    }
}

impl Layout {
    /// Which channel of a file in `order` is which channel of this layout.
    ///
    /// # Errors
    /// [`Error::UnknownName`] if the convention does not define an order for this layout: nothing
    /// is guessed.
    ///
    /// # Example
    /// ```
    /// use mixcore::audio::{ChannelOrder, Layout};
    /// let film = Layout::SURROUND_5_1.order(ChannelOrder::Film)?;
    /// // Film files carry L C R Ls Rs LFE; the layout is L R C LFE Ls Rs.
    /// assert_eq!(film.layout_channels().collect::<Vec<_>>(), [0, 2, 1, 4, 5, 3]);
    /// assert_eq!(film.file_channel(3), Some(5));
    /// assert!(Layout::SURROUND_22_2.order(ChannelOrder::Wave).is_err());
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn order(self, order: ChannelOrder) -> Result<ChannelMap, Error> {
        let undefined = Error::UnknownName {
            what: order.what(),
            given: Text::new(self.name()),
            allowed: order.layouts(),
        };
        if !order.layouts().split(", ").any(|name| name == self.name()) {
            return Err(undefined);
        }
        let speakers = self.speakers();
        let mut places = [0; MAX_LAYOUT_CHANNELS];
        for (index, (place, speaker)) in places.iter_mut().zip(speakers).enumerate() {
            *place = order.place(speaker.label, index).ok_or(undefined)?;
        }
        let count = self.channel_count();
        let mut map = ChannelMap {
            layout_of_file: [0; MAX_LAYOUT_CHANNELS],
            file_of_layout: [0; MAX_LAYOUT_CHANNELS],
            count,
        };
        for (layout, &place) in places[..count].iter().enumerate() {
            // Its rank among the places is the channel in the file.
            let file = places[..count].iter().filter(|&&other| other < place).count();
            #[expect(clippy::cast_possible_truncation, reason = "at most 24 channels")]
            {
                map.layout_of_file[file] = layout as u8;
                map.file_of_layout[layout] = file as u8;
            }
        }
        Ok(map)
    }
}
