//! The spatial part of `realtime.rs`: gains are worked out and blocks pushed without the allocator.

use mixcore::audio::{Block, BlockMut};
use mixcore::spatial::{
    DialogueAnchor, Direction, Divergence, Extent, ObjectMetadata, ObjectMixer, ObjectMixerSetup,
    ObjectPanner, ObjectPlace, PanEngine, PanSource, Panner, PannerParams, PannerSetup, Screen,
    TimedGains, Vbap, VbapParams, VbapShape,
};
use mixcore::{Convert, Layout, Processor, Stream};

#[test]
fn gains_of_sources_and_their_blocks_never_allocate() {
    let layout = Layout::SURROUND_7_1_4;
    let stream = Stream::new(48_000.0, layout).unwrap();
    let objects = ObjectPanner::new(layout, Some(Screen::default())).unwrap();
    let rig: Vec<Direction> = layout.speakers().iter().take(3).map(Direction::nominal).collect();
    let vbap = Vbap::new(&rig, VbapShape::Sphere).unwrap();
    let setup = ObjectMixerSetup { objects: 2, diffuse: true };
    let mut mixer = ObjectMixer::<f32>::new(setup, stream).unwrap();
    let input = crate::signals::noise::<f32>(2, 2000, 0.5, 9);
    let mut output = vec![vec![0.0_f32; 2000]; layout.channel_count()];
    let calls = crate::allocations(|| {
        for n in 0..4_u32 {
            let place = ObjectPlace::Polar {
                azimuth_deg: f64::from(n) * 40.0,
                elevation_deg: 10.0,
                distance: 0.8,
                extent: Extent { width_deg: 40.0, height_deg: 10.0, depth: 0.2 },
                divergence: Divergence { value: 0.5, azimuth_range_deg: 30.0 },
            };
            let object = ObjectMetadata { place, diffuse: 0.3, ..ObjectMetadata::default() };
            let block = TimedGains {
                start_frame: f64::from(n) * 500.0,
                end_frame: f64::from(n) * 500.0 + 500.0,
                interpolation_frames: None,
                gains: objects.gains(&object).unwrap(),
            };
            mixer.push(1, &block).unwrap();
            std::hint::black_box(vbap.gains(50.0, 20.0, VbapParams::default()).unwrap());
        }
        let from = Block::new(&input).unwrap();
        mixer.convert(from, BlockMut::new(&mut output).unwrap()).unwrap();
        assert!(
            mixer
                .push(
                    0,
                    &TimedGains {
                        start_frame: 0.0,
                        end_frame: 1.0,
                        interpolation_frames: None,
                        gains: objects.gains(&ObjectMetadata::default()).unwrap(),
                    }
                )
                .is_err()
        );
        mixer.reset();
    });
    assert_eq!(calls, 0);
}

#[test]
fn a_panner_that_moves_never_allocates() {
    let layout = Layout::SURROUND_7_1_4;
    let stream = Stream::new(48_000.0, layout).unwrap();
    let input = crate::signals::noise::<f32>(2, 2000, 0.5, 9);
    let mut output = vec![vec![0.0_f32; 2000]; layout.channel_count()];
    let anchors = [
        DialogueAnchor::Free,
        DialogueAnchor::Lock,
        DialogueAnchor::Front { max_angle_deg: 30.0, centre_share: 0.5 },
    ];
    for engine in [PanEngine::Polar, PanEngine::Room, PanEngine::Vbap, PanEngine::Pairs] {
        for anchor in anchors {
            let setup = PannerSetup { source: PanSource::Stereo, engine, anchor };
            let mut panner = Panner::new(setup, PannerParams::default(), stream).unwrap();
            let calls = crate::allocations(|| {
                for n in 0..4_u32 {
                    let params = PannerParams {
                        azimuth_deg: f64::from(n) * 50.0,
                        elevation_deg: f64::from(n) * 10.0,
                        width_deg: f64::from(n) * 15.0,
                        divergence: 0.3,
                        lfe_send_db: -6.0,
                        ..PannerParams::default()
                    };
                    panner.set_params(params).unwrap();
                    let to = BlockMut::new(&mut output).unwrap();
                    panner.convert(Block::new(&input).unwrap(), to).unwrap();
                    let size = Extent { width_deg: 20.0, ..Extent::default() };
                    std::hint::black_box(panner.gains(30.0, 10.0, 1.0, size).unwrap());
                    std::hint::black_box((panner.energy_vector(), panner.warnings()));
                    assert!(panner.set_field("azimuth_deg", f64::NAN).is_err());
                }
                panner.reset();
            });
            assert_eq!(calls, 0, "{engine:?} {anchor:?}");
        }
    }
}
