//! No sample over the ceiling, no fault uncounted, no difference between two ways to cut a stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mixcore::audio::Sample;
use mixcore::dynamics::{
    Limiter, LimiterMode, LimiterParams, LimiterRelease, LimiterSetup, LinkGroups,
};
use mixcore::units::db_to_gain;
use mixcore::{BlockMut, Io, Process, Processor, Stream};
use mixcore_fuzz::{Taken, Unstructured, cuts, faults, isa, layout, rate_hz, samples};

/// Frames at most, the tail not counted.
const MAX_FRAMES: usize = 2_000;

fuzz_target!(|data: &[u8]| {
    let mut u = Unstructured::new(data);
    let run = if u.arbitrary().unwrap_or(false) { run::<f64> } else { run::<f32> };
    let _ = run(&mut u);
});

/// Something the user does at a frame.
#[derive(Clone, Copy, Debug)]
enum Act {
    Params(LimiterParams),
    Bypass(bool),
}

fn params(u: &mut Unstructured<'_>) -> Taken<LimiterParams> {
    let share = |byte: u8| f64::from(byte) / 255.0;
    Ok(LimiterParams {
        ceiling_dbtp: match u.arbitrary::<u8>()? {
            255 => u.arbitrary()?,
            byte => -60.0 * share(byte),
        },
        release_ms: match u.arbitrary::<u8>()? {
            255 => u.arbitrary()?,
            byte => 1.0 + 4999.0 * share(byte),
        },
        slow_release_ms: match u.arbitrary::<u8>()? {
            255 => u.arbitrary()?,
            byte => 10.0 + 29_990.0 * share(byte),
        },
    })
}

fn run<S: Sample>(u: &mut Unstructured<'_>) -> Taken<()> {
    let (layout, rate_hz) = (layout(u)?, rate_hz(u)?);
    let setup = LimiterSetup {
        lookahead_ms: match u.arbitrary::<u8>()? {
            255 => u.arbitrary()?,
            byte => 0.5 + 4.5 * f64::from(byte) / 254.0,
        },
        mode: if u.arbitrary()? { LimiterMode::TruePeak } else { LimiterMode::SamplePeak },
        groups: if u.arbitrary()? { LinkGroups::Mains } else { LinkGroups::Areas },
        link_percent: match u.arbitrary::<u8>()? {
            255 => u.arbitrary()?,
            byte => f64::from(byte.min(100)),
        },
        release: if u.arbitrary()? { LimiterRelease::Fixed } else { LimiterRelease::TwoStage },
        bass_hold: u.arbitrary()?,
        measure_output: u.arbitrary()?,
        dither: None,
    };
    let first = params(u)?;
    let Ok(stream) = Stream::new(rate_hz, layout) else { return Ok(()) };
    let Ok(mut limiter) = Limiter::<S>::new(setup, first, stream) else {
        assert!(setup.validate().is_err() || first.validate().is_err(), "{setup:?} {first:?}");
        return Ok(());
    };

    let frames = u.int_in_range(0..=MAX_FRAMES)?;
    let mut input = samples::<S>(u, layout.channel_count(), frames)?;
    let mut acts = Vec::new();
    for _ in 0..u.int_in_range(0_u8..=3)? {
        let at = u.int_in_range(0..=frames)?;
        let act = if u.ratio(3_u8, 4_u8)? {
            Act::Params(params(u)?)
        } else {
            Act::Bypass(u.arbitrary()?)
        };
        acts.push((at, act));
    }
    acts.sort_by_key(|&(at, _)| at);
    let expected_faults = faults(&input);
    for channel in &mut input {
        channel.resize(frames + limiter.tail_frames(), S::zero());
    }
    let frames = frames + limiter.tail_frames();

    let (output, ceiling) = render(&mut limiter, &input, &acts, &[frames]);
    assert_eq!(limiter.faults(), expected_faults);
    let all = output.iter().flatten().map(|x| x.as_f64());
    assert!(all.clone().all(f64::is_finite));
    if let Some(ceiling_dbtp) = ceiling {
        let peak = all.fold(0.0, |peak: f64, x| peak.max(x.abs()));
        assert!(peak <= db_to_gain(ceiling_dbtp), "{peak} over {ceiling_dbtp} dBTP");
    }

    let cuts = cuts(u, frames)?;
    let stream = Stream { isa: isa(u)?, ..stream };
    let memory = Limiter::<S>::required_len(setup, stream).expect("it was built before");
    let mut lent = (vec![S::one(); memory.samples], vec![3.0; memory.control]);
    let mut other = Limiter::new_in(setup, first, stream, &mut lent.0, &mut lent.1)
        .expect("lent memory of the length that was asked for");
    assert!(bits(&render(&mut other, &input, &acts, &cuts).0) == bits(&output), "{cuts:?}");

    if acts.is_empty() && u.arbitrary()? {
        limiter.reset();
        assert!(bits(&render(&mut limiter, &input, &acts, &cuts).0) == bits(&output), "reset");
    }
    Ok(())
}

/// Runs the input through in blocks of those lengths, with the acts at their frames; the highest
/// ceiling on the way, or nothing where the limiter was bypassed.
fn render<S: Sample>(
    limiter: &mut Limiter<'_, S>,
    input: &[Vec<S>],
    acts: &[(usize, Act)],
    cuts: &[usize],
) -> (Vec<Vec<S>>, Option<f64>) {
    let mut audio = input.to_vec();
    let mut ceiling = Some(limiter.params().ceiling_dbtp);
    let mut acts = acts.iter().copied().peekable();
    let mut at = 0;
    for &length in cuts {
        let end = at + length;
        loop {
            let stop = acts.peek().map_or(end, |&(frame, _)| frame.min(end));
            let mut block = BlockMut::new(&mut audio).expect("a layout's channels");
            limiter.process(Io::new(block.range(at, stop))).expect("the stream's channels");
            at = stop;
            match acts.next_if(|&(frame, _)| frame <= at) {
                Some((_, Act::Params(params))) => {
                    let before = limiter.params();
                    match limiter.set_params(params) {
                        Ok(()) => ceiling = ceiling.map(|c| c.max(params.ceiling_dbtp)),
                        Err(_) => assert_eq!(limiter.params(), before, "refused, yet moved"),
                    }
                }
                Some((_, Act::Bypass(bypass))) => {
                    ceiling = ceiling.filter(|_| !bypass);
                    limiter.set_bypass(bypass);
                }
                None if at == end => break,
                None => {}
            }
        }
    }
    (audio, ceiling)
}

fn bits<S: Sample>(audio: &[Vec<S>]) -> Vec<u64> {
    audio.iter().flatten().map(|x| x.as_f64().to_bits()).collect()
}
