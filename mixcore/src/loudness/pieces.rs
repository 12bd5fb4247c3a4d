//! A programme in pieces, so that threads can measure it together, with the bits of one [`Meter`].
//!
//! A recursive filter is serial; what is serial in it is tiny (`kernels/k_weight.rs`). So there are
//! four steps:
//!
//! 1. [`Piece::carry`], in parallel: what each sub-block leaves in the filter, were it at rest.
//! 2. [`Meter::chain`], one thread: the filter's true state where each piece begins, 16 products per
//!    sub-block and channel; the samples before a piece are handed over too, so that a true peak
//!    across a cut is found.
//! 3. [`Piece::measure`], in parallel: energies, peaks, counts.
//! 4. [`Meter::merge`], one thread, in order: the energies are appended, windows across the cuts
//!    included, and the peaks compared.
//!
//! The meter is then the one that was pushed everything: measure on with it, push into it, or go on
//! with the next pieces. A programme longer than memory is a loop over stretches of it. Threads are the
//! caller's, and so is the memory ([`Piece::new_in`]).
//!
//! Cost: a piece's samples are read twice; [`Piece::carry`] is the smaller half of the filter and
//! needs no true peak. 32 bytes per sub-block and channel, 2 % of the f32 samples at 48 kHz.
//! Limits: cuts lie on sub-blocks ([`PiecePlan`] makes them). A meter with a peak log cannot be cut.

use core::ops::Range;

use super::gating::{SUB_BLOCKS_PER_S, sub_block_start};
use super::meter::Meter;
use super::meter_setup::{MeterSetup, MeterStorage};
use super::sub_block_filter::SubBlockFilter;
use super::true_peak::TruePeakMeter;
use crate::audio::{Block, MAX_LAYOUT_CHANNELS, Sample, Store, check_frames};
use crate::error::Error;
use crate::kernels::KState;
use crate::math;
use crate::stream::{MAX_RATE_HZ, MIN_RATE_HZ, Stream};

/// Whole sub-blocks before that frame.
fn sub_blocks_before(frame: u64, rate_hz: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "frames of days fit into 53 bits"
    )]
    let near = math::round(frame as f64 * SUB_BLOCKS_PER_S / rate_hz) as usize;
    // Rounded to the nearest: it or the one before.
    if sub_block_start(near, rate_hz) <= frame { near } else { near.saturating_sub(1) }
}

/// The sub-block that begins at that frame.
fn sub_block_at(frame: u64, rate_hz: f64) -> Result<usize, Error> {
    let sub_block = sub_blocks_before(frame, rate_hz);
    if sub_block_start(sub_block, rate_hz) == frame {
        Ok(sub_block)
    } else {
        Err(Error::Unsupported {
            what: "a piece that begins inside a sub-block of 10 ms",
            hint: "cut at a frame of sub_block_start(k, rate_hz), as PiecePlan does",
        })
    }
}

/// Where a stretch of a programme is cut.
///
/// # Example
/// ```
/// use mixcore::loudness::PiecePlan;
/// let plan = PiecePlan::new(44_100.0, 0..100_000, 3)?;
/// let cuts: Vec<_> = plan.ranges().collect();
/// assert_eq!(cuts, [0..33_075, 33_075..66_591, 66_591..100_000]);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PiecePlan {
    rate_hz: f64,
    frames: Range<u64>,
    first: usize,
    /// Sub-blocks in the stretch, an incomplete last one included.
    sub_blocks: usize,
    pieces: usize,
}

impl PiecePlan {
    /// Cuts the frames into so many pieces, or as many as there are sub-blocks, as equal as can be.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or a first frame inside a sub-block.
    pub fn new(rate_hz: f64, frames: Range<u64>, pieces: usize) -> Result<Self, Error> {
        Error::check_range("rate_hz", rate_hz, MIN_RATE_HZ, MAX_RATE_HZ)?;
        let first = sub_block_at(frames.start, rate_hz)?;
        let end = frames.end.max(frames.start);
        let whole = sub_blocks_before(end, rate_hz);
        let incomplete = usize::from(sub_block_start(whole, rate_hz) < end);
        let sub_blocks = whole + incomplete - first;
        let frames = frames.start..end;
        Ok(Self { rate_hz, frames, first, sub_blocks, pieces: pieces.clamp(1, sub_blocks.max(1)) })
    }

    /// The frames of each piece, in order. There is none of no frames.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range<u64>> + '_ {
        let pieces = if self.sub_blocks == 0 { 0 } else { self.pieces };
        let start = move |piece: usize| {
            let sub_block = self.first + piece * self.sub_blocks / self.pieces;
            sub_block_start(sub_block, self.rate_hz).min(self.frames.end)
        };
        (0..pieces).map(move |piece| start(piece)..start(piece + 1))
    }
}

