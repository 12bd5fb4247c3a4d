//! The figures of single trades: equivalent level, RMS and noise floor, peak to loudness, albums,
//! short clips. In every feature set, in lent memory.

use mixcore::audio::{Block, Sample};
use mixcore::kernels::{self, CascadeState, Isa, Section, scalar};
use mixcore::loudness::{
    Album, Calibration, LeqMeter, LeqReadings, LeqSetup, PeakToShortTerm, ReplayGain,
    RmsConvention, RmsMeter, RmsReadings, ShortClipMeasure, SubBlocks, Weighting, WeightingFilter,
};
use mixcore::{Error, Layout, Reading, Stream, math};

use crate::signals::{Noise, noise};

const RATES_HZ: [f64; 4] = [44_100.0, 48_000.0, 96_000.0, 192_000.0];
/// A tone that starts: the filter's fit is within 0.003 dB, and its run-in is a few of a second's
/// 44,100 frames.
const TONE_DB: f64 = 0.005;
/// 10 log10 2.
const SINE_DB: f64 = 3.010_299_956_639_812;

fn tone<S: Sample>(hz: f64, rate_hz: f64, frames: usize, level: f64) -> Vec<S> {
    (0..frames)
        .map(|n| S::from_f64(level * math::sin(2.0 * math::PI * hz * n as f64 / rate_hz)))
        .collect()
}

fn weighted(weighting: Weighting, layout: Layout) -> LeqSetup {
    LeqSetup { weighting, calibration: Calibration::cinema(layout).unwrap() }
}

/// Pushes `channels` in pieces that end at `cuts`, into memory that is not clean.
fn leq<S: Sample>(
    setup: LeqSetup,
    stream: Stream,
    channels: &[Vec<S>],
    cuts: &[usize],
) -> LeqReadings {
    let mut memory = vec![S::one(); LeqMeter::<S>::required_len(&stream)];
    let mut meter = LeqMeter::new_in(setup, stream, &mut memory).unwrap();
    let block = Block::new(channels).unwrap();
    let mut at = 0;
    for &cut in cuts.iter().chain([&block.frames()]) {
        meter.push(block.range(at, cut)).unwrap();
        at = cut;
    }
    assert_eq!(meter.frames(), block.frames() as u64);
    meter.measurement()
}

fn rms<S: Sample>(
    convention: RmsConvention,
    stream: Stream,
    channels: &[Vec<S>],
    cuts: &[usize],
) -> Vec<RmsReadings> {
    let mut memory = vec![S::one(); RmsMeter::<S>::required_len(&stream)];
    let mut meter = RmsMeter::new_in(convention, stream, &mut memory).unwrap();
    let block = Block::new(channels).unwrap();
    let mut at = 0;
    for &cut in cuts.iter().chain([&block.frames()]) {
        meter.push(block.range(at, cut)).unwrap();
        at = cut;
    }
    let each = (0..channels.len()).map(|channel| meter.channel_measurement(channel));
    core::iter::once(meter.measurement()).chain(each).collect()
}

fn value(reading: Reading) -> f64 {
    reading.value().unwrap_or_else(|| panic!("no value: {reading}"))
}

fn stream(rate_hz: f64, layout: Layout) -> Stream {
    Stream::new(rate_hz, layout).unwrap()
}

#[test]
fn a_tone_at_the_reference_level_reads_85_db_plus_its_weight() {
    for rate_hz in RATES_HZ {
        for (weighting, hz) in [
            (Weighting::M, 2000.0),
            (Weighting::M, 100.0),
            (Weighting::M, 6300.0),
            (Weighting::M, 16_000.0),
            (Weighting::A, 1000.0),
            (Weighting::A, 125.0),
            (Weighting::A, 18_000.0),
            (Weighting::Z, 40.0),
        ] {
            let audio = tone::<f64>(hz, rate_hz, rate_hz as usize, 0.1);
            let setup = weighted(weighting, Layout::MONO);
            let found = leq(setup, stream(rate_hz, Layout::MONO), &[audio], &[]);
            let expected = 85.0 + weighting.response_db(hz);
            let off = value(found.leq_db) - expected;
            assert!(off.abs() < TONE_DB, "{weighting:?} {hz} at {rate_hz}: {off}");
        }
    }
}

