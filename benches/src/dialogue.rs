//! The tools for dialogue on one channel, the automixer on eight; against the loop one would write first,
//! where that is short.
//!
//! Nobody sells these as a library, so the naive loops are the only rivals: twenty notches in a row for the
//! hum comb, a sample-by-sample gain sharer for the automixer, a bank of band-passes with an expander in
//! each for the suppressor. Before a case is timed both sides must do the job: the hum goes, the powers of
//! the gains add up to one, the noise goes down.

use std::f64::consts::PI;
use std::hint::black_box;

use mixcore::dynamics::{
    Automixer, AutomixerParams, AutomixerSetup, ClickTamer, ClickTamerParams, ClickTamerSetup,
    HumComb, HumCombParams, HumCombSetup, Leveller, LevellerParams, LevellerSetup, PlosiveTamer,
    PlosiveTamerParams, PlosiveTamerSetup, Suppressor, SuppressorParams, SuppressorSetup,
};
use mixcore::filters::Biquad;
use mixcore::filters::design::{Method, Shape, second_order};
use mixcore::loudness::KWeighting;
use mixcore::units::db_to_gain;
use mixcore::{BlockMut, Io, Layout, Process, Stream};

use crate::{Case, Goal, RATE_HZ, Rival, Run, cue, signals};

/// A host's block of 10 ms.
const BLOCK: usize = 480;
/// Microphones of the automixer.
const MICROPHONES: usize = 8;
/// Bands of the suppressor's rival: an ERB each, 60 Hz to 23 kHz.
const BANDS: usize = 43;

/// The cue's voice over room noise at −60 dBFS.
fn voice() -> Vec<f32> {
    let mut voice = cue::voice();
    let noise = signals::noise(1, voice.len(), -55.0);
    for (x, noise) in voice.iter_mut().zip(&noise[0]) {
        *x += noise;
    }
    voice
}

/// Runs block by block over all of the material.
fn pass(side: &mut impl FnMut(&mut [Vec<f32>]), input: &[Vec<f32>], work: &mut [Vec<f32>]) {
    for at in (0..input[0].len() / BLOCK).map(|block| block * BLOCK) {
        for (work, input) in work.iter_mut().zip(input) {
            work.copy_from_slice(&input[at..at + BLOCK]);
        }
        side(black_box(work));
    }
}

fn timed(input: &[Vec<f32>], mut side: impl FnMut(&mut [Vec<f32>]) + 'static) -> Run {
    let input = input.to_vec();
    let mut work = vec![vec![0.0; BLOCK]; input.len()];
    Box::new(move || pass(&mut side, &input, &mut work))
}

/// The last blocks of what a side makes of the input.
fn end_of(input: &[Vec<f32>], side: &mut impl FnMut(&mut [Vec<f32>])) -> Vec<Vec<f32>> {
    let mut end = vec![Vec::new(); input.len()];
    let mut work = vec![vec![0.0; BLOCK]; input.len()];
    let blocks = input[0].len() / BLOCK;
    let mut seen = 0;
    let mut watched = |audio: &mut [Vec<f32>]| {
        side(audio);
        seen += 1;
        if seen + 100 > blocks {
            for (end, audio) in end.iter_mut().zip(audio.iter()) {
                end.extend_from_slice(audio);
            }
        }
    };
    pass(&mut watched, input, &mut work);
    end
}

fn power(audio: &[f32]) -> f64 {
    audio.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / audio.len() as f64
}

fn process(processor: &mut impl Process<f32>, audio: &mut [Vec<f32>]) {
    processor.process(Io::new(BlockMut::new(audio).expect("channels"))).expect("the stream's");
}

fn case(name: &str, input: &[Vec<f32>], ours: Run, rivals: Vec<Rival>) -> Case {
    let units = (input[0].len() / BLOCK * BLOCK) as u64;
    Case { name: name.into(), units, unit: "frame", ours, rivals, limit: None }
}

