//! How a panner's sources move: straight in azimuth (the short way round) and elevation, or, where that
//! would be a click, by a cross-fade.
//!
//! Past loudspeakers that are b apart the tangent law turns the gains by up to sin b/(2·sin² b/2) of the
//! way, and where a loudspeaker opens its gain bends. On a full-scale sine of 100 Hz a way of 30° in
//! 20 ms leaves at most -82 dBFS above 5 kHz for b = 15° (the screen's loudspeakers of 4+9+0, the closest
//! of a layout) and -88 dBFS for 30°; 45° would leave -79 dBFS, 180° -66 dBFS, where -80 dBFS is the
//! bound of the level layer. Beyond 30°, and for jumps of other fields over half of their unit, the gains
//! that were applied and those that follow are blended in power,
//!
//! > g² = (1 − p)·a² + p·b², p = (1 − cos πt)/2,
//!
//! which keeps the power and leaves less than -90 dBFS.

use super::geometry::{direction, dot};
use super::pan_engine::PanPlace;
use super::{Divergence, Extent, PanGains, PannerParams};
use crate::audio::MAX_LAYOUT_CHANNELS;
use crate::level::FADER_FLOOR_DB;
use crate::math;
use crate::ramp::{GRID_FRAMES, GainRamp, Glide, Line};

/// Most sources of a panner.
pub(super) const SOURCES: usize = 2;
/// Largest way that is gone through all directions between, degrees.
const FAR_DEG: f64 = 30.0;
/// cos 30°.
const FAR_COS: f64 = 0.866_025_403_784_438_6;
/// The same of what is not an angle.
const FAR: f64 = 0.5;
/// Fields that are not positions or levels: distance, width, height, depth, divergence, its range.
const SHARED: usize = 6;

/// An angle or a way brought from ±360° to ±180°; exactly half a turn keeps its sign.
pub(super) fn shortest(degrees: f64) -> f64 {
    if degrees > 180.0 {
        degrees - 360.0
    } else if degrees < -180.0 {
        degrees + 360.0
    } else {
        degrees
    }
}

/// The direction of one source.
#[derive(Clone, Copy, Debug)]
struct Head {
    azimuth: Glide<f64>,
    elevation: Glide<f64>,
    /// Where it stands or goes, exactly: what is added up on the way is rounded.
    target: [f64; 2],
}

impl Head {
    fn new(target: [f64; 2], frames: usize) -> Self {
        let [azimuth, elevation] = target.map(|degrees| Glide::new(degrees, frames));
        Self { azimuth, elevation, target }
    }

    fn at(&self, frame: u64) -> [f64; 2] {
        let [azimuth_deg, elevation_deg] = self.target;
        [
            if self.azimuth.is_settled(frame) {
                azimuth_deg
            } else {
                shortest(self.azimuth.at(frame)).clamp(-180.0, 180.0)
            },
            if self.elevation.is_settled(frame) {
                elevation_deg
            } else {
                self.elevation.at(frame).clamp(-90.0, 90.0)
            },
        ]
    }

    /// Whether a target is further away than what is gone through.
    fn is_far(&self, target: [f64; 2], now: u64) -> bool {
        /// Neighbours that are 30° apart are not far.
        const ROUNDING: f64 = 1e-9;
        let [here, there] = [self.at(now), target].map(|[azimuth, up]| direction(azimuth, up));
        dot(here, there) < FAR_COS - ROUNDING
    }

    fn move_to(&mut self, target: [f64; 2], now: u64, frames: usize) {
        if target == self.target {
            return;
        }
        let [azimuth_deg, _] = self.at(now);
        if target[0] != self.target[0] {
            self.azimuth = Glide::new(azimuth_deg, frames);
            self.azimuth.move_to(azimuth_deg + shortest(target[0] - azimuth_deg), now);
        }
        self.elevation.move_to(target[1], now);
        self.target = target;
    }
}

/// What a panner moves to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Target {
    /// Azimuth and elevation of each source.
    pub(super) heads: [[f64; 2]; SOURCES],
    pub(super) shared: [f64; SHARED],
    pub(super) gain_db: f64,
    pub(super) lfe_send_db: f64,
}

impl Target {
    /// Positions that the anchor has settled, and the rest as it was asked for.
    pub(super) fn new(params: &PannerParams, heads: [[f64; 2]; SOURCES], distance: f64) -> Self {
        let silent = |db: f64| if db <= FADER_FLOOR_DB { f64::NEG_INFINITY } else { db };
        Self {
            heads,
            shared: [
                distance,
                params.width_deg,
                params.height_deg,
                params.depth,
                params.divergence,
                params.divergence_range_deg,
            ],
            gain_db: silent(params.gain_db),
            lfe_send_db: silent(params.lfe_send_db),
        }
    }
}

