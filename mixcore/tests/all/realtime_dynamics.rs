//! The dynamics' part of `realtime.rs`: with keys, key filters and read-outs.

use mixcore::analysis::{DynamicsKept, DynamicsSetup};
use mixcore::audio::{Block, BlockMut, Sample};
use mixcore::dynamics::{
    Automixer, BandDuckerSetup, ClickTamer, Compressor, CompressorParams, CompressorSetup, Ducker,
    DuckerParams, DuckerSetup, DynamicEq, GainReduction, Gate, GateParams, GateSetup, KeyFilter,
    Leveller, Limiter, LowMidCut, LowMidCutParams, MaskingDucker, MaskingDuckerParams, Multiband,
    MultibandLimiter, PlosiveTamer, Suppressor, TransientShaper,
};
use mixcore::filters::design::{Pass, butterworth};
use mixcore::{Io, Layout, Process, Stream};

/// Keys, their filters and the read-outs; `never_allocates` sees the rest.
fn keyed_dynamics<S: Sample>() {
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let (setup, params) = (CompressorSetup::default(), CompressorParams::default());
    let mut compressor = Compressor::<S>::new(setup, params, stream).unwrap();
    let mut gate = Gate::<S>::new(GateSetup::default(), GateParams::default(), stream).unwrap();
    let mut limiter = Limiter::<S>::new(Default::default(), Default::default(), stream).unwrap();
    let audio = crate::signals::noise::<S>(2, 1000, 2.0, 3);
    let mut main = audio.clone();
    let mut row = vec![0.0; 1000];
    let calls = crate::allocations(|| {
        let steep = butterworth(Pass::High, 4, 120.0, 48_000.0).unwrap();
        let filter = KeyFilter::new(&steep).unwrap();
        for round in 0..3 {
            let key = Block::new(&audio).unwrap();
            let io = Io::with_key(BlockMut::new(&mut main).unwrap(), key);
            compressor.process_with_reduction(io, &mut row).unwrap();
            let io = Io::with_key(BlockMut::new(&mut main).unwrap(), Block::mono(&audio[0]));
            gate.process_with_reduction(io, &mut row).unwrap();
            compressor.set_key_filter(filter);
            gate.set_key_filter(filter);
            compressor.set_key_listen(round == 0);
            gate.set_key_listen(round == 0);
            compressor.set_bypass(round == 1);
            gate.set_bypass(round == 1);
            std::hint::black_box((compressor.reduction_stats(), gate.reduction_stats()));
            std::hint::black_box((compressor.static_curve_db(0.0), gate.static_curve_db(0.0)));
            let io = Io::new(BlockMut::new(&mut main).unwrap());
            limiter.process_with_reduction(io, &mut row).unwrap();
        }
        let short = Io::with_key(BlockMut::new(&mut main).unwrap(), Block::mono(&audio[0][..7]));
        assert!(compressor.process(short).is_err());
    });
    assert_eq!(calls, 0);
}

/// Curve and statistics of everything that has several rows or works in cells.
#[test]
fn curves_never_allocate() {
    const FRAMES: usize = 5000;
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let leveller = Leveller::new(Default::default(), Default::default(), stream).unwrap();
    let automixer = Automixer::new(Default::default(), Default::default(), stream).unwrap();
    let suppressor = Suppressor::new(Default::default(), Default::default(), stream).unwrap();
    let plosives = PlosiveTamer::new(Default::default(), Default::default(), stream).unwrap();
    let clicks = ClickTamer::new(Default::default(), Default::default(), stream).unwrap();
    let multiband = Multiband::new(Default::default(), Default::default(), stream).unwrap();
    let limiter = MultibandLimiter::new(Default::default(), Default::default(), stream).unwrap();
    let equaliser = DynamicEq::new(Default::default(), Default::default(), stream).unwrap();
    let shaper = TransientShaper::new(Default::default(), Default::default(), stream).unwrap();
    let mut units: [Box<dyn GainReduction<f32>>; 9] = [
        Box::new(leveller),
        Box::new(automixer),
        Box::new(suppressor),
        Box::new(plosives),
        Box::new(clicks),
        Box::new(multiband),
        Box::new(limiter),
        Box::new(equaliser),
        Box::new(shaper),
    ];
    let mut audio = crate::signals::noise::<f32>(2, FRAMES, 0.5, 3);
    let mut rows = vec![0.0; 8 * FRAMES];
    let calls = crate::allocations(|| {
        for unit in &mut units {
            let rows = &mut rows[..unit.reduction_rows() * FRAMES];
            let io = Io::new(BlockMut::new(&mut audio).unwrap());
            unit.process_with_reduction(io, rows).unwrap();
            std::hint::black_box((unit.gain_reduction_db(), unit.reduction_stats()));
        }
    });
    assert_eq!(calls, 0);
}

#[test]
fn keys_never_allocate() {
    keyed_dynamics::<f32>();
    keyed_dynamics::<f64>();
}

/// With a key, so that gains move and reports add up.
#[test]
fn duckers_with_a_key_never_allocate() {
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let key = crate::signals::noise::<f32>(1, 48_000, 0.2, 1).remove(0);
    let audio = crate::signals::noise::<f32>(2, 48_000, 0.2, 2);
    // The cut's main signal is the louder one.
    let louder = crate::signals::noise::<f32>(2, 48_000, 0.9, 3);
    let mut blocks = [audio.clone(), audio.clone(), louder];
    let setup = DuckerSetup { lookahead_ms: 250.0, ..DuckerSetup::default() };
    let bands = BandDuckerSetup { lookahead_ms: 250.0, ..BandDuckerSetup::default() };
    let mut ducker = Ducker::new(setup, DuckerParams::default(), stream).unwrap();
    let mut masking = MaskingDucker::new(bands, MaskingDuckerParams::default(), stream).unwrap();
    let mut cut = LowMidCut::new(bands, LowMidCutParams::default(), stream).unwrap();
    let mut units: [&mut dyn Process<f32>; 3] = [&mut ducker, &mut masking, &mut cut];
    let calls = crate::allocations(|| {
        for (unit, audio) in units.iter_mut().zip(&mut blocks) {
            for (start, end) in [(0, 1), (1, 1), (1, 700), (700, 48_000)] {
                let mut main = BlockMut::new(audio).unwrap();
                let key = Block::mono(&key[start..end]);
                unit.process(Io::with_key(main.range(start, end), key)).unwrap();
            }
        }
    });
    assert_eq!(calls, 0);
    assert!(
        ducker.reduction_stats().unwrap().max_db > 3.0
            && masking.reduction_stats().unwrap().max_db > 3.0
    );
    let mut kept = DynamicsKept::new(DynamicsSetup::default(), stream).unwrap();
    let block = Block::new(&audio).unwrap();
    let calls = crate::allocations(|| {
        std::hint::black_box((masking.report(), cut.report(), ducker.report()));
        std::hint::black_box((ducker.unmet().count(), ducker.current_phrase()));
        let filter = KeyFilter::NONE;
        ducker.set_key_filter(filter);
        ducker.set_key_listen(true);
        ducker.set_bypass(true);
        masking.set_key_filter(filter);
        cut.set_key_listen(true);
        cut.set_bypass(true);
        kept.push(block, block).unwrap();
        kept.reset();
    });
    assert_eq!(calls, 0);
}
