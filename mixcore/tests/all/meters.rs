//! Meters keep the promises of processors: any block split, any SIMD level, own or lent memory,
//! faults as zeros, a reset that is as good as new.

use mixcore::audio::{Block, Sample};
use mixcore::kernels::Isa;
use mixcore::loudness::{
    BinWidth, LiveMeter, LiveMeterSetup, Meter, MeterSetup, SpeechLevelMeter, StemActivity,
    TruePeakMeter, TruePeakMethod,
};
use mixcore::stream::Stream;
use mixcore::{Error, Layout};

use crate::signals::{Noise, noise};

/// Sizes of pushes; 0 means random ones (0 frames among them).
const BLOCKS: [usize; 8] = [1, 2, 7, 64, 65, 480, 4096, 0];

/// Frames of the test programme: 3.3 s at 8 kHz, so that every window is full, and a remainder.
const FRAMES: usize = 26_413;

/// A rate at which sub-blocks differ in length: 80 and 81 frames.
const RATE_HZ: f64 = 8050.0;

/// A meter of any kind, and everything that it says as text (f64 in full precision).
trait Probe<S> {
    fn push(&mut self, block: Block<'_, S>) -> Result<(), Error>;
    fn reset(&mut self);
    fn faults(&self) -> u64;
    fn says(&self) -> String;
}

impl<S: Sample> Probe<S> for Meter<'_, S> {
    fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        Meter::push(self, block)
    }
    fn reset(&mut self) {
        Meter::reset(self);
    }
    fn faults(&self) -> u64 {
        Meter::faults(self)
    }
    fn says(&self) -> String {
        // Faults are compared apart.
        let mut readings = self.measurement();
        readings.faults = 0;
        format!("{readings:?} {:?}", self.sub_blocks().energies())
    }
}

impl<S: Sample> Probe<S> for LiveMeter<'_, S> {
    fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        LiveMeter::push(self, block)
    }
    fn reset(&mut self) {
        LiveMeter::reset(self);
    }
    fn faults(&self) -> u64 {
        LiveMeter::faults(self)
    }
    fn says(&self) -> String {
        let mut readings = self.measurement();
        readings.faults = 0;
        let loudness = self.loudness();
        let levels = (self.momentary_lufs(), self.short_term_lufs(), loudness.loudness_range());
        let bounds = (loudness.integrated_bounds_lufs(), loudness.loudness_range_bounds_lu());
        format!("{readings:?} {levels:?} {bounds:?}")
    }
}

impl<S: Sample> Probe<S> for TruePeakMeter<'_, S> {
    fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        TruePeakMeter::push(self, block)
    }
    fn reset(&mut self) {
        TruePeakMeter::reset(self);
    }
    fn faults(&self) -> u64 {
        TruePeakMeter::faults(self)
    }
    fn says(&self) -> String {
        format!("{:?} {:?}", self.measurement(), self.channel_measurement(0))
    }
}

impl<S: Sample> Probe<S> for StemActivity<'_, S> {
    fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        StemActivity::push(self, block)
    }
    fn reset(&mut self) {
        StemActivity::reset(self);
    }
    fn faults(&self) -> u64 {
        StemActivity::faults(self)
    }
    fn says(&self) -> String {
        let activity = self.activity();
        format!("{:?} {:?}", activity.powers(), activity.phrases().collect::<Vec<_>>())
    }
}

impl<S: Sample> Probe<S> for SpeechLevelMeter {
    fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
        SpeechLevelMeter::push(self, block)
    }
    fn reset(&mut self) {
        SpeechLevelMeter::reset(self);
    }
    fn faults(&self) -> u64 {
        SpeechLevelMeter::faults(self)
    }
    fn says(&self) -> String {
        format!("{:?}", self.measurement())
    }
}

fn setup() -> MeterSetup {
    MeterSetup { max_duration_s: 10.0, ..MeterSetup::default() }
}

fn live_setup() -> LiveMeterSetup {
    LiveMeterSetup { bins: BinWidth::OneTenth, ..LiveMeterSetup::default() }
}

/// Every meter in memory of its own.
fn meters<S: Sample>(stream: Stream) -> Vec<Box<dyn Probe<S>>> {
    vec![
        Box::new(Meter::<S>::new(setup(), stream).unwrap()),
        Box::new(TruePeakMeter::<S>::new(TruePeakMethod::Fine, stream).unwrap()),
        Box::new(TruePeakMeter::<S>::new(TruePeakMethod::Annex2, stream).unwrap()),
        Box::new(TruePeakMeter::<S>::new(TruePeakMethod::Sinc49, stream).unwrap()),
        Box::new(TruePeakMeter::<S>::new(TruePeakMethod::Off, stream).unwrap()),
        Box::new(StemActivity::<S>::new(10.0, stream).unwrap()),
        Box::new(LiveMeter::<S>::new(live_setup(), stream).unwrap()),
        Box::new(SpeechLevelMeter::new(stream).unwrap()),
    ]
}

fn programme<S: Sample>(channels: usize) -> Vec<Vec<S>> {
    let mut audio = noise::<S>(channels, FRAMES, 0.5, 21);
    for channel in &mut audio {
        channel[9000..14_000].fill(S::zero());
    }
    audio
}

