//! The part of the roster that stands in the spatial layer: panner, fold-downs, bass.

/// What its constructors need.
pub mod prelude {
    pub use mixcore::spatial::{
        BassManager, BassManagerParams, BassManagerSetup, FoldDown, LfeSend, LfeSendParams, LtRt,
        LtRtSetup, PanEngine, PanSource, Panner, PannerParams, PannerSetup,
    };

    use mixcore::Error;
    use mixcore::audio::Sample;
    use mixcore::stream::Stream;

    /// Memory for an object that has none of its own; a test's leak ends with the test.
    #[cfg(not(feature = "alloc"))]
    fn lend<T: Clone>(len: usize, value: T) -> &'static mut [T] {
        Box::leak(vec![value; len].into_boxed_slice())
    }

    /// A panner, in its own memory or, without `alloc`, in lent memory.
    pub fn panner(
        setup: PannerSetup,
        params: PannerParams,
        stream: Stream,
    ) -> Result<Panner<'static>, Error> {
        #[cfg(feature = "alloc")]
        return Panner::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let memory = lend(Panner::required_len(setup, &stream), 1.0);
            Panner::new_in(setup, params, stream, memory)
        }
    }

    /// A fold-down to Lt/Rt, in its own memory or, without `alloc`, in lent memory.
    pub fn lt_rt<S: Sample>(setup: LtRtSetup, stream: Stream) -> Result<LtRt<'static, S>, Error> {
        #[cfg(feature = "alloc")]
        return LtRt::new(setup, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = LtRt::<S>::required_len(&stream)?;
            let (samples, control) = (lend(need.samples, S::one()), lend(need.control, 1.0));
            LtRt::new_in(setup, stream, samples, control)
        }
    }

    /// An LFE send, in its own memory or, without `alloc`, in lent memory.
    pub fn lfe_send(params: LfeSendParams, stream: Stream) -> Result<LfeSend<'static>, Error> {
        #[cfg(feature = "alloc")]
        return LfeSend::new(params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let len = LfeSend::required_len(&stream)?;
            LfeSend::new_in(params, stream, lend(len, 1.0))
        }
    }

    /// A bass manager, in its own memory or, without `alloc`, in lent memory.
    pub fn bass_manager<S: Sample>(
        setup: BassManagerSetup,
        params: BassManagerParams,
        stream: Stream,
    ) -> Result<BassManager<'static, S>, Error> {
        #[cfg(feature = "alloc")]
        return BassManager::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = BassManager::<S>::required_len(&stream)?;
            let (samples, numbers) = (lend(need.samples, S::one()), lend(need.numbers, 1.0));
            BassManager::new_in(setup, params, stream, samples, numbers)
        }
    }
}

/// As `each_processor`, which calls it.
macro_rules! each_fold {
    ($run:ident) => {
        $run! { panner, Panner, memory: false, |stream: Stream| {
            let setup = PannerSetup { engine: PanEngine::Pairs, ..PannerSetup::default() };
            let params = PannerParams { azimuth_deg: 20.0, ..PannerParams::default() };
            Ok(Unit::Convert(Box::new(panner(setup, params, stream)?)))
        } }
        // A stereo source of some size, off centre and raised, with a send to the LFE.
        $run! { panner_polar, Panner, memory: false, |stream: Stream| {
            let setup = PannerSetup { source: PanSource::Stereo, ..PannerSetup::default() };
            let params = PannerParams {
                azimuth_deg: -20.0,
                elevation_deg: 10.0,
                width_deg: 25.0,
                rotation_deg: 15.0,
                gain_db: -2.0,
                lfe_send_db: -12.0,
                ..PannerParams::default()
            };
            Ok(Unit::Convert(Box::new(panner(setup, params, stream)?)))
        } }
        $run! { fold_down, FoldDown, memory: false, |stream: Stream| {
            Ok(Unit::Convert(Box::new(FoldDown::new(Layout::MONO, stream)?)))
        } }
        $run! { lt_rt, LtRt, memory: true, |stream: Stream| {
            Ok(Unit::Convert(Box::new(lt_rt::<S>(LtRtSetup::default(), stream)?)))
        } }
        $run! { lfe_send, LfeSend, memory: true, |stream: Stream| {
            Ok(Unit::Convert(Box::new(lfe_send(LfeSendParams::default(), stream)?)))
        } }
        $run! { bass_manager, BassManager, memory: true, |stream: Stream| {
            let setup = BassManagerSetup::default().with_full_range(1)?;
            let params = BassManagerParams::default();
            Ok(Unit::Convert(Box::new(bass_manager::<S>(setup, params, stream)?)))
        } }
    };
}
pub(crate) use each_fold;
