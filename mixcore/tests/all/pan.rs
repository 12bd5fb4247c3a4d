//! The panner: exact at loudspeakers, constant in power, the same in the mirror, and smooth.

use mixcore::spatial::{PanEngine, PanGains, Panner, PannerParams, PannerSetup, pan_gains};
use mixcore::{Block, BlockMut, Convert, Error, Layout, Processor, Sample, Stream, math};
use proptest::prelude::*;

use crate::signals::{Noise, noise};

/// Rounding of two squares of sines: a few ulp of 1.
const ROUNDING: f64 = 1e-15;

fn gains(layout: Layout, azimuth_deg: f64) -> PanGains {
    pan_gains(layout, azimuth_deg).unwrap()
}

/// Loudspeakers that a pan may use.
fn usable(layout: Layout) -> impl Iterator<Item = (usize, f64)> {
    let speakers = layout.speakers().iter().enumerate();
    speakers.filter(|(_, s)| !s.lfe && s.elevation_deg == 0.0).map(|(n, s)| (n, s.azimuth_deg))
}

/// Every tenth of a degree of the circle.
fn circle() -> impl Iterator<Item = f64> {
    (-1800..=1800).map(|tenths| f64::from(tenths) / 10.0)
}

#[cfg(feature = "json")]
#[test]
fn stereo_is_the_sine_cosine_law() {
    /// The table's pan position as an azimuth is rounded; slope π/2.
    const TABLE: f64 = 1e-15;
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("data/pan_laws.json")).unwrap();
    let law = &golden["laws"]["sincos_-3"];
    for (n, pan) in golden["pan"].as_array().unwrap().iter().enumerate() {
        let ours = gains(Layout::STEREO, -30.0 * pan.as_f64().unwrap());
        assert!((ours[0] - law["L"][n].as_f64().unwrap()).abs() <= TABLE, "{pan}");
        assert!((ours[1] - law["R"][n].as_f64().unwrap()).abs() <= TABLE, "{pan}");
    }
}

#[test]
fn at_a_loudspeaker_it_alone_sounds() {
    for layout in Layout::all() {
        for (channel, azimuth_deg) in usable(layout) {
            for (other, gain) in gains(layout, azimuth_deg).iter().enumerate() {
                let expected = if other == channel { 1.0_f64 } else { 0.0 };
                assert_eq!(gain.to_bits(), expected.to_bits(), "{layout} {azimuth_deg} {other}");
            }
        }
    }
}

#[test]
fn the_power_is_one_everywhere_and_only_two_neighbours_sound() {
    for layout in Layout::all() {
        let ring: Vec<usize> = usable(layout).map(|(channel, _)| channel).collect();
        for azimuth_deg in circle() {
            let gains = gains(layout, azimuth_deg);
            assert_eq!(gains.len(), layout.channel_count());
            let power: f64 = gains.iter().map(|g| g * g).sum();
            assert!((power - 1.0).abs() <= ROUNDING, "{layout} {azimuth_deg}: {power}");
            let sounding: Vec<usize> =
                (0..gains.len()).filter(|&channel| gains[channel] != 0.0).collect();
            assert!(sounding.len() <= 2 && sounding.iter().all(|c| ring.contains(c)));
            assert!(gains.iter().all(|g| (0.0..=1.0).contains(g)));
        }
    }
}

#[test]
fn the_mirror_has_the_same_bits() {
    for layout in Layout::all() {
        for azimuth_deg in circle() {
            let (here, there) = (gains(layout, azimuth_deg), gains(layout, -azimuth_deg));
            for (channel, at) in usable(layout) {
                let twin = usable(layout)
                    .find(|&(_, other)| other == -at || (at == 180.0 && other == at))
                    .unwrap()
                    .0;
                assert_eq!(
                    here[channel].to_bits(),
                    there[twin].to_bits(),
                    "{layout} {azimuth_deg}"
                );
            }
        }
        assert_eq!(gains(layout, 180.0), gains(layout, -180.0));
    }
}

#[test]
fn nothing_jumps_on_the_way_round() {
    /// The bound of the spatial layer for a tenth of a degree; a 15° arc needs 0.0105.
    const STEP: f64 = 0.02;
    for layout in Layout::all() {
        let mut before = gains(layout, -180.0);
        for azimuth_deg in circle() {
            let now = gains(layout, azimuth_deg);
            for (a, b) in before.iter().zip(now.iter()) {
                assert!((a - b).abs() <= STEP, "{layout} {azimuth_deg}");
            }
            before = now;
        }
    }
}

