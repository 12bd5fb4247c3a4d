//! Arbitrary arguments for dynamics in bands, shapers and clippers: an error or a working thing, never
//! a panic, never a sample that is not finite.

use mixcore::audio::{Block, BlockMut};
use mixcore::dynamics::{
    ClipShape, DeEsser, DeEsserMode, DeEsserParams, DeEsserSetup, Detector, DynamicEq,
    DynamicEqParams, DynamicEqSetup, KeyFilter, LimiterSetup, LinkGroups, MakeUp, MovingShape,
    Multiband, MultibandLimiter, MultibandLimiterMemory, MultibandLimiterParams,
    MultibandLimiterSetup, MultibandLimiterSlot, MultibandMemory, MultibandParams, MultibandSetup,
    MultibandSlot, SoftClipper, SoftClipperParams, SoftClipperSetup, TransientShaper,
    TransientShaperParams, TransientShaperSetup, Trigger,
};
use mixcore::filters::{Biquad, CrossoverSetup};
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

fn any_rate() -> impl Strategy<Value = f64> {
    prop_oneof![1 => Just(8000.0), 3 => Just(48_000.0), 1 => any_number()]
}

fn any_lookahead() -> impl Strategy<Value = f64> {
    prop_oneof![3 => 0.0..20.0, 1 => any_number()]
}

fn any_detector() -> impl Strategy<Value = Detector> {
    let window = || prop_oneof![3 => 5.0..60.0, 1 => any_number()];
    prop_oneof![
        Just(Detector::Peak),
        window().prop_map(|window_ms| Detector::Rms { window_ms }),
        window().prop_map(|window_ms| Detector::KWeighted { window_ms }),
    ]
}

/// A filter that raises its key as far as one may: 120 dB and a resonance, four times.
fn loudest() -> KeyFilter {
    KeyFilter::new(&[Biquad { b: [1e6, -1e6, 1e6], a: [-1.9, 0.9999] }; 4]).unwrap()
}

fn groups(areas: bool) -> LinkGroups {
    if areas { LinkGroups::Areas } else { LinkGroups::Mains }
}

