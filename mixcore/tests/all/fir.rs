//! The FIR filter: the sums of its definition, its rounding noise, its latency, its errors.

use mixcore::audio::Sample;
use mixcore::filters::{Fir, FirSetup, MAX_TAPS};
use mixcore::{BlockMut, Error, Io, Layout, Process, Processor, Stream};

use proptest::prelude::*;

use crate::reference::fir::convolved;
use crate::signals::{Noise, noise};

/// Rounding noise of f32 under the output, dB: stated in the module's documentation.
const F32_NOISE_DB: f64 = 134.0;

fn stream(layout: Layout) -> Stream {
    Stream::new(48_000.0, layout).unwrap()
}

fn run<S: Sample>(fir: &mut Fir<'_, S>, audio: &mut [Vec<S>], mut next: impl FnMut() -> usize) {
    let frames = audio[0].len();
    let mut at = 0;
    while at < frames {
        let end = (at + next()).min(frames);
        let mut block = BlockMut::new(audio).unwrap();
        fir.process(Io::new(block.range(at, end))).unwrap();
        at = end;
    }
}

/// Level of the difference to the definition in f64, dB of the output's level.
fn noise_db<S: Sample>(taps: &[f64]) -> f64 {
    let mut audio = noise::<S>(1, 3000, 1.0, 4);
    let exact: Vec<f64> = audio[0].iter().map(|x| x.as_f64()).collect();
    let expected = convolved(&exact, taps);
    let mut fir = Fir::new(FirSetup::all(taps), stream(Layout::MONO)).unwrap();
    run(&mut fir, &mut audio, || 480);
    let (mut error, mut power) = (0.0, 0.0);
    for (y, r) in audio[0].iter().zip(&expected) {
        error += (y.as_f64() - r).powi(2);
        power += r * r;
    }
    10.0 * (error / power).log10()
}

#[test]
fn every_output_is_the_sum_of_the_definition() {
    for count in [1, 2, 3, 16, 31, 32, 33, 64, 100, 255, 512, 1000, MAX_TAPS] {
        // A level that no binary fraction is: else the f64 sums would be exact.
        let taps = noise::<f64>(1, count, 1.0 / 3.0, count as u32).remove(0);
        let (f32_db, f64_db) = (noise_db::<f32>(&taps), noise_db::<f64>(&taps));
        if std::env::var_os("MIXCORE_LONG").is_some() {
            println!("{count} taps: noise {f32_db:.1} dB in f32, {f64_db:.1} dB in f64");
        }
        assert!(f32_db < -F32_NOISE_DB, "{count}: {f32_db} dB");
        assert!(f64_db < -295.0, "{count}: {f64_db} dB");
    }
}

#[test]
fn each_channel_may_have_its_own_taps() {
    let taps = noise::<f64>(1, 3 * 7, 1.0, 1).remove(0);
    let setup = FirSetup::per_channel(&taps, 3);
    let mut all = Fir::<f64>::new(setup, stream(Layout::FRONT_3_0)).unwrap();
    let source = noise::<f64>(3, 500, 1.0, 2);
    let mut audio = source.clone();
    let mut pick = Noise::new(3);
    run(&mut all, &mut audio, || pick.below(90));
    for ((row, source), channel) in taps.chunks_exact(7).zip(source).zip(&audio) {
        let mut alone = Fir::new(FirSetup::all(row), stream(Layout::MONO)).unwrap();
        let mut expected = vec![source];
        run(&mut alone, &mut expected, || 500);
        assert!(expected[0] == *channel);
    }
    assert!(
        (all.response_db(1, 0.0) - 20.0 * taps[7..14].iter().sum::<f64>().abs().log10()).abs()
            < 1e-9
    );
}

#[test]
fn the_latency_is_that_of_the_taps_or_of_the_caller() {
    let latency = |setup: FirSetup<'_>| {
        let fir = Fir::<f32>::new(setup, stream(Layout::STEREO)).unwrap();
        (fir.latency_frames(), fir.tail_frames())
    };
    assert_eq!(latency(FirSetup::all(&[0.25, 0.5, 0.25])), (1, 2));
    assert_eq!(latency(FirSetup::all(&[0.5, 0.5])), (0, 1), "between two frames");
    assert_eq!(latency(FirSetup::all(&[0.5, 0.2, 0.1])), (0, 2));
    assert_eq!(latency(FirSetup::all(&[0.1, 0.2, 0.5]).with_latency(2)), (2, 2));
    // One channel of both is not symmetric.
    let taps = [0.25, 0.5, 0.25, 0.25, 0.5, 0.3];
    assert_eq!(latency(FirSetup::per_channel(&taps, 2)), (0, 2));
    assert_eq!(latency(FirSetup::per_channel(&taps[..3], 1)), (1, 2));
}

#[test]
fn bad_taps_and_memory_are_errors() {
    let stereo = stream(Layout::STEREO);
    let required = |setup: FirSetup<'_>| Fir::<f32>::required_len(&setup, &stereo);
    assert!(required(FirSetup::all(&[])).is_err());
    assert!(
        required(FirSetup::all(&vec![0.0; MAX_TAPS + 1])).unwrap_err().to_string().contains("4096")
    );
    assert!(required(FirSetup::all(&[0.1, f64::NAN])).is_err());
    assert!(required(FirSetup::all(&[f64::INFINITY])).is_err());
    assert!(required(FirSetup::all(&[6e5, -6e5])).is_err());
    assert!(required(FirSetup::per_channel(&[0.1; 6], 3)).is_err());
    assert!(required(FirSetup::per_channel(&[0.1; 6], 0)).is_err());
    assert!(required(FirSetup::per_channel(&[0.1; 5], 2)).is_err());
    assert!(required(FirSetup::all(&[0.1; 5]).with_latency(5)).is_err());
    let len = required(FirSetup::all(&[0.1; 5])).unwrap();
    let mut little = vec![0.0_f32; len - 1];
    assert_eq!(
        Fir::new_in(FirSetup::all(&[0.1; 5]), stereo, &mut little).unwrap_err(),
        Error::Storage { what: "FIR", given: len - 1, required: len }
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_arguments_give_an_error_or_a_filter(
        taps in prop::collection::vec(prop_oneof![9 => -1.0..1.0_f64, 1 => any::<f64>()], 0..40),
        rows in prop_oneof![4 => 0..4_usize, 1 => any::<usize>()],
        latency in prop_oneof![4 => 0..40_usize, 1 => any::<usize>()],
        layout in 0..17_usize,
        short in 0..2_usize,
        hz in any::<f64>(),
        samples in prop::collection::vec(prop_oneof![4 => -1.0..1.0_f32, 1 => any::<f32>()], 0..900),
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let setup = if rows == 1 {
            FirSetup::all(&taps)
        } else {
            FirSetup::per_channel(&taps, rows).with_latency(latency)
        };
        let Ok(required) = Fir::<f32>::required_len(&setup, &stream(layout)) else { return Ok(()) };
        let mut memory = vec![f32::NAN; required - short];
        let made = Fir::new_in(setup, stream(layout), &mut memory);
        prop_assert_eq!(made.is_ok(), short == 0);
        let Ok(mut fir) = made else { return Ok(()) };
        prop_assert!(fir.latency_frames() <= fir.tail_frames());
        let mut audio = vec![samples; layout.channel_count()];
        fir.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
        prop_assert!(audio.iter().flatten().all(|x| x.is_finite()));
        std::hint::black_box(fir.response_db(0, hz));
    }
}
