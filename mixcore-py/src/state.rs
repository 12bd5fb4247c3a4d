//! The state of a Python object: one thread at a time, one sample type at a time.

use std::sync::{Mutex, MutexGuard, TryLockError};

use mixcore::{Error, Stream};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use crate::errors::value_error;

/// State that one call at a time may use: a second thread gets an error, never a wait or a race.
pub(crate) struct Guard<T>(Mutex<T>);

impl<T> Guard<T> {
    pub(crate) fn new(state: T) -> Self {
        Self(Mutex::new(state))
    }

    /// The state, or a RuntimeError that says how to share the work.
    pub(crate) fn enter(&self, what: &str) -> PyResult<MutexGuard<'_, T>> {
        self.0.try_lock().map_err(|error| {
            PyRuntimeError::new_err(match error {
                TryLockError::WouldBlock => format!(
                    "this {what} is in use by another thread: give every thread a {what} of its own"
                ),
                TryLockError::Poisoned(_) => {
                    format!("this {what} failed inside an earlier call: make a new one")
                }
            })
        })
    }
}

/// An object of the core for float32 or for float64: the first block decides.
pub(crate) struct Typed<A, B> {
    either: Either<A, B>,
    fed: bool,
}

pub(crate) enum Either<A, B> {
    F32(A),
    F64(B),
}

impl<A, B> Typed<A, B> {
    /// Not fed yet; `f32` stands ready.
    pub(crate) fn new(f32: A) -> Self {
        Self { either: Either::F32(f32), fed: false }
    }

    /// The object for float32, made anew if it was for float64 and has not been fed.
    pub(crate) fn f32(&mut self, make: impl FnOnce() -> Result<A, Error>) -> PyResult<&mut A> {
        if let Either::F64(_) = self.either {
            self.free("float64", "float32")?;
            self.either = Either::F32(make().map_err(value_error)?);
        }
        match &mut self.either {
            Either::F32(object) => Ok(object),
            Either::F64(_) => Err(mixed("float64", "float32")),
        }
    }

    /// The object for float64, made anew if it was for float32 and has not been fed.
    pub(crate) fn f64(&mut self, make: impl FnOnce() -> Result<B, Error>) -> PyResult<&mut B> {
        if let Either::F32(_) = self.either {
            self.free("float32", "float64")?;
            self.either = Either::F64(make().map_err(value_error)?);
        }
        match &mut self.either {
            Either::F64(object) => Ok(object),
            Either::F32(_) => Err(mixed("float32", "float64")),
        }
    }

    fn free(&self, first: &str, now: &str) -> PyResult<()> {
        if self.fed { Err(mixed(first, now)) } else { Ok(()) }
    }

    /// The object as it is.
    pub(crate) fn either(&mut self) -> &mut Either<A, B> {
        &mut self.either
    }

    /// The object itself.
    pub(crate) fn into_either(self) -> Either<A, B> {
        self.either
    }

    /// A block has gone in: its sample type stays until [`forget`](Self::forget).
    pub(crate) fn keep(&mut self) {
        self.fed = true;
    }

    /// The next block decides again.
    pub(crate) fn forget(&mut self) {
        self.fed = false;
    }
}

fn mixed(first: &str, now: &str) -> PyErr {
    PyTypeError::new_err(format!(
        "this object was fed {first} and now gets {now}: use one dtype, or reset() it first"
    ))
}

/// Runs one expression for either sample type: `$object` of the core, `$array` of NumPy.
macro_rules! for_samples {
    ($samples:expr, $typed:expr, $make:expr, |$object:ident, $array:ident| $body:expr) => {
        match $samples {
            $crate::arrays::Samples::F32($array) => {
                let $object = $typed.f32(|| $make)?;
                $body
            }
            $crate::arrays::Samples::F64($array) => {
                let $object = $typed.f64(|| $make)?;
                $body
            }
        }
    };
}
pub(crate) use for_samples;

/// Runs one expression on an object of either sample type.
macro_rules! for_either {
    ($typed:expr, |$object:ident| $body:expr) => {
        match $typed.either() {
            $crate::state::Either::F32($object) => $body,
            $crate::state::Either::F64($object) => $body,
        }
    };
}
pub(crate) use for_either;

/// What pickle keeps of an object: how to make a fresh one with the same settings.
pub(crate) type Reduced<'py> = (Bound<'py, PyAny>, ());

/// A call `class(rate_hz, layout, **keywords)` for pickle and copy.
pub(crate) fn remake<'py>(
    class: &Bound<'py, PyType>,
    stream: Stream,
    keywords: Bound<'py, PyDict>,
) -> PyResult<Reduced<'py>> {
    let arguments = (class, stream.rate_hz, stream.layout.name());
    let call =
        class.py().import("functools")?.getattr("partial")?.call(arguments, Some(&keywords))?;
    Ok((call, ()))
}
