//! True peak: the largest magnitude of the waveform that the samples stand for.
//!
//! A reconstruction filter (a converter, a resampler, a lossy codec) swings between the samples;
//! what is limited at the samples can clip there. The meter computes points in between with FIR
//! phases and keeps the largest magnitude of these and of the samples, so it never reads below the
//! sample peak.
//!
//! [`TruePeakMethod::Annex2`] is the 4 x 12 table that BS.1770 prints, bit-comparable in its
//! coefficients with meters that follow it to the letter. [`TruePeakMethod::Fine`] goes up in two
//! steps: the points half-way by a half-band filter of 40 taps (Kaiser, β 6), then the points
//! between those at twice the rate by 8 taps (Kaiser, β 6); 8 points a frame up to 64 kHz, 4 above.
//! Neither method is ever off, at 192 kHz and above neither falls below four points a frame.
//!
//! Worst reading of a tone's crest by the points next to it, wherever it lies between two frames,
//! dB over / under (recomputed by a test):
//!
//! | method | to 0.30 fs | to 0.4167 fs (20 kHz at 48) | to 0.4535 fs (20 kHz at 44.1) |
//! |---|---|---|---|
//! | `Annex2` | +0.222 / -0.305 | +0.222 / -0.645 | +0.222 / -3.526 |
//! | `Fine`, 8 points | +0.003 / -0.065 | +0.010 / -0.113 | +0.016 / -0.161 |
//! | `Fine`, 4 points (above 64 kHz) | +0.003 / -0.246 | +0.010 / -0.465 | +0.016 / -0.571 |
//!
//! Sources: ITU-R BS.1770-5, Annex 2 (table, 12.04 dB only for integers, at least 192 kHz; any
//! method of similar or superior results, recommends 5). EBU Tech 3341, cases 15 to 23.
//! Latency: none for the caller; the last frames count in [`TruePeakMeter::measurement`], which
//! runs zeros through a copy.
//! Cost: see [`crate::kernels::quarter_peaks`]. A piece whose largest sample times the filters' gain
//! bound cannot exceed the peak so far is not computed; that changes no bit.
//! Limits: a point grid reads a tone low by up to 20 log10 cos(π f/(n fs)) for n points a frame.

use crate::audio::{Block, PerChannel, Sample, Store};
use crate::error::Error;
use crate::kernels::{
    self, Isa, MIRRORED_HALF, MirroredTaps, QUARTER_MIDS, QuarterTaps, mirrored_peaks,
    quarter_peaks, symmetric_fir,
};
use crate::math;
use crate::stream::Stream;
use crate::units::{Reading, gain_to_db};

/// How the points between the samples are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum TruePeakMethod {
    /// The 4 x 12 coefficients printed in BS.1770, Annex 2.
    Annex2,
    /// Two-step interpolation to 8 points a frame (4 above 64 kHz), closer to the waveform.
    #[default]
    Fine,
}

/// Phases 0 and 1 of the printed table, newest sample first; phase 3 is phase 0 and phase 2 is
/// phase 1 in reverse.
///
/// ITU-R BS.1770-5, Annex 2, table of the order 48, 4-phase FIR; read from two independent
/// transcriptions that agree: crate `broadcast-loudness` 0.3.0 (`src/true_peak.rs`) and
/// KitaitiMakoto/ebur128-stream (`src/peak.rs`).
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
/// Kaiser β of the half-band step: pass-band ripple 0.004 dB.
const HALF_BAND_BETA: f64 = 6.0;
/// Kaiser β of the eight taps of the second step, whose input lies below a quarter of its rate.
const QUARTER_BETA: f64 = 6.0;
/// Up to this rate 8 points a frame, above it 4: 20 kHz lies at 0.31 fs there, where 4 points
/// read at most 0.26 dB low and at 96 kHz 0.12 dB.
const EIGHT_POINTS_MAX_HZ: f64 = 64_000.0;

/// Frames that a channel's line takes at a time.
const CHUNK: usize = 256;
/// Frames that are computed or skipped together.
const PIECE: usize = 64;
/// The longest context: 21 frames before and 22 after.
const MAX_SPAN: usize = 2 * HALF_BAND_HALF + QUARTER_MIDS - 1;

