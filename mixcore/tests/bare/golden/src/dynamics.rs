//! Dynamics: settings as in `mixcore/tests/all/roster.rs`, written apart from it.

use mixcore::Error;
use mixcore::audio::Sample;
use mixcore::dynamics::{
    Compressor, CompressorParams, CompressorSetup, DeEsser, DeEsserMode, DeEsserParams,
    DeEsserSetup, Detector, DynamicEq, DynamicEqBand, DynamicEqParams, DynamicEqSetup, Gate,
    GateParams, GateSetup, Limiter, LimiterParams, LimiterSetup, LinkGroups, MakeUp, MovingShape,
    Multiband, MultibandLimiter, MultibandLimiterMemory, MultibandLimiterParams,
    MultibandLimiterSetup, MultibandLimiterSlot, MultibandMemory, MultibandParams, MultibandSetup,
    MultibandSlot, Release, Smoothing, SoftClipper, SoftClipperParams, SoftClipperSetup,
    TransientShaper, TransientShaperParams, TransientShaperSetup, Trigger,
};
use sha2::Sha256;

use crate::{Feed, alone, hashed, in_two_layouts, keyed, process};

/// Memory, more than is asked for; the constructors check.
const SAMPLES: usize = 1_000;
const SQUARES: usize = 16_000;
const LIMITER_SAMPLES: usize = 20_000;
const LIMITER_CONTROL: usize = 20_000;
const BANDS_SAMPLES: usize = 80_000;
const BANDS_NUMBERS: usize = 80_000;
/// Most bands of the crossovers.
const BANDS: usize = 6;

pub(crate) fn compressor<S: Sample>() -> Result<Sha256, Error> {
    compressed::<S>(CompressorSetup { lookahead_ms: 2.0, ..CompressorSetup::default() }, alone)
}

pub(crate) fn compressor_keyed<S: Sample>() -> Result<Sha256, Error> {
    compressed::<S>(CompressorSetup { lookahead_ms: 2.0, ..CompressorSetup::default() }, keyed)
}

pub(crate) fn compressor_rms<S: Sample>() -> Result<Sha256, Error> {
    let setup = CompressorSetup {
        lookahead_ms: 0.0,
        detector: Detector::Rms { window_ms: 10.0 },
        smoothing: Smoothing::Decoupled,
        release: Release::ProgramDependent,
        groups: LinkGroups::Areas,
        makeup: MakeUp::LoudnessMatched,
    };
    compressed::<S>(setup, alone)
}

pub(crate) fn compressor_k<S: Sample>() -> Result<Sha256, Error> {
    let detector = Detector::KWeighted { window_ms: 50.0 };
    compressed::<S>(CompressorSetup { detector, ..CompressorSetup::default() }, alone)
}

fn compressed<S: Sample>(setup: CompressorSetup, feed: Feed<S>) -> Result<Sha256, Error> {
    hashed(|stream, hash| {
        let (mut samples, mut squares) = ([S::one(); SAMPLES], [1.0; SQUARES]);
        let params = CompressorParams::default();
        let mut compressor = Compressor::new_in(setup, params, stream, &mut samples, &mut squares)?;
        feed(&mut compressor, stream, hash)
    })
}

pub(crate) fn gate<S: Sample>() -> Result<Sha256, Error> {
    gated::<S>(alone)
}

pub(crate) fn gate_keyed<S: Sample>() -> Result<Sha256, Error> {
    gated::<S>(keyed)
}

fn gated<S: Sample>(feed: Feed<S>) -> Result<Sha256, Error> {
    hashed(|stream, hash| {
        let setup = GateSetup { lookahead_ms: 1.5, ..GateSetup::default() };
        let (mut samples, mut squares) = ([S::one(); SAMPLES], [1.0; SQUARES]);
        let params = GateParams::default();
        let mut gate = Gate::new_in(setup, params, stream, &mut samples, &mut squares)?;
        feed(&mut gate, stream, hash)
    })
}

pub(crate) fn limiter<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let (setup, params) = (LimiterSetup::default(), LimiterParams::default());
        let mut samples = [S::one(); LIMITER_SAMPLES];
        let mut control = [1.0; LIMITER_CONTROL];
        let mut limiter = Limiter::new_in(setup, params, stream, &mut samples, &mut control)?;
        process(&mut limiter, stream, audio)
    })
}

pub(crate) fn multiband<S: Sample>() -> Result<Sha256, Error> {
    in_bands::<S>(alone)
}

pub(crate) fn multiband_keyed<S: Sample>() -> Result<Sha256, Error> {
    in_bands::<S>(keyed)
}

