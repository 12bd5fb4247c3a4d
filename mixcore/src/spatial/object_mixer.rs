//! Objects in time: mono sources with time-stamped gains, mixed into a layout.
//!
//! What an object gives to the loudspeakers is worked out by [`super::ObjectPanner`] (or any other
//! panner); here it is applied. A block of gains holds from a start to an end, in frames, whole or not:
//! - sample n belongs to it if start ≤ n < end;
//! - if the block before it ended where it starts, its gains are reached straight from that one's over
//!   the interpolation (the whole block if not said otherwise): g(n) = a + (b − a)·(n − start)/length;
//! - if not, it starts at its gains at once;
//! - outside of all blocks an object stands at its standing gains: silence if not set.
//!
//! Every gain is a function of absolute frames, so any split of the audio gives the same bits. Diffuse
//! shares are added up for every loudspeaker, go through its decorrelator and are joined with the direct
//! ones, which wait 255 frames for them.
//!
//! Sources: ITU-R BS.2127-1, "interpretation of timing metadata" and "decorrelation filters".
//! Cost: two operations per object, sounding channel and frame, four while it moves; with decorrelators
//! 512 more per channel and frame. Latency: 255 frames with decorrelators, else none.
//! Limits: at most 64 objects; at most [`MAX_PENDING`] blocks of an object wait.

use super::PanGains;
use super::decorrelate::{DECORRELATION_DELAY, DECORRELATION_TAPS, decorrelation_filter_of};
use super::object::ObjectGains;
use crate::audio::{
    Block, BlockMut, MAX_CHANNELS, MAX_LAYOUT_CHANNELS, Sample, Store, check_frames,
};
use crate::error::Error;
use crate::filters::{Delay, Fir, FirSetup};
use crate::kernels;
use crate::math;
use crate::stream::{Convert, Field, Io, Process, Processor, Stream, unknown_field};

/// Blocks of an object that may wait for their start.
pub const MAX_PENDING: usize = 8;
/// Frames that are mixed in one go.
const CHUNK: usize = kernels::RAMP_FRAMES;
/// Frames of one object alone, which needs no sums.
const ALONE: usize = 1024;
/// Last frame that a block can name: whole numbers are exact up to here.
const MAX_FRAME: f64 = 9_007_199_254_740_992.0;

/// What is fixed for life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(default, deny_unknown_fields))]
pub struct ObjectMixerSetup {
    /// Objects, 1 to 64: the input's channels.
    pub objects: usize,
    /// With decorrelators for diffuse shares.
    pub diffuse: bool,
}

impl Default for ObjectMixerSetup {
    fn default() -> Self {
        Self { objects: 1, diffuse: true }
    }
}

impl ObjectMixerSetup {
    fn validate(&self) -> Result<(), Error> {
        if self.objects == 0 || self.objects > MAX_CHANNELS {
            return Err(Error::BlockChannels { given: self.objects, max: MAX_CHANNELS });
        }
        Ok(())
    }
}

/// Gains of an object for some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimedGains {
    /// First frame, counted from the start, 0 to 2⁵³.
    pub start_frame: f64,
    /// The frame after its last one; infinite if it never ends.
    pub end_frame: f64,
    /// Frames from the start until the gains are reached; `None` is the whole block (of one without an
    /// end: none).
    pub interpolation_frames: Option<f64>,
    /// The gains.
    pub gains: ObjectGains,
}

/// A block as it is applied.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: f64,
    target: f64,
    end: f64,
    /// Where the gains come from; where there is nothing before, the block's own.
    from: ObjectGains,
    to: ObjectGains,
}

/// The state of an object: part of [`ObjectMixerMemory`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ObjectTrack {
    spans: [Option<Span>; MAX_PENDING],
    standing: Option<ObjectGains>,
    /// End of the last block and its gains.
    last: Option<(f64, ObjectGains)>,
}

/// Memory that [`ObjectMixer::required_len`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectMixerStorage {
    /// Samples: decorrelators and delay.
    pub samples: usize,
    /// Objects.
    pub tracks: usize,
}

/// Memory that is lent to [`ObjectMixer::new_in`].
#[derive(Debug)]
pub struct ObjectMixerMemory<'a, S> {
    /// See [`ObjectMixerStorage`].
    pub samples: &'a mut [S],
    /// See [`ObjectMixerStorage`].
    pub tracks: &'a mut [ObjectTrack],
}

