//! Forms of work of the meter: interleaved, in pieces, with pauses, by channel. Each is the plain
//! meter, bit for bit.

use std::ops::Range;
use std::thread;

use mixcore::audio::{Block, Sample};
use mixcore::loudness::{
    ExcursionLog, ExcursionSetup, MOMENTARY_SUB_BLOCKS, Meter, MeterSetup, Piece, PiecePlan,
    SHORT_TERM_SUB_BLOCKS, TruePeakMethod, channel_weight, sub_block_start,
};
use mixcore::{Error, Layout, Stream};

use crate::signals::{Noise, noise};

/// Sub-blocks of 80 and 81 frames.
const RATE_HZ: f64 = 8050.0;
/// 4 s, and a remainder of a sub-block.
const FRAMES: usize = 32_237;

fn setup() -> MeterSetup {
    MeterSetup { max_duration_s: 10.0, every_channel: true, ..MeterSetup::default() }
}

/// Noise that comes and goes, with a fault and clipped samples in it.
fn programme<S: Sample>(channels: usize, seed: u32) -> Vec<Vec<S>> {
    let mut audio = noise::<S>(channels, FRAMES, 0.7, seed);
    for (n, channel) in audio.iter_mut().enumerate() {
        channel[9000 + n * 200..14_000].fill(S::zero());
        channel[20_003 + n] = S::from_f64(-1.0 - 0.1 * n as f64);
    }
    audio[0][25_000] = S::from_f64(f64::NAN);
    audio
}

/// Everything that a meter says, f64 in full precision.
fn says<S: Sample>(meter: &mut Meter<'_, S>) -> String {
    let channels = meter.stream().channel_count();
    let rows: Vec<_> =
        (0..channels).map(|c| meter.channel_sub_blocks(c).unwrap().energies().to_vec()).collect();
    let peaks: Vec<_> = (0..channels).map(|c| meter.true_peak().channel_measurement(c)).collect();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {rows:?} {peaks:?} {}",
        meter.measurement(),
        (meter.momentary_lufs(), meter.short_term_lufs()),
        (meter.frames(), meter.faults(), meter.clipped()),
        meter.take_interval_peak(),
        meter.sub_blocks().energies(),
        meter.true_peak().measurement(),
        meter.is_running(),
    )
}

fn interleaved<S: Sample>(layout: Layout) {
    let stream = Stream::new(RATE_HZ, layout).unwrap();
    let audio = programme::<S>(layout.channel_count(), 3);
    let mixed: Vec<S> = (0..FRAMES).flat_map(|n| audio.iter().map(move |c| c[n])).collect();
    let mut planar = Meter::new(setup(), stream).unwrap();
    planar.push(Block::new(&audio).unwrap()).unwrap();
    assert_eq!((planar.faults(), planar.clipped()), (1, layout.channel_count() as u64));
    let expected = says(&mut planar);
    let mut pick = Noise::new(4);
    for largest in [1, 300, 9000] {
        let mut meter = Meter::new(setup(), stream).unwrap();
        let mut rest = &mixed[..];
        while !rest.is_empty() {
            let length = (pick.below(largest) + 1) * layout.channel_count();
            let (block, more) = rest.split_at(length.min(rest.len()));
            meter.push_interleaved(block).unwrap();
            rest = more;
        }
        assert!(says(&mut meter) == expected, "{layout} by {largest}");
    }
}

#[test]
fn interleaved_is_planar() {
    interleaved::<f32>(Layout::MONO);
    interleaved::<f64>(Layout::STEREO);
    interleaved::<f32>(Layout::SURROUND_5_1);
    let mut meter =
        Meter::<f32>::new(setup(), Stream::new(RATE_HZ, Layout::STEREO).unwrap()).unwrap();
    assert!(matches!(meter.push_interleaved(&[0.0; 5]), Err(Error::FrameCount { .. })));
    assert_eq!(meter.frames(), 0);
}

