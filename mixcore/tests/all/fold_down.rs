//! Fold-downs against the documents' numbers and against cases that can be worked out by hand.

use mixcore::spatial::{DownmixMatrix, FoldDown, downmix_matrix};
use mixcore::{Block, BlockMut, Convert, Error, Layout, Processor, Sample, Stream, units};
use proptest::prelude::*;

use crate::signals::{noise, sine};

const RATE_HZ: f64 = 48_000.0;

fn fold<S: Sample>(source: Layout, target: Layout, input: &[Vec<S>]) -> Vec<Vec<S>> {
    let mut fold = FoldDown::new(target, Stream::new(RATE_HZ, source).unwrap()).unwrap();
    let mut output = vec![vec![S::one(); input[0].len()]; target.channel_count()];
    fold.convert(Block::new(input).unwrap(), BlockMut::new(&mut output).unwrap()).unwrap();
    output
}

fn peak_db<S: Sample>(channel: &[S]) -> f64 {
    units::gain_to_db(channel.iter().fold(0.0, |peak, x| x.as_f64().abs().max(peak)))
}

#[cfg(feature = "json")]
#[test]
fn five_one_to_stereo_is_the_golden_matrix_of_bs775() {
    let golden = include_str!("data/downmix_matrices.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    let matrix = downmix_matrix(Layout::SURROUND_5_1, Layout::STEREO).unwrap();
    for (output, row) in golden["BS775_LoRo"].as_array().unwrap().iter().enumerate() {
        for (input, coefficient) in row.as_array().unwrap().iter().enumerate() {
            assert_eq!(matrix.gain(output, input), coefficient.as_f64(), "{output} {input}");
        }
    }
    assert!(matrix.citation().contains("BS.775"));
    assert_eq!((matrix.gain(2, 0), matrix.gain(0, 6)), (None, None));
}

#[test]
fn subsets_of_five_one_fold_as_its_columns() {
    let five_one = downmix_matrix(Layout::SURROUND_5_1, Layout::STEREO).unwrap();
    for target in [Layout::STEREO, Layout::MONO] {
        let whole = downmix_matrix(Layout::SURROUND_5_1, target).unwrap();
        for source in [Layout::FRONT_3_0, Layout::QUAD, Layout::SURROUND_5_0] {
            let part = downmix_matrix(source, target).unwrap();
            for (input, speaker) in source.speakers().iter().enumerate() {
                let same = Layout::SURROUND_5_1.index_of(speaker.label).unwrap();
                for output in 0..target.channel_count() {
                    assert_eq!(part.gain(output, input), whole.gain(output, same));
                }
            }
        }
    }
    assert_eq!(
        five_one.then(&five_one, "").unwrap_err().to_string().split(',').next(),
        Some("unknown composition \"stereo to 5.1\"")
    );
}

#[test]
fn seven_one_folds_as_bs2127_places_it() {
    /// The golden matrices carry twelve digits.
    const DIGITS: f64 = 5e-13;
    #[allow(clippy::approx_constant, reason = "the golden matrices' own twelve digits")]
    const H: f64 = 0.707_106_781_187;
    let stereo = [[1., 0., H, 0., H, 0., H, 0.], [0., 1., H, 0., 0., H, 0., H]];
    let five_one = [
        [1., 0., 0., 0., H, 0., 0., 0.],
        [0., 1., 0., 0., 0., H, 0., 0.],
        [0., 0., 1., 0., 0., 0., 0., 0.],
        [0., 0., 0., 1., 0., 0., 0., 0.],
        [0., 0., 0., 0., H, 0., 1., 0.],
        [0., 0., 0., 0., 0., H, 0., 1.],
    ];
    for (target, rows) in [(Layout::STEREO, &stereo[..]), (Layout::SURROUND_5_1, &five_one[..])] {
        let matrix = downmix_matrix(Layout::SURROUND_7_1, target).unwrap();
        let golden: Vec<f64> = rows.iter().flatten().copied().collect();
        assert_eq!(matrix.coefficients().len(), golden.len());
        for (ours, golden) in matrix.coefficients().iter().zip(&golden) {
            assert!((ours - golden).abs() <= DIGITS);
        }
        assert!(matrix.citation().contains("BS.2127"));
    }
}

#[test]
fn mono_is_half_of_lo_and_ro_and_3_db_below_bs775s_single_loudspeaker() {
    /// Products and sums of three roundings.
    const ROUNDING: f64 = 1e-15;
    let mono = downmix_matrix(Layout::SURROUND_5_1, Layout::MONO).unwrap();
    // BS.775-3's row for 1/0: L R C LFE LS RS.
    let single = [0.5_f64.sqrt(), 0.5_f64.sqrt(), 1.0, 0.0, 0.5, 0.5];
    for (ours, single) in mono.coefficients().iter().zip(single) {
        assert!((ours * 2.0_f64.sqrt() - single).abs() <= ROUNDING);
    }
    assert!(mono.citation().contains("dual mono"));
}

#[test]
fn the_bounds_are_those_of_the_table() {
    /// The table gives hundredths of a decibel.
    const DIGITS_DB: f64 = 0.005;
    for (source, target, peak_db, power_db) in [
        (Layout::SURROUND_5_1, Layout::STEREO, 7.66, 3.01),
        (Layout::SURROUND_7_1, Layout::STEREO, 9.89, 3.98),
        (Layout::STEREO, Layout::MONO, 0.0, -3.01),
        (Layout::SURROUND_5_1, Layout::SURROUND_5_1, 0.0, 0.0),
    ] {
        let matrix = downmix_matrix(source, target).unwrap();
        assert!((matrix.peak_bound_db() - peak_db).abs() <= DIGITS_DB, "{matrix:?}");
        assert!((matrix.power_bound_db() - power_db).abs() <= DIGITS_DB, "{matrix:?}");
    }
}

fn analytic<S: Sample>() {
    let x = sine::<S>(1000.0, RATE_HZ, 480, 1.0);
    let minus: Vec<S> = x.iter().map(|&x| -x).collect();
    let silence = vec![S::zero(); 480];
    let (five_one, stereo, mono) = (Layout::SURROUND_5_1, Layout::STEREO, Layout::MONO);
    // L = -R is silence in mono; L = R keeps its level, bit for bit.
    assert_eq!(fold(stereo, mono, &[x.clone(), minus.clone()])[0], silence);
    assert_eq!(fold(stereo, mono, &[x.clone(), x.clone()])[0], x);
    // In phase at full scale: +7.66 dBFS, the bound.
    let bound = downmix_matrix(five_one, stereo).unwrap().peak_bound_db();
    /// One rounding to f32.
    const ROUNDING_DB: f64 = 1e-6;
    for channel in fold(five_one, stereo, &vec![x.clone(); 6]) {
        assert!((peak_db(&channel) - bound).abs() <= ROUNDING_DB);
        assert!((peak_db(&channel) - 7.66).abs() <= 0.005);
    }
    // Centre alone: -3.01 dB on each side, and -3.01 dB in mono.
    let mut centre = vec![silence.clone(); 6];
    centre[2] = x.clone();
    let half_power = units::gain_to_db(0.5_f64.sqrt());
    let sides = fold(five_one, stereo, &centre);
    assert_eq!(sides[0], sides[1]);
    assert!((peak_db(&sides[0]) - half_power).abs() <= ROUNDING_DB);
    assert!((peak_db(&fold(five_one, mono, &centre)[0]) - half_power).abs() <= ROUNDING_DB);
    // The LFE is left out.
    let mut lfe = vec![silence.clone(); 6];
    lfe[3] = x.clone();
    assert_eq!(fold(five_one, stereo, &lfe), [silence.clone(), silence.clone()]);
    // Surround in opposition and 3.01 dB up: nothing is left of the left side.
    let mut null = vec![silence.clone(); 6];
    null[0] = x.clone();
    null[4] = x.iter().map(|&x| S::from_f64(-x.as_f64() * 2.0_f64.sqrt())).collect();
    /// A rounding of √2·x to f32, of a full-scale sample.
    const NULL_DB: f64 = -138.0;
    assert!(peak_db(&fold(five_one, stereo, &null)[0]) < NULL_DB);
    // Mono to both sides and back is the input.
    let both = fold(mono, stereo, core::slice::from_ref(&x));
    assert_eq!(both, [x.clone(), x.clone()]);
    assert_eq!(fold(stereo, mono, &both)[0], x);
}

#[test]
fn cases_that_can_be_worked_out_by_hand() {
    analytic::<f32>();
    analytic::<f64>();
}

#[test]
fn two_steps_agree_with_one_to_a_rounding() {
    /// The stereo in between is rounded to f64 once more: an ulp of a sum below 4.
    const ROUNDING: f64 = 1e-15;
    let input = noise::<f64>(6, 500, 1.0, 8);
    let direct = fold(Layout::SURROUND_5_1, Layout::MONO, &input);
    let stereo = fold(Layout::SURROUND_5_1, Layout::STEREO, &input);
    let steps = fold(Layout::STEREO, Layout::MONO, &stereo);
    for (a, b) in direct[0].iter().zip(&steps[0]) {
        assert!((a - b).abs() <= ROUNDING);
    }
}

#[test]
fn what_is_not_finite_comes_through_only_where_it_is_mixed() {
    let mut input = vec![vec![0.25_f32; 20]; 6];
    input[3][5] = f32::NAN; // LFE: left out
    input[4][7] = f32::INFINITY; // Ls: only to Lo
    let output = fold(Layout::SURROUND_5_1, Layout::STEREO, &input);
    for (n, (left, right)) in output[0].iter().zip(&output[1]).enumerate() {
        assert_eq!(left.is_finite(), n != 7);
        assert!(right.is_finite());
    }
}

#[test]
fn every_pair_has_a_matrix_with_a_source() {
    for source in Layout::all() {
        for target in Layout::all() {
            let matrix = downmix_matrix(source, target).unwrap();
            assert_eq!((matrix.source(), matrix.target()), (source, target));
            assert!(!matrix.citation().is_empty());
            assert!(matrix.peak_bound_db() >= matrix.power_bound_db());
            for (input, speaker) in source.speakers().iter().enumerate() {
                let heard = (0..matrix.rows()).any(|row| matrix.gain(row, input) != Some(0.0));
                assert!(heard || speaker.lfe, "{source} to {target}: {} is lost", speaker.label);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_matrix_and_block_give_an_error_or_a_fold_down(
        source in 0..17_usize,
        target in 0..17_usize,
        coefficients in prop::collection::vec(prop_oneof![4 => -10.0..10.0, 1 => any::<f64>()], 0..50),
        shapes in ((0..9_usize, 0..40_usize), (0..9_usize, 0..40_usize)),
        rate_hz in prop_oneof![3 => 8e3..384e3, 1 => any::<f64>()],
        same in any::<bool>(),
    ) {
        let source = Layout::all().nth(source).unwrap();
        let target = Layout::all().nth(target).unwrap();
        let stream = Stream { rate_hz, ..Stream::new(48e3, source).unwrap() };
        let length = source.channel_count() * target.channel_count();
        let exact: Vec<f64> = coefficients.iter().cycle().take(length).copied().collect();
        let matrix = DownmixMatrix::new(source, target, &exact, "test");
        prop_assert_eq!(
            matrix.is_ok(),
            exact.len() == length && exact.iter().all(|c| (-10.0..=10.0).contains(c))
        );
        prop_assert_eq!(
            DownmixMatrix::new(source, target, &coefficients, "test").is_ok(),
            coefficients.len() == length && matrix.is_ok()
        );
        let Ok(matrix) = matrix else { return Ok(()) };
        let fold = FoldDown::with_matrix(matrix, stream);
        prop_assert_eq!(fold.is_ok(), (8e3..=384e3).contains(&rate_hz));
        let Ok(mut fold) = fold else { return Ok(()) };
        prop_assert!(fold.set_field("gain_db", 0.0).is_err());
        let ((inputs, in_frames), (outputs, out_frames)) = if same {
            ((matrix.columns(), shapes.0.1), (matrix.rows(), shapes.0.1))
        } else {
            shapes
        };
        let input = vec![vec![0.5_f32; in_frames]; inputs];
        let mut output = vec![vec![7.0_f32; out_frames]; outputs];
        let (Ok(input), Ok(block)) = (Block::new(&input), BlockMut::new(&mut output)) else {
            return Ok(());
        };
        let done = fold.convert(input, block);
        let fits = inputs == matrix.columns() && outputs == matrix.rows() && in_frames == out_frames;
        prop_assert_eq!(done.is_ok(), fits);
        if !fits {
            prop_assert!(output.iter().flatten().all(|&x| x == 7.0), "an error leaves the output");
        }
    }
}

#[test]
fn a_matrix_for_another_layout_is_refused() {
    let matrix = downmix_matrix(Layout::STEREO, Layout::MONO).unwrap();
    let stream = Stream::new(RATE_HZ, Layout::SURROUND_5_1).unwrap();
    assert!(matches!(FoldDown::with_matrix(matrix, stream), Err(Error::Unsupported { .. })));
}
