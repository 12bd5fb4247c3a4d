//! The transient shaper as an engineer would check it: onsets and tails at any level, steady tones
//! left alone.

use mixcore::dynamics::{
    KeyFilter, LinkGroups, TransientShaper, TransientShaperParams, TransientShaperSetup,
};
use mixcore::filters::EqBand;
use mixcore::filters::design::Shape;
use mixcore::{Block, BlockMut, Io, Layout, Process, Processor, Stream};

use crate::signals::{Noise, noise, sine};

const RATE_HZ: f64 = 48_000.0;

fn shaper(params: TransientShaperParams, layout: Layout) -> TransientShaper<'static, f64> {
    let stream = Stream::new(RATE_HZ, layout).unwrap();
    TransientShaper::new(TransientShaperSetup::default(), params, stream).unwrap()
}

/// Gains of every frame for a mono signal, dB.
fn gains(unit: &mut TransientShaper<'_, f64>, audio: &[f64]) -> Vec<f32> {
    let mut row = vec![0.0; audio.len()];
    let mut audio = vec![audio.to_vec()];
    let io = Io::new(BlockMut::new(&mut audio).unwrap());
    unit.process_with_gain(io, &mut row).unwrap();
    row
}

/// A drum: half a second of silence, an onset, a decay with a time constant of 80 ms.
fn drum(level: f64) -> Vec<f64> {
    (0..48_000)
        .map(|n| {
            let t = (f64::from(n) - 24_000.0) / RATE_HZ;
            if t < 0.0 { 0.0 } else { level * (-t / 0.08).exp() * (t * 2.0e3).cos() }
        })
        .collect()
}

const BOTH: TransientShaperParams = TransientShaperParams {
    attack_percent: 50.0,
    sustain_percent: 50.0,
    attack_ms: 20.0,
    sustain_ms: 300.0,
    range_db: 24.0,
    floor_dbfs: -100.0,
    gain_db: 0.0,
    link_percent: 100.0,
    mix_percent: 100.0,
};

#[test]
fn onsets_and_tails_move_the_gain_their_way() {
    for (attack_percent, sustain_percent) in [(50.0, 0.0), (-50.0, 0.0), (0.0, 50.0), (0.0, -50.0)]
    {
        let params = TransientShaperParams { attack_percent, sustain_percent, ..BOTH };
        let row = gains(&mut shaper(params, Layout::MONO), &drum(0.5));
        assert!(row[..24_000].iter().all(|x| x.abs() < 0.01), "silence is no onset");
        let of = |x: f32| f64::from(x) * (attack_percent + sustain_percent).signum();
        let (onset, tail) = (of(row[24_000 + 100]), of(row[24_000 + 9600]));
        if sustain_percent == 0.0 {
            assert!(onset > 6.0 && tail.abs() < 0.1, "{onset} {tail}");
        } else {
            assert!(tail > 1.5 && onset.abs() < 0.1, "{onset} {tail}");
        }
        assert!(row.iter().all(|x| f64::from(*x) * of(1.0) >= -1e-4));
    }
}

#[test]
fn the_level_does_not_matter() {
    /// f32 levels and gains.
    const SAME_DB: f32 = 1e-3;
    // Far above the floor, which is moved along; it is where everything begins.
    let loud = gains(&mut shaper(BOTH, Layout::MONO), &drum(1.0));
    let params = TransientShaperParams { floor_dbfs: BOTH.floor_dbfs - 20.0, ..BOTH };
    let soft = gains(&mut shaper(params, Layout::MONO), &drum(0.1));
    for (n, (a, b)) in loud.iter().zip(&soft).enumerate() {
        assert!((a - b).abs() < SAME_DB, "{n}: {a} {b}");
    }
}

#[test]
fn a_steady_tone_is_left_alone() {
    /// Crests are sampled up to half a frame beside their tops, and the tails of the followers.
    const STEADY_DB: f32 = 0.05;
    let params = TransientShaperParams { attack_percent: 100.0, sustain_percent: 100.0, ..BOTH };
    for hz in [50.0, 63.0, 110.0, 997.0, 5000.0] {
        let row = gains(&mut shaper(params, Layout::MONO), &sine(hz, RATE_HZ, 192_000, 0.3));
        let most = row[144_000..].iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        assert!(most < STEADY_DB, "{hz} Hz: {most}");
    }
}

