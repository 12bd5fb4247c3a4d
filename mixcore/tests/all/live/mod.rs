//! The live meter against the exact one: the same bits where it promises them, the documented error
//! of its bins where it does not; pauses, parts, histories, programme windows, days.

mod bins;
mod day;
mod history;
mod stretches;
mod window;

use mixcore::audio::{Block, Sample};
use mixcore::kernels::{self, Isa};
use mixcore::loudness::{
    BinWidth, Bounds, LiveLoudness, LiveMeter, LiveMeterSetup, Meter, MeterSetup, SubBlocks,
};
use mixcore::units::{Lufs, Power, Reading};
use mixcore::{Layout, Stream};

use crate::signals::{Noise, noise};

pub const WIDTHS: [BinWidth; 3] =
    [BinWidth::OneHundredth, BinWidth::OneTwentieth, BinWidth::OneTenth];

/// Summation in another order: 1e-13 relative.
const ROUNDING_LU: f64 = 1e-9;

pub fn live<S: Sample>(bins: BinWidth, stream: Stream) -> LiveMeter<'static, S> {
    LiveMeter::new(LiveMeterSetup { bins, ..LiveMeterSetup::default() }, stream).unwrap()
}

pub fn exact<S: Sample>(stream: Stream) -> Meter<'static, S> {
    let setup = MeterSetup { max_duration_s: 700.0, ..MeterSetup::default() };
    Meter::new(setup, stream).unwrap()
}

pub fn value(reading: Reading) -> f64 {
    reading.value().unwrap()
}

/// Noise in stretches of 0.2 to 1.5 s whose levels lie within 40 dB.
fn programme<S: Sample>(channels: usize, frames: usize, rate_hz: f64, seed: u32) -> Vec<Vec<S>> {
    let mut audio = noise::<S>(channels, frames, 1.0, seed);
    let mut pick = Noise::new(seed);
    let mut at = 0;
    while at < frames {
        let end = (at + (rate_hz * (0.2 + 0.65 * (pick.next_f64() + 1.0))) as usize).min(frames);
        let gain = S::from_f64(10_f64.powf((pick.next_f64() - 1.0) * 20.0 / 20.0));
        for channel in &mut audio {
            channel[at..end].iter_mut().for_each(|x| *x *= gain);
        }
        at = end;
    }
    audio
}