/// Mixes mono objects into a layout.
///
/// It has memory, so it cleans its input: samples that are not finite or beyond 1e6 become 0 and are
/// counted.
///
/// # Shape
/// Input: a channel per object. Output: the stream's layout.
///
/// # Latency
/// 255 frames with decorrelators, else none. Blocks are stamped in frames of the input.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::spatial::{ObjectMetadata, ObjectMixer, ObjectMixerSetup, ObjectPanner, TimedGains};
/// use mixcore::{Block, BlockMut, Convert, Layout, Stream};
/// let panner = ObjectPanner::new(Layout::STEREO, None)?;
/// let stream = Stream::new(48_000.0, Layout::STEREO)?;
/// let setup = ObjectMixerSetup { objects: 1, diffuse: false };
/// let mut mixer = ObjectMixer::new(setup, stream)?;
/// let gains = panner.gains(&ObjectMetadata::default())?;
/// let block = TimedGains { start_frame: 2.0, end_frame: 4.0, interpolation_frames: None, gains };
/// mixer.push(0, &block)?;
/// let (mut left, mut right) = ([0.0_f64; 5], [0.0; 5]);
/// mixer.convert(Block::mono(&[1.0; 5]), BlockMut::stereo(&mut left, &mut right)?)?;
/// let centre = gains.direct[0];
/// assert_eq!(left, [0.0, 0.0, centre, centre, 0.0]);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct ObjectMixer<'a, S> {
    setup: ObjectMixerSetup,
    stream: Stream,
    tracks: Store<'a, ObjectTrack>,
    decorrelators: Option<(Fir<'a, S>, Delay<'a, S>)>,
    /// Absolute frame of the next input.
    now: u64,
    faults: u64,
}

#[cfg(feature = "alloc")]
impl<S: Sample> ObjectMixer<'static, S> {
    /// A mixer in memory of its own.
    ///
    /// # Errors
    /// No objects or more than 64, or a stream out of range.
    pub fn new(setup: ObjectMixerSetup, stream: Stream) -> Result<Self, Error> {
        setup.validate()?;
        stream.validate()?;
        let tracks = Store::owned(setup.objects, ObjectTrack::default());
        let decorrelators = if setup.diffuse {
            let fir = with_taps(stream, |setup| Fir::new(setup, stream))?;
            Some((fir, Delay::new(DECORRELATION_DELAY, stream)?))
        } else {
            None
        };
        Ok(Self { setup, stream, tracks, decorrelators, now: 0, faults: 0 })
    }
}

