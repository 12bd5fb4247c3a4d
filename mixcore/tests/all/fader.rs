//! The fader: exact where it stands, and silent about its moves.

use mixcore::level::{FADER_FLOOR_DB, Fader, FaderParams, FaderSetup, MAX_RAMP_MS, MIN_RAMP_MS};
use mixcore::ramp::RampShape;
use mixcore::{Block, BlockMut, Io, Layout, Process, Processor, Stream, units};
use proptest::prelude::*;

use crate::click::{CLICK_DBFS, PASSAGE, left_above_5_khz, tone};
use crate::signals::{Noise, noise};

const RATE_HZ: f64 = 48_000.0;

const SHAPES: [RampShape; 3] = [RampShape::Linear, RampShape::DbLinear, RampShape::RaisedCosine];

fn mono(gain_db: f64) -> Fader {
    shaped(gain_db, RampShape::default(), 20.0)
}

fn shaped(gain_db: f64, shape: RampShape, ramp_ms: f64) -> Fader {
    let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let setup = FaderSetup::default().with_ramp(shape, ramp_ms).unwrap();
    Fader::new(setup, FaderParams { gain_db }, stream).unwrap()
}

fn process<S: mixcore::Sample>(fader: &mut Fader, samples: &mut [S]) {
    fader.process(Io::new(BlockMut::mono(samples))).unwrap();
}

#[test]
fn at_unity_every_bit_passes_even_of_what_is_no_sample() {
    let mut samples = noise::<f32>(1, 999, 1.0, 1).remove(0);
    samples[10] = f32::from_bits(0x7fc0_1234);
    samples[11] = f32::NEG_INFINITY;
    samples[12] = -0.0;
    let before: Vec<u32> = samples.iter().map(|x| x.to_bits()).collect();
    process(&mut mono(0.0), &mut samples);
    assert_eq!(samples.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), before);
}

#[test]
fn the_floor_is_exact_zero_for_everything() {
    let mut fader = mono(0.0);
    fader.set_params(FaderParams::MUTED).unwrap();
    let mut samples = noise::<f64>(1, 2000, 1.0, 2).remove(0);
    samples[1500] = f64::NAN;
    samples[1501] = -1.0;
    process(&mut fader, &mut samples);
    assert!(samples[..960].iter().all(|x| *x != 0.0), "20 ms are 960 frames");
    assert!(samples[960..].iter().all(|x| x.to_bits() == 0));
    assert_eq!(fader.gain_db_now(), f64::NEG_INFINITY);
    assert_eq!(fader.params().gain_db, FADER_FLOOR_DB);
    // And back: it reaches unity exactly.
    fader.set_params(FaderParams::default()).unwrap();
    let mut ones = vec![1.0; 1000];
    ones[0] = f64::NAN;
    process(&mut fader, &mut ones);
    assert_eq!(ones[0].to_bits(), 0, "a fade opens on zero");
    assert!(ones[960..].iter().all(|&x| x == 1.0));
    assert!(ones[..961].windows(2).all(|pair| pair[0] < pair[1]), "a fade in only rises");
}

#[test]
fn a_move_is_linear_in_decibels_and_ends_on_time() {
    /// Between the points of the 32-frame grid the gain runs straight where the law is an
    /// exponential: 20 dB in 960 frames bend by (ln 10 / 30)² / 8 = 0.0064 dB in one interval.
    const CHORD_DB: f64 = 0.0066;
    let mut fader = mono(-6.0);
    let mut ones = vec![1.0_f64; 1200];
    process(&mut fader, &mut ones[..100]);
    fader.set_params(FaderParams { gain_db: -26.0 }).unwrap();
    process(&mut fader, &mut ones[100..]);
    assert_eq!(ones[99], units::db_to_gain(-6.0));
    for (n, gain) in ones[100..1060].iter().enumerate() {
        let law = -6.0 - 20.0 * n as f64 / 960.0;
        assert!((units::gain_to_db(*gain) - law).abs() < CHORD_DB, "{n}");
    }
    assert!(ones[1060..].iter().all(|&gain| gain == units::db_to_gain(-26.0)));
}

