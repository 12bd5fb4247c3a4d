//! What compressor and gate hear, beyond what every processor is tested for: keys, key filter and
//! key listen in any blocks, states that are left behind, hold with look-ahead, settings as JSON.

use mixcore::audio::Block;
use mixcore::dynamics::{
    Compressor, CompressorParams, CompressorSetup, Detector, Gate, GateParams, GateSetup,
    KeyFilter, LinkGroups, MakeUp, Release, Smoothing,
};
use mixcore::filters::EqBand;
use mixcore::filters::design::Shape;
use mixcore::{BlockMut, Io, Layout, Process, Stream};

use crate::conformance::programme;
use crate::signals::{Noise, noise};

const RATE_HZ: f64 = 48_000.0;
const FRAMES: usize = 6007;

fn stream(layout: Layout) -> Stream {
    Stream::new(RATE_HZ, layout).unwrap()
}

fn filter() -> KeyFilter {
    let bands =
        [EqBand::new(Shape::HighPass, 150.0, 0.0, 0.7), EqBand::new(Shape::Bell, 5000.0, 9.0, 1.0)];
    KeyFilter::of_bands(&bands, RATE_HZ).unwrap()
}

/// What a session does to a unit at a frame.
enum Turn {
    Filter(KeyFilter),
    Listen(bool),
    Bypass(bool),
    Move,
}

/// Either kind of unit.
trait Keyed: Process<f32> {
    fn turn(&mut self, turn: &Turn);
    fn run(&mut self, io: Io<'_, f32>, row: &mut [f32]);
}

impl Keyed for Compressor<'_, f32> {
    fn turn(&mut self, turn: &Turn) {
        match *turn {
            Turn::Filter(filter) => self.set_key_filter(filter),
            Turn::Listen(listen) => self.set_key_listen(listen),
            Turn::Bypass(bypass) => self.set_bypass(bypass),
            Turn::Move => self
                .set_params(CompressorParams {
                    threshold_dbfs: -30.0,
                    ratio: 6.0,
                    upward_ratio: 2.0,
                    feedback_percent: 60.0,
                    link_percent: 40.0,
                    makeup_db: 3.0,
                    mix_percent: 80.0,
                    hold_ms: 3.0,
                    ..self.params()
                })
                .unwrap(),
        }
    }

    fn run(&mut self, io: Io<'_, f32>, row: &mut [f32]) {
        self.process_with_reduction(io, row).unwrap();
    }
}

impl Keyed for Gate<'_, f32> {
    fn turn(&mut self, turn: &Turn) {
        match *turn {
            Turn::Filter(filter) => self.set_key_filter(filter),
            Turn::Listen(listen) => self.set_key_listen(listen),
            Turn::Bypass(bypass) => self.set_bypass(bypass),
            Turn::Move => self
                .set_params(GateParams {
                    threshold_dbfs: -12.0,
                    hold_ms: 2.0,
                    link_percent: 40.0,
                    mix_percent: 80.0,
                    knee_db: 6.0,
                    ..self.params()
                })
                .unwrap(),
        }
    }

    fn run(&mut self, io: Io<'_, f32>, row: &mut [f32]) {
        self.process_with_reduction(io, row).unwrap();
    }
}

/// Turns at frames off every grid, fades over one another.
fn turns() -> [(usize, Turn); 7] {
    [
        (333, Turn::Filter(filter())),
        (901, Turn::Listen(true)),
        (1500, Turn::Move),
        (2011, Turn::Listen(false)),
        (3003, Turn::Bypass(true)),
        (3407, Turn::Filter(KeyFilter::NONE)),
        (4001, Turn::Bypass(false)),
    ]
}

/// Output and reduction of a unit fed in blocks of `block` frames, 0 for random ones.
fn feed(unit: &mut dyn Keyed, audio: &[Vec<f32>], key: &[Vec<f32>], block: usize) -> Vec<Vec<u32>> {
    let mut output = audio.to_vec();
    let mut row = vec![0.0_f32; FRAMES];
    let mut pick = Noise::new(3);
    let turns = turns();
    let mut at = 0;
    while at < FRAMES {
        let size = if block == 0 { pick.below(200) } else { block };
        if size > 0
            && let Some((_, turn)) = turns.iter().find(|(frame, _)| *frame == at)
        {
            unit.turn(turn);
        }
        let next = turns.iter().map(|(frame, _)| *frame).find(|&frame| frame > at);
        let end = (at + size).min(FRAMES).min(next.unwrap_or(FRAMES));
        let mut whole = BlockMut::new(&mut output).unwrap();
        let key = Block::new(key).unwrap().range(at, end);
        unit.run(Io::with_key(whole.range(at, end), key), &mut row[at..end]);
        at = end;
    }
    output.push(row);
    output.iter().map(|channel| channel.iter().map(|x| x.to_bits()).collect()).collect()
}

