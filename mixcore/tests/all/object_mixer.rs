//! Objects in time: against a literal transcription of BS.2127's timing, sample by sample.

use mixcore::audio::Sample;
use mixcore::spatial::{
    DECORRELATION_DELAY, DECORRELATION_TAPS, MAX_PENDING, ObjectGains, ObjectMetadata, ObjectMixer,
    ObjectMixerMemory, ObjectMixerSetup, ObjectTrack, PanGains, PointSource, TimedGains,
    decorrelation_taps,
};
use mixcore::{Block, BlockMut, Convert, Layout, Processor, Stream};
use proptest::prelude::*;

use crate::roster::prelude::object_mixer;
use crate::signals::{Noise, noise};

const FRAMES: usize = 5000;

fn stream(layout: Layout) -> Stream {
    Stream::new(48_000.0, layout).unwrap()
}

fn direct(layout: Layout, azimuth_deg: f64, level: f64) -> ObjectGains {
    let gains = PointSource::new(layout).unwrap().gains(azimuth_deg, 0.0).unwrap();
    ObjectGains { direct: gains.scaled(level), diffuse: gains.scaled(0.0) }
}

/// Blocks of random lengths, some of which follow each other without a gap, on fractions of a frame.
fn blocks(layout: Layout, seed: u32) -> Vec<TimedGains> {
    let mut pick = Noise::new(seed);
    let mut all = Vec::new();
    let mut at = 10.0;
    while at < 4800.0 {
        let unit = |pick: &mut Noise| (pick.next_f64() + 1.0) / 2.0;
        if unit(&mut pick) < 0.3 {
            at += unit(&mut pick) * 100.0;
        }
        let length = (unit(&mut pick) * 40.0).powi(2) + 0.5;
        let length = if unit(&mut pick) < 0.5 { length.round().max(1.0) } else { length };
        let interpolation_frames = match (unit(&mut pick) * 3.0) as u32 {
            0 => None,
            1 => Some(0.0),
            _ => Some(length * unit(&mut pick)),
        };
        let gains = direct(layout, pick.next_f64() * 180.0, unit(&mut pick));
        all.push(TimedGains {
            start_frame: at,
            end_frame: at + length,
            interpolation_frames,
            gains,
        });
        at += length;
    }
    all
}

/// BS.2127, "interpretation of timing metadata": the gains of a sample.
fn gains_at(blocks: &[TimedGains], n: usize, channel: usize) -> f64 {
    let n = n as f64;
    for (index, block) in blocks.iter().enumerate() {
        if n < block.start_frame || n >= block.end_frame {
            continue;
        }
        let to = block.gains.direct[channel];
        let before = index.checked_sub(1).map(|index| &blocks[index]);
        let Some(before) = before.filter(|b| b.end_frame == block.start_frame) else { return to };
        let length = block.interpolation_frames.unwrap_or(block.end_frame - block.start_frame);
        if n >= block.start_frame + length {
            return to;
        }
        let p = (n - block.start_frame) / length;
        return before.gains.direct[channel] * (1.0 - p) + to * p;
    }
    0.0
}

/// Feeds blocks just in time and audio in pieces of `size` frames (0: random ones).
fn render<S: Sample>(
    mixer: &mut ObjectMixer<'_, S>,
    objects: &[Vec<TimedGains>],
    input: &[Vec<S>],
    size: usize,
) -> Vec<Vec<S>> {
    let mut output = vec![vec![S::zero(); FRAMES]; mixer.output_channels()];
    let mut next = vec![0; objects.len()];
    let mut pick = Noise::new(5);
    let mut at = 0;
    while at < FRAMES {
        let size = if size == 0 { pick.below(40) } else { size };
        let end = (at + size).min(FRAMES);
        for (object, (blocks, next)) in objects.iter().zip(&mut next).enumerate() {
            while *next < blocks.len() && blocks[*next].start_frame < end as f64 {
                mixer.push(object, &blocks[*next]).unwrap();
                *next += 1;
            }
        }
        let from = Block::new(input).unwrap().range(at, end);
        mixer.convert(from, BlockMut::new(&mut output).unwrap().range(at, end)).unwrap();
        at = end;
    }
    output
}

