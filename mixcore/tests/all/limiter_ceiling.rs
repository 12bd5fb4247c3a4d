//! DESIGN promise 3 for the limiter: the hostile set, random programmes, an adversary.

use mixcore::audio::Sample;
use mixcore::dynamics::{
    Limiter, LimiterMode, LimiterParams, LimiterRelease, LimiterSetup, LinkGroups, MIN_LOOKAHEAD_MS,
};
use mixcore::{BlockMut, Io, Isa, Layout, Process, Processor, Stream};
use proptest::prelude::*;

use crate::limiter::{ABOVE_DB, CEILING_DBTP, flushed, limiter};
use crate::programmes::{hostile, random};
use crate::reference::judge::Judge;
use crate::signals::Noise;

const RATES_HZ: [f64; 3] = [44_100.0, 48_000.0, 96_000.0];

/// The full sets run where this is set (`make test-long`).
fn long() -> bool {
    std::env::var_os("MIXCORE_LONG").is_some()
}

fn samples<S: Sample>(channel: &[f64]) -> Vec<S> {
    channel.iter().map(|&x| S::from_f64(x)).collect()
}

/// Worst excess over the ceiling of each hostile signal, dB.
fn hostile_set<S: Sample>(layout: Layout, worst: &mut Vec<(&'static str, f64)>) {
    let judge = Judge::new();
    for rate_hz in RATES_HZ {
        let mut limiter = limiter::<S>(rate_hz, layout);
        let left = hostile(rate_hz, 1);
        // The other side plays the next signal of the list: linked channels disturb each other.
        let right = hostile(rate_hz, 2);
        for (index, (name, left)) in left.iter().enumerate() {
            let mut input = vec![samples::<S>(left)];
            if layout.channel_count() == 2 {
                input.push(samples(&right[(index + 1) % right.len()].1));
            }
            limiter.reset();
            let excess = judge.dbtp(&flushed(&mut limiter, &input)) - CEILING_DBTP;
            match worst.iter_mut().find(|(known, _)| known == name) {
                Some((_, most)) => *most = most.max(excess),
                None => worst.push((name, excess)),
            }
        }
    }
}

#[test]
fn the_hostile_set_stays_below_the_ceiling() {
    let mut worst = Vec::new();
    hostile_set::<f32>(Layout::MONO, &mut worst);
    hostile_set::<f64>(Layout::MONO, &mut worst);
    hostile_set::<f32>(Layout::STEREO, &mut worst);
    hostile_set::<f64>(Layout::STEREO, &mut worst);
    for (name, excess) in &worst {
        println!("{excess:+.4} dB  {name}");
    }
    for (name, excess) in worst {
        assert!(excess <= ABOVE_DB, "{name}: {excess:+.4} dB");
    }
}

/// One second by seed: rate, layout, setup, ceiling and release follow from the seed.
fn random_programme<S: Sample>(judge: &Judge, seed: u32) -> f64 {
    let mut noise = Noise::new(seed.wrapping_mul(0x9E37_79B9).wrapping_add(1));
    let rate_hz = RATES_HZ[seed as usize % 3];
    let layouts = [Layout::MONO, Layout::STEREO, Layout::SURROUND_7_1_4];
    let layout = layouts[seed as usize / 3 % 3];
    let mut pick = |choices: &[f64]| choices[noise.below(choices.len())];
    let setup = LimiterSetup {
        lookahead_ms: pick(&[0.5, 1.0, 2.0, 5.0, 5.0, 20.0]),
        link_percent: pick(&[100.0, 100.0, 100.0, 60.0, 0.0]),
        release: match pick(&[0.0, 0.0, 1.0]) {
            0.0 => LimiterRelease::Fixed,
            _ => LimiterRelease::TwoStage,
        },
        bass_hold: pick(&[0.0, 1.0]) > 0.0,
        ..Default::default()
    };
    let ceiling_dbtp = pick(&[0.0, -0.1, -1.0, -1.0, -2.0, -9.0]);
    let params = LimiterParams {
        ceiling_dbtp,
        release_ms: pick(&[1.0, 20.0, 100.0, 500.0]),
        ..LimiterParams::default()
    };
    let input: Vec<Vec<S>> = (0..layout.channel_count())
        .map(|_| samples(&random(rate_hz, rate_hz as usize, &mut noise)))
        .collect();
    let stream = Stream::new(rate_hz, layout).unwrap();
    let mut limiter = Limiter::<S>::new(setup, params, stream).unwrap();
    judge.dbtp(&flushed(&mut limiter, &input)) - ceiling_dbtp
}

#[test]
fn random_programmes_stay_below_the_ceiling() {
    let judge = Judge::new();
    let seeds = if long() { 1000 } else { 20 };
    let mut worst = f64::NEG_INFINITY;
    for seed in 0..seeds {
        let excess = if seed % 5 == 4 {
            random_programme::<f64>(&judge, seed)
        } else {
            random_programme::<f32>(&judge, seed)
        };
        assert!(excess <= ABOVE_DB, "seed {seed}: {excess:+.4} dB");
        worst = worst.max(excess);
    }
    println!("{seeds} random programmes: worst {worst:+.4} dB");
}

/// Mutate and keep: a search over a short input for the highest excess the judge can be given.
fn climb(seed: u32, steps: usize) -> f64 {
    const FRAMES: usize = 512;
    let judge = Judge::new();
    // The shortest look-ahead and release leave the trims the most to do.
    let setup = LimiterSetup { lookahead_ms: MIN_LOOKAHEAD_MS, ..LimiterSetup::default() };
    let params =
        LimiterParams { ceiling_dbtp: CEILING_DBTP, release_ms: 1.0, ..LimiterParams::default() };
    let stream = Stream::new(48_000.0, Layout::MONO).unwrap();
    let mut limiter = Limiter::<f64>::new(setup, params, stream).unwrap();
    let mut noise = Noise::new(seed);
    let starts = hostile(48_000.0, seed);
    let start = &starts[seed as usize % starts.len()].1;
    let offset = noise.below(start.len() - FRAMES);
    let mut best = start[offset..offset + FRAMES].to_vec();
    let mut score = f64::NEG_INFINITY;
    let mut trial = best.clone();
    for _ in 0..=steps {
        limiter.reset();
        let input = [trial];
        let excess = judge.dbtp(&flushed(&mut limiter, &input)) - CEILING_DBTP;
        if excess >= score {
            score = excess;
            [best] = input;
        }
        trial = best.clone();
        let at = noise.below(FRAMES);
        let longest = [1, 4, 30, 200][noise.below(4)];
        let length = 1 + noise.below(longest);
        let span = at..(at + length).min(FRAMES);
        let amount = noise.next_f64();
        match noise.below(5) {
            0 => trial[span].iter_mut().for_each(|x| *x += noise.next_f64()),
            1 => trial[span].iter_mut().for_each(|x| *x *= 1.0 + 0.5 * amount),
            2 => trial[span].iter_mut().for_each(|x| *x = -*x),
            3 => trial[span].iter_mut().for_each(|x| *x = x.signum() * 3.0 * amount.abs()),
            _ => trial[span].iter_mut().for_each(|x| *x *= mixcore::math::exp10(3.0 * amount)),
        }
        trial.iter_mut().for_each(|x| *x = x.clamp(-1e6, 1e6));
    }
    score
}

#[test]
fn an_adversary_does_not_climb_over_the_ceiling() {
    let (seeds, steps) = if long() { (26, 20_000) } else { (13, 300) };
    let mut worst = f64::NEG_INFINITY;
    for seed in 0..seeds {
        worst = worst.max(climb(seed, steps));
    }
    println!("adversary: worst {worst:+.4} dB over the ceiling");
    assert!(worst <= ABOVE_DB, "{worst:+.4} dB");
}

fn any_rate() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(48_000.0),
        Just(8_000.0),
        Just(384_000.0),
        8_000.0..192_000.0,
        any::<u64>().prop_map(f64::from_bits)
    ]
}

