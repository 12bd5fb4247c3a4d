//! The equaliser and the cascade as they run: measured responses, moves, numbers.

use mixcore::filters::design::{Method, Shape, prototype, second_order};
use mixcore::filters::{Biquad, Cascade, Eq, EqBand, EqParams, EqSetup, MAX_EQ_BANDS, RealFft};
use mixcore::{Block, BlockMut, Io, Isa, Layout, Process, Processor, Sample, Stream, math, units};
use proptest::prelude::*;

use crate::click::{CLICK_DBFS, PASSAGE, left_above_5_khz, tone};
use crate::signals::{Noise, noise};

pub const RATE_HZ: f64 = 48_000.0;

fn stream(layout: Layout) -> Stream {
    Stream::new(RATE_HZ, layout).unwrap()
}

pub fn eq(bands: &[EqBand], rate_hz: f64, layout: Layout) -> Eq {
    let setup = EqSetup { bands: bands.len(), ..EqSetup::default() };
    Eq::new(setup, EqParams::new(bands), Stream::new(rate_hz, layout).unwrap()).unwrap()
}

fn run<S: Sample>(processor: &mut impl Process<S>, samples: &mut [S]) {
    processor.process(Io::new(BlockMut::mono(samples))).unwrap();
}

/// A number in 0 to 1.
pub fn unit(pick: &mut Noise) -> f64 {
    pick.below(1_000_001) as f64 * 1e-6
}

/// Level at each bin of a 65,536-point transform of the impulse response, dB.
pub fn measured_db(processor: &mut impl Process<f64>) -> Vec<f64> {
    let mut fft = RealFft::<f64>::new(65_536, Isa::detect()).unwrap();
    let mut impulse = vec![0.0; 65_536];
    impulse[0] = 1.0;
    run(processor, &mut impulse);
    let (mut re, mut im) = (vec![0.0; fft.bins()], vec![0.0; fft.bins()]);
    fft.forward(&impulse, &mut re, &mut im).unwrap();
    re.iter().zip(&im).map(|(re, im)| units::gain_to_db(math::hypot(*re, *im))).collect()
}

/// Eight bands at once: their levels add up.
#[test]
fn bands_in_series_add_their_levels() {
    const MEASURED_DB: f64 = 1e-6;
    let bands = [
        EqBand::new(Shape::HighPass, 70.0, 0.0, 0.71),
        EqBand::new(Shape::LowShelf, 150.0, 3.0, 0.7),
        EqBand::new(Shape::Bell, 300.0, -5.0, 2.0),
        EqBand { on: false, ..EqBand::new(Shape::Bell, 500.0, 12.0, 1.0) },
        EqBand::new(Shape::Bell, 2500.0, 4.0, 1.0),
        EqBand::new(Shape::Notch, 5000.0, 0.0, 8.0),
        EqBand::new(Shape::HighShelf, 9000.0, -6.0, 0.7),
        EqBand::new(Shape::LowPass, 16_000.0, 0.0, 0.71),
        EqBand::new(Shape::Tilt, 1000.0, 1.0, 0.5),
    ];
    let mut all = eq(&bands, RATE_HZ, Layout::MONO);
    let levels = measured_db(&mut all);
    for bin in (7..30_000).step_by(101) {
        let hz = bin as f64 * RATE_HZ / 65_536.0;
        let each = (0..bands.len()).map(|band| all.band_response_db(band, hz).unwrap());
        let sum: f64 = each.sum();
        assert!((all.response_db(hz) - sum).abs() < 1e-9);
        if sum > -60.0 {
            assert!((levels[bin] - sum).abs() < MEASURED_DB, "{hz}: {} {sum}", levels[bin]);
        }
    }
    assert_eq!(all.band_response_db(3, 500.0).unwrap(), 0.0);
    assert!(all.band_response_db(9, 500.0).is_err() && all.band(9).is_err());
}

