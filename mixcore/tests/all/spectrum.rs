//! The long-term average spectrum: its calibration, its bands, its promises.

use mixcore::analysis::{LongTermSpectrum, SpectrumSetup, ThirdOctave};
use mixcore::audio::Sample;
use mixcore::kernels::Isa;
use mixcore::units::Reading;
use mixcore::{Block, Error, Layout, Stream, math};

use crate::signals::{Noise, noise};

/// A spectrum in lent memory, as all feature sets have it.
fn spectrum<S: Sample>(fft_length: usize, stream: Stream) -> LongTermSpectrum<'static, S> {
    let setup = SpectrumSetup { fft_length };
    let need = LongTermSpectrum::<S>::required_len(&setup, &stream).unwrap();
    let samples = Box::leak(vec![S::one(); need.samples].into_boxed_slice());
    let numbers = Box::leak(vec![1.0; need.numbers].into_boxed_slice());
    LongTermSpectrum::new_in(setup, stream, samples, numbers).unwrap()
}

fn sine<S: Sample>(hz: f64, rate_hz: f64, frames: usize, level: f64) -> Vec<S> {
    (0..frames)
        .map(|n| S::from_f64(level * math::sin(2.0 * math::PI * hz * n as f64 / rate_hz)))
        .collect()
}

fn value(reading: Reading) -> f64 {
    reading.value().unwrap_or_else(|| panic!("{reading:?}"))
}

fn all_bits<S: Sample>(spectrum: &LongTermSpectrum<'_, S>) -> Vec<u64> {
    (0..spectrum.bins()).map(|bin| spectrum.bin_power(bin).to_bits()).collect()
}

/// Calibration: a full-scale sine has the mean square ½.
/// The band of that number, 0 for 20 Hz.
fn third(index: usize) -> ThirdOctave {
    ThirdOctave::all().nth(index).unwrap()
}

#[test]
fn a_full_scale_sine_reads_minus_3_01_in_its_third_octave_at_every_rate() {
    for rate_hz in [8000.0, 44_100.0, 48_000.0, 96_000.0, 192_000.0] {
        let mut spectrum = spectrum::<f64>(16_384, Stream::new(rate_hz, Layout::MONO).unwrap());
        let tone = sine::<f64>(1000.0, rate_hz, 40_000, 1.0);
        spectrum.push(Block::mono(&tone)).unwrap();
        // The window leaks 1e-4 of a tone beyond a third octave of 19 bins or more (at 192 kHz).
        let read = value(spectrum.third_octave_dbfs(third(17)));
        assert!((read + 3.0103).abs() < 1e-3, "{rate_hz}: {read}");
        // Third octaves far away hold only what a von Hann window leaks: (1/k)^6 in power.
        assert!(value(spectrum.third_octave_dbfs(third(12))) < -110.0);
    }
}

#[test]
fn a_tone_on_a_bin_has_two_thirds_of_its_power_there() {
    let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
    let mut spectrum = spectrum::<f64>(1024, stream);
    // Bin 32 exactly: 32 turns in 1024 frames.
    spectrum.push(Block::mono(&sine::<f64>(1500.0, 48_000.0, 4096, 1.0))).unwrap();
    assert_eq!(spectrum.bin_hz(), 46.875);
    for (bin, share) in [(31, 1.0 / 6.0), (32, 2.0 / 3.0), (33, 1.0 / 6.0)] {
        assert!((spectrum.bin_power(bin) - 0.5 * share).abs() < 1e-12, "{bin}");
    }
    assert!(spectrum.bin_power(34) < 1e-25 && spectrum.bin_power(30) < 1e-25);
    // 4096 frames: windows end at 1024, 1280, … 4096.
    assert_eq!(spectrum.windows(), 13);
}

