//! Where the loudspeakers of a layout really stand, and where BS.2051 lets them stand.
//!
//! BS.2127 pans by the real directions, and finds the neighbours of a direction by the nominal ones:
//! a surround at 100° instead of 110° gets other gains, but the same neighbours. Screen loudspeakers
//! (M±SC of system G) also have their place in the room from where they stand.
//!
//! Sources: ITU-R BS.2051-3, tables of the systems A to J (ranges of azimuth and elevation), as the EBU
//! ADM Renderer 2.1.0 holds them; for M±SC the narrower ranges of ITU-R BS.2127-1, 5° to 25° and 35° to
//! 60°; for 5.0, quad and 3.0 those of 5.1, whose loudspeakers they are (ITU-R BS.775-3).
//! NOTE: that renderer prints a warning for a loudspeaker outside of its range and goes on; here it is
//! an error, and who wants to go on says so with [`RealLayout::anywhere`].
//! Limits: directions only; levels and distances of loudspeakers are aligned before.

use super::Direction;
use super::room::inside;
use crate::audio::{Layout, MAX_LAYOUT_CHANNELS, Speaker};
use crate::error::Error;

/// How far outside of its range a loudspeaker may stand, degrees: what turning radians into degrees
/// and back is off by, and a hundred times more.
const ROUNDING_DEG: f64 = 1e-11;

/// Where a loudspeaker may stand.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct AllowedDirection {
    /// From the first azimuth anticlockwise to the second one, degrees, positive to the left.
    pub azimuth_deg: [f64; 2],
    /// From the first elevation up to the second one, degrees.
    pub elevation_deg: [f64; 2],
}

/// A layout with the real directions of its loudspeakers; a [`Layout`] alone is one whose
/// loudspeakers stand at their nominal directions.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::spatial::{Direction, PointSource, RealLayout};
/// let at = |azimuth_deg| Direction { azimuth_deg, elevation_deg: 0.0 };
/// // L R C LFE Ls Rs, the surrounds as far in front as BS.2051 lets them stand.
/// let room = [at(30.0), at(-30.0), at(0.0), at(0.0), at(100.0), at(-100.0)];
/// let panner = PointSource::new(RealLayout::new(Layout::SURROUND_5_1, &room)?)?;
/// assert!((panner.gains(100.0, 0.0)?[4] - 1.0).abs() < 1e-9);
/// let narrow = [at(25.0), at(-25.0), at(0.0), at(0.0), at(110.0), at(-110.0)];
/// let error = RealLayout::new(Layout::SURROUND_5_1, &narrow).unwrap_err().to_string();
/// assert!(error.starts_with("loudspeaker M+030: azimuth_deg is 25, allowed is 30"), "{error}");
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RealLayout {
    layout: Layout,
    real: [Direction; MAX_LAYOUT_CHANNELS],
}

impl From<Layout> for RealLayout {
    fn from(layout: Layout) -> Self {
        let mut real = [Direction { azimuth_deg: 0.0, elevation_deg: 0.0 }; MAX_LAYOUT_CHANNELS];
        for (real, speaker) in real.iter_mut().zip(layout.speakers()) {
            *real = Direction::nominal(speaker);
        }
        Self { layout, real }
    }
}

impl RealLayout {
    /// Loudspeakers at real directions, one per channel of the layout, within the ranges of BS.2051
    /// ([`RealLayout::allowed`]). What stands for an LFE is left aside.
    ///
    /// # Errors
    /// Another number of directions than channels, or a loudspeaker outside of its range: its label,
    /// what was given and what is allowed.
    pub fn new(layout: Layout, real: &[Direction]) -> Result<Self, Error> {
        let placed = Self::anywhere(layout, real)?;
        for ((channel, speaker), at) in
            layout.speakers().iter().enumerate().zip(placed.directions())
        {
            if let Some(allowed) = Self::allowed(layout, channel) {
                allowed.check(speaker.label, at)?;
            }
        }
        Ok(placed)
    }

    /// Loudspeakers at real directions that BS.2051 is not asked about. A panner still refuses those
    /// that change places, and whose gains no standard promises.
    ///
    /// # Errors
    /// Another number of directions than channels, or, with the loudspeaker's label, an angle out of
    /// range; a screen loudspeaker (M±SC) outside of 5° to 25° and 35° to 60°, between which BS.2127
    /// knows no neighbours for it.
    pub fn anywhere(layout: Layout, real: &[Direction]) -> Result<Self, Error> {
        if real.len() != layout.channel_count() {
            return Err(Error::ChannelCount {
                what: "list of directions",
                given: real.len(),
                expected: layout.channel_count(),
            });
        }
        let mut placed = Self::from(layout);
        for ((to, speaker), at) in placed.real.iter_mut().zip(layout.speakers()).zip(real) {
            for (field, given, max) in
                [("azimuth_deg", at.azimuth_deg, 180.0), ("elevation_deg", at.elevation_deg, 90.0)]
            {
                let (loudspeaker, min) = (speaker.label, -max);
                let misplaced = Error::Misplaced { loudspeaker, field, given, min, max };
                Error::check_range(field, given, min, max).map_err(|_| misplaced)?;
            }
            if is_screen(speaker) {
                screen_range(speaker, at).check(speaker.label, at)?;
            }
            if !speaker.lfe {
                *to = *at;
            }
        }
        Ok(placed)
    }

    /// The layout.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Where its channels stand; LFEs at their nominal directions.
    #[must_use]
    pub fn directions(&self) -> &[Direction] {
        self.real.get(..self.layout.channel_count()).unwrap_or(&[])
    }

