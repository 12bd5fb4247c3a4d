//! The meters side by side: each reads a whole programme from reset to reading.
//!
//! What a rival cannot do it has no reading for, and then it takes no part in the case.

use bs1770::{ChannelLoudnessMeter, Power, Windows100ms, gated_mean};
use ebur128::{Channel, EbuR128, Mode};
use ebur128_stream::{Analyzer, AnalyzerBuilder};
use mixcore::loudness::{
    Meter, MeterSetup, SubBlocks, TruePeakMeter, TruePeakMethod, channel_weight,
};
use mixcore::units::gain_to_db;
use mixcore::{Layout, Reading};

use super::material::{Material, Wave};
use crate::RATE_HZ;

/// What a programme is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Integrated loudness.
    Integrated,
    /// Integrated loudness and loudness range.
    Range,
    /// True peak alone.
    Peak,
    /// All three.
    All,
    /// What a rival does besides when it is asked for the true peak alone.
    BesidesPeak,
}

impl Ask {
    pub(crate) fn range(self) -> bool {
        matches!(self, Self::Range | Self::All)
    }

    pub(crate) fn integrated(self) -> bool {
        matches!(self, Self::Integrated | Self::Range | Self::All)
    }

    pub(crate) fn peak(self) -> bool {
        matches!(self, Self::Peak | Self::All)
    }
}

/// What was read; nothing where it was not asked for or the meter does not have it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Readings {
    pub(crate) integrated_lufs: Option<f64>,
    pub(crate) range_lu: Option<f64>,
    pub(crate) true_peak_dbtp: Option<f64>,
}

/// How a meter comes from short-term windows to LRA; Tech 3342 asks for 0.1 s and leaves the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RangeRule {
    /// Sub-blocks of 10 ms from window to window.
    pub(crate) hop: usize,
    /// Percentiles between two windows; else the nearest.
    pub(crate) interpolated: bool,
}

/// A meter that reads a programme in blocks of so many frames.
pub(crate) trait Side<S> {
    fn name(&self) -> &'static str;
    fn read(&mut self, material: &Material<S>, block: usize) -> Readings;
    /// Nothing if it has no LRA.
    fn range_rule(&self) -> Option<RangeRule>;
    /// What it does besides when it is asked for the true peak alone: its loudness filter.
    fn besides_peak(&self, _: &Material<S>) -> Option<Box<dyn Side<S>>> {
        None
    }
}

/// Ours, with nothing more than was asked for: the whole meter, its true peaks off where they were
/// not asked for, or the true-peak meter alone.
pub(crate) enum Ours<S: 'static> {
    Meter(Ask, Box<Meter<'static, S>>),
    Peak(TruePeakMeter<'static, S>),
}

impl<S: Wave> Ours<S> {
    pub(crate) fn new(ask: Ask, method: TruePeakMethod, material: &Material<S>) -> Self {
        let stream = material.stream();
        if ask == Ask::Peak {
            return Self::Peak(TruePeakMeter::new(method, stream).expect("a rate in range"));
        }
        let setup = MeterSetup {
            true_peak: if ask.peak() { method } else { TruePeakMethod::Off },
            max_duration_s: material.seconds() + 1.0,
            ..MeterSetup::default()
        };
        Self::Meter(ask, Box::new(Meter::new(setup, stream).expect("a rate and length in range")))
    }

    /// What loudness was read from.
    pub(crate) fn sub_blocks(&self) -> Option<SubBlocks<'_>> {
        match self {
            Self::Meter(_, meter) => Some(meter.sub_blocks()),
            Self::Peak(_) => None,
        }
    }
}

impl<S: Wave> Side<S> for Ours<S> {
    fn name(&self) -> &'static str {
        "mixcore"
    }

    fn read(&mut self, material: &Material<S>, block: usize) -> Readings {
        match self {
            Self::Peak(meter) => {
                meter.reset();
                for block in material.blocks(block) {
                    meter.push(block).expect("the stream's channels");
                }
                let true_peak_dbtp = meter.measurement().true_peak_dbtp.value();
                Readings { true_peak_dbtp, ..Readings::default() }
            }
            Self::Meter(ask, meter) => {
                meter.reset();
                for block in material.blocks(block) {
                    meter.push(block).expect("the stream's channels, inside the duration");
                }
                let blocks = meter.sub_blocks();
                Readings {
                    integrated_lufs: blocks.integrated_lufs().value(),
                    range_lu: (ask.range())
                        .then(|| blocks.loudness_range().range_lu)
                        .and_then(Reading::value),
                    true_peak_dbtp: (ask.peak())
                        .then(|| meter.true_peak().measurement().true_peak_dbtp)
                        .and_then(Reading::value),
                }
            }
        }
    }

    fn range_rule(&self) -> Option<RangeRule> {
        None
    }
}

