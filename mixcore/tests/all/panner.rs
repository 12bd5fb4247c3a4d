//! The panner: what every renderer of objects gives, in time, and dialogue where it belongs.

use mixcore::spatial::{
    ChannelLock, DialogueAnchor, Direction, Divergence, Extent, ObjectMetadata, ObjectPanner,
    ObjectPlace, PanEngine, PanForm, PanGains, PanLaw, PanSource, Panner, PannerParams,
    PannerSetup, PointSource, PolarExtent, RigGains,
};
use mixcore::{Block, BlockMut, Convert, Layout, Processor, Sample, Stream, math};
use proptest::prelude::*;

use crate::click::{CLICK_DBFS, PASSAGE, left_above_5_khz, tone};
use crate::roster::prelude::panner as make;
use crate::signals::{Noise, noise};

/// What DESIGN promises of the power.
pub const POWER: f64 = 1e-12;
/// The same position by angles and by a vector: an ulp of the angle, through gains whose slope is up to
/// 4 a radian and the roots of small powers.
pub const SAME: f64 = 1e-12;

/// On an edge between two regions a share is held to 1e-10 (as in `point_source.rs`).
const EDGE: f64 = 1e-9;

pub fn stream(layout: Layout) -> Stream {
    Stream::new(48_000.0, layout).unwrap()
}

fn still(layout: Layout) -> Panner<'static> {
    make(PannerSetup::default(), PannerParams::default(), stream(layout)).unwrap()
}

pub fn at(azimuth_deg: f64) -> PannerParams {
    PannerParams { azimuth_deg, ..PannerParams::default() }
}

pub fn dialogue(anchor: DialogueAnchor) -> PannerSetup {
    PannerSetup { anchor, ..PannerSetup::default() }
}

pub fn power(gains: &[f64]) -> f64 {
    gains.iter().map(|gain| gain * gain).sum()
}

/// A grid of directions, the poles included.
pub fn sphere() -> impl Iterator<Item = (f64, f64)> {
    (-12..=12)
        .flat_map(|turn| (-6..=6).map(move |up| (f64::from(turn) * 15.0, f64::from(up) * 15.0)))
}

/// The channel that stands where `channel` stands in the mirror.
fn mirrored(layout: Layout, channel: usize) -> usize {
    let here = &layout.speakers()[channel];
    let found = layout.speakers().iter().position(|there| {
        let twin = there.azimuth_deg == -here.azimuth_deg
            || (here.azimuth_deg.abs() == 180.0 && there.azimuth_deg.abs() == 180.0);
        twin && there.elevation_deg == here.elevation_deg && there.lfe == here.lfe
    });
    found.unwrap_or(channel)
}

pub fn convert<S: Sample>(panner: &mut Panner<'_>, input: &[Vec<S>], output: &mut [Vec<S>]) {
    panner.convert(Block::new(input).unwrap(), BlockMut::new(output).unwrap()).unwrap();
}

/// The gains over time of one source, by ones.
pub fn gains_over_time(panner: &mut Panner<'_>, layout: Layout, frames: usize) -> Vec<Vec<f64>> {
    let mut output = vec![vec![0.0; frames]; layout.channel_count()];
    convert(panner, &[vec![1.0; frames]], &mut output);
    output
}