#[test]
fn a_frontal_layout_holds_its_edges_and_folds_what_is_behind() {
    for azimuth_deg in [30.0, 45.0, 90.0, 110.0, 150.0] {
        assert_eq!(*gains(Layout::STEREO, azimuth_deg), [1.0, 0.0]);
        assert_eq!(*gains(Layout::STEREO, -azimuth_deg), [0.0, 1.0]);
    }
    assert_eq!(gains(Layout::STEREO, 170.0), gains(Layout::STEREO, 10.0));
    assert_eq!(gains(Layout::FRONT_3_0, 180.0), gains(Layout::FRONT_3_0, 0.0));
    assert_eq!(*gains(Layout::MONO, 77.7), [1.0]);
    // 5.1 has loudspeakers behind: straight behind is between them.
    let behind = gains(Layout::SURROUND_5_1, 180.0);
    assert_eq!((behind[4], behind[5]), (0.5_f64.sqrt(), 0.5_f64.sqrt()));
    // A third of the way from C to L: cos 30°, sin 30°.
    let third = gains(Layout::SURROUND_5_1, 10.0);
    assert!((third[2] - 0.75_f64.sqrt()).abs() <= ROUNDING && (third[0] - 0.5).abs() <= ROUNDING);
}

/// The panner of this law.
fn pairs(params: PannerParams, stream: Stream) -> Result<Panner<'static>, Error> {
    let setup = PannerSetup { engine: PanEngine::Pairs, ..PannerSetup::default() };
    Panner::new_in(setup, params, stream, &mut [])
}

fn towards(azimuth_deg: f64) -> PannerParams {
    PannerParams { azimuth_deg, ..PannerParams::default() }
}

fn azimuth_deg(panner: &Panner<'_>) -> f64 {
    panner.position(0).unwrap().azimuth_deg
}

fn convert<S: Sample>(panner: &mut Panner<'_>, input: &[S], output: &mut [Vec<S>], block: usize) {
    let mut at = 0;
    while at < input.len() {
        let end = (at + block).min(input.len());
        let mut out = BlockMut::new(output).unwrap();
        panner.convert(Block::mono(&input[at..end]), out.range(at, end)).unwrap();
        at = end;
    }
}

#[test]
fn a_standing_source_is_its_gains_times_the_input() {
    let stream = Stream::new(48_000.0, Layout::SURROUND_7_1_4).unwrap();
    let input = noise::<f32>(1, 777, 1.0, 1).remove(0);
    for azimuth_deg in [0.0, 20.0, -135.0, 180.0] {
        let mut panner = pairs(towards(azimuth_deg), stream).unwrap();
        let mut output = vec![vec![9.0_f32; 777]; 12];
        convert(&mut panner, &input, &mut output, 100);
        for (out, gain) in output.iter().zip(gains(stream.layout, azimuth_deg).iter()) {
            let gain = *gain as f32;
            assert!(out.iter().zip(&input).all(|(y, x)| y.to_bits() == (x * gain).to_bits()
                || (gain == 0.0 && *y == 0.0)));
        }
    }
}

#[test]
fn a_move_takes_20_ms_along_the_shortest_arc_and_keeps_the_power() {
    /// Between grid points the gains lie on the chord of an arc of at most 60° of the law (a whole
    /// stereo base in 30 intervals of 3° each): 1 - cos(1.5°) below 1.
    const CHORD: f64 = 3.5e-4;
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let mut panner = pairs(towards(30.0), stream).unwrap();
    let ones = vec![1.0_f64; 1200];
    let mut output = vec![vec![0.0_f64; 1200]; 2];
    panner.set_params(towards(-30.0)).unwrap();
    convert(&mut panner, &ones, &mut output, 1200);
    assert_eq!((output[0][0], output[1][0]), (1.0, 0.0));
    assert!(output[0][960..].iter().all(|&g| g == 0.0));
    assert!(output[1][960..].iter().all(|&g| g == 1.0));
    for (left, right) in output[0].iter().zip(&output[1]) {
        let length = math::hypot(*left, *right);
        assert!((1.0 - CHORD..=1.0 + ROUNDING).contains(&length), "{length}");
    }
    // From behind left to behind right it passes behind, not through the front.
    let stream = Stream::new(48_000.0, Layout::SURROUND_5_1).unwrap();
    let mut panner = pairs(towards(165.0), stream).unwrap();
    panner.set_field("azimuth_deg", -170.0).unwrap();
    let mut output = vec![vec![0.0_f64; 1200]; 6];
    convert(&mut panner, &ones[..480], &mut output, 480);
    assert_eq!(azimuth_deg(&panner), 177.5);
    convert(&mut panner, &ones[..480], &mut output, 480);
    assert_eq!(azimuth_deg(&panner), -170.0);
    assert!(output[..4].iter().flatten().all(|&g| g == 0.0));
}

