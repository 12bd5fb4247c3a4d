//! Peaks of a live meter: those of the stretches in which it measures.
//!
//! Each stretch between two pauses is a programme of its own to the true-peak filter: it begins at
//! rest, and silence is taken to follow. While the meter stands by, the filter runs on for the history
//! and for the count of faults; nothing of that reaches the readings.
//!
//! Cost: that of [`TruePeakMeter`]; a pause runs its filters out once per channel.

use super::true_peak::{PeakReadings, TruePeakMeter};
use crate::audio::{Block, PerChannel, Sample};
use crate::error::Error;
use crate::units::Reading;

/// A true-peak meter that can stand by.
#[derive(Debug)]
pub(super) struct LivePeaks<'a, S> {
    meter: TruePeakMeter<'a, S>,
    /// Peaks of the stretches before, of each channel.
    held: PerChannel<Option<PeakReadings>>,
    /// First frame of this stretch, on the live meter's counter.
    first_frame: u64,
    running: bool,
    interval_peak: f64,
    faults: u64,
}

impl<'a, S: Sample> LivePeaks<'a, S> {
    pub(super) fn new(meter: TruePeakMeter<'a, S>, channels: usize) -> Result<Self, Error> {
        Ok(Self {
            meter,
            held: PerChannel::new(channels)?,
            first_frame: 0,
            running: true,
            interval_peak: 0.0,
            faults: 0,
        })
    }

    /// Clean rows, as many as channels, in which `faults` were found.
    pub(super) fn push_cleaned(&mut self, rows: &Block<'_, S>, faults: u64) {
        self.meter.push_cleaned(rows, faults);
    }

    /// Faults since the start of the measurement, those of pauses too.
    pub(super) fn faults(&self) -> u64 {
        self.faults + self.meter.faults()
    }

    /// Largest peak since the last call, linear.
    pub(super) fn take_interval_peak(&mut self) -> f64 {
        core::mem::take(&mut self.interval_peak).max(self.meter.take_interval_peak())
    }

    pub(super) fn pause(&mut self) {
        if self.running {
            self.hold();
            self.running = false;
        }
    }

    fn hold(&mut self) {
        for channel in 0..self.held.len() {
            let peaks = self.channel(channel);
            if let Some(held) = self.held.get_mut(channel) {
                *held = Some(peaks);
            }
        }
    }

    pub(super) fn resume(&mut self, frame: u64) {
        if !self.running {
            self.begin(frame);
            self.running = true;
        }
    }

    /// Forgets all peaks.
    pub(super) fn restart(&mut self, frame: u64) {
        self.forget(frame);
        if !self.running {
            // The readings of a meter that has seen no frame stand until it measures again.
            self.hold();
        }
    }

    /// As good as new, and running.
    pub(super) fn reset(&mut self) {
        self.running = true;
        self.forget(0);
        self.interval_peak = 0.0;
    }

    fn forget(&mut self, frame: u64) {
        self.held.fill(None);
        self.begin(frame);
        self.faults = 0;
    }

    /// Begins a stretch at a frame.
    fn begin(&mut self, frame: u64) {
        self.interval_peak = self.take_interval_peak();
        self.faults += self.meter.faults();
        self.meter.reset();
        self.first_frame = frame;
    }

    /// Readings of one channel.
    pub(super) fn channel(&self, channel: usize) -> PeakReadings {
        let held = self.held.get(channel).copied().flatten();
        match held {
            Some(held) if !self.running => held,
            _ => {
                let mut peaks = self.meter.channel_peaks(channel);
                peaks.true_peak_frame += self.first_frame;
                peaks.sample_peak_frame += self.first_frame;
                held.map_or(peaks, |held| louder(held, peaks))
            }
        }
    }

    /// Readings over all channels.
    pub(super) fn measurement(&self) -> PeakReadings {
        (1..self.held.len())
            .fold(self.channel(0), |best, channel| louder(best, self.channel(channel)))
    }
}

/// The higher true peak and the higher sample peak of two; the first of two equal ones.
fn louder(mut best: PeakReadings, other: PeakReadings) -> PeakReadings {
    if higher(other.true_peak_dbtp, best.true_peak_dbtp) {
        best.true_peak_dbtp = other.true_peak_dbtp;
        best.true_peak_frame = other.true_peak_frame;
        best.true_peak_channel = other.true_peak_channel;
    }
    if higher(other.sample_peak_dbfs, best.sample_peak_dbfs) {
        best.sample_peak_dbfs = other.sample_peak_dbfs;
        best.sample_peak_frame = other.sample_peak_frame;
        best.sample_peak_channel = other.sample_peak_channel;
    }
    best
}

/// A value is higher than none, silence than no frame at all.
fn higher(a: Reading, b: Reading) -> bool {
    match (a.value(), b.value()) {
        (Some(a), Some(b)) => a > b,
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => matches!(b, Reading::TooShort { .. }) && a == Reading::BelowGate,
    }
}
