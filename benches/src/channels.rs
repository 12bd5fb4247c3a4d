//! What a channel costs in stereo, in 5.1 and in 7.1.4: nanoseconds a sample of one channel, beside the
//! same channels two by two through the same processor for stereo.
//!
//! Multichannel is to cost no more per channel: linked channels share level, curve and follower, and what
//! every channel has for itself runs in pairs. No processor leaves a channel as it came.

use std::hint::black_box;

use mixcore::dynamics::{
    Compressor, CompressorParams, CompressorSetup, DeEsser, DeEsserParams, DeEsserSetup, DynamicEq,
    DynamicEqBand, DynamicEqParams, DynamicEqSetup, Gate, GateParams, GateSetup, Limiter,
    LimiterMode, LimiterParams, LimiterSetup, Multiband, MultibandParams, MultibandSetup,
    SoftClipper, SoftClipperParams, SoftClipperSetup, TransientShaper, TransientShaperParams,
    TransientShaperSetup,
};
use mixcore::filters::CrossoverParams;
use mixcore::{Error, Layout, Process, Stream};

use crate::compressor::feed;
use crate::{BLOCKS, Case, Goal, RATE_HZ, Rival, signals};

/// Length of the material, s: with a pause and a tutti.
const SECONDS: f64 = 5.0;
/// Where three bands meet, Hz.
const CROSSINGS_HZ: [f64; 2] = [200.0, 2_000.0];
/// The layouts, stereo first.
const LAYOUTS: [(&str, Layout); 3] =
    [("stereo", Layout::STEREO), ("5.1", Layout::SURROUND_5_1), ("7.1.4", Layout::SURROUND_7_1_4)];

type Unit = Box<dyn Process<f32>>;
type Maker = fn(Stream) -> Result<Unit, Error>;

fn compressor(stream: Stream) -> Result<Unit, Error> {
    let params = CompressorParams { threshold_dbfs: -24.0, ..CompressorParams::default() };
    Ok(Box::new(Compressor::new(CompressorSetup::default(), params, stream)?))
}

fn limiter(mode: LimiterMode, stream: Stream) -> Result<Unit, Error> {
    let setup = LimiterSetup { mode, ..LimiterSetup::default() };
    let params = LimiterParams { ceiling_dbtp: -6.0, ..LimiterParams::default() };
    Ok(Box::new(Limiter::new(setup, params, stream)?))
}

fn gate(stream: Stream) -> Result<Unit, Error> {
    let params = GateParams { threshold_dbfs: -30.0, ..GateParams::default() };
    Ok(Box::new(Gate::new(GateSetup::default(), params, stream)?))
}

fn deesser(stream: Stream) -> Result<Unit, Error> {
    let params = DeEsserParams { threshold_db: -24.0, ..DeEsserParams::default() };
    Ok(Box::new(DeEsser::new(DeEsserSetup::default(), params, stream)?))
}

fn multiband(stream: Stream) -> Result<Unit, Error> {
    let crossover = CrossoverParams::new(&CROSSINGS_HZ)?;
    let params = MultibandParams { crossover, ..MultibandParams::default() };
    Ok(Box::new(Multiband::new(MultibandSetup::default(), params, stream)?))
}

fn dynamic_eq(stream: Stream) -> Result<Unit, Error> {
    let band = DynamicEqBand { threshold_dbfs: -36.0, ..DynamicEqBand::default() };
    let setup = DynamicEqSetup { bands: 1, ..DynamicEqSetup::default() };
    Ok(Box::new(DynamicEq::new(setup, DynamicEqParams::new(&[band]), stream)?))
}

fn shaper(stream: Stream) -> Result<Unit, Error> {
    let params = TransientShaperParams {
        attack_percent: 60.0,
        sustain_percent: -40.0,
        ..TransientShaperParams::default()
    };
    Ok(Box::new(TransientShaper::new(TransientShaperSetup::default(), params, stream)?))
}

fn clipper(stream: Stream) -> Result<Unit, Error> {
    let params = SoftClipperParams { drive_db: 6.0, ..SoftClipperParams::default() };
    Ok(Box::new(SoftClipper::new(SoftClipperSetup::default(), params, stream)?))
}

const MAKERS: [(&str, Maker); 9] = [
    ("compressor", compressor),
    ("sample-peak limiter", |stream| limiter(LimiterMode::SamplePeak, stream)),
    ("true-peak limiter", |stream| limiter(LimiterMode::TruePeak, stream)),
    ("gate", gate),
    ("de-esser", deesser),
    ("multiband compressor, 3 bands", multiband),
    ("dynamic EQ of a band", dynamic_eq),
    ("transient shaper", shaper),
    ("soft clipper, as it is by default", clipper),
];

fn case(what: &str, make: Maker, title: &str, layout: Layout) -> Case {
    let block = BLOCKS[0];
    let unit = |layout| {
        let stream = Stream::new(RATE_HZ, layout).expect("48 kHz is in range");
        make(stream).expect("in range")
    };
    let mut ours = unit(layout);
    let input = signals::programme(layout.channel_count(), SECONDS, 0.0);
    let mut work = vec![vec![0.0; block]; input.len()];
    let mut moved = vec![false; input.len()];
    let late = ours.latency_frames();
    feed(&mut *ours, &input, block, &mut work, |work, at, length| {
        for ((moved, work), input) in moved.iter_mut().zip(work).zip(&input) {
            let came_in = (at..at + length).map(|n| n.checked_sub(late).map_or(0.0, |n| input[n]));
            *moved |= work.iter().zip(came_in).any(|(out, x)| *out != x);
        }
    });
    assert!(moved.iter().all(|moved| *moved), "{what}, {title}: a channel is left as it is");
    let mut rivals = Vec::new();
    if layout != Layout::STEREO {
        let mut pair = unit(Layout::STEREO);
        let pairs: Vec<Vec<Vec<f32>>> = input.chunks_exact(2).map(<[_]>::to_vec).collect();
        assert!(2 * pairs.len() == input.len(), "{title}: an odd channel");
        let mut work = vec![vec![0.0; block]; 2];
        let two_by_two = move || {
            for input in &pairs {
                feed(&mut *pair, input, block, &mut work, |work, _, _| {
                    black_box(work);
                });
            }
        };
        rivals.push(Rival::new("its channels two by two", two_by_two, Goal::NotSlower));
    }
    Case {
        name: format!("{what}, channel of {title}, blocks of {block}"),
        units: (input.len() * input[0].len()) as u64,
        unit: "sample",
        ours: Box::new(move || {
            feed(&mut *ours, &input, block, &mut work, |work, _, _| {
                black_box(work);
            });
        }),
        rivals,
        limit: None,
    }
}

/// The cases, each checked before it is returned.
///
/// # Panics
/// If a processor leaves a channel as it is.
#[must_use]
pub fn cases() -> Vec<Case> {
    let each = |(what, make)| LAYOUTS.map(|(title, layout)| case(what, make, title, layout));
    MAKERS.into_iter().flat_map(each).collect()
}