/// Cuts at random sub-blocks, from `first` to `end`.
fn cuts(pick: &mut Noise, first: u64, end: u64, pieces: usize) -> Vec<Range<u64>> {
    let sub_blocks = (end as f64 * 100.0 / RATE_HZ) as usize;
    let mut cuts: Vec<u64> = (1..pieces)
        .map(|_| sub_block_start(pick.below(sub_blocks), RATE_HZ))
        .filter(|&cut| cut > first && cut < end)
        .collect();
    cuts.extend([first, end]);
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// One stretch of a programme by as many threads as pieces, on top of what the meter has.
fn by_threads<S: Sample>(meter: &mut Meter<'_, S>, pieces: &mut [Piece<'_, S>], audio: &[Vec<S>]) {
    let whole = Block::new(audio).unwrap();
    let part = |frames: Range<u64>| whole.range(frames.start as usize, frames.end as usize);
    thread::scope(|threads| {
        for piece in pieces.iter_mut() {
            threads.spawn(move || piece.carry(part(piece.frames())).unwrap());
        }
    });
    meter.chain(pieces).unwrap();
    thread::scope(|threads| {
        for piece in pieces.iter_mut() {
            threads.spawn(move || piece.measure(part(piece.frames())).unwrap());
        }
    });
    for piece in pieces {
        meter.merge(piece).unwrap();
    }
}

fn in_pieces<S: Sample>(layout: Layout, true_peak: TruePeakMethod, seed: u32) {
    let stream = Stream::new(RATE_HZ, layout).unwrap();
    let audio = programme::<S>(layout.channel_count(), seed);
    let setup = MeterSetup { true_peak, ..setup() };
    let whole = Block::new(&audio).unwrap();
    let mut alone = Meter::new(setup, stream).unwrap();
    alone.push(whole).unwrap();
    let expected = says(&mut alone);
    let mut pick = Noise::new(seed);
    for threads in 1..=8 {
        // All of it at once; a push before; and in two waves.
        let starts = [0, sub_block_start(pick.below(100), RATE_HZ)];
        let half = sub_block_start(100 + pick.below(200), RATE_HZ);
        for (start, waves) in
            [(starts[0], vec![FRAMES as u64]), (starts[1], vec![half, FRAMES as u64])]
        {
            let mut meter = Meter::new(setup, stream).unwrap();
            meter.push(whole.range(0, start as usize)).unwrap();
            for end in waves {
                let ranges = cuts(&mut pick, meter.frames(), end, threads);
                let mut pieces: Vec<_> = ranges
                    .into_iter()
                    .map(|frames| Piece::new(setup, stream, frames).unwrap())
                    .collect();
                by_threads(&mut meter, &mut pieces, &audio);
            }
            assert!(says(&mut meter) == expected, "{threads} threads, {layout}, {true_peak:?}");
        }
    }
    // A meter that was put together goes on as one that was pushed everything.
    let cut = sub_block_start(211, RATE_HZ);
    let mut meter = Meter::new(setup, stream).unwrap();
    let plan = PiecePlan::new(RATE_HZ, 0..cut + 33, 3).unwrap();
    let mut pieces: Vec<_> =
        plan.ranges().map(|frames| Piece::new(setup, stream, frames).unwrap()).collect();
    by_threads(&mut meter, &mut pieces, &audio);
    meter.push(whole.range(cut as usize + 33, FRAMES)).unwrap();
    assert!(says(&mut meter) == expected, "pushed on after the pieces");
}

#[test]
fn pieces_on_threads_are_one_meter() {
    in_pieces::<f32>(Layout::STEREO, TruePeakMethod::Fine, 5);
    in_pieces::<f64>(Layout::SURROUND_5_1, TruePeakMethod::Annex2, 6);
    in_pieces::<f32>(Layout::MONO, TruePeakMethod::Off, 7);
    in_pieces::<f64>(Layout::MONO, TruePeakMethod::Fine, 8);
}

