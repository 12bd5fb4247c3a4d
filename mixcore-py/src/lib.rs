//! Python bindings of mixcore: not written yet, the workspace member holds their place.

pub use mixcore as core;
