//! Every processor there is, once. `promises.rs` and `realtime.rs` run over this list, and a test
//! reads the sources to see that nothing is missing.

/// What the list's constructors need.
pub mod prelude {
    pub use mixcore::Layout;
    pub use mixcore::dynamics::{
        Compressor, CompressorParams, CompressorSetup, Detector, Gate, GateParams, GateSetup,
        Limiter, LimiterParams, LimiterSetup, LinkGroups, MakeUp, Release, Smoothing,
    };
    pub use mixcore::filters::Delay;
    pub use mixcore::level::{Fader, FaderParams, FaderSetup};
    pub use mixcore::loudness::{Meter, MeterSetup};
    pub use mixcore::spatial::{FoldDown, Panner, PannerParams};

    use mixcore::Error;
    use mixcore::audio::Sample;
    use mixcore::stream::Stream;

    /// Memory for an object that has none of its own; a test's leak ends with the test.
    #[cfg(not(feature = "alloc"))]
    fn lend<T: Clone>(len: usize, value: T) -> &'static mut [T] {
        Box::leak(vec![value; len].into_boxed_slice())
    }

    /// A compressor with default parameters, in its own memory or, without `alloc`, in lent memory.
    pub fn compressor<S: Sample>(
        setup: CompressorSetup,
        stream: Stream,
    ) -> Result<Compressor<'static, S>, Error> {
        let params = CompressorParams::default();
        #[cfg(feature = "alloc")]
        return Compressor::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = Compressor::<S>::required_len(setup, stream)?;
            let (samples, squares) = (lend(need.samples, S::one()), lend(need.squares, 1.0));
            Compressor::new_in(setup, params, stream, samples, squares)
        }
    }

    /// A gate with default parameters, in its own memory or, without `alloc`, in lent memory.
    pub fn gate<S: Sample>(setup: GateSetup, stream: Stream) -> Result<Gate<'static, S>, Error> {
        let params = GateParams::default();
        #[cfg(feature = "alloc")]
        return Gate::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = Gate::<S>::required_len(setup, stream)?;
            let (samples, squares) = (lend(need.samples, S::one()), lend(need.squares, 1.0));
            Gate::new_in(setup, params, stream, samples, squares)
        }
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
        $run! { compressor, Compressor, memory: true, |stream: Stream| {
            let setup = CompressorSetup { lookahead_ms: 2.0, ..CompressorSetup::default() };
            Ok(Unit::Process(Box::new(compressor::<S>(setup, stream)?)))
        } }
        // The other detector, followers and groups.
        $run! { compressor_rms, Compressor, memory: true, |stream: Stream| {
            let setup = CompressorSetup {
                lookahead_ms: 0.0,
                detector: Detector::Rms { window_ms: 10.0 },
                smoothing: Smoothing::Decoupled,
                release: Release::ProgramDependent,
                groups: LinkGroups::Areas,
                makeup: MakeUp::LoudnessMatched,
            };
            Ok(Unit::Process(Box::new(compressor::<S>(setup, stream)?)))
        } }
        $run! { compressor_k, Compressor, memory: true, |stream: Stream| {
            let detector = Detector::KWeighted { window_ms: 50.0 };
            let setup = CompressorSetup { detector, ..CompressorSetup::default() };
            Ok(Unit::Process(Box::new(compressor::<S>(setup, stream)?)))
        } }
        $run! { gate, Gate, memory: true, |stream: Stream| {
            let setup = GateSetup { lookahead_ms: 1.5, ..GateSetup::default() };
            Ok(Unit::Process(Box::new(gate::<S>(setup, stream)?)))
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
    };
}
pub(crate) use each_processor;
