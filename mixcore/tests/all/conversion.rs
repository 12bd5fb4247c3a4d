//! Layout conversions against the EBU ADM Renderer's matrices, and the named fold-downs against the
//! numbers of their documents.

use mixcore::Layout;
use mixcore::spatial::{
    CentreMix, DownmixMatrix, IAMF_HEIGHT_WEIGHTS, IamfMode, LfePolicy, Scaling, SurroundMix,
    conversion_matrix, downmix_matrix, iamf_matrix, lfe_replay_matrix, lo_ro_matrix,
    theatrical_to_near_field,
};

/// A table of hundredths of a decibel.
const HUNDREDTHS_DB: f64 = 0.005;
/// Some roundings of numbers about 1.
const ROUNDING: f64 = 1e-15;

fn layout(name: &str) -> Layout {
    Layout::named(name).unwrap()
}

#[cfg(feature = "json")]
#[test]
fn the_hundred_matrices_of_the_adm_renderer() {
    /// Twelve digits behind the point.
    const DIGITS: f64 = 5e-13;
    let golden = include_str!("data/ear_bs2127_layout_conversion.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    let golden = golden.as_object().unwrap();
    assert_eq!(golden.len(), 100);
    let mut compared = 0;
    for (pair, table) in golden {
        let (source, target) = pair.split_once("->").unwrap();
        let matrix = conversion_matrix(layout(source), layout(target));
        let labels = |layout: Layout| -> Vec<_> {
            layout.speakers().iter().map(|speaker| serde_json::Value::from(speaker.label)).collect()
        };
        assert_eq!(table["inputs"].as_array().unwrap(), &labels(matrix.source()));
        assert_eq!(table["outputs"].as_array().unwrap(), &labels(matrix.target()));
        for (output, row) in table["matrix_out_by_in"].as_array().unwrap().iter().enumerate() {
            for (input, gain) in row.as_array().unwrap().iter().enumerate() {
                let ours = matrix.gain(output, input).unwrap();
                let theirs = gain.as_f64().unwrap();
                assert!((ours - theirs).abs() <= DIGITS, "{pair} {output} {input}: {ours}");
                compared += 1;
            }
        }
    }
    // (2 + 6 + 8 + 10 + 11 + 12 + 14 + 24 + 8 + 12)².
    assert_eq!(compared, 107 * 107);
}

/// Power that a loudspeaker keeps.
fn power(matrix: &DownmixMatrix, input: usize) -> f64 {
    (0..matrix.rows()).map(|row| matrix.gain(row, input).unwrap().powi(2)).sum()
}

#[test]
fn every_loudspeaker_keeps_its_power_or_the_half_of_it() {
    for source in Layout::all() {
        for target in Layout::all().filter(|target| *target != Layout::MONO) {
            let matrix = conversion_matrix(source, target);
            for (input, speaker) in source.speakers().iter().enumerate() {
                let power = power(&matrix, input);
                let kept = |share: f64| (power - share).abs() <= ROUNDING;
                let lost = speaker.lfe && kept(0.0);
                assert!(kept(1.0) || kept(0.5) || lost, "{source} to {target} {}", speaker.label);
            }
        }
    }
}

/// The channel in the mirror.
fn mirrored(layout: Layout, channel: usize) -> usize {
    let here = &layout.speakers()[channel];
    let there = |s: &mixcore::audio::Speaker| {
        let behind = here.azimuth_deg == 180.0 && s.azimuth_deg == 180.0;
        (s.azimuth_deg == -here.azimuth_deg || behind)
            && s.elevation_deg == here.elevation_deg
            && s.lfe == here.lfe
    };
    layout.speakers().iter().position(there).unwrap_or(channel)
}

#[test]
fn every_conversion_is_its_own_mirror() {
    for source in Layout::all() {
        for target in Layout::all() {
            for matrix in
                [conversion_matrix(source, target), downmix_matrix(source, target).unwrap()]
            {
                for output in 0..matrix.rows() {
                    for input in 0..matrix.columns() {
                        // One LFE into a layout of two is the first one's, by BS.2127's rule.
                        if source.speakers()[input].lfe {
                            continue;
                        }
                        let there = matrix.gain(mirrored(target, output), mirrored(source, input));
                        assert_eq!(matrix.gain(output, input), there, "{source} to {target}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_bounds_of_the_matrices() {
    for (source, target, peak_db, power_db) in [
        ("5.1", "stereo", 7.66, 3.01),
        ("7.1", "stereo", 9.89, 3.98),
        ("5.1.4", "stereo", 12.30, 5.44),
        ("7.1.4", "stereo", 13.68, 6.02),
        ("4+9+0", "stereo", 15.72, 6.99),
        ("22.2", "stereo", 20.38, 9.16),
        ("7.1.4", "5.1", 8.65, 3.98),
        ("22.2", "5.1", 15.58, 6.77),
    ] {
        let matrix = downmix_matrix(layout(source), layout(target)).unwrap();
        assert!((matrix.peak_bound_db() - peak_db).abs() <= HUNDREDTHS_DB, "{source}");
        assert!((matrix.power_bound_db() - power_db).abs() <= HUNDREDTHS_DB, "{source}");
    }
}

#[test]
fn one_pair_of_heights_takes_the_whole_ceiling() {
    let matrix = downmix_matrix(Layout::SURROUND_7_1_4, Layout::SURROUND_7_1_2).unwrap();
    let [left, right] = ["U+090", "U-090"].map(|l| Layout::SURROUND_7_1_2.index_of(l).unwrap());
    for (label, output) in [("U+045", left), ("U+135", left), ("U-045", right), ("U-135", right)] {
        let input = Layout::SURROUND_7_1_4.index_of(label).unwrap();
        assert_eq!((matrix.gain(output, input), power(&matrix, input)), (Some(1.0), 1.0));
    }
    assert!(matrix.citation().contains("outside BS.2051"));
}

#[test]
fn mono_is_unity_where_there_is_no_centre_and_the_rules_say_less() {
    for target in [Layout::STEREO, Layout::QUAD] {
        let practice = downmix_matrix(Layout::MONO, target).unwrap();
        let rules = conversion_matrix(Layout::MONO, target);
        for output in 0..2 {
            assert_eq!(practice.gain(output, 0), Some(1.0));
            assert_eq!(rules.gain(output, 0), Some(0.5_f64.sqrt()));
        }
    }
    let five = downmix_matrix(Layout::MONO, Layout::SURROUND_5_1).unwrap();
    assert_eq!((five.gain(2, 0), power(&five, 0)), (Some(1.0), 1.0));
}

#[test]
fn scalings_are_one_factor() {
    for source in Layout::all() {
        for target in Layout::all() {
            let matrix = downmix_matrix(source, target).unwrap();
            let safe = matrix.with_scaling(Scaling::PeakSafe);
            assert!(safe.peak_bound_db() <= 1e-12, "{source} to {target}");
            assert!(matrix.scaling_db(Scaling::PeakSafe) <= 0.0);
            let kept = matrix.with_scaling(Scaling::PowerKept);
            let heard = (0..kept.columns()).filter(|c| power(&kept, *c) > 0.0).count();
            let all: f64 = (0..kept.columns()).map(|c| power(&kept, c)).sum();
            assert!((all - heard as f64).abs() <= 1e-12, "{source} to {target}");
            assert!(matrix.with_scaling(Scaling::AsDefined) == matrix);
        }
    }
    let lo_ro = downmix_matrix(Layout::SURROUND_5_1, Layout::STEREO).unwrap();
    // 1/(1 + 2·0.7071), and five channels of which 1 + 1/2 + 1/2 is left on each side.
    assert!((lo_ro.scaling_db(Scaling::PeakSafe) + 7.66).abs() <= HUNDREDTHS_DB);
    assert!((lo_ro.scaling_db(Scaling::PowerKept) - 10.0 * 1.25_f64.log10()).abs() <= 1e-12);
}

#[test]
fn the_lfe_goes_where_the_policy_says() {
    let lo_ro = downmix_matrix(Layout::SURROUND_5_1, Layout::STEREO).unwrap();
    assert_eq!(power(&lo_ro, 3), 0.0);
    let folded = lo_ro.with_lfe(LfePolicy::Fold { gain_db: -6.0 }).unwrap();
    let expected = 10_f64.powf(-0.3) * 0.5_f64.sqrt();
    assert!((0..2).all(|row| (folded.gain(row, 3).unwrap() - expected).abs() <= ROUNDING));
    // Two LFEs carry half of the power each; mono hears what both sides would add up to.
    let system_f = downmix_matrix(Layout::SYSTEM_F, Layout::MONO).unwrap();
    let folded = system_f.with_lfe(LfePolicy::Fold { gain_db: 0.0 }).unwrap();
    assert_eq!((folded.gain(0, 10), folded.gain(0, 11)), (Some(0.5), Some(0.5)));
    let seven = downmix_matrix(Layout::SURROUND_7_1, Layout::SURROUND_5_1).unwrap();
    assert!(seven.with_lfe(LfePolicy::Fold { gain_db: 10.0 }).unwrap() == seven);
    let dropped = seven.with_lfe(LfePolicy::Drop).unwrap();
    assert_eq!((power(&seven, 3), power(&dropped, 3)), (1.0, 0.0));
    for gain_db in [-144.1, 10.1, f64::NAN] {
        assert!(lo_ro.with_lfe(LfePolicy::Fold { gain_db }).is_err());
    }
}

#[cfg(feature = "json")]
#[test]
fn the_levels_of_ac3_are_those_of_its_tables() {
    /// Printed with three digits.
    const DIGITS: f64 = 0.0005;
    let golden = include_str!("data/downmix_matrices.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    let list = |name: &str| -> Vec<f64> {
        golden[name].as_array().unwrap().iter().map(|gain| gain.as_f64().unwrap()).collect()
    };
    let (centre, surround) = (list("AC3_LoRo_clev"), list("AC3_LoRo_slev"));
    assert_eq!((centre.len(), surround.len()), (CentreMix::ALL.len(), SurroundMix::ALL.len()));
    for (ours, theirs) in CentreMix::ALL.iter().zip(&centre) {
        assert!((ours.gain() - theirs).abs() <= DIGITS, "{ours:?}");
        for (other, level) in SurroundMix::ALL.iter().zip(&surround) {
            assert!((other.gain() - level).abs() <= DIGITS, "{other:?}");
            let matrix = lo_ro_matrix(Layout::SURROUND_5_1, *ours, *other).unwrap();
            let (c, s) = (ours.gain(), other.gain());
            assert_eq!(matrix.coefficients(), [1., 0., c, 0., s, 0., 0., 1., c, 0., 0., s]);
        }
    }
    assert!(lo_ro_matrix(Layout::SURROUND_7_1, CentreMix::Zero, SurroundMix::Off).is_err());
}

#[test]
fn the_default_levels_of_ac3_are_bs775() {
    let (centre, surround) = (CentreMix::default(), SurroundMix::default());
    for source in [Layout::FRONT_3_0, Layout::QUAD, Layout::SURROUND_5_0, Layout::SURROUND_5_1] {
        let ours = lo_ro_matrix(source, centre, surround).unwrap();
        let bs775 = downmix_matrix(source, Layout::STEREO).unwrap();
        assert_eq!(ours.coefficients(), bs775.coefficients());
    }
}

#[cfg(feature = "json")]
#[test]
fn the_modes_of_iamf_are_those_of_its_reference() {
    let golden = include_str!("data/downmix_matrices.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    for (name, mode) in ["1", "2", "3", "5", "6", "7"].into_iter().zip(IamfMode::ALL) {
        let row = &golden["IAMF_modes"][name];
        let weights = ["alpha", "beta", "gamma", "delta"].map(|w| row[w].as_f64().unwrap());
        assert_eq!(mode.weights(), weights, "{name}");
        let step = row["w_step"].as_i64().unwrap();
        assert_eq!(mode.next_height_index(5) as i64, 5 + step, "{name}");
        let end = if step < 0 { 0 } else { 10 };
        assert_eq!((mode.next_height_index(end), mode.next_height_index(99)), (end, 10));
    }
    let table: Vec<f64> = serde_json::from_value(golden["IAMF_w_table"].clone()).unwrap();
    assert_eq!(IAMF_HEIGHT_WEIGHTS.as_slice(), table);
}

#[test]
fn the_chain_of_iamf_multiplies_its_steps() {
    for mode in IamfMode::ALL {
        for index in 0..IAMF_HEIGHT_WEIGHTS.len() {
            let steps = ["7.1.4", "5.1.4", "5.1.2", "3.1.2"];
            let step =
                |from: &str, to: &str| iamf_matrix(layout(from), layout(to), mode, index).unwrap();
            let mut chain = step(steps[0], steps[1]);
            for pair in steps[1..].windows(2) {
                chain = chain.then(&step(pair[0], pair[1]), "chain").unwrap();
            }
            let direct = step(steps[0], steps[3]);
            for (a, b) in chain.coefficients().iter().zip(direct.coefficients()) {
                assert!((a - b).abs() <= ROUNDING, "{mode:?} {index}");
            }
            let stereo = step("7.1", "5.1").then(&step("5.1", "stereo"), "chain").unwrap();
            let mono = stereo.then(&step("stereo", "mono"), "chain").unwrap();
            for (chain, target) in [(stereo, "stereo"), (mono, "mono")] {
                let direct = step("7.1", target);
                for (a, b) in chain.coefficients().iter().zip(direct.coefficients()) {
                    assert!((a - b).abs() <= ROUNDING, "{mode:?} {target}");
                }
            }
        }
    }
    // Written out: L3 = L + δ·(α·Lss + β·Lrs), Ltf3 = Ltf + γ·Ltb + w·γ·(α·Lss + β·Lrs).
    let matrix = iamf_matrix(layout("7.1.4"), layout("3.1.2"), IamfMode::Mode3, 10).unwrap();
    let gains = |row| -> Vec<f64> { (0..12).map(|c| matrix.gain(row, c).unwrap()).collect() };
    let rear = 0.866 * 0.866;
    assert_eq!(gains(0), [1., 0., 0., 0., 0.866, 0., rear, 0., 0., 0., 0., 0.]);
    let half = 0.5 * 0.866;
    assert_eq!(gains(4), [0., 0., 0., 0., half, 0., half * 0.866, 0., 1., 0., 0.866, 0.]);
}

#[test]
fn iamf_has_no_path_from_heights_to_none() {
    for (source, target) in
        [("7.1.4", "5.1"), ("3.1.2", "stereo"), ("5.1", "7.1"), ("7.1.2", "5.1.2"), ("5.1", "5.1")]
    {
        let error = iamf_matrix(layout(source), layout(target), IamfMode::Mode1, 0).unwrap_err();
        assert!(error.to_string().contains(&format!("\"{source} to {target}\"")), "{error}");
    }
    assert!(iamf_matrix(layout("5.1"), layout("stereo"), IamfMode::Mode1, 11).is_err());
}

#[test]
fn near_field_brings_the_surrounds_down_and_nothing_else() {
    for source in [Layout::QUAD, Layout::SURROUND_5_0, Layout::SURROUND_5_1, Layout::SURROUND_7_1] {
        let matrix = theatrical_to_near_field(source).unwrap();
        assert_eq!((matrix.source(), matrix.target()), (source, source));
        for (channel, speaker) in source.speakers().iter().enumerate() {
            let surround = speaker.short_name().ends_with('s');
            let expected = if surround { 0.5_f64.sqrt() } else { 1.0 };
            assert_eq!(matrix.gain(channel, channel), Some(expected), "{}", speaker.label);
            assert!((power(&matrix, channel) - expected * expected).abs() <= ROUNDING);
        }
        assert!(matrix.citation().contains("not a fold-down"));
    }
    assert!(theatrical_to_near_field(Layout::SURROUND_7_1_4).is_err());
    assert!(theatrical_to_near_field(Layout::STEREO).is_err());
}

#[test]
fn replay_adds_ten_decibels_to_the_lfes_alone() {
    for layout in Layout::all() {
        let matrix = lfe_replay_matrix(layout);
        for (channel, speaker) in layout.speakers().iter().enumerate() {
            let gain = if speaker.lfe { 10_f64.sqrt() } else { 1.0 };
            assert!((matrix.gain(channel, channel).unwrap() - gain).abs() <= ROUNDING);
        }
        assert!(matrix.citation().contains("monitoring only"));
    }
}