/// What the module doc says of tones whose half periods are longer than a piece of the peak.
#[test]
fn a_steady_tone_below_50_hz_is_moved_by_half_a_decibel_at_the_most() {
    let mut most = (0.0_f32, 0.0);
    for sustain_percent in [100.0, -100.0] {
        let params = TransientShaperParams { attack_percent: 100.0, sustain_percent, ..BOTH };
        for step in 0..60 {
            let hz = 20.0 + 0.5 * f64::from(step);
            let row = gains(&mut shaper(params, Layout::MONO), &sine(hz, RATE_HZ, 96_000, 0.3));
            let moved = row[72_000..].iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            most = if moved > most.0 { (moved, hz) } else { most };
        }
    }
    println!("a tone of {} Hz is moved by {:.3} dB", most.1, most.0);
    assert!(most.0 < 0.5, "{most:?}");
}

#[test]
fn the_range_and_the_floor_hold() {
    let params = TransientShaperParams { attack_percent: 100.0, range_db: 5.0, ..BOTH };
    let mut unit = shaper(params, Layout::MONO);
    let row = gains(&mut unit, &drum(0.9));
    let most = row.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    assert_eq!(most, 5.0);
    assert_eq!(unit.movement_stats().unwrap().max_db, 5.0);
    // Noise below the floor makes no onsets.
    let params = TransientShaperParams { floor_dbfs: -50.0, ..params };
    let row = gains(&mut shaper(params, Layout::MONO), &drum(0.003));
    assert!(row.iter().all(|x| x.abs() < 1e-3));
}

#[test]
fn with_nothing_to_do_every_bit_passes() {
    let setup = TransientShaperSetup { lookahead_ms: 1.0, ..TransientShaperSetup::default() };
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let idle = TransientShaperParams::default();
    let dry = TransientShaperParams { mix_percent: 0.0, ..BOTH };
    let source = noise::<f64>(2, 4000, 0.5, 3);
    for params in [idle, dry] {
        let mut unit = TransientShaper::new(setup, params, stream).unwrap();
        assert_eq!(unit.latency_frames(), 48);
        let mut audio = source.clone();
        unit.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
        assert_eq!(audio[0][48..], source[0][..4000 - 48]);
        assert_eq!(audio[1][48..], source[1][..4000 - 48]);
    }
    let mut unit = TransientShaper::new(setup, BOTH, stream).unwrap();
    unit.set_bypass(true);
    assert!(unit.bypass());
    let mut audio = source.clone();
    unit.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
    assert_eq!(audio[0][960..], source[0][960 - 48..4000 - 48]);
    assert!(unit.gain_reduction_db() < 0.0);
}

#[test]
fn what_stands_comes_out_with_its_static_gain() {
    let params = TransientShaperParams { gain_db: -3.0, mix_percent: 50.0, ..BOTH };
    let mut unit = shaper(params, Layout::MONO);
    let mut audio = vec![vec![0.25; 192_000]];
    unit.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
    let got = 20.0 * (audio[0][191_999] / 0.25).log10();
    assert!((got - unit.static_curve_db(0.0)).abs() < 1e-3, "{got}");
    let expected = 20.0 * (0.5 * 10_f64.powf(-0.15) + 0.5).log10();
    assert!((unit.static_curve_db(-7.0) + 7.0 - expected).abs() < 1e-9);
}

