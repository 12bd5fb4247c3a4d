//! The convolver against convolution as it is defined, at every length of response and block.

use mixcore::audio::Sample;
use mixcore::filters::{
    Convolver, ConvolverLatency, ConvolverParams, ConvolverSetup, MAX_HEAD_FRAMES,
    MAX_PARTITION_FRAMES,
};
use mixcore::kernels::{self, Isa, scalar};
use mixcore::{Block, BlockMut, Error, Io, Layout, Process, Processor, Stream};
use proptest::prelude::*;

use crate::signals::{Noise, noise};

fn stream(layout: Layout) -> Stream {
    Stream::new(48_000.0, layout).unwrap()
}

fn setup(partition_frames: usize, latency: ConvolverLatency) -> ConvolverSetup {
    ConvolverSetup { partition_frames, latency }
}

/// A convolver in lent memory, as all feature sets have it.
fn convolver<S: Sample>(
    setup: ConvolverSetup,
    mix_percent: f64,
    response: &[Vec<S>],
    stream: Stream,
) -> Result<Convolver<'static, S>, Error> {
    let response = Block::new(response)?;
    let (frames, channels) = (response.frames(), response.channel_count());
    let need = Convolver::<S>::required_len(&setup, frames, channels, &stream)?;
    let samples = Box::leak(vec![S::one(); need.samples].into_boxed_slice());
    let control = Box::leak(vec![1.0; need.control].into_boxed_slice());
    let params = ConvolverParams { mix_percent };
    Convolver::new_in(setup, params, response, stream, samples, control)
}

/// Runs `audio` through a processor in blocks of random length; of 64 frames where there is no `seed`.
fn run<S: Sample>(processor: &mut dyn Process<S>, audio: &mut [Vec<S>], seed: u32) {
    let frames = audio[0].len();
    let mut pick = Noise::new(seed);
    let mut at = 0;
    while at < frames {
        let count = if seed == 0 { 64 } else { pick.below(700) }.min(frames - at);
        let mut block = BlockMut::new(audio).unwrap();
        processor.process(Io::new(block.range(at, at + count))).unwrap();
        at += count;
    }
}

/// A response that decays by 60 dB.
fn room<S: Sample>(taps: usize, seed: u32) -> Vec<S> {
    let mut taps = noise::<S>(1, taps, 1.0, seed).remove(0);
    let count = taps.len() as f64;
    for (k, tap) in taps.iter_mut().enumerate() {
        *tap *= S::from_f64(10_f64.powf(-3.0 * k as f64 / count));
    }
    taps
}

/// Convolution by its definition, at one frame.
fn literal<S: Sample>(x: &[S], h: &[S], frame: usize) -> f64 {
    let first = (frame + 1).saturating_sub(h.len());
    (first..=frame.min(x.len() - 1)).map(|n| x[n].as_f64() * h[frame - n].as_f64()).sum()
}

fn rms(samples: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = samples.fold((0.0, 0.0), |(sum, count), x| (sum + x * x, count + 1.0));
    (sum / count).sqrt()
}

/// Error of a convolver, rms over ‖h‖·rms(x), looked at around the ends of partitions and elsewhere.
fn error<S: Sample>(setup: ConvolverSetup, taps: usize, frames: usize) -> f64 {
    let x = noise::<S>(1, frames, 1.0, 3);
    let h = room::<S>(taps, 4);
    let mut convolver =
        convolver(setup, 100.0, std::slice::from_ref(&h), stream(Layout::MONO)).unwrap();
    let latency = convolver.latency_frames();
    let zero = setup.latency == ConvolverLatency::Zero;
    assert_eq!(latency, if zero { 0 } else { setup.partition_frames });
    let mut y = x.clone();
    run(&mut convolver, &mut y, 8);
    assert!(y[0][..latency].iter().all(|&y| y == S::zero()), "nothing before the latency");
    let mut pick = Noise::new(5);
    let ends = (1..frames / setup.partition_frames).step_by(7).flat_map(|end| {
        let end = end * setup.partition_frames;
        [end - 1, end, end + 1]
    });
    let frames: Vec<usize> = ends.chain((0..300).map(|_| pick.below(frames))).collect();
    let apart = frames
        .iter()
        .filter(|&&frame| frame >= latency)
        .map(|&frame| y[0][frame].as_f64() - literal(&x[0], &h, frame - latency));
    let norm = h.iter().map(|h| h.as_f64() * h.as_f64()).sum::<f64>().sqrt();
    rms(apart) / norm / rms(x[0].iter().map(|x| x.as_f64()))
}

/// The stated bounds: some 2⁻²⁴ (2⁻⁵³) from each transform, and what the sum over the partitions adds.
const F32_ERROR: f64 = 5e-7;
const F64_ERROR: f64 = 1e-14;

