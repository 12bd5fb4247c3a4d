//! Dialogue tools and duckers: settings as in `mixcore/tests/all/roster.rs`, written apart from it.

use mixcore::Error;
use mixcore::audio::Sample;
use mixcore::dynamics::{
    Automixer, AutomixerParams, AutomixerSetup, BandDuckerSetup, ClickTamer, ClickTamerParams,
    ClickTamerSetup, DuckedPhrase, Ducker, DuckerParams, DuckerSetup, HumComb, HumCombParams,
    HumCombSetup, Leveller, LevellerParams, LevellerSetup, LowMidCut, LowMidCutParams,
    MaskingDucker, MaskingDuckerParams, PlosiveTamer, PlosiveTamerParams, PlosiveTamerSetup,
    Suppressor, SuppressorParams, SuppressorSetup,
};
use sha2::Sha256;

use crate::{Feed, alone, hashed, in_two_layouts, keyed, process};

/// Memory, more than is asked for; the constructors check.
const SAMPLES: usize = 200_000;
const NUMBERS: usize = 80_000;
const PHRASES: usize = 1_000;

pub(crate) fn ducker<S: Sample>() -> Result<Sha256, Error> {
    ducked::<S>(alone)
}

pub(crate) fn ducker_keyed<S: Sample>() -> Result<Sha256, Error> {
    ducked::<S>(keyed)
}

fn ducked<S: Sample>(feed: Feed<S>) -> Result<Sha256, Error> {
    hashed(|stream, hash| {
        let setup = DuckerSetup { lookahead_ms: 250.0, ..DuckerSetup::default() };
        let params = DuckerParams::default();
        let (mut samples, mut numbers) = ([S::one(); SAMPLES], [1.0; NUMBERS]);
        let mut phrases = [DuckedPhrase::default(); PHRASES];
        let mut ducker =
            Ducker::new_in(setup, params, stream, &mut samples, &mut numbers, &mut phrases)?;
        feed(&mut ducker, stream, hash)
    })
}

pub(crate) fn masking_ducker<S: Sample>() -> Result<Sha256, Error> {
    ducked_by_bands::<S>(alone)
}

pub(crate) fn masking_ducker_keyed<S: Sample>() -> Result<Sha256, Error> {
    ducked_by_bands::<S>(keyed)
}

fn ducked_by_bands<S: Sample>(feed: Feed<S>) -> Result<Sha256, Error> {
    hashed(|stream, hash| {
        let setup = BandDuckerSetup { lookahead_ms: 250.0, ..BandDuckerSetup::default() };
        let params = MaskingDuckerParams::default();
        let (mut samples, mut numbers) = ([S::one(); SAMPLES], [1.0; NUMBERS]);
        let mut ducker = MaskingDucker::new_in(setup, params, stream, &mut samples, &mut numbers)?;
        feed(&mut ducker, stream, hash)
    })
}

pub(crate) fn low_mid_cut<S: Sample>() -> Result<Sha256, Error> {
    cut_low_mids::<S>(alone)
}

pub(crate) fn low_mid_cut_keyed<S: Sample>() -> Result<Sha256, Error> {
    cut_low_mids::<S>(keyed)
}

fn cut_low_mids<S: Sample>(feed: Feed<S>) -> Result<Sha256, Error> {
    hashed(|stream, hash| {
        let setup = BandDuckerSetup {
            lookahead_ms: 250.0,
            key_offset_db: -30.0,
            ..BandDuckerSetup::default()
        };
        let params = LowMidCutParams::default();
        let (mut samples, mut numbers) = ([S::one(); SAMPLES], [1.0; NUMBERS]);
        let mut cut = LowMidCut::new_in(setup, params, stream, &mut samples, &mut numbers)?;
        feed(&mut cut, stream, hash)
    })
}

pub(crate) fn automixer<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = AutomixerSetup::default().with_group(1, 1)?;
        process(&mut Automixer::new(setup, AutomixerParams::default(), stream)?, stream, audio)
    })
}

pub(crate) fn click_tamer<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = ClickTamerSetup { max_click_ms: 0.5, corner_hz: 2000.0 };
        let params = ClickTamerParams { threshold_db: 1.0, ..ClickTamerParams::default() };
        let mut samples = [S::one(); SAMPLES];
        process(&mut ClickTamer::new_in(setup, params, stream, &mut samples)?, stream, audio)
    })
}

pub(crate) fn hum_comb<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = HumCombSetup { mains_hz: 60.0, harmonics: 5 };
        let params = HumCombParams { width_hz: 10.0, ..HumCombParams::default() };
        let mut numbers = [1.0; NUMBERS];
        process(&mut HumComb::new_in(setup, params, stream, &mut numbers)?, stream, audio)
    })
}

pub(crate) fn plosive_tamer<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = PlosiveTamerSetup { lookahead_ms: 5.0 };
        let params =
            PlosiveTamerParams { hz: 400.0, threshold_db: 0.0, ..PlosiveTamerParams::default() };
        let (mut samples, mut numbers) = ([S::one(); SAMPLES], [1.0; NUMBERS]);
        let mut tamer = PlosiveTamer::new_in(setup, params, stream, &mut samples, &mut numbers)?;
        process(&mut tamer, stream, audio)
    })
}

pub(crate) fn suppressor<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = SuppressorSetup { learning_s: 0.1 };
        let params = SuppressorParams { threshold_db: 20.0, ..SuppressorParams::default() };
        let (mut samples, mut numbers) = ([S::one(); SAMPLES], [1.0; NUMBERS]);
        let mut suppressor = Suppressor::new_in(setup, params, stream, &mut samples, &mut numbers)?;
        process(&mut suppressor, stream, audio)
    })
}

pub(crate) fn leveller<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = LevellerSetup { lookahead_ms: 50.0, min_phrase_ms: 10.0 };
        let params = LevellerParams {
            up_db_per_s: 60.0,
            down_db_per_s: 60.0,
            strength_percent: 100.0,
            ..LevellerParams::default()
        };
        let (mut samples, mut numbers) = ([S::one(); SAMPLES], [1.0; NUMBERS]);
        let mut leveller = Leveller::new_in(setup, params, stream, &mut samples, &mut numbers)?;
        process(&mut leveller, stream, audio)
    })
}
