//! The points between the samples: three ways to find them, with their errors.
//!
//! [`TruePeakMethod::Annex2`] is the 4 x 12 table that BS.1770 prints, bit-comparable in its
//! coefficients with meters that follow it to the letter. [`TruePeakMethod::Fine`] goes up in two
//! steps: the points half-way by a half-band filter of 36 taps, then the points around each of those
//! by 7 taps over the samples and the half-way points; 8 points a frame up to 64 kHz, 4 above.
//! [`TruePeakMethod::Sinc49`] says what most meters in the field read: a Hann-windowed sinc of 49 taps
//! over 4 points a frame. None of them falls below four points a frame at any rate.
//!
//! Worst reading of a tone's crest by the points next to it, wherever it lies between two frames,
//! dB over / under (recomputed by a test):
//!
//! | method | to 0.30 fs | to 0.4167 fs (20 kHz at 48) | to 0.4535 fs (20 kHz at 44.1) |
//! |---|---|---|---|
//! | `Annex2` | +0.222 / -0.305 | +0.222 / -0.645 | +0.222 / -3.526 |
//! | `Sinc49` | +0.044 / -0.227 | +0.110 / -1.984 | +0.110 / -5.718 |
//! | `Fine`, 8 points | +0.013 / -0.062 | +0.013 / -0.116 | +0.013 / -0.164 |
//! | `Fine`, 4 points (above 64 kHz) | +0.013 / -0.243 | +0.013 / -0.473 | +0.013 / -0.589 |
//!
//! Readings of noise against 64 points a frame, 60 clips of 512 frames, dB: mean, lowest, highest
//! (recomputed by `tests/all/true_peak.rs`). What is clipped at the samples reaches up to half the
//! rate, where a filter of finite length does not:
//!
//! | method | flat to 20 kHz, 44.1 kHz | equal energy per octave to 20 kHz, 48 kHz | white, clipped 9.5 dB above full scale |
//! |---|---|---|---|
//! | `Annex2` | -0.154, -0.585, +0.112 | -0.023, -0.134, +0.021 | -1.309, -2.222, -0.508 |
//! | `Sinc49` | -0.394, -0.802, +0.123 | -0.007, -0.052, +0.012 | -1.677, -2.732, -0.590 |
//! | `Fine`, 8 points | -0.019, -0.065, +0.012 | -0.004, -0.015, +0.004 | -0.353, -0.853, +0.145 |
//!
//! A point grid reads a tone low by up to 20 log10 cos(π f/(n fs)) for n points a frame; the rest of
//! an error is the filters'.
//!
//! Sources: ITU-R BS.1770-5, Annex 2 (table; any method of similar or superior results, recommends
//! 5). `Fine`: designed for this crate, see the constants. `Sinc49`: libebur128 1.2.6 and crate ebur128 0.1.11,
//! as they interpolate up to 96 kHz (above they take fewer points; here it is 4 at every rate).

use crate::audio::Sample;
use crate::kernels::{
    HALF_WAY_TAPS, Isa, MIRRORED_HALF, MirroredTaps, PAIR_MIDS, PointPair, half_way,
    mirrored_peaks, pair_peaks,
};
use crate::math;

/// How the points between the samples are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum TruePeakMethod {
    /// The 4 x 12 coefficients printed in BS.1770, Annex 2.
    Annex2,
    /// The 4x, 49-tap form of libebur128 and crate ebur128: what other meters would read.
    Sinc49,
    /// Two-step interpolation to 8 points a frame (4 above 64 kHz), closer to the waveform.
    #[default]
    Fine,
    /// No points between the samples, where a stem is measured for its loudness alone: the sample
    /// peak is read, the true peak is not applicable.
    Off,
}

impl TruePeakMethod {
    /// What the method is, for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Annex2 => "BS.1770 Annex 2, printed 4 x 12 coefficients",
            Self::Sinc49 => "4x, 49-tap Hann-windowed sinc, as libebur128",
            Self::Fine => "mixcore fine: half-band, then 8 points a frame (4 above 64 kHz)",
            Self::Off => "samples only, no true peak",
        }
    }
}