#[test]
fn it_is_the_convolution_by_definition_for_every_length() {
    let mut worst = [0.0_f64; 2];
    for latency in [ConvolverLatency::Partition, ConvolverLatency::Zero] {
        for (partition, lengths) in [
            (64, &[1, 2, 63, 64, 65, 127, 128, 129, 1000, 4000, 4095, 4096, 4097, 20_000][..]),
            (512, &[1, 511, 512, 513, 1025, 15_871, 15_872, 15_873, 48_000]),
            (1024, &[900, 1024, 1025, 31_744, 48_000]),
            (2048, &[3, 2047, 2049, 48_000]),
            (MAX_PARTITION_FRAMES, &[5, 16_385, 48_000]),
        ] {
            let setup = setup(partition, latency);
            if setup.validate().is_err() {
                assert!(partition > MAX_HEAD_FRAMES && latency == ConvolverLatency::Zero);
                continue;
            }
            for &taps in lengths {
                let frames = (taps + 4 * partition).max(6000);
                worst[0] = worst[0].max(error::<f32>(setup, taps, frames));
                worst[1] = worst[1].max(error::<f64>(setup, taps, frames));
                assert!(worst[0] < F32_ERROR, "{setup:?} {taps}: {worst:?}");
                assert!(worst[1] < F64_ERROR, "{setup:?} {taps}: {worst:?}");
            }
        }
    }
    println!("largest error, f32 and f64: {worst:?}");
}

#[test]
fn a_room_of_two_seconds_rings_for_two_seconds() {
    for latency in [ConvolverLatency::Partition, ConvolverLatency::Zero] {
        for partition in [64, 512, 1024, 4096] {
            let setup = setup(partition, latency);
            if setup.validate().is_err() {
                continue;
            }
            let (short, long) =
                (error::<f32>(setup, 96_000, 110_000), error::<f64>(setup, 96_000, 110_000));
            println!("{setup:?}: {short:e} {long:e}");
            assert!(short < F32_ERROR && long < F64_ERROR, "{setup:?}: {short} {long}");
        }
    }
}

/// Long enough for the second layer, whose work is spread over periods of the first.
fn splits<S: Sample>(latency: ConvolverLatency) {
    let setup = setup(64, latency);
    let layout = Layout::STEREO;
    let input = noise::<S>(2, 9000, 1.0, 6);
    let response = [room::<S>(7000, 7), room::<S>(7000, 8)];
    let mut expected: Option<Vec<Vec<S>>> = None;
    for isa in Isa::available() {
        let stream = Stream::with_isa(48_000.0, layout, isa).unwrap();
        let mut convolver = convolver(setup, 70.0, &response, stream).unwrap();
        for seed in [0, 1, 2] {
            convolver.reset();
            let mut output = input.clone();
            run(&mut convolver, &mut output, seed);
            match &expected {
                None => expected = Some(output),
                Some(expected) => assert!(*expected == output, "{isa:?} {seed}"),
            }
        }
    }
}

#[test]
fn every_split_and_level_gives_the_same_bits() {
    for latency in [ConvolverLatency::Partition, ConvolverLatency::Zero] {
        splits::<f32>(latency);
        splits::<f64>(latency);
    }
}

#[test]
fn without_latency_the_first_partition_is_exact_and_at_once() {
    let h = room::<f32>(3000, 9);
    let setup = setup(128, ConvolverLatency::Zero);
    let mut convolver =
        convolver(setup, 100.0, std::slice::from_ref(&h), stream(Layout::MONO)).unwrap();
    let mut impulse = vec![vec![0.0_f32; 200]];
    impulse[0][37] = 1.0;
    run(&mut convolver, &mut impulse, 3);
    assert!(impulse[0][..37].iter().all(|&y| y == 0.0));
    // From the period after the impulse's on, the transform adds its rounding to the head.
    assert_eq!(impulse[0][37..128], h[..91]);
}

#[test]
fn every_channel_has_its_own_room_or_all_have_one() {
    let layout = Layout::SURROUND_5_1;
    let input = noise::<f64>(6, 3000, 1.0, 10);
    let rooms: Vec<Vec<f64>> = (0..6).map(|channel| room(1500, 20 + channel)).collect();
    let setup = setup(256, ConvolverLatency::Partition);
    for responses in [&rooms[..], &rooms[..1]] {
        let mut all = input.clone();
        run(&mut convolver(setup, 100.0, responses, stream(layout)).unwrap(), &mut all, 1);
        for (channel, output) in all.iter().enumerate() {
            let room = responses.get(channel).unwrap_or(&responses[0]).clone();
            let mut alone = vec![input[channel].clone()];
            let mut mono = convolver(setup, 100.0, &[room], stream(Layout::MONO)).unwrap();
            run(&mut mono, &mut alone, 2);
            assert!(alone[0] == *output, "channel {channel}");
        }
    }
}

