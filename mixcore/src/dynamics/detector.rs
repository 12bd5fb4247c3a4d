//! What a level is: the peak of a sample, or the mean square of a window, K-weighted or not.
//!
//! The mean over N frames is exact and cannot drift: squares are kept in chunks of 32 frames of the
//! absolute counter with the sum of each chunk, and
//!
//! > Σ window = (what is left of the oldest chunk) + (sums of the chunks between) + (this chunk so far)
//!
//! is put together anew in every chunk, in f64 and in a fixed order. So it depends on the frames
//! alone, not on how they were cut into blocks, and after N frames of silence it is exactly 0.
//!
//! Cost: about 4 additions a frame and N/1024 more. Latency: none.

use core::ops::Range;

use super::key_filter::{KeyFilter, KeyState};
use super::side_chain::Span;
use crate::audio::{Layout, Sample};
use crate::error::Error;
use crate::kernels::{self, Isa};
use crate::loudness::{KWeighting, channel_weight};
use crate::stream::Stream;

/// Frames of a chunk of the mean square: the parameters' grid ([`crate::ramp::GRID_FRAMES`]).
pub(super) const DETECTOR_CHUNK: usize = kernels::SQUARE_CHUNK;
/// Shortest window, ms: a whole period of the square of 100 Hz, so that a low voice has a steady level;
/// at low rates it is at least 64 frames, two chunks.
pub const MIN_WINDOW_MS: f64 = 5.0;
/// Longest window, ms: beyond that a level is a loudness (momentary 0.4 s, short-term 3 s), and the
/// leveller's task.
pub const MAX_WINDOW_MS: f64 = 1000.0;

/// BS.1770-5, Annex 1, equation 2: the constant of loudness, dB.
const LOUDNESS_OFFSET_DB: f32 = -0.691;

/// What a processor listens for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Detector {
    /// The magnitude of each sample, dBFS.
    #[default]
    Peak,
    /// The mean square of the last frames, dBFS: a full-scale sine reads -3.01.
    Rms {
        /// Length of the window, [`MIN_WINDOW_MS`] to [`MAX_WINDOW_MS`].
        window_ms: f64,
    },
    /// The same behind the K-weighting, in LUFS: of a channel with its weight of BS.1770 (a full-scale
    /// sine of 997 Hz in front reads -3.01), of linked channels the loudness of their sum. An LFE, which
    /// BS.1770 leaves out, and a key of one channel, which has no place, have the weight 1.
    KWeighted {
        /// Length of the window, [`MIN_WINDOW_MS`] to [`MAX_WINDOW_MS`].
        window_ms: f64,
    },
}

/// A detector for one stream: what all channels share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listening {
    weighting: KeyFilter,
    /// The mean square; peaks have none.
    pub(super) window: Option<MeanSquare>,
    /// The level is a loudness: channels have weights, and a group is as loud as its sum.
    loudness: bool,
}

impl Detector {
    /// Checks the window.
    ///
    /// # Errors
    /// A window outside its bounds.
    pub(super) fn validate(&self) -> Result<(), Error> {
        match *self {
            Self::Peak => Ok(()),
            Self::Rms { window_ms } | Self::KWeighted { window_ms } => {
                Error::check_range("window_ms", window_ms, MIN_WINDOW_MS, MAX_WINDOW_MS).map(|_| ())
            }
        }
    }

    pub(super) fn listening(&self, stream: &Stream) -> Result<Listening, Error> {
        self.validate()?;
        let window = |ms: f64| Some(MeanSquare::new(stream.frames_of_ms(ms)));
        Ok(match *self {
            Self::Peak => Listening { weighting: KeyFilter::NONE, window: None, loudness: false },
            Self::Rms { window_ms } => {
                Listening { weighting: KeyFilter::NONE, window: window(window_ms), loudness: false }
            }
            Self::KWeighted { window_ms } => {
                let k = KWeighting::design(stream.rate_hz)?;
                Listening {
                    weighting: KeyFilter::new(&[k.shelf, k.high_pass])?,
                    window: window(window_ms),
                    loudness: true,
                }
            }
        })
    }
}

/// What a detector remembers of one channel, besides the squares.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ear {
    weighting: KeyState,
    /// Sum of the window without the current chunk, for each of its frames.
    older: [f64; DETECTOR_CHUNK],
    /// Sum of the current chunk so far.
    newer: f64,
    /// Sums of what is left, from each of its frames on, of the chunk that will be the oldest.
    left: [f64; DETECTOR_CHUNK],
}

