//! What a fold-down check is asked for, and what it answers.

use alloc::string::String;
use alloc::vec::Vec;

use super::cancellation::Thresholds;
use super::fold_fix::{CancelCause, FoldFix};
use crate::audio::{Block, Layout};
use crate::error::Error;
use crate::units::Reading;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct FoldCheckSetup {
    /// Highest true peak of a fold-down, dBTP: -100 to 20.
    pub limit_dbtp: f64,
    /// Cancellation index below which channels cancel, dB: -60 to 0.
    pub index_db: f64,
    /// Shortest place that counts, s: 0.4 to 60.
    pub duration_s: f64,
    /// Power of a band's contributions at or below which there is nothing to cancel, dBFS: -150 to 0.
    pub floor_dbfs: f64,
    /// Places for which fixes are tried, the strongest first, in the mix and in each stem of each target.
    pub fixes: usize,
}

impl Default for FoldCheckSetup {
    /// −1 dBTP, −6 dB for half a second, −70 dBFS, four fixes.
    ///
    /// The limit is EBU R 128's. The rest is ours, for no standard covers it: −6 dB because then a sound
    /// has half of the amplitude it should have, half a second because it is the shortest round time
    /// above one window of 400 ms, −70 dBFS because it is BS.1770-5's absolute gate, −70 LUFS, below
    /// which nothing counts as programme, and four because the strongest places matter.
    fn default() -> Self {
        Self { limit_dbtp: -1.0, index_db: -6.0, duration_s: 0.5, floor_dbfs: -70.0, fixes: 4 }
    }
}

impl FoldCheckSetup {
    /// Checks every field against its bounds.
    ///
    /// # Errors
    /// The first field that is outside.
    pub fn validate(&self) -> Result<(), Error> {
        Error::check_range("limit_dbtp", self.limit_dbtp, -100.0, 20.0)?;
        Error::check_range("index_db", self.index_db, -60.0, 0.0)?;
        Error::check_range("duration_s", self.duration_s, 0.4, 60.0)?;
        Error::check_range("floor_dbfs", self.floor_dbfs, -150.0, 0.0).map(|_| ())
    }

    pub(super) fn thresholds(&self) -> Thresholds {
        Thresholds {
            index_db: self.index_db,
            duration_s: self.duration_s,
            floor_dbfs: self.floor_dbfs,
        }
    }
}

/// A stem of the mix, in the mix's layout and length.
#[derive(Clone, Copy, Debug)]
pub struct CheckedStem<'a, S> {
    /// Its name in the report.
    pub name: &'a str,
    /// Its audio, as it is added to the mix.
    pub audio: Block<'a, S>,
    /// Stems with the same number share a source (a file, a strip): what is done there reaches all of
    /// them.
    pub source: usize,
}

/// A judgement of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum FoldVerdict {
    /// Nothing was found.
    Pass,
    /// A stem cancels; the mix does not show it.
    Warn,
    /// The fold-down is over the limit, or the mix cancels.
    Fail,
}

/// A stretch over the true-peak limit.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
pub struct FoldOver {
    /// First frame over the limit.
    pub first_frame: u64,
    /// Last frame over the limit.
    pub last_frame: u64,
    /// Highest true peak, dBTP.
    pub peak_dbtp: f64,
    /// The target's channel.
    pub output: usize,
}

/// How far a fix reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
pub enum FixScope {
    /// The whole mix: there are no stems to choose from.
    Mix,
    /// The source, with all stems in it: none of them is harmed.
    Source,
    /// This stem alone, before it joins the others of its source.
    Stem,
}

/// What a fix in the source does to another stem there.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
pub struct FixHarm {
    /// The stem.
    pub stem: usize,
    /// Change of its power in the fold-down, dB; -100 stands for "all of it".
    pub change_db: f64,
}

/// What a target shows of the mix with a fix in it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FixedTarget {
    /// Highest true peak, dBTP.
    pub true_peak_dbtp: Reading,
    /// Loudness of the fold-down against that of the fixed mix itself, LU.
    pub shift_lu: Reading,
    /// The true peak is over the limit, and was not without the fix.
    pub newly_over: bool,
    /// The mix cancels somewhere, and did nowhere without the fix.
    pub newly_cancels: bool,
}

