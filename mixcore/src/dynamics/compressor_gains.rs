//! One piece of the compressor's work: from levels to reductions to gains, between two settings.

use super::ballistics::{Ballistics, Envelope};
use super::compressor_params::Point;
use super::reduction::mix_in;
use super::side_chain::Row;
use super::travel::Straight;
use crate::audio::Sample;
use crate::kernels::{self, Isa};

/// What a channel remembers of its gain.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Voice {
    pub(super) envelope: Envelope,
    /// Reduction of the last frame, dB.
    pub(super) now: f32,
}

/// The settings at both ends of a piece.
#[derive(Clone, Copy)]
pub(super) struct Settings<'p> {
    pub(super) line: Straight,
    pub(super) ends: [&'p Point; 2],
}

/// The gains of a piece.
#[derive(Clone, Copy)]
pub(super) enum Gains {
    /// 1 throughout.
    One,
    /// One for each frame, in a row.
    Each,
}

impl Gains {
    pub(super) fn apply<S: Sample>(self, isa: Isa, row: &mut Row, io: &mut [S]) {
        match self {
            Self::One => {}
            Self::Each => kernels::apply_gains(isa, io, row.of(io.len())),
        }
    }
}

impl Settings<'_> {
    /// Whether a setting has this value at both ends.
    pub(super) fn all_are(&self, of: impl Fn(&Point) -> f64, value: f64) -> bool {
        self.ends.iter().all(|&point| of(point) == value)
    }

    /// The static curve, moving from one end to the other, dB.
    pub(super) fn curve_db(&self, isa: Isa, levels: &[f32], out: &mut [f32]) {
        let [a, b] = self.ends;
        kernels::gain_curve(isa, a.curve.kernel(), levels, out);
        if self.line.is_still() {
            return;
        }
        let mut end = Row::default();
        kernels::gain_curve(isa, b.curve.kernel(), levels, end.of(out.len()));
        for (n, (gain, end)) in out.iter_mut().zip(&end.0).enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            {
                *gain += (end - *gain) * self.line.place(n) as f32;
            }
        }
    }

    /// A channel's own gain, or that and what the group gave already, in the shares of the link, dB.
    pub(super) fn blend_db(&self, isa: Isa, levels: &[f32], linked: bool, io: &mut [f32]) {
        if !linked {
            return self.curve_db(isa, levels, io);
        }
        let mut own = Row::default();
        let own = own.of(io.len());
        self.curve_db(isa, levels, own);
        self.line.blend(self.ends.map(|point| point.link), own, io);
    }

    /// The serial form for feed-back: the level that is heard depends on the reduction before.
    pub(super) fn run_loop(
        &self,
        ballistics: &Ballistics,
        voice: &mut Voice,
        [own, loudest]: [&Row; 2],
        out: &mut [f32],
    ) {
        let [a, b] = self.ends;
        let mut y = f64::from(voice.now);
        for (n, ((out, own), loudest)) in out.iter_mut().zip(&own.0).zip(&loudest.0).enumerate() {
            let share = self.line.between(a.link, b.link, n);
            let gain = |level: f32| {
                let level = f64::from(level);
                let of = |point: &Point| {
                    point.curve.gain_in_loop_db(level, level - point.curve.feedback * y)
                };
                if self.line.is_still() { of(a) } else { self.line.between(of(a), of(b), n) }
            };
            let wanted = match share {
                1.0 => gain(*loudest),
                0.0 => gain(*own),
                _ => gain(*own) * (1.0 - share) + gain(*loudest) * share,
            };
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            {
                *out = ballistics.step(&mut voice.envelope, -wanted) as f32;
            }
            y = f64::from(*out);
        }
    }

    /// Reductions become gains in a row, with make-up and the share of the dry signal.
    pub(super) fn gains(
        &self,
        isa: Isa,
        reductions: &[f32],
        rests: bool,
        shares: Option<&Row>,
        row: &mut Row,
    ) -> Gains {
        if rests && self.all_are(|point| point.makeup_db, 0.0) {
            return Gains::One;
        }
        let gains = row.of(reductions.len());
        let [a, b] = self.ends;
        #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
        if self.line.is_still() {
            let makeup = a.makeup_db as f32;
            for (gain, reduction) in gains.iter_mut().zip(reductions) {
                *gain = makeup - reduction;
            }
        } else {
            for (n, (gain, reduction)) in gains.iter_mut().zip(reductions).enumerate() {
                *gain = self.line.between(a.makeup_db, b.makeup_db, n) as f32 - reduction;
            }
        }
        kernels::gains_of_db(isa, gains);
        if let Some(shares) = shares {
            mix_in(gains, &shares.0);
        }
        Gains::Each
    }
}

/// The last value of a row.
pub(super) fn last(row: &[f32]) -> f32 {
    row.last().copied().unwrap_or_default()
}
