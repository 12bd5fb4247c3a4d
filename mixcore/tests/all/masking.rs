//! Masking between stems: hand-made cases, and the promises.

use mixcore::analysis::{
    ErbBands, Masker, MaskerKind, Masking, MaskingSetup, bark, quiet_threshold_db_spl,
};
use mixcore::audio::Sample;
use mixcore::kernels::Isa;
use mixcore::units::{Reading, db_to_gain};
use mixcore::{Block, Error, Layout, Stream, math};

use crate::signals::noise;

const RATE_HZ: f64 = 48_000.0;

/// An analysis in lent memory, as all feature sets have it.
fn masking<S: Sample>(setup: MaskingSetup, stream: Stream) -> Masking<'static, S> {
    let need = Masking::<S>::required_len(&setup, &stream).unwrap();
    let samples = Box::leak(vec![S::one(); need.samples].into_boxed_slice());
    let numbers = Box::leak(vec![1.0; need.numbers].into_boxed_slice());
    let places = Box::leak(vec![Default::default(); need.places].into_boxed_slice());
    Masking::new_in(setup, stream, samples, numbers, places).unwrap()
}

fn mono() -> Stream {
    Stream::new(RATE_HZ, Layout::MONO).unwrap()
}

/// A tone with a mean square of `level_db`.
fn tone(hz: f64, level_db: f64, frames: usize) -> Vec<f64> {
    let level = 2_f64.sqrt() * db_to_gain(level_db);
    (0..frames).map(|n| level * math::sin(2.0 * math::PI * hz * n as f64 / RATE_HZ)).collect()
}

/// Noise between two frequencies with a mean square of `level_db`: tones 7 Hz apart with phases from
/// the generator (others for another lower edge), so that its level is exact and its edges are sharp.
fn band_noise(low_hz: f64, high_hz: f64, level_db: f64, frames: usize) -> Vec<f64> {
    let count = ((high_hz - low_hz) / 7.0).ceil().max(1.0);
    let phases = noise::<f64>(1, count as usize, math::PI, low_hz as u32).remove(0);
    let level = (2.0 / count).sqrt() * db_to_gain(level_db);
    let mut out = vec![0.0; frames];
    for (index, phase) in phases.iter().enumerate() {
        // An oscillator that turns by one step a frame; a second of it is exact to 1e-11.
        let step = 2.0 * math::PI * (low_hz + 7.0 * index as f64) / RATE_HZ;
        let (turn_c, turn_s) = (math::cos(step), math::sin(step));
        let (mut c, mut s) = (level * math::cos(*phase), level * math::sin(*phase));
        for x in &mut out {
            *x += s;
            (c, s) = (c * turn_c - s * turn_s, s * turn_c + c * turn_s);
        }
    }
    out
}

/// Share of the energy of stem 0 that stem 1 hides.
fn hidden(target: &[f64], masker: &[f64], setup: MaskingSetup) -> f64 {
    let mut masking = masking::<f64>(setup, mono());
    masking.push(&[Block::mono(target), Block::mono(masker)]).unwrap();
    let share = masking.share(0, Masker::Stem(1), 0.0, 2e4).energy;
    share.value().unwrap_or_else(|| panic!("{share:?}"))
}

const SECOND: usize = 48_000;

/// A tone in the middle of a band of noise: heard well above the masking index, not heard well below.
/// In between the noise's own fluctuation decides from window to window.
#[test]
fn a_tone_is_hidden_by_noise_of_its_band_from_about_the_masking_index_on() {
    for hz in [500.0, 1000.0, 2000.0, 4000.0] {
        let bands = ErbBands::new(RATE_HZ, 2048).unwrap();
        let band = ErbBands::band(bands.containing(hz).unwrap());
        let centre = band.centre_hz;
        let masker = band_noise(band.low_hz, band.high_hz, -40.0, SECOND);
        // ISO/IEC 11172-3: noise hides a tone this far below it.
        let index_db = 2.025 + 0.175 * bark(centre);
        let share = |over_db: f64| {
            hidden(&tone(centre, -40.0 + over_db, SECOND), &masker, MaskingSetup::default())
        };
        let (above, below) = (share(6.0 - index_db), share(-10.0 - index_db));
        assert!(above < 0.1, "{hz} Hz, 6 dB above the threshold: {above}");
        assert!(below > 0.95, "{hz} Hz, 10 dB below the threshold: {below}");
        // A tone as a masker hides less: 6.025 + 0.275·z.
        let setup = MaskingSetup { masker_kind: MaskerKind::Tone, ..MaskingSetup::default() };
        let tone_index_db = 6.025 + 0.275 * bark(centre);
        let masker = tone(centre, -40.0, SECOND);
        for (over_db, expected) in [(1.0, 0.0), (-1.0, 1.0)] {
            let target = tone(centre, -40.0 - tone_index_db + over_db, SECOND);
            let share = hidden(&target, &masker, setup);
            // Two tones of one frequency have the same excitation, so the threshold is exact; what the
            // window smears into neighbours is below 3 % of the energy.
            assert!((share - expected).abs() < 0.03, "{hz} Hz, {over_db} dB: {share}");
        }
    }
}

