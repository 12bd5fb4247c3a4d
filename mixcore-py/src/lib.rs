//! The native half of the Python package `mixcore`: arrays in, the core's objects out.
//!
//! The package in `python/mixcore` gives it its public face. Every call that does work releases
//! the GIL; every stateful object is guarded, so that two threads on one object get an error.
#![forbid(unsafe_code)]

mod arrays;
mod errors;
mod limiter;
mod measure;
mod measurement;
mod meter;
mod report;
mod spatial;
mod spec;
mod state;

use pyo3::prelude::*;

/// The native half of the Python package `mixcore`.
#[pymodule]
mod _core {
    #[pymodule_export]
    use crate::arrays::{as_audio, check_audio};
    #[pymodule_export]
    use crate::limiter::Limiter;
    #[pymodule_export]
    use crate::measure::Measurer;
    #[pymodule_export]
    use crate::measurement::{Measurement, quantities};
    #[pymodule_export]
    use crate::meter::Meter;
    #[pymodule_export]
    use crate::report::{Finding, Report, verify};
    #[pymodule_export]
    use crate::spatial::{downmix_citation, downmix_matrix, layout_name, layouts, wave_order};
    #[pymodule_export]
    use crate::spec::{Spec, spec, specs};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
