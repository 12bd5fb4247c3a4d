//! Every processor there is, once. `promises.rs` and `realtime.rs` run over this list, and a test
//! reads the sources to see that nothing is missing.

/// What the list's constructors need.
pub mod prelude {
    pub use mixcore::Layout;
    pub use mixcore::dynamics::{Limiter, LimiterParams, LimiterSetup};
    pub use mixcore::filters::Delay;
    pub use mixcore::level::{Fader, FaderParams, FaderSetup};
    pub use mixcore::loudness::{Meter, MeterSetup};
    pub use mixcore::spatial::{
        FoldDown, MidSide, MidSideDirection, Pair, Panner, PannerParams, Width, WidthKept,
        WidthParams, WidthSetup,
    };

    use mixcore::Error;
    use mixcore::audio::Sample;
    use mixcore::stream::Stream;

    /// Memory for an object that has none of its own; a test's leak ends with the test.
    #[cfg(not(feature = "alloc"))]
    fn lend<T: Clone>(len: usize, value: T) -> &'static mut [T] {
        Box::leak(vec![value; len].into_boxed_slice())
    }

    /// A delay of `frames`, in its own memory or, without `alloc`, in lent memory.
    pub fn delay<S: Sample>(frames: usize, stream: Stream) -> Result<Delay<'static, S>, Error> {
        #[cfg(feature = "alloc")]
        return Delay::new(frames, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let len = Delay::<S>::required_len(frames, &stream)?;
            Delay::new_in(frames, stream, lend(len, S::one()))
        }
    }

    /// A meter for up to ten seconds, in its own memory or, without `alloc`, in lent memory.
    pub fn meter<S: Sample>(stream: Stream) -> Result<Meter<'static, S>, Error> {
        let setup = MeterSetup { max_duration_s: 10.0, ..MeterSetup::default() };
        #[cfg(feature = "alloc")]
        return Meter::new(setup, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = Meter::<S>::required_len(&setup, &stream);
            Meter::new_in(setup, stream, lend(need.samples, S::one()), lend(need.history, 1.0))
        }
    }

    /// A limiter with default settings, in its own memory or, without `alloc`, in lent memory.
    pub fn limiter<S: Sample>(stream: Stream) -> Result<Limiter<'static, S>, Error> {
        let (setup, params) = (LimiterSetup::default(), LimiterParams::default());
        #[cfg(feature = "alloc")]
        return Limiter::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = Limiter::<S>::required_len(setup, stream)?;
            let (samples, control) = (lend(need.samples, S::one()), lend(need.control, 1.0));
            Limiter::new_in(setup, params, stream, samples, control)
        }
    }
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
            Ok(Unit::Process(Box::new(delay::<S>(123, stream)?)))
        } }
        $run! { limiter, Limiter, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(limiter::<S>(stream)?)))
        } }
        $run! { panner, Panner, memory: false, |stream: Stream| {
            let panner = Panner::new(PannerParams { azimuth_deg: 20.0 }, stream)?;
            Ok(Unit::Convert(Box::new(panner)))
        } }
        $run! { fold_down, FoldDown, memory: false, |stream: Stream| {
            Ok(Unit::Convert(Box::new(FoldDown::new(Layout::MONO, stream)?)))
        } }
        $run! { mid_side, MidSide, memory: false, |stream: Stream| {
            let mid_side = MidSide::new(MidSideDirection::Encode, Pair::default(), stream)?;
            Ok(Unit::Process(Box::new(mid_side)))
        } }
        $run! { width, Width, memory: false, |stream: Stream| {
            let setup = WidthSetup { kept: WidthKept::Power, ..WidthSetup::default() };
            let width = Width::new(setup, WidthParams { width: 1.5 }, stream)?;
            Ok(Unit::Process(Box::new(width)))
        } }
    };
}
pub(crate) use each_processor;
