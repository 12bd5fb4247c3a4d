//! The dry path: bit-exact at both ends, in step, and silent about its moves.

use mixcore::audio::Sample;
use mixcore::filters::{DRY_PATH_FRAMES, DryPath};
use mixcore::{BlockMut, Error, Layout, Stream};
use proptest::prelude::*;

use crate::click::{CLICK_DBFS, PASSAGE, left_above_5_khz, tone};
use crate::signals::{Noise, noise};

fn stream(layout: Layout) -> Stream {
    Stream::new(48_000.0, layout).unwrap()
}

/// A dry path in lent memory, as all feature sets have it.
fn path<S: Sample>(
    latency: usize,
    mix_percent: f64,
    stream: Stream,
) -> Result<DryPath<'static, S>, Error> {
    let need = DryPath::<S>::required_len(latency, &stream)?;
    let samples = Box::leak(vec![S::one(); need.samples].into_boxed_slice());
    let control = Box::leak(vec![0.5; need.control].into_boxed_slice());
    DryPath::new_in(latency, mix_percent, stream, samples, control)
}

/// What is done to a dry path at a frame.
type Change<S> = (usize, fn(&mut DryPath<'_, S>));

/// A processor that gives `wet` for everything, in blocks of random length, with changes on its way.
fn run<S: Sample>(
    path: &mut DryPath<'_, S>,
    input: &[Vec<S>],
    wet: S,
    seed: u32,
    changes: &[Change<S>],
) -> Vec<Vec<S>> {
    let (mut io, mut pick, mut at) = (input.to_vec(), Noise::new(seed), 0);
    let frames = io[0].len();
    while at < frames {
        for (_, change) in changes.iter().filter(|(frame, _)| *frame == at) {
            change(path);
        }
        let next = changes.iter().map(|change| change.0).filter(|&frame| frame > at).min();
        let count = (1 + pick.below(DRY_PATH_FRAMES)).min(next.unwrap_or(frames).min(frames) - at);
        let mut block = BlockMut::new(&mut io).unwrap();
        path.take(&mut block, at..at + count).unwrap();
        block.range(at, at + count).fill(wet);
        path.blend(&mut block, at..at + count).unwrap();
        at += count;
    }
    io
}

fn ends<S: Sample>() {
    let input = noise::<S>(6, 2000, 1.0, 1);
    let wet = S::from_f64(0.3);
    for latency in [0, 1, 63, 64, 65, 128, 700, 1999, 2500] {
        let mut dry = path::<S>(latency, 0.0, stream(Layout::SURROUND_5_1)).unwrap();
        assert_eq!(dry.latency_frames(), latency);
        for seed in [1, 2] {
            let output = run(&mut dry, &input, wet, seed, &[]);
            for (output, input) in output.iter().zip(&input) {
                let silence = latency.min(output.len());
                assert!(output[..silence].iter().all(|&x| x == S::zero()));
                assert_eq!(output[silence..], input[..input.len() - silence]);
            }
            dry.reset();
        }
        let mut all = path::<S>(latency, 100.0, stream(Layout::SURROUND_5_1)).unwrap();
        let output = run(&mut all, &input, wet, 3, &[]);
        assert!(output.iter().flatten().all(|&x| x == wet));
    }
}

#[test]
fn dry_and_wet_are_exact_at_every_latency() {
    ends::<f32>();
    ends::<f64>();
}

#[test]
fn a_change_travels_with_the_signal_and_takes_20_ms() {
    /// A share is an f32.
    const SHARE: f64 = 1e-7;
    for latency in [0, 50, 500, 1500] {
        let mut path = path::<f64>(latency, 100.0, stream(Layout::MONO)).unwrap();
        let zeros = [vec![0.0; 5000]];
        // Dry is silence and wet is 1: what comes out is the share.
        let shares = run(
            &mut path,
            &zeros,
            1.0,
            5,
            &[
                (1000, |path| path.set_bypass(true)),
                (1480, |path| path.set_bypass(false)),
                (3000, |path| path.set_mix_percent(25.0).unwrap()),
            ],
        );
        let law = |frame: usize| match frame {
            0..1000 => 1.0,
            1000..1480 => 1.0 - (frame - 1000) as f64 / 960.0,
            1480..2440 => 0.5 + (frame - 1480) as f64 / 1920.0,
            2440..3000 => 1.0,
            3000..3960 => 1.0 - 0.75 * (frame - 3000) as f64 / 960.0,
            _ => 0.25,
        };
        for (n, share) in shares[0].iter().enumerate() {
            let expected = n.checked_sub(latency).map_or(1.0, law);
            assert!((share - expected).abs() < SHARE, "{latency} {n}: {share} {expected}");
        }
        // In any blocks.
        path.set_mix_percent(100.0).unwrap();
        path.reset();
        let again = run(
            &mut path,
            &zeros,
            1.0,
            6,
            &[
                (1000, |path| path.set_bypass(true)),
                (1480, |path| path.set_bypass(false)),
                (3000, |path| path.set_mix_percent(25.0).unwrap()),
            ],
        );
        assert!(again == shares);
    }
}

#[test]
fn a_bypass_does_not_click() {
    // The worst there is to fade: from a full-scale sine to nothing at its crest.
    let mut path = path::<f64>(0, 0.0, stream(Layout::MONO)).unwrap();
    let faded = run(
        &mut path,
        &[tone(PASSAGE)],
        0.0,
        7,
        &[(1560, |path| path.set_mix_percent(100.0).unwrap())],
    );
    let (dbfs, _) = left_above_5_khz(&faded[0], 20.0);
    assert!(dbfs < CLICK_DBFS, "{dbfs:.1} dBFS");
}

#[test]
fn what_is_no_sample_becomes_zero_and_is_counted() {
    let mut path = path::<f32>(2, 0.0, stream(Layout::STEREO)).unwrap();
    let (mut left, mut right) = ([0.5, f32::NAN, 2e6, 0.25], [1.0, -1.0, f32::INFINITY, 1e6]);
    let mut block = BlockMut::stereo(&mut left, &mut right).unwrap();
    path.take(&mut block, 0..4).unwrap();
    assert_eq!(block.channel(0), &[0.5, 0.0, 0.0, 0.25]);
    path.blend(&mut block, 0..4).unwrap();
    assert_eq!((left, right), ([0.0, 0.0, 0.5, 0.0], [0.0, 0.0, 1.0, -1.0]));
    assert_eq!(path.faults(), 3);
    path.reset();
    assert_eq!(path.faults(), 0);
}

#[test]
fn errors_say_what_is_wrong_with_a_part() {
    let mut path = path::<f32>(10, 50.0, stream(Layout::STEREO)).unwrap();
    let mut audio = vec![vec![1.0; 100]; 2];
    let mut block = BlockMut::new(&mut audio).unwrap();
    let part = |start, end| std::ops::Range { start, end };
    for (part, text) in [
        (part(0, 65), "part.end is 65, allowed is 0 to 64"),
        (part(30, 95), "part.end is 95, allowed is 30 to 94"),
        (part(90, 101), "part.end is 101, allowed is 90 to 100"),
        (part(5, 4), "part.end is 4, allowed is 5 to 69"),
        (part(101, 101), "part.start is 101, allowed is 0 to 100"),
        (part(usize::MAX, usize::MAX), "part.start is 18446744073709552000, allowed is 0 to 100"),
        (part(0, usize::MAX), "part.end is 18446744073709552000, allowed is 0 to 64"),
    ] {
        let taken = path.take(&mut block, part.clone()).unwrap_err().to_string();
        let blended = path.blend(&mut block, part).unwrap_err().to_string();
        assert!(taken.starts_with(text) && blended == taken, "{taken} {blended}");
    }
    // What is blended is what was taken, at any place of a block.
    let wrong = |given, expected| Error::FrameCount {
        what: "the part of a block to blend",
        given,
        expected,
    };
    assert_eq!(path.blend(&mut block, 0..8).unwrap_err(), wrong(8, 0));
    path.take(&mut block, 10..18).unwrap();
    assert!(path.take(&mut block, 0..65).is_err(), "nothing is taken");
    for other in [0, 7, 9, 64] {
        assert_eq!(path.blend(&mut block, 10..10 + other).unwrap_err(), wrong(other, 8));
    }
    assert!((0..2).all(|channel| block.channel(channel).iter().all(|&x| x == 1.0)));
    path.blend(&mut block, 20..28).unwrap();
    path.reset();
    assert_eq!(path.blend(&mut block, 10..18).unwrap_err(), wrong(8, 0));
}

#[test]
fn bad_arguments_are_errors() {
    let stream = stream(Layout::STEREO);
    let text = |result: Result<DryPath<'_, f32>, Error>| result.unwrap_err().to_string();
    assert!(text(path(10, -1.0, stream)).contains("mix_percent is -1, allowed is 0 to 100"));
    assert!(text(path(60 * 48_000 + 1, 0.0, stream)).contains("latency_frames is 2880001"));
    assert!(path::<f32>(1, 0.0, Stream { rate_hz: f64::NAN, ..stream }).is_err());
    assert_eq!(
        DryPath::new_in(1, 0.0, stream, &mut [0.0_f32; 129], &mut [0.0; 65]).unwrap_err(),
        Error::Storage { what: "dry path sample", given: 129, required: 130 }
    );
    let mut path = path::<f32>(10, 50.0, stream).unwrap();
    assert!(path.set_mix_percent(f64::NAN).is_err() && path.mix_percent() == 50.0);
    let mut audio = vec![vec![1.0; 100]; 2];
    let mut block = BlockMut::new(&mut audio).unwrap();
    let backwards = std::ops::Range { start: 5, end: 4 };
    for part in [0..65, 90..101, backwards, 200..210] {
        assert!(
            path.take(&mut block, part.clone()).is_err() && path.blend(&mut block, part).is_err()
        );
    }
    assert!(path.take(&mut BlockMut::mono(&mut [1.0; 4]), 0..4).is_err());
    assert!(audio.iter().flatten().all(|&x| x == 1.0));
}

proptest! {
    #[test]
    fn any_arguments_give_an_error_or_a_path(
        latency in prop_oneof![1 => any::<usize>(), 6 => 0..3000_usize],
        mix_percent in prop_oneof![1 => any::<f64>(), 6 => -1.0..101.0],
        rate_hz in prop_oneof![1 => any::<f64>(), 6 => 8e3..384e3],
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 0..200),
        parts in prop::collection::vec((0..220_usize, 0..220_usize, any::<bool>()), 0..20),
    ) {
        let stream = Stream { rate_hz, ..stream(Layout::STEREO) };
        match path::<f32>(latency, mix_percent, stream) {
            Ok(mut path) => for (start, end, bypass) in parts {
                let mut io = vec![audio.clone(); 2];
                let mut block = BlockMut::new(&mut io).unwrap();
                path.set_bypass(bypass);
                let fits = start <= end && end <= audio.len() && end - start <= DRY_PATH_FRAMES;
                let part = std::ops::Range { start, end };
                prop_assert_eq!(path.take(&mut block, part.clone()).is_ok(), fits);
                prop_assert_eq!(path.blend(&mut block, part.clone()).is_ok(), fits);
                if fits {
                    prop_assert!(io.iter().all(|io| io[part.clone()].iter().all(|x| x.is_finite())));
                }
            },
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