/// The interpolation filters in the sample type.
#[derive(Clone, Copy, Debug)]
enum Filter<S> {
    Annex2(MirroredTaps<S>),
    Fine([S; HALF_BAND_HALF], QuarterTaps<S>),
}

#[derive(Clone, Copy, Debug)]
struct Interpolator<S> {
    filter: Filter<S>,
    /// No output exceeds this times the largest sample of its context, rounding included.
    bound: f64,
}

impl<S: Sample> Interpolator<S> {
    fn design(method: TruePeakMethod, rate_hz: f64) -> Self {
        let (filter, gain) = match method {
            TruePeakMethod::Annex2 => annex2(),
            TruePeakMethod::Fine => fine(rate_hz <= EIGHT_POINTS_MAX_HZ),
        };
        // Each of fewer than 128 roundings is at most one epsilon of the sum of magnitudes.
        Self { filter, bound: gain * (1.0 + 128.0 * S::epsilon().as_f64()) }
    }

    /// Frames of context before frame n, and after it.
    fn context(&self) -> (usize, usize) {
        match self.filter {
            Filter::Annex2(_) => (MIRRORED_HALF - 1, MIRRORED_HALF),
            Filter::Fine(..) => (HALF_BAND_HALF + 1, HALF_BAND_HALF + 2),
        }
    }

    /// Frames that one output looks at.
    fn span(&self) -> usize {
        let (before, after) = self.context();
        before + 1 + after
    }

    /// The largest magnitude in each frame's interval; `line` holds `out.len() + span − 1` samples.
    fn run(&self, isa: Isa, line: &[S], out: &mut [S]) {
        match &self.filter {
            Filter::Annex2(taps) => mirrored_peaks(isa, line, taps, out),
            Filter::Fine(half, taps) => {
                let mut mids = [S::zero(); PIECE + QUARTER_MIDS - 1];
                let mids = &mut mids[..out.len() + QUARTER_MIDS - 1];
                symmetric_fir(isa, line, half, mids);
                quarter_peaks(isa, &line[HALF_BAND_HALF..], mids, taps, out);
            }
        }
    }
}

fn magnitude_sum(taps: &[f64]) -> f64 {
    taps.iter().map(|tap| tap.abs()).sum()
}

fn annex2<S: Sample>() -> (Filter<S>, f64) {
    // The table has the newest sample first, the kernel the oldest.
    let part = |phase: usize, sign: f64| -> [S; MIRRORED_HALF] {
        core::array::from_fn(|k| {
            let (old, new) = (ANNEX2[phase][2 * MIRRORED_HALF - 1 - k], ANNEX2[phase][k]);
            S::from_f64((old + sign * new) / 2.0)
        })
    };
    let taps =
        MirroredTaps { even: [part(0, 1.0), part(1, 1.0)], odd: [part(0, -1.0), part(1, -1.0)] };
    // The outer phases' gain is 1.43, the inner phases' 2.02.
    let gain = magnitude_sum(&ANNEX2[0]).max(magnitude_sum(&ANNEX2[1]));
    (Filter::Annex2(taps), gain)
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

/// What one channel has reached, linear, with the first frame that did.
#[derive(Clone, Copy, Debug, Default)]
struct Track {
    peak: f64,
    frame: u64,
    sample_peak: f64,
    sample_frame: u64,
}

/// Peak readings of a channel or of all channels.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeakReadings {
    /// Largest magnitude between and at the samples, dBTP.
    pub true_peak_dbtp: Reading,
    /// The frame at or before that point.
    pub true_peak_frame: u64,
    /// The channel that reached it first in channel order.
    pub true_peak_channel: usize,
    /// Largest magnitude of the samples, dBFS.
    pub sample_peak_dbfs: Reading,
    /// The first frame that reached it.
    pub sample_peak_frame: u64,
    /// The channel that reached it first in channel order.
    pub sample_peak_channel: usize,
}

