//! Every processor there is, once. `promises.rs` and `realtime.rs` run over this list, and a test
//! reads the sources to see that nothing is missing.

/// What the list's constructors need.
pub mod prelude {
    pub use mixcore::Layout;
    pub use mixcore::dynamics::{
        BandDuckerSetup, Ducker, DuckerParams, DuckerSetup, Limiter, LimiterParams, LimiterSetup,
        LowMidCut, LowMidCutParams, MaskingDucker, MaskingDuckerParams,
    };
    pub use mixcore::filters::design::{Method, Shape, second_order};
    pub use mixcore::filters::{
        Cascade, Convolver, ConvolverLatency, ConvolverParams, ConvolverSetup, Crossover,
        CrossoverParams, CrossoverSetup, Delay, Eq, EqBand, EqParams, EqSetup, Fir, FirSetup,
        FractionalDelay, FractionalDelayParams, FractionalDelaySetup, Svf, SvfParams, SvfSetup,
    };
    pub use mixcore::level::{
        AutomatedGain, DcBlocker, DcBlockerParams, Dither, DitherKind, DitherSetup, Fader,
        FaderParams, FaderSetup,
    };
    pub use mixcore::loudness::{Meter, MeterSetup};
    pub use mixcore::spatial::{FoldDown, Panner, PannerParams};

    use mixcore::Error;
    use mixcore::audio::{Block, Sample};
    use mixcore::level::{AutomationLane, Breakpoint, SegmentShape};
    use mixcore::stream::Stream;