/// The literal sum over every sample, no state kept between bands.
fn reference(sections: &[Biquad], input: &[f64]) -> Vec<f64> {
    let mut signal = input.to_vec();
    for section in sections {
        // Direct form I: the difference equation as it stands.
        let (mut x, mut y) = ([0.0; 2], [0.0; 2]);
        for sample in &mut signal {
            let new = section.b[0] * *sample + section.b[1] * x[0] + section.b[2] * x[1]
                - section.a[0] * y[0]
                - section.a[1] * y[1];
            (x, y) = ([*sample, x[0]], [new, y[0]]);
            *sample = new;
        }
    }
    signal
}

/// Extremes: 20 Hz at 192 kHz, rates from 8 to 384 kHz. The states are f64 for f32 audio too.
#[test]
fn the_error_is_that_of_one_rounding() {
    /// Two forms of the same filter differ by their roundings: poles at 20 Hz and 384 kHz raise
    /// them by 1/w0² = 9e6 from 1e-16.
    const F64: f64 = 1e-8;
    for (rate_hz, hz) in [(8000.0, 20.0), (48_000.0, 20.0), (192_000.0, 20.0), (384_000.0, 20.0)] {
        let shapes = [Shape::HighPass, Shape::LowShelf, Shape::Bell, Shape::LowPass, Shape::Tilt];
        let bands = shapes.map(|shape| EqBand::new(shape, hz, 6.0, 0.71));
        let sections = shapes.map(|shape| {
            let gain_db = 6.0;
            second_order(Method::Matched, shape, hz, 0.71, gain_db, rate_hz).unwrap()
        });
        let input = noise::<f32>(1, 30_000, 0.5, 21).remove(0);
        let wide: Vec<f64> = input.iter().map(|&x| f64::from(x)).collect();
        let truth = reference(&sections, &wide);
        let mut out = wide.clone();
        run(&mut eq(&bands, rate_hz, Layout::MONO), &mut out);
        let mut narrow = input.clone();
        run(&mut eq(&bands, rate_hz, Layout::MONO), &mut narrow);
        let stream = Stream::new(rate_hz, Layout::MONO).unwrap();
        let mut fixed = wide.clone();
        run(&mut Cascade::new(&sections, stream).unwrap(), &mut fixed);
        let peak = truth.iter().fold(0.0_f64, |peak, y| peak.max(y.abs()));
        for (n, truth) in truth.iter().enumerate() {
            assert!((out[n] - truth).abs() < F64 * peak, "{rate_hz} {n}");
            assert_eq!(fixed[n].to_bits(), out[n].to_bits(), "the cascade is the same filter");
            assert_eq!(narrow[n].to_bits(), (out[n] as f32).to_bits(), "one rounding");
        }
    }
}

/// The bands of a channel do not depend on the other channels, nor on how many there are.
#[test]
fn any_number_of_channels() {
    let bands: Vec<EqBand> = (0..11)
        .map(|n| EqBand::new(Shape::Bell, 100.0 + 300.0 * f64::from(n), 6.0 - f64::from(n), 1.0))
        .collect();
    let audio = noise::<f32>(24, 700, 0.5, 5);
    let each: Vec<Vec<f32>> = audio
        .iter()
        .map(|channel| {
            let mut out = channel.clone();
            run(&mut eq(&bands, RATE_HZ, Layout::MONO), &mut out);
            out
        })
        .collect();
    for layout in Layout::all() {
        let channels = layout.channel_count();
        let mut out = audio[..channels].to_vec();
        let block = BlockMut::new(&mut out).unwrap();
        eq(&bands, RATE_HZ, layout).process(Io::new(block)).unwrap();
        assert!(out == each[..channels], "{layout}");
    }
}

