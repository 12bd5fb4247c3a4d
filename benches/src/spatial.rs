//! Gains of directions, sizes and rigs, beside the figures that libear has been measured at.
//!
//! libear is C++ and was timed apart, on another machine of the same kind; its figures are quoted and
//! the goals are DESIGN's. The crate `vbap` runs beside ours on rigs that both cut into the same
//! regions: a ring of eight and the corners of an icosahedron (where four or more loudspeakers are the
//! corners of one face, or faces are large, the two differ on purpose: ours mirrors and leaves no
//! direction silent). Before a case exists its gains are looked at: power 1 in every direction, and
//! those of `vbap` where it runs. The panner runs beside what is
//! written first: gains of every block behind a one-pole smoother.

use std::hint::black_box;

use mixcore::spatial::{
    Direction, Extent, ObjectGains, ObjectMixer, ObjectMixerSetup, Panner, PannerParams,
    PannerSetup, PointSource, PolarExtent, TimedGains, Vbap, VbapParams, VbapShape,
};
use mixcore::{Block, BlockMut, Convert, Layout, Stream};

use vbap::{PanCursor, VBAPanner};

use crate::{Case, Goal, Limit, RATE_HZ, Rival};

/// Directions of a run.
const DIRECTIONS: usize = 1000;

/// Directions spread evenly over the sphere: a golden spiral.
fn directions() -> Vec<(f64, f64)> {
    let height = |n: usize| (2 * n + 1) as f64 / DIRECTIONS as f64 - 1.0;
    (0..DIRECTIONS)
        .map(|n| ((n as f64 * 137.507_764) % 360.0 - 180.0, height(n).asin().to_degrees()))
        .collect()
}

fn check(name: &str, gains: &[f64]) {
    let power: f64 = gains.iter().map(|gain| gain * gain).sum();
    assert!((power - 1.0).abs() < 1e-9, "{name}: the power is {power}");
}

fn case(
    name: String,
    limit: Option<Limit>,
    mut gain: impl FnMut(f64, f64) -> f64 + 'static,
) -> Case {
    let directions = directions();
    Case {
        name,
        units: DIRECTIONS as u64,
        unit: "direction",
        ours: Box::new(move || {
            let mut sum = 0.0;
            for &(azimuth_deg, elevation_deg) in black_box(&directions) {
                sum += gain(azimuth_deg, elevation_deg);
            }
            black_box(sum);
        }),
        rivals: Vec::new(),
        limit,
    }
}

fn point(layout: Layout, limit: Option<Limit>) -> Case {
    let panner = PointSource::new(layout).expect("a named layout");
    let name = format!("BS.2127 point source, {layout}");
    for (azimuth_deg, elevation_deg) in directions() {
        check(&name, &panner.gains(azimuth_deg, elevation_deg).expect("a direction"));
    }
    case(name, limit, move |azimuth_deg, elevation_deg| {
        panner.gains(azimuth_deg, elevation_deg).map_or(f64::NAN, |gains| gains[0])
    })
}

/// A hundred thousand objects in one call.
fn batch(layout: Layout, limit: Option<Limit>) -> Case {
    let panner = PointSource::new(layout).expect("a named layout");
    let (azimuths, elevations): (Vec<f64>, Vec<f64>) =
        directions().into_iter().cycle().take(100 * DIRECTIONS).unzip();
    let mut gains = vec![0.0; azimuths.len() * layout.channel_count()];
    Case {
        name: format!("BS.2127 point source, {layout}, 100,000 in a call"),
        units: azimuths.len() as u64,
        unit: "direction",
        ours: Box::new(move || {
            let (azimuths, elevations) = (black_box(&azimuths), black_box(&elevations));
            panner.gains_of_many(azimuths, elevations, &mut gains).expect("directions");
            black_box(&gains);
        }),
        rivals: Vec::new(),
        limit,
    }
}

