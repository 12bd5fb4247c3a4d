//! The live loudness meter.

use std::sync::Arc;

use mixcore::audio::Sample;
use mixcore::delivery;
use mixcore::loudness::{self, MeterSetup, TruePeakMethod};
use mixcore::{Error, Layout, Stream};
use numpy::ndarray::ArrayView2;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{self, Planar};
use crate::errors::value_error;
use crate::measurement::Measurement;
use crate::state::{Guard, Reduced, Typed, for_either, for_samples, remake};

type State = Typed<loudness::Meter<'static, f32>, loudness::Meter<'static, f64>>;

/// A loudness and true-peak meter that is fed block by block.
///
/// The first block after construction or :meth:`reset` decides whether it works in float32 or
/// float64. Readings follow the last whole 10 ms. One thread at a time; a copy or an unpickled
/// meter is a fresh one with the same settings.
///
/// Parameters
/// ----------
/// rate_hz : float
///     Sample rate, 8 kHz to 384 kHz.
/// layout : str
///     Name of the layout: ``"stereo"``, ``"5.1"``, ``"0+5+0"``.
/// true_peak : str, default "fine"
///     How the points between the samples are found: ``"fine"``, ``"annex2"`` (the printed table
///     of BS.1770), ``"sinc49"`` (as libebur128) or ``"off"``.
/// dual_mono : bool, default False
///     A mono programme is heard from two loudspeakers and reads 3.01 LU more.
/// max_duration_s : float, default 14400
///     Programme duration that it can record, s (8 bytes per 10 ms).
///
/// Examples
/// --------
/// >>> import numpy, mixcore
/// >>> meter = mixcore.loudness.Meter(48000, "stereo")
/// >>> tone = 0.0708 * numpy.sin(2 * numpy.pi * 1000 * numpy.arange(48000) / 48000)
/// >>> for _ in range(5):
/// ...     meter.push(numpy.stack([tone, tone]))
/// >>> round(meter.momentary_lufs, 1), round(meter.measurement().integrated_lufs, 1)
/// (-23.0, -23.0)
#[pyclass(frozen, module = "mixcore.loudness")]
pub(crate) struct Meter {
    setup: MeterSetup,
    stream: Stream,
    state: Guard<State>,
}

/// The method of that name.
fn method(name: &str) -> PyResult<TruePeakMethod> {
    Ok(match name {
        "fine" => TruePeakMethod::Fine,
        "annex2" => TruePeakMethod::Annex2,
        "sinc49" => TruePeakMethod::Sinc49,
        "off" => TruePeakMethod::Off,
        _ => {
            return Err(PyValueError::new_err(format!(
                "unknown true_peak {name:?}, allowed: \"fine\", \"annex2\", \"sinc49\", \"off\""
            )));
        }
    })
}

fn method_name(method: TruePeakMethod) -> &'static str {
    match method {
        TruePeakMethod::Annex2 => "annex2",
        TruePeakMethod::Sinc49 => "sinc49",
        TruePeakMethod::Off => "off",
        _ => "fine",
    }
}

#[pymethods]
impl Meter {
    #[new]
    #[pyo3(signature = (rate_hz, layout, *, true_peak="fine", dual_mono=false, max_duration_s=14_400.0))]
    fn new(
        rate_hz: f64,
        layout: &str,
        true_peak: &str,
        dual_mono: bool,
        max_duration_s: f64,
    ) -> PyResult<Self> {
        let layout = Layout::named(layout).map_err(value_error)?;
        let stream = Stream::new(rate_hz, layout).map_err(value_error)?;
        let setup = MeterSetup {
            true_peak: method(true_peak)?,
            dual_mono,
            max_duration_s,
            ..MeterSetup::default()
        };
        let meter = loudness::Meter::new(setup, stream).map_err(value_error)?;
        Ok(Self { setup, stream, state: Guard::new(State::new(meter)) })
    }

    /// Measure one block of any length.
    ///
    /// Parameters
    /// ----------
    /// block : ndarray of float32 or float64
    ///     Shape ``(channels, frames)``, or ``(frames,)`` for mono.
    /// frames_first : bool, default False
    ///     The shape is ``(frames, channels)``.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     A shape that does not fit the layout, or more than ``max_duration_s``; nothing of the
    ///     block is recorded then.
    /// TypeError
    ///     A dtype that is neither float32 nor float64, or not that of the first block.
    /// RuntimeError
    ///     Another thread is using this meter.
    #[pyo3(signature = (block, *, frames_first=false))]
    fn push(&self, py: Python<'_>, block: &Bound<'_, PyAny>, frames_first: bool) -> PyResult<()> {
        let mut state = self.state.enter("Meter")?;
        let (setup, stream) = (self.setup, self.stream);
        let block = arrays::samples(block, "block")?;
        for_samples!(block, state, loudness::Meter::new(setup, stream), |meter, block| {
            let view = arrays::planar(block.as_array(), stream.layout, frames_first, "block")?;
            py.detach(|| whole(meter, view)).map_err(value_error)?;
        });
        state.keep();
        Ok(())
    }

    /// Loudness of the last 0.4 s, LUFS, or ``None`` where there is none yet.
    #[getter]
    fn momentary_lufs(&self) -> PyResult<Option<f64>> {
        let mut state = self.state.enter("Meter")?;
        Ok(for_either!(state, |meter| meter.momentary_lufs().value()))
    }

    /// Loudness of the last 3 s, LUFS, or ``None`` where there is none yet.
    #[getter]
    fn short_term_lufs(&self) -> PyResult<Option<f64>> {
        let mut state = self.state.enter("Meter")?;
        Ok(for_either!(state, |meter| meter.short_term_lufs().value()))
    }

    /// All readings so far; the meter goes on.
    ///
    /// Parameters
    /// ----------
    /// title : str, optional
    ///     Name for reports.
    ///
    /// Returns
    /// -------
    /// Measurement
    ///     Without fold-downs and dialogue: those take :func:`mixcore.measure`.
    #[pyo3(signature = (title=""))]
    fn measurement(&self, py: Python<'_>, title: &str) -> PyResult<Measurement> {
        let mut state = self.state.enter("Meter")?;
        let found = for_either!(state, |meter| {
            py.detach(|| delivery::Measurement::of_meter(title, meter))
        });
        found.map(|found| Measurement(Arc::new(found))).map_err(value_error)
    }

    /// Start anew with the same settings.
    fn reset(&self) -> PyResult<()> {
        let mut state = self.state.enter("Meter")?;
        for_either!(state, |meter| meter.reset());
        state.forget();
        Ok(())
    }

    /// Frames measured so far.
    #[getter]
    fn frames(&self) -> PyResult<u64> {
        let mut state = self.state.enter("Meter")?;
        Ok(for_either!(state, |meter| meter.frames()))
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

    fn __repr__(&self) -> String {
        format!("<mixcore.loudness.Meter {}, {} Hz>", self.stream.layout, self.stream.rate_hz)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let keywords = PyDict::new(py);
        keywords.set_item("true_peak", method_name(self.setup.true_peak))?;
        keywords.set_item("dual_mono", self.setup.dual_mono)?;
        keywords.set_item("max_duration_s", self.setup.max_duration_s)?;
        remake(&py.get_type::<Self>(), self.stream, keywords)
    }
}

/// Pushes the whole of a view, or nothing of it.
fn whole<S: Sample>(
    meter: &mut loudness::Meter<'static, S>,
    view: ArrayView2<'_, S>,
) -> Result<(), Error> {
    meter.check_room(view.ncols() as u64)?;
    Planar::new(view).each(|block| meter.push(block))
}