/// How far a piece has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Carried,
    Chained,
    Measured,
}

/// A stretch of a programme that one thread measures.
///
/// # Example
/// ```
/// use mixcore::loudness::{Meter, MeterSetup, Piece, PiecePlan};
/// use mixcore::{Block, Layout, Stream, math};
///
/// let audio: Vec<f32> =
///     (0..300_000).map(|n| 0.3 * math::sin(1e-6 * f64::from(n) * f64::from(n)) as f32).collect();
/// let part = |frames: std::ops::Range<u64>| {
///     Block::mono(&audio[frames.start as usize..frames.end as usize])
/// };
/// let (setup, stream) = (MeterSetup::default(), Stream::new(48_000.0, Layout::MONO)?);
/// let plan = PiecePlan::new(48_000.0, 0..300_000, 4)?;
/// let mut pieces: Vec<Piece<f32>> =
///     plan.ranges().map(|frames| Piece::new(setup, stream, frames)).collect::<Result<_, _>>()?;
///
/// let mut meter = Meter::new(setup, stream)?;
/// std::thread::scope(|threads| {
///     for piece in &mut pieces {
///         threads.spawn(|| piece.carry(part(piece.frames())).unwrap());
///     }
/// });
/// meter.chain(&mut pieces)?;
/// std::thread::scope(|threads| {
///     for piece in &mut pieces {
///         threads.spawn(|| piece.measure(part(piece.frames())).unwrap());
///     }
/// });
/// for piece in &pieces {
///     meter.merge(piece)?;
/// }
///
/// let mut alone = Meter::new(setup, stream)?;
/// alone.push(Block::mono(&audio))?;
/// assert_eq!(meter.measurement(), alone.measurement());
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Piece<'a, S> {
    setup: MeterSetup,
    stream: Stream,
    frames: Range<u64>,
    first: usize,
    /// Whole sub-blocks.
    count: usize,
    filter: SubBlockFilter<'a, S>,
    true_peak: TruePeakMeter<'a, S>,
    /// Four for each filtered channel of each sub-block.
    carries: Store<'a, f64>,
    /// One for each sub-block.
    energies: Store<'a, f64>,
    /// One row of them for each channel, if the setup asks for it.
    channel_energies: Store<'a, f64>,
    starts: [KState; MAX_LAYOUT_CHANNELS],
    stage: Stage,
}

/// Lengths of a piece's memory.
struct Lengths {
    rows: usize,
    numbers: usize,
    carries: usize,
    energies: usize,
    channel_energies: usize,
}

impl Lengths {
    fn new<S: Sample>(setup: &MeterSetup, stream: &Stream, count: usize) -> Self {
        let (rows, numbers) = SubBlockFilter::<S>::required_len(stream);
        Self {
            rows,
            numbers,
            carries: 4 * stream.channel_count() * count,
            energies: count,
            channel_energies: setup.channel_history_len(stream, count),
        }
    }
}

/// First sub-block and number of whole ones.
fn place(frames: &Range<u64>, stream: &Stream) -> Result<(usize, usize), Error> {
    stream.validate()?;
    if frames.is_empty() {
        return Err(Error::Unsupported {
            what: "a piece without frames",
            hint: "leave it out: PiecePlan makes none",
        });
    }
    let first = sub_block_at(frames.start, stream.rate_hz)?;
    Ok((first, sub_blocks_before(frames.end, stream.rate_hz) - first))
}

impl<S: Sample> Piece<'static, S> {
    /// A piece with memory of its own; `frames` counts from the start of the programme.
    ///
    /// Of the setup the history's duration does not matter.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, no frames, or a first frame inside a sub-block.
    #[cfg(feature = "alloc")]
    pub fn new(setup: MeterSetup, stream: Stream, frames: Range<u64>) -> Result<Self, Error> {
        let (first, count) = place(&frames, &stream)?;
        let len = Lengths::new::<S>(&setup, &stream, count);
        Self::with_parts(
            (setup, stream, frames, first, count),
            (Store::owned(len.rows, S::zero()), Store::owned(len.numbers, 0.0)),
            Store::owned(len.carries, 0.0),
            Store::owned(len.energies, 0.0),
            Store::owned(len.channel_energies, 0.0),
            TruePeakMeter::new(setup.true_peak, stream)?,
        )
    }
}