/// One object whose gains move through every frame: the mixer's figure per input sample.
fn moving(layout: Layout, limit: Option<Limit>) -> Case {
    let stream = Stream::new(RATE_HZ, layout).expect("a stream");
    let setup = ObjectMixerSetup { objects: 1, diffuse: false };
    let mut mixer = ObjectMixer::<f32>::new(setup, stream).expect("a mixer");
    let panner = PointSource::new(layout).expect("a named layout");
    let gains = [20.0, -70.0].map(|azimuth_deg| {
        let direct = panner.gains(azimuth_deg, 12.0).expect("a direction");
        ObjectGains { direct, diffuse: direct.scaled(0.0) }
    });
    let input = vec![vec![0.25_f32; 4096]];
    let mut output = vec![vec![0.0_f32; 4096]; layout.channel_count()];
    let mut turn = 0;
    Case {
        name: format!("objects in time, {layout}, one that moves"),
        units: 4096,
        unit: "sample",
        ours: Box::new(move || {
            let start_frame = mixer.frame() as f64;
            let block = TimedGains {
                start_frame,
                end_frame: start_frame + 4096.0,
                interpolation_frames: None,
                gains: gains[turn % 2],
            };
            turn += 1;
            mixer.push(0, &block).expect("a block");
            let from = Block::new(black_box(&input)).expect("a channel");
            let to = BlockMut::new(&mut output).expect("channels");
            mixer.convert(from, to).expect("matching blocks");
        }),
        rivals: Vec::new(),
        limit,
    }
}

fn extent(width_deg: f64, limit: Option<Limit>) -> Case {
    let layout = Layout::SURROUND_7_1_4;
    let point_source = PointSource::new(layout).expect("a named layout");
    let panner = PolarExtent::new(point_source).expect("owned memory");
    let size = Extent { width_deg, height_deg: width_deg / 2.0, depth: 0.0 };
    let name = format!("BS.2127 extent, {layout}, {width_deg} x {}°", width_deg / 2.0);
    for (azimuth_deg, elevation_deg) in directions() {
        check(&name, &panner.gains(azimuth_deg, elevation_deg, 1.0, size).expect("a direction"));
    }
    case(name, limit, move |azimuth_deg, elevation_deg| {
        let gains = panner.gains(azimuth_deg, elevation_deg, 1.0, size);
        gains.map_or(f64::NAN, |gains| gains[0])
    })
}

fn vbap(layout: Layout) -> Case {
    let loudspeakers = layout.speakers().iter().filter(|speaker| !speaker.lfe);
    let rig: Vec<Direction> = loudspeakers.map(Direction::nominal).collect();
    let panner = Vbap::new(&rig, VbapShape::Sphere).expect("a rig that can be closed");
    let name = format!("VBAP, {layout}");
    let params = VbapParams::default();
    for (azimuth_deg, elevation_deg) in directions() {
        check(&name, &panner.gains(azimuth_deg, elevation_deg, params).expect("a direction"));
    }
    case(name, None, move |azimuth_deg, elevation_deg| {
        panner.gains(azimuth_deg, elevation_deg, params).map_or(f64::NAN, |gains| gains[0])
    })
}

