//! Dynamics: settings as in `mixcore/tests/all/roster.rs`, written apart from it.

use mixcore::Error;
use mixcore::audio::Sample;
use mixcore::dynamics::{
    Compressor, CompressorParams, CompressorSetup, Detector, Gate, GateParams, GateSetup, Limiter,
    LimiterParams, LimiterSetup, LinkGroups, MakeUp, Release, Smoothing,
};
use sha2::Sha256;

use crate::{in_two_layouts, process};

/// Memory, more than is asked for; the constructors check.
const SAMPLES: usize = 1_000;
const SQUARES: usize = 16_000;
const LIMITER_SAMPLES: usize = 20_000;
const LIMITER_CONTROL: usize = 10_000;

pub(crate) fn compressor<S: Sample>() -> Result<Sha256, Error> {
    compressed::<S>(CompressorSetup { lookahead_ms: 2.0, ..CompressorSetup::default() })
}

pub(crate) fn compressor_rms<S: Sample>() -> Result<Sha256, Error> {
    compressed::<S>(CompressorSetup {
        lookahead_ms: 0.0,
        detector: Detector::Rms { window_ms: 10.0 },
        smoothing: Smoothing::Decoupled,
        release: Release::ProgramDependent,
        groups: LinkGroups::Areas,
        makeup: MakeUp::LoudnessMatched,
    })
}

pub(crate) fn compressor_k<S: Sample>() -> Result<Sha256, Error> {
    let detector = Detector::KWeighted { window_ms: 50.0 };
    compressed::<S>(CompressorSetup { detector, ..CompressorSetup::default() })
}

fn compressed<S: Sample>(setup: CompressorSetup) -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let (mut samples, mut squares) = ([S::one(); SAMPLES], [1.0; SQUARES]);
        let params = CompressorParams::default();
        let mut compressor = Compressor::new_in(setup, params, stream, &mut samples, &mut squares)?;
        process(&mut compressor, stream, audio)
    })
}

pub(crate) fn gate<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = GateSetup { lookahead_ms: 1.5, ..GateSetup::default() };
        let (mut samples, mut squares) = ([S::one(); SAMPLES], [1.0; SQUARES]);
        let params = GateParams::default();
        let mut gate = Gate::new_in(setup, params, stream, &mut samples, &mut squares)?;
        process(&mut gate, stream, audio)
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
