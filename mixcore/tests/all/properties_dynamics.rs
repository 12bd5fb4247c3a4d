//! Arbitrary arguments for dynamics: an error or a working thing, never a panic, never a sample that
//! is not finite.

use mixcore::audio::{Block, BlockMut};
use mixcore::dynamics::{
    Compressor, CompressorParams, CompressorSetup, Detector, Gate, GateParams, GateSetup,
    KeyFilter, LinkGroups, MakeUp, Release, Smoothing,
};
use mixcore::filters::Biquad;
use mixcore::kernels::{self, CurveSection, Isa, Knee, scalar};
use mixcore::stream::Scale;
use mixcore::{Io, Layout, Process, Processor, Stream};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -200.0..200.0]
}

fn any_sample() -> impl Strategy<Value = f32> {
    prop_oneof![4 => -2.0..2.0_f32, 1 => any::<u32>().prop_map(f32::from_bits)]
}

fn any_layout() -> impl Strategy<Value = Layout> {
    (0..Layout::all().count()).prop_map(|index| Layout::all().nth(index).unwrap())
}

fn any_detector() -> impl Strategy<Value = Detector> {
    let window = || prop_oneof![3 => 5.0..60.0, 1 => any_number()];
    prop_oneof![
        Just(Detector::Peak),
        window().prop_map(|window_ms| Detector::Rms { window_ms }),
        window().prop_map(|window_ms| Detector::KWeighted { window_ms }),
    ]
}

fn any_groups() -> impl Strategy<Value = LinkGroups> {
    prop_oneof![Just(LinkGroups::Mains), Just(LinkGroups::Areas)]
}

/// Sets every field to a value of its range.
fn turn(processor: &mut dyn Processor, shares: &[f64]) {
    for (field, share) in processor.fields().iter().zip(shares.iter().cycle()) {
        let value = match field.scale {
            Scale::Log => field.min * (field.max / field.min).powf(*share),
            _ => field.min + (field.max - field.min) * share,
        };
        processor.set_field(field.name, value).unwrap();
    }
}

/// Feeds blocks with and without a key, with changes between; all that comes out is finite.
fn drive(
    unit: &mut dyn Process<f32>,
    layout: Layout,
    audio: &[f32],
    key_channels: usize,
    shares: &[f64],
) -> Result<(), TestCaseError> {
    let channels = vec![audio.to_vec(); layout.channel_count()];
    let keys = vec![audio.to_vec(); key_channels];
    for round in 0..3 {
        let mut out = channels.clone();
        let main = BlockMut::new(&mut out).unwrap();
        let done = match Block::new(&keys) {
            Ok(key) if round > 0 => {
                let done = unit.process(Io::with_key(main, key));
                let fits = key_channels == 1 || key_channels == layout.channel_count();
                prop_assert_eq!(done.is_ok(), fits);
                done
            }
            _ => unit.process(Io::new(main)),
        };
        if done.is_ok() {
            prop_assert!(out.iter().flatten().all(|x| x.is_finite()));
        }
        turn(unit, shares);
    }
    prop_assert!(unit.latency_frames() <= unit.tail_frames());
    unit.reset();
    Ok(())
}

