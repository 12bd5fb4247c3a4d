//! Make-up that keeps the loudness: so that what is compared with the bypass is the sound, not the
//! level.
//!
//! > M = 10·log10(E_in/E_out), E = Σ_c G_c·(K-weighted channel c)², averaged over 3 s
//!
//! K-weighting and channel weights G are BS.1770's. The mean decays exponentially and stands still
//! where the input is below −70 LUFS (the absolute gate), so a pause does not move it; M moves by at
//! most 6 dB a second and stays within ±24 dB. It is decided every 256 frames of the absolute counter
//! and runs straight in dB between.
//!
//! Limits: energies are matched, without BS.1770's relative gate: where compression lifts what was
//! more than 10 LU below the programme over that gate, the integrated loudness falls (by 1 LU where
//! a quarter of the time does so), though the loud passages sound alike.
//!
//! Beyond +20 dBFS, where no programme lies, both are heard as at +20 dBFS: a stray sample fills no mean.
//!
//! Sources: ITU-R BS.1770-5, Annex 1 (weighting, weights, absolute gate); time, slew and bounds are
//! ours.
//!
//! Cost: two K-weightings per channel, serial. Latency: none; M knows the past alone.

use super::key_filter::{KeyFilter, KeyState};
use super::side_chain::{PIECE, Row, Span};
use super::voice_mean::bounded;
use crate::audio::{BlockMut, PerChannel, Sample};
use crate::error::Error;
use crate::kernels::{self, Isa};
use crate::loudness::{KWeighting, channel_weight};
use crate::math;
use crate::stream::Stream;
use crate::units::{Lufs, power_to_db};

/// Where the make-up gain comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum MakeUp {
    /// From the parameters alone.
    #[default]
    Static,
    /// From those, and then from the loudness of input and output, so that both are equally loud.
    LoudnessMatched,
}

/// Time constant of the mean, s: the window of a short-term loudness (EBU Tech 3341).
const MEAN_S: f64 = 3.0;
/// Fastest movement, dB per second: the fastest that riders of the trade move (3 to 6 dB/s down, 1 to 3
/// up). The mean asks for at most 1.45 dB/s (10·log10(e)/3 s) on the way up, and on the way down for
/// 1.45·(10^(D/10) − 1) where a reduction of D dB ends at once. So the limit acts where D is beyond
/// 7.1 dB, and at the start, where a make-up of 6 dB is there after 1 s.
const SLEW_DB_PER_S: f64 = 6.0;
/// Largest gain, dB: what the make-up of hardware gives (API 2500+, manual, 7.1.1: 0 to +24 dB). A
/// compressor that needs more has flattened its programme; what is beyond stays quieter.
const MAX_DB: f64 = 24.0;
/// Absolute gate of BS.1770-5, Annex 1, equation 4, LUFS.
const GATE_LUFS: f64 = -70.0;

/// What is remembered of a channel.
#[derive(Clone, Copy, Debug, Default)]
struct Ears {
    weight: f64,
    /// Before and after the gain.
    states: [KeyState; 2],
    /// Energies of the chunk so far.
    sums: [f64; 2],
}

/// The loudness of input and output, and the gain between them.
#[derive(Debug)]
pub(super) struct LoudnessMatch {
    weighting: KeyFilter,
    ears: PerChannel<Ears>,
    /// Mean energies of input and output.
    means: [f64; 2],
    /// Share of a mean that stays for a chunk.
    stay: f64,
    slew_db: f64,
    /// Energy of a chunk at the gate.
    gate: f64,
    /// Gain where the chunk begins and ends, dB.
    line: [f64; 2],
}

impl LoudnessMatch {
    pub(super) fn new(stream: &Stream) -> Result<Self, Error> {
        let k = KWeighting::design(stream.rate_hz)?;
        let mut ears = PerChannel::<Ears>::new(stream.channel_count())?;
        for (ears, speaker) in ears.iter_mut().zip(stream.layout.speakers()) {
            ears.weight = channel_weight(speaker);
        }
        let seconds = PIECE as f64 / stream.rate_hz;
        Ok(Self {
            weighting: KeyFilter::new(&[k.shelf, k.high_pass])?,
            ears,
            means: [0.0; 2],
            stay: math::exp(-seconds / MEAN_S),
            slew_db: SLEW_DB_PER_S * seconds,
            gate: PIECE as f64 * Lufs::new(GATE_LUFS).power().value(),
            line: [0.0; 2],
        })
    }