fn in_bands<S: Sample>(feed: Feed<S>) -> Result<Sha256, Error> {
    hashed(|stream, hash| {
        let setup = MultibandSetup { lookahead_ms: 1.0, ..MultibandSetup::default() };
        let mut bands: [MultibandSlot<'_, S>; BANDS] = Default::default();
        let memory = MultibandMemory {
            samples: &mut [S::one(); BANDS_SAMPLES],
            squares: &mut [1.0; BANDS_NUMBERS],
            crossovers: &mut [1.0; BANDS_NUMBERS],
            bands: &mut bands,
        };
        let params = MultibandParams::default();
        feed(&mut Multiband::new_in(setup, params, stream, memory)?, stream, hash)
    })
}

pub(crate) fn multiband_limiter<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let mut setup = MultibandLimiterSetup::default();
        setup.crossover.bands = 2;
        let mut bands: [MultibandLimiterSlot<'_, S>; BANDS] = Default::default();
        let memory = MultibandLimiterMemory {
            samples: &mut [S::one(); BANDS_SAMPLES],
            control: &mut [1.0; BANDS_NUMBERS],
            crossover: &mut [1.0; BANDS_NUMBERS],
            bands: &mut bands,
        };
        let params = MultibandLimiterParams::default();
        process(&mut MultibandLimiter::new_in(setup, params, stream, memory)?, stream, audio)
    })
}

pub(crate) fn deesser_split<S: Sample>() -> Result<Sha256, Error> {
    deessed::<S>(DeEsserMode::Split)
}

pub(crate) fn deesser_bell<S: Sample>() -> Result<Sha256, Error> {
    deessed::<S>(DeEsserMode::Bell)
}

fn deessed<S: Sample>(mode: DeEsserMode) -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = DeEsserSetup { mode, ..DeEsserSetup::default() };
        let params = DeEsserParams { hz: 1500.0, ..DeEsserParams::default() };
        let (mut samples, mut values) = ([S::one(); BANDS_SAMPLES], [1.0; BANDS_NUMBERS]);
        let mut deesser = DeEsser::new_in(setup, params, stream, &mut samples, &mut values)?;
        process(&mut deesser, stream, audio)
    })
}

pub(crate) fn dynamic_eq<S: Sample>() -> Result<Sha256, Error> {
    dynamically_equalised::<S>(Detector::Rms { window_ms: 10.0 }, alone)
}

pub(crate) fn dynamic_eq_keyed<S: Sample>() -> Result<Sha256, Error> {
    dynamically_equalised::<S>(Detector::Rms { window_ms: 10.0 }, keyed)
}

pub(crate) fn dynamic_eq_peak<S: Sample>() -> Result<Sha256, Error> {
    dynamically_equalised::<S>(Detector::Peak, alone)
}

fn dynamically_equalised<S: Sample>(detector: Detector, feed: Feed<S>) -> Result<Sha256, Error> {
    let mut setup = DynamicEqSetup { bands: 3, detector, ..DynamicEqSetup::default() };
    setup.lookahead_ms = 1.0;
    setup.band[0].shape = MovingShape::LowShelf;
    setup.band[2].shape = MovingShape::HighShelf;
    setup.band[2].trigger = Trigger::Below;
    let band = |hz, range_db| DynamicEqBand { hz, range_db, ..DynamicEqBand::default() };
    let params = DynamicEqParams::new(&[band(200.0, -6.0), band(900.0, 4.0), band(3e3, 3.0)]);
    hashed(|stream, hash| {
        let (mut samples, mut squares) = ([S::one(); BANDS_SAMPLES], [1.0; BANDS_NUMBERS]);
        let mut eq = DynamicEq::new_in(setup, params, stream, &mut samples, &mut squares)?;
        feed(&mut eq, stream, hash)
    })
}

pub(crate) fn transient_shaper<S: Sample>() -> Result<Sha256, Error> {
    shaped::<S>(alone)
}

pub(crate) fn transient_shaper_keyed<S: Sample>() -> Result<Sha256, Error> {
    shaped::<S>(keyed)
}

fn shaped<S: Sample>(feed: Feed<S>) -> Result<Sha256, Error> {
    hashed(|stream, hash| {
        let setup = TransientShaperSetup { lookahead_ms: 1.0, ..TransientShaperSetup::default() };
        let params = TransientShaperParams {
            attack_percent: 40.0,
            sustain_percent: -30.0,
            ..TransientShaperParams::default()
        };
        let mut samples = [S::one(); BANDS_SAMPLES];
        feed(&mut TransientShaper::new_in(setup, params, stream, &mut samples)?, stream, hash)
    })
}

pub(crate) fn soft_clipper<S: Sample>() -> Result<Sha256, Error> {
    clipped::<S>(SoftClipperSetup::default())
}

pub(crate) fn soft_clipper_bare<S: Sample>() -> Result<Sha256, Error> {
    clipped::<S>(SoftClipperSetup { oversampling: 1, guard: false, ..SoftClipperSetup::default() })
}

fn clipped<S: Sample>(setup: SoftClipperSetup) -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let params = SoftClipperParams { drive_db: 3.0, ..SoftClipperParams::default() };
        let (mut samples, mut control) = ([S::one(); BANDS_SAMPLES], [1.0; BANDS_NUMBERS]);
        let mut clipper = SoftClipper::new_in(setup, params, stream, &mut samples, &mut control)?;
        process(&mut clipper, stream, audio)
    })
}