#[test]
fn polarity_is_exact_and_per_channel() {
    let setup = FaderSetup::default().with_inverted(1).unwrap().with_inverted(4).unwrap();
    let stream = Stream::new(RATE_HZ, Layout::SURROUND_5_1).unwrap();
    let mut fader = Fader::new(setup, FaderParams::default(), stream).unwrap();
    let input = noise::<f32>(6, 300, 1.0, 3);
    let mut output = input.clone();
    fader.process(Io::new(BlockMut::new(&mut output).unwrap())).unwrap();
    for (channel, (output, input)) in output.iter().zip(&input).enumerate() {
        let sign = if [1, 4].contains(&channel) { -1.0 } else { 1.0 };
        assert!(output.iter().zip(input).all(|(y, x)| *y == sign * *x));
    }
}

/// A full-scale 100 Hz sine whose fader takes `changes` (frame, level), 80 ms long.
fn moved(start_db: f64, changes: &[(usize, f64)]) -> Vec<f64> {
    let mut fader = mono(start_db);
    let mut samples = tone(PASSAGE);
    let mut at = 0;
    for &(frame, gain_db) in changes {
        process(&mut fader, &mut samples[at..frame]);
        fader.set_params(FaderParams { gain_db }).unwrap();
        at = frame;
    }
    process(&mut fader, &mut samples[at..]);
    samples
}

#[test]
fn a_twenty_decibel_step_leaves_nothing_above_5_khz() {
    /// Largest sample of that rest. The corner where a dB-linear move starts at the crest of the
    /// sine bends by s = ln(10)/960 a frame; above w = 2π·5/48 it leaves s/(π·w) = -58.6 dBFS.
    const CORNER_DBFS: f64 = -58.5;
    /// A mute passes 100 dB and the 20 that zero counts as in the same time: six times as steep,
    /// so 15.6 dB more.
    const MUTE_DBFS: f64 = CLICK_DBFS + 15.6;
    // Crests and zero crossings of the sine, on and off the 32-frame grid.
    for frame in [1800, 1801, 1816, 1920, 2040] {
        for (from, to) in [(0.0, -20.0), (-20.0, 0.0)] {
            let (energy, peak) = left_above_5_khz(&moved(from, &[(frame, to)]), 20.0);
            assert!(energy <= CLICK_DBFS, "{from} to {to} dB at {frame}: {energy:.1} dBFS");
            assert!(peak <= CORNER_DBFS, "{from} to {to} dB at {frame}: peak {peak:.1} dBFS");
        }
        // A change of mind half-way between two grid points.
        let back = frame + 240 + 16 - frame % 32;
        let (energy, peak) = left_above_5_khz(&moved(0.0, &[(frame, -20.0), (back, 0.0)]), 20.0);
        assert!(energy <= CLICK_DBFS, "back at {back}: {energy:.1} dBFS");
        assert!(peak <= CORNER_DBFS, "back at {back}: peak {peak:.1} dBFS");
        let (energy, _) = left_above_5_khz(&moved(0.0, &[(frame, FADER_FLOOR_DB)]), 20.0);
        assert!(energy <= MUTE_DBFS, "mute at {frame}: {energy:.1} dBFS");
    }
}

/// A move of a full-scale 100 Hz sine at `frame`; what it leaves above 5 kHz.
fn click(mut fader: Fader, frame: usize, ramp_ms: f64, act: impl Fn(&mut Fader)) -> (f64, f64) {
    let mut samples = tone(PASSAGE);
    process(&mut fader, &mut samples[..frame]);
    act(&mut fader);
    process(&mut fader, &mut samples[frame..]);
    left_above_5_khz(&samples, ramp_ms)
}

/// The worst energy and peak over phases of the sine and places on the 32-frame grid.
fn worst_click(fader: &Fader, ramp_ms: f64, act: impl Fn(&mut Fader)) -> (f64, f64) {
    [1800, 1801, 1808, 1816, 1860, 1920, 1937, 2040]
        .map(|frame| click(fader.clone(), frame, ramp_ms, &act))
        .into_iter()
        .fold((f64::NEG_INFINITY, f64::NEG_INFINITY), |a, b| (a.0.max(b.0), a.1.max(b.1)))
}

