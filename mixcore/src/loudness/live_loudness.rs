//! Loudness without an end: the readings of a meter that runs for days in memory of a fixed size.
//!
//! What [`super::SubBlocks`] reads from a list of all 10 ms energies is kept here as it comes: the
//! last 3 s for M and S, those of the programme, two histograms for I and LRA, and the maxima.
//!
//! M, S and their maxima have the bits of [`super::Meter`]: the same windows, summed in the same tree.
//! I and LRA have the errors that are documented, derived and measured at the head of
//! `histogram.rs`; in short, at 0.01 LU a bin, I is right to 0.005 LU and LRA to 0.02 LU on programme
//! material, and [`LiveLoudness::integrated_bounds_lufs`] says how far off it can be.
//!
//! # Pause
//! EBU Tech 3341, clause 2.6: while the measurement stands by, M and S go on; I, LRA and the maxima
//! stand still. As with [`super::Meter`], the programme is what was measured, spliced: windows reach
//! over a splice, and the 100 ms grid goes on.
//!
//! Sources: ITU-R BS.1770-5, Annex 1; EBU Tech 3341 (2023), clauses 2.2 to 2.6; EBU Tech 3342.
//! Cost: 340 additions a sub-block (10 ms), 2 logarithms every 100 ms. On demand, in instructions
//! (callgrind, AVX2): M 350, S 480; I 3400 with 1000 bins above the gate (10 LU at 0.01 LU), LRA 33,000
//! with 2000; a tenth of these at 0.1 LU.
//! Latency: readings follow the last energy.
//! Limits: on a 32-bit CPU the counter of sub-blocks ends after 497 days.

use super::gating::{
    HOP_SUB_BLOCKS, MOMENTARY_SUB_BLOCKS, RELATIVE_GATE_LU, SHORT_TERM_SUB_BLOCKS,
    SUB_BLOCKS_PER_S, loudness, sub_block_start,
};
use super::histogram::{BinWidth, Bounds, Histogram, RelativeGate};
use super::range::{LoudnessRange, RELATIVE_GATE};
use super::readings::Held;
use super::recent::Recent;
use crate::audio::Store;
use crate::error::Error;
use crate::kernels::{self, Isa, SAMPLE_LIMIT};
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ};
use crate::units::{Reading, db_to_power};

/// The last 3 s of the programme, written twice, so that every window is one slice.
const RING: usize = 2 * SHORT_TERM_SUB_BLOCKS;

/// Energies beyond this are no audio: 24 channels of weight 1.41 at the largest sample, 3840 frames
/// (10 ms at 384 kHz) and the largest gain of the K-weighting (4.04 dB) are 3.3e17.
const ENERGY_LIMIT: f64 = 1e6 * SAMPLE_LIMIT * SAMPLE_LIMIT;

/// Loudness of a programme of any length, fed with the weighted energy of each 10 ms.
///
/// [`super::LiveMeter`] feeds it from audio; on its own it serves whoever has energies already (from
/// [`super::SubBlocks::energies`], from another machine, from a file of a logger).
///
/// # Example
/// ```
/// use mixcore::loudness::{BinWidth, LiveLoudness};
/// // 10 s at a weighted power of 0.01, 480 frames a sub-block, then 10 s of silence.
/// let mut live = LiveLoudness::new(BinWidth::OneTenth, 48_000.0)?;
/// for k in 0..2000 {
///     live.push(if k < 1000 { 4.8 } else { 0.0 });
/// }
/// assert!((live.integrated_lufs().value().unwrap() + 20.691).abs() < 0.1);
/// assert!((live.momentary_max_lufs().value().unwrap() + 20.691).abs() < 1e-9);
/// assert_eq!(live.momentary_lufs().value(), None); // silence
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct LiveLoudness<'a> {
    rate_hz: f64,
    isa: Isa,
    recent: Recent,
    /// The last 3 s of the programme.
    ring: Store<'a, f64>,
    gating_blocks: Histogram<'a>,
    short_terms: Histogram<'a>,
    momentary_max: Held,
    short_term_max: Held,
    /// Sub-blocks since the reset, those of pauses too.
    done: usize,
    /// First sub-block that counts.
    counts_from: usize,
    running: bool,
    /// Sub-blocks that count.
    counted: usize,
    faults: u64,
}

