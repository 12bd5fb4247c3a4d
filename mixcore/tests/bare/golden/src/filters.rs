//! The filters: settings as in `mixcore/tests/all/roster.rs`, written apart from it.

use mixcore::Error;
use mixcore::audio::{Block, Sample};
use mixcore::filters::design::{Method, Shape, second_order};
use mixcore::filters::{
    Cascade, Convolver, ConvolverLatency, ConvolverParams, ConvolverSetup, Crossover,
    CrossoverParams, CrossoverSetup, Delay, Eq, EqBand, EqParams, EqSetup, Fir, FirSetup,
    FractionalDelay, FractionalDelayParams, FractionalDelaySetup, Svf, SvfParams, SvfSetup,
};
use sha2::Sha256;

use crate::programme::Noise;
use crate::{CHANNELS, convert, in_two_layouts, process};

/// Frames of the delay.
const DELAY_FRAMES: usize = 123;
/// Frames of the convolver's room.
const ROOM_FRAMES: usize = 5000;
/// Memory, more than is asked for; the constructors check.
const CONVOLVER_SAMPLES: usize = 120_000;
const CONVOLVER_CONTROL: usize = 4_000;
const CROSSOVER_NUMBERS: usize = 4_000;
const FIR_SAMPLES: usize = 4_000;
const FRACTIONAL_SAMPLES: usize = 60_000;

pub(crate) fn cascade<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let rate_hz = stream.rate_hz;
        let section = second_order(Method::Matched, Shape::Bell, 3000.0, 1.0, 2.0, rate_hz)?;
        process(&mut Cascade::new(&[section; 3], stream)?, stream, audio)
    })
}

pub(crate) fn eq<S: Sample>() -> Result<Sha256, Error> {
    let params = EqParams::new(&[
        EqBand::new(Shape::Bell, 2000.0, -2.0, 0.7),
        EqBand::default(),
        EqBand::new(Shape::HighShelf, 4000.0, 3.0, 0.7),
    ]);
    in_two_layouts::<S>(|stream, audio| {
        let setup = EqSetup { bands: 3, ..EqSetup::default() };
        process(&mut Eq::new(setup, params, stream)?, stream, audio)
    })
}

pub(crate) fn convolver<S: Sample>() -> Result<Sha256, Error> {
    let mut noise = Noise::new(123);
    let mut room = [S::one(); ROOM_FRAMES];
    for (k, tap) in room.iter_mut().enumerate().skip(1) {
        *tap = S::from_f64(noise.next() * 0.25 / (1.0 + k as f64 / 100.0));
    }
    let setup = ConvolverSetup { partition_frames: 64, latency: ConvolverLatency::Partition };
    let params = ConvolverParams { mix_percent: 90.0 };
    in_two_layouts::<S>(|stream, audio| {
        let mut samples = [S::one(); CONVOLVER_SAMPLES];
        let mut control = [1.0; CONVOLVER_CONTROL];
        let response = Block::mono(&room);
        let mut convolver =
            Convolver::new_in(setup, params, response, stream, &mut samples, &mut control)?;
        process(&mut convolver, stream, audio)
    })
}

pub(crate) fn crossover<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let (setup, params) = (CrossoverSetup::default(), CrossoverParams::default());
        let mut memory = [1.0; CROSSOVER_NUMBERS];
        convert(&mut Crossover::new_in(setup, params, stream, &mut memory)?, audio)
    })
}

pub(crate) fn delay<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let mut memory = [S::one(); DELAY_FRAMES * CHANNELS];
        process(&mut Delay::new_in(DELAY_FRAMES, stream, &mut memory)?, stream, audio)
    })
}

pub(crate) fn fir<S: Sample>() -> Result<Sha256, Error> {
    let taps: [f64; 33] = core::array::from_fn(|k| {
        let away = k.abs_diff(16) as f64;
        (1.0 - away / 17.0) * if k % 2 == 0 { 1.0 / 17.0 } else { -0.3 / 17.0 }
    });
    in_two_layouts::<S>(|stream, audio| {
        let mut memory = [S::one(); FIR_SAMPLES];
        process(&mut Fir::new_in(FirSetup::all(&taps), stream, &mut memory)?, stream, audio)
    })
}

pub(crate) fn fractional_delay<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = FractionalDelaySetup { max_slew: 0.3, max_delay_ms: 50.0 };
        let params = FractionalDelayParams { delay_ms: 0.005 };
        let mut memory = [S::one(); FRACTIONAL_SAMPLES];
        let mut delay = FractionalDelay::new_in(setup, params, stream, &mut memory)?;
        process(&mut delay, stream, audio)
    })
}

pub(crate) fn svf<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let params = SvfParams { hz: 3000.0, q: 0.7, gain_db: 3.0 };
        let mut svf = Svf::new(SvfSetup { shape: Shape::Bell }, params, stream)?;
        process(&mut svf, stream, audio)
    })
}
