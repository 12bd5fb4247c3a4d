//! One signal in the forms that the sides take: f32 or f64, planar or interleaved.

use std::cell::OnceCell;

use ebur128::EbuR128;
use mixcore::{Block, Layout, Stream};

use crate::RATE_HZ;

/// A sample type, and how it goes into meters that have a function for each.
pub(crate) trait Wave: mixcore::Sample + ebur128_stream::Sample {
    /// Its name in a case.
    const NAME: &'static str;
    /// Pushes planes into crate `ebur128`.
    fn add_planar(rival: &mut EbuR128, planes: &[&[Self]]);
    /// Pushes frames into crate `ebur128`.
    fn add_interleaved(rival: &mut EbuR128, frames: &[Self]);
    /// Pushes frames into libebur128.
    #[cfg(feature = "libebur128")]
    fn add_to_c(rival: &mut crate::libebur128::State, frames: &[Self]);
    /// The samples themselves, where they are f32.
    fn f32s(samples: &[Self]) -> Option<&[f32]>;
}

impl Wave for f32 {
    const NAME: &'static str = "f32";
    fn add_planar(rival: &mut EbuR128, planes: &[&[Self]]) {
        rival.add_frames_planar_f32(planes).expect("as many planes as channels");
    }
    fn add_interleaved(rival: &mut EbuR128, frames: &[Self]) {
        rival.add_frames_f32(frames).expect("whole frames");
    }
    #[cfg(feature = "libebur128")]
    fn add_to_c(rival: &mut crate::libebur128::State, frames: &[Self]) {
        rival.add_f32(frames);
    }
    fn f32s(samples: &[Self]) -> Option<&[f32]> {
        Some(samples)
    }
}

impl Wave for f64 {
    const NAME: &'static str = "f64";
    fn add_planar(rival: &mut EbuR128, planes: &[&[Self]]) {
        rival.add_frames_planar_f64(planes).expect("as many planes as channels");
    }
    fn add_interleaved(rival: &mut EbuR128, frames: &[Self]) {
        rival.add_frames_f64(frames).expect("whole frames");
    }
    #[cfg(feature = "libebur128")]
    fn add_to_c(rival: &mut crate::libebur128::State, frames: &[Self]) {
        rival.add_f64(frames);
    }
    fn f32s(_: &[Self]) -> Option<&[f32]> {
        None
    }
}

/// One signal.
pub(crate) struct Material<S> {
    pub(crate) layout: Layout,
    audio: Vec<Vec<S>>,
    /// Made when a side first asks for it.
    interleaved: OnceCell<Vec<S>>,
}

impl<S: Wave> Material<S> {
    pub(crate) fn new(layout: Layout, audio: Vec<Vec<S>>) -> Self {
        assert_eq!(audio.len(), layout.channel_count(), "a layout's channels");
        Self { layout, audio, interleaved: OnceCell::new() }
    }

    /// Takes f32 samples, the same values in either type.
    pub(crate) fn of(layout: Layout, audio: &[Vec<f32>]) -> Self {
        let same = |x: &f32| S::from_f64(f64::from(*x));
        Self::new(layout, audio.iter().map(|channel| channel.iter().map(same).collect()).collect())
    }

    pub(crate) fn channels(&self) -> usize {
        self.audio.len()
    }

    pub(crate) fn frames(&self) -> usize {
        self.audio[0].len()
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.frames() as f64 / RATE_HZ
    }

    pub(crate) fn stream(&self) -> Stream {
        Stream::new(RATE_HZ, self.layout).expect("48 kHz is in range")
    }

    /// Channel by channel, blocks of so many frames.
    pub(crate) fn blocks(&self, block: usize) -> impl Iterator<Item = Block<'_, S>> {
        let whole = Block::new(&self.audio).expect("a layout's channels");
        let frames = self.frames();
        (0..frames).step_by(block).map(move |at| whole.range(at, frames.min(at + block)))
    }

    /// Frame by frame, blocks of so many frames.
    pub(crate) fn frame_blocks(&self, block: usize) -> impl Iterator<Item = &[S]> {
        let interleaved = self.interleaved.get_or_init(|| {
            let mut all = Vec::with_capacity(self.channels() * self.frames());
            for n in 0..self.frames() {
                all.extend(self.audio.iter().map(|channel| channel[n]));
            }
            all
        });
        interleaved.chunks(block * self.channels())
    }
}