fn split_anywhere(make: impl Fn() -> Box<dyn Keyed>, layout: Layout, what: &str) {
    let audio = programme::<f32>(layout.channel_count(), FRAMES);
    for key_channels in [1, layout.channel_count()] {
        let mut key = noise::<f32>(key_channels, FRAMES, 0.7, 31);
        key[0][100] = f32::NAN;
        let expected = feed(&mut *make(), &audio, &key, FRAMES);
        for block in [1, 7, 64, 65, 480, 0] {
            let got = feed(&mut *make(), &audio, &key, block);
            assert!(got == expected, "{what}: blocks of {block}, key of {key_channels}");
        }
    }
}

#[test]
fn keyed_units_give_the_same_bits_in_any_blocks() {
    let layout = Layout::SURROUND_5_1;
    for detector in [Detector::Peak, Detector::Rms { window_ms: 7.0 }] {
        for (smoothing, release) in [
            (Smoothing::Branching, Release::Fixed),
            (Smoothing::Decoupled, Release::ProgramDependent),
        ] {
            let setup = CompressorSetup {
                lookahead_ms: 3.3,
                detector,
                smoothing,
                release,
                groups: LinkGroups::Areas,
                makeup: MakeUp::LoudnessMatched,
            };
            let make = || -> Box<dyn Keyed> {
                let params = CompressorParams::default();
                Box::new(Compressor::new(setup, params, stream(layout)).unwrap())
            };
            split_anywhere(make, layout, "compressor");
        }
        let setup = GateSetup { lookahead_ms: 3.3, detector, groups: LinkGroups::Areas };
        let make = || -> Box<dyn Keyed> {
            Box::new(Gate::new(setup, GateParams::default(), stream(layout)).unwrap())
        };
        split_anywhere(make, layout, "gate");
    }
}

/// A key of one channel is as good as one whose channels are all equal, whenever a host changes.
#[test]
fn a_key_of_one_channel_is_that_key_for_all() {
    let key = vec![noise::<f32>(1, FRAMES, 0.7, 5).remove(0); 2];
    let audio = programme::<f32>(2, FRAMES);
    for detector in [Detector::Rms { window_ms: 9.0 }, Detector::KWeighted { window_ms: 5.0 }] {
        let setup = CompressorSetup { detector, ..CompressorSetup::default() };
        // Linked, a loudness is that of a sum, in which a key of one channel counts once.
        let link_percent = if matches!(detector, Detector::Rms { .. }) { 30.0 } else { 0.0 };
        let params = CompressorParams { link_percent, ..CompressorParams::default() };
        let run = |changes: bool| {
            let mut unit = Compressor::new(setup, params, stream(Layout::STEREO)).unwrap();
            unit.set_key_filter(filter());
            let mut output = audio.clone();
            for (round, at) in (0..FRAMES).step_by(333).enumerate() {
                let end = (at + 333).min(FRAMES);
                let channels = if changes && round % 3 != 2 { 1 } else { 2 };
                let key = Block::new(&key[..channels]).unwrap().range(at, end);
                let mut whole = BlockMut::new(&mut output).unwrap();
                unit.process(Io::with_key(whole.range(at, end), key)).unwrap();
            }
            output
        };
        assert_eq!(run(true), run(false), "{detector:?}");
    }
}

#[test]
fn a_filter_that_comes_back_has_forgotten_what_it_heard() {
    let mut unit = Compressor::<f32>::new(
        CompressorSetup::default(),
        CompressorParams { threshold_dbfs: -60.0, ..CompressorParams::default() },
        stream(Layout::MONO),
    )
    .unwrap();
    // A resonance that rings for seconds.
    let ring = EqBand::new(Shape::BandPass, 100.0, 0.0, 40.0);
    unit.set_key_filter(KeyFilter::of_bands(&[ring], RATE_HZ).unwrap());
    let mut loud = vec![1.0_f32; 480];
    unit.process(Io::new(BlockMut::mono(&mut loud))).unwrap();
    let heard = unit.gain_reduction_db();
    assert!(heard > 1.0);
    unit.set_key_filter(KeyFilter::NONE);
    let mut silence = vec![0.0_f32; 96_000];
    unit.process(Io::new(BlockMut::mono(&mut silence))).unwrap();
    assert_eq!(unit.gain_reduction_db(), 0.0);
    unit.set_key_filter(KeyFilter::of_bands(&[ring], RATE_HZ).unwrap());
    unit.process(Io::new(BlockMut::mono(&mut silence))).unwrap();
    assert_eq!(unit.gain_reduction_db(), 0.0);
}

