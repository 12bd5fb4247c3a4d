//! Automation: exact at its points, the same bits everywhere, and edits that keep what they must.

use mixcore::level::SegmentShape::{DbLinear, Linear, Smooth, Step};
use mixcore::level::{
    AutomatedGain, Automation, AutomationLane, Breakpoint, FADER_FLOOR_DB, FaderMove,
    MAX_AUTOMATION_FRAME, SegmentShape, WriteMode, WritePass,
};
use mixcore::ramp::RampShape;
use mixcore::units::{db_to_gain, gain_to_db};
use mixcore::{BlockMut, Error, Io, Isa, Layout, Process, Processor, Sample, Stream};

use crate::signals::{Noise, noise};

const SHAPES: [SegmentShape; 4] = [Step, Linear, DbLinear, Smooth];

/// Decibels to gains and back, a few units of the last place.
const ROUNDING_DB: f64 = 1e-11;

fn point(frame: u64, gain_db: f64, shape: SegmentShape) -> Breakpoint {
    Breakpoint::new(frame, gain_db, shape)
}

/// A lane with every shape, steps, standing levels, zero, short and long segments.
fn ride(seed: u32, points: usize) -> Vec<Breakpoint> {
    let mut pick = Noise::new(seed);
    let mut frame = 100;
    (0..points)
        .map(|_| {
            let gain_db = match pick.below(8) {
                0 => FADER_FLOOR_DB,
                1 => -6.0,
                2 => -100.0 - 40.0 * (pick.next_f64() + 1.0) * 0.5,
                _ => -20.0 + 20.0 * pick.next_f64(),
            };
            let made = point(frame, gain_db, SHAPES[pick.below(4)]);
            frame += 1 + [3, 40, 700, 3000][pick.below(4)] * pick.below(100) as u64 / 100;
            made
        })
        .collect()
}

#[test]
fn bad_lists_are_errors_that_name_index_field_value_and_bounds() {
    let good = [point(10, 0.0, Step), point(20, -3.0, Linear), point(30, -6.0, Smooth)];
    assert!(Automation::new(&good).is_ok());
    let text = Automation::new(&[]).unwrap_err().to_string();
    assert!(text.contains("breakpoints is 0, allowed is 1 to"), "{text}");
    let cases: [(usize, Breakpoint, &str); 7] = [
        (1, point(10, 0.0, Step), "breakpoint 1: frame is 10, allowed is 11 to 9007199254740992"),
        (2, point(5, 0.0, Step), "breakpoint 2: frame is 5, allowed is 21 to"),
        (2, point(MAX_AUTOMATION_FRAME + 1, 0.0, Step), "breakpoint 2: frame is 9007199254740993"),
        (0, point(0, f64::NAN, Step), "breakpoint 0: gain_db is NaN, allowed is -144 to 24"),
        (1, point(15, f64::NEG_INFINITY, Step), "breakpoint 1: gain_db is -inf"),
        (2, point(50, 24.1, Step), "breakpoint 2: gain_db is 24.1, allowed is -144 to 24"),
        (2, point(50, -145.0, Step), "breakpoint 2: gain_db is -145"),
    ];
    for (index, bad, expected) in cases {
        let mut list = good;
        list[index] = bad;
        let text = Automation::new(&list).unwrap_err().to_string();
        // The frame beyond 2^53 is rounded where it is printed.
        let expected = expected.replace("9007199254740993", "9007199254740992");
        assert!(text.starts_with(&expected), "{text}");
        assert_eq!(AutomationLane::new(&list).unwrap_err().to_string(), text);
    }
    let last = [point(MAX_AUTOMATION_FRAME, 0.0, Step)];
    assert_eq!(Automation::new(&last).unwrap().db_at(u64::MAX), 0.0);
}