/// A straight piece of all gains, from `origin` to `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) origin: u64,
    pub(super) end: u64,
    pub(super) start: [PanGains; SOURCES],
    pub(super) stop: [PanGains; SOURCES],
    /// The furthest that a source reaches from straight ahead at `origin`, degrees.
    pub(super) angle_deg: f64,
}

impl Piece {
    /// Whether it holds a frame.
    pub(super) fn holds(&self, frame: u64) -> bool {
        (self.origin..self.end).contains(&frame)
    }

    /// What the kernel is told of one source at a frame that the piece holds: each channel's gain at the
    /// origin and what it grows per frame, and the frames since.
    pub(super) fn lines(
        &self,
        source: usize,
        now: u64,
    ) -> ([[f64; 2]; MAX_LAYOUT_CHANNELS], usize) {
        let mut lines = [[0.0; 2]; MAX_LAYOUT_CHANNELS];
        #[expect(clippy::cast_precision_loss, reason = "32 frames at most where gains differ")]
        let length = (self.end - self.origin) as f64;
        if let Some((start, stop)) = self.start.get(source).zip(self.stop.get(source)) {
            let ends = start.gains.into_iter().zip(stop.gains);
            for (line, (start, stop)) in lines.iter_mut().zip(ends) {
                *line = [start, (stop - start) / length];
            }
        }
        // Of a piece without an end no gain moves.
        let first = if self.end == u64::MAX { 0 } else { now.saturating_sub(self.origin) };
        (lines, usize::try_from(first).unwrap_or(0))
    }

    /// The line of one source in one channel.
    pub(super) fn line(&self, source: usize, channel: usize) -> Line {
        let of = |all: &[PanGains; SOURCES]| {
            all.get(source).and_then(|pan| pan.gains.get(channel)).copied().unwrap_or(0.0)
        };
        Line { origin: self.origin, end: self.end, start: of(&self.start), stop: of(&self.stop) }
    }
}

/// The movements of a panner's fields on the absolute frame counter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Motion {
    heads: [Head; SOURCES],
    shared: [Glide<f64>; SHARED],
    gain: GainRamp,
    lfe: GainRamp,
    /// Where a movement of the gain, of the send and of what was left over ends.
    ends: [u64; 3],
    /// The frame of the last change.
    changed: u64,
    /// What was applied there, less what the law says: between two points of the grid gains lie on the
    /// chord, not on the law, and a new piece that starts on the law would be a click.
    offset: [PanGains; SOURCES],
    /// What was applied there; `None` before the first change.
    from: Option<[PanGains; SOURCES]>,
    /// A cross-fade: the frame that it started at, and from which gains.
    fade: Option<(u64, [PanGains; SOURCES])>,
    frames: usize,
}

impl Motion {
    pub(super) fn new(target: &Target, frames: usize, channels: usize) -> Self {
        Self {
            heads: target.heads.map(|head| Head::new(head, frames)),
            shared: target.shared.map(|value| Glide::new(value, frames)),
            gain: GainRamp::new(target.gain_db, frames),
            lfe: GainRamp::new(target.lfe_send_db, frames),
            ends: [0; 3],
            changed: 0,
            offset: [PanGains::silent(channels); SOURCES],
            from: None,
            fade: None,
            frames,
        }
    }

