//! The real FFT against a literal DFT in f64, against its plain twin bit for bit, and against what
//! a Fourier transform is.

use mixcore::audio::Sample;
use mixcore::filters::RealFft;
use mixcore::kernels::{
    FFT_MAX, FFT_MIN, Isa, fft_tables_len, fft_work_len, fill_fft_tables, irfft, rfft, scalar,
};
use mixcore::{Error, math};

use crate::signals::noise;

/// Every power of two there is, then other lengths: each radix first, last, alone and repeated; first
/// passes whose columns are whole groups and not, and too few for one; what the resampler takes.
fn lengths() -> impl Iterator<Item = usize> {
    const MIXED: [usize; 24] = [
        48, 80, 112, 144, 240, 336, 400, 560, 784, 960, 1008, 1200, 1680, 2352, 2560, 3072, 3360,
        5040, 6000, 7056, 11_760, 20_480, 34_992, 63_504,
    ];
    (4..=16).map(|log2| 1 << log2).chain(MIXED)
}

/// Relative root-mean-square error of the transform against the DFT, for white noise of all these
/// lengths: a little above what was measured (f32 1.5e-7, f64 3.7e-16; with 16·3^7, which takes
/// eight passes, 5.5e-16). A single wrong factor would give 1e-2 or more.
fn bound<S: Sample>(length: usize) -> f64 {
    match size_of::<S>() {
        4 => 2e-7,
        _ if length.is_power_of_two() => 5e-16,
        _ => 6e-16,
    }
}

fn plan<S: Sample>(length: usize, isa: Isa) -> RealFft<'static, S> {
    let len = RealFft::<S>::required_len(length).unwrap();
    RealFft::new_in(length, isa, Box::leak(vec![S::one(); len].into_boxed_slice())).unwrap()
}

fn forward<S: Sample>(isa: Isa, time: &[S]) -> (Vec<S>, Vec<S>) {
    let bins = time.len() / 2 + 1;
    let (mut re, mut im) = (vec![S::one(); bins], vec![S::one(); bins]);
    plan(time.len(), isa).forward(time, &mut re, &mut im).unwrap();
    (re, im)
}

fn inverse<S: Sample>(isa: Isa, re: &[S], im: &[S]) -> Vec<S> {
    let mut time = vec![S::one(); 2 * (re.len() - 1)];
    plan(time.len(), isa).inverse(re, im, &mut time).unwrap();
    time
}

fn bits<S: Sample>(samples: &[S]) -> Vec<u64> {
    samples.iter().map(|s| s.as_f64().to_bits()).collect()
}

/// One bin of the DFT as its definition reads, in f64; the angle is reduced as a whole number and
/// the two sums are compensated (Neumaier 1974), so that the reference is better than what it judges.
fn dft_bin<S: Sample>(time: &[S], k: usize) -> (f64, f64) {
    let n = time.len();
    let mut sums = [(0.0, 0.0); 2];
    for (index, x) in time.iter().enumerate() {
        let angle = 2.0 * math::PI * (index * k % n) as f64 / n as f64;
        for (sum, part) in sums.iter_mut().zip([math::cos(angle), -math::sin(angle)]) {
            let term = x.as_f64() * part;
            let total = sum.0 + term;
            sum.1 += if sum.0.abs() >= term.abs() {
                (sum.0 - total) + term
            } else {
                (term - total) + sum.0
            };
            sum.0 = total;
        }
    }
    (sums[0].0 + sums[0].1, sums[1].0 + sums[1].1)
}

/// Root-mean-square of the difference over root-mean-square of the reference.
fn relative<T: Iterator<Item = (f64, f64)>>(pairs: T) -> f64 {
    let (difference, power) =
        pairs.fold((0.0, 0.0), |(d, p), (x, r)| (d + (x - r) * (x - r), p + r * r));
    math::sqrt(difference / power)
}

fn against_the_definition<S: Sample>() {
    for length in lengths() {
        let time = noise::<S>(1, length, 1.0, length as u32).remove(0);
        let (re, im) = forward(Isa::detect(), &time);
        // All bins of short transforms; of long ones the ends, the middle and a stride that is
        // prime to every radix.
        let step = if length <= 2048 { 1 } else { length / 2 / 61 };
        let bins =
            (0..=length / 2).step_by(step).chain([1, length / 4, length / 2 - 1, length / 2]);
        let found = bins.flat_map(|k| {
            let (r, i) = dft_bin(&time, k);
            [(re[k].as_f64(), r), (im[k].as_f64(), i)]
        });
        let error = relative(found);
        assert!(error < bound::<S>(length), "{length}: {error:e}");
        if std::env::var_os("MIXCORE_LONG").is_some() {
            println!("fft of {length}, {} bits: error {error:.2e}", 8 * size_of::<S>());
        }
    }
}

#[test]
fn the_spectrum_is_that_of_the_definition() {
    against_the_definition::<f32>();
    against_the_definition::<f64>();
}