/// A rig beside the crate `vbap`: from a direction to a gain for every loudspeaker.
fn vbap_beside(what: &str, rig: &[(f64, f64)], shape: VbapShape) -> Case {
    /// Both solve the same equations in f64.
    const ROUNDING: f64 = 1e-9;
    let loudspeakers: Vec<Direction> = rig
        .iter()
        .map(|&(azimuth_deg, elevation_deg)| Direction { azimuth_deg, elevation_deg })
        .collect();
    let panner = Vbap::new(&loudspeakers, shape).expect("a rig that can be closed");
    let builder =
        rig.iter().fold(VBAPanner::builder(), |builder, &(azimuth_deg, elevation_deg)| {
            builder.add_speaker(azimuth_deg, elevation_deg)
        });
    let rival = builder.build().expect("a rig that can be closed");
    let params = VbapParams::default();
    // On a ring elevations count for nothing in ours.
    let level = |deg: f64| if shape == VbapShape::Ring { 0.0 } else { deg };
    let directions: Vec<(f64, f64)> =
        directions().into_iter().map(|(azimuth, elevation)| (azimuth, level(elevation))).collect();
    let mut dense = vec![0.0; rig.len()];
    let mut cursor = PanCursor::default();
    for &(azimuth_deg, elevation_deg) in &directions {
        let ours = panner.gains(azimuth_deg, elevation_deg, params).expect("a direction");
        dense.fill(0.0);
        rival.compute_gains(azimuth_deg, elevation_deg, &mut cursor).accumulate_into(&mut dense);
        let apart = ours.iter().zip(&dense).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart < ROUNDING, "{what}: {apart} apart at {azimuth_deg}° {elevation_deg}°");
    }
    let mut theirs = move |azimuth_deg: f64, elevation_deg: f64| {
        dense.fill(0.0);
        rival.compute_gains(azimuth_deg, elevation_deg, &mut cursor).accumulate_into(&mut dense);
        dense[0]
    };
    let again = directions.clone();
    let rival = Rival::new(
        "vbap",
        move || {
            let mut sum = 0.0;
            for &(azimuth_deg, elevation_deg) in black_box(&again) {
                sum += theirs(azimuth_deg, elevation_deg);
            }
            black_box(sum);
        },
        Goal::None,
    );
    Case {
        name: format!("VBAP, {what}"),
        units: DIRECTIONS as u64,
        unit: "direction",
        ours: Box::new(move || {
            let mut sum = 0.0;
            for &(azimuth_deg, elevation_deg) in black_box(&directions) {
                let gains = panner.gains(azimuth_deg, elevation_deg, params);
                sum += gains.map_or(f64::NAN, |gains| gains[0]);
            }
            black_box(sum);
        }),
        limit: None,
        rivals: vec![rival],
    }
}

/// Frames of a run of the panner.
const FRAMES: usize = 4096;

/// A mono source that stands, or that moves in every frame: 3° every 480 frames.
fn panner(layout: Layout, moving: bool) -> Case {
    let stream = Stream::new(RATE_HZ, layout).expect("a stream");
    let at =
        |azimuth_deg| PannerParams { azimuth_deg, elevation_deg: 12.0, ..PannerParams::default() };
    let make = || Panner::new(PannerSetup::default(), at(20.0), stream).expect("a panner");
    let input = vec![vec![0.25_f32; FRAMES]];
    let point = PointSource::new(layout).expect("a named layout");
    let rival_input = input[0].clone();
    let mut naive = Naive::new(point, layout);
    let mut output = vec![vec![0.0_f32; FRAMES]; layout.channel_count()];
    let mut theirs = output.clone();
    let steps = move |moving: bool| if moving { 480 } else { FRAMES };
    let mut turn = 0_u32;
    let mut run = move |panner: &mut Panner<'static>, output: &mut [Vec<f32>]| {
        let mut from = 0;
        while from < FRAMES {
            let to = (from + steps(moving)).min(FRAMES);
            if moving {
                turn = (turn + 3) % 360;
                panner.set_params(at(f64::from(turn) - 180.0)).expect("a position");
            }
            let input = Block::new(black_box(&input)).expect("a channel").range(from, to);
            let mut whole = BlockMut::new(output).expect("channels");
            panner.convert(input, whole.range(from, to)).expect("matching blocks");
            from = to;
        }
    };
    // Standing, both are the same but for the smoother's start.
    let mut ours = make();
    if !moving {
        run(&mut ours, &mut output);
        for _ in 0..10 {
            naive.run(&rival_input, &mut theirs, (20.0, 12.0), FRAMES);
        }
        let last = |rows: &[Vec<f32>]| rows.iter().map(|row| row[FRAMES - 1]).collect::<Vec<_>>();
        for (ours, theirs) in last(&output).iter().zip(last(&theirs)) {
            assert!((ours - theirs).abs() < 1e-5, "the panners differ");
        }
    }
    let mut turn = 0_u32;
    let name = if moving { "one that moves" } else { "one that stands" };
    Case {
        name: format!("panner, mono to {layout}, {name}"),
        units: FRAMES as u64,
        unit: "frame",
        ours: Box::new(move || {
            run(&mut ours, &mut output);
            black_box(&output);
        }),
        rivals: vec![Rival::new(
            "naive Rust",
            move || {
                let azimuth_deg = if moving {
                    turn = (turn + 25) % 360;
                    f64::from(turn) - 180.0
                } else {
                    20.0
                };
                naive.run(black_box(&rival_input), &mut theirs, (azimuth_deg, 12.0), 480);
                black_box(&theirs);
            },
            Goal::NotSlower,
        )],
        limit: None,
    }
}