/// Calls with the decorrelators of a stream's layout.
fn with_taps<T>(
    stream: Stream,
    work: impl FnOnce(FirSetup<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let channels = stream.channel_count();
    let mut taps = [0.0; MAX_LAYOUT_CHANNELS * DECORRELATION_TAPS];
    let taps = taps.get_mut(..channels * DECORRELATION_TAPS).unwrap_or_default();
    for (channel, row) in taps.as_chunks_mut::<DECORRELATION_TAPS>().0.iter_mut().enumerate() {
        *row = decorrelation_filter_of(stream.layout, channel);
    }
    work(FirSetup::per_channel(taps, channels).with_latency(DECORRELATION_DELAY))
}

impl<'a, S: Sample> ObjectMixer<'a, S> {
    /// A mixer in lent memory of [`ObjectMixer::required_len`] or more.
    ///
    /// # Errors
    /// No objects or more than 64, a stream out of range, or too little memory.
    pub fn new_in(
        setup: ObjectMixerSetup,
        stream: Stream,
        memory: ObjectMixerMemory<'a, S>,
    ) -> Result<Self, Error> {
        let need = Self::required_len(setup, stream)?;
        let what = "object mixer";
        let tracks = Store::lent(what, memory.tracks, need.tracks, ObjectTrack::default())?;
        let (given, required) = (memory.samples.len(), need.samples);
        let decorrelators = if setup.diffuse {
            let fir = Self::fir_len(stream)?;
            let Some((fir, delay)) = memory.samples.split_at_mut_checked(fir) else {
                return Err(Error::Storage { what, given, required });
            };
            let fir = with_taps(stream, |setup| Fir::new_in(setup, stream, fir))?;
            Some((fir, Delay::new_in(DECORRELATION_DELAY, stream, delay)?))
        } else {
            None
        };
        Ok(Self { setup, stream, tracks, decorrelators, now: 0, faults: 0 })
    }

    /// Memory that a mixer needs.
    ///
    /// # Errors
    /// No objects or more than 64, or a stream out of range.
    pub fn required_len(
        setup: ObjectMixerSetup,
        stream: Stream,
    ) -> Result<ObjectMixerStorage, Error> {
        setup.validate()?;
        stream.validate()?;
        let samples = if setup.diffuse {
            Self::fir_len(stream)? + Delay::<S>::required_len(DECORRELATION_DELAY, &stream)?
        } else {
            0
        };
        Ok(ObjectMixerStorage { samples, tracks: setup.objects })
    }

    fn fir_len(stream: Stream) -> Result<usize, Error> {
        // The length does not depend on what the taps are.
        let channels = stream.channel_count();
        let taps = [0.0; MAX_LAYOUT_CHANNELS * DECORRELATION_TAPS];
        let taps = taps.get(..channels * DECORRELATION_TAPS).unwrap_or_default();
        let setup = FirSetup::per_channel(taps, channels).with_latency(DECORRELATION_DELAY);
        Fir::<S>::required_len(&setup, &stream)
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> ObjectMixerSetup {
        self.setup
    }

    /// The absolute frame of the next input.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.now
    }

    /// Gains of an object outside of all blocks, from the next frame on; they outlast a reset.
    ///
    /// # Errors
    /// An object that this mixer does not have, gains of another layout, or diffuse gains without
    /// decorrelators.
    pub fn set_standing(&mut self, object: usize, gains: &ObjectGains) -> Result<(), Error> {
        self.check_gains(gains)?;
        self.track(object)?.standing = Some(*gains);
        Ok(())
    }

    /// Adds a block of an object behind those that it has.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    ///
    /// # Errors
    /// An object that this mixer does not have; gains of another layout, or diffuse gains without
    /// decorrelators; a block that starts before the next frame or before the end of the last one, ends
    /// before it starts, or interpolates for longer than it lasts; or [`MAX_PENDING`] blocks that wait
    /// already. Nothing changes then.
    pub fn push(&mut self, object: usize, block: &TimedGains) -> Result<(), Error> {
        self.check_gains(&block.gains)?;
        #[expect(clippy::cast_precision_loss, reason = "only compared; checked against 2^53")]
        let now = self.now as f64;
        let track = self.track(object)?;
        let last = track.last.map_or(0.0, |last| last.0);
        let start = Error::check_range("start_frame", block.start_frame, last.max(now), MAX_FRAME)?;
        let mut end = block.end_frame;
        if end != f64::INFINITY {
            end = Error::check_range("end_frame", end, start, MAX_FRAME)?;
        }
        let length = end - start;
        let wanted = block.interpolation_frames.unwrap_or(length);
        let joined = track.last.filter(|last| last.0 == start).map(|last| last.1);
        let (from, way) = match joined {
            // Without an end there is nothing to be reached by the whole block.
            _ if wanted == f64::INFINITY && block.interpolation_frames.is_none() => {
                (block.gains, 0.0)
            }
            None => {
                Error::check_range("interpolation_frames", wanted, 0.0, length.min(MAX_FRAME))?;
                (block.gains, 0.0)
            }
            Some(before) => {
                let most = length.min(MAX_FRAME);
                (before, Error::check_range("interpolation_frames", wanted, 0.0, most)?)
            }
        };
        let Some(slot) = track.spans.iter_mut().find(|span| span.is_none()) else {
            return Err(Error::Unsupported {
                what: "another block of an object while 8 wait",
                hint: "push it when the first of them has ended",
            });
        };
        *slot = Some(Span { start, target: start + way, end, from, to: block.gains });
        track.last = Some((end, block.gains));
        Ok(())
    }

    fn track(&mut self, object: usize) -> Result<&mut ObjectTrack, Error> {
        let expected = self.setup.objects;
        let given = object.saturating_add(1);
        let error = Error::ChannelCount { what: "objects", given, expected };
        self.tracks.get_mut(object).ok_or(error)
    }

    fn check_gains(&self, gains: &ObjectGains) -> Result<(), Error> {
        let expected = self.stream.channel_count();
        for list in [&gains.direct, &gains.diffuse] {
            if list.len() != expected {
                return Err(Error::ChannelCount { what: "gains", given: list.len(), expected });
            }
        }
        if self.decorrelators.is_none() && gains.diffuse.iter().any(|gain| *gain != 0.0) {
            return Err(Error::Unsupported {
                what: "diffuse gains in a mixer without decorrelators",
                hint: "build it with `diffuse: true`",
            });
        }
        Ok(())
    }

    /// Frames from the next one on in which no object meets an edge, at most `limit`.
    fn still(&self, limit: usize) -> usize {
        #[expect(clippy::cast_precision_loss, reason = "checked against 2^53")]
        let now = self.now as f64;
        let mut next = f64::INFINITY;
        for span in self.tracks.iter().flat_map(|track| track.spans.iter().flatten()) {
            for edge in [span.start, span.target, span.end] {
                let edge = math::ceil(edge);
                if edge > now && edge < next {
                    next = edge;
                }
            }
        }
        let left = next - now;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "at least 1 and at most `limit`"
        )]
        if left < limit as f64 { left as usize } else { limit }
    }

    /// At most [`ALONE`] frames of the only object, from `at` on.
    fn run_alone(
        &mut self,
        input: &Block<'_, S>,
        output: &mut BlockMut<'_, S>,
        at: usize,
        frames: usize,
    ) {
        let isa = self.stream.isa;
        let mut row = [S::zero(); ALONE];
        let source = input.channels().next().and_then(|source| source.get(at..at + frames));
        let Some((row, source)) = row.get_mut(..frames).zip(source) else { return };
        self.faults += kernels::clean(isa, source, row) as u64;
        let mut lines = [[0.0; 2]; MAX_LAYOUT_CHANNELS];
        let piece = self.tracks.iter_mut().next().and_then(|track| track.piece(self.now));
        let first = piece.map_or(0, |piece| piece.lines(|gains| &gains.direct, &mut lines));
        let mut outs: [&mut [S]; MAX_LAYOUT_CHANNELS] =
            core::array::from_fn(|_| Default::default());
        let mut count = 0;
        for (slot, out) in outs.iter_mut().zip(output.channels_mut()) {
            *slot = out.get_mut(at..at + frames).unwrap_or_default();
            count += 1;
        }
        let outs = outs.get_mut(..count).unwrap_or_default();
        kernels::ramps_into(isa, row, &lines, first, outs);
    }

    /// At most [`CHUNK`] frames, from `at` on; `sums` has a row for every channel.
    fn run(
        &mut self,
        input: &Block<'_, S>,
        output: &mut BlockMut<'_, S>,
        sums: &mut [[f64; CHUNK]],
        at: usize,
        frames: usize,
    ) -> Result<(), Error> {
        let isa = self.stream.isa;
        sums.as_flattened_mut().fill(0.0);
        let mut lines = [[0.0; 2]; MAX_LAYOUT_CHANNELS];
        for (track, source) in self.tracks.iter_mut().zip(input.channels()) {
            let mut row = [S::zero(); CHUNK];
            let source = source.get(at..at + frames);
            let Some((row, source)) = row.get_mut(..frames).zip(source) else { continue };
            self.faults += kernels::clean(isa, source, row) as u64;
            let Some(piece) = track.piece(self.now) else { continue };
            let first = piece.lines(|gains| &gains.direct, &mut lines);
            kernels::accumulate_ramps(isa, row, &lines, first, sums);
        }
        let mut part = output.range(at, at + frames);
        for (row, out) in sums.iter().zip(part.channels_mut()) {
            kernels::round_into(isa, row.get(..frames).unwrap_or_default(), out);
        }
        self.run_diffuse(input, &mut part, at, frames)
    }

    /// The diffuse shares of the same frames, added to the direct ones, which wait for them.
    fn run_diffuse(
        &mut self,
        input: &Block<'_, S>,
        part: &mut BlockMut<'_, S>,
        at: usize,
        frames: usize,
    ) -> Result<(), Error> {
        let Some((fir, delay)) = &mut self.decorrelators else { return Ok(()) };
        let isa = self.stream.isa;
        let channels = self.stream.channel_count();
        let mut diffuse = [[0.0; CHUNK]; MAX_LAYOUT_CHANNELS];
        let mut lines = [[0.0; 2]; MAX_LAYOUT_CHANNELS];
        let sums = diffuse.get_mut(..channels).unwrap_or_default();
        for (track, source) in self.tracks.iter_mut().zip(input.channels()) {
            let mut row = [S::zero(); CHUNK];
            let source = source.get(at..at + frames);
            let Some((row, source)) = row.get_mut(..frames).zip(source) else { continue };
            kernels::clean(isa, source, row);
            let Some(piece) = track.piece(self.now) else { continue };
            let first = piece.lines(|gains| &gains.diffuse, &mut lines);
            kernels::accumulate_ramps(isa, row, &lines, first, sums);
        }
        delay.process(Io::new(part.reborrow()))?;
        let mut rows = [[S::zero(); CHUNK]; MAX_LAYOUT_CHANNELS];
        for (sum, row) in diffuse.iter().zip(&mut rows) {
            kernels::round_into(isa, sum, row);
        }
        let rows = rows.get_mut(..channels).unwrap_or_default();
        fir.process(Io::new(BlockMut::new(rows)?.into_range(0, frames)))?;
        for (row, out) in rows.iter().zip(part.channels_mut()) {
            kernels::add_scaled(isa, out, row.get(..frames).unwrap_or_default(), S::one());
        }
        Ok(())
    }
}

