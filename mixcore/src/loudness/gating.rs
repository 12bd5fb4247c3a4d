//! From the energies of 10 ms sub-blocks to readings: every loudness is a pure function of them.
//!
//! > M, S: 10 log10 of the mean power of 0.4 s and 3 s, ungated
//! > I: blocks of 0.4 s every 0.1 s; those above −70 LUFS have the mean Γ; I is the mean of the
//! > blocks above −70 LUFS and above Γ − 10 LU
//!
//! Sub-block k covers the frames round(k·rate/100) up to round((k+1)·rate/100) of the absolute
//! counter, so a window is right to the nearest frame at every rate. Windows are always summed
//! anew, in a fixed tree: nothing runs on and nothing drifts.
//!
//! Ties: a block exactly at a threshold does not pass for I (BS.1770-5, Annex 1, eq. 4 and 6:
//! greater than), but does for LRA (EBU Tech 3342, whose reference code has ≥). An incomplete last
//! block does not count (BS.1770-5, Annex 1). Only whole sub-blocks are stored, so an ungated mean
//! leaves out at most the last 10 ms of a programme.
//!
//! Sources: ITU-R BS.1770-5, Annex 1; EBU Tech 3341 (2023), clauses 2.1 to 2.5.
//! Cost: 4 additions per sub-block and gate for I, on demand.

use crate::audio::Layout;
use crate::error::Error;
use crate::kernels::{self, Isa, scalar};
use crate::math;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};
use crate::units::{Lufs, Power, Reading, db_to_power};

/// Sub-blocks a second (the 10 ms atom of all meters).
pub const SUB_BLOCKS_PER_S: f64 = 100.0;
/// Sub-blocks of a momentary window and of a gating block: 0.4 s (BS.1770-5, Annex 1).
pub const MOMENTARY_SUB_BLOCKS: usize = 40;
/// Sub-blocks of a short-term window: 3 s (EBU Tech 3341, clause 2.2).
pub const SHORT_TERM_SUB_BLOCKS: usize = 300;
/// Sub-blocks between gating blocks: 75 % overlap (BS.1770-5, Annex 1).
pub(super) const HOP_SUB_BLOCKS: usize = 10;
/// Absolute gate, LUFS (BS.1770-5, Annex 1, eq. 6; EBU Tech 3342).
pub(super) const ABSOLUTE_GATE_LUFS: f64 = -70.0;
/// Relative gate of I, LU (BS.1770-5, Annex 1, eq. 5).
pub(super) const RELATIVE_GATE_LU: f64 = -10.0;

/// Editions of ITU-R BS.1770 as far as the loudness of a layout of loudspeakers goes.
///
/// For up to five main channels they differ in the gates alone: the filter and the weights are the
/// same in all of them. How further loudspeakers count, the first three do not say
/// ([`Edition::covers`]).
///
/// Sources: the editions' titles and summaries; that -4 has weights by direction is known to us from
/// libebur128, whose channel names cite its Table 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Edition {
    /// BS.1770-1 (2007): no gates. Some platforms ask for it over the dialogue.
    One,
    /// BS.1770-2 (2011): gates.
    Two,
    /// BS.1770-3 (2012).
    Three,
    /// BS.1770-4 (2015).
    Four,
    /// BS.1770-5 (2023).
    #[default]
    Five,
}

impl Edition {
    /// All editions, the oldest first.
    pub const ALL: [Self; 5] = [Self::One, Self::Two, Self::Three, Self::Four, Self::Five];

    /// Whether the edition says how every loudspeaker of a layout counts: 1 to 3 know left, right,
    /// centre and two surrounds, besides LFE.
    ///
    /// # Example
    /// ```
    /// use mixcore::Layout;
    /// use mixcore::loudness::Edition;
    /// assert!(Edition::One.covers(Layout::SURROUND_5_1));
    /// assert!(!Edition::Three.covers(Layout::SURROUND_7_1));
    /// assert!(Edition::Four.covers(Layout::SURROUND_7_1));
    /// ```
    #[must_use]
    pub fn covers(self, layout: Layout) -> bool {
        let main = |label| matches!(label, "M+000" | "M+030" | "M-030" | "M+110" | "M-110");
        match self {
            Self::One | Self::Two | Self::Three => {
                layout.speakers().iter().all(|speaker| speaker.lfe || main(speaker.label))
            }
            Self::Four | Self::Five => true,
        }
    }