/// A channel as crate `ebur128` and as libebur128's header name it.
fn named(label: &str) -> (Channel, i32) {
    match label {
        "M+030" => (Channel::Left, 1),
        "M-030" => (Channel::Right, 2),
        "M+000" => (Channel::Center, 3),
        "M+110" => (Channel::LeftSurround, 4),
        "M-110" => (Channel::RightSurround, 5),
        "M+090" => (Channel::Mp090, 11),
        "M-090" => (Channel::Mm090, 12),
        "M+135" => (Channel::Mp135, 13),
        "M-135" => (Channel::Mm135, 14),
        "U+045" => (Channel::Up045, 19),
        "U-045" => (Channel::Um045, 20),
        "U+135" => (Channel::Up135, 25),
        "U-135" => (Channel::Um135, 26),
        "LFE1" => (Channel::Unused, 0),
        other => panic!("no name for {other}"),
    }
}

/// Crate `ebur128` in the form that it takes fastest: interleaved for the peaks of six channels and
/// more (11 % faster than planar), else planar (up to 25 % faster).
struct Ebur128(EbuR128, Ask);

impl Ebur128 {
    fn new(ask: Ask, layout: Layout) -> Self {
        let mut mode = Mode::empty();
        for (asked, bits) in
            [(ask.integrated(), Mode::I), (ask.range(), Mode::LRA), (ask.peak(), Mode::TRUE_PEAK)]
        {
            // Modes share bits, so none is ever taken away.
            if asked {
                mode.insert(bits);
            }
        }
        let map: Vec<Channel> = layout.speakers().iter().map(|it| named(it.label).0).collect();
        let mut rival =
            EbuR128::new(map.len() as u32, RATE_HZ as u32, mode).expect("48 kHz is in range");
        rival.set_channel_map(&map).expect("as many as channels");
        Self(rival, ask)
    }
}

impl<S: Wave> Side<S> for Ebur128 {
    fn name(&self) -> &'static str {
        "ebur128 0.1.11"
    }

    fn read(&mut self, material: &Material<S>, block: usize) -> Readings {
        let Self(rival, ask) = self;
        rival.reset();
        let channels = material.channels();
        if channels > 2 && ask.peak() {
            for block in material.frame_blocks(block) {
                S::add_interleaved(rival, block);
            }
        } else {
            let mut planes: Vec<&[S]> = Vec::with_capacity(channels);
            for block in material.blocks(block) {
                planes.clear();
                planes.extend(block.channels());
                S::add_planar(rival, &planes);
            }
        }
        let mut peak = 0.0_f64;
        for channel in 0..channels as u32 {
            peak = peak.max(rival.true_peak(channel).unwrap_or(0.0));
        }
        Readings {
            integrated_lufs: rival.loudness_global().ok(),
            range_lu: rival.loudness_range().ok(),
            true_peak_dbtp: ask.peak().then(|| gain_to_db(peak)),
        }
    }

    fn range_rule(&self) -> Option<RangeRule> {
        Some(RangeRule { hop: 100, interpolated: false })
    }
}

/// Crate `ebur128-stream`, in f32 inside; f64 samples are rounded as they come.
struct Stream(Analyzer);

impl Stream {
    fn new(ask: Ask, layout: Layout, seconds: f64) -> Self {
        use ebur128_stream::{Channel, Mode};
        let mut modes = Mode::empty();
        for (asked, bits) in [
            (ask.integrated(), Mode::Integrated),
            (ask.range(), Mode::Lra),
            (ask.peak(), Mode::TruePeak),
            (ask == Ask::BesidesPeak, Mode::Momentary),
        ] {
            modes.set(bits, asked);
        }
        // It knows no more positions than these; the weight is what counts.
        let channel = |speaker| match channel_weight(speaker) {
            0.0 => Channel::Lfe,
            weight if weight > 1.0 => Channel::LeftSurround,
            _ => Channel::Other,
        };
        let channels: Vec<Channel> = layout.speakers().iter().map(channel).collect();
        let analyzer = AnalyzerBuilder::new()
            .sample_rate(RATE_HZ as u32)
            .channels(&channels)
            .modes(modes)
            .expected_duration(std::time::Duration::from_secs_f64(seconds))
            .build();
        Self(analyzer.expect("a rate and channels that it knows"))
    }
}

