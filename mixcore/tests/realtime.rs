//! What a host's audio thread asks for, and what takes unsafe code to see: no processor allocates
//! after construction (a counting allocator watches every call), and flush-to-zero changes no bit.
#![allow(missing_docs, reason = "tests document themselves by their names")]
#![allow(unreachable_pub, dead_code, reason = "modules shared with the other test binary")]
#![allow(clippy::disallowed_methods, reason = "references may use the platform's maths")]

use std::alloc::{GlobalAlloc, Layout as Memory, System};
use std::cell::Cell;

#[cfg(feature = "alloc")]
use mixcore::analysis::{
    ChannelDelay, Correlation, CorrelationSetup, DelaySetup, Goniometer, GoniometerSetup,
    LevelSetup, LevelStats, LongTermSpectrum, Masker, Masking, MaskingSetup, MatchSpectrum,
    MatchSpectrumSetup, SpectrumSetup, ThirdOctave,
};
use mixcore::audio::{Block, BlockMut, Sample};
#[cfg(feature = "alloc")]
use mixcore::delivery::Role;
#[cfg(feature = "alloc")]
use mixcore::dynamics::LimiterParams;
#[cfg(feature = "alloc")]
use mixcore::filters::{
    Delay, Oversampler, OversamplerSetup, Resampler, ResamplerMethod, ResamplerSetup,
};
use mixcore::kernels::Isa;
#[cfg(feature = "alloc")]
use mixcore::level::{AlignSetup, Aligner, Recording};
use mixcore::level::{
    Automation, Breakpoint, BusInput, EdgeGain, Fader, FaderParams, FaderSetup, SegmentShape,
    sum_bus,
};
#[cfg(feature = "alloc")]
use mixcore::loudness::{
    BinWidth, Calibration, ExcursionLog, ExcursionSetup, LeqMeter, LeqSetup, LiveMeter,
    LiveMeterSetup, LoudnessHistory, Meter, MeterSetup, Piece, ProgrammeWindow, RmsConvention,
    RmsMeter, SpeechLevelMeter, StemActivity, TruePeakMeter, TruePeakMethod, Weighting, phrases,
};
#[cfg(feature = "alloc")]
use mixcore::session::{
    InMemory, Place, Renderer, Session, Source, Strip, Version, Window, compile,
};
#[cfg(feature = "alloc")]
use mixcore::units::FrameRate;
use mixcore::{Io, Layout, Process, Processor, Stream};

#[path = "all/conformance.rs"]
mod conformance;
#[cfg(feature = "alloc")]
#[path = "all/realtime_dynamics.rs"]
mod realtime_dynamics;
#[cfg(feature = "alloc")]
#[path = "all/realtime_spatial.rs"]
mod realtime_spatial;
#[path = "all/roster.rs"]
mod roster;
#[path = "all/signals.rs"]
mod signals;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system allocator with the caller's own arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, memory: Memory) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps GlobalAlloc's contract.
        unsafe { System.alloc(memory) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, memory: Memory) {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps GlobalAlloc's contract.
        unsafe { System.dealloc(pointer, memory) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, memory: Memory, size: usize) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps GlobalAlloc's contract.
        unsafe { System.realloc(pointer, memory, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocator calls of this thread during `work`.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get) - before
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(std::hint::black_box(vec![0_u8; 16]))) >= 2);
    assert_eq!(allocations(|| ()), 0);
}

macro_rules! quiet {
    ($name:ident, $type:ident, memory: $memory:expr, $make:expr) => {
        mod $name {
            use crate::conformance::Unit;
            #[allow(
                unused_imports,
                reason = "not every processor needs all of the roster's names"
            )]
            use crate::roster::prelude::*;
            use mixcore::Error;
            use mixcore::audio::Sample;
            use mixcore::stream::Stream;

            fn make<S: Sample>(stream: Stream) -> Result<Unit<S>, Error> {
                ($make)(stream)
            }

            #[test]
            fn never_allocates() {
                crate::never_allocates::<f32>(make::<f32>);
                crate::never_allocates::<f64>(make::<f64>);
            }

            #[cfg(target_arch = "x86_64")]
            #[test]
            fn flush_to_zero_changes_no_bit() {
                crate::flush_to_zero_changes_no_bit::<f32>(make::<f32>);
                crate::flush_to_zero_changes_no_bit::<f64>(make::<f64>);
            }
        }
    };
}
roster::each_processor!(quiet);