#[test]
fn the_channels_of_iso_21727_add_as_power_and_the_lfe_counts() {
    let layout = Layout::SURROUND_5_1;
    let one = tone::<f32>(1000.0, 48e3, 48_000, 0.1);
    let silent = vec![0.0_f32; 48_000];
    let setup = weighted(Weighting::Z, layout);
    let all = leq(setup, stream(48e3, layout), &vec![one.clone(); 6], &[]);
    // 3 x 10^8.5 + 10^9.5 + 2 x 10^8.2 = 4.42794e9.
    assert!((value(all.leq_db) - 96.4620).abs() < 1e-3, "{}", all.leq_db);
    for (channel, level_db) in [85.0, 85.0, 85.0, 95.0, 82.0, 82.0].into_iter().enumerate() {
        let mut channels = vec![silent.clone(); 6];
        channels[channel].clone_from(&one);
        let alone = leq(setup, stream(48e3, layout), &channels, &[]);
        // f32 samples round by 6e-8 of their size.
        assert!((value(alone.leq_db) - level_db).abs() < 1e-6, "{channel}: {}", alone.leq_db);
    }
    // The same channel read out of the sum.
    let mut memory = vec![0.0_f32; LeqMeter::<f32>::required_len(&stream(48e3, layout))];
    let mut meter = LeqMeter::new_in(setup, stream(48e3, layout), &mut memory).unwrap();
    meter.push(Block::new(&vec![one; 6]).unwrap()).unwrap();
    assert!((value(meter.channel_leq_db(3)) - 95.0).abs() < 1e-6);
    meter.reset();
    assert!(matches!(meter.measurement().leq_db, Reading::TooShort { .. }));
}

/// Pink noise of a mean square, 20 Hz to 20 kHz: 150 tones of equal power at equal distances in
/// pitch, each with whole periods in 2 s.
fn pink(mean_square: f64) -> Vec<f64> {
    const FRAMES: usize = 96_000;
    const TONES: usize = 150;
    let amplitude = math::sqrt(2.0 * mean_square / TONES as f64);
    let mut phases = Noise::new(5);
    let mut audio = vec![0.0; FRAMES];
    for tone in 0..TONES {
        let pitch = (tone as f64 + 0.5) / TONES as f64;
        let hz = 0.5 * math::round(2.0 * 20.0 * math::pow(1000.0, pitch));
        let (turn, start) = (2.0 * math::PI * hz / 48e3, math::PI * phases.next_f64());
        let (cos, sin) = (math::cos(turn), math::sin(turn));
        let (mut re, mut im) = (math::cos(start), math::sin(start));
        for sample in &mut audio {
            *sample += amplitude * re;
            (re, im) = (re * cos - im * sin, re * sin + im * cos);
        }
    }
    audio
}

#[test]
fn pink_noise_reads_what_the_documentation_prints() {
    // A decimal of the table is 0.01; the start and end of the noise move the figure by less.
    let tolerance = 0.01;
    // An average-responding meter shows the same for pink noise and a sine whose RMS is 2/sqrt(pi)
    // lower, 1.049 dB (ISO 21727, 3.2).
    let average = 0.005 * 4.0 / math::PI;
    for (mean_square, m, a, z) in
        [(0.005, 84.05, 82.14, 85.00), (0.01, 87.06, 85.15, 88.01), (average, 85.10, 83.19, 86.05)]
    {
        let audio = [pink(mean_square)];
        for (weighting, expected) in [(Weighting::M, m), (Weighting::A, a), (Weighting::Z, z)] {
            let setup = weighted(weighting, Layout::MONO);
            let found = leq(setup, stream(48e3, Layout::MONO), &audio, &[]);
            let off = value(found.leq_db) - expected;
            assert!(off.abs() < tolerance, "{mean_square} {weighting:?}: {off}");
        }
    }
    // With "RMS of a square is 0 dBFS" a mean square of 0.01 is -20 dBFS.
    let mut setup = weighted(Weighting::M, Layout::MONO);
    setup.calibration = setup.calibration.with_convention(RmsConvention::Square);
    let found = leq(setup, stream(48e3, Layout::MONO), &[pink(0.01)], &[]);
    assert!((value(found.leq_db) - 84.05).abs() < tolerance, "{}", found.leq_db);
}