/// A channel that runs alone has the bits of one in a pair, while bands move and in any split; so has
/// the third of three.
fn alone_as_in_a_pair<S: Sample>(isa: Isa, seed: u32) {
    let mut pick = Noise::new(seed);
    let count = 1 + pick.below(MAX_EQ_BANDS);
    let layout = |channels| {
        Layout::all().find(|layout| layout.channel_count() == channels).unwrap_or(Layout::MONO)
    };
    let setup = EqSetup { bands: count, ..EqSetup::default() };
    let make = |layout| {
        let stream = Stream::with_isa(RATE_HZ, layout, isa).unwrap();
        Eq::new(setup, EqParams::default(), stream).unwrap()
    };
    let (mut one, mut two, mut three) = (make(Layout::MONO), make(Layout::STEREO), make(layout(3)));
    for round in 0..40 {
        let hz = 20.0 * math::pow(900.0, unit(&mut pick));
        let band = EqBand::new(Shape::ALL[pick.below(10)], hz, 12.0 * unit(&mut pick), 1.0);
        let index = pick.below(count);
        for all in [&mut one, &mut two, &mut three] {
            all.set_band(index, band).unwrap();
        }
        let mut samples = noise::<S>(1, pick.below(150), 0.5, round).remove(0);
        if let Some(first) = samples.first_mut() {
            *first = S::from_f64([1.0, f64::NAN, 2e6][pick.below(3)]);
        }
        let mut pair = vec![samples.clone(); 2];
        two.process(Io::new(BlockMut::new(&mut pair).unwrap())).unwrap();
        let mut trio = vec![samples.clone(); 3];
        three.process(Io::new(BlockMut::new(&mut trio).unwrap())).unwrap();
        let cut = pick.below(samples.len() + 1);
        run(&mut one, &mut samples[..cut]);
        run(&mut one, &mut samples[cut..]);
        let bits = |samples: &[S]| samples.iter().map(|x| x.as_f64().to_bits()).collect::<Vec<_>>();
        for other in pair.iter().chain(&trio) {
            assert_eq!(bits(&samples), bits(other), "{isa:?}, {count} bands, round {round}");
        }
    }
    assert_eq!((one.faults() * 2, one.faults() * 3), (two.faults(), three.faults()));
}

#[test]
fn a_channel_alone_has_the_bits_of_one_in_a_pair() {
    for isa in Isa::available() {
        for seed in 1..9 {
            alone_as_in_a_pair::<f32>(isa, seed);
            alone_as_in_a_pair::<f64>(isa, seed + 100);
        }
    }
}

#[test]
fn all_bands_off_pass_every_bit() {
    let bands = [EqBand { on: false, gain_db: 12.0, ..EqBand::default() }; 8];
    let mut off = eq(&bands, RATE_HZ, Layout::MONO);
    let mut samples = noise::<f32>(1, 3000, 1.0, 6).remove(0);
    samples[5] = -0.0;
    samples[6] = f32::MIN_POSITIVE / 4.0;
    let before: Vec<u32> = samples.iter().map(|x| x.to_bits()).collect();
    run(&mut off, &mut samples);
    assert_eq!(samples.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), before);
    assert_eq!((off.response_db(1000.0), off.tail_frames()), (0.0, 8 * 66));
    samples[7] = f32::NAN;
    run(&mut off, &mut samples);
    assert_eq!((samples[7], off.faults()), (0.0, 1));
    // On and off again: the same, once the fade is over.
    off.set_field("band3_on", 1.0).unwrap();
    run(&mut off, &mut samples.clone());
    off.set_field("band3_on", 0.0).unwrap();
    run(&mut off, &mut samples.clone());
    let before = samples.clone();
    run(&mut off, &mut samples);
    assert!(samples == before);
}

#[test]
fn a_move_is_straight_in_its_own_scale_and_ends_on_time() {
    let mut one = eq(&[EqBand::new(Shape::Bell, 100.0, 0.0, 1.0)], RATE_HZ, Layout::MONO);
    let target = EqBand::new(Shape::Bell, 1600.0, 12.0, 4.0);
    one.set_band(0, target).unwrap();
    assert_eq!((one.band(0).unwrap(), one.field("band1_q")), (target, Some(4.0)));
    let mut silence = vec![0.0_f64; 480];
    run(&mut one, &mut silence);
    // Half-way: the geometric mean of the frequencies and of the Qs, half the gain.
    let half = prototype::second_order_db(Shape::Bell, 400.0, 2.0, 6.0, 300.0);
    assert!((one.response_db(400.0) - 6.0).abs() < 1e-6);
    assert!((one.response_db(300.0) - half).abs() < 0.01);
    run(&mut one, &mut silence);
    let there = second_order(Method::Matched, Shape::Bell, 1600.0, 4.0, 12.0, RATE_HZ).unwrap();
    let truth = there.response_db(1500.0, RATE_HZ);
    assert_eq!(
        one.response_db(1500.0).to_bits(),
        units::gain_to_db(there.gain_at(1500.0, RATE_HZ)).to_bits()
    );
    assert!((one.response_db(1500.0) - truth).abs() < 1e-12);
    // 500 frames into the next move it is frozen by a reset.
    one.set_band(0, EqBand::new(Shape::Bell, 200.0, 12.0, 4.0)).unwrap();
    run(&mut one, &mut silence);
    one.reset();
    assert!((one.response_db(200.0) - 12.0).abs() < 1e-6);
}