/// Phases 0 and 1 of the printed table, newest sample first; phase 3 is phase 0 and phase 2 is
/// phase 1 in reverse.
///
/// ITU-R BS.1770-5, Annex 2, table of the order 48, 4-phase FIR; read from two independent
/// transcriptions that agree: KitaitiMakoto/ebur128-stream (`src/peak.rs`, rounded to eight digits)
/// and lcweden/loudness-audio-worklet-processor (`src/constants.ts`). Every number is a whole multiple
/// of 2⁻¹³, so eight digits say it all.
const ANNEX2: [[f64; 2 * MIRRORED_HALF]; 2] = [
    [
        0.001_708_984_375,
        0.010_986_328_125,
        -0.019_653_320_312_5,
        0.033_203_125,
        -0.059_448_242_187_5,
        0.137_329_101_562_5,
        0.972_167_968_75,
        -0.102_294_921_875,
        0.047_607_421_875,
        -0.026_611_328_125,
        0.014_892_578_125,
        -0.008_300_781_25,
    ],
    [
        -0.029_174_804_687_5,
        0.029_296_875,
        -0.051_757_812_5,
        0.089_111_328_125,
        -0.166_503_906_25,
        0.465_087_890_625,
        0.779_785_156_25,
        -0.200_317_382_812_5,
        0.101_562_5,
        -0.058_227_539_062_5,
        0.033_081_054_687_5,
        -0.018_920_898_437_5,
    ],
];

/// Points half-way between two frames: the outer half of a symmetric filter, outermost tap first.
///
/// The best in the sense of Chebyshev (linear programme, this crate's): from 0 to 0.4167 fs the
/// response departs from 1 by at most ε upwards and downwards, from there to 0.4535 fs by at most ε
/// upwards and 2·ε downwards, and ε is the smallest that 36 taps allow, 0.00148 (0.013 dB).
const HALF_WAY: [f64; HALF_WAY_TAPS] = [
    -0.001_370_075,
    0.001_661_748,
    -0.002_611_450,
    0.003_867_556,
    -0.005_485_941,
    0.007_533_887,
    -0.010_092_123,
    0.013_266_937,
    -0.017_199_738,
    0.022_092_289,
    -0.028_247_715,
    0.036_147_987,
    -0.046_623_228,
    0.061_241_975,
    -0.083_374_550,
    0.121_812_163,
    -0.208_856_968,
    0.635_496_029,
];

/// E and O of the points 1/8, 1/4 and 3/8 of a frame on either side of the half-way point, as
/// [`PointPair`] wants them.
///
/// By the same programme with the response of [`HALF_WAY`] inside it, so that the second step makes
/// up for a part of the first one's error: ε is 0.00132, 0.00093 and 0.00044 along the tone, at most
/// three times as much across it (a shift in time, which moves a crest and does not lower it).
const AROUND: [([f64; 4], [f64; 3]); 3] = [
    (
        [0.873_844_549, 0.080_182_167, -0.021_547_563, 0.004_400_008],
        [0.215_825_237, -0.068_403_916, 0.017_989_592],
    ),
    (
        [0.627_088_645, 0.216_243_056, -0.036_047_051, 0.006_204_525],
        [0.372_771_981, -0.085_190_190, 0.017_690_879],
    ),
    (
        [0.314_940_895, 0.369_834_229, -0.031_838_485, 0.004_498_806],
        [0.472_285_498, -0.064_395_763, 0.011_334_201],
    ),
];

/// Up to this rate 8 points a frame, above it 4: 20 kHz lies at 0.31 fs there, where the grid of 4
/// points reads at most 0.26 dB low (by the cosine in the module doc), and at 96 kHz 0.12 dB.
const EIGHT_POINTS_MAX_HZ: f64 = 64_000.0;

/// The longest context: 18 frames before and 19 after.
pub(super) const MAX_SPAN: usize = 2 * HALF_WAY_TAPS + PAIR_MIDS - 1;

/// The interpolation filters in the sample type.
#[derive(Clone, Copy, Debug)]
enum Filter<S> {
    Mirrored(MirroredTaps<S>),
    Eight([S; HALF_WAY_TAPS], [PointPair<S>; 3]),
    Four([S; HALF_WAY_TAPS], [PointPair<S>; 1]),
    Off,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Interpolator<S> {
    filter: Filter<S>,
    /// No output exceeds this times the largest sample of its context, rounding included.
    pub(super) bound: f64,
}

impl<S: Sample> Interpolator<S> {
    pub(super) fn design(method: TruePeakMethod, rate_hz: f64) -> Self {
        let (filter, gain) = match method {
            TruePeakMethod::Annex2 => mirrored(&ANNEX2),
            TruePeakMethod::Sinc49 => mirrored(&sinc49()),
            TruePeakMethod::Fine => fine(rate_hz <= EIGHT_POINTS_MAX_HZ),
            TruePeakMethod::Off => (Filter::Off, 1.0),
        };
        // Each of fewer than 128 roundings is at most one epsilon of the sum of magnitudes.
        Self { filter, bound: gain * (1.0 + 128.0 * S::epsilon().as_f64()) }
    }