fn twins<S: Sample>() {
    for length in lengths() {
        let time = noise::<S>(1, length, 1.0, 7).remove(0);
        let bins = length / 2 + 1;
        let mut tables = vec![S::zero(); fft_tables_len(length)];
        fill_fft_tables(length, &mut tables);
        let mut work = vec![S::one(); fft_work_len(length)];
        let (mut re, mut im) = (vec![S::one(); bins], vec![S::one(); bins]);
        let mut back = vec![S::one(); length];
        scalar::rfft(&tables, &time, &mut work, &mut re, &mut im);
        scalar::irfft(&tables, &re, &im, &mut work, &mut back);
        for isa in Isa::available() {
            let (mut re2, mut im2) = (vec![S::zero(); bins], vec![S::zero(); bins]);
            let mut back2 = vec![S::zero(); length];
            work.fill(S::nan());
            rfft(isa, &tables, &time, &mut work, &mut re2, &mut im2);
            assert_eq!((bits(&re2), bits(&im2)), (bits(&re), bits(&im)), "{isa:?} {length}");
            work.fill(S::nan());
            irfft(isa, &tables, &re, &im, &mut work, &mut back2);
            assert_eq!(bits(&back2), bits(&back), "{isa:?} {length}");
        }
    }
}

#[test]
fn every_level_gives_the_bits_of_the_plain_twin() {
    twins::<f32>();
    twins::<f64>();
}

fn back_and_forth<S: Sample>() {
    for length in lengths() {
        let time = noise::<S>(1, length, 1.0, 3).remove(0);
        let (re, mut im) = forward(Isa::detect(), &time);
        assert_eq!((im[0], im[length / 2]), (S::zero(), S::zero()));
        // Imaginary parts of the ends count as 0.
        (im[0], im[length / 2]) = (S::one(), S::one());
        let back = inverse(Isa::detect(), &re, &im);
        let error = relative(back.iter().zip(&time).map(|(a, b)| (a.as_f64(), b.as_f64())));
        // Two transforms with independent errors.
        assert!(error < 1.5 * bound::<S>(length), "{length}: {error:e}");

        // Parseval: the sum of squares is the mean of the squares of all bins.
        let energy: f64 = time.iter().map(|x| x.as_f64() * x.as_f64()).sum();
        let mut bins = 0.0;
        for k in 0..=length / 2 {
            let twice = if k == 0 || k == length / 2 { 1.0 } else { 2.0 };
            let imaginary = if twice == 1.0 { 0.0 } else { im[k].as_f64() };
            bins += twice * (re[k].as_f64() * re[k].as_f64() + imaginary * imaginary);
        }
        let error = (bins / length as f64 / energy - 1.0).abs();
        // The two sums themselves, of up to 65,536 squares one after the other, round to 1e-13.
        assert!(error < 2.0 * bound::<S>(length) + 1e-12, "{length}: {error:e}");
    }
}

#[test]
fn the_inverse_gives_back_the_signal_and_the_energy_is_the_same() {
    back_and_forth::<f32>();
    back_and_forth::<f64>();
}

fn known_spectra<S: Sample>() {
    for length in lengths() {
        let step = (length / 2).div_ceil(64);
        // An impulse at frame d has the spectrum e^(−2πikd/N), at frame 0 exactly 1.
        for at in [0, 1, length / 3, length - 1] {
            let mut time = vec![S::zero(); length];
            time[at] = S::one();
            let (re, im) = forward(Isa::detect(), &time);
            for k in (0..=length / 2).step_by(step) {
                let angle = 2.0 * math::PI * (k * at % length) as f64 / length as f64;
                let apart = (re[k].as_f64() - math::cos(angle))
                    .abs()
                    .max((im[k].as_f64() + math::sin(angle)).abs());
                // Products of at most nine roots, each to half a unit of the last place; a butterfly
                // of five or seven adds up to six roundings of its own.
                let units = if length.is_power_of_two() { 5.0 } else { 12.0 };
                assert!(
                    apart <= if at == 0 { 0.0 } else { units * S::epsilon().as_f64() },
                    "{length} {at} {k} {apart:e}"
                );
            }
        }
        // A constant is all in bin 0; whole sums of ones are exact. Where cosines of fifths and
        // sevenths do not sum to −½, as many roundings as there are passes are left, each of a part
        // of the sum.
        let left =
            if length.is_power_of_two() { 0.0 } else { length as f64 * S::epsilon().as_f64() };
        let within = |x: &S| x.as_f64().abs() <= left;
        let (re, im) = forward(Isa::detect(), &vec![S::one(); length]);
        assert_eq!(re[0].as_f64(), length as f64);
        assert!(re[1..].iter().chain(&im).all(within), "{length}");
        // The highest frequency is all in the last bin.
        let mut time = vec![S::one(); length];
        time.iter_mut().skip(1).step_by(2).for_each(|x| *x = -S::one());
        let (re, _) = forward(Isa::detect(), &time);
        assert_eq!(re[length / 2].as_f64(), length as f64);
        assert!(re[..length / 2].iter().all(within), "{length}");
    }
}

#[test]
fn impulses_constants_and_the_highest_frequency() {
    known_spectra::<f32>();
    known_spectra::<f64>();
}