/// Processing, parameter changes and reset never call the allocator.
fn never_allocates<S: Sample>(make: conformance::Make<S>) {
    for stream in conformance::streams(Isa::detect()) {
        let mut unit = make(stream).unwrap();
        let (inputs, outputs) = unit.channels(&stream);
        let mut input = conformance::programme::<S>(inputs, conformance::FRAMES);
        input[0][17] = S::nan();
        let mut output = vec![vec![S::zero(); conformance::FRAMES]; outputs];
        let calls = allocations(|| {
            for (event, (start, end)) in
                [(0, 1), (1, 1), (1, 500), (500, 4700), (4700, conformance::FRAMES)]
                    .into_iter()
                    .enumerate()
            {
                let from = Block::new(&input).unwrap().range(start, end);
                let mut to = BlockMut::new(&mut output).unwrap();
                unit.run(from, to.range(start, end)).unwrap();
                conformance::disturb(unit.processor(), event);
            }
            assert!(unit.processor().set_field("gone", 0.0).is_err());
            unit.processor().reset();
        });
        assert_eq!(calls, 0, "allocator calls ({})", stream.layout);
    }
}

/// Runs `work` as many hosts run their audio thread: subnormal numbers are taken and given as 0.
#[cfg(target_arch = "x86_64")]
fn with_flush_to_zero<T>(work: impl FnOnce() -> T) -> T {
    /// Bits 15 (flush to zero) and 6 (denormals are zero) of MXCSR (Intel SDM, volume 1, 10.2.3).
    const FTZ_DAZ: u32 = 0x8040;
    let mut before = 0_u32;
    // SAFETY: stores the control register of this thread into a local.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut before) };
    let during = before | FTZ_DAZ;
    // SAFETY: sets two mode bits of this thread's control register, restored below.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const during) };
    let result = work();
    // SAFETY: as it was.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const before) };
    result
}

/// DESIGN promise 1: equal for material above 1e-30.
#[cfg(target_arch = "x86_64")]
fn flush_to_zero_changes_no_bit<S: Sample>(make: conformance::Make<S>) {
    let tiny = std::hint::black_box(f64::MIN_POSITIVE);
    assert_eq!(with_flush_to_zero(|| std::hint::black_box(tiny) * 0.5), 0.0);
    let bits = |audio: conformance::Planar<S>| -> Vec<u64> {
        audio.iter().flatten().map(|x| x.as_f64().to_bits()).collect()
    };
    let flushed = with_flush_to_zero(|| conformance::golden_output(make));
    assert!(bits(flushed) == bits(conformance::golden_output(make)));
}

#[test]
fn switches_and_buses_never_allocate() {
    let points = [
        Breakpoint::new(0, 0.0, SegmentShape::Smooth),
        Breakpoint::new(700, -20.0, SegmentShape::Step),
    ];
    let ride = Automation::new(&points).unwrap();
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let mut fader = Fader::new(FaderSetup::default(), FaderParams::default(), stream).unwrap();
    let audio = signals::noise::<f32>(2, 1000, 0.5, 3);
    let (mut strip, mut bus) = (audio.clone(), audio.clone());
    let calls = allocations(|| {
        fader.set_muted(true);
        fader.set_inverted(1, true).unwrap();
        assert!(fader.set_inverted(2, true).is_err());
        fader.process(Io::new(BlockMut::new(&mut strip).unwrap())).unwrap();
        fader.set_muted(false);
        std::hint::black_box((fader.is_silent(), fader.gain_db_now()));
        fader.reset();
        let inputs = [&audio, &strip].map(|audio| BusInput {
            audio: Block::new(audio).unwrap(),
            gain: EdgeGain::automated(ride),
        });
        sum_bus(Isa::detect(), 10, &inputs, BlockMut::new(&mut bus).unwrap()).unwrap();
        ride.read(5, &mut bus[0]);
    });
    assert_eq!(calls, 0);
}