/// A stretch of its own begins after a pause, whether it is pushed or comes in pieces: what was heard
/// in the pause is not in the true-peak filter.
#[test]
fn pieces_after_a_pause_are_the_pushed_stretch() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let audio = programme::<f32>(2, 16);
    let whole = Block::new(&audio).unwrap();
    let cut = |k| sub_block_start(k, RATE_HZ) as usize;
    for true_peak in [TruePeakMethod::Fine, TruePeakMethod::Annex2, TruePeakMethod::Off] {
        let setup = MeterSetup { true_peak, ..setup() };
        // Loud noise right up to the end of the pause, and hardly anything after it.
        let mut audio = audio.clone();
        audio.iter_mut().for_each(|channel| channel[cut(80)..].iter_mut().for_each(|x| *x *= 0.01));
        audio.iter_mut().for_each(|channel| channel[..cut(40)].iter_mut().for_each(|x| *x *= 0.01));
        let whole = Block::new(&audio).unwrap();
        let before = || {
            let mut meter = Meter::new(setup, stream).unwrap();
            meter.push(whole.range(0, cut(40))).unwrap();
            meter.pause();
            meter.push(whole.range(cut(40), cut(80))).unwrap();
            meter.resume();
            meter
        };
        let mut pushed = before();
        pushed.push(whole.range(cut(80), FRAMES)).unwrap();
        let mut meter = before();
        let plan = PiecePlan::new(RATE_HZ, cut(80) as u64..FRAMES as u64, 3).unwrap();
        let mut pieces: Vec<_> =
            plan.ranges().map(|frames| Piece::new(setup, stream, frames).unwrap()).collect();
        by_threads(&mut meter, &mut pieces, &audio);
        assert_eq!(meter.measurement(), pushed.measurement(), "{true_peak:?}");
        assert!(says(&mut meter) == says(&mut pushed), "{true_peak:?}");
    }
    // A pause that has just been heard keeps its own rows of peaks: also the frames in the filter.
    let mut meter = Meter::new(setup(), stream).unwrap();
    let end = 20_004; // The loudest sample of channel 1 is the last one but one.
    meter.push(whole.range(0, end)).unwrap();
    meter.pause();
    meter.push(whole.range(end, end + 2000)).unwrap();
    let reached = meter.measurement().true_peak_dbtp.value().unwrap();
    let heard = mixcore::units::gain_to_db(meter.take_interval_peak());
    assert!(heard >= reached, "{heard} {reached}");
}

#[test]
fn pieces_in_lent_memory_and_at_a_common_rate() {
    let stream = Stream::new(44_100.0, Layout::STEREO).unwrap();
    let audio = noise::<f32>(2, 44_100, 0.6, 9);
    let mut alone = Meter::new(setup(), stream).unwrap();
    alone.push(Block::new(&audio).unwrap()).unwrap();
    let plan = PiecePlan::new(44_100.0, 0..44_100, 2).unwrap();
    let mut memory: Vec<_> = plan
        .ranges()
        .map(|frames| {
            let need = Piece::<f32>::required_len(&setup(), &stream, frames.clone()).unwrap();
            (frames, vec![7.0_f32; need.samples], vec![7.0; need.history])
        })
        .collect();
    let mut pieces: Vec<_> = memory
        .iter_mut()
        .map(|(frames, samples, history)| {
            let (few, none) = (samples.len() - 1, &mut [][..]);
            assert!(
                Piece::new_in(setup(), stream, frames.clone(), &mut samples[..few], none).is_err()
            );
            Piece::new_in(setup(), stream, frames.clone(), samples, history).unwrap()
        })
        .collect();
    let mut meter = Meter::new(setup(), stream).unwrap();
    by_threads(&mut meter, &mut pieces, &audio);
    assert!(says(&mut meter) == says(&mut alone));
}

#[test]
fn pieces_out_of_order_are_refused_and_leave_no_trace() {
    let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let audio = programme::<f32>(1, 10);
    let whole = Block::new(&audio).unwrap();
    let cut = sub_block_start(50, RATE_HZ);
    let piece = |frames: Range<u64>| Piece::<f32>::new(setup(), stream, frames);
    let unsupported = |result: Result<(), Error>| matches!(result, Err(Error::Unsupported { .. }));
    assert!(unsupported(piece(1..100).map(|_| ())), "inside a sub-block");
    assert!(unsupported(piece(cut..cut).map(|_| ())), "no frames");
    assert_eq!(PiecePlan::new(RATE_HZ, 0..0, 4).unwrap().ranges().len(), 0);
    assert!(unsupported(PiecePlan::new(RATE_HZ, 7..100, 4).map(|_| ())));

    let mut meter = Meter::new(setup(), stream).unwrap();
    let before = says(&mut meter);
    let mut pieces = [piece(0..cut).unwrap(), piece(cut..FRAMES as u64).unwrap()];
    assert!(unsupported(meter.chain(&mut pieces)), "not carried");
    assert!(pieces[0].carry(whole).is_err(), "other frames");
    let part = |frames: Range<u64>| whole.range(frames.start as usize, frames.end as usize);
    for piece in &mut pieces {
        piece.carry(part(piece.frames())).unwrap();
        assert!(unsupported(piece.measure(part(piece.frames()))), "not chained");
    }
    assert!(unsupported(meter.chain(&mut pieces[1..])), "a gap");
    let mut stereo =
        Meter::<f32>::new(setup(), Stream::new(RATE_HZ, Layout::STEREO).unwrap()).unwrap();
    assert!(unsupported(stereo.chain(&mut pieces)), "another layout");
    stereo.pause();
    let log = ExcursionLog::new(ExcursionSetup::default(), &stream).unwrap();
    let logging = Meter::new(setup(), stream).unwrap().with_peak_log(log).unwrap();
    assert!(unsupported(logging.chain(&mut pieces)), "a log");
    meter.pause();
    assert!(unsupported(meter.chain(&mut pieces)), "standing by");
    meter.resume();
    meter.chain(&mut pieces).unwrap();
    for piece in &mut pieces {
        assert!(unsupported(meter.merge(piece)), "not measured");
        piece.measure(part(piece.frames())).unwrap();
    }
    assert!(unsupported(meter.merge(&pieces[1])), "the second one first");
    assert!(says(&mut meter) == before, "a refused piece left a trace");
    meter.merge(&pieces[0]).unwrap();
    assert!(unsupported(meter.merge(&pieces[0])), "twice");
    let short = MeterSetup { max_duration_s: 1.0, ..setup() };
    let mut short = Meter::new(short, stream).unwrap();
    short.chain(&mut pieces).unwrap();
    for piece in &mut pieces {
        piece.measure(part(piece.frames())).unwrap();
    }
    short.merge(&pieces[0]).unwrap();
    assert!(matches!(short.merge(&pieces[1]), Err(Error::HistoryFull { .. })));
}

