//! The constant-power panner: a mono source between the two loudspeakers that enclose it.
//!
//! Between neighbours of the middle layer at the angles a and b, with t the share of the way from a
//! to b: g_a = cos(πt/2), g_b = sin(πt/2), so g_a² + g_b² = 1. In stereo that is the sine/cosine
//! law, 3.01 dB down in the centre. A gap of 180° or more (behind a frontal layout) is no way to
//! pan: there the position is folded to the front (180° − |azimuth|, as Web Audio's panner does)
//! and then belongs to the nearest loudspeaker. So stereo holds L from 30° to 150°, and straight
//! behind is the phantom centre; nothing jumps anywhere. LFEs and height loudspeakers get nothing.
//!
//! A change of azimuth moves linearly along the shortest arc over 20 ms; gains are computed at the
//! multiples of 32 frames of the absolute counter and run straight between ([`crate::ramp`]).
//!
//! Sources: the pairwise sine/cosine law is common practice; Web Audio API 1.0, clause on
//! "equalpower" panning, for the fold to the front.
//! Cost: one multiplication per output channel that sounds, per frame; one sine and cosine per 32
//! frames while moving. Latency: none.
//! Limits: azimuth only. Elevation, extent, distance and the other metadata of ITU-R BS.2127
//! objects are another panner, whose gains between loudspeakers differ from these.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2};
use core::ops::Deref;

use crate::audio::{Block, BlockMut, Layout, MAX_LAYOUT_CHANNELS, Sample, Speaker, check_frames};
use crate::error::Error;
use crate::math;
use crate::ramp::{GRID_FRAMES, Segment, ramp_frames};
use crate::stream::{Convert, Field, Processor, Stream, params};

params! {
    /// What may move.
    pub struct PannerParams {
        /// Direction, positive to the left.
        azimuth_deg: "deg", -180.0 => 180.0, 0.0, Linear, smoothed;
    }
}

/// One linear gain per channel of a layout, LFEs included (at 0).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PanGains {
    gains: [f64; MAX_LAYOUT_CHANNELS],
    count: usize,
}

impl Deref for PanGains {
    type Target = [f64];
    fn deref(&self) -> &[f64] {
        &self.gains[..self.count]
    }
}

/// The gains of a direction in a layout: the panner's law as a pure function.
///
/// # Units and range
/// Degrees, -180 to 180, positive to the left.
///
/// # Errors
/// An azimuth outside the range or not finite.
///
/// # Example
/// ```
/// use mixcore::Layout;
/// use mixcore::spatial::pan_gains;
/// let centre = pan_gains(Layout::STEREO, 0.0)?;
/// assert_eq!(*centre, [core::f64::consts::FRAC_1_SQRT_2; 2]);
/// assert_eq!(*pan_gains(Layout::SURROUND_5_1, -110.0)?, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn pan_gains(layout: Layout, azimuth_deg: f64) -> Result<PanGains, Error> {
    let field = &PannerParams::FIELDS[0];
    Ok(law(layout, field.check(azimuth_deg)?))
}

/// Loudspeakers that a pan can use, with their channels.
fn ring(layout: Layout) -> impl Iterator<Item = (usize, &'static Speaker)> {
    let in_ring = |(_, speaker): &(usize, &Speaker)| !speaker.lfe && speaker.elevation_deg == 0.0;
    layout.speakers().iter().enumerate().filter(in_ring)
}

/// A loudspeaker next to a direction on the left half of the circle.
#[derive(Clone, Copy)]
struct Neighbour {
    azimuth_deg: f64,
    channel: usize,
}

/// The neighbours clockwise and anticlockwise of `side_deg` (0 to 180); the second one's azimuth
/// runs past 180 where it stands on the right.
fn neighbours(layout: Layout, side_deg: f64) -> (Neighbour, Neighbour) {
    let mut low = Neighbour { azimuth_deg: f64::NEG_INFINITY, channel: 0 };
    let mut high = Neighbour { azimuth_deg: f64::INFINITY, channel: 0 };
    for (channel, speaker) in ring(layout) {
        for azimuth_deg in [speaker.azimuth_deg, speaker.azimuth_deg + 360.0] {
            let this = Neighbour { azimuth_deg, channel };
            if azimuth_deg <= side_deg && azimuth_deg > low.azimuth_deg {
                low = this;
            }
            if azimuth_deg >= side_deg && azimuth_deg < high.azimuth_deg {
                high = this;
            }
        }
    }
    (low, high)
}

/// The channel that stands where `channel` stands in the mirror.
fn mirrored(layout: Layout, channel: usize) -> usize {
    let Some(Speaker { azimuth_deg, .. }) = layout.speakers().get(channel) else { return channel };
    if *azimuth_deg == 180.0 {
        return channel;
    }
    ring(layout).find(|(_, s)| s.azimuth_deg == -*azimuth_deg).map_or(channel, |(index, _)| index)
}