#[test]
fn every_shape_leaves_what_its_documentation_says() {
    /// The table is rounded to 0.1 dB.
    const ROUNDED_DB: f64 = 0.06;
    // Energy over the ramp and largest sample above 5 kHz: the table of `ramp/shape.rs`.
    let moves = [(20.0, -20.0), (10.0, -20.0), (5.0, -20.0), (20.0, FADER_FLOOR_DB)];
    let table = [
        (RampShape::Linear, [(-92.5, -67.2), (-82.2, -61.2), (-72.8, -55.2), (-91.6, -66.3)]),
        (RampShape::DbLinear, [(-85.8, -59.2), (-76.9, -53.3), (-68.1, -47.6), (-70.8, -44.3)]),
        (
            RampShape::RaisedCosine,
            [(-103.0, -84.1), (-89.9, -72.8), (-76.6, -60.5), (-102.1, -83.1)],
        ),
    ];
    for (shape, row) in table {
        for ((ramp_ms, gain_db), (energy_dbfs, peak_dbfs)) in moves.into_iter().zip(row) {
            let fader = shaped(0.0, shape, ramp_ms);
            let step = |fader: &mut Fader| fader.set_params(FaderParams { gain_db }).unwrap();
            let (energy, peak) = worst_click(&fader, ramp_ms, step);
            let to = format!("{shape:?} to {gain_db} dB in {ramp_ms} ms");
            let what = format!("{to}: {energy:.2} and {peak:.2} dBFS");
            assert!((energy - energy_dbfs).abs() < ROUNDED_DB, "{what}");
            assert!((peak - peak_dbfs).abs() < ROUNDED_DB, "{what}");
        }
    }
}

#[test]
fn mute_and_polarity_make_no_click() {
    for shape in SHAPES {
        let fader = shaped(0.0, shape, 20.0);
        let (energy, peak) = worst_click(&fader, 20.0, |fader| fader.set_muted(true));
        assert!(energy < CLICK_DBFS - 20.0 && peak < CLICK_DBFS, "{energy:.1} {peak:.1}");
        let turn = |fader: &mut Fader| fader.set_inverted(0, true).unwrap();
        let (energy, peak) = worst_click(&fader, 20.0, turn);
        // Twice the way of a mute: 6 dB more.
        assert!(energy < CLICK_DBFS - 14.0 && peak < CLICK_DBFS + 6.0, "{energy:.1} {peak:.1}");
    }
}

#[test]
fn a_ramp_takes_the_time_of_its_setup_in_its_shape() {
    /// Chords of 32 frames under a cosine of 480: (π·32/480)²/16 of the way.
    const CHORD: f64 = 0.003;
    for shape in SHAPES {
        let mut fader = shaped(-6.0, shape, 10.0);
        let mut ones = vec![1.0_f64; 700];
        process(&mut fader, &mut ones[..100]);
        fader.set_params(FaderParams { gain_db: -26.0 }).unwrap();
        process(&mut fader, &mut ones[100..]);
        let (from, to) = (units::db_to_gain(-6.0), units::db_to_gain(-26.0));
        assert_eq!(ones[99..=100], [from; 2], "{shape:?}");
        assert!(
            ones[579] > to && ones[580..].iter().all(|&gain| gain == to),
            "10 ms are 480 frames"
        );
        for (n, gain) in ones[100..580].iter().enumerate() {
            let t = n as f64 / 480.0;
            let law = match shape {
                RampShape::Linear => from + (to - from) * t,
                RampShape::RaisedCosine => {
                    from + (to - from) * 0.5 * (1.0 - (std::f64::consts::PI * t).cos())
                }
                _ => units::db_to_gain(-6.0 - 20.0 * t),
            };
            assert!((gain - law).abs() < CHORD * (from - to), "{shape:?} {n}: {gain} {law}");
        }
    }
    for ramp_ms in [MIN_RAMP_MS, MAX_RAMP_MS] {
        let setup = FaderSetup::default().with_ramp(RampShape::Linear, ramp_ms).unwrap();
        assert_eq!((setup.ramp_ms(), setup.shape()), (ramp_ms, RampShape::Linear));
    }
    let error = FaderSetup::default().with_ramp(RampShape::Linear, 0.0).unwrap_err().to_string();
    assert!(error.contains("ramp_ms is 0") && error.contains("1 to 10000"), "{error}");
}

