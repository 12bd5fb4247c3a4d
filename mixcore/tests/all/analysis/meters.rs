//! The promises of all meters: any block split, any SIMD level, own or lent memory, faults as zeros, a
//! reset that is as good as new.

use mixcore::analysis::{
    ChannelDelay, ChannelPair, Correlation, CorrelationSetup, DelaySetup, Goniometer,
    GoniometerSetup, LevelEvent, LevelEventKind, LevelSetup, LevelStats, ThirdOctave,
};
use mixcore::audio::{Block, Sample};
use mixcore::{Error, Isa, Layout, Stream};

use super::memory;
use crate::signals::{Noise, noise};

/// Sizes of pushes; 0 means random ones (0 frames among them).
const BLOCKS: [usize; 7] = [1, 7, 64, 65, 480, 4096, 0];
/// 1.3 s at 8.05 kHz, whose sub-blocks differ in length, and a remainder.
const FRAMES: usize = 10_501;
const RATE_HZ: f64 = 8050.0;

/// A meter of any kind, and everything that it says as text (f64 in full precision).
trait Probe<S> {
    fn push(&mut self, block: Block<'_, S>) -> Result<(), Error>;
    fn finish(&mut self) {}
    fn reset(&mut self);
    fn faults(&self) -> u64;
    fn says(&self) -> String;
}

macro_rules! probe {
    ($type:ident, $meter:ident => $says:expr $(, $finish:ident)?) => {
        impl<S: Sample> Probe<S> for $type<'static, S> {
            fn push(&mut self, block: Block<'_, S>) -> Result<(), Error> {
                $type::push(self, block)
            }
            $(fn finish(&mut self) {
                $type::$finish(self);
            })?
            fn reset(&mut self) {
                $type::reset(self);
            }
            fn faults(&self) -> u64 {
                $type::faults(self)
            }
            fn says(&self) -> String {
                let $meter = self;
                $says
            }
        }
    };
}

probe!(LevelStats, meter => {
    let counts: Vec<_> = LevelEventKind::ALL.iter().map(|kind| meter.count(1, *kind)).collect();
    format!("{:?} {:?} {counts:?} {}", meter.measurement(1), meter.events(), meter.frames())
}, finish);
probe!(Correlation, meter => {
    let bands: Vec<_> = ThirdOctave::all().map(|band| meter.band_measurement(band)).collect();
    format!("{:?} {bands:?} {}", meter.measurement(), meter.frames())
});
probe!(ChannelDelay, meter => {
    format!("{:?} {:?} {}", meter.measurement(), meter.window_measurement(), meter.frames())
}, finish);
probe!(Goniometer, meter => {
    let points: Vec<_> = meter.points().collect();
    format!("{:?} {points:?} {:?} {}", meter.measurement(), meter.density(), meter.frames())
});

fn correlation() -> CorrelationSetup {
    CorrelationSetup { window_s: 0.25, ..Default::default() }
}

fn delay() -> DelaySetup {
    DelaySetup { max_delay_ms: 8.0, window_s: 0.3, ..Default::default() }
}

fn levels() -> LevelSetup {
    LevelSetup { zero_min_ms: 5.0, silence_min_ms: 50.0, coalesce_ms: 1.0, ..Default::default() }
}

/// Every meter in lent memory, which is dirty.
fn meters<S: Sample>(stream: Stream) -> Vec<Box<dyn Probe<S>>> {
    let samples = |len: usize| memory(len, S::from_f64(-3.0));
    let need = LevelStats::<S>::required_len(&levels(), &stream);
    let dirty = memory(need.events, LevelEvent::EMPTY);
    let stats = LevelStats::new_in(levels(), stream, samples(need.samples), dirty).unwrap();
    let need = Correlation::<S>::required_len(&correlation(), &stream);
    let window = memory(need.history, -3.0);
    let phase = Correlation::new_in(correlation(), stream, samples(need.samples), window).unwrap();
    let need = ChannelDelay::<S>::required_len(&delay(), &stream);
    let lags = memory(need.history, -3.0);
    let lag = ChannelDelay::new_in(delay(), stream, samples(need.samples), lags).unwrap();
    let need = Goniometer::<S>::required_len(&GoniometerSetup::default());
    let figure = Goniometer::new_in(
        GoniometerSetup::default(),
        stream,
        samples(need.samples),
        memory(need.points, [-3.0; 2]),
        memory(need.cells, 3),
    )
    .unwrap();
    vec![Box::new(stats), Box::new(phase), Box::new(lag), Box::new(figure)]
}

