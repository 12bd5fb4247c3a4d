//! Dialogue where it belongs: what the panner's anchors hold, and what it counts.

use mixcore::spatial::{
    DialogueAnchor, Direction, PanEngine, PanForm, PanLaw, PanSource, PannerParams, PannerSetup,
};
use mixcore::{Layout, Processor, math};

use crate::panner::{POWER, SAME, at, convert, dialogue, gains_over_time, power, sphere, stream};
use crate::roster::prelude::panner as make;
use crate::signals::noise;

#[test]
fn dialogue_in_the_centre_keeps_its_bits_and_refuses_to_move() {
    let input = noise::<f32>(1, 500, 1.0, 5);
    for layout in Layout::all() {
        let mut panner =
            make(dialogue(DialogueAnchor::CentreOnly), PannerParams::default(), stream(layout))
                .unwrap();
        let mut output = vec![vec![9.0_f32; 500]; layout.channel_count()];
        convert(&mut panner, &input, &mut output);
        let centre = layout.index_of("M+000");
        for (channel, out) in output.iter().enumerate() {
            let front = ["M+030", "M-030"].contains(&layout.speakers()[channel].label);
            if Some(channel) == centre {
                assert!(out.iter().zip(&input[0]).all(|(y, x)| y.to_bits() == x.to_bits()));
            } else if centre.is_none() && front {
                let gain = 0.5_f64.sqrt() as f32;
                assert!(out.iter().zip(&input[0]).all(|(y, x)| *y == x * gain), "{layout}");
            } else {
                assert!(out.iter().all(|y| *y == 0.0), "{layout} {channel}");
            }
        }
        for field in ["azimuth_deg", "width_deg", "divergence", "spread_deg"] {
            let error = panner.set_field(field, 0.5).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("{field} is 0.5, allowed is its default")),
                "{error}"
            );
            assert!(error.contains("anchored in the centre"), "{error}");
        }
        panner.set_field("gain_db", -6.0).unwrap();
        assert_eq!(panner.params().gain_db, -6.0);
        assert_eq!(panner.warnings().held_frames, 0);
        assert!(make(dialogue(DialogueAnchor::CentreOnly), at(1.0), stream(layout)).is_err());
    }
    let setup = PannerSetup { source: PanSource::Stereo, ..dialogue(DialogueAnchor::CentreOnly) };
    let panner = make(setup, PannerParams::default(), stream(Layout::SURROUND_5_1)).unwrap();
    assert_eq!((panner.gains_now(0)[2], panner.gains_now(1)[2]), (0.5_f64.sqrt(), 0.5_f64.sqrt()));
}

#[test]
fn a_lock_snaps_to_the_nearest_loudspeaker_and_moves_there_without_a_jump() {
    let layout = Layout::SURROUND_5_1;
    let mut panner = make(dialogue(DialogueAnchor::Lock), at(14.0), stream(layout)).unwrap();
    assert!((panner.gains_now(0)[2] - 1.0).abs() <= SAME);
    panner.set_params(at(16.0)).unwrap();
    let over_time = gains_over_time(&mut panner, layout, 1000);
    assert_eq!(panner.position(0).unwrap().azimuth_deg, 30.0);
    assert!((panner.gains_now(0)[0] - 1.0).abs() <= SAME);
    // 30° in 960 frames, the tangent law's 3.73 times that in the middle.
    const STEP: f64 = 3.8 * 0.524 / 960.0;
    for channel in &over_time {
        assert!(channel.windows(2).all(|pair| (pair[1] - pair[0]).abs() <= STEP));
    }
    let warnings = panner.warnings();
    assert_eq!((warnings.outside_frames, warnings.held_frames), (0, 1000));
    assert_eq!(warnings.first_held_frame, Some(0));
}