#[test]
fn every_shape_follows_its_law() {
    for shape in SHAPES {
        let points = [point(1000, -4.0, shape), point(1960, -22.0, Step)];
        let automation = Automation::new(&points).unwrap();
        let (a, b) = (db_to_gain(-4.0), db_to_gain(-22.0));
        for n in 0..960 {
            let t = f64::from(n) / 960.0;
            let law = match shape {
                Step => a,
                Linear => a + (b - a) * t,
                DbLinear => 10.0_f64.powf((-4.0 - 18.0 * t) / 20.0),
                _ => a + (b - a) * 0.5 * (1.0 - (std::f64::consts::PI * t).cos()),
            };
            let found = automation.db_at(1000 + n as u64);
            assert!((found - gain_to_db(law)).abs() < ROUNDING_DB, "{shape:?} {n}");
            // Applied along chords of 32 frames: 18 dB in 30 of them bend by (0.6·ln 10/20)²/8 =
            // 0.0006 of the gain, half a cosine by (π/30)²/16 of its way.
            let chord = if [Step, Linear].contains(&shape) { 1e-15 } else { 8e-4 };
            assert!((automation.gain_at(1000 + n as u64) - law).abs() <= chord, "{shape:?} {n}");
        }
        for frame in [0, 999, 1000] {
            assert_eq!((automation.db_at(frame), automation.gain_at(frame)), (-4.0, a));
        }
        for frame in [1960, 1961, u64::MAX] {
            assert_eq!((automation.db_at(frame), automation.gain_at(frame)), (-22.0, b));
        }
    }
}

#[test]
fn a_fade_to_zero_ends_in_zero_and_leaves_it() {
    for shape in [Linear, DbLinear, Smooth] {
        let points =
            [point(0, 0.0, shape), point(500, FADER_FLOOR_DB, shape), point(990, 6.0, Step)];
        let automation = Automation::new(&points).unwrap();
        let mut gains = vec![0.0_f64; 1000];
        automation.read(0, &mut gains);
        assert_eq!((gains[0], gains[500], gains[990]), (1.0, 0.0, db_to_gain(6.0)), "{shape:?}");
        assert!(gains[..501].windows(2).all(|pair| pair[0] > pair[1]), "{shape:?} only falls");
        assert!(gains[500..991].windows(2).all(|pair| pair[0] < pair[1]), "{shape:?} only rises");
        assert_eq!(automation.db_at(500), f64::NEG_INFINITY);
    }
}

/// `start + i·step` from the origin of each line, in the sample type, as the module says it.
fn literal<S: Sample>(automation: &Automation<'_>, from: u64, gains: &mut [S]) {
    for (n, gain) in gains.iter_mut().enumerate() {
        let now = from + n as u64;
        let line = automation.line(now);
        assert!(line.origin <= now && now < line.end);
        let step = if line.start == line.stop {
            0.0
        } else {
            (line.stop - line.start) / (line.end - line.origin) as f64
        };
        let i = S::from_f64((now - line.origin) as f64);
        *gain = i * S::from_f64(step) + S::from_f64(line.start);
        if step == 0.0 {
            *gain = S::from_f64(line.start);
        }
    }
}

fn same_bits_everywhere<S: Sample>() {
    const FRAMES: usize = 9000;
    for seed in 0..6 {
        let points = ride(seed, 14);
        let automation = Automation::new(&points).unwrap();
        let mut expected = vec![S::zero(); FRAMES];
        literal(&automation, 0, &mut expected);
        let mut read = vec![S::one(); FRAMES];
        automation.read(0, &mut read);
        assert!(read == expected, "read at seed {seed}");

        for isa in Isa::available() {
            let stream = Stream::with_isa(48_000.0, Layout::STEREO, isa).unwrap();
            let mut input = noise::<S>(2, FRAMES, 1.0, seed);
            // Zero lets nothing through, on the frame on which a fade opens neither.
            for x in &mut input {
                for (x, _) in x.iter_mut().zip(&expected).filter(|(_, gain)| **gain == S::zero()) {
                    *x = S::nan();
                }
            }
            let mut pick = Noise::new(seed + 100);
            let mut gain =
                AutomatedGain::new(AutomationLane::new(&points).unwrap(), stream).unwrap();
            let mut audio = input.clone();
            let mut at = 0;
            while at < FRAMES {
                let end = (at + pick.below(200)).min(FRAMES);
                let mut block = BlockMut::new(&mut audio).unwrap();
                gain.process(Io::new(block.range(at, end))).unwrap();
                at = end;
            }
            for (audio, input) in audio.iter().zip(&input) {
                for ((y, x), g) in audio.iter().zip(input).zip(&expected) {
                    // Zero is zero, without the sign of the sample.
                    let product = if *g == S::zero() { S::zero() } else { *x * *g };
                    assert!(*y == product, "{y:?} {x:?} {g:?}");
                }
            }
            // A render that starts in the middle has the same frames.
            gain.seek(4321);
            assert_eq!((gain.frame(), gain.gain_db_now()), (4321, automation.db_at(4321)));
            let mut late: Vec<Vec<S>> = input.iter().map(|x| x[4321..].to_vec()).collect();
            gain.process(Io::new(BlockMut::new(&mut late).unwrap())).unwrap();
            assert!(late.iter().zip(&audio).all(|(late, whole)| late[..] == whole[4321..]));
        }
    }
}

