//! What a measurement says beside our own reading: what other meters read, and which choices were made.

use mixcore::audio::Block;
use mixcore::delivery::report::{Column, Document, Group, html, json, text};
use mixcore::delivery::{MeasureSetup, Measurement, Measurer, Quantity, Role, Spec, spec, verify};
use mixcore::loudness::{
    DETECTOR_STATEMENT, Edition, LICENSED_STATEMENT, Region, SpeechRegions, TruePeakMethod,
};
use mixcore::units::{FrameRate, gain_to_db};
use mixcore::{Layout, Stream, Timecode, math};

use crate::reference::annex2;
use crate::signals::Noise;
use crate::standards::{tech3342::PAUSES, tone};

const RATE_HZ: f64 = 48_000.0;
/// f32 through 24 products, see `true_peak.rs`.
const PEAK_DB: f64 = 1e-4;

fn setup(edition: Edition, dual_mono: bool, frames: u64) -> MeasureSetup {
    MeasureSetup {
        title: "programme".into(),
        start: Timecode { frame: 0, frame_rate: FrameRate::default() },
        dual_mono,
        edition,
        roles: vec![],
        frames,
        bit_depth: None,
    }
}

fn measure(layout: Layout, dual_mono: bool, channels: &[Vec<f32>]) -> Measurement {
    measure_by(Edition::default(), layout, dual_mono, channels)
}

