//! One piece of the dynamic equaliser's work: from the levels of a band to its gains.

use super::ballistics::{Ballistics, Envelope};
use super::detector::Ear;
use super::dynamic_eq_params::{BandPoint, MAX_DYNAMIC_BANDS, Point};
use super::key_filter::KeyState;
use super::key_intake::{CHUNK, Kept, Short, curve_row, part};
use super::moving_band::{BandState, MovingShape};
use super::travel::Straight;
use crate::kernels::{Isa, SvfFrame};

/// A band of one channel.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Voice {
    pub(super) filter: KeyState,
    pub(super) ear: Ear,
    pub(super) level: Kept,
    pub(super) envelope: Envelope,
    pub(super) state: BandState,
    /// Movement of the last frame, dB.
    pub(super) now: f32,
}

/// One channel.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lane {
    pub(super) group: usize,
    /// How much it counts for its group.
    pub(super) weight: f32,
    pub(super) bands: [Voice; MAX_DYNAMIC_BANDS],
}

/// The settings at both ends of a piece.
#[derive(Clone, Copy)]
pub(super) struct Settings<'p> {
    pub(super) line: Straight,
    pub(super) ends: &'p [Point; 2],
}

impl Settings<'_> {
    /// The filter of a band in a channel, frame by frame; none for a band that is not there. The largest
    /// movements are raised by its own.
    pub(super) fn frames(
        &self,
        isa: Isa,
        (band, shape): (usize, MovingShape),
        ballistics: &Ballistics,
        voice: &mut Voice,
        group: &Kept,
        (most, shares): (&mut [f32], Option<&Short>),
    ) -> Option<[SvfFrame; CHUNK]> {
        let [a, b] = self.ends;
        let ends = [a.bands.get(band)?, b.bands.get(band)?];
        let frames = most.len();
        let mut gains = self.gains(isa, ballistics, voice, group, ends, most);
        let corners = ends.map(|point| point.corner);
        Some(shape.frames(isa, &self.line, corners, part(&mut gains, frames), shares))
    }

    /// The gains of a band in a channel, dB, and the largest movements raised by its own.
    fn gains(
        &self,
        isa: Isa,
        ballistics: &Ballistics,
        voice: &mut Voice,
        group: &Kept,
        ends: [&BandPoint; 2],
        most: &mut [f32],
    ) -> Short {
        let frames = most.len();
        let [a, b] = self.ends;
        let own = |voice: &Voice| self.curve(isa, &voice.level, ends, frames);
        let mut row = if a.link == 0.0 && b.link == 0.0 {
            own(voice)
        } else {
            let mut linked = self.curve(isa, group, ends, frames);
            if a.link != 1.0 || b.link != 1.0 {
                self.line.blend([a.link, b.link], &own(voice), part(&mut linked, frames));
            }
            linked
        };
        let moves = part(&mut row, frames);
        ballistics.run(&mut voice.envelope, moves);
        let [from, to] = ends;
        for (n, (gain, most)) in moves.iter_mut().zip(most).enumerate() {
            *most = if *gain > *most { *gain } else { *most };
            let sign = self.line.between(from.sign, to.sign, n);
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            {
                voice.now = *gain * sign as f32 + 0.0;
                *gain = self.line.between(from.gain_db, to.gain_db, n) as f32 + voice.now;
            }
        }
        row
    }

    /// Minus the magnitude of the movement that the curve asks for, dB.
    fn curve(&self, isa: Isa, levels: &Kept, [a, b]: [&BandPoint; 2], frames: usize) -> Short {
        let mut beyond = [0.0; CHUNK];
        for (n, (beyond, level)) in beyond.iter_mut().zip(&levels.0).take(frames).enumerate() {
            let threshold = self.line.between(a.threshold_dbfs, b.threshold_dbfs, n);
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            {
                *beyond = (level - threshold as f32) * a.side as f32;
            }
        }
        curve_row(isa, &self.line, [&a.curve, &b.curve], part(&mut beyond, frames))
    }
}