#[test]
fn every_split_isa_and_start_gives_the_same_bits() {
    same_bits_everywhere::<f32>();
    same_bits_everywhere::<f64>();
}

#[test]
fn the_end_of_an_hour_long_line_is_exact() {
    /// Two roundings of an f32 gain near 1, where a line of an hour is cut into pieces.
    const ROUNDED: f64 = 1.2e-7;
    let hour = 3600 * 48_000;
    let points = [point(0, FADER_FLOOR_DB, Linear), point(hour, 0.0, Step)];
    let automation = Automation::new(&points).unwrap();
    let mut gains = [0.0_f32; 300];
    automation.read(hour - 200, &mut gains);
    assert!(gains[200..].iter().all(|&gain| gain == 1.0));
    for frame in [1, 1 << 20, 100_000_003, hour - 1] {
        let mut gain = [0.0_f32];
        automation.read(frame, &mut gain);
        let law = frame as f64 / hour as f64;
        assert!((f64::from(gain[0]) - law).abs() < ROUNDED, "{frame}: {} {law}", gain[0]);
    }
}

/// The largest difference of two lanes over frames, dB; levels below -100 dB count as that.
fn apart_db(a: &Automation<'_>, b: &Automation<'_>, frames: impl Iterator<Item = u64>) -> f64 {
    frames
        .map(|frame| (a.db_at(frame).max(-100.0) - b.db_at(frame).max(-100.0)).abs())
        .fold(0.0, f64::max)
}

/// What the smooth segment around a frame may differ by, in amplitude, if one of the cuts lies within
/// it: the chord of a sixteenth of half a cosine, (π/16)²/16 = 0.25 % of its own travel, or of the
/// whole frames that a sixteenth of a short segment is rounded up to; points below the floor are zero.
fn cut_chord(points: &[Breakpoint], cuts: &[u64], frame: u64) -> f64 {
    let after = points.partition_point(|point| point.frame <= frame);
    let (Some(b), Some(a)) = (points.get(after), after.checked_sub(1).map(|at| points[at])) else {
        return 0.0;
    };
    let cut = cuts.iter().any(|&cut| a.frame < cut && cut < b.frame);
    if a.shape != Smooth || !cut || a.gain_db == b.gain_db {
        return 0.0;
    }
    let span = b.frame - a.frame;
    let line = std::f64::consts::PI * span.div_ceil(16) as f64 / span as f64;
    let travel = (gain_of(a.gain_db) - gain_of(b.gain_db)).abs();
    line * line / 16.0 * travel + db_to_gain(FADER_FLOOR_DB)
}

/// The gain of a level, the floor of which is zero.
fn gain_of(db: f64) -> f64 {
    if db <= FADER_FLOOR_DB { 0.0 } else { db_to_gain(db) }
}

/// Whether an edit left the level that it must: to rounding in dB, or, where a smooth segment was cut,
/// to its chord.
fn is_kept(expected_db: f64, found_db: f64, chord: f64) -> bool {
    let floored = |db: f64| db.max(FADER_FLOOR_DB);
    let apart = (db_to_gain(expected_db) - db_to_gain(found_db)).abs();
    (floored(expected_db) - floored(found_db)).abs() < 1e-9 || apart < chord
}

