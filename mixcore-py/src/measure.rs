//! Measuring a whole programme, in one call or block by block.

use std::sync::Arc;

use mixcore::audio::{Buffer, Sample};
use mixcore::delivery::{self, MeasureSetup, Role};
use mixcore::loudness::{Edition, Region, SpeechRegions};
use mixcore::spatial::{PanEngine, Panner, PannerParams, PannerSetup};
use mixcore::{Block, Convert, Error, Layout, Stream, Timecode, units::FrameRate};
use numpy::ndarray::ArrayView2;
use numpy::{Element, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays::{self, CHUNK_FRAMES, Planar};
use crate::errors::value_error;
use crate::measurement::Measurement;
use crate::state::{Either, Guard, Typed, for_samples};

/// Measures a programme block by block; `mixcore.measure` and the command line feed it.
#[pyclass(frozen, module = "mixcore._core")]
pub(crate) struct Measurer {
    stream: Stream,
    dialogue: bool,
    regions: Option<Vec<Region>>,
    setup: MeasureSetup,
    /// None once it is finished.
    state: Guard<Option<Typed<Running<f32>, Running<f64>>>>,
}

struct Running<S: Sample> {
    measurer: delivery::Measurer<S>,
    /// A mono stem is placed at the front centre.
    centre: Option<(Panner<'static>, Buffer<S>)>,
}

impl<S: Sample> Running<S> {
    fn new(
        setup: &MeasureSetup,
        regions: Option<&[Region]>,
        stream: Stream,
    ) -> Result<Self, Error> {
        let mut measurer = delivery::Measurer::new(setup.clone(), stream)?;
        if let Some(regions) = regions {
            measurer = measurer.with_speech(SpeechRegions::new(regions, stream.rate_hz)?)?;
        }
        Ok(Self { measurer, centre: None })
    }

    /// Pushes the whole of a view, or nothing of it, with the same frames of the dialogue stem.
    fn push(
        &mut self,
        stream: Stream,
        version: ArrayView2<'_, S>,
        dialogue: Option<ArrayView2<'_, S>>,
    ) -> Result<(), Error> {
        self.measurer.check_room(version.ncols() as u64)?;
        let mut version = Planar::new(version);
        let Some(dialogue) = dialogue else {
            return version.each(|block| self.measurer.push(block, core::iter::empty()));
        };
        let mono = dialogue.nrows() == 1 && stream.channel_count() > 1;
        let mut dialogue = Planar::new(dialogue);
        if mono && self.centre.is_none() {
            let setup = PannerSetup { engine: PanEngine::Pairs, ..PannerSetup::default() };
            let panner = Panner::new(setup, PannerParams::default(), stream)?;
            self.centre = Some((panner, Buffer::new(stream.channel_count(), CHUNK_FRAMES)?));
        }
        for start in (0..version.frames()).step_by(CHUNK_FRAMES) {
            let end = (start + CHUNK_FRAMES).min(version.frames());
            let stem = dialogue.range(start, end)?;
            let stem: Block<'_, S> = match &mut self.centre {
                Some((panner, placed)) if mono => {
                    panner.convert(stem, placed.range_mut(0, end - start))?;
                    placed.range(0, end - start)
                }
                _ => stem,
            };
            self.measurer.push(version.range(start, end)?, [(Role::Dx, stem)].into_iter())?;
        }
        Ok(())
    }
}

#[pymethods]
impl Measurer {
    #[new]
    #[pyo3(signature = (
        rate_hz, layout, frames, *, title, dual_mono, dialogue, bit_depth, dialogue_regions=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "keywords of a Python call")]
    fn new(
        rate_hz: f64,
        layout: &str,
        frames: u64,
        title: &str,
        dual_mono: bool,
        dialogue: bool,
        bit_depth: Option<u16>,
        dialogue_regions: Option<Vec<(f64, f64)>>,
    ) -> PyResult<Self> {
        let layout = Layout::named(layout).map_err(value_error)?;
        let stream = Stream::new(rate_hz, layout).map_err(value_error)?;
        let setup = MeasureSetup {
            title: title.to_owned(),
            start: Timecode { frame: 0, frame_rate: FrameRate::default() },
            dual_mono,
            edition: Edition::default(),
            roles: if dialogue { vec![Role::Dx] } else { Vec::new() },
            frames,
            bit_depth,
        };
        let regions = dialogue_regions
            .map(|list| list.into_iter().map(|region| in_frames(region, rate_hz)).collect())
            .transpose()
            .map_err(value_error)?;
        let running = Running::new(&setup, regions.as_deref(), stream).map_err(value_error)?;
        let state = Guard::new(Some(Typed::new(running)));
        Ok(Self { stream, dialogue, regions, setup, state })
    }

    /// Measure the next block of the programme and, if there is one, of its dialogue stem.
    #[pyo3(signature = (block, dialogue=None, *, frames_first=false))]
    fn push(
        &self,
        py: Python<'_>,
        block: &Bound<'_, PyAny>,
        dialogue: Option<&Bound<'_, PyAny>>,
        frames_first: bool,
    ) -> PyResult<()> {
        if dialogue.is_some() != self.dialogue {
            return Err(PyValueError::new_err(
                "a dialogue stem goes with every block or with none",
            ));
        }
        let mut state = self.state.enter("measurement")?;
        let state = state.as_mut().ok_or_else(finished)?;
        let (setup, stream, layout) = (&self.setup, self.stream, self.stream.layout);
        let regions = self.regions.as_deref();
        let block = arrays::samples(block, "audio")?;
        for_samples!(block, state, Running::new(setup, regions, stream), |running, block| {
            let version = arrays::planar(block.as_array(), layout, frames_first, "audio")?;
            let stem = dialogue.map(|stem| like(stem, &block)).transpose()?;
            let stem = match &stem {
                None => None,
                Some(stem) => {
                    let stem = stem.as_array();
                    let rows =
                        if stem.ndim() == 1 { 1 } else { stem.shape()[usize::from(frames_first)] };
                    let layout = if rows == 1 { Layout::MONO } else { layout };
                    let stem = arrays::planar(stem, layout, frames_first, "dialogue")?;
                    same_length(stem.ncols(), version.ncols())?;
                    Some(stem)
                }
            };
            py.detach(|| running.push(stream, version, stem)).map_err(value_error)?;
        });
        state.keep();
        Ok(())
    }

    /// End the programme and return what was read.
    fn finish(&self, py: Python<'_>) -> PyResult<Measurement> {
        let state = self.state.enter("measurement")?.take().ok_or_else(finished)?;
        let found = match state.into_either() {
            Either::F32(running) => py.detach(|| running.measurer.finish()),
            Either::F64(running) => py.detach(|| running.measurer.finish()),
        };
        found.map(|found| Measurement(Arc::new(found))).map_err(value_error)
    }
}

