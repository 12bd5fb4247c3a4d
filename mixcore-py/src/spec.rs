//! Specifications: the presets, and a user's own contract as JSON.

use std::sync::Arc;

use mixcore::delivery;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::errors::value_error;

/// A delivery specification: what a client asks for, with where it is written.
///
/// Made by :func:`mixcore.spec` from a preset, or by :meth:`from_json` from a contract of your own.
///
/// Examples
/// --------
/// >>> import mixcore
/// >>> mixcore.spec("ebu-r128").name
/// 'EBU R 128 programme'
#[pyclass(frozen, module = "mixcore")]
pub(crate) struct Spec(pub(crate) Arc<delivery::Spec>);

#[pymethods]
impl Spec {
    /// Read a specification from JSON text; every fault of the text is named at once.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> PyResult<Self> {
        delivery::Spec::from_json(text).map(|spec| Self(Arc::new(spec))).map_err(value_error)
    }

    /// The specification as JSON that :meth:`from_json` reads back.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    /// Name for programs, such as ``"ebu-r128"``.
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    /// Name for people.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// Who asks for it.
    #[getter]
    fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The document it comes from, with its version.
    #[getter]
    fn document(&self) -> String {
        format!("{} {}", self.0.document, self.0.version).trim().to_owned()
    }

    /// Kind of programme it is for.
    #[getter]
    fn scope(&self) -> &str {
        &self.0.scope
    }

    fn __repr__(&self) -> String {
        format!("<mixcore.Spec {:?}: {}>", self.0.id, self.0.name)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.0.id.hash(&mut hasher);
        hasher.finish()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((py.get_type::<Self>().getattr("from_json")?, (self.to_json(),)))
    }
}

/// Every specification preset.
///
/// Returns
/// -------
/// list of Spec
///
/// Examples
/// --------
/// >>> import mixcore
/// >>> "netflix-nearfield" in [spec.id for spec in mixcore.specs()]
/// True
#[pyfunction]
pub(crate) fn specs() -> Vec<Spec> {
    delivery::specs().into_iter().map(|spec| Spec(Arc::new(spec))).collect()
}

/// The specification preset of that id.
///
/// Parameters
/// ----------
/// id : str
///     One of the ids of :func:`mixcore.specs`.
///
/// Raises
/// ------
/// ValueError
///     An id that does not exist; the text lists those that do.
#[pyfunction]
#[pyo3(signature = (id, /))]
pub(crate) fn spec(id: &str) -> PyResult<Spec> {
    delivery::spec(id).map(|spec| Spec(Arc::new(spec))).map_err(value_error)
}
