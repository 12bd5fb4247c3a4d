//! The part of the roster that works on and around a voice: dialogue tools and duckers.

/// What its constructors need.
pub mod prelude {
    pub use mixcore::dynamics::{
        Automixer, AutomixerParams, AutomixerSetup, BandDuckerSetup, ClickTamer, ClickTamerParams,
        ClickTamerSetup, Ducker, DuckerParams, DuckerSetup, HumComb, HumCombParams, HumCombSetup,
        Leveller, LevellerParams, LevellerSetup, LowMidCut, LowMidCutParams, MaskingDucker,
        MaskingDuckerParams, PlosiveTamer, PlosiveTamerParams, PlosiveTamerSetup, Suppressor,
        SuppressorParams, SuppressorSetup,
    };

    use mixcore::Error;
    use mixcore::audio::Sample;
    use mixcore::stream::Stream;

    #[cfg(not(feature = "alloc"))]
    use crate::roster::prelude::lend;

    /// A leveller that rides within the programme's eighth of a second, in its own memory or, without
    /// `alloc`, in lent memory.
    pub fn leveller<S: Sample>(stream: Stream) -> Result<Leveller<'static, S>, Error> {
        let setup = LevellerSetup { lookahead_ms: 50.0, min_phrase_ms: 10.0 };
        let params = LevellerParams {
            up_db_per_s: 60.0,
            down_db_per_s: 60.0,
            strength_percent: 100.0,
            ..LevellerParams::default()
        };
        #[cfg(feature = "alloc")]
        return Leveller::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = Leveller::<S>::required_len(setup, stream)?;
            let (samples, numbers) = (lend(need.samples, S::one()), lend(need.numbers, 1.0));
            Leveller::new_in(setup, params, stream, samples, numbers)
        }
    }

    /// A click tamer that takes the tops of noise for clicks, in its own memory or, without `alloc`, in
    /// lent memory.
    pub fn click_tamer<S: Sample>(stream: Stream) -> Result<ClickTamer<'static, S>, Error> {
        let setup = ClickTamerSetup { max_click_ms: 0.5, corner_hz: 2000.0 };
        let params = ClickTamerParams { threshold_db: 1.0, ..ClickTamerParams::default() };
        #[cfg(feature = "alloc")]
        return ClickTamer::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = ClickTamer::<S>::required_len(setup, stream)?;
            ClickTamer::new_in(setup, params, stream, lend(need.samples, S::one()))
        }
    }

    /// A hum comb of wide notches, which soon settle, in its own memory or, without `alloc`, in lent
    /// memory.
    pub fn hum_comb(stream: Stream) -> Result<HumComb<'static>, Error> {
        let setup = HumCombSetup { mains_hz: 60.0, harmonics: 5 };
        let params = HumCombParams { width_hz: 10.0, ..HumCombParams::default() };
        #[cfg(feature = "alloc")]
        return HumComb::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = HumComb::required_len(setup, stream)?;
            HumComb::new_in(setup, params, stream, lend(need.numbers, 1.0))
        }
    }

    /// A plosive tamer that takes noise for puffs, in its own memory or, without `alloc`, in lent memory.
    pub fn plosive_tamer<S: Sample>(stream: Stream) -> Result<PlosiveTamer<'static, S>, Error> {
        let setup = PlosiveTamerSetup { lookahead_ms: 5.0 };
        let params =
            PlosiveTamerParams { hz: 400.0, threshold_db: 0.0, ..PlosiveTamerParams::default() };
        #[cfg(feature = "alloc")]
        return PlosiveTamer::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = PlosiveTamer::<S>::required_len(setup, stream)?;
            let (samples, numbers) = (lend(need.samples, S::one()), lend(need.numbers, 1.0));
            PlosiveTamer::new_in(setup, params, stream, samples, numbers)
        }
    }

    /// A suppressor that learns within the programme's eighth of a second, in its own memory or, without
    /// `alloc`, in lent memory.
    pub fn suppressor<S: Sample>(stream: Stream) -> Result<Suppressor<'static, S>, Error> {
        let setup = SuppressorSetup { learning_s: 0.1 };
        let params = SuppressorParams { threshold_db: 20.0, ..SuppressorParams::default() };
        #[cfg(feature = "alloc")]
        return Suppressor::new(setup, params, stream);
        #[cfg(not(feature = "alloc"))]
        {
            let need = Suppressor::<S>::required_len(setup, stream)?;
            let (samples, numbers) = (lend(need.samples, S::one()), lend(need.numbers, 1.0));
            Suppressor::new_in(setup, params, stream, samples, numbers)
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
            let phrases = lend(need.phrases, mixcore::dynamics::DuckedPhrase::default());
            Ducker::new_in(setup, params, stream, samples, numbers, phrases)
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

    /// A cut of a voice's low-mids whose key lies 30 dB lower than it comes, so that the voice hides it
    /// and has words to spare; in its own memory or, without `alloc`, in lent memory.
    pub fn low_mid_cut<S: Sample>(stream: Stream) -> Result<LowMidCut<'static, S>, Error> {
        let setup = BandDuckerSetup {
            lookahead_ms: 250.0,
            key_offset_db: -30.0,
            ..BandDuckerSetup::default()
        };
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
}

/// As `each_processor`, which calls it.
macro_rules! each_dialogue {
    ($run:ident) => {
        $run! { ducker, Ducker, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(ducker::<S>(stream)?)))
        } }
        $run! { masking_ducker, MaskingDucker, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(masking_ducker::<S>(stream)?)))
        } }
        $run! { low_mid_cut, LowMidCut, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(low_mid_cut::<S>(stream)?)))
        } }
        $run! { automixer, Automixer, memory: true, |stream: Stream| {
            let setup = AutomixerSetup::default().with_group(1, 1)?;
            Ok(Unit::Process(Box::new(Automixer::new(setup, AutomixerParams::default(), stream)?)))
        } }
        $run! { click_tamer, ClickTamer, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(click_tamer::<S>(stream)?)))
        } }
        $run! { hum_comb, HumComb, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(hum_comb(stream)?)))
        } }
        $run! { plosive_tamer, PlosiveTamer, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(plosive_tamer::<S>(stream)?)))
        } }
        $run! { suppressor, Suppressor, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(suppressor::<S>(stream)?)))
        } }
        $run! { leveller, Leveller, memory: true, |stream: Stream| {
            Ok(Unit::Process(Box::new(leveller::<S>(stream)?)))
        } }
    };
}
pub(crate) use each_dialogue;