/// A full-scale 100 Hz sine, a passage around a change of one band.
fn changed(from: EqBand, to: EqBand, frame: usize) -> Vec<f64> {
    let mut one = eq(&[from], RATE_HZ, Layout::MONO);
    let mut samples = tone(24_000 + PASSAGE);
    let at = 24_000 + frame;
    run(&mut one, &mut samples[..at]);
    one.set_band(0, to).unwrap();
    run(&mut one, &mut samples[at..]);
    samples.split_off(24_000)
}

#[test]
fn a_moved_band_leaves_no_click() {
    let bell = EqBand::new(Shape::Bell, 100.0, 0.0, 1.0);
    let off = EqBand { on: false, ..bell };
    let moves = [
        ("gain", bell, EqBand { gain_db: -20.0, ..bell }),
        ("boost", bell, EqBand { gain_db: 12.0, ..bell }),
        ("hz", EqBand { gain_db: 12.0, ..bell }, EqBand { gain_db: 12.0, hz: 400.0, ..bell }),
        (
            "q",
            EqBand { gain_db: 12.0, hz: 150.0, ..bell },
            EqBand { gain_db: 12.0, hz: 150.0, q: 8.0, ..bell },
        ),
        ("on", EqBand { gain_db: 12.0, ..off }, EqBand { gain_db: 12.0, ..bell }),
        (
            "off",
            EqBand { gain_db: -20.0, q: 6.0, ..bell },
            EqBand { gain_db: -20.0, q: 6.0, ..off },
        ),
        (
            "shape",
            EqBand::new(Shape::HighPass, 80.0, 0.0, 0.71),
            EqBand::new(Shape::LowShelf, 80.0, -6.0, 0.71),
        ),
        ("shape", EqBand { gain_db: 12.0, ..bell }, EqBand::new(Shape::Notch, 100.0, 0.0, 1.0)),
        (
            "shape",
            EqBand::new(Shape::LowPass, 1000.0, 0.0, 0.71),
            EqBand::new(Shape::Tilt, 1000.0, 6.0, 0.71),
        ),
        (
            "shape",
            EqBand::new(Shape::LowPass, 200.0, 0.0, 0.71),
            EqBand::new(Shape::AllPass, 200.0, 6.0, 0.71),
        ),
    ];
    for (what, from, to) in moves {
        for frame in [1800, 1801, 1816, 1920, 2040] {
            let (energy, _) = left_above_5_khz(&changed(from, to, frame), 20.0);
            assert!(energy < CLICK_DBFS, "{what} at {frame}: {energy:.1} dBFS\n{from:?}\n{to:?}");
        }
    }
}

/// Every field to anywhere, a thousand times, in the middle of each other's moves.
#[test]
fn it_stays_stable_while_everything_moves() {
    /// Input of ±0.5 through six bands of at most 36 dB and a resonance of 32 dB; a filter that had
    /// run away would be at the largest number there is.
    const STABLE: f64 = 1e21;
    let mut pick = Noise::new(77);
    let mut all = eq(&[EqBand::default(); 6], RATE_HZ, Layout::STEREO);
    let mut audio = noise::<f64>(2, 333, 0.5, 9);
    for round in 0..1000 {
        let hz = 5.0 * math::pow(4000.0, unit(&mut pick));
        let band = EqBand {
            shape: Shape::ALL[pick.below(10)],
            on: pick.below(4) > 0,
            hz,
            gain_db: 72.0 * unit(&mut pick) - 36.0,
            q: 0.1 * math::pow(400.0, unit(&mut pick)),
        };
        all.set_band(pick.below(6), band).unwrap();
        audio = noise::<f64>(2, 1 + pick.below(1200), 0.5, round);
        all.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
        assert!(audio.iter().flatten().all(|x| x.abs() < STABLE), "round {round}");
    }
    // And it settles: with all bands off again it is as good as new.
    all.set_params(EqParams::default()).unwrap();
    all.process(Io::new(BlockMut::new(&mut vec![vec![0.0; 2000]; 2]).unwrap())).unwrap();
    let before = audio.clone();
    all.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
    assert!(audio == before);
}

