//! NumPy arrays as blocks: one place that says which arrays are audio, and what is wrong with the
//! others.
//!
//! Audio is float32 or float64, 1-D (mono) or 2-D `(channels, frames)`; the orientation is never
//! guessed. Rows that are contiguous are used where they lie; others are gathered block by block.

use mixcore::audio::Sample;
use mixcore::{Block, Error, Layout, Stream};
use numpy::ndarray::{ArrayView2, ArrayViewD, Axis, Ix2};
use numpy::{
    Element, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn,
    PyReadwriteArrayDyn, PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::errors::value_error;

/// Frames that are gathered at a time.
pub(crate) const CHUNK_FRAMES: usize = 16_384;

/// Audio that Python has given, in its own sample type.
pub(crate) enum Samples<'py> {
    F32(PyReadonlyArrayDyn<'py, f32>),
    F64(PyReadonlyArrayDyn<'py, f64>),
}

/// Reads an argument as audio; `what` is its name in the error texts.
pub(crate) fn samples<'py>(value: &Bound<'py, PyAny>, what: &str) -> PyResult<Samples<'py>> {
    let array = as_array(value, what)?;
    if array.ndim() == 0 || array.ndim() > 2 {
        return Err(PyValueError::new_err(format!(
            "{what} has {} dimensions, allowed are 1 (mono) or 2 (channels, frames): reshape it",
            array.ndim()
        )));
    }
    if let Ok(array) = array.cast::<PyArrayDyn<f32>>() {
        return Ok(Samples::F32(readonly(array, what)?));
    }
    if let Ok(array) = array.cast::<PyArrayDyn<f64>>() {
        return Ok(Samples::F64(readonly(array, what)?));
    }
    Err(wrong_dtype(&array, what))
}

/// An argument as an array that is audio; `what` is its name in the error texts.
#[pyfunction]
pub(crate) fn as_audio<'py>(
    value: &Bound<'py, PyAny>,
    what: &str,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let array = as_array(value, what)?;
    samples(&array, what)?;
    Ok(array)
}

/// Checks samples against the rate and the layout that they are said to have.
#[pyfunction]
#[pyo3(signature = (samples, rate_hz, layout, *, frames_first))]
pub(crate) fn check_audio(
    samples: &Bound<'_, PyAny>,
    rate_hz: f64,
    layout: &str,
    frames_first: bool,
) -> PyResult<()> {
    const WHAT: &str = "the array";
    let layout = Layout::named(layout).map_err(value_error)?;
    Stream::new(rate_hz, layout).map_err(value_error)?;
    match self::samples(samples, WHAT)? {
        Samples::F32(array) => planar(array.as_array(), layout, frames_first, WHAT).map(drop),
        Samples::F64(array) => planar(array.as_array(), layout, frames_first, WHAT).map(drop),
    }
}

/// The argument as a NumPy array that can be viewed: a list or a tensor is converted, an array with
/// odd strides is copied.
fn as_array<'py>(value: &Bound<'py, PyAny>, what: &str) -> PyResult<Bound<'py, PyUntypedArray>> {
    let numpy = value.py().import("numpy")?;
    let array = match value.cast::<PyUntypedArray>() {
        Ok(array) => array.clone(),
        Err(_) => {
            // An error of its own conversion (a tensor on a graphics card) is passed on.
            let array = numpy.call_method1("asarray", (value,))?.cast_into::<PyUntypedArray>()?;
            // NumPy wraps whatever it does not know: None, text, an Audio.
            if array.ndim() == 0 {
                let file = value.is_instance_of::<PyString>() || value.hasattr("__fspath__")?;
                let hint = match (file, value.hasattr("samples")?) {
                    (true, _) => ": read a file with mixcore.read",
                    (false, true) => ": pass its .samples",
                    (false, false) => "",
                };
                return Err(PyTypeError::new_err(format!(
                    "{what} is a {}, expected a NumPy array of float32 or float64{hint}",
                    value.get_type()
                )));
            }
            array
        }
    };
    if array.is_instance(&numpy.getattr("ma")?.getattr("MaskedArray")?)? {
        return Err(PyTypeError::new_err(format!(
            "{what} is a masked array, whose gaps would be measured: use x.filled(0.0)"
        )));
    }
    let size = array.dtype().itemsize();
    let even = array.strides().iter().all(|stride| stride.unsigned_abs() % size.max(1) == 0);
    if array.is_aligned() && even {
        return Ok(array);
    }
    // A view of one field of a record array, or of odd bytes: its samples cannot be pointed at.
    Ok(numpy.call_method1("array", (array,))?.cast_into::<PyUntypedArray>()?)
}

