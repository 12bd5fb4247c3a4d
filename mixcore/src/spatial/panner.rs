//! The panner of a mix: a mono or a stereo source, anywhere in any layout, moved without clicks.
//!
//! Where the source is (azimuth, elevation, distance), how large (width, height, depth) and how far it is
//! spread to its sides (divergence) become one gain per loudspeaker by one of the laws of
//! [`PanEngine`]; by default those of ITU-R BS.2127, so that a panner gives what every renderer of
//! object-based audio gives the same metadata ([`super::ObjectPanner`]). A stereo source is two such
//! sources, half of `spread_deg` to the left and to the right of the position on the great circle that
//! is level with it, and turned about it by `rotation_deg`. Dialogue can be anchored
//! ([`super::DialogueAnchor`]).
//!
//! A change moves over 20 ms: each source straight in azimuth (the short way round) and elevation, the
//! other fields straight in their own scale; a jump of more than 30° (of half a unit in distance, depth
//! or divergence) is a cross-fade of 20 ms at constant power instead, and the position is the new one at
//! once. Gains are worked out at the multiples of 32 frames of the absolute counter and run straight
//! between. At these points the power is the law's; between them gains lie on the chord, so that the
//! power dips by 1 − cos²(θ/2), θ being the angle between both gain vectors: at 48 kHz by less than
//! 0.02 dB; at 8 kHz, where a move is five pieces, by 0.2 dB past loudspeakers 30° apart. What lies
//! between the chord and the law when a movement is turned round fades with the new one.
//!
//! The LFE gets nothing, or with `lfe_send_db` the whole source at that level below its gain, two LFEs
//! half of the amplitude each; [`super::LfeSend`] is the one that low-passes.
//!
//! Sources: ITU-R BS.2127-1; M. A. Gerzon, "General metatheory of auditory localisation", AES 92nd
//! Convention (1992), preprint 3306, for the vectors.
//! Cost: one multiplication per source, output channel that sounds and frame; while moving one or two
//! evaluations of the law per 32 frames. Latency: none.
//! Limits: distance changes the size that is seen, not the level or the air. Both sides of a stereo
//! source at one place add up: by 6.02 dB where they are equal ([`Panner::peak_bound_db`]).

use super::dialogue_anchor::{Centre, Rig, off_centre_deg};
use super::geometry::{Vector, add, times};
use super::lfe_send::lfe_channels;
use super::pan_engine::{Engine, PanPlace};
use super::panner_motion::{Motion, Piece, SOURCES};
use super::panner_scene::{PannerParams, PannerSetup, Scene};
use super::{DialogueWarnings, Direction, Extent, PanEngine, PanGains, PolarExtent, RigGains};
use crate::audio::{Block, BlockMut, MAX_LAYOUT_CHANNELS, Sample, check_frames};
use crate::error::Error;
use crate::kernels;
use crate::ramp::ramp_frames;
use crate::stream::{Convert, Field, Processor, Stream};
use crate::units::gain_to_db;

/// Where a source of a panner sounds from.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PanPosition {
    /// Degrees, -180 to 180, positive to the left.
    pub azimuth_deg: f64,
    /// Degrees, -90 to 90.
    pub elevation_deg: f64,
    /// 1 is where the loudspeakers stand.
    pub distance: f64,
}