#[cfg(feature = "alloc")]
fn meters<S: Sample>() {
    for layout in [Layout::STEREO, Layout::SURROUND_5_1] {
        let stream = Stream::new(48_000.0, layout).unwrap();
        let audio = signals::noise::<S>(layout.channel_count(), 48_000, 0.5, 3);
        let block = Block::new(&audio).unwrap();
        let setup = MeterSetup { every_channel: true, ..MeterSetup::default() };
        let mut meter = Meter::new(setup, stream).unwrap();
        let interleaved = vec![S::one(); 777 * layout.channel_count()];
        let piece = |frames| Piece::<S>::new(setup, stream, frames).unwrap();
        let mut pieces = [piece(0..9600), piece(9600..10_000)];
        let log = ExcursionLog::new(ExcursionSetup::default(), &stream).unwrap();
        let peaks = TruePeakMeter::new(TruePeakMethod::Annex2, stream).unwrap();
        let mut peaks = peaks.with_log(log).unwrap();
        let mut activity = StemActivity::new(60.0, stream).unwrap();
        let calibration = Calibration::cinema(layout).unwrap();
        let setup = LeqSetup { weighting: Weighting::M, calibration };
        let mut leq = LeqMeter::new(setup, stream).unwrap();
        let mut rms = RmsMeter::new(RmsConvention::Square, stream).unwrap();
        let mut level = SpeechLevelMeter::new(stream).unwrap();
        let calls = allocations(|| {
            for (start, end) in [(0, 1), (1, 1), (1, 700), (700, 40_000), (40_000, 48_000)] {
                meter.push(block.range(start, end)).unwrap();
                peaks.push(block.range(start, end)).unwrap();
                activity.push(block.range(start, end)).unwrap();
                level.push(block.range(start, end)).unwrap();
                leq.push(block.range(start, end)).unwrap();
                rms.push(block.range(start, end)).unwrap();
            }
            std::hint::black_box((meter.momentary_lufs(), peaks.take_interval_peak()));
            std::hint::black_box((phrases(&activity.activity()).count(), level.measurement()));
            std::hint::black_box((leq.measurement(), rms.measurement()));
            meter.pause();
            meter.push(block.range(0, 700)).unwrap();
            meter.resume();
            meter.push_interleaved(&interleaved).unwrap();
            meter.reset();
            peaks.reset();
            activity.reset();
            level.reset();
            leq.reset();
            rms.reset();
        });
        assert_eq!(calls, 0, "allocator calls ({layout})");
        let calls = allocations(|| {
            let part = |piece: &Piece<'_, S>| {
                block.range(piece.frames().start as usize, piece.frames().end as usize)
            };
            for piece in &mut pieces {
                piece.carry(part(piece)).unwrap();
            }
            meter.chain(&mut pieces).unwrap();
            for piece in &mut pieces {
                piece.measure(part(piece)).unwrap();
                meter.merge(piece).unwrap();
            }
        });
        assert_eq!(calls, 0, "allocator calls of pieces ({layout})");
    }
}

#[cfg(feature = "alloc")]
fn live_meters<S: Sample>() {
    for (layout, bins) in
        [(Layout::STEREO, BinWidth::OneHundredth), (Layout::SURROUND_5_1, BinWidth::OneTenth)]
    {
        let stream = Stream::new(48_000.0, layout).unwrap();
        let audio = signals::noise::<S>(layout.channel_count(), 192_000, 0.5, 3);
        let block = Block::new(&audio).unwrap();
        let setup = LiveMeterSetup { bins, ..LiveMeterSetup::default() };
        let mut live = LiveMeter::new(setup, stream).unwrap();
        let other = LiveMeter::<S>::new(setup, stream).unwrap();
        let mut history = LoudnessHistory::new(1.0, stream).unwrap();
        let window = ProgrammeWindow { start_frame: 100, frames: 190_000 };
        let interleaved = vec![S::one(); 777 * layout.channel_count()];
        let calls = allocations(|| {
            for (start, end) in [(0, 1), (1, 1), (1, 700), (700, 180_000), (180_000, 192_000)] {
                let part = window.of(block.range(start, end), start as u64);
                history.push(part, &mut live).unwrap();
                live.pause();
                history.push(part, &mut live).unwrap();
                live.resume();
            }
            live.push_interleaved(&interleaved).unwrap();
            std::hint::black_box((live.measurement(), live.loudness().loudness_range_bounds_lu()));
            std::hint::black_box((history.rows().count(), history.last()));
            live.merge_from(&other).unwrap();
            live.restart();
            live.reset();
            history.reset();
        });
        assert_eq!(calls, 0, "allocator calls ({layout})");
    }
}