#[test]
fn the_front_holds_its_angle_and_the_share_of_the_centre() {
    let sides = |params: PannerParams, layout: Layout| {
        let anchor = DialogueAnchor::Front { max_angle_deg: 14.0, centre_share: 0.5 };
        make(dialogue(anchor), params, stream(layout)).unwrap()
    };
    for layout in [Layout::STEREO, Layout::SURROUND_5_1, Layout::SURROUND_7_1_4, Layout::QUAD] {
        let centre = layout.index_of("M+000");
        for (n, (azimuth_deg, elevation_deg)) in sphere().enumerate() {
            let params = PannerParams {
                azimuth_deg,
                elevation_deg,
                width_deg: [0.0, 80.0, 360.0][n % 3],
                divergence: [0.0, 1.0][n % 2],
                ..PannerParams::default()
            };
            let panner = sides(params, layout);
            let gains = panner.gains_now(0);
            let in_centre = match centre {
                Some(channel) => gains[channel] * gains[channel],
                None => 2.0 * (gains[0] * gains[0]).min(gains[1] * gains[1]),
            };
            assert!(in_centre >= (0.5 - POWER) * power(&gains), "{layout} {params:?}: {in_centre}");
            assert!(layout == Layout::STEREO || (power(&gains) - 1.0).abs() <= POWER);
            let at = panner.position(0).unwrap();
            let [_, ahead, _] =
                Direction { azimuth_deg: at.azimuth_deg, elevation_deg: at.elevation_deg }.vector();
            assert!(math::acos(ahead.min(1.0)).to_degrees() <= 14.0 + 1e-6);
        }
    }
    // Divergence of a source ahead: what BS.2127 gives the middle, until it is less than the share.
    for (value, share) in [(0.2, 0.8 / 1.2), (0.5, 0.5), (1.0, 0.5)] {
        let params = PannerParams { divergence: value, ..PannerParams::default() };
        let gains = sides(params, Layout::SURROUND_5_1).gains_now(0);
        assert!((gains[2] * gains[2] - share).abs() <= POWER, "{value}");
    }
    // Across the rear the side changes, and the source crosses the front to it in 20 ms.
    let mut panner = sides(at(179.0), Layout::SURROUND_5_1);
    assert_eq!(panner.position(0).unwrap().azimuth_deg, 14.0);
    panner.set_params(at(-179.0)).unwrap();
    gains_over_time(&mut panner, Layout::SURROUND_5_1, 480);
    assert_eq!(panner.position(0).unwrap().azimuth_deg, 0.0);
    gains_over_time(&mut panner, Layout::SURROUND_5_1, 480);
    assert_eq!(panner.position(0).unwrap().azimuth_deg, -14.0);
}

#[test]
fn dialogue_that_leaves_the_front_is_counted() {
    let layout = Layout::SURROUND_5_1;
    let mut panner = make(PannerSetup::default(), at(30.0), stream(layout)).unwrap();
    gains_over_time(&mut panner, layout, 1000);
    let warnings = panner.warnings();
    assert_eq!((warnings.outside_frames, warnings.first_outside_frame), (0, None));
    assert_eq!(warnings.largest_angle_deg, 30.0);
    panner.set_params(at(55.0)).unwrap();
    gains_over_time(&mut panner, layout, 2000);
    let warnings = panner.warnings();
    // It stands at 30° in the frame of the call, and is outside from the next grid point, 1024, on.
    assert_eq!((warnings.outside_frames, warnings.first_outside_frame), (1976, Some(1024)));
    assert_eq!((warnings.largest_angle_deg, warnings.held_frames), (55.0, 0));
    // Above the screen is outside as well.
    panner.set_params(PannerParams { elevation_deg: 45.0, ..PannerParams::default() }).unwrap();
    panner.reset();
    assert_eq!(panner.warnings().outside_frames, 0);
    gains_over_time(&mut panner, layout, 10);
    assert_eq!(panner.warnings().outside_frames, 10);
    assert!((panner.warnings().largest_angle_deg - 45.0).abs() < 1e-12);
}

