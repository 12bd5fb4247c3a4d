//! A session renders what it says: placed, summed, aligned, and the same bits however it is cut.

use mixcore::Layout;
use mixcore::audio::{Block, Buffer};
use mixcore::delivery::Role;
use mixcore::dynamics::LimiterParams;
use mixcore::kernels::Isa;
use mixcore::session::{
    InMemory, Place, Renderer, Session, Source, Strip, Version, Window, compile, compile_with_isa,
    measure,
};
use mixcore::units::FrameRate;
use proptest::prelude::*;

use crate::signals::noise;

const FRAMES: usize = 5000;

pub fn strip(id: u32, role: Role, layout: Layout, place: Place) -> Strip {
    Strip {
        id: format!("strip {id}"),
        role,
        source: Source { id, layout },
        gain_db: 0.0,
        invert: Vec::new(),
        place,
    }
}

pub fn version(name: &str, layout: Layout, limiter: Option<f64>) -> Version {
    Version {
        name: name.into(),
        layout,
        spec: None,
        dual_mono: false,
        gain_db: 0.0,
        limiter: limiter
            .map(|ceiling_dbtp| LimiterParams { ceiling_dbtp, ..LimiterParams::default() }),
    }
}

pub fn session(strips: Vec<Strip>, versions: Vec<Version>) -> Session {
    Session {
        rate_hz: 48_000.0,
        frame_rate: FrameRate::F25,
        start_timecode_frame: 90_000,
        programme: Window { start_frame: 0, frames: FRAMES as u64 },
        strips,
        versions,
    }
}

/// Versions and stems of a whole render.
#[derive(Clone, Debug, PartialEq)]
struct Rendered {
    versions: Vec<Buffer<f64>>,
    stems: Vec<Vec<(Role, Buffer<f64>)>>,
}

fn render(renderer: &mut Renderer<f64>, audio: &[Vec<Vec<f64>>], versions: usize) -> Rendered {
    let blocks: Vec<Block<'_, f64>> = audio.iter().map(|a| Block::new(a).unwrap()).collect();
    let mut sources = InMemory::new(&blocks);
    let mut out: Vec<Vec<Vec<f64>>> = vec![Vec::new(); versions];
    let mut stems: Vec<Vec<(Role, Vec<Vec<f64>>)>> = vec![Vec::new(); versions];
    let mut at = 0;
    while let Some(step) = renderer.next(&mut sources).unwrap() {
        assert_eq!(step.frame(), at, "steps follow one another without a gap");
        at += step.frames() as u64;
        for version in 0..versions {
            append(&mut out[version], step.version(version));
            for (index, (role, block)) in step.stems(version).enumerate() {
                if stems[version].len() <= index {
                    stems[version].push((role, Vec::new()));
                }
                append(&mut stems[version][index].1, block);
            }
        }
    }
    assert_eq!(at, renderer.frames());
    let buffer = |a: &Vec<Vec<f64>>| Buffer::from_block(&Block::new(a).unwrap());
    Rendered {
        versions: out.iter().map(buffer).collect(),
        stems: stems
            .iter()
            .map(|list| list.iter().map(|(role, a)| (*role, buffer(a))).collect())
            .collect(),
    }
}

fn append(to: &mut Vec<Vec<f64>>, from: Block<'_, f64>) {
    to.resize(from.channel_count(), Vec::new());
    for (to, from) in to.iter_mut().zip(from.channels()) {
        to.extend_from_slice(from);
    }
}

/// Dialogue, two music strips, ambience, effects, into three versions, two of them limited.
fn busy() -> (Session, Vec<Vec<Vec<f64>>>) {
    let strips = vec![
        strip(0, Role::Dx, Layout::MONO, Place::Front),
        strip(1, Role::Mx, Layout::STEREO, Place::Front),
        strip(2, Role::Amb, Layout::STEREO, Place::Surround),
        strip(3, Role::Fx, Layout::SURROUND_5_1, Place::Front),
        strip(1, Role::Mx, Layout::STEREO, Place::Direct),
    ];
    let mut session = session(
        strips,
        vec![
            version("stereo", Layout::STEREO, Some(-6.0)),
            version("surround", Layout::SURROUND_5_1, None),
            version("mono", Layout::MONO, Some(-3.0)),
        ],
    );
    for (index, strip) in session.strips.iter_mut().enumerate() {
        strip.id = format!("{index}");
        strip.gain_db = index as f64 - 2.0;
    }
    session.strips[2].invert = vec![false, true];
    session.versions[1].gain_db = 1.5;
    let audio = [(1, 31), (2, 32), (2, 33), (6, 34)]
        .map(|(channels, seed)| noise::<f64>(channels, FRAMES, 0.5, seed));
    (session, audio.to_vec())
}