proptest! {
    #[test]
    fn a_compressor_of_any_arguments(
        rate_hz in prop_oneof![Just(8000.0), Just(48_000.0), any_number()],
        layout in any_layout(),
        lookahead_ms in prop_oneof![3 => 0.0..20.0, 1 => any_number()],
        detector in any_detector(),
        groups in any_groups(),
        (decoupled, programme, listen, bypass) in any::<(bool, bool, bool, bool)>(),
        missing in 0..2_usize,
        audio in prop::collection::vec(any_sample(), 0..300),
        key_channels in 0..13_usize,
        shares in prop::collection::vec(0.0..=1.0_f64, 1..8),
        params in [any_number(), any_number(), any_number()],
        level in any_number(),
    ) {
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let setup = CompressorSetup {
            lookahead_ms,
            detector,
            groups,
            smoothing: if decoupled { Smoothing::Decoupled } else { Smoothing::Branching },
            release: if programme { Release::ProgramDependent } else { Release::Fixed },
            makeup: if programme { MakeUp::LoudnessMatched } else { MakeUp::Static },
        };
        let wild = CompressorParams {
            threshold_dbfs: params[0],
            ratio: params[1],
            attack_ms: params[2],
            ..CompressorParams::default()
        };
        match Compressor::<f32>::required_len(setup, stream) {
            Ok(need) => {
                let mut samples = vec![1.0_f32; need.samples];
                let mut squares = vec![1.0_f64; need.squares.saturating_sub(missing)];
                let enough = squares.len() == need.squares;
                let good = wild.validate().is_ok();
                let made = Compressor::new_in(setup, wild, stream, &mut samples, &mut squares);
                prop_assert_eq!(made.is_ok(), enough && good);
                let params = CompressorParams::default();
                let made = Compressor::new_in(setup, params, stream, &mut samples, &mut squares);
                prop_assert_eq!(made.is_ok(), enough);
                let Ok(mut unit) = made else { return Ok(()) };
                unit.set_bypass(bypass);
                unit.set_key_listen(listen);
                drive(&mut unit, layout, &audio, key_channels, &shares)?;
                let level = level.clamp(-300.0, 300.0);
                prop_assert!(!level.is_finite() || unit.static_curve_db(level).is_finite());
                prop_assert!(unit.gain_reduction_db().is_finite());
            }
            Err(error) => {
                prop_assert!(setup.validate().is_err() || stream.validate().is_err());
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn a_gate_of_any_arguments(
        rate_hz in prop_oneof![Just(8000.0), Just(48_000.0), any_number()],
        layout in any_layout(),
        lookahead_ms in prop_oneof![3 => 0.0..20.0, 1 => any_number()],
        detector in any_detector(),
        groups in any_groups(),
        (listen, bypass) in any::<(bool, bool)>(),
        audio in prop::collection::vec(any_sample(), 0..300),
        key_channels in 0..13_usize,
        shares in prop::collection::vec(0.0..=1.0_f64, 1..8),
        level in any_number(),
    ) {
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let setup = GateSetup { lookahead_ms, detector, groups };
        let Ok(need) = Gate::<f32>::required_len(setup, stream) else {
            prop_assert!(setup.validate().is_err() || stream.validate().is_err());
            return Ok(());
        };
        let (mut samples, mut squares) = (vec![1.0_f32; need.samples], vec![1.0; need.squares]);
        let params = GateParams::default();
        let mut unit = Gate::new_in(setup, params, stream, &mut samples, &mut squares).unwrap();
        unit.set_bypass(bypass);
        unit.set_key_listen(listen);
        drive(&mut unit, layout, &audio, key_channels, &shares)?;
        std::hint::black_box((unit.static_curve_db(level), unit.is_open(key_channels)));
        prop_assert!(unit.gain_reduction_db().is_finite());
    }

    #[test]
    fn a_key_filter_is_stable_or_refused(
        sections in prop::collection::vec(
            ([any_number(), any_number(), any_number()], [-2.0..2.0_f64, -1.0..1.0_f64]), 0..6),
        wild: bool,
        audio in prop::collection::vec(any_sample(), 0..300),
    ) {
        let sections: Vec<Biquad> = sections
            .iter()
            .map(|&(b, a)| Biquad { b: if wild { b } else { b.map(|b| if b.is_finite() { b.clamp(-1e6, 1e6) } else { 0.0 }) }, a })
            .collect();
        let filter = KeyFilter::new(&sections);
        if let Ok(filter) = filter {
            prop_assert_eq!(filter.sections(), &sections[..]);
            let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
            let setup = CompressorSetup::default();
            let params = CompressorParams::default();
            let mut unit =
                Compressor::new_in(setup, params, stream, &mut [], &mut []).unwrap();
            unit.set_key_filter(filter);
            prop_assert_eq!(unit.key_filter(), filter);
            drive(&mut unit, Layout::MONO, &audio, 1, &[0.5])?;
            unit.set_key_listen(true);
            drive(&mut unit, Layout::MONO, &audio, 1, &[0.5])?;
        }
    }

    #[test]
    fn the_gain_computer_takes_any_levels(
        x in prop::collection::vec(0.0..1e12_f32, 0..100),
        numbers in [-300.0..300.0_f32, 0.0..100.0, 0.0..100.0],
        knee_db in any_number(),
    ) {
        let knee = Knee::new(knee_db.clamp(0.0, 100.0));
        let section = CurveSection {
            edge: numbers[0], direction: 1.0, slope: numbers[1], sign: -1.0, knee,
            limit: numbers[2], limit_knee: knee,
        };
        for isa in Isa::available() {
            let (mut row, mut twin) = (x.clone(), x.clone());
            kernels::levels_db(isa, &mut row, kernels::POWER_DB, kernels::POWER_FLOOR);
            scalar::levels_db(&mut twin, kernels::POWER_DB, kernels::POWER_FLOOR);
            prop_assert_eq!(&row, &twin);
            let (mut gains, mut twins) = (row.clone(), twin.clone());
            kernels::gain_curve(isa, &[section], &row, &mut gains);
            scalar::gain_curve(&[section], &twin, &mut twins);
            prop_assert_eq!(&gains, &twins);
            kernels::gains_of_db(isa, &mut gains);
            scalar::gains_of_db(&mut twins);
            prop_assert_eq!(&gains, &twins);
            prop_assert!(gains.iter().all(|gain| gain.is_finite() && *gain > 0.0));
        }
    }
}
