//! Arbitrary arguments for the level layer: an error or a working thing, never a panic, never a gain
//! that is no number.

use mixcore::level::{
    AutomatedGain, Automation, AutomationLane, Breakpoint, BusInput, Desk, DeskSend, DeskStrip,
    DeskVca, EdgeGain, Fader, FaderLaw, FaderMove, FaderParams, FaderSetup, Listen, Node,
    SegmentShape, Tap, WriteMode, WritePass, sum_bus,
};
use mixcore::ramp::{GainRamp, Line, RampShape};
use mixcore::{Block, BlockMut, Io, Isa, Layout, Process, Processor, Stream};
use proptest::prelude::*;

/// Any f64 there is, and more often one that could be meant.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -200.0..200.0]
}

fn any_frame() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..5000_u64, 1 => any::<u64>(), 1 => u64::MAX - 100..=u64::MAX]
}

/// An index that may be one of a few, or not there.
fn any_index() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0..4_usize, 1 => any::<usize>()]
}

fn any_shape() -> impl Strategy<Value = SegmentShape> {
    use SegmentShape::{DbLinear, Linear, Smooth, Step};
    prop::sample::select(vec![Step, Linear, DbLinear, Smooth])
}

fn any_ramp_shape() -> impl Strategy<Value = RampShape> {
    use RampShape::{DbLinear, Linear, RaisedCosine};
    prop::sample::select(vec![Linear, DbLinear, RaisedCosine])
}

fn any_law() -> impl Strategy<Value = FaderLaw> {
    use FaderLaw::{Ardour, ConsoleTaper, Cubic, Iec60268Scale, LinearDb, X32, X32Style};
    prop_oneof![
        prop::sample::select(vec![ConsoleTaper, Ardour, X32, X32Style, Cubic, Iec60268Scale]),
        (any_number(), any_number()).prop_map(|(low_db, high_db)| LinearDb { low_db, high_db }),
    ]
}

/// Points as they come: mostly good ones, in order.
fn any_points() -> impl Strategy<Value = Vec<Breakpoint>> {
    let step = prop_oneof![9 => 1..400_u64, 1 => 0..1_u64, 1 => any::<u64>()];
    let level = prop_oneof![9 => -144.0..=24.0, 1 => Just(-144.0), 1 => any_number()];
    prop::collection::vec((step, level, any_shape()), 0..12).prop_map(|list| {
        let mut frame = 0_u64;
        list.into_iter()
            .map(|(step, gain_db, shape)| {
                frame = frame.wrapping_add(step);
                Breakpoint::new(frame, gain_db, shape)
            })
            .collect()
    })
}