#[test]
fn gains_move_as_bs2127_says_and_any_split_gives_the_same_bits() {
    /// Products and sums of three objects at magnitude 1.
    const ROUNDING: f64 = 1e-13;
    let layout = Layout::SURROUND_5_1;
    let objects: Vec<_> = (1..4).map(|seed| blocks(layout, seed)).collect();
    assert!(objects.iter().all(|blocks| blocks.len() > 5));
    let input = noise::<f64>(3, FRAMES, 1.0, 4);
    let setup = ObjectMixerSetup { objects: 3, diffuse: false };
    let mut first: Option<Vec<Vec<f64>>> = None;
    // Larger pieces would hold more blocks than may wait.
    for size in [100, 1, 7, 64, 0] {
        let mut mixer = object_mixer::<f64>(setup, stream(layout)).unwrap();
        assert_eq!(mixer.latency_frames(), 0);
        let output = render(&mut mixer, &objects, &input, size);
        if let Some(first) = &first {
            assert!(output == *first, "{size}");
            continue;
        }
        for (channel, output) in output.iter().enumerate() {
            for (n, ours) in output.iter().enumerate() {
                let expected: f64 = objects
                    .iter()
                    .zip(&input)
                    .map(|(blocks, source)| gains_at(blocks, n, channel) * source[n])
                    .sum();
                assert!((ours - expected).abs() <= ROUNDING, "{channel} {n}: {ours} {expected}");
            }
        }
        first = Some(output);
    }
}

/// Blocks on fractions of a frame, with a still stretch of more than 1024 frames; all of them may wait.
fn few_blocks(layout: Layout) -> Vec<TimedGains> {
    let rows = [
        (10.25, 400.75, None, 20.0),
        (400.75, 900.5, Some(123.4), -60.0),
        (900.5, 2400.0, Some(60.25), 100.0),
        (2400.0, 2400.4, None, 0.0),
        (2400.4, 2401.6, None, -30.0),
        (2500.3, 3999.9, None, 45.0),
        (3999.9, 4700.0, Some(0.0), -120.0),
    ];
    let block = |(start_frame, end_frame, interpolation_frames, azimuth_deg)| TimedGains {
        start_frame,
        end_frame,
        interpolation_frames,
        gains: direct(layout, azimuth_deg, 0.9),
    };
    rows.map(block).to_vec()
}

fn one_object_alone<S: Sample>(rounding: f64) {
    let layout = Layout::SURROUND_5_1;
    let objects = [few_blocks(layout)];
    let input = noise::<S>(2, FRAMES, 1.0, 9);
    let setup = |objects| ObjectMixerSetup { objects, diffuse: false };
    // A second object without blocks: the way of many objects.
    let mut many = object_mixer::<S>(setup(2), stream(layout)).unwrap();
    let both = [objects[0].clone(), Vec::new()];
    let expected = render(&mut many, &both, &input, 100);
    for size in [1, 7, 64, 480, 4096, FRAMES] {
        let mut mixer = object_mixer::<S>(setup(1), stream(layout)).unwrap();
        let output = render(&mut mixer, &objects, &input[..1], size);
        assert!(output == expected, "{size}");
    }
    for (channel, output) in expected.iter().enumerate() {
        for (n, ours) in output.iter().enumerate() {
            let gain = gains_at(&objects[0], n, channel);
            let wanted = gain * input[0][n].as_f64();
            assert!((ours.as_f64() - wanted).abs() <= rounding, "{channel} {n}");
        }
    }
}

#[test]
fn one_object_alone_moves_as_bs2127_says_and_as_many_do_in_any_split() {
    // A product at magnitude 1, its gain a few roundings at 1 off; f32: rounded once to 24 bits.
    one_object_alone::<f64>(1e-13);
    one_object_alone::<f32>(f64::from(f32::EPSILON));
}

#[test]
fn a_diffuse_share_goes_through_the_decorrelators_and_the_direct_one_waits() {
    let layout = Layout::SURROUND_5_1;
    let mut taps = vec![0.0; 6 * DECORRELATION_TAPS];
    decorrelation_taps(layout, &mut taps).unwrap();
    let setup = ObjectMixerSetup { objects: 1, diffuse: true };
    let mut mixer = object_mixer::<f64>(setup, stream(layout)).unwrap();
    assert_eq!(mixer.latency_frames(), DECORRELATION_DELAY);
    let point = direct(layout, 15.0, 1.0).direct;
    let gains = ObjectGains { direct: point.scaled(0.8), diffuse: point.scaled(0.6) };
    let block = TimedGains {
        start_frame: 3.0,
        end_frame: f64::INFINITY,
        interpolation_frames: None,
        gains,
    };
    mixer.push(0, &block).unwrap();
    let mut input = [vec![0.0; 600]];
    input[0][3] = 1.0;
    let mut output = vec![vec![0.0; 600]; 6];
    mixer.convert(Block::new(&input).unwrap(), BlockMut::new(&mut output).unwrap()).unwrap();
    for (channel, output) in output.iter().enumerate() {
        for (n, ours) in output.iter().enumerate() {
            let tap = n.checked_sub(3).filter(|n| *n < DECORRELATION_TAPS);
            let tap = tap.map_or(0.0, |n| taps[channel * DECORRELATION_TAPS + n]);
            let straight = f64::from(u8::from(n == 3 + DECORRELATION_DELAY));
            let expected = gains.direct[channel] * straight + gains.diffuse[channel] * tap;
            assert!((ours - expected).abs() <= 1e-15, "{channel} {n}");
        }
    }
}

