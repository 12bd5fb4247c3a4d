//! One piece of the de-esser's work: from the levels of sibilants and whole to gains, and the bands
//! put together.

use super::ballistics::{Ballistics, Envelope};
use super::deesser_params::Point;
use super::key_intake::{CHUNK, Kept, Short, curve_row, part};
use super::moving_band::BandState;
use super::reduction::{mix_in, raise_row};
use super::travel::Straight;
use crate::audio::Sample;
use crate::kernels;

/// One channel.
#[derive(Clone, Debug, Default)]
pub(super) struct Voice {
    pub(super) group: usize,
    pub(super) levels: Levels,
    pub(super) envelope: Envelope,
    /// Reduction of the last frame, dB.
    pub(super) now: f32,
    pub(super) bell: BandState,
}

/// Levels of the sibilants and of the whole in each frame of a piece.
pub(super) type Levels = [Kept; 2];

/// Gains in dB become linear, with the share of the dry signal.
pub(super) fn linear(isa: kernels::Isa, gains: &mut [f32], shares: Option<&Short>) {
    kernels::gains_of_db(isa, gains);
    if let Some(shares) = shares {
        mix_in(gains, shares);
    }
}

/// Adds the bands of a channel, the high one with its gain.
///
/// The sum of two samples, rounded to the sample type, is that of their sum in f64: f64 has more than
/// twice the digits of f32 and two (S. A. Figueroa, "When is double rounding innocuous?", SIGNUM
/// Newsletter 30(3), 1995).
pub(super) fn join<S: Sample>(
    isa: kernels::Isa,
    io: &mut [S],
    (low, high): (&[S], &mut [S]),
    gains: &[f32],
) {
    kernels::apply_gains(isa, high, gains);
    for (io, low) in io.iter_mut().zip(low) {
        // No negative zero comes out.
        *io = *low + S::zero();
    }
    kernels::add_scaled(isa, io, high, S::one());
}

/// The settings at both ends of a piece.
#[derive(Clone, Copy)]
pub(super) struct Settings<'p> {
    pub(super) line: Straight,
    pub(super) ends: &'p [Point; 2],
}

/// What a channel came to, for those that follow it.
#[derive(Clone, Copy)]
pub(super) struct First {
    group: usize,
    /// The state that it started from.
    before: Envelope,
    after: Envelope,
    now: f32,
}

impl Settings<'_> {
    /// The share of the link at both ends.
    pub(super) fn link(&self) -> [f64; 2] {
        let [a, b] = self.ends;
        [a.link, b.link]
    }

    /// The smoothed gains of a channel in dB; none where they are those of the last one: with a full
    /// link, in the same group and from the same state.
    pub(super) fn gains_beside(
        &self,
        isa: kernels::Isa,
        ballistics: &Ballistics,
        voice: &mut Voice,
        groups: &[Levels],
        (most, last): (&mut [f32], &mut Option<First>),
    ) -> Option<Short> {
        let before = voice.envelope;
        if let Some(first) = last
            && first.group == voice.group
            && first.before == before
            && self.link() == [1.0; 2]
        {
            (voice.envelope, voice.now) = (first.after, first.now);
            return None;
        }
        let gains = self.gains(isa, ballistics, voice, groups, most);
        let (group, after, now) = (voice.group, voice.envelope, voice.now);
        *last = Some(First { group, before, after, now });
        Some(gains)
    }

    /// The smoothed gains of a channel in dB, and the largest reduction raised by its own.
    fn gains(
        &self,
        isa: kernels::Isa,
        ballistics: &Ballistics,
        voice: &mut Voice,
        groups: &[Levels],
        most: &mut [f32],
    ) -> Short {
        let mut row = self.wanted(isa, voice, groups, most.len());
        let gains = part(&mut row, most.len());
        ballistics.run(&mut voice.envelope, gains);
        voice.now = gains.last().copied().unwrap_or_default();
        raise_row(most, gains);
        gains.iter_mut().for_each(|gain| *gain = 0.0 - *gain);
        row
    }

    /// The gains that the curve asks for, dB.
    fn wanted(&self, isa: kernels::Isa, voice: &Voice, groups: &[Levels], frames: usize) -> Short {
        let link = self.link();
        if link == [0.0; 2] {
            return self.curve(isa, &voice.levels, frames);
        }
        let group = groups.get(voice.group).unwrap_or(&voice.levels);
        let mut linked = self.curve(isa, group, frames);
        if link == [1.0; 2] {
            return linked;
        }
        let own = self.curve(isa, &voice.levels, frames);
        self.line.blend(link, &own, part(&mut linked, frames));
        linked
    }

    /// The curve over how far the sibilants stand out.
    fn curve(&self, isa: kernels::Isa, [sibilants, whole]: &Levels, frames: usize) -> Short {
        let [a, b] = self.ends;
        let mut over = [0.0; CHUNK];
        #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
        let wanted = |s: f32, x: f32, threshold: f64, floor: f64| {
            let (relative, above) = (s - x - threshold as f32, s - floor as f32);
            if above < relative { above } else { relative }
        };
        let rows = over.iter_mut().zip(&sibilants.0).zip(&whole.0).take(frames);
        if self.line.is_still() {
            let (threshold, floor) = (a.threshold_db, a.floor_dbfs);
            for ((over, s), x) in rows {
                *over = wanted(*s, *x, threshold, floor);
            }
        } else {
            for (n, ((over, s), x)) in rows.enumerate() {
                let threshold = self.line.between(a.threshold_db, b.threshold_db, n);
                let floor = self.line.between(a.floor_dbfs, b.floor_dbfs, n);
                *over = wanted(*s, *x, threshold, floor);
            }
        }
        curve_row(isa, &self.line, [&a.curve, &b.curve], part(&mut over, frames))
    }
}
