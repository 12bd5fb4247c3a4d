//! The goniometer: two channels as a figure, for a plot, and what the figure says in numbers.
//!
//! A frame is a point; mono stands upright, left leans to the left, opposite polarity lies flat. The
//! figure is the pair turned by 45°:
//!
//! > x = (r − l)/√2, y = (l + r)/√2
//!
//! There are two pictures of it: the last points, thinned out, for a live display, and a grid that
//! counts every frame, for a report. Both are in plain memory; nothing is drawn here.
//!
//! > axis = ½ atan2(Σ r² − Σ l², 2 Σ l·r): the direction in which the figure is longest, 0° upright,
//! > −45° left alone, 45° right alone, 90° opposite polarity
//!
//! Sources: convention of the trade (left points to the upper left). Σ's and width: [`PairReadings`].
//! Thresholds of [`StereoImage`]: our own.
//! Cost: three products and a count a frame.
//! Latency: points and counts come in quanta of 256 frames; the readings count every frame.
//! Limits: points are thinned out without a filter: the figure of a tone at a multiple of the points'
//! rate stands still.

use super::pair::{ChannelPair, PairReadings, PairRows};
use crate::audio::{Block, Sample, Store};
use crate::error::Error;
use crate::kernels::{PairSums, dot3};
use crate::math;
use crate::stream::Stream;
use crate::units::{Reading, db_to_gain, db_to_power};

/// Frames that are looked at together.
const QUANTUM: usize = 256;
/// Largest points and cells: memory of a picture, not of a programme.
const MAX_POINTS: f64 = 1e6;
/// Cells along a side at most.
const MAX_GRID: f64 = 1024.0;
/// Lowest floor, dBFS.
const MIN_FLOOR_DBFS: f64 = -150.0;
/// Share of the side signal below which a pair is mono, and 1 − r² below which it is one source: 40 dB
/// under the rest. Our own.
const ONE_SOURCE: f64 = 1e-4;
/// Level difference beyond which one channel counts alone, dB. Our own.
const ONE_SIDE_DB: f64 = 40.0;
/// Correlation at or below which a pair is in anti-phase. Our own.
const ANTI_PHASE: f64 = -0.9;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoniometerSetup {
    /// The channels; `None` for left and right front.
    pub pair: Option<ChannelPair>,
    /// Points a second, 1 to 384,000, taken to the nearest whole number of frames.
    pub points_per_s: f64,
    /// Points that are kept, 1 to 1,000,000.
    pub max_points: usize,
    /// Cells along a side of the grid, 0 (none) to 1024.
    pub grid: usize,
    /// Magnification, dB: 0 to 60. At 0 a mono signal of full scale reaches the upper edge.
    pub gain_db: f64,
    /// Mean power at or below which a channel is silent, dBFS: −150 to 0.
    pub floor_dbfs: f64,
}

impl Default for GoniometerSetup {
    /// Left and right; 4800 points a second, of which 0.4 s are kept; 64 by 64 cells; no magnification;
    /// −70 dBFS.
    fn default() -> Self {
        Self {
            pair: None,
            points_per_s: 4800.0,
            max_points: 1920,
            grid: 64,
            gain_db: 0.0,
            floor_dbfs: -70.0,
        }
    }
}

impl GoniometerSetup {
    fn validate(&self) -> Result<(), Error> {
        Error::check_range("points_per_s", self.points_per_s, 1.0, 384_000.0)?;
        #[expect(clippy::cast_precision_loss, reason = "a count that is checked right here")]
        {
            Error::check_range("max_points", self.max_points as f64, 1.0, MAX_POINTS)?;
            Error::check_range("grid", self.grid as f64, 0.0, MAX_GRID)?;
        }
        Error::check_range("gain_db", self.gain_db, 0.0, 60.0)?;
        Error::check_range("floor_dbfs", self.floor_dbfs, MIN_FLOOR_DBFS, 0.0).map(|_| ())
    }
}

/// Elements of lent memory that [`Goniometer`] needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GoniometerStorage {
    /// Samples, for what has not been looked at yet.
    pub samples: usize,
    /// Points.
    pub points: usize,
    /// Cells of the grid.
    pub cells: usize,
}

/// What kind of figure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StereoImage {
    /// Nothing above the floor.
    Silent,
    /// Both channels are the same, but for 40 dB less.
    Mono,
    /// One source, out of the middle: the channels differ in level alone.
    Panned,
    /// One channel alone: the other is silent or 40 dB below.
    OneSided,
    /// Two channels that are neither the same nor opposed.
    Stereo,
    /// A correlation of −0.9 or less: the channels cancel each other in mono.
    AntiPhase,
}

/// The figure in numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ImageReadings {
    /// What kind of figure it is.
    pub image: StereoImage,
    /// Correlation, balance, mono sum and width.
    pub pair: PairReadings,
    /// Direction in which the figure is longest, degrees: −90 to 90, positive to the right.
    pub axis_deg: Reading,
}

