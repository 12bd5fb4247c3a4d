//! Arbitrary arguments and blocks for the ground floor: errors, never panics.
//!
//! The processors and meters have theirs in their own files (`fader`, `delay`, `limiter_ceiling`,
//! `pan`, `fold_down`, `loudness`); here stands what they are built from.

use mixcore::audio::{Block, BlockMut, ChannelOrder, MAX_CHANNELS, PerChannel, Store, matrix};
use mixcore::filters::Biquad;
use mixcore::kernels::{self, Isa, KSegments, KWeight, MirroredTaps, PointPair, scalar};
use mixcore::level::FaderParams;
use mixcore::loudness::{SubBlocks, TruePeakMeter, TruePeakMethod, sub_block_start};
use mixcore::ramp::{GainRamp, ramp_frames};
use mixcore::units::{self, FrameRate, Lufs, Power, Reading, Timecode};
use mixcore::{Error, Layout, Stream, Text, math};
use proptest::prelude::*;

use crate::kernels_matrix::plain;

/// Any f64 there is, and more often one that could be meant.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -200.0..200.0]
}

fn any_sample() -> impl Strategy<Value = f32> {
    prop_oneof![4 => -1.0..1.0_f32, 1 => any::<u32>().prop_map(f32::from_bits)]
}

/// Small numbers, and those at the end of the range.
fn any_count() -> impl Strategy<Value = usize> {
    prop_oneof![3 => 0..300_usize, 1 => any::<usize>(), 1 => Just(usize::MAX)]
}

fn any_frame() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 0..5000_u64, 1 => any::<u64>(), 1 => u64::MAX - 100..=u64::MAX]
}

fn any_layout() -> impl Strategy<Value = Layout> {
    (0..Layout::all().count()).prop_map(|index| Layout::all().nth(index).unwrap())
}

fn any_frame_rate() -> impl Strategy<Value = FrameRate> {
    use FrameRate::{F24, F25, F30, F50, F60, F2997, F2997Drop, F5994, F5994Drop, F23976};
    prop::sample::select(vec![F23976, F24, F25, F2997, F2997Drop, F30, F50, F5994, F5994Drop, F60])
}

fn bits(samples: &[f32]) -> Vec<u32> {
    samples.iter().map(|x| x.to_bits()).collect()
}