/// A ring runs down to exact zero within `tail_frames`, and never through the subnormal numbers.
#[test]
fn what_rings_ends_in_zero() {
    for band in [
        EqBand::new(Shape::Bell, 5000.0, 12.0, 2.0),
        EqBand::new(Shape::HighPass, 300.0, 0.0, 0.3),
        EqBand::new(Shape::LowPass, 15_000.0, 0.0, 4.0),
    ] {
        let mut two = eq(&[band, band], RATE_HZ, Layout::MONO);
        let tail = two.tail_frames();
        let mut samples = vec![0.0_f64; 1 + tail + 10];
        samples[0] = 1e6;
        run(&mut two, &mut samples);
        assert!(samples[1 + tail..].iter().all(|x| x.to_bits() == 0), "{band:?}");
        assert!(samples.iter().all(|x| *x == 0.0 || x.abs() > 1e-300), "{band:?}");
        assert!(samples[tail / 4] != 0.0, "the tail is not much longer than the sound");
    }
}

#[test]
fn errors_name_the_band_and_its_bounds() {
    let mut two = eq(&[EqBand::default(); 2], 11_025.0, Layout::MONO);
    let refused = |result: Result<(), mixcore::Error>, start: &str| {
        let text = result.unwrap_err().to_string();
        assert!(text.starts_with(start) && text.contains("allowed"), "{text}");
    };
    refused(two.set_field("band2_hz", 5512.5), "band2_hz is 5512.5");
    refused(two.set_field("band2_hz", f64::NAN), "band2_hz is NaN");
    refused(two.set_field("band1_gain_db", 121.0), "band1_gain_db is 121");
    refused(two.set_field("band1_q", 0.0), "band1_q is 0");
    refused(two.set_field("band3_q", 1.0), "unknown field");
    refused(two.set_band(2, EqBand::default()), "band index (from 0) is 2");
    assert_eq!(two.params(), EqParams::default());
    let setup = |bands| {
        Eq::new(EqSetup { bands, ..EqSetup::default() }, EqParams::default(), stream(Layout::MONO))
    };
    assert!(setup(0).is_err() && setup(MAX_EQ_BANDS + 1).is_err() && setup(MAX_EQ_BANDS).is_ok());
    assert!(Cascade::new(&[], stream(Layout::MONO)).is_err());
    let wild = Biquad { b: [1.0, 0.0, 0.0], a: [-2.0, 1.0] };
    assert!(Cascade::new(&[wild], stream(Layout::MONO)).is_err());
    let section = Biquad { b: [1.0, 0.0, 0.0], a: [0.0, 0.0] };
    assert!(Cascade::new(&[section; 17], stream(Layout::MONO)).is_err());
}

#[cfg(feature = "json")]
#[test]
fn bands_as_json() {
    let params = EqParams::new(&[EqBand::new(Shape::HighShelf, 8000.0, 3.0, 0.7)]);
    let text = serde_json::to_string(&params).unwrap();
    assert_eq!(
        text,
        r#"{"bands":[{"shape":"high_shelf","on":true,"hz":8000.0,"gain_db":3.0,"q":0.7}]}"#
    );
    assert_eq!(serde_json::from_str::<EqParams>(&text).unwrap(), params);
    let long = format!(r#"{{"bands":[{}]}}"#, vec!["{}"; 17].join(","));
    assert!(serde_json::from_str::<EqParams>(&long).is_err());
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -40.0..40.0]
}

