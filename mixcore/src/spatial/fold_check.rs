//! Fold-down safety: what is left of a mix in every form it will be heard in, and what to do about it.
//!
//! For each declared target: the bounds of its matrix, the true peak and every place over the limit,
//! the change of loudness against the mix itself, and the places where channels cancel
//! ([`super::cancellation`]), in the mix and in each stem, with cause, channels, bands and frames; for
//! each stem its own true peak and change of loudness too. For the worst places a fix is tried and the
//! same checks run on the mix with the fix in it, in every target ([`super::fold_fix`]): what cures one
//! and puts another over the limit has not solved anything.
//!
//! A target fails where its true peak is over the limit or where the mix cancels; it is a warning
//! where a stem cancels and the mix hides it, as another stem fills the hole.
//!
//! Sources: the delivery practice that rejects fold-downs for clipping, phase errors and missing elements
//! (Netflix, Partner Help Center, "Audio Mixdown Error"), and Qualis Audio, Tech Notes 4 and 5, on the
//! loudness and the overload of fold-downs; loudness and true peak as in [`crate::loudness`].
//! Cost: a meter and a fold-down for every target, transforms of every channel of mix and stems, and the
//! same again, for all targets, for every fix that is tried. Limits: works on a clip in memory; a shift of loudness is
//! reported and not judged, for no document that we hold limits it.

use alloc::vec;
use alloc::vec::Vec;

use super::cancellation::{Found, Place, cancellation, pairing, read_place};
use super::cancellation_spectra::Row;
use super::fold_fix::{FoldFix, diagnosed};
use super::fold_report::{
    Cancellation, CheckedStem, FixHarm, FixScope, FixedTarget, FoldCheckSetup, FoldOver,
    FoldReport, FoldVerdict, StemLevels, TargetReport, TriedFix,
};
use super::fold_target::FoldTarget;
use crate::audio::{Block, Buffer, Sample, check_frames};
use crate::error::Error;
use crate::kernels;
use crate::loudness::{ExcursionLog, ExcursionSetup, Meter, MeterSetup};
use crate::stream::Stream;
use crate::units::{DB_FLOOR, Reading, power_to_db};

/// Frames that are folded and measured in one go.
const CHUNK: usize = 4096;
/// A stem that shares a source is harmed if it loses more than this in the fold-down, dB.
///
/// Ours: about the smallest change of level that a listener notices in a mix. Only a loss is harm: a stem that rises is one that cancelled
/// too, and what its rise does to the mix is measured there.
const HARM_DB: f64 = -1.0;

/// Everything a check looks at.
pub(super) struct Checked<'a, S> {
    mix: Block<'a, S>,
    stems: &'a [CheckedStem<'a, S>],
    targets: &'a [FoldTarget],
    setup: &'a FoldCheckSetup,
    stream: Stream,
    /// Loudness of the mix itself.
    native_lufs: Reading,
    /// Loudness of each stem itself.
    stems_lufs: Vec<Reading>,
}

/// What a target shows of the mix.
struct Heard<S: Sample> {
    meter: Meter<'static, S>,
    found: Found,
}

impl<S: Sample> Heard<S> {
    fn over(&self, limit_dbtp: f64) -> bool {
        self.meter.measurement().true_peak_dbtp.value().is_some_and(|db| db > limit_dbtp)
    }
}