#[test]
fn it_gives_what_a_renderer_of_objects_gives_the_same_metadata() {
    for layout in Layout::all().filter(|layout| PointSource::new(*layout).is_ok()) {
        let memory = vec![0.0; PolarExtent::required_len(layout)];
        let objects =
            ObjectPanner::new_in(layout, None, Box::leak(memory.into_boxed_slice())).unwrap();
        let mut panner = still(layout);
        let mut locked =
            make(dialogue(DialogueAnchor::Lock), PannerParams::default(), stream(layout)).unwrap();
        for (n, (azimuth_deg, elevation_deg)) in sphere().enumerate() {
            let pick = |list: &[f64]| list[n % list.len()];
            let extent = Extent {
                width_deg: pick(&[0.0, 5.0, 60.0, 270.0]),
                height_deg: pick(&[0.0, 0.0, 20.0]),
                depth: pick(&[0.0, 0.4]),
            };
            let divergence = Divergence {
                value: pick(&[0.0, 0.5, 1.0, 0.2, 0.0]),
                azimuth_range_deg: pick(&[45.0, 30.0]),
            };
            let distance = pick(&[1.0, 0.3, 2.5, 1.0, 1.0, 0.0, 1.0]);
            let place =
                ObjectPlace::Polar { azimuth_deg, elevation_deg, distance, extent, divergence };
            let params = PannerParams {
                azimuth_deg,
                elevation_deg,
                distance,
                width_deg: extent.width_deg,
                height_deg: extent.height_deg,
                depth: extent.depth,
                divergence: divergence.value,
                divergence_range_deg: divergence.azimuth_range_deg,
                ..PannerParams::default()
            };
            for (panner, lock) in [(&mut panner, ChannelLock::Off), (&mut locked, ChannelLock::Any)]
            {
                panner.set_params(params).unwrap();
                panner.reset();
                let object = ObjectMetadata { place, channel_lock: lock, ..Default::default() };
                let theirs = objects.gains(&object).unwrap().direct;
                let ours = panner.gains_now(0);
                for (ours, theirs) in ours.iter().zip(theirs.iter()) {
                    assert!((ours - theirs).abs() <= SAME, "{layout} {params:?} {lock:?}");
                }
            }
        }
    }
}

/// The engines that hold the power, in the layouts where they do.
fn engines(layout: Layout) -> impl Iterator<Item = PanEngine> {
    // BS.2127's stereo is lowered behind; its law is asserted with `PointSource`.
    let polar = (layout != Layout::STEREO).then_some(PanEngine::Polar);
    let law = PanEngine::StereoLaw { law: PanLaw::SinCos3, form: PanForm::Plain };
    let law = (layout == Layout::STEREO).then_some(law);
    polar.into_iter().chain([PanEngine::Room, PanEngine::Vbap, PanEngine::Pairs]).chain(law)
}

#[test]
fn the_power_is_one_everywhere_and_the_mirror_mirrors() {
    for layout in Layout::all() {
        for engine in engines(layout) {
            let setup = PannerSetup { engine, ..PannerSetup::default() };
            let panner = make(setup, PannerParams::default(), stream(layout)).unwrap();
            let bound = match engine {
                PanEngine::Polar | PanEngine::Vbap => EDGE,
                _ => SAME,
            };
            let heard: Vec<usize> = (0..layout.channel_count())
                .filter(|channel| !layout.speakers()[*channel].lfe)
                .collect();
            for (n, (azimuth_deg, elevation_deg)) in sphere().enumerate() {
                let width_deg = if n % 3 == 0 { 40.0 } else { 0.0 };
                let extent = Extent { width_deg, ..Extent::default() };
                let gains = |side: f64| {
                    panner.gains(side * azimuth_deg, elevation_deg, 1.0, extent).unwrap()
                };
                let (here, there): (RigGains, RigGains) = (gains(1.0), gains(-1.0));
                assert_eq!(here.len(), heard.len());
                assert!((power(&here) - 1.0).abs() <= POWER, "{layout} {engine:?}");
                // Straight up and down 0 and 180 are the same place, but for rounding near an edge.
                for (place, channel) in heard.iter().enumerate() {
                    let twin = mirrored(layout, *channel);
                    let twin = heard.iter().position(|other| *other == twin).unwrap();
                    let way = (here[place] - there[twin]).abs();
                    assert!(
                        way <= bound,
                        "{layout} {engine:?} {azimuth_deg} {elevation_deg}: {way}"
                    );
                }
            }
        }
    }
}

