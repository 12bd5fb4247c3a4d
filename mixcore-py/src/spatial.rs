//! Layouts and fold-down matrices.

use mixcore::audio::{ChannelOrder, Layout};
use mixcore::spatial;
use numpy::PyArray2;
use pyo3::prelude::*;

use crate::errors::value_error;

fn matrix(source: &str, target: &str) -> PyResult<spatial::DownmixMatrix> {
    let source = Layout::named(source).map_err(value_error)?;
    let target = Layout::named(target).map_err(value_error)?;
    spatial::downmix_matrix(source, target).map_err(value_error)
}

/// The fold-down from one layout to another that a standard defines, as linear gains.
///
/// Parameters
/// ----------
/// source, target : str
///     Names of layouts: ``"5.1"``, ``"stereo"``, ``"0+5+0"``.
///
/// Returns
/// -------
/// ndarray of float64
///     Shape ``(target channels, source channels)``: ``matrix @ samples`` folds down.
///
/// Raises
/// ------
/// ValueError
///     A name of no layout; the text lists those that exist.
///
/// Examples
/// --------
/// >>> import mixcore
/// >>> mixcore.spatial.downmix_matrix("5.1", "stereo").round(3).tolist()
/// [[1.0, 0.0, 0.707, 0.0, 0.707, 0.0], [0.0, 1.0, 0.707, 0.0, 0.0, 0.707]]
#[pyfunction]
pub(crate) fn downmix_matrix<'py>(
    py: Python<'py>,
    source: &str,
    target: &str,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let matrix = matrix(source, target)?;
    let rows: Vec<Vec<f64>> =
        matrix.coefficients().chunks_exact(matrix.columns()).map(<[f64]>::to_vec).collect();
    Ok(PyArray2::from_vec2(py, &rows)?)
}

/// Where the gains of :func:`downmix_matrix` come from: document and clause.
#[pyfunction]
pub(crate) fn downmix_citation(source: &str, target: &str) -> PyResult<&'static str> {
    Ok(matrix(source, target)?.citation())
}

/// Names of all layouts with their numbers of channels.
#[pyfunction]
pub(crate) fn layouts() -> Vec<(&'static str, usize)> {
    Layout::all().map(|layout| (layout.name(), layout.channel_count())).collect()
}

/// The trade name of a layout: ``"5.1"`` for ``"0+5+0"``.
#[pyfunction]
pub(crate) fn layout_name(name: &str) -> PyResult<&'static str> {
    Layout::named(name).map(Layout::name).map_err(value_error)
}

/// For each channel of a WAVE file, the channel of the layout that it carries.
#[pyfunction]
pub(crate) fn wave_order(layout: &str) -> PyResult<Vec<usize>> {
    let layout = Layout::named(layout).map_err(value_error)?;
    let map = layout.order(ChannelOrder::Wave).map_err(value_error)?;
    Ok(map.layout_channels().collect())
}