fn step(section: &Biquad, [s1, s2]: &mut [f64; 2], x: f64) -> f64 {
    let y = section.b[0] * x + *s1;
    *s1 = section.b[1] * x - section.a[0] * y + *s2;
    *s2 = section.b[2] * x - section.a[1] * y;
    y
}

fn hum_comb(stream: Stream) -> Case {
    let hum = |n: usize| {
        let turn = 2.0 * PI * 50.0 * n as f64 / RATE_HZ;
        (0..20).map(|h| 0.005 * (f64::from(h + 1) * turn).sin()).sum::<f64>() as f32
    };
    let input = vec![(0..10 * RATE_HZ as usize).map(hum).collect::<Vec<f32>>()];
    let (setup, params) = (HumCombSetup::default(), HumCombParams::default());
    let mut comb = HumComb::new(setup, params, stream).expect("defaults");
    // 1 Hz wide each: Q is the harmonic's frequency.
    let notches: [Biquad; 20] = std::array::from_fn(|h| {
        let hz = 50.0 * (h + 1) as f64;
        second_order(Method::Cookbook, Shape::Notch, hz, hz, 0.0, RATE_HZ).expect("in range")
    });
    let mut states = [[0.0; 2]; 20];
    let mut naive = move |audio: &mut [Vec<f32>]| {
        for sample in &mut audio[0] {
            let mut x = f64::from(*sample);
            for (notch, state) in notches.iter().zip(&mut states) {
                x = step(notch, state, x);
            }
            *sample = x as f32;
        }
    };
    let before = power(&input[0]);
    let mut ours = move |audio: &mut [Vec<f32>]| process(&mut comb, audio);
    for (who, after) in [("ours", end_of(&input, &mut ours)), ("naive", end_of(&input, &mut naive))]
    {
        assert!(power(&after[0]) < 1e-3 * before, "{who} leaves the hum");
    }
    let rival = Rival::new("20 notches in a row", timed(&input, naive), Goal::None);
    case("hum comb, 20 harmonics, mono", &input, timed(&input, ours), vec![rival])
}

/// Sample by sample: K-weighting, a smoothed power, and every gain anew.
fn naive_automixer() -> impl FnMut(&mut [Vec<f32>]) {
    let weighting = KWeighting::design(RATE_HZ).expect("in range");
    let sections = [weighting.shelf, weighting.high_pass];
    let mut filters = [[[0.0; 2]; 2]; MICROPHONES];
    let mut powers = [0.0_f64; MICROPHONES];
    let pole = |ms: f64| (-1.0 / (ms * 1e-3 * RATE_HZ)).exp();
    let (attack, release) = (pole(15.0), pole(150.0));
    move |audio| {
        for n in 0..audio[0].len() {
            for ((channel, states), power) in audio.iter().zip(&mut filters).zip(&mut powers) {
                let mut x = f64::from(channel[n]);
                for (section, state) in sections.iter().zip(states) {
                    x = step(section, state, x);
                }
                let pole = if x * x > *power { attack } else { release };
                *power = pole * *power + (1.0 - pole) * x * x;
            }
            let sum: f64 = powers.iter().map(|power| power + 1e-12).sum();
            for (channel, power) in audio.iter_mut().zip(&powers) {
                channel[n] *= ((power + 1e-12) / sum).powf(0.5).max(0.01) as f32;
            }
        }
    }
}

fn automixer() -> Case {
    let stream = Stream::new(RATE_HZ, Layout::SURROUND_7_1).expect("48 kHz is in range");
    let input = signals::noise(MICROPHONES, 4 * RATE_HZ as usize, -20.0);
    let (setup, params) = (AutomixerSetup::default(), AutomixerParams::default());
    let mut mixer = Automixer::new(setup, params, stream).expect("defaults");
    let mut ours = move |audio: &mut [Vec<f32>]| process(&mut mixer, audio);
    let mut naive = naive_automixer();
    for (who, after) in [("ours", end_of(&input, &mut ours)), ("naive", end_of(&input, &mut naive))]
    {
        let sum: f64 = after.iter().map(|channel| power(channel)).sum();
        let share = sum / power(&input[0]);
        assert!((0.9..1.1).contains(&share), "{who}: {share}");
    }
    let rival = Rival::new("sample by sample", timed(&input, naive), Goal::NotSlower);
    case("automixer, 8 microphones", &input, timed(&input, ours), vec![rival])
}

