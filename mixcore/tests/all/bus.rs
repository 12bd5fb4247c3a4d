//! Buses, VCAs, mute and solo: one gain per edge, and sums with the bits of the plain loop.

use mixcore::audio::Sample;
use mixcore::level::SegmentShape::{DbLinear, Linear, Smooth, Step};
use mixcore::level::{
    Automation, Breakpoint, BusInput, Desk, DeskSend, DeskStrip, DeskVca, Edge, EdgeGain,
    FADER_FLOOR_DB, Listen, MAX_BUSES, MAX_VCA_NESTING, Node, Resolved, Tap, sum_bus,
};
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{Block, BlockMut, Error, Isa};

use crate::signals::{Noise, noise};

/// Sums of a few decibel values in another order.
const ROUNDING_DB: f64 = 1e-11;

fn strip(gain_db: f64, output: usize) -> DeskStrip<'static> {
    DeskStrip { gain_db, output: Some(output), ..DeskStrip::default() }
}

fn send(from: Node, to: usize, tap: Tap, gain_db: f64) -> DeskSend<'static> {
    DeskSend { from, to, tap, gain_db, automation: None, muted: false }
}

const ONE: Node = Node::Strip(0);

fn level(resolved: &Resolved<'_>, node: Node) -> f64 {
    resolved.output_gain(node).db_at(0)
}