/// Checks every way in which a mix will be heard.
///
/// # Shape
/// Mix and stems have the channels of the stream and the same number of frames.
///
/// # Errors
/// A setup or stream out of range, stems of another shape, or a target for another layout.
///
/// # Example
/// ```
/// use mixcore::spatial::{FoldCheckSetup, FoldTarget, FoldVerdict, check_fold_downs};
/// use mixcore::{Block, Layout, Stream, math};
/// // An ambience of opposite polarity is gone in mono.
/// let left: Vec<f32> = (0..96_000).map(|n| 0.1 * math::sin(f64::from(n) * 0.1) as f32).collect();
/// let right: Vec<f32> = left.iter().map(|x| -x).collect();
/// let stream = Stream::new(48_000.0, Layout::STEREO)?;
/// let targets = FoldTarget::usual(Layout::STEREO)?;
/// let mix = Block::stereo(&left, &right)?;
/// let report = check_fold_downs(mix, &[], &targets, &FoldCheckSetup::default(), stream)?;
/// let mono = &report.targets[0];
/// assert_eq!((mono.name.as_str(), mono.verdict), ("mono", FoldVerdict::Fail));
/// assert_eq!(mono.cancellations[0].index_db, -100.0);
/// # Ok::<(), mixcore::Error>(())
/// ```
pub fn check_fold_downs<S: Sample>(
    mix: Block<'_, S>,
    stems: &[CheckedStem<'_, S>],
    targets: &[FoldTarget],
    setup: &FoldCheckSetup,
    stream: Stream,
) -> Result<FoldReport, Error> {
    setup.validate()?;
    stream.validate()?;
    mix.check_channels("mix", stream.channel_count())?;
    for stem in stems {
        stem.audio.check_channels("stem", stream.channel_count())?;
        check_frames("stem", stem.audio.frames(), mix.frames())?;
    }
    let native_lufs = native_lufs(&mix, stream)?;
    let stems_lufs = stems.iter().map(|stem| self::native_lufs(&stem.audio, stream));
    let stems_lufs = stems_lufs.collect::<Result<_, _>>()?;
    let checked = Checked { mix, stems, targets, setup, stream, native_lufs, stems_lufs };
    let heard: Vec<Heard<S>> =
        targets.iter().map(|target| checked.heard(target, &mix)).collect::<Result<_, _>>()?;
    let reports = (0..targets.len()).filter_map(|index| checked.target(index, &heard).transpose());
    Ok(FoldReport { native_lufs, targets: reports.collect::<Result<_, _>>()? })
}

/// Integrated loudness of audio in its own layout; mono as played by two loudspeakers, as in a target.
pub(super) fn native_lufs<S: Sample>(
    audio: &Block<'_, S>,
    stream: Stream,
) -> Result<Reading, Error> {
    let mut meter = Meter::<S>::new(meter_setup(audio, &stream), stream)?;
    meter.push(*audio)?;
    Ok(meter.measurement().integrated_lufs)
}

/// Mono is measured as two loudspeakers play it, everywhere: what is compared is measured alike.
pub(super) fn meter_setup<S>(mix: &Block<'_, S>, stream: &Stream) -> MeterSetup {
    #[expect(clippy::cast_precision_loss, reason = "frames of a programme in memory")]
    let max_duration_s = (mix.frames() as f64 / stream.rate_hz + 1.0).max(1.0);
    MeterSetup { dual_mono: true, max_duration_s, ..MeterSetup::default() }
}

impl<S: Sample> Checked<'_, S> {
    fn target(&self, index: usize, heard: &[Heard<S>]) -> Result<Option<TargetReport>, Error> {
        let (Some(target), Some(Heard { meter, found })) =
            (self.targets.get(index), heard.get(index))
        else {
            return Ok(None);
        };
        let (peak_bound_db, power_bound_db) = target.bounds_db::<S>(self.stream)?;
        let readings = meter.measurement();
        let outputs = target.layout().channel_count();
        let overs = (0..outputs).flat_map(|output| {
            meter.true_peak().excursions(output).map(move |over| FoldOver {
                first_frame: over.first_frame,
                last_frame: over.last_frame,
                peak_dbtp: over.peak_dbtp,
                output,
            })
        });
        let overs: Vec<FoldOver> = overs.collect();
        let overs_missed = (0..outputs).map(|o| meter.true_peak().missed_excursions(o)).sum();
        let lowest = found.whole.iter().filter_map(|powers| powers.index_db()).reduce(f64::min);
        let cancellations = self.places((index, target), found, heard)?;
        let over = heard.get(index).is_some_and(|heard| heard.over(self.setup.limit_dbtp));
        let verdict = if over || cancellations.iter().any(|place| place.stem.is_none()) {
            FoldVerdict::Fail
        } else if cancellations.is_empty() {
            FoldVerdict::Pass
        } else {
            FoldVerdict::Warn
        };
        let shift = |fold: Reading, native| fold.zip(native, |fold, native| fold - native);
        let stems = self.stems.iter().zip(&self.stems_lufs).map(|(stem, native_lufs)| {
            let readings = self.measured(target, &stem.audio)?.measurement();
            Ok(StemLevels {
                true_peak_dbtp: readings.true_peak_dbtp,
                integrated_lufs: readings.integrated_lufs,
                shift_lu: shift(readings.integrated_lufs, *native_lufs),
            })
        });
        Ok(Some(TargetReport {
            name: target.name.clone(),
            citation: target.citation(),
            layout: target.layout(),
            verdict,
            peak_bound_db,
            power_bound_db,
            true_peak_dbtp: readings.true_peak_dbtp,
            true_peak_frame: readings.true_peak_frame,
            overs,
            overs_missed,
            integrated_lufs: readings.integrated_lufs,
            shift_lu: shift(readings.integrated_lufs, self.native_lufs),
            index_db: lowest.map_or(Reading::NotApplicable, Reading::Value),
            stems: stems.collect::<Result<_, Error>>()?,
            cancellations,
        }))
    }

    /// What a target shows of a mix.
    fn heard(&self, target: &FoldTarget, mix: &Block<'_, S>) -> Result<Heard<S>, Error> {
        let rows = target.rows(self.stream.layout);
        let found = cancellation(mix, &rows, &self.setup.thresholds(), &self.stream)?;
        Ok(Heard { meter: self.measured(target, mix)?, found })
    }

    /// A meter that has heard audio through a target, its latency taken off.
    fn measured(
        &self,
        target: &FoldTarget,
        audio: &Block<'_, S>,
    ) -> Result<Meter<'static, S>, Error> {
        let heard = Stream { layout: target.layout(), ..self.stream };
        let log = ExcursionSetup { limit_dbtp: self.setup.limit_dbtp, ..ExcursionSetup::default() };
        let mut meter = Meter::new(meter_setup(audio, &self.stream), heard)?
            .with_peak_log(ExcursionLog::new(log, &heard)?)?;
        let mut push = |block: Block<'_, S>| meter.push(block);
        folded(target, audio, self.stream, &mut push)?;
        Ok(meter)
    }

    /// The places of mix and stems in a target, the strongest of them looked into.
    fn places(
        &self,
        (own, target): (usize, &FoldTarget),
        found: &Found,
        heard: &[Heard<S>],
    ) -> Result<Vec<Cancellation>, Error> {
        let rows = &target.rows(self.stream.layout)[..];
        let at = Target { index: own, target, rows, heard };
        let thresholds = self.setup.thresholds();
        let mut in_stems: Vec<(usize, Found)> = Vec::new();
        for (index, stem) in self.stems.iter().enumerate() {
            in_stems.push((index, cancellation(&stem.audio, rows, &thresholds, &self.stream)?));
        }
        let mut left = self.setup.fixes;
        let mut all = Vec::new();
        for place in &found.places {
            let culprit = self.culprit(rows, place, &in_stems)?;
            // What a stem does is mended there.
            let look = culprit.is_none() && left > 0;
            left -= usize::from(look);
            let count = found.places.len();
            all.push(self.looked_into(&at, place, (None, culprit), count, look)?);
        }
        for (index, stem) in &in_stems {
            let mut left = self.setup.fixes;
            for place in &stem.places {
                let look = left > 0;
                left -= usize::from(look);
                let count = stem.places.len();
                let who = (Some(*index), None);
                all.push(self.looked_into(&at, place, who, count, look)?);
            }
        }
        Ok(all)
    }

    /// Of the stems that cancel at a place of the mix, the one that puts most power there.
    fn culprit(
        &self,
        rows: &[Row],
        place: &Place,
        in_stems: &[(usize, Found)],
    ) -> Result<Option<usize>, Error> {
        let mut strongest: Option<(usize, f64)> = None;
        let Some(row) = rows.get(place.row) else { return Ok(None) };
        for (index, found) in in_stems {
            let Some(stem) = self.stems.get(*index) else { continue };
            if found.places.iter().any(|other| overlap(other, place)) {
                let parts = read_place(&stem.audio, row, place, &self.stream)?.parts;
                if strongest.is_none_or(|(_, most)| parts > most) {
                    strongest = Some((*index, parts));
                }
            }
        }
        Ok(strongest.map(|(index, _)| index))
    }

    fn looked_into(
        &self,
        at: &Target<'_, S>,
        place: &Place,
        (stem, culprit): (Option<usize>, Option<usize>),
        count: usize,
        look: bool,
    ) -> Result<Cancellation, Error> {
        let rows = at.rows;
        let mut cancellation = Cancellation {
            stem,
            culprit,
            output: rows.get(place.row).map_or(0, |row| row.output),
            low_hz: place.low.lower_hz(),
            high_hz: place.high.upper_hz(),
            start_frame: place.start_frame,
            end_frame: place.end_frame,
            index_db: place.powers.index_db().unwrap_or(0.0),
            lowest_db: place.lowest_db,
            channels: None,
            correlation: 0.0,
            cause: None,
            fix: None,
        };
        let Some(row) = rows.get(place.row).filter(|_| look) else { return Ok(cancellation) };
        let audio = stem.and_then(|index| self.stems.get(index)).map_or(self.mix, |s| s.audio);
        let Some(pair) = pairing(&audio, row, place, &self.stream)? else {
            return Ok(cancellation);
        };
        let Some(diagnosis) = diagnosed(&audio, row, place, &pair, &self.stream)? else {
            return Ok(cancellation);
        };
        cancellation.channels = Some(diagnosis.channels);
        cancellation.correlation = diagnosis.correlation;
        cancellation.cause = Some(diagnosis.cause);
        let mut best: Option<TriedFix> = None;
        for fix in diagnosis.fixes {
            let tried = self.tried(at, place, (stem, &audio, count), fix)?;
            let rank = |tried: &TriedFix| (tried.solved, tried.scope != FixScope::Stem);
            let better = best.as_ref().is_none_or(|best| {
                let (new, old) = (rank(&tried), rank(best));
                new > old || (new == old && !old.0 && tried.index_db > best.index_db)
            });
            if better {
                best = Some(tried);
            }
        }
        cancellation.fix = best;
        Ok(cancellation)
    }

    /// Does a fix, and reads the place, the rest, the other stems of the source and every target again.
    fn tried(
        &self,
        at: &Target<'_, S>,
        place: &Place,
        (stem, audio, before): (Option<usize>, &Block<'_, S>, usize),
        fix: FoldFix,
    ) -> Result<TriedFix, Error> {
        let stream = &self.stream;
        let Target { target, rows, .. } = *at;
        let fixed = fix.applied(audio, stream)?;
        let row = rows.get(place.row);
        let index = |audio: &Block<'_, S>| -> Result<f64, Error> {
            let Some(row) = row else { return Ok(0.0) };
            Ok(read_place(audio, row, place, stream)?.index_db().unwrap_or(0.0))
        };
        let index_db = index(&fixed.block())?;
        let after = cancellation(&fixed.block(), rows, &self.setup.thresholds(), stream)?;
        let cured = index_db >= self.setup.index_db && after.places.len() < before;
        let mut harm = Vec::new();
        let mut scope = FixScope::Mix;
        let mut mix = Buffer::from_block(&self.mix);
        match stem.and_then(|index| self.stems.get(index)) {
            None => mix = fixed,
            Some(own) => {
                scope = FixScope::Source;
                exchange(&mut mix, audio, &fixed.block(), stream);
                let mut whole_source = mix.clone();
                for (other, shared) in self.stems.iter().enumerate() {
                    if shared.source == own.source && Some(other) != stem {
                        let treated = fix.applied(&shared.audio, stream)?;
                        let level = folded_power(target, &shared.audio, *stream)?;
                        let treated_level = folded_power(target, &treated.block(), *stream)?;
                        if level > 0.0 {
                            let change_db = power_to_db(treated_level / level).max(DB_FLOOR);
                            harm.push(FixHarm { stem: other, change_db });
                        }
                        exchange(&mut whole_source, &shared.audio, &treated.block(), stream);
                    }
                }
                if harm.iter().any(|harm| harm.change_db < HARM_DB) {
                    scope = FixScope::Stem;
                } else {
                    mix = whole_source;
                }
            }
        }
        let mix_index_db = index(&mix.block())?;
        let targets = self.fixed(&mix.block(), at.heard)?;
        let fails = |target: &FixedTarget| target.newly_over || target.newly_cancels;
        let solved = cured && !targets.iter().any(fails);
        let own = targets.get(at.index);
        let none = Reading::NotApplicable;
        let true_peak_dbtp = own.map_or(none, |own| own.true_peak_dbtp);
        let shift_lu = own.map_or(none, |own| own.shift_lu);
        Ok(TriedFix {
            fix,
            scope,
            index_db,
            mix_index_db,
            true_peak_dbtp,
            shift_lu,
            targets,
            solved,
            harm,
        })
    }

    /// The checks of every target again, on a mix with a fix in it.
    fn fixed(&self, mix: &Block<'_, S>, before: &[Heard<S>]) -> Result<Vec<FixedTarget>, Error> {
        let native_lufs = native_lufs(mix, self.stream)?;
        let limit_dbtp = self.setup.limit_dbtp;
        let each = self.targets.iter().zip(before).map(|(target, before)| {
            let after = self.heard(target, mix)?;
            let readings = after.meter.measurement();
            Ok(FixedTarget {
                true_peak_dbtp: readings.true_peak_dbtp,
                shift_lu: readings.integrated_lufs.zip(native_lufs, |fold, native| fold - native),
                newly_over: after.over(limit_dbtp) && !before.over(limit_dbtp),
                newly_cancels: before.found.places.is_empty() && !after.found.places.is_empty(),
            })
        });
        each.collect()
    }
}

