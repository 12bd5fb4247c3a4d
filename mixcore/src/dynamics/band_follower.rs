//! What the masking-aware ducker knows of its look-ahead, band by band, and what it reports.
//!
//! The rules are in the module doc of [`super::masking_ducker`].

use core::ops::Range;

use super::audibility::{FULL_DB, audible, importance};
use super::band_core::Decide;
use super::band_trade::{Bands, Known, STEPS, add_audibility};
use super::band_unit::{KEY, Leaving, MAIN, STAYS};
use super::ducker_params::DuckerParams;
use super::ducker_state::LEAD;
use super::key_filter::KeyFilter;
use super::masking_ducker::MaskingDuckerParams;
use super::reduction::mixed_db;
use super::speech_watch::SpeechWatch;
use crate::analysis::{ERB_BANDS, ErbBands, MaskingFrame};
use crate::audio::Store;
use crate::error::Error;
use crate::loudness::{KWeighting, SUB_BLOCKS_PER_S};
use crate::units::{Reading, db_to_power, power_to_db};

/// Broadband depths that are tried for the comparison, 0 to 24 dB in steps of 1 dB: to twice the default
/// depth; what needs more has none.
const TRIALS: usize = 25;

/// Numbers of a frame: excitation by the voice and by what goes down of the background, power of that,
/// depth, excitation by what stays and power of that, and a flag.
const ROW: usize = 6 * ERB_BANDS + 1;

/// Flags of a frame: it counts in a phrase; it would, and no phrase has it yet; it does not.
const COUNTS: f64 = 1.0;
const MAY_COUNT: f64 = -1.0;
const SILENT: f64 = 0.0;

/// K-weighting at the centres of the bands, as power ratios.
pub(super) fn k_weights(rate_hz: f64) -> Result<Bands, Error> {
    let k = KWeighting::design(rate_hz)?;
    Ok(core::array::from_fn(|band| db_to_power(k.response_db(ErbBands::band(band).centre_hz))))
}

/// Bands of a frame: at most as many as there are, which the compiler cannot know.
pub(super) fn bands_of(frame: &MaskingFrame<'_>) -> usize {
    frame.bands().min(ERB_BANDS)
}

/// Where the numbers of a frame lie in a ring of so many frames.
fn place_of(index: usize, len: usize) -> Range<usize> {
    let at = index % len.max(1) * ROW;
    at..at + ROW
}

/// Weighted sum of powers.
pub(super) fn weighted(weights: &Bands, powers: impl Iterator<Item = f64>) -> f64 {
    weights.iter().zip(powers).fold(0.0, |sum, (weight, power)| sum + weight * power)
}

/// Sums over the frames with speech that have left.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    frames: f64,
    before: f64,
    after: f64,
    trials: [f64; TRIALS],
    /// Loudness of what goes down as it came and as it left, and of what stays.
    loudness: [f64; 3],
}

/// What band-wise ducking cost and brought, against a broadband duck, over the frames with speech that
/// have left.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct BandDuckReport {
    /// Speech so far, s.
    pub speech_s: f64,
    /// Audibility of the voice over the background as it came, 0 to 1 (after ANSI S3.5, see the module
    /// doc of the source file).
    pub audibility_before: Reading,
    /// The same over the background as it left.
    pub audibility_after: Reading,
    /// Change of the background's loudness under speech, LU ≤ 0.
    pub background_lu: Reading,
    /// Reduction that a broadband duck needs for the same audibility, dB ≥ 0.
    /// [`Reading::NotApplicable`] beyond 24 dB.
    pub broadband_db: Reading,
    /// Loudness of the background that is saved over that broadband duck of the same channels, LU.
    pub saved_lu: Reading,
}

/// The frames of the look-ahead and the reductions.
#[derive(Debug)]
pub(super) struct BandFollower<'a> {
    len: usize,
    ring: Store<'a, f64>,
    pushed: usize,
    watch: SpeechWatch,
    /// Σ of the excitations by voice and background, what goes down and what stays, over the open
    /// phrase, and frames that count.
    voice: Bands,
    background: Bands,
    stays: Bands,
    /// Σ of the powers of what goes down.
    powers: Bands,
    count: f64,
    /// The open phrase is ducked by one depth in all its masked bands.
    is_flat: bool,
    reductions: Bands,
    rate_hz: f64,
    weights: Bands,
    /// The weights behind the key's filter.
    watch_weights: Bands,
    importance: Bands,
    sums: Sums,
}

