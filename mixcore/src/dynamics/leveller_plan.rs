//! A leveller that has the whole clip before it: one gain for each phrase, there from its first word to
//! its last.
//!
//! With the K-weighted powers of the sub-blocks of 10 ms:
//!
//! **Speech.** A sub-block is strong at or above `floor_lufs`, and at or above the mean of all strong ones −
//! `gate_lu`: as BS.1770 gates a programme, but again and again until the mean stands, so that a breath has
//! no part in it. Strong sub-blocks with pauses of at most `pause_ms` between them are a phrase. Inside it
//! the same is done anew with a mean of its own, so that a quiet line is measured as a loud one is; its
//! loudness is −0.691 + 10 log10 of the mean power of what is strong there. Breaths and room tone are never
//! measured.
//! Fewer than [`LevellerSetup::min_phrase_ms`] of strong sub-blocks are no phrase and move nothing.
//!
//! **Gain.** Each phrase is given [`LevellerParams::static_gain_db`] of its loudness. From one phrase to the
//! next the gain moves once, straight in decibels and as fast as its slew allows: on its way up just
//! before the next phrase begins, on its way down as soon as the last one is over, so that a pause keeps the
//! lower of its neighbours' gains. What of a way does not fit into the pause lies in the end of the one
//! phrase and in the beginning of the other, in proportion to their lengths. Where two phrases stand so near
//! to each other that not even their middles would have their gains, d apart while the slew allows a from
//! middle to middle, both give way, the shorter one by more,
//!
//! > g_p moves by (|d| − a) · len_q/(len_p + len_q), g_q by (|d| − a) · len_p/(len_p + len_q)
//!
//! in 64 passes over the phrases and one that leaves no excess. So the gain never moves more than from
//! phrase to phrase, and the plan says which limit held a phrase back: [`LevelOutcome`].
//!
//! Sources: as in [`super::Leveller`]; the gate: BS.1770-5, Annex 1 (with
//! `floor_lufs` and `gate_lu` in place of −70 LUFS and −10 LU); the ways: own design.
//! Cost: some passes over the history. Latency: it needs the whole clip; [`super::Leveller`] is the form
//! for live use.
//! Limits: sub-blocks of 10 ms; points of the curve lie on their grid. One gate for the whole clip: a line
//! more than `gate_lu` below the mean is taken as room tone. A breath that is less than `gate_lu` below it is speech: within
//! `pause_ms` of a quiet line it is measured with it (50 ms at 14 LU below: 0.14 dB in one held-out line).

#[cfg(feature = "alloc")]
use super::curve_points::lane;
use super::curve_points::{at_or_last, bends};
use super::leveller::{LevellerParams, LevellerReport, LevellerSetup};
use super::leveller_outcome::{LevelOutcome, LevelledPhrase, number};
use crate::audio::Store;
use crate::error::Error;
#[cfg(feature = "alloc")]
use crate::level::AutomationLane;
use crate::level::Breakpoint;
use crate::loudness::{Phrase, SUB_BLOCKS_PER_S, SubBlocks};
use crate::math;
use crate::units::{Lufs, Power, Reading, db_to_power};

/// Most passes in which the gate rises, and in which neighbours give way. A pass takes the excess of each pair; what it gives to the next
/// pair shrinks by a half or more on the way.
const PASSES: usize = 64;
/// Gains that differ by less are equal, dB: far below any step of a fader.
const SAME_DB: f64 = 1e-9;

/// Memory that [`LevellerPlan::new_in`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LevellerPlanStorage {
    /// f64 numbers: the curve.
    pub numbers: usize,
    /// Phrases.
    pub phrases: usize,
}