proptest! {
    #[test]
    fn mathematics_ends_for_every_number(x in any_number(), y in any_number(), n: i32) {
        for f in [
            math::sin, math::cos, math::tan, math::asin, math::acos, math::exp, math::exp2,
            math::exp10, math::log, math::log2, math::log10, math::sqrt, math::floor, math::ceil,
            math::rint, math::round, math::trunc, math::sinc, math::bessel_i0,
        ] {
            prop_assert!(!x.is_nan() || f(x).is_nan());
        }
        for f in [math::atan2, math::pow, math::hypot, math::kaiser] {
            std::hint::black_box(f(x, y));
        }
        std::hint::black_box(math::powi(x, n));
    }

    #[test]
    fn levels_readings_and_errors_take_every_number(x in any_number(), y in any_number()) {
        for f in [units::db_to_gain, units::gain_to_db, units::db_to_power, units::power_to_db] {
            prop_assert!(!x.is_nan() || f(x).is_nan());
        }
        let level = Reading::from_level(x);
        prop_assert_eq!(level.value().is_some(), x.is_finite());
        let sum = level.zip(Reading::from_level(y), |a, b| a + b).map(|level| level / 2.0);
        prop_assert_eq!(sum.value().is_some(), x.is_finite() && y.is_finite());
        let loudness = Power::new(x).loudness() + (Lufs::new(y) - Lufs::new(x));
        let text = format!("{level} {sum:.3} {loudness} {}", loudness.power());
        prop_assert!(text.ends_with("FS²"));
        let checked = Error::check_range("x", x, y, 100.0);
        prop_assert_eq!(checked.is_ok(), x.is_finite() && x >= y && x <= 100.0);
        if let Err(error) = checked {
            prop_assert!(error.to_string().contains("allowed"));
        }
    }

    #[test]
    fn every_timecode_has_its_fields(
        frame in any_frame(),
        audio_frame in any_frame(),
        frame_rate in any_frame_rate(),
        rate_hz in any_number(),
    ) {
        let start = Timecode { frame, frame_rate };
        let (h, m, s, ff) = start.fields();
        prop_assert!(h < 24 && m < 60 && s < 60 && ff < frame_rate.nominal());
        // SMPTE ST 12-1: the first numbers of a minute are dropped, but not in every tenth.
        prop_assert!(s > 0 || m % 10 == 0 || ff >= frame_rate.dropped());
        let there = Timecode::of_audio_frame(audio_frame, rate_hz, start);
        prop_assert!(there.frame >= frame);
        prop_assert_eq!(there.to_string().len(), 11);
    }

    #[test]
    fn any_text_is_a_name_or_an_error(text in ".{0,40}", layout in any_layout()) {
        prop_assert!(text.starts_with(Text::new(&text).as_str()));
        prop_assert!(Text::new(&text).to_string().starts_with('"'));
        match Layout::named(&text) {
            Ok(found) => prop_assert!(found.channel_count() > 0),
            Err(error) => prop_assert!(error.to_string().contains("5.1")),
        }
        prop_assert!(layout.index_of(&text).is_none_or(|index| index < layout.channel_count()));
        let params = FaderParams::default();
        prop_assert_eq!(params.get(&text).is_some(), text == "gain_db");
        prop_assert_eq!(params.with(&text, 1.0).is_ok(), text == "gain_db");
    }

    #[test]
    fn channel_maps_answer_every_channel(layout in any_layout(), channel in any_count()) {
        use ChannelOrder::{Aac, Bs2051, Film, Itu, Wave};
        for order in [Bs2051, Wave, Film, Itu, Aac] {
            if let Ok(map) = layout.order(order) {
                let inside = channel < layout.channel_count();
                prop_assert_eq!(map.layout_channel(channel).is_some(), inside);
                prop_assert_eq!(map.file_channel(channel).is_some(), inside);
            }
        }
    }

    #[test]
    fn streams_and_fields_check_every_number(rate_hz in any_number(), x in any_number(), layout in any_layout()) {
        let rate_hz = if rate_hz.abs() < 200.0 { rate_hz * 3000.0 } else { rate_hz };
        let good = (8e3..=384e3).contains(&rate_hz);
        for isa in Isa::available() {
            prop_assert_eq!(Stream::with_isa(rate_hz, layout, isa).is_ok(), good);
            prop_assert!(Isa::at_most(isa.level()) == isa);
        }
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        prop_assert_eq!(stream.validate().is_ok(), good);
        std::hint::black_box(stream.frames_of_ms(x));
        prop_assert!(ramp_frames(rate_hz) >= 1);
        for field in FaderParams::FIELDS {
            prop_assert_eq!(field.check(x).is_ok(), (field.min..=field.max).contains(&x));
            prop_assert!(field.to_string().contains(field.name));
        }
        prop_assert_eq!(FaderParams { gain_db: x }.validate().is_ok(), (-144.0..=24.0).contains(&x));
    }

    #[test]
    fn a_ramp_has_a_gain_at_every_frame(
        levels in prop::collection::vec(any_number(), 1..4),
        frames in any_count(),
        now in any_frame(),
        ask in any_frame(),
        limit in 1..2000_usize,
    ) {
        let mut ramp = GainRamp::new(levels[0], frames);
        for (turn, &level) in levels.iter().enumerate() {
            ramp.move_to(level, now.saturating_add(turn as u64 * 7));
            let segment = ramp.segment(ask, limit);
            prop_assert!((1..=limit).contains(&segment.frames));
            let gain = ramp.gain_at(ask);
            prop_assert!(levels.iter().any(|level| level.is_nan() || *level > 200.0) || gain.is_finite());
            std::hint::black_box((ramp.db_at(ask), ramp.target_db(), ramp.is_settled(ask)));
        }
        ramp.settle();
        prop_assert!(ramp.is_settled(0));
    }

    #[test]
    fn blocks_of_any_shape_and_range(
        lengths in prop::collection::vec(0..5_usize, 0..70),
        even in 0..40_usize,
        channels in any_count(),
        (start, end) in (any_count(), any_count()),
    ) {
        let mut uneven: Vec<Vec<f32>> = lengths.iter().map(|&length| vec![1.0; length]).collect();
        let good = (1..=MAX_CHANNELS).contains(&uneven.len())
            && lengths.iter().all(|length| *length == lengths[0]);
        prop_assert_eq!(Block::new(&uneven).is_ok(), good);
        prop_assert_eq!(BlockMut::new(&mut uneven).is_ok(), good);
        if let [left, right, ..] = &mut uneven[..] {
            let fits = left.len() == right.len();
            prop_assert_eq!(Block::stereo(left, right).is_ok(), fits);
            prop_assert_eq!(BlockMut::stereo(left, right).is_ok(), fits);
        }

        let mut data: Vec<f32> = (0..even).map(|n| n as f32).collect();
        let good = (1..=MAX_CHANNELS).contains(&channels) && even % channels == 0;
        let copy = data.clone();
        let block = Block::contiguous(&copy, channels);
        prop_assert_eq!(block.is_ok(), good);
        let mut other = BlockMut::contiguous(&mut data, channels);
        prop_assert_eq!(other.is_ok(), good);
        if let (Ok(block), Ok(other)) = (block, &mut other) {
            let part = block.range(start, end);
            prop_assert_eq!(part.channel_count(), channels);
            prop_assert_eq!(part.frames(), end.min(block.frames()).saturating_sub(start));
            prop_assert!(part.channels().all(|channel| channel.len() == part.frames()));
            prop_assert_eq!(other.range(start, end).frames(), part.frames());
            prop_assert_eq!(other.range(start, end).copy_from(&block).is_ok(), part.frames() == block.frames());
            other.fill(-1.0);
            other.copy_from(&block).unwrap();
            prop_assert!(other.channels_mut().zip(block.channels()).all(|(a, b)| a == b));
            let mono = Block::mono(block.channel(0));
            prop_assert_eq!(other.copy_from(&mono).is_ok(), channels == 1);
            prop_assert_eq!(other.check_channels("block", channels + 1).is_err(), true);
            prop_assert_eq!(other.reborrow().into_range(start, end).frames(), part.frames());
        }
    }

    #[test]
    fn memory_is_enough_or_an_error(given in 0..50_usize, required in any_count(), channels in 0..24_usize) {
        let mut memory = vec![1.0_f32; given];
        let store = Store::lent("test", &mut memory, required, 0.0);
        prop_assert_eq!(store.is_ok(), required <= given);
        if let Ok(store) = store {
            prop_assert!(store.len() == required && store.iter().all(|&x| x == 0.0));
        }
        prop_assert_eq!(PerChannel::<f64>::new(channels).unwrap().len(), channels);
        #[cfg(not(feature = "alloc"))]
        prop_assert!(PerChannel::<f64>::new(channels + 25).is_err());
    }

    #[test]
    fn filters_and_sub_blocks_answer_every_number(
        b in [any_number(), any_number(), any_number()],
        a in [any_number(), any_number()],
        (hz, rate_hz) in (any_number(), any_number()),
        index in any_count(),
        (start, end) in (any_count(), any_count()),
    ) {
        let biquad = Biquad { b, a };
        std::hint::black_box((biquad.gain_at(hz, rate_hz), biquad.response_db(hz, rate_hz)));
        std::hint::black_box(sub_block_start(index, rate_hz));
        // The largest finite energies: their mean over windows runs over.
        let energies = [f64::MAX / 300.0; 700];
        let blocks = SubBlocks::new(&energies, 8000.0).unwrap().range(start, end);
        std::hint::black_box((blocks.start_frame(index), blocks.frames(), blocks.duration_s()));
        let range = blocks.loudness_range().range_lu;
        prop_assert!(range.value().is_none_or(f64::is_finite));
        std::hint::black_box((blocks.momentary_lufs(index), blocks.short_term_lufs(index)));
    }

    #[test]
    fn a_true_peak_meter_takes_any_stream_and_block(
        rate_hz in prop_oneof![8e3..384e3_f64, any_number()],
        layout in any_layout(),
        annex2: bool,
        missing in 0..2_usize,
        samples in prop::collection::vec(any_sample(), 0..400),
        channels in 1..26_usize,
    ) {
        let method = if annex2 { TruePeakMethod::Annex2 } else { TruePeakMethod::Fine };
        let stream = Stream { rate_hz, ..Stream::new(48e3, layout).unwrap() };
        let need = TruePeakMeter::<f32>::required_len(method, &stream);
        let mut memory = vec![0.7_f32; need - missing];
        let meter = TruePeakMeter::new_in(method, stream, &mut memory);
        prop_assert_eq!(meter.is_ok(), missing == 0 && stream.validate().is_ok());
        let Ok(mut meter) = meter else { return Ok(()) };
        let list = vec![&samples[..]; channels];
        let pushed = meter.push(Block::new(&list).unwrap());
        prop_assert_eq!(pushed.is_ok(), channels == layout.channel_count());
        let peaks = meter.measurement();
        if let (Some(peak), Some(sample)) = (peaks.true_peak_dbtp.value(), peaks.sample_peak_dbfs.value()) {
            prop_assert!(peak >= sample && peaks.true_peak_channel < layout.channel_count());
        }
        prop_assert_eq!(meter.channel_measurement(layout.channel_count() - 1).sample_peak_dbfs, peaks.sample_peak_dbfs);
        let interval = meter.take_interval_peak();
        prop_assert!(interval.is_finite() && interval >= 0.0);
    }

    /// Kernels that take several slices work as far as all of them reach, like their twins.
    #[test]
    fn kernels_take_slices_of_any_length(
        x in prop::collection::vec(-1.0..1.0_f32, 0..130),
        y in prop::collection::vec(-1.0..1.0_f32, 0..130),
        out in prop::collection::vec(0.0..1.0_f32, 0..130),
        wide in prop::collection::vec(-1.0..1.0_f64, 0..130),
        count in any_count(),
        (inputs, outputs) in (1..5_usize, 1..5_usize),
    ) {
        let run = |f: &dyn Fn(&mut [f32])| {
            let mut out = out.clone();
            f(&mut out);
            bits(&out)
        };
        let four = [0.5_f32, -0.25, 0.125, 0.1];
        let six = [0.5_f32, -0.25, 0.125, 0.1, -0.3, 0.2];
        let half = [0.25_f32; kernels::HALF_WAY_TAPS];
        let mirrored = MirroredTaps::new([six; 2], [six; 2]);
        let pairs = [PointPair::new(four, [0.3, -0.2, 0.1])];
        let filter = KWeight { shelf_b: [1.5, -2.7, 1.2], shelf_a: [-1.69, 0.73], high_pass_a: [-1.99, 0.9901] };
        for isa in Isa::available() {
            prop_assert_eq!(
                run(&|out| kernels::fir_peaks(isa, &x, &y, count, out)),
                run(&|out| scalar::fir_peaks(&x, &y, count, out))
            );
            prop_assert_eq!(
                run(&|out| kernels::half_way(isa, &x, &half, out)),
                run(&|out| scalar::half_way(&x, &half, out))
            );
            prop_assert_eq!(
                run(&|out| { kernels::mirrored_peaks(isa, &x, &mirrored, out); }),
                run(&|out| { scalar::mirrored_peaks(&x, &mirrored, out); })
            );
            prop_assert_eq!(
                run(&|out| { kernels::pair_peaks(isa, &x, &y, &pairs, out); }),
                run(&|out| { scalar::pair_peaks(&x, &y, &pairs, out); })
            );
            prop_assert_eq!(
                run(&|out| { kernels::clean_peaks(isa, &x, &mut y.clone(), out); }),
                run(&|out| { scalar::clean_peaks(&x, &mut y.clone(), out); })
            );
            prop_assert_eq!(
                run(&|out| kernels::box_sums(isa, &mut x.clone(), count, out)),
                run(&|out| scalar::box_sums(&x, count, out))
            );
            prop_assert_eq!(
                run(&|out| kernels::apply_gains(isa, out, &x)),
                run(&|out| scalar::apply_gains(out, &x))
            );
            prop_assert_eq!(
                run(&|out| kernels::add_scaled(isa, out, &x, 0.3)),
                run(&|out| scalar::add_scaled(out, &x, 0.3))
            );
            prop_assert_eq!(
                run(&|out| { kernels::clean(isa, &x, out); }),
                run(&|out| { scalar::clean(&x, out); })
            );
            prop_assert_eq!(
                run(&|out| kernels::round_into(isa, &wide, out)),
                run(&|out| scalar::round_into(&wide, out))
            );
            prop_assert_eq!(
                run(&|out| kernels::channel_out(isa, &wide, out)),
                run(&|out| scalar::channel_out(&wide, out))
            );
            let (mut cleaned, mut twin) = (wide.clone(), wide.clone());
            kernels::channel_in(isa, &x, &mut cleaned);
            scalar::channel_in(&x, &mut twin);
            prop_assert!(cleaned == twin);
            run(&|out| kernels::window_max(isa, out, count));
            run(&|out| kernels::gain_ramp(isa, out, 1.0, -1e-3, count));
            let (mut sum, mut twin) = (wide.clone(), wide.clone());
            kernels::accumulate(isa, &mut sum, &x, 0.3);
            scalar::accumulate(&mut twin, &x, 0.3);
            prop_assert_eq!(&sum, &twin);
            // Any table and any memory: the sub-block may fit or not.
            let k = KSegments::new(filter, 8 * count.min(40));
            let (mut work, start) = (wide.clone(), [0.1; 4]);
            let carry = kernels::k_carry(isa, &k, &wide, &x, &mut work);
            prop_assert_eq!(carry, scalar::k_carry(&k, &wide, &x, &wide));
            let found = kernels::k_energy(isa, &k, &wide, &x, &start, &mut work);
            prop_assert_eq!(found, scalar::k_energy(&k, &wide, &x, &start, &wide));
            let input = vec![&x[..]; inputs];
            let input = Block::new(&input).unwrap();
            let (mut left, mut right) = (vec![out.clone(); outputs], vec![out.clone(); outputs]);
            matrix(isa, &input, &wide, &mut BlockMut::new(&mut left).unwrap());
            plain(&input, &wide, &mut right);
            prop_assert_eq!(&left, &right);
        }
    }
}

#[cfg(feature = "alloc")]
proptest! {
    #[test]
    fn buffers_of_any_shape(
        channels in any_count(),
        // A size that no machine has, or a small one: what lies between is a question of memory.
        frames in prop_oneof![3 => 0..300_usize, 1 => usize::MAX / 32..=usize::MAX],
        samples in prop::collection::vec(any_sample(), 0..60),
        (start, end) in (any_count(), any_count()),
    ) {
        use mixcore::audio::Buffer;
        let fits = (1..=MAX_CHANNELS).contains(&channels);
        let buffer = Buffer::<f32>::new(channels, frames);
        prop_assert_eq!(buffer.is_ok(), fits && frames < 300);
        if let Ok(mut buffer) = buffer {
            prop_assert_eq!(buffer.block().channel_count(), channels);
            prop_assert_eq!(buffer.range(start, end).frames(), end.min(frames).saturating_sub(start));
            buffer.range_mut(start, end).fill(1.0);
            prop_assert!(Buffer::from_block(&buffer.block()) == buffer);
        }
        let interleaved = Buffer::from_interleaved(&samples, channels);
        prop_assert_eq!(interleaved.is_ok(), fits && samples.len() % channels == 0);
    }
}