impl<'a> Decide<'a> for BandFollower<'a> {
    type Params = MaskingDuckerParams;
    const HEARS_FILTERED: bool = false;

    fn required_len(frames: usize) -> usize {
        frames * ROW + STEPS * ERB_BANDS
    }

    fn new(frames: usize, rate_hz: f64, ring: Store<'a, f64>) -> Result<Self, Error> {
        let weights = k_weights(rate_hz)?;
        Ok(Self {
            len: frames.max(1),
            ring,
            pushed: 0,
            watch: SpeechWatch::default(),
            voice: [0.0; ERB_BANDS],
            background: [0.0; ERB_BANDS],
            stays: [0.0; ERB_BANDS],
            powers: [0.0; ERB_BANDS],
            count: 0.0,
            is_flat: false,
            reductions: [0.0; ERB_BANDS],
            rate_hz,
            weights,
            watch_weights: weights,
            importance: importance(),
            sums: Sums::default(),
        })
    }

    fn reset(&mut self) {
        self.ring.fill(0.0);
        self.pushed = 0;
        self.watch = SpeechWatch::default();
        self.reductions = [0.0; ERB_BANDS];
        self.sums = Sums::default();
    }

    fn set_filter(&mut self, filter: &KeyFilter) {
        self.watch_weights = self.weights;
        for (band, weight) in self.watch_weights.iter_mut().enumerate() {
            let hz = ErbBands::band(band).centre_hz.min(0.5 * self.rate_hz);
            *weight *= db_to_power(filter.response_db(hz, self.rate_hz));
        }
    }

    fn reductions(&self) -> &Bands {
        &self.reductions
    }

    /// Takes the next frame; the frame that leaves with its reductions, once there is one.
    fn push(
        &mut self,
        frame: &MaskingFrame<'_>,
        share: f64,
        params: &MaskingDuckerParams,
    ) -> Option<Leaving> {
        let power =
            weighted(&self.watch_weights, (0..bands_of(frame)).map(|band| frame.power(KEY, band)));
        let watch = DuckerParams {
            hold_ms: params.hold_ms,
            gate_lu: params.gate_lu,
            ..DuckerParams::default()
        };
        let heard = self.watch.push(power, &watch);
        let index = self.pushed;
        let row = self.row(index);
        row.fill(0.0);
        let (parts, _) = row.as_chunks_mut::<ERB_BANDS>();
        if let [voice, background, powers, _, stays, stays_powers] = parts {
            for band in 0..bands_of(frame) {
                voice[band] = frame.excitation(KEY, band);
                background[band] = frame.excitation(MAIN, band);
                powers[band] = frame.power(MAIN, band);
                stays[band] = frame.excitation(STAYS, band);
                stays_powers[band] = frame.power(STAYS, band);
            }
        }
        if let Some(flag) = row.last_mut() {
            *flag = match heard.phrase {
                _ if !heard.counts => SILENT,
                Some(_) => COUNTS,
                None => MAY_COUNT,
            };
        }
        self.pushed += 1;
        if let Some(start) = heard.phrase {
            let start = usize::try_from(start).unwrap_or(usize::MAX).max(self.first());
            if heard.opens {
                let none = [0.0; ERB_BANDS];
                (self.voice, self.background, self.stays) = (none, none, none);
                (self.powers, self.count, self.is_flat) = (none, 0.0, false);
                let sums = self.len * ROW;
                self.ring.get_mut(sums..).unwrap_or_default().fill(0.0);
                (start..=index).for_each(|index| self.join(index, frame));
            } else {
                self.add(index, frame);
            }
            self.deepen(start, frame, params);
        }
        let leaving = self.pushed.checked_sub(self.len)?;
        self.move_gains(leaving, params);
        self.report(leaving, share, frame);
        Some((leaving, self.reductions))
    }
}