#[test]
fn at_zero_percent_and_in_bypass_the_input_passes_bit_for_bit() {
    let input = noise::<f32>(2, 9000, 1.0, 11);
    for latency in [ConvolverLatency::Partition, ConvolverLatency::Zero] {
        let setup = setup(256, latency);
        let response = [room::<f32>(2000, 12)];
        let mut dry = convolver(setup, 0.0, &response, stream(Layout::STEREO)).unwrap();
        let mut bypassed = convolver(setup, 60.0, &response, stream(Layout::STEREO)).unwrap();
        bypassed.set_bypass(true);
        assert!(bypassed.bypass() && !dry.bypass());
        let late = dry.latency_frames();
        for (convolver, from) in [(&mut dry, 0), (&mut bypassed, 960)] {
            let mut output = input.clone();
            run(convolver, &mut output, 4);
            for (output, input) in output.iter().zip(&input) {
                assert_eq!(output[late + from..], input[from..input.len() - late]);
            }
        }
        // Half of both.
        let mut half = convolver(setup, 50.0, &response, stream(Layout::STEREO)).unwrap();
        let mut wet = convolver(setup, 100.0, &response, stream(Layout::STEREO)).unwrap();
        let (mut half_out, mut wet_out) = (input.clone(), input.clone());
        run(&mut half, &mut half_out, 5);
        run(&mut wet, &mut wet_out, 6);
        for n in late..input[0].len() {
            let expected = (f64::from(input[1][n - late]) + f64::from(wet_out[1][n])) / 2.0;
            // Roundings of a sum of order 10.
            assert!((f64::from(half_out[1][n]) - expected).abs() < 1e-5);
        }
    }
}

#[test]
fn bad_responses_and_partitions_are_errors_that_say_so() {
    let build = |partition, response: &[Vec<f64>], layout| {
        let setup = setup(partition, ConvolverLatency::Partition);
        convolver(setup, 100.0, response, stream(layout)).map(|_| ()).map_err(|e| e.to_string())
    };
    let one = [vec![1.0; 10]];
    assert!(build(512, &one, Layout::SURROUND_5_1).is_ok());
    assert!(build(63, &one, Layout::MONO).unwrap_err().contains("partition_frames is 63"));
    assert!(build(32_768, &one, Layout::MONO).unwrap_err().contains("allowed is 64 to 16384"));
    assert_eq!(
        build(500, &one, Layout::MONO).unwrap_err(),
        "partition_frames is 500, allowed is 64, 128, 256 … 16384: take a power of two"
    );
    assert!(build(512, &[vec![]], Layout::MONO).unwrap_err().contains("response_frames is 0"));
    let text = build(512, &vec![vec![1.0; 10]; 3], Layout::SURROUND_5_1).unwrap_err();
    assert!(text.contains("impulse response has 3 channel(s), 6 expected"), "{text}");
    for bad in [f64::NAN, f64::INFINITY, -2e6] {
        let mut response = vec![vec![0.5; 700]; 2];
        response[1][600] = bad;
        let text = build(512, &response, Layout::STEREO).unwrap_err();
        assert!(text.contains("impulse_response is") && text.contains("1000000"), "{text}");
    }
    let zero = setup(2048, ConvolverLatency::Zero).validate().unwrap_err().to_string();
    assert!(zero.contains("allowed is 64 to 1024"), "{zero}");
    let long = Convolver::<f32>::required_len(
        &ConvolverSetup::default(),
        60 * 48_000 + 1,
        1,
        &stream(Layout::MONO),
    );
    assert!(long.unwrap_err().to_string().contains("response_frames is 2880001"));
    let (response, setup) = ([1.0_f32; 100], ConvolverSetup::default());
    let (response, params) = (Block::mono(&response), ConvolverParams::default());
    let need = Convolver::<f32>::required_len(&setup, 100, 1, &stream(Layout::MONO)).unwrap();
    let mut control = vec![0.0; need.control];
    let mut memory = vec![0.0; need.samples - 1];
    let error =
        Convolver::new_in(setup, params, response, stream(Layout::MONO), &mut memory, &mut control);
    let given = need.samples - 1;
    let expected = Error::Storage { what: "convolver sample", given, required: need.samples };
    assert_eq!(error.unwrap_err(), expected);
    let mut memory = vec![0.0; need.samples];
    control.pop();
    let error =
        Convolver::new_in(setup, params, response, stream(Layout::MONO), &mut memory, &mut control);
    assert!(error.unwrap_err().to_string().contains("control"));
}

