//! Every kernel for f32 and for f64, as functions that are not generic: compiled here, once.
//!
//! A kernel's body is generic over the sample and the SIMD level, and a generic function is compiled
//! anew in every crate that calls it. Called through [`Kernels`] it is not: a program, a test or a
//! binding that uses a meter does not compile the meter's loops at every SIMD level again.

use super::band_pass::{BAND_LANES, BandPasses, BandProducts, BandState};
use super::cascade::{CASCADE_LANES, CASCADE_SECTIONS, CascadeState, Section};
use super::correlate::PairSums;
use super::fractional::FractionalPlace;
use super::intake::Intake;
use super::isa::{Isa, dispatch};
use super::k_weight::{KSegments, KState, KWork};
use super::polyphase::{PhasePlace, PhasePlan};
use super::ramps::RAMP_FRAMES;
use super::reduce::PeakEnergy;
use super::screen::LevelScreen;
use super::true_peak::{HALF_WAY_TAPS, MirroredTaps, PointPair};
use super::{
    around, band_pass, blend, cascade, correlate, direct, fft_real, fir, fractional, gain,
    gain_computer, intake, interp, k_weight, matrix, mix, pipe_io, polyphase, ramps, reduce,
    running, screen, spectrum_mac, true_peak, weigh, window,
};

macro_rules! for_both_samples {
    ($(
        $module:ident::$lanes:ident as
        fn $name:ident($($argument:ident: $type:ty),+) $(-> $output:ty)?;
    )+) => {
        /// Hidden supertrait of [`crate::audio::Sample`]: the kernels of a sample type, each
        /// documented at the function of its name in [`crate::kernels`].
        #[allow(missing_docs, reason = "documented at the functions of the same names")]
        pub trait Kernels: Sized {
            $(fn $name(isa: Isa, $($argument: $type),+) $(-> $output)?;)+
        }

        for_both_samples! { @impl f32: $($module::$lanes as fn $name($($argument: $type),+) $(-> $output)?;)+ }
        for_both_samples! { @impl f64: $($module::$lanes as fn $name($($argument: $type),+) $(-> $output)?;)+ }
    };
    (@impl $sample:ident: $(
        $module:ident::$lanes:ident as
        fn $name:ident($($argument:ident: $type:ty),+) $(-> $output:ty)?;
    )+) => {
        impl Kernels for $sample {
            $(
                fn $name(isa: Isa, $($argument: $type),+) $(-> $output)? {
                    dispatch!(isa, simd => $module::$lanes(simd, $($argument),+))
                }
            )+
        }
    };
}