fn any_of(range: std::ops::Range<f64>) -> impl Strategy<Value = f64> {
    prop_oneof![4 => range, 1 => any::<u64>().prop_map(f64::from_bits)]
}

fn any_sample() -> impl Strategy<Value = f32> {
    prop_oneof![4 => -3.0_f32..3.0, 1 => any::<u32>().prop_map(f32::from_bits)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    /// Arbitrary arguments and blocks: errors, never panics, and never a sample over the ceiling.
    #[test]
    fn anything_goes_in_and_nothing_over_the_ceiling_comes_out(
        rate_hz in any_rate(),
        layout in 0..17_usize,
        mode in prop_oneof![Just(LimiterMode::TruePeak), Just(LimiterMode::SamplePeak)],
        groups in prop_oneof![Just(LinkGroups::Mains), Just(LinkGroups::Areas)],
        link_percent in any_of(-10.0..110.0),
        release in prop_oneof![Just(LimiterRelease::Fixed), Just(LimiterRelease::TwoStage)],
        bass_hold in any::<bool>(),
        lookahead_ms in any_of(0.0..25.0),
        ceiling_dbtp in any_of(-70.0..3.0),
        release_ms in any_of(0.0..6000.0),
        samples in prop::collection::vec(any_sample(), 1..600),
        blocks in prop::collection::vec(0..200_usize, 1..40),
        moves in prop::collection::vec(any_of(-70.0..3.0), 4),
        channels in 1..26_usize,
    ) {
        let layout = Layout::all().nth(layout).unwrap();
        let stream = Stream { rate_hz, layout, isa: Isa::detect() };
        let setup = LimiterSetup {
            mode, lookahead_ms, groups, link_percent, release, bass_hold, ..LimiterSetup::default()
        };
        let params = LimiterParams { ceiling_dbtp, release_ms, ..LimiterParams::default() };
        let limiter = Limiter::<f32>::new(setup, params, stream);
        let allowed = (8_000.0..=384_000.0).contains(&rate_hz)
            && (0.5..=20.0).contains(&lookahead_ms)
            && (0.0..=100.0).contains(&link_percent)
            && (-60.0..=0.0).contains(&ceiling_dbtp)
            && (1.0..=5000.0).contains(&release_ms);
        prop_assert_eq!(limiter.is_ok(), allowed);
        let Ok(mut limiter) = limiter else { return Ok(()) };
        let mut highest = ceiling_dbtp;
        let mut at = 0;
        for (index, &frames) in blocks.iter().enumerate() {
            if let Some(&ceiling_dbtp) = moves.get(index) {
                let moved = limiter.set_field("ceiling_dbtp", ceiling_dbtp);
                prop_assert_eq!(moved.is_ok(), (-60.0..=0.0).contains(&ceiling_dbtp));
                if moved.is_ok() {
                    highest = highest.max(ceiling_dbtp);
                }
            }
            let mut audio: Vec<Vec<f32>> = (0..channels)
                .map(|c| (0..frames).map(|n| samples[(at + n + 7 * c) % samples.len()]).collect())
                .collect();
            at += frames;
            let done = limiter.process(Io::new(BlockMut::new(&mut audio).unwrap()));
            prop_assert_eq!(done.is_ok(), channels == layout.channel_count());
            if done.is_ok() {
                let top = mixcore::units::db_to_gain(highest) as f32;
                prop_assert!(audio.iter().flatten().all(|x| x.abs() <= top));
            }
        }
        prop_assert!(limiter.gain_reduction_db() >= 0.0);
        prop_assert!(limiter.max_gain_reduction_db() >= limiter.gain_reduction_db());
    }
}