fn linear_and_shift<S: Sample>() {
    for length in [16, 64, 128, 1024, 2352, 2560, 8192] {
        let [x, y] = noise::<S>(2, length, 1.0, 5).try_into().unwrap();
        let (g, h) = (S::from_f64(0.75), S::from_f64(-1.5));
        let sum: Vec<S> = x.iter().zip(&y).map(|(&x, &y)| x * g + y * h).collect();
        let (xs, ys, sums) =
            (forward(Isa::detect(), &x), forward(Isa::detect(), &y), forward(Isa::detect(), &sum));
        let expected = |k: usize| {
            let mix = |x: S, y: S| x.as_f64() * 0.75 - y.as_f64() * 1.5;
            [mix(xs.0[k], ys.0[k]), mix(xs.1[k], ys.1[k])]
        };
        let pairs = (0..=length / 2).flat_map(|k| {
            let [re, im] = expected(k);
            [(sums.0[k].as_f64(), re), (sums.1[k].as_f64(), im)]
        });
        let error = relative(pairs);
        assert!(error < 2.0 * bound::<S>(length), "linear, {length}: {error:e}");

        // A signal turned round by d frames: every bin times e^(−2πikd/N).
        let d = length / 3;
        let mut turned = x.clone();
        turned.rotate_right(d);
        let (re, im) = forward(Isa::detect(), &turned);
        let pairs = (0..=length / 2).flat_map(|k| {
            let angle = -2.0 * math::PI * (k * d % length) as f64 / length as f64;
            let (c, s) = (math::cos(angle), math::sin(angle));
            let (r, i) = (xs.0[k].as_f64(), xs.1[k].as_f64());
            [(re[k].as_f64(), r * c - i * s), (im[k].as_f64(), r * s + i * c)]
        });
        let error = relative(pairs);
        assert!(error < 2.0 * bound::<S>(length), "shift, {length}: {error:e}");
    }
}

#[test]
fn sums_and_shifts() {
    linear_and_shift::<f32>();
    linear_and_shift::<f64>();
}

/// "at most 3.5 times its length, 4.2 times where it is no power of two", for each length there is.
#[test]
fn the_memory_is_what_the_documentation_says() {
    let mut most = [0.0_f64; 2];
    for length in (FFT_MIN..=FFT_MAX).step_by(16) {
        if let Ok(len) = RealFft::<f32>::required_len(length) {
            assert_eq!(RealFft::<f64>::required_len(length).unwrap(), len);
            let class = usize::from(!length.is_power_of_two());
            most[class] = most[class].max(len as f64 / length as f64);
        }
    }
    // Both are reached to the digit.
    assert!(most[0] <= 3.5 && most[0] > 3.4, "{most:?}");
    assert!(most[1] <= 4.2 && most[1] > 4.1, "{most:?}");
}

#[test]
fn lengths_that_do_not_fit_are_refused_and_write_nothing() {
    for length in [0, 1, 8, 17, 40, 176, 1000, 65_528, 65_535, 131_072, usize::MAX] {
        let error = RealFft::<f32>::required_len(length).unwrap_err();
        let ranged = matches!(error, Error::OutOfRange { field: "fft_length", .. });
        assert_eq!(ranged, !(FFT_MIN..=FFT_MAX).contains(&length), "{length}");
        let text = error.to_string();
        let given = length as f64;
        assert!(text.starts_with(&format!("fft_length is {given}, allowed is 16")), "{text}");
        assert!(
            ranged || text.ends_with("take the next one above and fill up with zeros"),
            "{text}"
        );
    }
    let len = RealFft::<f32>::required_len(256).unwrap();
    let mut memory = vec![0.0_f32; len - 1];
    let refused = RealFft::new_in(256, Isa::detect(), &mut memory);
    assert!(matches!(refused, Err(Error::Storage { required, .. }) if required == len));

    let mut fft = plan::<f32>(256, Isa::detect());
    assert_eq!((fft.length(), fft.bins()), (256, 129));
    let (mut re, mut im, mut time) = ([7.0; 129], [7.0; 129], [7.0; 256]);
    assert!(fft.forward(&time[1..], &mut re, &mut im).is_err());
    assert!(fft.forward(&time, &mut re[1..], &mut im).is_err());
    assert!(fft.inverse(&re, &im[1..], &mut time).is_err());
    assert!(re.iter().chain(&im).chain(&time).all(|x| *x == 7.0));
}

#[test]
fn what_is_not_finite_does_not_stay() {
    let mut fft = plan::<f32>(256, Isa::detect());
    let clean = noise::<f32>(1, 256, 1.0, 9).remove(0);
    let mut faulty = clean.clone();
    faulty[17] = f32::NAN;
    let (mut re, mut im) = ([0.0; 129], [0.0; 129]);
    fft.forward(&faulty, &mut re, &mut im).unwrap();
    // The bin at a quarter of the rate takes the even frames as they are.
    assert!(re.iter().filter(|x| x.is_nan()).count() >= 128);
    fft.forward(&clean, &mut re, &mut im).unwrap();
    assert_eq!((bits(&re), bits(&im)), {
        let (re, im) = forward(Isa::detect(), &clean);
        (bits(&re), bits(&im))
    });
}