#[test]
fn nothing_jumps_on_the_way_round() {
    /// The bound of the spatial layer for a tenth of a degree.
    const STEP: f64 = 0.02;
    for layout in Layout::all() {
        for engine in engines(layout).chain((layout == Layout::STEREO).then_some(PanEngine::Polar))
        {
            let setup = PannerSetup { engine, ..PannerSetup::default() };
            let panner = make(setup, PannerParams::default(), stream(layout)).unwrap();
            for elevation_deg in [0.0, 35.0, -20.0] {
                let gains = |tenths: i32| {
                    let azimuth_deg = f64::from(tenths) / 10.0;
                    panner.gains(azimuth_deg, elevation_deg, 1.0, Extent::default()).unwrap()
                };
                let mut before = gains(-1800);
                for tenths in -1799..=1800 {
                    let now = gains(tenths);
                    let step = before
                        .iter()
                        .zip(now.iter())
                        .fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
                    assert!(step <= STEP, "{layout} {engine:?} {elevation_deg} {tenths}: {step}");
                    before = now;
                }
            }
        }
    }
}

#[test]
fn neither_a_jump_of_half_a_turn_nor_the_longest_way_is_a_click() {
    // 4+9+0 has the closest loudspeakers; 30° is the longest way that is gone through.
    let layouts = [
        Layout::STEREO,
        Layout::SURROUND_5_1,
        Layout::SURROUND_7_1_4,
        Layout::SYSTEM_G,
        Layout::SURROUND_22_2,
    ];
    let moves =
        [(0.0, 180.0), (90.0, -90.0), (30.0, -150.0), (-14.5, 15.0), (0.0, 29.5), (-2.0, 27.0)];
    for layout in layouts {
        for (from_deg, to_deg) in moves {
            // Near the middle of the passage, at odd frames of the tone and of the grid.
            for first in [1487, 1600, 1733] {
                let mut panner =
                    make(PannerSetup::default(), at(from_deg), stream(layout)).unwrap();
                let source = tone(PASSAGE);
                let mut output = vec![vec![0.0; PASSAGE]; layout.channel_count()];
                let block = Block::mono(&source);
                let mut whole = BlockMut::new(&mut output).unwrap();
                panner.convert(block.range(0, first), whole.range(0, first)).unwrap();
                panner.set_params(at(to_deg)).unwrap();
                panner.convert(block.range(first, PASSAGE), whole.range(first, PASSAGE)).unwrap();
                for (channel, passage) in output.iter().enumerate() {
                    let (dbfs, _) = left_above_5_khz(passage, 20.0);
                    assert!(dbfs <= CLICK_DBFS, "{layout} {from_deg} {to_deg} {channel}: {dbfs}");
                }
            }
        }
    }
}

#[test]
fn a_move_takes_20_ms_the_short_way_round_and_keeps_the_power_at_its_points() {
    /// 29° in 30 intervals; between C and L (30°) the tangent law turns the gains by up to
    /// sin 30°/(2·sin² 15°) = 3.73 times that: θ = 3.61° and 1 − cos²(1.81°).
    const DIP: f64 = 0.001;
    /// The cross-fade turns them by 90° in 30 intervals: 1 − cos²(1.5°).
    const FADE_DIP: f64 = 0.0007;
    let layout = Layout::SURROUND_5_1;
    for (to_deg, dip) in [(29.0, DIP), (180.0, FADE_DIP)] {
        let mut panner = make(PannerSetup::default(), at(0.0), stream(layout)).unwrap();
        panner.set_params(at(to_deg)).unwrap();
        let mut least = 1.0_f64;
        let over_time = gains_over_time(&mut panner, layout, 1200);
        for n in 0..1200 {
            let power: f64 = over_time.iter().map(|channel| channel[n] * channel[n]).sum();
            assert!(power <= 1.0 + POWER);
            least = least.min(power);
            if n % 32 == 0 {
                assert!((power - 1.0).abs() <= POWER, "{to_deg} {n}: {power}");
            }
        }
        assert!(least >= 1.0 - dip && least < 1.0 - dip / 2.0, "{to_deg}: {least}");
        assert_eq!(panner.position(0).unwrap().azimuth_deg, to_deg);
        for channel in over_time {
            assert!(channel[960..].iter().all(|gain| *gain == channel[960]));
        }
    }
    // On from behind: -170° is 20° away, not 340°.
    let mut panner = make(PannerSetup::default(), at(170.0), stream(layout)).unwrap();
    panner.set_params(at(-170.0)).unwrap();
    let way = gains_over_time(&mut panner, layout, 480);
    assert!((panner.position(0).unwrap().azimuth_deg.abs() - 180.0).abs() < 1e-9);
    assert!(way[..4].iter().flatten().all(|gain| gain.abs() < EDGE), "it never passes the front");
    gains_over_time(&mut panner, layout, 480);
    let there = make(PannerSetup::default(), at(-170.0), stream(layout)).unwrap();
    assert_eq!(panner.gains_now(0), there.gains_now(0));
}