#[test]
fn a_paused_meter_keeps_the_whole_sub_blocks_that_were_measured() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let audio = programme::<f32>(2, 11);
    let whole = Block::new(&audio).unwrap();
    let mut all = Meter::new(setup(), stream).unwrap();
    let mut meter = Meter::new(setup(), stream).unwrap();
    let mut pick = Noise::new(12);
    let (mut at, mut measured, mut wanted) = (0, Vec::new(), Vec::new());
    let (mut frames, mut clipped) = (0, 0);
    while at < FRAMES {
        let length = pick.below(1500).min(FRAMES - at);
        let before = meter.measurement();
        all.push(whole.range(at, at + length)).unwrap();
        meter.push(whole.range(at, at + length)).unwrap();
        if meter.is_running() {
            measured.push(at..at + length);
            frames += length;
            let loud = |c: &Vec<f32>| c[at..at + length].iter().filter(|x| x.abs() >= 1.0).count();
            clipped += audio.iter().map(loud).sum::<usize>();
        } else {
            let after = meter.measurement();
            assert_eq!(
                (before.integrated_lufs, before.true_peak_dbtp, before.clipped),
                (after.integrated_lufs, after.true_peak_dbtp, after.clipped)
            );
            assert_eq!(before.momentary_max_lufs, after.momentary_max_lufs);
            assert_eq!(before.loudness_range_lu, after.loudness_range_lu);
        }
        at += length;
        // M and S are those of the stream.
        assert_eq!(meter.momentary_lufs(), all.momentary_lufs());
        assert_eq!(meter.short_term_lufs(), all.short_term_lufs());
        match pick.below(3) {
            0 => meter.pause(),
            1 => meter.resume(),
            // Without a frame in between it is nothing.
            _ if meter.is_running() => {
                meter.pause();
                meter.resume();
            }
            _ => {}
        }
    }
    let part_of_programme = |k: usize| {
        let (start, end) = (sub_block_start(k, RATE_HZ), sub_block_start(k + 1, RATE_HZ));
        (start..end).all(|n| measured.iter().any(|part| part.contains(&(n as usize))))
    };
    for (k, &energy) in all.sub_blocks().energies().iter().enumerate() {
        if part_of_programme(k) {
            wanted.push(energy);
        }
    }
    assert!(wanted.len() > 100 && wanted.len() < all.sub_blocks().len() - 50);
    assert_eq!(meter.sub_blocks().energies(), wanted);
    let read = meter.measurement();
    assert_eq!(read.duration_s, frames as f64 / RATE_HZ);
    assert_eq!((read.clipped, read.faults, meter.frames()), (clipped as u64, 1, FRAMES as u64));
    let blocks = meter.sub_blocks();
    let largest = |len: usize, lufs: &dyn Fn(usize) -> f64| {
        (len..=blocks.len()).map(lufs).fold(f64::NEG_INFINITY, f64::max)
    };
    let value = |reading: mixcore::Reading| reading.value().unwrap_or(f64::NEG_INFINITY);
    let momentary = largest(MOMENTARY_SUB_BLOCKS, &|end| value(blocks.momentary_lufs(end)));
    let short_term = largest(SHORT_TERM_SUB_BLOCKS, &|end| value(blocks.short_term_lufs(end)));
    assert_eq!(value(read.momentary_max_lufs), momentary);
    assert_eq!(value(read.short_term_max_lufs), short_term);
    meter.pause();
    meter.reset();
    assert!(meter.is_running());
    meter.push(whole).unwrap();
    assert!(says(&mut meter) == says(&mut all), "after reset");
}