#[test]
fn without_a_room_an_equivalent_level_is_an_rms_level() {
    let audio = [tone::<f64>(1000.0, 48e3, 48_000, 1.0)];
    let mono = stream(48e3, Layout::MONO);
    for (convention, expected) in [(RmsConvention::Aes17, 0.0), (RmsConvention::Square, -SINE_DB)] {
        let calibration = Calibration::full_scale(Layout::MONO, convention);
        let found = leq(LeqSetup { weighting: Weighting::Z, calibration }, mono, &audio, &[]);
        assert!((value(found.leq_db) - expected).abs() < 1e-9, "{convention}: {}", found.leq_db);
        let found = rms(convention, mono, &audio, &[])[0];
        assert!((value(found.rms_dbfs) - expected).abs() < 1e-9, "{convention}");
        assert!((value(found.noise_floor_dbfs) - expected).abs() < 1e-9, "{convention}");
        assert!(value(found.sample_peak_dbfs).abs() < 1e-9);
    }
}

#[test]
fn calibrations_say_what_they_cannot_do() {
    let levels = |levels: &[f64], reference_dbfs| {
        Calibration::new(Layout::STEREO, levels, reference_dbfs, RmsConvention::Aes17)
    };
    assert_eq!(
        levels(&[85.0], -20.0).unwrap_err(),
        Error::ChannelCount { what: "calibration", given: 1, expected: 2 }
    );
    assert!(levels(&[85.0, f64::NAN], -20.0).is_err() && levels(&[85.0, 85.0], 1.0).is_err());
    assert!(levels(&[85.0, 201.0], -20.0).is_err());
    assert!(Calibration::cinema(Layout::SURROUND_7_1_4).is_err());
    let seven = Calibration::cinema(Layout::SURROUND_7_1).unwrap();
    assert_eq!(seven.levels_db(), [85.0, 85.0, 85.0, 95.0, 82.0, 82.0, 82.0, 82.0]);
    // Half the level at half the reference: the same room.
    let room = levels(&[85.0, 85.0], -20.0).unwrap();
    let same = levels(&[75.0, 75.0], -30.0).unwrap();
    let audio = noise::<f64>(2, 5000, 0.3, 2);
    let read = |calibration| {
        let setup = LeqSetup { weighting: Weighting::Z, calibration };
        value(leq(setup, stream(48e3, Layout::STEREO), &audio, &[]).leq_db)
    };
    assert!((read(room) - read(same)).abs() < 1e-12);
    let setup = LeqSetup { weighting: Weighting::A, calibration: room };
    let made = LeqMeter::<f32>::new_in(setup, stream(48e3, Layout::MONO), &mut []);
    assert!(matches!(made, Err(Error::Unsupported { .. } | Error::Storage { .. })));
    let mut memory = [0.0_f32; 959];
    let stereo = stream(48e3, Layout::STEREO);
    let error = LeqMeter::new_in(setup, stereo, &mut memory).unwrap_err();
    assert!(matches!(error, Error::Storage { given: 959, required: 960, .. }), "{error}");
    assert!(RmsMeter::new_in(RmsConvention::Square, stereo, &mut memory).is_err());
    let bad = Stream { rate_hz: f64::NAN, ..stereo };
    assert!(RmsMeter::<f32>::new_in(RmsConvention::Square, bad, &mut memory).is_err());
}