/// A band-pass for each ERB, a power of 80 ms and an expander in each: what is taken out is summed.
fn band_passes(floor: f64) -> impl FnMut(&mut [Vec<f32>]) {
    let mut hz = 60.0;
    let sections: [Biquad; BANDS] = std::array::from_fn(|_| {
        let width = 24.7 * (4.37 * hz / 1000.0 + 1.0);
        let middle = hz + 0.5 * width;
        hz += width;
        let shape = Shape::BandPass;
        second_order(Method::Cookbook, shape, middle, middle / width, 0.0, RATE_HZ)
            .expect("in range")
    });
    let (mut states, mut powers) = ([[0.0; 2]; BANDS], [0.0_f64; BANDS]);
    let kept = (-1.0 / (0.08 * RATE_HZ)).exp();
    move |audio| {
        for sample in &mut audio[0] {
            let x = f64::from(*sample);
            let mut taken = 0.0;
            for ((section, state), power) in sections.iter().zip(&mut states).zip(&mut powers) {
                let band = step(section, state, x);
                *power = kept * *power + (1.0 - kept) * band * band;
                // White noise: each band has its width's share.
                let below = 12.0 - 10.0 * (*power / floor).log10();
                let gain_db = if below > 0.0 { -(3.0 * below).min(12.0) } else { 0.0 };
                taken += (1.0 - db_to_gain(gain_db)) * band;
            }
            *sample = (x - taken) as f32;
        }
    }
}

fn suppressor(stream: Stream) -> Case {
    let input = vec![voice()];
    let (setup, params) = (SuppressorSetup::default(), SuppressorParams::default());
    let mut suppressor = Suppressor::new(setup, params, stream).expect("defaults");
    let ours = move |audio: &mut [Vec<f32>]| process(&mut suppressor, audio);
    let mut naive = band_passes(1e-6);
    let mut checked = Suppressor::new(setup, params, stream).expect("defaults");
    let noise = signals::noise(1, 4 * RATE_HZ as usize, -55.0);
    let before = power(&noise[0]);
    let mut side = |audio: &mut [Vec<f32>]| process(&mut checked, audio);
    for (who, after) in [("ours", end_of(&noise, &mut side)), ("naive", end_of(&noise, &mut naive))]
    {
        assert!(power(&after[0]) < 0.5 * before, "{who} leaves the noise");
    }
    let rival = Rival::new("43 band-passes", timed(&input, naive), Goal::NotSlower);
    case("suppressor, voice in noise, mono", &input, timed(&input, ours), vec![rival])
}

fn alone(name: &str, mut processor: impl Process<f32> + 'static) -> Case {
    let input = vec![voice()];
    case(name, &input, timed(&input, move |audio| process(&mut processor, audio)), Vec::new())
}

/// The cases; where there is a rival, both sides have done the job before.
///
/// # Panics
/// If one of them does not.
#[must_use]
pub fn cases() -> Vec<Case> {
    let stream = Stream::new(RATE_HZ, Layout::MONO).expect("48 kHz is in range");
    let leveller = Leveller::new(LevellerSetup::default(), LevellerParams::default(), stream);
    let puffs =
        PlosiveTamer::new(PlosiveTamerSetup::default(), PlosiveTamerParams::default(), stream);
    let clicks = ClickTamer::new(ClickTamerSetup::default(), ClickTamerParams::default(), stream);
    vec![
        alone("leveller, voice, mono", leveller.expect("defaults")),
        suppressor(stream),
        hum_comb(stream),
        alone("plosive tamer, voice, mono", puffs.expect("defaults")),
        alone("click tamer, voice, mono", clicks.expect("defaults")),
        automixer(),
    ]
}
