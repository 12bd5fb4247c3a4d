//! The true-peak limiter.

use mixcore::audio::Sample;
use mixcore::dynamics::{self, LimiterParams, LimiterSetup};
use mixcore::{BlockMut, Io, Layout, Process, Processor, Stream, stream};
use numpy::ndarray::{Array2, Axis};
use numpy::{Element, PyArray, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays;
use crate::errors::value_error;
use crate::state::{Guard, Reduced, Typed, for_either, for_samples, remake};

type State = Typed<dynamics::Limiter<'static, f32>, dynamics::Limiter<'static, f64>>;

/// A look-ahead true-peak limiter: what comes out stays below the ceiling, whatever comes in.
///
/// Material below the ceiling passes bit for bit, delayed by ``latency_frames``. The first block
/// after construction or :meth:`reset` decides whether it works in float32 or float64. One thread
/// at a time; a copy or an unpickled limiter is a fresh one with the same settings.
///
/// Parameters
/// ----------
/// rate_hz : float
///     Sample rate, 8 kHz to 384 kHz.
/// layout : str
///     Name of the layout: ``"stereo"``, ``"5.1"``, ``"0+5+0"``.
/// ceiling_dbtp : float, default -1.0
///     True-peak level that the output stays below, -60 to 0 dBTP.
/// release_ms : float, default 100.0
///     Time in which a gain reduction falls to 36.8 % after a peak, 1 to 5000 ms.
/// lookahead_ms : float, default 5.0
///     Look-ahead, for life.
/// link : bool, default True
///     All channels get one gain (the LFE its own); else each channel has its own.
///
/// Examples
/// --------
/// >>> import numpy, mixcore
/// >>> loud = numpy.full(48000, 2.0, dtype=numpy.float32)
/// >>> limiter = mixcore.dynamics.Limiter(48000, "mono", ceiling_dbtp=-1.0)
/// >>> float(abs(limiter.render(loud)).max()) <= 10 ** (-1 / 20)
/// True
#[pyclass(frozen, module = "mixcore.dynamics")]
pub(crate) struct Limiter {
    setup: LimiterSetup,
    stream: Stream,
    latency_frames: usize,
    state: Guard<State>,
}

impl Limiter {
    /// Copies the input, runs `work` on the copy without the GIL, and hands the copy out.
    fn run<'py>(
        &self,
        block: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
        frames_first: bool,
        rendered: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = block.py();
        let mut state = self.state.enter("Limiter")?;
        let (setup, stream) = (self.setup, self.stream);
        let params = for_either!(state, |limiter| limiter.params());
        let block = arrays::samples(block, "block")?;
        let result = for_samples!(
            block,
            state,
            dynamics::Limiter::new(setup, params, stream),
            |limiter, block| apply(py, limiter, block, out, stream.layout, frames_first, rendered)
        );
        match (&result, rendered) {
            // A clip ends with a reset; what was refused left no trace.
            (Ok(_), true) => state.forget(),
            (Ok(_), false) => state.keep(),
            (Err(_), _) => {}
        }
        result
    }
}

/// One call on one sample type. The input is copied first, so `out` may be the input itself.
fn apply<'py, S: Sample + Element>(
    py: Python<'py>,
    limiter: &mut dynamics::Limiter<'static, S>,
    block: PyReadonlyArrayDyn<'py, S>,
    out: Option<&Bound<'py, PyAny>>,
    layout: Layout,
    frames_first: bool,
    rendered: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let shape = block.shape().to_vec();
    let view = arrays::planar(block.as_array(), layout, frames_first, "block")?;
    let mut copied = Vec::new();
    copied.try_reserve_exact(view.len()).map_err(|_| {
        PyMemoryError::new_err(format!(
            "no memory for a copy of shape {shape:?}: use process, block by block"
        ))
    })?;
    copied.extend(view.iter().copied());
    let mut planar = Array2::from_shape_vec(view.dim(), copied).map_err(value_error)?;
    drop(block);
    let out =
        out.map(|out| Ok::<_, PyErr>((out, arrays::writable::<S>(out, &shape)?))).transpose()?;
    let channels = layout.channel_count();
    py.detach(|| {
        let samples = planar.as_slice_mut().unwrap_or(&mut []);
        if samples.is_empty() {
            return Ok(());
        }
        let block = BlockMut::contiguous(samples, channels)?;
        if rendered { stream::render(limiter, block) } else { limiter.process(Io::new(block)) }
    })
    .map_err(value_error)?;
    let turned = if frames_first && shape.len() == 2 { planar.reversed_axes() } else { planar };
    // 1-D audio comes back as 1-D.
    let shaped = match shape.len() {
        1 => turned.index_axis_move(Axis(0), 0).into_dyn(),
        _ => turned.into_dyn(),
    };
    match out {
        Some((array, mut target)) => {
            target.as_array_mut().assign(&shaped);
            Ok(array.clone())
        }
        None => Ok(PyArray::from_owned_array(py, shaped).into_any()),
    }
}