#[test]
fn masking_grows_with_the_masker_and_shrinks_with_the_target() {
    let target = band_noise(300.0, 5000.0, -40.0, SECOND);
    let full = band_noise(350.0, 4000.0, 0.0, SECOND);
    let mut last = 0.0;
    let mut seen = Vec::new();
    for level_db in (-70..=-10).step_by(5) {
        let gain = db_to_gain(f64::from(level_db));
        let masker: Vec<f64> = full.iter().map(|x| x * gain).collect();
        let share = hidden(&target, &masker, MaskingSetup::default());
        assert!(share >= last, "{level_db} dB: {share} after {last}");
        last = share;
        seen.push(share);
    }
    assert!(seen[0] < 0.02 && last > 0.95, "{seen:?}");
    assert!(seen.windows(2).filter(|pair| pair[1] > pair[0] + 0.02).count() >= 3, "{seen:?}");
}

#[test]
fn bands_that_lie_apart_do_not_hide_each_other_and_low_hides_high_more() {
    let low = band_noise(200.0, 300.0, -25.0, SECOND);
    let high = band_noise(4000.0, 5000.0, -45.0, SECOND);
    for (target, masker) in [(&low, &high), (&high, &low)] {
        let share = hidden(target, masker, MaskingSetup::default());
        assert!(share < 1e-3, "{share}");
    }
    // Four bands apart: 1 kHz noise hides a soft tone above it, not one as far below.
    let masker = band_noise(950.0, 1090.0, -20.0, SECOND);
    let up = tone(erb_apart(1000.0, 3.0), -62.0, SECOND);
    let down = tone(erb_apart(1000.0, -3.0), -62.0, SECOND);
    let (up, down) = (
        hidden(&up, &masker, MaskingSetup::default()),
        hidden(&down, &masker, MaskingSetup::default()),
    );
    assert!(up > 0.9 && down < 0.1, "{up} {down}");
}

fn erb_apart(hz: f64, cams: f64) -> f64 {
    mixcore::analysis::erb_rate_to_hz(mixcore::analysis::erb_rate(hz) + cams)
}

#[test]
fn the_same_gain_on_all_stems_changes_nothing_above_the_threshold_in_quiet() {
    let target = band_noise(300.0, 5000.0, -40.0, SECOND);
    let masker = band_noise(296.3, 2000.0, -39.5, SECOND);
    let run = |gain_db: f64| {
        let gain = db_to_gain(gain_db);
        let times = |x: &[f64]| x.iter().map(|x| x * gain).collect::<Vec<f64>>();
        let (target, masker) = (times(&target), times(&masker));
        let mut masking = masking::<f64>(MaskingSetup::default(), mono());
        let mut ratios = Vec::new();
        masking
            .push_each(&[Block::mono(&target), Block::mono(&masker)], |frame| {
                let mut db = [0.0; 40];
                frame.target_to_masker_db(0, Masker::Stem(1), &mut db);
                // The bands that both fill: 400 to 1900 Hz.
                ratios.extend_from_slice(&db[8..20]);
            })
            .unwrap();
        let share = masking.share(0, Masker::Stem(1), 400.0, 1900.0);
        (ratios, share.energy.value().unwrap(), share.cells.value().unwrap())
    };
    let plain = run(0.0);
    assert!(plain.1 > 0.2 && plain.1 < 0.9, "{}", plain.1);
    for gain_db in [-12.0, 6.0, 20.0] {
        let other = run(gain_db);
        for (a, b) in plain.0.iter().zip(&other.0) {
            // Rounding of the products and of the logarithm.
            assert!((a - b).abs() < 1e-9, "{gain_db} dB: {a} {b}");
        }
        // A cell at the very threshold may fall to the other side by the threshold in quiet, some
        // 60 dB below: one in a thousand.
        assert!((plain.1 - other.1).abs() < 2e-3, "{gain_db} dB: {} {}", plain.1, other.1);
        assert!((plain.2 - other.2).abs() < 2e-3, "{gain_db} dB: {} {}", plain.2, other.2);
    }
}