fn wrong_dtype(array: &Bound<'_, PyUntypedArray>, what: &str) -> PyErr {
    let dtype = array.dtype();
    let name = dtype.to_string();
    let hint = match dtype.kind() {
        b'f' if name.starts_with(['>', '<']) => {
            "its byte order is foreign: use x.astype(x.dtype.newbyteorder('='))".to_owned()
        }
        b'f' => "use x.astype(numpy.float32)".to_owned(),
        // Wider ones hold samples of fewer bits, and unsigned ones have silence in the middle.
        b'i' if dtype.itemsize() <= 4 => format!(
            "whole numbers have no full scale of their own: use x.astype(numpy.float32) / {}",
            1_u64 << (8 * dtype.itemsize() - 1)
        ),
        b'i' | b'u' => "scale its whole numbers to -1.0 to 1.0, silence to 0.0".to_owned(),
        b'c' => "audio is real: use x.real".to_owned(),
        _ => "use an array of real numbers".to_owned(),
    };
    PyTypeError::new_err(format!(
        "{what} has dtype {name}, allowed are float32 and float64: {hint}"
    ))
}

fn readonly<'py, T: Element>(
    array: &Bound<'py, PyArrayDyn<T>>,
    what: &str,
) -> PyResult<PyReadonlyArrayDyn<'py, T>> {
    array.try_readonly().map_err(|_| {
        PyValueError::new_err(format!("{what} is being written to by another call: pass a copy"))
    })
}

/// The array that a call writes to: the same dtype and shape as the input.
pub(crate) fn writable<'py, T: Element>(
    value: &Bound<'py, PyAny>,
    shape: &[usize],
) -> PyResult<PyReadwriteArrayDyn<'py, T>> {
    let wanted = T::get_dtype(value.py());
    let array = value.cast::<PyUntypedArray>().map_err(|_| {
        PyTypeError::new_err(format!("out is a {}, expected a NumPy array", value.get_type()))
    })?;
    let Ok(array) = array.cast::<PyArrayDyn<T>>() else {
        return Err(PyTypeError::new_err(format!(
            "out has dtype {}, the input has {wanted}: make it with numpy.empty_like(block)",
            array.dtype()
        )));
    };
    if array.shape() != shape {
        return Err(PyValueError::new_err(format!(
            "out has shape {:?}, the input has {shape:?}: make it with numpy.empty_like(block)",
            array.shape()
        )));
    }
    let even = array.strides().iter().all(|stride| stride.unsigned_abs() % size_of::<T>() == 0);
    if !array.is_aligned() || !even {
        return Err(PyValueError::new_err(
            "out is not aligned: make it with numpy.empty_like(block)",
        ));
    }
    if overlaps_itself(array.shape(), array.strides(), size_of::<T>()) {
        return Err(PyValueError::new_err(
            "out has several samples in one place: make it with numpy.empty_like(block)",
        ));
    }
    array.try_readwrite().map_err(|error| {
        PyValueError::new_err(match error {
            numpy::BorrowError::NotWriteable => {
                "out is read-only: pass an array that may be written to".to_owned()
            }
            other => format!("out is in use by another call ({other}): pass an array of your own"),
        })
    })
}