/// Points, density and numbers of the figure of two channels.
///
/// # Example
/// ```
/// use mixcore::analysis::{Goniometer, GoniometerSetup, StereoImage};
/// use mixcore::audio::Block;
/// use mixcore::{Layout, Stream, math};
///
/// let tone: Vec<f32> = (0..4800).map(|n| math::sin(0.1 * f64::from(n)) as f32).collect();
/// let turned: Vec<f32> = tone.iter().map(|x| -x).collect();
/// let mut figure =
///     Goniometer::new(GoniometerSetup::default(), Stream::new(48_000.0, Layout::STEREO)?)?;
/// figure.push(Block::stereo(&tone, &turned)?)?;
/// let readings = figure.measurement();
/// assert_eq!(readings.image, StereoImage::AntiPhase);
/// assert_eq!(readings.axis_deg.value(), Some(90.0));
/// // All points lie flat.
/// assert!(figure.points().all(|[_, y]| y == 0.0) && figure.points().count() > 400);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Goniometer<'a, S> {
    setup: GoniometerSetup,
    stream: Stream,
    stride: u64,
    gain: f64,
    rows: PairRows<'a, S>,
    points: Store<'a, [f32; 2]>,
    /// Points made so far; the ring holds the last of them.
    made: u64,
    cells: Store<'a, u32>,
    sums: PairSums,
    silent: u64,
    outside: u64,
}

impl<S: Sample> Goniometer<'static, S> {
    /// A goniometer with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, a setup outside its ranges, or a pair that the layout does not
    /// have.
    #[cfg(feature = "alloc")]
    pub fn new(setup: GoniometerSetup, stream: Stream) -> Result<Self, Error> {
        setup.validate()?;
        let need = Self::required_len(&setup);
        Self::with_stores(
            setup,
            stream,
            Store::owned(need.samples, S::zero()),
            Store::owned(need.points, [0.0; 2]),
            Store::owned(need.cells, 0),
        )
    }
}

impl<'a, S: Sample> Goniometer<'a, S> {
    /// Memory that [`Goniometer::new_in`] needs.
    #[must_use]
    pub fn required_len(setup: &GoniometerSetup) -> GoniometerStorage {
        GoniometerStorage {
            samples: 2 * QUANTUM,
            points: setup.max_points,
            cells: setup.grid.saturating_mul(setup.grid),
        }
    }

    /// A goniometer in lent memory of at least [`Goniometer::required_len`].
    ///
    /// # Errors
    /// As [`Goniometer::new`], or too little memory.
    pub fn new_in(
        setup: GoniometerSetup,
        stream: Stream,
        samples: &'a mut [S],
        points: &'a mut [[f32; 2]],
        cells: &'a mut [u32],
    ) -> Result<Self, Error> {
        setup.validate()?;
        let need = Self::required_len(&setup);
        Self::with_stores(
            setup,
            stream,
            Store::lent("goniometer sample", samples, need.samples, S::zero())?,
            Store::lent("goniometer point", points, need.points, [0.0; 2])?,
            Store::lent("goniometer cell", cells, need.cells, 0)?,
        )
    }

    fn with_stores(
        setup: GoniometerSetup,
        stream: Stream,
        samples: Store<'a, S>,
        points: Store<'a, [f32; 2]>,
        cells: Store<'a, u32>,
    ) -> Result<Self, Error> {
        let pair = ChannelPair::resolve(setup.pair, &stream)?;
        Ok(Self {
            setup,
            stream,
            stride: (stream.frames_of_ms(1000.0 / setup.points_per_s) as u64).max(1),
            gain: db_to_gain(setup.gain_db),
            rows: PairRows::new(pair, stream.isa, samples),
            points,
            made: 0,
            cells,
            sums: PairSums::default(),
            silent: 0,
            outside: 0,
        })
    }