#[test]
fn mute_is_a_switch_of_its_own_with_true_zero() {
    let mut fader = mono(-6.0);
    let gain = units::db_to_gain(-6.0);
    assert!(!fader.is_muted() && !fader.is_silent());
    fader.set_muted(true);
    assert!(fader.is_muted() && !fader.is_silent(), "still closing");
    let mut samples = vec![1.0_f64; 1500];
    samples[1000] = f64::NAN;
    process(&mut fader, &mut samples);
    assert_eq!(samples[0], gain);
    assert!(samples[..961].windows(2).all(|pair| pair[0] > pair[1]), "it only falls");
    assert!(samples[960..].iter().all(|x| x.to_bits() == 0));
    assert!(fader.is_silent());
    assert_eq!((fader.gain_db_now(), fader.params().gain_db), (f64::NEG_INFINITY, -6.0));
    // The level moves behind the mute, and is there when it opens.
    fader.set_params(FaderParams { gain_db: 6.0 }).unwrap();
    process(&mut fader, &mut samples);
    assert!(samples.iter().all(|x| x.to_bits() == 0));
    fader.set_muted(false);
    assert!(!fader.is_silent());
    let mut ones = vec![1.0_f64; 1000];
    ones[0] = f64::NAN;
    process(&mut fader, &mut ones);
    assert_eq!(ones[0].to_bits(), 0, "a mute opens on zero");
    assert!(ones[960..].iter().all(|&x| x == units::db_to_gain(6.0)));
    // Reset ends the ramp, not the mute.
    fader.set_muted(true);
    fader.reset();
    assert!(fader.is_muted() && fader.is_silent());
    assert!(mono(FADER_FLOOR_DB).is_silent());
}

#[test]
fn the_level_it_tells_is_the_one_it_applies() {
    /// Decibels to gains and back; the kernel's sum rounds at 1, where -80 dB are 1e-4.
    const ROUNDED_DB: f64 = 1e-9;
    for shape in SHAPES {
        // A move of 20 dB, one to zero with a mute on the way, and back.
        let mut fader = shaped(0.0, shape, 20.0);
        let acts: [(usize, f64, bool); 5] = [
            (7, -20.0, false),
            (1000, FADER_FLOOR_DB, false),
            (1500, FADER_FLOOR_DB, true),
            (3000, 0.0, true),
            (4100, -3.0, false),
        ];
        for n in 0..5500 {
            if let Some(&(_, gain_db, muted)) = acts.iter().find(|act| act.0 == n) {
                fader.set_params(FaderParams { gain_db }).unwrap();
                fader.set_muted(muted);
            }
            let told = fader.gain_db_now();
            let mut one = [1.0_f64];
            process(&mut fader, &mut one);
            let applied = units::gain_to_db(one[0]);
            let same = told == applied || (told - applied).abs() < ROUNDED_DB;
            assert!(same, "{shape:?} {n}: {told} and {applied} dB");
        }
        assert_eq!(fader.gain_db_now(), -3.0);
    }
}

