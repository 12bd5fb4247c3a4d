//! The renderer: pulls sources, pushes blocks of every version and stem, aligned to the frame.
//!
//! ```text
//! source → clean → gain, polarity → ┬ placement → stem sums → version gain → sum → limiter → version
//!        (once per strip: the trunk)└ one such tail per version        └────────── delay → stems
//! ```
//! Sums run in f64 in declared order and are rounded once. Every path is delayed to the slowest
//! version, the head is trimmed and the tail flushed, so all outputs start at the programme's
//! first frame and have its length.
//!
//! Cost: one multiply-add per connection, plus one limiter per version. Memory: block buffers and
//! delay lines, all made by `compile`; rendering never allocates.

use alloc::vec::Vec;

use super::Sources;
use crate::audio::{Block, BlockMut, Buffer, Sample};
use crate::delivery::Role;
use crate::dynamics::Limiter;
use crate::error::Error;
use crate::filters::Delay;
use crate::kernels::{self, Isa};
use crate::level::Fader;
use crate::loudness::ProgrammeWindow;
use crate::stream::{Io, Process, Processor};

/// A strip at work: its source buffer and its fader.
#[derive(Debug)]
pub(super) struct StripState<S: Sample> {
    pub(super) source: u32,
    pub(super) fader: Fader,
    pub(super) audio: Buffer<S>,
    pub(super) faults: u64,
}

/// One role of one version.
#[derive(Debug)]
pub(super) struct StemState<S: Sample> {
    pub(super) role: Role,
    /// (strip, version channel, source channel, gain), sorted by version channel, then strip.
    pub(super) connections: Vec<(usize, usize, usize, f64)>,
    pub(super) fader: Fader,
    pub(super) delay: Delay<'static, S>,
    pub(super) audio: Buffer<S>,
}

/// One version at work.
#[derive(Debug)]
pub(super) struct VersionState<S: Sample> {
    pub(super) stems: Vec<StemState<S>>,
    pub(super) limiter: Option<Limiter<'static, S>>,
    pub(super) delay: Delay<'static, S>,
    pub(super) audio: Buffer<S>,
    /// It is rendered; otherwise its audio is silence.
    pub(super) enabled: bool,
}

/// A compiled session. [`Renderer::next`] yields the programme block by block.
#[derive(Debug)]
pub struct Renderer<S: Sample> {
    pub(super) isa: Isa,
    pub(super) window: ProgrammeWindow,
    pub(super) max_block: usize,
    pub(super) latency: usize,
    pub(super) strips: Vec<StripState<S>>,
    pub(super) versions: Vec<VersionState<S>>,
    pub(super) sum: Vec<f64>,
    /// Frames that have gone into the graph, the flushed tail included.
    pub(super) fed: u64,
}

/// One block of everything that a session renders.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a, S: Sample> {
    versions: &'a [VersionState<S>],
    frame: u64,
    start: usize,
    end: usize,
}

impl<'a, S: Sample> Step<'a, S> {
    /// Session frame of the first frame of this block.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.frame
    }

    /// Frames of this block, at least 1.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.end - self.start
    }

    /// The finished audio of a version.
    ///
    /// # Panics
    /// If the session has no version of that index.
    #[must_use]
    pub fn version(&self, version: usize) -> Block<'a, S> {
        self.versions[version].audio.range(self.start, self.end)
    }

    /// The stems of a version as they went into its sum: with strip and version gains, before the
    /// limiter, in the order of roles.
    ///
    /// # Panics
    /// If the session has no version of that index.
    pub fn stems(&self, version: usize) -> impl Iterator<Item = (Role, Block<'a, S>)> + '_ {
        let (start, end) = (self.start, self.end);
        self.versions[version]
            .stems
            .iter()
            .map(move |stem| (stem.role, stem.audio.range(start, end)))
    }
}