/// What a trim makes of a lane, as its documentation says it: the points and the cuts move by their
/// share, and each way between them keeps its shape.
struct Trimmed<'a> {
    old: Automation<'a>,
    nodes: Vec<u64>,
    trim_db: f64,
    share: fn(u64) -> f64,
}

impl Trimmed<'_> {
    fn level(&self, node: u64) -> f64 {
        self.old.db_at(node) + self.trim_db * (self.share)(node)
    }

    fn db_at(&self, frame: u64) -> f64 {
        let after = self.nodes.partition_point(|&node| node <= frame);
        let Some(a) = after.checked_sub(1).map(|at| self.nodes[at]) else {
            return self.level(self.nodes[0]);
        };
        let Some(&b) = self.nodes.get(after) else { return self.level(a) };
        let (from, to) = (self.level(a), self.level(b));
        let t = (frame - a) as f64 / (b - a) as f64;
        let points = self.old.points();
        let segment = points.partition_point(|point| point.frame <= a).saturating_sub(1);
        let stands = points.get(segment + 1).is_none_or(|b| b.gain_db == points[segment].gain_db);
        let shape = match points[segment].shape {
            _ if stands => RampShape::DbLinear,
            // Up to a cut a step stands; up to a point of another level it does not.
            Step if self.old.db_at(a) == self.old.db_at(b) => RampShape::DbLinear,
            Step => return from,
            Linear => RampShape::Linear,
            DbLinear => RampShape::DbLinear,
            _ => RampShape::RaisedCosine,
        };
        shape.db_between(from, to, t)
    }
}

#[test]
fn a_touch_pass_keeps_what_lies_outside() {
    for seed in 0..40 {
        let points = ride(seed, 25);
        let mut lane = AutomationLane::new(&points).unwrap();
        let moves: Vec<FaderMove> = (0..20)
            .map(|n| FaderMove { frame: 3000 + 100 * n, gain_db: -12.0 + 0.3 * n as f64 })
            .collect();
        let pass =
            WritePass { moves: &moves, release: 5000, mode: WriteMode::Touch, return_frames: 480 };
        lane.write(&pass).unwrap();
        let (old, new) = (Automation::new(&points).unwrap(), lane.automation());
        assert!(Automation::new(new.points()).is_ok(), "the lane is still a good list");
        for frame in (0..3000).chain(5480..30_000) {
            let (old, new) = (old.db_at(frame), new.db_at(frame));
            let chord = cut_chord(&points, &[2999, 5480], frame);
            assert!(is_kept(old, new, chord), "seed {seed}, {frame}: {old} {new}");
        }
        for at in &moves {
            assert_eq!(new.db_at(at.frame), at.gain_db);
        }
        assert_eq!((new.db_at(4950), new.db_at(5000)), (moves[19].gain_db, moves[19].gain_db));
        // Half-way back, straight in dB (if the old curve is not at zero by then).
        let back = new.db_at(5480);
        if back >= -100.0 {
            let half = (moves[19].gain_db + back) / 2.0;
            assert!((new.db_at(5240) - half).abs() < 1e-9);
        }
    }
}

#[test]
fn a_latch_pass_holds_until_the_transport_stops() {
    let mut lane =
        AutomationLane::new(&[point(0, -6.0, DbLinear), point(9000, -12.0, Step)]).unwrap();
    let pass = WritePass {
        moves: &[FaderMove { frame: 0, gain_db: 3.0 }],
        release: 10,
        mode: WriteMode::Latch { stop: 6000 },
        return_frames: 1,
    };
    lane.write(&pass).unwrap();
    let automation = lane.automation();
    for frame in [0, 10, 3000, 6000] {
        assert_eq!(automation.db_at(frame), 3.0);
    }
    assert!((automation.db_at(6001) - (-6.0 - 6.0 * 6001.0 / 9000.0)).abs() < ROUNDING_DB);
    assert_eq!(automation.db_at(9000), -12.0);
}