impl Default for Ear {
    fn default() -> Self {
        Self {
            weighting: KeyState::default(),
            older: [0.0; DETECTOR_CHUNK],
            newer: 0.0,
            left: [0.0; DETECTOR_CHUNK],
        }
    }
}

impl Ear {
    /// Recursive states that are far below all audio become 0; called at multiples of 256 frames.
    pub(super) fn settle(&mut self) {
        self.weighting.settle();
    }
}

impl Listening {
    /// Values of memory per channel.
    pub(super) fn memory_len(&self) -> usize {
        self.window.map_or(0, |window| window.memory_len())
    }

    /// Values of memory of a pair of channels with two signals each.
    pub(super) fn pair_memory_len(&self) -> usize {
        self.window.map_or(0, |window| window.pair_memory_len())
    }

    /// The window's current chunk behind a part of the signal that began in the one in `slot`.
    pub(super) fn slot_after(&self, slot: usize, span: Span) -> usize {
        let Some(window) = &self.window else { return 0 };
        (0..span.ends_of(DETECTOR_CHUNK as u64)).fold(slot, |slot, _| window.next(slot))
    }

    /// Whether the magnitude of the plain samples is all that is asked for.
    pub(super) fn is_plain(&self) -> bool {
        self.window.is_none() && self.weighting.is_none()
    }

    /// Magnitudes or mean squares of filtered samples, as large as the level of `levels_db` needs.
    /// `slot` and `place` are the first frame's chunk and its place there.
    pub(super) fn measure(
        &self,
        isa: Isa,
        ear: &mut Ear,
        memory: &mut [f64],
        (slot, place): (usize, usize),
        samples: &mut [f64],
        row: &mut [f32],
    ) {
        self.weighting.run(&mut ear.weighting, samples);
        match &self.window {
            None => {
                row.fill(0.0);
                kernels::raise_to_magnitude(isa, samples, row);
            }
            Some(window) => window.run(isa, ear, memory, (slot, place), samples, row),
        }
    }

    /// Turns what [`Listening::measure`] found into levels in dB.
    pub(super) fn levels_db(&self, isa: Isa, row: &mut [f32]) {
        match self.window {
            None => {
                kernels::levels_db(isa, row, kernels::AMPLITUDE_DB, kernels::AMPLITUDE_FLOOR);
            }
            Some(_) => kernels::levels_db(isa, row, kernels::POWER_DB, kernels::POWER_FLOOR),
        }
        if self.loudness {
            for level in row {
                *level += LOUDNESS_OFFSET_DB;
            }
        }
    }

    /// How much a channel counts.
    pub(super) fn weight(&self, layout: Layout, channel: usize) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "0, 1 or 1.41: a control signal")]
        let weight = layout.speakers().get(channel).map_or(1.0, channel_weight) as f32;
        if self.loudness && weight > 0.0 { weight } else { 1.0 }
    }

    /// What was measured of a channel counts by its weight and joins what is known of its group: the
    /// sum where the level is a loudness, else the largest. `one_key` is the key of all, which counts
    /// once and has no weight.
    pub(super) fn join(
        &self,
        isa: Isa,
        weight: f32,
        one_key: bool,
        row: &mut [f32],
        group: Option<&mut [f32]>,
    ) {
        if !one_key && weight != 1.0 {
            row.iter_mut().for_each(|value| *value *= weight);
        }
        let Some(group) = group else { return };
        if one_key || !self.loudness {
            raise(isa, &*row, group);
        } else {
            group.iter_mut().zip(row).for_each(|(sum, value)| *sum += *value);
        }
    }
}

/// Magnitudes of samples of either type, raised into a row.
pub(super) fn raise<S: Sample>(isa: Isa, samples: &[S], row: &mut [f32]) {
    kernels::raise_to_magnitude(isa, samples, row);
}

/// The mean of squares over a window of whole frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct MeanSquare {
    /// From a frame to the oldest one of its window.
    back: usize,
    /// Chunks from the current one to the one that holds the oldest frame, when the current begins.
    pub(super) chunks: usize,
    /// 1 over the frames of the window.
    pub(super) share: f64,
}

impl MeanSquare {
    pub(super) fn new(frames: usize) -> Self {
        // Two chunks at least, so that the oldest frame never lies in the current one.
        let frames = frames.max(2 * DETECTOR_CHUNK);
        #[expect(clippy::cast_precision_loss, reason = "at most a second")]
        let share = 1.0 / frames as f64;
        Self { back: frames - 1, chunks: (frames - 1).div_ceil(DETECTOR_CHUNK), share }
    }