/// A region in seconds as one in frames.
fn in_frames((start_s, end_s): (f64, f64), rate_hz: f64) -> Result<Region, Error> {
    /// As long as a meter can hold: 100 hours.
    const LONGEST_S: f64 = 360_000.0;
    let frame = |field, second| {
        let frame = Error::check_range(field, second, 0.0, LONGEST_S)? * rate_hz;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked: not negative, frames of days"
        )]
        Ok(frame.round() as u64)
    };
    Ok(Region {
        start_frame: frame("dialogue_regions start, s", start_s)?,
        end_frame: frame("dialogue_regions end, s", end_s)?,
    })
}

fn finished() -> PyErr {
    PyRuntimeError::new_err("this measurement is finished: make a new one")
}

fn same_length(stem: usize, version: usize) -> PyResult<()> {
    if stem == version {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "dialogue has {stem} frame(s), audio has {version}: the stem begins and ends with the programme"
    )))
}

/// The stem in the sample type of the programme.
fn like<'py, S: Element>(
    stem: &Bound<'py, PyAny>,
    block: &PyReadonlyArrayDyn<'py, S>,
) -> PyResult<PyReadonlyArrayDyn<'py, S>> {
    // Says what is wrong with a stem that is no audio.
    arrays::samples(stem, "dialogue")?;
    let dtype = block.dtype();
    let stem = stem.py().import("numpy")?.call_method1("require", (stem, dtype, "A"))?;
    stem.extract()
}
