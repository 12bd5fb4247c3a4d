//! Which channels move together.

use crate::audio::{Layout, Speaker};

/// Elevation from which a loudspeaker belongs to the heights, and below which to the floor,
/// degrees: between the middle layer at 0° and the nearest others of BS.2051 at ±30°.
const LAYER_DEG: f64 = 15.0;
/// Azimuth from which a loudspeaker is a surround, degrees: between the wide front of 9.1.6 and 22.2
/// at 60° and the sides at 90°.
const SURROUND_DEG: f64 = 75.0;

/// Which channels of a layout share their gain, as far as they are linked at all. Every LFE is a
/// group of its own: it is processed, and moves nothing but itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LinkGroups {
    /// All channels but the LFEs: the image stands still.
    #[default]
    Mains,
    /// Fronts, surrounds, heights and floor apart, so that the ambience above does not breathe with
    /// the voice in front.
    Areas,
}

impl LinkGroups {
    /// The group of a channel, counted from 0 in the order in which groups first occur.
    pub(super) fn group_of(self, layout: Layout, channel: usize) -> usize {
        let speakers = layout.speakers();
        let kind = |index: usize| self.kind(layout, index);
        let mut groups = 0;
        for index in 0..speakers.len().min(channel) {
            if kind(index) == kind(channel) {
                return self.group_of(layout, index);
            }
            groups += usize::from((0..index).all(|before| kind(before) != kind(index)));
        }
        groups
    }

    /// How many groups a layout has.
    pub(super) fn count(self, layout: Layout) -> usize {
        (0..layout.channel_count()).map(|index| self.group_of(layout, index) + 1).max().unwrap_or(0)
    }

    /// Equal for channels of one group.
    fn kind(self, layout: Layout, channel: usize) -> usize {
        const FIRST_LFE: usize = 4;
        match layout.speakers().get(channel).map(Area::of) {
            Some(Area::Lfe) => FIRST_LFE + channel,
            Some(Area::Surround) if self == Self::Areas => 1,
            Some(Area::Height) if self == Self::Areas => 2,
            Some(Area::Floor) if self == Self::Areas => 3,
            _ => 0,
        }
    }
}

/// Where a loudspeaker belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    Front,
    Surround,
    Height,
    Floor,
    Lfe,
}

impl Area {
    pub(super) fn of(speaker: &Speaker) -> Self {
        match speaker {
            speaker if speaker.lfe => Self::Lfe,
            speaker if speaker.elevation_deg > LAYER_DEG => Self::Height,
            speaker if speaker.elevation_deg < -LAYER_DEG => Self::Floor,
            speaker if speaker.azimuth_deg.abs() > SURROUND_DEG => Self::Surround,
            _ => Self::Front,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups<const N: usize>(groups: LinkGroups, layout: Layout) -> [usize; N] {
        core::array::from_fn(|channel| groups.group_of(layout, channel))
    }

    #[test]
    fn the_lfe_is_alone() {
        assert_eq!(groups(LinkGroups::Mains, Layout::SURROUND_5_1), [0, 0, 0, 1, 0, 0]);
        assert_eq!(LinkGroups::Mains.count(Layout::SURROUND_22_2), 3);
        assert_eq!(LinkGroups::Mains.count(Layout::STEREO), 1);
    }

    #[test]
    fn seven_one_four_has_fronts_surrounds_and_heights() {
        // L R C LFE Lss Rss Lrs Rrs, then four heights.
        let found = groups(LinkGroups::Areas, Layout::SURROUND_7_1_4);
        assert_eq!(found, [0, 0, 0, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
        assert_eq!(LinkGroups::Areas.count(Layout::SURROUND_7_1_4), 4);
    }
}