/// A signal of one value, and one of the highest frequency: the bins without a mirror.
#[test]
fn the_ends_of_the_spectrum_count_once() {
    let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
    for sign in [1.0, -1.0] {
        let mut spectrum = spectrum::<f64>(256, stream);
        let audio: Vec<f64> = (0..1024).map(|n| if n % 2 == 0 { 1.0 } else { sign }).collect();
        spectrum.push(Block::mono(&audio)).unwrap();
        let sum: f64 = (0..spectrum.bins()).map(|bin| spectrum.bin_power(bin)).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sign}: {sum}");
    }
}

#[test]
fn bins_add_up_to_the_mean_square_and_channels_by_power() {
    let stream = Stream::new(48_000.0, Layout::SURROUND_5_1).unwrap();
    let audio = noise::<f32>(6, 200_000, 0.5, 3);
    let mut spectrum = spectrum::<f32>(4096, stream);
    spectrum.push(Block::new(&audio).unwrap()).unwrap();
    let sum: f64 = (0..spectrum.bins()).map(|bin| spectrum.bin_power(bin)).sum();
    // Channel 3 is LFE.
    let squares: f64 = audio
        .iter()
        .enumerate()
        .filter(|(channel, _)| *channel != 3)
        .flat_map(|(_, samples)| samples)
        .map(|x| f64::from(*x) * f64::from(*x))
        .sum();
    // The first and last windows fade the ends: 2 % of a programme that is noise anyway.
    assert!((sum / (squares / 200_000.0) - 1.0).abs() < 2e-3, "{sum} {}", squares / 200_000.0);
}

/// White noise has a power that grows with the bandwidth; pink noise reads level.
#[test]
fn third_octaves_of_white_noise_rise_by_one_decibel_each() {
    let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
    let mut spectrum = spectrum::<f32>(16_384, stream);
    let mut source = Noise::new(5);
    let audio: Vec<f32> = (0..960_000).map(|_| (0.5 * source.next_f64()) as f32).collect();
    spectrum.push(Block::mono(&audio)).unwrap();
    let power: f64 = audio.iter().map(|x| f64::from(x * x)).sum::<f64>() / 960_000.0;
    for index in 8..=30 {
        let band = third(index).band();
        let expected = 10.0 * (power * (band.high_hz - band.low_hz) / 24_000.0).log10();
        let read = value(spectrum.third_octave_dbfs(third(index)));
        // Deviation of an estimate from B·T independent values: 4.34/√(BT) dB; four of it.
        let doubt = 4.0 * 4.34 / ((band.high_hz - band.low_hz) * 20.0).sqrt();
        assert!((read - expected).abs() < doubt, "{index}: {read} {expected} ±{doubt}");
    }
}

#[test]
fn bands_that_cannot_be_read_are_not_applicable() {
    let stream = Stream::new(44_100.0, Layout::MONO).unwrap();
    let mut spectrum = spectrum::<f32>(4096, stream);
    assert!(matches!(spectrum.third_octave_dbfs(third(17)), Reading::TooShort { have_s: 0.0, .. }));
    assert_eq!(spectrum.bin_power(3), 0.0);
    spectrum.push(Block::mono(&[0.0; 5000])).unwrap();
    assert_eq!(spectrum.third_octave_dbfs(third(17)), Reading::BelowGate);
    assert_eq!(spectrum.bin_dbfs(3), Reading::BelowGate);
    // 10.8 Hz a bin: 125 Hz is 29 Hz wide, 160 Hz is 37. 20 kHz reaches to 22.4 kHz.
    for index in [0, 7, 8, 30] {
        assert_eq!(spectrum.third_octave_dbfs(third(index)), Reading::NotApplicable, "{index}");
    }
    assert_eq!(spectrum.third_octave_dbfs(third(9)), Reading::BelowGate);
    assert_eq!(spectrum.bin_dbfs(2049), Reading::NotApplicable);
}