/// Fields and values of a restless hand.
const HAND: [(&str, f64); 14] = [
    ("azimuth_deg", 170.0),
    ("elevation_deg", 40.0),
    ("azimuth_deg", -150.0),
    ("width_deg", 90.0),
    ("spread_deg", 130.0),
    ("rotation_deg", 70.0),
    ("gain_db", -144.0),
    ("distance", 0.4),
    ("lfe_send_db", -3.0),
    ("divergence", 0.6),
    ("gain_db", 3.0),
    ("azimuth_deg", 20.0),
    ("depth", 0.5),
    ("height_deg", 30.0),
];

fn restless<S: Sample>(setup: PannerSetup, seed: u32, input: &[Vec<S>]) -> Vec<Vec<S>> {
    let layout = Layout::SURROUND_7_1_4;
    let stream = Stream::new(44_100.0, layout).unwrap();
    let mut panner = make(setup, PannerParams::default(), stream).unwrap();
    let frames = input[0].len();
    let mut output = vec![vec![S::zero(); frames]; layout.channel_count()];
    let input = Block::new(input).unwrap();
    let mut pick = Noise::new(seed);
    let mut from = 0;
    for (turn, (field, value)) in HAND.into_iter().enumerate() {
        let to = ((turn + 1) * 311).min(frames);
        while from < to {
            let count = if seed == 0 { to } else { pick.below(90) }.min(to - from);
            let mut whole = BlockMut::new(&mut output).unwrap();
            panner
                .convert(input.range(from, from + count), whole.range(from, from + count))
                .unwrap();
            from += count;
        }
        panner.set_field(field, value).unwrap();
    }
    output
}

#[test]
fn every_split_gives_the_same_bits_and_a_change_of_mind_does_not_jump() {
    /// From zero to +3 dB the gain goes 120 dB in 882 frames, 0.136 dB a frame: 0.0222 of 1.41; the
    /// cross-fade that meets it goes π/2 in 882, 0.0025 of 1.41.
    const STEP: f64 = 0.0247;
    let frames = HAND.len() * 311;
    for engine in [PanEngine::Polar, PanEngine::Room, PanEngine::Vbap, PanEngine::Pairs] {
        let mono = PannerSetup { engine, ..PannerSetup::default() };
        let stereo = PannerSetup { source: PanSource::Stereo, ..mono };
        let input = noise::<f32>(2, frames, 1.0, 7);
        let whole = restless(stereo, 0, &input);
        let alone = restless(mono, 0, &input[..1]);
        for seed in 1..4 {
            assert!(restless(stereo, seed, &input) == whole, "{engine:?}");
            assert!(restless(mono, seed, &input[..1]) == alone, "{engine:?}");
        }
        for channel in restless(mono, 0, &[vec![1.0_f64; frames]]) {
            for (n, pair) in channel.windows(2).enumerate() {
                let step = (pair[1] - pair[0]).abs();
                assert!(step <= STEP && pair[0] >= 0.0, "{engine:?} {n}: {step}");
            }
        }
    }
}