    /// Takes one block of any length.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's; nothing is taken then.
    pub fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.stream.channel_count())?;
        let mut at = 0;
        while at < block.frames() {
            at += self.rows.take(&block, at, QUANTUM);
            if self.rows.fill() == QUANTUM {
                self.draw();
            }
        }
        Ok(())
    }

    /// Draws the quantum that is full.
    fn draw(&mut self) {
        let Self { setup, stream, stride, gain, rows, points, made, cells, sums, silent, outside } =
            self;
        let first = rows.frames() - QUANTUM as u64;
        let (left, right) = rows.rows();
        add(sums, &dot3(stream.isa, left, right));
        let side = setup.grid;
        #[expect(clippy::cast_precision_loss, reason = "at most 1024")]
        let half = 0.5 * side as f64;
        let room = points.len().max(1) as u64;
        for (n, (l, r)) in (first..).zip(left.iter().zip(right)) {
            let (l, r) = (*gain * l.as_f64(), *gain * r.as_f64());
            let (across, up) = (r - l, l + r);
            if n.is_multiple_of(*stride) {
                #[expect(clippy::cast_possible_truncation, reason = "a point of a picture, a ring")]
                let (point, place) = (
                    [across, up].map(|x| (x * core::f64::consts::FRAC_1_SQRT_2) as f32),
                    (*made % room) as usize,
                );
                if let Some(slot) = points.get_mut(place) {
                    *slot = point;
                }
                *made += 1;
            }
            if l == 0.0 && r == 0.0 {
                *silent += 1;
            } else if side > 0 {
                // Half the sum and the difference: ±1 at the edges, where ±√2 are.
                let (column, row) = ((0.5 * across + 1.0) * half, (1.0 - 0.5 * up) * half);
                let edge = 2.0 * half;
                // What lies on the last edge belongs to the last cell.
                if column >= 0.0 && row >= 0.0 && column <= edge && row <= edge {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "0 to 1024"
                    )]
                    let (column, row) = (column as usize, row as usize);
                    let place = row.min(side - 1) * side + column.min(side - 1);
                    if let Some(cell) = cells.get_mut(place) {
                        *cell = cell.saturating_add(1);
                    }
                } else {
                    *outside += 1;
                }
            }
        }
        rows.clear();
    }

    /// Starts anew; the memory is kept.
    pub fn reset(&mut self) {
        self.rows.reset();
        self.points.fill([0.0; 2]);
        self.cells.fill(0);
        (self.made, self.silent, self.outside) = (0, 0, 0);
        self.sums = PairSums::default();
    }

    /// What it was made for.
    #[must_use]
    pub fn setup(&self) -> GoniometerSetup {
        self.setup
    }

    /// Frames pushed so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.rows.frames()
    }

    /// Samples of the pair so far that were not finite or beyond 1e6 and were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.rows.faults()
    }

    /// The last points, oldest first: x to the right, y upwards, full scale of one channel at a distance of
    /// 1 (times the magnification).
    pub fn points(&self) -> impl Iterator<Item = [f32; 2]> + '_ {
        let room = self.points.len() as u64;
        let kept = self.made.min(room);
        (self.made - kept..self.made).filter_map(move |index| {
            #[expect(clippy::cast_possible_truncation, reason = "below the length of the ring")]
            self.points.get((index % room) as usize).copied()
        })
    }

    /// Frames in each cell, row by row, the top row first and each from left to right; the edges are at
    /// ±√2. Exact silence is in no cell.
    #[must_use]
    pub fn density(&self) -> &[u32] {
        &self.cells
    }

    /// Frames in which both channels were exactly 0.
    #[must_use]
    pub fn silent_frames(&self) -> u64 {
        self.silent
    }

    /// Frames that lay outside the grid.
    #[must_use]
    pub fn outside_frames(&self) -> u64 {
        self.outside
    }

    /// The numbers of everything that was pushed. The goniometer does not change.
    #[must_use]
    pub fn measurement(&self) -> ImageReadings {
        let mut sums = self.sums;
        let (left, right) = self.rows.rows();
        add(&mut sums, &dot3(self.stream.isa, left, right));
        if self.frames() == 0 {
            let short = Reading::TooShort { have_s: 0.0, need_s: 1.0 / self.stream.rate_hz };
            let pair = PairReadings::all(short);
            return ImageReadings { image: StereoImage::Silent, pair, axis_deg: short };
        }
        #[expect(clippy::cast_precision_loss, reason = "frames of days fit into 53 bits")]
        let floor = db_to_power(self.setup.floor_dbfs) * self.frames() as f64;
        let pair = PairReadings::new(&sums, floor);
        // + 0.0: opposite channels of equal level lie at +90°, not −90°.
        let across = (sums.right - sums.left) + 0.0;
        let degrees = 90.0 / math::PI * math::atan2(across, 2.0 * sums.product);
        ImageReadings { image: image(&pair), pair, axis_deg: pair.width.map(|_| degrees) }
    }
}

fn add(sums: &mut PairSums, more: &PairSums) {
    sums.left += more.left;
    sums.right += more.right;
    sums.product += more.product;
}

fn image(pair: &PairReadings) -> StereoImage {
    let (Some(width), correlation) = (pair.width.value(), pair.correlation.value()) else {
        return StereoImage::Silent;
    };
    let Some(r) = correlation else { return StereoImage::OneSided };
    if pair.balance_db.value().is_some_and(|balance| balance.abs() >= ONE_SIDE_DB) {
        StereoImage::OneSided
    } else if r <= ANTI_PHASE {
        StereoImage::AntiPhase
    } else if width <= ONE_SOURCE {
        StereoImage::Mono
    } else if r > 0.0 && 1.0 - r * r <= ONE_SOURCE {
        StereoImage::Panned
    } else {
        StereoImage::Stereo
    }
}
