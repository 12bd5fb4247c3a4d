//! Arbitrary arguments for fold-downs and bass management: an error or a working thing, never a panic,
//! never a sample that is not finite.

use mixcore::audio::{Block, BlockMut};
use mixcore::spatial::{
    BassManager, BassManagerParams, BassManagerSetup, CentreMix, IamfMode, LfePolicy, LfeSend,
    LfeSendParams, LtRt, LtRtSetup, Scaling, SurroundMix, conversion_matrix, iamf_matrix,
    lo_ro_matrix,
};
use mixcore::stream::{Convert, Scale};
use mixcore::{Layout, Stream};
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

/// Feeds blocks with changes between; all that comes out is finite.
fn drive(unit: &mut dyn Convert<f32>, audio: &[f32], shares: &[f64]) -> Result<(), TestCaseError> {
    let input = vec![audio.to_vec(); unit.input_channels()];
    for _ in 0..2 {
        let mut out = vec![vec![f32::NAN; audio.len()]; unit.output_channels()];
        let block = BlockMut::new(&mut out).unwrap();
        unit.convert(Block::new(&input).unwrap(), block).unwrap();
        prop_assert!(out.iter().flatten().all(|x| x.is_finite()));
        for (field, share) in unit.fields().iter().zip(shares.iter().cycle()) {
            let value = match field.scale {
                Scale::Log => field.min * (field.max / field.min).powf(*share),
                _ => field.min + (field.max - field.min) * share,
            };
            unit.set_field(field.name, value).unwrap();
            prop_assert!(unit.set_field(field.name, f64::NAN).is_err());
        }
    }
    prop_assert!(unit.tail_frames() >= unit.latency_frames());
    unit.reset();
    prop_assert_eq!(unit.faults(), 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn bass_of_any_arguments(
        (rate_hz, layout) in (any_rate(), any_layout()),
        (hz, level_db) in (prop_oneof![4 => 40.0..200.0, 1 => any_number()], prop_oneof![4 => -144.0..10.0, 1 => any_number()]),
        channel in 0..40_usize,
        missing in 0..2_usize,
        audio in prop::collection::vec(any_sample(), 0..200),
        shares in prop::collection::vec(0.0..=1.0_f64, 1..4),
    ) {
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let params = LfeSendParams { send_db: level_db, corner_hz: hz };
        let fits = params.validate().is_ok() && stream.validate().is_ok();
        let len = LfeSend::required_len(&stream).unwrap_or(0);
        let mut memory = vec![1.0; len.saturating_sub(missing)];
        match LfeSend::new_in(params, stream, &mut memory) {
            Ok(mut send) => {
                prop_assert!(fits && missing == 0);
                drive(&mut send, &audio, &shares)?;
            }
            Err(error) => {
                prop_assert!(!error.to_string().is_empty());
                prop_assert!(!fits || missing > 0);
            }
        }
        let Ok(setup) = BassManagerSetup::default().with_full_range(channel) else {
            prop_assert!(channel >= 24);
            return Ok(());
        };
        let params = BassManagerParams { crossing_hz: hz, lfe_gain_db: level_db };
        let Ok(need) = BassManager::<f32>::required_len(&stream) else { return Ok(()) };
        let (mut samples, mut numbers) = (vec![1.0; need.samples], vec![1.0; need.numbers - missing]);
        match BassManager::new_in(setup, params, stream, &mut samples, &mut numbers) {
            Ok(mut manager) => {
                prop_assert!(fits && missing == 0);
                drive(&mut manager, &audio, &shares)?;
            }
            Err(error) => {
                prop_assert!(!error.to_string().is_empty());
                prop_assert!(!fits || missing > 0);
            }
        }
    }

    #[test]
    fn lt_rt_of_any_arguments(
        (rate_hz, layout) in (any_rate(), any_layout()),
        (centre, surround) in (0..8_usize, 0..5_usize),
        missing in 0..2_usize,
        audio in prop::collection::vec(any_sample(), 0..200),
    ) {
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let setup = LtRtSetup { centre: CentreMix::ALL[centre], surround: SurroundMix::ALL[surround] };
        let Ok(need) = LtRt::<f32>::required_len(&stream) else {
            prop_assert!(stream.validate().is_err());
            return Ok(());
        };
        let (mut samples, mut control) = (vec![1.0; need.samples - missing], vec![1.0; need.control]);
        match LtRt::new_in(setup, stream, &mut samples, &mut control) {
            Ok(mut unit) => {
                // −∞ dB where nothing comes through, and nowhere else.
                let nothing = layout == Layout::MONO && setup.centre.gain() == 0.0;
                let bound = unit.peak_bound_db();
                prop_assert!(missing == 0);
                prop_assert!(bound.is_finite() != nothing && bound < f64::INFINITY, "{bound}");
                drive(&mut unit, &audio, &[0.5])?;
            }
            Err(error) => prop_assert!(missing == 1 && !error.to_string().is_empty()),
        }
    }

    #[test]
    fn matrices_by_any_name(
        (source, target) in (any_layout(), any_layout()),
        (mode, index) in (0..6_usize, prop_oneof![0..12_usize, any::<usize>()]),
        gain_db in any_number(),
    ) {
        let rules = conversion_matrix(source, target);
        prop_assert!(rules.coefficients().iter().all(|c| (0.0..=1.0).contains(c)));
        for scaling in [Scaling::AsDefined, Scaling::PeakSafe, Scaling::PowerKept] {
            let scaled = rules.with_scaling(scaling);
            prop_assert!(scaled.coefficients().iter().all(|c| c.is_finite()));
        }
        let folded = rules.with_lfe(LfePolicy::Fold { gain_db });
        prop_assert_eq!(folded.is_ok(), (-144.0..=10.0).contains(&gain_db));
        let mode = IamfMode::ALL[mode];
        prop_assert!(mode.next_height_index(index) <= 10);
        if let Ok(matrix) = iamf_matrix(source, target, mode, index) {
            prop_assert!(index <= 10 && matrix.rows() < matrix.columns());
        }
        let lo_ro = lo_ro_matrix(source, CentreMix::Plus3, SurroundMix::Off);
        prop_assert!(lo_ro.is_ok() || lo_ro.unwrap_err().to_string().contains("5.1 to stereo"));
    }
}
