//! The standards' own test cases, synthesised, with the standards' own tolerances.

mod bs2217;
mod k_weighting;
mod live;
mod tech3341;
pub mod tech3342;
mod weights;

use mixcore::audio::{Block, MAX_CHANNELS};
use mixcore::loudness::{Meter, MeterSetup, TruePeakMethod};
use mixcore::math;
use mixcore::{Layout, Stream};

/// The rates at which every case must pass.
const RATES_HZ: [u32; 5] = [44_100, 48_000, 88_200, 96_000, 192_000];

/// Frames of whole milliseconds.
fn frames(ms: u32, rate_hz: u32) -> usize {
    (u64::from(ms) * u64::from(rate_hz) / 1000) as usize
}

/// A tone generator whose phase runs on from segment to segment.
///
/// 1 kHz repeats after 1/100 s at every rate here, so one such stretch holds every sample of it.
struct Tone {
    period: Vec<f64>,
    at: usize,
}

impl Tone {
    fn new(hz: u32, rate_hz: u32) -> Self {
        assert_eq!(hz % 100, 0, "the stretch holds whole periods");
        let frames = rate_hz as usize / 100;
        let period = (0..frames)
            .map(|n| math::sin(2.0 * math::PI * f64::from(hz) * n as f64 / f64::from(rate_hz)))
            .collect();
        Self { period, at: 0 }
    }

    /// The next frames of a table (peak level in dBFS, ms); silence where there is no level.
    fn render(&mut self, table: &[(Option<f64>, u32)], rate_hz: u32) -> Vec<f32> {
        let mut out = Vec::new();
        for &(level_db, ms) in table {
            let gain = level_db.map_or(0.0, |db| math::exp10(db / 20.0));
            for _ in 0..frames(ms, rate_hz) {
                out.push((gain * self.period[self.at]) as f32);
                self.at = (self.at + 1) % self.period.len();
            }
        }
        out
    }
}

/// A 1 kHz tone with levels from a table of (peak level in dBFS, ms).
pub fn tone(table: &[(f64, u32)], rate_hz: u32) -> Vec<f32> {
    let table: Vec<_> = table.iter().map(|&(db, ms)| (Some(db), ms)).collect();
    Tone::new(1000, rate_hz).render(&table, rate_hz)
}

fn meter(layout: Layout, rate_hz: u32, true_peak: TruePeakMethod) -> Meter<'static, f32> {
    let stream = Stream::new(f64::from(rate_hz), layout).unwrap();
    let setup = MeterSetup { true_peak, max_duration_s: 700.0, ..MeterSetup::default() };
    Meter::new(setup, stream).unwrap()
}

/// Pushes the same signal into every channel, in blocks of half a second.
fn push_all(meter: &mut Meter<'_, f32>, signal: &[f32]) {
    let channels = meter.stream().channel_count();
    for block in signal.chunks(meter.stream().rate_hz as usize / 2) {
        let list = [block; MAX_CHANNELS];
        meter.push(Block::new(&list[..channels]).unwrap()).unwrap();
    }
}

/// A stereo meter that has measured the loudness of a signal in both channels.
fn stereo(signal: &[f32], rate_hz: u32) -> Meter<'static, f32> {
    let mut meter = meter(Layout::STEREO, rate_hz, TruePeakMethod::Off);
    push_all(&mut meter, signal);
    meter
}