#[test]
fn a_stereo_source_is_two_points_round_its_position() {
    let layout = Layout::SURROUND_5_1;
    let setup = PannerSetup { source: PanSource::Stereo, ..PannerSetup::default() };
    // As it comes: L at L and R at R.
    let mut panner = make(setup, PannerParams::default(), stream(layout)).unwrap();
    for (source, channel) in [(0, 0), (1, 1)] {
        let gains = panner.gains_now(source);
        assert!((gains[channel] - 1.0).abs() <= SAME && (power(&gains) - 1.0).abs() <= POWER);
    }
    assert!(panner.peak_bound_db().abs() < 1e-9);
    let side = |panner: &Panner<'_>, source: usize| {
        let at = panner.position(source).unwrap();
        (at.azimuth_deg, at.elevation_deg)
    };
    let params = PannerParams { azimuth_deg: 170.0, spread_deg: 80.0, ..PannerParams::default() };
    panner.set_params(params).unwrap();
    panner.reset();
    assert_eq!((side(&panner, 0), side(&panner, 1)), ((-150.0, 0.0), (130.0, 0.0)));
    // Both at one place add up by 6.02 dB where they are equal, and no more.
    panner.set_params(PannerParams { azimuth_deg: -30.0, spread_deg: 0.0, ..params }).unwrap();
    panner.reset();
    assert_eq!(panner.gains_now(0), panner.gains_now(1));
    assert!((panner.peak_bound_db() - 20.0 * math::log10(2.0)).abs() < 1e-9);
    // Turned upright the left side is above.
    panner
        .set_params(PannerParams {
            spread_deg: 60.0,
            rotation_deg: 90.0,
            ..PannerParams::default()
        })
        .unwrap();
    panner.reset();
    assert!((side(&panner, 0).1 - 30.0).abs() < 1e-12 && (side(&panner, 1).1 + 30.0).abs() < 1e-12);
    // Raised, both stay half of the spread away along the great circle, level with the position.
    let raised = PannerParams { elevation_deg: 40.0, spread_deg: 50.0, ..PannerParams::default() };
    panner.set_params(raised).unwrap();
    panner.reset();
    let centre = Direction { azimuth_deg: 0.0, elevation_deg: 40.0 }.vector();
    for source in 0..2 {
        let (azimuth_deg, elevation_deg) = side(&panner, source);
        let vector = Direction { azimuth_deg, elevation_deg }.vector();
        let cosine: f64 = centre.iter().zip(vector).map(|(a, b)| a * b).sum();
        assert!((math::acos(cosine).to_degrees() - 25.0).abs() < 1e-9);
    }
    assert!((side(&panner, 0).0 + side(&panner, 1).0).abs() < 1e-12 && side(&panner, 0).0 > 0.0);
    // A mono source has one position, and the audio of the stereo one is the sum of both.
    assert!(still(layout).position(1).is_none());
    let input = noise::<f64>(2, 300, 1.0, 3);
    let mut both = vec![vec![0.0; 300]; 6];
    convert(&mut panner, &input, &mut both);
    let gains: [PanGains; 2] = [panner.gains_now(0), panner.gains_now(1)];
    for (channel, out) in both.iter().enumerate() {
        for (n, y) in out.iter().enumerate() {
            let expected = input[0][n] * gains[0][channel] + input[1][n] * gains[1][channel];
            assert!((y - expected).abs() < 1e-15);
        }
    }
}

