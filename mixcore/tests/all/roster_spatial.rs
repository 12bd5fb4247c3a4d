//! The part of the roster that stands in the stereo field and places objects.

/// What its constructors need.
pub mod prelude {
    pub use mixcore::spatial::{
        Haas, HaasParams, HaasSetup, MidSide, MidSideDirection, MonoMaker, MonoMakerParams,
        MonoMakerSetup, ObjectGains, ObjectMixer, ObjectMixerSetup, Pair, PointSource, Width,
        WidthKept, WidthParams, WidthSetup,
    };

    use mixcore::Error;
    use mixcore::audio::Sample;
    use mixcore::stream::Stream;

    /// A mono-maker, in its own memory or, without `alloc`, in lent memory.
    pub fn mono_maker(
        setup: MonoMakerSetup,
        params: MonoMakerParams,
        stream: Stream,
    ) -> Result<MonoMaker<'static>, Error> {
        #[cfg(feature = "alloc")]
        return MonoMaker::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let memory = vec![1.0; MonoMaker::required_len(&stream)?];
            MonoMaker::new_in(setup, params, stream, Box::leak(memory.into_boxed_slice()))
        }
    }

    /// A mixer of objects, in its own memory or, without `alloc`, in lent memory.
    pub fn object_mixer<S: Sample>(
        setup: ObjectMixerSetup,
        stream: Stream,
    ) -> Result<ObjectMixer<'static, S>, Error> {
        #[cfg(feature = "alloc")]
        return ObjectMixer::new(setup, stream);
        #[cfg(not(feature = "alloc"))]
        {
            use mixcore::spatial::{ObjectMixerMemory, ObjectTrack};
            let need = ObjectMixer::<S>::required_len(setup, stream)?;
            let memory = ObjectMixerMemory {
                samples: Box::leak(vec![S::one(); need.samples].into_boxed_slice()),
                tracks: Box::leak(vec![ObjectTrack::default(); need.tracks].into_boxed_slice()),
            };
            ObjectMixer::new_in(setup, stream, memory)
        }
    }

    /// A Haas delay, in its own memory or, without `alloc`, in lent memory.
    pub fn haas<S: Sample>(
        setup: HaasSetup,
        params: HaasParams,
        stream: Stream,
    ) -> Result<Haas<'static, S>, Error> {
        #[cfg(feature = "alloc")]
        return Haas::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let memory = vec![S::one(); Haas::<S>::required_len(&stream)?];
            Haas::new_in(setup, params, stream, Box::leak(memory.into_boxed_slice()))
        }
    }
}

/// As `each_processor`, which calls it.
macro_rules! each_spatial {
    ($run:ident) => {
        $run! { mid_side, MidSide, memory: false, |stream: Stream| {
            let mid_side = MidSide::new(MidSideDirection::Encode, Pair::default(), stream)?;
            Ok(Unit::Process(Box::new(mid_side)))
        } }
        $run! { mono_maker, MonoMaker, memory: true, |stream: Stream| {
            let (setup, params) = (MonoMakerSetup::default(), MonoMakerParams::default());
            Ok(Unit::Process(Box::new(mono_maker(setup, params, stream)?)))
        } }
        $run! { haas, Haas, memory: true, |stream: Stream| {
            let params = HaasParams { delay_ms: 7.3, gain_db: -3.0 };
            Ok(Unit::Process(Box::new(haas::<S>(HaasSetup::default(), params, stream)?)))
        } }
        // Three standing objects, of which a tenth is diffuse; blocks are in `object_mixer.rs`.
        $run! { object_mixer, ObjectMixer, memory: true, |stream: Stream| {
            let setup = ObjectMixerSetup { objects: 3, diffuse: true };
            let mut mixer = object_mixer::<S>(setup, stream)?;
            let panner = PointSource::new(stream.layout)?;
            for (object, azimuth_deg) in [40.0, 0.0, -75.0].into_iter().enumerate() {
                let direct = panner.gains(azimuth_deg, 0.0)?;
                let diffuse = direct.scaled(0.1);
                mixer.set_standing(object, &ObjectGains { direct, diffuse })?;
            }
            Ok(Unit::Convert(Box::new(mixer)))
        } }
        $run! { width, Width, memory: false, |stream: Stream| {
            let setup = WidthSetup { kept: WidthKept::Power, ..WidthSetup::default() };
            let width = Width::new(setup, WidthParams { width: 1.5 }, stream)?;
            Ok(Unit::Process(Box::new(width)))
        } }
    };
}
pub(crate) use each_spatial;