/// What a leveller does to a whole clip: phrases, curve and automation.
///
/// # Example
/// ```
/// use mixcore::dynamics::{LevelOutcome, LevellerParams, LevellerPlan, LevellerSetup};
/// use mixcore::loudness::SubBlocks;
/// use mixcore::units::Lufs;
/// // Two phrases of 3 s, at -29 and -19 LUFS, with a pause of 2 s.
/// let energy = |lufs| 480.0 * Lufs::new(lufs).power().value();
/// let mut voice = [0.0; 800];
/// voice[..300].fill(energy(-29.0));
/// voice[500..].fill(energy(-19.0));
/// let voice = SubBlocks::new(&voice, 48_000.0)?;
/// let params = LevellerParams { gate_lu: 20.0, ..LevellerParams::default() };
/// let plan = LevellerPlan::new(voice, LevellerSetup::default(), params)?;
/// // 1 LU dead zone, 70 %: 0.7·5 dB up, 0.7·3 dB down.
/// assert!((plan.gain_db(0) - 3.5).abs() < 1e-9 && (plan.gain_db(700) + 2.1).abs() < 1e-9);
/// assert!(plan.phrases().iter().all(|phrase| phrase.outcome == LevelOutcome::Met));
/// // 5.6 dB at 6 dB/s, as soon as the first one is over.
/// assert!((plan.gain_db(300) - 3.5).abs() < 1e-9 && (plan.gain_db(394) + 2.1).abs() < 1e-9);
/// assert!((plan.report().travel_db - 5.6).abs() < 1e-9);
/// let lane = plan.lane()?; // for mixcore::level::AutomatedGain
/// assert!(lane.automation().points().len() < 6); // only where it bends
/// # Ok::<(), mixcore::Error>(())
/// ```
#[derive(Debug)]
pub struct LevellerPlan<'a> {
    rate_hz: f64,
    params: LevellerParams,
    /// Gain at the start of every sub-block and at the end of the last, dB.
    curve: Store<'a, f64>,
    phrases: Store<'a, LevelledPhrase>,
    count: usize,
}

#[cfg(feature = "alloc")]
impl LevellerPlan<'static> {
    /// A plan in memory of its own, for the sub-blocks of a clip ([`crate::loudness::Meter::sub_blocks`]).
    ///
    /// # Errors
    /// A setup or parameter outside its bounds.
    pub fn new(
        voice: SubBlocks<'_>,
        setup: LevellerSetup,
        params: LevellerParams,
    ) -> Result<Self, Error> {
        let need = Self::required_len(voice, &params);
        let curve = Store::owned(need.numbers, 0.0);
        let phrases = Store::owned(need.phrases, LevelledPhrase::default());
        Self::over(voice, setup, params, curve, phrases)
    }
}

#[cfg(feature = "alloc")]
impl LevellerPlan<'_> {
    /// The curve as an automation lane.
    ///
    /// # Errors
    /// None that a plan can cause.
    pub fn lane(&self) -> Result<AutomationLane<'static>, Error> {
        lane(self.breakpoints())
    }
}

impl<'a> LevellerPlan<'a> {
    /// The memory that [`LevellerPlan::new_in`] needs.
    #[must_use]
    pub fn required_len(voice: SubBlocks<'_>, params: &LevellerParams) -> LevellerPlanStorage {
        let phrases = spans(voice, params).count();
        LevellerPlanStorage { numbers: voice.len() + 1, phrases }
    }

    /// A plan in lent memory of at least [`LevellerPlan::required_len`].
    ///
    /// # Errors
    /// A setup or parameter outside its bounds, or too little memory.
    pub fn new_in(
        voice: SubBlocks<'_>,
        setup: LevellerSetup,
        params: LevellerParams,
        numbers: &'a mut [f64],
        phrases: &'a mut [LevelledPhrase],
    ) -> Result<Self, Error> {
        let need = Self::required_len(voice, &params);
        let curve = Store::lent("leveller curve", numbers, need.numbers, 0.0)?;
        let nothing = LevelledPhrase::default();
        let phrases = Store::lent("levelled phrase", phrases, need.phrases, nothing)?;
        Self::over(voice, setup, params, curve, phrases)
    }

