//! The level layer: settings as in `mixcore/tests/all/roster.rs`, written apart from it.

use mixcore::Error;
use mixcore::audio::Sample;
use mixcore::level::{
    AutomatedGain, AutomationLane, Breakpoint, DcBlocker, DcBlockerParams, Dither, DitherKind,
    DitherSetup, Fader, FaderParams, FaderSetup, SegmentShape,
};
use sha2::Sha256;

use crate::{in_two_layouts, process};

pub(crate) fn automated_gain<S: Sample>() -> Result<Sha256, Error> {
    let points = [
        Breakpoint::new(100, 0.0, SegmentShape::Linear),
        Breakpoint::new(1001, -12.0, SegmentShape::DbLinear),
        Breakpoint::new(2500, 3.0, SegmentShape::Step),
        Breakpoint::new(3000, -6.0, SegmentShape::Smooth),
        Breakpoint::new(5555, -144.0, SegmentShape::DbLinear),
        Breakpoint::new(5900, -1.0, SegmentShape::Step),
    ];
    in_two_layouts::<S>(|stream, audio| {
        let mut memory = [Breakpoint::default(); 6];
        let lane = AutomationLane::new_in(&points, &mut memory)?;
        process(&mut AutomatedGain::new(lane, stream)?, stream, audio)
    })
}

pub(crate) fn dc_blocker<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let params = DcBlockerParams { cutoff_hz: 20.0 };
        process(&mut DcBlocker::new(params, stream)?, stream, audio)
    })
}

pub(crate) fn dither<S: Sample>() -> Result<Sha256, Error> {
    let setup = DitherSetup { seed: 5, auto_blank: true, ..DitherSetup::default() };
    dithered::<S>(setup)
}

pub(crate) fn dither_shaped<S: Sample>() -> Result<Sha256, Error> {
    let kind = DitherKind::Wannamaker9;
    dithered::<S>(DitherSetup { kind, seed: 6, auto_blank: true, ..DitherSetup::default() })
}

fn dithered<S: Sample>(setup: DitherSetup) -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| process(&mut Dither::new(setup, stream)?, stream, audio))
}

pub(crate) fn fader<S: Sample>() -> Result<Sha256, Error> {
    in_two_layouts::<S>(|stream, audio| {
        let setup = FaderSetup::default().with_inverted(1)?;
        process(&mut Fader::new(setup, FaderParams { gain_db: -3.0 }, stream)?, stream, audio)
    })
}