/// Any split and any level of SIMD give the same bits, and what cannot be audio counts as 0.
fn same_bits<S: Sample>(rate_hz: f64, layout: Layout) {
    let channels = layout.channel_count();
    let frames = (0.737 * rate_hz) as usize;
    let mut audio = noise::<S>(channels, frames, 0.5, 9);
    let mut clean = audio.clone();
    let faults =
        [(0, S::nan()), (1, S::infinity()), (700, S::from_f64(-2e6)), (frames - 1, S::nan())];
    for (n, &(frame, fault)) in faults.iter().enumerate() {
        audio[n % channels][frame] = fault;
        clean[n % channels][frame] = S::zero();
    }
    let mut random = Noise::new(4);
    let mut cuts = Vec::new();
    let mut at = 0;
    while at < frames {
        cuts.push(at);
        at += random.below(3000);
    }
    let every: Vec<usize> = (0..2000).collect();
    let setup = |weighting| weighted(weighting, layout);
    for weighting in [Weighting::M, Weighting::A, Weighting::Z] {
        let whole = leq(setup(weighting), stream(rate_hz, layout), &audio, &[]);
        assert_eq!(whole.faults, 4);
        let clean = leq(setup(weighting), stream(rate_hz, layout), &clean, &[]);
        assert_eq!((clean.leq_db, clean.faults), (whole.leq_db, 0));
        for cuts in [&cuts, &every] {
            assert_eq!(leq(setup(weighting), stream(rate_hz, layout), &audio, cuts), whole);
        }
        for isa in Isa::available() {
            let stream = Stream::with_isa(rate_hz, layout, isa).unwrap();
            assert_eq!(leq(setup(weighting), stream, &audio, &[]), whole, "{isa:?}");
        }
    }
    let whole = rms(RmsConvention::Square, stream(rate_hz, layout), &audio, &[]);
    assert_eq!(whole[0].faults, 4);
    for cuts in [&cuts, &every] {
        assert_eq!(rms(RmsConvention::Square, stream(rate_hz, layout), &audio, cuts), whole);
    }
    for isa in Isa::available() {
        let stream = Stream::with_isa(rate_hz, layout, isa).unwrap();
        assert_eq!(rms(RmsConvention::Square, stream, &audio, &[]), whole, "{isa:?}");
    }
}

#[test]
fn splits_levels_and_faults_change_no_bit() {
    same_bits::<f32>(44_100.0, Layout::STEREO);
    same_bits::<f64>(11_025.0, Layout::SURROUND_5_1);
    same_bits::<f32>(48_000.0, Layout::SURROUND_7_1);
}