#[cfg(feature = "alloc")]
fn analysis<S: Sample>() {
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let audio = conformance::programme::<S>(2, 48_000);
    let block = Block::new(&audio).unwrap();
    let mut levels = LevelStats::new(LevelSetup::default(), stream).unwrap();
    let mut phase = Correlation::new(CorrelationSetup::default(), stream).unwrap();
    let delay = DelaySetup { max_delay_ms: 1.0, window_s: 0.1, ..DelaySetup::default() };
    let mut delay = ChannelDelay::new(delay, stream).unwrap();
    let mut figure = Goniometer::new(GoniometerSetup::default(), stream).unwrap();
    let calls = allocations(|| {
        for (start, end) in [(0, 1), (1, 1), (1, 700), (700, 40_000), (40_000, 48_000)] {
            levels.push(block.range(start, end)).unwrap();
            phase.push(block.range(start, end)).unwrap();
            delay.push(block.range(start, end)).unwrap();
            figure.push(block.range(start, end)).unwrap();
        }
        levels.finish();
        delay.finish();
        std::hint::black_box((levels.measurement(0), phase.measurement(), figure.measurement()));
        levels.reset();
        phase.reset();
        delay.reset();
        figure.reset();
    });
    assert_eq!(calls, 0);
}

#[cfg(feature = "alloc")]
#[test]
fn analysis_never_allocates() {
    analysis::<f32>();
    analysis::<f64>();
}

#[cfg(feature = "alloc")]
#[test]
fn an_alignment_never_allocates() {
    let audio = signals::noise::<f32>(1, 48_000, 0.5, 3).remove(0);
    let setup = AlignSetup { max_offset_ms: 100.0, ..AlignSetup::default() };
    let mut aligner = Aligner::new(setup, 48_000.0, Isa::detect()).unwrap();
    let of = |samples| Recording { samples, rate_hz: 48_000.0 };
    let calls = allocations(|| {
        let found = aligner.measure(of(&audio[..40_000]), of(&audio[500..])).unwrap();
        assert!((found.delay_frames.value().unwrap() + 500.0).abs() < 0.01);
    });
    assert_eq!(calls, 0);
}

/// Loud and silent in turn: the recursions of the bands run down in between.
#[cfg(all(feature = "alloc", target_arch = "x86_64"))]
#[test]
fn flush_to_zero_changes_no_band() {
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let audio = conformance::programme::<f32>(2, 2 * 48_000);
    let read = || {
        let mut phase = Correlation::new(CorrelationSetup::default(), stream).unwrap();
        phase.push(Block::new(&audio).unwrap()).unwrap();
        ThirdOctave::all().map(|band| phase.band_measurement(band)).collect::<Vec<_>>()
    };
    assert!(with_flush_to_zero(read) == read());
}

/// Loud, silent, loud: the recursion of the K-weighting runs down in between.
#[cfg(all(feature = "alloc", target_arch = "x86_64"))]
#[test]
fn flush_to_zero_changes_no_reading() {
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let audio = conformance::programme::<f32>(2, 4 * 48_000);
    let read = || {
        let mut meter = Meter::new(MeterSetup::default(), stream).unwrap();
        meter.push(Block::new(&audio).unwrap()).unwrap();
        let calibration = Calibration::cinema(Layout::STEREO).unwrap();
        let setup = LeqSetup { weighting: Weighting::A, calibration };
        let mut leq = LeqMeter::new(setup, stream).unwrap();
        leq.push(Block::new(&audio).unwrap()).unwrap();
        (meter.measurement(), meter.sub_blocks().energies().to_vec(), leq.measurement())
    };
    assert!(with_flush_to_zero(read) == read());
}

#[cfg(feature = "alloc")]
#[test]
fn meters_never_allocate() {
    meters::<f32>();
    meters::<f64>();
    live_meters::<f32>();
    live_meters::<f64>();
}

#[cfg(feature = "alloc")]
#[test]
fn spectra_and_masking_never_allocate() {
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let stems = [0, 1].map(|seed| signals::noise::<f32>(2, 24_000, 0.1, seed));
    let blocks = [Block::new(&stems[0]).unwrap(), Block::new(&stems[1]).unwrap()];
    let mut masking = Masking::new(MaskingSetup::default(), stream).unwrap();
    let mut spectrum = LongTermSpectrum::new(SpectrumSetup::default(), stream).unwrap();
    let mut voice = MatchSpectrum::new(MatchSpectrumSetup::default(), stream).unwrap();
    let mut ratios_db = [0.0; 40];
    let calls = allocations(|| {
        masking
            .push_each(&blocks, |frame| {
                frame.target_to_masker_db(0, Masker::Others, &mut ratios_db);
            })
            .unwrap();
        masking.close();
        std::hint::black_box(masking.share(0, Masker::Stem(1), 150.0, 500.0));
        std::hint::black_box(masking.worst(0, Masker::Stem(1)).count());
        masking.reset();
        spectrum.push(blocks[0]).unwrap();
        std::hint::black_box(
            ThirdOctave::containing(1000.0).map(|third| spectrum.third_octave_dbfs(third)),
        );
        spectrum.start_segment();
        spectrum.reset();
        voice.push(blocks[0]).unwrap();
        std::hint::black_box(voice.measurement());
        voice.start_segment();
        voice.reset();
    });
    assert_eq!(calls, 0);
}