fn feed<S: Sample>(meter: &mut dyn Probe<S>, audio: &[Vec<S>], block: usize) {
    let whole = Block::new(audio).unwrap();
    let mut pick = Noise::new(5);
    let mut at = 0;
    while at < FRAMES {
        let size = if block == 0 { pick.below(700) } else { block };
        let end = (at + size).min(FRAMES);
        meter.push(whole.range(at, end)).unwrap();
        at = end;
    }
}

fn check<S: Sample>() {
    for layout in [Layout::MONO, Layout::SURROUND_5_1] {
        let stream = Stream::new(RATE_HZ, layout).unwrap();
        let audio = programme::<S>(layout.channel_count());
        let expected: Vec<String> = meters::<S>(stream)
            .iter_mut()
            .map(|meter| {
                feed(&mut **meter, &audio, FRAMES);
                meter.says()
            })
            .collect();
        for block in BLOCKS {
            for (meter, expected) in meters::<S>(stream).iter_mut().zip(&expected) {
                feed(&mut **meter, &audio, block);
                assert!(meter.says() == *expected, "blocks of {block}, {layout}");
                meter.reset();
                feed(&mut **meter, &audio, 480);
                assert!(meter.says() == *expected, "after reset, {layout}");
            }
        }
        for isa in Isa::available() {
            let stream = Stream::with_isa(RATE_HZ, layout, isa).unwrap();
            for (meter, expected) in meters::<S>(stream).iter_mut().zip(&expected) {
                feed(&mut **meter, &audio, 480);
                assert!(meter.says() == *expected, "{isa:?}, {layout}");
            }
        }
        let (mut dirty, mut zeroed) = (audio.clone(), audio.clone());
        for (n, fault) in [f64::NAN, f64::INFINITY, -2e6, 1e30].into_iter().enumerate() {
            dirty[0][n * 5000 + 17] = S::from_f64(fault);
            zeroed[0][n * 5000 + 17] = S::zero();
        }
        for (a, b) in meters::<S>(stream).iter_mut().zip(&mut meters::<S>(stream)) {
            feed(&mut **a, &dirty, 480);
            feed(&mut **b, &zeroed, 480);
            assert_eq!((a.faults(), b.faults()), (4, 0));
            assert!(a.says() == b.says(), "faults are not as zeros, {layout}");
        }
    }
}

#[test]
fn any_block_split_any_isa_faults_and_reset() {
    check::<f32>();
    check::<f64>();
}

#[test]
fn lent_memory_reads_the_same() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let audio = programme::<f32>(2);
    let mut own = meters::<f32>(stream);
    let need = Meter::<f32>::required_len(&setup(), &stream);
    let (mut samples, mut history) = (vec![9.0_f32; need.samples], vec![9.0; need.history]);
    let lent = Meter::new_in(setup(), stream, &mut samples, &mut history).unwrap();
    let mut peaks =
        vec![9.0_f32; TruePeakMeter::<f32>::required_len(TruePeakMethod::Fine, &stream)];
    let peak = TruePeakMeter::new_in(TruePeakMethod::Fine, stream, &mut peaks).unwrap();
    for (mut lent, own) in
        [Box::new(lent) as Box<dyn Probe<f32> + '_>, Box::new(peak)].into_iter().zip(&mut own)
    {
        feed(&mut *lent, &audio, 480);
        feed(&mut **own, &audio, 480);
        assert!(lent.says() == own.says());
    }
    assert!(Meter::new_in(setup(), stream, &mut samples[1..], &mut history).is_err());

    let need = LiveMeter::<f32>::required_len(&live_setup(), &stream);
    let (mut samples, mut history) = (vec![9.0_f32; need.samples], vec![9.0; need.history]);
    let mut lent = LiveMeter::new_in(live_setup(), stream, &mut samples, &mut history).unwrap();
    let mut own = LiveMeter::<f32>::new(live_setup(), stream).unwrap();
    feed(&mut lent, &audio, 480);
    feed(&mut own, &audio, 480);
    assert!(lent.says() == own.says());
    assert!(LiveMeter::new_in(live_setup(), stream, &mut samples[1..], &mut history).is_err());
    assert!(LiveMeter::new_in(live_setup(), stream, &mut samples, &mut history[1..]).is_err());
}

#[test]
fn wrong_channels_and_a_full_history_are_errors() {
    let stream = Stream::new(8000.0, Layout::STEREO).unwrap();
    let mut meter =
        Meter::<f32>::new(MeterSetup { max_duration_s: 1.0, ..setup() }, stream).unwrap();
    let audio = noise::<f32>(3, 8200, 0.1, 1);
    assert!(meter.push(Block::new(&audio).unwrap()).is_err());
    let stereo = Block::new(&audio[..2]).unwrap();
    meter.push(stereo.range(0, 7000)).unwrap();
    let before = meter.says();
    let error = meter.push(stereo.range(0, 8200)).unwrap_err();
    assert!(error.to_string().contains("max_duration_s"), "{error}");
    assert!(meter.says() == before, "a refused block left a trace");
}