#[test]
fn bands_are_the_sections_they_are_designed_to() {
    let off = EqBand { on: false, ..EqBand::new(Shape::Notch, 1000.0, 0.0, 1.0) };
    let on = EqBand::new(Shape::HighShelf, 3000.0, -9.0, 0.7);
    assert_eq!(KeyFilter::of_bands(&[off; 9], RATE_HZ).unwrap(), KeyFilter::NONE);
    assert_eq!(KeyFilter::of_bands(&[off, on], RATE_HZ).unwrap().sections().len(), 1);
    assert_eq!(KeyFilter::of_bands(&[on; 4], RATE_HZ).unwrap().sections().len(), 4);
    let text = KeyFilter::of_bands(&[on; 7], RATE_HZ).unwrap_err().to_string();
    assert!(text.contains("key_filter_sections is 5, allowed is 0 to 4"), "{text}");
    let high = EqBand { hz: 24_000.0, ..on };
    let text = KeyFilter::of_bands(&[high], RATE_HZ).unwrap_err().to_string();
    assert!(text.contains("hz is 24000"), "{text}");
}

/// A peak shorter than the look-ahead: without a hold the release has begun when it leaves, with one
/// as long as the look-ahead the whole peak gets the whole reduction.
#[test]
fn a_hold_as_long_as_the_look_ahead_keeps_short_peaks_down() {
    let gain = |hold_ms: f64| {
        let setup = CompressorSetup { lookahead_ms: 5.0, ..CompressorSetup::default() };
        let params = CompressorParams {
            attack_ms: 0.02,
            release_ms: 20.0,
            hold_ms,
            ..CompressorParams::default()
        };
        let mut unit = Compressor::new(setup, params, stream(Layout::MONO)).unwrap();
        let mut audio = vec![0.0_f32; 2000];
        audio[1000..1010].fill(1.0);
        unit.process(Io::new(BlockMut::mono(&mut audio))).unwrap();
        audio[1000 + 240 + 9]
    };
    // 20 dB over the threshold, 3:1: a third of 20 dB over it, -13.33 dBFS.
    let wanted = 10.0_f32.powf(-13.333 / 20.0);
    assert!((gain(5.0) / wanted - 1.0).abs() < 1e-3, "{}", gain(5.0));
    assert!(gain(0.0) > 1.3 * wanted, "{}", gain(0.0));
}

#[cfg(feature = "json")]
#[test]
fn settings_are_json() {
    let setup = CompressorSetup {
        lookahead_ms: 3.0,
        detector: Detector::Rms { window_ms: 10.0 },
        smoothing: Smoothing::Decoupled,
        release: Release::ProgramDependent,
        groups: LinkGroups::Areas,
        makeup: MakeUp::LoudnessMatched,
    };
    let text = serde_json::to_string(&setup).unwrap();
    assert_eq!(
        text,
        r#"{"lookahead_ms":3.0,"detector":{"rms":{"window_ms":10.0}},"smoothing":"decoupled","#
            .to_owned()
            + r#""release":"program_dependent","groups":"areas","makeup":"loudness_matched"}"#
    );
    assert_eq!(serde_json::from_str::<CompressorSetup>(&text).unwrap(), setup);
    let plain: CompressorSetup = serde_json::from_str("{}").unwrap();
    assert_eq!(plain, CompressorSetup::default());
    let params: CompressorParams = serde_json::from_str(r#"{"ratio":4.0}"#).unwrap();
    assert_eq!(params, CompressorParams { ratio: 4.0, ..CompressorParams::default() });
    let gate: GateSetup = serde_json::from_str(r#"{"detector":"peak"}"#).unwrap();
    assert_eq!(gate, GateSetup::default());
    let params: GateParams = serde_json::from_str(r#"{"mix_percent":50.0}"#).unwrap();
    assert_eq!(params, GateParams { mix_percent: 50.0, ..GateParams::default() });
    assert!(serde_json::from_str::<GateParams>(r#"{"treshold_db":0}"#).is_err());
}