#[cfg(feature = "alloc")]
#[test]
fn lent_and_owned_memory_serve_alike() {
    let response = room::<f32>(9000, 13);
    let (setup, params) = (setup(64, ConvolverLatency::Zero), ConvolverParams::default());
    let stream = stream(Layout::STEREO);
    let mut owned = Convolver::new(setup, params, Block::mono(&response), stream).unwrap();
    let mut lent = convolver(setup, 100.0, std::slice::from_ref(&response), stream).unwrap();
    let (mut a, mut b) = (noise::<f32>(2, 12_000, 1.0, 9), noise::<f32>(2, 12_000, 1.0, 9));
    run(&mut owned, &mut a, 3);
    run(&mut lent, &mut b, 4);
    assert!(a == b);
}

fn twins<S: Sample>() {
    let bits = |x: &[S]| x.iter().map(|x| x.as_f64().to_bits()).collect::<Vec<_>>();
    for isa in Isa::available() {
        for length in [0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 65, 130, 200] {
            for offset in [0, 1, 3] {
                let x = noise::<S>(3, 7 * length + offset + 64, 1.0, 40);
                // Products of up to three spectra, and where there are fewer of one kind.
                for (xs, hs) in [(0, 1), (1, 1), (3, 3), (2, 3), (3, 2)] {
                    let row = 2 * length;
                    let mut sum = x[2][..row].to_vec();
                    let mut twin = sum.clone();
                    let (xs, hs) = (&x[0][offset..offset + xs * row], &x[1][..hs * row]);
                    kernels::spectrum_mac(isa, xs, hs, &mut sum);
                    scalar::spectrum_mac(xs, hs, &mut twin);
                    assert_eq!(bits(&sum), bits(&twin), "{isa:?} {length}");
                }
                for taps in [0, 1, 5, 64] {
                    let (mut out, taps) = (vec![S::one(); length], &x[1][..taps]);
                    let mut twin = out.clone();
                    // One window too few, and enough.
                    for short in [2, 0] {
                        let end = (offset + length + taps.len()).saturating_sub(short);
                        let input = &x[0][offset..end.max(offset)];
                        kernels::direct(isa, input, taps, &mut out);
                        scalar::direct(input, taps, &mut twin);
                        assert_eq!(bits(&out), bits(&twin), "{isa:?} {length} {}", taps.len());
                    }
                }
                let shares: Vec<f32> =
                    (0..length).map(|n| [0.0, 1.0, 0.3, 0.7, 1.0][(n + offset) / 9 % 5]).collect();
                let mut io = x[0][offset..offset + length].to_vec();
                let mut twin = io.clone();
                kernels::blend(isa, &mut io, &x[1], &shares);
                scalar::blend(&mut twin, &x[1], &shares);
                assert_eq!(bits(&io), bits(&twin), "{isa:?} {length}");
            }
        }
    }
}

#[test]
fn the_kernels_are_their_plain_twins_at_every_level() {
    twins::<f32>();
    twins::<f64>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_arguments_give_an_error_or_a_convolver(
        partition in prop_oneof![6 => (6..11_u32).prop_map(|n| 1_usize << n), 1 => any::<usize>()],
        latency in prop::sample::select(vec![ConvolverLatency::Partition, ConvolverLatency::Zero]),
        response in prop::collection::vec(prop_oneof![40 => -2.0..2.0_f32, 1 => any::<f32>()], 0..60),
        zeros in 0..3000_usize,
        rooms in 0..4_usize,
        mix_percent in prop_oneof![6 => -1.0..101.0, 1 => any::<f64>()],
        rate_hz in prop_oneof![1 => any::<f64>(), 6 => 8e3..384e3],
        layout in 0..17_usize,
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 0..300),
        blocks in 1..8_usize,
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, layout, isa: Isa::detect() };
        let response: Vec<f32> = response.into_iter().chain(vec![0.25; zeros]).collect();
        let rooms = if rooms == 3 { layout.channel_count() } else { rooms };
        let good = response.iter().all(|h| h.abs() <= 1e6);
        match convolver(setup(partition, latency), mix_percent, &vec![response; rooms], stream) {
            Ok(mut convolver) => {
                prop_assert!(good && (0.0..=100.0).contains(&mix_percent));
                prop_assert!(convolver.latency_frames() <= convolver.tail_frames());
                for block in 0..blocks {
                    let mut io = vec![audio.clone(); layout.channel_count()];
                    convolver.process(Io::new(BlockMut::new(&mut io).unwrap())).unwrap();
                    prop_assert!(io.iter().flatten().all(|y| y.is_finite()));
                    convolver.set_bypass(block % 3 == 0);
                    convolver.set_field("mix_percent", 10.0 * block as f64).unwrap();
                }
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