#[test]
fn a_pass_without_sense_is_an_error_and_changes_nothing() {
    let points = [point(0, -6.0, DbLinear), point(9000, -12.0, Step)];
    let mut lane = AutomationLane::new(&points).unwrap();
    let at = |frame, gain_db| FaderMove { frame, gain_db };
    let touch = |moves, release, return_frames| WritePass {
        moves,
        release,
        mode: WriteMode::Touch,
        return_frames,
    };
    let twice = [at(100, 0.0), at(100, 1.0)];
    let loud = [at(100, 0.0), at(200, 25.0)];
    let one = [at(100, 0.0)];
    let latch = WritePass { mode: WriteMode::Latch { stop: 50 }, ..touch(&one, 200, 1) };
    for (pass, expected) in [
        (touch(&[], 0, 1), "moves is 0"),
        (touch(&twice, 300, 1), "move 1: frame is 100, allowed is 101 to"),
        (touch(&loud, 300, 1), "move 1: gain_db is 25, allowed is -144 to 24"),
        (touch(&one, 99, 1), "release is 99, allowed is 100 to"),
        (touch(&one, 100, 0), "return_frames is 0, allowed is 1 to"),
        (touch(&one, 200, u64::MAX), "return_frames"),
        (touch(&one, u64::MAX, 1), "release"),
        (latch, "stop is 50, allowed is 200 to"),
    ] {
        let text = lane.write(&pass).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
        assert_eq!(lane.automation().points(), points);
    }
}

#[test]
fn a_trim_moves_a_stretch_and_nothing_else() {
    const CUTS: [u64; 4] = [3000, 3500, 5500, 6000];
    let share = |frame: u64| match frame {
        3000..3500 => (frame - 3000) as f64 / 500.0,
        3500..5500 => 1.0,
        5500..6000 => (6000 - frame) as f64 / 500.0,
        _ => 0.0,
    };
    for seed in 0..40 {
        let points = ride(seed, 25);
        let mut lane = AutomationLane::new(&points).unwrap();
        lane.trim(3000, 6000, -4.0, 500).unwrap();
        let (old, new) = (Automation::new(&points).unwrap(), lane.automation());
        assert!(Automation::new(new.points()).is_ok());
        let mut nodes: Vec<u64> = points.iter().map(|point| point.frame).chain(CUTS).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let trimmed = Trimmed { old, nodes, trim_db: -4.0, share };
        for frame in 0..30_000 {
            let (before, after) = (old.db_at(frame), new.db_at(frame));
            let what = format!("seed {seed}, {frame}: {before} {after}");
            let chord = cut_chord(&points, &CUTS, frame);
            let edge = 0.0 < share(frame) && share(frame) < 1.0;
            if chord == 0.0 {
                let expected = trimmed.db_at(frame);
                assert!(is_kept(expected, after, 0.0), "{what}, not {expected}");
            } else if edge {
                // Sixteen lines whose ends have their shares: the trim of a frame is that of its line's
                // ends, at most a sixteenth of the longest segment (2970 frames) away, or 1.5 dB.
                let by = -4.0 * share(frame);
                let (low, high) = (db_to_gain(before + by - 1.5), db_to_gain(before + by + 1.5));
                let gain = db_to_gain(after);
                assert!(low - chord <= gain && gain <= high + chord, "{what}");
            } else {
                assert!(is_kept(before - 4.0 * share(frame), after, chord), "{what}");
            }
            // Between the edges it is -4 dB, where no way in decibels leads below -100 dB.
            let segment = points.partition_point(|point| point.frame <= frame).max(1) - 1;
            let low = points[segment..].iter().take(2).any(|point| point.gain_db < -96.0);
            let straight = points[segment].shape == DbLinear && low;
            if (3500..=5500).contains(&frame) && chord == 0.0 && !straight {
                assert!(is_kept(before - 4.0, after, 0.0), "{what}");
            }
        }
    }
}

#[test]
fn a_step_inside_an_edge_takes_its_trim_along() {
    let points = [point(0, 0.0, Step), point(1050, -6.0, Step)];
    let mut lane = AutomationLane::new(&points).unwrap();
    lane.trim(1000, 2000, 6.0, 100).unwrap();
    // What stands up to the step has the share of its last point; what stands after it fades on.
    for (frame, db) in [
        (999, 0.0),
        (1000, 0.0),
        (1049, 0.0),
        (1050, -3.0),
        (1075, -1.5),
        (1100, 0.0),
        (1950, -3.0),
    ] {
        assert!((lane.automation().db_at(frame) - db).abs() < ROUNDING_DB, "{frame}");
    }
}