impl LiveLoudness<'static> {
    /// A meter with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    #[cfg(feature = "alloc")]
    pub fn new(bins: BinWidth, rate_hz: f64) -> Result<Self, Error> {
        let own = |len| Store::owned(len, 0.0);
        let bin = Histogram::required_len(bins);
        Self::with_stores(bins, rate_hz, own(RING), own(bin), own(bin))
    }
}

impl<'a> LiveLoudness<'a> {
    /// f64 numbers that [`LiveLoudness::new_in`] needs: 36,600 at 0.01 LU, 7,800 at 0.05 LU, 4,200 at
    /// 0.1 LU.
    #[must_use]
    pub const fn required_len(bins: BinWidth) -> usize {
        RING + 2 * Histogram::required_len(bins)
    }

    /// A meter in lent memory of at least [`LiveLoudness::required_len`].
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or too little memory.
    pub fn new_in(bins: BinWidth, rate_hz: f64, memory: &'a mut [f64]) -> Result<Self, Error> {
        let (given, required) = (memory.len(), Self::required_len(bins));
        if given < required {
            return Err(Error::Storage { what: "live meter", given, required });
        }
        let bin = Histogram::required_len(bins);
        let (ring, rest) = memory.split_at_mut(RING);
        let (first, second) = rest.split_at_mut(bin);
        let lent = |part, len| Store::lent("live meter", part, len, 0.0);
        let (ring, first, second) = (lent(ring, RING)?, lent(first, bin)?, lent(second, bin)?);
        Self::with_stores(bins, rate_hz, ring, first, second)
    }

