//! Arbitrary arguments for what works in lent memory, for matrices and for the kernels of one slice.

use mixcore::audio::{Block, BlockMut};
use mixcore::dynamics::{Limiter, LimiterParams, LimiterSetup};
use mixcore::filters::Delay;
use mixcore::kernels::{self, Isa, KSegments, KWeight, scalar};
use mixcore::level::{AlignSetup, Aligner, Recording};
use mixcore::loudness::{
    BinWidth, LiveMeter, LiveMeterSetup, LoudnessHistory, Meter, MeterSetup, StemActivity,
};
use mixcore::spatial::{DownmixMatrix, downmix_matrix};
use mixcore::{Io, Layout, Process, Processor, Stream};
use proptest::prelude::*;

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -200.0..200.0]
}

fn any_layout() -> impl Strategy<Value = Layout> {
    (0..Layout::all().count()).prop_map(|index| Layout::all().nth(index).unwrap())
}

proptest! {
    /// A matrix is finite and of its layouts' size, or an error.
    #[test]
    fn matrices_of_any_layouts_and_numbers(
        layouts in (any_layout(), any_layout(), any_layout()),
        numbers in prop::collection::vec(any_number(), 0..40),
    ) {
        let (a, b, c) = layouts;
        for made in [downmix_matrix(a, b), DownmixMatrix::new(a, b, &numbers, "a test")] {
            match made {
                Ok(matrix) => {
                    prop_assert_eq!(matrix.coefficients().len(), a.channel_count() * b.channel_count());
                    prop_assert!(matrix.coefficients().iter().all(|gain| gain.is_finite()));
                    prop_assert!(matrix.gain(b.channel_count(), 0).is_none());
                    if let Ok(next) = downmix_matrix(b, c) {
                        let both = matrix.then(&next, "a test").unwrap();
                        prop_assert_eq!((both.source(), both.target()), (a, c));
                    }
                    if a != b {
                        prop_assert!(matrix.then(&matrix, "a test").is_err());
                    }
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }

    /// Lent memory of any size: an object that works, or an error that says how much is needed.
    #[test]
    fn lent_memory_of_any_size(
        rate_hz in prop_oneof![any_number(), Just(8000.0), Just(48_000.0)],
        layout in any_layout(),
        lookahead_ms in prop_oneof![any_number(), 0.5..2.0],
        max_duration_s in prop_oneof![any_number(), 0.3..3.0],
        (samples, control) in prop_oneof![Just((0, 0)), Just((500_000, 500_000)), (0..20_000_usize, 0..20_000_usize)],
        frames in 0..200_usize,
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 0..200),
        bypass: bool,
    ) {
        let stream = Stream { rate_hz, layout, isa: Isa::detect() };
        let channels = vec![audio.clone(); layout.channel_count()];
        let block = Block::new(&channels).unwrap();
        let (mut memory, mut curves) = (vec![1.0_f32; samples], vec![1.0_f32; control]);
        let setup = LimiterSetup { lookahead_ms, ..LimiterSetup::default() };
        match Limiter::new_in(setup, LimiterParams::default(), stream, &mut memory, &mut curves) {
            Ok(mut limiter) => {
                limiter.set_bypass(bypass);
                let mut out = channels.clone();
                limiter.process(Io::new(BlockMut::new(&mut out).unwrap())).unwrap();
                limiter.set_bypass(!bypass);
                limiter.process(Io::new(BlockMut::new(&mut out).unwrap())).unwrap();
                prop_assert!(out.iter().flatten().all(|x| x.is_finite()));
                prop_assert!(limiter.latency_frames() <= limiter.tail_frames());
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        match Delay::new_in(frames, stream, &mut memory) {
            Ok(mut delay) => {
                let mut out = channels.clone();
                delay.process(Io::new(BlockMut::new(&mut out).unwrap())).unwrap();
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        let mut history = vec![1.0_f64; control];
        let setup = MeterSetup { max_duration_s, ..MeterSetup::default() };
        match Meter::new_in(setup, stream, &mut memory, &mut history) {
            Ok(mut meter) => {
                meter.push(block).unwrap();
                prop_assert!(meter.measurement().duration_s >= 0.0);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        let setup = LiveMeterSetup { bins: BinWidth::OneTenth, ..LiveMeterSetup::default() };
        match LiveMeter::new_in(setup, stream, &mut memory, &mut history) {
            Ok(mut meter) => {
                let mut rows = vec![1.0_f64; control];
                match LoudnessHistory::new_in(max_duration_s, stream, &mut rows) {
                    Ok(mut levels) => {
                        levels.push(block, &mut meter).unwrap();
                        levels.push(block, &mut meter).unwrap();
                        prop_assert!(levels.rows().count() == levels.len());
                    }
                    Err(error) => {
                        prop_assert!(!error.to_string().is_empty());
                        meter.push(block).unwrap();
                    }
                }
                prop_assert!(meter.measurement().duration_s >= 0.0);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        match StemActivity::new_in(max_duration_s, stream, &mut memory, &mut history) {
            Ok(mut stem) => {
                stem.push(block).unwrap();
                prop_assert_eq!(stem.frames(), audio.len() as u64);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    /// An aligner in lent memory: an error, or a reading of whatever it is given.
    #[test]
    fn alignments_in_any_memory(
        max_offset_ms in prop_oneof![any_number(), 1.0..50.0],
        missing in 0..2_usize,
        audio in prop::collection::vec(prop_oneof![4 => -2.0..2.0_f32, 1 => any::<f32>()], 1..200),
        frames in 3900..5000_usize,
    ) {
        let setup = AlignSetup { max_offset_ms, ..AlignSetup::default() };
        let Ok(need) = Aligner::required_len(&setup, 8e3) else { return Ok(()) };
        let mut memory = vec![1.0; need - missing];
        let made = Aligner::new_in(setup, 8e3, Isa::detect(), &mut memory);
        prop_assert_eq!(made.is_ok(), missing == 0);
        if let Ok(mut aligner) = made {
            let samples: Vec<f32> = audio.iter().cycle().take(frames).copied().collect();
            let recording = Recording { samples: &samples[..], rate_hz: 8e3 };
            let found = aligner.measure(recording, recording);
            prop_assert!(frames >= 4000 || found.is_err());
            if let Ok(found) = found {
                prop_assert!(found.delay_frames.value().is_none_or(|delay| delay.abs() < 1.0));
            }
        }
    }

    /// Kernels of one slice take any numbers, like their twins.
    #[test]
    fn kernels_of_one_slice_take_any_numbers(
        x in prop::collection::vec(any::<f32>(), 0..130),
        wide in prop::collection::vec(any_number(), 0..130),
        gain: f32,
        length in 0..1000_usize,
    ) {
        let filter = KWeight { shelf_b: [1.5, -2.7, 1.2], shelf_a: [-1.69, 0.73], high_pass_a: [-1.99, 0.9901] };
        let mut table = wide.clone();
        KSegments::new(filter, length).fill_table(&mut table);
        prop_assert!(filter.decay(length).iter().flatten().all(|a| a.is_finite()));
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        for isa in Isa::available() {
            let (mut io, mut twin) = (x.clone(), x.clone());
            kernels::gain(isa, &mut io, gain);
            scalar::gain(&mut twin, gain);
            prop_assert!(io.iter().zip(&twin).all(|(a, b)| same((*a).into(), (*b).into())));
            prop_assert!(same(kernels::sum(isa, &wide), scalar::sum(&wide)));
            prop_assert!(same(kernels::peak(isa, &x).into(), scalar::peak(&x).into()));
            let (a, b) = (kernels::peak_energy(isa, &x), scalar::peak_energy(&x));
            prop_assert!(same(a.peak, b.peak) && same(a.energy, b.energy));
            let (mut io, mut twin) = (x.clone(), x.clone());
            let found = kernels::intake(isa, &mut io);
            prop_assert_eq!(found, scalar::intake(&mut twin));
            prop_assert!(io == twin && io.iter().all(|x| x.is_finite()));
            let (mut io, mut twin) = (x.clone(), x.clone());
            let faults = kernels::clean_in_place(isa, &mut io);
            prop_assert_eq!(faults, scalar::clean_in_place(&mut twin));
            prop_assert_eq!(faults, found.faults);
            prop_assert!(io == twin && io.iter().all(|x| x.is_finite()));
        }
    }
}
