//! The spatial layer: settings as in `mixcore/tests/all/roster_fold.rs` and `roster_spatial.rs`, written
//! apart from them.

use mixcore::audio::Sample;
use mixcore::spatial::{
    BassManager, BassManagerParams, BassManagerSetup, FoldDown, Haas, HaasParams, HaasSetup,
    LfeSend, LfeSendParams, LtRt, LtRtSetup, MidSide, MidSideDirection, MonoMaker, MonoMakerParams,
    MonoMakerSetup, ObjectGains, ObjectMixer, ObjectMixerMemory, ObjectMixerSetup, ObjectTrack,
    Pair, PanEngine, PanSource, Panner, PannerParams, PannerSetup, PointSource, Width, WidthKept,
    WidthParams, WidthSetup,
};
use mixcore::{Error, Layout};
use sha2::Sha256;

use crate::{convert, in_two_layouts, process};

/// Memory, more than is asked for; the constructors check.
const SAMPLES: usize = 80_000;
const NUMBERS: usize = 16_000;
const OBJECTS: usize = 3;
/// The panner's table of directions.
const TABLE: usize = 24_000;

pub(crate) fn fold_down<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| convert(&mut FoldDown::new(Layout::MONO, stream)?, audio))
}

pub(crate) fn panner<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = PannerSetup { engine: PanEngine::Pairs, ..PannerSetup::default() };
        let params = PannerParams { azimuth_deg: 20.0, ..PannerParams::default() };
        convert(&mut Panner::new_in(setup, params, stream, &mut [])?, audio)
    })
}

pub(crate) fn panner_polar<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
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
        let mut table = [1.0; TABLE];
        convert(&mut Panner::new_in(setup, params, stream, &mut table)?, audio)
    })
}

pub(crate) fn lt_rt<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let (mut samples, mut control) = ([S::one(); SAMPLES], [1.0; NUMBERS]);
        let setup = LtRtSetup::default();
        convert(&mut LtRt::new_in(setup, stream, &mut samples, &mut control)?, audio)
    })
}

pub(crate) fn lfe_send<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let mut numbers = [1.0; NUMBERS];
        convert(&mut LfeSend::new_in(LfeSendParams::default(), stream, &mut numbers)?, audio)
    })
}

pub(crate) fn bass_manager<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = BassManagerSetup::default().with_full_range(1)?;
        let params = BassManagerParams::default();
        let (mut samples, mut numbers) = ([S::one(); SAMPLES], [1.0; NUMBERS]);
        let mut manager = BassManager::new_in(setup, params, stream, &mut samples, &mut numbers)?;
        convert(&mut manager, audio)
    })
}

pub(crate) fn mid_side<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let mut mid_side = MidSide::new(MidSideDirection::Encode, Pair::default(), stream)?;
        process(&mut mid_side, stream, audio)
    })
}

pub(crate) fn width<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = WidthSetup { kept: WidthKept::Power, ..WidthSetup::default() };
        process(&mut Width::new(setup, WidthParams { width: 1.5 }, stream)?, stream, audio)
    })
}

pub(crate) fn mono_maker<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let (setup, params) = (MonoMakerSetup::default(), MonoMakerParams::default());
        let mut numbers = [1.0; NUMBERS];
        process(&mut MonoMaker::new_in(setup, params, stream, &mut numbers)?, stream, audio)
    })
}

pub(crate) fn haas<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let params = HaasParams { delay_ms: 7.3, gain_db: -3.0 };
        let mut samples = [S::one(); SAMPLES];
        let mut haas = Haas::new_in(HaasSetup::default(), params, stream, &mut samples)?;
        process(&mut haas, stream, audio)
    })
}

pub(crate) fn object_mixer<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = ObjectMixerSetup { objects: OBJECTS, diffuse: true };
        let mut tracks: [ObjectTrack; OBJECTS] = core::array::from_fn(|_| ObjectTrack::default());
        let mut samples = [S::one(); SAMPLES];
        let memory = ObjectMixerMemory { samples: &mut samples, tracks: &mut tracks };
        let mut mixer = ObjectMixer::new_in(setup, stream, memory)?;
        let panner = PointSource::new(stream.layout)?;
        for (object, azimuth_deg) in [40.0, 0.0, -75.0].into_iter().enumerate() {
            let direct = panner.gains(azimuth_deg, 0.0)?;
            mixer.set_standing(object, &ObjectGains { direct, diffuse: direct.scaled(0.1) })?;
        }
        convert(&mut mixer, audio)
    })
}