    /// Memory for an object that has none of its own; a test's leak ends with the test.
    #[cfg(not(feature = "alloc"))]
    fn lend<T: Clone>(len: usize, value: T) -> &'static mut [T] {
        Box::leak(vec![value; len].into_boxed_slice())
    }

    /// A convolver with a room of 5000 frames, which takes both of its layers, in its own memory or,
    /// without `alloc`, in lent memory.
    pub fn convolver<S: Sample>(stream: Stream) -> Result<Convolver<'static, S>, Error> {
        let mut noise = crate::signals::Noise::new(123);
        let room: Vec<S> = (0..5000)
            .map(|k| match k {
                0 => S::one(),
                _ => S::from_f64(noise.next_f64() * 0.25 / (1.0 + f64::from(k) / 100.0)),
            })
            .collect();
        let room = Block::mono(&room);
        let latency = ConvolverLatency::Partition;
        let setup = ConvolverSetup { partition_frames: 64, latency };
        let params = ConvolverParams { mix_percent: 90.0 };
        #[cfg(feature = "alloc")]
        return Convolver::new(setup, params, room, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = Convolver::<S>::required_len(&setup, 5000, 1, &stream)?;
            let (samples, control) = (lend(need.samples, S::one()), lend(need.control, 1.0));
            Convolver::new_in(setup, params, room, stream, samples, control)
        }
    }

    /// A crossover of three bands, in its own memory or, without `alloc`, in lent memory.
    pub fn crossover(stream: Stream) -> Result<Crossover<'static>, Error> {
        let (setup, params) = (CrossoverSetup::default(), CrossoverParams::default());
        #[cfg(feature = "alloc")]
        return Crossover::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let len = Crossover::required_len(&setup, &stream)?;
            Crossover::new_in(setup, params, stream, lend(len, 1.0))
        }
    }

    /// A ride with a segment of every shape, in its own memory or, without `alloc`, in lent memory.
    pub fn ride() -> Result<AutomationLane<'static>, Error> {
        let points = [
            Breakpoint::new(100, 0.0, SegmentShape::Linear),
            Breakpoint::new(1001, -12.0, SegmentShape::DbLinear),
            Breakpoint::new(2500, 3.0, SegmentShape::Step),
            Breakpoint::new(3000, -6.0, SegmentShape::Smooth),
            Breakpoint::new(5555, -144.0, SegmentShape::DbLinear),
            Breakpoint::new(5900, -1.0, SegmentShape::Step),
        ];
        #[cfg(feature = "alloc")]
        return AutomationLane::new(&points);
        #[cfg(not(feature = "alloc"))]
        return AutomationLane::new_in(&points, lend(points.len(), Breakpoint::default()));
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

    /// A symmetric filter of 33 taps, longer than a vector and than a block of the smallest tests, in
    /// its own memory or, without `alloc`, in lent memory.
    pub fn fir<S: Sample>(stream: Stream) -> Result<Fir<'static, S>, Error> {
        let taps: [f64; 33] = core::array::from_fn(|k| {
            let away = k.abs_diff(16) as f64;
            (1.0 - away / 17.0) * if k % 2 == 0 { 1.0 / 17.0 } else { -0.3 / 17.0 }
        });
        let setup = FirSetup::all(&taps);
        #[cfg(feature = "alloc")]
        return Fir::new(setup, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let len = Fir::<S>::required_len(&setup, &stream)?;
            Fir::new_in(setup, stream, lend(len, S::one()))
        }
    }

    /// A fractional delay of up to a second, in its own memory or, without `alloc`, in lent memory.
    pub fn fractional_delay<S: Sample>(
        delay_ms: f64,
        stream: Stream,
    ) -> Result<FractionalDelay<'static, S>, Error> {
        let setup = FractionalDelaySetup { max_slew: 0.3, ..FractionalDelaySetup::default() };
        let params = FractionalDelayParams { delay_ms };
        #[cfg(feature = "alloc")]
        return FractionalDelay::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let len = FractionalDelay::<S>::required_len(&setup, &stream)?;
            FractionalDelay::new_in(setup, params, stream, lend(len, S::one()))
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

    /// A ducker with its shortest look-ahead, in its own memory or, without `alloc`, in lent memory.
    pub fn ducker<S: Sample>(stream: Stream) -> Result<Ducker<'static, S>, Error> {
        let setup = DuckerSetup { lookahead_ms: 250.0, ..DuckerSetup::default() };
        let params = DuckerParams::default();
        #[cfg(feature = "alloc")]
        return Ducker::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = Ducker::<S>::required_len(setup, stream)?;
            let (samples, numbers) = (lend(need.samples, S::one()), lend(need.numbers, 1.0));
            Ducker::new_in(setup, params, stream, samples, numbers)
        }
    }

    /// A masking-aware ducker, in its own memory or, without `alloc`, in lent memory.
    pub fn masking_ducker<S: Sample>(stream: Stream) -> Result<MaskingDucker<'static, S>, Error> {
        let setup = BandDuckerSetup { lookahead_ms: 250.0, ..BandDuckerSetup::default() };
        let params = MaskingDuckerParams::default();
        #[cfg(feature = "alloc")]
        return MaskingDucker::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = MaskingDucker::<S>::required_len(setup, stream)?;
            let (samples, numbers) = (lend(need.samples, S::one()), lend(need.numbers, 1.0));
            MaskingDucker::new_in(setup, params, stream, samples, numbers)
        }
    }

    /// A cut of a voice's low-mids, in its own memory or, without `alloc`, in lent memory.
    pub fn low_mid_cut<S: Sample>(stream: Stream) -> Result<LowMidCut<'static, S>, Error> {
        let setup = BandDuckerSetup { lookahead_ms: 250.0, ..BandDuckerSetup::default() };
        let params = LowMidCutParams::default();
        #[cfg(feature = "alloc")]
        return LowMidCut::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = LowMidCut::<S>::required_len(setup, stream)?;
            let (samples, numbers) = (lend(need.samples, S::one()), lend(need.numbers, 1.0));
            LowMidCut::new_in(setup, params, stream, samples, numbers)
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
        $run! { automated_gain, AutomatedGain, memory: false, |stream: Stream| {
            Ok(Unit::Process(Box::new(AutomatedGain::new(ride()?, stream)?)))
        } }
        $run! { cascade, Cascade, memory: true, |stream: Stream| {
            let section = second_order(Method::Matched, Shape::Bell, 3000.0, 1.0, 2.0, stream.rate_hz)?;
            Ok(Unit::Process(Box::new(Cascade::new(&[section; 3], stream)?)))
        } }
        $run! { eq, Eq, memory: true, |stream: Stream| {
            let params = EqParams::new(&[
                EqBand::new(Shape::Bell, 2000.0, -2.0, 0.7),
                EqBand::default(),
                EqBand::new(Shape::HighShelf, 4000.0, 3.0, 0.7),
            ]);
            let setup = EqSetup { bands: 3, ..EqSetup::default() };
            Ok(Unit::Process(Box::new(Eq::new(setup, params, stream)?)))
        } }
        $run! { fader, Fader, memory: false, |stream: Stream| {
            let setup = FaderSetup::default().with_inverted(1)?;
            let fader = Fader::new(setup, FaderParams { gain_db: -3.0 }, stream)?;
            Ok(Unit::Process(Box::new(fader)))
        } }
        $run! { convolver, Convolver, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(convolver::<S>(stream)?)))
        } }
        $run! { crossover, Crossover, memory: true, |stream: Stream| {
            Ok(Unit::Convert(Box::new(crossover(stream)?)))
        } }
        $run! { dc_blocker, DcBlocker, memory: true, |stream: Stream| {
            let params = DcBlockerParams { cutoff_hz: 20.0 };
            Ok(Unit::Process(Box::new(DcBlocker::new(params, stream)?)))
        } }
        $run! { delay, Delay, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(delay::<S>(123, stream)?)))
        } }
        $run! { fir, Fir, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(fir::<S>(stream)?)))
        } }
        $run! { dither, Dither, memory: true, |stream: Stream| {
            let setup = DitherSetup { seed: 5, auto_blank: true, ..DitherSetup::default() };
            Ok(Unit::Process(Box::new(Dither::new(setup, stream)?)))
        } }
        $run! { dither_shaped, Dither, memory: true, |stream: Stream| {
            // Shaped where there is a curve for it.
            let kind = if stream.rate_hz > 40e3 { DitherKind::Wannamaker9 } else { DitherKind::Tpdf };
            let setup = DitherSetup { kind, seed: 6, auto_blank: true, ..DitherSetup::default() };
            Ok(Unit::Process(Box::new(Dither::new(setup, stream)?)))
        } }
        // Without a key nobody speaks; what it does with one is in `ducker.rs`.
        $run! { ducker, Ducker, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(ducker::<S>(stream)?)))
        } }
        $run! { masking_ducker, MaskingDucker, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(masking_ducker::<S>(stream)?)))
        } }
        $run! { low_mid_cut, LowMidCut, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(low_mid_cut::<S>(stream)?)))
        } }
        $run! { fractional_delay, FractionalDelay, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(fractional_delay::<S>(0.005, stream)?)))
        } }
        $run! { limiter, Limiter, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(limiter::<S>(stream)?)))
        } }
        $run! { svf, Svf, memory: true, |stream: Stream| {
            let params = SvfParams { hz: 3000.0, q: 0.7, gain_db: 3.0 };
            Ok(Unit::Process(Box::new(Svf::new(SvfSetup { shape: Shape::Bell }, params, stream)?)))
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
