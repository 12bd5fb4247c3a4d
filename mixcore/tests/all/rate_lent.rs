//! Changes of the rate in lent memory, in every feature set: with and without `alloc` the same bits.

use mixcore::audio::Sample;
use mixcore::filters::{
    Oversampler, OversamplerSetup, Quality, Resampler, ResamplerMethod, ResamplerSetup,
};
use mixcore::{Block, BlockMut, Layout, Stream};

use crate::golden::hash;
use crate::signals::noise;

fn stream(rate_hz: f64) -> Stream {
    Stream::new(rate_hz, Layout::STEREO).unwrap()
}

fn resampled<S: Sample>(
    from: f64,
    to: f64,
    quality: Quality,
    method: ResamplerMethod,
) -> Vec<Vec<S>> {
    let setup = ResamplerSetup { output_rate_hz: to, quality, method };
    let mut memory = vec![S::nan(); Resampler::<S>::required_len(setup, &stream(from)).unwrap()];
    let mut resampler = Resampler::new_in(setup, stream(from), &mut memory).unwrap();
    // Longer than the latency of either method.
    let frames = match method {
        ResamplerMethod::Fft => 6000,
        _ => 2000,
    };
    let clip = noise::<S>(2, frames, 1.0, 1);
    let mut out = vec![vec![S::one(); resampler.clip_frames(frames)]; 2];
    let whole = BlockMut::new(&mut out).unwrap();
    assert_eq!(resampler.render(Block::new(&clip).unwrap(), whole), Ok(0));
    // Pushed in parts it is the same, one latency later.
    let delay = resampler.latency_frames();
    let mut pushed = vec![vec![S::one(); out[0].len()]; 2];
    let mut written = 0;
    for (start, end) in [(0, 1), (1, 1), (1, 700), (700, frames)] {
        let mut to = BlockMut::new(&mut pushed).unwrap();
        let to = to.range(written, usize::MAX);
        written += resampler.push(Block::new(&clip).unwrap().range(start, end), to).unwrap();
    }
    assert_eq!(written, pushed[0].len());
    for (pushed, out) in pushed.iter().zip(&out) {
        assert_eq!(pushed[delay..], out[..out.len() - delay]);
    }
    out
}

fn oversampled<S: Sample>(factor: usize) -> Vec<Vec<S>> {
    let setup = OversamplerSetup::new(factor, 300);
    let mut memory = vec![S::nan(); Oversampler::<S>::required_len(setup, &stream(48e3)).unwrap()];
    let mut over = Oversampler::new_in(setup, stream(48e3), &mut memory).unwrap();
    let mut clip = noise::<S>(2, 1200, 1.0, 2);
    for start in (0..1200).step_by(300) {
        let mut whole = BlockMut::new(&mut clip).unwrap();
        let part = whole.range(start, start + 300);
        let mut high = over.up(part.as_block()).unwrap();
        for channel in high.channels_mut() {
            channel.iter_mut().for_each(|x| *x *= x.abs());
        }
        over.down(part).unwrap();
    }
    clip
}

/// The first characters of the hashes: the same in every feature set, on every machine.
#[test]
fn rates_change_with_the_same_bits_everywhere() {
    let mut found = Vec::new();
    for quality in [Quality::Fast, Quality::Standard, Quality::Best] {
        for (from, to) in [(44.1e3, 48e3), (96e3, 48e3), (16e3, 48e3)] {
            found.push(hash(&resampled::<f32>(from, to, quality, ResamplerMethod::Polyphase)));
            found.push(hash(&resampled::<f64>(from, to, quality, ResamplerMethod::Polyphase)));
        }
    }
    for factor in [2, 4, 8, 16] {
        found.push(hash(&oversampled::<f32>(factor)));
        found.push(hash(&oversampled::<f64>(factor)));
    }
    let short: Vec<&str> = found.iter().map(|hash| &hash[..8]).collect();
    assert_eq!(short, EXPECTED);
}

const EXPECTED: [&str; 26] = [
    "7ee1e8d9", "4b48bdfd", "fc8691e1", "d6bba192", "897a7939", "cb8fd3db", "dcf673bd", "c62ba771",
    "17386d70", "cfb9a2ee", "221d65dd", "dfcb2677", "83439a02", "bafddd39", "ab92a993", "656d6a8c",
    "bd181b14", "a38c9f52", "686f46b3", "fc279566", "b9e17c6b", "dc037b47", "4bed991b", "993ca8bc",
    "6fe24c35", "c955d9b4",
];

#[test]
fn rates_change_by_transforms_with_the_same_bits_everywhere() {
    let mut found = Vec::new();
    for (from, to, quality) in [
        (44.1e3, 48e3, Quality::Standard),
        (44.1e3, 48e3, Quality::Best),
        (96e3, 48e3, Quality::Best),
        (16e3, 48e3, Quality::Standard),
    ] {
        found.push(hash(&resampled::<f32>(from, to, quality, ResamplerMethod::Fft)));
        found.push(hash(&resampled::<f64>(from, to, quality, ResamplerMethod::Fft)));
    }
    let short: Vec<&str> = found.iter().map(|hash| &hash[..8]).collect();
    assert_eq!(short, EXPECTED_FFT);
}

const EXPECTED_FFT: [&str; 8] = [
    "1802490f", "98c82fb4", "580afc4a", "6fb47945", "6e2dd48a", "9e674dfd", "f39f5f5a", "330a9b70",
];
