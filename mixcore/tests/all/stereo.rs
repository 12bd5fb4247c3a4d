//! Middle, side and width: bypass bit for bit, what is kept, and no clicks.

use mixcore::spatial::{
    MidSide, MidSideDirection, Pair, Width, WidthKept, WidthParams, WidthSetup, width_gains,
};
use mixcore::{BlockMut, Io, Layout, Process, Sample, Stream};
use proptest::prelude::*;

use crate::signals::noise;

fn stereo() -> Stream {
    Stream::new(48_000.0, Layout::STEREO).unwrap()
}

fn run<S: Sample>(processor: &mut dyn Process<S>, audio: &mut [Vec<S>]) {
    processor.process(Io::new(BlockMut::new(audio).unwrap())).unwrap();
}

fn width(width: f64, kept: WidthKept) -> Width {
    let setup = WidthSetup { kept, ..WidthSetup::default() };
    Width::new(setup, WidthParams { width }, stereo()).unwrap()
}

fn power<S: Sample>(audio: &[Vec<S>]) -> f64 {
    audio.iter().flatten().map(|x| x.as_f64() * x.as_f64()).sum()
}

#[test]
fn width_one_keeps_every_bit() {
    let mut source = noise::<f32>(2, 1000, 1.0, 5);
    (source[0][3], source[1][4], source[0][9]) = (f32::NAN, f32::INFINITY, -0.0);
    for kept in [WidthKept::Peak, WidthKept::Power] {
        let mut audio = source.clone();
        run(&mut width(1.0, kept), &mut audio);
        for (a, b) in audio.iter().flatten().zip(source.iter().flatten()) {
            assert_eq!(a.to_bits(), b.to_bits());
        }
    }
}

#[test]
fn width_zero_is_mono() {
    let source = noise::<f64>(2, 500, 1.0, 6);
    let mut audio = source.clone();
    run(&mut width(0.0, WidthKept::Peak), &mut audio);
    for n in 0..500 {
        assert_eq!(audio[0][n].to_bits(), audio[1][n].to_bits());
        assert_eq!(audio[0][n], source[0][n] * 0.5 + source[1][n] * 0.5);
    }
}

#[test]
fn the_side_is_scaled_and_the_middle_is_not() {
    /// A sum of two products of magnitude 1 in f64.
    const ROUNDING: f64 = 4e-16;
    let source = noise::<f64>(2, 500, 1.0, 7);
    for factor in [0.25, 0.5, 2.0, 4.0] {
        let mut audio = source.clone();
        run(&mut width(factor, WidthKept::Peak), &mut audio);
        let scale = f64::max(1.0, factor);
        for n in 0..500 {
            let (l, r) = (source[0][n], source[1][n]);
            let (middle, side) = ((l + r) / 2.0 / scale, (l - r) / 2.0 * factor / scale);
            assert!((audio[0][n] - (middle + side)).abs() <= ROUNDING);
            assert!((audio[1][n] - (middle - side)).abs() <= ROUNDING);
        }
    }
}

#[test]
fn peak_keeps_the_peak_and_power_the_power() {
    for tenths in 0..=40 {
        let factor = f64::from(tenths) / 10.0;
        let [own, other] = width_gains(factor, WidthKept::Peak).unwrap();
        assert!((own.abs() + other.abs() - 1.0).abs() <= 1e-15, "{factor}");
        let [own, other] = width_gains(factor, WidthKept::Power).unwrap();
        assert!((own * own + other * other - 1.0).abs() <= 1e-15, "{factor}");
    }
    /// Two noises of 100,000 samples: their chance correlation is 1/√100,000 = 0.3 %, and 5 of
    /// these are 0.07 dB.
    const CHANCE: f64 = 0.016;
    let source = noise::<f64>(2, 100_000, 0.5, 8);
    for factor in [0.0, 0.5, 2.0, 4.0] {
        let mut audio = source.clone();
        run(&mut width(factor, WidthKept::Power), &mut audio);
        assert!((power(&audio) / power(&source) - 1.0).abs() < CHANCE, "{factor}");
        let mut audio = source.clone();
        run(&mut width(factor, WidthKept::Peak), &mut audio);
        assert!(audio.iter().flatten().all(|x| x.abs() <= 0.5 + 1e-15), "{factor}");
    }
}