    fn over(
        voice: SubBlocks<'_>,
        setup: LevellerSetup,
        params: LevellerParams,
        curve: Store<'a, f64>,
        phrases: Store<'a, LevelledPhrase>,
    ) -> Result<Self, Error> {
        setup.validate()?;
        params.validate()?;
        let rate_hz = voice.rate_hz();
        let mut plan = Self { rate_hz, params, curve, phrases, count: 0 };
        let least = setup.min_phrase_ms * 1e-3 * SUB_BLOCKS_PER_S;
        for (slot, phrase) in plan.phrases.iter_mut().zip(spans(voice, &params)) {
            let gate = gate(voice, &phrase, &params);
            let (sum, count) = strong(voice, gate, &phrase);
            let loudness = Power::new(sum / count.max(1.0)).loudness();
            *slot = LevelledPhrase {
                phrase,
                before_lufs: Reading::from_level(loudness.value()),
                asked_db: params.static_gain_db(loudness),
                outcome: if count < math::round(least) {
                    LevelOutcome::TooShort
                } else {
                    LevelOutcome::NoneNeeded
                },
                gate,
                ..LevelledPhrase::default()
            };
            slot.gain_db = slot.asked_db;
            plan.count += 1;
        }
        plan.give_way();
        plan.draw();
        plan.judge(voice);
        Ok(plan)
    }

    /// The next phrase that counts, from `index` on.
    fn next(&self, index: usize) -> Option<(usize, LevelledPhrase)> {
        let phrases = self.phrases.iter().take(self.count).enumerate().skip(index);
        phrases.map(|(k, found)| (k, *found)).find(|(_, found)| found.counts())
    }

    /// Largest steps of the gain from the middle of one phrase to that of the next: up, and down.
    fn room(&self, a: &LevelledPhrase, b: &LevelledPhrase) -> (f64, f64) {
        let pause = number(b.phrase.start.saturating_sub(a.phrase.end));
        let way_s = (0.5 * a.length() + pause + 0.5 * b.length()) / SUB_BLOCKS_PER_S;
        (self.params.up_db_per_s * way_s, self.params.down_db_per_s * way_s)
    }

    /// Takes gains that are too far apart for the slews nearer to each other.
    fn give_way(&mut self) {
        for pass in 0..=PASSES {
            let mut moved = false;
            let mut last = self.next(0);
            while let Some((at, a)) = last {
                let Some((next, b)) = self.next(at + 1) else { break };
                let (up, down) = self.room(&a, &b);
                let step = b.gain_db - a.gain_db;
                let excess = step - step.max(0.0 - down).min(up);
                if excess.abs() > SAME_DB || (pass == PASSES && excess != 0.0) {
                    moved = true;
                    // The last pass leaves none.
                    let lengths = a.length() + b.length();
                    let share = if pass == PASSES { 0.0 } else { b.length() / lengths.max(1.0) };
                    self.move_by(at, excess * share);
                    self.move_by(next, 0.0 - excess * (1.0 - share));
                }
                last = self.next(next);
            }
            if !moved {
                break;
            }
        }
    }

    fn move_by(&mut self, index: usize, db: f64) {
        if let Some(found) = self.phrases.get_mut(index) {
            found.gain_db += db;
        }
    }

    /// Writes the gains and the ways between them into the curve.
    fn draw(&mut self) {
        let mut last = self.next(0);
        let first_db = last.map_or(0.0, |(_, first)| first.gain_db);
        self.curve.fill(first_db);
        while let Some((at, a)) = last {
            let Some((next, b)) = self.next(at + 1) else { break };
            let step = b.gain_db - a.gain_db;
            let slew = self.slew(step);
            let begins = way_begins(&a, &b, step.abs() / slew);
            // No way reaches beyond the middle of a phrase.
            let middle = (a.phrase.start + a.phrase.end).div_ceil(2);
            let points = self.curve.iter_mut().enumerate().skip(middle);
            for (k, slot) in points {
                let gone = ((number(k) - begins) * slew).max(0.0).min(step.abs());
                // Where the way is over, the gain itself: no rounding of a sum.
                *slot = if gone < step.abs() {
                    a.gain_db + if step < 0.0 { 0.0 - gone } else { gone }
                } else {
                    b.gain_db
                };
            }
            last = self.next(next);
        }
    }