/// A true-peak and sample-peak meter for every channel of a stream, LFE included.
///
/// # Example
/// ```
/// use mixcore::audio::Block;
/// use mixcore::loudness::{TruePeakMeter, TruePeakMethod};
/// use mixcore::{Layout, Stream, math};
///
/// // A quarter of the rate, sampled at 45 degrees: no sample meets the crest (EBU case 19).
/// let tone: Vec<f32> = (0..4800)
///     .map(|n| 1.41 * math::sin(math::PI * (0.5 * f64::from(n) + 0.25)) as f32)
///     .collect();
/// let mut meter = TruePeakMeter::new(TruePeakMethod::Fine, Stream::new(48_000.0, Layout::MONO)?)?;
/// meter.push(Block::mono(&tone[480..4320]))?;
/// let peaks = meter.measurement();
/// assert!((peaks.sample_peak_dbfs.value().unwrap() + 0.03).abs() < 0.01);
/// assert!((peaks.true_peak_dbtp.value().unwrap() - 3.0).abs() < 0.2);
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct TruePeakMeter<'a, S> {
    isa: Isa,
    rate_hz: f64,
    interpolator: Interpolator<S>,
    lines: Store<'a, S>,
    tracks: PerChannel<Track>,
    frames: u64,
    faults: u64,
}

impl<S: Sample> TruePeakMeter<'static, S> {
    /// A meter with memory of its own.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz.
    #[cfg(feature = "alloc")]
    pub fn new(method: TruePeakMethod, stream: Stream) -> Result<Self, Error> {
        let store = Store::owned(Self::required_len(method, &stream), S::zero());
        Self::with_store(method, stream, store)
    }
}

impl<'a, S: Sample> TruePeakMeter<'a, S> {
    /// Samples that [`TruePeakMeter::new_in`] needs.
    #[must_use]
    pub fn required_len(method: TruePeakMethod, stream: &Stream) -> usize {
        let span = Interpolator::<S>::design(method, stream.rate_hz).span();
        stream.channel_count() * (span - 1 + CHUNK)
    }

    /// A meter in lent memory of at least [`TruePeakMeter::required_len`].
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz, or too little memory.
    pub fn new_in(
        method: TruePeakMethod,
        stream: Stream,
        memory: &'a mut [S],
    ) -> Result<Self, Error> {
        let required = Self::required_len(method, &stream);
        let store = Store::lent("true-peak", memory, required, S::zero())?;
        Self::with_store(method, stream, store)
    }

    fn with_store(
        method: TruePeakMethod,
        stream: Stream,
        lines: Store<'a, S>,
    ) -> Result<Self, Error> {
        stream.validate()?;
        Ok(Self {
            isa: stream.isa,
            rate_hz: stream.rate_hz,
            interpolator: Interpolator::design(method, stream.rate_hz),
            lines,
            tracks: PerChannel::new(stream.channel_count())?,
            frames: 0,
            faults: 0,
        })
    }

