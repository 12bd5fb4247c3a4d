//! The session as the solver sees it: set the controls, render once, measure every version.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{Renderer, Session, Sources};
use crate::audio::Sample;
use crate::delivery::{Controls, MeasureSetup, Measurement, Measurer, Outcome, Plant, Role};
use crate::error::Error;
use crate::loudness::Edition;
use crate::stream::Stream;

/// A renderer with its sources and what its measurements are called.
pub struct SessionPlant<'a, S: Sample> {
    renderer: &'a mut Renderer<S>,
    sources: &'a mut dyn Sources<S>,
    setups: Vec<(Stream, MeasureSetup)>,
    progress: Option<&'a mut dyn FnMut(u64, u64)>,
}

impl<'a, S: Sample> SessionPlant<'a, S> {
    /// Ties a session's renderer to its sources.
    ///
    /// # Errors
    /// A rate outside 8 to 384 kHz (a compiled session has none).
    pub fn new(
        session: &Session,
        renderer: &'a mut Renderer<S>,
        sources: &'a mut dyn Sources<S>,
    ) -> Result<Self, Error> {
        // Measured frames count from the programme window's first one.
        let start = session.timecode(session.programme.start_frame);
        let mut setups = Vec::new();
        for (index, version) in session.versions.iter().enumerate() {
            let stream = Stream::with_isa(session.rate_hz, version.layout, renderer.isa)?;
            let mut roles: Vec<Role> = renderer.roles(index).collect();
            roles.dedup();
            let setup = MeasureSetup {
                title: String::from(version.name.as_str()),
                start,
                dual_mono: version.dual_mono,
                edition: Edition::default(),
                roles,
                frames: session.programme.frames,
                bit_depth: None,
            };
            setups.push((stream, setup));
        }
        Ok(Self { renderer, sources, setups, progress: None })
    }

    /// Calls `progress(frames done, frames in all)` after every block.
    #[must_use]
    pub fn with_progress(mut self, progress: &'a mut dyn FnMut(u64, u64)) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Renders once from the start and measures every version.
    ///
    /// # Errors
    /// What the sources return.
    pub fn measure(&mut self) -> Result<Vec<Measurement>, Error> {
        let wanted = vec![true; self.setups.len()];
        Ok(self.measure_only(&wanted)?.into_iter().flatten().collect())
    }

    /// Renders once from the start and measures one version.
    pub(super) fn measure_one(&mut self, version: usize) -> Result<Measurement, Error> {
        let wanted: Vec<bool> = (0..self.setups.len()).map(|index| index == version).collect();
        let measured = self.measure_only(&wanted)?.into_iter().flatten().next();
        let count = self.setups.len();
        measured.ok_or(Error::FrameCount { what: "versions", given: version, expected: count })
    }

    /// Renders once from the start and measures the versions that are wanted.
    fn measure_only(&mut self, wanted: &[bool]) -> Result<Vec<Option<Measurement>>, Error> {
        let mut measurers = Vec::new();
        for (index, ((stream, setup), &wanted)) in self.setups.iter().zip(wanted).enumerate() {
            self.renderer.set_version_enabled(index, wanted)?;
            let measurer = wanted.then(|| Measurer::new(setup.clone(), *stream));
            measurers.push(measurer.transpose()?);
        }
        self.renderer.rewind();
        let frames = self.renderer.frames();
        let mut done = 0;
        while let Some(step) = self.renderer.next(self.sources)? {
            for (version, measurer) in measurers.iter_mut().enumerate() {
                if let Some(measurer) = measurer {
                    measurer.push(step.version(version), step.stems(version))?;
                }
            }
            done += step.frames() as u64;
            if let Some(progress) = &mut self.progress {
                progress(done, frames);
            }
        }
        // The renderer cleans at its sources, so the measurers have seen silence in those places.
        let faults = self.renderer.faults();
        let finish = |measurer: Measurer<S>| {
            let mut measurement = measurer.finish()?;
            measurement.add_faults(faults);
            Ok(measurement)
        };
        measurers.into_iter().map(|measurer| measurer.map(finish).transpose()).collect()
    }
}

impl<S: Sample> Plant for SessionPlant<'_, S> {
    fn run(&mut self, controls: &[Option<Controls>]) -> Result<Vec<Option<Outcome>>, Error> {
        for (version, controls) in controls.iter().enumerate() {
            if let Some(controls) = controls {
                self.renderer.set_version_gain_db(version, controls.gain_db)?;
                self.renderer.set_version_ceiling_dbtp(version, controls.ceiling_dbtp)?;
            }
        }
        let wanted: Vec<bool> = controls.iter().map(Option::is_some).collect();
        let measurements = self.measure_only(&wanted)?.into_iter().enumerate();
        let outcomes = measurements.map(|(version, measurement)| {
            measurement.map(|measurement| Outcome {
                measurement,
                max_limiting_db: self.renderer.max_gain_reduction_db(version),
            })
        });
        Ok(outcomes.collect())
    }
}