/// The law for an azimuth inside the range. The right half is the left one in the mirror, so that
/// both have the same bits.
fn law(layout: Layout, azimuth_deg: f64) -> PanGains {
    let side_deg = azimuth_deg.abs();
    let (mut low, mut high) = neighbours(layout, side_deg);
    let mut at_deg = side_deg;
    if high.azimuth_deg - low.azimuth_deg >= 180.0 {
        at_deg = side_deg.min(180.0 - side_deg);
        (low, high) = neighbours(layout, at_deg);
    }
    let arc_deg = high.azimuth_deg - low.azimuth_deg;
    let (from_low, from_high) = (at_deg - low.azimuth_deg, high.azimuth_deg - at_deg);
    let (low_gain, high_gain) = if from_low == 0.0 || arc_deg >= 180.0 {
        (1.0, 0.0)
    } else if from_low == from_high {
        (FRAC_1_SQRT_2, FRAC_1_SQRT_2)
    } else {
        // From the nearer one, so that mirrored pairs use the same angle and no cosine of 90°.
        let angle = FRAC_PI_2 * (from_low.min(from_high) / arc_deg);
        let (near, far) = (math::cos(angle), math::sin(angle));
        if from_low < from_high { (near, far) } else { (far, near) }
    };
    let mut pan = PanGains { gains: [0.0; MAX_LAYOUT_CHANNELS], count: layout.channel_count() };
    let place = |channel| if azimuth_deg < 0.0 { mirrored(layout, channel) } else { channel };
    if high_gain != 0.0
        && let Some(gain) = pan.gains.get_mut(place(high.channel))
    {
        *gain = high_gain;
    }
    if let Some(gain) = pan.gains.get_mut(place(low.channel)) {
        *gain = low_gain;
    }
    pan
}

/// A movement along the shortest arc, on the absolute frame counter.
#[derive(Clone, Copy, Debug)]
struct Turn {
    from_deg: f64,
    /// Way to go, -180 to 180.
    way_deg: f64,
    start: u64,
    end: u64,
    /// What was applied at `start`: where a movement is turned round between two grid points, the
    /// gains lie on the chord, not on the law.
    from_gains: PanGains,
    to_gains: PanGains,
}

/// Straight gains over some frames.
struct Piece {
    frames: usize,
    first: usize,
    /// Frames from the origin to the end, over which the gains go from `start` to `stop`.
    length: u64,
    start: PanGains,
    stop: PanGains,
}

impl Piece {
    /// Gain at the origin and its change per frame.
    fn line(&self, channel: usize) -> (f64, f64) {
        let of = |pan: &PanGains| pan.gains.get(channel).copied().unwrap_or(0.0);
        let (start, stop) = (of(&self.start), of(&self.stop));
        #[expect(clippy::cast_precision_loss, reason = "at most GRID_FRAMES")]
        (start, (stop - start) / self.length as f64)
    }
}

/// Pans a mono source into the layout of its stream.
///
/// Memoryless: a sample that is not finite comes through wherever its gain is not 0.
#[derive(Clone, Debug)]
pub struct Panner {
    params: PannerParams,
    stream: Stream,
    turn: Turn,
    /// Frames since the start.
    frame: u64,
}

impl Panner {
    /// A panner that stands at `params`; the stream's layout is the one that is panned into.
    ///
    /// # Errors
    /// An azimuth or a stream out of range.
    ///
    /// # Example
    /// ```
    /// use mixcore::spatial::{Panner, PannerParams};
    /// use mixcore::{Block, BlockMut, Convert, Layout, Stream};
    /// let stream = Stream::new(48_000.0, Layout::STEREO)?;
    /// let mut panner = Panner::new(PannerParams { azimuth_deg: 30.0 }, stream)?;
    /// let (mut left, mut right) = ([0.0_f32; 2], [9.0; 2]);
    /// panner.convert(Block::mono(&[0.5, -0.5]), BlockMut::stereo(&mut left, &mut right)?)?;
    /// assert_eq!((left, right), ([0.5, -0.5], [0.0, 0.0]));
    /// # Ok::<(), mixcore::Error>(())
    /// ```
    pub fn new(params: PannerParams, stream: Stream) -> Result<Self, Error> {
        stream.validate()?;
        params.validate()?;
        let turn = Self::standing(params, &stream);
        Ok(Self { params, stream, turn, frame: 0 })
    }

    fn standing(params: PannerParams, stream: &Stream) -> Turn {
        let gains = law(stream.layout, params.azimuth_deg);
        Turn {
            from_deg: params.azimuth_deg,
            way_deg: 0.0,
            start: 0,
            end: 0,
            from_gains: gains,
            to_gains: gains,
        }
    }