    /// Chunks that are kept, the current one included.
    pub(super) fn slots(&self) -> usize {
        self.chunks + 1
    }

    /// Squares of all slots, then the sum of each.
    pub(super) fn memory_len(&self) -> usize {
        self.slots() * (DETECTOR_CHUNK + 1)
    }

    pub(super) fn run(
        &self,
        isa: Isa,
        ear: &mut Ear,
        memory: &mut [f64],
        (slot, place): (usize, usize),
        samples: &[f64],
        row: &mut [f32],
    ) {
        let Some((squares, sums)) = memory.split_at_mut_checked(self.slots() * DETECTOR_CHUNK)
        else {
            return;
        };
        let (mut slot, mut place) = (slot, place);
        let (mut samples, mut row) = (samples, row);
        while !samples.is_empty() && !row.is_empty() {
            if place == 0 {
                self.begin(isa, ear, squares, sums, slot);
            }
            let count = (DETECTOR_CHUNK - place.min(DETECTOR_CHUNK - 1)).min(samples.len());
            let Some((now, later)) = samples.split_at_checked(count) else { return };
            let Some((means, rest)) = core::mem::take(&mut row).split_at_mut_checked(count) else {
                return;
            };
            let chunk = squares.chunks_exact_mut(DETECTOR_CHUNK).nth(slot).unwrap_or_default();
            let chunk = chunk.get_mut(place..).unwrap_or_default();
            let older = ear.older.get(place..).unwrap_or_default();
            let mut sum = ear.newer;
            for (((x, square), older), mean) in now.iter().zip(chunk).zip(older).zip(means) {
                *square = x * x;
                sum += *square;
                #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
                {
                    *mean = ((older + sum) * self.share) as f32;
                }
            }
            ear.newer = sum;
            place += count;
            if place == DETECTOR_CHUNK {
                if let Some(slot) = sums.get_mut(slot) {
                    *slot = sum;
                }
                ear.newer = 0.0;
                (slot, place) = (self.next(slot), 0);
            }
            (samples, row) = (later, rest);
        }
    }

    /// The chunk after the one in `slot`.
    pub(super) fn next(&self, slot: usize) -> usize {
        if slot + 1 >= self.slots() { 0 } else { slot + 1 }
    }

    /// The slot of a chunk so many chunks before the one in `slot`.
    pub(super) fn ago(&self, slot: usize, chunks: usize) -> usize {
        if slot >= chunks { slot - chunks } else { (slot + self.slots()).saturating_sub(chunks) }
    }

    /// Slots of the chunks between the second-oldest one and the one in `slot`, in two runs where the
    /// ring turns.
    pub(super) fn between(&self, slot: usize) -> [Range<usize>; 2] {
        let first = self.ago(slot, self.chunks.saturating_sub(2));
        if self.chunks < 3 {
            [0..0, 0..0]
        } else if first < slot {
            [first..slot, 0..0]
        } else {
            [first..self.slots(), 0..slot]
        }
    }

    /// Frames of the oldest chunk that the first window of a chunk does not hold.
    pub(super) fn offset(&self) -> usize {
        (self.chunks * DETECTOR_CHUNK).saturating_sub(self.back)
    }

    /// The part of each window that lies before the chunk in `slot`.
    fn begin(&self, isa: Isa, ear: &mut Ear, squares: &[f64], sums: &[f64], slot: usize) {
        // What is left of the second-oldest chunk from each of its frames on; that of the oldest is
        // known from the chunk before.
        let mut next = [0.0; DETECTOR_CHUNK];
        let mut sum = 0.0;
        let second = self.ago(slot, self.chunks.saturating_sub(1));
        let chunk = squares.chunks_exact(DETECTOR_CHUNK).nth(second).unwrap_or_default();
        for (left, square) in next.iter_mut().zip(chunk).rev() {
            sum += square;
            *left = sum;
        }
        let oldest = core::mem::replace(&mut ear.left, next);
        // No sum is -0, so an empty run takes nothing from the bits.
        let [one, two] = self.between(slot);
        let between = kernels::sum(isa, sums.get(one).unwrap_or_default())
            + kernels::sum(isa, sums.get(two).unwrap_or_default());
        let [whole, ..] = next;
        let first = oldest.iter().skip(self.offset()).map(|left| left + (whole + between));
        let second = next.iter().map(|left| left + between);
        for (older, sum) in ear.older.iter_mut().zip(first.chain(second)) {
            *older = sum;
        }
    }
}