    /// Decibels a sub-block, for a step up or down.
    fn slew(&self, step: f64) -> f64 {
        let per_s = if step < 0.0 { self.params.down_db_per_s } else { self.params.up_db_per_s };
        per_s / SUB_BLOCKS_PER_S
    }

    /// What each phrase came to.
    fn judge(&mut self, voice: SubBlocks<'_>) {
        let Self { params, curve, phrases, count, .. } = self;
        for found in phrases.iter_mut().take(*count) {
            let (mut sum, mut strong_ones, mut steady) = (0.0, 0.0, true);
            let points = curve.get(found.phrase.start..).unwrap_or_default();
            let ends = points.iter().zip(points.iter().skip(1));
            for ((power, is_strong), (from, to)) in
                powers(voice, found.gate, &found.phrase).zip(ends)
            {
                if is_strong {
                    sum += power * db_to_power(0.5 * (from + to));
                    strong_ones += 1.0;
                }
                steady &= (from - found.asked_db).abs() <= SAME_DB
                    && (to - found.asked_db).abs() <= SAME_DB;
            }
            let after = Power::new(sum / f64::max(strong_ones, 1.0)).loudness().value();
            found.after_lufs = Reading::from_level(after);
            if !found.counts() {
                // It goes with its neighbours.
                (found.asked_db, found.gain_db) = (0.0, points.first().copied().unwrap_or(0.0));
                continue;
            }
            let before = found.before_lufs.value().unwrap_or(params.target_lufs);
            let uncapped =
                LevellerParams { max_up_db: f64::INFINITY, max_down_db: f64::INFINITY, ..*params }
                    .static_gain_db(Lufs::new(before));
            found.outcome = if !steady {
                LevelOutcome::SlewLimit
            } else if uncapped > params.max_up_db {
                LevelOutcome::UpCap
            } else if uncapped < 0.0 - params.max_down_db {
                LevelOutcome::DownCap
            } else if found.asked_db.abs() <= SAME_DB {
                LevelOutcome::NoneNeeded
            } else {
                LevelOutcome::Met
            };
        }
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> LevellerParams {
        self.params
    }

    /// The phrases, in order of time.
    #[must_use]
    pub fn phrases(&self) -> &[LevelledPhrase] {
        self.phrases.get(..self.count).unwrap_or_default()
    }

    /// The phrases that a limit held back, with the reason.
    pub fn held_back(&self) -> impl Iterator<Item = &LevelledPhrase> {
        use LevelOutcome::{DownCap, SlewLimit, UpCap};
        let held = |found: &&LevelledPhrase| matches!(found.outcome, UpCap | DownCap | SlewLimit);
        self.phrases().iter().filter(held)
    }

    /// Gain at the start of sub-block `index`, dB; that at the end for all beyond it.
    #[must_use]
    pub fn gain_db(&self, index: usize) -> f64 {
        at_or_last(&self.curve, index)
    }

    /// What it does, in the figures of the live one.
    #[must_use]
    pub fn report(&self) -> LevellerReport {
        let (mut lowest, mut highest, mut travel) = (0.0_f64, 0.0_f64, 0.0);
        let mut last = self.gain_db(0);
        for gain in self.curve.iter() {
            (lowest, highest) = (lowest.min(*gain), highest.max(*gain));
            travel += (gain - last).abs();
            last = *gain;
        }
        let counting = self.phrases().iter().filter(|found| found.counts());
        let inside: f64 = counting.map(LevelledPhrase::length).sum();
        let all = number(self.curve.len().saturating_sub(1));
        LevellerReport {
            lowest_gain_db: lowest,
            highest_gain_db: highest,
            travel_db: travel,
            phrases_percent: 100.0 * inside / all.max(1.0),
        }
    }

    /// The gain as points of an automation, straight in decibels between them: only where it bends.
    pub fn breakpoints(&self) -> impl Iterator<Item = Breakpoint> + '_ {
        bends(&self.curve, 1.0, self.rate_hz)
    }
}