#[test]
fn peaks_of_what_was_not_measured_do_not_count_and_room_is_not_used_up() {
    let stream = Stream::new(8000.0, Layout::MONO).unwrap();
    let short = MeterSetup { max_duration_s: 1.0, ..setup() };
    let meter = || Meter::new(short, stream).unwrap();
    let quiet = noise::<f64>(1, 8000, 0.1, 13).remove(0);
    let loud = noise::<f64>(1, 8000, 1.5, 14).remove(0);
    // Each stretch has silence around.
    let stretches = [&quiet[..3000], &quiet[3000..]];
    let alone = stretches.map(|stretch| {
        let mut meter = meter();
        meter.push(Block::mono(stretch)).unwrap();
        meter.true_peak().measurement()
    });
    let mut meter = meter();
    meter.push(Block::mono(stretches[0])).unwrap();
    meter.pause();
    for _ in 0..5 {
        meter.push(Block::mono(&loud)).unwrap();
        assert_eq!(meter.true_peak().measurement(), alone[0]);
    }
    assert_eq!(meter.clipped(), 0);
    meter.resume();
    meter.push(Block::mono(stretches[1])).unwrap();
    let peaks = meter.true_peak().measurement();
    let value = |reading: mixcore::Reading| reading.value().unwrap();
    let highest = |read: &dyn Fn(usize) -> f64| read(0).max(read(1));
    assert_eq!(value(peaks.true_peak_dbtp), highest(&|n| value(alone[n].true_peak_dbtp)));
    assert_eq!(value(peaks.sample_peak_dbfs), highest(&|n| value(alone[n].sample_peak_dbfs)));
    // Which stretch it was; the frame counts what was pushed.
    let second = usize::from(value(alone[1].true_peak_dbtp) > value(alone[0].true_peak_dbtp));
    let expected = alone[second].true_peak_frame + [0, 43_000][second];
    assert_eq!(peaks.true_peak_frame, expected);
    assert!(matches!(meter.push(Block::mono(&quiet[..200])), Err(Error::HistoryFull { .. })));
    meter.pause();
    meter.push(Block::mono(&quiet)).unwrap();
}

#[test]
fn every_channel_reads_as_a_mono_programme_of_its_own() {
    let layout = Layout::SURROUND_7_1;
    let stream = Stream::new(RATE_HZ, layout).unwrap();
    let audio = programme::<f32>(8, 15);
    let mut meter = Meter::new(setup(), stream).unwrap();
    let mut plain = Meter::new(MeterSetup { every_channel: false, ..setup() }, stream).unwrap();
    meter.push(Block::new(&audio).unwrap()).unwrap();
    plain.push(Block::new(&audio).unwrap()).unwrap();
    assert_eq!(meter.measurement(), plain.measurement());
    assert!(plain.channel_sub_blocks(0).is_none() && meter.channel_sub_blocks(8).is_none());
    let mono = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let mut sums = vec![0.0; meter.sub_blocks().len()];
    for (channel, samples) in audio.iter().enumerate() {
        let mut own = Meter::new(setup(), mono).unwrap();
        own.push(Block::mono(samples)).unwrap();
        let row = meter.channel_sub_blocks(channel).unwrap();
        assert_eq!(row.energies(), own.sub_blocks().energies());
        assert_eq!(row.integrated_lufs(), own.measurement().integrated_lufs);
        let weight = channel_weight(&layout.speakers()[channel]);
        if weight > 0.0 {
            for (sum, energy) in sums.iter_mut().zip(row.energies()) {
                *sum += weight * energy;
            }
        }
    }
    // LFE has energy of its own and is no part of the sum.
    assert!(meter.channel_sub_blocks(3).unwrap().integrated_lufs().value().is_some());
    assert_eq!(meter.sub_blocks().energies(), sums);
}