/// Good points, so that what comes after them is seen.
fn good_points() -> impl Strategy<Value = Vec<Breakpoint>> {
    let level = prop_oneof![9 => -144.0..=24.0, 1 => Just(-144.0), 1 => Just(-6.0)];
    prop::collection::vec((1..900_u64, level, any_shape()), 1..20).prop_map(|list| {
        let mut frame = 0_u64;
        list.into_iter()
            .map(|(step, gain_db, shape)| {
                frame += step;
                Breakpoint::new(frame, gain_db, shape)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn half_a_cosine_takes_every_number(t in prop_oneof![0.0..=1.0, any_number()]) {
        let way = mixcore::math::half_cosine(t);
        prop_assert!(!(0.0..=1.0).contains(&t) || (0.0..=1.0).contains(&way));
    }

    #[test]
    fn a_law_has_a_level_for_every_position(law in any_law(), x in prop_oneof![0.0..=1.0, any_number()], db in any_number()) {
        let good = law.validate().is_ok();
        let found = law.db_at(x);
        prop_assert_eq!(found.is_ok(), good && (0.0..=1.0).contains(&x));
        if let Ok(found) = found {
            prop_assert!(found <= law.top_db());
            let back = law.position_of(found).unwrap();
            prop_assert!((back - x).abs() < 1e-12, "{} came back as {}", x, back);
        }
        let position = law.position_of(db);
        prop_assert_eq!(position.is_ok(), good && db <= law.top_db());
        prop_assert!(position.is_ok_and(|p| (0.0..=1.0).contains(&p)) || !good || db.is_nan() || db > law.top_db());
        if let Ok(mm) = law.mm_of(db) {
            prop_assert!(law.db_at_mm(mm).unwrap() <= law.top_db());
        }
    }

    #[test]
    fn a_ramp_of_any_shape_has_a_gain_at_every_frame(
        shape in any_ramp_shape(),
        levels in prop::collection::vec(prop_oneof![-150.0..30.0, Just(f64::NEG_INFINITY)], 1..5),
        frames in prop_oneof![0..3000_usize, any::<usize>()],
        now in any_frame(),
        ask in any_frame(),
        limit in 1..2000_usize,
    ) {
        let mut ramp = GainRamp::with_shape(levels[0], frames, shape);
        for (turn, &level) in levels.iter().enumerate() {
            ramp.move_to(level, now.saturating_add(turn as u64 * 7));
            let line = ramp.line(ask);
            prop_assert!(line.origin <= ask && (ask < line.end || ask == u64::MAX));
            let segment = ramp.segment(ask, limit);
            prop_assert!((1..=limit).contains(&segment.frames) && segment.step.is_finite());
            let gain = ramp.gain_at(ask);
            prop_assert!(gain.is_finite() && gain >= 0.0);
            // From the first of two squares on the lines bend.
            let square = line.times(&line, ask);
            prop_assert!(square.origin <= ask && square.at(ask).is_finite());
        }
        prop_assert!(Line::constant(0.5).times(&ramp.line(ask), ask).at(ask).is_finite());
    }

    #[test]
    fn a_fader_takes_any_setup_and_switches(
        shape in any_ramp_shape(),
        ramp_ms in prop_oneof![any_number(), 1.0..50.0],
        channel in any_index(),
        steps in prop::collection::vec((0..200_usize, -150.0..30.0, any::<bool>(), any::<bool>()), 0..12),
    ) {
        let setup = FaderSetup::default().with_ramp(shape, ramp_ms);
        prop_assert_eq!(setup.is_ok(), (1.0..=10_000.0).contains(&ramp_ms));
        let stream = Stream::new(8000.0, Layout::STEREO).unwrap();
        let mut fader = Fader::new(setup.unwrap_or_default(), FaderParams::default(), stream).unwrap();
        let mut audio = [[1.0_f32; 200]; 2];
        for (frames, gain_db, muted, inverted) in steps {
            let taken = fader.set_params(FaderParams { gain_db });
            prop_assert_eq!(taken.is_ok(), (-144.0..=24.0).contains(&gain_db));
            fader.set_muted(muted);
            prop_assert_eq!(fader.set_inverted(channel, inverted).is_ok(), channel < 2);
            prop_assert_eq!(fader.is_inverted(channel), inverted && channel < 2);
            audio.fill([1.0; 200]);
            let silent = fader.is_silent();
            fader.process(Io::new(BlockMut::new(&mut audio).unwrap().into_range(0, frames))).unwrap();
            // 24 dB are 15.85.
            prop_assert!(audio.iter().flatten().all(|y| y.abs() < 15.9));
            prop_assert!(!silent || audio.iter().all(|y| y[..frames].iter().all(|y| *y == 0.0)));
            prop_assert!(!fader.gain_db_now().is_nan());
        }
        fader.reset();
    }

    #[test]
    fn a_list_of_points_is_good_or_an_error(points in any_points(), frame in any_frame(), room in 0..20_usize) {
        let mut memory = vec![Breakpoint::default(); room];
        let lane = AutomationLane::new_in(&points, &mut memory);
        match Automation::new(&points) {
            Ok(automation) => {
                prop_assert_eq!(lane.is_ok(), room >= points.len());
                let (line, gain) = (automation.line(frame), automation.gain_at(frame));
                prop_assert!(line.origin <= frame && (frame < line.end || frame == u64::MAX));
                prop_assert!((0.0..15.9).contains(&gain) && automation.db_at(frame) <= 24.0);
                let mut gains = [9e9_f32; 70];
                automation.read(frame, &mut gains);
                prop_assert!(gains.iter().all(|gain| (0.0..15.9).contains(gain)));
            }
            Err(error) => {
                prop_assert!(lane.is_err());
                prop_assert!(error.to_string().contains("allowed is"));
            }
        }
    }

    /// Any edit gives an error and the old lane, or a good lane.
    #[test]
    fn edits_of_any_lane(
        points in good_points(),
        moves in prop::collection::vec((prop_oneof![9 => 1..500_u64, 1 => any_frame()], prop_oneof![9 => -144.0..=24.0, 1 => any_number()]), 0..10),
        (after, latched, back) in (any_frame(), prop::option::of(any_frame()), any_frame()),
        (start, length, edge) in (any_frame(), any_frame(), any_frame()),
        trim_db in prop_oneof![-40.0..10.0, any_number()],
        tolerance_db in prop_oneof![0.0..3.0, any_number()],
        spare in prop_oneof![Just(400_usize), 0..120_usize],
    ) {
        let mut memory = vec![Breakpoint::default(); points.len() + spare];
        let mut lane = AutomationLane::new_in(&points, &mut memory).unwrap();
        let mut frame = 0_u64;
        let moves: Vec<FaderMove> = moves
            .into_iter()
            .map(|(step, gain_db)| {
                frame = frame.wrapping_add(step);
                FaderMove { frame, gain_db }
            })
            .collect();
        let release = frame.wrapping_add(after);
        let mode = latched.map_or(WriteMode::Touch, |held| WriteMode::Latch { stop: release.wrapping_add(held) });
        let good = |lane: &AutomationLane<'_>| Automation::new(lane.automation().points()).is_ok();
        let before = lane.automation().points().to_vec();
        if lane.write(&WritePass { moves: &moves, release, mode, return_frames: back }).is_err() {
            prop_assert_eq!(lane.automation().points(), &before[..]);
        } else {
            prop_assert!(moves.iter().all(|at| lane.automation().points().iter().any(|p| p.frame == at.frame && p.gain_db == at.gain_db)));
        }
        prop_assert!(good(&lane));
        let before = lane.automation().points().to_vec();
        if lane.trim(start, start.wrapping_add(length), trim_db, edge).is_err() {
            prop_assert_eq!(lane.automation().points(), &before[..]);
        }
        prop_assert!(good(&lane));
        let before = lane.automation().points().len();
        match lane.thin(tolerance_db) {
            Ok(gone) => prop_assert_eq!(lane.automation().points().len() + gone, before),
            Err(_) => prop_assert!(!(0.0..=20.0).contains(&tolerance_db)),
        }
        prop_assert!(good(&lane));
        let mut gain = AutomatedGain::new(lane, Stream::new(8000.0, Layout::MONO).unwrap()).unwrap();
        gain.seek(start);
        let mut audio = [1.0_f32; 300];
        gain.process(Io::new(BlockMut::mono(&mut audio))).unwrap();
        prop_assert!(audio.iter().all(|y| (0.0..15.9).contains(y)));
        gain.reset();
    }

    /// Any desk gives an error or gains that are numbers.
    #[test]
    fn a_desk_of_any_wires(
        strips in prop::collection::vec((any_number(), any::<[bool; 3]>(), prop::option::of(any_index()), prop::option::of(any_index())), 0..5),
        buses in prop::collection::vec((-150.0..30.0, any::<[bool; 3]>(), prop::option::of(any_index()), prop::option::of(any_index())), 0..5),
        vcas in prop::collection::vec((-150.0..30.0, any::<[bool; 2]>(), prop::option::of(any_index())), 0..5),
        sends in prop::collection::vec((any::<bool>(), any_index(), any_index(), any::<bool>(), -150.0..30.0), 0..4),
        points in good_points(),
        frame in any_frame(),
    ) {
        let lane = Some(Automation::new(&points).unwrap());
        let node = |(gain_db, [muted, soloed, solo_safe], vca, output): (f64, [bool; 3], _, _)| DeskStrip {
            // Half of them in range, so that whole desks are.
            gain_db: if muted { gain_db } else { gain_db.clamp(-144.0, 24.0) },
            automation: if soloed { lane } else { None },
            muted, soloed, solo_safe, vca, output,
        };
        let strips: Vec<DeskStrip<'_>> = strips.into_iter().map(node).collect();
        let buses: Vec<DeskStrip<'_>> = buses.into_iter().map(node).collect();
        let vcas: Vec<DeskVca<'_>> = vcas
            .into_iter()
            .map(|(gain_db, [muted, soloed], parent): (f64, _, _)| DeskVca { gain_db: gain_db.clamp(-144.0, 24.0), automation: lane, muted, soloed, parent })
            .collect();
        let sends: Vec<DeskSend<'_>> = sends
            .into_iter()
            .map(|(strip, from, to, pre, gain_db): (bool, _, _, bool, f64)| DeskSend {
                from: if strip { Node::Strip(from) } else { Node::Bus(from) },
                to,
                tap: if pre { Tap::PreFader } else { Tap::PostFader },
                gain_db: gain_db.clamp(-144.0, 24.0),
                automation: if pre { lane } else { None },
                muted: false,
            })
            .collect();
        let desk = Desk { strips: &strips, buses: &buses, vcas: &vcas, sends: &sends };
        match desk.resolve() {
            Ok(resolved) => {
                let nodes = (0..6).flat_map(|index| [Node::Strip(index), Node::Bus(index)]);
                for node in nodes {
                    for gain in [
                        resolved.output_gain(node),
                        resolved.listen_gain(node, Listen::Afl),
                        resolved.listen_gain(node, Listen::Pfl),
                    ] {
                        prop_assert!(gain.gain_at(frame).is_finite() && !gain.db_at(frame).is_nan());
                    }
                    prop_assert!(!resolved.is_muted(node) || resolved.output_gain(node).is_shut());
                }
                prop_assert_eq!(resolved.bus_order().count(), buses.len());
                for bus in 0..buses.len() {
                    for (_, gain) in resolved.inputs(bus) {
                        prop_assert!(gain.gain_at(frame).is_finite());
                    }
                }
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn a_bus_of_any_shape(
        shapes in prop::collection::vec((1..4_usize, 0..600_usize), 0..4),
        (channels, frames) in (1..4_usize, 0..600_usize),
        gain_db in any_number(),
        points in good_points(),
        frame in any_frame(),
    ) {
        let constant = EdgeGain::constant(gain_db);
        prop_assert_eq!(constant.is_ok(), (-120.0..=120.0).contains(&gain_db));
        let gains = [constant.unwrap_or(EdgeGain::SHUT), EdgeGain::automated(Automation::new(&points).unwrap())];
        let good = shapes.iter().all(|shape| *shape == (channels, frames));
        let audio: Vec<Vec<Vec<f32>>> =
            shapes.iter().map(|&(channels, frames)| vec![vec![1.0; frames]; channels]).collect();
        let inputs: Vec<BusInput<'_, f32>> = audio
            .iter()
            .enumerate()
            .map(|(index, audio)| BusInput { audio: Block::new(audio).unwrap(), gain: gains[index % 2] })
            .collect();
        let mut out = vec![vec![7.0_f32; frames]; channels];
        let done = sum_bus(Isa::detect(), frame, &inputs, BlockMut::new(&mut out).unwrap());
        prop_assert_eq!(done.is_ok(), good);
        prop_assert!(out.iter().flatten().all(|y| y.is_finite() && (good || *y == 7.0)));
    }
}