/// Pans a mono or a stereo source into the layout of its stream.
///
/// Memoryless: a sample that is not finite comes through wherever its gain is not 0.
///
/// # Shape
/// Input: one or two channels. Output: the channels of the stream's layout.
///
/// # Example
/// ```
/// # #[cfg(feature = "alloc")] {
/// use mixcore::spatial::{Extent, Panner, PannerParams, PannerSetup};
/// use mixcore::{Block, Convert, Layout, Stream, audio::Buffer};
/// let stream = Stream::new(48_000.0, Layout::SURROUND_5_1)?;
/// let params = PannerParams { azimuth_deg: -110.0, ..PannerParams::default() };
/// let mut panner = Panner::new(PannerSetup::default(), params, stream)?;
/// let mut output = Buffer::<f32>::new(6, 2)?;
/// panner.convert(Block::mono(&[0.5, -0.5]), output.range_mut(0, 2))?;
/// assert!((output.range(0, 2).channel(5)[0] - 0.5).abs() < 1e-6); // Rs
/// // What a UI draws: one gain per loudspeaker, here L, R, C, Ls, Rs.
/// let gains = panner.gains(0.0, 0.0, 1.0, Extent::default())?;
/// assert!((gains[2] - 1.0).abs() < 1e-12 && gains.len() == 5);
/// # }
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Panner<'a> {
    scene: Scene<'a>,
    params: PannerParams,
    stream: Stream,
    motion: Motion,
    /// The piece of the next frame, if it is known.
    piece: Option<Piece>,
    /// Frames since the start.
    frame: u64,
    /// The anchor keeps the source from where it was put.
    held: bool,
    warnings: DialogueWarnings,
}

#[cfg(feature = "alloc")]
impl Panner<'static> {
    /// A panner in memory of its own that stands at `params`.
    ///
    /// # Errors
    /// A setup, parameters or a stream out of range, a pan law in a layout that is not stereo, or
    /// parameters that the anchor leaves no room for.
    pub fn new(setup: PannerSetup, params: PannerParams, stream: Stream) -> Result<Self, Error> {
        let engine = Engine::new(setup.engine, stream.layout, |point_source| {
            Ok(PolarExtent::new(point_source)?.with_isa(stream.isa))
        })?;
        Self::over(setup, params, stream, engine, None)
    }
}

impl<'a> Panner<'a> {
    /// A panner in lent memory of [`Panner::required_len`] numbers or more.
    ///
    /// # Errors
    /// As `new`, or too little memory.
    pub fn new_in(
        setup: PannerSetup,
        params: PannerParams,
        stream: Stream,
        memory: &'a mut [f64],
    ) -> Result<Self, Error> {
        let engine = Engine::new(setup.engine, stream.layout, |point_source| {
            Ok(PolarExtent::new_in(point_source, memory)?.with_isa(stream.isa))
        })?;
        Self::over(setup, params, stream, engine, None)
    }

    /// A VBAP panner for loudspeakers at their real directions, one per channel of the stream's layout
    /// (what stands for an LFE is left aside). It needs no memory.
    ///
    /// # Errors
    /// As `new`; an engine that is not [`PanEngine::Vbap`]; another number of directions than channels,
    /// a direction out of range, or two loudspeakers in the same one.
    pub fn with_positions(
        setup: PannerSetup,
        params: PannerParams,
        stream: Stream,
        real: &[Direction],
    ) -> Result<Self, Error> {
        if setup.engine != PanEngine::Vbap {
            return Err(Error::Unsupported {
                what: "real positions of loudspeakers with this engine",
                hint: "use PanEngine::Vbap, or PointSource::with_positions for gains alone",
            });
        }
        let engine = Engine::of_rig(stream.layout, real)?;
        Self::over(setup, params, stream, engine, Some(real))
    }

    /// Numbers of memory that [`Panner::new_in`] needs: none but with the polar engine.
    #[must_use]
    pub fn required_len(setup: PannerSetup, stream: &Stream) -> usize {
        if setup.engine == PanEngine::Polar { PolarExtent::required_len(stream.layout) } else { 0 }
    }