/// Whether some samples may share memory: each axis must step over all that the shorter ones span.
fn overlaps_itself(shape: &[usize], strides: &[isize], size: usize) -> bool {
    if shape.contains(&0) {
        return false;
    }
    let mut axes: Vec<(usize, usize)> = strides
        .iter()
        .zip(shape)
        .filter(|&(_, &length)| length > 1)
        .map(|(stride, &length)| (stride.unsigned_abs(), length))
        .collect();
    axes.sort_unstable();
    let mut spanned = size;
    axes.iter().any(|&(stride, length)| {
        let overlaps = stride < spanned;
        spanned = stride.saturating_mul(length);
        overlaps
    })
}

/// An array as `(channels, frames)`, checked against a layout.
pub(crate) fn planar<'a, S>(
    array: ArrayViewD<'a, S>,
    layout: Layout,
    frames_first: bool,
    what: &str,
) -> PyResult<ArrayView2<'a, S>> {
    let shape = array.shape().to_vec();
    let array = if array.ndim() == 1 { array.insert_axis(Axis(0)) } else { array };
    // Ranks other than 1 and 2 were refused when the argument was read.
    let mut array = array
        .into_dimensionality::<Ix2>()
        .map_err(|_| PyValueError::new_err(format!("{what} is not 1-D or 2-D")))?;
    if frames_first && shape.len() == 2 {
        array.swap_axes(0, 1);
    }
    let (given, expected) = (array.nrows(), layout.channel_count());
    if given == expected {
        return Ok(array);
    }
    let turned = shape.len() == 2 && array.ncols() == expected;
    let hint = match (turned, frames_first) {
        (true, false) => "it looks transposed: pass frames_first=True, or its transpose x.T",
        (true, true) => "it looks transposed: leave frames_first=True out",
        (false, false) => "arrays are (channels, frames)",
        (false, true) => "with frames_first=True arrays are (frames, channels)",
    };
    Err(PyValueError::new_err(format!(
        "{what} has {given} channel(s) (shape {shape:?}), layout {} has {expected}: {hint}",
        layout.name()
    )))
}

/// A view as blocks of the core: rows where they lie, or gathered piece by piece.
pub(crate) struct Planar<'a, S> {
    view: ArrayView2<'a, S>,
    rows: Option<Vec<&'a [S]>>,
    scratch: Vec<Vec<S>>,
}

impl<'a, S: Sample> Planar<'a, S> {
    pub(crate) fn new(view: ArrayView2<'a, S>) -> Self {
        let rows = (0..view.nrows()).map(|row| view.index_axis_move(Axis(0), row).to_slice());
        let rows: Option<Vec<&[S]>> = rows.collect();
        let pieces = if rows.is_some() { 0 } else { CHUNK_FRAMES.min(view.ncols()) };
        let scratch = vec![vec![S::zero(); pieces]; view.nrows()];
        Self { view, rows, scratch }
    }

    pub(crate) fn frames(&self) -> usize {
        self.view.ncols()
    }

    /// The frames `start..end`, at most [`CHUNK_FRAMES`] of them.
    pub(crate) fn range(&mut self, start: usize, end: usize) -> Result<Block<'_, S>, Error> {
        if let Some(rows) = &self.rows {
            return Ok(Block::new(rows)?.range(start, end));
        }
        for (row, scratch) in self.view.outer_iter().zip(&mut self.scratch) {
            let part = row.iter().skip(start).take(end - start);
            for (to, from) in scratch.iter_mut().zip(part) {
                *to = *from;
            }
        }
        Ok(Block::new(&self.scratch)?.range(0, end - start))
    }

    /// Hands over everything, piece by piece.
    pub(crate) fn each(
        &mut self,
        mut push: impl FnMut(Block<'_, S>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for start in (0..self.frames()).step_by(CHUNK_FRAMES) {
            let end = (start + CHUNK_FRAMES).min(self.frames());
            push(self.range(start, end)?)?;
        }
        Ok(())
    }
}
