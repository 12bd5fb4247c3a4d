//! Every processor there is, once. `promises.rs` and `realtime.rs` run over this list, and a test
//! reads the sources to see that nothing is missing.

#[path = "roster_dialogue.rs"]
pub mod dialogue;
#[path = "roster_fold.rs"]
pub mod fold;
#[path = "roster_spatial.rs"]
pub mod spatial;

/// What the list's constructors need.
pub mod prelude {
    pub use super::dialogue::prelude::*;
    pub use super::fold::prelude::*;
    pub use super::spatial::prelude::*;
    pub use mixcore::Layout;
    pub use mixcore::dynamics::{
        Compressor, CompressorParams, CompressorSetup, DeEsser, DeEsserMode, DeEsserParams,
        DeEsserSetup, Detector, DynamicEq, DynamicEqBand, DynamicEqParams, DynamicEqSetup, Gate,
        GateParams, GateSetup, Limiter, LimiterParams, LimiterSetup, LinkGroups, MakeUp,
        MovingShape, Multiband, MultibandLimiter, MultibandLimiterParams, MultibandLimiterSetup,
        MultibandParams, MultibandSetup, Release, Smoothing, SoftClipper, SoftClipperParams,
        SoftClipperSetup, TransientShaper, TransientShaperParams, TransientShaperSetup, Trigger,
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

    use mixcore::Error;
    use mixcore::audio::{Block, Sample};
    use mixcore::level::{AutomationLane, Breakpoint, SegmentShape};
    use mixcore::stream::Stream;

    /// Memory for an object that has none of its own; a test's leak ends with the test.
    #[cfg(not(feature = "alloc"))]
    pub fn lend<T: Clone>(len: usize, value: T) -> &'static mut [T] {
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

    /// A multiband compressor with default parameters, in its own memory or, without `alloc`, in
    /// lent memory.
    pub fn multiband<S: Sample>(
        setup: MultibandSetup,
        stream: Stream,
    ) -> Result<Multiband<'static, S>, Error> {
        let params = MultibandParams::default();
        #[cfg(feature = "alloc")]
        return Multiband::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            use mixcore::dynamics::{MultibandMemory, MultibandSlot};
            let need = Multiband::<S>::required_len(setup, stream)?;
            let bands: Vec<_> = (0..need.bands).map(|_| MultibandSlot::default()).collect();
            let memory = MultibandMemory {
                samples: lend(need.samples, S::one()),
                squares: lend(need.squares, 1.0),
                crossovers: lend(need.crossovers, 1.0),
                bands: Box::leak(bands.into_boxed_slice()),
            };
            Multiband::new_in(setup, params, stream, memory)
        }
    }

    /// A multiband limiter with default parameters, in its own memory or, without `alloc`, in lent
    /// memory.
    pub fn multiband_limiter<S: Sample>(
        stream: Stream,
    ) -> Result<MultibandLimiter<'static, S>, Error> {
        // Two bands and the output: three limiters are enough to wait for.
        let mut setup = MultibandLimiterSetup::default();
        setup.crossover.bands = 2;
        let params = MultibandLimiterParams::default();
        #[cfg(feature = "alloc")]
        return MultibandLimiter::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            use mixcore::dynamics::{MultibandLimiterMemory, MultibandLimiterSlot};
            let need = MultibandLimiter::<S>::required_len(setup, stream)?;
            let bands: Vec<_> = (0..need.bands).map(|_| MultibandLimiterSlot::default()).collect();
            let memory = MultibandLimiterMemory {
                samples: lend(need.samples, S::one()),
                control: lend(need.control, 1.0),
                crossover: lend(need.crossover, 1.0),
                bands: Box::leak(bands.into_boxed_slice()),
            };
            MultibandLimiter::new_in(setup, params, stream, memory)
        }
    }

    /// A de-esser, in its own memory or, without `alloc`, in lent memory.
    pub fn deesser<S: Sample>(
        mode: DeEsserMode,
        stream: Stream,
    ) -> Result<DeEsser<'static, S>, Error> {
        let setup = DeEsserSetup { mode, ..DeEsserSetup::default() };
        // Far from Nyquist or near it: there the all-pass of the split begins with its largest tap.
        let hz = if stream.rate_hz > 40e3 { 1500.0 } else { 5000.0 };
        let params = DeEsserParams { hz, ..DeEsserParams::default() };
        #[cfg(feature = "alloc")]
        return DeEsser::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = DeEsser::<S>::required_len(setup, stream)?;
            let (samples, values) = (lend(need.samples, S::one()), lend(need.values, 1.0));
            DeEsser::new_in(setup, params, stream, samples, values)
        }
    }

    /// A dynamic equaliser of three bands of different kinds, in its own memory or, without `alloc`,
    /// in lent memory.
    pub fn dynamic_eq<S: Sample>(
        detector: Detector,
        stream: Stream,
    ) -> Result<DynamicEq<'static, S>, Error> {
        let mut setup = DynamicEqSetup { bands: 3, detector, ..DynamicEqSetup::default() };
        setup.lookahead_ms = 1.0;
        setup.band[0].shape = MovingShape::LowShelf;
        setup.band[2].shape = MovingShape::HighShelf;
        setup.band[2].trigger = Trigger::Below;
        let band = |hz, range_db| DynamicEqBand { hz, range_db, ..DynamicEqBand::default() };
        let params = DynamicEqParams::new(&[band(200.0, -6.0), band(900.0, 4.0), band(3e3, 3.0)]);
        #[cfg(feature = "alloc")]
        return DynamicEq::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = DynamicEq::<S>::required_len(setup, stream)?;
            let (samples, squares) = (lend(need.samples, S::one()), lend(need.squares, 1.0));
            DynamicEq::new_in(setup, params, stream, samples, squares)
        }
    }

    /// A transient shaper, in its own memory or, without `alloc`, in lent memory.
    pub fn transient_shaper<S: Sample>(
        stream: Stream,
    ) -> Result<TransientShaper<'static, S>, Error> {
        let setup = TransientShaperSetup { lookahead_ms: 1.0, ..TransientShaperSetup::default() };
        let params = TransientShaperParams {
            attack_percent: 40.0,
            sustain_percent: -30.0,
            ..TransientShaperParams::default()
        };
        #[cfg(feature = "alloc")]
        return TransientShaper::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = TransientShaper::<S>::required_len(setup, stream)?;
            TransientShaper::new_in(setup, params, stream, lend(need.samples, S::one()))
        }
    }

    /// A soft clipper, in its own memory or, without `alloc`, in lent memory.
    pub fn soft_clipper<S: Sample>(
        setup: SoftClipperSetup,
        stream: Stream,
    ) -> Result<SoftClipper<'static, S>, Error> {
        let params = SoftClipperParams { drive_db: 3.0, ..SoftClipperParams::default() };
        #[cfg(feature = "alloc")]
        return SoftClipper::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = SoftClipper::<S>::required_len(setup, stream)?;
            let (samples, control) = (lend(need.samples, S::one()), lend(need.control, 1.0));
            SoftClipper::new_in(setup, params, stream, samples, control)
        }
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
        $run! { multiband, Multiband, memory: true, |stream: Stream| {
            let setup = MultibandSetup { lookahead_ms: 1.0, ..MultibandSetup::default() };
            Ok(Unit::Process(Box::new(multiband::<S>(setup, stream)?)))
        } }
        $run! { multiband_limiter, MultibandLimiter, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(multiband_limiter::<S>(stream)?)))
        } }
        $run! { deesser_split, DeEsser, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(deesser::<S>(DeEsserMode::Split, stream)?)))
        } }
        $run! { deesser_bell, DeEsser, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(deesser::<S>(DeEsserMode::Bell, stream)?)))
        } }
        $run! { dynamic_eq, DynamicEq, memory: true, |stream: Stream| {
            let detector = Detector::Rms { window_ms: 10.0 };
            Ok(Unit::Process(Box::new(dynamic_eq::<S>(detector, stream)?)))
        } }
        $run! { dynamic_eq_peak, DynamicEq, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(dynamic_eq::<S>(Detector::Peak, stream)?)))
        } }
        $run! { transient_shaper, TransientShaper, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(transient_shaper::<S>(stream)?)))
        } }
        $run! { soft_clipper, SoftClipper, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(soft_clipper::<S>(SoftClipperSetup::default(), stream)?)))
        } }
        // The plain form: no oversampling, no guard.
        $run! { soft_clipper_bare, SoftClipper, memory: true, |stream: Stream| {
            let setup = SoftClipperSetup { oversampling: 1, guard: false, ..SoftClipperSetup::default() };
            Ok(Unit::Process(Box::new(soft_clipper::<S>(setup, stream)?)))
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
        $crate::roster::spatial::each_spatial!($run);
        $crate::roster::dialogue::each_dialogue!($run);
        $crate::roster::fold::each_fold!($run);
    };
}
pub(crate) use each_processor;