#[test]
fn no_window_reaches_over_a_cut() {
    let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
    let tone = sine::<f64>(3000.0, 48_000.0, 8192, 0.5);
    let mut whole = spectrum::<f64>(1024, stream);
    whole.push(Block::mono(&tone)).unwrap();
    // The same in two phrases, with a loud pause that is not pushed.
    let mut phrases = spectrum::<f64>(1024, stream);
    phrases.push(Block::mono(&tone)).unwrap();
    phrases.start_segment();
    phrases.push(Block::mono(&tone)).unwrap();
    assert_eq!(phrases.windows(), 2 * whole.windows());
    for bin in 0..whole.bins() {
        let apart = (phrases.bin_power(bin) - whole.bin_power(bin)).abs();
        assert!(apart <= 1e-15, "{bin}: {apart}");
    }
}

fn promises<S: Sample>() {
    let frames = 20_000;
    let mut audio = noise::<S>(2, frames, 0.5, 9);
    for (at, fault) in [(0, f64::NAN), (5000, f64::INFINITY), (9000, 2e6), (19_999, -3e9)] {
        audio[at % 2][at] = S::from_f64(fault);
    }
    let run = |isa: Isa, cuts: &[usize], audio: &[Vec<S>]| {
        let stream = Stream::with_isa(48_000.0, Layout::STEREO, isa).unwrap();
        let mut spectrum = spectrum::<S>(2048, stream);
        let block = Block::new(audio).unwrap();
        let mut at = 0;
        for cut in cuts.iter().copied().chain([frames]) {
            spectrum.push(block.range(at, cut)).unwrap();
            at = cut;
        }
        let first = (all_bits(&spectrum), spectrum.windows(), spectrum.faults());
        // Reset is new.
        spectrum.reset();
        assert_eq!((spectrum.windows(), spectrum.faults()), (0, 0));
        spectrum.push(block).unwrap();
        assert!(first == (all_bits(&spectrum), spectrum.windows(), spectrum.faults()));
        first
    };
    let whole = run(Isa::detect(), &[], &audio);
    assert_eq!(whole.2, 4);
    for isa in Isa::available() {
        for cuts in [&[1, 1, 2047, 2048, 2560][..], &[2049, 15_000], &[512, 513, 19_999]] {
            assert!(run(isa, cuts, &audio) == whole, "{isa:?} {cuts:?}");
        }
    }
    // What is not finite counts as 0, bit for bit.
    for channel in &mut audio {
        for sample in channel {
            if sample.is_nan() || sample.abs() > S::from_f64(1e6) {
                *sample = S::zero();
            }
        }
    }
    assert!(run(Isa::detect(), &[], &audio).0 == whole.0);
}

#[test]
fn any_split_any_level_and_zeros_for_faults_give_the_same_bits() {
    promises::<f32>();
    promises::<f64>();
}

#[test]
fn wrong_setups_and_blocks_are_refused() {
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let setup = SpectrumSetup { fft_length: 1000 };
    assert!(LongTermSpectrum::<f32>::required_len(&setup, &stream).is_err());
    let setup = SpectrumSetup { fft_length: 1024 };
    let need = LongTermSpectrum::<f32>::required_len(&setup, &stream).unwrap();
    let mut samples = vec![0.0_f32; need.samples];
    let mut numbers = vec![0.0; need.numbers];
    let made = |samples: usize, numbers_len: usize| {
        let samples = Box::leak(vec![0.0_f32; samples].into_boxed_slice());
        let numbers = Box::leak(vec![0.0; numbers_len].into_boxed_slice());
        LongTermSpectrum::new_in(setup, stream, samples, numbers).map(|_| ())
    };
    for (samples, numbers) in [(need.samples - 1, need.numbers), (need.samples, need.numbers - 1)] {
        assert!(matches!(made(samples, numbers), Err(Error::Storage { .. })));
    }
    let mut spectrum = LongTermSpectrum::new_in(setup, stream, &mut samples, &mut numbers).unwrap();
    assert!(spectrum.push(Block::mono(&[0.0; 10])).is_err());
    assert!(spectrum.push(Block::stereo(&[], &[]).unwrap()).is_ok());
}