impl ObjectTrack {
    /// What holds from a frame on, and the end of blocks that are over.
    fn piece(&mut self, now: u64) -> Option<Piece<'_>> {
        #[expect(clippy::cast_precision_loss, reason = "checked against 2^53")]
        let frame = now as f64;
        for slot in &mut self.spans {
            if slot.as_ref().is_some_and(|span| math::ceil(span.end) <= frame) {
                *slot = None;
            }
        }
        let mut started = self.spans.iter().flatten().rev();
        let Some(span) = started.find(|span| math::ceil(span.start) <= frame) else {
            return self.standing.as_ref().map(|gains| Piece { from: gains, to: gains, way: None });
        };
        let first = math::ceil(span.start);
        let way = (frame < math::ceil(span.target)).then(|| {
            let length = span.target - span.start;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "frames since the block's first one"
            )]
            ((first - span.start) / length, 1.0 / length, (frame - first) as usize)
        });
        Some(Piece { from: &span.from, to: &span.to, way })
    }
}

/// Gains that stand, or run straight: the share of the way at the block's first frame, the share per
/// frame, and the frames since.
struct Piece<'a> {
    from: &'a ObjectGains,
    to: &'a ObjectGains,
    way: Option<(f64, f64, usize)>,
}

impl Piece<'_> {
    /// Each channel's gain as a line: at the block's first frame, and per frame. Gives the frames since.
    fn lines(
        &self,
        of: impl Fn(&ObjectGains) -> &PanGains,
        lines: &mut [[f64; 2]; MAX_LAYOUT_CHANNELS],
    ) -> usize {
        let Some((share, per_frame, since)) = self.way else {
            for (line, to) in lines.iter_mut().zip(of(self.to).gains) {
                *line = [to, 0.0];
            }
            return 0;
        };
        let ends = of(self.from).gains.into_iter().zip(of(self.to).gains);
        for (line, (from, to)) in lines.iter_mut().zip(ends) {
            let way = to - from;
            *line = if from == to { [to, 0.0] } else { [from + way * share, way * per_frame] };
        }
        since
    }
}