fn measure_by(
    edition: Edition,
    layout: Layout,
    dual_mono: bool,
    channels: &[Vec<f32>],
) -> Measurement {
    let setup = setup(edition, dual_mono, channels[0].len() as u64);
    let mut measurer = Measurer::new(setup, Stream::new(RATE_HZ, layout).unwrap()).unwrap();
    let no_stems = std::iter::empty::<(Role, Block<'_, f32>)>();
    measurer.push(Block::new(channels).unwrap(), no_stems).unwrap();
    measurer.finish().unwrap()
}

/// Every reading of another meter that a report puts beside ours is what that meter reads.
#[test]
fn what_other_meters_read_stands_beside_our_reading() {
    let pauses = tone(&PAUSES.repeat(4), 48_000);
    let mut noise = Noise::new(5);
    // A burst up to half the rate, where interpolators differ.
    let mut channels = vec![pauses.clone(), pauses];
    for channel in &mut channels {
        for x in channel.iter_mut().skip(4800).take(480) {
            *x = (0.8 * noise.next_f64()) as f32;
        }
    }
    let found = measure(Layout::STEREO, false, &channels);
    let get = |quantity: Quantity| found.get(quantity).value().unwrap();
    let printed = channels
        .iter()
        .map(|channel| {
            annex2::true_peak(&channel.iter().map(|&x| f64::from(x)).collect::<Vec<_>>())
        })
        .fold(0.0, f64::max);
    let annex2_error = get(Quantity::TruePeakAnnex2Dbtp) - gain_to_db(printed);
    assert!(annex2_error.abs() < PEAK_DB, "{annex2_error:e}");
    let mut other =
        ebur128::EbuR128::new(2, 48_000, ebur128::Mode::all() - ebur128::Mode::HISTOGRAM).unwrap();
    other.add_frames_planar_f32(&[&channels[0], &channels[1]]).unwrap();
    let peak = gain_to_db(other.true_peak(0).unwrap().max(other.true_peak(1).unwrap()));
    assert!((get(Quantity::TruePeak49TapDbtp) - peak).abs() < PEAK_DB, "{peak}");
    let range = other.loudness_range().unwrap();
    assert!((get(Quantity::LoudnessRange1sLu) - range).abs() < 1e-7, "{range}");
    // They differ from ours by more than that, and the table of quantities joins them to ours.
    assert!((get(Quantity::LoudnessRangeLu) - range).abs() > 1.0);
    for other in Quantity::TruePeakDbtp.other_meters() {
        assert!((get(*other) - get(Quantity::TruePeakDbtp)).abs() > 0.01, "{other}");
    }
    assert_eq!(Quantity::TruePeakDbtp.other_meters().len(), 2);
    assert_eq!(Quantity::LoudnessRangeLu.other_meters(), [Quantity::LoudnessRange1sLu]);
    assert_eq!(found.header().true_peak_method, TruePeakMethod::Fine.name());
}

/// A reading by the first edition stands beside that by the last, each with its edition.
#[test]
fn both_editions_are_named() {
    let signal = tone(&[(-23.0, 10_000), (-43.0, 10_000)], 48_000);
    let found = measure(Layout::STEREO, false, &[signal.clone(), signal]);
    let get = |quantity: Quantity| found.get(quantity).value().unwrap();
    // The gate leaves the quiet half out: 3 dB, and its own energy.
    let gates_lu = get(Quantity::IntegratedLufs) - get(Quantity::UngatedLufs);
    assert!((gates_lu - 10.0 * (2.0 / 1.01_f64).log10()).abs() < 0.1, "{gates_lu}");
    for (quantity, edition) in
        [(Quantity::UngatedLufs, Edition::One), (Quantity::IntegratedLufs, Edition::Five)]
    {
        assert!(quantity.info().standard.contains(edition.name()), "{}", quantity.info().standard);
    }
}

/// The edition that integrated loudness follows is a choice, and every form of report names it.
#[test]
fn the_edition_is_chosen_and_every_report_names_it() {
    let signal = tone(&[(-23.0, 10_000), (-43.0, 10_000)], 48_000);
    let r128: Spec = spec("ebu-r128").unwrap();
    for edition in [Edition::One, Edition::Four, Edition::Five] {
        let found = measure_by(edition, Layout::STEREO, false, &[signal.clone(), signal.clone()]);
        let get = |quantity: Quantity| found.get(quantity).value().unwrap();
        let gated_lu = get(Quantity::IntegratedLufs) - get(Quantity::UngatedLufs);
        assert_eq!(gated_lu == 0.0, edition == Edition::One, "{gated_lu}");
        assert_eq!(found.header().loudness_edition, edition);
        let kept = Measurement::from_json(&found.to_json()).unwrap();
        assert_eq!(kept.header().loudness_edition, edition);
        let judged = verify(&r128, &kept);
        let older = judged.cautions.iter().any(|caution| caution.contains("older edition"));
        assert_eq!(older, edition != Edition::Five);
        let columns = [Column::new("a", &kept, &judged)];
        let groups = [Group::new("b", &columns)];
        let document = Document { title: "c", intro: "", groups: &groups };
        for form in [json, text, html] {
            let mut page = String::new();
            form(&mut page, &document).unwrap();
            assert!(page.contains(edition.name()), "{page}");
        }
    }
    assert!(
        Measurement::from_json(&measure(Layout::MONO, false, &[signal]).to_json().replace(
            "\"loudness_edition\":\"ITU-R BS.1770-5\"",
            "\"loudness_edition\":\"ITU-R BS.1770-6\"",
        ))
        .is_err()
    );
}

/// A report denies that the licensed gate found the dialogue, unless the caller says that it did.
#[test]
fn a_report_says_whether_the_licensed_gate_found_the_dialogue() {
    let audio = vec![0.1_f32; 96_000];
    let r128: Spec = spec("ebu-r128").unwrap();
    for licensed in [false, true] {
        let region = Region { start_frame: 0, end_frame: 48_000 };
        let mut speech = SpeechRegions::new(&[region], RATE_HZ).unwrap();
        if licensed {
            speech = speech.of_licensed_gate();
        }
        let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
        let setup = setup(Edition::default(), false, 96_000);
        let mut measurer = Measurer::new(setup, stream).unwrap().with_speech(speech).unwrap();
        measurer.push(Block::mono(&audio), std::iter::empty()).unwrap();
        let found = measurer.finish().unwrap();
        let kept = Measurement::from_json(&found.to_json()).unwrap();
        assert_eq!(kept.header(), found.header());
        let cautions = verify(&r128, &kept).cautions;
        let says = |statement: &str| cautions.iter().any(|caution| caution.contains(statement));
        assert_eq!((says(DETECTOR_STATEMENT), says(LICENSED_STATEMENT)), (!licensed, licensed));
    }
}

/// The first three editions have no weights for more than five main channels: that is refused.
#[test]
fn an_edition_that_does_not_know_a_layout_is_refused() {
    let measurer = |edition, layout: Layout| {
        let setup = setup(edition, false, 48_000);
        Measurer::<f32>::new(setup, Stream::new(RATE_HZ, layout).unwrap()).map(|_| ())
    };
    for edition in Edition::ALL {
        for layout in [Layout::MONO, Layout::STEREO, Layout::SURROUND_5_1] {
            assert!(measurer(edition, layout).is_ok(), "{edition:?} {layout}");
        }
        let wide = edition >= Edition::Four;
        for layout in [Layout::SURROUND_7_1, Layout::named("7.1.4").unwrap()] {
            assert_eq!(measurer(edition, layout).is_ok(), wide, "{edition:?} {layout}");
        }
    }
}

#[test]
fn dual_mono_is_reported_as_the_choice_it_is() {
    let tone: Vec<f32> = (0..96_000)
        .map(|n| (0.1 * math::sin(2.0 * math::PI * 997.0 * f64::from(n) / RATE_HZ)) as f32)
        .collect();
    let r128: Spec = spec("ebu-r128").unwrap();
    for (dual_mono, says) in [(false, "3.01 LU louder"), (true, "dual mono, +3.01 LU")] {
        let found = measure(Layout::MONO, dual_mono, std::slice::from_ref(&tone));
        assert_eq!(found.header().dual_mono, dual_mono);
        let cautions = verify(&r128, &found).cautions;
        assert!(cautions.iter().any(|caution| caution.contains(says)), "{cautions:?}");
    }
}