for_both_samples! {
    around::around_peaks_lanes as fn around_peaks(samples: &[Self], mids: &[Self], taps: &[Self], out: &mut [Self]);
    around::half_points_lanes as fn half_points(input: &[Self], half: &[Self], out: &mut [Self]);
    around::group_peaks_lanes as fn group_peaks(values: &[Self], out: &mut [Self]);
    around::bend_lanes as fn bend(values: &[Self]) -> Self;
    around::steepest_lanes as fn steepest(values: &[Self]) -> Self;
    around::woven_bend_lanes as fn woven_bend(samples: &[Self], mids: &[Self]) -> Self;
    band_pass::band_energies_lanes as fn band_energies(
        filters: &BandPasses, samples: &[Self], state: &mut BandState, sums: &mut [f64; BAND_LANES]
    );
    band_pass::band_products_lanes as fn band_products(
        filters: &BandPasses, left: &[Self], right: &[Self], states: &mut [BandState; 2],
        sums: &mut BandProducts
    );
    blend::blend_lanes as fn blend(io: &mut [Self], dry: &[Self], shares: &[f32]);
    correlate::dot3_lanes as fn dot3(left: &[Self], right: &[Self]) -> PairSums;
    direct::direct_lanes as fn direct(input: &[Self], taps: &[Self], out: &mut [Self]);
    spectrum_mac::spectrum_mac_lanes as fn spectrum_mac(x: &[Self], h: &[Self], sum: &mut [Self]);
    screen::level_screen_lanes as fn level_screen(line: &[Self], threshold: f64) -> LevelScreen;
    cascade::cascade_energy_lanes as fn cascade_energy(
        sections: &[Section; CASCADE_SECTIONS], rows: &[&[Self]], state: &mut CascadeState
    ) -> [f64; CASCADE_LANES];
    fft_real::rfft_lanes as fn rfft(
        tables: &[Self], time: &[Self], work: &mut [Self], re: &mut [Self], im: &mut [Self]
    ) -> Option<()>;
    fft_real::irfft_lanes as fn irfft(
        tables: &[Self], re: &[Self], im: &[Self], work: &mut [Self], time: &mut [Self]
    ) -> Option<()>;
    fir::fir_lanes as fn fir(input: &[Self], taps: &[Self], out: &mut [Self]);
    fir::mirrored_fir_lanes as fn mirrored_fir(input: &[Self], half: &[Self], out: &mut [Self]);
    fir::unweave_lanes as fn unweave(input: &[Self], even: &mut [Self], odd: &mut [Self]);
    fir::weave_lanes as fn weave(even: &[Self], odd: &[Self], out: &mut [Self]);
    fractional::fractional_lanes as fn fractional(
        table: &[Self], line: &[Self], places: &[FractionalPlace], out: &mut [Self]
    );
    gain::gain_lanes as fn gain(io: &mut [Self], gain: Self);
    gain::gain_ramp_lanes as fn gain_ramp(io: &mut [Self], start: Self, step: Self, first: usize);
    gain::apply_gains_lanes as fn apply_gains(io: &mut [Self], gains: &[f32]);
    gain_computer::raise_to_magnitude_lanes as fn raise_to_magnitude(from: &[Self], to: &mut [f32]);
    gain::scale_into_lanes as fn scale_into(from: &[Self], gains: &[f32], to: &mut [Self]);
    interp::fir_peaks_lanes as fn fir_peaks(input: &[Self], phases: &[Self], taps: usize, out: &mut [Self]);
    intake::intake_lanes as fn intake(io: &mut [Self]) -> Intake;
    k_weight::k_carry_lanes as fn k_carry(
        k: &KSegments, table: &[f64], body: &[Self], work: &mut [f64]
    ) -> KState;
    k_weight::k_energy_lanes as fn k_energy(
        k: &KSegments, table: &[f64], body: &[Self], start: &KState, io: KWork<'_>
    );
    mix::add_scaled_lanes as fn add_scaled(sum: &mut [Self], source: &[Self], gain: Self);
    mix::accumulate_lanes as fn accumulate(sum: &mut [f64], source: &[Self], gain: f64);
    mix::accumulate_ramp_lanes as fn accumulate_ramp(
        sum: &mut [f64], source: &[Self], start: f64, step: f64, first: usize
    );
    mix::round_into_lanes as fn round_into(sum: &[f64], out: &mut [Self]);
    pipe_io::channel_in_lanes as fn channel_in(samples: &[Self], out: &mut [f64]) -> usize;
    pipe_io::channel_out_lanes as fn channel_out(frames: &[f64], samples: &mut [Self]);
    pipe_io::pair_in_lanes as fn pair_in(left: &[Self], right: &[Self], out: &mut [[f64; 2]]) -> usize;
    pipe_io::pair_out_lanes as fn pair_out(frames: &[[f64; 2]], left: &mut [Self], right: &mut [Self]);
    polyphase::phase_dots_lanes as fn phase_dots(
        plan: &PhasePlan, bank: &[Self], place: PhasePlace, line: &[Self], out: &mut [Self]
    ) -> PhasePlace;
    polyphase::phase_dots_two_lanes as fn phase_dots_two(
        plan: &PhasePlan, bank: &[Self], place: PhasePlace, lines: [&[Self]; 2], outs: [&mut [Self]; 2]
    ) -> PhasePlace;
    ramps::accumulate_ramps_lanes as fn accumulate_ramps(
        source: &[Self], lines: &[[f64; 2]], first: usize, sums: &mut [[f64; RAMP_FRAMES]]
    );
    ramps::pan_into_lanes as fn pan_into(
        source: &[Self], lines: &[[f64; 2]], first: usize, outs: &mut [&mut [Self]]
    );
    ramps::pan_onto_lanes as fn pan_onto(
        source: &[Self], lines: &[[f64; 2]], first: usize, outs: &mut [&mut [Self]]
    );
    ramps::ramps_into_lanes as fn ramps_into(
        source: &[Self], lines: &[[f64; 2]], first: usize, outs: &mut [&mut [Self]]
    );
    running::exceed_lanes as fn exceed(samples: &[Self], aims: &[f32], over: &mut [f32]);
    reduce::peak_lanes as fn peak(samples: &[Self]) -> Self;
    reduce::extent_lanes as fn extent(values: &[Self]) -> (Self, Self);
    reduce::peak_energy_lanes as fn peak_energy(samples: &[Self]) -> PeakEnergy;
    reduce::clean_lanes as fn clean(from: &[Self], to: &mut [Self]) -> usize;
    reduce::clean_in_place_lanes as fn clean_in_place(io: &mut [Self]) -> usize;
    true_peak::half_way_lanes as fn half_way(input: &[Self], half: &[Self; HALF_WAY_TAPS], out: &mut [Self]);
    true_peak::mirrored_peaks_lanes as fn mirrored_peaks(input: &[Self], taps: &MirroredTaps<Self>, out: &mut [Self]) -> Self;
    true_peak::pair_peaks_lanes as fn pair_peaks(samples: &[Self], mids: &[Self], pairs: &[PointPair<Self>], out: &mut [Self]) -> Self;
    true_peak::clean_peaks_lanes as fn clean_peaks(from: &[Self], to: &mut [Self], peaks: &mut [Self]) -> usize;
    weigh::weigh_lanes as fn weigh(io: &mut [Self], weights: &[Self]);
    window::window_max_lanes as fn window_max(io: &mut [Self], length: usize);
    window::box_sums_lanes as fn box_sums(work: &mut [Self], length: usize, out: &mut [Self]);
    matrix::matrix_row_lanes as fn matrix_row(terms: &[(&[Self], f64)], out: &mut [Self]);
}