    pub(super) fn reset(&mut self) {
        for ears in self.ears.iter_mut() {
            *ears = Ears { weight: ears.weight, ..Ears::default() };
        }
        self.means = [0.0; 2];
        self.line = [0.0; 2];
    }

    /// The gain at the end of the current chunk, dB.
    pub(super) fn gain_db(&self) -> f64 {
        self.line[1]
    }

    /// Hears a piece of a channel, before (0) or after (1) its gain.
    pub(super) fn hear<S: Sample>(&mut self, channel: usize, side: usize, samples: &[S]) {
        let Some(ears) = self.ears.get_mut(channel) else { return };
        let (Some(state), Some(sum)) = (ears.states.get_mut(side), ears.sums.get_mut(side)) else {
            return;
        };
        let mut row = [0.0; PIECE];
        let row = row.get_mut(..samples.len()).unwrap_or_default();
        for (to, from) in row.iter_mut().zip(samples) {
            *to = bounded(from.as_f64());
        }
        self.weighting.run(state, row);
        for x in row {
            *sum += *x * *x;
        }
    }

    /// Gives a piece its gain, to the share of the processed signal in each absolute frame. Where a chunk
    /// ends, the next one's gain is decided; it learns where all that leaves from the chunk's first frame
    /// on is the processed signal.
    pub(super) fn give<S: Sample>(
        &mut self,
        isa: Isa,
        main: &mut BlockMut<'_, S>,
        span: Span,
        share: impl Fn(u64) -> f32,
        learns: impl Fn(u64) -> bool,
    ) {
        let mut row = Row::default();
        let gains = row.of(span.frames);
        if self.gains_db(span, gains).is_some() {
            kernels::gains_of_db(isa, gains);
            for (n, gain) in gains.iter_mut().enumerate() {
                let share = share(span.now + n as u64);
                *gain = if share == 1.0 { *gain } else { 1.0 + (*gain - 1.0) * share };
            }
            for samples in main.channels_mut() {
                kernels::apply_gains(isa, span.of(samples), gains);
            }
        }
        if span.ends_at_multiple_of(PIECE as u64) {
            let start = (span.now + span.frames as u64).saturating_sub(PIECE as u64);
            self.finish_chunk(learns(start));
        }
    }

    /// The gain of each frame of a piece, dB; none where it stands at 0 dB.
    fn gains_db(&self, span: Span, row: &mut [f32]) -> Option<()> {
        let [from, to] = self.line;
        if from == 0.0 && to == 0.0 {
            return None;
        }
        let first = span.now % PIECE as u64;
        for (n, gain) in row.iter_mut().enumerate() {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "at most 256 frames; a control signal"
            )]
            {
                let place = (first + n as u64 + 1) as f64 / PIECE as f64;
                *gain = (from + (to - from) * place) as f32;
            }
        }
        Some(())
    }

    /// Decides the next chunk's line; called at multiples of 256 frames. `learns` is false where
    /// the output is not the compressor's (bypass, key listen).
    fn finish_chunk(&mut self, learns: bool) {
        let mut energies = [0.0; 2];
        for ears in self.ears.iter_mut() {
            for (energy, sum) in energies.iter_mut().zip(&mut ears.sums) {
                *energy += ears.weight * core::mem::take(sum);
            }
            for state in &mut ears.states {
                state.settle();
            }
        }
        let [_, now] = self.line;
        let mut wanted = now;
        if learns && energies[0] > self.gate {
            for (mean, energy) in self.means.iter_mut().zip(energies) {
                *mean = self.stay * *mean + (1.0 - self.stay) * energy;
            }
            let [before, after] = self.means;
            if after > 0.0 {
                wanted = power_to_db(before / after).clamp(-MAX_DB, MAX_DB);
            }
        }
        let step = (wanted - now).max(-self.slew_db).min(self.slew_db);
        self.line = [now, now + step];
    }
}