impl<S: Sample> Renderer<S> {
    /// Frames by which the slowest version lags inside; the steps are already aligned.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.latency
    }

    /// Frames of the programme.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.window.frames
    }

    /// Frames that the steps so far have yielded: progress out of [`Renderer::frames`].
    #[must_use]
    pub fn frames_done(&self) -> u64 {
        self.fed.saturating_sub(self.latency as u64)
    }

    /// Renders on until there is something to give; `None` at the end. To cancel, stop calling.
    ///
    /// # Real time
    /// Never allocates; what `sources` does is the caller's.
    ///
    /// # Errors
    /// Whatever `sources` returns. The renderer then stands where it was: rewind to start again.
    pub fn next(&mut self, sources: &mut dyn Sources<S>) -> Result<Option<Step<'_, S>>, Error> {
        let total = self.window.frames.saturating_add(self.latency as u64);
        loop {
            let left = usize::try_from(total - self.fed).unwrap_or(usize::MAX);
            let frames = left.min(self.max_block);
            if frames == 0 {
                return Ok(None);
            }
            self.read(sources, frames)?;
            self.render(frames)?;
            let before = self.fed;
            self.fed += frames as u64;
            let done = self.fed.saturating_sub(self.latency as u64);
            if done > 0 {
                let first = before.saturating_sub(self.latency as u64);
                let new = usize::try_from(done - first).unwrap_or(frames);
                return Ok(Some(Step {
                    versions: &self.versions,
                    frame: self.window.start_frame.saturating_add(first),
                    start: frames - new,
                    end: frames,
                }));
            }
        }
    }

    /// Goes back to the programme's first frame with clean states; running gain moves end.
    pub fn rewind(&mut self) {
        self.fed = 0;
        for strip in &mut self.strips {
            strip.fader.reset();
            strip.faults = 0;
        }
        for version in &mut self.versions {
            for stem in &mut version.stems {
                stem.fader.reset();
                stem.delay.reset();
            }
            if let Some(limiter) = &mut version.limiter {
                limiter.reset();
            }
            version.delay.reset();
        }
    }

    /// Moves a strip's gain, click-free from the next block on.
    ///
    /// # Errors
    /// An index that the session does not have, or a gain outside the fader's range.
    pub fn set_strip_gain_db(&mut self, strip: usize, gain_db: f64) -> Result<(), Error> {
        let count = self.strips.len();
        let strip = self.strips.get_mut(strip).ok_or(no_such("strip", strip, count))?;
        strip.fader.set_field("gain_db", gain_db)
    }

    /// Moves a version's gain (before its limiter), click-free from the next block on.
    ///
    /// # Errors
    /// An index that the session does not have, or a gain outside the fader's range.
    pub fn set_version_gain_db(&mut self, version: usize, gain_db: f64) -> Result<(), Error> {
        let count = self.versions.len();
        let state = self.versions.get_mut(version).ok_or(no_such("version", version, count))?;
        state.stems.iter_mut().try_for_each(|stem| stem.fader.set_field("gain_db", gain_db))
    }

    /// Moves the ceiling of a version's limiter.
    ///
    /// # Errors
    /// An index that the session does not have, a version without limiter, or a ceiling outside
    /// the limiter's range.
    pub fn set_version_ceiling_dbtp(
        &mut self,
        version: usize,
        ceiling_dbtp: f64,
    ) -> Result<(), Error> {
        let count = self.versions.len();
        let state = self.versions.get_mut(version).ok_or(no_such("version", version, count))?;
        match &mut state.limiter {
            Some(limiter) => limiter.set_field("ceiling_dbtp", ceiling_dbtp),
            None => Err(Error::Unsupported {
                what: "a ceiling in a version without limiter",
                hint: "give the version a limiter",
            }),
        }
    }

    /// Takes a version out of the render (its blocks are silence then) or puts it in again.
    ///
    /// The others do not change by a bit. The version comes in or drops out without a fade: rewind
    /// after it.
    ///
    /// # Errors
    /// An index that the session does not have.
    pub fn set_version_enabled(&mut self, version: usize, enabled: bool) -> Result<(), Error> {
        let count = self.versions.len();
        let state = self.versions.get_mut(version).ok_or(no_such("version", version, count))?;
        state.enabled = enabled;
        if !enabled {
            let stems = state.stems.iter_mut().map(|stem| &mut stem.audio);
            for audio in stems.chain([&mut state.audio]) {
                (0..audio.channel_count()).for_each(|at| audio.channel_mut(at).fill(S::zero()));
            }
        }
        Ok(())
    }

    /// Roles that a version has stems of, in the order of [`Step::stems`].
    pub fn roles(&self, version: usize) -> impl Iterator<Item = Role> + '_ {
        self.versions
            .get(version)
            .into_iter()
            .flat_map(|version| version.stems.iter().map(|stem| stem.role))
    }

    /// Largest gain reduction of a version's limiter since the start, dB (0 without limiter).
    #[must_use]
    pub fn max_gain_reduction_db(&self, version: usize) -> f64 {
        let limiter = self.versions.get(version).and_then(|version| version.limiter.as_ref());
        limiter.map_or(0.0, Limiter::max_gain_reduction_db)
    }

    /// Source samples so far that were not finite or beyond 1e6 and were taken as 0.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.strips.iter().map(|strip| strip.faults).sum()
    }

    /// Fills the strips' buffers: what lies past the window is silence, to flush the graph.
    fn read(&mut self, sources: &mut dyn Sources<S>, frames: usize) -> Result<(), Error> {
        let real = self.window.frames.saturating_sub(self.fed);
        let real = usize::try_from(real).unwrap_or(frames).min(frames);
        let at = self.window.start_frame.saturating_add(self.fed);
        for strip in &mut self.strips {
            if real > 0 {
                sources.read(strip.source, at, strip.audio.block_mut().range(0, real))?;
            }
        }
        for strip in &mut self.strips {
            for channel in 0..strip.audio.channel_count() {
                let audio = &mut strip.audio.channel_mut(channel)[..frames];
                strip.faults += kernels::clean_in_place(self.isa, &mut audio[..real]) as u64;
                audio[real..].fill(S::zero());
            }
        }
        Ok(())
    }

    fn render(&mut self, frames: usize) -> Result<(), Error> {
        let Self { strips, versions, sum, isa, .. } = self;
        for strip in &mut *strips {
            strip.fader.process(Io::new(strip.audio.block_mut().range(0, frames)))?;
        }
        let sum = &mut sum[..frames];
        for version in versions.iter_mut().filter(|version| version.enabled) {
            for stem in &mut version.stems {
                stem.gather(strips, sum, *isa);
                stem.fader.process(Io::new(stem.audio.block_mut().range(0, frames)))?;
            }
            for channel in 0..version.audio.channel_count() {
                sum.fill(0.0);
                for stem in &version.stems {
                    kernels::accumulate(*isa, sum, &stem.audio.channel(channel)[..frames], 1.0);
                }
                kernels::round_into(*isa, sum, &mut version.audio.channel_mut(channel)[..frames]);
            }
            if let Some(limiter) = &mut version.limiter {
                limiter.process(Io::new(range(&mut version.audio, frames)))?;
            }
            version.delay.process(Io::new(range(&mut version.audio, frames)))?;
            for stem in &mut version.stems {
                stem.delay.process(Io::new(range(&mut stem.audio, frames)))?;
            }
        }
        Ok(())
    }
}

fn range<S: Sample>(buffer: &mut Buffer<S>, frames: usize) -> BlockMut<'_, S> {
    buffer.range_mut(0, frames)
}

impl<S: Sample> StemState<S> {
    /// Sums the placed strips of this role, channel by channel, in declared order.
    fn gather(&mut self, strips: &[StripState<S>], sum: &mut [f64], isa: Isa) {
        let frames = sum.len();
        let mut connections = self.connections.as_slice();
        for channel in 0..self.audio.channel_count() {
            sum.fill(0.0);
            let count = connections.iter().take_while(|(_, to, _, _)| *to == channel).count();
            let (these, rest) = connections.split_at(count);
            connections = rest;
            for &(strip, _, from, gain) in these {
                kernels::accumulate(isa, sum, &strips[strip].audio.channel(from)[..frames], gain);
            }
            kernels::round_into(isa, sum, &mut self.audio.channel_mut(channel)[..frames]);
        }
    }
}

fn no_such(what: &'static str, given: usize, count: usize) -> Error {
    Error::OutOfRange {
        field: what,
        given: given as f64,
        min: 0.0,
        max: count.saturating_sub(1) as f64,
    }
}