/// Where a way of so many sub-blocks begins.
fn way_begins(a: &LevelledPhrase, b: &LevelledPhrase, way: f64) -> f64 {
    let (end, start) = (number(a.phrase.end), number(b.phrase.start));
    let beyond = way - (start - end);
    if beyond > 0.0 {
        end - beyond * a.length() / (a.length() + b.length()).max(1.0)
    } else if b.gain_db > a.gain_db {
        start - way
    } else {
        end
    }
}

/// Power from which a sub-block of a span is strong.
fn gate(voice: SubBlocks<'_>, span: &Phrase, params: &LevellerParams) -> f64 {
    let absolute = Lufs::new(params.floor_lufs).power().value();
    let mut gate = absolute;
    // The gate only rises, and each rise leaves a sub-block or more behind; speech takes a few.
    for _ in 0..PASSES {
        let (sum, count) = strong(voice, gate, span);
        let next = absolute.max(sum / f64::max(count, 1.0) * db_to_power(-params.gate_lu));
        if next <= gate {
            break;
        }
        gate = next;
    }
    gate
}

/// Powers of the sub-blocks of a span, and whether each is strong.
fn powers<'v>(
    voice: SubBlocks<'v>,
    gate: f64,
    span: &Phrase,
) -> impl Iterator<Item = (f64, bool)> + use<'v> {
    let part = voice.range(span.start, span.end);
    part.energies().iter().enumerate().map(move |(k, energy)| {
        let frames = part.start_frame(k + 1) - part.start_frame(k);
        #[expect(clippy::cast_precision_loss, reason = "at most 3840")]
        let power = energy / frames.max(1) as f64;
        (power, power >= gate)
    })
}

/// Sum of the powers of strong sub-blocks, and their number.
fn strong(voice: SubBlocks<'_>, gate: f64, span: &Phrase) -> (f64, f64) {
    let strong_ones = powers(voice, gate, span).filter(|(_, is_strong)| *is_strong);
    strong_ones.fold((0.0, 0.0), |(sum, count), (power, _)| (sum + power, count + 1.0))
}

/// Strong sub-blocks with pauses of at most `pause_ms` between them.
fn spans<'v>(
    voice: SubBlocks<'v>,
    params: &LevellerParams,
) -> impl Iterator<Item = Phrase> + use<'v> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 3 s in sub-blocks; the cast saturates"
    )]
    let pause = (params.pause_ms * 1e-3 * SUB_BLOCKS_PER_S) as usize;
    let all = Phrase::of_sub_blocks(0, voice.len(), voice.rate_hz());
    let gate = gate(voice, &all, params);
    let mut sub_blocks = powers(voice, gate, &all).enumerate();
    // The start of the phrase at hand, and the end of its last strong sub-block.
    let mut open: Option<(usize, usize)> = None;
    core::iter::from_fn(move || {
        for (k, (_, is_strong)) in sub_blocks.by_ref() {
            match open {
                Some((start, end)) if is_strong && k - end > pause => {
                    open = Some((k, k + 1));
                    return Some((start, end));
                }
                Some((start, _)) if is_strong => open = Some((start, k + 1)),
                None if is_strong => open = Some((k, k + 1)),
                _ => {}
            }
        }
        open.take()
    })
    .map(move |(start, end)| Phrase::of_sub_blocks(start, end, voice.rate_hz()))
}