    /// Its name, for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::One => "ITU-R BS.1770-1",
            Self::Two => "ITU-R BS.1770-2",
            Self::Three => "ITU-R BS.1770-3",
            Self::Four => "ITU-R BS.1770-4",
            Self::Five => "ITU-R BS.1770-5",
        }
    }
}

/// What a gating block must pass to count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gates {
    /// Loudness that it must exceed, LUFS.
    pub absolute_lufs: f64,
    /// Distance to the mean of what passed the absolute gate, that it must exceed, LU (negative).
    pub relative_lu: f64,
}

impl Default for Gates {
    /// -70 LUFS and -10 LU (ITU-R BS.1770-5, Annex 1, eq. 5 and 6).
    fn default() -> Self {
        Self { absolute_lufs: ABSOLUTE_GATE_LUFS, relative_lu: RELATIVE_GATE_LU }
    }
}

/// First frame of a sub-block.
#[must_use]
pub fn sub_block_start(index: usize, rate_hz: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "frames of days fit into 53 bits"
    )]
    {
        math::round(index as f64 * rate_hz / SUB_BLOCKS_PER_S) as u64
    }
}

/// Weighted energies of consecutive 10 ms sub-blocks: the one thing a loudness meter stores.
///
/// An energy is Σ_c G_c Σ_n y_c², over the channels c with weight G and the frames n, y the
/// K-weighted signal.
#[derive(Clone, Copy, Debug)]
pub struct SubBlocks<'a> {
    energies: &'a [f64],
    rate_hz: f64,
    first: usize,
    pub(super) isa: Isa,
}