#[cfg(feature = "alloc")]
#[test]
fn changes_of_the_rate_never_allocate() {
    for (layout, rate_hz) in [(Layout::STEREO, 44_100.0), (Layout::SURROUND_5_0, 96_000.0)] {
        let stream = Stream::new(48_000.0, layout).unwrap();
        let mut input = signals::noise::<f32>(layout.channel_count(), 5000, 1.0, 4);
        input[0][17] = f32::NAN;
        for method in [ResamplerMethod::Polyphase, ResamplerMethod::Fft] {
            let setup = ResamplerSetup { method, ..ResamplerSetup::to(rate_hz) };
            let mut resampler = Resampler::new(setup, stream).unwrap();
            let mut output = vec![vec![0.0; resampler.clip_frames(5000)]; layout.channel_count()];
            let calls = allocations(|| {
                let clip = Block::new(&input).unwrap();
                for (start, end) in [(0, 1), (1, 1), (1, 700), (700, 5000)] {
                    let to = BlockMut::new(&mut output).unwrap();
                    resampler.push(clip.range(start, end), to).unwrap();
                }
                resampler.flush(BlockMut::new(&mut output).unwrap()).unwrap();
                resampler.reset();
                assert_eq!(resampler.render(clip, BlockMut::new(&mut output).unwrap()), Ok(1));
            });
            assert_eq!(calls, 0, "allocator calls ({layout}, {method:?})");
        }
        let mut over = Oversampler::new(OversamplerSetup::new(4, 480), stream).unwrap();
        let mut output = vec![vec![0.0; 5000]; layout.channel_count()];
        let mut delay = Delay::new(3, stream).unwrap();
        let calls = allocations(|| {
            let part = Block::new(&input).unwrap().range(0, 480);
            over.up(part).unwrap().fill(0.5);
            over.down(BlockMut::new(&mut output).unwrap().range(0, 480)).unwrap();
            over.around(BlockMut::new(&mut output).unwrap(), &mut delay).unwrap();
            over.reset();
        });
        assert_eq!(calls, 0, "allocator calls ({layout})");
    }
}

#[cfg(feature = "alloc")]
#[test]
fn a_render_never_allocates() {
    let strip = |id: u32, role, layout, place| Strip {
        id: format!("{id}"),
        role,
        source: Source { id, layout },
        gain_db: -1.0,
        invert: Vec::new(),
        place,
    };
    let version = |name: &str, layout| Version {
        name: name.into(),
        layout,
        spec: None,
        dual_mono: false,
        gain_db: 12.0,
        limiter: Some(LimiterParams::default()),
    };
    let session = Session {
        rate_hz: 48_000.0,
        frame_rate: FrameRate::F25,
        start_timecode_frame: 0,
        programme: Window { start_frame: 0, frames: 20_000 },
        strips: vec![
            strip(0, Role::Dx, Layout::MONO, Place::Front),
            strip(1, Role::Amb, Layout::STEREO, Place::Surround),
        ],
        versions: vec![version("a", Layout::STEREO), version("b", Layout::SURROUND_5_1)],
    };
    let audio =
        [signals::noise::<f32>(1, 20_000, 0.5, 1), signals::noise::<f32>(2, 20_000, 0.5, 2)];
    let blocks: Vec<Block<'_, f32>> = audio.iter().map(|a| Block::new(a).unwrap()).collect();
    let mut sources = InMemory::new(&blocks);
    let mut renderer: Renderer<f32> = compile(&session, 512).unwrap();
    let calls = allocations(|| {
        while renderer.next(&mut sources).unwrap().is_some() {}
        renderer.set_version_gain_db(0, -3.0).unwrap();
        renderer.set_strip_gain_db(1, -3.0).unwrap();
        renderer.rewind();
        while renderer.next(&mut sources).unwrap().is_some() {}
    });
    assert_eq!(calls, 0);
}