/// Gains over time of a source that changes its mind at odd frames.
fn restless<S: Sample>(block: u32, input: &[S]) -> Vec<Vec<S>> {
    let stream = Stream::new(44_100.0, Layout::SURROUND_7_1).unwrap();
    let mut panner = pairs(PannerParams::default(), stream).unwrap();
    let mut output = vec![vec![S::zero(); input.len()]; 8];
    let mut pick = Noise::new(block);
    let mut at = 0;
    for (end, azimuth_deg) in [(700, 170.0), (1111, -90.0), (1300, 45.0), (4000, 0.0)] {
        while at < end {
            let count = if block == 0 { end } else { pick.below(90) }.min(end - at);
            let mut out = BlockMut::new(&mut output).unwrap();
            let part = Block::mono(&input[at..at + count]);
            panner.convert(part, out.range(at, at + count)).unwrap();
            at += count;
        }
        panner.set_params(towards(azimuth_deg)).unwrap();
    }
    output
}

#[test]
fn every_split_gives_the_same_bits_and_no_change_of_mind_clicks() {
    let input = noise::<f32>(1, 4000, 1.0, 7).remove(0);
    let whole = restless(0, &input);
    for seed in 1..6 {
        assert_eq!(restless(seed, &input), whole);
    }
    /// The fastest turn is 180° in 882 frames, over arcs of 30°: (π/60)·(180/882) = 0.0107 a frame.
    const STEP: f64 = 0.0112;
    for channel in restless(0, &[1.0_f64; 4000]) {
        assert!(channel.windows(2).all(|pair| (pair[1] - pair[0]).abs() <= STEP));
    }
}

#[test]
fn what_is_not_finite_comes_through_only_where_it_is_panned() {
    let stream = Stream::new(48_000.0, Layout::SURROUND_5_1).unwrap();
    let mut panner = pairs(towards(30.0), stream).unwrap();
    let mut output = vec![vec![0.0_f32; 3]; 6];
    convert(&mut panner, &[1.0, f32::NAN, f32::INFINITY], &mut output, 3);
    assert!(output[0][1].is_nan() && output[0][2] == f32::INFINITY);
    assert!(output[1..].iter().flatten().all(|&x| x == 0.0));
}

/// A loudspeaker that a turn opens stands at zero in its first frame: nothing comes through, not even
/// what is no number.
#[test]
fn the_opening_frame_of_a_turn_is_silence() {
    let mut panner = pairs(towards(30.0), Stream::new(48_000.0, Layout::STEREO).unwrap()).unwrap();
    panner.set_params(towards(-30.0)).unwrap();
    let mut output = vec![vec![9.0_f32; 3]; 2];
    convert(&mut panner, &[f32::NAN, 1.0, f32::NAN], &mut output, 3);
    assert!(output[0][0].is_nan());
    assert_eq!(output[1][0], 0.0);
    assert!(output[1][1] > 0.0 && output[1][2].is_nan());
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_pan(
        layout in 0..17_usize,
        azimuth_deg in prop_oneof![any::<f64>(), -200.0..200.0, Just(-180.0), Just(180.0)],
        next_deg in prop_oneof![1 => any::<f64>(), 3 => -180.0..180.0],
        rate_hz in prop_oneof![1 => any::<f64>(), 3 => 8e3..384e3],
        shapes in ((0..4_usize, 0..99_usize), (0..25_usize, 0..99_usize)),
        same in any::<bool>(),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let good = (-180.0..=180.0).contains(&azimuth_deg);
        match pan_gains(layout, azimuth_deg) {
            Ok(gains) => {
                prop_assert!(good);
                let power: f64 = gains.iter().map(|g| g * g).sum();
                prop_assert!((power - 1.0).abs() <= ROUNDING);
            }
            Err(_) => prop_assert!(!good),
        }
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let panner = pairs(towards(azimuth_deg), stream);
        prop_assert_eq!(panner.is_ok(), good && (8e3..=384e3).contains(&rate_hz));
        let Ok(mut panner) = panner else { return Ok(()) };
        let moved = panner.set_params(towards(next_deg)).is_ok();
        prop_assert_eq!(moved, (-180.0..=180.0).contains(&next_deg));
        prop_assert!(panner.set_field("no_such_field", 0.0).is_err());
        let ((inputs, in_frames), (outputs, out_frames)) = shapes;
        let (inputs, outputs, out_frames) =
            if same { (1, layout.channel_count(), in_frames) } else { (inputs, outputs, out_frames) };
        let input = vec![vec![0.5_f32; in_frames]; inputs];
        let mut output = vec![vec![7.0_f32; out_frames]; outputs];
        let (Ok(input), Ok(block)) = (Block::new(&input), BlockMut::new(&mut output)) else {
            return Ok(());
        };
        let fits = inputs == 1 && outputs == layout.channel_count() && in_frames == out_frames;
        prop_assert_eq!(panner.convert(input, block).is_ok(), fits);
        let kept = output.iter().flatten().all(|&x| x == 7.0);
        prop_assert!(fits || kept, "an error leaves the output");
        prop_assert!(output.iter().flatten().all(|x| x.is_finite()));
    }
}