impl<'a> SubBlocks<'a> {
    /// Sub-blocks from the start of a programme.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    pub fn new(energies: &'a [f64], rate_hz: f64) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        Ok(Self::with_isa(energies, rate_hz, Isa::detect()))
    }

    pub(super) fn with_isa(energies: &'a [f64], rate_hz: f64, isa: Isa) -> Self {
        Self { energies, rate_hz, first: 0, isa }
    }

    /// Other energies at the same rate, from the start of a programme.
    #[must_use]
    pub(crate) fn with_energies<'b>(&self, energies: &'b [f64]) -> SubBlocks<'b> {
        SubBlocks { energies, rate_hz: self.rate_hz, first: 0, isa: self.isa }
    }

    /// Number of sub-blocks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.energies.len()
    }

    /// No sub-block at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.energies.is_empty()
    }

    /// The energies.
    #[must_use]
    pub fn energies(&self) -> &'a [f64] {
        self.energies
    }

    /// Sample rate, Hz.
    #[must_use]
    pub fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    /// The sub-blocks `start..end` of these, cut to what exists.
    #[must_use]
    pub fn range(&self, start: usize, end: usize) -> Self {
        let end = end.min(self.len());
        let start = start.min(end);
        Self { energies: &self.energies[start..end], first: self.first + start, ..*self }
    }

    /// First frame of sub-block `index`; of the one after the last too.
    #[must_use]
    pub fn start_frame(&self, index: usize) -> u64 {
        sub_block_start(self.first.saturating_add(index), self.rate_hz)
    }

    /// Frames of all sub-blocks.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.start_frame(self.len()) - self.start_frame(0)
    }

    /// Duration of all sub-blocks, s.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        {
            self.frames() as f64 / self.rate_hz
        }
    }

    /// Mean power of the sub-blocks `start..start + len`, as far as they exist.
    pub(super) fn window_power(&self, start: usize, len: usize) -> f64 {
        let energies = self.energies.get(start..start + len).unwrap_or_default();
        let frames = self.start_frame(start + len) - self.start_frame(start);
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        {
            kernels::sum(self.isa, energies) / frames as f64
        }
    }

    /// Powers of windows of `len` sub-blocks, one every 100 ms.
    pub(super) fn windows(self, len: usize) -> impl Iterator<Item = f64> + use<'a> {
        self.windows_before_silence(HOP_SUB_BLOCKS, len, 0)
    }

    /// Powers of windows of `len` sub-blocks, one every `hop` ≥ 1 sub-blocks, over these sub-blocks
    /// and `tail` silent ones after them.
    pub(super) fn windows_before_silence(
        self,
        hop: usize,
        len: usize,
        tail: usize,
    ) -> impl Iterator<Item = f64> + use<'a> {
        let count = (self.len() + tail + hop).saturating_sub(len) / hop;
        (0..count).map(move |n| {
            let start = n * hop;
            let frames = self.start_frame(start + len) - self.start_frame(start);
            let end = (start + len).min(self.len());
            #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
            {
                kernels::sum(self.isa, &self.energies[start..end]) / frames as f64
            }
        })
    }

    /// The answer for windows of `len` sub-blocks where there is none.
    pub(super) fn too_short(&self, len: usize) -> Reading {
        #[expect(clippy::cast_precision_loss, reason = "a window's length")]
        Reading::TooShort { have_s: self.duration_s(), need_s: len as f64 / SUB_BLOCKS_PER_S }
    }

    fn window_ending(&self, end: usize, len: usize) -> Reading {
        if end >= len && end <= self.len() {
            loudness(self.window_power(end - len, len))
        } else {
            self.range(0, end).too_short(len)
        }
    }

    /// Momentary loudness of the 0.4 s that end with sub-block `end` (exclusive), LUFS.
    #[must_use]
    pub fn momentary_lufs(&self, end: usize) -> Reading {
        self.window_ending(end, MOMENTARY_SUB_BLOCKS)
    }

    /// Short-term loudness of the 3 s that end with sub-block `end` (exclusive), LUFS.
    #[must_use]
    pub fn short_term_lufs(&self, end: usize) -> Reading {
        self.window_ending(end, SHORT_TERM_SUB_BLOCKS)
    }

    /// Loudness of all sub-blocks without any gate (BS.1770-1), LUFS.
    #[must_use]
    pub fn ungated_lufs(&self) -> Reading {
        if self.is_empty() { self.too_short(1) } else { loudness(self.window_power(0, self.len())) }
    }

    /// Integrated loudness by an edition of BS.1770, LUFS: 1 without gates, 2 to 5 with both.
    ///
    /// Energies do not say which loudspeakers they come from. Those of a layout that the edition does
    /// not cover ([`Edition::covers`]) are weighted as the fifth has it; the reading is then that
    /// edition's gates over those weights, an extension of ours that no edition knows.
    ///
    /// # Source
    /// ITU-R BS.1770-1 (2007); BS.1770-2 (2011) introduced the gates, which -3, -4 and -5 keep.
    #[must_use]
    pub fn loudness_by(&self, edition: Edition) -> Reading {
        match edition {
            Edition::One => self.ungated_lufs(),
            _ => self.gated(Gates::default()),
        }
    }

    /// Integrated loudness with both gates, LUFS. Blocks begin with the first sub-block.
    ///
    /// # Source
    /// ITU-R BS.1770-5, Annex 1, eq. 3 to 7.
    ///
    /// # Example
    /// ```
    /// use mixcore::loudness::SubBlocks;
    /// // 10 s at a weighted power of 0.01, 480 frames a sub-block, then 10 s of silence.
    /// let mut energies = vec![4.8; 1000];
    /// energies.extend([0.0; 1000]);
    /// let programme = SubBlocks::new(&energies, 48_000.0)?;
    /// assert!((programme.integrated_lufs().value().unwrap() + 20.691).abs() < 0.1);
    /// assert!((programme.ungated_lufs().value().unwrap() + 23.701).abs() < 1e-3);
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    #[must_use]
    pub fn integrated_lufs(&self) -> Reading {
        self.gated(Gates::default())
    }

    /// Integrated loudness with gates of one's own, LUFS: a block counts if it is louder than the
    /// absolute gate and louder than the mean of those blocks plus the relative gate.
    ///
    /// A gate of minus infinity is none.
    ///
    /// # Errors
    /// An absolute gate above 100 LUFS, a relative gate above 0 LU, or one that is NaN.
    pub fn gated_lufs(&self, gates: Gates) -> Result<Reading, Error> {
        for (field, given, max) in
            [("absolute_lufs", gates.absolute_lufs, 100.0), ("relative_lu", gates.relative_lu, 0.0)]
        {
            if given.is_nan() || given > max {
                return Err(Error::OutOfRange { field, given, min: f64::NEG_INFINITY, max });
            }
        }
        Ok(self.gated(gates))
    }

    fn gated(&self, gates: Gates) -> Reading {
        if self.len() < MOMENTARY_SUB_BLOCKS {
            return self.too_short(MOMENTARY_SUB_BLOCKS);
        }
        gated_loudness(|| self.windows(MOMENTARY_SUB_BLOCKS), gates)
    }
}