    fn over(
        setup: PannerSetup,
        params: PannerParams,
        stream: Stream,
        engine: Engine<'a>,
        real: Option<&[Direction]>,
    ) -> Result<Self, Error> {
        stream.validate()?;
        params.validate()?;
        setup.anchor.validate()?;
        let layout = stream.layout;
        let mut rig = Rig {
            places: [[0.0; 2]; MAX_LAYOUT_CHANNELS],
            vectors: [[0.0; 3]; MAX_LAYOUT_CHANNELS],
        };
        let all = rig.places.iter_mut().zip(&mut rig.vectors).zip(layout.speakers());
        for (channel, ((place, vector), speaker)) in all.enumerate() {
            let real = real.and_then(|real| real.get(channel)).copied();
            let at = real.unwrap_or(Direction::nominal(speaker));
            (*place, *vector) = ([at.azimuth_deg, at.elevation_deg], at.vector());
        }
        let lfe_share = if lfe_channels(layout).count() > 1 { 0.5 } else { 1.0 };
        let centre = Centre::new(layout);
        let scene = Scene { layout, engine, rig, centre, setup, lfe_share };
        scene.check(&params)?;
        let (target, held) = scene.target(&params);
        let frames = ramp_frames(stream.rate_hz);
        let motion = Motion::new(&target, frames, layout.channel_count());
        let warnings = DialogueWarnings::default();
        Ok(Self { scene, params, stream, motion, piece: None, frame: 0, held, warnings })
    }

    /// What was chosen for life.
    #[must_use]
    pub fn setup(&self) -> PannerSetup {
        self.scene.setup
    }

    /// The parameters it stands at or moves to, as they were asked for.
    #[must_use]
    pub fn params(&self) -> PannerParams {
        self.params
    }

    /// Moves to other parameters over 20 ms from the next frame.
    ///
    /// # Real time
    /// Does not allocate, lock, log or panic.
    ///
    /// # Errors
    /// A field out of range or not finite, or a position that the anchor leaves no room for
    /// ([`super::DialogueAnchor::CentreOnly`]); nothing changes then.
    pub fn set_params(&mut self, params: PannerParams) -> Result<(), Error> {
        params.validate()?;
        self.scene.check(&params)?;
        if params != self.params {
            let from = self.all_gains_now();
            let (target, held) = self.scene.target(&params);
            let (scene, now) = (&self.scene, self.frame);
            let sources = scene.setup.source.channel_count();
            self.motion.move_to(&target, (now, sources), from, |motion, source| {
                let (place, gain, lfe) = motion.at(source, now);
                scene.gains(&place, gain, lfe)
            });
            (self.params, self.held, self.piece) = (params, held, None);
        }
        Ok(())
    }

    /// One gain per loudspeaker, LFEs left out, of one source at 0 dB that stands there, undivided; the
    /// anchor holds it as it does the audio.
    ///
    /// # Units and range
    /// Degrees; azimuth -180 to 180, positive to the left; elevation -90 to 90; distance 0 to 1000, 1
    /// where the loudspeakers stand.
    ///
    /// # Errors
    /// A number out of range or not finite, with its name.
    pub fn gains(
        &self,
        azimuth_deg: f64,
        elevation_deg: f64,
        distance: f64,
        extent: Extent,
    ) -> Result<RigGains, Error> {
        let params = PannerParams {
            azimuth_deg,
            elevation_deg,
            distance,
            width_deg: extent.width_deg,
            height_deg: extent.height_deg,
            depth: extent.depth,
            ..PannerParams::default()
        };
        params.validate()?;
        let ([azimuth_deg, elevation_deg], distance) =
            self.scene.anchored([azimuth_deg, elevation_deg], distance);
        let divergence = super::Divergence::default();
        let place = PanPlace { azimuth_deg, elevation_deg, distance, extent, divergence };
        Ok(self.loudspeakers(&self.scene.gains(&place, 1.0, 0.0)))
    }

    /// The gains that the next frame of a source gets: one per channel, LFEs included. Source 0 is
    /// mono or the left one, 1 the right one; there is no other.
    #[must_use]
    pub fn gains_now(&self, source: usize) -> PanGains {
        let silent = PanGains::silent(self.stream.channel_count());
        self.all_gains_now().get(source).copied().unwrap_or(silent)
    }

    /// Where a source sounds from at the next frame, after the anchor; `None` where there is no such
    /// source.
    #[must_use]
    pub fn position(&self, source: usize) -> Option<PanPosition> {
        if source >= self.scene.setup.source.channel_count() {
            return None;
        }
        let [azimuth_deg, elevation_deg] = self.motion.direction(source, self.frame);
        Some(PanPosition { azimuth_deg, elevation_deg, distance: self.motion.distance(self.frame) })
    }