#[test]
fn polarity_turns_over_through_zero() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let mut fader = Fader::new(FaderSetup::default(), FaderParams::default(), stream).unwrap();
    fader.set_inverted(1, true).unwrap();
    assert!(fader.is_inverted(1) && !fader.is_inverted(0) && !fader.is_inverted(2));
    let mut audio = vec![vec![1.0_f64; 1200]; 2];
    fader.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
    assert!(audio[0].iter().all(|&x| x == 1.0), "the other channel is not touched");
    let turned = &audio[1];
    assert_eq!((turned[0], turned[960]), (1.0, -1.0));
    assert!(turned[..961].windows(2).all(|pair| pair[0] > pair[1]), "it only falls");
    assert!(turned[480].abs() < 1e-15, "half-way it is zero");
    assert!(turned[960..].iter().all(|&x| x == -1.0));
    // Back half-way: from the factor that was applied.
    fader.set_inverted(1, false).unwrap();
    fader.process(Io::new(BlockMut::new(&mut audio).unwrap().into_range(0, 300))).unwrap();
    fader.set_inverted(1, true).unwrap();
    fader.process(Io::new(BlockMut::new(&mut audio).unwrap().into_range(300, 1200))).unwrap();
    let error = fader.set_inverted(2, true).unwrap_err().to_string();
    assert!(error.contains("channel is 2, allowed is 0 to 1"), "{error}");
    let error = FaderSetup::default().with_inverted(64).unwrap_err().to_string();
    assert!(error.contains("channel is 64, allowed is 0 to 63"), "{error}");
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_fader(
        gain_db in prop_oneof![any::<f64>(), -200.0..50.0],
        channel in prop_oneof![any::<usize>(), 0..70_usize],
        rate_hz in prop_oneof![any::<f64>(), 1e3..5e5],
        shape in (0..70_usize, 0..100_usize),
        layout in 0..17_usize,
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, layout, ..Stream::new(48e3, layout).unwrap() };
        let setup = FaderSetup::default().with_inverted(channel);
        prop_assert_eq!(setup.is_ok(), channel < 64);
        let fader = Fader::new(setup.unwrap_or_default(), FaderParams { gain_db }, stream);
        let good = (8e3..=384e3).contains(&rate_hz)
            && (FADER_FLOOR_DB..=24.0).contains(&gain_db)
            && (channel >= 64 || channel < layout.channel_count());
        prop_assert_eq!(fader.is_ok(), good);
        let mut fader = mono(0.0);
        prop_assert_eq!(fader.set_field("gain_db", gain_db).is_ok(), fader.field("gain_db") == Some(gain_db));
        let mut audio = vec![vec![1.0_f32; shape.1]; shape.0];
        if let Ok(block) = BlockMut::new(&mut audio) {
            prop_assert_eq!(fader.process(Io::new(block)).is_ok(), shape.0 == 1);
        }
    }
}

#[test]
fn every_split_gives_the_same_bits() {
    let stream = Stream::new(44_100.0, Layout::STEREO).unwrap();
    let input = noise::<f32>(2, 4000, 1.0, 7);
    let render = |seed: u32, shape: RampShape| {
        let setup = FaderSetup::default().with_inverted(0).unwrap();
        let setup = setup.with_ramp(shape, 13.0).unwrap();
        let mut fader = Fader::new(setup, FaderParams::default(), stream).unwrap();
        let mut audio = input.clone();
        let mut pick = Noise::new(seed);
        let mut at = 0;
        // Level, mute and polarity move at once and change their minds on the way.
        for (turn, (end, gain_db)) in
            [(700, -30.0), (1111, FADER_FLOOR_DB), (1300, -12.0), (2500, 6.0), (4000, 0.0)]
                .into_iter()
                .enumerate()
        {
            while at < end {
                let count = if seed == 0 { end } else { pick.below(90) }.min(end - at);
                let mut block = BlockMut::new(&mut audio).unwrap();
                fader.process(Io::new(block.range(at, at + count))).unwrap();
                at += count;
            }
            fader.set_params(FaderParams { gain_db }).unwrap();
            fader.set_muted(turn == 1);
            fader.set_inverted(turn % 2, turn < 3).unwrap();
        }
        let block = Block::new(&audio).unwrap();
        block.channels().flatten().map(|x| x.to_bits()).collect::<Vec<_>>()
    };
    for shape in SHAPES {
        let whole = render(0, shape);
        for seed in 1..6 {
            assert!(render(seed, shape) == whole, "{shape:?}, splits of seed {seed}");
        }
    }
}
