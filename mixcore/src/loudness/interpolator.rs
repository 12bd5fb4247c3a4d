//! The points between the samples: three ways to find them, with their errors.
//!
//! [`TruePeakMethod::Annex2`] is the 4 x 12 table that BS.1770 prints, bit-comparable in its
//! coefficients with meters that follow it to the letter. [`TruePeakMethod::Fine`] goes up in two
//! steps: the points half-way by a half-band filter of 40 taps (Kaiser, β 6), then the points
//! between those at twice the rate by 8 taps (Kaiser, β 6); 8 points a frame up to 64 kHz, 4 above.
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
//! | `Fine`, 8 points | +0.003 / -0.065 | +0.010 / -0.113 | +0.016 / -0.161 |
//! | `Fine`, 4 points (above 64 kHz) | +0.003 / -0.246 | +0.010 / -0.465 | +0.016 / -0.571 |
//!
//! A point grid reads a tone low by up to 20 log10 cos(π f/(n fs)) for n points a frame; the rest of
//! an error is the filters'.
//!
//! Sources: ITU-R BS.1770-5, Annex 2 (table; any method of similar or superior results, recommends
//! 5). Kaiser window: see [`crate::math::kaiser`]. `Sinc49`: libebur128 1.2.6 and crate ebur128 0.1.11,
//! as they interpolate up to 96 kHz (above they take fewer points; here it is 4 at every rate).