/// A bus as one writes it: frame by frame, from zero, input by input, every gain from the line that
/// the edge says, rounded once.
fn literal<S: Sample>(inputs: &[(&[Vec<S>], EdgeGain<'_>)], channel: usize, frame: u64) -> S {
    let mut sum = 0.0;
    for (audio, gain) in inputs {
        let line = gain.line(frame);
        let g = if line.start == line.stop {
            line.start
        } else {
            let step = (line.stop - line.start) / (line.end - line.origin) as f64;
            (frame - line.origin) as f64 * step + line.start
        };
        if g == 0.0 {
            continue;
        }
        sum += audio[channel][frame as usize].as_f64() * g;
    }
    S::from_f64(sum)
}

fn sums_are_the_plain_loops<S: Sample>() {
    const FRAMES: usize = 3000;
    let rides = [
        [
            Breakpoint::new(100, 0.0, DbLinear),
            Breakpoint::new(900, -30.0, Smooth),
            Breakpoint::new(2000, 6.0, Step),
        ],
        [
            Breakpoint::new(0, -144.0, Linear),
            Breakpoint::new(1500, 3.0, Step),
            Breakpoint::new(2500, -144.0, Step),
        ],
    ];
    let [first, second] = [0, 1].map(|n| Automation::new(&rides[n]).unwrap());
    // A strip with a ride in a VCA with another one: the product of two moving lanes.
    let desk = Desk {
        strips: &[
            strip(-3.0, 0),
            DeskStrip { automation: Some(first), ..strip(0.0, 0) },
            DeskStrip { automation: Some(first), vca: Some(0), ..strip(-6.0, 0) },
            DeskStrip { muted: true, ..strip(0.0, 0) },
            strip(0.0, 0),
        ],
        buses: &[DeskStrip::default()],
        vcas: &[DeskVca { automation: Some(second), ..DeskVca::default() }],
        sends: &[send(Node::Strip(4), 0, Tap::PreFader, -20.0)],
    };
    let resolved = desk.resolve().unwrap();
    let gains: Vec<EdgeGain<'_>> = resolved.inputs(0).map(|(_, gain)| gain).collect();
    assert_eq!(gains.len(), 6);
    let mut audio: Vec<Vec<Vec<S>>> = (0..6).map(|n| noise(2, FRAMES, 0.9, 10 + n)).collect();
    // What is muted adds nothing, not even what is no number.
    audio[3][0][1234] = S::nan();
    // Nor does the frame on which a lane opens from zero.
    audio[2][1][0] = S::nan();
    let inputs: Vec<(&[Vec<S>], EdgeGain<'_>)> =
        audio.iter().map(|audio| &audio[..]).zip(gains.iter().copied()).collect();
    let expected: Vec<Vec<u64>> = (0..2)
        .map(|channel| {
            let frames = (0..FRAMES as u64).map(|n| literal(&inputs, channel, n));
            frames.map(|y| y.as_f64().to_bits()).collect()
        })
        .collect();
    for isa in Isa::available() {
        for seed in 0..4 {
            let mut pick = Noise::new(seed);
            let mut out = vec![vec![S::one(); FRAMES]; 2];
            let mut at = 0;
            while at < FRAMES {
                let count = if seed == 0 { FRAMES } else { pick.below(400) };
                let end = (at + count).min(FRAMES);
                let blocks: Vec<BusInput<'_, S>> = audio
                    .iter()
                    .zip(&gains)
                    .map(|(audio, &gain)| BusInput {
                        audio: Block::new(audio).unwrap().range(at, end),
                        gain,
                    })
                    .collect();
                let mut whole = BlockMut::new(&mut out).unwrap();
                sum_bus(isa, at as u64, &blocks, whole.range(at, end)).unwrap();
                at = end;
            }
            for (out, expected) in out.iter().zip(&expected) {
                let bits = out.iter().map(|y| y.as_f64().to_bits());
                assert!(bits.eq(expected.iter().copied()), "{isa:?}, seed {seed}");
            }
        }
    }
}

#[test]
fn a_bus_is_the_f64_sum_in_declared_order_rounded_once() {
    sums_are_the_plain_loops::<f32>();
    sums_are_the_plain_loops::<f64>();
}

#[test]
fn the_order_of_a_sum_is_the_declared_one() {
    // 2^53 takes no 1 in, but two ones together: the order shows in the bits.
    let (big, one, minus) = ([9_007_199_254_740_992.0_f64], [1.0], [-9_007_199_254_740_992.0]);
    let sum = |list: [&[f64; 1]; 4]| {
        let inputs = list.map(|x| BusInput { audio: Block::mono(&x[..]), gain: EdgeGain::UNITY });
        let mut out = [0.0];
        sum_bus(Isa::detect(), 0, &inputs, BlockMut::mono(&mut out)).unwrap();
        out[0]
    };
    assert_eq!(sum([&big, &one, &one, &minus]), 0.0);
    assert_eq!(sum([&one, &one, &big, &minus]), 2.0);
}

#[test]
fn a_bus_without_inputs_is_silent_and_wrong_shapes_are_errors() {
    let mut out = [1.0_f32; 600];
    sum_bus(Isa::detect(), 7, &[], BlockMut::mono(&mut out)).unwrap();
    assert!(out.iter().all(|y| y.to_bits() == 0));
    let (short, right) = ([1.0_f32; 599], [1.0_f32; 600]);
    let input = |audio| BusInput { audio, gain: EdgeGain::UNITY };
    let inputs = [input(Block::mono(&right)), input(Block::mono(&short))];
    let error = sum_bus(Isa::detect(), 0, &inputs, BlockMut::mono(&mut out)).unwrap_err();
    assert_eq!(error, Error::FrameCount { what: "input", given: 599, expected: 600 });
    let inputs = [input(Block::stereo(&right, &right).unwrap())];
    let error = sum_bus(Isa::detect(), 0, &inputs, BlockMut::mono(&mut out)).unwrap_err();
    assert_eq!(error, Error::ChannelCount { what: "input", given: 2, expected: 1 });
    assert!(out.iter().all(|y| y.to_bits() == 0), "the bus was touched");
    assert!(EdgeGain::constant(121.0).is_err() && EdgeGain::constant(f64::NEG_INFINITY).is_err());
    assert!(EdgeGain::SHUT.is_shut() && EdgeGain::SHUT.db_at(5) == f64::NEG_INFINITY);
}

#[test]
fn nested_vcas_add_their_decibels() {
    let vca = |gain_db, parent| DeskVca { gain_db, parent, ..DeskVca::default() };
    let desk = Desk {
        strips: &[
            DeskStrip { vca: Some(2), ..strip(-10.0, 0) },
            DeskStrip { vca: Some(0), ..strip(6.0, 0) },
            strip(-144.0, 0),
        ],
        buses: &[DeskStrip { vca: Some(1), ..DeskStrip::default() }],
        vcas: &[vca(-6.0, None), vca(-1.5, Some(0)), vca(4.0, Some(1))],
        sends: &[],
    };
    let resolved = desk.resolve().unwrap();
    assert_eq!(level(&resolved, ONE), -10.0 + 4.0 - 1.5 - 6.0);
    // +6 and -6 dB are exactly 1.
    assert_eq!(resolved.output_gain(Node::Strip(1)), EdgeGain::UNITY);
    assert!(resolved.output_gain(Node::Strip(2)).is_shut(), "the floor is zero");
    assert_eq!(level(&resolved, Node::Bus(0)), -7.5);
    assert!(resolved.output_gain(Node::Strip(3)).is_shut() && resolved.send_gain(0).is_shut());
}

#[test]
fn automation_of_fader_vca_and_send_is_one_curve() {
    /// 20 dB in 1000 frames bend by 0.003 dB under a chord of 32; two lanes and their product, thrice.
    const CHORDS_DB: f64 = 0.01;
    let fader = [Breakpoint::new(0, 0.0, DbLinear), Breakpoint::new(1000, -20.0, Step)];
    let group = [Breakpoint::new(500, -3.0, DbLinear), Breakpoint::new(1500, 6.0, Step)];
    let ride = [Breakpoint::new(0, -10.0, Smooth), Breakpoint::new(2000, -4.0, Step)];
    let [fader, group, ride] =
        [&fader, &group, &ride].map(|list| Some(Automation::new(list).unwrap()));
    let desk = Desk {
        strips: &[DeskStrip { automation: fader, vca: Some(0), ..strip(2.0, 0) }],
        buses: &[DeskStrip::default(); 2],
        vcas: &[DeskVca { gain_db: 1.0, automation: group, ..DeskVca::default() }],
        sends: &[
            DeskSend { automation: ride, ..send(ONE, 1, Tap::PostFader, -2.0) },
            DeskSend { automation: ride, ..send(ONE, 1, Tap::PreFader, -2.0) },
        ],
    };
    let resolved = desk.resolve().unwrap();
    let output = resolved.output_gain(ONE);
    let (post, pre) = (resolved.send_gain(0), resolved.send_gain(1));
    assert_eq!((output.lanes().count(), post.lanes().count(), pre.lanes().count()), (2, 3, 1));
    for frame in 0..2500 {
        let (fader, group) = (fader.unwrap().db_at(frame), group.unwrap().db_at(frame));
        let ride = ride.unwrap().db_at(frame);
        for (gain, db) in [
            (output, 2.0 + 1.0 + fader + group),
            (post, 2.0 + 1.0 + fader + group - 2.0 + ride),
            (pre, -2.0 + ride),
        ] {
            assert!((gain.db_at(frame) - db).abs() < ROUNDING_DB, "{frame}");
            assert!((gain_to_db(gain.gain_at(frame)) - db).abs() < CHORDS_DB, "{frame}");
        }
    }
    // Exact where the curves stand, and at the points of one lane while the other stands.
    assert!((output.gain_at(3000) - db_to_gain(3.0 - 20.0 + 6.0)).abs() < 1e-16);
    assert_eq!(EdgeGain::automated(ride.unwrap()).gain_at(2000), db_to_gain(-4.0));
}

#[test]
fn explicit_mute_wins() {
    let desk = Desk {
        strips: &[
            DeskStrip { muted: true, soloed: true, solo_safe: true, ..strip(0.0, 0) },
            DeskStrip { vca: Some(1), soloed: true, ..strip(0.0, 0) },
            strip(0.0, 0),
        ],
        buses: &[DeskStrip::default(); 2],
        // The upper VCA is muted: so is all below.
        vcas: &[
            DeskVca { muted: true, ..DeskVca::default() },
            DeskVca { parent: Some(0), ..DeskVca::default() },
        ],
        sends: &[
            send(ONE, 1, Tap::PreFader, 0.0),
            send(ONE, 1, Tap::PostFader, 0.0),
            DeskSend { muted: true, ..send(Node::Bus(0), 1, Tap::PostFader, 0.0) },
        ],
    };
    let resolved = desk.resolve().unwrap();
    for node in [ONE, Node::Strip(1)] {
        assert!(resolved.is_muted(node) && resolved.is_soloed(node));
        assert!(resolved.output_gain(node).is_shut());
    }
    // A muted soloed strip is soloed still: the others are shut.
    assert!(resolved.is_solo_active() && resolved.output_gain(Node::Strip(2)).is_shut());
    for index in 0..3 {
        assert!(resolved.send_gain(index).is_shut(), "{index}");
    }
    assert!(!resolved.output_gain(Node::Bus(0)).is_shut(), "a muted send shuts itself alone");
}

/// Dialogue (0), music (1) and effects (2) into the buses D (0) and ME (1), those into the main bus
/// (3); a reverb bus (2) fed by sends, into the main bus.
fn film(change: impl Fn(&mut [DeskStrip<'static>; 3], &mut [DeskStrip<'static>; 4])) -> String {
    let mut strips = [strip(0.0, 0), strip(-3.0, 1), strip(-6.0, 1)];
    let mut buses = [strip(0.0, 3), strip(0.0, 3), strip(0.0, 3), DeskStrip::default()];
    change(&mut strips, &mut buses);
    let sends = [
        send(Node::Strip(0), 2, Tap::PostFader, -10.0),
        send(Node::Strip(1), 2, Tap::PreFader, -12.0),
    ];
    let desk = Desk { strips: &strips, buses: &buses, vcas: &[], sends: &sends };
    let resolved = desk.resolve().unwrap();
    let mut open = String::new();
    let outputs = (0..3).map(Node::Strip).chain((0..4).map(Node::Bus));
    let gains = outputs
        .map(|node| resolved.output_gain(node))
        .chain((0..2).map(|index| resolved.send_gain(index)));
    for (name, gain) in
        ["dx", "mx", "fx", "D", "ME", "rev", "main", "dx>rev", "mx>rev"].iter().zip(gains)
    {
        if !gain.is_shut() {
            open += name;
            open.push(' ');
        }
    }
    open
}

#[test]
fn solo_in_place_keeps_the_paths_of_what_is_soloed() {
    assert_eq!(film(|_, _| {}), "dx mx fx D ME rev main dx>rev mx>rev ");
    // A strip: its bus, its send, the reverb and the main bus stay open, and nothing else.
    assert_eq!(film(|strips, _| strips[0].soloed = true), "dx D rev main dx>rev ");
    assert_eq!(film(|strips, _| strips[2].soloed = true), "fx ME main ");
    // Two.
    let two = film(|strips, _| (strips[0].soloed, strips[1].soloed) = (true, true));
    assert_eq!(two, "dx mx D ME rev main dx>rev mx>rev ");
    // A bus: all that feeds it, not its reverb.
    assert_eq!(film(|_, buses| buses[1].soloed = true), "mx fx ME main ");
    // The reverb bus: what is sent to it, not the dry way.
    assert_eq!(film(|_, buses| buses[2].soloed = true), "rev main dx>rev mx>rev ");
    // The main bus: everything.
    assert_eq!(film(|_, buses| buses[3].soloed = true), film(|_, _| {}));
    // A muted bus on the way wins.
    let muted = film(|strips, buses| (strips[0].soloed, buses[0].muted) = (true, true));
    assert_eq!(muted, "dx rev main dx>rev ");
}

#[test]
fn solo_safe_is_never_muted_by_another_solo() {
    // A safe strip keeps its path to the end.
    let safe = film(|strips, _| (strips[2].soloed, strips[0].solo_safe) = (true, true));
    assert_eq!(safe, "dx fx D ME rev main dx>rev ");
    // A safe return: heard with what the soloed strip sends, and its inputs are not opened.
    let back = film(|strips, buses| (strips[2].soloed, buses[2].solo_safe) = (true, true));
    assert_eq!(back, "fx ME rev main ");
    // Safe alone is no solo.
    assert_eq!(film(|strips, _| strips[0].solo_safe = true), film(|_, _| {}));
    // Explicit mute shuts it all the same.
    let muted = film(|strips, _| {
        (strips[2].soloed, strips[0].solo_safe, strips[0].muted) = (true, true, true);
    });
    assert_eq!(muted, "fx D ME rev main ");
}

#[test]
fn a_soloed_vca_solos_its_members() {
    let vca = |soloed, parent| DeskVca { soloed, parent, ..DeskVca::default() };
    let strips = [DeskStrip { vca: Some(1), ..strip(0.0, 0) }, strip(0.0, 0)];
    let buses = [DeskStrip::default()];
    let vcas = [vca(true, None), vca(false, Some(0)), vca(false, None)];
    let desk = Desk { strips: &strips, buses: &buses, vcas: &vcas, sends: &[] };
    let resolved = desk.resolve().unwrap();
    assert!(resolved.is_soloed(ONE) && !resolved.output_gain(ONE).is_shut());
    assert!(resolved.output_gain(Node::Strip(1)).is_shut());
    // A group without members solos nobody.
    let empty = [vca(false, None), vca(false, Some(0)), vca(true, None)];
    let resolved = Desk { vcas: &empty, ..desk }.resolve().unwrap();
    assert!(!resolved.is_solo_active() && !resolved.output_gain(Node::Strip(1)).is_shut());
}

#[test]
fn listening_changes_no_edge() {
    let desk = Desk {
        strips: &[
            DeskStrip { vca: Some(0), ..strip(-10.0, 0) },
            DeskStrip { soloed: true, ..strip(0.0, 0) },
            DeskStrip { muted: true, ..strip(0.0, 0) },
        ],
        buses: &[DeskStrip::default()],
        vcas: &[DeskVca { gain_db: -2.0, ..DeskVca::default() }],
        sends: &[],
    };
    let resolved = desk.resolve().unwrap();
    assert!(resolved.output_gain(ONE).is_shut(), "shut by the other's solo");
    assert_eq!(resolved.listen_gain(ONE, Listen::Pfl), EdgeGain::UNITY);
    assert_eq!(resolved.listen_gain(ONE, Listen::Afl).db_at(0), -12.0);
    assert_eq!(resolved.listen_gain(Node::Strip(2), Listen::Pfl), EdgeGain::UNITY);
    assert!(resolved.listen_gain(Node::Strip(2), Listen::Afl).is_shut());
    assert!(resolved.listen_gain(Node::Bus(1), Listen::Pfl).is_shut(), "there is none");
}

#[test]
fn circles_and_wrong_indices_are_errors_that_say_where() {
    let text = |desk: Desk<'_>| desk.resolve().unwrap_err().to_string();
    let vca = |parent| DeskVca { parent, ..DeskVca::default() };
    let around = [vca(Some(1)), vca(Some(2)), vca(Some(1))];
    let found = text(Desk { vcas: &around, ..Desk::default() });
    assert!(found.starts_with("VCA 1 leads back to itself"), "{found}");
    let own = [vca(None), vca(Some(1))];
    assert!(text(Desk { vcas: &own, ..Desk::default() }).starts_with("VCA 1 leads back"));
    let deep: Vec<DeskVca<'_>> = (0..=MAX_VCA_NESTING).map(|n| vca(n.checked_sub(1))).collect();
    let found = text(Desk { vcas: &deep, ..Desk::default() });
    assert!(found.contains("VCA 8: nesting is 9, allowed is 1 to 8"), "{found}");
    assert!(Desk { vcas: &deep[..MAX_VCA_NESTING], ..Desk::default() }.resolve().is_ok());

    // Bus 1 into bus 2 by its output, bus 2 into bus 1 by a send; bus 0 hangs on it.
    let buses = [DeskStrip::default(), strip(0.0, 2), strip(0.0, 0)];
    let sends = [send(Node::Bus(2), 1, Tap::PreFader, 0.0)];
    let found = text(Desk { buses: &buses, sends: &sends, ..Desk::default() });
    assert!(found.starts_with("bus 1 leads back to itself"), "{found}");
    let resolved = Desk { buses: &buses, ..Desk::default() }.resolve().unwrap();
    assert_eq!(resolved.bus_order().collect::<Vec<_>>(), [1, 2, 0]);

    let strips = [strip(0.0, 3)];
    let found = text(Desk { strips: &strips, buses: &buses, ..Desk::default() });
    assert!(found.contains("strip 0: output is 3, allowed is 0 to 2"), "{found}");
    let loud = [strip(0.0, 0), strip(24.5, 0)];
    let found = text(Desk { strips: &loud, buses: &buses, ..Desk::default() });
    assert!(found.contains("strip 1: gain_db is 24.5, allowed is -144 to 24"), "{found}");
    let member = [DeskStrip { vca: Some(0), ..DeskStrip::default() }];
    let found = text(Desk { buses: &member, ..Desk::default() });
    assert!(found.starts_with("bus 0: vca is 0, but there are none"), "{found}");
    let found = text(Desk { strips: &strips, ..Desk::default() });
    assert!(found.starts_with("strip 0: output is 3, but there are none"), "{found}");
    let sends = [send(ONE, 0, Tap::PreFader, f64::NAN)];
    let found = text(Desk { strips: &loud[..1], buses: &buses, sends: &sends, ..Desk::default() });
    assert!(found.contains("send 0: gain_db is NaN"), "{found}");
    let sends = [send(Node::Strip(9), 0, Tap::PreFader, 0.0)];
    let found = text(Desk { strips: &loud[..1], buses: &buses, sends: &sends, ..Desk::default() });
    assert!(found.contains("send 0: from strip is 9, allowed is 0 to 0"), "{found}");
    let many = vec![DeskStrip::default(); MAX_BUSES + 1];
    let found = text(Desk { buses: &many, ..Desk::default() });
    assert!(found.contains("buses is 129, allowed is 0 to 128"), "{found}");
    assert!(Desk { buses: &many[1..], ..Desk::default() }.resolve().is_ok());
}

/// Whether a node leads to another, by search.
fn leads(desk: &Desk<'_>, from: Node, to: usize, deep: usize) -> bool {
    if from == Node::Bus(to) {
        return true;
    }
    if deep == 0 {
        return false;
    }
    let output = match from {
        Node::Strip(index) => desk.strips[index].output,
        Node::Bus(index) => desk.buses[index].output,
        _ => None,
    };
    let sends = desk.sends.iter().filter(|send| send.from == from).map(|send| send.to);
    output.into_iter().chain(sends).any(|next| leads(desk, Node::Bus(next), to, deep - 1))
}

#[test]
fn solo_of_random_desks_is_what_a_search_finds() {
    for seed in 0..400 {
        let mut pick = Noise::new(seed);
        let buses = 1 + pick.below(7);
        let mut node = |output: Option<usize>| DeskStrip {
            muted: pick.below(10) == 0,
            soloed: pick.below(6) == 0,
            solo_safe: pick.below(6) == 0,
            output,
            ..DeskStrip::default()
        };
        // Buses lead to later ones, so there is no circle.
        let bus_list: Vec<DeskStrip<'_>> = (0..buses)
            .map(|n| node((n + 1 < buses).then_some(n + 1 + n % (buses - n - 1).max(1))))
            .collect();
        let strips: Vec<DeskStrip<'_>> = (0..6).map(|n| node(Some(n % buses))).collect();
        let mut sends: Vec<DeskSend<'_>> = (0..4)
            .map(|n| send(Node::Strip(n), (n * 3 + 1) % buses, Tap::PostFader, 0.0))
            .collect();
        if buses > 2 {
            sends.push(send(Node::Bus(0), buses - 1, Tap::PreFader, 0.0));
        }
        let desk = Desk { strips: &strips, buses: &bus_list, vcas: &[], sends: &sends };
        let resolved = desk.resolve().unwrap();
        let nodes: Vec<Node> = (0..6).map(Node::Strip).chain((0..buses).map(Node::Bus)).collect();
        let of = |node: Node| match node {
            Node::Strip(index) => &strips[index],
            Node::Bus(index) => &bus_list[index],
            _ => unreachable!(),
        };
        let active = nodes.iter().any(|&node| of(node).soloed);
        assert_eq!(resolved.is_solo_active(), active);
        let open = |from: Node, to: Option<usize>| {
            // Upstream of the edge a node that keeps its path, or downstream a soloed bus.
            let kept = nodes.iter().any(|&node| {
                let keeps = of(node).soloed || of(node).solo_safe;
                keeps
                    && (node == from
                        || matches!(from, Node::Bus(bus) if leads(&desk, node, bus, 9)))
            });
            let soloed = to.is_some_and(|to| {
                (0..buses).any(|bus| bus_list[bus].soloed && leads(&desk, Node::Bus(to), bus, 9))
            });
            !of(from).muted && (!active || kept || soloed)
        };
        for &node in &nodes {
            let found = !resolved.output_gain(node).is_shut();
            assert_eq!(found, open(node, of(node).output), "seed {seed}, {node:?}");
        }
        for (index, send) in sends.iter().enumerate() {
            let found = !resolved.send_gain(index).is_shut();
            assert_eq!(found, open(send.from, Some(send.to)), "seed {seed}, send {index}");
        }
        // Each comes after all that feed it, and all edges into a bus are listed once.
        let order: Vec<usize> = resolved.bus_order().collect();
        assert!(order.windows(2).all(|pair| !leads(&desk, Node::Bus(pair[1]), pair[0], 9)));
        let edges: usize = (0..buses).map(|bus| resolved.inputs(bus).count()).sum();
        let outputs = nodes.iter().filter(|&&node| of(node).output.is_some()).count();
        assert_eq!(edges, outputs + sends.len());
    }
}

#[test]
fn inputs_come_as_they_are_declared() {
    let strips = [strip(0.0, 1), strip(0.0, 0), strip(-1.0, 1)];
    let buses = [strip(-2.0, 1), DeskStrip::default()];
    let sends = [send(Node::Strip(1), 1, Tap::PostFader, -3.0)];
    let desk = Desk { strips: &strips, buses: &buses, vcas: &[], sends: &sends };
    let resolved = desk.resolve().unwrap();
    let list: Vec<(Edge, f64)> =
        resolved.inputs(1).map(|(edge, gain)| (edge, gain.db_at(0))).collect();
    let expected = [
        (Edge::Output(Node::Strip(0)), 0.0),
        (Edge::Output(Node::Strip(2)), -1.0),
        (Edge::Output(Node::Bus(0)), -2.0),
        (Edge::Send(0), -3.0),
    ];
    assert_eq!(list, expected);
    assert_eq!(level(&resolved, ONE), 0.0);
    let floor = [DeskStrip { gain_db: FADER_FLOOR_DB, ..DeskStrip::default() }];
    assert!(Desk { strips: &floor, ..desk }.resolve().is_err(), "a send from a strip that is gone");
}