#[test]
fn a_move_takes_20_ms_and_does_not_click() {
    /// From mono to the source in 960 frames the gains run 0.5 each.
    const STEP: f64 = 0.5 / 960.0 + 1e-12;
    let mut moving = width(0.0, WidthKept::Peak);
    moving.set_params(WidthParams { width: 1.0 }).unwrap();
    let mut audio = vec![vec![1.0_f64; 1100], vec![0.0; 1100]];
    run(&mut moving, &mut audio);
    assert_eq!((audio[0][0], audio[1][0]), (0.5, 0.5));
    assert_eq!((audio[0][960], audio[1][960]), (1.0, 0.0));
    assert_eq!(moving.width_now(), 1.0);
    for channel in &audio {
        assert!(channel.windows(2).all(|pair| (pair[1] - pair[0]).abs() <= STEP));
    }
    // A change of mind between two grid points starts from what was applied.
    let mut moving = width(0.0, WidthKept::Power);
    moving.set_params(WidthParams { width: 4.0 }).unwrap();
    run(&mut moving, &mut [vec![1.0_f64; 499], vec![0.0; 499]]);
    let before = moving.gains_now();
    moving.set_params(WidthParams { width: 0.5 }).unwrap();
    for (a, b) in before.iter().zip(moving.gains_now()) {
        assert!((a - b).abs() <= 1e-15);
    }
}

#[test]
fn middle_and_side_come_back_as_left_and_right() {
    /// Two roundings of sums below 2 in f32.
    const ROUNDING: f32 = 1.2e-7;
    let source = noise::<f32>(2, 777, 1.0, 9);
    let mut audio = source.clone();
    let pair = Pair::default();
    run(&mut MidSide::new(MidSideDirection::Encode, pair, stereo()).unwrap(), &mut audio);
    for n in 0..777 {
        assert_eq!(audio[0][n], source[0][n] * 0.5 + source[1][n] * 0.5);
        assert_eq!(audio[1][n], source[0][n] * 0.5 - source[1][n] * 0.5);
    }
    run(&mut MidSide::new(MidSideDirection::Decode, pair, stereo()).unwrap(), &mut audio);
    for (a, b) in audio.iter().flatten().zip(source.iter().flatten()) {
        assert!((a - b).abs() <= ROUNDING);
    }
}

#[test]
fn only_the_pair_is_touched() {
    let stream = Stream::new(48_000.0, Layout::SURROUND_5_1).unwrap();
    let source = noise::<f32>(6, 300, 1.0, 10);
    let mut audio = source.clone();
    let pair = Pair { left: 4, right: 5 };
    let setup = WidthSetup { pair, ..WidthSetup::default() };
    run(&mut Width::new(setup, WidthParams { width: 0.0 }, stream).unwrap(), &mut audio);
    assert!(audio[..4] == source[..4] && audio[4] == audio[5] && audio[4] != source[4]);
    let mut audio = source.clone();
    run(&mut MidSide::new(MidSideDirection::Encode, pair, stream).unwrap(), &mut audio);
    assert!(audio[..4] == source[..4] && audio[4] != source[4]);
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_width(
        value in prop_oneof![any::<f64>(), -1.0..5.0],
        next in prop_oneof![any::<f64>(), -1.0..5.0],
        (left, right) in (
            prop_oneof![4 => 0..9_usize, 1 => any::<usize>()],
            prop_oneof![4 => 0..9_usize, 1 => any::<usize>()],
        ),
        layout in 0..17_usize,
        rate_hz in prop_oneof![1 => any::<f64>(), 3 => 8e3..384e3],
        kept_power: bool,
        frames in 0..400_usize,
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let kept = if kept_power { WidthKept::Power } else { WidthKept::Peak };
        let pair = Pair { left, right };
        let channels = layout.channel_count();
        let fits = left != right && left.max(right) < channels && (8e3..=384e3).contains(&rate_hz);
        let good = (0.0..=4.0).contains(&value);
        prop_assert_eq!(width_gains(value, kept).is_ok(), good);
        let made = Width::new(WidthSetup { pair, kept }, WidthParams { width: value }, stream);
        prop_assert_eq!(made.is_ok(), fits && good);
        for direction in [MidSideDirection::Encode, MidSideDirection::Decode] {
            prop_assert_eq!(MidSide::new(direction, pair, stream).is_ok(), fits);
        }
        let Ok(mut made) = made else { return Ok(()) };
        prop_assert_eq!(made.set_params(WidthParams { width: next }).is_ok(), (0.0..=4.0).contains(&next));
        let mut audio = vec![vec![0.5_f32; frames]; channels];
        run(&mut made, &mut audio);
        prop_assert!(audio.iter().flatten().all(|x| x.is_finite()));
    }
}