#[pymethods]
impl Limiter {
    #[new]
    #[pyo3(
        signature = (rate_hz, layout, ceiling_dbtp=-1.0, *, release_ms=100.0, lookahead_ms=5.0, link=true),
        text_signature = "(rate_hz, layout, ceiling_dbtp=-1.0, *, release_ms=100.0, lookahead_ms=5.0, link=True)"
    )]
    fn new(
        rate_hz: f64,
        layout: &str,
        ceiling_dbtp: f64,
        release_ms: f64,
        lookahead_ms: f64,
        link: bool,
    ) -> PyResult<Self> {
        let layout = Layout::named(layout).map_err(value_error)?;
        let stream = Stream::new(rate_hz, layout).map_err(value_error)?;
        let link_percent = if link { 100.0 } else { 0.0 };
        let setup = LimiterSetup { lookahead_ms, link_percent, ..LimiterSetup::default() };
        let params = LimiterParams { ceiling_dbtp, release_ms, ..LimiterParams::default() };
        let limiter = dynamics::Limiter::<f32>::new(setup, params, stream).map_err(value_error)?;
        let latency_frames = limiter.latency_frames();
        Ok(Self { setup, stream, latency_frames, state: Guard::new(State::new(limiter)) })
    }

    /// Limit the next block of a stream; the output lags by ``latency_frames``.
    ///
    /// Parameters
    /// ----------
    /// block : ndarray of float32 or float64
    ///     Shape ``(channels, frames)``, or ``(frames,)`` for mono; any length from 0 up.
    /// out : ndarray, optional
    ///     Where the result goes: same shape and dtype; it may be ``block`` itself.
    /// frames_first : bool, default False
    ///     The shape is ``(frames, channels)``.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     Same shape and dtype; ``out`` if it was given.
    #[pyo3(signature = (block, out=None, *, frames_first=false))]
    fn process<'py>(
        &self,
        block: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
        frames_first: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(block, out, frames_first, false)
    }

    /// Limit a whole clip: from a fresh start, latency removed, same length.
    ///
    /// Parameters
    /// ----------
    /// samples : ndarray of float32 or float64
    ///     Shape ``(channels, frames)``, or ``(frames,)`` for mono.
    /// out : ndarray, optional
    ///     Where the result goes: same shape and dtype; it may be ``samples`` itself.
    /// frames_first : bool, default False
    ///     The shape is ``(frames, channels)``.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     Same shape and dtype; ``out`` if it was given.
    #[pyo3(signature = (samples, out=None, *, frames_first=false))]
    fn render<'py>(
        &self,
        samples: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
        frames_first: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(samples, out, frames_first, true)
    }

    /// Start anew with the current settings.
    fn reset(&self) -> PyResult<()> {
        let mut state = self.state.enter("Limiter")?;
        for_either!(state, |limiter| limiter.reset());
        state.forget();
        Ok(())
    }

    /// Frames by which :meth:`process` lags.
    #[getter]
    fn latency_frames(&self) -> usize {
        self.latency_frames
    }

    /// Largest gain reduction of any channel in the newest 64 frames of output, dB.
    #[getter]
    fn gain_reduction_db(&self) -> PyResult<f64> {
        let mut state = self.state.enter("Limiter")?;
        Ok(for_either!(state, |limiter| limiter.gain_reduction_db()))
    }

    /// True-peak level that the output stays below, dBTP. A new value is reached over 20 ms.
    #[getter]
    fn get_ceiling_dbtp(&self) -> PyResult<f64> {
        let mut state = self.state.enter("Limiter")?;
        Ok(for_either!(state, |limiter| limiter.params().ceiling_dbtp))
    }

    #[setter]
    fn set_ceiling_dbtp(&self, value: f64) -> PyResult<()> {
        let mut state = self.state.enter("Limiter")?;
        for_either!(state, |limiter| limiter.set_field("ceiling_dbtp", value)).map_err(value_error)
    }

    /// Time in which a gain reduction falls to 36.8 % after a peak, ms.
    #[getter]
    fn get_release_ms(&self) -> PyResult<f64> {
        let mut state = self.state.enter("Limiter")?;
        Ok(for_either!(state, |limiter| limiter.params().release_ms))
    }

    #[setter]
    fn set_release_ms(&self, value: f64) -> PyResult<()> {
        let mut state = self.state.enter("Limiter")?;
        for_either!(state, |limiter| limiter.set_field("release_ms", value)).map_err(value_error)
    }

    /// Sample rate, Hz.
    #[getter]
    fn rate_hz(&self) -> f64 {
        self.stream.rate_hz
    }

    /// Name of the layout.
    #[getter]
    fn layout(&self) -> &'static str {
        self.stream.layout.name()
    }

    fn __repr__(&self) -> PyResult<String> {
        let mut state = self.state.enter("Limiter")?;
        let params = for_either!(state, |limiter| limiter.params());
        Ok(format!(
            "mixcore.dynamics.Limiter({}, {:?}, ceiling_dbtp={:?}, release_ms={:?}, lookahead_ms={:?}, link={})",
            self.stream.rate_hz,
            self.stream.layout.name(),
            params.ceiling_dbtp,
            params.release_ms,
            self.setup.lookahead_ms,
            if self.setup.link_percent == 100.0 { "True" } else { "False" },
        ))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let mut state = self.state.enter("Limiter")?;
        let params = for_either!(state, |limiter| limiter.params());
        let keywords = PyDict::new(py);
        keywords.set_item("ceiling_dbtp", params.ceiling_dbtp)?;
        keywords.set_item("release_ms", params.release_ms)?;
        keywords.set_item("lookahead_ms", self.setup.lookahead_ms)?;
        keywords.set_item("link", self.setup.link_percent == 100.0)?;
        remake(&py.get_type::<Self>(), self.stream, keywords)
    }
}