#[test]
fn what_is_below_the_threshold_in_quiet_is_not_there() {
    // A tone at 1 kHz, 2 dB above and below the threshold: -99 dBFS is 0 dB SPL.
    let centre = ErbBands::band(14).centre_hz;
    let threshold_dbfs = quiet_threshold_db_spl(centre) - 99.0;
    let setup = MaskingSetup { active_above_dbfs: -120.0, ..MaskingSetup::default() };
    let silence = vec![0.0; SECOND];
    for (over_db, heard) in [(2.0, true), (-2.0, false)] {
        let mut masking = masking::<f64>(setup, mono());
        let target = tone(centre, threshold_dbfs + over_db, SECOND);
        masking.push(&[Block::mono(&target), Block::mono(&silence)]).unwrap();
        let share = masking.share(0, Masker::Stem(1), 0.0, 2e4).energy;
        assert_eq!(share, if heard { Reading::Value(0.0) } else { Reading::BelowGate });
    }
}

#[test]
fn every_direction_and_all_others_together() {
    // Stems 1 and 2 together hide more of stem 0 than each alone; stem 0 hides no one.
    let target = band_noise(900.0, 1200.0, -40.0, SECOND);
    let one = band_noise(880.0, 1230.0, -37.2, SECOND);
    let two: Vec<f64> = one.iter().map(|x| -x).collect();
    let setup = MaskingSetup { stems: 3, ..MaskingSetup::default() };
    let mut masking = masking::<f64>(setup, mono());
    masking.push(&[Block::mono(&target), Block::mono(&one), Block::mono(&two)]).unwrap();
    let share = |target, masker| masking.share(target, masker, 0.0, 2e4).energy.value().unwrap();
    let (by_one, by_two, by_both) =
        (share(0, Masker::Stem(1)), share(0, Masker::Stem(2)), share(0, Masker::Others));
    assert_eq!(by_one, by_two);
    // Powers add up to one masker of 3 dB more, although the two stems would cancel in the sum.
    let louder: Vec<f64> = one.iter().map(|x| x * core::f64::consts::SQRT_2).collect();
    let mut loud = self::masking::<f64>(MaskingSetup::default(), mono());
    loud.push(&[Block::mono(&target), Block::mono(&louder)]).unwrap();
    let by_louder = loud.share(0, Masker::Stem(1), 0.0, 2e4).energy.value().unwrap();
    assert!((by_both - by_louder).abs() < 1e-9, "{by_both} {by_louder}");
    assert!(by_both > 1.5 * by_one, "{by_one} {by_both}");
    assert!(share(1, Masker::Stem(0)) < 0.1, "{}", share(1, Masker::Stem(0)));
    for (target, masker) in [(0, Masker::Stem(0)), (3, Masker::Stem(0)), (0, Masker::Stem(3))] {
        let share = masking.share(target, masker, 0.0, 2e4);
        assert_eq!(share.energy, Reading::NotApplicable);
        assert_eq!(masking.worst(target, masker).count(), 0);
    }
}