    fn all_ends(&self) -> impl Iterator<Item = u64> + '_ {
        let heads = self.heads.iter().flat_map(|head| [head.azimuth.end(), head.elevation.end()]);
        heads.chain(self.shared.iter().map(Glide::end)).chain(self.ends)
    }

    /// Nothing moves at or after this frame.
    pub(super) fn is_settled(&self, frame: u64) -> bool {
        self.all_ends().all(|end| frame >= end)
    }

    /// Starts to move so many sources at `now`, where `from` is applied; `law` gives the gains of a
    /// source there.
    pub(super) fn move_to(
        &mut self,
        target: &Target,
        (now, sources): (u64, usize),
        from: [PanGains; SOURCES],
        law: impl Fn(&Self, usize) -> PanGains,
    ) {
        let moving = !self.is_settled(now);
        let end = now.saturating_add(self.frames as u64);
        let far = self.is_far(target, now);
        if far {
            self.heads = target.heads.map(|head| Head::new(head, self.frames));
            self.shared = target.shared.map(|value| Glide::new(value, self.frames));
            self.fade = Some((now, from));
        } else {
            for (head, to) in self.heads.iter_mut().zip(target.heads) {
                head.move_to(to, now, self.frames);
            }
            for (glide, to) in self.shared.iter_mut().zip(target.shared) {
                glide.move_to(to, now);
            }
        }
        if target.gain_db != self.gain.target_db() {
            self.gain.move_to(target.gain_db, now);
            self.ends[0] = end;
        }
        if target.lfe_send_db != self.lfe.target_db() {
            self.lfe.move_to(target.lfe_send_db, now);
            self.ends[1] = end;
        }
        self.changed = now;
        self.from = Some(from);
        self.offset = [PanGains::silent(0); SOURCES];
        if moving && !far {
            for source in 0..sources {
                let law = self.blended(source, now, law(self, source));
                let gains = self.offset.get_mut(source).zip(from.get(source));
                let Some((offset, from)) = gains else { continue };
                for ((offset, from), law) in offset.gains.iter_mut().zip(from.gains).zip(law.gains)
                {
                    *offset = from - law;
                }
            }
        }
        if moving || far {
            self.ends[2] = end;
        }
    }

    /// Whether a target is so far that the way there would be a click.
    fn is_far(&self, target: &Target, now: u64) -> bool {
        const UNITS: [f64; SHARED] = [FAR, FAR_DEG, FAR_DEG, FAR, FAR, FAR_DEG];
        let mut heads = self.heads.iter().zip(target.heads);
        let mut shared = self.shared.iter().zip(target.shared).zip(UNITS);
        heads.any(|(head, to)| head.is_far(to, now))
            || shared.any(|((glide, to), unit)| (to - glide.at(now)).abs() > unit)
    }

    /// The share of a time of 20 ms that has gone by.
    fn share(&self, since: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most 7680 frames")]
        {
            since as f64 / self.frames as f64
        }
    }

    /// What the law says, under a cross-fade that runs.
    fn blended(&self, source: usize, frame: u64, mut law: PanGains) -> PanGains {
        let Some((start, from)) = &self.fade else { return law };
        let since = frame.saturating_sub(*start);
        let Some(from) = from.get(source).filter(|_| since < self.frames as u64) else {
            return law;
        };
        let to = math::half_cosine(self.share(since));
        for (gain, from) in law.gains.iter_mut().zip(from.gains) {
            if *gain != from {
                *gain = math::sqrt((1.0 - to) * (from * from) + to * (*gain * *gain));
            }
        }
        law
    }

    /// Where a source is at a frame and how large, its gain and that of its send.
    pub(super) fn at(&self, source: usize, frame: u64) -> (PanPlace, f64, f64) {
        (self.place(source, frame), self.gain.gain_at(frame), self.lfe.gain_at(frame))
    }

    /// Where a source is at a frame and how large.
    pub(super) fn place(&self, source: usize, frame: u64) -> PanPlace {
        let [azimuth_deg, elevation_deg] = self.direction(source, frame);
        let [distance, width_deg, height_deg, depth, value, azimuth_range_deg] =
            self.shared.map(|glide| glide.at(frame));
        PanPlace {
            azimuth_deg,
            elevation_deg,
            distance,
            extent: Extent { width_deg, height_deg, depth },
            divergence: Divergence {
                value: value.min(1.0),
                azimuth_range_deg: azimuth_range_deg.min(180.0),
            },
        }
    }

    /// Azimuth and elevation of a source at a frame, degrees.
    pub(super) fn direction(&self, source: usize, frame: u64) -> [f64; 2] {
        self.heads.get(source).map_or([0.0; 2], |head| head.at(frame))
    }

    /// The distance at a frame.
    pub(super) fn distance(&self, frame: u64) -> f64 {
        self.shared[0].at(frame)
    }

    /// Origin and end of the straight piece that holds a frame.
    pub(super) fn bounds(&self, now: u64) -> (u64, u64) {
        let grid = now - now % GRID_FRAMES;
        let (mut origin, mut end) = (grid.max(self.changed), grid.saturating_add(GRID_FRAMES));
        for edge in self.all_ends() {
            if edge <= now {
                origin = origin.max(edge);
            } else {
                end = end.min(edge);
            }
        }
        (origin, end)
    }

    /// What is applied at the frame of the last change: the law is not asked.
    pub(super) fn given(&self, source: usize, frame: u64) -> Option<&PanGains> {
        self.from.as_ref().filter(|_| frame == self.changed).and_then(|from| from.get(source))
    }

    /// The gains that are applied at an edge of a piece, made of what the law says there; not where they
    /// are [`Motion::given`].
    pub(super) fn applied(&self, source: usize, frame: u64, law: PanGains) -> PanGains {
        let mut gains = self.blended(source, frame, law);
        let since = frame.saturating_sub(self.changed);
        let Some(offset) = self.offset.get(source).filter(|_| since < self.frames as u64) else {
            return gains;
        };
        let left = 1.0 - self.share(since);
        for (gain, offset) in gains.gains.iter_mut().zip(offset.gains) {
            if offset != 0.0 {
                *gain = (*gain + offset * left).max(0.0);
            }
        }
        gains
    }
}