#[test]
fn any_block_length_and_any_isa_give_the_same_bits() {
    let (session, audio) = busy();
    let expected = render(&mut compile(&session, FRAMES * 2).unwrap(), &audio, 3);
    for max_block in [1, 7, 64, 480, 4096] {
        let mut renderer = compile(&session, max_block).unwrap();
        assert!(render(&mut renderer, &audio, 3) == expected, "blocks of {max_block}");
        renderer.rewind();
        assert!(render(&mut renderer, &audio, 3) == expected, "rewound, blocks of {max_block}");
    }
    for isa in Isa::available() {
        let mut renderer = compile_with_isa(&session, 480, isa).unwrap();
        assert!(render(&mut renderer, &audio, 3) == expected, "{isa:?}");
    }
}

#[test]
fn the_stems_sum_to_the_version_where_nothing_limits() {
    let (session, audio) = busy();
    let rendered = render(&mut compile(&session, 512).unwrap(), &audio, 3);
    let surround = &rendered.versions[1];
    let roles: Vec<Role> = rendered.stems[1].iter().map(|(role, _)| *role).collect();
    assert_eq!(roles, [Role::Dx, Role::Mx, Role::Amb, Role::Fx]);
    for channel in 0..6 {
        for n in 0..FRAMES {
            let sum: f64 =
                rendered.stems[1].iter().fold(0.0, |s, (_, stem)| s + stem.channel(channel)[n]);
            assert_eq!(sum, surround.channel(channel)[n]);
        }
    }
}

#[test]
fn every_path_is_aligned_to_the_frame() {
    let strips = vec![strip(0, Role::Dx, Layout::MONO, Place::Direct)];
    let versions =
        vec![version("a", Layout::STEREO, Some(-1.0)), version("b", Layout::STEREO, None)];
    for at in [0, 1, FRAMES / 2, FRAMES - 1] {
        let mut audio = vec![vec![vec![0.0; FRAMES]]];
        audio[0][0][at] = 0.5;
        let session = session(strips.clone(), versions.clone());
        let rendered = render(&mut compile(&session, 333).unwrap(), &audio, 2);
        for side in 0..2 {
            for buffer in [&rendered.versions[0], &rendered.versions[1], &rendered.stems[0][0].1] {
                let found: Vec<usize> =
                    (0..FRAMES).filter(|&n| buffer.channel(side)[n] != 0.0).collect();
                assert_eq!(found, [at]);
                assert_eq!(buffer.channel(side)[at], 0.5);
            }
        }
    }
}

/// Gains of a source channel in every channel of a version, from a constant signal.
fn placed(place: Place, source: Layout, channel: usize, target: Layout) -> Vec<f64> {
    let strips = vec![strip(0, Role::Fx, source, place)];
    let session = session(strips, vec![version("v", target, None)]);
    let mut audio = vec![vec![0.0; FRAMES]; source.channel_count()];
    audio[channel].fill(1.0);
    let rendered = render(&mut compile(&session, 4096).unwrap(), &[audio], 1);
    (0..target.channel_count()).map(|c| rendered.versions[0].channel(c)[100]).collect()
}