#[test]
fn places_are_where_the_masker_was() {
    // A steady voice; music comes in three times, louder each time, in one band.
    let target = band_noise(1000.0, 1100.0, -40.0, 3 * SECOND);
    let full = band_noise(950.0, 1150.0, 0.0, 3 * SECOND);
    let bursts = [(12_000, 20_000, -30.0), (48_000, 72_000, -25.0), (96_000, 110_400, -20.0)];
    let mut masker = vec![0.0; 3 * SECOND];
    for (start, end, level_db) in bursts {
        for n in start..end {
            masker[n] = full[n] * db_to_gain(level_db);
        }
    }
    let mut masking =
        masking::<f64>(MaskingSetup { places: 12, ..MaskingSetup::default() }, mono());
    masking.push(&[Block::mono(&target), Block::mono(&masker)]).unwrap();
    masking.close();
    let band = 14;
    let mut found: Vec<_> =
        masking.worst(0, Masker::Stem(1)).filter(|place| place.band() == band).collect();
    assert!(found.windows(2).all(|pair| pair[0].hidden_power() >= pair[1].hidden_power()));
    // The longest one hides most.
    assert!(found[0].start_frame().abs_diff(48_000) < 1500, "{:?}", found[0]);
    found.sort_by_key(|place| place.start_frame());
    assert_eq!(found.len(), 3, "{found:?}");
    let mut last_depth = 0.0;
    for (place, (start, end, _)) in found.iter().zip(bursts) {
        // A window reaches 20 ms to either side of what it stands for.
        assert!(place.start_frame().abs_diff(start as u64) <= 1440, "{place:?}");
        assert!(place.end_frame().abs_diff(end as u64) <= 1440, "{place:?}");
        let depth = place.depth_db().value().unwrap();
        assert!(depth > last_depth + 2.0, "{place:?}");
        last_depth = depth;
    }
    // Another passage: nothing of the old one is left.
    masking.start_passage();
    assert_eq!(masking.worst(0, Masker::Stem(1)).count(), 0);
    let share = masking.share(0, Masker::Stem(1), 0.0, 2e4);
    assert!(matches!(share.energy, Reading::TooShort { .. }));
}

#[test]
fn margins_and_ratios_of_a_frame_agree_with_its_verdicts() {
    let target = band_noise(200.0, 6000.0, -45.0, SECOND / 4);
    let masker = band_noise(500.0, 3000.0, -40.0, SECOND / 4);
    let mut masking = masking::<f64>(MaskingSetup::default(), mono());
    let (mut hidden, mut heard, mut end) = (0, 0, None);
    masking
        .push_each(&[Block::mono(&target), Block::mono(&masker)], |frame| {
            let (mut ratio, mut margin) = ([0.0; 40], [0.0; 40]);
            frame.target_to_masker_db(0, Masker::Others, &mut ratio);
            frame.margin_db(0, Masker::Others, &mut margin);
            assert!(end.is_none_or(|end| frame.start_frame() == end));
            end = Some(frame.end_frame());
            for band in 0..frame.bands() {
                if frame.is_present(0, band) {
                    assert_eq!(frame.is_masked(0, Masker::Stem(1), band), margin[band] < 0.0);
                    // The margin is the ratio plus the index, less what the threshold in quiet takes.
                    let index_db = 2.025 + 0.175 * bark(ErbBands::band(band).centre_hz);
                    assert!(margin[band] <= ratio[band] + index_db + 1e-9, "{band}");
                    if margin[band] < 0.0 { hidden += 1 } else { heard += 1 }
                }
            }
        })
        .unwrap();
    assert!(hidden > 100 && heard > 100, "{hidden} {heard}");
}

fn everything<S: Sample>(masking: &mut Masking<'_, S>) -> Vec<u64> {
    masking.close();
    let mut bits = vec![masking.faults()];
    for target in 0..3 {
        for masker in [Masker::Others, Masker::Stem(0), Masker::Stem(1), Masker::Stem(2)] {
            for band in 0..masking.bands().len() {
                let share = masking.band_share(target, masker, band);
                for reading in [share.energy, share.cells] {
                    bits.push(reading.value().unwrap_or(-1.0).to_bits());
                }
            }
            for place in masking.worst(target, masker) {
                bits.extend([place.band() as u64, place.start_frame(), place.end_frame()]);
                bits.push(place.hidden_power().to_bits());
                bits.push(place.depth_db().value().unwrap().to_bits());
            }
        }
    }
    bits
}