    /// Measures one block of any length.
    ///
    /// # Real time
    /// Does not allocate.
    ///
    /// # Errors
    /// Another number of channels than the stream's; nothing is measured then.
    pub fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        block.check_channels("block", self.tracks.len())?;
        let mut at = 0;
        while at < block.frames() {
            let take = CHUNK.min(block.frames() - at);
            self.push_chunk(&block.range(at, at + take));
            at += take;
        }
        Ok(())
    }

    fn push_chunk(&mut self, block: &Block<'_, S>) {
        let history = self.interpolator.span() - 1;
        let take = block.frames();
        let Self { isa, interpolator, lines, tracks, frames, faults, .. } = self;
        for ((line, track), input) in
            lines.chunks_exact_mut(history + CHUNK).zip(tracks.iter_mut()).zip(block.channels())
        {
            let fresh = &mut line[history..history + take];
            *faults += kernels::clean(*isa, input, fresh) as u64;
            let peak = kernels::peak(*isa, fresh).as_f64();
            if peak > track.sample_peak {
                track.sample_peak = peak;
                track.sample_frame = *frames + position(fresh, peak);
            }
            scan(*isa, interpolator, &line[..history + take], *frames, track);
            line.copy_within(take..take + history, 0);
        }
        self.frames += take as u64;
    }

    /// Starts anew; the memory is kept.
    pub fn reset(&mut self) {
        self.lines.fill(S::zero());
        self.tracks.fill(Track::default());
        self.frames = 0;
        self.faults = 0;
    }

    /// Frames measured so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Samples so far that were not finite or beyond 1e6 and were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// Readings over all channels, the last frames included (silence is taken to follow).
    #[must_use]
    pub fn measurement(&self) -> PeakReadings {
        let mut best = (self.finished(0), 0, 0);
        for channel in 1..self.tracks.len() {
            let track = self.finished(channel);
            if track.peak > best.0.peak {
                (best.0.peak, best.0.frame, best.1) = (track.peak, track.frame, channel);
            }
            if track.sample_peak > best.0.sample_peak {
                best.0.sample_peak = track.sample_peak;
                best.0.sample_frame = track.sample_frame;
                best.2 = channel;
            }
        }
        self.readings(&best.0, best.1, best.2)
    }

    /// Readings of one channel, the last frames included.
    ///
    /// # Panics
    /// If `channel` is not below the stream's channel count.
    #[must_use]
    pub fn channel_measurement(&self, channel: usize) -> PeakReadings {
        self.readings(&self.finished(channel), channel, channel)
    }

    fn readings(&self, track: &Track, channel: usize, sample_channel: usize) -> PeakReadings {
        let reading = |peak: f64| {
            if self.frames == 0 {
                Reading::TooShort { have_s: 0.0, need_s: 1.0 / self.rate_hz }
            } else {
                Reading::from_level(gain_to_db(peak))
            }
        };
        PeakReadings {
            true_peak_dbtp: reading(track.peak),
            true_peak_frame: track.frame,
            true_peak_channel: channel,
            sample_peak_dbfs: reading(track.sample_peak),
            sample_peak_frame: track.sample_frame,
            sample_peak_channel: sample_channel,
        }
    }

    /// The track of a channel after its line has run out into silence.
    fn finished(&self, channel: usize) -> Track {
        let span = self.interpolator.span();
        let after = self.interpolator.context().1;
        let mut track = self.tracks[channel];
        let mut line = [S::zero(); 2 * MAX_SPAN];
        let history = &self.lines[channel * (span - 1 + CHUNK)..][..span - 1];
        line[..span - 1].copy_from_slice(history);
        let line = &line[..span - 1 + after];
        scan(self.isa, &self.interpolator, line, self.frames, &mut track);
        track
    }
}

/// Runs the outputs that `line` allows; its newest samples begin at the absolute frame `frames`.
fn scan<S: Sample>(
    isa: Isa,
    interpolator: &Interpolator<S>,
    line: &[S],
    frames: u64,
    track: &mut Track,
) {
    let span = interpolator.span();
    let after = interpolator.context().1 as u64;
    let outputs = line.len() + 1 - span;
    let mut out = [S::zero(); PIECE];
    let mut at = 0;
    while at < outputs {
        let take = PIECE.min(outputs - at);
        let window = &line[at..at + take + span - 1];
        if interpolator.bound * kernels::peak(isa, window).as_f64() > track.peak {
            let out = &mut out[..take];
            interpolator.run(isa, window, out);
            let peak = kernels::peak(isa, out).as_f64();
            if peak > track.peak {
                track.peak = peak;
                // Points before the first frame belong to it.
                track.frame = (frames + at as u64 + position(out, peak)).saturating_sub(after);
            }
        }
        at += take;
    }
}

/// Index of the first sample of that magnitude.
fn position<S: Sample>(samples: &[S], magnitude: f64) -> u64 {
    samples.iter().position(|x| x.as_f64().abs() == magnitude).unwrap_or(0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

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
    const TABLE_DB: [Line; 3] = [
        (TruePeakMethod::Annex2, 48e3, [(0.222, -0.305), (0.222, -0.645), (0.222, -3.526)]),
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
        for (method, rate_hz) in [(TruePeakMethod::Annex2, 48e3), (TruePeakMethod::Fine, 48e3)] {
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