#[test]
fn places_are_what_their_names_say() {
    // One rounding of sin and cos.
    const EXACT: f64 = 1e-15;
    let check = |place, source, channel, target, expected: &[f64]| {
        let gains = placed(place, source, channel, target);
        assert!(
            gains.iter().zip(expected).all(|(a, b)| (a - b).abs() <= EXACT),
            "{place:?} {source} to {target}: {gains:?}, expected {expected:?}"
        );
    };
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let (mono, stereo, surround) = (Layout::MONO, Layout::STEREO, Layout::SURROUND_5_1);
    check(Place::Direct, mono, 0, stereo, &[1.0, 1.0]);
    check(Place::Direct, mono, 0, surround, &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    check(Place::Direct, mono, 0, mono, &[1.0]);
    check(Place::Direct, stereo, 1, stereo, &[0.0, 1.0]);
    check(Place::Direct, surround, 4, stereo, &[half, 0.0]);
    check(Place::Front, mono, 0, stereo, &[half, half]);
    check(Place::Front, mono, 0, surround, &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    check(Place::Front, mono, 0, mono, &[half]);
    check(Place::Front, stereo, 0, mono, &[0.5]);
    check(Place::Front, surround, 3, surround, &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    check(Place::Surround, stereo, 0, surround, &[0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    check(Place::Surround, stereo, 1, stereo, &[0.0, 1.0]);
    check(Place::Surround, mono, 0, surround, &[0.0, 0.0, 0.0, 0.0, half, half]);
    check(Place::Pan { azimuth_deg: 30.0 }, mono, 0, stereo, &[1.0, 0.0]);
    check(Place::Pan { azimuth_deg: -110.0 }, mono, 0, surround, &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn a_version_that_is_left_out_is_silent_and_changes_no_other() {
    let (session, audio) = busy();
    let mut renderer = compile(&session, 480).unwrap();
    let all = render(&mut renderer, &audio, 3);
    renderer.set_version_enabled(0, false).unwrap();
    renderer.rewind();
    let fewer = render(&mut renderer, &audio, 3);
    assert!(fewer.versions[1..] == all.versions[1..] && fewer.stems[1..] == all.stems[1..]);
    assert!(fewer.versions[0].channel(0).iter().all(|&x| x == 0.0));
    renderer.set_version_enabled(0, true).unwrap();
    renderer.rewind();
    assert!(render(&mut renderer, &audio, 3) == all);
    assert!(renderer.set_version_enabled(3, true).is_err());
}

#[test]
fn the_programme_window_leaves_the_rest_outside() {
    let strips = vec![strip(0, Role::Mx, Layout::MONO, Place::Direct)];
    let mut session = session(strips, vec![version("v", Layout::STEREO, Some(-1.0))]);
    session.programme = Window { start_frame: 1000, frames: 500 };
    let ramp: Vec<f64> = (0..FRAMES).map(|n| n as f64 / 1e5).collect();
    let blocks = [Block::mono(&ramp)];
    let mut sources = InMemory::new(&blocks);
    let mut renderer: Renderer<f64> = compile(&session, 64).unwrap();
    let mut heard = Vec::new();
    let mut first = None;
    while let Some(step) = renderer.next(&mut sources).unwrap() {
        first = first.or(Some(step.frame()));
        heard.extend_from_slice(step.version(0).channel(0));
    }
    assert_eq!(first, Some(1000));
    assert_eq!(heard, ramp[1000..1500]);
    assert_eq!(session.timecode(48_000).to_string(), "01:00:01:00");
    // A measurement's frames count from the window, its timecodes from the session.
    session.programme = Window { start_frame: 48_000, frames: 500 };
    let measured = measure::<f64>(&session, &mut InMemory::new(&blocks), &mut |_, _| ()).unwrap();
    assert_eq!(measured[0].header().timecode(0).to_string(), "01:00:01:00");
}

#[test]
fn faults_of_a_source_become_silence_and_are_counted() {
    let strips = vec![strip(0, Role::Mx, Layout::MONO, Place::Direct)];
    let session = session(strips, vec![version("v", Layout::STEREO, None)]);
    let mut audio = vec![vec![vec![0.25; FRAMES]]];
    audio[0][0][7] = f64::NAN;
    audio[0][0][4999] = 1e9;
    let mut renderer = compile(&session, 480).unwrap();
    let rendered = render(&mut renderer, &audio, 1);
    assert_eq!(renderer.faults(), 2);
    assert_eq!(rendered.versions[0].channel(0)[7], 0.0);
    assert_eq!(rendered.versions[0].channel(0)[8], 0.25);
}

#[test]
fn all_problems_of_a_session_are_named_at_once() {
    let mut broken = session(
        vec![
            strip(0, Role::Dx, Layout::STEREO, Place::Pan { azimuth_deg: 10.0 }),
            strip(1, Role::Mx, Layout::MONO, Place::Pan { azimuth_deg: f64::NAN }),
        ],
        vec![version("v", Layout::STEREO, Some(3.0)), version("v", Layout::STEREO, None)],
    );
    broken.rate_hz = 1000.0;
    broken.strips[0].gain_db = 99.0;
    broken.strips[0].invert = vec![true; 3];
    broken.strips[1].id = broken.strips[0].id.clone();
    let problems = compile::<f32>(&broken, 0).unwrap_err();
    let text = problems.to_string();
    for place in [
        "max_block",
        "rate_hz",
        "strips[0].gain_db",
        "strips[0].invert",
        "strips[0].place",
        "strips[1].place",
        "strips[1].id",
        "versions[0].limiter",
        "versions[1].name",
    ] {
        assert!(text.contains(place), "{place} is missing in:\n{text}");
    }
    let empty = session(Vec::new(), Vec::new());
    assert!(compile::<f32>(&empty, 64).unwrap_err().len() >= 2);
}

#[test]
fn a_source_that_is_not_there_is_an_error_with_its_number() {
    let strips = vec![strip(3, Role::Mx, Layout::MONO, Place::Direct)];
    let session = session(strips, vec![version("v", Layout::STEREO, None)]);
    let mut renderer: Renderer<f64> = compile(&session, 64).unwrap();
    let error = renderer.next(&mut InMemory::new(&[])).unwrap_err();
    assert!(error.to_string().contains('3'), "{error}");
}

#[cfg(feature = "json")]
#[test]
fn a_session_is_plain_data() {
    let (session, _) = busy();
    let text = serde_json::to_string(&session).unwrap();
    assert_eq!(serde_json::from_str::<Session>(&text).unwrap(), session);
    assert!(serde_json::from_str::<Session>(&text.replace("rate_hz", "rate")).is_err());
}

fn any_layout() -> impl Strategy<Value = Layout> {
    (0..Layout::all().count()).prop_map(|index| Layout::all().nth(index).unwrap())
}

fn any_place() -> impl Strategy<Value = Place> {
    prop_oneof![
        Just(Place::Direct),
        Just(Place::Front),
        Just(Place::Surround),
        any::<f64>().prop_map(|azimuth_deg| Place::Pan { azimuth_deg }),
        (-180.0..180.0).prop_map(|azimuth_deg| Place::Pan { azimuth_deg }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a session says: a list of problems or a render, never a panic.
    #[test]
    fn an_arbitrary_session_is_an_answer(
        rate_hz in prop_oneof![any::<f64>(), 8000.0..384_000.0],
        gain_db in prop_oneof![any::<f64>(), -100.0..24.0],
        strips in prop::collection::vec((any_layout(), any_place(), prop::collection::vec(any::<bool>(), 0..4)), 0..4),
        targets in prop::collection::vec((any_layout(), prop::option::of(-80.0..10.0)), 0..3),
        start_frame in any::<u64>(),
        frames in prop_oneof![any::<u64>(), 0..2000_u64],
        max_block in prop_oneof![Just(0), Just(1), 1..5000_usize, any::<usize>()],
    ) {
        let strips: Vec<Strip> = strips.into_iter().enumerate().map(|(index, (layout, place, invert))| {
            Strip { gain_db, invert, ..strip(index as u32, Role::Fx, layout, place) }
        }).collect();
        let versions = targets.into_iter().enumerate()
            .map(|(index, (layout, ceiling))| version(&format!("{index}"), layout, ceiling)).collect();
        let audio: Vec<Vec<Vec<f32>>> =
            strips.iter().map(|s| vec![vec![0.5; 100]; s.source.layout.channel_count()]).collect();
        let mut session = session(strips, versions);
        session.rate_hz = rate_hz;
        session.programme = Window { start_frame, frames };
        match compile::<f32>(&session, max_block) {
            Err(problems) => prop_assert!(!problems.is_empty() && !problems.to_string().is_empty()),
            Ok(mut renderer) => {
                let blocks: Vec<Block<'_, f32>> = audio.iter().map(|a| Block::new(a).unwrap()).collect();
                let mut sources = InMemory::new(&blocks);
                for _ in 0..20 {
                    if renderer.next(&mut sources).unwrap().is_none() {
                        break;
                    }
                }
            }
        }
    }
}