#[test]
fn the_lfe_is_silent_unless_it_is_sent_to() {
    for (layout, share) in [(Layout::SURROUND_5_1, 1.0), (Layout::SURROUND_22_2, 0.5)] {
        let lfes: Vec<usize> =
            (0..layout.channel_count()).filter(|n| layout.speakers()[*n].lfe).collect();
        let mut panner = make(PannerSetup::default(), at(20.0), stream(layout)).unwrap();
        assert!(lfes.iter().all(|lfe| panner.gains_now(0)[*lfe] == 0.0));
        panner.set_params(PannerParams { lfe_send_db: -20.0, gain_db: 20.0, ..at(20.0) }).unwrap();
        let over_time = gains_over_time(&mut panner, layout, 1000);
        for lfe in lfes {
            assert!((panner.gains_now(0)[lfe] - share).abs() < 1e-12);
            assert_eq!(over_time[lfe][0], 0.0);
        }
        // Gerzon's vectors are those of the loudspeakers.
        let length = |v: [f64; 3]| math::sqrt(v.iter().map(|x| x * x).sum());
        assert!(length(panner.energy_vector().unwrap()) <= 1.0 + SAME);
    }
}

#[test]
fn the_vectors_point_where_the_source_is() {
    let layout = Layout::SURROUND_7_1_4;
    for speaker in layout.speakers().iter().filter(|speaker| !speaker.lfe) {
        let params = PannerParams {
            azimuth_deg: speaker.azimuth_deg,
            elevation_deg: speaker.elevation_deg,
            ..PannerParams::default()
        };
        let panner = make(PannerSetup::default(), params, stream(layout)).unwrap();
        let at = Direction::nominal(speaker).vector();
        for vector in [panner.energy_vector().unwrap(), panner.velocity_vector().unwrap()] {
            assert!(vector.iter().zip(at).all(|(a, b)| (a - b).abs() < 1e-9), "{}", speaker.label);
        }
    }
    // Between two loudspeakers VBAP's velocity vector has the source's direction, and is shorter.
    let setup = PannerSetup { engine: PanEngine::Vbap, ..PannerSetup::default() };
    let mut panner = make(setup, at(12.0), stream(layout)).unwrap();
    let vector = panner.velocity_vector().unwrap();
    let azimuth_deg = math::atan2(-vector[0], vector[1]).to_degrees();
    assert!((azimuth_deg - 12.0).abs() < 1e-9 && vector[2].abs() < 1e-12);
    panner.set_params(PannerParams { gain_db: -144.0, ..at(12.0) }).unwrap();
    panner.reset();
    assert!(panner.energy_vector().is_none() && panner.velocity_vector().is_none());
    assert_eq!(panner.peak_bound_db(), f64::NEG_INFINITY);
}

#[test]
fn what_an_engine_cannot_do_is_said() {
    // 3.1.2 leaves the rear open: no direction is silent all the same.
    let panner = still(Layout::SURROUND_3_1_2);
    for (azimuth_deg, elevation_deg) in sphere() {
        let gains = panner.gains(azimuth_deg, elevation_deg, 1.0, Extent::default()).unwrap();
        assert!((power(&gains) - 1.0).abs() <= POWER);
    }
    let law = PanEngine::StereoLaw { law: PanLaw::SinCos4_5, form: PanForm::Compensated };
    let setup = PannerSetup { engine: law, ..PannerSetup::default() };
    assert!(make(setup, PannerParams::default(), stream(Layout::SURROUND_5_1)).is_err());
    let panner = make(setup, at(-15.0), stream(Layout::STEREO)).unwrap();
    let expected = PanLaw::SinCos4_5.gains(PanForm::Compensated, 0.5).unwrap();
    assert_eq!(*panner.gains_now(0), expected);
    assert!(PanEngine::Polar.uses("depth") && !PanEngine::Vbap.uses("depth"));
    assert!(!law.uses("elevation_deg") && law.uses("divergence"));
    // A rig that stands where it stands.
    let vbap = PannerSetup { engine: PanEngine::Vbap, ..PannerSetup::default() };
    let stream = stream(Layout::QUAD);
    let rig = [40.0, -40.0, 140.0, -140.0]
        .map(|azimuth_deg| Direction { azimuth_deg, elevation_deg: 0.0 });
    let panner = Panner::with_positions(vbap, at(140.0), stream, &rig).unwrap();
    assert!((panner.gains_now(0)[2] - 1.0).abs() <= SAME);
    assert!(Panner::with_positions(vbap, at(0.0), stream, &rig[..3]).is_err());
    assert!(Panner::with_positions(PannerSetup::default(), at(0.0), stream, &rig).is_err());
    let anchor = DialogueAnchor::Front { max_angle_deg: f64::NAN, centre_share: 0.0 };
    assert!(Panner::with_positions(PannerSetup { anchor, ..vbap }, at(0.0), stream, &rig).is_err());
}