#[test]
fn a_size_and_a_divergence_reach_outside_of_the_front() {
    let layout = Layout::SURROUND_5_1;
    let reach = |setup: PannerSetup, params: PannerParams| {
        let mut panner = make(setup, params, stream(layout)).unwrap();
        gains_over_time(&mut panner, layout, 10);
        let warnings = panner.warnings();
        assert_eq!(warnings.outside_frames, if warnings.largest_angle_deg > 30.0 { 10 } else { 0 });
        warnings.largest_angle_deg
    };
    let ahead = PannerParams::default();
    let wide = PannerParams { azimuth_deg: 10.0, width_deg: 50.0, height_deg: 20.0, ..ahead };
    let divided = PannerParams { divergence: 0.5, divergence_range_deg: 45.0, ..ahead };
    let all = PannerParams { width_deg: 360.0, divergence_range_deg: 180.0, ..divided };
    let engine = |engine| PannerSetup { engine, ..PannerSetup::default() };
    for (of, sizes) in [(PanEngine::Polar, true), (PanEngine::Room, true), (PanEngine::Vbap, true)]
        .into_iter()
        .chain([(PanEngine::Pairs, false)])
    {
        let setup = engine(of);
        assert_eq!(reach(setup, ahead), 0.0);
        assert_eq!(reach(setup, wide), if sizes { 35.0 } else { 10.0 }, "{of:?}");
        assert_eq!(reach(setup, divided), 45.0);
        assert_eq!(reach(setup, PannerParams { divergence: 0.0, ..divided }), 0.0);
        assert_eq!(reach(setup, PannerParams { azimuth_deg: -10.0, ..divided }), 55.0);
        assert_eq!(reach(setup, all), 180.0, "{of:?}");
    }
    // A circle of VBAP ends at 180 degrees.
    let round = PannerParams { height_deg: 300.0, ..ahead };
    assert_eq!(reach(engine(PanEngine::Vbap), round), 90.0);
    assert_eq!(reach(engine(PanEngine::Polar), round), 150.0);
    // Seen from nearer a source is larger, from further away smaller; at 0 it is everywhere.
    let at_distance = |distance| reach(engine(PanEngine::Polar), PannerParams { distance, ..wide });
    assert!(at_distance(2.0) < 35.0 && at_distance(0.5) > 35.0);
    assert_eq!(at_distance(0.0), 180.0);
    // What an anchor holds is the position.
    for anchor in
        [DialogueAnchor::Lock, DialogueAnchor::Front { max_angle_deg: 30.0, centre_share: 0.5 }]
    {
        let setup = dialogue(anchor);
        assert!(reach(setup, at(29.0)) <= 30.0);
        let held = PannerParams { azimuth_deg: 60.0, width_deg: 20.0, ..divided };
        assert!(reach(setup, held) >= 30.0 + 10.0 + 45.0, "{anchor:?}");
    }
    assert_eq!(reach(dialogue(DialogueAnchor::CentreOnly), ahead), 0.0);
}

#[test]
fn an_engine_uses_the_fields_that_change_its_gains() {
    let from = PannerParams {
        azimuth_deg: 20.0,
        elevation_deg: 25.0,
        distance: 0.7,
        width_deg: 30.0,
        height_deg: 20.0,
        depth: 0.1,
        spread_deg: 50.0,
        rotation_deg: 30.0,
        divergence: 0.3,
        divergence_range_deg: 25.0,
        gain_db: -3.0,
        lfe_send_db: -20.0,
    };
    let moved = [
        ("azimuth_deg", 24.0),
        ("elevation_deg", 35.0),
        ("distance", 0.9),
        ("width_deg", 60.0),
        ("height_deg", 70.0),
        ("depth", 0.4),
        ("spread_deg", 44.0),
        ("rotation_deg", 50.0),
        ("divergence", 0.5),
        ("divergence_range_deg", 31.0),
        ("gain_db", -4.0),
        ("lfe_send_db", -10.0),
    ];
    let law = PanEngine::StereoLaw { law: PanLaw::SinCos3, form: PanForm::default() };
    for (engine, layout) in [
        (PanEngine::Polar, Layout::SURROUND_7_1_4),
        (PanEngine::Room, Layout::SURROUND_7_1_4),
        (PanEngine::Vbap, Layout::SURROUND_7_1_4),
        (PanEngine::Pairs, Layout::SURROUND_7_1_4),
        (law, Layout::STEREO),
    ] {
        let setup = PannerSetup { source: PanSource::Stereo, engine, ..PannerSetup::default() };
        let gains = |params: PannerParams| {
            let panner = make(setup, params, stream(layout)).unwrap();
            [panner.gains_now(0), panner.gains_now(1)]
        };
        let before = gains(from);
        for (field, value) in moved {
            if field == "lfe_send_db" && layout == Layout::STEREO {
                continue; // It has no LFE.
            }
            let changed = gains(from.with(field, value).unwrap()) != before;
            assert_eq!(changed, engine.uses(field), "{engine:?} {field}");
        }
    }
}
