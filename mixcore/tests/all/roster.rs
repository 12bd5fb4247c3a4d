//! Every processor there is, once. `promises.rs` and `realtime.rs` run over this list, and a test
//! reads the sources to see that nothing is missing.

/// What the list's constructors need.
pub mod prelude {
    pub use mixcore::Layout;
    pub use mixcore::dynamics::{Limiter, LimiterParams, LimiterSetup};
    pub use mixcore::filters::Delay;
    pub use mixcore::level::{Fader, FaderParams, FaderSetup};
    pub use mixcore::spatial::{FoldDown, Panner, PannerParams};
}

/// Calls `$run! { name, Type, memory: bool, |stream| Result<Unit<S>, Error> }` for each processor.
/// Inside the closure `S` is the sample type under test.
macro_rules! each_processor {
    ($run:ident) => {
        $run! { fader, Fader, memory: false, |stream: Stream| {
            let setup = FaderSetup::default().with_inverted(1)?;
            let fader = Fader::new(setup, FaderParams { gain_db: -3.0 }, stream)?;
            Ok(Unit::Process(Box::new(fader)))
        } }
        $run! { delay, Delay, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(Delay::<S>::new(123, stream)?)))
        } }
        $run! { limiter, Limiter, memory: true, |stream: Stream| {
            let limiter =
                Limiter::<S>::new(LimiterSetup::default(), LimiterParams::default(), stream)?;
            Ok(Unit::Process(Box::new(limiter)))
        } }
        $run! { panner, Panner, memory: false, |stream: Stream| {
            let panner = Panner::new(PannerParams { azimuth_deg: 20.0 }, stream)?;
            Ok(Unit::Convert(Box::new(panner)))
        } }
        $run! { fold_down, FoldDown, memory: false, |stream: Stream| {
            Ok(Unit::Convert(Box::new(FoldDown::new(Layout::MONO, stream)?)))
        } }
    };
}
pub(crate) use each_processor;
