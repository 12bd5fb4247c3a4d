//! The programme window: what a meter reads behind it is what it reads of the trimmed file.

use mixcore::audio::Block;
use mixcore::loudness::{BinWidth, ProgrammeWindow, StemActivity};
use mixcore::{Layout, Stream};

use super::{exact, feed, live, programme, value};
use crate::signals::sine;

const RATE_HZ: f64 = 48_000.0;

/// Line-up tone at -18 dBFS for 2 s, a quiet programme of 4 s, and a loud tail.
fn recording() -> (Vec<Vec<f32>>, ProgrammeWindow) {
    let mut audio = programme::<f32>(2, 400_000, RATE_HZ, 31);
    let tone = sine::<f32>(40.0, RATE_HZ, 96_007, 0.126);
    for channel in &mut audio {
        channel[..96_007].copy_from_slice(&tone);
        channel[96_007..300_000].iter_mut().for_each(|x| *x *= 1e-3);
    }
    (audio, ProgrammeWindow { start_frame: 96_007, frames: 300_000 - 96_007 })
}

#[test]
fn a_windowed_meter_reads_the_trimmed_file() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let (audio, window) = recording();
    let trimmed = Block::new(&audio).unwrap().range(96_007, 300_000);
    let mut expected = exact::<f32>(stream);
    expected.push(trimmed).unwrap();
    let mut stem_expected = StemActivity::new(60.0, stream).unwrap();
    stem_expected.push(trimmed).unwrap();
    let mut live_expected = live::<f32>(BinWidth::OneTenth, stream);
    live_expected.push(trimmed).unwrap();
    for seed in 0..4 {
        let mut meter = exact::<f32>(stream);
        let mut live = live::<f32>(BinWidth::OneTenth, stream);
        let mut stem = StemActivity::new(60.0, stream).unwrap();
        let mut first_frame = 0;
        feed(&audio, seed, |block| {
            let part = window.of(block, first_frame);
            meter.push(part).unwrap();
            live.push(part).unwrap();
            stem.push(part).unwrap();
            first_frame += block.frames() as u64;
        });
        assert_eq!(meter.measurement(), expected.measurement());
        assert_eq!(meter.sub_blocks().energies(), expected.sub_blocks().energies());
        assert_eq!(live.measurement(), live_expected.measurement());
        assert_eq!(stem.activity().powers(), stem_expected.activity().powers());
        assert_eq!(meter.frames(), window.frames);
    }
}

/// Why the filter begins at rest: from the head of the tape on, the tone rings into the programme.
#[test]
fn a_filter_that_runs_from_the_head_reads_the_tone_in_the_programme() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let (audio, window) = recording();
    let mut at_rest = exact::<f32>(stream);
    at_rest.push(window.of(Block::new(&audio).unwrap(), 0)).unwrap();
    let mut live = live::<f32>(BinWidth::OneTenth, stream);
    live.push(Block::new(&audio).unwrap().range(0, 96_007)).unwrap();
    live.restart();
    live.push(window.of(Block::new(&audio).unwrap(), 0)).unwrap();
    let (rest, runs) = (at_rest.measurement(), live.measurement());
    let error = value(runs.momentary_max_lufs) - value(rest.momentary_max_lufs);
    println!("max M with the tone ringing in: {error:+.3} LU");
    assert!(error.abs() > 0.01, "{error}");
}