    fn with_stores(
        bins: BinWidth,
        rate_hz: f64,
        ring: Store<'a, f64>,
        gating_blocks: Store<'a, f64>,
        short_terms: Store<'a, f64>,
    ) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        // Ties as in `gating.rs`: greater than for I, at least for LRA.
        let integrated = RelativeGate { ratio: db_to_power(RELATIVE_GATE_LU), at_passes: false };
        let range = RelativeGate { ratio: RELATIVE_GATE, at_passes: true };
        Ok(Self {
            rate_hz,
            isa: Isa::detect(),
            recent: Recent::new(),
            ring,
            gating_blocks: Histogram::new(bins, integrated, gating_blocks),
            short_terms: Histogram::new(bins, range, short_terms),
            momentary_max: Held::default(),
            short_term_max: Held::default(),
            done: 0,
            counts_from: 0,
            running: true,
            counted: 0,
            faults: 0,
        })
    }

    /// The same on another SIMD level.
    pub(super) fn on(self, isa: Isa) -> Self {
        Self { isa, ..self }
    }

    /// Takes the weighted energy of the next 10 ms: Σ_c G_c Σ_n y_c², as [`super::SubBlocks`] holds it.
    ///
    /// What cannot be the energy of audio (not finite, negative, beyond 1e18) counts as 0, and is
    /// counted.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn push(&mut self, energy: f64) {
        let sound = (0.0..=ENERGY_LIMIT).contains(&energy);
        self.faults += u64::from(!sound);
        let energy = if sound { energy } else { 0.0 };
        self.recent.hear(self.done, energy);
        self.done += 1;
        if self.running && self.done > self.counts_from {
            self.count(energy);
        }
    }

    /// Appends to the programme, and counts the windows that are complete.
    fn count(&mut self, energy: f64) {
        let at = self.counted % SHORT_TERM_SUB_BLOCKS;
        for slot in [at, at + SHORT_TERM_SUB_BLOCKS] {
            if let Some(slot) = self.ring.get_mut(slot) {
                *slot = energy;
            }
        }
        self.counted += 1;
        let (counted, frame) = (self.counted, self.frames());
        let on_grid = |len: usize| (counted - len).is_multiple_of(HOP_SUB_BLOCKS);
        if counted >= MOMENTARY_SUB_BLOCKS {
            let power = self.power(MOMENTARY_SUB_BLOCKS);
            self.momentary_max.hold(power, frame);
            if on_grid(MOMENTARY_SUB_BLOCKS) {
                self.gating_blocks.add(power);
            }
        }
        if counted >= SHORT_TERM_SUB_BLOCKS {
            let power = self.power(SHORT_TERM_SUB_BLOCKS);
            self.short_term_max.hold(power, frame);
            if on_grid(SHORT_TERM_SUB_BLOCKS) {
                self.short_terms.add(power);
            }
        }
    }

    fn start(&self, sub_block: usize) -> u64 {
        sub_block_start(sub_block, self.rate_hz)
    }

    /// Mean power of the programme's last `len` sub-blocks, of which there are so many.
    fn power(&self, len: usize) -> f64 {
        let last = self.counted.saturating_sub(1) % SHORT_TERM_SUB_BLOCKS;
        let end = last + SHORT_TERM_SUB_BLOCKS + 1;
        let energies = self.ring.get(end - len..end).unwrap_or_default();
        let frames = self.start(self.counted) - self.start(self.counted - len);
        #[expect(clippy::cast_precision_loss, reason = "3 s")]
        {
            kernels::sum(self.isa, energies) / frames as f64
        }
    }

    /// Stands by: M and S go on, everything else stands still (EBU Tech 3341, clause 2.6).
    ///
    /// # Real time
    /// Does not allocate.
    pub fn pause(&mut self) {
        self.running = false;
    }

    /// Measures on from the next energy; nothing happens while it does.
    ///
    /// # Real time
    /// Does not allocate.
    pub fn resume(&mut self) {
        self.resume_at(self.done);
    }

    pub(super) fn resume_at(&mut self, sub_block: usize) {
        if !self.running {
            self.running = true;
            self.counts_from = sub_block;
        }
    }

    /// Whether it measures (else it stands by).
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Starts the measurement anew, running or standing by: I, LRA and the maxima together (EBU Tech
    /// 3341, clause 2.6). M, S and the frame counter go on.
    ///
    /// # Real time
    /// Does not allocate; sets the bins to zero (up to 288 kB).
    pub fn restart(&mut self) {
        self.restart_at(self.done);
    }

    pub(super) fn restart_at(&mut self, sub_block: usize) {
        self.gating_blocks.clear();
        self.short_terms.clear();
        (self.momentary_max, self.short_term_max) = (Held::default(), Held::default());
        self.counts_from = sub_block;
        (self.counted, self.faults) = (0, 0);
    }

    /// As good as new, and running; the memory is kept.
    ///
    /// # Real time
    /// Does not allocate; sets the bins to zero (up to 288 kB).
    pub fn reset(&mut self) {
        self.done = 0;
        self.running = true;
        self.restart_at(0);
    }

    /// Adds what another meter has measured to I and LRA: the windows of both, as of reels of one
    /// programme or songs of one album. There are no windows across the cut.
    ///
    /// Maxima, duration and faults stay this meter's own. The sample rates may differ.
    ///
    /// # Real time
    /// Does not allocate; one pass over the bins.
    ///
    /// # Errors
    /// Another bin width; nothing is added then.
    pub fn merge_from(&mut self, other: &LiveLoudness<'_>) -> Result<(), Error> {
        if self.bin_width() != other.bin_width() {
            return Err(Error::Unsupported {
                what: "a merge of histograms with different bins",
                hint: "give both meters the same bin width",
            });
        }
        self.gating_blocks.merge_from(&other.gating_blocks);
        self.short_terms.merge_from(&other.short_terms);
        Ok(())
    }

    /// Width of the bins.
    #[must_use]
    pub fn bin_width(&self) -> BinWidth {
        self.gating_blocks.width()
    }

    /// Sample rate, Hz.
    #[must_use]
    pub fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    /// Sub-blocks since the reset, those of pauses too.
    #[must_use]
    pub fn sub_blocks(&self) -> usize {
        self.done
    }

    /// Frames of these: the frame after the last one.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.start(self.done)
    }

    /// Duration of what counts, s.
    #[must_use]
    pub fn measured_s(&self) -> f64 {
        self.seconds(self.counted)
    }

    /// Energies since the start of the measurement that were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    fn seconds(&self, sub_blocks: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        {
            self.start(sub_blocks) as f64 / self.rate_hz
        }
    }

    fn too_short(&self, have: usize, need: usize) -> Reading {
        #[expect(clippy::cast_precision_loss, reason = "a window's length")]
        let need_s = need as f64 / SUB_BLOCKS_PER_S;
        Reading::TooShort { have_s: self.seconds(have), need_s }
    }

    fn last(&self, len: usize) -> Reading {
        self.recent.lufs(self.done, len, self.rate_hz, self.isa)
    }

    fn held(&self, max: &Held, len: usize) -> Reading {
        if self.counted < len { self.too_short(self.counted, len) } else { loudness(max.power) }
    }

    /// Loudness of the last 0.4 s, LUFS, measured or not.
    #[must_use]
    pub fn momentary_lufs(&self) -> Reading {
        self.last(MOMENTARY_SUB_BLOCKS)
    }

    /// Loudness of the last 3 s, LUFS, measured or not.
    #[must_use]
    pub fn short_term_lufs(&self) -> Reading {
        self.last(SHORT_TERM_SUB_BLOCKS)
    }

    /// Largest momentary loudness, on the 10 ms grid, LUFS.
    #[must_use]
    pub fn momentary_max_lufs(&self) -> Reading {
        self.held(&self.momentary_max, MOMENTARY_SUB_BLOCKS)
    }

    /// The frame at which its window ends.
    #[must_use]
    pub fn momentary_max_frame(&self) -> u64 {
        self.momentary_max.frame
    }

    /// Largest short-term loudness, on the 10 ms grid, LUFS.
    #[must_use]
    pub fn short_term_max_lufs(&self) -> Reading {
        self.held(&self.short_term_max, SHORT_TERM_SUB_BLOCKS)
    }

    /// The frame at which its window ends.
    #[must_use]
    pub fn short_term_max_frame(&self) -> u64 {
        self.short_term_max.frame
    }

    /// Integrated loudness with both gates, LUFS.
    #[must_use]
    pub fn integrated_lufs(&self) -> Reading {
        if self.gating_blocks.is_empty() {
            self.too_short(self.counted, MOMENTARY_SUB_BLOCKS)
        } else {
            self.gating_blocks.mean_lufs()
        }
    }

    /// Between which values integrated loudness lies if every block is looked at, LUFS.
    #[must_use]
    pub fn integrated_bounds_lufs(&self) -> Bounds {
        if self.gating_blocks.is_empty() {
            Bounds::both(self.integrated_lufs())
        } else {
            self.gating_blocks.mean_bounds_lufs()
        }
    }

    /// Loudness range, with its ends, its gate and the number of windows that count. Not stable while
    /// [`LiveLoudness::measured_s`] is below 60 (EBU Tech 3341, clause 2.4).
    #[must_use]
    pub fn loudness_range(&self) -> LoudnessRange {
        if self.short_terms.is_empty() {
            LoudnessRange::none(self.too_short(self.counted, SHORT_TERM_SUB_BLOCKS))
        } else {
            self.short_terms.range()
        }
    }

    /// Between which values the loudness range lies if every window is looked at, LU.
    #[must_use]
    pub fn loudness_range_bounds_lu(&self) -> Bounds {
        if self.short_terms.is_empty() {
            Bounds::both(self.loudness_range().range_lu)
        } else {
            self.short_terms.range_bounds_lu()
        }
    }
}