    /// Moves the source to new parameters over 20 ms from the next frame.
    ///
    /// # Errors
    /// An azimuth out of range; the source stays where it is then.
    pub fn set_params(&mut self, params: PannerParams) -> Result<(), Error> {
        params.validate()?;
        if params != self.params {
            let from_deg = self.azimuth_deg_now();
            self.turn = Turn {
                from_deg,
                way_deg: shortest(params.azimuth_deg - from_deg),
                start: self.frame,
                end: self.frame + ramp_frames(self.stream.rate_hz) as u64,
                from_gains: self.gains_now(),
                to_gains: law(self.stream.layout, params.azimuth_deg),
            };
            self.params = params;
        }
        Ok(())
    }

    /// The parameters it stands at or moves to.
    #[must_use]
    pub fn params(&self) -> PannerParams {
        self.params
    }

    /// The azimuth at the next frame, degrees, positive to the left.
    #[must_use]
    pub fn azimuth_deg_now(&self) -> f64 {
        self.azimuth_deg_at(self.frame)
    }

    /// The gains that the next frame gets, one per channel.
    #[must_use]
    pub fn gains_now(&self) -> PanGains {
        let piece = self.piece(1);
        let mut now = piece.start;
        for (channel, gain) in now.gains.iter_mut().enumerate().take(now.count) {
            let (start, step) = piece.line(channel);
            #[expect(clippy::cast_precision_loss, reason = "at most GRID_FRAMES")]
            {
                *gain = start + step * piece.first as f64;
            }
        }
        now
    }

    fn azimuth_deg_at(&self, frame: u64) -> f64 {
        let turn = &self.turn;
        if frame >= turn.end {
            return self.params.azimuth_deg;
        }
        #[expect(clippy::cast_precision_loss, reason = "a movement of at most 7680 frames")]
        let share = (frame - turn.start) as f64 / (turn.end - turn.start) as f64;
        shortest(turn.from_deg + turn.way_deg * share)
    }

    /// The next straight piece, at most `limit` frames (≥ 1) long.
    fn piece(&self, limit: usize) -> Piece {
        let turn = &self.turn;
        if self.frame >= turn.end {
            let (start, stop) = (turn.to_gains, turn.to_gains);
            return Piece { frames: limit, first: 0, length: 1, start, stop };
        }
        let origin = (self.frame - self.frame % GRID_FRAMES).max(turn.start);
        let end = (origin - origin % GRID_FRAMES + GRID_FRAMES).min(turn.end);
        let layout = self.stream.layout;
        let start = if origin == turn.start {
            turn.from_gains
        } else {
            law(layout, self.azimuth_deg_at(origin))
        };
        let stop =
            if end == turn.end { turn.to_gains } else { law(layout, self.azimuth_deg_at(end)) };
        #[expect(clippy::cast_possible_truncation, reason = "both are at most GRID_FRAMES")]
        Piece {
            frames: ((end - self.frame) as usize).min(limit),
            first: (self.frame - origin) as usize,
            length: end - origin,
            start,
            stop,
        }
    }
}

/// An angle or a way brought from ±360° to ±180°; exactly half a turn keeps its sign.
fn shortest(degrees: f64) -> f64 {
    if degrees > 180.0 {
        degrees - 360.0
    } else if degrees < -180.0 {
        degrees + 360.0
    } else {
        degrees
    }
}

impl Processor for Panner {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        0
    }

    fn reset(&mut self) {
        self.turn = Self::standing(self.params, &self.stream);
        self.frame = 0;
    }

    fn fields(&self) -> &'static [Field] {
        PannerParams::FIELDS
    }

    fn field(&self, name: &str) -> Option<f64> {
        self.params.get(name)
    }

    fn set_field(&mut self, name: &str, value: f64) -> Result<(), Error> {
        self.set_params(self.params.with(name, value)?)
    }
}

impl<S: Sample> Convert<S> for Panner {
    fn input_channels(&self) -> usize {
        1
    }

    fn output_channels(&self) -> usize {
        self.stream.channel_count()
    }

    fn convert(&mut self, input: Block<'_, S>, mut output: BlockMut<'_, S>) -> Result<(), Error> {
        input.check_channels("input", 1)?;
        output.check_channels("output", self.stream.channel_count())?;
        check_frames("output", output.frames(), input.frames())?;
        let source = input.channel(0);
        let isa = self.stream.isa;
        let mut done = 0;
        while done < source.len() {
            let piece = self.piece(source.len() - done);
            let part = done..done + piece.frames;
            for (channel, out) in output.channels_mut().enumerate() {
                let (x, y) = (source.get(part.clone()), out.get_mut(part.clone()));
                let (Some(x), Some(y)) = (x, y) else { continue };
                let (start, step) = piece.line(channel);
                y.copy_from_slice(x);
                Segment { frames: piece.frames, start, step, first: piece.first }
                    .apply(isa, y, 1.0);
            }
            done += piece.frames;
            self.frame += piece.frames as u64;
        }
        Ok(())
    }
}