/// Eight loudspeakers all round.
fn ring() -> Case {
    let rig: Vec<(f64, f64)> = (0..8).map(|n| (f64::from(n) * 45.0 - 135.0, 0.0)).collect();
    vbap_beside("a ring of 8", &rig, VbapShape::Ring)
}

/// The corners of an icosahedron: two rings of five at ±atan(1/2), turned by half a step, and both poles.
fn icosahedron() -> Case {
    let elevation_deg = 0.5_f64.atan().to_degrees();
    let ring = (0..10).map(|n| {
        let up = if n % 2 == 0 { elevation_deg } else { -elevation_deg };
        (f64::from(n) * 36.0 - 162.0, up)
    });
    let rig: Vec<(f64, f64)> = ring.chain([(0.0, 90.0), (0.0, -90.0)]).collect();
    vbap_beside("an icosahedron of 12", &rig, VbapShape::Sphere)
}

/// What is written first: the gains of every block, and a one-pole smoother of each per sample.
struct Naive {
    point: PointSource,
    gains: Vec<f32>,
    share: f32,
}

impl Naive {
    fn new(point: PointSource, layout: Layout) -> Self {
        // A time constant of 5 ms is 98 % of the way in 20 ms.
        let share = 1.0 - (-1.0 / (0.005 * RATE_HZ)).exp() as f32;
        Self { point, gains: vec![0.0; layout.channel_count()], share }
    }

    fn run(
        &mut self,
        input: &[f32],
        output: &mut [Vec<f32>],
        (azimuth_deg, elevation_deg): (f64, f64),
        block: usize,
    ) {
        for from in (0..input.len()).step_by(block) {
            let to = (from + block).min(input.len());
            let target = self.point.gains(azimuth_deg, elevation_deg).expect("a direction");
            for n in from..to {
                for ((gain, target), out) in
                    self.gains.iter_mut().zip(target.iter()).zip(output.iter_mut())
                {
                    *gain += self.share * (*target as f32 - *gain);
                    out[n] = input[n] * *gain;
                }
            }
        }
    }
}

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    let limit = |must_ns, stretch_ns, quoted| Some(Limit { must_ns, stretch_ns, quoted });
    vec![
        point(Layout::SURROUND_5_1, limit(100.0, 60.0, "libear 459 ns")),
        point(Layout::SURROUND_7_1_4, limit(100.0, 60.0, "libear 498 ns")),
        point(Layout::SURROUND_22_2, limit(160.0, 100.0, "libear 645 ns")),
        batch(Layout::SURROUND_7_1_4, limit(150.0, 100.0, "goal 15 ms for all")),
        moving(Layout::SURROUND_7_1_4, limit(2.5, 1.5, "libear 9 ns (ramp to 12)")),
        extent(20.0, limit(1000.0, 1000.0, "libear 2000 ns (AVX-512, f32)")),
        extent(90.0, limit(1000.0, 1000.0, "libear 2000 ns (AVX-512, f32)")),
        vbap(Layout::SURROUND_7_1_4),
        ring(),
        icosahedron(),
        panner(Layout::SURROUND_7_1_4, false),
        panner(Layout::SURROUND_7_1_4, true),
    ]
}