/// Sets every field to a value of its range; frequencies may be too high for the rate.
fn turn(processor: &mut dyn Processor, shares: &[f64]) {
    for (field, share) in processor.fields().iter().zip(shares.iter().cycle()) {
        let value = match field.scale {
            Scale::Log => field.min * (field.max / field.min).powf(*share),
            _ => field.min + (field.max - field.min) * share,
        };
        let done = processor.set_field(field.name, value);
        assert!(done.is_ok() || field.unit == "Hz", "{}", field.name);
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
            Ok(key) if round > 0 => unit.process(Io::with_key(main, key)),
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
    fn a_multiband_compressor_of_any_arguments(
        rate_hz in any_rate(),
        layout in any_layout(),
        lookahead_ms in any_lookahead(),
        detector in any_detector(),
        bands in 0..8_usize,
        (areas, solo, bypass, listen) in any::<(bool, bool, bool, bool)>(),
        audio in prop::collection::vec(any_sample(), 0..300),
        key_channels in 0..13_usize,
        shares in prop::collection::vec(0.0..=1.0_f64, 1..8),
        (which, level) in (0..8_usize, any_number()),
    ) {
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let setup = MultibandSetup {
            crossover: CrossoverSetup { bands, ..CrossoverSetup::default() },
            lookahead_ms,
            detector,
            groups: groups(areas),
            makeup: if solo { MakeUp::Static } else { MakeUp::LoudnessMatched },
            ..MultibandSetup::default()
        };
        let Ok(need) = Multiband::<f32>::required_len(setup, stream) else {
            let wide = bands * layout.channel_count() > 64;
            prop_assert!(setup.validate().is_err() || stream.validate().is_err() || wide);
            return Ok(());
        };
        let (mut samples, mut squares) = (vec![1.0; need.samples], vec![1.0; need.squares]);
        let mut crossovers = vec![1.0; need.crossovers];
        let mut slots: Vec<_> = (0..need.bands).map(|_| MultibandSlot::default()).collect();
        let memory = MultibandMemory {
            samples: &mut samples,
            squares: &mut squares,
            crossovers: &mut crossovers,
            bands: &mut slots,
        };
        // The default crossings of many bands do not fit low rates.
        let made = Multiband::<f32>::new_in(setup, MultibandParams::default(), stream, memory);
        prop_assert!(made.is_ok() || rate_hz < 24_001.0);
        let Ok(mut unit) = made else { return Ok(()) };
        prop_assert_eq!(unit.set_band_solo(which, solo).is_ok(), which < bands);
        prop_assert_eq!(unit.set_band_bypass(which, bypass).is_ok(), which < bands);
        unit.set_key_listen(listen);
        drive(&mut unit, layout, &audio, key_channels, &shares)?;
        std::hint::black_box(unit.static_curve_db(which, level));
        prop_assert!(unit.gain_reduction_db().is_finite());
    }

    #[test]
    fn a_multiband_limiter_of_any_arguments(
        rate_hz in any_rate(),
        layout in any_layout(),
        lookahead_ms in any_lookahead(),
        bands in 0..8_usize,
        (solo, bypass) in any::<(bool, bool)>(),
        audio in prop::collection::vec(any_sample(), 0..300),
        shares in prop::collection::vec(0.0..=1.0_f64, 1..8),
        (which, level) in (0..8_usize, any_number()),
    ) {
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let setup = MultibandLimiterSetup {
            crossover: CrossoverSetup { bands, ..CrossoverSetup::default() },
            bands: LimiterSetup { lookahead_ms, ..LimiterSetup::default() },
            output: LimiterSetup::default(),
        };
        let Ok(need) = MultibandLimiter::<f32>::required_len(setup, stream) else {
            let wide = bands * layout.channel_count() > 64;
            prop_assert!(setup.validate().is_err() || stream.validate().is_err() || wide);
            return Ok(());
        };
        let (mut samples, mut control) = (vec![1.0; need.samples], vec![1.0; need.control]);
        let mut crossover = vec![1.0; need.crossover];
        let mut slots: Vec<_> =
            (0..need.bands).map(|_| MultibandLimiterSlot::default()).collect();
        let memory = MultibandLimiterMemory {
            samples: &mut samples,
            control: &mut control,
            crossover: &mut crossover,
            bands: &mut slots,
        };
        let params = MultibandLimiterParams::default();
        let made = MultibandLimiter::<f32>::new_in(setup, params, stream, memory);
        prop_assert!(made.is_ok() || rate_hz < 24_001.0);
        let Ok(mut unit) = made else { return Ok(()) };
        prop_assert_eq!(unit.set_band_solo(which, solo).is_ok(), which < bands);
        unit.set_bypass(bypass);
        drive(&mut unit, layout, &audio, 0, &shares)?;
        std::hint::black_box(unit.static_curve_db(which, level));
        prop_assert!(unit.gain_reduction_db().is_finite());
    }

    #[test]
    fn a_deesser_of_any_arguments(
        rate_hz in any_rate(),
        layout in any_layout(),
        (lookahead_ms, window_ms) in (any_lookahead(), prop_oneof![3 => 5.0..60.0, 1 => any_number()]),
        (areas, bell, listen, bypass) in any::<(bool, bool, bool, bool)>(),
        missing in 0..2_usize,
        audio in prop::collection::vec(any_sample(), 0..300),
        key_channels in 0..13_usize,
        shares in prop::collection::vec(0.0..=1.0_f64, 1..8),
        (hz, level) in (prop_oneof![500.0..20e3, any_number()], any_number()),
    ) {
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let mode = if bell { DeEsserMode::Bell } else { DeEsserMode::Split };
        let setup = DeEsserSetup { mode, lookahead_ms, window_ms, groups: groups(areas) };
        let Ok(need) = DeEsser::<f32>::required_len(setup, stream) else {
            prop_assert!(setup.validate().is_err() || stream.validate().is_err());
            return Ok(());
        };
        let mut samples = vec![1.0; need.samples];
        let mut values = vec![1.0; need.values.saturating_sub(missing)];
        let params = DeEsserParams { hz, ..DeEsserParams::default() };
        let made = DeEsser::new_in(setup, params, stream, &mut samples, &mut values);
        let fits = hz >= 1000.0 && hz <= (0.49 * rate_hz).min(16e3) && missing == 0;
        prop_assert_eq!(made.is_ok(), fits);
        let Ok(mut unit) = made else { return Ok(()) };
        unit.set_key_listen(listen);
        unit.set_key_filter(if areas { loudest() } else { KeyFilter::NONE });
        unit.set_bypass(bypass);
        drive(&mut unit, layout, &audio, key_channels, &shares)?;
        std::hint::black_box(unit.static_curve_db(level));
        prop_assert!(unit.gain_reduction_db().is_finite());
    }

    #[test]
    fn a_dynamic_equaliser_of_any_arguments(
        rate_hz in any_rate(),
        layout in any_layout(),
        lookahead_ms in any_lookahead(),
        detector in any_detector(),
        bands in 0..8_usize,
        (areas, below, own, bypass) in any::<(bool, bool, bool, bool)>(),
        audio in prop::collection::vec(any_sample(), 0..300),
        key_channels in 0..13_usize,
        shares in prop::collection::vec(0.0..=1.0_f64, 1..8),
        (which, level) in (0..8_usize, any_number()),
    ) {
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let groups = groups(areas);
        let mut setup = DynamicEqSetup { bands, lookahead_ms, detector, groups, ..DynamicEqSetup::default() };
        for (n, band) in setup.band.iter_mut().enumerate() {
            band.shape = [MovingShape::Bell, MovingShape::LowShelf, MovingShape::HighShelf][n % 3];
            band.trigger = if below { Trigger::Below } else { Trigger::Above };
            band.external_key = !own;
        }
        let Ok(need) = DynamicEq::<f32>::required_len(setup, stream) else {
            prop_assert!(setup.validate().is_err() || stream.validate().is_err());
            return Ok(());
        };
        let (mut samples, mut squares) = (vec![1.0; need.samples], vec![1.0; need.squares]);
        let params = DynamicEqParams::default();
        let mut unit = DynamicEq::new_in(setup, params, stream, &mut samples, &mut squares).unwrap();
        prop_assert_eq!(unit.set_key_listen(Some(which)).is_ok(), which < bands);
        unit.set_key_filter(if areas { loudest() } else { KeyFilter::NONE });
        unit.set_bypass(bypass);
        drive(&mut unit, layout, &audio, key_channels, &shares)?;
        std::hint::black_box((unit.static_curve_db(which, level), unit.response_db(which, level)));
        prop_assert!(unit.gain_reduction_db().is_finite());
    }

    #[test]
    fn a_transient_shaper_of_any_arguments(
        rate_hz in any_rate(),
        layout in any_layout(),
        lookahead_ms in any_lookahead(),
        (areas, listen, bypass) in any::<(bool, bool, bool)>(),
        audio in prop::collection::vec(any_sample(), 0..300),
        key_channels in 0..13_usize,
        shares in prop::collection::vec(0.0..=1.0_f64, 1..8),
    ) {
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let setup = TransientShaperSetup { lookahead_ms, groups: groups(areas) };
        let Ok(need) = TransientShaper::<f32>::required_len(setup, stream) else {
            prop_assert!(setup.validate().is_err() || stream.validate().is_err());
            return Ok(());
        };
        let mut samples = vec![1.0; need.samples];
        let params = TransientShaperParams::default();
        let mut unit = TransientShaper::new_in(setup, params, stream, &mut samples).unwrap();
        unit.set_key_listen(listen);
        unit.set_bypass(bypass);
        drive(&mut unit, layout, &audio, key_channels, &shares)?;
        prop_assert!(unit.gain_reduction_db().is_finite());
    }

    #[test]
    fn a_soft_clipper_of_any_arguments(
        rate_hz in any_rate(),
        layout in any_layout(),
        (oversampling, shape) in (0..10_usize, 0..4_usize),
        (guard, bypass) in any::<(bool, bool)>(),
        lookahead_ms in any_lookahead(),
        audio in prop::collection::vec(any_sample(), 0..300),
        shares in prop::collection::vec(0.0..=1.0_f64, 1..8),
        level in any_number(),
    ) {
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let shape =
            [ClipShape::Cubic, ClipShape::Algebraic, ClipShape::Tanh, ClipShape::Hard][shape];
        let setup = SoftClipperSetup { shape, oversampling, guard, guard_lookahead_ms: lookahead_ms };
        let Ok(need) = SoftClipper::<f32>::required_len(setup, stream) else {
            prop_assert!(setup.validate().is_err() || stream.validate().is_err());
            return Ok(());
        };
        let (mut samples, mut control) = (vec![1.0; need.samples], vec![1.0; need.control]);
        let params = SoftClipperParams::default();
        let mut unit =
            SoftClipper::new_in(setup, params, stream, &mut samples, &mut control).unwrap();
        unit.set_bypass(bypass);
        drive(&mut unit, layout, &audio, 0, &shares)?;
        std::hint::black_box(unit.static_curve_db(level));
        prop_assert!(unit.gain_reduction_db().is_finite());
    }
}