use crate::audio::Sample;
use crate::kernels::{
    Isa, MIRRORED_HALF, MirroredTaps, QUARTER_MIDS, QuarterTaps, mirrored_peaks, quarter_peaks,
    symmetric_fir,
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
/// transcriptions that agree: KitaitiMakoto/ebur128-stream (`src/peak.rs`) and
/// lcweden/loudness-audio-worklet-processor (`src/constants.ts`).
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

/// Half the taps of the half-band step. 20 a side keep its transition above 0.4535 fs (20 kHz at
/// 44.1 kHz): see the error table.
const HALF_BAND_HALF: usize = 20;
/// Kaiser β of the half-band step: the over-reading of 0.003 dB in the error table is its ripple.
const HALF_BAND_BETA: f64 = 6.0;
/// Kaiser β of the eight taps of the second step, whose input lies below a quarter of its rate.
const QUARTER_BETA: f64 = 6.0;
/// Up to this rate 8 points a frame, above it 4: 20 kHz lies at 0.31 fs there, where the grid of 4
/// points reads at most 0.26 dB low (by the cosine in the module doc), and at 96 kHz 0.12 dB.
const EIGHT_POINTS_MAX_HZ: f64 = 64_000.0;

/// Frames that are computed or skipped together.
pub(super) const PIECE: usize = 64;
/// The longest context: 21 frames before and 22 after.
pub(super) const MAX_SPAN: usize = 2 * HALF_BAND_HALF + QUARTER_MIDS - 1;

/// The interpolation filters in the sample type.
#[derive(Clone, Copy, Debug)]
enum Filter<S> {
    Mirrored(MirroredTaps<S>),
    Fine([S; HALF_BAND_HALF], QuarterTaps<S>),
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
            TruePeakMethod::Off => (Filter::Off, 0.0),
        };
        // Each of fewer than 128 roundings is at most one epsilon of the sum of magnitudes.
        Self { filter, bound: gain * (1.0 + 128.0 * S::epsilon().as_f64()) }
    }

    /// Frames of context before frame n, and after it.
    pub(super) fn context(&self) -> (usize, usize) {
        match self.filter {
            Filter::Mirrored(_) => (MIRRORED_HALF - 1, MIRRORED_HALF),
            Filter::Fine(..) => (HALF_BAND_HALF + 1, HALF_BAND_HALF + 2),
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

    /// The largest magnitude in each frame's interval; `line` holds `out.len() + span − 1` samples.
    pub(super) fn run(&self, isa: Isa, line: &[S], out: &mut [S]) {
        match &self.filter {
            Filter::Mirrored(taps) => mirrored_peaks(isa, line, taps, out),
            Filter::Fine(half, taps) => {
                let mut mids = [S::zero(); PIECE + QUARTER_MIDS - 1];
                let mids = mids.get_mut(..out.len() + QUARTER_MIDS - 1).unwrap_or_default();
                symmetric_fir(isa, line, half, mids);
                let line = line.get(HALF_BAND_HALF..).unwrap_or_default();
                quarter_peaks(isa, line, mids, taps, out);
            }
            Filter::Off => out.fill(S::zero()),
        }
    }
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
    let taps =
        MirroredTaps { even: [part(0, 1.0), part(1, 1.0)], odd: [part(0, -1.0), part(1, -1.0)] };
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

/// Windowed sinc of the half-band step, oldest tap first, up to the middle.
fn half_band() -> [f64; HALF_BAND_HALF] {
    #[expect(clippy::cast_precision_loss, reason = "tap counts are small")]
    core::array::from_fn(|k| {
        let half = HALF_BAND_HALF as f64;
        let distance = half - 0.5 - k as f64;
        math::sinc(distance) * math::kaiser(distance / half, HALF_BAND_BETA)
    })
}

/// Eight taps for a point at `at` between two values of the doubled signal, the value at −3 first,
/// normalised to unit gain at 0 Hz.
fn quarter(at: f64) -> [f64; 8] {
    #[expect(clippy::cast_precision_loss, reason = "tap counts are small")]
    let taps: [f64; 8] = core::array::from_fn(|k| {
        let distance = k as f64 - 3.0 - at;
        math::sinc(distance) * math::kaiser(distance / 4.0, QUARTER_BETA)
    });
    let sum: f64 = taps.iter().sum();
    taps.map(|tap| tap / sum)
}

fn fine<S: Sample>(eight_points: bool) -> (Filter<S>, f64) {
    let half = half_band();
    let (first, centre) = (quarter(0.25), quarter(0.5));
    let fold = |taps: &[f64; 8], sign: f64| -> [S; 4] {
        core::array::from_fn(|k| S::from_f64((taps[3 - k] + sign * taps[4 + k]) / 2.0))
    };
    let taps = QuarterTaps {
        // Symmetric: E is the taps themselves.
        centre: fold(&centre, 1.0),
        quarters: eight_points.then(|| (fold(&first, 1.0), fold(&first, -1.0))),
    };
    let mut gain = 1.0_f64;
    for taps in [&first, &centre] {
        for odd_start in [false, true] {
            gain = gain.max(magnitude_sum(&through_both_steps(&half, taps, odd_start)));
        }
    }
    gain = gain.max(2.0 * magnitude_sum(&half));
    (Filter::Fine(half.map(S::from_f64), taps), gain)
}

/// Both steps as one filter over the samples, for the gain bound.
///
/// `odd_start`: the interval begins at a half-way point instead of a sample.
fn through_both_steps(
    half: &[f64; HALF_BAND_HALF],
    taps: &[f64; 8],
    odd_start: bool,
) -> [f64; MAX_SPAN] {
    let mut whole = [0.0; MAX_SPAN];
    for (k, tap) in taps.iter().enumerate() {
        // Counted from the half-way point two frames before, which is the first of `mids`.
        let point = k + usize::from(odd_start);
        if point % 2 == 0 {
            for (n, half) in half.iter().enumerate() {
                whole[point / 2 + n] += tap * half;
                whole[point / 2 + 2 * HALF_BAND_HALF - 1 - n] += tap * half;
            }
        } else {
            whole[point / 2 + HALF_BAND_HALF] += tap;
        }
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
                interpolator.run(Isa::baseline(), &line[..interpolator.span()], &mut out);
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
        (TruePeakMethod::Fine, 48e3, [(0.003, -0.065), (0.010, -0.113), (0.016, -0.161)]),
        (TruePeakMethod::Fine, 96e3, [(0.003, -0.246), (0.010, -0.465), (0.016, -0.571)]),
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
                interpolator.run(Isa::baseline(), &line[..span], &mut out);
                worst = worst.max(out[0]);
                total += out[0];
            }
            // The sum over impulses of the largest phase is at least that of any one phase.
            assert!(interpolator.bound >= worst && interpolator.bound <= total, "{method:?}");
        }
    }
}