    /// Gerzon's energy vector of the next frame, Σ P·u/Σ P over the loudspeakers' directions u, P being
    /// what unrelated sources of equal level add up to: it points to where high frequencies are heard,
    /// the more surely the nearer its length is to 1. `None` in silence.
    #[must_use]
    pub fn energy_vector(&self) -> Option<[f64; 3]> {
        let [left, right] = self.all_gains_now();
        self.mean_direction(|channel| {
            let gain = |pan: &PanGains| pan.get(channel).copied().unwrap_or(0.0);
            gain(&left) * gain(&left) + gain(&right) * gain(&right)
        })
    }

    /// Gerzon's velocity vector of the next frame, Σ g·u/Σ g, g being the sums of equal sources: it
    /// points to where low frequencies are heard. `None` in silence.
    #[must_use]
    pub fn velocity_vector(&self) -> Option<[f64; 3]> {
        let [left, right] = self.all_gains_now();
        self.mean_direction(|channel| {
            let gain = |pan: &PanGains| pan.get(channel).copied().unwrap_or(0.0);
            gain(&left) + gain(&right)
        })
    }

    /// How far the peak of a channel can lie above the largest peak of the sources at the next frame,
    /// dB.
    #[must_use]
    pub fn peak_bound_db(&self) -> f64 {
        let [left, right] = self.all_gains_now();
        let sums = left.iter().zip(right.iter()).map(|(left, right)| left.abs() + right.abs());
        gain_to_db(sums.fold(0.0, f64::max))
    }

    /// What the source has done since the start or the last reset that dialogue should not.
    #[must_use]
    pub fn warnings(&self) -> DialogueWarnings {
        self.warnings
    }

    fn loudspeakers(&self, gains: &PanGains) -> RigGains {
        let mut list = RigGains::silent(0);
        let all = gains.iter().zip(self.scene.layout.speakers());
        for (gain, _) in all.filter(|(_, speaker)| !speaker.lfe) {
            let place = list.count;
            list.count += 1;
            list.add(place, *gain);
        }
        list
    }

    fn mean_direction(&self, weight: impl Fn(usize) -> f64) -> Option<Vector> {
        let (mut sum, mut all) = ([0.0; 3], 0.0);
        let rig = self.scene.rig.vectors.iter().zip(self.scene.layout.speakers()).enumerate();
        for (channel, (at, speaker)) in rig {
            if !speaker.lfe {
                let weight = weight(channel);
                sum = add(sum, times(*at, weight));
                all += weight;
            }
        }
        (all > 0.0).then(|| times(sum, 1.0 / all))
    }

    /// The gains that the next frame of each source gets.
    fn all_gains_now(&self) -> [PanGains; SOURCES] {
        let now = self.frame;
        let held = self.piece.as_ref().filter(|piece| piece.holds(now));
        // Where a piece starts, its end need not be known.
        if held.is_none() && self.motion.bounds(now).0 == now {
            return self.starts(now);
        }
        let piece = held.copied().unwrap_or_else(|| self.next_piece(now));
        let mut all = [PanGains::silent(self.stream.channel_count()); SOURCES];
        let sources = self.scene.setup.source.channel_count();
        for (source, gains) in all.iter_mut().enumerate().take(sources) {
            for (channel, gain) in gains.gains.iter_mut().enumerate().take(gains.count) {
                *gain = piece.line(source, channel).at(now);
            }
        }
        all
    }

    /// The gains at the origin of a piece.
    fn starts(&self, origin: u64) -> [PanGains; SOURCES] {
        // The last piece ends where this one starts.
        if let Some(last) = self.piece.as_ref().filter(|piece| piece.end == origin) {
            return last.stop;
        }
        let mut start = [PanGains::silent(self.stream.channel_count()); SOURCES];
        let sources = self.scene.setup.source.channel_count();
        for (source, start) in start.iter_mut().enumerate().take(sources) {
            *start = self.edge(source, origin);
        }
        start
    }