/// Loudness of the gating blocks that pass both gates, from the powers of all of them.
pub(super) fn gated_loudness<I: Iterator<Item = f64>>(
    powers: impl Fn() -> I,
    gates: Gates,
) -> Reading {
    let absolute = Lufs::new(gates.absolute_lufs).power().value();
    let relative = db_to_power(gates.relative_lu);
    let mean_above = |threshold: f64| mean(powers().filter(|&power| power > threshold));
    match mean_above(absolute) {
        Some(ungated) => {
            mean_above(absolute.max(ungated * relative)).map_or(Reading::BelowGate, loudness)
        }
        None => Reading::BelowGate,
    }
}

/// Loudness of a mean power as a reading.
pub(super) fn loudness(power: f64) -> Reading {
    Reading::from_level(Power::new(power).loudness().value())
}

/// The mean, in the fixed tree of `kernels::sum`; none of nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut lanes = [0.0; 8];
    let mut count = 0_usize;
    for value in values {
        lanes[count % 8] += value;
        count += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "blocks of days fit into 53 bits")]
    (count > 0).then(|| scalar::sum(&lanes) / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Energies of one sub-block at 48 kHz that read `lufs`.
    fn energy(lufs: f64) -> f64 {
        Lufs::new(lufs).power().value() * 480.0
    }

    #[test]
    fn a_window_is_right_to_the_nearest_frame() {
        let energies = [1.0; 100];
        let blocks = SubBlocks::new(&energies, 11_025.0).unwrap();
        assert_eq!(blocks.frames(), 11_025);
        assert_eq!(blocks.range(1, 2).frames(), 111); // 110.25 and 220.5 rounded
        assert_eq!(blocks.range(3, 43).frames(), 4410);
    }

    #[test]
    fn silence_and_short_material_have_no_loudness() {
        let silence = [0.0; 50];
        let blocks = SubBlocks::new(&silence, 48e3).unwrap();
        assert_eq!(blocks.integrated_lufs(), Reading::BelowGate);
        assert_eq!(blocks.ungated_lufs(), Reading::BelowGate);
        let short = blocks.range(0, 39);
        assert_eq!(short.integrated_lufs(), Reading::TooShort { have_s: 0.39, need_s: 0.4 });
        assert!(matches!(blocks.short_term_lufs(50), Reading::TooShort { .. }));
        assert!(matches!(blocks.range(7, 7).ungated_lufs(), Reading::TooShort { .. }));
    }

    #[test]
    fn the_absolute_gate_takes_only_what_is_greater() {
        for (lufs, passes) in [(-70.000_001, false), (-69.999_999, true)] {
            let energies = [energy(lufs); 40];
            let reading = SubBlocks::new(&energies, 48e3).unwrap().integrated_lufs();
            assert_eq!(reading.value().is_some(), passes, "{reading}");
        }
    }

    #[test]
    fn a_block_exactly_at_a_gate_does_not_count() {
        let absolute = Lufs::new(ABSOLUTE_GATE_LUFS).power().value();
        let read = |powers: &[f64]| gated_loudness(|| powers.iter().copied(), Gates::default());
        assert_eq!(read(&[absolute]), Reading::BelowGate);
        assert!(read(&[absolute.next_up()]).value().is_some());
        // Eight blocks of 1 and one that lies at the gate which it helps to set: x = mean / 10.
        let mut powers = [1.0; 9];
        for _ in 0..20 {
            powers[8] = mean(powers.iter().copied()).unwrap() * db_to_power(RELATIVE_GATE_LU);
        }
        assert!((powers[8] - 8.0 / 89.0).abs() < 1e-12);
        assert_eq!(read(&powers), loudness(1.0));
        powers[8] *= 1.0 + 1e-12;
        assert!(read(&powers).value() < loudness(1.0).value());
    }

    #[test]
    fn editions_differ_in_the_gates_alone() {
        // 4 s at -20, then 4 s at -35 LUFS: the relative gate lies at -22.7 - 10 LUFS.
        let mut energies = [energy(-20.0); 800];
        energies[400..].fill(energy(-35.0));
        let blocks = SubBlocks::new(&energies, 48e3).unwrap();
        let by = |edition| blocks.loudness_by(edition).value().unwrap();
        let half = Power::new(0.5).loudness().value() + 0.691;
        let ungated = blocks.ungated_lufs().value().unwrap();
        assert_eq!(by(Edition::One), ungated);
        // Half the time, and the quiet half adds 0.13 dB.
        assert!((ungated - (-20.0 + half + 0.135)).abs() < 0.01, "{ungated}");
        for edition in [Edition::Two, Edition::Three, Edition::Four, Edition::Five] {
            assert_eq!(by(edition), blocks.integrated_lufs().value().unwrap());
        }
        // The three blocks that straddle the edge count and are 1.2 to 6 dB quieter.
        assert!((by(Edition::Five) + 20.0).abs() < 0.2);
        assert_eq!(Edition::default().name(), "ITU-R BS.1770-5");
    }

    #[test]
    fn gates_of_ones_own() {
        let mut energies = [energy(-20.0); 800];
        energies[400..].fill(energy(-35.0));
        let blocks = SubBlocks::new(&energies, 48e3).unwrap();
        let by = |absolute_lufs, relative_lu| {
            blocks.gated_lufs(Gates { absolute_lufs, relative_lu }).unwrap()
        };
        assert_eq!(by(-70.0, -10.0), blocks.integrated_lufs());
        // Without gates every block counts; blocks overlap, so it is nearly the plain mean.
        let open = by(f64::NEG_INFINITY, f64::NEG_INFINITY).value().unwrap();
        assert!((open - blocks.ungated_lufs().value().unwrap()).abs() < 0.05);
        // A relative gate of -20 LU lets the quiet half in.
        assert!((by(-70.0, -20.0).value().unwrap() - open).abs() < 1e-9);
        assert_eq!(by(0.0, -10.0), Reading::BelowGate);
        for relative_lu in [f64::NAN, 0.1] {
            let gates = Gates { relative_lu, ..Gates::default() };
            assert!(blocks.gated_lufs(gates).is_err());
        }
    }

    #[test]
    fn the_last_whole_block_counts_and_the_incomplete_one_does_not() {
        let mut energies = [energy(-30.0); 59];
        energies[50..].fill(energy(0.0));
        let loud_tail = SubBlocks::new(&energies, 48e3).unwrap();
        let reading = loud_tail.integrated_lufs().value().unwrap();
        assert!((reading + 30.0).abs() < 1e-9, "{reading}");
    }
}