fn promises<S: Sample>(rate_hz: f64) {
    let frames = 30_000;
    let mut stems: Vec<Vec<Vec<S>>> =
        (0..3).map(|stem| noise::<S>(2, frames, 0.02 * f64::from(1 << stem), 40 + stem)).collect();
    // Bursts, so that there are places.
    for (stem, audio) in stems.iter_mut().enumerate() {
        for channel in audio.iter_mut() {
            for (n, x) in channel.iter_mut().enumerate() {
                if n / 3000 % (stem + 2) == 0 {
                    *x = S::zero();
                }
            }
        }
    }
    for (at, fault) in [(3100, f64::NAN), (7000, f64::INFINITY), (9000, 2e6), (29_999, -3e9)] {
        stems[at % 3][at % 2][at] = S::from_f64(fault);
    }
    let setup = MaskingSetup { stems: 3, places: 5, ..MaskingSetup::default() };
    let run = |isa: Isa, cuts: &[usize], stems: &[Vec<Vec<S>>]| {
        let stream = Stream::with_isa(rate_hz, Layout::STEREO, isa).unwrap();
        let mut masking = masking::<S>(setup, stream);
        let blocks: Vec<Block<'_, S>> = stems.iter().map(|s| Block::new(s).unwrap()).collect();
        let mut at = 0;
        for cut in cuts.iter().copied().chain([frames]) {
            let part: Vec<Block<'_, S>> = blocks.iter().map(|b| b.range(at, cut)).collect();
            masking.push(&part).unwrap();
            at = cut;
        }
        let first = everything(&mut masking);
        masking.reset();
        masking.push(&blocks).unwrap();
        assert!(first == everything(&mut masking), "reset is not new");
        first
    };
    let whole = run(Isa::detect(), &[], &stems);
    assert_eq!(whole[0], 4);
    assert!(whole.len() > 1 + 9 * 2 * 26 + 5 * 9, "no places: {}", whole.len());
    for isa in Isa::available() {
        for cuts in [&[1, 1, 1919, 1920, 2400][..], &[1921, 15_000], &[480, 481, 29_999]] {
            assert!(run(isa, cuts, &stems) == whole, "{isa:?} {cuts:?}");
        }
    }
    for sample in stems.iter_mut().flatten().flatten() {
        if sample.is_nan() || sample.abs() > S::from_f64(1e6) {
            *sample = S::zero();
        }
    }
    assert!(run(Isa::detect(), &[], &stems)[1..] == whole[1..]);
}

#[test]
fn any_split_any_level_and_zeros_for_faults_give_the_same_bits() {
    promises::<f32>(48_000.0);
    promises::<f64>(11_025.0);
}

#[test]
fn wrong_setups_and_blocks_are_refused() {
    let good = MaskingSetup::default();
    for (setup, name) in [
        (MaskingSetup { stems: 1, ..good }, "stems"),
        (MaskingSetup { stems: 9, ..good }, "stems"),
        (MaskingSetup { full_scale_db_spl: f64::NAN, ..good }, "full_scale_db_spl"),
        (MaskingSetup { spread_level_db_spl: 101.0, ..good }, "spread_level_db_spl"),
        (MaskingSetup { active_above_dbfs: 1.0, ..good }, "active_above_dbfs"),
        (MaskingSetup { places: 1001, ..good }, "places"),
    ] {
        let refused = Masking::<f32>::required_len(&setup, &mono());
        assert!(matches!(refused, Err(Error::OutOfRange { field, .. }) if field == name), "{name}");
    }
    let need = Masking::<f32>::required_len(&good, &mono()).unwrap();
    for (samples, numbers, places) in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
        let mut samples = vec![0.0_f32; need.samples - samples];
        let mut numbers = vec![0.0; need.numbers - numbers];
        let mut places = vec![Default::default(); need.places - places];
        let refused = Masking::new_in(good, mono(), &mut samples, &mut numbers, &mut places);
        assert!(matches!(refused, Err(Error::Storage { .. })));
    }
    let mut masking = masking::<f32>(good, mono());
    let audio = [0.0_f32; 100];
    let (long, short) = (Block::mono(&audio), Block::mono(&audio[1..]));
    assert!(masking.push(&[long]).is_err());
    assert!(masking.push(&[long, short]).is_err());
    assert!(masking.push(&[long, Block::stereo(&audio, &audio).unwrap()]).is_err());
    assert!(masking.push(&[long, long]).is_ok());
}