/// A stem in a target.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct StemLevels {
    /// Its highest true peak, dBTP.
    pub true_peak_dbtp: Reading,
    /// Its integrated loudness, LUFS; mono as played by two loudspeakers.
    pub integrated_lufs: Reading,
    /// Its difference from the stem's own, LU.
    pub shift_lu: Reading,
}

/// A fix that was tried, and every target checked again.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
pub struct TriedFix {
    /// What was done.
    pub fix: FoldFix,
    /// How far it may reach.
    pub scope: FixScope,
    /// The index at the place afterwards, dB.
    pub index_db: f64,
    /// The index of the whole mix at the place afterwards, dB.
    pub mix_index_db: f64,
    /// True peak of the fixed mix in this target, dBTP.
    pub true_peak_dbtp: Reading,
    /// Loudness of the fixed mix in this target against its own, LU.
    pub shift_lu: Reading,
    /// What the fixed mix does in each target, in the order of the report's.
    pub targets: Vec<FixedTarget>,
    /// The index is at or above the threshold, fewer places are found than before where the place was
    /// (the mix or the stem), and no target is newly over the limit or newly cancels.
    pub solved: bool,
    /// What it would do to the other stems of the source; a loss of more than 1 dB keeps it out of there.
    pub harm: Vec<FixHarm>,
}

/// A place where channels cancel in a fold-down.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
pub struct Cancellation {
    /// The stem in which it was found; `None` for the mix.
    pub stem: Option<usize>,
    /// For the mix: of the stems that cancel there, the one with most power there.
    pub culprit: Option<usize>,
    /// The target's channel.
    pub output: usize,
    /// Lower edge of the lowest third octave, Hz.
    pub low_hz: f64,
    /// Upper edge of the highest third octave, Hz.
    pub high_hz: f64,
    /// First frame.
    pub start_frame: u64,
    /// Frame after the last one.
    pub end_frame: u64,
    /// Cancellation index over the place, dB; -100 stands for "all of it".
    pub index_db: f64,
    /// Lowest index of 400 ms in a band, dB.
    pub lowest_db: f64,
    /// The two channels that take most from each other, the one in front first.
    pub channels: Option<[usize; 2]>,
    /// Correlation of what they contribute.
    pub correlation: f64,
    /// Why, where it was looked into.
    pub cause: Option<CancelCause>,
    /// The fix that was tried and did best.
    pub fix: Option<TriedFix>,
}

/// What was found in one target.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TargetReport {
    /// The target's name.
    pub name: String,
    /// Where its numbers come from.
    pub citation: &'static str,
    /// The layout that is heard: its channels are the outputs.
    pub layout: Layout,
    /// The judgement.
    pub verdict: FoldVerdict,
    /// How far a peak can grow at worst, dB.
    pub peak_bound_db: f64,
    /// How far unrelated channels can grow, dB.
    pub power_bound_db: f64,
    /// Highest true peak, dBTP.
    pub true_peak_dbtp: Reading,
    /// Its frame.
    pub true_peak_frame: u64,
    /// Places over the limit, channel by channel.
    pub overs: Vec<FoldOver>,
    /// Places over the limit that were not kept.
    pub overs_missed: u64,
    /// Integrated loudness, LUFS; mono as played by two loudspeakers.
    pub integrated_lufs: Reading,
    /// Its difference from the mix's own, LU.
    pub shift_lu: Reading,
    /// Lowest index of a channel over the whole time, dB.
    pub index_db: Reading,
    /// The stems in their order.
    pub stems: Vec<StemLevels>,
    /// Places, the strongest first; the mix's before the stems'.
    pub cancellations: Vec<Cancellation>,
}

/// What was found in all targets.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FoldReport {
    /// Integrated loudness of the mix itself, LUFS; mono as played by two loudspeakers.
    pub native_lufs: Reading,
    /// The targets in their order.
    pub targets: Vec<TargetReport>,
}

impl FoldReport {
    /// The worst verdict.
    #[must_use]
    pub fn verdict(&self) -> FoldVerdict {
        self.targets.iter().map(|target| target.verdict).max().unwrap_or(FoldVerdict::Pass)
    }
}
