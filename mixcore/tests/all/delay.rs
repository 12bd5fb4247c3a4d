//! The delay line: exact, in step on every channel, and honest about what it cleans.

use mixcore::audio::Sample;
use mixcore::filters::Delay;
use mixcore::{BlockMut, Error, Io, Layout, Process, Processor, Stream};

use proptest::prelude::*;

use crate::signals::{Noise, noise};

fn stream(layout: Layout) -> Stream {
    Stream::new(48_000.0, layout).unwrap()
}

/// Memory for a delay, not yet clean.
fn memory<S: Sample>(frames: usize, stream: &Stream) -> Vec<S> {
    vec![S::one(); Delay::<S>::required_len(frames, stream).unwrap()]
}

/// Runs `audio` through the delay in blocks of random length.
fn run<S: Sample>(delay: &mut Delay<'_, S>, audio: &mut [Vec<S>], seed: u32) {
    let frames = audio[0].len();
    let mut pick = Noise::new(seed);
    let mut at = 0;
    while at < frames {
        let count = pick.below(700).min(frames - at);
        let mut block = BlockMut::new(audio).unwrap();
        delay.process(Io::new(block.range(at, at + count))).unwrap();
        at += count;
    }
}

fn exact<S: Sample>() {
    for frames in [0, 1, 2, 63, 64, 255, 256, 257, 1000, 3000] {
        for layout in [Layout::MONO, Layout::SURROUND_5_1, Layout::SURROUND_22_2] {
            let input = noise::<S>(layout.channel_count(), 2500, 1.0, 5);
            let mut memory = memory(frames, &stream(layout));
            let mut delay = Delay::new_in(frames, stream(layout), &mut memory).unwrap();
            assert_eq!((delay.latency_frames(), delay.tail_frames()), (frames, frames));
            for seed in [1, 2] {
                let mut output = input.clone();
                run(&mut delay, &mut output, seed);
                for (output, input) in output.iter().zip(&input) {
                    let silence = frames.min(output.len());
                    assert!(output[..silence].iter().all(|&x| x == S::zero()));
                    assert_eq!(output[silence..], input[..input.len() - silence]);
                }
                delay.reset();
            }
        }
    }
}

#[test]
fn every_sample_comes_out_that_many_frames_later() {
    exact::<f32>();
    exact::<f64>();
}

#[test]
fn what_is_no_sample_becomes_zero_and_is_counted() {
    for frames in [0, 3] {
        let stream = stream(Layout::STEREO);
        let mut memory = memory(frames, &stream);
        let mut delay = Delay::<f32>::new_in(frames, stream, &mut memory).unwrap();
        let mut left = [0.5, f32::NAN, -0.5, 2e6, 0.0, 0.0, 0.0];
        let mut right = [f32::INFINITY, 0.25, -0.25, 1e6, 0.0, 0.0, 0.0];
        delay.process(Io::new(BlockMut::stereo(&mut left, &mut right).unwrap())).unwrap();
        assert_eq!(left[frames..frames + 4], [0.5, 0.0, -0.5, 0.0]);
        assert_eq!(right[frames..frames + 4], [0.0, 0.25, -0.25, 1e6]);
        assert_eq!(delay.faults(), 3);
        delay.reset();
        assert_eq!(delay.faults(), 0);
    }
}

#[test]
fn too_little_memory_is_an_error() {
    let stream = stream(Layout::STEREO);
    assert_eq!(Delay::<f64>::required_len(100, &stream), Ok(200));
    assert_eq!(
        Delay::new_in(100, stream, &mut [0.0_f32; 199]).unwrap_err(),
        Error::Storage { what: "delay", given: 199, required: 200 }
    );
}

#[cfg(feature = "alloc")]
#[test]
fn lent_and_owned_memory_serve_alike() {
    let stream = stream(Layout::STEREO);
    let mut memory = memory(100, &stream);
    let mut lent = Delay::new_in(100, stream, &mut memory).unwrap();
    let mut owned = Delay::new(100, stream).unwrap();
    let (mut a, mut b) = (noise::<f64>(2, 1000, 1.0, 9), noise::<f64>(2, 1000, 1.0, 9));
    run(&mut lent, &mut a, 3);
    run(&mut owned, &mut b, 4);
    assert_eq!(a, b);
}

#[test]
fn bad_delays_and_blocks_are_errors() {
    let stream = stream(Layout::STEREO);
    let required = |frames, stream| Delay::<f32>::required_len(frames, &stream);
    assert_eq!(required(60 * 48_000, stream), Ok(2 * 60 * 48_000));
    assert!(required(60 * 48_000 + 1, stream).is_err());
    assert!(required(usize::MAX, stream).is_err());
    assert!(required(1, Stream { rate_hz: f64::NAN, ..stream }).is_err());
    let mut memory = [0.0_f32; 2];
    let mut delay = Delay::new_in(1, stream, &mut memory).unwrap();
    let mut mono = [1.0; 4];
    assert!(delay.process(Io::new(BlockMut::mono(&mut mono))).is_err());
    assert_eq!(mono, [1.0; 4]);
    assert!(delay.set_field("frames", 1.0).is_err() && delay.field("frames").is_none());
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_delay(
        frames in prop_oneof![1 => any::<usize>(), 4 => 0..5000_usize],
        layout in 0..17_usize,
        rate_hz in prop_oneof![1 => any::<f64>(), 4 => 8e3..384e3],
        given in 0..20_000_usize,
        shape in (0..25_usize, 0..600_usize),
        fits in any::<bool>(),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, ..stream(layout) };
        let mut memory = vec![f32::NAN; given];
        let required = Delay::<f32>::required_len(frames, &stream);
        prop_assert_eq!(
            required.is_ok(),
            (8e3..=384e3).contains(&rate_hz) && frames as f64 <= 60.0 * rate_hz
        );
        let delay = Delay::new_in(frames, stream, &mut memory);
        prop_assert_eq!(delay.is_ok(), required.is_ok_and(|required| required <= given));
        let Ok(mut delay) = delay else { return Ok(()) };
        let channels = if fits { layout.channel_count() } else { shape.0 };
        let mut audio = vec![vec![0.5_f32; shape.1]; channels];
        if let Ok(block) = BlockMut::new(&mut audio) {
            let done = delay.process(Io::new(block));
            prop_assert_eq!(done.is_ok(), channels == layout.channel_count());
            prop_assert!(audio.iter().flatten().all(|x| x.is_finite()));
        }
    }
}