impl<'a, S: Sample> Piece<'a, S> {
    /// Memory that [`Piece::new_in`] needs.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, no frames, or a first frame inside a sub-block.
    pub fn required_len(
        setup: &MeterSetup,
        stream: &Stream,
        frames: Range<u64>,
    ) -> Result<MeterStorage, Error> {
        let (_, count) = place(&frames, stream)?;
        let len = Lengths::new::<S>(setup, stream, count);
        Ok(MeterStorage {
            samples: len.rows + TruePeakMeter::<S>::required_len(setup.true_peak, stream),
            history: len.numbers + len.carries + len.energies + len.channel_energies,
        })
    }

    /// A piece in lent memory of at least [`Piece::required_len`].
    ///
    /// # Errors
    /// As [`Piece::new`], or too little memory.
    pub fn new_in(
        setup: MeterSetup,
        stream: Stream,
        frames: Range<u64>,
        samples: &'a mut [S],
        history: &'a mut [f64],
    ) -> Result<Self, Error> {
        let (first, count) = place(&frames, &stream)?;
        let need = Self::required_len(&setup, &stream, frames.clone())?;
        for (what, given, required) in [
            ("piece sample", samples.len(), need.samples),
            ("piece history", history.len(), need.history),
        ] {
            if given < required {
                return Err(Error::Storage { what, given, required });
            }
        }
        let len = Lengths::new::<S>(&setup, &stream, count);
        let (rows, lines) = samples.split_at_mut(len.rows);
        let (numbers, rest) = history.split_at_mut(len.numbers);
        let (carries, rest) = rest.split_at_mut(len.carries);
        let (energies, channel_energies) = rest.split_at_mut(len.energies);
        Self::with_parts(
            (setup, stream, frames, first, count),
            (
                Store::lent("piece sample", rows, len.rows, S::zero())?,
                Store::lent("piece history", numbers, len.numbers, 0.0)?,
            ),
            Store::lent("piece history", carries, len.carries, 0.0)?,
            Store::lent("piece history", energies, len.energies, 0.0)?,
            Store::lent("piece history", channel_energies, len.channel_energies, 0.0)?,
            TruePeakMeter::new_in(setup.true_peak, stream, lines)?,
        )
    }

    fn with_parts(
        (setup, stream, frames, first, count): (MeterSetup, Stream, Range<u64>, usize, usize),
        (rows, numbers): (Store<'a, S>, Store<'a, f64>),
        carries: Store<'a, f64>,
        energies: Store<'a, f64>,
        channel_energies: Store<'a, f64>,
        true_peak: TruePeakMeter<'a, S>,
    ) -> Result<Self, Error> {
        let every_channel = setup.every_channel;
        Ok(Self {
            setup,
            stream,
            frames,
            first,
            count,
            filter: SubBlockFilter::new(stream, setup.dual_mono, every_channel, rows, numbers)?,
            true_peak,
            carries,
            energies,
            channel_energies,
            starts: [[0.0; 4]; MAX_LAYOUT_CHANNELS],
            stage: Stage::New,
        })
    }

    /// Its frames, counted from the start of the programme.
    #[must_use]
    pub fn frames(&self) -> Range<u64> {
        self.frames.clone()
    }

    fn check(&self, audio: &Block<'_, S>) -> Result<usize, Error> {
        audio.check_channels("piece", self.stream.channel_count())?;
        #[expect(clippy::cast_possible_truncation, reason = "compared with what is in memory")]
        let frames = (self.frames.end - self.frames.start) as usize;
        check_frames("piece", audio.frames(), frames).map(|()| frames)
    }

    /// Step 1: finds what every sub-block leaves in the filter. `audio` is the piece's frames.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels or frames.
    pub fn carry(&mut self, audio: Block<'_, S>) -> Result<(), Error> {
        let frames = self.check(&audio)?;
        self.filter.begin(self.first, &[]);
        let mut carries = self.carries.as_chunks_mut().0.chunks_exact_mut(self.filter.filtered());
        let mut spare = [[0.0; 4]; MAX_LAYOUT_CHANNELS];
        let mut sub_block = carries.next();
        let mut at = 0;
        while at < frames {
            let into = sub_block.as_deref_mut().unwrap_or(&mut spare);
            let (taken, complete) = self.filter.take_carries(&audio, at, into);
            self.true_peak.pass_by(&self.filter.fresh());
            if complete {
                sub_block = carries.next();
            }
            at += taken;
        }
        self.stage = Stage::Carried;
        Ok(())
    }