    /// Where BS.2051 lets a channel's loudspeaker stand; `None` for an LFE, for a channel that there is
    /// not, and in layouts whose ranges no standard names (mono, 3.1.2, 7.1.2, 9.1.6). What lies between
    /// M±SC's two ranges, 25° to 35°, is not allowed either.
    #[must_use]
    pub fn allowed(layout: Layout, channel: usize) -> Option<AllowedDirection> {
        let speaker = layout.speakers().get(channel).filter(|speaker| !speaker.lfe)?;
        let system = layout.system().or(match layout.name() {
            "5.0" | "quad" | "3.0" => Some('B'),
            _ => None,
        })?;
        let (azimuth_deg, elevation_deg) = (speaker.azimuth_deg, speaker.elevation_deg);
        let fixed = [azimuth_deg.abs(), azimuth_deg.abs(), elevation_deg, elevation_deg];
        let [from, to, low, high] = range(system, speaker.label).unwrap_or(fixed);
        let azimuth_deg = if azimuth_deg < 0.0 { [-to, -from] } else { [from, to] };
        Some(AllowedDirection { azimuth_deg, elevation_deg: [low, high] })
    }
}

impl AllowedDirection {
    /// Whether a loudspeaker stands there.
    pub(super) fn check(&self, loudspeaker: &'static str, at: &Direction) -> Result<(), Error> {
        let [from, to] = self.azimuth_deg;
        let [low, high] = self.elevation_deg;
        let misplaced =
            |field, given, min, max| Err(Error::Misplaced { loudspeaker, field, given, min, max });
        let elevation = low - ROUNDING_DEG..=high + ROUNDING_DEG;
        if !elevation.contains(&at.elevation_deg) {
            return misplaced("elevation_deg", at.elevation_deg, low, high);
        }
        // Straight above there is no azimuth.
        let above = at.elevation_deg >= 90.0 - ROUNDING_DEG;
        if !above && !inside(at.azimuth_deg, from, to, ROUNDING_DEG) {
            return misplaced("azimuth_deg", at.azimuth_deg, from, to);
        }
        Ok(())
    }
}

/// Whether it is a screen loudspeaker.
pub(super) fn is_screen(speaker: &Speaker) -> bool {
    matches!(speaker.label, "M+SC" | "M-SC")
}

/// BS.2127: screen loudspeakers stand inside or outside of the front ones.
pub(super) fn screen_range(speaker: &Speaker, at: &Direction) -> AllowedDirection {
    let (from, to) = if at.azimuth_deg.abs() > 30.0 { (35.0, 60.0) } else { (5.0, 25.0) };
    let azimuth_deg = if speaker.azimuth_deg < 0.0 { [-to, -from] } else { [from, to] };
    AllowedDirection { azimuth_deg, elevation_deg: [-90.0, 90.0] }
}

/// BS.2051's ranges on the left: azimuth from and to, elevation from and to. What is not here stands at
/// its nominal direction.
fn range(system: char, label: &str) -> Option<[f64; 4]> {
    let left = match label.as_bytes() {
        [layer, b'+' | b'-', place @ ..] => (*layer, place),
        // UH+180.
        _ => (b'H', label.as_bytes()),
    };
    Some(match (system, left) {
        ('B' | 'C', (b'M', b"110")) => [100.0, 120.0, 0.0, 15.0],
        ('D' | 'E', (b'M', b"110")) => [100.0, 120.0, 0.0, 0.0],
        ('C' | 'D' | 'E', (b'U', b"030")) => [30.0, 45.0, 30.0, 55.0],
        ('D' | 'E', (b'U', b"110")) => [100.0, 135.0, 30.0, 55.0],
        ('E', (b'B', b"000")) => [0.0, 0.0, -30.0, -15.0],
        ('F', (b'U', b"045")) => [30.0, 45.0, 30.0, 45.0],
        ('F', (b'M', b"090" | b"135")) => [60.0, 150.0, 0.0, 0.0],
        ('F', (b'H', _)) => [180.0, 180.0, 45.0, 90.0],
        ('G', (b'M', b"SC")) => [5.0, 60.0, 0.0, 0.0],
        ('G' | 'I' | 'J', (b'M', b"030")) => [30.0, 45.0, 0.0, 0.0],
        ('G' | 'I' | 'J', (b'M', b"090")) => [85.0, 110.0, 0.0, 0.0],
        ('G' | 'I' | 'J', (b'M', b"135")) => [120.0, 150.0, 0.0, 0.0],
        ('G' | 'J', (b'U', b"045")) => [30.0, 45.0, 30.0, 55.0],
        ('G' | 'J', (b'U', b"135")) => [100.0, 150.0, 30.0, 55.0],
        ('H', (b'M', b"000")) => [0.0, 0.0, 0.0, 5.0],
        ('H', (b'M', b"030")) => [22.5, 30.0, 0.0, 5.0],
        ('H', (b'M', b"060")) => [45.0, 60.0, 0.0, 5.0],
        ('H', (b'M', b"090")) => [90.0, 90.0, 0.0, 15.0],
        ('H', (b'M', b"135")) => [110.0, 135.0, 0.0, 15.0],
        ('H', (b'M', b"180")) => [180.0, 180.0, 0.0, 15.0],
        ('H', (b'U', b"000")) => [0.0, 0.0, 30.0, 45.0],
        ('H', (b'U', b"045")) => [45.0, 60.0, 30.0, 45.0],
        ('H', (b'U', b"090")) => [90.0, 90.0, 30.0, 45.0],
        ('H', (b'U', b"135")) => [110.0, 135.0, 30.0, 45.0],
        ('H', (b'U', b"180")) => [180.0, 180.0, 30.0, 45.0],
        ('H', (b'B', b"000")) => [0.0, 0.0, -30.0, -15.0],
        ('H', (b'B', b"045")) => [45.0, 60.0, -30.0, -15.0],
        _ => return None,
    })
}