#[test]
fn a_trim_of_a_standing_level_fades_in_and_out() {
    let mut lane = AutomationLane::new(&[point(0, -10.0, Step)]).unwrap();
    lane.trim(1000, 2000, 6.0, 100).unwrap();
    let automation = lane.automation();
    for (frame, db) in [
        (0, -10.0),
        (1000, -10.0),
        (1050, -7.0),
        (1100, -4.0),
        (1900, -4.0),
        (1950, -7.0),
        (2000, -10.0),
    ] {
        assert!((automation.db_at(frame) - db).abs() < ROUNDING_DB, "{frame}");
    }
    // Zero stays zero; what would be lower than the floor is zero.
    let mut lane =
        AutomationLane::new(&[point(0, -144.0, Step), point(500, -100.0, Step)]).unwrap();
    lane.trim(0, 1000, 20.0, 1).unwrap();
    assert_eq!(
        (lane.automation().db_at(100), lane.automation().db_at(600)),
        (f64::NEG_INFINITY, -80.0)
    );
    lane.trim(0, 1000, -100.0, 1).unwrap();
    assert_eq!(lane.automation().db_at(600), f64::NEG_INFINITY);
    // Too loud: nothing happens.
    let points = [point(0, 0.0, Step), point(1500, 20.0, Step)];
    let mut lane = AutomationLane::new(&points).unwrap();
    let text = lane.trim(1000, 2000, 6.0, 100).unwrap_err().to_string();
    assert!(text.contains("breakpoint 1: gain_db is 26, allowed is -144 to 24"), "{text}");
    for (start, end, trim_db, edge) in [
        (5, 6, 0.0, 1),
        (5, 100, 121.0, 1),
        (5, 100, f64::NAN, 1),
        (5, 100, 1.0, 0),
        (5, 100, 1.0, 48),
    ] {
        assert!(lane.trim(start, end, trim_db, edge).is_err());
    }
    assert!(
        lane.trim(u64::MAX, u64::MAX, 0.0, 1).is_err() && lane.trim(0, u64::MAX, 0.0, 1).is_err()
    );
    assert_eq!(lane.automation().points(), points);
}

/// A hand on a fader: a smooth ride with a tremor, a point every 10 ms.
fn hand(seed: u32, points: usize, shape: SegmentShape) -> Vec<Breakpoint> {
    let mut pick = Noise::new(seed);
    (0..points)
        .map(|n| {
            let ride = -15.0 + 10.0 * (n as f64 / 40.0).sin();
            point(480 * n as u64 + pick.below(400) as u64, ride + 0.2 * pick.next_f64(), shape)
        })
        .collect()
}

#[test]
fn thinning_stays_within_its_tolerance() {
    /// The laws round.
    const ROUNDED_DB: f64 = 1e-9;
    for seed in 0..30 {
        for (tolerance_db, points) in [
            (0.5, ride(seed, 60)),
            (2.0, ride(seed, 60)),
            (0.0, hand(seed, 300, DbLinear)),
            (0.3, hand(seed, 300, DbLinear)),
            (0.3, hand(seed, 300, Linear)),
            (1.0, hand(seed, 300, Step)),
        ] {
            let mut lane = AutomationLane::new(&points).unwrap();
            let gone = lane.thin(tolerance_db).unwrap();
            let (old, new) = (Automation::new(&points).unwrap(), lane.automation());
            assert!(Automation::new(new.points()).is_ok());
            assert_eq!(new.points().len() + gone, points.len());
            assert!(
                new.points().iter().all(|kept| points.contains(kept)),
                "a subset of the points"
            );
            let end = points.last().unwrap().frame + 10;
            // Every frame where the curve is audible; what lies below -100 dB is left alone.
            let apart = apart_db(&old, &new, 0..end);
            assert!(
                apart <= tolerance_db + ROUNDED_DB,
                "seed {seed}: {apart} of {tolerance_db} dB"
            );
            let silent = |at: &Automation<'_>| (0..end).filter(|&n| at.gain_at(n) == 0.0).count();
            assert_eq!(silent(&old), silent(&new), "zero is zero");
        }
    }
}