    /// Frames of context before frame n, and after it.
    pub(super) fn context(&self) -> (usize, usize) {
        match self.filter {
            Filter::Mirrored(_) => (MIRRORED_HALF - 1, MIRRORED_HALF),
            Filter::Eight(..) | Filter::Four(..) => (HALF_WAY_TAPS, HALF_WAY_TAPS + 1),
            Filter::Off => (0, 0),
        }
    }

    /// There is nothing to compute between the samples.
    pub(super) fn is_off(&self) -> bool {
        matches!(self.filter, Filter::Off)
    }

    /// Frames that one output looks at.
    pub(super) fn span(&self) -> usize {
        let (before, after) = self.context();
        before + 1 + after
    }

    /// The largest magnitude in each frame's interval, and the largest of these; `line` holds
    /// `out.len() + span − 1` samples, `mids` has room for [`PAIR_MIDS`] − 1 more than `out`.
    pub(super) fn run(&self, isa: Isa, line: &[S], mids: &mut [S], out: &mut [S]) -> S {
        match &self.filter {
            Filter::Mirrored(taps) => mirrored_peaks(isa, line, taps, out),
            Filter::Eight(half, pairs) => two_steps(isa, line, half, pairs, mids, out),
            Filter::Four(half, pairs) => two_steps(isa, line, half, pairs, mids, out),
            Filter::Off => {
                let mut largest = S::zero();
                for (out, x) in out.iter_mut().zip(line) {
                    *out = x.abs();
                    largest = if *out > largest { *out } else { largest };
                }
                largest
            }
        }
    }
}

/// The half-way points of every frame, then the points around them.
fn two_steps<S: Sample>(
    isa: Isa,
    line: &[S],
    half: &[S; HALF_WAY_TAPS],
    pairs: &[PointPair<S>],
    mids: &mut [S],
    out: &mut [S],
) -> S {
    let mids = mids.get_mut(..out.len() + PAIR_MIDS - 1).unwrap_or_default();
    half_way(isa, line, half, mids);
    let line = line.get(HALF_WAY_TAPS - 1..).unwrap_or_default();
    pair_peaks(isa, line, mids, pairs, out)
}

fn magnitude_sum(taps: &[f64]) -> f64 {
    taps.iter().map(|tap| tap.abs()).sum()
}

/// Two phases, newest sample first, and their mirror images.
fn mirrored<S: Sample>(phases: &[[f64; 2 * MIRRORED_HALF]; 2]) -> (Filter<S>, f64) {
    // The tables have the newest sample first, the kernel the oldest.
    let part = |phase: usize, sign: f64| -> [S; MIRRORED_HALF] {
        core::array::from_fn(|k| {
            let (old, new) = (phases[phase][2 * MIRRORED_HALF - 1 - k], phases[phase][k]);
            S::from_f64((old + sign * new) / 2.0)
        })
    };
    let taps = MirroredTaps::new(
        [0, 1].map(|phase| part(phase, 1.0)),
        [0, 1].map(|phase| part(phase, -1.0)),
    );
    // Of Annex 2 the outer phases' gain is 1.43, the inner phases' 2.02.
    let gain = magnitude_sum(&phases[0]).max(magnitude_sum(&phases[1])).max(1.0);
    (Filter::Mirrored(taps), gain)
}

/// Phases 1 and 2 of the 49-tap windowed sinc, newest sample first; phase 3 is phase 1 in reverse,
/// phase 2 mirrors itself, phase 0 is the sample.
fn sinc49() -> [[f64; 2 * MIRRORED_HALF]; 2] {
    #[expect(clippy::cast_precision_loss, reason = "tap counts are small")]
    let tap = |j: usize| {
        let hann = 0.5 * (1.0 - math::cos(2.0 * math::PI * j as f64 / 48.0));
        math::sinc((j as f64 - 24.0) / 4.0) * hann
    };
    [1, 2].map(|phase| core::array::from_fn(|i| tap(phase + 4 * i)))
}

fn fine<S: Sample>(eight_points: bool) -> (Filter<S>, f64) {
    let half = HALF_WAY.map(S::from_f64);
    let pairs =
        AROUND.map(|(even, odd)| PointPair::new(even.map(S::from_f64), odd.map(S::from_f64)));
    let filter =
        if eight_points { Filter::Eight(half, pairs) } else { Filter::Four(half, [pairs[1]]) };
    let points = AROUND.iter().map(|(even, odd)| magnitude_sum(&through_both_steps(even, odd)));
    (filter, points.fold(2.0 * magnitude_sum(&HALF_WAY), f64::max).max(1.0))
}

/// Both steps of a point before the half-way point as one filter over the samples, for the gain
/// bound; its mirror image has the same gain.
fn through_both_steps(even: &[f64; 4], odd: &[f64; 3]) -> [f64; MAX_SPAN] {
    let mut whole = [0.0; MAX_SPAN];
    let mids = [even[2] + odd[1], even[0], even[2] - odd[1]];
    for (start, weight) in mids.into_iter().enumerate() {
        for (n, tap) in HALF_WAY.iter().enumerate() {
            whole[start + n] += weight * tap;
            whole[start + 2 * HALF_WAY_TAPS - 1 - n] += weight * tap;
        }
    }
    let samples = [even[3] + odd[2], even[1] + odd[0], even[1] - odd[0], even[3] - odd[2]];
    for (n, weight) in samples.into_iter().enumerate() {
        whole[HALF_WAY_TAPS - 1 + n] += weight;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::gain_to_db;

    /// Largest over- and under-reading of a tone up to `limit` (fraction of the rate), dB.
    ///
    /// The crest lies anywhere between two frames; the points of that interval must find it.
    fn worst_db(method: TruePeakMethod, rate_hz: f64, limit: f64) -> (f64, f64) {
        let interpolator = Interpolator::<f64>::design(method, rate_hz);
        let (before, _) = interpolator.context();
        let (mut over, mut under) = (f64::NEG_INFINITY, f64::INFINITY);
        for step in 1..=90 {
            let f = limit * f64::from(step) / 90.0;
            for crest in 0..=64 {
                let tau = f64::from(crest) / 64.0;
                #[expect(clippy::cast_precision_loss, reason = "a few frames")]
                let line: [f64; MAX_SPAN] = core::array::from_fn(|n| {
                    math::cos(2.0 * math::PI * f * (n as f64 - before as f64 - tau))
                });
                let mut out = [0.0];
                interpolator.run(
                    Isa::baseline(),
                    &line[..interpolator.span()],
                    &mut [0.0; 3],
                    &mut out,
                );
                over = over.max(out[0]);
                under = under.min(out[0].max(line[before + 1].abs()));
            }
        }
        (gain_to_db(over), gain_to_db(under))
    }

    /// Method, rate, and (over, under) in dB up to each limit.
    type Line = (TruePeakMethod, f64, [(f64, f64); 3]);

    /// The table of the module doc, which has three decimals.
    const TABLE_DB: [Line; 4] = [
        (TruePeakMethod::Annex2, 48e3, [(0.222, -0.305), (0.222, -0.645), (0.222, -3.526)]),
        (TruePeakMethod::Sinc49, 48e3, [(0.044, -0.227), (0.110, -1.984), (0.110, -5.718)]),
        (TruePeakMethod::Fine, 48e3, [(0.013, -0.062), (0.013, -0.116), (0.013, -0.164)]),
        (TruePeakMethod::Fine, 96e3, [(0.013, -0.243), (0.013, -0.473), (0.013, -0.589)]),
    ];

    #[test]
    fn worst_readings_of_crests_are_those_of_the_table() {
        for (method, rate_hz, printed) in TABLE_DB {
            for (limit, (over, under)) in [0.30, 0.4167, 0.4535].into_iter().zip(printed) {
                let ours = worst_db(method, rate_hz, limit);
                // Half of the last decimal printed.
                let same = (ours.0 - over).abs() <= 0.000_51 && (ours.1 - under).abs() <= 0.000_51;
                assert!(same, "{method:?} {rate_hz} to {limit}: {ours:?}");
            }
        }
    }

    #[test]
    fn the_gain_bound_is_not_exceeded_and_nearly_met() {
        for (method, rate_hz) in [
            (TruePeakMethod::Annex2, 48e3),
            (TruePeakMethod::Sinc49, 48e3),
            (TruePeakMethod::Fine, 48e3),
        ] {
            let interpolator = Interpolator::<f64>::design(method, rate_hz);
            let span = interpolator.span();
            // The worst line has the signs of the phase's taps; read them off impulse by impulse.
            let mut worst: f64 = 0.0;
            let mut total = 0.0;
            for n in 0..span {
                let mut line = [0.0; MAX_SPAN];
                line[n] = 1.0;
                let mut out = [0.0];
                interpolator.run(Isa::baseline(), &line[..span], &mut [0.0; 3], &mut out);
                worst = worst.max(out[0]);
                total += out[0];
            }
            // The sum over impulses of the largest phase is at least that of any one phase.
            assert!(interpolator.bound >= worst && interpolator.bound <= total, "{method:?}");
        }
    }
}