/// Pushes `audio` in random pieces, 0 frames among them.
fn feed<S: Sample>(audio: &[Vec<S>], seed: u32, mut push: impl FnMut(Block<'_, S>)) {
    let whole = Block::new(audio).unwrap();
    let mut pick = Noise::new(seed);
    let mut at = 0;
    while at < whole.frames() {
        let end = at + pick.below(9000);
        push(whole.range(at, end));
        at = end;
    }
}

/// What a list of windows reads by the letter of BS.1770 and Tech 3342, with sums as they come.
struct Letter {
    integrated_lufs: f64,
    range_lu: f64,
}

fn lufs(power: f64) -> f64 {
    Power::new(power).loudness().value()
}

fn mean(powers: &[f64]) -> f64 {
    powers.iter().sum::<f64>() / powers.len() as f64
}

impl Letter {
    /// Of the windows of all parts; none lies across a cut.
    fn of(parts: &[SubBlocks<'_>]) -> Self {
        let windows = |length: usize| -> Vec<f64> {
            let all = parts.iter().flat_map(|part| {
                (0..(part.len() + 10).saturating_sub(length) / 10).map(move |n| {
                    let frames = part.start_frame(n * 10 + length) - part.start_frame(n * 10);
                    let energies = &part.energies()[n * 10..n * 10 + length];
                    kernels::sum(Isa::baseline(), energies) / frames as f64
                })
            });
            all.collect()
        };
        let absolute = Lufs::new(-70.0).power().value();
        let mut blocks = windows(40);
        blocks.retain(|&power| power > absolute);
        let gate = 0.1 * mean(&blocks);
        blocks.retain(|&power| power > gate);
        let mut range = windows(300);
        range.retain(|&power| power >= absolute);
        let gate = 0.01 * mean(&range);
        range.retain(|&power| power >= gate);
        range.sort_by(f64::total_cmp);
        let at = |percent: f64| {
            let last = (range.len() - 1) as f64;
            lufs(range[(last * percent / 100.0 + 1.0).round() as usize - 1])
        };
        let range_lu = if range.is_empty() { f64::NAN } else { at(95.0) - at(10.0) };
        Self { integrated_lufs: lufs(mean(&blocks)), range_lu }
    }
}

#[track_caller]
fn contain(bounds: Bounds, values: [f64; 2], what: &str) {
    let (low, high) = (value(bounds.low) - ROUNDING_LU, value(bounds.high) + ROUNDING_LU);
    for value in values {
        assert!((low..=high).contains(&value), "{what}: {value} not in {low} to {high}");
    }
}

/// I and LRA lie in their bounds, and so do the exact ones; returns both errors.
#[track_caller]
fn within(live: &LiveLoudness<'_>, exact: &Letter) -> (f64, f64) {
    let (ours, range) = (value(live.integrated_lufs()), value(live.loudness_range().range_lu));
    contain(live.integrated_bounds_lufs(), [ours, exact.integrated_lufs], "I");
    contain(live.loudness_range_bounds_lu(), [range, exact.range_lu], "LRA");
    ((ours - exact.integrated_lufs).abs(), (range - exact.range_lu).abs())
}

/// M, S, maxima, peaks, duration and faults are the exact meter's bit for bit, I and LRA are within
/// their bounds of its readings.
#[track_caller]
pub fn agrees<S: Sample>(live: &LiveMeter<'_, S>, exact: &Meter<'_, S>) {
    let (mut ours, theirs) = (live.measurement(), exact.measurement());
    let loudness = live.loudness();
    if let (Some(ours), Some(theirs)) =
        (ours.integrated_lufs.value(), theirs.integrated_lufs.value())
    {
        contain(loudness.integrated_bounds_lufs(), [ours, theirs], "I");
    }
    if let (Some(ours), Some(theirs)) =
        (ours.loudness_range_lu.value(), theirs.loudness_range_lu.value())
    {
        contain(loudness.loudness_range_bounds_lu(), [ours, theirs], "LRA");
    }
    for (ours, theirs) in [
        (&mut ours.integrated_lufs, theirs.integrated_lufs),
        (&mut ours.loudness_range_lu, theirs.loudness_range_lu),
        (&mut ours.loudness_range_low_lufs, theirs.loudness_range_low_lufs),
        (&mut ours.loudness_range_high_lufs, theirs.loudness_range_high_lufs),
    ] {
        if ours.value().is_some() && theirs.value().is_some() {
            *ours = theirs;
        }
    }
    assert_eq!(ours, theirs);
    assert_eq!(live.momentary_lufs(), exact.momentary_lufs());
    assert_eq!(live.short_term_lufs(), exact.short_term_lufs());
}

fn both<S: Sample>(rate_hz: f64, layout: Layout, seconds: f64, seed: u32) {
    let stream = Stream::new(rate_hz, layout).unwrap();
    let frames = (seconds * rate_hz) as usize;
    let audio = programme::<S>(layout.channel_count(), frames, rate_hz, seed);
    let mut meter = exact::<S>(stream);
    meter.push(Block::new(&audio).unwrap()).unwrap();
    for bins in WIDTHS {
        let mut live = live::<S>(bins, stream);
        feed(&audio, seed, |block| live.push(block).unwrap());
        agrees(&live, &meter);
        for channel in 0..layout.channel_count() {
            let exact = meter.true_peak().channel_measurement(channel);
            assert_eq!(live.channel_peaks(channel), exact);
        }
        assert_eq!(live.peaks(), meter.true_peak().measurement());
        if seconds > 10.0 {
            within(live.loudness(), &Letter::of(&[meter.sub_blocks()]));
        }
    }
}

#[test]
fn a_live_meter_agrees_with_the_exact_one() {
    both::<f32>(48_000.0, Layout::STEREO, 40.0, 1);
    both::<f64>(44_100.0, Layout::SURROUND_5_1, 12.0, 2);
    both::<f32>(11_025.0, Layout::MONO, 60.0, 3);
    both::<f64>(8_000.0, Layout::STEREO, 30.0, 4);
    // Too short for LRA, for S, for anything.
    for seconds in [2.99, 0.41, 0.399, 0.009, 0.0] {
        both::<f32>(48_000.0, Layout::STEREO, seconds, 5);
    }
}

#[test]
fn silence_is_below_the_gate_and_never_a_number() {
    let stream = Stream::new(8_000.0, Layout::STEREO).unwrap();
    let mut live = live::<f32>(BinWidth::OneTenth, stream);
    live.push(Block::new(&vec![vec![0.0; 40_000]; 2]).unwrap()).unwrap();
    let readings = live.measurement();
    for reading in [
        readings.integrated_lufs,
        readings.momentary_max_lufs,
        readings.short_term_max_lufs,
        readings.loudness_range_lu,
        readings.true_peak_dbtp,
        live.momentary_lufs(),
        live.loudness().integrated_bounds_lufs().low,
        live.loudness().loudness_range_bounds_lu().high,
    ] {
        assert_eq!(reading, Reading::BelowGate);
    }
}

/// Bins end at +20 LUFS: all 24 channels of weight 1.41, full scale, the top of the spectrum.
#[test]
fn full_scale_of_the_widest_layout_lies_below_the_top_bin() {
    let layout = Layout::all().max_by_key(|layout| layout.channel_count()).unwrap();
    let stream = Stream::new(48_000.0, layout).unwrap();
    let mut live = live::<f32>(BinWidth::OneTenth, stream);
    let alternating: Vec<f32> = (0..48_000).map(|n| if n % 2 == 0 { 1.0 } else { -1.0 }).collect();
    let channels = vec![&alternating[..]; layout.channel_count()];
    live.push(Block::new(&channels).unwrap()).unwrap();
    let loudest = value(live.measurement().momentary_max_lufs);
    println!("full scale at half the sample rate in {layout}: {loudest:.2} LUFS");
    assert!((16.0..18.65).contains(&loudest), "{loudest}");
    // Float programmes can be louder; their mean stays exact, the range has the loudest as its bound.
    let louder: Vec<f32> = alternating.iter().map(|x| x * 100.0).collect();
    let channels = vec![&louder[..]; layout.channel_count()];
    live.reset();
    for _ in 0..10 {
        live.push(Block::new(&channels).unwrap()).unwrap();
    }
    let readings = live.measurement();
    let above = value(readings.integrated_lufs) - loudest;
    assert!((above - 40.0).abs() < 0.01, "{above}");
    assert!(value(readings.loudness_range_lu).abs() < ROUNDING_LU);
    let bounds = live.loudness().loudness_range_bounds_lu();
    assert!(value(bounds.high) < 40.0 && value(bounds.low) == 0.0, "{bounds:?}");
}

/// The table in the docs of [`LiveMeter::required_len`]: kB of lent memory, f32, 48 kHz.
#[test]
fn the_memory_is_as_stated() {
    for (layout, stated) in [
        (Layout::STEREO, [309, 79, 50]),
        (Layout::SURROUND_5_1, [318, 87, 59]),
        (Layout::SURROUND_7_1, [322, 92, 63]),
    ] {
        let stream = Stream::new(48_000.0, layout).unwrap();
        let kilobytes = WIDTHS.map(|bins| {
            let setup = LiveMeterSetup { bins, ..LiveMeterSetup::default() };
            let need = LiveMeter::<f32>::required_len(&setup, &stream);
            (need.samples * 4 + need.history * 8).div_ceil(1000)
        });
        assert_eq!(kilobytes, stated, "{layout}");
    }
}