/// Noise that is partly common, with holes, clipping and a stuck stretch.
fn programme<S: Sample>(channels: usize) -> Vec<Vec<S>> {
    let mut audio = noise::<f64>(channels, FRAMES, 0.5, 81);
    for n in 40..FRAMES {
        audio[1][n] = 0.3 * audio[1][n] - 0.8 * audio[0][n - 21];
    }
    for channel in &mut audio {
        channel[3000..3900].fill(0.0);
        channel[5000..5040].fill(0.0);
        channel[6000..6010].fill(1.0);
        channel[7000..7100].fill(0.25);
    }
    let rounded = |x: f64| S::from_f64(x);
    audio.into_iter().map(|channel| channel.into_iter().map(rounded).collect()).collect()
}

fn feed<S: Sample>(meter: &mut dyn Probe<S>, audio: &[Vec<S>], block: usize) -> String {
    let whole = Block::new(audio).unwrap();
    let mut pick = Noise::new(5);
    let mut at = 0;
    while at < FRAMES {
        let size = if block == 0 { pick.below(700) } else { block };
        let end = (at + size).min(FRAMES);
        meter.push(whole.range(at, end)).unwrap();
        at = end;
    }
    let before = meter.says();
    meter.finish();
    before + &meter.says()
}

fn check<S: Sample>() {
    for layout in [Layout::STEREO, Layout::SURROUND_5_1] {
        let stream = Stream::new(RATE_HZ, layout).unwrap();
        let audio = programme::<S>(layout.channel_count());
        let expected: Vec<String> =
            meters::<S>(stream).iter_mut().map(|m| feed(&mut **m, &audio, FRAMES)).collect();
        assert!(
            expected[0].contains("Dropout") && expected[0].contains("Stuck"),
            "{}",
            expected[0]
        );
        assert!(expected[2].contains("Found"), "{}", expected[2]);
        for block in BLOCKS {
            for (meter, expected) in meters::<S>(stream).iter_mut().zip(&expected) {
                assert!(
                    feed(&mut **meter, &audio, block) == *expected,
                    "blocks of {block}, {layout}"
                );
                meter.reset();
                assert!(feed(&mut **meter, &audio, 480) == *expected, "after reset, {layout}");
            }
        }
        for isa in Isa::available() {
            let stream = Stream::with_isa(RATE_HZ, layout, isa).unwrap();
            for (meter, expected) in meters::<S>(stream).iter_mut().zip(&expected) {
                assert!(feed(&mut **meter, &audio, 480) == *expected, "{isa:?}, {layout}");
            }
        }
        let (mut dirty, mut zeroed) = (audio.clone(), audio.clone());
        for (n, fault) in [f64::NAN, f64::INFINITY, -2e6, 1e30].into_iter().enumerate() {
            dirty[n % 2][n * 2000 + 17] = S::from_f64(fault);
            zeroed[n % 2][n * 2000 + 17] = S::zero();
        }
        for (a, b) in meters::<S>(stream).iter_mut().zip(&mut meters::<S>(stream)) {
            let (with, without) = (feed(&mut **a, &dirty, 480), feed(&mut **b, &zeroed, 480));
            assert_eq!((a.faults(), b.faults()), (4, 0));
            assert!(with == without, "faults are not as zeros, {layout}");
        }
    }
}

#[test]
fn any_block_split_any_isa_faults_and_reset() {
    check::<f32>();
    check::<f64>();
}

#[cfg(feature = "alloc")]
#[test]
fn memory_of_their_own_reads_the_same() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let audio = programme::<f32>(2);
    let own: Vec<Box<dyn Probe<f32>>> = vec![
        Box::new(LevelStats::new(levels(), stream).unwrap()),
        Box::new(Correlation::new(correlation(), stream).unwrap()),
        Box::new(ChannelDelay::new(delay(), stream).unwrap()),
        Box::new(Goniometer::new(GoniometerSetup::default(), stream).unwrap()),
    ];
    for (mut own, mut lent) in own.into_iter().zip(meters::<f32>(stream)) {
        assert!(feed(&mut *own, &audio, 480) == feed(&mut *lent, &audio, 480));
    }
    // The pair that is the default, by name.
    let named =
        CorrelationSetup { pair: Some(ChannelPair { first: 0, second: 1 }), ..correlation() };
    let mut named = Correlation::new(named, stream).unwrap();
    let mut default = Correlation::new(correlation(), stream).unwrap();
    assert!(feed(&mut named, &audio, 480) == feed(&mut default, &audio, 480));
}

#[test]
fn wrong_channels_leave_no_trace() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let audio = noise::<f32>(3, 1000, 0.1, 1);
    for mut meter in meters::<f32>(stream) {
        meter.push(Block::new(&audio[..2]).unwrap()).unwrap();
        let before = meter.says();
        assert!(meter.push(Block::new(&audio).unwrap()).is_err());
        assert!(meter.push(Block::mono(&audio[0])).is_err());
        assert!(meter.says() == before);
    }
}