impl<S: Sample> Processor for ObjectMixer<'_, S> {
    fn latency_frames(&self) -> usize {
        if self.setup.diffuse { DECORRELATION_DELAY } else { 0 }
    }

    fn tail_frames(&self) -> usize {
        if self.setup.diffuse { DECORRELATION_TAPS - 1 } else { 0 }
    }

    /// Forgets all blocks; the frames are counted from 0 again.
    fn reset(&mut self) {
        for track in self.tracks.iter_mut() {
            *track = ObjectTrack { standing: track.standing, ..ObjectTrack::default() };
        }
        if let Some((fir, delay)) = &mut self.decorrelators {
            fir.reset();
            delay.reset();
        }
        (self.now, self.faults) = (0, 0);
    }

    fn fields(&self) -> &'static [Field] {
        &[]
    }

    fn field(&self, _name: &str) -> Option<f64> {
        None
    }

    fn set_field(&mut self, name: &str, _value: f64) -> Result<(), Error> {
        Err(unknown_field(name))
    }

    fn faults(&self) -> u64 {
        self.faults
    }
}

impl<S: Sample> Convert<S> for ObjectMixer<'_, S> {
    fn input_channels(&self) -> usize {
        self.setup.objects
    }

    fn output_channels(&self) -> usize {
        self.stream.channel_count()
    }

    fn convert(&mut self, input: Block<'_, S>, mut output: BlockMut<'_, S>) -> Result<(), Error> {
        input.check_channels("input", self.setup.objects)?;
        output.check_channels("output", self.stream.channel_count())?;
        check_frames("output", output.frames(), input.frames())?;
        let mut at = 0;
        if self.setup.objects == 1 && self.decorrelators.is_none() {
            while at < input.frames() {
                let frames = self.still(ALONE.min(input.frames() - at)).max(1);
                self.run_alone(&input, &mut output, at, frames);
                at += frames;
                self.now += frames as u64;
            }
            return Ok(());
        }
        let mut sums = [[0.0; CHUNK]; MAX_LAYOUT_CHANNELS];
        let sums = sums.get_mut(..self.stream.channel_count()).unwrap_or_default();
        while at < input.frames() {
            let frames = self.still(CHUNK.min(input.frames() - at)).max(1);
            self.run(&input, &mut output, sums, at, frames)?;
            at += frames;
            self.now += frames as u64;
        }
        Ok(())
    }
}
