//! Every processor there is, once. `promises.rs` and `realtime.rs` run over this list, and a test
//! reads the sources to see that nothing is missing.

/// Calls `$run! { name, Type, memory: bool, |stream| Result<Unit<S>, Error> }` for each processor.
/// Inside the closure `S` is the sample type under test.
macro_rules! each_processor {
    ($run:ident) => {};
}
pub(crate) use each_processor;