#[test]
fn errors_name_the_field_the_value_and_what_is_allowed() {
    let mut panner = still(Layout::SURROUND_5_1);
    let error = panner.set_params(at(200.0)).unwrap_err().to_string();
    for word in ["azimuth_deg", "200", "180"] {
        assert!(error.contains(word), "{error}");
    }
    let error = panner.gains(0.0, f64::NAN, 1.0, Extent::default()).unwrap_err().to_string();
    assert!(error.contains("elevation_deg") && error.contains("90"), "{error}");
    assert_eq!(panner.params(), PannerParams::default());
    let need = Panner::required_len(PannerSetup::default(), &stream(Layout::SURROUND_5_1));
    let mut little = vec![0.0; need - 1];
    let setup = PannerSetup::default();
    assert!(Panner::new_in(setup, at(0.0), stream(Layout::SURROUND_5_1), &mut little).is_err());
    let six = vec![vec![0.0_f32; 4]; 6];
    let mut output = vec![vec![0.0_f32; 4]; 6];
    let out = BlockMut::new(&mut output).unwrap();
    assert!(panner.convert(Block::new(&six).unwrap(), out).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_arguments_give_an_error_or_finite_audio(
        layout in 0..17_usize,
        engine in 0..4_usize,
        anchor in 0..4_usize,
        stereo in any::<bool>(),
        limits in (prop_oneof![1 => any::<f64>(), 4 => 0.0..180.0], prop_oneof![1 => any::<f64>(), 4 => 0.0..=1.0]),
        moves in prop::collection::vec((0..12_usize, prop_oneof![1 => any::<f64>(), 4 => -180.0..180.0], 0..70_usize), 0..12),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let engine = [PanEngine::Polar, PanEngine::Room, PanEngine::Vbap, PanEngine::Pairs][engine];
        let anchor = match anchor {
            0 => DialogueAnchor::Free,
            1 => DialogueAnchor::CentreOnly,
            2 => DialogueAnchor::Lock,
            _ => DialogueAnchor::Front { max_angle_deg: limits.0, centre_share: limits.1 },
        };
        let source = if stereo { PanSource::Stereo } else { PanSource::Mono };
        let setup = PannerSetup { source, engine, anchor };
        let panner = make(setup, PannerParams::default(), stream(layout));
        prop_assert_eq!(panner.is_ok(), anchor.validate().is_ok());
        let Ok(mut panner) = panner else { return Ok(()) };
        for (field, value, frames) in moves {
            let field = &PannerParams::FIELDS[field];
            let moved = panner.set_field(field.name, value).is_ok();
            prop_assert!(!moved || field.check(value).is_ok());
            let input = vec![vec![0.5_f32; frames]; source.channel_count()];
            let mut output = vec![vec![7.0_f32; frames]; layout.channel_count()];
            let block = Block::new(&input).unwrap();
            panner.convert(block, BlockMut::new(&mut output).unwrap()).unwrap();
            // Two sources of 0.5 at +24 dB, in the LFE at +34 dB: 50.1.
            prop_assert!(output.iter().flatten().all(|x| x.abs() <= 51.0), "{:?}", panner.params());
            for source in 0..3 {
                prop_assert!(panner.gains_now(source).iter().all(|g| (0.0..=51.0).contains(g)));
            }
        }
    }
}