proptest! {
    /// Any arguments and samples: an error, or an equaliser that gives finite samples.
    #[test]
    fn any_arguments_give_an_error_or_an_equaliser(
        bands in prop::collection::vec(
            (prop::sample::select(Shape::ALL.to_vec()), any::<bool>(), prop_oneof![any_number(), 5.0..20e3], any_number(), prop_oneof![any_number(), 0.1..40.0]),
            0..18,
        ),
        cookbook: bool,
        count in 0..18_usize,
        rate_hz in prop_oneof![any_number(), 8e3..384e3, Just(48e3)],
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>(), 1 => Just(1e6)], 0..300),
        cut in 0..300_usize,
        coefficients in prop::collection::vec(any_number(), 5),
    ) {
        let bands: Vec<EqBand> = bands
            .into_iter()
            .map(|(shape, on, hz, gain_db, q)| EqBand { shape, on, hz, gain_db, q })
            .collect();
        let method = if cookbook { Method::Cookbook } else { Method::Matched };
        let stream = Stream { rate_hz, ..stream(Layout::MONO) };
        let (first, rest) = audio.split_at(cut.min(audio.len()));
        if let Ok(mut eq) = Eq::new(EqSetup { bands: count, method }, EqParams::new(&bands), stream) {
            let mut all = [first.to_vec(), rest.to_vec()];
            run(&mut eq, &mut all[0]);
            let _ = eq.set_params(EqParams::default());
            run(&mut eq, &mut all[1]);
            prop_assert!(all.iter().flatten().all(|x| x.is_finite()));
            prop_assert!(!eq.response_db(100.0).is_nan());
        }
        let mut eq = eq(&[EqBand::default(); 4], 48e3, Layout::MONO);
        for (index, band) in bands.iter().enumerate() {
            let _ = eq.set_band(index, *band);
            let mut part = first.to_vec();
            run(&mut eq, &mut part);
            prop_assert!(part.iter().all(|x| x.is_finite()));
        }
        let section = Biquad {
            b: [coefficients[0], coefficients[1], coefficients[2]],
            a: [coefficients[3], coefficients[4]],
        };
        if let Ok(mut cascade) = Cascade::new(&[section; 3], stream) {
            let mut part = rest.to_vec();
            run(&mut cascade, &mut part);
            prop_assert!(part.iter().all(|x| x.is_finite()));
        }
    }
}

/// Any split of the audio, with changes off the grid, gives the same bits.
#[test]
fn every_split_gives_the_same_bits() {
    let bands: Vec<EqBand> =
        (0..9).map(|n| EqBand::new(Shape::Bell, 200.0 * f64::from(n + 1), 3.0, 1.0)).collect();
    let input = noise::<f32>(3, 4000, 1.0, 7);
    let render = |seed: u32| {
        let layout =
            Layout::all().find(|layout| layout.channel_count() == 3).unwrap_or(Layout::STEREO);
        let channels = layout.channel_count();
        let mut all = eq(&bands, 44_100.0, layout);
        let mut audio = input[..channels].to_vec();
        let mut pick = Noise::new(seed);
        let mut at = 0;
        let changes = [
            (700, EqBand::new(Shape::Notch, 3000.0, 0.0, 5.0)),
            (711, EqBand { on: false, ..EqBand::default() }),
            (1111, EqBand::new(Shape::Tilt, 300.0, 3.0, 0.5)),
            (2500, EqBand::new(Shape::Bell, 50.0, 12.0, 1.0)),
            (4000, EqBand::default()),
        ];
        for (index, (end, band)) in changes.into_iter().enumerate() {
            while at < end {
                let count = if seed == 0 { end } else { pick.below(90) }.min(end - at);
                let mut block = BlockMut::new(&mut audio).unwrap();
                all.process(Io::new(block.range(at, at + count))).unwrap();
                at += count;
            }
            all.set_band(index * 2, band).unwrap();
        }
        let block = Block::new(&audio).unwrap();
        block.channels().flatten().map(|x| x.to_bits()).collect::<Vec<_>>()
    };
    let whole = render(0);
    for seed in 1..6 {
        assert!(render(seed) == whole);
    }
}