/// The target in which a place was found, and what all targets show of the mix.
struct Target<'a, S: Sample> {
    index: usize,
    target: &'a FoldTarget,
    rows: &'a [Row],
    heard: &'a [Heard<S>],
}

/// Takes a part out of a mix and puts another in its place.
fn exchange<S: Sample>(
    mix: &mut Buffer<S>,
    out: &Block<'_, S>,
    new: &Block<'_, S>,
    stream: &Stream,
) {
    let mut block = mix.block_mut();
    for ((mix, out), new) in block.channels_mut().zip(out.channels()).zip(new.channels()) {
        kernels::add_scaled(stream.isa, mix, out, -S::one());
        kernels::add_scaled(stream.isa, mix, new, S::one());
    }
}

fn overlap(a: &Place, b: &Place) -> bool {
    a.row == b.row
        && a.low <= b.high
        && b.low <= a.high
        && a.start_frame < b.end_frame
        && b.start_frame < a.end_frame
}

/// Folds audio and hands it on in pieces, the latency taken off and what is still inside fed out.
pub(super) fn folded<S: Sample>(
    target: &FoldTarget,
    audio: &Block<'_, S>,
    stream: Stream,
    push: &mut dyn FnMut(Block<'_, S>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut fold = target.fold::<S>(stream)?;
    let latency = fold.latency_frames();
    let mut out = Buffer::new(target.layout().channel_count(), CHUNK)?;
    let silence = [S::zero(); CHUNK];
    let silent = vec![&silence[..]; stream.channel_count()];
    let silent = Block::new(&silent)?;
    let (total, mut at) = (audio.frames() + latency, 0);
    while at < total {
        let input = if at < audio.frames() {
            audio.range(at, at.saturating_add(CHUNK))
        } else {
            silent.range(0, CHUNK.min(total - at))
        };
        let frames = input.frames();
        fold.convert(input, out.range_mut(0, frames))?;
        let skip = latency.saturating_sub(at).min(frames);
        push(out.range(skip, frames))?;
        at += frames;
    }
    Ok(())
}

/// Power over all channels of a target.
fn folded_power<S: Sample>(
    target: &FoldTarget,
    audio: &Block<'_, S>,
    stream: Stream,
) -> Result<f64, Error> {
    let mut power = 0.0;
    folded(target, audio, stream, &mut |block| {
        power += block.channels().map(|c| kernels::peak_energy(stream.isa, c).energy).sum::<f64>();
        Ok(())
    })?;
    Ok(power)
}