#[test]
fn blocks_that_cannot_be_are_refused_and_leave_no_trace() {
    let layout = Layout::STEREO;
    let setup = ObjectMixerSetup { objects: 2, diffuse: false };
    let mut mixer = object_mixer::<f32>(setup, stream(layout)).unwrap();
    let gains = direct(layout, 0.0, 1.0);
    let block = |start_frame, end_frame, interpolation_frames| TimedGains {
        start_frame,
        end_frame,
        interpolation_frames,
        gains,
    };
    assert!(mixer.push(2, &block(0.0, 1.0, None)).is_err());
    assert!(mixer.push(0, &block(-1.0, 1.0, None)).is_err());
    assert!(mixer.push(0, &block(f64::NAN, 1.0, None)).is_err());
    assert!(mixer.push(0, &block(2.0, 1.0, None)).is_err());
    assert!(mixer.push(0, &block(0.0, 1.0, Some(1.5))).is_err());
    let other = TimedGains { gains: direct(Layout::QUAD, 0.0, 1.0), ..block(0.0, 1.0, None) };
    assert!(mixer.push(0, &other).is_err());
    let mut diffuse = gains;
    diffuse.diffuse = gains.direct;
    assert!(mixer.push(0, &TimedGains { gains: diffuse, ..block(0.0, 1.0, None) }).is_err());
    assert!(mixer.set_standing(0, &diffuse).is_err() && mixer.set_standing(2, &gains).is_err());
    mixer.push(0, &block(0.0, 10.0, None)).unwrap();
    assert!(mixer.push(0, &block(9.0, 12.0, None)).is_err(), "overlaps");
    for n in 1..MAX_PENDING {
        mixer.push(0, &block(n as f64 * 10.0, n as f64 * 10.0 + 10.0, Some(10.0))).unwrap();
    }
    assert!(mixer.push(0, &block(500.0, 510.0, None)).is_err(), "too many wait");
    let input = vec![vec![1.0_f32; 30]; 2];
    let mut output = vec![vec![0.0; 30]; 2];
    mixer.convert(Block::new(&input).unwrap(), BlockMut::new(&mut output).unwrap()).unwrap();
    mixer.push(0, &block(500.0, 510.0, None)).unwrap();
    assert!(mixer.push(1, &block(29.0, 40.0, None)).is_err(), "too late");
    assert_eq!(mixer.frame(), 30);
    let too_many = ObjectMixerSetup { objects: 65, diffuse: false };
    assert!(object_mixer::<f32>(too_many, stream(layout)).is_err());
    let setup = ObjectMixerSetup { objects: 2, diffuse: true };
    let need = ObjectMixer::<f32>::required_len(setup, stream(layout)).unwrap();
    let mut samples = vec![0.0; need.samples - 1];
    let mut tracks = vec![ObjectTrack::default(); need.tracks];
    let memory = ObjectMixerMemory { samples: &mut samples, tracks: &mut tracks };
    assert!(ObjectMixer::new_in(setup, stream(layout), memory).is_err());
    // What has never been said is silence.
    assert_eq!(ObjectMetadata::default().diffuse, 0.0);
    let silent: PanGains = gains.direct.scaled(0.0);
    assert!(silent.iter().all(|gain| *gain == 0.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_blocks_are_refused_or_sound_finite(
        list in prop::collection::vec(
            (
                prop_oneof![1 => any::<f64>(), 9 => 0.0..500.0],
                prop_oneof![1 => any::<f64>(), 1 => Just(f64::INFINITY), 9 => 0.0..900.0],
                prop_oneof![1 => any::<f64>(), 5 => 0.0..100.0],
                any::<bool>(),
                -180.0..180.0,
            ),
            0..12,
        ),
        split in 1..300_usize,
    ) {
        let layout = Layout::STEREO;
        let setup = ObjectMixerSetup { objects: 1, diffuse: false };
        let mut mixer = object_mixer::<f32>(setup, stream(layout)).unwrap();
        let input = vec![vec![1.0_f32; 1000]];
        let mut output = vec![vec![0.0_f32; 1000]; 2];
        let mut at = 0;
        for (start_frame, end_frame, way, whole, azimuth_deg) in list {
            let interpolation_frames = (!whole).then_some(way);
            let gains = direct(layout, azimuth_deg, 1.0);
            let _ = mixer.push(0, &TimedGains { start_frame, end_frame, interpolation_frames, gains });
            let end = (at + split).min(1000);
            let from = Block::new(&input).unwrap().range(at, end);
            mixer.convert(from, BlockMut::new(&mut output).unwrap().range(at, end)).unwrap();
            at = end;
        }
        prop_assert!(output.iter().flatten().all(|x| x.abs() <= 1.0 + 1e-6));
    }
}
