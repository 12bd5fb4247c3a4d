//! DESIGN promise 3 on 7.1.4: the hostile set on twelve channels that pull each other, and on one.

use mixcore::audio::Sample;
use mixcore::dynamics::{Limiter, LimiterParams, LimiterSetup};
use mixcore::{Layout, Processor, Stream};

use crate::limiter::{ABOVE_DB, CEILING_DBTP, flushed};
use crate::programmes::{Named, hostile};
use crate::reference::judge::Judge;
use crate::signals::sine;

const CHANNELS: usize = 12;

/// How a hostile signal lies on the twelve channels.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spread {
    /// On all: other noise, another delay, sign and level each.
    All,
    /// On one, and on the others tones of their own just below the ceiling, which a moving gain may take
    /// over it.
    One(usize),
    /// On one, and nothing beside it.
    Alone(usize),
}

/// `sets` has a realisation of the hostile set for each channel.
fn laid_out<S: Sample>(
    sets: &[Vec<Named>],
    index: usize,
    spread: Spread,
    rate_hz: f64,
) -> Vec<Vec<S>> {
    let frames = sets[0][index].1.len();
    let signal = |channel: usize| &sets[channel][index].1;
    (0..CHANNELS)
        .map(|channel| match spread {
            Spread::All => {
                // Delays that share no period with each other or with a chunk; 3 dB from step to step,
                // over five of them.
                let delay = channel * 37 % 101;
                let gain = mixcore::units::db_to_gain(-3.0 * (channel * 5 % 6) as f64);
                let sign = if channel % 3 == 1 { -gain } else { gain };
                let late = signal(channel).iter().map(|x| S::from_f64(sign * x));
                let mut out = vec![S::zero(); delay];
                out.extend(late);
                out.truncate(frames);
                out
            }
            Spread::One(one) | Spread::Alone(one) if one == channel => {
                signal(channel).iter().map(|&x| S::from_f64(x)).collect()
            }
            Spread::One(_) => {
                let hz = rate_hz * (0.021 + 0.037 * channel as f64);
                sine(hz, rate_hz, frames, mixcore::units::db_to_gain(CEILING_DBTP - 0.1))
            }
            Spread::Alone(_) => vec![S::zero(); frames],
        })
        .collect()
}

/// The worst of a list of runs of each signal, dB over the ceiling.
fn worst<S: Sample>(
    rate_hz: f64,
    runs: impl Fn(usize) -> Vec<(f64, Spread)>,
) -> Vec<(&'static str, f64)> {
    let judge = Judge::new();
    let stream = Stream::new(rate_hz, Layout::SURROUND_7_1_4).unwrap();
    let sets: Vec<Vec<Named>> = (0..CHANNELS as u32).map(|c| hostile(rate_hz, 1 + c)).collect();
    let mut limiters = [100.0, 0.0].map(|link_percent| {
        let setup = LimiterSetup { link_percent, ..LimiterSetup::default() };
        Limiter::<S>::new(setup, LimiterParams::default(), stream).unwrap()
    });
    let named = sets[0].iter().enumerate();
    named
        .map(|(index, (name, _))| {
            let excesses = runs(index).into_iter().map(|(link_percent, spread)| {
                let limiter = &mut limiters[usize::from(link_percent == 0.0)];
                limiter.reset();
                let out = flushed(limiter, &laid_out::<S>(&sets, index, spread, rate_hz));
                let excess = judge.dbtp(&out) - CEILING_DBTP;
                assert!(
                    excess <= ABOVE_DB,
                    "{name} {rate_hz} {link_percent} {spread:?}: {excess:+.4}"
                );
                excess
            });
            (*name, excesses.fold(f64::NEG_INFINITY, f64::max))
        })
        .collect()
}

fn told(what: &str, found: &[(&str, f64)]) {
    for (name, excess) in found {
        println!("{what} {excess:+.4} dB  {name}");
    }
}

/// Every signal on all channels and on one, one link each, in turns; the whole grid is the long set's.
#[test]
fn twelve_channels_of_the_hostile_set_stay_below_the_ceiling() {
    let found = worst::<f32>(48_000.0, |index| {
        let links = if index % 2 == 0 { [100.0, 0.0] } else { [0.0, 100.0] };
        vec![(links[0], Spread::All), (links[1], Spread::Alone(index % CHANNELS))]
    });
    told("7.1.4", &found);
}

#[test]
fn every_rate_link_and_spread_of_the_hostile_set_stays_below_the_ceiling() {
    if std::env::var_os("MIXCORE_LONG").is_none() {
        return;
    }
    let linked = |spread: Spread| [(100.0, spread), (0.0, spread)];
    let runs = |index: usize| {
        let one = index % CHANNELS;
        // The LFE, whose link is its own, and a main channel.
        let spreads = [Spread::All, Spread::One(one), Spread::One(3), Spread::Alone(one)];
        spreads.into_iter().flat_map(linked).collect()
    };
    for rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        told(&format!("7.1.4, {rate_hz} Hz, f32"), &worst::<f32>(rate_hz, runs));
    }
    told("7.1.4, 48000 Hz, f64", &worst::<f64>(48_000.0, |_| linked(Spread::All).to_vec()));
}