#[test]
fn linked_channels_keep_their_image_and_the_lfe_its_own() {
    let mut unit = shaper(BOTH, Layout::SURROUND_5_1);
    let mut audio = vec![vec![0.0; 48_000]; 6];
    audio[0] = drum(0.5);
    audio[1] = drum(0.05);
    unit.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
    let of = |channel: usize| unit.channel_gain_db(channel).unwrap();
    assert!(of(0) == of(1) && of(0) == of(5) && of(0) > 0.5 && of(3).abs() < 1e-3);
    // The image of both drums stands still, bit for bit in the gains.
    for (left, right) in audio[0][24_000..30_000].iter().zip(&audio[1][24_000..30_000]) {
        assert!((left - 10.0 * right).abs() <= 1e-14 * left.abs(), "{left} {right}");
    }
    let apart = TransientShaperParams { link_percent: 0.0, ..BOTH };
    let mut unit = shaper(apart, Layout::STEREO);
    let mut audio = vec![drum(0.5), vec![0.0; 48_000]];
    unit.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
    assert!(unit.channel_gain_db(1).unwrap().abs() < 1e-3 && unit.channel_gain_db(2).is_none());
}

#[test]
fn keyed_filtered_and_moved_in_any_blocks() {
    let audio = noise::<f64>(6, 5000, 0.4, 11);
    let key: Vec<Vec<f64>> = vec![drum(0.8)[23_000..28_000].to_vec()];
    let filter =
        KeyFilter::of_bands(&[EqBand::new(Shape::HighPass, 150.0, 0.0, 0.7)], RATE_HZ).unwrap();
    let render = |sizes: &mut dyn FnMut() -> usize| {
        let setup = TransientShaperSetup { lookahead_ms: 1.3, groups: LinkGroups::Areas };
        let stream = Stream::new(RATE_HZ, Layout::SURROUND_5_1).unwrap();
        let mut unit = TransientShaper::new(setup, BOTH, stream).unwrap();
        unit.set_key_filter(filter);
        assert_eq!(unit.key_filter(), filter);
        let mut out = audio.clone();
        let mut at = 0;
        for (event, stop) in [501, 1111, 2000, 3333, 5000].into_iter().enumerate() {
            while at < stop {
                let end = (at + sizes()).min(stop);
                let mut main = BlockMut::new(&mut out).unwrap();
                let main = main.range(at, end);
                let key = Block::new(&key).unwrap().range(at, end);
                let io = if event == 2 { Io::new(main) } else { Io::with_key(main, key) };
                unit.process(io).unwrap();
                at = end;
            }
            match event {
                0 => unit.set_field("link_percent", 40.0).unwrap(),
                1 => unit.set_field("attack_percent", -80.0).unwrap(),
                2 => unit.set_key_listen(true),
                _ => unit.set_bypass(true),
            }
        }
        out
    };
    let expected = render(&mut || 5000);
    for size in [1, 37, 64, 480] {
        assert_eq!(render(&mut || size), expected, "{size}");
    }
    let mut pick = Noise::new(5);
    assert_eq!(render(&mut || pick.below(300)), expected);
}

#[test]
fn impossible_settings_are_refused_with_their_bounds() {
    let stream = Stream::new(RATE_HZ, Layout::MONO).unwrap();
    let setup = TransientShaperSetup { lookahead_ms: 25.0, ..TransientShaperSetup::default() };
    let error = TransientShaper::<f32>::new(setup, BOTH, stream).unwrap_err().to_string();
    assert!(error.contains("lookahead_ms is 25, allowed is 0 to 20"), "{error}");
    let wild = TransientShaperParams { attack_percent: 101.0, ..BOTH };
    let setup = TransientShaperSetup { lookahead_ms: 1.0, ..TransientShaperSetup::default() };
    let error = TransientShaper::<f32>::new(setup, wild, stream).unwrap_err().to_string();
    assert!(error.contains("attack_percent is 101"), "{error}");
    let need = TransientShaper::<f32>::required_len(setup, stream).unwrap();
    assert_eq!(need.samples, 48);
    assert!(TransientShaper::new_in(setup, BOTH, stream, &mut [0.0_f32; 47]).is_err());
    let mut memory = [1.0_f32; 48];
    let mut unit = TransientShaper::new_in(setup, BOTH, stream, &mut memory).unwrap();
    let mut audio = [0.5_f32; 48];
    unit.process(Io::new(BlockMut::mono(&mut audio))).unwrap();
    assert_eq!(audio, [0.0; 48]);
}
