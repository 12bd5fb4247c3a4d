//! The fader: exact where it stands, and silent about its moves.

use mixcore::level::{FADER_FLOOR_DB, Fader, FaderParams, FaderSetup};
use mixcore::{Block, BlockMut, Io, Layout, Process, Processor, Stream, math, units};
use proptest::prelude::*;

use crate::signals::{Noise, noise, sine};

const RATE_HZ: f64 = 48_000.0;

fn mono(gain_db: f64) -> Fader {
    let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    Fader::new(FaderSetup::default(), FaderParams { gain_db }, stream).unwrap()
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
    process(&mut fader, &mut ones);
    assert_eq!(ones[0], 0.0);
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

/// What an ideal high-pass filter at `hz` would leave, dBFS: the root mean square over 20 ms, the
/// duration of a move, and the largest sample. DFT under a Hann window, everything below `hz`
/// removed, inverse DFT.
fn left_above(signal: &[f64], hz: f64) -> (f64, f64) {
    let n = signal.len();
    let turn = |i: usize| 2.0 * math::PI * (i % n) as f64 / n as f64;
    let table: Vec<(f64, f64)> = (0..n).map(|i| (math::cos(turn(i)), math::sin(turn(i)))).collect();
    let windowed: Vec<f64> =
        signal.iter().zip(&table).map(|(x, (cos, _))| x * (0.5 - 0.5 * cos)).collect();
    let mut rest = vec![0.0; n];
    for bin in (hz / RATE_HZ * n as f64).ceil() as usize..n / 2 {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, x) in windowed.iter().enumerate() {
            let (cos, sin) = table[bin * i % n];
            re += x * cos;
            im -= x * sin;
        }
        for (i, y) in rest.iter_mut().enumerate() {
            let (cos, sin) = table[bin * i % n];
            *y += (re * cos - im * sin) * 2.0 / n as f64;
        }
    }
    let energy: f64 = rest.iter().map(|y| y * y).sum();
    let peak = rest.iter().fold(0.0, |peak, y| y.abs().max(peak));
    (units::power_to_db(energy / (0.02 * RATE_HZ)), units::gain_to_db(peak))
}

/// A full-scale 100 Hz sine whose fader takes `changes` (frame, level), 80 ms long.
fn moved(start_db: f64, changes: &[(usize, f64)]) -> Vec<f64> {
    let mut fader = mono(start_db);
    let mut samples = sine::<f64>(100.0, RATE_HZ, 3840, 1.0);
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
    /// Energy above 5 kHz during the move of a 20 dB step: the bound of the level layer.
    const CLICK_DBFS: f64 = -80.0;
    /// Largest sample of that rest. The corner where a dB-linear move starts at the crest of the
    /// sine bends by s = ln(10)/960 a frame; above w = 2π·5/48 it leaves s/(π·w) = -58.6 dBFS.
    const CORNER_DBFS: f64 = -58.5;
    /// A mute passes 100 dB and the 20 that zero counts as in the same time: six times as steep,
    /// so 15.6 dB more.
    const MUTE_DBFS: f64 = CLICK_DBFS + 15.6;
    // Crests and zero crossings of the sine, on and off the 32-frame grid.
    for frame in [1800, 1801, 1816, 1920, 2040] {
        for (from, to) in [(0.0, -20.0), (-20.0, 0.0)] {
            let (energy, peak) = left_above(&moved(from, &[(frame, to)]), 5000.0);
            assert!(energy <= CLICK_DBFS, "{from} to {to} dB at {frame}: {energy:.1} dBFS");
            assert!(peak <= CORNER_DBFS, "{from} to {to} dB at {frame}: peak {peak:.1} dBFS");
        }
        // A change of mind half-way between two grid points.
        let back = frame + 240 + 16 - frame % 32;
        let (energy, peak) = left_above(&moved(0.0, &[(frame, -20.0), (back, 0.0)]), 5000.0);
        assert!(energy <= CLICK_DBFS, "back at {back}: {energy:.1} dBFS");
        assert!(peak <= CORNER_DBFS, "back at {back}: peak {peak:.1} dBFS");
        let (energy, _) = left_above(&moved(0.0, &[(frame, FADER_FLOOR_DB)]), 5000.0);
        assert!(energy <= MUTE_DBFS, "mute at {frame}: {energy:.1} dBFS");
    }
    // The measure sees a click: the same step without a ramp.
    let mut hard = sine::<f64>(100.0, RATE_HZ, 3840, 1.0);
    hard[1800..].iter_mut().for_each(|x| *x *= 0.1);
    assert!(left_above(&hard, 5000.0).0 > -40.0);
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_fader(
        gain_db in prop_oneof![any::<f64>(), -200.0..50.0],
        channel in prop_oneof![any::<usize>(), 0..70_usize],
        rate_hz in prop_oneof![any::<f64>(), 1e3..5e5],
        shape in (0..70_usize, 0..100_usize),
        layout in 0..16_usize,
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
    let setup = FaderSetup::default().with_inverted(0).unwrap();
    let input = noise::<f32>(2, 4000, 1.0, 7);
    let render = |seed: u32| {
        let mut fader = Fader::new(setup, FaderParams::default(), stream).unwrap();
        let mut audio = input.clone();
        let mut pick = Noise::new(seed);
        let mut at = 0;
        for (end, gain_db) in [(700, -30.0), (1111, FADER_FLOOR_DB), (2500, 6.0), (4000, 0.0)] {
            while at < end {
                let count = if seed == 0 { end } else { pick.below(90) }.min(end - at);
                let mut block = BlockMut::new(&mut audio).unwrap();
                fader.process(Io::new(block.range(at, at + count))).unwrap();
                at += count;
            }
            fader.set_params(FaderParams { gain_db }).unwrap();
        }
        let block = Block::new(&audio).unwrap();
        block.channels().flatten().map(|x| x.to_bits()).collect::<Vec<_>>()
    };
    let whole = render(0);
    for seed in 1..6 {
        assert_eq!(render(seed), whole);
    }
}