    /// Step 3: measures the piece. `audio` is the piece's frames once more.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels or frames, or a piece that was not chained.
    pub fn measure(&mut self, audio: Block<'_, S>) -> Result<(), Error> {
        let frames = self.check(&audio)?;
        if self.stage != Stage::Chained {
            return Err(Error::Unsupported {
                what: "a piece that was not chained",
                hint: "call carry on every piece, then Meter::chain, then measure once",
            });
        }
        self.filter.begin(self.first, &self.starts);
        let mut at = 0;
        while at < frames {
            let taken = self.filter.take(&audio, at);
            self.true_peak.push_cleaned(&self.filter.fresh(), taken.faults);
            if let Some(energy) = taken.energy {
                let index = (self.filter.done() - self.first).saturating_sub(1);
                if let Some(slot) = self.energies.get_mut(index) {
                    *slot = energy;
                }
                let rows = self.channel_energies.chunks_exact_mut(self.count.max(1));
                for (row, energy) in rows.zip(self.filter.channel_energies()) {
                    if let Some(slot) = row.get_mut(index) {
                        *slot = energy;
                    }
                }
            }
            at += taken.frames;
        }
        self.stage = Stage::Measured;
        Ok(())
    }
}

/// Pieces that are not what the meter needs next.
const OUT_OF_ORDER: Error = Error::Unsupported {
    what: "a piece that does not begin where the meter or the piece before it ends",
    hint: "hand the pieces over in order and without gaps, and push no frames in between",
};

impl<S: Sample> Meter<'_, S> {
    /// Step 2: hands the state of the filter and the last samples from this meter to the pieces, and
    /// from each of them to the next. They follow each other without gaps, and the first one begins
    /// where this meter is.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Pieces in another order, of another stream or setup, or not carried; a meter that stands by or
    /// has a peak log. No piece changes then.
    pub fn chain(&self, pieces: &mut [Piece<'_, S>]) -> Result<(), Error> {
        let mut end = self.frames();
        for piece in pieces.iter() {
            self.check_piece(piece)?;
            if piece.frames.start != end {
                return Err(OUT_OF_ORDER);
            }
            if piece.stage == Stage::New {
                return Err(Error::Unsupported {
                    what: "a piece whose audio was not seen",
                    hint: "call carry on every piece before Meter::chain",
                });
            }
            end = piece.frames.end;
        }
        let mut states = self.filter.states();
        for piece in pieces.iter_mut() {
            piece.starts = states;
            let sub_blocks = piece.carries.as_chunks().0.chunks_exact(piece.filter.filtered());
            for (index, carries) in (piece.first..piece.first + piece.count).zip(sub_blocks) {
                piece.filter.hand_over(index, carries, &mut states);
            }
            piece.stage = Stage::Chained;
        }
        // From the last one on: each still holds the end of its own samples when the next one takes it.
        let mut rest = pieces;
        while let Some((piece, before)) = rest.split_last_mut() {
            let previous = before.last().map_or(&self.true_peak, |previous| &previous.true_peak);
            piece.true_peak.follow(previous, piece.frames.start);
            rest = before;
        }
        Ok(())
    }

    /// Step 4: takes over what a piece has measured, as if its frames had been pushed here.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// A piece that is not the next one, of another stream or setup, or not measured; a meter that
    /// stands by or has a peak log; [`Error::HistoryFull`]. Nothing of the piece is recorded then.
    pub fn merge(&mut self, piece: &Piece<'_, S>) -> Result<(), Error> {
        self.check_piece(piece)?;
        if piece.stage != Stage::Measured {
            return Err(Error::Unsupported {
                what: "a piece that was not measured",
                hint: "call carry on every piece, then Meter::chain, then measure, then merge",
            });
        }
        if piece.frames.start != self.frames() {
            return Err(OUT_OF_ORDER);
        }
        self.check_room(piece.frames.end - piece.frames.start)?;
        for (index, &energy) in piece.energies.iter().enumerate() {
            let rows = piece.channel_energies.chunks_exact(piece.count.max(1));
            let channels = rows.map(|row| row.get(index).copied().unwrap_or_default());
            self.append(piece.first + index, energy, channels);
        }
        self.take_over(&piece.filter, &piece.true_peak);
        Ok(())
    }

    fn check_piece(&self, piece: &Piece<'_, S>) -> Result<(), Error> {
        let setup = MeterSetup { max_duration_s: self.setup.max_duration_s, ..piece.setup };
        let (ours, theirs) = (self.stream, piece.stream);
        if setup != self.setup || (ours.rate_hz, ours.layout) != (theirs.rate_hz, theirs.layout) {
            return Err(Error::Unsupported {
                what: "a piece of another stream or setup than the meter's",
                hint: "make both with the same MeterSetup and Stream",
            });
        }
        if !self.is_running() || self.true_peak.log().is_some() {
            return Err(Error::Unsupported {
                what: "pieces for a meter that stands by or logs its peaks",
                hint: "resume it first; push the programme in one piece to log its peaks",
            });
        }
        Ok(())
    }
}