impl BandFollower<'_> {
    fn row(&mut self, index: usize) -> &mut [f64] {
        let place = place_of(index, self.len);
        self.ring.get_mut(place).unwrap_or_default()
    }

    fn first(&self) -> usize {
        self.pushed.saturating_sub(self.len)
    }

    /// Adds a frame to the phrase that opens: from here on it counts, if it may.
    fn join(&mut self, index: usize, frame: &MaskingFrame<'_>) {
        if let Some(flag) = self.row(index).last_mut()
            && *flag == MAY_COUNT
        {
            *flag = COUNTS;
        }
        self.add(index, frame);
    }

    /// Adds a frame to the open phrase, if it counts.
    fn add(&mut self, index: usize, frame: &MaskingFrame<'_>) {
        let Some((rows, audibility)) = self.ring.split_at_mut_checked(self.len * ROW) else {
            return;
        };
        let row = rows.get(place_of(index, self.len)).unwrap_or_default();
        if row.last() != Some(&COUNTS) {
            return;
        }
        self.count += 1.0;
        let (parts, _) = row.as_chunks::<ERB_BANDS>();
        if let [voice, background, powers, _, stays, _] = parts {
            let sums = [&mut self.voice, &mut self.background, &mut self.stays, &mut self.powers];
            for (sums, values) in sums.into_iter().zip([voice, background, stays, powers]) {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += value;
                }
            }
            let (sums, _) = audibility.as_chunks_mut::<ERB_BANDS>();
            add_audibility(sums, [voice, background, stays], &self.importance, frame);
        }
    }

    /// Gives the frames of the open phrase that have not left its depths.
    fn deepen(&mut self, start: usize, frame: &MaskingFrame<'_>, params: &MaskingDuckerParams) {
        let mut depths = [0.0; ERB_BANDS];
        let mut masked = [false; ERB_BANDS];
        let bands = depths.iter_mut().zip(&mut masked).enumerate();
        for (band, (depth, masked)) in bands.take(bands_of(frame)) {
            let (voice, background) = (self.voice[band], self.background[band]);
            let stays = self.stays[band];
            // A background that nobody hears hides nothing, and a band without words is left alone.
            if self.importance[band] == 0.0 || background <= self.count * frame.quiet(band) {
                continue;
            }
            // Where the largest depth leaves the voice inaudible it would be for nothing.
            let least = background * db_to_power(-params.max_depth_db) + stays;
            if power_to_db(voice / least) > -FULL_DB {
                let allowed = voice * db_to_power(-params.target_db) - stays;
                let wanted = if allowed > 0.0 {
                    power_to_db(background / allowed)
                } else {
                    params.max_depth_db
                };
                *depth = wanted.min(params.max_depth_db).max(0.0);
                // Where the voice is audible in full nothing masks it.
                *masked = power_to_db(voice / (background + stays)) < FULL_DB;
            }
        }
        let audibility = self.ring.get(self.len * ROW..).unwrap_or_default();
        let known = Known {
            audibility: audibility.as_chunks::<ERB_BANDS>().0,
            background: &self.background,
            powers: &self.powers,
            weights: &self.weights,
            importance: &self.importance,
            frame,
        };
        let depths = known.cheaper(&depths, &masked, params.max_depth_db, &mut self.is_flat);
        for index in start..self.pushed {
            let (parts, _) = self.row(index).as_chunks_mut::<ERB_BANDS>();
            if let Some(slot) = parts.get_mut(3) {
                *slot = depths;
            }
        }
    }

    /// The reductions of the frame that leaves.
    fn move_gains(&mut self, leaving: usize, params: &MaskingDuckerParams) {
        let (attack, release) =
            (params.attack_db_per_s / SUB_BLOCKS_PER_S, params.release_db_per_s / SUB_BLOCKS_PER_S);
        let mut asked = [0.0_f64; ERB_BANDS];
        for (ahead, index) in (leaving..self.pushed).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "at most 201")]
            let way = attack * ahead.saturating_sub(LEAD) as f64;
            let (parts, _) = self.row(index).as_chunks::<ERB_BANDS>();
            for (asked, depth) in asked.iter_mut().zip(parts.get(3).unwrap_or(&[0.0; ERB_BANDS])) {
                *asked = asked.max(depth - way);
            }
        }
        for (reduction, asked) in self.reductions.iter_mut().zip(asked) {
            // Before anything has left, nobody hears how the gain gets where it is.
            *reduction = if leaving == 0 {
                asked
            } else {
                asked.max(*reduction - release).min(*reduction + attack)
            };
        }
    }

    /// Adds the frame that leaves to the report, if it counts.
    fn report(&mut self, leaving: usize, share: f64, frame: &MaskingFrame<'_>) {
        let row = self.ring.get(place_of(leaving, self.len)).unwrap_or_default();
        let (parts, _) = row.as_chunks::<ERB_BANDS>();
        let [voice, background, powers, _, stays, stays_powers] = parts else { return };
        if row.last() != Some(&COUNTS) {
            return;
        }
        let mut lowered = *powers;
        for (power, reduction) in lowered.iter_mut().zip(&self.reductions) {
            *power *= db_to_power(mixed_db(0.0 - reduction, share));
        }
        let mut after = [0.0; ERB_BANDS];
        frame.excite(&lowered, &mut after);
        let index = |background: &Bands| {
            let bands = (0..bands_of(frame)).filter(|&band| self.importance[band] > 0.0);
            bands.fold(0.0, |sum, band| {
                let noise = background[band] + stays[band] + frame.quiet(band);
                sum + self.importance[band] * audible(voice[band], noise)
            })
        };
        self.sums.frames += 1.0;
        self.sums.before += index(background);
        self.sums.after += index(&after);
        let mut lower = 1.0;
        let step = db_to_power(-1.0);
        for sum in &mut self.sums.trials {
            *sum += index(&background.map(|power| power * lower));
            lower *= step;
        }
        let powers = [powers, &lowered, stays_powers];
        for (sum, powers) in self.sums.loudness.iter_mut().zip(powers) {
            *sum += weighted(&self.weights, powers.iter().copied());
        }
    }

    /// What it came to so far.
    pub(super) fn measurement(&self) -> BandDuckReport {
        let sums = &self.sums;
        let mean = |sum: f64| {
            if sums.frames > 0.0 {
                Reading::Value(sum / sums.frames)
            } else {
                Reading::NotApplicable
            }
        };
        // Change of the loudness of the background for a power of what goes down, LU.
        let [came, left, stays] = sums.loudness;
        let change = |goes: f64| Reading::from_level(power_to_db((goes + stays) / (came + stays)));
        let if_any = |reading: Reading| mean(0.0).zip(reading, |_, value| value);
        let background_lu = if_any(change(left));
        let broadband_db = if_any(broadband(&sums.trials, sums.after));
        let broadband_lu = match broadband_db {
            Reading::Value(db) => change(came * db_to_power(-db)),
            other => other,
        };
        BandDuckReport {
            speech_s: sums.frames / SUB_BLOCKS_PER_S,
            audibility_before: mean(sums.before),
            audibility_after: mean(sums.after),
            background_lu,
            broadband_db,
            saved_lu: background_lu.zip(broadband_lu, |change, broadband| change - broadband),
        }
    }
}

/// Where the trials, which grow with the depth, reach a sum; straight between two of them.
fn broadband(trials: &[f64; TRIALS], wanted: f64) -> Reading {
    if wanted <= trials[0] {
        return Reading::Value(0.0);
    }
    let mut depth = 0.0;
    for pair in trials.windows(2) {
        if wanted <= pair[1] {
            return Reading::Value(depth + (wanted - pair[0]) / (pair[1] - pair[0]));
        }
        depth += 1.0;
    }
    Reading::NotApplicable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broadband_depth_lies_between_its_trials() {
        let trials: [f64; TRIALS] = core::array::from_fn(|n| (10 + 2 * n) as f64);
        for (wanted, depth) in [(9.0, 0.0), (10.0, 0.0), (13.0, 1.5), (58.0, 24.0)] {
            assert_eq!(broadband(&trials, wanted), Reading::Value(depth));
        }
        assert_eq!(broadband(&trials, 58.1), Reading::NotApplicable);
    }
}