#[test]
fn thinning_leaves_few_points_of_a_ride() {
    // 300 points; a tremor of ±0.2 dB on a sine of ±10 dB and 7.5 radians. Straight pieces of a sine
    // within ±d span sqrt(16·d/10) radians where it bends most.
    for (shape, most) in [(DbLinear, 40), (Linear, 45)] {
        let mut lane = AutomationLane::new(&hand(3, 300, shape)).unwrap();
        lane.thin(0.5).unwrap();
        let left = lane.automation().points().len();
        assert!(left <= most, "{shape:?}: {left}");
    }
    let mut standing =
        AutomationLane::new(&(0..1000).map(|n| point(n, -3.0, Step)).collect::<Vec<_>>()).unwrap();
    assert_eq!(standing.thin(0.0).unwrap(), 998);
    for tolerance_db in [-0.1, 20.1, f64::NAN] {
        assert!(standing.thin(tolerance_db).unwrap_err().to_string().contains("0 to 20"));
    }
}

#[test]
fn thinning_takes_a_time_in_proportion() {
    // A saw-tooth that lets no segment pass two points, and a straight line: 200,000 points each.
    let saw: Vec<Breakpoint> =
        (0..200_000).map(|n| point(n, -20.0 + (n % 2) as f64 * 10.0, DbLinear)).collect();
    assert_eq!(AutomationLane::new(&saw).unwrap().thin(1.0).unwrap(), 0);
    let line: Vec<Breakpoint> =
        (0..200_000).map(|n| point(n, -20.0 - n as f64 / 8192.0, DbLinear)).collect();
    assert_eq!(AutomationLane::new(&line).unwrap().thin(0.01).unwrap(), 199_998);
}

#[test]
fn lent_memory_says_what_it_needs() {
    let points = [point(0, 0.0, Smooth), point(10_000, -20.0, Smooth), point(20_000, 0.0, Step)];
    let mut small = [Breakpoint::default(); 2];
    let error = AutomationLane::new_in(&points, &mut small).unwrap_err();
    assert_eq!(error, Error::Storage { what: "automation", given: 2, required: 3 });
    let mut exact = [Breakpoint::default(); 3];
    let mut lane = AutomationLane::new_in(&points, &mut exact).unwrap();
    let pass = WritePass {
        moves: &[FaderMove { frame: 5000, gain_db: 0.0 }],
        release: 5000,
        mode: WriteMode::Touch,
        return_frames: 10_000,
    };
    let need = AutomationLane::required_len(3, 1);
    assert_eq!(
        lane.write(&pass).unwrap_err(),
        Error::Storage { what: "automation", given: 3, required: need }
    );
    assert_eq!(lane.automation().points(), points);
    let mut enough = vec![Breakpoint::default(); need];
    let mut lane = AutomationLane::new_in(&points, &mut enough).unwrap();
    lane.write(&pass).unwrap();
    let mut owned = AutomationLane::new(&points).unwrap();
    owned.write(&pass).unwrap();
    assert_eq!(lane.automation(), owned.automation());
    owned.set_points(&points[1..]).unwrap();
    assert_eq!(owned.automation().points(), &points[1..]);
    assert!(owned.set_points(&[]).is_err() && owned.automation().points().len() == 2);
}

#[test]
fn an_edit_is_heard_from_the_next_frame_on() {
    let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
    let lane = AutomationLane::new(&[point(0, 0.0, Step)]).unwrap();
    let mut gain = AutomatedGain::new(lane, stream).unwrap();
    let mut audio = [1.0_f32; 8];
    gain.process(Io::new(BlockMut::mono(&mut audio[..4]))).unwrap();
    gain.lane_mut().set_points(&[point(6, FADER_FLOOR_DB, Step)]).unwrap();
    gain.process(Io::new(BlockMut::mono(&mut audio[4..]))).unwrap();
    assert_eq!(audio, [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    gain.reset();
    assert_eq!((gain.frame(), gain.automation().points().len()), (0, 1));
}