    /// The straight piece that holds a frame.
    fn next_piece(&self, now: u64) -> Piece {
        let settled = self.motion.is_settled(now);
        let (origin, mut end) = self.motion.bounds(now);
        let start = self.starts(origin);
        let mut stop = start;
        let mut angle_deg = 0.0_f64;
        let sources = self.scene.setup.source.channel_count();
        for (source, stop) in stop.iter_mut().enumerate().take(sources) {
            let place = self.motion.place(source, origin);
            let reach_deg = off_centre_deg([place.azimuth_deg, place.elevation_deg])
                + self.scene.engine.beyond_deg(&place);
            angle_deg = angle_deg.max(reach_deg.min(180.0));
            if !settled {
                *stop = self.edge(source, end);
            }
        }
        if settled {
            end = u64::MAX;
        }
        Piece { origin, end, start, stop, angle_deg }
    }

    /// The gains of a source at an edge of a piece.
    fn edge(&self, source: usize, frame: u64) -> PanGains {
        if let Some(gains) = self.motion.given(source, frame) {
            return *gains;
        }
        let (place, gain, lfe) = self.motion.at(source, frame);
        self.motion.applied(source, frame, self.scene.gains(&place, gain, lfe))
    }
}

impl Processor for Panner<'_> {
    fn latency_frames(&self) -> usize {
        0
    }

    fn tail_frames(&self) -> usize {
        0
    }

    fn reset(&mut self) {
        let (target, held) = self.scene.target(&self.params);
        let frames = ramp_frames(self.stream.rate_hz);
        self.motion = Motion::new(&target, frames, self.stream.channel_count());
        (self.piece, self.frame, self.held) = (None, 0, held);
        self.warnings = DialogueWarnings::default();
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

impl<S: Sample> Convert<S> for Panner<'_> {
    fn input_channels(&self) -> usize {
        self.scene.setup.source.channel_count()
    }

    fn output_channels(&self) -> usize {
        self.stream.channel_count()
    }

    fn convert(&mut self, input: Block<'_, S>, mut output: BlockMut<'_, S>) -> Result<(), Error> {
        let sources = self.scene.setup.source.channel_count();
        input.check_channels("input", sources)?;
        output.check_channels("output", self.stream.channel_count())?;
        check_frames("output", output.frames(), input.frames())?;
        let isa = self.stream.isa;
        let (frames, mut done) = (input.frames(), 0);
        let mut rest: [&mut [S]; MAX_LAYOUT_CHANNELS] =
            core::array::from_fn(|_| Default::default());
        let channels = output.channel_count();
        for (rest, out) in rest.iter_mut().zip(output.channels_mut()) {
            *rest = out;
        }
        while done < frames {
            let now = self.frame;
            if !self.piece.as_ref().is_some_and(|piece| piece.holds(now)) {
                self.piece = Some(self.next_piece(now));
            }
            let Some(piece) = &self.piece else { break };
            let left = usize::try_from(piece.end - now).unwrap_or(usize::MAX);
            let count = left.min(frames - done).max(1);
            let mut outs: [&mut [S]; MAX_LAYOUT_CHANNELS] =
                core::array::from_fn(|_| Default::default());
            for (out, rest) in outs.iter_mut().zip(&mut rest).take(channels) {
                let (part, after) =
                    core::mem::take(rest).split_at_mut_checked(count).unwrap_or_default();
                (*out, *rest) = (part, after);
            }
            let outs = outs.get_mut(..channels).unwrap_or_default();
            for (source, from) in input.channels().enumerate() {
                let from = from.get(done..done + count).unwrap_or_default();
                let (lines, first) = piece.lines(source, now);
                if source == 0 {
                    kernels::pan_into(isa, from, &lines, first, outs);
                } else {
                    kernels::pan_onto(isa, from, &lines, first, outs);
                }
            }
            self.warnings.count(now, count, piece.angle_deg, self.held);
            self.frame += count as u64;
            done += count;
        }
        Ok(())
    }
}