fn cascade<S: Sample>() {
    let filter = WeightingFilter::design(Weighting::M, 48e3).unwrap();
    let sections = filter.sections.map(|section| Section { b: section.b, a: section.a });
    for isa in Isa::available() {
        for length in [0, 1, 7, 8, 9, 15, 16, 17, 480, 1023] {
            for lanes in 0..=5 {
                let mut audio = noise::<S>(lanes, length + 3, 1.0, 7);
                if let Some(last) = audio.last_mut() {
                    last.truncate(length);
                }
                let rows: Vec<&[S]> = audio.iter().map(|row| &row[..]).collect();
                let mut state: CascadeState = [[0.25; 4]; 8];
                state[2][1] = 1e-31;
                let mut twin = state;
                let ours = kernels::cascade_energy(isa, &sections, &rows, &mut state);
                let literal = scalar::cascade_energy(&sections, &rows, &mut twin);
                for lane in 0..lanes.min(4) {
                    assert_eq!(ours[lane].to_bits(), literal[lane].to_bits(), "{isa:?} {length}");
                    for (a, b) in state.iter().zip(&twin) {
                        assert_eq!(a[lane].to_bits(), b[lane].to_bits(), "{isa:?} {length}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_cascade_is_its_plain_twin_at_every_level() {
    cascade::<f32>();
    cascade::<f64>();
}

#[test]
fn silence_and_nothing_are_not_numbers() {
    let stereo = stream(48e3, Layout::STEREO);
    let setup = weighted(Weighting::M, Layout::STEREO);
    let none = leq::<f32>(setup, stereo, &[vec![], vec![]], &[]);
    assert_eq!(none.leq_db, Reading::TooShort { have_s: 0.0, need_s: 1.0 / 48e3 });
    let silence = vec![vec![0.0_f32; 24_001]; 2];
    assert_eq!(leq(setup, stereo, &silence, &[]).leq_db, Reading::BelowGate);
    let found = rms(RmsConvention::Square, stereo, &silence, &[])[0];
    assert_eq!((found.rms_dbfs, found.noise_floor_dbfs), (Reading::BelowGate, Reading::BelowGate));
    let short = rms(RmsConvention::Square, stereo, &vec![vec![0.1_f32; 23_999]; 2], &[])[0];
    assert!(matches!(short.noise_floor_dbfs, Reading::TooShort { need_s: 0.5, .. }));
    assert!((value(short.rms_dbfs) + 20.0).abs() < 1e-6);
}

#[test]
fn the_last_frames_count_for_the_level_and_not_for_the_floor() {
    // 1 s at 0.01 and 5 ms at 1: 480 + 240 frames after it.
    let mut audio = vec![0.01_f64; 48_000];
    audio.extend([1.0; 240]);
    let mono = stream(48e3, Layout::MONO);
    let found = rms(RmsConvention::Square, mono, &[audio.clone()], &[])[0];
    let power: f64 = (48_000.0 * 1e-4 + 240.0) / 48_240.0;
    assert!((value(found.rms_dbfs) - 10.0 * math::log10(power)).abs() < 1e-9);
    assert!((value(found.noise_floor_dbfs) + 40.0).abs() < 1e-9);
    assert_eq!((found.noise_floor_frame, value(found.sample_peak_dbfs)), (0, 0.0));
    let calibration = Calibration::full_scale(Layout::MONO, RmsConvention::Square);
    let setup = LeqSetup { weighting: Weighting::Z, calibration };
    let found = leq(setup, mono, &[audio], &[]);
    assert!((value(found.leq_db) - 10.0 * math::log10(power)).abs() < 1e-9);
}

#[test]
fn a_chapter_has_a_floor_per_channel_and_a_mono_file_reads_the_same_twice() {
    // A pause of 0.6 s in the left channel, none in the right one.
    let mut left = vec![0.1_f64; 88_200];
    left[30_000..56_460].fill(0.001);
    let right = vec![0.2_f64; 88_200];
    let stereo = stream(44_100.0, Layout::STEREO);
    let found = rms(RmsConvention::Square, stereo, &[left.clone(), right], &[]);
    assert!((value(found[1].noise_floor_dbfs) + 60.0).abs() < 1e-9);
    // The first whole 10 ms inside the pause begin at frame 30,429 (441 x 69).
    assert_eq!(found[1].noise_floor_frame, 30_429);
    assert!((value(found[2].noise_floor_dbfs) - 20.0 * math::log10(0.2)).abs() < 1e-9);
    let together = 10.0 * math::log10(0.5 * (1e-6 + 0.04));
    assert!((value(found[0].noise_floor_dbfs) - together).abs() < 1e-9);
    let mono = rms(RmsConvention::Square, stream(44_100.0, Layout::MONO), &[left.clone()], &[]);
    let twice = rms(RmsConvention::Square, stereo, &[left.clone(), left], &[]);
    assert_eq!(mono[0].rms_dbfs, twice[0].rms_dbfs);
    assert_eq!(mono[0].noise_floor_dbfs, twice[0].noise_floor_dbfs);
}

/// Energies of sub-blocks at 48 kHz that read `lufs`.
fn sub_blocks(lufs: f64, count: usize) -> Vec<f64> {
    vec![480.0 * math::exp10((lufs + 0.691) / 10.0); count]
}

#[test]
fn psr_says_where_a_limiter_works() {
    // 20 s at -20 LUFS; peaks of -6.02 dBTP, from the tenth second on of -12.04.
    let energies = sub_blocks(-20.0, 2000);
    let mut peaks = vec![0.5; 200];
    peaks[100..].fill(0.25);
    let psr = PeakToShortTerm::new(SubBlocks::new(&energies, 48e3).unwrap(), &peaks).unwrap();
    let wide = 20.0 - 6.020_599_913_279_624;
    let narrow = wide - 6.020_599_913_279_624;
    assert_eq!(psr.len(), 200);
    for (interval, expected) in [(29, wide), (128, wide), (129, narrow), (199, narrow)] {
        assert!((value(psr.psr_db(interval)) - expected).abs() < 1e-9, "{interval}");
    }
    assert!(matches!(psr.psr_db(28), Reading::TooShort { need_s: 3.0, .. }));
    assert!(matches!(psr.psr_db(200), Reading::TooShort { .. }));
    assert!(matches!(psr.psr_db(usize::MAX), Reading::TooShort { .. }));
    let found = psr.measurement();
    assert_eq!(found.windows, 171);
    assert!((value(found.low_percentile_db) - narrow).abs() < 1e-9);
    assert!((value(found.min_db) - narrow).abs() < 1e-9);
    // The first window without a high peak begins at 10 s and ends at 13 s.
    assert_eq!(found.min_frame, 13 * 48_000);
    // A twentieth of the windows is no tenth: 8 of 171.
    peaks.fill(0.5);
    peaks[50..50 + 37].fill(0.25);
    let psr = PeakToShortTerm::new(SubBlocks::new(&energies, 48e3).unwrap(), &peaks).unwrap();
    let found = psr.measurement();
    assert!((value(found.low_percentile_db) - wide).abs() < 1e-9);
    assert!((value(found.min_db) - narrow).abs() < 1e-9);
}

#[test]
fn psr_leaves_fades_out_and_has_no_number_for_nothing() {
    // A hum of 2 dB PSR, 30 LU below the programme, at its end: for half of the time.
    let mut energies = sub_blocks(-20.0, 1000);
    energies.extend(sub_blocks(-50.0, 1000));
    let mut peaks = vec![0.5; 100];
    peaks.extend([math::exp10(-48.0 / 20.0); 100]);
    let read = |energies: &[f64], peaks: &[f64]| {
        let blocks = SubBlocks::new(energies, 48e3).unwrap();
        PeakToShortTerm::new(blocks, peaks).unwrap().measurement()
    };
    let found = read(&energies, &peaks);
    let low = value(found.low_percentile_db);
    assert!((low - 13.979).abs() < 0.01 && value(found.min_db) > 13.9, "{low}");
    assert!(found.windows < 101);
    assert_eq!(read(&sub_blocks(-80.0, 600), &[0.1; 60]).low_percentile_db, Reading::BelowGate);
    let short = read(&sub_blocks(-20.0, 299), &[0.5; 60]);
    assert_eq!(short.low_percentile_db, Reading::TooShort { have_s: 2.9, need_s: 3.0 });
    assert_eq!(read(&sub_blocks(-20.0, 600), &[0.0; 60]).min_db, Reading::BelowGate);
    let blocks = SubBlocks::new(&energies, 48e3).unwrap();
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        assert!(PeakToShortTerm::new(blocks, &[bad]).is_err());
    }
    assert!(PeakToShortTerm::new(blocks, &[]).unwrap().is_empty());
}

#[test]
fn an_album_is_gated_as_one_and_has_no_block_across_a_join() {
    let (loud, quiet) = (sub_blocks(-14.0, 3000), sub_blocks(-20.0, 3000));
    let silent = sub_blocks(-120.0, 3000);
    let blocks = |energies| SubBlocks::new(energies, 48e3).unwrap();
    let single = [blocks(&loud)];
    assert_eq!(Album::new(&single).integrated_lufs(), single[0].integrated_lufs());
    // Equal durations, 6 dB apart: the mean power is 2.04 dB below the louder one.
    let both = [blocks(&loud), blocks(&quiet)];
    let expected = -14.0 + 10.0 * math::log10(0.5 * (1.0 + math::exp10(-0.6)));
    let found = Album::new(&both);
    assert!((value(found.integrated_lufs()) - expected).abs() < 1e-9);
    assert!((value(found.mean_of_powers_lufs()) - expected).abs() < 1e-9);
    assert!((value(found.mean_of_loudness_lufs()) + 17.0).abs() < 1e-9);
    // Silence between them makes no block that straddles an edge: the figures stay to the last bit,
    // where one long programme would read lower.
    let three = [blocks(&loud), blocks(&silent), blocks(&quiet)];
    let found = Album::new(&three);
    assert!((value(found.integrated_lufs()) - expected).abs() < 1e-9);
    assert!((value(found.mean_of_loudness_lufs()) + 17.0).abs() < 1e-9);
    let joined: Vec<f64> = three.iter().flat_map(|p| p.energies().to_vec()).collect();
    assert!((value(blocks(&joined).integrated_lufs()) - expected).abs() > 1e-3);
    // Another rate has other sub-blocks of the same power.
    let wide: Vec<f64> = quiet.iter().map(|energy| 2.0 * energy).collect();
    let rates = [blocks(&loud), SubBlocks::new(&wide, 96e3).unwrap()];
    assert!((value(Album::new(&rates).integrated_lufs()) - expected).abs() < 1e-9);
    // Nothing to measure.
    assert_eq!(Album::new(&[]).integrated_lufs(), Reading::NotApplicable);
    assert_eq!(Album::new(&[blocks(&silent)]).integrated_lufs(), Reading::BelowGate);
    assert_eq!(Album::new(&[blocks(&silent)]).mean_of_powers_lufs(), Reading::BelowGate);
    let short = [blocks(&loud[..39]), blocks(&loud[..20])];
    let too_short = Reading::TooShort { have_s: 0.39, need_s: 0.4 };
    assert_eq!(Album::new(&short).integrated_lufs(), too_short);
    assert_eq!(Album::new(&short).mean_of_loudness_lufs(), too_short);
}

#[test]
fn replay_gain_is_not_capped_and_silence_has_none() {
    let track = ReplayGain::new(Reading::Value(-25.5), Reading::Value(2.0));
    assert_eq!(track.gain_db, Reading::Value(7.5));
    assert!((value(track.peak) - 1.258_925_411_794_167_2).abs() < 1e-12);
    assert_eq!(ReplayGain::new(Reading::BelowGate, Reading::BelowGate).gain_db, Reading::BelowGate);
    let (loud, quiet) = (sub_blocks(-10.0, 100), sub_blocks(-40.0, 100));
    let tracks = [&loud, &quiet].map(|energies| SubBlocks::new(energies, 48e3).unwrap());
    let album = Album::new(&tracks);
    let peaks = [Reading::Value(-1.0), Reading::Value(-30.0)];
    let gain = album.replay_gain(&peaks);
    assert!((value(gain.gain_db) + 8.0).abs() < 1e-9);
    assert!((value(gain.peak) - math::exp10(-0.05)).abs() < 1e-12);
    assert_eq!(album.replay_gain(&[Reading::BelowGate]).peak, Reading::BelowGate);
    assert_eq!(album.replay_gain(&[]).peak, Reading::NotApplicable);
}

#[test]
fn a_short_clip_has_a_figure_that_says_what_it_is() {
    let mut energies = sub_blocks(-20.0, 20);
    energies.extend([0.0; 20]);
    let blocks = SubBlocks::new(&energies, 48e3).unwrap();
    // 195 ms: the last sub-block is half full, and its energy counts.
    let clip = blocks.short_clip(9360).unwrap();
    let (reading, measure) = clip.short_clip_lufs();
    assert_eq!(measure, ShortClipMeasure::Ungated);
    assert!((value(reading) - (-20.0 + 10.0 * math::log10(20.0 / 19.5))).abs() < 1e-9);
    assert!((value(clip.momentary_padded_lufs) + 20.0 + SINE_DB).abs() < 1e-9);
    assert!(matches!(clip.momentary_max_lufs, Reading::TooShort { need_s: 0.4, .. }));
    // 0.45 s with a louder end: the largest momentary loudness is that of its end.
    let mut energies = sub_blocks(-30.0, 5);
    energies.extend(sub_blocks(-20.0, 40));
    energies.extend([0.0; 3]);
    let clip = SubBlocks::new(&energies, 48e3).unwrap().short_clip(45 * 480).unwrap();
    let (reading, measure) = clip.short_clip_lufs();
    assert_eq!(measure, ShortClipMeasure::MomentaryMax);
    assert!((value(reading) + 20.0).abs() < 1e-9);
    assert_eq!(clip.momentary_padded_lufs, reading);
    assert!((clip.duration_s - 0.45).abs() < 1e-12);
    // Nothing, silence, and a clip that was not pushed to its end.
    assert!(matches!(blocks.short_clip(0).unwrap().ungated_lufs, Reading::TooShort { .. }));
    let silence = [0.0; 10];
    let clip = SubBlocks::new(&silence, 48e3).unwrap().short_clip(480).unwrap();
    assert_eq!(clip.short_clip_lufs().0, Reading::BelowGate);
    assert!(matches!(blocks.short_clip(40 * 480 + 1), Err(Error::Unsupported { .. })));
}

/// What a version's measurement holds of all this.
#[cfg(feature = "alloc")]
mod measured {
    use mixcore::audio::Block;
    use mixcore::delivery::{MeasureSetup, Measurer, Of, Quantity};
    use mixcore::loudness::Edition;
    use mixcore::units::FrameRate;
    use mixcore::{Layout, Reading, Timecode};

    use super::{SINE_DB, stream, tone, value};

    #[test]
    fn a_version_has_rms_floor_psr_and_replay_gain() {
        let loud = tone::<f32>(997.0, 48e3, 5 * 48_000, 0.1);
        let quiet: Vec<f32> = loud.iter().map(|x| 0.5 * x).collect();
        let setup = MeasureSetup {
            title: "a".into(),
            start: Timecode { frame: 0, frame_rate: FrameRate::F25 },
            dual_mono: false,
            edition: Edition::default(),
            roles: Vec::new(),
            frames: 5 * 48_000,
            bit_depth: None,
        };
        let mut measurer = Measurer::new(setup, stream(48e3, Layout::STEREO)).unwrap();
        measurer.push(Block::stereo(&loud, &quiet).unwrap(), core::iter::empty()).unwrap();
        let found = measurer.finish().unwrap();
        let of = |channel, quantity| value(found.get_of(&Of::Channel(channel), quantity));
        for quantity in [Quantity::RmsDbfs, Quantity::NoiseFloorDbfs] {
            // 0.01 dB: half seconds hold no whole number of periods of 997 Hz.
            assert!((of(0, quantity) + 20.0 + SINE_DB).abs() < 0.01, "{quantity}");
            assert!((of(1, quantity) + 26.02 + SINE_DB).abs() < 0.01, "{quantity}");
            // Half of 1 + 1/4 of the power: 2.04 dB less.
            assert!((value(found.get(quantity)) + 22.04 + SINE_DB).abs() < 0.01, "{quantity}");
        }
        let integrated = value(found.get(Quantity::IntegratedLufs));
        assert!((value(found.get(Quantity::ReplayGainDb)) + 18.0 + integrated).abs() < 1e-9);
        // A true peak of -20 dB over 1.25 times the power of a sine of that peak.
        let psr = value(found.get(Quantity::PsrLowPercentileDb));
        assert!((psr - (SINE_DB - 0.969)).abs() < 0.02, "{psr}");
        assert_eq!(found.get(Quantity::LeqMDb), Reading::NotApplicable);
    }
}