impl<S: Wave> Side<S> for Stream {
    fn name(&self) -> &'static str {
        "ebur128-stream 0.2.0"
    }

    fn read(&mut self, material: &Material<S>, block: usize) -> Readings {
        self.0.reset();
        let mut planes: Vec<&[S]> = Vec::with_capacity(material.channels());
        for block in material.blocks(block) {
            planes.clear();
            planes.extend(block.channels());
            self.0.push_planar(&planes).expect("finite samples");
        }
        let read = self.0.snapshot();
        Readings {
            integrated_lufs: read.integrated_lufs(),
            range_lu: read.loudness_range_lu(),
            true_peak_dbtp: read.true_peak_dbtp(),
        }
    }

    fn range_rule(&self) -> Option<RangeRule> {
        Some(RangeRule { hop: 10, interpolated: true })
    }

    fn besides_peak(&self, material: &Material<S>) -> Option<Box<dyn Side<S>>> {
        Some(Box::new(Stream::new(Ask::BesidesPeak, material.layout, material.seconds())))
    }
}

/// Crate `bs1770`: integrated loudness of f32 samples; the caller weighs and adds the channels.
struct Bs1770(Vec<f32>);

impl<S: Wave> Side<S> for Bs1770 {
    fn name(&self) -> &'static str {
        "bs1770 1.0.0"
    }

    fn read(&mut self, material: &Material<S>, block: usize) -> Readings {
        let mut meters = vec![ChannelLoudnessMeter::new(RATE_HZ as u32); self.0.len()];
        for block in material.blocks(block) {
            for ((meter, channel), weight) in meters.iter_mut().zip(block.channels()).zip(&self.0) {
                if *weight > 0.0 {
                    meter.push(S::f32s(channel).expect("f32").iter().copied());
                }
            }
        }
        let mut sum = Vec::new();
        for (meter, weight) in meters.iter().zip(&self.0) {
            let windows = meter.as_100ms_windows().inner;
            sum.resize(sum.len().max(windows.len()), Power(0.0));
            for (sum, window) in sum.iter_mut().zip(windows) {
                sum.0 += weight * window.0;
            }
        }
        let power = gated_mean(Windows100ms { inner: &sum });
        let integrated_lufs = Some(f64::from(power.loudness_lkfs()));
        Readings { integrated_lufs, ..Readings::default() }
    }

    fn range_rule(&self) -> Option<RangeRule> {
        None
    }
}

/// The C library; a state for every programme, because it has no reset.
#[cfg(feature = "libebur128")]
struct C {
    ask: Ask,
    mode: i32,
    channels: Vec<i32>,
}

#[cfg(feature = "libebur128")]
impl C {
    fn new(ask: Ask, layout: Layout) -> Self {
        use crate::libebur128::{MODE_I, MODE_LRA, MODE_M, MODE_TRUE_PEAK};
        let bits = |asked, bits| if asked { bits } else { MODE_M };
        let mode = bits(ask.integrated(), MODE_I)
            | bits(ask.range(), MODE_LRA)
            | bits(ask.peak(), MODE_TRUE_PEAK);
        let channels = layout.speakers().iter().map(|it| named(it.label).1).collect();
        Self { ask, mode, channels }
    }
}

#[cfg(feature = "libebur128")]
impl<S: Wave> Side<S> for C {
    fn name(&self) -> &'static str {
        "libebur128"
    }

    fn read(&mut self, material: &Material<S>, block: usize) -> Readings {
        let mut state = crate::libebur128::State::new(&self.channels, RATE_HZ as u32, self.mode);
        for block in material.frame_blocks(block) {
            S::add_to_c(&mut state, block);
        }
        Readings {
            integrated_lufs: self.ask.integrated().then(|| state.integrated_lufs()),
            range_lu: self.ask.range().then(|| state.range_lu()),
            true_peak_dbtp: self.ask.peak().then(|| gain_to_db(state.true_peak())),
        }
    }

    fn range_rule(&self) -> Option<RangeRule> {
        Some(RangeRule { hop: 100, interpolated: false })
    }

    fn besides_peak(&self, material: &Material<S>) -> Option<Box<dyn Side<S>>> {
        Some(Box::new(C::new(Ask::BesidesPeak, material.layout)))
    }
}

/// The rivals that can read what is asked for.
pub(crate) fn rivals<S: Wave>(ask: Ask, material: &Material<S>) -> Vec<Box<dyn Side<S>>> {
    let layout = material.layout;
    let mut rivals: Vec<Box<dyn Side<S>>> = vec![Box::new(Ebur128::new(ask, layout))];
    #[cfg(feature = "libebur128")]
    rivals.push(Box::new(C::new(ask, layout)));
    rivals.push(Box::new(Stream::new(ask, layout, material.seconds())));
    if ask == Ask::Integrated && S::f32s(&[]).is_some() {
        let weight = |speaker| channel_weight(speaker) as f32;
        rivals.push(Box::new(Bs1770(layout.speakers().iter().map(weight).collect())));
    }
    rivals
}
