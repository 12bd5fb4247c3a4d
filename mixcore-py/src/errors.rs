//! What Python sees of an error: a ValueError with the core's text, which names what was given,
//! what is allowed, and the way out.

use pyo3::PyErr;
use pyo3::exceptions::PyValueError;

/// An error or a list of problems of the core.
pub(crate) fn value_error(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}
